# SPDX-License-Identifier: Apache-2.0
"""What the checks of the house share: the files of the tree, rows of tables, and how findings are told."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = {".git", "__pycache__"}


def files():
    """Every file of the tree, relative to its root: git's, in a copy without git all but build directories."""
    try:
        out = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        names = [pathlib.PurePosixPath(n) for n in out.decode().split("\0") if n]
    except (OSError, subprocess.CalledProcessError):
        names = [pathlib.PurePosixPath(p.relative_to(ROOT).as_posix()) for p in ROOT.rglob("*")]
        names = [n for n in names if not SKIPPED & set(n.parts) and not n.parts[0].startswith("build")]
    return sorted(n for n in names if (ROOT / n).is_file())


def read(name):
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def without_comments(text):
    """C text with comments blanked, lines kept, strings untouched."""
    def blank(m):
        return m.group(0) if m.group(0)[0] in "\"'" else re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', blank, text, flags=re.S)


def rows(table, macro):
    """Arguments of each MACRO(...) row of a table, strings without their quotes, commas in strings kept."""
    out = []
    for m in re.finditer(rf'^{macro}\(((?:"(?:\\.|[^"\\])*"|[^")])*)\)', without_comments(read(table)), re.M):
        fields = re.findall(r'\s*((?:"(?:\\.|[^"\\])*"\s*)+|[^,]*)\s*(?:,|$)', m.group(1))
        values = []
        for f in fields:
            parts = re.findall(r'"((?:\\.|[^"\\])*)"', f)
            values.append("".join(parts) if parts or f.startswith('"') else f.strip())
        out.append(values[:-1] if values and values[-1] == "" and not m.group(1).rstrip().endswith('""') else values)
    return out


class Findings:
    """Collects what is wrong; end() prints it and gives the exit status."""

    def __init__(self, tool):
        self.tool, self.count, self.seen = tool, 0, 0

    def add(self, place, text):
        print(f"{place}: {text}")
        self.count += 1

    def end(self):
        if not self.seen:
            self.add(self.tool, "nothing was looked at")
        print(f"{self.tool}: {self.seen} looked at, {self.count} wrong")
        sys.exit(1 if self.count else 0)
