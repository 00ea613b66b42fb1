"""What a query may say."""

from __future__ import annotations

import pytest

from wherry.kubelet.server.app import Query, Refusal, forwarded_ports, log_options


@pytest.mark.parametrize(
    ("query", "ports"),
    [({}, []), ({"port": ["80"]}, [80]), ({"ports": ["80,443", "8080"]}, [80, 443, 8080])],
)
def test_ports(query: Query, ports: list[int]) -> None:
    assert forwarded_ports(query) == ports


@pytest.mark.parametrize("port", ["", "x", "0", "-1", "65536", "80,", "\u0664"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(Refusal) as refused:
        forwarded_ports({"port": [port]})
    assert refused.value.response.status == 400


@pytest.mark.parametrize("query", [{"tailLines": ["x"]}, {"sinceTime": ["yesterday"]}, {"limitBytes": ["1.5"]}])
def test_log_options_that_cannot_be_read_are_refused(query: Query) -> None:
    with pytest.raises(Refusal) as refused:
        log_options(query, 0.0)
    assert refused.value.response.status == 400
