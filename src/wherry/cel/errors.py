"""What can be wrong with an expression: found when it is compiled, or when it meets a value.

Messages are those of cel-go, the implementation that Kubernetes uses, since tools and people know them.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

MAX_ISSUES = 100
"""So many are told of one text."""


class Issue(Struct, frozen=True):
    """One fault of an expression's text."""

    message: str
    line: int
    """From 1; 0 where the place is not known."""
    column: int
    """From 0, in characters; messages print it from 1."""


class CompileError(Exception):
    """An expression that cannot be compiled: its issues, and all of them as one text with the faulty lines."""

    def __init__(self, issues: Sequence[Issue], text: str, omitted: int = 0) -> None:
        """`omitted`: how many issues there are beside these."""
        self.issues = tuple(issues)
        lines = text.split("\n")
        told = [_format(issue, lines) for issue in self.issues]
        super().__init__("\n".join([*told, f"{omitted} more errors were truncated"] if omitted else told))


class EvaluationError(Exception):
    """An expression has no value for these variables. A function raises it with the message that users see."""

    cost = 0
    """What had been spent by then, where that is counted."""


class CostExceededError(EvaluationError):
    """An evaluation was stopped since it took more than it was allowed."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


NO_OVERLOAD = "no such overload"


def evaluation_error(error: Exception) -> EvaluationError:
    """What an exception of Python, raised by a rule, means to its author."""
    if isinstance(error, EvaluationError):
        return error
    if isinstance(error, MemoryError):
        raise error
    return EvaluationError("division by zero" if isinstance(error, ZeroDivisionError) else NO_OVERLOAD)


_DOT, _CARET = ".", "^"
_WIDE_DOT, _WIDE_CARET = "\uff0e", "\uff3e"
_LONGEST_SNIPPET = 16384


def _format(issue: Issue, lines: list[str]) -> str:
    """The message, the line it is about, and a mark under the place. Marks are as wide as the characters above."""
    header = f"ERROR: <input>:{issue.line}:{issue.column + 1}: {issue.message}"
    if not 1 <= issue.line <= len(lines):
        return header
    snippet = lines[issue.line - 1].replace("\t", " ")
    if len(snippet.encode(errors="surrogatepass")) > _LONGEST_SNIPPET:
        return header
    before = "".join(_DOT if ord(char) < 0x80 else _WIDE_DOT for char in snippet[: issue.column])
    at = snippet[issue.column : issue.column + 1]
    return f"{header}\n | {snippet}\n | {before}{_WIDE_CARET if at and ord(at) >= 0x80 else _CARET}"
