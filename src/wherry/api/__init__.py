"""What Kubernetes objects are, as data and pure functions: no I/O, no clock, no event loop.

- `Obj`: a plain JSON object, the form in which objects flow through the API server
- `Resource` (`resource.py`): everything that is true of a kind as data, in one value
- `FieldError` (`field.py`): one thing wrong with an object, with its path; validation returns a list of them
- `ApiError` (`errors.py`): a Kubernetes `Status`, one class per reason
- `registry.py`: the one visible list of built-in kinds
- `types/`: generated, frozen, typed views for code that decides

Read `resource.py` first. Defaults, validation and columns of a kind stand in `<group>/<kind>.py`; storing, serving and
watching are the business of the layers above.
"""

from typing import Any, TypeAlias

Obj: TypeAlias = dict[str, Any]
"""A JSON object as decoded: lossless, mutable, of any kind."""
