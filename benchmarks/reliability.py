"""Random extreme scenarios through the single and the batch solve, each checked independently.

    python benchmarks/reliability.py [--scenarios 10000] [--seed 0] [-o docs/reliability]

Every scenario is either solved, with the equations checked from the numbers that come out and not
by the solver, or refused in one sentence. Nothing else counts: a wrong number, a traceback, a solve
that takes longer than `PATIENCE`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import detente
from detente import Changes, World
from detente.errors import ConvergenceError, DetenteError

CLOSE = 1e-6
"""Largest residual of an equation, relative to its size; the solver's own tolerance is 1e-9."""
PATIENCE = 90.0
"""Seconds; twenty thousand evaluations of the embedded world before it is given up take thirty."""
WORLDS_SHARE = 0.75
"""Share of scenarios on small random worlds; the others are on the embedded one."""
BATCH = 20
DEFICITS = ("share", "value", "zero")
SOURCES = ("fontagne", "caliendo-parro", "uniform")


@dataclass
class Tally:
    """What came of the scenarios."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    residuals: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, Any]] = field(default_factory=list)
    slowest: float = 0.0

    def fault(self, kind: str, where: str, what: str) -> None:
        """Note what must not be."""
        self.outcomes[kind] += 1
        self.faults.append({"kind": kind, "where": where, "what": what})


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


def random_changes(world: World, random: np.random.Generator) -> Changes:
    """One to four changes: bans, cost factors of 0.01 to 100, tariffs to 10, a world that parts."""
    changes, C = Changes(world), world.countries

    def some(names: list[str]) -> list[str]:
        return list(random.choice(names, int(random.integers(1, min(len(names), 5) + 1)), False))

    for _ in range(int(random.integers(1, 5))):
        kind, where = random.choice(["cost", "ban", "tariff", "part"], p=[0.5, 0.2, 0.2, 0.1]), None
        ends, where = (some(C), some(C)), some(list(world.sectors))
        if kind == "cost":
            changes = changes.cost(*ends, where, factor=10 ** random.uniform(-2, 2))
        elif kind == "ban":
            changes = changes.ban(*ends, where)
        elif kind == "tariff":
            changes = changes.tariff(*ends, where, rate=f"{random.uniform(0, 1000):.4f}%")
        else:
            bloc = some(C)
            rest = [c for c in C if c not in bloc]
            changes = changes.cut_off(bloc, rest) if rest else changes
    return changes


def residuals(found: detente.Equilibrium, phi: float, sigma: float) -> dict[str, float]:
    """Largest relative error of each equation of docs/model.md, from the numbers that came out."""
    world, h = found.world, found.hats
    d = {k: v.values for k, v in world.data.items()}
    pi, t = found.pi_after.values, found.tariff_after.values
    w, c, P = (h[k].values for k in ("w_hat", "c_hat", "P_hat"))
    after = found.after
    X, Y, I = after.X[..., 0].T, after.Y[..., 0].T, after.I[:, 0]
    sold = (pi / (1 + t) * X[:, None, :]).sum(0)
    revenue = (pi * t / (1 + t) * X[:, None, :]).sum((1, 2))
    used = X > 0
    told = {
        "shares sum to one": _worst(np.where(used, pi.sum(1), 1.0), 1.0),
        "goods markets clear": _worst(sold, Y, Y.sum(1, keepdims=True)),
        "income is spent": _worst(X.sum(1), ((1 - d["beta"]) * Y).sum(1) + I, X.sum(1) + I)
        if sigma == 1 and not after.lost.any()
        else 0.0,
        "tariff revenue": _worst(revenue, after.R[:, 0], I),
    }
    if not after.lost.any():
        kappa = (1 + t) / (1 + d["t"]) * found.d_hat.values
        with np.errstate(divide="ignore"):
            total = (d["pi"] * (kappa * c[None]) ** -d["theta"]).sum(1)
            prices = np.where(total > 0, total, 1.0) ** (-1 / d["theta"])
        told["prices"] = _worst(np.where(total > 0, P, 1.0), prices, prices)
    if phi == 0 and sigma == 1:
        earned = (d["beta"] * Y).sum(1)
        told["labour markets clear"] = _worst(earned, w * d["VA"], w * d["VA"])
        if not after.lost.any():
            inputs = np.einsum("nkj,nk->nj", d["gamma"], np.log(P))
            costs = np.exp(d["beta"] * np.log(w)[:, None] + (1 - d["beta"]) * inputs)
            told["costs"] = _worst(c, costs, costs)
    return told


def _worst(found: Any, wanted: Any, scale: Any = 1.0) -> float:
    error = np.abs(found - wanted) / np.maximum(scale, 1e-300)
    return float(np.nanmax(error)) if np.isfinite(error).all() else float("inf")


def one_world(world: World, count: int, random: np.random.Generator, tally: Tally) -> None:
    """Some scenarios on a world, one by one, then those that were solved side by side."""
    deficits = str(random.choice(DEFICITS))
    phi = 0.0 if random.random() < 0.6 else float(random.uniform(0, 0.5))
    sigma = 1.0 if random.random() < 0.6 else float(random.choice([0.2, 0.5, 1.5, 2.0]))
    options = {"deficits": deficits, "phi": phi, "sigma": sigma}
    solved: list[tuple[Changes, np.ndarray]] = []
    for _ in range(count):
        changes = random_changes(world, random)
        where = f"{world.name} {world.fingerprint}, {options}: {'; '.join(changes.steps)}"
        started = time.perf_counter()
        try:
            found = detente.solve(world, changes, **options)
        except DetenteError as error:
            told = str(error)
            tally.outcomes["refused"] += 1
            tally.refusals[type(error).__name__ + ": " + told.split(":", maxsplit=1)[0][:70]] += 1
            if "\n" in told.strip() and not isinstance(error, ConvergenceError):
                tally.fault("more than a sentence", where, told)
        except Exception as error:
            tally.fault("traceback", where, repr(error))
        else:
            worst = residuals(found, phi, sigma)
            for name, size in worst.items():
                tally.residuals[name] = max(tally.residuals[name], size)
            wrong = {k: v for k, v in worst.items() if not v < CLOSE}
            if wrong:
                tally.fault("wrong", where, str(wrong))
            else:
                tally.outcomes["solved"] += 1
                solved.append((changes, found.welfare.values))
        took = time.perf_counter() - started
        tally.slowest = max(tally.slowest, took)
        if took > PATIENCE:
            tally.fault("slow", where, f"{took:.1f} s")
    if solved:
        _side_by_side(world, solved, options, tally)
        _in_other_units(world, solved[0], options, tally)


def _side_by_side(world: World, solved: Any, options: Any, tally: Tally) -> None:
    """The batch solve says the same."""
    where = f"{world.name} {world.fingerprint}, {options}"
    try:
        batch = detente.solve_many(world, [c for c, _ in solved], **options)["welfare"].values
    except Exception as error:
        tally.fault("batch refuses what single solves solve", where, repr(error)[:500])
        return
    gap = np.abs(batch - np.array([w for _, w in solved])) / (1 + np.abs(batch))
    tally.residuals["batch beside single"] = max(tally.residuals["batch beside single"], gap.max())
    if gap.max() > 1e-4:
        steps = "; ".join(solved[int(gap.max(1).argmax())][0].steps)
        tally.fault("batch differs", f"{where}: {steps}", f"{gap.max():.3g}")


def _in_other_units(world: World, solved: Any, options: Any, tally: Tally) -> None:
    """Homogeneity: a thousand times every value changes no welfare."""
    changes, welfare = solved
    data = world.data.copy()
    for name in ("X", "VA", "D"):
        data[name] = data[name] * 1000
    larger = World(data)
    again = Changes(larger, costs=changes.costs, tariffs=changes.tariffs)
    found = detente.solve(larger, again, **options).welfare.values
    gap = float((np.abs(found - welfare) / (1 + np.abs(welfare))).max())
    tally.residuals["other units"] = max(tally.residuals["other units"], gap)
    if gap > 1e-4:
        tally.fault("units matter", f"{world.fingerprint}: {'; '.join(changes.steps)}", str(gap))


def run(scenarios: int, seed: int) -> Tally:
    """All of it."""
    random, tally = np.random.default_rng(seed), Tally()
    sources = [detente.load_world("icio2022", source) for source in SOURCES]
    with tqdm(total=scenarios, unit="scenario") as bar:
        while bar.n < scenarios:
            count = min(BATCH, scenarios - bar.n)
            small = random.random() < WORLDS_SHARE
            try:
                world = small_world(random) if small else sources[int(random.integers(3))]
            except detente.errors.WorldError as error:
                tally.refusals[f"world: {str(error).splitlines()[0][:70]}"] += 1
                continue
            one_world(world, count, random, tally)
            bar.update(count)
    return tally


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=None)
    asked = parser.parse_args()
    started = time.perf_counter()
    tally = run(asked.scenarios, asked.seed)
    told = {
        "scenarios": asked.scenarios,
        "seed": asked.seed,
        "seconds": round(time.perf_counter() - started, 1),
        "outcomes": dict(tally.outcomes),
        "largest residuals": {k: float(f"{v:.2g}") for k, v in tally.residuals.items()},
        "slowest, seconds": round(tally.slowest, 2),
        "refusals": dict(tally.refusals.most_common(20)),
        "faults": tally.faults[:50],
    }
    print(json.dumps(told, indent=1))
    if asked.output is not None:
        asked.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
