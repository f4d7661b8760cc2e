"""Processes that each hold one engine, loaded and warm, and do what they are asked."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing.synchronize import Barrier
from types import TracebackType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

EngineT = TypeVar("EngineT")
ResultT = TypeVar("ResultT")
ParametersP = ParamSpec("ParametersP")

START_SECONDS = 180

_held: list[Any] = []


class Crew(Generic[EngineT]):
    """`size` processes, each with an engine of its own.

    They are forked from a server that has imported what makes the first crew's engines and run none of it: torch is
    loaded once, and has no threads yet that a fork would leave behind.
    """

    def __init__(self, make: Callable[[int], EngineT], *, size: int, threads: int) -> None:
        """`make` is called in each process with the threads that it may use. Returns when all are ready.

        Raises threading.BrokenBarrierError where one cannot be made; its own error is on the terminal.
        """
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([_module_of(make)])
        ready = context.Barrier(size + 1)
        self._pool = ProcessPoolExecutor(size, context, initializer=_hold, initargs=(make, threads, ready))
        for _ in range(size):  # a process is started for each task that finds none at rest, and none is ready yet
            self._pool.submit(_nothing)
        ready.wait(START_SECONDS)

    def ask(
        self,
        method: Callable[Concatenate[EngineT, ParametersP], ResultT],
        *args: ParametersP.args,
        **named: ParametersP.kwargs,
    ) -> ResultT:
        """What one engine's method answers, an unbound method such as `Engine.encode`."""
        call: Callable[[], ResultT] = partial(_apply, method, *args, **named)
        return self._pool.submit(call).result()

    def share(self, method: Callable[[EngineT, list[str]], ResultT], parts: Iterable[list[str]]) -> list[ResultT]:
        """The answers for all parts, each of which goes to whichever process is free."""
        futures = [self._pool.submit(_apply, method, part) for part in parts]
        return [future.result() for future in futures]

    def __enter__(self) -> Crew[EngineT]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def _module_of(make: Callable[[int], object]) -> str:
    return make.func.__module__ if isinstance(make, partial) else make.__module__


def _hold(make: Callable[[int], object], threads: int, ready: Barrier) -> None:
    try:
        _held.append(make(threads))
    except BaseException:
        ready.abort()
        raise
    ready.wait(START_SECONDS)


def _apply(method: Callable[..., ResultT], *args: object, **named: object) -> ResultT:
    return method(_held[0], *args, **named)


def _nothing() -> None:
    """A task like any other, so that the pool starts a process for it."""
