# SPDX-License-Identifier: MIT
"""What whoever starts the program leaves to it: closed descriptors, blocked and ignored signals,
limits, the number 1 in a PID namespace. None of it may change where text goes or what ends it."""

import contextlib
import json
import os
import pty
import resource
import signal
import socket
import subprocess
import tempfile

import harness

ENDING = (signal.SIGINT, signal.SIGTERM)


def closing(*descriptors):
    def prepare():
        for descriptor in descriptors:
            os.close(descriptor)
    return prepare


def blocking():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def ignoring(*numbers):
    def prepare():
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
    return prepare


class InheritanceCase(harness.Case):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.path = os.path.join(self.directory, "result.json")

    def result(self, program):
        """Whole, and nothing but JSON in it."""
        try:
            with open(self.path, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError) as error:
            raise AssertionError(f"{error}\n{program.describe()}") from None

    def waits_in(self, function, pid):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/wchan", encoding="ascii") as file:
                return function in file.read()
        return False

    def held(self, port, *argv, count=200, **options):
        run = self.start(*argv, harness.TCPGOON, "run", "127.0.0.1", port, "-y", "-c", count,
                         "-s", "0", "--hold", "60s", "-o", f"json={self.path}", **options)
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == count,
            f"{count} established connections")
        return run

    def child_of(self, program):
        """The process in the PID namespace that `unshare` has made."""
        def find():
            with contextlib.suppress(OSError):
                with open(f"/proc/{program.pid}/task/{program.pid}/children",
                          encoding="ascii") as file:
                    return [int(word) for word in file.read().split()]
            return []
        return harness.wait_until(find, "a process in the namespace")[0]


