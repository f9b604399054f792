"""The command that serves the page."""

from __future__ import annotations

from typing import Annotated

import typer


def serve_page(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8765,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Show the page in the browser.")
    ] = False,
) -> None:
    """Serve the page on which sanctions are eased and imposed with sliders, on this computer."""
    from detente.app.server import serve

    serve(host, port, open_browser)
