"""Bans that part the world or take a good's only supplier: what is left to solve."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.equilibrium.economy import Economy
from detente.errors import ConvergenceError, ScenarioError
from detente.policy.policy import Policy

NOTHING = 1e-9
"""Value, relative to the world's, that counts as none."""


@dataclass(frozen=True, eq=False)
class Technology:
    """Technology, final use and deficits in force.

    Attributes
    ----------
    beta, alpha, G
        As in `Economy`, without the goods lost, the other shares scaled up to one; where inputs are
        substitutes, those of costs as they were.
    D
        Deficits that sum to zero within each connected part of the world, [n].
    component
        Number of the connected part of the trade graph that each country is in, [n].
    lost
        Goods that lose every supplier, [n,j].
    """

    beta: Array
    alpha: Array
    G: Array
    D: Array
    component: Positions
    lost: Flags

    @classmethod
    def of(
        cls,
        economy: Economy,
        lost: Flags | None = None,
        component: Positions | None = None,
        D: Array | None = None,
    ) -> Technology:
        """The world's own, or without some goods or parted.

        Raises
        ------
        ConvergenceError
            A sector loses every input and uses no labour.
        """
        e = economy
        D = e.D if D is None else D
        component = np.zeros(e.VA.size, np.int64) if component is None else component
        if lost is None or not lost.any():
            nothing = np.zeros(e.beta.shape, bool)
            return cls(e.beta, e.alpha, e.G, D, component, nothing)
        G = np.where(lost[:, :, None], 0.0, e.G)
        left = e.beta + G.sum(1)
        if (left <= 0).any():
            raise ConvergenceError("a sector loses every input and uses no labour", {})
        G = G / left[:, None, :]
        alpha = np.where(lost, 0.0, e.alpha)
        alpha = alpha / alpha.sum(1, keepdims=True)
        return cls(e.beta / left, alpha, G, D, component, lost)

    def substituted(self, economy: Economy) -> Technology:
        """The same with all shares of costs as they were: goods lost are infinitely dear inputs."""
        return replace(self, beta=economy.beta, G=economy.G)


def technologies(
    economy: Economy, policy: Policy, A: Array
) -> Iterator[tuple[Positions, Technology]]:
    """Draws that share a technology, and it; bans are shares A [e,k] of exactly zero.

    Raises
    ------
    ConvergenceError
        A country that can trade in one direction only.
    ScenarioError
        A transfer between parts of the world that no longer trade.
    """
    closed = (A == 0) & (economy.pi.ravel()[policy.entries] > 0)[:, None]
    patterns: dict[bytes, list[int]] = {}
    for k in range(policy.draws):
        patterns.setdefault(closed[:, k].tobytes() if closed[:, k].any() else b"", []).append(k)
    regular = patterns.pop(b"", [])
    for numbers in patterns.values():
        draws = np.array(numbers)
        with numbered(draws):
            known = _without_closed(economy, policy, closed[:, draws[0]], draws)
        if known is None:
            regular += numbers
        else:
            yield draws, known
    if regular:
        draws = np.array(sorted(regular))
        yield draws, _with_all(economy, policy, draws)


@contextmanager
def numbered(draws: Positions) -> Iterator[None]:
    """Say of a `ConvergenceError` about one of some draws which of all it is."""
    try:
        yield
    except ConvergenceError as error:
        k = int(draws[int(str(error.diagnostics.get("draw", 0)))])
        raise ConvergenceError(str(error), {**error.diagnostics, "draw": k}) from error


def _with_all(economy: Economy, policy: Policy, draws: Positions) -> Technology:
    """The world's own, parts of which may never have traded with each other."""
    _, component = _parts(economy.goods > 0)
    _check_transfers(component, policy.transfers[:, draws], economy)
    return Technology.of(economy, component=component, D=_deficits_within(component, economy))


def _without_closed(
    economy: Economy, policy: Policy, closed: Flags, draws: Positions
) -> Technology | None:
    """What is left without some entries; None if every good keeps a supplier in one market."""
    suppliers, goods = economy.suppliers, economy.goods
    row, pair = policy.entries[closed] // len(goods), policy.entries[closed] % goods.size
    gone = np.bincount(row, minlength=suppliers.size).reshape(suppliers.shape)
    lost: Flags = ((suppliers > 0) & (suppliers == gone)).T
    pairs: Flags = goods > np.bincount(pair, minlength=goods.size).reshape(goods.shape)
    bloc, component = _parts(pairs)
    if not lost.any() and bloc.max() == 0:
        return None
    _check_transfers(component, policy.transfers[:, draws], economy)
    D = _deficits_within(component, economy)
    remedy = "ban both directions, or make one of the bans a finite cost factor"
    _check_balance(pairs, bloc, D, economy.world.countries, remedy)
    return Technology.of(economy, lost, component, D)


def check_ways(economy: Economy) -> None:
    """Refuse deficits of a world that trade in one direction only cannot settle.

    Raises
    ------
    ConvergenceError
        Names the countries.
    """
    pairs: Flags = economy.goods > 0
    bloc, _ = _parts(pairs)
    remedy = "let deficits be `share` or `value`, or add the trade that is missing"
    _check_balance(pairs, bloc, economy.D, economy.world.countries, remedy)


def _parts(pairs: Flags) -> tuple[Positions, Positions]:
    """Number of the bloc that trades both ways, and of the connected part, of each country, [n]."""
    if (pairs & pairs.T).all(1).any():  # a country that trades with all holds them together
        return np.zeros(len(pairs), np.int64), np.zeros(len(pairs), np.int64)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    trade = csr_array(pairs)
    _, bloc = connected_components(trade, connection="strong")
    _, part = connected_components(trade, directed=False)
    return bloc.astype(np.int64), part.astype(np.int64)


def _check_transfers(component: Positions, transfers: Array, economy: Economy) -> None:
    if not component.any():
        return
    net = (component == np.arange(component.max() + 1)[:, None]) @ transfers
    if np.abs(net).max() > NOTHING * economy.VA.sum():
        raise ScenarioError(
            "a transfer runs between countries that do not trade, directly or through "
            "others, so it cannot be paid"
        )


def _deficits_within(component: Positions, economy: Economy) -> Array:
    if not component.any():
        return economy.D
    surplus = np.bincount(component, economy.D) / np.bincount(component, economy.VA)
    D: Array = economy.D - surplus[component] * economy.VA
    return D


def _check_balance(
    pairs: Flags, bloc: Positions, D: Array, countries: list[str], remedy: str
) -> None:
    """Refuse a bloc that only buys, or only sells, and has no deficit, or surplus, to match."""
    for number in np.argsort(np.bincount(bloc), kind="stable"):
        inside = bloc == number
        buys = pairs[np.ix_(inside, ~inside)].any()
        sells = pairs[np.ix_(~inside, inside)].any()
        deficit = D[inside].sum()
        if (buys and not sells and deficit <= 0) or (sells and not buys and deficit >= 0):
            names = np.array(countries)[inside][:5]
            raise ConvergenceError(
                f"{', '.join(names)} can trade with the rest of the world in one direction only, "
                f"so its trade cannot balance and no equilibrium exists: {remedy}",
                {"countries": list(names)},
            )
