# SPDX-License-Identifier: Apache-2.0
"""The tools that differential-versions puts pairs of versions to, and what they are not asked for."""
import ctypes
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent


class Missing(Exception):
    pass


# ---- the native tools: judge(pairs) gives (op, A valid, B valid) for each; op "?" = no opinion ----


def sign(c):
    return "<" if c < 0 else ">" if c > 0 else "="


class Program:
    """Reads "A<TAB>B" lines, writes "<11" lines."""

    def __init__(self, name, argv, cwd=None, shape=lambda text: text, env=None):
        self.name, self.argv, self.cwd, self.shape, self.env = name, argv, cwd, shape, env

    def lines(self, pairs):
        """Its answers as they are."""
        if not pairs:
            return []
        text = "".join(f"{self.shape(a)}\t{self.shape(b)}\n" for a, b in pairs)
        text = text.encode("utf-8", "surrogateescape")
        p = subprocess.run(self.argv, input=text, cwd=self.cwd, env=self.env, stdout=subprocess.PIPE, check=True)
        lines = p.stdout.decode().splitlines()
        if len(lines) != len(pairs):
            raise SystemExit(f"{self.name}: {len(lines)} answers for {len(pairs)} pairs")
        return lines

    def judge(self, pairs):
        opinion = {"1": True, "0": False, "-": None}
        return [(x[0], opinion[x[1]], opinion[x[2]]) for x in self.lines(pairs)]


