# SPDX-License-Identifier: Apache-2.0
"""What Syft, Trivy and osv-scanner find in a target, as rows (kind, name, version, paths): their programs run here, their JSON read.

Programs are named by LIMPID_SYFT, LIMPID_TRIVY (which wants a database in TRIVY_CACHE_DIR, be it an empty one) and LIMPID_OSV_SCANNER.
Kinds are limpid's; one that limpid has not keeps the tool's word.
"""
import json
import os
import pathlib
import subprocess

VARIABLES = {"syft": "LIMPID_SYFT", "trivy": "LIMPID_TRIVY", "osv-scanner": "LIMPID_OSV_SCANNER"}
SYFT = {"python": "pypi", "java-archive": "maven", "jenkins-plugin": "maven", "go-module": "golang", "rust-crate": "cargo",
        "dotnet": "nuget", "php-composer": "composer", "lua-rocks": "luarocks", "R-package": "cran", "erlang-otp": "otp",
        "dart-pub": "pub", "pod": "cocoapods", "homebrew": "brew", "portage": "ebuild", "wordpress-plugin": "wordpress",
        "binary": "generic", "github-action": "github", "github-action-workflow": "github"}
TRIVY = {"python-pkg": "pypi", "pip": "pypi", "pipenv": "pypi", "poetry": "pypi", "uv": "pypi", "pylock": "pypi", "node-pkg": "npm",
         "npm": "npm", "yarn": "npm", "pnpm": "npm", "bun": "npm", "jar": "maven", "pom": "maven", "gradle": "maven", "sbt": "maven",
         "gobinary": "golang", "gomod": "golang", "rustbinary": "cargo", "cargo": "cargo", "gemspec": "gem", "bundler": "gem",
         "composer": "composer", "composer-vendor": "composer", "dotnet-core": "nuget", "nuget": "nuget", "packages-props": "nuget",
         "conda-pkg": "conda", "conda-environment": "conda", "hex": "hex", "pub": "pub", "swift": "swift", "cocoapods": "cocoapods",
         "conan": "conan", "bitnami": "bitnami", "julia": "julia"}
TRIVY_RPM = ("alma", "amazon", "azurelinux", "cbl-mariner", "centos", "fedora", "opensuse", "oracle", "photon", "redhat", "rocky", "sles",
             "slem")
OSV = {"PyPI": "pypi", "Go": "golang", "npm": "npm", "Maven": "maven", "RubyGems": "gem", "crates.io": "cargo", "NuGet": "nuget",
       "Packagist": "composer", "Hackage": "hackage", "Hex": "hex", "Pub": "pub", "CRAN": "cran", "ConanCenter": "conan", "Debian": "deb",
       "GitHub Actions": "github", "VSCode": "vscode-extension",
       "Ubuntu": "deb", "Alpine": "apk", "Wolfi": "apk", "Chainguard": "apk", "AlmaLinux": "rpm", "Rocky Linux": "rpm", "Red Hat": "rpm"}


def program(tool):
    return os.environ.get(VARIABLES[tool])


def run(arguments, timeout=1800, **env):
    p = subprocess.run(["nice", "-n", "10", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                       env=dict(os.environ, **env))
    return p.stdout, p.stderr.decode(errors="replace"), p.returncode


def run_syft(target, cache):
    base = ["--base-path", target] if pathlib.Path(target).is_dir() else []
    return run([program("syft"), "scan", "-q", "-o", "json", *base, target], SYFT_CHECK_FOR_APP_UPDATE="false", SYFT_CACHE_DIR=str(cache))


def rows_of_syft(doc, target):
    del target
    for a in doc["artifacts"]:
        more = a.get("metadata") or {}
        kind, name = SYFT.get(a["type"], a["type"]), a["name"]
        paths = [x["path"].lstrip("/") for x in a.get("locations", [])]
        if kind == "maven":
            group = (more.get("pomProperties") or {}).get("groupId") or (more.get("pomProject") or {}).get("groupId")
            name = f"{group}:{name}" if group else name
            paths = [more.get("virtualPath", paths[0] if paths else "").lstrip("/").split(":")[0]]
        yield kind, name, a["version"], paths, a.get("foundBy", "")


def run_trivy(target, cache):
    folder = pathlib.Path(target).is_dir()
    return run([program("trivy"), "rootfs" if folder else "image", *(() if folder else ("--input",)), target, "--format", "json",
                "--list-all-pkgs", "--scanners", "vuln", "--skip-db-update", "--skip-java-db-update", "--offline-scan", "--quiet",
                "--cache-dir", os.environ.get("TRIVY_CACHE_DIR", cache)])


# Results of whole kinds: what has no file of its own (a component of a bill of materials) has none here either.
TRIVY_GROUPS = ("Python", "Node.js", "Java", "Ruby", "PHP", "Conda", "Bitnami")


def rows_of_trivy(doc, target):
    del target
    for r in doc.get("Results", []):
        system = r.get("Class") == "os-pkgs"
        for p in r.get("Packages", []):
            kind, version = TRIVY.get(r["Type"], r["Type"]), p.get("Version", "")
            if system:
                kind = "rpm" if r["Type"].startswith(TRIVY_RPM) else "apk" if r["Type"] in ("alpine", "wolfi", "chainguard") else "deb"
                version += f"-{p['Release']}" if p.get("Release") else ""
                version = f"{p['Epoch']}:{version}" if p.get("Epoch") else version
            paths = [] if system else [p.get("FilePath") or r["Target"]]
            paths = [] if paths and paths[0] in TRIVY_GROUPS else paths
            yield kind, p["Name"], version, [x.lstrip("/") for x in paths], r["Type"]


def run_osv_scanner(target, cache):
    del cache
    if pathlib.Path(target).is_dir():
        words = ["source", "-r", "--no-ignore", "--experimental-plugins", "artifact", "--experimental-plugins", "lockfile"]
    else:
        words = ["image", "--archive"]
    return run([program("osv-scanner"), "scan", *words, "--all-packages", "--format", "json", "--offline", target])


def rows_of_osv_scanner(doc, target):
    for r in doc.get("results", []):
        path = r["source"]["path"]
        path = os.path.relpath(path, target) if pathlib.Path(target).is_dir() else path.lstrip("/")
        for p in r["packages"]:
            p = p["package"]
            kind = OSV.get(p.get("ecosystem", "").split(":")[0], p.get("ecosystem", ""))
            yield kind, p.get("os_package_name") or p["name"], p.get("version", ""), [path], r["source"].get("type", "")


NOTHING_FOUND = {"osv-scanner": 128}
TOOLS = {"syft": (run_syft, rows_of_syft), "trivy": (run_trivy, rows_of_trivy), "osv-scanner": (run_osv_scanner, rows_of_osv_scanner)}


def document(tool, target, cache):
    """What the tool prints about a target. A tool that finds flaws or has no database says so by its exit status; its JSON counts."""
    out, words, status = TOOLS[tool][0](target, cache)
    if status == NOTHING_FOUND.get(tool):
        return {}
    if not out.lstrip().startswith(b"{"):
        raise SystemExit(f"{tool} {target}: exit status {status}: {words[-2000:]}")
    return json.loads(out)


def rows(tool, doc, target):
    return TOOLS[tool][1](doc, target)
