# SPDX-License-Identifier: Apache-2.0
"""Root file systems as directories: what lies there, and what may not be followed or opened."""
import os
import socket

from case import Command, Image, Problem, gaps, names, report_of
from made import APK, DB, OS, device, fifo, link_to, put, rootfs, sparse

NAMES = {'musl', 'openssl'}
META = 'usr/lib/python3/x-1.0.dist-info/METADATA'


def root(files, release=OS):
    return lambda d: rootfs(d, files, release)


def unix_socket(path):
    here = os.getcwd()
    s = socket.socket(socket.AF_UNIX)
    os.chdir(os.path.dirname(path))
    s.bind(os.path.basename(path))
    os.chdir(here)


def hidden(data):
    def make(path):
        put(path, data)
        os.chmod(path, 0)
    return make


def loop(d):
    target = rootfs(d, {DB: APK})
    os.symlink('/', os.path.join(d, 'root/everything'))
    os.symlink('..', os.path.join(d, 'root/lib/up'))
    return target


def deep(n):
    def build(d):
        target = rootfs(d, {DB: APK})
        here = os.open(os.path.join(d, 'root'), os.O_RDONLY)
        for _ in range(n):
            os.mkdir('d' * 20, dir_fd=here)
            inner = os.open('d' * 20, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        with os.fdopen(os.open('x', os.O_CREAT | os.O_WRONLY, dir_fd=here), 'w') as f:
            f.write('x')
        os.close(here)
        return target
    return build


def many(n):
    def build(d):
        target = rootfs(d, {DB: APK})
        os.mkdir(os.path.join(d, 'root/many'))
        for i in range(n):
            os.close(os.open(os.path.join(d, 'root/many/f%d' % i), os.O_CREAT | os.O_WRONLY))
        return target
    return build


def as_nobody(path):
    """Scan as a user who may not read everything."""
    def check(s):
        if os.getuid() != 0:
            return
        target = rootfs(s.dir, {DB: APK, META: b'Name: jinja2\nVersion: 1.0\n\n'})
        os.chmod(os.path.join(s.dir, 'root', path), 0)
        for d in s.dir, s.tmp, s.home, s.out, s.top, s.good:
            os.chmod(d, 0o755)
        os.chmod(s.tmp, 0o777)

        def drop():
            os.setgid(65534)
            os.setuid(65534)

        o = s.run('scan', '-f', 'json', '--strict', '--db', s.good, target, prepare=drop)
        os.chmod(os.path.join(s.dir, 'root', path), 0o755)
        report = report_of(o)
        if o.status not in (3, 4) or not gaps(report):
            raise Problem('exit status %d, packages %s, errors %s' % (o.status, names(report) if report else None, o.err[:300]))
    return Command('unreadable-' + path.replace('/', '-'), check)


def cases():
    yield Image('good', 'ok', root({DB: APK}))
    yield Image('empty', 'none', root({}, None), packages=set())
    yield Image('database-is-a-fifo', 'part', root({DB: fifo}), DB, set())
    yield Image('database-is-a-device', 'part', root({DB: device}), DB, set())
    yield Image('database-is-a-socket', 'part', root({DB: unix_socket}), DB, set())
    yield Image('database-is-a-directory', 'part', root({DB: os.mkdir}), DB, set())
    yield Image('database-is-a-link-to-itself', 'gap|none|part', root({DB: link_to('installed')}), 'circle', set())
    yield Image('database-is-a-link-to-the-host', 'gap|none|part', root({DB: link_to('/etc/passwd')}), DB, set())
    yield Image('database-is-a-link-up', 'gap|none|part', root({DB: link_to('../../../../../../../../../etc/passwd')}), DB, set())
    yield Image('database-is-a-link-to-a-device', 'gap|none|part', root({DB: link_to('/dev/zero')}), DB, set())
    yield Image('database-is-a-link-inside', 'ok', root({DB: link_to('/srv/db'), 'srv/db': APK}))
    yield Image('database-of-1-tib', 'part', root({DB: sparse(1 << 40)}), 'at most', set())
    yield Image('database-of-127-mib-of-holes', 'gap|part|none', root({DB: sparse(127 << 20)}), DB, set(), ways='w')
    yield Image('directory-is-a-link-to-the-host', 'gap|none|part', root({'lib': link_to('/lib')}), '', set())
    yield Image('directory-is-a-link-to-itself', 'gap|none|part', root({'lib/apk': link_to('apk')}), '', set())
    yield Image('release-is-a-fifo', 'gap|part', root({DB: APK, 'etc/os-release': fifo}, None), 'os-release|distribution', NAMES)
    yield Image('release-is-a-device', 'gap|part', root({DB: APK, 'etc/os-release': device}, None), 'os-release|distribution', NAMES)
    yield Image('metadata-is-a-fifo', 'ok|gap', root({DB: APK, META: fifo}), packages=NAMES)
    yield Image('metadata-of-1-tib', 'gap', root({DB: APK, META: sparse(1 << 40)}), 'x-1.0', NAMES)
    yield Image('program-of-1-tib', 'ok|gap', root({DB: APK, 'usr/bin/x': lambda p: (sparse(1 << 40)(p), os.chmod(p, 0o755))}),
        packages=NAMES)
    yield Image('links-to-everything', 'ok', loop)
    yield Image('deep-190', 'ok', deep(190))
    yield Image('deep-500', 'gap', deep(500), 'longer than', NAMES)
    yield Image('deep-3000', 'gap|ok', deep(3000), packages=NAMES, ways='wi')
    yield Image('names', 'ok|gap', root({DB: APK, 'etc/\x1b[31m\x07\n': b'x', b'etc/\xff\xfe'.decode('utf-8', 'surrogateescape'): b'y',
        'etc/' + 'n' * 255: b'z'}))
    yield Image('names-of-packages', 'ok|gap', root({DB: APK, 'lib/\x1b[31m\x07.dist-info/METADATA': b'Name: jinja2\nVersion: 1.0\n\n'}),
        packages=NAMES | {'jinja2'})
    yield Image('20000-files', 'ok', many(20000), ways='w')
    yield Image('million-files', 'ok', many(1000000), ways='w', large=True)
    yield as_nobody(DB)
    yield as_nobody('lib/apk/db')
    yield as_nobody('lib')
    yield as_nobody('etc/os-release')
    yield as_nobody('usr/lib/python3')
    yield as_nobody('etc')

    def changing(s):
        """Files that vanish and are cut while they are read."""
        target = rootfs(s.dir, dict({DB: APK}, **{'p%d.dist-info/METADATA' % i: b'Name: p%d\nVersion: 1\n\n' % i for i in range(2000)}))
        gone = iter(range(1999, -1, -1))

        def act(pid, elapsed):
            for _ in range(40):
                i = next(gone, None)
                if i is not None:
                    path = s.path('root/p%d.dist-info/METADATA' % i)
                    os.truncate(path, 3) if i % 2 else os.unlink(path)
        o = s.run('scan', '-f', 'json', '--db', s.good, target, act=act)
        if o.status not in (0, 3) or not NAMES <= names(report_of(o)):
            raise Problem('exit status %d' % o.status)
    yield Command('changes-while-it-is-read', changing)
