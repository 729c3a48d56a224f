"""What can go wrong, one class per thing that a caller would do differently.

::

    BeffroiError                 a sentence for the person at the keyboard; exit status 1
    ├── CheckFailed              the content has faults, all of them listed
    ├── SettingsError            pelicanconf.py, publishconf.py or the environment
    ├── BuildError               Pelican or the theme failed; nothing was replaced
    ├── VerifyError              the site was built but is not whole
    ├── DeployError              the release could not be put in place
    ├── StoreError               the database cannot be reached or is of another version
    ├── ImportFailed             what another system exported cannot be read; nothing was written
    └── SendError                one message did not reach one recipient; `permanent` says whether to try again
        └── Gone                 the subscription no longer exists (404 or 410): forget it
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Literal

from beffroi.records import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Fault:
    """One thing wrong in one file: where, what was found, what to write instead (French).

    `path` is relative to the folder that holds `content/`; `line` counts from 1.
    """

    path: str
    line: int
    message: str
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        mark = "" if self.level == "error" else "attention : "
        return f"{self.path}:{self.line}: {mark}{self.message}"


class BeffroiError(Exception):
    """The base: its text is a whole sentence, in French, that says what to do."""


class CheckFailed(BeffroiError):
    """The content has faults: `faults` holds all of them, sorted by file and line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        count = len(self.faults)
        head = "1 faute à corriger" if count == 1 else f"{count} fautes à corriger"
        super().__init__("\n".join([*map(str, self.faults), f"{head} ; rien n’a été publié."]))

    def __reduce__(self) -> tuple[type[CheckFailed], tuple[Sequence[Fault]]]:
        """Pickled by its faults: another process may have found them."""
        return type(self), (self.faults,)


class SettingsError(BeffroiError):
    """A setting is missing or unreadable."""


class BuildError(BeffroiError):
    """The build stopped; `output/` and the live site are as before."""


class VerifyError(BeffroiError):
    """The build ended, yet something declared is missing or contradicts the pages."""


class DeployError(BeffroiError):
    """The release could not be put in place; the former one is still live."""


class StoreError(BeffroiError):
    """The database cannot be reached, or was made by another version."""


class ImportFailed(BeffroiError):
    """What another system exported cannot be read, or was not found."""


class SendError(BeffroiError):
    """One message did not reach one recipient.

    `permanent` is true where trying again cannot help. `retry_after` is in seconds, when the far side said so; `status`
    is its HTTP status, None where there was no answer at all.
    """

    def __init__(
        self, message: str, *, permanent: bool, retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.status = status


class Gone(SendError):
    """The push service answered 404 or 410: this subscription is over (RFC 8030, section 7.3)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


DISK = {
    errno.ENOSPC: "le disque est plein ; libérez de la place, puis relancez la commande",
    errno.EDQUOT: "le quota du disque est atteint ; libérez de la place, puis relancez la commande",
    errno.EROFS: "le disque est en lecture seule ; vérifiez-le, puis relancez la commande",
    errno.EACCES: "les droits manquent ; vérifiez le propriétaire et les droits du fichier et de son dossier",
    errno.EPERM: "les droits manquent ; vérifiez le propriétaire et les droits du fichier et de son dossier",
    errno.EIO: "le disque ne répond plus ; vérifiez-le, puis relancez la commande",
    errno.EISDIR: "un dossier est à sa place ; déplacez-le, puis relancez la commande",
    errno.ENOTDIR: "un fichier est à la place d’un de ses dossiers ; déplacez-le, puis relancez la commande",
    errno.EEXIST: "autre chose est à sa place ; déplacez-le, puis relancez la commande",
    errno.ENOENT: "il n’existe pas, ou l’un de ses dossiers ; vérifiez ce chemin et les réglages qui le nomment",
    errno.EMFILE: "trop de fichiers sont ouverts ; augmentez la limite (ulimit -n)",
}
"""What a machine in trouble says of a file, wherever that happens, and what to do."""


def why(error: OSError) -> str:
    """What is the matter with a file, and what to do, for the end of a sentence that names it."""
    return DISK.get(error.errno or 0, str(error.strerror or error))


def unwritten(error: OSError) -> str | None:
    """The sentence of a file that could not be opened or written; None where no machine in trouble is the cause."""
    if error.errno not in DISK:
        return None
    name = f"Le fichier {error.filename}" if error.filename else "Un fichier"
    return f"{name} ne peut être ouvert ou écrit : {DISK[error.errno]}."
