# SPDX-License-Identifier: Apache-2.0
"""limpid-serve for tests: a process on free loopback ports, with a folder of its own.

    with service.Service(program, {"limpid": {"http": {"idle_timeout": "1s"}}}) as s:
        answer = s.get("/openapi/v1")

Settings are Clair's; addresses, the data folder and what is needed for a start are filled in. Sockets, tokens and raw
requests are below, for clients that no library would be.
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

KEY = b"a key that tests and service share"


class Failed(Exception):
    """Something is not as it should be."""


def merge(base, more):
    out = dict(base)
    for k, v in (more or {}).items():
        out[k] = merge(out[k], v) if isinstance(v, dict) and isinstance(out.get(k), dict) else v
    return out


class Members(dict):
    """Of an answer: one that is missing is told with the whole answer."""

    def __init__(self, members, answer):
        super().__init__(members)
        self.answer = answer

    def __missing__(self, key):
        raise Failed(f"no {key!r} in {self.answer!r}")


class Answer:
    """What came back: code, headers (list of pairs), body."""

    def __init__(self, code, headers, body):
        self.code, self.headers, self.body = code, headers, body

    def header(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    def json(self):
        try:
            document = json.loads(self.body)
        except ValueError:
            raise Failed(f"no JSON: {self!r}") from None
        return Members(document, self) if isinstance(document, dict) else document

    def __repr__(self):
        return f"<{self.code} {self.headers} {self.body[:200]!r}>"


class Service:
    """One process. stop() ends it; as a context it also fails when the process crashed or its log is no JSON."""

    def __init__(self, program, settings=None, mode="combo", arguments=(), environment=None, folder=None, tls=None,
                 json_log=True):
        self.program, self.mode, self.arguments = str(program), mode, list(arguments)
        self.own_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="limpid-service-"))
        self.settings = merge({"http_listen_addr": "127.0.0.1:0", "introspection_addr": "127.0.0.1:0",
                               "matcher": {"disable_updaters": True},
                               "limpid": {"data_dir": str(self.folder / "data")}}, settings)
        self.environment = environment or {}
        self.json_log = json_log
        self.tls = tls  # the CA's file, if the API has TLS
        self.process = None
        self.api = self.introspection = None
        self.lines = []
        self.log_at = 0

    # ---- life ----

    def _is_ready(self):
        if not self.quiet:
            return re.search(r'"msg":"ready"|INFO +ready$', self.log_text(), re.M)
        try:
            return self.get("/readyz", introspection=True).code == 200
        except OSError:
            return False

    def start(self, wait=20):
        # Its log tells the addresses; where it does not, they are chosen here.
        self.quiet = self.settings.get("log_level", "info") not in ("info", "debug")
        if self.quiet and not self.api:
            self.api, self.introspection = free_address(), free_address()
            self.settings = merge(self.settings, {"http_listen_addr": "%s:%d" % self.api,
                                                  "introspection_addr": "%s:%d" % self.introspection})
        (self.folder / "config.json").write_text(json.dumps(self.settings), encoding="utf-8")
        self.log_path = self.folder / "log"
        environment = dict(os.environ, LIMPID_HOME=str(self.folder / "home"), **self.environment)
        with open(self.log_path, "ab") as log:
            self.log_at = log.tell()
            self.process = subprocess.Popen([self.program, "--conf", str(self.folder / "config.json"), "--mode", self.mode,
                                             *self.arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=log, env=environment)
        until = time.monotonic() + wait
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise Failed(f"the service ended with {self.process.returncode}:\n{self.log_text()}")
            if self._is_ready():
                break
            time.sleep(0.02)
        else:
            self.kill()
            raise Failed(f"the service is not ready after {wait} s:\n{self.log_text()}")
        text = self.log_text()
        if not self.quiet:
            self.api = self._address(r"API listens on ([\d.]+):(\d+)", text)
            self.introspection = self._address(r"introspection listens on ([\d.]+):(\d+)", text)
        if self.introspection and self.get("/readyz", introspection=True).code != 200:
            raise Failed("the log says ready, /readyz does not")
        return self

    @staticmethod
    def _address(pattern, text):
        m = re.findall(pattern, text)
        return (m[-1][0], int(m[-1][1])) if m else None

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self, wait=30):
        """SIGTERM; gives the exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"the service did not end within {wait} s:\n{self.log_text()[-2000:]}") from None
        return self.process.returncode

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                code = self.stop()
                if code not in (0, 1) or "Sanitizer" in self.log_text():
                    raise Failed(f"the service ended with {code}:\n{self.log_text()[-4000:]}")
                self.check_log()
        finally:
            self.kill()
            if self.own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    # ---- its log ----

    def log_text(self):
        data = self.log_path.read_bytes()[self.log_at:]
        return data.decode("utf-8", "replace")

    def log_has(self, text):
        return text in self.log_text()

    def log_lines(self):
        return [json.loads(line) for line in self.log_text().splitlines()]

    def check_log(self):
        if not self.json_log:
            return
        for line in self.log_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                raise Failed(f"a log line is no JSON: {line!r}") from None
            if not {"level", "msg"} <= set(entry):
                raise Failed(f"a log line without level or msg: {line!r}")

    # ---- asking ----

    def context(self, cert=None):
        c = ssl.create_default_context(cafile=self.tls)
        c.check_hostname = False
        if cert:
            c.load_cert_chain(*cert)
        return c

    def connect(self, introspection=False, timeout=20, cert=None):
        host, port = self.introspection if introspection else self.api
        if self.tls and not introspection:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self.context(cert))
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, introspection=False, timeout=20, cert=None):
        c = self.connect(introspection, timeout, cert)
        try:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return Answer(r.status, r.getheaders(), r.read())
        finally:
            c.close()

    def get(self, path, headers=None, **more):
        return self.ask("GET", path, None, headers, **more)

    def post(self, path, document, headers=None, **more):
        body = document if isinstance(document, (bytes, str)) else json.dumps(document)
        return self.ask("POST", path, body, headers, **more)

    def metrics(self):
        """{name{labels}: value}"""
        text = self.get("/metrics", introspection=True).body.decode()
        return {m.group(1): float(m.group(2)) for m in re.finditer(r"^([^#\s].*?) (\S+)$", text, re.M)}

    def socket(self, introspection=False, timeout=20):
        s = socket.create_connection(self.introspection if introspection else self.api, timeout)
        if self.tls and not introspection:
            s = self.context().wrap_socket(s)
        return s

    def raw(self, data, timeout=20, introspection=False):
        """Send bytes, and give all that comes until the peer closes or is silent for a time."""
        with self.socket(introspection, timeout) as s:
            s.sendall(data)
            return receive(s)

    # ---- its process ----

    def status(self, key):
        """A number of /proc/PID/status, in its unit."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"^{key}:\s+(\d+)", text, re.M).group(1))


def free_address():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()


def receive(s, most=1 << 26):
    out = b""
    try:
        while len(out) < most:
            piece = s.recv(65536)
            if not piece:
                break
            out += piece
    except (socket.timeout, ConnectionResetError, BrokenPipeError, ssl.SSLError):
        pass
    return out


def receive_one(s):
    """One answer with a Content-Length, without waiting for the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = s.recv(65536)
        if not piece:
            raise Failed(f"the connection ended in an answer's headers: {data!r}")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines[1:] if ": " in line]
    code = int(lines[0].split()[1])
    length = int(dict((k.lower(), v) for k, v in headers).get("content-length", 0))
    while len(body) < length:
        piece = s.recv(65536)
        if not piece:
            raise Failed("the connection ended in an answer's body")
        body += piece
    answer = Answer(code, headers, body[:length])
    answer.rest = body[length:]
    return answer


