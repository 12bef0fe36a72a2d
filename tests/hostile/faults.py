# SPDX-License-Identifier: Apache-2.0
"""What the kinds about faults of the machine share: a database that can be told from its next one, and what honesty means.

Two sets of advisories, 0 and 1, differ in the version that mends the flaw of openssl. Whatever happens to an update from one to
the other, a scan reports one of both, whole.
"""
import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import time

import good
import watch
from case import Problem, Skip, report_of
from made import APK, DB, OS, oci, packed, put, rootfs, system, tar

FIXED = '9.%d-r0'
PACKAGES = 2000
NOBODY = 65534


def mirror(s, n, packages=PACKAGES, name='mirror'):
    """The tree of set n."""
    root = s.path(name)
    document = {'distroversion': 'v' + good.RELEASE, 'reponame': 'main', 'packages': [
        {'pkg': {'name': 'openssl', 'secfixes': {FIXED % n: ['CVE-2031-1']}}}] + [
        {'pkg': {'name': 'other%d' % i, 'secfixes': {FIXED % n: ['CVE-2031-%d' % (i + 2)]}}} for i in range(packages)]}
    put(os.path.join(root, good.SECDB), json.dumps(document).encode())
    put(os.path.join(root, good.PHOTON), good.oval(22 + packages // 10).replace('9.9-9', '9.%d-9' % n).encode())
    return root


def update(root, database, *more):
    return ['update', '--set', 'alpine', '--set', 'photon', '--mirror', root, '--db', database] + list(more)


def make_database(s, n=0, packages=PACKAGES, name='db'):
    database = s.path(name)
    o = s.run(*update(mirror(s, n, packages), database))
    if o.status != 0:
        raise Problem('the database cannot be made: %s' % o.text())
    return database


def image(s, mib=0):
    """A layout with the small system, and layers that take a while."""
    rng = random.Random(1)
    noise = [tar([('srv/noise%d' % i, rng.randbytes(1 << 20)) for i in range(mib)])] if mib else []
    return oci(s.path('image'), packed(system()), *(packed(n, 1) for n in noise))


def fixed_in(report):
    """Which set the report is of; None: it has no finding."""
    found = {f['fixed_version'] for f in report['findings'] if f['id'] == 'CVE-2031-1'}
    if len(found) > 1:
        raise Problem('of two sets at once: %s' % found)
    return next((n for n in range(10) if FIXED % n in found), None)


def in_force(s, database, target, sets, **options):
    """The set that a scan reports, which must be one of these."""
    o = s.run('scan', '-f', 'json', '--db', database, target, **options)
    report = report_of(o)
    n = fixed_in(report) if report else None
    if o.status != 0 or n not in sets:
        raise Problem('of set %s, not one of %s, exit status %d: %s' % (n, sets, o.status, o.err[-600:]))
    return n


def verify(s, database):
    o = s.run('db', 'verify', '--db', database)
    if o.status != 0:
        raise Problem('db verify: ' + o.text()[-600:])


def unfinished(database):
    return [n for n in os.listdir(os.path.join(database, 'segments')) if not n.endswith('.seg')]


def honest(o, whole, statuses=(0, 3, 4), says=None):
    """
    `scan --strict -f json` of the small system: all there is, or it says what is missing. whole: the finding that must be there
    when nothing is missing.
    """
    report = report_of(o) if o.out else None
    if o.status not in statuses:
        raise Problem('exit status %s: %s' % (o.status, o.text()[-600:]))
    if o.status == 0:
        if report is None or {p['name'] for p in report['packages']} != {'musl', 'openssl'} or fixed_in(report) != whole:
            raise Problem('exit status 0, and not all there is: %s' % o.text()[-600:])
        if not report['summary']['complete']:
            raise Problem('exit status 0 under --strict, and incomplete')
    elif report is None and not o.err.strip():
        raise Problem('exit status %d without a word' % o.status)
    elif report is not None and report['summary']['complete'] and not o.err.strip():
        raise Problem('exit status %d, and a report that is complete' % o.status)
    if says and o.status != 0 and says not in o.text():
        raise Problem('exit status %d, and it does not say "%s": %s' % (o.status, says, o.text()[-600:]))
    return report


# ---- processes that are disturbed ----

def heed_signals():
    """Whoever started the suite may ignore some, as a shell does for what runs in the background."""
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, signal.SIG_DFL)


def start(s, args, out, **options):
    """limpid in a session of its own; outputs go to files below s.out."""
    options.setdefault('env', s.env())
    with open(os.path.join(s.out, out + '.out'), 'wb') as o, open(os.path.join(s.out, out + '.err'), 'wb') as e:
        return subprocess.Popen([s.limpid] + [str(a) for a in args], stdin=subprocess.DEVNULL, stdout=o, stderr=e, cwd=s.dir,
                                start_new_session=True, preexec_fn=heed_signals, **options)


def text_of(s, out):
    with open(os.path.join(s.out, out + '.err'), 'rb') as f:
        return f.read().decode('utf-8', 'replace')


def disturbed(s, args, number, delay, group=False, **options):
    """Run it, and send the signal after delay seconds. The exit status, or minus the signal."""
    p = start(s, args, 'disturbed', **options)
    with contextlib.suppress(subprocess.TimeoutExpired):
        p.wait(delay)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(p.pid, number) if group else p.send_signal(number)
    try:
        status = p.wait(20)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
        raise Problem('signal %d did not end it: %s' % (number, ' '.join(map(str, args))))
    outcome = watch.Outcome()
    watch.reap_orphans(outcome)
    if outcome.orphans:
        raise Problem('left %d processes after signal %d' % (len(outcome.orphans), number))
    if os.listdir(s.tmp):
        raise Problem('left %s in the directory for temporary files after signal %d' % (os.listdir(s.tmp), number))
    return status


def takes(s, args):
    """Seconds that it takes undisturbed."""
    begin = time.monotonic()
    o = s.run(*args)
    if o.status != 0:
        raise Problem('undisturbed: exit status %s: %s' % (o.status, o.text()[-600:]))
    return time.monotonic() - begin


# ---- other users, other file systems ----

def for_everybody(s):
    """Everything of the case may be read by all, and TMPDIR written."""
    subprocess.check_call(['chmod', '-R', 'a+rX', s.dir])
    for d in s.home, s.out, s.top, s.good:
        os.chmod(d, 0o755)
    os.chmod(s.tmp, 0o777)


def nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def somebody():
    """A user who has no other processes."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(100000 + os.getpid())


def need_root():
    if os.getuid() != 0:
        raise Skip('needs root')


@contextlib.contextmanager
def small_disk(path, size):
    """A file system of this size in memory. Yields a function that changes the size."""
    need_root()
    os.makedirs(path, exist_ok=True)
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=%s' % size, 'none', path], capture_output=True).returncode != 0:
        raise Skip('may not mount')
    try:
        yield lambda new: subprocess.check_call(['mount', '-o', 'remount,size=%s' % new, path])
    finally:
        subprocess.run(['umount', '-l', path], check=True)
