"""Splitting a sector into parts; every total of the world is kept.

What is known of a part (`detente.world.part`) is put on the cells of its sector: trade by origin
and destination, purchases by user, inputs and value added. What is not known follows the sector's
own cells. Both the part and what is left of the sector are nowhere negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from detente.arrays import Array, Flags
from detente.errors import WorldError
from detente.world.accounts import Accounts
from detente.world.balancing import balance, fill
from detente.world.names import Names, Sectors, resolve_countries, resolve_sectors
from detente.world.part import FINAL, Part

if TYPE_CHECKING:
    from detente.world.world import World

DUST = 1e-9
"""Relative excess over what there is that is rounding, not an error."""

ROUNDING = 1e-12
"""Relative size below which what is left of a cell is nothing."""


@dataclass(frozen=True)
class Split:
    """One part to be split off one sector: what is asked of it, in arrays, and what was moved."""

    code: str
    part: Part
    sector: int
    accounts: Accounts
    whole: Array
    moved: list[dict[str, Any]] = field(default_factory=list)

    # -- trade ------------------------------------------------------------------------------

    def trade(self) -> Array:
        """Sales of the part by origin and destination, [i,n]."""
        cells = self.accounts.trade[:, :, self.sector]
        home = np.eye(len(cells), dtype=bool)
        abroad = np.where(home, 0.0, cells)
        exports, output = self._totals(abroad.sum(1), np.diag(cells))
        prior, named = self._prior(abroad, exports)
        part = self._exports(prior, named & self.part.binding, abroad, exports)
        for i, n in np.argwhere(named):
            self._move("trade", (i, n), prior[i, n], part[i, n])
        for country, asked in self.part.imports.items():
            n = self._position(country)
            self._move("imports", (n,), asked, part[:, n].sum())
        part[home] = output - exports
        return _whole_where_all(part, cells)

    def _exports(self, prior: Array, held: Flags, abroad: Array, exports: Array) -> Array:
        """Exports by destination: cells that are held as they are asked, the others balanced."""
        most = self.part.at_most * abroad
        fixed = np.where(held, prior, 0.0)
        self._refuse_above(fixed, most)
        free = np.where(held, 0.0, most)
        rows = self._left(exports, fixed, free)
        columns = np.maximum(self._by_country(self.part.imports, np.nan) - fixed.sum(0), 0)
        return fixed + balance(np.where(held, 0.0, prior), free, rows, columns, abroad)

    def _totals(self, exports: Array, home: Array) -> tuple[Array, Array]:
        """Exports and output of the part by country, no more than the sector has."""
        part, most = self.part, self.part.at_most
        named = self._by_country(part.output, np.nan)
        whole = self.whole.sum(1)
        abroad = whole - np.diag(self.whole)
        ratio = np.divide(abroad, whole, out=np.zeros_like(whole), where=whole > 0)
        if part.exports is not None:
            asked = self._by_country(part.exports, 0.0)
        else:
            asked = np.where(np.isfinite(named), named * ratio, (part.share or 0.0) * abroad)
        sold = self._within("exports", asked, most * exports)
        if part.exports is None and part.share is not None:
            made = part.share * whole
        else:
            shares = self._rates(part.export_share, ratio)
            made = np.divide(sold, shares, out=np.zeros_like(sold), where=shares > 0)
        self._refuse_below(named, sold)
        at_home = np.where(np.isfinite(named), named, np.minimum(made, sold + most * home)) - sold
        return sold, sold + self._within("home sales", np.maximum(at_home, 0), most * home)

    def _refuse_below(self, output: Array, exports: Array) -> None:
        below = output < exports * (1 - DUST)
        if below.any():
            i = int(below.argmax())
            raise WorldError(
                f"{self.code}: output of {self._country(i)} is {output[i]:.6g}, less than "
                f"its exports of {exports[i]:.6g}"
            )

    def _within(self, what: str, asked: Array, most: Array) -> Array:
        """Totals that are no more than there is: refused above it, or cut where that is allowed."""
        cut = resolve_countries(self.part.cut, self.accounts.countries)
        for i in np.flatnonzero(asked > most * (1 + DUST)):
            country = self._country(int(i))
            if country not in cut:
                raise WorldError(
                    f"{self.code}: {what} of {country}: {asked[i]:.6g} asked, but at most "
                    f"{most[i]:.6g} is in {self._parent}; correct it, or name {country} in `cut`"
                )
            self._move(what, (i,), asked[i], most[i])
        return np.minimum(asked, most)

    def _prior(self, abroad: Array, exports: Array) -> tuple[Array, Flags]:
        """Exports by destination as the partner shares have them, and which cells these name."""
        part = self.part
        sold, of_origin = self._spread(abroad, exports, part.destinations, "destinations")
        imports = self._by_country(part.imports, np.nan)
        bought = np.where(np.isfinite(imports), imports, sold.sum(0))
        seen, of_destination = self._spread(sold.T, bought, part.origins, "origins")
        informed = np.isin(np.arange(len(abroad)), [self._position(c) for c in part.origins])
        prior = np.where(informed & ~of_origin, seen.T, sold)
        prior = np.where(of_origin & of_destination.T, (sold + seen.T) / 2, prior)
        prior[exports == 0] = 0.0
        for run in part.part_of_year:
            prior[np.ix_(self._positions(run.origins), self._positions(run.destinations))] *= (
                run.share
            )
        return prior, (of_origin | of_destination.T) & (exports > 0)[:, None]

    def _spread(
        self, cells: Array, totals: Array, shares: Mapping[str, Mapping[str, float]], what: str
    ) -> tuple[Array, Flags]:
        """Rows that sum to totals: by the shares that are named, the rest in the cells' mix."""
        named = np.zeros(cells.shape, bool)
        asked = np.zeros(cells.shape)
        for country, partners in shares.items():
            row = self._position(country)
            for partner, share in partners.items():
                column = self._position(partner)
                if column == row:
                    raise WorldError(f"{self.code}: {what} of {country}: {partner} is itself")
                named[row, column], asked[row, column] = True, share * totals[row]
        rest = np.where(named, 0.0, cells)
        whole = rest.sum(1, keepdims=True)
        left = np.maximum(totals - asked.sum(1), 0)[:, None]
        spread = np.divide(rest, whole, out=np.zeros_like(rest), where=whole > 0)
        return asked + left * spread, named

    def _refuse_above(self, fixed: Array, most: Array) -> None:
        over = fixed > most * (1 + DUST)
        if over.any():
            i, n = np.argwhere(over)[0]
            raise WorldError(
                f"{self.code}: trade of {self._country(i)} with destination {self._country(n)}: "
                f"{fixed[i, n]:.6g} asked, but at most {most[i, n]:.6g} is in {self._parent}"
            )

    def _left(self, exports: Array, fixed: Array, free: Array) -> Array:
        """What is left of exports beside the cells that are fixed."""
        left = exports - fixed.sum(1)
        off = (left < -DUST * exports) | (left > free.sum(1) + DUST * exports)
        if off.any():
            i = int(off.argmax())
            raise WorldError(
                f"{self.code}: binding trade of {self._country(i)} is {fixed[i].sum():.6g}, "
                f"its exports are {exports[i]:.6g}, and its other cells hold {free[i].sum():.6g}"
            )
        return np.asarray(np.maximum(left, 0))

    # -- accounts ---------------------------------------------------------------------------

    def purchases(self, supply: Array) -> Array:
        """Purchases of the part by user, final use last, [n,j+1]."""
        used = self.accounts.use[:, self.sector]
        whole = self.accounts.supply(self.accounts.trade[:, :, self.sector], self.sector)
        cells = np.column_stack([used, np.maximum(whole - used.sum(1), 0)])
        mix = self._mix(cells, self.part.users, "users")
        found = fill(mix * supply[:, None], self.part.at_most * cells, supply, cells)
        for name, share in self.part.users.items():
            bought = found[:, self._members(name)].sum()
            self._move("purchases", (name,), share * supply.sum(), bought)
        return _whole_where_all(found, cells)

    def costs(self, output: Array) -> Array:
        """Inputs of the part, value added last, [n,k+1]."""
        inputs = self.accounts.use[:, :, self.sector]
        whole = self.accounts.trade[:, :, self.sector].sum(1)
        cells = np.column_stack([inputs, np.maximum(whole - inputs.sum(1), 0)])
        own = np.divide(cells[:, -1], whole, out=np.ones_like(whole), where=whole > 0)
        beta = self._rates(self.part.beta, own)
        mix = self._mix(np.column_stack([inputs, np.zeros_like(whole)]), self.part.inputs, "inputs")
        mix = mix * (1 - beta)[:, None]
        mix[:, -1] += beta
        found = fill(mix * output[:, None], self.part.at_most * cells, output, cells)
        for i in np.flatnonzero(output):
            self._move("value added", (i,), beta[i] * output[i], found[i, -1])
        return _whole_where_all(found, cells)

    def fixed_factors(self, at: int) -> Array | None:
        """Shares of fixed factors in value added, with the part's at its place, [n,j]."""
        old, own = self.accounts.phi, self.part.phi
        if old is None and not own:
            return None
        shares = np.zeros(self.accounts.use.shape[:2]) if old is None else old
        others = np.zeros(len(shares)) if own else shares[:, self.sector]
        return np.insert(shares, at, self._rates(own, others), axis=1)

    def _mix(self, cells: Array, shares: Mapping[str, float], what: str) -> Array:
        """Shares of a row's cells: as asked, else as they are; a group has its members' mix."""
        if not shares:
            return _proportions(cells)
        mix, rest = np.zeros_like(cells), cells.copy()
        for name, share in shares.items():
            if what == "inputs" and name == FINAL:
                raise WorldError(f"{self.code}: inputs: {FINAL!r} is no input")
            members = self._members(name)
            mix[:, members] += share * _proportions(cells[:, members])
            rest[:, members] = 0.0
        return mix + max(1 - sum(shares.values()), 0) * _proportions(rest)

    # -- names ------------------------------------------------------------------------------

    @property
    def _parent(self) -> str:
        return self.accounts.sectors[self.sector]

    def _country(self, position: int) -> str:
        return self.accounts.countries[position]

    def _members(self, name: str) -> list[int]:
        if name == FINAL:
            return [len(self.accounts.sectors)]
        sectors = self.accounts.sectors
        return [sectors.index(s) for s in resolve_sectors(name, sectors)]

    def _positions(self, names: Names) -> list[int]:
        C = self.accounts.countries
        return [C.index(c) for c in resolve_countries(names, C)]

    def _position(self, name: str) -> int:
        found = self._positions(name)
        if len(found) != 1:
            raise WorldError(f"{self.code}: {name!r} is a group; name one country")
        return found[0]

    def _by_country(self, values: Mapping[str, float], others: float) -> Array:
        found = np.full(len(self.accounts.countries), others)
        for name, value in values.items():
            found[self._position(name)] = value
        return found

    def _rates(self, given: float | Mapping[str, float] | None, others: Array) -> Array:
        """Rates by country: one for all, or by name and others for the rest."""
        if isinstance(given, Mapping):
            named = self._by_country(given, np.nan)
            return np.asarray(np.where(np.isfinite(named), named, others))
        return others if given is None else np.full_like(others, given)

    def _move(self, what: str, at: tuple[Any, ...], asked: float, found: float) -> None:
        """Note a figure that is not what was asked."""
        if abs(found - asked) <= 1e-6 * max(asked, found):
            return
        place = [x if isinstance(x, str) else self._country(int(x)) for x in at]
        self.moved.append(
            {"sector": self.code, "what": what, "at": " -> ".join(place)}
            | {"asked": float(asked), "found": float(found)}
        )


