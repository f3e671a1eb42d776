# SPDX-License-Identifier: MIT
"""Each call that io_uring needs, refused with each errno that the field knows: epoll takes its place,
and one sentence names the call, the errno and what to change; where io_uring was asked for by name,
that is all. And a run that does not hang where a call never succeeds."""

import contextlib
import errno
import json
import os
import resource
import signal
import subprocess
import tempfile
import time
import unittest

import harness
from seccomp import IO_URING_CALLS as CALLS
from seccomp import refusing

KERNEL = os.uname().release
ERRNOS = ("EPERM", "ENOSYS", "EACCES", "EINVAL", "ENOMEM", "EMFILE", "ENFILE", "E2BIG")
ASKED_FOR = ("--engine", "io_uring")


def injecting(call, fault):
    """The beginning of a command line: the call is answered by strace, the kernel never sees it."""
    return ("strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
            f"inject={call}:{fault}")


class Replaced(harness.Case):
    """By epoll, whatever call is refused, and whatever with."""

    def assert_told(self, program, call, name):
        self.assert_status(program, 0)
        self.assertTrue(program.stderr.startswith(
            "tcpgoon: using epoll because io_uring is not available: "), program.describe())
        self.assertEqual(program.stderr.count("\n"), 1, program.describe())
        for word in (call, name):
            self.assertIn(word, program.stderr)

    def test_in_a_run(self):
        _, port = self.serve()
        for call in CALLS:
            for name in ERRNOS:
                with self.subTest(call=call, errno=name):
                    run, result = self.dial_for_result(
                        "127.0.0.1", port, "-c", "50", "-s", "0",
                        prepare=refusing(call, getattr(errno, name)))
                    self.assert_told(run, call, name)
                    self.assertEqual(result["connections"]["established"], 50)

    def test_in_a_plan(self):
        for call in CALLS:
            for name in ERRNOS:
                with self.subTest(call=call, errno=name):
                    plan = self.run_tcpgoon("plan", "127.0.0.1", "9", "-c", "5",
                                            prepare=refusing(call, getattr(errno, name)))
                    self.assert_told(plan, call, name)
                    self.assertRegex(plan.stdout, r"epoll +tried: ok\n")
                    self.assertIn("The run is possible", plan.stdout)

    def test_somebody_is_asked(self):
        """The line comes before the question, and once."""
        import pty
        ours, theirs = pty.openpty()
        os.write(ours, b"n\n")
        run = self.run_tcpgoon("run", "127.0.0.1", "9", stdin=theirs,
                               prepare=refusing("io_uring_enter", errno.EPERM))
        os.close(ours)
        os.close(theirs)
        self.assert_status(run, 1)
        self.assertEqual(run.stderr.count("using epoll"), 1, run.describe())
        self.assertLess(run.stderr.index("using epoll"), run.stderr.index("(y/N)"))


