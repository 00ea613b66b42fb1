"""Controllers of the autoscaling group."""
