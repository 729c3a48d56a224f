"""What citizens chose of when and what: quiet hours, summaries in the morning, alerts only, later."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from beffroi.store.db import transaction
from beffroi.store.quiet import DEFAULT
from beffroi.store.tables import subscriptions
from tests.channels.town import Town, alert, entry
from tests.e2e.push_service import PushService
from tests.e2e.push_state import Behaviour

MORNING = "07:00"


def clock_at(town: Town, hour: int) -> None:
    """Put the town where it is that hour now: the push service looks at the tokens' end, and cannot be put elsewhere."""
    here = datetime.fromtimestamp(town.time.seconds, UTC).hour
    offset = (hour - here + 12) % 24 - 12
    town.site = replace(town.site, zone=ZoneInfo(f"Etc/GMT{-offset:+d}"))
    assert town.time.at().astimezone(town.site.zone).hour == hour


def until(town: Town, clock: str) -> None:
    """Let time pass until the town's clock shows so."""
    here = town.time.at().astimezone(town.site.zone)
    then = datetime.combine(here.date(), time.fromisoformat(clock), town.site.zone)
    then += timedelta(days=then <= here)
    town.time.sleep((then - here).total_seconds())


def shown(service: PushService, phone: str) -> list[str]:
    """The titles that one phone received, in their order."""
    return [one.payload["notification"]["title"] for one in service.journal if one.endpoint == phone]


@pytest.fixture
def night(town: Town) -> Town:
    """A town that published long ago, after ten in the evening."""
    clock_at(town, 22)
    town.open()
    return town


def test_news_of_the_night_wait_for_the_morning(night: Town) -> None:
    """One news item after ten rings at once whoever wants no quiet hours, and the others at 7:00, as it is."""
    with PushService() as service:
        (sleeper,) = night.phones(service, 1, quiet=DEFAULT)
        (owl,) = night.phones(service, 1)
        night.announce(entry(night.time.at()))
        done = night.deliver()
        assert (done.told, done.owed, done.held) == (1, 1, 1)
        assert (
            "1 prévenu, 0 désabonné, 0 en échec, 1 à envoyer plus tard, dont 1 retenu jusqu’au matin"
            == done.sentences()[0]
        )
        assert (["Le marché déménage"], []) == (shown(service, owl), shown(service, sleeper))
        until(night, "06:59")
        assert night.deliver().told == 0
        until(night, MORNING)
        assert (night.deliver().told, night.deliver().owed) == (1, 0)
        assert ["Le marché déménage"] == shown(service, sleeper)


def test_several_of_one_night_are_one_summary(night: Town) -> None:
    """Three items of a night are one notification in the morning, that names those which each citizen asked for; who
    asked for one of them gets it as it is."""
    with PushService() as service:
        (all_of_it,) = night.phones(service, 1, quiet=DEFAULT)
        (two,) = night.phones(service, 1, quiet=DEFAULT, categories=("actualites",))
        (one,) = night.phones(service, 1, quiet=DEFAULT, categories=("agenda",))
        first, second = entry(night.time.at(), title="Marché"), entry(night.time.at(), "actualites/b", title="Bois")
        night.announce(first, second, entry(night.time.at(), "agenda/bal", title="Bal"))
        night.deliver()
        until(night, MORNING)
        done = night.deliver()
        assert (done.told, done.owed, done.held) == (3, 0, 0)
        assert ["Exemple : 3 informations"] == shown(service, all_of_it)
        assert ["Exemple : 2 informations"] == shown(service, two)
        assert ["Bal"] == shown(service, one)
        bodies = {len(message.payload["notification"]["body"].splitlines()) for message in service.journal}
        assert {3, 2, 1} == bodies
        assert night.deliver().told == 0


def test_danger_rings_in_the_night(night: Town) -> None:
    """A severe alert, or one to act upon at once, waits for nobody; a moderate one that is expected does."""
    with PushService() as service:
        (sleeper,) = night.phones(service, 1, quiet=DEFAULT)
        severe = alert(night.time.at(), night.time.at(20), urgency="Expected")
        now = entry(night.time.at(), "alertes/eau", title="Eau coupée", severity="Minor", urgency="Immediate")
        mild = entry(night.time.at(), "alertes/neige", title="Neige", severity="Moderate", urgency="Expected")
        night.announce(severe, now, mild)
        assert night.deliver().held == 1
        assert {"Crue de l’Isère", "Eau coupée"} == set(shown(service, sleeper))


def test_later_waits_for_the_morning_in_broad_daylight(town: Town) -> None:
    """`push: later` rings nobody before the next morning, quiet hours or not."""
    clock_at(town, 20)
    town.open()
    with PushService() as service:
        town.phones(service, 1, quiet=DEFAULT)
        town.phones(service, 1)
        town.announce(entry(town.time.at(), push="later"))
        assert (town.deliver().told, town.deliver().held) == (0, 2)
        until(town, MORNING)
        assert town.deliver().told == 2
        assert {"Dès samedi, place de la Libération."} == {
            one.payload["notification"]["body"] for one in service.journal
        }


