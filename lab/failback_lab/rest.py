"""A small client of the lab's own API server, for what the lab and its tests ask as administrator."""

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


class ApiError(Exception):
    """The API server refused a request; carries the HTTP status and the message of its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status
        self.message = message


class RestClient:
    """Speaks JSON with the API server at `url`, as the holder of a client certificate."""

    def __init__(self, url: str, ca_pem: Path, client: tuple[Path, Path]) -> None:
        self._url = url
        context = ssl.create_default_context(cafile=str(ca_pem))
        context.load_cert_chain(*client)
        # An empty ProxyHandler: the user's proxy must not see requests to this machine itself.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def request(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", timeout: float = 10.0
    ) -> dict[str, Any]:
        """Send one request and parse its answer. Raises `ApiError` on a refusal, OSError when nobody answers."""
        answer = self.text(method, path, body, content_type=content_type, timeout=timeout)
        parsed: dict[str, Any] = json.loads(answer)
        return parsed

    def text(
        self, method: str, path: str, body: object = None, *, content_type: str = "application/json", timeout: float = 10.0
    ) -> str:
        """Like `request`, with the answer as it came (health and metrics are no JSON)."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type, "Accept": "application/json, text/plain"}
        request = urllib.request.Request(self._url + path, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=timeout) as response:
                text: str = response.read().decode()
                return text
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, _message(error.read())) from None


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return answer.decode(errors="replace")
