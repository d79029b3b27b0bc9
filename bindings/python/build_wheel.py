"""build_wheel.py FOLDER - builds the wheel in FOLDER, with setuptools alone: no network, no pip

In a copy of the sources, because setuptools writes beside them.
"""
import os
import shutil
import sys
import tempfile

from setuptools import build_meta


def main(folder):
    here = os.path.dirname(os.path.abspath(__file__))
    folder = os.path.abspath(folder)
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(here, copy, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(os.path.join(here, "..", "..", "LICENSE"), copy)
        os.chdir(copy)
        sys.stdout.flush()
        output = os.dup(1)
        os.dup2(2, 1)  # what setuptools prints is no result
        try:
            name = build_meta.build_wheel(folder)
        finally:
            os.dup2(output, 1)
        os.chdir(folder)
    print(os.path.join(folder, name))


if __name__ == "__main__":
    main(*sys.argv[1:])
