"""Writing what was found as content files: never over an editor's work, the same files at each run."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from beffroi.content import PAGES
from beffroi.importing.markup import Converter
from beffroi.importing.media import Library
from beffroi.importing.piece import Loss, Piece, Source
from beffroi.records import dataclass
from beffroi.schema.header import forbidden, permitted
from beffroi.settings import RESERVED, Site
from beffroi.text import shorten, slugify

TITLE = 120
SUMMARY = 500


@dataclass
class Written:
    """What became of the pieces: paths from the site's root."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Files that an editor changed since, left as they are."""
    media: int = 0
    losses: list[Loss] = field(default_factory=list)
    folders: dict[str, int] = field(default_factory=dict)


@dataclass
class Memory:
    """What earlier runs wrote: file of each key, and the digest of its bytes. Without it nothing is overwritten."""

    path: Path
    files: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Memory:
        """The memory of that file, empty where there is none or it cannot be read."""
        try:
            told = json.loads(path.read_bytes())
            return cls(path, dict(told["files"]), dict(told["digests"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)

    def save(self) -> None:
        """Write it, in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_suffix(".new")
        told = {"files": self.files, "digests": self.digests}
        aside.write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(aside, self.path)


def folders(source: Source, site: Site, chosen: Mapping[str, str], into: str) -> dict[str, str]:
    """Key of each piece → folder: pages, else the category chosen for one of its own, else one of that very name, else
    `into`."""
    known = {slugify(c.slug): c.slug for c in site.categories.values()}
    known |= {slugify(c.name): c.slug for c in site.categories.values()}
    wanted = {slugify(name): folder for name, folder in chosen.items()}
    places = {}
    for piece in source.pieces:
        names = [slugify(name) for name in piece.categories]
        found = [wanted[n] for n in names if n in wanted] + [known[n] for n in names if n in known]
        places[piece.key] = PAGES if piece.page else (found[0] if found else into)
    return places


def write(source: Source, site: Site, library: Library, memory: Memory, places: Mapping[str, str]) -> Written:
    """Write every piece and the images that they show."""
    done = Written(losses=list(source.losses))
    names = _names(source.pieces, site, memory, places)
    old = {address: f"{names[p.key]}" for p in source.pieces for address in p.addresses}
    for piece in source.pieces:
        converter = Converter(library, lambda path: old.get(path) or old.get(f"{path.rstrip('/')}/"), piece.place)
        body = converter.markdown(piece.html)
        front = _front(piece, site, library, done)
        done.losses += converter.losses
        if not body:
            body = front.get("summary", "") or piece.title
            done.losses.append(Loss(piece.place, "texte vide", "écrivez-le ; repris en brouillon"))
            front["status"] = "draft"
        if piece.title and len(piece.title) > TITLE:
            body = f"**{piece.title}**\n\n{body}"
        done.folders[places[piece.key]] = done.folders.get(places[piece.key], 0) + 1
        _one(names[piece.key], _visible(_file(front, body), piece, done), site, memory, done, piece)
    done.losses += library.losses
    done.media = _media(site, library)
    memory.save()
    return done


def _names(pieces: Sequence[Piece], site: Site, memory: Memory, places: Mapping[str, str]) -> dict[str, str]:
    """Key → file below content/, the one of the former run, else a free one: two pieces never share an address, and
    what an editor wrote before keeps its own."""
    names: dict[str, str] = {p.key: memory.files[p.key] for p in pieces if p.key in memory.files}
    used = set(names.values()) | set(memory.files.values())
    for piece in pieces:
        if piece.key in names:
            continue
        folder, stem = places[piece.key], slugify(piece.name)[:80].strip("-") or "contenu"
        if folder == PAGES and (stem in RESERVED or stem in site.categories):
            stem = f"page-{stem}"
        number, name = 1, f"{folder}/{stem}.md"
        while name in used or _other_s(site.content / name, piece):
            number += 1
            name = f"{folder}/{stem}-{number}.md"
        names[piece.key] = name
        used.add(name)
    return names


def _other_s(path: Path, piece: Piece) -> bool:
    """Whether a file is there that is not this piece, taken by a run that nothing remembers."""
    if not path.is_file():
        return False
    text = path.read_text("utf-8", "replace")
    known = [f"  - {_quoted(address)}\n" for address in piece.addresses]
    return not any(line in text for line in known or [f"title: {_title(piece)}\n"])


def _title(piece: Piece) -> str:
    return _quoted(shorten(piece.title or "Sans titre", TITLE))


def _front(piece: Piece, site: Site, library: Library, done: Written) -> dict[str, str]:
    """The fields, each as YAML."""
    title = piece.title or "Sans titre"
    if not piece.title:
        done.losses.append(Loss(piece.place, "pas de titre", "donnez-lui un titre ; « Sans titre » est mis à la place"))
    if len(title) > TITLE:
        done.losses.append(
            Loss(
                piece.place,
                f"titre de {len(title)} caractères",
                f"raccourci à {TITLE} ; le titre entier ouvre le texte",
            )
        )
    front = {"title": _title(piece)}
    if piece.date:
        front["date"] = piece.date.astimezone(site.zone).strftime("%Y-%m-%d %H:%M")
        if piece.updated and (piece.updated - piece.date).total_seconds() >= 60:
            front["updated"] = piece.updated.astimezone(site.zone).strftime("%Y-%m-%d %H:%M")
    elif not piece.page:
        done.losses.append(Loss(piece.place, "pas de date", "mettez la bonne ; 1er janvier 2000 est mis à la place"))
        front["date"] = "2000-01-01"
    if piece.summary:
        front["summary"] = _quoted(shorten(piece.summary, SUMMARY))
    tags = [t for name in piece.tags if (t := " ".join(name.split()))]
    if tags:
        front["tags"] = f"[{', '.join(_quoted(tag) for tag in dict.fromkeys(tags))}]"
    if piece.image and (place := library.image(piece.image.url, piece.place)) and re.search(r"\.(jpe?g|png)$", place):
        alt = piece.image.alt or piece.image.caption or piece.title
        if not piece.image.alt:
            done.losses.append(Loss(piece.place, "image à la une sans texte", f"relisez « {alt} », mis à la place"))
        front["image"] = f"\n  src: {_quoted(place.partition('/')[2])}\n  alt: {_quoted(shorten(alt, 300))}"
        if piece.image.caption:
            front["image"] += f"\n  credit: {_quoted(shorten(piece.image.caption, 200))}"
    if piece.draft:
        front["status"] = "draft"
    if piece.addresses:
        front["aliases"] = "".join(f"\n  - {_quoted(address)}" for address in piece.addresses)
    return front


def _quoted(text: str) -> str:
    """A YAML text in double quotes, without mark-up: the schema refuses it."""
    plain = " ".join(re.sub(r"<(?=[a-zA-Z/!])", "‹", text).split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _file(front: Mapping[str, str], body: str) -> str:
    head = "\n".join(f"{name}:{value if value.startswith(chr(10)) else f' {value}'}" for name, value in front.items())
    return f"---\n{head}\n---\n\n{body}\n"


def _visible(text: str, piece: Piece, done: Written) -> bytes:
    """The bytes of a file, without what `check` refuses: texts pasted from word processors are full of it."""
    if found := forbidden(text):
        codes = ", ".join(sorted({f"U+{ord(code):04X}" for code in found}))
        done.losses.append(Loss(piece.place, f"{len(found)} caractère(s) invisibles ({codes})", "mis en espaces"))
    return permitted(text).encode("utf-8", "replace")


def _one(name: str, data: bytes, site: Site, memory: Memory, done: Written, piece: Piece) -> None:
    """One file, unless somebody else's hand has been there."""
    path, digest = site.content / name, hashlib.sha256(data).hexdigest()
    shown = f"{site.content.name}/{name}"
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    memory.files[piece.key] = name
    if found == digest:
        done.same.append(shown)
    elif found is not None and found != memory.digests.get(name):
        done.kept.append(shown)
        return
    elif found is None and name in memory.digests:
        done.kept.append(shown)  # an editor deleted it: it does not come back
        return
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        (done.changed if found else done.new).append(shown)
    memory.digests[name] = digest


def _media(site: Site, library: Library) -> int:
    """Write the images and files that are not there yet; return how many."""
    count = 0
    for place, data in library.taken.items():
        path = site.content / place
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            count += 1
    return count
