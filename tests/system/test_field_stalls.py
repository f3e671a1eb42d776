# SPDX-License-Identifier: MIT
"""What this program times while it is stopped, or has no CPU, is not charged to the target."""

import contextlib
import os
import signal
import socket
import sys
import time
import unittest

import harness

STOP_SECONDS = 2


class Stalls(harness.Case):
    def client_limited(self, result):
        found = [row for row in result["findings"] if row["name"] == "client_limited"]
        return found[0] if found else None

    def assert_stall(self, run, result, seconds=STOP_SECONDS):
        stalls = result["stalls"]
        self.assertGreaterEqual(stalls["longest_ns"] / 1e9, seconds - 0.15, run.describe())
        self.assert_in_time(stalls["longest_ns"] / 1e9, seconds + 0.5, run)
        self.assertIn("Stalls: ", run.stdout)
        return stalls

    def assert_named(self, run, result):
        finding = self.client_limited(result)
        self.assertIsNotNone(finding, run.describe())
        self.assertEqual(finding["side"], "local")
        self.assertIn("this program was stalled", finding["evidence"])


@harness.requires("nsenter")
@unittest.skipUnless(os.access("/dev/net/tun", os.R_OK | os.W_OK), "no /dev/net/tun")
class OverASlowPath(Stalls):
    """A round trip of 0.6 s, so that dials are under way whenever it is stopped."""

    ROUND_TRIP = 0.6

    def setUp(self):
        number = self.free_port() % 250
        self.port = 9000 + number
        self.server = f"192.168.{number}.2"
        there = self.other_network()
        wire = self.start(sys.executable, os.path.join(os.path.dirname(__file__), "slow_wire.py"),
                          there[2], self.ROUND_TRIP / 2, f"192.168.{number}.1", self.server)
        harness.wait_until(lambda: wire.stdout == "ready\n" or not wire.running(), "the wire")
        server = self.start(*there, harness.TCPGOON, "server", "-p", self.port, "-m", "0",
                            "-d", "0")
        harness.wait_until(self.is_served, "the server over there")
        self.assertTrue(server.running())

    def is_served(self):
        with contextlib.suppress(OSError):
            socket.create_connection((self.server, self.port), timeout=2).close()
            return True
        return False

    def count(self, state):
        return harness.sockets(state, remote_port=self.port)

    def under_way(self, least):
        """Whether so many dials wait for their answer: for `when` and `still`."""
        return lambda: self.count(harness.TCP_SYN_SENT) >= least

    def run_and_pause(self, *argv, when, still=lambda: True, seconds=STOP_SECONDS):
        """Stopped when something is so; and it must still be so, or else, when it is stopped."""
        run = self.start_run(self.server, self.port, *argv)
        harness.wait_until(lambda: when() or not run.running(), "some connections")
        if not run.running():
            raise harness.Untimely("it was over before it was stopped")
        run.send(signal.SIGSTOP)
        in_time = still()
        time.sleep(seconds)
        run.send(signal.SIGCONT)
        run.wait()
        if not in_time:
            raise harness.Untimely("it was stopped too late")
        return run, self.result_of(run)

    def pause_while_dialling(self, *argv, count, **options):
        """Stopped when some are up, some are under way and some are not dialled yet."""
        def dialled():
            return self.count(harness.TCP_ESTABLISHED) + self.count(harness.TCP_SYN_SENT)

        return self.run_and_pause(
            "-c", count, "-s", "5", *argv, **options,
            when=lambda: self.count(harness.TCP_ESTABLISHED) >= 20,
            still=lambda: self.under_way(20)() and dialled() < count)

    @harness.measured
    def test_stopped_while_dialling(self):
        run, result = self.pause_while_dialling(count=600)
        stalls = self.assert_stall(run, result)
        self.assertEqual(result["connections"]["established"], 600, run.describe())
        self.assertGreaterEqual(stalls["connect_apart"], 20, run.describe())
        self.assertEqual(result["connect_us"]["count"] + stalls["connect_apart"], 600)
        self.assert_in_time(result["connect_us"]["max"] / 1e6, 1.1, run)
        self.assert_named(run, result)
        self.assertIn(f"Set apart because they span a stall: {stalls['connect_apart']} connect "
                      f"times",
                      run.stdout)
        # Late is what the program was: the lag keeps it.
        self.assertGreaterEqual(result["lag_us"]["max"], 1500000)
        self.assert_status(run, 0)

    @harness.measured
    def test_stopped_at_full_speed(self):
        """Many answers at once wait to be taken: none of them counts as too late."""
        run, result = self.run_and_pause("-c", "1000", "-s", "0", "-t", "1500ms",
                                         when=self.under_way(800), still=self.under_way(100))
        self.assert_stall(run, result)
        self.assertEqual(result["connections"]["established"], 1000, run.describe())
        self.assertEqual(result["causes"], [])
        self.assert_named(run, result)
        self.assert_status(run, 0)

    @harness.measured
    def test_stopped_for_less(self):
        run, result = self.pause_while_dialling(count=600, seconds=0.4)
        stalls = self.assert_stall(run, result, 0.4)
        self.assertGreaterEqual(stalls["connect_apart"], 20, run.describe())
        self.assert_named(run, result)

    @harness.measured
    def test_a_threshold_speaks_of_what_is_left(self):
        run, result = self.pause_while_dialling("--abort-if", "connect.max>1500ms",
                                                "--fail-if", "connect.p99>1500ms", count=600)
        longest = result["connect_us"]["max"]
        harness.require_timely(longest <= 1500000, f"{longest} µs beside the stall")
        self.assertEqual(result["ended"], "completed", run.describe())
        self.assert_status(run, 0)

    @harness.measured
    def test_a_threshold_of_which_nothing_is_left(self):
        run, result = self.run_and_pause("-c", "20", "-s", "0", "--fail-if", "connect.p99>100us",
                                         when=self.under_way(20), still=self.under_way(20))
        self.assertEqual(result["connect_us"]["count"], 0, run.describe())
        self.assertFalse(result["thresholds"][0]["crossed"])
        self.assertIn("stall of this program", result["thresholds"][0]["not_judged"])
        self.assertNotEqual(run.status, 0, run.describe())

    @harness.measured
    def test_stopped_while_it_holds(self):
        """Nothing is timed across it, and it is said all the same."""
        run = self.start_run(self.server, self.port, "-c", "50", "-s", "0", "--hold", "1s")
        harness.wait_until(lambda: "Holding 50 connections" in run.stderr, "the hold")
        run.send(signal.SIGSTOP)
        time.sleep(STOP_SECONDS)
        run.send(signal.SIGCONT)
        run.wait()
        result = self.result_of(run)
        stalls = self.assert_stall(run, result)
        self.assertEqual(stalls["connect_apart"], 0)
        self.assertEqual(result["connect_us"]["count"], 50)
        self.assert_named(run, result)
        self.assert_status(run, 0)

    @harness.left_out_unless_measuring
    @harness.measured
    def test_nothing_stops_it(self):
        run, result = self.dial_for_result(self.server, self.port, "-c", "100", "-s", "5",
                                           "--hold", "500ms")
        harness.require_timely(result["stalls"]["count"] == 0, run.describe())
        self.assertNotIn("Stalls: ", run.stdout)
        self.assertEqual(result["connect_us"]["count"], 100)


