"""What Kubernetes demands of names, in the words that its validations return: the rules behind `formats.py`."""

from __future__ import annotations

import re
from collections.abc import Callable

Check = Callable[[str], list[str]]
"""What is wrong with a text; nothing, if it is right."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_KEY})?"

_LONGEST_LABEL, _LONGEST_SUBDOMAIN = 63, 253


def _explain(rule: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{pattern}')"


_WORDS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_LOWER = "must consist of lower case alphanumeric characters"
_ENDS = "and must start and end with an alphanumeric character"
_LABEL_TEXT = _explain(f"a lowercase RFC 1123 label {_LOWER} or '-', {_ENDS}", _LABEL, "my-name", "123-abc")
_SUBDOMAIN_TEXT = _explain(f"a lowercase RFC 1123 subdomain {_LOWER}, '-' or '.', {_ENDS}", _SUBDOMAIN, "example.com")
_LABEL_1035_TEXT = _explain(
    f"a DNS-1035 label {_LOWER} or '-', start with an alphabetic character, and end with an alphanumeric character",
    _LABEL_1035,
    "my-name",
    "abc-123",
)
_KEY_TEXT = _explain(_WORDS, _KEY, "MyName", "my.name", "123-abc")
_VALUE_TEXT = _explain(
    f"a valid label must be an empty string or {_WORDS.removeprefix('must ')}", _VALUE, "MyValue", "my_value", "12345"
)


def dns1123_label(text: str) -> list[str]:
    faults = _too_long(text, _LONGEST_LABEL, "characters")
    if not re.fullmatch(_LABEL, text):
        faults.append("must not contain dots" if re.fullmatch(_SUBDOMAIN, text) else _LABEL_TEXT)
    return faults


def dns1123_subdomain(text: str) -> list[str]:
    return _subdomain(text, "characters")


def dns1035_label(text: str) -> list[str]:
    faults = _too_long(text, _LONGEST_LABEL, "characters")
    return faults if re.fullmatch(_LABEL_1035, text) else [*faults, _LABEL_1035_TEXT]


def qualified_name(text: str) -> list[str]:
    """A label's key: a name, with an optional subdomain and a slash before it."""
    *prefixes, name = text.split("/")
    if len(prefixes) > 1:
        return [
            f"a valid label key {_KEY_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    faults: list[str] = []
    for prefix in prefixes:
        problems = _subdomain(prefix, "bytes") if prefix else ["must be non-empty"]
        faults += [f"prefix part {problem}" for problem in problems]
    if not name:
        faults.append("name part must be non-empty")
    faults += [f"name part {problem}" for problem in _too_long(name, _LONGEST_LABEL, "bytes")]
    return faults if re.fullmatch(_KEY, name) else [*faults, f"name part {_KEY_TEXT}"]


def label_value(text: str) -> list[str]:
    faults = _too_long(text, _LONGEST_LABEL, "bytes")
    return faults if re.fullmatch(_VALUE, text) else [*faults, _VALUE_TEXT]


def as_prefix(check: Check) -> Check:
    """The same rule for text that more will be appended to: it may end with a dash."""
    return lambda text: check(text[:-2] + "a" if len(text) > 1 and text.endswith("-") else text)


def _subdomain(text: str, unit: str) -> list[str]:
    faults = _too_long(text, _LONGEST_SUBDOMAIN, unit)
    return faults if re.fullmatch(_SUBDOMAIN, text) else [*faults, _SUBDOMAIN_TEXT]


def _too_long(text: str, most: int, unit: str) -> list[str]:
    """Upstream measures bytes everywhere, and has two words for them."""
    length = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return [f"must be no more than {most} {unit}"] if length > most else []
