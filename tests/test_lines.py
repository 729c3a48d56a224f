"""Where in a file an address stands: found by plain search, the same places as by one expression for each address."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from beffroi.check.body import _CODE, Lines

words = st.lists(
    st.sampled_from(["a.md", "a", "a.mda.md", "../x", "%C3%A9", "é", "&amp;", "&", "(", ")", "[", "]", "<", ">", '"', "'", "=", ":"]
                    + [" ", "\n", "\n\n", "`", "``", "```\n", "~~~\n", "\u00a0", "\u2028", "."]),
    max_size=14,
).map("".join)  # fmt: skip


class ByExpression:
    """The same search with one expression for each address."""

    def __init__(self, body: str) -> None:
        self.body = _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), body)
        self.seen = 0

    def address(self, href: str) -> int:
        for form in dict.fromkeys((href, escape(href), unquote(href))):
            pattern = rf"(?<![^\s(<\"'\]=:]){re.escape(form)}(?=[\s)>\"']|$)"
            if form and (places := list(re.finditer(pattern, self.body))):
                self.seen += 1
                return 1 + self.body.count("\n", 0, places[min(self.seen, len(places)) - 1].start())
        return 1 + self.body.count("\n", 0, max(self.body.find(href), 0))


@given(words, st.sampled_from(["a.md", "a", "../x", "é", "%C3%A9", "&", "a.mda.md", "", "aa"]))
def test_an_address_is_found_where_it_stands(body: str, href: str) -> None:
    """The first, the second and the third time, as often as it is written and one time more."""
    lines, other = Lines(body, 1), ByExpression(body)
    assert [other.address(href) for _ in range(3)] == [lines.address(href) for _ in range(3)]
