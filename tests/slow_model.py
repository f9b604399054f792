"""The model again, slowly: plain NumPy, one equation after the other, independent of the solver."""

from types import SimpleNamespace

import numpy as np
from scipy.optimize import root

from detente import World


def solve_with_fixed_factors(
    world: World, d_hat: np.ndarray, phi: np.ndarray, sigma: float
) -> SimpleNamespace:
    """Solve with iceberg factors d_hat, fixed factors phi (country, sector) and elasticity sigma.

    Deficits keep their value. Unknowns are wages and the returns to every fixed factor.
    """
    d = {k: v.values for k, v in world.data.items()}
    pi, beta, gamma, alpha, VA, D = (d[k] for k in ("pi", "beta", "gamma", "alpha", "VA", "D"))
    theta, s = d["theta"], 1 - sigma
    N, J = beta.shape
    weight, G = pi * d_hat**-theta, (1 - beta)[:, None, :] * gamma
    V0 = beta * np.einsum("nij,nj->ij", pi, d["X"])
    L = VA - (phi * V0).sum(1)

    def costs(v: np.ndarray, P: np.ndarray) -> np.ndarray:
        if sigma == 1:
            return np.exp(beta * np.log(v) + np.einsum("nkj,nk->nj", G, np.log(P)))
        return (beta * v**s + np.einsum("nkj,nk->nj", G, P**s)) ** (1 / s)

    def everything(logs: np.ndarray) -> SimpleNamespace:
        w, r = np.exp(logs[:N]), np.exp(logs[N:].reshape(N, J))
        scale = VA.sum() / ((w * L).sum() + (phi * r * V0).sum())
        w, r = w * scale, r * scale
        v, P = w[:, None] ** (1 - phi) * r**phi, np.ones((N, J))
        for _ in range(10_000):
            c = costs(v, P)
            total = np.einsum("nij,ij->nj", weight, c**-theta)
            new = total ** (-1 / theta)
            if np.abs(np.log(new / P)).max() < 1e-15:
                break
            P = new
        shares = weight * c[None] ** -theta * P[:, None, :] ** theta
        uses = G * (P[:, :, None] / c[:, None, :]) ** s
        I = w * L + (phi * r * V0).sum(1) + D
        A = np.einsum("njk,mnk->njmk", uses, shares).reshape(N * J, N * J)
        X = np.linalg.solve(np.eye(N * J) - A, (alpha * I[:, None]).ravel()).reshape(N, J)
        Y = np.einsum("nij,nj->ij", shares, X)
        V = beta * (v / c) ** s * Y
        returns = np.where(phi > 0, V / np.where(V0 > 0, V0, 1) / r - 1, r - 1).ravel()
        labour = ((1 - phi) * V).sum(1) / (w * L) - 1
        gaps = np.concatenate([labour[:-1], [logs[:N].sum()], returns])  # Walras; the level is free
        return SimpleNamespace(w=w, r=r, c=c, P=P, Y=Y, X=X, I=I, gaps=gaps)

    found = root(lambda logs: everything(logs).gaps, np.zeros(N + N * J), tol=1e-14)
    solved = everything(found.x)
    assert np.abs(solved.gaps[: N - 1]).max() < 1e-9, found.message
    return solved


def solve_slowly(
    world: World, d_hat: np.ndarray, t_new: np.ndarray, deficits: str = "value"
) -> SimpleNamespace:
    """Solve with iceberg factors d_hat and tariffs t_new, both (destination, origin, sector)."""
    d = {k: v.values for k, v in world.data.items()}
    pi, t, beta, gamma, alpha = d["pi"], d["t"], d["beta"], d["gamma"], d["alpha"]
    VA, D, theta = d["VA"], d["D"], d["theta"]
    N, J = beta.shape
    kappa_hat = (1 + t_new) / (1 + t) * d_hat
    weight = pi * kappa_hat**-theta
    revenue = (pi * t / (1 + t) * d["X"][:, None, :]).sum()
    world_income = VA.sum() + revenue

    def prices(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        P = np.ones((N, J))
        for _ in range(10_000):
            inputs = np.einsum("nkj,nk->nj", gamma, np.log(P))
            c = np.exp(beta * np.log(w)[:, None] + (1 - beta) * inputs)
            total = np.einsum("nij,ij->nj", weight, c**-theta)
            new = np.where(total > 0, total, 1.0) ** (-1 / theta)
            if np.abs(np.log(new / P)).max() < 1e-15:
                return c, new
            P = new
        raise AssertionError("prices did not settle")

    def expenditure(w: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """X' = inputs + alpha I', which is linear in X' once wages and shares are known."""
        duty = (shares * t_new / (1 + t_new)).sum(1)  # revenue per unit of X'[n,j]
        uses = gamma * (1 - beta)[:, None, :]
        A = np.einsum("njk,mnk->njmk", uses, shares / (1 + t_new))
        A += np.einsum("nj,nm,mk->njmk", alpha, np.eye(N), duty)
        paid = w * VA + D
        if deficits == "share":  # D' = D (sum of VA' + sum of revenue') / world income
            paid = w * VA + D * (w * VA).sum() / world_income
            A += np.einsum("nj,n,mk->njmk", alpha, D / world_income, duty)
        size = N * J
        final = (alpha * paid[:, None]).ravel()
        X = np.linalg.solve(np.eye(size) - A.reshape(size, size), final).reshape(N, J)
        R = (duty * X).sum(1)
        scale = ((w * VA).sum() + R.sum()) / world_income if deficits == "share" else 1.0
        return X, w * VA + R + scale * D

    def everything(log_w: np.ndarray) -> SimpleNamespace:
        w = np.exp(log_w)
        w = w * VA.sum() / (w * VA).sum()
        c, P = prices(w)
        shares = weight * c[None] ** -theta * P[:, None, :] ** theta
        X, income = expenditure(w, shares)
        Y = np.einsum("nij,nj->ij", shares / (1 + t_new), X)
        excess = (beta * Y).sum(1) / VA - w
        return SimpleNamespace(w=w, c=c, P=P, pi=shares, X=X, Y=Y, I=income, excess=excess)

    def clearing(log_w: np.ndarray) -> np.ndarray:
        """Excess demand; one country's follows from the others' (Walras), so fix the level."""
        return np.append(everything(log_w).excess[:-1], log_w.sum())

    found = root(clearing, np.zeros(N), tol=1e-14)
    found = root(clearing, found.x, tol=1e-14)  # by a Jacobian taken anew
    solved = everything(found.x)
    assert np.abs(solved.excess).max() < 1e-11, found.message
    return solved
