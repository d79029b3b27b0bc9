"""test_texts.py - scores against vectors of texts are those of the command, and what is refused"""
import json
import os
import pickle
import shutil
import tempfile
import unittest

import numpy as np

from common import Case, DIGITS, GOLDEN, THREE, command, golden, read_safetensors

import libvit
from libvit import Texts, VisionTransformer

NAMES = ["a cat", "a dog", "no cat", "ein Hund, größer"]


def vectors_of(name):
    return read_safetensors(os.path.join(golden(name), "io.safetensors"))["text.embedding"]


def pictures():
    folder = os.path.join(GOLDEN, "preprocess")
    return [os.path.join(folder, name) for name in ("photo-420.jpg", "alpha.png")]


def write(folder, vectors):
    np.save(os.path.join(folder, "t.npy"), vectors)
    with open(os.path.join(folder, "t.txt"), "w", encoding="utf-8") as file:
        file.write("".join(f"{name}\n" for name in NAMES[:len(vectors)]))
    return os.path.join(folder, "t.npy")


def clear_tensor(path, name):
    with open(path, "r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        begin, end = json.loads(file.read(size))[name]["data_offsets"]
        file.seek(8 + size + begin)
        file.write(bytes(end - begin))


class Scores(Case):
    def test_have_the_digits_of_the_command_from_a_file_and_from_memory(self):
        for name in ("text-clip-pair", "text-siglip-pair", "hf-siglip-vision"):
            model = VisionTransformer.from_folder(golden(name))
            vectors = (np.arange(72, dtype=np.float32).reshape(2, 36) % 7 - 3
                       if name == "hf-siglip-vision" else vectors_of(name))
            with tempfile.TemporaryDirectory() as folder:
                path = write(folder, vectors)
                images = json.loads(command("classify", golden(name), *pictures(), "--json",
                                            "--top", "9", "--texts", path)[0])["images"]
                found = model.classify(pictures(), top_k=9, texts=path)
                texts = Texts(path)
            self.assertEqual((len(texts), texts.width), vectors.shape)
            for image, predictions in zip(images, found):
                scores = [(p["label"], p["logit"] if p["probability"] is None else
                           p["probability"]) for p in image["predictions"]]
                self.assertEqual([(label, f"{score:.9g}") for label, score in scores],
                                 [(p["label"], f"{p['score']:.9g}") for p in predictions])
                self.assertEqual(len(predictions), len(vectors))
            again = Texts.from_vectors(vectors, NAMES[:len(vectors)])
            for same in (texts, again, pickle.loads(pickle.dumps(again))):
                if same is not texts:
                    self.assertEqual(same.names, texts.names)
                self.assertEqual(model.classify(pictures(), top_k=None, texts=same), found)
            self.assertEqual(model.classify(pictures()[0], 1, texts=texts), found[0][:1])

    def test_a_pickled_file_is_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            texts = Texts(write(folder, vectors_of("text-clip-pair")))
            self.assertEqual(pickle.loads(pickle.dumps(texts)).names, tuple(NAMES))
            pickled = pickle.dumps(texts)
        with self.assertRaises(libvit.NotFoundError):
            pickle.loads(pickled)

    def test_of_a_batch_are_those_of_each(self):
        model = VisionTransformer.from_folder(golden("text-siglip-pair"))
        texts = Texts.from_vectors(vectors_of("text-siglip-pair"), NAMES[:3])
        self.assertEqual([model.classify(p, texts=texts) for p in pictures()],
                         model.classify(pictures(), texts=texts))


class Refused(Case):
    def refuses(self, kind, message, function, *arguments, **options):
        with self.assertRaisesRegex(kind, message):
            function(*arguments, **options)

    def test_another_width_and_a_head_that_classifies(self):
        texts = Texts.from_vectors(np.ones((1, 5), np.float32), ["five"])
        clip = VisionTransformer.from_folder(golden("text-clip-pair"))
        self.refuses(libvit.InvalidArgumentError, "expected vectors of 12 numbers.*found 5",
                     clip.classify, pictures(), texts=texts)
        digits = VisionTransformer.from_folder(DIGITS)
        self.refuses(libvit.InvalidArgumentError, "found one whose head classifies",
                     digits.classify, THREE, texts=texts)
        self.refuses(libvit.InvalidArgumentError, "top_k: expected 1 or more, found 0",
                     clip.classify, pictures(), top_k=0, texts=texts)

    def test_vectors_and_names_that_are_none(self):
        ones = np.ones((2, 3), np.float32)
        refuses, make = self.refuses, Texts.from_vectors
        refuses(libvit.InvalidArgumentError, r"expected float32 \[3, numbers\].*found float32",
                make, ones, ["a", "b", "c"])
        refuses(libvit.InvalidArgumentError, "found float64", make, ones.astype(float), ["a", "b"])
        refuses(libvit.InvalidArgumentError, "found 0 of 3 numbers", make, ones[:0], [])
        refuses(libvit.FormatError, "name 1: expected one that no other text has", make, ones,
                ["a", "a"])
        refuses(libvit.FormatError, "text 1, b: expected a direction, found zeros", make,
                ones * np.float32([[1], [0]]), ["a", "b"])
        refuses(libvit.InvalidArgumentError, "names: expected text without NUL", make, ones,
                ["a", "b\0"])
        refuses(libvit.InvalidArgumentError, r"names\[1\]: expected str, found None", make, ones,
                ["a", None])
        refuses(libvit.NotFoundError, "none.npy", Texts, "/none.npy")

    def test_an_image_without_a_direction(self):
        name = "text-clip-pair"
        with tempfile.TemporaryDirectory() as folder:
            for file in ("config.json", "model.safetensors"):
                shutil.copy(os.path.join(golden(name), file), folder)
            clear_tensor(os.path.join(folder, "model.safetensors"), "visual_projection.weight")
            clip = VisionTransformer.from_folder(folder)
            texts = Texts.from_vectors(vectors_of(name), NAMES[:len(vectors_of(name))])
            self.refuses(libvit.FormatError,
                         "photo-420.jpg: expected a vector with a direction, found zeros alone",
                         clip.classify, pictures(), texts=texts)


if __name__ == "__main__":
    unittest.main()
