"""The smallest executable: an ELF header, one segment of machine code, a stack that is not executable.

Layout per the System V ABI, 64-bit little-endian; the whole file is mapped read-and-execute at `_BASE`.
"""

from __future__ import annotations

import struct
from enum import Enum

_BASE = 0x400000
_HEADER_BYTES = 64
_PROGRAM_HEADER_BYTES = 56
_PT_LOAD, _PT_GNU_STACK = 1, 0x6474E551
_READ_EXECUTE, _READ_WRITE = 5, 6


class Machine(Enum):
    """Instruction sets, by OCI's names; values are `e_machine` numbers."""

    AMD64 = 62
    ARM64 = 183


def executable(machine: Machine, code: bytes) -> bytes:
    """A static ELF whose entry point is the first byte of `code` (position-independent, no data)."""
    offset = _HEADER_BYTES + 2 * _PROGRAM_HEADER_BYTES
    size = offset + len(code)
    header = struct.pack(
        "<4sBBB9xHHIQQQIHHHHHH",
        b"\x7fELF", 2, 1, 1,  # 64-bit, little-endian, version
        2, machine.value, 1,  # a fixed-address executable
        _BASE + offset, _HEADER_BYTES, 0, 0,  # entry, program headers, no sections, no flags
        _HEADER_BYTES, _PROGRAM_HEADER_BYTES, 2, 0, 0, 0,
    )  # fmt: skip
    load = struct.pack("<IIQQQQQQ", _PT_LOAD, _READ_EXECUTE, 0, _BASE, _BASE, size, size, 0x1000)
    stack = struct.pack("<IIQQQQQQ", _PT_GNU_STACK, _READ_WRITE, 0, 0, 0, 0, 0, 16)
    return header + load + stack + code
