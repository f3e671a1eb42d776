# SPDX-License-Identifier: MIT
"""`tcpgoon demo`: the server comes along and goes again, whatever happens."""

import os
import signal

import harness


class Demo(harness.Case):
    def none_left(self):
        harness.wait_until(
            lambda: harness.processes_of(os.path.realpath(harness.TCPGOON)) == [],
            "the end of the demo's server")
        self.assertEqual(harness.sockets(harness.TCP_LISTEN), 0)

    def test_ten_thousand(self):
        demo = self.run_tcpgoon("demo", seconds=60)
        self.assert_status(demo, 0)
        self.assertIn("Total established connections: 10000\n", demo.stdout)
        self.none_left()

    def test_server_counts_all_on_one_core(self):
        one = {min(os.sched_getaffinity(0))}
        demo = self.run_tcpgoon("demo", "-c", "3000", seconds=60,
                                prepare=lambda: os.sched_setaffinity(0, one))
        self.assert_status(demo, 0)
        self.assertIn("Total established connections: 3000\n", demo.stdout)
        self.assertIn("Server: accepted 3000,", demo.stdout)

    def test_as_many_as_asked(self):
        demo = self.run_tcpgoon("demo", "-c", "25")
        self.assert_status(demo, 0)
        self.assertIn("Total established connections: 25\n", demo.stdout)
        self.none_left()

    def test_wrong_flag(self):
        demo = self.run_tcpgoon("demo", "-c", "ten")
        self.assert_status(demo, 1)
        self.assertIn("--connections", demo.stderr)
        self.none_left()

    def end_by(self, number, expected):
        demo = self.tcpgoon("demo", "-c", "5000", "--hold", "30s")
        harness.wait_until(lambda: harness.sockets(harness.TCP_ESTABLISHED) >= 2000,
                           "thousands of connections", seconds=20)
        demo.send(number)
        self.assertEqual(demo.wait(10), expected, demo.describe())
        self.none_left()

    def test_sigint(self):
        self.end_by(signal.SIGINT, 1)

    def test_sigterm(self):
        self.end_by(signal.SIGTERM, 1)

    def test_sighup(self):
        self.end_by(signal.SIGHUP, 1)

    def test_killed(self):
        self.end_by(signal.SIGKILL, -signal.SIGKILL)


if __name__ == "__main__":
    harness.main()
