"""Administrative access to devices."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.core.namespace import NAMESPACES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceclaimtemplate import RESOURCECLAIMTEMPLATES
from wherry.api.errors import Invalid
from wherry.api.resource import Resource
from wherry.apiserver.admission.deviceadmin import device_admin
from wherry.apiserver.attributes import Admission, User
from wherry.testing.objects import Objects

WHY = "admin access to devices requires the `resource.kubernetes.io/admin-access: true` label"


def _admit(
    namespace: str, obj: dict[str, Any], old: dict[str, Any] | None = None, resource: Resource = RESOURCECLAIMS
) -> None:
    objects = Objects()
    labels = {"resource.kubernetes.io/admin-access": "true"}
    objects.put(NAMESPACES, {"metadata": {"name": "marked", "labels": labels}})
    objects.put(NAMESPACES, {"metadata": {"name": "plain"}})
    operation, subresource = ("CREATE", "") if old is None else ("UPDATE", "status")
    admission = Admission(
        User("alice"), operation, resource, subresource, namespace, "c", obj, old, False, lambda _: None
    )
    device_admin(admission, objects)


def _claim(admin: bool) -> dict[str, Any]:
    requests = [{"name": "a", "firstAvailable": []}, {"name": "b", "exactly": {"adminAccess": admin}}]
    return {"spec": {"devices": {"requests": requests}}}


def _given(admin: bool) -> dict[str, Any]:
    return {**_claim(True), "status": {"allocation": {"devices": {"results": [{"adminAccess": admin}]}}}}


def test_asking() -> None:
    _admit("plain", _claim(False))
    _admit("marked", _claim(True))
    with pytest.raises(Invalid, match=rf"spec.devices.requests\[1\].adminAccess: Forbidden: {WHY}"):
        _admit("plain", _claim(True))
    with pytest.raises(Invalid, match=WHY):
        _admit("plain", {"spec": _claim(True)}, resource=RESOURCECLAIMTEMPLATES)


def test_giving() -> None:
    _admit("plain", _given(False), _claim(True))
    _admit("plain", _given(True), _given(True))
    _admit("marked", _given(True), _claim(True))
    with pytest.raises(Invalid, match=rf"status.allocation.devices.results\[0\].adminAccess: Forbidden: {WHY}"):
        _admit("plain", _given(True), _claim(True))
