"""Paths and methods become verbs on resources."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.apiserver.requestinfo import RequestInfo, parse

PODS = {"version": "v1", "resource": "pods"}
IN_A = {"namespace": "a", "is_behind_namespace": True}


@pytest.mark.parametrize(
    ("method", "path", "watch", "fields"),
    [
        ("GET", "/api/v1/pods", False, {"verb": "list", **PODS}),
        ("GET", "/api/v1/pods", True, {"verb": "watch", **PODS}),
        ("GET", "/api/v1/watch/pods", False, {"verb": "watch", **PODS}),
        ("GET", "/api/v1/namespaces/a/pods", False, {"verb": "list", **IN_A, **PODS}),
        ("GET", "/api/v1/namespaces/a/pods/p", False, {"verb": "get", **IN_A, "name": "p", **PODS}),
        ("HEAD", "/api/v1/namespaces/a/pods/p", False, {"verb": "get", **IN_A, "name": "p", **PODS}),
        ("GET", "/api/v1/namespaces/a/pods/p", True, {"verb": "get", **IN_A, "name": "p", **PODS}),
        ("POST", "/api/v1/namespaces/a/pods", False, {"verb": "create", **IN_A, **PODS}),
        ("DELETE", "/api/v1/namespaces/a/pods", False, {"verb": "deletecollection", **IN_A, **PODS}),
        (
            "PATCH",
            "/api/v1/namespaces/a/pods/p/status",
            False,
            {"verb": "patch", **IN_A, "name": "p", "subresource": "status", **PODS},
        ),
        (
            "GET",
            "/api/v1/namespaces/a/pods/p/proxy/x/y/",
            False,
            {"verb": "get", **IN_A, "name": "p", "subresource": "proxy", "rest": "/x/y/", **PODS},
        ),
        (
            "GET",
            "/api/v1/namespaces/a",
            False,
            {"verb": "get", "version": "v1", "resource": "namespaces", "namespace": "a", "name": "a"},
        ),
        (
            "PUT",
            "/api/v1/namespaces/a/finalize",
            False,
            {
                "verb": "update",
                "version": "v1",
                "resource": "namespaces",
                "subresource": "finalize",
                "namespace": "a",
                "name": "a",
            },
        ),
        (
            "DELETE",
            "/apis/apps/v1/namespaces/a/deployments/d",
            False,
            {
                "verb": "delete",
                "group": "apps",
                "version": "v1",
                "resource": "deployments",
                **IN_A,
                "name": "d",
            },
        ),
        ("GET", "/api", False, {"verb": "get"}),
        ("GET", "/apis/apps/v1", False, {"verb": "get"}),
        ("POST", "/version", False, {"verb": "post"}),
    ],
)
def test_parse(method: str, path: str, watch: bool, fields: dict[str, Any]) -> None:
    assert parse(method, path, watch=watch) == RequestInfo(path, **fields)
