"""create_app(settings): builds every part once, warms the dictionaries, mounts the pages."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog
from flask import Flask, Response, jsonify, redirect
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client import REGISTRY as LOCAL
from prometheus_client.multiprocess import MultiProcessCollector
from werkzeug.exceptions import HTTPException

from bot import store, webhook, wording
from bot.channels import build
from bot.config import Settings, metrics_dir
from bot.demo import pages
from bot.errors import SettingError
from bot.store import deliveries, reading, simulated, tickets
from bot.webhook import Parts
from faq.retriever import Retriever
from knowledge.library import Library

log = structlog.get_logger("farun.app")


def utc_now() -> datetime:
    return datetime.now(UTC)


def build_parts(settings: Settings, engine: sa.Engine | None = None, now: Callable[[], datetime] = utc_now) -> Parts:
    """All parts of a process. Raises `SettingError` where the knowledge has not been built."""
    if not settings.knowledge_db.exists() or not settings.index_dir.exists():
        raise SettingError(f"FARUN_DATA_DIR={settings.data_dir}：里面没有知识库，先运行 farun build")
    engine = engine or store.connect(settings.url)
    library = Library(settings.knowledge_db)
    channels = build(settings, simulated.Transcript(engine, now), now)
    return Parts(settings, engine, channels, _retriever(settings, library), library, now)


LOOK_EVERY = 5.0  # seconds


class Renewing:
    """The parts of a process. A library that was built anew is taken up within `LOOK_EVERY` seconds, without a restart."""

    def __init__(self, parts: Parts, clock: Callable[[], float] = time.monotonic) -> None:
        self._parts, self._clock, self._looked = parts, clock, clock()
        self._stamp, self._one_at_a_time = _stamp(parts.settings), threading.Lock()

    def __call__(self) -> Parts:
        if self._clock() - self._looked > LOOK_EVERY and self._one_at_a_time.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._one_at_a_time.release()
        return self._parts

    def _look(self) -> None:
        self._looked, stamp = self._clock(), _stamp(self._parts.settings)
        if stamp == self._stamp:
            return
        settings = self._parts.settings
        try:
            library = Library(settings.knowledge_db)
            if json.loads((settings.index_dir / "meta.json").read_text(encoding="utf-8"))["library"] != library.digest:
                return  # knowledge.db comes first: its index is still being built
            retriever = Retriever(settings.index_dir, library)
        except (OSError, ValueError, KeyError, sqlite3.Error) as e:
            log.warning("library_not_taken_up", error=type(e).__name__)
            return
        retriever.warm()
        self._parts, self._stamp = replace(self._parts, library=library, retriever=retriever), stamp
        log.info("library_taken_up", library=library.digest[:12])


def _stamp(settings: Settings) -> tuple[int, ...]:
    """What changes when the library is built anew."""
    paths = (settings.knowledge_db, settings.index_dir / "meta.json")
    return tuple(p.stat().st_mtime_ns if p.exists() else 0 for p in paths)


def _retriever(settings: Settings, library: Library) -> Retriever:
    try:
        return Retriever(settings.index_dir, library)
    except (OSError, ValueError, KeyError) as e:
        raise SettingError(f"FARUN_DATA_DIR={settings.data_dir}：检索索引是旧的或不完整（{e}），先运行 farun build") from None


def create_app(settings: Settings | None = None, parts: Parts | None = None) -> Flask:
    """The web application. Given `parts`, it uses them as they are."""
    parts = parts or build_parts(settings or Settings.from_env())
    parts.retriever.warm()
    app = Flask("bot", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = parts.settings.max_body
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    renewing = Renewing(parts)
    app.register_blueprint(webhook.blueprint(renewing))
    if parts.settings.demo:
        app.register_blueprint(pages.blueprint(parts.engine, parts.settings))
        app.add_url_rule("/", "root", lambda: redirect("/demo/"))
    _operations(app, renewing)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _broken)
    return app


def _operations(app: Flask, current: Callable[[], Parts]) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        parts = current()
        problems, library = _not_ready(parts), parts.library
        counted = {"release": library.release, "entries": library.size, "signed": library.signed}
        return jsonify(status="ready" if not problems else "not ready", problems=problems, library=counted), 503 if problems else 200

    @app.get("/metrics")
    def metrics_page() -> Response:
        registry: CollectorRegistry = LOCAL
        if metrics_dir():
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        body = generate_latest(registry) + _database_figures(current()).encode()
        return Response(body, content_type=CONTENT_TYPE_LATEST)


def _not_ready(parts: Parts) -> list[str]:
    try:
        return [] if store.is_current(parts.engine) else [wording.NOT_MIGRATED]
    except sa.exc.SQLAlchemyError as e:
        log.exception("database", error=type(e).__name__)
        return [wording.NO_DATABASE]


def _database_figures(parts: Parts) -> str:
    """What the database knows, in Prometheus' text format."""
    with reading(parts.engine) as conn:
        by_delivery, by_ticket, late = deliveries.counts(conn), tickets.counts(conn), tickets.overdue(conn, parts.now())
    lines = ["# TYPE farun_deliveries gauge", *(f'farun_deliveries{{status="{s}"}} {n}' for s, n in by_delivery.items())]
    lines += ["# TYPE farun_tickets gauge", *(f'farun_tickets{{status="{s}"}} {n}' for s, n in by_ticket.items())]
    lines += ["# TYPE farun_tickets_overdue gauge", f"farun_tickets_overdue {late}"]
    return "\n".join(lines) + "\n"


def _refused(error: HTTPException) -> Response:
    log.warning("http", status=error.code)
    return Response(wording.HTTP.get(error.code or 0, wording.REFUSED), status=error.code, content_type="text/plain; charset=utf-8")


def _broken(error: Exception) -> Response:
    """A fault of ours: never a trace to a person; the platform tries again."""
    log.error("fault", error=type(error).__name__, exc_info=error)
    return Response(wording.FAULT, status=500, content_type="text/plain; charset=utf-8")
