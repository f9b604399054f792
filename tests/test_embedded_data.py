"""The embedded world: its accounts, how it was made, and how near it is to published totals."""

import sys
from pathlib import Path

import numpy as np
import pytest

import detente

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared" / "data"
EMBEDDED = Path(detente.__file__).parent / "world" / "data" / "icio2022.npz"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} may not be redistributed; no folder `shared` beside the repository")
    return path


@pytest.fixture(scope="module")
def stored() -> dict[str, np.ndarray]:
    with np.load(EMBEDDED) as z:
        return {k: z[k] for k in z.files}


def test_accounts_close(stored: dict[str, np.ndarray]) -> None:
    trade, use = stored["trade"], stored["input_use"]
    assert (trade >= 0).all()
    assert (use >= 0).all()
    output, supply = trade.sum(1), trade.sum(0)
    assert (output - use.sum(1) >= -1e-9 * output).all()
    assert (supply - use.sum(2) >= -1e-9 * supply).all()
    world = detente.load_world("icio2022")
    assert float(world.data["D"].sum()) == pytest.approx(0, abs=1e-3)
    spending = world.data["X"].sum() - (stored["input_use"]).sum()
    assert float(spending) == pytest.approx(float(world.income.sum()), rel=1e-12)


def test_no_one_uses_what_no_one_supplies(stored: dict[str, np.ndarray]) -> None:
    supply = stored["trade"].sum(0)
    assert not ((supply == 0) & (stored["input_use"].sum(2) > 0)).any()


def test_the_script_makes_the_embedded_file(
    stored: dict[str, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY / "scripts"))
    from build_icio2022 import build

    source = shared("icio2022_compact.npz")
    build(source, tmp_path / "again.npz")
    sys.modules.pop("build_icio2022")
    with np.load(tmp_path / "again.npz") as again:
        for name, values in stored.items():
            if values.dtype.kind == "f":
                np.testing.assert_allclose(again[name], values, rtol=1e-9, atol=1e-6)
            else:
                assert (again[name] == values).all()


def test_sales_are_those_of_the_table(stored: dict[str, np.ndarray]) -> None:
    with np.load(shared("icio2022_compact.npz")) as table:
        np.testing.assert_allclose(stored["trade"].sum(1), table["gross_output"], rtol=1e-9)
        assert (stored["trade"] >= table["intermediate_trade"]).all()


@pytest.fixture(scope="module")
def published(stored: dict[str, np.ndarray]) -> np.ndarray:
    """Trade of 2021 between the 80 economies: 27 sectors of goods, and services as one."""
    with np.load(shared("icio_panel/2021.npz")) as panel:
        labels = [str(c) for c in panel["countries"]]
        rows = [labels.index(str(c)) for c in stored["countries"]]
        assert list(panel["sectors"][:-1]) == list(stored["sectors"][:27])
        return panel["trade"].astype(float)[np.ix_(rows, rows)]


def differences(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours / ours.sum() - theirs / theirs.sum()).sum())


@pytest.mark.parametrize(("sectors", "nearest"), [(27, 0.16), (None, 0.15)])
def test_bilateral_totals_are_near_the_published_ones_of_the_year_before(
    stored: dict[str, np.ndarray], published: np.ndarray, sectors: int | None, nearest: float
) -> None:
    abroad = ~np.eye(len(published), dtype=bool)
    theirs = published[..., :sectors].sum(2)[abroad]
    ours = stored["trade"][..., :sectors].sum(2)[abroad]
    both = (ours > 0) & (theirs > 0)
    assert np.corrcoef(np.log(ours[both]), np.log(theirs[both]))[0, 1] > 0.972
    assert differences(ours, theirs) < nearest


@pytest.mark.parametrize("country", ["BLR", "RUS", "USA", "DEU", "POL", "LTU", "UKR", "CHN"])
def test_partners_are_near_the_published_ones(
    stored: dict[str, np.ndarray], published: np.ndarray, country: str
) -> None:
    i = list(stored["countries"]).index(country)
    ours, theirs = stored["trade"].sum(2), published.sum(2)
    others = np.arange(len(ours)) != i
    war = country in {"BLR", "RUS", "UKR", "LTU"}  # it came between the two years
    allowed = 0.35 if war else 0.2
    assert differences(ours[i, others], theirs[i, others]) < allowed
    assert differences(ours[others, i], theirs[others, i]) < allowed


def test_deficits_are_near_the_published_ones(
    stored: dict[str, np.ndarray], published: np.ndarray
) -> None:
    VA = stored["trade"].sum((1, 2)) - stored["input_use"].sum((1, 2))
    ours, theirs = ((x.sum((0, 2)) - x.sum((1, 2))) / VA for x in (stored["trade"], published))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.8
    assert np.abs(ours).max() < 0.4
