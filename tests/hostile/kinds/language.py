# SPDX-License-Identifier: Apache-2.0
"""Files of language packages: Python, npm, jars and others."""
import io
import json
import zipfile

from case import Image
from made import APK, DB, END, begun, entry, header, oci, packed, pax, stream, system, with_file, tar, OS

NAMES = {'musl', 'openssl'}
META = 'usr/lib/python3/site-packages/x-1.0.dist-info/METADATA'
NPM = 'app/node_modules/x/package.json'
JINJA = ('usr/lib/python3/site-packages/jinja2-1.0.dist-info/METADATA', b'Metadata-Version: 2.1\nName: jinja2\nVersion: 1.0\n\n')
LODASH = ('app/node_modules/lodash/package.json', b'{"name":"lodash","version":"1.0.0"}')


def python(data, path=META):
    return lambda d: oci(d, packed(tar([('etc/os-release', OS), (DB, APK), (path, data() if callable(data) else data), JINJA]), 1))


def npm(data, path=NPM):
    return lambda d: oci(d, packed(tar([('etc/os-release', OS), (DB, APK), (path, data() if callable(data) else data), LODASH]), 1))


def big(path, size, more=b''):
    def build(d):
        h = header(path, size) if size < 8 << 30 else big_header(path, size)
        return stream(d, [begun(), entry(DB, APK), h, more, size - len(more), bytes(-size % 512), END])
    return build


def big_header(path, size):
    h = bytearray(header(path))
    h[124:136] = b'\x80' + size.to_bytes(11, 'big')
    h[148:156] = b' ' * 8
    h[148:156] = b'%06o\0 ' % sum(h)
    return bytes(h)