def run(argv, cwd=None, env=None):
    p = subprocess.run(argv, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if p.returncode:
        raise Missing(f"{argv[0]} failed: {p.stdout.decode(errors='replace').strip()[-200:]}")
    return p.stdout.decode().strip()


class PackagingOfPip:
    """The one that pip itself has."""

    def __new__(cls, work):
        try:
            from pip._vendor import packaging
            from pip._vendor.packaging import version  # noqa: F401
        except ImportError as e:
            raise Missing(e)
        judge = Packaging.__new__(Packaging)
        judge.use(packaging, f"packaging {packaging.__version__}")
        return judge


def need(command):
    if not shutil.which(command):
        raise Missing(f"no {command}")


def pip_install(folder, name):
    need("pip3")
    run(["pip3", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore", "--target", folder, name])


def libdpkg(work):
    need("cc")
    run(["cc", "-O2", "-o", work / "dpkg", here / "oracles" / "dpkg.c", "-ldpkg", "-lmd"])
    version = run(["dpkg-query", "-W", "-f", "${Version}", "libdpkg-dev"])
    return Program(f"libdpkg {version}", [work / "dpkg"])


def libalpm(work):
    need("cc")
    run(["cc", "-O2", "-o", work / "pacman", here / "oracles" / "pacman.c", "-lalpm"])
    version = run(["dpkg-query", "-W", "-f", "${Version}", "libalpm-dev"])
    return Program(f"libalpm {version}", [work / "pacman"])


class AptPkg:
    def __init__(self, work):
        try:
            import apt_pkg
        except ImportError as e:
            raise Missing(e)
        apt_pkg.init_system()
        self.name = f"apt_pkg {apt_pkg.VERSION}"
        self.compare = apt_pkg.version_compare

    def judge(self, pairs):
        # It has no opinion about validity, and reads a colon and blanks its own way.
        def plain(v):
            head, colon, _ = v.partition(":")
            return v and v.isascii() and " " not in v and "\t" not in v and not v.endswith("-") and (not colon or head.isdigit())

        return [(sign(self.compare(a, b)) if plain(a) and plain(b) else "?", None, None) for a, b in pairs]


class LibRpm:
    def __init__(self, work):
        try:
            import rpm
        except ImportError as e:
            raise Missing(e)
        self.rpm = rpm
        self.name = f"librpm {rpm.__version__}"

    def judge(self, pairs):
        def parse(text):
            try:
                return self.rpm.ver(text)
            except ValueError:
                return None

        def order(a, b):
            if a is None or b is None:
                return "?"
            op = "<" if a < b else ">" if a > b else "="
            if a.v and b.v and a.r is not None and b.r is not None:
                # What a comparison of two installed packages does: a missing epoch is 0.
                c = self.rpm.labelCompare((a.e or "0", a.v, a.r), (b.e or "0", b.v, b.r))
                if sign(c) != op:
                    raise SystemExit(f"rpm.ver and labelCompare differ: {a} {b}")
            return op

        # librpm refuses nothing but the empty text: no opinion.
        return [(order(parse(a), parse(b)), None, None) for a, b in pairs]


class LibRpmForTags:
    def __init__(self, work):
        tool = LibRpm(work)
        self.rpm, self.name = tool.rpm, tool.name + " for tags"

    def judge(self, pairs):
        def parts(tag):
            version, hyphen, release = tag.removeprefix("v").partition("-")
            return ("0", version, release if hyphen else "0")

        def order(a, b):
            if any(not x[1] or not x[2] or "-" in x[2] for x in (a, b)):
                return "?"
            return sign(self.rpm.labelCompare(a, b))

        return [(order(parts(a), parts(b)), None, None) for a, b in pairs]


class Portage:
    def __init__(self, work):
        folder = work / "portage"
        pip_install(folder, "portage")
        sys.path.insert(0, str(folder))
        import portage
        from portage.versions import ver_regexp, vercmp

        self.name = f"Portage {portage.VERSION}"
        self.compare, self.pattern = vercmp, ver_regexp

    def judge(self, pairs):
        def one(a, b):
            x, y = (self.pattern.match(v) is not None for v in (a, b))
            return sign(self.compare(a, b)) if x and y else "?", x, y

        return [one(a, b) for a, b in pairs]


class Blob(ctypes.Structure):
    _fields_ = [("len", ctypes.c_long), ("ptr", ctypes.c_char_p)]


class LibApk:
    def __init__(self, path):
        try:
            lib = ctypes.CDLL(str(path))
        except OSError as e:
            raise Missing(e)
        self.major = 2 if hasattr(lib, "apk_version_compare_blob") else 3
        self.compare = lib.apk_version_compare_blob if self.major == 2 else lib.apk_version_compare
        self.compare.argtypes = [Blob, Blob]
        self.validate = lib.apk_version_validate
        self.validate.argtypes = [Blob]
        self.name = f"libapk {self.major} ({pathlib.Path(path).resolve().name})"

    def judge(self, pairs):
        out = []
        for a, b in pairs:
            bytes_a, bytes_b = (t.encode("utf-8", "surrogateescape") for t in (a, b))
            x, y = Blob(len(bytes_a), bytes_a), Blob(len(bytes_b), bytes_b)
            op = {1: "=", 2: "<", 4: ">"}[self.compare(x, y)]
            out.append((op, bool(self.validate(x)), bool(self.validate(y))))
        return out


class ApkCommand:
    """One process a pair: only the first of each batch are put to it."""

    SAMPLE = 500

    def __init__(self):
        need("apk")
        version = run(["apk", "--version"])
        self.major = 2 if "apk-tools 2" in version else 3
        self.name = version.split(",")[0]

    def judge(self, pairs):
        def valid(v):
            return subprocess.run(["apk", "version", "-q", "--check", "--", v], capture_output=True).returncode == 0

        out = [(run(["apk", "version", "-t", "--", a, b]), valid(a), valid(b)) for a, b in pairs[: self.SAMPLE]]
        return out + [("?", None, None)] * (len(pairs) - len(out))


def apks(given):
    paths = given or [p for d in ("/lib", "/usr/lib") for p in glob.glob(d + "/libapk.so.[23]*")]
    if paths:
        return [LibApk(p) for p in paths]
    return [ApkCommand()]


class Packaging:
    def __init__(self, work):
        folder = work / "pip"
        pip_install(folder, "packaging")
        sys.path.insert(0, str(folder))
        import packaging
        import packaging.version

        self.use(packaging, f"packaging {packaging.__version__}")

    def use(self, packaging, name):
        self.version, self.name = packaging.version, name

    def judge(self, pairs):
        def parse(text):
            try:
                return self.version.Version(text)
            except self.version.InvalidVersion:
                return None

        def one(a, b):
            op = "?" if a is None or b is None else "<" if a < b else ">" if a > b else "="
            return op, a is not None, b is not None

        return [one(parse(a), parse(b)) for a, b in pairs]


# limpid takes 1.2-rc.1 for 1.2.0-rc.1; the libraries want three numbers there.
def three_numbers(text):
    m = re.match(r"(v?\d+(?:\.\d+)?)(?=[-+]|$)", text, re.ASCII)
    if not m:
        return text
    return m[1] + ".0" * (2 - m[1].count(".")) + text[m.end() :]


def go_program(work, scheme, shape=lambda text: text):
    need("go")
    folder = work / "go"
    if not (folder / "oracle").exists():
        folder.mkdir(exist_ok=True)
        shutil.copy(here / "oracles" / "main.go", folder)
        env = dict(os.environ, GOFLAGS="-mod=mod", GO111MODULE="on")
        if not (folder / "go.mod").exists():
            run(["go", "mod", "init", "oracle"], folder, env)
        run(["go", "mod", "tidy"], folder, env)
        run(["go", "build", "-o", "oracle", "."], folder, env)
    version = re.search(r"golang.org/x/mod (\S+)", (folder / "go.mod").read_text())[1]
    return Program(f"x/mod/semver {version}", [folder / "oracle", scheme], shape=shape)


def go_opinions(scheme, module):
    def make(work):
        need("go")
        folder = work / "opinions"
        if not (folder / "opinions").exists():
            folder.mkdir(exist_ok=True)
            shutil.copy(here / "oracles" / "opinions" / "main.go", folder)
            env = dict(os.environ, GOFLAGS="-mod=mod", GO111MODULE="on")
            if not (folder / "go.mod").exists():
                run(["go", "mod", "init", "opinions"], folder, env)
            run(["go", "get", *OPINIONS.values()], folder, env)
            run(["go", "build", "-o", "opinions", "."], folder, env)
        name = module.split("/")[2]
        version = re.search(rf"/{name} (\S+)", (folder / "go.mod").read_text())[1]
        return Program(f"{name} {version}", [folder / "opinions", scheme])

    return make


OPINIONS = {"bitnami": "github.com/bitnami/go-version/pkg/version", "pub": "github.com/google/osv-scalibr/semantic"}


CLAIRCORE = "v1.5.54"


def claircore(path):
    """Its own package: in its own tree, or as the proxy of modules has it."""

    def make(work):
        need("go")
        if path:
            tree = work / "claircore"
            shutil.copytree(path, tree, dirs_exist_ok=True)
            (tree / "limpid-oracle").mkdir(exist_ok=True)
            shutil.copy(here / "oracles" / "rhctag" / "main.go", tree / "limpid-oracle")
            run(["go", "build", "-o", work / "rhctag", "./limpid-oracle"], tree)
            return Program("claircore", [work / "rhctag"])
        folder = work / "rhctag-oracle"
        folder.mkdir(exist_ok=True)
        shutil.copy(here / "oracles" / "rhctag" / "main.go", folder)
        env = dict(os.environ, GOFLAGS="-mod=mod", GO111MODULE="on")
        run(["go", "mod", "init", "oracle"], folder, env)
        run(["go", "get", f"github.com/quay/claircore@{CLAIRCORE}"], folder, env)
        run(["go", "build", "-o", work / "rhctag", "."], folder, env)
        return Program(f"claircore {CLAIRCORE}", [work / "rhctag"])

    return make


def opam(path):
    def make(work):
        need("ocamlopt")
        if not path:
            raise Missing("no tree of opam (--opam)")
        folder = work / "opam"
        folder.mkdir(exist_ok=True)
        for name in ("opamVersionCompare.mli", "opamVersionCompare.ml"):
            shutil.copy(pathlib.Path(path) / "src" / "core" / name, folder)
        shutil.copy(here / "oracles" / "opam.ml", folder / "judge.ml")
        # All that it needs of the rest.
        (folder / "opamCompat.ml").write_text("module Int = struct let min (a : int) b = if a < b then a else b end\n")
        run(["ocamlopt", "-o", "judge", "opamCompat.ml", "opamVersionCompare.mli", "opamVersionCompare.ml", "judge.ml"], folder)
        return Program("opam", [folder / "judge"])

    return make


def freebsd_pkg(path):
    def make(work):
        need("cc")
        if not path:
            raise Missing("no tree of FreeBSD's pkg (--pkg)")
        folder = work / "freebsd-pkg"
        (folder / "private").mkdir(parents=True, exist_ok=True)
        shutil.copy(pathlib.Path(path) / "libpkg" / "pkg_version.c", folder)
        # Nothing in them is needed but what the judge itself has.
        for name in ("pkg.h", "private/event.h", "private/pkg.h"):
            (folder / name).write_text("")
        run(["cc", "-O2", "-I", folder, "-o", work / "freebsd", here / "oracles" / "freebsd.c"])
        return Program("pkg", [work / "freebsd"])

    return make


def hackage(work):
    need("ghc")
    source_file = here / "oracles" / "hackage.hs"
    packages = ["-package", "Cabal", "-package", "bytestring"]
    run(["ghc", "-O", *packages, "-outputdir", work / "hackage-objects", "-o", work / "hackage", source_file])
    version = run(["ghc-pkg", "field", "Cabal", "version", "--simple-output"])
    return Program(f"Cabal {version}", [work / "hackage"])


def nuget(work):
    need("mcs")
    need("npm")
    folder = work / "nuget"
    folder.mkdir(exist_ok=True)
    # It brings the program itself; its scripts would look for Windows.
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, "nuget-exe@5.8.0"])
    run(["mcs", f"-out:{folder}/judge.exe", here / "oracles" / "nuget.cs"])
    argv = ["mono", folder / "judge.exe", folder / "node_modules/nuget-exe/nuget-5.8.0.exe"]
    return Program("NuGet.Versioning " + run([*argv, "--version"]), argv)


MAVEN_ARTIFACT = "3.9.9"


def maven(work):
    need("javac")
    need("mvn")
    artifact = f"org.apache.maven:maven-artifact:{MAVEN_ARTIFACT}"
    run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={work}"])
    jar = work / f"maven-artifact-{MAVEN_ARTIFACT}.jar"
    run(["javac", "-cp", jar, "-d", work, here / "oracles" / "Maven.java"])
    return Program(f"maven-artifact {MAVEN_ARTIFACT}", ["java", "-cp", f"{jar}:{work}", "Maven"])


def maven_of_system(work):
    need("javac")
    jar = pathlib.Path("/usr/share/java/maven-artifact-3.x.jar")
    if not jar.exists():
        raise Missing("no maven-artifact")
    lang = ":".join(glob.glob("/usr/share/java/commons-lang3.jar"))
    run(["javac", "-cp", jar, "-d", work, here / "oracles" / "Maven.java"])
    version = run(["dpkg-query", "-W", "-f", "${Version}", "libmaven3-core-java"])
    return Program(f"maven-artifact {version}", ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jar}:{lang}:{work}", "Maven"])


def gem(work):
    need("ruby")
    return Program(run(["ruby", here / "oracles" / "gem.rb", "--version"]), ["ruby", here / "oracles" / "gem.rb"])


def composer(work):
    need("php")
    if not pathlib.Path("/usr/share/php/Composer/Semver/autoload.php").exists():
        raise Missing("no php-composer-semver")
    version = run(["dpkg-query", "-W", "-f", "${Version}", "php-composer-semver"])
    return Program(f"composer/semver {version}", ["php", here / "oracles" / "composer.php"])


def elixir(work):
    need("elixir")
    version = run(["elixir", "-e", "IO.write(System.version())"]).splitlines()[-1]
    env = dict(os.environ, LC_ALL="C.UTF-8")
    return Program(f"Elixir {version}", ["elixir", here / "oracles" / "hex.exs"], env=env)


# NuGet's order in the terms of semver: no case, no zeros in front, and the third and fourth number in one.
def nuget_as_semver(text):
    m = re.fullmatch(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?(-.*?)?(\+.*)?", text.lower(), re.ASCII)
    if not m:
        return text
    numbers = [int(n or 0) for n in m.group(1, 2, 3, 4)]
    return f"{numbers[0]}.{numbers[1]}.{numbers[2] * 1_000_000 + numbers[3]}{m[5] or ''}{m[6] or ''}"


def npm_semver_for_nuget(work):
    tool = npm_semver(work)
    tool.name += " (of the same order)"
    tool.shape = nuget_as_semver
    return tool


def r_compare_version(work):
    need("Rscript")
    return Program("R " + run(["Rscript", "-e", "cat(as.character(getRversion()))"]), ["Rscript", here / "oracles" / "cran.R"])


def npm_program(work, script, own):
    """A script of oracles/ with npm's package semver: the one that npm itself has (own), or the newest."""
    need("node")
    need("npm")
    if own:
        folder = pathlib.Path(shutil.which("npm")).resolve().parent.parent / "node_modules"
        places = [p for p in (folder, pathlib.Path("/usr/share/nodejs")) if (p / "semver" / "package.json").exists()]
        if not places:
            raise Missing("npm has no semver")
        place = places[0]
    else:
        folder = work / "npm"
        folder.mkdir(exist_ok=True)
        run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, "semver"])
        place = folder / "node_modules"
    env = dict(os.environ, NODE_PATH=str(place))
    version = run(["node", "-p", "require('semver/package.json').version"], env=env)
    return Program(f"npm semver {version}", ["node", here / "oracles" / script], env=env)


