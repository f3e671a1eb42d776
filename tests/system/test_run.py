# SPDX-License-Identifier: MIT
"""`tcpgoon run`: what it prints, how it ends, what it says of targets that do not play along."""

import contextlib
import socket
import time

import harness


class Output(harness.Case):
    def test_five_connections_to_our_own_server(self):
        port = self.free_port()
        server = self.tcpgoon("server", "-p", port, "-m", "5")
        harness.wait_for_listener(port, server)

        run = self.dial("127.0.0.1", port, "-c", "5", "-s", "100")

        self.assert_status(run, 0)
        self.assertIn("Total established connections: 5\n", run.stdout)
        report = self.report_of(run)
        self.assertEqual(report.target, f"127.0.0.1:{port}")
        # The server ends with the fifth and closes all: some may be seen closed already.
        self.assertEqual(report.final["established"] + report.final["closed"], 5)
        self.assertEqual(report.max_concurrent, 5)
        self.assertEqual(report.successful, 5)
        self.assertIsNone(report.failure_ms)
        self.assertEqual(server.wait(), 0)

    @harness.measured
    def test_status_lines_come_at_the_interval(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "24", "-s", "100", "-i", "1")
        self.assert_status(run, 0)
        ticks = self.report_of(run).ticks
        self.assertGreaterEqual(len(ticks), 3, run.stdout)
        dialled = [tick["established"] + tick["dialing"] for tick in ticks]
        self.assertEqual(dialled, sorted(dialled))
        harness.require_timely(len(ticks) <= 5 and dialled[1] in range(8, 14), run.stdout)

    def test_long_options_and_values_after_an_equals_sign(self):
        _, port = self.serve()
        run = self.run_tcpgoon("run", "--connections=3", "--sleep=0", "--dial-timeout=1000",
                               "--interval=1", "--assume-yes", "127.0.0.1", port)
        self.assert_status(run, 0)
        self.assertEqual(self.report_of(run).established, 3)

    def test_hundred_connections_are_the_default(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-s", "0")
        self.assert_status(run, 0)
        self.assertEqual(self.report_of(run).established, 100)

    def test_debug_goes_to_stderr_alone(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "2", "-s", "0", "--debug")
        self.assert_status(run, 0)
        self.report_of(run)
        line = r"Connection [01] has become established after \d+ us\n"
        self.assertRegex(run.stderr, rf"\A({line}){{2}}\Z")

    def test_nothing_of_the_run_remains(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "500", "-s", "0")
        self.assert_status(run, 0)
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 0,
            "the end of our side of all connections")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, local_port=port) == 0,
            "the end of the server's side of all connections")


class Targets(harness.Case):
    def established_at(self, host, expected, *listen):
        _, port = self.serve(*listen)
        run = self.dial(host, port, "-c", "3", "-s", "0")
        self.assert_status(run, 0)
        report = self.report_of(run)
        self.assertEqual(report.established, 3)
        self.assertEqual(report.target, expected.format(port))

    def test_ipv4_literal(self):
        self.established_at("127.0.0.1", "127.0.0.1:{}", "--listen", "127.0.0.1")

    def test_ipv6_literal(self):
        self.established_at("::1", "[::1]:{}", "--listen", "::1")

    def test_ipv6_literal_in_brackets(self):
        self.established_at("[::1]", "[::1]:{}", "--listen", "::1")

    def test_name(self):
        self.established_at("localhost", "localhost(127.0.0.1):{}", "--listen", "127.0.0.1")

    def test_unknown_name(self):
        run = self.dial("no-such-host.invalid", 80, "-c", "1")
        self.assert_explained(run, "no-such-host.invalid")


class Failures(harness.Case):
    def test_refused(self):
        run = self.dial("127.0.0.1", self.free_port(), "-c", "20", "-s", "0")
        self.assert_status(run, 2)
        report = self.report_of(run)
        self.assertEqual(report.final["error"], 20)
        self.assertEqual(report.established, 0)
        self.assertEqual(report.failed, 20)
        self.assertIsNone(report.response_ms)
        self.assertLess(report.failure_ms[2], 1000)

    def test_refused_over_ipv6(self):
        run = self.dial("::1", self.free_port(), "-c", "5", "-s", "0")
        self.assert_status(run, 2)
        self.assertEqual(self.report_of(run).failed, 5)

    @harness.requires("nft")
    @harness.measured
    def test_black_hole_ends_at_the_dial_timeout(self):
        port = self.free_port()
        self.drop_port(port)
        run = self.dial("127.0.0.1", port, "-c", "10", "-s", "5", "-t", "300")
        self.assert_status(run, 2)
        report = self.report_of(run)
        self.assertEqual(report.final["error"], 10)
        shortest, mean, longest, _ = report.failure_ms
        self.assertGreaterEqual(shortest, 299)
        self.assertEqual(harness.sockets(harness.TCP_SYN_SENT), 0)
        harness.require_timely(mean < 330 and longest < 400, f"{mean} and {longest} ms")

    @harness.requires("nft")
    def test_some_fail_and_some_do_not(self):
        _, port = self.serve()
        # Both SYNs of a connection must have the same fate, so by its port, not in turns.
        self.filter_input(f"tcp dport {port} tcp sport & 1 == 0 drop")
        run = self.dial("127.0.0.1", port, "-c", "10", "-s", "5", "-t", "300")
        self.assert_status(run, 2)
        report = self.report_of(run)
        self.assertEqual((report.established, report.failed), (5, 5))
        self.assertEqual(report.successful, 5)
        self.assertGreaterEqual(report.failure_ms[0], 299)

    def test_reset_after_accept(self):
        port = self.serve_in_python(harness.reset)
        run = self.dial("127.0.0.1", port, "-c", "20", "-s", "5", "--hold", "1h")
        self.assert_status(run, 2)
        report = self.report_of(run)
        self.assertEqual(report.final["closed"] + report.final["error"], 20)
        # A reset may overtake the completion of its connect, but not as a rule.
        self.assertGreaterEqual(report.final["closed"], 15)
        self.assertEqual(report.on_closure, 0)

    def test_closed_after_accept(self):
        port = self.serve_in_python(lambda connection: connection.close())
        run = self.dial("127.0.0.1", port, "-c", "20", "-s", "5", "--hold", "1h")
        self.assert_status(run, 2)
        report = self.report_of(run)
        self.assertEqual(report.final["closed"], 20)
        self.assertEqual(report.established, 20)
        self.assertEqual(report.on_closure, 0)

    def test_server_killed_while_held(self):
        server, port = self.serve()
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "50", "-s", "0", "--hold", "1h")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 50,
            "50 established connections")
        server.kill()
        self.assertEqual(run.wait(), 2, run.describe())
        report = self.report_of(run)
        self.assertEqual(report.established, 50)
        self.assertEqual(report.final["closed"], 50)
        self.assertEqual(report.on_closure, 0)


