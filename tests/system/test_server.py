# SPDX-License-Identifier: MIT
"""`tcpgoon server`: its limits, its addresses, and what it says at its end, by either engine."""

import contextlib
import errno
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import harness
import seccomp

FALLBACK = "tcpgoon: using epoll because io_uring is not available: "


class Base(harness.Case):
    def total(self, server, title):
        match = re.search(rf"^{title}: (\d+)$", server.stdout, re.MULTILINE)
        self.assertIsNotNone(match, server.describe())
        return int(match[1])

    def connect(self, port, count, host="127.0.0.1"):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return [stack.enter_context(socket.create_connection((host, port), timeout=5))
                for _ in range(count)]

    def write(self, path, text):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)

    def unread(self, port, state=harness.TCP_ESTABLISHED):
        """Bytes that have come for the connections of a port and that the server has not taken."""
        with open("/proc/thread-self/net/tcp", encoding="ascii") as file:
            next(file)
            fields = [line.split() for line in file]
        with open("/proc/thread-self/net/tcp6", encoding="ascii") as file:
            next(file)
            fields += [line.split() for line in file]
        return sum(int(field[4].partition(":")[2], 16) for field in fields
                   if int(field[1].rpartition(":")[2], 16) == port
                   and int(field[3], 16) == state)

    def queued(self, port):
        """Connections that wait to be accepted."""
        return self.unread(port, harness.TCP_LISTEN)

    def reset(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def end_of(self, connection):
        """"fin" or "reset", whichever the server ends it by."""
        connection.settimeout(harness.PATIENCE_S)
        try:
            self.assertEqual(connection.recv(1), b"")
        except ConnectionResetError:
            return "reset"
        return "fin"

    def interrupt(self, server):
        server.send(signal.SIGINT)
        self.assertEqual(server.wait(), 0, server.describe())


class Server(Base):
    ENGINE = "io_uring"
    A_CONNECTION = r"lane 0 slot \d+"

    def server(self, *argv, **options):
        return self.tcpgoon("server", "--engine", self.ENGINE, *argv, **options)

    def serve(self, *argv, **options):
        return super().serve("--engine", self.ENGINE, *argv, **options)

    def test_is_on_the_engine_that_was_asked_for(self):
        server, _ = self.serve()
        files = {os.readlink(f"/proc/{server.pid}/fd/{fd}")
                 for fd in os.listdir(f"/proc/{server.pid}/fd")}
        self.assertEqual("anon_inode:[io_uring]" in files, self.ENGINE == "io_uring", files)
        self.assertEqual("anon_inode:[eventpoll]" in files, self.ENGINE == "epoll", files)
        self.interrupt(server)
        self.assertEqual(server.stderr, "")

    def test_ends_after_so_many_connections(self):
        port = self.free_port()
        server = self.server("-p", port, "-m", "3")
        harness.wait_for_listener(port, server)
        self.connect(port, 3)
        self.assertEqual(server.wait(), 0, server.describe())
        self.assertEqual(self.total(server, "Total accepted connections"), 3)

    @harness.measured
    def test_ends_after_so_many_seconds(self):
        port = self.free_port()
        server = self.server("--port", port, "--duration", "1")
        self.assertEqual(server.wait(), 0, server.describe())
        self.assertGreaterEqual(server.wall_s, 1.0)
        self.assert_in_time(server.wall_s, 2, server)

    def test_counts(self):
        server, port = self.serve("--debug")
        connections = self.connect(port, 7)
        harness.wait_until(lambda: server.stderr.count("accepted: ") == 7, "seven accepted")
        for connection in connections[:4]:
            connection.close()
        harness.wait_until(lambda: server.stderr.count("closed by peer: ") == 4, "four closed")
        server.send(signal.SIGINT)
        server.wait()
        self.assertEqual(self.total(server, "Total accepted connections"), 7)
        self.assertEqual(self.total(server, "Max concurrent open connections"), 7)
        self.assertEqual(self.total(server, "Connections closed by the peer"), 4)
        self.assertEqual(self.total(server, "Connections reset by the peer"), 0)

    def test_debug_has_a_line_for_each_event(self):
        server, port = self.serve("--debug")
        first, second = self.connect(port, 2)
        harness.wait_until(lambda: server.stderr.count("\n") == 2, "two lines")
        first.shutdown(socket.SHUT_WR)
        self.assertEqual(self.end_of(first), "fin")
        self.reset(second)
        harness.wait_until(lambda: server.stderr.count("\n") == 4, "two lines more")
        self.interrupt(server)
        self.assertRegex(server.stderr, "\\A" + "".join(
            rf"{event}: {self.A_CONNECTION}, {still_open} open\n" for event, still_open in (
                ("accepted", 1), ("accepted", 2), ("closed by peer", 1), ("reset by peer", 0))
        ) + "\\Z")

    def test_tells_fin_from_rst(self):
        server, port = self.serve()
        connections = self.connect(port, 9)
        for connection in connections[:4]:
            connection.close()
        for connection in connections[4:7]:
            self.reset(connection)
        # Data that are still there when the RST comes do not make a FIN of it.
        connections[7].sendall(bytes(1 << 10))
        self.reset(connections[7])
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, local_port=port) == 1,
            "the end of all connections but one")
        self.interrupt(server)
        self.assertEqual(self.total(server, "Total accepted connections"), 9)
        self.assertEqual(self.total(server, "Connections closed by the peer"), 4)
        self.assertEqual(self.total(server, "Connections reset by the peer"), 4)

    def test_accepts_exactly_as_many_as_allowed(self):
        """What waits beyond that is refused, not taken and dropped."""
        server, port = self.serve("-m", "100")
        server.send(signal.SIGSTOP)
        connections = self.connect(port, 150)
        server.send(signal.SIGCONT)
        self.assertEqual(server.wait(), 0, server.describe())
        self.assertEqual(self.total(server, "Total accepted connections"), 100)
        ends = [self.end_of(connection) for connection in connections]
        self.assertEqual(ends, 100 * ["fin"] + 50 * ["reset"])

    def assert_counts_what_waits(self, count, *argv):
        """All that came before the signal, by a server that only gets to it afterwards."""
        server, port = self.serve(*argv)
        server.send(signal.SIGSTOP)
        self.connect(port, count)
        server.send(signal.SIGTERM)
        server.send(signal.SIGCONT)
        self.assertEqual(server.wait(), 0, server.describe())
        self.assertEqual(self.total(server, "Total accepted connections"), count)

    def test_counts_what_waits(self):
        self.assert_counts_what_waits(900)

    def test_counts_what_waits_with_accepts_made_singly(self):
        self.assert_counts_what_waits(900, "-m", "1000")

    def test_ends_though_what_waits_finds_no_room(self):
        server, port = self.serve("-m", "5", "--duration", "0")
        server.send(signal.SIGSTOP)
        self.connect(port, 9)
        server.send(signal.SIGTERM)
        server.send(signal.SIGCONT)
        self.assertEqual(server.wait(), 0, server.describe())
        self.assertEqual(self.total(server, "Total accepted connections"), 5)

    def test_listens_where_told(self):
        _, port = self.serve("--listen", "127.0.0.2")
        self.connect(port, 1, "127.0.0.2")
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)

    def test_listens_on_both_families_by_default(self):
        _, port = self.serve()
        self.connect(port, 1, "127.0.0.1")
        self.connect(port, 1, "::1")

    def test_backlog(self):
        _, port = self.serve("--backlog", "77")
        listing = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], check=True,
                                         capture_output=True, text=True).stdout
        self.assertEqual(listing.split()[2], "77", listing)

    def test_port_in_use(self):
        _, port = self.serve()
        second = self.run_tcpgoon("server", "-p", port)
        self.assert_explained(second, str(port))

    def test_reads_what_it_is_sent(self):
        """A peer that talks does not fill up its window."""
        _, port = self.serve()
        connection, = self.connect(port, 1)
        connection.settimeout(5)
        connection.sendall(bytes(32 << 20))

    def test_reads_what_has_piled_up(self):
        """More than it takes in one go, and nothing comes any more that would tell it to go on."""
        path = "/proc/sys/net/ipv4/tcp_rmem"
        with open(path, encoding="ascii") as file:
            before = file.read()
        self.addCleanup(self.write, path, before)
        self.write(path, "4096 8388608 16777216")
        server, port = self.serve()
        connection, = self.connect(port, 1)
        server.send(signal.SIGSTOP)
        connection.sendall(bytes(3 << 20))
        connection.shutdown(socket.SHUT_WR)
        harness.wait_until(lambda: self.unread(port, harness.TCP_CLOSE_WAIT) > 3 << 20,
                           "all that was sent in the server's queue")
        server.send(signal.SIGCONT)
        self.assertEqual(self.end_of(connection), "fin")

    def test_one_that_sends_without_end_keeps_no_other_waiting(self):
        _, port = self.serve()
        loud, quiet = self.connect(port, 2)
        ended = threading.Event()

        def send():
            with contextlib.suppress(OSError):
                while not ended.is_set():
                    loud.sendall(bytes(1 << 20))

        thread = threading.Thread(target=send)
        thread.start()
        try:
            time.sleep(0.1)
            quiet.shutdown(socket.SHUT_WR)
            self.assertEqual(self.end_of(quiet), "fin")
            late, = self.connect(port, 1)
            late.shutdown(socket.SHUT_WR)
            self.assertEqual(self.end_of(late), "fin")
        finally:
            ended.set()
            thread.join()

    def test_what_came_before_its_end_is_received(self):
        """A close over data that nobody has read would be a RST."""
        server, port = self.serve()
        connections = self.connect(port, 700)
        harness.wait_until(lambda: self.queued(port) == 0, "the server to accept all")
        server.send(signal.SIGSTOP)
        server.send(signal.SIGTERM)
        for connection in connections:
            connection.sendall(b"x")
        server.send(signal.SIGCONT)
        ends = [self.end_of(connection) for connection in connections]
        self.assertEqual(ends.count("reset"), 0)
        self.assertEqual(server.wait(5), 0, server.describe())
        self.assertEqual(self.total(server, "Total accepted connections"), 700)

    def test_a_second_signal_ends_it_at_once(self):
        """While it waits for a peer that has sent data and does not close."""
        server, port = self.serve()
        connection, = self.connect(port, 1)
        connection.sendall(b"x")
        harness.wait_until(lambda: self.unread(port) == 0, "the server to read")
        server.send(signal.SIGINT)
        self.assertEqual(self.end_of(connection), "fin")
        server.send(signal.SIGINT)
        self.assertEqual(server.wait(), -signal.SIGINT, server.describe())


