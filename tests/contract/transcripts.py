# SPDX-License-Identifier: Apache-2.0
"""Recorded exchanges with a Clair server: reading them, and asking another server the same.

A file has the request as it was sent (CRLF written as LF), "=== response", status line, headers and the decoded body, and
"=== notes". The recorder cut what was long.
"""
import base64
import gzip
import hashlib
import hmac
import json
import re
import socket
import subprocess
import zlib

CUT = "...(cut here by the recorder)"
CUT_REQUEST = b"...(request cut here by the recorder)"
CHUNKED = re.compile(rb"^transfer-encoding:\s*chunked", re.I | re.M)


class Message:
    """Status line and headers as pairs, body as bytes."""

    def __init__(self, first, headers, body):
        self.first, self.headers, self.body = first, headers, body
        self.code = int(first.split()[1]) if first.startswith("HTTP/") else 0

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]


def headers_of(lines):
    return [tuple(x.strip() for x in line.split(":", 1)) for line in lines if ":" in line]


class Transcript:
    def __init__(self, path):
        self.number, self.name = int(path.name[:3]), path.stem[4:]
        data = path.read_bytes()
        request, _, rest = data.partition(b"\n\n=== response\n")
        answer, _, notes = rest.rpartition(b"\n\n=== notes\n")
        head, _, body = answer.partition(b"\n\n")
        lines = head.decode("latin-1").split("\n")
        self.notes = notes.decode("utf-8", "replace")
        self.want = Message(lines[0], headers_of(lines[1:]), body)
        self.cut = CUT.encode() in body or body == b"(encoded body not shown)"
        self.head, _, self.body = request.partition(b"\n\n")
        # What the recorder cannot have kept: a request that it cut, and bytes that are no text.
        self.whole = CUT_REQUEST not in request
        line = self.head.split(b"\n")[0].decode("latin-1").split(" ")
        self.method, self.path = line[0], line[1] if len(line) > 1 else ""
        self.chunked = bool(CHUNKED.search(self.head))

    def request(self, replace):
        """The bytes to send; replace is called with texts, for what is different on the other server."""
        head = replace(self.head.decode("latin-1")).split("\n")
        body = replace(self.body.decode("latin-1")).encode("latin-1")
        if self.chunked:
            body = rechunked(self.body, replace)
        elif len(body) != len(self.body):
            head = [f"Content-Length: {len(body)}" if line.lower().startswith("content-length:") else line for line in head]
        return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def rechunked(body, replace):
    """Chunks whose line ends were written as LF."""
    text = body.decode("latin-1")
    out = b""
    while text:
        size, _, text = text.partition("\n")
        n = int(size.split(";")[0], 16)
        if n == 0:
            break
        piece = replace(text[:n]).encode("latin-1")
        out += b"%x\r\n%s\r\n" % (len(piece), piece)
        text = text[n:].lstrip("\n")
    return out + b"0\r\n\r\n"


def ask(address, data, timeout=30):
    """One exchange: the answer without framing and content coding, and how it ended."""
    with socket.create_connection(address, timeout) as s:
        s.sendall(data)
        raw = b""
        head_only = data.startswith(b"HEAD ")
        while True:
            piece = b""
            try:
                piece = s.recv(65536)
            except (socket.timeout, ConnectionResetError):
                pass
            raw += piece
            while raw.startswith(b"HTTP/1.1 100"):
                raw = raw.partition(b"\r\n\r\n")[2]
            if not piece or is_complete(raw, head_only):
                break
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    got = Message(lines[0], headers_of(lines[1:]), body)
    if "chunked" in got.all("transfer-encoding"):
        got.body = dechunked(body)
    coding = got.all("content-encoding")
    if coding and got.body:
        got.body = decoded(coding[0], got.body)
    return got


def is_complete(raw, head_only):
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        return False
    if head_only or head.split()[1] in (b"204", b"304"):
        return True
    m = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    if m:
        return len(body) >= int(m.group(1))
    return bool(CHUNKED.search(head)) and body.endswith(b"0\r\n\r\n")


def dechunked(body):
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        n = int(size.split(b";")[0], 16)
        out, body = out + body[:n], body[n + 2:]
        if n == 0:
            break
    return out


def decoded(coding, body):
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "deflate":
        return zlib.decompress(body, -15)
    if coding == "zstd":
        return subprocess.run(["zstd", "-dcq"], input=body, stdout=subprocess.PIPE, check=True).stdout
    return body


# ---- tokens ----

ALGORITHMS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def moved(token, key, seconds):
    """The same token at another time, if it was signed with the key; else as it is."""
    try:
        whole = json.loads(token) if token.startswith("{") else None
        head, claims, signature = (whole["protected"], whole["payload"], whole["signature"]) if whole else token.split(".")
        algorithm = ALGORITHMS[json.loads(unb64(head))["alg"]]
        if hmac.new(key, f"{head}.{claims}".encode(), algorithm).digest() != unb64(signature):
            return token
        values = json.loads(unb64(claims))
    except (ValueError, KeyError, TypeError):
        return token
    for name in ("exp", "nbf", "iat"):
        if isinstance(values.get(name), (int, float)):
            values[name] += seconds
    claims = b64(json.dumps(values).encode())
    signature = b64(hmac.new(key, f"{head}.{claims}".encode(), algorithm).digest())
    if whole:
        return json.dumps({"protected": head, "payload": claims, "signature": signature}, separators=(",", ":"))
    return f"{head}.{claims}.{signature}"
