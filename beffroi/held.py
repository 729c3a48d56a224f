"""Faulty files at publication: each stands at its latest version that passed `check`, or is held back whole.

A fault never holds back another file, and never passes in silence. A draft is held back whole: no fault keeps online what
an editor takes off the site. Versions are those of git's history and the one that the last publication accepted. A version
passes when its own words hold, and when each thing that it links to exists now or existed in its commit: a link that has
died since becomes plain text. An alert that can be read goes out at once, without what it links to in vain: nobody mends a
link at 3 a.m., and nobody reads an alert that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import field
from datetime import datetime
from pathlib import Path

from beffroi.accepted import Accepted, packed
from beffroi.check import Checked, cross, examine
from beffroi.check.card import Card, card_of
from beffroi.check.files import blob_id, decodes, source_of
from beffroi.content import RASTER
from beffroi.errors import CheckFailed, Fault
from beffroi.forks import spread
from beffroi.git import Blobs, Repository, Version
from beffroi.learnt import entry_of, readable
from beffroi.memo import Memo
from beffroi.memo.stamps import Files as Stamps
from beffroi.records import dataclass
from beffroi.schema.french import say
from beffroi.settings import Site


@dataclass(frozen=True, slots=True)
class Held:
    """One faulty file. What stands in its place: the version of `when`, of the commit `mark` or of the last
    publication (`mark` empty); the file itself, without its dead links and images (`same`); nothing (`when` is `None`)."""

    source: str
    faults: tuple[Fault, ...]
    when: datetime | None = None
    mark: str = ""
    same: bool = False

    def sentences(self) -> list[str]:
        """What the editor must know: the file, what is online instead, and each fault."""
        if self.same:
            head = say("{} : publié, mais ce qui n’existe plus en est retiré ; corrigez le fichier.", self.source)
        elif self.when is None:
            head = say("{} : retenu, rien n’en est publié ; corrigez le fichier.", self.source)
        else:
            day = self.when.strftime("%Y-%m-%d %H:%M")
            which = f"de la révision {self.mark[:10]}" if self.mark else "de la dernière publication"
            head = say("{} : retenu, la version {} ({}) reste en ligne ; corrigez le fichier.", self.source, which, day)
        return [head, *(f"  {fault}" for fault in self.faults)]


@dataclass(frozen=True)
class Standing:
    """What may be published. `instead` gives the bytes of held files by source, `None` for none of them; `originals`
    the older files of images by path, `None` where there is none."""

    checked: Checked
    instead: Mapping[str, bytes | None] = field(default_factory=dict)
    originals: Mapping[Path, Path | None] = field(default_factory=dict)
    held: tuple[Held, ...] = ()

    @property
    def warnings(self) -> list[Fault]:
        """What refuses nothing, in the files that are published as they are."""
        held = {one.source for one in self.held}
        return [fault for fault in self.checked.faults if fault.level == "warning" and fault.path not in held]


def standing(site: Site, var: Path, memo: Memo | None = None, found: Stamps | None = None) -> Standing:
    """What stands of the content; `memo` learns of what is read, `found` is the folder as it was just seen. The caller
    is to `keep` what was checked. Raises `CheckFailed` where no file is to blame: no content at all, or settings that no
    longer admit what is online."""
    checked = examine(site, cache=var / "cache" / "check", memo=memo, light=True, later=True, found=found)
    errors = [fault for fault in checked.faults if fault.level == "error"]
    sources = {card.source for card in checked.cards.values()}
    if astray := [fault for fault in errors if fault.path not in sources]:
        raise CheckFailed(astray)
    if not errors:
        return Standing(checked.told())
    search = Search(site, checked, accepted(var), var / "cache" / "originals")
    with search:
        return search.standing()


def accepted(var: Path) -> Accepted:
    """What the last publications accepted."""
    return Accepted(var / "accepted.sqlite3")


def record(site: Site, var: Path, stood: Standing, at: datetime) -> list[Fault]:
    """Once online, keep what was accepted. Warns of what citizens could read, and that went without git knowing."""
    kept, repository = accepted(var), Repository.of(site.root)
    now: dict[str, str] = {}
    changed: list[str] = []
    prefix = source_of(site, "")
    for name, key in stood.checked.keys.items():
        source = prefix + name
        data = stood.instead.get(source, b"")
        if data is None and not stood.checked.cards[name].draft:  # else no older version may come back
            continue
        now[source] = blob = blob_id(data) if data else key
        if kept.blobs.get(source) != blob:
            changed.append(name)

    def read(name: str) -> tuple[str, str, bytes]:
        source = prefix + name
        return source, now[source], stood.instead.get(source) or stood.checked.files.data(name)

    def read_packed(name: str) -> tuple[str, str, bytes]:
        source, blob, data = read(name)
        return source, blob, packed(data)

    gone = kept.blobs.keys() - now.keys() - stood.instead.keys()
    unsaid = list(_unsaid(site, kept, sorted(gone), repository, at)) if gone else []
    unsaid += _hidden(site, kept, (read(name) for name in changed if prefix + name in kept.blobs), at)
    head = repository.commit_of("HEAD") if repository else ""
    kept.record(spread(read_packed, changed), sorted(gone), head, int(at.timestamp()))
    return unsaid


def _unsaid(
    site: Site, kept: Accepted, gone: Sequence[str], repository: Repository | None, at: datetime
) -> Iterator[Fault]:
    """Files that are deleted on the disk alone: nothing says so to whoever read them."""
    below = source_of(site, "").rstrip("/")
    left = repository.names("HEAD", below) if repository and repository.commit_of("HEAD") else frozenset(gone)
    for source in gone:
        data, _ = kept.data(source) or (b"", 0)
        entry = readable(site, source, data) if source in left else None
        if entry is not None and entry.visible(at):
            sentence = (
                "Le fichier a disparu sans que git le sache : son adresse répond « introuvable », et les téléphones gardent "
                "sa notification ; enregistrez la suppression (git commit), ou remettez-le avec « status: withdrawn »."
            )
            yield Fault(source, 1, say(sentence), "warning")


def _hidden(site: Site, kept: Accepted, files: Iterable[tuple[str, str, bytes]], at: datetime) -> Iterator[Fault]:
    """What citizens could read, and that is a draft now, or has its date to come."""
    for source, _, data in files:
        now, before = readable(site, source, data), kept.data(source)
        if now is None or now.visible(at) or before is None:
            continue
        entry = readable(site, source, before[0])
        if entry is not None and entry.visible(at):
            sentence = (
                "Ce contenu était en ligne et n’y est plus : son adresse répond « introuvable », et les téléphones gardent "
                "sa notification ; pour le retirer, écrivez « status: withdrawn »."
            )
            yield Fault(source, 1, say(sentence), "warning")


class Search:
    """The search for what stands in the place of each faulty file."""

    def __init__(self, site: Site, checked: Checked, kept: Accepted, originals: Path) -> None:
        self.site, self.checked, self.kept, self.folder = site, checked, kept, originals
        self.world = cross.World(site, checked.files, checked.cards)
        self.names = {card.source: card.name for card in checked.cards.values()}
        self.repository = Repository.of(site.root)
        if self.repository and not self.repository.commit_of("HEAD"):
            self.repository = None  # nothing was ever committed
        self.instead: dict[str, bytes | None] = {}
        self.originals: dict[Path, Path | None] = {}
        self.held: dict[str, Held] = {}
        self._open = ExitStack()
        self._blobs: Blobs | None = None
        self._trees: dict[str, frozenset[str]] = {}

    def __enter__(self) -> Search:
        if self.repository:
            self._blobs = self._open.enter_context(self.repository.blobs())
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def standing(self) -> Standing:
        """Each faulty file's version, then each address for one file."""
        faults: dict[str, list[Fault]] = {}
        for fault in self.checked.faults:
            if fault.level == "error":
                faults.setdefault(fault.path, []).append(fault)
        clashing = {card.source for card, _ in cross.clashes(self.checked.cards)}
        faulty = [source for source in faults if source not in clashing or len(faults[source]) > 1]
        stands = (self._draft, self._as_it_is, self._presses)
        waiting = [s for s in faulty if not any(stand(s, faults[s]) for stand in stands)]
        self._older(waiting, faults)
        self._addresses(faults)
        held = tuple(self.held[source] for source in sorted(self.held))
        return Standing(self.checked, self.instead, self.originals, held)

    def _draft(self, source: str, faults: Sequence[Fault]) -> bool:
        """Whether it is a draft, of which no version stands."""
        if draft := self.checked.cards[self.names[source]].draft:
            self._none(source, faults)
        return draft

    def _as_it_is(self, source: str, faults: Sequence[Fault]) -> bool:
        """Whether a file that did not change since it was accepted stands, unlinked from what is gone."""
        name = self.names[source]
        key = self.checked.keys.get(name)
        if key is None or self.kept.blobs.get(source) != key:  # unreadable, or other bytes
            return False
        card = self.checked.cards[name]
        if not card.bearable:
            raise CheckFailed([*faults, _settings(source)])
        self._lose(card)
        self.held[source] = Held(source, tuple(faults), same=True)
        return True

    def _presses(self, source: str, faults: Sequence[Fault]) -> bool:
        """Whether it is an alert of which only links or images are at fault: it stands, without them."""
        card = self.checked.cards[self.names[source]]
        if not card.bearable:
            return False
        data = self.checked.files.data(card.name)
        if entry_of(self.site, self.site.content / card.name, source, data).alert is None:
            return False
        self._lose(card)
        self.held[source] = Held(source, tuple(faults), same=True)
        return True

    def _older(self, waiting: Sequence[str], faults: Mapping[str, Sequence[Fault]]) -> None:
        """Look through the history of all of them at once, the newest first."""
        left = dict.fromkeys(waiting)
        fresh = self.repository.since(self.kept.head) if self.repository else frozenset()
        tried: set[str] = set()
        for version in self._versions(waiting):
            if version.name not in left:
                continue
            if version.commit not in fresh and version.name not in tried:
                tried.add(version.name)  # older than the last publication: what that one accepted comes first
                if self._accepted(version.name, faults[version.name]):
                    del left[version.name]
                    continue
            if self._stands(version, faults[version.name]):
                del left[version.name]
            if not left:
                break
        for source in left:
            if (source in tried or not self._accepted(source, faults[source])) and not self._renamed(
                source, faults[source]
            ):
                self._none(source, faults[source])

    def _renamed(self, source: str, faults: Sequence[Fault]) -> bool:
        """Whether a version stands that it had under another name: it was renamed and broken at once."""
        versions = self.repository.earlier(source) if self.repository else ()
        return any(self._stands(version, faults) for version in versions)

    def _versions(self, sources: Sequence[str]) -> Iterator[Version]:
        """Nothing where there is no repository."""
        if self.repository and sources:
            yield from self.repository.versions(sources)

    def _accepted(self, source: str, faults: Sequence[Fault]) -> bool:
        found = self.kept.data(source)
        if found is None:
            return False
        data, at = found
        card = self._card(source, data)
        if not card.bearable:  # the settings changed since
            return False
        self._lose(card)
        self._hold(card, faults, data, at, "")
        return True

    def _stands(self, version: Version, faults: Sequence[Fault]) -> bool:
        """Whether that version passes; it then stands."""
        data = self._blobs.data(version.blob) if self._blobs and version.blob else None
        card = self._card(version.name, data) if data is not None else None
        if data is None or card is None or not card.ok:
            return False
        dead = self._dead(card)
        if not all(self._lived(found.name, version.commit) for found in dead):
            return False
        for name in {found.name for found in dead}:
            self._original(name, version.commit)
        if version.blob == self.checked.keys.get(card.name):
            self.held[version.name] = Held(version.name, tuple(faults), same=True)
        else:
            self._hold(card, faults, data, version.when, version.commit)
        return True

    def _card(self, source: str, data: bytes) -> Card:
        return card_of(self.site, self.names[source], source, data)

    def _dead(self, card: Card) -> list[cross.Found]:
        return [found for found in cross.faults(self.world, card) if found.fault.level == "error"]

    def _hold(self, card: Card, faults: Sequence[Fault], data: bytes, at: int, mark: str) -> None:
        if card.draft:  # of which nothing is online
            self._none(card.source, faults)
            return
        self.instead[card.source] = data
        when = datetime.fromtimestamp(at, self.site.zone)
        self.held[card.source] = Held(card.source, tuple(faults), when, mark)

    def _none(self, source: str, faults: Sequence[Fault]) -> None:
        self.instead[source] = None
        self.held[source] = Held(source, tuple(faults))

    def _lived(self, name: str, commit: str) -> bool:
        """Whether that file existed in that commit, and could be read where it is an image."""
        if Path(name).suffix.lower() in RASTER:
            data = self._blobs.data(f"{commit}:./{source_of(self.site, name)}") if self._blobs else None
            return data is not None and decodes(data)
        if commit not in self._trees and self.repository:
            below = source_of(self.site, "").rstrip("/")
            self._trees[commit] = self.repository.names(commit, below)
        return source_of(self.site, name) in self._trees.get(commit, ())

    def _lose(self, card: Card) -> None:
        """Do without the images of this file that cannot be had any more, but for those that git still has."""
        for found in self._dead(card):
            self._original(found.name, "HEAD")

    def _original(self, name: str, commit: str) -> None:
        """The image as that commit had it, put where the build finds it; else none."""
        path = self.site.content / name
        suffix = path.suffix.lower()
        if suffix not in RASTER or path in self.originals or self.checked.files.is_image(name):
            return
        data = self._blobs.data(f"{commit}:./{source_of(self.site, name)}") if self._blobs else None
        self.originals[path] = None
        if data is not None and decodes(data):
            self.folder.mkdir(parents=True, exist_ok=True)
            place = self.folder / f"{path.stem}-{blob_id(data)[:16]}{suffix}"
            place.write_bytes(data)
            self.originals[path] = place

    def _addresses(self, faults: Mapping[str, Sequence[Fault]]) -> None:
        """One file an address: no draft, the one that is online already, else the one that git knew first, else the first."""
        takers: dict[str, list[Card]] = {}
        for card in self.checked.cards.values():
            if self.instead.get(card.source, b"") is not None:
                takers.setdefault(card.url, []).append(card)
        known = self.repository.names("HEAD", source_of(self.site, "").rstrip("/")) if self.repository else frozenset()
        for cards in takers.values():
            first, *others = sorted(
                cards, key=lambda c: (c.draft, c.source not in self.kept.blobs, c.source not in known)
            )
            for card in others:
                sentence = f"même adresse que {first.source} ({card.url}) ; renommez l’un des deux fichiers."
                found = [f for f in faults.get(card.source, ()) if "même adresse" not in f.message]
                self.instead[card.source] = None
                self.held[card.source] = Held(card.source, (*found, Fault(card.source, 1, sentence)))


def _settings(source: str) -> Fault:
    return Fault(source, 1, say("Ce fichier n’a pas changé : revenez sur le réglage qui ne l’admet plus."))
