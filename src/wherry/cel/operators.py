"""cel-go's names of the operators: they are functions like any other."""

from __future__ import annotations

AND, OR, NOT, CONDITIONAL = "_&&_", "_||_", "!_", "_?_:_"
EQUALS, NOT_EQUALS = "_==_", "_!=_"
LESS, LESS_EQUALS, GREATER, GREATER_EQUALS = "_<_", "_<=_", "_>_", "_>=_"
ADD, SUBTRACT, MULTIPLY, DIVIDE, MODULO, NEGATE = "_+_", "_-_", "_*_", "_/_", "_%_", "-_"
INDEX, IN = "_[_]", "@in"
OPT_SELECT, OPT_INDEX = "_?._", "_[?_]"
NOT_STRICTLY_FALSE = "@not_strictly_false"
"""Of a loop's condition: true too where the value is an error, which a later item may still outweigh."""

RELATIONS = frozenset(("<", "<=", ">=", ">", "==", "!=", "in"))
UNARY = {"!": NOT, "-": NEGATE}
BINARY = {
    "<": LESS,
    "<=": LESS_EQUALS,
    ">=": GREATER_EQUALS,
    ">": GREATER,
    "==": EQUALS,
    "!=": NOT_EQUALS,
    "in": IN,
    "+": ADD,
    "-": SUBTRACT,
    "*": MULTIPLY,
    "/": DIVIDE,
    "%": MODULO,
}
ALL = frozenset((*BINARY.values(), *UNARY.values(), AND, OR, CONDITIONAL, INDEX, OPT_SELECT, OPT_INDEX))
