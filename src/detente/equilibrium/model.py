"""The equations of the model, once, for any number of draws.

Caliendo and Parro (2015), Review of Economic Studies 82(1), equations 10 to 13 in exact hat
algebra, which follow Dekle, Eaton and Kortum (2008). Wages, prices and unit costs are logs of
hats; `j` is the sector, `n` the destination, `i` the origin, `k` the input, and the last axis of
every array the draw. The world's shares are read once for all draws, in products of matrices;
where a policy changes a share, the difference is added.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import numpy as np

from detente.arrays import Array, Flags, Floats, Positions
from detente.equilibrium.economy import Economy, clearing_wages
from detente.equilibrium.markets import Technology
from detente.equilibrium.places import payments_of, places_of, summing
from detente.equilibrium.production import Production
from detente.equilibrium.rivals import Clearing, Rivals, clearing_in, rivals_in
from detente.equilibrium.shares import Shares
from detente.policy.policy import Policy

FAINT = 1e-250
"""Value added over the world's that counts as this much, where a factor's sector sells nothing."""

Wages = Literal["together", "apart", "held"]


def _largest(r: Array) -> Array:
    """The largest absolute value in each draw of r[s,n,k]; NaN where there is one."""
    row_by_row = r.reshape(len(r), -1)  # over long rows first, which is five times as fast
    largest = np.maximum(row_by_row.max(0), -row_by_row.min(0))
    of_draw: Array = largest.reshape(r.shape[1:]).max(0)
    return of_draw


class Model:
    """The model under a policy: residuals of its equations, and the step that shrinks them.

    The unknowns are x = (w; P[j]; X[j] / VA; rho[f]), [1 + 2 j + f, n, k], and so are the residuals
    r, with rho the log return over the wage of the factors that cannot move, of the sectors f that
    have any.

    Attributes
    ----------
    c
        Log unit costs, [j,n,k].
    P_s, v_s, c_s
        P_hat, v_hat and c_hat to the power 1 - sigma, [j,n,k]; not used where sigma is one.
    Y, V
        Gross output and its value added, [j,n,k].
    R, H, I
        Tariff revenue, hub margins and income, [n,k].
    r
        Residuals at the last x: excess demand for labour over value added; log price at given
        prices less log price; expenditure at given expenditure less expenditure, over value added;
        log return that sales pay less log return.
    """

    def __init__(
        self,
        economy: Economy,
        technology: Technology,
        theta: Array,
        in_shares: Flags,
        policy: Policy,
        A: Array,
        production: Production,
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
        self.production, self.sigma = production, production.sigma
        self.cobb_douglas, self.fixed = production.cobb_douglas, production.fixed
        self.phi = production.phi
        V = (economy.beta * economy.Y).T[self.fixed, :, None]
        self.stock = production.stock(economy.beta * economy.Y)
        self.L = self.VA - self.stock.sum(0)
        self.V_before = np.where(self.stock > 0, V, 1.0)
        self._without = technology.lost.T & production.substitutes
        self.unsupplied = ((economy.supply == 0) | technology.lost.T)[..., None]
        self._put_in_place(Shares.under(policy, economy, A), policy)
        goods = (J, N, self.K)
        self.c, self.power, self.total = np.empty(goods), np.empty(goods), np.empty(goods)
        self.demand, self._moved = np.empty(goods), np.empty(self.dA.shape)
        self.Y, self.V = np.empty(goods), np.empty(goods)
        self._powers = np.empty((3, *(() if self.cobb_douglas else goods)))
        self.P_s, self.v_s, self.c_s = self._powers
        self.earned = np.empty((N, self.K))
        self.R, self.H, self.I = (np.zeros((N, self.K)) for _ in range(3))
        self.r = np.empty((1 + 2 * J + self.fixed.size, N, self.K))

    def _put_in_place(self, shares: Shares, policy: Policy) -> None:
        """Differences between the policy's entries and the world's, and payments on the way."""
        self.pi, self.net, A, rate = shares.pi, shares.net, shares.A, shares.rate
        places = places_of(shares.entries, self.pi.shape)
        self.origin, self.destination = places.origin, places.destination
        self.into, self.out_of = places.into, places.out_of
        pi, before = (a.ravel()[shares.entries, None] for a in (self.pi, self.net))
        self.dA = self.dnet = A - pi
        self.taxed = None if self.net is self.pi else self.pi - self.net
        self.taxes = None
        at = np.flatnonzero((rate != 0).any(1) | (pi != before)[:, 0])
        if at.size:
            self.dnet = self.dA.copy()
            self.dnet[at] = A[at] / (1 + rate[at]) - before[at]
            ends = self.origin[at], self.destination[at]
            to_treasury = summing(places.receiver[at], self.N)
            self.taxes = self.dA[at] - self.dnet[at], *ends, to_treasury
        self.transfers = policy.transfers
        m = policy.margins
        self.margins = None
        if m.entry.size:
            paid = m.share * self.A[m.entry] / (1 + policy.rate[m.entry])
            self.margins = paid, *payments_of(m, policy.entries, self.pi.shape)

    def of(self, draw: Positions) -> Model:
        """The model of one draw, [1]."""
        return Model(
            self.economy,
            self.technology,
            self.theta[:, 0, draw],
            self.in_shares[draw],
            self.policy.of(draw),
            self.A[:, draw],
            self.production.draws(draw),
        )

    def at_baseline(self) -> Array:
        """The unknowns at the baseline."""
        x = np.zeros(self.r.shape)
        x[1 + self.J : 1 + 2 * self.J] = (self.economy.X.T / self.economy.VA)[..., None]
        return x

    def normalise(self, x: Array) -> None:
        """Numeraire: world value added keeps its value, in each connected part of the world."""
        x[0] -= np.log1p(self.level(x))[self.component]

    def level(self, x: Array) -> Array:
        """Value added of each connected part of the world over the world's, less one, [p,k]."""
        earned = self._earned(x)
        part = self.component == np.arange(self.component.max() + 1)[:, None]
        level: Array = part @ earned / (part @ self.VA) - 1
        return level

    def _earned(self, x: Array) -> Array:
        """Wages and returns to fixed factors, w_hat (L + sum_j rho_hat phi V), [n,k]."""
        earned: Array = np.exp(x[0])
        earned *= self.L + (np.exp(x[1 + 2 * self.J :]) * self.stock).sum(0)
        return earned

    def residuals(self, x: Array) -> Array:
        """Residuals r at x; returns the largest of each draw, [k]."""
        w, P, X, rho = self.parts(x)
        labour, price, expenditure, returns = self.parts(self.r)
        w, X = w[0], X * self.VA
        self._unit_costs(w, P, rho)
        self._prices(price)
        price -= P
        self._sales(X)
        self._value_added()
        self.earned = self._earned(x)
        self._incomes()
        labour[0] = (self.V.sum(0) - self.earned) / self.VA
        self._expenditures(expenditure)
        expenditure -= X
        expenditure /= self.VA
        if self.fixed.size:
            self._returns(w, rho, returns)
        return _largest(self.r)

    @property
    def blocks(self) -> tuple[int, int, int]:
        """Where prices, expenditures and returns begin among the unknowns."""
        return 1, 1 + self.J, 1 + 2 * self.J

    def parts(self, x: Any) -> tuple[Any, Any, Any, Any]:
        """Wages, prices, expenditures and returns among the unknowns, or what belongs to them."""
        _, X, rho = self.blocks
        return x[:1], x[1:X], x[X:rho], x[rho:]

    def _unit_costs(self, w: Array, P: Array, rho: Array) -> None:
        """c_hat and v_hat, the price of value added; eq. 10 where sigma is one.

        v_hat[n,j] = w_hat^(1-phi) r_hat^phi = w_hat rho_hat^phi
        c_hat[n,j]^(1-sigma) = beta v_hat^(1-sigma) + sum_k (1-beta) gamma P_hat[n,k]^(1-sigma)
        """
        v = w + self.phi * rho  # of sectors with fixed factors; of others, w
        if self.cobb_douglas:
            self._of_inputs(P, self.c)
            paid = self.beta * w
            paid[self.fixed] = self.beta[self.fixed] * v
            self.c += paid
        else:
            s = 1 - self.sigma
            np.expm1(s * P, out=self.P_s)  # less one, whose log keeps its digits
            self.P_s[self._without] = -1.0
            self.v_s[:] = np.expm1(s * w)
            self.v_s[self.fixed] = np.expm1(s * v)
            self._of_inputs(self.P_s, self.c_s)
            self.c_s += self.beta * self.v_s
            np.log1p(self.c_s, out=self.c)
            self.c /= s
            self._powers += 1
        np.multiply(-self.theta, self.c, out=self.power)
        np.exp(self.power, out=self.power)  # c_hat^-theta

    def _of_inputs(self, prices: Array, out: Array) -> None:
        """Sum of inputs' prices weighted by their shares in costs, [j,n,k]."""
        Gt = self.G.transpose(0, 2, 1)
        np.matmul(Gt, prices.transpose(1, 0, 2), out=out.transpose(1, 0, 2))

    def _prices(self, P: Array) -> None:
        """P_hat[n,j] = (sum_i pi (kappa_hat c_hat[i,j])^-theta)^(-1/theta); eq. 11."""
        np.matmul(self.pi, self.power, out=self.total)
        self.total += self._summed(self.into, self.dA, self.power, self.origin)
        np.copyto(self.total, 1.0, where=self.unsupplied)  # nothing is bought
        np.log(self.total, out=P)
        P /= -self.theta

    def _sales(self, X: Array) -> None:
        """Y'[i,j] = sum_n pi' X' / (1+t'), less hub margins H; tariff revenue R; eq. 12."""
        np.divide(X, self.total, out=self.demand)
        np.matmul(self.net.transpose(0, 2, 1), self.demand, out=self.Y)
        self.Y += self._summed(self.out_of, self.dnet, self.demand, self.destination)
        self.R[:] = 0.0
        if self.taxed is not None:
            self.R += ((self.taxed @ self.power) * self.demand).sum(0)
        power, demand, Y = (a.reshape(-1, self.K) for a in (self.power, self.demand, self.Y))
        if self.taxes is not None:
            share, origin, destination, to_treasury = self.taxes
            self.R += to_treasury @ (share * power[origin] * demand[destination])
        if self.margins is not None:
            share, origin, destination, to_hub, from_seller = self.margins
            paid = share * demand[destination]
            self.H[:] = to_hub @ (paid * power[origin])
            Y -= from_seller @ paid
        self.Y *= self.power

    def _value_added(self) -> None:
        """V'[n,j] = beta' Y', beta' = beta (v_hat / c_hat)^(1-sigma)."""
        np.multiply(self.beta, self.Y, out=self.V)
        if not self.cobb_douglas:
            self.V *= self.v_s
            self.V /= self.c_s

    def _incomes(self) -> None:
        """I'[n] = wages' + rents' + R' + hub margins' + D' + transfers'."""
        grown = (self.earned.sum(0) + self.R.sum(0)) / self.economy.I.sum()
        D = self.D * np.where(self.in_shares, grown, 1.0)
        np.add(self.earned, D + self.R + self.H + self.transfers, out=self.I)

    def _expenditures(self, X: Array) -> None:
        """X'[n,j] = sum_k (1-beta[n,k]) gamma'[n,j,k] Y'[n,k] + alpha[n,j] I'[n]; eq. 13.

        Input shares are those of the baseline times (P_hat[n,j] / c_hat[n,k])^(1-sigma).
        """
        Y = self.Y if self.cobb_douglas else self.Y / self.c_s
        np.matmul(self.G, Y.transpose(1, 0, 2), out=X.transpose(1, 0, 2))
        if not self.cobb_douglas:
            X *= self.P_s
        X += self.alpha * self.I

    def _returns(self, w: Array, rho: Array, r: Array) -> None:
        """r_hat[n,j] = w_hat rho_hat = V'[n,j] / V[n,j] of a factor in fixed stock."""
        V = self.V[self.fixed] / self.V_before
        np.log(np.where(self.stock > 0, np.maximum(V, FAINT), 1.0), out=r)
        r -= np.where(self.stock > 0, w + rho, 0.0)

    def _summed(self, to: Any, weight: Array, value: Array, at: Positions) -> Array:
        """Sum weight[e,k] value[at[e],k] over the entries e that go to the same place, [j,n,k]."""
        rows = value.reshape(-1, self.K)
        np.take(rows, at, axis=0, out=self._moved, mode="clip")  # which spares it a copy
        np.multiply(self._moved, weight, out=self._moved)
        summed: Array = to @ self._moved
        return summed.reshape(value.shape)

    def step(self, wages: Wages = "together") -> Floats:
        """Step from the residuals: returns, prices and expenditures, and wages.

        Returns to fixed factors sector by sector, prices and expenditures country by country. Wages
        clear all labour markets `together`, by the Jacobian at the baseline; or each country as if
        the rest of the world stood still, `apart`; or are `held`.
        """
        jacobian = self.economy.jacobian
        r = self.r.astype(np.float32)
        f = np.empty_like(r)
        dw, dP, dX, drho = self.parts(f)
        _, price, expenditure, returns = self.parts(r)
        B = jacobian.B
        np.matmul(B, price.transpose(1, 0, 2), out=dP.transpose(1, 0, 2))
        Bt = B.transpose(0, 2, 1)
        np.matmul(Bt, expenditure.transpose(1, 0, 2), out=dX.transpose(1, 0, 2))
        if wages == "together":
            excess = self.r[0] + jacobian.labour @ expenditure.reshape(-1, self.K)
            dw[0] = np.matmul(self._clearing, excess.T[..., None])[..., 0].T
            f[1 : 1 + 2 * self.J] += (jacobian.response @ dw[0]).reshape(-1, *dw[0].shape)
        elif wages == "apart":
            excess = self.r[0] + (jacobian.home_labour[..., None] * dX).sum(0)
            dw[0] = excess / self._own_slope
            dP += jacobian.lift_P[..., None] * dw
            dX += jacobian.lift_X[..., None] * dw
        else:
            dw[:] = 0.0
        if self.fixed.size:
            drho[:] = self._step_of_returns(returns, dw, dP, dX)
            dearer = self._rivals.pi @ (self._weight * drho)
            dP += np.matmul(self._rivals.B, dearer.transpose(1, 0, 2)).transpose(1, 0, 2)
            earned = (self.stock * drho).sum(0) / self.VA
            dX += jacobian.lift_X[..., None] * earned.astype(np.float32)
        return f

    def _step_of_returns(self, returns: Floats, dw: Floats, dP: Floats, dX: Floats) -> Floats:
        """Step of returns from their residuals, once wages, prices and expenditures have moved.

        Sales follow spending in the markets of a seller, and its unit cost beside its rivals'.
        """
        rivals = self._rivals
        dc = np.matmul(rivals.Gt, dP.transpose(1, 0, 2)).transpose(1, 0, 2) + rivals.beta * dw
        spent = rivals.markets @ (rivals.per_expenditure * dX[self.fixed])
        lost = self._theta * (dc - rivals.rivalry @ dc)
        return self._clearing_returns.returns(self._theta, returns + spent - lost - dw)

    @cached_property
    def _rivals(self) -> Rivals:
        return rivals_in(self.economy, self.fixed.tobytes())

    @cached_property
    def _theta(self) -> Floats:
        return self.theta[self.fixed].astype(np.float32)

    @cached_property
    def _clearing(self) -> Array:
        return clearing_wages(self.economy, self.theta[:, 0].tobytes())

    @cached_property
    def _own_slope(self) -> Array:
        return self.economy.jacobian.own_slope(self.theta[:, 0])

    @cached_property
    def _weight(self) -> Floats:
        """Weight of fixed factors in unit costs, beta phi, [f,n,k]."""
        return (self.beta[self.fixed] * self.phi).astype(np.float32)

    @cached_property
    def _clearing_returns(self) -> Clearing:
        shares, s = self.phi.mean(2), float((1 - self.sigma).mean())
        return clearing_in(self.economy, self.fixed.tobytes(), shares.tobytes(), s)
