# SPDX-License-Identifier: MIT
"""The page of `-o html=PATH`, in a real browser: at the widths of a desk and of a phone, in both
schemes, by the keyboard, without scripts, and with texts that would like to run."""

import json
import os
import socket
import tempfile
import threading
import time

import harness
from harness.browser import Browser

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")

# Whether a canvas has enough points that are not transparent to have axes and a line.
DRAWN = """[...document.querySelectorAll("canvas")].map((canvas) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let points = 0;
    for (let i = 3; i < data.length; i += 4) {
        points += data[i] > 0;
    }
    return points;
})"""

# The elements that stick out of the page, other than within a region that scrolls by itself.
OVERFLOWING = """[...document.querySelectorAll("body *")].filter((element) =>
    !element.closest(".scroll, .skip, .unseen") &&
    element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map((element) => element.outerHTML.slice(0, 80))"""

# Texts whose colour is too near to that behind them, by the formula of WCAG 2.
PALE = """(() => {
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((value) => value / 255).map((value) =>
        value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4)
        .reduce((sum, value, i) => sum + value * [.2126, .7152, .0722][i], 0);
    const behind = (element) => {
        for (let at = element; at !== null; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] > 0) {
                return colour;
            }
        }
        return [255, 255, 255];
    };
    const pale = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (texts.currentNode.textContent.trim() === "" || !element.checkVisibility()) {
            continue;
        }
        const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) {
            pale.push(`${ratio.toFixed(2)}: ${texts.currentNode.textContent}`);
        }
    }
    return pale;
})()"""

# What can be reached and used; of a group of radio buttons the one that is chosen.
INTERACTIVE = """[...document.querySelectorAll(
    "a[href], button, summary, input:checked, [tabindex='0']")]
    .filter((element) => element.checkVisibility()).length"""

# Gives each element that has the focus a number; that of one that had it before is not new.
FOCUSED = """(() => {
    const element = document.activeElement;
    window.reached = window.reached ?? new Set();
    const outline = getComputedStyle(element).outlineStyle;
    const known = reached.has(element);
    reached.add(element);
    return [element === document.body, known, outline, element.tagName];
})()"""


