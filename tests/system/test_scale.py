# SPDX-License-Identifier: MIT
"""Many connections: descriptors, time, memory and system calls that they may cost."""

import re
import signal
import tempfile

import harness


class Scale(harness.Case):
    @harness.measured
    def test_19000_at_20000_descriptors(self):
        _, port = self.serve(nofile=20000)
        run = self.dial("127.0.0.1", port, "-c", "19000", "-s", "0", nofile=20000)
        self.assert_status(run, 0)
        self.assertEqual(self.report_of(run).established, 19000)
        self.assert_in_time(run.wall_s, 4, run)

    def test_memory_of_19000(self):
        _, port = self.serve(nofile=20000)
        run = self.dial("127.0.0.1", port, "-c", "19000", "-s", "0", "--hold", "300ms",
                        nofile=20000)
        self.assert_status(run, 0)
        report = self.report_of(run)
        self.assertEqual(report.max_concurrent, 19000)
        self.assertEqual(report.on_closure, 19000)
        self.assertGreater(run.peak_memory_kib, 0)
        if harness.MEASURING:
            self.assertLess(run.peak_memory_kib, 16 * 1024)

    def test_again_at_once_over_time_wait(self):
        _, port = self.serve(nofile=20000)
        for _ in range(2):
            run = self.dial("127.0.0.1", port, "-c", "19000", "-s", "0", nofile=20000)
            self.assert_status(run, 0)
            self.assertEqual(self.report_of(run).failed, 0)

    def test_server_holds_100000(self):
        server, port = self.serve(nofile=20000)
        clients = [
            self.tcpgoon("run", host, port, "-y", "-c", "50000", "-s", "0", "--hold", "10m",
                         nofile=20000)
            for host in ("127.0.0.1", "127.0.0.2")]
        for client in clients:
            harness.wait_until(
                lambda: harness.sockets(harness.TCP_ESTABLISHED, local_port=port) == 100000
                or not client.running(),
                "100,000 connections at the server")
        for client in clients:
            self.assertTrue(client.running(), client.describe())
            client.send(signal.SIGINT)
        for client in clients:
            client.wait()
            self.assertEqual(self.report_of(client).on_closure, 50000, client.describe())
        server.send(signal.SIGINT)
        server.wait()
        self.assertIn("Max concurrent open connections: 100000\n", server.stdout)


# All that a connection may cost by itself; the rest must not grow with their number.
FOR_A_CONNECTION = {"io_uring_enter", "io_uring_register", "socket", "setsockopt", "bind",
                    "close", "close_range"}


# About many connections at once, when the run is over.
ASKING_THE_KERNEL = ("sendto", "recvmmsg", "recvfrom")


class SystemCalls(harness.Case):
    def count(self, port, connections):
        with tempfile.NamedTemporaryFile("r") as table:
            run = self.start("strace", "-f", "-c", "-o", table.name, harness.TCPGOON, "run",
                             "127.0.0.1", port, "-y", "-s", "0", "-c", connections)
            self.assertEqual(run.wait(), 0, run.describe())
            # "% time  seconds  usecs/call  calls  [errors]  syscall"
            rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$",
                              table.read(), re.MULTILINE)
        return {name: int(calls) for calls, name in rows if name != "total"}

    @harness.requires("strace")
    @harness.left_out_unless_measuring
    def test_none_for_each_connection_but_the_prepared(self):
        _, port = self.serve()
        others = {}
        for connections in (500, 5000):
            calls = self.count(port, connections)
            self.assertIn("io_uring_enter", calls)
            others[connections] = {name: number for name, number in calls.items()
                                   if name not in FOR_A_CONNECTION}
        # The kernel is asked about 64 at once, and its answers are read 16 at a time: about each
        # that is open, and where other programs close theirs meanwhile, about each FIN, which may
        # take several passes.
        asking = {connections: sum(calls.pop(name, 0) for name in ASKING_THE_KERNEL)
                  for connections, calls in others.items()}
        self.assertLess(asking[5000], 5000 / 2)
        self.assertLess(sum(others[5000].values()), 600, others)
        self.assertLess(sum(others[5000].values()), sum(others[500].values()) + 100, others)


if __name__ == "__main__":
    harness.main()
