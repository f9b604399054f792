"""Compiled kernels: the equations of the model and the step towards their fixed point.

The unknowns are log wages, log prices and expenditures, all at once. One evaluation of the model
is two passes over the 80 x 80 x 50 shares, fused sector by sector so that a sector's shares are
still in cache when demand follows prices; powers are taken of the 80 x 50 costs only.

One step solves every country as if the rest of the world stood still: prices and expenditures
through the country's own input-output matrix (`B`, a 50 x 50 inverse that the world keeps), the
wage through the slope of the country's own labour demand. What countries do to each other is left
to the acceleration in `detente.equilibrium.acceleration`.

Kernels release the GIL and are single-threaded, so that a batch runs one solve per thread and a
solve gives the same bits whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit

from detente.arrays import Array, Positions

# Sums may be reordered and contracted (SIMD); infinities and NaN keep their meaning.
_MATHS = {"reassoc", "contract", "nsz", "arcp"}

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile on first call, keep the machine code on disk, and release the GIL when running."""
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
    return cast(F, njit(**options, fastmath=_MATHS)(function))


class Margins(NamedTuple):
    """Shares of trade values that go to hubs, as a list sorted by sector; `first[j]` starts j."""

    first: Positions  # [j + 1]
    destination: Positions
    origin: Positions
    hub: Positions
    share: Array


class Problem(NamedTuple):
    """A counterfactual in arrays; `j` sector, `n` destination, `i` origin, `k` input."""

    A: Array  # [j,n,i] pi kappa_hat^-theta
    At: Array  # [j,n,i] the same over 1 + t'; A itself where there are no tariffs
    has_tariffs: bool
    theta: Array  # [j]
    beta: Array  # [n,j]
    G: Array  # [n,k,j] (1 - beta) gamma
    Gt: Array  # [n,j,k] the same, inputs last
    B: Array  # [n,j,k] inverse of I - diag(pi_nn) G'
    Bt: Array  # [n,k,j] the same, transposed
    slope: Array  # [n] fall of labour demand over VA with the own log wage
    home_labour: Array  # [n,j] beta pi_nn: labour that a unit of expenditure employs at home
    lift_P: Array  # [n,j] own-country response of log prices to the own log wage
    lift_X: Array  # [n,j] own-country response of X / VA to the own log wage
    alpha: Array  # [n,j]
    VA: Array  # [n]
    D: Array  # [n] deficits at unchanged world income
    transfers: Array  # [n]
    world_income: float  # sum of I at the baseline
    deficits_in_shares: bool
    margin: Margins  # what hubs earn
    component: Positions  # [n] which connected part of the trade graph a country is in


@compiled
def unit_costs(w: Array, P: Array, p: Problem, c: Array) -> None:
    """Log of c_hat[j,n] = w_hat^beta prod_k P_hat[k]^((1-beta) gamma); all in logs."""
    N, J = p.beta.shape
    for n in range(N):
        for j in range(J):
            total = p.beta[n, j] * w[n]
            for k in range(J):
                total += p.Gt[n, j, k] * P[n, k]
            c[j, n] = total


@compiled
def prices_and_demand(
    c: Array, X: Array, p: Problem, P: Array, Y: Array, R: Array, H: Array
) -> None:
    """Log prices P[n,j], output Y[i,j], tariff revenue R[n] and hub margins H[h] at c and X.

    P_hat[n,j] = (sum_i pi (kappa_hat c_hat)^-theta)^(-1/theta);
    Y'[i,j] = sum_n pi' X' / (1 + t'), less what hubs earn on the way.
    """
    J, N, _ = p.A.shape
    power = np.empty(N)
    sold = np.empty(N)
    demand = np.empty(N)
    R[:] = 0.0
    H[:] = 0.0
    for j in range(J):
        for i in range(N):
            power[i] = np.exp(-p.theta[j] * c[j, i])
            sold[i] = 0.0
        for n in range(N):
            total = 0.0
            for i in range(N):
                total += p.A[j, n, i] * power[i]
            if total <= 0.0:
                P[n, j] = 0.0
                demand[n] = 0.0
                continue
            P[n, j] = -np.log(total) / p.theta[j]
            demand[n] = X[n, j] / total
            for i in range(N):
                sold[i] += p.At[j, n, i] * demand[n]
            if p.has_tariffs:
                net = 0.0
                for i in range(N):
                    net += p.At[j, n, i] * power[i]
                R[n] += X[n, j] - net * demand[n]
        for e in range(p.margin.first[j], p.margin.first[j + 1]):
            n, i = p.margin.destination[e], p.margin.origin[e]
            earned = p.margin.share[e] * p.At[j, n, i] * demand[n]
            sold[i] -= earned
            H[p.margin.hub[e]] += earned * power[i]
        for i in range(N):
            Y[i, j] = sold[i] * power[i]


