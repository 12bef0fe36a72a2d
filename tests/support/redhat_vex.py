# SPDX-License-Identifier: Apache-2.0
"""Red Hat's VEX documents as tests make them: of packages of one product, RHEL 9 if no other is said."""
import io
import json
import tarfile

CPE = "cpe:/o:redhat:enterprise_linux:9"
LATEST = "archive_latest.txt"
ARCHIVE = "csaf_vex_2026-01-01.tar.zst"  # the name says so; what is in it is not packed, which is as good


def document(cve, affected=(), fixed=(), cpe=CPE):
    """affected: names of sources without a fix; fixed: (name of a binary package, version-release that has it)."""
    identifiers = {name: (name, f"pkg:rpm/redhat/{name}@1-1?arch=src") for name in affected}
    for name, version in fixed:
        identifiers[f"{name}-{version}.x86_64"] = (name, f"pkg:rpm/redhat/{name}@{version}?arch=x86_64")
    return {
        "document": {"title": "t", "tracking": {"id": cve, "status": "final"}, "aggregate_severity": {"text": "low"}},
        "product_tree": {
            "branches": [{"category": "product_name", "name": "rhel9", "product": {
                "name": "rhel9", "product_id": "rhel9", "product_identification_helper": {"cpe": cpe}}}] + [
                    {"category": "product_version", "name": i, "product": {
                        "name": i, "product_id": i, "product_identification_helper": {"purl": purl}}}
                    for i, (_, purl) in identifiers.items()],
            "relationships": [{"category": "default_component_of", "product_reference": i, "relates_to_product_reference": "rhel9",
                               "full_product_name": {"name": i, "product_id": "rhel9:" + i}} for i in identifiers]},
        "vulnerabilities": [{"cve": cve, "product_status": {
            status: ids for status, ids in (("known_affected", ["rhel9:" + n for n in affected]),
                                            ("fixed", [f"rhel9:{n}-{v}.x86_64" for n, v in fixed])) if ids}}]}


def archive(*documents):
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as t:
        for d in documents:
            body, cve = json.dumps(d).encode(), d["vulnerabilities"][0]["cve"].lower()
            info = tarfile.TarInfo(f"{cve.split('-')[1]}/{cve}.json")
            info.size = len(body)
            t.addfile(info, io.BytesIO(body))
    return tar.getvalue()
