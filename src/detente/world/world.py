"""The calibrated world: a baseline equilibrium in the letters of the model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from detente.world.accounts import Accounts, country_table
from detente.world.added import add_economies, add_economy, basis, trade_basis
from detente.world.aggregation import aggregate_accounts, groups_of, merged_notes
from detente.world.elasticities import Elasticities, elasticities
from detente.world.flows import (
    Flows,
    compare_value_added,
    labelled,
    labels_of,
    rates_of,
    refuse_unknown,
    shares_from_flows,
)
from detente.world.labels import completed, counted, dataset, titles
from detente.world.names import (
    Countries,
    Names,
    Sectors,
    ancestors,
    resolve_countries,
    resolve_sectors,
)
from detente.world.part import Part
from detente.world.split import misfit_table, split_accounts, split_attrs
from detente.world.storage import save
from detente.world.validation import DIMS, present, validate


@dataclass(frozen=True, eq=False, repr=False)
class World:
    """A baseline: expenditure shares, tariffs, technology, final use, incomes, elasticities.

    Attributes
    ----------
    data
        Dataset with `pi(destination, origin, sector)` expenditure shares, `t` ad-valorem tariffs
        of the same dimensions, `beta(country, sector)` value-added shares, `gamma(country, input,
        sector)` input shares, `alpha(country, sector)` final-use shares, `X(country, sector)`
        expenditure at purchaser prices, `VA(country)` value added, `D(country)` deficits (imports
        minus exports), `theta(sector)` trade elasticities. Values are in `data.attrs["units"]`.
        It may have `phi(country, sector)`, the share of value added of a factor that cannot move,
        and a coordinate `parent(sector)`, what a sector was split off from.

    Raises
    ------
    WorldError
        The data do not add up; the message names country and sector.

    Notes
    -----
    Symbols follow Caliendo and Parro (2015), Review of Economic Studies 82(1).

    Examples
    --------
    >>> import detente
    >>> world = detente.load_world("icio2022")
    >>> world.name, len(world.countries), len(world.sectors)
    ('icio2022', 80, 50)
    """

    data: xr.Dataset

    def __post_init__(self) -> None:
        validate(self.data)

    # -- making -----------------------------------------------------------------------------

    @classmethod
    def from_flows(
        cls,
        trade: Flows,
        input_use: Flows,
        *,
        theta: Elasticities,
        tariff: Flows | None = None,
        value_added: Flows | None = None,
        countries: Sequence[str] | None = None,
        sectors: Sequence[str] | None = None,
        name: str = "user",
        units: str = "million USD",
        fill: float | None = None,
        attributes: Mapping[str, Any] | None = None,
        **unknown: Any,
    ) -> World:
        """Build a world from flows in value.

        Parameters
        ----------
        trade
            Sales (origin, destination, sector), domestic sales included, net of tariffs. An
            array, a DataArray, or a long DataFrame with columns origin, destination, sector,
            value.
        input_use
            Intermediate use (country, input, sector), at the price users pay.
        theta
            Trade elasticities: source name, number, mapping or sequence.
        tariff
            Ad-valorem rates (origin, destination, sector), 0.25 for 25 percent; zero where omitted.
        value_added
            (country, sector). Value added is output less inputs in any case; if given it is
            compared with that residual.
        countries, sectors
            Labels; taken from `trade` if that is labelled.
        name, units
            Kept in `data.attrs`.
        fill
            Value of trade, inputs and value added for which a table has no row, such as 0;
            without it a missing row is an error.
        attributes
            What else is kept in `data.attrs`: `year`, `provenance`, or anything of the user's.
        **unknown
            Refused, with the nearest argument.

        Raises
        ------
        WorldError
            Accounts that do not add up, naming country and sector; a table without a column or a
            row, or with text in place of a number.
        TypeError
            An argument that is none of these.

        Examples
        --------
        Two countries, one sector, a third of inputs in output:

        >>> from detente import World
        >>> world = World.from_flows(
        ...     trade=[[[90.0], [10.0]], [[10.0], [190.0]]],
        ...     input_use=[[[30.0]], [[60.0]]],
        ...     theta=4.0, countries=["HOM", "FOR"], sectors=["ALL"],
        ... )
        >>> world.data["VA"].values.tolist()
        [70.0, 140.0]
        """
        refuse_unknown(unknown, World.from_flows)
        labels = labels_of(trade, countries, sectors)
        flow_dims = ("origin", "destination", "sector")
        use_dims = ("country", "input", "sector")
        z = labelled(trade, flow_dims, labels, "trade", fill).values
        use = labelled(input_use, use_dims, labels, "input_use", fill).values
        rates = rates_of(np.zeros_like(z) if tariff is None else tariff, labels)
        names, codes = list(labels["country"]), list(labels["sector"])
        shares = shares_from_flows(z, use, rates, names, codes)
        if value_added is not None:
            dims = ("country", "sector")
            stated = labelled(value_added, dims, labels, "value_added", fill).values
            compare_value_added(stated, z.sum(1) - use.sum(1), names, codes)
        shares["theta"], source = elasticities(theta, codes)
        attrs = {"name": name, "units": units, "elasticities": source, **(attributes or {})}
        return cls(dataset(shares, names, codes, attrs))

    def with_elasticities(self, choice: Elasticities) -> World:
        """Return the same baseline with other trade elasticities.

        >>> import detente
        >>> float(detente.load_world("icio2022").with_elasticities("uniform").data["theta"][0])
        4.0
        """
        theta, source = elasticities(choice, self.sectors)
        if isinstance(choice, str):
            own = self.data.attrs.get("own_elasticities", {})
            theta = theta.copy()
            for j, line in enumerate(ancestors(s, self.sectors.parents) for s in self.sectors):
                theta[j] = next((own[s] for s in line if s in own), theta[j])
        data = self.data.assign(theta=("sector", theta))
        return World(data.assign_attrs(elasticities=source))

    def split(self, sector: str, parts: Mapping[str, Part]) -> World:
        """Split parts off a sector; what is left of it keeps its code.

        Every total of the world is kept: trade and use of inputs summed over the parts, final
        use, value added, deficits. Merging the parts back returns the world. Figures that could
        not be met as they were asked are in `misfits`.

        Parameters
        ----------
        sector
            Code of a sector; asked of the new world it means what is left and all its parts.
        parts
            Code of each new sector to what is known of it, in the units of the world.

        Raises
        ------
        WorldError
            A part larger than the sector, naming the cell; an unknown country or sector.

        Examples
        --------
        >>> import detente
        >>> from detente.world import Part
        >>> world = detente.load_world("icio2022")
        >>> fertiliser = Part(exports={"BLR": 2000, "CAN": 9000}, users={"A01": 1.0})
        >>> parts = world.split("C20", {"fertiliser": fertiliser})
        >>> sold = parts.trade.sel(origin="CAN", sector="fertiliser").drop_sel(destination="CAN")
        >>> round(float(sold.sum()), 6)
        9000.0
        >>> merged = parts.aggregate(sectors={"C20": ["C20", "fertiliser"]})
        >>> bool(abs(merged.data["X"] - world.data["X"]).max() < 1e-6)
        True
        """
        accounts, moved = split_accounts(self, sector, parts)
        attrs = split_attrs(self, sector, parts, moved)
        names = {code: part.name or code for code, part in parts.items()}
        return self._remade(accounts, attrs, names)

    def aggregate(
        self,
        countries: Mapping[str, Names] | None = None,
        sectors: Mapping[str, Names] | None = None,
    ) -> World:
        """Merge countries and sectors; those not named stay as they are.

        Trade within a group of countries becomes domestic. The elasticity of a merged sector is
        the mean over its members, weighted by trade between different countries.

        Parameters
        ----------
        countries, sectors
            New label to members; members may be codes, names or groups such as `EU27`, `goods`.

        Raises
        ------
        WorldError
            An unknown member, one in two groups, or a new label that is already taken.

        Examples
        --------
        >>> import detente
        >>> world = detente.load_world("icio2022").aggregate(countries={"EU27": "EU27"})
        >>> len(world.countries)
        54
        """
        C = groups_of(countries or {}, self.countries, resolve_countries, "country")
        S = groups_of(sectors or {}, self.sectors, resolve_sectors, "sector")
        merged = [f"{k} ({len(v)})" for k, v in {**C, **S}.items() if list(v) != [k]]
        note = "; aggregated: " + ", ".join(merged) if merged else ""
        provenance = str(self.data.attrs.get("provenance", "")) + note
        about: dict[str, Any] = {"provenance": provenance}
        if self.added:
            about["added"] = merged_notes(self.added, C)
        return self._remade(aggregate_accounts(self, C, S), about)

    add_economy = add_economy
    add_economies = add_economies
    basis = property(basis)
    trade_basis = trade_basis
    country_table = country_table

    def _remade(
        self, accounts: Accounts, attrs: dict[str, Any], names: Mapping[str, str] | None = None
    ) -> World:
        """Another world of these accounts, with what this one says of itself."""
        attrs = {**self.data.attrs, **attrs}
        source = attrs.pop("elasticities", "")
        world = World.from_flows(
            accounts.trade,
            accounts.use,
            tariff=accounts.tariff,
            theta=list(accounts.theta),
            countries=accounts.countries,
            sectors=accounts.sectors,
            attributes=attrs,
        )
        data = completed(world.data, self.data, accounts, names or {})
        return World(data.assign_attrs(elasticities=source))

    def save(self, path: str | Path) -> None:
        """Write the world to a file ending with `.nc`, which `load_world` reads; see `storage`."""
        save(self.data, Path(path))

    # -- reading ----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the world."""
        return str(self.data.attrs.get("name", "user"))

    @property
    def units(self) -> str:
        """Units of all values."""
        return str(self.data.attrs.get("units", ""))

    @cached_property
    def countries(self) -> Countries:
        """Country codes, in the order of the arrays, and what each is called."""
        codes = [str(c) for c in self.data["country"].values]
        return Countries(codes, titles(self.data, "country"), self.name)

    @cached_property
    def sectors(self) -> Sectors:
        """Sector codes, in the order of the arrays, and what each was split off from."""
        codes = [str(s) for s in self.data["sector"].values]
        parents = self.data.coords.get("parent", self.data["sector"])
        above = zip(codes, map(str, parents.values), strict=True)
        of_part = {code: parent for code, parent in above if parent != code}
        return Sectors(codes, of_part, titles(self.data, "sector"))

    @property
    def misfits(self) -> pd.DataFrame:
        """Figures asked of the splits of this world beside those found, largest difference first.

        Columns `sector`, `what`, `at`, `asked`, `found`, in the units of the world.

        >>> import detente
        >>> detente.load_world("icio2022").misfits.empty
        True
        """
        found = misfit_table(self.data.attrs.get("misfits", []))
        there = found["sector"].isin([*self.sectors, "goods", "services"])
        return found[there].reset_index(drop=True)

    @property
    def added(self) -> dict[str, dict[str, Any]]:
        """Economies that no table has: code to what they rest on; see `detente.world.added`."""
        return dict(self.data.attrs.get("added", {}))

    def name_of(self, code: str) -> str:
        """Readable name of a country or sector code, or the code itself if there is none."""
        for known in (self.countries, self.sectors):
            if known.titles and code in known:
                return known.titles[known.index(code)]
        return code

    @cached_property
    def trade(self) -> xr.DataArray:
        """Sales (origin, destination, sector), domestic sales included, net of tariffs."""
        X = self.data["X"].rename(country="destination")
        flows = self.data["pi"] * X / (1 + self.data["t"])
        flows = flows.transpose("origin", "destination", "sector")
        return flows.rename("trade").assign_attrs(units=self.units)

    @cached_property
    def output(self) -> xr.DataArray:
        """Gross output Y(country, sector)."""
        return self.trade.sum("destination").rename(origin="country").rename("output")

    @cached_property
    def tariff_revenue(self) -> xr.DataArray:
        """Tariff revenue (country)."""
        paid = (self.trade * self.data["t"]).sum(["origin", "sector"])
        return paid.rename(destination="country").rename("tariff_revenue")

    @cached_property
    def income(self) -> xr.DataArray:
        """Income I(country) = value added + tariff revenue + deficit, all of it spent."""
        return (self.data["VA"] + self.tariff_revenue + self.data["D"]).rename("income")

    @cached_property
    def fingerprint(self) -> str:
        """First 16 hex digits of the SHA-256 of labels and numbers."""
        digest = hashlib.sha256()
        digest.update("|".join([*self.countries, *self.sectors]).encode())
        for name in [*DIMS, *present(self.data)]:
            digest.update(np.ascontiguousarray(self.data[name].values, dtype="<f8").tobytes())
        return digest.hexdigest()[:16]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, World) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        a = self.data.attrs
        total = float(self.data["VA"].sum())
        lines = [
            f"World {self.name!r}: {counted(self.countries, 'country', 'countries')} x "
            + counted(self.sectors, "sector", "sectors")
            + (f", {a['year']}" if "year" in a else ""),
            f"  value added    {total:,.0f} {self.units}",
            f"  elasticities   {a.get('elasticities', '')}",
            f"  tariffs        {'yes' if self.data['t'].values.any() else 'none in the baseline'}",
            f"  provenance     {a.get('provenance') or 'not stated'}",
            f"  fingerprint    {self.fingerprint}",
        ]
        if "rebalanced" in a:
            lines.append(f"  rebalanced     {a['rebalanced']}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>" + self.data._repr_html_()
