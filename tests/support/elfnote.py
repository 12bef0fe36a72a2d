# SPDX-License-Identifier: Apache-2.0
"""ELF files of nothing but segments of notes, of both word sizes and orders."""
import os
import struct


def note(text, kind=0xcafe1a7e, owner=b"FDO\0", order="<"):
    text = text.encode() if isinstance(text, str) else text
    pad = lambda b: b + b"\0" * (-len(b) % 4)
    return struct.pack(order + "III", len(owner), len(text), kind) + pad(owner) + pad(text)


def elf(segments, is64=True, order="<", at=None, extra=b""):
    """segments: bytes of each PT_NOTE. at: where the first of them lies, right behind the headers if not given."""
    head, size = (64, 56) if is64 else (52, 32)
    offset = at or head + size * len(segments)
    headers = b""
    for s in segments:
        headers += (struct.pack(order + "IIQQQQQQ", 4, 4, offset, offset, offset, len(s), len(s), 4) if is64 else
                    struct.pack(order + "IIIIIIII", 4, offset, offset, offset, len(s), len(s), 4, 4))
        offset += len(s)
    ident = b"\x7fELF" + bytes([2 if is64 else 1, 1 if order == "<" else 2, 1]) + b"\0" * 9
    fields = struct.pack(order + ("HHIQQQIHHHHHH" if is64 else "HHIIIIIHHHHHH"), 3, 62, 1, 0, head, 0, 0, head, size, len(segments),
                         0, 0, 0)
    body = ident + fields + headers
    return body.ljust(at or len(body), b"\0") + b"".join(segments) + extra


def put(root, path, data):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
