# SPDX-License-Identifier: MIT
"""One run told in all formats at once, each read by a program that others wrote."""

import csv
import json
import math
import os
import re
import subprocess
import time
import xml.etree.ElementTree

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
# The interpreter that Debian's modules are for; another may come first in the path.
DEBIAN_PYTHON = "/usr/bin/python3"
DATA = os.path.join(HERE, "../data")
HDR_JAR = "/usr/share/java/hdrhistogram.jar"
PERCENTILES = {"p50": 50, "p90": 90, "p99": 99, "p999": 99.9}
UNITS_US = {"µs": 1, "ms": 1e3, "s": 1e6}


def slot_width_us(value_us):
    """Of HdrHistogram's slots with three digits: how far apart two of its values may be."""
    return max(1, 2 ** (int(value_us).bit_length() - 11))


def text_times(text):
    """The table of times: {"connect": {"p50": µs, ..., "max": µs}}."""
    times = {}
    rows = re.findall(r"(?m)^(\w+) +((?:[\d.]+(?:µs|ms|s) +){5})\d+  (?:kernel|clock): ", text)
    for name, values in rows:
        times[name] = {key: float(re.match(r"[\d.]+", value)[0]) *
                            UNITS_US[re.sub(r"[\d.]+", "", value)]
                       for key, value in zip([*PERCENTILES, "max"], values.split())}
    return times


def lint_metrics(path):
    """What promtool has to say against it, and how it ends."""
    with open(path, encoding="utf-8") as file:
        lint = subprocess.run(["promtool", "check", "metrics"], stdin=file, text=True,
                              capture_output=True, check=False)
    return lint.returncode, lint.stdout + lint.stderr


def read_openmetrics(path):
    return json.loads(subprocess.run(
        [DEBIAN_PYTHON, os.path.join(HERE, "read_openmetrics.py"), path],
        check=True, capture_output=True).stdout)


def read_otlp(path):
    return json.loads(subprocess.run(
        [DEBIAN_PYTHON, os.path.join(HERE, "read_otlp.py"), path, DATA],
        check=True, capture_output=True).stdout)


def read_junit(path):
    subprocess.run(["xmllint", "--noout", "--schema", os.path.join(DATA, "jenkins-junit.xsd"), path],
                   check=True, capture_output=True)
    return xml.etree.ElementTree.parse(path).getroot().find("testsuite")


CMARK = {"": "http://commonmark.org/xml/1.0"}


def read_markdown(path):
    """The document as GitHub's own parser has it."""
    done = subprocess.run(["cmark-gfm", "-t", "xml", "-e", "table", "-e", "autolink", "-e",
                           "strikethrough", path], check=True, capture_output=True)
    return xml.etree.ElementTree.fromstring(done.stdout)


def text_of(node):
    return "".join(node.itertext()).strip()


def table_of(document, title):
    """The cells of the table below a heading, row by row."""
    below = False
    for node in document:
        if node.tag.endswith("}heading"):
            below = text_of(node) == title
        elif below and node.tag.endswith("}table"):
            return [["".join(text.text for text in cell.iterfind(".//text", CMARK))
                     for cell in row] for row in node]
    return []


