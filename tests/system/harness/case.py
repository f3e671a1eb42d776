# SPDX-License-Identifier: MIT
"""What the cases of all test files share."""

import contextlib
import itertools
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from .environment import ENGINE, MEASURING, PATIENCE_S, TCPGOON
from .network import (enter_own_network_in_thread, lengthen_queues, network_of,
                      own_network)
from .program import Program
from .report import Report
from .sockets import wait_for_listener
from .waiting import Untimely, require_timely, wait_until

NGINX = """
daemon off;
master_process off;
pid {directory}/pid;
error_log stderr;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {directory}/client_body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {http}
    server {{ listen {listen}; return 204; }}
}}
"""


class Case(unittest.TestCase):
    """Gives each test programs, ports and a firewall that are gone when it ends."""

    ports = itertools.count(7001)

    def free_port(self):
        return next(Case.ports)

    def temporary_directory(self):
        """The path of one that is gone when the test ends."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        return directory.name

    # ---- Programs

    def start(self, *argv, **options):
        program = Program(argv, **options)
        self.addCleanup(program.close)
        return program

    def tcpgoon(self, *argv, **options):
        return self.start(TCPGOON, *argv, **options)

    def run_tcpgoon(self, *argv, seconds=PATIENCE_S, **options):
        program = self.tcpgoon(*argv, **options)
        program.wait(seconds)
        return program

    @staticmethod
    def run_words(host, port, *argv):
        """Of a `tcpgoon run` that nobody is asked about."""
        engine = ["--engine", ENGINE] if ENGINE and "--engine" not in argv else []
        return ["run", host, port, "-y", *engine, *argv]

    def dial(self, host, port, *argv, **options):
        """`tcpgoon run` to its end."""
        return self.run_tcpgoon(*self.run_words(host, port, *argv), **options)

    def serve(self, *argv, port=None, **options):
        """tcpgoon's own server without limits, once it listens; (program, port)."""
        port = port or self.free_port()
        program = self.tcpgoon("server", "-p", port, "-m", "0", "-d", "0", *argv, **options)
        wait_for_listener(port, program)
        return program, port

    def start_run(self, host, port, *argv, **options):
        """`tcpgoon run` that also writes its result, for `result_of`."""
        path = os.path.join(self.temporary_directory(), "result.json")
        program = self.tcpgoon(*self.run_words(host, port, "-o", f"json={path}", *argv), **options)
        program.result_path = path
        return program

    def result_of(self, program):
        """The JSON that a program of `start_run` has written."""
        try:
            with open(program.result_path, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError) as error:
            raise AssertionError(f"{error}\n{program.describe()}") from None

    def dial_for_result(self, host, port, *argv, seconds=PATIENCE_S, **options):
        """`start_run` to its end; (program, result)."""
        program = self.start_run(host, port, *argv, **options)
        program.wait(seconds)
        return program, self.result_of(program)

    # ---- Servers of other people, and our own

    def start_nginx(self, listen="backlog=2048", *, host="127.0.0.1", http="", connections=4096,
                    within=()):
        """One that answers requests and sends nothing else, once it listens; its port."""
        port = self.free_port()
        directory = self.temporary_directory()
        path = os.path.join(directory, "nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(NGINX.format(directory=directory, connections=connections, http=http,
                                    listen=f"{host}:{port} {listen}"))
        server = self.start(*within, "nginx", "-p", directory, "-c", path, nofile=8192)
        wait_for_listener(port, server)
        return port

    def serve_in_python(self, handle, *, address="127.0.0.1", port=0, after=0):
        """
        A server that passes each accepted socket to `handle`, so many seconds later; its port. What
        it has accepted is closed when the test ends, if it is not by then.
        """
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, port), family=family, backlog=1024)
        accepted = []

        def loop():
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    accepted.append(connection)
                    if after == 0:
                        handle(connection)
                    else:
                        threading.Timer(after, handle, (connection,)).start()

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()

        def stop():
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for end in (listener, *accepted):
                end.close()

        self.addCleanup(stop)
        return listener.getsockname()[1]

    # ---- What came out

    def assert_status(self, program, status):
        self.assertEqual(program.status, status, program.describe())

    def assert_in_time(self, seconds, limit, program=None):
        """That it took less than `limit`; see `measured`."""
        note = program.describe() if program is not None else ""
        require_timely(seconds < limit, f"{seconds:.3f} s, and not less than {limit} s\n{note}")

    def assert_undisturbed(self, run, result):
        """That nobody stopped the run and it did not wait for a CPU: its times are its own."""
        names = [finding["name"] for finding in result["findings"]]
        if "client_limited" in names:
            raise Untimely(f"it was held up\n{run.describe()}")

    def report_of(self, program):
        try:
            return Report(program.stdout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{program.describe()}") from None

    def assert_explained(self, program, *words, status=1):
        """That exit status with one line on stderr, nothing on stdout, that has all the words."""
        self.assert_status(program, status)
        self.assertEqual(program.stdout, "", program.describe())
        lines = program.stderr.splitlines()
        self.assertEqual(len(lines), 1, program.describe())
        for word in words:
            self.assertIn(word, lines[0], program.describe())

    # ---- The network

    def other_network(self):
        """Another network, of a process that ends with the test: how a command is run in it."""
        own = own_network()
        host = self.start("unshare", "-n", "sleep", "infinity")
        wait_until(lambda: network_of(host.pid) != own, "the other network")
        return ("nsenter", "-t", str(host.pid), "-n")

    def set_sysctl(self, name, value):
        """For this test: set_sysctl("net.ipv4.tcp_syncookies", 2)."""
        path = "/proc/sys/" + name.replace(".", "/")

        def write(text):
            with open(path, "w", encoding="ascii") as file:
                file.write(str(text))

        with open(path, encoding="ascii") as file:
            self.addCleanup(write, file.read())
        write(value)

    def require_small_tracker(self):
        """Skips the test where the connection tracker is too large to be filled in some seconds."""
        # The kernel may load the tracker only where a rule asks for it.
        self.filter_input("ct state new accept")
        with open("/proc/sys/net/netfilter/nf_conntrack_max", encoding="ascii") as file:
            most = int(file.read())
        if most > 300000:
            self.skipTest(f"the connection tracker of this machine has room for {most}")

    def filter_input(self, *rules, declare="", within=()):
        """
        nftables rules for what comes in, in a table of this test that is gone at its end; its name.
        `declare` is what else the table has; `within` the beginning of a command that runs the rest
        in another network.
        """
        return self._filter("inet", "input", rules, declare, within)

    def filter_output(self, *rules):
        """The same for IPv4 that goes out."""
        return self._filter("ip", "output", rules)

    def _filter(self, family, hook, rules, declare="", within=()):
        name = f"tests_{self.free_port()}"
        script = "\n".join((f"table {family} {name} {{", declare, f"chain {hook} {{",
                            f"type filter hook {hook} priority 0;", *rules, "}", "}", ""))
        subprocess.run([*within, "nft", "-f", "-"], input=script.encode(), check=True)
        if not within:
            self.addCleanup(subprocess.run, ["nft", "delete", "table", family, name], check=True)
        return name

    def counted(self, table):
        """Packets that the only `counter` of a table has counted."""
        done = subprocess.run(["nft", "list", "table", "inet", table],
                              check=True, capture_output=True)
        counts = re.findall(r"counter packets (\d+)", done.stdout.decode())
        self.assertEqual(len(counts), 1, done.stdout)
        return int(counts[0])

    def drop_port(self, port):
        self.filter_input(f"tcp dport {port} drop")


class NetworkCase(Case):
    """A case whose network is its own: its counters too. Several may run at a time."""

    def setUp(self):
        enter_own_network_in_thread()
        lengthen_queues()


def alone(test):
    """It uses much of the machine, or is easily disturbed: not beside others of its file."""
    test.alone = True
    return test


def left_out_unless_measuring(test):
    """It bounds time, memory or system calls, which are nobody's concern in a sanitizer build."""
    test.left_out = not MEASURING
    return test


def requires(*programs):
    missing = [name for name in programs if shutil.which(name) is None]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


def reset(connection):
    """Closes an accepted socket by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
