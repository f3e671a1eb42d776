# SPDX-License-Identifier: MIT
"""No news is no good news: what became of idle connections shows when their FINs are answered, or
are not; and what cannot be known is said."""

import os
import signal
import subprocess
import sys
import time
import unittest

import harness

class Path(harness.Case):
    """A server in another network; the cases say what lies between."""

    def setUp(self):
        self.number = self.free_port() % 250
        self.port = 9000 + self.number
        self.there = self.other_network()
        self.server = f"10.{self.number}.2.2"
        self.lay()
        self.start(*self.there, harness.TCPGOON, "server", "-p", self.port, "-m", "0", "-d", "0")
        harness.wait_until(self.is_served, "the server over there")

    def lay(self):
        """A router, in a third network."""
        self.router = self.other_network()
        one, two, three, four = (f"{name}{self.number}" for name in ("ca", "rb", "rc", "sd"))
        self.call("ip", "link", "add", one, "type", "veth", "peer", "name", two,
                  "netns", self.router[2])
        self.addCleanup(subprocess.run, ["ip", "link", "del", one], check=True)
        self.call(*self.router, "ip", "link", "add", three, "type", "veth", "peer", "name", four)
        self.call(*self.router, "ip", "link", "set", four, "netns", self.there[2])
        for where, device, address in (((), one, "1.1"), (self.router, two, "1.2"),
                                       (self.router, three, "2.1"), (self.there, four, "2.2")):
            self.call(*where, "ip", "address", "add", f"10.{self.number}.{address}/24",
                      "dev", device)
            self.call(*where, "ip", "link", "set", device, "up")
        self.call("ip", "route", "add", f"10.{self.number}.2.0/24", "via", f"10.{self.number}.1.2")
        self.call(*self.there, "ip", "route", "add", "default", "via", f"10.{self.number}.2.1")
        self.call(*self.router, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")

    def call(self, *argv):
        subprocess.run(argv, check=True)

    def is_served(self):
        done = subprocess.run([*self.there, "ss", "-ltnH"], check=True, capture_output=True)
        return f":{self.port} ".encode() in done.stdout

    def forward(self, *rules):
        """nftables rules for what the router forwards."""
        script = "\n".join(("table ip box {", "chain forward {",
                            "type filter hook forward priority 0;", *rules, "}", "}", ""))
        subprocess.run([*self.router, "nft", "-f", "-"], input=script.encode(), check=True)

    def run_with(self, *argv, count=50, rules=()):
        """A run in the middle of which the router gets its rules; (program, result)."""
        run = self.start_run(self.server, self.port, "-c", count, "-s", "2", *argv)
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=self.port) == count
            or not run.running(), f"{count} established connections")
        if rules:
            self.forward(*rules)
        run.wait()
        return run, self.result_of(run)

    def assert_closing(self, run, result, **expected):
        found = {name: result["closing"][name] for name in expected}
        self.assertEqual(found, expected, run.describe())

    def finding(self, result, name):
        found = [row for row in result["findings"] if row["name"] == name]
        return found[0] if found else None


FORGETS = ("tcp flags & (syn|rst) == 0 drop",)


