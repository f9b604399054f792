"""Kills, interrupts, disks that are full, locked or damaged, and little memory."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reliability.commands import COMMANDS, Ended, Place, ended, run, stopped
from reliability.tally import Tally

KILLS, INTERRUPTS, FLIPS = 2, 2, 3
"""Trials of each command."""
SMALL_DISK = "160k"
LITTLE_MEMORY = 900
"""MB of addresses, of which Python with its libraries takes more than half."""
ENOUGH_MEMORY = 2048


class Crashes:
    """Trials that have one undisturbed run of every command to be compared with."""

    def __init__(self, folder: Path, seed: int, share: float) -> None:
        self.folder, self.dice, self.tally = folder, random.Random(seed), Tally()
        self.share, self.made = share, 0
        self.whole: dict[str, dict[str, bytes]] = {}
        self.seconds: dict[str, float] = {}

    def undisturbed(self) -> None:
        """Every command to its end, in a place of its own."""
        for command in COMMANDS:
            place = self.place()
            done = run(place, command)
            self.tally.check(done.code == 0, "done undisturbed", f"{command}: {done}")
            self.whole[command], self.seconds[command] = place.files(), done.seconds

    def place(self) -> Place:
        """A new place."""
        self.made += 1
        return Place.made(self.folder / f"place-{self.made}")

    def trials(self, number: int) -> range:
        """How many of so many."""
        return range(max(1, round(number * self.share)))

    def same(self, place: Place, command: str, what: str, done: Ended) -> None:
        """Check that a command has done what it does undisturbed."""
        right = done.code == 0 and place.files() == self.whole[command]
        changed = [k for k, v in place.files().items() if self.whole[command].get(k) != v]
        self.tally.check(right, what, f"{command}: {done}; changed: {changed}")

    def nothing_half(self, place: Place, command: str) -> None:
        """Check that what is there is whole."""
        half = [k for k, v in place.files().items() if v != self.whole[command].get(k)]
        self.tally.check(not half, "no half-written file", f"{command}: {half}")

    def killed(self) -> None:
        """kill -9 at a random moment, and again to the end."""
        for command in COMMANDS:
            for _ in self.trials(KILLS):
                place, after = self.place(), self.dice.uniform(0.2, 1.0) * self.seconds[command]
                stopped(place, command, after, signal.SIGKILL, all_of_it=False)
                self.nothing_half(place, command)
                self.same(place, command, "the same after kill -9", run(place, command))

    def interrupted(self) -> None:
        """Ctrl+C at a random moment, which reaches workers too."""
        for command in COMMANDS:
            for _ in self.trials(INTERRUPTS):
                place, after = self.place(), self.dice.uniform(0.4, 2.0)
                done = stopped(place, command, after, signal.SIGINT, all_of_it=True)
                if done.code == 0:
                    self.same(place, command, "done before it was interrupted", done)
                else:
                    right = done.code == 130 and done.in_a_line
                    self.tally.check(right, "interrupted in one line", f"{command}: {done}")
                self.nothing_half(place, command)

    def at_once(self) -> None:
        """Two runs on one store, and on one case."""
        for command in ("claims", "report"):
            place = self.place()
            both = [place.start(place.words(command)) for _ in range(2)]
            for process in both:
                self.same(place, command, "two at once", ended(process))

    def damaged(self) -> None:
        """Bytes flipped in blocks of draws, which is what is kept."""
        place = self.place()
        run(place, "claims")
        for _ in self.trials(FLIPS):
            _flip(place.store.rglob("block-*.npy"), self.dice)
            self.same(place, "claims", "the same after flipped draws", run(place, "claims"))

    def disks(self) -> None:
        """Full, locked and absent folders for results, draws and caches."""
        told = "a disk that takes no more is told"
        for command in COMMANDS:
            place = self.place()
            with _mounted(place.out, f"size={SMALL_DISK}") as small:
                if small:
                    (place.out / ".filler").write_bytes(b"x" * 158 * 1024)
                    self._refused(place, command, told)
            place = self.place()
            limit = {"preexec_fn": lambda: _limit(resource.RLIMIT_FSIZE, 600)}
            self._refused(place, command, told, **limit)
            place = self.place()
            place.out.write_text("a file in the place of a folder", encoding="utf-8")
            self._refused(place, command, "a folder that cannot be is told")
        self._locked()

    def _refused(self, place: Place, command: str, what: str, **more: Any) -> None:
        done = run(place, command, **more)
        self.tally.check(done.in_a_line, what, f"{command}: {done}")
        self.nothing_half(place, command)

    def _locked(self) -> None:
        for command in COMMANDS:
            place = self.place()
            with _mounted(place.out, "ro") as locked:
                if locked:
                    self._refused(place, command, "a locked folder is told")
        place = self.place()
        with _mounted(place.folder / "cache", "ro") as locked:
            if locked:
                words = ["claims", str(place.case), "--draws", "48"]
                done = run(place, words)
                self.tally.check(done.in_a_line, "a locked cache of draws is told", str(done))

    def memory(self) -> None:
        """How much the commands take on the largest case, and what they say of too little."""
        place = self.place()
        for command in ("claims", "relief", "report"):
            words = ["belarus-2025" if w == str(place.case) else w for w in place.words(command)]
            process = place.start(words)
            peak, done = _watched(process)
            self.tally.measure(f"MB of memory, {command} belarus-2025", peak)
            enough = done.code == 0 and peak < ENOUGH_MEMORY
            self.tally.check(enough, "2 GB of memory suffice", f"{command}: {peak:.0f} MB, {done}")
        for command in COMMANDS:
            limit = {"preexec_fn": lambda: _limit(resource.RLIMIT_AS, LITTLE_MEMORY << 20)}
            place = self.place()
            done = run(place, command, **limit)
            if done.code < 0 or "OpenBLAS" in done.errors:
                self.tally.add("too little memory ends native code of a library")
            elif done.code > 0:
                self.tally.check(done.in_a_line, "too little memory is told", f"{command}: {done}")
            self.nothing_half(place, command)


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


def _flip(paths: Iterator[Path], dice: random.Random) -> None:
    """Flip one bit of every file."""
    for path in paths:
        content = bytearray(path.read_bytes())
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        path.write_bytes(content)


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[bool]:
    """A small or locked disk of its own, where this process may make one."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    made = os.geteuid() == 0 and subprocess.run(command, check=False).returncode == 0
    try:
        yield made
    finally:
        if made:
            subprocess.run(["umount", str(folder)], check=True)


def _watched(process: subprocess.Popen[str]) -> tuple[float, Ended]:
    """Peak of the memory of a process and its workers together in MB, and how it ended."""
    peak, over = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.1):
            peak = max(peak, sum(map(_proportional, _group(process.pid))) / 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    done = ended(process)
    over.set()
    watcher.join()
    return peak, done


def _group(leader: int) -> list[int]:
    """Processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader:
                found.append(int(entry.name))
    return found


def _proportional(process: int) -> float:
    """kB of memory, of what is shared its part."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0.0)


def run_section(share: float, seed: int, only: str | None = None) -> dict[str, Any]:
    """All of it, in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as made:
        trials = Crashes(Path(made), seed, share)
        trials.undisturbed()
        parts: list[Callable[[], None]] = [
            trials.killed, trials.interrupted, trials.at_once,
            trials.damaged, trials.disks, trials.memory,
        ]  # fmt: skip
        for part in parts:
            if only is None or part.__name__ == only:
                print(f"  {part.__name__}, {time.strftime('%H:%M:%S')}", flush=True)
                part()
        return trials.tally.document()
