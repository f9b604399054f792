"""Cases with claims, metrics, draws, and what they say."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

import detente
from detente.analysis.assess import welfare_of
from detente.analysis.claims import claim_values, evaluator_of, least_favourable, weigh
from detente.analysis.draws import MADE_BY, Sample, samples_of
from detente.analysis.evidence import WeighedClaim, holds
from detente.analysis.leakage import leak_of
from detente.analysis.sensitivity import Design, break_even, indices
from detente.cases import available_cases, load_case
from detente.cases.amounts import amounts_in
from detente.cases.records import Test as ClaimTest
from detente.cases.template import new_case
from detente.errors import ScenarioError
from detente.policy.compile import Compiler
from detente.policy.fields import Range
from detente.policy.measures import Kind, Strengths
from detente.policy.parameters import Parameters
from detente.simulation.about import About
from detente.simulation.assumptions import ASSUMPTIONS
from detente.simulation.evaluation import Evaluator, Quantity
from detente.simulation.executor import FEW
from detente.simulation.metrics import METRICS
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation, simulate
from detente.simulation.sampling import ParameterSpace
from detente.simulation.store import Store, code_version

DRAWS = 8
MANY = 192
"""Enough for more than a few blocks, so that processes work, and can be stopped between them."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases") / "mine"
    new_case(folder)
    return folder


def at_centre(
    evaluator: Evaluator, scenario: str, *measured: tuple[str, dict[str, object]]
) -> np.ndarray:
    """Metrics of a scenario with every assumption at its central value."""
    wanted = [Quantity(m, About(**parameters), scenario) for m, parameters in measured]
    return evaluator.evaluate(evaluator.space.central()[None], wanted)[0]


@pytest.fixture(scope="module")
def belarus() -> Evaluator:
    return evaluator_of(load_case("belarus-2025"))


def edited(template: Path, tmp_path: Path, file: str, change: dict) -> Path:
    folder = tmp_path / "edited"
    shutil.copytree(template, folder)
    path = folder / file
    YAML(typ="safe").dump({**YAML(typ="safe").load(path), **change}, path)
    return folder


# Case files


@pytest.mark.parametrize("name", available_cases())
def test_every_embedded_case_has_its_records_with_sources(name: str) -> None:
    case = load_case(name)
    assert case.events
    assert case.concessions
    assert case.assumptions
    tested = [c for c in case.claims.values() if c.test is not None]
    assert tested
    assert len(tested) < len(case.claims)
    records = (*case.events.values(), *case.concessions.values(), *case.claims.values())
    assert all(record.source for record in records)


def test_a_new_case_is_complete_and_is_not_overwritten(template: Path) -> None:
    case = load_case(template)
    assert case.claims["gain"].test is not None
    with pytest.raises(ScenarioError, match="is there already"):
        new_case(template)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (
            "claims.yaml",
            {"gain": {"test": {"metric": "wellfare"}}},
            r"claims\.yaml:\d+: .*unknown metric 'wellfare'.*welfare",
        ),
        ("claims.yaml", {"gain": {"outside": "both"}}, "either a `test`"),
        ("claims.yaml", {"gain": {"test": {"parameters": {}}}}, "needs the parameter `country`"),
        (
            "claims.yaml",
            {"gain": {"test": {"parameters": {"country": "TUR", "hub": "KAZ"}}}},
            "no parameter `hub`; it takes country",
        ),
        (
            "claims.yaml",
            {"gain": {"test": {"scenarios": ["lifted", "halve"]}}},
            r"claims\.yaml:\d+: .*unknown scenario 'halve'.*halved",
        ),
        ("claims.yaml", {"gain": {"test": {"threshold": None}}}, "need a `threshold`"),
        ("claims.yaml", {"gain": {"test": {"direction": "rises"}}}, "`falls` have none"),
        ("claims.yaml", {"gain": {"form": "quoted"}}, r"claims\.yaml:\d+: gain|claims\.gain\.form"),
        (
            "assumptions.yaml",
            {"horizont": {"title": "x", "low": 0.1, "central": 0.5, "high": 1, "source": "s"}},
            r"assumptions\.yaml:\d+: .*horizont.*horizon",
        ),
        (
            "assumptions.yaml",
            {"horizon": {"title": "x", "spread": 0.5, "source": "s"}},
            "takes `low`, `central` and `high`, not a `spread`",
        ),
        (
            "assumptions.yaml",
            {"hub-share": {"title": "x", "low": 0.1, "central": 0.2, "high": 0.3, "source": "s"}},
            "no `routes`",
        ),
        (
            "events.yaml",
            {"imposed": {"measures": ["example-steal"]}},
            r"events\.yaml:\d+: .*example-steal.*example-steel",
        ),
    ],
)
def test_a_fault_is_pointed_at(
    template: Path, tmp_path: Path, file: str, change: dict, message: str
) -> None:
    original = YAML(typ="safe").load(template / file)
    merged = {
        key: _merged(original.get(key, {}), value) if isinstance(value, dict) else value
        for key, value in change.items()
    }
    if change.get("horizon"):
        merged = change
    with pytest.raises(ScenarioError, match=message):
        load_case(edited(template, tmp_path, file, merged))


