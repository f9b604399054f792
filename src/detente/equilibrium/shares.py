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
        Shares of the world to which A is compared, with and without tariffs, [j,n,i]; zero in rows
        that stand among the entries whole.
    """

    entries: Positions
    A: Array
    rate: Array
    pi: Array
    net: Array

    @classmethod
    def under(cls, policy: Policy, economy: Economy, A: Array) -> Shares:
        """Shares under a policy whose entries have the shares A [e,k].

        A difference from the world's sum would leave nothing but rounding where a policy takes
        nearly all supply of a good from a destination: such rows are entries whole.
        """
        shares = cls(policy.entries, A, policy.rate, economy.pi, economy.net)
        rows = _scarce(shares)
        return shares._with_whole(rows, economy) if rows.any() else shares

    def _with_whole(self, rows: Flags, economy: Economy) -> Shares:
        """Put every share of some rows [j,n] among the entries."""
        wanted = (economy.pi > 0) & rows[..., None]
        wanted.ravel()[self.entries] = True
        entries = np.flatnonzero(wanted)
        at = np.searchsorted(entries, self.entries)
        draws = self.A.shape[1]
        A, rate = (np.repeat(a.ravel()[entries, None], draws, 1) for a in (economy.pi, economy.t))
        A[at], rate[at] = self.A, self.rate
        keep = ~rows[..., None]
        pi = self.pi * keep
        net = pi if self.net is self.pi else self.net * keep
        return replace(self, entries=entries, A=A, rate=rate, pi=pi, net=net)


def changed_shares(policy: Policy, economy: Economy, theta: Array) -> Array:
    """A = pi kappa_hat^-theta with kappa_hat = (1+t')/(1+t) d_hat, at the entries [e,k]."""
    sector = policy.entries // economy.t[0].size
    pi, t = (a.ravel()[policy.entries, None] for a in (economy.pi, economy.t))
    A: Array = pi * np.exp(-theta[sector] * policy.log_d)
    taxed = np.flatnonzero((policy.rate != t).any(1))
    if taxed.size:
        A[taxed] *= ((1 + policy.rate[taxed]) / (1 + t[taxed])) ** -theta[sector[taxed]]
    return A


def _scarce(shares: Shares) -> Flags:
    """Rows [j,n] that keep little of their supply in some draw."""
    J, N, _ = shares.pi.shape
    taken = shares.pi.ravel()[shares.entries] - shares.A.min(1, initial=np.inf)
    row = shares.entries // N
    supply = shares.pi.sum(2).ravel()
    left = supply - np.bincount(row, np.maximum(taken, 0.0), J * N)
    scarce: Flags = (left < LITTLE * supply) & (supply > 0)
    return scarce.reshape(J, N)
