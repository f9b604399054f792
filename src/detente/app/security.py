"""What the server refuses before it looks at a request, and what it tells browsers to refuse."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_QUERY = 48 * 1024
MOST_BODY = 256 * 1024

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses what does not come from the page itself, or from a person who follows a link to it.

    Parameters
    ----------
    app
        The application behind it.
    host
        Address that the server listens on. Requests must name it, or this computer, as their
        host: a foreign name that resolves here is the sign of DNS rebinding.
    """

    def __init__(self, app: App, host: str = "127.0.0.1") -> None:
        self.app = app
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        refused = self.refusal(scope)
        if refused is not None:
            await _refuse(send, *refused)
            return
        await self.app(scope, _limited(receive), _with_headers(send))

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, if a request is refused."""
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        host = headers.get("host", "")
        if not self._is_here(host):
            return 403, "this page answers under its own address only"
        origin = headers.get("origin")
        if origin is not None and origin != f"{scope.get('scheme', 'http')}://{host}":
            return 403, "requests from other origins are refused"
        site = headers.get("sec-fetch-site", "none")
        if site not in ("same-origin", "none") and not _follows_link(scope, headers):
            return 403, "requests from other origins are refused"
        if len(scope.get("query_string", b"")) > MOST_QUERY:
            return 414, f"addresses are at most {MOST_QUERY:,} characters long"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MOST_BODY:
            return 413, f"files are at most {MOST_BODY // 1024} kB"
        return None

    def _is_here(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", self.host):
            return True
        try:
            address = ipaddress.ip_address(name)
            everywhere = ipaddress.ip_address(self.host).is_unspecified
        except ValueError:
            return False
        return address.is_loopback or everywhere


def _follows_link(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether a person opens the page from a link elsewhere: nothing changes, nothing is given."""
    opened = headers.get("sec-fetch-mode") == "navigate"
    shown = headers.get("sec-fetch-dest") == "document"
    return opened and shown and scope["method"] == "GET" and scope["path"] == "/"


class TooLargeError(Exception):
    """A body went over the limit while it came in."""


def _limited(receive: Receive) -> Receive:
    """Count a body as it comes in; its declared length may be missing or wrong."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > MOST_BODY:
                raise TooLargeError
        return message

    return counted


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {k.lower() for k, _ in message["headers"]}
            more = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
            message["headers"] = [
                *message["headers"],
                *((k, v) for k, v in more if k not in present),
            ]
        await send(message)

    return sent


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = f"{reason}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *((k.encode(), v.encode()) for k, v in HEADERS.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
