"""Relief packages: enumeration, frontier, Shapley values, prices, coalitions, snap-back."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from detente import Changes, ConvergenceError, ScenarioError, solve
from detente.analysis.assess import welfare_of
from detente.analysis.draws import samples_of
from detente.analysis.relief.bundles import MOST_BUNDLES, PACKAGES, Bundles, bundles_of, can_ease
from detente.analysis.relief.burden import share_burden
from detente.analysis.relief.certainty import _share_best
from detente.analysis.relief.packages import (
    cheapest,
    frontier,
    limits_kept,
    nash_bargain,
    offers,
    shapley,
    table,
)
from detente.analysis.relief.relief import Relief, Requirements, relief
from detente.analysis.relief.search import _knapsack, searched
from detente.analysis.relief.snapback import snap_back
from detente.analysis.relief.solved import evaluate, solve_packages, with_cut_offs
from detente.analysis.relief.starts import Starts
from detente.cases import Case, load_case
from detente.policy.compile import Compiler
from detente.policy.compiled import Costs
from detente.policy.parameters import Parameters
from detente.policy.scenario import Change, Scenario
from detente.report.leverage_tables import certainty_sentence
from detente.simulation.evaluation import BAND
from detente.simulation.outcome import Outcome
from detente.simulation.run import Simulation, simulate
from test_command_line import detente
from worlds import make_world

MEASURES = ["us-banks-2022", "us-potash-2021", "eu-swift-2022", "eu-wood-2022", "eu-industry-2024"]
NAMED = ",".join(MEASURES)
DRAWN = 12


@pytest.fixture(scope="module")
def case() -> Case:
    return load_case("belarus-2025")


@pytest.fixture(scope="module")
def bundles(case: Case) -> Bundles:
    return bundles_of(case, measures=MEASURES, rival="RUS")


@pytest.fixture(scope="module")
def packages(bundles: Bundles) -> xr.Dataset:
    return solve_packages(bundles, "RUS")


@pytest.fixture(scope="module")
def floor(packages: xr.Dataset) -> float:
    """A gain that some packages reach and others do not."""
    return 0.6 * float(packages["gain"].max())


@pytest.fixture(scope="module")
def cap(packages: xr.Dataset) -> float:
    """A leak that some packages keep to, and easing everything does not."""
    return 0.5 * float(packages["leak"].min() + packages["leak"][-1])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def findings(case: Case, floor: float, store: Path) -> Relief:
    wanted = Requirements(min_gain=floor)
    return relief(case, measures=MEASURES, requirements=wanted, draws=DRAWN, store=store)


# -- packages -----------------------------------------------------------------------------------


def test_a_package_is_the_scenario_that_lifts_its_measures(
    case: Case, bundles: Bundles, packages: xr.Dataset
) -> None:
    eased = packages.isel(package=0b01011)
    assert eased["words"].item() == "USA: all; EU27: eu-wood-2022"
    lifted = ["us-banks-2022", "us-potash-2021", "eu-wood-2022"]
    result = simulate(bundles.scenario.model_copy(update={"ease": {}, "lift": lifted})).outcome()
    welfare = result.equilibrium.welfare
    assert float(eased["gain"]) == pytest.approx(float(welfare.sel(country="BLR")), abs=1e-7)
    assert float(eased["leak"]) == pytest.approx(float(welfare.sel(country="RUS")), abs=1e-7)
    assert result.leakage is not None
    through = result.leakage.by_route()["after"].drop("direct").sum()
    assert float(eased["through_hubs"]) == pytest.approx(through, rel=1e-7)
    flows = result.equilibrium.trade["after"].sum("sector")
    both = flows.sel(origin="BLR").values + flows.sel(destination="BLR").values
    at = {c: k for k, c in enumerate(result.world.countries)}
    both[at["BLR"]] = 0
    share = 100 * both[at["RUS"]] / both.sum()
    assert float(eased["rival_share"]) == pytest.approx(share, rel=1e-3)


def test_a_duty_in_the_accounts_is_eased_as_in_a_scenario(case: Case) -> None:
    bundles = bundles_of(
        case, measures=["eu-cereals-tariff-2024", "eu-wood-2022"], degrees=[0.5, 1]
    )
    assert (bundles.columns.rate != bundles.simulation.compiled.status_quo.rate).any()
    found = evaluate(bundles, np.array([[1, 2]]), "RUS")
    eased = {"eu-cereals-tariff-2024": 0.5, "eu-wood-2022": 1.0}
    welfare = (
        simulate(bundles.scenario.model_copy(update={"ease": eased})).outcome().equilibrium.welfare
    )
    assert float(found["gain"][0]) == pytest.approx(float(welfare.sel(country="BLR")), abs=1e-7)
    assert found["words"].values[0] == "EU27: eu-cereals-tariff-2024 (50 %), eu-wood-2022"


def test_nothing_changes_nothing_and_more_degrees_make_more_packages(case: Case) -> None:
    bundles = bundles_of(case, measures=MEASURES[:2], degrees=[1, 0.5])
    found = solve_packages(bundles, "RUS", workers=1)
    assert bundles.degrees == (0.5, 1.0)
    assert found.sizes["package"] == 9
    assert abs(float(found["gain"][0])) < 1e-7
    assert float(found["rival_share"][0]) > 40
    rising = found["gain"].values.reshape(3, 3)
    assert (np.diff(rising, axis=0) > 0).all()
    assert (np.diff(rising, axis=1) > 0).all()


def test_the_result_does_not_depend_on_the_number_of_threads(
    bundles: Bundles, packages: xr.Dataset
) -> None:
    alone = evaluate(bundles, bundles.all_levels(), "RUS", workers=1)
    xr.testing.assert_identical(alone, packages)
    few = evaluate(bundles, bundles.all_levels()[:8], "RUS")
    for name in ("gain", "leak", "sender_percent", "rival_share", "hub_share"):
        np.testing.assert_allclose(few[name], packages[name][:8], atol=1e-6)


def test_what_smaller_packages_do_is_where_the_search_for_larger_starts(bundles: Bundles) -> None:
    """In logs, what few bundles do together adds up: near a package, and at one that is known."""
    levels, s = bundles.all_levels(), bundles.simulation

    def solved(levels: np.ndarray) -> Outcome:
        return s.respond(bundles.costs(levels), PACKAGES)

    starts, everything = Starts(bundles), solved(levels[-1:]).after
    seen, gaps = [], []
    assert starts.near(levels[-1:]) is None
    for layer in starts.layers(levels):
        assert len(set((levels[layer] > 0).sum(1))) == 1
        near, after = starts.near(levels[layer]), solved(levels[layer]).after
        assert near is not None
        gaps.append(float(np.abs(near.log_P - after.log_P).max()))
        starts.learn(levels[layer], after)
        seen += list(layer)
    assert sorted(seen) == list(range(32))
    assert gaps[0] < 1e-8
    assert (np.diff(gaps[1:]) < 0).all()
    assert gaps[-1] < 1e-3 * gaps[1]
    again = s.respond(bundles.costs(levels[-1:]), PACKAGES, near).after
    assert again.evaluations[0] < 0.5 * everything.evaluations[0]
    np.testing.assert_allclose(again.real_income, everything.real_income, rtol=1e-7)
    known = starts.near(levels[[0b101, -1]])
    assert known is not None
    np.testing.assert_allclose(known.log_w[:, 1:], everything.log_w, atol=1e-7)


def test_degrees_start_from_degrees(case: Case) -> None:
    """A package's parts have the degree that they have in it."""
    bundles = bundles_of(case, measures=MEASURES[:2], degrees=[0.5, 1])
    levels, starts, before = bundles.all_levels(), Starts(bundles), bundles.simulation.before
    alone = levels[(levels > 0).sum(1) < 2]
    after = bundles.simulation.respond(bundles.costs(alone), PACKAGES).after
    starts.learn(alone, after)
    near = starts.near(np.array([[1, 2]]))
    first, second = (alone == [1, 0]).all(1), (alone == [0, 2]).all(1)
    assert near is not None
    added = after.log_w[:, first] + after.log_w[:, second] - before.log_w
    np.testing.assert_allclose(near.log_w, added, atol=1e-8)


