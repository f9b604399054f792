"""Time of relief packages in full enumeration: 12 bundles of measures, 4,096 full solves."""

from __future__ import annotations

import os
import time

from detente.analysis.relief.menu import menu_of
from detente.analysis.relief.packages import frontier, shapley
from detente.analysis.relief.relief import evaluate, relief
from detente.cases import load_case


def main() -> None:
    menu = menu_of(load_case("belarus-2025"))
    evaluate(menu, menu.all_levels()[:4])  # compiles the kernels
    start = time.perf_counter()
    found = relief(menu)
    solved = time.perf_counter() - start
    start = time.perf_counter()
    best, values = frontier(found), shapley(found)
    read = time.perf_counter() - start
    print(f"processors   {os.cpu_count()}")
    print(f"packages     {menu.packages:,} of {len(menu.bundles)} bundles")
    print(f"solved in    {solved:.1f} s, {1e3 * solved / menu.packages:.1f} ms each")
    print(f"read in      {read:.2f} s: frontier of {best.sizes['package']}, Shapley values")
    print(
        f"Shapley sum  {float(values.sum()):.6f} percent, everything {float(found['gain'][-1]):.6f}"
    )


if __name__ == "__main__":
    main()
