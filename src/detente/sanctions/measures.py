"""Measures: single sanctions, in the words of an analyst."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from detente.errors import WorldError
from detente.world.names import resolve_countries, resolve_sectors

Kind = Literal["export-ban", "import-ban", "tariff", "finance", "transit"]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _known_countries(names: list[str], info: ValidationInfo) -> list[str]:
    return _checked(names, info, "countries", resolve_countries)


def _known_sectors(names: list[str], info: ValidationInfo) -> list[str]:
    return _checked(names, info, "sectors", resolve_sectors)


def _checked(names: list[str], info: ValidationInfo, what: str, resolve: object) -> list[str]:
    """Check names against the world in the validation context, if there is one."""
    known = (info.context or {}).get(what)
    if known is not None:
        try:
            found = resolve(names, known)  # type: ignore[operator]
        except WorldError as error:
            raise ValueError(str(error)) from error
        if not found:
            raise ValueError(f"{', '.join(names)}: no member in this world")
    return names


Countries = Annotated[
    list[str], BeforeValidator(_listed), Field(min_length=1), AfterValidator(_known_countries)
]
Sectors = Annotated[
    list[str], BeforeValidator(_listed), Field(min_length=1), AfterValidator(_known_sectors)
]


class Strict(BaseModel):
    """A record that refuses unknown fields and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Measure(Strict):
    """One sanction: who does what to whom, in which sectors, how hard.

    Attributes
    ----------
    senders, target
        Country codes, names or groups; one target.
    kind
        `export-ban` (senders' exports to the target), `import-ban` (senders' imports from it),
        `tariff` (on those imports; revenue goes to the importer), `finance` (a friction on the
        payments of all trade between sender and target, both ways), `transit`.
    sectors
        Sectors covered; all by default.
    share
        Share of the sector's products that is covered, above 0 and up to 1.
    ave
        Ad-valorem equivalent inside the products covered: 0.30 is a cost factor of 1.30. For a
        tariff, its rate.
    ban
        Prohibitive: no trade at all in the products covered. Excludes `ave`.
    """

    senders: Countries
    target: Annotated[
        str,
        AfterValidator(
            lambda name, info: _checked([name], info, "countries", resolve_countries)[0]
        ),
    ]
    kind: Kind
    sectors: Sectors = Field(default=["all"])
    share: float = Field(default=1.0, gt=0, le=1)
    ave: float | None = Field(default=None, gt=-1)
    ban: bool = False
    start: date | None = None
    end: date | None = None
    instrument: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Measure:
        if self.ban and self.ave is not None:
            raise ValueError(
                "a ban has no ad-valorem equivalent: give `ban: true` or `ave`, not both"
            )
        if not self.ban and self.ave is None:
            raise ValueError("a measure needs a strength: `ave: 0.25`, or `ban: true`")
        if self.ban and self.kind in ("tariff", "finance"):
            raise ValueError(f"a {self.kind} measure needs an `ave`; only trade can be banned")
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"ends on {self.end}, before it starts on {self.start}")
        return self
