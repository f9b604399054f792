"""The answer of a report in three sentences: who gains what, who else does, what it rests on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detente.analysis.sensitivity import lowered
from detente.report import text

if TYPE_CHECKING:
    from detente.cases.records import Test
    from detente.report.report import Report

ON = {
    "record": "{} narrowed by the record of trade",
    "ranges": "{} that the record leaves as they were",
    "literature": "{} from the literature",
    "judgement": "{} of judgement",
}
MOST_SHOWN = 3
"""Scenarios of the first screen."""
MOST_NAMED = 3
"""Countries besides the target that a sentence names as gaining, or as losing."""


def answer(r: Report) -> list[str]:
    """The three sentences."""
    return [_target(r), _others(r), _foundations(r)]


def headlines(r: Report) -> list[str]:
    """Scenarios of the first screen: that drawn, the last that imposes, and those of most claims.

    In the order of the case.
    """
    tests = [c.test for c in r.case.claims.values() if c.test is not None]
    asked = Counter(s for t in tests for s in (*t.scenarios, t.relative_to) if s is not None)
    imposing = [name for name, change in r.case.scenarios.items() if change.impose]
    wanted = [r.drawn, *imposing[-1:], *(name for name, _ in asked.most_common())]
    chosen = list(dict.fromkeys(wanted))[:MOST_SHOWN]
    return [name for name in r.case.scenarios if name in chosen]


def reading(r: Report) -> str:
    """How the numbers are to be read, once for all of the report."""
    if "low" not in r.assessment.welfare:
        return "All numbers are those of one solve with every assumption at its central value."
    return (
        f"Changes of real income are {text.ANSWER}. Commodities, influence and "
        "relief are central too, with what the draws say beside them. "
        "Bands hold 90 percent of the draws, from the 5 to the 95 percent point."
    )


def tally(r: Report) -> str:
    """How many claims are supported, contradicted, open, or outside the model."""
    if r.evidence is None:
        return "No claim has been put to the model."
    verdicts = Counter(w.verdict.split(",")[0] for w in r.evidence.weighed.values())
    supported, contradicted = verdicts["supported"], verdicts["contradicted"]
    depending = verdicts.total() - supported - contradicted
    outside = len(r.evidence.outside)
    told = (
        f"Of {text.plural(verdicts.total(), 'claim', 'claims')} put to the model "
        f"{text.plural(supported, 'is', 'are')} supported, {contradicted} contradicted, and "
        f"{text.plural(depending, 'depends', 'depend')} on an assumption"
    )
    more = f"; {text.plural(outside, 'more is', 'more are')} outside what it can say"
    return f"{told}{more if outside else ''}."


def changes_of(r: Report, scenario: str) -> pd.DataFrame:
    """Changes of real income in a scenario, by country; members of a group below it.

    With bands where there are draws; `sign` is 0 where the band holds both.
    """
    rows = r.assessment.welfare
    rows = rows[rows["scenario"] == scenario].set_index("country")
    found = rows.reindex(columns=["percent", "low", "high", "million_usd", "income"])
    low, high = (found[end].fillna(found["percent"]) for end in ("low", "high"))
    found["sign"] = np.sign(np.where(low > 0, low, np.minimum(high, 0))).astype(int)
    return found.loc[list(text.nested(found.index))]


def title(r: Report, scenario: str) -> str:
    """A scenario by its title, in quotation marks."""
    return f"“{r.case.scenarios[scenario].title}”"


def _target(r: Report) -> str:
    told: list[str] = []
    who = text.called(r.case.target)
    for name in headlines(r):
        row, first = changes_of(r, name).to_dict("index").get(r.case.target), not told
        if row is None:
            return f"What {who} gains or loses is not among what the case reports."
        verb = "gains" if row["percent"] > 0 else "loses"
        ends = " to ".join(text.brief(row[end]) for end in ("low", "high"))
        band = f"90 percent of draws: {ends}" if first else ends
        told.append(
            f"under {title(r, name)} {who if first else 'it'} {verb} "
            f"{text.usd(row['million_usd'])}{' a year' if first else ''}, "
            f"{text.share(row['percent'])}{' of its income' if first else ''}"
            f"{f' ({band})' if pd.notna(row['low']) else ''}"
        )
    return f"{text.capitalised('; '.join(told))}."


def _others(r: Report) -> str:
    """Who else gains and loses in the scenario drawn; members of a group listed count with it."""
    rows = changes_of(r, r.drawn).drop(r.case.target, errors="ignore")
    rows = rows[[not name.startswith("of which") for name in text.nested(rows.index).values()]]
    told = []
    for sign, one, many in ((1, "gains", "gain"), (-1, "loses", "lose")):
        found = rows[rows["sign"] == sign].sort_values("million_usd", key=lambda m: -m.abs())
        if len(found):
            first = found.head(MOST_NAMED).to_dict("index")
            named = [
                f"{text.called(str(code))} ({text.usd(row['million_usd'])}, "
                f"{text.share(row['percent'])})"
                for code, row in first.items()
            ]
            if rest := len(found) - len(named):
                named.append(text.plural(rest, "other", "others"))
            told.append(f"{text.listed(named)} {one if len(found) == 1 else many}")
    if open_ := list(rows.index[rows["sign"] == 0]):
        told.append(f"for {text.countries(open_)} it may be either")
    return f"Of others, under {title(r, r.drawn)}: {'; '.join(told) or 'nobody is reported'}."


def _foundations(r: Report) -> str:
    """What the answer rests on, and what would change it most."""
    parts = {on: len(titles) for on, titles in r.assessment.rests_on.items()}
    if not sum(parts.values()):
        return "It rests on one solve with every assumption at its central value."
    counted = text.listed(ON[on].format(n) for on, n in parts.items() if n)
    told = (
        f"It rests on {text.plural(sum(parts.values()), 'assumption', 'assumptions')} ({counted})"
    )
    deciding = _deciding(r)
    return f"{told}{f'; what would change it most: {deciding}' if deciding else ''}."


def _deciding(r: Report) -> str:
    """The two assumptions that explain most of what claims about the target's income measure."""
    if r.evidence is None:
        return ""
    weighed = [w for w in r.evidence.weighed.values() if w.deciding is not None]
    own = [w for w in weighed if _of_income(w.test, r.case.target)] or weighed
    if not own:
        return ""
    mean = pd.concat([w.sobol.set_index("title")["total"] for w in own]).groupby(level=0).mean()
    top = mean.nlargest(2)
    return text.listed(
        f"{lowered(t)} ({100 * min(share, 1.0):.0f} percent of the spread)"
        for t, share in top.items()
    )


def _of_income(test: Test, country: str) -> bool:
    return (test.metric, test.parameters.country) == ("welfare", country)
