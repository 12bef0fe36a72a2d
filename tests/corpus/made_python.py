# SPDX-License-Identifier: Apache-2.0
"""Rows of check-made: lock files of Python's tools, which resolve from an index on a loopback port, and environments of conda."""
import contextlib
import functools
import http.server
import re
import sys
import threading
import zipfile

from made import made

WHEELS = (("acme-one", "1.0.0", ("acme-two>=1", 'acme-win; sys_platform == "win32"', 'acme-fast; extra == "fast"')),
          ("acme-two", "2.0.1", ()), ("acme-two", "1.9", ()), ("acme-win", "0.3", ()), ("acme-fast", "4!1.0rc1", ()),
          ("Acme.Dotted_Name", "1.2.post1", ()), ("acme-tool", "7.0", ("acme-two", "acme-tool-core")),
          ("acme-tool-core", "2024.1.1", ()), ("acme-docs", "3.0", ()), ("acme-split", "1.0", ()), ("acme-split", "2.0", ()),
          ("acme-cli", "0.0.1.dev5", ()))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextlib.contextmanager
def wheels(row):
    """An index of packages of Python on a loopback port."""
    for name, version, requires in WHEELS:
        stem = re.sub(r"[-.]", "_", name)
        path = row.write(f"index/simple/{pep503(name)}/{stem}-{version}-py3-none-any.whl", "")
        needs = "".join(f"Requires-Dist: {r}\n" for r in requires) + "".join("Provides-Extra: fast\n" for r in requires if "fast" in r)
        with zipfile.ZipFile(path, "w") as z:
            z.writestr(f"{stem}.py", "")
            z.writestr(f"{stem}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}")
            z.writestr(f"{stem}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: a\nRoot-Is-Purelib: true\n"
                                                            "Tag: py3-none-any\n")
            z.writestr(f"{stem}-{version}.dist-info/RECORD", "")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=row.work / "index")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple/"
        server.shutdown()


def pep503(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text):
    """NAME[EXTRA]==VERSION ; MARKER"""
    return {(pep503(n), v) for n, v in re.findall(r"^([\w.-]+)(?:\[.*?\])?==([^\s;]+)", text, re.M)}


PROJECT = """[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.9,<4"
dependencies = ["acme-one[fast]>=1", "Acme.Dotted_Name", "acme-split<2; python_version < '3.10'",
  "acme-split>=2; python_version >= '3.10'"]
[project.optional-dependencies]
cli = ["acme-cli>=0.0.1.dev1"]
"""
ASKED = ["acme-cli", "acme-docs", "acme-dotted-name", "acme-one", "acme-split", "acme-split", "acme-tool"]


def locked(row, name, found, everything, without_dev, direct):
    """A lock file, and the list that its tool made of it as a requirements.txt."""
    n = row.compare(name, found, everything)
    n += row.compare(f"{name} without dev", [f for f in found if "dev" not in f[3]], without_dev)
    if direct:
        row.compare(f"{name}, direct", [(f[0], "", f[2], None) for f in found if "direct" in f[3]], [(name, "") for name in direct])
    return n


@made("python3")
def poetry(row):
    """`poetry export` of poetry.lock: extras, groups, markers that choose one of two versions; what it exports is read, too."""
    bin = row.tool("poetry==2.5.1", "poetry-plugin-export==1.10.1")
    with wheels(row) as url:
        project = row.write("root/app/pyproject.toml", PROJECT + f"""[tool.poetry]
package-mode = false
[tool.poetry.group.dev.dependencies]
acme-tool = "*"
[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
acme-docs = "*"
[[tool.poetry.source]]
name = "local"
url = "{url}"
priority = "primary"
""").parent
        row.run(bin / "poetry", "lock", "-n", cwd=project)
    export = functools.partial(row.run, bin / "poetry", "export", "--without-hashes", "--all-extras", cwd=project)
    everything = export("--all-groups")
    n = locked(row, "poetry.lock", row.packages()["pypi"], pinned(everything), pinned(export("--with", "docs")), ASKED)
    row.write("exported/requirements.txt", everything)
    return n + row.compare("requirements.txt", row.packages(row.work / "exported")["pypi"], pinned(everything))