def _merged(old: dict, new: dict) -> dict:
    out = dict(old)
    for key, value in new.items():
        deep = isinstance(value, dict) and value and isinstance(old.get(key), dict)
        out[key] = _merged(old[key], value) if deep and key != "parameters" else value
    return out


def test_a_section_in_two_places_is_refused(template: Path, tmp_path: Path) -> None:
    folder = edited(template, tmp_path, "case.yaml", {"claims": {}})
    with pytest.raises(ScenarioError, match="keep one of them"):
        load_case(folder)


# Metrics


def test_every_metric_assumption_and_kind_has_its_line_in_the_docs() -> None:
    docs = Path(__file__).parents[1] / "docs"
    told = (docs / "cases.md").read_text() + (docs / "regimes.md").read_text()
    for name in (*METRICS, *ASSUMPTIONS, *get_args(Kind)):
        assert f"`{name}`" in told, name


def test_no_change_leaves_every_metric_at_zero(template: Path) -> None:
    case = load_case(template)
    nothing = case.model_copy(
        update={"scenarios": {"none": case.scenarios["lifted"].model_copy(update={"lift": []})}}
    )
    evaluator = evaluator_of(nothing)
    everything = {"country": "TUR", "partner": ["EU27"], "sectors": ["C24A"], "corridor": "any"}
    for name, metric in METRICS.items():
        apart = metric.routed or "corridor" in metric.needs or name == "influence"
        if apart:  # the case has no routes, no corridors, and no cut-off
            continue
        given_ = {k: everything[k] for k in (*metric.needs, *metric.may)}
        assert at_centre(evaluator, "none", (name, given_)) == pytest.approx(0, abs=1e-6), name


def test_metrics_agree_with_the_equilibrium_of_the_scenario(belarus: Evaluator) -> None:
    """A draw at the centre is the scenario solved by itself from the status quo."""
    result = simulate(load_case("belarus-2025").scenario("us-all")).outcome()
    e, trade = result.equilibrium, result.equilibrium.trade.sum("sector")

    def measure(metric: str, **parameters: object) -> float:
        return float(at_centre(belarus, "us-all", (metric, parameters))[0])

    for country in ("BLR", "RUS", "USA"):
        expected = float(e.welfare.sel(country=country))
        assert measure("welfare", country=country) == pytest.approx(expected, abs=1e-6)
    gained = float(e.equivalent_variation.sel(country="BLR"))
    assert measure("equivalent-variation", country="BLR") == pytest.approx(gained, rel=1e-5)
    wage = float(e.real_wage.sel(country="BLR"))
    assert measure("real-wage", country="BLR") == pytest.approx(wage, rel=1e-4)
    sold = trade.sel(origin="BLR", destination="USA")
    growth = 100 * float(sold["after"] / sold["before"] - 1)
    assert measure("exports", country="BLR", partner=["USA"]) == pytest.approx(growth, rel=1e-5)
    foreign = trade.sel(origin="BLR").drop_sel(destination="BLR").sum("destination")
    back = trade.sel(destination="BLR").drop_sel(origin="BLR").sum("origin")
    both = trade.sel(origin="BLR", destination="RUS") + trade.sel(origin="RUS", destination="BLR")
    share = both / (foreign + back)
    points = 100 * float(share["after"] - share["before"])
    assert measure("trade-share", country="BLR", partner=["RUS"]) == pytest.approx(points, abs=1e-6)
    assert result.leakage is not None
    routes = result.leakage.by_route()
    through = routes.drop("direct").sum() / routes.sum()
    rise = 100 * float(through["after"] - through["before"])
    assert measure("through-hubs") == pytest.approx(rise, abs=1e-6)


