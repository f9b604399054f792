"""Adding economies to a world: from little to a full row and column.

What the economies of a world sell to one that is added is taken out of what they sell to each
other: in the embedded table, what they sold to the rest of the world stands there. Their output and
value added stay what they are. What they buy from it adds to their supply; inputs follow supply, in
their own proportions, and each sector's total of inputs stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from detente.arrays import Array
from detente.errors import WorldError
from detente.world.accounts import BASES, Accounts
from detente.world.added_trade import BORROWED, ESTIMATED, GIVEN, OBSERVED, AddedTrade
from detente.world.balancing import Margin, scaled
from detente.world.economy import Economy, shares_of_sectors
from detente.world.names import is_goods, resolve_countries
from detente.world.part import ByCountry

if TYPE_CHECKING:
    from detente.world.names import Names
    from detente.world.world import World

AT_LEAST_AT_HOME = 0.1
"""Smallest home sales, relative to like economies', where exports alone use up value added."""

RICHEST = 0.5
"""Largest part of inputs in output that value added takes over, where exports and home sales like
others' leave value added wanting."""

THINNEST = 0.1
"""Smallest share of value added in output, relative to like economies', of what is exported."""

MOST_USED = 0.98
"""Largest share of supply that inputs take."""

LEAST_FINAL = 0.05
"""Smallest final use, relative to value added."""


def add_economy(
    world: World,
    code: str,
    *,
    like: Names,
    gdp: float,
    exports: float | ByCountry | None = None,
    imports: float | ByCountry | None = None,
    total_exports: float | None = None,
    total_imports: float | None = None,
    sectors: Mapping[str, float] | None = None,
    export_sectors: Mapping[str, float] | None = None,
    import_sectors: Mapping[str, float] | None = None,
    barred: Mapping[str, float] | None = None,
    name: str = "",
) -> World:
    """Add one economy, of which little is known: a full row and column of the world.

    Parameters
    ----------
    code
        ISO code of the economy, which the world does not have.
    like, gdp, exports, imports, total_exports, total_imports
        What is known; see `detente.world.Economy`.
    sectors, export_sectors, import_sectors, barred, name
        Likewise.

    Returns
    -------
    World
        What it rests on is in `added` and `basis`; figures that could not be met in `misfits`.

    Raises
    ------
    WorldError
        An economy that is there already, a partner that is not, or trade larger than it can be.

    Examples
    --------
    Kyrgyzstan in 2022, million dollars:

    >>> import detente
    >>> world = detente.load_world("icio2022").add_economy(
    ...     "KGZ", like=["KAZ"], gdp=11_000, exports={"RUS": 960, "KAZ": 410, "rest": 900},
    ...     imports=9_600, total_exports=4_500, sectors={"A": 0.14, "C": 0.15},
    ... )
    >>> len(world.countries)
    81
    >>> sold = world.trade.sel(origin="KGZ", destination="RUS")
    >>> round(float(sold.sel(sector=[s for s in world.sectors if s[0] in "ABC"]).sum()), 3)
    960.0
    >>> world.added["KGZ"]["like"]
    ['KAZ']
    """
    economy = Economy(
        like, gdp, exports, imports, total_exports, total_imports,
        sectors or {}, export_sectors or {}, import_sectors or {}, barred or {}, name,
    )  # fmt: skip
    return add_economies(world, {code: economy})


