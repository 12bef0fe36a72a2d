# SPDX-License-Identifier: Apache-2.0
"""Small programs in the formats ELF, PE and Mach-O, with headers as linkers write them and Go's build information inside.

For golden cases and seeds of the fuzzer; nothing in them runs. Layouts by the System V ABI, Microsoft's "PE Format" and
Apple's loader.h; the build information by the comments of Go's own debug/buildinfo.
"""
import os
import struct

MAGIC = b"\xff Go buildinf:"
START, END = bytes(range(0x30, 0x40)), bytes(range(0xf0, 0x100))  # sentinels: any 16 bytes


def modules(*lines):
    """The module text as the linker stores it."""
    return START + "".join(line + "\n" for line in lines).encode() + END if lines else b""


def uvarint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def inline(version, text=b"", word=8, big=False):
    """Go 1.18 and later."""
    head = MAGIC + bytes([word, 2 | big])
    version = version.encode()
    blob = head.ljust(32, b"\0") + uvarint(len(version)) + version + uvarint(len(text)) + text
    return blob + b"\0" * (16 + -len(blob) % 16)  # other data follows in a real program


class Words:
    def __init__(self, word, big):
        self.word, self.order = word, ">" if big else "<"

    def pack(self, form, *values):
        """W in the form is a word of the machine."""
        return struct.pack(self.order + form.replace("W", "Q" if self.word == 8 else "I"), *values)


def pointers(version, text, addr, word=8, big=False):
    """Go 1.13 to 1.17: what stands at addr; the strings follow at once."""
    w = Words(word, big)
    version = version.encode()
    headers, strings = addr + 32, addr + 32 + 4 * word
    head = MAGIC + bytes([word, big]) + w.pack("WW", headers, headers + 2 * word)
    head = head.ljust(32, b"\0")
    return (head + w.pack("WW", strings, len(version)) + w.pack("WW", strings + len(version), len(text)) +
            version + text)


