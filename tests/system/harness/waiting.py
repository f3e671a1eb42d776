# SPDX-License-Identifier: MIT
"""Conditions that are waited for, and measurements that are made again where the machine was busy.

What a test says of behaviour holds at the first try. What it says of times may be spoilt by what
else the machine does: such a statement raises `Untimely`, and `measured` makes the test anew, up to
three times. Nothing else is ever tried again.
"""

import functools
import sys
import time

from .environment import MEASURING, PATIENCE_S, SLOW

ATTEMPTS = 3


class Untimely(AssertionError):
    """It took too long, or too short: by our fault, or by that of a busy machine."""


def measured(function):
    """A test, or a part of one, that a busy machine may spoil, but not three times."""
    @functools.wraps(function)
    def with_attempts(*args, **options):
        for attempt in range(1, ATTEMPTS):
            try:
                return function(*args, **options)
            except Untimely as error:
                print(f"{function.__qualname__}, attempt {attempt}: {error}", file=sys.stderr)
        return function(*args, **options)
    return with_attempts


def require_timely(condition, what):
    """Of times, which a sanitizer build does not keep: there it says nothing."""
    if MEASURING and not condition:
        raise Untimely(what)


def wait_until(condition, what, seconds=PATIENCE_S):
    """Until it is true; its value. Fails when it takes longer."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * SLOW:g} s in vain: {what}")
        time.sleep(0.005)
