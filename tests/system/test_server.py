# SPDX-License-Identifier: MIT
"""`tcpgoon server`: its limits, its addresses, and what it says at its end."""

import contextlib
import re
import signal
import socket
import time

import harness


class Server(harness.Case):
    def total(self, server, title):
        match = re.search(rf"^{title}: (\d+)$", server.stdout, re.MULTILINE)
        self.assertIsNotNone(match, server.describe())
        return int(match[1])

    def connect(self, port, count, host="127.0.0.1"):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return [stack.enter_context(socket.create_connection((host, port), timeout=5))
                for _ in range(count)]

    def test_ends_after_so_many_connections(self):
        port = self.free_port()
        server = self.tcpgoon("server", "-p", port, "-m", "3")
        harness.wait_for_listener(port, server)
        self.connect(port, 2)
        time.sleep(0.2)
        self.assertTrue(server.running(), "it ended before the third connection")
        self.connect(port, 1)
        self.assertEqual(server.wait(5), 0, server.describe())

    def test_ends_after_so_many_seconds(self):
        port = self.free_port()
        server = self.tcpgoon("server", "--port", port, "--duration", "1")
        self.assertEqual(server.wait(5), 0, server.describe())
        self.assertGreaterEqual(server.wall_s, 1.0)
        if harness.MEASURING:
            self.assertLess(server.wall_s, 2.0)

    def test_counts(self):
        server, port = self.serve()
        connections = self.connect(port, 7)
        time.sleep(0.1)
        for connection in connections[:4]:
            connection.close()
        time.sleep(0.2)
        server.send(signal.SIGINT)
        server.wait(5)
        self.assertEqual(self.total(server, "Total accepted connections"), 7)
        self.assertEqual(self.total(server, "Max concurrent open connections"), 7)
        self.assertEqual(self.total(server, "Connections closed by the peer"), 4)
        self.assertEqual(self.total(server, "Connections reset by the peer"), 0)

    def assert_counts_what_waits(self, count, *argv):
        """All that came before the signal, by a server that only gets to it afterwards."""
        server, port = self.serve(*argv)
        server.send(signal.SIGSTOP)
        self.connect(port, count)
        server.send(signal.SIGTERM)
        server.send(signal.SIGCONT)
        self.assertEqual(server.wait(10), 0, server.describe())
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
        self.assertEqual(server.wait(5), 0, server.describe())
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
        listing = harness.subprocess.run(["ss", "-Hltn", f"sport = :{port}"], check=True,
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


if __name__ == "__main__":
    harness.main()
