"""test_protocol.py - Open Inference Protocol v2: a real client's requests, bits, errors"""

import base64
import glob
import gzip
import json
import os
import struct
import unittest
import zlib

from support import (BINARY, ELEMENTS, IMAGE, INFER, MODEL, OUTPUTS, exchange, get, http, infer,
                     libvit_preprocess, libvit_run, pixels, receive, serving, tensor_request)


def recorded(number):
    """A recorded request, byte for byte."""
    with open(glob.glob(f'tests/serve/requests/{number:02}-*.http')[0], 'rb') as file:
        return file.read()


def raw(server, body, length=0):
    """The answer to a body that is one picture, or of which the header says another length."""
    return exchange(server, http('POST', INFER, body, Inference_Header_Content_Length=length))


class Recorded(unittest.TestCase):
    """The requests of Triton's Python client, as it sent them."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(MODEL, '--model-control-mode', 'explicit'))
        tail = recorded(11).split(b'\r\n\r\n', 1)[1][151:]
        cls.expected = libvit_run(tail)

    def replay(self, number, status=200):
        answer = exchange(self.server, recorded(number))
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def test_health_has_no_body(self):
        for number in (0, 1, 3):
            self.assertEqual(self.replay(number).body, b'')

    def test_metadata_names_inputs_and_outputs(self):
        self.assertEqual(self.replay(2).json()['name'], 'libvit')
        model = self.replay(4).json()
        self.assertEqual([(x['name'], x['datatype'], x['shape']) for x in model['inputs']],
                         [('pixel_values', 'FP32', [-1, 1, 8, 8]), ('image', 'BYTES', [-1])])
        self.assertEqual([(x['name'], x['shape']) for x in model['outputs']],
                         [('logits', [-1, 10]), ('embedding', [-1, 48]), ('tokens', [-1, 17, 48])])
        self.assertEqual(self.replay(5).json()['max_batch_size'], 16)
        self.assertEqual(self.replay(7).json(),
                         [{'name': 'digits', 'version': '1', 'state': 'READY'}])

    def test_an_unknown_model_is_404_with_a_sentence(self):
        self.assertIn("'nope'", self.replay(10, 404).error())

    def test_binary_answers_are_libvit_runs_bit_for_bit(self):
        for number in (11, 16, 17, 18):
            answer = self.replay(number)
            self.assertEqual(answer.headers['content-type'], 'application/octet-stream')
            self.assertEqual(answer.outputs(), self.expected)

    def test_json_numbers_are_the_same_floats(self):
        for name, values in self.replay(12).outputs().items():
            self.assertEqual(struct.pack(f'<{len(values)}f', *values), self.expected[name], name)

    def test_classification_is_value_index_label(self):
        texts, data = [], self.replay(13).outputs()['logits']
        while data:
            size = struct.unpack('<I', data[:4])[0]
            texts.append(data[4:4 + size].decode().split(':'))
            data = data[4 + size:]
        logits = struct.unpack('<10f', self.expected['logits'])
        best = sorted(range(10), key=lambda i: (-logits[i], i))[:3]
        with open(f'{MODEL}/labels.txt', encoding='utf-8') as file:
            labels = file.read().split('\n')
        self.assertEqual([int(text[1]) for text in texts], best)
        self.assertEqual([text[2] for text in texts], [labels[i] for i in best])
        for text in texts:
            self.assertEqual(struct.pack('<f', float(text[0])),
                             struct.pack('<f', logits[int(text[1])]))

    def test_a_batch_has_its_id_and_the_outputs_in_order(self):
        request = recorded(14)
        answer = self.replay(14)
        document = answer.json()
        self.assertEqual(document['id'], 'a-42')
        self.assertEqual([(x['name'], x['shape']) for x in document['outputs']],
                         [('logits', [3, 10]), ('embedding', [3, 48])])
        expected = libvit_run(request.split(b'\r\n\r\n', 1)[1][241:])
        for name, data in answer.outputs().items():
            self.assertEqual(data, expected[name], name)

    def test_an_image_is_decoded_and_preprocessed_as_by_the_command(self):
        expected = libvit_run(libvit_preprocess(IMAGE))
        self.assertEqual(self.replay(19).outputs(), expected)
        self.assertEqual(self.replay(15).json()['outputs'][0]['shape'], [1, 5])

    def test_unload_and_load(self):
        self.replay(9)
        self.assertEqual(self.replay(7).json()[0]['state'], 'UNAVAILABLE')
        self.replay(3, 400)
        self.replay(11, 400)
        self.assertEqual(self.replay(1).status, 200)  # what was unloaded need not be ready
        self.replay(8)
        self.replay(3)
        self.assertEqual(self.replay(11).outputs(), self.expected)

    def test_what_a_load_does_not_do_is_refused(self):
        path = '/v2/repository/models/digits/load'
        for body, fragment in ((b'{"parameters":{"config":"{}"}}', "no parameter, found 'config'"),
                               (b'{"other":1}', "no parameter, found 'other'"),
                               (b'nonsense', 'expected a JSON object'), (b'[]', 'a JSON object')):
            answer = exchange(self.server, http('POST', path, body))
            self.assertEqual((answer.status, fragment in answer.error()), (400, True), body)
        for body in (b'', b'{}', b'{"parameters":{}}'):
            self.assertEqual(exchange(self.server, http('POST', path, body)).status, 200, body)

    def test_the_index_has_the_models_that_are_ready_if_asked(self):
        def index(body):
            return exchange(self.server, http('POST', '/v2/repository/index', body))

        control = '/v2/repository/models/digits/'
        exchange(self.server, http('POST', control + 'unload'))
        self.assertEqual(len(index(b'').json()), 1)
        self.assertEqual(len(index(b'{"ready":false}').json()), 1)
        self.assertEqual(index(b'{"ready":true}').json(), [])
        self.assertEqual(index(b'{"ready":1}').status, 400)
        exchange(self.server, http('POST', control + 'load'))
        self.assertEqual(len(index(b'{"ready":true}').json()), 1)

    def test_requests_on_one_connection_are_answered_in_order(self):
        with self.server.connect() as connection:
            for number in (0, 11, 10, 4, 11):
                connection.sendall(recorded(number))
                answer = receive(connection)
                self.assertEqual(answer.status, 404 if number == 10 else 200)
                if number == 11:
                    self.assertEqual(answer.outputs(), self.expected)


class Images(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(MODEL, '--max-pixels', '4096'))
        cls.files = sorted(glob.glob(f'{MODEL}/test/[0-4]/*.png'))[:5]
        cls.pictures = []
        for name in cls.files:
            with open(name, 'rb') as file:
                cls.pictures.append(file.read())

    def request(self, count, **members):
        return {'inputs': [{'name': 'image', 'shape': [count], 'datatype': 'BYTES', **members}]}

    def expected(self, name):
        return libvit_run(b''.join(libvit_preprocess(file) for file in self.files))[name]

    def test_base64_and_binary_elements_give_the_same_bits(self):
        tail = b''.join(struct.pack('<I', len(x)) + x for x in self.pictures)
        document = self.request(5, parameters={'binary_data_size': len(tail)})
        document.update(BINARY)
        binary = infer(self.server, document, tail)
        text = self.request(5, data=[base64.b64encode(x).decode() for x in self.pictures])
        text.update(BINARY)
        for answer in (binary, infer(self.server, text)):
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(answer.outputs()['logits'], self.expected('logits'))

    def test_what_is_no_picture_is_an_error_that_names_the_element(self):
        bad = self.pictures[:1] + [b'GIF89a', b'']
        text = self.request(3, data=[base64.b64encode(x).decode() for x in bad])
        answer = infer(self.server, text)
        self.assertEqual(answer.status, 400)
        self.assertIn('image 1', answer.error())
        self.assertEqual(raw(self.server, b'').status, 400)

    def test_a_picture_beyond_the_limit_of_pixels_is_refused(self):
        def chunk(kind, data):
            body = kind + data
            return struct.pack('>I', len(data)) + body + struct.pack('>I', zlib.crc32(body))
        rows = zlib.compress((b'\0' + bytes(65)) * 65)
        png = (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 65, 65, 8, 0, 0, 0, 0))
               + chunk(b'IDAT', rows) + chunk(b'IEND', b''))
        answer = raw(self.server, png)
        self.assertEqual(answer.status, 400)
        self.assertIn('4096', answer.error())


def with_input(**members):
    base = {'name': 'pixel_values', 'shape': [1, 1, 8, 8], 'datatype': 'FP32', 'data': [0] * 64}
    return {'inputs': [{**base, **members}]}


# A document, and a fragment of the sentence about it.
REFUSED = [
    (b'', 'JSON'),
    (b'{', 'JSON'),
    (b'{"inputs":[]} x', 'JSON'),
    (b'[]', 'expected an object'),
    (b'"inputs"', 'expected an object'),
    (b'{"inputs":[]}', 'found none'),
    (b'{"inputs":{}}', 'inputs: expected an array'),
    (b'{"inputs":[1]}', 'inputs[0]: expected an object'),
    (b'{"inputs":[{}]}', 'found none'),
    (b'{"id":1,"inputs":[]}', 'id: expected a string'),
    (b'\xff', 'JSON'),
    (b'{"id":"\xff"}', 'JSON'),
    (b'[' * 200, 'expected an object'),
    (b'{"x":' + b'[' * 200, '100 levels'),
    (b'{"inputs":[{"data":' + b'[' * 100, '100 levels'),
    ({'inputs': [{}, {}]}, 'found more'),
    (with_input(name='x'), "found 'x'"),
    (with_input(name='n' * 64), '63 characters'),
    (with_input(name=''), '63 characters'),
    (with_input(datatype='FP64'), 'expected FP32'),
    (with_input(shape=[1, 1, 8]), 'expected [batch, 1, 8, 8]'),
    (with_input(shape=[1, 8, 8, 1]), 'expected [batch, 1, 8, 8], found [1, 8, 8, 1]'),
    (with_input(shape=[0, 1, 8, 8]), '1 to 16, found 0'),
    (with_input(shape=[17, 1, 8, 8]), '1 to 16, found 17'),
    (with_input(shape=[2**60, 1, 8, 8]), f'found {2**60}'),
    (with_input(shape=[2**64, 1, 8, 8]), 'inputs[0].shape: expected whole numbers'),
    (with_input(shape=[-1, 1, 8, 8]), 'inputs[0].shape: expected whole numbers'),
    (with_input(shape=[1.5, 1, 8, 8]), 'inputs[0].shape: expected whole numbers'),
    (with_input(shape=['1', 1, 8, 8]), 'inputs[0].shape: expected whole numbers'),
    (with_input(shape=[1] * 9), 'at most 8 dimensions'),
    (with_input(data=[0] * 63), 'expected 64 numbers, found 63'),
    (with_input(data=[0] * 65), 'expected 64 numbers, found 65'),
    (with_input(data=['AA=='] * 64), 'found 0 and strings'),
    (with_input(data=['?']), 'base64'),
    (with_input(data=['A']), 'base64'),
    (with_input(data=['AA=='] * 1025), 'at most 1024 strings'),
    (with_input(data=[None]), 'found null'),
    (with_input(data=[True]), 'found true or false'),
    (with_input(data=[{}]), 'found an object'),
    (with_input(data=7), 'inputs[0].data: expected an array'),
    (json.dumps(with_input(data=['#'])).replace('"#"', '1e39').encode(), 'float32'),
    (json.dumps(with_input(data=['#'])).replace('"#"', '1' * 600).encode(), '511 characters'),
    (with_input(parameters={'binary_data_size': 256}), 'found both'),
    (with_input(parameters={'binary_data_size': -1}), 'a whole number'),
    (with_input(parameters={'shared_memory_region': 'x'}), 'shared_memory_region'),
    ({**with_input(), 'parameters': {'sequence_id': 1}}, 'sequence_id'),
    ({**with_input(), 'parameters': {'priority': -1}}, 'a whole number'),
    ({**with_input(), 'parameters': {'timeout': 'x'}}, 'a whole number'),
    ({**with_input(), 'outputs': [{'name': 'probabilities'}]}, "found 'probabilities'"),
    ({**with_input(), 'outputs': [{'name': 'logits'}] * 17}, 'at most 16'),
    ({**with_input(), 'outputs': [{'name': 'embedding', 'parameters': {'classification': 1}}]},
     'classification of logits'),
    ({**with_input(), 'outputs': [{'name': 'logits', 'parameters': {'classification': 0}}]},
     'a number of classes'),
]


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(MODEL, '--max-body', '100000'))

    def refused(self, status, fragment, answer):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers['content-type'], 'application/json')
        self.assertIn(fragment, answer.error())

    def test_a_malformed_document_is_400_with_a_sentence(self):
        for document, fragment in REFUSED:
            with self.subTest(str(document)[:60]):
                self.refused(400, fragment, infer(self.server, document))

    def test_lengths_that_do_not_agree_are_400(self):
        data = pixels(1)
        for tail in (data[:-1], data + b'x', b''):
            self.refused(400, 'binary_data_size', infer(self.server, tensor_request(1), tail))
        text = json.dumps(tensor_request(1)).encode()
        for length in ('-1', '99999', '1x', '', ' ', '18446744073709551617'):
            answer = raw(self.server, text + data, length)
            self.refused(400, 'Inference-Header-Content-Length', answer)

    def test_elements_of_bytes_with_false_lengths_are_400(self):
        for tail, fragment in ((b'\x05\0\0\0abc', 'expected 5 bytes, found 3'),
                               (b'\xff\xff\xff\xffabc', 'expected 4294967295 bytes, found 3'),
                               (b'\0\0', '4 bytes of length, found 2'),
                               (b'', '4 bytes of length, found 0')):
            document = {'inputs': [{'name': 'image', 'shape': [1], 'datatype': 'BYTES',
                                    'parameters': {'binary_data_size': len(tail)}}]}
            self.refused(400, fragment, infer(self.server, document, tail))

    def test_paths_and_methods(self):
        for path in ('/nothing', '/v2/', '/v2/models', '/v2/models/digits/versions/0',
                     '/v2/models/digits/versions/2', '/v2/models/digits/versions/x/ready',
                     '/v2/models//infer', '/v2/models/' + 'x' * 64, '/v2/models/%ff%0a'):
            answer = get(self.server, path)
            self.assertEqual(answer.status, 200 if path == '/v2/' else 404, path)
        self.refused(405, 'expected POST, found GET', get(self.server, INFER))
        answer = exchange(self.server, http('DELETE', '/v2'))
        self.refused(405, 'expected GET, HEAD, found DELETE', answer)
        self.assertEqual(answer.headers['allow'], 'GET, HEAD')
        self.refused(400, 'model-control-mode', exchange(
            self.server, http('POST', '/v2/repository/models/digits/unload', b'{}')))

    def test_bodies_beyond_the_limit_are_413(self):
        self.refused(413, '100000', infer(self.server, b' ' * 100001))
        self.refused(413, '65536', exchange(
            self.server, http('POST', '/v2/repository/index', b' ' * 65537)))
        self.refused(413, '100000', infer(self.server, gzip.compress(b' ' * 100001),
                                          Content_Encoding='gzip'))
        chunks = b'fff\r\n' + b' ' * 0xfff + b'\r\n'
        head = (b'POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\n'
                b'Transfer-Encoding: chunked\r\n\r\n')
        self.refused(413, '100000', exchange(self.server, head + chunks * 30 + b'0\r\n\r\n'))

    def test_compressed_bodies(self):
        text = json.dumps({**with_input(), **BINARY}).encode()
        expected = infer(self.server, text).outputs()
        for encoding, data in (('gzip', gzip.compress(text)), ('deflate', zlib.compress(text)),
                               ('identity', text)):
            answer = infer(self.server, data, Content_Encoding=encoding)
            self.assertEqual(answer.outputs(), expected)
        self.refused(400, 'Content-Encoding', infer(self.server, gzip.compress(text)[:-9],
                                                    Content_Encoding='gzip'))
        self.refused(400, 'Content-Encoding', infer(self.server, text, Content_Encoding='gzip'))
        self.refused(400, '1 bytes after it', infer(self.server, gzip.compress(text) + b'x',
                                                    Content_Encoding='gzip'))
        self.refused(415, "found 'br'", infer(self.server, text, Content_Encoding='br'))

    def test_a_tensor_has_the_same_bits_behind_json_of_any_length(self):
        expected = libvit_run(pixels(1))
        for length in range(4):
            text = json.dumps(tensor_request(1, **BINARY)).encode() + b' ' * length
            self.assertEqual(infer(self.server, text, pixels(1)).outputs(), expected)
            answer = exchange(self.server, http(
                'POST', INFER, gzip.compress(text + pixels(1)), Content_Encoding='gzip',
                Inference_Header_Content_Length=len(text)))
            self.assertEqual(answer.outputs(), expected)

    def test_numbers_that_json_lacks_are_an_error_and_binary_has_them(self):
        data = struct.pack('<f', float('nan')) * ELEMENTS
        self.refused(400, 'finite', infer(self.server, tensor_request(1), data))
        answer = infer(self.server, tensor_request(1, **BINARY), data)
        self.assertEqual(answer.outputs()['logits'], libvit_run(data)['logits'])


class Models(unittest.TestCase):
    def test_every_batch_has_the_bits_of_libvit_run(self):
        with serving(MODEL, '--instances', '2', '--threads', '2') as server:
            for batch in range(1, 17):
                data = pixels(batch, batch)
                answer = infer(server, tensor_request(batch, **BINARY), data)
                self.assertEqual(answer.outputs(), libvit_run(data), batch)

    def test_precision_is_a_setting_of_each_model(self):
        data = pixels(2)
        with serving(f'eight={MODEL}', '--precision', 'int8', '--keep', 'blocks.0.fc1') as server:
            answer = infer(server, tensor_request(2, **BINARY), data, path='/v2/models/eight/infer')
            self.assertEqual(answer.outputs(), libvit_run(data, '--precision', 'int8',
                                                          '--keep', 'blocks.0.fc1'))

    def test_a_projection_is_an_output_and_is_not_classified(self):
        values = {'inputs': [{'name': 'pixel_values', 'shape': [1, 3, 32, 32], 'datatype': 'FP32',
                              'data': [0.5] * 3072}]}
        with serving('clip=tests/golden/hf-clip-vision-projection') as server:
            path = '/v2/models/clip/infer'
            answer = infer(server, {**values, 'outputs': [
                {'name': 'logits', 'parameters': {'classification': 2}}]}, path=path)
            self.assertEqual(answer.status, 400)
            self.assertIn('outputs[0]: expected classification by a head that classifies, found '
                          'a projection to 20 numbers', answer.error())
            answer = infer(server, {**values, 'outputs': [{'name': 'logits'}]}, path=path)
            self.assertEqual(answer.json()['outputs'][0]['shape'], [1, 20])
            self.assertEqual(len(answer.outputs()['logits']), 20)
            config = get(server, '/v2/models/clip/config').json()
            self.assertNotIn('scores', config['parameters'])

    def test_what_cannot_be_served_ends_with_status_2_and_a_sentence(self):
        for arguments, fragment in (
                ([], "expected a model's directory"), (['/nonexistent'], '/nonexistent'),
                (['tests'], 'tests: '), ([MODEL, MODEL], 'found two'),
                ([f'a/b={MODEL}'], 'expected a name'), ([MODEL, '--max-batch', '0'], '--max-batch'),
                ([MODEL, '--max-batch'], '--max-batch'), ([MODEL, '--no'], "found '--no'"),
                ([MODEL, '--precision', 'int4'], '--precision'),
                ([MODEL, '--certificate', 'x'], '--certificate and --key'),
                ([MODEL, '--keep', 'nothing'], 'nothing'),
                ([MODEL, '--listen', '127.0.0.1:65536'], 'expected ADDRESS:PORT'),
                ([MODEL, '--listen', '127.0.0.1:'], 'expected ADDRESS:PORT'),
                ([MODEL, '--listen', '127.0.0.1:http'], 'expected ADDRESS:PORT')):
            with self.subTest(arguments):
                with self.assertRaisesRegex(AssertionError, 'no server'):
                    self.fails(arguments, fragment)

    def fails(self, arguments, fragment):
        try:
            with serving(*arguments):
                pass
        except AssertionError as error:
            self.assertIn(fragment, str(error))
            raise

    def test_the_outputs_are_the_commands(self):
        self.assertEqual(set(OUTPUTS), {'logits', 'embedding', 'tokens'})
        self.assertTrue(os.path.exists(IMAGE))


if __name__ == '__main__':
    unittest.main()
