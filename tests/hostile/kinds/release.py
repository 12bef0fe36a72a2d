# SPDX-License-Identifier: Apache-2.0
"""os-release and its older friends."""
import tarfile

from case import Image
from made import APK, DB, END, OS, begun, entry, header, info, oci, packed, stream, system, tar

NAMES = {'musl', 'openssl'}
SAYS = 'distribution|release|os-release'


def with_release(data, more=()):
    return lambda d: oci(d, packed(tar([('etc/os-release', data), (DB, APK)] + list(more)), 1))


def without(*more):
    return lambda d: oci(d, tar([(DB, APK)] + list(more)))


def cases():
    for name, data in (('binary', bytes(range(256)) * 50), ('zeros', bytes(5000)), ('empty', b''), ('newlines', b'\n' * 1000),
        ('html', b'<html></html>'),
                       ('utf16', OS.decode().encode('utf-16')), ('no-id', b'NAME=x\nVERSION_ID=1\n'),
                       ('id-empty', b'ID=\nVERSION_ID=3.40\n'),
                       ('id-unknown', b'ID=frobnix\nVERSION_ID=1\n'), ('id-control', b'ID="\x1b[31malpine"\nVERSION_ID=3.40\n'),
                       ('id-not-utf8', b'ID=\xff\xfe\nVERSION_ID=3.40\n'),
                       ('no-version', b'ID=alpine\n'), ('version-unknown', b'ID=alpine\nVERSION_ID=9.99\n'),
                       ('version-text', b'ID=alpine\nVERSION_ID=newest\n'),
                       ('version-4-kib', b'ID=alpine\nVERSION_ID=' + b'3' * 4090 + b'\n'),
                       ('value-1-mib', b'ID=alpine\nVERSION_ID=' + b'3' * (1 << 20) + b'\n'),
                       ('cut-in-id', b'NAME=Alpine\nI'), ('shell', b'ID=$(reboot)\nVERSION_ID=`id`\n')):
        yield Image(name, 'gap|part', with_release(data), SAYS + '|looked up', NAMES)
    for name, data in (('crlf', OS.replace(b'\n', b'\r\n')), ('bom', b'\xef\xbb\xbf' + OS),
        ('quotes', b"ID='alpine'\nVERSION_ID=\"3.40.0\"\n"), ('no-newline', OS.rstrip(b'\n')),
                       ('lines-that-are-none', OS + b'junk\n=x\n5=y\n' * 50), ('id-twice', b'ID=debian\n' + OS),
                       ('quote-open', OS + b'NAME="Alpine\n'),
                       ('pretty-control', OS.replace(b'Alpine Linux', b'\x1b[2JAlpine')), ('nul', OS + b'X=\0\n'),
                       ('blanks', b'  ID = alpine \n\tVERSION_ID=3.40.0\n')):
        yield Image(name, 'ok|gap', with_release(data), packages=NAMES)
    yield Image('million-lines', 'ok|gap|part', with_release(OS + b'A=b\n' * 250000), packages=NAMES, ways='wi')
    yield Image('100-mib', 'gap|part', lambda d: stream(d, [begun()[:0], header('etc/os-release', 100 << 20), OS.ljust(1 << 20, b'\n'),
        99 << 20, entry(DB, APK), END]),
                'os-release', NAMES, ways='w')
    yield Image('1-gib-of-zeros', 'gap|part', lambda d: stream(d, [header('etc/os-release', 1 << 30), 1 << 30, entry(DB, APK), END]),
        'os-release', NAMES, ways='w')
    yield Image('none', 'gap', without(), 'distribution', NAMES)
    for what, kind in (('directory', tarfile.DIRTYPE), ('fifo', tarfile.FIFOTYPE), ('device', tarfile.CHRTYPE)):
        yield Image('is-a-' + what, 'gap|part', without(info('etc/os-release', kind)), 'os-release|distribution', NAMES)
    yield Image('link-to-host', 'gap|part', without(info('etc/os-release', tarfile.SYMTYPE, link='/proc/version')),
        'os-release|distribution', NAMES)
    yield Image('link-to-itself', 'gap|part', without(info('etc/os-release', tarfile.SYMTYPE, link='os-release')), 'circle', NAMES)
    yield Image('link-inside', 'ok', without(('usr/lib/os-release', OS), info('etc/os-release', tarfile.SYMTYPE,
        link='../usr/lib/os-release')), packages=NAMES)
    yield Image('bad-and-good', 'ok|gap', without(('etc/os-release', bytes(range(256))), ('usr/lib/os-release', OS)), packages=NAMES)
    yield Image('alpine-release-binary', 'gap|part', without(('etc/alpine-release', bytes(range(256)))), SAYS, NAMES)
    yield Image('redhat-release-noise', 'gap|part', without(('etc/redhat-release', b'\xff' * 5000)), SAYS, NAMES)
    yield Image('debian-on-alpine', 'gap|part', with_release(b'ID=debian\nVERSION_ID=15\nVERSION_CODENAME=duke\n'), SAYS, NAMES)
    yield Image('deleted', 'gap|part', lambda d: oci(d, system(), tar([('etc/.wh.os-release', b'')])), SAYS, NAMES)
