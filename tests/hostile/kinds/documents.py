# SPDX-License-Identifier: Apache-2.0
"""JSON of images: indexes, manifests and configurations that are damaged, absurd or mean harm."""
import base64
import os

from case import Image
from made import (OCI, archive, blob_path, descriptor, docker, dumps, oci, pack_layout, packed, put, sha, system, tar)

GOOD = system()
Z = packed(GOOD)
CONFIG = {'os': 'linux', 'architecture': 'amd64', 'rootfs': {'type': 'layers', 'diff_ids': [sha(GOOD)]}}
LAYER = descriptor(Z, 'layer.v1.tar+gzip')
NUMBERS = [b'-1', b'1e400', b'99999999999999999999999', b'1.5', b'"12"', b'null', b'true', b'{}', b'[]']


def with_index(index):
    return lambda d: oci(d, Z, index=index)


def with_manifest(manifest):
    return lambda d: oci(d, Z, manifest=manifest)


def with_config(config):
    return lambda d: oci(d, Z, config=config)


def manifest(**over):
    config = dumps(CONFIG)
    m = {'schemaVersion': 2, 'mediaType': OCI + 'manifest.v1+json', 'config': descriptor(config, 'config.v1+json'), 'layers': [LAYER]}
    m.update(over)
    return {k: v for k, v in m.items() if v is not None}


def with_docker(**over):
    return lambda d: archive(d, tar(docker([GOOD], **over)))


def cycle(d):
    """No index can hold its own digest, so the cycle is one of names: an index that says another's digest and size."""
    a = dumps({'schemaVersion': 2, 'manifests': [{'mediaType': OCI + 'index.v1+json', 'digest': sha(b'b'), 'size': 10}]})
    b = dumps({'schemaVersion': 2, 'manifests': [descriptor(a, 'index.v1+json')]})
    target = oci(d, Z, index={'manifests': [descriptor(a, 'index.v1+json')]}, more=(a, b))
    put(os.path.join(d, 'blobs', 'sha256', sha(b'b')[7:]), b)
    return target


def nested(depth, width=1):
    def build(d):
        inner = dumps(manifest())
        kind = 'manifest.v1+json'
        blobs = [inner]
        for _ in range(depth):
            inner = dumps({'schemaVersion': 2, 'manifests': [descriptor(inner, kind)] * width})
            kind = 'index.v1+json'
            blobs.append(inner)
        return oci(d, Z, config=CONFIG, index={'schemaVersion': 2, 'manifests': [descriptor(inner, kind)]}, more=blobs)
    return build


def digest_of_layer(digest):
    return with_manifest(manifest(layers=[dict(LAYER, digest=digest)]))


def data_field(d):
    """The blob is in the descriptor, and only there."""
    config = dumps(CONFIG)
    m = dumps(manifest(config=dict(descriptor(config, 'config.v1+json'), data=base64.b64encode(config).decode()),
                       layers=[dict(LAYER, data=base64.b64encode(Z).decode())]))
    target = oci(d, Z, config=config, manifest=m)
    os.unlink(blob_path(d, Z))
    return target


