"""Expenditure shares at changed costs, before prices: pi kappa_hat^-theta where a policy acts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.equilibrium.economy import Economy
from detente.policy.policy import Policy

LITTLE = 0.1
"""Share of a good's supply below which what is left is summed anew, not as what is not lost."""


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares under a policy, those that change and those that stay.

    Attributes
    ----------
    entries
        Trade whose share may change: positions in (sector, destination, origin), flattened,
        increasing, [e].
    A, rate
        pi kappa_hat^-theta and tariff rates there, [e,k].
    pi, net
        Shares that all draws have but for A, with and without tariffs, [j,n,i]; zero in rows that
        stand among the entries whole.
    """

    entries: Positions
    A: Array
    rate: Array
    pi: Array
    net: Array

    @classmethod
    def under(cls, policy: Policy, economy: Economy, A: Array) -> Shares:
        """Shares under a policy whose entries have the shares A [e,k].

        One draw has shares of its own, and no entries. Draws share those of the world, and a
        difference from its sum would leave nothing but rounding where a policy takes nearly all
        supply of a good from a destination: such rows are entries whole.
        """
        if policy.draws == 1:
            return cls._of_one(policy, economy, A)
        shares = cls(policy.entries, A, policy.rate, economy.pi, economy.net)
        rows = _scarce(shares, economy)
        return shares._with_whole(rows, economy) if rows.any() else shares

    @classmethod
    def _of_one(cls, policy: Policy, economy: Economy, A: Array) -> Shares:
        pi = net = economy.pi.copy()
        pi.ravel()[policy.entries] = A[:, 0]
        if economy.has_tariffs or policy.rate.any():
            net = economy.net.copy()
            net.ravel()[policy.entries] = (A / (1 + policy.rate))[:, 0]
        nothing = np.empty((0, 1))
        return cls(np.empty(0, np.int64), nothing, nothing, pi, net)

    def _with_whole(self, rows: Flags, economy: Economy) -> Shares:
        """Put every share of some rows [j,n] among the entries."""
        wanted = np.zeros(economy.pi.shape, bool)
        wanted[rows] = economy.pi[rows] > 0
        wanted.ravel()[self.entries] = True
        entries = np.flatnonzero(wanted)
        at = np.searchsorted(entries, self.entries)
        draws = self.A.shape[1]
        A, rate = (np.repeat(a.ravel()[entries, None], draws, 1) for a in (economy.pi, economy.t))
        A[at], rate[at] = self.A, self.rate
        pi = self.pi.copy()
        pi[rows] = 0.0
        net = pi
        if self.net is not self.pi:
            net = self.net.copy()
            net[rows] = 0.0
        return replace(self, entries=entries, A=A, rate=rate, pi=pi, net=net)


def changed_shares(
    policy: Policy, economy: Economy, theta: Array, at: Positions | slice = slice(None)
) -> Array:
    """A = pi kappa_hat^-theta with kappa_hat = (1+t')/(1+t) d_hat, at entries of a policy [e,k]."""
    entries, rate = policy.entries[at], policy.rate[at]
    sector = entries // economy.t[0].size
    pi, t = (a.ravel()[entries, None] for a in (economy.pi, economy.t))
    A: Array = pi * np.exp(-theta[sector] * policy.log_d[at])
    taxed = np.flatnonzero((rate != t).any(1))
    if taxed.size:
        A[taxed] *= ((1 + rate[taxed]) / (1 + t[taxed])) ** -theta[sector[taxed]]
    return A


def _scarce(shares: Shares, economy: Economy) -> Flags:
    """Rows [j,n] that keep little of their supply in some draw."""
    supply = economy.supply
    taken = economy.pi.ravel()[shares.entries] - shares.A.min(1, initial=np.inf)
    row = shares.entries // len(economy.VA)
    lost = np.bincount(row, np.maximum(taken, 0.0), supply.size).reshape(supply.shape)
    scarce: Flags = (supply - lost < LITTLE * supply) & (supply > 0)
    return scarce
