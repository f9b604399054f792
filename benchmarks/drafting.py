"""Precision and recall of drafting on annotated reports: `python benchmarks/drafting.py`.

Each file in `reports/` has a report and what a reader finds in it. Those with `held_out: true` were
written before the rules were tried on any, and no rule was changed for them.
"""

from __future__ import annotations

import argparse
import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from detente.cases.drafting.acts import Act
from detente.cases.drafting.claims import Said
from detente.cases.drafting.findings import Findings, find
from detente.cases.drafting.measures import world_of
from detente.cases.drafting.reports import report_of
from detente.cases.drafting.scenarios import plan_of
from detente.world.embedded import load_world

FOLDER = Path(__file__).parent / "reports"
KINDS = (
    "case", "senders", "target", "rivals", "hubs", "holdouts", "acts", "on_file", "concessions",
    "claims", "speakers", "dates",
)  # fmt: skip
SAID = 0.06
"""Percent below which a threshold is not a size that was said, but an effect that was denied."""


def annotated() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Reports by name."""
    for path in sorted(FOLDER.glob("*.yaml")):
        yield path.stem, YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def expected(entry: Mapping[str, Any]) -> dict[str, set[str]]:
    """What a reader finds, as items by kind."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    given = entry["expect"]
    if given.get("none"):
        return found
    found["case"] = {"case"}
    found["target"] = {given["target"]}
    for kind in ("senders", "rivals", "hubs", "holdouts", "acts", "on_file", "concessions"):
        found[kind] = set(given[kind])
    found["dates"] = {str(d) for d in given["dates"]}
    found["claims"] = set(given["claims"])
    return found


def drafted(found: Findings) -> dict[str, set[str]]:
    """What drafting finds, as items by kind."""
    items: dict[str, set[str]] = {kind: set() for kind in KINDS}
    parties = found.parties
    if parties.target is None:
        return items
    world = load_world(world_of(found.acts, parties.named))
    plan = plan_of(found.acts, found.report.date, world)
    if not plan.scenarios:
        return items
    items["case"], items["target"] = {"case"}, {parties.target}
    items["senders"], items["rivals"] = set(parties.senders), set(parties.rivals)
    items["hubs"], items["holdouts"] = set(parties.hubs), set(parties.holdouts)
    moves = [a for a in found.acts if a.stance != "named"]
    items["acts"] = {word for a in moves for word in _act(a)}
    items["on_file"] = {
        name
        for a in moves
        if not plan.whole(a) and id(a) in plan.meant
        for name in plan.meant[id(a)].on_file
    }
    items["concessions"] = {
        f"{g.kind} {g.persons or '-'} {'offered' if g.offered else 'given'}" for g in found.given
    }
    items["claims"] = {_claim(s) for s in found.claims}
    days = {s.when.date for a in moves if (s := a.sentence).when and s.when.exact}
    items["dates"] = {d.isoformat() for d in days}
    return items


def _act(act: Act) -> Iterator[str]:
    denied = " denied" if act.mode == "denied" else ""
    for good in act.goods or ("-",):
        yield f"{act.sender} {act.stance} {act.target} {good}{denied}"


def _claim(said: Said) -> str:
    reading = said.reading
    if reading is None:
        return f"{said.speaker} | outside"
    way = {"rises": "up", "falls": "down"}.get(reading.direction)
    if reading.threshold is not None:
        up = reading.threshold > 0
        denied = abs(reading.threshold) < SAID and up == (reading.direction == "below")
        way = "flat" if denied else "up" if up else "down"
    return f"{said.speaker} | {reading.metric} {reading.country} {way}"


def compare(
    want: dict[str, set[str]], got: dict[str, set[str]]
) -> Iterator[tuple[str, int, int, int]]:
    """Hits, expected and found by kind; claims by what they say, speakers of those found."""
    for kind in KINDS:
        if kind == "claims":
            left = Counter(c.split(" | ")[1] for c in want["claims"])
            right = Counter(c.split(" | ")[1] for c in got["claims"])
            yield kind, (left & right).total(), left.total(), right.total()
        elif kind == "speakers":
            named = [c.split(" | ") for c in want["claims"]]
            said = [c.split(" | ") for c in got["claims"]]
            both = [(w, [s for s, what_s in said if what_s == what]) for w, what in named]
            both = [(w, s) for w, s in both if s and w not in ("-", "report")]
            hits = sum(any(w.lower() in s.lower() for s in several) for w, several in both)
            yield kind, hits, len(both), len(both)
        else:
            yield kind, len(want[kind] & got[kind]), len(want[kind]), len(got[kind])


def main() -> None:
    """Print a table of precision and recall, and with `--errors` what was missed or invented."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--errors", action="store_true", help="what was missed or invented")
    asked.add_argument("--pipeline", default="none", help="a spaCy pipeline with a parser")
    options = asked.parse_args()
    totals: dict[bool, dict[str, list[int]]] = {
        h: {k: [0, 0, 0] for k in KINDS} for h in (False, True)
    }
    for name, entry in annotated():
        day: datetime.date = entry["date"]
        got = drafted(find(report_of(entry["text"], name, day), options.pipeline))
        want = expected(entry)
        for kind, *counts in compare(want, got):
            sums = totals[entry["held_out"]][kind]
            totals[entry["held_out"]][kind] = [a + b for a, b in zip(sums, counts, strict=True)]
        if options.errors:
            _print_errors(name, want, got)
    print("| kind | tuned on: found | precision | recall | held out: found | precision | recall |")
    print("|---|---|---|---|---|---|---|")
    for kind in KINDS:
        print(
            f"| {kind} | " + " | ".join(_cells(totals[held][kind]) for held in (False, True)) + " |"
        )


def _cells(counts: list[int]) -> str:
    hits, want, got = counts
    precision = f"{hits / got:.2f}" if got else "-"
    recall = f"{hits / want:.2f}" if want else "-"
    return f"{hits} of {want} | {precision} | {recall}"


def _print_errors(name: str, want: dict[str, set[str]], got: dict[str, set[str]]) -> None:
    for kind in KINDS:
        missed, invented = want[kind] - got[kind], got[kind] - want[kind]
        if missed or invented:
            print(f"{name}: {kind}: missed {sorted(missed)}, invented {sorted(invented)}")


if __name__ == "__main__":
    main()
