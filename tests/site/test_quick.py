"""What is made shorter of Jinja: the same words as Jinja's own, whatever a template calls, escapes or imports."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment, UndefinedError, pass_context, pass_environment, pass_eval_context
from markupsafe import Markup, escape

from beffroi.site.escapes import KEPT, escaped, marked
from beffroi.site.quick import QuickContext, QuickTemplate, hasten
from beffroi.site.shared import key, mark

TEXTS = {
    "macros": "{% macro tell(x, y=own()) %}<i>{{ x|e }}</i>{{ y }}{% endmacro %}{% set kept = own() %}{{ own() }}",
    "base": "{% import 'macros' as m %}[{% block one %}{{ m.tell(name) }}{% endblock %}|{% block two %}{% endblock %}]",
    "page": "{% extends 'base' %}{% set name = 'a & b' %}{% block two %}{{ body }}{% endblock %}",
    "part": "{{ given }}{{ name|e }}{% for x in many %}{{ x }}{% include 'leaf' %}{% endfor %}",
    "leaf": "({{ x }}{{ own() }})",
}
BODIES = (
    "{{ m.tell('<b>', y=3) }}{{ m.tell('<b>') ~ '&' }}{{ m.kept }}",
    "{% for n in many %}{{ seen('n') }}{{ loop.index }}{% set name = n %}{{ seen('name') }}{% endfor %}{{ seen('here') }}",
    "{% set here = 4 %}{{ seen('here') }}{{ where() }}{{ sure() }}{{ part(2) }}{{ text.replace('a', 'b') }}",
    "{% call(x) m.tell('q') %}{{ x }}{% endcall %}",
    "{{ ended() }}{{ ended() is undefined }}",
    "{{ nothing }}{{ nothing|e }}{{ nothing|safe }}{{ none|e }}{{ 3|e }}{{ ('<' | safe)|e }}{{ ('<'|e) ~ '>' }}",
    "{% include 'part' %}{% from 'macros' import tell %}{{ tell(text) }}{{ self.one() }}",
    "{% import 'part' as p with context %}{{ p }}{{ dict(a=1).a }}{{ range(3)|list }}{{ text.upper() }}{{ joined(*many) }}",
    "{{ nothing() }}",
    "{{ text() }}",
    "{{ m.tell() }}{{ m.tell(1, 2, 3) }}",
    "{{ m.tell(z=1) }}",
)


def made(*, quick: bool, **options: Any) -> Environment:
    """An environment of those texts, with a function of each kind."""
    environment = Environment(loader=DictLoader(dict(TEXTS)), **options)  # as Pelican's
    if quick:
        hasten(environment)

    def ended() -> str:
        return next(iter(()))

    class Callable:
        @pass_eval_context
        def __call__(self, found: Any) -> str:
            return f"sure of {found.autoescape}"

    seen = pass_context(lambda context, name: str(context.resolve(name)))
    where = pass_environment(lambda env: f"{len(env.loader.mapping)} texts")
    part, joined = partial(max, 1), lambda *words: "+".join(map(str, words))
    named = {"seen": seen, "where": where, "sure": Callable(), "part": part, "ended": ended, "joined": joined}
    environment.globals.update(named, own=lambda: "own&", given="a global")
    return environment


def said(environment: Environment, body: str, **own: Any) -> str:
    """What a page with that body says, or why it cannot be rendered."""
    environment.loader.mapping["page"] = TEXTS["page"].replace("{{ body }}", body)  # type: ignore[union-attr]
    try:
        return environment.get_template("page", globals=own or None).render(many=[1, 2], text="<a'\">", name="n")
    except (TypeError, UndefinedError) as error:
        return repr(error)


@pytest.mark.parametrize("autoescape", [False, True])
@pytest.mark.parametrize("body", BODIES)
def test_pages_say_the_same(body: str, *, autoescape: bool) -> None:
    """Macros, functions of each kind, imports, includes, mistakes: the same text, or the same error."""
    usual, ours = (made(quick=quick, autoescape=autoescape) for quick in (False, True))
    assert said(usual, body) == said(ours, body)
    assert (QuickContext, QuickTemplate) == (ours.context_class, ours.template_class)


def test_names_of_one_template() -> None:
    """A template that was given names of its own has them, and those that it imports as well."""
    usual, ours = (made(quick=quick) for quick in (False, True))
    body = "{{ given }}{{ m.tell(1) }}{{ m.kept }}{% include 'part' %}"
    own = {"own": lambda: "another", "given": "mine"}
    assert said(usual, body, **own) == said(ours, body, **own)
    assert said(usual, body, unknown=1) == said(ours, body, unknown=1)


def test_what_was_chosen_stays() -> None:
    """A filter that a commune lays over Jinja's own is not replaced."""
    environment = made(quick=False)
    environment.filters["e"] = str.upper
    hasten(environment)
    assert "A&B" == environment.from_string("{{ 'a&b'|e }}").render()
    assert "a&amp;b" == environment.from_string("{{ 'a&b'|escape }}").render()


def values() -> Iterator[Any]:
    """What templates print besides text."""
    yield from (None, 3, 2.5, True, Markup("<b>&"), "", "&amp;", ["<"], b"<")
    yield type("Own", (), {"__html__": lambda self: "<own>"})()
    yield type("Word", (str,), {})("<word>")


def test_values() -> None:
    """Each kind of value, twice: what is kept of one must not answer for another that is equal to it."""
    for _ in range(2):
        for value in values():
            assert (escape(value), Markup) == (escaped(value), type(escaped(value)))
            assert (Markup(value), Markup) == (marked(value), type(marked(value)))


@given(st.lists(st.text("ab<>&\"' é\0", max_size=8), max_size=50))
def test_texts(texts: list[str]) -> None:
    """Any text, however often."""
    for text in [*texts, *texts]:
        assert escape(text) == escaped(text)
        assert escape(Markup(text)) == escaped(Markup(text))


def test_many_texts() -> None:
    """More texts than are kept."""
    assert [f"&lt;{n}" for n in range(3 * KEPT)] == [str(escaped(f"<{n}")) for n in range(3 * KEPT)]


VALUES = st.sampled_from(["", "home", True, False, 1, 0, None, 2.5, -0.0, 0.0, (1,), (True,), ["a"], Markup("home")])


@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=8))
def test_marks(asked: list[dict[str, Any]]) -> None:
    """The mark of a fragment is that of its arguments, whatever was asked before."""
    for arguments in asked:
        assert f"\0{key('pied.html', arguments)}\0" == mark("pied.html", **arguments)
