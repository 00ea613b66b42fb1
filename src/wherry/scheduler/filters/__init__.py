"""Reasons to refuse a node, one rule per file; `scheduler/catalog.py` lists them in the order they are asked."""
