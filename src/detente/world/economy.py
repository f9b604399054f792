"""What is known of an economy that is added to a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from detente.errors import WorldError
from detente.world.names import Names, ancestors, parents_of, resolve_sectors
from detente.world.part import ByCountry, check_shares

REST = "rest"
"""Partner that stands for all those that are not named."""


@dataclass(frozen=True)
class Economy:
    """What is known of an economy; everything else is borrowed or estimated.

    Values are in the units of the world. Countries are codes or names.

    Attributes
    ----------
    like
        Economies of the world from which technology is borrowed, and all else that is not given:
        as if they were one economy, so that each weighs by its size.
    gdp
        Value added of the economy. The embedded table's is at basic prices, without taxes on
        products: some 95 percent of gross domestic product.
    exports, imports
        Trade in goods, by partner or in total. Of partners by name, those that are not named have
        none, but for what is given for `rest`, which is shared out among them by gravity, as a
        total is. In proportion to that of `like` where nothing is given.
    total_exports, total_imports
        Trade in goods and services; services are what is not goods. In proportion to that of
        `like` where nothing is given.
    sectors
        Shares of value added: sector or group to share. Groups are those of sectors, letters of
        ISIC sections, and sums of these: `goods`, `C`, `B+D+E`. What is left of one is shared out
        among the others as in `like`.
    export_sectors, import_sectors
        Shares of trade in goods, likewise.
    barred
        Partners, or groups, with whom little is traded, as under an embargo, and the share that is
        kept of what gravity would give where trade is not given.
    name
        Readable name.
    places
        Of a region, the codes of its parts, for distances.

    Raises
    ------
    WorldError
        A negative value, shares that sum to more than 1, or a total smaller than trade in goods.

    Examples
    --------
    >>> Economy(like="KAZ", gdp=11_000, exports={"RUS": 960, "KAZ": 410}, total_exports=900)
    Traceback (most recent call last):
    ...
    detente.errors.WorldError: total_exports: 900, less than exports of goods, 1370
    """

    like: Names
    gdp: float
    exports: float | ByCountry | None = None
    imports: float | ByCountry | None = None
    total_exports: float | None = None
    total_imports: float | None = None
    sectors: Mapping[str, float] = field(default_factory=dict)
    export_sectors: Mapping[str, float] = field(default_factory=dict)
    import_sectors: Mapping[str, float] = field(default_factory=dict)
    barred: Mapping[str, float] = field(default_factory=dict)
    name: str = ""
    places: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not self.like:
            raise WorldError("like: name an economy of the world to borrow technology from")
        if not (np.isfinite(self.gdp) and self.gdp > 0):
            raise WorldError(f"gdp: {self.gdp:g}; it must be positive")
        for what in ("exports", "imports"):
            self._check_trade(what)
        for partner, share in self.barred.items():
            if not 0 <= share <= 1:
                raise WorldError(f"barred: {partner}: {share:g}; it must be between 0 and 1")
        for what in ("sectors", "export_sectors", "import_sectors"):
            check_shares(getattr(self, what), what)

    def _check_trade(self, what: str) -> None:
        given, total = getattr(self, what), getattr(self, f"total_{what}")
        by_partner = given if isinstance(given, Mapping) else {"": given or 0.0}
        for partner, value in {**by_partner, f"total_{what}": total or 0.0}.items():
            if not (np.isfinite(value) and value >= 0):
                place = f"{what} ({partner})" if partner else what
                raise WorldError(f"{place}: {value:g}; it must be a number that is not negative")
        goods = self.goods(what)
        if total is not None and goods is not None and total < goods * (1 - 1e-9):
            raise WorldError(f"total_{what}: {total:g}, less than {what} of goods, {goods:g}")

    def goods(self, what: str) -> float | None:
        """Exports or imports of goods, all partners together, if they are given."""
        given = getattr(self, what)
        return sum(given.values()) if isinstance(given, Mapping) else given


def shares_of_sectors(
    shares: Mapping[str, float], sectors: Sequence[str], what: str
) -> list[tuple[list[int], float]]:
    """Positions of the sectors of each group that is named, and its share.

    >>> shares_of_sectors({"A": 0.2, "C+D": 0.3}, ["A01", "A02", "C20", "D", "K"], "sectors")
    [([0, 1], 0.2), ([2, 3], 0.3)]
    """
    found: list[tuple[list[int], float]] = []
    taken: dict[int, str] = {}
    for name, share in shares.items():
        try:
            codes = [s for part in name.split("+") for s in _members(part, sectors)]
        except WorldError as error:
            raise WorldError(f"{what}: {error}") from error
        members = [sectors.index(s) for s in codes]
        for j in members:
            if j in taken:
                raise WorldError(f"{what}: {sectors[j]} is in both {taken[j]!r} and {name!r}")
            taken[j] = name
        found.append((members, share))
    return found


def _members(name: str, sectors: Sequence[str]) -> list[str]:
    """Sectors of a code, a group, or the letter of a section of ISIC."""
    parents = parents_of(sectors)
    if len(name) == 1 and name not in sectors:
        section = [s for s in sectors if ancestors(s, parents)[-1].startswith(name)]
        if section:
            return section
    return resolve_sectors(name, sectors)