class Refused(harness.Case):
    """Where io_uring was asked for by name."""

    def test_by_a_filter(self):
        """Of each call, with each errno: by name, and never by the age of this kernel alone."""
        for call in CALLS:
            for name in ERRNOS:
                for command in (("run", "127.0.0.1", "9", "-y", "-c", "5"),
                                ("server", "-p", str(self.free_port()))):
                    with self.subTest(call=call, errno=name, command=command[0]):
                        program = self.run_tcpgoon(
                            *command, *ASKED_FOR, prepare=refusing(call, getattr(errno, name)))
                        self.assert_explained(program, call, name)
                        self.assertNotIn("older", program.stderr)

    def test_filter_is_named_where_there_is_one(self):
        for name in ("EPERM", "ENOSYS"):
            for call in CALLS:
                with self.subTest(call=call, errno=name):
                    run = self.run_tcpgoon("run", "127.0.0.1", "9", "-y", *ASKED_FOR,
                                           prepare=refusing(call, getattr(errno, name)))
                    self.assert_explained(run, "seccomp", call, name, "profile", KERNEL)

    def test_plan_tries_it(self):
        for call in CALLS:
            for name in ERRNOS:
                with self.subTest(call=call, errno=name):
                    plan = self.run_tcpgoon("plan", "127.0.0.1", "9", "-c", "5", *ASKED_FOR,
                                            prepare=refusing(call, getattr(errno, name)))
                    self.assert_status(plan, 1)
                    self.assertIn(call, plan.stdout)
                    self.assertIn(name, plan.stdout)
                    self.assertIn("The run is not possible", plan.stdout)
        plan = self.run_tcpgoon("plan", "127.0.0.1", "9", "-c", "5")
        self.assert_status(plan, 0)
        self.assertIn("tried: ok", plan.stdout)
        self.assertIn("The run is possible", plan.stdout)

    def test_nobody_is_asked_about_what_cannot_be(self):
        """The refusal comes before the question."""
        import pty
        ours, theirs = pty.openpty()
        run = self.run_tcpgoon("run", "127.0.0.1", "9", *ASKED_FOR, stdin=theirs,
                               prepare=refusing("io_uring_enter", errno.EPERM))
        os.close(ours)
        os.close(theirs)
        self.assert_explained(run, "io_uring_enter", "EPERM")

    def test_demo(self):
        for call in CALLS:
            with self.subTest(call=call):
                demo = self.run_tcpgoon("demo", "-c", "10", *ASKED_FOR,
                                        prepare=refusing(call, errno.ENOSYS))
                self.assert_explained(demo, "seccomp", call, "ENOSYS")

    def test_result_for_programs_is_written(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "result.json")
        run = self.run_tcpgoon("run", "127.0.0.1", "9", "-y", "-o", f"json={path}",
                               *ASKED_FOR, prepare=refusing("io_uring_register", errno.EPERM))
        self.assert_status(run, 1)
        with open(path, encoding="utf-8") as file:
            result = json.load(file)
        self.assertEqual(result["ended"], "not_started")
        self.assertEqual(result["verdict"]["exit_status"], 1)

    @harness.requires("strace")
    def test_without_a_filter(self):
        """strace answers in the kernel's place, and no seccomp filter is to be blamed."""
        for call in CALLS:
            for name in ("EPERM", "ENOSYS", "EACCES", "EINVAL"):
                with self.subTest(call=call, errno=name):
                    run = self.start(*injecting(call, f"error={name}"), harness.TCPGOON, "run",
                                     "127.0.0.1", "9", "-y", *ASKED_FOR)
                    run.wait()
                    self.assert_explained(run, call, name)
                    self.assertNotIn("seccomp", run.stderr)

    @unittest.skipUnless(harness.namespace_is_of_the_first_user() and os.getuid() == 0,
                         "needs root to become another user")
    @harness.requires("strace")
    def test_memory_of_a_user(self):
        """Less than the limit: the user's other programs may have it, and the sentence says so."""
        def become_nobody():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (8 << 20, 8 << 20))
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

        directory = tempfile.mkdtemp()
        self.addCleanup(subprocess.run, ["rm", "-r", directory], check=True)
        os.chmod(directory, 0o755)
        subprocess.run(["cp", harness.TCPGOON, f"{directory}/tcpgoon"], check=True)
        run = self.start(*injecting("io_uring_setup", "error=ENOMEM"), f"{directory}/tcpgoon",
                         "run", "127.0.0.1", "9", "-y", "-c", "5", *ASKED_FOR,
                         prepare=become_nobody)
        run.wait()
        self.assert_explained(run, "io_uring_setup", "ENOMEM", "8.0 MiB", "65534", "together",
                              "control group")


