# SPDX-License-Identifier: MIT
"""A server that stops accepting for good when it may not have another descriptor.

    full_server.py PORT

It prints then how many connections it has, and the errno.
"""

import select
import socket
import sys


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4)
    kept = []
    watched = [listener]
    while True:
        select.select(watched, [], [])
        try:
            kept.append(listener.accept()[0])
        except OSError as error:
            print(len(kept), error.errno, flush=True)
            watched = []


main()
