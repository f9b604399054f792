"""What a counterfactual equilibrium says: hats, flows, welfare, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from detente.arrays import Array, Flags, Positions
from detente.equilibrium.decomposition import decompose
from detente.policy.changes import Changes
from detente.world.names import Names, resolve_countries
from detente.world.world import World, dataset


@dataclass(frozen=True)
class Solution:
    """The solved equilibrium in arrays: hats `w`, `P`, `c`, levels `X`, `Y`, `I`, `R`."""

    w: Array  # [n]
    P: Array  # [n,j]
    c: Array  # [n,j]
    X: Array  # [n,j]
    Y: Array  # [n,j]
    I: Array  # [n]
    R: Array  # [n]
    H: Array  # [n] hub margins
    A: Array  # [j,n,i] pi kappa_hat^-theta
    component: Positions  # [n] connected part of the trade graph
    theta: Array  # [j]
    alpha: Array  # [n,j] final-use shares in force, without goods that lost all supply
    beta: Array  # [n,j] likewise
    lost: Flags  # [n,j] goods that lost all supply
    evaluations: int
    residuals: Array  # excess demand, price error, expenditure error


@dataclass(frozen=True, eq=False, repr=False)
class Equilibrium:
    """A counterfactual equilibrium beside its baseline.

    Attributes
    ----------
    world
        The baseline solved from (balanced first, under `deficits="zero"`).
    changes
        The change of policy.
    solution
        The solved arrays.
    deficits, tolerance
        Closure and tolerance.
    """

    world: World
    changes: Changes
    solution: Solution
    deficits: str
    tolerance: float

    @cached_property
    def P_final_hat(self) -> Array:
        """Change of the price of final use, prod_j P_hat^alpha, [n]."""
        s = self.solution
        price: Array = np.exp((s.alpha * np.log(s.P)).sum(1))
        return price

    @cached_property
    def hats(self) -> xr.Dataset:
        """Every variable's counterfactual over its baseline (1 where both are zero).

        `w_hat`, `I_hat`, `P_final_hat`, `real_wage_hat`, `real_income_hat` by country; `P_hat`,
        `c_hat`, `X_hat`, `Y_hat` by country and sector; `pi_hat` by destination, origin and
        sector.
        """
        s, world = self.solution, self.world
        I_hat = s.I / world.income.values
        n, nj = ("country",), ("country", "sector")
        pi = world.data["pi"]
        hats = {
            "w_hat": (n, s.w),
            "I_hat": (n, I_hat),
            "P_final_hat": (n, self.P_final_hat),
            "real_wage_hat": (n, s.w / self.P_final_hat),
            "real_income_hat": (n, I_hat / self.P_final_hat),
            "P_hat": (nj, s.P),
            "c_hat": (nj, s.c),
            "X_hat": (nj, _over(s.X, world.data["X"].values)),
            "Y_hat": (nj, _over(s.Y, world.output.values)),
            "pi_hat": (pi.dims, _over(self.pi_after.values, pi.values)),
        }
        return xr.Dataset(hats, coords=self._coords, attrs=self.manifest())

    @cached_property
    def pi_after(self) -> xr.DataArray:
        """Counterfactual expenditure shares pi'(destination, origin, sector)."""
        s = self.solution
        power = s.c.T ** -s.theta[:, None]
        shares = s.A * power[:, None, :]
        total = shares.sum(2, keepdims=True)
        shares = np.divide(shares, total, out=shares, where=total > 0)
        pi = self.world.data["pi"]
        coords = {d: pi[d].values for d in pi.dims}
        return xr.DataArray(shares.transpose(1, 2, 0), dims=pi.dims, coords=coords, name="pi_after")

    @cached_property
    def trade(self) -> xr.Dataset:
        """Trade `before` and `after` (origin, destination, sector), net of tariffs."""
        X = self.world.data["X"].copy(data=self.solution.X).rename(country="destination")
        after = self.pi_after * X / (1 + self.changes.tariff_after)
        after = after.transpose("origin", "destination", "sector")
        attrs = {**self.manifest(), "units": self.world.units}
        return xr.Dataset({"before": self.world.trade, "after": after}, attrs=attrs)

    @cached_property
    def welfare(self) -> xr.DataArray:
        """Exact change of welfare by country, real income I_hat / P_hat_final, in percent."""
        return self._outcome("welfare")

    @cached_property
    def equivalent_variation(self) -> xr.DataArray:
        """Equivalent variation by country: the income at old prices that would do as much."""
        return self._outcome("equivalent_variation")

    @cached_property
    def real_wage(self) -> xr.DataArray:
        """Change of the real wage by country, in percent."""
        return self._outcome("real_wage")

    @cached_property
    def tariff_revenue(self) -> xr.Dataset:
        """Tariff revenue by country, `before` and `after`."""
        before = self.world.tariff_revenue
        after = before.copy(data=self.solution.R)
        return xr.Dataset({"before": before, "after": after}, attrs={"units": self.world.units})

    @cached_property
    def decomposition(self) -> xr.Dataset:
        """Terms of trade, volume of trade and trade costs (country, partner, sector).

        In percent of income, first-order from arithmetic changes, as published: Caliendo and
        Parro (2015), equations 15 to 17. The sum over partners and sectors is `total(country)`;
        the exact figure stands beside it as `exact(country)`.
        """
        return decompose(self)

    @cached_property
    def lost_supply(self) -> pd.DataFrame:
        """Goods (country, sector) that lose every supplier, with their baseline expenditure."""
        n, j = np.nonzero(self.solution.lost)
        X = self.world.data["X"].values
        share = X[n, j] / self.world.income.values[n]
        return pd.DataFrame(
            {
                "country": [self.world.countries[k] for k in n],
                "sector": [self.world.sectors[k] for k in j],
                "expenditure": X[n, j],
                "percent of income": 100 * share,
            }
        )

    @cached_property
    def world_after(self) -> World:
        """The counterfactual as a world of its own, to change again from there."""
        s, d = self.solution, self.world.data
        G = np.where(
            s.lost[:, :, None], 0.0, (1 - d["beta"].values)[:, None, :] * d["gamma"].values
        )
        used = G.sum(1, keepdims=True)
        gamma = np.divide(G, used, out=np.full_like(G, 1 / G.shape[1]), where=used > 0)
        VA = s.w * d["VA"].values
        values = {
            "pi": self.pi_after.values,
            "t": self.changes.tariff_after.values,
            "beta": s.beta,
            "gamma": gamma,
            "alpha": s.alpha,
            "X": s.X,
            "VA": VA,
            "D": s.I - VA - s.R,
            "theta": s.theta,
        }
        attrs = {**d.attrs, "elasticities": self._elasticities}
        steps = "; ".join(self.changes.steps)
        attrs["provenance"] = f"{attrs.get('provenance', '')}; after: {steps}"
        after = dataset(values, self.world.countries, self.world.sectors, attrs)
        names = {k: v for k, v in d.coords.items() if str(k).endswith("_name")}
        return World(after.assign_coords(names))

    @property
    def notes(self) -> list[str]:
        """Caveats a reader of these numbers needs."""
        lines = []
        apart = self._apart()
        if apart and self.deficits != "zero":
            lines.append(
                f"{', '.join(apart)}: cut off from the rest of the world, so deficits between the "
                "parts are set to zero, which moves income by itself; closure `zero` shows the "
                "embargo alone"
            )
        if len(self.lost_supply):
            worst = self.lost_supply.nlargest(3, "percent of income")
            shown = ", ".join(f"{r.country} {r.sector}" for r in worst.itertuples())
            lines.append(
                f"{len(self.lost_supply)} goods lose every supplier ({shown}, ...): users do "
                "without, and the losses shown are lower bounds"
            )
        return lines

    def by_country(self) -> xr.Dataset:
        """Welfare, equivalent variation, real wage, wage and income by country."""
        s = self.solution
        real_income = self._real_income_hat - 1
        columns = {
            "welfare": (100 * real_income, "percent"),
            "equivalent_variation": (real_income * self.world.income.values, self.world.units),
            "real_wage": (100 * (s.w / self.P_final_hat - 1), "percent"),
            "w_hat": (s.w, "ratio"),
            "income": (s.I, self.world.units),
        }
        return xr.Dataset(
            {k: (("country",), v, {"units": units}) for k, (v, units) in columns.items()},
            coords={"country": self.world.countries},
            attrs=self.manifest(),
        )

    def summary(self, countries: Names = None) -> pd.DataFrame:
        """Welfare, real wage, exports and imports of some countries, or of all.

        >>> import detente
        >>> world = detente.load_world("icio2022")
        >>> eased = detente.Changes(world).cost("USA", "BLR", factor=0.8)
        >>> list(detente.solve(world, eased).summary(["BLR", "RUS"]).index)
        ['BLR', 'RUS']
        """
        flows = {k: _abroad(v.sum("sector").values) for k, v in self.trade.data_vars.items()}
        table = pd.DataFrame(
            {
                "welfare, %": self.welfare.values,
                f"equivalent variation, {self.world.units}": self.equivalent_variation.values,
                "real wage, %": self.real_wage.values,
                "exports, %": 100 * (_over(flows["after"].sum(1), flows["before"].sum(1)) - 1),
                "imports, %": 100 * (_over(flows["after"].sum(0), flows["before"].sum(0)) - 1),
            },
            index=pd.Index(self.world.countries, name="country"),
        )
        return table.loc[resolve_countries(countries, self.world.countries)]

    def manifest(self) -> dict[str, Any]:
        """What made these numbers: version, world, parameters, changes."""
        from detente import __version__

        return {
            "detente": __version__,
            "world": self.world.name,
            "fingerprint": self.world.fingerprint,
            "elasticities": self._elasticities,
            "deficits": self.deficits,
            "tolerance": self.tolerance,
            "changes": list(self.changes.steps),
        }

    def __repr__(self) -> str:
        s = self.solution
        top = self.welfare.to_series().sort_values(key=abs, ascending=False).head(5)
        movers = ", ".join(f"{c} {v:+.3f}%" for c, v in top.items())
        steps = "; ".join(self.changes.steps) or "no change"
        return (
            f"Equilibrium of {self.world.name!r} (deficits: {self.deficits})\n"
            f"  changes      {steps}\n"
            f"  solved       {s.evaluations} evaluations, excess demand {s.residuals[0]:.1e} of "
            f"value added\n"
            f"  welfare      {movers}"
        )

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"

    @property
    def _real_income_hat(self) -> Array:
        hat: Array = self.solution.I / self.world.income.values / self.P_final_hat
        return hat

    @property
    def _coords(self) -> dict[str, list[str]]:
        C, S = self.world.countries, self.world.sectors
        return {"country": C, "destination": C, "origin": C, "sector": S}

    def _outcome(self, name: str) -> xr.DataArray:
        return self.by_country()[name].assign_attrs(self.manifest())

    @property
    def _elasticities(self) -> str:
        if np.array_equal(self.solution.theta, self.world.data["theta"].values):
            return str(self.world.data.attrs.get("elasticities", ""))
        return "given to solve: " + ", ".join(f"{v:.6g}" for v in self.solution.theta)

    def _apart(self) -> list[str]:
        """Countries that trade parted from the largest part of the world, and ran deficits."""
        part = self.solution.component
        VA, D = self.world.data["VA"].values, self.world.data["D"].values
        largest = np.bincount(part, VA).argmax()
        unbalanced = np.abs(np.bincount(part, D)) > 1e-9 * VA.sum()
        chosen = (part != largest) & unbalanced[part]
        return [c for c, out in zip(self.world.countries, chosen, strict=True) if out]


def _over(after: Array, before: Array) -> Array:
    """Ratio after / before, one where both are zero."""
    ratio = np.divide(after, before, out=np.ones_like(after), where=before != 0)
    ratio[(before == 0) & (after != 0)] = np.inf
    return ratio


def _abroad(flows: Array) -> Array:
    """Flows (origin, destination) with the domestic ones set to zero."""
    abroad = flows.copy()
    np.fill_diagonal(abroad, 0.0)
    return abroad
