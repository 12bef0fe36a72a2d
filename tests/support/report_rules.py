# SPDX-License-Identifier: Apache-2.0
"""What the documentation of each report format demands, for those whose makers publish no validator as a package.

    report_rules.errors("gitlab", bytes) yields what is wrong

The rules of each are written down from: GitLab's container-scanning-report-format.json 15.0.0; the JUnit schema of Jenkins' xunit
plugin; Harbor's scanner-adapter-openapi-v1.1.yaml and its report 1.1; the OpenVEX specification 0.2.0; cosign's vuln-attestation
specification; GitHub's REST description of POST dependency-graph/snapshots; what clair-action's quay.go writes; RFC 4180. Trivy's
members are those of its own recorded reports, where they lie (LIMPID_SHARED).
"""
import csv
import html.parser
import io
import json
import os
import pathlib
import re
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
SHARED = pathlib.Path(os.environ.get("LIMPID_SHARED") or HERE.parent.parent.parent / "shared")
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
URL = r"https?://\S+"
PURL = r"pkg:[a-z]+/\S+"
SEVERITIES = "Unknown|Negligible|Low|Medium|High|Critical"


def shape(value, want, where="$"):
    """want: a pattern of a whole text, a type, [element], {member: want}, with "?" after names that may be absent."""
    if isinstance(want, list):
        if not isinstance(value, list):
            yield f"{where}: no list"
            return
        for i, x in enumerate(value):
            yield from shape(x, want[0], f"{where}[{i}]")
    elif isinstance(want, dict):
        if not isinstance(value, dict):
            yield f"{where}: no object"
            return
        names = {k.rstrip("?") for k in want}
        for k, w in want.items():
            if k.rstrip("?") in value:
                yield from shape(value[k.rstrip("?")], w, f"{where}.{k.rstrip('?')}")
            elif not k.endswith("?"):
                yield f"{where}: lacks {k}"
        yield from (f"{where}: has {k}" for k in value if k not in names)
    elif isinstance(want, str):
        if not isinstance(value, str) or not re.fullmatch(want, value, re.S):
            yield f"{where}: {value!r:.80} is not {want}"
    elif not isinstance(value, want) or (want is int and isinstance(value, bool)):
        yield f"{where}: {value!r:.80} is no {want}"


PROGRAM = {"id": ".+", "name": ".+", "version": ".+", "vendor": {"name": ".+"}}
TEXT_FIELD = {"type": "text", "name": ".+", "value": str}
GITLAB = {
    "version": r"15\.\d+\.\d+", "remediations": [dict],
    "scan": {"analyzer": PROGRAM, "scanner": PROGRAM, "start_time": DATE, "end_time": DATE, "status": "success|failure",
             "type": "container_scanning", "messages": [{"level": "info|warn|fatal", "value": ".+"}]},
    "vulnerabilities": [{
        "id": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "name": ".{0,255}", "description": ".{0,1048576}",
        "severity": "Info|Unknown|Low|Medium|High|Critical", "solution?": ".{1,7000}",
        "location": {"dependency": {"package": {"name": ".+"}, "version": str}, "operating_system": ".+",
                     "image": r"[^:]+(:\d+[^:]*)?:[^:]+(:[^:]+)?"},
        "identifiers": [{"type": ".+", "name": ".+", "value": ".+", "url?": "https?://.+"}], "links": [{"url": URL}],
        "details": {"path?": TEXT_FIELD, "purl": TEXT_FIELD, "layer?": TEXT_FIELD, "source?": TEXT_FIELD, "comparison?": TEXT_FIELD}}]}
HARBOR = {
    "generated_at": DATE + "Z", "severity": SEVERITIES, "vendor_attributes": {"complete": bool, "coverage": [".+"]},
    "artifact": {"repository": ".+", "digest": str, "tag": str, "mime_type": ".+"},
    "scanner": {"name": ".+", "vendor": ".+", "version": ".+"},
    "vulnerabilities": [{
        "id": ".+", "package": ".+", "version": str, "fix_version": str, "severity": SEVERITIES, "description": str, "links": [URL],
        "cwe_ids": [str], "layer?": {"digest": str, "diff_id": str},
        "preferred_cvss?": {"score_v3?": (int, float), "vector_v3?": "CVSS:3.+", "score_v2?": (int, float), "vector_v2?": ".+"},
        "vendor_attributes": {"purl": PURL, "path": str, "source": str, "aliases": [".+"]}}]}
