"""_runtime.py - an open model with its threads and contexts; thread-safe, and safe to fork

A context serves one call at a time: each call takes an idle one or creates one, and gives it back.
All contexts of a model share one pool of threads. While the pool serves one call, the others
compute on their own thread alone, so that calls of many Python threads do not start more threads.
"""
from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import weakref
from typing import Iterator, NamedTuple

from . import _abi
from ._library import call, libvit
from .errors import InvalidArgumentError


class Context(NamedTuple):
    pointer: int
    max_batch: int


class Runtime:
    def __init__(self, path: bytes, options: _abi.ModelOptions, threads: int) -> None:
        self._lock = threading.Lock()
        self._threads = threads
        self._users = 0
        self._closed = False
        self._idle: list[Context] = []
        self._pool: int | None = None
        self._model: int | None = None
        self.library = libvit()
        pointer = ctypes.c_void_p()
        call(self.library.vit_model_open, path, ctypes.byref(options), ctypes.byref(pointer))
        self._model = pointer.value
        self._create_pool()
        _runtimes.add(self)

    # --- the life of the model

    @contextlib.contextmanager
    def use(self) -> Iterator[int]:
        """The model's pointer, which stays valid inside the block."""
        with self._lock:
            if self._closed or self._model is None:
                raise InvalidArgumentError("model: expected an open one, found one that was closed")
            self._users += 1
        try:
            yield self._model
        finally:
            with self._lock:
                self._users -= 1
                if self._closed and not self._users:
                    self._free()

    def close(self) -> None:
        """Frees the model as soon as no call uses it."""
        with self._lock:
            self._closed = True
            if not self._users:
                self._free()

    def __del__(self) -> None:
        self.close()

    def release_contexts(self) -> None:
        """Frees the contexts that no call uses, and their memory."""
        with self._lock:
            idle, self._idle = self._idle, []
        for context in idle:
            self.library.vit_context_free(context.pointer)

    def _free(self) -> None:
        if self._model is None:
            return
        for context in self._idle:
            self.library.vit_context_free(context.pointer)
        self._idle = []
        self.library.vit_pool_free(self._pool)
        self._pool = None
        self.library.vit_model_free(self._model)
        self._model = None

    # --- threads

    def _create_pool(self) -> int:
        pointer = ctypes.c_void_p()
        options = _abi.PoolOptions(threads=self._threads)
        call(self.library.vit_pool_create, ctypes.byref(options), ctypes.byref(pointer))
        assert pointer.value is not None
        self._pool = pointer.value
        self.threads = int(self.library.vit_pool_threads(self._pool))
        # As the command: eight images a thread, so that each thread computes whole images and few
        # idle at the end; no more than 64, because activations need memory.
        self.max_batch = max(min(8 * self.threads, 64), self.threads)
        return self._pool

    def parallel(self) -> _abi.Parallel:
        """The pool, for preprocessing."""
        with self._lock:
            pool = self._pool or self._create_pool()
        return _abi.Parallel(run=self._pool_run(), user=pool, threads=self.threads)

    def _pool_run(self) -> int | None:
        return ctypes.cast(self.library.vit_pool_run, ctypes.c_void_p).value

    # --- contexts

    @contextlib.contextmanager
    def context(self, model: int, batch: int) -> Iterator[int]:
        """A context for a batch of at most max_batch images, for the caller alone."""
        context = self._take(model, batch)
        process = os.getpid()
        try:
            yield context.pointer
        finally:
            with self._lock:
                if process == os.getpid():
                    self._idle.append(context)

    def _take(self, model: int, batch: int) -> Context:
        small = None
        with self._lock:
            pool = self._pool or self._create_pool()
            fitting = [c for c in self._idle if c.max_batch >= batch]
            if fitting:
                context = min(fitting, key=lambda c: c.max_batch)
                self._idle.remove(context)
                return context
            if self._idle:
                small = self._idle.pop()
        if small:
            self.library.vit_context_free(small.pointer)
        size = min(1 << (batch - 1).bit_length(), self.max_batch)
        options = _abi.ContextOptions(max_batch=size, threads=self.threads, run=self._pool_run(),
                                      user=pool)
        pointer = ctypes.c_void_p()
        call(self.library.vit_context_create, model, ctypes.byref(options), ctypes.byref(pointer))
        assert pointer.value is not None
        return Context(pointer.value, size)

    # --- processes

    def after_fork(self) -> None:
        """In a child: it has none of its parent's threads, and starts its own when it needs them.

        The lock may have been held, and contexts used, by a thread that the child does not have:
        such a context is left alone.
        """
        self._lock = threading.Lock()
        for context in self._idle:
            self.library.vit_context_free(context.pointer)
        self._idle = []
        self.library.vit_pool_free(self._pool)
        self._pool = None


_runtimes: weakref.WeakSet[Runtime] = weakref.WeakSet()


def _after_fork() -> None:
    for runtime in list(_runtimes):
        runtime.after_fork()


os.register_at_fork(after_in_child=_after_fork)
