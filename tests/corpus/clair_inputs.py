# SPDX-License-Identifier: Apache-2.0
"""What check-clair works on: the images and feeds that were put to Clair, made anew, and an independent reading of the images.

An image is read here with the rules of a union file system and nothing else: what is hidden is not there. What dpkg, apk and
Python say is taken from their own files in what is left.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

# ---- making them ----


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def unpacked(path):
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dc", path], stdout=subprocess.PIPE, check=True).stdout
    return path.read_bytes()


def write_layout(images, layout):
    """All images as one OCI layout; returns {name: digests of layers}."""
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(document):
        data = json.dumps(document).encode()
        (blobs / digest(data)[7:]).write_bytes(data)
        return {"digest": digest(data), "size": len(data)}

    manifests, names, diff_ids = [], {}, {}
    for folder in sorted(p for p in images.iterdir() if p.is_dir()):
        layers = []
        names[folder.name] = [x["hash"] for x in json.loads((folder / "manifest.json").read_text())["layers"]]
        for layer in names[folder.name]:
            path = next((folder / "layers").glob(layer[7:] + "*"))
            if layer not in diff_ids:
                diff_ids[layer] = digest(unpacked(path))
                shutil.copyfile(path, blobs / layer[7:])
            kind = {".gz": "+gzip", ".zst": "+zstd", ".tar": ""}[path.suffix]
            layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar" + kind, "digest": layer,
                           "size": path.stat().st_size})
        config = {"architecture": "amd64", "os": "linux",
                  "rootfs": {"type": "layers", "diff_ids": [diff_ids[x] for x in names[folder.name]]}}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **put(config)}, "layers": layers}
        manifests.append({"mediaType": manifest["mediaType"], **put(manifest),
                          "annotations": {"org.opencontainers.image.ref.name": folder.name}})
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    return names


def write_mirror(feeds, mirror):
    """The documents where `limpid update --mirror` looks for them."""
    shutil.copytree(feeds / "alpine", mirror / "secdb.alpinelinux.org")
    shutil.copytree(feeds / "osv", mirror / "osv-vulnerabilities.storage.googleapis.com")
    shutil.copytree(feeds / "nvd", mirror / "nvd.nist.gov" / "feeds" / "json" / "cve" / "2.0")
    shutil.copytree(feeds / "photon", mirror / "packages.vmware.com" / "photon" / "photon_oval_definitions")
    (mirror / "security-tracker.debian.org" / "tracker" / "data").mkdir(parents=True)
    shutil.copy(feeds / "debian" / "json", mirror / "security-tracker.debian.org" / "tracker" / "data" / "json")


# python3-yaml belongs to the system's own interpreter.
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


def lacking():
    """What the recorder's scripts need and is not there."""
    commands = [x for x in ("gzip", "xz", "zstd", "dpkg-deb") if not shutil.which(x)]
    yaml = subprocess.run([PYTHON, "-c", "import yaml"], stderr=subprocess.DEVNULL)
    return commands + (["python3-yaml"] if yaml.returncode else [])


def make(shared, cache):
    """Fill cache, once for one version of the recorder's scripts; returns {image: digests of layers}."""
    recorder = shared / "conformance" / "clair"
    stamp = digest(b"".join(p.read_bytes() for p in [recorder / "scripts" / "make-images.py", recorder / "scripts" / "make-feeds.py",
                                                     pathlib.Path(__file__)]))
    done = cache / "done.json"
    if done.exists() and json.loads(done.read_text())["stamp"] == stamp:
        return json.loads(done.read_text())["images"]
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        work = pathlib.Path(work)
        quiet = {"stdout": subprocess.DEVNULL, "check": True}
        subprocess.run(["sh", recorder / "make-images.sh", shared / "corpus", work / "images"], **quiet)
        subprocess.run([PYTHON, recorder / "scripts" / "make-feeds.py", shared / "corpus", work / "feeds"], **quiet)
        images = write_layout(work / "images", cache / "oci")
        write_mirror(work / "feeds", cache / "mirror")
    done.write_text(json.dumps({"stamp": stamp, "images": images}))
    return images


# ---- reading the images ----

WANTED = re.compile(r"(var/lib/dpkg/(status|info/[^/]*\.list)|lib/apk/db/installed|.*\.dist-info/METADATA|.*\.egg-info(/PKG-INFO)?)$")


def read_layer(data):
    """[(path, kind, content)]: kind "file", "opaque" or "whiteout"; content of wanted files, else None."""
    entries = []
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for m in tar:
            path = posixpath.normpath("/" + m.name).lstrip("/")
            folder, name = posixpath.split(path)
            if name == ".wh..wh..opq":
                entries.append((folder, "opaque", None))
            elif name.startswith(".wh."):
                entries.append((posixpath.join(folder, name[4:]), "whiteout", None))
            elif not m.isdir():
                wanted = m.isfile() and WANTED.match(path)
                entries.append((path, "file", tar.extractfile(m).read() if wanted else None))
    return entries


class Images:
    def __init__(self, cache, images):
        self.blobs = cache / "oci" / "blobs" / "sha256"
        self.images = images
        self.layers, self.merged = {}, {}

    def layer(self, name):
        if name not in self.layers:
            data = (self.blobs / name[7:]).read_bytes()
            if data[:4] == b"\x28\xb5\x2f\xfd":
                data = subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout
            elif data[:2] == b"\x1f\x8b":
                data = gzip.decompress(data)
            self.layers[name] = read_layer(data)
        return self.layers[name]

    def tree(self, image):
        """{path: content} of what is left when all layers lie upon each other."""
        if image not in self.merged:
            tree = {}
            for layer in self.images[image]:
                entries = self.layer(layer)
                hidden = {p for p, kind, _ in entries if kind == "whiteout"}
                opaque = {p for p, kind, _ in entries if kind == "opaque"}
                tree = {p: c for p, c in tree.items()
                        if not any(x in hidden or (x in opaque and x != p) for x in parents(p))}
                tree.update((p, c) for p, kind, c in entries if kind == "file")
            self.merged[image] = tree
        return self.merged[image]


def parents(path):
    """The path itself and every directory above it."""
    while path:
        yield path
        path = posixpath.dirname(path)


def stanzas(data):
    for text in re.split(r"\n\s*\n", data.decode("utf-8", "replace")):
        fields = dict(re.findall(r"(?m)^([A-Za-z0-9-]+): *(.*)$", text))
        if fields:
            yield fields


def dpkg_packages(tree):
    """{(name, version, architecture): (source name, source version)}, as dpkg-query has source:Package, source:Version."""
    found = {}
    for f in stanzas(tree.get("var/lib/dpkg/status") or b""):
        if f.get("Status", "").split()[-1:] in (["not-installed"], ["config-files"], ["half-installed"], []):
            continue
        m = re.fullmatch(r"(\S+)(?: \((\S+)\))?", f.get("Source", f["Package"]))
        found[f["Package"], f["Version"], f["Architecture"]] = (m[1], m[2] or f["Version"])
    return found


def owned_paths(tree):
    return {line.lstrip("/") for path, content in tree.items() if path.startswith("var/lib/dpkg/info/") and content
            for line in content.decode("utf-8", "replace").splitlines()}


def python_packages(tree):
    """{(name, version): [files]}"""
    found = {}
    for path, content in tree.items():
        if content is None or not re.search(r"\.(dist|egg)-info", path):
            continue
        f = next(stanzas(content), {})
        if "Name" in f:
            key = (re.sub(r"[-_.]+", "-", f["Name"]).lower(), f.get("Version", ""))
            found.setdefault(key, []).append(path)
    return found
