"""A Dask cluster that loses a worker, all of them, or its scheduler: told, resumable, same bits."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reliability.commands import Place, ended, run
from reliability.tally import Tally

DRAWS = "288"
LONGEST = 120.0


class Cluster:
    """A scheduler and two workers, each a process."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        port = self.address.rpartition(":")[2]
        self.scheduler = _dask("scheduler", "--host", "127.0.0.1", "--port", port)
        self.workers = [
            _dask("worker", self.address, "--nthreads", "1", "--no-nanny", "--memory-limit", "0")
            for _ in range(2)
        ]

    def close(self) -> None:
        """End what is still there."""
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()


def _dask(kind: str, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words, "--no-dashboard"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def _cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    try:
        _await_workers(cluster)
        yield cluster
    finally:
        cluster.close()


def _await_workers(cluster: Cluster) -> None:
    from distributed import Client

    with Client(cluster.address, timeout="60s") as client:
        client.wait_for_workers(len(cluster.workers), timeout=LONGEST)


def run_section(share: float, seed: int) -> dict[str, Any]:
    """Each loss once; the seed draws nothing here."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as made:
        alone = Place.made(Path(made) / "alone")
        done = run(alone, _words(alone))
        tally.check(done.code == 0, "done without Dask", str(done))
        whole = alone.files()
        for loss in ("nothing", "one worker", "all workers", "the scheduler"):
            place = Place.made(Path(made) / loss.replace(" ", "-"))
            with _cluster() as cluster:
                _one_loss(place, cluster, loss, whole, tally)
        place = Place.made(Path(made) / "nobody")
        done = run(place, [*_words(place), "--scheduler", "tcp://127.0.0.1:9"])
        tally.check(done.in_a_line, "a scheduler that is not there is told", str(done))
    return tally.document()


def _words(place: Place) -> list[str]:
    words = place.words("claims")
    words[words.index("--draws") + 1] = DRAWS
    return words


def _one_loss(
    place: Place, cluster: Cluster, loss: str, whole: dict[str, bytes], tally: Tally
) -> None:
    """Start on a cluster, take part of it away after the first draws, and go on without it."""
    process = place.start([*_words(place), "--scheduler", cluster.address])
    began = time.perf_counter()
    while not list(place.store.rglob("block-*")) and process.poll() is None:
        time.sleep(0.02)
        if time.perf_counter() - began > LONGEST:
            break
    lost = {
        "nothing": [],
        "one worker": cluster.workers[:1],
        "all workers": cluster.workers,
        "the scheduler": [cluster.scheduler],
    }[loss]
    for victim in lost:
        os.kill(victim.pid, signal.SIGKILL)
    done = ended(process, began)
    if loss in ("nothing", "one worker"):
        same = done.code == 0 and place.files() == whole
        tally.check(same, f"the same bits, {loss} lost", str(done))
        return
    tally.check(done.in_a_line, f"told of {loss} lost", str(done))
    kept = len(list(place.store.rglob("block-*")))
    tally.check(kept > 0, "finished draws are kept", str(kept))
    again = run(place, _words(place))
    same = again.code == 0 and place.files() == whole
    tally.check(same, "the same bits after going on", str(again))
