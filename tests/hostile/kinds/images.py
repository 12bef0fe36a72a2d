# SPDX-License-Identifier: Apache-2.0
"""Ways to store and to name an image: references, nested indexes, archives of every sort, and files that are no images."""
import bz2
import json
import lzma
import os
import tarfile

from case import Image
from kinds.codecs import zstd
from made import (APK, DB, OCI, OS, archive, descriptor, docker, dumps, entry, fifo, oci, packed, pax, put, sha, system, tar)

GOOD = system()
Z = packed(GOOD)
EMPTY = tar([('etc/os-release', OS)])
UNKNOWN = {'os': 'unknown', 'architecture': 'unknown'}


def manifest(layer=Z, diff=sha(GOOD), **over):
    config = dumps({'os': 'linux', 'architecture': 'amd64', 'rootfs': {'type': 'layers', 'diff_ids': [diff]}})
    return dict({'schemaVersion': 2, 'config': descriptor(config, 'config.v1+json'), 'layers': [descriptor(layer, 'layer.v1.tar+gzip')]},
                **over)


def indexed(entries, ref='', more=(), layer=Z, diff=sha(GOOD), **over):
    """A layout whose index has these entries; entries(d): from the descriptor of its manifest."""
    def build(d):
        m = dumps(manifest(layer, diff))
        return oci(d, layer, manifest=m, index={'schemaVersion': 2, 'manifests': entries(descriptor(m, 'manifest.v1+json'))}, more=more,
                   **over) + ref
    return build


def named(name):
    return {'org.opencontainers.image.ref.name': name}


def nested(d):
    """An index in the index, and an attestation beside the image."""
    return dumps({'manifests': [d, dict(descriptor(b'{}', 'manifest.v1+json'), platform=UNKNOWN)]})


def references():
    one = lambda d: [dict(d, annotations=named('v1'))]
    two = lambda d: [dict(d, annotations=named('a')), dict(d, digest=sha(b'b'), annotations=named('b'))]
    yield Image('reference', 'ok', indexed(one, ':v1'))
    yield Image('reference-number', 'ok', indexed(one, ':@0'))
    yield Image('reference-number-missing', 'error', indexed(one, ':@1'), 'v1', ways='')
    yield Image('reference-digest-missing', 'error', indexed(one, ':@' + sha(b'another')), ways='')
    yield Image('reference-missing', 'error', indexed(one, ':v2'), 'there are: v1', ways='')
    yield Image('reference-needed', 'error', indexed(two), 'missing|name one of them', ways='')
    yield Image('with-attestation', 'ok', indexed(lambda d: [d, dict(descriptor(b'{}', 'manifest.v1+json'), platform=UNKNOWN)]))
    yield Image('only-attestations', 'error', indexed(lambda d: [dict(d, platform=UNKNOWN)]), 'only attestations')
    m = descriptor(dumps(manifest()), 'manifest.v1+json')
    inner = nested(m)
    yield Image('nested-with-attestation', 'ok', indexed(lambda d: [descriptor(inner, 'index.v1+json')], more=[inner]))
    yield Image('nested-of-docker', 'ok', indexed(lambda d: [dict(
        descriptor(inner, ''), mediaType='application/vnd.docker.distribution.manifest.list.v2+json')], more=[inner]))
    yield Image('nested-size-wrong', 'error', indexed(lambda d: [dict(descriptor(inner, 'index.v1+json'), size=5)], more=[inner]), 'bytes')
    yield Image('index-and-manifest-at-once', 'error', lambda d: oci(d, Z, manifest=manifest(manifests=[])), 'at once')
    yield Image('spelling-layers', 'error', lambda d: oci(d, Z, manifest=manifest(Layers=[])), '"Layers" found')
    yield Image('spelling-diff-ids', 'error', lambda d: oci(d, Z, config={'os': 'linux', 'architecture': 'amd64', 'rootfs': {
        'diff_ids': [sha(GOOD)], 'Diff_IDs': []}}), '"Diff_IDs" found')
    # Of two members with a name the last one counts, as for Go.
    twice = dumps(manifest()).replace(b'"layers"', b'"layers": [], "layers"')
    yield Image('layers-twice', 'ok', lambda d: oci(d, Z, manifest=twice))


