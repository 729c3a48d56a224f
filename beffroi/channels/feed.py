"""Read back `feeds/feed.json` (JSON Feed 1.1) from a release: the contract between build and announce."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from beffroi.channels import FeedItem
from beffroi.errors import VerifyError
from beffroi.model import Alert, Certainty, Severity, Urgency
from beffroi.records import dataclass

FIRST = "feeds/feed.json"
MOVED = ".beffroi/moved.map"
STATUSES = ("withdrawn", "cancelled")

Word = TypeVar("Word", Severity, Urgency, Certainty)


@dataclass(frozen=True, slots=True)
class Feed:
    """What citizens can read. `faults` are French sentences on items that could not be read, left out of `items`."""

    items: tuple[FeedItem, ...]
    faults: tuple[str, ...] = ()
    former: Mapping[str, list[str]] = field(default_factory=dict)
    """Id of each item → the ids that it had before its file was renamed."""


def read(release: Path, site_url: str, since: datetime) -> Feed:
    """The items of the feed and of its archive, as far back as a page has one from `since` on.

    Raises `VerifyError` where the feed itself cannot be read.
    """
    items: dict[str, FeedItem] = {}
    faults: list[str] = []
    for name, page in _pages(release, site_url, faults):
        found = list(_items(name, page, faults))
        for item in found:
            items.setdefault(item.id, item)
        if not any(item.since >= since or item.modified >= since for item in found):
            break
    return Feed(tuple(items.values()), tuple(faults), former(release, urlsplit(site_url).path.rstrip("/")))


def _pages(release: Path, site_url: str, faults: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each page's path in the release and its JSON object, along `next_url`."""
    name: str | None = FIRST
    seen: set[str] = set()
    while name is not None:
        seen.add(name)
        page = _load(release, name)
        yield name, page
        following = page.get("next_url")
        name = _inside(release, site_url, str(following)) if following else None
        if following and (name is None or name in seen):
            faults.append(f"{FIRST} : la suite, {following!r}, n’est pas une page de ce site ; archives non lues.")
            return


def _load(release: Path, name: str) -> Mapping[str, Any]:
    try:
        page = json.loads((release / name).read_bytes())
    except OSError as error:
        raise VerifyError(f"{name} est introuvable dans {release} ; relancez la publication.") from error
    except ValueError as error:
        raise VerifyError(f"{name} n’est pas du JSON ({error}) ; relancez la publication.") from error
    if not isinstance(page, dict) or not isinstance(page.get("items"), list):
        raise VerifyError(f"{name} n’est pas un fil JSON Feed (« items » manque) ; relancez la publication.")
    return page


def _inside(release: Path, site_url: str, url: str) -> str | None:
    """The file of the release that an absolute URL of the site serves; None for any other URL."""
    if not url.startswith(f"{site_url}/"):
        return None
    name = unquote(urlsplit(url[len(site_url) + 1 :]).path)
    root = release.resolve()
    path = (root / name).resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) and path.is_file() else None


def _items(name: str, page: Mapping[str, Any], faults: list[str]) -> Iterator[FeedItem]:
    """The items of one page: one that cannot be read holds back no other."""
    for index, raw in enumerate(page["items"]):
        try:
            yield item_from(raw)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            found = raw.get("id") if isinstance(raw, dict) else raw
            reason = f"{type(error).__name__}: {error}"
            faults.append(f"{name} : l’élément {index + 1} ({found!r}) est illisible ({reason}).")


def item_from(raw: Mapping[str, Any]) -> FeedItem:
    """A `FeedItem` of one JSON Feed item, else KeyError, TypeError, ValueError or AttributeError."""
    own = raw["_beffroi"]
    published = moment(raw["date_published"])
    event = own.get("event") or {}
    status = own.get("status")
    end = None if status in STATUSES else own.get("end") or event.get("end")
    return FeedItem(
        id=_text(raw["id"]),
        category=_text(own["category"]),
        title=_text(raw["title"]),
        url=_text(raw["url"]),
        summary=str(raw.get("summary") or ""),
        lang=str(raw.get("language") or "fr"),
        published=published,
        modified=moment(raw["date_modified"]) if raw.get("date_modified") else published,
        start=moment(own["start"]) if own.get("start") else None,
        end=moment(end) if end else None,
        alert=_alert(own),
        areas=tuple(sorted(map(str, own.get("areas") or ()))),
        push=_push(own.get("push")),
        status=status if status in STATUSES else "",
    )


def former(release: Path, base: str) -> dict[str, list[str]]:
    """Id of each item → the ids that it had, by the release's map of former addresses."""
    try:
        pairs = re.findall(r'^"([^"]*)" "([^"]*)";$', (release / MOVED).read_text("utf-8"), re.M)
    except OSError:
        return {}
    found: dict[str, list[str]] = {}
    for old, new in pairs:
        found.setdefault(_id(new, base), []).append(_id(old, base))
    return found


def _id(path: str, base: str) -> str:
    return unquote(path).removeprefix(base).strip("/")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"texte attendu, trouvé {value!r}")
    return value


def _push(value: object) -> str | Literal[False] | None:
    if value is None or value is False:
        return value
    return _text(value)


def _alert(own: Mapping[str, Any]) -> Alert | None:
    """An unknown CAP word counts as Unknown: an alert is told even then."""
    if not own.get("severity"):
        return None
    return Alert(
        _word(Severity, own["severity"]), _word(Urgency, own.get("urgency")), _word(Certainty, own.get("certainty"))
    )


def _word(words: type[Word], value: object) -> Word:
    try:
        return words(str(value))
    except ValueError:
        return words("Unknown")


def moment(text: str) -> datetime:
    """An aware instant of RFC 3339 text; one without offset is taken as UTC. Raises ValueError."""
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)
