"""Runs kubectl as a user of the lab would."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 60


class KubectlError(Exception):
    """kubectl ended with an error; the text is what it printed."""


class Kubectl:
    """The kubectl of this environment with one kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        beside_python = Path(sys.executable).with_name("kubectl")
        self._program = str(beside_python) if beside_python.exists() else "kubectl"

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run `kubectl ARGUMENTS` and return what it prints. Raises KubectlError with its message."""
        done = subprocess.run(
            [self._program, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
        )
        if done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> str:
        """Apply objects given as data."""
        return self.run("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def get(self, kind: str, namespace: str, name: str | None = None) -> dict[str, Any]:
        """One object, or a list of them, as data."""
        found: dict[str, Any] = json.loads(self.run("get", kind, *([name] if name else []), "-n", namespace, "-o", "json"))
        return found

    def patch(self, kind: str, namespace: str, name: str, changes: dict[str, Any]) -> str:
        """Merge `changes` into an object."""
        return self.run("patch", kind, name, "-n", namespace, "--type=merge", "-p", json.dumps(changes))