def npm_own_semver(work):
    tool = npm_program(work, "semver.js", True)
    tool.shape = three_numbers
    return tool


def npm_semver(work):
    tool = npm_program(work, "semver.js", False)
    tool.shape = three_numbers
    return tool


# ---- where limpid differs on purpose; docs/formats/version-*.md has the reasons ----


def believed(scheme, tool, text):
    """Whether `tool` is asked about this text."""
    if scheme == "semver" and tool.name.startswith("Elixir"):
        # It wants three numbers and no v, and takes no empty build for one.
        return bool(re.match(r"\d+\.\d+\.\d+(?![.\d])", text, re.ASCII)) and text.isascii() and " " not in text
    if scheme == "pub" and tool.name.startswith("osv-scalibr"):
        return text.isascii() and "+" not in text and not re.search(r"\d{18}", text)  # builds are words there, numbers never end
    if scheme == "pub":
        # What pub adds to semver: builds in order, zeros in front, signs.
        odd = r"\+|(?<![0-9])0[0-9]|^v|^[0-9]+(\.[0-9]+)?(-|$)|[-.]-[0-9]|[0-9]{16}|[\s\ufeff]"
        return not re.search(odd, text)
    if scheme == "maven":
        # Ten zeros in a row are a long zero there, newer than 9; other alphabets have digits and cases.
        return text.isascii() and not re.search(r"0{10}", text)
    if scheme == "composer":
        return not re.search(r"\d{18}", text) and text.isascii()  # numbers end at 2^63 there
    if scheme == "hackage":
        return text.isascii() and "-" not in text  # it still reads tags ("1.2-tag"), warns, and drops them
    if scheme == "rhctag" and tool.name.startswith("claircore"):
        # A second hyphen begins a name there, signs ("-1") and all bytes are taken, numbers end at 2^63.
        return bool(re.fullmatch(r"(?!v?-)[0-9A-Za-z._]+(-[0-9A-Za-z._]+)?", text, re.ASCII)) and not re.search(r"\d{18}", text)
    if scheme == "bitnami":
        # Exactly three numbers there, none with a zero in front, and revisions that are words; builds of semver.
        return bool(re.fullmatch(r"(0|[1-9]\d{0,17})(\.(0|[1-9]\d{0,17})){2}(-(0|[1-9]\d{0,17}))?", text, re.ASCII))
    if scheme in ("gem", "portage") or tool.name.startswith("NuGet"):
        return text.isascii()
    if scheme == "nuget":
        # Numbers of some size; what .NET reads as a number and semver does not has a sign, or ten digits the other way around.
        return bool(re.match(r"\d{1,6}(\.\d{1,6}){0,3}(?![.\d])", text, re.ASCII)) and not re.search(r"[-.]-\d|\d{10}| |[^\0-\x7f]", text)
    if scheme == "cran":
        return text.isascii() and not re.search(r"\d{9}", text)
    if scheme == "semver" and tool.name.startswith("npm"):
        return not re.search(r"\d{16}|[\s\ufeff]", text)  # numbers end at 2^53 there, and blanks around are dropped
    if scheme != "apk":
        return True
    if tool.major == 2 and re.search(r"~|^(?!\d)|\.(?!\d)|-r(?!\d)|_(?![a-z])|-r.*-r", text):
        return False  # no hashes there; a missing number counts as 0, and there may be two revisions
    if re.search(r"~[0-9a-f]{0,6}(?![0-9a-f])", text):
        return False  # a hash has seven digits here
    m = re.search(r"[a-z]\d+(.?)", re.sub(r"_[a-z]+\d*|-r\d*|~.*", "", text))
    if m and (tool.major == 3 or m[1]):
        return False  # 1.9.5p2: apk 2 only; it takes 1.9.5p2.1 as well
    return not re.search(r"\d{18}", text)  # apk 2 refuses most of them, apk 3 wraps around


