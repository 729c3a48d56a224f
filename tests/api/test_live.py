"""The live release over HTTP: types, caches, headers, and no way out of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.client import Answer, Client

FILES = {
    "index.html": "<h1>Accueil</h1>",
    "404.html": "<h1>Page introuvable</h1>",
    "actualites/index.html": "<h1>Actualités</h1>",
    "actualites/fête/index.html": "<h1>Fête</h1>",
    "feeds/rss.xml": "<rss/>",
    "feeds/feed.json": "{}",
    "feeds/feed-1.json": "{}",
    "feeds/panel.json": "{}",
    "manifest.webmanifest": "{}",
    "service-worker.js": "// code",
    "sitemap.xml": "<urlset/>",
    "robots.txt": "User-agent: *",
    "theme/css/base.css": "a{}",
    "images/pont-480.avif": "avif",
    "images/pont-480.jpg": "jpg",
    "pagefind/pagefind.fr.pagefind": "wasm",
}
CSP = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)


def release(folder: Path, files: dict[str, str] = FILES, name: str = "000001") -> None:
    """Put a release online, as `deploy` does: a folder and a link."""
    www = folder / "var" / "www"
    for path, text in files.items():
        file = www / "releases" / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (www / "current").unlink(missing_ok=True)
    (www / "current").symlink_to(f"releases/{name}")


@pytest.fixture
def live(client: Client, tmp_path: Path) -> Client:
    """The service with a release; a secret stands beside it."""
    release(tmp_path)
    (tmp_path / "var" / "www" / "secret.txt").write_text("SECRET", encoding="utf-8")
    (tmp_path / "var" / "www" / "releases" / "000001" / ".secret").write_text("SECRET", encoding="utf-8")
    return client


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/feeds/rss.xml", "application/rss+xml; charset=utf-8"),
        ("/feeds/feed.json", "application/feed+json"),
        ("/feeds/feed-1.json", "application/feed+json"),
        ("/feeds/panel.json", "application/json"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/service-worker.js", "text/javascript; charset=utf-8"),
        ("/sitemap.xml", "application/xml; charset=utf-8"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/theme/css/base.css", "text/css; charset=utf-8"),
        ("/images/pont-480.avif", "image/avif"),
        ("/images/pont-480.jpg", "image/jpeg"),
        ("/pagefind/pagefind.fr.pagefind", "application/wasm"),
    ],
)
def test_content_types(live: Client, target: str, kind: str) -> None:
    """What readers, browsers and panels look at before the bytes."""
    answer = live.ask("GET", target)
    assert (200, kind) == (answer.status, answer.headers["content-type"])


@pytest.mark.parametrize(
    ("target", "control", "origin"),
    [
        ("/", "no-cache", None),
        ("/service-worker.js", "no-cache", None),
        ("/feeds/rss.xml", "no-cache", "*"),
        ("/theme/css/base.css", "no-cache", None),
        ("/theme/css/base.css?v=0123abcd", "public, max-age=31536000, immutable", None),
        ("/images/pont-480.jpg", "public, max-age=31536000, immutable", None),
        ("/jamais", "no-cache", None),
    ],
)
def test_caches(live: Client, target: str, control: str, origin: str | None) -> None:
    """What has its version in its address is kept for ever, all else is asked for anew; feeds are for everybody."""
    answer = live.ask("GET", target)
    assert (control, origin) == (answer.headers["cache-control"], answer.headers.get("access-control-allow-origin"))


@pytest.mark.parametrize("target", ["/", "/jamais", "/api/health", "/api/jamais", "/actualites"])
def test_security_headers(live: Client, target: str) -> None:
    """On every answer, errors and redirections included."""
    headers = live.ask("GET", target).headers
    assert CSP == headers["content-security-policy"]
    assert ("nosniff", "same-origin") == (headers["x-content-type-options"], headers["cross-origin-opener-policy"])
    assert "strict-origin-when-cross-origin" == headers["referrer-policy"]
    assert "camera=(), microphone=(), geolocation=(self), interest-cohort=()" == headers["permissions-policy"]
    assert not {"set-cookie", "server"} & headers.keys()


def test_a_known_page_costs_nothing(live: Client, tmp_path: Path) -> None:
    """The ETag is that of the bytes: it survives a new release that did not touch the file, and tells a change."""
    tag = live.ask("GET", "/").headers["etag"]
    release(tmp_path, {**FILES, "actualites/index.html": "<h1>Autre</h1>"}, "000002")
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = live.ask("GET", "/", headers={"If-None-Match": known})
        assert (304, b"", tag) == (answer.status, answer.body, answer.headers["etag"])
    changed = live.ask("GET", "/actualites/", headers={"If-None-Match": tag})
    assert (200, b"<h1>Autre</h1>") == (changed.status, changed.body)


def test_head_says_what_get_would(live: Client) -> None:
    """The same status and headers, no body."""
    for target in ("/", "/images/pont-480.jpg", "/jamais", "/api/push/key", "/api/health"):
        get, head = live.ask("GET", target), live.ask("HEAD", target)
        assert (get.status, get.headers) == (head.status, head.headers)
        assert b"" == head.body or target.startswith("/api/")  # there the server drops it


def test_folders_and_what_is_not_there(live: Client) -> None:
    """A folder without its slash is redirected with its query; the release's own page tells what is not there."""
    moved = live.ask("GET", "/actualites?a=1")
    assert (308, "/actualites/?a=1") == (moved.status, moved.headers["location"])
    for target in ("/jamais", "/index.html/", "/feeds/", "/a" * 3000, "/" + "a" * 5000):
        assert (404, b"<h1>Page introuvable</h1>") == ((answer := live.ask("GET", target)).status, answer.body)
    assert "<h1>Fête</h1>".encode() == live.ask("GET", "/actualites/f%C3%AAte/").body


