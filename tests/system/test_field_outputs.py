# SPDX-License-Identifier: MIT
"""`-o json=PATH` to whatever a path may lead to: descriptors, other users' files, places that a
rename cannot reach, full disks; and what is written where nothing was dialled."""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import unittest

import harness
from test_setup import NOBODY, answer_io_uring_setup_with

try:
    import jsonschema
except ImportError:
    jsonschema = None

YESTERDAY = '{"verdict": {"exit_status": 0}}\n'
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../../src/report/tcpgoon-result-2.schema.json")

ACL_USER_OBJ, ACL_USER, ACL_GROUP_OBJ, ACL_MASK, ACL_OTHER = 1, 2, 4, 0x10, 0x20

needs_root = unittest.skipIf(
    os.getuid() != 0 or not harness.namespace_is_of_the_first_user(), "needs root")

# A sanitizer wants /proc, and no tracer.
needs_no_sanitizer = harness.left_out_unless_measuring


def as_nobody():
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


class OutputCase(harness.Case):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="tcpgoon-outputs-")
        self.addCleanup(shutil.rmtree, self.directory)
        os.chmod(self.directory, 0o755)
        _, self.port = self.serve()

    def at(self, name):
        return os.path.join(self.directory, name)

    def put(self, name, text, *, mode=0o644, owner=None):
        path = self.at(name)
        pathlib.Path(path).write_text(text, encoding="utf-8")
        if owner is not None:
            os.chown(path, owner, owner)
        os.chmod(path, mode)
        return path

    def read(self, name):
        return pathlib.Path(self.at(name)).read_text(encoding="utf-8")

    def names(self):
        return sorted(os.listdir(self.directory))

    def shell(self, script, *, before=(), **options):
        """Runs the line in the directory; "$RUN" is a run of five connections."""
        words = f'"$0" run 127.0.0.1 {self.port} -y -c 5 -s 0 '
        line = "cd " + self.directory + " && " + script.replace("$RUN", words)
        run = self.start(*before, "bash", "-c", line, harness.TCPGOON, **options)
        run.wait()
        return run

    def result(self, text, run):
        try:
            return json.loads(text)
        except ValueError as error:
            raise AssertionError(f"{error}: {text[:300]!r}\n{run.describe()}") from None

    def assert_whole(self, text, run, status=0):
        result = self.result(text, run)
        self.assertEqual(result["verdict"]["exit_status"], status, run.describe())
        if status == 0:
            self.assertEqual(result["connections"]["established"], 5, run.describe())

    def accepted(self):
        """Connections that came to the server of this test so far."""
        return harness.sockets(harness.TCP_ESTABLISHED, local_port=self.port)


TEXT = "Total established connections: 5\n"


