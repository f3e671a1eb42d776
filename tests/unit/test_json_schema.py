#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks reports against the schema shipped with them, and that the schema would notice.

Usage: test_json_schema.py SCHEMA PRINT_JSON_SAMPLE
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
    """The path of every member of every object below."""
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, item in items:
        if isinstance(value, dict):
            yield (*path, key)
        yield from paths_of(item, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def lists_of(value, path=()):
    """The path of every list below."""
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    if isinstance(value, list):
        yield path
    for key, item in items:
        yield from lists_of(item, (*path, key))


def fields_of(schema, path=()):
    """The path and the definition of every member that the schema names."""
    if not isinstance(schema, dict):
        return
    for key, item in schema.items():
        if key == "properties" and not path[-1:] in (("if",), ("then",), ("else",)):
            yield from (((*path, name), field) for name, field in item.items())
        yield from fields_of(item, (*path, key))


def mutations(document):
    """Each with one thing wrong: a member missing, unknown, or of another type."""
    for path in lists_of(document):
        for wrong_item in ({"wrong": True}, None, -1):
            wrong = copy.deepcopy(document)
            at(wrong, path).append(wrong_item)
            yield f"{wrong_item} in {path}", wrong

    for path in paths_of(document):
        # A kernel has the counters that it has, and a group the causes that it met.
        if path[:-1] != ("network",) and path[:1] + path[2:-1] != ("groups", "causes"):
            without = copy.deepcopy(document)
            del at(without, path[:-1])[path[-1]]
            yield f"without {path}", without

        if isinstance(at(document, path), (int, float)):
            # A queue may have grown as well.
            for value in ("1",) if path == ("listener", "drained") else (-1, "1"):
                wrong = copy.deepcopy(document)
                at(wrong, path[:-1])[path[-1]] = value
                yield f"{value!r} as {path}", wrong

        wrong = copy.deepcopy(document)
        at(wrong, path[:-1])[path[-1]] = {"wrong": True}
        yield f"wrong {path}", wrong

        if path[:1] + path[2:-1] != ("groups", "causes"):
            more = copy.deepcopy(document)
            at(more, path[:-1])["unknown"] = 1
            yield f"unknown beside {path}", more


def main():
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema"), schema["$schema"]

    for sample in ("declined", "empty", "full"):
        printed = subprocess.run([sys.argv[2], sample], check=True, stdout=subprocess.PIPE)
        document = json.loads(printed.stdout)
        errors = [f"{list(e.absolute_path)}: {e.message}"
                  for e in validator.iter_errors(document)]
        assert not errors, errors
        checked = 0
        for what, mutation in mutations(document):
            assert not validator.is_valid(mutation), f"{sample}: not noticed: {what}"
            checked += 1
        assert checked > 100, checked

    # Only where nothing was dialled may the target be unknown, and only then is there an error.
    for path, value in ((("target", "address"), None), (("target", "port"), None),
                        (("error",), "no such name")):
        wrong = copy.deepcopy(document)
        at(wrong, path[:-1])[path[-1]] = value
        assert not validator.is_valid(wrong), path

    # A histogram with samples has its numbers.
    document["connect_us"]["p50"] = None
    assert not validator.is_valid(document)

    undescribed = [path for path, field in fields_of(schema) if "description" not in field]
    assert not undescribed, undescribed


main()
