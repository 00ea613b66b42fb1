"""Which Pods stand behind a Service. `backends.py` tells; EndpointSlices and the older Endpoints are made from it."""
