# SPDX-License-Identifier: Apache-2.0
"""Command lines that nobody would type: targets that are no images, values that are no values, surroundings that lack something."""
import os
import random
import re
import socket
import subprocess
import time

import faults
from case import CONTROL, Command, Problem, names, report_of
from faults import for_everybody, honest, image, in_force, make_database, mirror, need_root, nobody, start, text_of, update, verify
from made import APK, DB, oci, pack_layout, packed, put, rootfs, system, tar

BYTES = b'\xff\xfe\x80'.decode('utf-8', 'surrogateescape')
USAGE, UNREADABLE = 2, 3
NOISE = random.Random(5).randbytes(8 << 20)


def refused(name, arguments, statuses, says='.', **options):
    """Nothing is printed, the message says why, on lines that a terminal can show."""
    def check(s):
        o = s.run(*(a(s) if callable(a) else a for a in arguments), **{k: v(s) if callable(v) else v for k, v in options.items()})
        if o.status not in statuses or o.out:
            raise Problem('exit status %d: %s' % (o.status, o.text()[-600:]))
        text = o.err.decode('utf-8', 'replace')
        if not re.search(says, text) or CONTROL.search(text):
            raise Problem('it says: %s' % text[-600:])
        if len(text) > 8192:
            raise Problem('it says %d bytes' % len(text))
    return Command(name, check)


def target(name, value, says='.', statuses=(UNREADABLE, USAGE)):
    for command in ['scan', '--db', lambda s: s.good], ['scan', '--in-process', '--db', lambda s: s.good], ['index', '--no-cache',
            '--db', \
            lambda s: s.good]:
        yield refused('target-%s-%s%s' % (name, command[0], '-in-process' if len(command) == 4 and command[1] == '--in-process' else ''),
                      command + [value], statuses, says)


def unix_socket(s):
    here = os.getcwd()
    os.chdir(s.dir)
    socket.socket(socket.AF_UNIX).bind('socket')
    os.chdir(here)
    return s.path('socket')


def made(make):
    def value(s):
        make(s.path('x'))
        return s.path('x')
    return value


def loop(s):
    os.mkdir(s.path('a'))
    os.symlink('../b', s.path('a/c'))
    os.symlink('a', s.path('b'))
    return s.path('b/c/c/c/nothing')


def with_transport(transport, value):
    return lambda s: transport + ':' + (value(s) if callable(value) else value)


def targets():
    yield from target('empty', '')
    yield from target('dash', '-')
    yield from target('long', 'x' * 100000)
    yield from target('long-path', '/' + 'x/' * 50000)
    yield from target('deep-path', '/' + '../' * 1000 + 'nothing')
    yield from target('bytes', '/nothing/' + BYTES)
    yield from target('control', '/nothing/\x1b[31m\x07\n\r')
    yield from target('format', '%s%n%n%n')
    yield from target('newline', '\n')
    yield from target('colon', ':')
    yield from target('transport', '127.0.0.1:9/nothing:x')  # where nobody listens: no test asks a registry of others
    yield from target('url', 'https://example.com/image.tar')
    yield from target('fifo', made(os.mkfifo))
    yield from target('socket', unix_socket)
    yield from target('loop', made(lambda p: os.symlink('x', p)))
    yield from target('dangling', made(lambda p: os.symlink('/nothing/at/all', p)))
    yield from target('loop-of-directories', loop)
    yield from target('empty-file', made(lambda p: put(p, b'')))
    yield from target('text', made(lambda p: put(p, b'hello\n')))
    yield from target('hole', made(lambda p: open(p, 'wb').truncate(1 << 40)))
    for device in 'null', 'zero', 'full', 'random', 'tty':
        yield from target('dev-' + device, '/dev/' + device)
    yield from target('proc-mem', '/proc/self/mem')
    yield from target('proc-kmsg', '/proc/kmsg')
    yield from target('proc-fd', '/proc/self/fd/0')
    for transport in 'docker-archive', 'oci', 'oci-archive', 'rootfs', 'rootfs-archive':
        for name, value in (('nothing', ''), ('colon', ':'), ('colons', ':::'), ('tag', ':latest'), ('fifo', made(os.mkfifo)),
                            ('socket', unix_socket), ('null', '/dev/null'), ('zero', '/dev/zero'), ('missing', '/nothing/at/all'),
                            ('long', 'x' * 100000), ('bytes', BYTES), ('at', '@'), ('number', '@99999999999999999999'),
                            ('negative', made(lambda p: put(p, b'')))):
            yield from target(transport + '-' + name, with_transport(transport, value))
    for transport in 'docker', 'docker-daemon', 'sbom', 'containers-storage', 'dir':
        yield from target(transport, transport + ':x')


