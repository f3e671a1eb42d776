# SPDX-License-Identifier: MIT
"""Readers that are slow, stopped or gone: the measurement goes on, signals have their effect, and
what was not written is counted."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import subprocess
import tempfile
import termios
import time

import harness

DROPPED = re.compile(r"Output: (\d+) lines of status and debugging were dropped")


class Unread:
    """Two ends of something that nobody reads, full already; `read_all` reads it to its end."""

    def __init__(self, case, kind):
        self.kind = kind
        if kind == "pipe":
            self.reader, self.writer = os.pipe()
        elif kind == "fifo":
            directory = tempfile.TemporaryDirectory()
            case.addCleanup(directory.cleanup)
            path = os.path.join(directory.name, "fifo")
            os.mkfifo(path)
            self.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            os.set_blocking(self.reader, True)
            self.writer = os.open(path, os.O_WRONLY)
        elif kind == "socket":
            self.sockets = socket.socketpair()
            self.reader, self.writer = (end.detach() for end in self.sockets)
        else:
            self.reader, self.writer = pty.openpty()
            settings = termios.tcgetattr(self.writer)
            settings[1] &= ~termios.OPOST
            termios.tcsetattr(self.writer, termios.TCSANOW, settings)
        if kind == "stopped terminal":
            termios.tcflow(self.writer, termios.TCOOFF)
        else:
            self._fill()
        case.addCleanup(self.close)

    def _fill(self):
        """Through a description of its own: what the program inherits stays blocking."""
        if self.kind == "socket":
            end = socket.socket(fileno=os.dup(self.writer))
            with contextlib.suppress(BlockingIOError):
                while True:
                    end.send(b"#" * 999 + b"\n", socket.MSG_DONTWAIT)
            end.close()
            return
        own = os.open(f"/proc/self/fd/{self.writer}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(own, b"#" * 999 + b"\n")
        os.close(own)

    def hand_over(self):
        """The program alone has the writing end from now on."""
        os.close(self.writer)
        self.writer = None

    def read_all(self):
        if self.kind == "stopped terminal":
            termios.tcflow(self.writer, termios.TCOON)
            self.hand_over()
        text = b""
        with contextlib.suppress(OSError):  # a terminal without a writer: EIO
            while True:
                piece = os.read(self.reader, 1 << 20)
                if not piece:
                    break
                text += piece
        return text.replace(b"#", b"").lstrip(b"\n").decode()

    def close(self):
        for end in (self.reader, self.writer):
            if end is not None:
                with contextlib.suppress(OSError):
                    os.close(end)


KINDS = ("pipe", "fifo", "socket", "full terminal", "stopped terminal")


class SlowReaderCase(harness.Case):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "result.json")

    def result(self, program):
        try:
            with open(self.path, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError) as error:
            raise AssertionError(f"{error}\n{program.describe()}") from None

    def run_into(self, unread, descriptors, port, *argv, prepare=None):
        def in_child():
            for descriptor in descriptors:
                os.dup2(unread.writer, descriptor)
            if prepare is not None:
                prepare()
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", *argv, prepare=in_child)
        if unread.kind != "stopped terminal":
            unread.hand_over()
        return run

    def wait_for_report(self, run):
        """Until it is through but for its report, which waits to be read."""
        def sleeps():
            with open(f"/proc/{run.pid}/wchan", encoding="ascii") as file:
                return "poll" in file.read()

        harness.wait_until(sleeps, "a report that waits")


class DuringARun(SlowReaderCase):
    def test_debugging_that_nobody_reads(self):
        """All are dialled and reported, and what is missing is counted."""
        _, port = self.serve()
        for kind in KINDS:
            with self.subTest(kind):
                unread = Unread(self, kind)
                run = self.run_into(unread, (2,), port, "-c", "20000", "-s", "0", "-d",
                                    "-o", f"json={self.path}")
                self.assertEqual(run.wait(), 0, run.describe())
                self.assertEqual(self.report_of(run).established, 20000)
                result = self.result(run)
                self.assertEqual(result["connections"]["established"], 20000)
                dropped = result["generator"]["lines_dropped"]
                self.assertEqual(int(DROPPED.search(run.stdout)[1]), dropped)
                lines = unread.read_all().splitlines()
                told = [line for line in lines if "has become established" in line]
                self.assertEqual(len(told) + dropped, 20000)

    def test_debugging_that_is_read_is_whole(self):
        """Slower than it is written, but read."""
        _, port = self.serve()
        reader, writer = os.pipe()
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "5000", "-s", "0", "-d",
                           prepare=lambda: os.dup2(writer, 2))
        os.close(writer)
        text = b""
        while piece := os.read(reader, 8192):
            text += piece
            time.sleep(0.002)
        os.close(reader)
        self.assertEqual(run.wait(), 0, run.describe())
        self.assertNotIn("Output:", run.stdout)
        lines = text.decode().splitlines()
        self.assertEqual(len(lines), 5000)
        for line in lines:
            self.assertRegex(line, r"\AConnection \d+ has become established after \d+ us\Z")

    def test_status_that_nobody_reads(self):
        """The dials go on, the first signal ends it, and the result for programs is written."""
        _, port = self.serve()
        for kind in KINDS:
            with self.subTest(kind):
                unread = Unread(self, kind)
                run = self.run_into(unread, (1,), port, "-c", "2000", "-s", "1ms", "-i", "10ms",
                                    "--hold", "60s", "-o", f"json={self.path}")
                harness.wait_until(
                    lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 2000,
                    "2,000 established connections")
                run.send(signal.SIGINT)
                harness.wait_until(
                    lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 0,
                    "the end of the run")
                # It waits for the reader of its report now.
                run.send(signal.SIGINT)
                self.assertEqual(run.wait(), -signal.SIGINT, run.describe())

    def test_report_waits_for_its_reader(self):
        _, port = self.serve()
        for kind in KINDS:
            with self.subTest(kind):
                unread = Unread(self, kind)
                run = self.run_into(unread, (1,), port, "-c", "500", "-s", "1ms", "-i", "10ms")
                self.wait_for_report(run)
                text = unread.read_all()
                self.assertEqual(run.wait(), 0, run.describe())
                report = harness.Report(text)
                self.assertEqual(report.established, 500)

    def test_signal_while_the_report_waits(self):
        """It ends the waiting alone: the report for programs is written."""
        _, port = self.serve()
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number.name):
                unread = Unread(self, "pipe")
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.path)
                run = self.run_into(unread, (1,), port, "-c", "50", "-s", "0",
                                    "-o", f"json={self.path}")
                self.wait_for_report(run)
                run.send(number)
                self.assertEqual(run.wait(), 1, run.describe())
                self.assertIn("waiting for its reader", run.stderr)
                self.assertEqual(self.result(run)["ended"], "completed")
                self.assertEqual(self.result(run)["verdict"]["exit_status"], 1)

    def test_both_into_one(self):
        """Lines of two streams that one reader has keep their order, and none is cut."""
        _, port = self.serve()
        unread = Unread(self, "socket")
        run = self.run_into(unread, (1, 2), port, "-c", "20000", "-s", "0", "-d", "-i", "10ms",
                            "-o", f"json={self.path}")
        self.wait_for_report(run)
        text = unread.read_all()
        self.assertEqual(run.wait(), 0, run.describe())
        lines = text[:text.index("--- ")].splitlines()
        wrong = [line for line in lines if not re.fullmatch(
            harness.STATUS_LINE + r"|Connection \d+ has become established after \d+ us", line)]
        self.assertEqual(wrong, [])
        totals = [int(re.search(r"Established: (\d+)", line)[1]) for line in lines
                  if line.startswith("Total")]
        self.assertEqual(totals, sorted(totals))

    def test_what_others_share_stays_as_it_was(self):
        _, port = self.serve()
        for kind in KINDS:
            with self.subTest(kind):
                unread = Unread(self, kind)
                before = fcntl.fcntl(unread.writer, fcntl.F_GETFL)
                run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "2000", "-s", "0", "-d",
                                   "--hold", "60s", prepare=lambda: os.dup2(unread.writer, 2))
                harness.wait_until(
                    lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 2000,
                    "2,000 established connections")
                self.assertEqual(fcntl.fcntl(unread.writer, fcntl.F_GETFL), before)
                run.kill()

    def test_of_another_user(self):
        """What cannot be opened anew does not stop it either."""
        _, port = self.serve()

        def become_nobody():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

        directory = tempfile.mkdtemp()
        self.addCleanup(subprocess.run, ["rm", "-r", directory], check=True)
        os.chmod(directory, 0o755)
        subprocess.run(["cp", harness.TCPGOON, f"{directory}/tcpgoon"], check=True)
        for kind in KINDS:
            with self.subTest(kind):
                unread = Unread(self, kind)

                def in_child():
                    os.dup2(unread.writer, 2)
                    become_nobody()

                run = self.start(f"{directory}/tcpgoon", "run", "127.0.0.1", port, "-y",
                                 "-c", "5000", "-s", "0", "-d", "--force", prepare=in_child)
                self.assertEqual(run.wait(), 0, run.describe())
                self.assertEqual(self.report_of(run).established, 5000)

    def test_reader_of_debugging_gone(self):
        _, port = self.serve()
        reader, writer = os.pipe()
        os.close(reader)
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "100", "-s", "0", "-d",
                           prepare=lambda: os.dup2(writer, 2))
        os.close(writer)
        self.assertEqual(run.wait(), 0, run.describe())
        self.assertEqual(self.report_of(run).established, 100)
        self.assertEqual(int(DROPPED.search(run.stdout)[1]), 100)


class Server(SlowReaderCase):
    def serve_into(self, unread, descriptors, *argv):
        def in_child():
            for descriptor in descriptors:
                os.dup2(unread.writer, descriptor)
        server, port = self.serve("--debug", *argv, prepare=in_child)
        if unread.kind != "stopped terminal":
            unread.hand_over()
        return server, port

    def test_debugging_that_nobody_reads(self):
        for kind in KINDS:
            with self.subTest(kind):
                unread = Unread(self, kind)
                server, port = self.serve_into(unread, (2,))
                run = self.dial("127.0.0.1", port, "-c", "20000", "-s", "0")
                self.assert_status(run, 0)
                server.send(signal.SIGTERM)
                self.assertEqual(server.wait(), 0, server.describe())
                self.assertIn("Total accepted connections: 20000\n", server.stdout)
                self.assertRegex(server.stdout, r"Lines dropped .*: [1-9]\d*\n")

    def test_tail_of_a_burst_comes_without_another_event(self):
        unread = Unread(self, "pipe")
        server, port = self.serve_into(unread, (2,))
        self.assert_status(self.dial("127.0.0.1", port, "-c", "2000", "-s", "0"), 0)
        text = b""
        while text.count(b"\n") < 64 + 2000:
            text += os.read(unread.reader, 1 << 16)
        self.assertTrue(server.running())

    def test_nothing_is_read_at_all(self):
        for kind in KINDS:
            with self.subTest(kind):
                unread = Unread(self, kind)
                server, port = self.serve_into(unread, (1, 2))
                self.assert_status(self.dial("127.0.0.1", port, "-c", "5000", "-s", "0"), 0)
                server.send(signal.SIGINT)
                harness.wait_until(
                    lambda: harness.sockets(harness.TCP_LISTEN, local_port=port) == 0,
                    "the end of its listener")
                server.send(signal.SIGINT)
                self.assertEqual(server.wait(), -signal.SIGINT, server.describe())


class Demo(SlowReaderCase):
    def test_debugging_that_nobody_reads(self):
        unread = Unread(self, "pipe")
        demo = self.tcpgoon("demo", "-c", "20000", "-d",
                            prepare=lambda: os.dup2(unread.writer, 2))
        self.assertEqual(demo.wait(), 0, demo.describe())
        self.assertIn("Server: accepted 20000", demo.stdout)


if __name__ == "__main__":
    harness.main()