def split_accounts(
    world: World, sector: str, parts: Mapping[str, Part]
) -> tuple[Accounts, list[dict[str, Any]]]:
    """The world's accounts with parts split off a sector, and the figures that had to move.

    Raises
    ------
    WorldError
        An unknown sector, a code that is taken, or a part larger than the sector, naming the cell.
    """
    if sector not in world.sectors:
        resolve_sectors(sector, world.sectors)
        raise WorldError(f"{sector!r} is a group of sectors; one sector is split at a time")
    if not parts:
        raise WorldError(f"no parts to split off {sector}")
    accounts, moved = Accounts.of(world), []
    whole = accounts.trade[:, :, accounts.sectors.index(sector)]
    for code, part in parts.items():
        if code in [*accounts.sectors, FINAL, "all", "goods", "services"]:
            raise WorldError(f"the code {code!r} of a part of {sector} is taken")
        split = Split(code, part, accounts.sectors.index(sector), accounts, whole)
        accounts = _split_off(split)
        moved += split.moved
    return accounts, moved


def split_attrs(
    world: World, sector: str, parts: Mapping[str, Part], moved: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the attributes of a world say of parts that were split off."""
    attrs = world.data.attrs
    provenance = f"{attrs.get('provenance', '')}; split off {sector}: {', '.join(parts)}"
    own = {code: part.theta for code, part in parts.items() if part.theta is not None}
    return {
        "name": "+".join([world.name, *parts]),
        "provenance": provenance.removeprefix("; "),
        "own_elasticities": {**attrs.get("own_elasticities", {}), **own},
        "misfits": [*attrs.get("misfits", []), *moved],
    }


def _split_off(split: Split) -> Accounts:
    old, p = split.accounts, split.sector
    part = split.trade()
    bought = split.purchases(old.supply(part, p))
    paid = split.costs(part.sum(1))
    theta = old.theta[p] if split.part.theta is None else split.part.theta
    at = p + len(resolve_sectors(old.sectors[p], old.sectors))
    codes = [*old.sectors[:at], split.code, *old.sectors[at:]]
    return replace(
        old,
        trade=_two(old.trade, p, at, part, axis=2),
        tariff=np.insert(old.tariff, at, old.tariff[:, :, p], axis=2),
        use=_use(old.use, p, at, bought[:, :-1], paid[:, :-1]),
        theta=np.insert(old.theta, at, theta),
        phi=split.fixed_factors(at),
        sectors=Sectors(codes, {**old.sectors.parents, split.code: old.sectors[p]}),
    )


def _two(values: Array, p: int, at: int, part: Array, axis: int) -> Array:
    """A part inserted at a place, and taken off the sector."""
    left = np.moveaxis(values.copy(), axis, -1)
    left[..., p] = np.maximum(left[..., p] - part, 0)
    return np.insert(np.moveaxis(left, -1, axis), at, part, axis=axis)


def _use(use: Array, p: int, at: int, bought: Array, paid: Array) -> Array:
    """Use of inputs with a part's row and column; the sector's use of itself is shared out.

    What is bought of the part, and what the part buys of the sector, are sums of the four cells of
    the sector's use of itself; each cell is the product of its sums.
    """
    itself, of_part, by_part = use[:, p, p], bought[:, p], paid[:, p]
    both = np.divide(of_part * by_part, itself, out=np.zeros_like(itself), where=itself > 0)
    both = _whole_where_all(_whole_where_all(both, by_part), of_part)
    column = np.insert(paid, at, both, axis=1)
    column[:, p] = np.maximum(by_part - both, 0)
    return _two(_two(use, p, at, bought, axis=1), p, at, column, axis=2)


def _whole_where_all(part: Array, cells: Array) -> Array:
    """Cells of a part, that of the sector where all but rounding is taken: nothing is then left."""
    taken: Array = np.where(cells - part <= ROUNDING * cells, cells, part)
    return taken


def _proportions(cells: Array) -> Array:
    whole = cells.sum(1, keepdims=True)
    shares: Array = np.divide(cells, whole, out=np.zeros_like(cells), where=whole > 0)
    return shares


def misfit_table(moved: list[dict[str, Any]]) -> pd.DataFrame:
    """Figures that were asked of a split and those found, the largest difference first."""
    table = pd.DataFrame(moved, columns=["sector", "what", "at", "asked", "found"])
    order = (table["found"] - table["asked"]).abs().sort_values(ascending=False, kind="stable")
    return table.loc[order.index].reset_index(drop=True)
