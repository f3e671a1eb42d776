# SPDX-License-Identifier: MIT
"""Failures that go by source address, family or port; counters of the host that are another
listener's; limits that silence does not prove; a server that no longer accepts. Real rules, real
servers; the side, the count and the exit status exact."""

import contextlib
import ctypes
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import harness

# What may stand beside the finding of a case: it depends on how busy this machine is.
BESIDE = {"client_limited"}


class Field(harness.NetworkCase):
    def findings_of(self, result):
        return {finding["name"]: finding for finding in result["findings"]
                if finding["name"] not in BESIDE}

    def assert_only(self, run, result, name, *, side, count, status, words=(), without=()):
        """That this is all there is to say, of so many, and with these words."""
        findings = self.findings_of(result)
        self.assertEqual(list(findings), [name], run.describe())
        finding = findings[name]
        self.assertEqual((finding["side"], finding["count"]), (side, count), run.describe())
        text = finding["evidence"] + " " + finding["hint"]
        for word in words:
            self.assertIn(word, text)
        for word in without:
            self.assertNotIn(word, text)
        self.assert_status(run, status)

    def assert_well(self, run, result):
        self.assertEqual(self.findings_of(result), {}, run.describe())
        self.assert_status(run, 0)

    def serve_there(self, there):
        """tcpgoon's server in another network, once it listens: no connection is made for that."""
        self.start(*there, harness.TCPGOON, "server", "-p", "9000", "-m", "0", "-d", "0")

        def listens():
            tables = subprocess.run([*there, "cat", "/proc/net/tcp", "/proc/net/tcp6"],
                                    check=True, capture_output=True).stdout.decode()
            return any(fields[1].endswith(f":{9000:04X}") and fields[3] == "0A"
                       for fields in map(str.split, tables.splitlines()))
        harness.wait_until(listens, "the server over there")

    def groups_of(self, result, kind):
        return [(row["value"], row["dialed"], row["causes"])
                for row in result["groups"] if row["by"] == kind]


TWO_SOURCES = ("--source", "127.0.0.1", "--source", "127.0.0.2")
# The first 25 from the one, the next 25 from the other: as a limit of 25 would look.
ONE_AFTER_THE_OTHER = (*TWO_SOURCES, "--source-port", "30000-30024", "-c", "50", "-s", "2")
IN_TURNS = (*TWO_SOURCES, "--source-port", "auto", "-c", "50", "-s", "2")


