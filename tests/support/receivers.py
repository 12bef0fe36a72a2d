# SPDX-License-Identifier: Apache-2.0
"""Receivers of notifications for tests, and the program `deliver` that sends to them.

    with Deliver(program, {"notifier": {"webhook": {...}}}) as d:
        answer = d.send("4ade16b3-1839-48bb-8853-c6c025c53585", [{...}])
"""
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import service
from service import Failed

ID = "4ade16b3-1839-48bb-8853-c6c025c53585"


# What a peer gets that will not answer: little, unless the machine has much else to do.
SLOW = 1 if os.getloadavg()[0] <= 2 * (os.cpu_count() or 1) else 4
HASTY = f"{SLOW}s"


def need(what, *about):
    if not what:
        raise Failed(" ".join(str(a) for a in about) or "no")


class Deliver:
    """The program with settings; each command has one answer. As a context it fails where the program crashed."""

    def __init__(self, program, settings, name="", now=None, environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limpid-deliver-"))
        (self.folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        arguments = [str(program), str(self.folder / "config.json"), name] + ([str(now)] if now is not None else [])
        self.log = open(self.folder / "log", "w+b")
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env=dict(os.environ, **(environment or {})))

    def begin(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def end(self, wait=60):
        # A program that hangs is a failure of it, not of the test.
        ready, _, _ = select.select([self.process.stdout], [], [], wait)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise Failed(f"deliver {'gave no answer' if ready else 'hangs'}: {self.stderr()}")
        return json.loads(line)

    def ask(self, command, wait=60):
        self.begin(command)
        return self.end(wait)

    def send(self, entries=(), identifier=ID, wait=60):
        return self.ask({"id": identifier, "entries": list(entries)}, wait)

    def stderr(self):
        return (self.folder / "log").read_text(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.process.stdin.close()
            code = self.process.wait(20)
            if kind is None and (code != 0 or "Sanitizer" in self.stderr()):
                raise Failed(f"deliver ended with {code}: {self.stderr()[-3000:]}")
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        os.kill(self.process.pid, signal.SIGTERM)


def is_done(answer):
    need(answer["result"] == "done", answer)


def is_again(answer, status, *words, within_ms=None):
    need(answer["result"] == "again" and answer["status"] == status, answer)
    for word in words:
        need(word in answer["text"], f"no {word!r} in {answer['text']!r}")
    most = 2 * SLOW * (within_ms or 60000)
    need(answer["ms"] <= most, "took", answer["ms"], "ms, may take", most)


# ---- receivers ----

def hang_up(c):
    try:
        c.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Listener:
    """A loopback port, a free one or one that was; handle(connection) runs in a thread for each."""

    def __init__(self, handle, context=None, port=0):
        self.handle, self.context = handle, context
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.connections = 0
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(c,), daemon=True).start()

    def _serve(self, c):
        try:
            c.settimeout(30)
            if self.context:
                c = self.context.wrap_socket(c, server_side=True)
            self.open.append(c)
            self.handle(c)
        except (OSError, ValueError):
            pass
        finally:
            c.close()

    def close(self):
        # Closed alone, it would be there for as long as a thread waits in it.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for c in self.open:
            hang_up(c)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_request(c, rest=b""):
    """One HTTP request with a Content-Length: (line, headers in order, body, what came after it); None at the end."""
    data = rest
    while b"\r\n\r\n" not in data:
        more = c.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    headers = [tuple(part.strip() for part in text.split(":", 1)) for text in lines]
    length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
    while len(body) < length:
        more = c.recv(65536)
        if not more:
            return None
        body += more
    return line, headers, body[:length], body[length:]


class Webhook(Listener):
    """Answers each request with what `answers` says next: a code, bytes, or a function of the connection."""

    def __init__(self, answers=(), context=None):
        self.requests, self.answers = [], list(answers)
        super().__init__(self._requests, context)

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/hook"

    def _requests(self, c):
        rest = b""
        while True:
            request = read_request(c, rest)
            if request is None:
                return
            rest = request[3]
            self.requests.append(request[:3])
            answer = self.answers.pop(0) if self.answers else 200
            if callable(answer):
                answer = answer(c)
            if answer is None:
                return
            if isinstance(answer, int):
                answer = f"HTTP/1.1 {answer} X\r\nContent-Length: 0\r\n\r\n".encode()
            c.sendall(answer)


class Proxy(Listener):
    """A TCP proxy. stop() makes it take bytes and forward nothing, without an end of the connections; go() is the contrary."""

    def __init__(self, port, pause_after=None):
        self.target, self.stopped, self.bytes = port, threading.Event(), 0
        self.pause_after = pause_after  # bytes from the client
        super().__init__(self._forward)

    def _forward(self, c):
        up = socket.create_connection(("127.0.0.1", self.target), 10)
        self.open.append(up)
        pairs = {c: up, up: c}
        while True:
            for s in select.select(list(pairs), [], [], 0.1)[0]:
                data = s.recv(65536)
                if not data:
                    up.close()
                    return
                if s is c:
                    self.bytes += len(data)
                    if self.pause_after is not None and self.bytes > self.pause_after:
                        self.stopped.set()
                if not self.stopped.is_set():
                    pairs[s].sendall(data)

    def stop(self):
        self.stopped.set()

    def go(self):
        self.stopped.clear()


# ---- certificates ----

def certificates(folder):
    """ca.pem; server (127.0.0.1 and localhost), expired, elsewhere (another name) and client of it; stranger of nobody."""
    if not shutil.which("openssl"):
        return None
    folder = pathlib.Path(folder)

    def run(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in "ca", "stranger":
        run("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN=test {name}")
    for name, alternative, days in (("server", "IP:127.0.0.1,DNS:localhost", "2"), ("expired", "IP:127.0.0.1,DNS:localhost", "-1"),
                                    ("elsewhere", "DNS:elsewhere.example", "2"), ("client", "DNS:client", "2")):
        (folder / "extension").write_text(f"subjectAltName={alternative}\n")
        run("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem",
            "-days", days, "-extfile", "extension")
    for path in folder.iterdir():
        path.chmod(0o644)
    return folder


def server_context(folder, name="server", client_ca=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if client_ca:
        c.verify_mode = ssl.CERT_REQUIRED
        c.load_verify_locations(folder / client_ca)
    return c


def wait_for(what, seconds=10, about="it"):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        got = what()
        if got:
            return got
        time.sleep(0.02)
    raise Failed(f"{about} did not happen within {seconds} s")


def together(*cases):
    """A case of several that mostly wait, at once."""
    def at_once(program):
        failed = []

        def run(case):
            try:
                case(program)
            except Exception as e:  # pylint: disable=broad-except
                failed.append(f"{case.__name__}: {type(e).__name__} {e}")

        threads = [threading.Thread(target=run, args=(case,)) for case in cases]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        need(not failed, "; ".join(failed))
        return ", ".join(case.__name__ for case in cases)

    return at_once


main = service.main
