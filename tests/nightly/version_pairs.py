# SPDX-License-Identifier: Apache-2.0
"""Real versions, and pairs that are made of them, for differential-versions."""
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import zipfile

source = pathlib.Path(__file__).resolve().parent.parent.parent
shared = pathlib.Path(os.environ.get("LIMPID_SHARED", source.parent / "shared"))

GOLDEN_LINE = re.compile(r"(.*?) ([<=>]) (.*)")


def ask(program, lines):
    """What the tool version-compare answers to each line."""
    text = "".join(line + "\n" for line in lines)
    p = subprocess.run([program], input=text.encode("utf-8", "surrogateescape"), stdout=subprocess.PIPE, check=True)
    return p.stdout.decode().split("\n")[:-1]


def unescape(text):
    return re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text).encode("latin-1").decode("utf-8", "surrogateescape")


def golden_pairs(scheme):
    """(A, op, B) and (A, "invalid"|"valid") of tests/golden/version, but for those that the protocols here cannot carry."""
    for line in (source / "tests/golden/version" / f"{scheme}.txt").read_text().splitlines():
        if not line or line.startswith("#") or re.search(r"\\x0[09a]", line):
            continue
        word, _, rest = line.partition(" ")
        if word in ("invalid", "valid"):
            yield unescape(rest), word
        else:
            a, op, b = GOLDEN_LINE.fullmatch(line).groups()
            yield unescape(a), op, unescape(b)


def tables(name):
    for path in sorted(glob.glob(str(shared / "truth/versions" / name))):
        for line in open(path, encoding="utf-8"):
            fields = line.rstrip("\n").split("\t")
            yield fields[0]
            if len(fields) > 2:
                yield fields[-1]
    for path in sorted(glob.glob(str(shared / "corpus/goldens/osv-scalibr-versions" / name))):
        for line in open(path, encoding="utf-8"):
            m = GOLDEN_LINE.fullmatch(line.rstrip("\n"))
            if m and not line.startswith("//"):
                yield m[1]
                yield m[3]


