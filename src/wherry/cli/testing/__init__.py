"""`wherry testing`."""
