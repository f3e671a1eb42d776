# SPDX-License-Identifier: MIT
"""The live view on terminals of several kinds, and the lines where there is none."""

import json
import os
import re
import resource
import signal
import statistics
import tempfile
import time

import harness
from harness.terminal import Terminal

COLOUR = re.compile(rb"\x1b\[[0-9;]*\b3[0-7]m")
ESCAPE = b"\x1b"
# What each frame ends with.
FRAME_END = b"\x1b[?2026l"


def environment(**changes):
    """That of a user with a terminal that can all; None takes a variable away."""
    variables = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8")
    for name in ("NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
        variables.pop(name, None)
    variables.update({name: value for name, value in changes.items() if value is not None})
    return variables


class LiveCase(harness.Case):
    def terminal(self, columns=80, rows=24, **options):
        terminal = Terminal(columns, rows, **options)
        self.addCleanup(terminal.close)
        return terminal

    def watch(self, terminal, port, *argv, descriptors=(0, 1, 2), env=None, prepare=None):
        """`tcpgoon run` on that terminal."""
        attach = terminal.attach(descriptors)

        def in_child():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            attach()
            if prepare is not None:
                prepare()
        return self.tcpgoon(*self.run_words("127.0.0.1", port, *argv), prepare=in_child,
                            env=env or environment())

    def report_on(self, terminal):
        """The report, from all that the terminal has shown: wide enough that no line is broken."""
        lines = terminal.all_lines()
        first = next(i for i, line in enumerate(lines) if line.startswith("--- "))
        while lines[-1] == "":
            lines.pop()
        return harness.Report("\n".join(lines[first:]) + "\n")

    def assert_given_back(self, terminal):
        """The cursor is shown, and what comes next has no colour."""
        self.assertTrue(terminal.is_cursor_shown(), terminal.text())
        shown = terminal.raw.rindex(b"\x1b[?25h")
        self.assertNotIn(b"\x1b[?25l", terminal.raw[shown:])
        self.assertNotRegex(terminal.raw[shown:], COLOUR)


class Watched(LiveCase):
    def test_last_frame_stays_above_the_report(self):
        _, port = self.serve()
        terminal = self.terminal(200, 60)
        run = self.watch(terminal, port, "-c", "1000", "-s", "1ms")
        terminal.wait_for(f"127.0.0.1:{port}  ")
        terminal.wait_for("dialing")
        self.assertEqual(run.wait(), 0)
        terminal.settle()
        lines = terminal.all_lines()
        text = "\n".join(lines)
        self.assertEqual(self.report_on(terminal).established, 1000)
        last = next(i for i, line in enumerate(lines) if "completed after" in line)
        self.assertIn(f"127.0.0.1:{port}", lines[last])
        self.assertIn("100.0% of 1,000", lines[last + 1])
        self.assertRegex(lines[last + 2], r"established 1,000 +dialing +0 +failed +0 +dropped +0")
        self.assertRegex(text, r"\n handshake +\d")
        # One frame, and no status line but the one of the report.
        self.assertEqual(text.count(" accept queue "), 1)
        self.assertEqual(text.count("Total: "), 1, text)
        self.assert_given_back(terminal)

    def test_short_run(self):
        """There is nothing to watch: the report only."""
        _, port = self.serve()
        terminal = self.terminal(200, 60)
        run = self.watch(terminal, port, "-c", "5", "-s", "0")
        self.assertEqual(run.wait(), 0)
        terminal.settle()
        self.assertNotIn(b"\x1b[?25l", terminal.raw)
        self.assertEqual(self.report_on(terminal).established, 5)

    def test_other_sizes(self):
        """It follows the window, each line within it."""
        _, port = self.serve()
        terminal = self.terminal(100, 30)
        self.watch(terminal, port, "-c", "100", "-s", "0", "--hold", "1m")
        terminal.wait_for("left of 1m0s")
        for columns, rows, word in ((50, 12, " holding  0:"), (120, 40, "left of 1m0s"),
                                    (20, 5, "open 100"), (80, 24, "handshake")):
            with self.subTest(columns=columns, rows=rows):
                terminal.resize(columns, rows)
                terminal.wait_for(word)

                def is_whole():
                    return sum("holding" in line for line in terminal.lines()) == 1
                harness.wait_until(is_whole, f"one title on\n{terminal.text()}")
                for line in terminal.lines():
                    self.assertLess(len(line), columns)

    def test_nothing_flickers(self):
        """After each frame all of it is on the screen; nothing is erased before it is drawn."""
        _, port = self.serve()
        terminal = self.terminal(80, 24)
        run = self.watch(terminal, port, "-c", "1000", "-s", "1ms", "--hold", "1s")
        self.assertEqual(run.wait(), 0)
        terminal.settle()
        for sequence in (b"\x1b[2J", b"\x1b[H", b"\x1b[1J", b"\x1bc"):
            self.assertNotIn(sequence, terminal.raw)
        frames = terminal.raw.split(FRAME_END)
        self.assertGreater(len(frames), 10)
        self.assertTrue(all(b"\x1b[J" not in frame for frame in frames[:-1]))
        replay = self.terminal(80, 24)
        for frame in frames[:-1]:
            replay.stream.feed(frame + FRAME_END)
            for word in (f"127.0.0.1:{port}", "established", "accept queue", "handshake", "now"):
                self.assertIn(word, replay.text())

    @harness.measured
    def test_lines_of_tee(self):
        """What another program writes to the terminal pushes the view down, and does not tear it."""
        _, port = self.serve()
        terminal = self.terminal(120, 40)
        command = " ".join([harness.TCPGOON, *map(str, self.run_words(
            "127.0.0.1", port, "-c", "100", "-s", "30ms", "-i", "400ms")), "| tee /dev/null"])
        shell = self.start("sh", "-c", command, prepare=terminal.attach(), env=environment())
        self.assertEqual(shell.wait(), 0)
        terminal.settle()
        text = "\n".join(terminal.all_lines()) + "\n"
        lines = re.findall("^Total: .*$", text, re.MULTILINE)
        self.assertGreater(len(lines), 6, text)
        # Two that came between two frames, as tee had no CPU, may be above each other.
        torn = [line for line in lines if not re.fullmatch(harness.STATUS_LINE, line)]
        harness.require_timely(not torn, text)
        self.assertEqual(text.count("completed after"), 1, text)
        self.assertEqual(text.count("accept queue"), 1, text)
        self.assertIn("Exit status 0.\n", text)


class GivenBack(LiveCase):
    """Whatever ends or stops it, the terminal is as it was."""

    def held(self, terminal, *argv, connections=20):
        _, port = self.serve()
        run = self.watch(terminal, port, "-c", connections, "-s", "0", "--hold", "1h", *argv)
        terminal.wait_for("holding")
        self.assertFalse(terminal.is_cursor_shown())
        return run

    def test_interrupt(self):
        terminal = self.terminal(200, 60)
        run = self.held(terminal)
        terminal.type("\x03")
        self.assertEqual(run.wait(), 1)
        terminal.settle()
        self.assertIn("interrupted after", "\n".join(terminal.all_lines()))
        self.assertEqual(self.report_on(terminal).on_closure, 20)
        self.assert_given_back(terminal)

    @harness.measured
    def test_second_interrupt(self):
        terminal = self.terminal()
        run = self.held(terminal, connections=15000)
        terminal.type("\x03")
        harness.wait_until(lambda: run.lets_through(signal.SIGINT), "the first signal's effect")
        terminal.type("\x03")
        run.wait()
        terminal.settle()
        self.assertIn(run.status, (1, -signal.SIGINT))
        harness.require_timely(run.status == -signal.SIGINT, "15,000 were closed already")
        self.assert_given_back(terminal)

    def test_other_ends(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                terminal = self.terminal(200, 60)
                run = self.held(terminal)
                run.send(number)
                self.assertEqual(run.wait(), 1)
                terminal.settle()
                self.assertEqual(self.report_on(terminal).on_closure, 20)
                self.assert_given_back(terminal)

    def test_crash(self):
        """What comes next, a prompt, is below the view."""
        numbers = [signal.SIGABRT, signal.SIGQUIT, signal.SIGTRAP]
        if harness.MEASURING:
            numbers.append(signal.SIGSEGV)  # of which a sanitizer would report
        for number in numbers:
            with self.subTest(number):
                terminal = self.terminal()
                run = self.held(terminal)
                run.send(number)
                self.assertEqual(run.wait(), -number)
                terminal.settle()
                self.assert_given_back(terminal)
                last = max(i for i, line in enumerate(terminal.lines()) if line)
                self.assertGreater(terminal.screen.cursor.y, last)
                self.assertEqual(terminal.screen.cursor.x, 0)

    @harness.requires("bash")
    def test_stop_and_continue(self):
        """^Z shows the cursor, and a prompt below the view; after fg the view is drawn anew."""
        _, port = self.serve()
        terminal = self.terminal(100, 40)
        command = " ".join([harness.TCPGOON, *map(str, self.run_words(
            "127.0.0.1", port, "-c", "20", "-s", "0", "--hold", "1h"))])
        self.start("bash", "--norc", "--noprofile", "-i", prepare=terminal.attach(),
                   env=environment(PS1="prompt> "))
        terminal.wait_for("prompt>")
        terminal.type(command + "\r")
        terminal.wait_for("holding")
        terminal.type("\x1a")
        terminal.wait_for("Stopped")
        terminal.settle()
        self.assert_given_back(terminal)
        stopped = next(i for i, line in enumerate(terminal.lines()) if "Stopped" in line)
        self.assertFalse(any("now" in line for line in terminal.lines()[stopped:]))
        before = len(terminal.raw)
        terminal.type("bg\r")
        time.sleep(0.3)  # four frames, if there were any
        self.assertNotIn(FRAME_END, terminal.raw[before:])
        terminal.type("fg\r")
        harness.wait_until(lambda: FRAME_END in terminal.raw[before:], "a frame")
        harness.wait_until(lambda: not terminal.is_cursor_shown(), "the view")
        terminal.type("\x03")
        terminal.wait_for("Exit status 1.")
        terminal.settle()
        self.assert_given_back(terminal)

    def test_terminal_that_is_stopped(self):
        """It misses frames; the run misses nothing."""
        _, port = self.serve()
        terminal = self.terminal()
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "result.json")
            run = self.watch(terminal, port, "-c", "1000", "-s", "2ms", "-o", f"json={path}",
                             descriptors=(0, 2))
            terminal.wait_for("dialing")
            terminal.stop()
            self.assertEqual(run.wait(), 0)
            with open(path, encoding="utf-8") as file:
                result = json.load(file)
        self.assertEqual(result["connections"]["established"], 1000)
        self.assertEqual(self.report_of(run).established, 1000)
        terminal.go_on()
        terminal.settle()


class Chosen(LiveCase):
    """By options and environment."""

    def shown(self, *argv, env=None, descriptors=(0, 1, 2)):
        """The bytes that a run of half a second sends to a terminal, and the run."""
        _, port = self.serve()
        terminal = self.terminal(120, 40)
        run = self.watch(terminal, port, "-c", "50", "-s", "10ms", "-i", "100ms", *argv,
                         env=env, descriptors=descriptors)
        self.assertEqual(run.wait(), 0)
        terminal.settle()
        return terminal.raw, run

    def test_colours(self):
        raw, _ = self.shown()
        self.assertRegex(raw, COLOUR)
        raw, _ = self.shown(env=environment(NO_COLOR="1"))
        self.assertNotRegex(raw, COLOUR)
        self.assertIn(FRAME_END, raw)

    def test_locale(self):
        raw, _ = self.shown(env=environment(LC_ALL="C"))
        end = raw.rindex(FRAME_END)  # the report has its µ in any locale
        self.assertTrue(raw[:end].isascii(), raw)
        self.assertIn("─".encode(), self.shown()[0])

    def test_lines_only(self):
        for argv, env in (((), environment(TERM="dumb")), (("--live", "never"), environment()),
                          (("--debug",), environment()),
                          (("-o", "ndjson=-"), environment())):
            with self.subTest(argv=argv):
                raw, _ = self.shown(*argv, env=env)
                self.assertNotIn(ESCAPE, raw)
                self.assertGreater(raw.count(b"\nTotal: "), 3)

    def test_a_report_on_the_standard_output(self):
        """The text is on the terminal then, with the view; the report is whole, and alone."""
        with tempfile.TemporaryFile() as file:
            _, port = self.serve()
            terminal = self.terminal(200, 60)
            run = self.watch(terminal, port, "-c", "50", "-s", "10ms", "-o", "json=-",
                             descriptors=(0, 2), prepare=lambda: os.dup2(file.fileno(), 1))
            self.assertEqual(run.wait(), 0)
            terminal.settle()
            file.seek(0)
            self.assertEqual(json.load(file)["connections"]["established"], 50)
        self.assertIn(FRAME_END, terminal.raw)
        self.assertEqual(self.report_on(terminal).established, 50)
        self.assertEqual("\n".join(terminal.all_lines()).count("Total: "), 1)

    def test_quiet(self):
        raw, _ = self.shown("--quiet")
        self.assertTrue(raw.startswith(b"--- 127.0.0.1:"), raw)
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-q", "-c", "5", "-s", "0", "--hold", "1s")
        self.assert_status(run, 0)
        self.assertTrue(run.stdout.startswith("--- 127.0.0.1:"), run.describe())
        self.assertEqual(run.stderr, "")
        run = self.dial("127.0.0.1", port, "-q", "--live", "always")
        self.assert_status(run, 1)
        self.assertIn("--quiet and --live always contradict each other", run.stderr)

    def test_lines_in_a_file(self):
        """All of them, whether there is a view or not."""
        raw, run = self.shown(descriptors=(0, 2))
        self.assertIn(FRAME_END, raw)
        self.assertNotIn(b"Total: ", raw)
        self.assertIn(b"completed after", raw)
        with_view = len(self.report_of(run).ticks)
        self.assertGreaterEqual(with_view, 4)

    def test_in_a_pipe(self):
        """Without a terminal only where it is asked for, and in colours only where these are."""
        _, port = self.serve()
        words = self.run_words("127.0.0.1", port, "-c", "50", "-s", "10ms")
        run = self.run_tcpgoon(*words, env=environment())
        self.assertNotIn("\x1b", run.stdout + run.stderr)
        self.assertEqual(run.stderr, "")
        run = self.run_tcpgoon(*words, "--live", "always", env=environment(COLUMNS="60"))
        self.assertIn(FRAME_END.decode(), run.stderr)
        self.assertNotRegex(run.stderr.encode(), COLOUR)
        self.assertEqual(self.report_of(run).established, 50)
        run = self.run_tcpgoon(*words, "--live", "always",
                               env=environment(CLICOLOR_FORCE="1"))
        self.assertRegex(run.stderr.encode(), COLOUR)


@harness.alone
@harness.left_out_unless_measuring
class Cost(LiveCase):
    @harness.measured
    def test_share_of_a_core(self):
        _, port = self.serve()
        terminal = self.terminal(120, 40)
        run = self.watch(terminal, port, "-c", "1000", "-s", "0", "--hold", "1h")
        terminal.wait_for("holding")
        began, before = time.monotonic(), run.cpu_s()
        time.sleep(3)
        share = (run.cpu_s() - before) / (time.monotonic() - began)
        harness.require_timely(share < 0.01, f"{share:.2%} of a core")

    def lag_p99_us(self, port, *argv):
        terminal = self.terminal(120, 40, shows=False)
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "result.json")
            run = self.watch(terminal, port, "-c", "5000", "-s", "200us", "-o", f"json={path}",
                             *argv, prepare=harness.come_first)
            self.assertEqual(run.wait(), 0)
            with open(path, encoding="utf-8") as file:
                return json.load(file)["lag_us"]["p99"]

    @harness.measured
    def test_lag(self):
        """Loosely: the exact bound takes many pairs on a machine that does nothing else."""
        _, port = self.serve()
        pairs = [(self.lag_p99_us(port), self.lag_p99_us(port, "--live", "never"))
                 for _ in range(3)]
        shown, hidden = (statistics.median(side) for side in zip(*pairs))
        harness.require_timely(shown < 1.5 * hidden + 50, f"p99 {shown} us, without {hidden} us")


if __name__ == "__main__":
    harness.main(at_a_time=4)