def add_economies(world: World, economies: Mapping[str, Economy]) -> World:
    """Add several economies at once, each by code with what is known of it.

    Parameters
    ----------
    economies
        Code to what is known; they may name each other as partners, not in `like`.

    Raises
    ------
    WorldError
        As `add_economy`.

    Examples
    --------
    >>> import detente
    >>> from detente.world import Economy
    >>> world = detente.load_world("icio2022").add_economies({
    ...     "ARM": Economy(like="BGR", gdp=18_000), "GEO": Economy(like="BGR", gdp=22_000),
    ... })
    >>> world.countries[-2:]
    ['ARM', 'GEO']
    """
    for code in economies:
        if code in world.countries:
            raise WorldError(f"the economy {code!r} is in the world already")
    old = Accounts.of(world)
    trade = AddedTrade(old, economies)
    _refuse_too_large(trade)
    cells = trade.cells()
    accounts, moved = _assembled(trade, cells)
    moved = [*trade.misfits(cells), *moved]
    attrs = world.data.attrs
    notes = {**attrs.get("added", {}), **_notes(trade, cells)}
    provenance = f"{attrs.get('provenance', '')}; added: {', '.join(economies)}".removeprefix("; ")
    about = {"added": notes, "misfits": [*attrs.get("misfits", []), *moved]}
    names = {code: economy.name or code for code, economy in economies.items()}
    name = world.name if len(economies) > 4 else "+".join([world.name, *economies])
    return world._remade(accounts, {**about, "name": name, "provenance": provenance}, names)


def basis(world: World) -> xr.DataArray:
    """What each cell of trade rests on, in words (origin, destination, sector).

    `observed`: the table; `given`: trade in goods of the pair, the split over sectors is estimated;
    `estimated`: gravity and totals; `borrowed`: home sales, from like economies.

    >>> import detente
    >>> str(detente.load_world("icio2022").basis[0, 1, 0].item())
    'observed'
    """
    N, S = len(world.countries), world.sectors
    known = (
        world.data["basis"].values if "basis" in world.data else np.full((N, N), float(OBSERVED))
    )
    goods = np.array([is_goods(s, S.parents) for s in S])
    cells = np.repeat(known[:, :, None], len(S), axis=2).astype(int)
    cells[(cells == GIVEN) & ~goods] = ESTIMATED
    words = np.array(BASES)[cells]
    return world.trade.copy(data=words).rename("basis").drop_attrs()


def trade_basis(world: World) -> dict[str, float]:
    """Shares of trade between different economies that are observed, given and estimated.

    >>> import detente
    >>> detente.load_world("icio2022").trade_basis()
    {'observed': 1.0, 'given': 0.0, 'estimated': 0.0}
    """
    abroad = world.trade.values.copy()
    abroad[range(len(abroad)), range(len(abroad))] = 0.0
    words, whole = basis(world).values, abroad.sum()
    return {word: float(abroad[words == word].sum() / whole) for word in BASES[:BORROWED]}


def _refuse_too_large(trade: AddedTrade) -> None:
    """Trade that the partner, or the economy itself, cannot hold."""
    sold = trade.abroad[:, :, trade.goods].sum((1, 2))
    over = trade.pairs[: trade.size, trade.size :] > sold[:, None]
    if over.any():
        i, m = np.argwhere(over)[0]
        raise WorldError(
            f"{list(trade.economies)[m]}: imports from {trade.countries[i]}: "
            f"{trade.pairs[i, trade.size + m]:.6g}, but {trade.countries[i]} exports "
            f"{sold[i]:.6g} of goods in all"
        )
    exports, imports = (
        trade.totals[what, "goods"] + trade.totals[what, "services"]
        for what in ("exports", "imports")
    )
    for m, (code, economy) in enumerate(trade.economies.items()):
        final = economy.gdp + imports[m] - exports[m]
        if final < LEAST_FINAL * economy.gdp:
            raise WorldError(
                f"{code}: exports of {exports[m]:.6g} leave nothing to be used at home: "
                f"gdp is {economy.gdp:.6g} and imports are {imports[m]:.6g}"
            )


def _notes(trade: AddedTrade, cells: Array) -> dict[str, dict[str, Any]]:
    """What each economy rests on, with the share of its trade that was given by partner."""
    given = np.isfinite(trade.pairs)[:, :, None] & trade.goods
    found = {}
    for m, code in enumerate(trade.economies, trade.size):
        whole = cells[m].sum() + cells[:, m].sum()
        known = (cells[m] * given[m]).sum() + (cells[:, m] * given[:, m]).sum()
        found[code] = {
            "like": [trade.old.countries[i] for i in trade.likes(code)],
            "given": round(float(known / whole), 4) if whole > 0 else 0.0,
            "trade": round(float(whole), 3),
        }
    return found


