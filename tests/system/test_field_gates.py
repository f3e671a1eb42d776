# SPDX-License-Identifier: MIT
"""A threshold is a gate of somebody's pipeline: one that cannot judge lets nobody pass."""

import harness


class Gates(harness.Case):
    def gate(self, port, expressions, *argv, status, launcher=(), **options):
        gates = [word for expression in expressions for word in ("--fail-if", expression)]
        run, result = self.dial_for_result("127.0.0.1", port, *argv, *gates, **options)
        self.assert_status(run, status)
        self.assertEqual(result["verdict"]["exit_status"], status)
        self.assertEqual(run.stdout.splitlines()[-1], f"Exit status {status}.")
        return run, result

    # The run, what is asked of it, the exit status, and why it could not be judged (None: it was).
    ROWS = (
        (("-s", "1"), "handshake.p99>0us", 3, None),
        (("-s", "1"), "handshake.p99>1h", 0, None),
        # The kernel chose the ports, so it was not asked.
        (("-s", "1", "--source-port", "auto"), "handshake.p99>0us", 2, "no samples"),
        (("-s", "1", "--source-port", "auto"), "handshake.p99>1h", 2, "no samples"),
        (("-s", "1", "--source-port", "auto", "--hold", "2s"), "unconfirmed>0", 2, "could not tell"),
        # A SYN-ACK is repeated after a second at the earliest.
        (("-s", "1"), "unconfirmed>0", 2, "could not tell"),
        (("-s", "1"), "unconfirmed<5%", 2, "could not tell"),
        (("-s", "1", "--hold", "2s"), "unconfirmed>0", 0, None),
        # No pace, no schedule, no lag.
        (("-s", "0"), "lag.p99>1h", 2, "give --rate or --sleep"),
        (("-s", "1"), "lag.p99>1h", 0, None),
        # Nothing failed: there is nothing whose time could be too long.
        (("-s", "1"), "failure.p99>1ns", 0, None),
        (("-s", "1"), "rate<1", 0, None),
    )

    def test_rows(self):
        _, port = self.serve()
        for argv, expression, status, why in self.ROWS:
            with self.subTest(expression=expression, argv=argv):
                run, result = self.gate(port, [expression], "-c", "10", *argv, status=status)
                threshold = result["thresholds"][0]
                self.assertEqual(threshold["crossed"], status == 3)
                if why is None:
                    self.assertIsNone(threshold["not_judged"])
                else:
                    self.assertIn(why, threshold["not_judged"])
                    self.assertIn("does not count as kept", result["verdict"]["reasons"][0])
                    self.assertNotIn("All went well", run.stdout)

    def test_one_that_is_kept_does_not_speak_for_one_that_cannot_be_judged(self):
        _, port = self.serve()
        self.gate(port, ["errors>0", "unconfirmed>0", "connect.p99>1h"], "-c", "10", "-s", "1",
                  status=2)

    def test_one_that_is_crossed_counts_before(self):
        _, port = self.serve()
        self.gate(port, ["unconfirmed>0", "established>9"], "-c", "10", "-s", "1", status=3)


if __name__ == "__main__":
    harness.main(at_a_time=1)
