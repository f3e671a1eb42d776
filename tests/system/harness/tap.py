# SPDX-License-Identifier: MIT
"""Runs the cases of a file and says in TAP what became of each, so that meson counts them."""

import concurrent.futures
import os
import sys
import threading
import unittest

from .environment import TCPGOON
from .network import enter_own_network, lengthen_queues


class TapResult(unittest.TestResult):
    def __init__(self, total):
        super().__init__()
        self.number = 0
        self.failed_in_parts = set()
        self.lock = threading.Lock()
        print(f"1..{total}", flush=True)

    def _say(self, verdict, test, note=""):
        with self.lock:
            self.number += 1
            name = test.id().removeprefix("__main__.")
            print(f"{verdict} {self.number} {name}{note}", flush=True)

    def _say_why(self, test, error):
        # meson shows the stderr of a test that failed, not its TAP.
        print(test.id(), self._exc_info_to_string(error, test), sep="\n", file=sys.stderr)

    def stopTest(self, test):
        # After failed parts unittest says nothing of the whole.
        if test in self.failed_in_parts:
            self._say("not ok", test)
        super().stopTest(test)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.failed_in_parts.add(test)
            print(subtest, file=sys.stderr)
            self._say_why(test, error)

    def addSuccess(self, test):
        self._say("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._say("not ok", test)
        self._say_why(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self._say("not ok", test)
        self._say_why(test, error)


def mark_of(case, name):
    """What a decorator has said of a test, or of its class."""
    method = getattr(case, case._testMethodName, None)  # pylint: disable=protected-access
    return getattr(method, name, False) or getattr(type(case), name, False)


def cases_of(suite):
    """All that are not left out, one by one."""
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases_of(part)
        elif not mark_of(part, "left_out"):
            yield part


def run_side_by_side(cases, result, at_a_time):
    """Each in a thread, after those that are to be alone."""
    unittest.TestSuite(case for case in cases if mark_of(case, "alone")).run(result)
    others = [case for case in cases if not mark_of(case, "alone")]
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        # The list asks each for its outcome, and so for what it may have thrown.
        list(pool.map(lambda case: case.run(result), others))


def main(at_a_time=1):
    """
    Runs the cases of the calling file, or those named on the command line. Those that mostly wait
    may run several at a time, each in a thread, where they use nothing that belongs to their class.
    """
    if not os.access(TCPGOON, os.X_OK):
        sys.exit(f"no binary at {TCPGOON}: set TCPGOON")
    try:
        enter_own_network()
    except OSError as error:
        print(f"1..0 # SKIP {error.strerror}")
        sys.exit(0)
    lengthen_queues()
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    names = sys.argv[1:]
    cases = list(cases_of(loader.loadTestsFromNames(names, module) if names
                          else loader.loadTestsFromModule(module)))
    result = TapResult(len(cases))
    if at_a_time == 1:
        unittest.TestSuite(cases).run(result)
    else:
        run_side_by_side(cases, result, at_a_time)
    sys.exit(0 if result.wasSuccessful() else 1)
