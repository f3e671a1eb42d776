# SPDX-License-Identifier: MIT
"""Limits that are narrower than the host's: control groups of both versions, ulimits."""

import os
import re
import resource

import harness
from groups import MIB, Group, hierarchies

# A sanitizer needs much more memory than the program.
lean = harness.left_out_unless_measuring


class Real(harness.Case):
    """Limits that the kernel enforces."""

    @lean
    def test_memory_of_the_group(self):
        """Refused by name, with a number that then does."""
        group = Group(self, "memory")
        file = group.limit_memory(64 * MIB)
        _, port = self.serve()
        argv = ("127.0.0.1", port, "-s", "0")
        plan = self.run_tcpgoon("plan", *argv, "-c", "30000", prepare=group.enter)
        self.assert_status(plan, 4)
        self.assertRegex(plan.stdout, r"  cgroup memory .* NOT ENOUGH\n      give --connections")
        self.assertIn(f"a higher limit than 64.0 MiB in {file}: ", plan.stdout)
        self.assertIn("The run is not possible", plan.stdout)
        run = self.dial(*argv, "-c", "30000", prepare=group.enter)
        self.assert_explained(run, "memory left to the control group",
                              f"64.0 MiB in {file}: ", "; --force", status=4)
        # What the group is charged with varies by some pages.
        advised = int(re.search(r"give --connections (\d+)", run.stderr)[1]) * 9 // 10
        run = self.dial(*argv, "-c", advised, prepare=group.enter)
        self.assert_status(run, 0)
        self.assertEqual(self.report_of(run).established, advised)

    @lean
    def test_memory_of_a_group_above(self):
        group = Group(self, "memory")
        file = group.limit_memory(64 * MIB)
        inner = Group.__new__(Group)
        inner.version, inner.directory = group.version, group.directory + "/inner"
        os.mkdir(inner.directory)
        # Before the one above, as what is registered last goes first.
        self.addCleanup(inner.remove)
        plan = self.run_tcpgoon("plan", "127.0.0.1", "80", "-c", "30000", prepare=inner.enter)
        self.assert_status(plan, 4)
        self.assertIn(f"64.0 MiB in {file}: ", plan.stdout)

    @lean
    def test_page_cache_of_the_group_is_given_back(self):
        """A group that is full of file pages has memory left."""
        group = Group(self, "memory")
        group.limit_memory(64 * MIB)
        path = os.path.join(os.environ.get("TMPDIR", "/var/tmp"), f"tcpgoon-{os.getpid()}")
        self.addCleanup(lambda: os.path.exists(path) and os.unlink(path))
        fill = self.start("sh", "-c", f"head -c {50 * MIB} /dev/zero >{path}; cat {path} >/dev/null",
                          prepare=group.enter)
        fill.wait()
        self.assert_status(fill, 0)
        plan = self.run_tcpgoon("plan", "127.0.0.1", "80", "-c", "5000", prepare=group.enter)
        self.assert_status(plan, 0)

    def test_a_cpu_quota_that_stops_the_run(self):
        """With and without a pace: named, and no failure.

        Asked for is several times what the quota allows, on a machine twice as fast too.
        """
        group = Group(self, "cpu")
        file = group.limit_cpu(10)
        _, port = self.serve()
        for argv in (("-c", "8000", "-s", "0"), ("-c", "8000", "-s", "50us")):
            with self.subTest(argv=argv):
                run, result = self.dial_for_result("127.0.0.1", port, *argv,
                                                   prepare=group.enter)
                self.assert_status(run, 0)
                self.assertNotIn("All went well", run.stdout)
                self.assertIn("the CPU quota of its control group, 10% of a CPU,", run.stdout)
                self.assertIn(f"raise the quota in {file},", run.stdout)
                self.assertEqual([finding["name"] for finding in result["findings"]],
                                 ["client_limited"])
                quota = result["generator"]["cpu_quota"]
                self.assertEqual((quota["cpus"], quota["period_ns"], quota["file"]),
                                 (0.1, 100000000, file))
                self.assertGreater(quota["throttled"], 0)
                self.assertGreater(quota["throttled_ns"], 10000000)

    @harness.measured
    def test_a_cpu_quota_that_does_not(self):
        group = Group(self, "cpu")
        file = group.limit_cpu(90)
        _, port = self.serve()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "10ms",
                                           prepare=group.enter)
        self.assert_status(run, 0)
        self.assertEqual(result["generator"]["cpu_quota"]["throttled"], 0)
        self.assert_undisturbed(run, result)
        self.assertEqual(result["findings"], [], run.describe())
        plan = self.run_tcpgoon("plan", "127.0.0.1", port, prepare=group.enter)
        self.assertIn(f"  Quota:    90% of a CPU, in {file}\n", plan.stdout)

    def test_no_process_for_the_server_of_a_demo(self):
        group = Group(self, "pids")
        group.set("pids.max", 1)
        # A search for leaks would need a process as well.
        demo = self.run_tcpgoon("demo", "-c", "10", prepare=group.enter,
                                env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        self.assertNotEqual(demo.status, 0)
        self.assertIn(f"{group.directory}/pids.max", demo.stderr)
        self.assertIn("has reached its limit of 1", demo.stderr)

    def test_processors_of_this_process(self):
        _, port = self.serve()
        first = min(os.sched_getaffinity(0))
        _, result = self.dial_for_result(
            "127.0.0.1", port, "-c", "1", prepare=lambda: os.sched_setaffinity(0, {first}))
        self.assertEqual(result["host"]["cpus_allowed"], 1)
        self.assertEqual(result["host"]["cpus"], os.cpu_count())

    @lean
    def test_address_space(self):
        for kind, letter in ((resource.RLIMIT_AS, "v"), (resource.RLIMIT_DATA, "d")):
            with self.subTest(letter=letter):
                def limit(size, kind=kind):
                    return lambda: resource.setrlimit(kind, (size, size))
                plan = self.run_tcpgoon("plan", "127.0.0.1", "80", "-c", "1m", "-s", "0",
                                        prepare=limit(12 * MIB))
                self.assert_status(plan, 4)
                self.assertRegex(plan.stdout, r"  address space .* NOT ENOUGH\n")
                advised = int(re.search(rf"give ulimit -{letter} (\d+)", plan.stdout)[1])
                plan = self.run_tcpgoon("plan", "127.0.0.1", "80", "-c", "1m", "-s", "0",
                                        prepare=limit(advised << 10))
                self.assert_status(plan, 0)


@harness.requires("unshare", "mount")
class Laid(harness.Case):
    """Files of both versions laid over the mount points, in a mount namespace: what is read."""

    def plan(self, controller, files):
        """A plan for 30,000 in groups that have these files: path below the mount -> text."""
        places = hierarchies()
        if controller not in places:
            self.skipTest("no such hierarchy is mounted here")
        point, group = places[controller]
        group = group.strip("/")
        lines = [f"mount -t tmpfs tmpfs '{point}'"]
        for path, text in files.items():
            # OWN is the group of the process, UP the one above all.
            path = path.replace("OWN", f"{point}/{group}").replace("UP", point)
            lines += [f"mkdir -p '{os.path.dirname(path)}'", f"printf '{text}\\n' >'{path}'"]
        lines.append(f"exec '{harness.TCPGOON}' plan 127.0.0.1 80 -c 30000 -s 0")
        plan = self.start("unshare", "-m", "sh", "-ec", "\n".join(lines))
        plan.wait()
        if "mount:" in plan.stderr or "unshare:" in plan.stderr:
            self.skipTest(plan.stderr)
        return plan, f"{point}/{group}".rstrip("/")

    def test_what_is_read(self):
        """(controller, files, exit status, what the plan says)."""
        gib = 1 << 30
        cases = (
            (None, {"OWN/memory.max": 64 * MIB, "OWN/memory.current": 0}, 4,
             "64.0 MiB in {own}/memory.max"),
            (None, {"OWN/memory.max": "max", "OWN/memory.current": 0}, 0, None),
            (None, {"OWN/memory.max": gib, "OWN/memory.current": gib - MIB}, 4,
             "1.0 GiB in {own}/memory.max"),
            (None, {"OWN/memory.max": gib, "OWN/memory.current": gib - MIB,
                    "OWN/memory.stat": f"inactive_file {gib // 2}"}, 0, None),
            (None, {"OWN/memory.max": gib, "OWN/memory.high": 96 * MIB, "OWN/memory.current": 0},
             4, "96.0 MiB in {own}/memory.high"),
            (None, {"OWN/cpu.max": "30000 100000"}, 0, "Quota:    30% of a CPU, in {own}/cpu.max"),
            ("memory", {"OWN/memory.limit_in_bytes": 64 * MIB, "OWN/memory.usage_in_bytes": 0},
             4, "64.0 MiB in {own}/memory.limit_in_bytes"),
            ("memory", {"OWN/memory.limit_in_bytes": gib, "OWN/memory.usage_in_bytes": 0,
                        "UP/memory.limit_in_bytes": 64 * MIB, "UP/memory.usage_in_bytes": 0},
             4, "64.0 MiB in {up}/memory.limit_in_bytes"),
            ("cpu", {"OWN/cpu.cfs_quota_us": "50000", "OWN/cpu.cfs_period_us": "200000"}, 0,
             "Quota:    25% of a CPU, in {own}/cpu.cfs_quota_us"),
        )
        ran = 0
        for controller, files, status, words in cases:
            if controller not in hierarchies():
                continue
            ran += 1
            with self.subTest(controller=controller, files=files):
                plan, own = self.plan(controller, files)
                self.assert_status(plan, status)
                if words is not None:
                    up = hierarchies()[controller][0]
                    self.assertIn(words.format(own=own, up=up), plan.stdout)
        if ran == 0:
            self.skipTest("no control groups are mounted here")


if __name__ == "__main__":
    harness.main()