@harness.requires("nft")
class BySource(Field):
    def two_sources(self, rule, argv, *, side, cause):
        _, port = self.serve()
        self.filter_input(f"ip saddr 127.0.0.2 tcp dport {port} {rule}")
        run, result = self.dial_for_result("127.0.0.1", port, *argv, "-t", "1500")
        self.assert_only(run, result, "failures_by_source", side=side, count=25, status=2,
                         words=("From source 127.0.0.2, all 25 connections failed",
                                "from other sources, none of 25 did."),
                         without=("limit of 25",))
        self.assertEqual(self.groups_of(result, "source"), [("127.0.0.2", 25, {cause: 25})])
        self.assertIn("Failed or ended by source: 127.0.0.2 25 of 25\n", run.stdout)
        return run

    def test_silence_of_one_source(self):
        run = self.two_sources("drop", ONE_AFTER_THE_OTHER, side="path", cause="timed_out")
        self.assertIn("They were dialled last, so a limit would look the same", run.stdout)

    def test_silence_of_one_source_in_turns(self):
        run = self.two_sources("drop", IN_TURNS, side="path", cause="timed_out")
        self.assertNotIn("would look the same", run.stdout)

    def test_refusal_of_one_source(self):
        self.two_sources("reject with tcp reset", ONE_AFTER_THE_OTHER, side="remote",
                         cause="refused")

    def test_an_access_list_that_closes(self):
        def handle(connection):
            if connection.getpeername()[0] == "127.0.0.2":
                connection.close()

        port = self.serve_in_python(handle)
        run, result = self.dial_for_result("127.0.0.1", port, *ONE_AFTER_THE_OTHER,
                                           "--hold", "1500ms")
        self.assert_only(run, result, "failures_by_source", side="remote", count=25, status=2,
                         words=("From source 127.0.0.2, all 25", "closed at once"))

    def test_the_first_source_is_the_bad_one(self):
        _, port = self.serve()
        self.filter_input(f"ip saddr 127.0.0.1 tcp dport {port} drop")
        run, result = self.dial_for_result("127.0.0.1", port, *ONE_AFTER_THE_OTHER, "-t", "1500")
        self.assert_only(run, result, "failures_by_source", side="path", count=25, status=2,
                         words=("From source 127.0.0.1, all 25",),
                         without=("would look the same",))

    def test_two_of_four_sources(self):
        _, port = self.serve()
        self.filter_input(f"ip saddr {{127.0.0.2, 127.0.0.4}} tcp dport {port} drop")
        run, result = self.dial_for_result(
            "127.0.0.1", port, "--source", "127.0.0.1-127.0.0.4", "--source-port", "30000-30009",
            "-c", "40", "-s", "2", "-t", "1500")
        self.assert_only(run, result, "failures_by_source", side="path", count=20, status=2,
                         words=("From the sources 127.0.0.2, 127.0.0.4, all 20",
                                "none of 20 did"))

    def test_spare_ports_change_the_source(self):
        """Five of its ports are held: those connections come from the other source."""
        _, port = self.serve()
        self.filter_input(f"ip saddr 127.0.0.2 tcp dport {port} drop")
        with contextlib.ExitStack() as stack:
            for taken in range(30000, 30005):
                holder = stack.enter_context(socket.socket())
                holder.bind(("127.0.0.1", taken))
                holder.listen(1)
            run, result = self.dial_for_result(
                "127.0.0.1", port, *TWO_SOURCES, "--source-port", "30000-30024",
                "-c", "25", "-s", "2", "-t", "1500")
        self.assertEqual(self.groups_of(result, "source"),
                         [("127.0.0.2", 5, {"timed_out": 5})], run.describe())
        self.assert_only(run, result, "failures_by_source", side="path", count=5, status=2)

    def test_a_limit_for_each_source(self):
        _, port = self.serve()
        self.filter_input(
            f"tcp dport {port} ct state new add @each {{ ip saddr ct count over 15 }} "
            "reject with tcp reset",
            declare="set each { type ipv4_addr; flags dynamic; }")
        run, result = self.dial_for_result("127.0.0.1", port, *ONE_AFTER_THE_OTHER)
        self.assert_only(run, result, "connection_cap", side="remote", count=20, status=2,
                         words=("Of each of 2 sources, the first 15 connections were established",
                                "a limit of 15 connections"))

    def test_an_interrupted_run(self):
        _, port = self.serve()
        self.filter_input(f"ip saddr 127.0.0.2 tcp dport {port} drop")
        run = self.start_run("127.0.0.1", port, *TWO_SOURCES, "--source-port", "30000-30024",
                             "-c", "50", "-s", "20", "-t", "100ms", "-i", "50ms")
        harness.wait_until(lambda: re.search(r"Error: [1-9]", run.stdout), "the first failures")
        run.send(signal.SIGINT)
        run.wait()
        result = self.result_of(run)
        rows = self.groups_of(result, "source")
        self.assertEqual(rows, [("127.0.0.2", result["connections"]["failed"] +
                                 result["connections"]["undecided"],
                                 {"timed_out": result["connections"]["failed"]})],
                         run.describe())


