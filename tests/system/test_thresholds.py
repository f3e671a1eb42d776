# SPDX-License-Identifier: MIT
"""--fail-if and --abort-if: what they make of the exit status; and where -o puts a result."""

import json
import os
import re
import signal
import tempfile

import harness


class FailIf(harness.Case):
    def judged(self, *argv, status, **options):
        run, result = self.dial_for_result(*argv, **options)
        self.assert_status(run, status)
        self.assertEqual(result["verdict"]["exit_status"], status)
        return run, result

    def test_crossed(self):
        _, port = self.serve()
        run, result = self.judged("127.0.0.1", port, "-c", "20", "-s", "1",
                                  "--fail-if", "connect.p99>1us", status=3)
        self.assertEqual(result["connections"]["established"], 20)
        rule, = result["thresholds"]
        self.assertEqual((rule["expression"], rule["crossed"], rule["aborts"]),
                         ("connect.p99>1us", True, False))
        self.assertRegex(rule["actual"], r"\A\d+(\.\d+)?(us|µs|ms)\Z")
        self.assertRegex(run.stdout, r"(?m)^Threshold connect\.p99>1us: CROSSED, it was ")
        self.assertRegex(run.stdout, r"(?m)^Verdict: .*connect\.p99>1us")

    def test_kept(self):
        _, port = self.serve()
        run, result = self.judged("127.0.0.1", port, "-c", "20", "-s", "1",
                                  "--fail-if", "errors>0", "--fail-if", "connect.max>10s",
                                  "--fail-if", "established<100%", status=0)
        self.assertEqual([rule["crossed"] for rule in result["thresholds"]], [False] * 3)
        self.assertEqual(run.stdout.count(": kept, it was "), 3)

    def test_replaces_the_rule_that_no_failure_is_allowed(self):
        port = self.free_port()
        self.judged("127.0.0.1", port, "-c", "20", "-s", "1", "--fail-if", "errors>=20", status=3)
        self.judged("127.0.0.1", port, "-c", "20", "-s", "1", "--fail-if", "errors>20", status=0)
        self.judged("127.0.0.1", port, "-c", "20", "-s", "1", status=2)

    def test_what_cannot_be_judged_excuses_nothing(self):
        """A gate on a latency alone is not green in a total outage."""
        port = self.free_port()
        argv = ("127.0.0.1", port, "-c", "20", "-s", "1", "--fail-if", "connect.p99>1h")
        run, result = self.judged(*argv, status=2)
        self.assertEqual(result["connections"]["failed"], 20)
        self.assertEqual(result["thresholds"][0]["not_judged"], "there are no samples")
        self.assertRegex(run.stdout, r"(?m)^Verdict: The threshold connect\.p99>1h does not count as "
                         r"kept: there are no samples\. 20 of 20 connections failed\.$")
        self.judged(*argv, "--fail-if", "errors>50%", status=3)

    def test_a_share_finer_than_so_few_can_show(self):
        """It would be the same if a few in a thousand failed. One that did fail is an answer."""
        _, port = self.serve()
        argv = ("127.0.0.1", port, "-c", "50", "-s", "0")
        run, result = self.judged(*argv, "--fail-if", "errors>0.001%", status=2)
        why = "so fine a share cannot be judged with 50 dials (it takes 299572)"
        self.assertEqual(result["thresholds"][0]["not_judged"], why)
        self.assertIn(f"Threshold errors>0.001%: not judged, {why}\n", run.stdout)
        self.assertAlmostEqual(result["shares"]["errors"]["high"], 1 - 0.025 ** (1 / 50))
        self.judged(*argv, "--fail-if", "errors>0.1%", status=0)
        self.judged("127.0.0.1", self.free_port(), "-c", "50", "-s", "0",
                    "--fail-if", "errors>0.001%", status=3)

    def test_each_alone(self):
        """One that is crossed is enough, wherever it stands."""
        _, port = self.serve()
        _, result = self.judged("127.0.0.1", port, "-c", "20", "-s", "1",
                                "--fail-if", "errors>0", "--fail-if", "established>19",
                                "--fail-if", "lag.p99>1h", status=3)
        self.assertEqual([rule["crossed"] for rule in result["thresholds"]], [False, True, False])

    def test_drops(self):
        port = self.serve_in_python(lambda connection: connection.close())
        argv = ("127.0.0.1", port, "-c", "10", "-s", "2", "--hold", "1h", "--fail-if")
        self.judged(*argv, "drops>0", status=3)
        self.judged(*argv, "drops>10", status=0)

    @harness.requires("nft")
    def test_unconfirmed(self):
        _, port = self.serve()
        self.filter_input(f"tcp dport {port} tcp flags ack / fin,syn,rst,ack drop")
        _, result = self.judged("127.0.0.1", port, "-c", "10", "-s", "2", "--hold", "2s",
                                "--fail-if", "unconfirmed>0", status=3)
        self.assertEqual(result["thresholds"][0]["actual"], "10")

    def test_unconfirmed_where_nothing_was_measured(self):
        """Too young to tell, or not known to the kernel by the address that was dialled."""
        _, port = self.serve()
        argv = ("-c", "10", "-s", "2", "--fail-if", "unconfirmed>0")
        _, result = self.judged("127.0.0.1", port, *argv, status=2)
        self.assertIsNotNone(result["thresholds"][0]["not_judged"])
        run, result = self.dial_for_result("0.0.0.0", port, *argv, "--hold", "1500ms")
        unknown = result["kernel"]["missing"] == 10
        self.assert_status(run, 2 if unknown else 0)
        self.assertEqual(result["thresholds"][0]["not_judged"] is not None, unknown)
        self.assertEqual(result["connections"]["unconfirmed"], None if unknown else 0)

    def test_our_own_limit_comes_before_them(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "12", "-s", "0", "--source", "127.0.0.1",
                        "--source-port", "31000-31009", "--force", "--fail-if", "errors>0")
        self.assert_status(run, 4)

    def test_wrong_expressions_point_at_the_place(self):
        """Before anything is dialled: the expression, and a caret below what is wrong with it."""
        for option in "--fail-if", "--abort-if":
            for expression, wrong in (("errrors>1%", "errrors"), ("connect.p98>1ms", "p98"),
                                      ("errors=>5", "=>5"), ("connect.p99>5parsecs", "5parsecs"),
                                      ("errors>", "")):
                with self.subTest(option=option, expression=expression):
                    run = self.run_tcpgoon("run", "127.0.0.1", "9", "-y", option, expression)
                    self.assert_status(run, 1)
                    self.assertEqual(run.stdout, "")
                    self.assertIn(option, run.stderr)
                    lines = run.stderr.splitlines()
                    given = next(i for i, line in enumerate(lines) if line.strip() == expression)
                    place = lines[given + 1].index("^") - lines[given].index(expression)
                    expected = expression.index(wrong) if wrong else len(expression)
                    self.assertIn(place, range(expected, expected + max(len(wrong), 1)),
                                  run.describe())


