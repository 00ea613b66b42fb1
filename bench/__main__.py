"""Runs the benchmarks, each in a process of its own, and prints them against their targets.

    python -m bench              all of them
    python -m bench api store    some
"""

from __future__ import annotations

import asyncio
import importlib
import json
import multiprocessing
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from bench.measure import Measure, format_table, to_json

BENCHES = ("startup", "api", "watch", "memory", "controllers", "store", "watchcache", "transport", "node")
RESULTS = Path("bench-results.json")


def main(names: Sequence[str]) -> int:
    if unknown := [name for name in names if name not in BENCHES]:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    measures: list[Measure] = []
    for name in names or BENCHES:
        print(f"… {name}", file=sys.stderr, flush=True)
        measures += _in_process_of_its_own(name)
    print(format_table(measures))
    RESULTS.write_text(json.dumps(to_json(measures), indent=1) + "\n")
    return 0


def _in_process_of_its_own(name: str) -> list[Measure]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_child, args=(there, name))
    child.start()
    there.close()
    try:
        measures: list[Measure] = here.recv()
    except EOFError:
        measures = [Measure(f"{name}: failed, see above", float("nan"), "", None)]
    child.join()
    return measures


def _child(pipe: Connection, name: str) -> None:
    pipe.send(asyncio.run(importlib.import_module(f"bench.{name}").run()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