class Descriptors(InheritanceCase):
    # Closed at the start, and the exit status of a run that is well otherwise.
    CLOSED = (((0,), 0), ((1,), 1), ((2,), 0), ((0, 1), 1), ((0, 2), 0), ((1, 2), 1),
              ((0, 1, 2), 1))

    def test_run_writes_into_nothing_else(self):
        _, port = self.serve()
        for closed, status in self.CLOSED:
            with self.subTest(closed=closed):
                run = self.run_tcpgoon("run", "127.0.0.1", port, "-y", "-c", "50", "-s", "0",
                                       "-d", "-o", f"json={self.path}", prepare=closing(*closed))
                self.assertEqual(self.result(run)["connections"]["established"], 50)
                self.assert_status(run, status)
                if status != 0 and 2 not in closed:
                    self.assertIn("standard output could not be written", run.stderr)
                    self.assertIn("closed", run.stderr)

    def test_no_report_on_a_closed_standard_output(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "5", "-s", "0", "-o", "json=-",
                        prepare=closing(1))
        self.assert_status(run, 1)
        self.assertRegex(run.stderr, "'-' cannot be written|standard output could not be written")

    def test_server_serves_on(self):
        for closed, status in self.CLOSED:
            with self.subTest(closed=closed):
                server, port = self.serve("--debug", prepare=closing(*closed))
                self.assert_status(self.dial("127.0.0.1", port, "-c", "20", "-s", "0"), 0)
                self.assertTrue(server.running(), server.describe())
                server.send(signal.SIGINT)
                self.assertEqual(server.wait(), status, server.describe())
                if status != 0 and 2 not in closed:
                    self.assertIn("standard output could not be written", server.stderr)

    def test_what_only_prints_says_that_it_could_not(self):
        for argv in (("help",), ("version",), ("completion", "bash"),
                     ("plan", "127.0.0.1", "9"), ("demo", "-c", "10")):
            with self.subTest(argv=argv):
                program = self.run_tcpgoon(*argv, prepare=closing(0, 1))
                self.assert_status(program, 1)
                self.assertIn("standard output could not be written", program.stderr)

    def test_demo_without_any(self):
        demo = self.run_tcpgoon("demo", "-c", "50", "-o", f"json={self.path}",
                                prepare=closing(0, 2))
        self.assert_status(demo, 0)
        self.assertEqual(self.result(demo)["connections"]["established"], 50)


    def test_output_that_does_not_block(self):
        """Set by another program that shares it, which keeps it; nothing is lost."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        program = self.tcpgoon("completion", "bash", prepare=lambda: os.dup2(writer, 1))
        harness.wait_until(lambda: self.waits_in("pipe_write", program.pid), "a write that waits")
        self.assertFalse(os.get_blocking(writer))
        os.close(writer)
        text = b""
        while piece := os.read(reader, 1 << 16):
            text += piece
        os.close(reader)
        self.assertEqual(program.wait(), 0, program.describe())
        whole = self.run_tcpgoon("completion", "bash")
        self.assertEqual(text.lstrip(b"x").decode(), whole.stdout)

    def test_input_that_does_not_block(self):
        ours, theirs = pty.openpty()
        os.set_blocking(theirs, False)
        run = self.tcpgoon("run", "127.0.0.1", "9", stdin=theirs)
        harness.wait_until(lambda: "continue?" in run.stderr, "the question")
        harness.wait_until(lambda: self.waits_in("wait_woken", run.pid), "a read that waits")
        self.assertFalse(os.get_blocking(theirs))
        os.write(ours, b"n\n")
        self.assertEqual(run.wait(), 1, run.describe())
        self.assertIn("aborted as prompted", run.stderr)
        os.close(theirs)
        os.close(ours)


# How it was started: the beginning of the command line, and what is done in the child.
SURROUNDINGS = {
    "plain": ((), None),
    "all signals blocked": ((), blocking),
    "SIGINT and SIGTERM ignored": ((), ignoring(*ENDING)),
    "number 1 of a PID namespace": (("unshare", "--pid", "--fork", "--kill-child"), None),
    "number 1, all signals blocked": (("unshare", "--pid", "--fork", "--kill-child"), blocking),
}


class Signals(InheritanceCase):
    def process(self, program, argv):
        return self.child_of(program) if argv else program.pid

    def in_each(self, check):
        """`check` with the beginning of a command line, what is done in the child, a signal."""
        for name, (argv, prepare) in SURROUNDINGS.items():
            for number in ENDING:
                with self.subTest(name, number=number.name):
                    check(argv, prepare, number)

    def assert_ended_by(self, program, number, argv):
        """As the default action ends it; process number 1 can only say it by its status."""
        self.assertEqual(program.wait(), 128 + number if argv else -number, program.describe())

    def test_at_the_question(self):
        def check(argv, prepare, number):
            ours, theirs = pty.openpty()
            run = self.start(*argv, harness.TCPGOON, "run", "127.0.0.1", "9", stdin=theirs,
                             prepare=prepare)
            os.close(theirs)
            harness.wait_until(lambda: "continue?" in run.stderr, "the question")
            os.kill(self.process(run, argv), number)
            self.assert_ended_by(run, number, argv)
            os.close(ours)

        self.in_each(check)

    def test_while_it_prints_and_nobody_reads(self):
        def check(argv, prepare, number):
            reader, writer = os.pipe()
            os.set_blocking(writer, False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, b"x" * 4096)
            os.set_blocking(writer, True)
            program = self.start(*argv, harness.TCPGOON, "plan", "127.0.0.1", "9",
                                 prepare=lambda: (
                                     os.dup2(writer, 1), prepare and prepare()))
            pid = self.process(program, argv)

            def asleep_in_write():
                with contextlib.suppress(OSError):
                    with open(f"/proc/{pid}/wchan", encoding="ascii") as file:
                        return "pipe" in file.read()
                return False

            harness.wait_until(asleep_in_write, "a write that waits")
            os.kill(pid, number)
            self.assert_ended_by(program, number, argv)
            os.close(reader)
            os.close(writer)

        self.in_each(check)

    def test_first_ends_a_run_with_its_report(self):
        _, port = self.serve()

        def check(argv, prepare, number):
            run = self.held(port, *argv, prepare=prepare)
            os.kill(self.process(run, argv), number)
            self.assertEqual(run.wait(), 1, run.describe())
            self.assertEqual(self.result(run)["ended"], "interrupted")

        self.in_each(check)

    def test_server_ends_with_its_totals(self):
        def check(argv, prepare, number):
            port = self.free_port()
            server = self.start(*argv, harness.TCPGOON, "server", "-p", port, "-d", "0",
                                prepare=prepare)
            harness.wait_for_listener(port, server)
            harness.wait_until(lambda: "Starting" in server.stdout, "its start")
            os.kill(self.process(server, argv), number)
            self.assertEqual(server.wait(), 0, server.describe())
            self.assertIn("Total accepted connections: 0\n", server.stdout)

        self.in_each(check)

    def test_second_leaves_nothing_behind(self):
        """So many that closing them takes a while: the second comes before the first is done with."""
        _, port = self.serve()

        def check(argv, prepare, number):
            run = self.held(port, *argv, count=15000, prepare=prepare)
            self.assertEqual(os.listdir(self.directory), [], "an unfinished report")
            pid = self.process(run, argv)

            def left():
                """Whether the first has been taken: then its effect is the default again."""
                with contextlib.suppress(OSError):
                    with open(f"/proc/{pid}/status", encoding="ascii") as file:
                        blocked = [line for line in file if line.startswith("SigBlk:")][0]
                    return not int(blocked.split()[1], 16) & 1 << number - 1
                return True

            os.kill(pid, number)
            harness.wait_until(left, "the first signal's effect")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            status = run.wait()
            if status != 1:  # it was not through with its report
                self.assertEqual(status, 128 + number if argv else -number, run.describe())
                self.assertEqual(os.listdir(self.directory), [])
            harness.wait_until(
                lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 0,
                "the end of its connections")
            for name in os.listdir(self.directory):
                os.unlink(os.path.join(self.directory, name))

        self.in_each(check)

    def test_any_other_end_leaves_no_unfinished_report(self):
        _, port = self.serve()
        for number in (signal.SIGQUIT, signal.SIGALRM, signal.SIGXCPU):
            with self.subTest(number=number.name):
                run = self.held(port)
                run.send(number)
                self.assertEqual(run.wait(), -number, run.describe())
                self.assertEqual(os.listdir(self.directory), [])

    def test_children_ignored(self):
        demo = self.run_tcpgoon("demo", "-c", "50", prepare=ignoring(signal.SIGCHLD))
        self.assert_status(demo, 0)
        self.assertIn("Server: accepted 50", demo.stdout)

    def test_reader_gone(self):
        """Ended by SIGPIPE, or with a sentence and 1; never with 0."""
        for prepare in (None, ignoring(signal.SIGPIPE), blocking):
            with self.subTest(prepare=prepare):
                reader, writer = os.pipe()
                os.close(reader)
                program = self.run_tcpgoon(
                    "help", prepare=lambda prepare=prepare, writer=writer: (
                        os.dup2(writer, 1), prepare and prepare()))
                os.close(writer)
                self.assert_status(program, -signal.SIGPIPE)


class Limits(InheritanceCase):
    def test_file_too_large(self):
        _, port = self.serve()
        for prepare in (None, ignoring(signal.SIGXFSZ)):
            def limited(prepare=prepare):
                resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
                if prepare is not None:
                    prepare()

            reader, writer = socket.socketpair()
            run = self.dial("127.0.0.1", port, "-c", "20", "-s", "0", "-o", f"json={self.path}",
                            prepare=lambda limited=limited, writer=writer: (
                                os.dup2(writer.fileno(), 1), limited()))
            writer.close()
            reader.close()
            self.assert_status(run, 1)
            self.assertIn("File too large", run.stderr)
            self.assertEqual(os.listdir(self.directory), [])

    def test_few_descriptors(self):
        """A sentence, whatever it is that the first cannot be had for."""
        for most in (4, 5, 6, 7, 8, 10, 12):
            with self.subTest(most=most):
                run = self.run_tcpgoon("run", "127.0.0.1", "9", "-y", "-c", "5", "-s", "0",
                                       "--force", nofile=most)
                self.assertIn(run.status, (1, 2, 4), run.describe())
                if run.status != 2:
                    self.assertRegex(run.stderr + run.stdout, r"ulimit -n|open files|descriptor")

    def test_directory_gone(self):
        _, port = self.serve()
        gone = tempfile.mkdtemp()

        def prepare():
            os.chdir(gone)
            os.rmdir(gone)

        run = self.dial("127.0.0.1", port, "-c", "5", "-s", "0", prepare=prepare)
        self.assert_status(run, 0)

    def test_numbers_by_no_locale(self):
        _, port = self.serve()
        environment = {**os.environ, "LC_ALL": "de_DE.UTF-8", "POSIXLY_CORRECT": "1",
                       "TZ": "Pacific/Kiritimati"}
        run = self.run_tcpgoon("run", "127.0.0.1", port, "-y", "-c", "5", "-s", "0",
                               "-o", f"json={self.path}", env=environment)
        self.assert_status(run, 0)
        self.report_of(run)
        self.assertTrue(self.result(run)["started_at"].endswith("Z"))
        date = subprocess.run(["date", "-u", "+%Y-%m-%dT%H"], check=True, capture_output=True)
        self.assertEqual(self.result(run)["started_at"][:13], date.stdout.decode().strip())


if __name__ == "__main__":
    harness.main()
