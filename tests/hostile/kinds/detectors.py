# SPDX-License-Identifier: Apache-2.0
"""Every detector: its golden files cut, changed, drowned and nested; a hundred thousand records; what makes a reader slow.

One tree holds the golden files of all detectors, each damaged in the same way: whatever one of them does, the good packages
beside them are still listed, and files that are noise are named.
"""
import os
import pathlib
import random
import re
import sys
import tempfile

from case import Command, Image, Problem, names, report_of
from made import APK, DB, OS, put, rootfs, sparse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'support'))
import pkgdb

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / 'golden' / 'detector'
LODASH = ('lodash/node_modules/lodash/package.json', b'{"name":"lodash","version":"1.0.0"}')
GOOD = {'musl', 'openssl', 'lodash'}
# Their files lie at fixed places: one case of each can be had in a tree.
FIXED = ('bitnami', 'bottlerocket', 'content_sets', 'dnf_state', 'dpkg', 'nix', 'opkg', 'pacman', 'portage', 'rhcc', 'rpmmanifest', 'snap',
         'yumdb')
# The good system, and what a script makes: kinds apk, release, rpm, programs and language have those.
LEFT_OUT = ('apk', 'os_release')
# Where noise says nothing. Only paths are looked at (brew, lua, dart, opam, nix, eggs); what a gem is called stands in its file's
# name, too; names that others use for files of theirs (R's DESCRIPTION, licences that end in .spdx, scripts of WordPress); lines of
# which any number may be something else (requirements, perllocal.pod); files beside those that are read, and files that golden
# cases have there to be passed over.
SILENT = re.compile(r'c/(brew|lua|dart|opam|nix|gem|r|sbom|wordpress|unread|requirements)/|\.egg$|perllocal\.pod$|'
                    r'/(composer|package)\.json$|/action\.ya?ml$|/(Cargo|pyproject)\.toml$|/go\.sum$|\.list$|md5sums$|/CONTENTS$|'
                    r'/(PF|SLOT)$|\.vsixmanifest$|/extensions\.json$|'
                    r'/files$|/nix/store/|/history$|testdata/|/other/|/src/|node_modules/[^/]*/(dist|test)/|'
                    r'c/gem_lock/.*/gems/|install\.json$|srv/sdist/|/pkg/mod/|/\.egg-info/|requires\.txt$|/\.dist-info/|'
                    r'RECORD$|usr/share/doc/|srv/x/from_repo$|/origin_url$|dpkg/info/format$|status\.d/nested/|/\.channels/')


def golden():
    """(path in the tree, bytes) of the good cases of all detectors."""
    found = {}
    for detector in sorted(p for p in GOLDEN.iterdir() if p.name not in LEFT_OUT):
        for case in sorted(p for p in detector.iterdir() if not p.name.startswith('bad-') and (p / 'root').is_dir()):
            fixed = detector.name in FIXED
            for path in sorted(p for p in (case / 'root').rglob('*') if p.is_file() and not p.is_symlink()):
                inner = str(path.relative_to(case / 'root'))
                found.setdefault(inner if fixed else 'c/%s/%s/%s' % (detector.name, case.name, inner), path.read_bytes())
    return found


