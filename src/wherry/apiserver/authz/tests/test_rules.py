"""What rules cover, as tables."""

from __future__ import annotations

import pytest

from wherry.apiserver.authz.rules import Rule, format_rule, parse_rules, uncovered


def rule(verbs: str, groups: str = "", resources: str = "", names: str = "", paths: str = "") -> Rule:
    """Words in place of lists; `core` is the group without a name."""
    named = ["" if group == "core" else group for group in groups.split()]
    return parse_rules(
        [
            {
                "verbs": verbs.split(),
                "apiGroups": named,
                "resources": resources.split(),
                "resourceNames": names.split(),
                "nonResourceURLs": paths.split(),
            }
        ]
    )[0]


@pytest.mark.parametrize(
    ("resources", "asked", "expected"),
    [
        ("pods", ("", "pods", ""), True),
        ("pods", ("", "pods", "log"), False),
        ("pods/log", ("", "pods", "log"), True),
        ("pods/log", ("", "pods", ""), False),
        ("*/scale", ("", "deployments", "scale"), True),
        ("*/scale", ("", "deployments", ""), False),
        ("*", ("", "pods", "exec"), True),
        ("pods", ("apps", "pods", ""), False),
    ],
    ids=str,
)
def test_resources(resources: str, asked: tuple[str, str, str], expected: bool) -> None:
    assert rule("get", "core", resources).covers_resource(*asked) is expected


def test_every_group() -> None:
    assert rule("get", "*", "pods").covers_resource("metrics.k8s.io", "pods", "")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/healthz", "/healthz", True),
        ("/healthz", "/healthz/etcd", False),
        ("/healthz/*", "/healthz/etcd", True),
        ("/healthz/*", "/healthz", False),
        ("*", "/anything", True),
    ],
)
def test_paths(pattern: str, path: str, expected: bool) -> None:
    assert rule("get", paths=pattern).covers_path(path) is expected


@pytest.mark.parametrize(
    ("owned", "wanted", "gained"),
    [
        ([rule("*", "*", "*")], [rule("get list", "core apps", "pods/log", "a")], []),
        (
            [rule("get", "core", "pods")],
            [rule("get list", "core", "pods")],
            ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}'],
        ),
        ([rule("get", "core", "pods"), rule("list", "core", "pods")], [rule("get list", "core", "pods")], []),
        ([rule("get", "core", "pods", "a b")], [rule("get", "core", "pods", "a")], []),
        (
            [rule("get", "core", "pods", "a")],
            [rule("get", "core", "pods")],
            ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
        ),
        ([rule("get", "core", "*/log")], [rule("get", "core", "pods/log")], []),
        (
            [rule("get", "core", "pods")],
            [rule("*", "core", "pods")],
            ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}'],
        ),
        ([rule("get", paths="/api/*")], [rule("get", paths="/api/v1")], []),
        ([rule("get", paths="/api")], [rule("get", paths="/apis")], ['{NonResourceURLs:["/apis"], Verbs:["get"]}']),
        (
            [],
            [rule("get", "core", "pods", "a")],
            ['{APIGroups:[""], ResourceNames:["a"], Resources:["pods"], Verbs:["get"]}'],
        ),
    ],
    ids=[
        "all",
        "one verb short",
        "two rules together",
        "a name of two",
        "all names",
        "subresource",
        "all verbs",
        "path",
        "other path",
        "nothing",
    ],
)
def test_what_would_be_gained(owned: list[Rule], wanted: list[Rule], gained: list[str]) -> None:
    assert [format_rule(atom) for atom in uncovered(owned, wanted)] == gained
