# SPDX-License-Identifier: MIT
"""A name is more than its first address: which is dialled, and what a look-up may take."""

import contextlib
import ctypes
import os
import pty
import signal
import socket
import struct
import tempfile
import threading

import harness

CLONE_NEWNS = 0x20000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

BOTH = b"::1 both.test localhost\n127.0.0.1 both.test localhost\n"


class NamesCase(harness.Case):
    def with_files(self, **files):
        """`prepare` for a program that sees these files of ours in /etc, and nobody else does."""
        paths = {}
        for name, content in {"nsswitch": b"hosts: files dns\n", **files}.items():
            file = tempfile.NamedTemporaryFile()
            self.addCleanup(file.close)
            file.write(content)
            file.flush()
            os.chmod(file.name, 0o644)
            target = {"hosts": "/etc/hosts", "resolv": "/etc/resolv.conf",
                      "nsswitch": "/etc/nsswitch.conf"}[name]
            paths[os.path.realpath(target).encode()] = file.name.encode()

        def mount(source, target, flags):
            if harness.libc.mount(source, target, None, ctypes.c_ulong(flags), None) != 0:
                raise OSError(ctypes.get_errno(), "mount", target)

        def prepare():
            if harness.libc.unshare(CLONE_NEWNS) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            mount(b"none", b"/", MS_REC | MS_PRIVATE)
            for target, source in paths.items():
                if os.path.exists(target):
                    mount(source, target, MS_BIND)
        return prepare

    def listen(self, address, port=0):
        """A server that accepts; (port, list of what it has accepted)."""
        accepted = []
        return self.serve_in_python(accepted.append, address=address, port=port), accepted

    def notes_of(self, program):
        return [line.removeprefix("tcpgoon: ") for line in program.stderr.splitlines()]


