"""The group `policy`: how much disruption pods put up with."""
