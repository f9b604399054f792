"""What is refused before it is looked at, and what browsers are told to refuse."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

MOST_QUERY = 48 * 1024
MOST_BODY = 256 * 1024

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


def guards(host: str) -> list[Middleware]:
    """What stands before the page on a server that listens on an address, the outermost first."""
    return [
        Middleware(BaseHTTPMiddleware, dispatch=_guarded),
        Middleware(TrustedHostMiddleware, allowed_hosts=_names(host), www_redirect=False),
        Middleware(RequestBodyLimitMiddleware, max_body_size=MOST_BODY),
    ]


def _names(host: str) -> list[str]:
    """Hosts that requests may name; a foreign name that resolves here means DNS rebinding.

    A server that listens on every address answers to any address, but to no other name. What ends
    in a number is an IPv4 address and never a name (WHATWG URL Standard, host parsing).
    """
    found = ["localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host]
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return found
    return [*found, *(f"*.{number}" for number in range(256))] if everywhere else found


def is_local(host: str) -> bool:
    """Whether a server that listens on an address is reached from this computer only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _guarded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    refused = _refusal(request)
    response = await answer(request) if refused is None else refused
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _refusal(request: Request) -> Response | None:
    """Refuse what does not come from the page itself, or from a person who follows a link to it."""
    headers = request.headers
    here = f"{request.url.scheme}://{headers.get('host', '')}"
    elsewhere = headers.get("origin", here) != here
    site = headers.get("sec-fetch-site", "none")
    if elsewhere or (site not in ("same-origin", "none") and not _follows_link(request)):
        return PlainTextResponse("requests from other origins are refused\n", 403)
    if len(request.scope.get("query_string", b"")) > MOST_QUERY:
        return PlainTextResponse(f"addresses are at most {MOST_QUERY:,} characters long\n", 414)
    return None


def _follows_link(request: Request) -> bool:
    """Whether a person opens the page from a link elsewhere: nothing changes, nothing is given."""
    opened = request.headers.get("sec-fetch-mode") == "navigate"
    shown = request.headers.get("sec-fetch-dest") == "document"
    return opened and shown and request.method == "GET" and request.url.path == "/"
