# SPDX-License-Identifier: Apache-2.0
"""Feeds that are cut, empty, not what they should be or mean harm: what was in force stays in force, and it is said."""
import io
import json
import os
import re
import shutil
import struct
import zipfile
import zlib

import good
from case import Command, Problem, report_of
from made import APK, DB, OS, put, rootfs

SETS = {good.SECDB: 'alpine', good.TRACKER: 'debian', good.AZURE: 'azure', good.PHOTON: 'photon'}
JINJA = {'lib/jinja2-1.0.dist-info/METADATA': b'Name: jinja2\nVersion: 1.0\n\n', DB: APK}
DPKG = b'Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n\n'


def system(s, path):
    """A root file system that the source has findings for."""
    import rpmdb
    if path == good.TRACKER:
        return rootfs(s.dir, {'var/lib/dpkg/status': DPKG}, b'ID=debian\nVERSION_ID="15"\nVERSION_CODENAME=duke\n')
    if path in (good.AZURE, good.PHOTON):
        release = b'ID=azurelinux\nVERSION_ID="3.0"\n' if path == good.AZURE else b'ID=photon\nVERSION_ID=5.0\n'
        return rootfs(s.dir, {'var/lib/rpm/Packages.db': rpmdb.ndb([rpmdb.header('bash', '5.1', '1')])}, release)
    return rootfs(s.dir, JINJA)


def findings(s, database, target):
    report = report_of(s.run('scan', '-f', 'json', '--db', database, target))
    return sorted((f['id'], f['package']['name'] if isinstance(f['package'], dict) else f['package']) for f in report['findings']), report


class Bad(Command):
    """want: failed (nothing of it is used), partly (told, the rest is used), ok, any."""

    def __init__(self, name, path, data, want='failed', says='', large=False, arguments=()):
        super().__init__(name, self.judge, large)
        self.path, self.data, self.want, self.says, self.arguments = path, data, want, says, arguments

    def judge(self, s):
        database = s.database()
        mirror = s.path('mirror')
        s.room_kib *= 2 if self.large else 1  # the document, its records and the segment lie there at once
        shutil.copytree(s.mirror, mirror)
        place = os.path.join(mirror, self.path)
        os.unlink(place)
        data = self.data(place) if callable(self.data) else self.data
        if isinstance(data, bytes):
            put(place, data)
        target = system(s, self.path)
        before, _ = findings(s, database, target)
        if not before:
            raise Problem('the good database finds nothing')
        feed = SETS.get(self.path, 'osv')
        o = s.run('update', '--set', feed, '--mirror', mirror, '--db', database, *self.arguments)
        said = o.err.decode('utf-8', 'replace')
        after, report = findings(s, database, target)
        tail = '; it says: ' + said[-700:]
        if self.want == 'failed':
            if o.status != 3:
                raise Problem('exit status %d' % o.status + tail)
            if after != before:
                raise Problem('other findings than before' + tail)
            if not any(c['code'] == 'failed-feed' for c in report['coverage']):
                raise Problem('a later scan does not say that the update failed' + tail)
        elif self.want == 'partly':
            if o.status != 0 or not re.search('could not be read|left out|byte|line', said):
                raise Problem('exit status %d, or it does not say what could not be read' % o.status + tail)
        elif self.want == 'ok' and o.status != 0:
            raise Problem('exit status %d' % o.status + tail)
        elif o.status not in (0, 3):
            raise Problem('exit status %d' % o.status + tail)
        if o.status == 3 and after != before:
            raise Problem('exit status 3, and other findings than before' + tail)
        if self.says and not re.search(self.says, said, re.S):
            raise Problem('it does not say "%s"' % self.says + tail)
        if re.search('[\x00-\x08\x0b-\x1f\x7f]', said):
            raise Problem('control bytes' + tail)
        verify = s.run('db', 'verify', '--db', database)
        if verify.status != 0:
            raise Problem('db verify: ' + verify.text()[-500:])


def text(value):
    return json.dumps(value).encode()


