# SPDX-License-Identifier: Apache-2.0
"""rpm's databases: SQLite with its log, NDB, Berkeley DB."""
import json
import os
import random
import sqlite3
import struct

import rpmdb
from case import Command, Image, Problem, gaps, names, report_of
from made import ALMA, END, archive, begun, entry, header, info, oci, packed, padded, rootfs, sparse, stream, tar

SQLITE, NDB, BDB = 'var/lib/rpm/rpmdb.sqlite', 'usr/lib/sysimage/rpm/Packages.db', 'var/lib/rpm/Packages'
NAMES = {'bash', 'openssl', 'zlib'}
HEADERS = [rpmdb.header(n, '5.1', '1.el99', files=['/usr/bin/' + n], states=[0]) for n in sorted(NAMES)]
SAYS = 'rpm|sysimage|Packages|pages|header|SQLite'


VIEW = 'CREATE VIEW Packages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) ' \
       'SELECT x AS hnum, zeroblob(1000000) AS blob FROM c'


def image(path, data, more=()):
    return lambda d: oci(d, packed(tar([('etc/os-release', ALMA), (path, data(d) if callable(data) else data)] +
                                       [(p, x(d) if callable(x) else x) for p, x in more]), 1))


def sqlite(headers=HEADERS, page_size=4096, after=None, journal=None):
    """The bytes of a database; after: SQL that is run on it. With a journal mode, (database, log)."""
    def make(d):
        path = os.path.join(d, 'made/rpmdb.sqlite')
        if os.path.exists(path):
            os.unlink(path)
        db = rpmdb.sqlite_open(path, page_size)
        if journal:
            db.execute('PRAGMA journal_mode=' + journal)
            db.execute('PRAGMA wal_autocheckpoint=0')
        rpmdb.sqlite_add(db, headers)
        for sql in after or ():
            db.execute(sql)
        log = b''
        if journal:
            with open(path + '-wal', 'rb') as f:
                log = f.read()
        with open(path, 'rb') as f:
            data = f.read()
        db.close()
        return (data, log) if journal else data
    return make


def changed(make, change):
    def build(d):
        data = bytearray(make(d) if callable(make) else make)
        return bytes(change(data) or data)
    return build


def put_at(at, value):
    def change(data):
        data[at:at + len(value)] = value
    return change


def page(n, make=None):
    """Change page n (from 1) of a database of 4096-byte pages."""
    def change(data):
        begin = (n - 1) * 4096
        data[begin:begin + 4096] = make(data[begin:begin + 4096])
    return change


def noise(seed, n):
    return random.Random(seed).randbytes(n)


def flips(name, path, data, step):
    """Every byte of the head and some others: packages are all there, or something is said."""
    def check(s):
        content = data(s.dir) if callable(data) else data
        places = sorted(set(range(0, min(len(content), 128), step)) | set(random.Random(1).sample(range(len(content)), 60)))
        root = s.path('root')
        rootfs(s.dir, {path: content}, ALMA)
        for at in places:
            for mask in (0xff, 0x01):
                wrong = bytearray(content)
                wrong[at] ^= mask
                with open(os.path.join(root, path), 'wb') as f:
                    f.write(wrong)
                o = s.run('scan', '--in-process', '--no-cache', '-f', 'json', '--strict', '--db', s.good, 'rootfs:' + root)
                report = report_of(o)
                if o.status == 0 and len(names(report)) < len(NAMES):
                    raise Problem('byte %d, ^ %d: %s and nothing is said' % (at, mask, names(report)))
    return Command('flips-' + name, check)