class Descriptors(OutputCase):
    """A path that leads to a stream that the program has already is that stream."""

    def test_paths_of_stdout(self):
        for path in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "/proc/self/task/../fd/1",
                     "/proc/thread-self/fd/1", "/dev/../dev/stdout", "out", "./out", "link",
                     "hard", "/proc/self/cwd/out"):
            for redirection in ("> out", ">> out"):
                with self.subTest(path=path, redirection=redirection):
                    self.put("out", "yesterday\n")
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(self.at("link"))
                        os.unlink(self.at("hard"))
                    os.symlink("out", self.at("link"))
                    os.link(self.at("out"), self.at("hard"))
                    inode = os.stat(self.at("out")).st_ino
                    run = self.shell(f"$RUN -o json={path} {redirection}")
                    self.assert_status(run, 0)
                    text = self.read("out")
                    if redirection == ">> out":
                        self.assertTrue(text.startswith("yesterday\n"), text[:200])
                        text = text.removeprefix("yesterday\n")
                    self.assert_whole(text, run)
                    self.assertIn(TEXT, run.stderr)
                    self.assertEqual(os.stat(self.at("out")).st_ino, inode)
                    self.assertEqual(self.names(), ["hard", "link", "out"])

    def test_pipes(self):
        for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
            with self.subTest(path=path):
                run = self.shell(f"($RUN -o json={path}) | cat > out")
                self.assert_whole(self.read("out"), run)
                self.assertIn(TEXT, run.stderr)

    def test_paths_of_stderr(self):
        """Then the report has that stream for itself."""
        for path in ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2", "err", "./err"):
            for redirection, before in (("2> err", ""), ("2>> err", "yesterday\n")):
                with self.subTest(path=path, redirection=redirection):
                    self.put("err", "yesterday\n")
                    run = self.shell(f"$RUN -d -o json={path} {redirection}")
                    self.assert_status(run, 0)
                    text = self.read("err")
                    self.assertTrue(text.startswith(before), text[:200])
                    self.assert_whole(text.removeprefix(before), run)
                    self.assertIn(TEXT, run.stdout)
                    self.assertEqual(self.names(), ["err"])

    def test_other_descriptors(self):
        for name, script in {
                "file": "$RUN -o json=/dev/fd/3 3> out",
                "log": "$RUN -o json=/proc/self/fd/3 3>> out",
                "substitution": "set +m; exec 4> >(cat > out); $RUN -o json=/dev/fd/4 4>&4"}.items():
            with self.subTest(name):
                self.put("out", "yesterday\n")
                run = self.shell(script)
                self.assert_status(run, 0)
                harness.wait_until(lambda: self.read("out").endswith("}\n"), "the report")
                self.assert_whole(self.read("out").removeprefix("yesterday\n"), run)
                self.assertEqual(self.read("out").startswith("yesterday"), name == "log")
                self.assertIn(TEXT, run.stdout)

    def test_another_process_s_descriptor(self):
        """Its file is not taken from it, and what it has written stays."""
        self.put("out", "")
        writer = self.start("bash", "-c", f"exec >> {self.at('out')}; echo first; cat; echo last",
                            stdin=subprocess.PIPE)
        harness.wait_until(lambda: self.read("out") == "first\n", "the first line")
        run = self.shell(f"$RUN -o json=/proc/{writer.pid}/fd/1")
        self.assert_status(run, 0)
        writer.popen.stdin.close()
        writer.wait()
        text = self.read("out")
        self.assertTrue(text.startswith("first\n") and text.endswith("last\n"), text)
        self.assert_whole(text.removeprefix("first\n").removesuffix("last\n"), run)

    def test_one_stream_for_both(self):
        """Then one is behind the other, not within it."""
        for path in ("-", "/dev/stdout", "/dev/stderr"):
            for script in (f"$RUN -o json={path} > out 2>&1", f"($RUN -o json={path}) 2>&1 | cat > out"):
                with self.subTest(script):
                    run = self.shell(script)
                    self.assert_status(run, 0)
                    text = self.read("out")
                    begin, end = text.index("\n{\n") + 1, text.index("\n}\n") + 3
                    self.assert_whole(text[begin:end], run)
                    self.assertRegex(text[end:], r"(?s)\A--- .*Exit status 0\.\n\Z")

    def test_no_place_for_the_text(self):
        run = self.shell("$RUN -o json=- -o json=/dev/stderr 2> err")
        self.assert_status(run, 1)
        self.assertIn("leave no place for the text", self.read("err"))
        self.assertEqual(run.stdout, "")

    def test_descriptor_for_reading(self):
        self.put("in", "old")
        run = self.shell("$RUN -o json=/dev/stdin < in")
        self.assert_explained(run, "/dev/stdin", "reading only")
        self.assertEqual(self.read("in"), "old")

    def test_null_is_no_place_to_share(self):
        run = self.shell("$RUN -o json=/dev/null -o json=/dev/null > /dev/null")
        self.assert_status(run, 0)
        self.assertEqual(run.stderr, "")


class Twice(OutputCase):
    def test_one_place_by_two_paths(self):
        for there in (False, True):
            for other in ("./z", "sub/../z", "link", "/proc/self/cwd/z", f"{self.directory}/z",
                          "hard", "to/z"):
                if other == "hard" and not there:
                    continue
                with self.subTest(other=other, there=there):
                    for name in self.names():
                        path = self.at(name)
                        shutil.rmtree(path) if name == "sub" else os.unlink(path)
                    os.mkdir(self.at("sub"))
                    os.symlink(".", self.at("to"))
                    os.symlink("z", self.at("link"))
                    if there:
                        self.put("z", YESTERDAY)
                        os.link(self.at("z"), self.at("hard"))
                    run = self.shell(f"$RUN -o json=z -o json={other}")
                    self.assert_status(run, 1)
                    self.assertIn(f"'json={other}' goes to the same place as another report",
                                  run.stderr)
                    self.assertEqual(run.stdout, "")
                    if there:
                        self.assertEqual(self.read("z"), YESTERDAY)

    def test_stdout_twice(self):
        run = self.shell("$RUN -o json=- -o json=/dev/stdout > out")
        self.assert_status(run, 1)
        self.assertIn("goes to the same place as another report", run.stderr)
        self.assertEqual(self.read("out"), "")


