"""Dependence through the supply chain: whose value added is in what, and who it passes through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from detente.arrays import Array, Positions
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.rounds import across, by_own_country, summed_rounds


class ValueChains:
    """Value added in trade at a solved equilibrium, from the world's input-output links.

    The value added v[i,j] of country m in a unit of output of (i, j), the Leontief inverse applied
    to its value-added shares, solves

        v[i,j] = [i = m] beta[i,j] + sum_k (1-beta[i,j]) gamma[i,k,j] sum_h pi'[i,h,k]/(1+t') v[h,k]

    Final demand for (i, j) in n is pi'[n,i,j]/(1+t') alpha[n,j] I[n]. What hubs and owners of
    corridors earn on the way is nobody's value added, and left out of both.

    Parameters
    ----------
    e
        A solved equilibrium, one draw.
    country
        Whose value added and whose consumption.
    """

    def __init__(self, e: Equilibria, country: str) -> None:
        technology = e.technology()
        self._shares = e.shares() / (1 + e.tariffs())  # [j,n,i]
        m, entries = e.policy.margins, e.policy.entries
        self._shares.ravel()[entries] *= 1 - np.bincount(m.entry, m.share[:, 0], entries.size)
        self._Gt = technology.G.transpose(0, 2, 1)  # [n,j,k]
        self._beta, self._alpha = technology.beta, technology.alpha
        self._income = e.I[:, 0]
        self._here = e.economy.world.countries.index(country)

    def absorbed(self) -> Array:
        """Value added of the country that ends in each country's final demand, [n]."""
        return self._bought(self._content[:, :, [self._here]])[:, 0]

    def passing(self, partners: Sequence[Positions]) -> Array:
        """Share of the country's value added that partners, or groups, buy at any stage, [partner].

        What is left of it when they are taken out of every chain (hypothetical extraction): value
        added that reaches final demand without ever entering them.
        """
        stays = np.ones((len(self._income), len(partners)), bool)
        for k, members in enumerate(partners):
            stays[members, k] = False
        own = np.zeros((*self._beta.shape, 1))
        own[self._here, :, 0] = self._beta[self._here]
        content = summed_rounds(self._shares, self._Gt, own, takes_part=stays[:, None])
        share: Array = 1 - (stays * self._bought(content)).sum(0) / self.absorbed().sum()
        return share

    def consumed(self) -> Array:
        """Share of the country's final consumption whose value was added in each country, [m]."""
        here = self._here
        bought = np.einsum("j,ji,ijm->m", self._alpha[here], self._shares[:, here], self._content)
        share: Array = bought / bought.sum()
        return share

    @cached_property
    def _content(self) -> Array:
        """Value added of each country in a unit of output, [i,j,m]."""
        return summed_rounds(self._shares, self._Gt, by_own_country(self._beta))

    def _bought(self, content: Array) -> Array:
        """Value added that each country's final demand buys, [n,column]."""
        bought: Array = np.einsum("njc,nj->nc", across(self._shares, content), self._alpha)
        return bought * self._income[:, None]
