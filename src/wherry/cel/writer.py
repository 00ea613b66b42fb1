"""Writing Python source: blocks, temporaries, constants, functions.

Python allows 20 blocks within each other, 100 levels of indentation and 200 parentheses. So what would be nested too
deeply is written as a function of its own, and an expression that has grown long is put into a temporary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_DEEPEST = 10
_LONGEST = 300


class Writer:
    """The source of one rule: a main function `rule` and, for deep rules, more of them."""

    def __init__(self, parameters: tuple[str, ...], *, is_metered: bool) -> None:
        self.is_metered = is_metered
        self.namespace: dict[str, Any] = {}
        """What the source uses beside its own names."""
        self._names: dict[int, str] = {}
        self._functions: list[str] = []
        self._parameters = parameters
        self._lines: list[str] = []
        self._cost = 0
        self._depth = 0
        self._count = 0

    def emit(self, line: str) -> None:
        """Write a statement into the current block."""
        self._lines.append(line)

    @property
    def mark(self) -> int:
        """A place in the current block, for `insert`; it moves whenever something was emitted."""
        return len(self._lines)

    def insert(self, mark: int, line: str) -> None:
        self._lines.insert(mark, line)

    def fresh(self, prefix: str = "t") -> str:
        """A name not used yet."""
        self._count += 1
        return f"{prefix}{self._count}"

    def temporary(self, code: str) -> str:
        """A name for the value of an expression; itself, if it is a name."""
        if code.isidentifier() and code not in ("None", "True", "False"):
            return code
        name = self.fresh()
        self.emit(f"{name} = {code}")
        return name

    def shortened(self, code: str) -> str:
        """An expression or, where it has grown long, a temporary that holds its value."""
        return self.temporary(code) if len(code) > _LONGEST else code

    def constant(self, value: Any, prefix: str = "k") -> str:
        """A name for a value; the same one for the same object."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self.fresh(prefix)
            self.namespace[name] = value
        return name

    def helper(self, function: Callable[..., Any]) -> str:
        """A name for a function of ours: its own."""
        self.namespace[function.__name__] = function
        return function.__name__

    # Cost

    def charge(self, cost: int) -> None:
        """Count what the current block costs each time it runs."""
        self._cost += cost

    def charge_value(self, code: str) -> None:
        """Count what only values tell, and stop if it is too much."""
        self.emit(f"c[0] -= {code}")
        self.check_budget()

    def check_budget(self) -> None:
        self.emit("if c[0] < 0: exceed()")

    # Blocks

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Write what follows as the body of a compound statement."""
        outer, cost = self._lines, self._cost
        self._lines, self._cost = [], 0
        self._depth += 1
        yield
        self._depth -= 1
        body = self._finished()
        self._lines, self._cost = outer, cost
        self._lines.append(header)
        self._lines += [f" {line}" for line in body] or [" pass"]

    def apart(self, write: Callable[[], str]) -> tuple[list[str], str]:
        """The statements and the expression that something needs, for a block that may be written later."""
        outer, cost = self._lines, self._cost
        self._lines, self._cost = [], 0
        self._depth += 1
        code = write()
        self._depth -= 1
        lines = self._finished()
        self._lines, self._cost = outer, cost
        return lines, code

    def _finished(self) -> list[str]:
        """The lines of the current block, with its cost paid at the start."""
        return [f"c[0] -= {self._cost}", *self._lines] if self.is_metered and self._cost else self._lines

    @property
    def is_deep(self) -> bool:
        """One should go on in another function."""
        return self._depth >= _DEEPEST

    def function(self, name: str, variables: tuple[str, ...], write: Callable[[], str]) -> None:
        """Write a function that takes some variables and returns the value of an expression."""
        outer = self._lines, self._cost, self._depth
        self._lines, self._cost, self._depth = [], 0, 0
        result = write()
        self.emit(f"return {result}")
        body = self._finished()
        self._lines, self._cost, self._depth = outer
        parameters = ", ".join((*self._parameters, *variables))
        self._functions.append("\n".join((f"def {name}({parameters}):", *(f" {line}" for line in body))))

    def outlined(self, variables: tuple[str, ...], write: Callable[[], str]) -> str:
        """The call of a function of its own for the value of an expression."""
        name = self.fresh("f")
        self.function(name, variables, write)
        return f"{name}({', '.join((*self._parameters, *variables))})"

    @property
    def source(self) -> str:
        return "\n".join(self._functions)
