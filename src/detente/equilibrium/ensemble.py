"""Many counterfactual equilibria of one world, solved side by side.

The equations are those of `detente.equilibrium.kernels`. Their passes over the world's shares are
products of matrices, read once for all draws; where a draw's policy changes a share, the
difference is added. The last axis of every array is the draw.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from detente.arrays import Array, Flags, Positions
from detente.equilibrium.acceleration import Memory
from detente.equilibrium.baseline import Baseline, baseline_of
from detente.equilibrium.kernels import compiled
from detente.equilibrium.outcomes import Equilibrium
from detente.equilibrium.problem import assemble, is_one_market, margins_by_sector
from detente.equilibrium.response import Response, response_of
from detente.equilibrium.search import search
from detente.equilibrium.solver import MAX_EVALUATIONS, read, require_positive
from detente.errors import ConvergenceError
from detente.world.world import World

PATIENCE = 40
"""Evaluations after which a draw is left to the solver for one equilibrium."""


@dataclass(frozen=True, eq=False)
class Margins:
    """Shares of trade values that hubs earn.

    Attributes
    ----------
    entry, hub
        Which of the policy's entries pays, and the position of the hub that earns, [m].
    share
        Of the value net of tariffs, [m,k].
    """

    entry: Positions
    hub: Positions
    share: Array


@dataclass(frozen=True, eq=False)
class Policy:
    """What is different from the world, in each draw.

    Attributes
    ----------
    entries
        Trade whose shares change: positions in (sector, destination, origin), flattened,
        increasing, [e].
    A
        pi kappa_hat^-theta there, [e,k].
    rate
        Tariff rates there, [e,k].
    margins
        What hubs earn.
    transfers
        Income given, [n,k].
    """

    entries: Positions
    A: Array
    rate: Array
    margins: Margins
    transfers: Array


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Equilibria of one world, one for each draw; see `detente.equilibrium.outcomes.Solution`.

    Attributes
    ----------
    world, theta, policy
        The baseline, the trade elasticities [j,k], and what is different from the baseline.
    log_w, log_P
        Logs of wages [n,k] and prices [j,n,k] over the baseline's.
    c
        Unit costs over the baseline's, [j,n,k].
    X, Y
        Expenditure and output, [j,n,k].
    I, R
        Income and tariff revenue, [n,k].
    log_P_final
        Log of the price of final use over the baseline's, [n,k].
    """

    world: World
    theta: Array
    policy: Policy
    log_w: Array
    log_P: Array
    c: Array
    X: Array
    Y: Array
    I: Array
    R: Array
    log_P_final: Array

    @property
    def real_income(self) -> Array:
        """Income at the prices of the baseline, I' / P_final_hat, [n,k]."""
        return self.I / np.exp(self.log_P_final)

    def shifted(self, before: Ensemble, after: Ensemble) -> Ensemble:
        """A guess: as far from this, in logs, as `after` is from `before`."""
        return replace(
            self,
            log_w=self.log_w + after.log_w - before.log_w,
            log_P=self.log_P + after.log_P - before.log_P,
            X=self.X * np.divide(after.X, before.X, out=np.ones_like(after.X), where=before.X > 0),
        )

    @classmethod
    def of_one(cls, equilibrium: Equilibrium) -> Ensemble:
        """An equilibrium as an ensemble of one draw."""
        s, changes, base = equilibrium.solution, equilibrium.changes, baseline_of(equilibrium.world)
        t = changes.tariff_after.values.transpose(2, 0, 1)
        entries = np.flatnonzero((base.pi != s.A) | (t != base.t))
        nothing = np.empty(0, np.int64)
        policy = Policy(
            entries=entries,
            A=s.A.ravel()[entries, None],
            rate=t.ravel()[entries, None],
            margins=Margins(nothing, nothing, np.empty((0, 1))),
            transfers=np.zeros((s.I.size, 1)),
        )
        goods = {"log_P": np.log(s.P), "c": s.c, "X": s.X, "Y": s.Y}
        countries = {"log_w": np.log(s.w), "I": s.I, "R": s.R}
        return cls(
            world=equilibrium.world,
            theta=s.theta[:, None],
            policy=policy,
            log_P_final=np.log(equilibrium.P_final_hat)[:, None],
            **{name: values.T[..., None] for name, values in goods.items()},
            **{name: values[:, None] for name, values in countries.items()},
        )

    def sales(self, sectors: Positions, destinations: Positions, origins: Positions) -> Array:
        """Trade net of tariffs of a block by positions, [j,n,i,k]; home sales are zero.

        Z = pi' X' / (1 + t'), pi' = A c_hat^-theta P_hat^theta.
        """
        base = baseline_of(self.world)
        block = np.ix_(sectors, destinations, origins)
        flat = np.ravel_multi_index(block, base.pi.shape)
        at = np.searchsorted(self.policy.entries, flat)
        changed = np.append(self.policy.entries, -1)[at] == flat
        net = np.repeat((base.pi / (1 + base.t))[block][..., None], self.I.shape[1], axis=-1)
        net[changed] = (self.policy.A / (1 + self.policy.rate))[at[changed]]
        theta = self.theta[sectors][:, None, :]
        supply = self.c[np.ix_(sectors, origins)] ** -theta
        demand = np.exp(theta * self.log_P[np.ix_(sectors, destinations)])
        demand *= self.X[np.ix_(sectors, destinations)]
        apart = np.not_equal.outer(destinations, origins)[..., None]
        flows: Array = net * supply[:, None] * demand[:, :, None] * apart
        return flows


