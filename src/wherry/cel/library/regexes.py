"""What matches a pattern (Kubernetes' `regex` library); the dialect is RE2's.

"abc 123".find('[0-9]+') == '123'     "123 abc 456".findAll('[0-9]+') == ['123', '456']
"""

from __future__ import annotations

from wherry.cel.ast import Call, Literal, walk
from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload, Tree
from wherry.cel.types import INT, STRING, ListType
from wherry.lib.regex import Pattern, PatternError, compile_pattern


def find(text: str, pattern: str) -> str:
    """The first match, the empty string if there is none."""
    return _compile(pattern).find(text) or ""


def find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    """All matches, or the first `limit` of them unless it is negative."""
    return _compile(pattern).find_all(text, limit)


def _compile(pattern: str) -> Pattern:
    try:
        return compile_pattern(pattern)
    except PatternError as error:
        raise EvaluationError(f"Illegal regex: {error}") from None


def faulty_pattern(tree: Tree) -> str | None:
    """What is wrong with a literal pattern: upstream makes no program of such an expression."""
    for expr in walk(tree.expr):
        if isinstance(expr, Call) and expr.function in ("find", "findAll") and expr.args:
            pattern = expr.args[0]
            if isinstance(pattern, Literal) and isinstance(pattern.value, str):
                try:
                    compile_pattern(pattern.value)
                except PatternError as error:
                    return str(error)
    return None


REGEX = Library(
    "kubernetes.regex",
    functions=(
        Function("find", Overload("string_find_string", (STRING, STRING), STRING, find, is_member=True)),
        Function(
            "findAll",
            Overload("string_find_all_string", (STRING, STRING), ListType(STRING), find_all, is_member=True),
            Overload("string_find_all_string_int", (STRING, STRING, INT), ListType(STRING), find_all, is_member=True),
        ),
    ),
)
