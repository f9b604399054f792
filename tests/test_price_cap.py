"""The price cap: buyers keep what sellers lose, nothing gets dearer, and two caps do not add."""

from datetime import date

import numpy as np
import pytest
from pydantic import ValidationError

import detente
from detente.analysis.relief.bundles import bundles_of
from detente.analysis.relief.snapback import snap_back
from detente.cases import load_case
from detente.policy.effects import audit
from detente.policy.measures import Measure, Strengths
from detente.policy.parameters import Parameters
from detente.policy.register import register
from detente.policy.scenario import Scenario
from detente.simulation.about import About
from detente.simulation.assumptions import kind_of
from detente.simulation.outcome import Outcome
from detente.simulation.run import simulate

CAP = {"senders": ["EU27", "GBR"], "target": "RUS", "kind": "price-cap", "sectors": ["B06"]}
CRUDE, EUROPEAN = "g7-ru-price-cap-2022", "eu-uk-ru-price-cap-2025"
OLD, NEW = date(2025, 2, 12), date(2025, 12, 1)


def outcome(**change: object) -> Outcome:
    return simulate(Scenario(title="test", friction=False, **change)).outcome()


def imposed(cap: float = 60, price: float = 80, **fields: object) -> Outcome:
    return outcome(impose=[Measure(**CAP, cap=cap, market_price=price, **fields)])


def discount(o: Outcome, partner: str, sector: str = "B06") -> float:
    about = About(country="RUS", partner=partner, sectors=sector)
    return float(o.measure("discount", about)[0])


@pytest.fixture(scope="module")
def capped() -> Outcome:
    return imposed()


@pytest.mark.parametrize(
    "fields",
    [{"price": 60.0}, {"price": 41.0}, {"evasion": 1.0}],
)
def test_a_cap_that_binds_nothing_changes_nothing(fields: dict[str, float]) -> None:
    found = imposed(**fields)
    assert float(abs(found.equilibrium.welfare).max()) < 1e-9
    np.testing.assert_allclose(found.after.log_w, found.before.log_w, atol=1e-9)
    assert discount(found, "IND") == 0


def test_nothing_gets_dearer_for_buyers(capped: Outcome) -> None:
    e = capped.equilibrium
    kappa = e.d_hat * (1 + e.tariff_after)
    np.testing.assert_allclose(kappa, 1.0, rtol=1e-12)
    at = {"origin": "RUS", "sector": "B06"}
    assert float(e.tariff_after.sel({**at, "destination": "IND"})) == pytest.approx(1 / 3)
    for apart in ("DEU", "GBR", "KAZ", "BLR"):
        assert float(e.tariff_after.sel({**at, "destination": apart})) == 0, apart


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 25.0),
        ({"share": 0.6}, 15.0),
        ({"evasion": 0.8}, 5.0),
        ({"share": 0.5, "evasion": 0.6}, 5.0),
        ({"cap": 40}, 50.0),
    ],
)
def test_the_discount_is_what_cap_cover_and_evasion_say(
    fields: dict[str, float], expected: float
) -> None:
    found = imposed(**fields)
    assert discount(found, "IND") == pytest.approx(expected)
    assert discount(found, "DEU") == 0


def test_buyers_gain_what_the_seller_loses(capped: Outcome) -> None:
    e = capped.equilibrium
    assert float(e.welfare.sel(country="RUS")) < 0
    assert float(e.welfare.sel(country="IND")) > 0
    assert float(capped.after.residuals.max()) < 1e-8
    kept = float(e.tariff_revenue["after"].sel(country="IND"))
    received = float(e.trade["after"].sel(origin="RUS", destination="IND", sector="B06"))
    assert kept == pytest.approx(received / 3)


def test_revenue_falls_more_than_volume(capped: Outcome) -> None:
    about = About(country="RUS", partner="IND", sectors="B06")
    revenue, volume = (
        float(capped.measure(name, about)[0]) for name in ("exports", "export-volume")
    )
    assert revenue < 0
    assert (1 + revenue / 100) / (1 + volume / 100) == pytest.approx(
        0.75 * float(capped.after.c[_at(capped)]), rel=1e-6
    )


def _at(o: Outcome) -> tuple[int, int, int]:
    return o.world.sectors.index("B06"), o.world.countries.index("RUS"), 0