class Resolution(harness.Case):
    def resolution_us(self, *argv):
        _, port = self.serve()
        run, result = self.dial_for_result("127.0.0.1", port, *argv)
        self.assert_status(run, 0)
        return result["generator"]["resolution_us"], run.stdout

    def test_of_a_busy_loop_is_its_turn(self):
        resolution, text = self.resolution_us("-c", "500", "-s", "0")
        self.assertGreater(resolution, 0)
        self.assertRegex(text, r"(?m)^connect .* clock: dial to established, within ")

    @harness.measured
    def test_of_dials_with_their_own_instants_covers_the_handshake(self):
        """On a ring the kernel begins a dial just before the loop has woken and read the clock."""
        _, port = self.serve()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "300", "-s", "2")
        self.assert_status(run, 0)
        resolution = result["generator"]["resolution_us"]
        least = result["connect_us"]["min"]
        self.assertGreaterEqual(least + resolution, result["handshake_us"]["min"])
        # By epoll the program begins it itself, and has read the clock just before.
        within = "" if harness.ENGINE == "epoll" else ", within "
        self.assertRegex(run.stdout, rf"(?m)^connect .* clock: dial to established{within}")
        self.assert_in_time(resolution / 1e6, 0.002, run)


class Watch(harness.Case):
    def test_data_up_to_the_end(self):
        """Whoever sends while the kernel is asked about all is asked about too."""
        connections = []
        port = self.serve_in_python(connections.append)
        run = self.start_run("127.0.0.1", port, "-c", "200", "-s", "0", "--hold", "500ms")
        while run.running():
            for connection in list(connections):
                with contextlib.suppress(OSError):
                    connection.send(b"x", socket.MSG_DONTWAIT)
        run.wait()
        self.assert_status(run, 0)
        kernel = self.result_of(run)["kernel"]
        self.assertEqual((kernel["asked"], kernel["agreed"]), (200, 200))
        for connection in connections:
            connection.close()

    @harness.requires("nft", "ip")
    def test_rejected_and_accepted_all_the_same(self):
        """
        Of each SYN a copy goes out, and every other one is rejected: the ICMP error stays in the
        socket's error queue while the connection comes up. A poll sees it there for ever.
        """
        _, port = self.serve()
        self.filter_output(f"tcp dport {port} tcp flags & (syn|ack) == syn "
                           "dup to 127.0.0.1 device lo")
        self.filter_input(f"tcp dport {port} tcp flags & (syn|ack) == syn "
                          "numgen inc mod 2 == 0 reject with icmp type host-unreachable")
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "3", "-s", "10",
                           "--hold", "3s")
        harness.wait_until(lambda: "Holding 3 connections" in run.stderr, "the hold")
        before = run.cpu_s()
        time.sleep(1)
        self.assertLess(run.cpu_s() - before, 0.3)
        self.assertEqual(run.wait(), 0, run.describe())
        self.assertEqual(self.report_of(run).on_closure, 3)


class Hold(harness.Case):
    @harness.measured
    def test_stays_that_long_after_the_last_dial(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "10", "-s", "0", "--hold", "2s")
        self.assert_status(run, 0)
        self.assertGreaterEqual(run.wall_s, 2.0)
        self.assertEqual(self.report_of(run).on_closure, 10)
        self.assert_in_time(run.wall_s, 2.5, run)

    def test_over_when_there_is_nothing_to_hold(self):
        run = self.dial("127.0.0.1", self.free_port(), "-c", "10", "-s", "0", "--hold", "1h")
        self.assert_status(run, 2)
        self.assertEqual(self.report_of(run).failed, 10)
        self.assertNotIn("Holding", run.stdout + run.stderr)

    def test_over_when_the_last_is_dropped(self):
        port = self.serve_in_python(lambda connection: connection.close(), after=0.5)
        run = self.dial("127.0.0.1", port, "-c", "10", "-s", "0", "--hold", "1h")
        self.assert_status(run, 2)
        self.assertGreaterEqual(run.wall_s, 0.5)
        self.assertEqual(self.report_of(run).final["closed"], 10)

    @harness.measured
    def test_without_it_leaves_when_all_are_decided(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "10", "-s", "10")
        self.assert_status(run, 0)
        self.assert_in_time(run.wall_s, 1, run)


if __name__ == "__main__":
    harness.main()
