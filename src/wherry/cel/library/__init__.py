"""Libraries: functions, macros and types that an environment can be given beyond the standard ones.

- `kubernetes.py`: `KUBERNETES`, everything that rules of custom resources and admission policies may use in 1.37
- cel-go's extensions: `strings.py` (with `formatting.py`), `lists.py`, `sets.py`
- Kubernetes' own: `kubelists.py`, `regexes.py`, `urls.py`, `ip.py`, `cidr.py`, `quantity.py`, `semver.py`, `formats.py`
- what several of them share: `ordering.py`, `quoting.py`, `addresses.py`, `urlvalues.py`, `names.py`

A library is one `Library` value at the end of its module; above it stand plain functions on plain values. What a call
costs does not stand here.
"""
