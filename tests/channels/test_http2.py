"""Our HTTP/2 against python-hyper's: what it says is understood, what is said to it is obeyed, else libcurl goes on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import chain

import pytest
from h2.settings import SettingCodes
from hpack import Decoder, Encoder
from hypothesis import given
from hypothesis import strategies as st

from beffroi.channels.http2.fields import Fields, fields, status
from beffroi.channels.http2.lobby import Lobby
from beffroi.channels.http2.transport import Http2
from beffroi.channels.road import Road
from beffroi.channels.sending import FREE
from beffroi.channels.transport import Headers, Reply, Request, Transport
from tests.channels.faulty import FINE, Fault, Sink
from tests.e2e.tls import Authority

HEADERS: Headers = (("Authorization", "vapid t=x"), ("TTL", "60"), ("Topic", "t" * 32), ("Urgency", "high"))


@pytest.fixture(name="vendor")
def vendor_fixture(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Sink]]:
    """Makes a vendor that speaks HTTP/2."""
    with closing(Authority()) as authority:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
        yield lambda *args, **more: Sink(*args, authority=authority, http2=True, **more)


def ask(road: Transport, origin: str, count: int, headers: Headers = HEADERS, size: int = 600) -> dict[int, Reply]:
    """So many requests; each has one reply."""
    requests = (Request(number, f"{origin}/p/{number}", headers, bytes(size)) for number in range(count))
    found = list(road.exchange(requests, lambda: False, FREE))
    assert len(found) == count
    return {one.id: one for one in found}


names = st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=300)
heads = st.lists(st.tuples(names, values), max_size=8).map(tuple)


@given(st.lists(heads, min_size=1, max_size=6), st.sampled_from([0, 64, 300, 1000, 4096, 65536]))
def test_header_blocks_are_understood(asked: list[Headers], limit: int) -> None:
    """Whatever the headers and whatever the vendor keeps of them: hpack reads back what was meant, block after block."""
    ours, theirs = Fields("e.example:8443", limit), Decoder()
    theirs.max_allowed_table_size = min(limit, 4096)
    for headers in chain.from_iterable((one, one) for one in asked):
        path = b"/p/" + b"a" * 200
        block = path.join(ours.around(headers, len(path), 686))
        assert [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "e.example:8443"),
            (":path", "/p/" + "a" * 200),
            *headers,
            ("content-length", "686"),
        ] == [(str(name), str(value)) for name, value in theirs.decode(block)]


def test_headers_that_stay_are_sent_once() -> None:
    """The second request costs its path and a few bytes, the changing TTL included."""
    ours = Fields("e.example")
    first = b"/p/1".join(ours.around(HEADERS, 4, 600))
    assert len(b"/p/2".join(ours.around(HEADERS, 4, 600))) < 30 < 100 < len(first)
    later = tuple((name, "59" if name == "TTL" else value) for name, value in HEADERS)
    assert len(b"/p/3".join(ours.around(later, 4, 600))) < 30


@given(st.integers(100, 599), heads, st.booleans())
def test_status_is_read_without_the_rest(number: int, headers: Headers, huffman: bool) -> None:
    """Whatever follows, and however hpack writes it: the same status, and the same headers where they are wanted."""
    theirs = Encoder()
    theirs.header_table_size = 0
    for block in (theirs.encode([(":status", str(number)), *headers], huffman=huffman) for _ in range(2)):
        assert number == status(block)
        assert str(number) == fields(block)[":status"]


@given(st.binary(max_size=40))
def test_nonsense_is_a_value_error(block: bytes) -> None:
    """Bytes that are no header block raise `ValueError`, and nothing else."""
    for read in (status, fields):
        with suppress(ValueError):
            read(block)


@pytest.mark.parametrize("kind", ["goaway", "refuse"])
def test_what_was_not_looked_at_goes_out_again(vendor: Callable[..., Sink], kind: str) -> None:
    """A vendor that closes a connection, as all do now and then, costs nobody a message nor a doubt."""
    plan = lambda path, attempt: Fault(kind) if path.endswith("77") and not attempt else FINE  # noqa: E731
    with vendor(plan) as sink, closing(Road(5, 120)) as road:
        found = ask(road, sink.origin, 200)
    assert {201} == {one.status for one in found.values()}
    assert {1} == set(sink.told.values())


def test_refusals_without_end_are_given_up(vendor: Callable[..., Sink]) -> None:
    """A request that is never looked at is left to the worker, without doubt."""
    with vendor(lambda path, attempt: Fault("refuse")) as sink, closing(Road(5, 120)) as road:
        found = ask(road, sink.origin, 3)
    assert {(0, "a coupé la connexion", False)} == {(one.status, one.trouble, one.doubt) for one in found.values()}
    assert {3} == set(sink.attempts.values())


@pytest.mark.parametrize(
    "settings",
    [
        {SettingCodes.MAX_CONCURRENT_STREAMS: 5},
        {SettingCodes.HEADER_TABLE_SIZE: 0},
        {SettingCodes.HEADER_TABLE_SIZE: 100},
        {SettingCodes.INITIAL_WINDOW_SIZE: 2800},
    ],
)
def test_vendors_settings_are_obeyed(vendor: Callable[..., Sink], settings: dict[int, int]) -> None:
    """Few streams, no table, small windows: everything arrives, if need be by libcurl."""
    with vendor(settings=settings) as sink, closing(Road(5, 120)) as road:
        found = ask(road, sink.origin, 150, size=2700)
        assert {201} == {one.status for one in found.values()}
        assert sink.connections <= 5


def test_vendor_with_tiny_windows_is_libcurls(vendor: Callable[..., Sink]) -> None:
    """Where a body does not fit in a stream's first window, nothing is sent; all of it is handed over."""
    with vendor(settings={SettingCodes.INITIAL_WINDOW_SIZE: 100}) as sink, closing(Http2(5, 120)) as road:
        assert road.speaks(sink.origin)
        run = road.exchange(iter([Request(1, f"{sink.origin}/p", HEADERS, bytes(600))]), lambda: False, FREE)
        with pytest.raises(StopIteration) as caught:
            next(run)
        assert [1] == [one.id for one in caught.value.value]
        assert (False, []) == (road.speaks(sink.origin), sink.posts)


