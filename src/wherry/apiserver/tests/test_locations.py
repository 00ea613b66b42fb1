"""Where proxies may lead, and how a target is written."""

from __future__ import annotations

import pytest

from wherry.api.errors import BadRequest
from wherry.apiserver.locations import Security, check_address, split_target


@pytest.mark.parametrize("host", ["10.42.0.7", "203.0.113.9", "fd00::7", "::ffff:10.42.0.7", "node-1.example.test"])
def test_addresses_of_pods_and_nodes_are_targets(host: str) -> None:
    assert check_address(host) == host


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "::ffff:127.0.0.1",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::",
        "localhost",
        "LocalHost.",
    ],
)
def test_addresses_of_the_server_itself_and_its_neighbours_are_not(host: str) -> None:
    with pytest.raises(BadRequest, match="address not allowed"):
        check_address(host)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("web", (Security.PLAIN, "web", "")),
        ("web:80", (Security.PLAIN, "web", "80")),
        ("https:web:", (Security.TLS, "web", "")),
        ("http:web:http", (Security.PLAIN, "web", "http")),
    ],
)
def test_targets(text: str, target: tuple[Security, str, str]) -> None:
    assert split_target(text, "pod") == target


@pytest.mark.parametrize("text", [":80", "ftp:web:21", "a:b:c:d"])
def test_targets_that_are_none(text: str) -> None:
    with pytest.raises(BadRequest, match=f'invalid service request "{text}"'):
        split_target(text, "service")
