"""Errors as JSON that people can read (RFC 9457, Problem Details for HTTP APIs)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

log = logging.getLogger(__name__)

TITLES = {
    400: "Demande illisible",
    403: "Demande refusée",
    404: "Adresse inconnue",
    405: "Méthode non admise",
    413: "Demande trop longue",
    415: "Format non admis",
    422: "Abonnement refusé",
    429: "Trop de demandes",
    500: "Erreur du service",
    503: "Service indisponible",
}


class Problem(HTTPException):
    """An answer that is an error. `detail` is a French sentence; `errors` are pairs of JSON pointer and sentence."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.errors = tuple(errors)


def answer(
    status: int, detail: str, errors: Sequence[tuple[str, str]] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The `application/problem+json` answer."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": _utf8(detail),
    }
    if errors:
        body["errors"] = [{"pointer": pointer, "detail": _utf8(sentence)} for pointer, sentence in errors]
    told = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(body, status, told, media_type="application/problem+json")


def _utf8(text: str) -> str:
    """What a demand held and the sentence quotes: half a surrogate pair is JSON, and no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def on_http(_: Request, error: Exception) -> Response:
    """A refused demand: our `Problem`, or Starlette's own 404 and 405."""
    assert isinstance(error, HTTPException)  # noqa: S101  # the type it is registered for
    if isinstance(error, Problem):
        return answer(error.status_code, error.detail, error.errors, error.headers)
    details = {404: "Cette adresse n’existe pas sous /api.", 405: "Cette adresse ne répond pas à cette méthode."}
    return answer(error.status_code, details.get(error.status_code, error.detail), headers=error.headers)


def on_failure(_: Request, error: Exception) -> Response:
    """The database does not answer: nothing was kept, and asking again is right."""
    log.error("%s in a request", type(error).__name__)
    wait = {"Retry-After": "30"}
    return answer(503, "Le service est momentanément indisponible ; réessayez dans une minute.", headers=wait)


def on_error(_: Request, error: Exception) -> Response:
    """Anything else: the log has its kind, the answer has no detail (an endpoint may stand in it)."""
    log.error("%s in a request", type(error).__name__)
    return answer(500, "Le service a rencontré une erreur ; réessayez dans quelques minutes.")