def test_claims_at_one_scenario_are_those_of_the_central_draw(belarus: Evaluator) -> None:
    """Routes and the status quo are the same by either way; only what it is about is scored."""
    case = load_case("belarus-2025")
    values = claim_values(case, "us-all", simulate(case).outcome("us-all"))
    assert "isw-any-relief" in values
    for name, value in values.items():
        test = case.claims[name].test
        assert test is not None
        assert "us-all" in test.scenarios
        wanted = [Quantity(test.metric, test.parameters, "us-all")]
        expected = belarus.evaluate(belarus.space.central()[None], wanted)[0, 0]
        assert value == pytest.approx(expected, rel=1e-4, abs=1e-6), name
    assert not claim_values(case, "embargo-banks", simulate(case).outcome("embargo-banks"))


def test_influence_is_the_rise_of_the_cost_of_a_cut(template: Path) -> None:
    case = load_case(template)
    world, eased = detente.load_world(), case.scenario("lifted")
    d_hat = simulate(eased).outcome().equilibrium.d_hat
    lifted = detente.Changes(world)
    for origin, destination, sector in zip(*np.nonzero(d_hat.values != 1), strict=True):
        C, S = world.countries, world.sectors
        factor = float(d_hat.values[origin, destination, sector])
        lifted = lifted.cost(C[destination], C[origin], S[sector], factor=factor)
    costs = []
    for changes in (detente.Changes(world), lifted):
        real = [
            detente.solve(world, c, tolerance=1e-10).hats["real_income_hat"].sel(country="TUR")
            for c in (changes, changes.cut_off("TUR", "USA"))
        ]
        costs.append(100 * (1 - float(real[1] / real[0])))
    cut_offs = [("TUR", ("USA",))]
    outcome = simulate(eased, cut_offs=cut_offs, tolerance=1e-10).outcome()
    measured = outcome.measure("influence", About(country="TUR", partner=["USA"]))
    assert measured[0] == pytest.approx(costs[1] - costs[0], abs=1e-6)


def test_sales_are_trade_without_the_domestic_part() -> None:
    world = detente.load_world("icio2022")
    changes = detente.Changes(world).cost("EU27", "TUR", factor=0.9)
    e = detente.solve(world, changes.tariff("EU27", "TUR", "C20", rate=0.1))
    C, S = world.countries, world.sectors
    j, n, i = ([S.index("C20"), S.index("C28")], [C.index("TUR")], [C.index("DEU"), C.index("TUR")])
    block = e.after.sales(*map(np.array, (j, n, i)))
    after = e.trade["after"].sel(destination=["TUR"], sector=["C20", "C28"])
    np.testing.assert_allclose(
        block[:, :, 0, 0], after.sel(origin="DEU").transpose("sector", "destination"), rtol=1e-7
    )
    assert (block[:, :, 1] == 0).all()
    at_home = e.after.sales(*map(np.array, (j, n, i)), at_home=True)
    np.testing.assert_allclose(
        at_home[:, :, 1, 0], after.sel(origin="TUR").transpose("sector", "destination"), rtol=1e-7
    )


@given(st.floats(0, 1), st.lists(st.floats(0.01, 2), min_size=3, max_size=3).map(sorted))
def test_a_range_runs_from_low_to_high_with_its_centre_as_median(
    q: float, ends: list[float]
) -> None:
    low, central, high = ends
    r = Range(low=low, central=central, high=high)
    assert low - 1e-12 <= r.at(q) <= high + 1e-12
    assert r.at(0.5) == pytest.approx(central)
    assert (r.at(0), r.at(1)) == (pytest.approx(low), pytest.approx(high))


def test_strengths_move_the_measures_of_their_sender_only() -> None:
    from detente.policy.register import register

    usa = register()["us-potash-2021"]
    assert usa.ave is not None
    assert Strengths(of={"USA": 1.0}).ave(usa) == usa.ave.high
    assert Strengths(of={"EU27": 1.0}).ave(usa) == usa.ave.central
    assert Strengths.at("low").ave(usa) == usa.ave.low


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_draws_stay_in_their_ranges(belarus: Evaluator, seed: int) -> None:
    space = belarus.space
    u = np.random.default_rng(seed).random(len(space.groups))
    values, p = space.values(u[None]), space.parameters(u[None])
    for name, a in space.assumptions.items():
        if a.low is not None:
            assert a.range.low <= float(values[name][0]) <= a.range.high
    assert (p.theta > 0).all()
    assert (p.theta <= p.theta_long).all()


