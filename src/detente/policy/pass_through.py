"""Relief that is signed is not relief that is used: how much of it reaches the cost of trade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from detente.arrays import Array
from detente.policy.fields import Range

Form = Literal["licence", "delisting", "repeal"]
"""How a measure is taken off: a general licence, a name off the list, or the act repealed."""

FORMS: dict[Form, Range] = {
    "licence": Range(low=0.13, central=0.5, high=1.0),
    "delisting": Range(low=0.3, central=0.6, high=0.9),
    "repeal": Range(low=0.6, central=0.85, high=1.0),
}
"""Share of the cost that goes when relief takes a form.

Licence: exports of Belarus to the United States after the licence for Belneftekhim of October 2015
were 163, 345 and 581 million dollars in 2016 to 2018, after 103 in 2013 and 2014 (OECD): 13, 51 and
100 percent of the rise came in the first, second and third year. Delisting and repeal: judgement.
"""

REVERSIBLE = Range(low=0.5, central=0.75, high=1.0)
"""Factor for relief that its sender may withdraw at will: judgement."""

BANKS = Range(low=0.3, central=0.6, high=0.9)
"""Factor for payments, as banks stay away after the law lets them in: judgement."""


@dataclass(frozen=True)
class PassThrough:
    """How much of relief is used, in some draws.

    Attributes
    ----------
    rank
        Where in their ranges the shares are, one or one for each draw.
    friction
        Whether there is any friction; without it relief is used in full.
    """

    rank: float | Array = 0.5
    friction: bool = True

    def used(self, form: Form, kind: str, reversible: bool = False) -> Any:
        """Share of the cost that goes when a measure of a kind is taken off.

        A duty that is taken off is no longer collected, whatever the form.

        >>> float(PassThrough().used("repeal", "import-ban"))
        0.85
        >>> float(PassThrough(friction=False).used("licence", "finance"))
        1.0
        """
        if not self.friction or kind == "tariff":
            return 1.0
        share = FORMS[form].at(self.rank)
        if kind == "finance":
            share = share * BANKS.at(self.rank)
        return share * REVERSIBLE.at(self.rank) if reversible else share
