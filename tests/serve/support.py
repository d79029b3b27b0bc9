"""support.py - starts servers, speaks to them, and runs the command they are compared with"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

BUILD = os.environ.get('VIT_BUILD', 'build')
MODEL = 'models/digits'
IMAGE = 'models/digits/test/3/0060.png'
ELEMENTS = 64  # of one image of the model
INFER = '/v2/models/digits/infer'
BINARY = {'parameters': {'binary_data_output': True}}  # of a request: all outputs are binary
OUTPUTS = {'logits': 'logits', 'embedding': 'embedding', 'tokens': 'last_hidden_state'}
# Seconds after which a test has failed, on any machine.
TIMEOUT = int(os.environ.get('SERVE_TIMEOUT', '120'))


class Server:
    """libvit-serve with these arguments, on a free port; or an error if it does not start."""

    def __init__(self, *arguments, environment=None):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [f'{BUILD}/libvit-serve', '--listen', '127.0.0.1:0', *arguments],
            stdout=subprocess.PIPE, stderr=self.errors, env={**os.environ, **(environment or {})})
        line = self.process.stdout.readline().decode()
        found = re.search(r'listening on (https?)://127.0.0.1:(\d+)', line)
        if not found:
            self.process.wait()
            raise AssertionError(f'no server: {self.error_text()}')
        self.port = int(found[2])
        self.url = f'{found[1]}://127.0.0.1:{self.port}'

    def error_text(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def stop(self, number=signal.SIGTERM):
        """Sends a signal and returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(TIMEOUT)
        self.process.stdout.close()
        return status

    def connect(self):
        return socket.create_connection(('127.0.0.1', self.port), TIMEOUT)

    def memory_kib(self):
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as status:
            return int(re.search(r'VmRSS:\s*(\d+)', status.read())[1])


@contextlib.contextmanager
def serving(*arguments, **options):
    """A server that ends with status 0, and without a word from a sanitizer."""
    server = Server(*arguments, **options)
    try:
        yield server
    except BaseException:
        server.process.kill()
        server.stop()
        raise
    status = server.stop()
    errors = server.error_text()
    server.errors.close()
    assert status == 0 and 'Sanitizer' not in errors, f'status {status}: {errors[-4000:]}'


def until(probe, what):
    """Calls probe until its result is true, and returns that."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f'{what}: expected within {TIMEOUT} seconds')


@contextlib.contextmanager
def running(count, target, *arguments):
    """Threads that call target(*arguments, i) for each i. What is in this ends after them."""
    threads = [threading.Thread(target=target, args=(*arguments, i), daemon=True)
               for i in range(count)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(TIMEOUT)


class Answer:
    """A response: its status, its headers by their lower-case names, its body."""

    def __init__(self, head, body):
        lines = head.decode('latin-1').split('\r\n')
        self.status = int(lines[0].split()[1])
        self.headers = {n.lower(): v.strip() for n, v in (x.split(':', 1) for x in lines[1:])}
        self.body = body

    def json(self):
        size = self.headers.get('inference-header-content-length')
        return json.loads(self.body[:int(size)] if size else self.body)

    def error(self):
        return self.json()['error']

    def outputs(self):
        """The outputs by name: bytes if binary, otherwise the list of the JSON."""
        size = int(self.headers.get('inference-header-content-length', len(self.body)))
        found, at = {}, size
        for output in self.json()['outputs']:
            count = output.get('parameters', {}).get('binary_data_size')
            found[output['name']] = self.body[at:at + count] if count else output['data']
            at += count or 0
        assert at == len(self.body), f'{at} of {len(self.body)} bytes'
        return found


def receive(connection):
    """The next response on a connection; None if it is closed without one."""
    data = b''
    while b'\r\n\r\n' not in data:
        try:
            more = connection.recv(65536)
        except ConnectionError:
            more = b''
        if not more:
            return None
        data += more
    head, body = data.split(b'\r\n\r\n', 1)
    if b' 100 Continue' in head.split(b'\r\n')[0]:
        return receive(connection)
    found = re.search(rb'\r\ncontent-length: *(\d+)', head.lower())
    size = int(found[1]) if found else 0
    while len(body) < size:
        more = connection.recv(1 << 20)
        if not more:
            return None
        body += more
    return Answer(head, body)


def exchange(server, data):
    """Sends bytes on a connection of their own, and returns the response."""
    with server.connect() as connection:
        connection.sendall(data)
        return receive(connection)


def http(method, path, body=b'', **headers):
    """The bytes of a request; in the names of headers '_' stands for '-'."""
    lines = [f'{method} {path} HTTP/1.1', 'Host: test']
    lines += [f'{name.replace("_", "-")}: {value}' for name, value in headers.items()]
    if body or method == 'POST':
        lines.append(f'Content-Length: {len(body)}')
    return '\r\n'.join(lines).encode('latin-1') + b'\r\n\r\n' + body


def get(server, path):
    return exchange(server, http('GET', path))


def infer_bytes(document, tail=None, path=INFER, **headers):
    """The bytes of an inference request: a document, or its text, and the bytes after it."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    if tail is not None:
        headers['Inference_Header_Content_Length'] = len(text)
    return http('POST', path, text + (tail or b''), **headers)


