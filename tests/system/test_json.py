# SPDX-License-Identifier: MIT
"""`-o json=PATH`: where the report goes, and that its numbers are those of the run."""

import json
import os
import socket
import subprocess
import tempfile

import harness

BUILD = os.environ.get("TCPGOON_BUILD", os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../../build"))
REREAD = os.path.join(BUILD, "tests/unit/reread_json")


class Places(harness.Case):
    def test_dash_gives_stdout_to_the_report_alone(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "20", "-s", "0", "-o", "json=-")
        self.assert_status(run, 0)
        report = json.loads(run.stdout)
        self.assertEqual(report["schema"], "tcpgoon-result/2")
        self.assertEqual(report["connections"]["established"], 20)
        self.assertIn("Total established connections: 20\n", run.stderr)

    def test_demo_keeps_stdout_for_the_report_too(self):
        demo = self.run_tcpgoon("demo", "-c", "20", "-o", "json=-")
        self.assert_status(demo, 0)
        self.assertEqual(json.loads(demo.stdout)["connections"]["requested"], 20)
        self.assertIn("Server: accepted 20", demo.stderr)

    def test_file_beside_the_text(self):
        _, port = self.serve()
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "result.json")
            run = self.dial("127.0.0.1", port, "-c", "20", "-s", "0", "-o", f"json={path}")
            self.assert_status(run, 0)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(json.load(file)["connections"]["established"], 20)
            self.assertEqual(os.listdir(directory), ["result.json"])
        self.assertIn("Total established connections: 20\n", run.stdout)

    def test_unwritable_path_is_refused_before_the_run(self):
        run = self.dial("127.0.0.1", self.free_port(), "-c", "1", "-o", "json=/nonexistent/x")
        self.assert_explained(run, "--output", "/nonexistent/x")
        self.assertNotIn("Total", run.stdout)

    def test_full_disk_is_named(self):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "1", "-o", "json=/dev/full")
        self.assert_status(run, 1)
        self.assertEqual(run.stderr, "tcpgoon: --output: '/dev/full' cannot be written: "
                                     "No space left on device\n")
        self.assertIn("Total established connections: 1\n", run.stdout)


class Numbers(harness.Case):
    def report(self, *argv, status):
        run = self.dial("127.0.0.1", *argv, "-o", "json=-")
        self.assert_status(run, status)
        return json.loads(run.stdout)

    @harness.requires("nft")
    def test_each_timed_out_dial_is_asked_about_once(self):
        _, port = self.serve()
        self.drop_port(port)
        report = self.report(port, "-c", "40", "-s", "1", "-t", "1500", status=2)
        self.assertEqual(report["kernel"]["asked"], 40)
        self.assertEqual(report["kernel"]["agreed"], 40)
        self.assertEqual(report["kernel"]["syn_retransmits"], 40)
        self.assertEqual([(cause["cause"], cause["count"]) for cause in report["causes"]],
                         [("timed_out", 40)])

    def test_run_that_a_threshold_ends(self):
        report = self.report(self.free_port(), "-c", "1000", "-s", "5",
                             "--abort-if", "errors>=20", status=3)
        self.assertEqual(report["ended"], "aborted")
        self.assertEqual(report["verdict"]["exit_status"], 3)
        self.assertEqual(report["thresholds"][0]["expression"], "errors>=20")
        self.assertTrue(report["thresholds"][0]["aborts"])
        self.assertTrue(report["thresholds"][0]["crossed"])
        self.assertLess(report["connections"]["dialed"], 1000)
        self.assertEqual(report["settings"]["abort_if"], ["errors>=20"])

    def test_settings_evidence_and_machine(self):
        _, port = self.serve()
        report = self.report(port, "-c", "50", "-s", "2ms", "--fail-if", "errors>0", status=0)
        self.assertEqual(report["settings"]["sleep_ns"], 2000000)
        self.assertEqual(report["settings"]["dial_timeout_ns"], 5000000000)
        self.assertEqual(report["generator"]["pace_asked_per_s"], 500)
        self.assertEqual(report["kernel"]["agreed"], 50)
        # Both ends are in this network namespace, and nothing else.
        self.assertEqual(report["network"]["Tcp.ActiveOpens"], 50)
        self.assertEqual(report["network"]["Tcp.PassiveOpens"], 50)
        self.assertGreater(report["listener"]["backlog"], 0)
        self.assertEqual(report["host"]["kernel"], os.uname().release)
        self.assertEqual(report["host"]["cpus"], os.cpu_count())
        self.assertEqual(report["series"][-1]["open"], 50)
        self.assertEqual(report["series"][-1]["due"], 50)

    def test_series_has_the_pace_and_the_queue(self):
        listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]
        report = self.report(port, "-c", "50", "-s", "10ms", "--hold", "300ms",
                             "--fail-if", "errors>0", status=0)
        for sample in report["series"]:
            self.assertEqual(sample["due"], min(50, sample["elapsed_ns"] // 10_000_000 + 1))
            # As last looked at, which may be a tenth of a second ago.
            self.assertLessEqual(sample["queued"], sample["open"])
        self.assertGreater(report["series"][3]["queued"], 0)
        # Looks take a bounded share of the time: where one is slow, the last is longer ago.
        last = report["series"][-1]["queued"]
        self.assertTrue(last == 50 if harness.MEASURING else 0 < last <= 50, last)
        # Without a pace and without a listener.
        report = self.report(self.free_port(), "-c", "5", "-s", "0", status=2)
        self.assertEqual([(sample["due"], sample["queued"]) for sample in report["series"]],
                         [(None, None)] * len(report["series"]))


class Stored(harness.Case):
    """A stored report, read and judged again, is the report that it was."""

    def assert_survives(self, *argv, status):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "result.json")
            run = self.dial(*argv, "-o", f"json={path}")
            self.assert_status(run, status)
            with open(path, encoding="utf-8") as file:
                written = file.read()
        read = subprocess.run([REREAD], input=written, text=True, capture_output=True, check=False)
        self.assertEqual((read.stderr, read.returncode), ("", 0))
        self.assertEqual(read.stdout, written)
        return json.loads(written)

    def test_all_went_well(self):
        _, port = self.serve()
        report = self.assert_survives("127.0.0.1", port, "-c", "200", "-s", "1", "--hold", "1s",
                                      "--fail-if", "connect.mean>1s", "--fail-if",
                                      "established<100%", status=0)
        self.assertEqual(report["connections"]["established"], 200)

    def test_some_failed(self):
        _, port = self.serve()
        ports = f"{port},{self.free_port()}"
        report = self.assert_survives("::1", ports, "-c", "40", "-s", "1", "--close", "rst",
                                      "--source", "::1", status=2)
        self.assertEqual(len(report["targets"]), 2)
        self.assertGreater(len(report["groups"]), 0)

    @harness.requires("nft")
    def test_all_timed_out(self):
        _, port = self.serve()
        self.drop_port(port)
        report = self.assert_survives("127.0.0.1", port, "-c", "20", "-s", "0", "-t", "1200",
                                      "--source-port", "auto", status=2)
        self.assertEqual([cause["cause"] for cause in report["causes"]], ["timed_out"])
        self.assertGreater(len(report["ways"]), 0)

    def test_a_threshold_ended_it(self):
        self.assert_survives("127.0.0.1", self.free_port(), "-c", "500", "-s", "2",
                             "--abort-if", "errors>=20", status=3)


if __name__ == "__main__":
    harness.main()
