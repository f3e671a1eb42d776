# SPDX-License-Identifier: MIT
"""Control groups of a test, of both versions."""

import contextlib
import os
import unittest

import harness

MIB = 1 << 20


def text_of(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def hierarchies():
    """Controller (None: version 2) -> (mount point, the group of this process below it)."""
    groups = {}
    for line in text_of("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(",") if controllers else (None,):
            groups[controller] = path
    found = {}
    for line in text_of("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        root, point = before.split()[3:5]
        kind, _, options = after.split()[:3]
        if root == "/" and kind == "cgroup2" and None in groups:
            found[None] = (point, groups[None])
        elif root == "/" and kind == "cgroup":
            for controller in set(options.split(",")) & set(groups):
                found[controller] = (point, groups[controller])
    return found


class Group:
    """A control group of our own, of whatever version has the controller."""

    def __init__(self, case, controller):
        places = hierarchies()
        self.version = 1 if controller in places else 2
        point, path = places.get(controller) or places.get(None) or (None, None)
        if point is None:
            raise unittest.SkipTest(f"no control groups with {controller} here")
        self.directory = f"{point}{path.rstrip('/')}/tcpgoon-test-{os.getpid()}-{id(self)}"
        try:
            os.mkdir(self.directory)
        except OSError as error:
            raise unittest.SkipTest(f"no control group can be made: {error}") from None
        case.addCleanup(self.remove)
        if not any(name.startswith(controller + ".") for name in os.listdir(self.directory)):
            raise unittest.SkipTest(f"version 2 does not have {controller} for our groups")

    def remove(self):
        def gone():
            with contextlib.suppress(OSError):
                os.rmdir(self.directory)
            return not os.path.exists(self.directory)
        harness.wait_until(gone, f"an end of {self.directory}")

    def set(self, name, value):
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(str(value))

    def limit_memory(self, size):
        name = "memory.limit_in_bytes" if self.version == 1 else "memory.max"
        self.set(name, size)
        return os.path.join(self.directory, name)

    def limit_cpu(self, percent):
        if self.version == 1:
            self.set("cpu.cfs_period_us", 100000)
            self.set("cpu.cfs_quota_us", percent * 1000)
            return os.path.join(self.directory, "cpu.cfs_quota_us")
        self.set("cpu.max", f"{percent * 1000} 100000")
        return os.path.join(self.directory, "cpu.max")

    def enter(self):
        """For `prepare`: in a child that was forked beside threads."""
        file = os.open(os.path.join(self.directory, "cgroup.procs"), os.O_WRONLY)
        os.write(file, b"%d" % os.getpid())
        os.close(file)