class AbortIf(harness.Case):
    def test_ends_the_run_early(self):
        run, result = self.dial_for_result("127.0.0.1", self.free_port(), "-c", "2000", "-s", "5ms",
                                           "--abort-if", "errors>10")
        self.assert_status(run, 3)
        self.assertEqual(result["ended"], "aborted")
        connections = result["connections"]
        # Looked at ten times a second.
        self.assertIn(connections["failed"], range(11, 11 + round(200 * harness.SLOW)))
        self.assertLess(connections["dialed"], 2000)
        self.assertEqual(connections["dialed"], connections["failed"])
        self.assertEqual([row["cause"] for row in result["causes"]], ["refused"])
        self.assertIn("ended early by --abort-if", run.stdout)
        self.assertNotIn("were not decided", run.stdout)

    def test_ends_a_hold_early(self):
        port = self.serve_in_python(lambda connection: connection.close(), after=0.3)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "1",
                                           "--hold", "60s", "--abort-if", "drops>=5")
        self.assert_status(run, 3)
        self.assertGreaterEqual(result["connections"]["closed_by_peer"], 5)

    def test_runs_to_its_end_where_it_does_not_hold(self):
        _, port = self.serve()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "50", "-s", "5",
                                           "--abort-if", "errors>0",
                                           "--abort-if", "established<50")
        self.assert_status(run, 0)
        self.assertEqual((result["ended"], result["connections"]["dialed"]), ("completed", 50))


class Output(harness.Case):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def test_several(self):
        _, port = self.serve()
        paths = [os.path.join(self.directory, name) for name in ("a.json", "b.json")]
        run = self.dial("127.0.0.1", port, "-c", "5", "-s", "1", *(
            word for path in paths for word in ("-o", f"json={path}")))
        self.assert_status(run, 0)
        texts = []
        for path in paths:
            with open(path, encoding="utf-8") as file:
                texts.append(file.read())
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(json.loads(texts[0])["schema"], "tcpgoon-result/2")
        self.assertEqual(sorted(os.listdir(self.directory)), ["a.json", "b.json"])

    @harness.requires("dumpcap", "tshark")
    def test_what_cannot_be_written_is_refused_before_the_first_packet(self):
        _, port = self.serve()
        capture = harness.Capture(self, f"tcp port {port}")
        for output, words in (
                (f"json={self.directory}/none/x.json", ("--output", "cannot be written")),
                (f"json={self.directory}", ("--output", "cannot be written"))):
            with self.subTest(output=output):
                run = self.dial("127.0.0.1", port, "-c", "5", "-s", "1", "-o", output)
                self.assert_explained(run, *words)
        run = self.dial("127.0.0.1", port, "-c", "5", "-s", "1", "-o", f"xml={self.directory}/x")
        self.assert_status(run, 1)
        self.assertEqual(run.stdout, "")
        self.assertRegex(run.stderr, r"\Atcpgoon: --output: 'xml' is not a report format; there are: "
                         r"json[^\n]*\nSee 'tcpgoon run --help'\.\n\Z")
        self.assertEqual(capture.fields("tcp.srcport"), [])
        self.assertEqual(os.listdir(self.directory), [])

    def test_interrupted(self):
        _, port = self.serve()
        run = self.start_run("127.0.0.1", port, "-c", "20", "-s", "1", "--hold", "60s")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 20,
            "20 connections")
        run.send(signal.SIGINT)
        self.assertEqual(run.wait(), 1, run.describe())
        result = self.result_of(run)
        self.assertEqual(result["ended"], "interrupted")
        self.assertEqual(result["connections"]["established"], 20)
        self.assertEqual(result["verdict"]["exit_status"], 1)
        self.assertTrue(any(re.search("interrupted", reason)
                            for reason in result["verdict"]["reasons"]))

    def test_killed(self):
        """Whole or not at all: what was there before stays."""
        _, port = self.serve()
        path = os.path.join(self.directory, "result.json")
        with open(path, "w", encoding="ascii") as file:
            file.write("before\n")
        run = self.tcpgoon("run", "127.0.0.1", port, "-y", "-c", "5", "-s", "1",
                           "--hold", "60s", "-o", f"json={path}")
        harness.wait_until(
            lambda: harness.sockets(harness.TCP_ESTABLISHED, remote_port=port) == 5,
            "5 connections")
        run.kill()
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "before\n")


if __name__ == "__main__":
    harness.main()
