"""A new key pair for each of many browsers, and what ECDH on P-256 agrees on with its key, by the OpenSSL of Python itself.

`cryptography` does the same for one, and is the reference: `encoding.arm`. Around the two multiplications that nobody can
do without it makes four objects, parses and copies a curve for each, and looks up how to derive: a third of what it
takes. Here the curve is made once, and what is written over from one browser to the next is made once for all of them.
Only functions are called that OpenSSL documents and does not deprecate, the ones that its own `EC_KEY` calls: they take
the same time whatever the secret number.

The first use holds it against `cryptography`. Where that fails, or Python was built with something else, `agreed` gives
nothing and the reference does the work.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

POINT = 65
"""Bytes of an uncompressed point of P-256, which starts with 4."""
AGREED = 32
"""Bytes of what ECDH agrees on: the first coordinate of a point."""

P_256 = 415
"""OpenSSL's number of the curve (NID_X9_62_prime256v1)."""
_UNCOMPRESSED = 4

_ADDRESS, _INT, _SIZE = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
_SIGNATURES: dict[str, tuple[Any, ...]] = {  # what it returns, what it takes
    "EC_GROUP_new_by_curve_name": (_ADDRESS, _INT),
    "EC_GROUP_get0_order": (_ADDRESS, _ADDRESS),
    "BN_CTX_new": (_ADDRESS,),
    "BN_CTX_free": (None, _ADDRESS),
    "BN_new": (_ADDRESS,),
    "BN_clear_free": (None, _ADDRESS),
    "BN_priv_rand_range": (_INT, _ADDRESS, _ADDRESS),
    "EC_POINT_new": (_ADDRESS, _ADDRESS),
    "EC_POINT_clear_free": (None, _ADDRESS),
    "EC_POINT_mul": (_INT, *[_ADDRESS] * 6),
    "EC_POINT_oct2point": (_INT, _ADDRESS, _ADDRESS, ctypes.c_char_p, _SIZE, _ADDRESS),
    "EC_POINT_point2oct": (_SIZE, _ADDRESS, _ADDRESS, _INT, _ADDRESS, _SIZE, _ADDRESS),
    "ERR_clear_error": (None,),
}

Agreed = tuple[bytes, bytes]
"""Our public point, and what was agreed on."""


class Unusable(Exception):
    """This OpenSSL is not one that we can work with."""


class _OpenSSL:
    """The functions of the library that Python's own `hashlib` and `ssl` are linked to. Raises `Unusable`."""

    def __init__(self) -> None:
        try:
            import _hashlib

            # A PyDLL keeps Python's lock, as `cryptography` does: the calls are short, and giving it back costs more.
            library = ctypes.PyDLL(_hashlib.__file__)
            self._of = {name: _typed(library, name, signature) for name, signature in _SIGNATURES.items()}
        except (ImportError, AttributeError, OSError) as error:
            raise Unusable(str(error)) from error
        self._group = self._of["EC_GROUP_new_by_curve_name"](P_256)
        self._order = self._of["EC_GROUP_get0_order"](self._group) if self._group else None
        if not self._order:
            raise Unusable("P-256 is not there")

    def agreed(self, points: Sequence[bytes]) -> list[Agreed | None]:
        """For each browser's point, of `POINT` bytes; None where it is none of the curve, or anything went wrong."""
        of, group = self._of, self._group
        context, secret, ours, both = of["BN_CTX_new"](), of["BN_new"](), of["EC_POINT_new"](group), None
        try:
            both = of["EC_POINT_new"](group)
            if context and secret and ours and both:
                return self._each(points, context, secret, ours, both)
            return [None] * len(points)
        finally:
            of["EC_POINT_clear_free"](both)
            of["EC_POINT_clear_free"](ours)
            of["BN_clear_free"](secret)
            of["BN_CTX_free"](context)

    def _each(self, points: Sequence[bytes], context: int, secret: int, ours: int, both: int) -> list[Agreed | None]:
        """The work, one browser after the other: a secret number, its point, the browser's, both together."""
        group, order, written = self._group, self._order, ctypes.create_string_buffer(2 * POINT)
        first, second = ctypes.addressof(written), ctypes.addressof(written) + POINT
        names = "BN_priv_rand_range", "EC_POINT_mul", "EC_POINT_point2oct", "EC_POINT_oct2point"
        draw, multiply, write, read = (self._of[name] for name in names)
        found: list[Agreed | None] = []
        for theirs in points:
            if (
                len(theirs) == POINT
                and draw(secret, order) == 1
                and multiply(group, ours, secret, None, None, context) == 1
                and write(group, ours, _UNCOMPRESSED, first, POINT, context) == POINT  # not so for zero times the base
                and read(group, ours, theirs, POINT, context) == 1  # looks whether it is on the curve
                and multiply(group, both, None, ours, secret, context) == 1
                and write(group, both, _UNCOMPRESSED, second, POINT, context) == POINT
            ):
                raw = written.raw
                found.append((raw[:POINT], raw[POINT + 1 : POINT + 1 + AGREED]))
            else:
                self._of["ERR_clear_error"]()  # or a connection of this thread would take it for its own
                found.append(None)
        return found


def _typed(library: ctypes.PyDLL, name: str, signature: tuple[Any, ...]) -> Callable[..., Any]:
    function = getattr(library, name)
    function.restype, *function.argtypes = signature
    return function  # type: ignore[no-any-return]


@cache
def openssl() -> _OpenSSL | None:
    """The library, once it has shown that it agrees with `cryptography`; None where there is none such."""
    try:
        library = _OpenSSL()
    except Unusable:
        return None
    return library if _sound(library) else None


def _sound(library: _OpenSSL) -> bool:
    """Whether `cryptography` agrees on the same with what it gives, and it sees a point that is on no curve."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    curve = ec.SECP256R1()
    browser = ec.generate_private_key(curve)
    point = browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    one, none, other = library.agreed([point, point[:-1] + bytes((point[-1] ^ 1,)), point])
    if none is not None or one is None or other is None or one[0] == other[0]:
        return False
    ours = [ec.EllipticCurvePublicKey.from_encoded_point(curve, public) for public, _ in (one, other)]
    return [browser.exchange(ec.ECDH(), public) for public in ours] == [one[1], other[1]]


def agreed(points: Sequence[bytes]) -> list[Agreed | None]:
    """A new key pair for each of these points, used once: its public point, and what it agrees on with the browser's.

    None where the reference must say why not.
    """
    library = openssl()
    return library.agreed(points) if library else [None] * len(points)