def zipped(*members):
    """(name, data, times): the directory names a member as often as asked, each time with the same data."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, data, times in members:
            z.writestr(name, data)
            for i in range(1, times):
                again = zipfile.ZipInfo('%d/%s' % (i, name))
                for field in ('compress_type', 'CRC', 'compress_size', 'file_size', 'header_offset'):
                    setattr(again, field, getattr(z.getinfo(name), field))
                z.filelist.append(again)
    return raw.getvalue()


def jar(*members):
    pom = 'groupId=org.acme\nartifactId=x\nversion=1\n'
    return lambda d: oci(d, packed(tar([('etc/os-release', OS), (DB, APK), ('app/x.jar',
        zipped(('META-INF/maven/org.acme/x/pom.properties', pom, 1), *[m() if callable(m) else m for m in members]))]), 1))


def cases():
    both = NAMES | {'jinja2'}
    head = b'Metadata-Version: 2.1\nName: x\nVersion: 1.0\n'
    for name, want, data in (
            ('good', 'ok|gap', head + b'\n'), ('binary', 'gap', bytes(range(256)) * 100), ('zeros', 'gap', bytes(10000)),
            ('empty', 'gap', b''),
            ('no-headers', 'gap', b'\n\njust a text\n'), ('no-name', 'gap', b'Version: 1.0\n\n'), ('no-version', 'gap', b'Name: x\n\n'),
            ('html', 'gap', b'<html><body>404</body></html>'), ('crlf', 'ok|gap', head.replace(b'\n', b'\r\n') + b'\r\n'),
            ('utf16', 'gap', head.decode().encode('utf-16')),
            ('bom', 'ok|gap', b'\xef\xbb\xbf' + head), ('cut', 'gap', b'Metadata-Version: 2.1\nName: x\nVers'),
            ('nul', 'gap|ok', head.replace(b'x', b'x\0y')),
            ('name-control', 'gap|ok', b'Name: \x1b[31mx\x07\nVersion: 1.0\n\n'),
            ('name-1-mib', 'gap', b'Name: ' + b'x' * (1 << 20) + b'\nVersion: 1\n\n'),
            ('version-impossible', 'gap', b'Name: x\nVersion: one point zero\n\n'), ('version-1-mib', 'gap',
            b'Name: x\nVersion: ' + b'1' * (1 << 20) + b'\n\n'),
            ('version-zeros', 'ok|gap', b'Name: x\nVersion: 1' + b'.0' * 1000 + b'\n\n'),
            ('names-2', 'gap|ok', b'Name: x\nName: y\nVersion: 1\n\n'),
            ('headers-100000', 'ok|gap', head + b'Classifier: x\n' * 100000 + b'\n'), ('continuation-100000', 'ok|gap',
            head + b'Description: x\n' + b' y\n' * 100000 + b'\n'),
            ('description-8-mib', 'ok|gap', head + b'\n' + b'x' * (8 << 20)), ('line-4-mib', 'ok|gap',
            head + b'Summary: ' + b'x' * (4 << 20) + b'\n\n')):
        yield Image('python-' + name, want, python(data), '' if 'ok' in want else 'x-1.0.dist-info|x ', both,
            ways='wit' if len(data) < 50000 else 'wi')
    yield Image('python-100-mib', 'ok|gap', big(META, 100 << 20, head + b'\n'), packages=NAMES, ways='w')
    yield Image('python-100-mib-of-zeros', 'gap', big(META, 100 << 20), 'x-1.0', NAMES, ways='w')
    yield Image('python-1-gib', 'gap', big(META, 1 << 30, head + b'\n'), 'x-1.0', NAMES, ways='w')
    yield Image('python-8-gib', 'gap|part', big(META, 8 << 30, head + b'\n'), 'x-1.0', NAMES, ways='w', large=True)
    yield Image('python-metadata-is-a-directory', 'ok|gap',
        lambda d: oci(d, tar([('etc/os-release', OS), (DB, APK), JINJA, header(META + '/', kind=b'5')])), packages=both)
    yield Image('python-metadata-is-a-link-out', 'ok|gap',
        lambda d: oci(d, tar([('etc/os-release', OS), (DB, APK), JINJA, header(META, kind=b'2', link='/etc/passwd')])), packages=both)
    yield Image('python-egg-binary', 'gap', python(bytes(range(256)), 'usr/lib/python3/x-1.0.egg-info'), 'egg-info', both)
    yield Image('python-egg-directory-binary', 'gap', python(bytes(range(256)), 'usr/lib/python3/x-1.0.egg-info/PKG-INFO'), 'egg-info',
        both)
    yield Image('python-30000-packages', 'ok|gap', lambda d: stream(d, [begun(), entry(DB, APK)] + [
        entry('lib/p%d-1.dist-info/METADATA' % i, b'Name: p%d\nVersion: 1\n\n' % i) for i in range(30000)] + [END]), packages=NAMES,
        ways='wc')
    yield Image('python-250000-packages', 'gap|part', lambda d: stream(d, [begun(), entry(DB, APK)] + [
        entry('p%d-1.dist-info/METADATA' % i, b'Name: p%d\nVersion: 1\n\n' % i) for i in range(250000)] + [END]), packages=NAMES,
        ways='w', large=True)
    yield Image('python-50000-bad-files', 'gap', lambda d: stream(d, [begun(), entry(DB, APK)] + [
        entry('p%d-1.dist-info/METADATA' % i, b'\0\1\2') for i in range(50000)] + [END]), packages=NAMES, ways='w')

    both = NAMES | {'lodash'}
    good = {'name': 'x', 'version': '1.0.0'}
    for name, want, data in (
            ('good', 'ok|gap', json.dumps(good).encode()), ('empty', 'gap', b''), ('null', 'gap|ok', b'null'), ('number', 'gap|ok', b'5'),
            ('array', 'gap|ok', b'[]'),
            ('cut', 'gap', b'{"name":"x","version":"1.0'), ('binary', 'gap', bytes(range(256)) * 100), ('zeros', 'gap', bytes(10000)),
            ('html', 'gap', b'<html></html>'),
            ('bom', 'ok|gap', b'\xef\xbb\xbf' + json.dumps(good).encode()), ('utf16', 'gap', json.dumps(good).encode('utf-16')),
            ('deep-arrays', 'gap', b'{"name":"x","version":"1.0.0","x":' + b'[' * 100000 + b']' * 100000 + b'}'),
            ('deep-objects', 'gap', b'{"a":' * 100000 + b'1' + b'}' * 100000), ('deep-not-closed', 'gap', b'[' * 1000000),
            ('key-twice', 'ok|gap', b'{"name":"x","version":"1.0.0","version":"2.0.0"}'), ('name-is-a-number', 'gap|ok',
            b'{"name":5,"version":"1.0.0"}'),
            ('version-is-an-object', 'gap|ok', b'{"name":"x","version":{}}'), ('version-null', 'gap|ok', b'{"name":"x","version":null}'),
            ('version-impossible', 'gap', b'{"name":"x","version":"latest and greatest"}'), ('name-control', 'gap|ok',
            b'{"name":"\\u001b[31mx\\u0007","version":"1.0.0"}'),
            ('name-nul', 'gap|ok', b'{"name":"x\\u0000y","version":"1.0.0"}'), ('name-surrogate', 'gap',
            b'{"name":"\\ud800","version":"1.0.0"}'),
            ('not-utf8', 'gap', b'{"name":"\xff\xfe","version":"1.0.0"}'), ('name-1-mib', 'ok|gap',
            json.dumps({'name': 'x' * (1 << 20), 'version': '1.0.0'}).encode()),
            ('numbers-huge', 'ok|gap', b'{"name":"x","version":"1.0.0","n":' + b'9' * 100000 + b'}'),
            ('exponent', 'ok|gap', b'{"name":"x","version":"1.0.0","n":1e999999}'),
            ('comments', 'gap|ok', b'{/* a */"name":"x","version":"1.0.0"}'), ('trailing', 'gap|ok', b'{"name":"x","version":"1.0.0"}}'),
            ('million-members', 'gap|ok', b'{"name":"x","version":"1.0.0",' + b','.join(b'"%d":0' % i for i in range(1000000)) + b'}'),
            ('string-of-32-mib', 'gap|ok', b'{"name":"x","version":"1.0.0","s":"' + b'a' * (32 << 20) + b'"}'),
            ('arrays-of-8-mib', 'gap|ok', b'{"name":"x","version":"1.0.0","s":[' + b'[],' * (2600 << 10) + b'0]}')):
        yield Image('npm-' + name, want, npm(data), '' if 'ok' in want else 'node_modules/x|x ', both,
            ways='wit' if len(data) < 50000 else 'wi')
    yield Image('npm-1-gib', 'gap', big(NPM, 1 << 30, b'{"name":"'), 'node_modules/x', NAMES, ways='w')
    yield Image('npm-30000-packages', 'ok|gap', lambda d: stream(d, [begun(), entry(DB, APK)] + [
        entry('node_modules/p%d/package.json' % i, b'{"name":"p%d","version":"1.0.0"}' % i) for i in range(30000)] + [END]),
        packages=NAMES, ways='wc')
    yield Image('npm-deep-modules', 'ok|gap',
        lambda d: oci(d, begun() + entry(DB, APK) + pax([('path', 'node_modules/a/' * 200 + 'package.json')]) +
                                                            entry('x', b'{"name":"a","version":"1.0.0"}') + END), packages=NAMES)

    yield Image('jar-of-noise', 'gap', lambda d: oci(d, tar([('etc/os-release', OS), (DB, APK), ('app/x.jar', b'PK\x03\x04noise')])),
        'no zip archive', NAMES)
    for name in ('specifications/x.gemspec', 'vendor/composer/installed.json', 'app/x.deps.json'):
        yield Image('noise-' + name.replace('/', '-'), 'gap', lambda d,
            name=name: oci(d, tar([('etc/os-release', OS), (DB, APK), (name, b'PK\x03\x04noise')])), name, NAMES)
    in_jar = NAMES | {'org.acme:x'}
    yield Image('jar-of-100000-members', 'ok|gap', jar(('m', b'', 100000)), packages=in_jar)
    yield Image('jar-of-one-jar-20000-times', 'gap', jar(lambda: ('y.jar', zipped(('fill', bytes(1 << 20), 1)), 20000)),
        'app/x.jar', in_jar)
    yield Image('jar-of-zeros-40-times', 'gap', jar(lambda: ('y.jar', zipped(('fill', bytes(1 << 20), 1)) + bytes(40 << 20), 40)),
        'archive_unpacked', in_jar)
    yield Image('jar-of-100000-pom-properties', 'gap', jar(('META-INF/maven/a/b/pom.properties', b'groupId=a', 100000)),
        'app/x.jar', in_jar)
    yield Image('jar-of-768-mib', 'gap', big('app/x.jar', 768 << 20), 'at most', NAMES, ways='w')
    yield Image('jar-of-8-gib', 'gap', big('app/x.jar', 8 << 30), 'at most', NAMES, ways='w', large=True)
    yield Image('100000-jars', 'gap', lambda d: stream(d, [begun(), entry(DB, APK)] + [header('j/%d.jar' % i) for i in range(100000)] +
        [END]), 'no zip archive', NAMES, ways='wc')
    yield Image('million-jars', 'gap|part',
        lambda d: stream(d, [begun(), entry(DB, APK)] + [header('j/%d.jar' % i) for i in range(1000000)] + [END]), '', NAMES, ways='w',
        large=True)
