"""Tables of the terminal: every label and column is shown, whatever the width."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.text import Text

import detente
from detente.analysis.relief.relief import Requirements
from detente.cases import Case, load_case
from detente.cli.terminal import PIPED_WIDTH, console
from detente.report import text
from detente.report.layout import Grid, Prose, grid, prose
from detente.report.leverage_tables import influence_view, relief_view
from detente.report.tables import (
    assessment_view,
    evidence_view,
    leakage_view,
    metrics_view,
    world_view,
)

WIDTHS = (60, 80, 100, 160)


def shown(view: RenderableType, width: int) -> str:
    """What a terminal of a width shows; nothing is wider than it."""
    file = io.StringIO()
    screen = Console(file=file, width=width, force_terminal=False)
    screen.print(view, highlight=False)
    lines = file.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    return file.getvalue()


def words(text: object) -> Counter[str]:
    """Words by how often they stand there, without the lines of a table."""
    return Counter(str(text).translate(str.maketrans("│┃", "  ")).split())


def tables_in(view: RenderableType) -> Iterator[Grid | Prose]:
    if isinstance(view, Group):
        for part in view.renderables:
            yield from tables_in(part)
    elif isinstance(view, Grid | Prose):
        yield view


@pytest.fixture(scope="module")
def case() -> Case:
    return load_case("belarus-2025")


@pytest.fixture(scope="module")
def views(case: Case, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RenderableType]:
    store: Path = tmp_path_factory.mktemp("store")
    australia, wanted = load_case("australia-2023"), Requirements(min_gain=0.001)
    held = detente.influence("BLR", case.scenario("us-all"), ["RUS", *case.partners])
    eased = detente.relief(australia, requirements=wanted, store=store, draws=4)
    return {
        "assess": assessment_view(detente.assess(case, draws=2)),
        "leakage": leakage_view(detente.leakage(case, draws=2, store=store)),
        "claims": evidence_view(detente.weigh(australia, 16, workers=1, store=store)),
        "influence": influence_view(held),
        "relief": relief_view(eased),
        "metrics": metrics_view(),
        "world": world_view(detente.load_world("icio2022+potash")),
        "country": world_view(detente.load_world(), "BLR"),
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_no_label_and_no_column_is_lost(views: dict[str, RenderableType], width: int) -> None:
    for name, view in views.items():
        tables = list(tables_in(view))
        assert tables, name
        assert "…" not in shown(view, width)
        for table in tables:
            columns = (table if isinstance(table, Grid) else table.grid).columns
            text = shown(table, width)
            for column in columns:
                assert column.head in text or words(column.head) <= words(text), (name, column.head)
                for cell in column.cells:
                    assert words(cell) <= words(text), (name, column.head, str(cell))


def test_a_part_repeats_the_labels(views: dict[str, RenderableType]) -> None:
    channels = next(tables_in(views["leakage"]))
    text = shown(channels, 60)
    parts = text.count("scenario")
    assert parts > 1
    assert text.count("(continued)") == parts - 1
    assert text.count("US and EU ease, banks") == parts
    assert shown(channels, 160).count("scenario") == 1


def test_zeros_have_no_sign(views: dict[str, RenderableType]) -> None:
    for view in views.values():
        assert not re.findall(r"(?<![\w.])[-−+]0(?:\.0*)?(?![.,\d])", shown(view, 160))


def test_zeros_have_no_sign_in_notebooks() -> None:
    found = detente.assess(load_case("australia-2023"), draws=0)
    small = replace(found, welfare=found.welfare.assign(percent=-0.0001))
    assert "0.000" in small._repr_html_()
    assert "-0.000" not in small._repr_html_()


def test_what_is_piped_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert console().width == PIPED_WIDTH == 160


TEXT = st.text("ab [x]-µ.9", min_size=0, max_size=30)
TABLE = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.lists(TEXT, min_size=n, max_size=n),
        st.lists(st.lists(TEXT, min_size=n, max_size=n), min_size=1, max_size=4),
    )
)


@given(TABLE, st.integers(12, 100), st.booleans())
@settings(max_examples=150, deadline=None)
def test_all_that_is_in_a_table_is_shown(
    table: tuple[list[str], list[list[str]]], width: int, left: bool
) -> None:
    heads, rows = table
    for view in (grid("t", heads, rows, left=left), prose("t", heads, rows, heads[1:2])):
        letters = Counter(shown(view, width))
        cells = [*heads, *(cell for row in rows for cell in row)]
        if isinstance(view, Prose) and ": " in shown(view, width):
            cells = [cell for row in rows for cell in row]
        wanted = Counter("".join(cells))
        wanted.pop(" ", None)
        assert wanted <= letters


def test_brackets_are_no_markup() -> None:
    text = shown(grid("Lift [all]", ["[bold]", "n"], [["[red]x", Text("1")]]), 60)
    for words_ in ("Lift [all]", "[bold]", "[red]x"):
        assert words_ in text


def test_an_assessment_ends_with_what_it_means(case: Case) -> None:
    found = detente.assess(case, draws=4)
    rows = found.welfare[found.welfare["country"] == found.target].set_index("scenario")
    gains, loses = text.meaning(found)
    assert found.titles[rows["percent"].idxmax()] in gains
    assert found.titles[rows["percent"].idxmin()] in loses
    assert gains.startswith("Belarus gains most by")
    assert loses.startswith("Belarus loses most by")
    only = replace(found, welfare=found.welfare[found.welfare["percent"] > 0])
    assert len(text.meaning(only)) == 1