QUAY = {"status": "scanned", "data": {"Layer": {
    "Name": str, "ParentName": "", "NamespaceName": "", "IndexedByVersion": int, "Limpid": {"Complete": bool, "Coverage": [".+"]},
    "Features": [{"Name": ".+", "VersionFormat": "", "NamespaceName": "", "AddedBy": str, "Version": str, "Vulnerabilities": [{
        "Severity": SEVERITIES, "NamespaceName": str, "Link": str, "FixedBy": str, "Description": str, "Name": ".+",
        "Metadata": {"UpdatedBy": str, "RepoName": str, "RepoLink": type(None), "DistroName": str, "DistroVersion": str,
                     "NVD": {"CVSSv3": {"Vectors": str, "Score": (int, float, str)}}}}]}]}}}
SUBCOMPONENT = {"@id": PURL, "identifiers": {"purl": PURL}}
OPENVEX = {
    "@context": r"https://openvex\.dev/ns/v0\.2\.0", "@id": URL, "author": ".+", "role": ".+", "timestamp": DATE + "Z", "version": int,
    "tooling": ".+",
    "statements": [{"vulnerability": {"@id?": URL, "name": ".+", "description?": str, "aliases?": [".+"]},
                    "products": [{"@id": PURL, "subcomponents": [SUBCOMPONENT]}], "status": "affected|not_affected",
                    "action_statement?": ".+", "impact_statement?": ".+"}]}
COSIGN = {
    "invocation": {"parameters": [str], "uri": str, "event_id": str, "builder.id": str},
    "scanner": {"uri": PURL, "version": ".+", "result": dict,
                "db": {"uri": ".+", "version": "sha256:[0-9a-f]{64}", "lastUpdate": (str, type(None))}},
    "metadata": {"scanStartedOn": DATE + "Z", "scanFinishedOn": DATE + "Z"}}
GITHUB = {
    "version": int, "sha": "[0-9a-f]{40}", "ref": "refs/.+", "scanned": DATE + "Z", "job": {"id": ".+", "correlator": ".+"},
    "detector": {"name": ".+", "version": ".+", "url?": URL}, "manifests": dict}
RESOLVED = {"package_url": PURL, "relationship": "direct|indirect", "scope": "runtime|development", "dependencies": [str]}


def gitlab(text):
    doc = json.loads(text)
    yield from shape(doc, GITLAB)
    for v in doc["vulnerabilities"]:
        if not v["identifiers"]:
            yield f"{v['id']}: no identifier"
    ids = [v["id"] for v in doc["vulnerabilities"]]
    if len(set(ids)) != len(ids):
        yield "two vulnerabilities of one id"


def harbor(text):
    yield from shape(json.loads(text), HARBOR)


def quay(text):
    yield from shape(json.loads(text), QUAY)


def openvex(text):
    doc = json.loads(text)
    yield from shape(doc, OPENVEX)
    for s in doc["statements"]:
        needs = {"affected": "action_statement", "not_affected": "impact_statement"}[s["status"]]
        if needs not in s or not s["products"][0]["subcomponents"]:
            yield f"{s['vulnerability']['name']}: lacks {needs} or products"


def cosign(text):
    yield from shape(json.loads(text), COSIGN)


def github(text):
    doc = json.loads(text)
    yield from shape(doc, GITHUB)
    for name, m in doc["manifests"].items():
        yield from shape({k: v for k, v in m.items() if k != "metadata"}, {"name": re.escape(name), "resolved": dict})
        if len(m["metadata"]) > 8 or any(isinstance(v, (dict, list)) for v in m["metadata"].values()):
            yield "metadata: at most 8 scalars"
        for key, package in m["resolved"].items():
            yield from shape(package, RESOLVED, key)


JUNIT = {"testsuites": ("testsuite",), "testsuite": ("properties", "testcase", "system-out", "system-err"), "properties": ("property",),
         "testcase": ("skipped", "error", "failure", "system-out", "system-err"), "property": (), "skipped": (), "failure": (),
         "system-out": ()}


def junit(text):
    root = xml.etree.ElementTree.fromstring(text)
    if root.tag != "testsuites":
        yield "the root is no testsuites"
    for e in root.iter():
        order = [JUNIT[e.tag].index(c.tag) if c.tag in JUNIT[e.tag] else -1 for c in e]
        if order != sorted(order) or -1 in order:
            yield f"{e.tag}: children {[c.tag for c in e]}"
    for suite in root:
        cases = suite.findall("testcase")
        for name, n in (("tests", len(cases)), ("failures", len(suite.findall("testcase/failure"))),
                        ("skipped", len(suite.findall("testcase/skipped")))):
            if suite.get(name) != str(n):
                yield f"{suite.get('name')}: {name} is {suite.get(name)}, there are {n}"
        if not re.fullmatch(DATE, suite.get("timestamp")):
            yield "timestamp"
        yield from (f"a case without {a}" for c in cases for a in ("name", "classname") if not c.get(a))
    if root.get("tests") != str(len(root.findall("*/testcase"))) or root.get("tests") == "0":
        yield "tests of all"


