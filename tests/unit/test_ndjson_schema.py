#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the lines of ndjson against the schema shipped with them, and that it would notice.

Usage: test_ndjson_schema.py LINES_SCHEMA RESULT_SCHEMA PRINT_NDJSON_SAMPLE
"""
import copy
import json
import pathlib
import subprocess
import sys

SKIPPED = 77

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(SKIPPED)


def paths_of(value, path=()):
    """The path of every member of every object below; the result has a schema of its own."""
    for key, item in value.items() if isinstance(value, dict) else ():
        yield (*path, key)
        if path + (key,) not in (("result",), ("tool",), ("settings",)):
            yield from paths_of(item, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def mutations(line):
    """Each with one thing wrong: a member missing, unknown, or of another type."""
    for path in paths_of(line):
        if path[:-1] != ("causes",):
            without = copy.deepcopy(line)
            del at(without, path[:-1])[path[-1]]
            yield f"without {path}", without
        for value in (-1, "1", {"wrong": True}):
            if isinstance(value, str) and path == ("host",):
                continue
            wrong = copy.deepcopy(line)
            at(wrong, path[:-1])[path[-1]] = value
            yield f"{value!r} as {path}", wrong
        more = copy.deepcopy(line)
        at(more, path[:-1])["Unknown"] = 1
        yield f"unknown beside {path}", more


def undescribed(schema, path=()):
    for key, item in schema.items() if isinstance(schema, dict) else ():
        if key == "properties":
            yield from ((*path, name) for name, field in item.items()
                        if "description" not in field)
        yield from undescribed(item, (*path, key))


def load(path):
    """Debian 12's jsonschema does not resolve "#/$defs/..." within a schema whose name is a URN."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    return json.loads(text.replace("urn:tcpgoon:", "https://tcpgoon.invalid/"))


def main():
    lines_schema, result_schema = (load(path) for path in sys.argv[1:3])
    store = {result_schema["$id"]: result_schema}
    resolver = jsonschema.RefResolver.from_schema(lines_schema, store=store)
    validator = jsonschema.Draft202012Validator(lines_schema, resolver=resolver)
    validator.check_schema(lines_schema)

    printed = subprocess.run([sys.argv[3]], check=True, stdout=subprocess.PIPE, text=True)
    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    assert [line["type"] for line in lines] == (
        ["begin", "sample", "sample"] + ["event"] * 5 + ["end"]), lines
    checked = 0
    for line in lines:
        # Errors of `oneOf` name every kind of line: that of this type says what is wrong.
        definition = {"$ref": f"{lines_schema['$id']}#/$defs/{line['type']}"}
        errors = [f"{list(error.absolute_path)}: {error.message}"
                  for error in validator.evolve(schema=definition).iter_errors(line)]
        assert not errors, (line["type"], errors)
        assert validator.is_valid(line), line["type"]
        for what, mutation in mutations(line):
            assert not validator.is_valid(mutation), f"{line['type']}: not noticed: {what}"
            checked += 1
    assert checked > 300, checked
    kinds = lines_schema["$defs"]["event"]["properties"]["event"]["enum"]
    assert kinds == [line["event"] for line in lines if line["type"] == "event"]
    assert not list(undescribed(lines_schema)), list(undescribed(lines_schema))


main()
