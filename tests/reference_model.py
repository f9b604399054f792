"""The model in plain NumPy, one equation at a time: slow, and independent of the package.

Caliendo and Parro (2015, Review of Economic Studies 82(1), section 2) in exact hat algebra.
Letters: destination ``n``, origin ``i``, supplying sector ``j`` (as an input: ``k``);
arrays are ``pi[n,i,j]``, ``t[n,i,j]``, ``beta[n,j]``, ``gamma[n,k,j]``, ``alpha[n,j]``,
``VA[n]``, ``D[n]``, ``theta[j]``. Numeraire: world value added.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Closure = Literal["share", "value", "zero"]

DENSE_UP_TO = 400  # unknown expenditures; above this, substitution beats elimination


@dataclass(frozen=True)
class World:
    """A baseline in the letters of the equations."""

    pi: Array
    t: Array
    beta: Array
    gamma: Array
    alpha: Array
    VA: Array
    D: Array
    theta: Array


@dataclass(frozen=True)
class Equilibrium:
    """A counterfactual: hats are relative to the world it was solved on, primes are levels."""

    w_hat: Array
    c_hat: Array
    P_hat: Array
    pi_prime: Array
    t_prime: Array
    X_prime: Array
    Y_prime: Array
    D_prime: Array
    I_prime: Array
    P_hat_final: Array
    residual: float

    @property
    def trade_prime(self) -> Array:
        """Trade net of tariffs, ``[n,i,j]``."""
        return trade_of(self.pi_prime, self.t_prime, self.X_prime)

    @property
    def real_wage_hat(self) -> Array:
        """``w_hat / prod_j P_hat[n,j]^alpha[n,j]``."""
        return self.w_hat / self.P_hat_final

    @property
    def revenue_prime(self) -> Array:
        """Tariff revenue."""
        return np.einsum("nij,nij->n", self.t_prime, self.trade_prime)


def trade_of(pi: Array, t: Array, X: Array) -> Array:
    """``M[n,i,j] = pi[n,i,j] X[n,j] / (1 + t[n,i,j])``: flows net of tariffs."""
    return pi * X[:, None, :] / (1 + t)


def cost(w_hat: Array, P_hat: Array, world: World) -> Array:
    """``c_hat[n,j] = w_hat[n]^beta[n,j] prod_k P_hat[n,k]^((1-beta[n,j]) gamma[n,k,j])``."""
    inputs = np.einsum("nk,nkj->nj", np.log(P_hat), world.gamma)
    return np.exp(world.beta * np.log(w_hat)[:, None] + (1 - world.beta) * inputs)


def delivered(c_hat: Array, kappa_hat: Array, world: World) -> Array:
    """``(kappa_hat[n,i,j] c_hat[i,j])^-theta[j]``; zero under a ban (``kappa_hat = inf``)."""
    return (kappa_hat * c_hat[None]) ** -world.theta


def price(c_hat: Array, kappa_hat: Array, world: World) -> Array:
    """``P_hat[n,j] = (sum_i pi[n,i,j] (kappa_hat c_hat[i,j])^-theta[j])^(-1/theta[j])``."""
    total = np.sum(world.pi * delivered(c_hat, kappa_hat, world), axis=1)
    bought = world.pi.sum(axis=1) > 0
    if np.any(bought & (total <= 0)):
        raise ValueError("a ban leaves a destination without any origin for a good it buys")
    return np.where(bought, total, 1.0) ** (-1 / world.theta)


def prices(
    w_hat: Array, kappa_hat: Array, world: World, P_hat: Array, tol: float
) -> tuple[Array, Array]:
    """Iterate cost and price to their fixed point at given wages."""
    for _ in range(10_000):
        c_hat = cost(w_hat, P_hat, world)
        new = price(c_hat, kappa_hat, world)
        gap = float(np.max(np.abs(np.log(new / P_hat))))
        P_hat = new
        if gap < tol:
            return c_hat, P_hat
    raise RuntimeError("prices did not converge")


def shares(c_hat: Array, P_hat: Array, kappa_hat: Array, world: World) -> Array:
    """``pi'[n,i,j] = pi[n,i,j] (kappa_hat c_hat[i,j] / P_hat[n,j])^-theta[j]``."""
    pi = world.pi * delivered(c_hat, kappa_hat, world) * P_hat[:, None, :] ** world.theta
    return np.asarray(pi)


