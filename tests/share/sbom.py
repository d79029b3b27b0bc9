"""sbom.py BUILD - the bill of materials is SPDX 2.3, and says what readelf and dpkg say"""
import copy
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(sys.argv[1])
SBOM = BUILD / 'libvit.spdx.json'
SCRIPT = 'packaging/sbom.py'
NAMES = pathlib.Path('/usr/share/nodejs')
# Of SPDX 2.3: what an element must have, and the relations that are used here.
REQUIRED = {
    'document': ('spdxVersion', 'dataLicense', 'SPDXID', 'name', 'documentNamespace',
                 'creationInfo'),
    'package': ('SPDXID', 'name', 'downloadLocation'),
    'file': ('SPDXID', 'fileName', 'checksums'),
    'relation': ('spdxElementId', 'relationshipType', 'relatedSpdxElement'),
}
RELATIONS = {'DESCRIBES', 'CONTAINS', 'DEPENDS_ON', 'DYNAMIC_LINK', 'TEST_CASE_OF', 'DATA_FILE_OF'}


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def run(*command, **environment):
    variables = {name: value for name, value in os.environ.items()
                 if not name.startswith(('MAKE', 'SOURCE_DATE'))}
    variables.update(environment)
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)


def make_sbom(**environment):
    result = run('make', '-s', f'BUILD={BUILD}', 'sbom', **environment)
    expect(result.returncode == 0, f'make sbom: {result.stdout}{result.stderr}')
    return SBOM.read_bytes()


# --- the document

