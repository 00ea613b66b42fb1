"""Gives definitions of custom kinds their names, and clears away the objects of those that are deleted.

1. `plan.plan`: which names a definition gets, when others of its group ask for the same, and whether it is established
2. `controller.py`: writes that, one definition at a time, since names are given to whoever comes first
3. `cleanup.py`: deletes what a definition on its way out leaves behind, and then lets it go

What is established is served by the API server itself (`apiserver/extensions`), which reads nothing but this status.
Read `plan.py` first.
"""