class OneRun(harness.Case):
    def setUp(self):
        """A run with something of everything: refused, dropped, held, paced, judged."""
        super().setUp()
        _, port = self.serve()
        closing = self.serve_in_python(lambda connection: connection.close(), after=0.3)
        self.directory = self.temporary_directory()
        self.paths = {name: os.path.join(self.directory, "result." + name) for name in (
            "json", "hlog", "junit", "openmetrics",
            "markdown", "otlp")}
        outputs = [word for name, path in self.paths.items()
                   for word in ("-o", f"{name}={path}")]
        self.program = self.dial("127.0.0.1", f"{port},{self.free_port()},{closing}", "-c", "600",
                             "-s", "1ms", "--hold", "1s", "--fail-if", "errors>1%",
                             "--fail-if", "connect.p99>1m", "--fail-if", "handshake.max>1us",
                             *outputs)
        with open(self.paths["json"], encoding="utf-8") as file:
            self.result = json.load(file)
        self.assert_status(self.program, self.result["verdict"]["exit_status"])
        self.times = {name: self.result[f"{name}_us"] for name in
                      ("handshake", "connect", "failure", "lag", "lifetime")}

    def test_all(self):
        self.assertEqual({name: times["count"] for name, times in self.times.items()},
                         {"handshake": 400, "connect": 400, "failure": 200, "lag": 600,
                          "lifetime": 200})
        for name in self.paths:
            with self.subTest(name):
                getattr(self, "check_" + name)()

    def test_a_stored_result_gives_the_same(self):
        """To the byte."""
        again = {name: path + ".again" for name, path in self.paths.items()}
        report = self.run_tcpgoon("report", self.paths["json"],
                                  *(word for name, path in again.items()
                                    for word in ("-o", f"{name}={path}")))
        self.assert_status(report, self.result["verdict"]["exit_status"])
        for name, path in self.paths.items():
            with self.subTest(name), open(path, "rb") as first, open(again[name], "rb") as second:
                self.assertEqual(first.read(), second.read())

    def check_json(self):
        """The table of the text, which has four digits."""
        rows = text_times(self.program.stdout)
        self.assertEqual(set(rows), set(self.times))
        for name, row in rows.items():
            for key, value_us in row.items():
                self.assertAlmostEqual(value_us, self.times[name][key],
                                       delta=1 + self.times[name][key] / 1000)

    def read_hlog(self, tag):
        """What HdrHistogram's log processor says of a time; microseconds."""
        out = os.path.join(self.directory, "processed")
        subprocess.run(["java", "-cp", HDR_JAR, "org.HdrHistogram.HistogramLogProcessor", "-csv",
                        "-i", self.paths["hlog"], "-tag", tag, "-outputValueUnitRatio", "1",
                        "-o", out], check=True)
        with open(out, encoding="ascii") as file:
            lines = [line for line in file if not line.startswith("#")]
        row, = csv.DictReader(lines)
        return {key: float(value) for key, value in row.items()}

    def check_hlog(self):
        for name, times in self.times.items():
            row = self.read_hlog(name)
            self.assertEqual(row["Total_Count"], times["count"])
            for key, percentile in PERCENTILES.items():
                self.assertAlmostEqual(row[f"Total_{percentile}%"], times[key],
                                       delta=slot_width_us(times[key]))
        with open(self.paths["hlog"], encoding="ascii") as file:
            text = file.read()
        started = time.strptime(self.result["started_at"].split(".")[0], "%Y-%m-%dT%H:%M:%S")
        self.assertIn(time.strftime("%a %b %d %H:%M:%S UTC %Y", started), text)
        # Interval_Max, in milliseconds.
        for name, times in self.times.items():
            self.assertRegex(text, rf"(?m)^Tag={name},0\.000,[\d.]+,{times['max'] / 1000:.3f},HISTF")

    def check_openmetrics(self):
        path = self.paths["openmetrics"]
        self.assertEqual(lint_metrics(path), (0, ""))
        read = read_openmetrics(path)
        target = "127.0.0.1:" + self.result["settings"]["ports"]
        values = {}
        for name, labels, value in read["samples"]:
            self.assertEqual(labels.pop("target"), target)
            values[name, *labels.values()] = value
        self.check_metrics(values)
        for name, times in self.times.items():
            name = f"tcpgoon_{name}_seconds"
            self.assertEqual((read["types"][name], read["units"][name]), ("summary", "seconds"))
            self.assertEqual(values[name + "_count",], times["count"])
            self.assertAlmostEqual(values[name + "_sum",], int(times["sum"]) / 1e6)
            for key, quantile in (("p50", "0.5"), ("p90", "0.9"), ("p99", "0.99"),
                                  ("p999", "0.999"), ("min", "0.0"), ("max", "1.0")):
                self.assertAlmostEqual(values[name, quantile], times[key] / 1e6, places=9)

    def check_metrics(self, values):
        result = self.result
        self.assertEqual(values["tcpgoon_exit_status",], result["verdict"]["exit_status"])
        self.assertAlmostEqual(values["tcpgoon_duration_seconds",], result["duration_ns"] / 1e9)
        for name, count in result["connections"].items():
            if count is not None and not isinstance(count, dict):
                with self.subTest(name):
                    # What is only in the JSON is computed from the rest.
                    self.assertEqual(values.get(("tcpgoon_connections_" + name,), count), count)
        self.assertEqual(values["tcpgoon_connections_failed",], 200)
        self.assertEqual(values["tcpgoon_cause_connections", "refused", "remote"], 200)
        self.assertEqual(values["tcpgoon_cause_connections", "timed_out", "path"], 0)
        for finding in result["findings"]:
            self.assertEqual(values["tcpgoon_finding_connections", finding["name"],
                                    finding["side"]], finding["count"])
        for rule in result["thresholds"]:
            key = (rule["expression"], "fail-if")
            judged = rule["not_judged"] is None
            self.assertEqual(values["tcpgoon_threshold_judged", *key], judged)
            self.assertEqual(values.get(("tcpgoon_threshold_crossed", *key)),
                             rule["crossed"] if judged else None)

    def check_junit(self):
        suite = read_junit(self.paths["junit"])
        cases = {case.get("name"): case for case in suite.findall("testcase")}
        self.assertEqual(set(cases), {"exit status",
                                      *(rule["expression"] for rule in self.result["thresholds"])})
        for rule in self.result["thresholds"]:
            case = cases[rule["expression"]]
            self.assertEqual(case.find("failure") is not None, rule["crossed"])
            self.assertEqual(case.find("error") is not None, rule["not_judged"] is not None)
            if rule["crossed"]:
                self.assertEqual(case.find("failure").get("message"),
                                 f"it was {rule['actual']}, and the limit is {rule['limit']}")
        self.assertEqual(cases["exit status"].find("failure").get("message"),
                         " ".join(self.result["verdict"]["reasons"]))
        self.assertEqual(suite.get("failures"),
                         str(1 + sum(rule["crossed"] for rule in self.result["thresholds"])))
        output = suite.find("system-out").text
        for finding in self.result["findings"]:
            self.assertIn(f"{finding['name']} ({finding['side']}): {finding['evidence']} "
                          f"{finding['hint']}\n", output)

    def check_markdown(self):
        document = read_markdown(self.paths["markdown"])
        self.assertEqual(text_of(document[0]), "tcpgoon: 127.0.0.1:" +
                         self.result["settings"]["ports"].split(",")[0])
        self.assertIn(f"Exit status {self.result['verdict']['exit_status']}.", text_of(document[1]))
        heading, *rows = table_of(document, "Times")
        self.assertEqual(heading[1:6], ["p50", "p90", "p99", "p99.9", "max"])
        self.assertEqual({row[0]: row[1:6] for row in rows}, {
            name: values.split() for name, values in re.findall(
                r"(?m)^(\w+) +((?:[\d.]+(?:µs|ms|s) +){5})", self.program.stdout)})
        self.assertEqual([row[:2] for row in table_of(document, "Thresholds")[1:]], [
            [rule["expression"], "crossed" if rule["crossed"] else "kept"]
            for rule in self.result["thresholds"]])
        self.assertEqual([row[:3] for row in table_of(document, "Causes")[1:]], [
            [cause["cause"], cause["side"], str(cause["count"])] for cause in
            self.result["causes"]])
        items = [text_of(item) for item in document.iterfind(".//item", CMARK)]
        self.assertEqual(len(items), len(self.result["findings"]))
        for item, finding in zip(items, self.result["findings"]):
            self.assertIn(finding["evidence"], item)
            self.assertIn(finding["hint"], item)

    def check_otlp(self):
        read = read_otlp(self.paths["otlp"])
        self.assertEqual(read["resource"]["service.name"], "tcpgoon")
        self.assertEqual(read["resource"]["os.version"], os.uname().release)
        metrics = read["metrics"]
        established = metrics["tcpgoon.connections.established"]
        self.assertEqual((established["kind"], established["temporality"],
                          established["monotonic"]), ("sum", 1, True))
        point, = established["points"]
        self.assertEqual(point["value"], 400)
        self.assertEqual(point["attributes"], {"server.address": "127.0.0.1", "tcpgoon.ports":
                                               self.result["settings"]["ports"]})
        self.assertEqual(point["end"] - point["start"], self.result["duration_ns"])
        self.assertEqual(metrics["tcpgoon.exit_status"]["points"][0]["value"],
                         self.result["verdict"]["exit_status"])
        duration = metrics["tcpgoon.duration_seconds"]
        self.assertEqual((duration["kind"], duration["unit"]), ("gauge", "s"))
        self.assertAlmostEqual(duration["points"][0]["value"], self.result["duration_ns"] / 1e9)
        causes = {point["attributes"]["cause"]: point["value"]
                  for point in metrics["tcpgoon.cause.connections"]["points"]}
        self.assertEqual(causes, {cause["cause"]: cause["count"]
                                  for cause in self.result["causes"]})
        for name, times in self.times.items():
            with self.subTest(name):
                self.check_buckets(metrics[f"tcpgoon.{name}.duration"], times)

    def check_buckets(self, metric, times):
        """Each percentile of the JSON is in the bucket that has the value of its rank."""
        self.assertEqual((metric["kind"], metric["temporality"], metric["unit"]),
                         ("exponential_histogram", 1, "s"))
        point, = metric["points"]
        self.assertEqual(point["count"], times["count"])
        self.assertAlmostEqual(point["sum"], int(times["sum"]) / 1e6)
        self.assertAlmostEqual(point["min"], times["min"] / 1e6)
        self.assertAlmostEqual(point["max"], times["max"] / 1e6)
        self.assertEqual(point["zero_count"] + sum(count for *_, count in point["buckets"]),
                         times["count"])
        for key, percentile in PERCENTILES.items():
            rank = max(1, math.ceil(round(percentile * times["count"] / 100, 6)))
            seen = point["zero_count"]
            for low_s, high_s, count in point["buckets"]:
                seen += count
                if seen >= rank:
                    break
            self.assertGreater(times[key] / 1e6, low_s * (1 - 1e-9))
            self.assertLess(times[key] / 1e6, high_s * (1 + 1e-9))
            self.assertLess(high_s / low_s, 1.05)


