# SPDX-License-Identifier: Apache-2.0
"""What the rows of check-made share: a tree that a tool makes, what limpid finds in it, and what the tool lists."""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

MADE = []
ENV = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC",
       "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
       "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "protocol.file.allow",
       "GIT_CONFIG_VALUE_0": "always", "GIT_CONFIG_KEY_1": "safe.directory", "GIT_CONFIG_VALUE_1": "*"}


class Skipped(Exception):
    pass


class Row:
    def __init__(self, limpid, work):
        self.limpid, self.work, self.root = limpid, work, work / "root"
        self.root.mkdir(parents=True)
        (work / "home").mkdir()
        self.env = dict(ENV, HOME=str(work / "home"))
        self.failures = []

    def run(self, *cmd, cwd=None, env=None, rc=(0,)):
        p = subprocess.run([str(c) for c in cmd], cwd=cwd or self.work, env=dict(self.env, **(env or {})), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
        if p.returncode not in rc:
            said = p.stdout.decode()[-1500:] + p.stderr.decode()[-1500:]
            raise RuntimeError(f"{' '.join(map(str, cmd))}: exit status {p.returncode}\n{said}")
        return p.stdout.decode()

    def write(self, path, text):
        path = self.work / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def tool(self, *wanted):
        """The folder of programs of tools from PyPI, the first of which names it."""
        built = self.limpid_folder()
        folder = (built or self.work) / "tools" / wanted[0]
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            for cmd in ((sys.executable, "-m", "venv", folder), (folder / "bin/pip", "install", "-q", *wanted)):
                if subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True).returncode:
                    raise Skipped(f"{wanted[0]} cannot be installed")
            (folder / "complete").touch()
        return folder / "bin"

    def limpid_folder(self):
        folder = pathlib.Path(self.limpid).parent
        return folder if (folder / "build.ninja").exists() else None

    def git(self, folder):
        """A repository of all that lies in a folder of the work tree."""
        for args in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "all")):
            self.run("git", *args, cwd=self.work / folder)
        return self.work / folder

    def packages(self, root=None):
        """Of limpid, by type: (name, version, path, marks)."""
        out = self.run(self.limpid, "index", "-q", "--no-cache", "-f", "json", f"rootfs:{root or self.root}", rc=(0, 4, 5),
                       env={"LIMPID_HOME": "/nonexistent"})
        found = collections.defaultdict(list)
        for p in json.loads(out)["packages"]:
            found[p["type"]].append((p["name"], p["version"], p["path"], {k for k, v in p.items() if v is True}))
        return found

    def compare(self, what, found, listed, where=None):
        """found: rows of packages(); listed: {(name, version)} or a list of them, of which each is found as often as it is there."""
        got = collections.Counter((n, v) for n, v, path, _ in found if where is None or re.search(where, path))
        want = collections.Counter(listed)
        for text, rest in (("only the tool lists", want - got), ("only limpid lists", got - want)):
            if rest:
                self.failures.append(f"{what}: {text} {sorted(rest.elements())}")
        if not want:
            self.failures.append(f"{what}: the tool lists nothing")
        return sum(want.values())


def made(*needs):
    def add(function):
        MADE.append((function.__name__.replace("_", "-"), needs, function))
        return function
    return add