def test_a_package_without_an_equilibrium_is_named(
    bundles: Bundles, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = Simulation.respond

    def none(simulation: Simulation, costs: Costs, *others: object, ahead: bool) -> Outcome:
        if costs.log_d.shape[1] > 1:
            raise ConvergenceError("no equilibrium", {"draw": 1})
        return respond(simulation, costs, *others, ahead=ahead)

    monkeypatch.setattr(Simulation, "respond", none)
    with pytest.raises(ConvergenceError, match="package 'USA: us-potash-2021': no eq") as caught:
        evaluate(bundles, bundles.all_levels()[:4], "RUS")
    assert caught.value.diagnostics["package"] == "USA: us-potash-2021"


def test_many_measures_are_grouped_and_none_is_lost(case: Case) -> None:
    bundles = bundles_of(case)
    assert len(bundles.bundles) <= MOST_BUNDLES
    assert bundles.complete
    assert bundles.senders == ("USA", "EU27")
    assert "grouped" in bundles.note
    grouped = [name for bundle in bundles.bundles for name in bundle.measures]
    assert len(grouped) == len(set(grouped)) > MOST_BUNDLES
    full = simulate(case.scenario("us-eu-all")).outcome().equilibrium
    found = evaluate(bundles, bundles.all_levels()[-1:], "RUS")
    assert float(found["gain"][0]) == pytest.approx(
        float(full.welfare.sel(country="BLR")), abs=1e-6
    )


# -- frontier -----------------------------------------------------------------------------------

outcomes = st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=40)


