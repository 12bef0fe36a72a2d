# SPDX-License-Identifier: Apache-2.0
"""What the cases are made of: tars, layouts, archives, root file systems, and the small system in most of them."""
import gzip
import hashlib
import io
import json
import os
import stat
import tarfile

# A release that does not exist never reaches the end of its life.
RELEASE = '3.40'
OS = b'ID=alpine\nVERSION_ID=3.40.0\nPRETTY_NAME="Alpine Linux v3.40"\n'
APK = b'C:Q1xxxxxxxxxxxxxxxxxxxxxxxxxxx=\nP:musl\nV:1.1.20-r3\nA:x86_64\no:musl\n\n' \
      b'C:Q1yyyyyyyyyyyyyyyyyyyyyyyyyyy=\nP:openssl\nV:1.1.1a-r0\nA:x86_64\no:openssl\n\n'
DB = 'lib/apk/db/installed'
DEBIAN = b'ID=debian\nVERSION_ID="15"\nVERSION_CODENAME=duke\nPRETTY_NAME="Debian GNU/Linux duke"\n'
ALMA = b'ID="almalinux"\nVERSION_ID="99.1"\nPRETTY_NAME="AlmaLinux 99.1"\n'
OCI = 'application/vnd.oci.image.'


def sha(data, algo='sha256'):
    return algo + ':' + hashlib.new(algo, data).hexdigest()


def info(name, kind=tarfile.REGTYPE, size=0, link='', mode=0o644):
    i = tarfile.TarInfo(name)
    i.type, i.size, i.linkname, i.mode = kind, size, link, mode
    return i


def header(name, size=0, kind=b'0', link='', magic=b'ustar\x0000', mode=b'0000644\0', **fields):
    """A header block as bytes. fields: offset names below, values put as they are; then the check sum is made."""
    at = {'raw_name': (0, 100), 'mode': (100, 8), 'uid': (108, 8), 'gid': (116, 8), 'size': (124, 12), 'mtime': (136, 12),
          'type': (156, 1), 'link': (157, 100), 'magic': (257, 8), 'uname': (265, 32), 'major': (329, 8), 'minor': (337, 8),
          'prefix': (345, 155), 'rest': (345, 167)}
    b = bytearray(512)

    def put(key, value):
        begin, room = at[key]
        value = value.encode() if isinstance(value, str) else value
        b[begin:begin + min(len(value), room)] = value[:room]

    put('raw_name', name)
    put('mode', mode)
    put('size', b'%011o\0' % size)
    put('mtime', b'%011o\0' % 0)
    put('type', kind)
    put('link', link)
    put('magic', magic)
    check = fields.pop('check', None)
    for key, value in fields.items():
        put(key, value)
    b[148:156] = b' ' * 8
    b[148:156] = b'%06o\0 ' % sum(b) if check is None else check
    return bytes(b)


def padded(data):
    return data + bytes(-len(data) % 512)


def entry(name, data=b'', **fields):
    return header(name, len(data), **fields) + padded(data)


def pax(records, kind=b'x'):
    """A pax header entry; records: pairs, or bytes as they are."""
    text = b''
    for r in records:
        if isinstance(r, bytes):
            text += r
            continue
        key, value = (x.encode() if isinstance(x, str) else x for x in r)
        n = len(key) + len(value) + 3
        n += len(str(n))
        if len(str(n)) + len(key) + len(value) + 3 != n:
            n += 1
        text += b'%d %s=%s\n' % (n, key, value)
    return entry('pax', text, kind=kind)


END = bytes(1024)


def tar(entries):
    """Entries: TarInfo without a body, (name, bytes), or bytes that are put as they are."""
    raw = io.BytesIO()
    for e in entries:
        if isinstance(e, bytes):
            raw.write(e)
        elif isinstance(e, tarfile.TarInfo):
            raw.write(e.tobuf(tarfile.GNU_FORMAT))
        else:
            raw.write(info(e[0], size=len(e[1])).tobuf(tarfile.GNU_FORMAT) + padded(e[1]))
    return raw.getvalue() + END


def system(db=APK, release=OS, extra=()):
    return tar([('etc/os-release', release), (DB, db)] + list(extra))


def with_file(path, data, release=OS, extra=()):
    return tar([('etc/os-release', release), (path, data)] + list(extra))


