"""Kubernetes' protobuf form, read only: how kubectl and client-go send built-in kinds.

- `reading.py`: bytes to a plain object, by the numbers of the fields and the JSON types of `wherry.api.schema.shapes`
- `wire.py`: the four shapes that protobuf has on the wire
- `numbers.z`: which number is which field, made by `tools/gen_protobuf.py`

Answers are JSON: every client that sends protobuf accepts it. Go sends zeros and empty strings of all fields that are
not pointers, so absence and zero can only be told apart by knowing the field; `reading.py` lists where it matters.
"""
