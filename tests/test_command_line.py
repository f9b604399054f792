"""The command line, as a user meets it: in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pandas as pd
import pytest

from detente.results import Result

SCENARIO = """\
title: US and EU ease on chemicals
world: icio2022
lift:
  - {senders: [USA, EU27], target: BLR, kind: import-ban, sectors: C20, ave: 0.25}
"""


def detente(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "detente", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def test_assess_prints_every_scenario_and_country() -> None:
    done = detente("assess", "belarus-2025")
    assert done.returncode == 0, done.stderr
    for words in ("US eases, goods", "US and EU embargo, all", "Belarus", "Russia", "EU", "China"):
        assert words in done.stdout
    assert done.stderr == ""


def test_assess_json_agrees_with_the_files_it_writes(tmp_path: Path) -> None:
    done = detente(
        "assess", "belarus-2025", "--json", "--csv", str(tmp_path / "c"),
        "--parquet", str(tmp_path / "p"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    csv = pd.read_csv(tmp_path / "c" / "welfare.csv")
    parquet = pd.read_parquet(tmp_path / "p" / "welfare.parquet")
    printed = pd.DataFrame(document["welfare"])
    pd.testing.assert_frame_equal(csv, printed, check_exact=False, rtol=1e-9, atol=1e-9)
    pd.testing.assert_frame_equal(csv, parquet, check_dtype=False)
    manifest = json.loads((tmp_path / "c" / "manifest.json").read_text())
    assert manifest["scenarios"]["us-all"]["world"] == "world2022:ARM,GEO,KGZ,UZB+potash"
    assert manifest == {**document["manifest"], "units": document["units"]}


def test_easing_helps_belarus_and_more_so_with_the_eu() -> None:
    document = json.loads(detente("assess", "belarus-2025", "--json").stdout)
    rows = {(r["scenario"], r["country"]): r["percent"] for r in document["welfare"]}
    assert 0 < rows["us-goods", "BLR"] < rows["us-all", "BLR"] < rows["us-eu-all", "BLR"]
    assert rows["embargo-all", "BLR"] < rows["embargo-goods", "BLR"] < 0


def test_solve_runs_a_scenario_file(scenario: Path) -> None:
    done = detente("solve", str(scenario), "--countries", "Belarus,EU27,RUS", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["target"] == "BLR"
    assert [r["country"] for r in document["welfare"]] == ["Belarus", "EU27", "RUS"]
    assert document["sectors"][0]["sector"] == "A01"


@pytest.mark.parametrize(
    ("wrong", "right", "line", "words"),
    [
        ("USA, EU27", "USB, EU27", 4, "did you mean 'USA'"),
        ("C20", "C200", 4, "did you mean 'C20'"),
        ("ave: 0.25", "ave: -2", 4, "greater than -1"),
        ("ave: 0.25", "ave: 0.25, ban: true", 4, "not both"),
        ("import-ban", "importban", 4, "'import-ban'"),
        ("world: icio2022", "world: icio2023", 2, "did you mean 'icio2022'"),
        ("title:", "titel:", 1, "did you mean 'title'"),
        ("senders:", "sender:", 4, "did you mean 'senders'"),
        ("lift:", "lift: [", 4, ""),
    ],
)
def test_a_wrong_field_is_pointed_at(
    scenario: Path, wrong: str, right: str, line: int, words: str
) -> None:
    scenario.write_text(SCENARIO.replace(wrong, right), encoding="utf-8")
    done = detente("solve", scenario.name, cwd=scenario.parent)
    assert done.returncode == 2
    assert f"{scenario.name}:{line}:" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"title: !!python/object/apply:os.getcwd []\n", ":1: only plain data"),
        (b"title: x\nlift: &a [*a]\n", ":2: only plain data"),
        (b"title: x\nstatus_quo: 2025-02-30\n", ":2: '2025-02-30' is not a date"),
        (b"title: " + b"[" * 5000, ":1: nested too deeply"),
        (b"title: x\nworld: \0\n", r":2: character '\x00' is not allowed"),
        (b"title: x\nlevel: " + b"9" * 5000, ":2: '999"),
        (b"title: x\n? [a]\n: y\n", ":2: the name of a field must be text"),
        (b"title: x\n1: y\n", ":2: the name of a field must be text"),
        (b"title: x\nlift: [\xff]\n", ":2: not UTF-8 text"),
        (b"", ":1: expected `field: value` lines"),
        pytest.param(b"#" * 1_000_001, ": larger than 1,000,000 bytes", id="large"),
    ],
)
def test_a_file_that_is_not_plain_data_is_refused(
    scenario: Path, content: bytes, told: str
) -> None:
    scenario.write_bytes(content)
    done = detente("solve", scenario.name, cwd=scenario.parent)
    assert done.returncode == 2
    assert done.stderr.startswith(f"detente: {scenario.name}{told}")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_folder_or_nothing_in_place_of_a_scenario_is_refused(tmp_path: Path) -> None:
    for name, told in ((".", "Is a directory"), ("none.yaml", "No such file or directory")):
        done = detente("solve", name, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr == f"detente: {name}: cannot be read: {told}\n"


@pytest.mark.parametrize("command", ["assess", "claims", "leakage", "relief", "report"])
def test_a_case_that_is_not_plain_data_is_refused(tmp_path: Path, command: str) -> None:
    (tmp_path / "case.yaml").write_text("title: x\ndate: 2025-02-30\n", encoding="utf-8")
    done = detente(command, ".", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("detente: case.yaml:2: '2025-02-30' is not a date")
    assert "Traceback" not in done.stderr


def test_an_unknown_case_suggests_the_nearest() -> None:
    done = detente("assess", "belarus-2026")
    assert done.returncode == 2
    assert "did you mean 'belarus-2025'" in done.stderr


def test_no_equilibrium_exits_with_failure(scenario: Path) -> None:
    scenario.write_text(
        "title: Russia may import but not export\n"
        "impose:\n"
        "  - {senders: all, target: RUS, kind: import-ban, ban: true}\n",
        encoding="utf-8",
    )
    done = detente("solve", str(scenario))
    assert done.returncode == 1
    assert "RUS" in done.stderr
    assert "one direction" in done.stderr


def test_a_file_in_the_way_of_the_folder_is_a_failure_and_nothing_is_lost(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("precious", encoding="utf-8")
    done = detente("assess", "belarus-2025", "--csv", str(tmp_path / "taken"))
    assert done.returncode == 1
    assert (tmp_path / "taken").read_text() == "precious"
    assert "Traceback" not in done.stderr


def test_worlds_and_describe() -> None:
    listed = detente("worlds")
    assert listed.returncode == 0
    assert "icio2022" in listed.stdout
    described = detente("world", "describe", "icio2022", "--country", "BLR")
    assert described.returncode == 0
    for words in ("Belarus", "value added", "RUS"):
        assert words in described.stdout
    data = json.loads(detente("world", "describe", "icio2022", "--country", "BLR", "--json").stdout)
    assert set(data["countries"]) == {"BLR"}


def test_version() -> None:
    assert detente("--version").stdout.startswith("detente 0.")


def test_help_brings_nothing_that_computes() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "detente", "relief", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    brought = {line.rsplit("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "detente.cli.leverage" in brought
    heavy = {"numpy", "pandas", "xarray", "scipy", "ruamel", "altair", "detente.policy"}
    assert not brought & heavy


def test_an_assessment_brings_neither_charts_nor_claims() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "detente", "assess", "belarus-2025"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    brought = {line.rsplit("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "detente.report.tables" in brought
    assert not brought & {"detente.analysis.claims", "SALib", "altair"}


def test_words_need_neither_pandas_nor_numpy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, detente.report.text; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"numpy", "pandas", "altair", "rich"} & set(done.stdout.split())


def test_what_is_brought_late_is_there() -> None:
    import detente as package

    assert set(package.__all__) <= set(dir(package))
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'sovle'"):
        package.sovle  # noqa: B018


@pytest.mark.parametrize(
    ("hidden", "arguments", "extra"),
    [
        ("jinja2", ["report", "belarus-2025", "-o", "OUT/report.md"], "report"),
        ("altair", ["report", "belarus-2025", "-o", "OUT/report.html"], "report"),
        ("altair", ["claims", "belarus-2025", "-o", "OUT"], "report"),
        ("vl_convert", ["leakage", "belarus-2025", "-o", "OUT"], "report"),
        ("altair", ["influence", "BLR", "-o", "OUT"], "report"),
        ("altair", ["relief", "belarus-2025", "-o", "OUT"], "report"),
        ("pyarrow", ["assess", "belarus-2025", "--parquet", "OUT"], "parquet"),
        ("pyarrow", ["solve", "SCENARIO", "--parquet", "OUT"], "parquet"),
    ],
)
def test_a_missing_extra_is_told_before_anything_is_solved(
    tmp_path: Path, scenario: Path, hidden: str, arguments: list[str], extra: str
) -> None:
    out = tmp_path / "out"
    asked = [a.replace("OUT", str(out)).replace("SCENARIO", str(scenario)) for a in arguments]
    program = (
        f"import sys; sys.modules[{hidden!r}] = None; from detente.cli import main\n"
        "try: main()\n"
        "finally: print('detente.equilibrium.solver' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *asked], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"needs {hidden}, which is not installed" in done.stderr
    assert f"pip install 'detente[{extra}]', or pip install '.[{extra}]'" in done.stderr
    assert not out.exists()
    assert done.stdout == "False\n"


def test_another_format_is_refused_before_anything_is_solved(tmp_path: Path) -> None:
    done = detente("leakage", "belarus-2025", "-o", str(tmp_path), "--format", "jpg")
    assert done.returncode == 2
    assert "svg" in done.stderr
    assert not list(tmp_path.iterdir())


def test_leakage_and_claims_write_their_tables(tmp_path: Path) -> None:
    done = detente("leakage", "belarus-2025", "--json", "--csv", str(tmp_path), "--draws", "0")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    for name in ("channels", "routes", "supply", "enforcement"):
        written = pd.read_csv(tmp_path / f"{name}.csv")
        pd.testing.assert_frame_equal(written, pd.DataFrame(document[name]), rtol=1e-6, atol=1e-6)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest == {**document["manifest"], "units": document["units"]}


def test_whom_influence_and_relief_are_about_where_the_case_names_no_rival() -> None:
    done = detente("influence", "AUS", "--case", "australia-2023", "--json", "--draws", "0")
    document = json.loads(done.stdout)
    before = {r["partner"]: r for r in document["influence"] if r["when"] == "before"}
    others = [partner for partner in before if partner != "CHN"]  # the sender
    largest = max(others, key=lambda partner: before[partner]["trade_share"])
    assert f"the hold of {largest} on AUS" in document["answer"]
    eased = detente("relief", "australia-2023", "--json", "--draws", "0")
    assert json.loads(eased.stdout)["rival"] == largest


def test_influence_says_which_case_it_takes_and_takes_no_other_countrys() -> None:
    own = detente("influence", "Australia", "--json", "--draws", "0")
    assert own.returncode == 0, own.stderr
    assert own.stderr == "detente: case australia-2023\n"
    assert json.loads(own.stdout)["target"] == "AUS"
    other = detente("influence", "Kazakhstan")
    assert other.returncode == 2
    assert "is about Kazakhstan: say with --case" in other.stderr
    assert "belarus-2025 (Belarus)" in other.stderr
    assert other.stdout == ""
    asked = detente("influence", "Kazakhstan", "--case", "belarus-2025", "--json", "--draws", "0")
    assert json.loads(asked.stdout)["target"] == "KAZ"
    assert asked.stderr == ""


@pytest.mark.parametrize("kind", ["json", "csv", "parquet"])
def test_a_result_is_written_whole_or_not_at_all(tmp_path: Path, kind: str) -> None:
    class Broken(Result):
        manifest: ClassVar[dict[str, str]] = {"world": "x"}

        def tables(self) -> dict[str, pd.DataFrame]:
            return {"good": pd.DataFrame({"a": [1.0]}), "bad": pd.DataFrame({"a": [Unwritable()]})}

        def document(self) -> dict[str, object]:
            return {"a": float("nan")}

    class Unwritable:
        def __str__(self) -> str:
            raise ValueError("cannot be written")

    with pytest.raises(Exception, match=r"written|JSON|convert"):
        getattr(Broken(), f"to_{kind}")(tmp_path / "document.json" if kind == "json" else tmp_path)
    assert {p.name for p in tmp_path.iterdir()} <= {f"good.{kind}"}
