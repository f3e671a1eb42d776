# SPDX-License-Identifier: MIT
"""`tcpgoon report`: a stored result told again, in the formats and with the status of the run."""

import json
import os
import tempfile

import harness


class Report(harness.Case):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def store(self, name, *argv, port=None, status=0):
        """Runs, stores the result, and returns the text of the run."""
        if port is None:
            _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "20", "-s", "1", *argv,
                        "-o", f"json={self.path(name)}")
        self.assert_status(run, status)
        return run.stdout

    def report(self, *argv):
        return self.run_tcpgoon("report", *argv)

    def assert_refused(self, program, *words):
        """By a sentence and the line that names the help, with nothing on stdout."""
        self.assert_status(program, 1)
        self.assertEqual(program.stdout, "")
        lines = program.stderr.splitlines()
        self.assertEqual(lines[-1], "See 'tcpgoon report --help'.")
        for word in words:
            self.assertIn(word, lines[0])

    def test_text_is_that_of_the_run(self):
        text = self.store("a.json")
        report = self.report(self.path("a.json"))
        self.assert_status(report, 0)
        self.assertEqual(report.stdout, text[text.index("--- 127.0.0.1"):])

    def test_failures_count_again(self):
        self.store("a.json", port=self.free_port(), status=2)
        self.assert_status(self.report(self.path("a.json")), 2)

    def test_json_is_the_same_and_may_take_its_own_place(self):
        self.store("a.json", "--fail-if", "errors>1%")
        before = self.read("a.json")
        report = self.report(self.path("a.json"), "-o", f"json={self.path('a.json')}")
        self.assert_status(report, 0)
        self.assertEqual(report.stdout, "")
        self.assertEqual(self.read("a.json"), before)

    def test_other_thresholds_take_the_place_of_those_of_the_run(self):
        self.store("a.json", "--fail-if", "connect.p99>1us", status=3)
        judged = self.report(self.path("a.json"), "--fail-if", "connect.p99>1h",
                             "-o", f"json={self.path('b.json')}")
        self.assert_status(judged, 0)
        document = json.loads(self.read("b.json"))
        self.assertEqual([row["expression"] for row in document["thresholds"]],
                         ["connect.p99>1h"])
        self.assertEqual(document["settings"]["fail_if"], ["connect.p99>1h"])
        self.assert_status(self.report(self.path("b.json")), 0)
        self.assert_status(self.report(self.path("a.json")), 3)

    def test_several_are_told_one_after_the_other(self):
        self.store("a.json")
        self.store("b.json", port=self.free_port(), status=2)
        report = self.report(self.path("a.json"), self.path("b.json"))
        self.assert_status(report, 2)
        lines = report.stdout.splitlines()
        self.assertEqual([line for line in lines if line.startswith("===")],
                         [f"=== {self.path(name)} ===" for name in ("a.json", "b.json")])
        self.assertEqual(lines[-2:], [
            f"Verdict on all 2 results: {self.path('b.json')}: 20 of 20 connections failed.",
            "Exit status 2."])
        self.assertEqual(report.stdout.count("Exit status"), 1)

    def test_several_are_refused_by_a_format_that_takes_one(self):
        self.store("a.json")
        report = self.report(self.path("a.json"), self.path("a.json"), "-o", "json=-")
        self.assert_refused(report, "'json' takes one result, but 2 were given")

    def test_standard_input(self):
        self.store("a.json")
        with open(self.path("a.json"), "rb") as file:
            report = self.run_tcpgoon("report", "-", stdin=file)
        self.assert_status(report, 0)

    def test_one_that_cannot_be_read_leaves_reports_as_they_were(self):
        self.store("a.json")
        before = self.read("a.json")
        with open(self.path("b.json"), "w", encoding="utf-8") as file:
            file.write(before.replace('"established": 20', '"established": null'))
        report = self.report(self.path("b.json"), "-o", f"json={self.path('a.json')}")
        self.assert_explained(report, "b.json", "connections.established: expected a whole")
        self.assertEqual(self.read("a.json"), before)

    def test_report_that_cannot_be_written(self):
        self.store("a.json")
        report = self.report(self.path("a.json"), "-o", "json=/dev/full",
                             "-o", f"json={self.path('b.json')}")
        self.assert_status(report, 1)
        self.assertEqual(json.loads(self.read("b.json"))["verdict"]["exit_status"], 1)

    def test_lines_of_a_stored_result(self):
        self.store("a.json", port=self.free_port(), status=2)
        result = json.loads(self.read("a.json"))
        report = self.report(self.path("a.json"), "-o", f"ndjson={self.path('a.ndjson')}")
        self.assert_status(report, 2)
        begin, *samples, end = map(json.loads, self.read("a.ndjson").splitlines())
        self.assertEqual((begin["type"], begin["settings"]), ("begin", result["settings"]))
        self.assertEqual([{name: sample[name] for name in result["series"][0]}
                          for sample in samples], result["series"])
        self.assertEqual([sample["type"] for sample in samples],
                         ["sample"] * len(result["series"]))
        # What is not known of an instant is no zero.
        self.assertIsNone(samples[-1]["causes"])
        self.assertEqual(samples[-1]["failure_us"], {"so_far": None, "interval": None})
        self.assertEqual((end["type"], end["exit_status"], end["result"]), ("end", 2, result))

    def test_usage(self):
        self.assert_refused(self.report(), "report needs a result")
        self.assert_refused(self.report("x.json", "--fail-if", "errors>"), "--fail-if")
        self.store("a.json")
        self.assert_refused(self.report(self.path("a.json"), "-o", "jsn=-"), "--output", "jsn")
        self.assert_explained(self.report(self.path("none.json")), "none.json", "No such file")


if __name__ == "__main__":
    harness.main()
