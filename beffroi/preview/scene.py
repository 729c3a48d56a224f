"""What a pane is given: one item, an instant, and all that citizens could read then."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from beffroi.model import Item, Publisher
from beffroi.records import dataclass
from beffroi.settings import Site


@dataclass(frozen=True)
class Scene:
    """`item` is the one that is previewed, as it will be read from its first instant on. `items` are those that are
    public at the instant `at`; a previewed draft counts as published. `page` is the address of its page in the
    preview, `token` changes whenever a pane should be loaded anew."""

    site: Site
    item: Item
    items: tuple[Item, ...]
    at: datetime
    page: str
    token: str = ""
    draft: bool = False

    @property
    def publisher(self) -> Publisher:
        """The commune."""
        return self.site.publisher

    @property
    def zone(self) -> ZoneInfo:
        """Its clock."""
        return self.site.zone

    @property
    def public(self) -> bool:
        """Whether citizens can read it at that instant."""
        return self.item.since.timestamp() <= self.at.timestamp()

    @property
    def over(self) -> bool:
        """Whether it is out of date at that instant."""
        return self.public and not self.item.runs(self.at)