def comparable(scheme, tool, a, b, valid):
    """Whether the order of two texts is asked, about both of which `tool` is believed."""
    if scheme in ("rpm", "go"):
        return True
    if scheme == "semver":
        # Two texts that are no versions are equal to the libraries, and ordered by bytes here.
        return valid[a] or valid[b]
    if scheme == "apk" and tool.major == 2 and any(re.search(r"\.0\d", v) for v in (a, b)):
        return False  # zeros before a number after a dot: as apk 3
    if scheme == "pacman" and ("-" in a) != ("-" in b):
        return False  # a release that only one of them has does not count there, which is no order
    return valid[a] and valid[b]


# What is on the machine, or is not: nothing is fetched, and little compiled.
LOCAL = {
    "dpkg": [libdpkg, AptPkg],
    "rpm": [LibRpm],
    "rhctag": [LibRpmForTags],
    "pep440": [PackagingOfPip],
    "semver": [npm_own_semver],
    "maven": [maven_of_system],
    "gem": [gem],
    "pacman": [libalpm],
    "composer": [composer],
    "pub": [npm_own_semver],
    "cran": [r_compare_version],
}


def make_tools(scheme, work, given):
    makers = {
        "dpkg": [libdpkg, AptPkg],
        "rpm": [LibRpm],
        "rhctag": [LibRpmForTags, claircore(given.claircore)],
        "portage": [Portage],
        "hackage": [hackage],
        "bitnami": [go_opinions("bitnami", OPINIONS["bitnami"])],
        "pep440": [Packaging],
        "semver": [lambda w: go_program(w, "semver", three_numbers), npm_semver, elixir],
        "go": [lambda w: go_program(w, "go")],
        "maven": [maven],
        "gem": [gem],
        "pacman": [libalpm],
        "composer": [composer],
        "nuget": [nuget, npm_semver_for_nuget],
        "pub": [go_opinions("pub", OPINIONS["pub"]), npm_semver],
        "cran": [r_compare_version],
        "opam": [opam(given.opam)],
        "freebsd": [freebsd_pkg(given.pkg)],
    }
    if given.local:
        makers = LOCAL
    tools, absent = [], []
    for maker in makers.get(scheme, []):
        try:
            tools.append(maker(work))
        except Missing as e:
            absent.append(str(e))
    if scheme == "apk" and not given.local:
        try:
            tools = apks(given.libapk)
        except Missing as e:
            absent.append(f"{e}: apk-tools only by the recorded table (tests/corpus/check-versions)")
    return tools, absent
