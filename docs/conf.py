"""The documentation: `sphinx-build -W -j 8 docs docs/_build`. No network to build or to read."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

import detente

HERE = Path(__file__).parent
SESSION = HERE / "_build" / "session"
"""Where the commands on the pages run, and what they write stays."""

project = "detente"
author = copyright = "The detente developers"
release = version = detente.__version__
language = "en"

extensions = [
    "myst_nb",  # pages in Markdown, whose Python runs when they are built
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinxcontrib.programoutput",  # commands with their output
]
exclude_patterns = ["_build"]
default_role = "code"  # single backticks in docstrings

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"detente {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False


def setup(app: Sphinx) -> None:
    """Give commands and cells this environment's programs, a width and a clean folder."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ |= {
        "COLUMNS": "92",
        "OPENBLAS_NUM_THREADS": "1",
        "SESSION": str(SESSION),
        "XDG_CACHE_HOME": "cache",  # pages that say where draws are name no folder of this machine
    }
    shutil.rmtree(SESSION, ignore_errors=True)
    shutil.copytree(HERE / "tutorials" / "files", SESSION)
