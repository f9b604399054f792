"""Libraries that not every installation has: each is asked for here, and missed before any work."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeAlias

from detente.errors import MissingExtraError, ScenarioError

Purpose: TypeAlias = Literal["charts", "pages", "parquet"]

_NEEDS: dict[Purpose, tuple[str, str, tuple[str, ...]]] = {
    "charts": ("drawing charts", "report", ("altair", "vl_convert")),
    "pages": ("writing pages", "report", ("jinja2",)),
    "parquet": ("writing Parquet files", "parquet", ("pyarrow",)),
}


def library(name: str, extra: str, purpose: str) -> Any:
    """Import a library that an extra brings.

    Raises
    ------
    MissingExtraError
        It is not installed; the message says how to get it.

    >>> library("no_such_library", "report", "drawing charts")
    Traceback (most recent call last):
    detente.errors.MissingExtraError: drawing charts needs no_such_library, which is not ...
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(name, extra, purpose) from error


def require(*purposes: Purpose) -> None:
    """Make sure that what some purposes need is there.

    Raises
    ------
    MissingExtraError
        See `library`.
    """
    for purpose in purposes:
        words, extra, names = _NEEDS[purpose]
        for name in names:
            library(name, extra, words)


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


def altair() -> Any:
    """Altair, for a chart."""
    return library("altair", "report", "drawing charts")


def fill(template: str, **values: Any) -> str:
    """Fill in one of the report's templates; its `text` is `detente.report.text`."""
    from detente.report import text

    jinja2 = library("jinja2", "report", "writing pages")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("detente.report"),
        autoescape=template.endswith(".html"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return str(environment.get_template(template).render(text=text, **values))
