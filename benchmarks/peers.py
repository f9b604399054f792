"""Measurements of the peers. Needs the peer alone, not detente, so it may run under its own Python.

    python peers.py sanction-simulator single | batch
    python peers.py gegravity FLOWS.csv

The last line of output is a JSON object.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

WEST = [
    "USA", "GBR", "AUT", "BEL", "BGR", "HRV", "CYP", "CZE", "DNK", "EST", "FIN", "FRA", "DEU",
    "GRC", "HUN", "IRL", "ITA", "LVA", "LTU", "LUX", "MLT", "NLD", "POL", "PRT", "ROU", "SVK",
    "SVN", "ESP", "SWE",
]  # fmt: skip
"""The United States, the United Kingdom and the EU27."""

RUNS = 5


def seconds(call: Callable[[], Any], runs: int = RUNS, warm_up: int = 1) -> dict[str, Any]:
    """Median, least and most wall-clock seconds of `call`."""
    for _ in range(warm_up):
        call()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    middle = statistics.median(times)
    return {"median": middle, "min": min(times), "max": max(times), "runs": runs}


# -- sanction-simulator --------------------------------------------------------------------------


def sanction_simulator(part: str) -> dict[str, Any]:
    """Its own programmatic use (README of 0.1.4): tau = 0.30, delta = 0.10, rho = -1.

    `part` is `single` or `batch`, apart so that each has its own peak memory.
    """
    start = time.perf_counter()
    import sanction_simulator as ss

    sys.path.insert(0, ss._PKG_DIR)  # as its README says: the model is not importable otherwise
    import power_trade_estimation as pte

    imported = time.perf_counter()
    bench = pte.Benchmark(ss.data_dir(), cache=ss.bench_cache())
    loaded = time.perf_counter()

    def restrict(*scenarios: list[tuple[int, int]]) -> None:
        batch = pte.ScenarioBatch(bench, list(scenarios), tau=0.30, delta=0.10)
        batch.balance()
        result = batch.solve(rho=-1.0)
        assert result["err"].max() < 1e-9, "sanction-simulator did not converge"

    at = bench.cidx
    loading = {"import_s": imported - start, "load_s": loaded - imported}
    if part == "batch":
        targets = ("RUS", "BLR", "CHN", "IND")
        pairs = [pte.bilateral_legs(at[s], at[c]) for s in ("USA", "DEU") for c in targets]
        return {**loading, "batch_of_8": seconds(lambda: restrict(*pairs), runs=3)}
    west_belarus = [leg for c in WEST for leg in pte.bilateral_legs(at[c], at["BLR"])]
    everyone = [c for c in at if c != "RUS"]
    russia = [leg for c in everyone for leg in pte.bilateral_legs(at[c], at["RUS"])]
    return {
        **loading,
        "mild": seconds(lambda: restrict(west_belarus)),
        "embargo": seconds(lambda: restrict(russia)),
    }


# -- gegravity -----------------------------------------------------------------------------------


def gegravity(flows: str) -> dict[str, Any]:
    """One-sector general-equilibrium gravity on the flows of a CSV (exporter, importer, trade).

    No estimation: a cost variable `fit` with coefficient 1 makes the trade costs those that
    reproduce the flows exactly (every multilateral resistance is then 1, which is also where the
    solver of gegravity starts), and `log_cost` with coefficient 1 - sigma carries the scenario.
    """
    start = time.perf_counter()
    import gegravity as ge
    import numpy as np
    import pandas as pd

    imported = time.perf_counter()
    sigma = 5.0

    def prepared(noise: float = 0.0) -> Any:
        table = pd.read_csv(flows)
        rng = np.random.default_rng(1)
        table["trade"] *= 1 + noise * rng.uniform(-1.0, 1.0, len(table))
        trade, table["log_cost"], table["year"] = table["trade"], 0.0, "2022"
        table["Y"] = table.groupby("exporter")["trade"].transform("sum")
        table["E"] = table.groupby("importer")["trade"].transform("sum")
        ratio = trade * trade.sum() / (table["Y"] * table["E"])
        table["fit"] = np.log(np.maximum(ratio, 1e-300))
        return table

    data = prepared()
    coefficients = pd.DataFrame({"var": ["fit", "log_cost"], "coeff": [1.0, 1.0 - sigma]})

    def baseline(data: Any = data) -> Any:
        inputs = ge.BaselineData(
            data.copy(), trade_var_name="trade", expend_var_name="E", output_var_name="Y"
        )
        model = ge.OneSectorGE(
            inputs,
            year="2022",
            reference_importer="USA",
            sigma=sigma,
            quiet=True,
            cost_variables=["fit", "log_cost"],
            cost_coeff_values=ge.CostCoeffs(coefficients, "var", "coeff"),
        )
        model.build_baseline()
        return model

    def scenario(model: Any, touched: Any, log_cost: float) -> Any:
        experiment = model.baseline_data.copy()
        experiment.loc[touched(experiment), "log_cost"] = log_cost
        model.define_experiment(experiment)
        model.simulate()
        return model

    def belarus_west(table: Any) -> Any:
        into = table["exporter"].isin(WEST) & (table["importer"] == "BLR")
        return into | (table["importer"].isin(WEST) & (table["exporter"] == "BLR"))

    def russia(table: Any) -> Any:
        return (table["exporter"] == "RUS") != (table["importer"] == "RUS")

    def measure(touched: Any, log_cost: float, runs: int) -> dict[str, Any]:
        # A model is simulated once: a second simulate() fails, so each run takes a fresh one.
        fresh = iter([baseline() for _ in range(runs + 1)])
        done: list[Any] = []
        timing = seconds(lambda: done.append(scenario(next(fresh), touched, log_cost)), runs)
        return {**timing, **outcome(done[-1])}

    def outcome(model: Any) -> dict[str, Any]:
        steps = model.solver_diagnostics.values()
        return {
            "converged": all("converged" in step.message for step in steps),
            "largest_residual": max(float(np.abs(step.fun).max()) for step in steps),
            "real_income_percent": model.country_results["GDP change (percent)"].to_dict(),
        }

    def ban_with_noise() -> dict[str, Any]:
        noisy = prepared(noise=1e-3)
        at_home = noisy[(noisy["exporter"] == "RUS") & (noisy["importer"] == "RUS")].iloc[0]
        exact = 100 * ((at_home["trade"] / at_home["E"]) ** (1 / (sigma - 1)) - 1)
        found = outcome(scenario(baseline(noisy), russia, float(np.inf)))
        return {**found, "russia_exact_percent": float(exact)}

    return {
        "import_s": imported - start,
        "baseline": seconds(baseline, runs=3, warm_up=0),
        "mild": measure(belarus_west, float(np.log(0.8)), RUNS),
        "doubled": measure(russia, float(np.log(2.0)), 3),
        "ban": measure(russia, float(np.inf), 1),
        "ban_with_noise": ban_with_noise(),
    }


def main(name: str, *arguments: str) -> None:
    """Run one peer and print what was measured."""
    jobs: dict[str, Callable[..., dict[str, Any]]] = {
        "sanction-simulator": sanction_simulator, "gegravity": gegravity
    }  # fmt: skip
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        print(json.dumps({"missing": name}))
        return
    with contextlib.redirect_stdout(sys.stderr):
        found = jobs[name](*arguments)
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {p: importlib.metadata.version(p) for p in ("numpy", "pandas")}
    print(json.dumps({"version": version, "python": python, **versions, **found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
