# SPDX-License-Identifier: Apache-2.0
"""Registries for tests: Debian's docker-registry filled by skopeo, a token server, and a server in between that misbehaves."""
import base64
import collections
import hashlib
import http.client
import http.server
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request

USER, PASSWORD = "alice", "pa55-w0rd-secret"
HTPASSWD = "alice:$2y$05$M1X3OCmaFeCVYJSC8W6bC.nuBnFpokNnyFyfxLVsThAEBQkvO0YYG"  # of that, by htpasswd -nbB
TOOLS = ("docker-registry", "skopeo", "openssl")


def lacking():
    return [t for t in TOOLS if not shutil.which(t)]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_certificate(folder, name, more=()):
    """A certificate of 127.0.0.1, its own authority: folder/NAME.crt and NAME.key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", folder / f"{name}.key",
                    "-out", folder / f"{name}.crt", *more], check=True, stderr=subprocess.DEVNULL)
    return folder / f"{name}.crt", folder / f"{name}.key"


def b64url(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Registry:
    """docker-registry on a port of its own. extra: lines of its configuration."""

    def __init__(self, folder, storage, extra="", tls=None, client_ca=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        http = f"http:\n  addr: {self.host}\n"
        if tls:
            http += f"  tls:\n    certificate: {tls[0]}\n    key: {tls[1]}\n"
            if client_ca:
                http += f"    clientcas:\n      - {client_ca}\n"
        conf = folder / "registry.yml"
        conf.write_text("version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s}\n%s%s" %
                        (storage, http, extra))
        self.log = open(folder / "registry.log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", conf], stdout=self.log, stderr=self.log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("docker-registry did not start: " + (folder / "registry.log").read_text())

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def put(self, path, data, media_type):
        request = urllib.request.Request(f"http://{self.host}/v2/{path}", data, {"Content-Type": media_type}, method="PUT")
        urllib.request.urlopen(request).read()

    def get(self, path, accept="*/*"):
        request = urllib.request.Request(f"http://{self.host}/v2/{path}", headers={"Accept": accept})
        return urllib.request.urlopen(request).read()

    def blob(self, name, data):
        """Uploaded whole; its descriptor without a media type."""
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        start = urllib.request.urlopen(urllib.request.Request(f"http://{self.host}/v2/{name}/blobs/uploads/", b"", method="POST"))
        where = start.headers["Location"]
        where += ("&" if "?" in where else "?") + "digest=" + digest
        urllib.request.urlopen(urllib.request.Request(where, data, {"Content-Type": "application/octet-stream"}, method="PUT"))
        return {"digest": digest, "size": len(data)}


def skopeo(source, to, *options):
    p = subprocess.run(["skopeo", "copy", "-q", "--insecure-policy", "--dest-tls-verify=false", *options, source, to],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode != 0:
        raise SystemExit(f"skopeo {source} {to}: {p.stdout.decode()}")


class Server:
    """An HTTP server of one function: answer(handler). Requests are kept as (method, path, headers)."""

    def __init__(self, answer, tls=None, unix=None):
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def address_string(self):
                return "-"

            def send(self, code, body=b"", headers=None, length=None):
                self.send_response(code)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            def do(self):
                n = int(self.headers.get("Content-Length") or 0)
                self.body = self.rfile.read(n)
                outer.seen.append((self.command, self.path, dict(self.headers)))
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_GET = do_POST = do_HEAD = do_CONNECT = do

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request, client_address):
                pass

        if unix:
            class Listener(http.server.ThreadingHTTPServer):  # noqa: F811
                address_family = socket.AF_UNIX
                daemon_threads = True

                def server_bind(self):
                    self.socket.bind(self.server_address)
                    self.server_name, self.server_port = "localhost", 0

            self.listener = Listener(str(unix), Handler)
        else:
            self.listener = Listener(("127.0.0.1", 0), Handler)
            self.port = self.listener.server_address[1]
            self.host = f"127.0.0.1:{self.port}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.listener.socket = context.wrap_socket(self.listener.socket, server_side=True)
        threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.listener.shutdown()
        self.listener.server_close()

    def paths(self, part):
        return [p for _, p, _ in self.seen if part in p]


class Tokens:
    """A token server for docker-registry: user and password for names below private/, none for others."""

    def __init__(self, folder):
        self.cert, self.key = make_certificate(folder, "tokens")
        der = subprocess.run(["openssl", "x509", "-in", self.cert, "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout
        self.chain = [base64.b64encode(der).decode()]
        self.made = collections.Counter()
        self.server = Server(self.answer)

    def extra(self):
        return (f"auth:\n  token:\n    realm: http://{self.server.host}/token\n    service: test-registry\n"
                f"    issuer: test-issuer\n    rootcertbundle: {self.cert}\n")

    def sign(self, claims):
        head = b64url(json.dumps({"typ": "JWT", "alg": "RS256", "x5c": self.chain}).encode())
        text = head + "." + b64url(json.dumps(claims).encode())
        p = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True, stdout=subprocess.PIPE)
        return text + "." + b64url(p.stdout)

    def answer(self, h):
        query = urllib.parse.parse_qs(h.path.partition("?")[2] or h.body.decode())
        kind, name, actions = (query.get("scope", ["::"])[0]).split(":")
        known = h.headers.get("Authorization") == basic(USER, PASSWORD) or query.get("refresh_token") == ["identity-t0ken-secret"]
        if query.get("service") != ["test-registry"]:
            return h.send(400)
        if name.startswith("private/") and not known:
            return h.send(401, b'{"details":"incorrect username or password"}')
        now = int(time.time())
        self.made[name] += 1
        token = self.sign({"iss": "test-issuer", "sub": "x", "aud": "test-registry", "exp": now + 300, "nbf": now - 10, "iat": now,
                           "jti": str(self.made[name]), "access": [{"type": kind, "name": name, "actions": actions.split(",")}]})
        h.send(200, json.dumps({"token": token}).encode(), {"Content-Type": "application/json"})

    def close(self):
        self.server.close()


def forward(h, to, headers=None):
    """Ask another server the same: status, headers, body."""
    c = http.client.HTTPConnection(to, timeout=30)
    c.request(h.command, h.path, headers={k: v for k, v in (headers or h.headers).items() if k.lower() != "host"})
    r = c.getresponse()
    body = r.read()
    c.close()
    return r.status, {k: v for k, v in r.getheaders() if k.lower() not in ("content-length", "connection", "transfer-encoding")}, body


def docker_archive_of_layout(layout_tar, out):
    """An OCI archive in the order and with the manifest.json of Docker 25 and newer: blobs first, names last."""
    import io
    import tarfile
    with tarfile.open(layout_tar) as tar:
        files = {m.name.removeprefix("./"): tar.extractfile(m).read() for m in tar if m.isfile()}
    index = json.loads(files["index.json"])
    manifest = json.loads(files["blobs/" + index["manifests"][0]["digest"].replace(":", "/")])
    path = lambda d: "blobs/" + d["digest"].replace(":", "/")
    files["manifest.json"] = json.dumps([{"Config": path(manifest["config"]), "RepoTags": ["demo:1"],
                                          "Layers": [path(x) for x in manifest["layers"]]}]).encode()
    order = sorted(f for f in files if f.startswith("blobs/")) + ["index.json", "manifest.json", "oci-layout"]
    with tarfile.open(out, "w") as tar:
        for name in order:
            info = tarfile.TarInfo(name)
            info.size = len(files[name])
            tar.addfile(info, io.BytesIO(files[name]))
    return "sha256:" + hashlib.sha256(files[path(manifest["config"])]).hexdigest()


def folder_of(path):
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    return path
