"""Names of a world's dimensions, and what a world made from another takes over from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from detente.arrays import Array
from detente.world.names import Sectors
from detente.world.validation import DIMS, present


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
    data: xr.Dataset,
    old: xr.Dataset,
    sectors: Sectors,
    phi: Array | None,
    elasticities: str,
    names: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Readable names, parents of sectors, fixed factors and the source of elasticities.

    Parameters
    ----------
    data, old
        The new world, and the one it was made of, whose names hold.
    names
        Names that hold before those, by code.
    """
    known = dict(names or {})
    for dim in ("country", "sector"):
        if f"{dim}_name" in old.coords:
            codes, called = old[dim].values, old[f"{dim}_name"].values
            mine = {**dict(zip(map(str, codes), map(str, called), strict=True)), **known}
            found = [mine.get(str(code), str(code)) for code in data[dim].values]
            data = data.assign_coords({f"{dim}_name": (dim, found)})
    if sectors.parents:
        above = [sectors.parents.get(code, code) for code in sectors]
        data = data.assign_coords(parent=("sector", above))
    if phi is not None:
        data = data.assign(phi=(("country", "sector"), phi))
    return data.assign_attrs(elasticities=elasticities)


def inherited(data: xr.Dataset, baseline: xr.Dataset) -> xr.Dataset:
    """Names, parents of sectors and fixed factors of a baseline, for its counterfactual."""
    named = [k for k in baseline.coords if str(k).endswith("_name") or k == "parent"]
    with_names = data.assign_coords({name: baseline[name].variable for name in named})
    return with_names.assign({name: baseline[name] for name in present(baseline)})
