"""What was sent to the API server and what it stored, from its audit log: nothing may be pruned or changed on the way."""

from collections.abc import Iterable
from typing import Any

GROUP = "failback.dev"


def missing(wanted: Any, stored: Any, at: str = "") -> list[str]:
    """Members of `wanted` that `stored` lacks or holds otherwise; defaults may be added, and null asks for absence."""
    if isinstance(wanted, dict):
        if not isinstance(stored, dict):
            return [at]
        return [path for name, value in wanted.items() for path in missing(value, stored.get(name), f"{at}.{name}")]
    if isinstance(wanted, list):
        if not isinstance(stored, list) or len(stored) != len(wanted):
            return [at]
        return [path for i, value in enumerate(wanted) for path in missing(value, stored[i], f"{at}[{i}]")]
    return [] if wanted == stored else [at]


def stored_writes(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events of creations and changes of our own kinds that the API server carried out.

    Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
    """
    return [
        event
        for event in events
        if event["objectRef"].get("apiGroup") == GROUP
        and event["verb"] in {"create", "update", "patch"}
        and event["responseStatus"]["code"] in {200, 201}
    ]


def in_namespace(events: Iterable[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    """The events of programs, such as operators, in a namespace; what people send is not theirs to answer for."""
    programs = (event for event in events if event["user"]["username"].startswith("system:serviceaccount:"))
    return [event for event in programs if event["objectRef"].get("namespace") == namespace]


def lost(events: Iterable[dict[str, Any]]) -> list[str]:
    """Members of specs and statuses that were sent and are not stored as sent."""
    found = []
    for event in stored_writes(events):
        sent, stored, target = event["requestObject"], event["responseObject"], event["objectRef"]
        for part in ("spec", "status"):
            paths = missing(sent[part], stored.get(part), part) if part in sent else []
            found += [f"{event['verb']} {target['resource']}/{target['name']}: {path}" for path in paths]
    return found
