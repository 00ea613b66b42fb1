"""Who may speak for a signer."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.certificates.clustertrustbundle import CLUSTERTRUSTBUNDLES
from wherry.api.certificates.podcertificaterequest import PODCERTIFICATEREQUESTS
from wherry.api.errors import Forbidden, Invalid
from wherry.api.resource import Resource
from wherry.apiserver.admission.certificates import restrict_attesting, restrict_signing, restrict_times
from wherry.apiserver.attributes import Admission, Attributes, Decision, Plugin, User
from wherry.lib.clock import format_time, parse_time
from wherry.testing.objects import Objects


class Rights:
    """Allows one user one verb on some signers."""

    def __init__(self, user: str, verb: str, *signers: str) -> None:
        self.allowed = {(user, verb, signer) for signer in signers}

    def authorize(self, attributes: Attributes) -> Decision:
        assert (attributes.group, attributes.resource) == ("certificates.k8s.io", "signers")
        return Decision((attributes.user.name, attributes.verb, attributes.name) in self.allowed)


def _admit(
    plugin: Plugin,
    user: str,
    resource: Resource,
    obj: dict[str, Any],
    old: dict[str, Any] | None = None,
    subresource: str = "",
) -> None:
    operation = "CREATE" if old is None else "UPDATE"
    admission = Admission(User(user), operation, resource, subresource, "", "x", obj, old, False, lambda _: None)
    plugin(admission, Objects())


def _bundle(signer: str = "example.com/s", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", **metadata}, "spec": {"signerName": signer, "trustBundle": "?"}}


@pytest.mark.parametrize("signer", ["example.com/s", "example.com/*"])
def test_attesting(signer: str) -> None:
    plugin = restrict_attesting(lambda: Rights("alice", "attest", signer))
    _admit(plugin, "alice", CLUSTERTRUSTBUNDLES, _bundle())
    _admit(plugin, "bob", CLUSTERTRUSTBUNDLES, _bundle(""))
    _admit(plugin, "bob", CLUSTERTRUSTBUNDLES, _bundle(finalizers=["a/b"]), _bundle())
    with pytest.raises(Forbidden, match=r'user not permitted to attest for signerName "example\.com/s"'):
        _admit(plugin, "bob", CLUSTERTRUSTBUNDLES, _bundle())
    with pytest.raises(Forbidden, match="user not permitted to attest"):
        _admit(plugin, "bob", CLUSTERTRUSTBUNDLES, _bundle(labels={"a": "b"}), _bundle())


def test_signing() -> None:
    plugin = restrict_signing(lambda: Rights("alice", "sign", "example.com/s"))
    old = {"metadata": {"name": "x"}, "spec": {"signerName": "example.com/s"}}
    new = {**old, "status": {"conditions": [{"type": "Denied"}]}}
    _admit(plugin, "alice", PODCERTIFICATEREQUESTS, new, old, "status")
    _admit(plugin, "bob", PODCERTIFICATEREQUESTS, old, old, "status")
    with pytest.raises(Invalid, match=r'User "bob" is not permitted to "sign" for signer "example\.com/s"'):
        _admit(plugin, "bob", PODCERTIFICATEREQUESTS, new, old, "status")


@pytest.mark.parametrize(
    ("seconds", "is_right"), [(0, True), (299, True), (-299, True), (300, False), (-300, False), (86400, False)]
)
def test_certificates_of_pods_begin_about_now(seconds: int, is_right: bool) -> None:
    plugin = restrict_times(lambda: parse_time("2026-01-01T12:00:00Z"))
    old = {"metadata": {"name": "x"}, "spec": {}}
    begin = format_time(parse_time("2026-01-01T12:00:00Z") + seconds)
    new = {**old, "status": {"notBefore": begin}}
    if is_right:
        _admit(plugin, "alice", PODCERTIFICATEREQUESTS, new, old, "status")
    else:
        with pytest.raises(
            Invalid, match=r"status\.notBefore: .*: must be set to within 5 minutes of kube-apiserver's"
        ):
            _admit(plugin, "alice", PODCERTIFICATEREQUESTS, new, old, "status")
    _admit(plugin, "alice", PODCERTIFICATEREQUESTS, new, new, "status")
    _admit(plugin, "alice", PODCERTIFICATEREQUESTS, new, old)
