# SPDX-License-Identifier: MIT
"""The fault matrix: each fault is made for real, and must come out under its own cause and exit
status, with its exact count, and under no other."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time

import harness

SIDES = {
    "descriptors": "local",
    "ports_exhausted": "local",
    "no_route": "local",
    "route_refuses": "local",
    "timed_out": "path",
    "network_unreachable": "path",
    "host_unreachable": "path",
    "prohibited": "path",
    "refused": "remote",
    "closed_at_once": "remote",
    "reset_at_once": "remote",
    "closed_by_peer": "remote",
    "reset_by_peer": "remote",
}


class Fault(harness.Case):
    def assert_truth(self, run, result, *, status, established, closed=0, undialed=0, **causes):
        """That this and nothing else came out; `causes` are counts by name."""
        total = result["connections"]["requested"]
        self.assertEqual(
            [(row["cause"], row["side"], row["count"]) for row in result["causes"]],
            [(name, SIDES[name], count) for name, count in causes.items()], run.describe())
        expected = {
            "dialed": total - undialed,
            "established": established,
            "failed": total - established,
            "closed_by_peer": closed,
            "open_at_end": established - closed,
            "undecided": 0,
        }
        found = {name: result["connections"][name] for name in expected}
        self.assertEqual(found, expected, run.describe())
        self.assertEqual(result["connect_us"]["count"], established)
        self.assertEqual(result["failure_us"]["count"], total - established - undialed)
        self.assertEqual(result["verdict"]["exit_status"], status, run.describe())
        self.assert_status(run, status)
        # The compatible lines say the same.
        report = self.report_of(run)
        self.assertEqual((report.established, report.on_closure, report.failed),
                         (established, established - closed, total - established - undialed))

    def assert_kernel_agrees(self, run, result, asked):
        kernel = result["kernel"]
        self.assertEqual((kernel["asked"], kernel["agreed"], kernel["missing"]),
                         (asked, asked, 0), run.describe())

    def listen(self, backlog):
        """A listener that nobody accepts from; its port."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.addCleanup(listener.close)
        return listener.getsockname()[1]

    def serve_unkindly(self, behaviour):
        """(program, port)"""
        return self.serve("--behave", behaviour, prepare=harness.come_first)

    def wait_for_connections(self, run, port, count):
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == count
            or not run.running(), f"{count} established connections")


