# SPDX-License-Identifier: Apache-2.0
"""Data folders that are not what they should be: what is in force, where it lies, who has it, and several who use it at once."""
import contextlib
import fcntl
import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time

import faults
from case import Command, Problem, Skip, gaps, report_of
from faults import (FIXED, for_everybody, honest, image, in_force, make_database, mirror, need_root, nobody, start, text_of, update,
                    verify)
from made import put

SOURCES = {'alpine-main-v3.40-updater', 'photon-updater-5.0'}


def scan(s, database, target, *more, **options):
    return s.run('scan', '-f', 'json', '--strict', '--db', database, *more, target, **options)


def state(database):
    return os.path.join(database, 'state.db')


def change(database, *statements):
    with contextlib.closing(sqlite3.connect(state(database))) as db:
        for text in statements:
            db.executescript(text)


def segments(database):
    """Paths of the segments in force, by source."""
    with contextlib.closing(sqlite3.connect(state(database))) as db:
        return {name: os.path.join(database, 'segments', digest.split(':')[1] + '.seg')
                for name, digest in db.execute('SELECT name, segment FROM source')}


def alpine(database):
    return next(path for name, path in segments(database).items() if name.startswith('alpine'))


def photon(database):
    return next(path for name, path in segments(database).items() if name.startswith('photon'))


def replace(path, make):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    make(path)


def unix_socket(path):
    here = os.getcwd()
    os.chdir(os.path.dirname(path))
    socket.socket(socket.AF_UNIX).bind(os.path.basename(path))
    os.chdir(here)


def cut(n):
    return lambda path: os.truncate(path, n if n >= 0 else os.path.getsize(path) + n)


def flip(at, bits=0x10):
    def make(path):
        with open(path, 'r+b') as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ bits]))
    return make


def content(data):
    return lambda path: replace(path, lambda p: put(p, data))


def instead(make):
    return lambda path: replace(path, make)


# ---- the state ----

def bad_state(name, damage, says='', told=True, repaired=False):
    """
    A scan says that what is in force is not known and reports what lies there; an update either says why it cannot, or repairs.
    told: the scan under --strict is incomplete. says: of the update's message.
    """
    def check(s):
        target = image(s)
        database = make_database(s, packages=50)
        for path in state(database) + '-wal', state(database) + '-shm':
            if os.path.exists(path):
                os.unlink(path)
        damage(state(database))
        o = scan(s, database, target)
        honest(o, 0, (3, 4) if told else (0, 3, 4))
        honest(scan(s, database, target, '--no-cache'), 0, (3, 4) if told else (0, 3, 4))
        for verb in 'status', 'verify', 'gc':
            o = s.run('db', verb, '--db', database)
            if o.status not in (0, 3) or not o.out and not o.err:
                raise Problem('db %s: exit status %d: %s' % (verb, o.status, o.text()[-600:]))
        o = s.run(*update(mirror(s, 1, 50), database))
        if o.status == 0:
            verify(s, database)
            in_force(s, database, target, {1})
            honest(scan(s, database, target), 1, (0,))
        elif o.status != 3 or not re.search(says, o.text()) or 'state.db' not in o.text():
            raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
        if repaired != (o.status == 0) and repaired is not None:
            raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
        if o.status == 3:  # what is advised
            path = state(database)
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            else:
                os.unlink(path)
            o = s.run(*update(mirror(s, 1, 50), database))
            if o.status != 0:
                raise Problem('after it was moved away: exit status %d: %s' % (o.status, o.text()[-600:]))
            honest(scan(s, database, target), 1, (0,))
    return Command('state-' + name, check)


def rows(name, *statements, told=True, repaired=True):
    return bad_state(name, lambda path: change(os.path.dirname(path), *statements), '', told, repaired)


