# SPDX-License-Identifier: Apache-2.0
"""Go programs: ELF, PE, Mach-O with absurd tables, and their build information."""
import os
import random
import struct

import programs
from case import Command, Image, Problem, gaps, names, report_of
from made import APK, DB, END, OS, begun, entry, header, info, oci, packed, padded, rootfs, stream, tar

TEXT = programs.modules('path\texample.com/m', 'mod\texample.com/m\tv1.0.0\th1:x=', 'dep\texample.com/d\tv1.2.3\th1:y=')
GO = programs.inline('go1.22.1', TEXT)
ELF = programs.elf(GO, sections=[('.go.buildinfo', 0, 0, len(GO))])
NAMES = {'musl', 'openssl'}
FOUND = NAMES | {'example.com/d', 'stdlib'}


def program(data, path='usr/bin/app'):
    def build(d):
        content = data() if callable(data) else data
        return oci(d, begun() + entry(DB, APK) + header(path, len(content), mode=b'0000755\0') + padded(content) + END)
    return build


def at(data, offset, form, value):
    data = bytearray(data)
    struct.pack_into(form, data, offset, value)
    return bytes(data)


def build_info(*parts):
    """An ELF program whose build information is these bytes behind its magic number and flags."""
    data = programs.MAGIC + bytes([8, 2]) + bytes(16) + b''.join(parts)
    return programs.elf(data, sections=[('.go.buildinfo', 0, 0, len(data))])


def flips(name, data, count):
    def check(s):
        root = s.path('root')
        rootfs(s.dir, {DB: APK, 'usr/bin/app': data}, OS)
        path = os.path.join(root, 'usr/bin/app')
        os.chmod(path, 0o755)
        for place in sorted(set(range(0, 256, 2)) | set(random.Random(2).sample(range(len(data)), count))):
            wrong = bytearray(data)
            wrong[place % len(wrong)] ^= 0xff
            with open(path, 'wb') as f:
                f.write(wrong)
            o = s.run('scan', '--in-process', '--no-cache', '-f', 'json', '--db', s.good, 'rootfs:' + root)
            if o.status not in (0, 3) or not NAMES <= names(report_of(o)):
                raise Problem('byte %d: exit status %d' % (place, o.status))
    return Command('flips-' + name, check)