def dominated(row: np.ndarray, rows: np.ndarray) -> bool:
    return bool(((rows <= row).all(1) & (rows < row).any(1)).any())


@settings(max_examples=200, deadline=None)
@given(outcomes)
def test_the_frontier_holds_what_brute_force_finds(points: list[tuple[int, int, int]]) -> None:
    losses = np.array(points, float)
    made = xr.Dataset(
        {k: ("package", v) for k, v in zip(("gain", "leak", "cost"), losses.T, strict=True)},
        coords={"package": np.arange(len(losses))},
    )
    made["gain"] = -made["gain"]
    kept = set(frontier(made)["package"].values.tolist())
    assert kept == {p for p, row in enumerate(losses) if not dominated(row, losses)}


def test_the_frontier_of_packages_holds_none_that_is_dominated(packages: xr.Dataset) -> None:
    best = frontier(packages)
    losses = np.stack([-packages["gain"], packages["leak"], packages["cost"]], axis=1)
    for package, row in enumerate(losses):
        assert (package in best["package"].values) != dominated(row, losses)


# -- Shapley ------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["gain", "leak", "cost"])
def test_shapley_values_add_up(packages: xr.Dataset, of: str) -> None:
    values = shapley(packages, of)
    whole = float(packages[of][-1] - packages[of][0])
    assert float(values.sum()) == pytest.approx(whole, abs=1e-12 * max(1, abs(whole)))


def test_shapley_values_of_an_additive_game_are_its_terms() -> None:
    levels = (np.arange(8)[:, None] >> np.arange(3)) & 1
    terms = np.array([1.0, -2.0, 0.0])
    game = xr.Dataset(
        {
            "degree": (("package", "bundle"), levels.astype(float)),
            "gain": ("package", levels @ terms),
        },
        coords={"bundle": ["a", "b", "c"]},
    )
    np.testing.assert_allclose(shapley(game), terms, atol=1e-15)
    with pytest.raises(ScenarioError, match="need all 8 packages"):
        shapley(game.isel(package=slice(5)))


# -- choosing -----------------------------------------------------------------------------------


def test_the_cheapest_package_is_enough_and_none_is_cheaper(
    packages: xr.Dataset, floor: float
) -> None:
    reach = packages["gain"] >= floor
    cap = float(packages["leak"].where(reach).median())
    chosen = cheapest(packages, floor, cap)
    enough = reach & (packages["leak"] <= cap)
    assert 0 < int(enough.sum()) < int(reach.sum()) < packages.sizes["package"]
    assert float(chosen["cost"]) == float(packages["cost"].where(enough).min())
    least = cheapest(packages, floor, by="leak")
    assert float(least["leak"]) == float(packages["leak"].where(reach).min())
    assert float(cheapest(packages)["gain"]) == float(packages["gain"].max())


