# SPDX-License-Identifier: MIT
"""Settings from a file and the environment, and what `plan -o json` says of them."""

import copy
import json
import os
import re
import time
import unittest

import harness

try:
    import jsonschema
except ImportError:
    jsonschema = None

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMA = os.path.join(HERE, "../../src/cli/tcpgoon-plan-1.schema.json")


class Settings(harness.Case):
    def file_of(self, settings, name="run.json"):
        path = os.path.join(self.temporary_directory(), name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(settings if isinstance(settings, str) else json.dumps(settings, indent=1))
        return path

    def run_with(self, *words, **variables):
        return self.run_tcpgoon(*words, env=harness.environment_of_programs(**variables))

    def plan(self, *words, status=0, **variables):
        """What `plan -o json` prints."""
        run = self.run_with("plan", *words, "-o", "json", **variables)
        self.assert_status(run, status)
        return json.loads(run.stdout)

    def settings(self, *words, **variables):
        """Of each setting its value, where it comes from, and the place."""
        return {item["name"]: (item["value"], item["from"], item["place"])
                for item in self.plan(*words, **variables)["settings"]}

    def assert_refused(self, run, message, command="plan"):
        self.assert_status(run, 1)
        self.assertEqual(run.stdout, "")
        self.assertEqual(run.stderr,
                         f"tcpgoon: {message}\nSee 'tcpgoon {command} --help'.\n")


class Order(Settings):
    def test_flags_win_over_the_environment_and_that_over_the_file(self):
        path = self.file_of({"connections": "7", "hold": "7s", "sleep": 7, "close": "rst"})
        found = self.settings("127.0.0.1", "80", "--config", path, "-c", "5",
                              TCPGOON_CONNECTIONS="6", TCPGOON_HOLD="6s")
        self.assertEqual(found["connections"], (5, "command_line", None))
        self.assertEqual(found["hold"], (6 * 10**9, "environment", "TCPGOON_HOLD"))
        self.assertEqual(found["sleep"], (7 * 10**6, "file", path))
        self.assertEqual(found["close"], ("rst", "file", path))
        self.assertEqual(found["engine"], ("auto", "default", None))
        self.assertEqual(found["config"], (path, "command_line", None))

    def test_values_of_a_repeatable_option_come_from_one_source(self):
        path = self.file_of({"fail-if": ["errors>1%", "drops>1"], "abort-if": "drops>2"})
        variables = {"TCPGOON_FAIL_IF": "errors>2%\ndrops > 3\n"}
        words = ("127.0.0.1", "80", "--config", path)
        found = self.settings(*words)
        self.assertEqual(found["fail-if"], (["errors>1%", "drops>1"], "file", path))
        self.assertEqual(found["abort-if"], (["drops>2"], "file", path))
        found = self.settings(*words, **variables)
        self.assertEqual(found["fail-if"],
                         (["errors>2%", "drops > 3"], "environment", "TCPGOON_FAIL_IF"))
        found = self.settings(*words, "--fail-if=rate<5", "--fail-if=drops>4", **variables)
        self.assertEqual(found["fail-if"], (["rate<5", "drops>4"], "command_line", None))

    def test_the_target_may_stand_in_the_file(self):
        path = self.file_of({"host": "127.0.0.9", "port": 8080})
        found = self.settings("--config", path)
        self.assertEqual(found["host"], ("127.0.0.9", "file", path))
        self.assertEqual(found["port"], ("8080", "file", path))
        found = self.settings("127.0.0.1", "--config", path)
        self.assertEqual(found["host"], ("127.0.0.1", "command_line", None))
        self.assertEqual(found["port"], ("8080", "file", path))
        found = self.settings("127.0.0.1", "80", "--config", path)
        self.assertEqual(found["port"], ("80", "command_line", None))

    def test_every_option_is_told(self):
        helped = self.run_tcpgoon("plan", "--help").stdout
        found = self.settings("127.0.0.1", "80")
        options = re.findall(r"(?m)^  (?:-\w, |    )--([\w-]+)", helped)
        self.assertEqual({"host", "port", *options} - {"help"}, set(found))


class Effect(Settings):
    def test_a_run_from_a_file(self):
        _, port = self.serve()
        path = self.file_of({"host": "127.0.0.1", "port": port, "connections": 7, "sleep": "0s",
                             "assume-yes": True, "fail-if": ["established<7"]})
        run = self.run_tcpgoon("run", "--config", path)
        self.assert_status(run, 0)
        self.assertIn("Total established connections: 7\n", run.stdout)

    def test_a_run_from_the_environment(self):
        _, port = self.serve()
        run = self.run_with("run", "127.0.0.1", port, "-y", TCPGOON_CONNECTIONS="7",
                            TCPGOON_SLEEP="0", TCPGOON_FAIL_IF="established==7")
        self.assert_status(run, 3)
        self.assertIn("Total established connections: 7\n", run.stdout)

    def test_a_server_from_the_environment(self):
        port = self.free_port()
        server = self.tcpgoon("server", env=harness.environment_of_programs(
            TCPGOON_PORT=str(port), TCPGOON_DURATION="0", TCPGOON_MAXCONNECTIONS="1"))
        harness.wait_for_listener(port, server)
        self.dial("127.0.0.1", port, "-c", "1")
        self.assertEqual(server.wait(), 0)
        self.assertIn("Reached max number of connections: 1\n", server.stdout)


class Refusals(Settings):
    def test_a_value_is_refused_where_it_was_given(self):
        number = "'ten' is not a whole number from 1 to 16777216"
        run = self.run_with("plan", "h", "80", TCPGOON_CONNECTIONS="ten")
        self.assert_refused(run, f"TCPGOON_CONNECTIONS: {number}")
        path = self.file_of('{\n "sleep": 5,\n "connections": "ten"\n}')
        run = self.run_with("plan", "h", "80", "--config", path)
        self.assert_refused(run, f"{path}:3: connections: {number}")

    def test_a_threshold_is_refused_where_it_was_given(self):
        run = self.run_with("plan", "127.0.0.1", "80", TCPGOON_FAIL_IF="error>1")
        self.assert_status(run, 1)
        self.assertRegex(run.stderr, r"\Atcpgoon: TCPGOON_FAIL_IF: --fail-if: .*no such metric")
        path = self.file_of({"abort-if": "error>1"})
        run = self.run_with("plan", "127.0.0.1", "80", "--config", path)
        self.assertRegex(run.stderr, rf"\Atcpgoon: {path}: --abort-if: .*no such metric")

    def test_what_the_plan_refuses_is_named_too(self):
        for command in (("plan",), ("run", "-y")):
            for variable, option, value in (
                    ("TCPGOON_SOURCE", "--source", "nonsense"),
                    ("TCPGOON_SOURCE_PORT", "--source-port", "nonsense"),
                    ("TCPGOON_OUTPUT", "--output", "json=/nonexistent/x")):
                run = self.run_with(*command, "127.0.0.1", "80", **{variable: value})
                self.assert_status(run, 1)
                self.assertTrue(run.stderr.startswith(f"tcpgoon: {variable}: {option}: '"),
                                run.describe())

    def test_names_that_are_none(self):
        path = self.file_of({"conections": 5})
        run = self.run_with("plan", "h", "80", "--config", path)
        self.assert_refused(run, f"{path}:2: there is no setting 'conections'; "
                            "did you mean 'connections'?")
        run = self.run_with("plan", "h", "80", TCPGOON_CONECTIONS="5")
        self.assert_refused(run, "TCPGOON_CONECTIONS in the environment sets nothing; "
                            "did you mean 'TCPGOON_CONNECTIONS'?")
        # What a server is told says nothing to a run, and what resembles nothing is anybody's.
        self.plan("127.0.0.1", "80", TCPGOON_MAXCONNECTIONS="5", TCPGOON_SERVICE_HOST="10.0.0.1",
                  TCPGOON_PORT="tcp://10.0.0.1:80", TCPGOON_BUILD="x")

    def test_nothing_is_dialed_because_of_a_forgotten_variable(self):
        _, port = self.serve()
        run = self.run_with("run", "127.0.0.1", port, TCPGOON_ASSUME_YES="true")
        self.assert_refused(run, "TCPGOON_ASSUME_YES: is not taken from the environment, where it "
                            "could be forgotten: give --assume-yes", "run")

    def test_a_file_that_is_none(self):
        run = self.run_with("plan", "h", "80", "--config", "/nonexistent")
        self.assert_refused(run, "--config: '/nonexistent' cannot be read: "
                            "No such file or directory")
        path = self.file_of("{")
        run = self.run_with("plan", "h", "80", "--config", path)
        self.assert_refused(run, f"{path}:1:1: string or '}}' expected near end of file")


@unittest.skipIf(jsonschema is None, "python3-jsonschema is not installed")
class Plan(Settings):
    """The JSON of a plan against its schema, and against the text."""

    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def assert_valid(self, document):
        self.assertEqual([error.message for error in self.validator.iter_errors(document)], [])

    def documents(self):
        """Of plans that differ."""
        path = self.file_of({"hold": 5, "sleep": "0s"})
        yield self.plan("127.0.0.1", "80")
        yield self.plan("127.0.0.1", "80-99", "-c", "1m", "--config", path, TCPGOON_CLOSE="rst")
        yield self.plan("::1", "80", "--engine", "epoll", "-o", "json=-", "-o", f"json={path}")
        yield self.plan("127.0.0.1", "80", "--source-port", "auto")
        yield self.plan("127.0.0.1", "80", "-c", "50000", "--source-port", "5000-5999",
                        "--source", "127.0.0.1", status=4)
        yield self.plan("192.0.2.1", "80", status=4)
        yield self.plan("127.0.0.1", "80", "--ramp", "0:20:1s", "--ramp", "20:0.5:2s",
                        "--start-at", str(int(time.time()) + 3600))
        yield self.plan("127.0.0.1", "80", "--config", self.file_of({"rate": 0.75}))
        yield self.plan("127.0.0.1", "80", "--burst", "50", "-s", "1s")

    def test_the_schema_is_followed(self):
        for document in self.documents():
            self.assert_valid(document)

    def test_the_schema_would_notice(self):
        def objects_of(value):
            if isinstance(value, dict):
                yield value
            for item in value.values() if isinstance(value, dict) else value:
                if isinstance(item, (dict, list)):
                    yield from objects_of(item)

        document = next(self.documents())
        for i, original in enumerate(objects_of(document)):
            for name in original:
                for change in ("missing", "of another type"):
                    mutant = copy.deepcopy(document)
                    place = list(objects_of(mutant))[i]
                    if change == "missing":
                        del place[name]
                    else:
                        place[name] = {"no": "such type"}
                    self.assertFalse(self.validator.is_valid(mutant), f"{name} {change}")
            mutant = copy.deepcopy(document)
            list(objects_of(mutant))[i]["unknown"] = 1
            self.assertFalse(self.validator.is_valid(mutant))

    def test_it_says_what_the_text_says(self):
        words = ("127.0.0.1", "80", "-c", "50000", "--source-port", "5000-5999", "--source",
                 "127.0.0.1")
        run = self.run_tcpgoon("plan", *words)
        self.assert_status(run, 4)
        document = self.plan(*words, status=4)
        self.assertEqual((document["possible"], document["exit_status"]), (False, 4))
        self.assertTrue(run.stdout.endswith(f"\n{document['conclusion']}\n"))
        for limit in document["limits"]:
            self.assertRegex(run.stdout, rf"(?m)^  {limit['name']} .*"
                             + {True: "ok", False: "NOT ENOUGH", None: "unknown"}[limit["enough"]])
            if limit["enough"] is False:
                self.assertIn(f"give {limit['fix']}\n", run.stdout)
        self.assertEqual([limit["name"] for limit in document["limits"]
                          if limit["enough"] is False],
                         ["4-tuples"])
        self.assertEqual(document["ports"]["count"], 1000)
        self.assertEqual(document["schedule"]["last_ns"], 49999 * 10**7)

    def test_a_path_is_where_the_report_of_the_run_goes(self):
        path = os.path.join(self.temporary_directory(), "result.json")
        run = self.run_tcpgoon("plan", "127.0.0.1", "80", "-o", f"json={path}")
        self.assert_status(run, 0)
        self.assertIn(f"  Report:   json to {path}, a new file\n", run.stdout)
        document = self.plan("127.0.0.1", "80", "-o", f"json={path}")
        self.assertEqual(document["reports"],
                         [{"format": "json", "path": path, "way": "a new file"}])
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    harness.main()
