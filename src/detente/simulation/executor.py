"""Blocks of draws, worked off here, in local processes, or on a Dask cluster."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import Any

import numpy as np

from detente.arrays import Array, Positions
from detente.equilibrium.threads import one_thread
from detente.errors import DetenteError, MissingExtraError, WorkersLostError
from detente.progress import Progress
from detente.simulation.store import Store, code_version

BLOCK = 48
"""Most draws in a block: a second or two of work, lost at most if the process is killed."""

FEW = 8
"""Blocks up to which threads work: they begin at once, but share a lock that processes do not."""

PATIENCE = 20.0
"""Seconds without a finished block after which a cluster is asked whether it has workers left."""

SPEAKING = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")
"""Who logs that a connection is lost."""

WORKING = "analysis/**/*"
"""Code that may make the work of a worker, above that which makes draws."""

Evaluate = Callable[[Array], Array]


@dataclass(frozen=True)
class Work:
    """What is computed at points: workers make it once each.

    Attributes
    ----------
    key
        Name of the work, the same wherever it is done.
    make, arguments
        Makes the function from points (point, coordinate) to values (point, quantity).
    """

    key: str
    make: Callable[..., Evaluate]
    arguments: tuple[Any, ...]


_made: dict[str, Evaluate] = {}
"""What this process has made, by key; a worker is given points only."""


def _prepare(work: Work) -> None:
    if work.key not in _made:
        _made.clear()
        _made[work.key] = work.make(*work.arguments)


def _evaluate(key: str, points: Array) -> Array:
    return _made[key](points)


def evaluate_all(
    work: Work,
    points: Array,
    kinds: Positions,
    width: int,
    store: Store,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Array:
    """Quantities at all points, (point, quantity), from disk where they are there already.

    Parameters
    ----------
    work
        What is computed.
    points
        Points of the unit cube, (point, coordinate).
    kinds
        Points of one number are worked off together, [point].
    width
        Number of quantities.
    store
        Where finished blocks are.
    workers
        Local processes, this one among them; by default one per processor.
    scheduler
        Address of a Dask scheduler, to work there instead.
    progress
        Called with (points done, points in all).

    Returns
    -------
    Array
        The same bits, whatever was on disk, whoever worked and in what order.
    """
    order = _in_blocks(kinds)
    blocks = [points[at] for at in order]
    found = {k: store.load(k, (len(block), width)) for k, block in enumerate(blocks)}
    done = {k: values for k, values in found.items() if values is not None}
    missing = [k for k in range(len(blocks)) if k not in done]

    def tell() -> None:
        if progress is not None:
            progress(sum(len(values) for values in done.values()), len(points))

    tell()
    for k, values in _work_off(work, blocks, missing, workers, scheduler):
        store.save(k, values)
        done[k] = values
        tell()
    values = np.empty((len(points), width))
    values[np.concatenate(order)] = np.concatenate([done[k] for k in range(len(blocks))])
    return values


def _in_blocks(kinds: Positions) -> list[Positions]:
    """Positions of the points of each block: of one kind, and about as many in each."""
    groups = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    return [block for g in groups for block in np.array_split(g, -(-g.size // BLOCK))]


def _work_off(
    work: Work,
    blocks: Sequence[Array],
    missing: list[int],
    workers: int | None,
    scheduler: str | None,
) -> Iterator[tuple[int, Array]]:
    """Blocks as they are finished."""
    if not missing:
        return
    count = min(workers or os.cpu_count() or 1, len(missing))
    if scheduler is None:
        _prepare(work)
    if scheduler is None and count == 1:
        yield from ((k, _evaluate(work.key, blocks[k])) for k in missing)
        return
    if scheduler is None and len(missing) <= FEW:
        yield from _in_threads(work.key, blocks, missing, count)
        return
    with _cluster(work, scheduler) if scheduler else _processes(work, count - 1) as (pool, check):
        with _deaf_to_interrupts():
            futures = {k: pool.submit(_evaluate, work.key, blocks[k]) for k in missing}
        yield from _finished(futures, blocks, None if scheduler else work.key, check)


def _in_threads(
    key: str, blocks: Sequence[Array], missing: list[int], count: int
) -> Iterator[tuple[int, Array]]:
    """Blocks as threads finish them; those not begun are left where nobody wants more."""
    with one_thread(), ThreadPoolExecutor(count) as pool:
        futures = {pool.submit(_evaluate, key, blocks[k]): k for k in missing}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _finished(
    futures: dict[int, Future[Array]],
    blocks: Sequence[Array],
    here: str | None,
    check: Callable[[], object],
) -> Iterator[tuple[int, Array]]:
    """Blocks that others have finished; those not begun are taken from the end and done here."""
    while futures:
        for k in [k for k, future in futures.items() if future.done()]:
            yield k, futures.pop(k).result()
        mine = here and next((k for k in reversed(list(futures)) if futures[k].cancel()), None)
        if here and mine is not None:
            del futures[int(mine)]
            yield int(mine), _evaluate(here, blocks[int(mine)])
        elif futures and not wait(futures.values(), PATIENCE, FIRST_COMPLETED).done:
            check()


Pool = tuple[Executor, Callable[[], object]]
"""Who works, and what raises where nobody is left who could."""


@contextmanager
def _processes(work: Work, count: int) -> Iterator[Pool]:
    """Processes rather than threads: much of a draw is Python, which holds its lock."""
    pool = ProcessPoolExecutor(
        count, get_context("spawn"), initializer=_begin_process, initargs=(work,)
    )
    try:
        yield pool, lambda: None
    except BrokenExecutor as error:
        raise _lost(
            "a local process died: for want of memory (take fewer), or for want of an "
            "`if __name__ == '__main__':` in your script"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes that start meanwhile never hear Ctrl+C; this one hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _lost(what: str) -> WorkersLostError:
    return WorkersLostError(
        f"{what}; draws that are finished are kept, and the same command goes on from there"
    )


def _begin_process(work: Work) -> None:
    """Make the work; a worker whose parent was killed would wait for more for ever."""
    parent = parent_process()
    if parent is not None:

        def leave() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=leave, daemon=True).start()
    _prepare(work)


@contextmanager
def _cluster(work: Work, scheduler: str) -> Iterator[Pool]:
    """A Dask cluster: a worker that dies loses its blocks, which the scheduler gives to others."""
    try:
        from distributed import Client, WorkerPlugin
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise MissingExtraError("distributed", "cluster", "work on a Dask cluster") from error

    class Prepared(WorkerPlugin):
        """Every worker makes the work, also one that joins later."""

        def setup(self, worker: Any) -> None:
            _prepare(work)

    def check() -> None:
        if not client.scheduler_info()["workers"]:
            raise _lost(f"no worker is at {scheduler!r}: `dask worker {scheduler}` starts one")

    try:
        client = Client(scheduler, timeout="5s")
    except (OSError, ValueError) as error:
        raise DetenteError(f"no Dask scheduler answers at {scheduler!r}: {error}") from error
    with _in_our_words(), client:
        check()
        _same_code(client.run(code_version, WORKING))
        client.register_plugin(Prepared(), name=f"detente-{work.key}")
        try:
            yield client.get_executor(retries=3), check
        except KilledWorker as error:
            raise _lost(f"workers at {scheduler!r} die, perhaps for want of memory") from error
        except (CancelledError, OSError) as error:
            raise _lost(f"the Dask scheduler at {scheduler!r} is gone") from error


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Keep libraries from logging what is told as an error."""
    logs = [logging.getLogger(name) for name in SPEAKING]
    before = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)


def _same_code(elsewhere: dict[str, str]) -> None:
    here = code_version(WORKING)
    for worker, their_version in elsewhere.items():
        if their_version != here:
            raise DetenteError(
                f"worker {worker} has detente {their_version}, this is {here}: install "
                "the same version there, or results would depend on who worked"
            )
