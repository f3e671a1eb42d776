# SPDX-License-Identifier: MIT
"""One program, one size, once: in a network namespace that begins and ends with it.

`tools/bench` starts itself anew for each measurement; `measure` is what the new process does.
"""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time

import programs
from harness import network

PR_SET_PDEATHSIG = 1

POLL_SECONDS = 0.002  # how exactly BY_SOCKETS knows the moment
STALL_SECONDS = 15  # without one socket more: it will not come further


class Failure(Exception):
    """The measurement could not be made, through no fault of the program that was measured."""


def enter_own_network():
    try:
        network.enter_own_network()
    except OSError as error:
        raise Failure(error.strerror) from None


# ---- What the kernel says ------------------------------------------------------------------------

def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def kib_of(text, *names):
    """The sum of lines such as "VmRSS:  1234 kB", in bytes."""
    return sum(int(number) * 1024
               for name in names
               for number in re.findall(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE))


def open_sockets():
    """Those of TCP in this namespace that are neither closed nor in TIME_WAIT: both ends."""
    count = 0
    for path, name in (("/proc/net/sockstat", "TCP"), ("/proc/net/sockstat6", "TCP6")):
        with contextlib.suppress(FileNotFoundError):
            match = re.search(rf"^{name}: inuse (\d+)", read(path), re.MULTILINE)
            count += int(match[1]) if match else 0
    return count


def opened_so_far():
    """Connects in this namespace, ever."""
    names, values = re.findall(r"^Tcp: (.*)", read("/proc/net/snmp"), re.MULTILINE)
    return int(values.split()[names.split().index("ActiveOpens")])


def all_sockets_of_machine():
    """Allocated TCP sockets, in every namespace."""
    return int(re.search(r"^TCP: .* alloc (\d+)", read("/proc/net/sockstat"), re.MULTILINE)[1])


def slab_objects_bytes():
    """What the kernel's caches have given out; free room in their pages does not count.

    None where we may not know (it takes root).
    """
    try:
        lines = read("/proc/slabinfo").splitlines()[2:]
    except OSError:
        return None
    fields = [line.split() for line in lines]
    return sum(int(active) * int(size) for _, active, _, size, *_ in fields)


def system_memory():
    meminfo = read("/proc/meminfo")
    buffers = re.search(r"^TCP: .* mem (\d+)", read("/proc/net/sockstat"), re.MULTILINE)
    return {
        "available": kib_of(meminfo, "MemAvailable"),
        "slab_objects": slab_objects_bytes(),
        "tcp_buffers": int(buffers[1]) * os.sysconf("SC_PAGE_SIZE"),
    }


def tree(pid):
    """The process and all that descend from it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = read(f"/proc/{entry}/stat")
                parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    found = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def cpu_ns(pids):
    """Time on a CPU, in user space and kernel, of all threads (io_uring's workers are such).

    From schedstat, which counts nanoseconds; utime and stime in stat count ticks of 10 ms.
    """
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                total += int(read(f"/proc/{pid}/task/{task}/schedstat").split()[0])
    return total


def user_memory(pids):
    """In proportion (what processes share counts once in all), in bytes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += kib_of(read(f"/proc/{pid}/smaps_rollup"), "Pss")
    return total


def peak_memory(pids):
    """The most that was resident, summed (what processes share counts in each), in bytes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += kib_of(read(f"/proc/{pid}/status"), "VmHWM")
    return total


# ---- Programs ------------------------------------------------------------------------------------

def die_with_parent():
    network.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def pinned(cpu):
    """What is started inside runs on that processor alone; this process goes back to its own."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def start_server(command, cpu):
    with pinned(cpu):
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, preexec_fn=die_with_parent)
    deadline = time.monotonic() + 10
    while not listens():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            words = server.stderr.read().decode(errors="replace").strip()
            raise Failure(f"{' '.join(command)}: does not listen: {words}")
        time.sleep(0.01)
    time.sleep(0.05)
    return server


def listens():
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in read(path).splitlines()[1:]:
                if line.split()[3] == "0A":
                    return True
    return False


class Client:
    """The program that is measured, and what it has said so far.

    Nothing of Python runs between fork and exec: it would count as the program's CPU time.
    """

    def __init__(self, program, connections, cpu):
        self.program = program
        self.output = ""
        self.partial = {}
        with pinned(cpu):
            self.started = time.monotonic_ns()
            self.popen = subprocess.Popen(
                program.command(connections), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE)
        self.pid = self.popen.pid
        self.streams = [self.popen.stdout, self.popen.stderr]
        self.usage = None
        self.peak_bytes = 0  # the most seen; ru_maxrss would count the Python that forked it

    def lines(self, seconds):
        """New whole lines; waits that long for them. None once both streams have ended."""
        if not self.streams:
            return None
        found = []
        for stream in select.select(self.streams, [], [], seconds)[0]:
            data = os.read(stream.fileno(), 65536)
            if not data:
                self.streams.remove(stream)
            text = self.partial.get(stream, "") + data.decode(errors="replace")
            *whole, self.partial[stream] = text.split("\n")
            found += whole
            self.output = (self.output + data.decode(errors="replace"))[-65536:]
        return found

    def last_words(self):
        words = [line.strip() for line in self.output.splitlines() if line.strip()]
        return words[-1][:200] if words else "it said nothing"

    def send(self, number):
        """Not by Popen, which would look whether it has ended and lose what it used."""
        if self.usage is None:
            os.kill(self.pid, number)

    def end(self, seconds):
        """Ends it in its own way, and waits until it has gone."""
        if self.usage is not None:
            return
        if self.program.end is not None:
            self.send(self.program.end)
        self.popen.stdin.close()
        self.wait(seconds)

    def wait(self, seconds):
        deadline = time.monotonic() + seconds
        while self.usage is None:
            if self.streams:
                self.lines(0.05)  # so that it never waits for a reader
            else:
                time.sleep(0.005)
            self.peak_bytes = max(self.peak_bytes, peak_memory({self.pid}))
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid != 0:
                self.popen.returncode = os.waitstatus_to_exitcode(status)
                self.usage = usage
            elif time.monotonic() > deadline:
                self.send(signal.SIGKILL)
                deadline += 60

    def used_in_all_ns(self):
        """Its own and that of its children, from birth to death."""
        return round((self.usage.ru_utime + self.usage.ru_stime) * 1e9)


