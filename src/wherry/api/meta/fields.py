"""Field selectors (`status.phase=Running,spec.nodeName!=n1`). Which fields a kind has is its `Resource.fields`."""

from __future__ import annotations

from msgspec import Struct

from wherry.api.meta.requirement import SelectorError

__all__ = ["FieldRequirement", "SelectorError", "format_field_selector", "parse_field_selector"]


class FieldRequirement(Struct, frozen=True):
    """One field must have (or, negated, must not have) this value."""

    field: str
    value: str
    negated: bool = False


def parse_field_selector(text: str) -> list[FieldRequirement]:
    r"""Read the terms between commas; `\\`, `\,` and `\=` stand for the bare signs. Raises SelectorError."""
    return [_parse_term(term, text) for term in _split(text) if term]


def format_field_selector(requirements: list[FieldRequirement]) -> str:
    """The inverse of `parse_field_selector`."""
    return ",".join(f"{r.field}{'!=' if r.negated else '='}{_escape(r.value)}" for r in requirements)


def _split(text: str) -> list[str]:
    terms, term, escaped = [], "", False
    for sign in text:
        if sign == "," and not escaped:
            terms.append(term)
            term = ""
        else:
            term += sign
        escaped = sign == "\\" and not escaped
    return [*terms, term]


def _parse_term(term: str, text: str) -> FieldRequirement:
    for index in range(len(term)):
        for sign in ("!=", "==", "="):
            if term.startswith(sign, index):
                return FieldRequirement(term[:index], _unescape(term[index + len(sign) :]), sign == "!=")
    raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _unescape(value: str) -> str:
    if "\\" not in value and "=" not in value:
        return value
    plain, signs = "", iter(value)
    for sign in signs:
        if sign == "\\":
            following = next(signs, "")
            if following not in ("\\", ",", "=") or not following:
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{following}")
            plain += following
        elif sign in ",=":
            raise SelectorError(f"invalid field selector: unescaped character in value: {sign}")
        else:
            plain += sign
    return plain