def test_measures_stop_as_much_trade_whatever_the_elasticity() -> None:
    scenario = load_case("belarus-2025").scenario("us-goods")
    world = scenario.load_world()
    compiler = Compiler(world, {"us": scenario})
    plain = Parameters.central(scenario, world)
    theta = plain.theta_long[compiler.entries.positions // len(world.countries) ** 2]
    costs = [
        compiler.under(replace(plain, theta_long=scale * plain.theta_long)).scenario("us").log_d
        for scale in (1.0, 0.5)
    ]
    assert costs[0].any()
    np.testing.assert_allclose(-0.5 * theta * costs[1][:-1], -theta * costs[0][:-1], rtol=1e-12)


def space_of(template: Path) -> ParameterSpace:
    return evaluator_of(load_case(template)).space


def test_sobol_indices_of_an_additive_metric_are_its_shares(template: Path) -> None:
    space = space_of(template)
    design = Design(space, 1024, seed=1)
    assert (design.draws, design.size) == (1024, 6 * 512)
    at = {name: space.groups.index(name) for name in space.names}
    u = design.of_saltelli(design.points)
    found = indices(design, 3 * u[:, at["horizon"]] + u[:, at["closure"]])
    assert found.loc["horizon", "total"] == pytest.approx(0.9, abs=0.05)
    assert found.loc["strength-EU27-steel", "total"] == pytest.approx(0, abs=1e-9)
    assert indices(design, np.ones(design.size))["total"].isna().all()


def test_sobol_indices_that_are_kept_are_not_computed_again(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    design, kept = Design(space_of(template), 16, seed=1), Store(tmp_path)
    values = design.of_saltelli(design.points)[:, 0]
    first = indices(design, values, kept)
    pd.testing.assert_frame_equal(first, indices(design, values))
    monkeypatch.setattr("SALib.analyze.sobol.analyze", lambda *_, **__: pytest.fail("again"))
    pd.testing.assert_frame_equal(first, indices(design, values, kept))


def test_break_even_of_a_known_function(template: Path) -> None:
    space = space_of(template)
    design = Design(space, 2, seed=0)
    first = space.groups.index("horizon")

    def margin(points: np.ndarray) -> np.ndarray:
        return space.value("horizon", points[:, first]) - 0.7

    def turning(name: str, function: Callable[[np.ndarray], np.ndarray]) -> str | None:
        return break_even(design, name, design.all_along(function(design.points))[name], function)

    assert "is 0.7" in str(turning("horizon", margin))
    assert turning("horizon", lambda points: np.ones(len(points))) is None
    assert turning("closure", lambda points: np.ones(len(points))) is None


# Verdicts


def weighed(values: list[float], **test: object) -> WeighedClaim:
    claim = load_case("belarus-2025").claims
    some = next(c for c in claim.values() if c.test is not None)
    fields = {"metric": "welfare", "parameters": {"country": "RUS"}, "scenarios": ["us-all"]}
    tested = ClaimTest.model_validate({**fields, "direction": "rises", **test})
    sobol = pd.DataFrame({"title": ["Horizon"], "total": [1.0]}, index=["horizon"])
    return WeighedClaim(
        "x", some.model_copy(update={"test": tested}), np.array(values), 0.0, sobol, sobol,
        "horizon", "",
    )  # fmt: skip


def test_verdicts_in_plain_words() -> None:
    assert weighed([1.0] * 10).verdict == "supported"
    assert weighed([-1.0] * 10).verdict == "contradicted"
    assert weighed([-1.0, 1.0]).verdict == "depends on horizon"
    tiny = weighed([0.001] * 10, negligible=0.01)
    assert tiny.verdict == "supported, but too small to matter"
    assert weighed([0.001] * 10, direction="above", threshold=0.5).verdict == "contradicted"


def said(words: str, **test: object) -> WeighedClaim:
    found = weighed([-0.115] * 10, **test)
    return replace(found, claim=found.claim.model_copy(update={"said": words}))


def test_a_number_that_no_threshold_tests_is_told() -> None:
    words = "The ban takes 0.6 points off its growth."
    assert said(words, direction="falls").verdict == "supported, the number is not tested"
    assert said(words, direction="below", threshold=-0.6).verdict == "contradicted"
    assert said(words, direction="below", threshold=-0.1).verdict == "supported"
    assert said(words, direction="rises").verdict == "contradicted"
    tiny = said(words, direction="falls", negligible=1.0)
    assert tiny.verdict == "supported, but too small to matter, the number is not tested"
    assert said("It fell after 12 May 2022.", direction="falls").verdict == "supported"


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("It lowers income by 0.009 percent.", ["0.009 percent"]),
        ("Exports fell 40%, to 1,200 tonnes in 2021.", ["40%", "1,200"]),
        ("A cost of about 11 billion dollars, half of it in 2020", ["11 billion", "half"]),
        ("The EU27 and the G7 acted in 2014 and on 4 August 2022, under resolution-2231.", []),
        ("COVID-19 did more harm than C20 exports of 2019-2021.", []),
        ("Trade doubled.", ["doubled"]),
        ("It would lose a third, or five percent of income.", ["a third", "five percent"]),
    ],
)
def test_numbers_are_told_from_years_and_names(words: str, numbers: list[str]) -> None:
    assert amounts_in(words) == numbers


