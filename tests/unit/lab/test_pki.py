"""The lab's CA: what it signs is trusted by those who trust it alone, and by nobody else."""

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from failback_lab.pki import LabCa


def handshake(ca_pem: Path, server: tuple[Path, Path], name: str) -> None:
    """Raises SSLError if a client that trusts `ca_pem` refuses the server called `name`."""
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(*server)
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            server_side.wrap_socket(far, server_side=True).close()
        except (ssl.SSLError, ConnectionError):
            far.close()  # the client's side tells why

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        ssl.create_default_context(cafile=str(ca_pem)).wrap_socket(near, server_hostname=name).close()
    finally:
        near.close()
        thread.join()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> LabCa:
    return LabCa(tmp_path_factory.mktemp("pki") / "ca")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_server_is_trusted_under_its_names(ca: LabCa, name: str) -> None:
    handshake(ca.ca_pem, ca.issue("127.0.0.1", "localhost"), name)


def test_other_name_is_refused(ca: LabCa) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="match"):
        handshake(ca.ca_pem, ca.issue("vcenter.lab"), "localhost")


def test_expired_certificate_is_refused(ca: LabCa) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        handshake(ca.ca_pem, ca.issue("localhost", not_after=datetime(2020, 1, 1, tzinfo=UTC)), "localhost")


def test_certificate_of_another_lab_is_refused(ca: LabCa, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self.signed|unable to get"):
        handshake(ca.ca_pem, LabCa(tmp_path / "other").issue("localhost"), "localhost")


def test_same_directory_is_the_same_ca(ca: LabCa) -> None:
    again = LabCa(ca.directory)
    handshake(ca.ca_pem, again.issue("localhost"), "localhost")


def test_each_issue_has_files_of_its_own(ca: LabCa) -> None:
    assert ca.issue("localhost") != ca.issue("localhost")


def test_keys_are_for_their_owner_alone(ca: LabCa) -> None:
    for key in ca.directory.glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_client_certificate_carries_user_and_group(ca: LabCa) -> None:
    chain, _ = ca.issue_client("jane", "operators")
    subject = x509.load_pem_x509_certificate(chain.read_bytes()).subject
    common, organization = x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME
    assert [subject.get_attributes_for_oid(oid)[0].value for oid in (common, organization)] == ["jane", "operators"]
