"""The webhook against a real HTTP server: signed, tried again, bounded, and nothing is lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa

from dashboard.alerts.delivery import Delivery, deliver
from dashboard.alerts.webhook import Patience, Webhook, webhook
from queries import outbox
from queries.database import own_engine, read
from queries.errors import InvalidInputError
from queries.outbox import Message
from queries.own_schema import ensure_own_schema
from tests.conftest import new_database

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
MESSAGE = Message("event-1", "alert.raised", '{"type":"alert.raised","data":{"titel":"é"}}')
QUICK = Patience(attempts=3, connect_s=2, answer_s=0.3, base_s=0, longest_s=0)


@dataclass
class Receiver:
    """A server on this machine that answers as it is told, and remembers what it was asked."""

    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[dict[str, str], bytes, str]] = field(default_factory=list)
    stuck: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            told.seen.append(({k.lower(): v for k, v in self.headers.items()}, body, self.path))
            status = told.answers.pop(0) if told.answers else 204
            if status == 0:
                told.stuck.wait(10)
                return
            self.send_response(status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield told
    told.stuck.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def database(server_url: str) -> Iterator[str]:
    """One database for all tests here: each makes the schema anew."""
    with new_database(server_url) as url:
        yield url


@pytest.fixture
def engine(database: str) -> Iterator[sa.Engine]:
    made = own_engine(database)
    with made.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS plumbline CASCADE"))
    ensure_own_schema(made)
    yield made
    made.dispose()


def put(engine: sa.Engine, *messages: Message) -> None:
    with engine.begin() as connection:
        for message in messages:
            outbox.enqueue(connection, message, NOW)


def hook(receiver: Receiver) -> Webhook:
    return webhook(receiver.url, SECRET, QUICK)


def genuine(headers: dict[str, str], body: bytes, key: bytes = KEY) -> bool:
    """What the documentation tells a receiver to do."""
    content = b".".join(
        (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
    )
    wanted = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return any(
        hmac.compare_digest(f"v1,{wanted}".encode(), one.encode())
        for one in headers["webhook-signature"].split()
    )


def test_a_message_is_signed_so_that_any_change_shows(receiver: Receiver) -> None:
    assert hook(receiver).send(MESSAGE).error is None
    ((headers, body, path),) = receiver.seen
    assert (path, json.loads(body)["type"]) == ("/hook", "alert.raised")
    assert headers["content-type"] == "application/json"
    assert genuine(headers, body)
    assert not genuine(headers, body + b" ")
    assert not genuine({**headers, "webhook-timestamp": "1"}, body)
    assert not genuine({**headers, "webhook-id": "event-2"}, body)
    assert not genuine(headers, body, key=bytes(32))


def test_a_known_signature() -> None:
    """The example of the Standard Webhooks specification's reference libraries."""
    known = Webhook("https://x", (base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),))
    headers = known.signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_key_is_replaced_both_sign(receiver: Receiver) -> None:
    other = bytes(range(32, 64))
    both = f"{SECRET} whsec_{base64.b64encode(other).decode()}"
    webhook(receiver.url, both, QUICK).send(MESSAGE)
    headers, body, _ = receiver.seen[0]
    assert genuine(headers, body)
    assert genuine(headers, body, key=other)


def test_a_failure_is_tried_again_with_the_same_id(receiver: Receiver) -> None:
    receiver.answers = [500, 503, 200]
    sent = hook(receiver).send(MESSAGE)
    assert (sent.attempts, sent.error) == (3, None)
    assert {headers["webhook-id"] for headers, _, _ in receiver.seen} == {"event-1"}
    assert all(genuine(headers, body) for headers, body, _ in receiver.seen)


def test_patience_ends(receiver: Receiver) -> None:
    receiver.answers = [500] * 9
    sent = hook(receiver).send(MESSAGE)
    assert (sent.attempts, sent.error, sent.unreachable) == (3, "HTTP 500", True)
    assert len(receiver.seen) == 3


def test_a_refusal_is_not_repeated(receiver: Receiver) -> None:
    receiver.answers = [401]
    sent = hook(receiver).send(MESSAGE)
    assert (sent.attempts, sent.error, sent.unreachable) == (1, "HTTP 401", False)


