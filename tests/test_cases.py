"""Names in files become codes once, and a case knows its rival, its scenarios, its measures."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from detente import ScenarioError, assess, influence, leakage, relief, weigh
from detente.cases import Case, available_cases, load_case
from detente.cases.template import new_case
from detente.policy.reading import read_scenario
from detente.policy.scenario import Scenario
from detente.report.report import gather
from detente.source import Source

CASE = """
title: India, by names
question: What if?
parties: {sender: [United States, The Quad], target: [India], rival: [China]}
target: India
countries: [India, USA, eu27, all]
partners: [United States, USA, EU27]
routes:
  hubs: [Turkey]
  lanes: [{origins: United States, destinations: Russia}]
  enforcement: {Turkey: 1.2}
measures:
  steel:
    senders: [United States, EU27]
    target: India
    kind: import-ban
    sectors: [C24A, services]
    ave: 0.2
    start: 2021-01-01
  payments:
    senders: United States
    target: India
    kind: finance
    ave: 0.1
    invoicing_share: 0.5
    invoicing_excludes: [Russia]
  port: {senders: Pakistan, target: India, kind: transit, overseas: [China], ave: 0.1}
scenarios:
  lifted:
    title: Lifted
    form: {United States: delisting, eu27: repeal}
    lift: [{senders: United States, target: India}]
    costs: [{origins: India, destinations: [China], factor: 1.1}]
    transfers: [{payer: United States, receiver: India, amount: 1}]
claims:
  gain:
    said: India gains.
    tested: India trades more with China and the Union.
    form: paraphrase
    speaker: Nobody
    where: Nowhere
    source: Invented
    test:
      metric: trade
      parameters: {country: India, partner: [China, EU27]}
      scenarios: [lifted]
      direction: rises
assumptions:
  strength-United States: {title: Strength, source: Invented}
  strength-others: {title: Strength, source: Invented}
