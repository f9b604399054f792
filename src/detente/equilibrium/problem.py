"""A change of policy on a world as a problem for the kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.equilibrium.baseline import Baseline
from detente.errors import ConvergenceError, ScenarioError
from detente.policy.changes import Changes

if TYPE_CHECKING:
    from detente.equilibrium.kernels import Margins, Problem

Deficits = Literal["share", "value", "zero"]

VANISHING = 1e3
"""A cost factor from which on a share may underflow to zero, which is then a ban."""


def set_up(
    base: Baseline, changes: Changes, deficits: Deficits, theta: Array
) -> tuple[Array, Problem, Flags]:
    """Starting point, problem in arrays, and the goods (country, sector) that lose all supply."""
    A = changes.scaled_shares(base.pi, theta)
    At = A
    if base.has_tariffs or changes.tariffs:
        At = _net_of_tariffs(A, base, changes, theta)
    return assemble(
        base,
        A,
        At,
        _margins(changes, len(base.theta)),
        changes.transfers,
        theta,
        deficits == "share",
        any((e.values > VANISHING).any() for e in changes.costs),
        changes.world.countries,
    )


def assemble(
    base: Baseline,
    A: Array,
    At: Array,
    margin: Margins,
    transfers: Array | None,
    theta: Array,
    deficits_in_shares: bool,
    banned: bool,
    countries: list[str],
) -> tuple[Array, Problem, Flags]:
    """Starting point, problem and goods lost, from shares; `At` is A itself without tariffs."""
    from detente.equilibrium.kernels import Problem

    N, J = base.beta.shape
    component, lost = np.zeros(N, int), np.zeros((N, J), bool)
    beta, G, Gt, alpha = base.beta, base.G, base.Gt, base.alpha
    if banned:
        component = _components(A, base, transfers, countries)
        lost = (A.sum(2).T == 0) & (base.pi.sum(2).T > 0)
        if lost.any():
            beta, G, Gt, alpha = _without(lost, base)
    problem = Problem(
        A=A,
        At=At,
        has_tariffs=At is not A,
        theta=theta,
        beta=beta,
        G=G,
        Gt=Gt,
        B=base.B,
        Bt=base.Bt,
        slope=base.slope(theta),
        home_labour=base.home_labour,
        lift_P=base.lift_P,
        lift_X=base.lift_X,
        alpha=alpha,
        VA=base.VA,
        D=_deficits_within(component, base),
        transfers=np.zeros(N) if transfers is None else transfers,
        world_income=float(base.income.sum()),
        deficits_in_shares=deficits_in_shares,
        margin=margin,
        component=component,
    )
    x = np.concatenate([np.zeros(N + N * J), (base.X / base.VA[:, None]).ravel()])
    return x, problem, lost


def _net_of_tariffs(A: Array, base: Baseline, changes: Changes, theta: Array) -> Array:
    """Put the tariffs that change into A, in place; A / (1 + t')."""
    t = base.t.copy()
    changes.set_tariffs(t)
    blocks = [np.broadcast_arrays(*edit.block) for edit in changes.tariffs]
    touched = [np.ravel_multi_index(tuple(block), t.shape).ravel() for block in blocks]
    changed = np.unique(np.concatenate([np.empty(0, np.int64), *touched]))
    rate, before = t.ravel()[changed], base.t.ravel()[changed]
    sector = changed // (t.shape[1] * t.shape[2])
    A.reshape(-1)[changed] *= ((1 + rate) / (1 + before)) ** -theta[sector]
    if base.has_tariffs:
        net: Array = A / (1 + t)
        return net
    At = A.copy()
    At.reshape(-1)[changed] /= 1 + rate
    return At


def _margins(changes: Changes, J: int) -> Margins:
    """Entries of the hubs' margins that are not zero."""
    columns: list[Array] = []
    for detour in changes.detours:
        h, j, n, i = np.nonzero(detour.margins)
        places = (detour.sectors[j], detour.destinations[n], detour.origins[i], detour.hubs[h])
        columns.append(np.array([*places, detour.margins[h, j, n, i]]))
    entries = np.concatenate(columns, axis=1) if columns else np.empty((5, 0))
    sector, n, i, hub = entries[:4].astype(np.int64)
    return margins_by_sector(sector, n, i, hub, entries[4], J)


def margins_by_sector(
    sector: Positions,
    destination: Positions,
    origin: Positions,
    hub: Positions,
    share: Array,
    J: int,
) -> Margins:
    """Margins in the order that the kernels take them in."""
    from detente.equilibrium.kernels import Margins

    order = np.argsort(sector, kind="stable")
    return Margins(
        first=np.searchsorted(sector[order], np.arange(J + 1)),
        destination=destination[order],
        origin=origin[order],
        hub=hub[order],
        share=share[order],
    )


def _components(
    A: Array, base: Baseline, transfers: Array | None, countries: list[str]
) -> Positions:
    """Number of the connected part of the trade graph that each country is in, [n]."""
    from scipy.sparse.csgraph import connected_components

    trades: Flags = np.any(A, axis=0)
    _, component = connected_components(trades, directed=False)
    numbers: Positions = component.astype(np.int64)
    if component.any() and transfers is not None:
        net = np.bincount(component, transfers)
        if abs(net).max() > 1e-9 * base.VA.sum():
            raise ScenarioError(
                "a transfer runs between countries that no longer trade, directly or through "
                "others, so it cannot be paid"
            )
    D = _deficits_within(numbers, base)
    _, bloc = connected_components(trades, directed=True, connection="strong")
    for number in np.argsort(np.bincount(bloc), kind="stable"):
        inside = bloc == number
        buys = trades[np.ix_(inside, ~inside)].any()
        sells = trades[np.ix_(~inside, inside)].any()
        deficit = D[inside].sum()
        if (buys and not sells and deficit <= 0) or (sells and not buys and deficit >= 0):
            names = np.array(countries)[inside][:5]
            raise ConvergenceError(
                f"{', '.join(names)} can trade with the rest of the world in one direction only, "
                "so its trade cannot balance and no equilibrium exists: ban both directions, or "
                "make one of the bans a finite cost factor",
                {"countries": list(names)},
            )
    return numbers


def is_one_market(trades: Flags) -> bool:
    """Tell whether every country sells to every other, directly or through others."""
    from scipy.sparse.csgraph import connected_components

    count, _ = connected_components(trades, directed=True, connection="strong")
    return bool(count == 1)


def _deficits_within(component: Positions, base: Baseline) -> Array:
    """Deficits that sum to zero within each connected part of the world."""
    if not component.any():
        return base.D
    surplus = np.bincount(component, base.D) / np.bincount(component, base.VA)
    D: Array = base.D - surplus[component] * base.VA
    return D


def _without(lost: Flags, base: Baseline) -> tuple[Array, ...]:
    """Technology and final use without the goods lost, other shares scaled up to one."""
    G = np.where(lost[:, :, None], 0.0, base.G)
    left = base.beta + G.sum(1)
    if (left <= 0).any():
        raise ConvergenceError("a sector loses every input and uses no labour", {})
    G = G / left[:, None, :]
    alpha = np.where(lost, 0.0, base.alpha)
    alpha = alpha / alpha.sum(1, keepdims=True)
    return base.beta / left, G, np.ascontiguousarray(G.transpose(0, 2, 1)), alpha
