# SPDX-License-Identifier: MIT
"""Signs that mislead: segments beyond the SYN-ACK that healthy peers send, and SYNs sent again that
were not lost. And what must be found all the same: peers that do not complete the connection."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest

import harness

COUNT = 50

WIRE = os.path.join(os.path.dirname(__file__), "slow_wire.py")
SERVER = os.path.join(os.path.dirname(__file__), "quiet_server.py")


class Symptom(harness.NetworkCase):
    """The server is here, where its end of a connection can be looked at too."""

    host = "127.0.0.1"
    within = ()  # the beginning of a command that runs the rest where the server is

    def setUp(self):
        super().setUp()
        self.directory = self.temporary_directory()

    def call(self, *argv, **options):
        subprocess.run([*self.within, *argv], check=True, **options)

    def set(self, name, value):
        self.call("sysctl", "-q", "-w", f"{name}={value}")

    # ---- Servers ----

    def serve_by(self, *argv, port, **options):
        server = self.start(*self.within, *argv, **options)
        harness.wait_for_listener(port, server)
        return port

    def configuration(self, text):
        path = os.path.join(self.directory, "configuration")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def nginx(self, listen):
        return self.start_nginx(listen, host=self.host, within=self.within)

    def haproxy(self, bind):
        port = self.free_port()
        path = self.configuration(f"""
global
    maxconn 1000
defaults
    mode http
    timeout client 300s
    timeout connect 5s
    timeout server 300s
    timeout http-request 300s
frontend main
    bind {self.host}:{port} {bind}
    http-request return status 204
""")
        return self.serve_by("haproxy", "-db", "-f", path, port=port)

    def apache(self):
        """Its default for TCP_DEFER_ACCEPT is 30 seconds: the SYN-ACK is repeated after 31."""
        port = self.free_port()
        modules = "/usr/lib/apache2/modules"
        path = self.configuration(f"""
