# SPDX-License-Identifier: MIT
"""Words as they are typed: shown so that they can be read, and read for what they are."""

import os
import pty
import re
import resource
import subprocess
import tempfile

import harness
from test_field_names import NamesCase

ESC = "\x1b"


def raw_characters(text):
    """What a terminal would obey or not understand."""
    return re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufffd]",
                      text)


class Shown(NamesCase):
    def test_messages(self):
        port = str(self.serve()[1])
        here = ["127.0.0.1", port]
        rows = [
            # words, what is shown, lines
            (["run", "a\r\nb", "80", "-y"], r"host 'a\r\nb' is not a name: names have no '\r'", 1),
            (["run", f"a{ESC}[2Jb", "80", "-y"], r"host 'a\x1b[2Jb' is not a name", 1),
            (["run", "a\u202egpj.exe", "80", "-y"], r"host 'a\u202egpj.exe' is not an inter", 1),
            (["run", "a\u200bb", "80", "-y"], r"host 'a\u200bb", 1),
            (["run", b"h\xfc\xff.test", "80", "-y"], r"host 'h\xfc\xff.test' cannot be resolved", 1),
            (["run", "h", f"8{ESC}[1m0"], r"port '8\x1b[1m0' is not a number", 1),
            (["run", *here, "extra\nline"], r"was also given 'extra\nline'", 2),
            (["run", *here, "-c", "1\r0"], r"'1\r0' is not", 2),
            (["run", *here, "--close", "\a"], r"'\x07' is not one of fin|rst", 2),
            (["run", *here, f"--{ESC}]0;x\a"], r"unknown flag '--\x1b]0;x\x07'", 2),
            (["run", *here, f"-{ESC}"], r"unknown flag '-\x1b'", 2),
            (["run", *here, "-y", "--source", "\x9b1m"], r"'\u009b1m' is not an address", 1),
            (["run", *here, "-y", "--source-port", "1\t2"], r"'1\t2'", 1),
            (["run", *here, "-y", "-o", f"json=/no/{ESC}[1m/x"], r"'/no/\x1b[1m/x'", None),
            (["run", *here, "-y", "-o", f"{ESC}[1m=x"], r"\x1b[1m", None),
            (["server", "--listen", "\r"], r"--listen: '\r' is not", 1),
            ([f"fl{ESC}[1my"], r"unknown command 'fl\x1b[1my'", 2),
            (["help", "\n"], r"'\n'", None),
            (["completion", "\r"], r"'\r'", None),
        ]
        for words, shown, lines in rows:
            with self.subTest(words=words):
                run = self.start_raw([harness.TCPGOON, *words])
                self.assertEqual(run.returncode, 1, run.stderr)
                self.assertEqual(run.stdout, b"")
                text = run.stderr.decode()
                self.assertEqual(raw_characters(text), [], text)
                self.assertIn(shown, text)
                if lines is not None:
                    self.assertEqual(text.count("\n"), lines, text)

    def start_raw(self, argv):
        """Arguments may be bytes."""
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=15,
                              preexec_fn=self.with_files(hosts=b"127.0.0.1 localhost\n",
                                                         resolv=b"nameserver 127.0.0.99\n"),
                              check=False)

    def test_caret(self):
        """It stands below the place that is meant, whatever a word takes on the screen."""
        for text, shown, column in (
                ("errors>x", "errors>x", 7),
                (f"{ESC}[1merrors>1", r"\x1b[1merrors>1", 0),
                (f"errors>{ESC}[1m1", r"errors>\x1b[1m1", 7),
                (f"errors {ESC}> 1", r"errors \x1b> 1", 7),
                ("errors>\r\n1x", r"errors>\r\n1x", 7),
                ("connect.p99\u202e>1", r"connect.p99\u202e>1", 11),
                ("\t errors>>1", "  errors>>1", 8)):
            with self.subTest(text=text):
                run = self.run_tcpgoon("run", "127.0.0.1", "9", "-y", "--fail-if", text)
                self.assert_status(run, 1)
                lines = run.stderr.splitlines()
                self.assertEqual(len(lines), 4, run.stderr)
                self.assertEqual(lines[1], "  " + shown)
                self.assertEqual(lines[2][:column + 4], "  " + " " * column + "^ ")
                self.assertEqual(raw_characters(run.stderr), [])

    def test_what_is_too_long_keeps_its_end(self):
        for words, head, tail in (
                (["x" * 5000, "80"], "tcpgoon: host 'xxx", "a name has at most 253"),
                (["127.0.0.1", "9" * 5000], "tcpgoon: port '999", "8000,8001"),
                (["127.0.0.1", "80", "--source", "\n" * 2000], "tcpgoon: --source: '\\n\\n",
                 "a range like 10.0.0.1-10.0.0.9")):
            run = self.run_tcpgoon("run", *words, "-y")
            self.assert_status(run, 1)
            self.assertTrue(run.stderr.startswith(head), run.stderr)
            self.assertIn("...", run.stderr)
            self.assertTrue(run.stderr.rstrip("\n").endswith(tail), run.stderr)
            self.assertLess(len(run.stderr), 1100)

    def test_box_report_and_json(self):
        """A host whose name is no UTF-8, as hosts(5) may have it."""
        port, _ = self.listen("127.0.0.1")
        prepare = self.with_files(hosts=b"127.0.0.1 h\xff\xfe.test\n")
        host = os.fsdecode(b"h\xff\xfe.test")
        keyboard, terminal = pty.openpty()
        self.addCleanup(os.close, keyboard)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "result.json")
        run = self.tcpgoon("run", host, port, "-c", "3", "-s", "0", "-o", f"json={path}",
                           "--fail-if", "\terrors>0", stdin=terminal, prepare=prepare)
        run.result_path = path
        os.close(terminal)
        harness.wait_until(lambda: "(y/N)" in run.stderr, "the question")
        self.assertIn("*\t- Host: h\\xff\\xfe.test\n", run.stderr)
        os.write(keyboard, b"y\n")
        run.wait()
        self.assert_status(run, 0)
        self.assertIn(f"--- h\\xff\\xfe.test(127.0.0.1):{port} tcp test", run.stdout)
        self.assertIn("Threshold \\terrors>0: kept, it was 0\n", run.stdout)
        self.assertEqual(raw_characters(run.stdout), [])
        self.assertEqual(self.result_of(run)["target"]["host"], "h\\xff\\xfe.test")


