# SPDX-License-Identifier: MIT
"""Network namespaces. Also used by bench/."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
REQUEST = "16sh14x"  # struct ifreq with flags

libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags):
    if libc.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"no network namespace: {os.strerror(number)}")


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name_and_flags = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack(REQUEST, b"lo", 0))
        _, flags = struct.unpack(REQUEST, name_and_flags)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack(REQUEST, b"lo", flags | IFF_UP))


def enter_own_network():
    """
    A fresh network namespace: default sysctls, no neighbour on any port, firewall empty. Without
    root within a user namespace. Raises OSError where that is not allowed.
    """
    uid, gid = os.getuid(), os.getgid()
    unshare(CLONE_NEWNET | (CLONE_NEWUSER if uid != 0 else 0))
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    raise_loopback()


def enter_own_network_in_thread():
    """
    Another fresh one, for the calling thread and the threads and programs that it starts: so that
    cases which run side by side do not meet in the kernel's counters and settings.
    """
    unshare(CLONE_NEWNET)
    raise_loopback()


def lengthen_queues():
    """
    Of what waits to be accepted, in this network: a server that has no CPU for a moment would lose
    connections else, of a run at full speed.
    """
    with contextlib.suppress(OSError):
        with open("/proc/sys/net/core/somaxconn", "w", encoding="ascii") as file:
            file.write("65535")


def network_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def own_network():
    """That of the calling thread."""
    return network_of("thread-self")


def namespace_is_of_the_first_user():
    """False where root is only root in a user namespace of ours."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return int(file.read().split()[2]) > 1
