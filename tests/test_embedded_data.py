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
    assert (output - use.sum(1) >= -1e-9 * output.max()).all()
    assert (supply - use.sum(2) >= -1e-9 * supply.max()).all()
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
        output = table["gross_output"]
        np.testing.assert_allclose(stored["trade"].sum(1), output, rtol=1e-5, atol=2.0)
        assert (stored["trade"] >= table["intermediate_trade"]).all()


def test_bilateral_totals_are_near_the_published_ones_of_the_year_before() -> None:
    with np.load(shared("icio_panel/2021.npz")) as panel:
        labels = [str(c) for c in panel["countries"]]
        goods = [k for k, s in enumerate(panel["sectors"]) if str(s)[0] in "ABC"]
        published = panel["trade"].astype(float)[:, :, goods].sum(2)
    world = detente.load_world("icio2022")
    rows = [labels.index(c) for c in world.countries]
    abroad = ~np.eye(len(rows), dtype=bool)
    theirs = published[np.ix_(rows, rows)][abroad]
    chosen = [s for s in world.sectors if s[0] in "ABC"]
    ours = world.trade.sel(sector=chosen).sum("sector").values[abroad]
    both = (ours > 0) & (theirs > 0)
    assert np.corrcoef(np.log(ours[both]), np.log(theirs[both]))[0, 1] > 0.969
    assert np.abs(ours / ours.sum() - theirs / theirs.sum()).sum() < 0.18
