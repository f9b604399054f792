"""The metrics that a claim may be tied to: names, units, and what each is about.

How they are computed stands in `detente.simulation.measurement`.
"""

from __future__ import annotations

from dataclasses import dataclass

from detente.policy.measures import Countries, Country, Sectors, Strict


@dataclass(frozen=True)
class Metric:
    """A number that a claim may be about.

    Attributes
    ----------
    unit
        Of the number.
    meaning
        In one sentence.
    needs, may
        Parameters it must have, and may have.
    """

    unit: str
    meaning: str
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


METRICS = {
    "welfare": Metric(
        "percent of income", "change of the country's exact welfare, its real income", ("country",)
    ),
    "equivalent-variation": Metric(
        "million USD", "income at old prices that would do as much for the country", ("country",)
    ),
    "real-wage": Metric("percent", "change of the country's real wage", ("country",)),
    "exports": Metric(
        "percent",
        "change of the country's exports, to a partner or to all, at current prices",
        ("country",),
        ("partner", "sectors"),
    ),
    "imports": Metric(
        "percent",
        "change of the country's imports, from a partner or from all, at current prices",
        ("country",),
        ("partner", "sectors"),
    ),
    "trade": Metric(
        "percent",
        "change of trade, both ways, between country and partner",
        ("country", "partner"),
        ("sectors",),
    ),
    "output": Metric("percent", "change of the country's gross output", ("country",), ("sectors",)),
    "price": Metric(
        "percent",
        "change of the prices the country's buyers pay, over all uses, relative to world income",
        ("country",),
        ("sectors",),
    ),
    "trade-share": Metric(
        "percentage points",
        "change of the partner's share in the country's exports and imports",
        ("country", "partner"),
    ),
    "influence": Metric(
        "percentage points of income",
        "change of what it would cost the country to be cut off by the partner; negative, the "
        "partner's hold weakens",
        ("country", "partner"),
    ),
    "through-hubs": Metric(
        "percentage points",
        "change of the share of the first lane's goods that takes a hub, one or any",
        (),
        ("hub",),
    ),
    "offset-ratio": Metric(
        "ratio", "rise of the first lane's trade through hubs over the fall of its direct trade"
    ),
}
"""Metrics by name."""


class Parameters(Strict):
    """What a metric is about.

    Attributes
    ----------
    country, partner
        Country; partner or partners (codes, names, groups).
    sectors
        All by default.
    hub
        One of the case's hubs.
    """

    country: Country | None = None
    partner: Countries | None = None
    sectors: Sectors | None = None
    hub: Country | None = None

    def check(self, name: str, metric: Metric) -> None:
        """Raise a `ValueError` for a parameter that is missing or has no meaning."""
        given = {k for k, v in self if v is not None}
        missing = [k for k in metric.needs if k not in given]
        if missing:
            raise ValueError(f"metric {name!r} needs the parameter `{missing[0]}`")
        allowed = (*metric.needs, *metric.may)
        spare = sorted(given - set(allowed))
        if spare:
            takes = ", ".join(allowed) or "none"
            raise ValueError(f"metric {name!r} has no parameter `{spare[0]}`; it takes {takes}")
