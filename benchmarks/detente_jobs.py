"""Measurements of detente, one job per process so that peak memory belongs to the job.

    python detente_jobs.py latency | cold | draws | one-sector FLOWS.csv
    python detente_jobs.py large COUNTRIES SECTORS DRAWS
    python detente_jobs.py world NAME

Only what every version has is used: the public names, and the data of a world.

The last line of output is a JSON object.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import detente
from peers import WEST, seconds

RUNS = 25
DRAWS = 1000
SEED = 20250101


def west_belarus(world: detente.World, factor: float) -> detente.Changes:
    """All trade between Belarus and the United States, the United Kingdom and the EU27."""
    changes = detente.Changes(world).cost(origin=WEST, destination="BLR", factor=factor)
    return changes.cost(origin="BLR", destination=WEST, factor=factor)


def russia(world: detente.World, factor: float = np.inf) -> detente.Changes:
    """All foreign trade of Russia; by default banned."""
    changes = detente.Changes(world).cost(origin="RUS", factor=factor)
    return changes.cost(destination="RUS", factor=factor)


def solve_seconds(
    world: detente.World, scenario: Callable[[int], detente.Changes], runs: int = RUNS
) -> dict[str, Any]:
    """Latency of solving, welfare read; each run gets its own Changes so nothing is remembered."""
    prepared = [scenario(k) for k in range(runs + 2)]
    return seconds(
        lambda: detente.solve(world, prepared.pop()).welfare.values, runs=runs, warm_up=2
    )


def latency() -> dict[str, Any]:
    world = detente.load_world("icio2022")
    return {
        "mild": solve_seconds(world, lambda k: west_belarus(world, 0.8 - 1e-6 * k)),
        "embargo": solve_seconds(world, lambda k: russia(world)),
        "doubled": solve_seconds(world, lambda k: russia(world, 2.0 + 1e-6 * k)),
    }


def world(name: str) -> dict[str, Any]:
    """An embedded world: loading it again, its commodities aside, and solving."""
    from detente.world import embedded

    detente.load_world(name)

    def load() -> None:
        embedded._load.cache_clear()
        detente.load_world(name)

    loaded = detente.load_world(name)
    return {
        "load": seconds(load, runs=7),
        "mild": solve_seconds(loaded, lambda k: west_belarus(loaded, 0.8 - 1e-6 * k)),
        "embargo": solve_seconds(loaded, lambda k: russia(loaded)),
    }


def cold() -> dict[str, Any]:
    """Wall-clock and memory of the whole process are taken by the caller."""
    world = detente.load_world("icio2022")
    welfare = detente.solve(world, west_belarus(world, 0.8)).welfare
    return {"belarus_percent": float(welfare.sel(country="BLR"))}


def draws() -> dict[str, Any]:
    """Elasticities and cost cuts drawn together."""
    world = detente.load_world("icio2022")
    rng = np.random.default_rng(SEED)
    theta = drawn_elasticities(world, DRAWS, rng)
    start = time.perf_counter()
    changes = [west_belarus(world, f) for f in rng.uniform(0.7, 0.95, DRAWS)]
    built = time.perf_counter() - start
    detente.solve_many(world, changes[:8], theta=theta[:8])
    start = time.perf_counter()
    result = detente.solve_many(world, changes, theta=theta)
    took = time.perf_counter() - start
    assert result.sizes["draw"] == DRAWS
    return {
        "draws": DRAWS,
        "solve_s": took,
        "build_changes_s": built,
        "per_minute": 60 * DRAWS / took,
    }


def drawn_elasticities(
    world: detente.World, draws: int, rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """Log-normal around the world's own, 20 percent, shape (draw, sector)."""
    spread = rng.normal(0.0, 0.2, (draws, len(world.sectors)))
    return np.maximum(world.data["theta"].values * np.exp(spread), 1.0)


def one_sector(flows: str) -> dict[str, Any]:
    """The 80 countries with one sector: as aggregated, and as gegravity's model has it.

    gegravity's model has no inputs and, in the second world here, no deficits, so both models are
    then the same theory on the same data and their results must agree. Its flows go to `flows`.
    """
    world = detente.load_world("icio2022")
    merged = world.aggregate(sectors={"all": world.sectors})
    n = len(merged.countries)
    flows_alone = detente.World.from_flows(
        merged.trade, np.zeros((n, 1, 1)), theta=4.0, countries=merged.countries, sectors=["all"]
    )
    rebalance = getattr(detente, "rebalance", None) or detente.World.rebalance  # once a method
    endowment = rebalance(flows_alone, "zero")
    write_flows(endowment, flows)
    real_income = detente.solve(endowment, west_belarus(endowment, 0.8)).welfare
    doubled = detente.solve(endowment, russia(endowment, 2.0)).welfare
    banned = detente.solve(endowment, russia(endowment)).welfare
    home = float(endowment.data["pi"].sel(origin="RUS", destination="RUS").item())
    return {
        "aggregated": solve_seconds(merged, lambda k: west_belarus(merged, 0.8 - 1e-6 * k)),
        "mild": solve_seconds(endowment, lambda k: west_belarus(endowment, 0.8 - 1e-6 * k)),
        "doubled": solve_seconds(endowment, lambda k: russia(endowment, 2.0 + 1e-6 * k)),
        "ban": solve_seconds(endowment, lambda k: russia(endowment)),
        "reference_percent": plain_iteration(endowment, 0.8),
        "reference_held_percent": plain_iteration(endowment, 0.8, held=True),
        "real_income_percent": real_income.to_series().to_dict(),
        "doubled_percent": doubled.to_series().to_dict(),
        "ban_russia_percent": float(banned.sel(country="RUS")),
        "ban_russia_exact_percent": 100 * (home**0.25 - 1),
    }