class Closing:
    """A server that closes each connection after a time."""

    def __init__(self, after_s):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.socket.getsockname()[1]
        self.after_s = after_s
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()
        threading.Thread(target=self.end, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.open.append((time.monotonic(), self.socket.accept()[0]))
            except OSError:
                return

    def end(self):
        while self.socket.fileno() >= 0:
            while self.open and self.open[0][0] + self.after_s <= time.monotonic():
                self.open.pop(0)[1].close()
            time.sleep(0.01)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Page(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def run_dropped(self):
        """A run with drops, a finding, a threshold that is crossed: a page with all there is."""
        server = Closing(0.5)
        self.addCleanup(server.close)
        run = self.dial("127.0.0.1", server.port, "-c", "100", "-s", "2", "--hold", "1s",
                        "--fail-if", "drops>0", "--fail-if", "errors>1%",
                        "-o", f"json={self.path('dropped.json')}",
                        "-o", f"html={self.path('dropped.html')}")
        self.assert_status(run, 3)

    def run_well(self, name):
        _, port = self.serve()
        run = self.dial("127.0.0.1", port, "-c", "50", "-s", "4",
                        "-o", f"json={self.path(name + '.json')}")
        self.assert_status(run, 0)

    def report(self, *names, status=0, page="page.html"):
        """A page of stored results."""
        report = self.run_tcpgoon("report", *map(self.path, names),
                                  "-o", f"html={self.path(page)}")
        self.assert_status(report, status)
        return self.path(page)

    def assert_calm(self, path):
        """Nothing in the console, and nothing fetched but the page itself."""
        self.assertEqual(self.browser.complaints(), [])
        requests = [url for url in self.browser.requests() if not url.startswith("data:")]
        self.assertEqual(requests, [f"file://{path}"])

    def texts(self, selector):
        return self.browser.run(
            f"[...document.querySelectorAll({json.dumps(selector)})].map((e) => e.textContent)")

    def assert_looks_well(self, path, charts):
        for width in WIDTHS:
            for scheme in SCHEMES:
                with self.subTest(width=width, scheme=scheme):
                    self.browser.open(path, width, scheme=scheme)
                    self.assert_calm(path)
                    drawn = self.browser.run(DRAWN)
                    self.assertEqual(len(drawn), charts)
                    self.assertGreater(min(drawn), 1000)
                    self.assertEqual(self.browser.run(OVERFLOWING), [])
                    self.assertEqual(self.browser.run(
                        "document.documentElement.scrollWidth"), width)
                    self.assertEqual(self.browser.run(PALE), [])

    def test_one_result(self):
        self.run_dropped()
        path = self.path("dropped.html")
        self.assert_looks_well(path, charts=len(self.charts_of(path)))
        self.assertEqual(self.texts("#sentence"), ["The threshold drops>0 was crossed: 100."])
        self.assertIn("Survival", self.charts_of(path))
        with open(self.path("dropped.json"), encoding="utf-8") as file:
            findings = json.load(file)["findings"]
        self.assertNotEqual(findings, [])
        self.assertEqual(self.texts(".finding h3"),
                         [finding["name"].replace("_", " ") for finding in findings])
        self.assertEqual(self.texts(".hint"), [finding["hint"] for finding in findings])
        self.assertEqual(self.texts(".chip.bad, .chip.good"), ["crossed", "kept"])
        backgrounds = set()
        for scheme in SCHEMES:
            self.browser.open(path, scheme=scheme)
            backgrounds.add(self.browser.run("getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(len(backgrounds), 2)

    def charts_of(self, path):
        self.browser.open(path)
        return self.texts("figure h3")

    def test_page_of_the_run_is_that_of_its_stored_result(self):
        self.run_dropped()
        self.report("dropped.json", status=3)
        pages = []
        for name in ("dropped.html", "page.html"):
            self.browser.open(self.path(name))
            pages.append(self.browser.run("document.body.innerText"))
        pages = [page.replace("dropped\n", "") for page in pages]
        self.assertEqual(*pages)

    def test_several_results(self):
        self.run_dropped()
        self.run_well("well")
        path = self.report("well.json", "dropped.json", status=3)
        self.assert_looks_well(path, charts=len(self.charts_of(path)))
        self.browser.open(path)
        self.assertEqual(self.texts("figure:first-child .legend button"), ["well", "dropped"])
        # Another time, by its button.
        before = self.texts(".choice ~ .plot canvas, figcaption")
        self.browser.run("document.querySelector('input[value=handshake]').click()")
        self.assertNotEqual(self.texts(".choice ~ .plot canvas, figcaption"), before)
        self.assertEqual(self.browser.run("document.activeElement.value"), "handshake")
        self.assertGreater(min(self.browser.run(DRAWN)), 1000)
        self.assert_calm(path)

    def test_results_of_one_name_are_told_apart(self):
        self.run_well("well")
        for name in ("a", "b"):
            os.mkdir(self.path(name))
            os.link(self.path("well.json"), self.path(f"{name}/result.json"))
        self.browser.open(self.report("a/result.json", "b/result.json"))
        self.assertEqual(self.texts("figure:first-child .legend button"),
                         ["a/result", "b/result"])

    def test_keyboard_reaches_all_and_shows_where_it_is(self):
        self.run_dropped()
        self.run_well("well")
        for path in (self.path("dropped.html"),
                     self.report("well.json", "dropped.json", status=3)):
            self.browser.open(path, width=390)
            expected = self.browser.run(INTERACTIVE)
            self.assertGreater(expected, 15)
            reached = 0
            for _ in range(expected + 1):
                self.browser.press("Tab")
                gone, known, outline, tag = self.browser.run(FOCUSED)
                if gone or known:
                    break
                self.assertNotEqual(outline, "none", tag)
                reached += 1
            self.assertEqual(reached, expected)

    def test_charts_are_read_and_switched_by_keys(self):
        self.run_dropped()
        self.browser.open(self.path("dropped.html"))
        self.browser.run("document.querySelector('canvas').focus()")
        self.browser.press("ArrowRight")
        first = self.texts(".reading")[0]
        self.assertRegex(first, r"^[\d.]+ (µ|m)?s: open: \d+; ")
        self.browser.press("End")
        last = self.texts(".reading")[0]
        self.assertRegex(last, r": open: 0; .*ended by the peer: 100$")
        self.browser.press("Home")
        self.assertEqual(self.texts(".reading")[0], first)
        self.browser.run("document.querySelector('.legend button').focus()")
        self.browser.press(" ", code="Space")
        self.assertEqual(self.browser.run(
            "document.querySelector('.legend button').getAttribute('aria-pressed')"), "false")
        self.assertFalse(self.browser.run("charts[0].chart.isDatasetVisible(0)"))

    def test_tables_have_the_numbers_of_the_result(self):
        self.run_dropped()
        with open(self.path("dropped.json"), encoding="utf-8") as file:
            result = json.load(file)
        self.browser.open(self.path("dropped.html"))
        rows = self.browser.run("""[...document.querySelector("figure details").querySelectorAll(
            "tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent))""")
        self.assertEqual(len(rows), len(result["series"]))
        self.assertEqual(rows[-1][1], "0")
        for name in ("handshake", "connect", "lifetime"):
            self.assertIn(f"{result[name + '_us']['count']}", self.texts("table tr")[-1] + "".join(
                row for row in self.texts("table tr") if row.startswith(name)))

    def test_headings_are_in_order_and_pictures_have_words(self):
        self.run_dropped()
        self.browser.open(self.path("dropped.html"))
        levels = self.browser.run(
            "[...document.querySelectorAll('h1, h2, h3')].map((e) => Number(e.tagName[1]))")
        self.assertEqual(levels[0], 1)
        self.assertEqual(levels.count(1), 1)
        self.assertTrue(all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels)
        self.assertEqual(self.browser.run("""[...document.querySelectorAll("canvas")].filter(
            (canvas) => !canvas.getAttribute("aria-label")).length"""), 0)
        self.assertEqual(self.browser.run("""[...document.querySelectorAll("button, summary")]
            .filter((element) => element.textContent.trim() === "").length"""), 0)
        self.assertEqual(self.browser.run("document.documentElement.lang"), "en")

    def test_hostile_texts_are_shown_and_do_not_run(self):
        hostile = ("</script><script>window.ran = 1</script><!--"
                   "<img src=x onerror='window.ran = 1'>")
        self.run_well("well")
        with open(self.path("well.json"), encoding="utf-8") as file:
            result = json.load(file)
        result["target"]["host"] = hostile
        result["settings"]["sources"] = [hostile]
        result["settings"]["ports"] = hostile
        result["host"]["kernel"] = "<b>6.1</b>"
        name = "<img src=x onerror='window.ran = 1'>.json"
        with open(self.path(name), "w", encoding="utf-8") as file:
            json.dump(result, file)
        for path in (self.report(name), self.report("well.json", name)):
            self.browser.open(path)
            self.assert_calm(path)
            self.assertEqual(self.browser.run("typeof window.ran"), "undefined")
            self.assertEqual(self.browser.run(
                "document.querySelectorAll('img, b, body > script:not([id])').length"), 2)
            self.assertIn(hostile, self.browser.run("document.body.textContent"))
            self.assertGreater(min(self.browser.run(DRAWN)), 1000)

    def test_without_scripts_the_text_is_there(self):
        self.run_dropped()
        path = self.path("dropped.html")
        self.browser.open(path, scripts=False)
        self.assertEqual(self.browser.requests(), [f"file://{path}"])
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("<pre class=\"wide\">--- 127.0.0.1:", text)
        self.assertIn("Exit status 3.\n</pre>", text)

    def test_run_that_did_not_begin(self):
        run = self.dial("no.such.name.invalid", "1", "-o", f"html={self.path('none.html')}")
        self.assert_status(run, 1)
        self.assert_looks_well_without_charts(self.path("none.html"))
        self.assertEqual(self.texts("#sentence"), ["Nothing was dialled."])
        self.assertIn("no.such.name.invalid", self.texts("h1")[0])

    def assert_looks_well_without_charts(self, path):
        for width in WIDTHS:
            self.browser.open(path, width)
            self.assert_calm(path)
            self.assertEqual(self.browser.run("document.querySelectorAll('canvas').length"), 0)
            self.assertEqual(self.browser.run(OVERFLOWING), [])

    def test_nothing_was_established(self):
        run = self.dial("127.0.0.1", self.free_port(), "-c", "20", "-s", "1",
                        "-o", f"html={self.path('refused.html')}")
        self.assert_status(run, 2)
        path = self.path("refused.html")
        self.assert_looks_well(path, charts=len(self.charts_of(path)))

    def test_paper_is_white_whatever_the_scheme(self):
        self.run_dropped()
        self.browser.open(self.path("dropped.html"), scheme="dark")
        self.assertEqual(self.browser.print_to_pdf()[:5], b"%PDF-")
        self.assert_calm(self.path("dropped.html"))
        # As it is while the browser prints.
        self.browser.run("dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.browser.run("getComputedStyle(document.body).backgroundColor"),
                         "rgb(255, 255, 255)")
        self.assertEqual(self.browser.run("charts[0].chart.options.scales.x.ticks.color"),
                         "#545d68")
        self.browser.run("dispatchEvent(new Event('afterprint'))")
        self.assertEqual(self.browser.run("charts[0].chart.options.scales.x.ticks.color"),
                         "#9daab6")


if __name__ == "__main__":
    harness.main()
