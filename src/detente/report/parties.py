"""Who a case is about besides its target, where nobody has said so."""

from __future__ import annotations

from detente.cases import Case
from detente.world.names import resolve_countries
from detente.world.world import World


def counterpart(case: Case, target: str | None = None) -> str:
    """The case's rival, or the largest trading partner of the target where that is another.

    Parameters
    ----------
    case
        Names the rival, and has the world.
    target
        The case's own unless another is asked about.
    """
    world = case.scenario(case.last_easing()).load_world()
    here = resolve_countries(target or case.target, world.countries)[0]
    return largest_partners(world, here)[0] if case.rival in (None, here) else str(case.rival)


def largest_partners(world: World, country: str, count: int = 1) -> list[str]:
    """Codes of the countries that trade most with one, exports and imports together."""
    flows = world.trade.sum("sector")
    sold, bought = flows.sel(origin=country), flows.sel(destination=country)
    trade = sold.rename(destination="country") + bought.rename(origin="country")
    return list(trade.drop_sel(country=country).to_series().nlargest(count).index)
