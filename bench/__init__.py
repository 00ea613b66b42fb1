"""What the project exists for, measured: `python -m bench [NAME …]` prints a table and writes bench-results.json."""
