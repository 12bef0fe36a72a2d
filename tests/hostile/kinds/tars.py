# SPDX-License-Identifier: Apache-2.0
"""The tar of a layer: fields of headers, extended headers, sparse files, names."""
import struct
import tarfile

from case import Image
from made import (APK, DB, END, OS, archive, begun, docker, entry, header, info, oci, packed, padded, pax, put, stream, sha, system, tar)

START = begun()
REST = entry(DB, APK)
HOLES = 'holes|' + DB


def layer(*pieces):
    """The system's release file, pieces as they are, the end."""
    return lambda d: oci(d, START + b''.join(pieces) + END)


def base256(n):
    return b'\x80' + n.to_bytes(11, 'big')


def number(n):
    return b'%011o\0' % n if n < 8 << 30 else base256(n)


def sparse_gnu(name, data, pieces, size, extra=b'', more=False):
    """Old GNU format. pieces: (offset, bytes) of the map; data: what is stored."""
    head = bytearray(header(name, len(data), kind=b'S', magic=b'ustar  \0'))
    for i, (offset, n) in enumerate(pieces[:4]):
        for at, value in ((386, offset), (398, n)):
            head[at + 24 * i:at + 12 + 24 * i] = value if isinstance(value, bytes) else number(value)
    head[482] = 1 if more or len(pieces) > 4 else 0
    head[483:495] = size if isinstance(size, bytes) else number(size)
    blocks = b''
    rest = pieces[4:]
    while rest:
        block = bytearray(512)
        for i, (offset, n) in enumerate(rest[:21]):
            block[24 * i:24 * i + 24] = b'%011o\0%011o\0' % (offset, n)
        rest = rest[21:]
        block[504] = 1 if rest else 0
        blocks += bytes(block)
    head[148:156] = b' ' * 8
    head[148:156] = b'%06o\0 ' % sum(head)
    return bytes(head) + blocks + extra + padded(data)


def holes(content, hole=4096):
    """The pieces of content between runs of zeros, as a sparse file keeps them."""
    pieces, data = [], b''
    for at in range(0, len(content), hole):
        block = content[at:at + hole]
        if block.strip(b'\0'):
            pieces.append((at, len(block)))
            data += block
    return pieces, data


FAR = b'\n' * 8192 + APK.ljust(4096, b'\n')


def sparse_pax(version, content, size=None, text=None):
    pieces, data = holes(content)
    size = len(content) if size is None else size
    if version == '1.0':
        text = b'%d\n' % len(pieces) + b''.join(b'%d\n%d\n' % p for p in pieces) if text is None else text
        return pax([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', DB),
                    ('GNU.sparse.realsize', str(size))]) + entry('GNUSparseFile.1/x', padded(text) + data)
    if version == '0.1':
        text = ','.join('%d,%d' % p for p in pieces) if text is None else text
        return pax([('GNU.sparse.size', str(size)), ('GNU.sparse.numblocks', str(len(pieces))), ('GNU.sparse.map', text)]) + \
            entry(DB, data)
    records = [('GNU.sparse.size', str(size)), ('GNU.sparse.numblocks', str(len(pieces)))]
    for offset, n in pieces:
        records += [('GNU.sparse.offset', str(offset)), ('GNU.sparse.numbytes', str(n))]
    return pax(records) + entry(DB, data)


