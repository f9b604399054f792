"""Changes of policy on a world, call by call: cost factors, tariffs, bans, transfers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import xarray as xr

from detente.arrays import Array, Flags, Positions
from detente.errors import ScenarioError, WorldError
from detente.policy.fields import HIGHEST_RATE, as_rate
from detente.policy.policy import Margins, Policy
from detente.world.names import Names, resolve_countries, resolve_sectors
from detente.world.world import World


class Edit(NamedTuple):
    """One edit of a block of (sector, destination, origin), by positions.

    `values` broadcasts to (len(sectors), len(destinations), len(origins)): a cost factor d_hat,
    or an ad-valorem tariff rate.
    """

    sectors: Positions
    destinations: Positions
    origins: Positions
    values: Array

    @property
    def block(self) -> tuple[Positions, ...]:
        """Index of the block in an array (sector, destination, origin)."""
        return np.ix_(self.sectors, self.destinations, self.origins)

    @property
    def foreign(self) -> Flags:
        """True where origin and destination differ, to broadcast over the block."""
        apart: Flags = self.destinations[:, None] != self.origins[None, :]
        return apart[None]


@dataclass(frozen=True, eq=False)
class Changes:
    """What a policy changes on a world; start from none and add, each call returns a new object.

    Trade of a country with itself is never touched. Cost factors multiply: a factor and its
    inverse cancel. A ban sets the trade share to exactly zero.

    Attributes
    ----------
    world
        The world the changes apply to.
    costs, tariffs
        Edits of iceberg cost factors and of tariff rates, in the order they were made.
    transfers
        Additional income by country, in the world's units; sums to zero.
    steps
        The calls in words, for provenance.

    Examples
    --------
    >>> import detente
    >>> world = detente.load_world("icio2022")
    >>> eased = Changes(world).cost("USA", "BLR", factor=0.8).cost("BLR", "USA", factor=0.8)
    >>> float(eased.d_hat.sel(origin="USA", destination="BLR", sector="C20"))
    0.8
    """

    world: World
    costs: tuple[Edit, ...] = ()
    tariffs: tuple[Edit, ...] = ()
    transfers: Array | None = None
    steps: tuple[str, ...] = ()

    def cost(
        self,
        origin: Names = None,
        destination: Names = None,
        sectors: Names = "all",
        *,
        factor: float | Array,
    ) -> Changes:
        """Multiply the cost of trade by `factor`: 1.3 imposes an ad-valorem equivalent of 0.30.

        Parameters
        ----------
        origin, destination
            Codes, names or groups; omitted, every other country.
        sectors
            Codes or `all`, `goods`, `services`.
        factor
            Positive cost factor d_hat, one or one for each of `sectors`; `inf` is a ban.

        Raises
        ------
        ScenarioError
            A factor that is not positive.
        WorldError
            An unknown country or sector.
        """
        factors = np.atleast_1d(np.asarray(factor, float))
        if not (factors > 0).all():
            raise ScenarioError(
                f"cost factor {factors[~(factors > 0)][0]:g} must be positive (1 changes nothing, "
                "1.3 is an ad-valorem equivalent of 0.30, inf is a ban)"
            )
        edit = self._edit(origin, destination, sectors, factors[:, None, None])
        _check_one_each(factors, edit, "cost factors")
        return self._with(costs=(*self.costs, edit), step=_words("cost", edit, self))

    def ban(
        self, origin: Names = None, destination: Names = None, sectors: Names = "all"
    ) -> Changes:
        """Prohibit trade: its share becomes exactly zero."""
        return self.cost(origin, destination, sectors, factor=np.inf)

    def cut_off(self, country: Names, partners: Names) -> Changes:
        """Prohibit all trade between a country and some partners, both ways."""
        return self.ban(country, partners).ban(partners, country)

    def tariff(
        self,
        origin: Names = None,
        destination: Names = None,
        sectors: Names = "all",
        *,
        rate: float | str | Array,
    ) -> Changes:
        """Set the ad-valorem tariff rate, the destination's revenue.

        One rate, as 0.25 or `"25%"`, one for each sector, or one for each (sector, destination,
        origin).

        Raises
        ------
        ScenarioError
            A rate at or below -1, or one that must be a percentage, such as 25.
        """
        try:
            one = as_rate(rate, HIGHEST_RATE) if isinstance(rate, (str, int, float)) else rate
            rates = np.atleast_1d(np.asarray(one, float))
        except ValueError as error:
            raise ScenarioError(f"tariff rate: {error}") from error
        bad = ~((rates > -1) & np.isfinite(rates))
        if bad.any():
            raise ScenarioError(f"tariff rate {rates[bad][0]:g} must be a finite number above -1")
        rates = rates if rates.ndim == 3 else rates[:, None, None]
        edit = self._edit(origin, destination, sectors, rates)
        _check_one_each(rates[:, 0, 0], edit, "tariff rates")
        return self._with(tariffs=(*self.tariffs, edit), step=_words("tariff", edit, self))

    def transfer(self, payer: str, receiver: str, amount: float) -> Changes:
        """Add a transfer of income between two countries, in the world's units."""
        if not np.isfinite(amount):
            raise ScenarioError(f"transfer {amount} must be a finite number")
        before = np.zeros(len(self.world.countries)) if self.transfers is None else self.transfers
        after = before.copy()
        for name, sign in ((payer, -1), (receiver, 1)):
            codes = resolve_countries(name, self.world.countries)
            if len(codes) != 1:
                raise ScenarioError(f"a transfer runs between two countries, not groups: {name!r}")
            after[self.world.countries.index(codes[0])] += sign * amount
        step = f"transfer {amount:g} from {payer} to {receiver}"
        return replace(self, transfers=after, steps=(*self.steps, step))

    @cached_property
    def d_hat(self) -> xr.DataArray:
        """Change of iceberg cost d_hat(destination, origin, sector); one where nothing changes."""
        return self._labelled(np.exp(self._log_d())).rename("d_hat")

    @cached_property
    def tariff_after(self) -> xr.DataArray:
        """Counterfactual tariff t'(destination, origin, sector)."""
        return self._labelled(self._rates()).rename("tariff_after")

    @property
    def kappa_hat(self) -> xr.DataArray:
        """Cost factor of the policy, (1 + t')/(1 + t) d_hat, (destination, origin, sector)."""
        return ((1 + self.tariff_after) / (1 + self.world.data["t"]) * self.d_hat).rename(
            "kappa_hat"
        )

    def _log_d(self) -> Array:
        """Log cost factors, [j,n,i]."""
        N, J = len(self.world.countries), len(self.world.sectors)
        log_d = np.zeros((J, N, N))
        for edit in self.costs:
            log_d[edit.block] += np.where(edit.foreign, np.log(edit.values), 0.0)
        return log_d

    def _rates(self) -> Array:
        """Tariff rates, [j,n,i]."""
        t: Array = self.world.data["t"].values.transpose(2, 0, 1).copy()
        for edit in self.tariffs:
            t[edit.block] = np.where(edit.foreign, edit.values, t[edit.block])
        return t

    def _labelled(self, values: Array) -> xr.DataArray:
        """Values [j,n,i] with names."""
        pi = self.world.data["pi"]
        coords = {d: pi[d].values for d in pi.dims}
        return xr.DataArray(values.transpose(1, 2, 0), dims=pi.dims, coords=coords)

    def _edit(self, origin: Names, destination: Names, sectors: Names, values: Array) -> Edit:
        C, S = self.world.countries, self.world.sectors

        def positions(names: Names, found: list[str], known: list[str]) -> Positions:
            if not found:
                raise WorldError(f"{names!r} has no member in the world {self.world.name!r}")
            return np.array([known.index(name) for name in found], np.int64)

        return Edit(
            positions(sectors, resolve_sectors(sectors, S), S),
            positions(destination, resolve_countries(destination, C), C),
            positions(origin, resolve_countries(origin, C), C),
            values,
        )

    def _with(
        self,
        step: str,
        costs: tuple[Edit, ...] | None = None,
        tariffs: tuple[Edit, ...] | None = None,
    ) -> Changes:
        return replace(
            self,
            costs=self.costs if costs is None else costs,
            tariffs=self.tariffs if tariffs is None else tariffs,
            steps=(*self.steps, step),
        )


