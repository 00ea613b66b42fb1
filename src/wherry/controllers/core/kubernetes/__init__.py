"""Publishes the API server in the cluster: the Service `kubernetes` in `default`, its Endpoints and EndpointSlice."""
