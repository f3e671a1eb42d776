# SPDX-License-Identifier: MIT
"""What `meson install` puts where, that it works from there, and that it is the same each time."""

import datetime
import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import unittest

import harness

BUILD = os.environ["TCPGOON_BUILD"]
UNIT = "lib/systemd/system/tcpgoon-server.service"
INSTALLED = {
    "bin/tcpgoon",
    UNIT,
    "share/bash-completion/completions/tcpgoon.bash",
    "share/doc/tcpgoon/ARCHITECTURE.md",
    "share/doc/tcpgoon/CHANGELOG.md",
    "share/doc/tcpgoon/LICENSE",
    "share/doc/tcpgoon/README.md",
    "share/fish/vendor_completions.d/tcpgoon.fish",
    "share/man/man1/tcpgoon.1",
    "share/tcpgoon/tcpgoon-comparison-1.schema.json",
    "share/tcpgoon/tcpgoon-lines-1.schema.json",
    "share/tcpgoon/tcpgoon-plan-1.schema.json",
    "share/tcpgoon/tcpgoon-result-2.schema.json",
    "share/tcpgoon/tcpgoon.spdx.json",
    "share/zsh/site-functions/_tcpgoon",
}
# Of 10, in the words of systemd "OK"; an ordinary service has 9.6.
EXPOSURE_MAX = 1.5


def documents():
    """The files of docs/, by where they go."""
    return {os.path.join("share/doc/tcpgoon", os.path.relpath(os.path.join(place, name), harness.SOURCE))
            for place, _, names in os.walk(os.path.join(harness.SOURCE, "docs"))
            for name in names}


def output_of(*argv, **options):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build_options():
    with open(f"{BUILD}/meson-info/intro-buildoptions.json", encoding="utf-8") as file:
        return {option["name"]: option["value"] for option in json.load(file)}


def digests(root):
    """Of all files below, by name."""
    found = {}
    for place, _, names in os.walk(root):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(os.path.join(place, name), root)] = digest
    return found


class Installed(harness.Case):
    def setUp(self):
        self.prefix = build_options()["prefix"]
        self.root = self.temporary_directory()
        output_of("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", self.root)

    def path(self, name):
        return os.path.join(self.root, self.prefix.lstrip("/"), name)

    def unit(self):
        with open(self.path(UNIT), encoding="utf-8") as file:
            return file.read()


class Files(Installed):
    def test_are_these(self):
        found = {os.path.relpath(os.path.join(place, name), self.path("."))
                 for place, _, names in os.walk(self.root) for name in names}
        self.assertEqual(found, INSTALLED | documents())

    def test_the_image_is_labelled_with_its_version(self):
        version = output_of(self.path("bin/tcpgoon"), "version").split()[1]
        with open(f"{harness.SOURCE}/Dockerfile", encoding="utf-8") as file:
            self.assertIn(f'org.opencontainers.image.version="{version}"', file.read())

    def test_the_program_runs(self):
        demo = self.start(self.path("bin/tcpgoon"), "demo", "-c", "100")
        self.assertEqual(demo.wait(), 0, demo.describe())
        self.assertIn("Total established connections: 100\n", demo.stdout)

    @harness.requires("mandoc")
    def test_the_manual_is_of_this_program(self):
        text = re.sub(".\b", "", output_of("mandoc", self.path("share/man/man1/tcpgoon.1")))
        self.assertRegex(text, r"(?m)^NAME\n\s+tcpgoon ")
        for word in ("tcpgoon run", "--connections", "EXIT STATUS"):
            self.assertIn(word, text)

    def test_bash_completes(self):
        output = output_of(
            "bash", "-c", 'source "$1" && complete -p tcpgoon', "-",
            self.path("share/bash-completion/completions/tcpgoon.bash"))
        self.assertIn("tcpgoon", output)

    def test_the_schema_is_that_of_the_results(self):
        with open(self.path("share/tcpgoon/tcpgoon-result-2.schema.json"),
                  encoding="utf-8") as file:
            schema = json.load(file)
        self.assertEqual(schema["properties"]["schema"]["const"], "tcpgoon-result/2")


