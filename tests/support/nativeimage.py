# SPDX-License-Identifier: Apache-2.0
"""ELF files as GraalVM's native-image has them linked: a section .svm_heap, and symbols that lead to a packed bill of materials."""
import gzip
import json
import os
import struct

SYMBOLS = ("sbom", "sbom_length", "__svm_version_info")
BASE = 0x400000


def bom(*purls, **more):
    parts = [{"type": "library", "name": p.split("/")[-1].split("@")[0], "version": p.split("@")[1], "purl": p} for p in purls]
    return json.dumps(dict({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": parts}, **more)).encode()


def program(document, word=8, big=False, kind=11, heap=".svm_heap", symbols=SYMBOLS, length=None, moved=0, links=None, pad=0):
    """document: None for none, else packed bytes. kind: of the table of symbols (11: of the linker at run time). moved: the symbol
    points so far beyond the document. pad: bytes before it."""
    order = ">" if big else "<"
    w = "Q" if word == 8 else "I"
    ehsize, phsize, shsize = (64, 56, 64) if word == 8 else (52, 32, 40)
    packed = document or b""
    data = b"\0" * pad + struct.pack(order + "Q", len(packed) if length is None else length) + b"GraalVM 22.3.3\0\0" + packed
    at = 4096
    values = {"sbom_length": BASE + at + pad, "__svm_version_info": BASE + at + pad + 8, "sbom": BASE + at + pad + 24 + moved}
    texts, rows = b"\0main\0", [(1, BASE)]
    for name in symbols:
        rows.append((len(texts), values[name]))
        texts += name.encode() + b"\0"
    table = b"\0" * (24 if word == 8 else 16)
    for name, value in rows:
        table += struct.pack(order + ("IBBHQQ" if word == 8 else "IIIBBH"), *((name, 0x11, 0, 3, value, 8) if word == 8
                                                                              else (name, value, 8, 0x11, 0, 3)))
    names, sections, out = b"\0", [], {}
    end = at + len(data)
    for name, kind_of, text in ((".data", 1, None), (heap, 1, b"heap"), (".symbols", kind, table), (".texts", 3, texts)):
        offset = at if text is None else end
        size = len(data) if text is None else len(text)
        sections.append((len(names), kind_of, offset, size))
        names += name.encode() + b"\0"
        if text is not None:
            out[offset] = text
            end += size
    sections.append((len(names), 3, end, len(names) + 10))
    names += b".shstrtab\0"
    out[end] = names
    shoff = (end + len(names) + 7) // 8 * 8
    head = b"\x7fELF" + bytes([word // 4, 1 + big, 1]).ljust(12, b"\0")
    head += struct.pack(order + "HHI" + 3 * w + "IHHHHHH", 3, 62, 1, 0, ehsize, shoff, 0, ehsize, phsize, 1, shsize, len(sections) + 1,
                        len(sections))
    if word == 8:
        head += struct.pack(order + "IIQQQQQQ", 1, 6, at, BASE + at, BASE + at, len(data), len(data), 4096)
    else:
        head += struct.pack(order + "IIIIIIII", 1, at, BASE + at, BASE + at, len(data), len(data), 6, 4096)
    text = head.ljust(at, b"\0") + data
    for offset, part in out.items():
        text = text.ljust(offset, b"\0") + part
    text = text.ljust(shoff, b"\0") + b"\0" * shsize
    for i, (name, kind_of, offset, size) in enumerate(sections):
        link = (4 if links is None else links) if i == 2 else 0
        text += struct.pack(order + "II" + 4 * w + "II" + 2 * w, name, kind_of, 0, BASE + offset if i == 0 else 0, offset, size, link, 0,
                            8, 24 if word == 8 else 16)
    return text


def packed(*purls, **more):
    return gzip.compress(bom(*purls, **more), mtime=0)


def put(root, name, data):
    os.makedirs(root + "/usr/bin", exist_ok=True)
    with open(root + "/usr/bin/" + name, "wb") as f:
        f.write(data)
