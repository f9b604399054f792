"""Charts: written whole, without a network, readable by machine and by screen reader."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest

from detente.analysis.leakage import CaseLeakage
from detente.errors import MissingExtraError, ScenarioError
from detente.report.charts import leakage_chart, save_chart
from detente.report.sankey import supply_chart
from test_command_line import detente

pytest.importorskip("altair", reason="charts need the extra detente[report]")

CURVE = pd.DataFrame(
    {"through_hubs": [2000.0, 500.0], "share_through_hubs": [0.03, 0.01], "welfare": [0.1, 0.0]},
    index=pd.Index([1.0, 1.2], name="mu_hat"),
)
LINKS = pd.DataFrame(
    [
        (when, origin, route, value * scale)
        for when, scale in (("before", 1.0), ("after", 1.5))
        for origin, route, value in (
            ("EU27", "direct", 5e4), ("EU27", "BLR", 1e3), ("CHN", "direct", 4e4),
        )
    ],
    columns=["when", "origin", "route", "value"],
)  # fmt: skip
LEAKS = CaseLeakage(
    title="A case",
    country="RUS",
    hub="BLR",
    titles={},
    channels=pd.DataFrame(),
    routes=pd.DataFrame(),
    break_evens={},
    drawn="",
    supply=LINKS,
    enforcement=CURVE,
    certainty=None,
    manifest={},
)


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
def test_charts_are_files_of_their_own(tmp_path: Path, ending: str) -> None:
    for name, chart in (
        ("supply", supply_chart(LEAKS)),
        ("curve", leakage_chart(LEAKS)),
    ):
        path = tmp_path / f"{name}.{ending}"
        save_chart(chart, path)
        data = path.read_bytes()
        if ending == "svg":
            words = " ".join(e.text or "" for e in ET.fromstring(data).iter())
            assert ("China 40.0" in words) == (name == "supply")
        if ending == "png":
            assert data.startswith(b"\x89PNG")
        if ending == "html":
            assert b'src="http' not in data


def test_charts_describe_themselves() -> None:
    assert "before Belarus 1.0" in supply_chart(LEAKS).to_dict()["description"]
    assert "from 2.00 to 0.50" in leakage_chart(LEAKS).to_dict()["description"]


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"\.svg, \.png, \.html"):
        save_chart(leakage_chart(LEAKS), tmp_path / "chart.jpg")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(
        MissingExtraError, match=r"'detente\[report\]', or pip install '\.\[report\]'"
    ):
        leakage_chart(LEAKS)


def test_a_chart_that_cannot_be_drawn_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "chart.svg"
    path.write_text("as it was")
    chart = leakage_chart(LEAKS)
    chart.width = "wide"
    with pytest.raises(Exception, match="'wide' is an invalid value"):
        save_chart(chart, path)
    assert [p.name for p in tmp_path.iterdir()] == ["chart.svg"]
    assert path.read_text() == "as it was"


def test_the_command_prints_channels_and_draws(tmp_path: Path) -> None:
    done = detente(
        "leakage", "belarus-2025", "-o", str(tmp_path), "--format", "svg", "--draws", "2"
    )
    assert done.returncode == 0, done.stderr
    for words in ("circumvention", "Break-even", "Enforcement at Belarus", "hub margins"):
        assert words in done.stdout
    assert {p.name for p in tmp_path.iterdir()} == {"supply.svg", "leakage.svg"}


def test_the_command_refuses_a_hub_that_is_none() -> None:
    done = detente("leakage", "belarus-2025", "--hub", "USA")
    assert done.returncode == 2
    assert "hubs are BLR" in done.stderr
