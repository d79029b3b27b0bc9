"""test_chroot.py - a fresh Debian system: what the documents say, word for word; what is left"""

import ast
import glob
import json
import os
import re
import shutil
import unittest

from support import NAMES, PACKAGES, System, documented, make, needs_root, package, run

IMAGE = 'models/digits/test/3/0060.png'


class Chroot(unittest.TestCase):
    def setUp(self):
        needs_root()
        self.system = System()
        self.addCleanup(self.system.folder.cleanup)

    def classified(self):
        """What the command says of the picture of the documents."""
        text = self.system.run(f'libvit classify models/digits {IMAGE} --json', '/usr/share/libvit')
        return json.loads(text)['images'][0]['predictions']

    def test_a_server_classifies_a_picture_in_three_commands(self):
        install, serve, curl = documented('docs/server.md', 'Three commands')
        self.system.run(install, network=True)
        self.assertTrue(serve.endswith('&'), serve)
        answer = self.system.run(f'''{serve[:-1]} >/tmp/served 2>&1 & server=$!
            until grep -q 'listening on' /tmp/served
            do kill -0 $server || {{ cat /tmp/served >&2; exit 1; }}; sleep 0.1; done
            {curl}
            kill $server; wait $server''')
        expected = [f'{p["logit"]:.9g}:{p["class"]}:{p["label"]}' for p in self.classified()]
        [output] = json.loads(answer)['outputs']
        self.assertEqual(output['data'], expected[:len(output['data'])])
        self.assertTrue(output['data'])

    def test_python_classifies_a_picture_in_four_lines(self):
        with open('docs/python.md', encoding='utf-8') as file:
            lines = re.search(r'^```python\n(.*?)^```$', file.read(), re.S | re.M)[1]
        self.assertLessEqual(len(lines.split('\n')) - 1, 4, lines)
        [install] = documented('docs/python.md', 'Installation')
        self.system.run(install, network=True)
        with open(self.system.path('root/classify.py'), 'w', encoding='utf-8') as file:
            file.write(lines)
        found = ast.literal_eval(self.system.run('python3 /root/classify.py', '/usr/share/libvit'))
        self.assertEqual([(p['label'], f'{p["score"]:.9g}') for p in found],
                         [(p['label'], f'{p["probability"]:.9g}') for p in self.classified()])
        # a picture is decoded by libvit-image, not by PIL
        self.system.run('apt-get purge python3-pil')
        again = self.system.run('python3 /root/classify.py', '/usr/share/libvit')
        self.assertEqual(ast.literal_eval(again), found)

    def test_a_project_builds_with_pkg_config_and_cmake(self):
        [install] = documented('README.md', 'Debian packages')
        self.system.run(install, network=True)
        self.system.run('apt install g++ pkg-config cmake make', network=True)
        for path in ('examples/embed.c', 'tests/install', 'models/digits'):
            target = self.system.path(os.path.join('root/sources', path))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, target)
        said = self.system.run('tests/install/sample.sh /root/sample', '/root/sources')
        self.assertIn('builds with pkg-config and CMake', said)

    def test_purge_leaves_nothing(self):
        needed = [word.strip() for name in NAMES
                  for word in run('dpkg-deb', '-f', package(name), 'Depends').split(',')]
        others = sorted(set(word for word in needed if not word.startswith('libvit')))
        self.system.run(f'apt-get satisfy --no-install-recommends "{", ".join(others)}"',
                        network=True)
        before = self.system.files()
        ours = ' '.join(f'./{os.path.basename(package(name))}' for name in NAMES)
        self.system.run(f'dpkg -i {ours}')
        self.assertIn('usr/bin/libvit', self.system.files() - before)
        self.system.run('libvit info; python3 -c "import libvit; libvit.library_version()"')
        self.system.run('dpkg --purge ' + ' '.join(NAMES))
        self.assertEqual(self.system.files(), before)

    def test_the_service_waits_for_its_settings(self):
        install = documented('docs/server.md', 'Three commands')[0]
        self.system.run(f'apt install systemd; {install}', network=True)
        self.system.run('systemd-analyze verify --man=no libvit-serve.service')
        state = self.system.run('systemctl is-enabled libvit-serve || true').strip()
        self.assertEqual(state, 'disabled')


class CleanBuild(unittest.TestCase):
    def test_a_clean_system_builds_the_packages_and_runs_their_tests(self):
        """With nothing but Build-Depends, as nobody and without a network, with every test."""
        if not os.environ.get('PACKAGES_LONG'):
            raise unittest.SkipTest('expected PACKAGES_LONG=1: it takes many minutes')
        needs_root()
        system = System()
        self.addCleanup(system.folder.cleanup)
        tree = system.path('srv/libvit')
        make(tree, f'PACKAGE_TREE={tree}')
        system.run('apt-get build-dep ./libvit', '/srv', network=True)
        system.run('''chown -R nobody /srv
            setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/nonexistent \\
                dpkg-buildpackage -us -uc -b''', '/srv/libvit')
        built = glob.glob(system.path('srv/*.deb'))
        self.assertEqual({os.path.basename(path) for path in built},
                         {os.path.basename(path) for path in glob.glob(f'{PACKAGES}/*.deb')})