def cases():
    pe, macho = programs.pe(GO), programs.macho(GO)
    old = programs.elf(programs.pointers('go1.16', TEXT, 0x401000), sections=[('.go.buildinfo', 0, 0, 64)])
    for name, data in (('elf', ELF), ('pe', pe), ('macho', macho), ('fat', programs.fat(macho)), ('elf-old', old)):
        yield Image(name + '-good', 'ok|gap', program(data), packages=FOUND)
        yield Image(name + '-cut', 'any', program(data[:len(data) * 2 // 3]), packages=NAMES, ways='wi')
        yield Image(name + '-head-only', 'any', program(data[:64]), packages=NAMES, ways='wi')
        yield flips(name, data, 40)
    # ELF: e_phoff 32, e_shoff 40, e_phentsize 54, e_phnum 56, e_shentsize 58, e_shnum 60, e_shstrndx 62
    for name, offset, form, value in (('phoff-huge', 32, '<Q', 1 << 63), ('phoff-end', 32, '<Q', 0xffffffffffffffff),
        ('shoff-huge', 40, '<Q', 1 << 63),
                                      ('shoff-end', 40, '<Q', 0xffffffffffffffff), ('shoff-itself', 40, '<Q', 0),
                                      ('phnum-max', 56, '<H', 0xffff), ('phentsize-0', 54, '<H', 0),
                                      ('phentsize-max', 54, '<H', 0xffff), ('shnum-max', 60, '<H', 0xffff), ('shnum-0', 60, '<H', 0),
                                      ('shentsize-0', 58, '<H', 0), ('shentsize-max', 58, '<H', 0xffff),
                                      ('shstrndx-max', 62, '<H', 0xffff), ('class-9', 4, '<B', 9), ('order-9', 5, '<B', 9)):
        yield Image('elf-' + name, 'any', program(at(ELF, offset, form, value)), packages=NAMES, ways='wi')
    shoff = struct.unpack_from('<Q', ELF, 40)[0]
    yield Image('elf-extended-section-count', 'any', program(at(at(ELF, 60, '<H', 0), shoff + 32, '<Q', 0xffffffffffffff)),
        packages=NAMES, ways='wi')
    for i in range(1, 4):
        yield Image('elf-section-%d-huge' % i, 'any', program(at(at(ELF, shoff + i * 64 + 24, '<Q', 1 << 62), shoff + i * 64 + 32, '<Q',
            1 << 62)), packages=NAMES, ways='wi')
        yield Image('elf-section-%d-name' % i, 'any', program(at(ELF, shoff + i * 64, '<I', 0xffffffff)), packages=NAMES, ways='wi')
    yield Image('pe-header-at-4-gib', 'any', program(at(pe, 0x3c, '<I', 0xfffffff0)), packages=NAMES, ways='wi')
    yield Image('pe-sections-65535', 'any', program(at(pe, 0x86, '<H', 0xffff)), packages=NAMES, ways='wi')
    yield Image('pe-optional-header-65535', 'any', program(at(pe, 0x94, '<H', 0xffff)), packages=NAMES, ways='wi')
    yield Image('macho-commands-max', 'any', program(at(at(macho, 16, '<I', 0xffffffff), 20, '<I', 0xffffffff)), packages=NAMES, ways='wi')
    yield Image('macho-command-size-0', 'any', program(at(macho, 36, '<I', 0)), packages=NAMES, ways='wi')
    yield Image('macho-sections-max', 'any', program(at(macho, 32 + 72 + 64, '<I', 0xffffffff)), packages=NAMES, ways='wi')
    yield Image('fat-4-billion', 'any', program(struct.pack('>II', 0xcafebabe, 0xffffffff) + bytes(4096)), packages=NAMES, ways='wi')
    yield Image('fat-64-4-billion', 'any', program(struct.pack('>II', 0xcafebabf, 0xffffffff) + bytes(4096)), packages=NAMES, ways='wi')
    yield Image('fat-in-fat', 'any', program(programs.fat(programs.fat(programs.fat(macho)))), packages=NAMES, ways='wi')
    yield Image('fat-itself', 'any', program(struct.pack('>IIIIIII', 0xcafebabe, 1, 7, 3, 0, 4096, 14) + bytes(4096)), packages=NAMES,
        ways='wi')
    yield Image('java-class', 'ok', program(struct.pack('>IHHH', 0xcafebabe, 0, 61, 500) + bytes(4096)), packages=NAMES, ways='wi')
    huge = b'\xff' * 9 + b'\x01'
    for name, parts in (('length-huge', (huge, b'go1.22')), ('length-beyond', (b'\xff' * 30,)), ('length-0', (b'\0', b'\0')),
        ('text-length-huge', (programs.uvarint(6), b'go1.22', huge)),
                        ('text-cut', (programs.uvarint(6), b'go1.22', programs.uvarint(100000), TEXT)),
                        ('noise', (random.Random(5).randbytes(4000),)),
                        ('version-control', (programs.uvarint(10), b'go\x1b[31m.22', programs.uvarint(len(TEXT)), TEXT)), ('empty', ()),
                        ('text-noise', (programs.uvarint(6), b'go1.22', programs.uvarint(4000), random.Random(6).randbytes(4000))),
                        ('line-8-mib', (programs.uvarint(6), b'go1.22', programs.uvarint((8 << 20) + 36),
                        programs.START + b'dep\t' + b'a' * (8 << 20) + programs.END))):
        yield Image('buildinfo-' + name, 'any', program(lambda parts=parts: build_info(*parts)), packages=NAMES, ways='wi')
    many = programs.modules('path\texample.com/m', 'mod\texample.com/m\tv1.0.0\th1:x=',
        *['dep\texample.com/d%d\tv1.2.3\th1:y=' % i for i in range(300000)])
    yield Image('buildinfo-300000-modules', 'any', program(lambda: build_info(programs.uvarint(6), b'go1.22', programs.uvarint(len(many)),
        many)), packages=NAMES, ways='w')
    yield Image('buildinfo-versions-impossible', 'gap|ok', program(build_info(programs.uvarint(6), b'go1.22',
        *[(lambda t: programs.uvarint(len(t)) + t)(
        programs.modules('path\tm', 'mod\tm\tv1\th1:', 'dep\td\tnot a version\th1:'))])), packages=NAMES)
    pointers = programs.pointers('go1.16', TEXT, 0x401000)
    for name, value in (('nowhere', 0xdeadbeefdeadbeef), ('end', 0xffffffffffffffff), ('itself', 0x401000)):
        yield Image('pointers-' + name, 'any', program(programs.elf(at(pointers, 16, '<Q', value),
            sections=[('.go.buildinfo', 0, 0, 64)])), packages=NAMES, ways='wi')
        yield Image('pointers-length-' + name, 'any', program(programs.elf(at(pointers, 40, '<Q', value),
            sections=[('.go.buildinfo', 0, 0, 64)])), packages=NAMES, ways='wi')
    yield Image('script', 'ok', program(b'#!/bin/sh\n' + b'x' * 100000), packages=NAMES, ways='wi')
    yield Image('magic-in-a-text', 'any', program(b'#!/bin/sh\n' + programs.MAGIC * 10000), packages=NAMES, ways='wi')

    def sparse_program(d):
        """300 MiB with the tables at the far end, as no linker makes it."""
        far = 300 << 20
        head = at(at(ELF, 40, '<Q', far), 60, '<H', 4)[:4096]
        return stream(d, [begun(), entry(DB, APK), header('usr/bin/app', far + 4096, mode=b'0000755\0'), head, far - 4096, bytes(4096),
            END])
    yield Image('300-mib-with-tables-at-its-end', 'any', sparse_program, packages=NAMES, ways='w')
    yield Image('50000-tiny-programs', 'ok', lambda d: stream(d, [begun(), entry(DB, APK)] + [
        header('b/%d' % i, 4, mode=b'0000755\0') + padded(b'\x7fELF') for i in range(50000)] + [END]), packages=NAMES, ways='w')
    yield Image('1000-good-programs', 'any', lambda d: stream(d, [begun(), entry(DB, APK)] + [
        header('b/%d' % i, len(ELF), mode=b'0000755\0') + padded(ELF) for i in range(1000)] + [END]), packages=FOUND, ways='wc')
