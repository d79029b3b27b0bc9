"""test_model.py - forward passes and scores are those of the command, bit for bit"""
import json
import os
import shutil
import tempfile
import unittest
from unittest import mock

import numpy as np

from common import (COMMAND, Case, DIGITS, THREE, command, command_array, digits_images, golden,
                    golden_input, golden_models, input_of, needs, read_safetensors, run_command)

import libvit
from libvit import VisionTransformer

OUTPUTS = ("logits", "patch_embedding", "block.0", "last_hidden_state", "embedding", "attention.0")


def of_name(model, x, name):
    output, _, block = name.partition(".")
    return model.output(x, output, int(block or 0))


def setUpModule():
    if not os.path.exists(COMMAND):
        raise AssertionError(f"{COMMAND}: expected the command, found none; run make")


class Command(Case):
    def test_every_output_of_every_golden_model_has_the_bits_of_the_command(self):
        compared = 0
        for name in golden_models():
            model = VisionTransformer.from_folder(golden(name))
            x = input_of(model, name)
            for output in OUTPUTS:
                if of_name(model, x[:0], output).size == 0 and not all(
                        of_name(model, x[:0], output).shape[1:]):
                    continue
                self.assert_same_bits(of_name(model, x, output),
                                      run_command(golden(name), x, output), f"{name} {output}")
                compared += 1
        self.assertGreater(compared, 5 * len(golden_models()))

    def test_every_precision_has_the_bits_of_the_command(self):
        x = golden_input("timm-vit")
        found = set()
        for precision in ("float32", "float16", "int8"):
            model = VisionTransformer.from_folder(golden("timm-vit"), precision=precision)
            logits = model(x)
            self.assertEqual(model.precision, precision)
            self.assert_same_bits(logits, run_command(golden("timm-vit"), x, "logits",
                                                      "--precision", precision))
            found.add(logits.tobytes())
        self.assertEqual(len(found), 3)

    def test_kept_layers_and_another_size_have_the_bits_of_the_command(self):
        x = golden_input("timm-vit")
        model = VisionTransformer.from_folder(golden("timm-vit"), precision="int8",
                                              keep=["blocks.0.fc1", "blocks.1.qkv"])
        self.assert_same_bits(model(x), run_command(
            golden("timm-vit"), x, "logits", "--precision", "int8", "--keep",
            "blocks.0.fc1,blocks.1.qkv"))
        same = VisionTransformer.from_folder(golden("timm-vit"), precision="int8",
                                             keep="blocks.0.fc1,blocks.1.qkv")
        self.assert_same_bits(same(x), model(x))
        big = VisionTransformer.from_folder(golden("timm-vit"), size=(64, 56))
        self.assertEqual((big.config.height, big.config.width, big.grid), (64, 56, (8, 7)))
        x = np.random.default_rng(1).standard_normal((2, 3, 64, 56), np.float32)
        self.assert_same_bits(big(x), run_command(golden("timm-vit"), x, "logits",
                                                  "--size", "64x56"))

    def test_classify_has_the_digits_of_the_command(self):
        paths = digits_images()
        model = VisionTransformer.from_folder(DIGITS)
        images = json.loads(command("classify", DIGITS, *paths, "--json", "--top", "10")[0])
        found = model.classify(paths, top_k=10)
        self.assertEqual(len(found), 360)
        for image, predictions in zip(images["images"], found):
            self.assertEqual([(p["label"], f"{p['probability']:.9g}")
                              for p in image["predictions"]],
                             [(p["label"], f"{p['score']:.9g}") for p in predictions])

    def test_sigmoid_and_regression_have_the_digits_of_the_command(self):
        for problem in ("multi_label_classification", "regression", None):
            with self.subTest(problem), edited(golden("hf-vit-classifier"),
                                               problem_type=problem) as folder:
                text = command("classify", folder, THREE, "--json")[0]
                predictions = json.loads(text)["images"][0]["predictions"]
                key = "logit" if problem == "regression" else "probability"
                self.assertEqual([(p["label"], f"{p[key]:.9g}") for p in predictions],
                                 [(p["label"], f"{p['score']:.9g}") for p in
                                  VisionTransformer.from_folder(folder).classify(THREE)])

    def test_embeddings_are_those_of_features(self):
        paths = digits_images()[:70]
        model = VisionTransformer.from_folder(DIGITS)
        self.assert_same_bits(model.encode_image(paths), command_array("features", DIGITS, *paths))

    def test_attention_maps_have_the_numbers_of_the_command(self):
        for name in (DIGITS, golden("timm-avg-fcnorm"), golden("hf-vit-classifier")):
            model = VisionTransformer.from_folder(name)
            for block, head in (("rollout", None), (-1, None), (0, 1)):
                found = model.attention_map(THREE, block, head)[0]
                arguments = ["--block", str(block % model.config.depth if block != "rollout"
                                            else block)]
                arguments += [] if head is None else ["--head", str(head)]
                caption = caption_of(name, *arguments)
                row, column = np.unravel_index(np.argmax(found), found.shape)
                self.assertIn(f"{100 * found.min():.2f} to {100 * found.max():.2f} % per patch, "
                              f"maximum at row {row}, column {column} of {found.shape[0]} × "
                              f"{found.shape[1]}; {100 * found.sum():.1f} %", caption)


