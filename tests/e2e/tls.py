"""A certificate for 127.0.0.1 and localhost, for senders that refuse anything but https. Made anew each time."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """One self-signed certificate in a temporary folder; give `ca_file` to the client (REQUESTS_CA_BUNDLE)."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="beffroi-tls-")
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Beffroi tests")])
        hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(address))]
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, SHA256())
        )
        self.ca_file = Path(self._folder.name, "ca.pem")
        self.ca_file.write_bytes(certificate.public_bytes(Encoding.PEM))
        self.key_file = Path(self._folder.name, "key.pem")
        self.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def server_context(self) -> ssl.SSLContext:
        """For the side that listens."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.ca_file, self.key_file)
        return context

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()