def layer_types():
    for kind, want in (('oci.image.layer.v1.tar+gzip', 'ok'), ('oci.image.layer.v1.tar+zstd', 'ok'), ('oci.image.layer.v1.tar', 'ok'),
                       ('docker.image.rootfs.diff.tar.gzip', 'ok'), ('docker.image.rootfs.foreign.diff.tar.gzip', 'ok'),
                       ('oci.image.layer.nondistributable.v1.tar', 'ok'), ('oci.image.layer.v1.tar+encrypted', 'error'),
                       ('cncf.helm.chart.content.v1.tar+gzip', 'error')):
        layer = dict(descriptor(Z, ''), mediaType='application/vnd.' + kind)
        yield Image('layer-of-' + kind, want, lambda d, layer=layer: oci(d, Z, layers=[layer]), ways='')
    layer = descriptor(Z, 'layer.v1.tar', urls=['https://example.com/layer'])
    yield Image('layer-elsewhere-and-here', 'ok', lambda d: oci(d, Z, layers=[layer]))
    yield Image('layer-elsewhere', 'error', lambda d: oci(d, Z, layers=[dict(layer, digest=sha(b'x'))]), 'kept elsewhere')


def docker_archives():
    one, two = docker([GOOD]), docker([EMPTY])
    both = json.loads(one[-1][1]) + json.loads(two[-1][1])
    both[0]['RepoTags'], both[1]['RepoTags'], both[1]['Layers'] = ['a:1', 'a:latest'], ['b:1'], ['m0/layer.tar']
    several = tar(one[:-1] + [('m0/layer.tar', EMPTY), two[1], ('manifest.json', dumps(both))])
    for name, want, ref in (('a', 'ok', ':a:1'), ('latest', 'ok', ':docker.io/library/a'), ('b', 'none', ':b:1'), ('first', 'ok', ':@0'),
                            ('second', 'none', ':@1'), ('third', 'error', ':@2'), ('none', 'error', ':c:1'), ('not-named', 'error', '')):
        yield Image('docker-several-' + name, want, lambda d, ref=ref: archive(d, several) + ref,
                    'a:1 linux/amd64, b:1 linux/amd64' if want == 'error' else '', ways='')
    yield Image('docker-without-manifest', 'error', lambda d: archive(d, tar(one[:-1])), 'manifest.json is missing')
    yield Image('docker-before-1.10', 'error', lambda d: archive(d, tar(one[:1] + [('repositories', b'{}')]), ''), 'before 1.10')
    yield Image('docker-spelling', 'error', lambda d: archive(d, tar(one[:-1] + [
        ('manifest.json', one[-1][1].replace(b'"Layers"', b'"layers"'))])), '"layers" found')
    layer = one[0][0]
    hard, soft = tarfile.LNKTYPE, tarfile.SYMTYPE
    for name, want, kind, link in (('directory', 'error', tarfile.DIRTYPE, ''), ('device', 'error', tarfile.CHRTYPE, ''),
                                   ('hard-link', 'ok', hard, 'real.tar'), ('hard-link-odd', 'ok', hard, '/./x/../real.tar'),
                                   ('symlink', 'ok', soft, '../real.tar'), ('symlink-absolute', 'ok', soft, '/real.tar'),
                                   ('symlink-up', 'ok', soft, '../' * 9 + 'real.tar'), ('symlink-out', 'error', soft, '/etc/passwd'),
                                   ('symlink-circle', 'error', soft, 'layer.tar'), ('hard-link-circle', 'error', hard, layer),
                                   ('hard-link-to-nothing', 'error', hard, 'none')):
        yield Image('docker-layer-is-a-' + name, want, lambda d, i=(kind, link): archive(d, tar(
            [('real.tar', GOOD), link_entry(layer, *i)] + one[1:])), 'missing' if want == 'error' else '', ways='i')
    yield Image('docker-directory-is-a-link', 'ok', lambda d: archive(d, tar([('real/layer.tar', GOOD), link_entry('l0', soft, 'real')] +
                                                                            one[1:])))
    for name, change in (('absolute', lambda n: '/' + n), ('up', lambda n: '../x/../' + n), ('dots', lambda n: './' + n)):
        yield Image('docker-names-' + name, 'ok', lambda d, change=change: archive(d, tar([(change(n), b) for n, b in one])))
    yield Image('docker-names-not-utf8', 'ok', lambda d: archive(d, tar([('\udcff\udcfe', b'x')] + one)))
    yield Image('docker-twice', 'ok', lambda d: archive(d, tar([('manifest.json', b'[]')] + one)))
    blob = 'blobs/sha256/' + sha(GOOD)[7:]
    layout = [('index.json', b'{"manifests":[]}'), ('oci-layout', b'{}')]
    yield Image('docker-25', 'ok', lambda d: archive(d, tar(docker([GOOD], [blob], extra=layout)), ''))
    # Not in the cache from another case: a layer whose report is there is not read.
    fresh = system(extra=[('docker-25-tampered', b'')])
    blob_of_fresh = 'blobs/sha256/' + sha(fresh)[7:]
    yield Image('docker-25-tampered', 'part', lambda d: archive(d, tar(
        [(blob_of_fresh, fresh.replace(b'1.1.1a', b'9.9.9a'))] + docker([fresh], [blob_of_fresh])[1:])), "the layer's digest is")
    for name, pack in (('xz', lzma.compress), ('bzip2', bz2.compress), ('lzma', lambda x: lzma.compress(x, format=lzma.FORMAT_ALONE))):
        yield Image('docker-in-' + name, 'ok', lambda d, pack=pack: archive(d, pack(tar(one)), ''))
        yield Image('docker-in-%s-cut' % name, 'error', lambda d, pack=pack: archive(d, pack(tar(one))[:-30]), name.replace('lzma', 'xz'))
        inner = system(extra=[('docker-of-' + name, b'')])
        yield Image('docker-of-' + name, 'ok', lambda d, pack=pack, inner=inner: archive(d, tar(docker([pack(inner)], config={
            'os': 'linux', 'architecture': 'amd64', 'rootfs': {'diff_ids': [sha(inner)]}}))))
    sparse = pax([('GNU.sparse.major', '1'), ('GNU.sparse.minor', '0'), ('GNU.sparse.name', DB), ('GNU.sparse.realsize', str(len(APK)))])
    text = b'1\n0\n%d\n' % len(APK)
    sparse += entry('GNUSparseFile.0/installed', text + bytes(512 - len(text)) + APK)
    yield Image('docker-database-stored-sparse', 'ok', lambda d: archive(d, tar(docker([tar([('etc/os-release', OS), sparse])]))))


