"""Measure the import of a full-size ICIO year: `python benchmarks/import_icio.py`.

The file has the layout and size of the OECD's (81 economies, 50 sectors, six kinds of final
demand); its cells are those of the embedded world, spread over users as the world's sectors use
them, a small economy ROW besides, and inventories some of which are drawn down.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

import detente
from detente.world.accounts import Accounts

FINAL = ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "DPABR")
SHARES = np.array([0.6, 0.02, 0.18, 0.2])
DRAWN = 0.02
"""Largest share of final use by which inventories are drawn down."""


def write(path: Path) -> None:
    """Write the table a row at a time."""
    world = detente.load_world("icio2022")
    a = Accounts.of(world)
    C, S = [*world.countries, "ROW"], world.sectors
    rng = np.random.default_rng(1)
    last = world.countries.index("KHM")
    trade = np.pad(a.trade, ((0, 1), (0, 1), (0, 0)))
    trade[-1, -1] = trade[last, last]
    trade[-1, :-1] = 0.1 * a.trade[last]
    trade[:-1, -1] = 0.1 * a.trade[:, last]
    supplied = trade.sum(0)
    used = np.concatenate([a.use, a.use[last : last + 1]])
    share = np.minimum(used / np.maximum(supplied, 1e-9)[:, :, None], 1.0)
    share /= np.maximum(share.sum(2, keepdims=True), 1.0)
    columns = [f"{c}_{s}" for c in C for s in S] + [f"{c}_{f}" for c in C for f in FINAL]
    inputs_of = np.zeros(len(C) * len(S))
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(["V1", *columns, "OUT"]) + "\n")
        for i, c in enumerate(C):
            for k, s in enumerate(S):
                inputs = trade[i, :, k, None] * share[:, k]
                final = trade[i, :, k] - inputs.sum(1)
                stocks = -DRAWN * rng.random(len(C)) * (final + trade[i, :, k] * 0.01)
                kinds = (final - stocks)[:, None] * SHARES
                parts = np.column_stack([kinds, stocks, np.zeros(len(C))])
                numbers = np.concatenate([inputs.ravel(), parts.ravel(), [trade[i, :, k].sum()]])
                inputs_of += inputs.ravel()
                file.write(f"{c}_{s},{','.join(np.char.mod('%.6f', numbers))}\n")
        out = trade.sum(1).ravel()
        tail = np.zeros(len(C) * len(FINAL) + 1)
        for name, row in (("TLS", 0 * out), ("VA", out - inputs_of), ("OUT", out)):
            numbers = np.concatenate([row, tail])
            file.write(f"{name},{','.join(np.char.mod('%.6f', numbers))}\n")


def main() -> None:
    """Write the file unless it is there, import it, tell time and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="A table to be imported instead.")
    given = parser.parse_args().file
    with tempfile.TemporaryDirectory() as folder:
        path = given or Path(folder) / "2022_SML.csv"
        if not path.exists():
            write(path)
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")
        start = time.perf_counter()
        world = detente.import_world("oecd-icio", path)
        spent = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(world)
    print(f"imported in {spent:.1f} s; peak memory of the process {peak:.0f} MB")


if __name__ == "__main__":
    main()
