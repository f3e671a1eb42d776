# SPDX-License-Identifier: MIT
"""Where connections come from and go to: source addresses and ports, several targets, the plan."""

import contextlib
import os
import signal
import socket
import time

import harness


class Ports(harness.Case):
    @contextlib.contextmanager
    def held(self, address, ports):
        """Somebody else listens on these ports of the address."""
        with contextlib.ExitStack() as stack:
            for port in ports:
                holder = stack.enter_context(socket.socket())
                holder.bind((address, port))
                holder.listen(1)
            yield

    def peers(self, port):
        """(address, port) of each established connection's client end."""
        found = []
        with open("/proc/net/tcp", encoding="ascii") as file:
            next(file)
            for line in file:
                _, local, remote, state = line.split(maxsplit=4)[:4]
                if int(state, 16) == harness.TCP_ESTABLISHED and \
                        int(remote.rpartition(":")[2], 16) == port:
                    host, _, number = local.partition(":")
                    octets = bytes.fromhex(host)[::-1]
                    found.append((".".join(map(str, octets)), int(number, 16)))
        return sorted(found)

    def hold(self, *argv, port, connections):
        """A run that holds its connections until the test ends; their client ends."""
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-s", "0", "-c", connections,
                           "--hold", "60s", *argv)
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == connections
            or not run.running(), "all connections")
        peers = self.peers(port)
        run.send(signal.SIGINT)
        run.wait()
        self.assertEqual(self.report_of(run).on_closure, connections, run.describe())
        return peers

    def test_given_ports_are_used_in_order(self):
        _, port = self.serve()
        peers = self.hold("--source", "127.0.0.9", "--source-port", "20000-20009",
                          port=port, connections=10)
        self.assertEqual(peers, [("127.0.0.9", 20000 + i) for i in range(10)])

    def test_held_ports_are_passed_over(self):
        _, port = self.serve()
        with self.held("127.0.0.9", (21001, 21003, 21004)):
            peers = self.hold("--source", "127.0.0.9", "--source-port", "21000-21009",
                              port=port, connections=7)
        self.assertEqual(peers, [("127.0.0.9", 21000 + i) for i in (0, 2, 5, 6, 7, 8, 9)])

    def test_held_ports_of_targets_in_turns(self):
        """A spare tuple leads to the target of the connection that needs it, of its family too."""
        self.serve("--listen", "127.0.0.1", port=27001)
        self.serve("--listen", "127.0.0.1", port=27002)
        with self.held("127.0.0.9", (27101,)):
            peers = []
            run = self.tcpgoon("run", "127.0.0.1", "27001,27002", "-y", "-s", "0", "-c", "6",
                               "--source", "127.0.0.9", "--source-port", "27100-27109",
                               "--hold", "60s")
            harness.wait_until(lambda: harness.sockets(harness.TCP_ESTABLISHED) == 12,
                               "all connections")
            peers = [self.peers(27001), self.peers(27002)]
            run.send(signal.SIGINT)
            run.wait()
        wanted = [("127.0.0.9", number) for number in (27100, 27102, 27103)]
        self.assertEqual(peers, [wanted, wanted])

    def test_held_ports_beyond_the_spare_ones_fail_locally(self):
        _, port = self.serve()
        with self.held("127.0.0.9", (22001, 22003)):
            run = self.dial("127.0.0.1", port, "--source", "127.0.0.9", "--source-port",
                            "22000-22004", "-c", "5", "-s", "0")
        self.assert_status(run, 4)
        report = self.report_of(run)
        self.assertEqual((report.established, report.final["error"]), (3, 2))
        # Never dialled, so no time to error.
        self.assertEqual(report.failed, 0)

    def test_time_wait_is_passed_over(self):
        """Without timestamps, a 4-tuple in TIME_WAIT makes connect fail."""
        with open("/proc/sys/net/ipv4/tcp_timestamps", "w", encoding="ascii") as file:
            file.write("0")
        _, port = self.serve()
        argv = ("--source", "127.0.0.9", "--source-port", "23000-23099", "-c", "40", "-s", "0")
        free = 100
        # Some end without a TIME_WAIT, by a RST of the kernel's to a late ACK.
        while free >= 40:
            run = self.dial("127.0.0.1", port, *argv)
            self.assert_status(run, 0)
            self.assertEqual(self.report_of(run).established, 40)
            free = 100 - harness.sockets(harness.TCP_TIME_WAIT, remote_port=port)
        run = self.dial("127.0.0.1", port, *argv)
        self.assert_status(run, 4)
        self.assertEqual(self.report_of(run).established, free)

    def test_reset_leaves_no_time_wait(self):
        _, port = self.serve()
        self.assert_status(self.dial("127.0.0.1", port, "-c", "50", "-s", "0"), 0)
        # This test can see them. Some end at once, by a RST of the kernel's to a late ACK.
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_TIME_WAIT, remote_port=port) > 0, "TIME_WAIT")
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "50", "-s", "0", "--close", "rst")
        self.assert_status(run, 0)
        self.assertEqual(harness.sockets(harness.TCP_TIME_WAIT, remote_port=port), 0)

    def test_left_to_the_kernel(self):
        _, port = self.serve()
        peers = self.hold("--source-port", "auto", port=port, connections=20)
        self.assertTrue(all(32768 <= number <= 60999 for _, number in peers), peers)

    def test_never_from_the_target_to_itself(self):
        """Nobody listens; a socket on the target's own port would connect to itself."""
        port = 27002  # far from those of servers that may not be gone yet
        run = self.dial("127.0.0.1", port, "--source", "127.0.0.1", "--source-port",
                        f"{port - 2}-{port + 2}", "-c", "4", "-s", "0")
        self.assert_status(run, 2)
        self.assertEqual(self.report_of(run).final["error"], 4)

    def test_sources_in_ranges_and_networks(self):
        _, port = self.serve()
        peers = self.hold("--source", "127.0.1.1-127.0.1.3", "--source", "127.0.2.0/30",
                          "--source-port", "24000", port=port, connections=5)
        self.assertEqual([address for address, _ in peers],
                         ["127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.2.1", "127.0.2.2"])

    @harness.measured
    def test_60000_from_one_source_at_an_even_rate(self):
        """The last 10,000 take no more than twice as long as the first."""
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "60000", "-s", "0", "-i", "20ms",
                        "--source", "127.0.0.1")
        self.assert_status(run, 0)
        ticks = [tick["established"] for tick in self.report_of(run).ticks] + [60000]
        first = sum(established <= 10000 for established in ticks)
        last = sum(established >= 50000 for established in ticks)
        harness.require_timely(
            last <= 2 * max(first, 1) + 1,
            f"the first 10,000 took {first} times 20 ms, and the last {last} times")


