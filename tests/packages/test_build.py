"""test_build.py - the packages as they are built: lintian, hardening, the same bits twice"""

import glob
import hashlib
import os
import shutil
import tempfile
import unittest

from support import NAMES, PACKAGES, make, needs, package, run


def digests(folder):
    found = {}
    for path in glob.glob(os.path.join(folder, '*.deb')):
        with open(path, 'rb') as file:
            found[os.path.basename(path)] = hashlib.sha256(file.read()).hexdigest()
    return found


def files(folder):
    return {os.path.relpath(os.path.join(place, name), folder)
            for place, _, names in os.walk(folder) for name in names}


class Sources(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='vit-sources-')
        self.addCleanup(folder.cleanup)
        self.tree = os.path.join(folder.name, 'tree')

    def make_tree(self, *variables, **options):
        make(self.tree, f'PACKAGE_TREE={self.tree}', *variables, **options)
        return files(self.tree)

    def test_an_archive_without_git_gives_the_same_files(self):
        found = self.make_tree()
        self.assertIn('debian/control', found)
        self.assertNotIn('build/libvit', found)
        archive = os.path.join(os.path.dirname(self.tree), 'archive')
        shutil.copytree(self.tree, archive, symlinks=True,
                        ignore=lambda place, _: ['debian'] if place == self.tree else [])
        os.makedirs(os.path.join(archive, 'build'))
        shutil.copy('README.md', os.path.join(archive, 'build/object'))
        self.assertEqual(self.make_tree(cwd=archive), found)

    def test_a_changelog_of_another_version_is_an_error(self):
        with self.assertRaisesRegex(AssertionError, 'version: expected 9.9.9, found [0-9]'):
            self.make_tree('VERSION=9.9.9')


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
            make('packages', f'BUILD={build}', umask=0o077, environment={
                'CCACHE_DISABLE': '1', 'DEB_BUILD_OPTIONS': 'nocheck', 'HOME': '/nonexistent',
                'TZ': 'Pacific/Chatham', 'LC_ALL': 'C.UTF-8'})
            self.assertEqual(digests(os.path.join(build, 'packages')), digests(PACKAGES))

    def test_packages_of_one_version_depend_on_each_other(self):
        version = run('dpkg-deb', '-f', package('libvit0.2'), 'Version').strip()
        self.assertIn(f'libvit0.2 (= {version})',
                      run('dpkg-deb', '-f', package('libvit-dev'), 'Depends'))
        self.assertIn('libvit0.2 (>= ', run('dpkg-deb', '-f', package('python3-libvit'), 'Depends'))
