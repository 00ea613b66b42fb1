"""Mirrors the Endpoints that people keep for Services without a selector into EndpointSlices, which proxies read."""