@harness.requires("nft")
class Firewall(Fault):
    def rejected(self, reject, host="127.0.0.1", **causes):
        """
        A rule that answers each SYN so. The answer comes while the kernel is still in connect: it
        would wait for another, a second later, and io_uring took the connection for established.
        """
        port = self.free_port()
        self.filter_input(f"tcp dport {port} {reject}")
        run, result = self.dial_for_result(host, port, "-c", "20", "-s", "2", "-t", "5s",
                                           "--hold", "100ms")
        self.assert_truth(run, result, status=2, established=0, **causes)
        return result

    @harness.measured
    def test_drop(self):
        port = self.free_port()
        self.filter_input(f"tcp dport {port} drop")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2", "-t", "1500")
        self.assert_truth(run, result, status=2, established=0, timed_out=20)
        self.assertGreaterEqual(result["failure_us"]["min"], 1499000)
        # 19 periods of 2 ms: the wait for the answers is not in the pace.
        pace = result["generator"]["pace_kept_per_s"]
        harness.require_timely(pace > 250, f"{pace} dials a second of 500")
        # A SYN each, and another after a second; the kernel is asked before they are given up.
        self.assertEqual(result["kernel"]["syn_retransmits"], 20)
        self.assert_kernel_agrees(run, result, 20)

    def test_drop_with_a_timeout_of_one_syn(self):
        port = self.free_port()
        self.filter_input(f"tcp dport {port} drop")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2", "-t", "300")
        self.assert_truth(run, result, status=2, established=0, timed_out=20)
        self.assertEqual(result["kernel"]["syn_retransmits"], 0)
        finding, = result["findings"]
        self.assertIn("within 300 ms, which is too short for a second SYN.", finding["evidence"])
        self.assertIn("Try a longer --dial-timeout first", finding["hint"])

    def test_reject_with_reset(self):
        result = self.rejected("reject with tcp reset", refused=20)
        # At the first SYN, and not at a second one.
        self.assertLess(result["failure_us"]["max"], 990000)

    def test_reject_with_host_unreachable(self):
        self.rejected("reject with icmp type host-unreachable", host_unreachable=20)

    def test_reject_with_net_unreachable(self):
        self.rejected("reject with icmp type net-unreachable", network_unreachable=20)

    def test_reject_with_admin_prohibited(self):
        self.rejected("reject with icmp type admin-prohibited", prohibited=20)

    def test_reject_with_host_prohibited(self):
        self.rejected("reject with icmp type host-prohibited", prohibited=20)

    def test_reject_with_net_prohibited(self):
        self.rejected("reject with icmp type net-prohibited", prohibited=20)

    def test_reject_over_ipv6_with_admin_prohibited(self):
        self.rejected("reject with icmpv6 type admin-prohibited", host="::1", prohibited=20)

    def test_reject_over_ipv6_with_no_route(self):
        self.rejected("reject with icmpv6 type no-route", host="::1", network_unreachable=20)

    def test_some_syns_are_lost(self):
        """5%: all come up, some after a second, and the kernel's count is the rule's."""
        _, port = self.serve()
        table = self.filter_input(
            f"tcp dport {port} tcp flags syn / fin,syn,rst,ack numgen inc mod 20 0 counter drop")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "400", "-s", "2", "-t", "20s")
        self.assert_truth(run, result, status=0, established=400)
        dropped = self.counted(table)
        self.assertGreaterEqual(dropped, 20)
        self.assertEqual(result["kernel"]["syn_retransmits"], dropped)
        self.assertIn(result["kernel"]["retransmitted"], range(20, dropped + 1))
        self.assertGreaterEqual(result["connect_us"]["p99"], 990000)
        self.assertLess(result["connect_us"]["p90"], 500000)
        # From the SYN that was answered: what the path takes, not what the loss cost.
        self.assertLess(result["handshake_us"]["p90"], 500000)
        self.assert_kernel_agrees(run, result, 400)

    def test_connection_cap_that_resets(self):
        _, port = self.serve()
        self.filter_input(f"tcp dport {port} ct state new ct count over 15 reject with tcp reset")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "40", "-s", "2")
        self.assert_truth(run, result, status=2, established=15, refused=25)

    def test_connection_cap_that_drops(self):
        _, port = self.serve()
        self.filter_input(f"tcp dport {port} ct state new ct count over 15 drop")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "40", "-s", "2", "-t", "1500")
        self.assert_truth(run, result, status=2, established=15, timed_out=25)
        self.assert_kernel_agrees(run, result, 40)

    def test_final_acks_are_dropped(self):
        """The server completes none of them, which a client sees by its repeated SYN-ACKs alone."""
        _, port = self.serve()
        self.filter_input(f"tcp dport {port} tcp flags ack / fin,syn,rst,ack drop")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2",
                                           "--hold", "3s")
        self.assert_truth(run, result, status=0, established=20)
        self.assertEqual(result["connections"]["unconfirmed"], 20)
        self.assertEqual(result["kernel"]["too_young"], 0)
        self.assert_kernel_agrees(run, result, 20)

    def test_too_short_to_tell_unconfirmed_ones(self):
        _, port = self.serve()
        self.filter_input(f"tcp dport {port} tcp flags ack / fin,syn,rst,ack drop")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2")
        self.assert_truth(run, result, status=0, established=20)
        self.assertIsNone(result["connections"]["unconfirmed"])
        self.assertEqual(result["kernel"]["too_young"], 20)
        self.assertIn("Unconfirmed by the peer: not known (20 too young to tell",
                      run.stdout)

    def test_peer_goes_silent(self):
        """Without any traffic nobody can know before the FINs, which nobody answers."""
        _, port = self.serve()
        run = self.start_run("127.0.0.1", port, "-c", "20", "-s", "2", "--hold", "5s")
        self.wait_for_connections(run, port, 20)
        self.filter_input(f"tcp dport {port} drop", f"tcp sport {port} drop")
        run.wait()
        result = self.result_of(run)
        self.assert_truth(run, result, status=2, established=20)
        self.assertEqual(result["closing"]["unanswered"], 20)


