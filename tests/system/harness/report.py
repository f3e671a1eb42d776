# SPDX-License-Identifier: MIT
"""What `tcpgoon run` prints, taken apart."""

import re

# Go's time.Duration.String(): "0s", "319µs", "49.892ms", "1m30s".
DURATION = r"(?:0s|(?:\d+h)?(?:\d+m)?\d+(?:\.\d*[1-9])?(?:ns|µs|ms|s))"
STATUS_LINE = (r"Total: (?P<total>\d+), Dialing: (?P<dialing>\d+), "
               r"Established: (?P<established>\d+), Closed: (?P<closed>\d+), "
               r"Error: (?P<error>\d+), NotInitiated: (?P<not_initiated>\d+)")
FOUR_TIMES = rf"min/avg/max/dev = {DURATION}/{DURATION}/{DURATION}/{DURATION}\n"
REPORT = re.compile(
    r"(?P<ticks>(?:Total: .*\n)*)"
    r"--- (?P<target>\S+) tcp test statistics ---\n"
    + STATUS_LINE + r"\n"
    r"--- tcpgoon execution statistics ---\n"
    r"Total established connections: (?P<established_total>\d+)\n"
    r"Max concurrent established connections: (?P<max_concurrent>\d+)\n"
    r"Number of established connections on closure: (?P<on_closure>\d+)\n"
    r"(?P<response>Response time stats for (?P<successful>\d+) successful connections "
    + FOUR_TIMES + r")?"
    r"(?P<failure>Time to error stats for (?P<failed>\d+) failed connections "
    + FOUR_TIMES + r")?\n"
    # What the Go program did not have stands behind, and ends in the verdict.
    r"(?P<detail>Verdict: [^\n]+\n(?:[^\n]*\n)*Exit status \d\.\n)")
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|µs|ns|m|s)")
UNIT_MS = {"h": 3600e3, "m": 60e3, "s": 1e3, "ms": 1, "µs": 1e-3, "ns": 1e-6}


def duration_ms(text):
    return sum(float(number) * UNIT_MS[unit] for number, unit in DURATION_PART.findall(text))


class Report:
    """The compatible output of a run; made only from text that has exactly that shape."""

    def __init__(self, text):
        match = REPORT.fullmatch(text)
        if match is None:
            raise AssertionError(f"not the output of a run, to the byte:\n{text}")
        self.target = match["target"]
        self.ticks = [self._numbers(re.fullmatch(STATUS_LINE, line))
                      for line in match["ticks"].splitlines()]
        self.final = self._numbers(match)
        self.established = int(match["established_total"])
        self.max_concurrent = int(match["max_concurrent"])
        self.on_closure = int(match["on_closure"])
        self.successful = int(match["successful"] or 0)
        self.failed = int(match["failed"] or 0)
        self.response_ms = self._times(match["response"])
        self.failure_ms = self._times(match["failure"])

    @staticmethod
    def _numbers(match):
        names = ("total", "dialing", "established", "closed", "error", "not_initiated")
        numbers = {name: int(match[name]) for name in names}
        if sum(numbers[name] for name in names[1:]) != numbers["total"]:
            raise AssertionError(f"the states do not add up to the total: {match[0]}")
        return numbers

    @staticmethod
    def _times(line):
        """(min, avg, max, dev) in milliseconds."""
        if not line:
            return None
        return tuple(duration_ms(part) for part in line.rpartition("= ")[2].strip().split("/"))
