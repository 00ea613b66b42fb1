"""Makes ServiceCIDRs ready, and keeps one that is to be deleted while Services have addresses from it alone.

`default.py` keeps the one that stands for the ranges of the server itself.
"""