def key_paths(value, at=()):
    if isinstance(value, dict):
        for k, v in value.items():
            # The names of sources are keys.
            k = "*" if at and at[-1] in ("CVSS", "VendorSeverity") else k
            yield at + (k,)
            yield from key_paths(v, at + (k,))
    elif isinstance(value, list):
        for v in value:
            yield from key_paths(v, at)


# Of trivy/pkg/types, not in the recorded reports: those were made without --list-all-pkgs, and with what is left out when empty.
TRIVY_MORE = {tuple(x.split(".")) for x in """
    Results.Packages Results.Packages.ID Results.Packages.Name Results.Packages.Identifier Results.Packages.Version Results.Packages.Arch
    Results.Packages.SrcName Results.Packages.SrcVersion Results.Packages.Layer Results.Packages.FilePath Results.Packages.Identifier.PURL
    Results.Packages.Identifier.UID Results.Packages.Layer.Digest Results.Packages.Layer.DiffID Metadata.RepoDigests
    Metadata.ImageConfig.variant Results.Vulnerabilities.PkgPath Results.Vulnerabilities.CVSS.*.V40Vector
    Results.Vulnerabilities.CVSS.*.V40Score""".split()}


def trivy(text):
    doc = json.loads(text)
    if doc["SchemaVersion"] != 2:
        yield "SchemaVersion"
    for r in doc["Results"]:
        for v in r.get("Vulnerabilities", []):
            if v["Severity"] not in ("UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"):
                yield f"{v['VulnerabilityID']}: {v['Severity']}"
            if v["PkgID"] not in {p["ID"] for p in r["Packages"]}:
                yield f"{v['PkgID']}: no such package"
    recorded = sorted((SHARED / "corpus/goldens/trivy/integration/testdata").glob("*.json.golden"))
    known = set(TRIVY_MORE).union(*(key_paths(json.loads(p.read_bytes())) for p in recorded))
    for path in sorted(set(key_paths(doc))) if recorded else ():
        if path not in known and path[:2] != ("Metadata", "Limpid"):
            yield f"{'.'.join(path)}: no report of Trivy's has it"


def csv_(text):
    rows = list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))
    if {len(r) for r in rows} != {len(rows[0])}:
        yield "lines of different lengths"
    yield from (f"{f!r:.40}" for r in rows for f in r if f[:1] in ("=", "+", "-", "@", "\t", "\r"))


class Page(html.parser.HTMLParser):
    """Every element is closed, and nothing comes from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.scripts, self.data, self.policy = [], [], 0, "", ""

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in ("meta", "input", "col", "rect"):
            self.open.append(tag)
        if any(k.startswith("on") or k in ("src", "href") for k in attrs):
            self.wrong.append(f"{tag}: {attrs}")
        self.scripts += tag == "script" and attrs.get("type") != "application/json"
        self.policy = attrs.get("content") if attrs.get("http-equiv") == "Content-Security-Policy" else self.policy

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data):
        if self.open[-1:] == ["script"] and data.startswith("{"):
            self.data = data


def html_(text):
    page = Page()
    page.feed(text.decode())
    page.close()
    yield from page.wrong
    if page.open or page.scripts != 1 or "<" in page.data or "default-src 'none'" not in page.policy:
        yield f"open {page.open}, {page.scripts} scripts, policy {page.policy}"
    json.loads(page.data)


def github_annotations(data):
    """Workflow commands, read as GitHub's runner reads them: a name, properties, a message; as many of a kind as it shows."""
    kinds = {}
    for line in data.decode().splitlines():
        m = re.fullmatch(r"::(error|warning|notice)( [^:]*)?::(.+)", line)
        if not m:
            yield f"no command: {line:.80}"
            continue
        kinds[m.group(1)] = kinds.get(m.group(1), 0) + 1
        properties = dict(p.partition("=")[::2] for p in (m.group(2) or "").strip().split(",") if p)
        if not properties.keys() <= {"title", "file", "line"} or "title" not in properties:
            yield f"properties {sorted(properties)}"
        if "line" in properties and not properties["line"].isdigit():
            yield f"line {properties['line']}"
        for text in [*properties.values(), m.group(3)]:
            if re.search(r"%(?!25|0D|0A|3A|2C)", text):
                yield f"not escaped: {text:.80}"
            if re.search(r"[\x00-\x1f\x7f]", text):
                yield f"a control character: {text!r:.80}"
    yield from (f"{n} of {kind}: ten are shown" for kind, n in kinds.items() if n > 10)
    if kinds.get("notice", 0) < 1:
        yield "no sum"


RULES = {"gitlab": gitlab, "harbor": harbor, "quay": quay, "openvex": openvex, "cosign": cosign, "github": github, "junit": junit,
         "github-annotations": github_annotations, "trivy": trivy, "csv": csv_, "html": html_}


def errors(name, text):
    return RULES[name](text) if name in RULES else iter(())
