# SPDX-License-Identifier: Apache-2.0
"""What a machine can lack: processes, descriptors, memory, room, a standard output, the right time."""
import errno
import os
import random
import resource
import shutil
import subprocess

import faults
from case import Command, Problem, Skip, report_of
from faults import for_everybody, honest, image, in_force, make_database, mirror, need_root, small_disk, somebody, update, verify
from made import APK, DB, OS, oci, pack_layout, packed, put, rootfs, system, tar

MIB = 1 << 20
LOADER = 127  # the dynamic loader has no memory
FAKETIME = ['/usr/lib/%s/faketime/libfaketime.so.1' % m for m in ('x86_64-linux-gnu', 'aarch64-linux-gnu')] + [
    '/usr/lib64/faketime/libfaketime.so.1', '/usr/lib/faketime/libfaketime.so.1']


def limit(which, value, then=None):
    def prepare():
        resource.setrlimit(which, (value, value))
        if then:
            then()
    return prepare


def targets(s):
    """One that needs a worker for each layer, one that also needs one to be listed, one that is walked."""
    layout = image(s, 3)
    yield layout
    yield pack_layout(layout[4:])
    yield rootfs(s.dir, {DB: APK})


def limited_scan(name, which, value, statuses=(0, 3, 4), as_nobody=False, says=None, arguments=()):
    """A scan under a limit says all there is, or that it could not."""
    def check(s):
        if which == resource.RLIMIT_AS and s.factor > 1:
            raise Skip('a sanitizer takes terabytes of addresses')
        if as_nobody:
            need_root()
        database = make_database(s, packages=50)
        for target in targets(s):
            if as_nobody:
                for_everybody(s)
            o = s.run('scan', '-f', 'json', '--strict', '--db', database, *arguments, target,
                      prepare=limit(which, value, somebody if as_nobody else None))
            if which == resource.RLIMIT_AS and o.status == LOADER:
                continue
            if which == resource.RLIMIT_FSIZE and o.status == 3:  # what is printed goes to a file, too
                o.out = b''
                o.err = o.err or b'?'
            honest(o, 0, statuses, says)
    return Command(name, check)


def limited_update(name, which, value):
    """An update under a limit publishes, or leaves what was in force and says so."""
    def check(s):
        if which == resource.RLIMIT_AS and s.factor > 1:
            raise Skip('a sanitizer takes terabytes of addresses')
        target = image(s)
        database = make_database(s)
        o = s.run(*update(mirror(s, 1), database), prepare=limit(which, value))
        if o.status not in (0, 3) and not (which == resource.RLIMIT_AS and o.status == LOADER):
            raise Problem('exit status %s: %s' % (o.status, o.text()[-600:]))
        if o.status and not o.err.strip() and which != resource.RLIMIT_FSIZE:
            raise Problem('exit status %d without a word' % o.status)
        verify(s, database)
        in_force(s, database, target, {1} if o.status == 0 else {0, 1})
        again = s.run(*update(mirror(s, 1), database))
        if again.status != 0 or faults.unfinished(database):
            raise Problem('afterwards: exit status %d, %s left' % (again.status, faults.unfinished(database)))
        in_force(s, database, target, {1})
    return Command(name, check)


def limits():
    # With one child at a time, and without threads, a scan only takes longer.
    for n, statuses in (1, (0, 3)), (2, (0,)), (3, (0,)), (4, (0,)):
        yield limited_scan('processes-%d' % n, resource.RLIMIT_NPROC, n, statuses, as_nobody=True, says='cannot be started')
    for n in range(4, 24):
        yield limited_scan('descriptors-%d' % n, resource.RLIMIT_NOFILE, n, (0, 3, 4, LOADER))
        yield limited_update('update-descriptors-%d' % n, resource.RLIMIT_NOFILE, n)
    for n in 0, 1, 4096, 40000, 70000, 200000:
        yield limited_scan('file-size-%d' % n, resource.RLIMIT_FSIZE, n)
        yield limited_update('update-file-size-%d' % n, resource.RLIMIT_FSIZE, n)
    for n in (8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 256):
        yield limited_scan('memory-%d-mib' % n, resource.RLIMIT_AS, n * MIB)
        yield limited_scan('memory-%d-mib-in-process' % n, resource.RLIMIT_AS, n * MIB, arguments=['--in-process', '--no-cache'])
        yield limited_update('update-memory-%d-mib' % n, resource.RLIMIT_AS, n * MIB)
    for n in 131072, 524288:
        yield limited_scan('stack-%d' % n, resource.RLIMIT_STACK, n)


