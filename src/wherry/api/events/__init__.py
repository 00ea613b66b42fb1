"""The group `events.k8s.io`: a newer spelling of core events."""
