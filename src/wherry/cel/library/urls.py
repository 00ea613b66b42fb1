"""The parts of URLs (Kubernetes' `urls` library).

url('https://example.com:80/path?k=v').getHost() == 'example.com:80'     isURL('../relative') == false
"""

from __future__ import annotations

from operator import attrgetter

from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.library.urlvalues import URL, URL_TYPE, parse_request_uri, parse_url
from wherry.cel.types import BOOL, STRING, ListType, MapType


def to_url(text: str) -> URL:
    """The URL that `text` writes: absolute, or an absolute path."""
    try:
        return parse_url(text)
    except ValueError as error:
        raise EvaluationError(f"URL parse error during conversion from string: {error}") from None


def is_url(text: str) -> bool:
    """Whether `text` is an absolute URL or an absolute path."""
    try:
        parse_request_uri(text)
    except ValueError:
        return False
    return True


URLS = Library(
    "kubernetes.urls",
    functions=(
        Function("url", Overload("string_to_url", (STRING,), URL_TYPE, to_url)),
        Function("isURL", Overload("is_url_string", (STRING,), BOOL, is_url)),
        *(
            Function(name, Overload(overload, (URL_TYPE,), STRING, attrgetter(attribute), is_member=True))
            for name, overload, attribute in (
                ("getScheme", "url_get_scheme", "scheme"),
                ("getHost", "url_get_host", "host"),
                ("getHostname", "url_get_hostname", "hostname"),
                ("getPort", "url_get_port", "port"),
                ("getEscapedPath", "url_get_escaped_path", "escaped_path"),
            )
        ),
        Function(
            "getQuery",
            Overload("url_get_query", (URL_TYPE,), MapType(STRING, ListType(STRING)), URL.parameters, is_member=True),
        ),
    ),
)
