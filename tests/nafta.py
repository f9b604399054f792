"""The NAFTA data of Caliendo and Parro (2015) in the letters of the model."""

from pathlib import Path

import numpy as np
import pytest

from detente import World
from detente.world.world import dataset

REFERENCE = Path(__file__).parents[2] / "shared" / "reference" / "cp2015_nafta.npz"


def load_nafta() -> tuple[World, np.ndarray]:
    """The world of 1993 as the data have it, and the tariffs of 2005 (destination, origin, sector).

    Final-use shares are what supply leaves after intermediate use, as in the paper's own code;
    negative ones are set to zero. The data are not an exact equilibrium.
    """
    if not REFERENCE.exists():
        pytest.skip("the NAFTA data may not be redistributed; no folder `shared` beside the repo")
    with np.load(REFERENCE) as z:
        d = {k: z[k] for k in z.files}
    trade = d["trade"].transpose(1, 2, 0)  # (importer, exporter, sector), net of tariffs
    t = d["tariff_base"].transpose(1, 2, 0)
    X = (trade * (1 + t)).sum(1)
    Y = trade.sum(0)
    use = np.maximum(d["intermediate"], 0.0)  # (region, input, sector)
    total = use.sum(1, keepdims=True)
    beta = np.divide(d["value_added"], Y, out=np.ones_like(Y), where=Y > 0)
    gamma = np.divide(use, total, out=np.full_like(use, 1 / use.shape[1]), where=total > 0)
    income = d["value_added"].sum(1) + (trade * t).sum((1, 2)) + d["deficit"]
    inputs = np.einsum("nkj,nj->nk", gamma, (1 - beta) * Y)
    alpha = np.maximum((X - inputs) / income[:, None], 0.0)
    supply = X[:, None, :]
    values = {
        "pi": np.divide(trade * (1 + t), supply, out=np.zeros_like(t), where=supply > 0),
        "t": t,
        "beta": beta,
        "gamma": gamma,
        "alpha": alpha / alpha.sum(1, keepdims=True),
        "X": X,
        "VA": d["value_added"].sum(1),
        "D": d["deficit"],
        "theta": d["theta"],
    }
    regions, sectors = ([str(v) for v in d[k]] for k in ("regions", "sectors"))
    attrs = {"name": "cp2015", "year": 1993, "units": "USD", "elasticities": "as published"}
    world = World(dataset(values, regions, sectors, attrs))
    return world, d["tariff_counterfactual"].transpose(1, 2, 0)
