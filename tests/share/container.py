"""container.py BUILD VERSION - container.sh makes a root and an image, whose server classifies"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import urllib.request

BUILD = pathlib.Path(sys.argv[1]).resolve()
VERSION = sys.argv[2]
SCRIPT = 'packaging/container.sh'
OUT = BUILD / 'container'
IMAGE = 'models/digits/test/3/0060.png'
LIMIT = 1800  # seconds after which a step has failed, on any machine


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def run(*command, **options):
    return subprocess.run(command, text=True, capture_output=True, check=False, timeout=LIMIT,
                          **options)


def make_image():
    """Whether there is an image; a root there must be."""
    result = run(SCRIPT, str(BUILD), VERSION)
    expect((OUT / 'root.tar').exists(), f'container.sh: {result.stdout}{result.stderr}')
    known = {'context', 'libvit-serve.tar', 'log', 'root.tar'}
    left = {path.name for path in OUT.iterdir()} - known
    expect(not left, f'container.sh leaves {left}')
    if result.returncode:
        expect('buildah: expected an image' in result.stderr, result.stderr)
        print(f'skipped: the image, because {result.stderr.strip()}')
    else:
        wanted = f'{OUT}/libvit-serve.tar: localhost/libvit-serve:{VERSION}\n'
        expect(result.stdout == wanted, result.stdout)
    return result.returncode == 0


def check_root():
    """The server with its libraries and licenses, and nothing of this machine."""
    with tarfile.open(OUT / 'root.tar') as archive:
        members = {member.name.removeprefix('./'): member for member in archive.getmembers()}
        resolv = archive.extractfile(members['etc/resolv.conf']).read()
    for name in ('usr/bin/libvit-serve', 'usr/share/doc/libvit-serve/copyright', 'etc/passwd'):
        expect(name in members, f'root.tar: expected {name}, found none')
    expect(any(re.fullmatch(r'usr/lib/[^/]+/libvit\.so\.[0-9.]+', name) for name in members),
           'root.tar: expected libvit.so, found none')
    for name in ('etc/hostname', 'etc/apt/apt.conf.d/99mmdebstrap', 'usr/share/man/man1/',
                 str(OUT).lstrip('/')):
        found = [path for path in members if path.startswith(name)]
        expect(not found, f'root.tar: expected no {name}, found {found[:3]}')
    expect(resolv == b'', 'etc/resolv.conf: expected no line')
    lists = [name for name in members if name.startswith('var/lib/apt/lists/')
             and members[name].isfile() and members[name].size]
    expect(not lists, f'root.tar: expected no lists of apt, found {lists[:3]}')


def check_image():
    """Its configuration, of which the server's command."""
    with tarfile.open(OUT / 'libvit-serve.tar') as archive:
        [manifest] = json.load(archive.extractfile('manifest.json'))
        content = json.load(archive.extractfile(manifest['Config']))
    expect(manifest['RepoTags'] == [f'localhost/libvit-serve:{VERSION}'], manifest['RepoTags'])
    config = content['config']
    user = config['User'].split(':')[0]
    expect(user.isdigit() and user != '0', f'User: expected a number other than 0, found {user}')
    expect(list(config['ExposedPorts']) == ['8000/tcp'], config['ExposedPorts'])
    expect(config['Entrypoint'] == ['/usr/bin/libvit-serve', '--listen', '0.0.0.0:8000'],
           config['Entrypoint'])
    expect(config['Cmd'] == ['--model-repository', '/models'], config['Cmd'])
    expect(config['Labels']['org.opencontainers.image.version'] == VERSION, config['Labels'])
    return config['Entrypoint'], user


class Container:
    """A container of an image, in storage of its own."""

    def __init__(self, folder, image):
        self.buildah = ('buildah', '--storage-driver', 'vfs', '--root', f'{folder}/storage',
                        '--runroot', f'{folder}/run')
        self.name = self.call('from', f'docker-archive:{image}').strip()

    def call(self, *words):
        result = run(*self.buildah, *words)
        expect(result.returncode == 0, f'buildah {words[0]}: {result.stdout}{result.stderr}')
        return result.stdout

    def command(self, options, *words):
        return ('run', '--isolation', 'chroot', *options, self.name, '--', *words)


def scratch():
    return tempfile.TemporaryDirectory(dir=run('packaging/scratch.sh').stdout.strip())


