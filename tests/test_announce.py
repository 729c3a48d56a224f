"""What is new is told once; what is old, over or silenced is known and told to nobody."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beffroi.announce import Why, announce, news, revision
from beffroi.channels import FeedItem, feed
from beffroi.errors import VerifyError
from beffroi.feeds import jsonfeed
from beffroi.model import Alert, Category, Item, Publisher, Severity
from beffroi.store.entries import Known
from tests.channels.town import SITE, Town, alert, entry, town_fixture
from tests.e2e.push_service import PushService
from tests.e2e.push_state import Behaviour
from tests.store.databases import postgres_fixture, url_fixture

__all__ = ["postgres_fixture", "town_fixture", "url_fixture"]  # fixtures used below

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
WEEK = timedelta(days=7)

moments = st.integers(-20 * 24, 2 * 24).map(lambda hours: AT + timedelta(hours=hours))
feed_items = st.builds(
    FeedItem,
    id=st.sampled_from([f"actualites/{name}" for name in "abcdef"]),
    category=st.just("actualites"),
    title=st.sampled_from(["Un", "Deux"]),
    url=st.just(f"{SITE}/x/"),
    summary=st.sampled_from(["", "Mots"]),
    lang=st.just("fr"),
    published=moments,
    modified=moments,
    start=st.none() | moments,
    end=st.none() | moments,
    alert=st.none() | st.just(Alert(Severity.SEVERE)),
    push=st.none() | st.just(False) | st.just("Mots pour téléphones"),
)
feeds = st.lists(feed_items, max_size=6, unique_by=lambda item: item.id)
ledgers = st.dictionaries(
    st.sampled_from([f"actualites/{name}" for name in "abcdef"]),
    st.builds(Known, st.just("0" * 64), st.integers(1, 5), st.booleans()),
)


@given(feeds, ledgers)
def test_each_unknown_revision_has_one_decision(items: list[FeedItem], known: dict[str, Known]) -> None:
    """Every item whose words the ledger lacks is decided upon, once, and numbered after the ones before."""
    decisions = news(items, known, AT, WEEK)
    assert [item.id for item in items] == [decision.item.id for decision in decisions]
    for one in decisions:
        before = known.get(one.item.id)
        assert one.number == (before.number + 1 if before else 1)
        assert one.revision == revision(one.item)


@given(feeds, ledgers)
def test_nothing_is_new_twice(items: list[FeedItem], known: dict[str, Known]) -> None:
    """Once the decisions are in the ledger, the same feed has nothing new, at that instant or later."""
    after = {d.item.id: Known(d.revision, d.number, d.why.told) for d in news(items, known, AT, WEEK)}
    assert news(items, {**known, **after}, AT, WEEK) == []
    assert news(items, {**known, **after}, AT + WEEK, WEEK) == []


@given(feeds, ledgers)
def test_only_what_is_fresh_running_and_wanted_is_told(items: list[FeedItem], known: dict[str, Known]) -> None:
    """Silenced, ended and aged items ring no phone; nor does an update of what was never told."""
    for one in news(items, known, AT, WEEK):
        item, before = one.item, known.get(one.item.id)
        last = max(item.since, item.modified) if item.alert and before else item.since
        wanted = (
            item.push is not False
            and not item.over(AT)
            and last >= AT - WEEK
            and (not before or before.told or item.alert is not None)
        )
        assert wanted == one.why.told
        assert one.why is not Why.UPDATE or before


@given(feeds, ledgers, st.sampled_from([Why.FIRST, Why.ASKED]))
def test_adoption_tells_nobody(items: list[FeedItem], known: dict[str, Known], why: Why) -> None:
    """A first publication, or `invoke adopt`, tells nothing at all."""
    assert {why} >= {decision.why for decision in news(items, known, AT, WEEK, everything=why)}


@given(feed_items)
def test_revision_is_what_phones_are_told(item: FeedItem) -> None:
    """The text's own date is no news, but for alerts; each word that phones show is."""
    later = replace(item, modified=item.modified + timedelta(minutes=1))
    assert (revision(item) == revision(later)) == (item.alert is None)
    for change in ({"title": "Trois"}, {"url": f"{SITE}/z/y/"}, {"end": AT + 9 * WEEK}, {"areas": ("bourg",)}):
        assert revision(item) != revision(replace(item, **change))


