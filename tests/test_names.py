"""Any usual name, code or adjective of a country or a sector is understood, or told what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import detente
from detente import ScenarioError, World, WorldError, load_case
from detente.cases.template import new_case
from detente.simulation.about import About
from detente.world import countries as names_of_countries
from detente.world.countries import (
    AMBIGUOUS,
    GROUP_NAMES,
    also_understood,
    country_of,
    folded,
    group_members,
    group_of,
    iso_codes,
)
from detente.world.industries import divisions_of, word_of, words_for
from detente.world.names import (
    Countries,
    Sectors,
    absent_countries,
    canonical_sectors,
    is_goods,
    resolve_countries,
    resolve_sectors,
)


def codes(words: str) -> list[str]:
    return words.split()


ALL = list(iso_codes())
TABLE = names_of_countries._names()
OECD_45 = codes(
    "A01_02 A03 B05_06 B07_08 B09 C10T12 C13T15 C16 C17_18 C19 C20 C21 C22 C23 C24 C25 C26 "
    "C27 C28 C29 C30 C31T33 D E F G H49 H50 H51 H52 H53 I J58T60 J61 J62_63 K L M N O P Q R S "
    "T"
)
OECD_36 = codes(
    "D01T03 D05T06 D07T08 D09 D10T12 D13T15 D16 D17T18 D19 D20T21 D22 D23 D24 D25 D26 D27 D28 "
    "D29 D30 D31T33 D35T39 D41T43 D45T47 D49T53 D55T56 D58T60 D61 D62T63 D64T66 D68 D69T82 "
    "D84 D85 D86T88 D90T96 D97T98"
)
NACE = codes("A01 B C10-C12 C13-C15 C16 C17 C18 C19 C20 C24 C29 C30 C31_C32 D35 K64 K65 R_S")


# -- countries ----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ALL)
def test_every_country_is_known_by_its_codes_and_its_names(code: str) -> None:
    names = TABLE[code]
    for name in (code, code.lower(), *names.iso2, names.numeric, names.short, names.official):
        assert resolve_countries(name, ALL) == [code], name


@pytest.mark.parametrize("code", ALL)
def test_every_adjective_and_other_name_is_one_countrys(code: str) -> None:
    for name in also_understood(code):
        assert resolve_countries(name, ALL) == [code], name


def test_no_name_belongs_to_two_countries() -> None:
    owners: dict[str, set[str]] = {}
    for code, c in TABLE.items():
        for name in (code, c.short, c.official, c.numeric, *c.iso2, *c.adjectives, *c.others):
            owners.setdefault(folded(name), set()).add(code)
    assert {name: codes for name, codes in owners.items() if len(codes) > 1} == {}
    assert not owners.keys() & AMBIGUOUS.keys()
    groups = {folded(name) for g, others in GROUP_NAMES.items() for name in (g, *others)}
    assert not owners.keys() & groups


def test_nearly_every_country_has_an_adjective() -> None:
    """Those without are islands that nobody is an inhabitant of, or that have no usual one."""
    without = {code for code in ALL if not TABLE[code].adjectives}
    assert without == set(codes("BES BVT ATF IOT GGY HMD JEY MAF SXM SGS SJM UMI"))


@given(st.sampled_from(ALL), st.sampled_from(["{}", "the {}", "  {} ", "The {}"]), st.booleans())
def test_case_space_and_article_do_not_matter(code: str, form: str, upper: bool) -> None:
    name = TABLE[code].short
    asked = form.format(name.upper() if upper else name.casefold())
    assert country_of(asked) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Burma", "MMR"),
        ("Swaziland", "SWZ"),
        ("Czech Republic", "CZE"),
        ("Cote d'Ivoire", "CIV"),
        ("Ivory Coast", "CIV"),
        ("Turkey", "TUR"),
        ("Türkiye", "TUR"),
        ("TURKIYE", "TUR"),
        ("EL", "GRC"),
        ("UK", "GBR"),
        ("Dutch", "NLD"),
        ("U.S.", "USA"),
        ("DRC", "COD"),
        ("Congo, Dem. Rep.", "COD"),
        ("Congo, Rep.", "COG"),
        ("Korea, Rep.", "KOR"),
        ("Korea, Dem. People's Rep.", "PRK"),
        ("DPRK", "PRK"),
        ("Iran, Islamic Rep.", "IRN"),
        ("Egypt, Arab Rep.", "EGY"),
        ("Hong Kong SAR, China", "HKG"),
        ("Venezuela, RB", "VEN"),
        ("Moldova, Republic of", "MDA"),
        ("Niger", "NER"),
        ("Nigerian", "NGA"),
        ("Nigerien", "NER"),
        ("Guinea", "GIN"),
        ("American Samoa", "ASM"),
        ("Samoan", "WSM"),
        ("Dominica", "DMA"),
        ("Sudanese", "SDN"),
        ("Byelorussia", "BLR"),
        ("Republic of Ireland", "IRL"),
        ("Northern Ireland", "GBR"),
    ],
)
def test_names_as_they_are_used(name: str, code: str) -> None:
    assert resolve_countries(name, ALL) == [code]


@pytest.mark.parametrize("name", sorted(AMBIGUOUS))
def test_a_name_of_several_countries_is_refused_with_the_candidates(name: str) -> None:
    with pytest.raises(WorldError, match=r"may be .* or .*: say which") as told:
        resolve_countries(name, ["RUS", "KOR", "COD"])
    for code in AMBIGUOUS[name]:
        assert f"({code})" in str(told.value)


@pytest.mark.parametrize("name", ["Indja", "Belarsu", "zz", "999", "", "Unitted States", "the"])
def test_what_is_no_country_is_not_read_as_one(name: str) -> None:
    with pytest.raises(WorldError, match="unknown country"):
        resolve_countries(name, ALL)


def test_codes_of_the_world_itself_win() -> None:
    """A user's world may call its countries what it likes."""
    assert resolve_countries("Georgia", ["Georgia", "GEO"]) == ["Georgia"]
    assert resolve_countries("CAN", ["HOM", "CAN"]) == ["CAN"]
    assert resolve_countries("EU27", ["EU27", "DEU"]) == ["EU27"]
    assert resolve_countries("European Union", ["EU27", "USA"]) == ["EU27"]
    assert resolve_countries("us", ["US", "USA"]) == ["US"]
    named = Countries(["N1", "N2"], ["Northland", "Southland"])
    assert resolve_countries("the Southland", named) == ["N2"]