def link_entry(name, kind, link):
    i = tarfile.TarInfo(name)
    i.type, i.linkname = kind, link
    return i


def members(root):
    for directory, _, names in sorted(os.walk(root)):
        for n in sorted(names):
            with open(os.path.join(directory, n), 'rb') as f:
                yield os.path.relpath(os.path.join(directory, n), root), f.read()


def layouts_in_archives():
    def packed_up(change=lambda files: files, transport='oci-archive', ref='', pack=lambda d: d, **over):
        def build(d):
            root = os.path.join(d, 'layout')
            indexed(lambda x: [dict(x, annotations=named('v1'))], **over)(root)
            return archive(d, pack(tar(change(list(members(root))))), transport) + ref
        return build

    def blobs(files):
        return [x for x in files if x[0].startswith('blobs/')]

    def linked(kind, up, keep=True):
        def change(files):
            found = blobs(files)
            kept = [('kept/%d' % i, data) for i, (_, data) in enumerate(found)] if keep else []
            links = [link_entry(n, kind, up + 'kept/%d' % i if keep else os.path.basename(n)) for i, (n, _) in enumerate(found)]
            return kept + links + [x for x in files if x not in found]
        return change

    yield Image('archive-reference', 'ok', packed_up(ref=':v1'))
    yield Image('archive-reference-missing', 'error', packed_up(ref=':v2'), 'there are: v1', ways='')
    yield Image('archive-sniffed', 'ok', packed_up(lambda files: [('./' + n, data) for n, data in files], ''))
    yield Image('archive-gz', 'ok', packed_up(pack=packed))
    yield Image('archive-cut', 'error', packed_up(pack=lambda data: data.rstrip(b'\0')[:-20]), 'ends inside')
    yield Image('archive-without-index', 'error', packed_up(lambda files: [x for x in files if x[0] != 'index.json']), 'missing')
    yield Image('archive-hard-links', 'ok', packed_up(linked(tarfile.LNKTYPE, '')))
    yield Image('archive-symlinks', 'ok', packed_up(linked(tarfile.SYMTYPE, '../../')))
    yield Image('archive-symlinks-circle', 'error', packed_up(linked(tarfile.SYMTYPE, '', False)), 'missing')
    for i in range(3):
        def flipped(files, i=i):
            name = sorted(n for n, _ in blobs(files))[i]
            return [(n, data[:-1] + bytes([data[-1] ^ 1]) if n == name else data) for n, data in files]
        fresh = system(extra=[('archive-flipped-%d' % i, b'')])
        yield Image('archive-flipped-%d' % i, 'error|part', packed_up(flipped, layer=packed(fresh), diff=sha(fresh)), 'digest|gzip')