def fields():
    for name, value in (('negative', b'\xff' *
    12), ('huge', base256(1 << 62)), ('beyond', base256(1 << 80)), ('letters', b'size of it\0\0'), ('empty', b'\0' *
    12), ('blanks', b' ' *
     12), ('octal-8', b'00000000008\0'), ('no-end', b'777777777777'), ('minus', b'-0000000001\0'), ('8-gib', b'100000000000')):
        yield Image('size-' + name, 'any' if name in ('empty', 'blanks') else 'part', layer(REST,
                                                                                       header_with_size(value)))
    for field in ('mode', 'uid', 'gid', 'mtime', 'major', 'minor'):
        for name, value in (('noise', b'\xfe\x01garbage!!'), ('negative', b'\xff' * 12)):
            yield Image('%s-%s' % (field, name), 'ok', layer(entry(DB, APK, **{field: value})), ways='wi')
    for name, check in (('zero', b'000000\0 '), ('wrong', b'012345\0 '), ('letters', b'checksum'), ('signed', None)):
        yield Image('check-sum-' + name, 'ok' if name == 'signed' else 'part', layer(
            REST, header('a\xff'.encode('latin-1'), check=check) if check else signed_sum('\xfc\xfd.txt'.encode('latin-1'))), ways='wi')
    for kind in b'\x00', b'7', b'A', b'Z', b'V', b'M', b'N', b'D', b'\xff', b'!':
        yield Image('type-%s' % kind.hex(), 'any', layer(REST, entry('x', b'data', kind=kind)), ways='wi', packages={'musl', 'openssl'})
        yield Image('type-%s-database' % kind.hex(), 'ok' if kind in (b'\0', b'7') else 'part|none|gap', layer(entry(DB, APK, kind=kind)),
            ways='wi')
    yield Image('magic-none', 'ok', layer(entry(DB, APK, magic=b'\0' * 8)))
    yield Image('magic-noise', 'ok', layer(entry(DB, APK, magic=b'noise!!!')))
    yield Image('prefix', 'ok', layer(entry('db/installed', APK, prefix='lib/apk')))
    yield Image('gnu-with-times-for-prefix', 'ok', layer(entry(DB, APK, magic=b'ustar  \0', prefix='/etc')))
    yield Image('name-fills-its-field', 'ok', layer(REST, entry('n' * 100, b'x')))
    yield Image('name-empty', 'gap|ok|part', layer(REST, entry('', b'x')))
    yield Image('directory-with-a-body', 'ok|part|gap', layer(entry('d/', b'x' * 600, kind=b'5'), REST), ways='wi')
    yield Image('fifo-with-a-body', 'ok|part|gap', layer(entry('f', b'x' * 600, kind=b'6'), REST), ways='wi')
    yield Image('hard-link-with-a-body', 'ok', layer(entry('a', b'x'), entry('b', b'y' * 700, kind=b'1', link='a'), REST), ways='wi')
    yield Image('one-zero-block-then-more', 'part|ok', layer(REST, bytes(512), entry('x', b'y')))
    yield Image('no-end-blocks', 'ok', lambda d: oci(d, START + REST))
    yield Image('noise-after-the-end', 'ok', lambda d: oci(d, START + REST + END + b'noise' * 1000))
    yield Image('second-archive-after-the-end', 'ok|gap|part', lambda d: oci(d, START + REST + END + tar([(DB, b'')])), ways='wi')
    yield Image('cut-in-a-header', 'part', lambda d: oci(d, START + REST + header('x')[:300]), 'ends inside')
    yield Image('cut-in-padding', 'part|ok', lambda d: oci(d, START + header(DB, len(APK)) + APK))
    yield Image('cut-in-the-database', 'part', lambda d: oci(d, START + header(DB, len(APK)) + APK[:50]), 'ends inside')


def header_with_size(value):
    b = bytearray(header('x'))
    b[124:136] = value
    b[148:156] = b' ' * 8
    b[148:156] = b'%06o\0 ' % sum(b)
    return bytes(b)


def signed_sum(name):
    b = bytearray(header(name))
    b[148:156] = b' ' * 8
    b[148:156] = b'%06o\0 ' % sum(c - 256 if c > 127 else c for c in b)
    return bytes(b)


