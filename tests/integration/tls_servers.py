"""TLS servers on loopback whose certificates are not as they should be."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LONG_AGO = datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)


@contextmanager
def listening(chain: Path | None = None, key: Path | None = None) -> Iterator[int]:
    """A server that shakes hands (without a certificate: does not even speak TLS) and says no more."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = None
    if chain is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                if context is None:
                    connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                else:
                    context.wrap_socket(connection, server_side=True).close()
            except OSError:
                pass
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def expired_authority(directory: Path) -> tuple[Path, Path, str]:
    """Chain and key of a server whose certificate is good and whose CA is not, and the CA's certificate."""
    start, now = LONG_AGO - datetime.timedelta(days=365), datetime.datetime.now(datetime.UTC)
    authority_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old corporate CA")])
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = (
        x509.CertificateBuilder(authority_name, authority_name, authority_key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(LONG_AGO)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        x509.CertificateBuilder(authority_name, x509.Name([]), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=True,
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    chain, key_file = directory / "chain.pem", directory / "key.pem"
    chain.write_bytes(leaf.public_bytes(pem) + authority.public_bytes(pem))
    key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return chain, key_file, authority.public_bytes(pem).decode()
