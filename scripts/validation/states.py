"""States of the world under draws of the posterior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detente.cases import load_case
from detente.errors import ConvergenceError
from detente.inference.moments import Moments
from detente.inference.observations import Observation
from detente.inference.priors import FIRST_YEAR, HORIZON, Prior
from detente.policy.compile import Compiler
from detente.policy.horizon import HorizonName
from detente.policy.parameters import Parameters
from detente.policy.posterior import Posterior, register_posterior
from detente.policy.scenario import Assumptions, Scenario
from detente.simulation.assumptions import kind_of
from detente.simulation.run import Simulation
from detente.world.names import Names, resolve_countries, resolve_sectors
from detente.world.world import World

Array = NDArray[np.float64]
Values = Mapping[str, Array]
"""Parameters by name, each [k]."""

DRAWS = 101
BAND = (0.05, 0.5, 0.95)
TOLERANCE = 1e-7
LONG_RUN_YEAR = 8
"""Year in which the long-run elasticity is reached: seven to ten in Boehm et al. (2023)."""
SENDERS = [
    "EU27",
    "USA",
    "GBR",
    "JPN",
    "CAN",
    "AUS",
    "CHE",
    "NOR",
    "KOR",
    "TWN",
    "SGP",
    "NZL",
    "ISL",
]
"""Countries that sanction Russia, besides Ukraine."""


def quantiles(draws: int = DRAWS) -> Array:
    """Evenly spaced; the middle one is the central draw."""
    return (np.arange(draws) + 0.5) / draws


def response(first_year: Array, year: int) -> Array:
    """Share of the long-run response in a year: even steps from the first to the eighth.

    Boehm, Levchenko and Pandalai-Nayar (2023) give the elasticity of the first year and how long
    the way to the long run is; that it is even is judgement.
    """
    return first_year + (1 - first_year) * min((year - 1) / (LONG_RUN_YEAR - 1), 1.0)


def band(values: Array) -> Array:
    """Quantiles of `BAND`."""
    found: Array = np.nanquantile(values, BAND, axis=-1)
    return found


@dataclass(frozen=True, eq=False)
class Record:
    """What is simulated: the assumptions of the Belarus case under the register's posterior."""

    posterior: Posterior
    assumptions: Assumptions

    @classmethod
    def of_register(cls) -> Record:
        """With the posterior that comes with the package."""
        return cls(register_posterior(), load_case("belarus-2025"))

    @cached_property
    def world(self) -> World:
        """The embedded world."""
        return self.scenario(title="none").load_world()

    def scenario(self, **change: object) -> Scenario:
        """A scenario under the assumptions of the record."""
        parts = {f: getattr(self.assumptions, f) for f in Assumptions.model_fields}
        return Scenario(**{**parts, "status_quo": None, "horizon": "long-run", **change})

    def values(self, draws: int = DRAWS) -> Values:
        """The posterior at evenly spaced quantiles."""
        return {n: self.posterior.value(n, quantiles(draws), None) for n in self.posterior.names}

    @cached_property
    def first_year(self) -> Array:
        """The horizon of the first year, [k]; that of the prior if the posterior has none."""
        return np.asarray(self.values().get(FIRST_YEAR, HORIZON.value(quantiles())))

    def parameters(
        self,
        year: int | None = None,
        *,
        friction: bool = True,
        horizon: HorizonName = "long-run",
    ) -> Parameters:
        """Under the posterior.

        In a year after the sanctions, the share of the response that has come about is that of the
        year; inputs and factors are those of the horizon, in the long run as in the moments that
        the posterior was sampled with.
        """
        scenario = self.scenario(title="", friction=friction, horizon=horizon)
        p = applied(self.values(), Parameters.central(scenario, self.world, DRAWS))
        return p if year is None else replace(p, horizon=response(self.first_year, year))

    def in_period(
        self, first: date, last: date, year: int | None, horizon: HorizonName = "long-run"
    ) -> Simulation:
        """The status quo of a period."""
        compiler = Compiler(self.world, {"none": self.scenario(title="none")}, period=(first, last))
        return Simulation(compiler, self.parameters(year, horizon=horizon), TOLERANCE)

    def in_year(self, calendar: int, year: int | None) -> Simulation:
        """The status quo of a calendar year."""
        return self.in_period(date(calendar, 1, 1), date(calendar, 12, 31), year)

    def compared(self, observations: Mapping[str, Observation]) -> Array:
        """What was observed, as simulated in the first year under the posterior, [m,k]."""
        return Moments(observations, self.assumptions).simulated(self.parameters(year=1))


def applied(values: Values, p: Parameters) -> Parameters:
    """Parameters with some values in place, but for the horizon of the first year."""
    for name, value in values.items():
        if name != FIRST_YEAR:
            p = kind_of(name).apply(p, value)
    return p


def from_prior(priors: Mapping[str, Prior], draws: int = DRAWS, seed: int = 0) -> Values:
    """Draws from priors."""
    u = np.random.default_rng(seed).uniform(size=(len(priors), draws))
    return {name: prior.value(u[k]) for k, (name, prior) in enumerate(priors.items())}


def simulated(moments: Moments, values: Values) -> Array:
    """Moments in the first year under some values, [m,k]; draws without equilibrium drop out."""
    draws = next(iter(values.values())).size
    p = applied(values, Parameters.central(moments.scenario, moments.world, draws))
    p = replace(p, horizon=values.get(FIRST_YEAR, np.full(draws, HORIZON.range.central)))
    try:
        return moments.simulated(p)
    except ConvergenceError as error:
        failed = int(str(error.diagnostics["draw"]))
        return simulated(moments, {n: np.delete(v, failed) for n, v in values.items()})


def at(world: World, countries: Names) -> NDArray[np.int64]:
    """Positions of countries."""
    found = resolve_countries(countries, world.countries)
    return np.array([world.countries.index(c) for c in found], np.int64)


def sectors_at(world: World, sectors: Names) -> NDArray[np.int64]:
    """Positions of sectors."""
    found = resolve_sectors(sectors, world.sectors)
    return np.array([world.sectors.index(s) for s in found], np.int64)


def customs(
    simulation: Simulation, origins: Names, destinations: Names, sectors: Sequence[str] = ("goods",)
) -> Array:
    """Trade in the status quo as customs record it, [k]: what takes a hub goes to it, then on."""
    world, e = simulation.world, simulation.before
    j, n, i = sectors_at(world, sectors), at(world, destinations), at(world, origins)
    total = np.asarray(e.sales(j, n, i).sum((0, 1, 2)))
    choice = simulation.compiler.routes
    for trade, shares in zip(
        () if choice is None else choice.trade, simulation.compiled.route_shares, strict=True
    ):
        routed = (shares * e.sales(*trade.block))[1:, np.isin(trade.block[0], j)]
        to, by = np.isin(trade.block[1], n), np.isin(trade.block[2], i)
        total = total - routed[:, :, to][:, :, :, by].sum((0, 1, 2, 3))
        for hub, through in zip(choice.positions, routed, strict=True):
            total = total + through[:, :, by].sum((0, 1, 2)) * (hub in n)
            total = total + through[:, to].sum((0, 1, 2)) * (hub in i)
    return total
