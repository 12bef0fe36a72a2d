# SPDX-License-Identifier: Apache-2.0
"""What limpid found, as Syft, Trivy and osv-scanner would say it, and the rules that tell why a row of theirs is not among it.

docs/differences.md has the rules by name.
"""
import collections
import re


def folded(kind, name):
    return re.sub(r"[-_.]+", "-", name).lower() if kind == "pypi" else name


def plain(kind, version):
    if kind == "golang":
        return re.sub(r"^(go|v)", "", version)
    return version


class Mine:
    def __init__(self, found):
        self.at = collections.defaultdict(set)
        self.names = collections.defaultdict(set)
        for p in found:
            kind, name = p["type"], folded(p["type"], p["name"])
            self.names[kind, p["path"]].add((name, plain(kind, p["version"])))
            self.at[kind].add((name, plain(kind, p["version"])))

    def has(self, kind, name, version, path):
        """Peers give the group of a Java package apart, and no path of system packages; Trivy gives that of an archive inside another."""
        while kind == "maven" and (kind, path) not in self.names and "/" in path:
            path = path.rpartition("/")[0]
        places = self.names[kind, path] if path and kind not in ("deb", "apk", "rpm") else self.at[kind]
        return (name, version) in places or (kind == "maven" and any(v == version and n.partition(":")[2] == name for n, v in places))


# ---- the rules: a row that limpid has not -> is there a reason? ----


def devel(kind, name, version, path, mine):
    """A Go program of a work tree: each has its own words for having no version."""
    return kind == "golang" and any(n == name and v.startswith("(devel)") for n, v in mine.names[kind, path])


def java_version(kind, name, version, path, mine):
    """log4j-1.2-1.2.17.jar: the version that name and manifest agree on."""
    return kind == "maven" and any(version.endswith("-" + v) for _, v in mine.names[kind, path])


def java_unknown(kind, name, version, path, mine):
    """An archive of which nothing says a version is no package."""
    return kind == "maven" and (version.upper() == "UNKNOWN" or name == "unknown:unknown")


def java_twice(kind, name, version, path, mine):
    """The same archive under its file's name as well as under that of its pom.properties or manifest."""
    return kind == "maven" and any(v == version for _, v in mine.names[kind, path])


def java_section(kind, name, version, path, mine):
    """Interfaces of Tomcat: the manifest's main section has Tomcat's version, one of a package the specification's."""
    own = {n for n, _ in mine.names[kind, path]}
    return kind == "maven" and path.endswith("-api.jar") and own == {f"org.apache.tomcat:tomcat-{path.rpartition('/')[2][:-4]}"}


def go_without_module(kind, name, version, path, mine):
    """A program built without modules: only its standard library is known; Syft takes the folder of its main package for a module."""
    return kind == "golang" and {n for n, _ in mine.names[kind, path]} == {"stdlib"}


def rpm_epoch(kind, name, version, path, mine):
    """An epoch of 0 is none."""
    return kind == "rpm" and (name, version.removeprefix("0:")) in mine.at[kind]


def key(kind, name, version, path, mine):
    """A key that packages are signed with, which rpm keeps among them."""
    return kind == "rpm" and name == "gpg-pubkey"


def npm_lock(kind, name, version, path, mine):
    """The list that npm keeps of a node_modules: the packages themselves are there, too."""
    return kind == "npm" and path.endswith("node_modules/.package-lock.json") and (name, version) in mine.at[kind]


def npm_project(kind, name, version, path, mine):
    """The project that a lock file is of: its package.json beside it says it."""
    beside = path.rpartition("/")[0]
    return kind == "npm" and (name, version) in mine.names[kind, f"{beside}/package.json" if beside else "package.json"]


def pom(kind, name, version, path, mine):
    """What a project's .pom in a store of Maven says it needs: which of it is there, the archives say."""
    return kind == "maven" and path.endswith(".pom")


