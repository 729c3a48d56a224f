"""The push service refuses what vendors refuse, keeps what they keep, and fails on demand."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from py_vapid import Vapid02  # type: ignore[import-untyped]

from tests.e2e.push_control import PushProcess
from tests.e2e.push_rules import Refused, check_body, check_topic, check_ttl, check_urgency, check_vapid
from tests.e2e.push_service import PushService
from tests.e2e.push_state import Behaviour
from tests.e2e.sender import new_vapid, public_key, push

ORIGIN = "https://push.example.fr"


def signed(vapid: Vapid02, **changes: Any) -> dict[str, str]:
    """An Authorization header with claims that are right, but for `changes`."""
    claims = {"aud": ORIGIN, "exp": int(time.time()) + 3600, "sub": "mailto:mairie@example.fr"} | changes
    return {"authorization": str(vapid.sign({k: v for k, v in claims.items() if v is not None})["Authorization"])}


def refusal(headers: dict[str, str], key: str | None = None) -> Refused:
    """The refusal of these headers."""
    with pytest.raises(Refused) as caught:
        check_vapid(headers, origin=ORIGIN, now=time.time(), subscribed_key=key)
    return caught.value


def test_vapid_right_passes(vapid: Vapid02) -> None:
    """Right claims, right key: nothing is said."""
    check_vapid(signed(vapid), origin=ORIGIN, now=time.time(), subscribed_key=public_key(vapid))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"aud": "https://other.example.fr"}, "aud"),
        ({"exp": lambda now: now + 86_400 + 60}, "exp"),
        ({"exp": lambda now: now - 1}, "exp"),
        ({"sub": "mailto:mairie@localhost"}, "sub"),
        ({"sub": "mailto: <mairie@example.fr>"}, "sub"),
        ({"sub": "https://localhost"}, "sub"),
    ],
)
def test_vapid_claim_refused(vapid: Vapid02, change: dict[str, Any], reason: str) -> None:
    """Each wrong claim is refused with 403, and named."""
    now = int(time.time())
    claims = {name: value(now) if callable(value) else value for name, value in change.items()}
    refused = refusal(signed(vapid, **claims))
    assert (refused.status, reason in refused.reason) == (403, True)


def test_vapid_key_and_signature(vapid: Vapid02) -> None:
    """Another key than the subscription's, a forged signature, no header, an old scheme: 403."""
    other = new_vapid()
    assert "VapidPkHashMismatch" in refusal(signed(other), public_key(vapid)).reason
    # The token of one, the key of the other: what a sender with mixed-up key files does.
    token = signed(other)["authorization"].split(",")[0]
    assert "signature" in refusal({"authorization": f"{token},k={public_key(vapid)}"}).reason
    assert refusal({}).status == 403
    assert refusal({"authorization": "WebPush abc"}).status == 403
    assert refusal({"authorization": "vapid t=a.b.c,k=AA"}).status == 403


@pytest.mark.parametrize("topic", ["a" * 33, "é", "a+b", "", "abcde"])
def test_topic_refused(topic: str) -> None:
    """More than 32 characters, another alphabet, an undecodable length: 400."""
    with pytest.raises(Refused, match="400 Topic"):
        check_topic({"topic": topic})


def test_ttl_urgency_and_body_refused() -> None:
    """TTL missing, 0 or not a number; urgency unknown; body too big, in clear, of two records: each has its status."""
    for headers in ({}, {"ttl": "0"}, {"ttl": "-1"}, {"ttl": "1.5"}):
        with pytest.raises(Refused, match="400 TTL"):
            check_ttl(headers, 1)
    assert (check_ttl({"ttl": "0"}, 0), check_ttl({"ttl": "99999999"}, 1)) == (0, 2_419_200)
    with pytest.raises(Refused, match="400 Urgency"):
        check_urgency({"urgency": "urgent"})
    encrypted = {"content-encoding": "aes128gcm"}
    with pytest.raises(Refused, match="413"):
        check_body(encrypted, bytes(4097))
    with pytest.raises(Refused, match="Content-Encoding"):
        check_body({}, b"in clear")
    for body, reason in ((b"short", "shorter"), (bytes(200), "key id")):
        with pytest.raises(Refused, match=reason):
            check_body(encrypted, body)
    with pytest.raises(Refused, match="more than one record"):
        check_body(encrypted, bytes(16) + (100).to_bytes(4, "big") + b"\x41\x04" + bytes(400))


def test_message_is_journalled_and_read(service: PushService, vapid: Vapid02) -> None:
    """201 with Location and TTL; the journal holds the headers and the decrypted payload."""
    phone = service.subscribe(1, public_key(vapid))[0]
    answer = push(phone, {"web_push": 8030, "notification": {"title": "Crue de l’Isère"}}, vapid, topic="crue")
    assert (answer.status_code, answer.headers["TTL"]) == (201, "3600")
    assert answer.headers["Location"].startswith(service.origin)
    message = service.wait_for(lambda: service.journal[0])
    assert message.payload["notification"]["title"] == "Crue de l’Isère"
    assert (message.endpoint, message.topic, message.ttl) == (phone["endpoint"], "crue", 3600)


