"""What a client wants to read: JSON, YAML or protobuf; the object itself, a `Table` of it, or its metadata alone.

Accept headers repeat themselves endlessly, so what they mean is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from wherry.api.errors import NotAcceptable, UnsupportedMediaType

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MEDIA_TYPES = (JSON, YAML, PROTOBUF)
"""What can be sent and received."""
_STREAMED = (JSON, PROTOBUF)
_HUMAN = ("curl", "Wget", "Mozilla/5.0")
"""How the names of programs begin behind which a person sits, who gets indented JSON."""


class Form(Enum):
    """What becomes of an object on its way out."""

    OBJECT = ""
    TABLE = "Table"
    PARTIAL = "PartialObjectMetadata"
    PARTIAL_LIST = "PartialObjectMetadataList"


class Accepted(Struct, frozen=True):
    """The outcome of negotiation. `version` is that of meta.k8s.io for a converted form."""

    media_type: str = JSON
    form: Form = Form.OBJECT
    version: str = "v1"
    is_pretty: bool = False


PLAIN = Accepted()
_OBJECT_FORMS = frozenset({Form.TABLE, Form.PARTIAL})
_LIST_FORMS = frozenset({Form.TABLE, Form.PARTIAL_LIST})
_VERSIONS = ("v1", "v1beta1")
_BY_RANGE = {
    "*/*": JSON,
    "application/*": JSON,
    JSON: JSON,
    YAML: YAML,
    PROTOBUF: PROTOBUF,
}


def _always() -> bool:
    return True


def negotiate(
    accept: str,
    *,
    is_list: bool = False,
    has_protobuf: Callable[[], bool] = _always,
    has_table: Callable[[], bool] = _always,
) -> Accepted:
    """The first form in the client's order of preference that can be given; raises NotAcceptable.

    `has_protobuf` tells whether the kind itself has that form; its metadata always has. `has_table` tells whether there
    are tables of it. They are asked when it matters.
    """
    if not accept or accept in ("*/*", JSON):
        return PLAIN
    tables = Form.TABLE.value not in accept or has_table()
    found = _negotiate(accept, is_list, PROTOBUF not in accept or has_protobuf(), tables)
    if found is None:
        raise not_acceptable(MEDIA_TYPES if has_protobuf() else (JSON, YAML))
    return found


def negotiate_stream(accept: str, *, has_protobuf: Callable[[], bool] = _always) -> Accepted:
    """The same for a watch, of which there is no YAML."""
    if not accept or accept in ("*/*", JSON):
        return PLAIN
    found = _negotiate(accept, False, PROTOBUF not in accept or has_protobuf(), True)
    if found is None or found.media_type == YAML:
        raise not_acceptable(tuple(f"{media_type};stream=watch" for media_type in _STREAMED))
    return found


def negotiate_plain(accept: str) -> Accepted:
    """For answers that have one form only; falls back to JSON as upstream does for errors."""
    found = _negotiate(accept, False, True, True) if accept else PLAIN
    return Accepted(found.media_type) if found is not None and found.media_type != JSON else PLAIN


def prettier(accepted: Accepted) -> Accepted:
    """The same for a person's eyes."""
    return replace(accepted, is_pretty=True) if accepted.media_type == JSON else accepted


def is_for_people(headers: Mapping[str, str], pretty: str | None) -> bool:
    """Whether JSON should be indented; `pretty` is the query's parameter of that name."""
    if pretty:
        return pretty in ("1", "t", "T", "TRUE", "true", "True")
    return headers.get("user-agent", "").startswith(_HUMAN)


def not_acceptable(accepted: tuple[str, ...] = MEDIA_TYPES) -> NotAcceptable:
    return NotAcceptable("only the following media types are accepted: " + ", ".join(accepted))


def body_type(content_type: str) -> str:
    """The media type of a request body; raises UnsupportedMediaType."""
    media = content_type.partition(";")[0].strip().lower()
    if not media or media == JSON:
        return JSON
    if media in MEDIA_TYPES:
        return media
    raise unsupported(MEDIA_TYPES)


def unsupported(accepted: tuple[str, ...]) -> UnsupportedMediaType:
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
    )


@lru_cache(maxsize=512)
def _negotiate(accept: str, is_list: bool, has_protobuf: bool, has_table: bool) -> Accepted | None:
    clauses = [_Clause.parse(text) for text in accept.split(",")]
    for clause in sorted(clauses, key=_preference):
        media_type = _BY_RANGE.get(clause.media_type)
        if media_type is None or clause.quality <= 0 or clause.params.get("stream", "watch") != "watch":
            continue
        form = _form(clause.params, is_list)
        if form is None or (media_type == PROTOBUF and not _has_protobuf(form, has_protobuf)):
            continue
        if form is Form.TABLE and not has_table:
            continue
        accepted = PLAIN if media_type == JSON else Accepted(media_type)
        if form is not Form.OBJECT:
            accepted = Accepted(media_type, form, clause.params["v"])
        return prettier(accepted) if clause.params.get("pretty") == "1" else accepted
    return None


def _preference(clause: _Clause) -> tuple[float, bool]:
    return -clause.quality, clause.media_type.endswith("/*")


def _has_protobuf(form: Form, of_object: bool) -> bool:
    return of_object if form is Form.OBJECT else form is not Form.TABLE


def _form(params: dict[str, str], is_list: bool) -> Form | None:
    """The form a clause asks for; None if it can not be given."""
    asked = params.get("as", "")
    if not asked:
        return None if "g" in params or "v" in params else Form.OBJECT
    if params.get("g") != "meta.k8s.io" or params.get("v") not in _VERSIONS:
        return None
    try:
        form = Form(asked)
    except ValueError:
        return None
    return form if form in (_LIST_FORMS if is_list else _OBJECT_FORMS) else None


class _Clause(Struct, frozen=True):
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
