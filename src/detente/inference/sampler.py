"""Posteriors of strengths by indirect inference, sampled by emcee and diagnosed with ArviZ.

The same comparison is run on simulated trade as on the record (Gourieroux, Monfort and Renault
1993, Journal of Applied Econometrics 8), and parameters are as likely as the two are close. The
affine-invariant ensemble of emcee (Foreman-Mackey, Hogg, Lang and Goodman 2013, PASP 125) asks for
many points at once, which the solver computes side by side.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from detente.arrays import Array
from detente.errors import ConvergenceError, MissingExtraError, ScenarioError
from detente.inference.moments import Moments
from detente.inference.observations import Observation
from detente.inference.priors import Prior
from detente.policy.parameters import Parameters
from detente.policy.posterior import Posterior
from detente.results import Result, columns_in

KEPT = 401
"""Draws that a posterior keeps: odd, so that the central one is in the middle."""

BATCH = 48
"""Points that are solved side by side."""

DIGITS = 5
"""Significant digits of numbers on file."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Calibration(Result):
    """A posterior with what it was compared with.

    Attributes
    ----------
    posterior
        The draws that are kept.
    fit
        One row per observation: observed, its error, and median and 90 percent band of prior and
        posterior; `matched` tells whether the observation is within two errors of the median.
    diagnostics
        One row per parameter: prior and posterior quantiles, effective sample size, R-hat.
    priors
        By parameter.
    """

    units_of = columns_in(
        {
            "logarithm of the change; ratio": "observed, error, fit.prior low, fit.prior median, "
            "fit.prior high, posterior low, posterior median, posterior high",
            "draws": "ess",
        }
    )

    posterior: Posterior
    fit: pd.DataFrame
    diagnostics: pd.DataFrame
    priors: Mapping[str, Prior]

    @property
    def manifest(self) -> dict[str, Any]:
        """What made it."""
        return self.posterior.manifest

    def tables(self) -> dict[str, pd.DataFrame]:
        """Fit and diagnostics."""
        return {"fit": self.fit, "diagnostics": self.diagnostics}

    def document(self) -> dict[str, Any]:
        """The posterior as it stands in its file, with fit and diagnostics."""
        return {
            **self.posterior.document(),
            **{name: _plain(table) for name, table in self.tables().items()},
        }


def calibrate(
    moments: Moments,
    priors: Mapping[str, Prior],
    *,
    walkers: int = 48,
    steps: int = 400,
    seed: int = 0,
    progress: Progress | None = None,
) -> Calibration:
    """Sample strengths given what was observed.

    Parameters
    ----------
    moments
        The observations, and the world to simulate them on.
    priors
        What is unknown, by the names of assumptions (`strength-GROUP`, `invoicing`, `hub-share`,
        `false-transit`) or
        `horizon-first-year`.
    walkers, steps
        Of the ensemble; the first half of the steps is dropped.
    seed
        Of the random numbers.
    progress
        Told after every step: how many of how many.

    Raises
    ------
    MissingExtraError
        emcee or ArviZ is not installed.
    ScenarioError
        Too few walkers for so many parameters, nothing that the observations could tell, or one
        that cannot be simulated.
    ConvergenceError
        No point of the prior has an equilibrium.
    """
    libraries()
    names = list(priors)
    _check(names, walkers)

    def log_probability(x: Array) -> Array:
        """Of normal scores of the prior, which have no walls to run into, (point, parameter)."""
        simulated = _simulated(moments, priors, ndtr(x))
        z = (simulated - moments.values[:, None]) / moments.errors[:, None]
        found: Array = -0.5 * ((z**2).sum(0) + (x**2).sum(1))
        return np.where(np.isfinite(found), found, -np.inf)

    random = np.random.RandomState(seed)
    prior = _prior_simulated(moments, priors, random.uniform(size=(4 * walkers, len(names))))
    start = random.normal(size=(walkers, len(names)))
    scores, acceptance = _chain(log_probability, start, steps, random, progress)
    chain = ndtr(scores)
    diagnostics = _diagnostics(priors, chain)
    kept = _ordered(chain.reshape(-1, len(names)), random)
    values = np.column_stack([priors[n].value(kept[:, k]) for k, n in enumerate(names)])
    manifest = {
        **_made_of(moments, priors),
        "walkers": walkers,
        "steps": steps,
        "dropped": steps // 2,
        "seed": seed,
        "acceptance": round(acceptance, 3),
        "min_ess": _significant(diagnostics["ess"].min()),
        "max_r_hat": _significant(diagnostics["r_hat"].max()),
    }
    return Calibration(
        Posterior(tuple(names), values, manifest),
        _fit(moments, prior, _simulated(moments, priors, kept)),
        diagnostics,
        priors,
    )


def libraries() -> tuple[Any, Any]:
    """The libraries emcee and ArviZ, which the extra `estimate` brings.

    Raises
    ------
    MissingExtraError
        One of them is not installed; the message says how to get it.
    """
    try:
        import emcee
    except ImportError as error:
        raise MissingExtraError("emcee", "estimate", "calibration") from error
    try:
        with warnings.catch_warnings():
            # ArviZ announces its next major version at every import.
            warnings.simplefilter("ignore", FutureWarning)
            import arviz
    except ImportError as error:
        raise MissingExtraError("ArviZ", "estimate", "calibration") from error
    return emcee, arviz


