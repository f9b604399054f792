"""The errors and warnings that detente raises."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class DetenteError(Exception):
    """Any error a caller of detente may want to catch."""


class WorldError(DetenteError, ValueError):
    """A world that does not add up, or a name that the world does not have."""


class ScenarioError(DetenteError, ValueError):
    """A scenario or a case file that cannot be used; says file, line and field."""


class ConvergenceError(DetenteError, RuntimeError):
    """The solver did not reach the tolerance; `diagnostics` holds what it saw last."""

    def __init__(self, message: str, diagnostics: dict[str, object]) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics


class WorkersLostError(DetenteError, RuntimeError):
    """Processes or a cluster that worked are gone; the same command goes on where they stopped."""


class MissingExtraError(DetenteError, ImportError):
    """An optional library is needed and not installed; names the extra that brings it."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed: pip install 'detente[{extra}]', "
            f"or pip install '.[{extra}]' in a checkout"
        )


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say which allowed name is nearest to a wrong one, or list a few.

    >>> nearest("RUSS", ["RUS", "USA"])
    "did you mean 'RUS'?"
    >>> nearest("???", ["RUS", "USA"])
    'allowed: RUS, USA'
    """
    names = list(allowed)
    by_folded = {n.casefold(): n for n in names}
    match = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.5)
    if match:
        return f"did you mean {by_folded[match[0]]!r}?"
    shown = ", ".join(names[:12])
    return f"allowed: {shown}" + (", ..." if len(names) > 12 else "")
