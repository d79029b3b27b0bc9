"""support.py - the packages that make packages built; Debian systems made of nothing else"""

import functools
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.path.abspath(os.environ.get('VIT_BUILD', 'build'))
PACKAGES = os.path.join(BUILD, 'packages')
NAMES = ('libvit0.2', 'libvit-dev', 'libvit-serve', 'libvit-tools', 'python3-libvit')
TIMEOUT = 1800  # seconds after which a test has failed, on any machine


def run(*command, **options):
    """The output of a command; AssertionError: its status is not 0."""
    done = subprocess.run(command, text=True, timeout=TIMEOUT, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)
    if done.returncode:
        raise AssertionError(f'{" ".join(command)[:300]}: status {done.returncode}\n'
                             f'{done.stdout[-4000:]}\n{done.stderr[-4000:]}')
    return done.stdout


def make(*arguments, environment=None, **options):
    """Runs make as a user does, whatever make this process was started by."""
    clean = {name: value for name, value in os.environ.items()
             if name not in ('MAKEFLAGS', 'MAKELEVEL', 'MFLAGS', 'PACKAGE_TESTS', 'PACKAGES_LONG')}
    run('make', *arguments, env={**clean, **(environment or {})}, **options)


def package(name, folder=PACKAGES):
    """The file of a package."""
    [path] = glob.glob(os.path.join(folder, f'{name}_*.deb'))
    return path


def needs(*commands):
    """Skips the test where a command is missing."""
    missing = [name for name in commands if not shutil.which(name)]
    if missing:
        raise unittest.SkipTest(f'expected {", ".join(missing)}, found none')


def needs_root():
    """Skips the test where no Debian system can be made and entered."""
    needs('mmdebstrap', 'unshare', 'ip', 'chroot')
    if os.geteuid() != 0:
        raise unittest.SkipTest('expected root, which makes a clean Debian system')
    unshare = ('unshare', '--net', '--mount', '--pid', '--fork', 'true')
    if subprocess.run(unshare, stderr=subprocess.DEVNULL).returncode:
        raise unittest.SkipTest('expected that unshare makes namespaces, found that it cannot')


def documented(path, heading):
    """The first block of commands below a heading of a document: lines that begin with a prompt,
    # of root or $ of anyone, each with the lines that continue it."""
    with open(path, encoding='utf-8') as file:
        block = re.search(rf'^#+ {heading}$.*?^```\n(.*?)^```$', file.read(), re.S | re.M)[1]
    return [command.strip() for command in re.split(r'^[#$] ', block, flags=re.M)[1:]]


@functools.lru_cache(maxsize=None)
def fresh_debian():
    """An archive of a Debian system of this machine's release, with apt and nothing optional."""
    folder = tempfile.TemporaryDirectory(prefix='vit-packages-')
    run('packaging/debian_root.sh', os.path.join(folder.name, 'root.tar'), '--mode=root',
        '--variant=apt', '--skip=cleanup/apt/lists')
    return folder


class System:
    """A fresh Debian system in a folder, with the packages in /root/packages."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix='vit-system-', dir=fresh_debian().name)
        self.root = self.folder.name
        run('tar', '-xpf', os.path.join(fresh_debian().name, 'root.tar'), '-C', self.root)
        shutil.copy('/etc/resolv.conf', self.path('etc'))
        with open(self.path('etc/apt/apt.conf.d/99yes'), 'w', encoding='ascii') as file:
            file.write('APT::Get::Assume-Yes "true";\n')  # nobody is there to answer
        shutil.copytree(PACKAGES, self.path('root/packages'))

    def path(self, path):
        return os.path.join(self.root, path)

    def run(self, command, folder='/root/packages', network=False):
        """The output of a command of sh, which alone with its processes sees the system; without
        network, but with the address 127.0.0.1."""
        environment = {name: os.environ[name] for name in os.environ if name.endswith('_proxy')}
        environment.update(PATH='/usr/sbin:/usr/bin:/sbin:/bin', HOME='/root', LANG='C.UTF-8',
                           DEBIAN_FRONTEND='noninteractive')
        prepare = ('mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && '
                   '{ [ -n "$NETWORK" ] || ip link set lo up; } && cd / && '
                   'exec chroot "$0" sh -ec "cd $1; $2"')
        return run('unshare', '--mount', '--pid', '--fork', '--kill-child',
                   *([] if network else ['--net']), 'sh', '-c',
                   prepare.replace('$NETWORK', '1' if network else ''),
                   self.root, folder, command, env=environment)

    def files(self):
        """Every file but those of apt, dpkg and of running programs."""
        left_out = [self.path(name) for name in (
            'proc', 'sys', 'dev', 'run', 'tmp', 'root', 'var/cache', 'var/log', 'var/lib/apt',
            'var/lib/dpkg')]
        found = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in left_out]
            found.update(os.path.relpath(os.path.join(folder, name), self.root)
                         for name in names + folders)
        return found
