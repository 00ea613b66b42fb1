"""What the API looks like, told to programs: OpenAPI v3, one document per group and version, and v2 for old clients.

- `OpenAPI` (`documents.py`): the documents of a list of resources as bytes, with their hashes; made when asked for
- `operations.py`: every path and verb of a resource as values
- `schemas.py`: a type's JSON schema, with descriptions and Kubernetes' extensions
- `custom.py`: the types of custom kinds, from the schemas of their definitions
- `rendering.py`: operations as JSON, in the form of either version
- `paths.py`: the paths, for the API server's settings; `serve.py` answers there, and is imported with the first request
- `gnostic.py`: the v2 document as protobuf, which kubectl up to 1.26 asks for

kubectl needs of it: which parameters a PATCH takes, which type a kind is, how its lists merge, and what to explain.
"""
