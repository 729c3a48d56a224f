"""The VAPID key (RFC 8292): who we are for the push services. A P-256 key in a PEM file that only its owner reads.

Losing it makes every subscription worthless: it is never overwritten.
"""

from __future__ import annotations

import os
import stat
from base64 import urlsafe_b64encode
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from beffroi.errors import SettingsError, why

if TYPE_CHECKING:  # cryptography costs 45 ms, and most publications only ask whether the key is there
    from py_vapid import Vapid02


def ensure(path: Path) -> bool:
    """Make the key where there is none; return whether it was made.

    Raises `SettingsError` where it is readable by others, or cannot be written.

    Processes that start together agree on one key: the file appears whole, and only for the first of them.
    """
    if path.exists():
        _check_mode(path)
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:  # made with mode 600
            file.write(_new_key())
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)  # unlike a rename, it never replaces the key of another process
        _sync(path.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise SettingsError(f"La clé {path} ne peut être écrite : {why(error)}.") from error
    return True


def _sync(folder: Path) -> None:
    """The name of the key, too, must survive a power cut: browsers are about to subscribe with it."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _check_mode(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise SettingsError(
            f"La clé {path} est lisible par d’autres utilisateurs (mode {mode:o}) ; lancez : chmod 600 {path}"
        )


def _new_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def rotate(path: Path) -> Path:
    """Put a new key in the place of the present one, which is kept beside as `NAME-former-N.pem`; return where.

    At every instant there is a whole key at `path`. Raises `SettingsError`.
    """
    load(path)
    taken = len(former(path))
    kept = path.with_name(f"{path.stem}-former-{taken + 1}.pem")
    try:
        os.link(path, kept)
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(_new_key())
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
        _sync(path.parent)
    except OSError as error:
        raise SettingsError(f"La clé {path} ne peut être remplacée : {why(error)}.") from error
    return kept


def former(path: Path) -> list[Path]:
    """The keys that `rotate` kept, the oldest first."""
    return sorted(path.parent.glob(f"{path.stem}-former-*.pem"), key=lambda one: (len(one.name), one.name))


def load(path: Path) -> Vapid02:
    """The key, parsed once for all messages.

    Raises `SettingsError` where it is absent, readable by others, or not a P-256 key in PEM.
    """
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from py_vapid import Vapid02

    try:
        _check_mode(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise SettingsError(f"La clé {path} est introuvable ; lancez : invoke keys") from error
    except OSError as error:
        raise SettingsError(f"La clé {path} ne peut être lue : {why(error)}.") from error
    except (ValueError, TypeError) as error:
        raise SettingsError(
            f"Le fichier {path} n’est pas une clé privée PEM ; remettez-y la clé sauvegardée."
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise SettingsError(f"La clé {path} n’est pas de type P-256 ; remettez-y la clé sauvegardée.")
    return Vapid02(key)


def public_key(path: Path) -> str:
    """What browsers need to subscribe: the uncompressed point, base64url without padding (87 characters)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    point = load(path).public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).rstrip(b"=").decode("ascii")
