"""test_images.py - every kind of image becomes the same input; decoding and resizing are PIL's"""
import ctypes
import glob
import os
import pathlib
import unittest
import warnings
from unittest import mock

import numpy as np

from common import Case, DIGITS, GOLDEN, THREE, command_array, golden, needs, read_safetensors

import libvit
from libvit import VisionTransformer, _abi, _images

PHOTOS = sorted(p for p in glob.glob(os.path.join(GOLDEN, "preprocess", "*"))
                if p.endswith((".jpg", ".png", ".webp")))
DECODE = sorted(glob.glob(os.path.join(GOLDEN, "decode", "*")))
TURNED = sorted(p for p in glob.glob(os.path.join(GOLDEN, "preprocess-exif", "*"))
                if p.endswith((".jpg", ".png", ".webp")))
# Of tests/golden/decode: what libvit-image refuses too.
REFUSED = ("animation.webp", "grey16.png", "two-channels.jpg")


def pixels_of_struct(struct):
    """The bytes of a struct vit_image, as an array [height, width, channels]."""
    channels = {_abi.PIXEL_FORMAT_GRAY: 1, _abi.PIXEL_FORMAT_RGBA: 4}.get(struct.format, 3)
    row = ctypes.c_ubyte * (struct.width * channels)
    rows = [np.frombuffer(row.from_address(struct.pixels + y * struct.stride), np.uint8).copy()
            for y in range(struct.height)]
    return np.stack(rows).reshape(struct.height, struct.width, channels)


def pixels_of(image, exif=False):
    """What an image is decoded to."""
    with _images.open_image(image, "image", _images.Decoding(exif, 0)) as struct:
        return pixels_of_struct(struct)


class Kinds(Case):
    @classmethod
    def setUpClass(cls):
        cls.model = VisionTransformer.from_folder(golden("timm-vit"))

    def test_there_are_images(self):
        self.assertGreater(len(PHOTOS), 5)
        self.assertEqual(len(DECODE), 17)
        self.assertGreater(len(TURNED), 8)

    def test_paths_bytes_and_arrays_have_the_bits_of_the_command(self):
        for path in PHOTOS:
            with open(path, "rb") as file:
                encoded = file.read()
            expected = self.model.processor(path)
            self.assertEqual(expected.shape, (1, 3, 48, 48))
            for kind in (pathlib.Path(path), encoded, bytearray(encoded), memoryview(encoded),
                         pixels_of(path)):
                self.assert_same_bits(self.model.processor(kind), expected, path)
            self.assert_same_bits(command_array("preprocess", path, "--model", golden("timm-vit")),
                                  expected[0], path)

    @needs("PIL")
    def test_images_of_pil_have_the_same_bits(self):
        warnings.simplefilter("ignore", UserWarning)  # of PIL: transparency in palettes
        from PIL import Image
        for path in PHOTOS + [p for p in DECODE if not p.endswith(REFUSED)]:
            with Image.open(path) as image:
                self.assert_same_bits(self.model.processor(image), self.model.processor(path), path)

    @needs("PIL")
    def test_the_pixels_of_a_file_are_those_of_pil(self):
        from PIL import Image
        for path in PHOTOS + [p for p in DECODE if not p.endswith(REFUSED)]:
            with Image.open(path) as image:
                expected = np.asarray(image.convert("RGB"))
            self.assert_same_bits(pixels_of(path), expected, path)

    @needs("PIL")
    def test_the_resize_is_pils(self):
        from PIL import Image
        config = self.model.processor.config
        scaled = int(config.height / config.crop_pct)
        mean, std = np.array(config.mean, np.float32), np.array(config.std, np.float32)
        for path in PHOTOS:
            with Image.open(path) as image:
                image = image.convert("RGB")
            width, height = image.size
            short = min(width, height)
            size = [scaled if side == short else int(scaled * side / short)
                    for side in (width, height)]
            image = image.resize(size, Image.BICUBIC)
            left, top = (round((side - 48) / 2) for side in size)
            image = image.crop((left, top, left + 48, top + 48))
            expected = (np.asarray(image, np.float32) / np.float32(255) - mean) / std
            self.assert_same_bits(self.model.processor(path)[0],
                                  np.ascontiguousarray(expected.transpose(2, 0, 1)), path)

    @needs("PIL")
    def test_without_libvit_image_pil_decodes_the_same_pixels(self):
        for path in PHOTOS + DECODE + TURNED:
            if path.endswith(REFUSED):
                continue
            for exif in (False, True):
                expected = pixels_of(path, exif)
                with mock.patch.object(_images, "libvit_image", lambda: None):
                    found = pixels_of(path, exif)
                if found.shape[2] == 1:
                    found = np.repeat(found, 3, axis=2)
                self.assert_same_bits(found, expected, path)

    @needs("PIL")
    def test_what_libvit_image_refuses_pil_does_not_decode_either(self):
        for path in DECODE:
            if not path.endswith(REFUSED):
                continue
            with self.assertRaises(libvit.UnsupportedError):
                self.model.processor(path)
            with mock.patch.object(_images, "libvit_image", lambda: None):
                with self.assertRaises(libvit.Error, msg=path):
                    self.model.processor(path)

    def test_without_libvit_image_and_pil_the_message_names_both(self):
        with mock.patch.object(_images, "libvit_image", lambda: None), \
                mock.patch.dict("sys.modules", {"PIL": None}):
            with self.assertRaisesRegex(libvit.UnsupportedError, "libvit-image or PIL"):
                self.model.processor(THREE)

    def test_the_preprocessing_of_every_family_has_the_bits_of_the_command(self):
        for name in ("hf-vit", "hf-dinov2", "series-relu", "t2t-transformer", "vit-pytorch"):
            model = VisionTransformer.from_folder(golden(name))
            for path in PHOTOS[:3]:
                self.assert_same_bits(model.processor(path)[0], command_array(
                    "preprocess", path, "--model", golden(name)), f"{name} {path}")

    def test_a_gray_model_reads_colors_and_gray(self):
        model = VisionTransformer.from_folder(DIGITS)
        path = PHOTOS[0]
        self.assertEqual(model.processor(path).shape, (1, 1, 8, 8))
        self.assert_same_bits(model.processor(pixels_of(path)), model.processor(path))
        gray = pixels_of(THREE)[..., 0]
        self.assert_same_bits(model.processor(gray), model.processor(THREE))
        self.assert_same_bits(model.processor(gray[..., None]), model.processor(THREE))

    def test_several_images_are_rows_in_their_order(self):
        whole = self.model.processor(PHOTOS[:4])
        for i in range(4):
            self.assert_same_bits(whole[i:i + 1], self.model.processor(PHOTOS[i]))
        self.assert_same_bits(self.model.processor(iter(PHOTOS[:4])), whole)
        batch = np.random.default_rng(3).integers(0, 256, (5, 20, 30, 3), np.uint8)
        self.assert_same_bits(self.model.processor(batch), self.model.processor(list(batch)))

    def test_classify_of_images_has_the_scores_of_the_processor(self):
        for kind in (PHOTOS, [pixels_of(p) for p in PHOTOS]):
            self.assertEqual(self.model.classify(kind),
                             self.model.classify(self.model.processor(kind)))


