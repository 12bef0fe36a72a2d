# SPDX-License-Identifier: Apache-2.0
"""Documents of NVD, EPSS and CISA's KEV for any CVEs, made from a hash of their ids, in a mirror for `limpid update`."""
import gzip
import hashlib
import json
import zlib

# Base scores by FIRST's calculators; members and words as NVD has them.
V31 = [("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "CRITICAL"), ("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", 7.8, "HIGH"),
       ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "MEDIUM"), ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, "LOW")]
V2 = [("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8), ("AV:L/AC:H/Au:N/C:C/I:C/A:C", 6.2)]
V40 = [("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
       ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N", 6.9)]
MEMBERS = [("AV", "attackVector", {"N": "NETWORK", "A": "ADJACENT_NETWORK", "L": "LOCAL", "P": "PHYSICAL"}),
           ("AC", "attackComplexity", {"L": "LOW", "H": "HIGH"}), ("PR", "privilegesRequired", {"N": "NONE", "L": "LOW", "H": "HIGH"}),
           ("UI", "userInteraction", {"N": "NONE", "R": "REQUIRED"}), ("S", "scope", {"U": "UNCHANGED", "C": "CHANGED"}),
           *[(m, f"{word}Impact", {"N": "NONE", "L": "LOW", "H": "HIGH"})
             for m, word in (("C", "confidentiality"), ("I", "integrity"), ("A", "availability"))]]
HEAD = {"model": "v2025.03.14", "date": "2025-03-20T12:55:00Z"}


def number(cve):
    return zlib.crc32(cve.encode())


def data31(vector, score, word):
    values = dict(m.split(":") for m in vector.split("/")[1:])
    return {"version": "3.1", "vectorString": vector, "baseScore": score, "baseSeverity": word,
            **{member: words[values[m]] for m, member, words in MEMBERS}}


def metric(data, kind="Primary", source="nvd@nist.gov"):
    return {"source": source, "type": kind, "cvssData": data}


def nvd(cve):
    """A CVE of NVD: with 3.1 of NVD, with 2, with 4 of a CNA, with nothing yet; rejected ones have what must not count."""
    n, metrics = number(cve), {}
    if n % 5 != 4:
        metrics["cvssMetricV31"] = [metric(data31(*V31[n % 4]), "Secondary", "cna@example.org"), metric(data31(*V31[n // 7 % 4]))]
    if n % 3 == 0:
        vector, score = V2[n % 2]
        metrics["cvssMetricV2"] = [metric({"version": "2.0", "vectorString": vector, "baseScore": score})]
    if n % 7 == 0:
        vector, score = V40[n % 2]
        metrics["cvssMetricV40"] = [metric({"version": "4.0", "vectorString": vector, "baseScore": score}, "Secondary", "cna@example.org")]
    return {"cve": {"id": cve, "vulnStatus": "Rejected" if n % 97 == 0 else "Analyzed", "metrics": metrics}}


def epss(cve):
    n = number(cve)
    return None if n % 11 == 0 else (f"{(n % 100003) / 100003:.5f}", f"{(n % 9973) / 9973:.5f}")


def kev(cve):
    n = number(cve)
    return None if n % 23 else {
        "cveID": cve, "vendorProject": "x", "product": "x", "vulnerabilityName": f"Flaw {n}", "dateAdded": "2024-02-29",
        "shortDescription": "It is exploited.", "requiredAction": "Apply updates.", "dueDate": "2024-03-21",
        "knownRansomwareCampaignUse": "Known" if n % 2 else "Unknown", "notes": "", "cwes": []}


def write(mirror, cves):
    """Documents of all three below a folder as `limpid update --mirror` reads it."""
    cves = sorted(set(cves))
    folder = mirror / "nvd.nist.gov/feeds/json/cve/2.0"
    folder.mkdir(parents=True, exist_ok=True)
    years = {}
    for cve in cves:
        years.setdefault(max(2002, int(cve.split("-")[1])), []).append(nvd(cve))
    for year, listed in years.items():
        text = json.dumps({"resultsPerPage": len(listed), "format": "NVD_CVE", "version": "2.0", "vulnerabilities": listed}).encode()
        (folder / f"nvdcve-2.0-{year}.json.gz").write_bytes(gzip.compress(text, 1, mtime=0))
        (folder / f"nvdcve-2.0-{year}.meta").write_text(f"size:{len(text)}\r\nsha256:{hashlib.sha256(text).hexdigest().upper()}\r\n")
    lines = [f"{cve},{','.join(epss(cve))}" for cve in cves if epss(cve)]
    text = f"#model_version:{HEAD['model']},score_date:{HEAD['date']}\ncve,epss,percentile\n" + "".join(x + "\n" for x in lines)
    (mirror / "epss.cyentia.com").mkdir(parents=True, exist_ok=True)
    (mirror / "epss.cyentia.com/epss_scores-2025-03-20.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    listed = [kev(cve) for cve in cves if kev(cve)]
    folder = mirror / "www.cisa.gov/sites/default/files/feeds"
    folder.mkdir(parents=True, exist_ok=True)
    document = {"title": "x", "catalogVersion": "2025.03.20", "dateReleased": "2025-03-20T00:00:00Z", "count": len(listed),
                "vulnerabilities": listed}
    (folder / "known_exploited_vulnerabilities.json").write_text(json.dumps(document))