ServerRoot {self.directory}
ServerName localhost
PidFile {self.directory}/pid
ErrorLog {self.directory}/errors
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule reqtimeout_module {modules}/mod_reqtimeout.so
RequestReadTimeout header=300
Timeout 300
Listen {self.host}:{port}
""")
        return self.serve_by("apache2", "-X", "-f", path, port=port)

    def quiet(self, *options, host=None):
        """quiet_server.py; its port."""
        port = self.free_port()
        return self.serve_by(sys.executable, SERVER, host or self.host, port, *options, port=port)

    def fill_queue(self, port, waiting=10):
        for _ in range(waiting):
            client = socket.create_connection((self.host, port))
            self.addCleanup(client.close)

    # ---- What is between ----

    def filter(self, *rules):
        self.filter_input(*rules, within=self.within)

    def drop_final_acks(self, port):
        self.filter(f"tcp dport {port} tcp flags ack / fin,syn,rst,ack drop")

    def drop_first_final_ack(self, port):
        """The second packet of each connection; what is sent after it arrives."""
        self.filter(f"tcp dport {port} tcp flags ack / fin,syn,rst,ack ct original packets 2 drop")

    # ---- What must come out ----

    def hold(self, port, seconds, *argv, count=COUNT, status, host=None):
        """A run with the threshold that must not be crossed, or must; (program, result)."""
        run, result = self.dial_for_result(
            host or self.host, port, "-c", count, "-s", "2", "--hold", seconds,
            "--fail-if", "unconfirmed>0", *argv, seconds=120)
        self.assert_status(run, status)
        self.assertEqual(result["connections"]["established"], count, run.describe())
        return run, result

    def assert_healthy(self, run, result):
        connections = result["connections"]
        self.assertEqual(connections["unconfirmed"], 0, run.describe())
        names = [finding["name"] for finding in result["findings"]]
        for wrong in "unconfirmed", "backlog_full", "syn_loss":
            self.assertNotIn(wrong, names, run.describe())
        self.assertRegex(run.stdout, r"\nUnconfirmed by the peer: 0( \(\d+ may have been completed a "
                                     r"second late: [^)]*\))?\n")

    def held_well(self, port, seconds, *argv, **options):
        run, result = self.hold(port, seconds, *argv, status=0, **options)
        self.assert_healthy(run, result)
        return result

    def held_unconfirmed(self, port, seconds, expected, *argv, **options):
        run, result = self.hold(port, seconds, *argv, status=3, **options)
        self.assertEqual(result["connections"]["unconfirmed"], expected, run.describe())
        names = [finding["name"] for finding in result["findings"]]
        self.assertTrue({"unconfirmed", "backlog_full"} & set(names), run.describe())
        return result


class There(Symptom):
    """The server is in another network, over a wire (veth), as on another machine."""

    host = "203.0.113.2"

    def setUp(self):
        super().setUp()
        there = self.other_network()
        self.network_there = there[2]
        self.call("ip", "link", "add", "wire", "type", "veth", "peer", "name", "far",
                  "netns", self.network_there)
        for within, address, name in (((), "203.0.113.1", "wire"), (there, self.host, "far")):
            self.within = within
            self.call("ip", "address", "add", f"{address}/24", "dev", name)
            self.call("ip", "link", "set", name, "up")
            self.call("ip", "link", "set", "lo", "up")

    def completed(self):
        """Connections that the server's end has completed so far."""
        return harness.counter("Tcp", "PassiveOpens", network=self.network_there)

    def synproxy(self, port, options):
        for name, value in (("net.netfilter.nf_conntrack_tcp_loose", 0),
                            ("net.ipv4.tcp_syncookies", 1), ("net.ipv4.tcp_timestamps", 1)):
            self.set(name, value)
        self.call("nft", "-f", "-", input=f"""table ip tests_proxy {{
            chain before {{
                type filter hook prerouting priority raw;
                tcp dport {port} tcp flags syn notrack
            }}
            chain in {{
                type filter hook input priority filter;
                tcp dport {port} ct state invalid,untracked synproxy {options}
                ct state invalid drop
            }}
        }}""".encode())


class Both:
    """Healthy servers, here and there."""

    @harness.requires("nginx")
    def test_keepalives_every_second(self):
        self.held_well(self.nginx("so_keepalive=1s:1s:3"), "6s")

    @harness.requires("nginx")
    def test_keepalives_every_second_for_a_short_time(self):
        self.held_well(self.nginx("so_keepalive=1s:1s:3"), "1.5s")

    @harness.requires("nginx")
    def test_keepalives_that_come_when_repeats_would(self):
        self.held_well(self.nginx("so_keepalive=1s:2s:3"), "4s")

    @harness.requires("nginx")
    def test_deferred(self):
        self.held_well(self.nginx("deferred"), "5s")

    @harness.requires("nginx")
    def test_deferred_for_a_short_time(self):
        """One repeat was seen, so the run looks again when the second would have come."""
        self.held_well(self.nginx("deferred"), "2s")

    @harness.requires("nginx")
    def test_deferred_with_keepalives(self):
        self.held_well(self.nginx("deferred so_keepalive=2s:2s:3"), "5s")

    @harness.requires("haproxy")
    def test_haproxy_deferred(self):
        self.held_well(self.haproxy("defer-accept"), "5s")

    @harness.requires("apache2")
    def test_apache_beyond_its_defer_period(self):
        result = self.held_well(self.apache(), "45s")
        self.assertGreaterEqual(result["network"]["TcpExt.TCPSYNChallenge"], COUNT)

    @harness.requires("apache2")
    def test_apache_at_the_end_of_its_defer_period(self):
        self.held_well(self.apache(), "32s")

    def test_keepalives_of_go(self):
        self.held_well(self.quiet("keepalive=15"), "40s")

    def test_deferred_to_the_time_of_the_third_repeat(self):
        self.held_well(self.quiet("defer=4"), "9s")

    @harness.requires("nft")
    def test_first_final_ack_is_lost(self):
        port = self.quiet()
        self.drop_first_final_ack(port)
        self.held_well(port, "2s")

    @harness.requires("nft")
    def test_final_acks_are_lost(self):
        port = self.quiet()
        self.drop_final_acks(port)
        runs = [(seconds, self.start_run(self.host, port, "-c", COUNT, "-s", "2", "--hold", seconds,
                                         "--fail-if", "unconfirmed>0"))
                for seconds in ("1.3s", "2s", "3s", "4s", "8s", "16s", "38s")]
        for seconds, run in runs:
            with self.subTest(hold=seconds):
                run.wait()
                self.assert_status(run, 3)
                self.assertEqual(self.result_of(run)["connections"]["unconfirmed"], COUNT,
                                 run.describe())

    @harness.requires("nft")
    def test_accept_queue_is_full(self):
        """All final ACKs arrive after the first repeat, and only 7 of 17 find room then."""
        port = self.quiet("backlog=16", "after=300")
        self.fill_queue(port)
        self.drop_first_final_ack(port)
        self.held_unconfirmed(port, "4s", 10, count=17)


