# SPDX-License-Identifier: Apache-2.0
"""Java archives for golden cases: texts as Maven, Gradle, Ant and Spring Boot wrote them, put into zips by Python's zipfile."""
import io
import os
import zipfile

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def pom(group, artifact, version, more=""):
    """As Maven Archiver writes it; its place in the archive and its text."""
    return f"META-INF/maven/{group}/{artifact}/pom.properties", f"{more}groupId={group}\nartifactId={artifact}\nversion={version}\n"


def manifest(*lines):
    """As java.util.jar writes it: lines of 72 bytes at most, CR LF."""
    out = b""
    for line in ("Manifest-Version: 1.0",) + lines:
        raw = line.encode()
        out += raw[:72] + b"\r\n"
        rest = raw[72:]
        while rest:
            out += b" " + rest[:71] + b"\r\n"
            rest = rest[71:]
    return "META-INF/MANIFEST.MF", out + b"\r\n"


def jar(*members, method=DEFLATED, comment=b""):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as z:
        z.comment = comment
        for m in members:
            info = zipfile.ZipInfo(m[0], (2024, 1, 1, 0, 0, 0))
            info.compress_type = m[2] if len(m) > 2 else method
            z.writestr(info, m[1])
    return raw.getvalue()


def write(root, path, data):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