class Again(Installed):
    """The same sources give the same bytes wherever they lie and whenever they are built."""

    def setUp(self):
        super().setUp()
        with open(f"{BUILD}/src/version.h", encoding="utf-8") as file:
            self.commit = re.search(r'VERSION_COMMIT "(.*)"', file.read())[1]
        with open(f"{BUILD}/tools/tcpgoon.spdx.json", encoding="utf-8") as file:
            created = json.load(file)["creationInfo"]["created"]
        self.date = str(int(datetime.datetime.fromisoformat(created).timestamp()))

    def test_in_another_place(self):
        place = os.path.join(self.temporary_directory(), "of", "another", "length")
        sources = os.path.join(place, os.path.basename(harness.SOURCE))
        os.makedirs(place)
        harness.copy_sources(sources)
        build = os.path.normpath(os.path.join(sources, os.path.relpath(BUILD, harness.SOURCE)))
        options = build_options()
        chosen = [f"-D{name}={str(options[name]).lower() if name != 'prefix' else options[name]}"
                  for name in ("prefix", "buildtype", "static", "werror")]
        env = dict(os.environ, SOURCE_DATE_EPOCH=self.date, TZ="Pacific/Kiritimati")
        output_of("meson", "setup", *chosen, "-Dtests=false", f"-Dcommit={self.commit}", build,
                  sources, env=env)
        output_of("meson", "compile", "-C", build, env=env)
        again = self.temporary_directory()
        output_of("meson", "install", "-C", build, "--no-rebuild", "--destdir", again, env=env)
        self.assertEqual(digests(again), digests(self.root))

    def test_says_nothing_of_the_place(self):
        with open(harness.TCPGOON, "rb") as file:
            content = file.read()
        self.assertEqual(b".debug_info" in content, build_options()["debug"])
        # With what is in it: "/src" alone is part of names that say nothing of the place.
        for place in f"{BUILD}/", f"{harness.SOURCE}/src/", f"{harness.SOURCE}/include/":
            self.assertFalse(place.encode() in content, place)


class Unit(Installed):
    @harness.requires("systemd-analyze")
    def test_is_understood_by_systemd(self):
        # It looks for the program too, by the name that the unit has.
        path = os.path.join(self.temporary_directory(), "tcpgoon-server.service")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.unit().replace(f"{self.prefix}/bin", self.path("bin")))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", path],
                              capture_output=True, text=True, check=False)
        about = [line for line in done.stderr.splitlines() if "tcpgoon" in line]
        self.assertEqual((done.returncode, about), (0, []), done.stderr)

    @harness.requires("systemd-analyze")
    def test_is_confined(self):
        output = output_of("systemd-analyze", "security", "--offline=true", "--no-pager",
                           self.path(UNIT))
        exposure = re.search(r"Overall exposure level.*: ([\d.]+)", output)
        self.assertIsNotNone(exposure, output)
        self.assertLess(float(exposure[1]), EXPOSURE_MAX, output)

    def command(self):
        """The words of ExecStart, with the program that was installed."""
        words = shlex.split(re.search(r"(?m)^ExecStart=(.*)$", self.unit())[1])
        self.assertEqual(words[0], f"{self.prefix}/bin/tcpgoon")
        return [self.path("bin/tcpgoon"), *words[1:]]

    def test_starts_a_server_that_ends_by_its_signal(self):
        command = self.command()
        number = getattr(signal, re.search(r"(?m)^KillSignal=(.*)$", self.unit())[1])
        port = command[command.index("--port") + 1]
        for engine in ("io_uring", "epoll"):
            with self.subTest(engine=engine):
                server = self.start(*command, "--engine", engine)
                harness.wait_for_listener(int(port), server)
                run = self.dial("127.0.0.1", port, "-c", "50")
                self.assert_status(run, 0)
                server.send(number)
                self.assertEqual(server.wait(), 0, server.describe())
                self.assertIn("Total accepted connections: 50\n", server.stdout)

    def allowed_calls(self):
        """What the lines SystemCallFilter= let through, by systemd's own groups."""
        def members(word):
            if not word.startswith("@"):
                return {word}
            names = {line.strip() for line in
                     output_of("systemd-analyze", "syscall-filter", word).splitlines()[1:]}
            return {call for name in names if name and not name.startswith("#")
                    for call in members(name)}
        allowed = members("@default")
        for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", self.unit()):
            calls = {call for word in line.lstrip("~").split() for call in members(word)}
            allowed = allowed - calls if line.startswith("~") else allowed | calls
        return allowed

    @harness.requires("systemd-analyze", "strace")
    def test_lets_through_what_the_server_calls(self):
        command = self.command()
        port = command[command.index("--port") + 1]
        allowed = self.allowed_calls()
        for engine, characteristic in ("io_uring", "io_uring_enter"), ("epoll", "epoll_ctl"):
            with self.subTest(engine=engine):
                table = os.path.join(self.temporary_directory(), "calls")
                server = self.start("strace", "-f", "-c", "-U", "name", "-o", table,
                                    *command, "--engine", engine)
                harness.wait_for_listener(int(port), server)
                self.assert_status(self.dial("127.0.0.1", port, "-c", "500"), 0)
                pid, = harness.processes_of(os.path.realpath(command[0]))
                os.kill(pid, signal.SIGINT)
                server.wait()
                with open(table, encoding="ascii") as file:
                    called = {line.strip() for line in file.read().splitlines()[2:]}
                called = {name for name in called - {"total"} if name.replace("_", "").isalnum()}
                self.assertIn(characteristic, called)
                self.assertEqual(called - allowed, set())


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    harness.main()