def states():
    yield bad_state('gone', os.unlink, told=True, repaired=True)
    yield bad_state('empty', content(b''), told=True, repaired=True)
    for n in 1, 15, 16, 50, 99, 100, 512, 4095, 4096, 5000, 8192, -4096, -1:
        yield bad_state('cut-at-%d' % n, cut(n), told=None, repaired=None)
    yield bad_state('zeros', content(bytes(50000)), 'damaged|file is not a database')
    yield bad_state('noise', content(bytes(range(256)) * 200), 'damaged|file is not a database')
    yield bad_state('text', content(b'hello\n'), 'damaged|file is not a database')
    yield bad_state('head-only', content(b'SQLite format 3\0' + bytes(84)), '', repaired=None)
    for at in 16, 18, 19, 21, 24, 28, 44, 56, 60, 100, 103, 105, 4096, 4100, 8192:
        yield bad_state('flip-%d' % at, flip(at), '', told=None, repaired=None)
    yield bad_state('directory', instead(os.mkdir), '')
    yield bad_state('fifo', instead(os.mkfifo), '')
    yield bad_state('socket', instead(unix_socket), '')
    yield bad_state('device', instead(lambda p: os.symlink('/dev/zero', p)), '', repaired=None)
    yield bad_state('null', instead(lambda p: os.symlink('/dev/null', p)), '', repaired=None)
    yield bad_state('link-to-itself', instead(lambda p: os.symlink('state.db', p)), '')
    yield bad_state('link-to-nowhere', instead(lambda p: os.symlink('/does/not/exist', p)), '')
    yield rows('newer', 'PRAGMA user_version = 99', repaired=False)
    yield rows('negative', 'PRAGMA user_version = -1', repaired=False)
    yield rows('older', 'PRAGMA user_version = 1', told=None, repaired=None)
    for table in 'source', 'update_operation', 'layer_report':
        yield rows('without-' + table, 'DROP TABLE IF EXISTS %s' % table, told=None, repaired=None)
    yield bad_state('of-somebody-else', content_of("CREATE TABLE source (a, b); INSERT INTO source VALUES (1, 2)"), '', told=None,
                    repaired=None)
    for name, value in (('null', 'NULL'), ('number', '5'), ('empty', "''"), ('path', "'sha256:../../../etc/passwd'"),
                        ('short', "'sha256:00'"), ('other', "'sha256:%s'" % ('0' * 64)), ('long', "'sha256:%s'" % ('0' * 5000)),
                        ('sha512', "'sha512:%s'" % ('0' * 128)), ('control', "'sha256:' || char(27) || '[31m'")):
        yield rows('segment-' + name, 'UPDATE OR IGNORE source SET segment = ' + value, told=name not in ('null',) or None, repaired=None)
    yield rows('times-are-huge', 'UPDATE source SET last_success = 9223372036854775807, next = -9223372036854775808', told=None,
               repaired=None)
    yield rows('swapped', "UPDATE source SET segment = (SELECT o.segment FROM source o WHERE o.name <> source.name)", told=True)
    yield rows('no-sources', 'DELETE FROM source', told=True)


def content_of(sql):
    def make(path):
        os.unlink(path)
        change(os.path.dirname(path), sql)
    return make


# ---- segments ----

def bad_segment(name, damage, told=True, repaired=True):
    """
    Advisories that are in force and cannot be read are told, by scan and by verify; an update repairs them. told: False where only
    verify can know, None where a scan may.
    """
    def check(s):
        target = image(s)
        database = make_database(s, packages=50)
        kept = {p: open(p, 'rb').read() for p in segments(database).values()}
        damage(database)
        o = scan(s, database, target)
        if told is not False:
            honest(o, 0, (4,) if told else (0, 4))
        o = s.run('db', 'verify', '--db', database)
        if o.status != 3 or 'limpid update --set alpine' not in o.text():
            raise Problem('verify: exit status %d: %s' % (o.status, o.text()[-600:]))
        o = s.run('db', 'status', '--db', database)
        if told is not None and o.status != (3 if told else 0):
            raise Problem('status: exit status %d: %s' % (o.status, o.text()[-600:]))
        o = s.run(*update(mirror(s, 0, 50), database))
        if not repaired:
            if o.status != 3 or alpine(database) not in o.text():
                raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
            os.rmdir(alpine(database))
            o = s.run(*update(mirror(s, 0, 50), database))
        if o.status != 0:
            raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
        verify(s, database)
        honest(scan(s, database, target), 0, (0,))
        if kept != {p: open(p, 'rb').read() for p in segments(database).values()} or faults.unfinished(database):
            raise Problem('repaired to something else: %s' % os.listdir(os.path.join(database, 'segments')))
    return Command('segment-' + name, check)


