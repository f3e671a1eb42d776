# SPDX-License-Identifier: MIT
"""The exit status is said by the text, by each report and by the process. Whatever fails last, none
of them says another than the process does."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import unittest

import harness

YESTERDAY = '{"verdict": {"exit_status": 0}}\n'


class LastWordCase(harness.Case):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="tcpgoon-last-word-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.clear()

    def clear(self):
        for name in os.listdir(self.directory):
            os.unlink(self.at(name))

    def at(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with contextlib.suppress(FileNotFoundError):
            return pathlib.Path(self.at(name)).read_text(encoding="utf-8", errors="replace")
        return ""

    def said_in(self, text):
        """The statuses that a text or a report says; none where it breaks off before."""
        if text.startswith('{"type":'):
            with contextlib.suppress(ValueError):
                last = json.loads(text.splitlines()[-1])
                return {last["exit_status"], last["result"]["verdict"]["exit_status"]} if (
                    last["type"] == "end") else set()
            return set()
        if text.lstrip().startswith("{"):
            with contextlib.suppress(ValueError):
                return {json.loads(text)["verdict"]["exit_status"]}
            return set()
        return {int(number) for number in re.findall(r"Exit status (\d)", text)}

    def assert_truth(self, status, texts, run=None):
        """`texts`: each with what wrote it. At least one of them says the status."""
        said = {name: self.said_in(text) for name, text in texts.items()}
        note = f"{said}, the process exited with {status}"
        if run is not None:
            note += "\n" + run.describe()
        for statuses in said.values():
            self.assertIn(statuses, (set(), {status}), note)
        return said

    def shell(self, line, **options):
        run = self.start("bash", "-c", f"cd {self.directory} || exit; {line}", harness.TCPGOON,
                         **options)
        run.wait()
        return run

    def texts(self, run):
        texts = {name: self.read(name) for name in os.listdir(self.directory)
                 if not name.startswith("pipe")}
        return {**texts, "stdout": run.stdout, "stderr": run.stderr}


# Descriptor 7, whose reader has left.
GONE = "exec 7> >(exec true); wait $!; "


class Surfaces(LastWordCase):
    # name, redirections and outputs, exit status, which still say it
    ROWS = (
        ("all well", "-o json=z > out", 0, {"z", "out"}),
        ("standard output full", "-o json=z > /dev/full", 1, {"z"}),
        ("standard output full, alone", "> /dev/full", 1, set()),
        ("standard output closed", "-o json=z >&-", 1, {"z"}),
        ("its reader gone", "-o json=z >&7", 1, {"z"}),
        ("one report full", "-o json=/dev/full -o json=z > out", 1, {"z", "out"}),
        ("the other one full", "-o json=z -o json=/dev/full > out", 1, {"z", "out"}),
        ("one of three full", "-o json=z -o json=/dev/full -o json=y > out", 1,
         {"y", "z", "out"}),
        ("report on standard output, full", "-o json=- > /dev/full 2> err", 1, {"err"}),
        ("the same beside a file", "-o json=- -o json=z > /dev/full 2> err", 1, {"z", "err"}),
        ("report on standard output, text full", "-o json=- > out 2> /dev/full", 1, {"out"}),
        ("report on standard output, text's reader gone", "-o json=- > out 2>&7", 1, {"out"}),
        ("report on standard output, text closed", "-o json=- > out 2>&-", 1, {"out"}),
        ("report on standard output, reader gone", "-o json=- -o json=z >&7 2> err", 1,
         {"z", "err"}),
        ("report on standard error, full", "-o json=/dev/stderr > out 2> /dev/full", 1, {"out"}),
        ("messages' standard error full", "-d -o json=z > out 2> /dev/full", 0, {"z", "out"}),
        ("messages' standard error closed", "-d -o json=z > out 2>&-", 0, {"z", "out"}),
        ("messages' reader gone", "-d -o json=z > out 2>&7", 0, {"z", "out"}),
        ("a crossed threshold gives way", "-o json=z --fail-if 'established>0' > /dev/full", 1,
         {"z"}),
        ("lines in a file", "-o ndjson=n -o json=z > out", 0, {"n", "z", "out"}),
        ("lines in a file, text full", "-o ndjson=n -o json=z > /dev/full", 1, {"n", "z"}),
        ("lines in a file, another report full", "-o ndjson=n -o json=/dev/full > out", 1,
         {"n", "out"}),
        ("the other way round", "-o json=/dev/full -o ndjson=n > out", 1, {"n", "out"}),
        ("lines on a full device", "-o ndjson=/dev/full -o json=z > out", 1, {"z", "out"}),
        ("lines on standard output", "-o ndjson=- -o json=z > out 2> err", 0,
         {"out", "z", "err"}),
        ("lines whose reader is gone", "-o ndjson=- -o json=z >&7 2> err", 1, {"z", "err"}),
        ("connections on a full device", "-o connections=/dev/full -o ndjson=n -o json=z > out", 1,
         {"n", "z", "out"}),
        ("two reports and the text", "-o json=z -o json=- > out 2> err", 0, {"z", "out", "err"}),
    )

    def test_rows(self):
        _, port = self.serve()
        for name, words, status, speakers in self.ROWS:
            with self.subTest(name):
                self.clear()
                run = self.shell(f'{GONE}"$0" run 127.0.0.1 {port} -y -c 5 -s 0 {words}')
                self.assert_status(run, status)
                said = self.assert_truth(status, self.texts(run), run)
                for speaker in speakers:
                    self.assertEqual(said[speaker], {status}, run.describe())

    def test_reader_of_the_text_gone_and_nothing_else_asked_for(self):
        """The run ends as any program in a pipe does, at its next line."""
        _, port = self.serve()
        run = self.shell(f'"$0" run 127.0.0.1 {port} -y -c 5 -s 0 --hold 1h -i 100ms | head -n 2 '
                         '> out; exit "${PIPESTATUS[0]}"')
        self.assert_status(run, 128 + signal.SIGPIPE)
        self.assertEqual(run.stderr, "tcpgoon: Holding 5 connections for 1h0m0s\n")

    def test_reader_of_the_messages_gone(self):
        """Then the text is all there."""
        _, port = self.serve()
        run = self.shell(f'{GONE}"$0" run 127.0.0.1 {port} -y -c 5 -s 0 --hold 1s 2>&7')
        self.assert_status(run, 0)
        self.report_of(run)

    def test_failures_are_given_as_reasons(self):
        _, port = self.serve()
        for words, reason in (("-o json=z > /dev/full", "The text could not be written: No space"),
                              ("-o json=z -o json=/dev/full > out",
                               "The report '/dev/full' cannot be written: No space")):
            self.clear()
            self.shell(f'"$0" run 127.0.0.1 {port} -y -c 5 -s 0 {words}')
            verdict = json.loads(self.read("z"))["verdict"]
            self.assertTrue(any(line.startswith(reason) for line in verdict["reasons"]), verdict)
            self.assertNotIn("All went well.", verdict["reasons"])

    def test_readers_that_leave_in_the_middle(self):
        """After any number of bytes: what was read never says another status."""
        _, port = self.serve()
        for count in (1, 100, 300, 500, 700, 900, 1100, 2000, 6000):
            for line in (f'"$0" run 127.0.0.1 {port} -y -c 5 -s 0 -o json=z | head -c {count} > out',
                         f'"$0" run 127.0.0.1 {port} -y -c 5 -s 0 -o json=- -o json=z 2> err '
                         f"| head -c {count} > out"):
                with self.subTest(count=count, line=line):
                    self.clear()
                    run = self.shell(line + '; exit "${PIPESTATUS[0]}"')
                    said = self.assert_truth(run.status, self.texts(run), run)
                    self.assertEqual(said["z"], {run.status}, run.describe())

    def test_named_pipe_whose_reader_leaves(self):
        _, port = self.serve()
        os.mkfifo(self.at("pipe"))
        run = self.shell(f'true < pipe & "$0" run 127.0.0.1 {port} -y -c 500 -s 0 '
                         "-o json=pipe -o json=z --hold 1s > out")
        self.assert_status(run, 1)
        said = self.assert_truth(1, self.texts(run), run)
        self.assertEqual((said["z"], said["out"]), ({1}, {1}))

    @unittest.skipIf(os.getuid() != 0, "needs root to mount")
    def test_disk_that_fills_up(self):
        """A file of one's own on a full disk keeps the old report; all others say 1."""
        _, port = self.serve()
        run = self.start(
            "unshare", "-m", "bash", "-c",
            f"cd {self.directory} && mkdir small && mount -t tmpfs -o size=16k none small && "
            f"echo '{YESTERDAY.strip()}' > small/y; head -c 1m /dev/zero > small/fill 2> /dev/null;"
            f'"$0" run 127.0.0.1 {port} -y -c 5 -s 0 -o json=z -o json=small/y > out; status=$?; '
            "cp small/y y; umount small; rmdir small; exit $status", harness.TCPGOON)
        run.wait()
        self.assert_status(run, 1)
        self.assertEqual(self.read("y"), YESTERDAY)
        os.unlink(self.at("y"))
        said = self.assert_truth(1, self.texts(run), run)
        self.assertEqual((said["z"], said["out"]), ({1}, {1}))


    @unittest.skipIf(os.getuid() != 0, "needs root to mount")
    def test_disk_that_fills_up_while_lines_are_written(self):
        """They break off before their end; all others say 1."""
        _, port = self.serve()
        run = self.start(
            "unshare", "-m", "bash", "-c",
            f"cd {self.directory} && mkdir small && mount -t tmpfs -o size=16k none small && "
            f'"$0" run 127.0.0.1 {port} -y -c 5 -s 0 -o json=z -o ndjson=small/n --hold 2s -i 10ms '
            "> out; status=$?; cp small/n n; umount small; rmdir small; exit $status",
            harness.TCPGOON)
        run.wait()
        self.assert_status(run, 1)
        self.assertIn("No space left on device", run.stderr)
        said = self.assert_truth(1, self.texts(run), run)
        self.assertEqual((said["z"], said["out"], said["n"]), ({1}, {1}, set()))
        self.assertTrue(self.read("n").startswith('{"type":"begin",'))


