# SPDX-License-Identifier: MIT
"""
That everything in the help of each command is in the man page and is offered by bash, zsh and fish,
into which the completions are loaded as these shells load them.
"""

import os
import re
import subprocess

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(os.environ.get("TCPGOON_BUILD", os.path.join(HERE, "../../build")),
                    "src/cli/tcpgoon.1")
SHELLS = ("bash", "zsh", "fish")
FILES = ("other.txt", "result.json")

# Bash ends a word at each of these; the character is a word of its own.
BREAKS = re.compile(r"([=:<>|&;()])")

BASH = """
. /usr/share/bash-completion/bash_completion
_completion_loader tcpgoon
command=$(complete -p tcpgoon) || exit 1
function=${command#*-F }
function=${function%% *}
while IFS= read -r line; do
    IFS=$'\\t' read -r -a COMP_WORDS <<< "$line"
    # An empty last word gets lost.
    [[ $line == *$'\\t' ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}
    COMPREPLY=()
    "$function" tcpgoon "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    ((${#COMPREPLY[@]})) && printf '%s\\n' "${COMPREPLY[@]}"
    echo END
done
"""


def parted(output):
    """The lines before each END, as sets."""
    return [set(filter(None, part.split("\n"))) for part in output.split("END\n")[:-1]]


def squeezed(text):
    return " ".join(text.split())


class Option:
    """One of a help: its long name, its letter, what stands for its value, its text."""

    HEAD = re.compile(r"^  (?:-(?P<letter>\w), |    )--(?P<name>[\w-]+)(?: (?P<value>\S+))?(?:   +|$)")

    def __init__(self, match, text):
        self.name, self.letter, self.value = match["name"], match["letter"], match["value"]
        self.text = squeezed(text)

    def choices(self):
        return self.value.split("|") if self.value and "|" in self.value else []

    def formats(self):
        return self.listed("formats")

    def words(self):
        return self.listed("words")

    def listed(self, title):
        match = re.search(rf"\({title}: ([^)]+)\)$", self.text)
        return match[1].split(", ") if match else []


class Help:
    """What `tcpgoon COMMAND --help` says, taken apart."""

    def __init__(self, text):
        self.text = text
        self.options = []
        self.headings = re.findall(r"(?m)^([A-Z][\w ]*):$", text)
        lines = text.split("\n")
        for i, line in enumerate(lines):
            match = Option.HEAD.match(line)
            if match is None:
                continue
            paragraph = [line[match.end():]]
            while lines[i + 1].startswith(" " * 8):
                i += 1
                paragraph.append(lines[i])
            self.options.append(Option(match, " ".join(paragraph)))
        examples = re.search(r"(?m)^Examples:\n((?:  .*\n)+)", text)
        self.examples = re.findall(r"(?m)^  (\S.*)$", examples[1]) if examples else []


