"""Libraries that not every installation has, imported once something of them is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from detente.errors import MissingExtraError


@dataclass(frozen=True)
class Library:
    """A library that an extra brings.

    Raises
    ------
    MissingExtraError
        When something of it is asked for, and it is not installed; says how to get it.

    Examples
    --------
    >>> Library("no_such_library", "report", "drawing charts").Chart
    Traceback (most recent call last):
    detente.errors.MissingExtraError: drawing charts needs no_such_library, which is not ...
    """

    module: str
    extra: str
    purpose: str

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(import_module(self.module), name)
        except ImportError as error:
            raise MissingExtraError(self.module, self.extra, self.purpose) from error

    def require(self) -> None:
        """Make sure that it is there."""
        self.__name__  # noqa: B018


pyarrow = Library("pyarrow", "parquet", "writing Parquet files")
