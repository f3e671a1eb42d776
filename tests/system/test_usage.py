# SPDX-License-Identifier: MIT
"""The command line: what it refuses and in which words, and the question before a run."""

import contextlib
import os
import pty
import re
import select
import subprocess
import tempfile

import harness


def complete(case, *words):
    """What bash offers for the last of the words, parted as it parts them at a "="."""
    directory = case.temporary_directory()
    for name in ("result.json", "a b"):
        with open(os.path.join(directory, name), "w", encoding="ascii"):
            pass
    run = case.start(
        "bash", "-c",
        'cd "$1" && eval "$("$2" completion bash)" && shift 2 && COMP_WORDS=(tcpgoon "$@")'
        ' && COMP_CWORD=$# && _tcpgoon && printf "%s\\n" "${COMPREPLY[@]}"',
        "bash", directory, harness.TCPGOON, *words)
    case.assertEqual(run.wait(), 0, run.describe())
    case.assertEqual(run.stderr, "")
    return sorted(run.stdout.splitlines())


class Refusals(harness.Case):
    def test_flags_of_run(self):
        refused = [
            (["-c", "-5"], "--connections"),
            (["-c", "ten"], "--connections"),
            (["-c", "0"], "--connections"),
            (["-c", "99999999999"], "--connections"),
            (["-c", "5x"], "--connections"),
            (["--connections="], "--connections"),
            (["--sleep", "x"], "--sleep"),
            (["-s", "-1"], "--sleep"),
            (["-t", "soon"], "--dial-timeout"),
            (["--dial-timeout=-3"], "--dial-timeout"),
            (["-i", "often"], "--interval"),
            (["-i", "1ns"], "--interval: '1ns' is neither 0 nor at least 10ms"),
            (["--hold", "long"], "--hold"),
            (["--engine", "poll"], "--engine"),
            (["--no-such-flag"], "--no-such-flag"),
            (["-o", "json=-", "-o", "json=-"], "'json=-' goes to the same place as another report"),
            (["-o", "json=r1", "--output=json=r1"],
             "'json=r1' goes to the same place as another report"),
            (["-Z"], "-Z"),
            (["-c"], "-c"),
        ]
        for words, flag in refused:
            with self.subTest(words=words):
                run = self.dial("127.0.0.1", 9, *words)
                self.assert_status(run, 1)
                self.assertEqual(run.stdout, "", run.describe())
                self.assertIn(flag, run.stderr, run.describe())
                if len(words) == 2:
                    self.assertIn(words[1], run.stderr, run.describe())

    def test_ports(self):
        for port in ("0", "70000", "abc", "-1", ""):
            with self.subTest(port=port):
                run = self.run_tcpgoon("run", "-y", "--", "127.0.0.1", port)
                self.assert_status(run, 1)
                self.assertEqual(run.stdout, "", run.describe())
                self.assertRegex(run.stderr, "(?i)port")

    def test_number_of_arguments(self):
        too_few = "run needs a host and a port, as in 'tcpgoon run example.org 80'"
        too_many = "run takes a host and a port, but was also given '90'"
        for words, sentence in (([], too_few), (["127.0.0.1"], too_few),
                                (["127.0.0.1", "80", "90"], too_many)):
            with self.subTest(words=words):
                run = self.run_tcpgoon("run", "-y", *words)
                self.assert_status(run, 1)
                self.assertEqual(run.stdout, "")
                self.assertEqual(run.stderr,
                                 f"tcpgoon: {sentence}\nSee 'tcpgoon run --help'.\n")

    def test_flags_of_server(self):
        for words, flag in ((["-p", "abc"], "--port"), (["-p", "70000"], "--port"),
                            (["-m", "-1"], "--maxconnections"), (["-d", "x"], "--duration"),
                            (["--listen", "nowhere"], "--listen"),
                            (["--backlog", "no"], "--backlog"),
                            (["--behave", "badly"], "--behave: 'badly' is not a behaviour: --help lists "
                             "them\nSee 'tcpgoon server --help'.\n"),
                            (["--engine", "kqueue"], "--engine: 'kqueue' is not one of "
                             "auto|io_uring|epoll")):
            with self.subTest(words=words):
                server = self.run_tcpgoon("server", *words)
                self.assert_status(server, 1)
                self.assertIn(flag, server.stderr, server.describe())

    def test_what_was_meant(self):
        for words, question in (
                (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
                (["--hlep"], "unknown flag '--hlep'; did you mean '--help'?"),
                (["help", "paln"], "there is no command 'paln'; did you mean 'plan'?"),
                (["run", "--conections=5"], "did you mean '--connections'?"),
                (["run", "--close", "rts"], "'rts' is not one of fin|rst; did you mean 'rst'?"),
                (["run", "h", "1", "-y", "-o", "jsn=x"], "; did you mean 'json'?"),
                (["run", "h", "1", "-y", "--fail-if", "error>1"], "; did you mean 'errors'?"),
                (["run", "h", "1", "-y", "--fail-if", "connect.p98>1s"],
                 "; did you mean 'p90'?")):
            with self.subTest(words=words):
                run = self.run_tcpgoon(*words)
                self.assert_status(run, 1)
                self.assertEqual(run.stdout, "")
                self.assertIn(question, run.stderr, run.describe())

    def test_unknown_command(self):
        run = self.run_tcpgoon("fly")
        self.assert_status(run, 1)
        self.assertEqual(run.stderr,
                         "tcpgoon: unknown command 'fly'\nSee 'tcpgoon --help'.\n")


class Information(harness.Case):
    def test_version(self):
        run = self.run_tcpgoon("version")
        self.assert_status(run, 0)
        self.assertRegex(run.stdout, r"\Atcpgoon \d+\.\d+\.\d+\n")

    def test_help_names_all_flags_of_run(self):
        """Those that the completion offers, made from the same table in another way."""
        run = self.run_tcpgoon("help", "run")
        self.assert_status(run, 0)
        offered = complete(self, "run", "--")
        self.assertIn("--connections", offered)
        self.assertGreater(len(offered), 12)
        for flag in offered:
            self.assertRegex(run.stdout, rf"(?m)^  +(-\w, )?{flag}( |$)")

    def test_first_steps(self):
        """The name alone is answered with what to type next: commands that there are."""
        run = self.run_tcpgoon()
        self.assert_status(run, 0)
        self.assertEqual(run.stderr, "")
        self.assertLess(len(run.stdout.splitlines()), 12)
        steps = re.findall(r"(?m)^  tcpgoon (\w+)((?: \S+)*)  ", run.stdout)
        self.assertEqual([name for name, _ in steps], ["demo", "doctor", "plan", "run"])
        listed = self.run_tcpgoon("help").stdout
        for name, words in steps:
            self.assertRegex(listed, rf"(?m)^  {name} ")
            # With --help behind it, nothing is dialed and all that precedes it is read.
            self.assert_status(self.run_tcpgoon(name, *words.split(), "--help"), 0)

    def test_help_names_all_commands(self):
        for words in (["help"], ["--help"]):
            run = self.run_tcpgoon(*words)
            self.assert_status(run, 0)
            for command in ("run", "server", "demo", "version", "help"):
                self.assertRegex(run.stdout, rf"(?m)^\s+{command}\s")


@harness.requires("bash")
class BashCompletion(harness.Case):
    def test_values(self):
        both = ["fin", "rst"]
        files = ["a b", "result.json"]
        for words, offered in (
                (["run", "--close", ""], both),
                (["run", "--close", "r"], ["rst"]),
                (["run", "--close", "="], both),
                (["run", "--close", "=", "f"], ["fin"]),
                (["plan", "-y", "--resolve", ""], ["all", "first"]),
                (["demo", "--resolve", ""], None),
                (["run", "--hold", ""], [""]),
                (["run", "--hold", "=", ""], [""]),
                (["run", "-o", "js"], ["json="]),
                (["run", "--output", "=", "js"], ["json="]),
                (["run", "-o", "json", "="], files),
                (["run", "-o", "json", "=", "res"], ["result.json"]),
                (["run", "--output", "=", "json", "=", "a"], ["a b"]),
                (["run", "--clo"], ["--close"]),
                (["completion", ""], None)):
            with self.subTest(words=words):
                result = complete(self, *words)
                if offered is None:
                    self.assertGreater(len(result), 2)
                    self.assertNotIn("first", result)
                else:
                    self.assertEqual(result, offered)


class Question(harness.Case):
    def ask(self, port, answer):
        """A run started at a terminal without -y, and what the person there sees."""
        keyboard, terminal = pty.openpty()
        self.addCleanup(os.close, keyboard)
        run = self.tcpgoon("run", "127.0.0.1", port, "-c", "3", "-s", "0", stdin=terminal)
        os.close(terminal)
        harness.wait_until(lambda: "(y/N)" in run.stderr, "the question")
        os.write(keyboard, answer)
        run.wait()
        return run

    def test_without_a_terminal(self):
        run = self.run_tcpgoon("run", "127.0.0.1", 9, "-c", "1")
        self.assert_status(run, 1)
        self.assertIn("-y", run.stderr, run.describe())

    def test_box_and_yes(self):
        _, port = self.serve()
        run = self.ask(port, b"y\n")
        self.assert_status(run, 0)
        # The standard output is a file here: the person sees nothing of it.
        self.report_of(run)
        shown = run.stderr
        box = shown[:shown.index("Do you want to continue? (y/N): ")]
        self.assertRegex(box, r"\A\*{10,}.*\*{10,}\n(\*.*\n)+\*{10,}\n\Z")
        for word in ("127.0.0.1", str(port), "3"):
            self.assertRegex(box, rf": {re.escape(word)}\b")
        self.assertIn("Total established connections: 3\n", run.stdout)

    def test_standard_output_on_the_terminal_too(self):
        _, port = self.serve()
        keyboard, terminal = pty.openpty()
        self.addCleanup(os.close, keyboard)
        errors = tempfile.TemporaryFile()
        self.addCleanup(errors.close)
        run = subprocess.Popen(
            [harness.TCPGOON, "run", "127.0.0.1", str(port), "-c", "3", "-s", "0"],
            stdin=terminal, stdout=terminal, stderr=errors)
        self.addCleanup(run.kill)
        os.close(terminal)
        os.write(keyboard, b" y \n")
        shown = b""
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while select.select([keyboard], [], [], harness.PATIENCE_S)[0]:
                shown += os.read(keyboard, 65536)
        self.assertEqual(run.wait(harness.PATIENCE_S), 0)
        self.assertIn(b"(y/N)", shown)
        self.assertIn(b"Total established connections: 3\r\n", shown)
        errors.seek(0)
        self.assertEqual(errors.read(), b"")

    def test_everything_else_means_no(self):
        _, port = self.serve()
        for answer in (b"n\n", b"\n", b"perhaps\nn\n", b"\x04"):
            with self.subTest(answer=answer):
                run = self.ask(port, answer)
                self.assert_status(run, 1)
                self.assertEqual(run.stdout, "")
        self.assertIn("Not confirmed", run.stderr)


if __name__ == "__main__":
    harness.main()
