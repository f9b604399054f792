"""Dependence through the supply chain: whose value added is in what, and who it passes through."""

from __future__ import annotations

import numpy as np

from detente.arrays import Array
from detente.equilibrium.equilibria import Equilibria
from detente.errors import ConvergenceError

TOLERANCE = 1e-12
MAX_ROUNDS = 10_000


class ValueChains:
    """Value added in trade at a solved equilibrium, from the world's input-output links.

    The value added v[i,j] of country m in a unit of output of (i, j), the Leontief inverse applied
    to its value-added shares, solves

        v[i,j] = [i = m] beta[i,j] + sum_k (1-beta[i,j]) gamma[i,k,j] sum_h pi'[i,h,k]/(1+t') v[h,k]

    Final demand for (i, j) in n is pi'[n,i,j]/(1+t') alpha[n,j] I[n].

    Parameters
    ----------
    e
        A solved equilibrium, one draw.
    country
        Whose value added and whose consumption.

    Notes
    -----
    What hubs earn on goods that pass through them counts as value added of the origin; it is
    below one percent of what they handle.
    """

    def __init__(self, e: Equilibria, country: str) -> None:
        technology = e.technology()
        self._shares = e.shares() / (1 + e.tariffs())  # [j,n,i]
        self._inputs = technology.G.transpose(0, 2, 1)  # [n,j,k]
        self._beta, self._alpha = technology.beta, technology.alpha
        self._income = e.I[:, 0]
        self._here = e.economy.world.countries.index(country)

    def absorbed(self) -> Array:
        """Share of the country's value added that ends in each country's final demand, [n]."""
        bought = self._bought(self._content_of([self._here])[:, :, 0])
        share: Array = bought / bought.sum()
        return share

    def passing(self, partners: list[int]) -> float:
        """Share of the country's value added that some partners buy at any stage.

        What is left of it when they are taken out of every chain (hypothetical extraction): value
        added that reaches final demand without ever entering them.
        """
        whole = self._bought(self._content_of([self._here])[:, :, 0]).sum()
        others = self._bought(self._content_of([self._here], partners)[:, :, 0])
        others[partners] = 0.0
        return 1.0 - float(others.sum() / whole)

    def consumed(self) -> Array:
        """Share of the country's final consumption whose value was added in each country, [m]."""
        content = self._content_of(list(range(len(self._income))))
        bought = np.einsum(
            "j,ji,ijm->m", self._alpha[self._here], self._shares[:, self._here], content
        )
        share: Array = bought / bought.sum()
        return share

    def _bought(self, content: Array) -> Array:
        """Value added that each country's final demand buys, [n]."""
        by_good = np.einsum("jni,ij->nj", self._shares, content)
        bought: Array = (by_good * self._alpha).sum(1) * self._income
        return bought

    def _content_of(self, sources: list[int], without: list[int] | None = None) -> Array:
        """Value added of some countries in a unit of output, [i,j,source].

        Countries in `without` neither produce nor buy.
        """
        N, J = self._beta.shape
        own = np.zeros((N, J, len(sources)))
        own[sources, :, np.arange(len(sources))] = self._beta[sources]
        stays = np.ones((N, 1, 1))
        if without is not None:
            stays[without] = 0.0
        total = term = own * stays
        for _ in range(MAX_ROUNDS):
            across = (self._shares @ term.transpose(1, 0, 2)).transpose(1, 0, 2)
            term = stays * (self._inputs @ across)
            total = total + term
            if term.max() <= TOLERANCE:
                content: Array = total
                return content
        raise ConvergenceError(
            f"value added does not settle within {MAX_ROUNDS} rounds of trade",
            {"rounds": MAX_ROUNDS, "last_term": float(term.max()), "tolerance": TOLERANCE},
        )