def extended():
    yield Image('pax-path', 'ok', layer(pax([('path', DB)]), entry('other', APK)))
    yield Image('pax-size', 'ok', layer(pax([('size', str(len(APK)))]), header(DB, 0) + padded(APK)))
    for name, record in (('no-length', b'path=x\n'), ('length-0', b'0 path=x\n'), ('length-huge', b'99999999999999999999 path=x\n'),
        ('length-negative', b'-5 a=b\n'),
                         ('length-short', b'3 path=x\n'), ('length-long', b'900 path=x\n'), ('no-newline', b'9 path=xy'),
                         ('no-equals', b'8 path\n\n'), ('binary', bytes(range(256)))):
        yield Image('pax-record-' + name, 'part', layer(pax([record]), REST), ways='wi')
    for name, value in (('negative', '-1'), ('huge', '9223372036854775807'), ('beyond', '99999999999999999999999'),
                        ('text', 'large'), ('float', '1.5'), ('tib', str(1 << 40))):
        yield Image('pax-size-' + name, 'part', layer(pax([('size', value)]), REST), ways='wi')
    yield Image('pax-path-empty', 'ok', layer(pax([('path', '')]), REST))
    yield Image('pax-path-with-a-nul', 'part|gap|none', layer(pax([('path', DB + '\0x')]), entry('x', APK)))
    yield Image('pax-path-1-mib', 'part|gap|ok', layer(pax([('path', 'a/' * 400000)]), entry('x', b'y'), REST))
    yield Image('pax-path-not-utf8', 'ok', layer(pax([(b'path', b'\xff\xfe/x')]), entry('x', b'y'), REST))
    yield Image('pax-1000-records', 'ok', layer(pax([('a%d' % i, 'b') for i in range(1000)]), REST))
    yield Image('pax-million-records', 'part', lambda d: stream(d, [START, pax([b'6 a=b\n' * 1000000]), REST, END]), 'extended header')
    yield Image('pax-1-gib', 'part', lambda d: stream(d, [START, header('pax', 1 << 30, kind=b'x'), 1 << 30, REST, END]),
        'extended header', ways='w')
    yield Image('pax-global-path', 'gap', layer(pax([('path', 'etc/passwd')], kind=b'g'), REST), 'global pax header')
    yield Image('pax-10000-headers-in-a-row', 'any', layer(pax([('a', 'b')]) * 10000, REST), ways='wi')
    yield Image('pax-then-nothing', 'any', layer(REST, pax([('path', 'x')])))
    yield Image('pax-solaris', 'ok', layer(pax([('path', DB)], kind=b'X'), entry('other', APK)))
    yield Image('gnu-long-name', 'ok', layer(entry('././@LongLink', DB.encode() + b'\0', kind=b'L', magic=b'ustar  \0'), entry('x', APK)))
    yield Image('gnu-long-name-no-nul', 'ok', layer(entry('././@LongLink', DB.encode(), kind=b'L', magic=b'ustar  \0'), entry('x', APK)))
    yield Image('gnu-long-name-empty', 'any', layer(entry('././@LongLink', b'', kind=b'L', magic=b'ustar  \0'), REST))
    yield Image('gnu-long-name-1-gib', 'part', lambda d: stream(d, [START, header('././@LongLink', 1 << 30, kind=b'L'), 1 << 30, REST,
        END]), 'extended header', ways='w')
    yield Image('gnu-long-link-1-gib', 'part', lambda d: stream(d, [START, header('././@LongLink', 1 << 30, kind=b'K'), 1 << 30, REST,
        END]), 'extended header', ways='w')
    yield Image('gnu-long-name-size-negative', 'part', layer(header('././@LongLink', kind=b'L', size=0)[:124] + b'\xff' * 12 + bytes(376),
        REST))
    yield Image('gnu-long-name-of-an-archive-member', 'error|ok', lambda d: archive(d, tar(
        [entry('././@LongLink', b'a/' * 300000 + b'x\0', kind=b'L'), ('x', b'y')] + docker([system()]))), ways='wi')


