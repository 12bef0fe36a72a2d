# SPDX-License-Identifier: Apache-2.0
"""Random stacks of layers that replace, delete, link and hide each other's packages, and images made of them.

A stack is what its seed makes of it. Names are few, so that layers meet; contents are numbered, so that no two files
hold the same package.
"""
import hashlib
import io
import json
import os
import pathlib
import random
import tarfile
import tempfile
import zipfile

import programs
import rpmdb
import union_model

PACKAGES = ("usr/lib/python3/dist-packages", "opt/venv/lib/python3.11/site-packages")
MODULES = ("opt/app/node_modules", "usr/lib/node_modules")
BINARIES = ("usr/bin", "usr/local/bin", "opt/app")
RPM = ("var/lib/rpm", "usr/lib/sysimage/rpm")
PLAIN = ("srv/data", "srv/data/deep", "opt", "etc", "usr/lib", "lib", "usr/share/doc/x")
NAMES = ("alpha", "beta", "gamma", "delta")
EXACT = ("var/lib/dpkg/status", "lib/apk/db/installed", "usr/lib/apk/db/installed",
         *(f"{d}/rpmdb.sqlite" for d in RPM), "etc/os-release", "usr/lib/os-release")
# What images really have, and what they could have: (path, targets)
LINKS = (("lib", ("usr/lib", "/usr/lib")), ("bin", ("usr/bin",)), ("var/lib/rpm", ("../../usr/lib/sysimage/rpm", "/srv/data")),
         ("var/lib/dpkg", ("/srv/data", "../../srv/data/deep")), ("var/lib/dpkg/status", ("/srv/data/status", "status-old")),
         ("var/lib/dpkg/status.d", ("/srv/data", "../../../srv/data/deep")), ("lib/apk", ("../srv/data", "/usr/lib/apk")),
         ("usr/lib/os-release", ("../../etc/os-release",)), ("etc/os-release", ("../usr/lib/os-release", "/srv/data/os")),
         ("usr/lib/python3", ("/opt/venv/lib/python3.11", "python3")), ("srv/data", ("deep", "../opt/app", "/srv/data", "/srv")),
         ("usr/local", (".", "/usr", "../opt/app")), ("opt/app", ("/usr/bin", "../srv/data")), ("srv", ("opt", "/nowhere")))

FILE, DIRECTORY, SYMLINK, HARDLINK, FIFO = "file", "directory", "symlink", "hardlink", "fifo"


class Entry:
    def __init__(self, kind, path, target="", content=b"", mode=0o644):
        self.kind, self.path, self.target, self.content, self.mode = kind, path, target, content, mode

    def __str__(self):
        link = f" -> {self.target}" if self.target else f" ({len(self.content)} bytes)" if self.kind == FILE else ""
        return f"{self.kind} {self.path}{link}"


