"""A relay as deploy/gateway.md describes it: checks signatures, drops deliveries it has seen, keeps what it shows."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bot.channels.gateway import sign

SECRET = "a-secret-of-the-tests"


class Relay:
    """What the relay has been given. `answer(number)` may return another answer for the n-th call: (status, body)."""

    def __init__(self) -> None:
        self.calls: list[dict] = []
        self.shown: dict[str, dict] = {}
        self.answer: Callable[[int], tuple[int, bytes] | None] = lambda _n: None
        self.lock = threading.Lock()
        self.url = ""

    def take(self, headers, body: bytes) -> tuple[int, bytes]:
        signature = sign(SECRET, headers["X-Farun-Timestamp"], headers["X-Farun-Nonce"], body)
        if signature != headers["X-Farun-Signature"]:
            return 401, b'{"ok": false, "retryable": false, "error": "signature"}'
        row = json.loads(body)
        with self.lock:
            self.calls.append(row)
            other = self.answer(len(self.calls))
            if other:
                return other
            self.shown.setdefault(row["delivery_id"], row)
            return 200, json.dumps({"ok": True, "id": f"r{len(self.shown)}"}).encode()


@contextmanager
def relay() -> Iterator[Relay]:
    state = Relay()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            status, body = state.take(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/push"
    yield state
    server.shutdown()
    server.server_close()
