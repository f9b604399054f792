"""Measures, regimes, scenarios and their compilation."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

import detente
from detente import ScenarioError, plain
from detente.cases import load_case
from detente.equilibrium.outcomes import Equilibrium
from detente.policy.contained import estimates
from detente.policy.effects import audit, cost_factor
from detente.policy.measures import Measure
from detente.policy.pass_through import FORMS
from detente.policy.reading import read_scenario
from detente.policy.register import register
from detente.policy.scenario import Scenario
from detente.simulation.run import simulate
from detente.source import MOST_SIZE, Source
from detente.world.names import resolve_countries, resolve_sectors

ON_GOODS = {"senders": ["USA"], "target": "BLR", "kind": "import-ban", "sectors": ["C20"]}


@pytest.fixture(scope="module")
def world() -> detente.World:
    return detente.load_world()


def solved(**change: object) -> Equilibrium:
    """A scenario on the embedded world."""
    return simulate(Scenario(title="", **change)).outcome().equilibrium


@settings(max_examples=50, deadline=None)
@given(st.floats(-0.5, 5), st.floats(0.01, 1), st.floats(0.5, 20))
def test_partial_coverage_loses_the_trade_it_should(ave: float, share: float, theta: float) -> None:
    factor = cost_factor(ave, share, np.array([theta]))[0]
    assert factor**-theta == pytest.approx((1 - share) + share * (1 + ave) ** -theta, rel=1e-9)


def test_a_ban_of_part_of_a_sector_leaves_the_rest(world: detente.World) -> None:
    d_hat = solved(impose=[Measure(**ON_GOODS, share=0.4, ban=True)]).d_hat
    theta = float(world.data["theta"].sel(sector="C20"))
    factor = float(d_hat.sel(origin="BLR", destination="USA", sector="C20"))
    assert factor**-theta == pytest.approx(0.6)


def test_lifting_is_the_inverse_of_imposing() -> None:
    on = date(2025, 2, 12)
    names = [n for n, m in register().in_force(on).measures.items() if m.target == "BLR"]
    equilibrium = solved(lift=names, impose=names, status_quo=on, friction=False)
    before = equilibrium.before.cost_factors().transpose(1, 2, 0)
    assert float(abs(equilibrium.d_hat / before - 1).max()) < 1e-12
    assert float(abs(equilibrium.welfare).max()) < 1e-9


def test_lifting_everything_returns_the_reference_whatever_the_day() -> None:
    def reference(on: date) -> Equilibrium:
        names = list(register().in_force(on).measures)
        return solved(lift=names, status_quo=on, friction=False)

    early, late = reference(date(2023, 1, 31)), reference(date(2025, 2, 12))
    np.testing.assert_allclose(early.d_hat, late.d_hat, rtol=1e-12)
    np.testing.assert_allclose(early.after.log_w, late.after.log_w, atol=1e-9)


def test_a_measure_gives_back_no_more_than_it_took(world: detente.World) -> None:
    """At the table, which has little of a measure, lifting it takes off that little."""
    name = "us-technology-2022"
    at = {"origin": "USA", "destination": "BLR", "sector": "C26"}
    theta = float(world.data["theta"].sel(sector="C26"))
    estimate = estimates().set_index(["sender", "target", "direction", "sector"])
    row = estimate.loc[("USA", "BLR", "exports", "C26")]
    everything = [
        n
        for n, m in register().measures.items()
        if m.target == "BLR" and m.months(date(2022, 1, 1), date(2022, 12, 31)) > 0
    ]
    one, all_of_it = (
        -theta * np.log(float(solved(lift=lifted, friction=False).d_hat.sel(at)))
        for lifted in ([name], everything)
    )
    assert 0 < one < all_of_it
    assert all_of_it == pytest.approx(min(-row["effect"], -row["beside"]), rel=1e-9)


def test_months_in_force_count() -> None:
    law = Measure(**ON_GOODS, ave=0.3, start=date(2022, 7, 2))
    case = {"measures": {"law": law}, "lift": ["law"], "friction": False}
    at = {"origin": "BLR", "destination": "USA", "sector": "C20"}
    half = float(solved(**case).d_hat.sel(at))
    theta = float(detente.load_world().data["theta"].sel(sector="C20"))
    months = law.months(date(2022, 1, 1), date(2022, 12, 31))
    assert half**theta == pytest.approx((1 - months) + months * 1.3**-theta)


def test_a_ban_of_the_tables_year_stays_and_does_not_end() -> None:
    def status_quo(**dates: date) -> Equilibrium:
        elsewhere = {**ON_GOODS, "senders": ["CHN"], "target": "AUS"}
        law = Measure(**elsewhere, ban=True, start=date(2020, 1, 1), **dates)
        return solved(measures={"law": law}, status_quo=date(2023, 6, 1))

    assert np.isfinite(status_quo().before.log_w).all()
    with pytest.raises(ScenarioError, match="has ended by the status quo"):
        status_quo(end=date(2023, 1, 1))


@pytest.mark.parametrize(
    "change",
    [{"horizon": "first-year"}, {"level": "low"}, {"horizon": "first-year", "level": "high"}],
)
def test_a_status_quo_of_other_assumptions_is_a_start_and_nothing_else(
    change: dict[str, str],
) -> None:
    eased = Scenario(title="", lift=["us-potash-2021"], status_quo=date(2025, 2, 12))
    near = simulate(eased).status_quo
    asked = eased.model_copy(update=change)
    alone, beside = simulate(asked), simulate(asked, near=near)
    assert beside.compiled.in_force is not near.costs
    np.testing.assert_array_equal(*(s.outcome().after.policy.log_d for s in (alone, beside)))
    alike = simulate(eased, near=near)
    assert alike.compiled.in_force is near.costs
    assert alike.before.evaluations[0] == 1


def test_relief_is_used_by_its_form() -> None:
    at = {"origin": "BLR", "destination": "USA", "sector": "C20"}

    def used(**change: object) -> float:
        lifted = solved(measures={"m": Measure(**ON_GOODS, ave=0.3)}, lift=["m"], **change)
        return (1 - float(lifted.d_hat.sel(at))) / (1 - 1 / 1.3)

    assert used(friction=False) == pytest.approx(1)
    licence, delisting, repeal = (used(form=f) for f in ("licence", "delisting", "repeal"))
    assert 0 < licence < delisting < repeal < 1
    assert repeal == pytest.approx(FORMS["repeal"].central)
    assert used(form={"USA": "licence"}) == licence
    assert used(form="repeal", reversible=True) < repeal


def test_easing_fully_is_lifting_and_hardening_replaces() -> None:
    def factor(**change: object) -> float:
        measures = {"m": Measure(**ON_GOODS, ave=0.3)}
        d_hat = solved(measures=measures, friction=False, **change).d_hat
        return float(d_hat.sel(origin="BLR", destination="USA", sector="C20"))

    assert factor(lift=["m"]) == pytest.approx(1 / 1.3, rel=1e-15)
    assert factor(ease={"m": 1.0}) == factor(lift=["m"])
    assert factor(ease={"m": 0.5}) == pytest.approx(1.15 / 1.3)
    assert factor(harden={"m": 0.6}) == pytest.approx(1.6 / 1.3)


def test_a_complete_ban_cannot_be_lifted() -> None:
    with pytest.raises(ScenarioError, match="cannot be taken off"):
        solved(lift=[Measure(**ON_GOODS, ban=True)])


def test_the_audit_explains_every_factor() -> None:
    scenario = load_case("belarus-2025").scenario("us-all").model_copy(update={"routes": None})
    found = audit(scenario, scenario.load_world())
    solution = simulate(scenario).outcome().equilibrium
    before = solution.before.cost_factors().transpose(1, 2, 0)
    table = solution.d_hat / before
    rows = found.drop_duplicates(["origin", "destination", "sector"])
    for row in rows.sample(50, random_state=1).itertuples():
        at = {"origin": row.origin, "destination": row.destination, "sector": row.sector}
        assert float(table.sel(at)) == pytest.approx(row.total, rel=1e-12)
    assert 0 < int((table != 1).sum()) <= len(rows)
    assert "us-potash-2021" in set(found["measure"])


def test_finance_reaches_third_countries_by_invoicing() -> None:
    measure = Measure(senders=["USA"], target="BLR", kind="finance", ave=0.1, invoicing_share=0.5)
    d_hat = solved(impose=[measure]).d_hat
    direct = float(d_hat.sel(origin="USA", destination="BLR", sector="K"))
    third = float(d_hat.sel(origin="CHN", destination="BLR", sector="K"))
    assert direct == pytest.approx(1.1)
    assert 1 < third < direct
    assert float(d_hat.sel(origin="CHN", destination="RUS", sector="K")) == 1


def test_transit_acts_on_overseas_trade_alone() -> None:
    d_hat = solved(impose=["lt-potash-transit-2022"]).d_hat.sel(origin="BLR", sector="C20")
    assert float(d_hat.sel(destination="BRA")) > 1
    assert float(d_hat.sel(destination="CHN")) > 1
    assert float(d_hat.sel(destination=["LTU", "RUS", "POL"]).max()) == 1


def test_tariffs_are_imposed_with_revenue_and_lifted_without() -> None:
    duty = Measure(senders=["EU27"], target="BLR", kind="tariff", sectors=["C20"], ave=0.2)
    at = {"origin": "BLR", "destination": "DEU", "sector": "C20"}
    imposed = solved(impose=[duty])
    assert float(imposed.tariff_after.sel(at)) == 0.2
    assert float(imposed.d_hat.sel(at)) == 1
    assert float(imposed.tariff_revenue["after"].sel(country="DEU")) > 0
    lifted = solved(lift=[duty])
    assert not lifted.tariff_after.any()
    assert not lifted.tariff_revenue["after"].any()
    assert float(lifted.d_hat.sel(at)) == pytest.approx(1 / 1.2)


def test_the_register_is_sound(world: detente.World) -> None:
    found = register().measures
    assert len(found) > 100
    for name, m in found.items():
        resolve_countries([*m.senders, m.target], world.countries)
        resolve_sectors(m.sectors, world.sectors)
        assert m.start is not None, name
        assert m.instrument, name
        assert m.source, name
        assert m.ban or m.ave_source, name
    assert {m.target for m in found.values()} == {"BLR", "RUS", "IND", "UKR"}
    senders = {s for m in found.values() for s in m.senders}
    assert {"EU27", "USA", "GBR", "CAN", "CHE", "UKR", "LTU"} <= senders
    assert all((m.kind == "war") == (m.target == "UKR") for m in found.values())


def test_a_war_ends_by_name_alone() -> None:
    war = {name: m for name, m in register().measures.items() if m.kind == "war"}
    assert "war-russia-ukraine-2022" in war
    for sender in ("RUS", "BLR"):
        everything = {"senders": sender, "target": "UKR"}
        nothing = Scenario(title="peace", status_quo=date(2025, 2, 12), lift=[everything])
        with pytest.raises(ScenarioError, match="no measure of"):
            nothing.actions()
    everything = {"senders": "UKR", "target": "RUS"}
    lifted = Scenario(title="no embargo", status_quo=date(2025, 2, 12), lift=[everything]).actions()
    assert {a.name for a in lifted} == {
        "ua-ru-list-2016",
        "ua-ru-embargo-2022",
        "ua-ru-export-ban-2022",
    }
    peace = solved(lift=["war-russia-ukraine-2022"], status_quo=date(2025, 2, 12), friction=False)
    before = peace.before.cost_factors().transpose(1, 2, 0)
    change = (peace.d_hat / before).sel(sector="C28")
    there = float(change.sel(origin="RUS", destination="UKR"))
    assert there < 1
    assert float(change.sel(origin="UKR", destination="RUS")) == pytest.approx(there)
    assert float(change.sel(origin="UKR", destination="BLR")) == 1


def test_a_regime_knows_its_day() -> None:
    before, after = date(2021, 5, 31), date(2021, 8, 10)
    assert "us-potash-2021" not in register().in_force(before).measures
    assert "us-potash-2021" in register().in_force(after).measures
    assert "us-potash-2021" not in register().in_force(date(2025, 12, 31)).measures
    banks = register().in_force(after).of(["EU27"], "BLR", ["finance"])
    assert set(banks.measures) == {"eu-capital-2021"}
    with pytest.raises(ScenarioError, match="did you mean 'us-potash-2021'"):
        register()["us-potash-2022"]


def test_the_status_quo_holds_what_came_after_the_datas_year(world: detente.World) -> None:
    found = solved(status_quo=date(2025, 2, 12))
    sold = {"origin": "DEU", "destination": "BLR", "sector": "C29"}
    assert float(found.trade["before"].sel(sold)) < 0.9 * float(world.trade.sel(sold))
    assert found.manifest["changes"][0].startswith("status quo of 2025-02-12: ")
    assert float(abs(found.welfare).max()) < 1e-9


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ave": -1.5}, "greater than -1"),
        ({"ave": 0.2, "ban": True}, "not both"),
        ({}, "needs a strength"),
        ({"ave": 0.2, "start": "2022-01-01", "end": "2021-01-01"}, "before it starts"),
        ({"ave": {"low": 0.3, "central": 0.2, "high": 0.4}}, "must be in order"),
        ({"ave": 0.2, "share": 1.5}, "less than or equal to 1"),
        ({"ave": 0.2, "invoicing_share": 0.5}, "for finance measures"),
    ],
)
def test_measures_that_make_no_sense_are_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Measure(**ON_GOODS, **fields)


def test_an_unknown_measure_is_pointed_at(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("title: x\nlift:\n  - us-potash-2021\n  - us-potasch-2021\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"s\.yaml:4: lift\.1: .*did you mean 'us-potash-2021'"):
        read_scenario(path)


@pytest.mark.parametrize(
    ("wrong", "line", "words"),
    [
        ("[BLR, RUS]", 3, "hub RUS is itself the origin or the destination"),
        ("[BLR, KAZA]", 4, "did you mean 'KAZ'"),
        ("[BLR]\n  enforcement: {BLR: 0}", 5, "greater than 0"),
        ("[BLR]\n  enforcement: {TUR: 1.2}", 3, "'TUR', which is no hub"),
    ],
)
def test_routes_of_a_file_are_pointed_at(tmp_path: Path, wrong: str, line: int, words: str) -> None:
    path = tmp_path / "s.yaml"
    lane = "lanes: [{origins: USA, destinations: RUS}]"
    path.write_text(f"title: x\nlift: []\nroutes:\n  hubs: {wrong}\n  {lane}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=words) as caught:
        read_scenario(path)
    assert f"s.yaml:{line}:" in str(caught.value)


def test_a_selection_of_nothing_is_refused() -> None:
    nothing = {"senders": "USA", "target": "BLR", "of": "banks"}
    with pytest.raises(ScenarioError, match="no measure of USA on BLR"):
        solved(status_quo=date(2021, 1, 1), lift=[nothing])


# ------------------------------------------------------------------ files that are no plain data

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + k)}: &{chr(98 + k)} [{', '.join([f'*{chr(97 + k)}'] * 9)}]\n" for k in range(8)
)
DEEP = "".join(f"{' ' * level}a:\n" for level in range(1000))
NUMBER = "is not a number between -1e+18 and 1e+18"
DATE = "is not a date of the calendar, such as 2025-02-28"
PLAIN = "only plain data, no anchors, aliases or tags"
NAME = "the name of a field must be text"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (BOMB, 1, PLAIN),
        ("title: x\nlift: &a [*a]\n", 2, PLAIN),
        ("title: x\nlift: *a\n", 2, PLAIN),
        ("title: x\nlevel: !!int x\n", 2, PLAIN),
        ("title: x\nstatus_quo: 2025-02-30\n", 2, f"'2025-02-30' {DATE}"),
        ("title: x\nstatus_quo: 2025-99-99\n", 2, DATE),
        ("title: x\nlift: " + "[" * 5000, 2, "nested too deeply: at most 40 levels"),
        (DEEP, 40, "nested too deeply"),
        ("title: x\nworld: a\x00b\n", 2, r"character '\x00' is not allowed"),
        ("title: x\nworld: a\x1b[31mb\n", 2, r"character '\x1b' is not allowed"),
        ('title: x\nworld: "a\\0b"\n', 2, r"character '\x00' is not allowed"),
        ('title: x\nworld: "\\ud800"\n', 2, r"character '\ud800' is not allowed"),
        ("title: x\nlevel: " + "9" * 5000 + "\n", 2, NUMBER),
        ("title: x\nlevel: 0x" + "f" * 5000 + "\n", 2, NUMBER),
        ("title: x\nlevel: 1" + ":59" * 5000 + "\n", 2, NUMBER),
        ("title: x\nharden: {us-potash-2021: 1" + ":59" * 500 + ".5}\n", 2, NUMBER),
        ("title: x\nharden: {us-potash-2021: .nan}\n", 2, NUMBER),
        ("title: x\n1: y\n", 2, f"{NAME}: put 1 in quotes"),
        ("title: x\nharden: {2025-02-30: 0.1}\n", 2, f"{NAME}: put 2025-02-30 in quotes"),
        ("title: x\n? [a]\n: c\n", 2, f"{NAME}, not a list or a mapping"),
        ("title: x\n{a: b}: c\n", 2, f"{NAME}, not a list or a mapping"),
        ("title: x\ntitle: y\n", 2, "field 'title' appears twice"),
        ("title: x\n<<: {title: y}\n", 2, "<<: unknown field"),
        ("title: x\n---\ntitle: y\n", 2, "only one document"),
        ("", 1, "expected `field: value` lines"),
        ("# nothing\n", 1, "expected `field: value` lines"),
        ("- a\n", 1, "expected `field: value` lines"),
    ],
)
def test_files_that_are_no_plain_data_are_pointed_at(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_the_parsers_in_c_and_in_python_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(detente.__file__).parent
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.yaml"))]
    in_c = [plain.plain_data(text) for text in texts]
    monkeypatch.setattr(plain, "YAML", lambda typ, pure: YAML(typ=typ, pure=True))
    assert [plain.plain_data(text) for text in texts] == in_c
    assert len(texts) > 20


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2025-02-12", date(2025, 2, 12)),
        ('"2025-02-12"', "2025-02-12"),
        ("no", False),
        ("'no'", "no"),
        ("n", "n"),
        ("~", None),
        ("", None),
        ("1e3", 1000.0),
        ("0x10", 16),
        ("1_000", 1000),
        ("us-goods", "us-goods"),
        ("=", "="),
        (">-\n  2025-02-12\n", "2025-02-12"),
    ],
)
def test_words_are_read_as_yaml_reads_them(written: str, read: object) -> None:
    found = plain.plain_data(f"of: {written}")[0]["of"]
    assert found == read
    assert type(found) is type(read)


def test_bytes_that_are_no_text_are_pointed_at(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes("title: x\nlift: [é]\n".encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"s\.yaml:2: not UTF-8 text \(byte 0xe9\)"):
        read_scenario(path)


def test_files_that_cannot_be_read_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, why in (
        (tmp_path, "Is a directory"),
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path / ("x" * 300), "name too long"),
    ):
        with pytest.raises(ScenarioError, match=f"cannot be read: .*{why}"):
            read_scenario(path)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(ScenarioError, match=r"s\.yaml: cannot be read: Permission denied"):
        read_scenario("s.yaml")


def test_large_files_are_not_read() -> None:
    with pytest.raises(ScenarioError, match=r"/dev/zero: larger than 1,000,000 bytes"):
        read_scenario("/dev/zero")
    with pytest.raises(ScenarioError, match="larger than"):
        Source.parse("#" * (MOST_SIZE + 1), "s.yaml")


def test_many_faults_are_counted_and_long_values_cut(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"title: x\nlevel: {'a' * 9999}\n" + "".join(f"a{n}: 1\n" for n in range(500)))
    with pytest.raises(ScenarioError, match=r"\.\.\. and 451 more faults$") as caught:
        read_scenario(path)
    assert f"not '{'a' * 99}..." in str(caught.value)
    assert len(str(caught.value).splitlines()) == 51


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["title", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ", ", "&a ", "*a", "!!int ", '"',
             "'", "?", "|", "\\x00", "#", "9", "0x", "0b", "-", ".", "e", ":59", "2025-02-3", "<<",
             "=", "~", "yes", "---", "%", "\t", "\x00", "\ud800", "é", "1:", "T25:61:61"]
        ),
        max_size=25,
    ).map("".join)
)  # fmt: skip
def test_whatever_a_file_says_it_is_read_or_refused(text: str) -> None:
    told = _refusal(text)
    assert told is None or told.startswith("s.yaml:")


def _refusal(text: str) -> str | None:
    try:
        Source.parse(text, "s.yaml")
    except ScenarioError as error:
        return str(error)
    return None
