"""Sharing the burden: transfers after which every member of a coalition gains or loses alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from detente.arrays import Array, Positions
from detente.equilibrium import Equilibrium, solve
from detente.equilibrium.problem import Deficits
from detente.errors import ConvergenceError, ScenarioError
from detente.policy.changes import Changes
from detente.world.names import Names, resolve_countries

PRECISION = 1e-9
"""Largest difference between members' relative changes of real income."""

MOST_STEPS = 60


@dataclass(frozen=True, eq=False)
class Burden:
    """Transfers within a coalition, and what they even out.

    Attributes
    ----------
    members
        By country: `before` and `after`, welfare without and with transfers, in percent; the
        `transfer` received (million USD of nominal income; negative where it pays).
    common
        Welfare of every member with transfers, in percent.
    spread
        Largest difference left between members, in percent.
    equilibrium
        With transfers.
    """

    members: pd.DataFrame
    common: float
    spread: float
    equilibrium: Equilibrium


def share_burden(
    changes: Changes, coalition: Names, deficits: Deficits = "share", precision: float = PRECISION
) -> Burden:
    """Find the transfers that make all members' losses equal in percent of real income.

    As Chowdhry, Hinz, Kamin and Wanner (2024), "Brothers in arms: the value of coalitions in
    sanctions regimes", Economic Policy 39(118). Transfers sum to zero; the equilibrium is solved
    in full with them, so they pay for what they do to prices too.

    Parameters
    ----------
    changes
        The policy: of a scenario, with routes or without.
    coalition
        Countries and groups.
    deficits
        Closure; see `detente.solve`.
    precision
        Largest difference left between members' relative changes of real income.

    Raises
    ------
    ScenarioError
        A coalition of fewer than two members.
    ConvergenceError
        Losses do not even out.

    Examples
    --------
    >>> import detente
    >>> world = detente.load_world("icio2022")
    >>> embargo = detente.Changes(world).cost(["DEU", "FRA"], "BLR", factor=1.5)
    >>> shared = share_burden(embargo, ["DEU", "FRA"])
    >>> bool(abs(shared.members["transfer"].sum()) < 1e-6), bool(shared.spread < 1e-6)
    (True, True)
    """
    C = changes.world.countries
    codes = resolve_countries(coalition, C)
    if len(codes) < 2:
        raise ScenarioError(
            f"a coalition needs two members to share a burden; {' '.join(codes)} is alone"
        )
    at = np.array([C.index(c) for c in codes])
    tolerance = min(1e-11, precision / 100)
    plain = solve(changes.world, changes, deficits=deficits, tolerance=tolerance)
    found, transfers = _even(plain, at, deficits, precision, tolerance)
    before, after = (100 * _gains(e, at) for e in (plain, found))
    members = pd.DataFrame(
        {"before": before, "after": after, "transfer": transfers},
        index=pd.Index(codes, name="country"),
    )
    return Burden(members, float(after.mean()), float(np.ptp(after)), found)


def _even(
    plain: Equilibrium, at: Positions, deficits: Deficits, precision: float, tolerance: float
) -> tuple[Equilibrium, Array]:
    """Transfers [member] by quasi-Newton steps, the slope refined by Broyden's rank-one updates.

    A dollar raises a member's real income by about a dollar over its income, and what it does
    besides, through prices, is small and learned on the way.
    """
    income = plain.world.income.values[at]
    transfers, found, gains = np.zeros(at.size), plain, _gains(plain, at)
    inverse = np.diag(income)
    step, excess = np.zeros(at.size), _excess(gains, income)
    for _ in range(MOST_STEPS):
        if np.ptp(gains) <= precision:
            return found, transfers
        step = _balanced(-inverse @ excess, income)
        transfers = _balanced(transfers + step, income)
        found = _with_transfers(plain, at, transfers, deficits, tolerance)
        gains = _gains(found, at)
        rise = _excess(gains, income) - excess
        excess = excess + rise
        along = inverse @ rise
        scale = step @ along
        if abs(scale) > 0:
            inverse = inverse + np.outer(step - along, step @ inverse) / scale
    raise ConvergenceError(
        f"transfers do not even out the burden within {MOST_STEPS} steps: members still differ by "
        f"{100 * np.ptp(gains):.3g} percent",
        {"spread": float(np.ptp(gains))},
    )


def _gains(equilibrium: Equilibrium, at: Positions) -> Array:
    """Relative change of real income of the members."""
    gains: Array = equilibrium.welfare.values[at] / 100
    return gains


def _excess(gains: Array, income: Array) -> Array:
    """Gains over the coalition's mean, weighted by income."""
    over: Array = gains - gains @ income / income.sum()
    return over


def _balanced(transfers: Array, income: Array) -> Array:
    """Take a sum that is not zero off in proportion to income."""
    balanced: Array = transfers - transfers.sum() * income / income.sum()
    return balanced


def _with_transfers(
    plain: Equilibrium, at: Positions, transfers: Array, deficits: Deficits, tolerance: float
) -> Equilibrium:
    changes = plain.changes
    all_transfers = np.zeros(len(changes.world.countries))
    if changes.transfers is not None:
        all_transfers += changes.transfers
    all_transfers[at] += transfers
    words = "transfers that share the burden among " + "+".join(
        changes.world.countries[n] for n in at
    )
    paid = replace(changes, transfers=all_transfers, steps=(*changes.steps, words))
    return solve(changes.world, paid, deficits=deficits, tolerance=tolerance)
