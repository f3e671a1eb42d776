# SPDX-License-Identifier: MIT
"""quiet_server.py HOST PORT [OPTION=NUMBER]...: accepts and says nothing. Options:
keepalive=S    TCP keepalives, every S seconds
defer=S        TCP_DEFER_ACCEPT
backlog=N      of listen(); 1024 where it is not given
after=S        accepts nothing for the first S seconds after a connection waits
never-close=1  does not close what the peer has closed
"""

import select
import socket
import sys
import time


def main():
    host, port, *words = sys.argv[1:]
    options = dict(word.split("=") for word in words)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if "defer" in options:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, int(options["defer"]))
    if "keepalive" in options:
        seconds = int(options["keepalive"])
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, seconds)
    listener.bind((host, int(port)))
    listener.listen(int(options.get("backlog", 1024)))
    if "after" in options:
        select.select([listener], [], [])
        time.sleep(float(options["after"]))
    kept = {}
    while True:
        for ready in select.select([listener, *kept.values()], [], [])[0]:
            if ready is listener:
                connection = listener.accept()[0]
                kept[connection.fileno()] = connection
            elif not ready.recv(65536):
                del kept[ready.fileno()]
                if "never-close" in options:
                    LEFT.append(ready)
                else:
                    ready.close()


LEFT = []

if __name__ == "__main__":
    main()
