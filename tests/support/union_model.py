# SPDX-License-Identifier: Apache-2.0
"""A union file system in memory: layers unpacked each by itself, as containerd's overlay snapshotter does it, and stacked.

After containerd's pkg/archive/tar.go (applyNaive, mkparent, OverlayConvertWhiteout) and the kernel's overlayfs.rst. Two things
runtimes refuse are given the meaning they have elsewhere: a hard link to a file of a lower layer (umoci), and a whiteout of
something the same layer has already (image-spec: it speaks of lower layers).
"""
import os
import pathlib

HOPS = 40


class Refused(Exception):
    """No runtime can unpack that."""


class Dir:
    def __init__(self):
        self.names, self.opaque = {}, False


class File:
    def __init__(self, content, mode):
        self.content, self.mode = content, mode


class Link:
    def __init__(self, target):
        self.target = target


class LowerLink(Link):
    """Of a hard link to a symlink of a lower layer: nothing in this layer can lead through it."""


class Other:
    pass


class Whiteout:
    pass


def walk(root, path, make=False, last=False):
    """What is at path, links followed inside the root: those above it and, with last, its own. With make: a directory."""
    at, way, rest, hops = root, [], [p for p in path.split("/") if p], 0
    while rest:
        name = rest.pop(0)
        if name in ("", "."):
            continue
        if name == "..":
            at = way.pop() if way else root
            continue
        child = at.names.get(name)
        if isinstance(child, LowerLink) and (rest or make):
            raise Refused("a link that this layer does not have")
        if isinstance(child, Link) and (rest or last or make):
            hops += 1
            if hops > HOPS:
                raise Refused("links in a circle")
            rest = child.target.split("/") + rest
            if child.target.startswith("/"):
                at, way = root, []
            continue
        if child is None and make:
            child = at.names[name] = Dir()
        if make and not isinstance(child, Dir):
            raise Refused("something in the way")
        if not rest:
            return child
        if not isinstance(child, Dir):
            return None
        way.append(at)
        at = child
    return at


class Layer:
    """One layer, entry by entry. below: the tree of the layers under it."""

    def __init__(self, below):
        self.root, self.below = Dir(), below

    def parent(self, path):
        return walk(self.root, os.path.dirname(path), make=True)

    def linked(self, target):
        node = walk(self.root, target)
        if node is None:
            node = walk(self.below, target)
            node = LowerLink(node.target) if isinstance(node, Link) else node
        if not isinstance(node, (File, Link, Whiteout)):  # to the mark of a deletion: one more
            raise Refused("a hard link to nothing or to a directory")
        return node

    def add(self, kind, path, target="", content=b"", mode=0o644):
        node = None
        if kind == "hardlink":
            node = self.linked(target)
        parent, name = self.parent(path), os.path.basename(path)
        if name == ".wh..wh..opq":
            parent.opaque = True
            return
        if name.startswith(".wh."):
            self.whiteout(parent, name[4:])
            return
        if kind == "directory" and isinstance(parent.names.get(name), Dir):
            return
        makes = {"directory": Dir, "file": lambda: File(content, mode), "symlink": lambda: Link(target), "fifo": Other}
        parent.names[name] = node or makes[kind]()

    @staticmethod
    def whiteout(parent, name):
        there = parent.names.get(name)
        if there is None:
            parent.names[name] = Whiteout()
        elif isinstance(there, Dir):
            there.opaque = True


def merge(lower, upper):
    """A tree without whiteouts."""
    out = Dir()
    if isinstance(lower, Dir) and not upper.opaque:
        out.names.update(lower.names)
    for name, node in upper.names.items():
        if isinstance(node, Whiteout):
            out.names.pop(name, None)
        elif isinstance(node, Dir):
            out.names[name] = merge(out.names.get(name), node)
        else:
            out.names[name] = Link(node.target) if isinstance(node, LowerLink) else node
    return out


def write(tree, root):
    """The tree on the disk."""
    root = pathlib.Path(root)
    root.mkdir()
    for name, node in tree.names.items():
        path = root / name
        if isinstance(node, Dir):
            write(node, path)
        elif isinstance(node, File):
            path.write_bytes(node.content)
            path.chmod(node.mode)
        elif isinstance(node, Link):
            path.symlink_to(node.target)
        else:
            os.mkfifo(path)
