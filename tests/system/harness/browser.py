# SPDX-License-Identifier: MIT
"""Chromium without a window, driven by its own protocol over a pair of pipes: no other package and
no port. It has no network either: the namespace of the tests has none that leads anywhere."""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

CHROMIUM = shutil.which("chromium")
ANSWER_S = 30


def make_pipe():
    """Its ends have numbers that those which Chromium wants, 3 and 4, are not among."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high


class Browser:
    """Use it in a `with`; or end it by close(). All events since the last open() are in `events`."""

    def __init__(self):
        assert CHROMIUM, "chromium is not installed: tools/packages install test"
        self.profile = tempfile.TemporaryDirectory(prefix="tcpgoon-chromium-")
        theirs_in, ours_out = make_pipe()
        ours_in, theirs_out = make_pipe()
        self.popen = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash",
             CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
             "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.out, self.in_ = ours_out, ours_in
        self.buffer = b""
        self.last_id = 0
        self.events = []
        self.session = None
        target = next(item for item in self.call("Target.getTargets")["targetInfos"]
                      if item["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"],
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """All its processes are in a session of their own."""
        try:
            os.killpg(self.popen.pid, 9)
        except ProcessLookupError:
            pass
        self.popen.wait()
        os.close(self.out)
        os.close(self.in_)
        self.profile.cleanup()

    def read_message(self, until):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.in_], [], [], max(0, until - time.monotonic()))
            piece = os.read(self.in_, 1 << 20) if ready else b""
            if not piece:
                raise AssertionError("chromium does not answer")
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + ANSWER_S
        while True:
            answer = self.read_message(until)
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path, width=1280, height=800, scheme="light", scripts=True, scale=1):
        """Opens a file, and returns when it is drawn."""
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=scale, mobile=width < 600)
        self.call("Page.navigate", url="about:blank")
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        until = time.monotonic() + ANSWER_S
        while not self.named("Page.loadEventFired"):
            self.events.append(self.read_message(until))
        # Two frames: observers have seen their elements, and charts their widths.
        if scripts:
            self.run("new Promise((done) => requestAnimationFrame(() => "
                     "requestAnimationFrame(done)))")

    def named(self, method):
        return [event["params"] for event in self.events if event.get("method") == method]

    def run(self, expression):
        """The value of an expression in the page, awaited if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key, code=None):
        keys = {"Tab": 9, "ArrowRight": 39, "ArrowLeft": 37, "End": 35, "Home": 36, " ": 32}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code or key,
                      windowsVirtualKeyCode=keys[key],
                      **({"text": " "} if key == " " and kind == "keyDown" else {}))

    def complaints(self):
        """What the console has of errors and warnings, of scripts and of the policy."""
        return [*(entry["entry"]["text"] for entry in self.named("Log.entryAdded")),
                *(str(details["exceptionDetails"]) for details
                  in self.named("Runtime.exceptionThrown")),
                *(str(call["args"]) for call in self.named("Runtime.consoleAPICalled"))]

    def requests(self):
        return [event["request"]["url"] for event in self.named("Network.requestWillBeSent")]

    def screenshot(self, path, whole=True):
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(answer["data"]))

    def print_to_pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])