"""


def read(folder: Path, old: str = "", new: str = "") -> Case:
    assert old in CASE
    (folder / "case.yaml").write_text(CASE.replace(old, new, 1), encoding="utf-8")
    return load_case(folder)


def test_names_of_countries_become_codes_and_groups_stay(tmp_path: Path) -> None:
    case = read(tmp_path)
    assert case.target == "IND"
    assert case.countries == ["IND", "USA", "EU27", "all"]
    assert case.partners == ["USA", "EU27"]
    assert case.parties == {"sender": ["USA", "The Quad"], "target": ["IND"], "rival": ["CHN"]}
    steel, payments, port = (case.measures[m] for m in ("steel", "payments", "port"))
    assert (steel.senders, steel.target) == (["USA", "EU27"], "IND")
    assert steel.sectors == ["C24A", "services"]
    assert payments.invoicing_excludes == ["RUS"]
    assert (port.senders, port.overseas) == (["PAK"], ["CHN"])
    assert case.routes is not None
    assert (case.routes.hubs, case.routes.enforcement) == (["TUR"], {"TUR": 1.2})
    assert case.routes.lanes[0].destinations == ["RUS"]
    test = case.claims["gain"].test
    assert test is not None
    assert (test.parameters.country, test.parameters.partner) == ("IND", ["CHN", "EU27"])
    assert list(case.assumptions) == ["strength-USA", "strength-others"]
    lifted = case.scenario("lifted")
    assert lifted.form == {"USA": "delisting", "EU27": "repeal"}
    assert [a.name for a in lifted.actions()] == ["steel"]
    assert lifted.costs[0].origins == ["IND"]
    assert (lifted.transfers[0].payer, lifted.transfers[0].receiver) == ("USA", "IND")


def test_without_a_world_names_stay_as_they_are_written() -> None:
    case = Source.parse(CASE, "case.yaml").validate(Case)
    assert case.target == "India"
    assert case.rival == "China"
    assert case.measures["port"].senders == ["Pakistan"]
    assert list(case.assumptions) == ["strength-United States", "strength-others"]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("target: India\ncou", "target: Indja\ncou", 5, "target: unknown country 'Indja'"),
        (
            "Pakistan",
            "Monaco",
            27,
            "country 'Monaco' (MCO) is not in the world 'icio2022'",
        ),
        ("rival: [China]", "rival: [Chima]", 4, "parties: unknown country 'Chima'"),
        ("rival: [China]", "rival: [EU27]", 4, "rival 'EU27' is a group; name a country"),
        ("strength-United", "strength-Unitted", 48, "unknown country 'Unitted States'"),
        ("target: India\ncou", "target: EU27\ncou", 5, "'EU27' is a group; name a country"),
        ("[C24A, services]", "[C24X]", 17, "unknown sector 'C24X': did you mean 'C24B'?"),
    ],
)
def test_names_that_the_world_does_not_have_are_pointed_at(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, old, new)
    assert f"case.yaml:{line}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "patronage: {patron: G7, client: BLR, share: 0.5}",
        "transfers: [{payer: G7, receiver: BLR, amount: 5}]",
    ],
)
def test_who_pays_and_who_is_paid_are_countries(tmp_path: Path, line: str) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(f"title: x\nworld: icio2022\n{line}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"scenario.yaml:3: .*'G7' is a group; name a country"):
        read_scenario(path)


def test_elasticities_are_of_a_known_source(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text("title: x\nelasticities: fontaine\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"scenario.yaml:2: .*'fontaine': did you mean"):
        read_scenario(path)


def test_the_address_of_a_source_is_no_script(tmp_path: Path) -> None:
    new_case(tmp_path / "case")
    events = tmp_path / "case" / "events.yaml"
    events.write_text(events.read_text("utf-8") + "  url: javascript:alert(1)\n", "utf-8")
    with pytest.raises(ScenarioError, match=r"events.yaml:\d+: .*url: .*https.*javascript"):
        load_case(tmp_path / "case")


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "---\n"])
def test_an_empty_section_means_nothing(tmp_path: Path, content: str) -> None:
    new_case(tmp_path / "mine")
    folder = tmp_path / "mine"
    for section in ("events", "concessions", "claims", "observations", "assumptions"):
        (folder / f"{section}.yaml").write_text(content, encoding="utf-8")
    case = load_case(folder)
    assert not any((case.events, case.concessions, case.claims, case.observations))
    assert case.measures
    assert list(case.scenarios) == ["lifted", "halved"]
    (folder / "events.yaml").unlink()
    with (folder / "case.yaml").open("a", encoding="utf-8") as file:
        file.write("events:\nclaims:\n")
    assert load_case(folder).events == {}


def test_a_case_needs_a_scenario(tmp_path: Path) -> None:
    new_case(tmp_path / "mine")
    (tmp_path / "mine" / "scenarios.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ScenarioError, match="scenarios: name at least one scenario"):
        load_case(tmp_path / "mine")


def test_a_file_that_must_say_something_is_refused_when_empty(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"case\.yaml:1: expected `field: value` lines"):
        load_case(tmp_path)


CODES = {
    "India": "IND", "United States": "USA", "Turkey": "TUR", "Russia": "RUS", "China": "CHN",
    "Pakistan": "PAK",
}  # fmt: skip
SPELLINGS = {"India": "Indian", "Turkey": "Türkiye", "Russia": "Russian Federation"}


def test_every_command_takes_names_as_it_takes_codes(tmp_path: Path) -> None:
    by_code, by_spelling = CASE, CASE
    for name, code in CODES.items():
        by_code = by_code.replace(name, code)
        by_spelling = by_spelling.replace(name, SPELLINGS.get(name, name))
    found = []
    for words in (by_code, CASE, by_spelling):
        (tmp_path / "case.yaml").write_text(words, encoding="utf-8")
        case, store = load_case(tmp_path), tmp_path / "store"
        weighed = weigh(case, 4, workers=1, store=store).weighed["gain"]
        by_relief = relief(case, ["United States" if words != by_code else "USA"], draws=4)
        held = influence(case.target, case.scenario("lifted"), ["China"], case=case, draws=4)
        found.append(
            {
                "assess": assess(case, draws=0).welfare.to_dict("list"),
                "claims": weighed.values.tolist(),
                "leakage": leakage(case, draws=0).channels.to_dict(),
                "influence": held.answer(),
                "relief": by_relief.packages["gain"].values.tolist(),
            }
        )
    assert found[0] == found[1] == found[2]


def test_a_case_that_was_not_read_in_its_world_computes_all_the_same(tmp_path: Path) -> None:
    loose = Source.parse(CASE, "case.yaml").validate(Case)
    assert loose.target == "India"
    for case in (loose, read(tmp_path).model_copy(update={"target": "India"})):
        weigh(case, 4, workers=1, store=tmp_path / "store")
        found = gather(case, draws=2, illustrated=False, store=tmp_path / "store")
        assert found.influence.target == "IND"
        assert found.relief is not None


def test_the_rival_is_the_first_of_its_role_or_nobody() -> None:
    assert load_case("belarus-2025").rival == "RUS"
    assert load_case("australia-2023").rival is None


@pytest.mark.parametrize("name", available_cases())
def test_a_case_spells_out_every_scenario(name: str) -> None:
    case = load_case(name)
    spelled_out = case.spelled_out()
    assert list(spelled_out) == list(case.scenarios)
    for key, scenario in spelled_out.items():
        assert scenario == case.scenario(key)
        assert scenario.actions()


def test_measures_that_a_case_only_imagines_are_never_in_force() -> None:
    china = load_case("australia-2023").scenario("iron-ore")
    own = {name: m for name, m in china.measures.items() if m.start is not None}
    assert len(own) == 8
    assert own.keys() <= china.in_force(date(2022, 12, 31)).keys()
    assert not own.keys() & china.in_force(date(2019, 12, 31)).keys()
    belarus = load_case("belarus-2025").scenario("embargo-all")
    for scenario, imagined in ((china, "iron-ore-ban"), (belarus, "embargo-all-exports")):
        for day in (date(1990, 1, 1), scenario.start, date(2090, 1, 1)):
            assert imagined not in scenario.in_force(day)
        assert imagined in {action.name for action in scenario.actions()}


def test_a_selection_takes_the_cases_own_measures_in_force() -> None:
    case = load_case("australia-2023")
    lift = [{"senders": ["CHN"], "target": "AUS"}]
    day = date(2023, 6, 1)
    scenario = Scenario(title="", lift=lift, measures=case.measures, status_quo=day)
    lifted = {action.name for action in scenario.actions()}
    ended_or_imagined = {
        "coal-2020",
        "logs-2020",
        "iron-ore-ban",
        "all-out-imports",
        "all-out-exports",
    }
    assert lifted == case.measures.keys() - ended_or_imagined
    assert "barley-2020" in lifted


def test_a_measure_of_its_own_takes_the_place_of_the_registers() -> None:
    imagined = {"senders": "USA", "target": "BLR", "kind": "finance", "ave": 1}
    scenario = load_case("belarus-2025").scenario("us-all")
    own = {**scenario.model_dump(exclude_unset=True), "measures": {"us-banks-2022": imagined}}
    changed = Scenario.model_validate(own)
    assert "us-banks-2022" in scenario.in_force(scenario.start)
    assert "us-banks-2022" not in changed.in_force(changed.start)
    assert "us-banks-2022" not in {action.name for action in changed.actions()}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    said: India", "    statement: India", "`statement` is now `said` (what the speaker"),
        (
            "    tested: India trades more with China and the Union.\n",
            "",
            "says in `tested` what is",
        ),
        ("speaker: Nobody\n", "speaker: Nobody\n    outside: A motive\n", "has either a `test`"),
    ],
)
def test_what_was_said_is_kept_apart_from_what_is_tested(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    claim = read(tmp_path).claims["gain"]
    assert (claim.said, claim.tested) == (
        "India gains.",
        "India trades more with China and the Union.",
    )
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, old, new)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", available_cases())
def test_every_claim_put_to_the_model_says_what_is_tested_in_one_sentence(name: str) -> None:
    for claim in load_case(name).claims.values():
        assert (claim.test is None) == (claim.tested is None)
        assert claim.said != claim.tested
        if claim.tested is not None:
            assert claim.tested.endswith(".")
            assert ". " not in claim.tested


def test_relief_for_belarusian_banks_leaves_those_that_russian_banks_own() -> None:
    case = load_case("belarus-2025")

    def lifted(name: str) -> set[str]:
        return {action.name for action in case.scenario(name).actions()}

    assert lifted("us-banks") == {"us-banks-2022", "us-debt-2021"}
    for name in ("us-potash-banks", "us-eu-banks"):
        assert "us-russian-banks-2022" not in lifted(name), name
    assert "us-russian-banks-2022" in lifted("us-all")
    port = lifted("us-potash-klaipeda") - lifted("us-potash")
    assert port == {"lt-potash-transit-2022"}


def test_a_scenario_stands_on_the_smallest_world_with_its_countries(tmp_path: Path) -> None:
    lines = "title: Of Iran\nimpose:\n  - {senders: USA, target: %s, kind: export-ban, ave: 0.2}\n"
    for target, world in (("Syrian", "world2022:SYR"), ("Belarus", "icio2022")):
        (tmp_path / "s.yaml").write_text(lines % target)
        assert read_scenario(tmp_path / "s.yaml").world == world
    (tmp_path / "s.yaml").write_text("world: icio2022\n" + lines % "Syria")
    with pytest.raises(ScenarioError, match="not in the world 'icio2022': the world"):
        read_scenario(tmp_path / "s.yaml")


@pytest.mark.parametrize("ask", [weigh, relief, leakage])
def test_a_name_in_place_of_a_case_is_told(ask: Callable[[Any], object]) -> None:
    with pytest.raises(ScenarioError, match=r"not 'belarus-2025': `detente\.load_case` reads one"):
        ask("belarus-2025")
    with pytest.raises(ScenarioError, match="`detente.load_case` reads one"):
        leakage("belarus-2025", "us-all")  # type: ignore[arg-type]
