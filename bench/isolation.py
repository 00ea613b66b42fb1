"""Runs a benchmark in a process of its own, so that none inherits the memory and garbage of the one before."""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
from multiprocessing.connection import Connection

import uvloop

from bench.measure import Measure


def run_isolated(name: str) -> list[Measure]:
    """The measures of the benchmark `name`; one that says so where it failed."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_child, args=(there, name))
    child.start()
    there.close()
    try:
        measures: list[Measure] = here.recv()
    except EOFError:
        measures = [Measure(f"{name}: failed, see above", float("nan"), "", 0)]
    child.join()
    return measures


def _child(pipe: Connection, name: str) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pipe.send(runner.run(importlib.import_module(f"bench.{name}").run()))