def caption_of(model, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        return command("attention", model, THREE, *arguments, "-o",
                       os.path.join(folder, "a.png"))[1]


class edited:
    """A copy of a model whose config.json has other values; None removes one."""

    def __init__(self, path, **values):
        self.path, self.values = path, values

    def __enter__(self):
        self.folder = tempfile.mkdtemp()
        for name in os.listdir(self.path):
            shutil.copy(os.path.join(self.path, name), self.folder)
        config = os.path.join(self.folder, "config.json")
        with open(config, encoding="utf-8") as file:
            fields = {**json.load(file), **self.values}
        with open(config, "w", encoding="utf-8") as file:
            json.dump({k: v for k, v in fields.items() if v is not None}, file)
        return self.folder

    def __exit__(self, *exc):
        shutil.rmtree(self.folder)


class Reference(Case):
    def test_logits_are_those_of_the_reference_implementations(self):
        for name in golden_models():
            io = read_safetensors(os.path.join(golden(name), "io.safetensors"))
            if "logits" not in io or io["logits"].size == 0:
                continue
            found = VisionTransformer.from_folder(golden(name))(io["input"])
            error = np.abs(found.astype(np.float64) - io["logits"]).max()
            self.assertLessEqual(error, 5e-6 * np.abs(io["logits"]).max(), name)

    @needs("torch")
    def test_the_digits_model_has_the_predictions_of_torch(self):
        import torch
        weights = {k: torch.from_numpy(v.astype(np.float64)) for k, v in
                   read_safetensors(os.path.join(DIGITS, "model.safetensors")).items()}
        model = VisionTransformer.from_folder(DIGITS)
        x = model.processor(digits_images())
        expected = torch_vit(torch, weights, torch.from_numpy(x.astype(np.float64)), model.config)
        found = model(x)
        self.assertTrue((found.argmax(1) == expected.numpy().argmax(1)).all())
        self.assertLess(np.abs(found - expected.numpy()).max(),
                        5e-6 * np.abs(expected.numpy()).max())

    @needs("torch")
    def test_tensors_of_torch_are_arrays(self):
        import torch
        model = VisionTransformer.from_folder(DIGITS)
        x = torch.rand(3, 1, 8, 8)
        self.assert_same_bits(model(x), model(x.numpy()))
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "found float64"):
            model(x.double())
        image = torch.randint(0, 255, (20, 30, 3), dtype=torch.uint8)
        self.assertEqual(model.classify(image), model.classify(image.numpy()))