class Demo(LastWordCase):
    def child_of(self, demo):
        def find():
            others = [pid for pid in harness.processes_of(os.path.realpath(harness.TCPGOON))
                      if pid != demo.pid]
            return others[0] if others else None
        return harness.wait_until(find, "the demo's server")

    def start_demo(self, *argv):
        demo = self.tcpgoon("demo", "-c", "20", "-o", f"json={self.at('z')}", *argv)
        child = self.child_of(demo)
        harness.wait_until(lambda: harness.sockets(harness.TCP_ESTABLISHED) == 40,
                           "20 connections")
        return demo, child

    def test_server_dies(self):
        demo, child = self.start_demo("--hold", "30s")
        os.kill(child, signal.SIGKILL)
        demo.wait()
        self.assert_status(demo, 1)
        said = self.assert_truth(1, self.texts(demo), demo)
        self.assertEqual((said["z"], said["stdout"]), ({1}, {1}), demo.describe())
        self.assertIn("died unexpectedly", demo.stderr)

    def test_server_dies_and_nothing_else_fails(self):
        """The run was through: only the server is missing at the end."""
        demo, child = self.start_demo("--hold", "30s", "--fail-if", "errors>0")
        os.kill(child, signal.SIGSTOP)
        demo.send(signal.SIGSTOP)
        os.kill(child, signal.SIGKILL)
        demo.send(signal.SIGCONT)
        demo.wait()
        self.assert_status(demo, 1)
        said = self.assert_truth(1, self.texts(demo), demo)
        self.assertEqual((said["z"], said["stdout"]), ({1}, {1}), demo.describe())

    def test_server_stopped(self):
        """It goes on to its end, and what it has counted is there."""
        demo, child = self.start_demo("--hold", "3s")
        os.kill(child, signal.SIGSTOP)
        self.assertEqual(demo.wait(), 0, demo.describe())
        said = self.assert_truth(0, self.texts(demo), demo)
        self.assertEqual((said["z"], said["stdout"]), ({0}, {0}), demo.describe())
        self.assertTrue(demo.stdout.splitlines()[-1].startswith("Server: accepted 20,"),
                        demo.stdout)

    def test_standard_output_full(self):
        run = self.shell('"$0" demo -c 20 -o json=z > /dev/full')
        self.assert_status(run, 1)
        self.assertEqual(self.assert_truth(1, self.texts(run), run)["z"], {1})


if __name__ == "__main__":
    harness.main()
