"""The site is built without a warning and read without a network; versions agree everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import detente

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for library in ("sphinx", "furo", "myst_nb", "sphinxcontrib.programoutput", "spacy", "emcee"):
        pytest.importorskip(library, reason="the site needs the extra detente[docs]")
    made = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-j", "8"]
    done = subprocess.run(
        [*build, "-d", str(made / "doctrees"), str(ROOT / "docs"), str(made / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return made / "html"


def test_pages_bring_nothing_from_elsewhere(site: Path) -> None:
    pages = {p: p.read_text(encoding="utf-8") for p in site.rglob("*.html")}
    styles = {p: p.read_text(encoding="utf-8") for p in site.rglob("*.css")}
    assert len(pages) > 30
    foreign = [
        f"{path.relative_to(site)}: {found}"
        for path, text in {**pages, **styles}.items()
        for found in re.findall(
            r"<(?:script|img|iframe|link)[^>]+(?:src|href)=\"(?:https?:)?//[^\"]*|url\(['\"]?https?:[^)]*",
            text,
        )
    ]
    assert not foreign


def test_every_public_name_is_explained(site: Path) -> None:
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        known = InventoryFile.load(file, "", lambda base, path: path)
    explained = {name for kind, found in known.items() if kind.startswith("py:") for name in found}
    public = {f"detente.{name}" for name in detente.__all__ if not name.startswith("_")}
    assert public <= explained


def test_versions_agree() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "detente", "--version"], capture_output=True, text=True, check=True
    ).stdout
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version, day = re.findall(r"^## ([\d.]+) \((.+)\)$", changes, re.MULTILINE)[0]
    assert said == f"detente {version}\n"
    assert project["version"] == version
    assert f"\nversion: {version}\ndate-released: {day}\n" in citation
