"""Libraries that reports, charts and files need: each is missed before any work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, TypeAlias

from detente.errors import ScenarioError
from detente.extras import Library, pyarrow

MINUS = re.compile(r"(?<![\w)])-(?=[\d.])")
"""A hyphen that is a minus."""

Purpose: TypeAlias = Literal["charts", "pages", "parquet"]


alt = Library("altair", "report", "drawing charts")
vl_convert = Library("vl_convert", "report", "drawing charts")
jinja2 = Library("jinja2", "report", "writing pages")

_NEEDS: dict[Purpose, tuple[Library, ...]] = {
    "charts": (alt, vl_convert),
    "pages": (jinja2,),
    "parquet": (pyarrow,),
}


def require(*purposes: Purpose) -> None:
    """Make sure, before anything is solved, that the libraries for some purposes are there."""
    for purpose in purposes:
        for library in _NEEDS[purpose]:
            library.require()


def check_format(path: Path) -> None:
    """Make sure, before anything is solved, that a report can be written to a path.

    Raises
    ------
    ScenarioError
        Neither .html nor .md.
    MissingExtraError
        Without the libraries that write it.
    """
    if path.suffix not in (".html", ".md"):
        raise ScenarioError(f"{path}: a report can be written as .html, .md")
    require("pages")
    if path.suffix == ".html":
        require("charts")


def templates(package: str, escaped: bool = True) -> Any:
    """The templates of a package, an environment of Jinja2."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=None if escaped else _as_text,
    )


def _as_text(value: Any) -> Any:
    """What stands in for a value in Markdown, where HTML and links of a case are text."""
    if not isinstance(value, str):
        return value
    return value.replace("<", "&lt;").replace("](", "]&#40;").replace("]:", "]&#58;")


def fill(template: str, **values: Any) -> str:
    """Fill in one of the report's templates; its `text` is `detente.report.text`."""
    from detente.report import text

    made = templates("detente.report", template.endswith(".html"))
    made.filters["dashed"] = lambda words: MINUS.sub("−", words)
    made.filters["cell"] = lambda words: " ".join(words.split()).replace("|", "\\|")
    return str(made.get_template(template).render(text=text, **values))
