# SPDX-License-Identifier: MIT
"""`tcpgoon compare`: real runs beside each other, what is said of equals and of a slower path."""

import json
import os
import random
import sys
import unittest

import jsonschema

import harness

SCHEMA = os.path.join(os.path.dirname(__file__),
                      "../../src/compare/tcpgoon-comparison-1.schema.json")


class Compare(harness.Case):
    def setUp(self):
        super().setUp()
        self.directory = self.temporary_directory()

    def path(self, name):
        return os.path.join(self.directory, name)

    def store(self, name, host, port, *argv):
        run = self.dial(host, port, "-c", "100", "-s", "1", "-i", "0", *argv,
                        "-o", f"json={self.path(name)}")
        self.assertIn(run.status, (0, 2), run.describe())
        return self.path(name)

    def compare(self, *argv, status=0):
        program = self.run_tcpgoon("compare", *argv)
        self.assert_status(program, status)
        return program

    def compared(self, *argv, status=0):
        """As JSON, which is one of its schema."""
        comparison = json.loads(self.compare(*argv, "-o", "json=-", status=status).stdout)
        with open(SCHEMA, encoding="utf-8") as file:
            jsonschema.Draft202012Validator(json.load(file)).validate(comparison)
        self.assertEqual(comparison["exit_status"], status)
        return comparison

    @staticmethod
    def proven(comparison):
        return {row["name"] for row in comparison["rows"] if row["proven"]}


class Equals(Compare):
    def test_equals_are_rarely_called_changed(self):
        """
        Of all ways to part the same runs at most 5 of 100 may raise an alarm. Of 100 that are drawn
        it is more than 12 in less than one of a thousand tests.
        """
        _, port = self.serve()
        paths = [self.store(f"{i}.json", "127.0.0.1", port) for i in range(12)]
        chance = random.Random(20261125)
        alarms = 0
        for _ in range(100):
            chance.shuffle(paths)
            comparison = self.compared(*paths[:6], "--", *paths[6:])
            self.assertGreater(comparison["judged"], 5)
            alarms += bool(self.proven(comparison))
        self.assertLessEqual(alarms, 12)
        pairs = 0
        for _ in range(20):
            pairs += bool(self.proven(self.compared(*chance.sample(paths, 2))))
        self.assertLessEqual(pairs, 1)

    def test_the_same_file_twice(self):
        _, port = self.serve()
        path = self.store("a.json", "127.0.0.1", port)
        comparison = self.compared(path, path, "--fail-if", "connect.p99>+0%",
                                   "--fail-if", "errors>=0%")
        self.assertEqual(comparison["judged"], 0)
        self.assertEqual({row["change"] for row in comparison["rows"]}, {0})


@harness.requires("nsenter")
@unittest.skipUnless(os.access("/dev/net/tun", os.R_OK | os.W_OK), "no /dev/net/tun")
class SlowerPath(Compare):
    ROUND_TRIP = 0.2

    def setUp(self):
        super().setUp()
        number = self.free_port() % 250
        self.port = 9000 + number
        self.slow = f"192.168.{number}.2"
        there = self.other_network()
        wire = self.start(sys.executable, os.path.join(os.path.dirname(__file__), "slow_wire.py"),
                          there[2], self.ROUND_TRIP / 2, f"192.168.{number}.1", self.slow)
        harness.wait_until(lambda: wire.stdout == "ready\n" or not wire.running(), "the wire")
        self.start(*there, harness.TCPGOON, "server", "-p", self.port, "-m", "0", "-d", "0")
        self.serve(port=self.port)
        harness.wait_until(
            lambda: self.dial(self.slow, self.port, "-c", "1").status == 0, "the server over there")

    def test_is_found(self):
        a, b = [], []
        for i in range(4):
            a.append(self.store(f"a{i}.json", "127.0.0.1", self.port))
            b.append(self.store(f"b{i}.json", self.slow, self.port))
        pair = self.compared(a[0], b[0])
        self.assertEqual(pair["method"], "pair")
        self.assertLessEqual({"connect.p50", "connect.p90", "handshake.p50"}, self.proven(pair))
        self.assertNotIn("errors", self.proven(pair))
        self.assertEqual(self.proven(self.compared(a[0], a[1])), set())

        gate = ("--fail-if", "connect.p50>+100%")
        several = self.compared(*a, "--", *b, *gate, status=3)
        self.assertEqual(several["method"], "mann_whitney")
        self.assertTrue(several["in_turns"])
        self.assertEqual(self.proven(several), {"connect.p50"})
        row, = (row for row in several["rows"] if row["name"] == "connect.p50")
        self.assertAlmostEqual(row["p"], 2 / 70)
        self.assertGreater(row["b"]["median"], 1e6 * self.ROUND_TRIP)
        self.assertIn({"name": "host", "a": "127.0.0.1", "b": self.slow}, several["differences"])
        self.compare(*b, "--", *a, *gate)

        text = self.compare(*gate, *a, "--", *b, status=3)
        self.assertRegex(text.stdout, r"(?m)^connect\.p50 .* x\d+  p=0\.0286$")
        self.assertRegex(text.stdout, rf"(?m)^Not the same: host: A 127\.0\.0\.1; B {self.slow}$")
        self.assertRegex(text.stdout,
                         r"(?m)^Threshold connect\.p50>\+100%: CROSSED, the change was x\d+$")
        self.assertTrue(text.stdout.endswith("\nExit status 3.\n"))


