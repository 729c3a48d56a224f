"""One key, kept secret, never overwritten."""

from __future__ import annotations

import multiprocessing
import os
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from beffroi.channels import keys
from beffroi.channels.tokens import Token, beside, shared
from beffroi.channels.vapid import Tokens
from beffroi.errors import SettingsError

PROCESSES = 6


def test_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """The first call makes folder and key, readable by nobody else; the next one leaves it alone."""
    path = tmp_path / "var" / "vapid.pem"
    assert keys.ensure(path)
    before = path.read_bytes()
    assert not keys.ensure(path)
    assert before == path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [path] == list(path.parent.iterdir())


def test_public_key_is_an_uncompressed_point(tmp_path: Path) -> None:
    """Browsers get 65 bytes that start with 4, in base64url without padding."""
    path = tmp_path / "vapid.pem"
    keys.ensure(path)
    text = keys.public_key(path)
    point = urlsafe_b64decode(text + "=")
    assert (len(text), len(point), point[0]) == (87, 65, 4)


def _ensure(path: Path, gate: object, answers: object) -> None:
    gate.wait()  # type: ignore[attr-defined]
    answers.put((keys.ensure(path), keys.public_key(path)))  # type: ignore[attr-defined]


def test_processes_starting_together_agree_on_one_key(tmp_path: Path) -> None:
    """However many start at once, one makes the key and all read that one."""
    spawn = multiprocessing.get_context("spawn")
    gate, answers = spawn.Barrier(PROCESSES), spawn.Queue()
    path = tmp_path / "var" / "vapid.pem"
    processes = [spawn.Process(target=_ensure, args=(path, gate, answers)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert [made for made, _ in found if made] == [True]
    assert len({key for _, key in found}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The message is the command to type."""
    path = tmp_path / "vapid.pem"
    keys.ensure(path)
    path.chmod(mode)
    sentence = f"La clé {path} est lisible par d’autres utilisateurs (mode {mode:o}) ; lancez : chmod 600 {path}"
    for use in (keys.load, keys.ensure, keys.public_key):
        with pytest.raises(SettingsError) as caught:
            use(path)
        assert sentence == str(caught.value)


def test_missing_key_names_the_task(tmp_path: Path) -> None:
    """A key that is not there is asked for by its task."""
    with pytest.raises(SettingsError) as caught:
        keys.load(tmp_path / "vapid.pem")
    assert f"La clé {tmp_path / 'vapid.pem'} est introuvable ; lancez : invoke keys" == str(caught.value)


def test_other_files_are_not_taken_for_a_key(tmp_path: Path) -> None:
    """Anything but a P-256 key in PEM is refused, and left as it is."""
    other = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content, found in ((b"bonjour", "n’est pas une clé privée PEM"), (other, "n’est pas de type P-256")):
        path = tmp_path / "vapid.pem"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(SettingsError, match=found):
            keys.load(path)
        assert content == path.read_bytes()


def _sign(path: Path, name: str, gate: object, answers: object) -> None:
    signed = []

    def sign() -> Token:
        signed.append(name)
        return Token(1000.0, f"{os.getpid()}")

    gate.wait()  # type: ignore[attr-defined]
    token = shared(path, name, 1000.0, sign)
    answers.put((name, token.authorization, len(signed)))  # type: ignore[attr-defined]


def test_processes_share_one_token_a_vendor(tmp_path: Path) -> None:
    """However many processes ask at once, one of them signs for each vendor; the file is its owner's only."""
    spawn = multiprocessing.get_context("spawn")
    gate, answers = spawn.Barrier(PROCESSES), spawn.Queue()
    path = beside(tmp_path / "vapid.pem")
    names = [f"key contact https://{'ab'[number % 2]}.example" for number in range(PROCESSES)]
    processes = [spawn.Process(target=_sign, args=(path, name, gate, answers)) for name in names]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert (2, 2) == (sum(signed for _, _, signed in found), len({(name, token) for name, token, _ in found}))
    assert path.stat().st_mode & 0o777 == 0o600


def test_shared_tokens_are_renewed_in_time(tmp_path: Path) -> None:
    """A token is signed anew after six hours, after a clock set back, and where the file is illegible or out of reach;
    tokens of other keys and contacts are others."""
    path, count = tmp_path / "tokens.json", iter(range(99))

    def ask(now: float, name: str = "a", where: Path = path) -> str:
        return shared(where, name, now, lambda: Token(now, str(next(count)))).authorization

    assert ["0", "0", "1", "1", "2"] == [ask(now) for now in (1000, 22599, 22600, 30000, 22599)]
    assert ["3", "2"] == [ask(22600, "b"), ask(22600)]
    path.write_text('{"a', encoding="ascii")
    assert ["4", "4"] == [ask(22600), ask(22600)]
    path.write_bytes(b"\xff\x00")
    assert ["5", "5"] == [ask(22600), ask(22600)]
    assert ["6", "7"] == [ask(22600, where=tmp_path / "absent" / "tokens.json") for _ in range(2)]


def test_next_process_asks_with_the_same_token(tmp_path: Path) -> None:
    """Another process, with the same key and contact, signs nothing; with another contact it does."""
    path = tmp_path / "vapid.pem"
    keys.ensure(path)
    vapid, file, origin = keys.load(path), beside(path), "https://a.example"
    first = Tokens(vapid, "mailto:a@b.fr", lambda: 1000.0, file=file).authorization(origin)
    assert first == Tokens(vapid, "mailto:a@b.fr", lambda: 20000.0, file=file).authorization(origin)
    assert first != Tokens(vapid, "mailto:c@d.fr", lambda: 1000.0, file=file).authorization(origin)
