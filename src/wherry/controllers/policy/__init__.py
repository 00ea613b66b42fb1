"""Controllers of the policy group."""
