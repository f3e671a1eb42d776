# SPDX-License-Identifier: MIT
"""`tcpgoon doctor`: each line changes as the machine does, and what it advises helps."""

import errno
import os
import re
import resource
import shutil
import subprocess
import sys
import unittest

import harness
import seccomp
from groups import MIB, Group

HERE = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(r"(ok|unknown|limit|problem) +(\S+(?: \S+)*?) +([\d,]+|no limit|not known)  (.*)")


class Examining(harness.Case):
    def examine(self, *argv, status=0, **options):
        """name -> (mark, connections or None, what there is, what lifts it)"""
        doctor = self.run_tcpgoon("doctor", *argv, **options)
        self.assert_status(doctor, status)
        self.conclusion = doctor.stdout.splitlines()[-1]
        lines = {}
        name = None
        for text in doctor.stdout.splitlines()[1:-2]:
            line = LINE.fullmatch(text)
            if line is not None:
                name = line[2]
                allowed = int(line[3].replace(",", "")) if line[3][0].isdigit() else None
                lines[name] = [line[1], allowed, line[4], ""]
            else:
                self.assertRegex(text, r"^ {13}\S")
                lines[name][3] += text.strip()
        for mark, _, text, fix in lines.values():
            self.assertEqual(fix == "", mark in ("ok", "unknown"), doctor.stdout)
            self.assertEqual(text.endswith("cannot be read"), mark == "unknown", doctor.stdout)
        return lines

    def advised(self, line, pattern):
        found = re.search(pattern, line[3])
        self.assertIsNotNone(found, line)
        return int(found[1])


