# SPDX-License-Identifier: MIT
"""Packets of the loopback, captured by dumpcap and read by tshark."""

import os
import re
import signal
import subprocess
import tempfile
import time

from .program import come_first
from .waiting import require_timely, wait_until

# dumpcap is given an unfinished block of packets after 250 ms, and writes them after 500 ms more.
WRITTEN_AFTER_S = 0.8
LOST = re.compile(r"received/dropped on interface '[^']*': \d+/(\d+)")


class Capture:
    """Packets of the loopback from now on; `fields` ends it and reads them."""

    def __init__(self, case, packet_filter):
        self.directory = tempfile.TemporaryDirectory()
        case.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "capture.pcapng")
        self.program = case.start("dumpcap", "-q", "-i", "lo", "-s", "128", "-B", "16",
                                  "-f", packet_filter, "-w", self.path, prepare=come_first)
        wait_until(self._capturing, "a packet socket of dumpcap")

    def _capturing(self):
        if not self.program.running():
            self.program.wait()
            raise AssertionError(self.program.describe())
        with open("/proc/net/packet", encoding="ascii") as file:
            next(file)
            # The sixth column says whether it is bound and running.
            bound = any(line.split()[5] == "1" for line in file)
        return bound and os.path.exists(self.path)

    def _wait_until_written(self):
        """Until its file has not grown for a while."""
        size, since = -1, time.monotonic()
        while time.monotonic() - since < WRITTEN_AFTER_S:
            if os.path.getsize(self.path) != size:
                size, since = os.path.getsize(self.path), time.monotonic()
            time.sleep(0.05)

    def fields(self, *names, only=""):
        """One tuple of texts for each packet that the display filter `only` lets through."""
        self._wait_until_written()
        self.program.send(signal.SIGINT)
        self.program.wait()
        lost = LOST.search(self.program.stderr)
        require_timely(lost is None or lost[1] == "0", f"not captured: {self.program.stderr}")
        argv = ["tshark", "-r", self.path, "-Y", only, "-T", "fields"]
        for name in names:
            argv += ["-e", name]
        done = subprocess.run(argv, check=True, capture_output=True, timeout=60)
        return [tuple(line.split("\t")) for line in done.stdout.decode().splitlines()]
