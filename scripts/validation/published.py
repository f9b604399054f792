"""Numbers that others published, beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from detente.cases import load_case
from detente.inference.observations import Observation
from detente.policy.compile import Compiler
from detente.policy.register import register
from detente.simulation.metrics import sales
from detente.simulation.run import Simulation, simulate
from detente.world.names import Names, resolve_countries
from validation.before import DAY
from validation.page import Section, banded, change, percent1, table
from validation.states import SENDERS, TOLERANCE, Array, Record, at, band, customs

ALLIES = [*SENDERS, "UKR"]
MACHINES = ["C26", "C27", "C28", "C29"]
NO_SANCTIONS = (date(2010, 1, 1), date(2010, 12, 31))
"""A period without any measure of the register: the reference."""


@dataclass(frozen=True)
class Published:
    """A number, and what of ours comes nearest to it.

    Attributes
    ----------
    source, what, value, unit
        Who says what.
    ours, counterpart
        In words what we compute, and its values [k].
    why
        Where the two are different things, or differ.
    """

    source: str
    what: str
    value: str
    ours: str
    counterpart: Array
    why: str


class Comparisons:
    """What the model says on the questions of the publications."""

    def __init__(self, record: Record) -> None:
        self.record, self.world = record, record.world

    def reference(self, year: int | None) -> Simulation:
        """No measure in force, at the horizon of a year."""
        return self.early if year == 1 else self.late

    @cached_property
    def early(self) -> Simulation:
        """The reference at the first year's elasticities."""
        return self.record.in_period(*NO_SANCTIONS, 1)

    @cached_property
    def late(self) -> Simulation:
        """The reference in the long run, which may be decoupled."""
        allies = tuple(resolve_countries(ALLIES, self.world.countries))
        scenario = self.record.scenario(title="none")
        cut_offs = [("RUS", allies)]
        compiler = Compiler(self.world, {"none": scenario}, cut_offs, period=NO_SANCTIONS)
        return Simulation(compiler, self.record.parameters(), TOLERANCE)

    @cached_property
    def of_2022(self) -> Simulation:
        """The year 2022."""
        return self.record.in_year(2022, 1)

    @cached_property
    def of_the_war_months(self) -> Simulation:
        """March to December 2022."""
        return self.record.in_period(date(2022, 3, 1), date(2022, 12, 31), 1)

    @cached_property
    def today(self) -> Simulation:
        """The status quo of the day, from which all export bans on Russia may be lifted."""
        bans = [
            name
            for name, m in register().in_force(DAY).measures.items()
            if m.kind == "export-ban" and m.target == "RUS" and "UKR" not in m.senders
        ]
        scenario = self.record.scenario(title="no export bans", status_quo=DAY, lift=bans)
        return simulate(scenario, self.record.parameters(friction=False), tolerance=TOLERANCE)

    def exports(self, country: Names) -> Array:
        """Change of a country's exports of goods to all others in 2022, against the reference."""
        to = [
            c
            for c in self.world.countries
            if c not in resolve_countries(country, self.world.countries)
        ]
        flow = (country, to, ["goods"])
        return sales(self.of_2022.before, *flow) / sales(self.early.before, *flow) - 1

    def to_russia(self, origins: Names) -> Array:
        """Change of exports of goods to Russia from March to December 2022."""
        return (
            customs(self.of_the_war_months, origins, "RUS") / customs(self.early, origins, "RUS")
            - 1
        )

    def income(self, then: Simulation, year: int | None) -> Array:
        """Change of Russian real income against the reference."""
        return self.real_income(then, "RUS") / self.real_income(self.reference(year), "RUS") - 1

    def real_income(self, simulation: Simulation, country: str) -> Array:
        """Of one country."""
        (n,) = at(self.world, country)
        return np.asarray(simulation.before.real_income[n])

    def decoupled(self) -> Array:
        """Change of Russian real income when it no longer trades with the EU and its allies."""
        allies = tuple(resolve_countries(ALLIES, self.world.countries))
        (n,) = at(self.world, "RUS")
        after = self.late.cut_before(("RUS", allies)).real_income[n]
        return np.asarray(after / self.late.before.real_income[n] - 1)

    def ratio_of_losses(self) -> Array:
        """Loss from export bans, percent of income: Russia's over that of those who impose them."""
        outcome = self.today.outcome()
        before, after = outcome.before, outcome.after
        gain = after.real_income / before.real_income - 1
        (russia,), senders = at(self.world, "RUS"), at(self.world, SENDERS)
        weights = before.I[senders] / before.I[senders].sum(0)
        return np.asarray(gain[russia] / (weights * gain[senders]).sum(0))

    @cached_property
    def varieties(self) -> Array:
        """Change of EU exports to Russia in products under a ban, 2022 on 2021."""
        (log,) = self.record.compared({"covered": _covered(MACHINES)})
        return np.asarray(change(log))

    def products(self) -> Array:
        """Change of Russian imports of such products from everybody."""
        others = [c for c in self.world.countries if c != "RUS"]
        rest = [c for c in others if c not in resolve_countries(SENDERS, self.world.countries)]
        base = self.record.in_year(2021, 1)
        part = customs(base, SENDERS, "RUS", MACHINES) / customs(base, others, "RUS", MACHINES)
        growth = customs(self.of_2022, rest, "RUS", MACHINES) / customs(base, rest, "RUS", MACHINES)
        return part * (1 + self.varieties) + (1 - part) * growth - 1

    def offset(self) -> Array:
        """Rise of EU exports through hubs over the fall of direct exports, 2022."""
        found = load_case("belarus-2025").observations["eu-russia-offset"]
        (ratio,) = self.record.compared({"offset": found})
        return np.asarray(ratio)


