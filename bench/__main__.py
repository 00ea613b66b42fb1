"""Runs the benchmarks, each in a process of its own, and prints them against their targets.

python -m bench              all of them
python -m bench api store    some

The exit code is 1 when a target is missed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.isolation import run_isolated
from bench.measure import Measure, format_missed, format_table, to_json

BENCHES = (
    "startup",
    "api",
    "apply",
    "watch",
    "memory",
    "controllers",
    "scheduler",
    "simulated",
    "store",
    "watchcache",
    "transport",
    "node",
    "openapi",
    "protobuf",
    "forms",
    "customresources",
    "cel",
    "testing",
)
RESULTS = Path("bench-results.json")


def main(names: Sequence[str]) -> int:
    if unknown := [name for name in names if name not in BENCHES]:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    measures: list[Measure] = []
    for name in names or BENCHES:
        print(f"… {name}", file=sys.stderr, flush=True)
        measures += run_isolated(name)
    print(format_table(measures))
    print(format_missed(measures))
    RESULTS.write_text(json.dumps(to_json(measures), indent=1) + "\n")
    return int(any(measure.is_met is False for measure in measures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
