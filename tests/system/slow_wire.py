# SPDX-License-Identifier: MIT
"""A wire (tun) that takes its time, between this network and another, in a process of its own. It
needs no queueing discipline of the kernel.

    slow_wire.py PID SECONDS [OURS THEIRS]

What goes from address OURS here to THEIRS in the network of process PID arrives SECONDS later, and
so does what comes back. The device over there is called "slow". Prints a line when it is ready.
"""

import collections
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
CLONE_NEWNET = 0x40000000


def open_tun(name, own, other):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    for argv in (("address", "add", own, "peer", other, "dev", name),
                 ("link", "set", name, "up")):
        subprocess.run(["ip", *argv], check=True)
    return tun


def enter(path):
    network = os.open(path, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(network, CLONE_NEWNET) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))


def main(pid, delay, ours="203.0.113.1", theirs="203.0.113.2"):
    near = open_tun(f"wire{os.getpid()}", ours, theirs)
    enter(f"/proc/{pid}/ns/net")
    far = open_tun("slow", theirs, ours)
    print("ready", flush=True)
    other = {near: far, far: near}
    under_way = collections.deque()  # (when it arrives, where, packet)
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        for tun in select.select([near, far], [], [], wait)[0]:
            under_way.append((time.monotonic() + delay, other[tun], os.read(tun, 65536)))
        while under_way and under_way[0][0] <= time.monotonic():
            _, tun, packet = under_way.popleft()
            os.write(tun, packet)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *sys.argv[3:])
