"""Strengths of measures, ready for a case file, from what gravity says that they did to trade."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML
from scipy.optimize import brentq
from scipy.special import logsumexp

from detente.arrays import Array
from detente.errors import ScenarioError, WorldError, nearest
from detente.inference.gravity import BAND, Effects
from detente.inference.panel import SECTOR
from detente.policy.horizon import HORIZONS, HorizonName
from detente.policy.kinds import KINDS
from detente.results import Result, columns_in
from detente.world.countries import country_of, group_of
from detente.world.elasticities import elasticities
from detente.world.embedded import load_world
from detente.world.names import resolve_sectors

KIND_OF = {"exports": "export-ban", "imports": "import-ban"}
"""Kind of measure that stops a trade of the senders."""
LEVELS = ("low", "central", "high")
DIGITS = 4


@dataclass(frozen=True)
class Strengths(Result):
    """Effects of a measure as ad-valorem equivalents.

    Attributes
    ----------
    found
        The effects, with their event study.
    kind
        Of the measures that they become.
    horizon
        At whose elasticities a price is read.
    table
        One row for each group: `group`, `sectors`, `fall` with `fall low` and `fall high` (percent
        of trade), `theta` (trade-weighted mean of the elasticities used), `low`, `central`, `high`
        (ad-valorem equivalents of the 90 percent band, negative where trade rose).
    manifest
        What made the numbers.
    """

    units_of = columns_in(
        {
            "logarithm of trade": "effect, clustered, placebo, se, low, high",
            "ad-valorem equivalent": "strengths.low, strengths.central, strengths.high",
            "percent of trade": "fall, fall low, fall high",
            "million USD": "trade, lost",
            "trade elasticity": "theta",
        }
    )

    found: Effects
    kind: str
    horizon: HorizonName
    table: pd.DataFrame
    manifest: dict[str, Any]

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name."""
        return {
            "effects": self.found.effects,
            "events": self.found.events,
            "strengths": self.table.assign(sectors=self.table["sectors"].map(" ".join)),
        }

    def document(self) -> dict[str, Any]:
        """Everything as plain data; missing numbers are null."""
        plain = {
            name: table.astype(object).where(table.notna(), None).to_dict("records")
            for name, table in self.tables().items()
        }
        return {**plain, "measures": self.measures(), "manifest": self.manifest}

    def measures(self) -> dict[str, dict[str, Any]]:
        """Measures for a case file, of the groups whose trade fell; see docs/cases.md.

        No measure makes trade cheaper: the low end of a band is at least 0.
        """
        q, fallen = self.found.question, self.table[self.table["central"] > 0]
        return {
            _slug(*_names(q.senders), *_names(q.target), q.direction, row["group"]): {
                "title": f"What gravity says of {self.words(row['group'])}",
                "senders": _names(q.senders),
                "target": _names(q.target)[0],
                "kind": self.kind,
                "sectors": row["sectors"],
                "ave": {level: round(max(row[level], 0.0), DIGITS) for level in LEVELS},
                "start": q.since.isoformat(),
                "ave_source": self._source(row),
            }
            for row in fallen.to_dict("records")
        }

    def yaml(self) -> str:
        """The measures as a section of a case file; empty where no trade fell."""
        if not self.measures():
            return ""
        writer, text = YAML(), io.StringIO()
        writer.width = 96
        writer.default_flow_style = None  # what holds no more than words and numbers on one line
        writer.dump(self.measures(), text)
        return text.getvalue()

    def words(self, group: str) -> str:
        """The trade of a group in words."""
        q = self.found.question
        *first, last = _names(q.senders)
        senders = f"{', '.join(first)} and {last}" if first else last
        way = "to" if q.direction == "exports" else "from"
        return f"{q.direction} of {senders} {way} {_names(q.target)[0]}: {group}"

    def _source(self, row: Mapping[Any, Any]) -> str:
        reading = "the long run" if KINDS[self.kind].quantity else self.horizon
        return (
            f"Structural gravity on {self.manifest['panel']}, {self.manifest['periods']}: trade "
            f"changed by {-row['fall']:.1f} percent ({-row['fall high']:.1f} to "
            f"{-row['fall low']:.1f}), read with trade elasticities of {reading}, on average "
            f"{row['theta']:.2f}; detente estimate"
        )