def swap(database):
    a, p = alpine(database), photon(database)
    os.rename(a, a + '.x')
    os.rename(p, a)
    os.rename(a + '.x', p)


def older(database):
    """The bytes of another good segment of the same source, with the flaw taken out."""
    with open(alpine(database), 'rb') as f:
        data = f.read()
    # Found by its digest only: the texts lie as they are in the file.
    if FIXED.encode() % 0 not in data:
        raise Problem('the segment has no such text')
    put(alpine(database), data.replace(FIXED.encode() % 0, b'0.0-r0'))


def bad_segments():
    at = lambda damage: lambda database: damage(alpine(database))
    yield bad_segment('gone', at(os.unlink))
    yield bad_segment('all-gone', lambda d: shutil.rmtree(os.path.join(d, 'segments')))
    yield bad_segment('empty', at(content(b'')))
    for n in 1, 63, 64, 200, 1000, -1000, -1:
        yield bad_segment('cut-at-%d' % n, at(cut(n)))
    yield bad_segment('zeros', at(lambda p: content(bytes(os.path.getsize(p)))(p)))
    yield bad_segment('noise', at(lambda p: content(os.urandom(os.path.getsize(p)))(p)))
    yield bad_segment('longer', at(lambda p: open(p, 'ab').write(b'x')))
    yield bad_segment('swapped', swap)
    yield bad_segment('text-changed', older, told=False)
    for n in 0, 4, 8, 40, 100:
        yield bad_segment('flip-%d' % n, at(flip(n)), told=None)
    yield bad_segment('directory', at(instead(os.mkdir)), repaired=False)
    yield bad_segment('fifo', at(instead(os.mkfifo)))
    yield bad_segment('socket', at(instead(unix_socket)))
    yield bad_segment('device', at(instead(lambda p: os.symlink('/dev/zero', p))))
    yield bad_segment('link-to-itself', at(instead(lambda p: os.symlink(os.path.basename(p), p))))
    yield bad_segment('link-to-the-host', at(instead(lambda p: os.symlink('/etc/passwd', p))))


# ---- the folder ----

def no_folder(name, make, statuses=(3,), scanned=(3, 4)):
    """Where no folder can be: the scan says that it has no advisories, the update that it cannot."""
    def check(s):
        target = image(s)
        path = make(s)
        honest(scan(s, path, target), 0, scanned)
        for args in [update(mirror(s, 0, 50), path)] + [['db', verb, '--db', path] for verb in ('status', 'verify', 'gc')]:
            o = s.run(*args)
            if args[1] in ('status', 'verify') and o.status == 0 and b'0 s' in o.out:  # a state without any source
                continue
            if o.status not in statuses or not o.err.strip():
                raise Problem('%s: exit status %d: %s' % (args[:2], o.status, o.text()[-600:]))
    return Command(name, check)


def good_folder(name, make):
    """Odd, and of full use."""
    def check(s):
        target = image(s)
        path = make(s)
        for n in 0, 1:
            o = s.run(*update(mirror(s, n, 50), path))
            if o.status != 0:
                raise Problem('exit status %d: %s' % (o.status, o.text()[-600:]))
            for _ in range(2):
                honest(scan(s, path, target), n, (0,))
        verify(s, path)
    return Command(name, check)


def linked(target):
    def make(s):
        os.symlink(target, s.path('link'))
        return s.path('link')
    return make


