"""Small tables in the layouts in which they are published."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

Numbers = dict[tuple[str, str], float]

ICIO_FINAL = ("HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "DPABR")


def cells(rows: list[str], columns: list[str], seed: int = 0) -> Numbers:
    """Positive numbers for every row and column, inputs a small part of sales."""
    rng = np.random.default_rng(seed)
    return {(r, c): float(np.round(rng.uniform(1, 9), 3)) for r in rows for c in columns}


def write_icio(
    path: Path,
    countries: Mapping[str, str],
    sectors: tuple[str, ...] = ("A01", "C20"),
    change: Callable[[Numbers], None] | None = None,
) -> Numbers:
    """Write an ICIO table; countries are those of rows, and whose final demand they are."""
    makers = [f"{c}_{s}" for c in countries for s in sectors]
    finals = [f"{c}_{f}" for c in dict.fromkeys(countries.values()) for f in ICIO_FINAL]
    table = cells(makers, makers) | {
        key: 10 * v for key, v in cells(makers, finals, 1).items() if not key[1].endswith("DPABR")
    }
    table |= {(r, c): 0.0 for r in makers for c in finals if c.endswith("DPABR")}
    if change:
        change(table)
    out = {r: sum(table[r, c] for c in [*makers, *finals]) for r in makers}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["V1", *makers, *finals, "OUT"])
        for r in makers:
            writer.writerow([r, *(table[r, c] for c in [*makers, *finals]), out[r]])
        rest = {c: out[c] - sum(table[r, c] for r in makers) for c in makers}
        none = [0.0] * (len(finals) + 1)
        writer.writerow(["TLS", *(0.1 * rest[c] for c in makers), *none])
        writer.writerow(["VA", *(0.9 * rest[c] for c in makers), *none])
        writer.writerow(["OUT", *out.values(), *none])
    return table


FIGARO_FINAL = ("P3_S13", "P3_S14", "P3_S15", "P51G", "P5M")
FIGARO_VALUE = ("D21X31", "OP_RES", "OP_NRES", "D1", "D29X39", "B2A3G")


def write_figaro(path: Path, flat: bool = False) -> Numbers:
    """Write a FIGARO table of Austria, Greece and the rest of the world."""
    countries, sectors = ("AT", "EL", "FIGW1"), ("A01", "B", "C17")
    makers = [f"{c}_{s}" for c in countries for s in sectors]
    finals = [f"{c}_{f}" for c in countries for f in FIGARO_FINAL]
    table = cells(makers, makers) | {k: 10 * v for k, v in cells(makers, finals, 1).items()}
    table["AT_B", "EL_P5M"] = -2.5
    out = {r: sum(table[r, c] for c in [*makers, *finals]) for r in makers}
    rest = {c: out[c] - sum(table[r, c] for r in makers) for c in makers}
    shares = dict(zip(FIGARO_VALUE, (0.1, 0.0, 0.0, 0.5, 0.1, 0.3), strict=True))
    value = {(f"W2_{v}", c): s * rest[c] for v, s in shares.items() for c in makers}
    value |= {(f"W2_{v}", c): 1.0 for v in ("OP_RES", "OP_NRES") for c in finals}
    rows, columns = [*makers, *(f"W2_{v}" for v in FIGARO_VALUE)], [*makers, *finals]
    whole = table | value
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if not flat:
            writer.writerow(["rowLabels", *columns])
            for r in rows:
                writer.writerow([r, *(whole.get((r, c), 0.0) for c in columns)])
            return table
        writer.writerow(
            ["icioiRow", "icioiCol", "refArea", "rowIi", "counterpartArea", "colIi", "obsValue"]
        )
        for r in rows:
            for c in columns:
                named = [*r.split("_", 1), *c.split("_", 1)]
                writer.writerow([r, c, *named, whole.get((r, c), 0.0)])
    return table


WIOD_SECTORS = {"1": ("A01", "Crop and animal production, hunting"), "2": ("C10-C12", "Food")}
WIOD_FINAL = {"57": "CONS_h", "58": "CONS_np", "59": "CONS_g", "60": "GFCF", "61": "INVEN"}
WIOD_VALUE = ("II_fob", "TXSP", "EXP_adj", "PURR", "PURNR", "VA", "IntTTM", "GO")


def wiod_rows(for_r: bool = False) -> tuple[Numbers, list[list[object]]]:
    """The rows of a WIOD sheet, or of the data of R, and its cells by country and number."""
    countries = ("AUS", "ROW")
    makers = [(c, n) for c in countries for n in WIOD_SECTORS]
    finals = [(c, n) for c in countries for n in WIOD_FINAL]
    named = {f"{c}{n}": (c, n) for c, n in [*makers, *finals]}
    rows, columns = [f"{c}{n}" for c, n in makers], list(named)
    table = cells(rows, rows) | {
        k: 10 * v for k, v in cells(rows, columns, 1).items() if k[1] not in rows
    }
    out = {r: sum(table[r, c] for c in columns) for r in rows}
    fob = {c: sum(table[r, c] for r in rows) for c in rows}
    shares = {"TXSP": 0.1, "VA": 0.85, "IntTTM": 0.05}
    written: list[list[object]] = []
    for (c, n), r in zip(makers, rows, strict=True):
        code, word = WIOD_SECTORS[n]
        numbers = [table[r, column] for column in columns]
        written.append([code, word, c, f"r{n}", *numbers, out[r]])
    for place, code in enumerate(WIOD_VALUE):
        of = {c: shares.get(code, 0.0) * (out[c] - fob[c]) for c in rows}
        of = fob if code == "II_fob" else out if code == "GO" else of
        written.append([code, code, "TOT", f"r{65 + place}", *(of.get(c, 0.0) for c in columns), 0])
    if for_r:
        head = ["IndustryCode", "IndustryDescription", "Country", "RNr", "Year", *columns, "TOT"]
        data = [[*r[:3], str(r[3])[1:], 2014, *r[4:]] for r in written]
        return table, [head, *data]
    codes = {**{n: s[0] for n, s in WIOD_SECTORS.items()}, **WIOD_FINAL}
    words = [codes[named[c][1]] for c in columns]
    blank: list[object] = ["", "", "", ""]
    head_rows: list[list[object]] = [
        ["Intercountry Input-Output Table", "", "", "", *([""] * (len(columns) + 1))],
        ["(industry-by-industry)", "", "", "", *([""] * (len(columns) + 1))],
        [*blank, *words, "GO"],
        [*blank, *words, "Output"],
        [*blank, *(named[c][0] for c in columns), "TOT"],
        [*blank, *(f"c{named[c][1]}" for c in columns), "c62"],
    ]
    return table, [*head_rows, *written]
