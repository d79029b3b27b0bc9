"""test_clients.py - curl, httpx and wrk; the page in a browser; libvit serve"""

import json
import os
import shutil
import signal
import subprocess
import unittest

import httpx

from support import (BINARY, BUILD, IMAGE, INFER, MODEL, TIMEOUT, infer, libvit_preprocess,
                     libvit_run, pixels, serving, tensor_request, until)


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(serving(MODEL))

    def test_curl_sends_a_picture(self):
        reply = subprocess.run(
            ['curl', '-sS', '--fail', '--http1.1', '-H', 'Inference-Header-Content-Length: 0',
             '--data-binary', f'@{IMAGE}', f'{self.server.url}{INFER}'],
            check=True, capture_output=True).stdout
        expected = libvit_run(libvit_preprocess(IMAGE))
        self.assertTrue(reply.endswith(b''.join(expected.values())))

    def test_httpx_speaks_both_forms(self):
        expected = libvit_run(pixels(1))
        text = json.dumps(tensor_request(1, **BINARY)).encode()
        with httpx.Client(base_url=self.server.url) as client:
            for _ in range(3):  # on one connection
                reply = client.post(INFER, content=text + pixels(1), headers={
                    'Inference-Header-Content-Length': str(len(text))})
                self.assertEqual(reply.status_code, 200)
                self.assertTrue(reply.content.endswith(b''.join(expected.values())))
            reply = client.post(INFER, json={'inputs': []})
            self.assertEqual(reply.status_code, 400)
            self.assertIn('inputs', reply.json()['error'])

    def test_wrk_gets_answers_on_every_connection(self):
        result = subprocess.run(['wrk', '-t1', '-c16', '-d1s', f'{self.server.url}/v2'],
                                check=True, capture_output=True, text=True)
        self.assertIn('Requests/sec', result.stdout)
        self.assertNotIn('Non-2xx', result.stdout)
        self.assertNotIn('Socket errors', result.stdout)

    def test_the_command_executes_the_server(self):
        process = subprocess.Popen([f'{BUILD}/libvit', 'serve', MODEL, '--listen', '127.0.0.1:0'],
                                   stdout=subprocess.PIPE, text=True)
        self.assertIn('libvit-serve: listening on http://127.0.0.1:', process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(TIMEOUT), 0)
        process.stdout.close()
        text = subprocess.run([f'{BUILD}/libvit', 'help', 'serve'], check=True,
                              capture_output=True, text=True).stdout
        self.assertIn('--queue-delay', text)

    def test_a_command_without_the_server_says_so(self):
        directory = f'{BUILD}/alone'
        os.makedirs(directory, exist_ok=True)
        shutil.copy(f'{BUILD}/libvit', directory)
        result = subprocess.run([f'{directory}/libvit', 'serve', MODEL], capture_output=True,
                                text=True, check=False, env={'PATH': '/nonexistent'})
        self.assertEqual(result.returncode, 2)
        self.assertIn('serve: expected libvit-serve beside', result.stderr)
        shutil.rmtree(directory)


class Browser:
    """Chromium by the WebDriver protocol."""

    def __init__(self):
        self.driver = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE,
                                       text=True)
        for line in self.driver.stdout:
            if 'started successfully on port' in line:
                port = int(line.rstrip().rstrip('.').split()[-1])
                break
        self.client = httpx.Client(base_url=f'http://127.0.0.1:{port}', timeout=TIMEOUT)
        reply = self.client.post('/session', json={'capabilities': {'alwaysMatch': {
            'goog:chromeOptions': {'args': ['--headless=new', '--no-sandbox', '--disable-gpu',
                                            '--disable-dev-shm-usage']}}}})
        self.session = f'/session/{reply.json()["value"]["sessionId"]}'

    def post(self, path, **members):
        reply = self.client.post(self.session + path, json=members)
        assert reply.status_code == 200, reply.text
        return reply.json()['value']

    def run(self, script):
        return self.post('/execute/sync', script=script, args=[])

    def element(self, selector):
        found = self.post('/element', using='css selector', value=selector)
        return '/element/' + next(iter(found.values()))

    def wait(self, script):
        return until(lambda: self.run(script), script)

    def close(self):
        self.client.delete(self.session)
        self.client.close()
        self.driver.terminate()
        self.driver.wait(TIMEOUT)
        self.driver.stdout.close()


@unittest.skipUnless(shutil.which('chromedriver') and shutil.which('chromium'),
                     'chromium and chromium-driver are not installed')
class Page(unittest.TestCase):
    def test_a_picture_gives_classes_attention_and_the_recipe(self):
        browser = Browser()
        try:
            with serving(MODEL) as server:
                browser.post('/url', url=server.url + '/')
                recipe = browser.wait('return document.querySelector("#recipe").innerText')
                self.assertIn('1 × 8 × 8 float32', recipe)
                self.assertIn('bicubic', recipe)
                browser.post(browser.element('#file') + '/value', text=os.path.abspath(IMAGE))
                browser.wait('return !document.querySelector("#result").hidden')
                request = {'inputs': [{'name': 'pixel_values', 'shape': [1, 1, 8, 8],
                                       'datatype': 'FP32',
                                       'parameters': {'binary_data_size': 256}}],
                           'outputs': [{'name': 'logits', 'parameters': {'classification': 5}}]}
                best = infer(server, request, libvit_preprocess(IMAGE)).outputs()['logits']
                rows = browser.run('return document.querySelector("#classes").innerText')
                for text, row in zip(best, rows.split('\n')):
                    value, _, label = text.split(':')
                    self.assertTrue(row.startswith(label) and row.endswith(f'logit {value}'), row)
                drawn = browser.run(
                    'const c = document.querySelector("#attention");'
                    'return new Set(c.getContext("2d").getImageData(0, 0, 224, 224).data).size')
                self.assertGreater(drawn, 10)
                browser.post(browser.element('#file') + '/value',
                             text=os.path.abspath('README.md'))
                error = browser.wait('return document.querySelector("#error").textContent')
                self.assertIn('image 0', error)
        finally:
            browser.close()


if __name__ == '__main__':
    unittest.main()
