#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""liblimpid-match from Python, by way of ctypes: what match.c beside it does, with the same words.

usage: match.py REPORT DATA-FOLDER      (LD_LIBRARY_PATH where the library is not installed)
"""
import ctypes
import json
import sys
from ctypes import CFUNCTYPE, POINTER, byref, c_char, c_char_p, c_double, c_int, c_int64, c_size_t, c_void_p

lib = ctypes.CDLL("liblimpid-match.so.0")


class Error(ctypes.Structure):
    _fields_ = [("status", c_int), ("message", c_char * 512)]


class System(ctypes.Structure):
    _fields_ = [(n, c_char_p) for n in ("id", "version_id", "version_codename", "pretty_name", "variant_id")]


class Package(ctypes.Structure):
    _fields_ = [(n, c_char_p) for n in ("type", "name", "version", "source_name", "source_version", "arch", "module")]


class Score(ctypes.Structure):
    _fields_ = [("vector", c_char_p), ("author", c_char_p), ("score", c_double), ("primary", c_int)]


class Known(ctypes.Structure):
    _fields_ = [("cve", c_char_p), ("scores", POINTER(Score)), ("n_scores", c_size_t), ("epss", c_double),
                ("epss_percentile", c_double), ("epss_date", c_char_p), ("exploited", c_int), ("exploited_since", c_char_p),
                ("exploited_due", c_char_p), ("ransomware", c_int)]


class Finding(ctypes.Structure):
    _fields_ = [("package", c_size_t), ("type", c_char_p), ("name", c_char_p), ("version", c_char_p), ("id", c_char_p),
                ("aliases", POINTER(c_char_p)), ("n_aliases", c_size_t), ("source", c_char_p), ("segment", c_char_p),
                ("severity", c_int), ("severity_text", c_char_p), ("fixed", c_char_p), ("comparison", c_char_p),
                ("summary", c_char_p), ("description", c_char_p), ("links", POINTER(c_char_p)), ("n_links", c_size_t),
                ("cvss", POINTER(c_char_p)), ("n_cvss", c_size_t), ("issued", c_int64), ("reason", c_char_p),
                ("known", POINTER(Known)), ("n_known", c_size_t)]


class Coverage(ctypes.Structure):
    _fields_ = [("code", c_char_p), ("scope", c_char_p), ("detail", c_char_p), ("packages", c_size_t), ("gap", c_int)]


class Callbacks(ctypes.Structure):
    FINDING = CFUNCTYPE(c_int, c_void_p, POINTER(Finding))
    COVERAGE = CFUNCTYPE(c_int, c_void_p, POINTER(Coverage))
    _fields_ = [("finding", FINDING), ("suppressed", FINDING), ("coverage", COVERAGE)]


lib.limpid_match_severity_name.restype = c_char_p
lib.limpid_match_packages.argtypes = [c_void_p, POINTER(System), POINTER(Package), c_size_t, POINTER(Callbacks), c_void_p,
                                      POINTER(c_int), POINTER(Error)]
lib.limpid_match_report.argtypes = [c_void_p, c_char_p, c_size_t, c_char_p, POINTER(c_void_p), POINTER(c_size_t),
                                    POINTER(c_int), POINTER(Error)]
lib.limpid_match_free_text.argtypes = [c_void_p]
lib.limpid_match_close.argtypes = [c_void_p]
INDEX = {"manifest_hash": "sha256:" + 64 * "1", "state": "IndexFinished", "success": True, "err": "",
         "packages": {"1": {"id": "1", "name": "lodash", "version": "4.17.20", "kind": "binary"}}, "distributions": {},
         "repository": {"1": {"id": "1", "name": "npm", "uri": "https://www.npmjs.com/"}},
         "environments": {"1": [{"package_db": "nodejs:app/node_modules/lodash/package.json",
                                 "introduced_in": "sha256:" + 64 * "2", "distribution_id": "", "repository_ids": ["1"]}]}}


def check(status, error, what):
    if status != 0:
        sys.exit(f"{what}: {error.message.decode()}")


@Callbacks.FINDING
def on_finding(_, finding):
    f = finding.contents
    severity = lib.limpid_match_severity_name(f.severity).decode()
    print(f"{f.name.decode()} {f.version.decode()}: {f.id.decode()} {severity}, fixed in "
          f"{f.fixed.decode() or 'no version'} ({f.comparison.decode()})")
    for known in f.known[:f.n_known]:
        print(f"  {known.cve.decode()}: EPSS {known.epss:.5f}{', known to be exploited' if known.exploited else ''}")
    return 0


@Callbacks.COVERAGE
def on_coverage(_, item):
    c = item.contents
    if c.code == b"no-feed":
        print(f"not looked up: {c.scope.decode()}, {c.packages} packages")
    return 0


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: match.py REPORT DATA-FOLDER")
    score, handle, error, text, length = c_double(), c_void_p(), Error(), c_void_p(), c_size_t()
    severity = lib.limpid_match_severity_of_cvss(b"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", byref(score))
    important = lib.limpid_match_severity_of_word(b"rhel-vex", b"important")
    print(f"{score.value:.1f} is {lib.limpid_match_severity_name(severity).decode()}; important is "
          f"{lib.limpid_match_severity_name(important).decode()}")
    check(lib.limpid_match_open(sys.argv[2].encode(), byref(handle), byref(error)), error, sys.argv[2])
    packages = (Package * 4)(Package(b"apk", b"libssl3", b"3.1.4-r1", b"openssl"), Package(b"apk", b"musl", b"1.2.4-r2"),
                             Package(b"npm", b"json5", b"2.2.1"), Package(b"hex", b"plug", b"1.15.0"))
    callbacks = Callbacks(on_finding, Callbacks.FINDING(), on_coverage)
    check(lib.limpid_match_packages(handle, System(b"alpine", b"3.18.4"), packages, len(packages), callbacks, None, None,
                                    byref(error)), error, "packages")
    index = json.dumps(INDEX).encode()
    check(lib.limpid_match_report(handle, index, len(index), b"clair", byref(text), byref(length), None, byref(error)), error,
          "report")
    report = ctypes.string_at(text, length.value)
    lib.limpid_match_free_text(text)
    lib.limpid_match_close(handle)
    with open(sys.argv[1], "wb") as f:
        f.write(report)
    names = {v["name"] for v in json.loads(report)["vulnerabilities"].values()}
    print("a report in Clair's format:", "it names" if "GHSA-35jh-r3h4-6jhm" in names else "it does not name",
          "GHSA-35jh-r3h4-6jhm")


main()