def of_root(name, mode, what, statuses, whole=True):
    """A folder that belongs to somebody else, and what may be read there."""
    def check(s):
        need_root()
        target = image(s)
        database = make_database(s, packages=50)
        for_everybody(s)
        for path in what(database):
            os.chmod(path, mode)
        o = scan(s, database, target, prepare=nobody)
        report = honest(o, 0, statuses)
        if whole and (report is None or faults.fixed_in(report) != 0):
            raise Problem('the advisories may be read, and are not: %s' % o.text()[-600:])
        o = s.run(*update(mirror(s, 1, 50), database), prepare=nobody)
        if o.status != 3 or not re.search('denied|cannot be written|readonly|read-only|unable to open', o.text()):
            raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
        in_force(s, database, target, {0})
        verify(s, database)
    return Command(name, check)


def folders():
    yield no_folder('folder-is-a-file', lambda s: put(s.path('file'), b'x'))
    yield no_folder('folder-is-a-device', lambda s: '/dev/null')
    yield no_folder('folder-below-a-file', lambda s: put(s.path('file'), b'x') + '/db')
    yield no_folder('folder-is-a-link-to-itself', linked('link'))
    yield no_folder('folder-is-a-link-to-nowhere', linked('nowhere/at/all'))
    yield no_folder('folder-in-proc', lambda s: '/proc/limpid')
    yield no_folder('folder-long', lambda s: '/tmp/' + 'x/' * 3000, (2, 3), (2, 3, 4))
    yield no_folder('folder-name-long', lambda s: s.path('x' * 300))
    yield no_folder('folder-empty', lambda s: '', (2, 3), (2, 3, 4))
    yield no_folder('segments-is-a-file', lambda s: os.path.dirname(put(s.path('db/segments'), b'x')))
    yield good_folder('folder-is-a-link', lambda s: (os.mkdir(s.path('real')), linked('real')(s))[1])
    for name, text in (('space', 'a folder'), ('percent', 'a%20?b#c'), ('newline', 'a\nb'), ('control', 'a\x1b[31m'), ('dash', '-db'),
                       ('quote', 'a\'"\\b'), ('bytes', b'a\xff\xfe'.decode('utf-8', 'surrogateescape')), ('relative', '../case/./x//y/'),
                       ('query', 'file:x?mode=memory')):
        yield good_folder('folder-named-' + name, lambda s, text=text: os.path.join(s.dir, text) if name != 'relative' else text)
    top = lambda d: [d]
    yield of_root('folder-of-root', 0o755, top, (0,))
    yield of_root('folder-read-only', 0o555, top, (0,))
    yield of_root('folder-closed', 0, top, (3, 4), False)
    yield of_root('folder-may-not-be-entered', 0o644, top, (3, 4), False)
    yield of_root('folder-may-not-be-listed', 0o711, top, (0, 4))
    yield of_root('state-closed', 0, lambda d: [state(d)], (4,))
    yield of_root('segments-closed', 0, lambda d: [os.path.join(d, 'segments')], (3, 4), False)
    yield of_root('one-segment-closed', 0, lambda d: [alpine(d)], (4,), False)
    yield of_root('all-segments-closed', 0, lambda d: segments(d).values(), (4,), False)


# ---- others ----

def locked(name, begin, seconds, *, waits):
    """Another process holds the state for a while: a scan does not wait for long, an update does."""
    def check(s):
        target = image(s)
        database = make_database(s, packages=50)
        db = sqlite3.connect(state(database), isolation_level=None, check_same_thread=False)
        try:
            db.execute('PRAGMA journal_mode').fetchall()
            for statement in begin:
                db.execute(statement)
            end = threading.Timer(seconds, db.rollback)
            end.start()
            t = time.monotonic()
            honest(scan(s, database, target), 0, (0, 4))
            if time.monotonic() - t > 5 * s.factor + 3:
                raise Problem('a scan waited %.1f s' % (time.monotonic() - t))
            o = s.run(*update(mirror(s, 1, 50), database))
            if o.status != (0 if waits else 3) or not waits and 'locked' not in o.text():
                raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
            end.join()
        finally:
            db.close()
        verify(s, database)
        in_force(s, database, target, {1} if waits else {0})
    return Command(name, check, large=not waits)


