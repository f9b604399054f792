"""Published trade elasticities by sector, chosen by name."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from importlib.resources import files
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from detente.arrays import Array
from detente.errors import WorldError, nearest
from detente.world.isic import sharing_divisions
from detente.world.names import ancestors, parents_of

SERVICES_ELASTICITY = 5.0
"""Used where a source has no estimate (services): within the range of goods estimates."""

SOURCES = {
    "fontagne": (
        "fontagne_guimbard_orefice_2022",
        "Fontagné, Guimbard and Orefice (2022), Journal of International Economics 137, table 8",
    ),
    "caliendo-parro": (
        "caliendo_parro_2015",
        "Caliendo and Parro (2015), Review of Economic Studies 82(1), table 1",
    ),
    "uniform": (
        "uniform_simonovska_waugh_2014",
        "Simonovska and Waugh (2014), Journal of International Economics 92(1): 4 everywhere",
    ),
}
"""Name of each source, its column in the embedded table and its citation."""

Elasticities: TypeAlias = str | float | Mapping[str, float] | Sequence[float]


def known_source(source: str) -> str:
    """Refuse a source of elasticities that there is not."""
    if source not in SOURCES:
        raise WorldError(f"unknown elasticity source {source!r}: {nearest(source, SOURCES)}")
    return source


def _published(source: str, sectors: Sequence[str]) -> Array:
    text = files("detente.world") / "data" / "trade_elasticities.csv"
    with text.open(encoding="utf-8") as stream:
        table = pd.read_csv(stream, index_col="sector")
    column = table[SOURCES[known_source(source)][0]].fillna(SERVICES_ELASTICITY)
    return np.array([_of_sector(s, column, parents_of(sectors), source) for s in sectors])


def _of_sector(
    sector: str, known: pd.Series[float], above: Mapping[str, str], source: str
) -> float:
    """The number of a sector, or the mean over those with which it shares divisions of ISIC."""
    own = _nearest_known(sector, known.index, above)
    alike = [own] if own else sharing_divisions(ancestors(sector, above)[-1], known.index)
    if not alike:
        raise WorldError(
            f"elasticity source {source!r} has no sector {sector!r}: "
            f"{nearest(sector, known.index)}; pass elasticities as numbers instead"
        )
    return float(known[alike].mean())


def _nearest_known(sector: str, known: Container[str], parents: Mapping[str, str]) -> str | None:
    """A sector, or the nearest of those it was split off from, for which there is a number."""
    return next((s for s in ancestors(sector, parents) if s in known), None)


def elasticities(choice: Elasticities, sectors: Sequence[str]) -> tuple[Array, str]:
    """Trade elasticities theta[sector] (positive) and the words that cite them.

    Parameters
    ----------
    choice
        Name of a source (`fontagne`, `caliendo-parro`, `uniform`), one number for all sectors, a
        mapping from sector to number, or numbers in the order of `sectors`.
    sectors
        Sector codes. One that was split off another has the other's where it has none; one of
        another table, such as `C17` or `R_S`, has the mean over those that share divisions of ISIC.

    Raises
    ------
    WorldError
        Unknown source, a sector without an elasticity, or an elasticity that is not positive.

    >>> theta, source = elasticities("fontagne", ["C20", "K"])
    >>> theta.tolist()
    [10.56, 5.0]
    """
    if isinstance(choice, str):
        return _published(choice, sectors), f"{choice}: {SOURCES[choice][1]}"
    if isinstance(choice, xr.DataArray):
        choice = choice.to_series()
    if isinstance(choice, (Mapping, pd.Series)):
        own = [_nearest_known(s, choice, parents_of(sectors)) for s in sectors]
        if None in own:
            raise WorldError(f"missing elasticity of sector {sectors[own.index(None)]!r}")
        theta = np.array([float(choice[s]) for s in own if s is not None])
    else:
        given = np.asarray(choice, float)
        if given.shape not in ((), (len(sectors),)):
            raise WorldError(f"{given.size} elasticities for {len(sectors)} sectors")
        theta = np.broadcast_to(given, (len(sectors),)).copy()
    bad = ~(np.isfinite(theta) & (theta > 0))
    if bad.any():
        raise WorldError(
            f"elasticity of sector {sectors[int(bad.argmax())]!r} is {theta[bad][0]}; "
            "it must be a positive number"
        )
    return theta, "given by the user"