class ServerOnEpoll(Server):
    ENGINE = "epoll"
    A_CONNECTION = r"descriptor \d+"

    def descriptors(self, server):
        return len(os.listdir(f"/proc/{server.pid}/fd"))

    def test_limit_of_open_files(self):
        """It is named with what lifts it, nothing that waits is lost, and what closes makes room."""
        server, port = self.serve(nofile=64)
        connections = self.connect(port, 100)
        harness.wait_until(lambda: server.stderr != "", "a word about the limit")
        self.assertEqual(
            server.stderr,
            "tcpgoon: no room for more connections than are open now: each takes a file "
            "descriptor, and the limit of open files is 64: raise it with 'ulimit -n'\n")
        began = time.monotonic()
        for index, connection in enumerate(connections):
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(self.end_of(connection), "fin")
            if index < 36:
                harness.wait_until(lambda: self.descriptors(server) == 64, "the next connection")
        if harness.MEASURING:
            self.assertLess(time.monotonic() - began, 2)  # without a pause for each
        self.interrupt(server)
        self.assertEqual(self.total(server, "Total accepted connections"), 100)
        self.assertEqual(self.total(server, "Connections closed by the peer"), 100)
        most = self.total(server, "Max concurrent open connections")
        self.assertGreater(most, 50)
        self.assertLess(most, 64)
        self.assertEqual(server.stderr.count("\n"), 1, server.describe())

    def test_ends_at_the_limit_of_open_files(self):
        server, port = self.serve(nofile=64)
        self.connect(port, 100)
        harness.wait_until(lambda: server.stderr != "", "a word about the limit")
        self.interrupt(server)
        self.assertEqual(self.total(server, "Total accepted connections"),
                         self.total(server, "Max concurrent open connections"))

    @harness.requires("strace")
    def test_limit_of_watches(self):
        """A connection that epoll does not take yet is ours already: it is kept, and watched later."""
        port = self.free_port()
        # The first two calls are for the listening socket and the signals.
        server = self.start("strace", "-qq", "-o", "/dev/null", "-e", "trace=epoll_ctl", "-e",
                            "inject=epoll_ctl:error=ENOSPC:when=4..6", harness.TCPGOON, "server",
                            "--engine", "epoll", "-p", port, "-m", "4")
        harness.wait_for_listener(port, server)
        connections = self.connect(port, 3)
        for connection in connections:
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(self.end_of(connection), "fin")
        self.connect(port, 1)
        self.assertEqual(server.wait(), 0, server.describe())
        self.assertEqual(self.total(server, "Total accepted connections"), 4)
        self.assertEqual(self.total(server, "Connections closed by the peer"), 3)
        self.assertEqual(
            server.stderr,
            "tcpgoon: no room for more connections than are open now: this user may have no more "
            "descriptors watched by epoll: raise the sysctl fs.epoll.max_user_watches\n")


