"""Makes ServiceCIDRs ready, and keeps one that is to be deleted while Services have addresses from it alone."""