@compiled
def incomes(w: Array, R: Array, H: Array, p: Problem, I: Array) -> None:
    """I'[n] = w_hat VA + tariff revenue' + hub margins' + D' + transfers'."""
    scale = 1.0
    if p.deficits_in_shares:
        scale = (np.sum(np.exp(w) * p.VA) + np.sum(R)) / p.world_income
    for n in range(len(I)):
        I[n] = np.exp(w[n]) * p.VA[n] + R[n] + H[n] + scale * p.D[n] + p.transfers[n]


@compiled
def expenditures(Y: Array, I: Array, p: Problem, X: Array) -> None:
    """X'[n,j] = sum_k (1-beta[n,k]) gamma[n,j,k] Y'[n,k] + alpha[n,j] I'[n]."""
    N, J = p.beta.shape
    for n in range(N):
        for j in range(J):
            total = p.alpha[n, j] * I[n]
            for k in range(J):
                total += p.G[n, j, k] * Y[n, k]
            X[n, j] = total


@compiled
def residuals(x: Array, p: Problem, r: Array) -> None:
    """Residuals of the three blocks of x = (log w[n], log P[n,j], X[n,j] / VA[n]).

    Excess demand for labour over value added; log price at given prices less log price;
    expenditure at given expenditure less expenditure, over value added.
    """
    N, J = p.beta.shape
    w, P = x[:N], x[N : N + N * J].reshape(N, J)
    X = x[N + N * J :].reshape(N, J) * p.VA.reshape(N, 1)
    c, Y, R = np.empty((J, N)), np.empty((N, J)), np.empty(N)
    H, I = np.empty(N), np.empty(N)
    new_P, new_X = np.empty((N, J)), np.empty((N, J))
    unit_costs(w, P, p, c)
    prices_and_demand(c, X, p, new_P, Y, R, H)
    incomes(w, R, H, p, I)
    expenditures(Y, I, p, new_X)
    for n in range(N):
        labour = 0.0
        for j in range(J):
            labour += p.beta[n, j] * Y[n, j]
        r[n] = labour / p.VA[n] - np.exp(w[n])
        for j in range(J):
            at = N + n * J + j
            r[at] = new_P[n, j] - P[n, j]
            r[at + N * J] = (new_X[n, j] - X[n, j]) / p.VA[n]


@compiled
def country_by_country(r: Array, p: Problem, step: Array) -> None:
    """Step that clears each country's residuals with the rest of the world held fixed."""
    N, J = p.beta.shape
    for n in range(N):
        first = N + n * J
        labour = r[n]
        for j in range(J):
            dP, dX = 0.0, 0.0
            for k in range(J):
                dP += p.B[n, j, k] * r[first + k]
                dX += p.Bt[n, j, k] * r[first + N * J + k]
            labour += p.home_labour[n, j] * dX
            step[first + j] = dP
            step[first + N * J + j] = dX
        dw = labour / p.slope[n]
        step[n] = dw
        for j in range(J):
            step[first + j] += p.lift_P[n, j] * dw
            step[first + N * J + j] += p.lift_X[n, j] * dw


@compiled
def evaluate(x: Array, p: Problem, r: Array, step: Array) -> None:
    """Residuals of the model at x, and the step that each country would take by itself."""
    residuals(x, p, r)
    country_by_country(r, p, step)
