"""Snap-back: what it costs the target to lose relief that it has adapted to."""

from __future__ import annotations

from dataclasses import dataclass, replace

from detente.analysis.relief.menu import Menu
from detente.arrays import Array, Positions
from detente.equilibrium import Equilibrium, solve
from detente.errors import ScenarioError
from detente.policy.routes import RouteChoice
from detente.world.world import World

SHORT_RUN = 0.38
"""Trade elasticity in the year of a shock over that of the long run.

Boehm, Levchenko and Pandalai-Nayar (2023), "The Long and Short (Run) of Trade Elasticities",
American Economic Review 113(4): 0.76 in the first year against about 2 after seven to ten.
"""

PRECISION = 1e-12


@dataclass(frozen=True)
class SnapBack:
    """Relief, and its end after the target has adapted; percent of the target's real income.

    Attributes
    ----------
    package
        What is eased and then re-imposed.
    gain
        What easing gives, at the world's elasticities.
    loss
        What re-imposing takes, in percent of income with relief, at short-run elasticities; below
        zero.
    loss_usd
        The same as equivalent variation, million USD.
    net
        Both together: income in the first year of the snap-back over that of the status quo.
    short_run
        Factor on trade and route elasticities when measures return.
    """

    package: str
    gain: float
    loss: float
    loss_usd: float
    net: float
    short_run: float


def snap_back(menu: Menu, levels: Positions, short_run: float = SHORT_RUN) -> SnapBack:
    """Lift a package, let the world adapt, and re-impose it before trade can turn elsewhere.

    The cost factors that were taken off are put back on the world that relief has made, with
    elasticities of trade and of routes scaled down. At `short_run=1` this is the way back, and the
    net effect is zero; otherwise what relief gave and what its end takes differ by adaptation.

    Parameters
    ----------
    menu
        What may be eased.
    levels
        The package's level for each bundle; see `Menu`.
    short_run
        Above 0 and up to 1.

    Raises
    ------
    ScenarioError
        A factor out of range.

    Notes
    -----
    Hubs' handling margins are left out, in both directions: the accounts of a world do not show
    them. Wages and prices are as flexible as ever, so that losses from idle labour and capital
    come on top. Low elasticities cut both ways: the target finds no substitutes for what it loses,
    but its customers find none for what it sells and bear more of the cost, so that a snap-back
    need not cost more than the relief gave.

    Examples
    --------
    >>> from detente.cases import load_case
    >>> from detente.analysis.relief.menu import menu_of
    >>> import numpy as np
    >>> menu = menu_of(load_case("belarus-2025"), measures=["us-banks-2022"])
    >>> ended = snap_back(menu, np.array([1]))
    >>> ended.loss < 0 < ended.gain
    True
    """
    if not 0 < short_run <= 1:
        near = 1.0 if short_run > 1 else SHORT_RUN
        raise ScenarioError(
            f"short-run factor {short_run:g} must be above 0 and up to 1; nearest is {near:g}"
        )
    closure = menu.scenario.deficits
    changes, shares = menu.changes(levels), None
    if menu.routes is not None:
        routed = replace(menu.routes, margin=0.0).apply(changes)
        changes, shares = routed.changes, tuple(after for _, after in routed.shares)
    eased = solve(menu.world, changes, deficits=closure, tolerance=PRECISION)
    adapted = eased.world_after
    theta = adapted.data["theta"].values
    rigid = adapted.with_elasticities((short_run * theta).tolist())
    back = menu.reversed(levels, rigid)
    if menu.routes is not None:
        back = _return(menu.routes, shares, rigid, short_run).apply(back).changes
    ended = solve(rigid, back, deficits=closure, tolerance=PRECISION)
    gain, loss = (_welfare(e, menu.target) for e in (eased, ended))
    usd = float(ended.equivalent_variation.sel(country=menu.target))
    net = 100 * ((1 + gain / 100) * (1 + loss / 100) - 1)
    return SnapBack(menu.words(levels), gain, loss, usd, net, short_run)


def _return(
    choice: RouteChoice, shares: tuple[Array, ...] | None, world: World, short_run: float
) -> RouteChoice:
    """Routes as relief has left them, less ready to change."""
    vartheta = None if choice.vartheta is None else short_run * choice.vartheta
    return replace(
        choice, world=world, known_shares=shares, vartheta=vartheta, margin=0.0, mu_hat=()
    )


def _welfare(equilibrium: Equilibrium, country: str) -> float:
    return float(equilibrium.welfare.sel(country=country))
