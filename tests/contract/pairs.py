"""Recorded request/response pairs, each put into exactly one class of check."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

# What the contract folder describes, by provider: pairs are rewritten to these versions (its README says so).
CONTRACT_VERSIONS = {
    "microsoft.recoveryservices": "2021-04-01",
    "microsoft.compute": "2021-03-01",
    "microsoft.network": "2021-02-01",
}


class PairClass(StrEnum):
    """How a pair is checked."""

    DESCRIBED = "described"
    """A success that the published description covers: validated with it, and round-tripped through the SDK's models."""
    ERROR = "error"
    """4xx and 5xx of the resource manager: ARM's error form."""
    OPERATION_STATUS = "operation status"
    OPERATION_RESULT = "operation result"
    TOKEN = "token"
    """Answers of the token endpoint, good or bad."""
    VAULT = "vault"
    """The vault itself belongs to another service's description."""
    LOCKS = "locks"
    PERMISSIONS = "permissions"
    STORAGE = "storage accounts"
    """So do management locks, permissions and storage accounts."""
    BROKEN = "broken on purpose"
    """An injected fault cut the answer off: there is nothing to check."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One exchange as recorded; bodies are parsed JSON, or None where there was none."""

    method: str
    url: str
    request_body: Any
    status: int
    response_headers: dict[str, str]
    response_body: Any
    is_fault: bool

    @property
    def path(self) -> str:
        """Path of the URL."""
        return urlsplit(self.url).path

    @property
    def resource_path(self) -> str:
        """Path of what is answered about: operationresults stand below the resource that they tell of."""
        return re.sub(r"/operationresults/[^/]+$", "", self.path, flags=re.IGNORECASE)

    @property
    def pair_class(self) -> PairClass:  # noqa: PLR0911 - one return a class
        """The class of the pair."""
        if self.is_fault and self.response_body is None:
            return PairClass.BROKEN
        if "/oauth2/" in self.path or "/.well-known/" in self.path:
            return PairClass.TOKEN
        if self.status >= 400:
            return PairClass.ERROR
        lower = self.path.lower()
        if "/replicationoperationstatus/" in lower:
            return PairClass.OPERATION_STATUS
        if "/operationresults/" in lower:
            return PairClass.OPERATION_RESULT
        if re.search(r"/vaults/[^/]+$", lower):
            return PairClass.VAULT
        if lower.endswith("/microsoft.authorization/locks"):
            return PairClass.LOCKS
        if lower.endswith("/microsoft.authorization/permissions"):
            return PairClass.PERMISSIONS
        if lower.endswith("/microsoft.storage/storageaccounts"):
            return PairClass.STORAGE
        return PairClass.DESCRIBED

    def for_oav(self) -> dict[str, Any]:
        """The pair as oav takes it, rewritten to the version that the contract describes."""
        parts = urlsplit(self.url)
        provider = re.search(r"/providers/([^/]+)/", parts.path, re.IGNORECASE)
        version = CONTRACT_VERSIONS[provider[1].lower()] if provider else ""
        query = parse_qs(parts.query)
        query["api-version"] = [version]
        text = "&".join(f"{name}={value}" for name, values in sorted(query.items()) for value in values)
        body = {} if self.request_body is None else self.request_body
        return {
            "liveRequest": {
                "method": self.method,
                "url": f"https://management.azure.com{parts.path}?{text}",
                "headers": {"content-type": "application/json"},
                "body": body,
            },
            "liveResponse": {
                "statusCode": str(self.status),
                "headers": {**self.response_headers, "content-type": "application/json"},
                "body": {} if self.response_body is None else self.response_body,
            },
        }


def load(path: Path) -> Iterator[Pair]:
    """The pairs of a record file (JSON lines)."""
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        yield Pair(
            method=entry["method"],
            url=entry["url"],
            request_body=entry.get("request_body"),
            status=entry["status"],
            response_headers=entry.get("response_headers", {}),
            response_body=entry.get("response_body"),
            is_fault=bool(entry.get("fault")),
        )
