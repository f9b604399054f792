"""The NAFTA data of Caliendo and Parro (2015) in the letters of the model.

The file is not part of the product; it lies in ``shared/reference`` beside the repository.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from reference_model import World

Array = NDArray[np.float64]
PATH = Path(__file__).resolve().parents[2] / "shared" / "reference" / "cp2015_nafta.npz"


def raw(path=PATH):
    with np.load(path, allow_pickle=False) as z:
        return {k: z[k] for k in z.files}


def load(path=PATH):
    d = raw(path)
    trade = d["trade"].transpose(1, 2, 0)
    t = d["tariff_base"].transpose(1, 2, 0)
    t2 = d["tariff_counterfactual"].transpose(1, 2, 0)
    gross = trade * (1 + t)
    X = gross.sum(1)
    pi = np.divide(gross, X[:, None, :], out=np.zeros_like(gross), where=X[:, None, :] > 0)
    Y = trade.sum(0)
    inter = d["intermediate"]
    use = inter.sum(1)
    beta = d["value_added"] / (d["value_added"] + use)
    gamma = np.divide(inter, use[:, None, :], out=np.zeros_like(inter), where=use[:, None, :] != 0)
    VA = d["value_added"].sum(1)
    D = trade.sum((1, 2)) - trade.sum((0, 2))
    I = VA + (t * trade).sum((1, 2)) + D
    num = X - np.einsum("njk,nk->nj", gamma, (1 - beta) * Y)
    alpha = np.maximum(num / I[:, None], 0)
    alpha /= alpha.sum(1, keepdims=True)
    w = World(pi, t, beta, gamma, alpha, VA, D, d["theta"])
    return w, t2, d
