"""The tutorial runs from top to bottom, and what it shows displays."""

from __future__ import annotations

from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="the notebook needs nbclient and ipykernel")
pytest.importorskip("ipykernel", reason="the notebook needs nbclient and ipykernel")

TUTORIAL = Path(__file__).parent.parent / "docs" / "tutorial.ipynb"


def test_the_tutorial_runs_and_displays() -> None:
    import nbformat

    notebook = nbformat.read(TUTORIAL, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [
        output["data"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "execute_result"
    ]
    assert len(shown) >= 4
    assert sum("text/html" in data for data in shown) >= 3
