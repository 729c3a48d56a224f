"""Key pairs made many at once by Python's own OpenSSL are what `cryptography` would have agreed on."""

from __future__ import annotations

import ctypes
import resource
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from beffroi.channels import agreement
from beffroi.channels.agreement import POINT, Agreed, agreed, openssl
from beffroi.channels.encoding import ARMED, arm_all, encode
from tests.e2e.paper import PaperKeys
from tests.e2e.push_rules import b64url, unb64url

CURVE = ec.SECP256R1()
BROWSERS = [ec.generate_private_key(CURVE) for _ in range(20)]
POINTS = [one.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for one in BROWSERS]
ELSEWHERE = b"\4" + bytes(63) + b"\1"
"""On no curve."""
PAPER = [PaperKeys.generate() for _ in range(5)]


@pytest.fixture(name="forgotten", autouse=True)
def forgotten_fixture() -> Iterator[None]:
    """What a test makes of the library is of that test."""
    yield
    openssl.cache_clear()


def same(browser: ec.EllipticCurvePrivateKey, found: Agreed | None) -> bool:
    """Whether the browser agrees, by `cryptography`, on the same."""
    assert found is not None
    ours = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, found[0])
    return found[1] == browser.exchange(ec.ECDH(), ours)


def test_python_has_an_openssl_that_serves() -> None:
    """Where the tests run, the quick way is the one that is used: the others of this file try it."""
    assert openssl() is not None


@given(st.lists(st.integers(0, 19), max_size=8))
def test_browsers_agree_on_the_same(some: list[int]) -> None:
    """For any browsers, one twice or none at all: `cryptography` agrees, with the point that we give, on what we give."""
    found = agreed([POINTS[one] for one in some])
    assert [True] * len(some) == [same(BROWSERS[one], pair) for one, pair in zip(some, found, strict=True)]


def test_no_key_pair_serves_twice() -> None:
    """A thousand for one browser are a thousand different ones."""
    found = [one for _ in range(20) for one in agreed([POINTS[0]] * 50) if one]
    assert (1000, 1000) == (len({public for public, _ in found}), len({shared for _, shared in found}))


@given(st.one_of(st.binary(max_size=POINT + 1), st.binary(min_size=64, max_size=64).map(lambda some: b"\4" + some)))
def test_what_is_no_point_stops_nobody(point: bytes) -> None:
    """Any bytes, of the right length or not: nothing for them, the right thing for the others, no error left behind.

    One that stayed in OpenSSL's list would be taken for a fault of the thread's next TLS connection.
    """
    before, wrong, after = agreed([POINTS[0], point, POINTS[1]])
    assert (True, None, True) == (same(BROWSERS[0], before), wrong, same(BROWSERS[1], after))
    import _hashlib

    assert 0 == ctypes.PyDLL(_hashlib.__file__).ERR_peek_error()


def test_threads_do_not_disturb_one_another() -> None:
    """Eight at once on the same library: each has what it asked for."""

    def work(first: int) -> bool:
        some = [(first + number) % 20 for number in range(60)]
        found = agreed([POINTS[one] for one in some])
        return all(same(BROWSERS[one], pair) for one, pair in zip(some, found, strict=True))

    with ThreadPoolExecutor(8) as pool:
        assert [True] * 16 == list(pool.map(work, range(16)))


def resident() -> int:
    """Bytes of memory that this process has now: its peak may lie before the test."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def test_nothing_is_kept() -> None:
    """What OpenSSL made for one batch is given back: a worker runs for months."""
    agreed([POINTS[0], ELSEWHERE])
    before = resident()
    for _ in range(4000):
        agreed([ELSEWHERE])
    assert resident() - before < 1 << 20  # 0.5 kB a batch would be 2 MiB


def readable(browsers: Sequence[PaperKeys]) -> bool:
    """Whether messages with what `arm_all` makes decrypt."""
    keys = [(one.p256dh, b64url(one.auth)) for one in browsers]
    material = arm_all(keys)
    return [b"Crue"] * len(keys) == [
        one.decrypt(encode(b"Crue", *key, made)) for one, key, made in zip(browsers, keys, material, strict=True)
    ]


def test_what_is_armed_together_is_read() -> None:
    """Each browser reads the message that was made for it, whether its library pads base64url or not."""
    assert readable(PAPER)
    padded = [urlsafe_b64encode(some).decode() for some in (unb64url(PAPER[0].p256dh), PAPER[0].auth)]
    assert b"Crue" == PAPER[0].decrypt(encode(b"Crue", padded[0], padded[1], arm_all([(padded[0], padded[1])])[0]))


def test_unreadable_keys_stop_nobody() -> None:
    """Who cannot be written to has nothing, in its place; the others have theirs."""
    one, auth = PAPER[0], b64url(PAPER[0].auth)
    keys = [(one.p256dh, ""), (one.p256dh, auth), ("é", auth), (b64url(ELSEWHERE), auth), (one.p256dh, auth)]
    assert [None, ARMED, None, None, ARMED] == [made and len(made) for made in arm_all(keys)]
    assert [] == arm_all([])


def no_module(patch: pytest.MonkeyPatch) -> None:
    """A Python without OpenSSL."""
    patch.setitem(sys.modules, "_hashlib", None)


def no_file(patch: pytest.MonkeyPatch) -> None:
    """A Python in which it is built."""
    import _hashlib

    patch.delattr(_hashlib, "__file__")


def no_function(patch: pytest.MonkeyPatch) -> None:
    """A library that is none of OpenSSL's, or lost a function."""
    patch.setitem(agreement._SIGNATURES, "EC_POINT_of_another_library", (None,))


def no_curve(patch: pytest.MonkeyPatch) -> None:
    """One without P-256."""
    patch.setattr(agreement, "P_256", 0)


def another_curve(patch: pytest.MonkeyPatch) -> None:
    """One that works on another curve of 256 bits (secp256k1)."""
    patch.setattr(agreement, "P_256", 714)


def one_secret(patch: pytest.MonkeyPatch) -> None:
    """One whose random numbers are always the same."""
    patch.setattr(agreement._OpenSSL, "agreed", lambda self, points: _fixed(points))


def wrong(patch: pytest.MonkeyPatch) -> None:
    """One that agrees on something else."""
    patch.setattr(agreement._OpenSSL, "agreed", lambda self, points: [(POINTS[0], bytes(32)), None, (POINTS[1], b"")])


def _fixed(points: Sequence[bytes]) -> list[Agreed | None]:
    ours = ec.generate_private_key(CURVE)
    public = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, points[0])
    return [(public, ours.exchange(ec.ECDH(), theirs)), None, (public, ours.exchange(ec.ECDH(), theirs))]


@pytest.mark.parametrize("broken", [no_module, no_file, no_function, no_curve, another_curve, one_secret, wrong])
def test_where_it_does_not_serve_the_reference_does(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """A Python without it, with another library, or one that gives something else: messages are made all the same."""
    openssl.cache_clear()
    broken(monkeypatch)
    assert openssl() is None
    assert readable(PAPER)


def test_no_memory_for_it_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OpenSSL cannot have what it needs, the reference does the work."""
    library = openssl()
    assert library
    monkeypatch.setitem(library._of, "EC_POINT_new", lambda group: None)
    assert [None] == agreed([POINTS[0]])
    assert readable(PAPER)
