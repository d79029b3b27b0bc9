"""test_threads.py - one model serves many threads and forked processes; the GIL is released"""
import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np

from common import Case, DIGITS, THREE, digits_images, golden

import libvit
from libvit import VisionTransformer


class Threads(Case):
    def test_many_threads_have_the_bits_of_one(self):
        model = VisionTransformer.from_folder(DIGITS, threads=2)
        paths = digits_images()[:96]
        expected = model(model.processor(paths))

        def work(first):
            own = paths[first:first + 1 + first % 5]
            return model(model.processor(own)), model.encode_image(own)
        with ThreadPoolExecutor(8) as pool:
            for _ in range(3):
                for first, (logits, _) in zip(range(90), pool.map(work, range(90))):
                    self.assert_same_bits(logits, expected[first:first + 1 + first % 5])

    def test_there_are_no_more_contexts_than_calls_at_once(self):
        model = VisionTransformer.from_folder(DIGITS, threads=1)
        x = model.processor(digits_images()[:3])
        for _ in range(5):
            model(x)
        self.assertEqual(len(model._runtime._idle), 1)
        barrier = threading.Barrier(4)

        def work(_):
            barrier.wait()
            for _ in range(50):
                model(x)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        self.assertLessEqual(len(model._runtime._idle), 4)
        model.release_contexts()
        self.assertEqual(model._runtime._idle, [])
        model(x)

    def test_a_larger_batch_replaces_a_smaller_context(self):
        model = VisionTransformer.from_folder(DIGITS, threads=1)
        x = model.processor(digits_images()[:20])
        for batch in (1, 2, 3, 4, 8, 20, 1):
            model(x[:batch])
            self.assertEqual(len(model._runtime._idle), 1)
        self.assertEqual(model._runtime._idle[0].max_batch, 8)

    def test_a_context_is_given_back_after_an_error(self):
        model = VisionTransformer.from_folder(golden("timm-pool-empty"), threads=1)
        x = np.zeros((1, 3, 32, 32), np.float32)
        for _ in range(3):
            with self.assertRaises(libvit.Error):
                model(x)
        self.assertEqual((len(model._runtime._idle), model._runtime._users), (1, 0))

    def test_other_threads_run_during_a_call(self):
        """With an endless switch interval only a call that releases the GIL lets others run."""
        model = VisionTransformer.from_folder(golden("timm-vit"), threads=1)
        x = np.zeros((400, 3, 48, 48), np.float32)
        model(x[:8])
        function = model._runtime.library.vit_forward_call
        inside = []
        seen = []

        def marked(*arguments):
            inside.append(True)
            try:
                return function(*arguments)
            finally:
                inside.pop()
        library = mock.Mock(wraps=model._runtime.library)
        library.vit_forward_call = marked
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e6)
        try:
            with mock.patch.object(model._runtime, "library", library):
                worker = threading.Thread(target=model, args=(x,))
                worker.start()
                while worker.is_alive():
                    seen.append(bool(inside))
                    time.sleep(1e-4)
        finally:
            sys.setswitchinterval(interval)
        self.assertIn(True, seen)


