"""Strengths and falls of trade: what one says about the other, in a sector, at a horizon."""

from __future__ import annotations

from detente.errors import ScenarioError
from detente.policy.horizon import HORIZONS, HorizonName
from detente.world.names import resolve_sectors
from detente.world.world import World

PERIODS: dict[str, HorizonName] = {
    "1y": "first-year",
    "3y": "three-years",
    "long": "long-run",
    **{name: name for name in HORIZONS},
}
"""Horizons by the words that a command takes."""


def ave_of_fall(fall: float, theta: float) -> float:
    """Ad-valorem equivalent a that makes covered trade fall by a share, (1 - x)^(-1/theta) - 1.

    Prices elsewhere are held; see docs/regimes.md.

    Raises
    ------
    ScenarioError
        A fall that is not below 1: only a ban stops all trade.

    >>> round(ave_of_fall(0.95, 5.01), 2)
    0.82
    """
    if not fall < 1:
        raise ScenarioError(f"a fall of {100 * fall:g}% needs a ban (`ban: true`), no strength")
    equivalent: float = (1 - fall) ** (-1 / theta) - 1
    return equivalent


def fall_of_ave(ave: float, theta: float) -> float:
    """Share by which covered trade falls at an ad-valorem equivalent, 1 - (1 + a)^-theta.

    Raises
    ------
    ScenarioError
        An equivalent at or below -1.

    >>> round(fall_of_ave(0.82, 5.01), 2)
    0.95
    """
    if ave <= -1:
        raise ScenarioError(f"ad-valorem equivalent {ave:g} must be greater than -1")
    lost: float = 1 - (1 + ave) ** -theta
    return lost


def elasticities_at(world: World, sectors: str, period: str) -> dict[str, float]:
    """Trade elasticity of some sectors, by code, as far as it has come about at a horizon.

    Raises
    ------
    ScenarioError
        No such horizon.
    WorldError
        No such sector.

    >>> import detente
    >>> found = elasticities_at(detente.load_world("icio2022"), "C16", "1y")
    >>> {sector: round(theta, 2) for sector, theta in found.items()}
    {'C16': 3.34}
    """
    if period not in PERIODS:
        raise ScenarioError(f"no horizon {period!r}; allowed: {', '.join(PERIODS)}")
    response = HORIZONS[PERIODS[period]].response
    theta = world.data["theta"]
    return {
        code: response * float(theta.sel(sector=code))
        for code in resolve_sectors(sectors, world.sectors)
    }