class Replaced(OutputCase):
    """A file of one's own."""

    def test_permissions(self):
        """Never more than the umask allows, and no special bit."""
        for before, umask, after in (
                (0o644, 0o022, 0o644), (0o600, 0o022, 0o600), (0o666, 0o022, 0o644),
                (0o664, 0o002, 0o664), (0o4777, 0o022, 0o644), (0o6775, 0o000, 0o664),
                (0o1640, 0o077, 0o600), (None, 0o027, 0o640)):
            with self.subTest(before=before, umask=oct(umask)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.at("z"))
                if before is not None:
                    self.put("z", YESTERDAY, mode=before)
                run = self.shell(f"umask {umask:o}; $RUN -o json=z")
                self.assert_status(run, 0)
                self.assertEqual(oct(stat.S_IMODE(os.stat(self.at("z")).st_mode)), oct(after))
                self.assert_whole(self.read("z"), run)

    @needs_root
    def test_group(self):
        """It stays; where we may not give it, ours gets no more than others have."""
        self.put("z", YESTERDAY, mode=0o640)
        os.chown(self.at("z"), 0, 12345)
        self.assert_status(self.shell("umask 022; $RUN -o json=z"), 0)
        self.assertEqual(os.stat(self.at("z")).st_gid, 12345)
        self.assertEqual(stat.S_IMODE(os.stat(self.at("z")).st_mode), 0o640)

        os.chown(self.directory, NOBODY, NOBODY)
        os.chown(self.at("z"), NOBODY, 12345)
        self.assert_status(self.shell("umask 022; $RUN -o json=z", prepare=as_nobody), 0)
        self.assertEqual(os.stat(self.at("z")).st_gid, NOBODY)
        self.assertEqual(stat.S_IMODE(os.stat(self.at("z")).st_mode), 0o600)

    def test_acl(self):
        """The group's bits were the mask of it, and do not become the group's."""
        self.put("z", YESTERDAY, mode=0o600)
        none = 0xFFFFFFFF
        acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in (
            (ACL_USER_OBJ, 6, none), (ACL_USER, 6, NOBODY), (ACL_GROUP_OBJ, 0, none),
            (ACL_MASK, 6, none), (ACL_OTHER, 0, none)))
        try:
            os.setxattr(self.at("z"), "system.posix_acl_access", acl)
        except OSError as error:
            self.skipTest(f"no ACLs here: {error}")
        self.assertEqual(stat.S_IMODE(os.stat(self.at("z")).st_mode), 0o660)
        self.assert_status(self.shell("umask 000; $RUN -o json=z"), 0)
        self.assertEqual(stat.S_IMODE(os.stat(self.at("z")).st_mode), 0o600)

    def test_links(self):
        """A symbolic link stays, and its target is replaced, or made where it was missing."""
        os.mkdir(self.at("sub"))
        for there in (False, True):
            with self.subTest(there=there):
                if there:
                    self.put("sub/target", YESTERDAY)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.at("link"))
                os.symlink("sub/target", self.at("link"))
                run = self.shell("$RUN -o json=link")
                self.assert_status(run, 0)
                self.assertEqual(os.readlink(self.at("link")), "sub/target")
                self.assert_whole(self.read("sub/target"), run)
                os.unlink(self.at("sub/target"))

    def test_links_that_lead_nowhere(self):
        os.symlink("loop", self.at("loop"))
        os.symlink("no/such/directory", self.at("lost"))
        for name, words in (("loop", "Too many levels"), ("lost", "No such file")):
            with self.subTest(name):
                run = self.shell(f"$RUN -o json={name}")
                self.assert_explained(run, name, words)
                self.assertTrue(os.path.islink(self.at(name)))

    def test_longest_name(self):
        run = self.shell(f"$RUN -o json={'n' * 255}")
        self.assert_status(run, 0)
        self.assertEqual(self.names(), ["n" * 255])

    def test_directory_moved_during_the_run(self):
        os.mkdir(self.at("sub"))
        run = self.tcpgoon("run", "127.0.0.1", self.port, "-y", "-c", "5", "-s", "0", "--hold",
                           "30s", "-o", f"json={self.at('sub/z')}")
        harness.wait_until(lambda: harness.sockets(
            harness.TCP_ESTABLISHED, remote_port=self.port) == 5, "the connections")
        self.assertEqual(os.listdir(self.at("sub")), [], "nothing before the end")
        os.rename(self.at("sub"), self.at("moved"))
        os.mkdir(self.at("sub"))
        run.send(signal.SIGINT)
        run.wait()
        self.assert_whole(self.read("moved/z"), run, status=1)
        self.assertEqual(os.listdir(self.at("sub")), [])