def test_withdrawn_in_the_night_is_in_no_summary(night: Town) -> None:
    """What was held and is gone from the site, or over, by the morning is not told; its neighbour is, as it is."""
    with PushService() as service:
        (sleeper,) = night.phones(service, 1, quiet=DEFAULT)
        kept = entry(night.time.at(), "actualites/reste", title="Reste")
        brief = entry(night.time.at(), "actualites/bref", title="Bref", end=night.time.at(2).isoformat())
        night.announce(kept, brief, entry(night.time.at(), "actualites/parti", title="Parti"))
        assert night.deliver().held == 3
        night.announce(kept, brief)
        until(night, MORNING)
        assert night.deliver().told == 1
        assert ["Reste"] == shown(service, sleeper)


def test_alerts_only_means_alerts_of_every_category(town: Town) -> None:
    """Who wants alerts only hears of them whatever their folder, for the areas chosen, and of nothing else."""
    town.open()
    with PushService() as service:
        (only,) = town.phones(service, 1, alerts_only=True, categories=("agenda",), areas=("bourg",))
        feast = entry(town.time.at(), "agenda/bal", title="Bal")
        off = entry(town.time.at(), "agenda/annule", title="Annulé", severity="Severe", areas=["bourg"])
        away = entry(town.time.at(), "agenda/ailleurs", title="Ailleurs", severity="Severe", areas=["lancey"])
        town.announce(feast, off, away)
        town.deliver()
        assert ["Annulé"] == shown(service, only)


def test_choices_made_meanwhile_count(night: Town) -> None:
    """Who was held and leaves is forgotten; nobody is told twice for having changed the quiet hours."""
    with PushService() as service:
        night.phones(service, 2, quiet=DEFAULT)
        night.announce(entry(night.time.at()))
        assert night.deliver().held == 2
        with transaction(night.engine) as connection:
            connection.execute(update(subscriptions).values(quiet="20:00-08:00"))
        until(night, MORNING)
        assert night.deliver().told == 0
        until(night, "08:00")
        assert (night.deliver().told, night.deliver().owed, len(service.journal)) == (2, 0, 2)


def test_morning_may_come_while_at_work(night: Town) -> None:
    """A run that begins ten seconds before seven waits for seven, tells who was held, and ends."""
    with PushService() as service:
        (sleeper,) = night.phones(service, 1, quiet=DEFAULT)
        night.announce(entry(night.time.at()), entry(night.time.at(), "actualites/b"))
        assert night.deliver().held == 2
        until(night, "06:59")
        night.time.sleep(50)
        done = night.deliver()
        assert (done.told, done.owed) == (1, 0)
        assert ["Exemple : 2 informations"] == shown(service, sleeper)


@pytest.mark.parametrize(
    ("choice", "told", "later"),
    [
        ({"quiet": "20:00-09:00"}, [], ["Exemple : 2 informations"]),
        ({"categories": '["agenda"]'}, ["Bal"], ["Bal"]),
        ({"alerts_only": 1}, [], []),
    ],
)
def test_summary_obeys_what_was_chosen_meanwhile(
    night: Town, choice: dict[str, str | int], told: list[str], later: list[str]
) -> None:
    """Who goes to bed with two items and changes the choices in the night is told by the new ones."""
    with PushService() as service:
        (sleeper,) = night.phones(service, 1, quiet=DEFAULT)
        night.announce(entry(night.time.at()), entry(night.time.at(), "agenda/bal", title="Bal"))
        night.deliver()
        with transaction(night.engine) as connection:
            connection.execute(update(subscriptions).values(choice))
        until(night, MORNING)
        night.deliver()
        assert told == shown(service, sleeper)
        until(night, "09:00")
        assert night.deliver().owed == 0
        assert later == shown(service, sleeper)


def test_summary_that_is_late_wakes_nobody(night: Town) -> None:
    """A vendor that is down in the morning and back at eleven in the evening: the summary waits for the next morning."""
    with PushService() as service:
        night.phones(service, 1, quiet=DEFAULT)
        night.announce(entry(night.time.at()), entry(night.time.at(), "actualites/b"))
        night.deliver()
        until(night, MORNING)
        service.behave(None, Behaviour(status=500))
        assert night.deliver().owed == 1
        asked = len(service.refused)
        until(night, "23:00")
        assert (night.deliver().held, asked) == (1, len(service.refused))


def test_who_no_longer_wants_it_is_not_tried_again(town: Town) -> None:
    """A message that a vendor did not take is owed to nobody who has meanwhile chosen otherwise."""
    town.open()
    with PushService() as service:
        town.phones(service, 2)
        service.behave(None, Behaviour(status=500))
        town.announce(entry(town.time.at()))
        assert town.deliver().owed == 2
        with transaction(town.engine) as connection:
            connection.execute(update(subscriptions).where(subscriptions.c.id == 1).values(categories='["agenda"]'))
        service.behave(None, None)
        town.time.sleep(3600)
        done = town.deliver()
        assert (done.told, done.owed, len(service.journal)) == (1, 0, 1)
