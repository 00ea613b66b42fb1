"""The Common Expression Language by itself: compiling rules, evaluating them, memory, import."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

from bench.measure import Measure, measured
from wherry.cel.cost import CHARGES
from wherry.cel.environment import Environment
from wherry.cel.library.kubernetes import KUBERNETES
from wherry.cel.program import Program
from wherry.cel.types import INT, STRING, ListType, MapType, ObjectType

RULES = (
    "self.replicas <= self.maxReplicas && self.name.startsWith('a')",
    "self.ports.all(p, p.port > 0 && p.port < 65536)",
    "!has(oldSelf.phase) || self.phase in ['Pending', 'Running', 'Failed']",
)
COMPILATIONS, EVALUATIONS, KEPT = 300, 100_000, 3_000
_PORTS = [{"name": f"port-{number}", "port": 8000 + number} for number in range(4)]
_SELF = {
    "replicas": 1,
    "maxReplicas": 3,
    "name": "abc",
    "phase": "Running",
    "labels": {"app": "web"},
    "ports": _PORTS,
}
VARIABLES = {"self": _SELF, "oldSelf": _SELF}


async def run() -> list[Measure]:
    return [_import(), *_compile(), *_evaluate(), _memory()]


def _environment(number: int = 0) -> Environment:
    port = ObjectType(f"self{number}.ports", {"name": STRING, "port": INT})
    fields = {
        "replicas": INT,
        "maxReplicas": INT,
        "name": STRING,
        "phase": STRING,
        "labels": MapType(STRING, STRING),
        "ports": ListType(port),
    }
    type_ = ObjectType(f"self{number}", fields)
    return Environment({"self": type_, "oldSelf": type_}, libraries=KUBERNETES, charges=CHARGES)


def _import() -> Measure:
    code = "import time; t = time.process_time(); import wherry.cel.environment, wherry.cel.library.kubernetes"
    code += "; print(time.process_time() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return Measure("CPU of importing the language and all libraries", float(done.stdout) * 1000, "ms", 150)


def _compile() -> list[Measure]:
    environment = _environment()
    measures = []
    for rule, target in zip(RULES, (1000, 1000, 1000), strict=True):
        with measured() as cost:
            for _ in range(COMPILATIONS):
                environment.compile(rule)(VARIABLES)
        measures.append(Measure(f"CPU to compile `{rule}` and ask once", cost.micros(COMPILATIONS), "µs", target))
    return measures


def _evaluate() -> list[Measure]:
    environment = _environment()
    measures = []
    for rule, target in zip(RULES, (0.5, 1.0, 0.5), strict=True):
        program = environment.compile(rule)
        assert program(VARIABLES) is program.run(VARIABLES)[0] is True
        with measured() as cost:
            for _ in range(EVALUATIONS):
                program(VARIABLES)
        measures.append(Measure(f"CPU of `{rule}`", cost.micros(EVALUATIONS), "µs", target))
        with measured() as cost:
            for _ in range(EVALUATIONS):
                program.run(VARIABLES, 1_000_000)
        measures.append(Measure(f"CPU of `{rule}`, metered", cost.micros(EVALUATIONS), "µs"))
    return measures


def _memory() -> Measure:
    """Of rules that have been asked, each three in an environment of their own."""
    _environment().compile(RULES[0])(VARIABLES)
    kept: list[tuple[Environment, Program]] = []
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(KEPT // len(RULES)):
        environment = _environment(number)
        for rule in RULES:
            program = environment.compile(rule)
            program(VARIABLES)
            kept.append((environment, program))
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Measure(f"memory of {len(kept):,} rules", (after - before) / 1e6, "MB", 15)