class Targets(harness.Case):
    def test_several_ports_take_turns(self):
        servers = [self.serve(port=25000 + i)[0] for i in range(3)]
        run = self.dial("127.0.0.1", "25000-25002", "-c", "30", "-s", "0")
        self.assert_status(run, 0)
        for server in servers:
            server.send(signal.SIGTERM)
            server.wait()
            self.assertRegex(server.stdout, r"Total accepted connections: 10\n")


class Plan(harness.Case):
    def plan(self, *argv, **options):
        return self.run_tcpgoon("plan", *argv, **options)

    def test_says_what_would_be_and_dials_nothing(self):
        plan = self.plan("127.0.0.1", "80", "-c", "200k", "-s", "0", nofile=20000)
        self.assert_status(plan, 0)
        self.assertIn("Engine:   io_uring, 10 rings of 20,000 slots", plan.stdout)
        for limit in ("4-tuples", "open files", "locked memory", "fs.file-max", "conntrack",
                      "memory"):
            self.assertRegex(plan.stdout, rf"  {limit} .* ok(, leaves .*)?\n")
        # Some kernels hide it in a network namespace, such as this one.
        if os.path.exists("/proc/sys/net/ipv4/tcp_mem"):
            self.assertRegex(plan.stdout, r"  tcp_mem pages .* ok\n")
            self.assertIn("\nThe run is possible.\n", plan.stdout)
        else:
            self.assertRegex(plan.stdout, r"  tcp_mem pages +not known .* unknown\n")
            self.assertIn("\nThe run is possible, as far as is known.\n", plan.stdout)

    def test_a_plan_without_a_route_says_so(self):
        plan = self.run_tcpgoon("plan", "198.51.100.1", "80")
        self.assert_status(plan, 4)
        self.assertIn("no route to the target is known", plan.stdout)
        self.assertIn("Route:    none to 198.51.100.1\n", plan.stdout)
        self.assertIn("without a route no connection will be established", plan.stdout)
        self.assertNotIn("The run is possible", plan.stdout)

    def test_too_few_tuples(self):
        argv = ("127.0.0.1", "80", "-c", "70000", "--source", "127.0.0.1")
        plan = self.plan(*argv)
        self.assert_status(plan, 4)
        self.assertRegex(plan.stdout, r"4-tuples +64,512 +70,000  NOT ENOUGH\n +give .*--source")
        capture = harness.Capture(self, "tcp port 80")
        run = self.run_tcpgoon("run", *argv, "-y")
        self.assert_explained(run, "4-tuples", "64,512", "70,000", "--source", status=4)
        self.assertEqual(capture.fields("tcp.srcport"), [])

    def test_no_port_but_the_targets_own(self):
        for target, argv in (
                (("127.0.0.1", "80"), ("--source-port", "80", "-c", "1")),
                (("127.0.0.1", "80"), ("--source-port", "80-80", "--source", "127.0.0.1-127.0.0.9",
                                       "-c", "1")),
                (("127.0.0.1", "80-81"), ("--source-port", "80", "-c", "1")),
                (("::1", "80"), ("--source-port", "80", "-c", "1"))):
            with self.subTest(target=target, argv=argv):
                plan = self.plan(*target, *argv)
                self.assert_status(plan, 4)
                self.assertRegex(plan.stdout,
                                 r"4-tuples +0 +1  NOT ENOUGH\n +give .*--source-port")
                self.assert_explained(self.run_tcpgoon("run", *target, *argv, "-y"), "4-tuples",
                                      "1 needed, 0 available", "--source-port", status=4)
                run = self.dial(*target, *argv, "-s", "0", "--force")
                self.assert_status(run, 4)
                self.assertEqual(self.report_of(run).final["error"], 1)

    def test_force_dials_what_can_be(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "12", "-s", "0", "--source", "127.0.0.1",
                        "--source-port", "26000-26009", "--force")
        self.assert_status(run, 4)
        report = self.report_of(run)
        self.assertEqual((report.established, report.final["error"]), (10, 2))

    def test_too_few_descriptors(self):
        plan = self.plan("127.0.0.1", "80", "-c", "100k", nofile=64)
        self.assert_status(plan, 4)
        self.assertRegex(plan.stdout, r"open files +64 +329  NOT ENOUGH\n +give ulimit -n 329\n")
        run = self.run_tcpgoon("run", "127.0.0.1", "80", "-c", "10", "-y", nofile=5)
        self.assert_explained(run, "25 needed, 5 available; give ulimit -n 25;", status=4)
        plan = self.plan("127.0.0.1", "80", "-c", "100k", nofile=329)
        self.assert_status(plan, 0)

    def test_many_lanes_of_few_slots(self):
        """The fewest descriptors, over all of the lanes' ways to wait."""
        server, port = self.serve(nofile=64)
        for sleep in ("0", "2ms"):
            started = time.monotonic()
            run = self.dial("127.0.0.1", port, "-c", "1000", "-s", sleep, nofile=64)
            self.assert_status(run, 0)
            self.assertEqual(self.report_of(run).established, 1000)
            if sleep == "2ms":
                self.assertGreater(time.monotonic() - started, 1.9)
        server.send(signal.SIGTERM)
        server.wait()
        self.assertIn("Total accepted connections: 2000\n", server.stdout)

    def test_wrong_sources_are_named(self):
        for argv, words in (
                (("--source", "10.99.99.99"), ("--source", "10.99.99.99", "cannot be a source")),
                (("--source", "127.0.0.9-127.0.0.1"), ("--source", "not ascending")),
                (("--source", "127.0.0.1/33"), ("--source", "prefix")),
                (("--source", "nonsense"), ("--source", "nonsense")),
                (("--source", "::1"), ("--source", "IPv4")),
                (("--source", "0.0.0.0"), ("--source", "0.0.0.0 cannot be a source")),
                (("--source", "224.0.0.1"), ("--source", "multicast")),
                (("--source", "255.255.255.255"), ("--source", "broadcast")),
                (("--source", "127.0.0.0/24", "--source", "127.0.0.1"),
                 ("--source", "'127.0.0.0/24' and '127.0.0.1' overlap")),
                (("--source-port", "9-8"), ("--source-port", "9-8", "not ascending")),
                (("--source", "127.0.0.1-::1"), ("--source", "IPv4", "IPv6"))):
            with self.subTest(argv=argv):
                plan = self.plan("127.0.0.1", "80", *argv)
                self.assert_explained(plan, *words)

    def test_target_ports_count_upwards(self):
        self.assert_explained(self.plan("127.0.0.1", "80,8003-8000"), "80,8003-8000",
                              "8003-8000 is not ascending")


if __name__ == "__main__":
    harness.main()
