"""A world in the memory layout of the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from detente.arrays import Array
from detente.world.world import World


@dataclass(frozen=True)
class Baseline:
    """A world in the kernels' memory layout, with all that does not depend on the policy."""

    pi: Array  # [j,n,i]
    t: Array  # [j,n,i]
    has_tariffs: bool
    theta: Array
    beta: Array
    G: Array
    Gt: Array
    B: Array
    Bt: Array
    alpha: Array
    X: Array
    VA: Array
    D: Array
    income: Array
    home_labour: Array  # [n,j] beta pi_nn
    lift_P: Array
    lift_X: Array
    contested: Array  # [j,n] labour whose demand falls with the own wage, per unit of theta

    def slope(self, theta: Array) -> Array:
        """Fall of labour demand over VA with the own log wage, [n], inputs' prices held fixed."""
        at_home = (self.home_labour * self.X).sum(1)
        slope: Array = 1.0 + (theta @ self.contested - at_home) / self.VA
        return slope


_baselines: WeakKeyDictionary[World, Baseline] = WeakKeyDictionary()


def baseline_of(world: World) -> Baseline:
    """The world in arrays; computed once per world."""
    if world not in _baselines:
        _baselines[world] = _prepare(world)
    return _baselines[world]


def _prepare(world: World) -> Baseline:
    d = {k: np.ascontiguousarray(v.values, dtype=float) for k, v in world.data.items()}
    J = len(world.sectors)
    pi = np.ascontiguousarray(d["pi"].transpose(2, 0, 1))
    t = np.ascontiguousarray(d["t"].transpose(2, 0, 1))
    G = (1 - d["beta"])[:, None, :] * d["gamma"]
    Gt = np.ascontiguousarray(G.transpose(0, 2, 1))
    domestic = np.einsum("jnn->nj", pi)
    B = np.linalg.inv(np.eye(J) - domestic[:, :, None] * Gt)
    labour = pi * d["X"].T[:, :, None] / (1 + t) * d["beta"].T[:, None, :]
    return Baseline(
        pi=pi,
        t=t,
        has_tariffs=bool(t.any()),
        theta=d["theta"],
        beta=d["beta"],
        G=G,
        Gt=Gt,
        B=B,
        Bt=np.ascontiguousarray(B.transpose(0, 2, 1)),
        alpha=d["alpha"],
        X=d["X"],
        VA=d["VA"],
        D=d["D"],
        income=world.income.values,
        home_labour=d["beta"] * domestic,
        lift_P=np.einsum("njk,nk->nj", B, domestic * d["beta"]),
        lift_X=np.einsum("nkj,nk->nj", B, d["alpha"]),
        contested=(labour * (1 - pi)).sum(1),
    )