class Choice(NamesCase):
    def check(self, host, *argv, on, status, address, notes, hosts=BOTH, port=None):
        port = port or self.free_port()
        for listener in on:
            self.listen(listener, port)
        run, result = self.dial_for_result(
            host, port, "-c", "20", "-s", "0", *argv, prepare=self.with_files(hosts=hosts))
        self.assert_status(run, status)
        self.assertEqual(result["target"]["address"], address, run.describe())
        self.assertEqual(self.notes_of(run), notes, run.describe())
        self.assertEqual(result["connections"]["requested"], 20)
        if status == 0:
            self.assertEqual(result["connections"]["established"], 20)
        shown = host if host == address else f"{host}({address})"
        self.assertEqual(self.report_of(run).target, f"{shown}:{port}")
        return result

    def test_first_that_answers(self):
        rows = [
            # listeners, flags, status, address, notes
            (["127.0.0.1"], [], 0, "127.0.0.1", ["{}: ::1 refused, using 127.0.0.1"]),
            (["::1"], [], 0, "::1", []),
            (["::1", "127.0.0.1"], [], 0, "::1", []),
            ([], [], 2, "::1", ["{}: none of its 2 addresses answers (::1 refused, "
                                "127.0.0.1 refused), using ::1"]),
            (["127.0.0.1"], ["-4"], 0, "127.0.0.1", []),
            (["127.0.0.1"], ["--ipv4"], 0, "127.0.0.1", []),
            (["127.0.0.1"], ["-6"], 2, "::1", []),
            (["::1", "127.0.0.1"], ["--ipv6=true", "-4=false"], 0, "::1", []),
            (["127.0.0.1"], ["--source", "127.0.0.1"], 0, "127.0.0.1",
             ["{}: left out ::1 (no --source is an IPv6 address)"]),
            (["::1"], ["--source", "::1"], 0, "::1",
             ["{}: left out 127.0.0.1 (no --source is an IPv4 address)"]),
            (["127.0.0.1"], ["--source", "::1", "--source", "127.0.0.1"], 0, "127.0.0.1",
             ["{}: ::1 refused, using 127.0.0.1"]),
            (["127.0.0.1"], ["--close", "rst"], 0, "127.0.0.1",
             ["{}: ::1 refused, using 127.0.0.1"]),
        ]
        for name in ("localhost", "both.test"):
            for on, flags, status, address, notes in rows:
                with self.subTest(name=name, on=on, flags=flags):
                    self.check(name, *flags, on=on, status=status, address=address,
                               notes=[note.format(name) for note in notes])

    def test_silent_address(self):
        """One that drops SYNs costs the dial timeout, once, and then the next is the target."""
        port = self.free_port()
        self.filter_input(f"ip6 daddr ::1 tcp dport {port} drop")
        self.check("both.test", "-t", "300ms", on=["127.0.0.1"], status=0, port=port,
                   address="127.0.0.1",
                   notes=["both.test: ::1 silent for 300ms, using 127.0.0.1"])

    def test_signals_while_addresses_are_tried(self):
        port = self.free_port()
        table = self.filter_input(f"ip6 daddr ::1 tcp dport {port} counter drop")
        for number in (signal.SIGINT, signal.SIGTERM):
            before = self.counted(table)
            run = self.tcpgoon("run", "both.test", port, "-y", prepare=self.with_files(hosts=BOTH))
            harness.wait_until(lambda: self.counted(table) > before, "a SYN")
            run.send(number)
            self.assertEqual(run.wait(), -number)

    def test_rejected_address(self):
        port = self.free_port()
        self.filter_input(f"ip6 daddr ::1 tcp dport {port} reject with icmpv6 type no-route")
        self.listen("127.0.0.1", port)
        run = self.run_tcpgoon("run", "both.test", port, "-y", "-c", "5", "-s", "0",
                               prepare=self.with_files(hosts=BOTH))
        self.assert_status(run, 0)
        # On loopback the kernel heeds it at the second SYN, after a second: a line says that too.
        self.assertEqual(self.notes_of(run)[-1], "both.test: ::1 unreachable, using 127.0.0.1")

    def test_out_of_reach(self):
        """What no route leads to is left out, unless that is all there is."""
        hosts = b"2001:db8::9 far.test\n192.0.2.9 far.test\n127.0.0.1 far.test\n"
        self.check("far.test", on=["127.0.0.1"], status=0, address="127.0.0.1", hosts=hosts,
                   notes=["far.test: left out 2001:db8::9 (no route), 192.0.2.9 (no route)"])

    def test_one_port_of_several(self):
        """An address answers when one of the ports does."""
        port = self.free_port()
        self.listen("127.0.0.1", port + 1)
        self.free_port()
        run, result = self.dial_for_result(
            "both.test", f"{port}-{port + 1}", "-c", "20", "-s", "0",
            prepare=self.with_files(hosts=BOTH))
        self.assert_status(run, 2)
        self.assertEqual(result["target"]["address"], "127.0.0.1")
        self.assertEqual(result["connections"]["established"], 10)

    def test_all(self):
        """All addresses in turns are asked for: nothing is tried, both are dialled."""
        port = self.free_port()
        accepted = self.listen("127.0.0.1", port)[1]
        run, result = self.dial_for_result("both.test", port, "-c", "20", "-s", "0", "--resolve",
                                           "all", prepare=self.with_files(hosts=BOTH))
        self.assert_status(run, 2)
        self.assertEqual(self.notes_of(run), [])
        self.assertEqual(result["connections"]["established"], 10)
        self.assertEqual([target["address"] for target in result["targets"]],
                         ["::1", "127.0.0.1"])
        harness.wait_until(lambda: len(accepted) == 10, "ten connections")

    def test_cost(self):
        """A connection more than the run's where there is a choice, none where there is none."""
        for hosts, more in ((BOTH, 1), (b"127.0.0.1 both.test\n", 0)):
            port, accepted = self.listen("127.0.0.1")
            run, result = self.dial_for_result("both.test", port, "-c", "20", "-s", "0",
                                               prepare=self.with_files(hosts=hosts))
            self.assert_status(run, 0)
            harness.wait_until(lambda: len(accepted) >= 20 + more, "all connections")
            self.assertEqual(len(accepted), 20 + more)
            self.assertEqual(result["connections"]["dialed"], 20)
            self.assertEqual(result["kernel"]["asked"], 20)

    def test_limits_of_the_address_that_answers(self):
        """IPv4 loopback has more sources than ::1: what can be done depends on the choice."""
        port, _ = self.listen("127.0.0.1")
        argv = ["both.test", port, "-y", "-s", "0", "-c", "15", "--source-port", "20000-20009"]
        prepare = self.with_files(hosts=BOTH)
        run = self.run_tcpgoon("run", *argv, prepare=prepare)
        self.assert_status(run, 0)
        six, _ = self.listen("::1")
        argv[1] = six
        run = self.run_tcpgoon("run", *argv, prepare=prepare)
        self.assert_status(run, 4)
        self.assertIn("4-tuples", run.stderr)

    def test_plan_dials_nothing(self):
        port, accepted = self.listen("127.0.0.1")
        plan = self.run_tcpgoon("plan", "both.test", port, prepare=self.with_files(hosts=BOTH))
        self.assert_status(plan, 0)
        self.assertIn(f"  Targets:  1, [::1]:{port}\n"
                      "  Tried:    ::1, then 127.0.0.1; a run dials the first that answers\n",
                      plan.stdout)
        self.assertEqual(plan.stderr, "")
        self.assertEqual(accepted, [])

    def test_nothing_is_dialled_before_the_answer(self):
        port, accepted = self.listen("127.0.0.1")
        keyboard, terminal = pty.openpty()
        self.addCleanup(os.close, keyboard)
        run = self.tcpgoon("run", "both.test", port, "-c", "3", stdin=terminal,
                           prepare=self.with_files(hosts=BOTH))
        os.close(terminal)
        harness.wait_until(lambda: "(y/N)" in run.stderr, "the question")
        self.assertEqual(accepted, [])
        os.write(keyboard, b"n\n")
        run.wait()
        self.assert_status(run, 1)
        self.assertEqual(accepted, [])

    def test_sources_of_each_family_are_shown(self):
        for host, source, shown in (
                ("::1", ["::1"], "1, from ::1 on"),
                ("127.0.0.1", ["127.0.0.1"], "1, from 127.0.0.1 on"),
                ("::1", ["127.0.0.1", "::1"], "1, from ::1 on"),
                ("both.test", ["127.0.0.0/30", "::1"], "1, from ::1 on")):
            argv = [word for text in source for word in ("--source", text)]
            plan = self.run_tcpgoon("plan", host, "8080", "-c", "5", *argv,
                                    prepare=self.with_files(hosts=BOTH))
            self.assertIn(f"  Sources:  {shown}\n", plan.stdout)


