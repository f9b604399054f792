"""Many equilibria side by side are the equilibria one by one."""

from __future__ import annotations

import numpy as np
import pytest

import detente
from detente.equilibrium.baseline import baseline_of
from detente.equilibrium.ensemble import Ensemble, EnsembleSolver, Margins, Policy
from detente.equilibrium.response import response_of
from detente.errors import ConvergenceError
from detente.policy.changes import Changes
from detente.world.world import World

TOLERANCE = 1e-10


@pytest.fixture(scope="module")
def world() -> World:
    return detente.load_world()


def policy_of(world: World, changes: list[Changes], theta: np.ndarray) -> Policy:
    """What the changes do, put together from the equilibria of the solver for one."""
    found = [detente.solve(world, c, theta=t) for c, t in zip(changes, theta.T, strict=True)]
    base = baseline_of(world)
    entries = np.unique(np.concatenate([Ensemble.of_one(e).policy.entries for e in found]))
    rates = [c.tariff_after.values.transpose(2, 0, 1).ravel()[entries] for c in changes]
    nothing = np.empty(0, np.int64)
    given = [
        np.zeros(len(world.countries)) if c.transfers is None else c.transfers for c in changes
    ]
    assert base.pi.size > entries.size
    return Policy(
        entries=entries,
        A=np.array([e.solution.A.ravel()[entries] for e in found]).T.copy(),
        rate=np.array(rates).T.copy(),
        margins=Margins(nothing, nothing, np.empty((0, len(changes)))),
        transfers=np.array(given).T.copy(),
    )


def some_changes(world: World) -> list[Changes]:
    nothing = Changes(world)
    return [
        nothing,
        nothing.cost("USA", "BLR", factor=0.8).transfer("RUS", "BLR", 500.0),
        nothing.tariff("EU27", "RUS", "goods", rate=0.3),
        nothing.cut_off("BLR", "RUS"),
        nothing.cut_off("BLR", [c for c in world.countries if c != "BLR"]),
    ]


def test_the_ensemble_is_the_equilibria_one_by_one(world: World) -> None:
    """Also where a country is left alone, which the ensemble leaves to the solver for one."""
    changes = some_changes(world)
    scale = np.array([1.0, 0.6, 1.5, 0.8, 1.2])
    theta = world.data["theta"].values[:, None] * scale
    in_shares = np.array([True, False, True, False, True])
    solver = EnsembleSolver(world, theta, in_shares, TOLERANCE)
    found = solver.solve(policy_of(world, changes, theta))
    for k, change in enumerate(changes):
        closure = "share" if in_shares[k] else "value"
        alone = Ensemble.of_one(
            detente.solve(world, change, theta=theta[:, k], deficits=closure, tolerance=TOLERANCE)
        )
        for name in ("log_w", "log_P_final"):
            one, other = getattr(found, name)[..., k], getattr(alone, name)[..., 0]
            np.testing.assert_allclose(one, other, atol=1e-8, err_msg=f"{name} of {k}")
        for name in ("I", "Y", "X"):
            one, other = getattr(found, name)[..., k], getattr(alone, name)[..., 0]
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-3, err_msg=f"{name} of {k}")
    np.testing.assert_allclose(found.log_w[:, 0], 0, atol=1e-9)


def test_a_start_nearby_does_not_change_what_is_found(world: World) -> None:
    changes = some_changes(world)[:3]
    theta = np.repeat(world.data["theta"].values[:, None], 3, axis=1)
    solver = EnsembleSolver(world, theta, np.ones(3, bool), TOLERANCE)
    policy = policy_of(world, changes, theta)
    found = solver.solve(policy)
    again = solver.solve(policy, found.shifted(found, found))
    np.testing.assert_allclose(again.log_w, found.log_w, atol=1e-9)


def test_the_answer_to_wages_is_the_derivative_of_excess_demand(world: World) -> None:
    """Wages move by a little, prices and spending settle: labour demand moves by S."""
    base, response = baseline_of(world), response_of(world)
    theta = base.theta[:, None]
    S = response.S0 + np.tensordot(theta.T, response.T, 1)[0]
    inverse = response.towards_clearing(theta)[0]
    np.testing.assert_allclose(-S @ inverse, np.eye(len(S)), atol=1e-9)
    # Walras: what excess demand comes with any wage change is worth nothing in sum, but for the
    # numeraire's own term
    np.testing.assert_allclose(base.VA @ S, -base.VA, rtol=1e-3, atol=1e-3 * base.VA.max())


def test_a_draw_without_equilibrium_is_named(world: World) -> None:
    theta = np.repeat(world.data["theta"].values[:, None], 2, axis=1)
    solver = EnsembleSolver(world, theta, np.ones(2, bool), TOLERANCE)
    policy = policy_of(world, some_changes(world)[:2], theta)
    transfers = policy.transfers.copy()
    transfers[world.countries.index("BLR"), 1] = -1e6
    transfers[world.countries.index("RUS"), 1] = 1e6
    impossible = Policy(policy.entries, policy.A, policy.rate, policy.margins, transfers)
    with pytest.raises(ConvergenceError) as caught:
        solver.solve(impossible)
    assert caught.value.diagnostics["draw"] == 1
