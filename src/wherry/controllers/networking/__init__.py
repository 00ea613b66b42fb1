"""Controllers for the addresses of Services: what shows them, and what guards their ranges."""
