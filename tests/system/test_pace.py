# SPDX-License-Identifier: MIT
"""--rate, --ramp, --burst and --start-at: what is on the wire, and what the reports say of it."""

import datetime
import itertools
import json
import signal
import time

import harness

ENGINES = ("io_uring", "epoll")


class Pace(harness.Case):
    def syns_of(self, *words, engine="io_uring"):
        """(result, the instants of all SYNs in seconds since the first)."""
        _, port = self.serve()
        capture = harness.Capture(self, f"tcp dst port {port}")
        run, result = self.dial_for_result("127.0.0.1", port, "--engine", engine, *words,
                                           prepare=harness.come_first)
        self.assert_status(run, 0)
        instants = {}
        for source, ports, instant in capture.fields("ip.src", "tcp.srcport", "frame.time_epoch",
                                                     only="tcp.flags == 0x002"):
            instants.setdefault((source, ports), float(instant))
        first = min(instants.values())
        return result, sorted(instant - first for instant in instants.values())

    def assert_due(self, result, connections):
        """The samples know how many were due, and in the end all were."""
        due = [sample["due"] for sample in result["series"]]
        self.assertEqual(due, sorted(due))
        self.assertEqual(due[-1], connections)

    @harness.requires("dumpcap", "tshark")
    @harness.left_out_unless_measuring
    @harness.measured
    def test_a_rate(self):
        """The SYNs of 2 s, and the instant of each: a third of a millisecond is no whole one."""
        for engine in ENGINES:
            with self.subTest(engine=engine):
                result, syns = self.syns_of("--rate", "3k", "-c", "6000", engine=engine)
                self.assertEqual(len(syns), 6000)
                self.assertEqual(result["settings"]["rate"], "3k")
                generator = result["generator"]
                self.assertEqual(generator["pace"], "3000 a second")
                self.assertAlmostEqual(generator["pace_asked_per_s"], 3000)
                self.assert_due(result, 6000)
                late = sorted(abs(syn - i / 3000) for i, syn in enumerate(syns))
                harness.require_timely(
                    late[5940] < 0.002 and abs(syns[-1] - 5999 / 3000) < 0.005,
                    f"99 in a hundred within {late[5940]} s, the last at {syns[-1]} s")

    @harness.requires("dumpcap", "tshark")
    @harness.left_out_unless_measuring
    @harness.measured
    def test_a_ramp(self):
        """Each quarter of a second has its part of the integral, and without -c the run its sum."""
        for engine in ENGINES:
            with self.subTest(engine=engine):
                result, syns = self.syns_of("--ramp", "0:2000:2s", "--ramp", "2k:1k:500ms",
                                            engine=engine)
                self.assertEqual(len(syns), 2750)
                self.assertEqual(result["settings"]["connections"], 2750)
                self.assertEqual(result["settings"]["ramps"], ["0:2000:2s", "2k:1k:500ms"])
                self.assertEqual(result["generator"]["pace"],
                                 "from 0 to 2000 a second in 2s, then from 2000 to 1000 a second "
                                 "in 500ms")
                self.assert_due(result, 2750)
                ends = [0.25 * i for i in range(11)]
                integral = [500 * end * end if end <= 2 else
                            2000 + 2000 * (end - 2) - 1000 * (end - 2) ** 2 for end in ends]
                for i, (begin, end) in enumerate(itertools.pairwise(ends)):
                    found = sum(begin <= syn < end for syn in syns)
                    wanted = integral[i + 1] - integral[i]
                    harness.require_timely(abs(found - wanted) <= 2 + 0.02 * wanted,
                                           f"{found} of {wanted} from {begin} s on")

    @harness.requires("dumpcap", "tshark")
    @harness.left_out_unless_measuring
    @harness.measured
    def test_bursts(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                result, syns = self.syns_of("--burst", "100", "-s", "500ms", "-c", "350",
                                            engine=engine)
                self.assertEqual(len(syns), 350)
                self.assertEqual(result["generator"]["pace"], "100 at once every 500ms")
                self.assert_due(result, 350)
                for i, syn in enumerate(syns):
                    late = syn - i // 100 * 0.5
                    harness.require_timely(-0.005 < late < 0.05, f"SYN {i} is {late} s late")

    def test_a_slow_rate(self):
        """One is due at the start, the next after 1000 s, for which nobody waits here."""
        _, port = self.serve()
        run = self.start_run("127.0.0.1", port, "--rate", "0.001", "-c", "3", "-i", "100ms")
        harness.wait_until(lambda: "Established: 1," in run.stdout,
                           "the first connection")
        run.send(signal.SIGINT)
        run.wait()
        result = self.result_of(run)
        self.assertEqual(result["connections"]["dialed"], 1)
        self.assertEqual(result["connections"]["not_dialed"], 2)
        self.assertEqual(result["series"][-1]["due"], 1)
        self.assertAlmostEqual(result["generator"]["pace_asked_per_s"], 0.001)

    def test_the_plan_says_it(self):
        words = ("127.0.0.1", "80", "--ramp", "0:2000:10s", "--ramp", "2k:2k:1m")
        plan = self.run_tcpgoon("plan", *words)
        self.assert_status(plan, 0)
        self.assertIn("Plan: 130,000 connections\n", plan.stdout)
        self.assertIn("  Schedule: from 0 to 2000 a second in 10s, then 2000 a second for 1m0s, the"
                      " last 1m9.9995s after the first\n", plan.stdout)
        document = json.loads(self.run_tcpgoon("plan", *words, "-o", "json").stdout)
        self.assertEqual(document["schedule"]["stages"], [
            {"from_per_s": 0, "to_per_s": 2000, "duration_ns": 10 * 10**9},
            {"from_per_s": 2000, "to_per_s": 2000, "duration_ns": 60 * 10**9}])
        self.assertEqual(document["schedule"]["last_ns"], 69999500000)

    def test_what_contradicts_itself_is_refused(self):
        for words, sentence in (
                (["--rate", "5", "-s", "1s"], "--sleep and --rate both set the pace"),
                (["--ramp", "0:5:1s", "-s", "0"], "--sleep and --ramp both set the pace"),
                (["--rate", "5", "--burst", "2"], "--rate and --burst both set the pace"),
                (["--rate", "0"], "--rate: '0' is not in the range from 0.001 to 10000000"),
                (["--rate", "fast"], "--rate: 'fast' is not a pace in connections a second"),
                (["--ramp", "0:0:5s"], "--ramp: '0:0:5s' never dials"),
                (["--ramp", "0:5"], "--ramp: '0:5' is not FROM:TO:DURATION"),
                (["--ramp", "0:5:1s", "-c", "4"],
                 "--connections: 4 are more than the 3 that the stages of --ramp dial"),
                (["--burst", "5", "-s", "0"], "--burst: 5 at a time need a time between"),
                (["--burst", "0"], "--burst: '0' is not in the range"),
                (["--start-at", "2020-01-01T00:00:00Z"], "--start-at: '2020-01-01T00:00:00Z' was"),
                (["--start-at", "noon"], "--start-at: 'noon' is not an instant"),
                (["--start-at", "9999-12-31T00:00:00Z"], "is more than a year away")):
            for command in (["run", "-y"], ["plan"]):
                with self.subTest(words=words, command=command):
                    run = self.run_tcpgoon(*command, "127.0.0.1", "9", *words)
                    self.assert_status(run, 1)
                    self.assertEqual(run.stdout, "")
                    self.assertIn(sentence, run.stderr.splitlines()[0])

    def test_the_variable_of_a_pace_is_named(self):
        env = harness.environment_of_programs(TCPGOON_RATE="fast")
        run = self.run_tcpgoon("plan", "127.0.0.1", "9", env=env)
        self.assert_status(run, 1)
        self.assertIn("TCPGOON_RATE: --rate: 'fast' is not a pace", run.stderr)


class Start(harness.Case):
    @harness.measured
    def test_it_starts_at_the_instant(self):
        _, port = self.serve()
        instant = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1.5)
        zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
        text = instant.astimezone(zone).isoformat(timespec="milliseconds")
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "3", "--start-at", text)
        self.assert_status(run, 0)
        self.assertRegex(run.stderr, r"(?m)^tcpgoon: Waiting 1\.[34]\d*s for the start$")
        self.assertEqual(result["settings"]["start_at"], text)
        started = datetime.datetime.fromisoformat(result["started_at"][:26] + "+00:00")
        wanted = datetime.datetime.fromisoformat(text)
        self.assertGreaterEqual(started, wanted)
        late = (started - wanted).total_seconds()
        harness.require_timely(late < 0.02, f"started {late} s late")
        harness.require_timely(result["lag_us"]["max"] < 20000, f"{result['lag_us']}")
        # The wait is none of the run's time.
        self.assertLess(result["duration_ns"], 1e9)

    def test_the_wait_can_be_interrupted(self):
        _, port = self.serve()
        run = self.start_run("127.0.0.1", port, "-c", "3", "--start-at", str(int(time.time()) + 600))
        harness.wait_until(lambda: "for the start" in run.stderr, "the line that it waits")
        run.send(signal.SIGINT)
        run.wait()
        self.assert_status(run, 1)
        result = self.result_of(run)
        self.assertEqual(result["ended"], "interrupted")
        self.assertEqual(result["connections"]["dialed"], 0)
        self.assertLess(result["duration_ns"], 1e9)


if __name__ == "__main__":
    harness.main()
