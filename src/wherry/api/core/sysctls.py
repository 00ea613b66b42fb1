"""Which kernel parameters a Pod may set: those that are its own, and that no other Pod feels.

One list for Pod Security, which refuses others when a Pod is written, and for the kubelet, which refuses to run it.
"""

from __future__ import annotations

SAFE = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
_SWAPPED = str.maketrans("./", "/.")


def fault(name: str, *, host_network: bool, host_ipc: bool) -> str:
    """Why a Pod may not set a parameter; "" when it may."""
    dotted = with_dots(name)
    if dotted not in SAFE:
        return f'"{dotted}" not allowlisted'
    of_network = dotted.startswith("net.")
    if host_network if of_network else host_ipc:
        return f'"{dotted}" not allowed with host {"net" if of_network else "ipc"} enabled'
    return ""


def with_dots(name: str) -> str:
    """The kernel knows two spellings: with dots, and with slashes where a part of the name may have dots."""
    first = next((letter for letter in name if letter in "./"), ".")
    return name if first == "." else name.translate(_SWAPPED)
