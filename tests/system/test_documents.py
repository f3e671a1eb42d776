# SPDX-License-Identifier: MIT
"""
The documents are true: each `sh` block is run as it stands, with the exit status and the output that
are shown below it; what they link to is there; options, formats and names in them exist.

Blocks that are only shown (installing, containers) are `shell`, output without a command is `text`.
"""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import unittest

import documents
import harness
from harness.case import NGINX

BUILD = os.environ["TCPGOON_BUILD"]

# What another program, or an option of meson, is given.
FOREIGN_OPTIONS = {"--rm", "--network", "--security-opt", "--ulimit",
                   "--memory", "--sysctl", "--cpus", "--user"}
FOREIGN_NAMES = {"tcp_crr"}

# The program is found by its name, and servers of other people where Debian has them.
PATH = os.pathsep.join((os.path.dirname(harness.TCPGOON), "/usr/local/sbin", "/usr/sbin", "/sbin",
                        os.environ["PATH"]))

# Runs the blocks of a section in one network, as process 1 of its own: all ends with it.
FRAME = """
ip link set lo up
mount -t tmpfs tmpfs /run
mount --bind hosts /etc/hosts
cd work
"""
BLOCK = """
( set -e
{text}
) >../{number}.out 2>&1 </dev/null
echo $? >../{number}.status
"""
# Where a document dials example.org 443: it is this host, and nginx listens there.
STAND_IN = """
cat >../nginx.conf <<'END'
{config}
END
nginx -p .. -c nginx.conf >../nginx.out 2>&1 &
""".format(config=NGINX.format(directory="..", connections=20000, http="",
                               listen="127.0.0.1:443 backlog=4096"))
HOSTS = "127.0.0.1 localhost example.org\n"


