"""Keeps the EndpointSlices of each Service with a selector: at most 100 endpoints each, changed as little as can be."""