def expenditure(pi: Array, t: Array, income: Array, world: World, X: Array, tol: float) -> Array:
    """Solve ``X'[n,j] = sum_k (1-beta[n,k]) gamma[n,j,k] Y'[n,k] + alpha[n,j] I'[n]``.

    ``income`` is income without tariff revenue, which depends on ``X'`` itself.
    """
    net = pi / (1 + t)
    if world.alpha.size <= DENSE_UP_TO:
        return _expenditure_dense(net, t, income, world)
    for _ in range(10_000):
        Y = np.einsum("nij,nj->ij", net, X)
        revenue = np.einsum("nij,nij,nj->n", t, net, X)
        inputs = np.einsum("njk,nk->nj", world.gamma, (1 - world.beta) * Y)
        new = inputs + world.alpha * (income + revenue)[:, None]
        gap = float(np.max(np.abs(new - X)) / np.max(new))
        X = new
        if gap < tol:
            return X
    raise RuntimeError("expenditure did not converge")


def _expenditure_dense(net: Array, t: Array, income: Array, world: World) -> Array:
    """Solve the same system, ``(1 - A) X' = alpha income``, by elimination."""
    N, J = world.alpha.shape
    uses = world.gamma * (1 - world.beta)[:, None, :]
    A = np.einsum("njk,mnk->njmk", uses, net)
    per_dollar = np.einsum("nik,nik->nk", t, net)
    for n in range(N):
        A[n, :, n, :] += np.outer(world.alpha[n], per_dollar[n])
    final = (world.alpha * income[:, None]).ravel()
    X = np.linalg.solve(np.eye(N * J) - A.reshape(N * J, N * J), final)
    return np.asarray(X.reshape(N, J))


def deficits(w_hat: Array, closure: Closure, world: World) -> Array:
    """``D'``: a share of world value added, fixed in the numeraire, or zero.

    World value added is the numeraire, so the first two coincide at the solution.
    """
    if closure == "zero":
        return np.zeros_like(world.D)
    if closure == "value":
        return world.D
    return np.asarray(world.D * (w_hat @ world.VA) / world.VA.sum())


def evaluate(
    w_hat: Array,
    world: World,
    kappa_hat: Array,
    t_prime: Array,
    closure: Closure,
    transfers: Array,
    guess: tuple[Array, Array],
    tol: float,
) -> tuple[Equilibrium, Array]:
    """Everything that follows from wages, and the excess demand for each region's factors."""
    c_hat, P_hat = prices(w_hat, kappa_hat, world, guess[0], tol)
    pi = shares(c_hat, P_hat, kappa_hat, world)
    D = deficits(w_hat, closure, world)
    income = w_hat * world.VA + D + transfers
    X = expenditure(pi, t_prime, income, world, guess[1], tol)
    trade = trade_of(pi, t_prime, X)
    Y = trade.sum(axis=0)
    excess = (world.beta * Y).sum(axis=1) - w_hat * world.VA
    result = Equilibrium(
        w_hat=w_hat,
        c_hat=c_hat,
        P_hat=P_hat,
        pi_prime=pi,
        t_prime=t_prime,
        X_prime=X,
        Y_prime=Y,
        D_prime=D,
        I_prime=income + np.einsum("nij,nij->n", t_prime, trade),
        P_hat_final=np.exp(np.sum(world.alpha * np.log(P_hat), axis=1)),
        residual=float(np.max(np.abs(excess / world.VA))),
    )
    return result, excess


def solve(
    world: World,
    t_prime: Array | None = None,
    kappa_hat: Array | None = None,
    closure: Closure = "share",
    transfers: Array | None = None,
    tol: float = 1e-12,
    damping: float = 0.2,
) -> Equilibrium:
    """Find the wages at which factor markets clear, by damped substitution.

    ``w_hat += damping * (sum_j beta Y' - w_hat VA) / VA`` leaves world value added where it is.
    Without ``kappa_hat`` the only change in cost is that of the tariffs, ``(1+t')/(1+t)``.
    """
    t_prime = world.t if t_prime is None else t_prime
    kappa_hat = (1 + t_prime) / (1 + world.t) if kappa_hat is None else kappa_hat
    transfers = np.zeros_like(world.VA) if transfers is None else transfers
    w_hat = np.ones_like(world.VA)
    guess = (np.ones_like(world.alpha), world.alpha * world.VA[:, None])
    for _ in range(20_000):
        result, excess = evaluate(
            w_hat, world, kappa_hat, t_prime, closure, transfers, guess, tol / 10
        )
        if result.residual < tol:
            return result
        w_hat = w_hat + damping * excess / world.VA
        guess = (result.P_hat, result.X_prime)
    raise RuntimeError("wages did not converge")
