"""Commands that make a case of a report, and walk through what is open in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detente.cli.options import option
from detente.cli.terminal import console, tell_written

if TYPE_CHECKING:
    from detente.cases.drafting import Draft
    from detente.cases.drafting.review import Point


def draft(
    report: Annotated[Path, typer.Argument(help="The report: text, .html, .md or .pdf.")],
    output: Annotated[Path, option("Folder to make.", "-o", "--output")],
    date: Annotated[
        str | None, option("Day of the report, as 2025-02-15; by default what the report says.")
    ] = None,
    pipeline: Annotated[
        str | None,
        option(
            "spaCy pipeline with a parser, for speakers; `none` for rules alone. By default "
            "the first English one that is installed."
        ),
    ] = None,
    extractor: Annotated[
        str, option("What reads the report: `rules`, or an entry point of another package.")
    ] = "rules",
) -> None:
    """Make a case of a news report: each record with its sentence, and what is to be confirmed."""
    from detente.cases.drafting import draft_case, read_report
    from detente.cases.drafting.draft import day_of

    found = draft_case(read_report(report, day_of(date) if date else None), extractor, pipeline)
    tell_written(found.write(output))
    console().print(_summary(found), highlight=False, markup=False)
    print(f"now confirm it: detente case review {output}")


def _summary(found: Draft) -> str:
    case = found.case()
    lines = [f"{role}: {', '.join(names)}" for role, names in case.parties.items()]
    lines += [f"{name}: {change.title}" for name, change in case.scenarios.items()]
    tested = sum(claim.test is not None for claim in case.claims.values())
    lines.append(
        f"{len(case.events)} events, {len(case.concessions)} concessions, {len(case.claims)} "
        f"claims ({tested} tested), {len(case.measures)} measures that are not on file"
    )
    lines += [f"open: {question.ask}" for question in found.questions]
    return "\n".join(lines)


def review(
    folder: Annotated[Path, typer.Argument(help="Folder of a drafted case.")],
    list_only: Annotated[bool, option("Print what is open, and change nothing.", "--list")] = False,
) -> None:
    """Walk through the open points of a drafted case: accept, change, drop, or later."""
    from detente.cases.drafting.review import open_points

    points = open_points(folder)
    if list_only:
        for point in points:
            print(_shown(point))
        return
    for number, point in enumerate(points, 1):
        print(f"\n[{number} of {len(points)}] {_shown(point)}")
        if not _answered(folder, point):
            break
    left = len(open_points(folder))
    print(f"\n{left} open" if left else f"\nnothing is open: detente assess {folder}")


def schema(
    section: Annotated[
        str | None, typer.Argument(help="Section with a file of its own, such as claims.")
    ] = None,
) -> None:
    """Print a JSON Schema of case files, for editors that complete and check them."""
    import json

    from detente.cases.schema import case_schema

    print(json.dumps(case_schema(section), indent=2))


def _shown(point: Point) -> str:
    lines = [f"{'.'.join(point.at)}: {point.ask}"]
    lines += [f"  report: “{point.text}”"] if point.text else []
    lines += [f"  draft:  {point.value}"] if point.value is not None else []
    return "\n".join(lines)


def _answered(folder: Path, point: Point) -> bool:
    """Ask until there is an answer that the case can be loaded with; False to stop."""
    from detente.cases.drafting.review import answer, open_points
    from detente.errors import ScenarioError

    if point.at not in [p.at for p in open_points(folder)]:
        return True
    offered = {"[c]hange": point.changes, "[d]rop": point.whole}
    choices = ", ".join(
        ["[a]ccept", *(c for c, able in offered.items() if able), "[l]ater, [q]uit"]
    )
    while True:
        try:
            key = typer.prompt(choices, default="l").strip().lower()[:1]
            if key in ("l", "q"):
                return bool(key == "l")
            if key == "a":
                answer(folder, point, "accept")
            elif key == "c" and point.changes:
                answer(folder, point, "change", typer.prompt(".".join(point.at)))
            elif key == "d" and point.whole:
                answer(folder, point, "drop")
            else:
                continue
            return True
        except ScenarioError as error:
            print(f"that does not load: {error}")
        except typer.Abort:
            return False
