"""Checks that a world adds up, naming the country and the sector where it does not."""

from __future__ import annotations

import numpy as np
import xarray as xr

from detente.arrays import Flags
from detente.errors import WorldError

SHARES_TOLERANCE = 1e-6
"""Largest departure from one of a sum of shares, and of accounts relative to value added."""

DIMS = {
    "pi": ("destination", "origin", "sector"),
    "t": ("destination", "origin", "sector"),
    "beta": ("country", "sector"),
    "gamma": ("country", "input", "sector"),
    "alpha": ("country", "sector"),
    "X": ("country", "sector"),
    "VA": ("country",),
    "D": ("country",),
    "theta": ("sector",),
}
"""Variables of a world and their dimensions, in the letters of the model."""

OPTIONAL = {"phi": ("country", "sector"), "basis": ("origin", "destination")}
"""Variables a world may have: `phi`, the share of value added of a factor that cannot move;
`basis`, what trade in goods between two economies rests on, a position in `accounts.BASES`."""


def present(data: xr.Dataset) -> dict[str, tuple[str, ...]]:
    """The optional variables that a world has, and their dimensions."""
    return {name: dims for name, dims in OPTIONAL.items() if name in data}


def validate(data: xr.Dataset) -> None:
    """Raise `WorldError` with every kind of fault found, each with the first place it occurs.

    Accounts themselves (does trade balance with the stated deficits?) are not checked here: data
    that are not an exact equilibrium are legitimate, and `detente.rebalance` deals with them.
    """
    _check_layout(data)
    faults = [
        *_not_finite(data),
        *_out_of_range(data),
        *_shares(data),
        *_nobody_supplies(data),
        *_deficits(data),
    ]
    if faults:
        raise WorldError("this world does not add up:\n  " + "\n  ".join(faults))


def _check_layout(data: xr.Dataset) -> None:
    for name, dims in {**DIMS, **present(data)}.items():
        if name not in data:
            raise WorldError(f"the world lacks the variable {name}({', '.join(dims)})")
        if data[name].dims != dims:
            raise WorldError(f"{name} has dimensions {data[name].dims}; it must have {dims}")
    for dim in ("destination", "origin"):
        if list(data[dim].values) != list(data["country"].values):
            raise WorldError(f"the labels of {dim!r} must be those of 'country', in the same order")
    if list(data["input"].values) != list(data["sector"].values):
        raise WorldError("the labels of 'input' must be those of 'sector', in the same order")
    for dim in ("country", "sector"):
        labels = [str(v) for v in data[dim].values]
        twice = sorted({v for v in labels if labels.count(v) > 1})
        if twice:
            raise WorldError(f"{dim} {twice[0]!r} appears more than once")


def _first(bad: Flags, values: xr.DataArray, what: str) -> list[str]:
    """Describe the first place of some values where they are bad, and say how many more are."""
    count = np.count_nonzero(bad)
    if not count:
        return []
    at = tuple(np.argwhere(bad)[0])
    place = ", ".join(f"{d} {values[d].values[i]}" for d, i in zip(values.dims, at, strict=True))
    more = f" (and {count - 1} more)" if count > 1 else ""
    return [f"{what}: {float(values.values[at]):.6g} at {place}{more}"]


def _not_finite(data: xr.Dataset) -> list[str]:
    return [
        line
        for name in [*DIMS, *present(data)]
        for line in _first(
            ~np.isfinite(data[name].values),
            data[name],
            "missing elasticity (theta)" if name == "theta" else f"{name} is not a finite number",
        )
    ]


def _out_of_range(data: xr.Dataset) -> list[str]:
    negative = {
        "pi": "negative trade flow (expenditure share pi)",
        "beta": "value added below zero (share beta)",
        "gamma": "negative use of an input (share gamma)",
        "alpha": "negative final use (share alpha)",
        "X": "negative expenditure X",
    }
    lines = [x for k, what in negative.items() for x in _first(data[k].values < 0, data[k], what)]
    above = data["beta"].values > 1 + SHARES_TOLERANCE
    lines += _first(above, data["beta"], "share beta above one")
    if "phi" in data:
        odd = (data["phi"].values < 0) | (data["phi"].values > 1)
        lines += _first(odd, data["phi"], "share phi of a fixed factor must be between 0 and 1")
    for name, least, what in (
        ("VA", 0, "value added of a country must be positive"),
        ("theta", 0, "elasticity theta must be positive"),
        ("t", -1, "tariff must be above -1 (-100 percent)"),
    ):
        lines += _first(data[name].values <= least, data[name], what)
    return lines


def _shares(data: xr.Dataset) -> list[str]:
    pi, gamma, alpha, beta, X = (data[k].values for k in ("pi", "gamma", "alpha", "beta", "X"))
    supplied, of_inputs = (data["X"].copy(data=shares.sum(1)) for shares in (pi, gamma))
    of_use = data["VA"].copy(data=alpha.sum(1))
    off = SHARES_TOLERANCE
    return [
        *_first(
            (abs(supplied.values - 1) > off) & (X > 0) & (supplied.values > 0),
            supplied,
            "expenditure shares pi of a destination do not sum to 1 over origins",
        ),
        *_first(
            (abs(of_inputs.values - 1) > off) & (beta < 1 - off),
            of_inputs,
            "input shares gamma do not sum to 1 over inputs",
        ),
        *_first(
            abs(of_use.values - 1) > off,
            of_use,
            "final-use shares alpha do not sum to 1 over sectors",
        ),
    ]


def _nobody_supplies(data: xr.Dataset) -> list[str]:
    pi, beta, gamma, alpha, X = (data[k].values for k in ("pi", "beta", "gamma", "alpha", "X"))
    produces = np.einsum("nij,nj->ij", pi, X) > 0
    used = np.einsum("nkj,nj->nk", gamma, (1 - beta) * produces) + alpha
    orphan = (pi.sum(1) == 0) & ((used > 0) | (X > 0))
    what = "a sector is used that nobody supplies (share of use)"
    return _first(orphan, data["X"].copy(data=used), what)


def _deficits(data: xr.Dataset) -> list[str]:
    total = float(data["D"].sum())
    world = float(data["VA"].sum())
    if abs(total) > SHARES_TOLERANCE * world:
        return [f"deficits D sum to {total:.6g}; over the whole world they must sum to zero"]
    return []
