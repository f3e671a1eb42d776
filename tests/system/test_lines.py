# SPDX-License-Identifier: MIT
"""Reports that are lines: `ndjson` as the run goes, `csv` for the counts over time."""

import csv
import json
import os
import pathlib
import signal

import jsonschema

import harness

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src/report"


def lines_validator():
    """Debian 12's jsonschema does not resolve "#/$defs/..." within a schema whose name is a URN."""
    lines, result = (
        json.loads((SOURCES / name).read_text(encoding="utf-8")
                   .replace("urn:tcpgoon:", "https://tcpgoon.invalid/"))
        for name in ("tcpgoon-lines-1.schema.json", "tcpgoon-result-2.schema.json"))
    resolver = jsonschema.RefResolver.from_schema(lines, store={result["$id"]: result})
    return jsonschema.Draft202012Validator(lines, resolver=resolver)


class LinesCase(harness.Case):
    def setUp(self):
        self.directory = self.temporary_directory()

    def at(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        return pathlib.Path(self.at(name)).read_text(encoding="utf-8")

    def assert_valid(self, text):
        """That each line is one of the schema. Returns them."""
        validator = lines_validator()
        lines = [json.loads(line) for line in text.splitlines()]
        for line in lines:
            validator.validate(line)
        return lines


class Ndjson(LinesCase):
    def test_lines_of_a_run(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "60", "-s", "10ms", "--hold", "300ms", "-i",
                        "100ms", "-o", "ndjson=-", "-o", f"json={self.at('result.json')}")
        self.assert_status(run, 0)
        lines = self.assert_valid(run.stdout)
        self.assertEqual((lines[0]["type"], lines[-1]["type"]), ("begin", "end"))
        self.assertEqual(lines[0]["settings"]["connections"], 60)
        self.assertEqual(lines[-1]["exit_status"], 0)
        self.assertEqual(lines[-1]["result"], json.loads(self.read("result.json")))
        self.assertIn("holding", [line["event"] for line in lines if line["type"] == "event"])
        samples = [line for line in lines if line["type"] == "sample"]
        self.assertGreaterEqual(len(samples), 8)
        for before, sample in zip(samples, samples[1:]):
            self.assertEqual(sample["interval_ns"], sample["elapsed_ns"] - before["elapsed_ns"])
            self.assertEqual(sample["due"], min(60, sample["elapsed_ns"] // 10_000_000 + 1))
            gained = sample["open"] - before["open"]
            self.assertAlmostEqual(sample["established_per_s"] * sample["interval_ns"] / 1e9,
                                   gained, places=6)
            connect = sample["connect_us"]
            self.assertEqual(connect["so_far"]["count"], sample["open"])
            self.assertEqual(connect["interval"]["count"] if gained else connect["interval"],
                             gained or None)
        self.assertEqual(samples[-1]["open"], 60)

    def test_lines_come_while_the_run_goes_on(self):
        _, port = self.serve()
        os.mkfifo(self.at("pipe"))
        run = self.tcpgoon(*self.run_words("127.0.0.1", port, "-c", "10", "-s", "0", "--hold",
                                           "60s", "-i", "50ms", "-o", f"ndjson={self.at('pipe')}"))
        with open(self.at("pipe"), encoding="utf-8") as pipe:
            for line in pipe:
                line = json.loads(line)
                if line["type"] == "sample" and line["open"] == 10:
                    break
            self.assertTrue(run.running())
            run.send(signal.SIGINT)
            rest = self.assert_valid(pipe.read())
        run.wait()
        self.assertEqual(rest[-1]["type"], "end")
        self.assertEqual(rest[-1]["result"]["ended"], "interrupted")
        self.assertEqual(rest[-1]["exit_status"], run.status)

    def test_a_run_that_does_not_begin_has_its_end(self):
        run = self.run_tcpgoon("run", "-y", "no.such.name.invalid", "80", "-o", "ndjson=-")
        self.assert_status(run, 1)
        lines = self.assert_valid(run.stdout)
        self.assertEqual([line["type"] for line in lines], ["end"])
        self.assertEqual(lines[0]["result"]["ended"], "not_started")


class Csv(LinesCase):
    def test_it_is_the_series(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "40", "-s", "10ms", "-o",
                        f"csv={self.at('series.csv')}", "-o", f"json={self.at('result.json')}")
        self.assert_status(run, 0)
        with open(self.at("series.csv"), encoding="utf-8", newline="") as file:
            self.assertFalse(csv.Sniffer().sniff(file.readline()).skipinitialspace)
            file.seek(0)
            rows = list(csv.DictReader(file))
        series = json.loads(self.read("result.json"))["series"]
        self.assertGreater(len(series), 3)
        self.assertEqual(
            [{name: int(value) if value else None for name, value in row.items()} for row in rows],
            series)

    def test_a_stored_result_gives_the_same(self):
        run = self.dial("127.0.0.1", self.free_port(), "-c", "4", "-s", "0", "-o",
                        f"csv={self.at('series.csv')}", "-o", f"json={self.at('result.json')}")
        self.assert_status(run, 2)
        again = self.run_tcpgoon("report", self.at("result.json"), "-o", "csv=-")
        self.assertEqual(again.stdout, self.read("series.csv"))
        self.assertIn(",,\n", again.stdout)  # neither a pace nor a listener
        refused = self.run_tcpgoon("report", self.at("result.json"), "-o", "ndjson=-")
        self.assert_status(refused, 1)
        self.assertIn("its lines are those of a run as it goes", refused.stderr)


if __name__ == "__main__":
    harness.main()
