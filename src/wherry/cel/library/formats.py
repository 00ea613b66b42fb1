"""Texts of well-known forms (Kubernetes' `format` library).

!format.dns1123Label().validate(self.name).hasValue()     format.named('uuid').value().validate(self.id)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library import names
from wherry.cel.library.urlvalues import parse_request_uri
from wherry.cel.types import STRING, ListType, OpaqueType, OptionalType, Type
from wherry.cel.values import NONE, Opaque, Optional

FORMAT = OpaqueType("kubernetes.NamedFormat")

_UUID = r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"
_TIME = r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$"
_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"

_is_uuid = re.compile(_UUID[:-1] + r"\Z").match
_is_time = re.compile(_TIME[:-1] + r"\Z").match
_is_base64 = re.compile(_BASE64).fullmatch
_is_date = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch


@dataclass(frozen=True, slots=True)
class Format(Opaque):
    """A form that a text may have."""

    cel_type: ClassVar[Type] = FORMAT

    name: str
    check: names.Check = field(compare=False, repr=False)
    pattern_size: int = field(compare=False, repr=False)
    """How long a regular expression for it is: what a check costs."""

    def validate(self, text: str) -> Optional:
        """What is wrong with a text; none if it has this form."""
        faults = self.check(text)
        return Optional(faults) if faults else NONE


def _uri(text: str) -> list[str]:
    try:
        parse_request_uri(text)
    except ValueError as error:
        return [str(error)]
    return []


def _uuid(text: str) -> list[str]:
    return [] if _is_uuid(text) else ["does not match the UUID format"]


def _byte(text: str) -> list[str]:
    return [] if _is_base64(text) else ["invalid base64"]


def _date(text: str) -> list[str]:
    return [] if _is_a_day(text) else ["invalid date"]


def _datetime(text: str) -> list[str]:
    day, *rest = text.lower().split("t")
    time = _is_time(rest[0]) if rest and _is_a_day(day) else None
    is_right = time is not None and time[1] <= "23" and time[2] <= "59" and time[3] <= "59"
    return [] if is_right else ["invalid datetime"]


def _is_a_day(text: str) -> bool:
    if not _is_date(text):
        return False
    year, month, day = map(int, text.split("-"))
    try:
        date(year or 4, month, day)  # the year 0, which Python does not know, was a leap year
    except ValueError:
        return False
    return True


FORMATS = {
    "dns1123Label": Format("DNS1123Label", names.dns1123_label, 30),
    "dns1123Subdomain": Format("DNS1123Subdomain", names.dns1123_subdomain, 60),
    "dns1035Label": Format("DNS1035Label", names.dns1035_label, 30),
    "qualifiedName": Format("QualifiedName", names.qualified_name, 60),
    "dns1123LabelPrefix": Format("DNS1123LabelPrefix", names.as_prefix(names.dns1123_label), 30),
    "dns1123SubdomainPrefix": Format("DNS1123SubdomainPrefix", names.as_prefix(names.dns1123_subdomain), 60),
    "dns1035LabelPrefix": Format("DNS1035LabelPrefix", names.as_prefix(names.dns1035_label), 30),
    "labelValue": Format("LabelValue", names.label_value, 40),
    "uri": Format("URI", _uri, 1103),
    "uuid": Format("uuid", _uuid, len(_UUID)),
    "byte": Format("byte", _byte, 84),
    "date": Format("date", _date, len(_TIME)),
    "datetime": Format("datetime", _datetime, len(_TIME)),
}


def named(name: str) -> Optional:
    """The format of that name, if there is one."""
    found = FORMATS.get(name)
    return NONE if found is None else Optional(found)


def _constant(name: str, value: Format) -> Function:
    return Function(f"format.{name}", Overload(f"format.{name}", (), FORMAT, lambda: value))


FORMAT_LIBRARY = Library(
    "kubernetes.format",
    functions=(
        Function("format.named", Overload("format-named", (STRING,), OptionalType(FORMAT), named)),
        Function(
            "validate",
            Overload(
                "format-validate",
                (FORMAT, STRING),
                OptionalType(ListType(STRING)),
                Format.validate,
                is_member=True,
            ),
        ),
        *(_constant(name, value) for name, value in FORMATS.items()),
    ),
)
