# SPDX-License-Identifier: MIT
"""A seccomp filter as container engines have one: it answers a call in the kernel's place."""

import ctypes
import struct

import harness

# By the numbers that they have on every architecture.
IO_URING_CALLS = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427}
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
BPF_LOAD_WORD = 0x20
BPF_JUMP_IF_EQUAL = 0x15
BPF_RETURN = 0x06


def refusing(call, error_number):
    """What a container's profile does; to be called in the child before exec."""
    code = b"".join(struct.pack("HBBI", *step) for step in (
        (BPF_LOAD_WORD, 0, 0, 0),
        (BPF_JUMP_IF_EQUAL, 0, 1, IO_URING_CALLS[call]),
        (BPF_RETURN, 0, 0, SECCOMP_RET_ERRNO | error_number),
        (BPF_RETURN, 0, 0, SECCOMP_RET_ALLOW)))
    steps = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HP", 4, ctypes.addressof(steps)))

    def prepare(keep_alive=steps):
        assert keep_alive
        if (harness.libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                or harness.libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) != 0):
            raise OSError(ctypes.get_errno(), "seccomp")
    return prepare