def infer(server, *arguments, **options):
    """The answer to infer_bytes of these arguments."""
    return exchange(server, infer_bytes(*arguments, **options))


def write_settings(directory, **settings):
    with open(f'{directory}/serve.json', 'w', encoding='utf-8') as file:
        json.dump(settings, file)


@contextlib.contextmanager
def copied_model(**settings):
    """The directory of a copy of the model, with these settings in its serve.json."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(MODEL, f'{directory}/digits')
        write_settings(f'{directory}/digits', **settings)
        yield f'{directory}/digits'


def mapped_files(server):
    """What the server has mapped into its memory."""
    with open(f'/proc/{server.process.pid}/maps', encoding='utf-8') as maps:
        return {line.split(maxsplit=5)[5].rstrip() for line in maps if '/' in line}


def load(server, name='digits'):
    return exchange(server, http('POST', f'/v2/repository/models/{name}/load', b'{}'))


def tensor_request(batch, **members):
    """A request whose pixel_values are behind the JSON."""
    return {'inputs': [{'name': 'pixel_values', 'shape': [batch, 1, 8, 8], 'datatype': 'FP32',
                        'parameters': {'binary_data_size': 4 * ELEMENTS * batch}}], **members}


def pixels(batch, seed=1):
    """[batch, 1, 8, 8] float32 between -1 and 1, as bytes: a linear congruence's."""
    values, state = [], seed
    for _ in range(batch * ELEMENTS):
        state = (1103515245 * state + 12345) % 2**31
        values.append(state / 2**30 - 1)
    return struct.pack(f'<{len(values)}f', *values)


def read_npy(path):
    """The data of a .npy file of float32, as bytes."""
    with open(path, 'rb') as file:
        data = file.read()
    return data[10 + struct.unpack('<H', data[8:10])[0]:]


def write_npy(path, shape, data):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += ' ' * (63 - (10 + len(header)) % 64) + '\n'
    with open(path, 'wb') as file:
        file.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode() + data)


def command(*arguments):
    subprocess.run([f'{BUILD}/libvit', *arguments], check=True, stdout=subprocess.DEVNULL)


def libvit_run(data, *options):
    """What `libvit run` computes for pixels: bytes by the server's name of the output."""
    with tempfile.TemporaryDirectory() as directory:
        source, result = f'{directory}/in.npy', f'{directory}/out.npy'
        write_npy(source, (len(data) // 4 // ELEMENTS, 1, 8, 8), data)
        found = {}
        for name, output in OUTPUTS.items():
            command('run', MODEL, source, '-o', result, '--output', output, *options)
            found[name] = read_npy(result)
        return found


def libvit_preprocess(image):
    """The pixels of an image as `libvit preprocess` has them."""
    with tempfile.TemporaryDirectory() as directory:
        command('preprocess', image, '--model', MODEL, '-o', f'{directory}/out.npy')
        return read_npy(f'{directory}/out.npy')
