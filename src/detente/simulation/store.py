"""Draws on disk, in blocks, so that an interrupted run goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from detente.arrays import Array
from detente.writing import whole_file

DIGEST = 32
"""Bytes of the checksum at the end of a file."""

LIBRARIES = ("numpy", "scipy", "SALib")
"""Libraries on whose versions the bits of a draw depend."""


MAKING = (
    "world/**/*",
    "policy/**/*",
    "equilibrium/**/*",
    "simulation/**/*",
    "inference/**/*",
    "cases/*.py",
)
"""Code and data that make draws; the case itself is in the manifest of a run."""


@cache
def code_version(*more: str) -> str:
    """Version of the package with a fingerprint of the code and data that make draws.

    Parameters
    ----------
    more
        Patterns of files, besides the floors below `analysis`, that have a part in it.
    """
    from detente import __version__

    digest = hashlib.sha256()
    root = Path(str(files("detente")))
    found = {p for pattern in (*MAKING, *more) for p in root.glob(pattern)}
    for path in sorted(p for p in found if p.suffix in (".py", ".npz", ".csv", ".json", ".yaml")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def library_versions() -> dict[str, str]:
    """Versions of the libraries that a draw's bits depend on."""
    return {name: version(name) for name in LIBRARIES}


def default_folder() -> Path:
    """The user's cache folder for draws."""
    from platformdirs import user_cache_path

    return user_cache_path("detente") / "draws"


@dataclass(frozen=True)
class Store:
    """A folder with the finished blocks of one run, and the manifest of what they are.

    Attributes
    ----------
    folder
        Where they are.
    """

    folder: Path

    @classmethod
    def of(cls, manifest: dict[str, Any], root: Path | None = None) -> Store:
        """The folder of a run, named for all that determines its result.

        In the user's cache, unless a `root` is given.

        Raises
        ------
        OSError
            The folder cannot be written; so does `save`.
        """
        text = json.dumps(manifest, indent=2, sort_keys=True)
        store = cls((root or default_folder()) / hashlib.sha256(text.encode()).hexdigest()[:16])
        store._write("manifest.json", text.encode())
        return store

    def load(self, block: int, shape: tuple[int, int]) -> Array | None:
        """A finished block, or None where there is none that is as it was written."""
        content = self.read(_block(block))
        if content is None:
            return None
        values: Array = np.load(BytesIO(content), allow_pickle=False)
        return values if values.shape == shape and values.dtype == float else None

    def save(self, block: int, values: Array) -> None:
        """Write a block: whole or not at all, even if the process is killed meanwhile."""
        stream = BytesIO()
        np.save(stream, values, allow_pickle=False)
        self.write(_block(block), stream.getvalue())

    def read(self, name: str) -> bytes | None:
        """What a file holds, or None where there is none that is as it was written."""
        try:
            content = (self.folder / name).read_bytes()
        except OSError:
            return None
        content, digest = content[:-DIGEST], content[-DIGEST:]
        return content if hashlib.sha256(content).digest() == digest else None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        self._write(name, content + hashlib.sha256(content).digest())

    def _write(self, name: str, content: bytes) -> None:
        try:
            with whole_file(self.folder / name) as partial:
                partial.write_bytes(content)
        except OSError as error:
            raise OSError(
                f"draws cannot be kept in {self.folder}: {error.strerror}; make room there, or "
                "name another folder as `store`"
            ) from error


def _block(number: int) -> str:
    return f"block-{number:05d}.npy"


def looked_up(
    kept: Store | None, block: int, shape: tuple[int, int], make: Callable[[], Array]
) -> Array:
    """A block from where it is kept, or else made and left there; made where nothing is kept."""
    found = None if kept is None else kept.load(block, shape)
    if found is None:
        found = make()
        if kept is not None:
            kept.save(block, found)
    return found
