# SPDX-License-Identifier: MIT
"""Systems that do not give io_uring, where it is asked for by name: one sentence that says what is
wrong and what to do."""

import contextlib
import errno
import json
import os
import resource
import shutil
import tempfile
import unittest

import harness
import seccomp

NOBODY = 65534


def answer_io_uring_setup_with(error_number):
    """What a container's seccomp profile does; to be called in the child before exec."""
    seccomp.refusing("io_uring_setup", error_number)()


class NoIoUring(harness.Case):
    def test_blocked_by_seccomp(self):
        run = self.run_tcpgoon("run", "127.0.0.1", "9", "-y", "--engine", "io_uring",
                               prepare=lambda: answer_io_uring_setup_with(errno.EPERM))
        self.assert_explained(run, "seccomp", "io_uring")

    def test_server_blocked_by_seccomp(self):
        server = self.run_tcpgoon("server", "-p", "7999", "--engine", "io_uring",
                                  prepare=lambda: answer_io_uring_setup_with(errno.EPERM))
        self.assert_status(server, 1)
        self.assertRegex(server.stderr, r"\A.*io_uring.*seccomp.*\n\Z|\A.*seccomp.*io_uring.*\n\Z")

    def test_demo_blocked_by_seccomp(self):
        demo = self.run_tcpgoon(
            "demo", "-c", "10", "--engine", "io_uring",
            prepare=lambda: answer_io_uring_setup_with(errno.EPERM))
        self.assert_explained(demo, "seccomp", "io_uring")

    def test_not_in_this_kernel(self):
        run = self.run_tcpgoon("run", "127.0.0.1", "9", "-y", "--engine", "io_uring",
                               prepare=lambda: answer_io_uring_setup_with(errno.ENOSYS))
        self.assert_explained(run, "io_uring", "kernel")


PROFILE = os.path.join(os.path.dirname(__file__), "../../tools/seccomp-io-uring.json")


class ContainerProfile(harness.Case):
    def allowed(self):
        with open(PROFILE, encoding="utf-8") as file:
            return {name for group in json.load(file)["syscalls"] for name in group["names"]
                    if group["action"] == "SCMP_ACT_ALLOW"
                    and "caps" not in group.get("includes", {})}

    def called(self, engine):
        with tempfile.NamedTemporaryFile("r") as table:
            demo = self.start("strace", "-f", "-c", "-U", "name", "-o", table.name,
                              harness.TCPGOON, "demo", "-c", "2000", "--hold", "100ms",
                              "--engine", engine)
            self.assertEqual(demo.wait(), 0, demo.describe())
            names = {line.strip() for line in table.read().splitlines()[2:]} - {"total"}
        return {name for name in names if name.replace("_", "").isalnum()}

    @harness.requires("strace")
    @harness.left_out_unless_measuring
    def test_allows_all_that_the_program_calls(self):
        called = self.called("io_uring")
        self.assertIn("io_uring_enter", called)
        self.assertEqual(called - self.allowed(), set())

    @harness.requires("strace")
    @harness.left_out_unless_measuring
    def test_by_epoll_the_default_profile_of_docker_does(self):
        """Ours is Docker's with three more calls."""
        called = self.called("epoll")
        own = {"io_uring_setup", "io_uring_enter", "io_uring_register"}
        self.assertIn("epoll_ctl", called)
        self.assertEqual(called - (self.allowed() - own), set())


IO_URING_DISABLED = "/proc/sys/kernel/io_uring_disabled"


@contextlib.contextmanager
def sysctl(path, value):
    """Holds for the whole machine, so only for a moment."""
    with open(path, encoding="ascii") as file:
        before = file.read()
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(value)
        yield
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)


class Disabled(harness.Case):
    @unittest.skipUnless(os.access(IO_URING_DISABLED, os.W_OK), "the sysctl cannot be written")
    def test_by_the_sysctl(self):
        with sysctl(IO_URING_DISABLED, "2"):
            run = self.run_tcpgoon("run", "127.0.0.1", "9", "-y", "-c", "1",
                                   "--engine", "io_uring")
            server = self.run_tcpgoon("server", "-p", self.free_port(), "-d", "100ms")
        self.assert_explained(run, "kernel.io_uring_disabled")
        self.assert_status(server, 0)
        self.assertIn("using epoll", server.stderr)
        self.assertIn("kernel.io_uring_disabled", server.stderr)


class Memlock(harness.Case):
    @harness.left_out_unless_measuring
    @unittest.skipUnless(harness.namespace_is_of_the_first_user() and os.getuid() == 0,
                         "needs root to become another user")
    def test_tiny_limit_of_an_ordinary_user(self):
        """Kernels from about 6.14 count ring memory again: then the sentence names the limit."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        os.chmod(directory.name, 0o755)
        binary = shutil.copy(harness.TCPGOON, directory.name)
        os.chmod(binary, 0o755)
        _, port = self.serve()

        def become_nobody():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (4096, 4096))
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

        # The plan refuses it; with --force the kernel does, if it counts that memory.
        for force, status in ((), 4), (("--force",), 1):
            run = self.start(binary, "run", "127.0.0.1", port, "-y", "-c", "5", "-s", "0",
                             *force, prepare=become_nobody)
            if run.wait() == 0:
                self.assertEqual(self.report_of(run).established, 5)
            else:
                self.assert_explained(run, "ulimit -l", status=status)


if __name__ == "__main__":
    harness.main()
