"""Who owns which field of an object: server-side apply, and the book-keeping of every other writer.

- `Fields` (`sets.py`): a set of places in an object, in the very form that `fieldsV1` has as JSON
- `Entry` (`entries.py`): what one manager owns, since when and by which operation; `managedFields` is a list of them
- `FieldConflict` (`conflicts.py`): an applied field that another manager owns with another value

`sets.py` is the algebra of `Fields` and `elements.py` the steps they are made of. `comparing.py`, `covering.py`,
`merging.py`, `removing.py` and `checking.py` walk objects by their merge nodes (`api/schema/nodes.py`). On these stand
`updating.py`, what an ordinary write does to the entries, and `applying.py`, what an apply does to entries and object.
Read `updating.py` first. The API server calls these two by way of `apiserver/ownership.py`.

The rules are those of KEP-555 as `structured-merge-diff` and apimachinery's `managedfields` have them, to the byte:
entries written by one server are read by another, and tools print the messages.
"""
