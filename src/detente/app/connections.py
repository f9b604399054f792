"""Connections that take too long are closed: a few slow ones would keep everybody else out."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 15.0
"""Seconds in which a request must have come, from its first byte on or from the connection's."""

ANSWERED = 600.0
"""Seconds in which an answer must have been made and taken."""


class Punctual(H11Protocol):
    """HTTP/1.1, with an end to waiting."""

    _ends: asyncio.TimerHandle | None = None
    _asked = False

    def connection_made(self, transport: Any) -> None:
        """A client is there."""
        super().connection_made(transport)
        self._end_in(PATIENCE)

    def data_received(self, data: bytes) -> None:
        """Part of a request has come, or all of it."""
        if self._ends is None:
            self._end_in(PATIENCE)
        super().data_received(data)
        whole = self.conn.their_state in (h11.DONE, h11.MUST_CLOSE)
        if whole and not self._asked and self._ends is not None:
            self._asked = True
            self._end_in(ANSWERED)

    def on_response_complete(self) -> None:
        """The client has the answer; how long it may then be silent is uvicorn's affair."""
        self._asked = False
        self._end_in(None)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._end_in(None)
        super().connection_lost(exc)

    def _end_in(self, seconds: float | None) -> None:
        if self._ends is not None:
            self._ends.cancel()
        self._ends = None if seconds is None else self.loop.call_later(seconds, self._end)

    def _end(self) -> None:
        self.transport.abort()