class Unspecified(NamesCase):
    def test_what_is_dialled_is_the_target(self):
        here = "host '{}' is this host itself: dialling {}"
        read = "host '{}' is read as the IPv4 address {}"
        rows = [
            ("0.0.0.0", [], "127.0.0.1", [here]),
            ("::", [], "::1", [here]),
            ("::ffff:0.0.0.0", [], "127.0.0.1", [here]),
            ("0", [], "127.0.0.1", [read.format("0", "0.0.0.0"), here]),
            ("0.0.0.0", ["--source", "127.0.0.7"], "127.0.0.7", [here]),
            ("zero.test", [], "127.0.0.1", [here]),
            ("127.1", [], "127.0.0.1", [read]),
            ("0177.0.0.1", [], "127.0.0.1", [read]),
            ("0x7f000001", [], "127.0.0.1", [read]),
            ("::ffff:127.0.0.1", [], "127.0.0.1", []),
            ("[::ffff:127.0.0.1]", [], "127.0.0.1", []),
        ]
        port = self.free_port()
        for address in ("127.0.0.1", "127.0.0.7", "::1"):
            self.listen(address, port)
        for host, flags, address, notes in rows:
            with self.subTest(host=host, flags=flags):
                run, result = self.dial_for_result(
                    host, port, "-c", "20", "-s", "0", *flags,
                    prepare=self.with_files(hosts=b"0.0.0.0 zero.test\n"))
                self.assert_status(run, 0)
                self.assertEqual(result["target"]["address"], address)
                # The kernel knows them by the address that was dialled.
                self.assertEqual(result["kernel"]["agreed"], 20, run.describe())
                self.assertEqual(self.notes_of(run),
                                 [note.format(host, address) for note in notes])


    def test_none_is_there_twice(self):
        """Each address is a target once, by whatever name and form it is found."""
        hosts = (b"0.0.0.0 twice.test\n127.0.0.1 twice.test\n::ffff:127.0.0.1 twice.test\n"
                 b"127.0.0.1 twice.test\n")
        plan = self.run_tcpgoon("plan", "twice.test", "80", "--resolve", "all", "-c", "5",
                                prepare=self.with_files(hosts=hosts))
        self.assert_status(plan, 0)
        self.assertIn("  Targets:  1, 127.0.0.1:80\n", plan.stdout)