def common(kind, path, document, says):
    """What can happen to any document."""
    middle = len(document) // 2
    for name, data in (('cut', document[:middle]), ('cut-at-its-end', document[:-3]), ('empty', b''), ('null', b'null'), ('number', b'5'),
        ('string', b'"x"'),
                       ('html', b'<html><head><title>503</title></head><body>Service Unavailable</body></html>'),
                       ('zeros', bytes(len(document))),
                       ('noise', bytes(range(256)) * 40), ('newline', b'\n'), ('gzip', b'\x1f\x8b\x08' + bytes(500)),
                       ('deep', b'[' * 200000), ('deep-objects', b'{"a":' * 200000),
                       ('utf16', document.decode('latin-1').encode('utf-16'))):
        yield Bad('%s-%s' % (kind, name), path, data, 'any' if name == 'utf16' else 'failed', says if name.startswith('cut') else '')
    yield Bad(kind + '-is-a-directory', path, os.mkdir, 'failed')
    yield Bad(kind + '-is-a-fifo', path, os.mkfifo, 'failed')
    yield Bad(kind + '-is-a-link-to-a-device', path, lambda p: os.symlink('/dev/zero', p), 'failed')
    yield Bad(kind + '-of-3-gib', path, lambda p: (open(p, 'wb').truncate(3 << 30)), 'failed', 'larger than|limit')


def secdb(**over):
    return text(dict(good.secdb(), **over))


def secdb_cases():
    path = good.SECDB
    whole = good.secdb()
    yield from common('secdb', path, text(whole), 'byte|line')
    yield Bad('secdb-good', path, text(whole), 'ok')
    for name, packages in (('empty', []), ('null', None), ('object', {}), ('string', 'x'), ('number', 5), ('nulls', [None] * 100),
        ('numbers', [1, 2, 3]), ('no-pkg', [{}] * 50),
                           ('few', whole['packages'][:3])):
        yield Bad('secdb-packages-' + name, path, secdb(packages=packages), 'failed')
    yield Bad('secdb-no-packages', path, text({'distroversion': 'v3.40'}), 'failed', 'packages')
    for name, more in (('no-name', {'pkg': {'secfixes': {'1-r0': ['CVE-1-1']}}}),
        ('fixes-a-list', {'pkg': {'name': 'x', 'secfixes': ['1-r0']}}),
                       ('fixes-a-number', {'pkg': {'name': 'x', 'secfixes': 5}}),
                       ('ids-a-string', {'pkg': {'name': 'x', 'secfixes': {'1-r0': 'CVE-1-1'}}}),
                       ('ids-numbers', {'pkg': {'name': 'x', 'secfixes': {'1-r0': [1, None, {}]}}}), ('pkg-a-list', {'pkg': []}),
                       ('name-a-number', {'pkg': {'name': 5, 'secfixes': {}}})):
        yield Bad('secdb-record-' + name, path, secdb(packages=whole['packages'] + [more]), 'partly' if name in (
            'no-name', 'fixes-a-list', 'fixes-a-number', 'ids-a-string', 'ids-numbers', 'pkg-a-list', 'name-a-number') else 'ok')
    yield Bad('secdb-version-impossible', path,
        secdb(packages=whole['packages'] + [{'pkg': {'name': 'x', 'secfixes': {'not a version': ['CVE-1-1']}}}]), 'any')
    yield Bad('secdb-key-twice', path, text(whole)[:-1] + b',"packages":[]}', 'any')
    yield Bad('secdb-name-control', path,
        secdb(packages=whole['packages'] + [{'pkg': {'name': '\x1b[31m\x07', 'secfixes': {'\x1b': ['CVE-1-1\x1b']}}}]), 'any')
    yield Bad('secdb-name-4-mib', path,
        lambda p: secdb(packages=whole['packages'] + [{'pkg': {'name': 'x' * (4 << 20), 'secfixes': {'1-r0': ['CVE-1-1']}}}]), 'any')
    yield Bad('secdb-id-4-mib', path,
        lambda p: secdb(packages=whole['packages'] + [{'pkg': {'name': 'x', 'secfixes': {'1-r0': ['CVE-1-' + '1' * (4 << 20)]}}}]), 'any')
    yield Bad('secdb-ids-million', path,
        lambda p: secdb(packages=whole['packages'] +
        [{'pkg': {'name': 'x', 'secfixes': {'1-r0': [' '.join(['CVE-1-%d' % i for i in range(200000)])]}}}]), 'any')
    yield Bad('secdb-200000-packages', path, lambda p: (secdb(packages=whole['packages'] + [
        {'pkg': {'name': 'p%d' % i, 'secfixes': {'1-r0': ['CVE-2020-%d' % i]}}} for i in range(200000)])), 'any')
    yield Bad('secdb-16-mib-of-arrays', path, lambda p: (b'{"packages":[' + b'[],' * 5000000 + b'[]]}'), 'failed')
    yield Bad('secdb-16-mib-of-numbers', path, lambda p: (b'{"packages":[' + b'1,' * 8000000 + b'1]}'), 'failed')
    yield Bad('secdb-17-mib', path, lambda p: (b'{"x":"' + b'a' * (17 << 20) + b'"}'), 'failed', 'larger')
    yield Bad('secdb-gone', path, None, 'failed')
    yaml = b'distroversion: v3.40\nreponame: main\npackages:\n' + b''.join(
        b'  - pkg:\n      name: p%d\n      secfixes:\n        1-r0:\n          - CVE-2020-%d\n' % (i, i) for i in range(24))
    yield Bad('secdb-yaml-cut', path, yaml[:-40], 'any')
    yield Bad('secdb-yaml-bomb', path, b'a: &a [x,x,x,x,x,x,x,x,x]\n' + b''.join(b'%c: &%c [%s]\n' % (98 + i, 98 + i,
        b','.join([b'*%c' % (97 + i)] * 9)) for i in range(12)) + b'packages: *m\n', 'failed')
    yield Bad('secdb-yaml-deep', path, b'- ' * 5000 + b'x', 'failed')
    yield Bad('secdb-yaml-tabs', path, b'packages:\n\t- x\n', 'failed')
    yield Bad('secdb-yaml-tag', path, b'packages: !!python/object/apply:os.system ["id"]\n', 'failed')
    yield Bad('secdb-yaml-million-nodes', path, lambda p: (b'packages:\n' + b'- x\n' * 2000000), 'failed')