def elf(data, word=8, big=False, base=0x400000, sections=(), tail=b"", note=False, kind=2, mark=b"", at=4096,
        table="end", more=()):
    """
    ELF with one executable segment and a writable one per item of [data, *more], the first at file offset `at`, each on
    a page of its own. sections: (name, index of the segment, offset in it, size). table: where the section table is,
    "end" or "front" (behind the program headers, as Go writes it); None: there is none. mark: bytes behind the program headers.
    """
    w = Words(word, big)
    segments, offset = [], at
    for d in [data, *more]:
        segments.append((offset, d))
        offset = (offset + len(d) + 4095) // 4096 * 4096
    end = segments[-1][0] + len(segments[-1][1])
    notes = w.pack("III", 4, 8, 4) + b"Go\0\0" + b"build-id" if note else b""
    ehsize, phsize, shsize = (64, 56, 64) if word == 8 else (52, 32, 40)
    phnum = 1 + len(segments) + bool(note)
    front = ehsize + phnum * phsize
    names, rows = b"\0", [(0, 0, 0, 0, 0, 0)]
    for name, index, inner, size in [(".text", None, 0, 16), *sections]:
        o = 64 if index is None else segments[index][0] + inner
        rows.append((len(names), 1, 6 if index is None else 3, base + o, o, size))
        names += name.encode() + b"\0"
    names_at = end
    rows.append((len(names), 3, 0, 0, names_at, len(names) + len(".shstrtab") + 1))
    names += b".shstrtab\0"
    if table is None:
        rows, names = [], b""
    shoff = 0 if table is None else front if table == "front" else (end + len(names) + 7) // 8 * 8
    if table == "front":
        front += len(rows) * shsize
    note_at = front + len(mark)
    out = b"\x7fELF" + bytes([word // 4, 1 + big, 1]).ljust(12, b"\0")
    out += w.pack("HHIWWWIHHHHHH", kind, 62, 1, base + 64, ehsize, shoff, 0, ehsize, phsize, phnum,
                  shsize if rows else 0, len(rows), len(rows) - 1 if rows else 0)
    phs = [(1, 5, 0, at)] + [(1, 6, o, len(d)) for o, d in segments]
    if note:
        phs.append((4, 4, note_at, len(notes)))
    for t, flags, o, size in phs:
        if word == 8:
            out += w.pack("IIWWWWWW", t, flags, o, base + o, base + o, size, size, 4096)
        else:
            out += w.pack("IWWWWWII", t, o, base + o, base + o, size, size, flags, 4096)
    packed = b"".join(w.pack("IIWWWWIIWW", n, t, f, a, o, size, 0, 0, 16, 0) for n, t, f, a, o, size in rows)
    if table == "front":
        out += packed
    out = (out + mark + notes).ljust(at, b"\0")
    for o, d in segments:
        out = out.ljust(o, b"\0") + d
    out += names
    if table == "end":
        out = out.ljust(shoff, b"\0") + packed
    return out + tail


def pe(data, word=8, base=0x140000000, names=(b".text", b".data"), flags=0xc0000040, stub=0x80):
    optional = struct.pack("<H", 0x20b if word == 8 else 0x10b).ljust(24, b"\0")
    optional += struct.pack("<Q", base) if word == 8 else struct.pack("<II", 0, base)
    optional = optional.ljust(108 if word == 8 else 92, b"\0") + struct.pack("<I", 16)
    optional = optional.ljust(240 if word == 8 else 224, b"\0")
    out = b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", stub)
    out = out.ljust(stub, b"\0") + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(names), 0, 0, 0, len(optional), 0x22)
    out += optional
    for i, name in enumerate(names):
        last = i == len(names) - 1
        out += name.ljust(8, b"\0") + struct.pack("<IIIIIIHHI", len(data), 0x1000 * (i + 1), len(data) if last else 16,
                                                   0x600 if last else 0x400, 0, 0, 0, 0, flags if last else 0x60000020)
    return out.ljust(0x600, b"\0") + data


def macho(data, word=8, big=False, base=0x1000000, section=b"__go_buildinfo", padding=0, cpu=0x01000007):
    """padding: bytes of a load command before the segments."""
    w = Words(word, big)
    seg, sect = (72, 80) if word == 8 else (56, 68)
    at = (32 + seg * 2 + sect + padding + 4095) // 4096 * 4096
    commands = w.pack("II", 0x2a, padding).ljust(padding, b"\0") if padding else b""

    def segment(name, addr, offset, size, prot, sections):
        c = w.pack("II", 0x19 if word == 8 else 1, seg + sect * len(sections)) + name.ljust(16, b"\0")
        c += w.pack("WWWWIIII", addr, size, offset, size, prot, prot, len(sections), 0)
        for s in sections:
            c += s.ljust(16, b"\0") + name.ljust(16, b"\0") + w.pack("WWIIIIIII", addr, size, offset, 4, 0, 0, 0, 0, 0)
            c += b"\0" * (4 if word == 8 else 0)
        return c

    commands += segment(b"__PAGEZERO", 0, 0, at, 0, [])
    commands += segment(b"__DATA", base + at, at, len(data), 3, [section] if section else [])
    head = w.pack("IIIIIII", 0xfeedfacf if word == 8 else 0xfeedface, cpu, 3, 2, 2 + bool(padding), len(commands), 0)
    return ((head + (b"\0" * 4 if word == 8 else b"") + commands).ljust(at, b"\0")) + data


def fat(*programs, wide=False):
    out = struct.pack(">II", 0xcafebabf if wide else 0xcafebabe, len(programs))
    offset, bodies = 16384, []
    for i, p in enumerate(programs):
        out += struct.pack(">IIQQII" if wide else ">IIIII", 0x01000007 + 5 * i, 3, offset, len(p), 14, *([0] if wide else []))
        bodies.append((offset, p))
        offset = (offset + len(p) + 16383) // 16384 * 16384
    for o, p in bodies:
        out = out.ljust(o, b"\0") + p
    return out


def write(root, path, data, mode=0o755):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def version_block(key, value=b"", children=(), kind=1, value_len=None):
    """A block of a version resource, padded behind its key and before each child."""
    out = key.encode("utf-16le") + b"\0\0"
    out += b"\0" * (-(6 + len(out)) % 4) + value
    for child in children:
        out += b"\0" * (-(6 + len(out)) % 4) + child
    return struct.pack("<HHH", 6 + len(out), len(value) if value_len is None else value_len, kind) + out


def version_info(*tables):
    """VS_VERSIONINFO with a StringTable for each dict."""
    fixed = struct.pack("<13I", 0xfeef04bd, 0x10000, *[0] * 11)
    made = [version_block("000004b0", children=[
        version_block(k, v.encode("utf-16le") + b"\0\0", value_len=len(v) + 1) for k, v in table.items()]) for table in tables]
    return version_block("VS_VERSION_INFO", fixed, [version_block("StringFileInfo", children=made),
                         version_block("VarFileInfo", children=[version_block("Translation", struct.pack("<HH", 0, 1200), kind=0)])], 0)


def resources(rva, *leaves):
    """A tree of resources, for a section at rva: (type, bytes) each under a name and a language of its own."""
    def directory(entries):
        return struct.pack("<IIHHHH", 0, 0, 0, 0, 0, len(entries)) + b"".join(struct.pack("<II", *e) for e in entries)

    at = 16 + 8 * len(leaves)  # of the second level
    names = [at + 24 * i for i in range(len(leaves))]
    at += 24 * len(leaves)
    languages = [at + 24 * i for i in range(len(leaves))]
    at += 24 * len(leaves)
    data = [at + 16 * i for i in range(len(leaves))]
    at += 16 * len(leaves)
    out = directory([(t, 1 << 31 | names[i]) for i, (t, _) in enumerate(leaves)])
    out += b"".join(directory([(1, 1 << 31 | n)]) for n in languages)
    out += b"".join(directory([(1033, d)]) for d in data)
    bodies = b""
    for _, body in leaves:
        bodies += b"\0" * (-len(bodies) % 8)
        out += struct.pack("<IIII", rva + at + len(bodies), len(body), 0, 0)
        bodies += body
    return out + bodies


def assembly(rsrc=None, word=4, clr=True, rsrc_at=0x600, code=b"", base=0x400000):
    """A .NET assembly: sections .text, which has the runtime's header and code, and .rsrc, made by rsrc(its address)."""
    text = (struct.pack("<IHH", 72, 2, 5).ljust(72, b"\0") + code).ljust(0x200, b"\0")
    body = rsrc(0x8000) if rsrc else b""
    directories = bytearray(128)
    if rsrc:
        struct.pack_into("<II", directories, 2 * 8, 0x8000, len(body))
    if clr:
        struct.pack_into("<II", directories, 14 * 8, 0x2000, 72)
    optional = struct.pack("<H", 0x20b if word == 8 else 0x10b).ljust(24, b"\0")
    optional += struct.pack("<Q", base) if word == 8 else struct.pack("<II", 0, base)
    optional = optional.ljust(108 if word == 8 else 92, b"\0") + struct.pack("<I", 16) + directories
    out = b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x80)
    out = out.ljust(0x80, b"\0") + b"PE\0\0" + struct.pack("<HHIIIHH", 0x14c, 2, 0, 0, 0, len(optional), 0x2102) + optional
    for name, rva, offset, size, flags in [(b".text", 0x2000, 0x400, len(text), 0x60000020),
                                           (b".rsrc", 0x8000, rsrc_at, len(body), 0x40000040)]:
        out += name.ljust(8, b"\0") + struct.pack("<IIIIIIHHI", size, rva, size, offset, 0, 0, 0, 0, flags)
    out = out.ljust(0x400, b"\0") + text
    return out.ljust(rsrc_at, b"\0") + body
