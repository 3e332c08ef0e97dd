"""The operator's log: one JSON object a line, or plain lines; what was read from Secrets never stands in it."""

import json
import logging
import sys
from datetime import UTC, datetime

RESERVED = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
SHORTEST_SECRET = 4
HIDDEN = "***"


class Redactor:
    """Replaces known secrets in every line. A second net: nobody logs one on purpose."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, secret: str) -> None:
        """Hide `secret` from now on, also as it stands in a repr or in JSON."""
        plain = secret.strip()
        if len(plain) >= SHORTEST_SECRET:
            self._secrets |= {plain, repr(plain)[1:-1], json.dumps(plain)[1:-1]}

    def redact(self, text: str) -> str:
        """`text` without known secrets."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text


class _Formatter(logging.Formatter):
    def __init__(self, redactor: Redactor, *, is_json: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
        self._redactor = redactor
        self._is_json = is_json

    def format(self, record: logging.LogRecord) -> str:
        """The whole line, its traceback included, goes through the net."""
        return self._as_json(record) if self._is_json else self._redactor.redact(super().format(record))

    def _as_json(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: value for name, value in record.__dict__.items() if name not in RESERVED})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # Before the encoding: a secret with quotes would not be found after it.
        return json.dumps({name: self._redactor.redact(str(value)) for name, value in line.items()}, ensure_ascii=False)


def configure(log_format: str, level: str, redactor: Redactor) -> None:
    """Log everything to standard error in that form, from that level on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(redactor, is_json=log_format == "json"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("aiohttp.access", "azure", "msal", "kopf", "urllib3", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # It warns at every token that it does not get; what that means is told once, as the source's trouble.
    logging.getLogger("azure.identity").setLevel(max(logging.ERROR, root.level))