@harness.requires("nft", "unshare", "mount")
class ByFamilyAndPort(Field):
    def dial_name(self, addresses, ports, *argv):
        """A name that has these addresses, in a mount namespace of its own."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        hosts = os.path.join(directory.name, "hosts")
        with open(hosts, "w", encoding="ascii") as file:
            file.writelines(f"{address} many.test\n" for address in addresses)
        path = os.path.join(directory.name, "result.json")
        run = self.start("unshare", "-m", "sh", "-c",
                         'mount --bind "$0" /etc/hosts && exec "$@"', hosts,
                         harness.TCPGOON, "run", "many.test", ports, "-y", "-o", f"json={path}",
                         "--resolve", "all", *argv)
        run.result_path = path
        run.wait()
        return run, self.result_of(run)

    def test_a_family(self):
        subprocess.run(["ip", "address", "replace", "fd00::7/128", "dev", "lo"], check=True)
        _, port = self.serve()
        self.filter_input(f"meta nfproto ipv6 tcp dport {port} drop")
        run, result = self.dial_name(("::1", "fd00::7", "127.0.0.1", "127.0.0.2"), port,
                                     "-c", "40", "-s", "2", "-t", "1500")
        self.assert_only(run, result, "failures_by_family", side="path", count=20, status=2,
                         words=("Over IPv6, all 20 connections failed",
                                "over the other family, none of 20 did."))

    def test_a_port(self):
        """Two addresses, two ports: one port is rejected on both."""
        _, good = self.serve()
        _, bad = self.serve()
        self.filter_input(f"tcp dport {bad} drop")
        run, result = self.dial_name(("127.0.0.1", "127.0.0.2"), f"{good},{bad}",
                                     "-c", "40", "-s", "2", "-t", "1500")
        self.assert_only(run, result, "failures_by_port", side="path", count=20, status=2,
                         words=(f"To port {bad}, all 20 connections failed",
                                "to other ports, none of 20 did."))

    def test_a_port_of_more_than_have_a_tally(self):
        _, server = self.serve()
        low = 20000
        self.filter_input(f"tcp dport {low + 7} drop")
        self.redirect(f"tcp dport {low}-{low + 79} tcp dport != {low + 7} redirect to :{server}")
        run, result = self.dial_for_result("127.0.0.1", f"{low}-{low + 79}", "-c", "320",
                                           "-s", "2", "-t", "1500")
        self.assert_only(run, result, "failures_by_port", side="path", count=4, status=2,
                         words=(f"To port {low + 7}, all 4 connections failed",))

    def redirect(self, rule):
        """Connections to many ports, let up by one server."""
        script = ("table ip redirected {\nchain output {\ntype nat hook output priority -100\n"
                  f"{rule}\n}}\n}}\n")
        subprocess.run(["nft", "-f", "-"], input=script.encode(), check=True)
        self.addCleanup(subprocess.run, ["nft", "delete", "table", "ip", "redirected"],
                        check=True)

    def test_a_limit_of_one_port(self):
        """Dialled in turns with another, so that the whole is in no order."""
        _, free = self.serve()
        _, limited = self.serve()
        self.filter_input(
            f"tcp dport {limited} ct state new ct count over 12 reject with tcp reset")
        run, result = self.dial_for_result("127.0.0.1", f"{free},{limited}", "-c", "60",
                                           "-s", "2")
        self.assert_only(run, result, "connection_cap", side="remote", count=18, status=2,
                         words=(f"Of port {limited}, the first 12 connections were established",))


class OtherListeners(Field):
    """What the host counts for one listener is no matter of another."""

    def overflow_elsewhere(self, attempts=12):
        """A listener of this host that drops SYNs, until the test ends."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.addCleanup(listener.close)
        for _ in range(attempts):
            client = socket.socket()
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(listener.getsockname())
            self.addCleanup(client.close)

    def dial_beside_overflow(self, port, *argv):
        run = self.start_run("127.0.0.1", port, "-c", "40", "-s", "10", "--hold", "2s", *argv)
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) > 2, "a start")
        self.overflow_elsewhere()
        run.wait()
        return run, self.result_of(run)

    def test_an_overflow_of_another_listener(self):
        _, port = self.serve()
        run, result = self.dial_beside_overflow(port)
        self.assertGreater(result["network"]["TcpExt.ListenOverflows"], 0)
        self.assertEqual(result["listener"]["dropped"], 0)
        self.assert_well(run, result)

    @harness.requires("nft")
    def test_loss_beside_an_overflow_of_another_listener(self):
        _, port = self.serve()
        self.filter_input(
            f"tcp dport {port} tcp flags syn / fin,syn,rst,ack numgen inc mod 10 5 drop")
        run, result = self.dial_beside_overflow(port, "-t", "10s")
        self.assertGreater(result["network"]["TcpExt.ListenOverflows"], 0)
        self.assertEqual(list(self.findings_of(result)), ["syn_loss"], run.describe())
        self.assert_status(run, 0)

    def test_cookies_of_another_listener(self):
        """Each connection of another one comes up by a cookie; ours do so too, and are told apart."""
        _, port = self.serve()
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.addCleanup(listener.close)
        run = self.start_run("127.0.0.1", port, "-c", "20", "-s", "20", "--hold", "2s")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 20, "all")
        self.set_sysctl("net.ipv4.tcp_syncookies", 2)
        for _ in range(10):
            self.addCleanup(socket.create_connection(listener.getsockname()).close)
        run.wait()
        result = self.result_of(run)
        self.assertEqual(result["network"]["TcpExt.SyncookiesRecv"], 10)
        self.assert_well(run, result)

    def test_cookies_of_our_own(self):
        _, port = self.serve()
        self.set_sysctl("net.ipv4.tcp_syncookies", 2)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2")
        self.assert_only(run, result, "syn_cookies", side="remote", count=20, status=0,
                         words=("At least 20 of 20",))

    @harness.measured
    def test_an_overflow_that_was_over_at_the_end(self):
        """Its queue is empty again when it is looked at: the socket's own drops tell."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=4)
        listener.settimeout(harness.PATIENCE_S)
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]
        # Or some are answered with cookies, and lost when these come back to a full queue.
        self.set_sysctl("net.ipv4.tcp_syncookies", 0)
        run = self.start_run("127.0.0.1", port, "-c", "20", "-s", "2", "-t", "10s",
                             "--hold", "500ms")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_SYN_SENT, remote_port=port) == 15, "15 SYNs")
        accepted = []
        for _ in range(20):
            accepted.append(listener.accept()[0])
            self.addCleanup(accepted[-1].close)
        run.wait()
        result = self.result_of(run)
        if result["listener"]["queued_most"] > 1:
            raise harness.Untimely("it was looked at while it overflowed")
        self.assertGreaterEqual(result["listener"]["dropped"], 15)
        self.assertEqual(list(self.findings_of(result))[0], "backlog_full", run.describe())
        finding = self.findings_of(result)["backlog_full"]
        self.assertEqual((finding["side"], finding["count"]), ("remote", 15), run.describe())
        self.assertIn("its socket dropped", finding["evidence"])
        self.assert_status(run, 0)

    def test_an_overflow_that_resets(self):
        """net.ipv4.tcp_abort_on_overflow: the last ACK is answered by a reset, where SYNs pass."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=4)
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]
        self.set_sysctl("net.ipv4.tcp_abort_on_overflow", 1)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "0", "-t", "1500")
        self.assertIn("backlog_full", self.findings_of(result), run.describe())
        self.assertEqual(self.findings_of(result)["backlog_full"]["count"], 15)