def _assembled(trade: AddedTrade, cells: Array) -> tuple[Accounts, list[dict[str, Any]]]:
    """The accounts of the larger world."""
    old, size = trade.old, trade.size
    N, J = len(trade.countries), len(old.sectors)
    flows = cells.copy()
    flows[:size, :size] = _without(trade, cells[:size, size:].sum(1))
    tariff, phi = _borrowed_rates(trade)
    use = np.zeros((N, J, J))
    moved = []
    for m, code in enumerate(trade.economies, size):
        home, beta, off = _home(trade, code, cells[m].sum(0))
        flows[m, m] = home
        moved += off
        supply = (flows[:, m] * (1 + tariff[:, m])).sum(0)
        use[m] = _inputs(trade, code, (1 - beta) * flows[m].sum(0), supply)
    supply = (flows[:, :size] * (1 + tariff[:, :size])).sum(0)
    use[:size] = _following(old, supply)
    accounts = replace(
        old,
        trade=flows,
        tariff=tariff,
        use=use,
        phi=phi,
        countries=trade.countries,
        basis=trade.basis(old.basis),
    )
    return accounts, moved


def _without(trade: AddedTrade, sold: Array) -> Array:
    """Trade of the old world, less what its economies sell to those that are added, [i,n,j]."""
    abroad = trade.abroad.sum(1)
    taken = np.divide(sold, abroad, out=np.zeros_like(sold), where=abroad > 0)
    flows: Array = trade.old.trade - trade.abroad * taken[:, None]
    return flows


def _borrowed_rates(trade: AddedTrade) -> tuple[Array, Array | None]:
    """Tariffs and shares of fixed factors, those of added economies as like ones have them."""
    old, J = trade.old, len(trade.old.sectors)
    member = np.zeros((len(trade.countries), trade.size))
    member[: trade.size] = np.eye(trade.size)
    for m, code in enumerate(trade.economies, trade.size):
        member[m, trade.likes(code)] = 1 / len(trade.likes(code))
    if not old.tariff.any():
        tariff = np.zeros((len(member), len(member), J))
    else:
        tariff = np.einsum("ai,bn,inj->abj", member, member, old.tariff, optimize=True)
        tariff[range(len(member)), range(len(member))] = 0.0
    return tariff, None if old.phi is None else member @ old.phi


def _home(
    trade: AddedTrade, code: str, exports: Array
) -> tuple[Array, Array, list[dict[str, Any]]]:
    """Home sales and shares of value added, [j], at which groups of sectors have what is known.

    Home sales are those of like economies times one factor in each group; where exports alone use
    up a group's value added, its shares of value added in output are smaller.
    """
    old, likes, economy = trade.old, trade.likes(code), trade.economies[code]
    made = old.trade[likes].sum((0, 1))
    everywhere = old.trade.sum((0, 1))
    average = np.divide(
        old.value_added.sum(0), everywhere, out=np.ones_like(made), where=everywhere > 0
    )
    added = old.value_added[likes].sum(0)
    beta = np.divide(added, made, out=average, where=made > 0)
    home = old.trade[likes, likes].sum(0) * economy.gdp / added.sum()
    moved = []
    for members, share in _groups(trade, code, added):
        wanted = share * economy.gdp
        if not (home[members] * beta[members]).sum() > 0:
            home[members] = old.trade[range(trade.size), range(trade.size)].sum(0)[members]
        beta[members] = _richer(beta[members], (exports + home)[members], wanted)
        sold, own = ((beta * values)[members].sum() for values in (exports, home))
        home[members] *= max((wanted - sold) / own, _floor(wanted, own)) if own > 0 else 0.0
        found = (beta * (exports + home))[members].sum()
        thinner = np.clip(wanted / found, THINNEST, 1.0) if found > 0 else 1.0
        beta[members] *= thinner
        if found * thinner > wanted * (1 + 1e-6):
            first = old.sectors[members[0]]
            moved.append(
                {"sector": first, "what": "value added", "at": code}
                | {"asked": float(wanted), "found": float(found * thinner)}
            )
    return home, beta, moved


