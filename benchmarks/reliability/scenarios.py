"""Random extreme scenarios through the single and the batch solve, each checked independently."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

import detente
from detente import Changes, World
from detente.errors import ConvergenceError, DetenteError, WorldError
from reliability.equations import in_other_units, residuals
from reliability.tally import Hung, Tally, at_most
from reliability.worlds import (
    EMBEDDED,
    SOURCES,
    embedded_world,
    random_changes,
    random_options,
    small_world,
)

CLOSE = 1e-6
"""Largest residual of an equation that is right; the solver's own tolerance is 1e-9."""
LIMITS = {"labour markets clear, of wages after": 1e-3}
"""Where wages all but vanish, what is a billionth of the wages before is more of those after."""
SAME = 1e-4
"""Percentage points of welfare by which two ways to one equilibrium may differ."""
PATIENCE = 60.0
"""Seconds of a processor."""
GIVEN_UP = 400
"""Evaluations after which a search is given up here; a user's goes on to 20,000."""
ON_EMBEDDED = 0.01
"""Share of scenarios on embedded worlds; the others are on small random ones."""
BATCH = 20
BOUND = 2_100
"""Seconds of a clock after which no more scenarios are begun."""
LONGEST = 600
"""Characters of a sentence that refuses."""


class Solved(NamedTuple):
    """A scenario and the welfare that it gives, in percent by country."""

    changes: Changes
    welfare: Any


def run(scenarios: int, seed: int) -> dict[str, Any]:
    """Scenarios, some on each world: one by one, side by side, and in other units."""
    random, tally, refusals, done = np.random.default_rng(seed), Tally(), Counter[str](), 0
    while done < scenarios and time.perf_counter() - tally.began < BOUND:
        count = min(BATCH, scenarios - done)
        try:
            if random.random() < ON_EMBEDDED:
                world = embedded_world(int(random.integers(len(EMBEDDED) * len(SOURCES))))
            else:
                world = small_world(random)
        except WorldError:
            continue  # inputs that nobody supplies, or more of them than there are
        _on_one_world(world, count, random, tally, refusals)
        done += count
        if done % 1000 < count:
            print(f"  {done:,} scenarios", flush=True)
    return {**tally.document(), "refusals": dict(refusals.most_common(12))}


def _on_one_world(
    world: World, count: int, random: np.random.Generator, tally: Tally, refusals: Counter[str]
) -> None:
    options, solved = random_options(world, random), []
    for _ in range(count):
        changes = random_changes(world, random)
        where = f"{world.name} {world.fingerprint}, {_shown(options)}: {'; '.join(changes.steps)}"
        try:
            with at_most(PATIENCE):
                found = detente.solve(world, changes, **options, max_evaluations=GIVEN_UP)
        except DetenteError as error:
            refusals[_kind(error)] += 1
            sentence = "\n" not in str(error) and 20 < len(str(error)) < LONGEST
            tally.check(sentence, "refused in a sentence", f"{where}: {error}")
        except Hung as error:
            tally.fault("hung", f"{where}: {error}")
        except Exception as error:
            tally.fault("traceback", f"{where}: {error!r}")
        else:
            errors = residuals(found, changes, **options)
            for name, size in errors.items():
                tally.measure(name, size)
            wrong = {k: v for k, v in errors.items() if not v < LIMITS.get(k, CLOSE)}
            tally.check(not wrong, "solved and right", f"{where}: {wrong}")
            solved.append(Solved(changes, found.welfare.values))
    if solved:
        _side_by_side(world, solved, options, tally)
        _in_other_units(world, solved[0], options, tally)


def _shown(options: dict[str, Any]) -> dict[str, Any]:
    return {k: v if np.ndim(v) == 0 else "random" for k, v in options.items()}


def _kind(error: DetenteError) -> str:
    """What a refusal says, without its numbers and names."""
    words = str(error).split(":", maxsplit=1)[0]
    return " ".join(w for w in words.split() if not any(c.isdigit() or c == "," for c in w))[:90]


def _side_by_side(
    world: World, solved: list[Solved], options: dict[str, Any], tally: Tally
) -> None:
    """The batch solve finds the same."""
    options = dict(options)
    if "theta" in options:
        options["theta"] = np.repeat([options["theta"]], len(solved), axis=0)
    where = f"{world.name} {world.fingerprint}, {_shown(options)}"
    try:
        with at_most(PATIENCE * 2):
            batch = detente.solve_many(world, [s.changes for s in solved], **options)
    except ConvergenceError:
        tally.add("refused in a batch", len(solved))
        return
    except (Exception, Hung) as error:
        tally.fault("batch refuses what single solves", f"{where}: {error!r}")
        return
    alone = np.array([s.welfare for s in solved])
    gaps = np.abs(batch["welfare"].values - alone) / (1 + np.abs(alone))
    tally.measure("batch beside single", gaps.max())
    worst = solved[int(gaps.max(1).argmax())].changes
    steps = f"{where}: {'; '.join(worst.steps)}: {gaps.max():.3g}"
    tally.add("batch says the same", int((gaps.max(1) < SAME).sum()))
    if not gaps.max() < SAME:
        tally.fault("batch differs", steps)


def _in_other_units(world: World, solved: Solved, options: dict[str, Any], tally: Tally) -> None:
    """Homogeneity: a thousand times every value changes no welfare."""
    changes = in_other_units(world, solved.changes)
    where = f"{world.name} {world.fingerprint}, {_shown(options)}: {'; '.join(changes.steps)}"
    try:
        with at_most(PATIENCE):
            welfare = detente.solve(changes.world, changes, **options).welfare.values
    except ConvergenceError:
        tally.add("refused in other units")
        return
    except (Exception, Hung) as error:
        tally.fault("traceback in other units", f"{where}: {error!r}")
        return
    gap = float((np.abs(welfare - solved.welfare) / (1 + np.abs(welfare))).max())
    tally.measure("other units", gap)
    tally.check(gap < SAME, "the same in other units", f"{where}: {gap:.3g}")
