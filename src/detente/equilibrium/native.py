"""How native code is compiled and run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import lru_cache
from typing import Any, TypeVar, cast

from numba import njit
from threadpoolctl import ThreadpoolController

from detente.equilibrium.kernels import KernelCache

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on first call, keep the machine code on disk, and release the GIL when running."""
    dispatcher: Any = njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # there is no folder to keep it in
        dispatcher._cache = KernelCache(function)
    return cast(F, dispatcher)


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