def no_images():
    for name, data in (('text', b'just some text\n' * 50), ('png', b'\x89PNG\r\n\x1a\n' + bytes(range(256)) * 4), ('json', b'{"x":"y"}'),
                       ('gzip-of-text', packed(b'text ' * 200)), ('gzip-of-nothing', packed(b'')), ('gzip-cut', Z[:20]), ('one-byte', b'x'),
                       ('ar', b'!<arch>\ndebian-binary   ' + bytes(600)), ('zstd-magic', b'\x28\xb5\x2f\xfd'), ('xz-magic', b'\xfd7zXZ\0')):
        for transport in ('', 'rootfs-archive', 'docker-archive', 'oci-archive'):
            # JSON by itself might be an SBOM: that it is none is said by its reader.
            yield Image('not-%s%s%s' % (name, '-as-' if transport else '', transport),
                        'part' if (name, transport) == ('json', '') else 'error',
                        lambda d, data=data, transport=transport: archive(d, data, transport),
                        'not a tar|empty|ends|neither CycloneDX', ways='')

    def in_directory(make, name='x'):
        def build(d):
            make(os.path.join(d, name))
            return os.path.join(d, name)
        return build

    yield Image('empty-directory', 'none', in_directory(os.mkdir))
    yield Image('unpacked-archive', 'error', in_directory(lambda p: put(os.path.join(p, 'manifest.json'), b'[]')), 'unpacked')
    yield Image('no-such-file', 'error', in_directory(lambda p: None), 'no such file', ways='')
    yield Image('a-pipe', 'usage', in_directory(fifo), 'neither a regular file', ways='')
    yield Image('a-device', 'usage', lambda d: '/dev/null', 'neither a regular file', ways='')
    yield Image('index-is-a-link-outside', 'error', link_out, 'leaves the directory')


def link_out(d):
    target = oci(os.path.join(d, 'layout'), Z)
    os.rename(os.path.join(d, 'layout/index.json'), os.path.join(d, 'index.json'))
    os.symlink(os.path.join(d, 'index.json'), os.path.join(d, 'layout/index.json'))
    return target


def windows():
    """Layers of a few kilobytes that need much memory to be decoded, several of them at once."""
    whole = [tar([('etc/os-release', OS), (DB, APK), ('zeros%d' % i, bytes(140 << 20))]) for i in range(3)]

    def build(pack):
        return lambda d: oci(d, *[pack(t) for t in whole], diffs=[sha(t) for t in whole])

    def xz(size):
        return lambda t: lzma.compress(t, filters=[{'id': lzma.FILTER_LZMA2, 'preset': 0, 'dict_size': size << 20}])

    def long_window(t):
        begin = t.index(bytes(1 << 20))
        return zstd([t[:begin], (0, 139 << 20), t[begin + (139 << 20):]], window=0x88)

    yield Image('zstd-windows-of-128-mib', 'ok', build(long_window), ways='', large=True)
    yield Image('xz-dictionaries-of-128-mib', 'ok', build(xz(128)), ways='', large=True)
    yield Image('xz-dictionaries-of-192-mib', 'part', build(xz(192)), '160 MiB', ways='', large=True)


def cases():
    for group in references, layer_types, docker_archives, layouts_in_archives, no_images, windows:
        yield from group()
