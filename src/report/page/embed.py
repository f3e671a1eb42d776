#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts the page together and writes it as C: its parts, each compressed, between which the program
writes what it knows of a run.

Usage: embed.py PAGE.html LICENCE CHART.js STYLE.css SCRIPT.js... > page_parts.c

The policy of the page names the style and each script by its hash, so the browser runs these and
nothing else: no fetch, and no script that came in with a text of the run.
"""
import base64
import hashlib
import pathlib
import re
import sys
import zlib

MARKS = ["<!--TITLE-->", "<!--TEXT-->", "<!--DATA-->"]


def source(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def assemble(page, licence, chart, style, script):
    # What a script element cannot hold, and what would end a comment.
    assert "</script" not in (chart + script).lower() and "<!--" not in chart + script
    assert "</style" not in style.lower() and "--" not in licence
    policy = "; ".join([
        "default-src 'none'",
        f"script-src {source(chart)} {source(script)}",
        f"style-src {source(style)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ])
    values = {"policy": policy, "licence": licence.strip(), "chart": chart, "style": style,
              "script": script}
    # A function, as its result is not looked at again.
    return re.sub("@([a-z]+)@", lambda match: values[match[1]], page)


def split(text):
    parts = []
    for mark in MARKS:
        before, found, text = text.partition(mark)
        assert found, mark
        parts.append(before)
    return [*parts, text]


def write_part(name, text):
    data = text.encode()
    packed = zlib.compress(data, 9)
    lines = [", ".join(str(byte) for byte in packed[at:at + 20])
             for at in range(0, len(packed), 20)]
    print(f"static const unsigned char {name}[] = {{\n\t" + ",\n\t".join(lines) + ",\n};\n")
    return f"{{{name}, sizeof({name}), {len(data)}}}"


def main():
    page, licence, chart, style, *scripts = (
        pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])
    text = assemble(page, licence, chart, style, "\n".join(scripts))
    print("/* Made by src/report/page/embed.py. */\n#include \"report/page.h\"\n")
    rows = [write_part(f"part{i}", part) for i, part in enumerate(split(text))]
    print("const struct page_piece page_pieces[PAGE_PARTS] = {\n\t" + ",\n\t".join(rows) + ",\n};")


if __name__ == "__main__":
    main()
