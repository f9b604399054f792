"""Trade of economies that are added to a world: as given, and by gravity where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.errors import WorldError
from detente.world.accounts import BASES, Accounts
from detente.world.balancing import Margin, scaled
from detente.world.economy import REST, Economy, shares_of_sectors
from detente.world.gravity import nearness
from detente.world.names import is_goods, resolve_countries

ROUNDS = 200
"""Turns of the margins; figures of one economy may contradict those of another."""

AT_MOST = 0.9
"""Largest share of an economy's exports of a sector that goes to all that are added."""

OBSERVED, GIVEN, ESTIMATED, BORROWED = range(len(BASES))


@dataclass(frozen=True)
class AddedTrade:
    """Trade of all economies with those that are added, the last in the order of countries."""

    old: Accounts
    economies: Mapping[str, Economy]

    # -- labels -----------------------------------------------------------------------------

    @cached_property
    def countries(self) -> list[str]:
        """Codes, those that are added last."""
        return [*self.old.countries, *self.economies]

    @property
    def size(self) -> int:
        """Economies of the old world."""
        return len(self.old.countries)

    @cached_property
    def new(self) -> Flags:
        """Which are added, [i]."""
        return np.arange(len(self.countries)) >= self.size

    @cached_property
    def involved(self) -> Flags:
        """Cells between different countries of which one is added, [i,n]."""
        either = self.new[:, None] | self.new
        np.fill_diagonal(either, False)
        return either

    @cached_property
    def goods(self) -> Flags:
        """Which sectors are goods, [j]."""
        sectors = self.old.sectors
        return np.array([is_goods(s, sectors.parents) for s in sectors])

    @cached_property
    def abroad(self) -> Array:
        """Sales of the old world between different countries, [i,n,j]."""
        cells = self.old.trade.copy()
        cells[range(self.size), range(self.size)] = 0.0
        return cells

    def likes(self, code: str) -> Positions:
        """Whom an economy borrows from."""
        try:
            named = resolve_countries(self.economies[code].like, self.old.countries)
        except WorldError as error:
            raise WorldError(f"{code}: like: {error}") from error
        return np.array([self.old.countries.index(c) for c in named])

    # -- totals -----------------------------------------------------------------------------

    @cached_property
    def totals(self) -> dict[tuple[str, str], Array]:
        """Exports and imports of goods and of services of the economies that are added, [m]."""
        found: dict[tuple[str, str], Array] = {}
        for what, axis in (("exports", 1), ("imports", 0)):
            by_sector = self.abroad.sum(axis)
            pairs = self.pairs if axis else self.pairs.T
            goods, services = [], []
            for code, economy in self.economies.items():
                likes = self.likes(code)
                ratio = by_sector[likes].sum(0) * economy.gdp / self.old.value_added[likes].sum()
                given = economy.goods(what)
                partners = getattr(economy, what)
                if isinstance(partners, Mapping):
                    known = np.nansum(pairs[self.countries.index(code)])
                    given = float(known) + partners.get(REST, 0.0)
                goods.append(ratio[self.goods].sum() if given is None else given)
                total = getattr(economy, f"total_{what}")
                rest = ratio[~self.goods].sum() if total is None else total - goods[-1]
                services.append(max(rest, 0.0))
            found[what, "goods"] = np.array(goods)
            found[what, "services"] = np.array(services)
        return found

    @cached_property
    def pairs(self) -> Array:
        """Goods by origin and destination as given, not a number where they are not, [i,n].

        What both sides state is the mean of the two; what one of them leaves out is the other's.
        """
        sold, bought = (self._named(what) for what in ("exports", "imports"))
        bought = bought.T
        both = np.where(np.isfinite(sold) & np.isfinite(bought), (sold + bought) / 2, np.nan)
        both = np.where(np.isfinite(both), both, np.where(np.isfinite(sold), sold, bought))
        left_out = (self._closed("exports")[:, None] | self._closed("imports")) & self.involved
        pairs = np.where(left_out & ~np.isfinite(both), 0.0, both)
        np.fill_diagonal(pairs, 0.0)
        return pairs

    def _named(self, what: str) -> Array:
        """Figures by partner, of the economies that have them, [m or i, partner]."""
        found = np.full((len(self.countries),) * 2, np.nan)
        for code, economy in self.economies.items():
            given = getattr(economy, what)
            for partner, value in (given if isinstance(given, Mapping) else {}).items():
                if partner == REST:
                    continue
                at = self._resolved(partner, f"{code}: {what}")
                if len(at) != 1:
                    raise WorldError(f"{code}: {what}: {partner!r} is a group; name one country")
                if at == [code]:
                    raise WorldError(f"{code}: {what}: {partner} is itself")
                found[self.countries.index(code), self.countries.index(at[0])] = value
        return found

    def _resolved(self, partner: str, where: str) -> list[str]:
        try:
            return resolve_countries(partner, self.countries)
        except WorldError as error:
            raise WorldError(f"{where}: {error}") from error

    def _closed(self, what: str) -> Flags:
        """Economies whose partners are all named."""
        given = {code: getattr(e, what) for code, e in self.economies.items()}
        return np.array(
            [isinstance(given.get(c), Mapping) and REST not in given[c] for c in self.countries]
        )

    # -- composition ------------------------------------------------------------------------

    def mixes(self, what: str) -> Array:
        """Sectors of an added economy's exports or imports as like others', tilted, [m,j].

        Goods sum to one, and so do services.
        """
        by_sector = self.abroad.sum(1 if what == "exports" else 0)
        rows = []
        for code, economy in self.economies.items():
            mix = by_sector[self.likes(code)].sum(0)
            mix = np.where(mix > 0, mix, 1e-6 * by_sector.sum(0))
            if what == "exports":
                mix = mix * self._tilt(code, economy)
            for part in (self.goods, ~self.goods):
                mix[part] /= max(mix[part].sum(), 1e-300)
            shares = getattr(economy, f"{what[:-1]}_sectors")
            rows.append(self._with_shares(code, mix, shares, f"{what[:-1]}_sectors"))
        return np.array(rows)

    def _tilt(self, code: str, economy: Economy) -> Array:
        """Value added of sectors, as known, relative to that of like economies, [j]."""
        tilt = np.ones(len(self.goods))
        added = self.old.value_added[self.likes(code)].sum(0)
        for members, share in shares_of_sectors(
            economy.sectors, self.old.sectors, f"{code}: sectors"
        ):
            tilt[members] = share / max(added[members].sum() / added.sum(), 1e-6)
        return tilt

    def _with_shares(self, code: str, mix: Array, shares: Mapping[str, float], what: str) -> Array:
        """A mix of goods in which the groups that are named have their shares."""
        found, rest = np.zeros_like(mix), mix * self.goods
        groups = shares_of_sectors(shares, self.old.sectors, f"{code}: {what}")
        for members, share in groups:
            if not self.goods[members].all():
                raise WorldError(f"{code}: {what}: only goods are meant")
            whole = mix[members].sum()
            found[members] = share * mix[members] / whole if whole > 0 else share / len(members)
            rest[members] = 0.0
        left = max(1 - sum(share for _, share in groups), 0.0)
        whole = rest.sum()
        found += left * rest / whole if whole > 0 else 0.0
        found[self.goods] /= found[self.goods].sum()
        found[~self.goods] = mix[~self.goods]
        return found

    # -- cells ------------------------------------------------------------------------------

    def cells(self) -> Array:
        """Trade of the cells that involve an added economy, [i,n,j]; zero elsewhere."""
        supply, demand = self._sides("exports"), self._sides("imports")
        near = nearness(self.countries, self.old.sectors, self._places()) * self._kept()[:, :, None]
        reached = np.einsum("ij,inj->nj", supply, near) - np.einsum("ij,iij->ij", supply, near)
        pull = np.divide(demand, reached, out=np.zeros_like(demand), where=reached > 0)
        prior = supply[:, None] * near * pull * self.involved[:, :, None]
        found: Array = np.zeros_like(prior)
        for kind, part in (("goods", self.goods), ("services", ~self.goods)):
            at_most = self._ceiling(part)
            margins = self._margins(kind, part, supply, demand, at_most)
            balanced = scaled(self._opened(prior[:, :, part], kind), margins, ROUNDS)
            found[:, :, part] = balanced * at_most.factors(balanced)
        return found

    def _kept(self) -> Array:
        """Share that is kept of trade where it is barred, [i,n]."""
        kept = np.ones((len(self.countries),) * 2)
        for m, (code, economy) in enumerate(self.economies.items(), self.size):
            for partner, share in economy.barred.items():
                at = [self.countries.index(c) for c in self._resolved(partner, code)]
                kept[m, at], kept[at, m] = share * kept[m, at], share * kept[at, m]
        return kept

    def _places(self) -> dict[str, list[str]]:
        return {c: list(e.places) for c, e in self.economies.items() if e.places}

    def _sides(self, what: str) -> Array:
        """Exports or imports of every country by sector, [i,j]."""
        goods, services = (self.totals[what, kind][:, None] for kind in ("goods", "services"))
        new = self.mixes(what) * np.where(self.goods, goods, services)
        return np.concatenate([self.abroad.sum(1 if what == "exports" else 0), new])

    def _opened(self, prior: Array, kind: str) -> Array:
        """The prior, with something in every pair of which goods are given."""
        if kind == "services":
            return prior
        empty = (self.pairs > 0) & (prior.sum(2) <= 0)
        return prior + np.where(empty[:, :, None], 1e-9, 0.0)

    def _ceiling(self, part: Flags) -> Margin:
        """Sales of the old economies to all the added ones, by sector."""
        most = np.full((len(self.countries), int(part.sum())), np.nan)
        most[: self.size] = AT_MOST * self.abroad.sum(1)[:, part]
        return Margin((1,), most, at_most=True)

    def _margins(
        self, kind: str, part: Flags, supply: Array, demand: Array, at_most: Margin
    ) -> list[Margin]:
        new = self.new[:, None]
        margins = []
        for what, side, over in (("exports", supply, 1), ("imports", demand, 0)):
            total = np.where(self.new, side[:, part].sum(1), np.nan)
            shares = f"{what[:-1]}_sectors"
            known = [bool(getattr(e, shares)) for e in self.economies.values()]
            stated = np.concatenate([np.zeros(self.size, bool), known])[:, None]
            if kind == "goods":
                margins.append(Margin((over,), np.where(new & stated, side[:, part], np.nan)))
            margins.append(Margin((over, 2), total))
        margins.append(at_most)
        if kind == "goods":
            margins.append(Margin((2,), np.where(self.involved, self.pairs, np.nan)))
        return margins

    # -- what it rests on -------------------------------------------------------------------

    def basis(self, before: Array | None) -> Array:
        """What trade in goods rests on, [i,n]: positions in `BASES`."""
        found = np.where(np.isfinite(self.pairs), float(GIVEN), float(ESTIMATED))
        np.fill_diagonal(found, BORROWED)
        found[: self.size, : self.size] = OBSERVED if before is None else before
        return found

    def misfits(self, cells: Array) -> list[dict[str, Any]]:
        """Figures asked for and not found."""
        goods = cells[:, :, self.goods].sum(2)
        moved = [
            ("goods", "trade", f"{self.countries[i]} -> {self.countries[n]}", asked, goods[i, n])
            for (i, n), asked in np.ndenumerate(self.pairs)
            if self.involved[i, n] and np.isfinite(asked)
        ]
        for (what, kind), asked in self.totals.items():
            part = self.goods if kind == "goods" else ~self.goods
            found = cells[:, :, part].sum((1, 2) if what == "exports" else (0, 2))[self.size :]
            moved += [
                (kind, what, code, *pair)
                for code, *pair in zip(self.economies, asked, found, strict=True)
            ]
        keys = ("sector", "what", "at", "asked", "found")
        return [
            dict(zip(keys, (*labels, float(asked), float(found)), strict=True))
            for *labels, asked, found in moved
            if abs(found - asked) > 1e-6 * asked + 1e-9
        ]
