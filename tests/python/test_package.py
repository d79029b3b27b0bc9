"""test_package.py - the wheel, the installation, the types, the examples and the pages"""
import os
import re
import site
import subprocess
import sys
import tempfile
import unittest
import zipfile

import numpy as np

from common import BUILD, Case, DIGITS, PACKAGE, ROOT, THREE, golden, needs

import libvit


def run(*arguments, **options):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode:
        raise AssertionError(f"{arguments}: status {done.returncode}: {done.stdout}")
    return done.stdout


def version():
    with open(os.path.join(ROOT, "include", "vit", "vit.h"), encoding="utf-8") as file:
        return re.search(r'#define VIT_VERSION "(.*)"', file.read()).group(1)


def environment(**values):
    """That of a user: the library, no path to the sources."""
    e = {k: v for k, v in os.environ.items() if k != "PYTHONPATH" and not k.startswith("MAKE")}
    return {**e, **values}


CACHE = os.path.join(BUILD, "mypy")  # the types of numpy take most of the time
CLASSIFY = f"import libvit; print(libvit.VisionTransformer.from_folder({DIGITS!r})" \
           f".classify({THREE!r})[0]['label'], libvit.__file__)"


class Installation(Case):
    @needs("setuptools", "wheel", "pip")
    def test_a_wheel_of_any_platform_installs_without_a_network_and_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            run(sys.executable, "-B", os.path.join(PACKAGE, "build_wheel.py"), folder)
            name = f"libvit-{version()}-py3-none-any.whl"
            self.assertEqual(os.listdir(folder), [name])
            wheel = os.path.join(folder, name)
            with zipfile.ZipFile(wheel) as archive:
                members = archive.namelist()
            self.assertIn("libvit/py.typed", members)
            self.assertTrue(any(m.endswith("LICENSE") for m in members))
            self.assertEqual([m for m in members if m.endswith((".so", ".pyc"))], [])
            sources = [n for n in os.listdir(os.path.join(PACKAGE, "libvit")) if n.endswith(".py")]
            self.assertEqual(sorted(m for m in members if m.endswith(".py")),
                             sorted(f"libvit/{n}" for n in sources))
            venv = os.path.join(folder, "venv")
            run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", venv)
            python = os.path.join(venv, "bin", "python")
            run(python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", wheel,
                env=environment())
            self.assertRegex(run(python, "-B", "-c", CLASSIFY, env=environment(), cwd=folder),
                             f"^three {re.escape(venv)}/")
            listed = run(python, "-m", "pip", "list", "--format=freeze", env=environment())
            self.assertIn(f"libvit=={version()}", listed)

    def test_install_python_copies_the_package_and_uninstall_python_removes_it(self):
        with tempfile.TemporaryDirectory() as folder:
            make = ("make", "-s", "-C", ROOT, f"BUILD={BUILD}", f"DESTDIR={folder}",
                    "PYTHONDIR=/site", f"PYTHON={sys.executable}")
            run(*make, "install-python", env=environment())
            self.assertIn("py.typed", os.listdir(os.path.join(folder, "site", "libvit")))
            self.assertRegex(run(sys.executable, "-c", CLASSIFY, env=environment(
                PYTHONPATH=os.path.join(folder, "site")), cwd=folder), f"^three {folder}/site")
            run(*make, "uninstall-python", env=environment())
            self.assertEqual(os.listdir(os.path.join(folder, "site")), [])

    def test_the_default_place_is_one_that_python_searches(self):
        where = (sys.executable, "-B", os.path.join(PACKAGE, "where.py"))
        for place in site.getsitepackages():
            prefix = place[:place.rindex("/lib/python")]
            self.assertIn(run(*where, prefix).strip(), site.getsitepackages())
        self.assertRegex(run(*where, "/opt/vit/"),
                         r"^/opt/vit/lib/python3\.\d+/site-packages\n$")

    def test_the_package_has_the_version_of_the_headers(self):
        self.assertEqual(libvit.__version__, version())
        self.assertEqual(libvit.library_version(), version())


