"""Tables of a calibration for the terminal, and what they say in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from rich.console import Group, RenderableType
from rich.text import Text

from detente.inference.observations import RATIOS
from detente.report import text
from detente.report.layout import Grid, grid

if TYPE_CHECKING:
    from detente.cases import Case
    from detente.inference.sampler import Calibration

MOST_R_HAT, LEAST_ESS = 1.1, 100
"""Beyond which a posterior is not to be trusted."""

WHENS = ("prior", "posterior")


def calibration_view(found: Calibration, case: Case) -> RenderableType:
    """What was observed beside prior and posterior, the parameters, and what to make of it."""
    return Group(
        Text(case.title, style="bold"),
        _fit(found.fit, case),
        _parameters(found.diagnostics, case),
        Text(_matched(found.fit, case)),
        *[Text(f"Warning: {words}", style="yellow") for words in warnings_of(found, case)],
        Text(_provenance(found.manifest), style="dim"),
    )


def _fit(fit: pd.DataFrame, case: Case) -> Grid:
    rows = []
    for row in fit.to_dict("records"):
        o = case.observations[row["observation"]]
        at = {k: in_percent(v, o.of) for k, v in row.items() if isinstance(v, float)}
        bands = [_band(at[f"{when} low"], at[f"{when} high"]) for when in WHENS]
        matched = Text("yes", "green") if row["matched"] else Text("no", "red")
        observed, median = (text.signed(at[k], 1) for k in ("observed", "posterior median"))
        rows.append([o.title, observed, *bands, median, matched])
    heads = ["observed", "prior, 90 % band", "posterior, 90 % band", "median", "matched"]
    title = "Change of trade beside bystanders, percent (offsets: percent of the fall)"
    return grid(title, ["observation", *heads], rows)


def in_percent(value: float, of: str) -> float:
    """An observation, or what is simulated of it, in percent: of a logarithm, or of a ratio."""
    return 100 * (value if of in RATIOS else float(np.expm1(value)))


def _band(low: float, high: float) -> str:
    return f"{text.signed(low, 1)} to {text.signed(high, 1)}"


def _parameters(diagnostics: pd.DataFrame, case: Case) -> Grid:
    rows = [
        [
            parameter_title(str(row["parameter"]), case),
            f"{row['prior low']:.3g} to {row['prior high']:.3g}",
            f"{row['low']:.3g} to {row['high']:.3g}",
            f"{row['median']:.3g}",
            text.plain(row["ess"]),
            text.plain(row["r_hat"], 3),
        ]
        for row in diagnostics.to_dict("records")
    ]
    heads = ["prior, 90 % band", "posterior, 90 % band", "median", "effective sample size", "R-hat"]
    title = "Parameters; strengths as ranks in the measures' own ranges"
    return grid(title, ["parameter", *heads], rows)


def parameter_title(name: str, case: Case) -> str:
    """A parameter in words."""
    known = case.assumptions.get(name)
    return "Share of the long-run response in the first year" if known is None else known.title


def _matched(fit: pd.DataFrame, case: Case) -> str:
    missed = [case.observations[n].title for n in fit.loc[~fit["matched"], "observation"]]
    count = f"{len(fit) - len(missed)} of {text.plural(len(fit), 'observation', 'observations')}"
    if not missed:
        return f"Matched within two standard errors: {count}."
    return (
        f"Matched within two standard errors: {count}. What the posterior's median does not match: "
        f"{'; '.join(missed)}."
    )


def warnings_of(found: Calibration, case: Case) -> list[str]:
    """What speaks against trusting the sample, in words."""
    rows = found.diagnostics
    mixed = rows["r_hat"].gt(MOST_R_HAT) | rows["r_hat"].isna()
    thin = rows["ess"].lt(LEAST_ESS) | rows["ess"].isna()
    problems = {
        f"the walkers do not agree yet (R-hat above {MOST_R_HAT:g})": mixed,
        f"there are fewer than {LEAST_ESS} independent draws": thin,
    }
    advice = "take more steps before this posterior is used."
    return [
        f"{what} about {_named(rows.loc[where, 'parameter'], case)}; {advice}"
        for what, where in problems.items()
        if where.any()
    ]


def _named(parameters: pd.Series[Any], case: Case) -> str:
    return text.listed(f"“{parameter_title(str(name), case)}”" for name in parameters)


def _provenance(m: dict[str, Any]) -> str:
    return (
        f"emcee {m['emcee']}: {m['walkers']} walkers, {m['steps']} steps, of which {m['dropped']} "
        f"are dropped, seed {m['seed']}, {100 * m['acceptance']:.0f} percent of moves accepted; "
        f"ArviZ {m['arviz']}; detente {m['detente']}; world {m['world']}"
    )