def tracker_cases():
    path = good.TRACKER
    whole = good.tracker()
    yield from common('tracker', path, text(whole), 'byte')
    yield Bad('tracker-good', path, text(whole), 'ok')
    yield Bad('tracker-empty-object', path, b'{}', 'failed')
    yield Bad('tracker-few', path, text({'openssl': whole['openssl']}), 'failed', 'kept back')
    for name, more in (('string', 'x'), ('null', None), ('list', []), ('number', 1), ('cve-null', {'CVE-1-1': None}),
        ('releases-list', {'CVE-1-1': {'releases': []}}),
                       ('releases-missing', {'CVE-1-1': {}}), ('release-null', {'CVE-1-1': {'releases': {'duke': None}}}),
                       ('status-number', {'CVE-1-1': {'releases': {'duke': {'status': 1, 'fixed_version': 5}}}})):
        yield Bad('tracker-record-' + name, path, text(dict(whole, bad=more)), 'any' if name in ('release-null', 'status-number')
            else 'partly')
    yield Bad('tracker-version-impossible', path,
        text(dict(whole, bad={'CVE-1-1': {'releases': {'duke': {'status': 'resolved', 'fixed_version': 'x y z'}}}})), 'any')
    yield Bad('tracker-key-twice', path, text(whole)[:-1] + b',"openssl":{}}', 'any')
    yield Bad('tracker-key-1-mib', path, lambda p: text(dict(whole, **{'x' * (1 << 20): whole['bash']})), 'any')
    yield Bad('tracker-key-control', path, text(dict(whole, **{'\x1b[31m\x07\n': None})), 'partly')
    yield Bad('tracker-description-8-mib', path,
        lambda p: text(dict(whole, bad={'CVE-1-1': {'description': 'x' * (8 << 20), 'releases': {'duke': {'status': 'open'}}}})), 'any')
    yield Bad('tracker-record-of-20-mib', path, lambda p: text(dict(whole, bad={'CVE-1-1': {'description': 'x' * (20 << 20)}})), 'partly')
    yield Bad('tracker-record-of-arrays', path, lambda p: (text(whole)[:-1] + b',"bad":[' + b'[],' * 5000000 + b'[]]}'), 'partly')
    yield Bad('tracker-releases-100000', path,
        lambda p: text(dict(whole, bad={'CVE-1-1': {'releases': {'r%d' % i: {'status': 'open'} for i in range(100000)}}})), 'any')
    yield Bad('tracker-not-utf8', path, text(whole)[:-1] + b',"\xff\xfe":{"CVE-1-1":{}}}', 'partly')
    yield Bad('tracker-surrogate', path, text(whole)[:-1] + b',"\\ud800":{"CVE-1-1":{"releases":{}}}}', 'partly')
    yield Bad('tracker-200000-packages', path, lambda p: (text(dict(whole, **{'p%d' % i: {'CVE-2020-%d' % i: {'releases': {
        'duke': {'status': 'resolved', 'fixed_version': '1-%d' % i}}}} for i in range(200000)}))), 'any')
    yield Bad('tracker-million-packages', path, lambda p: (text(dict(whole, **{'p%d' % i: {'CVE-2020-%d' % i: {'releases': {
        'duke': {'status': 'resolved', 'fixed_version': '1-%d' % i}}}} for i in range(1000000)}))), 'any', large=True)


