# SPDX-License-Identifier: MIT
"""A server that ends each connection some time after it accepted it, in a process of its own.

    unkind_server.py PORT fin|rst|never SECONDS

`fin` closes, `rst` resets, `never` keeps. When it may not have another descriptor it stops accepting
for good, and prints how many connections it has and the errno.
"""

import collections
import select
import socket
import struct
import sys
import time


def end(connection, how):
    if how == "rst":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def serve(port, how, seconds):
    listener = socket.create_server(("127.0.0.1", port), backlog=4 if how == "never" else 1024)
    kept = collections.deque()
    watched = [listener]
    while True:
        wait = None
        if kept and how != "never":
            wait = max(0, kept[0][0] - time.monotonic())
        if select.select(watched, [], [], wait)[0]:
            try:
                kept.append((time.monotonic() + seconds, listener.accept()[0]))
            except OSError as error:
                print(len(kept), error.errno, flush=True)
                watched = []
        while kept and how != "never" and kept[0][0] <= time.monotonic():
            end(kept.popleft()[1], how)


serve(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
