"""Corridors: choice among ways to the sea, congestion, fees, what closing and opening does."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import detente
from detente import ScenarioError
from detente.analysis.influence import influence
from detente.analysis.relief.bundles import bundles_of
from detente.analysis.relief.snapback import snap_back
from detente.cases import load_case
from detente.policy.corridors import Corridors, corridors_on_file
from detente.policy.effects import audit
from detente.policy.fields import in_year
from detente.policy.measures import Measure, Strengths
from detente.policy.network import Network, congested, corridor_shares, route_elasticity
from detente.policy.parameters import Parameters
from detente.policy.reading import read_scenario
from detente.policy.register import register
from detente.policy.scenario import Scenario
from detente.simulation.about import About
from detente.simulation.outcome import Outcome
from detente.simulation.run import simulate

DAY = date(2025, 2, 12)
KLAIPEDA = "lt-potash-transit-2022"
POTASH = corridors_on_file()["belarus-potash"]
TWO_WAYS = {
    "exporter": "BLR",
    "sectors": ["goods"],
    "source": "a test",
    "corridors": {
        "west": {"owners": "POL", "share": 0.8, "cost": 0.02, "fee": 0.01, "source": "a test"},
        "east": {"owners": "RUS", "share": 0.2, "cost": 0.10, "fee": 0.04, "source": "a test"},
    },
}
CLOSES = {"target": "BLR", "kind": "transit"}
WEST = Measure(**CLOSES, senders="POL", corridor="west", title="west")
EAST = Measure(**CLOSES, senders="RUS", corridor="east", title="east")


@pytest.fixture(scope="module")
def world() -> detente.World:
    return detente.load_world()


def outcome(**change: object) -> Outcome:
    return simulate(Scenario(title="test", friction=False, **change)).outcome()


def two_ways(**change: object) -> Outcome:
    return outcome(corridors={"goods": Corridors(**TWO_WAYS)}, **change)


def sold(o: Outcome, destination: str, sector: str) -> float:
    trade = o.equilibrium.trade.sel(origin="BLR", destination=destination, sector=sector)
    return float(trade["after"])


# The choice of a way


def test_with_all_corridors_open_nothing_is_dearer() -> None:
    rho = np.array([[0.7], [0.3]])
    log_kappa, shares = corridor_shares(rho, np.zeros((2, 1)), np.array([30.0]))
    assert float(log_kappa[0, 0]) == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(shares[..., 0], rho)


def test_goods_that_do_not_mind_the_way_take_the_cheapest() -> None:
    rho, log_cost = np.array([[0.99], [0.005], [0.005]]), np.log([[1.3], [1.1], [1.2]])
    gaps = []
    for vartheta in (10.0, 100.0, 1000.0, 1e4):
        log_kappa, shares = corridor_shares(rho, log_cost, np.array([vartheta]))
        gaps.append(float(log_kappa[0, 0]) - np.log(1.1))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(shares[:, 0, 0], [0, 1, 0], atol=1e-12)


def test_shutting_the_main_corridor_costs_the_way_round() -> None:
    for dearer in (0.02, 0.065, 0.3):
        vartheta = np.array([route_elasticity(0.06, dearer)])
        rho = np.array([[0.0], [0.06]])
        log_kappa, _ = corridor_shares(rho, np.zeros((2, 1)), vartheta)
        assert float(np.exp(log_kappa[0, 0])) == pytest.approx(1 + dearer)


def test_with_all_corridors_shut_nothing_goes() -> None:
    log_kappa, shares = corridor_shares(np.zeros((2, 1)), np.zeros((2, 1)), np.array([30.0]))
    assert np.isinf(log_kappa).all()
    assert not shares.any()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    eta=st.floats(0.05, 3),
    vartheta=st.floats(12, 200),
    theta=st.floats(0, 11),
)
def test_congestion_settles_where_each_corridor_costs_what_its_load_asks(
    seed: int, eta: float, vartheta: float, theta: float
) -> None:
    rng = np.random.default_rng(seed)
    rho = rng.dirichlet(np.ones(4), 3).T
    rho[0] = 0.0  # shut
    carried, capacity = rng.uniform(1, 9, 3), rng.uniform(0.2, 5, 4)
    capacity[3] = np.inf
    k = np.array([vartheta, 2 * vartheta]), np.array([theta, theta / 2])
    x = congested(rho, carried, capacity, eta, *k)
    log_kappa, shares = corridor_shares(rho, x, k[0])
    q = (shares * (carried[:, None] * np.exp(-k[1] * log_kappa))).sum(1)
    expected = eta * np.log(np.maximum(q / capacity[:, None], 1))
    np.testing.assert_allclose(x, expected, atol=1e-9)
    assert not x[[0, 3]].any()
    alone = congested(rho, carried, capacity, eta, k[0][1:], k[1][1:])
    np.testing.assert_allclose(x[:, 1:], alone, atol=1e-11)


def test_a_corridor_with_room_is_not_congested() -> None:
    rho, half = np.array([[0.5], [0.5]]), np.array([6.0, 6.0])
    x = congested(rho, np.array([10.0]), half, 1.0, np.array([40.0]), np.array([10.0]))
    assert not x.any()


# What is on file


def test_corridors_on_file_and_the_measure_that_shuts_one_say_the_same() -> None:
    closing = register()[KLAIPEDA]
    assert closing.corridor == POTASH.main == "klaipeda"
    assert closing.ave == POTASH.detour
    assert closing.sectors == POTASH.sectors
    assert closing.share == POTASH.share
    assert closing.senders == POTASH.corridors["klaipeda"].owners
    assert POTASH.price is not None
    central, unit = POTASH.corridors["petersburg"].cost.central, in_year(POTASH.price, None)
    assert unit is not None
    assert POTASH.detour.central == pytest.approx((central - 11) / unit, abs=0.005)


def test_half_of_the_potash_was_stranded_in_2022_and_room_came_later(
    world: detente.World,
) -> None:
    """Mine output fell from 7.75 to 4.00 million tonnes, 48 percent (World Mining Data)."""
    network = Network.on(world, "belarus-potash", POTASH)
    assert network is not None
    shut, theta = np.array([True, False, False, False]), np.array([10.56])

    def fall(year: int, detour: float) -> float:
        log_kappa, _ = network.at(shut, year, np.array([detour]), theta)
        return 1 - float(network.omega @ np.exp(-theta * log_kappa[:, 0]))

    in_2022, in_2023 = (fall(year, POTASH.detour.central) for year in (2022, 2023))
    assert 0.4 < in_2022 < 0.55
    assert in_2023 < in_2022
    shares = network.at(shut, 2023, np.array([POTASH.detour.central]), theta)[1][..., 0]
    by_rail = float((shares[3] * network.omega).sum())
    assert 0.1 < by_rail < 0.3  # more than 1 of some 4 million tonnes in 2022


def test_a_corridor_leads_only_where_it_goes(world: detente.World) -> None:
    network = Network.on(world, "belarus-potash", POTASH)
    assert network is not None
    china = [world.countries[n] for n in network.block[1]].index("CHN")
    rail = list(POTASH.corridors).index("rail-china")
    elsewhere = 1 - network.reach[china]
    assert network.rho[rail, network.reach[china]] > POTASH.corridors["rail-china"].share
    assert network.rho[rail, elsewhere] == 0
    np.testing.assert_allclose(network.rho.sum(0), 1)


def test_where_the_commodity_is_a_sector_it_alone_takes_corridors(world: detente.World) -> None:
    as_sector = POTASH.model_copy(update={"goods": "C20", "sectors": ["C21"]})
    network = Network.on(world, "split", as_sector)
    assert network is not None
    assert network.block[0].tolist() == [world.sectors.index("C20")]
    assert network.covered == 1.0


# Closing and opening


def test_closing_and_opening_is_the_identity() -> None:
    back = outcome(status_quo=DAY, lift=[KLAIPEDA], impose=[KLAIPEDA])
    assert float(abs(back.equilibrium.welfare).max()) < 1e-7


def test_what_is_shut_already_cannot_be_shut_again() -> None:
    again = outcome(status_quo=DAY, impose=[KLAIPEDA])
    assert float(abs(again.equilibrium.welfare).max()) < 1e-9


def test_an_open_corridor_gives_back_what_its_closing_took() -> None:
    opened = outcome(status_quo=DAY, lift=[KLAIPEDA]).equilibrium
    early = outcome(status_quo=date(2022, 1, 15), lift=[KLAIPEDA]).equilibrium
    assert float(abs(early.welfare).max()) < 1e-9
    at = {"origin": "BLR", "sector": "C20", "destination": "BRA"}
    before = opened.before.cost_factors().transpose(1, 2, 0)
    factor = float((opened.d_hat / before).sel(at))
    closed = outcome(status_quo=date(2022, 1, 15), impose=[KLAIPEDA]).equilibrium
    again = float((closed.d_hat / closed.before.cost_factors().transpose(1, 2, 0)).sel(at))
    assert factor < 1 < again
    assert float(opened.welfare.sel(country="BLR")) > 0


def test_relief_by_form_opens_it_in_part() -> None:
    def gain(**form: object) -> float:
        opened = simulate(Scenario(title="", status_quo=DAY, lift=[KLAIPEDA], **form)).outcome()
        return float(opened.equilibrium.welfare.sel(country="BLR"))

    licence, repeal, whole = gain(form="licence"), gain(form="repeal"), gain(friction=False)
    assert 0 < licence < repeal < whole


def test_all_corridors_shut_is_a_ban() -> None:
    shut = two_ways(impose=[WEST, EAST])
    far = [c for c in shut.world.countries if sold(shut, c, "C16") == 0 and c != "BLR"]
    assert {"BRA", "CHN", "USA"} <= set(far)
    assert not {"RUS", "POL", "UKR"} & set(far)
    ban = {"senders": "BLR", "target": "BLR", "kind": "export-ban", "sectors": "goods"}
    costs = [Measure(**{**ban, "target": c}, ban=True, title=c) for c in far]
    banned = outcome(impose=costs)
    np.testing.assert_allclose(
        shut.equilibrium.welfare, banned.equilibrium.welfare, atol=2e-3
    )  # the owners' fees, which a ban does not know, are a few million dollars


def test_one_of_two_is_dear_and_both_are_prohibitive() -> None:
    west, east = (two_ways(impose=[m]) for m in (WEST, EAST))
    dearer = [float(o.equilibrium.d_hat.sel(origin="BLR", destination="BRA", sector="C16"))
              for o in (west, east)]  # fmt: skip
    assert dearer[0] == pytest.approx(1 + Corridors(**TWO_WAYS).detour.central)
    assert 1 < dearer[1] < dearer[0]


def test_strengths_of_the_group_move_the_way_round(world: detente.World) -> None:
    scenario = Scenario(title="", status_quo=DAY, lift=[KLAIPEDA], friction=False)
    found = []
    for group in ("transit", "LTU-transit", "LTU"):
        p = Parameters.central(scenario, world, 3)
        s = Strengths(0.5, {group: np.array([0.0, 0.5, 1.0])}, p.strengths.invoicing)
        simulation = simulate(scenario, Parameters(**{**vars(p), "strengths": s}))
        o = simulation.outcome()
        found.append(o.before.policy.log_d - o.after.policy.log_d)
    rows = np.flatnonzero(found[0][:, 0])
    assert rows.size
    assert (np.diff(found[0][rows]) > 0).all()
    np.testing.assert_allclose(found[0], found[1])
    np.testing.assert_allclose(found[0], found[2])


def test_the_audit_tells_what_a_corridor_does(world: detente.World) -> None:
    table = audit(Scenario(title="", status_quo=DAY, lift=[KLAIPEDA]), world)
    assert set(table["measure"]) == {KLAIPEDA}
    assert set(table["origin"]) == {"BLR"}
    assert (table["factor"] < 1).all()
    assert "BRA" in set(table["destination"])


# Fees


def test_owners_earn_what_is_paid() -> None:
    opened = outcome(status_quo=DAY, lift=[KLAIPEDA])
    e, m = opened.after, opened.after.policy.margins
    sales = e.sales(*(np.arange(n) for n in (len(e.economy.pi), e.I.shape[0], e.I.shape[0])))
    paid = (m.share * sales.reshape(-1, 1)[e.policy.entries[m.entry]]).sum()
    assert e.H.sum() == pytest.approx(paid, rel=1e-9)
    assert abs(paid) > 1
    owners = {opened.world.countries[n] for n in np.flatnonzero(e.H[:, 0])}
    assert owners == {"LTU", "RUS", "KAZ"}
    assert float(e.residuals.max()) < 1e-8


def test_fees_and_shares_by_corridor() -> None:
    opened = outcome(status_quo=DAY, lift=[KLAIPEDA])

    def measure(metric: str, **about: object) -> float:
        return float(opened.measure(metric, About(**about))[0])

    assert measure("corridor-share", country="BLR", corridor="klaipeda") > 85
    ports = [measure("corridor-share", country="BLR", corridor=c) for c in POTASH.corridors]
    assert sum(ports) == pytest.approx(0, abs=1e-9)
    lithuania, russia = (measure("corridor-fees", country=c) for c in ("LTU", "RUS"))
    assert 20 < lithuania < 80
    assert -120 < russia < -20
    rail = measure("corridor-fees", country="RUS", corridor="rail-china")
    assert rail == pytest.approx(measure("corridor-fees", country="KAZ"))
    assert russia < rail < 0
    with pytest.raises(ScenarioError, match="did you mean 'klaipeda'"):
        measure("corridor-share", country="BLR", corridor="klaipedda")
    with pytest.raises(ScenarioError, match="no corridors of POL"):
        measure("corridor-share", country="POL", corridor="klaipeda")


def test_what_hubs_earn_is_told_apart_from_fees() -> None:
    scenario = load_case("belarus-2025").scenario("us-potash-klaipeda")
    found = simulate(scenario).outcome()
    assert found.leakage is not None
    there = found.world.countries.index("KAZ")
    assert float(found.after.H[there, 0]) < float(found.leakage.margins["KAZ"])
    assert abs(float(found.leakage.margins["KAZ"])) < 5


def test_an_opening_can_be_taken_back() -> None:
    case = load_case("belarus-2025")
    bundles = bundles_of(case, measures=[KLAIPEDA])
    opened = snap_back(bundles, np.array([1]), short_run=1.0)
    assert opened.loss < 0 < opened.gain
    assert opened.net == pytest.approx(0, abs=1e-6)


# Influence


def test_the_owner_of_the_corridors_left_can_shut_them() -> None:
    scenario = load_case("belarus-2025").scenario("us-potash-klaipeda")
    russia = ("BLR", ("RUS",))
    simulation = simulate(scenario, cut_offs=[russia])
    before, after = simulation.outcome().cut_off(*russia)
    j, n, i = (
        np.array([names.index(x)])
        for names, x in zip(
            (simulation.world.sectors, simulation.world.countries, simulation.world.countries),
            ("potash", "BRA", "BLR"),
            strict=True,
        )
    )
    left = [float(e.sales(j, n, i).sum()) for e in (before, after)]
    whole = float(simulation.before.sales(j, n, i).sum())
    assert left[0] < 0.01 * whole
    assert left[1] > 0.8 * whole  # by Klaipeda
    held = influence("BLR", scenario, ["RUS", "KAZ"]).data["cut_off"].sel(partner="RUS")
    without = scenario.model_copy(update={"lift": scenario.lift[:2]})
    kept = influence("BLR", without, ["RUS"]).data["cut_off"].sel(partner="RUS")
    assert float(held.sel(when="before")) == pytest.approx(float(kept.sel(when="before")))
    assert float(held.sel(when="after")) > float(kept.sel(when="after"))


# In a file

FILE = """
title: The way through the straits shuts
measures:
  poti: {senders: Türkiye, target: Kazakhstan, kind: transit, corridor: poti}
