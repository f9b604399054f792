"""Names of a world's dimensions, and what a world made from another takes over from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from detente.arrays import Array
from detente.world.accounts import Accounts
from detente.world.validation import DIMS, OPTIONAL, present


def dataset(
    values: Mapping[str, Array],
    countries: list[str],
    sectors: list[str],
    attrs: dict[str, Any],
) -> xr.Dataset:
    """Name the dimensions of the model's arrays."""
    coords = {
        "country": countries,
        "destination": countries,
        "origin": countries,
        "sector": sectors,
        "input": sectors,
    }
    named = {k: (DIMS[k], np.asarray(v, float)) for k, v in values.items()}
    return xr.Dataset(named, coords=coords, attrs=attrs)


def completed(
    data: xr.Dataset, old: xr.Dataset, accounts: Accounts, names: Mapping[str, str]
) -> xr.Dataset:
    """Add readable names, parents of sectors and optional variables to a world made of another.

    Parameters
    ----------
    data, old
        The new world, and the one it was made of, whose names hold.
    accounts
        What the new world was made of.
    names
        Names by code that hold before those of the old world.
    """
    for dim in ("country", "sector"):
        if f"{dim}_name" in old.coords:
            called = dict(zip(map(str, old[dim].values), old[f"{dim}_name"].values, strict=True))
            called |= names
            found = [str(called.get(code, code)) for code in map(str, data[dim].values)]
            data = data.assign_coords({f"{dim}_name": (dim, found)})
    if accounts.sectors.parents:
        above = [accounts.sectors.parents.get(code, code) for code in accounts.sectors]
        data = data.assign_coords(parent=("sector", above))
    for name in OPTIONAL:
        if getattr(accounts, name) is not None:
            data = data.assign({name: (OPTIONAL[name], getattr(accounts, name))})
    return data


def inherited(data: xr.Dataset, baseline: xr.Dataset) -> xr.Dataset:
    """Names, parents of sectors and fixed factors of a baseline, for its counterfactual."""
    named = [k for k in baseline.coords if str(k).endswith("_name") or k == "parent"]
    with_names = data.assign_coords({name: baseline[name].variable for name in named})
    return with_names.assign({name: baseline[name] for name in present(baseline)})


def titles(data: xr.Dataset, dim: str) -> list[str]:
    """Readable names of countries or sectors, none where the world has none."""
    named = f"{dim}_name"
    return list(map(str, data[named].values)) if named in data.coords else []


def counted(found: Sequence[object], one: str, many: str) -> str:
    """How many there are, in words.

    >>> counted(["BLR"], "country", "countries")
    '1 country'
    """
    return f"{len(found)} {one if len(found) == 1 else many}"
