# SPDX-License-Identifier: MIT
"""What a run leaves to other programs of the same host: ports above all."""

import contextlib
import errno
import signal
import socket
import subprocess

import harness


def sysctl(name, value):
    with open("/proc/sys/net/ipv4/" + name, "w", encoding="ascii") as file:
        file.write(value)


def bound_ports():
    """The local ports of all TCP sockets of IPv4 that are connected or in TIME_WAIT."""
    ports = {}
    with open("/proc/net/tcp", encoding="ascii") as file:
        next(file)
        for line in file:
            _, local, remote, state = line.split(maxsplit=4)[:4]
            if int(state, 16) in (harness.TCP_ESTABLISHED, harness.TCP_TIME_WAIT):
                ports.setdefault(int(remote.rpartition(":")[2], 16), []).append(
                    int(local.rpartition(":")[2], 16))
    return ports


def connect_elsewhere(address):
    """What another program gets that connects without a port of its own: 0 or an errno."""
    with socket.socket() as probe:
        try:
            probe.connect(address)
        except OSError as error:
            return error.errno
    return 0


class Sharing(harness.Case):
    def setUp(self):
        # Each case has the namespace as it is new.
        sysctl("ip_local_reserved_ports", "\n")
        sysctl("ip_local_port_range", "32768 60999")
        subprocess.run(["ip", "address", "replace", "10.9.0.1/32", "dev", "lo"], check=True)
        self.other = ("127.0.0.1", self.free_port())
        other = socket.create_server(self.other, backlog=64)
        self.addCleanup(other.close)

    def automatic(self, low, high):
        sysctl("ip_local_port_range", f"{low} {high}")

    def reserve_all_but(self, low, high):
        """The run may use these ports only."""
        sysctl("ip_local_reserved_ports", f"1024-{low - 1},{high + 1}-65535")

    def quiet_range(self, size):
        """Where so many ports begin that no case has left in TIME_WAIT."""
        used = {port for ports in bound_ports().values() for port in ports}
        return next(low for low in range(10000, 65000, size)
                    if not used & set(range(low, low + size)))

    @contextlib.contextmanager
    def held(self, port, *argv, connections, host="127.0.0.1"):
        """A run whose connections are all up, and which is then interrupted; see `finished`."""
        run = self.start_run(host, port, "-s", "0", "-c", connections, "--hold", "60s", *argv)
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == connections
            or not run.running(), "all connections")
        self.assertTrue(run.running(), run.describe())
        yield run
        run.send(signal.SIGINT)
        run.wait()
        self.assert_status(run, 1)
        self.finished = run, self.result_of(run)

    def test_others_connect_beside_a_large_run_and_after_it(self):
        """As many as the host has ports for others, from one address; TIME_WAIT afterwards."""
        self.automatic(40000, 43999)
        _, port = self.serve()
        with self.held(port, connections=20000, host="10.9.0.1"):
            ports = bound_ports()[port]
            self.assertEqual(connect_elsewhere(self.other), 0)
        self.assertEqual([number for number in ports if 40000 <= number <= 43999], [])
        self.assertGreaterEqual(min(ports), 1024)
        self.assertEqual(connect_elsewhere(self.other), 0)
        left = self.finished[1]["left_for_others"]
        self.assertEqual((left["ports"], left["ports_of"]), (4000, 4000))
        self.assertNotIn("few_ports_left", self.finished[0].stdout)

    def test_the_reserve_is_the_last(self):
        """All but the reserve are taken, and others find a port at once."""
        self.automatic(40000, 43999)
        self.reserve_all_but(40000, 43999)
        # The listener of the case and that of the server are outside.
        _, port = self.serve()
        with self.held(port, connections=3500, host="10.9.0.1"):
            taken = set(bound_ports()[port])
            self.assertEqual(len(taken), 3500)
            self.assertEqual([number for number in taken if (number - 40000) % 8 == 0], [])
            self.assertEqual(connect_elsewhere(self.other), 0)
        left = self.finished[1]["left_for_others"]
        self.assertEqual((left["ports"], left["ports_of"]), (500, 4000))
        self.assertNotIn("few_ports_left", self.finished[0].stdout)

    def test_what_is_left_is_said(self):
        """(connections, what is left): by the plan, the report, the finding; and it is so."""
        self.automatic(40000, 40999)
        self.reserve_all_but(40000, 40999)
        for connections, left, told in ((875, 125, False), (990, 10, True), (1000, 0, True)):
            with self.subTest(connections=connections):
                _, port = self.serve()
                argv = ("-c", connections, "-s", "0", "--close", "rst")
                plan = self.run_tcpgoon("plan", "10.9.0.1", port, *argv)
                self.assert_status(plan, 0)
                self.assertIn(f"  Left:     {left} of the 1,000 ports", plan.stdout)
                with self.held(port, "--close", "rst", connections=connections,
                               host="10.9.0.1"):
                    wanted = 0 if left > 0 else errno.EADDRNOTAVAIL
                    self.assertEqual(connect_elsewhere(self.other), wanted)
                run, result = self.finished
                self.assertEqual(result["left_for_others"]["ports"], left)
                names = [finding["name"] for finding in result["findings"]
                         if finding["name"] != "client_limited"]
                self.assertEqual(names, ["few_ports_left"] if told else [], run.describe())
                if told:
                    number = f"at most {left}" if left > 0 else "none"
                    self.assertIn(f"left {number} of the 1000 ports", run.stdout)
                self.assertEqual(connect_elsewhere(self.other), 0)

    @harness.measured
    def test_what_stays_in_time_wait_is_said(self):
        self.automatic(40000, 40999)
        self.reserve_all_but(40000, 40999)
        _, port = self.serve()
        plan = self.run_tcpgoon("plan", "10.9.0.1", port, "-c", "1000", "-s", "0")
        self.assertIn("after the run too, for up to a minute", plan.stdout)
        run, _ = self.dial_for_result("10.9.0.1", port, "-c", "1000", "-s", "0")
        self.assert_status(run, 0)
        self.assertIn("a minute after the run", run.stdout)
        # Some end at once, by a RST of the kernel's to a late ACK.
        left = harness.sockets(harness.TCP_TIME_WAIT, remote_port=port)
        harness.require_timely(left > 100, f"only {left} in TIME_WAIT")

    def test_more_loopback_addresses_rather_than_the_ports_of_others(self):
        self.automatic(5000, 60999)
        _, port = self.serve()
        with self.held(port, connections=15000):
            ports = bound_ports()[port]
            self.assertEqual([number for number in ports if 5000 <= number <= 60999], [])
            self.assertEqual(len(ports), 15000)

    def test_reserved_ports_are_never_used(self):
        """(ip_local_reserved_ports, flags, connections, what is used)."""
        cases = (
            ("1024-46999,47100-65535", (), 100, range(47000, 47100)),
            ("47000-47009", ("--source-port", "47000-47019"), 10, range(47010, 47020)),
            # All of a range that was given are reserved: for this.
            ("47000-47019", ("--source-port", "47000-47009"), 10, range(47000, 47010)),
        )
        for reserved, argv, connections, used in cases:
            with self.subTest(reserved=reserved, argv=argv):
                sysctl("ip_local_reserved_ports", reserved)
                _, port = self.serve()
                with self.held(port, *argv, connections=connections, host="10.9.0.1"):
                    self.assertEqual(sorted(bound_ports()[port]), list(used))

    def test_all_that_others_connect_from_is_reserved(self):
        """Also the look at the route needs no port that the kernel picks."""
        sysctl("ip_local_reserved_ports", "32768-60999")
        _, port = self.serve()
        for host in ("127.0.0.1", "10.9.0.1"):
            with self.subTest(host=host):
                plan = self.run_tcpgoon("plan", host, port, "-c", "200")
                self.assertIn(f", from {host} on\n", plan.stdout)
                with self.held(port, connections=200, host=host):
                    self.assertFalse(set(bound_ports()[port]) & set(range(32768, 61000)))

    def test_too_few_ports_that_are_not_reserved(self):
        self.reserve_all_but(40000, 40099)
        plan = self.run_tcpgoon("plan", "10.9.0.1", "80", "-c", "101")
        self.assert_status(plan, 4)
        self.assertRegex(plan.stdout, r"4-tuples +100 +101  NOT ENOUGH")

    def test_a_service_keeps_its_port_over_a_restart(self):
        """Also where it comes back on all addresses, and without SO_REUSEADDR."""
        self.automatic(46000, 46099)
        self.reserve_all_but(46000, 46099)
        service = socket.socket()
        service.bind(("127.0.0.1", 46050))
        service.listen(1)
        _, port = self.serve()
        with self.held(port, connections=99, host="10.9.0.1"):
            self.assertNotIn(46050, bound_ports()[port])
            service.close()
            with socket.socket() as again:
                again.bind(("0.0.0.0", 46050))
                again.listen(1)

    def test_ports_of_the_kernels_choice_are_shared(self):
        low = self.quiet_range(200)
        self.automatic(low, low + 199)
        _, port = self.serve()
        with self.held(port, "--source-port", "auto", connections=200, host="10.9.0.1"):
            self.assertEqual(set(bound_ports()[port]), set(range(low, low + 200)))
            self.assertEqual(connect_elsewhere(self.other), 0)

    def test_a_plan_names_the_sources_of_its_family(self):
        plan = self.run_tcpgoon("plan", "::1", "80", "-c", "5", "--source", "::1")
        self.assertIn("Sources:  1, from ::1 on\n", plan.stdout)


if __name__ == "__main__":
    harness.main()
