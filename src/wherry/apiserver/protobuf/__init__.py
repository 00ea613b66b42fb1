"""Kubernetes' protobuf form: how kubectl and typed Go clients send built-in kinds, and like to be answered.

- `reading.py`: bytes to a plain object
- `writing.py`: a plain object to bytes; the envelope; the frames of a watch
- `numbers.py`: the layout of each type, from `numbers.z` (made by `tools/gen_protobuf.py`) and the shapes of types
- `wire.py`: the four shapes that protobuf has on the wire

Go sends zeros and empty strings of all fields that are not pointers, so absence and zero can only be told apart by
knowing the field; the layouts know. Custom resources have no protobuf form.
"""
