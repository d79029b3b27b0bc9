"""test_abi.py - the structs, values and prototypes of _abi.py are those of the headers"""
import ctypes
import glob
import os
import re
import subprocess
import tempfile

from common import Case, ROOT

from libvit import _abi, errors
from libvit._library import IMAGE_SONAME, SONAME, libvit
from libvit.config import Config, PreprocessConfig

HEADERS = sorted(glob.glob(os.path.join(ROOT, "include", "vit", "*.h")))


def header_text():
    text = "\n".join(open(path, encoding="utf-8").read() for path in HEADERS)
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def compiled(lines):
    """What a C program prints that has these statements in main, as a list of numbers."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "main.c"), os.path.join(folder, "main")
        with open(source, "w", encoding="utf-8") as file:
            for path in HEADERS:
                file.write(f'#include "vit/{os.path.basename(path)}"\n')
            file.write("#include <stdio.h>\nint main(void)\n{\n" + "\n".join(lines) + "\n}\n")
        subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-Wall", "-Werror",
                        "-I", os.path.join(ROOT, "include"), source, "-o", program], check=True)
        found = subprocess.run([program], stdout=subprocess.PIPE, check=True).stdout
    return [int(number) for number in found.split()]


def printed(*expressions):
    return [f'    printf("%zu\\n", (size_t)({e}));' for e in expressions]


class Layout(Case):
    def assert_equal_numbers(self, names, found, expected):
        """Says which of the names have other numbers than the headers."""
        self.assertEqual(len(found), len(expected))
        self.assertEqual([f"{n}: expected {e}, found {f}"
                          for n, f, e in zip(names, found, expected) if f != e], [])

    def test_every_field_has_the_offset_and_the_size_of_the_header(self):
        lines, expected, names = [], [], []
        for name, struct in _abi.STRUCTS.items():
            lines += printed(f"sizeof(struct {name})")
            expected.append(ctypes.sizeof(struct))
            names.append(name)
            for field, *_ in struct._fields_:
                member = f"((struct {name} *)0)->{field}"
                lines += printed(f"offsetof(struct {name}, {field})", f"sizeof {member}")
                found = getattr(struct, field)
                expected += [found.offset, found.size]
                names += [f"{name}.{field} offset", f"{name}.{field} size"]
        self.assert_equal_numbers(names, expected, compiled(lines))

    def test_no_member_of_a_header_is_missing(self):
        text = header_text()
        for name, struct in _abi.STRUCTS.items():
            body = re.search(r"struct %s \{(.*?)\n\};" % name, text, re.S).group(1)
            hooks = re.findall(r"\(\*(\w+)\)\([^;]*;", body)
            plain = re.sub(r"[^;]*\(\*\w+\)\([^;]*;", "", body)
            members = re.findall(r"(\w+)(?:\[\w+\])?\s*[,;]", plain) + hooks
            self.assertCountEqual([f[0] for f in struct._fields_], members, name)

    def test_the_type_of_a_float_is_not_that_of_an_integer(self):
        lines, expected, names = [], [], []
        for name, struct in _abi.STRUCTS.items():
            for field, kind in struct._fields_:
                element = getattr(kind, "_type_", kind) if issubclass(kind, ctypes.Array) else kind
                if element in (ctypes.c_float, ctypes.c_double):
                    code = 1
                elif element is ctypes.c_bool:
                    code = 2
                else:
                    code = 0
                dot = "[0]" if issubclass(kind, ctypes.Array) else ""
                lines += printed(f"_Generic(((struct {name} *)0)->{field}{dot}, float: 1, "
                                 "double: 1, bool: 2, default: 0)")
                expected.append(code)
                names.append(f"{name}.{field}")
        self.assert_equal_numbers(names, expected, compiled(lines))

    def test_the_dataclasses_have_the_fields_by_name_of_the_library(self):
        value = ctypes.c_double()
        config = _abi.ModelConfig()
        for name in Config.__dataclass_fields__:
            element = "[0]" if isinstance(getattr(config, name), ctypes.Array) else ""
            self.assertEqual(0, libvit().vit_config_get(ctypes.byref(config),
                                                        f"{name}{element}".encode(),
                                                        ctypes.byref(value), None), name)
        fields = re.findall(r"^\| `(\w+)`", open(os.path.join(ROOT, "docs", "config.md"),
                                                 encoding="utf-8").read(), re.M)
        self.assertCountEqual(fields, Config.__dataclass_fields__)
        self.assertIn("crop_pct", PreprocessConfig.__dataclass_fields__)

    def test_sized_structs_send_their_size(self):
        for name, struct in _abi.STRUCTS.items():
            if issubclass(struct, _abi.Sized):
                self.assertEqual(struct().size, ctypes.sizeof(struct), name)


class Values(Case):
    def test_enum_values_are_those_of_the_headers(self):
        names = ["PIXEL_FORMAT_RGB", "PIXEL_FORMAT_BGR", "PIXEL_FORMAT_RGBA", "PIXEL_FORMAT_GRAY"]
        self.assertEqual([getattr(_abi, n) for n in names],
                         compiled(printed(*(f"VIT_{n}" for n in names))))

    def test_every_status_has_an_exception(self):
        body = re.search(r"enum vit_status \{(.*?)\};", header_text(), re.S).group(1)
        statuses = {name: int(value) for name, value in re.findall(r"(VIT_\w+)\s*=\s*(\d+)", body)}
        self.assertEqual(set(statuses.values()) - {0}, set(errors.BY_STATUS))
        for name, value in statuses.items():
            self.assertEqual(libvit().vit_status_name(value), name.encode())
            if value:
                self.assertIn(name, errors.BY_STATUS[value].__doc__)

    def test_the_soname_has_the_version_of_the_headers(self):
        major, minor = compiled(printed("VIT_VERSION_MAJOR", "VIT_VERSION_MINOR"))
        self.assertEqual(SONAME, f"libvit.so.{major}.{minor}")
        self.assertEqual(IMAGE_SONAME, f"libvit-image.so.{major}.{minor}")


C_TYPES = {"int": ctypes.c_int, "unsigned": ctypes.c_uint, "size_t": ctypes.c_size_t,
           "bool": ctypes.c_bool, "void": None, "double": ctypes.c_double,
           "float": ctypes.c_float, "char *": ctypes.c_char_p, "void *": ctypes.c_void_p}


def ctype_of(declaration):
    """The ctypes type of a parameter or a result, such as "const struct vit_model *model"."""
    text = re.sub(r"\bconst\b|\bVIT_API\b", " ", declaration)
    stars = text.count("*")
    words = text.replace("*", " ").split()
    if words[0] == "enum":
        base = ctypes.c_int
    elif words[0] == "struct" and words[1] in _abi.STRUCTS:
        base = _abi.STRUCTS[words[1]]
    elif words[0] == "struct":  # an opaque one, behind a pointer
        base, stars = ctypes.c_void_p, stars - 1
    elif stars and f"{words[0]} *" in C_TYPES:
        base, stars = C_TYPES[f"{words[0]} *"], stars - 1
    else:
        base = C_TYPES[words[0]]
    for _ in range(stars):
        base = ctypes.POINTER(base)
    return base


class Prototypes(Case):
    def test_results_and_arguments_are_those_of_the_headers(self):
        text = header_text()
        declarations = {name: (result, arguments) for result, name, arguments in re.findall(
            r"VIT_API([^;(]*?)(\bvit_\w+)\(((?:[^()]|\([^()]*\))*)\);", text)}
        for name, (result, arguments) in {**_abi.FUNCTIONS, **_abi.IMAGE_FUNCTIONS}.items():
            self.assertIn(name, declarations)
            c_result, c_arguments = declarations[name]
            self.assertIs(ctype_of(c_result), result, name)
            if name == "vit_pool_run":  # its task is a pointer to a function
                self.assertEqual(len(arguments), 4)
                continue
            parameters = [] if c_arguments.strip() == "void" else c_arguments.split(",")
            self.assertEqual([ctype_of(p) for p in parameters], arguments, name)
