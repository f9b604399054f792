"""What a counterfactual equilibrium says: hats, flows, welfare, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from detente.arrays import Array
from detente.equilibrium.decomposition import decompose
from detente.equilibrium.equilibria import Equilibria
from detente.results import Result
from detente.world.labels import dataset, inherited
from detente.world.names import Names, resolve_countries
from detente.world.world import World

BY_ORIGIN = ("destination", "origin", "sector")


@dataclass(frozen=True, eq=False, repr=False)
class Equilibrium(Result):
    """A counterfactual equilibrium beside the one it is compared with.

    Attributes
    ----------
    before, after
        The equilibria compared, one draw each: the world as it is, or a status quo, and the
        counterfactual.
    deficits, tolerance
        Closure and tolerance.
    """

    before: Equilibria
    after: Equilibria
    deficits: str
    tolerance: float

    @property
    def world(self) -> World:
        """The world solved from (balanced first, under `deficits="zero"`)."""
        return self.after.economy.world

    @cached_property
    def hats(self) -> xr.Dataset:
        """Every variable's counterfactual over its value before (1 where both are zero).

        `w_hat`, `I_hat`, `P_final_hat`, `real_wage_hat`, `real_income_hat` by country; `P_hat`,
        `c_hat`, `X_hat`, `Y_hat` by country and sector; `pi_hat` by destination, origin and
        sector.
        """
        a, b = self.after, self.before
        n, nj = ("country",), ("country", "sector")
        prices = {
            "w_hat": (n, np.exp(a.log_w - b.log_w)[:, 0]),
            "I_hat": (n, (a.I / b.I)[:, 0]),
            "P_final_hat": (n, np.exp(a.log_P_final - b.log_P_final)[:, 0]),
            "real_wage_hat": (n, (a.real_wage / b.real_wage)[:, 0]),
            "real_income_hat": (n, (a.real_income / b.real_income)[:, 0]),
            "P_hat": (nj, np.exp(a.log_P - b.log_P)[..., 0].T),
            "c_hat": (nj, (a.c / b.c)[..., 0].T),
        }
        quantities = {
            "X_hat": (nj, _over(a.X, b.X)[..., 0].T),
            "Y_hat": (nj, _over(a.Y, b.Y)[..., 0].T),
            "pi_hat": (BY_ORIGIN, _by_origin(_over(a.shares(), b.shares()))),
        }
        return xr.Dataset({**prices, **quantities}, coords=self._coords, attrs=self.manifest)

    @cached_property
    def pi_after(self) -> xr.DataArray:
        """Counterfactual expenditure shares pi'(destination, origin, sector)."""
        return self._by_trade(self.after.shares(), "pi_after")

    @cached_property
    def tariff_after(self) -> xr.DataArray:
        """Counterfactual tariffs t'(destination, origin, sector)."""
        return self._by_trade(self.after.tariffs(), "tariff_after")

    @cached_property
    def d_hat(self) -> xr.DataArray:
        """Cost factors over the world's year, all routes together (destination, origin, sector)."""
        return self._by_trade(self.after.cost_factors(), "d_hat")

    @cached_property
    def trade(self) -> xr.Dataset:
        """Trade `before` and `after` (origin, destination, sector), net of tariffs."""
        dims = ("origin", "destination", "sector")
        flows = {
            when: (dims, e.trade().transpose(2, 1, 0))
            for when, e in (("before", self.before), ("after", self.after))
        }
        coords = {d: self._coords[d] for d in dims}
        found = xr.Dataset(flows, coords=coords, attrs=self.in_units)
        for flow in found.data_vars.values():
            flow.attrs["units"] = self.world.units
        return found

    @cached_property
    def output(self) -> xr.Dataset:
        """Gross output `before` and `after` (country, sector)."""
        return self._beside(("country", "sector"), self.before.Y[..., 0].T, self.after.Y[..., 0].T)

    @cached_property
    def rents(self) -> xr.Dataset:
        """What factors that cannot move earn, a mine's rent, `before` and `after`.

        By country and sector, of the sectors that have such factors.
        """
        sectors = [self.world.sectors[j] for j in self.after.production.fixed]
        before, after = (e.rents[..., 0].T for e in (self.before, self.after))
        return self._beside(("country", "sector"), before, after, sectors)

    @cached_property
    def income(self) -> xr.Dataset:
        """Income `before` and `after` by country, at current prices."""
        return self._beside(("country",), self.before.I[:, 0], self.after.I[:, 0])

    @cached_property
    def tariff_revenue(self) -> xr.Dataset:
        """Tariff revenue by country, `before` and `after`."""
        return self._beside(("country",), self.before.R[:, 0], self.after.R[:, 0])

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
    def decomposition(self) -> xr.Dataset:
        """Terms of trade, volume of trade and trade costs (country, partner, sector).

        In percent of income, first-order from arithmetic changes, as published: Caliendo and
        Parro (2015), equations 15 to 17. The sum over partners and sectors is `total(country)`;
        the exact figure stands beside it as `exact(country)`.
        """
        labels = {"country": self.world.countries, "partner": self.world.countries}
        data = xr.Dataset(
            {
                name: (("country", "partner", "sector"), values)
                for name, values in decompose(self.before, self.after).items()
            },
            coords={**labels, "sector": self.world.sectors},
            attrs={"units": "percent of income", **self.manifest},
        )
        total = sum(part.sum(["partner", "sector"]) for part in data.data_vars.values())
        return data.assign(total=total, exact=self.welfare.drop_attrs())

    @cached_property
    def lost_supply(self) -> pd.DataFrame:
        """Goods (country, sector) that lose every supplier, with their expenditure before."""
        lost = self.after.lost[..., 0].T & ~self.before.lost[..., 0].T
        n, j = np.nonzero(lost)
        X = self.before.X[j, n, 0]
        return pd.DataFrame(
            {
                "country": [self.world.countries[k] for k in n],
                "sector": [self.world.sectors[k] for k in j],
                "expenditure": X,
                "percent of income": 100 * X / self.before.I[n, 0],
            }
        )

    @cached_property
    def world_after(self) -> World:
        """The counterfactual as a world of its own, to change again from there."""
        e, world = self.after, self.world
        technology = e.technology()
        G = technology.G
        used = G.sum(1, keepdims=True)
        gamma = np.divide(G, used, out=np.full_like(G, 1 / G.shape[1]), where=used > 0)
        VA = e.value_added[:, 0]
        values = {
            "pi": _by_origin(e.shares()),
            "t": _by_origin(e.tariffs()),
            "beta": technology.beta,
            "gamma": gamma,
            "alpha": technology.alpha,
            "X": e.X[..., 0].T,
            "VA": VA,
            "D": e.I[:, 0] - VA - e.R[:, 0],
            "theta": e.theta[:, 0],
        }
        attrs = {**world.data.attrs, "elasticities": self._elasticities}
        attrs["provenance"] = f"{attrs.get('provenance', '')}; after: {'; '.join(e.policy.steps)}"
        after = dataset(values, world.countries, world.sectors, attrs)
        return World(inherited(after, world.data))

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
            worst, count = self.lost_supply.nlargest(3, "percent of income"), len(self.lost_supply)
            shown = ", ".join(f"{r.country} {r.sector}" for r in worst.itertuples())
            goods = "1 good loses" if count == 1 else f"{count} goods lose"
            lines.append(
                f"{goods} every supplier ({shown}{', ...' if count > len(worst) else ''}): users "
                "do without, and the losses shown are lower bounds"
            )
        return lines

    def by_country(self) -> xr.Dataset:
        """Welfare, equivalent variation, real wage, wage and income by country."""
        return by_country(self.before, self.after, self.manifest).isel(draw=0, drop=True)

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

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name, for files."""
        return {"summary": self.summary().reset_index()}

    def document(self) -> dict[str, Any]:
        """The tables as plain data, with caveats and manifest."""
        records = {k: t.to_dict("records") for k, t in self.tables().items()}
        return {**records, "notes": self.notes, "manifest": self.manifest}

    @property
    def manifest(self) -> dict[str, Any]:
        """What made these numbers: version, world, parameters, changes."""
        from detente import __version__

        return {
            "detente": __version__,
            "world": self.world.name,
            "fingerprint": self.world.fingerprint,
            "prices_of": self.world.data.attrs.get("year"),
            "elasticities": self._elasticities,
            **self._production,
            "deficits": self.deficits,
            "tolerance": self.tolerance,
            "changes": list(self.after.policy.steps),
        }

    @property
    def in_units(self) -> dict[str, Any]:
        """The manifest, and the units of money."""
        return {**self.manifest, "units": self.world.units}

    def __repr__(self) -> str:
        top = self.welfare.to_series().sort_values(key=abs, ascending=False).head(5)
        movers = ", ".join(f"{c} {round(v, 3) + 0.0:+.3f}%" for c, v in top.items())
        steps = "; ".join(self.after.policy.steps) or "no change"
        return (
            f"Equilibrium of {self.world.name!r} (deficits: {self.deficits})\n"
            f"  changes      {steps}\n"
            f"  solved       {self.after.evaluations[0]} evaluations, excess demand "
            f"{self.after.residuals[0, 0]:.1e} of value added\n"
            f"  welfare      {movers}"
        )

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"

    @property
    def _coords(self) -> dict[str, list[str]]:
        C, S = self.world.countries, self.world.sectors
        return {"country": C, "destination": C, "origin": C, "sector": S}

    def _by_trade(self, values: Array, name: str) -> xr.DataArray:
        coords = {d: self._coords[d] for d in BY_ORIGIN}
        return xr.DataArray(_by_origin(values), dims=BY_ORIGIN, coords=coords, name=name)

    def _beside(
        self,
        dims: tuple[str, ...],
        before: Array,
        after: Array,
        sectors: list[str] | None = None,
    ) -> xr.Dataset:
        coords = self._coords if sectors is None else {**self._coords, "sector": sectors}
        return xr.Dataset(
            {"before": (dims, before), "after": (dims, after)},
            coords={d: coords[d] for d in dims},
            attrs={"units": self.world.units},
        )

    def _outcome(self, name: str) -> xr.DataArray:
        values, units = _columns(self.before, self.after)[name]
        return xr.DataArray(
            values[:, 0],
            coords={"country": self._coords["country"]},
            name=name,
            attrs={"units": units, **self.manifest},
        )

    @property
    def _elasticities(self) -> str:
        multiple = self.after.theta[:, 0] / self.world.data["theta"].values
        if np.ptp(multiple) <= 1e-12:
            source = str(self.world.data.attrs.get("elasticities", ""))
            return source if multiple[0] == 1 else f"{multiple[0]:.6g} of the long run, {source}"
        theta = self.after.theta[:, 0]
        return "given to solve: " + ", ".join(f"{v:.6g}" for v in theta)

    @property
    def _production(self) -> dict[str, Any]:
        """Elasticity of inputs and the sectors with fixed factors, where there are any."""
        p, sectors = self.after.production, self.world.sectors
        fixed = {sectors[j]: float(p.phi[f].mean()) for f, j in enumerate(p.fixed)}
        sigma = {} if p.cobb_douglas else {"sigma": float(p.sigma[0])}
        return {**sigma, **({"phi": {s: round(v, 4) for s, v in fixed.items()}} if fixed else {})}

    def _apart(self) -> list[str]:
        """Countries that trade parted from the largest part of the world, and ran deficits."""
        part = self.after.component[:, 0]
        VA, D = self.after.economy.VA, self.after.economy.D
        largest = np.bincount(part, VA).argmax()
        unbalanced = np.abs(np.bincount(part, D)) > 1e-9 * VA.sum()
        chosen = (part != largest) & unbalanced[part]
        return [c for c, out in zip(self.world.countries, chosen, strict=True) if out]


def by_country(before: Equilibria, after: Equilibria, attrs: dict[str, Any]) -> xr.Dataset:
    """Welfare, equivalent variation, real wage, wage and income (draw, country)."""
    columns = _columns(before, after)
    return xr.Dataset(
        {k: (("draw", "country"), v.T, {"units": units}) for k, (v, units) in columns.items()},
        coords={"draw": np.arange(after.draws), "country": after.economy.world.countries},
        attrs=attrs,
    )


def _columns(before: Equilibria, after: Equilibria) -> dict[str, tuple[Array, str]]:
    """What is told of countries, [n,k], and its units."""
    units = after.economy.world.units
    gain = after.real_income / before.real_income - 1
    return {
        "welfare": (100 * gain, "percent"),
        "equivalent_variation": (gain * before.I, units),
        "real_wage": (100 * (after.real_wage / before.real_wage - 1), "percent"),
        "w_hat": (np.exp(after.log_w - before.log_w), "ratio"),
        "income": (after.I, units),
    }


def _by_origin(values: Array) -> Array:
    """From [j,n,i] to (destination, origin, sector)."""
    return values.transpose(1, 2, 0)


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
