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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


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