def titles(service: PushService) -> list[str]:
    """Of all accepted messages."""
    return [message.payload["notification"]["title"] for message in service.journal]


def test_first_publication_adopts_everything(town: Town) -> None:
    """An empty ledger, new or lost, does not ring for the whole archive, and the report says so."""
    with PushService() as service:
        town.phones(service, 2)
        done = town.announce(entry(town.time.at()), alert(town.time.at(), town.time.at(5)))
        assert (done.told, done.owed) == ((), 0)
        assert done.sentences() == ["2 contenus : première publication : rien n’est annoncé"]
        assert town.deliver().told == 0
        assert service.journal == []


def test_same_feed_twice_tells_once(town: Town) -> None:
    """A second announcement of the same feed tells nobody."""
    town.open()
    with PushService() as service:
        town.phones(service, 3)
        news_item = entry(town.time.at())
        assert town.announce(news_item).sentences() == ["Le marché déménage (actualites/marche) : nouveau"]
        again = town.announce(news_item)
        assert (again.decisions, again.owed) == ((), 3)
        town.deliver()
        town.announce(news_item)
        assert (town.deliver().told, len(service.journal)) == (0, 3)


def test_two_machines_announcing_at_once_tell_once(town: Town) -> None:
    """Two publications of one feed, on machines that share only the database, write each delivery once."""
    town.open()
    with PushService() as service:
        town.phones(service, 20)
        town.feed(entry(town.time.at()))
        places = [replace_var(town, name) for name in ("a", "b", "c")]
        gate = threading.Barrier(len(places))
        told: list[int] = []

        def publish(place: Town) -> None:
            gate.wait()
            done = announce(place.release, place.site, place.service, place.engine, town.time.at())
            told.append(len(done.told))
            place.deliver()

        threads = [threading.Thread(target=publish, args=(place,)) for place in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(told) == [0, 0, 1]
        assert list(Counter(message.endpoint for message in service.journal).values()) == [1] * 20


def replace_var(town: Town, name: str) -> Town:
    """The same town from another machine: its own folder and lock, the same key and database."""
    service = replace(town.service, var=town.folder / name, vapid_key_file=town.service.vapid_key)
    return replace(town, service=service)


def test_adopt_records_without_telling(town: Town) -> None:
    """`adopt_all` makes everything known; the next announcement has nothing to tell."""
    town.open()
    done = town.announce(entry(town.time.at()), adopt_all=True)
    assert done.by_reason == {"adopté à la demande": 1}
    assert town.announce(entry(town.time.at())).decisions == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"date_published": -24 * 8}, "trop ancien pour être annoncé"),
        ({"end": -1}, "déjà terminé"),
        ({"event": {"start": -3, "end": -1}}, "déjà terminé"),
        ({"push": False}, "sans notification, comme demandé (push: non)"),
        ({"date_published": -24 * 8, "start": -1}, "nouveau"),
        ({"push": "Samedi !", "end": 5}, "nouveau"),
    ],
)
def test_who_is_told_of_what(town: Town, changes: dict[str, Any], reason: str) -> None:
    """Age counts from the later of publication and start; the end and the agent's own choice are respected."""

    def dated(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: dated(one) for name, one in value.items()}
        return value if isinstance(value, str | bool) else town.time.at(value).isoformat()

    town.open()
    item = entry(town.time.at(), **{name: dated(value) for name, value in changes.items()})
    assert {reason: 1} == town.announce(item).by_reason


