from __future__ import annotations

import pytest

from wherry.api.core.sysctls import fault, with_dots


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        pytest.param("net.ipv4.tcp_syncookies", "", "", id="safe"),
        pytest.param("net/ipv4/tcp_syncookies", "", "", id="safe with slashes"),
        pytest.param("net.ipv4.ip_forward", "", '"net.ipv4.ip_forward" not allowlisted', id="not safe"),
        pytest.param("kernel/msgmax", "", '"kernel.msgmax" not allowlisted', id="told with dots"),
        pytest.param(
            "net.ipv4.tcp_syncookies",
            "network",
            '"net.ipv4.tcp_syncookies" not allowed with host net enabled',
            id="of the host's network",
        ),
        pytest.param("net.ipv4.tcp_syncookies", "ipc", "", id="its own network"),
        pytest.param(
            "kernel.shm_rmid_forced", "ipc", '"kernel.shm_rmid_forced" not allowed with host ipc enabled', id="ipc"
        ),
        pytest.param("kernel.shm_rmid_forced", "network", "", id="its own memory"),
    ],
)
def test_what_a_pod_may_set(name: str, host: str, expected: str) -> None:
    assert fault(name, host_network=host == "network", host_ipc=host == "ipc") == expected


def test_spellings() -> None:
    assert with_dots("net/ipv4/conf/eth0.1/forwarding") == "net.ipv4.conf.eth0/1.forwarding"
    assert with_dots("net.ipv4.conf.eth0/1.forwarding") == "net.ipv4.conf.eth0/1.forwarding"
