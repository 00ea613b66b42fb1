"""A user who may act as another: `kubectl --as`, and front ends that act for their users.

Each part of the borrowed identity is an action of its own (verb `impersonate` on users, groups, uids, extras or
service accounts) and must be allowed to the user who really asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from wherry.api.errors import InternalError
from wherry.apiserver.attributes import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, Attributes, User
from wherry.identity.tokens import parse_service_account_user, service_account_groups

_USER = "impersonate-user"
_GROUP = "impersonate-group"
_UID = "impersonate-uid"
_EXTRA = "impersonate-extra-"
_AUTHENTICATION = "authentication.k8s.io"

Demand = Callable[[Attributes], None]
"""Raises Forbidden unless the action is allowed."""


def impersonate(headers: Mapping[str, str], user: User, demand: Demand) -> User:
    """The user on whose behalf the request is made: `user`, or whom its headers name.

    Raises Forbidden when `user` may not borrow that identity, InternalError when the headers name parts of an
    identity but no user (upstream answers 500 here).
    """
    name = headers.get(_USER, "")
    if not name:
        if _GROUP in headers or _UID in headers:
            raise InternalError("requested impersonation of groups or a uid without impersonating a user")
        return user
    groups = tuple(part for part in headers.get(_GROUP, "").split(", ") if part)
    uid = headers.get(_UID, "")
    extra = dict(_extras(headers))
    for action in _actions(user, name, groups, uid, extra):
        demand(action)
    account = parse_service_account_user(name)
    if account and not groups:
        groups = service_account_groups(account[0])
    return User(name, _complete(name, groups), uid, extra)


def _actions(
    user: User, name: str, groups: tuple[str, ...], uid: str, extra: Mapping[str, tuple[str, ...]]
) -> Iterator[Attributes]:
    if account := parse_service_account_user(name):
        yield Attributes(user, "impersonate", "", "v1", "serviceaccounts", "", account[0], account[1])
    else:
        yield Attributes(user, "impersonate", "", "v1", "users", name=name)
    for group in groups:
        yield Attributes(user, "impersonate", "", "v1", "groups", name=group)
    for key, values in extra.items():
        for value in values:
            yield Attributes(user, "impersonate", _AUTHENTICATION, "v1", "userextras", key, name=value)
    if uid:
        yield Attributes(user, "impersonate", _AUTHENTICATION, "v1", "uids", name=uid)


def _extras(headers: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for header, value in headers.items():
        if header.startswith(_EXTRA):
            yield unquote(header[len(_EXTRA) :]).lower(), tuple(value.split(", "))


def _complete(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    if name == ANONYMOUS:
        return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    if AUTHENTICATED in groups or UNAUTHENTICATED in groups:
        return groups
    return (*groups, AUTHENTICATED)