class Contents:
    """Files that hold packages: of what is at a path by its name."""

    def __init__(self, rng):
        self.rng, self.n = rng, 0
        self.databases = {}  # path -> {name: version}, of those that a layer writes again after another
        self.earlier = {}    # (path, name) -> versions it had

    def version(self):
        self.n += 1
        return f"1.{self.n}"

    def deb(self, name):
        return f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {self.version()}\n\n"

    def some(self, make):
        return "".join(make(n) for n in self.rng.sample(NAMES, self.rng.randint(0, 3)))

    def evolve(self, path, record):
        """What a package manager leaves: most packages as they were, some upgraded, removed, or installed again as they had been."""
        db = self.databases.setdefault(path, {})
        for n in NAMES:
            had = self.earlier.setdefault((path, n), [])
            what = self.rng.random()
            if what < 0.2 or (n not in db and what < 0.5):
                db[n] = self.rng.choice(had) if had and self.rng.random() < 0.5 else self.version()
                had.append(db[n])
            elif what > 0.8:
                db.pop(n, None)
        return "".join(record(n, v) for n, v in sorted(db.items())).encode()

    def of(self, path):
        base = path.rpartition("/")[2]
        name = f"{self.rng.choice(NAMES)}"
        if base in ("METADATA", "PKG-INFO") or base.endswith(".egg-info"):
            return f"Metadata-Version: 2.1\nName: {name}\nVersion: {self.version()}\n\nText.\n".encode()
        if base == "package.json":
            return json.dumps({"name": name, "version": self.version() + ".0"}).encode()
        if base == "rpmdb.sqlite":
            return self.rpm()
        if path == "var/lib/dpkg/status":
            return self.evolve(path, lambda n, v: f"Package: {n}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {v}\n\n")
        if path in ("lib/apk/db/installed", "usr/lib/apk/db/installed"):
            return self.evolve(path, lambda n, v: f"P:{n}\nV:{v}-r0\nA:x86_64\n\n")
        if base == "installed":
            return self.some(lambda n: f"P:{n}\nV:{self.version()}-r0\nA:x86_64\n\n").encode()
        if base in ("os-release", "os"):
            did, version = self.rng.choice((("debian", "12"), ("alpine", "3.18.4"), ("rhel", "9.3")))
            return f"ID={did}\nVERSION_ID={version}\nPRETTY_NAME=\"number {self.version()}\"\n".encode()
        if base == "status" or "/status.d" in path:
            return self.some(self.deb).encode()
        if base.endswith(".list"):
            more = "".join(f"/{d}/{n}\n" for d in (*BINARIES, *PLAIN, "lib/python3/dist-packages") for n in self.rng.sample(NAMES, 2))
            return ("".join(f"/{d}/{n}-1.dist-info/METADATA\n" for d in PACKAGES for n in NAMES[:2]) + more).encode()
        if base == "RECORD":
            names = [f"{n}-1.dist-info/METADATA" for n in NAMES] + [f"{up}bin/{n}" for up in ("../../", "../../../") for n in NAMES]
            return "".join(f"{n},sha256=x,1\n" for n in (*self.rng.sample(names, 5), *NAMES[:2], "/etc/alpha")).encode()
        if base.endswith(".jar"):
            return self.jar(name)
        text = programs.modules(f"path\texample.com/{name}", f"mod\texample.com/{name}\tv{self.version()}.0\th1:x=")
        return programs.elf(programs.inline("go1.22.1", text), sections=[(".go.buildinfo", 0, 0, len(programs.inline("go1.22.1", text)))])

    def jar(self, name):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as z:
            z.writestr(zipfile.ZipInfo(f"META-INF/maven/org.x/{name}/pom.properties"),
                       f"groupId=org.x\nartifactId={name}\nversion={self.version()}\n")
        return out.getvalue()

    def rpm(self):
        with tempfile.TemporaryDirectory() as tmp:
            path = os.path.join(tmp, "rpmdb.sqlite")
            rpmdb.sqlite(path, [rpmdb.header(n, version=self.version()) for n in self.rng.sample(NAMES, 2)])
            return pathlib.Path(path).read_bytes()

    def plain(self):
        return self.rng.choice((b"", b"nothing of interest\n", b"#!/bin/sh\nexit 0\n", b"\x7fELF and no more"))


def above(path):
    parts = path.split("/")
    return ["/".join(parts[:i]) for i in range(1, len(parts))]


