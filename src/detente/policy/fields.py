"""Fields of records on file: countries, sectors, ranges, values by year, and their checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)

from detente.errors import WorldError, nearest
from detente.policy.kinds import KINDS
from detente.world.names import canonical_sectors, group_of, resolve_countries, resolve_sectors
from detente.world.storage import WorldFile


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def known_kind(name: str) -> str:
    """Refuse a kind of measure that there is not."""
    if name not in KINDS:
        raise ValueError(f"unknown kind {name!r}: {nearest(name, KINDS)}")
    return name


def _known_countries(names: list[str], info: ValidationInfo) -> list[str]:
    known = (info.context or {}).get("countries")
    return names if known is None else canonical_countries(names, known)


def _known_country(name: str, info: ValidationInfo) -> str:
    return _known_countries([name], info)[0]


def _one_country(name: str, info: ValidationInfo) -> str:
    code = _known_country(name, info)
    if code not in (info.context or {}).get("countries", [code]):
        raise ValueError(f"{name!r} is a group; name a country")
    return code


def canonical_countries(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Codes in place of the names of countries; groups stay groups, as strengths go by them.

    Raises
    ------
    WorldError
        A name that the world does not have, or nothing but groups without a member in it.

    >>> canonical_countries(["Belarus", "EU27"], ["BLR", "DEU", "RUS"])
    ['BLR', 'EU27']
    """
    members = {name: resolve_countries(name, known) for name in names}
    if not any(members.values()):
        raise WorldError(f"{', '.join(members)}: no member in this world")
    return list(dict.fromkeys(_canonical(name, found) for name, found in members.items()))


def _canonical(name: str, members: Sequence[str]) -> str:
    if name == "all" or name in members:
        return name
    return group_of(name) or members[0]


def _known_sectors(names: list[str], info: ValidationInfo) -> list[str]:
    known = (info.context or {}).get("sectors")
    if known is None:
        return names
    if not resolve_sectors(names, known):
        raise ValueError(f"{', '.join(names)}: no member in this world")
    return canonical_sectors(names, known)


def _known_keys(shares: dict[str, float], info: ValidationInfo) -> dict[str, float]:
    known = (info.context or {}).get("sectors")
    if known is None:
        return shares
    return {code: v for name, v in shares.items() for code in canonical_sectors([name], known)}


def _world_file(name: object, check: Callable[[object], str], info: ValidationInfo) -> str:
    """A world that is a file stays the one that is meant, from wherever it is loaded later."""
    if isinstance(name, WorldFile):
        return name
    text = check(name)
    return WorldFile.of(text, (info.context or {}).get("folder")) or text


WorldName = Annotated[str, WrapValidator(_world_file)]


_LIST_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
)
"""What an editor may expect of names: one, or a list."""

Country = Annotated[str, AfterValidator(_known_country)]
OneCountry = Annotated[str, AfterValidator(_one_country)]
Countries = Annotated[
    list[str],
    BeforeValidator(_listed),
    Field(min_length=1),
    AfterValidator(_known_countries),
    _LIST_SCHEMA,
]
Sectors = Annotated[
    list[str],
    BeforeValidator(_listed),
    Field(min_length=1),
    AfterValidator(_known_sectors),
    _LIST_SCHEMA,
]


class Strict(BaseModel):
    """A record that refuses unknown fields and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Range(Strict):
    """A number with its low, central and high value."""

    low: float
    central: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low <= self.central <= self.high:
            raise ValueError(
                f"low {self.low:g}, central {self.central:g}, high {self.high:g} must be in order"
            )
        return self

    def at(self, quantile: Any) -> Any:
        """Value at a quantile: as likely above `central` as below, evenly on either side of it.

        >>> float(Range(low=0.1, central=0.2, high=0.5).at(0.75))
        0.35
        """
        return np.interp(quantile, [0.0, 0.5, 1.0], [self.low, self.central, self.high])


def _spread(value: object) -> object:
    """Read one number as a range without width."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"low": value, "central": value, "high": value}
    return value


def _above_minus_one(value: Range) -> Range:
    if value.low <= -1:
        raise ValueError(
            f"ad-valorem equivalent {value.low:g} must be greater than -1 (a cost factor above 0)"
        )
    return value