class Life(Case):
    def test_a_model_is_freed_with_its_last_reference(self):
        model = VisionTransformer.from_folder(DIGITS)
        model(model.processor(THREE))
        freed, pointer = [], model._runtime._model
        model._runtime.library = library = mock.Mock(wraps=model._runtime.library)
        library.vit_model_free = freed.append
        del model
        gc.collect()
        self.assertEqual(freed, [pointer])
        self.assertTrue(library.vit_context_free.called and library.vit_pool_free.called)

    def test_a_processor_keeps_its_model(self):
        processor = VisionTransformer.from_folder(DIGITS).processor
        gc.collect()
        self.assertEqual(processor(THREE).shape, (1, 1, 8, 8))

    def test_a_model_that_cannot_be_opened_has_nothing_to_free(self):
        with mock.patch("sys.unraisablehook") as hook:
            for options in ({"threads": 2000}, {"isa": "none"}):
                with self.assertRaises(libvit.Error):
                    VisionTransformer.from_folder(DIGITS, **options)
            gc.collect()
        hook.assert_not_called()

    def test_a_program_may_end_while_a_thread_computes(self):
        code = ("import libvit, numpy, threading, time\n"
                f"m = libvit.VisionTransformer.from_folder({DIGITS!r}, threads=2)\n"
                "x = numpy.zeros((5000, 1, 8, 8), numpy.float32)\n"
                "started = threading.Event()\n"
                "def work():\n"
                "    started.set()\n"
                "    while True: m(x)\n"
                "threading.Thread(target=work, daemon=True).start()\n"
                "started.wait()\n")
        done = subprocess.run([sys.executable, "-B", "-c", code], stderr=subprocess.PIPE, text=True,
                              check=False, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_closing_waits_for_calls_that_run(self):
        model = VisionTransformer.from_folder(DIGITS)
        x = model.processor(THREE)
        with model._runtime.use():
            model.close()
            self.assertIsNotNone(model._runtime._model)
        self.assertIsNone(model._runtime._model)
        with self.assertRaises(libvit.InvalidArgumentError):
            model(x)

    def test_threads_may_close_while_others_compute(self):
        for _ in range(20):
            model = VisionTransformer.from_folder(DIGITS, threads=2)
            x = model.processor(digits_images()[:2])

            def work(model=model, x=x):
                try:
                    while True:
                        model(x)
                        model.classify(THREE)
                except libvit.InvalidArgumentError:
                    return True
            with ThreadPoolExecutor(3) as pool:
                done = [pool.submit(work) for _ in range(3)]
                model.close()
                self.assertTrue(all(d.result(30) for d in done))
            self.assertIsNone(model._runtime._model)

    def test_a_result_outlives_its_model(self):
        model = VisionTransformer.from_folder(DIGITS)
        logits = model(model.processor(THREE))
        before = logits.copy()
        model.close()
        del model
        gc.collect()
        self.assert_same_bits(logits, before)

    def test_pickled_a_model_is_opened_again(self):
        model = VisionTransformer.from_folder(DIGITS, precision="int8", threads=1)
        again = pickle.loads(pickle.dumps(model))
        self.assertEqual((again.precision, again.threads), ("int8", 1))
        x = model.processor(THREE)
        self.assert_same_bits(again(x), model(x))


def child(function):
    """Whether a forked child's function returns true within a minute."""
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        import signal
        signal.alarm(60)
        try:
            os._exit(0 if function() else 1)
        finally:
            os._exit(2)
    return os.waitpid(process, 0)[1] == 0


def work_in_process(arguments):
    model, paths = arguments
    return model.encode_image(paths).tobytes()


class Processes(Case):
    def test_a_forked_child_computes_with_threads_of_its_own(self):
        model = VisionTransformer.from_folder(DIGITS, threads=2)
        x = model.processor(digits_images()[:4])
        expected = model(x).tobytes()

        def work():
            results = [model(x).tobytes() for _ in range(3)]
            tasks = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 2
            with ThreadPoolExecutor(3) as pool:
                results += pool.map(lambda _: model(x).tobytes(), range(9))
            return tasks == 2 and all(r == expected for r in results)
        self.assertTrue(child(work))
        self.assertEqual(model(x).tobytes(), expected)

    def test_a_child_forked_during_calls_of_other_threads_computes(self):
        model = VisionTransformer.from_folder(DIGITS, threads=2)
        x = model.processor(digits_images()[:4])
        expected = model(x).tobytes()
        stop = threading.Event()

        def work():
            while not stop.is_set():
                model(x)
        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        try:
            self.assertTrue(all(child(lambda: model(x).tobytes() == expected) for _ in range(10)))
        finally:
            stop.set()
            for worker in workers:
                worker.join()

    def test_a_child_may_close_its_parents_model(self):
        model = VisionTransformer.from_folder(DIGITS, threads=2)
        x = model.processor(THREE)
        expected = model(x)

        def work():
            model.close()
            return model._runtime._model is None
        self.assertTrue(child(work))
        self.assert_same_bits(model(x), expected)

    def test_processes_of_multiprocessing_compute(self):
        model = VisionTransformer.from_folder(DIGITS, threads=1)
        paths = digits_images()[:12]
        expected = [model.encode_image(paths[i:i + 3]).tobytes() for i in range(0, 12, 3)]
        for method in ("fork", "spawn"):
            with multiprocessing.get_context(method).Pool(2) as pool:
                jobs = [(model, paths[i:i + 3]) for i in range(0, 12, 3)]
                self.assertEqual(pool.map(work_in_process, jobs), expected, method)


if __name__ == "__main__":
    unittest.main()
