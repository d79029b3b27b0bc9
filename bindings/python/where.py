"""where.py PREFIX - the directory below PREFIX where this Python looks for packages

One that this Python already searches, such as Debian's dist-packages; else the usual one.
"""
import site
import sys


def main(prefix):
    below = [path for path in site.getsitepackages() if path.startswith(prefix + "/lib")]
    usual = "%s/lib/python%d.%d/site-packages" % (prefix, *sys.version_info[:2])
    print(below[0] if below else usual)


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
