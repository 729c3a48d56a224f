"""From the HTML of other systems to Markdown: short codes, blocks and embedded things made plain, nothing dropped in
silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from html import escape
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from beffroi.importing.media import Library, joined
from beffroi.importing.piece import Loss, Media
from beffroi.records import dataclass

BLOCK = re.compile(
    r"^\s*</?(p|div|h[1-6]|ul|ol|li|table|thead|tbody|tr|td|th|blockquote|pre|figure|hr|section|dl|dt|dd|"
    r"address|article|header|footer|iframe|form|fieldset|video|audio|object|script|style)\b",
    re.IGNORECASE,
)
CAPTION = re.compile(r"\[(?:wp_)?caption[^\]]*\](.*?)\[/(?:wp_)?caption\]", re.S)
GALLERY = re.compile(r"\[gallery([^\]]*)\]")
EMBED = re.compile(
    r"\[(?:embed|video|audio|youtube|vimeo|playlist)([^\]]*)\](?:(.*?)\[/(?:embed|video|audio)\])?", re.S
)
SHORT = re.compile(r"\[/?([a-zA-Z][\w-]{2,40})(?:\s+[^\[\]\n]*=[^\[\]\n]*)?\](?!\()")
URL = re.compile(r"https?://[^\s\"'\]<>]+")
ALONE = re.compile(r"<!-- wp:([\w/-]+)[^>]*/-->")
"""A block without any text of its own: the latest articles, a block that several pages share."""
BAR = "\uf8fe"
"""Stands for a bar in a cell while the table is made."""
ENDS = re.compile(r"(?<=\S)( {2,})$(?=\n[^\s|])|[ \t]+$", re.MULTILINE)
"""Spaces at the end of a line: two break it where a line follows; others mean nothing."""
FRAMES = ("iframe", "video", "audio", "embed", "object")
DROPPED = ("script", "style", "form", "button", "select", "input", "textarea", "noscript", "canvas", "template")
MEDIA_LINK = re.compile(
    r"\.(pdf|docx?|odt|xlsx?|ods|pptx?|odp|zip|gpx|kml|csv|mp3|mp4|jpe?g|png|gif|webp|bmp|svg)$", re.I
)


@dataclass
class Converter:
    """One text. `address` gives the new link to an old address of the site, `None` where it is not among what was
    taken; `up` leads from the file to `content/`."""

    library: Library
    address: Callable[[str], str | None]
    where: str
    up: str = "../"
    losses: list[Loss] = field(default_factory=list)

    def markdown(self, source: str) -> str:
        """The text as Markdown."""
        from markdownify import ATX, markdownify  # imported late: it brings BeautifulSoup

        root = html.fragment_fromstring(self._plain(source), create_parent="div")
        self._frames(root)
        self._drop(root)
        self._headings(root)
        self._images(root)
        self._links(root)
        _figures(root)
        _cells(root)
        text = markdownify(etree.tostring(root, encoding="unicode", method="html"), heading_style=ATX, bullets="-")
        text = ENDS.sub(lambda end: "  " if end[1] else "", text.replace("\u00a0", " ").replace(BAR, r"\|"))
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def _lose(self, found: str, advice: str, raw: str = "") -> None:
        self.losses.append(Loss(self.where, found, advice, raw))

    # Before the HTML is read

    def _plain(self, source: str) -> str:
        """HTML without short codes; paragraphs where the old editor had only blank lines."""
        blocks = "<!-- wp:" in source
        if made := sorted(set(ALONE.findall(source))):
            self._lose(f"bloc(s) que WordPress remplit : {', '.join(made)}", "rien n’est à leur place ; écrivez-le")
        text = re.sub(r"<!--.*?-->", "", source, flags=re.S)
        text = CAPTION.sub(self._caption, text)
        text = GALLERY.sub(self._gallery, text)
        text = EMBED.sub(self._embedded, text)
        if names := sorted({found for found in SHORT.findall(text) if not found.isupper()}):
            codes = ", ".join(f"[{name}]" for name in names)
            self._lose(f"code(s) court(s) de WordPress : {codes}", "laissés dans le texte ; remplacez-les à la main")
        return text if blocks else autop(text)

    def _caption(self, found: re.Match[str]) -> str:
        image = re.search(r"(?:<a\b[^>]*>\s*)?<img\b[^>]*>(?:\s*</a>)?", found[1], re.S)
        words = found[1].replace(image[0], "").strip() if image else found[1]
        shown = f"\n\n<figure>{image[0]}" if image else "\n\n<figure>"
        return f"{shown}<figcaption>{words}</figcaption></figure>\n\n"

    def _gallery(self, found: re.Match[str]) -> str:
        self._lose(f"galerie [gallery{found[1]}]", "placez ses images dans le texte à la main", found[0])
        return ""

    def _embedded(self, found: re.Match[str]) -> str:
        url = URL.search(f"{found[1]} {found[2] or ''}")
        if not url:
            self._lose(f"contenu intégré {found[0][:60]}", "remplacez-le par un lien", found[0])
            return ""
        return f'\n\n<p><a href="{escape(url[0])}">{escape(urlsplit(url[0]).netloc)}</a></p>\n\n'

    # In the tree

    def _frames(self, root: html.HtmlElement) -> None:
        """What is embedded becomes a link: a page of the site asks nothing of third parties."""
        for element in [e for e in root.iter(*FRAMES) if e.getparent() is not None]:
            inner = [e.get("src") for e in element.iter("source") if e.get("src")]
            url = element.get("src") or element.get("data") or (inner[0] if inner else "")
            self._lose(f"<{element.tag}> {url}".strip(), "remplacé par un lien")
            whole = joined("https:", url)
            link = html.Element("a", href=whole) if url else html.Element("span")
            link.text = urlsplit(whole).netloc or url
            _replace(element, link)

    def _drop(self, root: html.HtmlElement) -> None:
        for element in [e for e in root.iter(*DROPPED) if e.getparent() is not None]:
            if element.tag == "form":
                raw = etree.tostring(element, encoding="unicode", with_tail=False)
                self._lose("un formulaire", "donnez une adresse de courriel ou un téléphone à sa place", raw)
            elif element.tag == "script":
                raw = etree.tostring(element, encoding="unicode", with_tail=False)
                self._lose("un script", "retiré : aucun texte n’en a besoin", raw)
            element.drop_tree()

    def _headings(self, root: html.HtmlElement) -> None:
        """The title of the page is the only heading of level one; empty headings are none."""
        for heading in list(root.iter("h1", "h2", "h3", "h4", "h5", "h6")):
            if not heading.text_content().strip() and not list(heading.iter("img")):
                heading.drop_tag()
        if any(True for _ in root.iter("h1")):
            for level in range(5, 0, -1):
                for heading in list(root.iter(f"h{level}")):
                    heading.tag = f"h{level + 1}"

    def _images(self, root: html.HtmlElement) -> None:
        for image in list(root.iter("img")):
            src = image.get("src") or image.get("data-src") or ""
            place = self.library.image(src, self.where) if src else None
            said = self.library.said(src) if not src.startswith("data:") else Media("")
            alt = (image.get("alt") or said.alt or "").strip()
            if place is None:
                _replace(image, self._absent(src, alt))
                continue
            if not alt:
                alt = _caption_of(image) or said.caption or _words(src)
                self._lose(f"image sans texte de remplacement : {src[:100]}", f"relisez « {alt} », mis à la place")
            for name in list(image.attrib):
                del image.attrib[name]
            image.set("src", f"{self.up}{place}")
            image.set("alt", " ".join(alt.split()))
            _out_of_link(image)

    def _absent(self, src: str, alt: str) -> html.HtmlElement:
        """In place of an image that could not be had: its words, else nothing."""
        words = html.Element("em")
        words.text = f"[Image : {alt}]" if alt else "[Image]"
        return words

    def _links(self, root: html.HtmlElement) -> None:
        for link in list(root.iter("a")):
            href = (link.get("href") or "").strip()
            empty = not link.text_content().strip() and not list(link.iter("img"))
            if empty or not href or href.startswith("#"):
                link.drop_tag()
            elif (new := self._new(href)) is not None:
                link.set("href", new)
                link.attrib.pop("title", None)
            else:
                link.drop_tag()

    def _new(self, href: str) -> str | None:
        """Where a link leads from now on; `None` where it led to something of the old site that was not taken."""
        try:
            parts = urlsplit(urljoin(f"{self.library.origin}/", href))
        except ValueError:
            self._lose(f"lien illisible : {href[:100]}", "retiré ; gardez ou corrigez ses mots")
            return None
        own = parts.netloc.removeprefix("www.") == urlsplit(self.library.origin).netloc.removeprefix("www.")
        if parts.scheme not in {"http", "https", "mailto", "tel"}:
            self._lose(f"lien illisible : {href[:100]}", "retiré ; gardez ou corrigez ses mots")
            return None
        if not own or parts.scheme in {"mailto", "tel"}:
            return href
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if (found := self.address(path)) is not None:
            return f"{self.up}{found}"
        if MEDIA_LINK.search(parts.path):
            place = self.library.file(parts.geturl(), self.where)
            return f"{self.up}{place}" if place else None
        if not parts.path.strip("/") and not parts.query:
            return "/"
        self._lose(f"lien vers {path[:100]}, qui n’a pas été repris", "retiré ; ses mots restent dans le texte")
        return None


def _figures(root: html.HtmlElement) -> None:
    """A figure is its image, then its caption, each a paragraph."""
    for figure in list(root.iter("figure")):
        figure.tag = "div"
        for child in list(figure):
            if child.tag in {"img", "a", "em"}:
                paragraph = html.Element("p")
                _replace(child, paragraph)
                child.tail = None
                paragraph.append(child)
            elif child.tag == "figcaption":
                child.tag = "p"


def _cells(root: html.HtmlElement) -> None:
    """A bar in a cell is no border of the table."""
    for cell in root.iter("td", "th"):
        for part in cell.iter():
            part.text = part.text.replace("|", BAR) if part.text else part.text
            part.tail = part.tail.replace("|", BAR) if part.tail and part is not cell else part.tail


def _replace(element: html.HtmlElement, other: html.HtmlElement) -> None:
    """Put another element in its place; the text behind it stays."""
    other.tail = element.tail
    parent = element.getparent()
    if parent is not None:
        parent.replace(element, other)


def _out_of_link(image: html.HtmlElement) -> None:
    """An image that leads to its own larger copy leads nowhere any more: the page shows it large enough."""
    parent = image.getparent()
    if parent is not None and parent.tag == "a" and re.search(r"\.(jpe?g|png|gif|webp)$", parent.get("href", ""), re.I):
        parent.drop_tag()


def _caption_of(image: html.HtmlElement) -> str:
    for above in image.iterancestors("figure"):
        caption = above.find(".//figcaption")
        if caption is not None:
            return " ".join(caption.text_content().split())
    return ""


def _words(src: str) -> str:
    """The words of a file name: all that is known of an image without any text."""
    stem = re.sub(r"-\d{2,5}x\d{2,5}$", "", urlsplit(src).path.rpartition("/")[2].rpartition(".")[0])
    return " ".join(re.sub(r"[-_%\d]+", " ", stem).split()).capitalize() or "Image"


def autop(text: str) -> str:
    """Paragraphs of blank lines and line breaks of line ends, as WordPress's old editor shows them."""
    parts = re.split(r"(<pre\b.*?</pre>)", text.replace("\r\n", "\n"), flags=re.S | re.I)
    made = []
    for part in parts:
        if part.lower().startswith("<pre"):
            made.append(part)
            continue
        for block in re.split(r"\n\s*\n", part):
            if not block.strip():
                continue
            made.append(block if BLOCK.match(block) else f"<p>{block.strip().replace(chr(10), '<br>')}</p>")
    return "\n".join(made)