class Recognised(NamesCase):
    def test_host_and_port_as_one(self):
        rows = [
            (["localhost:8080"], "a host with its port", "localhost 8080"),
            (["localhost:8080", "9090"], "a host with its port", "localhost 9090"),
            (["[::1]:8080"], "a host with its port", "::1 8080"),
            (["[::1]:8080", "80"], "a host with its port", "::1 80"),
            (["h:80", "80"], "a host with its port", "h 80"),
            (["http://localhost"], "a URL", "localhost 80"),
            (["https://localhost/"], "a URL", "localhost 443"),
            (["http://h:81/path"], "a URL", "h 81"),
            (["http://h:80/path", "80"], "a URL", "h 80"),
            (["tcp://127.0.0.1:81"], "a URL", "127.0.0.1 81"),
            (["HTTP://h"], "a URL", "h 80"),
            (["gopher://h"], "a URL", "h <port>"),
            (["[fe80::1%25lo]:81"], "a host with its port", "fe80::1%lo 81"),
            (["user@h", "22"], "more than a host", "h 22"),
            (["h/path", "80"], "more than a host", "h 80"),
        ]
        for command in ("run", "plan"):
            for words, kind, call in rows:
                with self.subTest(command=command, words=words):
                    run = self.run_tcpgoon(command, *words)
                    self.assert_status(run, 1)
                    self.assertIn(f"'{words[0]}' is {kind}; {command} takes host and port "
                                  f"separately: give 'tcpgoon {command} {call}'\n", run.stderr)

    def test_what_is_wrong_is_said_before_that_nobody_can_be_asked(self):
        rows = [
            (["localhost", "99999"], "port '99999' is not a number from 1 to 65535"),
            (["localhost", "0"], "port '0' is not a number"),
            (["localhost", "+80"], "port '+80' is not a number"),
            (["localhost", "http"], "port 'http' is the name of a service: give its number, 80"),
            (["localhost", "nonesuch"], "port 'nonesuch' is not a number"),
            (["", "80"], "the host is empty"),
            ([" ", "80"], "host ' ' contains a blank"),
            (["local host", "80"], "contains a blank"),
            (["256.0.0.1", "80"], "host '256.0.0.1' is not an IPv4 address"),
            (["127.0.0.1.", "80"], "is not an IPv4 address"),
            (["1:2:3", "80"], "host '1:2:3' is not an IPv6 address"),
            (["[localhost]", "80"], "nothing else may be in brackets"),
            (["a..b", "80"], "it has nothing before one of its dots"),
            (["a" * 64 + ".test", "80"], "has 64 characters; a part has at most 63"),
            ([".".join(["abcdefghi"] * 26), "80"], "has 259 characters"),
            (["nobody.test", "80"], "host 'nobody.test' cannot be resolved"),
            (["müller.test", "80"],
             "host 'müller.test' (that is xn--mller-kva.test) cannot be resolved"),
            (["a\u2024b\u3002", "80"], "host 'a"),
            (["localhost", "80", "--source", "x"], "--source: 'x' is not an address"),
            (["localhost", "80", "--source-port", "70000"], "--source-port"),
            (["localhost", "80", "--fail-if", "x"], "--fail-if"),
            (["localhost", "80", "-4", "-6"], "-4, --ipv4 and -6, --ipv6 together leave no address"),
            (["localhost", "80", "-o", "xml=x"], "xml"),
        ]
        for words, sentence in rows:
            with self.subTest(words=words):
                run = self.run_tcpgoon("run", *words, prepare=self.with_files(
                    hosts=b"127.0.0.1 localhost\n", resolv=b"nameserver 127.0.0.99\n"))
                self.assert_status(run, 1)
                self.assertIn(sentence, run.stderr)
                self.assertNotIn("terminal", run.stderr)
        run = self.run_tcpgoon("run", "127.0.0.1", "80")
        self.assert_explained(run, "standard input is not a terminal")

    def test_a_name_may_end_in_a_dot_and_begin_with_a_line(self):
        port, _ = self.listen("127.0.0.1")
        for name in ("_x.test", "a-b.test", "1a.test"):
            run = self.run_tcpgoon("run", name, port, "-y", "-c", "3", "-s", "0",
                                   prepare=self.with_files(hosts=f"127.0.0.1 {name}\n".encode()))
            self.assert_status(run, 0)


@harness.left_out_unless_measuring
class SmallStack(harness.Case):
    def test_64_kib(self):
        port = self.serve()[1]

        def prepare():
            resource.setrlimit(resource.RLIMIT_STACK, (65536, 65536))
        env = {"PATH": os.environ["PATH"]}
        for words, status in ((["plan", "127.0.0.1", "80-9000"], 0),
                              (["demo", "-c", "300", "--hold", "1s", "--fail-if", "errors>0"], 0),
                              (["run", "127.0.0.1", f"9,{port}", "-y", "-c", "40", "-s", "0"], 2),
                              (["run", "localhost", port, "-y", "-c", "40", "-s", "0", "-4",
                                "-o", "json=/dev/null"], 0),
                              (["server", "-p", self.free_port(), "-m", "0", "-d", "1"], 0)):
            with self.subTest(words=words):
                run = self.run_tcpgoon(*words, prepare=prepare, env=env)
                self.assert_status(run, status)


if __name__ == "__main__":
    harness.main()
