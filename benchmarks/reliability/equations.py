"""The equations of docs/model.md, written down a second time, for numbers that came out.

Nothing of the solver's code is used: the policy is read from the changes that were asked for, and
every equation is set beside what the equilibrium says, country by country and sector by sector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import detente
from detente import Changes, World

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Policy:
    """What was asked for: cost factors and tariffs after, [n,i,j], and transfers, [n]."""

    d: Array
    t: Array
    transfers: Array

    @classmethod
    def of(cls, changes: Changes) -> Policy:
        """The edits one after the other; home trade is never touched."""
        d, t = np.ones(changes.world.data["pi"].shape), changes.world.data["t"].values.copy()
        home = np.arange(len(d))
        for edit in changes.costs:
            d[_block(edit)] *= edit.values.transpose(1, 2, 0)
        for edit in changes.tariffs:
            t[_block(edit)] = edit.values.transpose(1, 2, 0)
        d[home, home], t[home, home] = 1.0, changes.world.data["t"].values[home, home]
        none = np.zeros(len(d))
        return cls(d, t, none if changes.transfers is None else changes.transfers)


def _block(edit: Any) -> Any:
    return np.ix_(edit.destinations, edit.origins, edit.sectors)


def residuals(
    found: detente.Equilibrium, changes: Changes, phi: Any = None, sigma: float = 1.0, **given: Any
) -> dict[str, float]:
    """Largest error of each equation, relative to what a country earns or to one."""
    world, after = found.world, found.after
    d = {k: v.values for k, v in world.data.items()}
    theta = d["theta"] if given.get("theta") is None else given["theta"]
    phi = np.broadcast_to(d.get("phi", 0.0) if phi is None else phi, d["beta"].shape)
    policy = Policy.of(changes)
    w, I, R = np.exp(after.log_w[:, 0]), after.I[:, 0], after.R[:, 0]
    P, c = np.exp(after.log_P[..., 0].T), after.c[..., 0].T
    X, Y, pi = after.X[..., 0].T, after.Y[..., 0].T, found.pi_after.values

    lost = ((d["pi"] > 0).any(1)) & ~((d["pi"] > 0) & np.isfinite(policy.d)).any(1)
    beta, G, alpha = _technology(d, lost, sigma)
    bought = (d["pi"] > 0).any(1) & ~lost

    kappa = (1 + policy.t) / (1 + d["t"]) * policy.d
    terms = d["pi"] * (kappa * c[None]) ** -theta
    total = terms.sum(1)
    safe = np.where(total == 0, 1.0, total)
    shares = np.where(bought[:, None], terms / safe[:, None], 0.0)
    dear = np.where(lost if sigma > 1 else np.zeros_like(lost), np.inf, P)

    V0 = d["beta"] * _sold(d["pi"], d["t"], d["X"])
    r = np.ones_like(V0)
    r[:, after.production.fixed] = np.exp(after.log_w + after.log_rho)[..., 0].T
    r = np.where(phi * V0 > 0, r, 1.0)
    v = w[:, None] ** (1 - phi) * np.where(phi * V0 > 0, r, w[:, None]) ** phi
    if sigma == 1:
        log_c = beta * np.log(v) + np.einsum("nkj,nk->nj", G, np.log(P))
        in_costs, in_use = np.ones_like(v), np.ones_like(G)
    else:
        s = 1 - sigma
        log_c = np.log(beta * v**s + np.einsum("nkj,nk->nj", G, dear**s)) / s
        in_costs, in_use = (v / c) ** s, (dear[:, :, None] / c[:, None]) ** s
    V = beta * in_costs * Y
    rents, wages = (phi * V0 * r).sum(1), w * (d["VA"] - (phi * V0).sum(1))
    D = _deficits(d, policy, found.deficits, (wages + rents).sum() + R.sum())
    use = np.einsum("nkj,nj->nk", G * in_use, Y)
    shown = 1e-9 * Y.sum() < Y
    return {
        "shares sum to one": _worst(np.where(bought, pi.sum(1), 1.0), 1.0),
        "shares are those of costs": _worst(pi, shares),
        "prices": _worst(np.where(bought, P, 1.0) ** theta * total, 1.0, where=bought),
        "unit costs": _worst(np.log(c), log_c, where=shown),
        "goods markets clear": _worst(_sold(pi, policy.t, X), Y, Y.sum(1)[:, None]),
        "spending": _worst(X, np.where(lost, 0.0, use + alpha * I[:, None]), d["VA"][:, None]),
        "incomes": _worst(I, wages + rents + R + D + policy.transfers, d["VA"]),
        "tariff revenue": _worst((pi * policy.t / (1 + policy.t) * X[:, None]).sum((1, 2)), R, I),
        "labour markets clear": _worst(((1 - phi) * V).sum(1), wages, d["VA"]),
        "labour markets clear, of wages after": _worst(((1 - phi) * V).sum(1), wages, wages),
        "fixed factors": _worst(phi * V, phi * V0 * r, d["VA"][:, None]),
        "numeraire": _worst((wages + rents).sum(), d["VA"].sum(), d["VA"].sum()),
    }


def _sold(pi: Array, t: Array, X: Array) -> Array:
    sold: Array = (pi / (1 + t) * X[:, None]).sum(0)
    return sold


def _technology(d: dict[str, Array], lost: Any, sigma: float) -> tuple[Array, Array, Array]:
    """Shares of value added, of inputs and in final use, without goods that nobody supplies."""
    beta, G = d["beta"], (1 - d["beta"])[:, None] * d["gamma"]
    alpha = np.where(lost, 0.0, d["alpha"])
    alpha = alpha / alpha.sum(1, keepdims=True)
    if sigma > 1:
        return beta, G, alpha
    G = np.where(lost[:, :, None], 0.0, G)
    left = beta + G.sum(1)
    return beta / left, G / left[:, None], alpha


def _deficits(d: dict[str, Array], policy: Policy, closure: str, world_income: float) -> Array:
    """Deficits after; within each part of the world that still trades they sum to zero."""
    trades = ((d["pi"] > 0) & np.isfinite(policy.d)).any(2)
    reach = trades | trades.T | np.eye(len(trades), dtype=bool)
    for _ in range(len(reach).bit_length() + 1):
        reach = (reach.astype(float) @ reach) > 0
    D, part = d["D"], reach.astype(float)
    if not reach.all():
        D = D - (part @ D) / (part @ d["VA"]) * d["VA"]
    before = d["VA"].sum() + (d["pi"] * d["t"] / (1 + d["t"]) * d["X"][:, None]).sum()
    return D * (world_income / before if closure == "share" else 1.0)


def _worst(found: Any, wanted: Any, scale: Any = 1.0, where: Any = True) -> float:
    error = np.abs(found - wanted) / np.maximum(scale, 1e-300)
    error = np.where(where, error, 0.0)
    return float(error.max()) if np.isfinite(error).all() else float("inf")


def in_other_units(world: World, changes: Changes, factor: float = 1000.0) -> Changes:
    """The same changes on a world whose values are all so many times as large."""
    data = world.data.copy()
    for name in ("X", "VA", "D"):
        data[name] = data[name] * factor
    transfers = None if changes.transfers is None else changes.transfers * factor
    return Changes(World(data), changes.costs, changes.tariffs, transfers, changes.steps)
