"""Equilibria of one world under a policy, one for each draw, in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.equilibrium.economy import Economy
from detente.equilibrium.markets import Technology
from detente.equilibrium.production import Production
from detente.equilibrium.shares import changed_shares
from detente.policy.policy import Margins, Policy


@dataclass(frozen=True, eq=False)
class Equilibria:
    """Equilibria of one world, one for each draw; the last axis of arrays is the draw.

    Attributes
    ----------
    economy, policy
        The world, and what is different from it.
    theta
        Trade elasticities, [j,k].
    in_shares
        Whether deficits keep their share of world income, or else their value, [k].
    production
        Factors that cannot move, of sectors f, and how inputs replace each other.
    log_w, log_P, c, log_rho
        Logs of wages [n,k] and prices [j,n,k], unit costs [j,n,k], and logs of the return over the
        wage of factors that cannot move [f,n,k], over the world's.
    X, Y
        Expenditure and output, [j,n,k].
    I, R, H
        Income, tariff revenue and hub margins, [n,k].
    log_P_final
        Log of the price of final use over the world's, [n,k].
    component, lost
        Connected part of the trade graph [n,k]; goods that lost all supply [j,n,k].
    evaluations, residuals
        Evaluations of the model that it took, [k]; largest excess demand, and error of prices,
        expenditures and returns, [4,k].
    ahead
        Unknowns one step further than what was found, for guesses of others nearby; see
        `detente.equilibrium.model.Model`. Only where it was asked for, [1+2j+f,n,k].
    """

    economy: Economy
    policy: Policy
    theta: Array
    in_shares: Flags
    production: Production
    log_w: Array
    log_P: Array
    c: Array
    log_rho: Array
    X: Array
    Y: Array
    I: Array
    R: Array
    H: Array
    log_P_final: Array
    component: Positions
    lost: Flags
    evaluations: Positions
    residuals: Array
    ahead: Array | None = None

    @classmethod
    def baseline(
        cls,
        economy: Economy,
        theta: Array,
        in_shares: Flags,
        production: Production | None = None,
    ) -> Equilibria:
        """The world as it is, without any policy."""
        J, N, _ = economy.pi.shape
        K = theta.shape[1]
        production = economy.production(K) if production is None else production
        nothing = Policy(
            entries=np.empty(0, np.int64),
            log_d=np.empty((0, K)),
            rate=np.empty((0, K)),
            transfers=np.zeros((N, K)),
            margins=Margins.none(K),
        )

        def each(values: Array) -> Array:
            return np.repeat(values[..., None], K, axis=-1)

        return cls(
            economy=economy,
            policy=nothing,
            theta=theta,
            in_shares=in_shares,
            production=production,
            log_w=np.zeros((N, K)),
            log_P=np.zeros((J, N, K)),
            c=np.ones((J, N, K)),
            log_rho=np.zeros((production.fixed.size, N, K)),
            X=each(economy.X.T),
            Y=each(economy.Y.T),
            I=each(economy.I),
            R=each(economy.R),
            H=np.zeros((N, K)),
            log_P_final=np.zeros((N, K)),
            component=np.zeros((N, K), np.int64),
            lost=np.zeros((J, N, K), bool),
            evaluations=np.zeros(K, np.int64),
            residuals=np.zeros((4, K)),
        )

    @classmethod
    def joined(cls, parts: Sequence[tuple[Positions, Equilibria]], policy: Policy) -> Equilibria:
        """Put the equilibria of some draws each together, in the order of the draws."""
        parts = [(draws, e) for draws, e in parts if draws.size]
        if len(parts) == 1:
            return replace(parts[0][1], policy=policy)
        order = np.argsort(np.concatenate([draws for draws, _ in parts]))
        arrays = {name: [getattr(e, name) for _, e in parts] for name in _ARRAYS}
        found = {
            name: np.concatenate(each, axis=-1)[..., order]
            for name, each in arrays.items()
            if each[0] is not None
        }
        production = Production.joined([e.production for _, e in parts], order)
        return cls(economy=parts[0][1].economy, policy=policy, production=production, **found)

    @property
    def draws(self) -> int:
        """How many draws, K."""
        return int(self.theta.shape[1])

    def of(self, draws: Positions | Sequence[int]) -> Equilibria:
        """The equilibria of some draws only."""
        chosen = np.asarray(draws, np.int64)
        if np.array_equal(chosen, np.arange(self.draws)):
            return self
        arrays = {n: a[..., chosen] for n in _ARRAYS if (a := getattr(self, n)) is not None}
        production = self.production.draws(chosen)
        return replace(self, policy=self.policy.of(chosen), production=production, **arrays)

    def described(self, steps: tuple[str, ...]) -> Equilibria:
        """The same, with the policy in words."""
        return replace(self, policy=replace(self.policy, steps=steps))

    @property
    def unknowns(self) -> Array:
        """As `detente.equilibrium.model.Model` takes them, [1+2j+f,n,k]."""
        bought = self.X / self.economy.VA[:, None]
        return np.concatenate([self.log_w[None], self.log_P, bought, self.log_rho])

    @property
    def real_income(self) -> Array:
        """Income at the prices of the world as it is, I' / P_final_hat, [n,k]."""
        real: Array = self.I / np.exp(self.log_P_final)
        return real

    @property
    def real_wage(self) -> Array:
        """Wages at the prices of the world as it is, over the world's wages, [n,k]."""
        real: Array = np.exp(self.log_w - self.log_P_final)
        return real

    def shifted(self, before: Equilibria, after: Equilibria) -> Equilibria:
        """A guess: as far from this, in logs, as `after` is from `before`."""
        return replace(
            self,
            log_w=self.log_w + after.log_w - before.log_w,
            log_P=self.log_P + after.log_P - before.log_P,
            log_rho=self.log_rho + after.log_rho - before.log_rho,
            X=self.X * np.divide(after.X, before.X, out=np.ones_like(after.X), where=before.X > 0),
        )

    @cached_property
    def A(self) -> Array:
        """Pi kappa_hat^-theta at the policy's entries, [e,k]."""
        return changed_shares(self.policy, self.economy, self.theta)

    def sales(
        self,
        sectors: Positions,
        destinations: Positions,
        origins: Positions,
        *,
        at_home: bool = False,
    ) -> Array:
        """Trade of a block by positions, [j,n,i,k], Z = pi' X' / (1 + t').

        Home sales are zero unless they are asked for.
        """
        e, policy = self.economy, self.policy
        block = np.ix_(sectors, destinations, origins)
        flat = np.ravel_multi_index(block, e.pi.shape)
        at = np.searchsorted(policy.entries, flat)
        changed = np.append(policy.entries, -1)[at] == flat
        shares = np.repeat(e.net[block][..., None], self.draws, axis=-1)
        entries = at[changed]
        A = changed_shares(policy, e, self.theta, entries)
        shares[changed] = A / (1 + policy.rate[entries])
        theta = self.theta[sectors][:, None, :]
        supply = self.c[np.ix_(sectors, origins)] ** -theta
        demand = np.exp(theta * self.log_P[np.ix_(sectors, destinations)])
        demand *= self.X[np.ix_(sectors, destinations)]
        flows: Array = shares * supply[:, None] * demand[:, :, None]
        if not at_home:
            flows *= np.not_equal.outer(destinations, origins)[..., None]
        return flows

    def prices_at_sale(
        self, sectors: Positions, destinations: Positions, origins: Positions
    ) -> Array:
        """Unit costs times cost factors over those of the world, c_hat d_hat, [j,n,i,k].

        Of what is banned, without the ban.
        """
        flat = np.ravel_multi_index(np.ix_(sectors, destinations, origins), self.economy.pi.shape)
        at = np.searchsorted(self.policy.entries, flat)
        changed = np.append(self.policy.entries, -1)[at] == flat
        log_d = np.zeros((*flat.shape, self.draws))
        log_d[changed] = self.policy.log_d[at[changed]]
        d = np.exp(np.where(np.isinf(log_d), 0.0, log_d))
        prices: Array = self.c[np.ix_(sectors, origins)][:, None] * d
        return prices

    def shares(self, draw: int = 0) -> Array:
        """Expenditure shares pi' of a draw, [j,n,i]."""
        pi = self.economy.pi.copy()
        pi.ravel()[self.policy.entries] = self.A[:, draw]
        pi *= (self.c[..., draw] ** -self.theta[:, draw, None])[:, None, :]
        total = pi.sum(2, keepdims=True)
        shares: Array = np.divide(pi, total, out=pi, where=total > 0)
        return shares

    def trade(self, draw: int = 0) -> Array:
        """Trade net of tariffs of a draw, at home too, [j,n,i]."""
        flows = self.shares(draw)
        flows *= self.X[:, :, draw, None]
        if self.economy.has_tariffs or self.policy.rate[:, draw].any():
            flows /= 1 + self.tariffs(draw)
        return flows

    def tariffs(self, draw: int = 0) -> Array:
        """Tariff rates t' of a draw, [j,n,i]."""
        return self._with_entries(self.economy.t, self.policy.rate[:, draw])

    def cost_factors(self, draw: int = 0) -> Array:
        """Cost factors d_hat of a draw, over all routes, [j,n,i]."""
        return self._with_entries(np.ones_like(self.economy.t), np.exp(self.policy.log_d[:, draw]))

    def _with_entries(self, values: Array, changed: Array) -> Array:
        found = values.copy()
        found.ravel()[self.policy.entries] = changed
        return found

    def technology(self, draw: int = 0) -> Technology:
        """Technology and final use of a draw, at its prices, without goods that lost all supply."""
        found = Technology.of(self.economy, self.lost[..., draw].T, self.component[:, draw])
        s = 1 - self.production.sigma[draw]
        if s == 0:
            return found
        found = found.substituted(self.economy) if s < 0 else found
        log_v = self.log_v[..., draw].T
        P, c = self.log_P[..., draw].T, np.log(self.c[..., draw].T)
        return replace(
            found,
            beta=found.beta * np.exp(s * (log_v - c)),
            G=np.where(
                found.lost[:, :, None], 0.0, found.G * np.exp(s * (P[:, :, None] - c[:, None, :]))
            ),
        )

    @property
    def log_v(self) -> Array:
        """Log price of value added over the world's, w_hat^(1-phi) r_hat^phi, [j,n,k]."""
        v = np.repeat(self.log_w[None], len(self.c), axis=0)
        v[self.production.fixed] += self.production.phi * self.log_rho
        return v

    @property
    def rents(self) -> Array:
        """What factors that cannot move earn, [f,n,k]."""
        earned: Array = np.exp(self.log_w + self.log_rho) * self._stock
        return earned

    @property
    def value_added(self) -> Array:
        """Wages and rents, [n,k]."""
        labour = self.economy.VA[:, None] - self._stock.sum(0)
        added: Array = np.exp(self.log_w) * labour + self.rents.sum(0)
        return added

    @cached_property
    def _stock(self) -> Array:
        """Value added of factors that cannot move in the world as it is, [f,n,k]."""
        return self.production.stock(self.economy.beta * self.economy.Y)


_SHARED = ("economy", "policy", "production")
_ARRAYS = [f.name for f in fields(Equilibria) if f.name not in _SHARED]
