"""`wherry images`."""