def test_groups_are_known_by_their_names() -> None:
    known = detente.load_world().countries
    for name in ("EU", "the EU", "European Union", "eu27"):
        assert len(resolve_countries(name, known)) == 27
    assert resolve_countries("Eurasian Economic Union", known) == ["BLR", "KAZ", "RUS"]
    assert resolve_countries("BRICS", ["BRA", "IRN", "SAU"]) == ["BRA", "IRN"]
    assert resolve_countries("OPEC", ["AGO", "IRN", "VEN"]) == ["IRN", "VEN"]
    assert len(group_members("NATO")) == 32
    for group in GROUP_NAMES:
        assert group_of(group.lower()) == group
        assert set(group_members(group)) <= set(ALL)


@pytest.mark.parametrize(
    ("name", "code"), [("Syria", "SYR"), ("Iranian", "IRN"), ("CU", "CUB"), ("Kyrgyz", "KGZ")]
)
def test_a_country_that_is_not_in_the_world_is_told_so_with_what_to_do(
    name: str, code: str
) -> None:
    known = detente.load_world().countries
    with pytest.raises(WorldError) as told:
        resolve_countries(name, known)
    said = str(told.value)
    assert f"country {name!r} ({code}) is not in the world 'icio2022'" in said
    assert "World.add_economy" in said
    assert "docs/data.md" in said
    assert "did you mean" not in said
    assert code in absent_countries(known)


def test_a_world_of_the_package_that_has_the_country_is_named() -> None:
    small = detente.load_world().aggregate(countries={"Rest": ["POL", "LTU"]})
    small = World(small.data.assign_attrs(name="small"))
    with pytest.raises(WorldError, match=r"not in the world 'small': the world .*`icio2022`"):
        resolve_countries("Polish", small.countries)


# -- sectors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "codes"),
    [
        ("textiles", ["C13T15"]),
        ("crude oil", ["B06"]),
        ("Natural Gas", ["B06"]),
        ("chemicals", ["C20"]),
        ("steel", ["C24A"]),
        ("metals", ["C24A", "C24B"]),
        ("cars", ["C29"]),
        ("machinery", ["C28"]),
        ("electronics", ["C26"]),
        ("agriculture", ["A01"]),
        ("food", ["C10T12"]),
        ("banking", ["K"]),
        ("finance", ["K"]),
        ("aviation", ["H51"]),
        ("shipping", ["H50"]),
        ("wood", ["C16"]),
        ("coal", ["B05"]),
        ("mining", ["B05", "B06", "B07", "B08", "B09"]),
        ("refined products", ["C19"]),
        ("fuels", ["C19"]),
        ("pharmaceuticals", ["C21"]),
        ("energy", ["B05", "B06", "C19", "D"]),
        ("transport equipment", ["C29", "C301", "C302T309"]),
        ("Manufacture of chemicals and chemical products", ["C20"]),
        ("chemicals and chemical products", ["C20"]),
        ("c20", ["C20"]),
        ("C24", ["C24A", "C24B"]),
        ("C10-C12", ["C10T12"]),
        ("D13T15", ["C13T15"]),
        ("A", ["A01", "A02", "A03"]),
    ],
)
def test_words_and_codes_for_sectors(word: str, codes: list[str]) -> None:
    assert resolve_sectors(word, detente.load_world().sectors) == codes


