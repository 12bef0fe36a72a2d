# SPDX-License-Identifier: Apache-2.0
"""What the tests of the indexer need: layers made on the spot, a server of layers that misbehaves on request, limpid-serve.

Only the standard library. Everything listens on free ports of the loopback and ends with the test.
"""
import collections
import contextlib
import gzip
import hashlib
import http.client
import http.server
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import tarfile
import threading
import time

APK = "P:{name}\nV:{version}\nA:x86_64\nS:1\nI:1\nT:test\nU:http://x\nL:MIT\no:{name}\n\n"


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(files, links=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for name, target, kind in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
    return out.getvalue()


def apk_layer(*packages, files=(), links=(), compress=True):
    """A layer of an Alpine system with these (name, version)."""
    content = {"etc/os-release": b'ID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME="Alpine Linux v3.18"\nNAME="Alpine Linux"\n',
               "lib/apk/db/installed": "".join(APK.format(name=n, version=v) for n, v in packages).encode()}
    content.update(files)
    data = tar_of(content, links)
    return gzip.compress(data, 1, mtime=0) if compress else data


def file_layer(name, data):
    return gzip.compress(tar_of({name: data}), 1, mtime=0)


# Packages as their files spell them, and as advisories do: the case of NuGet's and Packagist's names does not count, PEP 503 folds
# Python's. Then names that are others, and the schemes of the kinds.
SPELLED = {"nuget": ("Newtonsoft.Json", ("newtonsoft.json", "NewtonSoft.JSON")), "npm": ("left-pad", ("left-pad",)),
           "packagist": ("Acme/Demo-Bundle", ("acme/demo-bundle", "ACME/demo-bundle")),
           "pypi": ("Foo.Bar_baz", ("foo-bar-baz", "foo_bar.Baz"))}
OTHERS = {"npm": "Left-Pad", "pypi": "foobar-baz", "nuget": "newtonsoft-json"}
SCHEMES = {"nuget": "nuget", "npm": "semver", "packagist": "composer", "pypi": "pep440"}


def spelled_layer():
    name = {kind: name for kind, (name, _) in SPELLED.items()}
    net, dll = ".NETCoreApp,Version=v8.0", name["nuget"] + "/1.0.0"
    files = {
        "app/a.deps.json": json.dumps({"runtimeTarget": {"name": net}, "targets": {net: {dll: {"runtime": {"lib/a.dll": {}}}}},
                                       "libraries": {dll: {"type": "package"}}}),
        "app/vendor/composer/installed.json": json.dumps({"packages": [
            {"name": name["packagist"], "version": "1.0.0", "type": "library"}]}),
        "usr/lib/python3/site-packages/foo-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name['pypi']}\nVersion: 1.0.0\n\n",
        "app/node_modules/left-pad/package.json": json.dumps({"name": name["npm"], "version": "1.0.0"})}
    return gzip.compress(tar_of({path: text.encode() for path, text in files.items()}), 1, mtime=0)


def spelled_questions():
    """(kind, spelling, body of affected_manifest, whether the layer's image is affected)"""
    asked = [(k, s, True) for k, (_, spellings) in SPELLED.items() for s in spellings] + [(k, s, False) for k, s in OTHERS.items()]
    for kind, spelling, expected in asked:
        plain = {"id": "1", "name": "MADE-1", "package": {"name": spelling}, "repository": {"name": kind},
                 "fixed_in_version": "fixed=2.0.0"}
        # What update_diff gives beside Clair's members says of what kind the name is.
        row = {"names": "binary", "scheme": SCHEMES[kind], "ranges": [{"fixed": "2.0.0"}]}
        for v in plain, {**plain, "limpid": row}:
            yield kind, spelling, {"vulnerabilities": [v]}, expected


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, code, body=b"", length=None, **headers):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        lab = self.server.lab
        with lab.lock:
            lab.asked[self.path] += 1
            lab.headers.append((self.path, dict(self.headers)))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.get(lab, *self.path.partition("?")[0].lstrip("/").split("/"))

    def get(self, lab, name, *rest):
        data = lab.blobs.get(rest[-1] if rest else "", b"")
        if name == "blob":
            self.send(200, data)
        elif name == "typed":  # the type is what stands between
            self.send(200, data, Content_Type="/".join(rest[:-1]))
        elif name == "status":
            self.send(int(rest[0]), b"<html>SECRET no such blob</html>")
        elif name == "loop":
            self.send(302, Location="/loop/x")
        elif name == "redirect":
            self.send(307, Location=f"http://127.0.0.1:{lab.other_port}/blob/{rest[-1]}")
        elif name == "truncated":
            self.send(200, data[:len(data) // 2], length=len(data))
            self.close_connection = True
        elif name == "html":
            self.send(200, b"<html>SECRET please log in</html>", Content_Type="text/html")
        elif name == "stall":
            self.send(200, data[:64], length=len(data))
            self.wfile.flush()
            lab.stop.wait(60)
        elif name == "slow":  # seconds
            time.sleep(float(rest[0]))
            self.send(200, data)
        elif name == "gate":  # until the test opens it
            lab.gate.wait(60)
            self.send(200, data)
        elif name == "auth":
            ok = self.headers.get_all("X-Two") == ["1", "2"] and self.headers.get("Authorization") == "Bearer token"
            self.send(200 if ok else 401, data if ok else b"")
        else:
            self.send(404, b"SECRET")


class Lab:
    """Servers of layers on two ports (two hosts, as far as headers are concerned)."""

    def __init__(self):
        self.blobs, self.asked, self.headers = {}, collections.Counter(), []
        self.lock, self.stop, self.gate = threading.Lock(), threading.Event(), threading.Event()
        self.servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
        for s in self.servers:
            s.daemon_threads, s.lab, s.request_queue_size = True, self, 128
            threading.Thread(target=s.serve_forever, daemon=True).start()
        self.port, self.other_port = (s.server_address[1] for s in self.servers)

    def add(self, data):
        """The digest of a blob that is served from now on."""
        digest = sha256(data)
        self.blobs[digest] = data
        return digest

    def layer(self, data, kind="blob", **more):
        digest = self.add(data)
        return {"hash": digest, "uri": f"http://127.0.0.1:{self.port}/{kind}/{digest}", **more}

    def close(self):
        self.stop.set()
        self.gate.set()
        for s in self.servers:
            s.shutdown()
            s.server_close()


def manifest(name, *layers):
    return {"hash": sha256(name.encode()), "layers": list(layers)}


Answer = collections.namedtuple("Answer", "status headers body")


class Serve:
    """limpid-serve in a folder of its own."""

    def __init__(self, program, folder, extra="", wait=True, env=None, indexer="  index_report_request_concurrency: 64"):
        self.program, self.folder = program, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, self.health = free_port(), free_port()
        self.config = self.folder / "config.yaml"
        self.config.write_text(f"""
http_listen_addr: 127.0.0.1:{self.port}
introspection_addr: 127.0.0.1:{self.health}
log_level: debug
indexer:
{indexer}
limpid:
  data_dir: {self.folder}/data
{extra}
""")
        self.log = open(self.folder / "log", "ab")
        self.env = env
        self.start(wait)

    def start(self, wait=True):
        self.process = subprocess.Popen([self.program, "-conf", self.config, "-mode", "indexer"], stdout=self.log,
                                        stderr=self.log, stdin=subprocess.DEVNULL, env=self.env)
        if not wait:
            return
        for _ in range(200):
            if self.process.poll() is not None:
                raise SystemExit(f"limpid-serve ended with {self.process.returncode}: {self.said()}")
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.05)
        raise SystemExit(f"limpid-serve does not listen: {self.said()}")

    def said(self):
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def ask(self, method, path, body=None, headers=(), timeout=60):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            c.request(method, path, body, dict(headers))
            r = c.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            c.close()

    def post(self, m, **more):
        return self.ask("POST", "/indexer/api/v1/index_report", m, **more)

    def get(self, digest, **more):
        return self.ask("GET", f"/indexer/api/v1/index_report/{digest}", **more)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(30)
        self.kill()
        return None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def names_of(report):
    return sorted(p["name"] for p in report["packages"].values())


def children_of(pid):
    found = []
    for p in pathlib.Path("/proc").iterdir():
        if p.name.isdigit():
            with contextlib.suppress(OSError):
                stat = (p / "stat").read_text()
                if int(stat.rsplit(")", 1)[1].split()[1]) == pid:
                    found.append((int(p.name), stat[stat.index("(") + 1:stat.rindex(")")]))
    return found


def environment_without_proxies():
    return {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
