"""How the whole world answers a change of its wages: the Jacobian at the baseline.

At given wages, prices do not depend on the trade elasticities, and neither does the labour that a
unit of sales employs through all rounds of inputs. What does is how buyers move between origins,
in proportion to theta of the sector. So the derivative of every country's excess demand for labour
by every wage, with prices, sales and incomes following, is linear in theta:

    S[i,m] = S0[i,m] + sum_j theta_j T[j,i,m]

All but S depends on the world alone and is computed once; a draw of elasticities costs one product
and one inverse of the size of the number of countries. It guides the search for an equilibrium and
has no part in the equilibrium found.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from detente.arrays import Array
from detente.equilibrium.baseline import Baseline, baseline_of
from detente.equilibrium.rounds import across, by_own_country, summed_rounds
from detente.world.world import World

ENOUGH = 1e-5
"""Relative error of the derivatives; the nonlinearity of the model is far larger."""


@dataclass(frozen=True)
class Response:
    """Derivatives of the model at a world's baseline.

    Attributes
    ----------
    prices
        Log prices by log wages, [j,n,m].
    labour
        Labour over value added that a unit of expenditure over value added employs in the end,
        [i,j,n].
    S0, T
        Excess demand for labour over value added by log wages, [i,m] and [j,i,m].
    """

    prices: Array
    labour: Array
    S0: Array
    T: Array

    def towards_clearing(self, theta: Array) -> Array:
        """Log wages that clear a unit of excess demand, inverse of -S, [k,m,i] at theta [j,k]."""
        S: Array = self.S0 + np.tensordot(theta.T, self.T, 1)
        return np.asarray(np.linalg.inv(-S), float)


_responses: WeakKeyDictionary[World, Response] = WeakKeyDictionary()


def response_of(world: World) -> Response:
    """The world's response; computed once per world."""
    if world not in _responses:
        _responses[world] = _differentiate(baseline_of(world))
    return _responses[world]


def _differentiate(base: Baseline) -> Response:
    own = by_own_country(base.beta)
    net = base.pi / (1 + base.t)
    flows = net * base.X.T[:, :, None]  # [j,n,i]
    costs = summed_rounds(base.pi, base.Gt, own, ENOUGH)  # [i,j,m]
    prices = across(base.pi, costs)  # [n,j,m]
    by_sales = summed_rounds(net, base.Gt, own, ENOUGH)  # labour of m in the sales of [i,j]
    by_spending = across(net, by_sales)  # labour of m in the spending of [n,j]
    kept = flows.sum(1).T[:, :, None] * costs
    moved = across(flows.transpose(0, 2, 1), prices) - kept  # sales [i,j] by wages, over theta
    T = by_sales.transpose(1, 2, 0) @ moved.transpose(1, 0, 2)
    earned = np.einsum("njm,nj->mn", by_spending, base.alpha) * base.VA
    # The level of wages is the numeraire, on which nothing depends: world value added is held.
    numeraire = np.outer(base.VA, base.VA) / base.VA.sum()
    S0 = earned - np.diag(base.VA) - numeraire
    VA = base.VA[:, None]
    labour = by_spending.transpose(2, 1, 0) * base.VA
    return Response(
        prices=np.ascontiguousarray(prices.transpose(1, 0, 2)),
        labour=np.ascontiguousarray(labour / VA[:, :, None]),
        S0=S0 / VA,
        T=T / VA,
    )