def test_no_open_redirection(live: Client, tmp_path: Path) -> None:
    """`//evil.example` names another host: a redirection never repeats it."""
    (tmp_path / "var" / "www" / "current" / "evil.example").mkdir()
    assert "/evil.example/" == live.ask("GET", "//evil.example").headers["location"]


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/actualites/../../secret.txt",
        "/..%5csecret.txt",
        "/%252e%252e/secret.txt",
        "/.secret",
        "/%00/secret.txt",
        "//secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/actualites/%2e%2e/.secret",
    ],
)
def test_no_way_out(live: Client, target: str) -> None:
    """Whatever the spelling, nothing outside the release and no hidden file is served."""
    answer = live.ask("GET", target)
    assert (404, False) == (answer.status, b"SECRET" in answer.body)


def test_before_the_first_publication(client: Client) -> None:
    """A page that waits by itself, kept by no cache, and a health that says so."""
    answer = client.ask("GET", "/")
    assert (503, "no-store", "5") == (answer.status, answer.headers["cache-control"], answer.headers["retry-after"])
    assert "Rien n’est encore publié" in answer.body.decode()
    health = client.ask("GET", "/api/health")
    assert (503, {"status": "unavailable", "database": True, "release": False}) == (health.status, health.json)


def test_health(live: Client) -> None:
    """200 when the database answers and a release is live; kept by no cache."""
    answer = live.ask("GET", "/api/health")
    assert (200, {"status": "ok", "database": True, "release": True}) == (answer.status, answer.json)
    assert "no-store" == answer.headers["cache-control"]


def test_health_without_a_database(live: Client, tmp_path: Path) -> None:
    """503, at once and without a sentence of the database."""
    live.engine.dispose()
    for file in (tmp_path / "var").glob("beffroi.sqlite3*"):
        file.unlink()
    (tmp_path / "var" / "beffroi.sqlite3").mkdir()
    answer = live.ask("GET", "/api/health")
    assert (503, {"status": "unavailable", "database": False, "release": True}) == (answer.status, answer.json)


def test_health_does_not_wait_for_a_writer(live: Client) -> None:
    """A publication that writes does not make the service look dead."""
    with live.engine.begin():
        assert 200 == live.ask("GET", "/api/health").status


def test_below_a_path(tmp_path: Path) -> None:
    """A site at https://host/ville lives below /ville alone, service included."""
    client = Client(tmp_path, {"SITEURL": "https://www.exemple.fr/ville"})
    release(tmp_path)

    def location(answer: Answer) -> tuple[int, str | None]:
        return answer.status, answer.headers.get("location")

    assert b"<h1>Accueil</h1>" == client.ask("GET", "/ville/").body
    assert [(307, "/ville/")] * 2 == [location(client.ask("GET", target)) for target in ("/", "/ville")]
    assert (308, "/ville/actualites/") == location(client.ask("GET", "/ville/actualites"))
    assert 200 == client.ask("GET", "/ville/api/push/key").status
    assert [404] * 3 == [
        client.ask("GET", there).status for there in ("/actualites/", "/villeactualites/", "/api/health")
    ]