def test_what_cannot_be_had_is_told_with_the_nearest(packages: xr.Dataset, cap: float) -> None:
    with pytest.raises(ScenarioError, match="nearest feasible floor is") as caught:
        cheapest(packages, min_gain=50)
    floor = float(str(caught.value).split("floor is ")[1].split()[0])
    assert cheapest(packages, min_gain=floor)["words"].item() == "everything"
    with pytest.raises(ScenarioError, match="nearest feasible cap is"):
        cheapest(packages, max_leak=-1)
    with pytest.raises(ScenarioError, match="a floor of .* or a cap of") as caught:
        cheapest(packages, float(packages["gain"].max()) - 1e-6, cap)
    floor = float(str(caught.value).split("a floor of ")[1].split()[0])
    assert float(cheapest(packages, floor, cap)["leak"]) <= cap


def test_what_needs_the_eu(packages: xr.Dataset) -> None:
    rows = offers(packages).set_index("coalition")
    alone = packages.isel(package=slice(4))
    assert rows.loc["USA", "gain"] == float(alone["gain"].max())
    assert rows.loc["USA + EU27", "words"] == "everything"
    best_alone = max(rows.loc["USA", "gain"], rows.loc["EU27", "gain"])
    assert rows.loc["USA + EU27", "needs_all"] == pytest.approx(
        rows.loc["USA + EU27", "gain"] - best_alone
    )


def test_nash_bargains_for_the_largest_product(packages: xr.Dataset) -> None:
    agreed = nash_bargain(packages, value=500.0, weight=0.3)
    target, senders = packages["gain_usd"].values, 500 - packages["cost"].values
    product = np.where((target > 0) & (senders > 0), abs(target) ** 0.3 * abs(senders) ** 0.7, 0)
    assert int(agreed["package"]) == int(product.argmax())
    with pytest.raises(ScenarioError, match="must be worth more than"):
        nash_bargain(packages, value=-1e9)
    with pytest.raises(ScenarioError, match="between 0 and 1, as 0.99"):
        nash_bargain(packages, 1.0, weight=2)


# -- search -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cap", [None, 0.004, 0.0])
def test_the_search_is_within_its_gap_of_the_best(
    bundles: Bundles, packages: xr.Dataset, cap: float | None
) -> None:
    def look_up(levels: np.ndarray, total: int | None = None, before: int = 0) -> xr.Dataset:
        return packages.isel(package=levels @ (1 << np.arange(levels.shape[1])))

    found = searched(bundles, look_up, cap)
    within = packages["leak"].values <= (np.inf if cap is None else cap)
    best = packages["gain"].values[within].max()
    assert found.attrs["best"] <= best + 1e-12
    assert best <= found.attrs["bound"] + 1e-9
    assert found.attrs["gap"] >= 0
    assert "greedy search over 32 packages" in found.attrs["search"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), max_size=6), st.integers(-4, 6))
def test_the_knapsack_bounds_every_choice(items: list[tuple[int, int]], cap: int) -> None:
    gain, leak = (np.array([float(i[k]) for i in items]) for k in (0, 1))
    bound = _knapsack(gain, leak, cap)
    for chosen in range(1 << len(items)):
        taken = (chosen >> np.arange(len(items))) & 1 > 0
        if leak[taken].sum() <= cap:
            assert gain[taken].sum() <= bound + 1e-9


def test_more_packages_than_can_be_solved_are_searched(case: Case) -> None:
    names = list(dict.fromkeys(n for b in bundles_of(case, ["USA"]).bundles for n in b.measures))[
        :7
    ]
    bundles = bundles_of(case, measures=names, degrees=[0.25, 0.5, 0.75, 1])
    assert not bundles.complete
    found = solve_packages(bundles, "RUS", max_leak=0.01)
    assert 0 < found.attrs["best"] <= found.attrs["bound"]
    assert found.sizes["package"] < 400
    assert cheapest(found, max_leak=0.01)["gain"] == found.attrs["best"]


# -- snap-back and burden -----------------------------------------------------------------------


def test_taking_relief_back_undoes_it_unless_trade_is_slow(bundles: Bundles) -> None:
    everything = bundles.all_levels()[-1]
    undone = snap_back(bundles, everything, short_run=1.0)
    assert abs(undone.net) < 1e-9
    ended = snap_back(bundles, everything)
    assert ended.gain == undone.gain > 0
    assert ended.net < 0
    assert ended.loss < undone.loss
    with pytest.raises(ScenarioError, match="nearest is 1"):
        snap_back(bundles, everything, short_run=1.5)


