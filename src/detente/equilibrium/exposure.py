"""How exposed every country's welfare is to the cost of every bilateral trade, to first order.

The derivative of a solved equilibrium, from its adjoint. Shadow values say what a dollar is worth
to a country c, in its log welfare, wherever it turns up: `nu` as demand for a country's labour,
`iota` as its income, `rho` as its wages or tariffs (which move deficits held as shares of world
income), `y` as sales of an origin's sector, `xi` as spending of a destination on a sector, `z` as
trade Z = pi' X' / (1+t'), of which hubs h take the shares m_h. The equations of the model transpose
into

    y[i,j]   = beta[i,j] nu[i] + sum_k (1-beta[i,j]) gamma[i,k,j] xi[i,k]
    z[n,i,j] = (1 - sum_h m_h) y[i,j] + t' rho[n] + sum_h m_h iota[h]
    xi[n,j]  = sum_i z Z/X
    iota[n]  = [n = c] / I[n] + sum_j alpha[n,j] xi[n,j]
    rho[n]   = iota[n] + sum_m iota[m] D[m] / I_world
    mu[n,j]  = -[n = c] alpha[n,j] + theta X xi + sum_k (1-beta[n,k]) gamma[n,j,k] chi[n,k]
    chi[i,j] = sum_n (pi' mu[n,j] - theta Z z)
    0        = sum_j beta[n,j] chi[n,j] + w VA (rho[n] - nu[n])

with `mu` and `chi` the shadow values of log prices and log unit costs, and the last line the log
wage's. The derivative by log d[n,i,j] is pi' mu - theta Z z.

All is linear in nu and iota, two numbers per country. Three systems over the 80 x 50 goods, with a
matrix for each sector and one for each country, give what a unit of each does; a dense system over
the countries then finds them, for every c at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from detente.arrays import Array, Flags, Positions
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.markets import Technology
from detente.equilibrium.outcomes import Equilibrium
from detente.equilibrium.rounds import across, by_own_country, summed_rounds
from detente.errors import ScenarioError
from detente.world.names import Names, resolve_countries, resolve_sectors


def exposure(
    equilibrium: Equilibrium, sectors: Names = "all", countries: Names = "all"
) -> xr.Dataset:
    """Effect of every bilateral trade cost on countries' welfare, to first order.

    Parameters
    ----------
    equilibrium
        A solved equilibrium, near the baseline or far from it.
    sectors
        Codes or `all`, `goods`, `services`: where costs rise, by the same percentage in each.
    countries
        Whose welfare: codes, names or groups.

    Returns
    -------
    Dataset
        `elasticity` (country, origin, destination): derivative of the log welfare of `country`
        (its real income, I / P_final) with respect to the log iceberg cost d of what `origin`
        sells to `destination`. The cost of trade at home counts like any other; trade that is
        zero has a derivative of exactly zero.
        `exposure` (country, partner): effect on the welfare of `country`, in percent, of one
        percent more cost on all its trade with `partner`, both ways; on the diagonal, on its
        trade with itself. Negative where the country loses.

    Raises
    ------
    ConvergenceError
        The rounds of trade do not settle, which takes a world whose goods are almost all made of
        traded inputs.
    ScenarioError
        An equilibrium with factors that cannot move, or with inputs that replace each other with
        another elasticity than one: the derivative is that of the long run.
    WorldError
        An unknown sector or country.

    Notes
    -----
    Exact: the equilibrium conditions are differentiated at the solution, with wages, prices,
    expenditures, tariff revenue, hub margins and, under `deficits="share"`, deficits responding.
    Transfers keep their value in the numeraire, world value added, which holds in each connected
    part of the world. The result is as accurate as the solution, that is, as its `tolerance`.

    Trade that may take several routes has one composite cost. The derivative is with respect to
    that cost, in proportion, with the shares of the routes and the hubs' shares of the value held
    fixed.

    Exposure matrices of this kind: Kleinman, Liu and Redding (2024), "International Friends and
    Enemies", American Economic Journal: Macroeconomics 16(4); first-order welfare effects with
    input-output links: Baqaee and Farhi (2024), "Networks, Barriers, and Trade", Econometrica
    92(2).

    Examples
    --------
    >>> import detente
    >>> from detente.equilibrium.exposure import exposure
    >>> exposed = exposure(detente.solve(detente.load_world("icio2022")))["exposure"]
    >>> exposed.sel(country="BLR").drop_sel(partner="BLR").idxmin("partner").item()
    'RUS'
    """
    if equilibrium.after.production.fixed.size or not equilibrium.after.production.cobb_douglas:
        raise ScenarioError(
            "exposure is the derivative of the long run: solve with phi = 0 and sigma = 1 for it"
        )
    C, S = equilibrium.world.countries, equilibrium.world.sectors
    names, members = resolve_sectors(sectors, S), resolve_countries(countries, C)
    c = np.array([C.index(name) for name in members])
    elasticity = _elasticities(_Solved.of(equilibrium.after), np.isin(S, names), c)
    return xr.Dataset(
        {
            "elasticity": (("country", "origin", "destination"), elasticity),
            "exposure": (("country", "partner"), _both_ways(elasticity, c)),
        },
        coords={"country": members, "origin": C, "destination": C, "partner": C},
        attrs={
            **equilibrium.manifest,
            "sectors": names,
            "units": "percent of real income per percent of trade cost",
        },
    )


@dataclass(frozen=True, eq=False)
class _Solved:
    """A solved equilibrium as its adjoint needs it."""

    theta: Array  # [j,1]
    tech: Technology
    pi: Array  # [j,n,i] pi'
    net: Array  # [j,n,i] trade net of tariffs per unit of expenditure, Z/X = pi' / (1+t')
    duty: Array  # [j,n,i] tariffs per unit of expenditure, t' Z/X
    X: Array  # [n,j]
    Y: Array  # [n,j]
    I: Array  # [n]
    wages: Array  # [n] w' VA
    spread: Array  # [m,n] income of m per unit that n earns from wages or tariffs
    toll: Array  # [m] shares of Z that hubs earn
    paid: tuple[Positions, ...]  # sector, destination, origin and hub of each of them, [m]

    @classmethod
    def of(cls, e: Equilibria) -> _Solved:
        """Read the first of some equilibria."""
        t, pi, m = e.tariffs(), e.shares(), e.policy.margins
        net = pi / (1 + t)
        wages, revenue, income = e.value_added[:, 0], e.R[:, 0], e.I[:, 0]
        D = income - wages - revenue - e.H[:, 0] - e.policy.transfers[:, 0]
        spread = np.eye(D.size)
        if e.in_shares[0]:
            spread += D[:, None] / (wages + revenue).sum()
        return cls(
            theta=e.theta[:, :1],
            tech=e.technology(),
            pi=pi,
            net=net,
            duty=net * t,
            X=e.X[..., 0].T,
            Y=e.Y[..., 0].T,
            I=income,
            wages=wages,
            spread=spread,
            toll=m.share[:, 0],
            paid=(*np.unravel_index(e.policy.entries[m.entry], pi.shape), m.hub),
        )

    @property
    def sold(self) -> Array:
        """What the origin gets per unit of expenditure, (1-m) Z/X, [j,n,i]."""
        return self.net - self.tolls(self.net, "jni")

    def tolls(self, trade: Array, by: str) -> Array:
        """What hubs earn on trade[j,n,i], summed to the axes named of j, n, i and hub h."""
        places = dict(zip("jnih", self.paid, strict=True))
        earned = np.zeros([len(trade) if axis == "j" else self.I.size for axis in by])
        at = tuple(places[axis] for axis in by)
        np.add.at(earned, at, self.toll * trade[self.paid[:3]])
        return earned


def _elasticities(e: _Solved, chosen: Flags, c: Positions) -> Array:
    """Derivative of log welfare of c by log cost, (c, i, n), summed over the sectors chosen."""
    costs, prices = _after_wages(e)
    y, xi = _worth(e)
    by_cost, by_price = _through_demand(e, y, xi)
    nu, iota = (found[:, c] for found in _clearing(e, costs, prices, xi, by_cost, by_price))
    y, chi, mu = (basis @ np.concatenate([nu, iota]) for basis in (y, by_cost, by_price))
    mu[c, :, np.arange(c.size)] -= e.tech.alpha[c]
    mu = summed_rounds(e.pi.transpose(0, 2, 1), e.tech.G, mu + e.tech.G @ chi)
    return _by_trade(e, mu, y, iota, chosen)


def _after_wages(e: _Solved) -> tuple[Array, Array]:
    """Log unit costs c[i,j,m] and log prices P[n,j,m] by the log wage of m.

    dc[i,j] = beta dw[i] + sum_k (1-beta) gamma[i,k,j] dP[i,k];  dP[n,j] = sum_i pi' dc[i,j].
    """
    Gt = e.tech.G.transpose(0, 2, 1)
    costs = summed_rounds(e.pi, Gt, by_own_country(e.tech.beta))
    return costs, across(e.pi, costs)


def _worth(e: _Solved) -> tuple[Array, Array]:
    """Worth of output y[i,j,q] and of expenditure xi[n,j,q], by shadow value q = (nu, iota)."""
    duties = e.duty.sum(2).T[:, :, None] * e.spread.T[:, None, :]
    levies = duties + e.tolls(e.net, "njh")
    Gt = e.tech.G.transpose(0, 2, 1)
    direct = np.concatenate([by_own_country(e.tech.beta), Gt @ levies], axis=2)
    y = summed_rounds(e.sold, Gt, direct)
    xi = across(e.sold, y)
    xi[:, :, e.I.size :] += levies
    return y, xi


def _through_demand(e: _Solved, y: Array, xi: Array) -> tuple[Array, Array]:
    """Worth of log costs [i,j,q] and of log prices [n,j,q] through the demand for each origin.

    dlog Z = dlog X - theta (dlog d + dc[i,j] - dP[n,j]), so -theta sum_n Z z and theta sum_i Z z.
    """
    Z, theta = e.net * e.X.T[:, :, None], e.theta
    tariffs = (e.duty * e.X.T[:, :, None]).transpose(2, 0, 1) @ e.spread.T
    by_cost = e.Y[:, :, None] * y
    by_cost[:, :, e.I.size :] += tariffs + e.tolls(Z, "ijh")
    return -theta * by_cost, theta * e.X[:, :, None] * xi


def _clearing(
    e: _Solved, costs: Array, prices: Array, xi: Array, by_cost: Array, by_price: Array
) -> tuple[Array, Array]:
    """Shadow values nu[m,c] and iota[m,c] at which wages clear and incomes add up.

    Walras: in each connected part, all nu and iota may rise together without effect. Adding one
    to the worth of a wage for each nu of the same part singles out a solution.
    """
    N, goods = e.I.size, ([0, 1], [0, 1])
    direct = np.concatenate([-np.eye(N), e.spread])
    wages = np.tensordot(by_cost, costs, goods) + np.tensordot(by_price, prices, goods)
    wages = wages / e.wages + direct
    wages[:N] += e.tech.component[:, None] == e.tech.component
    incomes = np.einsum("nj,njq->qn", e.tech.alpha, xi)
    incomes[N:] -= np.eye(N)
    of_wages = -np.einsum("cj,cjm->cm", e.tech.alpha, prices) / e.wages
    of_incomes = np.diag(1 / e.I)
    shadows = np.linalg.solve(
        np.concatenate([wages, incomes], axis=1).T,
        -np.concatenate([of_wages, of_incomes], axis=1).T,
    )
    return shadows[:N], shadows[N:]


def _by_trade(e: _Solved, mu: Array, y: Array, iota: Array, chosen: Flags) -> Array:
    """Sum over the sectors chosen of pi' mu - theta Z z, (c, i, n), z by who gets it."""
    weight = (e.theta * chosen[:, None] * e.X.T)[:, :, None]
    through_prices = mu.transpose(0, 2, 1) @ (e.pi * chosen[:, None, None]).transpose(1, 0, 2)
    to_origins = y.transpose(0, 2, 1) @ np.ascontiguousarray((weight * e.sold).transpose(2, 0, 1))
    rho = (e.spread.T @ iota).T
    to_treasuries = rho[:, :, None] * (weight * e.duty).sum(0)
    to_hubs = np.tensordot(iota, e.tolls(weight * e.net, "hni"), (0, 0))
    to_others = (to_treasuries + to_hubs).transpose(0, 2, 1)
    total: Array = through_prices.transpose(1, 2, 0) - to_origins.transpose(1, 0, 2) - to_others
    return total


def _both_ways(elasticity: Array, c: Positions) -> Array:
    """Sum over both directions of the trade of c with each partner, (c, p)."""
    k = np.arange(c.size)
    exports, imports = elasticity[k, c, :], elasticity[k, :, c]
    return np.where(np.equal.outer(c, np.arange(exports.shape[1])), exports, exports + imports)
