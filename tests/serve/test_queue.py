"""test_queue.py - batches, timeouts, priorities, cancellations, the end, metrics, the log"""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

from support import (BINARY, MODEL, OUTPUTS, Server, copied_model, get, infer, infer_bytes,
                     libvit_run, pixels, receive, running, serving, tensor_request, until)


def stats(server):
    return get(server, '/v2/models/digits/stats').json()['model_stats'][0]


def ask(server, answers, members, i):
    """One request of its own thread; its answer becomes answers[i]."""
    merged = {**BINARY['parameters'], **members}
    answers[i] = infer(server, tensor_request(1, parameters=merged), pixels(1, i))


def together(server, count, **members):
    """Requests that are sent at the same time, and their answers."""
    answers = [None] * count
    with running(count, ask, server, answers, members):
        pass
    return answers


@contextlib.contextmanager
def holding(server, count):
    """Requests that wait in the queue, and the places of their answers, which follow."""
    answers = [None] * count
    with running(count, ask, server, answers, {}):
        wait_for(server, 'nv_inference_pending_request_count', count)
        yield answers


def wait_for(server, metric, value):
    """Until a metric of the model has a value."""
    line = f'\n{metric}{{model="digits",version="1"}} {value}\n'
    until(lambda: line in get(server, '/metrics').body.decode(), f'{metric} {value}')


class Batches(unittest.TestCase):
    def test_requests_that_wait_become_one_batch_with_each_ones_bits(self):
        with serving(MODEL, '--max-batch', '4', '--queue-delay', '60000000') as server:
            answers = together(server, 4)  # only a full batch does not wait for a minute
            for i, answer in enumerate(answers):
                self.assertEqual(answer.outputs(), libvit_run(pixels(1, i)))
            found = stats(server)
            self.assertEqual(found['execution_count'], 1)
            self.assertEqual(found['inference_count'], 4)
            self.assertEqual([x['batch_size'] for x in found['batch_stats']], [4])
            self.assertEqual(found['inference_stats']['success']['count'], 4)

    def test_requests_of_a_batch_have_the_outputs_that_each_asks_for(self):
        answers, names = [None] * 3, list(OUTPUTS)

        def one(server, i):
            outputs = [{'name': names[i]}]
            answers[i] = infer(server, tensor_request(1, outputs=outputs, **BINARY), pixels(1, i))

        with serving(MODEL, '--max-batch', '3', '--queue-delay', '60000000') as server:
            with running(3, one, server):
                pass
            self.assertEqual([x['batch_size'] for x in stats(server)['batch_stats']], [3])
        for i, answer in enumerate(answers):
            self.assertEqual(answer.outputs(), {names[i]: libvit_run(pixels(1, i))[names[i]]})

    def test_a_request_is_not_split_and_a_larger_one_is_refused(self):
        with serving(MODEL, '--max-batch', '3') as server:
            answer = infer(server, tensor_request(3, **BINARY), pixels(3))
            self.assertEqual(answer.outputs(), libvit_run(pixels(3)))
            self.assertEqual([x['batch_size'] for x in stats(server)['batch_stats']], [3])
            self.assertIn('1 to 3, found 4',
                          infer(server, tensor_request(4, **BINARY), pixels(4)).error())

    def test_attention_in_a_batch_is_each_requests_own(self):
        request = tensor_request(2, outputs=[{'name': 'attention'}, {'name': 'logits'}])
        with serving(MODEL) as server:
            both = infer(server, request, pixels(2)).outputs()
            size = len(pixels(1))
            for i in range(2):
                one = infer(server, tensor_request(1, outputs=[{'name': 'attention'}]),
                            pixels(2)[i * size:(i + 1) * size]).outputs()['attention']
                self.assertEqual(both['attention'][16 * i:16 * i + 16], one)
                self.assertTrue(0 < sum(one) <= 1 and min(one) > 0)


class Priorities(unittest.TestCase):
    def test_a_higher_priority_is_served_first(self):
        """Of a batch of two, one image waits; the two that follow have the batch for themselves."""
        with serving(MODEL, '--max-batch', '2', '--queue-delay', '60000000',
                     '--priority-levels', '2', '--default-priority', '2') as server:
            with holding(server, 1) as answers:
                self.assertEqual(infer(server, tensor_request(2, parameters={'priority': 1}),
                                       pixels(2)).status, 200)
                self.assertEqual([x['batch_size'] for x in stats(server)['batch_stats']], [2])
                infer(server, tensor_request(1), pixels(1))  # the default: both, a second batch
            self.assertEqual(answers[0].outputs(), libvit_run(pixels(1, 0)))
            self.assertEqual([x['batch_size'] for x in stats(server)['batch_stats']], [2])


