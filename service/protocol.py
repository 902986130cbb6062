"""A connection of the server: it may not stay silent for ever, and nonsense gets a problem like any other."""

import asyncio
import uuid
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.problems import for_status, respond

__all__ = ["PatientProtocol"]

_HEAD_S: Final = 20.0  # within which a request's head arrives; its body has a pace of its own to keep


class PatientProtocol(H11Protocol):
    """One connection; without a limit, whoever opens many and sends nothing takes them from all others."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came, and wait on if that was only part of a request's head."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, in the shape of all other errors."""
        del msg
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:  # an answer is on its way already
            self.transport.close()
            return
        answer = respond(for_status(400), uuid.uuid4().hex)
        headers = [*answer.raw_headers, (b"connection", b"close")]
        events: tuple[Any, ...] = (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(_HEAD_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
