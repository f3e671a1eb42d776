# SPDX-License-Identifier: MIT
"""tools/bench in its smallest form, and the clients that it compares with."""

import json
import os
import re
import subprocess
import tempfile

import harness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("TCPGOON_BUILD", os.path.join(ROOT, "build"))
SIZE = 200


class Comparison(harness.Case):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as directory:
            json_path = os.path.join(directory, "report.json")
            markdown_path = os.path.join(directory, "report.md")
            cls.bench = subprocess.run(
                [os.path.join(ROOT, "tools", "bench"), "--build", BUILD, "--sizes", str(SIZE),
                 "--rounds", "1", "--programs", "floor,epoll,tcpgoon", "--json", json_path,
                 "--markdown", markdown_path],
                capture_output=True, text=True, timeout=120 * harness.SLOW, check=False)
            if cls.bench.returncode != 0:
                raise AssertionError(cls.bench.stderr)
            with open(json_path, encoding="utf-8") as file:
                cls.report = json.load(file)
            with open(markdown_path, encoding="utf-8") as file:
                cls.markdown = file.read()

    def test_each_program_was_measured(self):
        runs = {run["program"]: run for run in self.report["runs"]}
        self.assertEqual(list(runs), ["floor", "epoll", "tcpgoon"])
        for name, run in runs.items():
            with self.subTest(program=name):
                self.assertIsNone(run["stopped"])
                self.assertEqual(run["established"], SIZE)
                # Both ends, as the kernel counts them.
                self.assertEqual(run["sockets"], 2 * SIZE)
                # A connection takes the kernel some microseconds, and no second.
                self.assertGreater(run["cpu_dial_ns"], SIZE * 1000)
                self.assertLess(run["cpu_dial_ns"], SIZE * 10**9)
                self.assertGreaterEqual(run["cpu_whole_ns"], run["cpu_dial_ns"] // 2)
                self.assertGreaterEqual(run["whole_ns"], run["wall_ns"])
                self.assertGreater(run["peak_bytes"], 100000)
                self.assertEqual(run["processes"], 1)

    def test_clients_report_themselves(self):
        for run in self.report["runs"]:
            if run["program"] != "tcpgoon":
                own = run["own_report"]
                self.assertEqual(own["established"], SIZE)
                self.assertEqual(own["stopped"], "")
                self.assertLess(own["dial_ns"], run["wall_ns"])

    def test_summary(self):
        of_size = self.report["sizes"][str(SIZE)]
        self.assertEqual(of_size["floor"]["cpu_dial_us_ratio"], 1)
        for name, run in zip(of_size, self.report["runs"]):
            with self.subTest(program=name):
                floor = self.report["runs"][0]
                self.assertAlmostEqual(of_size[name]["cpu_dial_us_ratio"],
                                       run["cpu_dial_ns"] / floor["cpu_dial_ns"])

    def test_table(self):
        self.assertEqual(self.markdown, self.bench.stdout)
        lines = self.markdown.splitlines()
        heading = lines.index(f"### {SIZE} connections, 1 round")
        rows = lines[heading + 2:heading + 7]
        self.assertEqual({row.count("|") for row in rows}, {11})
        for row, title in zip(rows[2:], ("floor", "epoll", "tcpgoon")):
            self.assertRegex(row, rf"^\| {re.escape(title)} \| \d")


class Forking(harness.Case):
    """Above their limit of descriptors, the clients fork."""

    def check(self, name):
        _, port = self.serve()
        client = self.start(os.path.join(BUILD, "bench", name), "127.0.0.1", port, 250, nofile=116)
        self.assertEqual(client.wait(), 0, client.describe())
        line = json.loads(client.stdout)
        self.assertEqual(line["program"], name)
        self.assertEqual(line["processes"], 3)
        self.assertEqual(line["established"], 250)

    def test_floor(self):
        self.check("floor")

    def test_epoll(self):
        self.check("epoll")

    def test_what_stops_them_is_said(self):
        for name in ("floor", "epoll"):
            client = self.start(os.path.join(BUILD, "bench", name), "127.0.0.1",
                                self.free_port(), 5)
            self.assertEqual(client.wait(), 1, client.describe())
            line = json.loads(client.stdout)
            self.assertEqual(line["established"], 0)
            self.assertEqual(line["stopped"], "connect: Connection refused")

    def test_sources(self):
        _, port = self.serve()
        client = self.start(os.path.join(BUILD, "bench", "floor"), "127.0.0.1", port, 5,
                            "--source", "127.0.0.9", stdin=subprocess.PIPE)
        harness.wait_until(lambda: client.stdout, "the line that reports")
        with open("/proc/net/tcp", encoding="ascii") as file:
            locals_ = [line.split()[1] for line in file.readlines()[1:]]
        self.assertEqual(sum(local.startswith("0900007F:") for local in locals_), 5)
        client.popen.stdin.close()
        self.assertEqual(client.wait(), 0, client.describe())


class Refusals(harness.Case):
    def test_wrong_arguments(self):
        for words, named in ((["--sizes", "ten"], "ten"), (["--rounds", "0"], "--rounds"),
                             (["--programs", "floor,go-tcpgoon"], "go-tcpgoon"),
                             (["--build", "/nowhere"], "/nowhere")):
            with self.subTest(words=words):
                bench = subprocess.run(
                    [os.path.join(ROOT, "tools", "bench"), "--build", BUILD, *words],
                    capture_output=True, text=True, timeout=20, check=False)
                self.assertEqual(bench.returncode, 2, bench.stderr)
                self.assertIn(named, bench.stderr)
                self.assertEqual(bench.stdout, "")

    def test_clients(self):
        for words, named in ((["127.0.0.1", "9"], "usage"), (["127.0.0.1", "9", "ten"], "ten"),
                             (["127.0.0.1", "9", "5", "--source", "here"], "here"),
                             (["127.0.0.1", "9", "5", "--origin"], "--origin")):
            with self.subTest(words=words):
                client = self.start(os.path.join(BUILD, "bench", "floor"), *words)
                self.assertEqual(client.wait(), 1, client.describe())
                self.assertEqual(client.stdout, "")
                self.assertIn(named, client.stderr)


if __name__ == "__main__":
    harness.main()