class Orientation(Case):
    def test_a_family_of_hugging_face_turns_files_and_timm_does_not(self):
        turns = VisionTransformer.from_folder(golden("hf-vit"))
        stays = VisionTransformer.from_folder(golden("timm-vit"))
        self.assertTrue(turns.processor.config.exif_orientation)
        self.assertFalse(stays.processor.config.exif_orientation)
        expected = read_safetensors(os.path.join(GOLDEN, "preprocess-exif",
                                                 "expected.safetensors"))
        for path in TURNED:
            name = os.path.basename(path)
            self.assert_same_bits(pixels_of(path, True), expected[f"{name}/load_image"], name)
            self.assert_same_bits(turns.processor(path),
                                  turns.processor(expected[f"{name}/load_image"]), name)
            self.assert_same_bits(stays.processor(path),
                                  stays.processor(expected[f"{name}/rgb"]), name)

    def test_an_option_overrides_the_family(self):
        path = next(p for p in TURNED if "6" in os.path.basename(p))
        on = VisionTransformer.from_folder(golden("timm-vit"), exif_orientation=True)
        off = VisionTransformer.from_folder(golden("timm-vit"))
        self.assertNotEqual(on.processor(path).tobytes(), off.processor(path).tobytes())
        self.assertTrue(on.processor.config.exif_orientation)

    @needs("PIL")
    def test_images_of_pil_are_turned_like_files(self):
        from PIL import Image
        for name in ("hf-vit", "timm-vit"):
            model = VisionTransformer.from_folder(golden(name))
            for path in TURNED:
                with Image.open(path) as image:
                    self.assert_same_bits(model.processor(image), model.processor(path), path)


class Layouts(Case):
    """Which arrays are read where they are, and which are copied."""

    def setUp(self):
        self.pixels = np.random.default_rng(4).integers(0, 256, (12, 10, 3), np.uint8)

    def assert_pixels(self, array, expect_copy):
        struct, owner = _images.array_image(array, "image")
        self.assert_same_bits(pixels_of_struct(struct).reshape(array.shape),
                              np.ascontiguousarray(array))
        self.assertEqual(not np.shares_memory(owner, self.pixels), expect_copy)

    def test_rows_any_distance_apart_are_not_copied(self):
        self.assert_pixels(self.pixels, False)
        self.assert_pixels(self.pixels[2:7, 3:9], False)
        self.assert_pixels(self.pixels[::2], False)
        self.assert_pixels(self.pixels[:1, :1], False)
        self.assertEqual(_images.array_image(self.pixels[::2], "image")[0].stride, 60)

    def test_reversed_channels_are_bgr_and_not_copied(self):
        view = self.pixels[..., ::-1]
        struct, owner = _images.array_image(view, "image")
        self.assertIs(owner, view)
        self.assertEqual((struct.format, struct.pixels),
                         (_abi.PIXEL_FORMAT_BGR, self.pixels.ctypes.data))

    def test_gaps_between_pixels_and_rows_from_the_bottom_are_copied(self):
        self.assert_pixels(self.pixels[:, ::2], True)
        self.assert_pixels(self.pixels[::-1], True)
        self.assert_pixels(self.pixels[:, ::-1], True)
        self.assert_pixels(self.pixels.transpose(1, 0, 2), True)
        self.assert_pixels(np.broadcast_to(self.pixels[:1], (5, 10, 3)), True)
        self.assert_pixels(self.pixels[..., 0], True)

    def test_alpha_is_ignored(self):
        model = VisionTransformer.from_folder(golden("timm-vit"))
        alpha = np.full((12, 10, 1), 7, np.uint8)
        self.assert_same_bits(model.processor(np.concatenate([self.pixels, alpha], 2)),
                              model.processor(self.pixels))
        self.assert_same_bits(model.processor(self.pixels[..., ::-1].copy()[..., ::-1]),
                              model.processor(self.pixels))

    def test_a_read_only_array_is_read(self):
        self.pixels.flags.writeable = False
        self.assert_pixels(self.pixels, False)


if __name__ == "__main__":
    unittest.main()
