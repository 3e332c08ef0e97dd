"""A TLS proxy before the vCenter simulator: it can be down, slow, and change what is answered."""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from failback_lab.pki import LabCa
from failback_lab.vcenter import HOST, VCenter

SOAP_METHOD = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")
Rewrite = Callable[[str, bytes], bytes]


class SoapProxy:
    """Forwards every request to the simulator. `rewrite(method, body)` changes answers; `delay_seconds` holds requests back.

    `replies` are whole answers (content type, body) by method.
    """

    def __init__(self, vcenter: VCenter, ca: LabCa) -> None:
        self.port = 0
        self.rewrite: Rewrite | None = None
        self.delay_seconds = 0.0
        self.status: int | None = None
        self.replies: dict[str, tuple[str, bytes]] = {}
        self._vcenter = vcenter
        self._certificate = ca.issue(HOST)
        self._upstream = ssl.create_default_context(cafile=str(ca.ca_pem))
        self._open: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; on the same port as before."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def setup(self) -> None:
                proxy._open.add(self.request)
                super().setup()

            def finish(self) -> None:
                proxy._open.discard(self.request)
                super().finish()

            def do_GET(self) -> None:
                proxy._forward(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass  # connections that the test cuts

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._certificate)
        server = Server((HOST, self.port), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Be gone: no listener, all connections cut."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _forward(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        found = SOAP_METHOD.search(body)
        method = found[1].decode() if found else handler.path
        time.sleep(self.delay_seconds)
        if self.status is not None:
            handler.send_error(self.status)
            return
        upstream = http.client.HTTPSConnection(HOST, self._vcenter.port, context=self._upstream)
        try:
            kept = {k: v for k, v in handler.headers.items() if k.lower() in {"cookie", "soapaction", "content-type"}}
            upstream.request(handler.command, handler.path, body or None, kept)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        if self.rewrite is not None:
            content = self.rewrite(method, content)
        kind, content = self.replies.get(method, (answer.getheader("Content-Type") or "", content))
        handler.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                handler.send_header(name, value)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
