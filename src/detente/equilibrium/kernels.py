"""Machine code on disk: checked when it is read, and done without where it cannot be kept.

Numba runs what it finds in its cache as it finds it, and ends with the first fault of the disk.
Here every file ends with a checksum, and names the signature that it was compiled for; one that
does not fit is compiled again and written anew.
"""
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

DIGEST = 32


class KernelCache(FunctionCache):
    """The cache of a compiled function; a `RuntimeError` where there is no folder for it."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        files = self._cache_file
        base = files._index_name.removesuffix(".nbi")
        self._cache_file = _CheckedFiles(files._cache_path, base, files._source_stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled for a signature, or None."""
        try:
            return super().load_overload(sig, target_context)
        except OSError:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, where there is room for it."""
        try:
            super().save_overload(sig, data)
        except OSError:
            return


class _CheckedFiles(IndexDataCacheFile):
    """An index and the machine code that it names."""

    def load(self, key: Any) -> Any:
        found = super().load(key)
        return found[1] if found and found[0] == key else None

    def save(self, key: Any, data: Any) -> None:
        super().save(key, (key, data))

    def _load_index(self) -> Any:
        try:
            with open(self._index_path, "rb") as index:
                pickle.load(index)  # the version of Numba, which is not checked
                return super()._load_index() if _is_whole(index.read()) else {}
        except Exception:  # it is not there, or whatever unpickling damaged bytes may raise
            return {}

    def _load_data(self, name: str) -> Any:
        content = Path(self._data_path(name)).read_bytes()
        if not _is_whole(content):
            raise OSError(f"{name} is damaged")
        return pickle.loads(content)

    def _dump(self, obj: Any) -> bytes:
        content: bytes = super()._dump(obj)
        return content + hashlib.sha256(content).digest()


def _is_whole(content: bytes) -> bool:
    return hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]
