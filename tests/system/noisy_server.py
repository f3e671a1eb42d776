# SPDX-License-Identifier: MIT
"""A server that sends without being asked, in a process of its own.

    noisy_server.py PORT often|once|stubborn|parting|half SECONDS

Each connection gets something every SECONDS (often), or once, that long after it was accepted.
When the client has closed its direction: `often` and `once` close, `stubborn` goes on sending for
ever, `half` sends no more and keeps its own direction open, `parting` sends some more, and closes
SECONDS later. Prints a line for each connection that was reset.
"""

import contextlib
import selectors
import socket
import sys
import time

CHUNK = b"x" * 2000


class Connection:
    def __init__(self, sock, seconds):
        sock.setblocking(False)
        self.sock = sock
        self.next = time.monotonic() + seconds
        self.sent = 0
        self.closed_by_client = False
        self.ends = None


def serve(port, how, seconds):
    listener = socket.create_server(("127.0.0.1", port), backlog=4096)
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    connections = {}

    def close(connection):
        if connections.pop(connection.sock.fileno(), None):
            with contextlib.suppress(KeyError):
                selector.unregister(connection.sock)
            connection.sock.close()

    def was_reset(connection):
        print("reset", flush=True)
        close(connection)

    def accept():
        with contextlib.suppress(BlockingIOError):
            while True:
                sock = listener.accept()[0]
                connections[sock.fileno()] = Connection(sock, seconds)
                selector.register(sock, selectors.EVENT_READ)

    def read(connection):
        if connection.sock.recv(4096) == b"":
            connection.closed_by_client = True
            selector.unregister(connection.sock)
            if how in ("often", "once"):
                close(connection)
            if how == "parting":
                connection.ends = time.monotonic() + seconds

    def tend(connection, now):
        if connection.ends is not None and now >= connection.ends:
            close(connection)
        elif now >= connection.next and not (how == "once" and connection.sent) and not (
                how == "half" and connection.closed_by_client):
            with contextlib.suppress(BlockingIOError):
                connection.sent += connection.sock.send(CHUNK)
            connection.next = now + seconds

    while True:
        for key, _ in selector.select(0.005):
            try:
                accept() if key.fileobj is listener else read(connections[key.fd])
            except KeyError:
                pass
            except OSError:
                was_reset(connections[key.fd])
        now = time.monotonic()
        for connection in list(connections.values()):
            try:
                tend(connection, now)
            except OSError:
                was_reset(connection)


serve(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
