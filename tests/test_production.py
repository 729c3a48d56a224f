"""The files of deploy/: a real nginx, from our example, in front of the real service; units that systemd understands."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from beffroi.api.live import SECURITY
from tests.e2e.commune import Commune, day, free_port
from tests.e2e.paper import PaperKeys
from tests.e2e.tls import Authority
from tests.town import REPO

DEPLOY = REPO / "deploy"
HOST = "www.ma-commune.fr"
FOLDER = "/home/beffroi/site"
WRAPPER = """
{user}
daemon off;
pid {run}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 64; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path {run}/body; proxy_temp_path {run}/proxy; fastcgi_temp_path {run}/fastcgi;
    uwsgi_temp_path {run}/uwsgi; scgi_temp_path {run}/scgi;
    include {run}/beffroi.conf;
}}
"""


class Nginx:
    """Debian's nginx with our example, its placeholders filled; `get` asks it over TLS."""

    def __init__(self, commune: Commune, run: Path, authority: Authority) -> None:
        self.port, self.plain = free_port(), free_port()
        authority_key = authority.ca_file.with_name("key.pem")
        text = (DEPLOY / "nginx" / "beffroi.conf").read_text("utf-8")
        for old, new in {
            f"/etc/letsencrypt/live/{HOST}/fullchain.pem": str(authority.ca_file),
            f"/etc/letsencrypt/live/{HOST}/privkey.pem": str(authority_key),
            f"https://{HOST}": f"https://localhost:{self.port}",
            HOST: "localhost",
            "/var/www/beffroi/current": str(commune.live),
            "/var/log/nginx/beffroi-error.log": str(run / "error.log"),
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "http://127.0.0.1:8000": f"http://127.0.0.1:{commune.port}",
        }.items():
            assert old in text
            text = text.replace(old, new)
        text = re.sub(r"\n *listen \[::\].*", "", text)
        (run / "beffroi.conf").write_text(text, encoding="utf-8")
        user = "user root;" if os.geteuid() == 0 else ""  # else its workers could not read a test's folder
        (run / "nginx.conf").write_text(WRAPPER.format(run=run, user=user), encoding="utf-8")
        command = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert command
        self.command = [command, "-c", str(run / "nginx.conf"), "-p", str(run)]
        self._context = ssl.create_default_context(cafile=str(authority.ca_file))

    def ask(
        self, target: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request; header names have `_` for `-`."""
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=30, context=self._context)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, given)
        answer = connection.getresponse()
        try:
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """nginx in front of a commune that has published; one address has moved, one is gone."""
    folder = tmp_path_factory.mktemp("production")
    with Commune(folder, push_hosts="*.push.services.mozilla.com") as commune:
        commune.commit("actualites/nouveau", f"title: Nouveau\ndate: {day()}\naliases: [/ancien/]")
        commune.commit("actualites/retire", f"title: Retiré\ndate: {day(-1)}\nupdated: {day()}\n{WITHDRAWN}")
        commune.say("publish")
        commune.serve()
        authority, run = Authority(), folder / "nginx"
        run.mkdir()
        front = Nginx(commune, run, authority)
        checked = subprocess.run([*front.command, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        with subprocess.Popen(front.command) as process:
            try:
                _wait(front)
                yield front
            finally:
                process.terminate()
        authority.close()


def _wait(front: Nginx) -> None:
    """Until it answers: nginx has no other sign."""
    for _ in range(200):
        try:
            front.ask("/")
        except ConnectionRefusedError:
            subprocess.run(["sleep", "0.05"], check=True)
        else:
            return
    raise AssertionError("nginx does not answer")


WITHDRAWN = 'status: withdrawn\nreason: "La réunion est reportée."'
IMMUTABLE = "public, max-age=31536000, immutable"
pytestmark = pytest.mark.xdist_group("nginx")


@pytest.mark.parametrize(
    ("target", "kind", "control"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/actualites/bienvenue/", "text/html; charset=utf-8", "no-cache"),
        ("/feeds/rss.xml", "application/rss+xml; charset=utf-8", "no-cache"),
        ("/feeds/feed.json", "application/feed+json", "no-cache"),
        ("/feeds/panel.json", "application/json", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("/service-worker.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/sitemap.xml", "application/xml; charset=utf-8", "no-cache"),
        ("/theme/css/base.css", "text/css; charset=utf-8", "no-cache"),
        ("/theme/css/base.css?v=0123abcd", "text/css; charset=utf-8", IMMUTABLE),
        ("/theme/js/panel.js?v=0123abcd", "text/javascript; charset=utf-8", IMMUTABLE),
    ],
)
def test_types_caches_and_security(nginx: Nginx, target: str, kind: str, control: str) -> None:
    """The same types, caches and security headers as the service itself, and HTTPS for a year."""
    status, headers, body = nginx.ask(target)
    assert (200, kind, control) == (status, headers["Content-Type"], headers["Cache-Control"])
    assert dict(SECURITY) == {name: headers[name] for name in SECURITY}
    assert "max-age=31536000" == headers["Strict-Transport-Security"]
    assert ("*" if target.startswith("/feeds/") else None) == headers["Access-Control-Allow-Origin"]
    again = nginx.ask(target, If_None_Match=headers["ETag"])
    assert (304, b"") == (again[0], again[2])
    _, squeezed, small = nginx.ask(target, Accept_Encoding="gzip")
    assert len(body) < 512 or (gzip.decompress(small), squeezed["Content-Encoding"]) == (body, "gzip")


def test_what_is_not_there(nginx: Nginx) -> None:
    """404 and 410 with the site's own page, never kept; 301 for what moved; hidden files do not exist."""
    for target, expected in {
        "/jamais/": 404,
        "/images/jamais.jpg": 404,
        "/.git/config": 404,
        "/feeds/": 404,
        "/.beffroi/gone.map": 404,
        "/actualites/retire/": 410,
    }.items():
        status, headers, body = nginx.ask(target)
        assert (expected, "no-cache") == (status, headers["Cache-Control"]), target
        assert b"<!doctype html>" in body[:200], target
        assert "nosniff" == headers["X-Content-Type-Options"]
    assert (301, "/actualites/nouveau/") == ((moved := nginx.ask("/ancien/"))[0], moved[1]["Location"])
    assert "La réunion est reportée." in nginx.ask("/actualites/retire/")[2].decode()
    assert (301, "/actualites/bienvenue/") == ((slash := nginx.ask("/actualites/bienvenue"))[0], slash[1]["Location"])


def test_plain_http_goes_to_https(nginx: Nginx) -> None:
    """Whoever typed the address without https."""
    connection = http.client.HTTPConnection("127.0.0.1", nginx.plain, timeout=30)
    connection.request("GET", "/actualites/?a=1")
    answer = connection.getresponse()
    assert (301, f"https://localhost:{nginx.port}/actualites/?a=1") == (answer.status, answer.headers["Location"])
    connection.close()


def test_the_service_behind_it(nginx: Nginx) -> None:
    """/api/ reaches the service, which has written its headers once, and sees a page of this very host as its own."""
    status, headers, body = nginx.ask("/api/health")
    assert (200, {"status": "ok", "database": True, "release": True}) == (status, json.loads(body))
    assert all([value] == headers.get_all(name) for name, value in SECURITY.items())
    phone = PaperKeys.generate().subscription("https://updates.push.services.mozilla.com/wpush/v2/a")
    data, sent = json.dumps(phone).encode(), {"Content_Type": "application/json", "Sec_Fetch_Site": "same-origin"}
    put = nginx.ask("/api/push/subscriptions", "PUT", data, Origin="https://localhost", **sent)
    assert 201 == put[0], put[2]
    foreign = nginx.ask("/api/push/subscriptions", "PUT", data, Origin="https://autre.example", **sent)
    assert 403 == foreign[0]
    assert 413 == nginx.ask("/api/push/subscriptions", "PUT", b" " * 40_000, **sent)[0]


def test_units(tmp_path: Path) -> None:
    """systemd finds nothing wrong with the units, and they run tasks that exist."""
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text("utf-8").replace("User=beffroi", "User=root")
        (tmp_path / unit.name).write_text(text.replace(FOLDER, str(tmp_path)), encoding="utf-8")
    units = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    tasks = (REPO / "tasks.py").read_text("utf-8")
    told = re.findall(
        r"^ExecStart=/usr/bin/python3 tasks\.py (\w+)", "".join(Path(unit).read_text() for unit in units), re.M
    )
    assert {"serve", "publish"} == set(told)
    assert all(f"def {name}(" in tasks for name in told)


def test_the_guides_have_these_files() -> None:
    """Each file of deploy/ is named in a guide, and no guide names one that is not there."""
    guides = "".join(path.read_text("utf-8") for path in (REPO / "docs" / "how-to").glob("*.md"))
    told = {name.rstrip("./") for name in re.findall(r"deploy/[\w./-]+", guides)}
    there = {path.relative_to(REPO).as_posix() for path in DEPLOY.rglob("*") if path.is_file()}
    assert set() == there - told
    assert set() == {name for name in told if not (REPO / name).exists()}


def test_the_containers_steps() -> None:
    """The image installs what README asks for, and leaves out what belongs to one machine."""
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    packages = re.search(r"apt-get install -y --no-install-recommends (.*?) \\", text)
    assert packages
    assert {"python3", "python3-pip", "git"} <= set(packages[1].split())
    ignored = (REPO / ".dockerignore").read_text("ascii").split()
    assert {"var", "output", ".venv", "node_modules"} <= set(ignored)
