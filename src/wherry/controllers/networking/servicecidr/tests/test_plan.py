from __future__ import annotations

from ipaddress import ip_address

import pytest

from wherry.controllers.networking.servicecidr.plan import can_go


@pytest.mark.parametrize(
    ("cidrs", "others", "addresses", "expected"),
    [
        (["10.0.0.0/24"], [], [], True),
        (["10.0.0.0/24"], [], ["10.0.0.5"], False),
        (["10.0.0.0/24"], [], ["10.0.1.5"], True),
        (["10.0.0.0/24"], ["10.0.0.0/16"], ["10.0.0.5"], True),
        (["10.0.0.0/24"], ["10.0.0.0/28"], ["10.0.0.5"], True),
        (["10.0.0.0/24"], ["10.0.0.0/28"], ["10.0.0.77"], False),
        (["10.0.0.0/24", "fd00::/112"], ["10.0.0.0/24"], ["fd00::1"], False),
        (["10.0.0.0/24", "fd00::/112"], ["10.0.0.0/24", "fd00::/64"], ["fd00::1"], True),
    ],
)
def test_a_range_goes_when_no_address_is_left_without_one(
    cidrs: list[str], others: list[str], addresses: list[str], expected: bool
) -> None:
    assert can_go(cidrs, others, map(ip_address, addresses)) is expected
