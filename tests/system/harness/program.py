# SPDX-License-Identifier: MIT
"""Programs that a test starts, and that are gone when it ends."""

import codecs
import contextlib
import os
import re
import resource
import select
import signal
import subprocess
import tempfile
import time

from .environment import PATIENCE_S, SLOW
from .network import libc, own_network


PR_SET_PDEATHSIG = 1

# What a thread is importing while another one forks stays locked in the child for ever, and `prepare`
# runs there: nothing may be left to be imported.
for codec in ("ascii", "idna", "latin-1", "utf-8"):
    codecs.lookup(codec)


def environment_of_programs(**variables):
    """Ours, without what the program would take for its settings, and with the variables."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith("TCPGOON_")} | variables


class Program:
    """A child in a process group of its own, its output in files (a pipe could fill up)."""

    def __init__(self, argv, *, stdin=subprocess.DEVNULL, nofile=None, prepare=None, env=None):
        self.argv = [str(word) for word in argv]
        if env is None:
            env = environment_of_programs()
        if self.argv[0] == "strace":
            # A process that is traced cannot be looked through for leaks.
            env = dict(env)
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
        size = os.fstat(file.fileno()).st_size
        return os.pread(file.fileno(), size, 0).decode(errors="replace")

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

    def lets_through(self, number):
        """Whether a signal that it had blocked has its effect again; true also when it has ended."""
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
                match = re.search(r"^SigBlk:\s+([0-9a-f]+)$", file.read(), re.MULTILINE)
            return match is None or not int(match[1], 16) & 1 << number - 1
        return True

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

    def wait(self, seconds=PATIENCE_S):
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
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, -20)


def processes_of(path):
    """Pids in our network namespace that run the file at `path`."""
    found = []
    ours = own_network()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                if (os.readlink(f"/proc/{entry}/exe") == path
                        and os.readlink(f"/proc/{entry}/ns/net") == ours):
                    found.append(int(entry))
    return found