class Target(Fault):
    def test_no_listener(self):
        run, result = self.dial_for_result("127.0.0.1", self.free_port(), "-c", "20", "-s", "2")
        self.assert_truth(run, result, status=2, established=0, refused=20)

    def test_backlog_full(self):
        """A server that never accepts: one more than its backlog come up."""
        port = self.listen(4)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2", "-t", "1500")
        self.assert_truth(run, result, status=2, established=5, timed_out=15)
        listener = result["listener"]
        self.assertEqual((listener["backlog"], listener["queued_most"]), (4, 5))
        # A SYN each, and another after a second. The listener's counters are of this network.
        self.assertEqual(result["kernel"]["syn_retransmits"], 15)
        self.assertGreaterEqual(result["network"]["TcpExt.ListenDrops"], 30)

    def test_backlog_full_at_one_of_two_targets(self):
        """Whichever stands first, its queue is the evidence, not that of the other."""
        _, good = self.serve()
        full = self.listen(4)
        for ports in f"{good},{full}", f"{full},{good}":
            with self.subTest(ports=ports):
                run, result = self.dial_for_result("127.0.0.1", ports, "-c", "40", "-s", "2",
                                                   "-t", "1500")
                self.assertEqual(result["listener"]["backlog"], 4)
                self.assertIn(f"full: at 127.0.0.1:{full}, up to 5 waited, with a backlog of 4",
                              run.stdout)

    def test_closed_as_soon_as_accepted(self):
        _, port = self.serve_unkindly("close-after=0")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "5",
                                           "--hold", "1h")
        self.assert_truth(run, result, status=2, established=20, closed=20, closed_at_once=20)
        self.assert_kernel_agrees(run, result, 20)

    @harness.measured
    def test_closed_as_soon_as_accepted_without_hold(self):
        """Nobody asked that they stay. The last ones may not be seen to close."""
        _, port = self.serve_unkindly("close-after=0")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "20")
        closed = result["connections"]["closed_by_peer"]
        self.assert_truth(run, result, status=0, established=20, closed=closed,
                          **({"closed_at_once": closed} if closed > 0 else {}))
        harness.require_timely(closed >= 10, f"{closed} of 20 were seen to close")

    def test_reset_as_soon_as_accepted(self):
        """After a moment, as a reset may overtake the completion of its connect."""
        _, port = self.serve_unkindly("reset-after=50ms")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "5",
                                           "--hold", "1h")
        self.assert_truth(run, result, status=2, established=20, closed=20, reset_at_once=20)

    def test_reset_while_held(self):
        _, port = self.serve_unkindly("reset-after=800ms")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "5",
                                           "--hold", "1h")
        self.assert_truth(run, result, status=2, established=20, closed=20, reset_by_peer=20)
        self.assertEqual(result["lifetime_us"]["count"], 20)
        self.assertGreaterEqual(result["lifetime_us"]["min"], 600000)

    @harness.measured
    def test_idle_close(self):
        _, port = self.serve_unkindly("close-after=2s")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "50",
                                           "--hold", "1h")
        self.assert_truth(run, result, status=2, established=20, closed=20, closed_by_peer=20)
        self.assertGreaterEqual(result["lifetime_us"]["min"], 1900000)
        self.assert_in_time(result["lifetime_us"]["p90"] / 1e6, 2.3, run)
        cause = result["causes"][0]
        self.assertGreaterEqual((cause["last_ns"] - cause["first_ns"]) / 1e9, 0.5)

    def test_killed_while_held(self):
        server, port = self.serve()
        run = self.start_run("127.0.0.1", port, "-c", "50", "-s", "2", "--hold", "1h")
        self.wait_for_connections(run, port, 50)
        time.sleep(0.7)  # to be held for long enough that it is no end "at once"
        server.kill()
        run.wait()
        self.assert_truth(run, self.result_of(run), status=2, established=50, closed=50,
                          closed_by_peer=50)

    def test_server_out_of_descriptors(self):
        port = self.free_port()
        path = os.path.join(os.path.dirname(__file__), "full_server.py")
        server = self.start(sys.executable, path, port, nofile=32)
        harness.wait_for_listener(port, server)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "60", "-s", "5", "-t", "1500")
        accepted, error_number = map(int, server.stdout.split())
        self.assertEqual(error_number, errno.EMFILE)
        # Five more wait to be accepted, and will for ever.
        self.assertEqual(accepted, 32 - 4, server.describe())
        self.assert_truth(run, result, status=2, established=33, timed_out=27)