class Refusals(NamesCase):
    def test_no_destination_of_tcp(self):
        hosts = (b"224.0.0.1 many.test\nfe80::1 link.test\n::ffff:127.0.0.1 mapped.test\n"
                 b"127.0.0.1 four.test\n" + BOTH)
        rows = [
            (["mapped.test", "-6"], "host 'mapped.test' has no IPv6 address"),
            (["four.test", "-6"], "host 'four.test' cannot be resolved to an IPv6 address"),
            (["224.0.0.1"], "TCP cannot dial 224.0.0.1: it is a multicast address"),
            (["239.255.255.255"], "it is a multicast address"),
            (["ff02::1%lo"], "it is a multicast address"),
            (["many.test"], "host 'many.test': TCP cannot dial 224.0.0.1"),
            (["255.255.255.255"], "it is a broadcast address"),
            (["127.255.255.255"], "it is a broadcast address"),
            (["link.test"], "it is a link-local address, without its interface"),
            (["::1", "-4"], "host '::1' is an IPv6 address, but --ipv4 (-4) was given"),
            (["127.1", "--ipv6"], "is an IPv4 address, but --ipv6 (-6) was given"),
            (["::ffff:127.0.0.1", "-6"], "is an IPv4 address, but --ipv6 (-6) was given"),
            (["both.test", "-4", "-6"], "-4, --ipv4 and -6, --ipv6 together leave no address"),
            (["both.test", "--source", "192.0.2.1"], "192.0.2.1 cannot be a source on this host"),
        ]
        for words, sentence in rows:
            with self.subTest(words=words):
                run = self.run_tcpgoon("run", words[0], "80", "-y", *words[1:],
                                       prepare=self.with_files(hosts=hosts))
                self.assert_status(run, 1)
                self.assertEqual(run.stdout, "")
                self.assertIn(sentence, run.stderr)

    def test_some_are_no_destination(self):
        port = self.free_port()
        self.listen("127.0.0.1", port)
        run = self.run_tcpgoon("run", "many.test", port, "-y", "-c", "3", "-s", "0",
                               prepare=self.with_files(
                                   hosts=b"224.0.0.1 many.test\n127.0.0.1 many.test\n"))
        self.assert_status(run, 0)
        self.assertEqual(self.notes_of(run),
                         ["many.test: left out 224.0.0.1 (it is a multicast address)"])


class NameServer:
    """Answers questions for A with 127.0.0.1 after some seconds, or never."""

    def __init__(self, case, address, delay):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.delay = delay
        self.asked = []
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()
        case.addCleanup(self.socket.close)

    def loop(self):
        with contextlib.suppress(OSError):
            while True:
                question, client = self.socket.recvfrom(512)
                self.asked.append(question)
                if self.delay is not None:
                    timer = threading.Timer(self.delay, self.answer, (question, client))
                    timer.daemon = True
                    timer.start()

    def answer(self, question, client):
        end = question.index(b"\0", 12) + 5
        wants_a = question[end - 4:end - 2] == b"\0\1"
        answer = question[:2] + struct.pack(">HHHHH", 0x8180, 1, int(wants_a), 0, 0)
        answer += question[12:end]
        if wants_a:
            answer += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + bytes((127, 0, 0, 1))
        with contextlib.suppress(OSError):
            self.socket.sendto(answer, client)