def test_a_claim_about_several_scenarios_holds_only_in_all() -> None:
    test = weighed([0.0]).test
    values = np.array([[1.0, -1.0], [2.0, 3.0]])
    assert least_favourable(test, values).tolist() == [-1.0, 2.0]
    assert holds(test, least_favourable(test, values)).tolist() == [False, True]
    falls = weighed([0.0], direction="falls").test
    assert least_favourable(falls, values).tolist() == [1.0, 3.0]
    share = weighed([0.0], direction="above", threshold=0.4, relative_to="us-eu-all").test
    assert least_favourable(share, values).tolist() == pytest.approx([-1.0, 2 / 3])
    assert not holds(test, np.array([np.nan]))[0]


def test_claims_outside_the_model_are_told_and_not_scored(template: Path, tmp_path: Path) -> None:
    found = weigh(load_case(template), DRAWS, workers=1, store=tmp_path)
    assert set(found.weighed) == {"gain"}
    assert set(found.outside) == {"motive"}
    table = found.table()
    assert table.loc["motive", "verdict"] == "outside the model"
    assert np.isnan(table.loc["motive", "probability"])
    assert table.loc["gain", "low"] <= table.loc["gain", "median"] <= table.loc["gain", "high"]
    assert found.weighed["gain"].probability == 0.0
    assert found.weighed["gain"].verdict == "contradicted"
    assert 0.001 < found.weighed["gain"].band[1] < 0.1