class Drops(Stalls):
    @harness.measured
    def test_dropped_while_it_is_stopped(self):
        """They lived for half a second or for two and a half: that is not known."""
        kept = []
        port = self.serve_in_python(kept.append)
        run = self.start_run("127.0.0.1", port, "-c", "30", "-s", "0", "--hold", "1h")
        harness.wait_until(lambda: len(kept) == 30, "30 that are accepted")
        time.sleep(0.6)  # so that they do not end at once
        run.send(signal.SIGSTOP)
        for connection in kept:
            connection.close()
        time.sleep(STOP_SECONDS)
        run.send(signal.SIGCONT)
        run.wait()
        result = self.result_of(run)
        self.assert_stall(run, result)
        self.assertEqual(result["stalls"]["lifetime_apart"], 30, run.describe())
        self.assertEqual(result["lifetime_us"]["count"], 0)
        self.assertEqual([(row["cause"], row["count"]) for row in result["causes"]],
                         [("closed_by_peer", 30)])
        names = [row["name"] for row in result["findings"]]
        # That all were seen to end at one time says nothing of when they did.
        self.assertNotIn("idle_timeout", names)
        self.assertNotIn("server_went_away", names)
        self.assertIn("dropped_while_held", names)
        self.assert_status(run, 2)


# Of each version: where groups may be made, the file that freezes one, and its two values.
FREEZERS = (("/sys/fs/cgroup/freezer", "freezer.state", "FROZEN", "THAWED"),
            ("/sys/fs/cgroup", "cgroup.freeze", "1", "0"),
            ("/sys/fs/cgroup/unified", "cgroup.freeze", "1", "0"))


class Frozen(Stalls):
    def freezer(self):
        """A control group that can be frozen: its path, the file and its two values."""
        for place, name, freeze, thaw in FREEZERS:
            group = f"{place}/tcpgoon-test-{os.getpid()}-{self.free_port()}"
            with contextlib.suppress(OSError):
                os.mkdir(group)
                self.addCleanup(os.rmdir, group)
                if os.access(f"{group}/{name}", os.W_OK):
                    return group, name, freeze, thaw
        return self.skipTest("no control group of ours can be frozen")

    @harness.measured
    def test_frozen_by_its_cgroup(self):
        group, name, freeze, thaw = self.freezer()
        _, port = self.serve()
        run = self.start_run("127.0.0.1", port, "-c", "30", "-s", "50")
        self.addCleanup(run.kill)

        def write(name, text):
            with open(f"{group}/{name}", "w", encoding="ascii") as file:
                file.write(text)

        write("cgroup.procs", str(run.pid))
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) >= 5, "five")
        write(name, freeze)
        time.sleep(STOP_SECONDS)
        write(name, thaw)
        run.wait()
        result = self.result_of(run)
        self.assert_stall(run, result)
        self.assertEqual(result["connections"]["established"], 30)
        self.assert_named(run, result)


@harness.alone
class Crowded(Stalls):
    def test_a_cpu_that_others_have(self):
        """Short waits again and again: no stall, and yet rate and times are not the target's."""
        _, port = self.serve()
        cpu = min(os.sched_getaffinity(0))

        def there():
            os.sched_setaffinity(0, {cpu})

        for _ in range(3):
            self.start(sys.executable, "-c", "while True: pass", prepare=there)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "5000", "-s", "0",
                                           prepare=there)
        self.assert_status(run, 0)
        waited = result["generator"]["cpu_wait_ns"]
        self.assertGreater(waited, 0.3 * result["dialing_ns"], run.describe())
        finding = self.client_limited(result)
        self.assertIsNotNone(finding, run.describe())
        self.assertEqual(finding["side"], "local")


if __name__ == "__main__":
    harness.main(at_a_time=3)
