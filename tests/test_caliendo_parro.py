"""Section 5.1 of Caliendo and Parro (2015), every published figure to its last digit."""

from dataclasses import replace

import numpy as np
import pytest

import detente
from detente import Equilibrium, rebalance
from detente.policy.changes import Edit
from nafta import load_nafta

COUNTRIES = ["Mexico", "Canada", "USA"]

# Percent; balanced trade: tables 2 and 4; with deficits: section 5.1.
PUBLISHED = {
    "zero": {
        "real wage": [1.72, 0.32, 0.11],
        "terms of trade": [-0.41, -0.11, 0.04],
        "volume of trade": [1.72, 0.04, 0.04],
        "total": [1.31, -0.06, 0.08],
    },
    "value": {"real wage": [1.64, 0.33, 0.12], "total": [1.17, -0.04, 0.08]},
}


@pytest.fixture(scope="module", params=["zero", "value"])
def nafta(request: pytest.FixtureRequest) -> Equilibrium:
    data, tariffs = load_nafta()
    world = rebalance(data, request.param)
    everywhere = np.arange(len(world.countries))
    edit = Edit(np.arange(len(world.sectors)), everywhere, everywhere, tariffs.transpose(2, 0, 1))
    changes = replace(detente.Changes(world), tariffs=(edit,), steps=("tariffs of 2005",))
    return detente.solve(world, changes, deficits=request.param)


def test_every_published_figure(nafta: Equilibrium) -> None:
    parts = nafta.decomposition
    found = {
        "real wage": nafta.real_wage,
        "terms of trade": parts["terms_of_trade"].sum(["partner", "sector"]),
        "volume of trade": parts["volume_of_trade"].sum(["partner", "sector"]),
        "total": parts["total"],
    }
    for name, figures in PUBLISHED[nafta.deficits].items():
        ours = [round(float(found[name].sel(country=c)), 2) for c in COUNTRIES]
        assert ours == figures, name


def test_exact_welfare_stands_beside_the_first_order_one(nafta: Equilibrium) -> None:
    """For large tariff cuts they differ: arithmetic changes value the new trade at old tariffs."""
    mexico = nafta.decomposition.sel(country="Mexico")
    assert float(mexico["exact"]) == pytest.approx(float(nafta.welfare.sel(country="Mexico")))
    assert abs(float(mexico["total"] - mexico["exact"])) > 1


def test_rebalancing_says_how_far_the_data_were_off(nafta: Equilibrium) -> None:
    assert "wages moved by up to" in nafta.world.data.attrs["rebalanced"]
    still = detente.solve(nafta.world)
    assert float(abs(still.hats["real_income_hat"] - 1).max()) < 1e-9