def cut(name, path, data, pieces):
    def check(s):
        content = data(s.dir) if callable(data) else data
        root = s.path('root')
        rootfs(s.dir, {path: content}, ALMA)
        for at in [len(content) * i // pieces for i in range(1, pieces)] + [1, 15, 16, 17, 31, 99, 100, 101, len(content) - 1]:
            with open(os.path.join(root, path), 'wb') as f:
                f.write(content[:at])
            o = s.run('scan', '--in-process', '--no-cache', '-f', 'json', '--strict', '--db', s.good, 'rootfs:' + root)
            if o.status != 3:
                raise Problem('cut at %d of %d: exit status %d, packages %s' % (at, len(content), o.status, names(report_of(o))))
    return Command('cut-' + name, check)


def tags():
    """A header whose one tag is absurd, beside two that are not."""
    entries, data = rpmdb.store([(rpmdb.NAME, rpmdb.STRING, 'bad'), (rpmdb.VERSION, rpmdb.STRING, '1'), (rpmdb.RELEASE, rpmdb.STRING, '1'),
                                 (rpmdb.EPOCH, rpmdb.INT32, [1]), (rpmdb.ARCH, rpmdb.STRING, 'x86_64')])
    for i, tag in enumerate(('name', 'version', 'release', 'epoch', 'arch')):
        for what, values in (('type', (entries[i][0], 0xffffffff, entries[i][2], 1)),
            ('offset', (entries[i][0], entries[i][1], 0xfffffff0, 1)),
                             ('offset-negative', (entries[i][0], entries[i][1], 0x80000000, 1)),
                             ('count', (entries[i][0], entries[i][1], entries[i][2], 0xffffffff)),
                             ('count-0', (entries[i][0], entries[i][1], entries[i][2], 0))):
            more = list(entries)
            more[i] = values
            yield tag + '-' + what, rpmdb.raw_header(more, data)
    yield 'il-huge', rpmdb.raw_header(entries, data, n=0x7fffffff)
    yield 'il-negative', rpmdb.raw_header(entries, data, n=0xffffffff)
    yield 'il-0', rpmdb.raw_header(entries, data, n=0)
    yield 'dl-huge', rpmdb.raw_header(entries, data, size=0x7fffffff)
    yield 'dl-negative', rpmdb.raw_header(entries, data, size=0xffffffff)
    yield 'dl-0', rpmdb.raw_header(entries, data, size=0)
    yield 'both-overflow', rpmdb.raw_header(entries, data, n=0x10000000, size=0xfffffff8)
    yield 'empty', b''
    yield '7-bytes', bytes(7)
    yield 'cut', rpmdb.raw_header(entries, data)[:40]
    yield 'noise', noise(3, 5000)
    yield 'zeros', bytes(5000)
    yield 'name-control', rpmdb.header('\x1b[31mx\x07', '1', '1')
    yield 'name-empty', rpmdb.header('', '1', '1')
    yield 'name-1-mib', rpmdb.header('x' * (1 << 20), '1', '1')
    yield 'version-control', rpmdb.header('x', '1\x1b[31m', '1')


def cases():
    for name, path, data in (('sqlite', SQLITE, sqlite()), ('ndb', NDB, rpmdb.ndb(HEADERS)), ('bdb', BDB, rpmdb.Bdb(HEADERS).bytes()),
                             ('bdb-big', BDB, rpmdb.Bdb(HEADERS, '>').bytes())):
        yield Image(name + '-good', 'ok', image(path, data), packages=NAMES)
        yield Image(name + '-as-a-directory', 'ok', lambda d, path=path, data=data: rootfs(d, {path: data(d) if callable(data) else data},
            ALMA), packages=NAMES)
        yield Image(name + '-under-another-name', 'ok|gap|part', image(SQLITE if path != SQLITE else BDB, data), ways='wi', packages=NAMES)
        yield Image(name + '-empty', 'none|part|gap', image(path, b''), '', set(), ways='wi')
        yield Image(name + '-text', 'part', image(path, b'this is a text\n' * 1000), SAYS, set(), ways='wi')
        yield Image(name + '-noise', 'part', image(path, noise(1, 60000)), SAYS, set(), ways='wi')
        yield Image(name + '-zeros', 'part', image(path, bytes(60000)), SAYS, set(), ways='wi')
        yield Image(name + '-noise-behind-the-magic', 'part|gap', image(path, changed(data, lambda b: b[:20] + noise(2, 60000))), SAYS,
            set(), ways='wi')
        yield Image(name + '-second-half-zeros', 'part|gap',
            image(path, changed(data, lambda b: b[:len(b) // 2] + bytes(len(b) - len(b) // 2))), SAYS, set(), ways='wi')
        yield Image(name + '-second-half-noise', 'part|gap',
            image(path, changed(data, lambda b: b[:len(b) // 2] + noise(4, len(b) - len(b) // 2))), SAYS, set(), ways='wi')
        yield Image(name + '-noise-appended', 'ok|gap|part', image(path, changed(data, lambda b: b + noise(5, 10000))), ways='wi',
            packages=NAMES)
        yield cut(name, path, data, 12)
        yield flips(name, path, data, 1)
        yield Image(name + '-is-a-directory', 'part|none', lambda d,
            path=path: oci(d, tar([('etc/os-release', ALMA), header(path + '/', kind=b'5')])), SAYS, set(), ways='wi')
        yield Image(name + '-sparse-1-tib', 'part', lambda d, path=path: rootfs(d, {path: sparse(1 << 40)}, ALMA), 'at most', set(),
            ways='wi')
    for name, bad in tags():
        want = 'ok|gap' if name.startswith('arch') or name.endswith(('-count', 'name-control')) else 'gap|part'
        yield Image('header-' + name, want, image(NDB, rpmdb.ndb(HEADERS[:1] + [bad] + HEADERS[1:])),
            '' if 'ok' in want else SAYS + '|version', NAMES, ways='wi')
    for size in (0, 1, 2, 3, 256, 511, 513, 1024, 32768, 65535):
        yield Image('sqlite-page-size-%d' % size, 'part', image(SQLITE, changed(sqlite(), put_at(16, struct.pack('>H', size)))), SAYS,
            ways='wi') \
            if size != 4096 else None
    yield Image('sqlite-pages-of-65536', 'ok', image(SQLITE, sqlite(page_size=65536)), packages=NAMES)
    yield Image('sqlite-pages-of-512', 'ok', image(SQLITE, sqlite(page_size=512)), packages=NAMES)
    yield Image('sqlite-reserved-255', 'part', image(SQLITE, changed(sqlite(page_size=512), put_at(20, b'\xff'))), SAYS, ways='wi')
    yield Image('sqlite-page-count-huge', 'part', image(SQLITE, changed(sqlite(), put_at(28, b'\x7f\xff\xff\xff'))), SAYS, ways='wi')
    yield Image('sqlite-utf16', 'part', image(SQLITE, changed(sqlite(), put_at(56, b'\0\0\0\2'))), SAYS, ways='wi')
    yield Image('sqlite-other-database', 'part', image(SQLITE, lambda d: other_sqlite(d)), 'Packages', set())
    yield Image('sqlite-a-view', 'part',
        image(SQLITE, lambda d: other_sqlite(d,
        VIEW)), 'Packages', set())
    yield Image('sqlite-encrypted', 'part', image(SQLITE, noise(9, 40960)), SAYS, set(), ways='wi')
    big = [rpmdb.header('p%d' % i, '1', '1', pad=3000) for i in range(60)] + HEADERS
    long = [rpmdb.header('p%d' % i, '1', '1', pad=20000) for i in range(9)] + HEADERS
    yield Image('sqlite-overflow-to-itself', 'part|gap', image(SQLITE, changed(sqlite(long), loop_overflow)), SAYS, set(), ways='wi')
    for n in range(2, 6):
        yield Image('sqlite-page-%d-noise' % n, 'part|gap|none|ok',
            image(SQLITE, changed(sqlite(big), page(n, lambda p: noise(7, 4096)))), '', set(), ways='wi')
    yield Image('sqlite-tree-to-itself', 'part|gap', image(SQLITE, changed(sqlite(big), loop_tree)), SAYS, set(), ways='wi')
    yield Image('sqlite-cells-100', 'part|gap', image(SQLITE, changed(sqlite(), cells(100))), SAYS, set(), ways='wi')
    yield Image('sqlite-cells-fewer', 'part|gap', image(SQLITE, changed(sqlite(), cells(1))), SAYS, set(), ways='wi')
    yield Image('sqlite-blob-gigantic', 'part|gap', image(SQLITE, changed(sqlite(), payload)), SAYS, set(), ways='wi')
    wal = sqlite(journal='WAL')
    yield Image('wal-good', 'ok', image(SQLITE, lambda d: wal(d)[0], [(SQLITE + '-wal', lambda d: wal(d)[1])]), packages=NAMES)
    yield Image('wal-missing', 'part|none|gap', image(SQLITE, lambda d: wal(d)[0]), '', set())
    yield Image('wal-of-another-database', 'part|gap|ok',
        image(SQLITE, sqlite(), [(SQLITE + '-wal', lambda d: sqlite(HEADERS[:1], journal='WAL')(d)[1])]), '', set(), ways='wi')
    yield Image('wal-noise', 'part|gap|ok', image(SQLITE, sqlite(), [(SQLITE + '-wal', noise(6, 50000))]), packages=NAMES, ways='wi')
    yield Image('wal-cut', 'part|gap|none', image(SQLITE, lambda d: wal(d)[0], [(SQLITE + '-wal', lambda d: wal(d)[1][:-100])]), '',
        set(), ways='wi')
    yield Image('wal-check-sum', 'part|gap|none', image(SQLITE, lambda d: wal(d)[0],
        [(SQLITE + '-wal', lambda d: wal(d)[1][:5000] + b'xx' + wal(d)[1][5002:])]), '', set(), ways='wi')
    yield Image('wal-alone', 'gap|none|part', image(SQLITE + '-wal', lambda d: wal(d)[1]), 'wal', set(), ways='wi')
    yield Image('wal-is-a-directory', 'ok|gap|part',
        lambda d: oci(d, tar([('etc/os-release', ALMA), (SQLITE, sqlite()(d)), header(SQLITE + '-wal/', kind=b'5')])), packages=NAMES)
    yield Image('journal-hot', 'ok|gap|part', image(SQLITE, sqlite(), [(SQLITE + '-journal', noise(8, 9000))]), packages=NAMES)
    yield Image('bdb-overflow-to-itself', 'part|gap', image(BDB, bdb_circle()), SAYS, set())
    yield Image('bdb-bucket-to-itself', 'part|gap', image(BDB, bdb_bucket_circle()), SAYS, set())
    for field, values in (('page_size', (0, 1, 511, 65536, 1 << 30, 0xffffffff)), ('version', (0, 1, 99)), ('encrypted', (1,)),
        ('type', (0, 9, 255)),
                          ('last', (0, 0x7fffffff, 0xffffffff)), ('max_bucket', (0, 0x7fffffff, 0xffffffff)), ('count', (0, 0xffffffff)),
                          ('magic', (0, 0x53162))):
        for v in values:
            yield Image('bdb-%s-%d' % (field, v), 'part|gap|ok' if field in ('last', 'count', 'version') else 'part|gap',
                        image(BDB, rpmdb.Bdb(HEADERS).bytes(**{field: v})), '', set(), ways='wi')
    yield Image('bdb-spares-huge', 'part|gap', image(BDB, changed(rpmdb.Bdb(HEADERS).bytes(), put_at(96, b'\xff' * 128))), SAYS, set(),
        ways='wi')
    for name, over in (('slot-pages-0', dict(slot_pages=0)), ('slots-to-themselves', dict(slots=[(1, 0, 100)] * 3)),
        ('slots-huge', dict(slots=[(1, 0x7fffffff, 0x7fffffff)])),
                       ('slots-overlap', dict(slots=[(i, 256, 100) for i in range(1, 4)])), ('version-9', dict(version=9))):
        yield Image('ndb-' + name, 'part|gap', image(NDB, ndb(over)), SAYS, set(), ways='wi')
    yield Image('ndb-check-sum', 'part|gap', image(NDB, rpmdb.ndb(HEADERS, blobs=[rpmdb.ndb_blob(1, HEADERS[0], checksum=5)] + [
        rpmdb.ndb_blob(i + 2, h) for i, h in enumerate(HEADERS[1:])])), SAYS, {'openssl', 'zlib'})
    yield Image('ndb-slot-pages-huge', 'part|gap', image(NDB, changed(rpmdb.ndb(HEADERS), put_at(12, b'\xff\xff\xff\x7f'))), SAYS, set(),
        ways='wi')
    yield Image('bdb-of-another-kind', 'part', image(BDB, bytes(12) + b'\x62\x31\x05\x00' + bytes(4080)), SAYS, set(), ways='wi')
    yield Image('two-databases', 'ok|gap', lambda d: rootfs(d, {SQLITE: sqlite(HEADERS[:2])(d), NDB: rpmdb.ndb(HEADERS[2:])}, ALMA),
        packages=NAMES)
    yield Image('sqlite-sparse-in-a-tar', 'ok', holed, packages=NAMES)
    yield from large()


def ndb(over):
    def make(d):
        if over.get('slot_pages') == 0:
            return bytes(changed(rpmdb.ndb(HEADERS), put_at(12, bytes(4)))(d))
        return rpmdb.ndb(HEADERS, **over)
    return make


def other_sqlite(d, sql='CREATE TABLE history (a, b)'):
    path = os.path.join(d, 'other.sqlite')
    db = sqlite3.connect(path)
    db.execute(sql)
    db.commit()
    db.close()
    with open(path, 'rb') as f:
        return f.read()


def loop_overflow(data):
    """A page in the middle of an overflow chain names itself."""
    for n in range(len(data) // 4096, 2, -1):
        at = (n - 1) * 4096
        if data[at] == 0 and struct.unpack_from('>I', data, at)[0] == n + 1:
            struct.pack_into('>I', data, at, n)
            return


def loop_tree(data):
    for n in range(2, len(data) // 4096 + 1):
        at = (n - 1) * 4096
        if data[at] == 5:
            struct.pack_into('>I', data, at + 8, n)
            return


def leaf(data):
    """The leaf of table Packages in a small database: the last page with rows."""
    return max((n - 1) * 4096 for n in range(2, len(data) // 4096 + 1) if data[(n - 1) * 4096] == 13)


def cells(n):
    def change(data):
        struct.pack_into('>H', data, packages_leaf(data) + 3, n)
    return change


def packages_leaf(data):
    for n in range(2, len(data) // 4096 + 1):
        at = (n - 1) * 4096
        if data[at] == 13 and struct.unpack_from('>H', data, at + 3)[0] == len(HEADERS):
            return at
    return leaf(data)


def payload(data):
    at = packages_leaf(data)
    cell = at + struct.unpack_from('>H', data, at + 8)[0]
    data[cell:cell + 5] = b'\x88\x80\x80\x80\x00'


def bdb_circle():
    db = rpmdb.Bdb(HEADERS + [rpmdb.header('large', '1', '1', pad=20000)])
    for n, p in enumerate(db.pages):
        if p is not None and p[25] == 7:
            db.field(n, 16, 'I', n)
    return db.bytes()


def bdb_bucket_circle():
    db = rpmdb.Bdb(HEADERS)
    for n, p in enumerate(db.pages):
        if p is not None and p[25] == 13:
            db.field(n, 16, 'I', n)
    return db.bytes()


def holed(d):
    """A database with runs of zeros, stored without them."""
    data = sqlite()(d)
    pieces, kept = [], b''
    for at in range(0, len(data), 512):
        if data[at:at + 512].strip(b'\0'):
            pieces.append((at, 512))
            kept += data[at:at + 512]
    text = b'%d\n' % len(pieces) + b''.join(b'%d\n%d\n' % p for p in pieces)
    from made import pax
    head = pax([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', SQLITE), ('GNU.sparse.realsize', str(len(data)))])
    return oci(d, begun(ALMA) + head + entry('GNUSparseFile.1/x', padded(text) + kept) + END)


def large():
    """Of the size of a database that is read: records that lie over each other, name themselves, or are many and damaged."""
    size = 20 << 20
    tiny = rpmdb.raw_header(*rpmdb.store([(rpmdb.NAME, rpmdb.STRING, 't'), (rpmdb.VERSION, rpmdb.STRING, '1'),
        (rpmdb.RELEASE, rpmdb.STRING, '1')]))

    def slots(slot, blob=b''):
        pages = size // 4096
        head = b'RpmP' + struct.pack('<IIII', 0, 7, pages, 2) + bytes(12)
        fill = b'Slot' + struct.pack('<III', 1, slot or pages * 256, len(blob) // 16)
        return head + fill * ((pages * 4096 - 32) // 16) + blob

    yield Image('large-ndb-same-blob', 'gap|part', image(NDB, lambda d: slots(0, rpmdb.ndb_blob(1, tiny))), SAYS, set(), ways='w')
    yield Image('large-ndb-outside', 'gap|part', image(NDB, lambda d: slots(0x7fffffff)), SAYS, set(), ways='w')

    def empty_items(d):
        p = bytearray(512)
        p[25] = 13
        struct.pack_into('<H', p, 20, 120)
        for i in range(120):
            struct.pack_into('<H', p, 26 + 2 * i, 511 - i)
        n = size // 512 - 1
        db = rpmdb.Bdb([], '<', 512, 1)
        db.spares = [1] * 32
        return db.bytes(max_bucket=n - 1, last=n)[:512] + bytes(p) * n

    yield Image('large-bdb-empty-items', 'gap|part', image(BDB, empty_items), SAYS, set(), ways='w')

    def circle(d):
        p = bytearray(512)
        p[25] = 7
        struct.pack_into('<IH', p, 16, 3, 0)
        db = rpmdb.Bdb([rpmdb.header('t', pad=9000)], '<', 512, 1)
        return db.bytes()[:1024] + bytes(p) * (size // 512)

    yield Image('large-bdb-circle', 'gap|part', image(BDB, circle), SAYS, set(), ways='w')

    def paths(d):
        count = size // 6
        entries, data = rpmdb.store([(rpmdb.NAME, rpmdb.STRING, 't'), (rpmdb.VERSION, rpmdb.STRING, '1'), (rpmdb.RELEASE, rpmdb.STRING,
            '1')])
        at = len(data) + 2
        entries += [(rpmdb.DIR_INDEXES, rpmdb.INT32, at, count), (rpmdb.BASE_NAMES, rpmdb.STRINGS, at + 4 * count, count),
                    (rpmdb.DIR_NAMES, rpmdb.STRINGS, at + 5 * count, 1)]
        return rpmdb.ndb([rpmdb.raw_header(entries, data + bytes(2 + 5 * count) + b'/usr/bin/x' * 300 + b'\0')[:60 << 20]])

    yield Image('large-paths', 'ok|gap|part', image(NDB, paths), '', set(), ways='w')
    yield Image('large-log-noise', 'any', image(SQLITE + '-wal', lambda d: bytes(range(256)) * (size // 256)), '', set(), ways='w')
    many = [rpmdb.header('package-%d' % i, '1.%d' % i, '1.el99', pad=4000) for i in range(5000)]
    yield Image('large-sqlite-5000-packages', 'ok', image(SQLITE, sqlite(many)), packages={'package-%d' % i for i in range(5000)},
        ways='wc')
    yield Image('large-sqlite-180-mib', 'ok', lambda d: big_sqlite(d), packages={'package-%d' % i for i in range(3000)}, ways='w')
    yield Image('large-sqlite-180-mib-in-two-layers', 'ok', lambda d: big_sqlite(d, 2), packages={'package-%d' % i for i in range(3000)},
        ways='w')
    yield Image('large-sqlite-beyond-what-is-read', 'part', lambda d: rootfs(d, {SQLITE: sparse(257 << 20)}, ALMA), 'at most', set(),
        ways='wi')


def big_sqlite(d, layers=1):
    data = sqlite([rpmdb.header('package-%d' % i, '1.%d' % i, '1.el99', pad=60000) for i in range(3000)])(d)
    blobs = [packed(tar([('etc/os-release', ALMA), (SQLITE, data), ('f%d' % n, b'x')]), 1) for n in range(layers)]
    return oci(d, *blobs)
