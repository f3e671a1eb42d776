# SPDX-License-Identifier: MIT
"""--github: the summary of a step, and its annotations."""

import os
import re

import harness

BEFORE = "What an earlier command said"


class Github(harness.Case):
    def setUp(self):
        super().setUp()
        self.directory = self.temporary_directory()
        self.path = os.path.join(self.directory, "summary.md")

    def write_before(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(BEFORE)

    def summary(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def step(self, *argv, path=None, to=""):
        """A command as the step of a workflow runs it."""
        env = {**os.environ, "GITHUB_STEP_SUMMARY": path or self.path}
        run = self.start("bash", "-c", f'cd {self.directory} || exit; "$0" "$@" {to}',
                         harness.TCPGOON, *argv, env=env)
        run.wait()
        return run

    def dial_in_step(self, port, *argv, **options):
        return self.step(*self.run_words("127.0.0.1", port, "-c", "10", "-s", "1", "--github",
                                         *argv), **options)

    @staticmethod
    def annotations(text):
        return [line for line in text.splitlines() if line.startswith("::")]

    def test_all_is_well(self):
        self.write_before()
        _, port = self.serve()
        run = self.dial_in_step(port, "--fail-if", "errors>0")
        self.assert_status(run, 0)
        self.assertTrue(self.summary().startswith(f"{BEFORE}\n## tcpgoon: 127.0.0.1:{port}\n\n"
                                                  "**Exit status 0.**"), self.summary())
        self.assertNotIn("::error", run.stdout)
        self.report_of(run)

    def test_a_threshold_is_crossed(self):
        run = self.dial_in_step(self.free_port(), "--fail-if", "errors>1%")
        self.assert_status(run, 3)
        self.report_of(run)
        self.assertTrue(run.stdout.endswith("\nExit status 3.\n"), run.stdout)
        annotations = self.annotations(run.stdout)
        self.assertEqual(annotations[:2], [
            "::error title=tcpgoon%3A exit status 3::The threshold errors>1%25 was crossed: 100%25.",
            "::error title=errors>1%25::This threshold was crossed: 100%25."])
        self.assertTrue(annotations[2].startswith("::warning title=no_listener::"), annotations)
        self.assertIn("**Exit status 3.**", self.summary())

    def test_a_report_on_the_standard_output_is_left_alone(self):
        """The runner reads the standard error as well."""
        run = self.dial_in_step(self.free_port(), "-o", "json=-")
        self.assert_status(run, 2)
        self.assertEqual(self.annotations(run.stdout), [])
        self.assertTrue(self.annotations(run.stderr)[0].startswith(
            "::error title=tcpgoon%3A exit status 2::"))

    def test_a_stored_result(self):
        self.assert_status(self.dial_in_step(self.free_port(), "-o", "json=r.json"), 2)
        first = self.summary()
        run = self.step("report", "r.json", "--github")
        self.assert_status(run, 2)
        self.assertEqual(self.summary(), first + first)
        self.assertTrue(run.stdout.endswith("\nExit status 2.\n"), run.stdout)
        written = self.step("report", "r.json", "--github", "-o", "csv=r.csv")
        self.assertEqual(written.stdout.splitlines(), self.annotations(run.stdout))

    def test_nothing_was_dialled(self):
        run = self.step(*self.run_words("nowhere.invalid", 80, "--github"))
        self.assert_status(run, 1)
        annotation, = self.annotations(run.stdout)
        self.assertTrue(annotation.startswith("::error title=tcpgoon%3A exit status 1::"), annotation)
        self.assertIn("nowhere.invalid", annotation)
        self.assertIn("**Exit status 1.**", self.summary())

    def test_the_summary_has_the_status_of_the_process(self):
        """Whatever could not be written behind it: it is added anew, and not a second time."""
        self.write_before()
        _, port = self.serve()
        run = self.dial_in_step(port, to="> /dev/full")
        self.assert_status(run, 1)
        self.assertEqual(self.summary().count("**Exit status "), 1)
        self.assertIn("**Exit status 1.** The text could not be written", self.summary())
        self.assertTrue(self.summary().startswith(BEFORE + "\n"))

    def test_annotations_that_cannot_be_written(self):
        self.assert_status(self.dial_in_step(self.free_port(), "-o", "json=r.json"), 2)
        os.unlink(self.path)
        run = self.step("report", "r.json", "--github", "-o", "markdown=r.md", to="> /dev/full")
        self.assert_status(run, 1)
        with open(os.path.join(self.directory, "r.md"), encoding="utf-8") as file:
            self.assertIn("**Exit status 1.**", file.read())
        # It was added before with another status, and that was taken back.
        self.assertEqual(re.findall(r"\*\*Exit status \d", self.summary()), ["**Exit status 1"])

    def test_what_cannot_be_written_is_refused_before_the_run(self):
        _, port = self.serve()
        for path, word in (("/nonexistent/x", "No such file"), ("/", "Is a directory"),
                           ("/dev/null", "it is not a file"), ("/dev/stdout", "it is not a file")):
            run = self.dial_in_step(port, path=path)
            self.assert_status(run, 1)
            self.assertIn(f"tcpgoon: --github: '{path}' cannot be written: {word}", run.stderr)
            self.assertNotIn("Total", run.stdout)
        run = self.dial("127.0.0.1", port, "--github", env={
            name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"})
        self.assert_status(run, 1)
        self.assertIn("tcpgoon: --github: GITHUB_STEP_SUMMARY is not set", run.stderr)

    def test_another_report_to_the_same_file(self):
        self.write_before()
        run = self.dial_in_step(self.free_port(), "-o", f"markdown={self.path}")
        self.assert_status(run, 1)
        self.assertIn("goes to the same place", run.stderr)
        self.assertEqual(self.summary(), BEFORE)

    def test_plan_says_where_it_would_go(self):
        run = self.step("plan", "127.0.0.1", "80", "--github")
        self.assert_status(run, 0)
        self.assertIn(f"markdown to {self.path}, added to what is there\n", run.stdout)
        self.assertFalse(os.path.exists(self.path))


if __name__ == "__main__":
    harness.main()
