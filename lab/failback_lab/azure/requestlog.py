"""The request log, and the record of whole request/response pairs for the contract check. Neither holds secrets."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from .arm import Json


@dataclass(slots=True)
class Entry:
    """One request. `accepted` says that it was carried out, whether or not its answer was lost."""

    seq: int
    time: str
    method: str
    path: str
    query: str
    operation: str = ""
    status: int = 0
    item: str | None = None
    direction: str | None = None
    instance_type: str | None = None
    job: str | None = None
    client_request_id: str = ""
    fault: str | None = None
    accepted: bool = False


class RequestLog:
    """All requests since the start."""

    def __init__(self, record: Path | None) -> None:
        self._entries: list[Entry] = []
        self._record = record.open("a", encoding="utf-8") if record else None

    def open_entry(self, time: str, method: str, path: str, query: str) -> Entry:
        """A new entry, to be filled in."""
        entry = Entry(len(self._entries) + 1, time, method, path, query)
        self._entries.append(entry)
        return entry

    def since(self, seq: int) -> list[Json]:
        """Entries after `seq`, oldest first."""
        return [asdict(e) for e in self._entries[seq:]]

    def counts(self) -> Json:
        """How often each operation was called, and the accepted operations a machine.

        `operations` is keyed `reProtect/InMage`, so that the two directions of a reprotect or a failover differ.
        """
        calls = Counter(e.operation for e in self._entries)
        operations: dict[str, Counter[str]] = {}
        for entry in self._entries:
            if entry.item and entry.accepted and entry.method == "POST":
                key = f"{entry.operation}/{entry.instance_type}" if entry.instance_type else entry.operation
                operations.setdefault(entry.item, Counter())[key] += 1
        return {"calls": dict(calls), "operations": {item: dict(c) for item, c in operations.items()}}

    def write_pair(self, pair: Json) -> None:
        """Append a pair to the record, secrets blotted out."""
        if self._record is None:
            return
        body = pair["response_body"]
        if isinstance(body, dict) and "access_token" in body:
            pair["response_body"] = body | {"access_token": "***"}
        self._record.write(json.dumps(pair) + "\n")
        self._record.flush()

    def close(self) -> None:
        """Close the record."""
        if self._record is not None:
            self._record.close()
