"""sbom.py - a software bill of materials in SPDX 2.3: what was built, and what it links

    sbom.py -o OUT.json --version V --arch x86_64 --modules NAME:LICENSE... --artifacts FILE...

A module is a name that pkg-config knows. Links are those that readelf finds: a library that is
neither of a module nor of SYSTEM is an error, and so is a module that nothing links. The same
artifacts on the same system give the same bytes; SOURCE_DATE_EPOCH, or the commit, has the time.
"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse
import uuid
from datetime import datetime, timezone
from pathlib import Path

PKG_CONFIG = os.environ.get('PKG_CONFIG', 'pkg-config')
READELF = os.environ.get('READELF', 'readelf')
LICENSE = Path(__file__).resolve().parent.parent / 'LICENSE'
GCC = 'GPL-3.0-or-later WITH GCC-exception-3.1'
GLIBC = ('glibc', 'LGPL-2.1-or-later')
# Libraries of the compiler and the system, which have no .pc file: package, license.
SYSTEM = {
    'gomp': ('libgomp', GCC),
    'gcc_s': ('libgcc', GCC),
    'omp': ('libomp', 'Apache-2.0 WITH LLVM-exception'),
    'c': GLIBC, 'm': GLIBC, 'pthread': GLIBC, 'dl': GLIBC, 'ld-linux-x86-64': GLIBC,
    'ld-linux-aarch64': GLIBC,
}
# Data of the sources: name, directory, license, relation to the package, text.
DATA = [
    ('digits-images', 'models/digits/test', 'CC-BY-4.0', 'TEST_CASE_OF',
     'Adapted from Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, 1998, UCI '
     'Machine Learning Repository, https://doi.org/10.24432/C50P49'),
    ('digits-model', 'models/digits', 'MIT', 'DATA_FILE_OF',
     'The weights of the demo, trained by models/digits/train.py'),
    ('golden-cases', 'tests/golden', 'MIT', 'TEST_CASE_OF',
     'Small models with random weights, synthetic images, and the results of reference '
     'implementations'),
]


class Failure(Exception):
    """What was expected, and what was found."""


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(artifact):
    """The names of the libraries that an ELF file needs, without lib and version."""
    if artifact.suffix == '.a':
        return []
    text = subprocess.run([READELF, '-d', str(artifact)], capture_output=True, text=True,
                          check=False).stdout
    found = re.findall(r'\(NEEDED\).*\[(.*)\]', text)
    if not found:
        raise Failure(f'{artifact}: expected NEEDED entries, found none')
    return found


def debian_packages(sonames, arch):
    """{soname: (package, version, architecture)} of the libraries that dpkg knows."""
    patterns = [f'*/{arch}-linux-*/{soname}' for soname in sonames]
    try:
        # its status is 1 if it does not know one of them
        lines = subprocess.run(['dpkg-query', '-S', *patterns], capture_output=True, text=True,
                               check=False).stdout.splitlines()
    except FileNotFoundError:
        return {}
    owners = {path.split('/')[-1]: name for name, path in
              (line.split(': ', 1) for line in lines if ': ' in line)}
    versions = {name: output_of('dpkg-query', '-W', '-f', '${Version} ${Architecture}', name)
                for name in sorted(set(owners.values()))}
    return {soname: (name.split(':')[0], *versions[name].split())
            for soname, name in owners.items()}


def upstream(version):
    """Of Debian's 1:1.2.13.dfsg-1 the part that upstream chose."""
    return re.sub(r'^\d+:|-[^-]*$', '', version)


def dependency(name, version, license_id, debian):
    package = {
        'SPDXID': f'SPDXRef-Package-{name}',
        'name': name,
        'versionInfo': version or 'NOASSERTION',
        'downloadLocation': 'NOASSERTION',
        'filesAnalyzed': False,
        'licenseConcluded': 'NOASSERTION',
        'licenseDeclared': license_id,
        'copyrightText': 'NOASSERTION',
        'primaryPackagePurpose': 'LIBRARY',
    }
    if debian:
        name, version, architecture = debian
        package['externalRefs'] = [{
            'referenceCategory': 'PACKAGE-MANAGER',
            'referenceType': 'purl',
            'referenceLocator': f'pkg:deb/debian/{name}@{urllib.parse.quote(version, safe="")}'
                                f'?arch={architecture}',
        }]
    return package


def read_dependencies(modules, links, arch):
    """Of each library that is linked, its package: {soname: SPDX id}, [packages]."""
    owners = {}
    for module in modules:
        name, license_id = module.split(':', 1)
        if not license_id:
            raise Failure(f'mk/deps.mk: expected LICENSE_{name}, found none')
        version = output_of(*PKG_CONFIG.split(), '--modversion', name).strip()
        for flag in output_of(*PKG_CONFIG.split(), '--libs-only-l', name).split():
            owners.setdefault(flag.removeprefix('-l'), (name, version, license_id))
    names = {}
    for soname in sorted({soname for sonames in links.values() for soname in sonames}):
        short = re.sub(r'^lib|\.so.*$', '', soname)
        if short not in owners and short not in SYSTEM:
            raise Failure(f'{soname}: expected a library of mk/deps.mk, found a link to another')
        names[soname] = owners.get(short) or (SYSTEM[short][0], None, SYSTEM[short][1])
    unused = {module.split(':')[0] for module in modules} - {name for name, _, _ in names.values()}
    if unused:
        raise Failure(f'mk/deps.mk: expected an artifact that links each module, found none of '
                      f'{", ".join(sorted(unused))}')
    debians, packages = debian_packages(names, arch), {}
    for soname, (name, version, license_id) in names.items():
        debian = debians.get(soname)
        if not version and debian:
            version = upstream(debian[1])
        packages.setdefault(name, dependency(name, version, license_id, debian))
    ids = {soname: packages[name]['SPDXID'] for soname, (name, _, _) in names.items()}
    return ids, [packages[name] for name in sorted(packages)]