def workflow(kind, name, version, path, mine):
    """What runs at GitHub when somebody works on a package is not in the image."""
    return kind.startswith("github-action") and "/.github/workflows/" in f"/{path}"


def npm_inside(kind, name, version, path, mine):
    """A package.json deeper inside an installed package: a fixture, or a part of it."""
    parts = path.split("/")
    if parts[-1] != "package.json":
        return False
    inside = "node_modules" in parts and parts[-2 - (parts[-3].startswith("@") if len(parts) > 2 else 0) - 1] != "node_modules"
    return kind == "npm" and inside


def lock_inside(kind, name, version, path, mine):
    """A lock file inside an installed package or a toolchain: of its tests or its own development."""
    locks = ("package-lock.json", "yarn.lock", "pnpm-lock.yaml", "go.mod", "Cargo.lock", "requirements.txt", "poetry.lock", "Gemfile.lock")
    inside = ("site-packages/", "dist-packages/", "node_modules/", "/gems/", "/vendor/", "pkg/mod/", "/cargo/registry/")
    return path.endswith(locks) and any(i in f"/{path}" for i in inside)


def framework(kind, name, version, path, mine):
    """An assembly of a shared framework: its deps.json says it, under the package that Microsoft gives out."""
    return kind == "nuget" and "/shared/Microsoft." in f"/{path}" and any(p.startswith(path.rpartition("/")[0]) for _, p in mine.names)


def launcher(kind, name, version, path, mine):
    """Programs of Windows that are none of .NET: what pip copies to make scripts run there."""
    return kind == "nuget" and path.endswith(".exe") and name == "Simple Launcher"


def go_devel(kind, name, version, path, mine):
    """Go's own tools, cmd/go and others, are their standard library."""
    return kind == "golang" and name.startswith("cmd/") and version.startswith("(devel)") and any(
        n == "stdlib" for n, _ in mine.names[kind, path] | (set() if path else mine.at[kind]))


def java_runtime(kind, name, version, path, mine):
    """A runtime by its release file is `java` of that version, whoever built it; what follows the version is the build."""
    return kind == "generic" and name.rpartition("/")[2] in ("openjdk", "jdk", "jre", "zulu", "graalvm", "java", "java_sdk") and any(
        n == "java" and re.match(rf"{re.escape(v)}(\D|$)", version) for n, v in mine.at[kind])


def mysql_name(kind, name, version, path, mine):
    """A client named mysql of MariaDB's is MariaDB's."""
    return kind == "generic" and name == "mysql" and ("mariadb", version) in mine.at[kind]


def program_elsewhere(kind, name, version, path, mine):
    """A program whose version is in its library, where it is listed."""
    return kind == "generic" and (name, version) in mine.at[kind]


def wheel(kind, name, version, path, mine):
    """A wheel that lies around is not installed."""
    return kind == "pypi" and path.endswith(".whl")


def no_version(kind, name, version, path, mine):
    """A component that a bill of materials in the image names without a version: no advisory can be looked up for it."""
    return version == "" and any(n == name for n, _ in mine.at[kind])


RULES = {"peers-devel": devel, "peers-java-version": java_version, "peers-java-unknown": java_unknown, "peers-java-twice": java_twice,
         "peers-go-without-module": go_without_module, "peers-rpm-epoch": rpm_epoch, "peers-npm-lock": npm_lock,
         "peers-npm-inside": npm_inside, "peers-key": key, "peers-lock-inside": lock_inside, "peers-framework": framework,
         "peers-launcher": launcher, "peers-go-devel": go_devel, "peers-java-runtime": java_runtime, "peers-mysql-name": mysql_name,
         "peers-program-elsewhere": program_elsewhere, "peers-wheel": wheel, "peers-no-version": no_version,
         "peers-npm-project": npm_project, "peers-workflow": workflow, "peers-java-section": java_section,
         "peers-pom": pom}


def claimed_by(kind, name, version, path, mine):
    """The name of the rule that has a reason; None if none has."""
    return next((r for r, f in RULES.items() if f(kind, name, version, path, mine)), None)
