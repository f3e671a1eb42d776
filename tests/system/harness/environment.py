# SPDX-License-Identifier: MIT
"""What the environment says of a run of the tests, and how long they are patient.

TCPGOON       the binary under test
TCPGOON_ENGINE  what --engine the runs have that do not choose one; unset: none
TCPGOON_SLOW  factor for all time limits (a sanitizer build is slower); 1 where unset.
              Bounds on speed and memory are checked only at 1.
"""

import os
import shutil

SLOW = float(os.environ.get("TCPGOON_SLOW", "1"))
MEASURING = SLOW == 1
TCPGOON = os.path.abspath(os.environ.get("TCPGOON", "build/src/cli/tcpgoon"))
ENGINE = os.environ.get("TCPGOON_ENGINE")
SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))

# What comes at all has come by then, also on a slow machine that does something else besides.
PATIENCE_S = 60

os.environ["PATH"] += ":/usr/sbin:/sbin"


def copy_sources(to):
    """The tree to another place, without builds and what git knows."""
    shutil.copytree(SOURCE, to, symlinks=True, ignore=lambda place, names:
                    [name for name in names if name in (".git", "__pycache__")
                     or (place == SOURCE and name.startswith("build"))])
