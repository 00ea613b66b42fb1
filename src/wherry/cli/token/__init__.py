"""`wherry token`."""