@harness.requires("nft", "nsenter", "ss")
class Forgotten(Path):
    def waiting_for_answers(self):
        return harness.sockets(harness.TCP_FIN_WAIT1, remote_port=self.port)

    def test_a_middlebox_forgot_them_all(self):
        run, result = self.run_with("--hold", "3s", rules=FORGETS)
        self.assert_closing(run, result, closed=50, acknowledged=0, unanswered=50, reset=0,
                            undetermined=0)
        finding = self.finding(result, "fin_unanswered")
        self.assertEqual((finding["side"], finding["count"]), ("path", 50))
        self.assertEqual(result["verdict"]["exit_status"], 2)
        self.assert_status(run, 2)
        self.assertIn("Closing: 50 by FIN, 0 acknowledged, 50 unanswered", run.stdout)
        self.assertEqual(harness.sockets(harness.TCP_FIN_WAIT1, remote_port=self.port), 50)

    def test_it_forgot_some(self):
        run, result = self.run_with("--hold", "3s", rules=(
            f"tcp flags & (syn|rst) == 0 jhash tcp sport mod 2 0 tcp dport {self.port} drop",))
        unanswered = harness.sockets(harness.TCP_FIN_WAIT1, remote_port=self.port)
        self.assertIn(unanswered, range(1, 50))
        self.assert_closing(run, result, acknowledged=50 - unanswered, unanswered=unanswered,
                            reset=0, undetermined=0)
        self.assertEqual(self.finding(result, "fin_unanswered")["count"], unanswered)
        self.assert_status(run, 2)

    def test_it_answers_with_resets(self):
        """So does a server that restarted; but a server may also answer a FIN so."""
        run, result = self.run_with("--hold", "3s",
                                    rules=("meta l4proto tcp reject with tcp reset",))
        self.assert_closing(run, result, acknowledged=0, unanswered=0, reset=50, undetermined=0)
        self.assertEqual(self.finding(result, "reset_while_closing")["count"], 50)
        self.assertNotIn("All went well", run.stdout)
        self.assert_status(run, 0)

    def test_nobody_asked_that_they_stay(self):
        """Only FINs are dropped, and nothing was held: a remark."""
        self.forward("tcp flags & fin == fin drop")
        run, result = self.run_with("--hold", "0s")
        self.assert_closing(run, result, acknowledged=0, unanswered=50)
        self.assertEqual(self.finding(result, "fin_unanswered")["count"], 50)
        self.assertNotIn("All went well", run.stdout)
        self.assert_status(run, 0)

    def test_closed_by_reset(self):
        """There is no FIN whose answer would tell."""
        run, result = self.run_with("--hold", "3s", "--close", "rst", rules=FORGETS)
        self.assert_closing(run, result, closed=50, acknowledged=None, unanswered=None,
                            reset=None, undetermined=None)
        self.assertIn("Closing: 50 by RST, whether the peer still had them is not known",
                      run.stdout)
        self.assertIn("Not known: whether 50 idle connections were alive all the time; nothing "
                      "was exchanged\n", run.stdout)
        self.assert_status(run, 0)

    def test_interrupted_while_it_waits_for_the_answers(self):
        self.forward("tcp flags & fin == fin drop")
        self.interrupt_while_it_waits()

    @harness.measured
    def interrupt_while_it_waits(self):
        """For which it has two seconds."""
        run = self.start_run(self.server, self.port, "-c", "50", "-s", "2")
        waiting = self.waiting_for_answers()
        harness.wait_until(
            lambda: self.waiting_for_answers() == waiting + 50 or not run.running(),
            "50 that wait for their answer")
        if not run.running():
            raise harness.Untimely("it has waited already")
        run.send(signal.SIGINT)
        sent = time.monotonic()
        run.wait()
        self.assert_in_time(time.monotonic() - sent, 1, run)
        result = self.result_of(run)
        self.assertEqual(result["ended"], "completed")
        self.assert_closing(run, result, closed=50, acknowledged=0)
        closing = result["closing"]
        self.assertEqual(closing["unanswered"] + closing["undetermined"], 50)


@harness.requires("nft", "nsenter", "ss")
class Alive(Path):
    @harness.measured
    def test_all_is_well(self):
        run, result = self.run_with("--hold", "500ms", rules=("counter accept",))
        self.assert_closing(run, result, closed=50, half_closed=0, acknowledged=50, unanswered=0,
                            reset=0, undetermined=0)
        self.assertIsNone(self.finding(result, "fin_unanswered"))
        self.assertIsNone(self.finding(result, "reset_while_closing"))
        self.assertIn("Closing: 50 by FIN, all acknowledged\n", run.stdout)
        self.assertIn("Not known: whether the server's program, or only its kernel, accepted 50 "
                      "idle connections\n", run.stdout)
        self.assertIn("nothing was exchanged before their FINs\n", run.stdout)
        self.assertEqual(result["connections"]["accepted_at_least"], 0)
        self.assert_in_time(result["closing"]["waited_ns"] / 1e9, 0.1, run)
        self.assert_status(run, 0)


@harness.requires("nsenter", "ss")
@unittest.skipUnless(os.access("/dev/net/tun", os.R_OK | os.W_OK), "no /dev/net/tun")
class Slow(Path):
    def lay(self):
        self.server = f"192.168.{self.number}.2"

    def slow(self, seconds):
        wire = self.start(sys.executable, os.path.join(os.path.dirname(__file__), "slow_wire.py"),
                          self.there[2], seconds, f"192.168.{self.number}.1", self.server)
        harness.wait_until(lambda: wire.stdout == "ready\n" or not wire.running(), "the wire")

    def test_a_slow_path_is_waited_for(self):
        self.slow(0.4)
        run, result = self.run_with("-t", "10s")
        self.assert_closing(run, result, acknowledged=50, unanswered=0, reset=0, undetermined=0)
        self.assertIsNone(self.finding(result, "fin_unanswered"))
        self.assert_status(run, 0)

    def test_a_path_that_is_slower_than_the_wait(self):
        """Nothing is said of FINs whose answers cannot be there yet."""
        self.slow(1.25)
        run, result = self.run_with("-t", "15s")
        self.assert_closing(run, result, acknowledged=0, unanswered=0, reset=0, undetermined=50)
        self.assertIn("50 not known (looked at for 2", run.stdout)
        self.assertIsNone(self.finding(result, "fin_unanswered"))
        self.assert_status(run, 0)


class Here(harness.Case):
    def test_the_listener_tells_who_was_accepted(self):
        _, port = self.serve()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2",
                                           "--hold", "200ms")
        self.assertEqual(result["connections"]["accepted_at_least"], 20)
        self.assertNotIn("or only its kernel", run.stdout)
        self.assertEqual(result["closing"]["acknowledged"], 20)


if __name__ == "__main__":
    harness.main(at_a_time=5)
