# SPDX-License-Identifier: MIT
"""
tools/ci: the steps of the Action and of the GitLab job, run as their hosts run them, as far as that can
be without the hosts. Files are read by PyYAML.
"""

import json
import os
import re
import subprocess
import xml.etree.ElementTree

import yaml

import harness

CI = f"{harness.SOURCE}/tools/ci"
INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")
EVIL = '127.0.0.1"; touch evil; $(touch evil) `touch evil` \'; touch evil #'
# A compiler may not be alone on the machine.
BUILDING_S = 10 * harness.PATIENCE_S
# Each of these that is run says so, and installs nothing.
APT_GET = '#!/bin/sh\necho "apt-get $*"\n'


def read(name):
    with open(f"{CI}/{name}", encoding="utf-8") as file:
        return yaml.safe_load(file)


class Steps(harness.Case):
    """With a tcpgoon and an apt-get that come first, in a directory of the test's own."""

    def setUp(self):
        self.place = self.temporary_directory()
        self.bin = self.temporary_directory()
        os.symlink(harness.TCPGOON, f"{self.bin}/tcpgoon")
        with open(f"{self.bin}/apt-get", "w", encoding="ascii") as file:
            file.write(APT_GET)
        os.chmod(f"{self.bin}/apt-get", 0o755)

    def in_place(self, name):
        return os.path.join(self.place, name)

    def read_text(self, name):
        with open(self.in_place(name), encoding="utf-8") as file:
            return file.read()

    def run_script(self, script, *, shell=("bash", "--noprofile", "--norc", "-eo", "pipefail"),
                   **variables):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith(("GITHUB_", "GOON_"))}
        env |= {"PATH": f"{self.bin}:{env['PATH']}"} | variables
        program = self.start(*shell, "-c", script, env=env,
                             prepare=lambda: os.chdir(self.place))
        program.wait(BUILDING_S)
        return program

    def assert_reports(self, connections, *crossed):
        result = json.loads(self.read_text("reports/result.json"))
        self.assertEqual(result["connections"]["requested"], connections)
        cases = xml.etree.ElementTree.parse(self.in_place("reports/junit.xml")).getroot()
        failed = {case.get("name") for case in cases.iter("testcase")
                  if case.find("failure") is not None}
        self.assertEqual({name for name in failed if ">" in name}, set(crossed))
        self.assertEqual(bool(failed), bool(crossed))
        self.assertTrue(self.read_text("reports/metrics.txt").endswith("# EOF\n"))
        self.assertIn("<html", self.read_text("reports/report.html"))


class Action(Steps):
    def step(self, name):
        return next(step for step in read("action.yml")["runs"]["steps"] if step["name"] == name)

    def run_step(self, name, **inputs):
        """As the runner does it: what is asked for, or the default, put into the environment."""
        known = read("action.yml")["inputs"]
        self.assertLessEqual(set(inputs), set(known))
        values = {key: inputs.get(key, entry.get("default", "")) for key, entry in known.items()}
        step = self.step(name)
        env = {key: INPUT.sub(lambda match: values[match[1]], text)
               for key, text in step["env"].items()}
        return self.run_script(
            step["run"], GITHUB_ACTION_PATH=CI, GITHUB_STEP_SUMMARY=self.in_place("summary"),
            GITHUB_OUTPUT=self.in_place("output"), **env)

    def run_run(self, **inputs):
        return self.run_step("Run tcpgoon", **{"reports": "reports", "hold": "0s"} | inputs)

    def test_no_input_is_text_of_a_script(self):
        action = read("action.yml")
        used = set()
        for step in action["runs"]["steps"]:
            self.assertNotIn("${{", step["run"])
            self.assertEqual(step["shell"], "bash")
            for value in step["env"].values():
                self.assertIsNotNone(INPUT.fullmatch(value), value)
                used.add(INPUT.fullmatch(value)[1])
        self.assertEqual(used, set(action["inputs"]))
        self.assertEqual(action["runs"]["using"], "composite")

    def test_the_sample_gives_inputs_that_there_are(self):
        workflow = read("workflow.yml")
        # PyYAML reads the key `on` as true.
        self.assertIn(True, workflow)
        step = next(step for step in workflow["jobs"]["connections"]["steps"]
                    if "tools/ci" in step.get("uses", ""))
        inputs = read("action.yml")["inputs"]
        self.assertLessEqual(set(step["with"]), set(inputs))
        self.assertLessEqual({name for name, entry in inputs.items() if entry.get("required")},
                             set(step["with"]))
        _, port = self.serve()
        run = self.run_run(**step["with"] | {"port": str(port)})
        self.assert_status(run, 0)
        self.assert_reports(int(step["with"]["connections"]))

    def test_all_is_well(self):
        _, port = self.serve()
        run = self.run_run(host="127.0.0.1", port=str(port), connections="50",
                           **{"fail-if": "errors>1%\n\nconnect.p99>10s\n"})
        self.assert_status(run, 0)
        self.assert_reports(50)
        self.assertIn(f"127.0.0.1:{port}", self.read_text("summary"))
        self.assertEqual(self.read_text("output"), "status=0\n")
        self.assertNotIn("::error", run.stdout)

    def test_a_threshold_is_crossed(self):
        _, port = self.serve()
        run = self.run_run(host="127.0.0.1", port=str(port), connections="50",
                           **{"fail-if": "established>10\nerrors>1%"})
        self.assert_status(run, 3)
        self.assert_reports(50, "established>10")
        self.assertIn("established", self.read_text("summary"))
        self.assertIn("::error title=", run.stdout)
        self.assertEqual(self.read_text("output"), "status=3\n")

    def test_further_words(self):
        _, port = self.serve()
        run = self.run_run(host="127.0.0.1", port=str(port), connections="5",
                           arguments="--source\n127.0.0.7\n--close=rst")
        self.assert_status(run, 0)
        settings = json.loads(self.read_text("reports/result.json"))["settings"]
        self.assertEqual((settings["sources"], settings["close"]), (["127.0.0.7"], "rst"))

    def test_nothing_in_an_input_is_run(self):
        with self.subTest(input="package"):
            self.assertNotEqual(self.run_step("Install tcpgoon", package=EVIL).status, 0)
        for name in read("action.yml")["inputs"]:
            if name != "package":
                with self.subTest(input=name):
                    inputs = {"host": "127.0.0.1", "port": "9", "connections": "1",
                              "arguments": "--interval=0", name: EVIL}
                    run = self.run_run(**inputs)
                    self.assertIn(run.status, (1, 2), run.describe())
        self.assertFalse(os.path.exists(self.in_place("evil")))

    def test_a_host_is_no_option(self):
        run = self.run_run(host="--help", port="9")
        self.assert_status(run, 1)
        self.assertNotIn("Usage:", run.stdout)

    def test_a_missing_host_is_named(self):
        run = self.run_run(host="", port="9")
        self.assertNotEqual(run.status, 0)
        self.assertIn("GOON_HOST", run.stderr)

    def test_installs_a_package(self):
        with open(self.in_place("some.deb"), "w", encoding="ascii"):
            pass
        run = self.run_step("Install tcpgoon", package="some.deb")
        self.assert_status(run, 0)
        self.assertRegex(run.stdout, rf"apt-get .* install .* {self.in_place('some.deb')}\n")
        self.assertIn("tcpgoon ", run.stdout.splitlines()[-2])


