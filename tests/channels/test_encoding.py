"""What we encrypt is what RFC 8291 says and what pywebpush would have sent: browsers read both alike."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pywebpush import WebPusher

from beffroi.channels import encoding
from beffroi.channels.encoding import ARMED, LARGEST, LAST, Unreadable, arm, encode, keyed, seal
from tests.e2e.paper import PaperKeys
from tests.e2e.push_rules import b64url, unb64url

KEYS = PaperKeys.generate()
RFC = {  # RFC 8291, section 5 and appendix A
    "plaintext": "V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24",
    "as_public": "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
    "ecdh": "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs",
    "ua_public": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "ua_private": "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "as_private": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "body": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
}


def test_rfc_8291_example() -> None:
    """With the keys and the salt of the standard's own example, the very bytes of its section 5."""
    given = {name: unb64url(text) for name, text in RFC.items()}
    armed = keyed(given["ecdh"], given["ua_public"], given["auth"], given["as_public"])
    assert given["body"] == seal(given["plaintext"] + LAST, armed, given["salt"])


def test_rfc_8291_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    """`arm` agrees, with the example's private key, on the example's secret."""
    ours = ec.derive_private_key(int.from_bytes(unb64url(RFC["as_private"]), "big"), ec.SECP256R1())
    monkeypatch.setattr(encoding.ec, "generate_private_key", lambda curve: ours)
    given = {name: unb64url(text) for name, text in RFC.items()}
    wanted = keyed(given["ecdh"], given["ua_public"], given["auth"], given["as_public"])
    assert wanted == arm(RFC["ua_public"], RFC["auth"])
    assert len(wanted) == ARMED


@given(st.binary(max_size=LARGEST), st.booleans())
def test_browsers_read_what_was_meant(plaintext: bytes, ahead: bool) -> None:
    """Whatever the bytes, armed ahead or not: http_ece reads them back, in one record that browsers must accept."""
    body = encode(plaintext, KEYS.p256dh, b64url(KEYS.auth), arm(KEYS.p256dh, b64url(KEYS.auth)) if ahead else None)
    assert plaintext == KEYS.decrypt(body)
    assert len(body) == 86 + len(plaintext) + 17 <= 86 + 4096
    assert body[16:22] == b"\0\0\x10\0\x41\x04"


@given(st.binary(min_size=1, max_size=2600))
def test_pywebpush_is_the_reference(plaintext: bytes) -> None:
    """Its message and ours decrypt to the same, have the same length and the same header, salt and point apart."""
    pusher = WebPusher({"endpoint": "https://e.example/1", "keys": KEYS.subscription("")["keys"]})
    theirs, ours = pusher.encode(plaintext)["body"], encode(plaintext, KEYS.p256dh, b64url(KEYS.auth))
    assert KEYS.decrypt(theirs) == KEYS.decrypt(ours) == plaintext
    assert (len(theirs), theirs[16:22]) == (len(ours), ours[16:22])


@given(st.binary(max_size=64), st.binary(max_size=300))
def test_hmac_is_the_standard_one(key: bytes, message: bytes) -> None:
    """Written out for its speed, it gives what Python's gives."""
    assert hmac.digest(key, message, "sha256") == encoding._hmac(key, message)


def test_no_key_serves_twice() -> None:
    """A thousand messages have a thousand sender keys and a thousand salts."""
    bodies = [encode(b"a", KEYS.p256dh, b64url(KEYS.auth)) for _ in range(1000)]
    assert (1000, 1000) == (len({body[21:86] for body in bodies}), len({body[:16] for body in bodies}))


def test_too_long_is_refused() -> None:
    """More than one record can carry is never sent."""
    with pytest.raises(ValueError, match="3994 bytes, 3993 fit"):
        encode(bytes(LARGEST + 1), KEYS.p256dh, b64url(KEYS.auth))


ON_NO_CURVE = b64url(b"\4" + bytes(63) + b"\1")


@pytest.mark.parametrize("p256dh", ["", "BAAA", "é", "A" * 87, "/" * 87, ON_NO_CURVE, RFC["ua_public"] + "AAAA"])
def test_unreadable_points_are_refused(p256dh: str) -> None:
    """What is no point of the curve is told apart from every other trouble."""
    with pytest.raises(Unreadable):
        encode(b"a", p256dh, b64url(KEYS.auth))


@pytest.mark.parametrize("auth", ["", "AAAA", "\u202f", b64url(bytes(17))])
def test_unreadable_secrets_are_refused(auth: str) -> None:
    """So is what is not 16 bytes."""
    with pytest.raises(Unreadable):
        encode(b"a", KEYS.p256dh, auth)


@given(st.text(max_size=100), st.text(max_size=30))
def test_any_text_is_refused_in_the_same_way(p256dh: str, auth: str) -> None:
    """Whatever a browser posted: a body, or `Unreadable`; no other exception."""
    with pytest.raises(Unreadable):
        encode(b"a", p256dh, auth)


def test_padding_is_allowed() -> None:
    """Some browsers' libraries pad their base64url."""
    padded = urlsafe_b64encode(unb64url(KEYS.p256dh)).decode(), urlsafe_b64encode(KEYS.auth).decode()
    assert KEYS.decrypt(encode(b"a", *padded)) == b"a"
    assert padded[1].endswith("==")


def test_spoiled_key_material_is_refused() -> None:
    """Half of what `arm` made is no key."""
    with pytest.raises(ValueError, match="101 bytes of key material, not 102"):
        encode(b"a", KEYS.p256dh, b64url(KEYS.auth), arm(KEYS.p256dh, b64url(KEYS.auth))[:-1])


def test_http_ece_refuses_a_changed_byte() -> None:
    """The check of these tests is a real one: a body that was tampered with does not decrypt."""
    body = bytearray(encode(b"bonjour", KEYS.p256dh, b64url(KEYS.auth)))
    body[-1] ^= 1
    with pytest.raises(http_ece.ECEException):
        KEYS.decrypt(bytes(body))
