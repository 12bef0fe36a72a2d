# SPDX-License-Identifier: Apache-2.0
"""Stored bytes of layers and their digests."""
import os

from case import Image
from made import (APK, DB, OS, archive, blob_path, docker, info, oci, packed, padded, sha, system, tar)

GOOD = system()
Z = packed(GOOD)


def replaced(make):
    """A layout whose layer is then replaced by something else."""
    def build(d):
        target = oci(d, Z)
        path = blob_path(d, Z)
        os.unlink(path)
        make(path)
        return target
    return build


def outside(path):
    other = os.path.join(os.path.dirname(path), '../../../outside')
    with open(other, 'wb') as f:
        f.write(Z)
    os.symlink(os.path.abspath(other), path)


def cases():
    yield Image('good', 'ok', lambda d: oci(d, Z))
    yield Image('plain', 'ok', lambda d: oci(d, GOOD))
    yield Image('tampered', 'part', lambda d: oci(d, packed(system(db=APK.replace(b'1.1.1a', b'9.9.9a'))), digests=[sha(Z)]),
                "the layer's digest is sha256:[0-9a-f]{64}, not " + sha(Z))
    yield Image('wrong-diff-id', 'part', lambda d: oci(d, Z, diffs=[sha(b'other')]), "the layer's DiffID is sha256")
    yield Image('wrong-size', 'part', lambda d: oci(d, Z, sizes=[len(Z) + 1]), 'has %d bytes, not %d' % (len(Z), len(Z) + 1))
    yield Image('layer-count', 'error', lambda d: oci(d, Z, diffs=[sha(GOOD)] * 2), '1 layers.* 2 DiffIDs|2 DiffIDs')
    yield Image('no-layers', 'none', lambda d: oci(d))
    yield Image('empty-layer', 'none', lambda d: oci(d, b'', diffs=[sha(b'')]))
    yield Image('tar-cut', 'part', lambda d: oci(d, packed(GOOD[:1700])), 'ends inside')
    yield Image('tar-noise', 'part', lambda d: oci(d, packed(b'noise' * 1000)), 'check sum')
    yield Image('raw-noise', 'part', lambda d: oci(d, bytes(range(1, 256)) * 8, diffs=[sha(b'')]))
    yield Image('layer-missing', 'error', replaced(lambda p: None), 'missing')
    yield Image('layer-is-a-fifo', 'error', replaced(os.mkfifo), 'not a regular file')
    yield Image('layer-is-a-directory', 'error', replaced(os.mkdir), 'not a regular file')
    yield Image('layer-is-a-device', 'error', replaced(lambda p: os.symlink('/dev/zero', p)), 'leaves the directory|not a regular')
    yield Image('layer-is-a-link-outside', 'error', replaced(outside), 'leaves the directory')
    yield Image('layer-is-a-link-to-itself', 'error', replaced(lambda p: os.symlink(os.path.basename(p), p)), 'circle')
    two = packed(tar([('x', b'y')]))
    yield Image('good-and-cut', 'part', lambda d: oci(d, Z, two[:-9], diffs=[sha(GOOD), sha(tar([('x', b'y')]))]), 'gzip',
                packages={'musl', 'openssl'})
    yield Image('cut-and-good', 'part', lambda d: oci(d, two[:-9], Z, diffs=[sha(tar([('x', b'y')])), sha(GOOD)]), 'gzip',
                packages={'musl', 'openssl'})
    yield Image('database-in-a-lost-layer', 'part|none', lambda d: oci(d, Z, packed(tar([(DB, b'')]))[:-9],
                                                                      diffs=[sha(GOOD), sha(tar([(DB, b'')]))]), 'gzip')
    yield Image('zero-digest', 'part', lambda d: oci(d, Z, digests=['sha256:' + '0' * 64]), 'digest')
    yield Image('sha512-good', 'ok', lambda d: oci(d, Z, digests=[sha(Z, 'sha512')]))
    yield Image('sha512-tampered', 'part', lambda d: oci(d, Z, digests=[sha(b'x', 'sha512')]), 'digest')
    yield Image('plain-wrong-sha512-diff-id', 'part', lambda d: oci(d, GOOD, diffs=[sha(b'x', 'sha512')]), 'DiffID')
    yield Image('plain-good-sha512-diff-id', 'ok', lambda d: oci(d, GOOD, diffs=[sha(GOOD, 'sha512')]))
    yield Image('gz-wrong-sha512-diff-id', 'part', lambda d: oci(d, Z, diffs=[sha(b'x', 'sha512')]), 'DiffID')
    yield Image('same-layer-two-diff-ids', 'part', lambda d: oci(d, Z, Z, diffs=[sha(GOOD), sha(b'x')]), 'DiffID')
    yield Image('same-layer-500-times', 'ok', lambda d: oci(d, *[Z] * 500))
    many = [packed(tar([('etc/f%d' % i, b'%d' % i)])) for i in range(300)]
    yield Image('300-layers', 'ok', lambda d: oci(d, Z, *many), ways='wc')
    yield Image('513-layers', 'error', lambda d: oci(d, *[Z] * 513), 'at most 512')
    yield Image('whiteout-of-everything', 'none|gap', lambda d: oci(d, Z, tar([('.wh..wh..opq', b'')])))
    yield Image('docker-good', 'ok', lambda d: archive(d, tar(docker([GOOD]))))
    yield Image('docker-gz', 'ok', lambda d: archive(d, packed(tar(docker([GOOD])))))
    yield Image('docker-gz-layers', 'ok', lambda d: archive(d, packed(tar(docker([GOOD, tar([('x', b'y')])])))))
    yield Image('docker-cut-layer', 'part', lambda d: archive(d, tar(docker([GOOD[:1700]]))), 'ends inside')
    yield Image('docker-gz-cut-layer', 'part', lambda d: archive(d, packed(tar(docker([GOOD[:1700], tar([('x', b'y')])])))), 'ends inside')
    yield Image('rootfs-gz', 'ok', lambda d: archive(d, Z, 'rootfs-archive'))
    yield Image('rootfs-gz-cut', 'part', lambda d: archive(d, Z[:-30], 'rootfs-archive'), 'gzip')
    yield Image('rootfs-plain-cut', 'part', lambda d: archive(d, GOOD[:1700], 'rootfs-archive'), 'ends inside')
    yield Image('not-a-tar', 'error', lambda d: archive(d, b'\x7fELF' + bytes(2000), ''), 'not a tar archive')
    yield Image('empty-file', 'error', lambda d: archive(d, b'', ''), 'empty')
    yield Image('empty-rootfs', 'error', lambda d: archive(d, b'', 'rootfs-archive'), 'empty')
    yield Image('zeros-only', 'none', lambda d: archive(d, bytes(10240), 'rootfs-archive'))
    yield Image('jpeg', 'error', lambda d: archive(d, b'\xff\xd8\xff\xe0' + bytes(5000), ''), 'not a tar archive')
    yield Image('jar-as-target', 'error', lambda d: archive(d, b'PK\x03\x04' + bytes(5000), ''), 'not a tar archive')
    yield Image('config-only-entry', 'none|part', lambda d: archive(d, tar([info('etc/os-release', size=0), padded(b'')]),
        'rootfs-archive'))
    yield Image('os-release-twice', 'ok', lambda d: oci(d, tar([('etc/os-release', b'ID=other\n'), (DB, APK), ('etc/os-release', OS)])))
