"""The command line, as a user meets it: in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

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
    for words in ("US eases, goods", "US and EU embargo, all", "BLR", "RUS", "EU27", "USA"):
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
    assert manifest["scenarios"]["us-all"]["world"] == "icio2022"
    assert manifest == document["manifest"]


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
        (b"#" * 1_000_001, ": larger than 1,000,000 bytes"),
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
    heavy = {"numba", "scipy", "ruamel", "altair", "detente.policy", "detente.cases"}
    assert not brought & heavy
