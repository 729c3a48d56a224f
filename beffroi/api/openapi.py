"""The service, described for programs: OpenAPI 3.1 at `/api/openapi.json`. The categories and areas are the town's."""

from __future__ import annotations

from typing import Any

from beffroi.api.problems import TITLES
from beffroi.settings import Site

CHOICES = 50
"""How many names a list of categories or areas may hold."""
LENGTH = 2048
QUIET = "^(([01][0-9]|2[0-3]):[03]0-([01][0-9]|2[0-3]):[03]0)?$"
"""Characters of an endpoint."""


def describe(site: Site) -> dict[str, Any]:
    """The whole document. It names nobody: it says what may be asked."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{site.publisher.title} : abonnements aux notifications",
            "version": "1",
            "description": "Un navigateur s’abonne, change ses choix, s’en va. Ni compte, ni cookie, ni clé d’accès.",
        },
        "servers": [{"url": f"{site.publisher.url}/api"}],
        "paths": {
            "/push/key": {"get": _operation("La clé publique VAPID", {"200": _body("La clé, en base64url.", "Key")})},
            "/push/subscriptions": {
                "put": _operation(
                    "Garder ou renouveler un abonnement",
                    {"201": _body("Nouveau.", "Choices"), "200": _body("Déjà connu.", "Choices")},
                    "Subscription",
                ),
                "delete": _operation("Oublier un abonnement", {"204": {"description": "Rien ne reste."}}, "Identity"),
            },
            "/health": {
                "get": _operation("État du service", {code: _body("L’état.", "Health") for code in ("200", "503")})
            },
            "/openapi.json": {
                "get": _operation("Cette description", {"200": {"description": "OpenAPI 3.1.", "content": _json({})}})
            },
        },
        "components": {"schemas": _schemas(site)},
    }


def _operation(summary: str, answers: dict[str, Any], body: str = "") -> dict[str, Any]:
    """One method; whoever sends a body may be refused in each of these ways."""
    if not body:
        return {"summary": summary, "responses": answers}
    problem = {"application/problem+json": {"schema": _ref("Problem")}}
    codes = (400, 403, 413, 415, 422, 429, 503)
    refusals = {str(code): {"description": TITLES[code], "content": problem} for code in codes}
    request = {"required": True, "content": _json(_ref(body))}
    return {"summary": summary, "requestBody": request, "responses": {**answers, **refusals}}


def _body(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": _json(_ref(schema))}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _ref(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _schemas(site: Site) -> dict[str, Any]:
    text, flag = {"type": "string"}, {"type": "boolean"}
    key = {"type": "string", "description": "base64url"}
    choices = {
        "categories": _names(list(site.categories)),
        "areas": _names(list(site.areas)),
        "quiet": {
            "type": "string",
            "pattern": QUIET,
            "description": "Deux demi-heures, à l’heure de la commune, ou rien.",
        },
        "alerts_only": flag,
    }
    identity = {
        "endpoint": {"type": "string", "format": "uri", "maxLength": LENGTH},
        "keys": _object(["p256dh", "auth"], p256dh=key, auth=key),
    }
    return {
        "Key": _object(["key"], key=key),
        "Identity": _object(list(identity), **identity),
        "Subscription": _object(list(identity), **identity, **choices, key=key),
        "Choices": _object(list(choices), **choices),
        "Health": _object(["status"], status={"enum": ["ok", "unavailable"]}, database=flag, release=flag),
        "Problem": _object(
            ["type", "title", "status", "detail"],
            type=text,
            title=text,
            status={"type": "integer"},
            detail=text,
            errors={"type": "array", "items": _object(["pointer", "detail"], pointer=text, detail=text)},
        ),
    }


def _names(known: list[str]) -> dict[str, Any]:
    """Absent or empty means all."""
    return {"type": "array", "maxItems": CHOICES, "items": {"enum": known} if known else False}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}
