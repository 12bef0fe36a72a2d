# SPDX-License-Identifier: Apache-2.0
"""The database of apk."""
from case import Image
from made import APK, DB, END, begun, entry, header, oci, packed, stream, system

NAMES = {'musl', 'openssl'}


def with_db(data):
    return lambda d: oci(d, packed(system(db=data() if callable(data) else data), 1))


def package(name, version='1.0-r0', more=b''):
    name, version = (x.encode() if isinstance(x, str) else x for x in (name, version))
    return b'P:' + name + b'\nV:' + version + b'\nA:x86_64\n' + more + b'\n'


def files(n):
    return b''.join(b'F:usr/share/d%d\nR:f%d\n' % (i, i) for i in range(n))


def cases():
    second = APK.index(b'\n\n') + 2
    for name, want, data, packages in (
            ('good', 'ok', APK, NAMES),
            ('crlf', 'ok|gap', APK.replace(b'\n', b'\r\n'), NAMES),
            ('cr-only', 'gap|part|none', APK.replace(b'\n', b'\r'), set()),
            ('utf16', 'gap|part|none', APK.decode().encode('utf-16'), set()),
            ('bom', 'gap|part|ok', b'\xef\xbb\xbf' + APK, {'openssl'}),
            ('noise-between', 'gap|part', APK.replace(b'\n\n', b'\n\n\x93\xff noise\n\n', 1), NAMES),
            ('nul-between', 'gap|part', APK.replace(b'\n\n', b'\n\n\0\0\0\0\n\n', 1), NAMES),
            ('nul-in-a-line', 'gap|part', APK[:40] + b'\0' + APK[40:], {'openssl'}),
            ('cut', 'gap|part', APK[:-20], {'musl'}),
            ('cut-in-half', 'gap|part', APK[:len(APK) // 2 + 20], {'musl'}),
            ('cut-at-a-line', 'gap|part', APK[:APK.rindex(b'V:')], {'musl'}),
            ('cut-in-a-version', 'gap|part', APK[:APK.rindex(b'V:') + 4], {'musl'}),
            ('cut-between-packages', 'ok', APK[:second], {'musl'}),
            ('no-final-newline', 'ok|gap', APK[:-2], NAMES),
            ('no-blank-line', 'gap|ok', APK.replace(b'\n\n', b'\n'), NAMES),
            ('no-version', 'gap|part', APK + b'P:x\nA:x86_64\n\n', NAMES),
            ('no-name', 'gap|part', APK + b'V:1\n\n', NAMES),
            ('two-versions-in-one', 'gap|part', APK.replace(b'P:openssl\n', b'P:openssl\nV:9\n'), NAMES),
            ('same-package-twice', 'ok|gap', APK + APK, NAMES),
            ('version-impossible', 'gap', APK + package('x', 'not a version'), NAMES),
            ('version-1-mib', 'gap', APK + package('x', '1' * (1 << 20)), NAMES),
            ('version-dots', 'ok|gap', APK + package('x', '1' + '.1' * 1000), NAMES | {'x'}),
            ('version-control', 'gap', APK + package('x', b'1\x1b[31m'), NAMES),
            ('name-control', 'gap', APK + package(b'\x1b[2Jx\x07'), NAMES),
            ('name-not-utf8', 'gap', APK + package(b'\xff\xfe'), NAMES),
            ('name-1-mib', 'gap', APK + package('x' * (1 << 20)), NAMES),
            ('origin-broken', 'ok|gap', APK + package('x', more=b'o:\x01\x02\n'), NAMES),
            ('fields-100000', 'gap|ok', APK + package('x', more=b''.join(b'%c:1\n' % (97 + i % 26) for i in range(100000))), NAMES),
            ('letters-unknown', 'ok|gap', APK + package('x', more=b'@:1\n#:2\n\xff:3\n'), NAMES),
            ('files-without-directory', 'ok|gap', APK + package('x', more=b'R:f\n' * 100000), NAMES),
            ('files-200000', 'ok|gap', APK + package('x', more=files(200000)), NAMES),
            ('file-names-1-mib', 'ok|gap', APK + package('x', more=b'F:' + b'd' * (1 << 20) + b'\nR:' + b'f' * (1 << 20) + b'\n'), NAMES),
            ('million-newlines', 'ok', b'\n' * 1000000 + APK, NAMES),
            ('binary', 'gap|part|none', bytes(range(256)) * 400, set()),
            ('zeros', 'gap|part|none', bytes(100000), set()),
            ('html', 'gap|part|none', b'<html><body>404</body></html>\n', set()),
            ('empty', 'none|part|gap', b'', set()),
            ('newline', 'none|part|gap', b'\n', set()),
            ('gzip', 'gap|part|none', packed(APK), set()),
            ('dpkg', 'gap|part|none', b'Package: bash\nVersion: 1\nStatus: install ok installed\n\n', set()),
            ('apk-v3', 'gap|part|none', b'ADBdsdni' + bytes(range(256)) * 8, set())):
        yield Image(name, want, with_db(data), '' if 'ok' in want or name.startswith('version') else DB, packages,
            ways='wit' if len(data) < 50000 else 'wi')
    yield Image('line-of-64-mib', 'gap|part', with_db(lambda: APK + b'P:' + b'a' * (64 << 20) + b'\nV:1\n\n'), DB, NAMES, ways='wi')
    yield Image('line-of-64-mib-only', 'gap|part|none', with_db(lambda: b'P:' + b'a' * (64 << 20)), DB, set(), ways='w')
    yield Image('300000-packages', 'gap|part', with_db(lambda: b''.join(b'P:p%d\nV:1-r0\n\n' % i for i in range(300000))), 'packages',
        set(), ways='w')
    yield Image('million-bad-lines', 'gap|part', with_db(lambda: APK + b'no field\n' * 1000000), DB, NAMES, ways='w')
    yield Image('million-files', 'ok|gap',
        with_db(lambda: APK + package('x', more=b'F:usr/lib/python3\n' + b''.join(b'R:m%d.dist-info/METADATA\n' % i for i
        in range(1000000)))), packages=NAMES, ways='w')
    yield Image('larger-than-a-file-may-be', 'part', lambda d: stream(d, [begun(), header(DB, 200 << 20), APK.ljust(1 << 20, b'\n'),
        199 << 20, END]), 'at most', set(), ways='w')
    yield Image('768-mib-of-zeros', 'part', lambda d: stream(d, [begun(), header(DB, 768 << 20), 768 << 20, END]), DB, set(), ways='w')
    yield Image('127-mib-of-zeros', 'gap|part|none', lambda d: stream(d, [begun(), header(DB, 127 << 20), 127 << 20, END]), DB, set(),
        ways='w')
    yield Image('both-places', 'ok|gap', lambda d: oci(d, begun() + entry(DB, APK) + entry('usr/' + DB, package('zlib')) + END),
        packages=NAMES | {'zlib'})
