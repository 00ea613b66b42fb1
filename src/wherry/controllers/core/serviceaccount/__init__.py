"""Sees to it that every namespace has the ServiceAccount `default`."""
