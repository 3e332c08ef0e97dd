"""Certificates: verified always, and what is wrong with one is said. Real TLS servers on loopback."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from failback_lab.pki import LabCa
from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.vsphere import VsphereEndpoint, VsphereSession, VsphereSettings

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


async def problem_of(port: int, ca_pem: str | None, server: str = "127.0.0.1") -> SourceError:
    """What a session with that server fails with."""
    endpoint = VsphereEndpoint(server, port, "operator@vsphere.local", "secret", ca_pem)
    session = VsphereSession(endpoint, VsphereSettings(connect_timeout=datetime.timedelta(seconds=2)))
    try:
        with pytest.raises(SourceFailed) as failed:
            await session.call(lambda connection: connection)
    finally:
        await session.close()
    assert "secret" not in failed.value.error.message
    return failed.value.error


async def test_expired_certificate(lab_ca: LabCa) -> None:
    with listening(*lab_ca.issue("127.0.0.1", not_after=LONG_AGO)) as port:
        error = await problem_of(port, lab_ca.ca_pem.read_text())
    assert error.problem is SourceProblem.CERTIFICATE_INVALID
    assert error.message == f"the certificate of 127.0.0.1:{port} has expired"


async def test_expired_authority(tmp_path: Path) -> None:
    chain, key, authority = expired_authority(tmp_path)
    with listening(chain, key) as port:
        error = await problem_of(port, authority)
    assert error.problem is SourceProblem.CERTIFICATE_INVALID
    assert error.message == f"the CA certificate 'old corporate CA' given for 127.0.0.1:{port} expired on 2020-01-02"


async def test_wrong_host_name(lab_ca: LabCa) -> None:
    with listening(*lab_ca.issue("vcenter.example.com")) as port:
        by_address = await problem_of(port, lab_ca.ca_pem.read_text())
        by_name = await problem_of(port, lab_ca.ca_pem.read_text(), "localhost")
    for error in (by_address, by_name):
        assert error.problem is SourceProblem.CERTIFICATE_INVALID
        assert "is for another host name" in error.message


async def test_loopback_is_verified_too(lab_ca: LabCa) -> None:
    """pyvmomi leaves localhost unverified when it is given no context (vSphere facts, 1.2)."""
    with listening(*lab_ca.issue("localhost", "127.0.0.1")) as port:
        error = await problem_of(port, trustme.CA().cert_pem.bytes().decode())
        system = await problem_of(port, None, "localhost")
    assert error.problem is system.problem is SourceProblem.CERTIFICATE_INVALID
    assert "is not trusted" in error.message
    assert "is not trusted" in system.message


async def test_no_tls_at_all(lab_ca: LabCa) -> None:
    with listening() as port:
        error = await problem_of(port, lab_ca.ca_pem.read_text())
    assert error.problem is SourceProblem.UNREACHABLE


@pytest.mark.parametrize("bundle", ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
async def test_a_bundle_without_certificates(bundle: str) -> None:
    error = await problem_of(1, bundle)
    assert error.problem is SourceProblem.CERTIFICATE_INVALID
    assert "cannot be read" in error.message


async def test_nobody_listens(lab_ca: LabCa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = await problem_of(port, lab_ca.ca_pem.read_text())
    assert error.problem is SourceProblem.UNREACHABLE
    assert str(port) in error.message


async def test_a_name_that_does_not_resolve(lab_ca: LabCa) -> None:
    error = await problem_of(443, lab_ca.ca_pem.read_text(), "vcenter.invalid")
    assert error.problem is SourceProblem.UNREACHABLE
    assert "vcenter.invalid" in error.message


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
