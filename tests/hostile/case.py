# SPDX-License-Identifier: Apache-2.0
"""A case: what is made, what is run on it, and what must be said.

What is wanted of `limpid scan --strict -f json` on an image:

    ok      exit status 0, nothing is missing, the packages are those named
    gap     exit status 4: a report that says that something is missing, and still has what could be read
    part    exit status 3: a report, in which a layer or a package database was not read, or not all of it
    none    exit status 5: a report without packages that says so
    error   exit status 3 and no report: it could not be opened, and the message says why
    usage   exit status 2 and no report
    any     one of these: only memory, time, space and agreement of all ways to run it are asked

Several with a bar between them are alternatives. `says` is a pattern that the report or the message must match.
"""
import json
import os
import re
import shutil
import subprocess

import watch

KIB = 256 << 10
SECONDS = 60
STATUS = {'ok': 0, 'gap': 4, 'part': 3, 'none': 5, 'error': 3, 'usage': 2}
PACKAGES = {'musl', 'openssl'}
# Bytes that a terminal would obey; a newline is ours.
CONTROL = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f]')


class Problem(Exception):
    pass


class Skip(Exception):
    """The case cannot be had on this machine, and why."""


class Setting:
    """Where one case is run: a directory of its own, a copy of the good database, and the program."""

    def __init__(self, limpid, top, good, mirror, factor, kills):
        self.limpid, self.top, self.good, self.mirror, self.factor, self.kills = limpid, top, good, mirror, factor, kills
        self.dir = os.path.join(top, 'case')
        self.tmp, self.home, self.out = (os.path.join(top, n) for n in ('tmp', 'home', 'out'))
        self.seconds = self.kib = self.temp_kib = 0

    def begin(self):
        for d in self.dir, self.tmp, self.home, self.out:
            if os.path.exists(d):  # some trees are too deep for shutil
                subprocess.call(['chmod', '-R', 'u+rwX', d])
                subprocess.check_call(['rm', '-rf', d])
            os.mkdir(d)
        self.seconds = self.kib = self.temp_kib = 0
        self.room_kib = KIB

    def path(self, name):
        return os.path.join(self.dir, name)

    def database(self, name='db'):
        """A copy of the good database that may be damaged."""
        path = self.path(name)
        shutil.copytree(self.good, path)
        return path

    def watched(self):
        return [self.tmp, self.home, self.dir, self.good]

    def env(self, **more):
        env = dict(os.environ, TMPDIR=self.tmp, HOME=self.home, LC_ALL='C.UTF-8', TERM='dumb')
        for name in 'LIMPID_HOME', 'XDG_DATA_HOME', 'NO_COLOR':
            env.pop(name, None)
        env.update(more)
        return {k: v for k, v in env.items() if v is not None}

    def run(self, *args, **options):
        """limpid with arguments, under the watch."""
        options.setdefault('env', self.env())
        options.setdefault('directories', self.watched())
        options.setdefault('cwd', self.dir)
        options.setdefault('seconds', SECONDS * self.factor)
        left = options.pop('left', True)
        program = options.pop('program', [self.limpid])
        o = watch.run(program + [str(a) for a in args], self.out, **options)
        self.seconds += o.seconds
        self.kib, self.temp_kib = max(self.kib, o.kib), max(self.temp_kib, o.temp_kib)
        if o.status is None:
            raise Problem('did not end in %d seconds: %s' % (options['seconds'], ' '.join(map(str, args))[:200]))
        if o.status < 0 and not options.get('act'):
            raise Problem('ended by signal %d: %s\n%s' % (-o.status, ' '.join(map(str, args))[:200], o.text()[-2000:]))
        if o.orphans:
            raise Problem('left %d processes' % len(o.orphans))
        if o.kib > KIB * self.factor:
            raise Problem('took %d KiB of memory: %s' % (o.kib, ' '.join(map(str, args))[:200]))
        if o.temp_kib > self.room_kib:
            raise Problem('took %d KiB of temporary space' % o.temp_kib)
        if left and os.listdir(self.tmp):
            raise Problem('left %s in the directory for temporary files' % os.listdir(self.tmp))
        if b'AddressSanitizer' in o.err or b'runtime error:' in o.err:
            raise Problem('sanitizer: ' + o.err.decode('utf-8', 'replace')[:3000])
        return o


def report_of(o):
    try:
        return json.loads(o.out) if o.out else None
    except ValueError as e:
        raise Problem('the report is no JSON: %s: %s' % (e, o.out[:200]))


def gaps(report):
    return [c for c in report['coverage'] if c['gap']]


def names(report):
    return {p['name'] for p in report['packages']}


def summary(report, o):
    if not report:
        return 'status %d, no report: %s' % (o.status, o.err.decode('utf-8', 'replace')[:500])
    lines = ['%s %.200s: %s' % (d['severity'], d.get('where', ''), d['text']) for d in report['diagnostics'][:12]]
    return 'status %d, packages %s\n    %s' % (o.status, [n[:40] for n in sorted(names(report))[:8]],
                                               '\n    '.join(lines + ['gap %s %.200s: %s' % (g['code'], g['scope'], g['detail'])
                                                                      for g in gaps(report)[:6]]))


