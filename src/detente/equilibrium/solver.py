"""Finding equilibria: all draws of a policy at once, and one by one where that does not settle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detente.arrays import Array, Flags, Floats, Positions
from detente.equilibrium.anderson import Anderson
from detente.equilibrium.economy import Economy
from detente.equilibrium.equilibria import Equilibria
from detente.equilibrium.markets import numbered, technologies
from detente.equilibrium.model import Model
from detente.equilibrium.production import Production
from detente.equilibrium.shares import changed_shares
from detente.errors import ConvergenceError, ScenarioError
from detente.policy.policy import Policy

TOLERANCE = 1e-9
MAX_EVALUATIONS = 20_000

TOGETHER = 40
"""Evaluations after which a draw is searched for by itself."""

MOST = 0.75
"""Draws that are there, of all, above which only the others go on."""

ALONE = 200
"""Evaluations after which solving for everything at once gives way to wages first."""

WAGES_KNOWN = 1e-5
"""Excess demand of a country relative to what it still earns, above which its wages are a guess."""

EXPLOSION = 1e3
"""A residual this many times the best so far undoes the step that led to it."""


def find_equilibria(
    economy: Economy,
    policy: Policy,
    theta: Array,
    in_shares: Flags,
    production: Production | None = None,
    *,
    tolerance: float = TOLERANCE,
    max_evaluations: int = MAX_EVALUATIONS,
    start: Equilibria | None = None,
    ahead: bool = False,
) -> Equilibria:
    """Solve the equilibria under a policy, one for each draw.

    Newton's method on wages, by the Jacobian at the baseline, around a step of prices and
    expenditures country by country, accelerated.

    Parameters
    ----------
    economy, policy
        The world, and what is different from it.
    theta
        Trade elasticities, [j,k].
    in_shares
        Whether deficits keep their share of world income, or else their value, [k].
    production
        Factors that cannot move and how inputs are replaced; by default the world's fixed factors,
        and Cobb-Douglas.
    tolerance
        Largest excess demand of any country relative to its value added, and likewise the largest
        relative error of any price and of any expenditure.
    max_evaluations
        Evaluations of the model after which a draw is given up.
    start
        Equilibria nearby to search from, such as those of a similar policy.
    ahead
        Whether to tell where one more step leads.

    Raises
    ------
    ConvergenceError
        A draw has no equilibrium that can be found; its number is `diagnostics["draw"]`.
    ScenarioError
        A transfer between countries that no longer trade, or a tolerance that nothing can meet.
    """
    if not 0 < tolerance < 1:
        raise ScenarioError(f"a tolerance lies above 0 and below 1: {tolerance:g} does not")
    parts = []
    A = changed_shares(policy, economy, theta)
    p = economy.production(policy.draws) if production is None else production
    groups = (
        (draws, technology)
        for some, technology in technologies(economy, policy, A)
        for draws in p.alike(some)
    )
    for draws, technology in groups:
        near = start if start is None or start.draws == draws.size else start.of(draws)
        with numbered(draws):
            some = p.draws(draws)
            model = Model(
                economy,
                technology.substituted(economy) if some.substitutes else technology,
                theta[:, draws],
                in_shares[draws],
                policy.of(draws),
                A[:, draws],
                some,
            )
            found = _search(model, near, tolerance, max_evaluations, ahead)
        parts += [(draws[some], e) for some, e in found]
    return Equilibria.joined(parts, policy)


def _search(
    model: Model, near: Equilibria | None, tolerance: float, max_evaluations: int, ahead: bool
) -> list[tuple[Positions, Equilibria]]:
    """The equilibria of some draws each."""
    with np.errstate(all="ignore"):
        x = model.at_baseline() if near is None else near.unknowns
        patience = min(TOGETHER, max_evaluations)
        found, unsettled = _together(model, x, tolerance, patience, ahead)
        for k in unsettled:
            draw = np.array([k])
            with numbered(draw):
                alone = model.of(draw)
                x, more = _alone(alone, tolerance, max_evaluations - patience)
                _, e = _read(alone, x, patience + more, np.array([0]))
            found.append((draw, replace(e, ahead=x) if ahead else e))
    return found


def _by_country(f: Array | Floats, blocks: tuple[int, ...]) -> Array:
    """Each country's wage, sum of prices, sum of expenditures, and sum of returns to fixed factors.

    What is slow to settle shows there, and comparing all rows does not save an evaluation.
    """
    sums = np.add.reduceat(f, [b for b in (0, *blocks) if b < len(f)], axis=0)
    return sums.reshape(-1, f.shape[-1]).astype(float)


def _everything(f: Array | Floats) -> Array:
    return f.reshape(-1, f.shape[-1]).astype(float)


def _together(
    model: Model, x: Array, tolerance: float, patience: int, ahead: bool = False
) -> tuple[list[tuple[Positions, Equilibria]], Positions]:
    """Go from x towards the equilibria of all draws; those found, and the draws that are not.

    Once most draws are there, only the others go on.
    """
    blocks = model.blocks
    anderson = Anderson(4, lambda f: _by_country(f, blocks))
    draws, found = np.arange(model.K), []
    for turn in range(1, patience + 1):
        model.normalise(x)
        settled = (model.residuals(x) <= tolerance) & (model.I > 0).all(0)
        settled &= _gap(model).max(0) <= WAGES_KNOWN
        if turn < patience and settled.mean() <= MOST:
            x = anderson.advance(x, model.step())
            continue
        with numbered(draws):
            some, e = _read(model, x, turn, np.flatnonzero(settled))
        left = np.flatnonzero(~settled)
        over = turn == patience or not left.size
        step = model.step() if ahead or not over else np.empty(0)
        found.append((draws[some], replace(e, ahead=(x + step)[..., some]) if ahead else e))
        draws = draws[left]
        if over:
            break
        anderson = anderson.of(left)
        x = anderson.advance(x[..., left], step[..., left])
        model = model.of(left)
    return found, draws


def _alone(model: Model, tolerance: float, max_evaluations: int) -> tuple[Array, int]:
    """Solve for everything at once, and where that does not settle, for wages around the rest."""
    patience = max(1, min(ALONE, max_evaluations))
    x, used, worst = _settle(model, model.at_baseline(), tolerance, patience)
    if not worst <= tolerance and used < max_evaluations:  # so that NaN has not settled
        x, more = _wages_first(model, tolerance, max_evaluations - used)
        x, last, worst = _settle(model, x, tolerance, patience)
        used += more + last
    if not worst <= tolerance:
        raise _no_equilibrium(model, tolerance, max_evaluations)
    return x, used


def _settle(
    model: Model, x: Array, tolerance: float, patience: int, *, wages_held: bool = False
) -> tuple[Array, int, float]:
    """Go from x to one equilibrium, each country stepping as if the others stood still.

    A residual that explodes or is not a number goes back to the best point, with steps half as
    long. Returns the last point, evaluations and the largest residual there.
    """
    anderson = Anderson(10, _everything)
    best_x, best, length, worst = x, np.inf, 1.0, np.inf
    for turn in range(patience):
        if not wages_held:
            model.normalise(x)
        model.residuals(x)
        worst = float(np.abs(model.r[1:] if wages_held else model.r).max())
        if worst <= tolerance:
            return x, turn + 1, worst
        if worst < EXPLOSION * best:
            if worst < best:
                best_x, best = x.copy(), worst
            x = anderson.advance(
                x, np.float32(length) * model.step("held" if wages_held else "apart")
            )
        else:
            x, best, length = best_x.copy(), np.inf, 0.5 * length
            anderson.forget()
    return x, patience, worst


def _wages_first(model: Model, tolerance: float, max_evaluations: int) -> tuple[Array, int]:
    """Wages by Powell's hybrid method around prices and expenditures at given wages.

    Slow and sure: at given wages, prices are a contraction and expenditures are linear.
    """
    from scipy.optimize import root

    component = model.component
    _, last_of_part = np.unique(component[::-1], return_index=True)
    redundant = component.size - 1 - last_of_part
    point, used = model.at_baseline(), 0

    def excess_demand(log_w: Array) -> Array:
        nonlocal point, used
        if used > max_evaluations:
            return np.full(component.size, np.nan)
        point = point.copy()
        point[0, :, 0] = log_w
        point, more, _ = _settle(model, point, tolerance / 10, ALONE, wages_held=True)
        used += more
        excess: Array = model.r[0, :, 0].copy()
        # Walras: one equation is spare
        excess[redundant] = model.level(point)[component[redundant], 0]
        return excess

    found = root(excess_demand, point[0, :, 0], tol=tolerance, options={"factor": 0.1})
    excess_demand(found.x)
    return point, used


def _gap(model: Model) -> Array:
    """Excess demand relative to what a country still earns, [n,k]."""
    gap: Array = np.abs(model.r[0]) * model.VA / model.earned
    return gap


def _norms(model: Model) -> Array:
    """Largest excess demand, and error of prices, expenditures and returns, [4,k]."""
    return np.array([np.abs(r).max((0, 1), initial=0.0) for r in model.parts(model.r)])


def _no_equilibrium(model: Model, tolerance: float, max_evaluations: int) -> ConvergenceError:
    excess = np.nan_to_num(np.abs(model.r[0, :, 0]), nan=np.inf)
    labour, price, expenditure, _ = map(float, _norms(model)[:, 0])
    worst = model.economy.world.countries[int(excess.argmax())]
    diagnostics: dict[str, object] = {
        "evaluations": max_evaluations,
        "excess_demand": labour,
        "price_error": price,
        "expenditure_error": expenditure,
        "worst_country": worst,
        "tolerance": tolerance,
    }
    seen = (
        f"largest excess demand {labour:.3g} of value added ({worst}), price error {price:.3g}, "
        f"expenditure error {expenditure:.3g}, tolerance {tolerance:.3g}"
        if np.isfinite([labour, price, expenditure]).all()
        else f"prices run off without bound ({worst})"
    )
    return ConvergenceError(
        f"no equilibrium within {max_evaluations} evaluations: {seen}", diagnostics
    )


def _read(
    model: Model, x: Array, evaluations: int, draws: Positions
) -> tuple[Positions, Equilibria]:
    """The equilibria of some draws at x, which was evaluated last.

    Raises
    ------
    ConvergenceError
        An income there is not positive, or wages are too low to be known.
    """
    technology = model.technology
    log_w, log_P, X, log_rho = model.parts(x)
    X = X * model.VA
    lost = np.repeat(technology.lost.T[..., None], model.K, axis=-1)
    X[lost] = 0.0
    found = Equilibria(
        economy=model.economy,
        policy=model.policy,
        theta=model.theta[:, 0],
        in_shares=model.in_shares,
        production=model.production,
        log_w=log_w[0],
        log_P=log_P,
        c=np.exp(model.c),
        log_rho=log_rho,
        X=X,
        Y=model.Y,
        I=model.I,
        R=model.R,
        H=model.H,
        log_P_final=(model.alpha * log_P).sum(0),
        component=np.repeat(technology.component[:, None], model.K, axis=1),
        lost=lost,
        evaluations=np.full(model.K, evaluations),
        residuals=_norms(model),
    ).of(draws)
    countries = model.economy.world.countries
    with numbered(draws):
        _require_positive(found.I, countries)
        _require_wages(_gap(model)[:, draws], np.exp(found.log_w), countries)
    return draws, found


def _require_positive(I: Array, countries: list[str]) -> None:
    if not (I > 0).all():
        n, k = (int(at) for at in np.unravel_index(int(I.argmin()), I.shape))
        raise ConvergenceError(
            f"the equilibrium found has an income of {countries[n]} that is not positive: "
            "transfers or deficits exceed what it earns",
            {"country": countries[n], "income": float(I[n, k]), "draw": k},
        )


def _require_wages(gap: Array, w: Array, countries: list[str]) -> None:
    if not (gap <= WAGES_KNOWN).all():
        n, k = (int(at) for at in np.unravel_index(int(gap.argmax()), gap.shape))
        raise ConvergenceError(
            f"wages of {countries[n]} fall to {w[n, k]:.2g} of what they were, too little to be "
            "computed: hardly any of its trade is left, or its deficits exceed what it earns",
            {"country": countries[n], "wage": float(w[n, k]), "draw": k},
        )
