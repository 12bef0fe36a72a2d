# SPDX-License-Identifier: Apache-2.0
"""Writers of rpm databases for tests: headers, and the three files that hold them.

Written from docs/formats/rpm.md. What they write is read by rpm itself in tests/corpus/check-rpmdb, so that a mistake of
the writer is not taken for the format.
"""
import os
import sqlite3
import struct
import zlib

CHAR, INT8, INT16, INT32, INT64, STRING, BIN, STRINGS, I18N = range(1, 10)
NAME, VERSION, RELEASE, EPOCH, ARCH, OLD_FILE_NAMES = 1000, 1001, 1002, 1003, 1022, 1027
FILE_STATES, FILE_MODES, SOURCE_RPM, DIR_INDEXES, BASE_NAMES, DIR_NAMES, MODULE = 1029, 1030, 1044, 1116, 1117, 1118, 5096
REGION = 63


def raw_header(entries, data, n=None, size=None):
    """Index entries (tag, type, offset, count) and data as they are; n, size: what the head says."""
    head = struct.pack(">II", len(entries) if n is None else n, len(data) if size is None else size)
    return head + b"".join(struct.pack(">IIII", *e) for e in entries) + data


def store(tags):
    """Entries and data of [(tag, type, value)]."""
    entries, data = [], b""
    for tag, kind, value in tags:
        if kind in (INT16, INT32, INT64):
            width = {INT16: 2, INT32: 4, INT64: 8}[kind]
            data += bytes(-len(data) % width)
        entry = [tag, kind, len(data), 1]
        if kind == STRING:
            data += value.encode() + b"\0"
        elif kind in (STRINGS, I18N):
            entry[3] = len(value)
            data += b"".join(v.encode() + b"\0" for v in value)
        elif kind in (CHAR, INT8, BIN):
            entry[3] = len(value)
            data += bytes(value)
        else:
            entry[3] = len(value)
            data += b"".join(v.to_bytes(width, "big") for v in value)
        entries.append(tuple(entry))
    return entries, data


def header(name, version="1.0", release="1", epoch=None, arch="x86_64", source="", module=None, files=(), states=None,
           pad=0, added=()):
    """As of an installed package: the package's tags in an immutable region, what installation added behind it."""
    tags = [(NAME, STRING, name), (VERSION, STRING, version), (RELEASE, STRING, release)]
    if epoch is not None:
        tags.append((EPOCH, INT32, [epoch]))
    tags.append((1004, I18N, ["a package of a test"]))
    if pad:
        tags.append((1005, I18N, ["d" * pad]))
    if arch is not None:
        tags.append((ARCH, STRING, arch))
    if source is not None:
        tags.append((SOURCE_RPM, STRING, source or f"{name}-{version}-{release}.src.rpm"))
    if files:
        dirs = sorted({os.path.dirname(f) + "/" for f in files})
        tags += [(DIR_INDEXES, INT32, [dirs.index(os.path.dirname(f) + "/") for f in files]),
                 (BASE_NAMES, STRINGS, [os.path.basename(f) for f in files]), (DIR_NAMES, STRINGS, dirs)]
    if module is not None:
        tags.append((MODULE, STRING, module))
    entries, data = store(tags)
    region = (REGION, BIN, len(data), 16)
    data += struct.pack(">IIiI", REGION, BIN, -16 * (len(entries) + 1), 16)
    more = list(added) + ([(FILE_STATES, CHAR, states)] if states is not None else []) + [(1008, INT32, [1700000000])]
    data += bytes(-len(data) % 4)
    extra, extra_data = store(more)
    extra = [(t, k, at + len(data), n) for t, k, at, n in extra]
    return raw_header([region] + entries + extra, data + extra_data)


def put(root, path, content):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)


# ---- SQLite ----