def test_a_duty_snaps_back_too(case: Case) -> None:
    bundles = bundles_of(case, measures=["eu-cereals-tariff-2024"])
    assert abs(snap_back(bundles, np.array([1]), short_run=1.0).net) < 1e-9


@pytest.mark.parametrize("deficits", ["share", "value"])
def test_transfers_equalise_losses_and_sum_to_zero(deficits: str) -> None:
    world = make_world(5, countries=5, sectors=3)
    coalition = ["C0", "C1", "C2"]
    costs = [
        {"origins": origins, "destinations": destinations, "factor": 1.5}
        for origins, destinations in ((coalition, "C4"), ("C4", coalition))
    ]
    embargo = Scenario(title="embargo", costs=costs, deficits=deficits)
    central = Parameters.central(embargo, world)
    simulation = Simulation(Compiler(world, {"embargo": embargo}), central)
    outcome = simulation.outcome()
    shared = share_burden(outcome, coalition)
    assert np.ptp(shared.members["after"].values) / 100 < 1e-8
    assert abs(shared.members["transfer"].sum()) < 1e-8
    assert np.ptp(shared.members["before"].values) / 100 > 1e-4
    changes = Changes(world).cost(coalition, "C4", factor=1.5).cost("C4", coalition, factor=1.5)
    transfers = np.zeros(len(world.countries))
    transfers[:3] = shared.members["transfer"]
    paid = replace(changes, transfers=transfers)
    again = solve(world, paid, deficits=deficits, tolerance=1e-12)
    members = again.welfare.sel(country=coalition)
    assert float(members.max() - members.min()) / 100 < 1e-8
    with pytest.raises(ScenarioError, match="two members"):
        share_burden(outcome, "C0")


def test_a_patron_takes_its_part_of_what_relief_gives(case: Case) -> None:
    """Packages and scenarios agree where the patron's subsidy shrinks."""
    patron = {**case.patronage.model_dump(), "share": 0.3}
    case = case.model_copy(update={"patronage": type(case.patronage)(**patron)})
    bundles = bundles_of(case, measures=MEASURES[:2])
    found = solve_packages(bundles, "RUS")
    alone = simulate(bundles.scenario.model_copy(update={"ease": dict.fromkeys(MEASURES[:2], 1.0)}))
    welfare = alone.outcome().equilibrium.welfare
    for name, country in (("gain", "BLR"), ("leak", "RUS")):
        expected = float(welfare.sel(country=country))
        assert float(found[name][-1]) == pytest.approx(expected, abs=1e-6)
    kept = solve_packages(bundles_of(load_case("belarus-2025"), measures=MEASURES[:2]), "RUS")
    assert float(found["gain"][-1]) < 0.8 * float(kept["gain"][-1])


def test_packages_kept_are_taken_and_are_the_same(case: Case, tmp_path: Path) -> None:
    bundles = bundles_of(case, measures=MEASURES[:2])
    first = solve_packages(bundles, "RUS", store=tmp_path)
    (block,) = tmp_path.rglob("block-*.npy")
    again = solve_packages(bundles, "RUS", store=tmp_path)
    xr.testing.assert_identical(first, again)
    block.write_bytes(block.read_bytes()[:-8])
    xr.testing.assert_identical(first, solve_packages(bundles, "RUS", store=tmp_path))
    solve_packages(bundles, "CHN", store=tmp_path)
    assert len(list(tmp_path.rglob("block-*.npy"))) == 2


