# SPDX-License-Identifier: MIT
"""The page, of one run and of two side by side, against servers of our own: see tools/screenshots.
Look at the pictures before they are committed."""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
IMAGES = SOURCE / "docs/images"
TCPGOON = os.environ.get("TCPGOON", str(SOURCE / "build/src/cli/tcpgoon"))
sys.path.insert(0, str(SOURCE / "tests/system"))

from PIL import Image  # noqa: E402

from harness.browser import Browser  # noqa: E402

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


class Server:
    """Accepts so many a second, with this backlog, and closes after so many idle seconds."""

    def __init__(self, port, *, backlog=4096, accepted_per_s=100000, idle_s=3600):
        self.socket = socket.create_server(("127.0.0.1", port), backlog=backlog)
        self.open = []
        self.pause_s = 1 / accepted_per_s
        self.idle_s = idle_s
        for work in (self.accept, self.end):
            threading.Thread(target=work, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def accept(self):
        due = time.monotonic()
        while True:
            try:
                self.open.append((time.monotonic(), self.socket.accept()[0]))
            except OSError:
                return
            due = max(due + self.pause_s, time.monotonic() - 0.05)
            time.sleep(max(0, due - time.monotonic()))

    def end(self):
        while self.socket.fileno() >= 0:
            while self.open and self.open[0][0] + self.idle_s <= time.monotonic():
                self.open.pop(0)[1].close()
            time.sleep(0.002)


def run(*argv):
    """A run may fail: that is what some pictures show."""
    done = subprocess.run([TCPGOON, *map(str, argv)], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == 1:
        sys.exit(f"{' '.join(map(str, argv))}: {done.stderr}")


def shoot(page_path, name):
    """At both widths, in both schemes."""
    with Browser() as browser:
        for width in WIDTHS:
            for scheme in SCHEMES:
                browser.open(page_path, width, scheme=scheme)
                picture = IMAGES / f"{name}-{width}-{scheme}.png"
                browser.screenshot(picture)
                shrink(picture)


def shoot_top(page_path, name, height):
    """What a document shows: the beginning, at a desk."""
    with Browser() as browser:
        browser.open(page_path, WIDTHS[0], height)
        picture = IMAGES / f"{name}.png"
        browser.screenshot(picture, whole=False)
        shrink(picture)


def shrink(picture):
    """To a palette that has each colour of the lines, and half of the size."""
    with Image.open(picture) as image:
        small = image.convert("RGB").quantize(256, method=Image.Quantize.MAXCOVERAGE,
                                              dither=Image.Dither.NONE)
    small.save(picture, optimize=True)
    print(picture.relative_to(SOURCE), *small.size, f"{picture.stat().st_size >> 10} KiB")


def page(directory):
    """The page of a run against a server that closes what was idle for three seconds."""
    with Server(8080, idle_s=3, backlog=1024):
        run("run", "127.0.0.1", 8080, "-y", "-c", 2000, "-s", "2ms", "--hold", "5s",
            "--fail-if", "errors>1%", "--fail-if", "drops>0", "--fail-if", "connect.p99>50ms",
            "-o", f"html={directory}/page.html")
    shoot(f"{directory}/page.html", "page")
    shoot_top(f"{directory}/page.html", "page", 1400)


def side_by_side(directory):
    """A page of two runs: a short accept queue that is emptied slowly, and a longer one."""
    for name, backlog in ("before", 64), ("after", 4096):
        with Server(8080, accepted_per_s=350, backlog=backlog):
            run("run", "127.0.0.1", 8080, "-y", "-c", 1500, "-s", "2ms", "--hold", "3s",
                "-o", f"json={directory}/{name}.json")
    run("report", f"{directory}/before.json", f"{directory}/after.json",
        "--fail-if", "connect.p99>100ms", "-o", f"html={directory}/both.html")
    shoot(f"{directory}/both.html", "side-by-side")


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    IMAGES.mkdir(exist_ok=True)
    for picture in (page, side_by_side):
        with tempfile.TemporaryDirectory() as directory:
            picture(directory)


if __name__ == "__main__":
    main()