# ---- room ----

def full_data_folder(kib):
    """An update into a disk that is too small; then there is room."""
    def check(s):
        disk = s.path('disk')
        with small_disk(disk, '64m') as resize:
            target = image(s)
            database = os.path.join(disk, 'db')
            first = s.run(*update(mirror(s, 0), database))
            if first.status != 0:
                raise Problem(first.text())
            used = shutil.disk_usage(disk).used >> 10
            resize('%dk' % (used + kib))
            o = s.run(*update(mirror(s, 1), database))
            if o.status != 0 and (o.status != 3 or 'No space' not in o.text() and 'is full' not in o.text()):
                raise Problem('exit status %d: %s' % (o.status, o.text()[-600:]))
            n = in_force(s, database, target, {1} if o.status == 0 else {0, 1})
            verify(s, database)
            # With the disk full to the last byte a scan still says what it knows.
            with open(os.path.join(disk, 'fill'), 'wb', buffering=0) as f:
                try:
                    while f.write(bytes(4096)):
                        pass
                except OSError as e:
                    if e.errno != errno.ENOSPC:
                        raise
            in_force(s, database, target, {n})
            in_force(s, database, image(s, 1), {n})
            o = s.run('db', 'status', '--db', database)
            if o.status not in (0, 3) or not o.out:
                raise Problem('db status: exit status %d: %s' % (o.status, o.text()[-600:]))
            os.unlink(os.path.join(disk, 'fill'))
            resize('64m')
            o = s.run(*update(mirror(s, 1), database))
            if o.status != 0 or faults.unfinished(database):
                raise Problem('with room again: exit status %d, %s left: %s' % (o.status, faults.unfinished(database), o.text()[-600:]))
            verify(s, database)
            in_force(s, database, target, {1})
    return Command('disk-full-%d-kib' % kib, check)


def full_from_the_start(kib):
    def check(s):
        disk = s.path('disk')
        with small_disk(disk, '%dk' % kib) as resize:
            database = os.path.join(disk, 'db')
            o = s.run(*update(mirror(s, 0), database))
            if o.status not in (0, 3) or o.status == 3 and 'No space' not in o.text() and 'is full' not in o.text():
                raise Problem('exit status %d: %s' % (o.status, o.text()[-600:]))
            honest(s.run('scan', '-f', 'json', '--strict', '--db', database, image(s)), 0, (0, 3, 4) if o.status == 0 else (3, 4))
            resize('64m')
            o = s.run(*update(mirror(s, 0), database))
            if o.status != 0:
                raise Problem('with room again: exit status %d: %s' % (o.status, o.text()[-600:]))
            in_force(s, database, image(s), {0})
    return Command('disk-of-%d-kib' % kib, check)


def spooled(s):
    """A package database that is larger than what is kept in memory."""
    rng = random.Random(2)
    more = b''.join(b'C:Q1yyyyyyyyyyyyyyyyyyyyyyyyyyy=\nP:other%d\nV:1-r0\nT:%s\n\n' % (i, rng.randbytes(400).hex().encode())
                    for i in range(12000))
    return oci(s.path('spooled'), packed(system(APK + more), 1))


def full_temporary(size):
    def check(s):
        disk = s.path('disk')
        with small_disk(disk, size):
            database = make_database(s, packages=50)
            o = s.run('scan', '-f', 'json', '--strict', '--db', database, spooled(s), env=s.env(TMPDIR=disk))
            report = report_of(o)
            if o.status == 0:
                if len(report['packages']) != 12002:
                    raise Problem('exit status 0 with %d packages' % len(report['packages']))
            elif o.status != 3 or 'No space' not in o.text():
                raise Problem('exit status %d: %s' % (o.status, o.text()[-600:]))
            if os.listdir(disk):
                raise Problem('left %s' % os.listdir(disk))
    return Command('temporary-space-' + size, check)


def full_output(fmt):
    def check(s):
        disk = s.path('disk')
        with small_disk(disk, '8k'):
            database = make_database(s, packages=50)
            path = os.path.join(disk, 'report')
            put(path, b'old')
            o = s.run('index' if fmt == 'table' else 'scan', '-f', fmt, '--db', database, '-o', path, spooled(s))
            if o.status != 3 or 'No space' not in o.text() or os.listdir(disk) != ['report'] or open(path, 'rb').read() != b'old':
                raise Problem('exit status %d, %s: %s' % (o.status, os.listdir(disk), o.text()[-600:]))
    return Command('output-full-' + fmt, check)