class Usage(Compare):
    def setUp(self):
        super().setUp()
        _, port = self.serve()
        self.a, self.b = (self.store(name, "127.0.0.1", port) for name in ("a.json", "b.json"))

    def test_refusals(self):
        for argv, words in (
                ((), "results of two sides"),
                ((self.a,), "results of two sides"),
                ((self.a, self.b, self.a), "results of two sides"),
                ((self.a, "--"), "results of two sides"),
                (("--", self.b), "results of two sides"),
                ((self.a, self.b, "--fail-if", "speed>1%"), "--fail-if: 'speed>1%': expected a "),
                ((self.a, self.b, "-o", "csv=-"), "'csv' is not a report format; there are: json"),
                ((self.a, self.b, "-o", f"json={self.directory}/none/x"), "cannot be written"),
                ((self.a, "--frob", "--", self.b), "--frob")):
            with self.subTest(argv=argv):
                program = self.compare(*argv, status=1)
                self.assertEqual(program.stdout, "")
                self.assertIn(words, program.stderr)

    def test_what_is_no_result(self):
        declined = self.path("declined.json")
        self.run_tcpgoon("run", "nowhere.invalid", "80", "-y", "-o", f"json={declined}")
        for path, words in ((self.path("none.json"), "No such file"),
                            ("/dev/null", "it is empty"),
                            (declined, "nothing was dialled in this run")):
            program = self.compare(self.a, path, "-o", f"json={self.path('out.json')}", status=1)
            self.assertIn(words, program.stderr)
            self.assertIn(path, program.stderr)
        self.assertFalse(os.path.exists(self.path("out.json")))

    def test_a_gate_that_cannot_judge_is_not_green(self):
        program = self.compare(self.a, self.b, "--fail-if", "rate<-5%", status=2)
        self.assertIn("Threshold rate<-5%: not judged, one run a side cannot prove", program.stdout)
        program = self.compare(self.a, self.b, "--", self.b, self.a,
                               "--fail-if", "connect.p50>+5%", status=2)
        self.assertIn("it takes 4 a side", program.stdout)

    def test_outputs(self):
        """The file is whole, beside the same table; - takes the standard output for itself."""
        out = self.path("out.json")
        table = self.compare("-o", f"json={out}", self.a, "--", self.b).stdout
        program = self.compare(self.a, self.b, "-o", "json=-")
        self.assertEqual(program.stderr, table)
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read(), program.stdout)

    def test_table_and_report_have_the_status_of_the_process(self):
        program = self.compare(self.a, self.b, "-o", "json=/dev/full", status=1)
        self.assertIn("No space left on device", program.stderr)
        self.assertEqual(program.stdout.splitlines()[-1], "Exit status 1.")
        out = self.path("out.json")
        program = self.start("sh", "-c", '"$@" > /dev/full', "sh", harness.TCPGOON, "compare",
                             self.a, self.b, "-o", f"json={out}")
        program.wait()
        self.assert_status(program, 1)
        with open(out, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["exit_status"], 1)


if __name__ == "__main__":
    harness.main()
