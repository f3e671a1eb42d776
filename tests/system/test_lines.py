# SPDX-License-Identifier: MIT
"""Reports that are lines: `ndjson` as the run goes, `csv` for the counts, `connections` for each."""

import collections
import csv
import json
import os
import pathlib
import signal
import time

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

    def start_held(self, *argv):
        """A run that holds ten connections for a minute, with its lines in a file."""
        _, port = self.serve()
        run = self.tcpgoon(*self.run_words("127.0.0.1", port, "-c", "10", "-s", "0", "--hold",
                                           "60s", "-i", "50ms", "-o",
                                           f"ndjson={self.at('lines')}", *argv))
        harness.wait_until(lambda: os.path.exists(self.at("lines")) and
                           '"open":10,' in self.read("lines"), "the lines")
        return run

    def test_a_file_grows_while_the_run_goes_on(self):
        pathlib.Path(self.at("lines")).write_text("yesterday's\n", encoding="ascii")
        os.chmod(self.at("lines"), 0o604)
        run = self.start_held("-o", f"json={self.at('result.json')}")
        before = self.read("lines")
        self.assertTrue(before.startswith('{"type":"begin",'))
        self.assertNotIn("end", [line["type"] for line in self.assert_valid(before)])
        self.assertFalse(os.path.exists(self.at("result.json")))
        run.send(signal.SIGINT)
        run.wait()
        after = self.read("lines")
        self.assertTrue(after.startswith(before))
        lines = self.assert_valid(after)
        self.assertEqual([line["type"] for line in lines].count("end"), 1)
        self.assertEqual(lines[-1]["result"], json.loads(self.read("result.json")))
        self.assertEqual(os.stat(self.at("lines")).st_mode & 0o777, 0o604)
        self.assertEqual(sorted(os.listdir(self.directory)), ["lines", "result.json"])

    def test_of_a_run_that_is_killed_the_lines_are_left(self):
        run = self.start_held()
        run.kill()
        lines = self.assert_valid(self.read("lines"))
        self.assertEqual((lines[0]["type"], lines[-1]["type"]), ("begin", "sample"))
        self.assertEqual(os.listdir(self.directory), ["lines"])

    def test_plan_says_how_it_will_be_written(self):
        def plan():
            return self.run_tcpgoon("plan", "127.0.0.1", "80", "-o", f"ndjson={self.at('lines')}",
                                    "-o", f"csv={self.at('csv')}").stdout
        self.assertRegex(plan(), r"ndjson to .*, a new file, written as it goes\n")
        pathlib.Path(self.at("lines")).write_text("yesterday's\n", encoding="ascii")
        self.assertRegex(plan(), r"ndjson to .*, a file, replaced at the start and written as it ")
        self.assertRegex(plan(), r"csv to .*, a new file\n")
        self.assertEqual(self.read("lines"), "yesterday's\n")

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
        lines = self.run_tcpgoon("report", self.at("result.json"), "-o", "ndjson=-")
        self.assert_status(lines, 2)
        self.assert_valid(lines.stdout)


def number_of(text):
    return int(text) if text else None


