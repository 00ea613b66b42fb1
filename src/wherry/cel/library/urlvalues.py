"""URLs as values, and how they are parsed: as Go's `net/url` does, fault for fault.

Python's `urllib.parse` takes nearly everything for a URL, and what a rule accepts must not depend on the server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import quote_from_bytes, unquote_to_bytes

from wherry.cel.library.addresses import AddressError, parse_address
from wherry.cel.library.quoting import quote
from wherry.cel.types import OpaqueType, Type
from wherry.cel.values import Opaque

URL_TYPE = OpaqueType("kubernetes.URL")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_ESCAPE_OR_ASCII = re.compile(r"%(?:([0-9A-Fa-f]{2})|.{0,2})|[\x00-\x7f]", re.DOTALL)
_PORT = re.compile(r"(?::[0-9]*)?")
_USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9\-_.~$&+,/:;=@!'()*\[\]%]*")

_PATH_SAFE = "$&+,/:;=@"
_USER_SAFE = "$&+,;="
_FRAGMENT_SAFE = "$&+,/:;=?@!()*"
_HOST_SAFE = "!$&'()*+,;=:[]<>\""
_HOST_CHARACTERS = frozenset(_HOST_SAFE + "-_.~ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

_MOST_PARAMETERS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class URL(Opaque):
    """A parsed URL. Two are equal when they are written the same."""

    cel_type: ClassVar[Type] = URL_TYPE

    scheme: str = ""
    opaque: str = ""
    user: tuple[str, ...] = ()
    """Name, and password if there is one, decoded."""
    has_user: bool = False
    host: str = ""
    path: str = ""
    """As it was written, escapes and all."""
    query: str = ""
    has_bare_query: bool = False
    has_authority: bool = False
    """Two slashes stood before the host, even if that is empty."""
    fragment: str = ""

    @property
    def hostname(self) -> str:
        name = self._split_host()[0]
        return name[1:-1] if name.startswith("[") and name.endswith("]") else name

    @property
    def port(self) -> str:
        return self._split_host()[1]

    def _split_host(self) -> tuple[str, str]:
        name, colon, port = self.host.rpartition(":")
        return (name, port) if colon and _PORT.fullmatch(f":{port}") else (self.host, "")

    @property
    def escaped_path(self) -> str:
        """The path with everything escaped that must be."""
        if self.path == "*" or _PLAIN_PATH.fullmatch(self.path):
            return self.path
        return _escape(_unescape(self.path), _PATH_SAFE)

    def parameters(self) -> dict[str, list[str]]:
        """The values of each parameter of the query, in order; what cannot be decoded is left out."""
        found: dict[str, list[str]] = {}
        if self.query.count("&") >= _MOST_PARAMETERS:
            return found
        for setting in self.query.split("&"):
            if not setting or ";" in setting or _BAD_ESCAPE.search(setting):
                continue
            name, _, value = setting.replace("+", " ").partition("=")
            found.setdefault(_unescape(name), []).append(_unescape(value))
        return found

    def __str__(self) -> str:
        text = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            text += self.opaque
        else:
            text += self._authority() + self.escaped_path
        if self.has_bare_query or self.query:
            text += f"?{self.query}"
        return f"{text}#{_escape(_unescape(self.fragment), _FRAGMENT_SAFE)}" if self.fragment else text

    def _authority(self) -> str:
        user = ":".join(_escape(part, _USER_SAFE) for part in self.user) + "@" if self.has_user else ""
        if not self.host and not user and not (self.scheme and self.path and self.has_authority):
            return ""
        return f"//{user}{_escape(self.host, _HOST_SAFE)}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def parse_request_uri(text: str) -> URL:
    """An absolute URL or an absolute path; a `#` is part of it. Raises ValueError."""
    return _explained(text, is_request=True)


def parse_url(text: str) -> URL:
    """What an absolute URL or an absolute path says, its fragment apart. Raises ValueError."""
    parse_request_uri(text)
    before, _, fragment = text.partition("#")
    url = _explained(before, is_request=False)
    if not fragment:
        return url
    if bad := _BAD_ESCAPE.search(fragment):
        raise ValueError(f"parse {quote(text)}: invalid URL escape {quote(bad[0])}")
    return replace(url, fragment=fragment)


class _URLError(Exception):
    """What is wrong with a URL."""


def _explained(text: str, *, is_request: bool) -> URL:
    try:
        return _parse(text, is_request)
    except _URLError as error:
        raise ValueError(f"parse {quote(text)}: {error}") from None


def _parse(text: str, is_request: bool) -> URL:
    if any(char < " " or char == "\x7f" for char in text):
        raise _URLError("net/url: invalid control character in URL")
    if not text and is_request:
        raise _URLError("empty url")
    if text == "*":
        return URL(path="*")
    if text.startswith(":"):
        raise _URLError("missing protocol scheme")
    match = _SCHEME.match(text)
    scheme, rest = (match[1].lower(), text[match.end() :]) if match else ("", text)
    rest, question, query = rest.partition("?")
    bare = bool(question) and not query
    if not rest.startswith("/"):
        if scheme:
            return URL(scheme, rest, query=query, has_bare_query=bare)
        if is_request:
            raise _URLError("invalid URI for request")
        if ":" in rest.partition("/")[0]:
            raise _URLError("first path segment in URL cannot contain colon")
    user: tuple[str, ...] = ()
    host, has_user = "", False
    has_authority = rest.startswith("//") and bool(scheme or (not is_request and not rest.startswith("///")))
    if has_authority:
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        userinfo, at, host = authority.rpartition("@")
        host, has_user = _parse_host(host), bool(at)
        user = _parse_user(userinfo) if at else ()
    _check_escapes(rest)
    return URL(scheme, "", user, has_user, host, rest, query, bare, has_authority)


def _parse_user(text: str) -> tuple[str, ...]:
    if not _USER.fullmatch(text):
        raise _URLError("net/url: invalid userinfo")
    parts = text.split(":", 1)
    for part in parts:
        _check_escapes(part)
    return tuple(map(_unescape, parts))


def _parse_host(text: str) -> str:
    bracket = text.rfind("[")
    if bracket > 0:
        raise _URLError("invalid IP-literal")
    if bracket == 0:
        return _parse_bracketed(text)
    if (colon := text.find(":")) >= 0:
        _check_port(text[colon:])
    return _parse_name(text, is_zone=False)


def _parse_bracketed(text: str) -> str:
    end = text.rfind("]")
    if end < 0:
        raise _URLError("missing ']' in host")
    _check_port(text[end + 1 :])
    name, percent, zone = text[1:end].partition("%25")
    literal = _parse_name(name, is_zone=False) + (_parse_name(percent + zone, is_zone=True) if percent else "")
    try:
        ip, _ = parse_address(literal)
    except AddressError as error:
        raise _URLError(f"invalid host: {error}") from None
    if ip.family == 4:
        raise _URLError("invalid IP-literal")
    return f"[{literal}]{text[end + 1 :]}"


def _check_port(text: str) -> None:
    if not _PORT.fullmatch(text):
        raise _URLError(f"invalid port {quote(text)} after host")


def _parse_name(text: str, *, is_zone: bool) -> str:
    """A host's name, decoded. Escapes may stand for what is not ASCII; in a zone for what may stand there anyhow."""
    for match in _ESCAPE_OR_ASCII.finditer(text):
        part, code = match[0], match[1]
        if code is None and part[0] != "%":
            if part not in _HOST_CHARACTERS:
                raise _URLError(f"invalid character {quote(part)} in host name")
        elif code is None or (code != "25" and not _may_be_escaped(int(code, 16), is_zone)):
            raise _URLError(f"invalid URL escape {quote(part)}")
    return _unescape(text)


def _may_be_escaped(byte: int, is_zone: bool) -> bool:
    return (byte == 0x20 or chr(byte) in _HOST_CHARACTERS) if is_zone else byte >= 0x80


def _check_escapes(text: str) -> None:
    if bad := _BAD_ESCAPE.search(text):
        raise _URLError(f"invalid URL escape {quote(bad[0])}")


def _unescape(text: str) -> str:
    return unquote_to_bytes(text.encode(errors="surrogatepass")).decode(errors="surrogateescape")


def _escape(text: str, safe: str) -> str:
    return quote_from_bytes(text.encode(errors="surrogateescape"), safe + "-_.~")
