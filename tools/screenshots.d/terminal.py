# SPDX-License-Identifier: MIT
"""
The live view, as a terminal shows it: docs/images/live-COLUMNSxROWS.png.

The target is a server with some trouble: it closes some connections and resets others, stops
accepting for a moment, and is restarted once. The escape sequences of the run go through pyte, a
terminal emulator, and its screen is drawn with PIL.
"""

import fcntl
import multiprocessing
import os
import pty
import random
import resource
import select
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

import pyte
from PIL import Image, ImageDraw, ImageFont

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
TCPGOON = os.environ.get("TCPGOON", os.path.join(TOP, "build", "src", "cli", "tcpgoon"))
IMAGES = os.path.join(TOP, "docs", "images")
FONTS = "/usr/share/fonts/truetype/dejavu"

SIZES = ((80, 24), (120, 40), (40, 10))
RUN = ("-c", "20000", "-s", "2ms", "--hold", "5m")
TAKEN_AT_S = 32.3
STOPS_S = (31, 33)  # to accept
RESTARTS_S = (19, 19.15)


class Server:
    """Accepts on a port; of a hundred connections it ends a few."""

    def __init__(self, port):
        self.port = port
        self.began = time.monotonic()
        self.chance = random.Random(7)
        self.held = []
        self.listener = self.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def listen(self):
        return socket.create_server(("127.0.0.1", self.port), backlog=4096)

    def elapsed_s(self):
        return time.monotonic() - self.began

    def end(self, connection, reset):
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def take(self, connection):
        fate = self.chance.random()
        if fate < 0.015:
            threading.Timer(1 + 4 * self.chance.random(), self.end,
                            (connection, fate < 0.004)).start()
        else:
            self.held.append(connection)

    def serve(self):
        restarted = False
        while True:
            now = self.elapsed_s()
            if STOPS_S[0] < now < STOPS_S[1]:
                time.sleep(0.05)
            elif RESTARTS_S[0] < now and not restarted:
                self.listener.close()
                time.sleep(RESTARTS_S[1] - RESTARTS_S[0])
                self.listener = self.listen()
                restarted = True
            else:
                self.take(self.listener.accept()[0])


class Colours:
    BACKGROUND = (24, 26, 31)
    PLAIN = (208, 212, 220)
    DIM = (122, 128, 140)
    STRONG = (245, 247, 250)
    NAMED = {"cyan": (86, 182, 194), "red": (232, 97, 97), "brown": (229, 181, 103)}


def watch(columns, rows, port):
    """A run in a terminal of that size, until the picture is taken; the screen then."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8")
    environment.pop("NO_COLOR", None)
    run = subprocess.Popen([TCPGOON, "run", "127.0.0.1", str(port), "-y", *RUN], stdin=theirs,
                           stdout=theirs, stderr=theirs, env=environment, start_new_session=True)
    os.close(theirs)
    screen = DimScreen(columns, rows)
    stream = pyte.ByteStream(screen)
    end = time.monotonic() + TAKEN_AT_S
    readable = select.poll()
    readable.register(ours, select.POLLIN)
    while time.monotonic() < end:
        if readable.poll(50):
            stream.feed(os.read(ours, 65536))
    run.kill()
    run.wait()
    os.close(ours)
    return screen


class DimScreen(pyte.Screen):
    """pyte 0.8 does not know the attribute dim (2): kept as italics, which the view has not."""

    def select_graphic_rendition(self, *attributes):
        super().select_graphic_rendition(*(3 if value == 2 else value for value in attributes))


class Painter:
    SIZE = 16

    def __init__(self, columns, rows):
        self.fonts = [ImageFont.truetype(os.path.join(FONTS, name), self.SIZE)
                      for name in ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf")]
        self.width = round(self.fonts[0].getlength("0"))
        self.height = 20
        self.margin = 10
        size = (columns * self.width + 2 * self.margin, rows * self.height + 2 * self.margin)
        self.image = Image.new("RGB", size, Colours.BACKGROUND)
        self.draw = ImageDraw.Draw(self.image)

    def colour(self, cell):
        if cell.fg in Colours.NAMED:
            return Colours.NAMED[cell.fg]
        return Colours.DIM if cell.italics else Colours.STRONG if cell.bold else Colours.PLAIN

    def put(self, column, row, cell):
        left = self.margin + column * self.width
        top = self.margin + row * self.height
        colour = self.colour(cell)
        blocks = "▁▂▃▄▅▆▇█"
        if cell.data in blocks:  # fonts leave gaps between them, terminals do not
            part = (blocks.index(cell.data) + 1) * self.height / 8
            self.draw.rectangle((left, top + self.height - part, left + self.width - 1,
                                 top + self.height - 1), fill=colour)
        elif cell.data in "━─":
            thick = 3 if cell.data == "━" else 1
            middle = top + self.height // 2
            self.draw.rectangle((left, middle - thick // 2, left + self.width - 1,
                                 middle + thick // 2), fill=colour)
        elif cell.data != " ":
            self.draw.text((left, top), cell.data, font=self.fonts[cell.bold], fill=colour)

    def paint(self, screen):
        for row in range(screen.lines):
            for column in range(screen.columns):
                self.put(column, row, screen.buffer[row][column])


def take(columns, rows):
    port = 8000 + columns
    Server(port)
    screen = watch(columns, rows, port)
    painter = Painter(columns, rows)
    painter.paint(screen)
    painter.image.save(os.path.join(IMAGES, f"live-{columns}x{rows}.png"), optimize=True)


def main():
    os.makedirs(IMAGES, exist_ok=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    takers = [multiprocessing.Process(target=take, args=size) for size in SIZES]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    if any(taker.exitcode != 0 for taker in takers):
        sys.exit("tools/screenshots: not all pictures were made")


if __name__ == "__main__":
    main()
