# SPDX-License-Identifier: MIT
"""A wire that takes its time, between this network and another, in a process of its own.

    slow_wire.py PID SECONDS OURS THEIRS

What goes from address OURS here to THEIRS in the network of process PID arrives SECONDS later, and
so does what comes back. Prints a line when it is ready.
"""

import collections
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
import ctypes

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


def make_end(name, own, other):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "address", "add", own, "peer", other, "dev", name], check=True)
    subprocess.run(["ip", "link", "set", name, "up"], check=True)
    return fd


def main(pid, seconds, ours, theirs):
    here = make_end("wire" + ours.split(".")[2], ours, theirs)
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    if libc.setns(network, CLONE_NEWNET) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    there = make_end("wire", theirs, ours)
    print("ready", flush=True)
    under_way = collections.deque()
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        for end in select.select([here, there], [], [], wait)[0]:
            under_way.append((time.monotonic() + seconds, there if end == here else here,
                              os.read(end, 65536)))
        while under_way and under_way[0][0] <= time.monotonic():
            _, end, packet = under_way.popleft()
            os.write(end, packet)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4])
