"""A checked tree as Python source, which becomes a function.

The function exists in two flavours. The *plain* one trusts the types: a field is `d["name"]`, `&&` is `and`, a loop is
a `for`. Its values are right whenever it raises nothing. If it raises anything at all, the *exact* one is asked, which
goes through `operations.py` and `dispatch.py`, knows every message, and lets `&&`, `||`, `all` and `exists` absorb
errors as CEL wants it: `error || true` is true. Expressions have no effects, so evaluating twice changes nothing.

Either can be *metered*: it counts down what its operations cost and stops below zero. Functions take the variables
(`v`) and the rest of the budget (`c`, a list of one number).

Operands are expressions as long as they can be; what needs statements (loops, and whatever has them within) goes into
the current block before, and its value into a temporary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wherry.cel.calls import CallWriter
from wherry.cel.checked import Checked
from wherry.cel.errors import CostExceededError, EvaluationError, evaluation_error
from wherry.cel.functions import Charge
from wherry.cel.values import fail

Function = Callable[[Mapping[str, Any], list[int]], Any]


def generate(
    checked: Checked, *, is_exact: bool, is_metered: bool, charges: Mapping[str, Charge], is_folding: bool = True
) -> Function:
    """The function of a tree."""
    generator = CallWriter(checked, is_exact=is_exact, is_metered=is_metered, charges=charges, is_folding=is_folding)
    writer = generator.writer
    writer.function("rule", (), lambda: generator.main(checked.expr))
    namespace = writer.namespace
    namespace.update(fail=fail, absorb=absorb, exceed=exceed)
    exec(compile(writer.source, "<rule>", "exec"), namespace)  # noqa: S102 - the source is ours, and names are numbered
    function: Function = namespace.pop("rule")
    return function


def absorb(error: Exception, before: EvaluationError | None) -> EvaluationError:
    """The error to remember: the first one. A budget that is used up is not forgotten."""
    if isinstance(error, CostExceededError):
        raise error
    return before or evaluation_error(error)


def exceed() -> None:
    raise CostExceededError