def test_wrong_key_unknown_and_expired(service: PushService, vapid: Vapid02) -> None:
    """A wrong VAPID key is refused 403, an unknown endpoint 404, an expired subscription 410; all are journalled."""
    one, two, three = service.subscribe(3, public_key(vapid))
    assert push(one, {}, new_vapid()).status_code == 403
    service.forget(two["endpoint"])
    service.expire(three["endpoint"])
    assert [push(phone, {}, vapid).status_code for phone in (two, three)] == [404, 410]
    assert ([one.status for one in service.refused], service.journal) == ([403, 404, 410], [])


def test_ttl_and_topic_of_waiting_messages(service: PushService, vapid: Vapid02) -> None:
    """A phone that was off gets the newest of each Topic, nothing past its TTL, and each once."""
    phone = service.subscribe(1)[0]
    for text, topic, ttl in (("1", "crue", 600), ("2", "crue", 600), ("3", None, 60), ("4", None, 600)):
        assert push(phone, text, vapid, topic=topic, ttl=ttl).status_code == 201
    assert [message.payload for message in service.waiting(phone["endpoint"])] == ["2", "3", "4"]
    service.advance(61)
    assert [message.payload for message in service.collect(phone["endpoint"])] == ["2", "4"]
    assert (service.collect(phone["endpoint"]), len(service.journal)) == ([], 4)


def test_bad_days(service: PushService, vapid: Vapid02) -> None:
    """429 and 503 with Retry-After, 500, a reset: on demand, for an endpoint or for all, so many times."""
    one, two = service.subscribe(2)
    service.behave(one["endpoint"], Behaviour(status=429, retry_after="30", times=1))
    answers = [push(phone, {}, vapid) for phone in (one, one, two)]
    assert [answer.status_code for answer in answers] == [429, 201, 201]
    assert answers[0].headers["Retry-After"] == "30"
    service.behave(behaviour=Behaviour(status=503, retry_after="5", after=1))
    assert [push(two, {}, vapid).status_code for _ in range(3)] == [201, 503, 503]
    service.behave(behaviour=Behaviour(action="reset"))
    with pytest.raises(requests.ConnectionError):
        push(two, {}, vapid)
    service.behave()
    assert push(two, {}, vapid).status_code == 201
    assert len(service.journal) == 4


def test_answer_that_never_comes(service: PushService, vapid: Vapid02) -> None:
    """`hang` with `accepted`: the message is in the journal and the sender does not know."""
    phone = service.subscribe(1)[0]
    service.behave(phone["endpoint"], Behaviour(action="hang", accepted=True))
    with pytest.raises(requests.ReadTimeout):
        push(phone, {}, vapid, timeout=0.3)
    assert len(service.journal) == 1


def test_wait_for_says_what_is_there(service: PushService) -> None:
    """A wait that ends in vain fails with the counts."""
    with pytest.raises(AssertionError, match="0 messages accepted"):
        service.wait_for(lambda: service.journal, timeout=0.05)


def test_many_threads(service: PushService, vapid: Vapid02) -> None:
    """Eight senders at once: every message once, numbered without a hole."""
    phones = service.subscribe(200)
    session = threading.local()

    def send(phone: dict[str, Any]) -> int:
        if not hasattr(session, "it"):
            session.it = requests.Session()
        return push(phone, phone["endpoint"], vapid, session=session.it).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, phones)) == {201}
    service.wait_for(lambda: len(service.journal) == 200)
    assert [message.number for message in service.journal] == list(range(1, 201))
    assert all(message.payload == message.endpoint for message in service.journal)


def test_https_endpoints(vapid: Vapid02) -> None:
    """With TLS the endpoints are https, and a client that trusts the throw-away authority is served."""
    with PushService(tls=True) as service:
        phone = service.subscribe(1, public_key(vapid))[0]
        assert phone["endpoint"].startswith("https://127.0.0.1:")
        with pytest.raises(requests.exceptions.SSLError):
            push(phone, {}, vapid)
        assert service.authority is not None
        session = requests.Session()
        session.trust_env = False  # a REQUESTS_CA_BUNDLE of the machine would win over `verify`
        session.verify = str(service.authority.ca_file)
        assert push(phone, {}, vapid, session=session).status_code == 201


def test_process_keeps_a_journal_file(tmp_path: Path, vapid: Vapid02) -> None:
    """As a process: the same through `PushProcess`, one JSON line a message, and it ends with its test."""
    file = tmp_path / "journal.jsonl"
    with PushProcess(file) as service:
        one, two = service.subscribe(2, public_key(vapid))
        service.behave(one["endpoint"], Behaviour(status=503, retry_after="1"))
        assert [push(phone, {"n": 1}, vapid).status_code for phone in (one, two)] == [503, 201]
        service.wait_for(lambda: len(service.journal) == 1 and len(service.refused) == 1)
        assert service.journal[0].payload == {"n": 1}
        assert [message.payload for message in service.collect(two["endpoint"])] == [{"n": 1}]
        service.expire(two["endpoint"])
        assert push(two, {}, vapid).status_code == 410
        with pytest.raises(AssertionError, match="1 accepted"):
            service.wait_for(lambda: len(service.journal) == 2, timeout=0.05)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["endpoint"] for line in lines] == [two["endpoint"]]
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{service.port}/", timeout=5)