def test_two_caps_do_not_add() -> None:
    both = [Measure(**CAP, cap=cap, market_price=80, title=f"{cap}", share=0.5) for cap in (60, 40)]
    together, strict = outcome(impose=both), outcome(impose=both[1:])
    np.testing.assert_allclose(together.after.log_w, strict.after.log_w, atol=1e-10)
    assert discount(together, "IND") == pytest.approx(25)


def test_the_lower_cap_on_file_counts() -> None:
    looser = outcome(status_quo=NEW, lift=[CRUDE])
    assert float(abs(looser.equilibrium.welfare).max()) < 1e-9
    ended = outcome(status_quo=NEW, lift=[EUROPEAN])
    m, european = register()[CRUDE], register()[EUROPEAN]
    s = Strengths()
    expected = 100 * m.share * float(s.discount(m, 2025) - s.discount(european, 2025))
    assert discount(ended, "IND") == pytest.approx(expected)
    assert expected < 0
    assert float(ended.equilibrium.welfare.sel(country="RUS")) > 0


def test_imposing_and_lifting_is_the_identity() -> None:
    back = outcome(status_quo=OLD, lift=[CRUDE], impose=[CRUDE])
    assert float(abs(back.equilibrium.welfare).max()) < 1e-9
    ended = outcome(status_quo=OLD, lift=[CRUDE])
    rate = ended.equilibrium.tariff_after.sel(origin="RUS", sector="B06", destination="IND")
    assert float(rate) == 0
    eased = outcome(status_quo=OLD, ease={CRUDE: 0.5})
    assert 2 * discount(eased, "IND") == pytest.approx(discount(ended, "IND"))


def test_the_accounts_of_the_table_do_not_show_what_a_cap_took() -> None:
    lifted = outcome(lift=[CRUDE])
    assert float(abs(lifted.equilibrium.welfare).max()) < 1e-9


def test_the_end_of_a_cap_can_be_taken_back() -> None:
    case = load_case("belarus-2025").model_copy(update={"target": "RUS"})
    ended = snap_back(bundles_of(case, measures=[CRUDE]), np.array([1]), short_run=1.0)
    assert ended.loss < 0 < ended.gain
    assert ended.net == pytest.approx(0, abs=1e-6)


def test_it_comes_on_top_of_a_duty() -> None:
    duty = {"senders": "IND", "target": "RUS", "kind": "tariff", "sectors": ["B06"], "ave": 0.2}
    both = outcome(impose=[Measure(**duty), Measure(**CAP, cap=60, market_price=80)])
    e, at = both.equilibrium, {"origin": "RUS", "sector": "B06", "destination": "IND"}
    assert float((e.d_hat * (1 + e.tariff_after)).sel(at)) == pytest.approx(1.2)
    assert float(e.tariff_after.sel(at)) == pytest.approx(0.2 + 1 / 3)


def test_evasion_is_an_assumption() -> None:
    scenario = Scenario(title="", status_quo=OLD, lift=[CRUDE], friction=False)
    p = Parameters.central(scenario, scenario.load_world(), 3)
    drawn = kind_of("evasion").apply(p, np.array([0.0, 0.5, 1.0]))
    o = simulate(scenario, drawn).outcome()
    found = o.measure("discount", About(country="RUS", partner="IND", sectors="B06"))
    m = register()[CRUDE]
    assert m.evasion is not None
    gap = 1 - 60 / 67
    expected = [-100 * m.share * gap * (1 - m.evasion.at(q)) for q in (0, 0.5, 1)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_strengths_of_a_cap() -> None:
    m = register()[CRUDE]
    assert 0 < m.strength("low") < m.strength() < m.strength("high")
    table = register().table().set_index("measure")
    assert table.loc[CRUDE, "ave"] == pytest.approx(m.strength())


def test_the_audit_shows_no_cost() -> None:
    assert audit(Scenario(title="", lift=[CRUDE]), detente.load_world()).empty


@pytest.mark.parametrize("name", [CRUDE, EUROPEAN, "g7-ru-price-cap-products-2023"])
def test_caps_on_file_are_caps(name: str) -> None:
    m = register()[name]
    assert m.cap is not None
    assert m.market_price is not None
    assert m.evasion is not None
    assert {"EU27", "GBR"} <= set(m.senders)
    assert min(m.market_price.values()) > m.cap


def test_a_cap_needs_a_price_and_no_ave() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        Measure(**CAP, cap=0, market_price=80)
    with pytest.raises(ValidationError, match="must lie between 0 and 1"):
        Measure(**CAP, cap=60, market_price=80, evasion=1.2)
