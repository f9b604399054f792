"""How a landlocked exporter's goods choose among the corridors to the sea that are open.

They choose as they choose among hubs (`detente.policy.routes`): with shares rho_r
in the reference and elasticity vartheta,

    kappa_hat = (sum_r rho_r kappa_hat_r^-vartheta)^(-1/vartheta)
    rho'_r    = rho_r (kappa_hat_r / kappa_hat)^-vartheta

A shut corridor has an infinite cost. One that carries more than its capacity gets dearer,

    kappa_hat_r = (q_r / capacity_r)^eta  where  q_r > capacity_r,
    q_r         = Q sum_n omega_n rho'_r[n] kappa_hat[n]^-theta

with Q the exporter's tonnes in the reference and omega_n the destinations' shares of them: tonnes
answer the cost of the way at given prices elsewhere. Where a mine is in fixed supply its own price
goes down with the cost, and tonnes answer with theta / (1 + beta phi theta) in place of theta.

How readily goods change corridors is read from what the way round costs: if the main corridor
carries the share rho and the others are dearer by a, then (1 - rho)^(-1/vartheta) = 1 + a.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.errors import ScenarioError
from detente.policy.corridors import Corridors
from detente.policy.entries import Block, block_of
from detente.policy.fields import in_year
from detente.policy.kinds import overseas
from detente.world.names import resolve_sectors, those_in
from detente.world.world import World


def route_elasticity(left: float, detour: Any) -> Any:
    """Vartheta at which goods get dearer by `detour` if the share `left` of the routes is left.

    >>> round(float(route_elasticity(0.06, 0.065)), 1)
    44.7
    """
    return -np.log(left) / np.log1p(detour)


def corridor_shares(rho: Array, log_kappa: Array, vartheta: Array) -> tuple[Array, Array]:
    """Log composite cost and shares of corridors, from their reference shares and log costs.

    Parameters
    ----------
    rho
        Shares when all are open, zero for those that are shut now, [r,c]; c are destinations.
    log_kappa
        Log cost of each against the reference, [r,k].
    vartheta
        Route elasticity, [k].

    Returns
    -------
    log_composite
        Log composite cost, infinite where all corridors are shut, [c,k].
    shares
        Shares of the trade that is left, zero where there is none, [r,c,k].

    Examples
    --------
    >>> rho, closed = np.array([[0.0], [0.1]]), np.zeros((2, 1))
    >>> log_composite, shares = corridor_shares(rho, closed, np.array([40.0]))
    >>> np.exp(log_composite).round(3).tolist(), shares[1].tolist()
    ([[1.059]], [[1.0]])
    """
    is_open = rho.max(1, keepdims=True) > 0
    cheapest = np.where(is_open, log_kappa, np.inf).min(0)
    cheapest[np.isinf(cheapest)] = 0.0
    above = np.where(is_open, log_kappa - cheapest, 0.0)
    weights = rho[..., None] * np.exp(-vartheta * above)[:, None]
    total = weights.sum(0)
    with np.errstate(divide="ignore"):
        log_composite = cheapest - np.log(total) / vartheta
    return log_composite, np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


STEPS = 20_000
"""Steps in which congestion must settle."""

TOLERANCE = 1e-13
"""Largest error of a log cost."""


def congested(
    rho: Array, carried: Array, capacity: Array, eta: float, vartheta: Array, theta: Array
) -> Array:
    """Log cost of corridors that carry more than they can, [r,k].

    Solves f(x) = x_r - eta max(0, log(q_r(x) / capacity_r)) = 0 by Newton's method, with

        dlog q_r / dx_s = -vartheta [r = s] + (vartheta - theta) sum_c q_rc s_sc / q_r

    As q_r falls with the corridor's own cost by an elasticity between theta and vartheta, and rises
    with the others' by what makes it fall by theta if all get dearer, x <- x - f(x) / (1 + eta
    vartheta) shrinks distances to the only solution by 1 - (1 + eta theta) / (1 + eta vartheta):
    that is the step wherever Newton's last did not bring f closer to zero.

    Parameters
    ----------
    rho
        Shares when all are open, zero for those that are shut, [r,c].
    carried
        Tonnes to each destination when all are open, [c].
    capacity
        Tonnes, infinite where there is no limit, [r].
    eta
        Elasticity of the cost to tonnes over capacity.
    vartheta, theta
        Route and trade elasticity, [k].

    Raises
    ------
    ScenarioError
        It does not settle.

    Examples
    --------
    One corridor is left, for 6 tonnes at most where 10 went: without the answer of trade it gets
    dearer by eta log(10/6).

    >>> open_, full = np.array([[0.0], [0.5]]), np.array([np.inf, 6.0])
    >>> x = congested(open_, np.array([10.0]), full, 0.5, np.array([40.0]), np.array([0.0]))
    >>> x[:, 0].round(4).tolist()
    [0.0, 0.2554]
    """
    shape = (len(rho), vartheta.size)
    x, limited = np.zeros(shape), np.isfinite(capacity)[:, None]
    if eta == 0 or not (limited[:, 0] & (rho > 0).any(1)).any():
        return x
    sure, own = 1 / (1 + eta * np.maximum(vartheta, theta)), np.eye(len(rho))
    best = np.full(vartheta.size, np.inf)
    for _ in range(STEPS):
        log_composite, shares = corridor_shares(rho, x, vartheta)
        flows = shares * (carried[:, None] * np.exp(-theta * log_composite))
        q = flows.sum(1)
        over = np.divide(q, capacity[:, None], out=np.ones(shape), where=limited & (q > 0))
        f = x - eta * np.log(np.maximum(over, 1.0))
        worst = np.abs(f).max(0)
        if worst.max() < TOLERANCE:
            return x
        met = np.einsum("rck,sck->krs", flows / np.where(q > 0, q, 1.0)[:, None], shares)
        fall = vartheta[:, None, None] * own - (vartheta - theta)[:, None, None] * met
        slope = own + eta * (over > 1).T[..., None] * fall
        newton = np.linalg.solve(slope, f.T[..., None])[..., 0].T
        x = x - np.where(worst < best, newton, sure * f)
        best = np.minimum(best, worst)
    raise ScenarioError(f"congestion of the corridors does not settle in {STEPS} steps")


@dataclass(frozen=True, eq=False)
class Network:
    """Corridors of an exporter on a world.

    Attributes
    ----------
    name, about
        Its name and what is on file about it.
    block
        The trade that needs a corridor, by positions.
    covered
        Share of it that is these goods.
    reach
        Which class of destinations each of the block's is in, [n]: those that the same corridors
        lead to are alike.
    rho
        Shares of the corridors when all are open, [r,c].
    omega
        Share of the trade that goes to each class, [c].
    weights
        Share of the trade that is in each sector, [j].
    """

    name: str
    about: Corridors
    block: Block
    covered: float
    reach: Positions
    rho: Array
    omega: Array
    weights: Array

    @classmethod
    def on(cls, world: World, name: str, about: Corridors) -> Network | None:
        """Find the corridors of an exporter on a world; none if nothing of it goes overseas."""
        split = about.goods is not None and about.goods in world.sectors
        sectors: Any = about.goods if split else about.sectors
        far = [c for c in overseas(world.countries, about.overseas) if c != about.exporter]
        if about.exporter not in world.countries or not resolve_sectors(sectors, world.sectors):
            return None
        block = block_of(world, sectors, far, about.exporter)
        trade = world.trade.values.transpose(2, 1, 0)[np.ix_(*block)][..., 0]  # [j,n]
        if not trade.sum() > 0:
            return None
        leads = _leads_to(about, far)
        kinds, reach = np.unique(leads, axis=1, return_inverse=True)
        to = trade.sum(0) / trade.sum()
        shares = np.array([c.share for c in about.corridors.values()])
        odds = np.where(leads, (shares / np.maximum(leads @ to, 1e-12))[:, None], 0.0)
        rho = np.array([odds[:, reach.ravel() == c][:, 0] for c in range(kinds.shape[1])]).T
        return cls(
            name=name,
            about=about,
            block=block,
            covered=1.0 if split else about.share,
            reach=reach.ravel(),
            rho=rho / rho.sum(0),
            omega=np.bincount(reach.ravel(), to).astype(float),
            weights=trade.sum(1) / trade.sum(),
        )

    def at(
        self, shut: Flags, year: int | None, detour: Array, answer: Array
    ) -> tuple[Array, Array]:
        """Log composite cost [c,k] and shares [r,c,k] with some corridors shut.

        Parameters
        ----------
        shut
            Which, [r].
        year
            Whose price and capacities count.
        detour
            What the way round the main corridor costs at the last price on file, [k].
        answer
            By which elasticity tonnes answer the cost of all ways, [k].
        """
        c = self.about.corridors
        left = 1 - c[self.about.main].share
        vartheta = route_elasticity(left, self.about.detour_in(year, detour))
        capacity = np.array([in_year(x.capacity, year) or np.inf for x in c.values()])
        rho = np.where(shut[:, None], 0.0, self.rho)
        carried = (self.about.tonnes or 1.0) * self.omega
        x = congested(rho, carried, capacity, self.about.congestion, vartheta, answer)
        return corridor_shares(rho, x, vartheta)


def _leads_to(about: Corridors, far: list[str]) -> Flags:
    """Which corridors lead to which destinations, [r,n]."""
    leads = np.ones((len(about.corridors), len(far)), bool)
    for k, c in enumerate(about.corridors.values()):
        if c.destinations is not None:
            leads[k] = np.isin(far, those_in(c.destinations, far))
    if not leads.any(0).all():
        alone = far[int(np.argmin(leads.any(0)))]
        raise ScenarioError(f"corridors of {about.exporter}: none leads to {alone}")
    return leads
