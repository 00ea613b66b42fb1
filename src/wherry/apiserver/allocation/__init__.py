"""Addresses and node ports of Services: given out between admission and validation, each to one Service only.

- `AllocationSettings`: the ranges that a control plane begins with
- `spans.py`: a range of numbers with a band for those who ask for a number and one for those who take any
- `pool.py`: which numbers are taken, by what is stored and by writes that are on their way
- `cidrs.py`: the ranges that there are, as ServiceCIDR objects say
- `services.py`: what a new or changed Service gets; `ports.py` its node ports; begin here
- `claim.py`: what a write has been given until its fate is known

**What is taken is never written down.** It is derived from the stored Services, through a handler of the watch cache
that hears of every change before its writer is answered, plus the claims of writes on their way. So nothing can leak or
go stale: a crash, a failed or cancelled write, a dry run or a restored database leave exactly what the Services say.
Everything here happens within one turn of the event loop, so no two writers can be given the same.

Upstream writes an IPAddress object first and the Service second, and repairs in a loop what a crash leaves behind.
Here IPAddress objects follow from the Services, made by a controller (`controllers/networking/ipaddress`) for those who
look at them. Addresses that others hold by IPAddress objects of their own are respected.

What is not good: several API servers on one store would each know only their own writes on their way; they need to give
out through one of them.
"""

from __future__ import annotations

from msgspec import Struct


class AllocationSettings(Struct, frozen=True):
    """Where Services get their addresses and node ports from until ServiceCIDR objects say more."""

    cidrs: tuple[str, ...] = ("10.43.0.0/16",)
    """One range, or one of each family; the first is that of Services that do not say which they want."""
    first_port: int = 30000
    last_port: int = 32767