def listens(port):
    """Whether any program of this process namespace listens there, in whatever network."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        rows = []
        for table in ("tcp", "tcp6"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/net/{table}",
                                                    encoding="ascii") as file:
                rows += [line.split() for line in file][1:]
        if any(row[3] == "0A" and int(row[1].split(":")[1], 16) == port for row in rows):
            return True
    return False


def ports_of(text):
    return {int(port) for port in re.findall(r"tcpgoon run .*?(?:\d\.\d+|\.org) (\d+)\b", text)}


# In a user namespace nginx fails, as it gives its directories to another user.
as_root = unittest.skipUnless(os.getuid() == 0, "nginx needs root")


class Commands(harness.Case):
    """`sh` blocks."""

    def script(self, directory, blocks, setup=""):
        lines = [f"cd {directory}\n", FRAME, setup]
        waiting = "&\n" in setup
        for number, block in enumerate(blocks):
            for port in ports_of(block.text) if waiting else ():
                lines.append(f"{sys.executable} {__file__} listens {port}\n")
            waiting |= block.text.endswith("&\n")
            lines.append(BLOCK.format(text=block.text, number=number))
        path = os.path.join(directory, "script")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(lines))
        with open(os.path.join(directory, "hosts"), "w", encoding="ascii") as file:
            file.write(HOSTS)
        os.mkdir(os.path.join(directory, "work"))
        return path

    def run_blocks(self, blocks, setup=""):
        directory = self.temporary_directory()
        script = self.script(directory, blocks, setup)
        run = self.start("unshare", "-n", "-m", "-p", "--fork", "--mount-proc", "bash", script,
                         env={**os.environ, "PATH": PATH}, nofile=20000)
        run.wait(120)
        for number, block in enumerate(blocks):
            with self.subTest(block=block.text):
                self.check(directory, number, block, run)

    def check(self, directory, number, block, run):
        try:
            with open(os.path.join(directory, f"{number}.out"), encoding="utf-8") as file:
                output = file.read()
            with open(os.path.join(directory, f"{number}.status"), encoding="ascii") as file:
                status = int(file.read())
        except OSError as error:
            raise AssertionError(f"{error}\n{run.describe()}") from None
        self.assertEqual(status, block.status, f"{block.text}\n{output}\n{run.describe()}")
        if block.expected is not None:
            difference = documents.first_difference(block.expected, output)
            self.assertIsNone(difference, f"{block.text}\n{output}")

    @as_root
    @harness.requires("nginx", "unshare")
    def test_readme(self):
        self.run_blocks(documents.blocks_of(documents.text_of("README.md")), STAND_IN)

    @as_root
    @harness.requires("nginx", "unshare")
    def test_exit_statuses(self):
        self.run_blocks(documents.blocks_of(documents.text_of("docs/exit-statuses.md")), STAND_IN)

    @as_root
    @harness.requires("nginx", "unshare", "jq", "java")
    def test_formats(self):
        self.run_blocks(documents.blocks_of(documents.text_of("docs/formats.md")), STAND_IN)

    @as_root
    @harness.requires("nginx", "unshare", "jq")
    def test_settings(self):
        self.run_blocks(documents.blocks_of(documents.text_of("docs/settings.md")), STAND_IN)

    @harness.requires("unshare", "jq")
    def test_comparing(self):
        self.run_blocks(documents.blocks_of(documents.text_of("docs/comparing.md")))

    def run_section(self, name):
        sections = documents.sections_of("docs/recipes.md")
        self.run_blocks(documents.blocks_of(sections[name]))


def add_recipes():
    """A case for each, so that they run side by side and are counted."""
    for name in documents.sections_of("docs/recipes.md"):
        def case(self, name=name):
            self.run_section(name)
        if name:
            slug = re.sub(r"\W+", "_", name.lower())
            setattr(Commands, f"test_recipe_{slug}", harness.requires(
                "ip", "nft", "haproxy", "unshare")(case))


add_recipes()


class Everything(harness.Case):
    """What needs no run."""

    def setUp(self):
        listed = self.output("--help").split("Commands:")[1].split("\n\n")[0]
        names = [line.split()[0] for line in listed.splitlines() if line.strip()]
        self.help = {name: self.output(name, "--help") for name in names}

    @staticmethod
    def output(*argv):
        return subprocess.run([harness.TCPGOON, *argv], capture_output=True, text=True,
                              check=True).stdout

    @staticmethod
    def manual():
        with open(os.path.join(documents.ROOT, "src/cli/tcpgoon.1.scd.in"), "rb") as file:
            return subprocess.run([os.path.join(BUILD, "src/cli/expand_manual")], stdin=file,
                                  capture_output=True, check=True).stdout.decode()

    def test_links(self):
        for name in documents.names():
            place = os.path.dirname(name)
            for link in documents.links_of(name):
                if link.startswith(("https:", "http:")):
                    continue
                with self.subTest(document=name, link=link):
                    path, _, anchor = link.partition("#")
                    target = os.path.normpath(os.path.join(place, path)) if path else name
                    self.assertTrue(os.path.exists(os.path.join(documents.ROOT, target)))
                    if anchor:
                        self.assertIn(anchor, documents.anchors_of(target))

    def options_of(self, command):
        return set(re.findall(r"(?<![\w-])--?[a-z0-9][a-z0-9-]*", self.help[command]))

    def command_lines(self, text):
        """The arguments of each `tcpgoon COMMAND ...` of a block."""
        joined = text.replace("\\\n", " ")
        for line in re.findall(r"\btcpgoon ((?:run|plan|server|demo|doctor|report|compare)\b.*)",
                               joined):
            try:
                words = shlex.split(line, comments=True)
            except ValueError:
                continue  # it goes on in the next line: another language
            yield words

    def test_options_of_commands(self):
        for name in documents.names():
            for language, text in documents.FENCE.findall(documents.text_of(name)):
                if language not in ("sh", "shell"):
                    continue
                for words in self.command_lines(text):
                    with self.subTest(document=name, words=words):
                        given = {word.split("=")[0] for word in words[1:]
                                 if re.match(r"--?[a-z]", word)}
                        self.assertEqual(given - self.options_of(words[0]), set())

    def test_options_in_sentences(self):
        known = set().union(*map(self.options_of, self.help)) | FOREIGN_OPTIONS | {"--version"}
        for name in documents.names():
            if name == "CONTRIBUTING.md":
                continue  # of the tools
            for code in documents.codes_of(name):
                for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", code):
                    with self.subTest(document=name, option=option):
                        self.assertIn(option, known)

    def test_options_of_the_manual(self):
        known = set().union(*map(self.options_of, self.help))
        text = self.manual().replace("\\", "")
        for option in set(re.findall(r"\*(--[a-z][a-z0-9-]*)", text)):
            with self.subTest(option=option):
                self.assertIn(option, known | {"--flag", "--version"})

    def test_thresholds(self):
        """Each expression that a document shows is understood."""
        expression = re.compile(r"[a-z]+(?:\.[a-z0-9.]+)? ?[<>]=? ?[\d.]+[a-zµ%/]*")
        for name in documents.names():
            if not name.startswith("docs/") and name != "README.md":
                continue
            shown = {code for code in documents.codes_of(name) if expression.fullmatch(code)}
            shown |= set(re.findall(r"--(?:fail|abort)-if '([^'+]+)'", documents.text_of(name)))
            for threshold in shown:
                with self.subTest(document=name, threshold=threshold):
                    plan = self.run_tcpgoon("plan", "127.0.0.1", "80", "-c", "1",
                                            "--fail-if", threshold)
                    self.assert_status(plan, 0)

    def formats(self):
        """As the help of --output lists them."""
        words = " ".join(self.help["run"].split())
        return set(re.findall(r"\w+", re.search(r"\(formats: ([\w, ]+)\)", words)[1]))

    def test_formats(self):
        """Those that documents name exist, and each has its section."""
        known = self.formats()
        self.assertIn("json", known)
        for name in documents.names():
            for found in re.findall(r"(?<!\w)-o,? ?([a-z]+)=", documents.text_of(name)):
                with self.subTest(document=name, format=found):
                    self.assertIn(found, known)
        sections = {name.split(":")[0] for name in documents.sections_of("docs/formats.md")}
        self.assertEqual(known - sections, set())

    def test_names_in_code(self):
        """Names with an underscore are those of the JSON, of a finding, of the kernel."""
        known = set(FOREIGN_NAMES)
        for name in ("src/report/tcpgoon-result-2.schema.json",
                     "src/report/tcpgoon-lines-1.schema.json",
                     "src/compare/tcpgoon-comparison-1.schema.json",
                     "src/report/connection_lines.c",
                     "src/report/otlp.c", "tests/unit/expected/openmetrics-full.prom"):
            known |= set(re.findall(r"\w+", documents.text_of(name)))
        with open("/usr/include/linux/tcp.h", encoding="utf-8") as file:
            known |= set(re.findall(r"\btcpi_\w+", file.read()))
        known |= set(re.findall(r"[a-z_]+", self.manual().replace("\\_", "_")))
        for name in documents.names():
            if not name.startswith("docs/") and name != "README.md":
                continue  # about the code
            for code in documents.codes_of(name):
                if (not re.fullmatch(r"[a-z]+(?:[_.][a-z]+)+", code)
                        or os.path.exists(os.path.join("/proc/sys", code.replace(".", "/")))
                        or os.path.exists(os.path.join(documents.ROOT, code))):
                    continue
                for word in code.split("."):
                    with self.subTest(document=name, code=code):
                        self.assertTrue(word in known, word)


class Taking(unittest.TestCase):
    """That the comparison of outputs can fail."""

    def test_what_fits(self):
        output = "one 1\ntwo 2.5ms of 7\nthree\nfour\nExit status 2.\n"
        for expected in ("one 9\ntwo 3s of 1\n", "two 1µs of 2\n...\nfour\n",
                         "...\nfour\nExit status 2.\n", "t...of 3\n"):
            self.assertIsNone(documents.first_difference(expected, output), expected)
        for output in ('{"change":-8.2e-03,"p":0.5}', '{"change":0,"p":1}'):
            self.assertIsNone(documents.first_difference('{"change":0.08,"p":1}', output))
        for expected in ("one\n", "one 1\nthree\n", "three\ntwo 1ms of 7\n", "five\n",
                         "two 2 of\n"):
            self.assertIsNotNone(documents.first_difference(expected, output), expected)


if __name__ == "__main__":
    if sys.argv[1:2] == ["listens"]:
        harness.wait_until(lambda: listens(int(sys.argv[2])), f"a listener on {sys.argv[2]}")
        sys.exit(0)
    harness.main(at_a_time=4)
