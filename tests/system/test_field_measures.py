# SPDX-License-Identifier: MIT
"""A number in a report is a measurement, or it is not there: neither a setting, nor the end of an
instrument, nor a count of nobody asked may stand for one."""

import base64
import re
import zlib

import harness


class Measures(harness.NetworkCase):
    def finding(self, run, result, name):
        found = {row["name"]: row for row in result["findings"]}
        self.assertIn(name, found, run.describe())
        return found[name]["evidence"]

    # How the kernel gives up before the dial timeout: retransmissions allowed, when it gives up
    # (the retransmissions of Linux 6.5 and later come a second apart at first), what is said.
    GIVING_UP = (
        (1, (1.9, 3.5), "tcp_syn_retries = 1); this machine retransmitted at most"),
        (2, (2.9, 7.5), "tcp_syn_retries = 2); this machine retransmitted at most"),
    )

    @harness.requires("nft")
    def test_who_gave_up_and_when(self):
        for retries, (earliest, latest), words in self.GIVING_UP:
            with self.subTest(retries=retries):
                port = self.free_port()
                self.drop_port(port)
                self.set_sysctl("net.ipv4.tcp_syn_retries", retries)
                run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "1",
                                                   "-t", "30s")
                self.assert_status(run, 2)
                self.assertEqual(result["connections"]["given_up_by_kernel"], 20)
                self.assertEqual([(row["cause"], row["count"], row["last_errno"])
                                  for row in result["causes"]], [("timed_out", 20, "ETIMEDOUT")])
                self.assertEqual(result["host"]["syn_retries"], retries)
                waited = result["failure_us"]["max"] / 1e6
                self.assertTrue(earliest <= waited <= latest, waited)
                evidence = self.finding(run, result, "firewall_drop")
                self.assertIn(f"gave up each after {waited:.2f} s", evidence)
                self.assertIn(words, evidence)
                self.assertNotIn("30", evidence)
                self.assertNotRegex(evidence, r"\b0 SYNs")

    @harness.requires("nft")
    @harness.measured
    def test_our_own_timeout_is_the_time_that_was_waited(self):
        port = self.free_port()
        self.drop_port(port)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "20", "-s", "1", "-t", "2500")
        self.assert_status(run, 2)
        self.assertEqual(result["connections"]["given_up_by_kernel"], 0)
        evidence = self.finding(run, result, "firewall_drop")
        waited = re.search(r"within (\d\.\d\d) s; [1-9]\d* SYNs were retransmitted", evidence)
        self.assertIsNotNone(waited, evidence)
        self.assertEqual(result["kernel"]["asked"], 20)
        self.assertGreaterEqual(float(waited[1]), 2.5)
        self.assert_in_time(float(waited[1]), 2.7, run)

    # What nginx does, the pace of 300 dials, the hold, and the only finding that is true of it.
    CLOSERS = (
        ("closes its oldest", 128, "", "20", "4s", "oldest_closed", "about 2."),
        ("closes its oldest at once", 128, "", "1", "1s", "oldest_closed", "The first "),
        ("has an idle timeout", 4096, "client_header_timeout 2s;", "10", "5s", "idle_timeout",
         "300 of 300 connections were closed 2.0"),
    )

    @harness.requires("nginx")
    def test_what_closes_connections_of_one_age(self):
        for what, *row in self.CLOSERS:
            with self.subTest(what):
                self.closed_by_nginx(*row)

    @harness.measured
    def closed_by_nginx(self, connections, options, sleep, hold, name, words):
        """Whose clock is as coarse as its loop: what it closes late is no fault of ours."""
        port = self.start_nginx(connections=connections, http=options)
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "300", "-s", sleep,
                                           "--hold", hold)
        self.assert_status(run, 2)
        self.assertEqual(result["connections"]["established"], 300)
        self.assert_undisturbed(run, result)
        names = [row["name"] for row in result["findings"] if row["count"] > 0]
        self.assertEqual(names, [name], run.describe())
        evidence = self.finding(run, result, name)
        harness.require_timely(words in evidence, f"no '{words}' in '{evidence}'")

    def test_lifetimes_reach_beyond_an_hour(self):
        """The clock cannot be hurried here; that the histogram has the room can be seen."""
        _, port = self.serve()
        run, result = self.dial_for_result("127.0.0.1", port, "-c", "2")
        self.assert_status(run, 0)
        histogram = zlib.decompress(base64.b64decode(result["lifetime_us"]["hdr"])[8:])
        highest_us = int.from_bytes(histogram[24:32], "big")
        self.assertGreater(highest_us, 400 * 24 * 3600 * 1000000)


if __name__ == "__main__":
    harness.main(at_a_time=4)