def _richer(beta: Array, output: Array, wanted: float) -> Array:
    """Shares of value added, [j], nearer to one where output at like shares leaves some wanting."""
    short, inputs = wanted - (beta * output).sum(), ((1 - beta) * output).sum()
    step = np.clip(short / inputs, 0.0, RICHEST) if inputs > 0 else 0.0
    return np.asarray(beta + step * (1 - beta))


def _floor(wanted: float, own: float) -> float:
    return AT_LEAST_AT_HOME * min(wanted / own, 1.0)


def _groups(trade: AddedTrade, code: str, added: Array) -> list[tuple[list[int], float]]:
    """Every sector in one group, with the group's share of value added; all sum to one."""
    sectors = trade.economies[code].sectors
    groups = shares_of_sectors(sectors, trade.old.sectors, f"{code}: sectors")
    named = {j for members, _ in groups for j in members}
    rest = [j for j in range(len(added)) if j not in named]
    left = max(1 - sum(share for _, share in groups), 0.0)
    groups = [(members, share) for members, share in groups if members]
    if rest:
        groups.append((rest, left))
    whole = sum(share for _, share in groups)
    return [(members, share / whole) for members, share in groups]


def _inputs(trade: AddedTrade, code: str, totals: Array, supply: Array) -> Array:
    """Use of inputs by sector as in like economies, no more than there is, [k,j]."""
    borrowed = trade.old.use[trade.likes(code)].sum(0)
    whole = borrowed.sum(0)
    everywhere = trade.old.use.sum((0, 2))
    mix = np.divide(borrowed, whole, out=np.tile((everywhere / everywhere.sum())[:, None],
                    len(whole)), where=whole > 0)  # fmt: skip
    return _within(mix * totals, totals, supply)


def _within(cells: Array, totals: Array, supply: Array, share: Array | float = MOST_USED) -> Array:
    """Inputs whose totals by user hold and of which none is used more than is supplied.

    Cells are [..., k, j], totals [..., j], supply [..., k]; inputs take a share of supply at most.
    """
    last = cells.ndim - 1
    most = Margin((last,), share * supply, at_most=True)
    found = scaled(cells, [most, Margin((last - 1,), totals)])
    most = Margin((last,), supply * (1 - 1e-9), at_most=True)
    return np.asarray(found * most.factors(found))


def _following(old: Accounts, supply: Array) -> Array:
    """Inputs of the old economies: in the proportions of supply, each sector's total as it was."""
    before = np.stack([old.supply(old.trade[:, :, j], j) for j in range(len(old.sectors))], axis=1)
    ratio = np.divide(supply, before, out=np.ones_like(supply), where=before > 0)
    used = np.divide(old.use.sum(2), before, out=np.zeros_like(before), where=before > 0)
    most = np.maximum(MOST_USED, used)
    return _within(old.use * ratio[:, :, None], old.use.sum(1), supply, most)


def added_notes(world: World, countries: Names) -> list[str]:
    """What those among some countries rest on that were added to the table, a sentence each.

    >>> import detente
    >>> added_notes(detente.load_world("world2022:KGZ"), ["Kyrgyzstan", "RUS"])[0][:30]
    'Kyrgyzstan, added to the table'
    """
    told = []
    for code in resolve_countries(countries, world.countries):
        if code in world.added:
            note = world.added[code]
            given, like = 100 * note["given"], ", ".join(map(world.name_of, note["like"]))
            told.append(
                f"{world.name_of(code)}, added to the table: {given:.0f} percent of its trade "
                f"given by partner, the rest estimated; technology of {like}."
            )
    return told