def held(s):
    """Somebody holds the folder of segments, as a gc does, and lets go."""
    target = image(s)
    database = make_database(s, packages=50)
    fd = os.open(os.path.join(database, 'segments'), os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    threading.Timer(1, os.close, [fd]).start()
    honest(scan(s, database, target), 0, (0,))
    o = s.run(*update(mirror(s, 1, 50), database))
    if o.status != 0:
        raise Problem('update: exit status %d: %s' % (o.status, o.text()[-600:]))
    in_force(s, database, target, {1})


def all_at_once(s):
    """Two updates and four scans, again and again: each ends well, each scan has one set, whole."""
    target = image(s)
    database = make_database(s)
    mirrors = [mirror(s, n, name='mirror%d' % n) for n in (0, 1)]
    for i in range(6):
        running = [start(s, update(m, database), 'update%d' % n) for n, m in enumerate(mirrors)]
        running += [start(s, ['scan', '-f', 'json', '--strict', '--db', database, target], 'scan%d' % n) for n in range(4)]
        status = [p.wait(60) for p in running]
        if any(status):
            raise Problem('exit statuses %s: %s' % (status, [text_of(s, 'update%d' % n) for n in (0, 1)]))
        for n in range(4):
            with open(os.path.join(s.out, 'scan%d.out' % n), 'rb') as f:
                report = report_of(type('Output', (), {'out': f.read()}))
            if faults.fixed_in(report) not in (0, 1) or not report['summary']['complete']:
                raise Problem('scan %d: of set %s, %s' % (n, faults.fixed_in(report), gaps(report)))
        verify(s, database)
        in_force(s, database, target, {0, 1})
    if faults.unfinished(database):
        raise Problem('left %s' % faults.unfinished(database))


def vanishes(s):
    """The whole folder is deleted again and again while it is used."""
    target = image(s)
    database = make_database(s, packages=50)
    for i in range(12):
        p = start(s, update(mirror(s, 1, 50), database, '--force'), 'update')
        q = start(s, ['scan', '-f', 'json', '--strict', '--db', database, target], 'scan')
        time.sleep(0.004 * i)
        shutil.rmtree(database, ignore_errors=True)
        status = p.wait(60), q.wait(60)
        if status[0] not in (0, 3) or status[1] not in (0, 3, 4):
            raise Problem('exit statuses %s, %s: %s%s' % (*status, text_of(s, 'update'), text_of(s, 'scan')))
        shutil.rmtree(database, ignore_errors=True)
        o = s.run(*update(mirror(s, 0, 50), database))
        if o.status != 0:
            raise Problem('afterwards: exit status %d: %s' % (o.status, o.text()[-600:]))
        in_force(s, database, target, {0})


def cut_in_use(s):
    """A segment that is cut while it is mapped is an error to tell, not a crash."""
    target = image(s)
    database = make_database(s)
    path, rng = alpine(database), random.Random(3)
    with open(path, 'rb') as f:
        whole = f.read()
    for i in range(20):
        put(path, whole)
        p = start(s, ['scan', '-f', 'json', '--strict', '--no-cache', '--db', database, target], 'scan')
        time.sleep(rng.uniform(0.002, 0.02))
        os.truncate(path, 0)
        status = p.wait(60)
        if status not in (0, 3, 4):
            raise Problem('exit status %d: %s' % (status, text_of(s, 'scan')))
        if status == 0:
            with open(os.path.join(s.out, 'scan.out'), 'rb') as f:
                honest(type('Output', (), {'out': f.read(), 'err': b'', 'status': 0}), 0)


def cases():
    yield Command('segment-cut-in-use', cut_in_use)
    yield from states()
    yield from bad_segments()
    yield from folders()
    yield locked('locked-for-writing', ['BEGIN IMMEDIATE'], 3, waits=True)
    yield locked('locked-alone', ['BEGIN EXCLUSIVE'], 3, waits=True)
    yield locked('locked-for-long', ['BEGIN IMMEDIATE'], 40, waits=False)
    yield Command('segments-are-held', held)
    yield Command('all-at-once', all_at_once)
    yield Command('vanishes', vanishes)
