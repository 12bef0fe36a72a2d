# SPDX-License-Identifier: Apache-2.0
"""Compression of layers: damaged, concatenated, nested, with absurd parameters, and bombs."""
import bz2
import lzma
import struct
import zlib

from case import Image
from made import (APK, DB, END, archive, begun, docker, entry, header, oci, packed, put, sha, system, tar)

GOOD = system()
Z = packed(GOOD)
NOT_KNOWN = [sha(b'not known')]


def layer(blob, diffs=None, **more):
    """Without a DiffID that is true where it does not matter."""
    return lambda d: oci(d, blob() if callable(blob) else blob, diffs=diffs or [sha(GOOD)], **more)


# ---- zstd frames by hand (RFC 8878) ----

def zstd(blocks, window=None, size=None, checksum=False, dictionary=None):
    """blocks: bytes that are stored, or (byte, count). window: the descriptor's byte; size: what the frame says."""
    flags = (4 if checksum else 0) | (3 << 6 if size is not None else 0) | (0 if window is not None else 0x20)
    if dictionary is not None:
        flags |= 3
    out = b'\x28\xb5\x2f\xfd' + bytes([flags])
    if window is not None:
        out += bytes([window])
    if dictionary is not None:
        out += struct.pack('<I', dictionary)
    if size is not None:
        out += struct.pack('<Q', size)
    parts = []
    for b in blocks:
        if isinstance(b, tuple):
            byte, count = b
            while count > 0:
                n = min(count, 128 << 10)
                parts.append((1, n, bytes([byte])))
                count -= n
        else:
            for i in range(0, len(b), 128 << 10):
                parts.append((0, len(b[i:i + (128 << 10)]), b[i:i + (128 << 10)]))
    pieces = [out]
    for i, (kind, n, data) in enumerate(parts):
        pieces += struct.pack('<I', (n << 3) | (kind << 1) | (i == len(parts) - 1))[:3], data
    return b''.join(pieces) + (b'\0\0\0\0' if checksum else b'')


def zstd_bomb(size, window=0x50):
    """An unwanted file of zeros."""
    head = begun() + entry(DB, APK)
    return zstd([head + header('zeros', size), (0, size), END], window=window)


