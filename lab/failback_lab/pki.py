"""The lab's certificate authority: every TLS end of the lab is signed by it, nothing else trusts it."""

import os
from datetime import datetime
from pathlib import Path

import trustme

# Go refuses a certificate whose subjectAltName is critical and empty, so a client's certificate needs some name.
CLIENT_NAME = "client.lab.failback.dev"


class LabCa:
    """The CA whose certificate and key lie in `directory`: made there the first time, read from there afterwards."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca_pem = directory / "ca.pem"
        self._issued = 0
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = directory / "ca.key"
        if self.ca_pem.exists():
            self._ca = trustme.CA.from_pem(self.ca_pem.read_bytes(), key.read_bytes())
        else:
            self._ca = trustme.CA(organization_name="failback lab")
            write_private(key, self._ca.private_key_pem.bytes())
            self.ca_pem.write_bytes(self._ca.cert_pem.bytes())

    def issue(self, *names: str, not_after: datetime | None = None) -> tuple[Path, Path]:
        """Certificate chain and key for a server known by `names` (host names or IP addresses)."""
        return self._write(names[0], self._ca.issue_cert(*names, not_after=not_after))

    def issue_client(self, user: str, group: str) -> tuple[Path, Path]:
        """Certificate chain and key of a client; Kubernetes reads the user from CN and its group from O.

        Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
        """
        return self._write(user, self._ca.issue_cert(CLIENT_NAME, common_name=user, organization_name=group))

    def _write(self, name: str, leaf: trustme.LeafCert) -> tuple[Path, Path]:
        chain, key = self._fresh(name)
        chain.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
        write_private(key, leaf.private_key_pem.bytes())
        return chain, key

    def _fresh(self, name: str) -> tuple[Path, Path]:
        """Files that do not exist yet: others may issue from the same directory."""
        while True:
            self._issued += 1
            stem = f"{name.replace('*', 'any').replace(':', '-')}-{os.getpid()}-{self._issued}"
            if not (self.directory / f"{stem}.key").exists():
                return self.directory / f"{stem}.pem", self.directory / f"{stem}.key"


def write_private(path: Path, content: bytes) -> None:
    """Write `content` to the new file `path`, readable by its owner alone from the first byte."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
