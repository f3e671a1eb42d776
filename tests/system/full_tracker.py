# SPDX-License-Identifier: MIT
"""Fills the connection tracker of this network namespace with entries that make no room for others:
by nfnetlink, UDP, seen to be answered. Its limit is the whole machine's and cannot be lowered here.

full_tracker.py [ROOM]      leaves room for so many; without it, the table is full
"""

import socket
import struct
import sys

NETLINK_NETFILTER = 12
NEW_CONNTRACK = 1 << 8
REQUEST, EXCLUSIVE, CREATE = 0x1, 0x200, 0x400
NESTED = 0x8000
# Of a tuple: the addresses, and the protocol with its ports.
TUPLE_ORIGINAL, TUPLE_REPLY, STATUS, TIMEOUT = 1, 2, 3, 7
SEEN_REPLY, ASSURED, CONFIRMED = 1 << 1, 1 << 2, 1 << 3
AT_ONCE = 200


def attribute(kind, data):
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + bytes(-length % 4)


def flow(kind, source, target, source_port, target_port):
    addresses = attribute(1 | NESTED, attribute(1, source) + attribute(2, target))
    protocol = attribute(2 | NESTED, attribute(1, bytes([socket.IPPROTO_UDP]))
                         + attribute(2, struct.pack(">H", source_port))
                         + attribute(3, struct.pack(">H", target_port)))
    return attribute(kind | NESTED, addresses + protocol)


def message(number):
    source = struct.pack(">I", 0x0a000000 + number // 60000)
    target = socket.inet_aton("192.0.2.1")
    port = 1024 + number % 60000
    body = (struct.pack("=BBH", socket.AF_INET, 0, 0)
            + flow(TUPLE_ORIGINAL, source, target, port, 53)
            + flow(TUPLE_REPLY, target, source, 53, port)
            + attribute(STATUS, struct.pack(">I", SEEN_REPLY | ASSURED | CONFIRMED))
            + attribute(TIMEOUT, struct.pack(">I", 600)))
    return struct.pack("=IHHII", 16 + len(body), NEW_CONNTRACK,
                       REQUEST | EXCLUSIVE | CREATE, 0, 0) + body


def number_in(name):
    with open(f"/proc/sys/net/netfilter/{name}", encoding="ascii") as file:
        return int(file.read())


def leave(room):
    most = number_in("nf_conntrack_max") - room
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
        for first in range(0, most, AT_ONCE):
            last = min(first + AT_ONCE, most)
            netlink.send(b"".join(message(number) for number in range(first, last)))
    assert number_in("nf_conntrack_count") == most, number_in("nf_conntrack_count")


def fill():
    most = number_in("nf_conntrack_max")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
        for first in range(0, most + AT_ONCE, AT_ONCE):
            if first < most - AT_ONCE:
                netlink.send(b"".join(message(first + i) for i in range(AT_ONCE)))
            else:
                for i in range(AT_ONCE):
                    netlink.send(message(first + i))  # the last of them find no room
    assert number_in("nf_conntrack_count") >= most, number_in("nf_conntrack_count")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        leave(int(sys.argv[1]))
    else:
        fill()
