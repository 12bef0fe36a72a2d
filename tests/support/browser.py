# SPDX-License-Identifier: Apache-2.0
"""A headless chromium for tests, driven through its pipe of the DevTools protocol: only the standard library.

    with browser.Browser(folder) as b:
        b.open("http://127.0.0.1:6060/#/")
        b.wait("document.querySelector('#sources')")

What the page writes to its console, throws or fails to load is in b.complaints.
"""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import time

# The browser wants its pipe at descriptors 3 and 4.
LAUNCH = "import os, sys; [os.dup2(int(sys.argv[i]), 2 + i) for i in (1, 2)]; os.execv(sys.argv[3], sys.argv[3:])"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def program():
    """Path of a chromium, None where there is none."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Failed(Exception):
    """The browser did not do as it was told, or what was waited for did not come."""


class Browser:
    def __init__(self, folder, dark=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.dark = dark
        self.number, self.waiting, self.complaints = 0, b"", []

    def __enter__(self):
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()
        # Above the numbers that the browser wants them at.
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (to_read, from_write)]
        os.close(to_read)
        os.close(from_write)
        self.out, self.into = to_write, from_read
        arguments = [program(), "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
                     "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                     "--no-proxy-server", f"--user-data-dir={self.folder}/profile", "about:blank"]
        if os.getuid() == 0:
            arguments.insert(1, "--no-sandbox")  # its sandbox refuses to work for root
        with open(self.folder / "chromium.log", "wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", LAUNCH, *map(str, theirs), *arguments], pass_fds=theirs,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=dict(os.environ, HOME=str(self.folder)))
        for fd in theirs:
            os.close(fd)
        target = self.tell("Target.createTarget", {"url": "about:blank"}, session=None)["targetId"]
        self.session = self.tell("Target.attachToTarget", {"targetId": target, "flatten": True}, session=None)["sessionId"]
        for domain in "Page", "Runtime", "Log", "Network":
            self.tell(domain + ".enable")
        self.tell("Emulation.setEmulatedMedia",
                  {"features": [{"name": "prefers-color-scheme", "value": "dark" if self.dark else "light"}]})
        self.tell("Emulation.setDeviceMetricsOverride", {"width": 1280, "height": 1400, "deviceScaleFactor": 1, "mobile": False})
        return self

    def __exit__(self, *_):
        try:
            self.tell("Browser.close", session=None)
        except (Failed, OSError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.out)
        os.close(self.into)

    def _next(self, until):
        while b"\0" not in self.waiting:
            ready, _, _ = select.select([self.into], [], [], max(0, until - time.monotonic()))
            piece = os.read(self.into, 1 << 20) if ready else b""
            if not piece:
                raise Failed("the browser is silent: " + (self.folder / "chromium.log").read_text(errors="replace")[-2000:])
            self.waiting += piece
        message, _, self.waiting = self.waiting.partition(b"\0")
        return json.loads(message)

    def _hear(self, message):
        method, p = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append("exception: " + p["exceptionDetails"].get("exception", {}).get("description", str(p)))
        elif method == "Runtime.consoleAPICalled" and p["type"] in ("error", "warning", "assert"):
            self.complaints.append(f"console.{p['type']}: {[a.get('value') for a in p['args']]}")
        elif method == "Log.entryAdded" and p["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{p['entry']['source']}: {p['entry']['text']} {p['entry'].get('url', '')}")

    def tell(self, method, params=None, session="", wait=30):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + wait
        while True:
            answer = self._next(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']}")
                return answer["result"]
            self._hear(answer)

    def open(self, url):
        """Load it anew, whatever was there before."""
        self.tell("Page.navigate", {"url": "about:blank"})
        self.tell("Page.navigate", {"url": url})

    def run(self, script):
        """The value of an expression (JSON)."""
        result = self.tell("Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in result:
            raise Failed(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, script, seconds=20):
        """Until the expression is true."""
        until = time.monotonic() + seconds
        while True:
            if self.run(f"(() => {{ try {{ return !!({script}) }} catch (e) {{ return false }} }})()"):
                return
            if time.monotonic() > until:
                raise Failed(f"still not: {script}\n{self.run('document.documentElement.outerHTML')[:4000]}\n{self.complaints}")
            time.sleep(0.05)

    def screenshot(self, path):
        data = self.tell("Page.captureScreenshot", {"format": "png"})["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))
