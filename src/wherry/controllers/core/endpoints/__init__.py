"""Keeps the Endpoints object of each Service with a selector, for the clients that do not read EndpointSlices yet."""
