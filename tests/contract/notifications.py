# SPDX-License-Identifier: Apache-2.0
"""What a real Clair told after two changes of feeds, and what limpid-serve tells after the same (conformance/clair/notifier).

Compared: who is told of which operation; reasons and vulnerabilities as far as a summary is no matter of chance; members, their types
and their order; the answers to each recorded request. docs/differences.md, "The notifier", says what differs and why.
"""
import collections
import http.server
import json
import re
import shutil
import subprocess
import threading
import time
import zipfile

import transcripts

CALLBACK = "http://127.0.0.1:6060/notifier/api/v1/notification/"
FEEDS = [x for f in ("alpine", "debian", "osv", "photon") for x in ("--set", f)]


class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while (size := int(self.rfile.readline(), 16)) > 0:
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((body, {k.lower(): self.headers.get_all(k) for k in self.headers}))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.daemon_threads, server.got = True, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def change_feeds(mirror, folder):
    """feed-change.txt"""
    shutil.copytree(mirror, folder)
    path = folder / "secdb.alpinelinux.org/v3.9/main.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    packages = {p["pkg"]["name"]: p["pkg"]["secfixes"] for p in document["packages"]}
    packages["busybox"]["1.99.0-r0"] = ["CVE-2999-1111", "CVE-2999-1112 with words"]
    packages["openssl"]["1.1.1b-r1"].remove("CVE-2019-1543")
    packages["openssl"].setdefault("1.1.1b-r9", []).append("CVE-2019-1543")
    document["packages"] = [p for p in document["packages"] if p["pkg"]["name"] != "musl"]
    path.write_text(json.dumps(document), encoding="utf-8")
    path = folder / "osv-vulnerabilities.storage.googleapis.com/Maven/all.zip"
    with zipfile.ZipFile(path) as z:
        records = {n: z.read(n) for n in z.namelist()}
    records = {n: b for n, b in records.items() if json.loads(b)["id"] != "MADE-2023-0002"}
    records["MADE-2024-0005.json"] = json.dumps({
        "id": "MADE-2024-0005", "summary": "x", "modified": "2024-01-02T03:04:05Z",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"}],
        "affected": [{"package": {"ecosystem": "Maven", "name": "log4j:log4j"},
                      "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]}).encode()
    with zipfile.ZipFile(path, "w") as z:
        for name, body in records.items():
            z.writestr(name, body)


class Compare:
    def __init__(self, s, hook, folder, limpid, mirror, data):
        self.s, self.hook, self.folder, self.limpid, self.mirror, self.data = s, hook, folder, limpid, mirror, data
        self.wrong, self.compared = [], 0

    def check(self, what, want, got):
        self.compared += 1
        if want != got:
            self.wrong.append(f"{what}\n    clair  {str(want)[:600]}\n    limpid {str(got)[:600]}")

    def update(self, mirror):
        """Publish; gives the new notifications, each as (id, its entries)."""
        before = len(self.hook.got)
        subprocess.run([self.limpid, "update", "-q", "--db", self.data, "--mirror", mirror, "--accept"] + FEEDS,
                       stderr=subprocess.DEVNULL, check=False)
        time.sleep(3)
        found = []
        for body, headers in self.hook.got[before:]:
            document = json.loads(body)
            self.check("members of the webhook's body", ["callback", "notification_id"], list(document))
            self.check("callback", CALLBACK + document["notification_id"], document["callback"])
            self.check("content type of the webhook", ["application/json"], headers.get("content-type"))
            page = self.s.get("/notifier/api/v1/notification/" + document["notification_id"]).json()
            found.append((document["notification_id"], page["notifications"]))
        return found

    def known(self, manifest):
        """Could it be posted here? Some images and exchanges are kept back. And has it a package at all: rule `hidden`."""
        answer = self.s.get("/indexer/api/v1/index_report/" + manifest)
        return answer.code == 200 and bool(answer.json()["packages"])

    def form(self, want, got):
        """Members, their order, the types of their values."""
        def shape(v):
            if isinstance(v, dict):
                return sorted((k, shape(x)) for k, x in v.items())
            return type(v).__name__
        for part in ("package", "distribution"):
            self.check(f"members of {part}", shape(want["vulnerability"][part]), shape(got["vulnerability"][part]))
        self.check("members of an entry", sorted(want), sorted(got))
        self.check("members of a vulnerability", sorted(want["vulnerability"]), sorted(got["vulnerability"]))

    def order(self, path, got):
        """Members in the order in which they come; the files of whole notifications have them sorted."""
        def keys(v):
            return [(k, keys(x)) for k, x in v.items()] if isinstance(v, dict) else None
        want = keys(json.loads(transcripts.Transcript(path).want.body)["notifications"][0])
        # A repository's name is Clair's own in more ecosystems: the others' order counts.
        mine = [(k, [x for x in v if x[0] != "repo"] if k == "vulnerability" else v) for k, v in keys(got)]
        want = [(k, [x for x in v if x[0] != "repo"] if k == "vulnerability" else v) for k, v in want]
        self.check(f"{path.name}: order of members", want, mine)
        self.check(f"{path.name}: order of a vulnerability", list(json.loads(transcripts.Transcript(path).want.body)["notifications"][0]
                                                                 ["vulnerability"]), list(got["vulnerability"]))

    def summaries(self, path, got):
        """One entry for a manifest. Which of several vulnerabilities of one severity it names is chance."""
        want = [e for e in json.loads(path.read_text(encoding="utf-8").replace("[.]", "."))["notifications"] if self.known(e["manifest"])]
        self.check(f"{path.name}: manifests", sorted(e["manifest"] for e in want), sorted(e["manifest"] for e in got))
        mine = {e["manifest"]: e for e in got}
        for e in want:
            if e["manifest"] in mine:
                m = mine[e["manifest"]]
                self.form(e, m)
                self.check(f"{path.name}: severity, package", (e["vulnerability"]["severity"], e["vulnerability"]["package"]["name"]),
                           (m["vulnerability"]["severity"], m["vulnerability"]["package"]["name"]))
                self.check(f"{path.name}: reason", e["reason"], m["reason"])

    def summaries_of_java(self, path, got):
        """The new advisory is of log4j:log4j, by which Clair does not know the jar: rule `java-finding`. It is the graver one."""
        want = [e for e in json.loads(path.read_text(encoding="utf-8").replace("[.]", "."))["notifications"] if self.known(e["manifest"])]
        self.check(f"{path.name}: manifests", sorted(e["manifest"] for e in want), sorted(e["manifest"] for e in got))
        for e in got:
            self.form(want[0], e)
            self.check(f"{path.name}: what it tells", ("added", "MADE-2024-0005", "log4j:log4j", "Critical"),
                       (e["reason"], e["vulnerability"]["name"], e["vulnerability"]["package"]["name"],
                        e["vulnerability"]["severity"]))

    def every_change(self, path, got):
        """disable_summary. A later or earlier fix is "removed" and "added" there, and here "changed" where both are true."""
        want = collections.defaultdict(set)
        for e in json.loads(path.read_text(encoding="utf-8").replace("[.]", "."))["notifications"]:
            if self.known(e["manifest"]):
                # "CVE-2999-1112 with words" of the feed is the id alone here.
                want[e["reason"], e["vulnerability"]["name"].split()[0]].add(e["manifest"])
        mine = collections.defaultdict(set)
        for e in got:
            mine[e["reason"], e["vulnerability"]["name"]].add(e["manifest"])
            mine["removed" if e["reason"] == "changed" else "", e["vulnerability"]["name"]].add(e["manifest"])
            mine["added" if e["reason"] == "changed" else "", e["vulnerability"]["name"]].add(e["manifest"])
        for reason, name in sorted(want):
            self.check(f"{path.name}: {reason} {name}", sorted(want[reason, name]), sorted(mine[reason, name]))
        for reason, name in sorted(mine):
            if reason in ("added", "removed"):
                self.check(f"{path.name}: {reason} {name}, the other way", True, (reason, name) in want)

    def requests(self, folder, ids, entries):
        """Each recorded request, with our ids in the places of theirs."""
        for path in sorted(folder.glob("*.txt")):
            if not re.match(r"\d{3}-", path.name):
                continue
            t = transcripts.Transcript(path)
            if not any(theirs in t.path for theirs in ids):
                continue

            def ours(text):
                for theirs, mine in ids.items():
                    text = text.replace(theirs, mine)
                m = re.search(r"next=([0-9a-f-]{36})", text)
                if m:
                    id = next(i for i in ids if i in t.path)
                    order = sorted(x["id"] for x in json.loads((folder / (id + ".json")).read_text())["notifications"])
                    mine = sorted(x["id"] for x in entries[ids[id]])
                    # As far on as theirs was; the last one is the last one.
                    at = order.index(m.group(1)) if m.group(1) in order else 0
                    text = text.replace(m.group(1), mine[-1] if at == len(order) - 1 else mine[min(at, len(mine) - 1)])
                return text
            got = transcripts.ask(self.s.api, t.request(ours))
            self.check(f"{path.name}: status", t.want.code, got.code)
            self.check(f"{path.name}: content type", t.want.all("content-type"), got.all("content-type"))
            if not t.cut and t.method == "GET":
                want, mine = json.loads(t.want.body), json.loads(got.body)
                self.check(f"{path.name}: members", (list(want), want["page"]["size"]), (list(mine), mine["page"]["size"]))
                self.check(f"{path.name}: entries", min(len(want["notifications"]), 1), min(len(mine["notifications"]), 1))


def compare(s, hook, recorded, folder, limpid, mirror, data):
    """After images were posted and feeds published: (number of comparisons, what is wrong)."""
    c = Compare(s, hook, folder, limpid, mirror, data)
    change_feeds(mirror, folder / "changed")
    found = c.update(folder / "changed")
    ids, entries = {}, {}
    for path in sorted(recorded.glob("*-*-*-*-*.json")):
        theirs = json.loads(path.read_text(encoding="utf-8").replace("[.]", "."))["notifications"]
        package = theirs[0]["vulnerability"]["package"]["name"]
        java = theirs[0]["vulnerability"]["repo"].get("name") == "maven"
        mine = [(i, e) for i, e in found if e and (e[0]["vulnerability"].get("repo", {}).get("name") == "maven" if java else
                                                   e[0]["vulnerability"]["package"]["name"] == package)]
        c.check(f"{path.name}: notifications of {package}", 1, len(mine))
        if mine and java:
            c.summaries_of_java(path, mine[0][1])
        elif mine:
            c.summaries(path, mine[0][1])
            ids[path.stem] = mine[0][0]
            entries[mine[0][0]] = mine[0][1]
            c.order(recorded / "013-page-0.txt", mine[0][1][0])
    c.requests(recorded, ids, entries)
    s.settings["notifier"]["disable_summary"] = True
    s.restart()
    found = c.update(mirror)
    path = next((recorded / "no-summary").glob("*-*-*-*-*.json"))
    mine = [(i, e) for i, e in found if e and e[0]["vulnerability"]["distribution"]["did"] == "alpine"]
    c.check(f"{path.name}: notifications", 1, len(mine))
    if mine:
        id, rest = mine[0][0], []
        page = {"page": {"next": ""}}
        while "next" in page["page"]:
            next_ = "&next=" + page["page"]["next"] if page["page"]["next"] else ""
            page = s.get(f"/notifier/api/v1/notification/{id}?page_size=10{next_}").json()
            rest += page["notifications"]
        c.every_change(path, rest)
        c.requests(recorded / "no-summary", {path.stem: id}, {id: rest})
    return c.compared, c.wrong