def sparse():
    pieces, data = holes(FAR)
    yield Image('sparse-gnu', 'ok', layer(sparse_gnu(DB, data, pieces + [(len(FAR), 0)], len(FAR))))
    content = b''.join(b'\n' * 512 for i in range(60)) + APK.ljust(512, b'\n')
    spread = [(i * 512, 512) for i in range(len(content) // 512)]
    yield Image('sparse-gnu-long-map', 'ok', layer(sparse_gnu(DB, content, spread, len(content))))
    for version in '0.0', '0.1', '1.0':
        yield Image('sparse-pax-' + version, 'ok', layer(sparse_pax(version, FAR)))
        yield Image('sparse-pax-%s-huge' % version, 'part', layer(sparse_pax(version, FAR, size=1 << 60)), HOLES)
        yield Image('sparse-pax-%s-short' % version, 'part', layer(sparse_pax(version, FAR, size=100)), HOLES)
    for name, text in (('negative', '-1,5'), ('words', 'a,b'), ('odd', '0,512,5'), ('overlap', '0,4096,100,4096,0,4096'),
        ('huge', '0,18446744073709551615'),
                       ('overflow', '18446744073709551615,5,0,4096'), ('back', '8192,4096,0,4096'), ('more-than-stored', '0,1000000')):
        yield Image('sparse-map-0.1-' + name, 'part', layer(sparse_pax('0.1', FAR, text=text)), HOLES, ways='wi')
        lines = b'%d\n' % ((text.count(',') + 1) // 2) + text.replace(',', '\n').encode() + b'\n'
        yield Image('sparse-map-1.0-' + name, 'part', layer(sparse_pax('1.0', FAR, text=lines)), HOLES, ways='wi')
    for name, text in (('no-number', b'\n\n'), ('count-huge', b'99999999999\n0\n1\n'), ('count-negative',
                       b'-3\n'), ('no-end', b'1' * 512), ('million', b'1000000\n' + b'0\n0\n' * 200000)):
        yield Image('sparse-map-1.0-' + name, 'part', layer(sparse_pax('1.0', FAR, text=text)), HOLES, ways='wi')
    yield Image('sparse-gnu-overlap', 'part', layer(sparse_gnu(DB, data, [(0, 4096), (100, 4096), (50, 4096)], len(FAR))), 'holes',
        ways='wi')
    yield Image('sparse-gnu-numbers', 'part', layer(sparse_gnu(DB, data, [(b'noise noise ', b'\xff' * 12)], len(FAR))), 'holes', ways='wi')
    yield Image('sparse-gnu-size', 'part', layer(sparse_gnu(DB, data, pieces, base256(1 << 62))), HOLES, ways='wi')
    yield Image('sparse-gnu-map-without-end', 'part', layer(sparse_gnu(DB, b'', [], 1 << 20, more=True),
        (bytes(504) + b'\1' + bytes(7)) * 100000), ways='wi')
    yield Image('sparse-8-gib-of-hole', 'part', layer(sparse_gnu(DB, b'', [(8 << 30, 0)], 8 << 30)), DB)
    yield Image('sparse-120-mib-of-hole', 'part', layer(sparse_gnu(DB, APK.ljust(512, b'\n'), [(0, 512), (120 << 20, 0)], 120 << 20)), DB)
    yield Image('sparse-unwanted', 'ok', layer(sparse_gnu('srv/disk.img', b'', [(8 << 30, 0)], 8 << 30), REST))


def named():
    ansi = '\x1b[2J\x1b]0;owned\x07\n\r\x9b31m\x08'
    yield Image('name-control', 'ok', layer(REST, entry('a' + ansi, b'x')))
    yield Image('name-control-of-a-package', 'any', layer(REST, pax([('path', 'usr/lib/python3/%s.dist-info/METADATA' % ansi)]),
                                                           entry('x', b'Name: jinja2\nVersion: 1.0\n\n')), packages={'musl', 'openssl',
                                                           'jinja2'})
    yield Image('name-control-of-a-bad-file', 'gap', layer(REST, pax([('path', 'usr/lib/python3/%s.dist-info/METADATA' % ansi)]),
        entry('x', b'\0\1\2')))
    yield Image('name-right-to-left', 'ok|gap', layer(REST, entry('usr/lib/python3/a\u202egpj.dist-info/METADATA',
        b'Name: jinja2\nVersion: 1.0\n\n')), packages={'musl', 'openssl', 'jinja2'})
    yield Image('name-not-utf8', 'ok|gap', layer(REST, entry(b'usr/lib/python3/\xff\xfe.dist-info/METADATA',
        b'Name: jinja2\nVersion: 1.0\n\n')), packages={'musl', 'openssl', 'jinja2'})
    yield Image('name-absolute', 'ok', layer(entry('/' + DB, APK)))
    yield Image('name-dots', 'ok', layer(entry('lib/../lib/./apk//db/installed', APK)))
    yield Image('name-escape', 'any', layer(entry('../../../../' + DB, APK)))
    yield Image('name-only-dots', 'none|gap|part', layer(entry('..', APK), entry('.', APK), entry('/', APK)))
    for name, path in (('3000-components', 'd/' *
    3000 +
    'x'), ('100000-components', 'd/' *
    100000 +
    'x'), ('1500-components', 'a/' *
    1500 +
    'x'), ('255-bytes-1000-times', '/'.join(['n' *
    255] *
    1000)), ('dots-100000', './' *
    100000 +
    'x'), ('dotdot-100000', 'a/../' *
    100000 +
     'x')):
        yield Image('name-' + name, 'gap|ok', layer(pax([('path', path)]), entry('x', b'y'), REST), ways='wi', packages={'musl', 'openssl'})
    yield Image('name-deep-database', 'gap|part', layer(pax([('path', 'd/' * 3000 + 'x.dist-info/METADATA')]),
        entry('x', b'Name: a\nVersion: 1\n'), REST), 'too deep|too long', ways='wi')
    yield Image('colon-and-backslash', 'ok', layer(REST, entry('C:\\Windows\\x', b'y'), entry('a:b', b'c')))
    yield Image('100000-names-differ-in-case', 'ok',
        lambda d: stream(d, [START, REST] + [header('F%s%d' % ('x' if i % 2 else 'X', i // 2)) for i in range(30000)] + [END]), ways='w')
    yield Image('two-systems', 'ok|gap',
        layer(REST, entry('var/lib/dpkg/status', b'Package: bash\nStatus: install ok installed\nVersion: 1\n\n')),
        packages={'musl', 'openssl', 'bash'})


def cases():
    yield from fields()
    yield from extended()
    yield from sparse()
    yield from named()