def _check_one_each(values: Array, edit: Edit, what: str) -> None:
    if values.size not in (1, edit.sectors.size):
        raise ScenarioError(f"{values.size} {what} for {edit.sectors.size} sectors")


def _words(kind: str, edit: Edit, changes: Changes) -> str:
    def names(positions: Positions, known: list[str]) -> str:
        if len(positions) == len(known):
            return "all"
        return "+".join(known[p] for p in positions)

    C, S = changes.world.countries, changes.world.sectors
    low, high = edit.values.min(), edit.values.max()
    value = f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
    route = f"{names(edit.origins, C)} -> {names(edit.destinations, C)}"
    return f"{kind} {value}: {route}, sectors {names(edit.sectors, S)}"


def policy_of(changes: Sequence[Changes]) -> Policy:
    """Put changes on one world together, one to a draw, for the equilibrium."""
    world = changes[0].world
    N, J = len(world.countries), len(world.sectors)
    touched: Flags = np.zeros((J, N, N), bool)
    for edit in {id(e): e for c in changes for e in (*c.costs, *c.tariffs)}.values():
        touched[edit.block] |= edit.foreign
    entries = np.flatnonzero(touched)
    shared = {id(c): c for c in changes}
    log_d = {k: c._log_d().ravel()[entries] for k, c in shared.items()}
    sector, destination, origin = np.unravel_index(entries, touched.shape)
    before = world.data["t"].values[destination, origin, sector]
    rates = {k: c._rates().ravel()[entries] if c.tariffs else before for k, c in shared.items()}
    nothing = np.zeros(N)
    return Policy(
        entries=entries,
        log_d=np.stack([log_d[id(c)] for c in changes], axis=1),
        rate=np.stack([rates[id(c)] for c in changes], axis=1),
        transfers=np.stack(
            [nothing if c.transfers is None else c.transfers for c in changes], axis=1
        ),
        margins=Margins.none(len(changes)),
        steps=changes[0].steps,
    )
