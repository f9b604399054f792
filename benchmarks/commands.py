"""Measurements of the command line and of the page, which are the same in every version."""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from processes import Done, Result, child, job, start

CASE = "belarus-2025"
POINTS = 896
"""Draws that the claims of the case take by default, with those for the indices."""
SOLVES_PER_DRAW = 12.7
"""Full solves of the claims of the case in a draw, as commit 38179cc needs them."""
IMPORT_RUNS = 9
SLIDER_MOVES = 20

AT_REST = 10
"""Seconds after which the page's server has got ready, in which it shares the processor."""


def first_use(python: str) -> Result:
    """One scenario as after installation: 0.1.0 compiles its kernels."""
    with tempfile.TemporaryDirectory() as empty:
        return job(python, "detente_jobs.py", "cold", env={"NUMBA_CACHE_DIR": empty})


def imports(python: str) -> Result:
    """What the public names take to import, in fresh processes, less a bare interpreter."""
    statements = {"bare_s": "", "with_s": "from detente import Changes, load_world, solve"}
    walls: dict[str, list[float]] = {name: [] for name in statements}
    for turn in range(IMPORT_RUNS + 1):
        for name, statement in statements.items():
            done = child(python, "-c", statement)
            if done.status:
                return done.result()
            if turn:  # the first round writes bytecode and fills the disk cache
                walls[name].append(done.wall_s)
    medians = {name: statistics.median(times) for name, times in walls.items()}
    return medians | {"net_s": medians["with_s"] - medians["bare_s"]}


def assess(python: str) -> Result:
    """The main job, the second of two runs; a third tells what part of it is imports."""
    with tempfile.TemporaryDirectory() as empty:
        for _ in range(2):
            done = _detente(python, empty, "assess", CASE)
        traced = child(python, "-X", "importtime", "-m", "detente", "assess", CASE, cwd=empty)
    return done.result(imports_s=_import_seconds(traced.stderr))


def _import_seconds(trace: str) -> float:
    """Time that modules took themselves, without those that they imported."""
    return sum(map(int, re.findall(r"^import time: +(\d+) \|", trace, re.MULTILINE))) / 1e6


def claims(python: str) -> Result:
    """All claims of the case, no draw kept from before."""
    with tempfile.TemporaryDirectory() as empty:
        done = _detente(python, empty, "claims", CASE, "--store", "draws")
    per_minute = 60 * POINTS / done.wall_s
    return done.result(draws_per_minute=per_minute, solves_per_minute=SOLVES_PER_DRAW * per_minute)


def relief(python: str) -> Result:
    """Every package of measures of the case, asked for more of them, and with draws, if it can."""
    command = ("relief", CASE, "--json")
    with tempfile.TemporaryDirectory() as empty:
        alone = _detente(python, empty, *command, "--draws", "0")
        again = _detente(python, empty, *command, "--draws", "0", "--max-leak", "0.01")
    with tempfile.TemporaryDirectory() as empty:
        drawn = _detente(python, empty, *command)
    done = alone if not alone.status else drawn  # 0.1.0 draws nothing
    if done.status:
        return done.result()
    packages = 2 ** len(json.loads(done.stdout)["contributions"])
    more = {} if alone.status else {"again_s": again.wall_s, "drawn_s": drawn.wall_s}
    return done.result(packages=packages, per_package_s=done.wall_s / packages, **more)


def report(python: str) -> Result:
    """The whole report, no draw kept from before, and again with the draws kept."""
    with tempfile.TemporaryDirectory() as empty:
        command = ("report", CASE, "-o", "report.html", "--store", "draws")
        done, again = (_detente(python, empty, *command) for _ in range(2))
        written = Path(empty, "report.html").exists()
    if again.status or not written:
        return again.result(failed="no report was written")
    return done.result(again_s=again.wall_s)


def _detente(python: str, folder: str, *arguments: str) -> Done:
    """Run a command in a folder, with the user's cache in it too."""
    return child(python, "-m", "detente", *arguments, cwd=folder, env={"XDG_CACHE_HOME": folder})


def slider(python: str) -> Result:
    """Seconds that the server of the page takes for the part that a moved slider replaces."""
    server = start(python, "-m", "detente", "app", "--port", "0")
    try:
        assert server.stderr is not None
        told = server.stderr.readline()
        address = re.search(r"http://\S+/", told)
        if address is None:
            return {"failed": told.strip() or "the page did not start"}
        _until_it_listens(address[0])
        for position in range(2):
            _moved(address[0], position)
        time.sleep(AT_REST)
        times = [_moved(address[0], 2 + move) for move in range(SLIDER_MOVES)]
    except OSError as error:
        return {"failed": str(error)}
    finally:
        server.terminate()
        server.communicate()
    return {"median": statistics.median(times), "min": min(times), "max": max(times)}


def _until_it_listens(address: str) -> None:
    """Ask for the page, for a minute at most: the address is told before anybody listens there."""
    for _ in range(600):
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(address).close()
            return
        time.sleep(0.1)


def _moved(address: str, position: int) -> float:
    """Two sliders at positions where they have not been, asked for as the page's script does."""
    query = f"a.ease.USA.goods={4 * position}&a.ease.us-potash-2021={100 - position}"
    begun = time.perf_counter()
    with urllib.request.urlopen(f"{address}part?{query}") as answer:
        answer.read()
    return time.perf_counter() - begun
