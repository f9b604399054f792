"""From flows in value to the shares of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from detente.arrays import Array
from detente.errors import WorldError, nearest

Flows: TypeAlias = Array | xr.DataArray | pd.DataFrame

DUST = 1e-9
"""Relative size below which a negative residual of the accounts is rounding, not an error."""


VALUE_ADDED_TOLERANCE = 1e-3
"""Largest difference from output less inputs, relative to the country's value added."""


HIGHEST_RATE = 5.0
"""Tariffs above it are taken for percent: duties of 500 percent on a sector there are not."""


SYNONYMS = {
    "origin": ("exporter", "from", "source", "seller", "reporter"),
    "destination": ("importer", "to", "buyer", "partner"),
    "country": ("iso3", "economy", "destination", "importer", "reporter"),
    "input": ("input_sector", "supplier", "product", "from"),
    "sector": ("industry", "product", "commodity", "good", "user", "to"),
    "value": ("amount", "trade", "flow", "usd", "rate", "tariff"),
}
"""What tables of other makers call the columns of a long table, the likeliest first."""


def refuse_unknown(given: Mapping[str, object], function: Callable[..., object]) -> None:
    """Raise a `TypeError` for arguments that a function does not have, with the nearest it has."""
    if given:
        name = next(iter(given))
        known = [k for k, p in signature(function).parameters.items() if p.kind != p.VAR_KEYWORD]
        raise TypeError(
            f"{function.__name__} has no argument {name!r}: {nearest(name, known)} (what else a "
            f"world is to remember goes into `attributes={{{name!r}: ...}}`)"
        )


def labelled(
    flows: Flows,
    dims: tuple[str, ...],
    labels: Mapping[str, Sequence[str]],
    what: str,
    fill: float | None = None,
) -> xr.DataArray:
    """Bring an array, a DataArray or a long DataFrame to named dimensions in a fixed order.

    A DataFrame has one column per dimension and a column `value`. What has no row, or no label, is
    `fill`; it is refused if there is none.

    Raises
    ------
    WorldError
        Missing dimensions, columns or rows, a wrong shape, text in place of a number, or labels
        that are not in `labels`.
    """
    if isinstance(flows, pd.DataFrame):
        what = named(what, flows)
        flows = _from_long(flows, dims, what, fill)
    if isinstance(flows, xr.DataArray):
        if set(flows.dims) != set(dims):
            raise WorldError(f"{what} has dimensions {flows.dims}; it must have {dims}")
        for d in dims:
            unknown = set(map(str, flows[d].values)) - set(labels[d])
            if unknown:
                raise WorldError(f"{what} has {d} {min(unknown)!r}, which the world does not have")
        wanted = {d: list(labels[d]) for d in dims}
        absent = np.nan if fill is None else fill
        found = _numbers(flows.transpose(*dims).reindex(wanted, fill_value=absent), what)
        if fill is None:
            _refuse_absent(found, what)
        return found
    values = np.asarray(flows)
    shape = tuple(len(labels[d]) for d in dims)
    if values.shape != shape:
        raise WorldError(f"{what} has shape {values.shape}; {dims} need {shape}")
    coords = {d: list(labels[d]) for d in dims}
    return _numbers(xr.DataArray(values, dims=dims, coords=coords, name=what), what)


def named(what: str, table: pd.DataFrame) -> str:
    """What a table is, with the file it was read from."""
    return f"{what} ({table.attrs['file']})" if "file" in table.attrs else what


def _numbers(found: xr.DataArray, what: str) -> xr.DataArray:
    try:
        return found.astype(float)
    except (TypeError, ValueError) as error:
        raise WorldError(f"{what} must hold numbers: {error}") from error


def _refuse_absent(found: xr.DataArray, what: str) -> None:
    absent = np.argwhere(np.isnan(found.values))
    if len(absent):
        at = (f"{d} {found[d].values[k]}" for d, k in zip(found.dims, absent[0], strict=True))
        more = f" (and {len(absent) - 1:,} more)" if len(absent) > 1 else ""
        raise WorldError(
            f"missing {what}: nothing is given for {', '.join(at)}{more}; add it, or pass `fill=0` "
            "if what is not given is zero"
        )


