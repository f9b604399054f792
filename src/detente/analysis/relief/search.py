"""Packages where they are too many to solve them all: a greedy search and a bound on its miss."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from typing import Protocol

import numpy as np
import xarray as xr

from detente.analysis.relief.bundles import Bundles
from detente.arrays import Array, Flags, Positions

SMALLEST_LEAK = 1e-6
"""Leak, in percent of the rival's income, below which a step counts as free of leaks."""


class Evaluation(Protocol):
    """Solve packages given by their levels; told how many there are and how many went before."""

    def __call__(self, levels: Positions, total: int, before: int = 0) -> xr.Dataset:
        """Return the packages' outcomes."""
        ...


def searched(bundles: Bundles, evaluate: Evaluation, max_leak: float | None) -> xr.Dataset:
    """Search for the package with the largest gain whose leak stays below a cap.

    Starting from nothing, the bundle that raises the target's gain most without breaking the
    cap is eased by one more degree, until none raises it; and once more by gain for each unit of
    leak. Both with the bundles of each coalition of senders, so that it is known what each can
    offer.

    Returns
    -------
    Dataset
        All packages met, as `relief` gives them. Attributes: `search` in words; `best`, the gain
        found; `bound`, a gain that no package exceeds (see the notes); `gap`, their difference.

    Notes
    -----
    The bound takes each step of each bundle by itself: its gain at most, and its leak at
    least, what it is next to nothing and next to everything else, and packs steps under the cap
    as a fractional knapsack. It holds where a step's effect in any package lies between those
    two, as it does where bundles are all substitutes or all complements of one another; it is
    no proof where some are one and some the other.
    """
    n, top = len(bundles.bundles), len(bundles.degrees)
    cap = np.inf if max_leak is None else max_leak
    levels = _ends(n, top)
    coalitions = _coalitions(bundles)
    most = len(levels) + sum(top * int(m.sum() * (m.sum() + 1)) for m in coalitions)
    known = evaluate(levels, most)
    found = [known]
    for allowed, by_leak in product(coalitions, (False, True)):
        done = sum(f.sizes["package"] for f in found)
        found += _climb(evaluate, np.where(allowed, top, 0), by_leak, cap, most, done)
    bound = _bound(levels, known, n, top, cap)
    packages = xr.concat(found, "package", combine_attrs="override")
    _, first = np.unique(packages["degree"].values, axis=0, return_index=True)
    packages = packages.isel(package=np.sort(first))
    best = _best(packages, cap)
    words = (
        f"greedy search over {bundles.packages:,} packages, of which {packages.sizes['package']:,} "
        f"were solved: the best gain found is {best:.4g} percent, the bound {bound:.4g}, the gap "
        f"{bound - best:.4g} (a proof only where bundles are all substitutes or all complements)"
    )
    attrs = {"search": words, "best": best, "bound": bound, "gap": bound - best}
    packages = packages.assign_coords(package=np.arange(packages.sizes["package"]))
    return packages.assign_attrs(**packages.attrs, **attrs)


def _coalitions(bundles: Bundles) -> list[Flags]:
    """Which bundles each coalition of senders may ease, all senders together last."""
    senders = bundles.senders
    chosen = (c for size in range(1, len(senders) + 1) for c in combinations(senders, size))
    return [np.array([set(b.sender.split("+")) <= set(c) for b in bundles.bundles]) for c in chosen]


def _climb(
    evaluate: Evaluation, highest: Positions, by_leak: bool, cap: float, most: int, before: int
) -> list[xr.Dataset]:
    """Ease one degree of one bundle at a time, below the cap, as long as the gain rises.

    Next comes what raises the gain most, or most for each unit of leak.
    """
    now, gain, leak, met = np.zeros(highest.size, np.int64), 0.0, 0.0, []
    while len(steps := _raised(now, highest)):
        tried = evaluate(steps, most, before)
        met.append(tried)
        before += len(steps)
        gains, leaks = tried["gain"].values, tried["leak"].values
        rise = gains - gain
        price = np.maximum(leaks - leak, SMALLEST_LEAK) if by_leak else 1.0
        score = np.where((leaks <= cap) & (rise > 0), rise / price, -np.inf)
        step = int(score.argmax())
        if not np.isfinite(score[step]):
            break
        now, gain, leak = steps[step], float(gains[step]), float(leaks[step])
    return met


def _best(packages: xr.Dataset, cap: float) -> float:
    allowed = packages["leak"].values <= cap
    return float(packages["gain"].values[allowed].max()) if allowed.any() else 0.0


def _ends(n: int, top: int) -> Positions:
    """Packages next to nothing and next to everything: nothing, steps alone, steps in the rest."""
    bundle, step = np.repeat(np.eye(n, dtype=np.int64), top, axis=0), np.arange(1, top + 1)
    alone = bundle * np.tile(step, n)[:, None]
    rest = top - bundle * np.tile(step[::-1], n)[:, None]
    return np.concatenate([np.zeros((1, n), np.int64), alone, np.full((1, n), top), rest])


def _raised(now: Positions, top: Positions) -> Positions:
    """Packages that ease one bundle by one more degree."""
    return now + np.eye(now.size, dtype=np.int64)[now < top]


def _bound(levels: Positions, known: xr.Dataset, n: int, top: int, cap: float) -> float:
    """Largest gain of a fractional knapsack of steps."""
    gain, leak = known["gain"].values, known["leak"].values
    return _knapsack(_steps(gain, n, top, np.maximum), _steps(leak, n, top, np.minimum), cap)


def _steps(value: Array, n: int, top: int, worst: Callable[[Array, Array], Array]) -> Array:
    """Effect of each step next to nothing or next to everything, whichever is `worst`."""
    half = len(value) // 2
    alone, rest = value[1:half].reshape(n, top), value[half + 1 :].reshape(n, top)
    first = np.diff(alone, axis=1, prepend=value[0])
    last = np.diff(rest, axis=1, append=value[half])
    return worst(first, last).ravel()


def _knapsack(gain: Array, leak: Array, cap: float) -> float:
    """Fractional knapsack: the largest sum of gains whose leaks sum to at most the cap.

    >>> _knapsack(np.array([4.0, 3.0, 1.0]), np.array([2.0, 1.0, -0.5]), 1.5)
    6.0
    """
    free = (leak <= 0) & (gain >= 0)
    paying = (leak < 0) & (gain < 0)
    total, room = float(gain[free].sum()), cap - float(leak[free].sum() + leak[paying].sum())
    total += float(gain[paying].sum())
    # a step that loses gain and lowers the leak is taken, and may be given back at its price
    items = [(g, c) for g, c in zip(gain, leak, strict=True) if g > 0 and c > 0]
    items += [(-g, -c) for g, c in zip(gain[paying], leak[paying], strict=True)]
    for g, c in sorted(items, key=lambda item: -item[0] / item[1]):
        part = min(1.0, max(room, 0.0) / c)
        total, room = total + part * g, room - part * c
    return float(total)