class EnsembleSolver:
    """Solves the equilibria of some draws, for one policy after another.

    Parameters
    ----------
    world
        The baseline.
    theta
        Trade elasticities, [j,k].
    in_shares
        Whether deficits keep their share of world income, or else their value, [k].
    tolerance
        As in `detente.solve`, for every draw.

    Notes
    -----
    Newton's method on wages, by the Jacobian at the baseline (`detente.equilibrium.response`),
    around a step of prices and expenditures country by country, accelerated. Draws that this
    leaves, or whose bans part the world or take away the only supplier of a good, are solved one
    by one.
    """

    def __init__(self, world: World, theta: Array, in_shares: Flags, tolerance: float) -> None:
        self.world, self.tolerance = world, tolerance
        self._base = baseline_of(world)
        self._model = _Model(self._base, response_of(world), theta, in_shares)

    def solve(self, policy: Policy, start: Ensemble | None = None) -> Ensemble:
        """Solve the equilibria under a policy, from others nearby if there are any.

        Raises
        ------
        ConvergenceError
            A draw has no equilibrium that can be found; its number is `diagnostics["draw"]`.
        """
        model, regular = self._model, _regular(self._base, policy)
        with np.errstate(all="ignore"):
            model.put_in_place(policy)
            x = model.baseline() if start is None else model.unknowns(start)
            x, settled = model.search(x, regular, self.tolerance)
            found = model.read(x, self.world, policy)
        for k in np.flatnonzero(~settled):
            self._solve_alone(found, int(k))
        poorest = int(found.I.min(0).argmin())
        with _of_draw(poorest):
            require_positive(found.I[:, poorest], self.world.countries)
        return found

    def _solve_alone(self, found: Ensemble, k: int) -> None:
        """Solve draw k by itself and write it into the ensemble."""
        base, policy, countries = self._base, found.policy, self.world.countries
        A, rate = base.pi.copy(), base.t.copy()
        A.ravel()[policy.entries], rate.ravel()[policy.entries] = policy.A[:, k], policy.rate[:, k]
        m = policy.margins
        j, n, i = np.unravel_index(policy.entries[m.entry], A.shape)
        margins = margins_by_sector(j, n, i, m.hub, m.share[:, k], base.theta.size)
        At = A / (1 + rate) if rate.any() else A
        theta = np.ascontiguousarray(found.theta[:, k])
        in_shares = bool(self._model.in_shares[k])
        transfers = policy.transfers[:, k].copy()
        with _of_draw(k):
            x, p, lost = assemble(
                base, A, At, margins, transfers, theta, in_shares, True, countries
            )
            x, evaluations, norms = search(x, p, self.tolerance, MAX_EVALUATIONS, countries)
            s = read(x, p, lost, evaluations, norms, countries)
        found.log_w[:, k], found.log_P[..., k] = np.log(s.w), np.log(s.P).T
        found.c[..., k], found.X[..., k], found.Y[..., k] = s.c.T, s.X.T, s.Y.T
        found.I[:, k], found.R[:, k] = s.I, s.R
        found.log_P_final[:, k] = (s.alpha * np.log(s.P)).sum(1)


@contextmanager
def _of_draw(k: int) -> Iterator[None]:
    """Say of a `ConvergenceError` which draw it is about."""
    try:
        yield
    except ConvergenceError as error:
        raise ConvergenceError(str(error), {**error.diagnostics, "draw": k}) from error


def _regular(base: Baseline, policy: Policy) -> Flags:
    """Draws in which every good keeps a supplier and the world stays one market, [k]."""
    closed = (policy.A == 0) & (base.pi.ravel()[policy.entries] > 0)[:, None]
    regular = np.ones(closed.shape[1], bool)
    known: dict[bytes, bool] = {}
    for k in np.flatnonzero(closed.any(0)):
        pattern = closed[:, k].tobytes()
        if pattern not in known:
            trades = base.pi > 0
            supplied = trades.any(2)
            trades.ravel()[policy.entries[closed[:, k]]] = False
            kept = bool((trades.any(2) == supplied).all())
            pairs = np.asarray(trades.any(0))
            known[pattern] = kept and is_one_market(pairs)
        regular[k] = known[pattern]
    return regular


