#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""liblimpid-index from Python, by way of ctypes: what index.c beside it does, with the same words.

usage: index.py BOM FOLDER      (LD_LIBRARY_PATH where the library is not installed)
"""
import ctypes
import sys
from ctypes import CFUNCTYPE, POINTER, byref, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint, c_void_p

lib = ctypes.CDLL("liblimpid-index.so.0")
IN_PROCESS = 1


class Error(ctypes.Structure):
    _fields_ = [("status", c_int), ("message", c_char * 512)]


class Options(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("how", c_int), ("program", c_char_p), ("platform", c_char_p), ("folder", c_char_p),
                ("files", c_int)]


class Package(ctypes.Structure):
    _fields_ = [(n, c_char_p) for n in ("type", "name", "version", "arch", "module", "source_name", "source_version", "path")] + [
        ("flags", c_uint), ("layer", c_size_t), ("system", c_size_t)]


class System(ctypes.Structure):
    _fields_ = [(n, c_char_p) for n in ("id", "version_id", "version_codename", "pretty_name", "cpe")]


class Diagnostic(ctypes.Structure):
    _fields_ = [(n, c_char_p) for n in ("code", "severity", "where", "text")]


Write = CFUNCTYPE(c_int, c_void_p, POINTER(c_char), c_size_t)
File = CFUNCTYPE(c_int, c_void_p, c_char_p)
lib.limpid_index_open.argtypes = [c_char_p, POINTER(Options), POINTER(c_void_p), POINTER(Error)]
lib.limpid_index_close.argtypes = [c_void_p]
lib.limpid_index_complete.argtypes = [c_void_p]
lib.limpid_index_files.argtypes = [c_void_p, c_size_t, POINTER(c_int), File, c_void_p, POINTER(Error)]
lib.limpid_index_report.argtypes = [c_void_p, c_char_p, c_int64, Write, c_void_p, POINTER(Error)]
for many, one, what in (("packages", "package", Package), ("systems", "system", System), ("diagnostics", "diagnostic", Diagnostic)):
    getattr(lib, "limpid_index_" + many).argtypes = [c_void_p]
    getattr(lib, "limpid_index_" + many).restype = c_size_t
    getattr(lib, "limpid_index_" + one).argtypes = [c_void_p, c_size_t]
    getattr(lib, "limpid_index_" + one).restype = POINTER(what)


def each(image, many, one):
    for i in range(getattr(lib, "limpid_index_" + many)(image)):
        yield getattr(lib, "limpid_index_" + one)(image, i).contents


def files(image, package):
    """Paths, or None where no source lists them."""
    found, known = [], c_int()
    lib.limpid_index_files(image, package, byref(known), File(lambda _, path: found.append(path) or 0), None, None)
    return found if known else None


def check(status, error, what):
    if status != 0:
        sys.exit(f"{what}: {error.message.decode()}")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: index.py BOM FOLDER")
    image, error = c_void_p(), Error()
    target = f"oci-archive:{sys.argv[2]}/../image.tar"
    options = Options(ctypes.sizeof(Options), IN_PROCESS, files=1)
    check(lib.limpid_index_open(target.encode(), options, byref(image), byref(error)), error, target)
    for s in each(image, "systems", "system"):
        print(f"system: {s.id.decode()} {s.version_id.decode()}")
    for i, p in enumerate(each(image, "packages", "package")):
        own = files(image, i)
        print(f"{p.type.decode()} {p.name.decode()} {p.version.decode()}, {p.path.decode()} of layer {p.layer + 1}"
              + ("" if own is None else f", {len(own)} files"))
    for d in each(image, "diagnostics", "diagnostic"):
        print(f"{d.where.decode()}: {d.text.decode()}")
    print("all of it was read" if lib.limpid_index_complete(image) else "not all of it was read")
    with open(sys.argv[1], "wb") as f:
        write = Write(lambda _, data, length: 0 if f.write(ctypes.string_at(data, length)) == length else -1)
        check(lib.limpid_index_report(image, b"cyclonedx", 0, write, None, byref(error)), error, "cyclonedx")
    lib.limpid_index_close(image)


main()