OF_WRONG_TYPE = 'string|numbers|no-p|package-a|name-a|ranges-a|range-n|type|events-a|events-e|event-n|versions-[in]'
PYPI = good.OSV + 'PyPI/all.zip'


def zipped(members, method=zipfile.ZIP_DEFLATED, records=None):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, 'w', method) as z:
        for r in good.osv_records('PyPI') if records is None else records:
            z.writestr(r['id'] + '.json', json.dumps(r))
        for name, data in members:
            z.writestr(name, data)
    return raw.getvalue()


def record(**over):
    return text(dict(good.osv_record(900, 'PyPI', 'x'), **over))


def many_members(n):
    """Members that all lie on the same bytes: a directory of n entries and one body."""
    body = b'{}'
    local = struct.pack('<IHHHHHIIIHH', 0x04034b50, 20, 0, 0, 0, 0, zlib.crc32(body), 2, 2, 6, 0) + b'a.json' + body
    central = struct.pack('<IHHHHHHIIIHHHHHII', 0x02014b50, 20, 20, 0, 0, 0, 0, zlib.crc32(body), 2, 2, 6, 0, 0, 0, 0, 0, 0) + b'a.json'
    count = min(n, 0xffff)
    if n <= 0xffff:
        return local + central * n + struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, count, count, len(central) * n, len(local), 0)
    size, at = len(central) * n, len(local)
    end64 = struct.pack('<IQHHIIQQQQ', 0x06064b50, 44, 45, 45, 0, 0, n, n, size, at)
    locator = struct.pack('<IIQI', 0x07064b50, 0, at + size, 1)
    return local + central * n + end64 + locator + struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)


def with_field(data, offset_in_central, form, value, which=0):
    data = bytearray(data)
    at = -1
    for _ in range(which + 1):
        at = data.index(b'PK\x01\x02', at + 1)
    struct.pack_into(form, data, at + offset_in_central, value)
    return bytes(data)


