"""No request makes the service fail: whatever comes in, an answer of ours goes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.client import Client, subscription
from tests.api.test_live import release

few = settings(max_examples=80, deadline=None)
texts = st.text(st.characters(exclude_categories=()), max_size=40)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
fields = st.sampled_from(["endpoint", "keys", "categories", "areas", "expirationTime"])
bodies = st.binary(max_size=200) | st.builds(
    lambda changes: json.dumps({**subscription(), **changes}).encode("utf-8", "surrogatepass"),
    st.dictionaries(fields, json_values | st.dictionaries(st.sampled_from(["p256dh", "auth"]), json_values)),
)
headers = st.dictionaries(
    st.sampled_from(
        [
            "Content-Type",
            "Origin",
            "Host",
            "X-Forwarded-For",
            "Sec-Fetch-Site",
            "If-None-Match",
            "Content-Length",
            "Range",
        ]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
    | st.sampled_from(["application/json", "https://www.exemple.fr", "127.0.0.1, ::1", "same-origin"]),
)
segments = st.text(max_size=20).map(lambda text: quote(text, safe="")) | st.sampled_from(
    ["..", ".", "%2e%2e", "%00", "%ff", "api", "push", "subscriptions", "key", "health", "images", "a" * 300, "//", ";"]
)
targets = st.lists(segments, max_size=6).map(lambda parts: "/" + "/".join(parts))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One service for all requests, without a rate."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    release(folder)
    made = Client(folder, rate_limit="1000000/second")
    yield made
    made.engine.dispose()


@few
@given(st.sampled_from(["PUT", "DELETE"]), bodies, st.booleans(), headers)
def test_no_body_makes_a_500(
    client: Client, method: str, body: bytes, right: bool, given_headers: dict[str, str]
) -> None:
    """Any bytes, any JSON, any headers: an answer below 500, and a refusal is a problem with a sentence."""
    sent = {**given_headers, **({"Content-Type": "application/json"} if right else {})}
    answer = client.ask(method, "/api/push/subscriptions", body, sent)
    assert answer.status < 500
    assert answer.status < 400 or answer.json["detail"].strip()


@few
@given(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]), targets, headers)
def test_no_address_makes_a_500(client: Client, method: str, target: str, given_headers: dict[str, str]) -> None:
    """Any method on any path with any headers: an answer below 500."""
    assert client.ask(method, target, headers=given_headers).status < 500