class HealthyHere(Both, Symptom):
    def test_keepalives_over_ipv6(self):
        self.held_well(self.quiet("keepalive=1", host="::1"), "6s", host="::1")

    @harness.requires("nft")
    def test_one_target_of_two(self):
        """The other one sends keepalives, as often as the first one repeats or more often."""
        bad = self.quiet()
        self.drop_final_acks(bad)
        for seconds, keepalive in ("4s", 1), ("5s", 2), ("9s", 3):
            with self.subTest(hold=seconds, keepalive=keepalive):
                good = self.quiet(f"keepalive={keepalive}")
                self.held_unconfirmed(f"{good},{bad}", seconds, COUNT // 2)

    @harness.requires("nft")
    def test_accept_queue_was_full(self):
        """All are accepted before the second repeat."""
        port = self.quiet("backlog=16", "after=2.2")
        self.fill_queue(port)
        self.drop_first_final_ack(port)
        run, result = self.hold(port, "6s", status=0, count=17)
        self.assertEqual(result["connections"]["unconfirmed"], 0, run.describe())

    @harness.requires("nft")
    def test_accept_queue_is_full_for_long(self):
        """The server has given them up meanwhile, and its end of them is not there any more."""
        self.set("net.ipv4.tcp_synack_retries", 2)
        port = self.quiet("backlog=16", "after=300")
        self.fill_queue(port)
        self.drop_first_final_ack(port)
        self.held_unconfirmed(port, "12s", 10, count=17)


@harness.requires("nft", "nsenter")
class HealthyThere(Both, There):
    def test_synproxy(self):
        port = self.quiet()
        self.synproxy(port, "mss 1460 wscale 7 sack-perm")
        self.held_well(port, "6s")

    def test_synproxy_for_a_short_time(self):
        port = self.quiet()
        self.synproxy(port, "mss 1460 wscale 7 sack-perm")
        self.held_well(port, "2s")

    def test_synproxy_and_deferred(self):
        port = self.quiet("defer=1")
        self.synproxy(port, "mss 1460 wscale 7 sack-perm")
        self.held_well(port, "5s")

    def test_synproxy_with_timestamp(self):
        """
        Its ACK is refused (TSEcrRejected), so the server repeats its SYN-ACK, once: it takes the
        ACK with which the client answers that. A second late, but they are completed.
        """
        for seconds in "2s", "5s":
            with self.subTest(hold=seconds):
                port = self.quiet()
                self.synproxy(port, "mss 1460 wscale 7 sack-perm timestamp")
                before = self.completed()
                run = self.start_run(self.host, port, "-c", COUNT, "-s", "2", "--hold", seconds,
                                     "--fail-if", "unconfirmed>0")
                harness.wait_until(
                    lambda: harness.counter("TcpExt", "TCPSYNChallenge") >= COUNT, "the repeats")
                run.wait()
                self.assertEqual(self.completed() - before, COUNT, "all ends over there")
                result = self.result_of(run)
                self.assert_status(run, 0)
                self.assert_healthy(run, result)
                self.assertEqual(result["kernel"]["repeated_once"], COUNT, run.describe())
                self.call("nft", "delete", "table", "ip", "tests_proxy")

    def test_stopped_after_two_repeats(self):
        """The server accepted them late, or gave them up: from here that does not show."""
        self.set("net.ipv4.tcp_synack_retries", 2)
        port = self.quiet("backlog=16", "after=300")
        self.fill_queue(port)
        self.drop_first_final_ack(port)
        run, result = self.dial_for_result(self.host, port, "-c", "17", "-s", "2", "--hold", "10s",
                                           "--fail-if", "unconfirmed>0")
        connections = result["connections"]
        self.assertEqual([connections[name] for name in (
            "unconfirmed", "unconfirmed_least", "unconfirmed_most")], [None, None, 10],
            run.describe())
        self.assertEqual(result["kernel"]["doubtful"], 10)
        self.assertIsNotNone(result["thresholds"][0]["not_judged"])


class StaleTuples(Symptom):
    """The peer still holds the connections that an earlier run had from the same ports."""

    def assert_no_loss(self, run, result):
        self.assert_healthy(run, result)
        kernel = result["kernel"]
        self.assertGreater(kernel["stale_tuples"], 0, run.describe())
        self.assertEqual(kernel["stale_tuples"], kernel["retransmitted"], run.describe())
        self.assertIn("still had an earlier connection", run.stdout)

    def test_server_that_never_closes(self):
        self.set("net.ipv4.tcp_fin_timeout", 1)
        port = self.quiet("never-close=1")
        argv = ("--source", "127.0.0.1", "--source-port", "30000-30049")
        for number, seconds in enumerate(("1.5s", "2s", "5s")):
            # Our ends are forgotten by then, the server's are not.
            harness.wait_until(
                lambda: harness.sockets(harness.TCP_FIN_WAIT2, remote_port=port) == 0, "no FIN-WAIT-2")
            run, result = self.hold(port, seconds, *argv, status=0)
            self.assert_healthy(run, result)
            if number > 0:
                self.assertEqual(result["kernel"]["stale_tuples"], COUNT, run.describe())
                self.assert_no_loss(run, result)
                # Nothing is waited for beyond what was asked for.
                self.assertLess(result["duration_ns"] / 1e9, float(seconds[:-1]) + 2)

    @harness.alone
    def test_second_of_two_runs_at_once(self):
        """The one may meet what the server still holds of the other."""
        _, port = self.serve()
        argv = ("127.0.0.1", port, "-c", "40000", "-s", "0")
        runs = [self.start_run(*argv), self.start_run(*argv)]
        for run in runs:
            run.wait()
        for run in runs:
            result = self.result_of(run)
            self.assert_status(run, 0)
            self.assertEqual(result["connections"]["established"], 40000)
            names = [finding["name"] for finding in result["findings"]]
            # The two together may really fill the server's queue on a busy machine: then dials wait
            # for a second.
            overflowed = result["connect_us"]["max"] >= 900000
            wrong = {"unconfirmed", "syn_loss"} | ({"backlog_full"} if not overflowed else set())
            self.assertFalse(wrong & set(names), run.describe())
            kernel = result["kernel"]
            if not overflowed:
                self.assertEqual(kernel["stale_tuples"], kernel["retransmitted"], run.describe())
            self.assertEqual(kernel["doubtful"], 0)
            self.assertEqual(result["connections"]["unconfirmed_most"], kernel["too_young"])

    def test_keepalives_beside_stale_tuples(self):
        """The counter of this network grows, by what others do: not when a repeat would be due."""
        self.set("net.ipv4.tcp_fin_timeout", 1)
        other = self.quiet("never-close=1")
        argv = ("--source", "127.0.0.1", "--source-port", "30000-30199", "-c", "200", "-s", "0")
        self.dial("127.0.0.1", other, *argv)
        port = self.quiet("keepalive=2")
        held = self.start_run("127.0.0.1", port, "-c", COUNT, "-s", "2", "--hold", "5s",
                              "--fail-if", "unconfirmed>0")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_FIN_WAIT2, remote_port=other) == 0, "no FIN-WAIT-2")
        stale = self.dial("127.0.0.1", other, *argv)
        # The kernel limits how many SYNs it challenges in a second: a few may go without.
        challenged = re.search(r"; (\d+) SYNs were retransmitted \((\d+) of them at once", stale.stdout)
        self.assertIsNotNone(challenged, stale.describe())
        self.assertEqual(challenged[1], challenged[2])
        self.assertGreaterEqual(int(challenged[1]), 150, stale.describe())
        held.wait()
        result = self.result_of(held)
        self.assertGreaterEqual(result["network"]["TcpExt.TCPSYNChallenge"], int(challenged[1]))
        self.assert_status(held, 0)
        self.assert_healthy(held, result)