def osv_cases():
    whole = zipped([])
    yield from common('osv', PYPI, whole, 'zip')
    yield Bad('osv-good', PYPI, whole, 'ok')
    yield Bad('osv-no-members', PYPI, zipped([], records=[]), 'failed')
    yield Bad('osv-few', PYPI, zipped([], records=good.osv_records('PyPI')[:2]), 'failed', 'kept back')
    yield Bad('osv-all-cut', PYPI, zipped([('%d.json' % i, b'{"id":"x') for i in range(30)], records=[]), 'failed')
    bad = (('cut', record()[:50]), ('empty', b''), ('null', b'null'), ('list', b'[]'), ('number', b'5'), ('html', b'<html></html>'),
        ('binary', bytes(range(256))), ('deep', b'[' * 100000),
           ('not-utf8', b'{"id":"\xff\xfe"}'), ('no-id', record(id='')), ('id-a-number', record(id=5)))
    for name, data in bad:
        yield Bad('osv-member-' + name, PYPI, zipped([('bad.json', data)]), 'partly')
    package = {'ecosystem': 'PyPI', 'name': 'x'}
    for name, affected in (('null', None), ('string', 'x'), ('numbers', [1, 2]), ('no-package', [{'package': {}}]),
        ('package-a-string', [{'package': 'x'}]), ('name-a-number', [{'package': {'ecosystem': 'PyPI', 'name': 5}}]),
                           ('ranges-a-string', [{'package': package, 'ranges': 'x'}]),
                           ('range-null', [{'package': package, 'ranges': [None]}]),
                           ('type-unknown', [{'package': package, 'ranges': [{'type': 'FROB', 'events': [{'introduced': '0'}]}]}]),
                           ('events-a-number', [{'package': package, 'ranges': [{'type': 'ECOSYSTEM', 'events': 5}]}]),
                           ('events-empty', [{'package': package, 'ranges': [{'type': 'ECOSYSTEM', 'events': []}]}]),
                           ('event-null', [{'package': package, 'ranges': [{'type': 'ECOSYSTEM', 'events': [None, {}, 5]}]}]),
                           ('versions-impossible', [{'package': package,
                           'ranges': [{'type': 'ECOSYSTEM', 'events': [{'introduced': 'x y'}, {'fixed': 'z z'}]}]}]),
                           ('versions-numbers', [{'package': package, 'versions': [1, None, {}]}]),
                           ('events-100000', [{'package': package,
                           'ranges': [{'type': 'ECOSYSTEM',
                           'events': [{'introduced': '0'}] + [{'fixed': '1.%d' % i} for i in range(100000)]}]}]),
                           ('versions-100000', [{'package': package, 'versions': ['1.%d' % i for i in range(100000)]}]),
                           ('packages-20000', [{'package': {'ecosystem': 'PyPI', 'name': 'p%d' % i}, 'versions': ['1']} for i
                           in range(20000)]),
                           ('name-1-mib', [{'package': {'ecosystem': 'PyPI', 'name': 'x' * (1 << 20)}, 'versions': ['1']}]),
                           ('name-control', [{'package': {'ecosystem': 'PyPI', 'name': '\x1b[31m'}, 'versions': ['\x1b']}])):
        yield Bad('osv-affected-' + name, PYPI, lambda p, affected=affected: zipped([('bad.json', record(affected=affected))]),
                  'partly' if re.match(OF_WRONG_TYPE, name) else 'any')
    yield Bad('osv-severity-absurd', PYPI,
        zipped([('bad.json', record(severity=[{'type': 'CVSS_V3', 'score': 'CVSS:3.1/' + 'AV:N/' * 10000}]))]), 'any')
    yield Bad('osv-dates-absurd', PYPI,
        zipped([('bad.json', record(modified='9999999-99-99T99:99:99Z', published='yesterday', withdrawn='0'))]), 'any')
    yield Bad('osv-aliases-100000', PYPI, lambda p: zipped([('bad.json', record(aliases=['CVE-1-%d' % i for i in range(100000)]))]), 'any')
    yield Bad('osv-details-12-mib', PYPI, lambda p: zipped([('bad.json', record(details='x' * (12 << 20)))]), 'any')
    yield Bad('osv-member-of-17-mib', PYPI, lambda p: zipped([('bad.json', b'"' + b'x' * (17 << 20) + b'"')]), 'partly')
    yield Bad('osv-member-bomb', PYPI, lambda p: zipped([('bad.json', bytes(256 << 20))]), 'partly')
    yield Bad('osv-members-bombs', PYPI, lambda p: (bombs(200)), 'any')
    yield Bad('osv-16-mib-of-arrays', PYPI, lambda p: zipped([('bad.json', b'[' + b'[],' * 5000000 + b'[]]')]), 'partly')
    yield Bad('osv-names', PYPI, zipped([('../../../../etc/passwd.json', record()), ('/etc/x.json', record(id='OSV-901')),
        ('a\x1b[31m.json', b'{'), ('d/', b''), ('x' * 60000 + '.json', b'{')]), 'partly')
    yield Bad('osv-crc', PYPI, whole.replace(b'PK\x01\x02', b'PK\x01\x02', 1)[:-22] and with_field(whole, 16, '<I', 12345), 'failed|partly')
    for name, offset, form, value in (('size-huge', 24, '<I', 0xfffffffe), ('packed-huge', 20, '<I', 0xfffffffe),
        ('offset-huge', 42, '<I', 0xfffffffe), ('method-99', 10, '<H', 99), ('encrypted', 8, '<H', 1),
                                      ('name-length', 28, '<H', 0xffff), ('extra-length', 30, '<H', 0xffff), ('signature', 0, '<I', 0),
                                      ('disk', 34, '<H', 7)):
        yield Bad('osv-central-' + name, PYPI, with_field(whole, offset, form, value, 3), 'any')
    for name, offset, form, value in (('count', 10, '<H', 0xfffe), ('size', 12, '<I', 0xfffffffe), ('offset', 16, '<I', 0xfffffffe),
        ('disk', 4, '<H', 9)):
        data = bytearray(whole)
        struct.pack_into(form, data, len(data) - 22 + offset, value)
        # The directory counts; how many the end says, and on which disk, is nobody's matter.
        yield Bad('osv-end-' + name, PYPI, bytes(data), *(('failed', 'zip') if name in ('size', 'offset') else ('ok',)))
    yield Bad('osv-noise-in-front', PYPI, b'noise' * 1000 + whole, 'any')
    yield Bad('osv-noise-behind', PYPI, whole + b'noise' * 1000, 'any')
    yield Bad('osv-twice', PYPI, whole + whole, 'any')
    yield Bad('osv-same-bytes-65535-times', PYPI, lambda p: many_members(65535), 'any')
    yield Bad('osv-same-bytes-million-times', PYPI, lambda p: (many_members(1000000)), 'failed')
    yield Bad('osv-100000-members', PYPI, lambda p: (zipped([('r%d.json' % i, record(id='OSV-%d' % (1000 + i))) for i in range(100000)])),
        'any', large=True)
    yield Bad('osv-stored', PYPI, zipped([], zipfile.ZIP_STORED), 'ok')
    yield Bad('osv-bzip2', PYPI, zipped([('b.json', record())], zipfile.ZIP_BZIP2), 'any')
    yield Bad('osv-lzma', PYPI, zipped([('b.json', record())], zipfile.ZIP_LZMA), 'any')
    yield Bad('osv-json-array', PYPI, text(good.osv_records('PyPI')), 'ok')
    yield Bad('osv-json-array-cut', PYPI, text(good.osv_records('PyPI'))[:-10], 'failed', 'byte|JSON')
    yield Bad('osv-gone', PYPI, None, 'failed')
    names = good.OSV + 'ecosystems.txt'
    for name, data in (('gone', None), ('empty', b''), ('noise', bytes(range(256)) * 100), ('unknown', b'Frob\n' * 1000),
        ('control', b'PyPI\x1b[31m\n'), ('dots', b'../../../etc\nPyPI\n'), ('html', b'<html></html>'),
                       ('2-mib', b'PyPI\n' * (400 << 10)), ('million', b'PyPI:x\n' * 100000)):
        yield Bad('osv-list-' + name, names, data, 'any' if name in ('million', 'dots', 'control', '2-mib') else 'failed')


