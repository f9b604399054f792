"""The equations of the model, once, for any number of draws.

Caliendo and Parro (2015), Review of Economic Studies 82(1), equations 10 to 13 in exact hat
algebra, which follow Dekle, Eaton and Kortum (2008). Wages, prices and unit costs are logs of
hats; `j` is the sector, `n` the destination, `i` the origin, `k` the input, and the last axis of
every array the draw. The world's shares are read once for all draws, in products of matrices;
where a policy changes a share, the difference is added.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np

from detente.arrays import Array, Flags, Floats, Positions
from detente.equilibrium.economy import Economy
from detente.equilibrium.markets import Technology
from detente.equilibrium.native import compiled
from detente.equilibrium.shares import Shares
from detente.policy.policy import Policy

Wages = Literal["together", "apart", "held"]


@compiled
def _add_along(
    weight: Array, value: Array, towards: Positions, origin: Positions, to: Array
) -> None:
    """Add weight[e,k] value[origin[e],k] to to[towards[e],k], for every entry e."""
    for e in range(weight.shape[0]):
        for k in range(weight.shape[1]):
            to[towards[e], k] += weight[e, k] * value[origin[e], k]


@compiled
def _pay(
    power: Array,
    demand: Array,
    share: Array,
    origin: Positions,
    destination: Positions,
    receiver: Positions,
    received: Array,
    sold: Array,
) -> None:
    """Pay share[e,k] power[origin,k] demand[destination,k] to receivers; less is sold by origins.

    `sold` is per unit of power; where payments are no part of it, it has no rows.
    """
    for e in range(share.shape[0]):
        for k in range(share.shape[1]):
            paid = share[e, k] * demand[destination[e], k]
            received[receiver[e], k] += paid * power[origin[e], k]
            if sold.shape[0] > 0:
                sold[origin[e], k] -= paid


@compiled
def _largest(r: Array) -> Array:
    """The largest absolute value of each column of r[s,k]; NaN where there is one."""
    largest = np.zeros(r.shape[1])
    for s in range(r.shape[0]):
        for k in range(r.shape[1]):
            if not abs(r[s, k]) <= largest[k]:
                largest[k] = abs(r[s, k])
    return largest


class Model:
    """The model under a policy: residuals of its equations, and the step that shrinks them.

    The unknowns are x = (w; P[j]; X[j] / VA), [1 + 2 j, n, k], and so are the residuals r.

    Attributes
    ----------
    c
        Log unit costs, [j,n,k].
    Y
        Gross output, [j,n,k].
    R, H, I
        Tariff revenue, hub margins and income, [n,k].
    r
        Residuals at the last x: excess demand for labour over value added; log price at given
        prices less log price; expenditure at given expenditure less expenditure, over value added.
    """

    def __init__(
        self,
        economy: Economy,
        technology: Technology,
        theta: Array,
        in_shares: Flags,
        policy: Policy,
        A: Array,
    ) -> None:
        J, N, _ = economy.pi.shape
        self.J, self.N, self.K = J, N, theta.shape[1]
        self.economy, self.in_shares = economy, in_shares
        self.technology, self.policy, self.A = technology, policy, A
        self.component, self.G = technology.component, technology.G
        self.theta = theta[:, None, :]
        self.beta = np.ascontiguousarray(technology.beta.T)[..., None]
        self.alpha = np.ascontiguousarray(technology.alpha.T)[..., None]
        self.VA, self.D = economy.VA[:, None], technology.D[:, None]
        self.unsupplied = ((economy.supply == 0) | technology.lost.T)[..., None]
        self._put_in_place(Shares.under(policy, economy, A), policy)
        goods = (J, N, self.K)
        self.c, self.power, self.total = np.empty(goods), np.empty(goods), np.empty(goods)
        self.demand, self.Y = np.empty(goods), np.empty(goods)
        self.R, self.H, self.I = (np.zeros((N, self.K)) for _ in range(3))
        self.r = np.empty((1 + 2 * J, N, self.K))

    def _put_in_place(self, shares: Shares, policy: Policy) -> None:
        """Differences between the policy's entries and the world's, and payments on the way."""
        self.pi, self.net, A, rate = shares.pi, shares.net, shares.A, shares.rate
        sector, destination, origin = np.unravel_index(shares.entries, self.pi.shape)
        self.origin, self.destination = sector * self.N + origin, sector * self.N + destination
        net = A / (1 + rate) if rate.any() else A
        pi, before = (a.ravel()[shares.entries, None] for a in (self.pi, self.net))
        self.dA = A - pi
        self.taxed = None if self.net is self.pi else self.pi - self.net
        untaxed = net is A and self.net is self.pi
        self.dnet = self.dA if untaxed else net - before
        taxed = A[:0] if untaxed else self.dA - self.dnet
        at = np.flatnonzero(taxed.any(1))
        self.taxes = taxed[at], self.origin[at], self.destination[at], destination[at]
        self.transfers = policy.transfers
        m = policy.margins
        paid = m.share * (self.A / (1 + policy.rate))[m.entry]
        sector, destination, origin = np.unravel_index(policy.entries[m.entry], self.pi.shape)
        self.margins = paid, sector * self.N + origin, sector * self.N + destination, m.hub

    def of(self, draw: Positions) -> Model:
        """The model of one draw, [1]."""
        return Model(
            self.economy,
            self.technology,
            self.theta[:, 0, draw],
            self.in_shares[draw],
            self.policy.of(draw),
            self.A[:, draw],
        )

    def at_baseline(self) -> Array:
        """The unknowns at the baseline."""
        x = np.zeros((1 + 2 * self.J, self.N, self.K))
        x[1 + self.J :] = (self.economy.X.T / self.economy.VA)[..., None]
        return x

    def normalise(self, x: Array) -> None:
        """Numeraire: world value added keeps its value, in each connected part of the world."""
        earned = np.exp(x[0]) * self.VA
        if not self.component.any():
            x[0] -= np.log(earned.sum(0) / self.VA.sum())
            return
        part = self.component == np.arange(self.component.max() + 1)[:, None]
        x[0] -= np.log(part @ earned / (part @ self.VA))[self.component]

    def residuals(self, x: Array) -> Array:
        """Residuals r at x; returns the largest of each draw, [k]."""
        J = self.J
        w, P, X = x[0], x[1 : 1 + J], x[1 + J :] * self.VA
        labour, price, expenditure = self.r[0], self.r[1 : 1 + J], self.r[1 + J :]
        self._unit_costs(w, P)
        self._prices(price)
        price -= P
        self._sales(X)
        self._incomes(w)
        labour[:] = (self.beta * self.Y).sum(0) / self.VA - np.exp(w)
        self._expenditures(expenditure)
        expenditure -= X
        expenditure /= self.VA
        return _largest(self.r.reshape(-1, self.K))

    def _unit_costs(self, w: Array, P: Array) -> None:
        """c_hat[n,j] = w_hat[n]^beta prod_k P_hat[n,k]^((1-beta) gamma); CP (2015), eq. 10."""
        np.matmul(self.G.transpose(0, 2, 1), P.transpose(1, 0, 2), out=self.c.transpose(1, 0, 2))
        self.c += self.beta * w
        np.multiply(-self.theta, self.c, out=self.power)
        np.exp(self.power, out=self.power)  # c_hat^-theta

    def _prices(self, P: Array) -> None:
        """P_hat[n,j] = (sum_i pi (kappa_hat c_hat[i,j])^-theta)^(-1/theta); eq. 11."""
        np.matmul(self.pi, self.power, out=self.total)
        self._add(self.dA, self.power, self.destination, self.origin, self.total)
        np.copyto(self.total, 1.0, where=self.unsupplied)  # nothing is bought
        np.log(self.total, out=P)
        P /= -self.theta

    def _sales(self, X: Array) -> None:
        """Y'[i,j] = sum_n pi' X' / (1+t'), less hub margins H; tariff revenue R; eq. 12."""
        np.divide(X, self.total, out=self.demand)
        np.matmul(self.net.transpose(0, 2, 1), self.demand, out=self.Y)
        self._add(self.dnet, self.demand, self.origin, self.destination, self.Y)
        self.R[:] = 0.0
        if self.taxed is not None:
            self.R += ((self.taxed @ self.power) * self.demand).sum(0)
        self.H[:] = 0.0
        power, demand, Y = (a.reshape(-1, self.K) for a in (self.power, self.demand, self.Y))
        _pay(power, demand, *self.taxes, self.R, Y[:0])
        _pay(power, demand, *self.margins, self.H, Y)
        self.Y *= self.power

    def _incomes(self, w: Array) -> None:
        """I'[n] = w_hat VA + R' + hub margins' + D' + transfers'."""
        earned = np.exp(w) * self.VA
        grown = (earned.sum(0) + self.R.sum(0)) / self.economy.I.sum()
        D = self.D * np.where(self.in_shares, grown, 1.0)
        np.add(earned, D + self.R + self.H + self.transfers, out=self.I)

    def _expenditures(self, X: Array) -> None:
        """X'[n,j] = sum_k (1-beta[n,k]) gamma[n,j,k] Y'[n,k] + alpha[n,j] I'[n]; eq. 13."""
        np.matmul(self.G, self.Y.transpose(1, 0, 2), out=X.transpose(1, 0, 2))
        X += self.alpha * self.I

    def _add(
        self, weight: Array, value: Array, towards: Positions, along: Positions, to: Array
    ) -> None:
        rows = (-1, self.K)
        _add_along(weight, value.reshape(rows), towards, along, to.reshape(rows))

    def step(self, wages: Wages = "together") -> Floats:
        """Step from the residuals: prices and expenditures country by country, and wages.

        Wages clear all labour markets `together`, by the Jacobian at the baseline; or each country
        as if the rest of the world stood still, `apart`; or are `held`.
        """
        J, jacobian = self.J, self.economy.jacobian
        r = self.r.astype(np.float32)
        f = np.empty_like(r)
        dw, dP, dX = f[0], f[1 : 1 + J], f[1 + J :]
        B = jacobian.B
        np.matmul(B, r[1 : 1 + J].transpose(1, 0, 2), out=dP.transpose(1, 0, 2))
        Bt = B.transpose(0, 2, 1)
        np.matmul(Bt, r[1 + J :].transpose(1, 0, 2), out=dX.transpose(1, 0, 2))
        if wages == "together":
            excess = self.r[0] + jacobian.labour @ r[1 + J :].reshape(-1, self.K)
            dw[:] = np.matmul(self._clearing, excess.T[..., None])[..., 0].T
            f[1:] += (jacobian.response @ dw).reshape(f[1:].shape)
        elif wages == "apart":
            dw[:] = (self.r[0] + (jacobian.home_labour[..., None] * dX).sum(0)) / self._own_slope
            dP += jacobian.lift_P[..., None] * dw
            dX += jacobian.lift_X[..., None] * dw
        else:
            dw[:] = 0.0
        return f

    @cached_property
    def _clearing(self) -> Array:
        return self.economy.jacobian.clearing(self.theta[:, 0])

    @cached_property
    def _own_slope(self) -> Array:
        return self.economy.jacobian.own_slope(self.theta[:, 0])