# ---- tokens ----

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims=None, key=KEY, alg="HS256", header=None):
    now = int(time.time())
    claims = {"iss": "tests", "iat": now, "nbf": now, "exp": now + 300} if claims is None else claims
    head = b64(json.dumps(dict({"alg": alg}, **(header or {}))).encode())
    body = b64(json.dumps(claims).encode())
    algorithm = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(alg)
    mac = hmac.new(key, f"{head}.{body}".encode(), algorithm).digest() if algorithm else b""
    return f"{head}.{body}.{b64(mac)}"


def bearer(*args, **more):
    return {"Authorization": "Bearer " + token(*args, **more)}


AUTH = {"auth": {"psk": {"key": base64.b64encode(KEY).decode(), "iss": ["tests"]}}}


# ---- certificates ----

def make_certificates(folder):
    """A CA, a server's and a client's certificate, by openssl. None where that program is missing."""
    if not shutil.which("openssl"):
        return None
    folder = pathlib.Path(folder)

    def run(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out",
        "ca.pem", "-days", "2", "-subj", "/CN=test authority")
    for name in ("server", "other", "client"):
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out",
            f"{name}.csr", "-subj", f"/CN={name}")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            f"{name}.pem", "-days", "2")
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "stranger.key", "-out",
        "stranger.pem", "-days", "2", "-subj", "/CN=stranger")
    return folder


# ---- a run of cases ----

def main(cases, doc):
    """Run functions of one argument, the program, each a case; names on the command line choose."""
    import sys
    import traceback
    program, *chosen = sys.argv[1:]
    if not os.access(program, os.X_OK):
        print(doc)
        sys.exit(2)
    bad = 0
    for case in cases:
        name = case.__name__
        if chosen and name not in chosen:
            continue
        begin = time.monotonic()
        try:
            note = case(program)
        except (AssertionError, Failed, OSError, http.client.HTTPException, subprocess.SubprocessError) as e:
            bad += 1
            print(f"not ok {name}: {type(e).__name__} {e}")
            traceback.print_exc(limit=-3)
            continue
        print(f"ok {name} ({time.monotonic() - begin:.1f} s){': ' + note if note else ''}", flush=True)
    print(f"{bad} failed" if bad else "all well")
    sys.exit(1 if bad else 0)
