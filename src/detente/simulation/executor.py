"""Blocks of draws, worked off here, in local processes, or on a Dask cluster."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process

import numpy as np

from detente.arrays import Array
from detente.errors import DetenteError, MissingExtraError
from detente.simulation.laboratory import evaluate_block
from detente.simulation.store import Store, code_version

BLOCK = 48
"""Draws in a block: a second or two of work, lost at most if the process is killed."""


def evaluate_all(
    case_json: str,
    points: Array,
    width: int,
    store: Store,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Array:
    """Quantities at all points, (point, quantity), from disk where they are there already.

    Parameters
    ----------
    case_json
        The case.
    points
        Points of the unit cube, (point, coordinate).
    width
        Number of quantities.
    store
        Where finished blocks are.
    workers
        Local processes; one works in this process; by default one per processor.
    scheduler
        Address of a Dask scheduler, to work there instead.
    progress
        Called with (points done, points in all).

    Returns
    -------
    Array
        The same bits, whatever was on disk, whoever worked and in what order.
    """
    blocks = [points[k : k + BLOCK] for k in range(0, len(points), BLOCK)]
    found = {k: store.load(k, (len(block), width)) for k, block in enumerate(blocks)}
    done = {k: values for k, values in found.items() if values is not None}
    missing = [k for k in range(len(blocks)) if k not in done]

    def tell() -> None:
        if progress is not None:
            progress(sum(len(values) for values in done.values()), len(points))

    tell()
    for k, values in _work(case_json, {k: blocks[k] for k in missing}, workers, scheduler):
        store.save(k, values)
        done[k] = values
        tell()
    return np.concatenate([done[k] for k in range(len(blocks))])


def _work(
    case_json: str, blocks: dict[int, Array], workers: int | None, scheduler: str | None
) -> Iterator[tuple[int, Array]]:
    """Blocks as they are finished."""
    if scheduler is not None:
        return _on_cluster(case_json, blocks, scheduler)
    workers = min(workers or os.cpu_count() or 1, len(blocks))
    if workers <= 1:
        return ((k, evaluate_block(case_json, block)) for k, block in blocks.items())
    return _in_processes(case_json, blocks, workers)


def _in_processes(
    case_json: str, blocks: dict[int, Array], workers: int
) -> Iterator[tuple[int, Array]]:
    """Processes rather than threads: much of a draw is Python, which holds its lock."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with_parent)
    try:
        futures = {pool.submit(evaluate_block, case_json, b): k for k, b in blocks.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _on_cluster(
    case_json: str, blocks: dict[int, Array], scheduler: str
) -> Iterator[tuple[int, Array]]:
    """A worker that dies loses its blocks, which the scheduler gives to others."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise MissingExtraError("distributed", "cluster", "work on a Dask cluster") from error
    try:
        client = Client(scheduler, timeout="5s")
    except (OSError, ValueError) as error:
        raise DetenteError(f"no Dask scheduler answers at {scheduler!r}: {error}") from error
    with client:
        _same_code(client.run(code_version))
        futures = {
            client.submit(evaluate_block, case_json, b, key=f"detente-{k}-{id(blocks)}"): k
            for k, b in blocks.items()
        }
        for future in as_completed(futures):
            yield futures[future], future.result()


def _same_code(elsewhere: dict[str, str]) -> None:
    for worker, their_version in elsewhere.items():
        if their_version != code_version():
            raise DetenteError(
                f"worker {worker} has detente {their_version}, this is {code_version()}: install "
                "the same version there, or results would depend on who worked"
            )