def test_cut_offs_of_the_frontier_are_kept_with_its_packages(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles = bundles_of(case, measures=MEASURES[:2], rival="RUS")
    best = frontier(solve_packages(bundles, "RUS", store=tmp_path))
    first = with_cut_offs(bundles, best, store=tmp_path)
    xr.testing.assert_identical(first, with_cut_offs(bundles, best))
    monkeypatch.setattr(Simulation, "cut", lambda *_: pytest.fail("solved again"))
    xr.testing.assert_identical(first, with_cut_offs(bundles, best, store=tmp_path))


def test_other_requirements_do_not_solve_packages_again(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detente.analysis.relief.relief.default_folder", lambda: tmp_path)
    first = relief(case, measures=MEASURES[:2], draws=0)
    monkeypatch.setattr(Starts, "learn", lambda *_: pytest.fail("solved again"))
    cap = float(first.chosen["leak"]) - 1e-9
    other = relief(case, measures=MEASURES[:2], draws=0, requirements=Requirements(max_leak=cap))
    xr.testing.assert_identical(first.packages, other.packages)
    assert other.chosen["words"].item() != first.chosen["words"].item()


def test_every_case_can_be_asked_for_relief() -> None:
    """Measures that a case brings itself are eased as those of the register are."""
    australia = load_case("australia-2023")
    assert can_ease(australia)
    found = relief(australia, draws=0)
    assert found.target == "AUS"
    assert found.rival not in ("AUS", "CHN")
    assert float(found.packages["gain"].max()) > 0
    everything = simulate(australia).outcome("all").equilibrium.welfare.sel(country="AUS")
    assert float(found.packages["gain"].max()) == pytest.approx(float(everything), abs=1e-4)


# -- certainty ----------------------------------------------------------------------------------


def test_packages_in_draws_are_scenarios_in_the_same_draws(
    case: Case, findings: Relief, store: Path
) -> None:
    rows = findings.certainty
    assert rows is not None
    lifted = Change(title="", lift=MEASURES, form=case.scenarios["us-eu-all"].form)
    asked = case.model_copy(update={"scenarios": {"lifted": lifted}, "countries": ["BLR", "RUS"]})
    drawn = dict(samples_of(asked, welfare_of(asked), DRAWN, store=store))
    by_country = {q.about.country: values for q, values in drawn.items()}
    (everything,) = rows[rows["words"] == "everything"].to_dict("records")
    for name, country in (("gain", "BLR"), ("leak", "RUS")):
        points = [everything[f"{name}_{end}"] for end in ("low", "median", "high")]
        expected = np.quantile(by_country[country], BAND)
        np.testing.assert_allclose(points, expected, rtol=1e-6, atol=1e-8)


def test_what_is_compared_is_what_was_picked_offered_and_some_of_the_frontier(
    findings: Relief,
) -> None:
    rows = findings.certainty
    assert rows is not None
    for picked in (findings.chosen, findings.least_leak):
        assert int(picked["package"]) in rows.index
    assert set(findings.offers["words"]) <= set(rows["words"])
    assert set(rows.index) & set(findings.frontier["package"].values.tolist())
    assert set(rows.index) <= set(findings.packages["package"].values.tolist())
    assert findings.manifest["draws"] == DRAWN
    for name in ("gain", "leak", "cost"):
        low, median, high = (rows[f"{name}_{end}"] for end in ("low", "median", "high"))
        assert (low <= median).all()
        assert (median <= high).all()
    best = rows[["cheapest", "least_leak", "largest_gain"]]
    assert (best.le(rows["meets"], axis=0)).all(axis=None)
    np.testing.assert_allclose(best.sum(), best.sum().iloc[0])
    assert rows["meets"].max() <= best.sum().iloc[0] <= 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_shares_of_draws_are_counted_as_by_hand(data: st.DataObject) -> None:
    shape = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 12))
    values = st.floats(-5, 5, allow_nan=False).map(lambda x: round(x, 1))
    table = np.array([[data.draw(values) for _ in range(shape[1])] for _ in range(shape[0])])
    meets = np.array([[data.draw(st.booleans()) for _ in range(shape[1])] for _ in range(shape[0])])
    won = np.zeros(shape[0])
    for k in range(shape[1]):
        able = [p for p in range(shape[0]) if meets[p, k]]
        if able:
            won[min(able, key=lambda p: (table[p, k], p))] += 1
    np.testing.assert_array_equal(_share_best(meets, table), won / shape[1])


def test_requirements_are_put_to_every_draw() -> None:
    drawn = np.array([[0.1, 0.5, 0.9]]), np.array([[0.0, 0.02, 0.03]])

    def meets(*limits: float | None) -> list[list[bool]]:
        return np.logical_and(*limits_kept(*drawn, *limits)).tolist()

    assert meets(None, None) == [[True, True, True]]
    assert meets(0.5, None) == [[False, True, True]]
    assert meets(0.5, 0.02) == [[False, True, False]]


