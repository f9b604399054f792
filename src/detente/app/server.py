"""The server of the local page: stateless, on this computer only unless told otherwise.

Starlette and uvicorn: small, well kept, and all that is needed. The page is rendered here, so that
it works without JavaScript, and a script of a few hundred lines only replaces parts of it.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from detente.errors import MissingExtraError

HOST = "127.0.0.1"
PORT = 8765


def serve(
    host: str = HOST, port: int = PORT, open_browser: bool = False, case: Path | None = None
) -> None:
    """Serve the page until interrupted; by default only to programs on this computer.

    Port 0 takes a free one; one that is taken is an `OSError`. A `case` of the package, or in a
    folder of one's own, is shown first; what is changed in its files shows once the page is loaded
    anew.
    """
    app = make_app(host)
    if case is not None:
        from detente.app.starts import show_first

        show_first(case)
    import socket

    import uvicorn

    from detente.app.connections import Punctual

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=Punctual,
        h11_max_incomplete_event_size=96 * 1024,
        timeout_keep_alive=30,
        limit_concurrency=200,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        shown = f"[{shown}]" if ":" in shown else shown
        address = f"http://{shown}:{listening.getsockname()[1]}/"
        print(f"detente: {address} (Ctrl+C ends it)", file=sys.stderr, flush=True)
        if open_browser:
            import webbrowser

            threading.Timer(0.5, webbrowser.open, [address]).start()
        uvicorn.Server(config).run(sockets=[listening])


def make_app(host: str = HOST) -> Any:
    """The application, for any ASGI server; a `MissingExtraError` without the app extra."""
    for library in ("starlette.applications", "jinja2", "uvicorn"):
        try:
            __import__(library)
        except ImportError as error:
            name = library.partition(".")[0]
            raise MissingExtraError(name, "app", "the local page") from error
    from detente.app.routes import application

    return application(host)
