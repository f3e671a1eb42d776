# SPDX-License-Identifier: MIT
"""Sockets and counters as the kernel shows them, of the calling thread's network or of that of a
process.
"""

import contextlib

from .environment import PATIENCE_S
from .waiting import wait_until

TCP_ESTABLISHED = 1
TCP_SYN_SENT = 2
TCP_FIN_WAIT1 = 4
TCP_FIN_WAIT2 = 5
TCP_TIME_WAIT = 6
TCP_CLOSE_WAIT = 8
TCP_LISTEN = 10


def sockets(state, *, local_port=None, remote_port=None, network="thread-self"):
    """How many TCP sockets of our network, or of that of a process, are in `state`."""
    # While sockets come and go the kernel may list one of them twice.
    found = set()
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{network}/net/{name}", encoding="ascii") as file:
                next(file)
                for line in file:
                    _, local, remote, code, *rest = line.split()
                    if (int(code, 16) == state
                            and local_port in (None, int(local.rpartition(":")[2], 16))
                            and remote_port in (None, int(remote.rpartition(":")[2], 16))):
                        inode = rest[5] if len(rest) > 5 else None
                        found.add((local, remote, inode))
    return len(found)


def counter(group, name, network="thread-self"):
    """Of a network, ever, as nstat(8) has it: counter("Tcp", "ActiveOpens")."""
    for file_name in ("snmp", "netstat"):
        with open(f"/proc/{network}/net/{file_name}", encoding="ascii") as file:
            for header, line in zip(file, file):
                if header.startswith(f"{group}:") and name in header.split():
                    return int(line.split()[header.split().index(name)])
    raise AssertionError(f"no counter {group}.{name}")


def wait_for_listener(port, program=None, seconds=PATIENCE_S):
    """In the network of `program`, which may be another one than ours."""
    def ready():
        if program is not None and not program.running():
            program.wait()
            raise AssertionError(f"ended before it listened on {port}\n{program.describe()}")
        network = program.pid if program is not None else "thread-self"
        return sockets(TCP_LISTEN, local_port=port, network=network) > 0
    wait_until(ready, f"a listener on port {port}", seconds)
