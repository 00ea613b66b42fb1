"""Whose part a request may play, and what must be allowed for it."""

from __future__ import annotations

import pytest

from wherry.api.errors import Forbidden, InternalError
from wherry.apiserver.attributes import Attributes, User
from wherry.apiserver.authn.impersonation import impersonate

ALICE = User("alice", ("system:authenticated",))


def test_without_headers_everybody_is_who_they_are() -> None:
    asked: list[Attributes] = []
    assert impersonate({"accept": "x"}, ALICE, asked.append) is ALICE
    assert asked == []


@pytest.mark.parametrize(
    ("headers", "user", "actions"),
    [
        (
            {"impersonate-user": "bob"},
            User("bob", ("system:authenticated",)),
            [("", "users", "", "", "bob")],
        ),
        (
            {"impersonate-user": "bob", "impersonate-group": "dev, ops", "impersonate-uid": "7"},
            User("bob", ("dev", "ops", "system:authenticated"), "7"),
            [
                ("", "users", "", "", "bob"),
                ("", "groups", "", "", "dev"),
                ("", "groups", "", "", "ops"),
                ("authentication.k8s.io", "uids", "", "", "7"),
            ],
        ),
        (
            {"impersonate-user": "bob", "impersonate-extra-acme%2Fscope": "view"},
            User("bob", ("system:authenticated",), "", {"acme/scope": ("view",)}),
            [("", "users", "", "", "bob"), ("authentication.k8s.io", "userextras", "acme/scope", "", "view")],
        ),
        (
            {"impersonate-user": "system:serviceaccount:ns:sa"},
            User(
                "system:serviceaccount:ns:sa",
                ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"),
            ),
            [("", "serviceaccounts", "", "ns", "sa")],
        ),
        (
            {"impersonate-user": "system:anonymous"},
            User("system:anonymous", ("system:unauthenticated",)),
            [("", "users", "", "", "system:anonymous")],
        ),
    ],
    ids=["user", "groups and uid", "extra", "service account", "anonymous"],
)
def test_each_part_is_demanded(headers: dict[str, str], user: User, actions: list[tuple[str, ...]]) -> None:
    asked: list[Attributes] = []
    became = impersonate(headers, ALICE, asked.append)
    assert became == user
    assert [(a.group, a.resource, a.subresource, a.namespace, a.name) for a in asked] == actions
    assert all(a.user is ALICE and a.verb == "impersonate" for a in asked)


def test_a_refusal_ends_it() -> None:
    def refuse(_: Attributes) -> None:
        raise Forbidden("no")

    with pytest.raises(Forbidden):
        impersonate({"impersonate-user": "bob"}, ALICE, refuse)


def test_parts_without_a_user_are_an_error() -> None:
    with pytest.raises(InternalError, match="without impersonating a user"):
        impersonate({"impersonate-group": "dev"}, ALICE, lambda _: None)
