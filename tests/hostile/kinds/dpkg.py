# SPDX-License-Identifier: Apache-2.0
"""The databases of dpkg: status, status.d, lists."""
from case import Image
from made import DEBIAN, END, begun, entry, header, oci, packed, rootfs, stream, tar, link_to, fifo, device, sparse, put

STATUS = 'var/lib/dpkg/status'
DAMAGE = 'status|version'


def stanza(name, version='1.0-1', status='install ok installed', more=b''):
    name, version = (x.encode() if isinstance(x, str) else x for x in (name, version))
    return b'Package: ' + name + b'\nStatus: ' + status.encode() + b'\nArchitecture: amd64\nVersion: ' + version + b'\n' + more + b'\n'


GOOD = stanza('openssl') + stanza('zlib1g', more=b'Source: zlib\n') + stanza('bash')
NAMES = {'openssl', 'zlib1g', 'bash'}


def with_status(data, extra=()):
    return lambda d: oci(d, packed(tar([('etc/os-release', DEBIAN), (STATUS, data() if callable(data) else data)] + list(extra)), 1))


def with_dir(files):
    return lambda d: oci(d, packed(tar([('etc/os-release', DEBIAN)] + files)))


def cases():
    half = GOOD[:len(GOOD) // 2]
    for name, want, data, packages in (
            ('good', 'ok', GOOD, NAMES),
            ('crlf', 'ok|gap', GOOD.replace(b'\n', b'\r\n'), NAMES),
            ('cr-only', 'gap|part|none', GOOD.replace(b'\n', b'\r'), set()),
            ('utf16', 'gap|part|none', GOOD.decode().encode('utf-16'), set()),
            ('bom', 'ok|gap|part', b'\xef\xbb\xbf' + GOOD, {'zlib1g', 'bash'}),
            ('noise-between', 'gap|part', GOOD.replace(b'\n\n', b'\n\n\x93\x00\xffnoise without a colon\n\n', 1), NAMES),
            ('nul-between', 'gap|part', GOOD.replace(b'\n\n', b'\n\n\0\0\0\0\n\n', 1), NAMES),
            ('nul-block', 'gap|part', GOOD[:100] + bytes(4096) + GOOD[100:], {'bash'}),
            ('line-without-colon', 'gap|part', GOOD.replace(b'Architecture', b'no colon here\nArchitecture', 1), NAMES),
            ('cut', 'gap|part', GOOD[:-20], {'openssl', 'zlib1g'}),
            ('cut-in-half', 'gap|part', half, {'openssl'}),
            ('cut-at-a-line', 'gap|part', GOOD[:GOOD.rindex(b'Version')], {'openssl', 'zlib1g'}),
            ('cut-behind-a-name', 'gap|part', GOOD[:GOOD.rindex(b'Package: bash') + 14], {'openssl', 'zlib1g'}),
            ('no-final-newlines', 'ok|gap', GOOD.rstrip(b'\n'), NAMES),
            ('one-final-newline', 'ok', GOOD[:-1], NAMES),
            ('no-version', 'gap|part', GOOD + b'Package: x\nStatus: install ok installed\n\n', NAMES),
            ('no-package', 'gap|part', GOOD + b'Status: install ok installed\nVersion: 1\n\n', NAMES),
            ('no-status', 'gap|part', GOOD + b'Package: x\nVersion: 1\n\n', NAMES),
            ('two-packages-in-one', 'gap|part', GOOD.replace(b'\n\n', b'\n', 1), {'bash'}),
            ('all-in-one', 'gap|part', GOOD.replace(b'\n\n', b'\n'), set()),
            ('same-package-twice', 'ok|gap', GOOD + GOOD, NAMES),
            ('two-versions-of-one', 'ok|gap', GOOD + stanza('bash', '2.0-1'), NAMES),
            ('version-impossible', 'gap', GOOD + stanza('x', 'not a version!'), NAMES),
            ('version-empty', 'gap|part', GOOD + stanza('x', ''), NAMES),
            ('version-control', 'gap', GOOD + stanza('x', b'1\x1b[31m'), NAMES),
            ('version-1-mib', 'gap', GOOD + stanza('x', '1' * (1 << 20)), NAMES),
            ('version-digits', 'ok|gap', GOOD + stanza('bash-x', '9' * 4000), NAMES),
            ('epoch-huge', 'gap', GOOD + stanza('x', '99999999999999999999:1'), NAMES),
            ('name-control', 'gap', GOOD + stanza(b'\x1b[2Jx\x07'), NAMES),
            ('name-1-mib', 'gap', GOOD + stanza('x' * (1 << 20)), NAMES),
            ('name-upper', 'ok|gap', GOOD + stanza('OpenSSL'), NAMES),
            ('name-not-utf8', 'gap', GOOD + stanza(b'\xff\xfe'), NAMES),
            ('status-unknown', 'gap|ok|part', GOOD + stanza('x', status='frob ok dazzled'), NAMES),
            ('status-one-word', 'gap|ok|part', GOOD + stanza('x', status='installed'), NAMES),
            ('source-broken', 'ok|gap', GOOD + stanza('x', more=b'Source: (((\n'), NAMES | {'x'}),
            ('continuation-first', 'gap|part', b' a continuation of nothing\n' + GOOD, NAMES),
            ('continuations-100000', 'ok', GOOD.replace(b'Version', b'Description: x\n' + b' .\n' * 100000 + b'Version', 1), NAMES),
            ('fields-100000', 'gap', stanza('x', more=b''.join(b'F%d: x\n' % i for i in range(100000))) + GOOD, NAMES),
            ('field-name-1-mib', 'ok|gap', stanza('x', more=b'F' * (1 << 20) + b': x\n') + GOOD, NAMES),
            ('colons', 'gap|part', b':\n::\n: :\n' + GOOD, NAMES),
            ('tabs', 'ok|gap', GOOD.replace(b': ', b':\t'), NAMES),
            ('blank-lines-with-blanks', 'ok|gap', GOOD.replace(b'\n\n', b'\n  \n'), {'bash'}),
            ('million-newlines', 'ok', b'\n' * 1000000 + GOOD, NAMES),
            ('binary', 'gap|part|none', bytes(range(256)) * 400, set()),
            ('zeros', 'gap|part|none', bytes(100000), set()),
            ('html', 'gap|part|none', b'<html><body>404</body></html>\n', set()),
            ('json', 'gap|part|none', b'{"Package": "bash"}\n', set()),
            ('empty', 'none|part|gap', b'', set()),
            ('gzip', 'gap|part|none', packed(GOOD), set()),
            ('sqlite', 'gap|part|none', b'SQLite format 3\0' + bytes(4080), set()),
            ('only-removed', 'none|gap', stanza('x', status='deinstall ok config-files'), set())):
        yield Image(name, want, with_status(data), '' if want.startswith('ok') else DAMAGE, packages,
            ways='wit' if len(data) < 50000 else 'wi')
    yield Image('line-of-64-mib', 'gap|part', with_status(lambda: GOOD + b'Package: ' + b'a' * (64 << 20) + b'\n\n'), DAMAGE, NAMES,
        ways='wi')
    yield Image('line-of-64-mib-first', 'gap|part|ok', with_status(lambda: b'X: ' + b'a' * (64 << 20) + b'\n\n' + GOOD), packages=NAMES,
        ways='w')
    yield Image('description-of-64-mib', 'ok|gap',
        with_status(lambda: GOOD + stanza('x', more=b'Description: a\n' + b' line\n' * (10 << 20))), packages=NAMES, ways='w')
    yield Image('65000-packages', 'ok', with_status(lambda: GOOD + b''.join(stanza('package-of-a-usual-name-%d' % i, '1.%d-1+deb15u1' % i,
        more=b'Source: src-%d (1.%d-1)\nDescription: %s\n' % (
        i // 3, i, b'some text ' * 20)) for i in range(65000))),
        packages=NAMES | {'package-of-a-usual-name-%d' % i for i in range(65000)}, ways='wci')
    yield Image('million-stanzas', 'gap|part', lambda d: stream(d, [begun(DEBIAN)] + list(many(1000000)) + [END]), 'packages', NAMES,
        ways='w', large=True)
    yield Image('250000-stanzas', 'gap|part', lambda d: stream(d, [begun(DEBIAN)] + list(many(250000)) + [END]), 'packages', NAMES,
        ways='w')
    yield Image('million-bad-stanzas', 'gap|part', with_status(lambda: GOOD + b'Package: \xff\nx\n\n' * 1000000), DAMAGE, NAMES, ways='w')
    yield Image('larger-than-a-file-may-be', 'part', lambda d: stream(d, [begun(DEBIAN), header(STATUS, 200 << 20),
        GOOD.ljust(1 << 20, b'\n'), 199 << 20, END]), 'at most', set(), ways='w')
    yield Image('120-mib-of-newlines', 'ok', lambda d: stream(d, [begun(DEBIAN), header(STATUS, 120 << 20), GOOD.ljust(1 << 20, b'\n')] +
        [b'\n' * (1 << 20)] * 119 + [END]), packages=NAMES, ways='w')
    yield Image('120-mib-in-three-layers', 'ok|gap|part', lambda d: three(d), packages=NAMES, ways='w')
    yield Image('8-gib-of-zeros', 'part', lambda d: stream(d, [begun(DEBIAN), header_8g(STATUS), 8 << 30, END]), STATUS, set(), ways='w',
        large=True)
    # status.d, as distroless has it
    sd = 'var/lib/dpkg/status.d/'
    yield Image('status.d-good', 'ok', with_dir([(sd + n, stanza(n, status='install ok installed')) for n in sorted(NAMES)]),
        packages=NAMES)
    yield Image('status.d-one-bad', 'gap|part',
        with_dir([(sd + n, stanza(n)) for n in sorted(NAMES)] + [(sd + 'bad', bytes(range(256)))]), 'status.d/bad', NAMES)
    yield Image('status.d-one-empty', 'ok|gap', with_dir([(sd + n, stanza(n)) for n in sorted(NAMES)] + [(sd + 'none', b'')]),
        packages=NAMES)
    yield Image('status.d-one-cut', 'gap|part', with_dir([(sd + 'bash', stanza('bash')), (sd + 'x', b'Package: x\nVers')]), 'status.d/x',
        {'bash'})
    yield Image('status.d-is-a-file', 'none|part|gap', with_dir([(sd[:-1], GOOD)]))
    yield Image('status.d-subdirectories', 'any', with_dir([(sd + 'a/b/c', GOOD)]))
    yield Image('status.d-names', 'ok|gap', with_dir([(sd + '\x1b[31m', stanza('bash')), (sd + 'x' * 200, stanza('openssl'))]),
        packages={'bash', 'openssl'})
    yield Image('status.d-100000-files', 'ok|part',
        lambda d: stream(d, [begun(DEBIAN)] + [entry(sd + 'p%d' % i, stanza('p%d' % i)) for i in range(100000)] + [END]), packages=set(),
        ways='w', large=True)
    yield Image('status.d-20000-files', 'ok',
        lambda d: stream(d, [begun(DEBIAN)] + [entry(sd + 'p%d' % i, stanza('p%d' % i)) for i in range(20000)] + [END]),
        packages={'p%d' % i for i in range(20000)}, ways='wc')
    yield Image('status.d-1000-files-of-1-mib', 'any',
        lambda d: stream(d, [begun(DEBIAN)] + [entry(sd + 'p%d' % i, stanza('p%d' % i).ljust(1 << 20, b'\n')) for i in range(300)] +
        [END]), packages={'p1'}, ways='w')
    # what belongs to packages
    info = 'var/lib/dpkg/info/'
    meta = ('usr/lib/python3/dist-packages/jinja2-1.0.dist-info/METADATA', b'Name: jinja2\nVersion: 1.0\n\n')
    yield Image('list-binary', 'ok|gap', with_status(GOOD, [(info + 'bash.list', bytes(range(256)) * 100), meta]),
        packages=NAMES | {'jinja2'})
    yield Image('list-line-of-32-mib', 'ok|gap', with_status(GOOD, [(info + 'bash.list', b'/' + b'a/' * (16 << 20)), meta]),
        packages=NAMES | {'jinja2'}, ways='wi')
    yield Image('list-million-lines', 'ok|gap',
        with_status(GOOD, [(info + 'bash.list', b''.join(b'/usr/lib/python3/x%d.dist-info/METADATA\n' % i for i in range(1000000)))]),
        packages=NAMES, ways='w')
    yield Image('list-claims-everything', 'ok|gap',
        with_status(GOOD, [(info + 'bash.list', b'/\n/usr\n../../' + meta[0].encode() + b'\n'), meta]), packages=NAMES)
    yield Image('md5sums-binary', 'ok|gap', with_dir([(sd + 'bash', stanza('bash')), (sd + 'bash.md5sums', bytes(range(256)) * 100)]),
        packages={'bash'})


def many(n):
    body = GOOD + b''.join(stanza('p%d' % i) for i in range(n))
    yield header(STATUS, len(body))
    yield body
    yield bytes(-len(body) % 512)


def header_8g(name):
    h = bytearray(header(name))
    h[124:136] = b'\x80' + (8 << 30).to_bytes(11, 'big')
    h[148:156] = b' ' * 8
    h[148:156] = b'%06o\0 ' % sum(h)
    return bytes(h)


def three(d):
    layers = []
    for i in range(3):
        body = GOOD + b'X: %d\n' % i
        layers.append(packed(begun(DEBIAN) + header(STATUS, 120 << 20) + body.ljust(120 << 20, b'\n') + END, 1))
    return oci(d, *layers)
