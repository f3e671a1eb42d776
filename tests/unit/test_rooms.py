#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the house rules that a compiler does not: who may include whom, that each header
stands alone, that each file says its licence, and that all is formatted.

Usage: test_rooms.py rooms|headers|licence|format SOURCE_ROOT [COMPILER...]
"""
import pathlib
import re
import shutil
import subprocess
import sys

# In the order in which they may use each other: each only itself and those before it.
ROOMS = ["base", "stats", "net", "uring", "transport", "plan", "result", "run", "verdict",
         "report", "server", "cli"]
SKIPPED = 77
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]tcpgoon/([a-z]+)/', re.MULTILINE)
# A private header, which lies beside the code of its room.
PRIVATE = re.compile(r'^\s*#\s*include\s*"([a-z]+)/', re.MULTILINE)
# Another module's file by a relative path would walk around the rule.
RELATIVE = re.compile(r'^\s*#\s*include\s*"(?:\.\.?/|[^"]*\.c")', re.MULTILINE)


def sources(root, *directories):
    found = [path for directory in directories for path in (root / directory).rglob("*.[ch]")]
    assert found, f"no sources under {root}"
    return sorted(found)


def room_of(root, path):
    """src/ROOM/x.c or include/tcpgoon/ROOM/x.h."""
    parts = path.relative_to(root).parts
    return parts[1] if parts[0] == "src" else parts[2]


def upward_includes(root):
    """Sentences, one for each include that a room must not have."""
    wrong = []
    for path in sources(root, "src", "include"):
        text = path.read_text()
        room = room_of(root, path)
        if room not in ROOMS:
            wrong.append(f"{path.relative_to(root)}: '{room}' is no room")
            continue
        for used in INCLUDE.findall(text):
            if used not in ROOMS or ROOMS.index(used) > ROOMS.index(room):
                wrong.append(f"{path.relative_to(root)}: {room} must not use {used}")
        for used in PRIVATE.findall(text):
            if used != "tcpgoon" and (path.is_relative_to(root / "include") or used != room):
                wrong.append(f"{path.relative_to(root)}: a header of {used} is private to it")
        if RELATIVE.search(text):
            wrong.append(f"{path.relative_to(root)}: includes by a relative path, or a .c file")
    return wrong


def headers_that_do_not_stand_alone(root, compiler):
    wrong = []
    for path in sources(root, "include", "src"):
        if path.suffix != ".h":
            continue
        top = "include" if path.is_relative_to(root / "include") else "src"
        name = path.relative_to(root / top)
        # Twice: the guard is part of standing alone.
        program = f'#include "{name}"\n#include "{name}"\n'
        done = subprocess.run(
            [*compiler, "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
             "-fsyntax-only", "-I", str(root / "include"), "-iquote",
             str(root / "src"), "-x", "c", "-"],
            input=program, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            wrong.append(f"{name}:\n{done.stderr}")
    return wrong


def files_without_licence(root):
    files = sources(root, "src", "include", "tests", "bench")
    files += [path for directory in ("tests", "tools", "bench")
              for path in (root / directory).rglob("*.py")]
    return [f"{path.relative_to(root)}: no SPDX line among the first three"
            for path in files
            if not any("SPDX-License-Identifier: MIT" in line
                       for line in path.read_text().splitlines()[:3])]


def unformatted(root):
    files = [str(path) for path in sources(root, "src", "include", "tests", "bench")]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], text=True,
                          capture_output=True, cwd=root, check=False)
    return [done.stderr] if done.returncode != 0 else []


def main():
    what, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    if what == "rooms":
        wrong = upward_includes(root)
    elif what == "headers":
        wrong = headers_that_do_not_stand_alone(root, sys.argv[3:])
    elif what == "licence":
        wrong = files_without_licence(root)
    elif what == "format":
        if shutil.which("clang-format") is None:
            print("clang-format is not installed")
            return SKIPPED
        wrong = unformatted(root)
    else:
        sys.exit(__doc__)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