def stable(report):
    """What every way to run it must agree on."""
    if report is None:
        return None
    report = json.loads(json.dumps(report))
    report.pop('created', None)
    report['diagnostics'] = [d for d in report['diagnostics'] if d['code'] != 'SANDBOX']
    return report


class Case:
    def __init__(self, name, large=False):
        self.name, self.kind, self.large = name, '', large


class Command(Case):
    """check(setting) runs what it likes and raises Problem."""

    def __init__(self, name, check, large=False):
        super().__init__(name, large)
        self.check = check


class Image(Case):
    """build(directory) makes the image and returns its target."""

    def __init__(self, name, want, build, says='', packages=None, lacks=(), large=False, ways='wcitz', arguments=()):
        """ways: w in workers, c again from the cache, i in this process, t as a table, z `index`."""
        super().__init__(name, large)
        self.want, self.build, self.says, self.lacks, self.ways = want.split('|'), build, says, set(lacks), ways
        self.packages = packages if packages is not None else PACKAGES if want == 'ok' else None
        self.arguments = list(arguments)

    def fits(self, want, o, report):
        """Why the outcome is not what is wanted; empty if it is."""
        if want == 'any':
            if o.status == 0 and gaps(report):
                return 'exit status 0 though something is missing'
            return '' if o.status in STATUS.values() else 'exit status %d' % o.status
        if o.status != STATUS[want]:
            return 'exit status %d is not that of "%s"' % (o.status, want)
        if (report is None) != (want in ('error', 'usage')):
            return 'there is %s report' % ('no' if report is None else 'a')
        if want == 'ok' and (gaps(report) or not report['summary']['complete']):
            return 'something is missing'
        if want in ('gap', 'part', 'none') and (not gaps(report) or report['summary']['complete']):
            return 'nothing is missing'
        if want == 'part' and not any(d['severity'] == 'error' for d in report['diagnostics']):
            return 'no diagnostic is an error'
        return ''

    def judge(self, o, report):
        problems = [self.fits(w, o, report) for w in self.want]
        problem = '' if '' in problems else problems[0]
        text = o.text() if report is None else json.dumps(report['diagnostics'], ensure_ascii=False) + \
            json.dumps(report['coverage'], ensure_ascii=False)
        if not problem and self.says and not re.search(self.says, text, re.S):
            problem = 'it does not say "%s"' % self.says
        if not problem and report is None and not o.err:
            problem = 'neither report nor message'
        if not problem and report is not None and self.packages is not None:
            if self.want == ['ok'] and names(report) != self.packages or not names(report) >= self.packages:
                problem = 'packages %s, not %s' % ([n[:40] for n in sorted(names(report))[:10]], sorted(self.packages)[:10])
            elif names(report) & self.lacks:
                problem = 'it has packages that are not there: %s' % sorted(names(report) & self.lacks)
        if problem:
            raise Problem(problem + '; ' + summary(report, o))

    def again(self, s, target, first, name, *args):
        o = s.run('scan', '-f', 'json', '--strict', '--db', s.good, *args, *self.arguments, target)
        if o.status != first[0].status:
            raise Problem('%s: exit status %d, not %d' % (name, o.status, first[0].status))
        mine, other = stable(report_of(o)), stable(first[1])
        if mine != other:
            for key in mine or ():
                if mine[key] != (other or {}).get(key):
                    raise Problem('%s: another report: %s\n  %.1500s\n  %.1500s' % (name, key, mine[key], other and other[key]))
            raise Problem('%s: another report' % name)

    def check(self, s):
        target = self.build(s.dir)
        o = s.run('scan', '-f', 'json', '--strict', '--db', s.good, *self.arguments, target)
        report = report_of(o)
        self.judge(o, report)
        if 'c' in self.ways:
            self.again(s, target, (o, report), 'from the cache')
        if 'i' in self.ways:
            self.again(s, target, (o, report), 'in process', '--in-process', '--no-cache')
        if 't' in self.ways:
            table = s.run('scan', '--strict', '--db', s.good, *self.arguments, target)
            found = CONTROL.search(table.text())
            if found:
                raise Problem('the table has the control byte %r' % found.group())
            if table.status != o.status:
                raise Problem('as a table: exit status %d, not %d' % (table.status, o.status))
        if 'z' in self.ways:
            index = s.run('index', '-f', 'clair', '--db', s.good, *self.arguments, target)
            wanted = {0: (0,), 4: (0,), 5: (5,), 3: (3,), 2: (2,)}[o.status]
            if index.status not in wanted:
                raise Problem('index: exit status %d after %d of scan' % (index.status, o.status))
            if o.status == 4 and any(d['severity'] != 'note' for d in report['diagnostics']) and not index.err:
                raise Problem('index says nothing about what is missing')
