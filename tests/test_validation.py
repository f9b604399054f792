"""The validation of strengths: its parts, and that what is in the docs is what it made."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detente.errors import ScenarioError, WorldError
from detente.policy.posterior import register_posterior
from detente.simulation.trade import sales

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"
FORECAST = REPOSITORY / "docs" / "validation" / "forecast.json"
POTASH_FORECAST = REPOSITORY / "docs" / "validation" / "potash-forecast.json"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))


def test_the_horizon_grows_to_the_long_run() -> None:
    from validation.states import response

    first = np.array([0.3, 0.5])
    years = [response(first, year) for year in range(1, 12)]
    np.testing.assert_array_equal(years[0], first)
    np.testing.assert_allclose(years[7:], 1.0)
    assert (np.diff(years, axis=0)[:7] > 0).all()


def test_customs_move_goods_to_hubs_and_lose_none() -> None:
    from validation.states import Record, customs

    record = Record.of_register()
    simulation = record.in_year(2022, 1)
    abroad = [c for c in record.world.countries if c != "DEU"]
    np.testing.assert_allclose(
        customs(simulation, "DEU", abroad), sales(simulation.before, "DEU", abroad, ["goods"])
    )
    to_kazakhstan = customs(simulation, "EU27", "KAZ")
    assert (to_kazakhstan > sales(simulation.before, "EU27", "KAZ", ["goods"])).all()
    assert (
        customs(simulation, "EU27", "RUS") < sales(simulation.before, "EU27", "RUS", ["goods"])
    ).all()


def test_no_measure_is_in_force_in_the_reference() -> None:
    from validation.published import NO_SANCTIONS
    from validation.states import Record

    assert not Record.of_register().in_period(*NO_SANCTIONS, None).compiler.now.costs


def test_forecasts_are_written_once(tmp_path: Path) -> None:
    from validation.forecasts import freeze
    from validation.states import Record

    (tmp_path / "forecast.json").write_text("{}")
    with pytest.raises(ScenarioError, match="written once"):
        freeze(Record.of_register(), tmp_path, tmp_path / "forecast.json")


def test_the_frozen_forecasts_are_whole() -> None:
    from validation.forecasts import FLOWS, YEARS

    frozen = json.loads(FORECAST.read_text(encoding="utf-8"))
    assert set(frozen["forecasts"]) == set(FLOWS)
    for forecast in frozen["forecasts"].values():
        assert set(forecast["growth"]) == {str(year) for year in YEARS}
        for low, median, high in forecast["growth"].values():
            assert 0 < low <= median <= high


def test_a_forecast_is_scored_as_it_stands_and_beside_growth_elsewhere() -> None:
    from validation.forecasts import scored

    forecasts = {"flow": {"title": "a flow", "growth": {"2023": [0.4, 0.5, 0.6]}}}
    outcome = {"value": 60.0, "elsewhere": 1.2}
    outcomes = {"flow": {"in_2021": 80.0, "unit": "bn", "years": {2023: outcome}}}
    (row,) = scored(forecasts, outcomes).to_dict("records")
    assert not row["inside"]
    assert row["miss"] == pytest.approx(0.75 / 0.6)
    assert not row["inside beside"]
    assert row["miss beside"] == pytest.approx(0.625 / 0.6)


def test_the_page_is_about_the_posterior_that_ships() -> None:
    page = (REPOSITORY / "docs" / "validation.md").read_text(encoding="utf-8")
    assert register_posterior().fingerprint in page, "run scripts/validate.py again"


def test_examples_of_how_numbers_are_written() -> None:
    from validation import page

    assert doctest.testmod(page).failed == 0


def test_a_folder_without_the_panel_is_refused(tmp_path: Path) -> None:
    from validation.panel import Panel
    from validation.states import Record

    with pytest.raises(WorldError, match=r"no 2011\.npz"):
        Panel.read(tmp_path, Record.of_register().world)


def test_lifting_every_sanction_brings_no_trade_that_was_never_there() -> None:
    if not (SHARED / "data" / "icio_panel").exists():
        pytest.skip("needs ../shared/data/icio_panel, which is not part of the repository")
    from validation.before import SMALLEST, cells_of
    from validation.panel import Panel
    from validation.states import Record

    record = Record.of_register()
    cells = cells_of(record, Panel.read(SHARED / "data" / "icio_panel", record.world))
    large = cells[cells["past"] > SMALLEST]
    lifted = np.median(np.stack(list(large["everything"])), axis=1)
    total = lifted.sum() / large["past"].sum()
    assert 0.7 < total < 1.5
    belarus = (large["sender"] == "USA") & (large["target"] == "BLR")
    assert lifted[belarus.to_numpy()].sum() < 1.2 * large.loc[belarus, "past"].sum()


def test_a_sector_of_the_panel_has_what_the_world_split_off_it() -> None:
    if not (SHARED / "data" / "icio_panel").exists():
        pytest.skip("needs ../shared/data/icio_panel, which is not part of the repository")
    from validation.panel import Panel
    from validation.states import Record

    import detente

    folder = SHARED / "data" / "icio_panel"
    world = Record.of_register().world
    before_the_split = detente.load_world(world.name.partition("+")[0])
    split, whole = (Panel.read(folder, w) for w in (world, before_the_split))
    assert "potash" in Record.of_register().world.sectors
    assert split.sectors == whole.sectors
    np.testing.assert_allclose(split.trade[2022], whole.trade[2022], rtol=1e-6, atol=1e-6)


def test_forecasts_of_potash_are_written_once(tmp_path: Path) -> None:
    from validation.potash_forecast import freeze
    from validation.states import Record

    (tmp_path / "potash-forecast.json").write_text("{}")
    with pytest.raises(ScenarioError, match="written once"):
        freeze(Record.of_register(), tmp_path, tmp_path / "potash-forecast.json")


def test_the_frozen_forecasts_of_potash_are_whole() -> None:
    from validation.potash import MINES
    from validation.potash_forecast import YEARS

    frozen = json.loads(POTASH_FORECAST.read_text(encoding="utf-8"))
    assert list(frozen["forecasts"]) == MINES
    for forecast in frozen["forecasts"].values():
        assert set(forecast["growth"]) == {str(year) for year in YEARS}
        for year, (low, median, high) in forecast["growth"].items():
            tight_low, tight_median, tight_high = forecast["strengths"][year]
            assert 0 < low < tight_low <= tight_median <= tight_high < high
            assert median == pytest.approx(tight_median, rel=0.05)


def test_shocks_widen_a_band_by_as_much_as_output_moved_anyway() -> None:
    from validation.potash_forecast import moved_anyway, with_shocks

    past = pd.DataFrame({2018: [1.0, 2.0], 2019: [1.1, 2.0], 2020: [1.21, 2.0], 2021: [1.331, 2.0]})
    assert moved_anyway(past, 2) == pytest.approx(np.log(1.21) / np.sqrt(2))
    widened = np.log(with_shocks(np.full(401, 0.8), 0.1))
    assert widened.mean() == pytest.approx(np.log(0.8))
    assert widened.std() == pytest.approx(0.1, rel=0.02)


def test_tonnes_of_potash_are_scored_beside_those_of_2022() -> None:
    from validation.potash_forecast import scored, verdict

    forecasts = {
        "CAN": {
            "growth": {"2023": [0.8, 1.0, 1.2], "2024": [0.8, 1.0, 1.2]},
            "strengths": {"2023": [0.98, 1.0, 1.02], "2024": [0.98, 1.0, 1.02]},
        }
    }
    mined = pd.DataFrame({2021: [10.0], 2022: [11.0], 2023: [11.0], 2024: [13.0]}, index=["CAN"])
    rows = scored(forecasts, mined)
    assert list(rows["inside"]) == [True, False]
    assert not rows["inside tight"].any()
    found = verdict(rows)
    assert (found["number"], found["inside"]) == (2, 1)
    assert float(found["as_in_2022"]) < float(found["distance"])


def test_potash_of_belarus_falls_and_its_rivals_deliver_more() -> None:
    from validation.potash import RIVALS, hindcast
    from validation.states import Record

    years = hindcast(Record.of_register())
    assert (years.tonnes("BLR") < 1).all()
    assert (years.sales("BLR") < 1).all()
    assert all((years.tonnes(c) > 1).mean() > 0.5 for c in RIVALS)
    assert (years.price > 1).all()


def test_germany_loses_more_the_less_has_had_time_to_change() -> None:
    from validation.short_run import assumptions, loss
    from validation.states import Record

    world = Record.of_register().world
    losses = [loss(world, "DEU", **options) for options in assumptions(world).values()]
    assert losses[0] < losses[1] < losses[2] < losses[3]
    assert losses[0] < losses[5] < losses[4] < 3.0


def test_belarus_delivers_less_where_its_corridors_did_not_grow() -> None:
    from validation.potash_forecast import held
    from validation.states import Record

    frozen = json.loads(POTASH_FORECAST.read_text(encoding="utf-8"))["forecasts"]["BLR"]
    for year, growth in held(Record.of_register()).items():
        assert 0 < growth < frozen["strengths"][str(year)][0]
