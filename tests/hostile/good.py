# SPDX-License-Identifier: Apache-2.0
"""A mirror of small documents of every feed, and the database that comes of it."""
import io
import json
import os
import subprocess
import zipfile

from made import RELEASE, put

SECDB = 'secdb.alpinelinux.org/v%s/main.json' % RELEASE
TRACKER = 'security-tracker.debian.org/tracker/data/json'
OSV = 'osv-vulnerabilities.storage.googleapis.com/'
AZURE = 'raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/azurelinux-3.0-oval.xml'
PHOTON = 'packages.vmware.com/photon/photon_oval_definitions/com.vmware.phsa-photon5.xml'
ECOSYSTEMS = {'AlmaLinux': 'AlmaLinux:99', 'Go': 'Go', 'PyPI': 'PyPI', 'npm': 'npm'}


def secdb():
    return {'distroversion': 'v' + RELEASE, 'reponame': 'main', 'packages': [
        {'pkg': {'name': 'musl', 'secfixes': {'1.1.20-r5': ['CVE-2019-14697']}}},
        {'pkg': {'name': 'openssl', 'secfixes': {'1.1.1b-r1': ['CVE-2019-1543'], '1.1.1d-r0': ['CVE-2019-1547 CVE-2019-1549']}}}] + [
        {'pkg': {'name': 'other%d' % i, 'secfixes': {'1.0-r%d' % i: ['CVE-2020-%d' % (1000 + i)]}}} for i in range(20)]}


def tracker():
    return {name: {'CVE-2023-%d' % (1000 + i): {'description': 'a flaw', 'releases': {
        'duke': {'status': 'resolved', 'fixed_version': '9:9.9-9', 'urgency': 'medium'}}}}
        for i, name in enumerate(['openssl', 'zlib', 'bash'] + ['other%d' % i for i in range(20)])}


def osv_record(n, ecosystem, package, fixed='9.9.9'):
    kind = 'ECOSYSTEM' if ':' in ecosystem or ecosystem == 'PyPI' else 'SEMVER'
    return {'id': 'OSV-%d' % n, 'modified': '2026-01-01T00:00:00Z', 'aliases': ['CVE-2024-%d' % n], 'summary': 'a flaw',
            'affected': [{'package': {'ecosystem': ecosystem, 'name': package},
                          'ranges': [{'type': kind, 'events': [{'introduced': '0'}, {'fixed': fixed}]}]}]}


def osv_records(ecosystem):
    first = {'AlmaLinux': ['bash', 'openssl'], 'Go': ['stdlib', 'example.com/m'], 'PyPI': ['jinja2', 'urllib3'],
             'npm': ['lodash', 'left-pad']}[ecosystem]
    return [osv_record(i + 1, ECOSYSTEMS[ecosystem], name, '0:9-9' if ecosystem == 'AlmaLinux' else '9.9.9')
            for i, name in enumerate(first + ['other%d' % i for i in range(20)])]


def osv_zip(records):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, 'w', zipfile.ZIP_DEFLATED) as z:
        for r in records:
            z.writestr(r['id'] + '.json', json.dumps(r))
    return raw.getvalue()


def oval(count=22, space='http://oval.mitre.org/XMLSchema/oval-definitions-5', before='', inside=''):
    linux = space + '#linux'
    names = ['bash', 'openssl'] + ['other%d' % i for i in range(count - 2)]
    text = '<?xml version="1.0" encoding="utf-8"?>\n%s<oval_definitions xmlns="%s" xmlns:l="%s">\n<definitions>\n' % (
        before, space, linux)
    for i in range(len(names)):
        text += '<definition class="vulnerability" id="d:%d" version="1"><metadata><title>CVE-2022-%d</title>' \
                '<reference ref_id="CVE-2022-%d" ref_url="https://example.com/%d" source="CVE"/><severity>High</severity>' \
                '<description>a flaw</description></metadata><criteria operator="AND"><criterion test_ref="t:%d"/></criteria>' \
                '</definition>\n' % (i, i, i, i, i)
    text += inside + '</definitions>\n<tests>\n'
    for i in range(len(names)):
        text += '<l:rpminfo_test id="t:%d"><l:object object_ref="o:%d"/><l:state state_ref="s:%d"/></l:rpminfo_test>\n' % (i, i, i)
    text += '</tests>\n<objects>\n'
    for i, name in enumerate(names):
        text += '<l:rpminfo_object id="o:%d"><l:name>%s</l:name></l:rpminfo_object>\n' % (i, name)
    text += '</objects>\n<states>\n'
    for i in range(len(names)):
        text += '<l:rpminfo_state id="s:%d"><l:evr datatype="evr_string" operation="less than">0:9.9-9</l:evr></l:rpminfo_state>\n' % i
    return text + '</states>\n</oval_definitions>\n'


def documents():
    found = {SECDB: json.dumps(secdb()).encode(), TRACKER: json.dumps(tracker()).encode(), AZURE: oval().encode(),
             PHOTON: oval().encode(), OSV + 'ecosystems.txt': ('\n'.join(sorted(ECOSYSTEMS)) + '\n').encode()}
    for name in ECOSYSTEMS:
        found[OSV + name + '/all.zip'] = osv_zip(osv_records(name))
    return found


def make(limpid, mirror, database):
    for path, data in documents().items():
        put(os.path.join(mirror, path), data)
    p = subprocess.run([limpid, 'update', '--mirror', mirror, '--db', database], capture_output=True)
    if p.returncode != 0:
        raise SystemExit('the good database cannot be made: %s' % p.stderr.decode('utf-8', 'replace'))
