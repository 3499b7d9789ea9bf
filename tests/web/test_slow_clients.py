"""Clients that send slowly, send too much or do not read, and more people than there is room for.

A real server on the loopback, with the deadlines of the product made shorter (threat 24).
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kernel.cli.deadlines import DeadlineProtocol, enough_descriptors
from kernel.errors import Unavailable
from kernel.portal.admission import Admission
from kernel.testing_office import Office

MANY = 300


class Quick(DeadlineProtocol):
    """The same protocol with shorter times."""

    HEAD_SECONDS: ClassVar[float] = 0.6
    BODY_SECONDS: ClassVar[float] = 0.4
    BODY_BYTES: ClassVar[int] = 200
    TAKE_SECONDS: ClassVar[float] = 0.6


@contextmanager
def served(app: Any, protocol: type[DeadlineProtocol] = Quick) -> Iterator[int]:
    """A server in a thread; gives its port."""
    config = uvicorn.Config(
        app, http=protocol, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as taken:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
        thread.start()
        try:
            yield int(taken.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(timeout=20)
    assert not thread.is_alive()


async def _echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _large(request: Request) -> Response:
    return PlainTextResponse("x" * 20_000_000)


PLAIN = Starlette(routes=[Route("/", _echo, methods=["GET", "POST"]), Route("/large", _large)])


def connect(port: int, sent: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    made.sendall(sent)
    return made


def dropped(one: socket.socket) -> bool:
    """Whether the other side closed it; waits as long as the socket's timeout."""
    try:
        while one.recv(65536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def all_dropped(held: list[socket.socket], seconds: float) -> int:
    """How many of them are still open after that time."""
    until, still = time.monotonic() + seconds, 0
    for one in held:
        one.settimeout(max(0.01, until - time.monotonic()))
        still += not dropped(one)
        one.close()
    return still


HALF = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc"


@pytest.mark.parametrize("sent", [b"", HALF, BODY], ids=["silent", "half a head", "slow body"])
def test_hundreds_of_slow_clients_are_dropped_while_people_are_served(sent: bytes):
    with served(PLAIN) as port:
        held = [connect(port, sent) for _ in range(MANY)]
        for _ in range(5):
            assert httpx2.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 200
        assert all_dropped(held, seconds=8) == 0
        assert httpx2.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 200


def test_a_head_that_drips_on_and_on_is_dropped():
    with served(PLAIN) as port:
        one = connect(port, HALF)
        begun = time.monotonic()
        with pytest.raises(ConnectionError):
            while time.monotonic() < begun + 8:
                one.sendall(b"a")
                time.sleep(0.1)
        assert time.monotonic() < begun + 8
        one.close()


def test_a_body_that_drips_is_dropped_and_one_at_a_fair_speed_is_not():
    with served(PLAIN) as port:
        slow = connect(port, BODY)
        fair = connect(port, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6000\r\n\r\n")
        gone = False
        for _ in range(20):
            fair.sendall(b"x" * 300)
            try:
                slow.sendall(b"x")
            except ConnectionError:
                gone = True
            time.sleep(0.1)
        assert gone
        assert fair.recv(4096).endswith(b"6000")
        slow.close()
        fair.close()


def test_line_breaks_between_two_requests_hold_nothing_open():
    with served(PLAIN) as port:
        one = connect(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" in one.recv(4096)
        one.sendall(b"\r\n")
        one.settimeout(5)
        assert dropped(one)
        one.close()


def test_who_does_not_take_his_answer_is_dropped():
    with served(PLAIN) as port:
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", port))
        one.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(2.5)
        one.settimeout(10)
        got = 0
        try:
            while piece := one.recv(1 << 20):
                got += len(piece)
        except ConnectionError:
            pass
        assert got < 20_000_000
        one.close()


def test_a_head_without_end_is_refused():
    with served(PLAIN, DeadlineProtocol) as port:
        one = connect(port, b"GET / HTTP/1.1\r\n")
        answer = b""
        try:
            for _ in range(200):
                one.sendall(b"X-A: " + b"a" * 1000 + b"\r\n")
            answer = one.recv(100)
        except ConnectionError:
            answer = b"closed"
        assert b"400" in answer or answer == b"closed"
        one.close()


class Few(Quick):
    """At most four connections of one address."""

    HEAD_SECONDS: ClassVar[float] = 30.0
    PER_SOURCE: ClassVar[int] = 4


def test_one_address_holds_so_many_connections_and_gets_them_back():
    with served(PLAIN, Few) as port:
        held = [connect(port) for _ in range(4)]
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"http://127.0.0.1:{port}/", timeout=5)
        for one in held:
            one.close()
        time.sleep(0.2)
        assert httpx2.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 200
    assert not Few.open


def test_the_product_leaves_room_for_its_own_files():
    assert 0 < enough_descriptors() <= DeadlineProtocol.ALL


def test_a_form_that_is_broken_off_is_no_defect(office: Office):
    with served(office.node.app()) as port:
        one = connect(
            port,
            b"POST /me/display HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nsize=",
        )
        one.settimeout(6)
        assert dropped(one)
        one.close()
        assert httpx2.get(f"http://127.0.0.1:{port}/login", timeout=20).status_code == 200
    assert not (office.settings.instance / "logs" / "incidents.jsonl").exists()


# Admission ------------------------------------------------------------------------------


async def crowd(door: Admission, count: int, seconds: float) -> tuple[int, int, int]:
    """So many come at once: how many were served, refused, and the most at one time."""
    inside = most = refused = 0

    async def one() -> None:
        nonlocal inside, most, refused
        try:
            async with door.slot():
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(seconds)
                inside -= 1
        except Unavailable as error:
            assert (error.code, error.status) == ("portal.busy", 503)
            refused += 1

    await asyncio.gather(*(one() for _ in range(count)))
    return count - refused, refused, most


def test_so_many_run_so_many_wait_and_the_rest_hear_it_at_once():
    door = Admission(running=4, waiting=8, patience=5)
    assert asyncio.run(crowd(door, 40, 0.05)) == (12, 28, 4)
    assert asyncio.run(crowd(door, 12, 0.01)) == (12, 0, 4)  # and in another loop


def test_nobody_waits_longer_than_his_patience():
    door = Admission(running=2, waiting=100, patience=0.2)
    begun = time.monotonic()
    assert asyncio.run(crowd(door, 6, 1.0)) == (2, 4, 2)
    assert time.monotonic() - begun < 5


def test_a_crowd_gets_its_pages_or_a_word_and_health_always_answers(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    from kernel.portal import admission

    monkeypatch.setattr(admission, "admission", Admission(running=2, waiting=2, patience=0.5))
    with served(office.node.app(), DeadlineProtocol) as port:
        answers: list[httpx2.Response] = []
        base = f"http://127.0.0.1:{port}"

        def come() -> None:
            answers.append(httpx2.get(f"{base}/login", timeout=60))

        people = [threading.Thread(target=come) for _ in range(40)]
        for one in people:
            one.start()
        healthy = [httpx2.get(f"{base}/health", timeout=10).status_code for _ in range(10)]
        for one in people:
            one.join()
    assert healthy == [200] * 10
    assert {one.status_code for one in answers} == {200, 503}
    for one in answers:
        if one.status_code == 503:
            assert one.headers["retry-after"] == "2"
            assert "portal.busy" in one.text
            assert "default-src 'none'" in one.headers["content-security-policy"]