class Connections(LinesCase):
    def rows(self, name):
        with open(self.at(name), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([int(row["number"]) for row in rows], list(range(len(rows))))
        return rows

    def assert_counts(self, rows, result):
        """That the lines are those of the result, added up."""
        states = collections.Counter(row["state"] for row in rows)
        counts = result["connections"]
        self.assertEqual(states["open"], counts["open_at_end"])
        self.assertEqual(states["failed"], counts["failed"])
        self.assertEqual(states["closed_by_peer"], counts["closed_by_peer"])
        self.assertEqual(states["dialing"], counts["undecided"])
        self.assertEqual(states["not_dialed"], counts["not_dialed"])
        self.assertEqual(collections.Counter(row["cause"] for row in rows if row["cause"]),
                         {cause["cause"]: cause["count"] for cause in result["causes"]})
        for name in ("connect_us", "handshake_us"):
            values = sorted(int(row[name]) for row in rows if row[name])
            self.assertEqual(len(values), result[name]["count"])
            self.assertEqual(sum(values), int(result[name]["sum"]))
            self.assertEqual((values[0], values[-1]), (result[name]["min"], result[name]["max"]))

    @harness.requires("nft")
    def test_each_line_is_what_the_other_end_saw(self):
        """The server closes those from even ports; one port refuses, and one is silent."""
        peers = set()

        def handle(connection):
            source_port = connection.getpeername()[1]
            peers.add(source_port)
            if source_port % 2 == 0:
                connection.close()

        good = self.serve_in_python(handle, after=0.6)
        refused, silent = self.free_port(), self.free_port()
        self.drop_port(silent)
        run = self.dial("127.0.0.1", f"{good},{refused},{silent}", "-c", "300", "-s", "2ms", "-t",
                        "500ms", "--hold", "3s", "--source-port", "20000-29999", "-o",
                        f"connections={self.at('each.csv')}", "-o",
                        f"json={self.at('result.json')}")
        self.assert_status(run, 2)
        rows = self.rows("each.csv")
        self.assertEqual(len(rows), 300)
        self.assert_counts(rows, json.loads(self.read("result.json")))
        self.assertEqual({int(row["source_port"]) for row in rows
                          if int(row["target_port"]) == good}, peers)
        for row in rows:
            number, port = int(row["number"]), int(row["target_port"])
            self.assertEqual(port, sorted((good, refused, silent))[number % 3])
            self.assertEqual((row["source"], row["target"]), ("127.0.0.1", "127.0.0.1"))
            self.assertEqual(int(row["due_ns"]), number * 2_000_000)
            dialed, ended = int(row["dialed_ns"]), number_of(row["ended_ns"])
            self.assertGreater(dialed, number * 2_000_000 - 1000)  # whole microseconds
            if port == good:
                closed = int(row["source_port"]) % 2 == 0
                self.assertEqual((row["state"], row["cause"]),
                                 ("closed_by_peer", "closed_by_peer") if closed else ("open", ""))
                connected = dialed + int(row["connect_us"]) * 1000
                self.assertGreater(int(row["handshake_us"]), 0)
                self.assertEqual(ended is not None, closed)
                if closed:
                    self.assertGreater(ended - connected, 500_000_000)
            else:
                self.assertEqual((row["connect_us"], row["handshake_us"]), ("", ""))
                self.assertEqual((row["state"], row["cause"]),
                                 ("failed", "refused" if port == refused else "timed_out"))
                if port == silent:
                    self.assertGreater(ended - dialed, 499_000_000)

    def test_a_run_that_is_cut_short(self):
        _, port = self.serve()
        run = self.tcpgoon(*self.run_words("127.0.0.1", port, "-c", "1000", "-s", "10ms", "-o",
                                           f"connections={self.at('each.csv')}", "-o",
                                           f"json={self.at('result.json')}"))
        harness.wait_until(lambda: "Established: 1" in run.stdout, "the dials")
        time.sleep(0.3)
        run.send(signal.SIGINT)
        run.wait()
        rows = self.rows("each.csv")
        self.assertEqual(len(rows), 1000)
        self.assert_counts(rows, json.loads(self.read("result.json")))
        self.assertEqual((rows[-1]["state"], rows[-1]["source"], rows[-1]["dialed_ns"]),
                         ("not_dialed", "", ""))
        self.assertEqual(rows[-1]["target_port"], str(port))

    def test_ports_of_the_kernel_s_choice_and_ipv6(self):
        _, port = self.serve()
        run = self.dial("::1", port, "-c", "5", "-s", "0", "--source", "::1", "--source-port",
                        "auto", "-o", "connections=-")
        self.assert_status(run, 0)
        for row in csv.DictReader(run.stdout.splitlines()):
            self.assertEqual((row["source"], row["source_port"], row["target"], row["due_ns"]),
                             ("::1", "", "::1", ""))
            self.assertEqual(row["state"], "open")

    def test_a_stored_result_has_none(self):
        run = self.dial("127.0.0.1", self.free_port(), "-c", "4", "-o",
                        f"json={self.at('result.json')}")
        self.assert_status(run, 2)
        refused = self.run_tcpgoon("report", self.at("result.json"), "-o", "connections=-")
        self.assert_status(refused, 1)
        self.assertIn("a stored result has no single connections", refused.stderr)


if __name__ == "__main__":
    harness.main()
