"""The command line: one small file per command, each with its options, help and examples.

- `main.py`: the visible list of commands; imports only the one that was asked for
- `output.py`: tables, JSON and YAML

Read `main.py` first. No logic: a command reads its options, makes one call into a part, and prints.
"""
