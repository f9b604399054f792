"""Sharing the burden: transfers after which every member of a coalition gains or loses alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from detente.arrays import Array, Positions
from detente.equilibrium.equilibria import Equilibria
from detente.errors import ConvergenceError, ScenarioError
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation
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
    after
        The equilibrium with transfers.
    """

    members: pd.DataFrame
    common: float
    spread: float
    after: Equilibria


def share_burden(outcome: Outcome, coalition: Names, precision: float = PRECISION) -> Burden:
    """Find the transfers that make all members' losses equal in percent of real income.

    As Chowdhry, Hinz, Kamin and Wanner (2024), "Brothers in arms: the value of coalitions in
    sanctions regimes", Economic Policy 39(118). Transfers sum to zero; the equilibrium is solved
    in full with them, so they pay for what they do to prices too.

    Parameters
    ----------
    outcome
        A scenario solved, one draw.
    coalition
        Countries and groups.
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
    >>> from detente.policy.scenario import Scenario
    >>> from detente.simulation.run import simulate
    >>> cost = {"origins": ["DEU", "FRA"], "destinations": "BLR", "factor": 1.5}
    >>> embargo = simulate(Scenario(title="embargo", costs=[cost])).outcome()
    >>> shared = share_burden(embargo, ["DEU", "FRA"])
    >>> bool(abs(shared.members["transfer"].sum()) < 1e-6), bool(shared.spread < 1e-6)
    (True, True)
    """
    C = outcome.world.countries
    codes = resolve_countries(coalition, C)
    if len(codes) < 2:
        raise ScenarioError(
            f"a coalition needs two members to share a burden; {' '.join(codes)} is alone"
        )
    at = np.array([C.index(c) for c in codes])
    sharing = _Sharing(outcome, at, min(1e-11, precision / 100))
    after, transfers = _even(sharing, precision)
    before, shared = (100 * sharing.gains(e) for e in (sharing.plain, after))
    members = pd.DataFrame(
        {"before": before, "after": shared, "transfer": transfers},
        index=pd.Index(codes, name="country"),
    )
    return Burden(members, float(shared.mean()), float(np.ptp(shared)), after)


class _Sharing:
    """A scenario with transfers among members, [member]."""

    def __init__(self, outcome: Outcome, at: Positions, tolerance: float) -> None:
        s = outcome.simulation
        self._simulation = Simulation(s.compiler, s.parameters, tolerance)
        self._costs, self._at = outcome.costs, at
        self.income: Array = self._simulation.before.I[at, 0]
        self.plain = self.solved(np.zeros(at.size), outcome.after)

    def solved(self, transfers: Array, start: Equilibria) -> Equilibria:
        """The equilibrium with transfers."""
        given = self._costs.transfers.copy()
        given[self._at, 0] += transfers
        return self._simulation.solved(replace(self._costs, transfers=given), start)

    def gains(self, e: Equilibria) -> Array:
        """Relative change of real income of the members."""
        before = self._simulation.before
        gains: Array = (e.real_income / before.real_income - 1)[self._at, 0]
        return gains


def _even(sharing: _Sharing, precision: float) -> tuple[Equilibria, Array]:
    """Transfers [member] by quasi-Newton steps, the slope refined by Broyden's rank-one updates.

    A dollar raises a member's real income by about a dollar over its income, and what it does
    besides, through prices, is small and learned on the way.
    """
    income, after = sharing.income, sharing.plain
    transfers, gains = np.zeros(income.size), sharing.gains(after)
    inverse = np.diag(income)
    excess = _excess(gains, income)
    for _ in range(MOST_STEPS):
        if np.ptp(gains) <= precision:
            return after, transfers
        step = _balanced(-inverse @ excess, income)
        transfers = _balanced(transfers + step, income)
        after = sharing.solved(transfers, after)
        gains = sharing.gains(after)
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


def _excess(gains: Array, income: Array) -> Array:
    """Gains over the coalition's mean, weighted by income."""
    over: Array = gains - gains @ income / income.sum()
    return over


def _balanced(transfers: Array, income: Array) -> Array:
    """Take a sum that is not zero off in proportion to income."""
    balanced: Array = transfers - transfers.sum() * income / income.sum()
    return balanced
