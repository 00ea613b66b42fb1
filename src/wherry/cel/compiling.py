"""From a text to a checked tree, or to all that is wrong with it.

Imported when the first text is compiled: a server that has no rules need not know how.
"""

from __future__ import annotations

from collections.abc import Iterable

from wherry.cel.checked import Checked, Declarations
from wherry.cel.checker import check
from wherry.cel.errors import CompileError
from wherry.cel.functions import Validator
from wherry.cel.parser import parse
from wherry.cel.primaries import MacroTable
from wherry.cel.tokenstream import SyntaxFault
from wherry.cel.validators import validate


def check_text(text: str, macros: MacroTable, declarations: Declarations, validators: Iterable[Validator]) -> Checked:
    """The tree of a text with all that is known of it. Raises CompileError."""
    try:
        expr = parse(text, macros)
    except SyntaxFault as fault:
        raise CompileError(fault.issues, text) from None
    checked = check(expr, text, declarations)
    issues = validate(checked, text, validators)
    if issues:
        raise CompileError(issues, text)
    return checked
