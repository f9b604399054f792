"""Scenarios: which measures are eased and which are imposed, on which world."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from detente.arrays import Array
from detente.errors import ScenarioError
from detente.sanctions.measures import Countries, Measure, Sectors, Strict
from detente.sanctions.source import Source
from detente.world.changes import Changes
from detente.world.embedded import load_world
from detente.world.names import resolve_countries, resolve_sectors
from detente.world.world import World


class CostChange(Strict):
    """A cost factor on the trade of some origins with some destinations."""

    origins: Countries
    destinations: Countries
    sectors: Sectors = Field(default=["all"])
    factor: float = Field(gt=0)


class Scenario(Strict):
    """A change of regime and the assumptions to compute it under.

    Attributes
    ----------
    title
        One line for tables.
    world, elasticities
        Names that `load_world` takes.
    deficits
        Closure; see `detente.solve`.
    ease
        Measures in force in the baseline that the scenario lifts: the inverse of imposing them.
    impose
        Measures that the scenario adds.
    costs
        Cost factors given directly.
    """

    title: str
    world: str = "icio2022"
    elasticities: str = "fontagne"
    deficits: Literal["share", "value", "zero"] = "share"
    ease: list[Measure] = Field(default_factory=list)
    impose: list[Measure] = Field(default_factory=list)
    costs: list[CostChange] = Field(default_factory=list)

    def load_world(self) -> World:
        """The world the scenario names, with its elasticities."""
        return load_world(self.world, self.elasticities)


def read_scenario(path: Path | str) -> Scenario:
    """Read and check a scenario file.

    Raises
    ------
    ScenarioError
        Every fault with file, line and field, and the nearest valid name.
    WorldError
        The file names a world or elasticities that do not exist.
    """
    source = Source.read(Path(path))
    return source.validate(Scenario, names_of(source))


def names_of(source: Source) -> dict[str, Any]:
    """Validation context: the countries and sectors of the world that a file names."""
    name = source.data.get("world", "icio2022")
    try:
        world = load_world(str(name))
    except ScenarioError:
        raise
    except ValueError as error:
        raise ScenarioError(f"{source.name}:{source.line(('world',))}: world: {error}") from error
    return {"countries": world.countries, "sectors": world.sectors}


def compile_scenario(scenario: Scenario, world: World) -> Changes:
    """Turn a scenario into cost changes on a world.

    Raises
    ------
    ScenarioError
        A ban among the measures to ease: the baseline does not show what trade would be
        without it.

    Examples
    --------
    >>> import detente
    >>> world = detente.load_world("icio2022")
    >>> ban = Measure(senders=["USA"], target="BLR", kind="export-ban", sectors=["K"], ave=0.25)
    >>> changes = compile_scenario(Scenario(title="ease", ease=[ban]), world)
    >>> float(changes.d_hat.sel(origin="USA", destination="BLR", sector="K"))
    0.8
    """
    changes = Changes(world)
    for measure in scenario.ease:
        changes = _apply(changes, measure, easing=True)
    for measure in scenario.impose:
        changes = _apply(changes, measure, easing=False)
    for c in scenario.costs:
        changes = changes.cost(c.origins, c.destinations, c.sectors, factor=c.factor)
    return changes


def _apply(changes: Changes, measure: Measure, easing: bool) -> Changes:
    world = changes.world
    senders, target, sectors = measure.senders, measure.target, measure.sectors
    if measure.kind == "tariff":
        return _tariff(changes, measure, easing)
    factor = cost_factor(measure, world)
    if easing:
        if np.isinf(factor).any():
            raise ScenarioError(
                f"a complete ban ({', '.join(senders)} on {target}) cannot be eased: the baseline "
                "does not show the trade it prevents; give it an `ave` instead"
            )
        factor = 1 / factor
    if measure.kind in ("export-ban", "finance"):
        changes = changes.cost(senders, target, sectors, factor=factor)
    if measure.kind in ("import-ban", "finance"):
        changes = changes.cost(target, senders, sectors, factor=factor)
    if measure.kind == "transit":
        raise ScenarioError("transit measures cannot be computed yet")
    return changes


def cost_factor(measure: Measure, world: World) -> Array:
    """Cost factor of imposing a measure, by sector covered; infinite for a complete ban.

    With product share s and cost factor delta inside it, ((1-s) + s delta^-theta)^(-1/theta).
    """
    delta = np.inf if measure.ave is None else 1 + measure.ave
    theta = world.data["theta"].sel(sector=resolve_sectors(measure.sectors, world.sectors)).values
    if measure.share == 1:
        return np.full(theta.shape, delta)
    inside = (1 - measure.share) + measure.share * delta**-theta
    factor: Array = inside ** (-1 / theta)
    return factor


def _tariff(changes: Changes, measure: Measure, easing: bool) -> Changes:
    """Add the rate to the tariffs in force, or take it off."""
    assert measure.ave is not None
    step = -measure.ave if easing else measure.ave
    countries = changes.world.countries
    sectors = resolve_sectors(measure.sectors, changes.world.sectors)
    rates = changes.tariff_after.sel(sector=sectors)
    for target in resolve_countries(measure.target, countries):
        for sender in resolve_countries(measure.senders, countries):
            now = rates.sel(origin=target, destination=sender).values
            changes = changes.tariff(target, sender, sectors, rate=now + step)
    return changes
