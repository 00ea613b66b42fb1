"""What a client wants to read: JSON or YAML; the object itself, a `Table` of it, or its metadata alone.

Accept headers repeat themselves endlessly, so what they mean is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from wherry.api.errors import NotAcceptable, UnsupportedMediaType

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MEDIA_TYPES = (JSON, YAML)
"""What can be sent."""
BODY_TYPES = (JSON, YAML, PROTOBUF)
"""What can be received."""


class Form(Enum):
    """What becomes of an object on its way out."""

    OBJECT = ""
    TABLE = "Table"
    PARTIAL = "PartialObjectMetadata"
    PARTIAL_LIST = "PartialObjectMetadataList"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The outcome of negotiation. `version` is that of meta.k8s.io for a converted form."""

    media_type: str = JSON
    form: Form = Form.OBJECT
    version: str = "v1"

    @property
    def content_type(self) -> str:
        return self.media_type


PLAIN = Accepted()
_OBJECT_FORMS = frozenset({Form.TABLE, Form.PARTIAL})
_LIST_FORMS = frozenset({Form.TABLE, Form.PARTIAL_LIST})
_VERSIONS = ("v1", "v1beta1")
_BY_RANGE = {
    "*/*": JSON,
    "application/*": JSON,
    JSON: JSON,
    YAML: YAML,
}


def negotiate(accept: str, *, is_list: bool = False) -> Accepted:
    """The first form in the client's order of preference that can be given; raises NotAcceptable."""
    if not accept or accept in ("*/*", JSON):
        return PLAIN
    found = _negotiate(accept, is_list)
    if found is None:
        raise not_acceptable()
    return found


def negotiate_plain(accept: str) -> Accepted:
    """For answers that have one form only; falls back to JSON as upstream does for errors."""
    found = _negotiate(accept, False) if accept else PLAIN
    return Accepted(found.media_type) if found is not None and found.media_type != JSON else PLAIN


def not_acceptable() -> NotAcceptable:
    return NotAcceptable("only the following media types are accepted: " + ", ".join(MEDIA_TYPES))


def body_type(content_type: str) -> str:
    """The media type of a request body; raises UnsupportedMediaType."""
    media = content_type.partition(";")[0].strip().lower()
    if not media or media == JSON:
        return JSON
    if media in BODY_TYPES:
        return media
    raise unsupported(BODY_TYPES)


def unsupported(accepted: tuple[str, ...]) -> UnsupportedMediaType:
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    )


@lru_cache(maxsize=512)
def _negotiate(accept: str, is_list: bool) -> Accepted | None:
    clauses = [_Clause.parse(text) for text in accept.split(",")]
    for clause in sorted(clauses, key=lambda clause: -clause.quality):
        media_type = _BY_RANGE.get(clause.media_type)
        if media_type is None or clause.quality <= 0:
            continue
        form = _form(clause.params, is_list)
        if form is None:
            continue
        if form is Form.OBJECT:
            return PLAIN if media_type == JSON else Accepted(media_type)
        return Accepted(media_type, form, clause.params["v"])
    return None


def _form(params: dict[str, str], is_list: bool) -> Form | None:
    """The form a clause asks for; None if it can not be given."""
    asked = params.get("as", "")
    if not asked:
        return Form.OBJECT
    if params.get("g") != "meta.k8s.io" or params.get("v") not in _VERSIONS:
        return None
    try:
        form = Form(asked)
    except ValueError:
        return None
    return form if form in (_LIST_FORMS if is_list else _OBJECT_FORMS) else None


@dataclass(frozen=True, slots=True)
class _Clause:
    """One alternative of an Accept header."""

    media_type: str
    params: dict[str, str]
    quality: float

    @classmethod
    def parse(cls, text: str) -> _Clause:
        media_type, *rest = (part.strip() for part in text.split(";"))
        params = {}
        for part in rest:
            name, _, value = part.partition("=")
            params[name.strip()] = value.strip().strip('"')
        try:
            quality = float(params.pop("q", "1"))
        except ValueError:
            quality = 0.0
        return cls(media_type.lower(), params, quality)
