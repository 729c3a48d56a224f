"""Fixtures of the channels' tests."""

from tests.channels.town import town_fixture
from tests.store.databases import postgres_fixture, url_fixture

__all__ = ["postgres_fixture", "town_fixture", "url_fixture"]