def packed(data, level=6):
    return gzip.compress(data, level, mtime=0)


def dumps(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)
    return path


def descriptor(data, kind, **more):
    return dict({'mediaType': OCI + kind, 'digest': sha(data), 'size': len(data)}, **more)


def oci(root, *blobs, diffs=None, digests=None, sizes=None, config=None, manifest=None, index=None, layers=None, more=()):
    """A layout of stored layers. The rest overrides what is true: layers are descriptors, more are further blobs."""

    def blob(data, digest=None):
        algo, name = (digest or sha(data)).split(':', 1)
        put(os.path.join(root, 'blobs', algo, name), data)

    for i, b in enumerate(blobs):
        blob(b, digests[i] if digests else None)
    listed = [{'mediaType': OCI + 'layer.v1.tar', 'digest': digests[i] if digests else sha(b),
               'size': sizes[i] if sizes else len(b)} for i, b in enumerate(blobs)]
    if diffs is None:
        diffs = [sha(gzip.decompress(b) if b[:2] == b'\x1f\x8b' else b) for b in blobs]
    if config is None:
        config = {'os': 'linux', 'architecture': 'amd64', 'rootfs': {'type': 'layers', 'diff_ids': diffs}}
    config = dumps(config)
    if manifest is None:
        manifest = {'schemaVersion': 2, 'mediaType': OCI + 'manifest.v1+json',
                    'config': descriptor(config, 'config.v1+json'), 'layers': listed if layers is None else layers}
    manifest = dumps(manifest)
    if index is None:
        index = {'schemaVersion': 2, 'manifests': [descriptor(manifest, 'manifest.v1+json')]}
    for b in (config, manifest) + tuple(more):
        blob(b)
    put(os.path.join(root, 'index.json'), dumps(index))
    put(os.path.join(root, 'oci-layout'), b'{"imageLayoutVersion":"1.0.0"}')
    return 'oci:' + root


def blob_path(root, data):
    return os.path.join(root, 'blobs/sha256', sha(data)[7:])


def pack_layout(root):
    """The same layout as an archive."""
    path = root + '.tar'
    with tarfile.open(path, 'w') as t:
        t.add(root, '.')
    return 'oci-archive:' + path


def docker(layers, names=None, config=None, manifest=None, extra=()):
    """Members of a docker archive."""
    names = names or ['l%d/layer.tar' % i for i in range(len(layers))]
    config = dumps({'os': 'linux', 'architecture': 'amd64', 'rootfs': {'type': 'layers', 'diff_ids': [sha(x) for x in layers]}}
                   if config is None else config)
    name = sha(config)[7:] + '.json'
    manifest = dumps([{'Config': name, 'RepoTags': ['t:1'], 'Layers': names}] if manifest is None else manifest)
    return list(zip(names, layers)) + [(name, config)] + list(extra) + [('manifest.json', manifest)]


def archive(d, data, transport='docker-archive'):
    path = put(os.path.join(d, 'image.tar'), data)
    return transport + ':' + path if transport else path


def stream(d, pieces, transport='rootfs-archive', level=1):
    """A gzip archive of pieces (bytes, or a number of zero bytes), made without holding it."""
    path = os.path.join(d, 'image.tar.gz')
    block = bytes(1 << 20)
    with gzip.GzipFile(path, 'wb', level, mtime=0) as z:
        for p in pieces:
            if isinstance(p, bytes):
                z.write(p)
                continue
            while p > 0:
                z.write(block[:min(p, len(block))])
                p -= len(block)
    return transport + ':' + path


def begun(release=OS):
    """The beginning of a layer, to which entries are added."""
    return tar([('etc/os-release', release)])[:-len(END)]


def rootfs(d, files, release=OS):
    root = os.path.join(d, 'root')
    os.makedirs(root, exist_ok=True)
    for name, data in dict({'etc/os-release': release} if release is not None else {}, **files).items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if callable(data):
            data(path)
        else:
            put(path, data)
    return 'rootfs:' + root


def link_to(target):
    return lambda path: os.symlink(target, path)


def fifo(path):
    os.mkfifo(path)


def device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        os.mkfifo(path)


def sparse(size):
    def make(path):
        with open(path, 'wb') as f:
            f.truncate(size)
    return make