def check_other_base():
    """On an image that lacks the packages, the Containerfile installs them."""
    with scratch() as folder:
        base = f'{folder}/base.tar'
        container = Container(folder, OUT / 'libvit-serve.tar')
        container.call(*container.command(('--user', '0'), 'dpkg', '--purge', 'libvit-serve',
                                          'libvit0.2'))
        container.call('commit', '-q', container.name, 'base')
        container.call('push', '-q', 'base', f'docker-archive:{base}:localhost/base:1')
        (pathlib.Path(folder) / 'build').mkdir()
        shutil.copytree(BUILD / 'packages', f'{folder}/build/packages')
        result = run(SCRIPT, f'{folder}/build', VERSION, f'docker-archive:{base}')
        expect(result.returncode == 0, f'BASE: {result.stdout}{result.stderr}')
        shutil.rmtree(f'{folder}/storage')
        container = Container(folder, f'{folder}/build/container/libvit-serve.tar')
        found = container.call(*container.command((), 'libvit-serve', '--version'))
        expect(found.startswith(f'libvit-serve {VERSION}'), f'BASE: expected a server: {found}')


def check_server(entrypoint, user):
    """The container's server, in the network of this machine, has the answer of libvit."""
    with scratch() as folder:
        container = Container(folder, OUT / 'libvit-serve.tar')
        models = pathlib.Path('models').resolve()
        command = [*container.buildah, *container.command(
            ('-v', f'{models}:/models:ro'), 'sh', '-c', 'echo $$; id -u; exec "$@"', 'sh',
            *entrypoint, '--listen', '127.0.0.1:0', '/models/digits')]
        with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as server:
            try:
                pid, found = (int(server.stdout.readline()) for _ in range(2))
                expect(found == int(user), f'id -u: expected {user}, found {found}')
                line = server.stdout.readline()
                address = re.search(r'listening on (http://127\.0\.0\.1:\d+)$', line)
                expect(address, f'libvit-serve: expected its address, found {line}')
                compare_answer(address[1])
                os.kill(pid, signal.SIGTERM)
                status = server.wait(60)
                expect(status == 0, f'SIGTERM: expected status 0, found {status}')
            finally:
                server.kill()


def compare_answer(address):
    body = json.dumps({
        'inputs': [{'name': 'image', 'shape': [1], 'datatype': 'BYTES', 'data': [encoded()]}],
        'outputs': [{'name': 'logits', 'parameters': {'classification': 3}}]}).encode()
    with urllib.request.urlopen(f'{address}/v2/models/digits/infer', body, 60) as answer:
        [output] = json.load(answer)['outputs']
    told = json.loads(run(f'{BUILD}/libvit', 'classify', 'models/digits', IMAGE, '--json').stdout)
    wanted = [f'{p["logit"]:.9g}:{p["class"]}:{p["label"]}'
              for p in told['images'][0]['predictions'][:3]]
    expect(output['data'] == wanted, f'expected {wanted}, found {output["data"]}')


def encoded():
    return run('base64', '-w0', IMAGE).stdout


def check_failures():
    """What is missing is said, and nothing that looks like an image is left."""
    def fails(expected, environment=None, base=()):
        result = run(SCRIPT, str(build), VERSION, *base, env=environment or os.environ)
        expect(result.returncode == 1 and expected in result.stderr,
               f'expected {expected}, found {result.returncode}: {result.stderr}')
        expect(not (build / 'container/libvit-serve.tar').exists(), f'{expected}: an image is left')

    with tempfile.TemporaryDirectory() as folder:
        build = pathlib.Path(folder)
        fails('packages: expected libvit0.2_*.deb, found none (make packages)')
        shutil.copytree(BUILD / 'packages', build / 'packages')
        # without mmdebstrap and buildah, and with a buildah that cannot run
        tools = build / 'bin'
        tools.mkdir()
        for name in ('sh', 'sed', 'ls', 'rm', 'mkdir', 'cp', 'git', 'dirname', 'grep', 'tail',
                     'awk', 'df', 'mktemp'):
            (tools / name).symlink_to(shutil.which(name))
        bare = os.environ | {'PATH': str(tools)}
        fails('expected mmdebstrap, found none', bare)
        fails('buildah: expected an image, but there is none', bare, ('localhost/base',))
        (tools / 'buildah').write_text('#!/bin/sh\necho "no namespaces here" >&2\nexit 125\n')
        (tools / 'buildah').chmod(0o755)
        fails('but it ended with: no namespaces here', bare, ('localhost/base',))


def main():
    check_failures()
    has_image = make_image()
    check_root()
    if has_image:
        check_server(*check_image())
        check_other_base()
    ran = 5 if has_image else 2
    print(f'{ran} of 5 run: errors, the root, the image, its server, another base')


try:
    main()
except AssertionError as error:
    sys.exit(f'container.py: {error}')
