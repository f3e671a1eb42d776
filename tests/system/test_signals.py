# SPDX-License-Identifier: MIT
"""^C, SIGTERM and SIGHUP: the first ends a run with its report, a second ^C leaves at once."""

import contextlib
import json
import os
import re
import signal
import tempfile
import time

import harness


class Interrupted(harness.Case):
    @harness.measured
    def interrupt_while_dialling(self, number):
        server, port = self.serve()
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "2000", "-s", "10")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) >= 20,
            "20 established connections")
        sent = time.monotonic()
        run.send(number)
        self.assertEqual(run.wait(), 1, run.describe())
        self.assert_in_time(time.monotonic() - sent, 1, run)
        report = self.report_of(run)
        self.assertEqual(report.final["total"], 2000)
        self.assertGreater(report.final["not_initiated"], 1000)
        self.assertGreaterEqual(report.established, 20)

        self.assert_accepted_as_reported(server, report)

    def assert_accepted_as_reported(self, server, report):
        """By the server's own count. What was on its way when the numbers were taken is Dialing."""
        server.send(signal.SIGINT)
        server.wait()
        accepted = int(re.search(r"Total accepted connections: (\d+)\n", server.stdout)[1])
        self.assertGreaterEqual(accepted, report.established, server.stdout)
        self.assertLessEqual(
            accepted, report.established + report.final["dialing"], server.stdout)

    def test_sigint_while_dialling(self):
        self.interrupt_while_dialling(signal.SIGINT)

    def test_sigterm_while_dialling(self):
        self.interrupt_while_dialling(signal.SIGTERM)

    def test_at_full_speed(self):
        """Sockets that were made and not dialled yet are no connections, and are not left behind."""
        server, port = self.serve()
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "100000", "-s", "0",
                           "--hold", "1h")
        before = harness.counter("Tcp", "PassiveOpens")
        harness.wait_until(lambda: harness.counter("Tcp", "PassiveOpens") > before, "the first")
        run.send(signal.SIGINT)
        self.assertEqual(run.wait(), 1, run.describe())
        report = self.report_of(run)
        self.assertGreater(report.final["not_initiated"], 0)
        self.assert_accepted_as_reported(server, report)

    def test_while_held(self):
        _, port = self.serve()
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "20", "-s", "0", "--hold", "30s")
        harness.wait_until(lambda: "Holding 20 connections" in run.stderr, "the hold")
        run.send(signal.SIGINT)
        self.assertEqual(run.wait(), 1, run.describe())
        self.assertEqual(self.report_of(run).on_closure, 20)

    @harness.requires("nft")
    def test_while_no_answer_comes(self):
        port = self.free_port()
        self.drop_port(port)
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "20", "-s", "0", "-t", "30000")
        harness.wait_until(lambda: harness.sockets(harness.TCP_SYN_SENT) == 20, "20 SYNs")
        run.send(signal.SIGINT)
        self.assertEqual(run.wait(), 1, run.describe())
        report = self.report_of(run)
        self.assertEqual(report.established, 0)

    @harness.measured
    def test_second_leaves_at_once(self):
        _, port = self.serve()
        # So many that closing them takes a while.
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "15000", "-s", "0",
                           "--hold", "30s")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 15000,
            "15,000 established connections")
        run.send(signal.SIGINT)
        # Two at once would be one: signals are not queued.
        harness.wait_until(lambda: run.lets_through(signal.SIGINT), "the first signal's effect")
        sent = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            run.send(signal.SIGINT)
        # The signal itself ended it, unless it was through with its report already.
        self.assertIn(run.wait(), (1, -signal.SIGINT), run.describe())
        self.assert_in_time(time.monotonic() - sent, 1, run)
        harness.require_timely(run.status == -signal.SIGINT, "15,000 were closed already")

    def test_reader_of_the_output_gone(self):
        """It ends early or goes on to its end, but it ends."""
        _, port = self.serve()
        run = self.start("sh", "-c", '"$@" | true; exit 0', "sh", harness.TCPGOON, "run",
                         "127.0.0.1", port, "-y", "-c", "5", "-s", "50")
        self.assertEqual(run.wait(), 0, run.describe())


class ReportKept(harness.Case):
    """What may happen to the terminal or to the reader of the text does not cost the JSON."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.path = os.path.join(self.directory, "result.json")

    def assert_written(self, ended):
        self.assertEqual(os.listdir(self.directory), ["result.json"])
        with open(self.path, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["ended"], ended)

    def held(self, port, hold, **options):
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "2000", "-s", "0",
                           "--hold", hold, "-o", f"json={self.path}", **options)
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 2000,
            "2,000 established connections")
        return run

    def test_terminal_lost(self):
        """Told more than once, by the kernel and by the shell."""
        _, port = self.serve()
        run = self.held(port, "30s")
        deadline = time.monotonic() + harness.PATIENCE_S
        while run.running() and time.monotonic() < deadline:
            run.send(signal.SIGHUP)
            time.sleep(0.001)
        self.assertEqual(run.wait(), 1, run.describe())
        self.report_of(run)
        self.assert_written("interrupted")

    def test_nohup(self):
        _, port = self.serve()
        run = self.held(port, "3s",
                        prepare=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        run.send(signal.SIGHUP)
        self.assertEqual(run.wait(), 0, run.describe())
        self.assert_written("completed")

    def test_server_ends_with_its_totals(self):
        server, _ = self.serve()
        server.send(signal.SIGHUP)
        self.assertEqual(server.wait(), 0, server.describe())
        self.assertIn("Total accepted connections: 0\n", server.stdout)

    def test_reader_of_the_text_gone(self):
        _, port = self.serve()
        run = self.start("bash", "-c", '"$@" | true; exit "${PIPESTATUS[0]}"', "bash",
                         harness.TCPGOON, "run", "127.0.0.1", port, "-y", "-c", "5", "-s", "50",
                         "-o", f"json={self.path}")
        self.assertEqual(run.wait(), 1, run.describe())
        self.assertIn("standard output could not be written", run.stderr)
        self.assert_written("completed")


if __name__ == "__main__":
    harness.main()
