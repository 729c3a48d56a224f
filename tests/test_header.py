"""Headers are read by the loader in C where that gives what the slow loader gives; all the rest is left to the latter."""

from __future__ import annotations

import random

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from beffroi.schema.header import _DELICATE, _delicate, _fast, _Loader, decode, split
from tests.bench.corpus import pieces
from tests.bench.sites import ours
from tests.town import REPO

bits = st.sampled_from(
    ["title: ", "date: ", "event:\n", "  start: ", "  - ", "- ", "tags: [", "]", "{", "}", ", ", ",", "a: b", "a:", "b", "\n", "\n  "]
    + ["\n    ", " ", "'", '"', "''", '""', "«", " : ", ":", "?", "!", "-", "--", "12:30", "2026-05-04", ".", "...", "---", "|", ">", "[a, b]"]
    + ["{a: b}", "[a:b]", '"a":b', "'a'", "<", "=", "~", "null", "%", "@", "$", "(", "/", "https://a.fr/?x=1", "🎉", "\u202f", "l'eau"]
    + ["? a", "a?", "[?a]", "[a]: b", "&a ", "*a", "!!str ", "# a", "\t", "\\", "`", ": !", "- - ", " " * 20, "[[", "🎉: &x y", "\u00a0"]
)  # fmt: skip


def shape(node: yaml.Node | None) -> object:
    """All that is read of a node: its kind, its line, what it holds."""
    if node is None:
        return None
    inner = node.value if isinstance(node, yaml.ScalarNode) else [shape(n) for n in _inner(node)]
    return type(node).__name__, node.start_mark.line, inner


def _inner(node: yaml.Node) -> list[yaml.Node]:
    return [one for child in node.value for one in (child if isinstance(child, tuple) else (child,))]


def check(header: str) -> bool:
    """Whether this header is read fast; it is then read the same."""
    node = _fast(header)
    if node is not None:
        assert shape(yaml.compose(header, Loader=_Loader)) == shape(node)
    return node is not None


def headers() -> list[str]:
    """Those of the repository's content, of the sample sites, of the archive of the benches."""
    files = [*REPO.glob("content/**/*.md"), *REPO.glob("tests/sites/**/*.md")]
    data = [path.read_bytes() for path in files if path.is_file()] + [ours(piece).encode() for piece in pieces(20)]
    texts = [text for text in (decode(each, lambda line, words: None) for each in data) if text is not None]
    found = [split(text, lambda line, words: None) for text in texts]
    return ["\n".join(parts[0]) for parts in found if parts]


@given(st.lists(bits, max_size=9).map("".join))
@example("{a:\n}")
@example("a: [b?]")
def test_both_loaders_read_the_same(header: str) -> None:
    """What the loader in C reads is what the slow one reads, lines included; where that one refuses, neither reads."""
    check(header)


def test_both_loaders_read_the_same_in_what_communes_write() -> None:
    """The same for real headers; nearly all of them go the fast way."""
    assert sum(map(check, headers())) > 0.8 * len(headers())


def test_both_loaders_read_the_same_in_what_was_mistyped() -> None:
    """The same for real headers with a letter too many, too few or in the wrong place: there lie the sentences."""
    chance, signs = random.Random(3), ":-?,[]{}'\"\\#&*!|>%@` \n\t.0"
    for header in headers() * 4:
        at = chance.randrange(len(header) + 1)
        check(f"{header[:at]}{chance.choice(signs)}{header[at:]}")
        check(header[:at] + header[at + chance.randrange(1, 4) :])


@pytest.mark.parametrize(
    "header",
    [
        "a: &b c",
        "a: *b",
        "a: !x b",
        "a: |\n  b",
        "a: b # c",
        "a: [b,\n  c]",
        "a: [b?]",
        "a: [[b]]",
        "- - a",
        "a: b\n---\nc: d",
        "[" * 9000,
    ],
)
def test_the_delicate_is_left_to_the_slow_loader(header: str) -> None:
    """Anchors, tags, comments, blocks and nested lists are never read fast."""
    assert _fast(header) is None


def test_without_the_loader_in_c() -> None:
    """A PyYAML without it leaves everything to the slow loader."""
    assert _fast("title: Fête", None) is None


@given(st.lists(bits, max_size=8).map("".join))
def test_signs_of_what_is_delicate(header: str) -> None:
    """A look for each sign says what the search for all of them says."""
    assert (_DELICATE.search(header) is not None) == _delicate(header)
