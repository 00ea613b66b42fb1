"""What is to be done: about a claim (`claim.py`), about a volume (`volume.py`). Pure."""