def _is_share(value: Range) -> Range:
    if not 0 <= value.low <= value.high <= 1:
        meant = f": did you mean {value.high:g} %?" if value.high > 1 else ""
        raise ValueError(f"share {value.low:g} to {value.high:g} must lie between 0 and 1{meant}")
    return value


def _any_year(value: object) -> object:
    """Read one number as one for all years."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {0: value}
    return value


def in_year(values: Mapping[int, float] | None, year: int | None) -> float | None:
    """Value of a year: the last one known by then, or the first; without a year, the last of all.

    >>> [in_year({2021: 543.0, 2024: 295.0}, year) for year in (2020, 2022, 2025, None)]
    [543.0, 543.0, 295.0, 295.0]
    """
    if values is None:
        return None
    known = [y for y in values if year is None or y <= year]
    return values[max(known) if known else min(values)]


_PERCENT = re.compile(r"\s*([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*(?:%|percent|per cent)\s*")

HIGHEST_BARE = 10.0
"""Ad-valorem equivalent from which on a number without a percent sign is taken for a slip."""
HIGHEST_RATE = 3.0
"""The same of a duty; those on file reach 200 percent."""


def as_rate(value: object, highest: float | None = None) -> object:
    """Read `25%` as 0.25, and refuse a number that must be a percentage without its sign.

    Anything else is left to whoever asks.

    Raises
    ------
    ValueError
        A number above `highest`.

    >>> as_rate("25%"), as_rate("2.5 percent"), as_rate(0.25, 1.0)
    (0.25, 0.025, 0.25)
    >>> as_rate(25, 1.0)
    Traceback (most recent call last):
    ValueError: 25 must be less than or equal to 1: did you mean 25 % or 0.25?
    """
    if isinstance(value, str):
        match = _PERCENT.fullmatch(value)
        return value if match is None else round(float(match.group(1)) / 100, 12)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if highest is not None and number and value > highest:  # type: ignore[operator]
        share = value / 100  # type: ignore[operator]
        raise ValueError(
            f"{value:g} must be less than or equal to {highest:g}: did you mean {value:g} % or "
            f"{share:g}?"
        )
    return value


def _rates(highest: float | None = None) -> BeforeValidator:
    """A number, a percentage, or low, central and high of them."""

    def read(value: object) -> object:
        if isinstance(value, Mapping):
            return {key: as_rate(v, highest) for key, v in value.items()}
        return _spread(as_rate(value, highest))

    return BeforeValidator(read)


def _rate(highest: float | None = None) -> BeforeValidator:
    return BeforeValidator(lambda value: as_rate(value, highest))


_NUMBER_SCHEMA: dict[str, Any] = {"type": ["number", "string"]}
_RANGE_SCHEMA = WithJsonSchema(
    {
        "anyOf": [
            _NUMBER_SCHEMA,
            {
                "type": "object",
                "properties": dict.fromkeys(("low", "central", "high"), _NUMBER_SCHEMA),
                "required": ["low", "central", "high"],
                "additionalProperties": False,
            },
        ]
    }
)
"""What an editor may expect of a range: one number, or three, each perhaps in percent."""
_ONE_SCHEMA = WithJsonSchema(_NUMBER_SCHEMA)

Positive = Annotated[float, Field(gt=0)]
ByYear = Annotated[
    dict[int, Positive],
    BeforeValidator(_any_year),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "object", "additionalProperties": {"type": "number"}},
            ]
        }
    ),
]
Spread = Annotated[Range, BeforeValidator(_spread), _RANGE_SCHEMA]
Fraction = Annotated[float, _rate(1.0), Field(gt=0, le=1), _ONE_SCHEMA]
Part = Annotated[float, _rate(1.0), Field(ge=0, le=1), _ONE_SCHEMA]
NewAve = Annotated[float, _rate(HIGHEST_BARE), Field(gt=-1), _ONE_SCHEMA]
BySector = Annotated[dict[str, Fraction], AfterValidator(_known_keys)]
Ave = Annotated[Range, _rates(HIGHEST_BARE), AfterValidator(_above_minus_one), _RANGE_SCHEMA]
Share = Annotated[Range, _rates(), AfterValidator(_is_share), _RANGE_SCHEMA]
