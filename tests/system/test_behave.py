# SPDX-License-Identifier: MIT
"""`tcpgoon server --behave`, by either engine, as sockets and as `tcpgoon run` see it."""

import contextlib
import re
import signal
import socket
import time

import harness

LOCAL = "127.0.0.1"

# Titles of the totals, and what they are called here.
TITLES = {
    "accepted": "Total accepted connections",
    "by_peer": "Connections closed by the peer",
    "reset_by_peer": "Connections reset by the peer",
    "closed": "Connections closed by the server",
    "reset": "Connections reset by the server",
    "recycled": "Connections recycled",
    "refused": "Connections refused after the accept",
    "silent": "Connections that fell silent",
    "open": "Connections open at the end",
    "received": "Bytes received",
    "sent": "Bytes sent",
}


class Behaviour(harness.Case):
    ENGINE = "io_uring"

    def behave(self, *words, backlog=0, port=None, extra=()):
        """A server that behaves so; (program, port)."""
        behave = [word for text in words for word in ("--behave", text)]
        return self.serve("--engine", self.ENGINE, "--backlog", str(backlog), *behave, *extra,
                          port=port)

    def connect(self, port, count=1):
        found = [socket.create_connection((LOCAL, port), timeout=harness.PATIENCE_S)
                 for _ in range(count)]
        for connection in found:
            self.addCleanup(connection.close)
        return found

    def totals_of(self, server):
        """Ends it; its totals, which add up."""
        server.send(signal.SIGINT)
        self.assertEqual(server.wait(), 0, server.describe())
        found = {}
        for name, title in TITLES.items():
            match = re.search(rf"^{title}: (\d+)$", server.stdout, re.MULTILINE)
            self.assertIsNotNone(match, server.describe())
            found[name] = int(match[1])
        ended = sum(found[name] for name in
                    ("by_peer", "reset_by_peer", "closed", "reset", "recycled", "refused"))
        self.assertEqual(found["accepted"], ended + found["open"], server.describe())
        return found

    def assert_totals(self, server, **expected):
        found = self.totals_of(server)
        self.assertEqual({name: found[name] for name in expected}, expected, server.describe())

    def end_of(self, connection):
        """"fin" or "reset"; data before it are dropped."""
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            return "reset"
        return "fin"

    def dialled(self, port, *argv, **options):
        return self.dial_for_result(LOCAL, port, *argv, **options)

    # ---- How connections end

    @harness.measured
    def test_close_after(self):
        server, port = self.behave("close-after=400ms")
        began = time.monotonic()
        connections = self.connect(port, 20)
        connections[3].sendall(b"a word")
        self.assertEqual({self.end_of(connection) for connection in connections}, {"fin"})
        took = time.monotonic() - began
        self.assertGreaterEqual(took, 0.4)
        self.assert_in_time(took, 0.6, server)
        self.assert_totals(server, accepted=20, closed=20, by_peer=0, received=6)

    @harness.measured
    def test_close_after_as_a_run_sees_it(self):
        server, port = self.behave("close-after=1s")
        run, result = self.dialled(port, "-c", "100", "-s", "2ms", "--hold", "3s")
        self.assert_status(run, 2)
        self.assert_undisturbed(run, result)
        self.assertEqual(result["connections"]["closed_by_peer"], 100, run.describe())
        lifetime = result["lifetime_us"]
        self.assertGreaterEqual(lifetime["min"], 990000, run.describe())
        harness.require_timely(lifetime["p99"] < 1100000, run.describe())
        self.assertEqual([group["cause"] for group in result["causes"]], ["closed_by_peer"])
        self.assert_totals(server, accepted=100, closed=100)

    def test_reset_after(self):
        server, port = self.behave("reset-after=200ms", "banner=hello")
        connections = self.connect(port, 20)
        self.assertEqual({self.end_of(connection) for connection in connections}, {"reset"})
        self.assert_totals(server, accepted=20, reset=20, closed=0, sent=100)

    def test_reset_after_as_a_run_sees_it(self):
        server, port = self.behave("reset-after=300ms")
        run, result = self.dialled(port, "-c", "50", "-s", "2ms", "--hold", "2s")
        self.assert_status(run, 2)
        self.assertEqual(result["connections"]["closed_by_peer"], 50, run.describe())
        self.assertIn([group["cause"] for group in result["causes"]],
                      (["reset_by_peer"], ["reset_at_once"]), run.describe())
        self.assert_totals(server, accepted=50, reset=50)

    def test_a_peer_may_end_first(self):
        server, port = self.behave("close-after=30s", extra=("--debug",))
        first, second, _ = self.connect(port, 3)
        first.shutdown(socket.SHUT_WR)
        self.assertEqual(self.end_of(first), "fin")
        harness.reset(second)
        harness.wait_until(lambda: "reset by peer" in server.stderr, "it was seen to be reset")
        self.assert_totals(server, by_peer=1, reset_by_peer=1, closed=0, open=1)

    def test_recycle_oldest(self):
        server, port = self.behave("recycle-oldest=5")
        connections = self.connect(port, 12)
        self.assertEqual([self.end_of(connection) for connection in connections[:7]], ["fin"] * 7)
        for connection in connections[7:]:
            connection.settimeout(0.05)
            self.assertRaises(TimeoutError, connection.recv, 1)
        self.assert_totals(server, accepted=12, recycled=7, open=5, closed=0)

    # ---- How they are accepted

    def test_never_accept(self):
        server, port = self.behave("never-accept", backlog=4)
        run, result = self.dialled(port, "-c", "20", "-s", "1ms", "-t", "1s", "--hold", "2s")
        self.assert_status(run, 2)
        self.assertIn("backlog_full", [finding["name"] for finding in result["findings"]],
                      run.describe())
        self.assertEqual(result["connections"]["established"], 5, run.describe())
        self.assert_totals(server, accepted=0, open=0)

    @harness.measured
    def test_accept_slowly(self):
        server, port = self.behave("accept-slowly=20")
        began = time.monotonic()
        self.connect(port, 100)
        time.sleep(1)
        totals = self.totals_of(server)
        took = time.monotonic() - began
        self.assertLessEqual(totals["accepted"], took * 20 + 2)
        harness.require_timely(totals["accepted"] >= 18, server.describe())

    def test_refuse_above(self):
        server, port = self.behave("refuse-above=3")
        connections = self.connect(port, 3)
        self.refused(port)
        self.refused(port)
        connections[0].close()
        harness.wait_until(lambda: self.connects(port), "a place is free")
        self.refused(port)
        totals = self.totals_of(server)
        self.assertEqual((totals["open"], totals["by_peer"]), (3, 1), server.describe())

    def connects(self, port):
        with contextlib.suppress(ConnectionRefusedError):
            return self.connect(port)

    def refused(self, port):
        """The kernel may complete a handshake before the server knows: that is reset then."""
        def is_refused():
            try:
                connection = socket.create_connection((LOCAL, port), timeout=harness.PATIENCE_S)
            except ConnectionRefusedError:
                return True
            except ConnectionResetError:
                return False
            with connection:
                self.assertEqual(self.end_of(connection), "reset")
            return False

        harness.wait_until(is_refused, "a SYN is refused")

    def test_refuse_above_as_a_run_sees_it(self):
        server, port = self.behave("refuse-above=40")
        run, result = self.dialled(port, "-c", "100", "-s", "2ms", "--hold", "300ms")
        self.assert_status(run, 2)
        refused = sum(group["count"] for group in result["causes"]
                      if group["cause"] == "refused")
        self.assertGreater(refused, 50, run.describe())
        totals = self.totals_of(server)
        self.assertEqual(totals["accepted"] - totals["refused"], 40, server.describe())

    # ---- What happens to bytes

    def test_banner(self):
        server, port = self.behave(r"banner=220 \x41\t\r\n", "close-after=200ms")
        connections = self.connect(port, 10)
        for connection in connections:
            with connection.makefile("rb") as file:
                self.assertEqual(file.read(), b"220 A\t\r\n")
        self.assert_totals(server, sent=80, closed=10, received=0)

    def test_echo(self):
        server, port = self.behave("echo")
        connections = self.connect(port, 150)
        for number, connection in enumerate(connections):
            connection.sendall(b"%04d" % number * 1000)
        for number, connection in enumerate(connections):
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as file:
                self.assertEqual(file.read(), b"%04d" % number * 1000)
        self.assert_totals(server, by_peer=150, received=600000, sent=600000)

    def test_a_peer_that_does_not_read_its_echo_takes_no_memory(self):
        server, port = self.behave("echo")
        connections = self.connect(port, 3)
        before_kb = self.resident_kb(server)
        piled = [self.fill(connection) for connection in connections]
        # Whatever is full, others are served.
        other, = self.connect(port)
        other.sendall(b"and you?")
        self.assertEqual(other.recv(100), b"and you?")
        self.assertLess(self.resident_kb(server) - before_kb, 8192)
        used_s = server.cpu_s()
        time.sleep(0.3)
        self.assertLess(server.cpu_s() - used_s, 0.1)
        for connection, size in zip(connections, piled):
            connection.settimeout(harness.PATIENCE_S)
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as file:
                self.assertEqual(len(file.read()), size)
        self.assert_totals(server, received=sum(piled) + 8, sent=sum(piled) + 8, open=1)

    def fill(self, connection):
        """Sends until nothing more is taken for a while; the number of bytes."""
        connection.settimeout(0.3)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 1 << 26:
                sent += connection.send(bytes(65536))
        return sent

    def resident_kb(self, program):
        with open(f"/proc/{program.pid}/status", encoding="ascii") as file:
            return int(re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.MULTILINE)[1])

    def test_one_that_sends_without_end_keeps_no_other_waiting(self):
        for word in ("echo", "discard"):
            with self.subTest(word=word):
                server, port = self.behave(word, "close-after=1s")
                flood, = self.connect(port)
                quiet, = self.connect(port)
                flood.settimeout(0.05)
                deadline = time.monotonic() + 0.8
                while time.monotonic() < deadline:
                    with contextlib.suppress(TimeoutError):
                        flood.send(bytes(65536))
                self.assertEqual(self.end_of(quiet), "fin")
                self.assertEqual(self.totals_of(server)["closed"], 2, server.describe())

    def test_silent_after(self):
        server, port = self.behave("echo", "silent-after=300ms", extra=("--debug",))
        talker, waiter = self.connect(port, 2)
        talker.sendall(b"now")
        self.assertEqual(talker.recv(10), b"now")
        harness.wait_until(lambda: server.stderr.count("silent: ") == 2, "both fall silent")
        talker.sendall(b"and now?")
        waiter.shutdown(socket.SHUT_WR)
        used_s = server.cpu_s()
        for connection in (talker, waiter):
            connection.settimeout(0.3)
            self.assertRaises(TimeoutError, connection.recv, 1)
        self.assertLess(server.cpu_s() - used_s, 0.1)
        harness.reset(talker)
        harness.wait_until(lambda: "reset by peer" in server.stderr, "it was seen to be reset")
        self.assert_totals(server, silent=2, by_peer=0, reset_by_peer=1, open=1, sent=3)

    @harness.measured
    def test_slow_read(self):
        server, port = self.behave("slow-read=2000")
        began = time.monotonic()
        first, second = self.connect(port, 2)
        first.sendall(bytes(10000))
        second.sendall(bytes(100))
        time.sleep(1)
        totals = self.totals_of(server)
        took = time.monotonic() - began
        self.assertLessEqual(totals["received"] - 100, 2000 * (took + 0.1))
        harness.require_timely(totals["received"] >= 1800, server.describe())

    def test_slow_echo(self):
        server, port = self.behave("echo", "slow-read=10000")
        connection, = self.connect(port)
        began = time.monotonic()
        connection.sendall(bytes(5000))
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as file:
            self.assertEqual(len(file.read()), 5000)
        self.assertGreaterEqual(time.monotonic() - began, 0.35)
        self.assert_totals(server, received=5000, sent=5000, by_peer=1)

    # ---- The end of the server

    def test_it_ends_whatever_its_connections_do(self):
        for words in (("echo",), ("echo", "slow-read=1"), ("silent-after=10ms",),
                      ("slow-read=10",), ("close-after=20s",), ("banner=x", "echo")):
            with self.subTest(words=words):
                server, port = self.behave(*words)
                connections = self.connect(port, 4)
                self.fill(connections[0])
                connections[1].sendall(bytes(100))
                connections[2].shutdown(socket.SHUT_WR)
                time.sleep(0.05)
                began = time.monotonic()
                self.totals_of(server)
                self.assertLess(time.monotonic() - began, 5 * harness.SLOW)
                self.assertEqual(harness.sockets(harness.TCP_ESTABLISHED, local_port=port), 0)


