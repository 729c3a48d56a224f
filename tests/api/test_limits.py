"""Who may ask, and how often."""

from __future__ import annotations

from pathlib import Path

import pytest

from beffroi.errors import SettingsError
from tests.api.client import Client, problem, subscription

FOREIGN = problem(403, "Demande refusée", "Cette demande vient d’une page d’un autre site.")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "https://www.exemple.fr"}, 201),
        ({"Origin": "https://www.exemple.fr", "Sec_Fetch_Site": "same-origin"}, 201),
        ({"Origin": "http://localhost:8000", "Host": "localhost:8000"}, 201),
        ({"Origin": "https://autre.example"}, 403),
        ({"Origin": "https://www.exemple.fr.autre.example"}, 403),
        ({"Origin": "https://exemple.fr"}, 403),
        ({"Origin": "https://www.exemple.fr:8443"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
def test_only_our_own_pages(client: Client, headers: dict[str, str], status: int) -> None:
    """A page of another site is refused, by PUT and by DELETE; programs, which send no Origin, are not pages."""
    put, delete = client.put(subscription(), **headers), client.delete(subscription(), **headers)
    assert (status, 204 if status == 201 else 403) == (put.status, delete.status)
    if status == 403:
        assert [FOREIGN, FOREIGN] == [put.json, delete.json]


def statuses(client: Client, count: int, peer: str, **headers: str) -> list[int]:
    """So many requests of one peer."""
    return [client.put(subscription(), peer=peer, **headers).status for _ in range(count)]


def test_the_rate_of_one_address(tmp_path: Path) -> None:
    """Beyond it 429, with the seconds to wait; other addresses go on; a refused body counts as well."""
    client = Client(tmp_path, rate_limit="2/minute")
    assert [201, 200, 429] == statuses(client, 3, "203.0.113.1")
    answer = client.put(subscription(), peer="203.0.113.1")
    wait = answer.headers["retry-after"]
    assert 0 < int(wait) <= 60
    assert problem(429, "Trop de demandes", f"Trop de demandes ; réessayez dans {wait} s.") == answer.json
    assert [200] == statuses(client, 1, "203.0.113.2")
    assert [400, 400, 429] == [client.put(b"{", peer="203.0.113.3").status for _ in range(3)]
    assert 200 == client.ask("GET", "/api/push/key", peer="203.0.113.1").status


def test_a_household_of_ipv6_is_one_address(tmp_path: Path) -> None:
    """A /64 is one subscriber's line: its 2^64 addresses do not multiply the rate."""
    client = Client(tmp_path, rate_limit="2/minute")
    peers = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"]
    assert [201, 200, 429, 200] == [client.put(subscription(), peer=peer).status for peer in peers]


@pytest.mark.parametrize(
    ("relay", "forwarded", "counted"),
    [
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("10.9.9.9", "198.51.100.1", "198.51.100.1"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "", "127.0.0.1"),
    ],
)
def test_behind_a_relay(tmp_path: Path, relay: str, forwarded: str, counted: str) -> None:
    """X-Forwarded-For is believed of our own relays only, from its end: nobody takes on another's address."""
    client = Client(tmp_path, rate_limit="1/minute", trusted_proxies="127.0.0.1, 10.0.0.0/8")
    assert 201 == client.put(subscription(), peer=relay, X_Forwarded_For=forwarded).status
    assert 429 == client.put(subscription(), peer=counted).status
    assert 200 == client.put(subscription(), peer="192.0.2.77").status


def test_an_unknown_peer_counts_as_one(tmp_path: Path) -> None:
    """A relay that writes nonsense: all of it is one address, rather than no limit."""
    client = Client(tmp_path, rate_limit="1/minute")
    assert 201 == client.put(subscription(), peer="127.0.0.1", X_Forwarded_For="unknown").status
    assert 429 == client.put(subscription(), peer="127.0.0.1", X_Forwarded_For="_hidden").status


@pytest.mark.parametrize("setting", [{"rate_limit": "beaucoup"}, {"trusted_proxies": "mon-relais"}])
def test_unreadable_limits(tmp_path: Path, setting: dict[str, str]) -> None:
    """A sentence at the start, rather than a service without limits."""
    with pytest.raises(SettingsError, match=r"écrivez par exemple 30/minute et 127\.0\.0\.1,::1\."):
        Client(tmp_path, **setting)


def test_an_unreadable_list_of_hosts(tmp_path: Path) -> None:
    """A sentence with what was found."""
    with pytest.raises(SettingsError, match=r"BEFFROI_PUSH_HOSTS contient 'https://a\.fr'"):
        Client(tmp_path, push_hosts="https://a.fr")
