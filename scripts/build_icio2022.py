"""Build the embedded world of 2022 from the compact OECD table.

    python scripts/build_icio2022.py icio2022_compact.npz src/detente/world/data/icio2022.npz

The table has trade in intermediates by origin i, destination n and sector j, use of inputs and
gross output Y[i,j]. What is left of output is sold to final demand everywhere,

    sales[i,j] = Y[i,j] - sum_n intermediate[i,n,j],

and its bilateral split, final[i,n,j], is not in the table. It is estimated here in three steps;
docs/data.md says how well.

    m[i,n,j]     origin mix of final use: that of intermediate use (import proportionality), with
                 the odds of a domestic origin of services times HOME_TILT
    F[n,j]       final use: what producers at home sell to final demand, averaged with value added
                 spent as the world spends it:
                 (1 - INCOME_SHARE) sales[n,j] + INCOME_SHARE VA[n] sum_i sales[i,j] / sum_ik sales
    final[i,n,j] = m[i,n,j] F[n,j] r[i,j],  r such that  sum_n final[i,n,j] = sales[i,j]

Every origin's output is that of the table, exactly.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HOME_TILT = 2.0
"""Odds of a domestic origin in final use of services, relative to intermediate use."""

INCOME_SHARE = 0.5
"""Weight of value added, spent as the world spends it, in the first guess of final use."""

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


def final_use(sales: Array, VA: Array) -> Array:
    """First guess of final use F[n,j]: own sales, averaged with income spent as the world does.

    Own sales miss what a country imports and include what it exports; income spent as the world
    spends it misses what is particular to the country. They err in different places.
    """
    world = sales.sum(0) / sales.sum()
    return (1 - INCOME_SHARE) * sales + INCOME_SHARE * VA[:, None] * world


def final_trade(m: Array, F: Array, sales: Array) -> Array:
    """Final sales [i,n,j] scaled to `sales`; what no mix explains is sold at home."""
    split = m * F
    sold = split.sum(1)
    split *= np.divide(sales, sold, out=np.zeros_like(sales), where=sold > 0)[:, None, :]
    home = np.arange(len(split))
    split[home, home] += np.where(sold > 0, 0.0, sales)
    return split


def build(source: Path, target: Path) -> None:
    """Read the compact table, estimate final demand, write the world."""
    with np.load(source) as z:
        table = {k: z[k] for k in z.files}
    intermediate, use, output = (
        table[k] for k in ("intermediate_trade", "input_use", "gross_output")
    )
    sales = np.maximum(output - intermediate.sum(1), 0.0)
    VA = (output - use.sum(1)).sum(1)
    services = np.array([s[0] not in "ABC" for s in table["sectors"]])
    m = final_mix(intermediate, services)
    np.savez_compressed(
        target,
        trade=intermediate + final_trade(m, final_use(sales, VA), sales),
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
