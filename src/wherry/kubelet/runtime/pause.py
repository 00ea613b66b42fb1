"""Our own pause image: what holds a pod's namespaces open, so that no image need come from a network to start.

The program is PID 1 of a sandbox: it blocks TERM, INT and CHLD, waits for them, reaps children on CHLD (pods may share
its process namespace) and leaves on the other two. It is short enough to be written down as machine code, which spares
a compiler on every machine and one binary in the repository.
"""

from __future__ import annotations

from wherry.wire.elf import Machine, executable
from wherry.wire.oci import File, Process, image_tar

PAUSE_IMAGE = "wherry.local/pause:1"

_AMD64 = """
    68 02400100        push   0x14002            ; the set: INT, TERM, CHLD
    b8 0e000000        mov    eax, 14            ; rt_sigprocmask(SIG_BLOCK, set, NULL, 8)
    31 ff              xor    edi, edi
    48 89e6            mov    rsi, rsp
    31 d2              xor    edx, edx
    41 ba08000000      mov    r10d, 8
    0f 05              syscall
    eb 19              jmp    reap               ; who ended before the mask was set
    b8 80000000        mov    eax, 128           ; wait: rt_sigtimedwait(set, NULL, NULL, 8)
    48 89e7            mov    rdi, rsp
    31 f6              xor    esi, esi
    31 d2              xor    edx, edx
    41 ba08000000      mov    r10d, 8
    0f 05              syscall
    83 f811            cmp    eax, SIGCHLD
    75 1e              jne    other
    b8 3d000000        mov    eax, 61            ; reap: wait4(-1, NULL, WNOHANG, NULL)
    48 c7c7ffffffff    mov    rdi, -1
    31 f6              xor    esi, esi
    ba 01000000        mov    edx, 1
    45 31d2            xor    r10d, r10d
    0f 05              syscall
    85 c0              test   eax, eax
    7f e4              jg     reap
    eb c9              jmp    wait
    83 f802            cmp    eax, SIGINT        ; other:
    74 05              je     done
    83 f80f            cmp    eax, SIGTERM
    75 bf              jne    wait
    b8 e7000000        mov    eax, 231           ; done: exit_group(0)
    31 ff              xor    edi, edi
    0f 05              syscall
"""

_ARM64 = """
    400088d2           movz   x0, #0x4002        ; the set: INT, TERM, CHLD
    2000a0f2           movk   x0, #1, lsl #16
    e00f1ff8           str    x0, [sp, #-16]!
    000080d2           mov    x0, #0             ; rt_sigprocmask(SIG_BLOCK, set, NULL, 8)
    e1030091           mov    x1, sp
    020080d2           mov    x2, #0
    030180d2           mov    x3, #8
    e81080d2           mov    x8, #135
    010000d4           svc    #0
    09000014           b      reap               ; who ended before the mask was set
    e0030091           mov    x0, sp             ; wait: rt_sigtimedwait(set, NULL, NULL, 8)
    010080d2           mov    x1, #0
    020080d2           mov    x2, #0
    030180d2           mov    x3, #8
    281180d2           mov    x8, #137
    010000d4           svc    #0
    1f4400f1           cmp    x0, #SIGCHLD
    41010054           b.ne   other
    00008092           mov    x0, #-1            ; reap: wait4(-1, NULL, WNOHANG, NULL)
    010080d2           mov    x1, #0
    220080d2           mov    x2, #1
    030080d2           mov    x3, #0
    882080d2           mov    x8, #260
    010000d4           svc    #0
    1f0000f1           cmp    x0, #0
    2cffff54           b.gt   reap
    f0ffff17           b      wait
    1f0800f1           cmp    x0, #SIGINT        ; other:
    60000054           b.eq   done
    1f3c00f1           cmp    x0, #SIGTERM
    81fdff54           b.ne   wait
    000080d2           mov    x0, #0             ; done: exit_group(0)
    c80b80d2           mov    x8, #94
    010000d4           svc    #0
"""

_CODE_COLUMNS = 19

_LISTINGS = {"amd64": (Machine.AMD64, _AMD64), "arm64": (Machine.ARM64, _ARM64)}


def pause_program(architecture: str) -> bytes:
    """The static executable for `amd64` or `arm64`; raises KeyError for others."""
    machine, listing = _LISTINGS[architecture]
    code = bytes.fromhex(" ".join(line[4 : 4 + _CODE_COLUMNS] for line in listing.strip("\n").splitlines()))
    return executable(machine, code)


def pause_image(architecture: str) -> bytes:
    """An OCI image tar named `PAUSE_IMAGE`."""
    files = {"pause": File(pause_program(architecture), 0o755)}
    return image_tar(PAUSE_IMAGE, architecture, files, Process(entrypoint=["/pause"], user="65535:65535"))
