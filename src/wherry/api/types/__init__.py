"""Typed, frozen, read-only views of objects, for code that decides.

- one module per group and version (`core_v1`, `apps_v1`, `meta_v1` ...) with a msgspec Struct for each type
- `Metadata` (`metadata.py`): any object, of which only the metadata is looked at
- `decode`, `convert`, `to_obj` (`decoding.py`): from bytes, from a plain object, and back to a plain object

The stubs (`*.pyi`, written by `tools/gen_views.py`) say what there is; the classes are made from the schema data when
they are first asked for (`building.py`), so importing a module costs nothing and memory goes only to types in use.

How JSON reads in Python (`fields.py` decides it): `podIPs` is `pod_ips`; a list is a tuple and a missing one is empty;
a map is a Mapping and a missing one is empty; times are aware datetimes; base64 is bytes; a quantity is its text. A
missing scalar or struct is None, except that `metadata`, `spec`, `status`, `template` and what the schema requires are
always there. Views leave out `managedFields` and ignore unknown fields: never write an object back from its view.
"""
