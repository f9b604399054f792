"""The application: addresses, and what answers at them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode

from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from detente.app.address import query_of, read_state
from detente.app.bands import banded_channels, reread
from detente.app.controls import scenario_of
from detente.app.security import MOST_BODY, guards, is_local
from detente.app.starts import OWN
from detente.app.views.charts import as_png, as_svg, drawn
from detente.app.views.drafts import draft_folder, draft_page, review_page
from detente.app.views.files import opened, report_html, scenario_yaml
from detente.app.views.page import assets, problem_page, render
from detente.app.views.slides import slide
from detente.app.views.tables import as_csv, as_workbook
from detente.app.why import channels_of
from detente.errors import DetenteError, ScenarioError

OFFICE = "application/vnd.openxmlformats-officedocument."
SHEET, SLIDES = "spreadsheetml.sheet", "presentationml.presentation"

MOST_NAME = 80
"""Characters of a file's name that a message about it repeats."""

AT_ONCE = 2
"""Requests computed at the same time; the others wait their turn."""


def application(host: str) -> Starlette:
    """The application of a server that listens on an address.

    Endpoints that are no coroutines run in threads: the solver leaves Python's lock, and a request
    that waits for its turn costs nothing.
    """
    return Starlette(
        routes=[
            Route("/", _page),
            Route("/part", _part),
            Route("/scenario.yaml", _scenario),
            Route("/results.csv", _results),
            Route("/results.xlsx", _workbook),
            Route("/chart.svg", _chart),
            Route("/chart.png", _chart),
            Route("/slide.pptx", _slide),
            Route("/report.html", _report),
            Route("/open", _open, methods=["POST"]),
            Route("/draft", _draft, methods=["GET", "POST"]),
            Route("/draft.zip", _draft, methods=["POST"]),
            Route("/static/{name}", _asset),
            # Answers are written to disk: only for those who sit at this computer.
            *([Route("/review", _review, methods=["GET", "POST"])] if is_local(host) else []),
        ],
        middleware=guards(host),
        exception_handlers={DetenteError: _told},
        lifespan=_lifespan,
    )


@asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    """Solve the first page in the background, and get ready to draw, so that nobody waits."""
    current_default_thread_limiter().total_tokens = AT_ONCE
    threading.Thread(target=_get_ready, daemon=True).start()
    yield


def _get_ready() -> None:
    state = read_state("")
    render("page.html", state)
    as_svg(drawn(state, "sectors"))


def _told(request: Request, error: Exception) -> Response:
    if request.url.path == "/" or "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(problem_page(str(error)), 400)
    return PlainTextResponse(str(error), 400)


def _page(request: Request) -> Response:
    reread()
    state = read_state(request.url.query)
    if "a.full" in request.query_params:
        return RedirectResponse(f"/?{query_of(state)}", 303)
    return HTMLResponse(render("page.html", state, **_depth(request)))


def _part(request: Request) -> Response:
    state, laid = read_state(request.url.query), request.query_params.get("shape", "")
    return HTMLResponse(render("moved.html", state, **_depth(request), laid=laid))


def _depth(request: Request) -> dict[str, Any]:
    """How much is computed: the answer alone, its bands first, or those of channels as well."""
    explain = {"first": channels_of, "on": banded_channels}.get(
        request.query_params.get("bands", "")
    )
    return {"bands": explain is not None, "explain": explain}


def _scenario(request: Request) -> Response:
    panels = read_state(request.url.query).panels
    panel = panels["b" if "b" in panels and request.query_params.get("of") == "b" else "a"]
    return _download(scenario_yaml(scenario_of(panel)), "scenario.yaml", "application/yaml")


def _results(request: Request) -> Response:
    table = request.query_params.get("table", "countries")
    return _download(as_csv(read_state(request.url.query), table), f"{table}.csv", "text/csv")


def _workbook(request: Request) -> Response:
    table = request.query_params.get("table", "all")
    written = as_workbook(read_state(request.url.query), table)
    return _download(written, f"{'results' if table == 'all' else table}.xlsx", OFFICE + SHEET)


def _chart(request: Request) -> Response:
    asked = request.query_params
    name, panel = asked.get("chart", "map"), asked.get("of", "a")
    spec = drawn(read_state(request.url.query), name, panel)
    if request.url.path.endswith(".svg"):
        return Response(as_svg(spec), media_type="image/svg+xml")
    return _download(as_png(spec), f"{name}.png", "image/png")


def _slide(request: Request) -> Response:
    return _download(slide(read_state(request.url.query)), "slide.pptx", OFFICE + SLIDES)


def _report(request: Request) -> Response:
    return _download(report_html(read_state(request.url.query)), "report.html", "text/html")


def _download(content: str | bytes, name: str, kind: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)


async def _open(request: Request) -> Response:
    """Read a scenario: of a file that a script sends, or of the box of the page without one."""
    written = "form" in request.headers.get("content-type", "")
    try:
        text, name = (await request.body()).decode("utf-8"), request.query_params.get("name", "")
        if written:
            text, name = dict(parse_qsl(text)).get("scenario", ""), "scenario"
        found = await run_in_threadpool(opened, text, name[-MOST_NAME:] or "line")
        address = urlencode({"a.start": OWN, "a.own": found["own"]})
        return RedirectResponse(f"/?{address}", 303) if written else JSONResponse(found)
    except HTTPException:
        return JSONResponse({"problem": f"Files are at most {MOST_BODY // 1024} kB."}, 413)
    except UnicodeDecodeError:
        return JSONResponse({"problem": "This is not a text file in UTF-8."}, 422)
    except DetenteError as error:
        if written:
            raise
        return JSONResponse({"problem": str(error)}, 422)


async def _draft(request: Request) -> Response:
    body = await _form(request)
    if request.url.path == "/draft":
        return HTMLResponse(await run_in_threadpool(draft_page, body))
    try:
        name, packed = await run_in_threadpool(draft_folder, body)
    except DetenteError:
        return HTMLResponse(await run_in_threadpool(draft_page, body), 422)
    return _download(packed, name, "application/zip")


async def _review(request: Request) -> Response:
    return HTMLResponse(await run_in_threadpool(review_page, await _form(request)))


async def _form(request: Request) -> str:
    """A form as it was sent; a `ScenarioError` for what is none."""
    try:
        return (await request.body()).decode("utf-8")
    except HTTPException as error:
        raise ScenarioError(f"Reports are at most {MOST_BODY // 1024} kB.") from error
    except UnicodeDecodeError as error:
        raise ScenarioError("This is not text in UTF-8.") from error


async def _asset(request: Request) -> Response:
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    name = request.path_params["name"]
    if name not in assets():
        return PlainTextResponse("not found", 404)
    kept = "public, max-age=31536000, immutable" if request.url.query else "no-cache"
    kind = kinds[name.rpartition(".")[2]]
    return Response(assets()[name], media_type=kind, headers={"cache-control": kept})
