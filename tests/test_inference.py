"""Strengths from the record: observations, moments, posteriors and `detente calibrate`."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detente.analysis.claims import weigh
from detente.cases import Case, load_case
from detente.cases.template import new_case
from detente.errors import ConvergenceError, MissingExtraError, ScenarioError
from detente.inference.moments import Moments
from detente.inference.observations import Observation
from detente.inference.priors import FIRST_YEAR, Prior, priors_of, rank
from detente.inference.sampler import Calibration, calibrate, fingerprint, libraries
from detente.policy.measures import Measure, Strengths
from detente.policy.parameters import Parameters
from detente.policy.posterior import Posterior
from detente.report.calibration_tables import calibration_view, warnings_of
from detente.results import write_text

TRUTH = {"strength-CHN-coal": 0.7, "strength-CHN-wine": 0.3}


@pytest.fixture(scope="module")
def case() -> Case:
    return load_case("australia-2023")


@pytest.fixture(scope="module")
def priors() -> dict[str, Prior]:
    return {name: rank("test") for name in TRUTH}


def under(moments: Moments, **strengths: float) -> Parameters:
    """One draw with the strengths of some Chinese groups."""
    p = Parameters.central(moments.scenario, moments.world)
    of = {f"CHN-{group}": np.array([value]) for group, value in strengths.items()}
    return replace(p, strengths=replace(p.strengths, of=of))


def as_simulated(case: Case, **strengths: float) -> dict[str, Observation]:
    """Observations of the case about some groups, with what a simulation finds in their place."""
    alone = {
        name: case.observations[name].model_copy(update={"against": None}) for name in strengths
    }
    moments = Moments(alone, case)
    found = {}
    for (name, o), log in zip(
        alone.items(), moments.simulated(under(moments, **strengths))[:, 0], strict=True
    ):
        after = o.after.model_copy(update={"value": o.before.value * np.exp(log)})
        found[name] = o.model_copy(update={"after": after, "error": 0.1})
    return found


@pytest.fixture(scope="module")
def known(case: Case) -> Moments:
    return Moments(as_simulated(case, coal=0.7, wine=0.3), case)


def sampled(known: Moments, priors: dict[str, Prior], **options: int) -> Calibration:
    return calibrate(known, priors, **{"walkers": 8, "steps": 60, "seed": 1, **options})


@pytest.fixture(scope="module")
def found(known: Moments, priors: dict[str, Prior]) -> Calibration:
    return sampled(known, priors)


def test_known_strengths_are_recovered_from_simulated_observations(found: Calibration) -> None:
    summary = found.posterior.summary
    for name, truth in TRUTH.items():
        low, median, high = summary[name]
        assert low < truth < high
        assert abs(median - truth) < 0.1
        assert high - low < 0.45, "half of the prior's band"
    assert found.fit["matched"].all()
    assert (found.fit["posterior low"] < found.fit["observed"]).all()
    assert (found.fit["posterior high"] > found.fit["observed"]).all()


def test_the_central_draw_stands_in_the_middle(found: Calibration) -> None:
    draws = found.posterior.draws
    assert len(draws) % 2 == 1
    central = found.posterior.at(0.5)
    np.testing.assert_allclose(central, np.median(draws, 0), atol=0.03)
    assert draws[: len(draws) // 2].mean() < draws[len(draws) // 2 :].mean()


def test_the_same_seed_gives_the_same_bits_and_another_others(
    known: Moments, priors: dict[str, Prior]
) -> None:
    short = {"walkers": 6, "steps": 10}
    first, again, other = (sampled(known, priors, seed=s, **short) for s in (3, 3, 4))
    np.testing.assert_array_equal(first.posterior.draws, again.posterior.draws)
    assert json.dumps(first.document()) == json.dumps(again.document())
    assert not np.array_equal(first.posterior.draws, other.posterior.draws)


def test_a_calibration_does_not_depend_on_an_earlier_one(known: Moments, case: Case) -> None:
    other = Posterior(("strength-CHN-coal",), np.ones((1, 1)), {})
    again = Moments(known.observations, case.model_copy(update={"posterior": other}))
    p, q = (Parameters.central(m.scenario, m.world) for m in (known, again))
    np.testing.assert_array_equal(known.simulated(p), again.simulated(q))


def test_progress_is_told_after_every_step(known: Moments, priors: dict[str, Prior]) -> None:
    told: list[tuple[int, int]] = []
    calibrate(known, priors, walkers=6, steps=10, progress=lambda done, of: told.append((done, of)))
    assert told == [(k, 10) for k in range(1, 11)]


def test_the_manifest_says_what_made_a_posterior(found: Calibration, known: Moments) -> None:
    m = found.manifest
    assert m["observations"] == ["coal", "wine"]
    assert m["observations_fingerprint"] == fingerprint(known.observations)
    assert m["priors"] == {name: [0.0, 0.5, 1.0] for name in TRUTH}
    assert (m["walkers"], m["steps"], m["seed"]) == (8, 60, 1)
    assert 0 < m["acceptance"] < 1
    assert m["min_ess"] == pytest.approx(found.diagnostics["ess"].min(), rel=1e-4)
    assert m["max_r_hat"] == pytest.approx(found.diagnostics["r_hat"].max(), rel=1e-4)
    emcee, arviz = libraries()
    assert (m["emcee"], m["arviz"]) == (emcee.__version__, arviz.__version__)


def test_another_value_is_another_fingerprint(known: Moments) -> None:
    coal = known.observations["coal"]
    moved = {**known.observations, "coal": coal.model_copy(update={"error": 0.2})}
    assert fingerprint(moved) != fingerprint(known.observations)


def test_a_posterior_comes_back_from_its_file(found: Calibration, tmp_path: Path) -> None:
    path = write_text(json.dumps(found.document(), allow_nan=False), tmp_path / "posterior.json")
    back = Posterior.read(path)
    assert back.names == found.posterior.names
    np.testing.assert_allclose(back.draws, found.posterior.draws, rtol=1e-4)
    assert back.manifest == found.manifest
    stored = json.loads(path.read_text())
    assert [row["observation"] for row in stored["fit"]] == ["coal", "wine"]
    assert [row["parameter"] for row in stored["diagnostics"]] == list(TRUTH)


def test_a_stronger_measure_lets_less_trade_through_and_only_its_own(case: Case) -> None:
    moments = Moments(case.observations, case)
    weak, strong = (moments.simulated(under(moments, coal=c, wine=0.5))[:, 0] for c in (0.2, 0.8))
    change = dict(zip(moments.observations, strong - weak, strict=True))
    assert change["coal"] < -0.5
    others = {name: v for name, v in change.items() if name != "coal"}
    assert max(map(abs, others.values())) < 0.05 * abs(change["coal"]), others


def test_covered_products_are_those_of_the_measures_named(case: Case) -> None:
    """Wine fell by more than food and drink under any ban, most of which is beef."""
    wine = case.observations["wine"]
    any_ban = wine.model_copy(update={"measures": []})
    moments = Moments({"wine": wine, "any": any_ban}, case)
    own, both = moments.simulated(under(moments, wine=0.5))[:, 0]
    assert own < np.log(0.05) < both < 0


def test_a_measure_belongs_to_its_own_group_first() -> None:
    wide = {"low": 0.0, "central": 1.0, "high": 2.0}
    law = Measure(senders="CHN", target="AUS", kind="import-ban", sectors="B05", ave=wide)
    coal = law.model_copy(update={"group": "coal"})
    assert coal.groups == ["CHN-coal", *law.groups]
    strengths = Strengths(0.5, {"CHN-coal": 1.0, "CHN": 0.25})
    assert (strengths.ave(coal), strengths.ave(law)) == (2.0, 0.5)


def test_bystanders_growth_is_taken_off() -> None:
    year = {"first": "2021-01-01", "last": "2021-12-31"}
    fell = Observation(
        title="", origins="AUS", destinations="CHN", unit="USD", error=0.1, source="x",
        before={**year, "value": 4}, after={**year, "value": 1},
        against={"origins": "USA", "destinations": "CHN", "before": 1, "after": 2},
    )  # fmt: skip
    assert fell.value == pytest.approx(np.log(1 / 8))


def test_the_first_year_is_unknown_only_where_scenarios_start_later(case: Case) -> None:
    belarus = load_case("belarus-2025")
    assert FIRST_YEAR in priors_of(belarus.assumptions)
    own = priors_of(case.assumptions, first_year=False)
    assert list(own) == [f"strength-CHN-{g}" for g in ("coal", "logs", "lobster", "wine", "barley")]


def test_too_few_walkers_or_nothing_unknown_is_told(
    known: Moments, priors: dict[str, Prior]
) -> None:
    with pytest.raises(ScenarioError, match="name groups of measures among the assumptions"):
        calibrate(known, {})
    many = {f"strength-CHN-{k}": rank("") for k in range(5)}
    with pytest.raises(ScenarioError, match="8 walkers for 5 parameters: take 10 or more"):
        calibrate(known, many, walkers=8)


def test_what_cannot_be_simulated_is_named(case: Case, priors: dict[str, Prior]) -> None:
    iron = case.observations["wine"].model_copy(update={"sectors": ["B06"], "measures": []})
    with pytest.raises(ScenarioError, match=r"observations\.gas: .*no ban on it"):
        calibrate(Moments({"gas": iron}, case), priors, walkers=6, steps=20)


class Unsolved:
    """Moments of which some draws, or all, have no equilibrium."""

    def __init__(self, known: Moments, limit: float) -> None:
        self.known, self.limit = known, limit

    def __getattr__(self, name: str) -> Any:
        return getattr(self.known, name)

    def simulated(self, p: Parameters) -> np.ndarray:
        beyond = np.flatnonzero(p.strengths.of["CHN-coal"] > self.limit)
        if beyond.size:
            raise ConvergenceError("no equilibrium", {"draw": int(beyond[0])})
        return self.known.simulated(p)


def test_points_without_an_equilibrium_are_left_out(
    known: Moments, priors: dict[str, Prior]
) -> None:
    some = calibrate(Unsolved(known, 0.75), priors, walkers=6, steps=10)  # type: ignore[arg-type]
    assert some.posterior.draws[:, 0].max() <= 0.75
    with pytest.raises(ConvergenceError, match="no equilibrium"):
        calibrate(Unsolved(known, -1), priors, walkers=6, steps=10)  # type: ignore[arg-type]


def test_a_bad_sample_is_warned_of_in_words(found: Calibration, case: Case) -> None:
    rows = found.diagnostics.assign(r_hat=[1.3, 1.0], ess=[500.0, 40.0])
    words = warnings_of(replace(found, diagnostics=rows), case)
    assert "R-hat above 1.1) about “Strength of the halt to coal”;" in words[0]
    assert "fewer than 100 independent draws about “Strength of the duties on wine”;" in words[1]
    assert not warnings_of(replace(found, diagnostics=rows.assign(r_hat=1.0, ess=500.0)), case)


def test_what_is_not_matched_is_named(
    found: Calibration, case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    fit = found.fit.assign(matched=[True, False])
    Console(width=200).print(calibration_view(replace(found, fit=fit), case))
    said = capsys.readouterr().out
    assert "1 of 2 observations" in said
    assert "does not match: Chinese imports of Australian wine." in said


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases") / "mine"
    new_case(folder)
    return folder


@pytest.fixture
def mine(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "mine"))


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("origins: TUR", "origins: TURR", 8, "unknown country 'TURR': did you mean 'TUR'?"),
        ("sectors: C24A\n  unit", "sectors: C99\n  unit", 10, "unknown sector 'C99'"),
        ("value: 2000", "value: -1", 12, "greater than 0"),
        ("last: 2019", "last: 2017", 12, "ends on 2017-12-31, before it begins on 2018-01-01"),
        ("error: 0.2", "error: 0", 20, "greater than 0"),
        ("[example-steel]", "[exampel-steel]", 7, "did you mean 'example-steel'?"),
        ("of: covered", "of: trade", 4, "`measures` has no meaning for an observation of trade"),
        ("source: Who", "sauce: Who", 21, "unknown field"),
        (
            "of: covered                # trade: all of it; covered, uncovered: products under a "
            "ban, or the others\n  measures: [example-steel]",
            "of: gravity\n  # nothing",
            4,
            "`against` has no meaning for an observation of gravity",
        ),
    ],
)
def test_a_bad_observation_is_refused_with_file_and_line(
    mine: Path, old: str, new: str, line: int, words: str
) -> None:
    path = mine / "observations.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_case(mine)
    assert f"observations.yaml:{line}: observations.steel-fell" in str(caught.value)
    assert words in str(caught.value)


def test_an_offset_needs_routes(mine: Path) -> None:
    path = mine / "observations.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [w for w in lines[:13] if "measures:" not in w]
    text = "\n".join([*kept, "  error: 0.2", "  source: x"]).replace("of: covered", "of: offset")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"observations\.yaml:6: .*needs the case to have `rou"):
        load_case(mine)


def detente(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "detente", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_a_case_of_the_package_is_calibrated_into_another_folder(tmp_path: Path) -> None:
    done = detente("calibrate", "australia-2023", "--steps", "20", "--walkers", "10", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in (
        "Chinese imports of Australian coal",
        "Strength of the duties on wine",
        "Warning",
    ):
        assert words in done.stdout
    assert done.stderr.splitlines() == [
        f"wrote {name}"
        for name in ("posterior.json", "fit.csv", "diagnostics.csv", "calibration.svg")
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["posterior.json", "fit.csv", "diagnostics.csv", "calibration.svg"]
    )
    posterior = Posterior.read(tmp_path / "posterior.json")
    assert posterior.manifest["walkers"] == 10
    fit = pd.read_csv(tmp_path / "fit.csv")
    assert list(fit["observation"]) == list(load_case("australia-2023").observations)
    svg = (tmp_path / "calibration.svg").read_text(encoding="utf-8")
    assert "observed" in svg
    assert "Strength of the controls of lobster" in svg


def test_a_users_case_takes_its_own_posterior(mine: Path, tmp_path: Path) -> None:
    before = weigh(load_case(mine), 8, store=tmp_path / "draws", workers=1)
    charts = tmp_path / "charts"
    done = detente(
        "calibrate", str(mine), "--steps", "20", "--walkers", "6",
        "-o", str(charts), "--format", "png",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (charts / "calibration.png").read_bytes().startswith(b"\x89PNG")
    case = load_case(mine)
    assert case.posterior is not None
    assert case.posterior.names == ("strength-EU27-steel",)
    central = Parameters.central(case.scenario("lifted"), case.scenario("lifted").load_world())
    assert central.strengths.ave(case.measures["example-steel"]) < 0.1, "the record is weaker"
    after = weigh(case, 8, store=tmp_path / "draws", workers=1)
    assert after.folder != before.folder, "draws under another posterior are other draws"


def test_without_observations_it_says_where_they_belong(mine: Path) -> None:
    (mine / "observations.yaml").unlink()
    done = detente("calibrate", str(mine))
    assert done.returncode == 2
    assert f"write them to {mine / 'observations.yaml'}" in done.stderr


@pytest.mark.parametrize("missing", ["emcee", "arviz", "altair"])
def test_a_missing_library_is_told_at_once(missing: str, tmp_path: Path) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None; from detente.cli import main; "
        "sys.argv = ['detente', 'calibrate', 'no-such-case']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert (
        f"pip install 'detente[{'report' if missing == 'altair' else 'estimate'}]'" in done.stderr
    )


def test_an_interrupted_run_leaves_no_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "detente", "calibrate", "australia-2023", "--steps", "5000"]
    run = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(8)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode != 0
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_the_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "emcee", None)
    with pytest.raises(MissingExtraError, match="calibration needs emcee"):
        libraries()


def test_the_australian_posterior_is_that_of_its_observations(case: Case) -> None:
    assert case.posterior is not None
    m = case.posterior.manifest
    assert m["observations_fingerprint"] == fingerprint(case.observations)
    assert m["max_r_hat"] < 1.1
    assert m["min_ess"] >= 100
    priors = priors_of(case.assumptions, first_year=False)
    assert case.posterior.names == tuple(priors)
    assert m["priors"] == {
        n: [p.range.low, p.range.central, p.range.high] for n, p in priors.items()
    }


def test_australian_trade_falls_as_it_did_under_the_posterior(case: Case) -> None:
    assert case.posterior is not None
    moments = Moments(case.observations, case)
    p = Parameters.central(case.scenario("all"), moments.world)
    z = (moments.simulated(p)[:, 0] - moments.values) / moments.errors
    assert (np.abs(z) < 2).all()