@harness.requires("nft", "ip", "unshare", "nsenter")
class Router(Field):
    """Client, router and server, each in a network of its own: only the router counts."""

    def setUp(self):
        super().setUp()
        number = self.free_port() % 200
        self.net = f"10.{number}"
        names = [f"k{number}a", f"k{number}b", f"k{number}c", f"k{number}d"]
        self.router = self.other_network()
        self.server = self.other_network()
        self.call("ip", "link", "add", names[0], "type", "veth", "peer", "name", names[1],
                  "netns", self.router[2])
        self.addCleanup(subprocess.run, ["ip", "link", "del", names[0]], check=True)
        self.call(*self.router, "ip", "link", "add", names[2], "type", "veth", "peer", "name",
                  names[3], "netns", self.server[2])
        self.call("ip", "address", "add", f"{self.net}.1.1/24", "dev", names[0])
        self.call("ip", "link", "set", names[0], "up")
        self.call("ip", "route", "add", f"{self.net}.2.0/24", "via", f"{self.net}.1.2")
        for there, name, address in ((self.router, names[1], f"{self.net}.1.2/24"),
                                     (self.router, names[2], f"{self.net}.2.2/24"),
                                     (self.server, names[3], f"{self.net}.2.1/24")):
            self.call(*there, "ip", "address", "add", address, "dev", name)
            self.call(*there, "ip", "link", "set", name, "up")
        self.call(*self.router, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        self.call(*self.server, "ip", "route", "add", "default", "via", f"{self.net}.2.2")
        self.address = f"{self.net}.2.1"

    def call(self, *argv):
        subprocess.run(argv, check=True)

    def count_on_router(self, verdict):
        self.serve_there(self.server)
        script = ("table ip counting {\nchain forward {\ntype filter hook forward priority 0\n"
                  f"tcp dport 9000 ct state new ct count over 40 {verdict}\n}}\n}}\n")
        subprocess.run([*self.router, "nft", "-f", "-"], input=script.encode(), check=True)
        return self.dial_for_result(self.address, 9000, "-c", "100", "-s", "2", "-t", "1500")

    def test_silence_after_so_many(self):
        run, result = self.count_on_router("drop")
        self.assert_only(run, result, "connection_cap", side="path", count=60, status=2,
                         words=("The first 40 connections were established and stayed",
                                "is not known", "a full connection table",
                                "a limit of the server"),
                         without=("check the server's or proxy's maximum",))

    def test_a_full_connection_tracker_of_the_router(self):
        self.require_small_tracker()
        self.serve_there(self.server)
        script = ("table ip tracking {\nchain forward {\ntype filter hook forward priority 0\n"
                  "ct state new accept\n}\n}\n")
        subprocess.run([*self.router, "nft", "-f", "-"], input=script.encode(), check=True)
        fill = os.path.join(os.path.dirname(os.path.abspath(__file__)), "full_tracker.py")
        self.call(*self.router, sys.executable, fill, "40")
        run, result = self.dial_for_result(self.address, 9000, "-c", "100", "-s", "2",
                                           "-t", "1500")
        self.assert_only(run, result, "connection_cap", side="path", count=60, status=2,
                         words=("The first 40 connections were established and stayed", "is not known",
                                "a full connection table"),
                         without=("check the server's or proxy's maximum",))

    def test_refusal_after_so_many(self):
        run, result = self.count_on_router("reject with tcp reset")
        self.assert_only(run, result, "connection_cap", side="remote", count=60, status=2,
                         words=("a limit of 40 connections", "firewall rules that count"))


@harness.requires("ip", "unshare", "nsenter")
class ReversePath(Field):
    """Answers to one source come in by another device than it would send by, and are dropped here."""

    def setUp(self):
        super().setUp()
        there = self.other_network()
        mac = "02:00:00:00:00:0a"
        for command in (
                f"ip link add a0 address {mac} type veth peer name a1 netns {there[2]}",
                f"ip link add b0 type veth peer name b1 netns {there[2]}",
                "ip address add 10.0.0.1/24 dev a0", "ip link set a0 up",
                "ip address add 10.0.0.2/24 dev b0 noprefixroute", "ip link set b0 up",
                "ip route add 10.0.0.0/24 dev b0 table 100",
                "ip rule add from 10.0.0.2 lookup 100",
                "sysctl -q -w net.ipv4.conf.a0.rp_filter=1"):
            subprocess.run(command.split(), check=True)
        for command in (
                "ip address add 10.0.0.9/24 dev a1", "ip link set a1 up", "ip link set b1 up",
                "sysctl -q -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.a1.rp_filter=0 "
                "net.ipv4.conf.b1.rp_filter=0",
                # Else the question for its link-layer address is dropped as well.
                f"ip neighbour replace 10.0.0.2 lladdr {mac} dev a1"):
            subprocess.run([*there, *command.split()], check=True)
        self.serve_there(there)

    def test_of_one_source(self):
        run, result = self.dial_for_result(
            "10.0.0.9", 9000, "--source", "10.0.0.1", "--source", "10.0.0.2", "--source-port",
            "30000-30024", "-c", "50", "-s", "2", "-t", "2500")
        self.assert_only(run, result, "reverse_path_filtered", side="local", count=25, status=4,
                         words=("These are all the connections from source 10.0.0.2, and no others.",
                                "net.ipv4.conf.a0.rp_filter"))


class Wire(Field):
    """To a server in another network, over a wire."""

    def setUp(self):
        super().setUp()
        self.there = self.other_network()
        subprocess.run("ip link add a0 type veth peer name a1".split(), check=True)
        self.no_checksum_offload("a1")
        for command in (f"ip link set a1 netns {self.there[2]}", "ip address add 10.0.0.1/24 dev a0",
                        "ip link set a0 up"):
            subprocess.run(command.split(), check=True)
        for command in "ip address add 10.0.0.9/24 dev a1", "ip link set a1 up":
            subprocess.run([*self.there, *command.split()], check=True)

    def no_checksum_offload(self, device):
        """ethtool -K DEVICE tx off, of this network: else none is made over veth."""
        value = ctypes.create_string_buffer(struct.pack("II", 0x17, 0))  # ETHTOOL_STXCSUM
        request = struct.pack("16sQ16x", device.encode(), ctypes.addressof(value))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, 0x8946, request)  # SIOCETHTOOL

    @harness.requires("nft", "ip", "unshare", "nsenter")
    def test_damaged_answers(self):
        """The SYN-ACKs come in with a wrong checksum: no firewall drops the SYNs."""
        self.serve_there(self.there)
        script = ("table netdev damage {\nchain ingress {\n"
                  "type filter hook ingress device a0 priority 0\n"
                  "tcp sport 9000 tcp flags syn,ack / fin,syn,rst,ack tcp checksum set 1\n}\n}\n")
        subprocess.run(["nft", "-f", "-"], input=script.encode(), check=True)
        run, result = self.dial_for_result("10.0.0.9", 9000, "-c", "20", "-s", "2", "-t", "1500")
        self.assert_only(run, result, "damaged_segments", side="path", count=20, status=2,
                         words=("wrong checksum",))