class Texts(harness.Case):
    """The help of each command, the man page, and the three shells."""

    @classmethod
    def setUpClass(cls):
        def help_of(*words):
            done = subprocess.run([harness.TCPGOON, *words], check=True, capture_output=True,
                                  env=harness.environment_of_programs())
            return done.stdout.decode()

        cls.commands = re.findall(r"(?m)^  ([a-z]+) {2,}\S", help_of("help"))
        cls.helps = {name: Help(help_of(name, "--help")) for name in cls.commands}

    def setUp(self):
        self.directory = self.temporary_directory()
        for name in FILES:
            with open(os.path.join(self.directory, name), "w", encoding="ascii"):
                pass

    # ---- The shells: each is asked about many lines at once

    def install(self, shell, *place):
        """The script of that shell in a file of this test; its directory."""
        path = os.path.join(self.temporary_directory(), *place)
        os.makedirs(os.path.dirname(path))
        with open(path, "w", encoding="utf-8") as file:
            subprocess.run([harness.TCPGOON, "completion", shell], check=True, stdout=file)
        return os.path.dirname(path)

    def run_shell(self, *argv, **variables):
        home = self.temporary_directory()
        # Fish loads nothing for a command that is not there.
        os.symlink(harness.TCPGOON, os.path.join(home, "tcpgoon"))
        env = harness.environment_of_programs(
            HOME=home, LC_ALL="C.UTF-8", PATH=f"{home}:{os.environ['PATH']}", **variables)
        program = self.start(*argv, env=env, prepare=lambda: os.chdir(self.directory))
        self.assertEqual(program.wait(), 0, program.describe())
        return program

    def lines_file(self, lines):
        path = os.path.join(self.temporary_directory(), "lines")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        return path

    def ask_bash(self, lines):
        """By bash-completion's loader, from where it is installed."""
        # As it is installed: DIRECTORY/completions/tcpgoon.bash.
        place = self.install("bash", "completions", "tcpgoon.bash")
        words = ["\t".join(part for word in line.split(" ") for part in
                           (BREAKS.split(word) if word else [""]) if part or not word)
                 for line in lines]
        path = self.lines_file(words)
        program = self.run_shell("bash", "--norc", "-c", f"exec < {path}\n{BASH}",
                                 BASH_COMPLETION_USER_DIR=os.path.dirname(place))
        self.assertEqual(program.stderr, "")
        return parted(program.stdout)

    def ask_zsh(self, lines):
        place = self.install("zsh", "functions", "_tcpgoon")
        result = os.path.join(self.temporary_directory(), "result")
        self.run_shell("zsh", "-f", os.path.join(HERE, "complete.zsh"), place,
                       self.lines_file(lines), result)
        with open(result, encoding="utf-8") as file:
            return parted(file.read())[1:]

    def ask_fish(self, lines):
        place = self.install("fish", "fish", "vendor_completions.d", "tcpgoon.fish")
        root = os.path.dirname(os.path.dirname(place))
        program = self.run_shell(
            "fish", "--private", "-c",
            f"while read line; complete -C $line; echo END; end < {self.lines_file(lines)}",
            XDG_DATA_DIRS=f"{root}:/usr/share")
        # What is behind a tab is a description.
        return parted(re.sub(r"(?m)\t.*$", "", program.stdout))

    def ask(self, shell, lines):
        """What the shell offers for the last word of each line."""
        answers = getattr(self, f"ask_{shell}")(lines)
        self.assertEqual(len(answers), len(lines), shell)
        return dict(zip(lines, answers))

    # ---- What they offer

    def options_offered(self, words):
        return {re.sub("=$", "", word) for word in words if word.startswith("--")}

    def test_each_shell_offers_the_options_of_each_command(self):
        lines = {f"tcpgoon {command} --": command for command in self.commands}
        for shell in SHELLS:
            answers = self.ask(shell, list(lines))
            for line, command in lines.items():
                with self.subTest(shell=shell, command=command):
                    self.assertEqual(self.options_offered(answers[line]),
                                     {f"--{option.name}" for option in self.helps[command].options})
        self.assertGreater(len(self.helps["run"].options), 18)

    def test_each_shell_offers_the_commands(self):
        for shell in SHELLS:
            with self.subTest(shell=shell):
                answers = self.ask(shell, ["tcpgoon ", "tcpgoon help ", "tcpgoon completion "])
                first, second, third = answers.values()
                self.assertLessEqual(set(self.commands), first)
                self.assertLessEqual(set(self.commands), second)
                self.assertLessEqual({"bash", "zsh", "fish"}, third)

    def test_each_shell_offers_the_words_of_a_choice(self):
        lines = {f"tcpgoon {command} --{option.name}{between}": option.choices()
                 for command, text in self.helps.items() for option in text.options
                 for between in " =" if option.choices()}
        self.assertIn(["fin", "rst"], lines.values())
        for shell in SHELLS:
            answers = self.ask(shell, list(lines))
            for line, choices in lines.items():
                with self.subTest(shell=shell, line=line):
                    # Fish shows the whole word.
                    offered = {word.rpartition("=")[2] for word in answers[line]}
                    self.assertEqual(offered, set(choices))

    def test_each_shell_offers_formats_and_then_files(self):
        outputs = {command: option.formats() for command, text in self.helps.items()
                   for option in text.options if option.formats()}
        self.assertIn("json", outputs["run"])
        for shell in SHELLS:
            lines = {}
            for command, formats in outputs.items():
                wanted = {f"{name}=" for name in formats}
                lines[f"tcpgoon {command} -o "] = wanted
                lines[f"tcpgoon {command} --output "] = wanted
                for name in formats:
                    lines[f"tcpgoon {command} -o {name}="] = set(FILES)
                lines[f"tcpgoon {command} --output json=res"] = {"result.json"}
            answers = self.ask(shell, list(lines))
            for line, wanted in lines.items():
                with self.subTest(shell=shell, line=line):
                    offered = answers[line]
                    if "=" in line.rpartition(" ")[2]:
                        # Fish shows the whole words, and the format among them.
                        offered = {word.rpartition("=")[2] for word in offered} - {""}
                    elif shell == "fish":
                        # It offers files too, where they may come later.
                        offered = {word for word in offered if word.endswith("=")}
                    self.assertEqual(offered, wanted)

    def test_each_shell_offers_the_words_that_may_have_a_value(self):
        lines = {f"tcpgoon {command} --{option.name}{between}{begun}":
                 {word for word in option.words() if word.startswith(begun)}
                 for command, text in self.helps.items() for option in text.options
                 for between in " =" for begun in ("", "close-") if option.words()}
        self.assertIn({"close-after="}, lines.values())
        for shell in SHELLS:
            answers = self.ask(shell, list(lines))
            for line, words in lines.items():
                with self.subTest(shell=shell, line=line):
                    # Fish shows the whole word.
                    offered = {re.sub(r"^--\w+=", "", word) for word in answers[line]}
                    self.assertEqual(offered, words)

    def test_each_shell_offers_files_where_they_are_read(self):
        lines = [f"tcpgoon {command} " for command in ("report", "compare")
                 if command in self.commands]
        lines += [f"tcpgoon {command} --config{between}" for command in ("run", "server")
                  for between in " ="]
        self.assertIn("tcpgoon report ", lines)
        for shell in SHELLS:
            answers = self.ask(shell, lines)
            for line in lines:
                with self.subTest(shell=shell, line=line):
                    # Fish shows the whole words.
                    offered = {word.rpartition("=")[2] for word in answers[line]}
                    self.assertLessEqual(set(FILES), offered)

    # ---- The man page

    def page(self):
        """As it is shown on the widest page that there is: what options say is in one line there."""
        done = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=1000", PAGE],
                              check=True, capture_output=True)
        return re.sub(".\b", "", done.stdout.decode())

    def test_the_man_page_has_all_that_each_help_has(self):
        sections = dict(re.findall(r"(?ms)^([A-Z][A-Z ]*)\n(.*?)(?=^[A-Z]|\Z)", self.page()))
        for command, text in self.helps.items():
            section = sections.get(command.upper(), "")
            lines = [squeezed(line) for line in section.split("\n")]
            shown = set(re.findall(r"(?m)^ +(?:-\w, )?--([\w-]+)", section))
            # That of --help alone is said once, of all commands.
            if len(text.options) > 1:
                self.assertEqual(shown, {option.name for option in text.options}, command)
                self.assertLessEqual(set(text.headings) - {"Usage", "Examples"}, set(lines))
            for option in text.options if len(text.options) > 1 else []:
                with self.subTest(command=command, option=option.name):
                    head = f"-{option.letter}, " if option.letter else ""
                    head += f"--{option.name}" + (f" {option.value}" if option.value else "")
                    at = lines.index(head)
                    self.assertEqual(lines[at + 1], f"{option.text}.")
            for example in text.examples:
                self.assertIn(squeezed(example), squeezed(sections["EXAMPLES"]))
            self.assertIn(f"tcpgoon {command}", squeezed(sections["SYNOPSIS"]))

    def test_the_man_page_is_well_formed(self):
        done = subprocess.run(["mandoc", "-T", "lint", PAGE], check=False, capture_output=True)
        self.assertEqual((done.stdout, done.stderr, done.returncode), (b"", b"", 0))

    # ---- The help itself

    def test_the_help_fits(self):
        for command, text in self.helps.items():
            with self.subTest(command=command):
                self.assertLessEqual(max(map(len, text.text.split("\n"))), 100)
                for flag in ("-h", "--help"):
                    run = self.run_tcpgoon(command, flag)
                    self.assert_status(run, 0)
                    self.assertEqual(run.stdout, text.text)

    def test_the_examples_are_understood(self):
        """Each with --help behind it, so that it is read and nothing is done."""
        self.assertTrue(self.helps["run"].examples)
        for command, text in self.helps.items():
            for example in text.examples:
                with self.subTest(example=example):
                    run = self.start("sh", "-c", f'"$0" {example.partition(" ")[2]} --help',
                                     harness.TCPGOON)
                    self.assertEqual(run.wait(), 0, run.describe())
                    self.assertEqual(run.stdout, text.text)


if __name__ == "__main__":
    harness.main()