class Timeouts(unittest.TestCase):
    """The delay of a minute keeps requests in the queue: what ends them is the timeout."""

    def test_a_timeout_fires_while_the_request_waits(self):
        for arguments, members in ((['--queue-timeout', '50000'], {}), ([], {'timeout': 50000}),
                                   (['--queue-timeout', '50000'], {'timeout': 59000000})):
            with serving(MODEL, '--queue-delay', '60000000', *arguments) as server:
                begin = time.monotonic()
                answer = together(server, 1, **members)[0]
                self.assertEqual((answer.status, answer.error()), (503, 'Request timeout expired'))
                self.assertLess(time.monotonic() - begin, 50)
                self.assertIn('nv_inference_request_failure{model="digits",version="1",'
                              'reason="REJECTED"} 1', get(server, '/metrics').body.decode())

    def test_a_model_may_forbid_the_timeouts_of_requests(self):
        batching = {'default_queue_policy': {'allow_timeout_override': False},
                    'max_queue_delay_microseconds': 300000}
        with copied_model(dynamic_batching=batching) as model, serving(model) as server:
            self.assertEqual(together(server, 1, timeout=1000)[0].status, 200)

    def test_delayed_requests_are_served_after_their_timeout(self):
        batching = {'default_queue_policy': {'timeout_action': 'DELAY',
                                             'default_timeout_microseconds': 1000},
                    'max_queue_delay_microseconds': 300000}
        with copied_model(dynamic_batching=batching) as model, serving(model) as server:
            self.assertEqual(together(server, 1)[0].status, 200)

    def test_a_full_queue_refuses(self):
        with serving(MODEL, '--queue-delay', '60000000', '--queue-limit', '2',
                     '--queue-timeout', '3000000') as server:
            answers = together(server, 5)
            self.assertEqual(sorted(a.error() for a in answers),
                             ['Exceeds maximum queue size'] * 3 + ['Request timeout expired'] * 2)


class Cancellations(unittest.TestCase):
    def test_a_request_whose_client_is_gone_is_not_computed(self):
        """It fills a batch, so that the next request does not wait, and is then left out of it."""
        with serving(MODEL, '--max-batch', '2', '--queue-delay', '60000000') as server:
            with server.connect() as connection:
                connection.sendall(infer_bytes(tensor_request(1), pixels(1)))
                wait_for(server, 'nv_inference_pending_request_count', 1)
            answer = infer(server, tensor_request(1, **BINARY), pixels(1, 2))
            self.assertEqual(answer.outputs(), libvit_run(pixels(1, 2)))
            self.assertEqual([x['batch_size'] for x in stats(server)['batch_stats']], [1])
            self.assertEqual(stats(server)['inference_count'], 1)
            until(lambda: stats(server)['inference_stats']['fail']['count'], 'a failure')
            self.assertIn('nv_inference_request_failure{model="digits",version="1",'
                          'reason="CANCELED"} 1', get(server, '/metrics').body.decode())


@contextlib.contextmanager
def half_sent(server):
    """The connection of a request whose header the server has, and the rest of its bytes."""
    head, body = infer_bytes(tensor_request(1, **BINARY), pixels(1),
                             Expect='100-continue').split(b'\r\n\r\n', 1)
    with server.connect() as connection:
        connection.sendall(head + b'\r\n\r\n')
        assert connection.recv(1000).startswith(b'HTTP/1.1 100 ')
        yield connection, body


