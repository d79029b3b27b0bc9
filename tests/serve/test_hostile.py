"""test_hostile.py - a thousand hostile requests, slow clients, and load with reloads"""

import concurrent.futures
import json
import os
import random
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from support import (BINARY, INFER, MODEL, TIMEOUT, exchange, get, http, infer, infer_bytes,
                     libvit_run, load, pixels, receive, running, serving, tensor_request, until)

SEED = 20261127
SOAK_SECONDS = float(os.environ.get('SERVE_SOAK', '5'))
VALID = json.dumps(tensor_request(1, **BINARY)).encode()


def png_of(height, width):
    """The header of a picture of such a size, without its pixels."""
    return (b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + struct.pack('>II', height, width)
            + b'\x08\x02\0\0\0' + b'\0\0\0\0')


def truncated(rng):
    data = infer_bytes(VALID, pixels(1))
    return data[:rng.randrange(1, len(data))]


def false_lengths(rng):
    return http('POST', INFER, VALID + pixels(1), Inference_Header_Content_Length=rng.choice(
        [0, 1, len(VALID) - 1, len(VALID) + 1, 2**31, 2**32, 2**63, 2**64, -1, 'x', '1e3']))


def false_content_length(rng):
    length = rng.choice(['0', '1', '99999999999999999999', '-1', 'x', '5, 6', '67108865'])
    return (f'POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n'.encode()
            + VALID)


def huge_shape(rng):
    shape = [rng.choice([0, -1, 2**31, 2**32, 2**62, 2**63, 2**64, 1.5, 1e300, 'x', None, []])
             for _ in range(rng.randrange(10))]
    document = tensor_request(1)
    document['inputs'][0]['shape'] = shape
    return infer_bytes(document, pixels(1))


def wrong_type(rng):
    document = tensor_request(1, outputs=[{'name': 'logits', 'parameters': {'classification': 2}}])
    values = [None, True, 7, -7, 'x', [], {}, [[]], {'x': 1}, 1e400]
    target = document
    for _ in range(rng.randrange(4)):
        inner = [v for v in (target.values() if isinstance(target, dict) else target)
                 if isinstance(v, (dict, list)) and v]
        if inner:
            target = rng.choice(inner)
    key = rng.choice(list(target) if isinstance(target, dict) else range(len(target)))
    target[key] = rng.choice(values)
    return infer_bytes(document, pixels(1))