def options():
    good = lambda s: image(s)
    db = ['--db', lambda s: s.good]
    for name, arguments, says in (
        ('nothing', [], 'usage'), ('empty', [''], 'no command'), ('dashes', ['--'], 'no command'), ('dash', ['-'], 'no command'),
        ('control', ['\x1b[31m'], 'no command'), ('bytes', [BYTES], 'no command'), ('long', ['x' * 100000], 'no command'),
        ('case', ['SCAN'], 'no command'), ('scan', ['scan'], 'usage'), ('scan-dashes', ['scan', '--'], 'usage'),
        ('unknown', ['scan', '--nothing', 'x'], 'unknown option --nothing'), ('unknown-control', ['scan', '--\x1b[31m', 'x'], 'unknown'),
        ('unknown-long', ['scan', '--' + 'x' * 100000, 'x'], 'unknown option'), ('unknown-bytes', ['scan', '--' + BYTES, 'x'], 'unknown'),
        ('only-equals', ['scan', '--=x', 'x'], 'unknown'), ('three-dashes', ['scan', '---format', 'x'], 'unknown'),
        ('prefix', ['scan', '--form', 'json', 'x'], 'unknown'), ('letter', ['scan', '-\x80', 'x'], 'unknown'),
        ('of-another', ['index', '--strict', 'x'], 'unknown'), ('of-none', ['version', '--db', 'x'], 'unknown'),
        ('format-empty', ['scan', '-f', '', good] + db, 'no output format'),
        ('format-equals', ['scan', '--format=', good] + db, 'no output'),
        ('format-long', ['scan', '-f', 'x' * 100000, good] + db, 'no output format'),
        ('format-control', ['scan', '-f', '\x1b[31m', good] + db, 'no output format'),
        ('format-case', ['scan', '-f', 'JSON', good] + db, 'no output format'),
        ('fail-on-empty', ['scan', '--fail-on', '', good] + db, 'expected'),
        ('fail-on-number', ['scan', '--fail-on', '7', good] + db, 'expected'),
        ('fail-on-bytes', ['scan', '--fail-on', BYTES + '\x1b', good] + db, 'expected'),
        ('fail-on-long', ['scan', '--fail-on', 'x' * 100000, good] + db, 'expected'),
        ('platform-empty', ['scan', '--platform', '', good] + db, 'expected'),
        ('platform-slash', ['scan', '--platform', '/', good] + db, 'expected'),
        ('platform-word', ['scan', '--platform', 'linux', good] + db, 'expected'),
        ('platform-long', ['scan', '--platform', 'x' * 100000, good] + db, 'expected'),
        ('platform-half', ['scan', '--platform', 'linux/', good] + db, 'expected'),
        ('flag-with-value', ['scan', '--strict=1', good] + db, '=true or =false'),
        ('last-needs-value', ['scan', good, '--db'], 'needs an'),
        ('flags-together', ['scan', '-qf', 'json', good] + db, 'is a switch|unknown'),
        ('index-two', ['index', good, good] + db, 'usage'), ('explain-one', ['explain', 'CVE-1-1'] + db, 'usage'),
        ('explain-three', ['explain', 'CVE-1-1', good, good] + db, 'usage'), ('db-nothing', ['db'], 'usage'),
        ('db-empty', ['db', ''], 'usage'),
        ('db-two', ['db', 'status', 'gc'] + db, 'usage'), ('db-unknown', ['db', 'drop'] + db, 'usage'),
        ('update-argument', ['update', 'alpine'] + db, 'usage'), ('set-empty', ['update', '--set', ''] + db, 'no feed'),
        ('set-long', ['update', '--set', 'x' * 100000] + db, 'no feed'), ('set-control', ['update', '--set', '\x1b[31m'] + db, 'no feed'),
        ('set-slash', ['update', '--set', '/'] + db, 'no feed'), ('set-65', ['update'] + ['--set', 'alpine'] * 65 + db, 'more than'),
        ('download-nowhere', ['update', '--download-only'] + db, '--mirror'),
        ('download-empty', ['update', '--download-only', '--mirror', ''] + db, '--mirror'), ('help-unknown', ['help', 'x'], 'no command'),
        ('output-twice-demo', ['scan', '--demo', good] + db, 'usage'),
    ):
        yield refused('option-' + name, arguments, (USAGE,), says)
    for name, path, says in (('nowhere', '/nothing/at/all', 'No such file'), ('directory', '/tmp', 'directory'),
    ('slash', '/tmp/', 'directory|Is a'),
                             ('below-a-file', '/etc/passwd/x', 'Not a directory'), ('long', '/tmp/' + 'x' * 5000, 'too long'),
                             ('name-long', '/tmp/' + 'x' * 300, 'too long'), ('empty', '', '.'), ('proc', '/proc/x', '.')):
        yield refused('output-' + name, ['scan', '-o', path, good] + db, (UNREADABLE, USAGE), says)
        yield refused('index-output-' + name, ['index', '-o', path, good] + db, (UNREADABLE, USAGE), says)
    for name, mirror_ in (('empty-directory', lambda s: s.dir), ('nowhere', '/nothing'), ('file', '/etc/passwd'), ('device', '/dev/zero'),
                          ('long', '/' + 'x' * 100000), ('bytes', BYTES), ('url', 'http://127.0.0.1:1/'), ('odd-url', 'http://[::'),
                          ('ftp', 'ftp://127.0.0.1/')):
        yield refused('mirror-' + name, ['update', '--set', 'osv', '--mirror', mirror_, '--db', lambda s: s.database()],
                      (UNREADABLE, USAGE))
    yield refused('no-home', ['scan', good], (USAGE,), 'no data folder: give --db', env=lambda s: s.env(HOME=None))
    yield refused('home-empty', ['scan', good], (USAGE,), 'no data folder', env=lambda s: s.env(HOME='', XDG_DATA_HOME='',
            LIMPID_HOME=''))
    yield refused('home-and-relative-xdg', ['update'], (USAGE,), 'no data folder', env=lambda s: s.env(HOME=None, XDG_DATA_HOME='data'))
    yield refused('home-long', ['db', 'status'], (USAGE, UNREADABLE), '.', env=lambda s: s.env(HOME='/' + 'x' * 100000))
    yield refused('home-bytes', ['db', 'status'], (UNREADABLE,), '.', env=lambda s: s.env(HOME='/nothing/' + BYTES))


