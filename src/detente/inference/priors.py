"""What is unknown before the record is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from detente.policy.fields import Range
from detente.policy.measures import STRENGTH
from detente.simulation.assumptions import Assumption


@dataclass(frozen=True)
class Prior:
    """A parameter with its range: median `central`, uniform on either side of it.

    Attributes
    ----------
    range
        Low, central and high value.
    source
        Where it comes from.
    """

    range: Range
    source: str

    def value(self, u: Any) -> Any:
        """The parameter at quantiles of its prior.

        >>> float(rank("").value(0.25))
        0.25
        """
        return np.asarray(self.range.at(u))


def rank(source: str) -> Prior:
    """Prior of a rank in the measures' own ranges, evenly over all of them."""
    return Prior(Range(low=0.0, central=0.5, high=1.0), source)


FIRST_YEAR = "horizon-first-year"
"""Share of the long-run response of trade in the first year: of the record's world only."""

HORIZON = Prior(
    Range(low=0.15, central=0.38, high=0.6),
    "Boehm, Levchenko and Pandalai-Nayar (2023): 0.76 in the first year, about 2 in the long run",
)


def priors_of(
    assumptions: Mapping[str, Assumption], *, first_year: bool = True
) -> dict[str, Prior]:
    """Priors of what observations tell: strengths, payments, hubs, the first year's horizon.

    Ranks for strengths and payments, as their ranges are those of the measures.

    Parameters
    ----------
    assumptions
        Of the case, by name.
    first_year
        Whether the record's year is one in which trade had only begun to respond, whereas scenarios
        start from a later day; otherwise both are the world's own year, at one horizon.
    """
    found = {}
    for name, a in assumptions.items():
        if name == f"{STRENGTH}others":
            continue
        if name.startswith(STRENGTH) or name == "invoicing":
            found[name] = rank(a.source)
        elif name in ("hub-share", "false-transit"):
            found[name] = Prior(a.range, a.source)
    return {**found, FIRST_YEAR: HORIZON} if first_year else found