@needs_root
class InPlace(OutputCase):
    """Where a rename cannot work, or would take a file from its owner."""

    def assert_in_place(self, name, run, inode, owner):
        self.assert_status(run, 0)
        self.assert_whole(self.read(name), run)
        status = os.stat(self.at(name))
        self.assertEqual((status.st_ino, status.st_uid), (inode, owner), run.describe())
        self.assertEqual(status.st_mode & 0o6000, 0)

    def test_kinds(self):
        long = "x" * 200000
        for name, directory_mode, directory_owner, owner, mode, who, umask in (
                ("directory not writable", 0o755, 0, NOBODY, 0o600, as_nobody, "022"),
                ("sticky", 0o1777, 0, 0, 0o666, as_nobody, "022"),
                ("another's in one's own directory", 0o755, NOBODY, 0, 0o666, as_nobody, "022"),
                ("another's, and root", 0o755, NOBODY, NOBODY, 0o644, None, "022"),
                ("another's set-user-ID, and root", 0o755, NOBODY, NOBODY, 0o4777, None, "022"),
                ("another's in root's directory", 0o755, 0, NOBODY, 0o6755, None, "022")):
            with self.subTest(name):
                os.chmod(self.directory, 0o755)
                self.put("z", long, mode=mode, owner=owner)
                os.chown(self.directory, directory_owner, directory_owner)
                os.chmod(self.directory, directory_mode)
                inode = os.stat(self.at("z")).st_ino
                run = self.shell(f"umask {umask}; $RUN -o json=z", prepare=who)
                self.assert_in_place("z", run, inode, owner)

    def test_mounted_file(self):
        self.put("source", YESTERDAY)
        self.put("z", "below")
        run = self.shell("mount --bind source z && $RUN -o json=z", before=("unshare", "-m"))
        self.assert_status(run, 0)
        self.assert_whole(self.read("source"), run)
        self.assertEqual(self.read("z"), "below")

    def test_append_only_file_is_refused_before(self):
        self.put("z", YESTERDAY)
        if subprocess.run(["chattr", "+a", self.at("z")], check=False,
                          capture_output=True).returncode != 0:
            self.skipTest("this filesystem has no such attribute")
        self.addCleanup(subprocess.run, ["chattr", "-a", self.at("z")], check=True)
        run = self.shell("$RUN -o json=z")
        self.assert_explained(run, "z", "not permitted")
        self.assertEqual(run.stdout, "")

    def test_append_only_directory(self):
        os.mkdir(self.at("sub"))
        if subprocess.run(["chattr", "+a", self.at("sub")], check=False,
                          capture_output=True).returncode != 0:
            self.skipTest("this filesystem has no such attribute")
        self.addCleanup(subprocess.run, ["chattr", "-a", self.at("sub")], check=True)
        for script, status in (("$RUN -o json=sub/z", 0), ("$RUN -o json=sub/z", 0),
                               ("$RUN -o json=sub/y > /dev/full", 1)):
            run = self.shell(script)
            self.assert_status(run, status)
            self.assert_whole(self.read("sub/y" if status else "sub/z"), run, status)
        self.assertEqual(sorted(os.listdir(self.at("sub"))), ["y", "z"])

    def test_hard_link_of_another(self):
        """It may be a file that nobody meant."""
        self.put("precious", "precious", owner=NOBODY)
        os.link(self.at("precious"), self.at("z"))
        run = self.shell("$RUN -o json=z")
        self.assert_explained(run, "hard link")
        self.assertEqual(self.read("precious"), "precious")