class Types(Case):
    @needs("mypy")
    def test_strict_types_hold(self):
        run(sys.executable, "-m", "mypy", "--config-file", os.path.join(PACKAGE, "pyproject.toml"),
            "--cache-dir", CACHE, os.path.join(PACKAGE, "libvit"), env=environment())

    @needs("mypy")
    def test_a_wrong_use_is_a_type_error(self):
        with tempfile.TemporaryDirectory() as folder:
            use = os.path.join(folder, "use.py")
            with open(use, "w", encoding="utf-8") as file:
                file.write("import libvit\n"
                           "model = libvit.VisionTransformer.from_folder('x')\n"
                           "size: int = model.config.dim\n"
                           "label: str = model.classify(['x'])[0][0]['label']\n"
                           "bad: str = model.config.dim\n"
                           "model.classify(['x'], top_k='5')\n")
            done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", CACHE,
                                   use], stdout=subprocess.PIPE, text=True, check=False,
                                  env=environment(MYPYPATH=PACKAGE))
            lines = re.findall(r"use\.py:(\d+): error", done.stdout)
            self.assertEqual(sorted(set(lines)), ["5", "6"], done.stdout)


class Pages(Case):
    def snippets(self, path):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            return re.findall(r"^```python\n(.*?)^```", file.read(), re.S | re.M)

    def test_the_readme_classifies_a_picture_in_four_lines(self):
        for path in ("README.md", "bindings/python/README.md"):
            code = self.snippets(path)[0]
            self.assertLessEqual(len([line for line in code.splitlines() if line]), 4)
            code = code.replace('"picture.png"', repr(THREE))
            out = run(sys.executable, "-B", "-c", code, cwd=ROOT)
            self.assertIn("'label': 'three'", out)

    @needs("PIL", "torch")
    def test_the_code_of_the_page_runs(self):
        code = "\n".join(self.snippets("docs/python.md"))
        self.assertGreater(code.count("\n"), 20)
        with tempfile.TemporaryDirectory() as folder:  # it writes a file
            os.symlink(os.path.join(ROOT, "models"), os.path.join(folder, "models"))
            os.symlink(golden("text-clip-pair"), os.path.join(folder, "clip-vit-base-patch32"))
            np.save(os.path.join(folder, "texts.npy"), np.eye(2, 12, dtype=np.float32))
            with open(os.path.join(folder, "texts.txt"), "w", encoding="utf-8") as file:
                file.write("three\nfour\n")
            before = os.listdir(folder)
            package = os.path.abspath(os.path.dirname(os.path.dirname(libvit.__file__)))
            run(sys.executable, "-B", "-c", code, cwd=folder, env=environment(PYTHONPATH=package))
            self.assertCountEqual(os.listdir(folder), [*before, "digits.packed"])

    def test_the_page_names_every_public_name_and_exception(self):
        with open(os.path.join(ROOT, "docs", "python.md"), encoding="utf-8") as file:
            page = file.read()
        methods = [n for n in vars(libvit.VisionTransformer) if not n.startswith("_")]
        for name in [*libvit.__all__, *methods]:
            if name not in ("Prediction",):
                self.assertIn(name, page)

    def test_the_example_finds_pictures_that_look_alike(self):
        example = os.path.join(PACKAGE, "examples", "search_pictures.py")
        out = run(sys.executable, "-B", example, DIGITS, os.path.join(DIGITS, "test"), THREE, "4",
                  cwd=ROOT).splitlines()
        self.assertEqual(len(out), 4)
        self.assertRegex(out[0], r"^1\.0000  .*/3/0060\.png$")
        self.assertGreaterEqual(sum("/3/" in line for line in out), 3)
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "broken.png"), "w", encoding="utf-8") as file:
                file.write("no image")
            done = subprocess.run([sys.executable, "-B", example, DIGITS, folder, THREE],
                                  stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("left out: broken.png: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