class Route(Fault):
    def to(self, address, *argv, status=2, **causes):
        run, result = self.dial_for_result(address, 9, "-c", "5", "-s", "2", *argv)
        self.assert_truth(run, result, status=status, established=0, **causes)
        return result

    def route(self, kind, address):
        subprocess.run(["ip", "route", "add", kind, address], check=True)
        self.addCleanup(subprocess.run, ["ip", "route", "del", kind, address], check=True)

    def test_no_route(self):
        self.to("192.0.2.1", status=4, no_route=5)

    def test_unreachable_route(self):
        self.route("unreachable", "192.0.2.2")
        self.to("192.0.2.2", status=4, route_refuses=5)

    def test_prohibit_route(self):
        self.route("prohibit", "192.0.2.3")
        self.to("192.0.2.3", status=4, route_refuses=5)

    def test_dead_neighbour(self):
        """Nobody answers the ARP requests: the kernel gives up after three of them."""
        subprocess.run(["ip", "link", "add", "dead0", "type", "veth", "peer", "name", "dead1"],
                       check=True)
        self.addCleanup(subprocess.run, ["ip", "link", "del", "dead0"], check=True)
        subprocess.run(["ip", "address", "add", "198.51.100.1/24", "dev", "dead0"], check=True)
        for name in "dead0", "dead1":
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
        result = self.to("198.51.100.2", "-t", "10s", host_unreachable=5)
        self.assertGreater(result["failure_us"]["min"], 500000)


@harness.requires("nft", "nsenter")
class OtherHost(Fault):
    """Over a wire (veth), as from another machine: nothing is answered from within connect."""

    def setUp(self):
        self.number = self.free_port() % 250
        self.address = f"203.0.113.{self.number}"
        ours, theirs = f"wire{self.number}", f"far{self.number}"
        self.there = self.other_network()
        self.call("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs,
                  "netns", self.there[2])
        self.addCleanup(subprocess.run, ["ip", "link", "del", ours], check=True)
        self.call("ip", "address", "add", f"192.168.{self.number}.1", "peer", self.address,
                  "dev", ours)
        self.call("ip", "link", "set", ours, "up")
        for command in (("ip", "address", "add", self.address, "peer",
                         f"192.168.{self.number}.1", "dev", theirs),
                        ("ip", "link", "set", theirs, "up"),
                        # Else only the first few answers of ICMP would be sent.
                        ("sysctl", "-q", "-w", "net.ipv4.icmp_ratelimit=0")):
            self.call(*self.there, *command)

    def call(self, *argv):
        subprocess.run(argv, check=True)

    def rejected(self, reject, **causes):
        self.filter_input(f"tcp dport 9 {reject}", within=self.there)
        run, result = self.dial_for_result(self.address, 9, "-c", "20", "-s", "2", "-t", "5s")
        self.assert_truth(run, result, status=2, established=0, **causes)

    def test_nothing_listens(self):
        self.rejected("counter", refused=20)

    def test_reject_with_host_unreachable(self):
        self.rejected("reject with icmp type host-unreachable", host_unreachable=20)

    def test_reject_with_net_unreachable(self):
        self.rejected("reject with icmp type net-unreachable", network_unreachable=20)

    def test_reject_with_admin_prohibited(self):
        self.rejected("reject with icmp type admin-prohibited", prohibited=20)

    def test_goes_away_while_held(self):
        """As with a cable pulled out: they stay open, and nobody answers their FINs."""
        self.start(*self.there, harness.TCPGOON, "server", "-p", "9000", "-m", "0", "-d", "0")
        harness.wait_until(self.is_served, "the server over there")
        run = self.start_run(self.address, 9000, "-c", "20", "-s", "2", "--hold", "5s")
        self.wait_for_connections(run, 9000, 20)
        self.call(*self.there, "ip", "link", "set", f"far{self.number}", "down")
        run.wait()
        self.assert_truth(run, self.result_of(run), status=2, established=20)

    def is_served(self):
        with contextlib.suppress(OSError):
            socket.create_connection((self.address, 9000), timeout=1).close()
            return True
        return False


