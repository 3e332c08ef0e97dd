"""Paths to handlers, in any case: ARM ids are case-insensitive."""

import re
from collections.abc import Iterable

from .arm import ArmError, Handler, Route
from .faultbook import NOT_SIMULATED

PROVIDERS = "/subscriptions/{subscription}/resourceGroups/{group}/providers"
VAULT = f"{PROVIDERS}/Microsoft.RecoveryServices/vaults/{{vault}}"
FABRIC = f"{VAULT}/replicationFabrics/{{fabric}}"
CONTAINER = f"{FABRIC}/replicationProtectionContainers/{{container}}"
ITEM = f"{CONTAINER}/replicationProtectedItems/{{item}}"

_NAME = re.compile(r"\{(\w+)\}")


class Router:
    """All routes of the simulator."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(route, _compile(route.pattern)) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a request and the names in its path. Raises ArmError 404 or 405."""
        is_known = False
        for route, pattern in self._routes:
            match = pattern.fullmatch(path.rstrip("/"))
            if match is None:
                continue
            if route.method == method:
                return route, match.groupdict()
            is_known = True
        if is_known:
            raise ArmError(405, "MethodNotAllowed", f"{method} is not allowed on {path}.")
        raise ArmError(404, NOT_SIMULATED, f"The lab has nothing at {path}.")


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(_NAME.sub(r"(?P<\1>[^/]*)", pattern), re.IGNORECASE)


def get(pattern: str, operation: str, handler: Handler) -> Route:
    """A route for reading."""
    return Route("GET", pattern, operation, handler)