def no_temporary(name, value):
    """TMPDIR is of no use: another place is, or it is said."""
    def check(s):
        database = make_database(s, packages=50)
        path = value(s) if callable(value) else value
        o = s.run('scan', '-f', 'json', '--strict', '--db', database, spooled(s), env=s.env(TMPDIR=path))
        report = report_of(o)
        if o.status != 0 or len(report['packages']) != 12002:
            raise Problem('exit status %d: %s' % (o.status, o.err[-600:]))
        o = s.run(*update(mirror(s, 1), database), env=s.env(TMPDIR=path))
        if o.status != 0:
            raise Problem('update: exit status %d: %s' % (o.status, o.err[-600:]))
    return Command('tmpdir-' + name, check)


# ---- standard descriptors ----

def closed(which):
    """Files that are opened must not take the place of a standard descriptor that is closed."""
    def check(s):
        database = make_database(s, packages=50)
        for target in targets(s):
            report = s.path('report.json')

            def close():
                for fd in which:
                    os.close(fd)
            o = s.run('scan', '-f', 'json', '--strict', '--db', database, '-o', report, '--no-cache', target, prepare=close)
            with open(report, 'rb') as f:
                o.out = f.read()
            honest(o, 0, (0,))
            o = s.run('scan', '-f', 'json', '--strict', '--db', database, target, prepare=close)
            if o.status != (3 if 1 in which else 0):
                raise Problem('standard output: exit status %d: %s' % (o.status, o.text()[-600:]))
            in_force(s, database, target, {0})
        for n in 1, 0:
            o = s.run(*update(mirror(s, n), database), prepare=close)
            if o.status != 0:
                raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
            in_force(s, database, target, {n})
        verify(s, database)
    return Command('closed-' + ''.join(map(str, which)), check)


# ---- time ----

def clock(name, time):
    """A clock that is wrong: nothing is lost, nothing clean that is not, and another update sets it right."""
    def check(s):
        library = next((p for p in FAKETIME if os.path.exists(p)), None)
        if not library:
            raise Skip('no libfaketime')
        if s.factor > 1:
            raise Skip('a sanitizer comes first')
        target = image(s)
        database = make_database(s, packages=50)
        wrong = s.env(LD_PRELOAD=library, FAKETIME=time, FAKETIME_NO_CACHE='1', FAKETIME_DISABLE_SHM='1')
        o = s.run('scan', '-f', 'json', '--strict', '--db', database, target, env=wrong)
        report = report_of(o)
        if o.status not in (0, 4) or fixed_or_gap(report) is None:
            raise Problem('exit status %d: %s' % (o.status, o.text()[-600:]))
        for n in 1, 0:
            o = s.run(*update(mirror(s, n, 50), database), env=wrong if n else s.env())
            if o.status != 0:
                raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
            in_force(s, database, target, {n})
            in_force(s, database, target, {n}, env=wrong)
            for verb in 'status', 'gc', 'verify':
                o = s.run('db', verb, '--db', database, env=wrong)
                if o.status != 0 or not o.out:
                    raise Problem('db %s: exit status %d: %s' % (verb, o.status, o.text()[-600:]))
        o = s.run('scan', '-f', 'json', '--strict', '--db', database, target)
        honest(o, 0, (0,))
    return Command('clock-' + name, check)


def fixed_or_gap(report):
    n = faults.fixed_in(report)
    return n if n is not None or report['summary']['complete'] else 'gap'


def cases():
    yield from limits()
    for kib in 0, 4, 16, 40, 64, 100, 160, 300:
        yield full_data_folder(kib)
    for kib in 4, 16, 40, 80, 120, 200, 400:
        yield full_from_the_start(kib)
    yield full_temporary('4k')
    yield full_temporary('4m')
    yield full_temporary('64m')
    for fmt in 'table', 'json', 'clair':
        yield full_output(fmt)
    yield no_temporary('is-not-there', '/does/not/exist')
    yield no_temporary('is-empty', '')
    yield no_temporary('is-a-device', '/dev/null')
    yield no_temporary('is-a-file', lambda s: put(s.path('file'), b'x'))
    yield no_temporary('is-long', '/' + 'x/' * 30000)
    yield no_temporary('is-proc', '/proc')
    for which in (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2):
        yield closed(which)
    for name, time in (('1970', '1970-01-01 00:00:10'), ('2000', '2000-02-29 12:00:00'), ('2037', '2037-12-31 23:59:59'),
                       ('2106', '2106-02-07 07:00:00'), ('2300', '2300-01-01 00:00:00'), ('in-a-hurry', '+0 x3000')):
        yield clock(name, time)