def flipped(rng):
    data = bytearray(infer_bytes(VALID, pixels(1)))
    for _ in range(rng.randrange(1, 6)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def deep(rng):
    return http('POST', INFER, rng.choice([b'[', b'{"inputs":[{"data":[', b'{"a":'])
                * rng.randrange(1, 20000))


def bad_picture(rng):
    picture = rng.choice([png_of(2**31 - 1, 2**31 - 1), png_of(65535, 65535), b'\xff\xd8\xff',
                          b'RIFF\xff\xff\xff\xffWEBPVP8 ', rng.randbytes(1000), b''])
    return http('POST', INFER, picture, Inference_Header_Content_Length=0)


def bad_compression(rng):
    return http('POST', INFER, rng.randbytes(500), Content_Encoding=rng.choice(
        ['gzip', 'deflate', 'br', '\x01']))


def noise(rng):
    return rng.randbytes(rng.randrange(1, 3000))


def long_header(rng):
    return http('GET', '/v2', X='y' * rng.choice([1000, 60000, 200000]))


def chunks(rng):
    size = rng.choice([b'ffffffffffffffffff', b'-1', b'x', b'5', b''])
    return (f'POST {INFER} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'.encode()
            + size + b'\r\nhello\r\n' + rng.choice([b'0\r\n\r\n', b'']))


ATTACKS = [truncated, false_lengths, false_content_length, huge_shape, wrong_type, flipped, deep,
           bad_picture, bad_compression, noise, long_header, chunks]


def sanitized():
    """Sanitizers keep memory that is freed."""
    parts = os.environ.get('VIT_BUILD', '').split('/')
    return bool({'sanitized', 'threads', 'threads-alone', 'asan', 'tsan'} & set(parts))


def attack(server, data):
    """Sends bytes; the answer, or None if the connection is closed without one."""
    with server.connect() as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass
        try:
            return receive(connection)
        except (OSError, ValueError):
            return None


class Hostile(unittest.TestCase):
    def check(self, kind, answer, codes):
        """The answer to an attack, which may be none: libmicrohttpd then closed the connection."""
        code = answer.status if answer else 'none'
        codes[code] = codes.get(code, 0) + 1
        if answer and answer.headers.get('content-type') == 'application/json':
            self.assertTrue(answer.status == 200 or answer.error(), kind)
        elif answer:  # libmicrohttpd's own, or a reply to what was valid after all
            self.assertIn(code, (200, 400, 413, 414, 431, 501, 505), kind)

    def test_a_thousand_hostile_requests_do_no_harm(self):
        rng, codes, memory = random.Random(SEED), {}, []
        expected = libvit_run(pixels(1))
        attacks = [(ATTACKS[i % len(ATTACKS)], ATTACKS[i % len(ATTACKS)](rng))
                   for i in range(1008)]
        with serving(MODEL, '--receive-timeout', '1', '--max-body', '1000000') as server, \
                concurrent.futures.ThreadPoolExecutor(24) as pool:
            for begin in range(0, len(attacks), 168):
                part = attacks[begin:begin + 168]
                answers = pool.map(lambda one: attack(server, one[1]), part)
                for (kind, _), answer in zip(part, answers):
                    self.check(kind.__name__, answer, codes)
                self.assertEqual(infer(server, VALID, pixels(1)).outputs(), expected)
                memory.append(server.memory_kib())
        self.assertEqual(sum(codes.values()), 1008)
        print(f'hostile: {codes}, {memory} KiB')
        self.assertGreater(codes[400], 400)
        self.assertGreater(codes[413], 20)
        self.assertLess(codes['none'], 300)
        if not sanitized():
            self.assertLess(memory[-1], memory[1] + 20000)

    def test_a_client_that_sends_a_byte_now_and_then_is_disconnected(self):
        for request in (http('GET', '/v2'), http('POST', INFER, VALID)):
            with serving(MODEL, '--receive-timeout', '1') as server:
                with server.connect() as connection:
                    begin, ended = time.monotonic(), False
                    while not ended and time.monotonic() < begin + TIMEOUT:
                        try:
                            connection.sendall(request[:1])
                            request = request[1:] if len(request) > 2 else request
                            connection.settimeout(0.2)
                            ended = connection.recv(1000) == b''
                        except TimeoutError:
                            pass
                        except OSError:
                            ended = True
                    self.assertTrue(ended)
                self.assertEqual(get(server, '/v2/health/live').status, 200)

    def test_connections_beyond_the_limit_do_not_stop_those_before(self):
        with serving(MODEL, '--max-connections', '16', '--receive-timeout', '5') as server:
            with server.connect() as first:
                first.sendall(http('GET', '/v2'))
                self.assertEqual(receive(first).status, 200)
                others = [server.connect() for _ in range(60)]
                first.sendall(http('GET', '/v2/health/live'))
                self.assertEqual(receive(first).status, 200)
                for other in others:
                    other.close()
            answer = until(lambda: exchange(server, http('GET', '/v2')), 'an answer')
            self.assertEqual(answer.status, 200)


class Soak(unittest.TestCase):
    def test_64_connections_with_reloads_get_libvit_runs_bits_in_constant_memory(self):
        """SERVE_SOAK seconds, and nine reloads."""
        expected = [libvit_run(pixels(n, n)) for n in range(1, 5)]
        wrong, stop, done = [], threading.Event(), [0] * 64

        def client(server, i):
            n = i % 4 + 1
            request = infer_bytes(tensor_request(n, **BINARY), pixels(n, n))
            with server.connect() as connection:
                while not stop.is_set():
                    connection.sendall(request)
                    answer = receive(connection)
                    if not answer or answer.status != 200 or answer.outputs() != expected[n - 1]:
                        wrong.append(answer and answer.body[:300])
                        return
                    done[i] += 1

        with serving(MODEL, '--model-control-mode', 'explicit', '--instances', '2') as server:
            begin, memory = time.monotonic(), []
            with running(64, client, server):
                while not wrong and (time.monotonic() < begin + SOAK_SECONDS or len(memory) < 9):
                    answer = load(server)
                    self.assertEqual(answer.status, 200)
                    memory.append(server.memory_kib())
                    time.sleep(SOAK_SECONDS / 100)
                stop.set()
        self.assertEqual(wrong, [])
        self.assertTrue(all(done), done)
        third = len(memory) // 3
        print(f'soak: {sum(done)} requests, {len(memory)} reloads, '
              f'{max(memory[third:2 * third])} then {max(memory[2 * third:])} KiB')
        if not sanitized():
            self.assertLess(max(memory[2 * third:]), 1.2 * max(memory[third:2 * third]))


class Tls(unittest.TestCase):
    def test_replies_over_tls_have_the_same_bits(self):
        with tempfile.TemporaryDirectory() as directory:
            key, certificate = f'{directory}/key.pem', f'{directory}/certificate.pem'
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days',
                            '2', '-subj', '/CN=localhost', '-addext',
                            'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
                           check=True, capture_output=True)
            with serving(MODEL, '--certificate', certificate, '--key', key) as server:
                context = ssl.create_default_context(cafile=certificate)
                with context.wrap_socket(server.connect(),
                                         server_hostname='127.0.0.1') as connection:
                    connection.sendall(infer_bytes(VALID, pixels(1)))
                    self.assertEqual(receive(connection).outputs(), libvit_run(pixels(1)))
                self.assertTrue(server.url.startswith('https'))
            with self.assertRaisesRegex(AssertionError, 'PEM'):
                with serving(MODEL, '--certificate', key, '--key', key):
                    pass


if __name__ == '__main__':
    unittest.main()
