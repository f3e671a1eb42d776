# SPDX-License-Identifier: MIT
"""The documents of the project, taken apart: sections, blocks of code, links, words in code."""

import os
import re

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "../.."))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")


def names():
    """README.md and all below docs/."""
    found = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    for place, _, files in os.walk(os.path.join(ROOT, "docs")):
        found += [os.path.relpath(os.path.join(place, name), ROOT) for name in files
                  if name.endswith(".md")]
    return sorted(found)


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def prose_of(name):
    """Without its blocks of code."""
    return FENCE.sub("", text_of(name))


class Block:
    """A block of code; `expected` is the text that is shown below it, or None."""

    def __init__(self, language, text):
        self.language, self.text, self.expected = language, text, None

    @property
    def status(self):
        """The exit status that the output ends with, or else 0."""
        found = re.search(r"^Exit status (\d)\.$", self.expected or "", re.MULTILINE)
        return int(found[1]) if found else 0


def blocks_of(text):
    """Those that are run, each with the output that follows it."""
    found = []
    for match in FENCE.finditer(text):
        if match[1] == "sh":
            found.append(Block(match[1], match[2]))
        elif match[1] == "text" and found:
            found[-1].expected = match[2]
    return found


def sections_of(name):
    """heading of a `##` section -> its text, blocks included; "" for what is before the first."""
    text = text_of(name)
    blocks = [match.span() for match in FENCE.finditer(text)]
    heads = [match for match in re.finditer(r"^## (.+)$\n", text, re.MULTILINE)
             if not any(begin < match.start() < end for begin, end in blocks)]
    ends = [match.start() for match in heads] + [len(text)]
    found = {"": text[:ends[0]]}
    for number, match in enumerate(heads):
        found[match[1]] = text[match.end():ends[number + 1]]
    return found


def anchors_of(name):
    """As GitHub makes them."""
    text = FENCE.sub("", text_of(name))
    found, count = set(), {}
    for heading in HEADING.findall(text):
        slug = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        number = count.get(slug, 0)
        count[slug] = number + 1
        found.add(f"{slug}-{number}" if number else slug)
    return found


def links_of(name):
    return LINK.findall(prose_of(name))


def codes_of(name):
    """What stands in `backticks`."""
    return CODE.findall(prose_of(name))


# Numbers with their units: those of another run differ.
NUMBER = re.compile(
    r"(?:(?<=[:\[ ])-)?\d+(?:,\d+)*(?:\.\d+)?(?:e[-+]?\d+)?"
    r"(?: ?(?:ns|µs|ms|s|m|h|B|KiB|MiB|GiB|%)(?![\w/]))?")


def normalised(line):
    return " ".join(NUMBER.sub("N", line).split())


def fits(shown, line):
    """Whether a line of output is the one that is shown, apart from numbers; "..." is any text."""
    parts = [re.escape(normalised(part)) for part in shown.split("...")]
    return re.fullmatch(r".*".join(part.replace(r"\ ", " ") for part in parts).replace(" ", r"\ ?"),
                        normalised(line)) is not None


def first_difference(expected, output):
    """
    None if the lines that are shown are those of the output in this order, with lines left out only
    where there is a "..."; otherwise what was not found.
    """
    lines = output.splitlines()
    at, gap = 0, True  # what was printed before the first line shown is left out silently
    for shown in expected.splitlines():
        if shown.strip() == "...":
            gap = True
            continue
        rest = lines[at:] if gap else lines[at:at + 1]
        found = next((i for i, line in enumerate(rest) if fits(shown, line)), None)
        if found is None:
            return shown
        at += found + 1
        gap = False
    return None
