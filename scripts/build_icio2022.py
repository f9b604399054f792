"""Build the embedded world of 2022 from the compact OECD table.

    python scripts/build_icio2022.py icio2022_compact.npz src/detente/world/data/icio2022.npz

The table has trade in intermediates by origin i, destination n and sector j, use of inputs, gross
output, and what is left of it, `other_sales[i,j]`: final demand everywhere. The bilateral split of
final demand is not in it and is estimated here; docs/data.md says how well.

Import proportionality: a destination's final use of a sector's goods has the origin mix of its
intermediate use, m[i,n,j], except that services bought for final use are more often domestic
(`HOME_TILT`). Final use F[n,j] then solves, sector by sector and country by country,

    sum_n m[i,n,j] F[n,j] = other_sales[i,j]      (what origins sell)
    sum_j F[n,j]          = VA[n]                 (what destinations can pay)

in the least Kullback-Leibler divergence, the second with weight `PAY_WEIGHT`: deficits exist, but
none of 200 percent of value added. Sales are then scaled to be reproduced exactly.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HOME_TILT = 2.0
"""Odds of a domestic origin in final use of services, relative to intermediate use."""

PAY_WEIGHT = 0.3
ITERATIONS = 500

PROVENANCE = (
    "OECD, Inter-Country Input-Output tables, 2025 edition, year 2022 (CC BY 4.0), through the "
    "PyPI package sanction-simulator 0.1.4; bilateral final demand estimated by import "
    "proportionality (docs/data.md)"
)


def final_mix(intermediate: Array, services: NDArray[np.bool_]) -> Array:
    """Origin mix m[i,n,j] of final use; zero where a destination uses no such inputs."""
    tilted = intermediate.copy()
    home = np.arange(len(tilted))
    tilted[home, home] *= np.where(services, HOME_TILT, 1.0)
    total = tilted.sum(0)
    return np.divide(tilted, total, out=np.zeros_like(tilted), where=total > 0)


def final_use(m: Array, sales: Array, VA: Array, start: Array) -> Array:
    """F[n,j] >= 0 by expectation-maximisation (Richardson-Lucy with one more observation)."""
    F = start
    for _ in range(ITERATIONS):
        sold = np.einsum("inj,nj->ij", m, F)
        missing = np.divide(sales, sold, out=np.zeros_like(sales), where=sold > 0)
        by_sales = np.einsum("inj,ij->nj", m, missing)
        by_income = (VA / F.sum(1))[:, None]
        F = F * (by_sales + PAY_WEIGHT * by_income) / (1 + PAY_WEIGHT)
    return F


def final_trade(m: Array, F: Array, sales: Array) -> Array:
    """Final sales [i,n,j] scaled to other_sales; what no mix explains is sold at home."""
    split = m * F
    sold = split.sum(1)
    scale = np.divide(sales, sold, out=np.zeros_like(sales), where=sold > 0)
    split *= scale[:, None, :]
    home = np.arange(len(split))
    split[home, home] += np.where(sold > 0, 0.0, sales)
    return split


def build(source: Path, target: Path) -> None:
    """Read the compact table, estimate final demand, write the world."""
    with np.load(source) as z:
        table = {k: z[k] for k in z.files}
    intermediate, use = table["intermediate_trade"], table["input_use"]
    sales = np.maximum(table["other_sales"], 0.0)
    VA = (table["gross_output"] - use.sum(1)).sum(1)
    services = np.array([s[0] not in "ABC" for s in table["sectors"]])
    m = final_mix(intermediate, services)
    F = final_use(m, sales, VA, start=intermediate.sum(0))
    np.savez_compressed(
        target,
        trade=intermediate + final_trade(m, F, sales),
        input_use=use,
        countries=table["countries"],
        country_names=table["country_names"],
        sectors=table["sectors"],
        sector_names=table["sector_names"],
        year=2022,
        units="million USD",
        provenance=PROVENANCE,
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Build the embedded world of 2022.")
    parser.add_argument("source", type=Path, help="compact OECD table (npz)")
    parser.add_argument("target", type=Path, help="world to write (npz)")
    arguments = parser.parse_args()
    build(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
