"""Fixtures of the store's tests."""

from tests.store.databases import postgres_fixture, url_fixture

__all__ = ["postgres_fixture", "url_fixture"]
