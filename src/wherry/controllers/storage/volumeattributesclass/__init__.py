"""Keeps a class of volume attributes while a claim or a volume uses it: the finalizer `vac-protection`."""