def plain_iteration(world: detente.World, factor: float, held: bool = False) -> dict[str, float]:
    """Real income in percent in `west_belarus`, one sector without inputs: p Y = sum_n pi' p_n E_n.

    Nothing of detente but the flows: a check of both packages that shares no code with either.
    With `held`, values of output and expenditure stay at the baseline: Y = sum_n pi'_n E_n.
    """
    flows = world.trade.isel(sector=0, drop=True).transpose("origin", "destination").values
    at = {c: k for k, c in enumerate(world.countries)}
    west, target = [at[c] for c in WEST], at["BLR"]
    cost = np.ones_like(flows)
    cost[west, target] = cost[target, west] = factor
    Y, E = flows.sum(1), flows.sum(0)
    p = np.ones(len(Y))
    for _ in range(100_000):
        share = flows / E * (cost * p[:, None]) ** -4.0
        P = share.sum(0) ** -0.25
        level = np.ones_like(p) if held else p
        step = (share / share.sum(0) @ (level * E) / (level * Y)) ** 0.1
        p = p * step / ((p * step) @ Y / Y.sum())
        if np.abs(step - 1).max() < 1e-14:
            break
    return dict(zip(world.countries, (100 * (p / P - 1)).tolist(), strict=True))


def write_flows(world: detente.World, path: str) -> None:
    trade = world.trade.isel(sector=0, drop=True).transpose("origin", "destination")
    table = trade.rename("trade").to_series().reset_index()
    table.columns = ["exporter", "importer", "trade"]
    table.to_csv(path, index=False)


def synthetic_world(n: int, j: int) -> detente.World:
    """A world of random but plausible flows: domestic-heavy, half of output spent on inputs."""
    rng = np.random.default_rng(SEED)
    size = rng.lognormal(0.0, 1.5, n)
    output = 1e3 * size[:, None] * rng.lognormal(0.0, 0.8, (n, j))
    home = rng.uniform(0.6, 0.95, (n, j))
    pull = size[None, :, None] * rng.lognormal(0.0, 1.0, (n, n, j))
    pull[np.arange(n), np.arange(n)] = 0.0
    trade = ((1 - home) * output)[:, None, :] * pull / pull.sum(1, keepdims=True)
    trade[np.arange(n), np.arange(n)] = home * output
    supply = trade.sum(0)
    recipe = supply[:, :, None] * rng.uniform(0.5, 1.5, (n, j, j))
    use = 0.5 * output[:, None, :] * recipe / recipe.sum(1, keepdims=True)
    use *= np.minimum(1.0, 0.9 * supply / use.sum(2))[:, :, None]
    return detente.World.from_flows(
        trade, use, theta=rng.uniform(3.0, 8.0, j),
        countries=[f"C{k:03d}" for k in range(n)], sectors=[f"S{k:03d}" for k in range(j)],
        name="synthetic",
    )  # fmt: skip


def large(countries: str, sectors: str, draws: str) -> dict[str, Any]:
    """A synthetic world, 29 countries ease with one: seconds for one scenario, or for a batch."""
    start = time.perf_counter()
    world = synthetic_world(int(countries), int(sectors))
    built = time.perf_counter() - start
    size = int(draws)
    if size == 1:
        timing = solve_seconds(world, lambda k: eased(world, 0.8 - 1e-6 * k), runs=15)
        return {"build_s": built, **timing}
    rng = np.random.default_rng(SEED)
    theta = drawn_elasticities(world, size, rng)
    changes = [eased(world, f) for f in rng.uniform(0.7, 0.95, size)]
    timing = seconds(lambda: detente.solve_many(world, changes, theta=theta), runs=3)
    return {"build_s": built, **timing, "per_minute": 60 * size / timing["median"]}


def eased(world: detente.World, factor: float) -> detente.Changes:
    """Trade of the first country with the next 29."""
    target, *others = world.countries[:30]
    changes = detente.Changes(world).cost(others, target, factor=factor)
    return changes.cost(target, others, factor=factor)


def installed_commit() -> str:
    """The commit that pip installed detente from, where it knows."""
    told = importlib.metadata.distribution("detente").read_text("direct_url.json") or "{}"
    return str(json.loads(told).get("vcs_info", {}).get("commit_id", ""))[:7]


def main(name: str, *arguments: str) -> None:
    """Run one job and print what was measured."""
    jobs: dict[str, Callable[..., dict[str, Any]]] = {
        "latency": latency, "cold": cold, "draws": draws, "one-sector": one_sector, "large": large,
        "world": world,
    }  # fmt: skip
    packages = ("numpy", "scipy", "xarray", "pandas")
    versions = {p: importlib.metadata.version(p) for p in packages}
    python = ".".join(map(str, sys.version_info[:3]))
    head = {"version": detente.__version__, "commit": installed_commit(), "python": python}
    print(json.dumps({**head, **versions, **jobs[name](*arguments)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
