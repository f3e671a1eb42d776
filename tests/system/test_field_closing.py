# SPDX-License-Identifier: MIT
"""--close fin ends connections by FIN whatever the peer does meanwhile; what is reset all the same
is counted."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time

import harness


class Noisy(harness.Case):
    def serve_noisily(self, how, seconds):
        port = self.free_port()
        path = os.path.join(os.path.dirname(__file__), "noisy_server.py")
        server = self.start(sys.executable, path, port, how, seconds)
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
        if harness.MEASURING:
            self.assertLess(run.wall_s, 6)

    def test_interrupted_while_it_drains(self):
        port, _ = self.serve_noisily("stubborn", 0.02)
        run = self.start_run("127.0.0.1", port, "-c", "50", "-s", "0", "--hold", "10s")
        harness.wait_until(lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 50,
                           "50 connections")
        time.sleep(0.3)  # for the first data, of which nothing else tells
        run.send(signal.SIGINT)
        harness.wait_until(lambda: harness.sockets(5, remote_port=port) == 50, "50 FIN_WAIT2")
        # The next signal ends it at once, by its default action.
        run.send(signal.SIGINT)
        run.wait(1)
        self.assert_status(run, -signal.SIGINT)

    def test_one_signal_cuts_the_drain_short(self):
        port, _ = self.serve_noisily("stubborn", 0.02)
        run = self.start_run("127.0.0.1", port, "-c", "50", "-s", "0", "--hold", "200ms")
        harness.wait_until(lambda: harness.sockets(5, remote_port=port) == 50, "50 FIN_WAIT2")
        began = time.monotonic()
        run.send(signal.SIGINT)
        run.wait(5)
        result = self.result_of(run)
        self.assertEqual(result["closing"]["closed"], 50)
        if harness.MEASURING:
            self.assertLess(time.monotonic() - began, 0.7)

    def test_quiet_servers_do_not_pay(self):
        _, port = self.serve()
        run, result = self.run_against(port)
        self.assert_closing(run, result, half_closed=0, acknowledged=300, reset=0)
        if harness.MEASURING:
            self.assertLess(result["closing"]["waited_us"], 100000)

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

    def talk_to(self, server, port, stops):
        """
        Clients that send all the time, and once more after the server's FIN; where they stop at all,
        they close then. How many of them were reset, and how long the server took to end.
        """
        clients = [socket.create_connection(("127.0.0.1", port), timeout=5)
                   for _ in range(self.COUNT)]
        resets = []

        def talk(client):
            client.setblocking(False)
            try:
                while True:
                    with contextlib.suppress(BlockingIOError):
                        client.send(b"x" * 1000)
                    with contextlib.suppress(BlockingIOError):
                        if client.recv(10) == b"" and stops:
                            client.send(b"x" * 1000)
                            time.sleep(0.1)
                            error = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                            resets.extend([error] if error else [])
                            break
                    time.sleep(0.005)
            except OSError as error:
                resets.append(error.errno)
            client.close()

        threads = [threading.Thread(target=talk, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        server.send(signal.SIGTERM)
        began = time.monotonic()
        self.assertEqual(server.wait(10), 0, server.describe())
        ended = time.monotonic() - began
        for thread in threads:
            thread.join()
        return len(resets), ended

    def test_clients_that_still_send(self):
        server, port = self.serve()
        resets, _ = self.talk_to(server, port, stops=True)
        self.assertEqual(resets, 0)

    def test_clients_that_never_stop(self):
        server, port = self.serve()
        resets, ended = self.talk_to(server, port, stops=False)
        self.assertEqual(resets, self.COUNT)
        if harness.MEASURING:
            self.assertLess(ended, 3)


class OurServerOnEpoll(OurServer):
    ENGINE = "epoll"


if __name__ == "__main__":
    harness.main()