class Words(harness.Case):
    def test_a_host_that_means_something_to_a_format(self):
        """It is no name, so nothing is dialled; and each report on that is still well-formed."""
        host = b"a\"b'c<d>&\\{}\n\x01\x1b[31m\xff\xe2\x80\xae]]>"
        directory = self.temporary_directory()
        paths = {name: os.path.join(directory, name)
                 for name in ("json", "hlog", "junit", "openmetrics", "markdown", "otlp")}
        run = self.dial(os.fsdecode(host), "80", *(word for name, path in paths.items()
                                      for word in ("-o", f"{name}={path}")))
        self.assert_status(run, 1)
        with open(paths["json"], encoding="utf-8") as file:
            self.assertEqual(json.load(file)["ended"], "not_started")
        self.assertEqual(lint_metrics(paths["openmetrics"]), (0, ""))
        samples = {name: (labels, value)
                   for name, labels, value in read_openmetrics(paths["openmetrics"])["samples"]}
        labels, status = samples["tcpgoon_exit_status"]
        self.assertEqual(status, 1)
        shown = r"""a"b'c<d>&\{}\n\x01\x1b[31m\xff\u202e]]>"""
        self.assertEqual(labels["target"], shown + ":80")
        suite = read_junit(paths["junit"])
        self.assertEqual(suite.get("name"), "tcpgoon " + shown)
        self.assertEqual(suite.get("errors"), "1")
        otlp = read_otlp(paths["otlp"])["metrics"]["tcpgoon.exit_status"]["points"][0]
        # JSON can say all characters, so only what is none is escaped.
        self.assertEqual(otlp["attributes"]["server.address"],
                         host.decode("utf-8", errors="backslashreplace"))
        document = read_markdown(paths["markdown"])
        self.assertEqual(text_of(document[0]), "tcpgoon: " + shown)
        tags = {node.tag.split("}")[1] for node in document.iter()}
        self.assertEqual(tags & {"link", "emph", "html_block", "html_inline", "image", "code"}, set())


if __name__ == "__main__":
    harness.main()