def odd(name, arguments=(), env=None, prefix=(), same=True, form=('-f', 'json')):
    """Odd, and meant: the report is that of the plain command."""
    def check(s):
        where = image(s)
        plain = s.run('scan', '-f', 'json', '--strict', '--db', s.good, where)
        o = s.run('scan', *prefix, *form, '--strict', '--db', s.good, *(a(s) if callable(a) else a for a in arguments), where,
                  env=s.env(**(env or {})))
        if o.status != plain.status or o.status != 0:
            raise Problem('exit status %d: %s' % (o.status, o.text()[-600:]))
        a, b = report_of(plain), report_of(o)
        if same and (names(a) != names(b) or a['findings'] != b['findings']):
            raise Problem('another report')
    return Command(name, check)


def meant():
    yield odd('repeated', ['--strict', '--strict', '-q', '-q'])
    yield odd('last-counts', prefix=['--db', '/nothing', '--fail-on', 'critical'], arguments=['--fail-on=critical'])
    yield odd('letter-with-value', form=['-fjson'])
    yield odd('dashes', ['--'])
    for name, env in (('locale-c', {'LC_ALL': 'C'}), ('locale-odd', {'LC_ALL': 'xx_YY.nothing'}),
    ('locale-turkish', {'LC_ALL': 'tr_TR.UTF-8'}),
                      ('locale-long', {'LANG': 'x' * 100000}), ('no-locale', {'LC_ALL': None, 'LANG': None}), ('no-path', {'PATH': None}),
                      ('no-term', {'TERM': None}), ('no-tmpdir', {'TMPDIR': None}), ('tz', {'TZ': '../../etc/passwd'}),
                      ('tz-odd', {'TZ': BYTES}), ('columns', {'COLUMNS': '-1'}), ('no-home-but-db', {'HOME': None})):
        yield odd('with-' + name, env=env)


def renamed(name, text):
    """A target whose name is odd."""
    def check(s):
        layout = image(s)
        path = os.path.join(s.dir, text)
        os.rename(layout[4:], path)
        for how in [path], ['oci:' + path], ['-q', '--', 'oci:' + path]:
            for env in s.env(), s.env(LC_ALL='C'):
                o = s.run('scan', '-f', 'json', '--strict', '--db', s.good, *how, env=env)
                if o.status != 0 or names(report_of(o)) != {'musl', 'openssl'}:
                    raise Problem('%s: exit status %d: %s' % (how, o.status, o.text()[-600:]))
                o = s.run('scan', '--db', s.good, *how, env=env)
                if o.status != 0 or CONTROL.search(o.text()):
                    raise Problem('table: exit status %d: %s' % (o.status, o.text()[-600:]))
    return Command('named-' + name, check)


