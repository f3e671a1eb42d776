# SPDX-License-Identifier: MIT
"""`tcpgoon demo`: the server comes along and goes again, whatever happens, by either engine."""

import errno
import os
import shutil
import signal
import tempfile
import unittest

import harness
import seccomp

FALLBACK = "tcpgoon: using epoll because io_uring is not available: "
NOBODY = 65534


class Demo(harness.Case):
    ENGINE = "io_uring"

    def demo(self, *argv, **options):
        return self.tcpgoon("demo", "--engine", self.ENGINE, *argv, **options)

    def run_demo(self, *argv, **options):
        demo = self.demo(*argv, **options)
        demo.wait()
        return demo

    def none_left(self):
        harness.wait_until(
            lambda: harness.processes_of(os.path.realpath(harness.TCPGOON)) == [],
            "the end of the demo's server")
        self.assertEqual(harness.sockets(harness.TCP_LISTEN), 0)

    def test_ten_thousand(self):
        demo = self.run_demo()
        self.assert_status(demo, 0)
        self.assertIn("Total established connections: 10000\n", demo.stdout)
        self.none_left()

    def test_server_counts_all_on_one_core(self):
        one = {min(os.sched_getaffinity(0))}
        demo = self.run_demo("-c", "3000",
                                prepare=lambda: os.sched_setaffinity(0, one))
        self.assert_status(demo, 0)
        self.assertIn("Total established connections: 3000\n", demo.stdout)
        self.assertIn("Server: accepted 3000,", demo.stdout)

    def test_as_many_as_asked(self):
        demo = self.run_demo("-c", "25")
        self.assert_status(demo, 0)
        self.assertIn("Total established connections: 25\n", demo.stdout)
        self.none_left()

    def test_wrong_flag(self):
        demo = self.run_demo("-c", "ten")
        self.assert_status(demo, 1)
        self.assertIn("--connections", demo.stderr)
        self.none_left()

    def end_by(self, number, expected):
        demo = self.demo("-c", "5000", "--hold", "30s")
        harness.wait_until(lambda: harness.sockets(harness.TCP_ESTABLISHED) >= 2000,
                           "thousands of connections")
        demo.send(number)
        self.assertEqual(demo.wait(), expected, demo.describe())
        self.none_left()

    def test_sigint(self):
        self.end_by(signal.SIGINT, 1)

    def test_sigterm(self):
        self.end_by(signal.SIGTERM, 1)

    def test_sighup(self):
        self.end_by(signal.SIGHUP, 1)

    def test_killed(self):
        self.end_by(signal.SIGKILL, -signal.SIGKILL)

    def test_server_is_on_the_engine_that_was_asked_for(self):
        demo = self.demo("-c", "10", "--hold", "30s")
        harness.wait_until(lambda: harness.sockets(harness.TCP_ESTABLISHED) == 20, "connections")
        server, = (pid for pid in harness.processes_of(os.path.realpath(harness.TCPGOON))
                   if pid != demo.pid)
        files = {os.readlink(f"/proc/{server}/fd/{fd}") for fd in os.listdir(f"/proc/{server}/fd")}
        self.assertEqual("anon_inode:[io_uring]" in files, self.ENGINE == "io_uring", files)
        self.assertEqual("anon_inode:[eventpoll]" in files, self.ENGINE == "epoll", files)
        demo.send(signal.SIGINT)
        self.assertEqual(demo.wait(), 1, demo.describe())


class DemoOnEpoll(Demo):
    ENGINE = "epoll"


class Blocked(harness.Case):
    """As in a container: Docker and containerd answer with EPERM, rootless Podman with ENOSYS."""

    def assert_is_as_ever(self, demo):
        demo.wait(60)
        self.assert_status(demo, 0)
        self.assertIn("Total established connections: 10000\n", demo.stdout)
        self.assertIn("Server: accepted 10000, at most ", demo.stdout)
        self.assertTrue(demo.stderr.startswith(FALLBACK), demo.describe())
        self.assertIn("seccomp", demo.stderr)
        self.assertEqual(demo.stderr.count("\n"), 1, demo.describe())

    def test_of_root(self):
        for name in ("EPERM", "ENOSYS"):
            with self.subTest(errno=name):
                self.assert_is_as_ever(self.tcpgoon(
                    "demo", prepare=seccomp.refusing("io_uring_setup", getattr(errno, name))))

    @unittest.skipUnless(harness.namespace_is_of_the_first_user() and os.getuid() == 0,
                         "needs root to become another user")
    def test_of_an_ordinary_user(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        os.chmod(directory, 0o755)
        shutil.copy(harness.TCPGOON, directory)

        def become_nobody(refuse):
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            refuse()

        for name in ("EPERM", "ENOSYS"):
            refuse = seccomp.refusing("io_uring_setup", getattr(errno, name))
            with self.subTest(errno=name):
                self.assert_is_as_ever(self.start(
                    f"{directory}/tcpgoon", "demo", prepare=lambda: become_nobody(refuse)))

    def test_nothing_else_where_io_uring_was_asked_for(self):
        demo = self.run_tcpgoon("demo", "-c", "10", "--engine", "io_uring",
                                prepare=seccomp.refusing("io_uring_setup", errno.EPERM))
        self.assert_explained(demo, "io_uring_setup", "EPERM", "seccomp")
        self.assertNotIn("epoll", demo.stderr)

    def test_no_word_where_epoll_was_asked_for(self):
        demo = self.run_tcpgoon("demo", "-c", "10", "--engine", "epoll",
                                prepare=seccomp.refusing("io_uring_setup", errno.EPERM))
        self.assert_status(demo, 0)
        self.assertEqual(demo.stderr, "")


if __name__ == "__main__":
    harness.main()
