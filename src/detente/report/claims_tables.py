"""Weighed claims for the terminal, and as one page."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from detente.analysis.claims import Evidence, WeighedClaim
from detente.errors import MissingExtraError
from detente.report.files import whole_file
from detente.simulation.metrics import METRICS


def evidence_view(found: Evidence) -> RenderableType:
    """Verdicts, bands, and what decides them."""
    parts: list[RenderableType] = [Text(found.case.title, style="bold"), _verdicts(found)]
    parts += [_deciding(found)]
    if found.outside:
        parts.append(_outside(found))
    parts.append(Text(provenance(found), style="dim"))
    return Group(*parts)


def metrics_view() -> RenderableType:
    """The registry of metrics."""
    table = _table("Metrics that a claim may be tied to")
    for column in ("metric", "unit", "parameters (optional in brackets)", "meaning"):
        table.add_column(column)
    for name, metric in METRICS.items():
        takes = [*metric.needs, *(f"[{p}]" for p in metric.may)]
        table.add_row(name, metric.unit, Text(", ".join(takes) or "-"), metric.meaning)
    return table


def provenance(found: Evidence) -> str:
    """What made the numbers, in one line."""
    m = found.manifest
    return (
        f"{found.draws} draws (seed {m['seed']}), each solved in full. detente {m['detente']}, "
        f"world {m['world']} {m['fingerprint'][:12]}, {m['elasticities']}. Draws and manifest: "
        f"{found.folder}"
    )


def band(w: WeighedClaim) -> str:
    """Median and 5 to 95 percent band with the unit.

    The digits are those that the width of the band gives meaning to.
    """
    low, median, high = w.band
    return f"{number(median, w)} [{number(low, w)} to {number(high, w)}] {w.unit}"


def probability(w: WeighedClaim) -> str:
    """Share of draws in which the claim holds, with its standard error."""
    share, error = 100 * w.probability, 100 * w.error
    return f"{share:.0f} ± {error:.0f} %" if error >= 0.5 else f"{share:.0f} %"


def number(value: float, w: WeighedClaim) -> str:
    """A number in the digits that suit the claim's band."""
    low, _, high = w.band
    size = max(abs(low), abs(high))
    decimals = 0 if size >= 100 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    sign = "" if w.test.relative_to or w.unit == "ratio" else "+"
    return f"{value:{sign},.{decimals}f}"


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", header_style="dim", show_lines=True
    )


def _verdicts(found: Evidence) -> Table:
    table = _table("Claims put to the model")
    table.add_column("claim", ratio=4)
    table.add_column("who", ratio=2)
    table.add_column("holds in", justify="right", no_wrap=True)
    table.add_column("median [5 to 95 % band]", ratio=3)
    table.add_column("verdict", ratio=3)
    styles = {"supported": "green", "contradicted": "red"}
    for w in found.weighed.values():
        style = styles.get(w.verdict.split(",")[0], "yellow")
        table.add_row(
            statement(w.claim.statement, w.claim.form),
            w.claim.speaker,
            probability(w),
            band(w),
            Text(w.verdict, style=style),
        )
    return table


def statement(text: str, form: str) -> str:
    """A claim in quotation marks where it is verbatim."""
    return f"“{text}”" if form == "verbatim" else text


def _deciding(found: Evidence) -> Table:
    table = _table("What decides them: share of variance (total Sobol index of ranks), break-even")
    table.add_column("claim", ratio=2)
    table.add_column("assumptions", ratio=4)
    table.add_column("break-even", ratio=4)
    for name, w in found.weighed.items():
        table.add_row(name, deciding(w), w.break_even)
    return table


def deciding(w: WeighedClaim) -> str:
    """The three assumptions that explain most, with their shares."""
    if w.deciding is None:
        return "nothing varies"
    top = w.sobol.nlargest(3, "total")
    return "; ".join(
        f"{row['title']} {100 * np.clip(row['total'], 0, 1):.0f} %" for _, row in top.iterrows()
    )


def _outside(found: Evidence) -> Table:
    table = _table("Outside the model, not scored")
    table.add_column("claim", ratio=4)
    table.add_column("who", ratio=2)
    table.add_column("why", ratio=5)
    for claim in found.outside.values():
        table.add_row(statement(claim.statement, claim.form), claim.speaker, claim.outside)
    return table


def write_page(found: Evidence, path: Path) -> None:
    """Write the claims table as one self-contained page to print or send.

    Raises
    ------
    MissingExtraError
        Without Jinja2.
    """
    try:
        from jinja2 import Environment
    except ImportError as error:
        raise MissingExtraError("jinja2", "report", "writing pages") from error
    source = (files("detente.report") / "claims.html").read_text(encoding="utf-8")
    template = Environment(autoescape=True).from_string(source)
    page = template.render(
        found=found, band=band, deciding=deciding, statement=statement, provenance=provenance(found)
    )
    with whole_file(path) as (_, partial):
        partial.write_text(page, encoding="utf-8")