def _from_long(
    table: pd.DataFrame, dims: tuple[str, ...], what: str, fill: float | None
) -> xr.DataArray:
    _check_columns(table, dims, what)
    for column in dims:
        if table[column].isna().any():
            raise WorldError(f"{what}, row {_first(table, table[column].isna())[0]}: no {column}")
    twice = table.duplicated(list(dims))
    if twice.any():
        row, found = _first(table, twice)
        raise WorldError(
            f"{what}, row {row}: two rows for {', '.join(str(found[d]) for d in dims)}"
        )
    values = pd.to_numeric(table["value"], errors="coerce")
    if values.isna().any():
        row, found = _first(table, values.isna())
        where, value = ", ".join(str(found[d]) for d in dims), found["value"]
        if pd.isna(value):
            raise WorldError(f"missing {what}: no value at {where} (row {row})")
        raise WorldError(f"{what}, row {row} ({where}): value {value!r} is no number")
    keys = table[list(dims)].astype(str).assign(value=values)
    flows = xr.DataArray.from_series(keys.set_index(list(dims))["value"])
    return flows if fill is None else flows.fillna(fill)


def _first(table: pd.DataFrame, where: pd.Series[bool]) -> tuple[Any, pd.Series[Any]]:
    """Label and content of the first row at which something is the case."""
    place = int(where.to_numpy().argmax())
    return table.index[place], table.iloc[place]


def _check_columns(table: pd.DataFrame, dims: Sequence[str], what: str) -> None:
    """Raise a `WorldError` where columns are missing, with the renaming that may be meant."""
    needed = (*dims, "value")
    missing = [c for c in needed if c not in table.columns]
    if not missing:
        return
    spare = {str(c).casefold(): str(c) for c in table.columns if c not in needed}
    renamed = {}
    for column in missing:
        meant = next((n for n in (column, *SYNONYMS[column]) if n in spare), None)
        if meant is not None:
            renamed[spare.pop(meant)] = column
    hint = f"; rename yours: table.rename(columns={renamed})" if renamed else ""
    raise WorldError(
        f"{what} as a DataFrame needs the columns {', '.join(needed)}; "
        f"{', '.join(map(repr, missing))} {'is' if len(missing) == 1 else 'are'} missing among "
        f"{', '.join(map(str, table.columns))}{hint}"
    )


def shares_from_flows(
    trade: Array,
    input_use: Array,
    t: Array,
    countries: list[str],
    sectors: list[str],
) -> dict[str, Array]:
    """Shares and totals of the model from flows; value added and final use are residuals.

    Parameters
    ----------
    trade
        (origin, destination, sector), in value, net of tariffs.
    input_use
        (country, input, using sector), in value at the price users pay (with tariffs).
    t
        Ad-valorem tariffs, (origin, destination, sector).

    Raises
    ------
    WorldError
        Inputs above output (value added below zero), or inputs above supply (final use below
        zero; a sector nobody supplies), naming country and sector.
    """
    _refuse_negative(trade, "trade flow", countries, sectors)
    _refuse_negative(input_use, "use of an input", countries, sectors)
    Y = trade.sum(1)
    M = trade * (1 + t)
    X = M.sum(0)
    VA_j = Y - input_use.sum(1)
    F = X - input_use.sum(2)
    _refuse_unsupplied(X, input_use.sum(2), countries, sectors)
    VA_j = _residual(VA_j, Y, "value added below zero", countries, sectors)
    F = _residual(F, X, "final use below zero (inputs used exceed supply)", countries, sectors)
    beta = _ratio(VA_j, VA_j + input_use.sum(1), empty=1.0)
    gamma = _ratio(input_use, input_use.sum(1, keepdims=True), empty=1 / len(sectors))
    R = (M - trade).sum((0, 2))
    income = F.sum(1)
    VA = VA_j.sum(1)
    return {
        "pi": _ratio(M, X, empty=0.0).transpose(1, 0, 2),
        "t": t.transpose(1, 0, 2),
        "beta": beta,
        "gamma": gamma,
        "alpha": _ratio(F, income[:, None], empty=0.0),
        "X": X,
        "VA": VA,
        "D": income - VA - R,
    }


def _ratio(part: Array, whole: Array, empty: float) -> Array:
    whole = np.broadcast_to(whole, part.shape)
    ratio: Array = np.divide(part, whole, out=np.full(part.shape, empty), where=whole > 0)
    return ratio


def _place(index: tuple[int, ...], countries: list[str], sectors: list[str]) -> str:
    """Words for an index into (origin, destination, sector), (country, input, sector) or less."""
    n, *rest = index
    if len(index) == 2:
        return f"sector {sectors[rest[0]]} of {countries[n]}"
    return f"{countries[n]}, {rest[0]}, {sectors[rest[1]]}"