def test_update_replaces_the_notification(town: Town) -> None:
    """New words go to whoever had the old ones, with the same tag and Topic; an alert rings again."""
    town.open()
    with PushService() as service:
        (phone,) = town.phones(service, 1)
        begin, end = town.time.at(), town.time.at(48)
        town.announce(alert(begin, end))
        town.deliver()
        changed = alert(begin, end, title="Crue : évacuation", date_modified=town.time.at(1).isoformat())
        assert town.announce(changed).by_reason == {"mis à jour": 1}
        assert town.deliver().told == 1
        old, new = (message.payload["notification"] for message in service.journal)
        assert (old["title"], new["title"]) == ("Crue de l’Isère", "Crue : évacuation")
        assert (old["tag"], None, True) == (new["tag"], old.get("renotify"), new.get("renotify"))
        assert [one.payload["notification"]["title"] for one in service.collect(phone)] == ["Crue : évacuation"]


def test_nobody_gets_old_words_after_new_ones(town: Town) -> None:
    """What is still owed of the old words is dropped; whoever was owed them gets the new ones, once."""
    town.open()
    with PushService() as service:
        phones = town.phones(service, 6)
        service.behave(None, Behaviour(status=429, retry_after="60"))
        town.announce(entry(town.time.at()))
        assert town.deliver().owed == 6
        service.behave(None, None)
        assert town.announce(entry(town.time.at(), title="Le marché revient")).owed == 6
        assert town.deliver().owed == 6  # the vendor asked for a minute of peace, whatever is to be said
        town.time.sleep(61)
        town.deliver()
        assert titles(service) == ["Le marché revient"] * 6
        assert set(phones) == {message.endpoint for message in service.journal}


def test_words_taken_back_are_an_update_too(town: Town) -> None:
    """An item that returns to its first words is told in them again: they replace what phones show."""
    town.open()
    with PushService() as service:
        town.phones(service, 1)
        for title in ("Un", "Deux", "Un"):
            town.announce(entry(town.time.at(), title=title))
            town.deliver()
        assert titles(service) == ["Un", "Deux", "Un"]


def test_ended_alert_is_told_however_long_it_ran(town: Town) -> None:
    """An alert that changes on its tenth day is news, though it began before the age limit."""
    town.open()
    with PushService() as service:
        town.phones(service, 1)
        begin = town.time.at()
        town.announce(alert(begin, town.time.at(24 * 20)))
        town.deliver()
        town.time.sleep(10 * 86400)
        over = alert(begin, town.time.at(6), title="Fin de la crue", date_modified=town.time.at().isoformat())
        assert town.announce(over).by_reason == {"mis à jour": 1}


def test_withdrawn_item_is_not_sent(town: Town) -> None:
    """An item taken off the site before everybody was told reaches nobody else."""
    town.open()
    with PushService() as service:
        town.phones(service, 2)
        assert town.announce(entry(town.time.at())).owed == 2
        done = town.announce(entry(town.time.at(-24 * 30), "actualites/bienvenue"))
        assert (done.withdrawn, done.owed) == (("actualites/marche",), 0)
        assert town.deliver().told == 0
        assert service.journal == []


def test_areas_are_respected(town: Town) -> None:
    """Who chose one area is not told of another; an item without area is for all."""
    town.open()
    with PushService() as service:
        lancey = town.phones(service, 1, areas=("lancey",))
        everywhere = town.phones(service, 1)
        town.announce(entry(town.time.at(), areas=["bourg"]))
        town.deliver()
        assert everywhere == [message.endpoint for message in service.journal]
        town.announce(entry(town.time.at(), "actualites/tous"))
        town.deliver()
        assert {*lancey, *everywhere} == {message.endpoint for message in service.journal[1:]}


