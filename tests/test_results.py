"""Every result as tables, files and charts, with its units and what made it."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pandas as pd
import pytest

import detente
from detente.errors import MissingExtraError, ScenarioError
from detente.results import Result

pytest.importorskip("altair", reason="charts need the extra detente[report]")
pytest.importorskip("pyarrow", reason="Parquet needs the extra detente[parquet]")

CASE = detente.load_case("australia-2023")
LAST = CASE.last_easing()
MAKE = {
    "outcome": lambda: detente.simulate(CASE).outcome(LAST),
    "equilibrium": lambda: detente.simulate(CASE).outcome(LAST).equilibrium,
    "assess": lambda: detente.assess(CASE, draws=4),
    "influence": lambda: detente.influence("AUS", CASE.scenario(LAST), case=CASE, draws=4),
    "relief": lambda: detente.relief(CASE, draws=4),
    "weigh": lambda: detente.weigh(CASE, 8, workers=1),
}


@pytest.mark.parametrize("name", MAKE)
def test_a_result_goes_anywhere_with_its_units_and_manifest(name: str, tmp_path: Path) -> None:
    found = MAKE[name]()
    table = found.to_dataframe()
    first = next(iter(found.tables()))
    pd.testing.assert_frame_equal(table, found.tables()[first])
    assert table.attrs["units"]
    assert set(table.attrs["units"]) <= set(table)
    found.to_csv(tmp_path)
    found.to_parquet(tmp_path)
    written = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert written["units"][first] == table.attrs["units"]
    assert set(found.tables()) == {p.stem for p in tmp_path.glob("*.csv")}
    again = pd.read_parquet(tmp_path / f"{first}.parquet")
    assert again.attrs["units"] == table.attrs["units"]
    assert again.attrs["manifest"].keys() == found.manifest.keys()
    document = json.loads(found.to_json(tmp_path / "document.json"))
    assert document == json.loads((tmp_path / "document.json").read_text(encoding="utf-8"))
    assert document["units"][first] == table.attrs["units"]
    chart = found.plot().to_dict()
    assert chart["description"]


def test_what_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = MAKE["assess"]()
    with pytest.raises(ScenarioError, match="no table 'welfair'; did you mean 'welfare'"):
        found.to_dataframe("welfair")
    with pytest.raises(ScenarioError, match="no chart 'map' of this; allowed: welfare"):
        found.plot("map")
    with pytest.raises(ScenarioError, match="'CHM' is not in the assessment; did you mean 'CHN'"):
        found.plot(country="CHM")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"detente\[parquet\]"):
        found.to_parquet(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingExtraError, match=r"detente\[report\]"):
        found.plot()


def test_every_kind_of_result_has_a_chart() -> None:
    from detente.report.plots import CHARTS

    layers = (detente.analysis, detente.inference, detente.simulation, detente.equilibrium)
    for layer in layers:
        for module in walk_packages(layer.__path__, f"{layer.__name__}."):
            import_module(module.name)
    kinds = {
        kind.__name__ for kind in Result.__subclasses__() if kind.__module__.startswith("detente.")
    }
    assert kinds == set(CHARTS)
