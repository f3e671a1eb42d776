# SPDX-License-Identifier: MIT
"""slow_wire.py PID DELAY: a wire (tun) from this network to that of another process, on which each
packet takes DELAY seconds. Needs no queueing discipline of the kernel."""

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
ADDRESSES = ("203.0.113.1", "203.0.113.2")


def open_tun(own, other):
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"slow", IFF_TUN_NO_PI))
    for argv in (("address", "add", own, "peer", other, "dev", "slow"),
                 ("link", "set", "slow", "up")):
        subprocess.run(["ip", *argv], check=True)
    return tun


def enter(path):
    network = os.open(path, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(network, 0) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))


def main():
    pid, delay = sys.argv[1], float(sys.argv[2])
    ours = os.open("/proc/self/ns/net", os.O_RDONLY)
    near = open_tun(*ADDRESSES)
    enter(f"/proc/{pid}/ns/net")
    far = open_tun(*reversed(ADDRESSES))
    enter(f"/proc/self/fd/{ours}")
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
    main()
