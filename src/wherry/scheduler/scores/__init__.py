"""Preferences among nodes that fit, one rule per file; `scheduler/catalog.py` lists them with their weights."""