class GetsNowhere(harness.NetworkCase):
    """io_uring_enter that never succeeds: waits, does not spin, hears signals, and ends."""

    def run_stuck(self, port, fault, *argv):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "result.json")
        run = self.start(*injecting("io_uring_enter", fault), harness.TCPGOON, "run",
                         "127.0.0.1", port, "-y", "-o", f"json={path}", *argv)
        run.result_path = path
        return run

    def wait_until_stuck(self, port):
        """Until a run that dials a thousand a second has dialled nothing for a while."""
        def dialled():
            return harness.counter("Tcp", "ActiveOpens")

        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) > 20,
            "some connections")
        number, since = dialled(), time.monotonic()
        while time.monotonic() - since < 0.3:
            if dialled() != number:
                number, since = dialled(), time.monotonic()
            time.sleep(0.01)

    def tracee_of(self, program):
        def find():
            with contextlib.suppress(OSError):
                with open(f"/proc/{program.pid}/task/{program.pid}/children",
                          encoding="ascii") as file:
                    children = [int(word) for word in file.read().split()]
                # strace tries what it can do with children of its own first.
                return [pid for pid in children
                        if os.readlink(f"/proc/{pid}/exe") == harness.TCPGOON]
            return []
        return harness.wait_until(find, "a process under strace")[0]

    def cpu_s(self, pid):
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    @harness.requires("strace")
    def test_ends_with_a_sentence_and_its_numbers(self):
        """From the 200th enter on, as long as it runs."""
        _, port = self.serve()
        for name in ("EAGAIN", "EBUSY"):
            with self.subTest(errno=name):
                run = self.run_stuck(port, f"error={name}:when=200+", "-c", "1000", "-s", "1ms",
                                     "--hold", "60s")
                pid = self.tracee_of(run)
                self.wait_until_stuck(port)
                before = self.cpu_s(pid)
                time.sleep(3)
                self.assertLess(self.cpu_s(pid) - before, 1.5 * harness.SLOW)
                self.assertEqual(run.wait(), 1, run.describe())
                self.assertRegex(run.stderr, rf"io_uring_enter has failed with {name} for 1\ds")
                self.assertIn("memory", run.stderr)
                result = self.result_of(run)
                self.assertEqual(result["ended"], "failed")
                self.assertGreater(result["connections"]["established"], 20)
                self.assertEqual(result["verdict"]["exit_status"], 1)
                self.assertIn(f"Total established connections: "
                              f"{result['connections']['established']}\n", run.stdout)

    @harness.requires("strace")
    def test_signals_are_heard(self):
        _, port = self.serve()
        for name in ("EAGAIN", "EBUSY", "EINTR"):
            for number in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(errno=name, number=number.name):
                    run = self.run_stuck(port, f"error={name}:when=200+", "-c", "1000", "-s", "1ms",
                                         "--hold", "60s")
                    pid = self.tracee_of(run)
                    self.wait_until_stuck(port)
                    os.kill(pid, number)
                    # Else it would go on for ten seconds.
                    self.assertEqual(run.wait(8), 1, run.describe())
                    self.assertIn(name, run.stderr)
                    self.assertGreater(self.result_of(run)["connections"]["established"], 20)

    @harness.requires("strace")
    def test_a_while_of_it_passes(self):
        """500 failures in a row are a second: the run goes on."""
        _, port = self.serve()
        for name in ("EAGAIN", "EBUSY", "EINTR"):
            with self.subTest(errno=name):
                run = self.run_stuck(port, f"error={name}:when=50..550", "-c", "100", "-s", "1ms")
                self.assertEqual(run.wait(), 0, run.describe())
                self.assertEqual(self.result_of(run)["connections"]["established"], 100)

    @harness.requires("strace")
    def test_server(self):
        port = self.free_port()
        server = self.start(*injecting("io_uring_enter", "error=EAGAIN:when=10+"),
                            harness.TCPGOON, "server", "-p", port, "-m", "0", "-d", "0")
        harness.wait_for_listener(port, server)
        pid = self.tracee_of(server)
        self.assert_status(self.dial("127.0.0.1", port, "-c", "100", "-s", "10ms"), 0)
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(server.wait(8), 1, server.describe())
        self.assertIn("io_uring_enter has failed with EAGAIN", server.stderr)

    @harness.requires("strace")
    def test_another_refusal_in_the_middle(self):
        _, port = self.serve()
        for name in ("EPERM", "EINVAL", "EFAULT"):
            with self.subTest(errno=name):
                run = self.run_stuck(port, f"error={name}:when=200+", "-c", "1000", "-s", "1ms",
                                     "--hold", "60s")
                self.assertEqual(run.wait(), 1, run.describe())
                self.assertIn(f"io_uring_enter fails with {name}", run.stderr)
                self.assertGreater(self.result_of(run)["connections"]["established"], 20)


if __name__ == "__main__":
    harness.main(at_a_time=4)
