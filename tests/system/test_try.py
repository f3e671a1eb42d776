# SPDX-License-Identifier: MIT
"""The script of tools/ that people run first, from a copy of the tree."""

import os
import unittest

import harness

# A compiler that fails for one file, and says so.
CC = """#!/bin/sh
for word; do
	case $word in
	*/main.c) echo "made to fail" >&2; exit 1 ;;
	esac
done
exec cc "$@"
"""


class Try(harness.Case):
    def setUp(self):
        self.tree = os.path.join(self.temporary_directory(), "tree")
        harness.copy_sources(self.tree)

    def run_try(self, *argv, programs=(), **variables):
        """With programs of the test's own, (name, script), before all others."""
        place = self.temporary_directory()
        for name, script in programs:
            path = os.path.join(place, name)
            with open(path, "w", encoding="ascii") as file:
                file.write(script)
            os.chmod(path, 0o755)
        env = dict(os.environ, PATH=f"{place}:{os.environ['PATH']}", **variables)
        program = self.start(f"{self.tree}/tools/try", *argv, env=env)
        # A compiler may not be alone on the machine.
        program.wait(10 * harness.PATIENCE_S)
        return program

    def log(self):
        with open(f"{self.tree}/build/try.log", encoding="utf-8") as file:
            return file.read()

    def test_says_what_it_does_and_shows_the_demo(self):
        for steps in ("preparing the build", "building"), ("building",):
            run = self.run_try("-c", "50")
            self.assert_status(run, 0)
            self.assertIn("Total established connections: 50\n", run.stdout)
            lines = [line for line in run.stderr.splitlines() if line.startswith("tools/try: ")]
            self.assertEqual(len(lines), len(steps) + 1, run.describe())
            for line, step in zip(lines, steps):
                self.assertRegex(line, rf"^tools/try: {step} \.\.\. done in \d+ s$")
            self.assertEqual(lines[-1], "tools/try: running build/src/cli/tcpgoon demo -c 50")
            self.assertIn("$ meson compile", self.log())

    def assert_failed(self, run, step, *words):
        self.assert_status(run, 1)
        self.assertEqual(run.stdout, "")
        self.assertIn(f"tools/try: {step} ... failed\n", run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)
            self.assertIn(word, self.log())
        self.assertTrue(run.stderr.endswith(
            f"tools/try: that was the end of {self.tree}/build/try.log\n"), run.describe())

    def test_shows_why_it_was_not_built(self):
        run = self.run_try(programs=[("failing-cc", CC)], CC="failing-cc")
        self.assert_failed(run, "building", "made to fail", "main.c")

    def test_shows_why_the_build_could_not_be_prepared(self):
        run = self.run_try(CC="false")
        self.assert_failed(run, "preparing the build", "Unable to detect GNU compiler type")

    @unittest.skipUnless(os.getuid() == 0, "who is not root is asked for a password")
    def test_shows_why_packages_were_not_installed(self):
        run = self.run_try(programs=[
            ("dpkg-query", "#!/bin/sh\nexit 1\n"),
            ("apt-get", "#!/bin/sh\necho 'E: no such place' >&2\nexit 100\n")])
        self.assertIn("tools/try: installing gcc ", run.stderr)
        self.assertIn("E: no such place\n", run.stderr)
        self.assert_status(run, 1)
        self.assertFalse(os.path.exists(f"{self.tree}/build/build.ninja"))


if __name__ == "__main__":
    harness.main()