def check_structure(document):
    for kind, elements in (('document', [document]), ('package', document['packages']),
                           ('file', document['files']), ('relation', document['relationships'])):
        for element in elements:
            missing = [name for name in REQUIRED[kind] if not element.get(name)]
            expect(not missing, f'{kind} {element}: expected {missing}')
    expect(document['spdxVersion'] == 'SPDX-2.3' and document['dataLicense'] == 'CC0-1.0' and
           document['SPDXID'] == 'SPDXRef-DOCUMENT', 'the header is not that of SPDX 2.3')
    expect(re.fullmatch(r'https://[^#]+', document['documentNamespace']), 'documentNamespace')
    created = document['creationInfo']
    expect(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', created['created']), 'created')
    expect(created['creators'] and all(re.match('(Tool|Person|Organization): ', creator)
                                       for creator in created['creators']), 'creators')
    ids = [element['SPDXID'] for element in
           [document] + document['packages'] + document['files']]
    expect(len(set(ids)) == len(ids), f'expected unique ids, found {sorted(ids)}')
    expect(all(re.fullmatch(r'SPDXRef-[A-Za-z0-9.-]+', name) for name in ids), f'ids: {ids}')
    for relation in document['relationships']:
        for end in ('spdxElementId', 'relatedSpdxElement'):
            expect(relation[end] in ids, f'{relation}: expected an id of the document')
        expect(relation['relationshipType'] in RELATIONS, f'{relation}: unknown')
    described = related(document, 'SPDXRef-DOCUMENT', 'DESCRIBES')
    expect(described == ['SPDXRef-Package-libvit'], f'DESCRIBES: {described}')
    reached = {relation[end] for relation in document['relationships']
               for end in ('spdxElementId', 'relatedSpdxElement')}
    expect(reached == set(ids), f'related to nothing: {set(ids) - reached}')


def related(document, element, kind):
    return [relation['relatedSpdxElement'] for relation in document['relationships']
            if (relation['spdxElementId'], relation['relationshipType']) == (element, kind)]


def check_that_the_check_can_fail(document):
    faults = [
        lambda d: d.pop('documentNamespace'),
        lambda d: d['packages'][0].pop('downloadLocation'),
        lambda d: d['files'][0].pop('checksums'),
        lambda d: d['packages'][1].update(SPDXID=d['packages'][2]['SPDXID']),
        lambda d: d['relationships'][0].update(relatedSpdxElement='SPDXRef-Package-none'),
        lambda d: d['packages'].append(d['packages'][1] | {'SPDXID': 'SPDXRef-Package-alone'}),
        lambda d: d['creationInfo'].update(created='today'),
    ]
    for number, plant in enumerate(faults):
        faulty = copy.deepcopy(document)
        plant(faulty)
        try:
            check_structure(faulty)
        except AssertionError:
            continue
        raise AssertionError(f'fault {number} of the structure was not found')


# --- what is built

def check_files(document):
    programs = ['libvit'] + (['libvit-serve'] if (BUILD / 'libvit-serve').exists() else [])
    expected = {path.name for path in BUILD.glob('lib*.so.*.*.*')} | set(programs) | \
        {path.name for path in BUILD.glob('lib*.a')}
    found = {entry['fileName'].removeprefix('./') for entry in document['files']}
    expect(found == expected, f'files: expected {sorted(expected)}, found {sorted(found)}')
    for entry in document['files']:
        content = (BUILD / entry['fileName']).read_bytes()
        for checksum in entry['checksums']:
            value = hashlib.new(checksum['algorithm'].lower(), content).hexdigest()
            expect(value == checksum['checksumValue'], f'{entry["fileName"]}: another checksum')
    sums = sorted(entry['checksums'][0]['checksumValue'] for entry in document['files'])
    code = document['packages'][0]['packageVerificationCode']['packageVerificationCodeValue']
    expect(code == hashlib.sha1(''.join(sums).encode()).hexdigest(), 'packageVerificationCode')
    return expected


def purl_of(package):
    references = package.get('externalRefs', [])
    return references[0]['referenceLocator'] if references else ''


def check_links(document):
    """Each library that an artifact needs is a package of the document, and no other is linked."""
    packages = {package['SPDXID']: package for package in document['packages']}
    known = shutil.which('dpkg-query')
    count = 0
    for entry in document['files']:
        links = set(related(document, entry['SPDXID'], 'DYNAMIC_LINK'))
        if entry['fileName'].endswith('.a'):
            expect(not links, f'{entry["fileName"]}: expected no links')
            continue
        text = run('readelf', '-d', str(BUILD / entry['fileName'])).stdout
        sonames = re.findall(r'NEEDED.*\[(.*)\]', text)
        expect(sonames, f'{entry["fileName"]}: expected NEEDED entries')
        count += len(sonames)
        if not known:
            continue
        patterns = [f'*/{os.uname().machine}-linux-gnu/{soname}' for soname in sonames]
        lines = run('dpkg-query', '-S', *patterns).stdout.splitlines()
        wanted = {line.split(':')[0] for line in lines}
        found = {purl_of(packages[link]).split('/')[-1].split('@')[0] for link in links}
        expect(found == wanted, f'{entry["fileName"]}: expected {wanted}, found {found}')
    if not known:
        print('skipped: 0 of 1 compare links with dpkg, which is not here')
    linked = {link for entry in document['files']
              for link in related(document, entry['SPDXID'], 'DYNAMIC_LINK')}
    expect(linked == set(related(document, 'SPDXRef-Package-libvit', 'DEPENDS_ON')),
           'DEPENDS_ON: expected what the artifacts link')
    return count


def check_licenses(document):
    licenses = {package['licenseDeclared'] for package in document['packages']}
    expect('NOASSERTION' not in licenses, 'licenseDeclared: expected one of each package')
    lists = [NAMES / 'spdx-license-ids/index.json', NAMES / 'spdx-exceptions/index.json']
    if not all(names.exists() for names in lists):
        print("skipped: 0 of 1 compare licenses with SPDX's names, which are not installed")
        return
    licenses_of_spdx, exceptions = (json.loads(names.read_text()) for names in lists)
    for expression in licenses:
        for term in re.split(r' (?:AND|OR) ', expression):
            name, _, exception = term.partition(' WITH ')
            expect(name in licenses_of_spdx and (not exception or exception in exceptions),
                   f"{expression}: expected SPDX's names")


def check_data(document):
    texts = {package['name']: package for package in document['packages']}
    for folder, license_id, source in (('models/digits/test', 'CC-BY-4.0', 'CC BY 4.0'),
                                       ('models/digits', 'MIT', 'MIT license'),
                                       ('tests/golden', 'MIT', None)):
        expect(pathlib.Path(folder).is_dir(), f'{folder}: expected a directory')
        expect(texts[f'libvit {folder}']['licenseDeclared'] == license_id, f'{folder}: license')
        readme = pathlib.Path('models/digits/README.md').read_text()
        expect(source is None or source in readme, f'models/digits/README.md: expected {source}')


# --- what is refused

def check_failures():
    artifact = str(BUILD / 'libvit')
    modules = run('make', '-s', '-n', f'BUILD={BUILD}', '-o', 'all', 'sbom').stdout
    modules = re.findall(r"'([^':]+:[^']+)'", modules.split('--modules')[1])
    expect(len(modules) >= 9, f'modules: {modules}')
    serving = [module for module in modules if module.startswith('libmicrohttpd')]
    rest = [module for module in modules if module not in serving]

    def fails(expected, modules, *artifacts, **environment):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / 'out.json'
            result = run(sys.executable, '-B', SCRIPT, '-o', str(out), '--version', '1', '--arch',
                         os.uname().machine, '--modules', *modules, '--artifacts', *artifacts,
                         **environment)
            expect(result.returncode == 1 and expected in result.stderr,
                   f'expected {expected}, found {result.returncode}: {result.stderr}')
            expect(not list(pathlib.Path(folder).iterdir()), f'{expected}: a file is left')

    without = [module for module in rest if not module.startswith('jansson')]
    fails('libjansson.so.4: expected a library of mk/deps.mk', without, artifact)
    fails('expected an artifact that links each module, found none of libmicrohttpd',
          rest + ['libmicrohttpd:MIT'] if serving else rest + ['zlib:Zlib', 'libmicrohttpd:MIT'],
          artifact)
    fails('expected LICENSE_zlib, found none', ['zlib:'], artifact)
    fails('no-such-module', ['no-such-module:MIT'], artifact)
    fails('LICENSE: expected NEEDED entries, found none', [], 'LICENSE')
    fails('No such file', [], 'no/such/file.a')
    fails("SOURCE_DATE_EPOCH: expected seconds, found 'soon'", rest, artifact,
          SOURCE_DATE_EPOCH='soon')


def main():
    first = make_sbom()
    expect(make_sbom() == first, 'expected the same bytes from a second run')
    document = json.loads(first)
    check_structure(document)
    check_that_the_check_can_fail(document)
    artifacts = check_files(document)
    links = check_links(document)
    check_licenses(document)
    check_data(document)
    check_failures()
    other = json.loads(make_sbom(SOURCE_DATE_EPOCH='86400'))
    expect(other['creationInfo']['created'] == '1970-01-02T00:00:00Z', 'SOURCE_DATE_EPOCH')
    expect(other['documentNamespace'] != document['documentNamespace'], 'documentNamespace')
    make_sbom()
    print(f'bill of materials: {len(artifacts)} artifacts, {links} links, '
          f'{len(document["packages"])} packages')


try:
    main()
except AssertionError as error:
    sys.exit(f'sbom.py: {error}')
