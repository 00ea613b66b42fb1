"""Controllers of dynamic resources: claims for devices, and what becomes of them."""
