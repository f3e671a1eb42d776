# SPDX-License-Identifier: MIT
"""The programs that are compared: how each is called, seen to be done, and ended."""

import dataclasses
import json
import re
import shutil
import signal

HOST = "127.0.0.1"
PORT = 54321
CONTROL_PORT = 54320  # neper's own

# How it is known that all connections are open.
BY_LINE = "line"  # the program says so
BY_SOCKETS = "sockets"  # the kernel counts twice as many sockets of TCP: both ends
BY_EXIT = "exit"  # none is held: opened and closed in turn, and the kernel counts them


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    title: str
    path: str
    arguments: object  # of the number of connections: the words after the path
    done: str
    # BY_LINE: of a line, the number of connections it says are open; None: another line.
    established: object = None
    end: object = None  # the signal that ends it; None: the end of its standard input
    server: object = None  # words after the path of its own server; None: tcpgoon's
    note: str = ""

    def command(self, connections):
        return [self.path, *[str(word) for word in self.arguments(connections)]]

    def server_command(self, tcpgoon):
        if self.server is not None:
            return [self.path, *[str(word) for word in self.server]]
        return [tcpgoon, "server", "-p", str(PORT), "-m", "0", "-d", "0"]


def of_json(line):
    return json.loads(line)["established"] if line.startswith("{") else None


def of_holding(line):
    match = re.search(r"Holding ([\d,]+) connections", line)
    return int(match[1].replace(",", "")) if match else None


def reference(name, title, path):
    return Program(name, title, path, lambda n: [HOST, PORT, n], BY_LINE, established=of_json)


def own(path, name="tcpgoon", title="tcpgoon", options=()):
    return Program(
        name, title, path,
        lambda n: ["run", HOST, PORT, "-c", n, "-s", "0", "-y", "--hold", "24h", *options],
        BY_LINE, established=of_holding, end=signal.SIGINT)


def go_tcpgoon(path):
    return Program(
        "go-tcpgoon", "tcpgoon (Go)", path,
        lambda n: ["run", HOST, PORT, "-c", n, "-s", "0", "-y"],
        BY_SOCKETS, end=signal.SIGTERM,
        note="the kernel chooses its source ports")


def tcpkali(path):
    return Program(
        "tcpkali", "tcpkali", path,
        lambda n: ["-c", n, "--connect-rate", 10 * n, "-w", 1, "-T", "1h", f"{HOST}:{PORT}"],
        BY_SOCKETS, end=signal.SIGTERM,
        note="one worker; the kernel chooses its source ports")


def wrk(path):
    return Program(
        "wrk", "wrk", path,
        lambda n: ["-t", 1, "-c", n, "-d", "1h", f"http://{HOST}:{PORT}/"],
        BY_SOCKETS, end=signal.SIGTERM,
        note="one thread; it sends a request on each connection, which is never answered; "
             "the kernel chooses its source ports")


def tcp_crr(path):
    control = ["-C", CONTROL_PORT, "-P", PORT, "-T", 1]
    return Program(
        "tcp_crr", "neper tcp_crr", path,
        lambda n: ["-c", "-H", HOST, *control, "-F", 64, "-l", -n],
        BY_EXIT, server=control,
        note="64 at a time to its own server; each carries a request and a response of one byte "
             "and is closed: none is held, and all CPU is the whole process's")


# Peers by option: how to make each, and what it is called where it is installed.
PEERS = {
    "go-tcpgoon": (go_tcpgoon, None),  # its file has the name of ours
    "tcpkali": (tcpkali, "tcpkali"),
    "wrk": (wrk, "wrk"),
    "tcp_crr": (tcp_crr, "tcp_crr"),
}


def peers(paths):
    """Those given by path (a dictionary by name) or installed."""
    found = []
    for name, (make, installed) in PEERS.items():
        path = paths.get(name) or (installed and shutil.which(installed))
        if path:
            found.append(make(path))
    return found


def missing(paths):
    """Why the others are not there, by name."""
    reasons = {}
    for name, (_, installed) in PEERS.items():
        if not paths.get(name) and not (installed and shutil.which(installed)):
            reasons[name] = "not installed" if installed else "not given by path"
    return reasons
