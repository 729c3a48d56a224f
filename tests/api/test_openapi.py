"""The description is of the service that there is: its doors, its methods, what goes in and what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.api.client import Answer, Client, subscription
from tests.api.test_live import release


@pytest.fixture
def described(client: Client, tmp_path: Path) -> dict[str, Any]:
    """The document, as served."""
    release(tmp_path)
    answer = client.ask("GET", "/api/openapi.json")
    assert (200, "no-cache", "*") == (
        answer.status,
        answer.headers["cache-control"],
        answer.headers["access-control-allow-origin"],
    )
    document: dict[str, Any] = answer.json
    return document


def valid(document: dict[str, Any], schema: str, value: Any) -> bool:
    """Whether a value fits a schema of the document."""
    whole = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    return Draft202012Validator(whole).is_valid(value)


def test_every_door_is_described(client: Client, described: dict[str, Any]) -> None:
    """Its paths and methods are those that answer; each method that it does not name is refused."""
    assert ("3.1.0", "https://www.exemple.fr/api") == (described["openapi"], described["servers"][0]["url"])
    for path, methods in described["paths"].items():
        for method in ("GET", "PUT", "POST", "DELETE", "PATCH"):
            assert (method.lower() in methods) == (client.ask(method, f"/api{path}").status != 405), (method, path)


def test_answers_fit(client: Client, described: dict[str, Any]) -> None:
    """What comes out has a status that is described for its door, and the shape that is told."""
    put = described["paths"]["/push/subscriptions"]["put"]["responses"]
    good, unknown = subscription(categories=["alertes"], areas=["bas"]), subscription(areas=["centre"])

    def fits(answer: Answer, status: int) -> bool:
        [told] = put[str(status)]["content"].values()
        return answer.status == status and valid(described, told["schema"]["$ref"].rpartition("/")[2], answer.json)

    assert fits(client.put(good), 201)
    assert fits(client.put(good), 200)
    assert fits(client.put(unknown), 422)
    assert fits(client.put(b"{"), 400)
    assert fits(client.put(good, Origin="https://autre.example"), 403)
    assert fits(client.put(good, Content_Type="text/plain"), 415)
    assert fits(client.put(b" " * 20_000), 413)
    assert valid(described, "Key", client.ask("GET", "/api/push/key").json)
    assert valid(described, "Health", client.ask("GET", "/api/health").json)


def test_bodies_fit(described: dict[str, Any]) -> None:
    """What may go in: a browser's own JSON with the town's names, and not others."""
    assert valid(described, "Subscription", subscription(categories=["alertes"], areas=[]))
    assert valid(described, "Identity", subscription())
    assert valid(described, "Subscription", subscription(quiet="21:30-07:00", alerts_only=True))
    assert valid(described, "Subscription", subscription(quiet=""))
    assert not valid(described, "Subscription", subscription(quiet="la nuit"))
    assert not valid(described, "Subscription", subscription(areas=["centre"]))
    assert not valid(described, "Subscription", {"endpoint": "https://a.fr"})