@needs_root
class Shared(OutputCase):
    """A directory such as /tmp, in which another user was first."""

    def setUp(self):
        super().setUp()
        self.put("precious", "precious")
        os.mkdir(self.at("mine"))
        self.shared = self.at("shared")
        os.mkdir(self.shared)
        os.chmod(self.shared, 0o1777)

    def prepare_trap(self, kind):
        trap = os.path.join(self.shared, "z")
        if kind == "file":
            self.put("shared/z", "theirs", mode=0o4777, owner=NOBODY)
        elif kind == "pipe":
            os.mkfifo(trap)
        else:
            os.symlink({"link": self.at("precious"), "dangling": self.at("new"),
                        "relative": "../precious", "directory": self.at("mine")}[kind], trap)
        os.lchown(trap, NOBODY, NOBODY)

    def test_traps(self):
        for kind, path in (("file", "shared/z"), ("pipe", "shared/z"), ("link", "shared/z"),
                           ("dangling", "shared/z"), ("relative", "./shared/../shared/z"),
                           ("directory", "shared/z/result.json")):
            with self.subTest(kind):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self.shared, "z"))
                self.prepare_trap(kind)
                before = os.lstat(os.path.join(self.shared, "z"))
                run = self.shell(f"$RUN -o json={path}")
                self.assert_explained(run, "another user (uid 65534)", path)
                self.assertEqual(self.read("precious"), "precious")
                self.assertEqual(self.names(), ["mine", "precious", "shared"])
                self.assertEqual(os.listdir(self.at("mine")), [])
                self.assertEqual(os.listdir(self.shared), ["z"])
                after = os.lstat(os.path.join(self.shared, "z"))
                self.assertEqual((before.st_ino, before.st_mode, before.st_uid, before.st_size),
                                 (after.st_ino, after.st_mode, after.st_uid, after.st_size))

    def test_own_file_there(self):
        for who, owner in ((None, 0), (as_nobody, NOBODY)):
            self.put("shared/z", YESTERDAY, owner=owner)
            run = self.shell("$RUN -o json=shared/z", prepare=who)
            self.assert_status(run, 0)
            self.assert_whole(self.read("shared/z"), run)
            self.assertEqual(os.stat(self.at("shared/z")).st_uid, owner)
            os.unlink(self.at("shared/z"))

    def test_own_link_there(self):
        os.symlink(self.at("precious"), self.at("shared/z"))
        run = self.shell("$RUN -o json=shared/z")
        self.assert_status(run, 0)
        self.assert_whole(self.read("precious"), run)


class Devices(OutputCase):
    @needs_root
    def test_block_device(self):
        os.mknod(self.at("disk"), stat.S_IFBLK | 0o600, os.makedev(240, 0))
        self.assert_explained(self.shell("$RUN -o json=disk"), "disk", "block device")

    def test_pipe_without_a_reader_says_that_it_waits(self):
        os.mkfifo(self.at("pipe"))
        run = self.tcpgoon("run", "127.0.0.1", self.port, "-y", "-c", "5", "-s", "0", "-o",
                           f"json={self.at('pipe')}")
        harness.wait_until(lambda: "a pipe without a reader" in run.stderr, "the sentence")
        text = self.read("pipe")
        self.assertEqual(run.wait(), 0, run.describe())
        self.assert_whole(text, run)

    def test_plan_makes_the_same_check(self):
        """And says how each would be written, without touching any."""
        self.put("old", YESTERDAY)
        os.mkfifo(self.at("pipe"))
        for path, way in (("old", "a file, replaced at the end"), ("new", "a new file"),
                          ("-", "the standard output"), ("/dev/null", "written as it comes"),
                          ("/dev/stderr", "the standard error"), ("pipe", "written as it comes")):
            with self.subTest(path=path):
                plan = self.shell(f'"$0" plan 127.0.0.1 {self.port} -o json={path}')
                self.assert_status(plan, 0)
                self.assertIn(f"\n  Report:   json to {path}, {way}\n", plan.stdout)
        self.assertEqual(self.names(), ["old", "pipe"])
        self.assertEqual(self.read("old"), YESTERDAY)
        for words, message in (("-o json=/nonexistent/x", "No such file"),
                               ("-o json=old -o json=./old",
                                "goes to the same place as another report")):
            with self.subTest(words=words):
                plan = self.shell(f'"$0" plan 127.0.0.1 {self.port} {words}')
                self.assert_status(plan, 1)
                self.assertIn(message, plan.stderr)
                self.assertEqual(plan.stdout, "")

    def test_closed_stream(self):
        for path in ("-", "/dev/stdout", "/dev/fd/1"):
            run = self.shell(f"$RUN -o json={path} >&-")
            self.assert_explained(run, "descriptor 1 is not open")

    def test_full_device(self):
        run = self.shell("$RUN -o json=/dev/full -o json=z")
        self.assert_status(run, 1)
        self.assertIn("'/dev/full' cannot be written: No space left on device", run.stderr)
        self.assert_whole(self.read("z"), run, status=1)