def bombs(n):
    """n members of 15 MiB of blanks with a record: 3 GB together."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, 'w', zipfile.ZIP_DEFLATED) as z:
        z.writestr('0.json', b'{"id":"X"' + b' ' * (15 << 20) + b'}')
    one = raw.getvalue()
    central_at = one.index(b'PK\x01\x02')
    local, central = one[:central_at], one[central_at:-22]
    out, directory = b'', b''
    for i in range(n):
        c = bytearray(central)
        struct.pack_into('<I', c, 42, len(out))
        directory += bytes(c)
        out += local
    return out + directory + struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, n, n, len(directory), len(out), 0)


def oval_cases():
    for kind, path in (('azure', good.AZURE), ('photon', good.PHOTON)):
        whole = good.oval().encode()
        if kind == 'azure':
            yield from common('oval', path, whole, 'line|byte')
        yield Bad(kind + '-good', path, whole, 'ok')
        yield Bad(kind + '-few', path, good.oval(3).encode(), 'failed', 'kept back')
    path = good.AZURE
    lol = ''.join('<!ENTITY l%d "%s">' % (i, '&l%d;' % (i - 1) * 10) for i in range(1, 10))
    entity = {'billion-laughs': '<!DOCTYPE x [<!ENTITY l0 "lol">%s]>' % lol, 'quadratic': '<!DOCTYPE x [<!ENTITY a "%s">]>' %
        ('a' * 100000),
              'external': '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
              'external-dtd': '<!DOCTYPE x SYSTEM "file:///dev/zero">', 'http': '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
              'parameter': '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
              'public': '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x.dtd">',
              'to-itself': '<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]>',
              'attributes': '<!DOCTYPE x [<!ATTLIST definition class CDATA "inventory">]>'}
    for name, dtd in entity.items():
        use = {'billion-laughs': '&l9;', 'quadratic': '&a;' * 10000, 'external': '&e;', 'to-itself': '&a;'}.get(name, '')
        inside = '<definition class="vulnerability" id="z"><metadata><title>%s</title></metadata></definition>' % use
        yield Bad('oval-entity-' + name, path, good.oval(before=dtd, inside=inside).encode(),
                  'any' if name in ('external-dtd', 'http', 'public') else 'failed', '' if name in ('external-dtd', 'http',
                  'public') else 'declarations')
    yield Bad('oval-entity-unknown', path,
        good.oval(inside='<definition><metadata><title>&nope;</title></metadata></definition>').encode(), 'failed', 'line|byte')
    deep = '<a>' * 100000
    yield Bad('oval-deep-elements', path, good.oval(inside=deep).encode(), 'failed', 'deep|line|byte')
    yield Bad('oval-deep-criteria', path,
        good.oval(inside='<definition class="vulnerability" id="z"><metadata><title>t</title></metadata>' + '<criteria>' * 5000 +
        '</criteria>' * 5000 + '</definition>').encode(), 'any')
    yield Bad('oval-namespace', path, good.oval(space='http://example.com/other').encode(), 'any')
    yield Bad('oval-no-namespace', path, whole.replace(b'l:', b'').replace(b'xmlns:l', b'xmlns:m'), 'any')
    yield Bad('oval-root', path, whole.replace(b'oval_definitions', b'oval_results'), 'failed')
    yield Bad('oval-not-closed', path, whole.replace(b'</states>', b''), 'failed', 'line|byte')
    yield Bad('oval-attribute-10-mib', path, lambda p: good.oval(inside='<definition class="vulnerability" id="%s"/>' %
        ('x' * (10 << 20))).encode(), 'any')
    yield Bad('oval-text-20-mib', path,
        lambda p: good.oval(inside='<definition class="vulnerability" id="z"><metadata><title>%s</title></metadata></definition>' %
        ('x' * (20 << 20))).encode(), 'any')
    yield Bad('oval-attributes-100000', path,
        lambda p: good.oval(inside='<definition %s/>' % ' '.join('a%d="x"' % i for i in range(100000))).encode(), 'failed', 'attributes')
    yield Bad('oval-attribute-twice', path, good.oval(inside='<definition id="a" id="b"/>').encode(), 'failed', 'line|byte')
    yield Bad('oval-comment-8-mib', path, lambda p: good.oval(inside='<!--' + 'x' * (8 << 20) + '-->').encode(), 'any')
    yield Bad('oval-cdata-8-mib', path, lambda p: good.oval(inside='<x><![CDATA[' + 'x' * (8 << 20) + ']]></x>').encode(), 'any')
    yield Bad('oval-name-1-mib', path, good.oval(inside='<' + 'x' * (1 << 20) + '/>').encode(), 'failed', 'names of elements')
    yield Bad('oval-names-100000', path,
        lambda p: good.oval(inside=''.join('<a-long-name-%d/>' % i for i in range(100000))).encode(), 'failed', 'names of elements')
    yield Bad('oval-namespaces-50000', path,
        lambda p: good.oval(inside='<x %s/>' % ' '.join('xmlns:n%d="u%d"' % (i, i) for i in range(50000))).encode(), 'any')
    yield Bad('oval-bom', path, b'\xef\xbb\xbf' + whole, 'ok')
    yield Bad('oval-utf16-true', path, whole.decode().replace('utf-8', 'utf-16').encode('utf-16'), 'any')
    yield Bad('oval-latin1', path, whole.replace(b'utf-8', b'iso-8859-1').replace(b'a flaw', b'a fl\xe4w'), 'any')
    yield Bad('oval-encoding-unknown', path, whole.replace(b'utf-8', b'frob-8'), 'any')
    yield Bad('oval-not-utf8', path, whole.replace(b'a flaw', b'a fl\xff\xfew', 1), 'any')
    yield Bad('oval-control', path,
        good.oval(inside='<definition class="vulnerability" id="z"><metadata><title>\x1b[31m</title></metadata></definition>').encode(),
        'any')
    yield Bad('oval-lost-tests', path, re.sub(rb'<l:rpminfo_test.*?</l:rpminfo_test>\n', b'', whole), 'any')
    yield Bad('oval-tests-in-a-circle', path, whole.replace(b'object_ref="o:0"', b'object_ref="t:0"'), 'any')
    yield Bad('oval-version-impossible', path, whole.replace(b'0:9.9-9', b'not a version at all', 1), 'any')
    yield Bad('oval-200000-definitions', path, lambda p: (good.oval(100000).encode()), 'any')


def cases():
    yield from secdb_cases()
    yield from tracker_cases()
    yield from osv_cases()
    yield from oval_cases()
