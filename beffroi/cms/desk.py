"""What the form asks of this machine (Decap's proxy protocol): read files, save them once checked, commit them."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from beffroi.check import examine
from beffroi.check.files import source_of
from beffroi.cms.save import rewritten
from beffroi.content import IMAGES
from beffroi.errors import BeffroiError, why
from beffroi.git import Repository
from beffroi.settings import Site

Json = dict[str, Any]


class Refused(BeffroiError):
    """What the form sent is not saved; the sentence is shown in it. `status` is HTTP's."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


class Desk:
    """One commune's content. Paths in requests are from the site's root, and stay below `content/`."""

    def __init__(self, site: Site, cache: Path) -> None:
        self.site, self.cache = site, cache
        self.repository = Repository.of(site.root)
        self.actions: Mapping[str, Callable[[Json], Any]] = {
            "info": self._info,
            "entriesByFolder": self._folder,
            "entriesByFiles": lambda asked: [self._read(one["path"]) for one in asked["files"]],
            "getEntry": lambda asked: self._read(asked["path"]),
            "persistEntry": self._persist_entry,
            "deleteFiles": self._delete,
            "getMedia": self._media,
            "getMediaFile": lambda asked: self._medium(self._path(asked["path"])),
            "persistMedia": self._persist_media,
            "unpublishedEntries": lambda _: [],
            "getDeployPreview": lambda _: None,
            "getNotes": lambda _: {"notes": []},
        }

    def answer(self, request: Json) -> Any:
        """The answer to one request. Raises `Refused`."""
        action = self.actions.get(str(request.get("action")))
        if action is None:
            raise Refused("Ce formulaire ne sait pas faire cela.", 404)
        try:
            return action(dict(request.get("params") or {}))
        except (KeyError, TypeError, binascii.Error) as error:
            raise Refused("Demande incomplète.", 400) from error
        except OSError as error:
            raise Refused(f"Le fichier n’a pas pu être lu ou écrit : {why(error)}.", 500) from error

    def _info(self, _: Json) -> Json:
        return {"repo": self.site.publisher.title, "publish_modes": ["simple"], "type": "local_git"}

    def _path(self, name: str) -> Path:
        """That file. Raises `Refused` for a path that leads out of the content."""
        path = (self.site.root / name).resolve()
        content = self.site.content.resolve()
        if not path.is_relative_to(content) or any(p.startswith(".") for p in path.relative_to(content).parts):
            raise Refused("Ce chemin n’est pas dans le dossier des contenus.", 403)
        return path

    def _read(self, name: str) -> Json:
        path = self._path(name)
        if not path.is_file():
            raise Refused(f"Le fichier {name} n’existe pas.", 404)
        data = path.read_bytes()
        text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
        return {"data": text, "file": {"path": name, "label": path.stem, "id": hashlib.sha256(data).hexdigest()}}

    def _folder(self, asked: Json) -> list[Json]:
        folder = self._path(asked["folder"])
        found = sorted(folder.rglob(f"*.{asked['extension']}")) if folder.is_dir() else []
        names = [path.relative_to(folder) for path in found]  # subfolders too: they are no part of an address
        shown = [name for name in names if not any(part.startswith(".") for part in name.parts)]
        return [self._read(f"{asked['folder']}/{name.as_posix()}") for name in shown]

    def _persist_entry(self, asked: Json) -> Json:
        files = {self._path(one["path"]): rewritten(one["raw"]).encode() for one in asked["dataFiles"]}
        moved = [self._path(one["path"]) for one in asked["dataFiles"] if one.get("newPath")]
        if moved:
            raise Refused("Un fichier publié ne se renomme pas : pour les téléphones, ce serait un autre contenu.")
        assets = {self._path(one["path"]): base64.b64decode(one["content"]) for one in asked.get("assets") or ()}
        self._save({**assets, **files}, self._message(asked))
        return {"message": "entry persisted"}

    def _persist_media(self, asked: Json) -> Json:
        asset = asked["asset"]
        path = self._path(asset["path"])
        self._save({path: base64.b64decode(asset["content"])}, self._message(asked))
        return self._medium(path)

    def _delete(self, asked: Json) -> Json:
        before = {path: path.read_bytes() for name in asked["paths"] if (path := self._path(name)).is_file()}
        for path in before:
            path.unlink()
        self._commit(list(before), self._message(asked))
        return {"message": "deleted"}

    def _media(self, asked: Json) -> list[Json]:
        folder = self._path(asked["mediaFolder"])
        found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
        return [self._medium(path) for path in found if not path.name.startswith(".")]

    def _medium(self, path: Path) -> Json:
        data = path.read_bytes()
        name = source_of(self.site, path.relative_to(self.site.content.resolve()).as_posix())
        content = base64.b64encode(data).decode()
        digest = hashlib.sha256(data).hexdigest()
        return {"id": digest, "content": content, "encoding": "base64", "path": name, "name": path.name}

    def _save(self, files: Mapping[Path, bytes], message: str) -> None:
        """Write, check, commit; where `check` finds a fault of these files, everything is put back."""
        before = {path: path.read_bytes() if path.is_file() else None for path in files}
        content = self.site.content.resolve()
        try:
            for path, data in files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            names = frozenset(path.relative_to(content).as_posix() for path in files)
            self._checked(names)
            self._commit(list(files), message)
        except BaseException:
            if self.repository:  # a hook may have refused what was staged
                self.repository.try_("reset", "-q", "--", *map(str, files))
            for path, old in before.items():
                with suppress(OSError):
                    path.unlink(missing_ok=True) if old is None else path.write_bytes(old)
            raise

    def _checked(self, names: frozenset[str]) -> None:
        """Raise `Refused` with each fault of these files, and each that they make in others."""
        errors = [fault for fault in examine(self.site, cache=self.cache).about(names) if fault.level == "error"]
        if errors:
            raise Refused("\n".join(fault.message for fault in errors))

    def _commit(self, paths: Sequence[Path], message: str) -> None:
        """One commit of these files alone; nothing where they did not change, or where there is no repository."""
        if not self.repository or not paths:
            return
        names = [str(path) for path in paths]
        self.repository.run("add", "-A", "--", *names)
        if self.repository.try_("diff", "--cached", "--quiet", "--", *names) is not None:
            return
        who = [] if self.repository.try_("config", "user.email") else self._somebody()
        self.repository.run(*who, "commit", "-q", "-m", message, "--", *names)

    def _somebody(self) -> list[str]:
        publisher = self.site.publisher
        return ["-c", f"user.name={publisher.name}", "-c", f"user.email={publisher.email or 'mairie@localhost'}"]

    def _message(self, asked: Json) -> str:
        said = str((asked.get("options") or {}).get("commitMessage") or "").strip()
        return said.splitlines()[0][:120] if said else f"Contenu : {IMAGES}"
