"""The floor of the gateway's webhook: the same Flask route that only verifies, decodes and commits one row."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask, Response, abort, request

from bot.store import connect
from bot.store.schema import nonce

SECRET = os.environ["FARUN_GATEWAY_SECRET"].encode()


def create_app() -> Flask:
    app = Flask("floor")
    engine = connect(os.environ["DATABASE_URL"])
    insert = sa.insert(nonce)

    @app.post("/hook/gateway")
    def hook() -> Response:
        stamp, value = request.headers["X-Farun-Timestamp"], request.headers["X-Farun-Nonce"]
        body = request.get_data()
        signed = hmac.new(SECRET, f"{stamp}\n{value}\n".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signed, request.headers["X-Farun-Signature"]) or abs(time.time() - int(stamp)) > 300:
            abort(403)
        message = json.loads(body)
        with engine.begin() as conn:
            conn.execute(insert, {"channel": "gateway", "value": message["msg_id"], "seen_at": datetime.now(UTC)})
        return Response(b'{"reply": null}', content_type="application/json")

    @app.get("/readyz")
    def ready() -> str:
        return "ok"

    return app
