"""What producers can change: factors that cannot move, and inputs that cannot be replaced at once.

A share phi[n,j] of value added belongs to a factor that is specific to its sector (a mine, a
plant), in fixed stock: its return moves with the value added that the sector earns, and supply
slopes upward. Specific factors: Jones (1971), "A Three-Factor Model in Theory, Trade, and History";
in exact hat algebra, the limit without mobility of Galle, Rodriguez-Clare and Yi (2023), Review of
Economic Studies 90(1). Value added and inputs, and inputs among each other, replace each other with
a constant elasticity sigma, as in Baqaee and Farhi (2024), Econometrica 92(2); sigma = 1 is
Cobb-Douglas, and with phi = 0 Caliendo and Parro (2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from detente.arrays import Array, Positions
from detente.errors import WorldError


@dataclass(frozen=True, eq=False)
class Production:
    """Parameters of production in some draws.

    Attributes
    ----------
    fixed
        Sectors in which some factor cannot move, [f].
    phi
        Its share of value added there, [f,n,k]; below one.
    sigma
        Elasticity of substitution between value added and inputs and among inputs, [k].
    """

    fixed: Positions
    phi: Array
    sigma: Array

    @classmethod
    def of(cls, phi: Array, sigma: Any, draws: int) -> Production:
        """Parameters of some draws from shares [j,n] or [j,n,k], and one elasticity or one to each.

        Raises
        ------
        WorldError
            A share that is not in [0, 1), or an elasticity that is not positive.
        """
        if not ((phi >= 0) & (phi < 1)).all():
            raise WorldError("phi, the share of factors that cannot move, must lie in [0, 1)")
        if not (np.isfinite(sigma) & (np.asarray(sigma) > 0)).all():
            raise WorldError("sigma, the elasticity of substitution of inputs, must be positive")
        phi = phi[..., None] if phi.ndim == 2 else phi
        fixed = np.flatnonzero(phi.any((1, 2)))
        shares = np.broadcast_to(phi[fixed], (*phi[fixed].shape[:2], draws))
        return cls(fixed, shares, np.broadcast_to(np.asarray(sigma, float), draws))

    @classmethod
    def joined(cls, parts: Sequence[Production], order: Positions) -> Production:
        """Parameters of draws that stand in parts, put in order."""
        phi = np.concatenate([p.phi for p in parts], axis=-1)[..., order]
        return cls(parts[0].fixed, phi, np.concatenate([p.sigma for p in parts])[order])

    def draws(self, some: Positions) -> Production:
        """The parameters of some draws."""
        return replace(self, phi=self.phi[..., some], sigma=self.sigma[some])

    def stock(self, V: Array) -> Array:
        """Value added of the factors that cannot move, [f,n,k], of that of sectors V [n,j]."""
        stock: Array = self.phi * V.T[self.fixed, :, None]
        return stock

    def alike(self, some: Positions) -> Iterator[Positions]:
        """Draws that share a form of technology: Cobb-Douglas, complements or substitutes."""
        form = np.sign(self.sigma[some] - 1)
        yield from (some[form == f] for f in (0, -1, 1) if (form == f).any())

    @property
    def substitutes(self) -> bool:
        """Whether production goes on without an input that nobody supplies."""
        return bool((self.sigma > 1).all())

    @property
    def cobb_douglas(self) -> bool:
        """Whether all shares of cost stay as they are."""
        return bool((self.sigma == 1).all())