def fingerprint(observations: Mapping[str, Observation]) -> str:
    """What tells the content of some observations from that of others."""
    content = {name: o.model_dump(mode="json") for name, o in observations.items()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _check(names: list[str], walkers: int) -> None:
    if not names:
        raise ScenarioError(
            "nothing that observations could tell: name groups of measures among the assumptions, "
            "as `strength-GROUP`"
        )
    if walkers < 2 * len(names) or walkers < 6:
        raise ScenarioError(
            f"{walkers} walkers for {len(names)} parameters: take {max(2 * len(names), 6)} or more"
        )


def _prior_simulated(moments: Moments, priors: Mapping[str, Prior], points: Array) -> Array:
    """Moments at points of the prior, [m,k], if each observation can be compared with some."""
    prior = _simulated(moments, priors, points)
    if np.isnan(prior).all():
        moments.simulated(_parameters(moments, priors, points[:1]))  # tells why
    for name, simulated in zip(moments.observations, prior, strict=True):
        if not np.isfinite(simulated).any():
            raise ScenarioError(
                f"observations.{name}: there is no such trade in the world, or no ban on it in the "
                "second period"
            )
    return prior


def _chain(
    log_probability: Callable[[Array], Array],
    start: Array,
    steps: int,
    random: Any,
    progress: Progress | None,
) -> tuple[Array, float]:
    """Second half of an ensemble's steps (step, walker, parameter), and the moves accepted."""
    emcee, _ = libraries()
    moves = [(emcee.moves.StretchMove(), 0.4), (emcee.moves.DEMove(), 0.6)]
    sampler = emcee.EnsembleSampler(*start.shape, log_probability, vectorize=True, moves=moves)
    # In emcee's wrapper an interruption would print every walker.
    sampler.log_prob_fn = log_probability
    state = emcee.State(start, random_state=random.get_state())
    for step, _ in enumerate(sampler.sample(state, iterations=steps), start=1):
        if progress is not None:
            progress(step, steps)
    return sampler.get_chain(discard=steps // 2), float(sampler.acceptance_fraction.mean())


def _made_of(moments: Moments, priors: Mapping[str, Prior]) -> dict[str, Any]:
    """What a posterior depends on, besides the sampler's settings."""
    from detente import __version__

    emcee, arviz = libraries()
    return {
        "detente": __version__,
        "emcee": emcee.__version__,
        "arviz": arviz.__version__,
        "world": moments.world.data.attrs.get("name", ""),
        "observations": sorted(moments.observations),
        "observations_fingerprint": fingerprint(moments.observations),
        "priors": {n: [p.range.low, p.range.central, p.range.high] for n, p in priors.items()},
    }


def _simulated(moments: Moments, priors: Mapping[str, Prior], u: Array) -> Array:
    """Moments at points of the unit cube (point, parameter), [m,k]; nan without a solution."""
    batches = np.split(u, range(BATCH, len(u), BATCH))
    return np.concatenate([_batch(moments, priors, points) for points in batches], axis=1)


def _batch(moments: Moments, priors: Mapping[str, Prior], u: Array) -> Array:
    try:
        return moments.simulated(_parameters(moments, priors, u))
    except ConvergenceError as error:
        draw = int(str(error.diagnostics["draw"]))
        found = np.full((len(moments.values), len(u)), np.nan)
        others = np.arange(len(u)) != draw
        if others.any():
            found[:, others] = _batch(moments, priors, u[others])
        return found


def _parameters(moments: Moments, priors: Mapping[str, Prior], u: Array) -> Parameters:
    values = {name: prior.value(u[:, k]) for k, (name, prior) in enumerate(priors.items())}
    return moments.parameters(values, len(u))


def _ordered(points: Array, random: Any) -> Array:
    """Some of the points, along their first principal component, the central one in the middle.

    The central point has the medians of all parameters.
    """
    chosen = points[random.choice(len(points), min(KEPT, len(points)) // 2 * 2, replace=False)]
    spread = points.std(0)
    standard = (chosen - chosen.mean(0)) / spread
    direction = np.linalg.svd(standard, full_matrices=False)[2][0]
    direction *= np.sign(direction.sum())
    order = np.argsort(standard @ direction)
    return np.insert(chosen[order], len(chosen) // 2, np.median(points, 0), axis=0)


def _fit(moments: Moments, prior: Array, after: Array) -> pd.DataFrame:
    quantiles = {
        f"{when} {name}": np.nanquantile(simulated, q, axis=1)
        for when, simulated in (("prior", prior), ("posterior", after))
        for name, q in (("low", 0.05), ("median", 0.5), ("high", 0.95))
    }
    table = pd.DataFrame(
        {
            "observation": list(moments.observations),
            "observed": moments.values,
            "error": moments.errors,
            **quantiles,
        }
    )
    table["matched"] = np.abs(table["observed"] - table["posterior median"]) <= 2 * table["error"]
    return table


def _diagnostics(priors: Mapping[str, Prior], chain: Array) -> pd.DataFrame:
    """Effective sample sizes and R-hat, every walker a chain; quantiles in their units."""
    _, arviz = libraries()
    by_walker = np.swapaxes(chain, 0, 1)  # (chain, draw, parameter)
    rows = []
    for k, (name, prior) in enumerate(priors.items()):
        low, median, high = prior.value(np.quantile(by_walker[..., k], [0.05, 0.5, 0.95]))
        prior_low, prior_median, prior_high = prior.value(np.array([0.05, 0.5, 0.95]))
        rows.append(
            {
                "parameter": name,
                "prior low": prior_low,
                "prior median": prior_median,
                "prior high": prior_high,
                "low": low,
                "median": median,
                "high": high,
                "ess": float(arviz.ess(by_walker[..., k])),
                "r_hat": float(arviz.rhat(by_walker[..., k])),
            }
        )
    return pd.DataFrame(rows)


def _significant(value: float) -> float | None:
    """A number to the digits of a file; none for what is no number."""
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain data, numbers to the digits of a file."""
    rounded = table.map(lambda v: _significant(v) if isinstance(v, float) else v)
    return [{str(k): v for k, v in row.items()} for row in rounded.to_dict("records")]