class Choice(Base):
    def test_epoll_where_io_uring_is_blocked(self):
        for call in seccomp.IO_URING_CALLS:
            for name in ("EPERM", "ENOSYS"):
                with self.subTest(call=call, errno=name):
                    server, port = self.serve(
                        prepare=seccomp.refusing(call, getattr(errno, name)))
                    connections = self.connect(port, 5)
                    connections[0].close()
                    connections[1].shutdown(socket.SHUT_WR)
                    self.assertEqual(self.end_of(connections[1]), "fin")
                    self.interrupt(server)
                    self.assertEqual(self.total(server, "Total accepted connections"), 5)
                    self.assertEqual(self.total(server, "Connections closed by the peer"), 2)
                    self.assertEqual(server.stderr.count("\n"), 1, server.describe())
                    self.assertTrue(server.stderr.startswith(FALLBACK), server.describe())
                    for word in (call, name, "seccomp"):
                        self.assertIn(word, server.stderr)

    def test_io_uring_where_it_can_be_had(self):
        server, _ = self.serve()
        files = [os.readlink(f"/proc/{server.pid}/fd/{fd}")
                 for fd in os.listdir(f"/proc/{server.pid}/fd")]
        self.assertIn("anon_inode:[io_uring]", files)
        self.interrupt(server)
        self.assertEqual(server.stderr, "")

    def test_nothing_else_where_io_uring_was_asked_for(self):
        server = self.run_tcpgoon("server", "-p", self.free_port(), "--engine", "io_uring",
                                  prepare=seccomp.refusing("io_uring_setup", errno.EPERM))
        self.assert_explained(server, "io_uring_setup", "EPERM", "seccomp")
        self.assertNotIn("epoll", server.stderr)

    def test_no_word_where_epoll_was_asked_for(self):
        server, _ = self.serve("--engine", "epoll",
                               prepare=seccomp.refusing("io_uring_setup", errno.EPERM))
        self.interrupt(server)
        self.assertEqual(server.stderr, "")


if __name__ == "__main__":
    harness.main()