@unittest.skipUnless(os.access("/dev/net/tun", os.W_OK), "no /dev/net/tun")
@harness.requires("nsenter")
class SlowPath(Symptom):
    """A round trip of more than a second: SYNs and SYN-ACKs are sent again, and none is lost."""

    host = "203.0.113.2"

    def setUp(self):
        super().setUp()
        self.there = self.other_network()

    def slow_down(self, delay):
        wire = self.start(sys.executable, WIRE, self.there[2], delay, "203.0.113.1", self.host)
        harness.wait_until(lambda: wire.stdout == "ready\n" or not wire.running(), "the wire")
        self.within = self.there

    def test_nothing_is_lost(self):
        self.slow_down(0.65)
        run, result = self.hold(self.quiet(), "5s", "-t", "20s", status=0)
        self.assert_healthy(run, result)
        kernel = result["kernel"]
        self.assertEqual((kernel["slow_answers"], kernel["retransmitted"]), (COUNT, COUNT),
                         run.describe())
        self.assertIn("needlessly: the answer to the first takes longer", run.stdout)

    def test_repeats_that_leave_before_the_ack_arrives(self):
        self.slow_down(1.7)
        run, result = self.hold(self.quiet(), "9s", "-t", "20s", status=0)
        self.assert_healthy(run, result)
        self.assertEqual(result["kernel"]["slow_answers"], COUNT, run.describe())

    @harness.requires("nft")
    def test_final_acks_are_lost(self):
        self.slow_down(0.65)
        port = self.quiet()
        self.drop_final_acks(port)
        self.held_unconfirmed(port, "9s", COUNT, "-t", "20s")