def test_a_slow_receiver_does_not_hold_us(receiver: Receiver) -> None:
    receiver.answers = [0, 0, 0]
    sent = hook(receiver).send(MESSAGE)
    assert (sent.attempts, sent.error) == (3, "no answer in time")


def test_nobody_there_is_no_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        sent = webhook(url, SECRET, QUICK).send(MESSAGE)
    assert (sent.attempts, sent.error, sent.unreachable) == (3, "no connection", True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    receiver.headers = {"location": f"{receiver.url}/elsewhere"}
    sent = hook(receiver).send(MESSAGE)
    assert sent.error == f"it redirects (HTTP {status}), which is not followed"
    assert [path for _, _, path in receiver.seen] == ["/hook"]


@pytest.mark.parametrize(
    ("header", "pause"), [("2", 2.0), ("86400", 30.0), ("soon", 0.0), ("-1", 0.0), ("٣", 0.0)]
)
def test_the_receiver_may_ask_for_a_pause(receiver: Receiver, header: str, pause: float) -> None:
    receiver.answers = [429, 200]
    receiver.headers = {"retry-after": header.encode().decode("latin-1")}
    pauses: list[float] = []
    sent = replace(hook(receiver), sleep=pauses.append).send(MESSAGE)
    assert (sent.error, pauses) == (None, [pause])


def test_pauses_grow_and_differ() -> None:
    patience = Patience(base_s=1, longest_s=8)
    for attempt, longest in ((1, 2.0), (2, 4.0), (3, 8.0), (9, 8.0)):
        pauses = {patience.pause(attempt) for _ in range(200)}
        assert longest / 2 < max(pauses) <= longest
        assert min(pauses) < longest / 2


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "http://127.0.0.1.example.org/",
        "https://someone:hidden@example.org/",
        "ftp://example.org/",
        "https:///path",
        "file:///etc/passwd",
        "hidden",
        "https://[hidden/",
    ],
)
def test_an_unsafe_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidInputError, match="PLUMBLINE_WEBHOOK_URL") as caught:
        webhook(url, SECRET)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "secret",
    [None, "", "hidden", "whsec_", "whsec_aGlkZGVu", f"whsec_{'*' * 44}", f"{SECRET} hidden"],
)
def test_a_weak_key_is_refused_and_not_repeated(secret: str | None) -> None:
    with pytest.raises(InvalidInputError, match="PLUMBLINE_WEBHOOK_SECRET") as caught:
        webhook("https://example.org/hook", secret)
    assert "hidden" not in str(caught.value)


def test_keys_are_not_shown() -> None:
    shown = repr(webhook("https://example.org/token-hidden", SECRET))
    assert "hidden" not in shown
    assert repr(KEY) not in shown


def test_nothing_is_lost_while_the_receiver_is_down(receiver: Receiver, engine: sa.Engine) -> None:
    put(engine, MESSAGE, replace(MESSAGE, message_id="event-2"))
    receiver.answers = [500] * 3
    assert deliver(engine, hook(receiver)) == Delivery(0, 2, "HTTP 500")
    assert deliver(engine, hook(receiver)) == Delivery(2, 0)
    assert deliver(engine, hook(receiver)) == Delivery(0, 0)
    ids = [headers["webhook-id"] for headers, _, _ in receiver.seen]
    assert ids == ["event-1"] * 4 + ["event-2"]
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT message_id, attempts, last_error, delivered_at IS NOT NULL "
                "FROM plumbline.webhook_outbox ORDER BY message_no"
            )
        ).all()
    assert rows == [("event-1", 4, None, True), ("event-2", 1, None, True)]


def test_a_refused_message_does_not_hold_up_the_next(receiver: Receiver, engine: sa.Engine) -> None:
    put(engine, MESSAGE, replace(MESSAGE, message_id="event-2"))
    receiver.answers = [400]
    assert deliver(engine, hook(receiver)) == Delivery(1, 1, "HTTP 400")
    state = read(engine, outbox.outbox_state).rows[0]
    assert (state.waiting, state.delivered, state.last_error) == (1, 1, "HTTP 400")


def test_one_delivers_at_a_time(receiver: Receiver, engine: sa.Engine) -> None:
    put(engine, MESSAGE)
    with outbox.only_deliverer(engine) as held:
        assert held is not None
        assert deliver(engine, hook(receiver)).busy
    assert receiver.seen == []
    assert deliver(engine, hook(receiver)).delivered == 1
