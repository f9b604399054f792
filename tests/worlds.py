"""Random small worlds whose accounts close."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
from hypothesis import strategies as st

from detente import Changes, Equilibrium, World


def random_flows(
    seed: int, countries: int, sectors: int, tariffs: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trade, input use and tariffs; some sectors are not produced everywhere."""
    rng = np.random.default_rng(seed)
    N, J = countries, sectors
    size = rng.lognormal(0, 1, N)
    trade = rng.lognormal(0, 1, (N, N, J)) * size[:, None, None] * size[None, :, None]
    trade[np.arange(N), np.arange(N)] *= rng.uniform(2, 30)
    trade *= rng.random((N, N, J)) > 0.1
    for i, n in combinations(range(N), 2):  # deficits of a size that countries can pay
        back, forth = trade[n, i].sum(), trade[i, n].sum()
        if min(back, forth) == 0:
            trade[i, n] = trade[n, i] = 0.05 * size[i] * size[n]
        else:
            trade[n, i] *= rng.uniform(0.8, 1.25) * forth / back
    trade[np.arange(N), np.arange(N), 0] += size**2
    rate = rng.uniform(0, 0.3, (N, N, J)) if tariffs else np.zeros((N, N, J))
    rate[np.arange(N), np.arange(N)] = 0
    Y, X = trade.sum(1), (trade * (1 + rate)).sum(0)
    most = np.maximum(Y.sum(1), X.sum(1))[:, None, None]
    noise = rng.uniform(0, 1, (N, J, J))
    return trade, 0.6 * noise * X[:, :, None] * Y[:, None, :] / most, rate


def make_world(seed: int, countries: int = 3, sectors: int = 3, tariffs: bool = True) -> World:
    trade, use, rate = random_flows(seed, countries, sectors, tariffs)
    rng = np.random.default_rng(seed + 1)
    return World.from_flows(
        trade,
        use,
        tariff=rate,
        theta=rng.uniform(1.5, 9, sectors),
        countries=[f"C{n}" for n in range(countries)],
        sectors=[f"S{j}" for j in range(sectors)],
    )


def worlds(tariffs: bool | None = None) -> st.SearchStrategy[World]:
    return st.builds(
        make_world,
        st.integers(0, 2**31),
        st.integers(2, 5),
        st.integers(1, 4),
        st.booleans() if tariffs is None else st.just(tariffs),
    )


def ease_and_protect(world: World, factor: float) -> Changes:
    """A cost factor on the first country's imports, a tariff on its exports to the second."""
    changes = Changes(world).cost(destination="C0", factor=factor)
    return changes.tariff("C0", "C1", rate=0.2)


def arrays(found: Equilibrium) -> SimpleNamespace:
    """The counterfactual of one draw in the letters of the model, countries first."""
    e = found.after
    goods = {k: getattr(e, k)[..., 0].T for k in ("c", "X", "Y", "lost")}
    countries = {k: getattr(e, k)[:, 0] for k in ("I", "R", "H", "component")}
    P = np.exp(e.log_P[..., 0].T)
    return SimpleNamespace(w=np.exp(e.log_w[:, 0]), P=P, **goods, **countries)