def sqlite_open(path, page_size=4096):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA page_size={page_size}")
    db.execute("PRAGMA synchronous=OFF")
    db.execute("CREATE TABLE IF NOT EXISTS 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
    db.execute("CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
    return db


def sqlite_add(db, headers):
    db.execute("BEGIN")
    for h in headers:
        db.execute("INSERT INTO Packages (blob) VALUES (?)", (h,))
    db.execute("COMMIT")


def sqlite(path, headers, page_size=4096):
    db = sqlite_open(path, page_size)
    sqlite_add(db, headers)
    db.close()


def sqlite_pages(content):
    size = struct.unpack_from(">H", content, 16)[0]
    size = 65536 if size == 1 else size
    return size, [bytearray(content[i:i + size]) for i in range(0, len(content), size)]


# ---- NDB ----

def ndb_blob(package, data, checksum=None):
    body = b"BlbS" + struct.pack("<III", package, 1, len(data)) + data
    body += bytes(-(len(body) + 12) % 16)
    return body + struct.pack("<II", zlib.adler32(body) if checksum is None else checksum, len(data)) + b"BlbE"


def ndb(headers, slot_pages=1, slots=None, blobs=None, version=0):
    """slots: [(package, block, blocks)] instead of the right ones."""
    blobs = [ndb_blob(i + 1, h) for i, h in enumerate(headers)] if blobs is None else blobs
    right, block = [], slot_pages * 256
    for i, b in enumerate(blobs):
        right.append((i + 1, block, len(b) // 16))
        block += len(b) // 16
    head = b"RpmP" + struct.pack("<IIII", version, 7, slot_pages, len(blobs) + 1) + bytes(12)
    table = b"".join(b"Slot" + struct.pack("<III", *s) for s in (right if slots is None else slots))
    free = (slot_pages * 4096 - len(head) - len(table)) // 16
    return head + table + (b"Slot" + bytes(12)) * free + b"".join(blobs)


# ---- Berkeley DB hash ----

class Bdb:
    """Headers go to buckets in turn: readers do not ask the hash function. pages is there to be damaged before bytes()."""

    def __init__(self, headers, order="<", page_size=4096, buckets=2, unsorted=False, version=9):
        self.o, self.size, self.buckets = order, page_size, buckets
        self.type = 2 if unsorted else 13
        self.version, self.spares, self.pages = version, [0] * 32, [None]
        self.count = len(headers) + 1
        first = {}
        bits = 0
        while bits == 0 or 1 << (bits - 1) <= buckets - 1:
            low, high = (1 << (bits - 1) if bits else 0), min((1 << bits) - 1, buckets - 1)
            self.spares[bits] = len(self.pages) - low
            for b in range(low, high + 1):
                first[b] = self.add(self.type)
            bits += 1
            if bits == 2:
                self.add(0)                             # a gap between groups of buckets
        self.first = first
        self.last = dict(first)
        self.pair(0, b"\1" + bytes(4), b"\1" + self.u32(len(headers)))
        for i, h in enumerate(headers):
            self.pair((i + 1) % buckets, b"\1" + self.u32(i + 1), self.value(h))

    def u32(self, n):
        return struct.pack(self.o + "I", n)

    def add(self, kind):
        page = bytearray(self.size)
        struct.pack_into(self.o + "IIIIIHHBB", page, 0, 0, 1, len(self.pages), 0, 0, 0,
                         self.size & 0xffff, 0, kind)
        self.pages.append(page)
        return len(self.pages) - 1

    def field(self, number, at, form, value):
        struct.pack_into(self.o + form, self.pages[number], at, value)

    def get(self, number, at, form):
        return struct.unpack_from(self.o + form, self.pages[number], at)[0]

    def value(self, data):
        if len(data) < self.size // 4:
            return b"\1" + data
        room, before, first = self.size - 26, None, None
        for i in range(0, len(data), room):
            number = self.add(7)
            piece = data[i:i + room]
            self.pages[number][26:26 + len(piece)] = piece
            self.field(number, 22, "H", len(piece))
            if before is None:
                first = number
            else:
                self.field(before, 16, "I", number)
            before = number
        return b"\3\0\0\0" + self.u32(first) + self.u32(len(data))

    def pair(self, bucket, key, value):
        number = self.last[bucket]
        n = self.get(number, 20, "H")
        low = self.get(number, 26 + 2 * (n - 1), "H") if n else self.size
        if low - len(key) - len(value) < 26 + 2 * (n + 2):
            new = self.add(self.type)
            self.field(number, 16, "I", new)
            self.field(new, 12, "I", number)
            self.last[bucket] = number = new
            n, low = 0, self.size
        for item in (key, value):
            low -= len(item)
            self.pages[number][low:low + len(item)] = item
            self.field(number, 26 + 2 * n, "H", low)
            n += 1
        self.field(number, 20, "H", n)
        self.field(number, 22, "H", low)

    def bytes(self, **meta):
        """meta: other values of fields of the first page."""
        m = dict(magic=0x00061561, version=self.version, page_size=self.size, encrypted=0, type=8, flags=0,
                 last=len(self.pages) - 1, max_bucket=self.buckets - 1, count=self.count)
        m.update(meta)
        page = bytearray(self.size)
        struct.pack_into(self.o + "IIIIIIBBBB", page, 0, 0, 1, 0, m["magic"], m["version"], m["page_size"],
                         m["encrypted"], m["type"], m["flags"], 0)
        struct.pack_into(self.o + "I", page, 32, m["last"])
        struct.pack_into(self.o + "5I", page, 72, m["max_bucket"], 1, 0, 0, m["count"])
        struct.pack_into(self.o + "32I", page, 96, *self.spares)
        return bytes(page) + b"".join(bytes(p) for p in self.pages[1:])
