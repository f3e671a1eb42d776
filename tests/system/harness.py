# SPDX-License-Identifier: MIT
"""What the system tests share: a network of their own, programs that are always cleaned up,
the output of tcpgoon taken apart, and instruments (firewall, capture).

A test file holds unittest cases and ends in `harness.main()`. The environment says the rest:
TCPGOON       the binary under test
TCPGOON_SLOW  factor for all time limits (a sanitizer build is slower); 1 where unset.
              Bounds on speed and memory are checked only at 1.
"""

import codecs
import concurrent.futures
import contextlib
import ctypes
import itertools
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

# What a thread is importing while another one forks stays locked in the child for ever, and `prepare`
# runs there: nothing may be left to be imported.
for codec in ("ascii", "idna", "latin-1", "utf-8"):
    codecs.lookup(codec)

SLOW = float(os.environ.get("TCPGOON_SLOW", "1"))
MEASURING = SLOW == 1
TCPGOON = os.path.abspath(os.environ.get("TCPGOON", "build/src/cli/tcpgoon"))

os.environ["PATH"] += ":/usr/sbin:/sbin"
libc = ctypes.CDLL(None, use_errno=True)


# ---- A network of our own ------------------------------------------------------------------------

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000


def enter_own_network():
    """A fresh network namespace: default sysctls, no neighbour on any port, firewall empty."""
    flags = CLONE_NEWNET
    uid, gid = os.getuid(), os.getgid()
    if uid != 0:
        flags |= CLONE_NEWUSER
    if libc.unshare(flags) != 0:
        print(f"1..0 # SKIP no network namespace: {os.strerror(ctypes.get_errno())}")
        sys.exit(0)
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def enter_own_network_in_thread():
    """
    Another fresh one, for the calling thread and the threads and programs that it starts: so that
    cases which run side by side do not meet in the kernel's counters and settings.
    """
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def network_of(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


def namespace_is_of_the_first_user():
    """False where root is only root in a user namespace of ours."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return int(file.read().split()[2]) > 1


# ---- Programs ------------------------------------------------------------------------------------

PR_SET_PDEATHSIG = 1


class Program:
    """A child in a process group of its own, its output in files (a pipe could fill up)."""

    def __init__(self, argv, *, stdin=subprocess.DEVNULL, nofile=None, prepare=None, env=None):
        self.argv = [str(word) for word in argv]
        if self.argv[0] == "strace":
            # A process that is traced cannot be looked through for leaks.
            env = dict(os.environ if env is None else env)
            env["ASAN_OPTIONS"] = ":".join(filter(None, (env.get("ASAN_OPTIONS"),
                                                         "detect_leaks=0")))
        self.stdout_file = tempfile.TemporaryFile()
        self.stderr_file = tempfile.TemporaryFile()
        self.status = None
        self.peak_memory_kib = 0
        self.started = time.monotonic()
        self.ended = None

        def in_child():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            # Whoever runs the tests in the background, or under nohup, ignores these.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            if nofile is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))
            if prepare is not None:
                prepare()

        self.popen = subprocess.Popen(
            self.argv, stdin=stdin, stdout=self.stdout_file, stderr=self.stderr_file,
            start_new_session=True, preexec_fn=in_child, env=env)
        self.pid = self.popen.pid
        self.pidfd = os.pidfd_open(self.pid)

    def _read(self, file):
        file.flush()
        return os.pread(file.fileno(), 1 << 26, 0).decode(errors="replace")

    @property
    def stdout(self):
        return self._read(self.stdout_file)

    @property
    def stderr(self):
        return self._read(self.stderr_file)

    @property
    def wall_s(self):
        return self.ended - self.started

    def send(self, number):
        signal.pidfd_send_signal(self.pidfd, number)

    def running(self):
        return self.status is None and not select.select([self.pidfd], [], [], 0)[0]

    def cpu_s(self):
        """Seconds of a CPU that it has used so far."""
        with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    def _note_memory(self):
        # ru_maxrss would count the Python that forked it; VmHWM starts anew at exec.
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
                match = re.search(r"VmHWM:\s+(\d+) kB", file.read())
                if match:
                    self.peak_memory_kib = max(self.peak_memory_kib, int(match[1]))

    def wait(self, seconds):
        """Waits for its end; the exit status, negative for a signal. Fails when it takes longer."""
        if self.status is not None:
            return self.status
        deadline = time.monotonic() + seconds * SLOW
        while not select.select([self.pidfd], [], [], 0.02)[0]:
            self._note_memory()
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(
                    f"{' '.join(self.argv)}: still running after {seconds * SLOW:g} s\n"
                    f"{self.describe()}")
        self._reap()
        self._check_sanitizers()
        return self.status

    def _reap(self):
        if self.status is None:
            _, status = os.waitpid(self.pid, 0)
            self.ended = time.monotonic()
            self.status = os.waitstatus_to_exitcode(status)
            self.popen.returncode = self.status

    def _check_sanitizers(self):
        text = self.stderr
        if "Sanitizer" in text or "runtime error:" in text:
            raise AssertionError(f"{' '.join(self.argv)}: sanitizer report\n{text}")

    def kill(self):
        """Ends the whole group, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._reap()

    def close(self):
        self.kill()
        os.close(self.pidfd)
        self.stdout_file.close()
        self.stderr_file.close()

    def describe(self):
        return (f"$ {' '.join(self.argv)}\nstatus: {self.status}\n"
                f"--- stdout\n{self.stdout}--- stderr\n{self.stderr}---")


def come_first():
    """For `prepare`: what else the machine has to do is not to be measured."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)


def processes_of(path):
    """Pids in our network namespace that run the file at `path`."""
    found = []
    ours = os.readlink("/proc/self/ns/net")
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if (os.readlink(f"/proc/{entry}/exe") == path
                        and os.readlink(f"/proc/{entry}/ns/net") == ours):
                    found.append(int(entry))
    return found


def wait_until(condition, what, seconds=5):
    deadline = time.monotonic() + seconds * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * SLOW:g} s in vain: {what}")
        time.sleep(0.005)


# ---- Sockets as the kernel lists them ------------------------------------------------------------

TCP_ESTABLISHED = 1
TCP_SYN_SENT = 2
TCP_CLOSE_WAIT = 8
TCP_LISTEN = 10


def sockets(state, *, local_port=None, remote_port=None, network="thread-self"):
    """How many TCP sockets of our network, or of that of a process, are in `state`."""
    count = 0
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{network}/net/{name}", encoding="ascii") as file:
                next(file)
                for line in file:
                    _, local, remote, code = line.split(maxsplit=4)[:4]
                    count += (int(code, 16) == state
                              and local_port in (None, int(local.rpartition(":")[2], 16))
                              and remote_port in (None, int(remote.rpartition(":")[2], 16)))
    return count


def wait_for_listener(port, program=None, seconds=5):
    """In the network of `program`, which may be another one than ours."""
    def ready():
        if program is not None and not program.running():
            program.wait(1)
            raise AssertionError(f"ended before it listened on {port}\n{program.describe()}")
        network = program.pid if program is not None else "thread-self"
        return sockets(TCP_LISTEN, local_port=port, network=network) > 0
    wait_until(ready, f"a listener on port {port}", seconds)


# ---- tcpgoon's output ----------------------------------------------------------------------------

# Go's time.Duration.String(): "0s", "319µs", "49.892ms", "1m30s".
DURATION = r"(?:0s|(?:\d+h)?(?:\d+m)?\d+(?:\.\d*[1-9])?(?:ns|µs|ms|s))"
STATUS_LINE = (r"Total: (?P<total>\d+), Dialing: (?P<dialing>\d+), "
               r"Established: (?P<established>\d+), Closed: (?P<closed>\d+), "
               r"Error: (?P<error>\d+), NotInitiated: (?P<not_initiated>\d+)")
FOUR_TIMES = rf"min/avg/max/dev = {DURATION}/{DURATION}/{DURATION}/{DURATION}\n"
REPORT = re.compile(
    r"(?P<ticks>(?:Total: .*\n)*)"
    r"--- (?P<target>\S+) tcp test statistics ---\n"
    + STATUS_LINE + r"\n"
    r"--- tcpgoon execution statistics ---\n"
    r"Total established connections: (?P<established_total>\d+)\n"
    r"Max concurrent established connections: (?P<max_concurrent>\d+)\n"
    r"Number of established connections on closure: (?P<on_closure>\d+)\n"
    r"(?P<response>Response time stats for (?P<successful>\d+) successful connections "
    + FOUR_TIMES + r")?"
    r"(?P<failure>Time to error stats for (?P<failed>\d+) failed connections "
    + FOUR_TIMES + r")?\n"
    # What the Go program did not have stands behind, and ends in the verdict.
    r"(?P<detail>Verdict: [^\n]+\n(?:[^\n]*\n)*Exit status \d\.\n)")
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|µs|ns|m|s)")
UNIT_MS = {"h": 3600e3, "m": 60e3, "s": 1e3, "ms": 1, "µs": 1e-3, "ns": 1e-6}


def duration_ms(text):
    return sum(float(number) * UNIT_MS[unit] for number, unit in DURATION_PART.findall(text))


class Report:
    """The compatible output of a run; made only from text that has exactly that shape."""

    def __init__(self, text):
        match = REPORT.fullmatch(text)
        if match is None:
            raise AssertionError(f"not the output of a run, to the byte:\n{text}")
        self.target = match["target"]
        self.ticks = [self._numbers(re.fullmatch(STATUS_LINE, line))
                      for line in match["ticks"].splitlines()]
        self.final = self._numbers(match)
        self.established = int(match["established_total"])
        self.max_concurrent = int(match["max_concurrent"])
        self.on_closure = int(match["on_closure"])
        self.successful = int(match["successful"] or 0)
        self.failed = int(match["failed"] or 0)
        self.response_ms = self._times(match["response"])
        self.failure_ms = self._times(match["failure"])

    @staticmethod
    def _numbers(match):
        names = ("total", "dialing", "established", "closed", "error", "not_initiated")
        numbers = {name: int(match[name]) for name in names}
        if sum(numbers[name] for name in names[1:]) != numbers["total"]:
            raise AssertionError(f"the states do not add up to the total: {match[0]}")
        return numbers

    @staticmethod
    def _times(line):
        """(min, avg, max, dev) in milliseconds."""
        if not line:
            return None
        return tuple(duration_ms(part) for part in line.rpartition("= ")[2].strip().split("/"))


# ---- Cases ---------------------------------------------------------------------------------------

class Case(unittest.TestCase):
    """Gives each test programs, ports and a firewall that are gone when it ends."""

    ports = itertools.count(7001)

    def free_port(self):
        return next(Case.ports)

    def start(self, *argv, **options):
        program = Program(argv, **options)
        self.addCleanup(program.close)
        return program

    def tcpgoon(self, *argv, **options):
        return self.start(TCPGOON, *argv, **options)

    def run_tcpgoon(self, *argv, seconds=10, **options):
        program = self.tcpgoon(*argv, **options)
        program.wait(seconds)
        return program

    def dial(self, host, port, *argv, **options):
        """`tcpgoon run` that nobody is asked about, to its end."""
        return self.run_tcpgoon("run", host, port, "-y", *argv, **options)

    def serve(self, *argv, port=None, **options):
        """tcpgoon's own server without limits, once it listens; (program, port)."""
        port = port or self.free_port()
        program = self.tcpgoon("server", "-p", port, "-m", "0", "-d", "0", *argv, **options)
        wait_for_listener(port, program)
        return program, port

    def start_run(self, host, port, *argv, **options):
        """`tcpgoon run` that also writes its result, for `result_of`."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "result.json")
        program = self.tcpgoon("run", host, port, "-y", "-o", f"json={path}", *argv, **options)
        program.result_path = path
        return program

    def result_of(self, program):
        """The JSON that a program of `start_run` has written."""
        try:
            with open(program.result_path, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError) as error:
            raise AssertionError(f"{error}\n{program.describe()}") from None

    def dial_for_result(self, host, port, *argv, seconds=15, **options):
        """`start_run` to its end; (program, result)."""
        program = self.start_run(host, port, *argv, **options)
        program.wait(seconds)
        return program, self.result_of(program)

    def serve_in_python(self, handle, after=0):
        """A server that passes each accepted socket to `handle`, so many seconds later; its port."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)

        def loop():
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
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
            listener.close()

        self.addCleanup(stop)
        return listener.getsockname()[1]

    def assert_status(self, program, status):
        self.assertEqual(program.status, status, program.describe())

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


def requires(*programs):
    missing = [name for name in programs if shutil.which(name) is None]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


def reset(connection):
    """Closes an accepted socket by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# ---- Capture -------------------------------------------------------------------------------------

class Capture:
    """Packets of the loopback from now on; `fields` ends it and reads them."""

    def __init__(self, case, packet_filter):
        self.directory = tempfile.TemporaryDirectory()
        case.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "capture.pcapng")
        self.program = case.start("dumpcap", "-q", "-i", "lo", "-s", "128", "-B", "16",
                                  "-f", packet_filter, "-w", self.path)
        wait_until(self._capturing, "a packet socket of dumpcap")

    def _capturing(self):
        if not self.program.running():
            self.program.wait(1)
            raise AssertionError(self.program.describe())
        with open("/proc/net/packet", encoding="ascii") as file:
            next(file)
            # The sixth column says whether it is bound and running.
            bound = any(line.split()[5] == "1" for line in file)
        return bound and os.path.exists(self.path)

    def fields(self, *names, only=""):
        """One tuple of texts for each packet that the display filter `only` lets through."""
        time.sleep(0.6)  # dumpcap is given an unfinished block of packets after 250 ms
        self.program.send(signal.SIGINT)
        self.program.wait(10)
        argv = ["tshark", "-r", self.path, "-Y", only, "-T", "fields"]
        for name in names:
            argv += ["-e", name]
        done = subprocess.run(argv, check=True, capture_output=True, timeout=60)
        return [tuple(line.split("\t")) for line in done.stdout.decode().splitlines()]


# ---- TAP, so that meson counts each case --------------------------------------------------------

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


def cases_of(suite):
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from cases_of(part)
        else:
            yield part


def main(at_a_time=1):
    """
    Runs the cases of the calling file, or those named on the command line. Those that mostly wait
    may run several at a time, each in a thread, where they use nothing that belongs to their class.
    """
    if not os.access(TCPGOON, os.X_OK):
        sys.exit(f"no binary at {TCPGOON}: set TCPGOON")
    enter_own_network()
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    names = sys.argv[1:]
    suite = (loader.loadTestsFromNames(names, module) if names
             else loader.loadTestsFromModule(module))
    result = TapResult(suite.countTestCases())
    if at_a_time == 1:
        suite.run(result)
    else:
        with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
            # The list asks each for its outcome, and so for what it may have thrown.
            list(pool.map(lambda case: case.run(result), list(cases_of(suite))))
    sys.exit(0 if result.wasSuccessful() else 1)
