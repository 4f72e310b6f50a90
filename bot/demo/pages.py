"""The page of the simulated group, its assets and its stream of lines."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask import Blueprint, Response, abort, render_template, request

from bot.config import Settings
from bot.demo import county, events

# 'self' only: no inline script or style, nothing from another host, in nobody's frame.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def blueprint(engine: sa.Engine, settings: Settings) -> Blueprint:
    """The page at /demo/, its assets, and its stream of lines at /demo/events."""
    pages = Blueprint("demo", __name__, url_prefix="/demo", static_folder="static", template_folder="templates")
    stream = events.Stream(engine)

    @pages.get("/")
    def page() -> str:
        return render_template(
            "demo.html", actors=county.ACTORS, chats=county.CHATS, robot=settings.bot_names[0],
            names={a.id: a.name for a in county.ACTORS}, members=len(county.ACTORS) + 1,
        )  # fmt: skip

    @pages.get("/events")
    def lines() -> Response:
        rooms = _rooms(request.args.get("rooms", ""))
        return stream.response(rooms, _after(), brief="brief" in request.args)

    @pages.after_request
    def guarded(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return pages


def _rooms(listed: str) -> list[str]:
    """The rooms asked for; 400 unless all of them are the demonstration's."""
    known = {chat.id for chat in county.CHATS} | {actor.room for actor in county.ACTORS}
    rooms = list(dict.fromkeys(listed.split(",", len(known))))
    return rooms if known.issuperset(rooms) else abort(400)


def _after() -> int:
    """The last line the page has: what the browser says on reconnecting goes before what the page said at first."""
    last = request.headers.get("Last-Event-ID") or request.args.get("after", "0")
    return int(last) if re.fullmatch(r"[0-9]{1,15}", last) else abort(400)
