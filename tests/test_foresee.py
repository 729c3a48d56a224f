"""Before phones ring, whoever publishes is told how many, when, and how often this week."""

from __future__ import annotations

from beffroi.foresee import Outlook, foresee, rehearsed
from beffroi.store import ledger
from beffroi.store.db import transaction
from beffroi.store.quiet import DEFAULT
from tests.channels.test_nights import clock_at
from tests.channels.town import Town, alert, entry, town_fixture
from tests.e2e.push_service import PushService
from tests.store.databases import postgres_fixture, url_fixture
from tests.store.samples import subscribe
from tests.test_doubt import restore, yesterday

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
        "2 contenus → 1\u202f414 téléphones, dont 214 en attente jusqu’à 7\u00a0h",
        "Crue de l’Isère (nouveau) : 1\u202f414 téléphones",
        "Marché (nouveau) : 1\u202f414 téléphones",
        "En sept jours : 2 notifications au plus par habitant, 2 pour la moitié d’entre eux.",
    ] == found.sentences()
    assert not found.too_many
    with transaction(town.engine) as connection:
        assert ledger.owed(connection) == 0


def test_plan_is_what_is_then_sent(town: Town) -> None:
    """An alert that moves to another area is told to those who heard it first, too; the plan counts them."""
    town.open()
    with PushService() as service:
        town.phones(service, 3, areas=("lancey",))
        town.phones(service, 2, areas=("bourg",))
        for areas, phones in ((["lancey"], 3), (["bourg"], 5)):
            flood = alert(town.time.at(), town.time.at(9), areas=areas, title=f"Crue à {areas[0]}")
            assert phones == look(town, flood).phones
            town.announce(flood)
            assert phones == town.deliver().told


def test_two_items_of_a_night_ring_one_phone_once(town: Town) -> None:
    """In the morning there is one summary: the plan counts phones, not messages; who sleeps until an alert is over is
    said apart."""
    clock_at(town, 22)
    town.open()
    people(town, 3, quiet=DEFAULT)
    mild = {"severity": "Moderate", "urgency": "Expected"}
    found = look(town, entry(town.time.at()), alert(town.time.at(), town.time.at(12), title="Neige", **mild))
    assert "2 contenus → 3 téléphones, dont 3 en attente jusqu’à 7\u00a0h" == found.sentences()[0]
    short = look(town, alert(town.time.at(), town.time.at(2), title="Vent", **mild))
    assert [
        "1 contenu → 0 téléphone",
        "Vent (nouveau) : 0 téléphone, 3 autres dorment jusqu’après sa fin",
    ] == short.sentences()[:2]


def test_copy_of_yesterday_is_seen_in_the_plan(town: Town) -> None:
    """A database put back from an older copy: the plan counts nobody for what was told since, and writes nothing."""
    town.open()
    people(town, 3)
    yesterday(town)
    town.announce(entry(town.time.at()))
    restore(town)
    for _ in range(2):
        assert ["Aucun téléphone à prévenir."] == look(town, entry(town.time.at())).sentences()
    assert town.announce(entry(town.time.at())).faults


def test_what_is_still_owed_is_said(town: Town) -> None:
    """Messages of before leave with the next publication: the agent knows."""
    town.open()
    people(town, 3)
    town.announce(entry(town.time.at()))
    assert [
        "Aucun téléphone à prévenir.",
        "3 messages d’une annonce précédente à envoyer encore.",
    ] == look(town, entry(town.time.at())).sentences()
    assert look(town, entry(town.time.at(), title="Le marché revient")).waiting == 0
    flood = alert(town.time.at(), town.time.at(9))
    town.announce(entry(town.time.at()), flood)
    assert look(town, entry(town.time.at()), {**flood, "title": "Crue : décrue"}).waiting == 3


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


def test_rehearsing_writes_nothing(town: Town) -> None:
    """What is asked beforehand, of the release that is online, tells nobody, whatever is new in it by then."""
    town.open()
    people(town, 3)
    expected = look(town, alert(town.time.at(), town.time.at(9)), entry(town.time.at()))
    town.service.current.parent.mkdir(parents=True)
    town.service.current.symlink_to(town.release)
    rehearsed(town.site, town.service, town.engine)
    with transaction(town.engine) as connection:
        assert (0, ()) == (ledger.owed(connection), tuple(ledger.known(connection, ["alertes/crue-isere"])))
    assert expected == foresee(town.release, town.site, town.service, town.engine, town.time.at())