def test_certainty_is_the_same_bits_again_and_from_what_is_kept(
    case: Case, findings: Relief, floor: float, store: Path, tmp_path: Path
) -> None:
    wanted = Requirements(min_gain=floor)
    first = findings.certainty
    assert first is not None
    for folder in (store, tmp_path):
        again = relief(case, measures=MEASURES, requirements=wanted, draws=DRAWN, store=folder)
        assert again.certainty is not None
        pd.testing.assert_frame_equal(first, again.certainty, check_exact=True)


def test_without_draws_nothing_is_said_of_certainty(case: Case) -> None:
    found = relief(case, measures=MEASURES[:2], draws=0)
    assert found.certainty is None
    assert "certainty" not in found.tables()
    assert found.document()["certainty"] is None
    assert "draws" not in found.manifest
    with pytest.raises(ScenarioError, match="nothing to draw as 'certainty'"):
        found.plot("certainty")
    sure = case.model_copy(update={"assumptions": {}})
    assert relief(sure, measures=MEASURES[:2]).certainty is None


@pytest.mark.parametrize(
    ("meets", "asked", "words"),
    [
        ([0.5, 0.6], {"min_gain": 0.1}, "in 50 of 100 draws; the surest here, “b”, in 60."),
        ([0.6, 0.5], {"min_gain": 0.1}, "in 60 of 100 draws; none here does so in more."),
        ([0.95, 0.92], {"max_leak": 1.0}, "of those that do so in 90 or more, “b” leaks least"),
        ([1.0, 1.0], {}, "“a” gives most in 70 of 100 draws, and “b” leaks least in 40."),
    ],
)
def test_certainty_is_told_in_a_sentence(
    findings: Relief, meets: list[float], asked: dict[str, float], words: str
) -> None:
    number = int(findings.chosen["package"])
    rows = pd.DataFrame(
        {
            "words": ["a", "b"],
            "meets": meets,
            "leak_median": [0.3, 0.2],
            "largest_gain": [0.7, 0.3],
            "least_leak": [0.2, 0.4],
        },
        index=[number, -1],
    )
    told = replace(findings, certainty=rows, requirements=Requirements(**asked))
    assert words in certainty_sentence(told)