def torch_vit(torch, w, x, config):
    """The forward pass of timm's plain ViT, in the dtype of its arguments."""
    functional = torch.nn.functional
    dim, heads = config.dim, config.heads
    x = functional.conv2d(x, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"],
                          stride=config.patch).flatten(2).transpose(1, 2)
    x = torch.cat([w["cls_token"].expand(len(x), -1, -1), x], 1) + w["pos_embed"]

    def norm(x, name):
        return functional.layer_norm(x, (dim,), w[f"{name}.weight"], w[f"{name}.bias"], config.eps)

    def linear(x, name):
        return functional.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    for i in range(config.depth):
        block = f"blocks.{i}"
        qkv = linear(norm(x, f"{block}.norm1"), f"{block}.attn.qkv")
        q, k, v = qkv.reshape(len(x), -1, 3, heads, dim // heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) * (dim // heads) ** -0.5).softmax(-1)
        mixed = (weights @ v).transpose(1, 2).reshape(x.shape)
        x = x + linear(mixed, f"{block}.attn.proj")
        hidden = functional.gelu(linear(norm(x, f"{block}.norm2"), f"{block}.mlp.fc1"))
        x = x + linear(hidden, f"{block}.mlp.fc2")
    return linear(norm(x, "norm")[:, 0], "head")


def watch_calls(model, function, watch):
    """Calls watch(struct vit_call) at each forward pass that a function runs."""
    library = model._runtime.library

    def record(context, call, error):
        watch(call._obj)
        return library.vit_forward_call(context, call, error)
    wrapped = mock.Mock(wraps=library)
    wrapped.vit_forward_call, wrapped.vit_pool_run = record, library.vit_pool_run
    with mock.patch.object(model._runtime, "library", wrapped):
        return function()


class Copies(Case):
    """Arrays go by pointer: x, pixels, and the results."""

    def test_floats_and_results_stay_where_they_are(self):
        model = VisionTransformer.from_folder(DIGITS, threads=1)
        x, seen = np.zeros((20, 1, 8, 8), np.float32), []
        found = watch_calls(model, lambda: model(x), lambda call: seen.append(
            (call.batch, call.images, call.outputs[0].data)))
        self.assertEqual(seen, [(count, x[first:].ctypes.data, found[first:].ctypes.data)
                                for first, count in ((0, 8), (8, 8), (16, 4))])

    def test_pixels_stay_where_they_are(self):
        model = VisionTransformer.from_folder(DIGITS, threads=1)
        wide, seen = np.zeros((2, 8, 20, 1), np.uint8), []
        watch_calls(model, lambda: model(wide[:, :, 4:12]), lambda call: seen.extend(
            (call.pixels[i].pixels, call.pixels[i].stride) for i in range(2)))
        self.assertEqual(seen, [(wide[i, 0, 4:].ctypes.data, 20) for i in range(2)])

    @needs("torch")
    def test_tensors_of_torch_stay_where_they_are(self):
        import torch
        model = VisionTransformer.from_folder(DIGITS)
        x, seen = torch.rand(3, 1, 8, 8), []
        watch_calls(model, lambda: model(x), lambda call: seen.append(call.images))
        self.assertEqual(seen, [x.data_ptr()])


class Interface(Case):
    @classmethod
    def setUpClass(cls):
        cls.model = VisionTransformer.from_folder(DIGITS)
        cls.x = cls.model.processor(digits_images()[:5])

    def test_one_image_has_a_list_and_several_have_lists_in_hugging_faces_form(self):
        one = self.model.classify(THREE)
        self.assertEqual(len(one), 5)
        self.assertEqual(list(one[0]), ["label", "score"])
        self.assertEqual(one[0]["label"], "three")
        self.assertEqual(self.model.classify([THREE]), [one])
        self.assertEqual(self.model.classify(self.model.processor(THREE)), [one])
        self.assertEqual(len(self.model.classify(THREE, top_k=None)), 10)
        self.assertEqual(len(self.model.classify(THREE, top_k=99)), 10)
        self.assertEqual(self.model.classify(THREE, top_k=1), one[:1])
        self.assertAlmostEqual(sum(p["score"] for p in self.model.classify(THREE, None)), 1, 6)
        self.assertEqual(self.model.classify([]), [])

    def test_a_class_without_a_label_has_its_number(self):
        model = VisionTransformer.from_folder(golden("timm-vit"))
        self.assertEqual(model.labels, (None,) * 11)
        self.assertRegex(model.classify(THREE)[0]["label"], r"^LABEL_\d+$")

    def test_a_batch_does_not_change_the_bits(self):
        paths = digits_images()
        model = VisionTransformer.from_folder(DIGITS, threads=1)
        self.assertLess(model._runtime.max_batch, 100)
        x = model.processor(paths[:100])
        whole = model(x)
        for i in (0, 7, 8, 63, 64, 99):
            self.assert_same_bits(model(x[i:i + 1])[0], whole[i])
        self.assert_same_bits(self.model(x), whole, "threads")

    def test_an_empty_batch_has_an_empty_result(self):
        self.assertEqual(self.model(self.x[:0]).shape, (0, 10))
        self.assertEqual(self.model.forward_features(self.x[:0]).shape, (0, 17, 48))
        self.assertEqual(self.model.encode_image([]).shape, (0, 48))

    def test_intermediate_layers_are_patches_of_the_last_blocks(self):
        blocks = [self.model.output(self.x, "block", i) for i in range(4)]
        last = self.model.get_intermediate_layers(self.x, 2)
        self.assertEqual(len(last), 2)
        for layer, block in zip(last, blocks[2:]):
            self.assert_same_bits(np.ascontiguousarray(layer), block[:, 1:].copy())
        chosen = self.model.get_intermediate_layers(self.x, [3, -4], return_prefix_tokens=True)
        for (patches, prefix), block in zip(chosen, (blocks[3], blocks[0])):
            self.assert_same_bits(np.concatenate([prefix, patches], 1), block)
        image = self.model.get_intermediate_layers(self.x, 1, reshape=True)[0]
        self.assertEqual(image.shape, (5, 48, 4, 4))
        self.assertEqual(image[2, 5, 1, 3], blocks[3][2, 1 + 1 * 4 + 3, 5])
        for n in (0, 5, [], [4], [-5]):
            with self.assertRaises(libvit.InvalidArgumentError):
                self.model.get_intermediate_layers(self.x, n)

    def test_registers_are_prefix_tokens(self):
        model = VisionTransformer.from_folder(golden("timm-reg4-ls"))
        x = golden_input("timm-reg4-ls")
        patches, prefix = model.get_intermediate_layers(x, return_prefix_tokens=True)[0]
        self.assertEqual((patches.shape[1], prefix.shape[1]), (model.grid[0] * model.grid[1], 5))

    def test_attention_weights_sum_to_one(self):
        weights = self.model.attention(self.x)
        self.assertEqual(weights.shape, (5, 3, 17, 17))
        self.assertTrue(np.allclose(weights.sum(-1), 1, atol=1e-6))
        self.assert_same_bits(weights, self.model.output(self.x, "attention", 3))

    def test_normalized_vectors_have_length_one(self):
        vectors = self.model.encode_image(digits_images()[:9], normalize=True)
        self.assertTrue(np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6))
        plain = self.model.encode_image(digits_images()[:9])
        self.assertTrue(np.allclose(vectors * np.linalg.norm(plain, axis=1)[:, None], plain,
                                    atol=1e-5))
        self.assert_same_bits(vectors[4:5], self.model.encode_image(digits_images()[4],
                                                                    normalize=True))

    def test_a_projection_is_what_encode_image_returns(self):
        model = VisionTransformer.from_folder(golden("hf-clip"))
        x = golden_input("hf-clip")
        self.assertFalse(model.is_classifier)
        self.assert_same_bits(model.encode_image(x), model(x))
        with self.assertRaisesRegex(libvit.InvalidArgumentError, "a projection to 20 numbers"):
            model.classify(THREE)

    def test_a_model_describes_itself(self):
        model = self.model
        self.assertEqual((model.family, model.precision, model.grid), ("timm", "float32", (4, 4)))
        self.assertEqual(model.labels[3], "three")
        self.assertEqual((model.config.dim, model.config.activation, model.config.pool),
                         (48, "gelu", "class"))
        tensors = read_safetensors(os.path.join(DIGITS, "model.safetensors"))
        self.assertEqual(model.parameter_count, sum(t.size for t in tensors.values()))
        self.assertEqual(model.processor.config.interpolation, "bicubic")
        self.assertIn("4 blocks of 48", repr(model))
        self.assertEqual(VisionTransformer.from_folder(DIGITS, threads=3).threads, 3)

    def test_pixels_of_the_models_size_have_the_bits_of_normalized_floats(self):
        model = VisionTransformer.from_folder(golden("timm-vit"))
        pixels = np.random.default_rng(2).integers(0, 256, (3, 48, 48, 3), np.uint8)
        c = model.processor.config
        mean, std = np.float32(c.mean[0]), np.float32(c.std[0])
        floats = (pixels.astype(np.float32) / np.float32(255) - mean) / std
        floats = np.ascontiguousarray(floats.transpose(0, 3, 1, 2))
        self.assert_same_bits(model(pixels), model(floats))
        wide = np.zeros((3, 48, 60, 3), np.uint8)
        wide[:, :, 5:53] = pixels
        self.assert_same_bits(model(wide[:, :, 5:53]), model(pixels), "rows of a wider image")
        bgr = np.ascontiguousarray(pixels[..., ::-1])
        self.assert_same_bits(model(bgr[..., ::-1]), model(pixels), "BGR")


if __name__ == "__main__":
    unittest.main()
