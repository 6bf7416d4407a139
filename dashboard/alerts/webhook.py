"""Sending one message to the webhook: signed, bounded in time, tried again, never redirected.

The form is that of the Standard Webhooks specification, so that receivers find a library that
checks it: headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, HMAC-SHA256
over ``id.timestamp.body``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import urllib3
from urllib3 import exceptions
from urllib3.util import parse_url

from queries.errors import InvalidInputError
from queries.outbox import Message

_PREFIX = "whsec_"
_SHORTEST_KEY = 32
_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_RETRY_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, and how often to try again, in seconds.

    Between attempts it waits a random part of ``base_s`` · 2ⁿ, at most ``longest_s``, so that
    many senders do not return at the same moment.
    """

    attempts: int = 4
    connect_s: float = 5.0
    answer_s: float = 10.0
    base_s: float = 0.5
    longest_s: float = 8.0

    def pause(self, attempt: int) -> float:
        """Seconds before the attempt that follows number ``attempt``."""
        return random.uniform(0.0, min(self.longest_s, self.base_s * 2**attempt))


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a message; ``error`` is a kind of failure, without address or answer.

    ``unreachable`` says that the next message would fare no better.
    """

    attempts: int
    error: str | None = None
    unreachable: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int | None
    error: str | None
    retry_after_s: float | None = None

    @property
    def worth_another(self) -> bool:
        return self.status is None or self.status in _AGAIN


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to send, and the keys that sign: several while one replaces another."""

    url: str = field(repr=False)
    keys: tuple[bytes, ...] = field(repr=False)
    patience: Patience = Patience()
    sleep: Callable[[float], None] = time.sleep

    def send(self, message: Message) -> Sent:
        """Send a message until it is taken, refused, or patience ends."""
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=self.patience.connect_s, read=self.patience.answer_s)
        )
        with pool:
            for attempt in range(1, self.patience.attempts + 1):
                answer = self._post(pool, message)
                if answer.error is None:
                    return Sent(attempt)
                if not answer.worth_another or attempt == self.patience.attempts:
                    break
                self.sleep(max(self.patience.pause(attempt), answer.retry_after_s or 0.0))
        return Sent(attempt, answer.error, unreachable=answer.worth_another)

    def _post(self, pool: urllib3.PoolManager, message: Message) -> _Answer:
        body = message.body.encode()
        headers = {
            "content-type": "application/json",
            "user-agent": "plumbline",
            **self.signed(message.message_id, body, datetime.now(UTC)),
        }
        try:
            # The answer's body is never read, and no other address is ever followed.
            response = pool.urlopen(
                "POST",
                self.url,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except exceptions.NewConnectionError:  # which urllib3 counts among the time-outs
            return _Answer(None, "no connection")
        except exceptions.TimeoutError:
            return _Answer(None, "no answer in time")
        except exceptions.SSLError:
            return _Answer(None, "the certificate was not accepted")
        except exceptions.HTTPError:
            return _Answer(None, "no connection")
        response.close()
        return _judged(response.status, response.headers.get("retry-after"))

    def signed(self, message_id: str, body: bytes, at: datetime) -> dict[str, str]:
        """The three headers by which a receiver knows the sender, the moment and the message."""
        moment = str(int(at.timestamp()))
        content = b".".join((message_id.encode(), moment.encode(), body))
        signatures = (hmac.digest(key, content, hashlib.sha256) for key in self.keys)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": moment,
            "webhook-signature": " ".join(
                f"v1,{base64.b64encode(signature).decode()}" for signature in signatures
            ),
        }


def _judged(status: int, retry_after: str | None) -> _Answer:
    if 200 <= status < 300:
        return _Answer(status, None)
    if 300 <= status < 400:
        return _Answer(status, f"it redirects (HTTP {status}), which is not followed")
    wait = (
        float(retry_after)
        if retry_after and retry_after.isascii() and retry_after.isdigit()
        else None
    )
    return _Answer(
        status, f"HTTP {status}", min(wait, _LONGEST_RETRY_AFTER_S) if wait is not None else None
    )


def webhook(url: str, secret: str | None, patience: Patience = Patience()) -> Webhook:
    """A webhook by its address and its key.

    Raises:
        InvalidInputError: the address is not HTTPS (or plain HTTP to this very machine), or the
            key is missing or too short; neither is ever repeated.
    """
    try:
        parts = parse_url(url)
    except exceptions.LocationParseError:
        parts = None
    safe = (
        parts is not None
        and parts.host
        and not parts.auth
        and (parts.scheme == "https" or (parts.scheme == "http" and parts.host in _LOOPBACK))
    )
    if not safe:
        raise InvalidInputError(
            "PLUMBLINE_WEBHOOK_URL cannot be used. It has the form https://host/path, without a "
            "user name; plain http only reaches this machine."
        )
    return Webhook(url, _keys(secret), patience)


def _keys(secret: str | None) -> tuple[bytes, ...]:
    try:
        keys = tuple(
            base64.b64decode(word.removeprefix(_PREFIX), validate=True)
            for word in (secret or "").split()
            if word.startswith(_PREFIX)
        )
    except (binascii.Error, ValueError):
        keys = ()
    if not keys or len(keys) != len((secret or "").split()) or min(map(len, keys)) < _SHORTEST_KEY:
        raise InvalidInputError(
            "PLUMBLINE_WEBHOOK_SECRET cannot be used. It is whsec_ and at least 32 random bytes "
            "in base64; two of them, with a space between, while one replaces the other."
        )
    return keys