# ---- what changes while it is read ----

def changing(name, make, act, statuses=(0, 3, 4)):
    """A target that changes while it is read is read wholly or said to be not; there is no crash and no other exit status."""
    def check(s):
        database = make_database(s, packages=50)
        where, path = make(s, 0)
        whole = s.path('whole')
        subprocess.check_call(['cp', '-r', path, whole])
        for i in range(12):
            subprocess.check_call(['rm', '-rf', path])
            subprocess.check_call(['cp', '-r', whole, path])
            p = start(s, ['scan', '-f', 'json', '--strict', '--no-cache', '--db', database, where], 'scan')
            time.sleep(0.003 * i)
            act(path, p)
            status = p.wait(60)
            with open(os.path.join(s.out, 'scan.out'), 'rb') as f:
                o = type('Output', (), {'out': f.read(), 'err': text_of(s, 'scan').encode(), 'status': status,
                                        'text': lambda self: self.err.decode()})()
            honest(o, 0, statuses)
    return Command('changing-' + name, check)


def archive(s, i):
    layout = oci(s.path('image%d' % i), packed(system()), packed(tar([('srv/noise', NOISE)]), 1))
    where = pack_layout(layout[4:])
    return where, where.split(':', 1)[1]


def layout(s, i):
    where = oci(s.path('image%d' % i), packed(system()), packed(tar([('srv/noise', NOISE)]), 1))
    return where, where[4:]


def largest(root):
    return max((os.path.join(d, n) for d, _, files in os.walk(root) for n in files), key=os.path.getsize)


def append(path, p):
    with open(path, 'ab') as f:
        while p.poll() is None:
            f.write(os.urandom(65536))


def scribble(path, p):
    with open(path, 'r+b') as f:
        f.seek(os.path.getsize(path) // 3)
        f.write(os.urandom(1 << 20))


def remove(path):
    for d, _, files in os.walk(path):
        for n in files:
            os.unlink(os.path.join(d, n))


def changes():
    yield changing('archive-cut', archive, lambda path, p: os.truncate(path, 5000))
    yield changing('archive-emptied', archive, lambda path, p: os.truncate(path, 0))
    yield changing('archive-deleted', archive, lambda path, p: os.unlink(path))
    yield changing('archive-grows', archive, append)
    yield changing('archive-scribbled', archive, scribble)
    yield changing('layout-cut', layout, lambda path, p: os.truncate(largest(path), 5000))
    yield changing('layout-deleted', layout, lambda path, p: remove(path))
    yield changing('layout-scribbled', layout, lambda path, p: scribble(largest(path), p))


def unreadable(name, make, mode=0):
    """As somebody who may not."""
    def check(s):
        need_root()
        where, path = make(s, 0)
        for_everybody(s)
        os.chmod(path, mode)
        for command in ['scan', '-f', 'json'], ['index', '-f', 'json'], ['scan', '-f', 'json', '--in-process']:
            o = s.run(*command, '--db', s.good, where, prepare=nobody)
            if o.status != UNREADABLE or 'denied' not in o.text():
                raise Problem('exit status %d: %s' % (o.status, o.text()[-600:]))
        os.chmod(path, 0o755)
    return Command('unreadable-' + name, check)


def config(s, i):
    where, root = layout(s, i)
    return where, os.path.join(root, 'index.json')


def blob(s, i):
    where, root = layout(s, i)
    return where, largest(root)


def blobs(s, i):
    where, root = layout(s, i)
    return where, os.path.join(root, 'blobs')


def cases():
    yield from targets()
    yield from options()
    yield from meant()
    for name, text in (('space', 'an image'), ('bytes', BYTES), ('control', 'a\x1b[31m\x07'), ('newline', 'a\nb'), ('dash', '-f'),
    ('at', 'a@b'),
                       ('percent', '%s%n'), ('long', 'x' * 255), ('quote', '\'"\\')):
        yield renamed(name, text)
    yield from changes()
    yield unreadable('archive', archive)
    yield unreadable('layout', layout)
    yield unreadable('index', config)
    yield unreadable('blob', blob)
    yield unreadable('blobs', blobs)
