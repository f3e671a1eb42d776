# SPDX-License-Identifier: MIT
"""A terminal for a program, emulated by pyte, and what it shows."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import threading

# Debian has pyte for its own Python; it is one of source files, for any.
sys.path.append("/usr/lib/python3/dist-packages")

import pyte  # noqa: E402

from .waiting import wait_until  # noqa: E402


class Terminal:
    """
    Columns by rows. Programs are started with `prepare=terminal.attach()`, and have it as their
    controlling terminal; what they write is shown by a thread until `close`, or only taken, which
    costs the machine much less.
    """

    def __init__(self, columns=80, rows=24, shows=True):
        self.shows = shows
        self.ours, self.theirs = pty.openpty()
        self.lock = threading.Lock()
        self.raw = b""
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self.stream = pyte.ByteStream(self.screen)
        self.resize(columns, rows)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._show, daemon=True)
        self.thread.start()

    def _show(self):
        while not self.ended.is_set():
            if not select.select([self.ours], [], [], 0.05)[0]:
                continue
            try:
                piece = os.read(self.ours, 65536)
            except OSError:  # nobody has it open any more
                return
            with self.lock:
                self.raw += piece
                if self.shows:
                    self.stream.feed(piece)

    def attach(self, descriptors=(0, 1, 2)):
        """What a child does to have these descriptors, and ^C, from this terminal."""
        def in_child():
            for descriptor in descriptors:
                os.dup2(self.theirs, descriptor)
            fcntl.ioctl(self.theirs, termios.TIOCSCTTY, 0)
        return in_child

    def resize(self, columns, rows):
        with self.lock:
            self.screen.resize(rows, columns)
            fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.ours, keys.encode())

    def stop(self):
        """As by ^S: it takes nothing until `go_on`."""
        termios.tcflow(self.theirs, termios.TCOOFF)

    def go_on(self):
        termios.tcflow(self.theirs, termios.TCOON)

    # ---- What it shows

    def lines(self):
        """Of the screen, without blanks at their ends."""
        with self.lock:
            return [line.rstrip() for line in self.screen.display]

    def all_lines(self):
        """With those that have left it at its top."""
        with self.lock:
            above = ["".join(row[column].data for column in range(self.screen.columns)).rstrip()
                     for row in self.screen.history.top]
        return above + self.lines()

    def text(self):
        return "\n".join(self.lines())

    def wait_for(self, word):
        wait_until(lambda: word in self.text(), f"{word!r} on the screen, which is\n{self.text()}")

    def is_cursor_shown(self):
        with self.lock:
            return not self.screen.cursor.hidden

    def settle(self):
        """Until all that was written is shown."""
        def taken():
            before = len(self.raw)
            return not select.select([self.ours], [], [], 0.1)[0] and len(self.raw) == before
        wait_until(taken, "a terminal that has shown all")

    def close(self):
        self.ended.set()
        self.thread.join()
        for end in (self.ours, self.theirs):
            with contextlib.suppress(OSError):
                os.close(end)