@harness.requires("nft")
class ThisHostsServer(Field):
    """A server of this host that is well, and what stands before it."""

    def test_a_rate_limit_that_rejects(self):
        _, port = self.serve()
        self.filter_input(f"tcp dport {port} tcp flags syn / fin,syn,rst,ack "
                          "numgen inc mod 4 3 reject with tcp reset")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "40", "-s", "2")
        self.assert_only(run, result, "firewall_reset", side="path", count=10, status=2,
                         words=("10 connections that were answered were refused",
                                "sent no reset for them"))

    def test_last_acks_lost_after_cookies(self):
        """The server's kernel knows nothing of them, and repeats no SYN-ACK: all looks well."""
        _, port = self.serve()
        self.filter_input(f"tcp dport {port} tcp flags ack / fin,syn,rst,ack drop")
        self.set_sysctl("net.ipv4.tcp_syncookies", 2)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2")
        self.assertEqual(result["kernel"]["no_other_end"], 20)
        self.assert_only(run, result, "lost_after_cookie", side="remote", count=20, status=2)

    def test_last_acks_that_meet_a_full_queue_after_cookies(self):
        """The SYNs of the first burst come again in a second one, and get cookies: too many at once."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.addCleanup(listener.close)
        accepted = []

        def accept():
            time.sleep(0.5)
            with contextlib.suppress(OSError):
                while True:
                    accepted.append(listener.accept()[0])
                    time.sleep(0.001)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        self.set_sysctl("net.ipv4.tcp_syncookies", 2)
        run, result = self.dial_for_result("127.0.0.1", listener.getsockname()[1],
                                           "-c", "200", "-s", "0", "--hold", "1s")
        lost = {finding["name"]: finding["count"] for finding in result["findings"]}
        self.assertGreater(result["kernel"]["no_other_end"], 0, run.describe())
        self.assertEqual(lost.get("lost_after_cookie"), result["kernel"]["no_other_end"],
                         run.describe())
        self.assert_status(run, 2)

    def test_a_nat_rule_behind_a_listener(self):
        """As with published ports of containers: what listens here is not what is reached."""
        there = socket.create_server(("127.0.0.2", 0), backlog=1024)
        self.addCleanup(there.close)
        here = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.addCleanup(here.close)
        port = here.getsockname()[1]
        for _ in range(2):
            self.addCleanup(socket.create_connection(("127.0.0.1", port)).close)
        script = ("table ip published {\nchain output {\ntype nat hook output priority -100\n"
                  f"ip daddr 127.0.0.1 tcp dport {port} dnat to "
                  f"127.0.0.2:{there.getsockname()[1]}\n}}\n}}\n")
        subprocess.run(["nft", "-f", "-"], input=script.encode(), check=True)
        accepted = []

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    accepted.append(there.accept()[0])
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "2",
                                           "--hold", "1500ms")
        there.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in accepted:
            connection.close()
        self.assert_well(run, result)


class Stopped(Field):
    def stop_accepting(self, start, accepted, waiting):
        """The server takes so many, then no more: what waits is no success."""
        port = self.free_port()
        start(port)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", str(accepted + waiting),
                                           "-s", "1", "--hold", "2s")
        self.assertEqual(result["connections"]["established"], accepted + waiting)
        self.assert_only(run, result, "server_stopped_accepting", side="remote", count=waiting,
                         status=2, words=(f"accepted {accepted} and then no more",))
        self.assertIn(f"{waiting} of {accepted + waiting} connections did not work", run.stdout)

    @harness.requires("haproxy")
    def test_haproxy_at_its_maximum(self):
        def start(port):
            directory = tempfile.TemporaryDirectory()
            self.addCleanup(directory.cleanup)
            path = os.path.join(directory.name, "haproxy.cfg")
            with open(path, "w", encoding="ascii") as file:
                file.write("defaults\n mode tcp\n timeout client 60s\n timeout connect 5s\n"
                           " timeout server 60s\n backlog 1024\n"
                           f"frontend f\n bind 127.0.0.1:{port}\n maxconn 50\n"
                           " tcp-request inspect-delay 30s\n"
                           " tcp-request content accept if { req.len gt 0 }\n"
                           " default_backend b\nbackend b\n"
                           " server s 127.0.0.1:9\n")
            program = self.start("haproxy", "-db", "-f", path)
            harness.wait_for_listener(port, program)
        self.stop_accepting(start, 50, 250)

    def test_a_server_that_hangs(self):
        def start(port):
            listener = socket.create_server(("127.0.0.1", port), backlog=1024)
            self.addCleanup(listener.close)

            def accept():
                with contextlib.suppress(OSError):
                    for _ in range(30):
                        self.addCleanup(listener.accept()[0].close)
            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            self.addCleanup(thread.join)
        self.stop_accepting(start, 30, 70)

    def test_a_server_that_is_slow(self):
        """It accepts ten a second: to wait is not to wait for ever."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        port = listener.getsockname()[1]
        over = threading.Event()
        accepted = []

        def accept():
            while not over.wait(0.1):
                accepted.append(listener.accept()[0])
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "60", "-s", "1",
                                           "--hold", "2500ms")
        over.set()
        thread.join()
        for connection in (*accepted, listener):
            connection.close()
        findings = self.findings_of(result)
        self.assertEqual(list(findings), ["server_accepts_slowly"], run.describe())
        self.assertEqual(findings["server_accepts_slowly"]["count"],
                         result["kernel"]["not_accepted"])
        self.assertIn("Accept faster", findings["server_accepts_slowly"]["hint"])
        self.assert_status(run, 0)

    def test_those_of_others_are_not_counted(self):
        """Twenty of another client wait in the same queue: ten before the run, ten meanwhile."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]

        def connect():
            for _ in range(10):
                self.addCleanup(socket.create_connection(("127.0.0.1", port)).close)
        connect()
        run = self.start_run("127.0.0.1", port, "-c", "30", "-s", "5", "--hold", "2s")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) >= 12, "a start")
        connect()
        run.wait()
        result = self.result_of(run)
        self.assert_only(run, result, "server_stopped_accepting", side="remote", count=30,
                         status=2)


class Pace(Field):
    @harness.alone
    @harness.measured
    def test_a_stall_or_two_are_no_lost_pace(self):
        """Twice stopped for a moment among 150 dials: several in a hundred were late."""
        _, port = self.serve()
        run = self.start_run("127.0.0.1", port, "-c", "150", "-s", "10", "--hold", "1s",
                             prepare=harness.come_first)
        for held in (40, 90):
            harness.wait_until(
                lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) >= held,
                f"{held} connections")
            run.send(signal.SIGSTOP)
            time.sleep(0.06)
            run.send(signal.SIGCONT)
        run.wait()
        result = self.result_of(run)
        self.assert_status(run, 0)
        self.assertGreaterEqual(result["lag_us"]["p99"], 10000)
        self.assert_undisturbed(run, result)


if __name__ == "__main__":
    harness.main(at_a_time=8 if harness.MEASURING else 3)