def test_every_short_name_of_a_sector_is_understood() -> None:
    from detente.report import text

    sectors = detente.load_world().sectors
    for code in sectors:
        if text.sector(code) not in ("Farming",):
            assert resolve_sectors(text.sector(code), sectors) == [code]
    assert resolve_sectors("farming", sectors) == ["A01"]


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("gold", r"B07 \(.*\) and C24B"),
        ("semiconductors", "C26"),
        ("fertilisers", "C20"),
        ("fertilizer", "C20"),
        ("weapons", r"C25 \(.*\) and C302T309"),
        ("aircraft", "C302T309"),
        ("tourism", r"H51.*, I .*, N .* and R"),
        ("petrol", "C19"),
        ("C13", "C13T15"),
    ],
)
def test_a_good_that_is_part_of_a_sector_is_told_so(word: str, where: str) -> None:
    told = rf"'{word}' is only part of {where}.*`share`.*World\.split"
    with pytest.raises(WorldError, match=told):
        resolve_sectors(word, detente.load_world().sectors)


def test_oil_is_asked_back() -> None:
    with pytest.raises(WorldError, match=r"'oil' may be B06 \(.*\) or C19 \(.*\): name one"):
        resolve_sectors("oil", detente.load_world().sectors)


@pytest.mark.parametrize(
    ("sectors", "word", "codes"),
    [
        (OECD_45, "agriculture", ["A01_02"]),
        (OECD_45, "metals", ["C24"]),
        (OECD_45, "fossil fuels", ["B05_06", "C19"]),
        (OECD_36, "textiles", ["D13T15"]),
        (OECD_36, "agriculture", ["D01T03"]),
        (OECD_36, "electronics", ["D26"]),
        (OECD_36, "banking", ["D64T66"]),
        (OECD_36, "utilities", ["D35T39"]),
        (NACE, "food", ["C10-C12"]),
        (NACE, "finance", ["K64", "K65"]),
        (NACE, "banking", ["K64"]),
        (NACE, "paper", ["C17"]),
        (NACE, "mining", ["B"]),
    ],
)
def test_words_find_the_sectors_of_other_tables(
    sectors: list[str], word: str, codes: list[str]
) -> None:
    assert resolve_sectors(word, sectors) == codes


@pytest.mark.parametrize(
    ("sectors", "word", "where"),
    [
        (OECD_45, "coal", "B05_06"),
        (OECD_45, "steel", "C24"),
        (OECD_36, "pharmaceuticals", "D20T21"),
        (OECD_36, "aviation", "D49T53"),
        (NACE, "coal", "B"),
    ],
)
def test_a_sector_that_holds_much_else_is_not_meant_by_a_word(
    sectors: list[str], word: str, where: str
) -> None:
    with pytest.raises(WorldError, match=f"'{word}' is only part of {where} here"):
        resolve_sectors(word, sectors)


def test_a_word_that_no_sector_holds_is_told_so() -> None:
    with pytest.raises(WorldError, match="no sector of this world holds 'textiles'"):
        resolve_sectors("textiles", ["A01", "K"])
    with pytest.raises(WorldError, match="unknown sector 'textiles n.e.c.'"):
        resolve_sectors("textiles n.e.c.", detente.load_world().sectors)


def test_words_in_a_world_with_sectors_split_off() -> None:
    potash = detente.load_world("icio2022+potash").sectors
    assert resolve_sectors("chemicals", potash) == ["C20", "potash"]
    assert canonical_sectors(["chemicals", "goods"], potash) == ["C20", "goods"]
    oil = detente.load_world("icio2022+crude-oil").sectors
    assert resolve_sectors("Crude oil", oil) == ["crude-oil"]
    assert resolve_sectors("oil and gas", oil) == ["B06", "crude-oil"]
    with pytest.raises(WorldError, match="'gas' is only part of B06"):
        resolve_sectors("gas", oil)