def test_archive_is_read_as_far_as_it_is_young(town: Town) -> None:
    """`next_url` is followed while a page has something young, and no further."""
    town.open()
    at = town.time.at()
    old = [entry(town.time.at(-24 * 40), f"actualites/v{n}") for n in range(3)]
    town.feed(entry(at, "actualites/c"), next_url=f"{SITE}/feeds/feed-3.json")
    town.feed(entry(at, "actualites/b"), name="feed-3.json", next_url=f"{SITE}/feeds/feed-2.json")
    town.feed(*old, name="feed-2.json", next_url=f"{SITE}/feeds/absent.json")
    done = announce(town.release, town.site, town.service, town.engine, at)
    assert {"actualites/c", "actualites/b"} == {item.id for item in done.told}
    assert (done.by_reason, done.faults) == ({"nouveau": 2, "trop ancien pour être annoncé": 3}, ())


@pytest.mark.parametrize(
    "following",
    [
        f"{SITE}/feeds/absent.json",
        f"{SITE}/../../secret.json",
        "https://ailleurs.example/feed.json",
        f"{SITE}/feeds/feed.json",
    ],
)
def test_next_url_that_leads_elsewhere_is_reported(town: Town, following: str) -> None:
    """A page that is not of this site, or was read before, is not followed; the first one is announced."""
    town.open()
    (town.folder.parent / "secret.json").write_text('{"items": []}', encoding="utf-8")
    town.feed(entry(town.time.at()), next_url=following)
    done = announce(town.release, town.site, town.service, town.engine, town.time.at())
    assert len(done.told) == 1
    sentence = f"feeds/feed.json : la suite, {following!r}, n’est pas une page de ce site ; archives non lues."
    assert (sentence,) == done.faults


def test_unreadable_item_holds_back_no_alert(town: Town) -> None:
    """An item without its category, or with an impossible date, is reported; the alert beside it is told."""
    town.open()
    broken = entry(town.time.at(), "actualites/x", date_published="hier")
    done = town.announce(broken, alert(town.time.at(), town.time.at(2)))
    assert [item.id for item in done.told] == ["alertes/crue-isere"]
    assert len(done.faults) == 1
    assert done.faults[0].startswith("feeds/feed.json : l’élément 1 ('actualites/x') est illisible (ValueError")


@pytest.mark.parametrize(("content", "found"), [(None, "introuvable"), ("{", "pas du JSON"), ("[]", "JSON Feed")])
def test_unreadable_feed_is_an_error(town: Town, content: str | None, found: str) -> None:
    """Without a feed there is nothing to announce, and that is said."""
    if content is not None:
        town.feed()
        (town.release / feed.FIRST).write_text(content, encoding="utf-8")
    with pytest.raises(VerifyError, match=found):
        announce(town.release, town.site, town.service, town.engine, town.time.at())


def test_feed_of_the_build_is_understood(town: Town) -> None:
    """What `beffroi.feeds.jsonfeed` writes is read back as it was meant: the contract between build and announce."""
    category = Category("alertes", "Alertes", "alert", "brick")
    publisher = Publisher("Exemple", SITE, "Exemple", "")
    item = Item(
        id="alertes/crue",
        category=category,
        title="Crue",
        url=f"{SITE}/alertes/crue/",
        path="/alertes/crue/",
        date=AT,
        updated=AT + timedelta(hours=1),
        summary="Éloignez-vous.",
        end=AT + WEEK,
        alert=Alert(Severity.EXTREME),
        push="Montez à l’étage.",
    )
    path = town.release / feed.FIRST
    path.parent.mkdir(parents=True)
    path.write_bytes(jsonfeed.render([item], publisher, AT + timedelta(hours=2)))
    assert isinstance(json.loads(path.read_bytes())["items"], list)
    (read,) = feed.read(town.release, SITE, AT).items
    assert ("alertes/crue", "alertes", item.url, item.summary) == (read.id, read.category, read.url, read.summary)
    assert (item.date, item.updated, item.end, item.alert) == (read.published, read.modified, read.end, read.alert)
    assert item.push == read.words
