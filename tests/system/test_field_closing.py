# SPDX-License-Identifier: MIT
"""--close fin ends connections by FIN whatever the peer does meanwhile; what is reset all the same
is counted."""

import contextlib
import os
import signal
import socket
import sys
import time

import harness


class Noisy(harness.Case):
    def serve_noisily(self, how, seconds):
        port = self.free_port()
        path = os.path.join(os.path.dirname(__file__), "noisy_server.py")
        server = self.start(sys.executable, path, port, how, seconds, prepare=harness.come_first)
        harness.wait_for_listener(port, server)
        return port, server

    def run_against(self, port, *argv, count=300):
        return self.dial_for_result("127.0.0.1", port, "-c", count, "-s", "0", *argv)

    def assert_closing(self, run, result, **expected):
        found = {name: result["closing"][name] for name in expected}
        self.assertEqual(found, expected, run.describe())

    # how the server behaves, when it sends (seconds), how long the run holds
    ENDED_BY_FIN = (
        ("often", 0.02, "500ms"),
        ("often", 0.001, "300ms"),
        ("once", 0, "300ms"),
        ("parting", 0.1, "300ms"),
        ("half", 0.05, "300ms"),
    )

    def test_servers_that_still_send(self):
        for how, seconds, hold in self.ENDED_BY_FIN:
            with self.subTest(how=how, seconds=seconds):
                port, server = self.serve_noisily(how, seconds)
                run, result = self.run_against(port, "--hold", hold)
                self.assert_closing(run, result, closed=300, acknowledged=300, unanswered=0,
                                    reset=0, undetermined=0)
                self.assertIn("Closing: 300 by FIN, all acknowledged\n", run.stdout)
                self.assertEqual(server.stdout, "", run.describe())
                self.assert_status(run, 0)

    def test_a_server_that_begins_just_then(self):
        """What meets a closed socket is reset: that is counted, or said not to be known."""
        port, _ = self.serve_noisily("once", 0.3)
        run, result = self.run_against(port, "--hold", "290ms")
        closing = result["closing"]
        self.assertEqual(closing["unanswered"], 0, run.describe())
        self.assertEqual(closing["acknowledged"] + closing["reset"] + closing["undetermined"], 300,
                         run.describe())
        names = [row["name"] for row in result["findings"]]
        self.assertEqual("reset_while_closing" in names, closing["reset"] > 0, run.describe())
        self.assert_status(run, 0)

    def test_who_has_sent(self):
        port, _ = self.serve_noisily("often", 0.02)
        run, result = self.run_against(port, "--hold", "500ms")
        self.assertEqual(result["connections"]["received_from"], 300, run.describe())
        self.assertEqual(result["connections"]["accepted_at_least"], 300)
        self.assertEqual(result["closing"]["half_closed"], 300)
        self.assertNotIn("Not known: whether 300 idle", run.stdout)

    @harness.measured
    def test_a_server_that_never_stops(self):
        """It is given a second; then there is no other way, and the report says so."""
        port, server = self.serve_noisily("stubborn", 0.02)
        run, result = self.run_against(port, "--hold", "300ms", count=100)
        closing = result["closing"]
        self.assertEqual(closing["half_closed"], 100)
        self.assertEqual(closing["acknowledged"] + closing["unanswered"], 0, run.describe())
        self.assertEqual(closing["reset"] + closing["undetermined"], 100, run.describe())
        self.assertGreater(closing["reset"], 0)
        harness.wait_until(lambda: server.stdout.count("reset") >= closing["reset"],
                           "as many resets at the server")
        self.assertIn("reset_while_closing", [row["name"] for row in result["findings"]])
        self.assert_status(run, 0)
        self.assert_in_time(run.wall_s, 6, run)

    def wait_for_drain(self, run, port):
        """Until it has closed its direction of 50 that still send: it is patient for a second."""
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_FIN_WAIT2, remote_port=port) == 50
            or not run.running(), "50 FIN_WAIT2")
        if not run.running():
            raise harness.Untimely("it was over before it was interrupted")

    @harness.measured
    def test_interrupted_while_it_drains(self):
        port, _ = self.serve_noisily("stubborn", 0.02)
        run = self.start_run("127.0.0.1", port, "-c", "50", "-s", "0", "--hold", "10s")
        harness.wait_until(lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 50,
                           "50 connections")
        time.sleep(0.3)  # for the first data, of which nothing else tells
        run.send(signal.SIGINT)
        self.wait_for_drain(run, port)
        # The next signal ends it by its default action.
        run.send(signal.SIGINT)
        if run.wait() == 1:
            raise harness.Untimely("it was over before the second signal")
        self.assert_status(run, -signal.SIGINT)

    @harness.measured
    def test_one_signal_cuts_the_drain_short(self):
        port, _ = self.serve_noisily("stubborn", 0.02)
        run = self.start_run("127.0.0.1", port, "-c", "50", "-s", "0", "--hold", "200ms")
        self.wait_for_drain(run, port)
        began = time.monotonic()
        run.send(signal.SIGINT)
        run.wait()
        result = self.result_of(run)
        self.assertEqual(result["closing"]["closed"], 50)
        self.assert_in_time(time.monotonic() - began, 0.7, run)

    @harness.measured
    def test_quiet_servers_do_not_pay(self):
        _, port = self.serve()
        run, result = self.run_against(port)
        self.assert_closing(run, result, half_closed=0, acknowledged=300, reset=0)
        self.assert_in_time(result["closing"]["waited_ns"] / 1e9, 0.1, run)

    def test_close_by_reset_waits_for_nothing(self):
        port, server = self.serve_noisily("often", 0.02)
        run, result = self.run_against(port, "--hold", "300ms", "--close", "rst")
        self.assert_closing(run, result, closed=300, half_closed=0, acknowledged=None, reset=None)
        harness.wait_until(lambda: server.stdout.count("reset") == 300, "300 resets at the server")
        self.assert_status(run, 0)


