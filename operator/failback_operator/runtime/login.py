"""How the operator logs in to the API server; Kopf and our own client use the same."""

import logging
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import kopf
import yaml

log = logging.getLogger(__name__)
SERVICE_ACCOUNT_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
LIBRARY_KEYS = frozenset({"exec", "auth-provider", "tokenFile"})


class CannotLogInError(Exception):
    """There is nothing to log in with."""


def connection(kubeconfig: str) -> kopf.ConnectionInfo:
    """The API server and our credentials, read anew with each call (tokens rotate). Raises CannotLogInError."""
    settings = kopf.OperatorSettings()
    if kubeconfig:
        # Kopf and the client library know no other way to be told the file.
        os.environ["KUBECONFIG"] = kubeconfig
    reader = partial(kopf.login_with_kubeconfig, settings=settings)
    try:
        if not kubeconfig and SERVICE_ACCOUNT_TOKEN.exists():
            found = kopf.login_with_service_account(settings=settings)
        elif _needs_library():
            found = kopf.login_via_client(settings=settings, logger=log)
        else:
            found = reader()
    except (OSError, yaml.YAMLError, kopf.LoginError) as error:
        raise CannotLogInError(f"the log-in to Kubernetes cannot be read: {error}") from error
    if found is None:
        raise CannotLogInError("no log-in to Kubernetes: neither --kubeconfig, nor a service account, nor KUBECONFIG")
    return found


def _needs_library() -> bool:
    """Whether a user logs in by a program or provider, which only the client library knows. It takes memory, so not always."""
    return any(LIBRARY_KEYS & user.keys() for user in _users())


def _users() -> list[Mapping[str, object]]:
    paths = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config"))
    found: list[Mapping[str, object]] = []
    for path in (Path(each).expanduser() for each in paths.split(os.pathsep) if each):
        if path.exists():
            config = yaml.safe_load(path.read_text()) or {}
            found += [each.get("user") or {} for each in config.get("users") or ()]
    return found
