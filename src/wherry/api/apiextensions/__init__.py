"""The group `apiextensions.k8s.io`: kinds added at run time.

- `customresourcedefinition.py`: the kind of definitions, as data
- `definition.py`: whether a definition is one, in upstream's words; `parts.py`, `conversion.py` and `versions.py` help
- `structurality.py`, `openapi.py`, `listchecks.py`, `defaultchecks.py`, `rulechecks.py`: the same of its schemas;
  `rulecosts.py`: what their rules may cost
- `options.py`: what a definition may keep that is wrong by rules that came later
- `customresource.py`: the resources that a definition makes; `columns.py` and `scaling.py` are what they show

What schemas do to objects stands in `wherry.api.structural`.
"""
