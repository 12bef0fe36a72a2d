# SPDX-License-Identifier: Apache-2.0
"""Signals at any moment of a scan and of an update: nothing is left behind, the old set or the new one is in force."""
import os
import random
import signal
import socket

from case import Command, Problem
from faults import disturbed, image, in_force, make_database, mirror, takes, unfinished, update, verify
from made import put

SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
PARTS = 6  # into which the kills of each command are divided, so that they are spread over processors
OLD = b'{"an older": "report"}\n'


def moments(name, n, seconds):
    """From before main() to after the end, and more often where it begins and ends."""
    rng = random.Random(name)
    return [rng.choice((rng.uniform(0, 0.01), rng.uniform(0, seconds * 1.1), rng.uniform(0, seconds * 1.1),
                        rng.uniform(seconds * 0.8, seconds * 1.2))) for _ in range(n)]


def expect_status(number, status, fine):
    if status not in (-number,) + fine:
        raise Problem('exit status %s after signal %d' % (status, number))


def expect_report(path, status):
    """In the report's directory lies the report, old or new, whole, and nothing else."""
    names = sorted(os.listdir(os.path.dirname(path)))
    with open(path, 'rb') as f:
        text = f.read()
    if names != [os.path.basename(path)]:
        raise Problem('beside the report there is %s' % names)
    if text != OLD and (not text.startswith(b'{') or not text.endswith(b'}\n')):
        raise Problem('the report is neither the old one nor whole: %r' % text[-80:])
    if status == 0 and text == OLD:
        raise Problem('exit status 0, and the old report')


def scan(name, numbers, count, group):
    def check(s):
        target = image(s, 24)
        database = make_database(s)
        report = os.path.join(s.path('reports'), 'report.json')
        put(report, OLD)
        args = ['scan', '-f', 'json', '--db', database, '-o', report, target]
        seconds = takes(s, args + ['--no-cache'])
        for i, delay in enumerate(moments(name, count(s), seconds)):
            number = numbers[i % len(numbers)]
            put(report, OLD)
            status = disturbed(s, args + (['--no-cache'] if i % 3 else []), number, delay, group)
            expect_status(number, status, (0,))
            expect_report(report, status)
            in_force(s, database, target, {0})
        verify(s, database)
    return Command(name, check)


def updating(name, numbers, count):
    def check(s):
        target = image(s)
        database = make_database(s)
        old, new = 0, 1
        mirrors = [mirror(s, n, name='mirror%d' % n) for n in (0, 1)]
        seconds = takes(s, update(mirrors[0], database, '--force'))
        # One that is killed may leave files, which the next whole run collects.
        for i, delay in enumerate(moments(name, count(s), seconds)):
            number = numbers[i % len(numbers)]
            status = disturbed(s, update(mirrors[new], database), number, delay)
            expect_status(number, status, (0,))
            verify(s, database)
            n = in_force(s, database, target, {new} if status == 0 else {old, new})
            if n == new:
                old, new = new, old
            if number != signal.SIGKILL and unfinished(database):
                raise Problem('signal %d leaves %s' % (number, unfinished(database)))
            if i % 8 == 7:
                takes(s, update(mirrors[new], database))
                in_force(s, database, target, {new})
                old, new = new, old
                if unfinished(database):
                    raise Problem('not collected: %s' % unfinished(database))
        o = s.run('db', 'gc', '--db', database)
        if o.status != 0 or unfinished(database) or len(os.listdir(os.path.join(database, 'segments'))) > 4:
            raise Problem('gc leaves %s: %s' % (os.listdir(os.path.join(database, 'segments')), o.text()))
    return Command(name, check)


def first_update(name, count):
    """Into a folder that is not there yet."""
    def check(s):
        target = image(s)
        root = mirror(s, 0)
        database = s.path('db')
        seconds = takes(s, update(root, database))
        for i, delay in enumerate(moments(name, count(s), seconds)):
            database = s.path('db%d' % i)
            disturbed(s, update(root, database), signal.SIGKILL, delay)
            takes(s, update(root, database))
            verify(s, database)
            in_force(s, database, target, {0})
            if unfinished(database):
                raise Problem('not collected: %s' % unfinished(database))
    return Command(name, check)


def files_below(root):
    return {os.path.relpath(os.path.join(d, n), root) for d, _, names in os.walk(root) for n in names}


def downloading(name, numbers, count):
    """A server that takes connections and says nothing: the files it fetches are begun, and never whole."""
    def check(s):
        with socket.create_server(('127.0.0.1', 0)) as silent:
            env = s.env(https_proxy='http://127.0.0.1:%d' % silent.getsockname()[1], no_proxy=None)
            for i in range(count):
                number = numbers[i % len(numbers)]
                copy = s.path('copy%d' % i)
                args = ['update', '--download-only', '--set', 'photon', '--mirror', copy, '--db', s.path('db')]
                status = disturbed(s, args, number, 0.05 + 0.05 * i, env=env)
                expect_status(number, status, ())
                if files_below(copy):
                    raise Problem('signal %d leaves %s' % (number, files_below(copy)))
    return Command(name, check)


def cases():
    for n in range(PARTS):
        yield updating('killed-update-%d' % n, [signal.SIGKILL], lambda s: max(1, s.kills // 2 // PARTS))
        yield scan('killed-scan-%d' % n, [signal.SIGKILL], lambda s: max(1, s.kills // 3 // PARTS), False)
    for n in range(2):
        yield first_update('killed-first-update-%d' % n, lambda s: max(1, s.kills // 6 // 2))
    yield updating('update', SIGNALS, lambda s: 18)
    yield scan('scan', SIGNALS, lambda s: 18, False)
    yield scan('scan-and-its-children', SIGNALS, lambda s: 12, True)
    yield downloading('download', SIGNALS + (signal.SIGKILL,), 8)
