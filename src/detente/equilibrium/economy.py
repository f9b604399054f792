"""A world in the memory layout of the solver, with all that does not depend on the policy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from detente.arrays import Array, Positions
from detente.equilibrium.jacobian import Jacobian, differentiate
from detente.equilibrium.production import Production
from detente.world.world import World


@dataclass(frozen=True, eq=False)
class Economy:
    """A world in arrays, in the letters of the model: `j` sector, `n` destination, `i` origin.

    Attributes
    ----------
    world
        The world.
    pi, t, net
        Expenditure shares, tariffs, and trade net of tariffs per unit of expenditure, [j,n,i].
    theta
        Trade elasticities, [j].
    beta, alpha, phi
        Value-added shares, final-use shares, and shares of value added of factors that cannot move,
        [n,j].
    G
        Input shares (1 - beta) gamma, [n,k,j].
    X, Y
        Expenditure and gross output, [n,j].
    VA, D, R, I
        Value added, deficits, tariff revenue and income, [n].
    """

    world: World
    pi: Array
    t: Array
    net: Array
    theta: Array
    beta: Array
    alpha: Array
    phi: Array
    G: Array
    X: Array
    Y: Array
    VA: Array
    D: Array
    R: Array
    I: Array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Economy) and self.world == other.world

    def __hash__(self) -> int:
        return hash(self.world)

    def production(self, draws: int) -> Production:
        """The world's fixed factors and Cobb-Douglas technology, for some draws."""
        return Production.of(self.phi.T, 1.0, draws)

    @cached_property
    def has_tariffs(self) -> bool:
        """Whether any tariff of the world is not zero."""
        return bool(self.t.any())

    @cached_property
    def supply(self) -> Array:
        """Sum of the shares of all origins: one, or zero where nothing is bought, [j,n]."""
        total: Array = self.pi.sum(2)
        return total

    @cached_property
    def suppliers(self) -> Positions:
        """How many origins sell a good to a destination, [j,n]."""
        count: Positions = np.count_nonzero(self.pi, axis=2)
        return count

    @cached_property
    def goods(self) -> Positions:
        """How many goods an origin sells to a destination, [n,i]."""
        count: Positions = np.count_nonzero(self.pi, axis=0)
        return count

    @cached_property
    def jacobian(self) -> Jacobian:
        """How the world answers a change of its wages; guides the search for an equilibrium."""
        accounts = self.pi, self.net, self.beta, self.alpha, self.G, self.X, self.VA
        return differentiate(*(a.astype(np.float32) for a in accounts))


@lru_cache(maxsize=8)
def economy_of(world: World) -> Economy:
    """The world in arrays; worlds of equal numbers share it."""
    d = {k: np.ascontiguousarray(v.values, dtype=float) for k, v in world.data.items()}
    pi = np.ascontiguousarray(d["pi"].transpose(2, 0, 1))
    t = np.ascontiguousarray(d["t"].transpose(2, 0, 1))
    net = pi / (1 + t) if t.any() else pi
    G = (1 - d["beta"])[:, None, :] * d["gamma"]
    return Economy(
        world=world,
        pi=pi,
        t=t,
        net=net,
        theta=d["theta"],
        beta=d["beta"],
        alpha=d["alpha"],
        phi=d.get("phi", np.zeros_like(d["beta"])),
        G=G,
        X=d["X"],
        Y=(net * d["X"].T[:, :, None]).sum(1).T,
        VA=d["VA"],
        D=d["D"],
        R=world.tariff_revenue.values,
        I=world.income.values,
    )


@lru_cache(maxsize=4)
def clearing_wages(economy: Economy, theta: bytes) -> Array:
    """`Jacobian.clearing` at elasticities [j,k], given as bytes: scenarios of a draw share them."""
    return economy.jacobian.clearing(np.frombuffer(theta).reshape(len(economy.theta), -1))
