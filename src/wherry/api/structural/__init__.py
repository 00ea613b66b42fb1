"""Structural schemas: what a custom kind's objects may look like, compiled from the OpenAPI of its definition.

- `Shape` (`shape.py`): one place of a schema, parsed: structure, value checks, Kubernetes' extensions
- `StructuralSchema` (`schema.py`): a whole schema; prunes, defaults and validates, and shows how values merge
- `pruning.py`, `defaulting.py`: what becomes of an object when it is taken in
- `verdict.py`: whether an object is valid, as compiled functions; `report.py`: what is wrong with one that is not
- `correlation.py`: which old value a new one stands for; unchanged values are not judged again (KEP-4008)
- `declared.py`: places as types of the language of rules; `rules.py` compiles rules, `ruling.py` asks them;
  `judging.py` is the way there, and imports them with the first schema that has rules
- `effort.py`: how much work an object is, and what is too much
- `jsonpath.py`: the paths of printer columns and selectable fields

Read `schema.py` first. Whether a schema itself is acceptable is judged in `api/apiextensions/`. Conversion between
versions is not done here.
"""