# ---- The moment at which all are open ------------------------------------------------------------

def wait_for_line(client, connections, deadline):
    """Returns (the number open, why not all)."""
    while time.monotonic() < deadline:
        lines = client.lines(1.0)
        if lines is None:
            return 0, client.last_words()
        for line in lines:
            established = client.program.established(line)
            if established is not None:
                return established, None if established >= connections else line[:400]
    return 0, "not done within the time limit"


def wait_for_sockets(client, connections, deadline, before):
    best, since = 0, time.monotonic()
    while time.monotonic() < deadline:
        count = (open_sockets() - before) // 2
        if count >= connections:
            return count, None
        if count > best:
            best, since = count, time.monotonic()
        ended = client.lines(0) is None
        if ended or time.monotonic() - since > STALL_SECONDS:
            how = "ended" if ended else f"came no further for {STALL_SECONDS} s"
            return best, f"{how}: {client.last_words()}"
        time.sleep(POLL_SECONDS)
    return best, "not done within the time limit"


def wait_for_exit(client, connections, deadline):
    client.wait(deadline - time.monotonic())
    established = opened_so_far()
    return established, None if established >= connections else client.last_words()


def wait_until_open(client, connections, seconds, before):
    deadline = time.monotonic() + seconds
    if client.program.done == programs.BY_LINE:
        return wait_for_line(client, connections, deadline)
    if client.program.done == programs.BY_SOCKETS:
        return wait_for_sockets(client, connections, deadline, before)
    return wait_for_exit(client, connections, deadline)


# ---- The measurement -----------------------------------------------------------------------------

def memory_between(before, after, user_bytes):
    """What the machine has less of, beyond what the processes have more of: the kernel's."""
    return {
        "kernel_bytes": before["available"] - after["available"] - user_bytes,
        "slab_bytes": after["slab"] - before["slab"],
        "tcp_buffer_bytes": after["tcp_buffers"] - before["tcp_buffers"],
    }


def say_how(client, result):
    """The program's own account, where it gives one."""
    for line in client.output.splitlines():
        if line.startswith("{"):
            result["own_report"] = json.loads(line)


def look_at_held(client, server, before):
    """CPU and memory at the moment at which all are open."""
    pids = tree(client.pid)
    cpu_dial_ns = cpu_ns(pids)
    system = system_memory()
    user = user_memory(pids)
    server_grown = user_memory({server.pid}) - before["server"]
    return {
        "cpu_dial_ns": cpu_dial_ns,
        "processes": len(pids),
        "user_bytes": user,
        "peak_bytes": peak_memory(pids),
        "server_user_bytes": server_grown,
        "sockets": open_sockets() - before["sockets"],
        # What the machine has less of, beyond what the processes have more of.
        "available_bytes": before["available"] - system["available"] - user - server_grown,
        "slab_bytes": (None if system["slab_objects"] is None
                       else system["slab_objects"] - before["slab_objects"]),
        "tcp_buffer_bytes": system["tcp_buffers"] - before["tcp_buffers"],
    }


def own_report(client):
    """The program's own account, where it gives one."""
    for line in client.output.splitlines():
        if line.startswith("{"):
            return {"own_report": json.loads(line)}
    return {}


def measure_client(client, server, connections, seconds, before):
    established, stopped = wait_until_open(client, connections, seconds, before["sockets"])
    wall_ns = time.monotonic_ns() - client.started
    held = client.program.done != programs.BY_EXIT
    result = {"established": established, "stopped": stopped, "wall_ns": wall_ns}
    if held:
        result |= look_at_held(client, server, before)
    client.end(60 + connections / 1000)
    result["whole_ns"] = time.monotonic_ns() - client.started
    result["cpu_whole_ns"] = client.used_in_all_ns()
    if not held:
        result |= {"processes": 1, "peak_bytes": client.peak_bytes, "opened": established}
    return result | own_report(client)


def wait_for_silence(seconds):
    deadline = time.monotonic() + seconds
    while open_sockets() > 0 and time.monotonic() < deadline:
        time.sleep(0.02)


def measure(program, connections, tcpgoon, server_cpu, client_cpu, seconds):
    """A dictionary of what was seen; `stopped` says why the program did not open all."""
    enter_own_network()
    os.sched_setaffinity(0, {server_cpu})
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)  # some write logs where they are
        try:
            return measure_with_server(program, connections, tcpgoon, server_cpu, client_cpu,
                                       seconds)
        finally:
            os.chdir("/")


def measure_with_server(program, connections, tcpgoon, server_cpu, client_cpu, seconds):
    server = start_server(program.server_command(tcpgoon), server_cpu)
    before = system_memory() | {"sockets": open_sockets(), "server": user_memory({server.pid})}
    client = Client(program, connections, client_cpu)
    try:
        return measure_client(client, server, connections, seconds, before)
    finally:
        client.send(signal.SIGKILL)
        client.wait(60)
        server.kill()
        server.wait()
        wait_for_silence(60 + connections / 5000)
