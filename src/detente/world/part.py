"""What is known of a part that is split off a sector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from detente.errors import WorldError
from detente.world.names import Names

ByCountry: TypeAlias = Mapping[str, float]

FINAL = "final"
"""Name of final use among the users of a part."""


@dataclass(frozen=True)
class PartOfYear:
    """Trade that ran for a part of the year only, or was partly stopped.

    Attributes
    ----------
    origins, destinations
        Countries or groups.
    share
        What is kept of the trade that the prior would have, between 0 and 1.
    """

    origins: Names
    destinations: Names
    share: float

    def __post_init__(self) -> None:
        _between(self.share, "part_of_year: share")


@dataclass(frozen=True)
class Part:
    """What is known of a part of a sector; everything else is as in the sector.

    Values are in the units of the world. Countries are codes or names.

    Attributes
    ----------
    share
        Part of the sector's exports and output in every country: the size where nothing else
        gives it.
    exports
        Value by origin. It holds exactly; origins that are not named export none.
    imports
        Value by destination, aimed at.
    output
        Gross output by country, home sales included. Countries that are not named have exports
        over `export_share`.
    export_share
        Exports over output, of countries without an `output`, a number or by country; the
        sector's own where not given.
    destinations
        Origin to destination to share of its exports; what is left of one goes to the others in
        the sector's proportions.
    origins
        Destination to origin to share of its imports; likewise.
    binding
        The partner shares hold exactly. Otherwise they are moved as little as entropy asks.
    part_of_year
        Trade of which only a share remains, applied to the prior.
    users
        Who buys the part: sector, group or `final` to share of purchases; the sector's own
        proportions if not given.
    inputs
        Input sector or group to share of the part's intermediates; the sector's own if not given.
    beta
        Share of value added in output, aimed at, a number or by country; the sector's own where
        not given.
    theta
        Trade elasticity; the sector's if not given.
    phi
        Share of value added that goes to a factor fixed in the part, a number or by country (those
        not named have none); the sector's if not given.
    at_most
        Largest share of any cell of the sector that the part may take.
    cut
        Countries whose totals are cut to that share instead of being refused.
    name
        Readable name.

    Raises
    ------
    WorldError
        A negative value, a share that is not between 0 and 1, or shares that sum to more than 1.

    Examples
    --------
    >>> Part(exports={"BLR": 2161.1}, users={"A01": 0.9, "final": 0.2})
    Traceback (most recent call last):
    ...
    detente.errors.WorldError: users: shares sum to 1.1; at most 1 is allowed
    """

    share: float | None = None
    exports: ByCountry | None = None
    imports: ByCountry = field(default_factory=dict)
    output: ByCountry = field(default_factory=dict)
    export_share: float | ByCountry | None = None
    destinations: Mapping[str, ByCountry] = field(default_factory=dict)
    origins: Mapping[str, ByCountry] = field(default_factory=dict)
    binding: bool = False
    part_of_year: Sequence[PartOfYear] = ()
    users: Mapping[str, float] = field(default_factory=dict)
    inputs: Mapping[str, float] = field(default_factory=dict)
    beta: float | ByCountry | None = None
    theta: float | None = None
    phi: float | ByCountry | None = None
    at_most: float = 1.0
    cut: Names = ()
    name: str = ""

    def __post_init__(self) -> None:
        if self.share is None and self.exports is None and not self.output:
            raise WorldError("a part needs its size: `exports`, `output` or `share`")
        for what in ("exports", "imports", "output"):
            for country, value in (getattr(self, what) or {}).items():
                if not (np.isfinite(value) and value >= 0):
                    raise WorldError(f"{what} of {country}: {value:g}; it must not be negative")
        for what in ("share", "at_most", "export_share", "beta", "phi"):
            value = getattr(self, what)
            by_country = value if isinstance(value, Mapping) else {"": value or 0.0}
            for country, number in by_country.items():
                _between(number, f"{what} of {country}" if country else what)
        if self.export_share == 0:
            raise WorldError("export_share: 0; it must be positive")
        for what in ("users", "inputs"):
            check_shares(getattr(self, what), what)
        for what in ("destinations", "origins"):
            for country, shares in getattr(self, what).items():
                check_shares(shares, f"{what} of {country}")
        if self.theta is not None and not self.theta > 0:
            raise WorldError(f"theta: {self.theta:g}; it must be positive")


def _between(value: float, what: str) -> None:
    if not 0 <= value <= 1:
        raise WorldError(f"{what}: {value:g}; it must be between 0 and 1")


def check_shares(shares: Mapping[str, float], what: str) -> None:
    """Raise a `WorldError` where a share is not between 0 and 1, or all are more than 1."""
    for name, value in shares.items():
        _between(value, f"{what}: share of {name}")
    if sum(shares.values()) > 1 + 1e-6:
        raise WorldError(f"{what}: shares sum to {sum(shares.values()):g}; at most 1 is allowed")