def apt_lists():
    if shutil.which("apt-cache"):
        p = subprocess.run(["apt-cache", "dumpavail"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for m in re.finditer(r"(?m)^Version: (.*)$", p.stdout.decode()):
            yield m[1]


def wanted_packages(kind):
    for path in sorted(glob.glob(str(shared / "truth/expected/*.packages.tsv"))):
        for line in open(path, encoding="utf-8"):
            fields = line.rstrip("\n").split("\t")
            if fields[0] == kind and len(fields) > 2:
                yield fields[2]


def of_zip(ecosystem):
    """Versions in the records of a dump of OSV."""
    path = shared / "mirror/osv-vulnerabilities.storage.googleapis.com" / ecosystem / "all.zip"
    if not path.exists():
        return
    with zipfile.ZipFile(path) as dump:
        for name in dump.namelist():
            for affected in json.loads(dump.read(name)).get("affected", []):
                yield from affected.get("versions", [])
                for r in affected.get("ranges", []):
                    if r["type"] != "GIT":
                        yield from (v for event in r["events"] for v in event.values())


def of_text(pattern, expression):
    """What an expression finds in files of the mirror."""
    for path in sorted(glob.glob(str(shared / "mirror" / pattern), recursive=True)):
        for m in re.finditer(expression, pathlib.Path(path).read_text(encoding="utf-8", errors="replace")):
            yield m[1]


def of_feeds(scheme):
    """Versions in the feeds of ../shared/mirror."""
    if scheme == "dpkg":
        yield from of_text("security-tracker.debian.org/**/json", r'"fixed_version" *: *"([^"\\]+)"')
    elif scheme == "apk":
        yield from of_text("secdb.alpinelinux.org/**/*.json", r'"([^"\\]+-r\d+)" *: *\[')
    elif scheme == "rpm":
        yield from of_text("**/*.xml", r">(?:\(none\)|0):([^<>]+)</")
        yield from of_zip("AlmaLinux")
    elif scheme == "pep440":
        yield from of_zip("PyPI")
    elif scheme in ("go", "semver"):
        yield from of_zip("Go")
    elif scheme == "freebsd":
        yield from of_zip("FreeBSD")


# What no alphabet has: digits, letters and blanks of other alphabets, bytes that say nothing.
ODD = "\u0663 \uff11 \u00b2 \u00e9 \u0130 \u00df \u2160 \u200b \ufeff \u2028 \x7f \x01 \x1b \u00ad \U0001f600 % / \\ \" # $".split(" ")
ODD_BYTES = ODD + ["\udcff", "\udc80", "\udcc3"]  # no UTF-8: only where the judge is handed bytes


# name: (files of ../shared, kind of package there, alphabet of single changes, words put in)
SCHEMES = {
    "dpkg": (["dpkg*", "debian*"], "deb", "0123456789abcZ.+~-:", "~ ~rc1 ~~ + +b1 +deb12u1 -1 - 1: 0: +dfsg .git2024 ~bpo12+1 ubuntu0.1"),
    "rpm": (["rpm*", "redhat*"], "rpm", "0123456789abcZ._+~^-:", "~ ~rc1 ^ ^git1 -1 - 1: 0: .el8 .el8_10 .module+el8 .. a ~^ ^~"),
    "apk": (
        ["apk*", "alpine*"],
        "apk",
        "0123456789abp._-r~",
        "_alpha _beta1 _pre2 _rc3 _cvs _svn1 _git20240101 _hg _p1 -r0 -r12 .0 .00 a ~0123abc ~abcdef0 _ _x .010",
    ),
    "pep440": (
        ["pep440*", "pypi*"],
        "pypi",
        "0123456789abcrv.-_+!V\u00a0",
        "a1 b2 rc3 .dev4 .post5 -6 +local.7 +1 1! 0! alpha beta c preview pre rev r v dev post . _ - \u2003",
    ),
    "semver": (["semver*"], "npm", "0123456789abZ.-+v", "-alpha -alpha.1 -rc.10 -0 +build +001 .0 v -x-y-z.1 -1 .-"),
    "go": (
        ["semver*"],
        "golang",
        "0123456789abZ.-+vgor",
        "-alpha -rc.10 +incompatible v go rc1 beta2 -0.20240101000000-abcdefabcdef .0 -corp go1.21 go1.20rc2",
    ),
    "maven": (
        ["maven*"],
        "maven",
        "0123456789abmxRC.-_+",
        "-alpha -beta1 -a1 .b2 m3 -rc -CR2 -SNAPSHOT -ga .Final -RELEASE -sp .sp1 -jre -1 .0 .0.0 -- .. -.x x .Beta.1 0.",
    ),
    "pacman": (["dpkg*"], "alpm", "0123456789abcZ._+~-:", ".1 _1 .a a .rc1 rc1 alpha beta.2 +r12 .r3.gabcdef0 -1 -2 -1.1 1: 0: . _ .00 +"),
    "rhctag": (
        ["rpm*"],
        "oci",
        "0123456789abv._-",
        "v .0 .1 .10 -1 -2 -140 .g49a6fcf .release_4 -202112140546.p0 .assembly.stream 1742843776",
    ),
    "gem": (["rubygems*"], "gem", "0123456789abZ.-_", ".0 .0.0 .a .pre1 .rc.2 -1 -x86 b2 .beta - . .0.a"),
    "composer": (
        ["packagist*"],
        "composer",
        "0123456789abpvx.-_+@*:",
        "-alpha -alpha1 -beta.2 b3 RC -RC1 rc2.1 -patch p1 pl2 -stable .dev -dev .x-dev .* dev- v @dev +b 2010-01-02 20100102 -20 .0",
    ),
    "nuget": (["nuget*", "semver-v*"], "nuget", "0123456789abBZ.-+", "-alpha -ALPHA.1 -rc.10 -0 +build .0 .0.0 .1 -x-y-z.1 -1 .- 0"),
    "pub": (["pub*", "semver-v*"], "pub", "0123456789abZ.-+v", "-alpha -alpha.1 -rc.10 -0 +build +001 .0 -dev.1 -1 .- +2"),
    "portage": (
        ["apk*", "dpkg*"],
        "ebuild",
        "0123456789abp._-r*",
        "_alpha _beta1 _pre2 _rc3 _p _p1 _p20230101 -r0 -r1 -r12 -r01 .0 .00 .01 .010 .10 a b _ _x -r .",
    ),
    "hackage": (["hackage*", "cran*"], "hackage", "00123456789.-", ".0 .1 .00 .9000 . - .10 .01 0"),
    "bitnami": (["bitnami*", "semver-v*"], "bitnami", "0123456789ab.-+v", "-0 -1 -10 -00 .0 .00 -1.2 -a +b v - . 0 01"),
    "opam": (["dpkg*"], "opam", "0123456789abcZ._+~-v", "~ ~rc1 ~~ ~alpha1 +options -1 - -rc2 v .0 .00 0 00 +flambda a"),
    "freebsd": (
        ["dpkg*"],
        "freebsd",
        "0123456789abcpZ._+*,:",
        "_1 _2 _10 ,1 ,2 _1,1 ,1,1 pl pl2 alpha alpha3 beta .b2 pre rc1 snap .snap2 rc RC4 .* * *,1 + +1 +28_1 .p0 .0 .00 g2025 .d2024 _",
    ),
    "cran": (["cran*"], "cran", "00123456789.-", ".0 -1 -0 .00 .9000 . - .10"),
}


def pool(scheme, quick=False):
    """Real versions of a scheme; quick: only those of tests/golden/version."""
    names, kind, _, _ = SCHEMES[scheme]
    found = set()
    if not quick:
        found.update(wanted_packages(kind), of_feeds(scheme))
        for name in names:
            found.update(tables(name))
        if scheme == "dpkg":
            found.update(apt_lists())
    for row in golden_pairs(scheme):
        found.update({row[0], row[2]} if len(row) == 3 else {row[0]})
    return sorted(v for v in found if v and not re.search(r"[\t\n\r\0]", v))


class Maker:
    """Makes pairs of versions of one scheme; the same for the same seed."""

    def __init__(self, rng, scheme, versions):
        _, _, self.alphabet, words = SCHEMES[scheme]
        self.words = words.split(" ")
        self.odd = ODD_BYTES if scheme in ("dpkg", "pacman", "apk", "freebsd") else ODD
        self.versions = versions
        self.random = rng.random

    def below(self, n):
        return int(self.random() * n)  # randrange() takes four times as long

    def pick(self, sequence):
        return sequence[int(self.random() * len(sequence))]

    def number(self, text):
        numbers = list(re.finditer(r"[0-9]+", text))
        if not numbers:
            return self.pick(self.words)
        m = self.pick(numbers)
        if self.below(2):
            number = str(max(0, int(m[0][:30]) + self.pick((-1, 1, 10))))
        else:
            number = self.pick(("0", "00", "0" + m[0], "000" + m[0], m[0] + "0", "4294967296", "9" * 17, "18446744073709551616"))
        return text[: m.start()] + number + text[m.end() :]

    def mutate(self, text):
        how = self.below(9) if self.below(50) else 9
        at = self.below(len(text) + 1)
        if how == 0:
            return text[:at] + self.pick(self.alphabet) + text[at:]
        if how == 1:
            return text[:at] + text[at + 1 :]
        if how == 2:
            return text[:at] + self.pick(self.alphabet) + text[at + 1 :]
        if how == 3:
            return text[:at] + self.pick(self.words) + text[at:]
        if how == 4:
            return text + self.pick(self.words)
        if how == 5:
            other = self.pick(self.versions)
            return text[:at] + other[self.below(len(other) + 1) :]
        if how == 6:
            end = self.below(len(text) + 1)
            return text[: max(at, end)] + text[min(at, end) :]
        if how == 9:
            return text[:at] + self.pick(self.odd) + text[at:]
        return self.number(text)

    def pairs(self, n):
        out = []
        while len(out) < n:
            a = self.pick(self.versions)
            b = a if self.below(8) else self.pick(self.versions)
            for _ in range(self.pick((0, 0, 0, 1, 1, 2))):
                a = self.mutate(a)
            for _ in range(self.pick((0, 1, 1, 1, 2, 3))):
                b = self.mutate(b)
            if a and b:
                out.append((a, b))
        return out