# -- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"measures": []}, "empty set of measures: name at least one, such as"),
        ({"senders": []}, "name the senders whose measures may be eased"),
        ({"senders": ["CHN"]}, "'CHN' is no sender"),
        ({"senders": ["EU2"]}, "did you mean 'EU27'"),
        ({"measures": ["us-potash-2022"]}, "did you mean 'us-potash-2021'"),
        ({"degrees": []}, "no degree of easing"),
        ({"degrees": [0.0]}, "above 0 and up to 1"),
        ({"degrees": [1.5]}, "nearest is 1"),
    ],
)
def test_bad_input_is_refused(case: Case, asked: dict[str, list[str]], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        bundles_of(case, **asked)


def test_senders_are_known_by_any_name(case: Case) -> None:
    by_name, by_code = (bundles_of(case, senders=[s]).bundles for s in ("the EU", "EU27"))
    assert [b.measures for b in by_name] == [b.measures for b in by_code]


@pytest.mark.parametrize("asked", [{}, {"senders": ["EU27"]}, {"measures": []}])
def test_where_nothing_is_in_force_that_is_said(case: Case, asked: dict[str, list[str]]) -> None:
    peaceful = case.model_copy(update={"target": "JPN"})
    told = r"no measure on JPN is in force on 2025-\d\d-\d\d, .*give the case `measures` with a"
    with pytest.raises(ScenarioError, match=told):
        bundles_of(peaceful, **asked)


def test_whom_to_name_where_no_scenario_eases_anything(case: Case) -> None:
    idle = case.model_copy(update={"scenarios": {"none": Change(title="Nothing happens")}})
    told = r"name the senders .*eased \(EU27, USA, .*\), or single measures \(\w+-.*\)"
    with pytest.raises(ScenarioError, match=told):
        bundles_of(idle)


def test_the_target_is_no_rival(bundles: Bundles) -> None:
    with pytest.raises(ScenarioError, match="BLR is the target"):
        solve_packages(bundles, "BLR")


# -- what a reader gets -------------------------------------------------------------------------


def test_the_findings_hang_together(findings: Relief, floor: float) -> None:
    document = findings.document()
    json.dumps(document, allow_nan=False)
    assert document["chosen"]["gain"] >= floor
    assert document["burden"]["spread"] / 100 < 1e-8
    assert document["manifest"]["fingerprint"]
    assert sum(r["gain"] for r in document["contributions"]) == pytest.approx(
        float(findings.packages["gain"][-1])
    )
    assert all(r["cut_off"] < 0 for r in document["frontier"])


def test_a_long_table_is_thinned_evenly(packages: xr.Dataset) -> None:
    assert table(packages, 3).index.tolist() == [0, 16, 31]


@pytest.mark.parametrize("kind", ["svg", "html"])
def test_the_chart_names_every_package(findings: Relief, tmp_path: Path, kind: str) -> None:
    pytest.importorskip("altair", reason="charts need the extra detente[report]")
    from detente.report.charts import frontier_chart, write_charts
    from detente.report.text import country, spelled

    (path,) = write_charts({"frontier": frontier_chart(findings)}, tmp_path, kind)
    text = path.read_text(encoding="utf-8")
    assert spelled(str(findings.chosen["words"].item()), country) in text
    if kind == "html":
        assert 'src="http' not in text
        for words in findings.frontier["words"].values:
            assert spelled(str(words), country) in text


def test_the_command_prints_frontier_prices_and_coalitions(tmp_path: Path, floor: float) -> None:
    done = detente(
        "relief", "belarus-2025", "--measures", NAMED, "--max-leak", "1", "--min-gain", f"{floor}",
        "--nash-value", "800", "-o", str(tmp_path / "out"), "--format", "svg",
        "--draws", f"{DRAWN}", "--store", str(tmp_path / "kept"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for words in ("Frontier", "Shapley", "coalition", "Snap-back", "Nash", "transfers", "cheapest"):
        assert words in done.stdout
    assert f"How certain that is: medians and 90 percent of {DRAWN} draws" in done.stdout
    assert "chosen with everything central, does so in" in " ".join(done.stdout.split())
    out = tmp_path / "out"
    assert {p.name for p in out.iterdir()} == {"frontier.svg", "certainty.svg"}
    assert f"in {DRAWN} draws" in (out / "certainty.svg").read_text(encoding="utf-8")


def test_the_command_prints_json(case: Case) -> None:
    done = detente("relief", "belarus-2025", "--measures", NAMED, "--json", "--draws", "0")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {"frontier", "contributions", "offers", "chosen", "manifest"} <= set(document)
    assert document["certainty"] is None


def test_the_command_writes_the_tables_it_prints(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs the extra detente[parquet]")
    c, p = tmp_path / "c", tmp_path / "p"
    done = detente(
        "relief",
        "belarus-2025",
        "--measures",
        NAMED,
        "--json",
        "--csv",
        str(c),
        "--parquet",
        str(p),
        "--draws",
        "2",
        "--store",
        str(tmp_path / "kept"),
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    names = {"frontier", "packages", "contributions", "offers", "burden", "certainty"}
    files = {f"{n}.csv" for n in names} | {"manifest.json"}
    assert {path.name for path in c.iterdir()} == files
    assert all(f"wrote {c / name}" in done.stderr for name in files)
    for name in names:
        written = pd.read_csv(c / f"{name}.csv")
        pd.testing.assert_frame_equal(written, pd.read_parquet(p / f"{name}.parquet"))
        if name in document:
            rows = document[name]["members"] if name == "burden" else document[name]
            pd.testing.assert_frame_equal(written, pd.DataFrame(rows), rtol=1e-9, atol=1e-9)
    assert len(pd.read_csv(c / "packages.csv")) == 2 ** len(MEASURES)
    manifest = json.loads((c / "manifest.json").read_text())
    assert manifest == {**document["manifest"], "units": document["units"]}


def test_a_search_writes_the_tables_that_it_has(findings: Relief) -> None:
    searched_only = replace(findings, contributions=pd.DataFrame(), burden=None, certainty=None)
    assert set(searched_only.tables()) == {"frontier", "packages", "offers"}
    assert searched_only.document()["contributions"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--measures", NAMED, "--min-gain", "50"], "nearest feasible floor is"),
        (["--senders", "RUS"], "is no sender"),
        (["--degrees", "half"], "numbers separated by commas"),
    ],
)
def test_the_command_refuses_what_cannot_be(arguments: list[str], words: str) -> None:
    done = detente("relief", "belarus-2025", *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
