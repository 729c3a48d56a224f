"""Before phones ring, whoever publishes is told how many, when, and how often this week."""

from __future__ import annotations

from beffroi.foresee import Outlook, foresee
from beffroi.store.db import transaction
from beffroi.store.quiet import DEFAULT
from tests.channels.test_nights import clock_at
from tests.channels.town import Town, alert, entry, town_fixture
from tests.store.databases import postgres_fixture, url_fixture
from tests.store.samples import subscribe

__all__ = ["postgres_fixture", "town_fixture", "url_fixture"]  # fixtures used below


def people(town: Town, count: int, **choices: object) -> None:
    """So many subscribers."""
    with transaction(town.engine) as connection:
        for n in range(count):
            subscribe(connection, f"https://a.example/{choices}/{n}", **choices)  # type: ignore[arg-type]


def look(town: Town, *items: dict[str, object]) -> Outlook:
    """At a feed that is not announced."""
    town.feed(*items)
    return foresee(town.release, town.site, town.service, town.engine, town.time.at())


def test_plan_counts_phones_and_those_held(town: Town) -> None:
    """At night: everybody for an alert, at once; for news, those without quiet hours at once, the others at 7."""
    clock_at(town, 22)
    town.open()
    people(town, 1200)
    people(town, 214, quiet=DEFAULT)
    people(town, 5, categories=("agenda",))
    flood = alert(town.time.at(), town.time.at(9), severity="Extreme")
    found = look(town, flood, entry(town.time.at(), title="Marché"))
    assert [
        "2 contenus → 1\u202f414 téléphones, 214 messages en attente jusqu’à 7\u00a0h",
        "Crue de l’Isère (nouveau) : 1\u202f414 téléphones",
        "Marché (nouveau) : 1\u202f414 téléphones",
        "En sept jours : 2 notifications au plus par habitant, 2 pour la moitié d’entre eux.",
    ] == found.sentences()
    assert not found.too_many
    with transaction(town.engine) as connection:
        from beffroi.store import ledger

        assert ledger.owed(connection) == 0


def test_too_many_in_a_week_is_said(town: Town) -> None:
    """Five are a week's measure; the sixth one is announced with a warning."""
    town.open()
    people(town, 3)
    for n in range(5):
        town.announce(*(entry(town.time.at(), f"actualites/n{m}") for m in range(n + 1)))
    found = look(town, *(entry(town.time.at(), f"actualites/n{m}") for m in range(6)))
    assert found.too_many
    assert (
        "En sept jours : 6 notifications au plus par habitant, 6 pour la moitié d’entre eux ; au-delà de 5, "
        "beaucoup les coupent : groupez-les, ou écrivez push: later."
    ) == found.sentences()[-1]


def test_nothing_new_is_nothing_to_ask(town: Town) -> None:
    """Where nothing is new, there is nobody to tell."""
    town.open()
    assert ["Aucun téléphone à prévenir."] == look(town).sentences()
