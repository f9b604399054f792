"""Kinds of measure: what each touches, which fields it takes."""

from typing import get_args

import pytest
from pydantic import ValidationError

import detente
from detente.cli.options import Horizon
from detente.policy.horizon import HORIZONS, HorizonName
from detente.policy.kinds import KINDS
from detente.policy.measures import Measure, Strengths

GIVEN = {"senders": ["USA"], "target": "BLR", "share": 0.5, "ave": 0.2}
USA, BLR = ["USA"], ["BLR"]


def touched(kind: str, **fields: object) -> list[tuple[list[str], list[str], float]]:
    cap = {"ave": None, "cap": 60, "market_price": 80} if KINDS[kind].caps_price else {}
    measure = Measure(**{**GIVEN, **cap, **fields}, kind=kind)
    return KINDS[kind].trade_touched(measure, detente.load_world(), Strengths.at("central"))


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_touches_trade_of_its_target_and_says_what_it_is(name: str) -> None:
    assert KINDS[name].name == name
    assert KINDS[name].meaning.endswith(".")
    found = touched(name)
    assert found
    assert all("BLR" in origins + destinations for origins, destinations, _ in found)
    assert all(share == 0.5 for *_, share in found)
    assert set(KINDS[name].takes) <= Measure.model_fields.keys()


def test_directions() -> None:
    assert touched("export-ban") == [(USA, BLR, 0.5)]
    assert touched("import-ban") == touched("tariff") == [(BLR, USA, 0.5)]
    assert touched("finance") == [(USA, BLR, 0.5), (BLR, USA, 0.5)]
    assert touched("war") == [(USA, BLR, 0.5), (BLR, USA, 0.5)]
    assert touched("transit", overseas=["CHN"]) == [(BLR, ["CHN"], 0.5), (["CHN"], BLR, 0.5)]
    assert touched("transit", overseas=["CHN"], corridor="port") == [(BLR, ["CHN"], 0.5)]
    assert touched("price-cap", overseas=["USA", "CHN"]) == [(BLR, ["CHN"], 0.5)]


def test_payments_reach_third_countries_by_the_share_invoiced() -> None:
    third = touched("finance", invoicing_share=0.4, invoicing_excludes=["RUS"])[2:]
    assert [share for *_, share in third] == pytest.approx([0.2, 0.2])
    origins, destinations, _ = third[0]
    assert destinations == BLR
    assert len(origins) == len(detente.load_world().countries) - 3
    assert not {"USA", "BLR", "RUS"} & set(origins)


def test_transit_is_about_what_is_far_away_if_it_does_not_say() -> None:
    (_, far, _), _ = touched("transit")
    assert "CHN" in far
    assert not {"DEU", "RUS", "KAZ", "BLR"} & set(far)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("tariff", {"ban": True, "ave": None}, "a tariff measure needs an `ave`"),
        ("finance", {"ban": True, "ave": None}, "a finance measure needs an `ave`"),
        ("tariff", {"overseas": ["CHN"]}, "`overseas` is for transit and price-cap measures, not"),
        ("import-ban", {"corridor": "port"}, "`corridor` is for transit measures, not import-ban"),
        ("transit", {"cap": 60}, "`cap` is for price-cap measures, not transit"),
        ("price-cap", {"cap": 60, "market_price": 80}, "has a `cap`, and no `ave`"),
        ("price-cap", {"ave": None, "cap": 60}, "needs a `cap` and a `market_price`"),
        ("price-cap", {"ave": None, "market_price": 60}, "needs a `cap` and a `market_price`"),
        ("transit", {"invoicing_share": 0.5}, "`invoicing_share` is for finance measures, not tra"),
        ("import-ban", {"invoicing_excludes": ["RUS"]}, "`invoicing_excludes` is for finance"),
        ("finance", {"invoicing_excludes": ["RUS"]}, "needs an `invoicing_share`"),
        ("import-bann", {}, "unknown kind 'import-bann': did you mean 'import-ban'?"),
        ("???", {}, "allowed: export-ban, import-ban, tariff, fin"),
    ],
)
def test_what_a_kind_does_not_allow_is_told(
    kind: str, fields: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Measure(**{**GIVEN, **fields}, kind=kind)
    assert words in str(caught.value)


def test_tariffs_alone_collect_revenue() -> None:
    assert [k.name for k in KINDS.values() if k.collects_revenue] == ["tariff"]


def test_a_war_alone_is_no_sanction() -> None:
    assert [k.name for k in KINDS.values() if not k.sanction] == ["war", "withdrawal", "supply-cut"]


def test_the_command_line_names_every_horizon() -> None:
    assert [h.value for h in Horizon] == list(HORIZONS) == list(get_args(HorizonName))
