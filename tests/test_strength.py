"""Strengths and falls of trade; percent is understood as percent."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

import detente
from detente.cli.commands import app
from detente.errors import ScenarioError
from detente.policy.changes import Changes
from detente.policy.measures import Measure
from detente.policy.reading import parse_scenario
from detente.policy.scenario import Scenario
from detente.policy.strength import ave_of_fall, fall_of_ave
from detente.source import Source

DUTY = {"senders": "USA", "target": "IND", "kind": "tariff", "sectors": "goods"}
BAN = {"senders": "EU27", "target": "BLR", "kind": "import-ban", "sectors": "C16"}


def run(*words: str):
    return CliRunner().invoke(app, ["strength", *words])


@pytest.mark.parametrize("fall", [0.01, 0.5, 0.6, 0.99])
@pytest.mark.parametrize("theta", [1.45, 5.01, 10.56])
def test_a_fall_and_its_strength_are_one(fall, theta):
    assert fall_of_ave(ave_of_fall(fall, theta), theta) == pytest.approx(fall, abs=1e-12)


def test_strengths_on_file_follow_from_their_rule():
    """docs/regimes.md: wood, theta 8.8, falls of 75, 95 and 99 percent."""
    wood = detente.load_world("icio2022").data["theta"].sel(sector="C16").item()
    found = [round(ave_of_fall(fall, wood), 2) for fall in (0.75, 0.95, 0.99)]
    assert found == [0.17, 0.41, 0.69]


def test_the_model_s_trade_falls_as_much_where_prices_hold():
    """(1 + a)^-theta of covered trade is left at given prices: X_after over X_before."""
    world = detente.load_world("icio2022")
    theta = world.data["theta"].sel(sector="C16").item()
    cut = Changes(world).cost("ISL", "DEU", "C16", factor=1 + ave_of_fall(0.6, theta))
    after = detente.solve(world, cut).pi_after.sel(origin="ISL", destination="DEU", sector="C16")
    before = world.data["pi"].sel(origin="ISL", destination="DEU", sector="C16")
    assert float(after / before) == pytest.approx(0.4, rel=0.01)


def test_the_command_goes_there_and_back():
    found = run("--falls", "60%", "--sector", "C16", "--horizon", "1y", "--json")
    (row,) = json.loads(found.output)
    assert row["theta"] == pytest.approx(0.38 * 8.8, abs=0.01)
    back = run("--ave", f"{row['ave']}", "--sector", "wood", "--horizon", "first-year", "--json")
    assert json.loads(back.output)[0]["falls"] == pytest.approx(0.6)


def test_a_shorter_horizon_needs_a_stronger_measure_for_the_same_fall():
    strengths = [
        json.loads(run("--falls", "0.6", "--sector", "C16", "--horizon", h, "--json").output)[0][
            "ave"
        ]
        for h in ("1y", "3y", "long")
    ]
    assert strengths == sorted(strengths, reverse=True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--falls", "60", "--sector", "C16"], "did you mean 60 % or 0.6?"),
        (["--falls", "100%", "--sector", "C16"], "needs a ban"),
        (["--falls", "much", "--sector", "C16"], "no rate"),
        (["--sector", "C16"], "either --falls"),
        (["--falls", "60%", "--ave", "1", "--sector", "C16"], "either --falls"),
        (["--falls", "60%", "--sector", "C16", "--horizon", "2y"], "allowed: 1y"),
        (["--ave", "-200%", "--sector", "C16"], "greater than -1"),
    ],
)
def test_the_command_says_what_is_wrong(words, told):
    assert told in str(run(*words).exception)


# -- percent ------------------------------------------------------------------------------------


def test_a_percentage_is_a_share_of_one():
    assert Measure(**DUTY, ave="25%").strength() == 0.25
    ranged = Measure(**BAN, ave={"low": "20 %", "central": 0.4, "high": "75 percent"}, share="80%")
    assert (ranged.strength("low"), ranged.strength("high"), ranged.share) == (0.2, 0.75, 0.8)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({**DUTY, "ave": 25}, "did you mean 25 % or 0.25?"),
        ({**DUTY, "ave": {"low": 5, "central": 10, "high": 15}}, "did you mean 5 % or 0.05?"),
        ({**BAN, "ave": 40}, "did you mean 40 % or 0.4?"),
        ({**BAN, "ave": 0.4, "share": 80}, "did you mean 80 % or 0.8?"),
        ({**BAN, "ave": 0.4, "split": {"C16": 80}}, "did you mean 80 % or 0.8?"),
    ],
)
def test_a_bare_percentage_is_refused(fields, told):
    with pytest.raises(ValidationError) as error:
        Measure(**fields)
    assert told in str(error.value)


def test_a_duty_above_three_hundred_percent_may_be_meant():
    assert Measure(**DUTY, ave="500%").strength() == 5.0


def test_percent_stands_in_files_too():
    text = (
        "title: half\nworld: icio2022\nease: {eu-wood-2022: 50%}\nharden: {eu-steel-2022: 150%}\n"
    )
    scenario = parse_scenario(Source.parse(text, "s.yaml"))
    assert scenario.ease == {"eu-wood-2022": 0.5}
    assert scenario.harden == {"eu-steel-2022": 1.5}
    with pytest.raises(ScenarioError, match=r"s\.yaml:2: ease.*did you mean 50 % or 0\.5"):
        parse_scenario(Source.parse("title: x\nease: {eu-wood-2022: 50}\n", "s.yaml"))


def test_tariffs_of_changes_take_percent():
    world = detente.load_world("icio2022")
    by_share = Changes(world).tariff("IND", "USA", "C16", rate=0.25)
    by_percent = Changes(world).tariff("IND", "USA", "C16", rate="25%")
    assert np.array_equal(by_share.tariff_after, by_percent.tariff_after)
    with pytest.raises(ScenarioError, match="did you mean 25 % or 0.25"):
        Changes(world).tariff("IND", "USA", rate=25)
    with pytest.raises(ScenarioError, match="tariff rate"):
        Changes(world).tariff("IND", "USA", rate="a lot")


def test_scenarios_can_be_made_in_python_with_percent():
    scenario = Scenario(title="", measures={"duty": {**DUTY, "ave": "25%"}}, impose=["duty"])
    assert scenario.measures["duty"].strength() == 0.25