class OurServer(harness.Case):
    """The same promise on the other side: a server that ends closes by FIN, whoever still sends."""

    COUNT = 100
    ENGINE = "io_uring"

    def serve(self, *argv, **options):
        return super().serve("--engine", self.ENGINE, *argv, **options)

    def talk(self, clients, stops):
        """
        Each sends, and once more after the server's FIN; where they stop at all, it closes then.
        Those that still talk, and those that were reset.
        """
        talking, was_reset = [], []
        for client in clients:
            try:
                with contextlib.suppress(BlockingIOError):
                    client.send(b"x" * 1000)
                ended = False
                with contextlib.suppress(BlockingIOError):
                    ended = client.recv(10) == b""
                if ended and stops:
                    client.send(b"x" * 1000)
                    self.ended.append(client)
                else:
                    talking.append(client)
            except OSError:
                was_reset.append(client)
        return talking, was_reset

    def talk_to(self, server, port, stops):
        """Clients that send all the time: how many were reset, how long the server took to end."""
        self.ended = []
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(self.COUNT)]
        for client in clients:
            self.addCleanup(client.close)
            client.setblocking(False)
        talking = clients
        for _ in range(20):
            talking, was_reset = self.talk(talking, stops)
            self.assertEqual(was_reset, [])
        server.send(signal.SIGTERM)
        began = time.monotonic()
        resets = 0
        while talking and time.monotonic() - began < harness.PATIENCE_S:
            talking, was_reset = self.talk(talking, stops)
            resets += len(was_reset)
        self.assertEqual(server.wait(), 0, server.describe())
        ended = time.monotonic() - began
        resets += sum(client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
                      for client in self.ended)
        return resets, ended

    def test_clients_that_still_send(self):
        server, port = self.serve()
        resets, _ = self.talk_to(server, port, stops=True)
        self.assertEqual(resets, 0)

    @harness.measured
    def test_clients_that_never_stop(self):
        server, port = self.serve()
        resets, ended = self.talk_to(server, port, stops=False)
        self.assertEqual(resets, self.COUNT)
        self.assert_in_time(ended, 3, server)


class OurServerOnEpoll(OurServer):
    ENGINE = "epoll"


if __name__ == "__main__":
    harness.main()