@compiled
def _add_along(
    weight: Array, value: Array, towards: Positions, origin: Positions, to: Array
) -> None:
    """Add weight[e,k] value[origin[e],k] to to[towards[e],k], for every entry e."""
    for e in range(weight.shape[0]):
        for k in range(weight.shape[1]):
            to[towards[e], k] += weight[e, k] * value[origin[e], k]


@compiled
def _take_off(weight: Array, entry: Positions, left: Array) -> None:
    """Take weight[m,k] off left[entry[m],k]."""
    for m in range(weight.shape[0]):
        for k in range(weight.shape[1]):
            left[entry[m], k] -= weight[m, k]


@compiled
def _pay(
    power: Array,
    demand: Array,
    share: Array,
    origin: Positions,
    destination: Positions,
    receiver: Positions,
    received: Array,
) -> None:
    """Add what each entry pays, share[e,k] power[origin,k] demand[destination,k]."""
    for e in range(share.shape[0]):
        for k in range(share.shape[1]):
            value = power[origin[e], k] * demand[destination[e], k]
            received[receiver[e], k] += share[e, k] * value


class _Model:
    """The model for some draws at once, and the search for their equilibria.

    The unknowns are x = (log w; log P[j]; X[j] / VA), [1 + 2 j, n, k], and so are the residuals.
    """

    def __init__(self, base: Baseline, response: Response, theta: Array, in_shares: Flags) -> None:
        self.base, self.in_shares = base, in_shares
        J, N, _ = base.pi.shape
        K = in_shares.size
        self.J, self.N, self.K = J, N, K
        self.theta = theta[:, None, :]
        self.net = base.pi / (1 + base.t) if base.has_tariffs else base.pi
        self.unsupplied = (base.pi.sum(2) == 0).astype(float)[..., None]
        self.beta, self.alpha = base.beta.T[..., None], base.alpha.T[..., None]
        self.VA, self.D = base.VA[:, None], base.D[:, None]
        self.lift_X = base.lift_X.T[..., None]
        self.clearing = response.towards_clearing(theta)
        # A step need not be exact: half the digits take half the time.
        self.B, self.Bt = base.B.astype(np.float32), base.Bt.astype(np.float32)
        self.labour = response.labour.reshape(N, J * N).astype(np.float32)
        self.prices = response.prices.reshape(J * N, N).astype(np.float32)
        goods = (J, N, K)
        self.c, self.power, self.demand = np.empty(goods), np.empty(goods), np.empty(goods)
        self.Y, self.total = np.empty(goods), np.empty(goods)
        self.R, self.H, self.I = np.empty((N, K)), np.empty((N, K)), np.empty((N, K))
        self.r = np.empty((1 + 2 * J, N, K))

    def put_in_place(self, policy: Policy) -> None:
        """Differences between the policy's entries and the world's, and payments on the way."""
        base, m = self.base, policy.margins
        sector, destination, origin = np.unravel_index(policy.entries, base.pi.shape)
        self.origin, self.destination = sector * self.N + origin, sector * self.N + destination
        net = policy.A / (1 + policy.rate)
        kept = net.copy()
        margin = m.share * net[m.entry]
        _take_off(margin, m.entry, kept)
        pi, before = (a.ravel()[policy.entries, None] for a in (base.pi, self.net))
        self.dA, self.dnet = policy.A - pi, kept - before
        taxed = policy.A - net - (pi - before)
        at = np.flatnonzero(taxed.any(1))
        self.taxes = taxed[at], self.origin[at], self.destination[at], destination[at]
        at = m.entry
        self.margins = margin, self.origin[at], self.destination[at], m.hub
        self.transfers = policy.transfers

    def baseline(self) -> Array:
        """The baseline."""
        x = np.zeros((1 + 2 * self.J, self.N, self.K))
        x[1 + self.J :] = (self.base.X.T / self.base.VA)[..., None]
        return x

    def unknowns(self, e: Ensemble) -> Array:
        """The unknowns at equilibria known."""
        return np.concatenate([e.log_w[None], e.log_P, e.X / self.VA])

    def search(self, x: Array, wanted: Flags, tolerance: float) -> tuple[Array, Flags]:
        """Go from x to the equilibria wanted; tells which draws got there, [k]."""
        memory = Memory((1 + 2 * self.J, self.N, self.K))
        for _ in range(PATIENCE):
            self._normalise(x)
            self._evaluate(x)
            settled = np.abs(self.r).max((0, 1)) <= tolerance
            if (settled | ~wanted).all():
                break
            x = memory.advance(x, self._step())
        return x, settled & wanted

    def read(self, x: Array, world: World, policy: Policy) -> Ensemble:
        """The equilibria at x, which was evaluated last."""
        log_P = x[1 : 1 + self.J]
        return Ensemble(
            world=world,
            theta=self.theta[:, 0],
            policy=policy,
            log_w=x[0],
            log_P=log_P,
            c=np.exp(self.c),
            X=x[1 + self.J :] * self.VA,
            Y=self.Y.copy(),
            I=self.I.copy(),
            R=self.R.copy(),
            log_P_final=(self.alpha * log_P).sum(0),
        )

    def _normalise(self, x: Array) -> None:
        """Numeraire: world value added keeps its value."""
        x[0] -= np.log((np.exp(x[0]) * self.VA).sum(0) / self.VA.sum())

    def _evaluate(self, x: Array) -> None:
        """Residuals r at x; equations and their order as in `detente.equilibrium.kernels`."""
        base, J = self.base, self.J
        w, P, X = x[0], x[1 : 1 + J], x[1 + J :] * self.VA
        self._costs(w, P)
        self._prices()
        np.log(self.total, out=self.r[1 : 1 + J])
        self.r[1 : 1 + J] /= -self.theta
        self.r[1 : 1 + J] -= P
        self._sales(X)
        self._incomes(w)
        self.r[0] = (self.beta * self.Y).sum(0) / self.VA - np.exp(w)
        spent = self.r[1 + J :]
        np.matmul(base.G, self.Y.transpose(1, 0, 2), out=spent.transpose(1, 0, 2))
        spent += self.alpha * self.I
        spent -= X
        spent /= self.VA

    def _costs(self, w: Array, P: Array) -> None:
        """Log unit costs c, and power = c_hat^-theta."""
        np.matmul(self.base.Gt, P.transpose(1, 0, 2), out=self.c.transpose(1, 0, 2))
        self.c += self.beta * w
        np.multiply(-self.theta, self.c, out=self.power)
        np.exp(self.power, out=self.power)

    def _prices(self) -> None:
        """P_hat^-theta = sum_i A c_hat^-theta; one where nothing is bought."""
        np.matmul(self.base.pi, self.power, out=self.total)
        self.total += self.unsupplied
        rows = (-1, self.K)
        _add_along(
            self.dA,
            self.power.reshape(rows),
            self.destination,
            self.origin,
            self.total.reshape(rows),
        )

    def _sales(self, X: Array) -> None:
        """Output Y, tariff revenue R and hub margins H at expenditures X."""
        rows = (-1, self.K)
        np.divide(X, self.total, out=self.demand)
        demand, power = self.demand.reshape(rows), self.power.reshape(rows)
        np.matmul(self.net.transpose(0, 2, 1), self.demand, out=self.Y)
        _add_along(self.dnet, demand, self.origin, self.destination, self.Y.reshape(rows))
        self.Y *= self.power
        self.R[:] = 0.0
        if self.base.has_tariffs:
            taxes = (self.base.pi - self.net) @ self.power
            self.R += (taxes * self.demand).sum(0)
        self.H[:] = 0.0
        _pay(power, demand, *self.taxes, self.R)
        _pay(power, demand, *self.margins, self.H)

    def _incomes(self, w: Array) -> None:
        """I' = w_hat VA + R' + hub margins' + D' + transfers'."""
        earned = np.exp(w) * self.VA
        grown = (earned.sum(0) + self.R.sum(0)) / self.base.income.sum()
        D = self.D * np.where(self.in_shares, grown, 1.0)
        np.add(earned, D + self.R + self.H + self.transfers, out=self.I)

    def _step(self) -> Array:
        """Wages that clear all labour markets together, prices and expenditures by country."""
        J = self.J
        r = self.r[1:].astype(np.float32)
        f = np.empty_like(self.r)
        step = np.empty_like(r)
        dP, dX = step[:J], step[J:]
        np.matmul(self.B, r[:J].transpose(1, 0, 2), out=dP.transpose(1, 0, 2))
        np.matmul(self.Bt, r[J:].transpose(1, 0, 2), out=dX.transpose(1, 0, 2))
        excess = self.r[0] + self.labour @ r[J:].reshape(-1, self.K)
        dw = np.matmul(self.clearing, excess.T[..., None])[..., 0].T
        f[0] = dw
        dP += (self.prices @ dw.astype(np.float32)).reshape(dP.shape)
        f[1:] = step
        f[1 + J :] += self.lift_X * dw
        return f
