# SPDX-License-Identifier: Apache-2.0
"""Links, deletions and what stands where a database is expected."""
import tarfile

from case import Image
from made import (APK, DB, END, OS, begun, entry, header, info, oci, packed, pax, stream, tar)

SYM, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE
START = begun()
DPKG = b'Package: bash\nStatus: install ok installed\nVersion: 5-1\nArchitecture: amd64\n\n'


def linked(target, kind=SYM, extra=()):
    return lambda d: oci(d, tar([('etc/os-release', OS)] + list(extra) + [info(DB, kind, link=target)]))


def layers(*entries):
    return lambda d: oci(d, *[packed(tar(e)) for e in entries])


BASE = [('etc/os-release', OS), (DB, APK)]


def cases():
    db = ('srv/db', APK)
    yield Image('inside', 'ok', linked('/srv/db', extra=[db]))
    yield Image('relative', 'ok', linked('../../../srv/db', extra=[db]))
    yield Image('too-many-dots', 'ok', linked('../' * 500 + 'srv/db', extra=[db]))
    yield Image('hard-inside', 'ok', linked('srv/db', HARD, [db]))
    yield Image('hard-absolute', 'ok', linked('/srv/db', HARD, [db]))
    yield Image('hard-through-dots', 'ok', linked('srv/../srv/./db', HARD, [db]))
    yield Image('hard-to-a-later-entry', 'ok|part|none', lambda d: oci(d, tar([('etc/os-release', OS), info(DB, HARD, link='srv/db'), db])))
    yield Image('to-a-later-entry', 'ok', lambda d: oci(d, tar([('etc/os-release', OS), info(DB, SYM, link='/srv/db'), db])))
    yield Image('to-host', 'gap|none|part', linked('/etc/passwd'), DB)
    yield Image('to-host-by-dots', 'gap|none|part', linked('../' * 40 + 'etc/passwd'), DB)
    yield Image('to-proc', 'gap|none|part', linked('/proc/self/environ'), DB)
    yield Image('to-proc-root', 'gap|none|part', linked('/proc/1/root/lib/apk/db/installed'), DB)
    yield Image('to-dev', 'gap|none|part', linked('/dev/stdin'), DB)
    yield Image('hard-to-host', 'gap|none|part', linked('/etc/passwd', HARD), DB)
    yield Image('hard-to-nothing', 'gap|none|part', linked('gone', HARD), DB)
    yield Image('to-itself', 'gap|none|part', linked('installed'), 'circle')
    yield Image('hard-to-itself', 'gap|none|part', linked(DB, HARD), DB)
    yield Image('cycle', 'gap|none|part', linked('/a', extra=[info('a', SYM, link='/b'), info('b', SYM, link='/a')]), 'circle')
    yield Image('directory-cycle', 'gap|none|part', lambda d: oci(d, tar([('etc/os-release', OS), info('lib', SYM, link='lib')])),
        'circle|no package')
    chain = [info('c%d' % i, SYM, link='c%d' % (i + 1)) for i in range(200)]
    yield Image('chain-of-200', 'gap|none|part', linked('/c0', extra=chain + [('c200', APK)]), 'circle')
    yield Image('chain-of-30', 'ok', linked('/c0', extra=chain[:30] + [('c30', APK)]))
    hard = [info('h%d' % (i + 1), HARD, link='h%d' % i) for i in range(2000)]
    yield Image('hard-chain-of-2000', 'ok|part|gap|none', linked('h2000', HARD, [('h0', APK)] + hard), ways='wi')
    yield Image('other-layer', 'ok', layers([('etc/os-release', OS), db], [info(DB, SYM, link='/srv/db')]))
    yield Image('other-layer-hard', 'ok|none|part|gap', layers([('etc/os-release', OS), db], [info(DB, HARD, link='srv/db')]))
    yield Image('lower-layer', 'ok', layers([('etc/os-release', OS), info(DB, SYM, link='/srv/db')], [db]))
    yield Image('directory-in-another-layer', 'ok', layers([('etc/os-release', OS), ('srv/db/installed', APK)],
        [info('lib/apk/db', SYM, link='/srv/db')]))
    yield Image('link-over-a-directory', 'ok|none|gap|part', layers(BASE, [info('lib', SYM, link='usr/lib')]))
    yield Image('target-empty', 'gap|none|part', linked('\0'))
    yield Image('target-100-kib', 'gap|none|part', lambda d: oci(d, START + pax([('linkpath', 'a/' * 50000)]) + header(DB,
        kind=b'2') + END), DB)
    yield Image('target-4-kib-of-dots', 'ok|gap|none|part',
        lambda d: oci(d, START + entry('srv/db', APK) + pax([('linkpath', './' * 2000 + '../../../srv/db')]) +
                                                                header(DB, kind=b'2') + END))
    yield Image('target-control', 'gap|none|part', linked('/\x1b[2J\x07'))
    for what, kind in (('directory', tarfile.DIRTYPE), ('fifo', tarfile.FIFOTYPE),
                       ('device', tarfile.CHRTYPE), ('block-device', tarfile.BLKTYPE)):
        yield Image('database-is-a-' + what, 'part', lambda d, kind=kind: oci(d, tar([('etc/os-release', OS), info(DB, kind)])), DB)
        yield Image('database-becomes-a-' + what, 'part', layers(BASE, [info(DB, kind)]), DB)
        yield Image('status-is-a-' + what, 'part', lambda d,
            kind=kind: oci(d, tar([('etc/os-release', OS), info('var/lib/dpkg/status', kind)])), 'status')
    yield Image('twice-last-empty', 'none|gap|part', lambda d: oci(d, tar(BASE + [(DB, b'')])), DB)
    yield Image('twice-last-good', 'ok', lambda d: oci(d, tar([('etc/os-release', OS), (DB, b''), (DB, APK)])))
    yield Image('file-then-link', 'ok', lambda d: oci(d, tar(BASE[:1] + [(DB, b'P:x\nV:1\n\n'), db, info(DB, SYM, link='/srv/db')])))
    yield Image('replaced-empty', 'none|gap|part', layers(BASE, [(DB, b'')]), DB)
    yield Image('deleted', 'none|gap|part', layers(BASE, [('lib/apk/db/.wh.installed', b'')]))
    yield Image('deleted-and-made-again', 'ok', layers(BASE, [('lib/apk/db/.wh.installed', b'')], [(DB, APK)]))
    yield Image('opaque', 'none|gap|part', layers(BASE, [('lib/apk/.wh..wh..opq', b'')]))
    yield Image('whiteout-of-nothing', 'gap', layers(BASE, [('.wh.', b''), ('.wh..', b''), ('.wh...', b''), ('x/.wh..wh.plnk', b'')]))
    yield Image('whiteout-with-dots', 'gap', layers(BASE, [('etc/.wh...', b''), ('etc/.wh.%2e%2e', b'')]))
    yield Image('whiteout-as-a-directory', 'any', layers(BASE, [info('lib/.wh.apk', tarfile.DIRTYPE)]))
    yield Image('whiteout-in-a-linked-directory', 'any', layers(BASE + [info('l', SYM, link='lib')], [('l/apk/db/.wh.installed', b'')]))
    yield Image('dpkg-status-over-a-link-of-a-directory', 'gap',
        layers([('etc/os-release', OS), info('var/lib/dpkg', SYM, link='/srv/dpkg'), ('srv/dpkg/status', DPKG), (DB, APK)]),
                packages={'musl', 'openssl', 'bash'})

    def many(n, make):
        return lambda d: stream(d, [START, entry(DB, APK)] + [make(i) for i in range(n)] + [END])

    yield Image('150000-links', 'ok', many(150000, lambda i: header('l/%d' % i, kind=b'2', link='../l/%d' % (i + 1))), ways='w')
    yield Image('210000-links', 'gap|part', many(210000, lambda i: header('l/%d' % i, kind=b'2', link='../l/%d' % (i + 1))), 'links',
        ways='w')
    yield Image('200000-hard-links', 'ok', many(200000, lambda i: header('h/%d' % i, kind=b'1', link=DB)), ways='w')
    yield Image('million-hard-links', 'ok', many(1000000, lambda i: header('h/%d' % i, kind=b'1', link=DB)), ways='w', large=True)
    yield Image('100000-whiteouts', 'ok', many(100000, lambda i: header('w/.wh.%d' % i)), ways='w')
    yield Image('million-whiteouts', 'ok|part', many(1000000, lambda i: header('w/.wh.%d' % i)), ways='w', large=True)
    yield Image('40000-hard-links-to-a-language-file', 'ok|gap|part',
        lambda d: stream(d, [START, entry(DB, APK), entry('a.dist-info/METADATA', b'Name: jinja2\nVersion: 1.0\n\n')] + [
        header('d%d.dist-info/METADATA' % i, kind=b'1', link='a.dist-info/METADATA') for i in range(40000)] + [END]),
        packages={'musl', 'openssl', 'jinja2'}, ways='w')