def _covered(sectors: list[str]) -> Observation:
    """Products under an EU ban, in some sectors; only what is simulated counts."""
    spans: Mapping[str, object] = {
        "before": {"first": "2021-01-01", "last": "2021-12-31", "value": 1},
        "after": {"first": "2022-01-01", "last": "2022-12-31", "value": 1},
    }
    return Observation.model_validate(
        {
            "title": "varieties under a ban",
            "of": "covered",
            "origins": "EU27",
            "destinations": "RUS",
            "sectors": sectors,
            "unit": "index",
            "error": 1,
            "source": "none: only simulated",
            **spans,
        }
    )


def found(record: Record) -> list[Published]:
    """Every publication with its counterpart."""
    c = Comparisons(record)
    autumn = record.in_period(date(2022, 12, 31), date(2022, 12, 31), None)
    return [
        Published(
            "Crozet and Hinz (2020)",
            "Russian exports, 2014-15",
            "-7.4",
            "Russian exports of goods, 2022",
            c.exports("RUS"),
            "another regime: that of 2014, without bans on Russian goods, is not on file",
        ),
        Published(
            "Crozet and Hinz (2020)",
            "senders' exports, 2014-15",
            "-0.3",
            "senders' exports of goods to all, 2022",
            c.exports(SENDERS),
            "another regime; and in a model total exports follow total imports, by its closure",
        ),
        Published(
            "Flach et al. (2024)",
            "Russian real income, sanctions of 2014 to 2019",
            "-0.3",
            "Russian real income, 2022, first-year elasticity",
            c.income(c.of_2022, 1),
            "another regime: far more of trade is under measures since 2022",
        ),
        Published(
            "Flach et al. (2024)",
            "Russian real income, decoupling from the EU and allies",
            "more than -4",
            "no trade at all with the same countries, long run",
            c.decoupled(),
            "ours cuts services too",
        ),
        Published(
            "Borin et al. (2023)",
            "Russian welfare, non-tariff barriers doubled",
            "-4.8",
            "no trade at all with the West, long run",
            c.decoupled(),
            "ours is harsher, as all trade stops, and yet smaller: "
            "our elasticities let Russia replace more (judgement)",
        ),
        Published(
            "Borin et al. (2023)",
            "Russian welfare, restrictions as applied (80 percent of that)",
            "-3.8",
            "Russian real income at the end of 2022, long run",
            c.income(autumn, None),
            "theirs are barriers on all goods, ours end at what the record confirms",
        ),
        Published(
            "Borin et al. (2023)",
            "the same",
            "-3.8",
            f"on {DAY:%-d %B %Y}, long run",
            c.income(c.today, None),
            "with the measures of 2023 to 2025, the threat to third countries' banks among them",
        ),
        Published(
            "Hausmann et al. (2024)",
            "Russian over senders' loss from export bans (ratio)",
            "about 100",
            "the same, export bans lifted, percent of income over percent of income (ratio)",
            c.ratio_of_losses() / 100,
            "theirs is at 5,000 products, where what Russia cannot get elsewhere is seen",
        ),
        Published(
            "Egorov et al. (2025)",
            "imports of varieties under sanctions",
            "-62",
            "EU machines, electronics and vehicles under a ban, 2022 on 2021",
            c.varieties,
            "theirs are all senders and products, by months after the ban",
        ),
        Published(
            "Egorov et al. (2025)",
            "imports of products under sanctions, from everybody",
            "-27",
            "the same products from everybody",
            c.products(),
            "what others sell of these products is taken to move as the sector does",
        ),
        Published(
            "Chupilkin et al. (2023, 2025)",
            "offset through neighbours",
            "about 5 early, below 10",
            "offset through hubs, 2022",
            c.offset(),
            "most of their neighbours are not in the world; a moment of the posterior",
        ),
        Published(
            "Mancini et al. (2024)",
            "exports to Russia of all countries, March to December 2022",
            "-33",
            "the same against the reference",
            c.to_russia([x for x in c.world.countries if x != "RUS"]),
            "theirs is the whole effect of the war, with the collapse of Russian demand in spring",
        ),
    ]


def section(record: Record) -> Section:
    """The comparison."""
    rows = []
    for p in found(record):
        low, median, high = band(p.counterpart)
        rows.append(
            [
                p.source,
                p.what,
                p.value,
                p.ours,
                banded((low, median, high), percent1),
                _difference(p, 100 * float(median)),
                p.why,
            ]
        )
    columns = ["source", "what", "published", "ours: what", "ours", "difference", "note"]
    return Section({"table": table(pd.DataFrame(rows, columns=columns))})


NUMBERS = {"more than -4": -4.0, "about 100": 100.0, "about 5 early, below 10": 5.0}


def _difference(p: Published, ours: float) -> str:
    theirs = NUMBERS[p.value] if p.value in NUMBERS else float(p.value)
    return f"{ours - theirs:+.1f}"
