"""What is generated from the models is what is committed, and the JSON Schema agrees with what `check` says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from beffroi.check.card import card_of
from beffroi.errors import BeffroiError
from beffroi.model import Certainty, Severity, Urgency
from beffroi.schema import FIELDS, published, written
from beffroi.settings import Site, read_site
from tests import strategies as s
from tests.test_check import SITES
from tests.town import REPO

SITE = read_site(SITES / "tout-va-bien" / "publishconf.py")
GOOD: dict[str, Any] = {"title": "Titre", "date": "2001-01-01"}

TEXTS = ("Un titre", "", "<b>gras</b>", "x" * 101, "x" * 130, "x" * 301, "l’été", "&eacute;", "12", "A & B < C")
MOMENTS = ("2002-01-01", "2002-01-01 09:30", "2002-01-01T09:30", "2002-01-01T09:30:00+01:00", "05/06/2002", "", "demain",
           "2002-13-01", "2002-01-32", "2002-01-01 25:00", "3002-01-01", "2002-1-1", "2002-01-01 9:30")  # fmt: skip
CANDIDATES: dict[str, tuple[Any, ...]] = {
    "title": TEXTS,
    "date": ("2001-01-01", "2001-01-01 08:00", "", "1er janvier 2001", "2001", "2001-00-01"),
    "updated": MOMENTS,
    "start": MOMENTS,
    "end": ("2009-01-01", "2009-01-01 09:30", "", "bientôt", "01/01/2009"),
    "summary": (*TEXTS, "x" * 501),
    "tags": (["eau", "travaux"], [], "", "eau", ["eau, travaux"], {"a": "b"}),
    "lang": ("fr", "pt-BR", "", "français", "f", "FR"),
    "status": ("published", "DRAFT", "", "publié", "brouillon"),
    "severity": ("Severe", "severe", "Unknown", "", "grave"),
    "urgency": ("Immediate", "IMMEDIATE", "", "vite"),
    "certainty": ("Observed", "", "sûr"),
    "areas": (["bourg"], ["Les Granges"], [], "", "bourg", ["ailleurs"]),
    "panel": ("Pont fermé", "no", "oui", "", "x" * 17, "mot " * 16, "<i>"),
    "push": ("Pont fermé", "no", "true", "", "x" * 121),
    "image": ("", "pont.jpg", ["pont.jpg"], {"src": "pont.jpg", "alt": "Un pont"}, {"src": "pont.jpg"},
              {"alt": "Un pont"}, {"src": "pont.gif", "alt": "a"}, {"src": "../pont.jpg", "alt": "a"},
              {"src": "images/pont.jpg", "alt": "a"}, {"src": "été/pont.JPEG", "alt": "a", "credit": "Ville"},
              {"src": "https://a.fr/pont.jpg", "alt": "a"}, {"src": "pont.jpg", "alt": "", "credit": "x" * 201}),
    "event": ("", "demain", {"start": "2003-01-01"}, {"start": "2003-01-01", "end": "2003-01-02", "place": "Salle"},
              {"end": "2003-01-01"}, {"start": "demain"}, {"start": "2003-01-01", "prix": "5 €"}, {}),
    "location": ("", {"lat": "45.2", "lon": "5.8"}, {"lat": "45,2", "lon": "5.8"}, {"lat": "95", "lon": "5"},
                 {"lat": "-90.0", "lon": "+180"}, {"lat": "5", "lon": "181"}, {"lat": "45.2"}, {"lat": "", "lon": "5"}),
    "sources": ("", [], [{"title": "Météo", "url": "https://a.fr/"}], [{"title": "Météo"}], [{"url": "https://a.fr"}],
                [{"title": "M", "url": "a.fr"}], "Météo", [{"title": "M", "url": "ftp://a.fr"}]),
    "aliases": (["/2019/05/marche/"], ["2019/marche"], ["//a.fr/"], ["/a/../b"], "", "/a/", ["/été/"]),
    "titre": ("x",),
}  # fmt: skip
"""Values of each field, good and bad; no date that does not exist, no order of dates: no pattern knows those."""


def accepted(front: dict[str, Any], *, page: bool = False) -> bool:
    """Whether `check` finds no error in that header."""
    name = "pages/a.md" if page else "alertes/a.md"
    return card_of(SITE, name, f"content/{name}", s.file_of(front)).ok


def fronts() -> st.SearchStrategy[dict[str, Any]]:
    """A header of which any field may be wrong, or missing."""
    some = st.lists(st.sampled_from(list(CANDIDATES)), max_size=4, unique=True)
    drawn = some.flatmap(
        lambda names: st.fixed_dictionaries({name: st.sampled_from(CANDIDATES[name]) for name in names})
    )
    return st.builds(
        lambda front, base: {**base, **front}, drawn, st.sampled_from((GOOD, GOOD, GOOD, {"title": "Titre"}))
    )


@pytest.mark.parametrize("kind", ["alert", "page"])
def test_json_schema_agrees_field_by_field(kind: str) -> None:
    """Each value of each field, good or bad, is accepted by both or refused by both."""
    validator = Draft202012Validator(published.json_schema(SITE, kind))
    Draft202012Validator.check_schema(validator.schema)
    for name, values in CANDIDATES.items():
        for value in values:
            front = {**GOOD, name: value}
            assert accepted(front, page=kind == "page") == validator.is_valid(front), (name, value)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(fronts())
def test_json_schema_agrees_with_check(front: dict[str, Any]) -> None:
    """Whatever the mixture, the text editor and `check` say the same."""
    assert accepted(front) == Draft202012Validator(published.json_schema(SITE, "alert")).is_valid(front)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(s.fronts())
def test_what_is_valid_is_valid_in_both(front: dict[str, Any]) -> None:
    """Good headers, in any script, are never underlined. Spaces are collapsed before lengths are counted."""
    front = {key: s.normal(value) if isinstance(value, str) else value for key, value in front.items()}
    site = Site(**{**{f: getattr(SITE, f) for f in SITE.__slots__}, "areas": s.AREAS})
    validator = Draft202012Validator(published.json_schema(site, "news"))
    assert [] == [error.message for error in validator.iter_errors({**front, "panel": "no"})]


def test_models_and_reader_know_the_same_fields() -> None:
    """Every field that is read is told of, and no other one; so are the words of each choice."""
    assert list(FIELDS) == list(written.Written.model_fields)
    for name, words in (("severity", Severity), ("urgency", Urgency), ("certainty", Certainty)):
        told = written.Written.model_fields[name].json_schema_extra
        assert {word.value for word in words} == set(told.shape["anyOf"][0]["enum"])
        assert set(told.choices) == {word.value for word in words} - {"Unknown"}


def test_what_is_committed_is_what_is_generated() -> None:
    """`invoke schema` would change nothing in this repository."""
    site = read_site(REPO / "publishconf.py")
    for name, text in published.files(site).items():
        assert text == (site.content / name).read_text("utf-8"), name
    guide = (site.content / "README.md").read_text("utf-8")
    assert published.guide(guide) == guide


def test_examples_are_accepted() -> None:
    """Each example of the models is accepted by the JSON Schema that shows it."""
    whole = published.json_schema(SITE, "agenda")
    for name, schema in whole["properties"].items():
        for example in schema.get("examples", ()):
            if name != "areas":
                assert Draft202012Validator({**schema, "$defs": whole["$defs"]}).is_valid(example), name


def test_a_guide_without_marks(tmp_path: Path) -> None:
    """A guide whose marks were taken away is told, not overwritten."""
    with pytest.raises(BeffroiError, match="doit garder les lignes"):
        published.guide("# Guide\n")


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    """The second run writes no file."""
    site = Site(**{**{f: getattr(SITE, f) for f in SITE.__slots__}, "content": tmp_path})
    assert {"alert.json", "news.json", "agenda.json", "discover.json", "page.json"} <= {
        path.name for path in published.write(site)
    }
    assert [] == published.write(site)
    assert "Alerte" == json.loads((tmp_path / ".schema/alert.json").read_text("utf-8"))["title"]
