"""What disks, processes and clients do to a run; benchmarks/reliability tries it many times."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detente.cli import INTERRUPTED
from detente.errors import ScenarioError, WorkersLostError
from detente.report.extras import templates
from detente.simulation import executor
from detente.simulation.executor import BLOCK, Work, _finished, _processes, evaluate_all
from detente.simulation.store import Store, looked_up
from detente.writing import whole_file


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_block_with_a_flipped_bit_is_not_there(tmp_path: Path) -> None:
    store, values = Store.of({}, tmp_path), np.arange(6.0).reshape(2, 3)
    store.save(0, values)
    np.testing.assert_array_equal(store.load(0, (2, 3)), values)
    np.testing.assert_array_equal(np.load(*store.folder.glob("block-*.npy")), values)
    flip(*store.folder.glob("block-*.npy"))
    assert store.load(0, (2, 3)) is None


def test_a_store_that_takes_nothing_says_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=re.escape(str(tmp_path / "file")) + r".*another folder"):
        Store.of({}, tmp_path / "file")


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("before", encoding="utf-8")

    def write() -> None:
        with whole_file(path) as partial:
            partial.write_text("ha", encoding="utf-8")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space") as told:
        write()
    assert told.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text(encoding="utf-8") == "before"


def test_threads_and_one_after_the_other_give_the_same_and_blocks_are_of_one_kind(
    tmp_path: Path,
) -> None:
    points, seen = np.random.default_rng(0).random((130, 3)), []
    kinds = (np.arange(130) % 3 > 1).astype(np.int64)

    def double(some: np.ndarray) -> np.ndarray:
        seen.append(some)
        return 2 * some[:, :2]

    found = []
    for name, workers in (("one", 1), ("two", 2)):
        work, store = Work(name, lambda: double, ()), Store.of({}, tmp_path / name)
        found.append(evaluate_all(work, points, kinds, 2, store, workers=workers))
    np.testing.assert_array_equal(found[0], 2 * points[:, :2])
    np.testing.assert_array_equal(found[1], found[0])
    of = {tuple(point): kind for point, kind in zip(points, kinds, strict=True)}
    for block in seen:
        assert len({of[tuple(point)] for point in block}) == 1
        assert len(block) <= BLOCK


def test_threads_leave_what_nobody_waits_for(tmp_path: Path) -> None:
    """An error in one block ends the run; blocks that are finished are kept."""

    def fails(some: np.ndarray) -> np.ndarray:
        if some[0, 0] == 1:
            raise ScenarioError("no")
        return some

    points = np.repeat(np.arange(4.0), BLOCK)[:, None]
    store = Store.of({}, tmp_path)
    with pytest.raises(ScenarioError, match="no"):
        evaluate_all(
            Work("fails", lambda: fails, ()), points, np.zeros(len(points)), 1, store, workers=2
        )
    assert store.load(1, (BLOCK, 1)) is None


def test_a_block_is_made_once(tmp_path: Path) -> None:
    made, store = [], Store.of({}, tmp_path)

    def make() -> np.ndarray:
        made.append(1)
        return np.ones((1, 2))

    for kept in (None, store, store):
        np.testing.assert_array_equal(looked_up(kept, 3, (1, 2), make), np.ones((1, 2)))
    assert len(made) == 2


def test_processes_that_died_are_told() -> None:
    work = Work("", lambda: lambda points: points, ())
    with pytest.raises(WorkersLostError, match="goes on from there"), _processes(work, 1):
        raise BrokenExecutor


def test_a_cluster_without_workers_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> None:
        raise WorkersLostError("no worker")

    monkeypatch.setattr(executor, "PATIENCE", 0.01)
    with pytest.raises(WorkersLostError):
        next(_finished({0: Future()}, [], None, nobody))


def test_an_interrupt_ends_in_one_line() -> None:
    command = [sys.executable, "-m", "detente", "assess", "belarus-2025", "--draws", "1024"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2.0)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "detente: interrupted; draws that are finished are kept\n"


def test_an_interrupt_within_exec_ends_with_its_code() -> None:
    within = (
        "import os, signal, sys, types, detente.cli as cli; "
        "commands = types.ModuleType('detente.cli.commands'); "
        "commands.app = lambda: exec('os.kill(os.getpid(), signal.SIGINT)', globals()); "
        "sys.modules['detente.cli.commands'] = commands; cli.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", within], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (130, f"detente: {INTERRUPTED}\n")


def test_an_interrupt_after_all_is_written_changes_nothing() -> None:
    late = (
        "import atexit, os, signal, sys, detente.cli as cli; "
        "atexit.register(os.kill, os.getpid(), signal.SIGINT); "
        "sys.argv = ['detente', '--version']; cli.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", late], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <b", "a &lt;b"),
        ("[x](javascript:alert(1))", "[x]&#40;javascript:alert(1))"),
        ("[x]: javascript:alert(1)", "[x]&#58; javascript:alert(1)"),
        ("0.1 [0.05 to 0.2]", "0.1 [0.05 to 0.2]"),
    ],
)
def test_what_a_case_says_is_text_in_markdown(text: str, shown: str) -> None:
    made = templates("detente.report", escaped=False).from_string("{{ text }}")
    assert made.render(text=text) == shown


def test_clients_that_never_finish_a_request_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    uvicorn = pytest.importorskip("uvicorn")
    from detente.app import connections

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.6)  # longer than a request may take to come
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    monkeypatch.setattr(connections, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(page, http=connections.Punctual, lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()

        def answer(request: bytes) -> bytes:
            with socket.create_connection(listening.getsockname(), timeout=10) as there:
                there.sendall(request)
                try:
                    return there.recv(200)
                except ConnectionResetError:
                    return b""

        try:
            assert answer(b"GET / HTTP/1.1\r\nHost: a\r\nX-") == b""
            assert answer(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 200")
        finally:
            server.should_exit = True
            serving.join()
