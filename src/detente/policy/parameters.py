"""What a simulation is computed under: elasticities, strengths, routes, one value to a draw."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from detente.arrays import Array
from detente.policy.horizon import HORIZONS
from detente.policy.measures import Strengths
from detente.policy.pass_through import PassThrough
from detente.policy.routes import FALSE_TRANSIT, HUB_SHARE, NESTING
from detente.world.world import World

if TYPE_CHECKING:
    from detente.policy.scenario import Scenario


@dataclass(frozen=True, eq=False)
class Parameters:
    """Parameters of some draws; the last axis is the draw.

    Attributes
    ----------
    theta_long
        Trade elasticities in the long run, at which measures are known, [j,k].
    horizon
        Share of the long-run response of trade that has come about, [k].
    phi
        Share of value added of factors that cannot move, of all draws, [j,n].
    sigma
        Elasticity of substitution between value added and inputs and among inputs, [k].
    strengths
        Where measures are in their ranges.
    pass_through
        How much of relief is used.
    contained
        What the table contains of its year's measures, in standard errors above the estimate, [k].
    deficits
        Closure: `share`, `value` or `zero`, [k].
    nesting
        Route elasticity over trade elasticity, [k].
    hub_share
        Share of the routed trade that would take a hub if nothing were sanctioned, [k].
    hub_margin
        A hub's handling margin as a share of value, [k].
    false_transit
        Share of goods sent through a hub that never enter it: declared for it, they go straight on,
        and the hub earns nothing, [k].
    owner_fees
        Factor on the fees that owners of corridors earn, [k].
    handling
        Factor on the handling cost of every hub, or of each, [k] or [hub,k].
    patron_share
        Share of the client's gain that the patron takes off its subsidy, [k].
    """

    theta_long: Array
    horizon: Array
    phi: Array
    sigma: Array
    strengths: Strengths
    pass_through: PassThrough
    contained: Array
    deficits: Any
    nesting: Array
    hub_share: Array
    hub_margin: Array
    false_transit: Array
    owner_fees: Array
    handling: Array
    patron_share: Array

    @classmethod
    def central(cls, scenario: Scenario, world: World, draws: int = 1) -> Parameters:
        """What a scenario says, for all draws alike."""
        routes, patronage = scenario.routes, scenario.patronage
        posterior = scenario.confirmed
        hub_share = None if routes is None else routes.hub_share
        if hub_share is None:
            hub_share = posterior.value("hub-share", 0.5, HUB_SHARE)
        central, horizon = scenario.level == "central", HORIZONS[scenario.horizon]

        def each(value: float) -> Array:
            return np.full(draws, value)

        return cls(
            theta_long=np.repeat(world.data["theta"].values[:, None], draws, axis=1),
            horizon=each(horizon.response),
            phi=horizon.phi(world),
            sigma=each(horizon.sigma),
            strengths=posterior.strengths(0.5) if central else Strengths.at(scenario.level),
            pass_through=PassThrough(friction=scenario.friction),
            contained=each(0.0),
            deficits=np.full(draws, scenario.deficits),
            nesting=each(NESTING),
            hub_share=each(hub_share),
            hub_margin=each(0.0 if routes is None else routes.margin),
            false_transit=each(posterior.value("false-transit", 0.5, FALSE_TRANSIT)),
            owner_fees=each(1.0),
            handling=each(1.0),
            patron_share=each(0.0 if patronage is None else patronage.share),
        )

    @property
    def draws(self) -> int:
        """How many draws, K."""
        return int(self.theta_long.shape[1])

    @property
    def theta(self) -> Array:
        """Trade elasticities within the horizon, [j,k]."""
        theta: Array = self.theta_long * self.horizon
        return theta

    def repeated(self, draws: int, **values: Array) -> Parameters:
        """One draw many times, with some values, [..., k], in place."""
        alike: dict[str, Any] = {
            f.name: np.repeat(getattr(self, f.name), draws, axis=-1)
            for f in fields(self)
            if f.name not in ("strengths", "pass_through", "phi")
        }
        return replace(self, **{**alike, **values})