def cases():
    for name, text in (('cut', b'{"manifests": ['), ('deep', b'[' * 100000), ('deep-closed', b'[' * 100000 + b']' * 100000),
                       ('deep-objects', b'{"manifests":' * 50000), ('empty', b''), ('null', b'null'), ('string', b'"manifests"'),
                       ('html', b'<html><body>502 Bad Gateway</body></html>'), ('nul', b'{"manifests":[]}\0'),
                       ('list-of-numbers', b'{"manifests":[1,2,3]}'), ('object-for-list', b'{"manifests":{"a":1}}'),
                       ('utf16', '{"manifests":[]}'.encode('utf-16')), ('zeros', bytes(4096)), ('not-utf8', b'{"manifests":["\xff\xfe"]}'),
                       ('no-manifests', b'{"schemaVersion":2}'), ('trailing', b'{"manifests":[]}{"manifests":[]}'),
                       ('100000-entries', b'{"manifests":[' + b'{},' * 100000 + b'{}]}')):
        yield Image('index-' + name, 'error', with_index(text), ways='wi')
        yield Image('manifest-' + name, 'error', with_manifest(text), ways='wi')
        yield Image('config-' + name, 'error', with_config(text), ways='wi')
        yield Image('docker-manifest-' + name, 'error', with_docker(manifest=text), ways='wi')
        yield Image('docker-config-' + name, 'error', with_docker(config=text), ways='wi')
    yield Image('index-list-empty', 'error', with_index(b'{"schemaVersion":2,"manifests":[]}'), 'empty')
    yield Image('docker-list-empty', 'error', with_docker(manifest=b'[]'))
    yield Image('index-bom', 'ok|error', lambda d: bom(d))
    yield Image('config-huge', 'error', with_config(b'{"x":"' + b'a' * (9 << 20) + b'"}'), 'at most')
    yield Image('config-8-mib-of-arrays', 'error', with_config(b'{"x":[' + b'[],' * (2700 << 10) + b'[]]}'), ways='wi')
    yield Image('manifest-8-mib-of-numbers', 'error', with_manifest(b'{"x":[' + b'0,' * 4000000 + b'0]}'), ways='wi')
    yield Image('manifest-key-twice', 'any', with_manifest(
        dumps(manifest())[:-1] + b',"layers":[]}'))
    yield Image('config-key-twice', 'any', with_config(dumps(CONFIG)[:-1] + b',"rootfs":{"diff_ids":[]}}'))
    yield Image('config-lone-surrogate', 'ok|error', with_config(dumps(CONFIG)[:-1] + b',"author":"\\ud800"}'))
    yield Image('config-escaped-nul', 'ok', with_config(dumps(CONFIG)[:-1] + b',"author":"a\\u0000b"}'))
    yield Image('config-control-in-architecture', 'ok|error', with_config(dict(CONFIG, architecture='\x1b[31mamd64\x07\r\n')))
    yield Image('config-control-in-history', 'ok', with_config(dict(CONFIG, history=[{'created_by': '\x1b]0;owned\x07\x1b[2J\x9b31m'}])))
    yield Image('config-no-rootfs', 'error', with_config({'os': 'linux', 'architecture': 'amd64'}), 'diff_ids')
    yield Image('config-history-longer', 'ok', with_config(dict(CONFIG, history=[{'created_by': 'x'}] * 1000)))
    yield Image('config-history-wrong-types', 'ok', with_config(dict(CONFIG, history=[1, None, 'x', [], {'created_by': {}}])))
    for i, number in enumerate(NUMBERS):
        # A size that is no size: the digest alone is believed.
        yield Image('layer-size-%d' % i, 'ok|part|gap|error', with_manifest(
            dumps(manifest()).replace(b'"size": %d}]' % len(Z), b'"size": ' + number + b'}]')), ways='wi')
        yield Image('schema-version-%d' % i, 'ok|error', with_manifest(
            dumps(manifest()).replace(b'"schemaVersion": 2', b'"schemaVersion": ' + number)), ways='wi')
    yield Image('layer-size-missing', 'ok|part|error', with_manifest(manifest(layers=[{k: v for k, v in LAYER.items() if k != 'size'}])))
    hexa = sha(Z)[7:]
    for name, digest in (('dots', 'sha256:../../../../etc/passwd'), ('dots-long', 'sha256:' +
    '../' *
    21 +
    'x'), ('upper', 'sha256:' +
    hexa.upper()), ('algorithm-upper', 'SHA256:' +
    hexa), ('md5', 'md5:' +
    'a' *
    32), ('unknown', 'frob:' +
    hexa), ('short', 'sha256:' +
    hexa[:-
    1]), ('long', 'sha256:' +
    hexa +
    '0'), ('no-colon', hexa), ('empty', ''), ('nul', 'sha256:' +
    hexa[:-
    1] +
    '\0'), ('number', 5), ('null', None), ('slash', 'sha256/' +
    hexa), ('two-colons', 'sha256:sha256:' +
    hexa), ('newline', 'sha256:' +
    hexa +
    '\n'), ('blank', ' sha256:' +
    hexa), ('sha512-of-256', 'sha512:' +
    hexa), ('escape', 'sha256:\x1b[31m' +
    hexa[5:]), ('mib', 'sha256:' +
    'a' *
     (1 << 20))):
        yield Image('digest-' + name, 'ok|error' if name == 'upper' else 'error', digest_of_layer(digest), ways='wit')
    yield Image('data-field', 'ok|error', data_field)
    yield Image('foreign-layer', 'error|gap|part', lambda d: foreign(d))
    yield Image('artifact', 'error', with_manifest(manifest(artifactType='application/x.signature', layers=[])), '')
    yield Image('artifact-alone', 'error', with_index({'manifests': [descriptor(b'x', 'manifest.v1+json', artifactType='application/x')]}))
    yield Image('index-nested-missing', 'error', with_index({'manifests': [descriptor(b'x', 'index.v1+json')] * 500}), 'missing')
    yield Image('index-cycle', 'error', cycle, 'digest')
    yield Image('index-nested-3', 'ok', nested(3))
    yield Image('index-nested-1000', 'error', nested(1000), 'nested', ways='wi')
    yield Image('index-nested-wide', 'error|ok', nested(8, 100), ways='wi')
    yield Image('index-names-itself', 'error', with_index({'manifests': [descriptor(b'', 'index.v1+json')]}))
    yield Image('index-as-manifest', 'error', lambda d: oci(d, Z, manifest={'schemaVersion': 2, 'manifests': []}))
    yield Image('manifest-as-config', 'error', lambda d: oci(d, Z, manifest=manifest(config=descriptor(dumps(manifest()),
        'config.v1+json')),
                                                             more=(dumps(manifest()),)))
    yield Image('schema-1', 'error', with_manifest({'schemaVersion': 1, 'fsLayers': [{'blobSum': sha(Z)}]}), 'schema 1')
    yield Image('layers-100000', 'error', with_manifest(manifest(layers=[LAYER] * 30000)), 'at most 512', ways='wi')
    yield Image('config-tampered', 'error', lambda d: changed(d, dumps(CONFIG)), 'digest')
    yield Image('config-missing', 'error', lambda d: gone(d, dumps(CONFIG)), 'missing')
    yield Image('archive-good', 'ok', lambda d: layout_archive(d))
    yield Image('archive-index-deep', 'error', lambda d: layout_archive(d, index=b'[' * 100000))
    yield Image('archive-layer-missing', 'error', lambda d: layout_archive(d, drop=Z), 'missing')
    yield Image('docker-layers-100000', 'error', lambda d: archive(d, tar(docker([GOOD], manifest=[
        {'Config': 'c', 'Layers': ['l0/layer.tar'] * 100000}]))), ways='wi')
    yield Image('docker-images-100000', 'error', with_docker(manifest=[{'Config': 'c', 'Layers': []}] * 100000), ways='wi')
    yield Image('docker-config-missing', 'error', with_docker(manifest=[{'Config': 'gone.json', 'Layers': ['l0/layer.tar']}]), 'missing')
    yield Image('docker-layer-dots', 'error', with_docker(names=['../../../../etc/passwd'], manifest=[
        {'Config': 'x', 'Layers': ['../../../../etc/shadow']}]))
    yield Image('docker-layer-names-wrong', 'error', lambda d: archive(d, tar(docker([GOOD], names=['l0/layer.tar'])[:-1] + [
        ('manifest.json', dumps([{'Config': sha(dumps(CONFIG))[7:] + '.json', 'Layers': [1, None, {}]}]))])))
    yield Image('docker-escape-in-tag', 'ok', lambda d: archive(d, tar(docker([GOOD])[:-1] + [
        ('manifest.json', dumps([{'Config': sha(dumps(CONFIG))[7:] + '.json', 'RepoTags': ['\x1b[31mt:1\n'],
        'Layers': ['l0/layer.tar']}]))])))


def bom(d):
    target = oci(d, Z)
    path = os.path.join(d, 'index.json')
    with open(path, 'rb') as f:
        text = f.read()
    put(path, b'\xef\xbb\xbf' + text)
    return target


def foreign(d):
    layer = dict(LAYER, mediaType='application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', urls=['https://example.com/layer'])
    target = oci(d, Z, config=CONFIG, manifest=manifest(layers=[layer]))
    os.unlink(blob_path(d, Z))
    return target


def changed(d, config):
    target = oci(d, Z, config=config)
    put(blob_path(d, config), config + b' ')
    return target


def gone(d, config):
    target = oci(d, Z, config=config)
    os.unlink(blob_path(d, config))
    return target


def layout_archive(d, drop=None, **over):
    root = os.path.join(d, 'layout')
    oci(root, Z, **over)
    if drop:
        os.unlink(blob_path(root, drop))
    return pack_layout(root)
