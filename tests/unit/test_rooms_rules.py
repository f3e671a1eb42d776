#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of test_rooms.py finds what it forbids, in small trees made for it."""
import pathlib
import tempfile
import unittest

import test_rooms

TABLE = """
| room | purpose | modules | may use |
|---|---|---|---|
| base | what C lacks | `clock` | |
| run | doing it | `run` | base |
"""
SOUND = {
    "ARCHITECTURE.md": TABLE,
    "include/tcpgoon/base/clock.h": "",
    "src/base/clock.c": '#include "tcpgoon/base/clock.h"',
    "src/run/run.c": '#include <net/if.h>\n#include "tcpgoon/base/clock.h"',
    "bench/floor.c": '#include "floor.h"',
}


class Rules(unittest.TestCase):
    def broken(self, rule, files):
        """What the rule says of the sound tree with these files put into it."""
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for name, text in {**SOUND, **files}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text + "\n")
            return rule(root)

    def assert_broken(self, rule, files, *sentences):
        self.assertEqual(self.broken(rule, {}), [])
        self.assertEqual(self.broken(rule, files), list(sentences))

    def test_a_room_uses_what_the_table_does_not_allow(self):
        self.assert_broken(
            test_rooms.wrong_includes,
            {"include/tcpgoon/run/run.h": "", "src/base/wide.c": "#include <tcpgoon/run/run.h>"},
            "src/base/wide.c: base must not use run")

    def test_a_room_does_not_use_what_the_table_allows(self):
        self.assert_broken(
            test_rooms.wrong_includes, {"src/run/run.c": ""},
            "ARCHITECTURE.md: run may use base, and does not")

    def test_a_room_is_not_in_the_table(self):
        self.assert_broken(
            test_rooms.wrong_includes, {"src/attic/attic.c": ""},
            "src/attic/attic.c: 'attic' is not in the table of rooms of ARCHITECTURE.md")

    def test_rooms_use_each_other(self):
        self.assert_broken(
            test_rooms.wrong_includes,
            {"ARCHITECTURE.md": TABLE.replace("`clock` | |", "`clock` | run |"),
             "include/tcpgoon/run/run.h": "",
             "src/base/wide.c": '#include "tcpgoon/run/run.h"'},
            "ARCHITECTURE.md: rooms use each other in a circle: base > run > base")

    def test_a_private_header_of_another_room(self):
        self.assert_broken(
            test_rooms.wrong_includes,
            {"src/base/wide.h": "", "src/run/table.c": '#include "base/wide.h"'},
            "src/run/table.c: src/base/wide.h is private to its room")

    def test_a_public_header_includes_a_private_one(self):
        self.assert_broken(
            test_rooms.wrong_includes,
            {"src/base/wide.h": "", "include/tcpgoon/base/units.h": '#include "base/wide.h"'},
            "include/tcpgoon/base/units.h: a public header includes a private one, "
            "src/base/wide.h")

    def test_a_relative_path(self):
        self.assert_broken(
            test_rooms.wrong_includes, {"src/run/table.c": '#include "../base/clock.c"'},
            "src/run/table.c: '../base/clock.c' is not ROOM/x.h or tcpgoon/ROOM/x.h")

    def test_modules_include_each_other(self):
        self.assert_broken(
            test_rooms.circles_of_modules,
            {"src/run/a.h": "", "src/run/b.h": '#include "run/c.h"', "src/run/c.h": "",
             "src/run/a.c": '#include "run/b.h"', "src/run/c.c": '#include "run/a.h"'},
            "modules include each other in a circle: run/a > run/b > run/c > run/a")

    def test_a_module_that_is_not_listed(self):
        self.assert_broken(
            test_rooms.modules_that_are_not_listed, {"src/run/table.h": ""},
            "ARCHITECTURE.md: run/table is not in the table of rooms")

    def test_a_listed_module_that_is_not_there(self):
        self.assert_broken(
            test_rooms.modules_that_are_not_listed,
            {"ARCHITECTURE.md": TABLE.replace("`run` |", "`run` `table_*` `run_a` `_b` |"),
             "src/run/run_a.c": ""},
            "ARCHITECTURE.md: there is no run/table_*", "ARCHITECTURE.md: there is no run/run_b")

    def test_a_public_header_that_its_own_room_alone_uses(self):
        self.assert_broken(
            test_rooms.public_headers_that_are_private,
            {"include/tcpgoon/base/wide.h": "",
             "src/base/wide.c": '#include "tcpgoon/base/wide.h"'},
            "include/tcpgoon/base/wide.h: no other room uses it; it belongs beside the code, in "
            "src/base/")

    def test_a_public_header_that_another_one_needs(self):
        self.assertEqual(self.broken(
            test_rooms.public_headers_that_are_private,
            {"include/tcpgoon/base/wide.h": "",
             "include/tcpgoon/base/clock.h": '#include "tcpgoon/base/wide.h"'}), [])

    def test_liburing_by_way_of_a_header(self):
        wrong = self.broken(
            test_rooms.files_that_see_liburing,
            {"include/tcpgoon/uring/lane.h": "#include <liburing.h>",
             "src/plan/plan.h": '#include "tcpgoon/uring/lane.h"',
             "src/plan/plan.c": '#include "plan/plan.h"'})
        self.assertIn("src/plan/plan.c: sees liburing.h, by way of its includes", wrong)
        self.assertIn("src/plan/plan.h: sees liburing.h, by way of its includes", wrong)

    def test_a_file_without_a_licence(self):
        self.assertIn("src/base/clock.c: no SPDX line among the first three",
                      self.broken(test_rooms.files_without_licence, {"tests/unit/test_x.c": ""}))


if __name__ == "__main__":
    unittest.main()
