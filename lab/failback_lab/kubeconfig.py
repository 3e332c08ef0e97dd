"""Kubeconfig files that carry all they need in themselves, so that they may be copied and outlive the lab's directory."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from failback_lab.pki import write_private


def certificate_user(chain: Path, key: Path) -> dict[str, str]:
    """The user entry of somebody with a client certificate."""
    return {"client-certificate-data": _encoded(chain), "client-key-data": _encoded(key)}


def token_user(token: str) -> dict[str, str]:
    """The user entry of somebody with a bearer token."""
    return {"token": token}


def write_kubeconfig(path: Path, url: str, ca_pem: Path, user: Mapping[str, str], namespace: str = "default") -> Path:
    """Write the kubeconfig of one user of one cluster to the new file `path` (JSON, which is YAML too)."""
    name = "failback-lab"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url, "certificate-authority-data": _encoded(ca_pem)}}],
        "users": [{"name": name, "user": dict(user)}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    path.unlink(missing_ok=True)
    write_private(path, json.dumps(config, indent=1).encode())
    return path


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
