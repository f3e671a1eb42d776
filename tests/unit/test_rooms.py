#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the house rules that a compiler does not: which room may use which, that no files
include each other in a circle, that each header stands alone, that each file says its licence,
and that all is formatted.

Usage: test_rooms.py RULE SOURCE_ROOT [COMPILER...]
RULE: rooms, circles, modules, public, liburing, headers, licence or format
"""
import fnmatch
import pathlib
import re
import shutil
import subprocess
import sys

SKIPPED = 77
# "ROOM/x.h" is private to its room and lies beside its code; <tcpgoon/ROOM/x.h> is for all.
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:<(tcpgoon/[^>]+)>|"([^"]+)")', re.MULTILINE)
LIBURING = re.compile(r'^[ \t]*#[ \t]*include[ \t]*<(?:liburing|linux/io_uring)\.h>', re.MULTILINE)
# A row of the table of rooms in ARCHITECTURE.md: name, purpose, modules, rooms it may use.
ROW = re.compile(r"^\| ([a-z]+) \| [^|]+ \| ([^|]+) \|([a-z ]*)\|$", re.MULTILINE)
# Made by the build.
GENERATED = "version.h"

# Who may see liburing.h: these rooms, and the code of the server's engine on io_uring. No header of
# another room may be in the list.
LIBURING_ROOMS = ["uring", "transport"]
LIBURING_FILES = [
    "src/server/uring_acceptor.c",
    "src/server/uring_echo.c",
    "src/server/uring_engine.c",
    "src/server/uring_submit.c",
]
# Uses of one module by another that close a circle and are on their way out; none may be added.
CIRCULAR = []

# Public headers that no room uses yet.
UNUSED = []


def sources(root, *directories):
    found = [path for directory in directories for path in (root / directory).rglob("*.[ch]")]
    assert found, f"no sources under {root}"
    return sorted(found)


def room_of(name):
    """Of src/ROOM/x.c or include/tcpgoon/ROOM/x.h; any other directory is a room of its own."""
    return re.sub(r"^(src|include/tcpgoon)/", "", name).partition("/")[0]


def module_of(name):
    """ROOM/x: a module is its .c, its .h, or both."""
    return f"{room_of(name)}/{pathlib.PurePath(name).stem}"


def read_includes(root, *directories):
    """For each file the files of this project that it includes, by their names from root. What
    lies in no room keeps the name by which it is included."""
    def resolve(name):
        top = "include" if name.startswith("tcpgoon/") else "src"
        return f"{top}/{name}" if "/" in name and not name.startswith(".") else name

    return {str(path.relative_to(root)): [resolve(public or quoted) for public, quoted
                                          in INCLUDE.findall(path.read_text())]
            for path in sources(root, *directories)}


def read_rows(root):
    """Room, modules and used rooms of each row of the table of rooms in ARCHITECTURE.md."""
    rows = ROW.findall((root / "ARCHITECTURE.md").read_text())[1:]  # the first is the heading
    assert rows, "ARCHITECTURE.md has no table of rooms"
    return rows


def read_rooms(root):
    """The rooms that each room may use."""
    return {room: used.split() for room, _, used in read_rows(root)}


def find_circle(edges):
    """Nodes each of which leads to the next, the last being the first again; [] for none."""
    done = set()

    def visit(node, way):
        if node in way:
            return [*way[way.index(node):], node]
        if node in done:
            return []
        for following in sorted(edges.get(node, ())):
            circle = visit(following, [*way, node])
            if circle:
                return circle
        done.add(node)
        return []

    return next((circle for node in sorted(edges) if (circle := visit(node, []))), [])


def reach(includes, name):
    """All that a file includes, directly or not."""
    found, waiting = set(), [name]
    while waiting:
        for following in includes.get(waiting.pop(), ()):
            if following not in found:
                found.add(following)
                waiting.append(following)
    return found


def wrong_includes(root):
    """One sentence for each include that a room must not have."""
    rooms = read_rooms(root)
    unused = {(room, used) for room, all_used in rooms.items() for used in all_used}
    wrong = []
    for name, included in read_includes(root, "src", "include").items():
        room = room_of(name)
        if room not in rooms:
            wrong.append(f"{name}: '{room}' is not in the table of rooms of ARCHITECTURE.md")
            continue
        for header in included:
            if header == GENERATED:
                continue
            if "./" in header or not re.match(r"(src|include)/.*/.*\.h$", header):
                wrong.append(f"{name}: '{header}' is not ROOM/x.h or tcpgoon/ROOM/x.h")
                continue
            used = room_of(header)
            if used == room:
                if name.startswith("include/") and header.startswith("src/"):
                    wrong.append(f"{name}: a public header includes a private one, {header}")
                continue
            if header.startswith("src/"):
                wrong.append(f"{name}: {header} is private to its room")
            elif used not in rooms[room]:
                wrong.append(f"{name}: {room} must not use {used}")
            unused.discard((room, used))
    wrong += [f"ARCHITECTURE.md: {room} may use {used}, and does not"
              for room, used in sorted(unused)]
    circle = find_circle(rooms)
    if circle:
        wrong.append(f"ARCHITECTURE.md: rooms use each other in a circle: {' > '.join(circle)}")
    return wrong


def circles_of_modules(root):
    edges = {}
    for name, included in read_includes(root, "src", "include").items():
        module = module_of(name)
        used = {module_of(header) for header in included}
        edges.setdefault(module, set()).update(used - {module})
    wrong = [f"test_rooms.py: {user} no longer uses {used}: take it from CIRCULAR"
             for user, used in CIRCULAR if user in edges and used not in edges[user]]
    for user, used in CIRCULAR:
        edges.get(user, set()).discard(used)
    circle = find_circle(edges)
    if circle:
        wrong.append(f"modules include each other in a circle: {' > '.join(circle)}")
    return wrong


def modules_that_are_not_listed(root):
    """The other way round, too. `cmd_*` stands for several, `_path` for one with the same start as
    the module before it."""
    modules = {module_of(name) for name in read_includes(root, "src", "include")}
    wrong = []
    for room, words, _ in read_rows(root):
        patterns = []
        for word in re.findall(r"`([^`]+)`", words):
            start = patterns[-1].partition("_")[0] if word.startswith("_") else f"{room}/"
            patterns.append(start + word)
        there = {module for module in modules if module.startswith(f"{room}/")}
        wrong += [f"ARCHITECTURE.md: {module} is not in the table of rooms"
                  for module in sorted(there)
                  if not any(fnmatch.fnmatch(module, pattern) for pattern in patterns)]
        wrong += [f"ARCHITECTURE.md: there is no {pattern}" for pattern in patterns
                  if not fnmatch.filter(there, pattern)]
    return wrong


def public_headers_that_are_private(root):
    """Headers in include/ that no other room uses, directly or through another public header."""
    includes = read_includes(root, "src", "include", "bench")
    used = set()
    for name in includes:
        for header in includes[name]:
            if room_of(header) != room_of(name):
                used |= {header} | reach(includes, header)
    return [f"{name}: no other room uses it; it belongs beside the code, in src/{room_of(name)}/"
            for name in includes
            if name.startswith("include/") and name not in used and name not in UNUSED]


def files_that_see_liburing(root):
    includes = read_includes(root, "src", "include")
    direct = {name for name in includes if LIBURING.search((root / name).read_text())}
    seeing = {name for name in includes if name in direct or reach(includes, name) & direct}
    wrong = [f"{name}: sees liburing.h, by way of its includes" for name in sorted(seeing)
             if room_of(name) not in LIBURING_ROOMS and name not in LIBURING_FILES]
    wrong += [f"test_rooms.py: {name} no longer sees liburing.h: take it from LIBURING_FILES"
              for name in LIBURING_FILES if name not in seeing]
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
    files += [path for directory in ("src", "tests", "tools", "bench")
              for path in (root / directory).rglob("*.py")]
    files += [path for kind in ("js", "css") for path in (root / "src").rglob(f"*.{kind}")]
    return [f"{path.relative_to(root)}: no SPDX line among the first three"
            for path in files
            if not any("SPDX-License-Identifier: MIT" in line
                       for line in path.read_text().splitlines()[:3])]


def unformatted(root):
    files = [str(path) for path in sources(root, "src", "include", "tests", "bench")]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], text=True,
                          capture_output=True, cwd=root, check=False)
    return [done.stderr] if done.returncode != 0 else []


RULES = {
    "rooms": wrong_includes,
    "circles": circles_of_modules,
    "modules": modules_that_are_not_listed,
    "public": public_headers_that_are_private,
    "liburing": files_that_see_liburing,
    "licence": files_without_licence,
    "format": unformatted,
}


def main():
    what, root = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    if what == "headers":
        wrong = headers_that_do_not_stand_alone(root, sys.argv[3:])
    elif what not in RULES:
        sys.exit(__doc__)
    elif what == "format" and shutil.which("clang-format") is None:
        print("clang-format is not installed")
        return SKIPPED
    else:
        wrong = RULES[what](root)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