class BehaviourOnEpoll(Behaviour):
    ENGINE = "epoll"


class Words(harness.Case):
    def test_refusals(self):
        for words, parts in (
                (("nonsense",), ("'nonsense'", "--help")),
                (("clos-after=1s",), ("'clos-after'", "did you mean 'close-after'?")),
                (("close-after",), ("close-after=DURATION",)),
                (("echo=yes",), ("'echo' takes no value",)),
                (("echo", "echo"), ("'echo' is given twice",)),
                (("accept-slowly=0",), ("accept-slowly: '0'", "from 1 to 1000000")),
                ((r"banner=\z",), (r"'\z' is not an escape",)),
                (("close-after=1s", "reset-after=1s"), ("'close-after' and 'reset-after'",)),
                (("never-accept", "banner=x"), ("'never-accept' and 'banner'",)),
        ):
            with self.subTest(words=words):
                behave = [word for text in words for word in ("--behave", text)]
                server = self.run_tcpgoon("server", "-p", self.free_port(), *behave)
                self.assert_status(server, 1)
                self.assertTrue(server.stderr.startswith("tcpgoon: --behave: "), server.stderr)
                self.assertTrue(server.stderr.endswith("\nSee 'tcpgoon server --help'.\n"))
                for part in parts:
                    self.assertIn(part, server.stderr)

    def test_without_a_word_nothing_more_is_said(self):
        server, _ = self.serve()
        server.send(signal.SIGINT)
        server.wait()
        self.assertNotIn("Bytes", server.stdout)


if __name__ == "__main__":
    harness.main()
