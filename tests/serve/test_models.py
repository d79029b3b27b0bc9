"""test_models.py - settings, versions and reloads of models"""

import os
import shutil
import subprocess
import tempfile
import threading
import unittest

from support import (BINARY, BUILD, MODEL, Server, copied_model, exchange, get, http, infer,
                     infer_bytes, libvit_run, load, mapped_files, pixels, receive, running,
                     serving, tensor_request)


class Settings(unittest.TestCase):
    def threads(self, *arguments, **settings):
        """Of each context of a model with these settings."""
        with copied_model(**settings) as model, serving(model, *arguments) as server:
            parameters = get(server, '/v2/models/digits/config').json()['parameters']
        return int(parameters['threads']['string_value'])

    def test_the_contexts_of_each_model_share_the_processors(self):
        processors = self.threads()
        half = max(1, processors // 2)
        self.assertEqual(self.threads('--instances', '2'), half)
        self.assertEqual(self.threads(instances=2), half)
        self.assertEqual(self.threads('--instances', '2', instances=1), processors)
        self.assertEqual(self.threads(instances=256), 1)

    def test_the_threads_of_a_model_are_those_given_and_0_is_the_default(self):
        self.assertEqual(self.threads('--threads', '3', instances=2), 3)
        self.assertEqual(self.threads('--threads', '3', threads=2), 2)
        self.assertEqual(self.threads('--threads', '3', threads=0), self.threads())

    def test_settings_of_a_model_override_the_command_line(self):
        with copied_model(max_batch_size=2, precision='float16') as model, \
                serving(model, '--max-batch', '8') as server:
            config = get(server, '/v2/models/digits/config').json()
            self.assertEqual(config['max_batch_size'], 2)
            self.assertEqual(config['parameters']['precision']['string_value'], 'float16')
            answer = infer(server, tensor_request(1, **BINARY), pixels(1))
            self.assertEqual(answer.outputs(), libvit_run(pixels(1), '--precision', 'float16'))

    def test_a_setting_that_is_not_valid_is_an_error_that_names_it(self):
        for settings, fragment in (
                ({'max_batch_size': 0}, 'digits/serve.json: expected at least 1'),
                ({'max_batch_size': 'x'}, 'digits/serve.json: max_batch_size: .*, found "x"'),
                ({'max_batch': 1}, "found 'max_batch'"), ({'precision': 'int4'}, 'precision'),
                ({'version_policy': {'latest': 2}}, "found 'version_policy'"),
                ({'dynamic_batching': {'priority_levels': 2, 'default_priority_level': 3}},
                 'default_priority_level: expected 1 to 2')):
            with copied_model(**settings) as model:
                with self.assertRaisesRegex(AssertionError, fragment):
                    Server(model)


class Versions(unittest.TestCase):
    def test_the_highest_version_is_served_and_a_load_finds_a_higher_one(self):
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(MODEL, f'{directory}/digits/2')
            with serving('--model-repository', directory, '--model-control-mode',
                         'explicit') as server:
                self.assertEqual(get(server, '/v2/models/digits').json()['versions'], ['2'])
                shutil.copytree(MODEL, f'{directory}/digits/10')
                shutil.copytree(MODEL, f'{directory}/other')
                for name in ('digits', 'other'):
                    answer = load(server, name)
                    self.assertEqual(answer.status, 200, answer.body)
                found = exchange(server, http('POST', '/v2/repository/index')).json()
                self.assertEqual([(x['name'], x['version']) for x in found],
                                 [('digits', '10'), ('other', '1')])

    def test_a_load_that_fails_leaves_the_old_model_in_service(self):
        with copied_model() as model, \
                serving(model, '--model-control-mode', 'explicit') as server:
            os.truncate(f'{model}/model.safetensors', 1000)
            answer = load(server)
            self.assertEqual(answer.status, 400)
            self.assertIn('model.safetensors', answer.error())
            self.assertEqual(infer(server, tensor_request(1, **BINARY), pixels(1)).outputs(),
                             libvit_run(pixels(1)))

    def test_reloads_lose_no_request(self):
        with serving(MODEL, '--model-control-mode', 'explicit', '--instances', '2') as server:
            wrong, stop = [], threading.Event()
            expected = libvit_run(pixels(1))

            def client(_):
                with server.connect() as connection:
                    while not stop.is_set():
                        connection.sendall(infer_bytes(tensor_request(1, **BINARY), pixels(1)))
                        answer = receive(connection)
                        if not answer or answer.status != 200 or answer.outputs() != expected:
                            wrong.append(answer and answer.body)
                            return

            with running(8, client):
                for _ in range(20):
                    self.assertEqual(load(server).status, 200)
                stop.set()
            self.assertEqual(wrong, [])

    def test_a_request_that_names_another_version_is_404_and_the_index_has_the_one_served(self):
        request = infer_bytes(tensor_request(1, **BINARY), pixels(1))
        with tempfile.TemporaryDirectory() as directory:
            for version in ('1', '2'):
                shutil.copytree(MODEL, f'{directory}/digits/{version}')
            with serving(f'{directory}/digits') as server:
                found = exchange(server, http('POST', '/v2/repository/index')).json()
                self.assertEqual(found, [{'name': 'digits', 'version': '2', 'state': 'READY'}])
                for version, status in (('1', 404), ('2', 200), ('3', 404)):
                    path = f'/v2/models/digits/versions/{version}'
                    answer = exchange(server, request.replace(b'/digits/', b'/digits/versions/' +
                                                              version.encode() + b'/', 1))
                    self.assertEqual(answer.status, status)
                    for of in ('', '/config', '/stats'):
                        self.assertEqual(get(server, path + of).status, status)
                    self.assertEqual(get(server, path + '/ready').status, min(status, 400))
                    if status == 404:
                        self.assertEqual(answer.error(), "Request for unknown model: 'digits' "
                                         f'version {version} is not found')
                    else:
                        self.assertEqual(answer.json()['model_version'], version)

    def test_an_older_version_is_served_under_a_name_of_its_own(self):
        with tempfile.TemporaryDirectory() as directory:
            for version in ('1', '2'):
                shutil.copytree(MODEL, f'{directory}/digits/{version}')
            with serving(f'old={directory}/digits/1', f'{directory}/digits') as server:
                found = exchange(server, http('POST', '/v2/repository/index')).json()
        self.assertEqual([(x['name'], x['version']) for x in found],
                         [('digits', '2'), ('old', '1')])



def pack(model, path, *options):
    subprocess.run([f'{BUILD}/libvit', 'info', model, '--packed', path, *options], check=True,
                   capture_output=True)


class Packed(unittest.TestCase):
    """Weights from a file that `libvit info --packed` writes."""

    def asked(self, server):
        return infer(server, tensor_request(1, **BINARY), pixels(1)).outputs()

    def test_packed_weights_are_mapped_and_give_the_same_bits(self):
        for precision in ('float32', 'int8'):
            with copied_model(packed='model.packed', precision=precision) as model:
                pack(model, f'{model}/model.packed', '--precision', precision)
                with serving(model) as server:
                    self.assertIn(f'{model}/model.packed', mapped_files(server))
                    self.assertEqual(self.asked(server),
                                     libvit_run(pixels(1), '--precision', precision))

    def test_each_version_has_a_file_of_its_own_and_an_absolute_path_is_one_of_all(self):
        with tempfile.TemporaryDirectory() as directory:
            for version in ('1', '2'):
                shutil.copytree(MODEL, f'{directory}/digits/{version}')
            own, elsewhere = f'{directory}/digits/2/p', f'{directory}/elsewhere'
            for path in (own, elsewhere):
                pack(f'{directory}/digits/2', path)
            for option, path in (('p', own), (elsewhere, elsewhere)):
                with serving(f'{directory}/digits', '--packed', option) as server:
                    self.assertIn(path, mapped_files(server))
                    self.assertEqual(self.asked(server), libvit_run(pixels(1)))

    def test_a_load_maps_a_new_file_and_one_of_other_weights_fails_it(self):
        with copied_model(packed='p') as model:
            pack(model, f'{model}/p')
            with serving(model, '--model-control-mode', 'explicit') as server:
                other = f'{model}/other'
                shutil.copy(f'{model}/model.safetensors', other)
                os.utime(other, (1, 1))
                os.rename(other, f'{model}/model.safetensors')
                answer = load(server)
                self.assertEqual(answer.status, 400)
                self.assertRegex(answer.error(), 'digits: .*p: .*expected .*, found ')
                self.assertEqual(self.asked(server), libvit_run(pixels(1)))
                self.assertIn(f'{model}/p', mapped_files(server))
                pack(model, f'{model}/p')
                self.assertEqual(load(server).status, 200)
                self.assertEqual(self.asked(server), libvit_run(pixels(1)))
                self.assertNotIn(f'{model}/p (deleted)', mapped_files(server))

    def test_a_file_of_another_precision_is_an_error_that_names_both(self):
        with copied_model(packed='p', precision='int8') as model:
            with self.assertRaisesRegex(AssertionError, 'p: .*No such file'):
                Server(model)
            pack(model, f'{model}/p')
            with self.assertRaisesRegex(
                    AssertionError, 'expected "precision int8", found "precision float32"'):
                Server(model)


if __name__ == '__main__':
    unittest.main()
