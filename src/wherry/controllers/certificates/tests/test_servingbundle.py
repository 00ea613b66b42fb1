from __future__ import annotations

from collections.abc import Sequence

import pytest

from wherry.api.certificates.clustertrustbundle import CLUSTERTRUSTBUNDLES
from wherry.api.certificates.tests.making import as_pem, certificate
from wherry.api.core.configmap import CONFIGMAPS
from wherry.controllers.certificates.servingbundle import bundle_name, controller
from wherry.controllers.tests.plane import Plane, running
from wherry.reconcile.controller import Controller

ONE, OTHER = (as_pem(certificate(is_authority=True)) for _ in range(2))
SIGNER = "kubernetes.io/kube-apiserver-serving"


class _Authority:
    def __init__(self, text: str) -> None:
        self.text = text

    def choose(self, _: Sequence[Controller]) -> Sequence[Controller]:
        return [controller(lambda: self.text)]


async def _bundles(plane: Plane) -> dict[str, str]:
    await plane.settle()
    found = await plane.items(CLUSTERTRUSTBUNDLES, "")
    return {obj["metadata"]["name"]: obj["spec"]["trustBundle"] for obj in found}


def test_a_bundle_is_named_after_its_signer_and_what_is_in_it() -> None:
    name = bundle_name("x")
    assert name == "kubernetes.io:kube-apiserver-serving:2d711642b726b04401627ca9"


async def test_the_authority_is_published_and_nothing_else_by_that_signer() -> None:
    async with running(_Authority(ONE).choose) as plane:
        assert await _bundles(plane) == {bundle_name(ONE): ONE}
        await plane.client.delete(CLUSTERTRUSTBUNDLES, bundle_name(ONE))
        assert await _bundles(plane) == {bundle_name(ONE): ONE}
        await plane.client.patch(CLUSTERTRUSTBUNDLES, bundle_name(ONE), {"spec": {"trustBundle": OTHER}})
        assert await _bundles(plane) == {bundle_name(ONE): ONE}
        forged = {"metadata": {"name": bundle_name("forged")}, "spec": {"signerName": SIGNER, "trustBundle": OTHER}}
        await plane.client.create(CLUSTERTRUSTBUNDLES, forged)
        await plane.client.create(CLUSTERTRUSTBUNDLES, {"metadata": {"name": "own"}, "spec": {"trustBundle": OTHER}})
        assert await _bundles(plane) == {bundle_name(ONE): ONE, "own": OTHER}


async def test_a_new_authority_takes_the_place_of_the_old() -> None:
    authority = _Authority("")
    async with running(authority.choose) as plane:
        assert await _bundles(plane) == {}
        for text in (ONE, OTHER):
            authority.text = text
            published = {"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": text}}
            await plane.apply(CONFIGMAPS, published, "kube-system")
            assert await _bundles(plane) == {bundle_name(text): text}
            await plane.client.delete(CONFIGMAPS, "kube-root-ca.crt", "kube-system")


async def test_what_is_no_authority_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async with running(_Authority(as_pem(certificate())).choose) as plane:
        await plane.pass_time(3600)
        assert await _bundles(plane) == {}
    assert caplog.text.count("does not have the CA bit set") == 1