impose: [poti]
corridors:
  kazakh-goods:
    exporter: Kazakhstan
    sectors: goods
    overseas: [United States, Brazil, India]
    tonnes: 10
    source: a test
    corridors:
      poti: {owners: Türkiye, share: 0.7, cost: 0.04, source: a test}
      ust-luga:
        owners: Russia
        share: 0.3
        cost: {low: 0.06, central: 0.08, high: 0.1}
        fee: 0.02
        capacity: {"2020": 4, "2022": 6}
        source: a test
"""


def test_corridors_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(FILE, encoding="utf-8")
    shut = simulate(read_scenario(path)).outcome()
    d_hat = shut.equilibrium.d_hat.sel(origin="KAZ", sector="C24A")
    assert 1.03 < float(d_hat.sel(destination="IND")) < 1.2
    assert float(d_hat.sel(destination="CHN")) == 1
    assert float(shut.measure("corridor-fees", About(country="RUS"))[0]) > 0
    share = shut.measure("corridor-share", About(country="KAZ", corridor="ust-luga"))
    assert float(share[0]) == pytest.approx(70)
    path.write_text(FILE.replace('"2022": 6', '"2022": 2'), encoding="utf-8")
    with pytest.raises(ScenarioError, match="more than its capacity") as caught:
        read_scenario(path)
    assert "corridors.kazakh-goods" in str(caught.value)


# What is refused


@pytest.mark.parametrize(
    ("update", "words"),
    [
        ({"share": 0.3}, "sum to 1.1, not to 1"),
        ({"fee": 0.2}, "more than the way costs"),
        ({"capacity": 5}, "give `tonnes`"),
        ({"cost": 0.01, "fee": 0}, "must be dearer"),
    ],
)
def test_corridors_that_make_no_sense_are_refused(update: dict[str, object], words: str) -> None:
    east = {**TWO_WAYS["corridors"]["east"], **update}
    wrong = {**TWO_WAYS, "corridors": {**TWO_WAYS["corridors"], "east": east}}
    with pytest.raises(ValidationError, match=words):
        Corridors(**wrong)


def test_a_capacity_below_what_goes_when_all_are_open_is_refused() -> None:
    west = {**TWO_WAYS["corridors"]["west"], "capacity": 7}
    wrong = {**TWO_WAYS, "tonnes": 10, "corridors": {**TWO_WAYS["corridors"], "west": west}}
    with pytest.raises(ValidationError, match="more than its capacity"):
        Corridors(**wrong)


def test_a_corridor_that_is_not_there_is_told() -> None:
    wrong = Measure(**CLOSES, senders="LTU", corridor="klaipedda", title="port")
    with pytest.raises(ScenarioError, match="port: unknown corridor 'klaipedda': did you mean"):
        outcome(impose=[wrong])
    other = Measure(**{**CLOSES, "target": "KAZ"}, senders="RUS", corridor="baku", title="port")
    with pytest.raises(ScenarioError, match="no corridors of KAZ are on file"):
        outcome(impose=[other])


def test_a_closing_is_not_hardened() -> None:
    with pytest.raises(ScenarioError, match="no ad-valorem equivalent to harden"):
        outcome(status_quo=DAY, harden={KLAIPEDA: 0.3})


# On a world with potash as a sector of its own


def test_potash_as_a_sector_takes_corridors_and_the_rest_of_chemicals_does_not() -> None:
    opened = outcome(world="icio2022+potash", status_quo=DAY, lift=[KLAIPEDA])
    e = opened.equilibrium
    change = e.d_hat / e.before.cost_factors().transpose(1, 2, 0)
    at = {"origin": "BLR", "destination": "BRA"}
    assert float(change.sel({**at, "sector": "potash"})) == pytest.approx(
        1 / (1 + POTASH.detour.at(0.5)), abs=0.06
    )
    assert float(change.sel({**at, "sector": "C20"})) == pytest.approx(1)
    assert float(e.welfare.sel(country="BLR")) > 0
    fees = opened.measure("corridor-fees", About(country="LTU"))
    assert 5 < float(fees[0]) < 120
