"""How the whole world answers a change of its wages: the Jacobian at the baseline.

At given wages, prices do not depend on the trade elasticities, and neither does the labour that a
unit of sales employs through all rounds of inputs. What does is how buyers move between origins,
in proportion to theta of the sector. So the derivative of every country's excess demand for labour
by every wage, with prices, sales and incomes following, is linear in theta:

    S[i,m] = S0[i,m] + sum_j theta_j T[j,i,m]

All but S depends on the world alone and is computed once; a draw of elasticities costs one product
and one inverse of the size of the number of countries. It guides the search for an equilibrium and
has no part in the equilibrium found: half the digits do, and take half the time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detente.arrays import Array, Floats
from detente.equilibrium.rounds import across, by_own_country, summed_rounds

TYPICAL = 6.0
"""Trade elasticity at which expenditures follow wages; their own would take a matrix per sector."""

ENOUGH = 1e-5
"""Relative error of the derivatives; the nonlinearity of the model is far larger."""


@dataclass(frozen=True, eq=False)
class Jacobian:
    """Derivatives of the model at a world's baseline.

    Attributes
    ----------
    B
        Inverse of I - diag(pi_nn) Gt of each country: prices at home by errors of prices,
        [n,j,k]; its transpose is that of expenditures.
    response
        Log prices, and expenditures over value added, by log wages, [2,(j,n),m]; expenditures
        at typical trade elasticities and through the rounds of inputs at home.
    labour
        Labour over value added that a unit of expenditure over value added employs in the end,
        [i,(j,n)].
    lift_P, lift_X
        Log prices, and expenditures over value added, by the country's own log wage, [j,n].
    home_labour
        Labour that a unit of expenditure employs at home, [j,n].
    S0, T
        Excess demand for labour over value added by log wages, [i,m] and [j,i,m].
    at_home, contested
        Parts of the fall of a country's labour demand with its own log wage, inputs' prices held
        fixed: [n], and [n,j] per unit of theta.
    """

    B: Floats
    response: Floats
    labour: Floats
    lift_P: Floats
    lift_X: Floats
    home_labour: Floats
    S0: Array
    T: Array
    at_home: Floats
    contested: Floats

    def clearing(self, theta: Array) -> Array:
        """Log wages that clear a unit of excess demand, inverse of -S, [k,m,i] at theta [j,k].

        One matrix serves all draws where they share their elasticities. Where parts of the world do
        not trade with each other, their relative wages are left as they are.
        """
        if (theta == theta[:, :1]).all():
            theta = theta[:, :1]
        S: Array = self.S0 + np.tensordot(theta.T, self.T, 1)
        try:
            return np.asarray(np.linalg.inv(-S), float)
        except np.linalg.LinAlgError:
            return np.asarray(np.linalg.pinv(-S), float)

    def own_slope(self, theta: Array) -> Array:
        """Fall of each country's labour demand over value added with its own log wage, [n,k]."""
        slope: Array = 1.0 + self.contested @ theta - self.at_home[:, None]
        return slope


def differentiate(
    pi: Floats, net: Floats, beta: Floats, alpha: Floats, G: Floats, X: Floats, VA: Floats
) -> Jacobian:
    """The Jacobian of a world in arrays; see `detente.equilibrium.economy.Economy`."""
    J, N, _ = pi.shape
    own, Gt = by_own_country(beta), np.ascontiguousarray(G.transpose(0, 2, 1))
    flows = net * X.T[:, :, None]  # [j,n,i]
    costs = summed_rounds(pi, Gt, own, ENOUGH)  # [i,j,m]
    prices = across(pi, costs)  # [n,j,m]
    by_sales = summed_rounds(net, Gt, own, ENOUGH)  # labour of m in the sales of [i,j]
    by_spending = across(net, by_sales)  # labour of m in the spending of [n,j]
    kept = flows.sum(1).T[:, :, None] * costs
    moved = across(flows.transpose(0, 2, 1), prices) - kept  # sales [i,j] by wages, over theta
    T = by_sales.transpose(1, 2, 0) @ moved.transpose(1, 0, 2)
    earned = np.einsum("njm,nj->mn", by_spending, alpha) * VA
    # The level of wages is the numeraire, on which nothing depends: world value added is held.
    S0 = earned - np.diag(VA) - np.outer(VA, VA) / VA.sum()
    labour = by_spending.transpose(2, 1, 0) * VA / VA[:, None, None]
    home = np.einsum("jnn->nj", pi)
    B = np.linalg.inv(np.eye(J, dtype=G.dtype) - home[:, :, None] * Gt)
    home_labour = beta * home
    bought = G @ (np.float32(TYPICAL) * moved) + by_own_country(alpha * VA[:, None])
    spending = B.transpose(0, 2, 1) @ bought / VA[:, None, None]
    # Two matrices: a product with both at once is long enough to be shared among threads, which
    # then wait for each other.
    response = np.array([a.transpose(1, 0, 2) for a in (prices, spending)])
    return Jacobian(
        B=B,
        response=response.reshape(2, J * N, N),
        labour=np.ascontiguousarray(labour.reshape(N, J * N)),
        lift_P=np.einsum("njk,nk->jn", B, home_labour),
        lift_X=np.einsum("nkj,nk->jn", B, alpha),
        home_labour=home_labour.T,
        S0=(S0 / VA[:, None]).astype(float),
        T=(T / VA[:, None]).astype(float),
        at_home=(home_labour * X).sum(1) / VA,
        contested=(flows * beta.T[:, None, :] * (1 - pi)).sum(1).T / VA[:, None],
    )