def _refuse_negative(flows: Array, what: str, countries: list[str], sectors: list[str]) -> None:
    bad = ~(np.isfinite(flows) & (flows >= 0))
    if not bad.any():
        return
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    middle = (countries if what == "trade flow" else sectors)[at[1]]
    kind = "negative" if np.isfinite(flows[at]) else "missing"
    raise WorldError(
        f"{kind} {what}: {flows[at]:.6g} at {countries[at[0]]}, {middle}, {sectors[at[2]]}"
        + (f" (and {int(bad.sum()) - 1} more)" if bad.sum() > 1 else "")
    )


def _refuse_unsupplied(X: Array, used: Array, countries: list[str], sectors: list[str]) -> None:
    orphan = (X == 0) & (used > 0)
    if orphan.any():
        n, j = np.argwhere(orphan)[0]
        raise WorldError(
            f"{countries[n]} uses inputs of sector {sectors[j]} worth {used[n, j]:.6g}, but no "
            "origin supplies it"
        )


def _residual(
    values: Array, whole: Array, what: str, countries: list[str], sectors: list[str]
) -> Array:
    bad = values < -DUST * np.maximum(whole, whole.max() * DUST)
    if bad.any():
        n, j = np.argwhere(bad)[0]
        more = f" (and {int(bad.sum()) - 1} more)" if bad.sum() > 1 else ""
        raise WorldError(
            f"{what}: {values[n, j]:.6g} in {_place((int(n), int(j)), countries, sectors)}{more}"
        )
    return np.maximum(values, 0.0)


def labels_of(
    trade: Flows, countries: Sequence[str] | None, sectors: Sequence[str] | None
) -> dict[str, list[str]]:
    """Labels of the dimensions of flows: as given, or those of trade itself.

    Raises
    ------
    WorldError
        Trade is an array without labels, and none are given; or a table without their columns.
    """
    if isinstance(trade, pd.DataFrame):
        _check_columns(trade, ("origin", "destination", "sector"), named("trade", trade))
        if trade.empty:
            raise WorldError(f"{named('trade', trade)} has no rows")

    def find(dim: str) -> list[str]:
        if isinstance(trade, pd.DataFrame):
            return sorted(map(str, trade[dim].unique()))
        if isinstance(trade, xr.DataArray) and dim in trade.coords:
            return [str(v) for v in trade[dim].values]
        raise WorldError(
            "countries and sectors must be given when trade is an array without labels"
        )

    C = list(countries) if countries is not None else find("origin")
    S = list(sectors) if sectors is not None else find("sector")
    return {"country": C, "origin": C, "destination": C, "sector": S, "input": S}


def compare_value_added(
    stated: Array, residual: Array, countries: list[str], sectors: list[str]
) -> None:
    """Raise a `WorldError` where value added as stated is not output less inputs."""
    off = abs(stated - residual) / np.maximum(residual.sum(1, keepdims=True), 1e-300)
    n, j = np.unravel_index(int(off.argmax()), off.shape)
    if not off[n, j] <= VALUE_ADDED_TOLERANCE:
        raise WorldError(
            f"value added of {countries[n]}, sector {sectors[j]}, is stated as {stated[n, j]:.6g} "
            f"but output less inputs is {residual[n, j]:.6g}"
        )


def rates_of(tariff: Flows, labels: Mapping[str, Sequence[str]]) -> Array:
    """Ad-valorem rates (origin, destination, sector); zero where nothing is given.

    Raises
    ------
    WorldError
        Rates that are no numbers, or percent in place of shares, besides what `labelled` raises.
    """
    rates = labelled(tariff, ("origin", "destination", "sector"), labels, "tariff", 0.0)
    odd = ~(np.isfinite(rates.values) & (rates.values <= HIGHEST_RATE))
    if odd.any():
        at = tuple(int(i) for i in np.argwhere(odd)[0])
        rate = float(rates.values[at])
        where = ", ".join(f"{d} {rates[d].values[i]}" for d, i in zip(rates.dims, at, strict=True))
        more = f" (and {int(odd.sum()) - 1:,} more)" if odd.sum() > 1 else ""
        meant = f"; did you mean {rate / 100:g}?" if np.isfinite(rate) else ""
        raise WorldError(f"tariff of {rate:g} at {where}{more}: a rate, 0.25 for 25 %{meant}")
    found: Array = rates.values
    return found