class OurSide(Fault):
    def test_local_ports_are_used_up(self):
        """From an address of its own: the cases beside this one use ports of 127.0.0.1."""
        _, port = self.serve()
        source = "127.77.0.1"
        with contextlib.ExitStack() as stack:
            for taken in range(30000, 30010):
                holder = stack.enter_context(socket.socket())
                holder.bind((source, taken))
                holder.listen(1)
            run, result = self.dial_for_result("127.0.0.1", port, "-c", "10", "-s", "2",
                                               "--source", source,
                                               "--source-port", "30000-30009")
        self.assert_truth(run, result, status=4, established=0, undialed=10,
                          ports_exhausted=10)

    def test_few_descriptors(self):
        """Carried out over more lanes."""
        _, port = self.serve()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "1000", "-s", "0",
                                           "--engine", "io_uring", nofile=64)
        self.assert_truth(run, result, status=0, established=1000)
        self.assert_kernel_agrees(run, result, 1000)

    def test_too_few_descriptors(self):
        """Beyond what 40 lanes of 64 slots can carry: refused before anything is dialled."""
        _, port = self.serve()
        run = self.run_tcpgoon("run", "127.0.0.1", port, "-y", "-c", "3000", "-s", "0", nofile=64)
        self.assert_explained(run, "open files", "ulimit -n", status=4)

    def test_few_descriptors_by_epoll(self):
        """Each connection takes one: as many as are left are established, and no more."""
        _, port = self.serve()
        words = ("-c", "100", "-s", "0", "--engine", "epoll")
        run = self.dial("127.0.0.1", port, *words, nofile=64)
        self.assert_explained(run, "open files", "ulimit -n 124", "io_uring", status=4)
        run, result = self.dial_for_result("127.0.0.1", port, *words, "--force", nofile=64)
        established = result["connections"]["established"]
        self.assertIn(established, range(40, 60), run.describe())
        self.assert_truth(run, result, status=4, established=established,
                          undialed=100 - established, descriptors=100 - established)

    def test_interrupted(self):
        """The report is written all the same, and the undecided are nobody's failures."""
        port = self.free_port()
        self.filter_input(f"tcp dport {port} drop")
        run = self.start_run("127.0.0.1", port, "-c", "20", "-s", "2", "-t", "30s")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_SYN_SENT, remote_port=port) == 20, "20 SYNs")
        run.send(signal.SIGINT)
        self.assertEqual(run.wait(), 1, run.describe())
        result = self.result_of(run)
        self.assertEqual((result["ended"], result["verdict"]["exit_status"]), ("interrupted", 1))
        self.assertEqual(result["connections"]["undecided"], 20)
        self.assertEqual((result["connections"]["failed"], result["causes"]), (0, []))


if __name__ == "__main__":
    harness.main(at_a_time=12 if harness.MEASURING else 3)
