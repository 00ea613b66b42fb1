"""Refuses what would use more than a namespace's ResourceQuotas allow.

- `ledger.py`: what is used, from the stored objects themselves; read it first
- `booking.py`: what one write on its way will use, until it is stored or has failed

**What is used is never written down here.** It is the sum over the stored objects, kept by a handler of the watch cache
that hears of every change before its writer is answered, plus the bookings of writes on their way. All of that happens
within one turn of the event loop, so no two writers can use the same rest; and nothing can leak or go stale: a crash, a
failed or cancelled write, a deletion, a restored database leave exactly what the objects say.

Upstream adds to `status.used` before each write, takes it for the truth, and repairs it every five minutes. Here that
status is for people to read (`controllers/core/resourcequota` writes it, a moment after the fact), and a quota holds
from its first moment on, without a time of "status unknown".

What is not good: several API servers on one store would each know only their own writes on their way.
"""
