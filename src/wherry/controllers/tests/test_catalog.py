from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import cast

from wherry.controllers.catalog import Settings, controllers
from wherry.controllers.core.kubernetes.controller import Address
from wherry.controllers.core.loadbalancer import LoadBalancers
from wherry.controllers.drawing import contested
from wherry.identity.keys import TokenKeys, fresh_key
from wherry.identity.pair import Pair


def _pair() -> Pair:
    return Pair(Path("ca.crt"), Path("ca.key"))


ALL = controllers(
    Settings(
        root_ca=lambda: "",
        address=Address("10.43.0.1", "192.0.2.2", 6443),
        authority=_pair,
        token_keys=TokenKeys(fresh_key),
        host="host",
        load_balancers=cast("LoadBalancers", object()),
    )
)

AGREED = {
    "pods/status.conditions[DisruptionTarget]": "whoever ends a Pod says why, and why not after all",
    "resourceclaims.resource.k8s.io/status.reservedFor": "added when a Pod needs a claim, removed when it is done",
}
"""What several write after all, and why that goes well."""


def test_names_are_given_once() -> None:
    assert max(Counter(controller.name for controller in ALL).values()) == 1


def test_no_two_controllers_write_the_same_fields() -> None:
    found = [each for each in contested(ALL) if not {each[1], each[3]} & AGREED.keys()]
    assert found == []


def test_what_was_agreed_upon_is_still_needed() -> None:
    terms = {term for each in contested(ALL) for term in (each[1], each[3])}
    assert AGREED.keys() <= terms