def file_entry(artifact):
    content = artifact.read_bytes()
    return {
        'SPDXID': f'SPDXRef-File-{artifact.name}',
        'fileName': f'./{artifact.name}',
        'fileTypes': ['BINARY' if artifact.suffix != '.a' else 'ARCHIVE'],
        'checksums': [
            {'algorithm': 'SHA1', 'checksumValue': hashlib.sha1(content).hexdigest()},
            {'algorithm': 'SHA256', 'checksumValue': hashlib.sha256(content).hexdigest()},
        ],
        'licenseConcluded': 'MIT',
        'licenseInfoInFiles': ['MIT'],
        'copyrightText': copyright_line(),
    }


def copyright_line():
    return next(line for line in LICENSE.read_text().splitlines() if line.startswith('Copyright'))


def root_package(version, files):
    sums = sorted(entry['checksums'][0]['checksumValue'] for entry in files)
    return {
        'SPDXID': 'SPDXRef-Package-libvit',
        'name': 'libvit',
        'versionInfo': version,
        'downloadLocation': 'NOASSERTION',
        'filesAnalyzed': True,
        'packageVerificationCode': {
            'packageVerificationCodeValue': hashlib.sha1(''.join(sums).encode()).hexdigest()},
        'licenseConcluded': 'MIT',
        'licenseDeclared': 'MIT',
        'licenseInfoFromFiles': ['MIT'],
        'copyrightText': copyright_line(),
        'primaryPackagePurpose': 'LIBRARY',
    }


def data_package(name, directory, license_id, text):
    return {
        'SPDXID': f'SPDXRef-Package-{name}',
        'name': f'libvit {directory}',
        'downloadLocation': 'NOASSERTION',
        'filesAnalyzed': False,
        'licenseConcluded': license_id,
        'licenseDeclared': license_id,
        'copyrightText': 'NOASSERTION',
        'comment': f'{text}. In the sources; no artifact has it.',
    }


def relation(element, kind, other):
    return {'spdxElementId': element, 'relationshipType': kind, 'relatedSpdxElement': other}


def time_of_sources():
    epoch = os.environ.get('SOURCE_DATE_EPOCH')
    try:
        epoch = int(epoch or output_of('git', 'log', '-1', '--format=%ct'))
    except (OSError, ValueError, subprocess.CalledProcessError):
        raise Failure(f'SOURCE_DATE_EPOCH: expected seconds, found {epoch!r}, and no commit') \
            from None
    return datetime.fromtimestamp(epoch, timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def document(version, arch, modules, artifacts):
    links = {artifact: needed(artifact) for artifact in artifacts}
    ids, dependencies = read_dependencies(modules, links, arch)
    files = [file_entry(artifact) for artifact in artifacts]
    root = root_package(version, files)
    relations = [relation('SPDXRef-DOCUMENT', 'DESCRIBES', root['SPDXID'])]
    relations += [relation(root['SPDXID'], 'CONTAINS', entry['SPDXID']) for entry in files]
    relations += [relation(root['SPDXID'], 'DEPENDS_ON', p['SPDXID']) for p in dependencies]
    for entry, artifact in zip(files, artifacts):
        for other in sorted({ids[soname] for soname in links[artifact]}):
            relations.append(relation(entry['SPDXID'], 'DYNAMIC_LINK', other))
    data = []
    for name, directory, license_id, kind, text in DATA:
        data.append(data_package(name, directory, license_id, text))
        relations.append(relation(data[-1]['SPDXID'], kind, root['SPDXID']))
    content = {
        'spdxVersion': 'SPDX-2.3',
        'dataLicense': 'CC0-1.0',
        'SPDXID': 'SPDXRef-DOCUMENT',
        'name': f'libvit-{version}-{arch}',
        'creationInfo': {'created': time_of_sources(), 'creators': ['Tool: libvit-sbom']},
        'packages': [root] + dependencies + data,
        'files': files,
        'relationships': relations,
    }
    # unique to the content, as SPDX demands, and the same whenever that is
    unique = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    content['documentNamespace'] = f'https://spdx.org/spdxdocs/libvit-{version}-{unique}'
    return content


def main():
    parser = argparse.ArgumentParser(description='writes an SPDX document')
    parser.add_argument('-o', dest='out', type=Path, required=True)
    parser.add_argument('--version', required=True)
    parser.add_argument('--arch', required=True)
    parser.add_argument('--modules', nargs='*', default=[])
    parser.add_argument('--artifacts', nargs='+', type=Path, required=True)
    given = parser.parse_args()
    content = document(given.version, given.arch, given.modules, given.artifacts)
    unfinished = given.out.with_suffix('.new')
    unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False) + '\n')
    unfinished.replace(given.out)


if __name__ == '__main__':
    try:
        main()
    except (Failure, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f'sbom.py: {error}')