def test_draws_of_claims_are_those_of_assess_and_leakage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was solved for claims is not solved again, and says the same."""
    whole = load_case("syria-2025")
    case = whole.model_copy(
        update={
            "assumptions": {k: whole.assumptions[k] for k in ("closure", "hub-share")},
            "scenarios": {k: whole.scenarios[k] for k in ("us-all", "us-eu-all")},
            "claims": {"gain": whole.claims["crippling"]},
        }
    )
    samples = weigh(case, DRAWS, workers=1, store=tmp_path / "claims").samples
    solved: list[str] = []
    outcome = Simulation.outcome

    def seen(simulation: Simulation, name: str | None = None) -> Outcome:
        solved.append(name or "")
        return outcome(simulation, name)

    asked = [*welfare_of(case), *leak_of(case)]
    afresh = dict_of(samples_of(case, asked, DRAWS, store=tmp_path / "afresh"))
    monkeypatch.setattr(Simulation, "outcome", seen)
    every = samples_of(case, asked, DRAWS, known=samples, store=tmp_path / "rest")
    assert set(solved) == {"us-eu-all"}
    told: list[tuple[int, int]] = []
    samples_of(case, asked, DRAWS, known=every, progress=lambda *done: told.append(done))
    assert told == [(DRAWS, DRAWS)]
    known = dict_of(every)
    assert afresh.keys() <= known.keys()
    for name, values in afresh.items():
        np.testing.assert_allclose(known[name], values, rtol=1e-5, atol=1e-5)


def dict_of(samples: Sequence[Sample]) -> dict[str, np.ndarray]:
    return {f"{q.metric} {q.about} {q.scenario}": values for q, values in samples}


# Interrupted and spread runs


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def uninterrupted(template: Path, whole: Path) -> dict:
    return _claims(template, whole)


@pytest.mark.parametrize(
    ("changed", "thrown_away"),
    [
        ("report/charts.py", False),
        ("analysis/influence.py", False),
        ("analysis/claims.py", False),
        ("analysis/draws.py", True),
        ("equilibrium/model.py", True),
        ("cases/case.py", True),
        ("policy/regimes/russia.yaml", True),
        ("policy/data/posterior.json", True),
        ("world/data/icio2022.npz", True),
    ],
)
def test_draws_are_kept_until_what_makes_them_changes(
    changed: str, thrown_away: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "detente"
    shutil.copytree(Path(detente.__file__).parent, copy)
    monkeypatch.setattr("detente.simulation.store.files", lambda package: copy)
    fingerprint = partial(code_version.__wrapped__, *MADE_BY)
    before = fingerprint()
    assert before == code_version(*MADE_BY)
    (copy / changed).write_bytes((copy / changed).read_bytes() + b"#")
    assert (fingerprint() != before) == thrown_away


def _command(template: Path, store: Path, *options: str) -> list[str]:
    words = ("claims", str(template), "--draws", str(MANY), "--store", str(store), "--json")
    return [sys.executable, "-m", "detente", *words, *options]


def _claims(template: Path, store: Path, *options: str) -> dict:
    done = subprocess.run(
        _command(template, store, *options), capture_output=True, text=True, check=True
    )
    assert len(list(store.rglob("block-*.npy"))) > FEW
    return json.loads(done.stdout)


def _blocks(store: Path) -> dict[str, bytes]:
    found = sorted(store.rglob("block-*.npy"))
    return {p.relative_to(store).as_posix(): p.read_bytes() for p in found}


def test_a_killed_run_goes_on_and_gives_the_same_bits(
    template: Path, tmp_path: Path, whole: Path, uninterrupted: dict
) -> None:
    process = subprocess.Popen(
        _command(template, tmp_path, "--workers", "2"), stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not _blocks(tmp_path) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = _blocks(tmp_path)
    assert before
    torn = next(tmp_path.rglob("block-*.npy"))
    torn.write_bytes(torn.read_bytes()[:-8])
    assert _claims(template, tmp_path, "--workers", "1") == uninterrupted
    after = _blocks(tmp_path)
    assert after == _blocks(whole)
    assert all(after[name] == bits for name, bits in before.items())


def test_a_cluster_that_loses_a_worker_gives_the_same_result(
    template: Path, tmp_path: Path, uninterrupted: dict
) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, memory_limit=0, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victims = [client.run(os.getpid)]

        def lose_one(done: int, total: int) -> None:
            if done and victims:
                os.kill(next(iter(victims.pop().values())), signal.SIGKILL)

        found = weigh(
            load_case(template), MANY, store=tmp_path, scheduler=cluster.scheduler_address,
            progress=lose_one,
        )  # fmt: skip
        assert not victims
    document = json.loads(found.to_json())
    assert document == uninterrupted


def test_a_scheduler_that_is_not_there_is_told(template: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        _command(template, tmp_path, "--scheduler", "tcp://127.0.0.1:9"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no Dask scheduler answers" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_seed_decides_the_draws(template: Path, tmp_path: Path) -> None:
    case = load_case(template)
    space = evaluator_of(case).space
    one, two, again = (Design(space, DRAWS, seed).points for seed in (0, 1, 0))
    assert (one == again).all()
    assert not (one == two).all()


def test_charts_and_pages_are_written(template: Path, tmp_path: Path) -> None:
    from detente.report.claims_charts import write_evidence

    found = weigh(load_case(template), DRAWS, workers=1, store=tmp_path / "draws")
    paths = write_evidence(found, tmp_path / "out", "svg")
    assert [p.name for p in paths] == ["densities.svg", "tornado.svg", "claims.html", "claims.csv"]
    page = (tmp_path / "out" / "claims.html").read_text()
    assert "Lifting the quota would do Türkiye a lot of good." in page
    assert "Tested: Lifting the quota raises Turkish real income by more than a tenth" in page
    assert "not scored" in page
    assert "http" not in page.replace("http-equiv", "")
    assert pd.read_csv(tmp_path / "out" / "claims.csv").shape[0] == 2