class GitLab(Steps):
    def setUp(self):
        super().setUp()
        self.job = read("gitlab.yml")[".tcpgoon"]

    def variables(self, **own):
        self.assertLessEqual(set(own), set(self.job["variables"]))
        values = self.job["variables"] | own
        self.assertTrue(all(isinstance(value, str) for value in values.values()), values)
        return values

    def run_job(self, part, **own):
        """Line by line in one shell, which ends at the first that fails."""
        return self.run_script("\n".join(self.job[part]), shell=("sh", "-e"),
                               **self.variables(**own))

    def repository(self):
        """One with this tree."""
        place = os.path.join(self.temporary_directory(), "tcpgoon")
        harness.copy_sources(place)
        git = ["git", "-C", place, "-c", "user.name=test", "-c", "user.email=test@example.org"]
        for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            subprocess.run([*git, *words], check=True, capture_output=True)
        return place

    @harness.requires("git", "meson")
    def test_clones_builds_and_runs(self):
        os.remove(f"{self.bin}/tcpgoon")
        root = self.temporary_directory()
        os.environ["DESTDIR"] = root
        self.addCleanup(os.environ.pop, "DESTDIR")
        os.symlink(f"{root}/usr/local/bin/tcpgoon", f"{self.bin}/tcpgoon")
        run = self.run_job("before_script", GOON_SOURCE=self.repository())
        self.assert_status(run, 0)
        self.assertTrue(os.path.exists(f"{root}/usr/local/bin/tcpgoon"))
        _, port = self.serve()
        run = self.run_job("script", GOON_HOST="127.0.0.1", GOON_PORT=str(port),
                           GOON_CONNECTIONS="50", GOON_HOLD="0s", GOON_FAIL_IF="established>10\n",
                           GOON_REPORTS="reports")
        self.assert_status(run, 3)
        self.assert_reports(50, "established>10")
        self.assertNotIn("::error", run.stdout)

    def test_a_missing_repository_is_named(self):
        run = self.run_job("before_script")
        self.assertNotEqual(run.status, 0)
        self.assertIn("GOON_SOURCE", run.stderr)

    def test_its_reports_are_those_of_the_run(self):
        with open(f"{CI}/run", encoding="utf-8") as file:
            script = file.read()
        for path in self.job["artifacts"]["reports"].values():
            self.assertIn(f'"{path.replace("$GOON_REPORTS", "$reports")}"', script)

    def test_its_variables_are_those_of_the_scripts(self):
        used = set()
        for name in ("run", "install"):
            with open(f"{CI}/{name}", encoding="utf-8") as file:
                used |= set(re.findall(r"\$\{?(GOON_[A-Z_]+)", file.read()))
        used |= {"GOON_SOURCE", "GOON_REF"}
        self.assertEqual(used, set(self.job["variables"]))


if __name__ == "__main__":
    harness.main()
