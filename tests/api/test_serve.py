"""`invoke serve` as a process: it says where it is, stops when asked, and keeps quiet."""

from __future__ import annotations

import http.client
import signal
import socket
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.commune import Commune


@pytest.fixture
def commune(tmp_path: Path) -> Commune:
    """A commune that has not published yet."""
    return Commune(tmp_path, push_hosts="localhost")


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_serves_and_stops(commune: Commune, how: signal.Signals, status: int) -> None:
    """Its line tells the address, which answers at once on each loopback address; no visit is written anywhere; Ctrl-C
    and systemd's stop end it without a traceback, even while a browser keeps its connection open."""
    commune.serve()
    assert commune.server is not None
    connection = http.client.HTTPConnection("127.0.0.1", commune.port, timeout=30)
    connection.request("GET", "/")
    assert (503, True) == ((answer := connection.getresponse()).status, "publié" in answer.read().decode())
    commune.server.send_signal(how)
    said = commune.server.communicate(timeout=30)[0]
    assert ("", status) == (said, commune.server.returncode)
    connection.close()


def test_a_port_that_is_taken(commune: Commune) -> None:
    """A sentence with what to type, and exit status 1."""
    with socket.create_server(("127.0.0.1", commune.port)):
        done = commune.run("serve", "--port", str(commune.port))
    sentence = f"Le port {commune.port} est déjà pris sur localhost ; choisissez-en un autre : invoke serve --port {commune.port + 1}."
    assert (1, sentence) == (done.returncode, done.stderr.strip())


@pytest.mark.parametrize("host", ["192.0.2.1", "mairie..fr"])
def test_a_host_that_is_not_ours(commune: Commune, host: str) -> None:
    """Where the address is another machine's, or nobody's, the sentence says that, and not that its port is taken."""
    done = commune.run("serve", "--host", host, "--port", "0")
    assert (1, f"« {host} » n’est pas une adresse de cette machine") == (done.returncode, done.stderr.split(" ;")[0])


STRANGE = (
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
)


def test_what_is_not_http(commune: Commune) -> None:
    """TLS on the plain port, other versions, half a line: 400 or nothing, never a 500, and the service goes on."""
    with commune:
        commune.serve()
        for sent in STRANGE:
            with socket.create_connection(("127.0.0.1", commune.port), timeout=30) as raw:
                raw.sendall(sent)
                raw.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(partial(raw.recv, 4096), b""))
            assert answer[:12] in {b"", b"HTTP/1.1 400"}, sent
        assert commune.key