class LookUp(NamesCase):
    def look_up(self, host, delay, *argv, address):
        server = NameServer(self, address, delay)
        prepare = self.with_files(hosts=BOTH, resolv=f"nameserver {address}\n".encode())
        port, _ = self.listen("127.0.0.1")
        run = self.tcpgoon("run", host, port, "-y", "-c", "5", "-s", "0", *argv, prepare=prepare)
        harness.wait_until(lambda: server.asked, "a question to the server")
        return server, run

    def children_of(self, program):
        path = f"/proc/{program.pid}/task/{program.pid}/children"
        with open(path, encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    @harness.measured
    def test_silent_server(self):
        """A line after a second, an end after ten, and each signal ends it at once."""
        _, waiting = self.look_up("slow.test", None, address="127.0.0.41")
        interrupted = {}
        for number, address in ((signal.SIGINT, "127.0.0.42"), (signal.SIGTERM, "127.0.0.43")):
            _, run = self.look_up("slow.test", None, address=address)
            interrupted[number] = run
        for number, run in interrupted.items():
            harness.wait_until(lambda run=run: "Still looking up" in run.stderr, "the line")
            children = self.children_of(run)
            self.assertEqual(len(children), 1)
            run.send(number)
            self.assertEqual(run.wait(), -number)
            harness.wait_until(lambda pid=children[0]: not os.path.exists(f"/proc/{pid}"),
                               "the end of the look-up")
        waiting.wait()
        self.assert_status(waiting, 1)
        self.assertEqual(waiting.stdout, "")
        self.assertEqual(self.notes_of(waiting), [
            "Still looking up 'slow.test', for at most 10 s",
            "host 'slow.test' cannot be resolved: no answer within 10 s; check the name servers "
            "in /etc/resolv.conf, or give an address"])
        self.assertGreater(waiting.wall_s, 9.9)
        self.assert_in_time(waiting.wall_s, 11.5, waiting)

    def test_slow_server(self):
        _, run = self.look_up("slow.test", 1.5, "-4", address="127.0.0.44")
        run.wait()
        self.assert_status(run, 0)
        self.assertEqual(self.notes_of(run), ["Still looking up 'slow.test', for at most 10 s"])
        self.assertIn("--- slow.test(127.0.0.1):", run.stdout)

    def test_only_the_family_that_is_wanted_is_asked_for(self):
        """Some servers never answer for AAAA: with -4 nobody asks them."""
        server, run = self.look_up("quick.test", 0, "-4", address="127.0.0.45")
        run.wait()
        self.assert_status(run, 0)
        self.assertEqual({question[-4:-2] for question in server.asked}, {b"\0\1"})

    def test_international_name(self):
        """It is asked for in its ASCII form, in the C locale too."""
        for number, locale in ((46, "C"), (47, "C.UTF-8")):
            server = NameServer(self, f"127.0.0.{number}", 0)
            prepare = self.with_files(
                hosts=BOTH, resolv=f"nameserver 127.0.0.{number}\n".encode())
            port, _ = self.listen("127.0.0.1")
            run = self.run_tcpgoon("run", "MÜLLER.test", port, "-y", "-c", "5", "-s", "0",
                                   prepare=prepare, env={**os.environ, "LC_ALL": locale})
            self.assert_status(run, 0)
            self.assertIn("--- MÜLLER.test(127.0.0.1):", run.stdout)
            self.assertIn(b"\x0dxn--mller-kva\x04test\0", server.asked[0])


if __name__ == "__main__":
    harness.main()
