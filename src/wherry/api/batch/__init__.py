"""The group `batch`: work that ends."""