@harness.requires("nsenter")
class NotKnown(There):
    """What this run cannot tell is not told."""

    def test_ended_between_two_repeats(self):
        port = self.quiet("defer=1")
        run = self.start_run(self.host, port, "-c", COUNT, "-s", "2", "--hold", "60s",
                             "--fail-if", "unconfirmed>0")
        harness.wait_until(lambda: harness.counter("TcpExt", "TCPSYNChallenge") >= COUNT, "the repeats")
        time.sleep(0.4)  # for all of them to be older than 1.2 seconds
        run.send(signal.SIGINT)
        self.assertEqual(run.wait(), 1)
        result = self.result_of(run)
        connections = result["connections"]
        self.assertEqual([connections[name] for name in (
            "unconfirmed", "unconfirmed_least", "unconfirmed_most")], [None, None, COUNT])
        self.assertEqual(result["kernel"]["doubtful"], COUNT)
        self.assertIsNotNone(result["thresholds"][0]["not_judged"])
        self.assertIn(f"not known ({COUNT} may have had their SYN-ACK repeated", run.stdout)

    def test_some_are_too_young(self):
        port = self.quiet()
        run, result = self.dial_for_result(self.host, port, "-c", "20", "-s", "100",
                                           "--fail-if", "unconfirmed>0",
                                           "--fail-if", "unconfirmed>90%")
        young = result["kernel"]["too_young"]
        self.assertIn(young, range(1, 20))
        connections = result["connections"]
        self.assertEqual([connections[name] for name in (
            "unconfirmed", "unconfirmed_least", "unconfirmed_most")], [None, None, young])
        self.assertIsNotNone(result["thresholds"][0]["not_judged"], run.describe())
        self.assertIsNone(result["thresholds"][1]["not_judged"], run.describe())
        self.assertFalse(result["thresholds"][1]["crossed"])