class Doctor(Examining):
    def test_this_machine(self):
        lines = self.examine()
        self.assertEqual(list(lines)[:3], ["engine", "CPUs", "local ports"])
        self.assertNotIn("route", lines)
        mark, most, _, fix = lines["4-tuples"]
        self.assertEqual(mark, "limit")
        self.assertIn("source addresses with --source", fix)
        self.assertTrue(self.conclusion.startswith("100 connections are possible"))
        self.assertIn(f"{most:,} at most", self.conclusion)
        # One more than it says is a problem, and nothing else is.
        lines = self.examine("-c", most + 1, status=4)
        self.assertEqual([name for name, line in lines.items() if line[0] == "problem"],
                         ["4-tuples"])
        self.assertIn("not possible", self.conclusion)
        self.examine("-c", most)

    def test_arguments(self):
        for argv in (("127.0.0.1",), ("127.0.0.1", "80", "81")):
            doctor = self.run_tcpgoon("doctor", *argv)
            self.assert_status(doctor, 1)
            self.assertIn("a host and a port, or neither", doctor.stderr)

    def test_a_target(self):
        """Loopback has many sources; without a route there is a problem."""
        lines = self.examine("-c", "1m", "127.0.0.1", "80")
        self.assertEqual(lines["route"][0], "ok")
        self.assertIsNone(lines["4-tuples"][1])
        lines = self.examine("10.9.9.9", "80", status=4)
        self.assertEqual(lines["route"][:3], ["problem", 0, "none to 10.9.9.9"])
        subprocess.run(["ip", "route", "add", "10.9.9.9/32", "dev", "lo"], check=True)
        self.addCleanup(subprocess.run, ["ip", "route", "del", "10.9.9.9/32"], check=True)
        self.assertEqual(self.examine("10.9.9.9", "80")["route"][0], "ok")

    def test_engine(self):
        lines = self.examine(prepare=seccomp.refusing("io_uring_setup", errno.EPERM))
        mark, _, text, fix = lines["engine"]
        self.assertEqual(mark, "limit")
        self.assertIn("epoll", text)
        self.assertIn("seccomp", fix)
        self.assertIn("tools/seccomp-io-uring.json", fix)

    @harness.left_out_unless_measuring
    def test_open_files(self):
        """With epoll each connection takes one; the advice holds, and one less does not."""
        def narrow(soft, hard):
            def prepare():
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                seccomp.refusing("io_uring_setup", errno.EPERM)()
            return prepare
        line = self.examine("-c", "1000", prepare=narrow(64, 512), status=4)["open files"]
        self.assertEqual(line[0], "problem")
        self.assertIn("soft limit 64, which the program raises to the hard limit, 512", line[2])
        self.assertLess(line[1], 512)
        advised = self.advised(line, r"ulimit -n (\d+)")
        self.assertEqual(advised, self.advised(line, r"--ulimit nofile=(\d+)"))
        self.examine("-c", "1000", prepare=narrow(64, advised))
        self.examine("-c", "1000", prepare=narrow(64, advised - 1), status=4)
        self.examine("-c", line[1], prepare=narrow(64, 512))
        self.examine("-c", line[1] + 1, prepare=narrow(64, 512), status=4)
        # io_uring needs few, and says so.
        line = self.examine(prepare=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (512, 512)))["open files"]
        self.assertIn("by epoll: ", line[2])

    @harness.left_out_unless_measuring
    @unittest.skipUnless(harness.namespace_is_of_the_first_user() and os.getuid() == 0,
                         "needs root to become another user")
    def test_locked_memory(self):
        directory = self.temporary_directory()
        os.chmod(directory, 0o755)
        binary = shutil.copy(harness.TCPGOON, directory)
        os.chmod(binary, 0o755)

        def nobody(memlock):
            def prepare():
                resource.setrlimit(resource.RLIMIT_MEMLOCK, (memlock, memlock))
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            return prepare
        # Where the kernel counts it, epoll takes the place; then the check has nothing to say.
        doctor = self.start(binary, "doctor", prepare=nobody(4096))
        doctor.wait()
        if "epoll" in doctor.stdout.splitlines()[1]:
            self.assertIn("ulimit -l", doctor.stdout)
            self.assert_status(doctor, 0)
        else:
            self.assert_status(doctor, 4)
            advised = int(re.search(r"ulimit -l (\d+)", doctor.stdout)[1])
            doctor = self.start(binary, "doctor", prepare=nobody(advised << 10))
            doctor.wait()
            self.assert_status(doctor, 0)

    @harness.left_out_unless_measuring
    def test_memory_of_the_group(self):
        group = Group(self, "memory")
        file = group.limit_memory(64 * MIB)
        line = self.examine("-c", "30000", prepare=group.enter, status=4)["cgroup memory"]
        self.assertEqual(line[0], "problem")
        self.assertIn(f"of 64.0 MiB ({file})", line[2])
        # What the group is charged with varies by some pages.
        advised = self.advised(line, re.escape(file) + r": (\d+)") + MIB
        group.limit_memory(advised)
        self.assertEqual(self.examine("-c", "30000", prepare=group.enter)["cgroup memory"][0],
                         "limit")

    def test_cpu_quota(self):
        group = Group(self, "cpu")
        file = group.limit_cpu(30)
        line = self.examine(prepare=group.enter)["CPUs"]
        self.assertEqual(line[0], "limit")
        self.assertIn("30% of one", line[2])
        self.assertEqual(self.advised(line, re.escape(file) + r": (\d+)"), 100000)
        group.limit_cpu(100)
        self.assertEqual(self.examine(prepare=group.enter)["CPUs"][0], "ok")

    def test_ports(self):
        before = self.examine()
        self.set_sysctl("net.ipv4.ip_local_reserved_ports", "5000-5099")
        self.serve()
        after = self.examine()
        self.assertIn("100 reserved, ", after["local ports"][2])
        self.assertEqual(after["4-tuples"][1], before["4-tuples"][1] - 101)
        self.set_sysctl("net.ipv4.ip_local_port_range", "40000 40999")
        self.assertIn("40000-40999 ", self.examine()["local ports"][2])

    def test_accept_queue(self):
        self.set_sysctl("net.core.somaxconn", 128)
        line = self.examine()["accept queue"]
        self.assertEqual((line[0], line[1]), ("limit", None))
        self.assertIn("128 connections", line[2])
        name, value = re.search(r"sysctl -w (\S+)=(\d+)", line[3]).groups()
        self.set_sysctl(name, value)
        self.assertEqual(self.examine()["accept queue"][0], "ok")

    def test_time_wait(self):
        _, port = self.serve()
        self.set_sysctl("net.ipv4.tcp_max_tw_buckets", 10)
        self.assert_status(self.dial("127.0.0.1", port, "-c", "50", "-s", "0"), 0)
        line = self.examine()["TIME_WAIT"]
        self.assertEqual(line[0], "limit")
        name, value = re.search(r"sysctl -w (\S+)=(\d+)", line[3]).groups()
        self.set_sysctl(name, value)
        self.assertEqual(self.examine()["TIME_WAIT"][0], "ok")

    def test_the_plan_agrees(self):
        """The most that doctor allows is what a plan to the same target allows."""
        lines = self.examine("127.0.0.1", "80")
        most = min(line[1] for line in lines.values() if line[1] is not None)
        # Memory varies as others run.
        self.assert_status(self.run_tcpgoon("plan", "127.0.0.1", "80", "-c", most * 9 // 10), 0)
        self.assert_status(self.run_tcpgoon("plan", "127.0.0.1", "80", "-c", most * 11 // 10), 4)


class Tracked(harness.NetworkCase, Examining):
    @harness.requires("nft")
    def test_conntrack(self):
        """Its size is the whole machine's and is left alone: entries of others fill it."""
        self.assertEqual(self.examine()["conntrack"][0], "ok")
        self.require_small_tracker()
        subprocess.run([sys.executable, os.path.join(HERE, "full_tracker.py"), "500"], check=True)
        line = self.examine("-c", "1000", status=4)["conntrack"]
        self.assertEqual(line[0], "problem")
        self.assertLessEqual(line[1], 500)
        with open("/proc/sys/net/netfilter/nf_conntrack_count", encoding="ascii") as file:
            used = int(file.read())
        self.assertEqual(self.advised(line, r"sysctl -w net.netfilter.nf_conntrack_max=(\d+)"),
                         used + 1000)


if __name__ == "__main__":
    harness.main()