class Life(unittest.TestCase):
    def test_sigterm_answers_what_waits_and_exits_with_0(self):
        server = Server(MODEL, '--queue-delay', '60000000')
        with holding(server, 3) as answers:
            self.assertEqual(server.stop(), 0)
        for i, answer in enumerate(answers):
            self.assertEqual(answer.outputs(), libvit_run(pixels(1, i)))
            self.assertEqual(answer.headers['connection'], 'close')

    def test_sigterm_while_requests_arrive_leaves_none_without_an_answer(self):
        server = Server(MODEL, '--queue-delay', '2000', '--instances', '2', '--drain-delay', '1')
        before, after = [None] * 20, [None] * 20
        with running(20, ask, server, before, {}):
            server.process.send_signal(signal.SIGTERM)
            with running(20, ask, server, after, {}):
                pass
        self.assertEqual(server.stop(), 0)
        self.assertEqual([a.status for a in before + after], [200] * 40)

    def test_readiness_falls_at_once_and_life_stays(self):
        server = Server(MODEL, '--drain-delay', '2')
        self.assertEqual(get(server, '/v2/health/ready').status, 200)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: get(server, '/v2/health/ready').status != 200, 'a server that ends')
        answer = get(server, '/v2/health/ready')
        self.assertEqual((answer.status, answer.error()), (400, 'server: it is shutting down'))
        self.assertEqual(get(server, '/v2/health/live').status, 200)
        self.assertEqual(server.stop(), 0)

    def test_after_sigterm_no_connection_is_accepted_and_those_there_are_answered(self):
        server = Server(MODEL)

        def refused():
            try:
                server.connect().close()
            except (ConnectionRefusedError, ConnectionResetError):  # the latter: of one in the queue
                return True
            return False

        with half_sent(server) as (connection, rest):
            server.process.send_signal(signal.SIGTERM)
            until(refused, 'a refused connection')
            connection.sendall(rest)
            self.assertEqual(receive(connection).outputs(), libvit_run(pixels(1)))
        self.assertEqual(server.stop(), 0)

    def test_an_exit_timeout_that_is_too_short_is_status_1(self):
        server = Server(MODEL, '--exit-timeout', '0')
        with half_sent(server):
            self.assertEqual(server.stop(), 1)
        self.assertIn('1 left', server.error_text())
        server.errors.close()


def line_count(path):
    with open(path, 'rb') as file:
        return file.read().count(b'\n')


class Observation(unittest.TestCase):
    def test_promtool_accepts_the_metrics(self):
        with serving(MODEL) as server:
            infer(server, tensor_request(3, **BINARY), pixels(3))
            infer(server, tensor_request(1, outputs=[{'name': 'x'}]), pixels(1))
            text = get(server, '/metrics').body
            lines = text.decode().split('\n')
            for line in ('nv_inference_request_success', 'nv_inference_exec_count',
                         'libvit_request_duration_seconds_count'):
                self.assertTrue(any(x.startswith(line + '{') for x in lines), line)
            self.assertIn('nv_inference_count{model="digits",version="1"} 3', lines)
            self.assertIn('nv_inference_request_failure{model="digits",version="1",'
                          'reason="OTHER"} 1', lines)
            result = subprocess.run(['promtool', 'check', 'metrics'], input=text,
                                    capture_output=True, check=False)
            self.assertEqual((result.returncode, result.stdout + result.stderr), (0, b''))

    def test_triton_names_are_there_on_request_and_promtool_refuses_them(self):
        with serving(MODEL) as server:
            text = get(server, '/metrics?names=triton').body
            for name in (b'request', b'queue', b'compute_input', b'compute_infer',
                         b'compute_output'):
                self.assertIn(b'# TYPE nv_inference_' + name + b'_duration_us counter', text)
            result = subprocess.run(['promtool', 'check', 'metrics'], input=text,
                                    capture_output=True, check=False)
            self.assertNotEqual(result.returncode, 0)

    def test_the_access_log_has_a_line_for_each_request_also_after_a_rotation(self):
        with tempfile.TemporaryDirectory() as directory:
            path = f'{directory}/log'
            with serving(MODEL, '--access-log', path) as server:
                infer(server, tensor_request(2, **BINARY), pixels(2))
                until(lambda: line_count(path) == 1, path)  # a line is written after its answer
                get(server, '/v2/models/%0a%22%ff')
                until(lambda: line_count(path) == 2, path)
                os.rename(path, path + '.1')
                server.process.send_signal(signal.SIGHUP)
                until(lambda: os.path.exists(path), path)
                get(server, '/v2')
            with open(path + '.1', encoding='utf-8') as file:
                first, second = [json.loads(line) for line in file]
            with open(path, encoding='utf-8') as file:
                third = json.loads(file.read())
            self.assertEqual((first['method'], first['path'], first['status'], first['images']),
                             ('POST', '/v2/models/digits/infer', 200, 2))
            self.assertTrue(first['complete'] and first['client'] == '127.0.0.1')
            self.assertEqual((second['status'], second['path']), (404, '/v2/models/?"?'))
            self.assertIn('not found', second['error'])
            self.assertEqual(third['path'], '/v2')


if __name__ == '__main__':
    unittest.main()
