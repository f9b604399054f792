"""How many threads linear algebra takes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, cast

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Products of matrices in one thread: their bits can depend on how many share them.

    The matrices are small, so that more threads would hardly help; draws and packages are what is
    spread. Threads that solve side by side must be started inside.
    """
    return cast(AbstractContextManager[Any], _libraries().limit(limits=1))


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    """The linear algebra libraries that are loaded."""
    return ThreadpoolController()
