"""Certificates: verified always, and what is wrong with one is said. Real TLS servers on loopback."""

import datetime
import socket
from pathlib import Path

import pytest
import trustme
from tests.integration.tls_servers import LONG_AGO, expired_authority, listening

from failback_lab.pki import LabCa
from failback_operator.domain.reading import SourceError, SourceFailed, SourceProblem
from failback_operator.observe.vsphere import VsphereEndpoint, VsphereSession, VsphereSettings


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
