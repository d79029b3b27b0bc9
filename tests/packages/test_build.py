"""test_build.py - the packages as they are built: lintian, hardening, the same bits twice"""

import glob
import hashlib
import os
import tempfile
import unittest

from support import NAMES, PACKAGES, needs, package, run


def digests(folder):
    found = {}
    for path in glob.glob(os.path.join(folder, '*.deb')):
        with open(path, 'rb') as file:
            found[os.path.basename(path)] = hashlib.sha256(file.read()).hexdigest()
    return found


class Build(unittest.TestCase):
    def test_every_package_is_built(self):
        found = {os.path.basename(path).split('_')[0] for path in digests(PACKAGES)}
        self.assertEqual({name for name in found if not name.endswith('-dbgsym')}, set(NAMES))

    def test_lintian_finds_nothing(self):
        needs('lintian')
        run('lintian', '--allow-root', '--fail-on', 'error,warning',
            *glob.glob(os.path.join(PACKAGES, '*.changes')))

    def test_every_compilation_is_hardened(self):
        needs('blhc')
        # a relocatable object is no program
        run('blhc', '--ignore-line', '.* -r -nostdlib .*', os.path.join(PACKAGES, 'log'))

    def test_two_folders_give_the_same_bits(self):
        """A second build of everything, without a cache of objects, in a folder whose name is
        longer, with another umask, time zone, locale and home."""
        with tempfile.TemporaryDirectory(prefix='vit-another-build-with-a-longer-name-') as build:
            environment = {name: value for name, value in os.environ.items()
                           if name not in ('MAKEFLAGS', 'MAKELEVEL', 'MFLAGS', 'PACKAGE_TESTS')}
            environment.update(CCACHE_DISABLE='1', DEB_BUILD_OPTIONS='nocheck', HOME='/nonexistent',
                               TZ='Pacific/Chatham', LC_ALL='C.UTF-8')
            run('sh', '-c', 'umask 0077; make packages BUILD="$0"', build, env=environment)
            self.assertEqual(digests(os.path.join(build, 'packages')), digests(PACKAGES))

    def test_packages_of_one_version_depend_on_each_other(self):
        version = run('dpkg-deb', '-f', package('libvit0.2'), 'Version').strip()
        self.assertIn(f'libvit0.2 (= {version})',
                      run('dpkg-deb', '-f', package('libvit-dev'), 'Depends'))
        self.assertIn('libvit0.2 (>= ', run('dpkg-deb', '-f', package('python3-libvit'), 'Depends'))