def test_first_connection_serves_the_second_call(vendor: Callable[..., Sink]) -> None:
    """Connections are kept, and one that the vendor closed meanwhile is replaced in silence."""
    plan = lambda path, attempt: Fault("goaway") if path == "/p/99" and not attempt else FINE  # noqa: E731
    with vendor(plan) as sink, closing(Road(5, 120)) as road:
        ask(road, sink.origin, 50)
        assert sink.connections == 1
        ask(road, sink.origin, 100)
        assert sink.connections == 2
        assert {201} == {one.status for one in ask(road, sink.origin, 10).values()}


def test_a_connection_gone_mute_is_replaced(vendor: Callable[..., Sink]) -> None:
    """Where nothing comes any more, requests are overdue, in doubt, and the next ones go over a new connection."""
    with vendor(lambda path, attempt: Fault("mute") if not attempt else FINE) as sink, closing(Road(2, 120)) as road:
        first = ask(road, sink.origin, 3)
        assert {("ne répond pas à temps", True)} == {(one.trouble, one.doubt) for one in first.values()}
        assert {201} == {one.status for one in ask(road, sink.origin, 3).values()}
        assert sink.connections == 2


GARBAGE = [
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    b"\0\0\0\4\0\0\0\0\0" + b"\0\0\1\1\5\0\0\0\1\xff",
    b"\0\0\0\4\0\0\0\0\0" + b"\0\0\0\5\4\0\0\0\1",
    b"\0\0\0\4\0\0\0\0\0" + b"\0\0\1\1\0\0\0\0\1\x88" + b"\0\0\0\6\0\0\0\0\0",
    b"\xff\xff\xff\4\0\0\0\0\0",
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_vendor_that_cannot_be_understood_is_libcurls(monkeypatch: pytest.MonkeyPatch, garbage: bytes) -> None:
    """What breaks the protocol costs what was in flight an answer, never a crash; we do not try again by ourselves."""
    with closing(Authority()) as authority, socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
        context = authority.server_context()
        context.set_alpn_protocols(["h2"])

        def serve() -> None:
            with server.accept()[0] as raw, context.wrap_socket(raw, server_side=True) as sock:
                sock.recv(65536)
                sock.sendall(garbage)
                while sock.recv(65536):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        origin = f"https://127.0.0.1:{server.getsockname()[1]}"
        with closing(Http2(2, 120)) as road:
            if road.speaks(origin):
                requests = iter([Request(1, f"{origin}/p", HEADERS, b"a")])
                assert [0] == [one.status for one in road.exchange(requests, lambda: False, FREE)] or not road.speaks(
                    origin
                )
        thread.join(10)
        assert not thread.is_alive()


def test_connection_opened_ahead_is_the_one_that_is_used(vendor: Callable[..., Sink]) -> None:
    """What the lobby opened carries the messages; no other connection is made while it does."""
    with vendor() as sink, closing(Lobby(5)) as lobby, closing(Http2(5, 120, lobby=lobby)) as road:
        lobby.expect(sink.origin, 1)
        assert road.speaks(sink.origin)
        assert {reply.status for reply in ask(road, sink.origin, 60).values()} == {201}
        assert (sink.connections, len(sink.posts)) == (1, 60)


@pytest.mark.parametrize("seconds", [0, 31])
def test_connection_that_went_stale_is_replaced(vendor: Callable[..., Sink], seconds: int) -> None:
    """A connection that the vendor closed meanwhile, or that waited for too long, is given to nobody."""
    clock = [0.0]
    with closing(Lobby(5, lambda: clock[0])) as lobby:
        with vendor() as sink:
            lobby.expect(sink.origin, 1)
            for thread in lobby._coming[sink.origin]:
                thread.join()
            clock[0] += seconds
            if seconds:
                assert lobby.take(sink.origin) is None
        if not seconds:  # the vendor is gone
            assert lobby.take(sink.origin) is None


def test_lobby_forgets_a_vendor_out_of_reach() -> None:
    """A vendor that is not there is no fault of whoever gets ready."""
    with closing(Lobby(5)) as lobby:
        lobby.expect("https://127.0.0.1:9", 2)
        assert lobby.take("https://127.0.0.1:9") is None