class Stack:
    """layers: lists of entries; trees: what the lowest 1, 2, 3... of them show together."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.contents = Contents(self.rng)
        self.known = []  # paths of all layers so far
        self.bodies = {}  # path -> the last content that was put there
        self.odd = self.rng.random() < 0.3  # entries of one layer replace each other, and links leave it
        self.layers, self.trees = [], []
        below = union_model.Dir()
        for _ in range(self.rng.randint(2, 6)):
            self.model = union_model.Layer(below)
            self.layers.append(self.layer())
            below = union_model.merge(below, self.model.root)
            self.trees.append(below)

    def wanted(self):
        rng = self.rng
        name = rng.choice(NAMES)
        return rng.choice((
            lambda: f"{rng.choice(PACKAGES)}/{name}-1.dist-info/METADATA", lambda: f"{rng.choice(PACKAGES)}/{name}-1.dist-info/METADATA",
            lambda: f"{rng.choice(PACKAGES)}/{name}.egg-info/PKG-INFO", lambda: f"{rng.choice(PACKAGES)}/{name}.egg-info",
            lambda: f"{rng.choice(PACKAGES)}/{name}-1.dist-info/RECORD", lambda: f"{rng.choice(BINARIES)}/{name}.jar",
            lambda: f"{rng.choice(MODULES)}/{name}/package.json", lambda: f"{rng.choice(BINARIES)}/{name}",
            lambda: rng.choice(EXACT), lambda: rng.choice(EXACT), lambda: f"var/lib/dpkg/status.d/{name}",
            lambda: f"var/lib/dpkg/info/{name}.list", lambda: f"srv/data/{rng.choice(('status', 'os', 'rpmdb.sqlite', 'installed', name))}",
        ))()

    def some_path(self):
        """One that layers have, or a directory above one; now and then another."""
        rng = self.rng
        if self.known and rng.random() < 0.85:
            path = rng.choice(self.known)
            up = above(path)
            return rng.choice(up) if up and rng.random() < 0.45 else path
        return rng.choice((self.wanted(), f"{rng.choice(PLAIN)}/{rng.choice(NAMES)}"))

    def layer(self):
        self.mine = {}
        self.entries = []
        self.parents = self.rng.random() < 0.5  # as builders do: an entry for every directory
        for _ in range(self.rng.randint(3, 12)):
            self.rng.choice((self.add_wanted,) * 7 + (self.add_plain,) * 3 + (self.add_directory,) * 2 + (self.add_symlink,) * 3 +
                            (self.add_hardlink,) * 3 + (self.add_whiteout,) * 4 + (self.add_opaque,) + (self.add_fifo,) +
                            (self.add_again,) * 2 + (self.add_renamed,))()
        self.known += [p for p in self.mine if p not in self.known]
        return self.entries

    def add(self, entry):
        """Entries that nobody can unpack are left out."""
        if not self.odd and (entry.path in self.mine or any(p.startswith(entry.path + "/") for p in self.mine)):
            return
        try:
            self.model.add(entry.kind, entry.path, entry.target, entry.content, entry.mode)
        except union_model.Refused:
            return
        self.entries.append(entry)
        if "/.wh." not in "/" + entry.path:
            self.mine[entry.path] = entry.kind

    def put(self, entry):
        if self.parents:
            for p in above(entry.path):
                if p not in self.mine:
                    self.add(Entry(DIRECTORY, p, mode=0o755))
        self.add(entry)

    def add_wanted(self):
        path = self.wanted() if self.rng.random() < 0.7 or not self.known else self.rng.choice(self.known)
        self.bodies[path] = self.contents.of(path)
        self.put(Entry(FILE, path, content=self.bodies[path], mode=0o755))

    def add_again(self):
        """As chmod leaves a file in the layer of a RUN: the same bytes, at the same place."""
        if self.bodies:
            path = self.rng.choice(sorted(self.bodies))
            self.put(Entry(FILE, path, content=self.bodies[path], mode=0o700))

    def add_renamed(self):
        """Its bytes under another name, and it is deleted."""
        rng = self.rng
        folders = tuple(f"{d}/" for d in PACKAGES + MODULES + BINARIES)
        old = sorted(p for p in self.bodies if p.startswith(folders) and p not in self.mine)
        if not old:
            return
        path = rng.choice(old)
        place = next(d for d in PACKAGES + MODULES + BINARIES if path.startswith(d + "/"))
        kind = next(k for k in (PACKAGES, MODULES, BINARIES) if place in k)
        new = rng.choice([d for d in kind if d != place]) + path[len(place):]
        if new in self.bodies:
            return
        self.add(Entry(FILE, f"{os.path.dirname(path)}/.wh.{os.path.basename(path)}"))
        self.mine.setdefault(path, FILE)
        self.bodies[new] = self.bodies.pop(path)
        self.put(Entry(FILE, new, content=self.bodies[new], mode=0o755))

    def add_plain(self):
        self.put(Entry(FILE, self.some_path(), content=self.contents.plain(), mode=self.rng.choice((0o644, 0o755))))

    def add_directory(self):
        self.put(Entry(DIRECTORY, self.some_path(), mode=0o755))

    def add_symlink(self):
        rng = self.rng
        path, targets = rng.choice(LINKS)
        if rng.random() < 0.35:
            path = self.some_path()
            to = self.some_path()
            targets = ("/" + to, os.path.relpath(to, os.path.dirname(path) or "."), path.rpartition("/")[2])
        self.put(Entry(SYMLINK, path, rng.choice(targets)))

    def add_hardlink(self):
        here = [p for p, kind in self.mine.items() if kind in (FILE, SYMLINK, HARDLINK)]
        # Runtimes that unpack a layer by itself refuse links to lower layers: most stacks have none.
        source = self.rng.choice(self.known if self.odd and self.known and self.rng.random() < 0.5 else here or ["etc/os-release"])
        path = self.wanted() if self.rng.random() < 0.7 else self.some_path()
        if path != source and path not in above(source) and not (path in EXACT and source in EXACT):
            self.put(Entry(HARDLINK, path, source, mode=0o755))

    def add_whiteout(self):
        path = self.some_path()
        below = any(p == path or p.startswith(path + "/") for p in self.mine)
        if self.known and (not below or self.odd):
            directory, _, name = path.rpartition("/")
            self.add(Entry(FILE, f"{directory}/.wh.{name}".lstrip("/")))
            self.mine.setdefault(path, FILE)

    def add_opaque(self):
        path = self.some_path()
        if self.known:
            self.put(Entry(FILE, f"{path}/.wh..wh..opq"))

    def add_fifo(self):
        self.put(Entry(FIFO, self.some_path()))


# ---- images ----

TYPES = {FILE: tarfile.REGTYPE, DIRECTORY: tarfile.DIRTYPE, SYMLINK: tarfile.SYMTYPE, HARDLINK: tarfile.LNKTYPE, FIFO: tarfile.FIFOTYPE}


def tar_of(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as t:
        for e in entries:
            info = tarfile.TarInfo(e.path)
            info.type, info.linkname, info.mode, info.size = TYPES[e.kind], e.target, e.mode, len(e.content)
            t.addfile(info, io.BytesIO(e.content))
    return out.getvalue()


class Layout:
    """An OCI layout with the stack's image, "all"."""

    def __init__(self, path, layers):
        self.path = pathlib.Path(path)
        (self.path / "blobs" / "sha256").mkdir(parents=True)
        (self.path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        blobs = [self.blob(tar_of(entries)) for entries in layers]
        index = {"schemaVersion": 2, "manifests": [self.manifest("all", blobs)]}
        (self.path / "index.json").write_text(json.dumps(index))

    def blob(self, data):
        digest = hashlib.sha256(data).hexdigest()
        (self.path / "blobs" / "sha256" / digest).write_bytes(data)
        return {"digest": "sha256:" + digest, "size": len(data)}

    def manifest(self, name, layers):
        config = {"architecture": "amd64", "os": "linux", "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [b["digest"] for b in layers]}}
        kind = "application/vnd.oci.image."
        body = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                "config": {"mediaType": kind + "config.v1+json", **self.blob(json.dumps(config).encode())},
                "layers": [{"mediaType": kind + "layer.v1.tar", **b} for b in layers]}
        return {"mediaType": kind + "manifest.v1+json", **self.blob(json.dumps(body).encode()),
                "annotations": {"org.opencontainers.image.ref.name": name}}
