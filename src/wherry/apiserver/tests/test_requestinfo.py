"""Paths and methods become verbs on resources."""

from __future__ import annotations

import pytest

from wherry.apiserver.requestinfo import RequestInfo, parse

PODS = {"version": "v1", "resource": "pods"}


@pytest.mark.parametrize(
    ("method", "path", "watch", "fields"),
    [
        ("GET", "/api/v1/pods", False, {"verb": "list", **PODS}),
        ("GET", "/api/v1/pods", True, {"verb": "watch", **PODS}),
        ("GET", "/api/v1/watch/pods", False, {"verb": "watch", **PODS}),
        ("GET", "/api/v1/namespaces/a/pods", False, {"verb": "list", "namespace": "a", **PODS}),
        ("GET", "/api/v1/namespaces/a/pods/p", False, {"verb": "get", "namespace": "a", "name": "p", **PODS}),
        ("HEAD", "/api/v1/namespaces/a/pods/p", False, {"verb": "get", "namespace": "a", "name": "p", **PODS}),
        ("GET", "/api/v1/namespaces/a/pods/p", True, {"verb": "get", "namespace": "a", "name": "p", **PODS}),
        ("POST", "/api/v1/namespaces/a/pods", False, {"verb": "create", "namespace": "a", **PODS}),
        ("DELETE", "/api/v1/namespaces/a/pods", False, {"verb": "deletecollection", "namespace": "a", **PODS}),
        (
            "PATCH",
            "/api/v1/namespaces/a/pods/p/status",
            False,
            {"verb": "patch", "namespace": "a", "name": "p", "subresource": "status", **PODS},
        ),
        (
            "GET",
            "/api/v1/namespaces/a/pods/p/proxy/x/y/",
            False,
            {"verb": "get", "namespace": "a", "name": "p", "subresource": "proxy", "rest": "/x/y/", **PODS},
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
                "namespace": "a",
                "name": "d",
            },
        ),
        ("GET", "/api", False, {"verb": "get"}),
        ("GET", "/apis/apps/v1", False, {"verb": "get"}),
        ("POST", "/version", False, {"verb": "post"}),
    ],
)
def test_parse(method: str, path: str, watch: bool, fields: dict[str, str]) -> None:
    assert parse(method, path, watch=watch) == RequestInfo(path, **fields)