def test_every_word_means_something_in_a_full_table() -> None:
    full = Sectors(detente.load_world().sectors)
    for code in full:
        for word in words_for(divisions_of(code)):
            assert code in resolve_sectors(word, full), word
    assert word_of("no such thing") is None


def test_goods_are_told_from_services_in_other_tables_too() -> None:
    assert [s for s in OECD_36 if is_goods(s)][-1] == "D31T33"
    assert not is_goods("D35T39")
    assert is_goods("B05_06")


def test_names_in_a_case_become_codes(tmp_path: Path) -> None:
    new_case(tmp_path / "mine")
    path = tmp_path / "mine" / "measures.yaml"
    text = path.read_text(encoding="utf-8")
    old, new = "sectors: C24A", "sectors: [iron and steel, textiles]"
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = [m.sectors for m in load_case(tmp_path / "mine").measures.values()]
    assert ["C24A", "C13T15"] in found
    shared = text.replace(old, new, 1).replace(
        "share: 0.5 ", "share: {iron and steel: 0.5, textiles: 0.25} "
    )
    path.write_text(shared, encoding="utf-8")
    shares = [m.share for m in load_case(tmp_path / "mine").measures.values()]
    assert {"C24A": 0.5, "C13T15": 0.25} in shares
    path.write_text(text.replace(old, "sectors: [gold]", 1), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"measures\.yaml:\d+: .*'gold' is only part of"):
        load_case(tmp_path / "mine")


# -- metrics of groups --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcome() -> detente.simulation.run.Outcome:
    return detente.simulate(load_case("belarus-2025").scenario("us-all")).outcome()


@pytest.mark.parametrize("metric", ["real-wage", "output", "price", "welfare"])
def test_a_metric_of_a_group_lies_between_those_of_its_members(outcome, metric: str) -> None:
    def measured(country: str) -> float:
        return float(outcome.measure(metric, About(country=country))[0])

    members = [measured(c) for c in ("ARM", "BLR", "KAZ", "KGZ", "RUS")]
    assert max(members) > min(members)
    assert min(members) <= measured("EAEU") <= max(members)
    assert measured("KAZ") == pytest.approx(measured("Kazakhstan"))


def test_output_of_a_group_is_that_of_its_members_together(outcome) -> None:
    at = [outcome.world.countries.index(c) for c in ("ARM", "BLR", "KAZ", "KGZ", "RUS")]
    before, after = (e.Y[:, at].sum((0, 1)) for e in (outcome.before, outcome.after))
    found = outcome.measure("output", About(country="Eurasian Economic Union"))
    np.testing.assert_allclose(found, 100 * (after / before - 1))


@pytest.mark.parametrize("metric", ["influence", "corridor-fees", "corridor-share"])
def test_a_metric_of_one_country_refuses_a_group(outcome, metric: str) -> None:
    about = About(country="EAEU", partner=["USA"], corridor="klaipeda")
    with pytest.raises(
        WorldError, match="'EAEU' is BLR, KAZ, RUS, ARM, KGZ: this metric is about one"
    ):
        outcome.measure(metric, about)


# -- the command line ---------------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detente", "world", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )


def test_the_countries_of_a_world_are_listed() -> None:
    told = run("countries").stdout
    assert "BLR Belarus" in told
    assert "Belarusian" in told
    assert "SYR" in told.split("Understood, and not here")[1]
    found = json.loads(run("countries", "--json").stdout)
    assert len(found["countries"]) == 80
    assert sum(row["share_of_value_added"] for row in found["countries"]) == pytest.approx(1)
    assert sum(row["share_of_output"] for row in found["countries"]) == pytest.approx(1)
    assert found["countries"][0]["code"] == "USA"


def test_the_sectors_of_a_world_are_listed() -> None:
    told = run("sectors", "icio2022+potash").stdout
    assert "potash Potash" in told
    assert "textiles" in told
    found = json.loads(run("sectors", "--json").stdout)["sectors"]
    assert [row["code"] for row in found] == list(detente.load_world().sectors)
    assert sum(row["share_of_output"] for row in found) == pytest.approx(1)


def test_one_name_is_looked_up() -> None:
    assert "BLR Belarus" in run("countries", "--find", "Belarusian").stdout
    done = run("countries", "--find", "Syria")
    assert done.returncode == 2
    assert "'Syria' (SYR) is not in the world 'icio2022'" in done.stderr
    assert "C13T15" in run("sectors", "--find", "textiles").stdout