@made("python3")
def uv(row):
    """`uv export` of uv.lock; the same as pylock.toml."""
    bin = row.tool("uv==0.13.9")
    with wheels(row) as url:
        project = row.write("root/app/pyproject.toml", PROJECT + f"""[dependency-groups]
dev = ["acme-tool"]
docs = ["acme-docs"]
[[tool.uv.index]]
url = "{url}"
default = true
""").parent
        row.env["UV_PYTHON"] = sys.executable
        export = functools.partial(row.run, bin / "uv", "export", "-q", "--no-hashes", "--all-extras", "--no-emit-project", cwd=project)
        everything = pinned(export("--all-groups"))
        found = [f for f in row.packages()["pypi"] if "main_module" not in f[3]]
        n = locked(row, "uv.lock", found, everything, pinned(export("--no-default-groups")), ASKED)
        row.write("exported/pylock.toml", export("--all-groups", "--format", "pylock.toml"))
    return n + row.compare("pylock.toml", row.packages(row.work / "exported")["pypi"], everything)


@made("python3")
def pipenv(row):
    """`pipenv requirements` of each category of Pipfile.lock."""
    bin = row.tool("pipenv==2026.10.3")
    row.env.update(PIPENV_IGNORE_VIRTUALENVS="1", PIPENV_NOSPIN="1", PIPENV_YES="1", WORKON_HOME=str(row.work / "venvs"))
    with wheels(row) as url:
        project = row.write("root/app/Pipfile", f"""[[source]]
name = "local"
url = "{url}"
verify_ssl = false
[packages]
acme-one = {{version = "*", extras = ["fast"]}}
"Acme.Dotted_Name" = "*"
acme-split = "<2"
[dev-packages]
acme-tool = "*"
[docs]
acme-docs = "*"
""").parent
        row.run(bin / "pipenv", "lock", "--categories", "packages dev-packages docs", cwd=project)
    packages, dev, docs = (pinned(row.run(bin / "pipenv", "requirements", *args, cwd=project))
                           for args in ((), ("--dev",), ("--categories", "docs")))
    return locked(row, "Pipfile.lock", row.packages()["pypi"], packages | dev | docs, packages | docs, None)


@made("python3")
def conda(row):
    """Records of an environment that rattler (of pixi and rattler-build) solved and linked, as it reads them itself; the packages are
    made by conda's own library, in both formats."""
    bin = row.tool("py-rattler==0.28.0", "conda-package-handling==2.6.0")
    script = row.write("make.py", """import asyncio, hashlib, json, os, pathlib, sys
import rattler
import rattler.index
from conda_package_handling import api

work, prefix = map(pathlib.Path, sys.argv[1:])
for name, version, build, depends, subdir, ext in (
        ("acme-core", "1.2.3", "h0_0", [], "noarch", ".conda"), ("acme", "2.0rc1", "py_5", ["acme-core >=1"], "noarch", ".conda"),
        ("acme_tool", "2024a", "h9_1", ["acme"], "linux-64", ".conda"), ("old", "1!0.9.post2", "0", [], "linux-64", ".tar.bz2")):
    folder = work / "src" / name
    for path, text in (("share/" + name, "x"), ("info/files", f"share/{name}\\n"),
                       ("info/paths.json", json.dumps({"paths_version": 1, "paths": [
                           {"_path": f"share/{name}", "path_type": "hardlink", "size_in_bytes": 1,
                            "sha256": hashlib.sha256(b"x").hexdigest()}]})),
                       ("info/index.json", json.dumps({"name": name, "version": version, "build": build, "build_number": 0,
                                                       "depends": depends, "subdir": subdir}))):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (work / "channel" / subdir).mkdir(parents=True, exist_ok=True)
    api.create(str(folder), None, str(work / "channel" / subdir / f"{name}-{version}-{build}{ext}"))

async def install():
    await rattler.index.index_fs(work / "channel")
    found = await rattler.solve(sources=[rattler.Channel((work / "channel").as_uri())], specs=["acme_tool", "old"],
                                platforms=["linux-64", "noarch"], gateway=rattler.Gateway(cache_dir=work / "cache"))
    await rattler.install(found, target_prefix=str(prefix), cache_dir=work / "cache", show_progress=False)

asyncio.run(install())
for path in (prefix / "conda-meta").glob("*.json"):
    record = rattler.PrefixRecord.from_path(path)
    print(record.name.normalized, record.version)
sys.stdout.flush()
os._exit(0)  # threads of its own crash the end of the interpreter now and then
""")
    prefix = row.root / "opt/conda"
    prefix.mkdir(parents=True)
    listed = {tuple(line.split()) for line in row.run(bin / "python", script, row.work, prefix).splitlines()}
    return row.compare("conda-meta", row.packages()["conda"], listed)