@harness.requires("strace")
class Questions(Symptom):
    """One error of a question to the kernel is passed over; why there was no answer is said."""

    def traced(self, *injections, argv=()):
        port = self.quiet()
        path = os.path.join(self.temporary_directory(), "result.json")
        calls = {injection.split(":")[0] for injection in injections}
        program = self.start(
            "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={','.join(sorted(calls))}",
            *(word for injection in injections for word in ("-e", f"inject={injection}")),
            harness.TCPGOON, "run", "127.0.0.1", port, "-y", "-c", "200", "-s", "0",
            "-o", f"json={path}", "--hold", "1500ms", "--fail-if", "handshake.p99>0us", *argv)
        program.wait()
        program.result_path = path
        return program, self.result_of(program)

    def test_errors_that_pass(self):
        for injection in ("recvmmsg:error=ENOBUFS:when=1", "recvmmsg:error=EINTR:when=2",
                          "recvmmsg:error=EAGAIN:when=1+3", "recvmmsg:error=ENOMEM:when=3..4"):
            with self.subTest(injection=injection):
                run, result = self.traced(injection)
                self.assert_status(run, 3)
                self.assertEqual(result["kernel"]["asked"], 200, run.describe())
                self.assertEqual(result["kernel"]["unanswered"], 0)
                self.assertIsNone(result["kernel_not_asked"])
                self.assertEqual(result["connections"]["unconfirmed"], 0, run.describe())

    def test_some_stay_unanswered(self):
        """The first 64 or fewer: the others are asked about, and what is not known is said."""
        run, result = self.traced("recvmmsg:error=EPERM:when=1")
        unanswered = result["kernel"]["unanswered"]
        self.assertIn(unanswered, range(1, 65), run.describe())
        self.assertEqual(result["kernel"]["asked"], 200 - unanswered)
        self.assertEqual(result["kernel_not_asked"], "EPERM")
        self.assertIsNone(result["connections"]["unconfirmed"])
        self.assertEqual(result["connections"]["unconfirmed_most"], unanswered)
        self.assertIn(f"(no answer about {unanswered} more: EPERM)", run.stdout)

    def test_never_an_answer(self):
        run, result = self.traced("recvmmsg:error=ENOBUFS")
        self.assert_status(run, 1)
        self.assertFalse(result["kernel"]["possible"], run.describe())
        self.assertIsNone(result["kernel"]["asked"])
        self.assertEqual(result["kernel_not_asked"], "ENOBUFS")
        self.assertIn("Kernel: not asked, because sock_diag failed with ENOBUFS", run.stdout)

    def test_ports_that_the_kernel_chose(self):
        port = self.quiet()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "10", "-s", "0", "--hold",
                                           "1500ms", "--source-port", "auto")
        self.assertFalse(result["kernel"]["possible"])
        self.assertIsNone(result["kernel"]["asked"])
        self.assertEqual(result["kernel_not_asked"], "ports_not_known")
        self.assertIn("Kernel: not asked, because it chose the ports", run.stdout)
        self.assertIsNone(result["connections"]["unconfirmed"])


if __name__ == "__main__":
    harness.main(at_a_time=24 if harness.MEASURING else 12)
