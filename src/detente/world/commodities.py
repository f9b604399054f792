"""Commodities on file: what is known of a product that is split off a sector of the table."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from detente.errors import ScenarioError, WorldError, nearest
from detente.source import Source
from detente.world.names import available_commodities, resolve_countries, resolve_sectors
from detente.world.part import FINAL, Part, PartOfYear, check_shares
from detente.world.world import World

UNITS = "million USD"
"""Of the figures that come with the package."""


def _country(name: str, info: ValidationInfo) -> str:
    found = resolve_countries(name, _known(info, "countries"))
    if len(found) != 1:
        raise ValueError(f"{name!r} is a group; name one country")
    return found[0]


def _countries(name: str, info: ValidationInfo) -> str:
    resolve_countries(name, _known(info, "countries"))
    return name


def _sector(name: str, info: ValidationInfo) -> str:
    if name != FINAL:
        resolve_sectors(name, _known(info, "sectors"))
    return name


def _known(info: ValidationInfo, what: str) -> Any:
    return (info.context or {})[what]


def _summing(shares: dict[str, float]) -> dict[str, float]:
    check_shares(shares, "shares")
    return shares


def _there(values: dict[str, float], info: ValidationInfo) -> dict[str, float]:
    """Values of economies that the world has, or has in a region."""
    known, region_of = _known(info, "countries"), _known(info, "region_of")
    found: dict[str, float] = {}
    for code, value in values.items():
        label = code if code in known else region_of.get(code, code)
        if label in known:
            found[label] = found.get(label, 0.0) + value
    return found


Country = Annotated[str, AfterValidator(_country)]
CountryOrGroup = Annotated[str, AfterValidator(_countries)]
Sector = Annotated[str, AfterValidator(_sector)]
Value = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
CountryShares = Annotated[dict[Country, Fraction], AfterValidator(_summing)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sourced(_Record):
    """Figures with their source, and doubts or choices in words."""

    source: str = Field(min_length=1)
    note: str = ""


class Values(_Sourced):
    """Values by country, in the units of the world."""

    values: dict[Country, Value]


class Totals(Values):
    """Values by country, of which some may be cut to what the sector has.

    Attributes
    ----------
    larger
        Values of economies that only larger worlds have: left out where the world lacks them, added
        up where it has them in a region, and cut to what the sector has.
    """

    cut: list[Country] = []
    larger: Annotated[dict[str, Value], AfterValidator(_there)] = {}

    @property
    def all_values(self) -> dict[str, float]:
        """Values of all countries that the world has."""
        return {**self.values, **self.larger}

    @property
    def all_cut(self) -> list[str]:
        """Countries whose values are cut."""
        return [*self.cut, *self.larger]


class Partners(_Sourced):
    """Shares of each country's partners in its total.

    Attributes
    ----------
    larger
        Shares of economies that only larger worlds have, and among their partners.
    """

    shares: dict[Country, CountryShares]
    larger: dict[str, dict[str, Fraction]] = {}

    @model_validator(mode="after")
    def _with_larger(self, info: ValidationInfo) -> Partners:
        here = [origin for origin in self.larger if origin in _known(info, "countries")]
        found = {origin: _summing(_there(self.larger[origin], info)) for origin in here}
        return self.model_copy(update={"shares": {**self.shares, **found}})


class Run(_Sourced):
    """Trade that ran for a part of the year."""

    origins: list[CountryOrGroup]
    destinations: list[CountryOrGroup]
    share: Fraction

    @property
    def kept(self) -> PartOfYear:
        """The trade and what is kept of it."""
        return PartOfYear(self.origins, self.destinations, self.share)


class Mix(_Sourced):
    """Shares by sector, or `final`."""

    shares: Annotated[dict[Sector, Fraction], AfterValidator(_summing)]


class Fractions(_Sourced):
    """A share, for all countries or by country."""

    value: Fraction | dict[Country, Fraction]


class Elasticity(_Sourced):
    """A trade elasticity."""

    value: Annotated[float, Field(gt=0)]


class Commodity(_Record):
    """A product of a sector; the figures are those of `detente.world.Part`, each with its source.

    Attributes
    ----------
    name, sector, products, year
        Readable name; the sector it is split off; what it covers in the nomenclature of trade;
        the year of the world that it fits.
    note
        What a reader should keep in mind.
    """

    name: str
    sector: Sector
    products: str
    year: int
    note: str = ""
    at_most: Fraction = 1.0
    exports: Totals
    imports: Values | None = None
    output: Totals | None = None
    export_share: Fractions | None = None
    destinations: Partners | None = None
    origins: Partners | None = None
    binding: bool = False
    part_of_year: list[Run] = []
    users: Mix | None = None
    inputs: Mix | None = None
    beta: Fractions | None = None
    theta: Elasticity | None = None
    phi: Fractions | None = None

    @model_validator(mode="after")
    def _one_year(self, info: ValidationInfo) -> Commodity:
        year = _known(info, "year")
        if year is not None and self.year != int(year):
            raise ValueError(f"its figures are of {self.year}, the world's of {year}")
        return self

    @property
    def part(self) -> Part:
        """What is known, for `World.split`."""
        output = self.output or Totals(source="none", values={})
        return Part(
            name=self.name,
            exports=self.exports.all_values,
            imports=self.imports.values if self.imports else {},
            output=output.all_values,
            export_share=self.export_share.value if self.export_share else None,
            destinations=self.destinations.shares if self.destinations else {},
            origins=self.origins.shares if self.origins else {},
            binding=self.binding,
            part_of_year=[run.kept for run in self.part_of_year],
            users=self.users.shares if self.users else {},
            inputs=self.inputs.shares if self.inputs else {},
            beta=self.beta.value if self.beta else None,
            theta=self.theta.value if self.theta else None,
            phi=self.phi.value if self.phi else None,
            at_most=self.at_most,
            cut=[*self.exports.all_cut, *output.all_cut],
        )


def read_commodity(path: str | Path, world: World) -> Commodity:
    """Read a commodity's file for a world.

    Raises
    ------
    WorldError
        What is wrong in the file, with line and field.

    Examples
    --------
    A file of one's own; its fields are explained in docs/data.md:

    >>> import detente, tempfile
    >>> world = detente.load_world("icio2022")
    >>> text = '''
    ... name: Soda ash
    ... sector: C20
    ... products: HS 283620
    ... year: 2022
    ... exports: {source: made up, values: {USA: 1600, TUR: 1100}}
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "soda-ash.yaml"
    ...     _ = path.write_text(text)
    ...     soda_ash = read_commodity(path, world)
    >>> world.split(soda_ash.sector, {"soda-ash": soda_ash.part}).name
    'icio2022+soda-ash'
    """
    context = {
        "countries": world.countries,
        "sectors": world.sectors,
        "year": world.data.attrs.get("year"),
        "region_of": world.data.attrs.get("region_of", {}),
    }
    try:
        return Source.read(Path(path)).validate(Commodity, context)
    except ScenarioError as error:
        raise WorldError(str(error)) from error


def split_off(world: World, commodities: Iterable[str]) -> World:
    """Split commodities that come with the package off a world, whatever order they are named in.

    Raises
    ------
    WorldError
        Unknown commodity, or one named twice; a world in other units.
    """
    names, known = sorted(commodities), available_commodities()
    if names and world.units != UNITS:
        raise WorldError(
            f"{', '.join(names)}: figures are {UNITS}, those of {world.name} {world.units}"
        )
    for name in names:
        if name not in known:
            raise WorldError(f"unknown commodity {name!r}: {nearest(name, known)}")
        if names.count(name) > 1:
            raise WorldError(f"commodity {name!r} is named twice")
        with as_file(files("detente.world") / "data" / "commodities" / f"{name}.yaml") as path:
            commodity = read_commodity(path, world)
        world = world.split(commodity.sector, {name: commodity.part})
    return world
