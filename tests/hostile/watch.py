# SPDX-License-Identifier: Apache-2.0
"""Runs a command and watches all its processes: memory, temporary space, time, and who is left when it has ended.

Memory is the sum of the peaks of what is resident in each living process of the tree, pages of files included, and of
anonymous files (memfd), mapped or not. Temporary space is what the watched directories grew by, and files without a name.
"""
import ctypes
import os
import signal
import stat
import subprocess
import time

TICK = 0.004
CHILD_SUBREAPER = 36  # prctl(2)


class Outcome:
    """status: exit status, -signal, or None if it did not end in time."""

    def __init__(self):
        self.status, self.out, self.err = None, b'', b''
        self.seconds = 0.0
        self.kib = self.temp_kib = 0
        self.orphans = []

    def text(self):
        return self.out.decode('utf-8', 'replace') + self.err.decode('utf-8', 'replace')


def become_reaper():
    """Processes that outlive their parent become our children, and are found."""
    ctypes.CDLL(None, use_errno=True).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid):
    found = []
    try:
        for task in os.listdir('/proc/%d/task' % pid):
            with open('/proc/%d/task/%s/children' % (pid, task)) as f:
                found += [int(x) for x in f.read().split()]
    except OSError:
        pass
    return found


def tree(pid):
    todo, seen = [pid], []
    while todo:
        at = todo.pop()
        seen.append(at)
        todo += children(at)
    return seen


def resident(pid):
    """The most that has been resident so far: what peaks between two looks counts."""
    try:
        with open('/proc/%d/status' % pid) as f:
            for line in f:
                if line.startswith('VmHWM:'):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def nameless(pids):
    """Bytes of anonymous files in memory and of unlinked files on disks that the processes have open."""
    memory, disk = {}, {}
    for pid in pids:
        try:
            names = os.listdir('/proc/%d/fd' % pid)
        except OSError:
            continue
        for name in names:
            path = '/proc/%d/fd/%s' % (pid, name)
            try:
                link = os.readlink(path)
                if not link.endswith(' (deleted)'):
                    continue
                info = os.stat(path)
            except OSError:
                continue
            if stat.S_ISREG(info.st_mode):
                kept = memory if link.startswith('/memfd:') else disk
                kept[(info.st_dev, info.st_ino)] = info.st_blocks * 512
    return sum(memory.values()), sum(disk.values())


def used(directories):
    total = 0
    todo = list(directories)
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for e in entries:
                    if e.is_dir(follow_symlinks=False):
                        todo.append(e.path)
                    else:
                        total += e.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            pass
    return total


def reap_orphans(outcome):
    """Workers die with their parent; give them the moment that takes."""
    end = time.monotonic() + 2
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            if time.monotonic() > end:
                break
            time.sleep(0.005)
    outcome.orphans = children(os.getpid())
    for pid in outcome.orphans:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def run(args, scratch, seconds=60, directories=(), env=None, cwd=None, stdin=subprocess.DEVNULL, stdout=None, prepare=None,
        act=None):
    """scratch: a directory for the outputs. prepare: called in the child. act(pid, seconds): called on every tick."""
    outcome = Outcome()
    before = used(directories)
    out_path, err_path = os.path.join(scratch, 'stdout'), os.path.join(scratch, 'stderr')
    with open(out_path, 'wb') as out, open(err_path, 'wb') as err:
        begin = time.monotonic()
        child = subprocess.Popen(args, stdin=stdin, stdout=out if stdout is None else stdout, stderr=err, env=env, cwd=cwd,
                                 preexec_fn=prepare, start_new_session=True)
        tick = 0
        while True:
            pid, code = os.waitpid(child.pid, os.WNOHANG)
            elapsed = time.monotonic() - begin
            if pid:
                child.returncode = outcome.status = os.waitstatus_to_exitcode(code)
                break
            pids = tree(child.pid)
            memory = sum(resident(p) for p in pids) if elapsed > TICK or tick else 0
            if tick % 4 == 0:
                anonymous, disk = nameless(pids)
                memory += anonymous
                if tick % 16 == 0:
                    disk += used(directories) - before
                outcome.temp_kib = max(outcome.temp_kib, disk >> 10)
            outcome.kib = max(outcome.kib, memory >> 10)
            if elapsed > seconds:
                for p in reversed(pids):
                    try:
                        os.kill(p, signal.SIGKILL)
                    except OSError:
                        pass
                os.waitpid(child.pid, 0)
                child.returncode = -signal.SIGKILL
                break
            if act:
                act(child.pid, elapsed)
            tick += 1
            time.sleep(TICK)
        outcome.seconds = time.monotonic() - begin
    outcome.temp_kib = max(outcome.temp_kib, (used(directories) - before) >> 10)
    reap_orphans(outcome)
    with open(out_path, 'rb') as f:
        outcome.out = f.read()
    with open(err_path, 'rb') as f:
        outcome.err = f.read()
    return outcome
