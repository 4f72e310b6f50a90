"""The stream of lines, without a browser, on both database engines."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from bot.config import Settings
from bot.demo import county, events, pages
from bot.store import simulated
from bot.store.schema import group, identity, person, region, simulated_line


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LONGEST_SECONDS", 0.6)
    monkeypatch.setattr(events, "POLL_SECONDS", 0.1)


@pytest.fixture
def transcript(engine: sa.Engine) -> simulated.Transcript:
    return simulated.Transcript(engine, lambda: datetime.now(UTC))


@pytest.fixture
def client(engine: sa.Engine) -> FlaskClient:
    app = Flask("test")
    app.register_blueprint(pages.blueprint(engine, Settings.from_env({"FARUN_DEMO": "on"})))
    return app.test_client()


def heard(client: FlaskClient, query: str, last: int | None = None) -> list[dict[str, str]]:
    headers = {"Last-Event-ID": str(last)} if last is not None else {}
    body = client.get(f"/demo/events?{query}", headers=headers).get_data(as_text=True)
    return [json.loads(row[6:]) for row in body.splitlines() if row.startswith("data: ")]


def test_history_comes_first_and_only_of_the_rooms_asked_for(client: FlaskClient, transcript: simulated.Transcript) -> None:
    for n, room in enumerate(["qingshui", "kaifaqu", "dm:liu"]):
        transcript.add(f"in:{n}", room, "liu", "刘婶", f"话{n}\n第二行")
    assert [line["text"] for line in heard(client, "rooms=qingshui,dm:liu")] == ["话0\n第二行", "话2\n第二行"]


def test_coming_again_brings_all_that_is_new(client: FlaskClient, transcript: simulated.Transcript) -> None:
    for n in range(300):
        transcript.add(f"in:{n}", "qingshui", "liu", "刘婶", f"{n}")
    first = heard(client, "rooms=qingshui")
    assert len(first) == events.HISTORY
    for n in range(300, 650):
        transcript.add(f"in:{n}", "qingshui", "liu", "刘婶", f"{n}")
    again = heard(client, "rooms=qingshui&after=5", last=int(first[-1]["id"]))
    new = [line["text"] for line in again if line["id"] > first[-1]["id"]]
    assert new == [f"{n}" for n in range(300, 650)]
    assert len({line["id"] for line in again}) == len(again)


def test_line_that_commits_late_is_not_lost(client: FlaskClient, engine: sa.Engine) -> None:
    """PostgreSQL gives out numbers before the commit: a lower number may show up after a higher one."""

    def commit(number: int, text: str) -> None:
        row = {"id": number, "key": f"in:{number}", "room_id": "qingshui", "sender_id": "liu", "sender_name": "刘婶",
               "text": text, "at": datetime.now(UTC)}  # fmt: skip
        with engine.begin() as conn:
            conn.execute(sa.insert(simulated_line).values(row))

    commit(8, "早到")
    seen = heard(client, "rooms=qingshui")
    commit(7, "晚到")
    again = heard(client, "rooms=qingshui", last=int(seen[-1]["id"]))
    assert "晚到" in [line["text"] for line in again]


def test_without_a_free_place_the_page_is_asked_to_come_again(
    client: FlaskClient, transcript: simulated.Transcript, monkeypatch: pytest.MonkeyPatch, engine: sa.Engine
) -> None:
    monkeypatch.setattr(events, "STREAMS", 0)
    transcript.add("in:1", "qingshui", "liu", "刘婶", "话")
    full = events.Stream(engine).response(["qingshui"], 0, brief=False).get_data(as_text=True)
    assert full.startswith("retry: 1500\n")
    assert "话" in full


def test_county_is_written_once_and_marked(engine: sa.Engine) -> None:
    for _ in range(2):
        county.seed(engine, datetime.now(UTC))
    with engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(identity)) == 4
        for table, count in ((region, 6), (person, 4), (group, 3)):
            assert conn.scalar(sa.select(sa.func.count()).where(table.c.demo)) == count
        assert all("演示" in name for name in conn.scalars(sa.select(group.c.name)))