def cases():
    for name, codec in (
    ('xz', lzma.compress), ('bzip2', bz2.compress), ('lzma', lambda x: lzma.compress(
        x, format=lzma.FORMAT_ALONE)), ('zstd', lambda x: zstd(
            [x], window=0x50))):
        good = codec(GOOD)
        yield Image(name + '-good', 'ok', layer(good), ways='wi')
        yield Image(name + '-cut', 'part', layer(good[:-20]), name.replace('lzma', 'xz'), ways='wi')
        yield Image(name + '-cut-in-its-head', 'part|none', layer(good[:14]), ways='wi')
        yield Image(name + '-noise-after', 'part', layer(good + b'noise after the end of it'), ways='wi')
        middle = len(good) // 2
        yield Image(name + '-damaged', 'part', layer(good[:middle] + bytes([good[middle] ^ 0xff, good[middle + 1] ^ 0xff]) +
            good[middle + 2:]), ways='wi')
        yield Image(name + '-in-' + name, 'part|gap', layer(codec(good), [sha(good)]), ways='wi')
        yield Image(name + '-two-streams', 'ok', layer(codec(GOOD[:700]) + codec(GOOD[700:])), ways='wi') if name != 'lzma' else \
            Image(name + '-two-streams', 'part', layer(codec(GOOD[:700]) + codec(GOOD[700:])), ways='wi')
        yield Image(name + '-good-docker-archive', 'ok', lambda d, codec=codec: archive(d, codec(tar(docker([GOOD])))), ways='wi')
    yield Image('gzip-crc', 'part', layer(Z[:-8] + b'\0\0\0\0' + Z[-4:]), 'check sum')
    yield Image('gzip-length', 'part', layer(Z[:-4] + b'\0\0\0\0'))
    yield Image('gzip-cut', 'part', layer(Z[:-9]), 'ends early')
    yield Image('gzip-cut-in-its-trailer', 'part', layer(Z[:-3]))
    yield Image('gzip-header-only', 'part|none', layer(Z[:10]))
    yield Image('gzip-noise-after', 'part', layer(Z + b'noise after the end'), 'after the end')
    yield Image('gzip-zeros-after', 'ok', layer(Z + bytes(512)))
    yield Image('gzip-two-members', 'ok', layer(packed(GOOD[:700]) + packed(GOOD[700:])))
    yield Image('gzip-million-empty-members', 'ok', layer(packed(b'') * 300000 + Z), ways='w')
    yield Image('gzip-second-member-cut', 'part', layer(packed(GOOD[:700]) + packed(GOOD[700:])[:-12]))
    yield Image('gzip-name-endless', 'part', layer(b'\x1f\x8b\x08\x08' + bytes(6) + b'n' * (8 << 20)), 'header')
    yield Image('gzip-extra', 'ok', layer(b'\x1f\x8b\x08\x04' + bytes(6) + b'\xff\xff' + bytes(65535) + Z[10:]))
    yield Image('gzip-reserved-flags', 'part', layer(Z[:3] + b'\xe0' + Z[4:]), 'flags')
    yield Image('gzip-method', 'part|error', layer(Z[:2] + b'\x07' + Z[3:]))
    yield Image('gzip-in-gzip', 'part', layer(packed(Z), [sha(Z)]), 'tar')
    yield Image('gzip-in-gzip-archive', 'error', lambda d: archive(d, packed(packed(tar(docker([GOOD]))))), 'not a tar')
    yield Image('zlib', 'part', layer(zlib.compress(GOOD)))
    yield Image('compress-z', 'part|error', layer(b'\x1f\x9d\x90' + bytes(range(256)) * 4))
    yield Image('lz4', 'part', layer(b'\x04\x22\x4d\x18' + bytes(range(256)) * 4))
    yield Image('zip', 'part', layer(b'PK\x03\x04' + bytes(2000)))
    yield Image('gzip-labelled-zstd', 'ok', layer(Z, layers=[{'mediaType': 'application/vnd.oci.image.layer.v1.tar+zstd',
        'digest': sha(Z), 'size': len(Z)}]))
    # windows: 8 MiB is what every decoder must have, 128 MiB what the tool makes at most, the rest is absurd
    for name, window, want in (('8-mib', 13 << 3, 'ok'), ('128-mib', 17 << 3, 'ok|part'), ('256-mib',
                               18 << 3, 'part'), ('2-gib', 21 << 3, 'part'), ('3-tib', 0xff, 'part')):
        yield Image('zstd-window-' + name, want, layer(zstd([GOOD], window=window)), ways='wi')
    yield Image('zstd-one-segment-of-1-tib', 'part', layer(zstd([GOOD], size=1 << 40)), ways='wi')
    yield Image('zstd-size-wrong', 'part', layer(zstd([GOOD], window=0x50, size=5)), ways='wi')
    yield Image('zstd-check-sum-wrong', 'part', layer(zstd([GOOD], window=0x50, checksum=True)), ways='wi')
    yield Image('zstd-dictionary', 'part', layer(zstd([GOOD], window=0x50, dictionary=12345)), ways='wi')
    yield Image('zstd-reserved-block', 'part', layer(b'\x28\xb5\x2f\xfd\x00\x50' + struct.pack('<I', 6 | 100 << 3)[:3] + bytes(100)),
        ways='wi')
    yield Image('zstd-skippable-huge', 'part|none', layer(b'\x50\x2a\x4d\x18\xff\xff\xff\xff' + bytes(1000)), ways='wi')
    yield Image('zstd-skippable-first', 'ok', layer(b'\x50\x2a\x4d\x18\x04\0\0\0abcd' + zstd([GOOD], window=0x50)), ways='wi')
    yield Image('zstd-million-empty-frames', 'ok', layer((b'\x28\xb5\x2f\xfd\x20\0\x01\0\0') * 300000 + zstd([GOOD], window=0x50)),
        ways='w')
    yield Image('zstd-v0.7', 'part', layer(b'\x27\xb5\x2f\xfd' + bytes(500)), ways='wi')
    window128 = [(begun() + entry(DB, APK) + header('zeros', 160 << 20)), (0, 160 << 20), END]
    yield Image('zstd-window-128-mib-filled', 'ok|part', layer(lambda: zstd(window128, window=17 << 3), NOT_KNOWN), ways='wi')
    yield Image('zstd-window-128-mib-in-two-layers', 'ok|part', lambda d: oci(d, zstd(window128, window=17 << 3),
        zstd([begun() + header('z', 160 << 20)] + window128[1:], window=17 << 3),
                                                                            diffs=NOT_KNOWN * 2), ways='wi')
    yield Image('zstd-window-128-mib-in-four-layers', 'part|ok',
        lambda d: oci(d, *[zstd([w, (0, 160 << 20), END], window=17 << 3) for w in (
        begun() + entry('f%d' % i, b'x' * i) + header('zeros', 160 << 20) for i in range(4))], diffs=NOT_KNOWN * 4), ways='w')
    # dictionaries of xz and lzma
    for mib, want in ((64, 'ok'), (200, 'ok|part'), (1024, 'part')):
        yield Image('xz-dictionary-%d-mib' % mib, want, layer(lambda mib=mib: xz_with_dictionary(mib)), ways='wi')
    yield Image('xz-dictionary-4-gib', 'part', layer(lambda: xz_with_dictionary(4095)), ways='wi')
    yield Image('xz-index-huge', 'part', layer(lzma.compress(GOOD)[:-12] + b'\xff' * 12), ways='wi')
    yield Image('lzma-dictionary-1-gib', 'part', layer(lzma_dictionary(1 << 30)), ways='wi')
    yield Image('lzma-dictionary-3-gib', 'part', layer(lzma_dictionary(3 << 30)), ways='wi')
    yield Image('lzma-size-huge', 'part', layer(lzma.compress(GOOD, format=lzma.FORMAT_ALONE)[:5] + struct.pack('<Q', 200 << 30) +
                                                lzma.compress(GOOD, format=lzma.FORMAT_ALONE)[13:]), ways='wi')
    yield Image('bzip2-level-0', 'part', layer(b'BZh0' + bz2.compress(GOOD)[4:]), ways='wi')
    yield Image('bzip2-pointer', 'part', layer(b'BZh91AY&SY' + b'\xff' * 400), ways='wi')
    # bombs that inflate beyond what a layer may have: the cap is told, the rest is there
    big = 1 << 30
    yield Image('bomb-zstd-1-gib', 'ok|part', layer(lambda: zstd_bomb(big), NOT_KNOWN), ways='w')
    yield Image('bomb-zstd-100-gib', 'part', layer(lambda: zstd_bomb(100 << 30), NOT_KNOWN), ways='w')
    yield Image('bomb-bzip2', 'part|ok', layer(lambda: bz2.compress(begun() + entry(DB, APK) + header('z', 64 << 20)) +
        bz2.compress(bytes(1 << 20)) * 64 + bz2.compress(END), NOT_KNOWN), ways='w')
    yield Image('bomb-xz', 'part|ok', layer(lambda: lzma.compress(begun() + entry(DB, APK) + header('z', 256 << 20)) +
        lzma.compress(bytes(16 << 20)) * 16 + lzma.compress(END), NOT_KNOWN), ways='w')
    yield Image('bomb-archive-zstd', 'error|ok', lambda d: archive(d, zstd([tar(docker([GOOD]))[:-1024] + header('zeros', 3 << 30),
        (0, 3 << 30), END], window=0x50)), ways='w')
    yield Image('bomb-gzip-ratio', 'part|ok', layer(lambda: gzip_zeros(begun() + entry(DB, APK), 'zeros', 1 << 30), NOT_KNOWN), ways='w')
    yield Image('bomb-gzip-100-gib', 'part|ok', layer(lambda: gzip_zeros(begun() + entry(DB, APK), 'zeros', 100 << 30), NOT_KNOWN),
        ways='w', large=True)


def xz_with_dictionary(mib):
    """Made with a small dictionary; then the block's header says a larger one."""
    data = bytearray(lzma.compress(GOOD, check=lzma.CHECK_CRC32))
    # stream header 12 bytes; block header: size, flags, then the filter: id 0x21, length 1, dictionary
    at = data.index(b'\x21\x01', 12)
    bits = 0
    while dictionary_size(bits) < mib << 20 and bits < 40:
        bits += 1
    data[at + 2] = bits
    size = (data[12] + 1) * 4
    data[12 + size - 4:12 + size] = struct.pack('<I', zlib.crc32(bytes(data[12:12 + size - 4])))
    return bytes(data)


def dictionary_size(bits):
    return 0xffffffff if bits == 40 else (2 | bits & 1) << (bits // 2 + 11)


def lzma_dictionary(size):
    data = lzma.compress(GOOD, format=lzma.FORMAT_ALONE)
    return data[:1] + struct.pack('<I', size) + data[5:]


def gzip_zeros(before, name, size):
    """Zeros by repeating one compressed piece of them, as members of their own: fast to make."""
    return packed(before + header(name, size)) + packed(bytes(64 << 20)) * (size // (64 << 20)) + packed(END)
