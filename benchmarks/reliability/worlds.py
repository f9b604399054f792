"""Random worlds and extreme changes of policy on them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

import detente
from detente import Changes, World
from detente.policy.horizon import HORIZONS

DEFICITS = ("share", "value", "zero")
SOURCES = ("fontagne", "caliendo-parro", "uniform")
EMBEDDED = ("icio2022", "icio2022+potash", "world2022:KGZ,ARM")
KINDS = {"cost": 0.45, "ban": 0.2, "tariff": 0.2, "part": 0.1, "transfer": 0.05}


def small_world(random: np.random.Generator) -> World:
    """Few countries and sectors, tiny and large ones, zeros, tariffs, deficits of any size."""
    N, J = int(random.integers(2, 7)), int(random.integers(1, 5))
    size = 10 ** random.uniform(-4, 2, N)
    trade = random.lognormal(0, 1.5, (N, N, J)) * np.sqrt(size[:, None] * size[None])[..., None]
    trade *= random.random((N, N, J)) > random.uniform(0, 0.5)
    home = np.arange(N)
    trade[home, home] = size[:, None] * random.lognormal(0, 1, (N, J)) * random.uniform(0.1, 30)
    trade[home, home, 0] += size
    rate = np.where(np.eye(N, dtype=bool)[..., None], 0.0, random.uniform(0, 0.5, (N, N, J)))
    Y, X = trade.sum(1), (trade * (1 + rate)).sum(0)
    most = np.maximum(Y.sum(1), X.sum(1))[:, None, None]
    use = random.uniform(0, 0.8) * random.random((N, J, J)) * X[:, :, None] * Y[:, None] / most
    return World.from_flows(
        trade,
        use,
        tariff=rate,
        theta=random.uniform(0.8, 15, J),
        countries=[f"C{n}" for n in range(N)],
        sectors=[f"S{j}" for j in range(J)],
    )


@lru_cache(maxsize=4)
def embedded_world(number: int) -> World:
    """One of the package, under one of the published elasticities."""
    name, source = EMBEDDED[number // len(SOURCES)], SOURCES[number % len(SOURCES)]
    return detente.load_world(name, source)


def random_options(world: World, random: np.random.Generator) -> dict[str, Any]:
    """Closure, elasticities, fixed factors and substitution; those of a horizon now and then."""
    options: dict[str, Any] = {"deficits": str(random.choice(DEFICITS))}
    if random.random() < 0.3:
        options["theta"] = world.data["theta"].values * random.uniform(0.38, 1.5)
    if random.random() < 0.2:
        horizon = HORIZONS[random.choice(["first-year", "three-years"])]
        return {**options, "phi": horizon.phi(world).T, "sigma": horizon.sigma}
    if random.random() < 0.4:
        shape = (len(world.countries), len(world.sectors))
        options["phi"] = random.uniform(0, 0.6, shape) * (random.random(shape) < 0.7)
    if random.random() < 0.5:
        options["sigma"] = float(random.choice([0.1, 0.2, 0.5, 0.9, 1.5, 2.0]))
    return options


def random_changes(world: World, random: np.random.Generator) -> Changes:
    """One to four changes: cost factors of 0.01 to 100, bans, tariffs to 10, a world that parts."""
    changes = Changes(world)
    for kind in random.choice(list(KINDS), int(random.integers(1, 5)), p=list(KINDS.values())):
        changes = _changed(changes, kind, random)
    return changes


def _changed(changes: Changes, kind: str, random: np.random.Generator) -> Changes:
    C, S = changes.world.countries, changes.world.sectors
    if kind == "part":
        bloc = _some(C, random)
        rest = [c for c in C if c not in bloc]
        return changes.cut_off(bloc, rest) if rest else changes
    if kind == "transfer":
        payer, receiver = (str(c) for c in random.choice(C, 2, False))
        income = float(changes.world.income.sel(country=payer))
        return changes.transfer(payer, receiver, random.uniform(0, 0.3) * income)
    where = _some(C, random), _some(C, random), _some(S, random)
    if kind == "cost":
        return changes.cost(*where, factor=10 ** random.uniform(-2, 2))
    if kind == "ban":
        return changes.ban(*where)
    return changes.tariff(*where, rate=f"{random.uniform(0, 1000):.4f}%")


def _some(names: Sequence[str], random: np.random.Generator) -> list[str]:
    count = int(random.integers(1, min(len(names), 5) + 1))
    return [str(name) for name in random.choice(names, count, False)]
