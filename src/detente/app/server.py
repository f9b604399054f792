"""The server of the local page: stateless, on this computer only unless told otherwise.

Starlette and uvicorn: small, well kept, and all that is needed. The page is rendered here, so that
it works without JavaScript, and a script of a few hundred lines only replaces parts of it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from detente.errors import DetenteError, MissingExtraError, ScenarioError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from detente.app.state import State

Value = TypeVar("Value")

HOST = "127.0.0.1"
PORT = 8765
AT_ONCE = 2
"""Scenarios solved at the same time; the others wait their turn."""


def serve(host: str = HOST, port: int = PORT, open_browser: bool = False) -> None:
    """Serve the page until interrupted.

    Parameters
    ----------
    host
        Address to listen on; by default only programs on this computer reach the page.
    port
        Port; 0 takes a free one.
    open_browser
        Show the page once it is there.

    Raises
    ------
    MissingExtraError
        Without the app extra.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("uvicorn", "app", "the local page") from error

    config = uvicorn.Config(
        make_app(host),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        http="h11",
        h11_max_incomplete_event_size=96 * 1024,
        timeout_keep_alive=30,
        limit_concurrency=200,
    )
    server = uvicorn.Server(config)
    with _bound(config) as socket:
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        address = f"http://{f'[{shown}]' if ':' in shown else shown}:{socket.getsockname()[1]}/"
        print(f"detente: {address} (Ctrl+C ends it)", file=sys.stderr, flush=True)
        if open_browser:
            _open_soon(address)
        server.run(sockets=[socket])


def _bound(config: Any) -> Any:
    """Take the port, or fail with an ordinary error."""
    import socket

    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((config.host, config.port))
    except OSError as error:
        found.close()
        raise OSError(f"port {config.port} of {config.host}: {error.strerror}") from error
    return found


def _open_soon(address: str) -> None:
    import webbrowser

    threading.Timer(0.5, webbrowser.open, [address]).start()


def make_app(host: str = HOST) -> Any:
    """The application, for any ASGI server.

    Raises
    ------
    MissingExtraError
        Without the app extra.
    """
    try:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.routing import Route
    except ImportError as error:
        raise MissingExtraError("starlette", "app", "the local page") from error
    from detente.app.security import Guard

    return Starlette(
        routes=[
            Route("/", _page),
            Route("/part", _part),
            Route("/scenario.yaml", _scenario),
            Route("/results.csv", _results),
            Route("/report.html", _report),
            Route("/open", _open, methods=["POST"]),
            Route("/static/{name}", _asset),
        ],
        middleware=[Middleware(Guard, host=host)],
        lifespan=_warm,
    )


@asynccontextmanager
async def _warm(_: Any) -> AsyncIterator[None]:
    """Solve the first page in the background, so that nobody waits for it."""
    threading.Thread(target=_first_page, daemon=True).start()
    yield


def _first_page() -> None:
    from detente.app.address import read_state
    from detente.app.page import render

    render("page.html", read_state(""))


# ------------------------------------------------------------------------------------- the routes


async def _computed(function: Callable[..., Value], *arguments: Any) -> Value:
    """Run in a thread: the solver leaves Python's lock, and a waiting request costs nothing."""
    from anyio import to_thread

    return await to_thread.run_sync(function, *arguments, limiter=_limiter())


def _limiter() -> Any:
    """One limiter per event loop."""
    from anyio import CapacityLimiter
    from anyio.lowlevel import RunVar

    global _at_once  # noqa: PLW0603
    if _at_once is None:
        _at_once = RunVar("detente solves")
    try:
        return _at_once.get()
    except LookupError:
        found = CapacityLimiter(AT_ONCE)
        _at_once.set(found)
        return found


_at_once: Any = None


def _state(request: Request) -> State:
    from detente.app.address import read_state

    return read_state(request.url.query)


async def _page(request: Request) -> Response:
    from starlette.responses import HTMLResponse, RedirectResponse

    from detente.app.address import query_of
    from detente.app.page import problem_page, render

    try:
        state = await _computed(_state, request)
    except DetenteError as error:
        return HTMLResponse(problem_page(str(error)), 400)
    if "a.full" in request.query_params:
        return RedirectResponse(f"/?{query_of(state)}", 303)
    return HTMLResponse(await _computed(render, "page.html", state))


async def _part(request: Request) -> Response:
    from starlette.responses import HTMLResponse, PlainTextResponse

    from detente.app.page import render

    def rendered() -> str:
        return render("part.html", _state(request))

    try:
        return HTMLResponse(await _computed(rendered))
    except DetenteError as error:
        return PlainTextResponse(str(error), 400)


async def _scenario(request: Request) -> Response:
    from detente.app.controls import scenario_of
    from detente.app.files import scenario_yaml

    def written() -> str:
        state = _state(request)
        name = request.query_params.get("of", "a")
        panel = state.b if name == "b" and state.b is not None else state.a
        return scenario_yaml(scenario_of(panel))

    return await _download(written, "scenario.yaml", "application/yaml")


async def _results(request: Request) -> Response:
    from detente.app.files import results_csv
    from detente.app.page import TABLES, views_of

    table = request.query_params.get("table", "countries")

    def written() -> str:
        if table not in dict(TABLES):
            raise ScenarioError(f"no table {table[:40]!r}")
        return results_csv(views_of(_state(request)), table)

    return await _download(written, f"{table}.csv", "text/csv")


async def _report(request: Request) -> Response:
    from detente.app.files import report_html

    return await _download(lambda: report_html(_state(request)), "report.html", "text/html")


async def _download(written: Callable[[], str], name: str, kind: str) -> Response:
    from starlette.responses import PlainTextResponse, Response

    try:
        text = await _computed(written)
    except DetenteError as error:
        return PlainTextResponse(str(error), 400)
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=kind, headers=headers)


async def _open(request: Request) -> Response:
    from starlette.responses import JSONResponse

    from detente.app.files import opened
    from detente.app.security import MOST_BODY, TooLargeError

    try:
        body = await request.body()
    except TooLargeError:
        return JSONResponse({"problem": f"Files are at most {MOST_BODY // 1024} kB."}, 413)
    try:
        text = body.decode("utf-8")
        return JSONResponse(await _computed(opened, text))
    except UnicodeDecodeError:
        return JSONResponse({"problem": "This is not a text file in UTF-8."}, 422)
    except DetenteError as error:
        return JSONResponse({"problem": str(error)}, 422)


async def _asset(request: Request) -> Response:
    from starlette.responses import PlainTextResponse, Response

    from detente.app.page import assets

    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    name = request.path_params["name"]
    if name not in assets():
        return PlainTextResponse("not found", 404)
    kept = "public, max-age=31536000, immutable" if request.url.query else "no-cache"
    return Response(
        assets()[name],
        media_type=kinds[name.rpartition(".")[2]],
        headers={"cache-control": kept},
    )