def mutated(seed):
    def damage(data):
        r, data = random.Random(seed * 1000003 + len(data)), bytearray(data)
        for _ in range(1 + len(data) // 60):
            at = r.randrange(len(data) + 1)
            what = r.randrange(6)
            if what == 0 and data:
                data[at % len(data)] ^= 1 << r.randrange(8)
            elif what == 1:
                del data[at:at + r.randrange(1, 9)]
            elif what == 2:
                data[at:at] = data[at:at + r.randrange(1, 40)]
            elif what == 3:
                data[at:at] = r.choice((b'"', b'\\', b'\n', b'\0', b'{', b'}', b'[', b']', b':', b'<', b'>', b'=', b'\xff', b'- ', b"'"))
            elif what == 4 and data:
                data[at % len(data)] = r.randrange(256)
            else:
                data[at:at] = r.choice((b'-1', b'99999999999999999999', b'1e999', b'%s%n', b'\x1b[31m', b'../' * 9, b'&amp;', b'\xc0\xaf'))
        return bytes(data)
    return damage


def between(data, what, every=97):
    return what.join(data[i:i + every] for i in range(0, len(data), every))


DAMAGES = [('cut-%d' % i, lambda data, i=i: data[:len(data) * i // 8]) for i in range(1, 8)] + \
    [('mutated-%d' % i, mutated(i)) for i in range(8)] + [
        ('empty', lambda data: b''), ('bom', lambda data: b'\xef\xbb\xbf' + data), ('crlf', lambda data: data.replace(b'\n', b'\r\n')),
        ('cr', lambda data: data.replace(b'\n', b'\r')), ('nul-between', lambda data: between(data, b'\0')),
        ('not-utf8-between', lambda data: between(data, b'\xff\xfe')), ('escapes-between', lambda data: between(data, b'\x1b]0;x\x07')),
        ('twice', lambda data: data + data), ('line-of-4-mib', lambda data: data + b'x' * (4 << 20)),
        ('line-of-4-mib-first', lambda data: b'x' * (4 << 20) + data), ('blanks-of-4-mib', lambda data: data + b' ' * (4 << 20)),
        ('million-lines', lambda data: data + b'\n' * 1000000)]
NOISE = [('noise', lambda data: bytes(range(256)) * 40), ('zeros', lambda data: bytes(10000)),
         ('html', lambda data: b'<html><body>404 not found</body></html>\n'), ('utf16', lambda data: b'\xff\xfe' +
             data[:4000].replace(b'', b'\0')),
         ('deep-json-lists', lambda data: b'[' * 100000 + b']' * 100000), ('deep-json-objects', lambda data: b'{"a":' * 100000 + b'1' +
             b'}' * 100000),
         ('deep-not-closed', lambda data: b'{"packages":[' * 100000), ('deep-xml', lambda data: b'<a>' * 100000 + b'</a>' * 100000),
         ('deep-yaml', lambda data: b'a: ' + b'[' * 100000 + b']' * 100000 + b'\n'), ('deep-yaml-blocks', lambda data: b''.join(
             b' ' * i + b'a:\n' for i in range(3000))), ('deep-toml', lambda data: b'a = ' + b'[' * 100000 + b']' * 100000 + b'\n'),
         ('deep-toml-keys', lambda data: b'[' + b'a.' * 100000 + b'a]\n'), ('doctype',
             lambda data: b'<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'),
         ('yaml-bomb', lambda data: b'a: &a [x,x,x,x,x,x,x,x,x,x]\n' + b''.join(b'%c: &%c [%s]\n' % (98 + i, 98 + i, b','.join(
             [b'*%c' % (97 + i)] * 10)) for i in range(20)))]


def tree(d, damage):
    files = {path: damage(data) for path, data in golden().items()}
    return rootfs(d, dict(files, **{DB: APK, LODASH[0]: LODASH[1]})), files


def check_damage(damage, noise):
    def check(s):
        target, files = tree(s.dir, damage)
        args = 'scan', '-f', 'json', '--strict', '--db', s.good
        o = s.run(*args, target)
        report = report_of(o)
        if o.status not in (0, 3, 4) or report is None or not GOOD <= names(report):
            raise Problem('exit status %d, good packages that are lost: %s; %s' % (
                o.status, report and sorted(GOOD - names(report)), o.err[:500]))
        if o.status == 0 and any(c['gap'] for c in report['coverage']):
            raise Problem('exit status 0 though something is missing')
        table = s.run('scan', '--strict', '--db', s.good, '--in-process', '--no-cache', target)
        if table.status != o.status or re.search('[\x00-\x08\x0b-\x1f\x7f-\x9f]', table.text()):
            raise Problem('as a table: exit status %d, not %d, or a control byte' % (table.status, o.status))
        told = ' '.join(x.get('where', '') for x in report['diagnostics'])
        lost = [f for f in sorted(files) if noise and not SILENT.search('/' + f) and f not in told]
        if lost:
            raise Problem('files that say nothing are not named: %s' % lost)
    return check


def one(path, data):
    """A root file system with the good packages, and that file (or those)."""
    files = path if isinstance(path, dict) else {path: data}
    return lambda d: rootfs(d, dict({DB: APK, LODASH[0]: LODASH[1]}, **{k: v() if callable(v) else v for k, v in files.items()}))


N = 100000


def lines(form, n=N, join=b'\n'):
    return join.join(form.replace(b'#', b'%d' % i) for i in range(n))


def pkg_database(names=N, files=0):
    """FreeBSD's; files belong to packages in turn."""
    with tempfile.TemporaryDirectory() as folder:
        d = pkgdb.Database(folder)
        d.db.execute('BEGIN')
        for i in range(names):
            d.add('a%d' % i, '1.%d' % i)
        rows = (('/usr/local/f%d' % i, i % names + 1) for i in range(files))
        d.db.executemany('INSERT INTO files (path, package_id) VALUES (?, ?)', rows)
        d.db.execute('COMMIT')
        d.close()
        return pathlib.Path(d.path).read_bytes()


COUNTS = {
    'package-lock.json': lambda: b'{"lockfileVersion":3,"packages":{' + lines(
        b'"node_modules/a#":{"version":"1.0.#","dependencies":{"a1":"1"}}', join=b',') + b'}}',
    'yarn.lock': lambda: lines(b'a#@^1:\n  version "1.0.#"\n  dependencies:\n    a1 "^1"\n'),
    'pnpm-lock.yaml': lambda: b"lockfileVersion: '9.0'\npackages:\n" + lines(b'  a#@1.0.0: {}', 50000) + b'\nsnapshots:\n' + lines(
        b'  a#@1.0.0: {}', 50000),
    'bun.lock': lambda: b'{"lockfileVersion":1,"workspaces":{"":{"name":"x"}},"packages":{' + lines(b'"a#":["a#@1.0.#","",{},""]',
        join=b',') + b'}}',
    'requirements.txt': lambda: lines(b'a#==1.0.#'),
    'Pipfile.lock': lambda: b'{"_meta":{},"default":{' + lines(b'"a#":{"version":"==1.#"}', join=b',') + b'}}',
    'poetry.lock': lambda: lines(b'[[package]]\nname = "a#"\nversion = "1.#"\n'),
    'uv.lock': lambda: lines(b'[[package]]\nname = "a#"\nversion = "1.#"\ndependencies = [{ name = "a1" }]\n'),
    'go.mod': lambda: b'module x\ngo 1.22\n' + lines(b'require example.com/a# v1.0.#\nreplace example.com/a# => example.com/b# v1.1.#'),
    'Cargo.lock': lambda: lines(b'[[package]]\nname = "a#"\nversion = "1.0.#"\nsource = "registry"\ndependencies = ["a1"]\n'),
    'composer.lock': lambda: b'{"packages":[' + lines(b'{"name":"a/b#","version":"1.0.#"}', join=b',') + b'],"packages-dev":[]}',
    'Gemfile.lock': lambda: b'GEM\n  specs:\n' + lines(b'    a# (1.0.#)\n      a1'),
    'packages.lock.json': lambda: b'{"version":1,"dependencies":{"net6.0":{' + lines(
        b'"A#":{"type":"Direct","resolved":"1.0.#"}', join=b',') + b'}}}',
    'gradle.lockfile': lambda: lines(b'org.a:b#:1.0.#=runtimeClasspath'),
    'conan.lock': lambda: b'{"version":"0.5","requires":[' + lines(b'"a#/1.0.#"', join=b',') + b']}',
    'mix.lock': lambda: b'%{\n' + lines(b'  "a#": {:hex, :a#, "1.0.#", "x"},') + b'\n}\n',
    '.github/workflows/x.yml': lambda: b'jobs:\n  a:\n    steps:\n' + lines(b'      - uses: a/a#@v1.0.#') + b'\n',
    'pubspec.lock': lambda: b'packages:\n' + lines(b'  a#: {dependency: transitive, source: hosted, version: "1.0.#"}', 90000) + b'\n',
    'Podfile.lock': lambda: b'PODS:\n' + lines(b'  - a# (1.0.#)') + b'\n',
    'Package.resolved': lambda: b'{"pins":[' + lines(b'{"location":"https://h/a/b#","state":{"version":"1.0.#"}}', join=b',') + b']}',
    'cabal.project.freeze': lambda: b'constraints: ' + lines(b'any.a# ==1.0.#', join=b',\n') + b'\n',
    'renv.lock': lambda: b'{"Packages":{' + lines(b'"a#":{"Package":"a#","Version":"1.0.#"}', join=b',') + b'}}',
    'pom.xml': lambda: b'<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version><dependencies>' + lines(
        b'<dependency><groupId>g</groupId><artifactId>a#</artifactId><version>1.0.#</version></dependency>', 70000) +
            b'</dependencies></project>',
    'packages.config': lambda: b'<packages>' + lines(b'<package id="A#" version="1.0.#"/>') + b'</packages>',
    'x.cdx.json': lambda: b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[' + lines(
        b'{"type":"library","name":"a#","version":"1.0.#","purl":"pkg:npm/a#@1.0.#"}', join=b',') + b']}',
    'x.spdx.json': lambda: b'{"spdxVersion":"SPDX-2.3","packages":[' + lines(
        b'{"SPDXID":"SPDXRef-#","name":"a#","versionInfo":"1","externalRefs":['
        b'{"referenceType":"purl","referenceLocator":"pkg:npm/a#@1.0.#"}]}',
        join=b',') + b']}',
    'x.spdx': lambda: b'SPDXVersion: SPDX-2.3\n' + lines(
        b'PackageName: a#\nSPDXID: SPDXRef-#\nPackageVersion: 1\nExternalRef: PACKAGE-MANAGER purl pkg:npm/a#@1.0.#\n'),
    'x.cdx.xml': lambda: b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>' + lines(
        b'<component type="library"><name>a#</name><version>1</version><purl>pkg:npm/a#@1.0.#</purl></component>') + b'</components></bom>',
    'vendor/composer/installed.json': lambda: b'{"packages":[' + lines(b'{"name":"a/b#","version":"1.0.#"}', join=b',') + b']}',
    'x.deps.json': lambda: b'{"libraries":{' + lines(b'"A#/1.0.#":{"type":"package"}', join=b',') + b'}}',
    'usr/share/bottlerocket/application-inventory.json': lambda: b'{"Content":[' + lines(
        b'{"Name":"a#","Version":"1.#","Release":"1","Epoch":"0"}', join=b',') + b']}',
    'opt/bitnami/.bitnami_components.json': lambda: b'{' + lines(b'"a#":{"version":"1.0.#"}', join=b',') + b'}',
    'usr/lib/opkg/status': lambda: lines(b'Package: a#\nVersion: 1.#\nStatus: install user installed\n'),
    'var/db/pkg/local.sqlite': pkg_database,
    'snap/manifest.yaml': lambda: b'name: x\nversion: 1\nprimed-stage-packages:\n' + lines(b'- a#=1.#') + b'\n',
    'usr/lib/perl/perllocal.pod': lambda: lines(b'=head2 x: C<Module> L<A#|A#>\n\nC<VERSION: 1.#>\n'),
}


def packages_of(n):
    """The records are all there, or it is said that they are not."""
    def judge(report):
        listed = len(report['packages'])
        return listed >= n or any(c['gap'] for c in report['coverage']) and any(d['severity'] != 'note' for d in report['diagnostics'])
    return judge


class Counted(Image):
    """So many records that all must be listed, or be told."""

    def judge(self, o, report):
        super().judge(o, report)
        if not packages_of(self.n)(report):
            raise Problem('%d packages of %d, and nothing is told' % (len(report['packages']), self.n))


def counted(path, make):
    c = Counted('records-' + path.replace('/', '-'), 'any', one(path, make), packages=GOOD, ways='w')
    c.n = 70000 if path == 'pom.xml' else 90000 if path.startswith('pubspec') else 50000 if path.startswith('pnpm') else N
    return c


POM = b'<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version>%s</project>'
# What made a reader look at everything for each of everything, or at a beginning again and again.
SLOW = {
    'pkg-files-in-turn': ('var/db/pkg/local.sqlite', lambda: pkg_database(1000, 300000)),
    'pom-properties': ('pom.xml', lambda: POM % (b'<properties>' + lines(b'<p#>1</p#>', 40000, b'') + b'</properties><dependencies>' +
        lines(
        b'<dependency><groupId>g</groupId><artifactId>a#</artifactId><version>${p39999}</version></dependency>', 40000, b'') +
            b'</dependencies>')),
    'pom-members': ('pom.xml', lambda: POM % (lines(b'<m/>', 400000, b'') + b'<dependencies>' + lines(
        b'<dependency><groupId>${project.groupId}</groupId><artifactId>a#</artifactId><version>${project.version}</version></dependency>',
            40000,
        b'') + b'</dependencies>')),
    'pom-circle': ('pom.xml', lambda: POM % (b'<properties><a>${b}${b}</a><b>${a}${a}</b></properties><dependencies>' + lines(
        b'<dependency><groupId>g</groupId><artifactId>a#</artifactId><version>${a}</version></dependency>', 40000, b'') +
            b'</dependencies>')),
    'pom-text-of-lines': ('pom.xml', lambda: POM % (b'<description>' + b'\n' * 4000000 + b'</description>')),
    'pom-prefixed': ('pom.xml', lambda: POM % (b'<dependencies xmlns:x="y">' + lines(
        b'<x:dependency><groupId>g</groupId><artifactId>a#</artifactId><version>1</version></x:dependency>', 30000, b'') +
        b'</dependencies>' + b' ' * (4 << 20))),
    'csproj-prefixed': ('x.csproj', lambda: b'<Project xmlns:x="y">' + lines(b'<x:PackageReference Include="a#" Version="1"/>', 100000) +
                        b' ' * (30 << 20) + b'</Project>'),
    'go-replacements': ('go.mod', lambda: b'module x\ngo 1.22\n' + lines(b'require example.com/a# v1.0.0') + b'\n' + lines(
        b'replace example.com/b# => example.com/c v1.1.0')),
    'pnpm-snapshots': ('pnpm-lock.yaml', lambda: b"lockfileVersion: '9.0'\npackages:\n" + lines(
        b"  'a#@git+x': {version: 1.0.0}", 60000) + b'\nsnapshots:\n' + lines(b"  'a#@git+x': {}", 60000) + b'\n'),
    'pnpm-packages-are-a-list': ('pnpm-lock.yaml', lambda: b"lockfileVersion: '9.0'\npackages: [a, b]\nsnapshots: {'x@git+y': {}}\n"),
    'workflow-comments': ('.github/workflows/x.yml', lambda: b'jobs:\n  a:\n    steps: &s\n' + b''.join(
        b'      - uses: a/b%d@%040d # v1.0.0\n' % (i, i) for i in range(40000)) + b'  b:\n    steps: *s\n'),
    'workflow-lines': ('.github/workflows/x.yml', lambda: b'jobs:\n  a:\n    steps:\n      - uses: a/b@' + b'0' * 40 + b'\n' * (3 << 20)),
    'conan-requires': ('conan.lock', lambda: b'{"graph_lock":{"nodes":{"0":{' + lines(b'"k#":0', 200000, b',') + b',"requires":[' + lines(
        b'"1"', 200000, b',') + b']},"1":{"ref":"a/1"}}}}'),
    'npm-deep-folder': ('package-lock.json', lambda: b'{"lockfileVersion":3,"packages":{"' + b'a/' * 100000 + b'":{"dependencies":{' +
        lines(
        b'"a#":"1"', 100000, b',') + b'}},"node_modules/b":{"version":"1.0.0"}}}'),
    'bun-deep-folder': ('bun.lock', lambda: b'{"lockfileVersion":1,"workspaces":{"":{}},"packages":{"' + b'a/' * 100000 +
        b'":["b@1.0.0","",{"dependencies":{' +
                        lines(b'"a#":"1"', 100000, b',') + b'}},""]}}'),
    'bun-large-workspace': ('bun.lock', lambda: b'{"lockfileVersion":1,"workspaces":{"":{' + lines(b'"k#":0', 100000, b',') +
        b',"dependencies":{' +
                            lines(b'"a#":"1"', 100000, b',') + b'}}},"packages":{}}'),
    'requirements-one-line': ('requirements.txt', lambda: b'a==1 \\\n' + b'--hash=x \\\n' * 500000 + b'\nb==2\n'),
    'requirements-includes': ({'requirements.txt': lambda: lines(b'-r requirements-#.txt') + b'\n-r requirements-big.txt' * 100000,
                               'requirements-big.txt': b'#' * (7 << 20)}, None),
    'cargo-manifest': ({'Cargo.lock': lambda: b'[[package]]\nname = "x"\nversion = "1.0.0"\ndependencies = [' + lines(b'"a#"', 50000,
        b',') + b']\n' + lines(
        b'[[package]]\nname = "a#"\nversion = "1.0.0"\nsource = "r"\n', 50000), 'Cargo.toml': lambda: b'[dependencies]\n' +
            lines(b'b# = "1"', 200000)}, None),
    'erlang-blanks': ('lib/a-1/ebin/a.app', lambda: b'{application, a,[' + b'vsn' * 300000 + b' ' * (2 << 20)),
    'toml-tables': ('poetry.lock', lambda: lines(b'[a.b#.c]\nx = 1', 200000)),
    'toml-dotted': ('poetry.lock', lambda: lines(b'a.b.c.d.e# = 1', 300000)),
    'json-values': ('conda-meta/x.json', lambda: b'{"a":[' + b'0,' * (15 << 20) + b'0]}'),
    'json-values-locked': ('composer.lock', lambda: b'{"packages":[' + b'0,' * (31 << 20) + b'0]}'),
    'json-objects': ('package-lock.json', lambda: b'{"packages":{"a":[' + b'{},' * (20 << 20) + b'{}]}}'),
    'yaml-scalars': ('pnpm-lock.yaml', lambda: b'a: [' + b'x,' * (4 << 20) + b'x]\n'),
    'yaml-long-scalar': ('pubspec.lock', lambda: b'packages: "' + b'\\n' * (16 << 20) + b'"\n'),
    'yaml-folded-lines': ('pubspec.lock', lambda: b'packages: >\n' + b'  x\n\n' * (4 << 20)),
    'xml-attributes': ('packages.config', lambda: b'<packages><package ' + lines(b'a#="1"', 100000, b' ') + b'/></packages>'),
    'xml-elements': ('packages.config', lambda: b'<packages>' + b'<a/>' * (10 << 20) + b'</packages>'),
    'toml-values': ('uv.lock', lambda: b'a = [' + b'1,' * (20 << 20) + b'1]\n'),
    'sbom-distro': ('x.cdx.json',
        lambda: b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":['
        b'{"type":"library","name":"a","purl":"pkg:deb/debian/a@1?distro=' +
                    b'a-' * (6 << 20) + b'"}]}'),
    'spdx-texts': ('x.spdx', lambda: b'SPDXVersion: SPDX-2.3\n' + b'PackageComment: <text>\n' * 500000 + b'</text>\n'),
    'yarn-asks': ('yarn.lock', lambda: b'a@1:\n  version "1"\n  dependencies:\n' + b'    b c\n' * 4000000),
    'gem-asks': ('Gemfile.lock', lambda: b'GEM\n  specs:\n    a (1)\n' + b'      b\n' * 4000000),
}


SAYS = {'toml-values': 'file_memory', 'yarn-asks': 'file_memory', 'json-values': 'json_values', 'json-values-locked': 'json_values',
        'json-objects': 'json_values', 'npm-deep-folder': 'not followed', 'bun-deep-folder': 'not followed'}


def broken_sbom(form):
    """A document that breaks off lists what stands before that place, and says so."""
    data = COUNTS[form]()
    return lambda d: rootfs(d, {DB: APK, LODASH[0]: LODASH[1], form: data[:len(data) // 2]})


class HalfListed(Image):
    def judge(self, o, report):
        super().judge(o, report)
        n = sum(p['name'].startswith('a') for p in report['packages'])
        if not N // 2 - 500 <= n <= N // 2 + 500:
            raise Problem('%d packages, not the %d or so before the cut' % (n, N // 2))


def cases():
    for name, damage in DAMAGES:
        yield Command('all-' + name, check_damage(damage, False))
    for name, damage in NOISE:
        yield Command('all-' + name, check_damage(damage, True))
    for path, make in COUNTS.items():
        yield counted(path, make)
    for name, (path, make) in SLOW.items():
        yield Image('slow-' + name, 'any', one(path, make), SAYS.get(name, ''), GOOD, ways='w')
    for form in 'x.cdx.json', 'x.spdx.json', 'x.cdx.xml':  # lines of tags and values have no end that could be missed
        yield HalfListed('cut-in-half-' + form, 'part|gap', broken_sbom(form), re.escape(form), GOOD, ways='w')
    yield Image('all-of-1-gib', 'gap|part', lambda d: rootfs(d, dict({path: sparse(1 << 30) for path in COUNTS}, **{
        DB: APK, LODASH[0]: LODASH[1]})), 'at most', GOOD, ways='w')
