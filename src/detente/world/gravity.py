"""How much nearness matters for trade, by sector: gravity as estimated, and what lies between.

Coefficients are those of `scripts/estimate_gravity.py`; distances, borders, languages and colonial
ties are CEPII's (Mayer and Zignago 2011, GeoDist, CEPII working paper 2011-25).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import pandas as pd

from detente.arrays import Array
from detente.errors import WorldError, nearest
from detente.world.names import ancestors, group_members, is_goods, parents_of

CIS_LIMIT = 2.0
"""Largest effect of the CIS, in logs: the panel has it from Belarus, Kazakhstan and Russia."""


@cache
def coefficients() -> pd.DataFrame:
    """Estimates (sector, term).

    >>> bool((coefficients()["log_km"] < 0).all())
    True
    """
    with as_file(files("detente.world") / "data" / "gravity.csv") as path:
        table = pd.read_csv(path)
    found = table.pivot(index="sector", columns="term", values="estimate")
    found["cis"] = found["cis"].clip(upper=CIS_LIMIT)
    return found


@cache
def _geodist() -> dict[str, Array]:
    with as_file(files("detente.world") / "data" / "geodist.npz") as path, np.load(path) as stored:
        return {name: stored[name] for name in stored.files}


def located() -> tuple[str, ...]:
    """Codes of the economies whose distances are known."""
    return tuple(str(c) for c in _geodist()["codes"])


def nearness(
    countries: Sequence[str], sectors: Sequence[str], places: Mapping[str, Sequence[str]]
) -> Array:
    """Trade between two countries relative to one without any distance, [i,n,j].

    Parameters
    ----------
    countries, sectors
        Labels; sectors that were split off others have the coefficients of these.
    places
        Where countries that are no single place lie: code to the codes of its parts.

    Raises
    ------
    WorldError
        A country whose distances are not known.

    >>> near = nearness(["BLR", "POL", "USA"], ["C20"], {})
    >>> bool(near[0, 1, 0] > near[0, 2, 0])
    True
    """
    terms = _terms(countries, places)
    effects = coefficients()
    slopes = effects.loc[[_row(s, sectors, effects.index) for s in sectors], list(terms)]
    logs = np.einsum("tin,jt->inj", np.stack(list(terms.values())), slopes.to_numpy())
    return np.asarray(np.exp(logs))


def _row(sector: str, sectors: Sequence[str], known: pd.Index) -> str:
    parents = parents_of(sectors)
    line = [s for s in ancestors(sector, parents) if s in known]
    return line[0] if line else ("C31T33" if is_goods(sector, parents) else "services")


def _terms(countries: Sequence[str], places: Mapping[str, Sequence[str]]) -> dict[str, Array]:
    """What lies between, [i,n]: of regions, the mean over their parts."""
    geo = _geodist()
    position = {str(c): k for k, c in enumerate(geo["codes"])}
    parts = [list(places.get(c, [c])) for c in countries]
    for code in (p for part in parts for p in part):
        if code not in position:
            raise WorldError(f"no distances of {code!r}: {nearest(code, position)}")
    member = np.zeros((len(countries), len(position)))
    for i, part in enumerate(parts):
        member[i, [position[p] for p in part]] = 1 / len(part)

    def between(values: Array) -> Array:
        return np.asarray(member @ values @ member.T)

    terms = {"log_km": between(np.log(np.maximum(geo["km"], 1.0)))}
    terms |= {name: between(geo[name].astype(float)) for name in ("border", "language", "colony")}
    for name, group in {"eu": "EU27", "cis": "CIS"}.items():
        inside = member @ np.isin(geo["codes"], group_members(group)).astype(float)
        terms[name] = np.outer(inside, inside)
    return terms
