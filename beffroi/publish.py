"""The road of one item, from the editors' files to the phones: check, build, verify, deploy, announce, deliver."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from beffroi import content, due, held, plan
from beffroi.check import examine
from beffroi.deploy import Deployed, deploy
from beffroi.errors import BeffroiError, BuildError, CheckFailed, DeployError, Fault, unwritten, why
from beffroi.forks import beside
from beffroi.locks import Busy, only_one
from beffroi.memo import Damaged, Memo
from beffroi.memo.stamps import Files
from beffroi.mirror import Seen
from beffroi.records import dataclass
from beffroi.settings import SETTINGS, Service, Site, read_service, read_site
from beffroi.site import standing
from beffroi.site.build import Build, Built, clear
from beffroi.verify import verify

if TYPE_CHECKING:  # what tells phones, and makes the index, is imported when the site is online
    from beffroi.channels.delivered import Delivered
    from beffroi.telling import Confirm, Tell
    from beffroi.told import Announced, Outlook, Said

__all__ = ["Busy", "Published", "accepted", "checked", "memory", "only_one", "publish", "rebuilt", "rehearse", "send"]

Step = Callable[[str], None]
Progress = Callable[[int, int], None]
Hold = Callable[[Sequence[held.Held]], None]
Looked = Callable[[], Seen | None]
Below = tuple[str, Callable[[], Files]]
"""The commit of the folder, then what gives the files below its content, seen later: else a commit that came between
would be held for published."""

UNKEPT = (
    "Tout est publié, mais la mémoire des constructions n’a pas pu être écrite : la prochaine publication refera "
    "davantage."
)
UNFILLED = (
    "L’alerte est en ligne et annoncée, mais son bandeau manque encore à d’autres pages : la minuterie publiera de "
    "nouveau, ou lancez : invoke publish."
)
UNINDEXED = "Tout est publié, sauf l’index de recherche, qui reste à faire, par la minuterie ou avec : invoke index."
UNSAID = "Tout est publié, mais ce qui reste à faire n’a pas pu être écrit : la minuterie publiera de nouveau."


@dataclass(frozen=True)
class Published:
    """What one publication did, for the closing table."""

    site: Site
    warnings: Sequence[Fault]
    held: Sequence[held.Held]
    built: Built
    deployed: Deployed
    announced: Announced
    delivered: Delivered
    outlook: Outlook
    index_follows: bool = False
    """Whether the search index is being made by a process of its own."""


def publish(
    root: Path,
    at: datetime,
    *,
    adopt: bool = False,
    wait: bool = False,
    step: Step = lambda _: None,
    progress: Progress = lambda _d, _t: None,
    hold: Hold = lambda _: None,
    confirm: Confirm = lambda _: True,
    tell: Tell | None = None,
    below: Below | None = None,
) -> Published:
    """Publish the site of that folder as it stands at that instant.

    `adopt` records what is new without telling anybody; `wait` makes the search index here, however large the site.
    `step` hears the name of each stage, `hold` which files are faulty and what stands in their place, `progress` how
    many of the messages owed have an answer. `confirm` says, once the site is online, whether phones may be told; if
    not, the next publication asks again; `tell` tells them: here, or a crier who made ready meanwhile; `below` looks at
    the content already. Raises `BeffroiError`: before the deployment nothing has changed; after it, whatever is owed
    stays in the ledger and the next publication goes on.
    """
    site, service = read_site(root / SETTINGS), read_service(root)
    with only_one(service.var):
        commit, look = below or (due.head(root), partial(Files.below, str(site.content)))
        with unfinished(service.var), publishable(site, service, step, hold, look) as (stood, tree, looked):
            following = plan.following(tree, at)
            built = rebuilt(tree, at, service, step, hurry=True, ahead=True, looked=looked)
        step("Mise en ligne")
        unsaid: list[Fault] = []

        def meanwhile() -> None:
            unsaid.extend(held.record(site, service.var, stood, at))

        def told(release: Path) -> Said:
            step("Annonce")
            return (tell or _here())(site, service, release, at, adopt, confirm, progress, meanwhile=meanwhile)

        deployed, said, failed, behind = _online(tree, at, service, built, partial(_keep, stood, tree), told)
        unsaid += failed
        clear(service.var)
        deployed, follows = _indexed(root, service, tree, built, deployed, wait, step, unsaid)
        starts = following.timestamp() if following else None
        left = due.Due(starts, said.owed, behind, commit, 0.0 if follows else None, at.timestamp())
        unsaid += _spared(partial(due.write, service.var, left), service.var / due.FILE, UNSAID)
    warnings = [*stood.warnings, *unsaid]
    return Published(site, warnings, stood.held, built, deployed, said.announced, said.delivered, said.outlook, follows)


def _online(
    tree: content.Tree,
    at: datetime,
    service: Service,
    built: Built,
    keep: Callable[[], None],
    told: Callable[[Path], Said],
) -> tuple[Deployed, Said, list[Fault], bool]:
    """Put the site online and have phones told; what need not come before that is done beside. With what it warns of, and
    whether pages are left without a banner."""
    with ExitStack() as working:
        kept = None if built.behind else working.enter_context(beside(keep))
        deployed = deploy(built.out, service.current, service.keep_releases, built.files)
        completed = kept or working.enter_context(beside(partial(_complete, tree, at, service, keep)))
        try:
            said = told(deployed.release)
        except BeffroiError:
            with suppress(BeffroiError, OSError):
                completed()  # whatever becomes of phones, pages get their banner
            raise
        second, failed = _ended(completed, service, built)
    if second is None:
        return deployed, said, failed, bool(built.behind)
    return _both(deployed, second), said, failed, False


def _indexed(
    root: Path,
    service: Service,
    tree: content.Tree,
    built: Built,
    deployed: Deployed,
    wait: bool,
    step: Step,
    unsaid: list[Fault],
) -> tuple[Deployed, bool]:
    """What is online once the search index is made, and whether that is left to another process. Phones rang before: an
    index of the whole site takes longer than all the rest. `unsaid` takes the warning of one that failed."""
    if not built.unindexed:
        return deployed, False
    from beffroi import indexing

    large = len(built.items) + built.pages > service.index_at_once
    if large and not wait and indexing.start(root, service.var):
        return deployed, True
    step("Index de recherche")
    if failed := _spared(partial(indexing.complete, tree.site, service), service.var / "index", UNINDEXED):
        unsaid.extend(failed)
        return deployed, True
    return replace(deployed, release=service.current.resolve()), False


def rehearse(root: Path, at: datetime, *, step: Step = lambda _: None, hold: Hold = lambda _: None) -> Outlook:
    """Build and verify, and say what a publication would tell; nothing goes online and nobody is told.

    Raises `BeffroiError`.
    """
    site, service = read_site(root / SETTINGS), read_service(root)
    with only_one(service.var):
        look = partial(Files.below, str(site.content))
        with publishable(site, service, step, hold, look) as (stood, tree, looked):
            built = rebuilt(tree, at, service, step, hurry=True, looked=looked)
        _keep(stood, tree)
        clear(service.var)
        from beffroi.foresee import foresee
        from beffroi.store.db import connect

        return foresee(built.out, site, service, connect(service.database), at)


def _complete(
    tree: content.Tree, at: datetime, service: Service, keep: Callable[[], None]
) -> tuple[Deployed, list[Fault]]:
    """While phones ring: give the pages that did not make an alert wait its banner, in a release that amends the one
    that is online. Whatever stops this leaves the publication due; a memory that is not written does not."""
    built = rebuilt(tree, at, service, hurry=True)
    deployed = deploy(built.out, service.current, service.keep_releases, built.files, amends=True)
    return deployed, _spared(keep, service.var / "cache", UNKEPT)


def _ended(
    completed: Callable[[], tuple[Deployed, list[Fault]] | None], service: Service, built: Built
) -> tuple[Deployed | None, list[Fault]]:
    """The second release of a publication, where there is one, and the warning where what was done while phones rang has
    failed."""
    seconds: list[tuple[Deployed, list[Fault]] | None] = []
    place, what = (service.current, UNFILLED) if built.behind else (service.var / "cache", UNKEPT)
    failed = _spared(lambda: seconds.append(completed()), place, what)
    return (seconds and seconds[0]) or (None, failed)


def _both(first: Deployed, second: Deployed) -> Deployed:
    """Both releases of a publication as one."""
    return Deployed(second.release, first.written + second.written, first.removed + second.removed)


def _keep(stood: held.Standing, tree: content.Tree) -> None:
    """Write what the next publication is to know."""
    tree.memo.save()
    stood.checked.keep()


def _spared(work: Callable[[], object], place: Path, what: str) -> list[Fault]:
    """Do what comes once everybody was told: where it fails, the publication has come to its end all the same, and `what`
    says so in a warning."""
    try:
        work()
    except (BeffroiError, OSError) as error:
        why = (unwritten(error) if isinstance(error, OSError) else None) or f"{error}."
        return [Fault(str(place), 1, f"{what} {why}", "warning")]
    return []


def _here() -> Tell:
    """Who tells phones in this very process."""
    from beffroi.unchanged import tell  # late; what knows the ledger, later still: it takes as long as all the rest

    return tell


@contextmanager
def unfinished(var: Path) -> Iterator[None]:
    """From here on a publication is due, until one comes to its end: one that is killed is taken up by the timer.

    An expected error within changes nothing online, hence nothing in what is due.
    """
    before = due.read(var)
    due.write(var, replace(before, running=True))
    try:
        yield
    except BeffroiError:
        due.write(var, before)
        raise


def send(root: Path, *, again: bool = False, progress: Progress = lambda _d, _t: None) -> Delivered:
    """Send what is owed, without publishing. Raises `BeffroiError`."""
    site, service = read_site(root / SETTINGS), read_service(root)
    with only_one(service.var):
        from beffroi import telling

        delivered, owed = telling.send(site, service, progress, again=again)
        due.write(service.var, replace(due.read(service.var), owed=owed))
    return delivered


def checked(
    site: Site, memo: Memo | None = None, step: Step = lambda _: None, cache: Path | None = None
) -> tuple[content.Tree, list[Fault]]:
    """The content, and its warnings; `cache` is the file in which `check` keeps what it knows. Raises `CheckFailed`
    with every fault of every file."""
    step("Contrôle des contenus")
    seen = examine(site, cache=cache, memo=memo)
    tree, faults = content.read(site, memo=memo, found=seen.found), seen.faults
    if errors := [fault for fault in faults if fault.level == "error"]:
        raise CheckFailed(errors)
    return tree, faults


@contextmanager
def publishable(
    site: Site, service: Service, step: Step, hold: Hold, look: Callable[[], Files]
) -> Iterator[tuple[held.Standing, content.Tree, Looked]]:
    """What may be published, and what is seen of the twin meanwhile; `hold` hears what is held back, `look` says which
    files there are.

    Who waits for the disk is another process, since there is one `lstat` for each file. Raises `CheckFailed`.
    """
    step("Contrôle des contenus")
    memo = memory(site, service, step)
    found = look()
    with beside(standing.twin(service.var, memo).look) as looked:
        stood = held.standing(site, service.var, memo, found)
        if stood.held:
            hold(stood.held)
        yield stood, accepted(site, stood, memo), looked


def accepted(site: Site, stood: held.Standing, memo: Memo) -> content.Tree:
    """The content as it may be published, each faulty file at its latest good version. Raises `CheckFailed`."""
    tree = content.read(site, stood.instead, stood.originals, memo, stood.checked.found)
    if tree.faults:  # a file changed between the check and now
        raise CheckFailed(tree.faults)
    return tree


def rebuilt(
    tree: content.Tree,
    at: datetime,
    service: Service,
    step: Step = lambda _: None,
    *,
    hurry: bool = False,
    ahead: bool = False,
    looked: Looked = lambda: None,
) -> Built:
    """Build beside, verify, then put the result at `output/`: it always holds the last good build. In a `hurry` the
    search index and the memo's file are left for later; where an alert may go `ahead`, the banner of the other pages is
    too. `looked` is what was seen of the twin."""
    step("Construction du site")

    def verified(out: Path, built: Built) -> None:
        step("Vérification")
        verify(out, tree.site, built.items, None if built.anew else built.made)

    if tree.memo.blobs.grown and tree.memo.tables.get("outputs"):
        # something was read, so Pelican will render: it loads while another looks at the twin
        import beffroi.site.town  # noqa: F401
    try:
        build = Build(tree, at, standing.place(tree.site), service.var, looked)
        return build.run(verified, hurry=service.index_at_once if hurry else None, ahead=ahead)
    except OSError as error:
        raise DeployError(_unplaced(standing.place(tree.site), service, error)) from error
    except Damaged as error:
        tree.memo.forget()
        raise BuildError(f"Mémoire des constructions écartée ({error}) ; relancez la commande.") from error


def _unplaced(out: Path, service: Service, error: OSError) -> str:
    if error.errno == errno.EXDEV:
        return (
            f"{out.name}/ et {service.var} sont sur deux disques : le site ne peut être remplacé d’un seul coup ; mettez-les "
            f"sur le même, par exemple avec OUTPUT_PATH={service.var}/output."
        )
    return f"{out.name}/ n’a pas pu être remplacé : {why(error)}."


def memory(site: Site, service: Service, step: Step = lambda _: None, *, clean: bool = False) -> Memo:
    """What the last build left for this one; says so where there is nothing to use."""
    memo = standing.memory(site, service.var, clean=clean)
    if memo.said:
        step(memo.said)
    return memo