def strengths_of(
    found: Effects,
    *,
    kind: str | None = None,
    horizon: HorizonName = "three-years",
    theta: str | float = "fontagne",
    manifest: Mapping[str, Any] | None = None,
) -> Strengths:
    """Read effects on trade as the strengths of measures.

    A group's ad-valorem equivalent is the one under which its trade, sector by sector at the
    sectors' own elasticities, falls by as much as it did. What a kind is known by decides the
    elasticities: a quantity, such as a ban, by the trade it stops at the world's (long-run)
    elasticities, at any horizon; a price, such as dearer payments, by what it costs, at the
    elasticities of the horizon.

    Parameters
    ----------
    found
        Effects of a measure.
    kind
        Of measure; by default a ban on the trade that was looked at.
    horizon
        How long after the measure the panel looks.
    theta
        Source of trade elasticities, or one number for all sectors.
    manifest
        What else made the numbers: `panel`, `periods`.

    Raises
    ------
    ScenarioError
        An unknown kind; a sector without an elasticity.
    """
    kind = kind or KIND_OF[found.question.direction]
    if kind not in KINDS or KINDS[kind].caps_price:
        allowed = [name for name, k in KINDS.items() if not k.caps_price]
        raise ScenarioError(f"kind {kind!r} cannot be estimated: {nearest(kind, allowed)}")
    response = 1.0 if KINDS[kind].quantity else HORIZONS[horizon].response
    rows = []
    for row in found.effects.to_dict("records"):
        weights = found.weights[row["group"]]
        codes = {s: _codes_of(s, theta) for s in weights}
        own = np.array([_elasticity(codes[s], theta) for s in weights]) * response
        share = np.array(list(weights.values()))
        ends = (row["high"], row["effect"], row["low"])
        rows.append(
            {
                "group": row["group"],
                "sectors": list(dict.fromkeys(c for s in weights for c in codes[s])),
                "fall": -100 * float(np.expm1(row["effect"])),
                "fall low": -100 * float(np.expm1(row["high"])),
                "fall high": -100 * float(np.expm1(row["low"])),
                "theta": float(share @ own),
                **{n: ad_valorem(b, own, share) for n, b in zip(LEVELS, ends, strict=True)},
            }
        )
    about = {"panel": "a panel", "periods": "all periods", "band": BAND, **(manifest or {})}
    about |= {"kind": kind, "horizon": horizon, "theta": theta}
    return Strengths(found, kind, horizon, pd.DataFrame(rows), about)


def ad_valorem(effect: float, theta: Array, share: Array) -> float:
    """Cost under which trade in several sectors changes by an effect, as a share of the price.

    Solves sum_j share_j (1 + ave)^-theta_j = exp(effect).

    >>> theta, share = np.array([5.0]), np.array([1.0])
    >>> round(ad_valorem(float(np.log(0.5)), theta, share), 4)  # 0.5^(-1/5) - 1
    0.1487
    """
    traded = share > 0
    log_share, theta = np.log(share[traded]), theta[traded]

    def excess(log_cost: float) -> float:
        return float(logsumexp(log_share - theta * log_cost)) - effect

    bound = (abs(effect) + 1) / float(theta.min())
    return float(np.expm1(brentq(excess, -bound, bound)))


def _codes_of(sector: str, theta: str | float) -> list[str]:
    """Sectors of the embedded world that a panel's sector stands for."""
    if sector == SECTOR:
        if isinstance(theta, str):
            raise ScenarioError(
                "the panel has no column `sector`, so that its elasticity must be a number (theta)"
            )
        return ["goods"]
    try:
        return resolve_sectors(sector, load_world().sectors)
    except WorldError as error:
        if isinstance(theta, str):
            raise ScenarioError(f"no elasticity: {error}; or give one number (theta)") from error
        return [sector]


def _elasticity(codes: list[str], theta: str | float) -> float:
    if isinstance(theta, str):
        return float(elasticities(theta, codes)[0].mean())
    if not (np.isfinite(theta) and theta > 0):
        raise ScenarioError(f"elasticity {theta:g} must be positive")
    return float(theta)


def _names(names: Any) -> list[str]:
    """Codes of countries and groups, for a file."""
    asked = [names] if isinstance(names, str) else list(names)
    return list(dict.fromkeys(group_of(n) or country_of(n) or n for n in asked))


def _slug(*words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")
