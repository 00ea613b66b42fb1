"""String formats: what a `format` asks of a string, by name. Names that are not here ask nothing.

As upstream judges, not as the standards do: a time may lack its seconds' range, an IPv4 address may have leading
zeros, and a duration may be `3 weeks`.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from datetime import date
from email.utils import parseaddr
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

Format = Callable[[str], bool]


def find_format(name: str) -> Format | None:
    """The check of a format, however its name is hyphenated; None for one that Kubernetes does not know."""
    return _FORMATS.get(name.replace("-", ""))


def _matches(pattern: str, flags: int = re.ASCII) -> Format:
    match = re.compile(f"(?:{pattern})\\Z", flags).match
    return lambda text: match(text) is not None


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_is_label = _matches(_LABEL)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z", re.ASCII)
_CLOCK = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))\Z", re.ASCII)


def _is_date(text: str) -> bool:
    found = _DATE.match(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    try:
        date(year or 4, month, day)  # the year 0 is a leap year as well
    except ValueError:
        return False
    return True


_PLAIN_TIME = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)\Z",
    re.ASCII,
)
"""What nearly all times look like."""


def _is_date_time(text: str) -> bool:
    if _PLAIN_TIME.match(text):
        return True
    parts = text.lower().split("t")
    if len(text) < 4 or len(parts) < 2 or not _is_date(parts[0]):
        return False
    found = _CLOCK.match(parts[1])
    return found is not None and found[1] <= "23" and found[2] <= "59" and found[3] <= "59"


_GO_DURATION = re.compile(r"[-+]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)\Z", re.ASCII)
_WORDY_DURATION = re.compile(r"(\d+)\s*([A-Za-zµ]+)", re.ASCII)
_UNIT_STEMS = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_EXACT_UNITS = frozenset({"ns", "us", "µs", "ms", "s", "m", "h", "d", "w", "hr", "wk", *_UNIT_STEMS})


def _is_duration(text: str) -> bool:
    if _GO_DURATION.match(text):
        return True
    parts = _WORDY_DURATION.findall(text)
    if any(len(number) > 19 or int(number) >= 2**63 for number, _ in parts):
        return False
    units = [unit.lower() for _, unit in parts]
    return any(unit in _EXACT_UNITS or unit.startswith(_UNIT_STEMS) for unit in units)


def _is_ipv4(text: str) -> bool:
    """Dotted, though it may be an IPv6 address with a dotted end. Leading zeros are let pass."""
    if ":" in text:
        return "." in text and _is_ipv6(text)
    parts = text.split(".")
    if len(parts) != 4 or any(not part.isdecimal() or not part.isascii() for part in parts):
        return False
    try:
        IPv4Address(".".join(str(int(part)) for part in parts if len(part) < 20))
    except AddressValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    if ":" not in text or "%" in text:
        return False
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _is_cidr(text: str) -> bool:
    address, slash, length = text.partition("/")
    if not slash or not length.isdecimal() or not length.isascii() or len(length) > 3:
        return False
    if _is_ipv6(address):
        return int(length) <= 128
    return _is_ipv4(address) and int(length) <= 32


def _is_mac(text: str) -> bool:
    """6, 8 or 20 bytes, in one of three notations."""
    if len(text) < 14:
        return False
    if text[2] in ":-":
        parts, width, counts = text.split(text[2]), 2, (6, 8, 20)
    elif text[4] == ".":
        parts, width, counts = text.split("."), 4, (3, 4, 10)
    else:
        return False
    return len(parts) in counts and all(len(part) == width and set(part) <= _HEX for part in parts)


_HEX = frozenset(string.hexdigits)
_MAIL_LOCAL = re.compile(r"[^\s()<>\[\]:;@\\,\"]+\Z")


def _is_email(text: str) -> bool:
    """An address as in the header of a mail: bare, or with a name before it."""
    _, address = parseaddr(text)
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or any(ord(char) < 32 for char in text):
        return False
    if any(not part for part in domain.split(".")) or not _MAIL_LOCAL.match(domain):
        return False
    if local.startswith('"'):
        return len(local) >= 2 and local.endswith('"')
    return _MAIL_LOCAL.match(local) is not None and all(local.split("."))


def _is_hostname(text: str) -> bool:
    if len(text.encode(errors="surrogatepass")) > 255:
        return False
    labels = text.split(".")
    if any(len(label.encode(errors="surrogatepass")) > 63 for label in labels):
        return False
    if len(labels) == 1:
        return _is_single_label(text)
    *inner, last = labels
    return all(map(_is_inner_label, inner)) and len(last) >= 2 and all(_is_letter(char) for char in last)


def _is_single_label(text: str) -> bool:
    return bool(text) and all(map(_is_name_char, text.replace("-", "", 1) if text[1:2] == "-" else text))


def _is_inner_label(text: str) -> bool:
    if not text or not _is_name_char(text[0]) or not _is_name_char(text[-1]):
        return False
    return all(char == "-" or _is_name_char(char) for char in text)


def _is_letter(char: str) -> bool:
    return char.isalpha()


def _is_name_char(char: str) -> bool:
    return char.isalpha() or char in string.digits or _is_symbol(char)


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char).startswith("S")


def _is_uri(text: str) -> bool:
    """What may stand in the first line of an HTTP request: a path, or a URI with a scheme."""
    if not text or any(ord(char) < 32 or ord(char) == 127 for char in text) or _bad_escape(text):
        return False
    if text == "*" or text.startswith("/"):
        return True
    scheme, colon, rest = text.partition(":")
    if not colon or not _is_scheme(scheme):
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return bool(rest) and not any(char in ' <>"' for char in parts.netloc)


_is_scheme = _matches("[A-Za-z][A-Za-z0-9+.-]*")
_bad_escape = re.compile(r"%(?![0-9A-Fa-f]{2})").search


def _is_isbn10(text: str) -> bool:
    digits = re.sub(r"[\s-]+", "", text, flags=re.ASCII)
    if not re.match(r"(?:[0-9]{9}X|[0-9]{10})\Z", digits):
        return False
    return sum((place + 1) * (10 if sign == "X" else int(sign)) for place, sign in enumerate(digits)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = re.sub(r"[\s-]+", "", text, flags=re.ASCII)
    if not re.match(r"[0-9]{13}\Z", digits):
        return False
    checksum = sum(int(sign) * (3 if place % 2 else 1) for place, sign in enumerate(digits[:12]))
    return int(digits[12]) == (10 - checksum % 10) % 10


_is_card = _matches(
    r"4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}"
)


def _is_credit_card(text: str) -> bool:
    digits = re.sub("[^0-9]+", "", text)
    if not _is_card(digits):
        return False
    total = 0
    for place, sign in enumerate(reversed(digits)):
        number = int(sign) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


_is_ssn = _matches(r"\d{3}[- ]?\d{2}[- ]?\d{4}")
_BYTE_COLOR = r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*"

_FORMATS: dict[str, Format] = {
    "bsonobjectid": _matches("[0-9a-fA-F]{24}"),
    "uri": _is_uri,
    "email": _is_email,
    "hostname": _is_hostname,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "cidr": _is_cidr,
    "mac": _is_mac,
    "uuid": _matches("[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"),
    "uuid3": _matches("[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?3[0-9a-fA-F]{3}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"),
    "uuid4": _matches("[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?4[0-9a-fA-F]{3}-?[89abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}"),
    "uuid5": _matches("[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?5[0-9a-fA-F]{3}-?[89abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}"),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_credit_card,
    "ssn": lambda text: len(text) == 11 and _is_ssn(text),
    "hexcolor": _matches("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _matches(rf"rgb\({_BYTE_COLOR},{_BYTE_COLOR},{_BYTE_COLOR}\)"),
    "byte": _matches("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"),
    "password": lambda _: True,
    "date": _is_date,
    "duration": _is_duration,
    "datetime": _is_date_time,
    "k8sshortname": lambda text: len(text) <= 63 and _is_label(text),
    "k8slongname": lambda text: len(text) <= 253 and all(map(_is_label, text.split("."))),
}
