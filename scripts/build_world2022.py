"""Build the larger embedded world of 2022: the 80 economies of the table, and all others.

    python scripts/build_world2022.py ../shared/data

For each economy that the table does not have: value added and its sectors, exports and imports of
goods and services from the national accounts of the United Nations; trade in goods by partner from
BACI (CEPII), 2020 and 2023, taken to 2022 by the national accounts' own course; sectors of trade in
goods from UNCTAD's sections of 2015 and from `scripts/world2022/facts.yaml`, which says what rests
on judgement and where the rest is from. All are added to `icio2022` at once
(`World.add_economies`), the smallest as regions.

Writes `src/detente/world/data/world2022.npz`.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from world2022.totals import economies_of, read_totals

import detente

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "src/detente/world/data/world2022.npz"
FACTS = Path(__file__).parent / "world2022/facts.yaml"

BITS = 12
"""Binary digits that are kept of each number: 1.2 parts in ten thousand."""

SMALLEST = 0.002
"""Trade of a cell, million USD, below which it is left out, if it is next to nothing in output."""

MISFITS = 400
"""Largest misfits that are kept."""


def rounded(values: np.ndarray) -> np.ndarray:
    """Numbers of few binary digits, which compress well."""
    mantissa, exponent = np.frexp(values)
    kept = np.floor(mantissa * 2**BITS + 0.5) / 2**BITS
    return np.ldexp(kept, exponent).astype(np.float32)


def closed(trade: np.ndarray, use: np.ndarray) -> np.ndarray:
    """Inputs that rounding has left above output or supply, made smaller than it."""
    use = use.astype(float)
    for axis, whole in ((1, trade.sum(1, dtype=float)), (2, trade.sum(0, dtype=float))):
        used = use.sum(axis)
        most = whole * (1 - 2.0**-BITS)
        factor = np.divide(most, used, out=np.ones_like(used), where=used > most)
        use *= np.expand_dims(factor, axis)
    return rounded(use)


def store(world: detente.World, path: Path) -> None:
    """Write the arrays, rounded, so that accounts close when they are read."""
    trade = world.trade.values.copy()
    home = np.arange(len(trade))
    kept = trade[home, home].copy()
    little = np.minimum(SMALLEST, 1e-5 * trade.sum(1, keepdims=True))
    trade[trade < little] = 0.0
    trade[home, home] = kept
    trade = rounded(trade)
    d = world.data
    use = (d["gamma"] * (1 - d["beta"]) * world.output).transpose("country", "input", "sector")
    temporary = path.with_suffix(".part.npz")
    np.savez_compressed(
        temporary,
        trade=trade,
        input_use=closed(trade, rounded(use.values)),
        countries=np.array(world.countries),
        country_names=np.array([world.name_of(c) for c in world.countries]),
        sectors=np.array(list(world.sectors)),
        sector_names=np.array([world.name_of(s) for s in world.sectors]),
        year=np.int64(2022),
        units=world.units,
        provenance=d.attrs["provenance"],
        basis=d["basis"].values.astype(np.int8),
        about=json.dumps({k: d.attrs[k] for k in ("added", "misfits", "region_of")}),
    )
    os.replace(temporary, path)


def build(folder: Path, facts: dict[str, Any]) -> detente.World:
    """The larger world, not yet rounded."""
    base = detente.load_world("icio2022", "uniform")
    totals = read_totals(folder / "world_totals", facts, base.countries)
    economies, region_of = economies_of(totals, facts, base)
    world = base.add_economies(economies)
    largest = world.misfits.head(MISFITS).to_dict("records")
    attrs = {"misfits": largest, "region_of": region_of, "provenance": facts["provenance"]}
    return detente.World(world.data.assign_attrs(attrs))


def main() -> None:
    """Build and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, default=OUTPUT)
    given = parser.parse_args()
    world = build(given.folder, yaml.safe_load(FACTS.read_text()))
    store(world, given.output)
    print(f"{len(world.countries)} economies, {given.output.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