class FullDisk(OutputCase):
    def assert_old_is_whole(self, run, name="z"):
        self.assert_status(run, 1)
        self.assertIn("cannot be written", run.stderr)
        self.assertIn("Exit status 1.", run.stdout)
        self.assertEqual(self.read(name), YESTERDAY)

    def test_file_size_limit(self):
        """Not SIGXFSZ, and not half a report."""
        self.put("z", YESTERDAY)
        run = self.tcpgoon("run", "127.0.0.1", self.port, "-y", "-c", "5", "-s", "0", "-o",
                           f"json={self.at('z')}",
                           prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
        run.wait()
        self.assert_old_is_whole(run)
        self.assertIn("File too large", run.stderr)
        self.assertEqual(self.names(), ["z"])

    @needs_root
    def test_full_filesystem(self):
        """Replaced or in place: the old report is there, and nothing beside it."""
        os.mkdir(self.at("small"))
        fill = (f"mount -t tmpfs -o size=16k,mode=755 none small && echo '{YESTERDAY.strip()}' "
                "> small/z; head -c 1m /dev/zero > small/fill 2> /dev/null; ")
        # Looked at from inside of the mount namespace.
        look = "; status=$?; ls -A small > names; cat small/z > z; exit $status"
        nobody = (f"chmod 555 small; chown {NOBODY} small/z; "
                  f"setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups ")
        for name, prefix in (("replaced", ""), ("in place", nobody)):
            with self.subTest(name):
                run = self.shell(f"{fill}{prefix}$RUN -o json=small/z{look}",
                                 before=("unshare", "-m"))
                self.assert_old_is_whole(run)
                self.assertIn("No space left on device", run.stderr)
                self.assertEqual(self.read("names"), "fill\nz\n")

    @needs_root
    @needs_no_sanitizer
    def test_without_proc(self):
        """A file without a name cannot be given one then; it is made in the other way."""
        self.put("z", YESTERDAY)
        run = self.shell("mount -t tmpfs none /proc && $RUN -o json=z", before=("unshare", "-m"))
        self.assert_status(run, 0)
        self.assert_whole(self.read("z"), run)
        self.assertEqual(self.names(), ["z"])


class NotStarted(OutputCase):
    """Yesterday's result must not be taken for that of a run that did not begin."""

    def assert_declined(self, run, status, *words, path="z"):
        self.assert_status(run, status)
        result = self.result(self.read(path), run)
        self.assertEqual(result.get("ended"), "not_started", run.describe())
        self.assertEqual(result["verdict"]["exit_status"], status)
        self.assertEqual(result["connections"]["dialed"], 0)
        for word in words:
            self.assertIn(word, result["error"])
        self.assertEqual(result["thresholds"], [])
        self.assert_valid(result)
        return result

    def assert_valid(self, result):
        if jsonschema is not None:
            with open(SCHEMA, encoding="utf-8") as file:
                jsonschema.Draft202012Validator(json.load(file)).validate(result)

    def test_reasons(self):
        at = self.at("z")
        for name, argv, status, words in (
                ("no such name", ("no-such-host.invalid", "80", "-y"), 1, ["no-such-host.invalid"]),
                ("no port", ("127.0.0.1", "-y"), 1, ["host and a port"]),
                ("bad port", ("127.0.0.1", "0", "-y"), 1, ["'0'"]),
                ("limits", ("127.0.0.1", "9", "-y", "-c", "100", "--source-port", "2000-2001",
                            "--source", "127.0.0.1"), 4, ["--force"]),
                ("nobody to ask", ("127.0.0.1", "9"), 1, ["not a terminal"]),
                ("values that do not go together",
                 ("127.0.0.1", "9", "-y", "-c", "1m", "-s", "1h"), 1, ["--sleep"]),
                ("threshold", ("127.0.0.1", "9", "-y", "--fail-if", "errors>>1"), 1,
                 ["--fail-if"]),
                ("no such source", ("127.0.0.1", "9", "-y", "--source", "192.0.2.77"), 1,
                 ["192.0.2.77"])):
            with self.subTest(name):
                self.put("z", YESTERDAY)
                run = self.run_tcpgoon("run", *argv, "-o", f"json={at}")
                result = self.assert_declined(run, status, *words)
                self.assertIn(result["error"].splitlines()[0], run.stderr)
                self.assertNotIn("Exit status", run.stdout)
                told = self.read("z")
                again = self.run_tcpgoon("report", at, "-o", f"json={at}")
                self.assert_status(again, status)
                self.assertEqual(self.read("z"), told)

    def test_io_uring_refused(self):
        for command in (("run", "127.0.0.1", str(self.port), "-y"), ("demo",)):
            with self.subTest(command):
                self.put("z", YESTERDAY)
                run = self.run_tcpgoon(*command, "--engine", "io_uring", "-o",
                                       f"json={self.at('z')}",
                                       prepare=lambda: answer_io_uring_setup_with(1))
                self.assert_declined(run, 1, "io_uring")

    def test_another_output_cannot_be_written(self):
        self.put("z", YESTERDAY)
        run = self.shell("$RUN -o json=z -o json=/nonexistent/x")
        self.assert_declined(run, 1, "/nonexistent/x")

    def test_on_stdout(self):
        run = self.run_tcpgoon("run", "127.0.0.1", "0", "-y", "-o", "json=-")
        self.assert_status(run, 1)
        self.assertEqual(self.result(run.stdout, run)["ended"], "not_started")

    def test_not_confirmed(self):
        self.put("z", YESTERDAY)
        keyboard, terminal = os.openpty()
        self.addCleanup(os.close, keyboard)
        self.addCleanup(os.close, terminal)
        os.write(keyboard, b"n\n")
        run = self.run_tcpgoon("run", "127.0.0.1", self.port, "-o", f"json={self.at('z')}",
                               stdin=terminal)
        self.assert_declined(run, 1, "not confirmed")

    @harness.requires("strace")
    @needs_no_sanitizer
    def test_run_that_breaks_off(self):
        """What is known by then is there, and called no more than that."""
        self.put("z", YESTERDAY)
        run = self.start("strace", "-o", "/dev/null", "-e", "trace=io_uring_enter", "-e",
                         "inject=io_uring_enter:error=ENOMEM:when=60+", harness.TCPGOON, "run",
                         "127.0.0.1", self.port, "-y", "-c", "5000", "-s", "5", "-o",
                         f"json={self.at('z')}")
        run.wait()
        self.assert_status(run, 1)
        result = self.result(self.read("z"), run)
        self.assertEqual((result["ended"], result["verdict"]["exit_status"]), ("failed", 1))
        self.assertIn(result["error"], run.stderr)
        counts = result["connections"]
        self.assertGreater(counts["dialed"], 0)
        self.assertLess(counts["dialed"], 5000)
        self.assertEqual(counts["established"], counts["open_at_end"])
        self.assertIsNone(counts["unconfirmed"])
        self.assert_valid(result)

    def test_a_flag_that_is_not_understood_says_no_path(self):
        self.put("z", YESTERDAY)
        run = self.run_tcpgoon("run", "127.0.0.1", self.port, "-o", f"json={self.at('z')}",
                               "--no-such-flag")
        self.assert_status(run, 1)
        self.assertEqual(self.read("z"), YESTERDAY)


if __name__ == "__main__":
    harness.main()
