"""The list "What a robust channel is tested for", item by item, where the whole webhook is needed; on both engines.

The items about parsing, escaping and crypto are proven beside each channel's own tests: 2, 3, 7, 8, 11, 12, 13, 14. Items 4 to 6 and
the token of 14 belong to channels that pull or hold an access token; none of these three does.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.app import create_app
from bot.channels.gateway import Gateway
from bot.channels.simulated import Simulated
from bot.channels.wecom_aibot import WecomAibot
from bot.store import messages, schema, simulated
from bot.webhook import Parts
from schedulers.sender import Sender

from .conftest import AES_KEY, NAMES, SECRET, TOKEN, Relay, WeCom

UNSURE = "陨石砸到我家田里，法律上归谁"
LONG = "法条 刑法 133"


class Slow:
    """The real retriever, thinking longer, so that a retry comes while the first try is in flight."""

    def __init__(self, real) -> None:
        self.real = real

    def search(self, *words, **how):
        time.sleep(0.4)
        return self.real.search(*words, **how)

    def danger(self, *words, **how):
        return self.real.danger(*words, **how)

    def warm(self) -> None:
        self.real.warm()


@dataclass
class Wire:
    """One channel seen from outside: `say` sends a message to the robot and returns what it said."""

    name: str
    parts: Parts
    wecom: WeCom
    relay: Relay

    def __post_init__(self) -> None:
        self.client = create_app(parts=self.parts).test_client()

    def say(self, text: str, *, id: str, room: str = "room", sender: str = "li") -> str | None:
        answer = self.post(text, id=id, room=room, sender=sender)
        assert answer.status_code == 200, answer.text
        if self.name == "gateway":
            reply = answer.json["reply"]
            return reply and reply["text"]
        if self.name == "simulated":
            return answer.json["reply"]
        from bot.channels.base import Ack

        said = self.wecom.opened(Ack(answer.data))
        return said and said["stream"]["content"]

    def post(self, text: str, *, id: str, room: str = "room", sender: str = "li"):
        client = self.client.application.test_client()
        if self.name == "simulated":
            body = {"id": id, "room": room, "sender": sender, "name": "李", "text": f"@{NAMES[1]} {text}"}
            return client.post("/hook/simulated", json=body)
        if self.name == "gateway":
            now = int(self.parts.now().timestamp())
            call = self.relay.call({"msg_id": id, "room_id": room, "sender_id": sender, "sender_name": "李", "at": ["bot"],
                                    "text": text, "sent_at": now, "from_self": False})
            return client.post("/hook/gateway", data=call.body, headers=dict(call.headers))
        call = self.wecom.call({"msgid": id, "aibotid": "AIB", "chatid": room, "chattype": "group", "from": {"userid": sender},
                                "response_url": "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RC",
                                "msgtype": "text", "text": {"content": f"@{NAMES[1]} {text}"}})
        return client.post("/hook/wecom_aibot", query_string=dict(call.query), data=call.body)


@pytest.fixture(params=["simulated", "gateway", "wecom_aibot"])
def wire(request, engine, settings, retriever, library, clock, wecom, relay) -> Wire:
    channels = {
        "simulated": Simulated(simulated.Transcript(engine, clock), NAMES, clock),
        "gateway": Gateway(SECRET, "", NAMES, clock),
        "wecom_aibot": WecomAibot(TOKEN, AES_KEY, NAMES, clock),
    }
    with engine.begin() as conn:
        conn.execute(sa.insert(schema.region).values(id="v", name="村", level="village"))
        conn.execute(sa.insert(schema.person).values(id="a", name="王律师", role="advisor", region_id="v"))
        group = {"id": "g", "name": "群", "kind": "advisors", "mode": "mention", "region_id": "v", "advisor_id": "a",
                 "channel": request.param, "room_id": "room", "bound_at": clock()}
        conn.execute(sa.insert(schema.group).values(group))
    parts = Parts(replace(settings, demo=False, bot_names=NAMES), engine, channels, retriever, library, clock)
    return Wire(request.param, parts, wecom, relay)


def count(engine, table) -> int:
    with engine.connect() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(table))


def test_item_1_a_retry_gets_the_stored_reply_and_does_nothing_twice(wire, engine):
    first = wire.say(UNSURE, id="m1")
    assert "工单号" in first
    assert [wire.say(UNSURE, id="m1") for _ in range(3)] == [first] * 3
    assert (count(engine, schema.message), count(engine, schema.ticket)) == (1, 1)


def test_item_1_also_while_the_first_try_is_still_in_flight(wire, engine):
    slow = Wire(wire.name, replace(wire.parts, retriever=Slow(wire.parts.retriever)), wire.wecom, wire.relay)
    said: list[str | None] = []
    tries = [threading.Thread(target=lambda: said.append(slow.say(UNSURE, id="m1"))) for _ in range(3)]
    for t in tries:
        t.start()
        time.sleep(0.1)
    [t.join() for t in tries]
    assert len(said) == 3 and len(set(said)) == 1 and "工单号" in said[0]
    assert (count(engine, schema.message), count(engine, schema.ticket)) == (1, 1)


def test_item_1_nothing_is_acknowledged_that_is_not_stored(wire, engine, monkeypatch):
    def full(*_args, **_how):
        raise sa.exc.OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(messages, "set_reply", full)
    assert wire.post(UNSURE, id="m1").status_code == 500
    assert (count(engine, schema.message), count(engine, schema.ticket)) == (0, 0)
    monkeypatch.undo()
    assert "工单号" in wire.say(UNSURE, id="m1")


def test_item_2_a_poll_finds_the_stored_reply_and_an_unknown_one_ends(wire):
    if wire.name != "wecom_aibot":
        return
    first = wire.say(UNSURE, id="m1")
    with wire.parts.engine.connect() as conn:
        reply_id = conn.scalar(sa.select(schema.message.c.reply_id))
    from bot.channels.base import Ack

    for stream, content in ((reply_id, first), ("unknown", "")):
        call = wire.wecom.call({"msgid": "p", "aibotid": "AIB", "chattype": "group", "chatid": "room", "from": {"userid": "li"},
                                "msgtype": "stream", "stream": {"id": stream}})
        answer = wire.client.post("/hook/wecom_aibot", query_string=dict(call.query), data=call.body)
        said = wire.wecom.opened(Ack(answer.data))
        assert (said["stream"]["finish"], said["stream"]["content"]) == (True, content)


def test_item_3_a_way_back_used_twice_or_too_late_is_a_recorded_failure(wire, engine, clock):
    if wire.name != "wecom_aibot":
        return
    wire.say(UNSURE, id="m1")
    with engine.begin() as conn:
        from bot.domain import Address
        from bot.store import deliveries

        for n in range(2):
            deliveries.plan(conn, f"late:{n}", Address("wecom_aibot", "room"), "答复", due_at=clock() + timedelta(hours=2), mention="li")
    clock.move(2 * 3600 + 1)
    sender = Sender(engine, {"wecom_aibot": wire.parts.channels["wecom_aibot"]}, wire.parts.desk, "one", clock)
    while sender.send_due():
        pass
    with engine.connect() as conn:
        rows = conn.execute(sa.select(schema.delivery).where(schema.delivery.c.key.like("late:%"))).all()
    assert {r.status for r in rows} == {"failed"} and all(r.error for r in rows)


def test_item_9_a_conversation_belongs_to_channel_account_room_and_sender(wire):
    wire.say("老板拖欠我三个月工资，没签合同，怎么办", id="m1")
    assert "1. 《" in wire.say("法条", id="m2")
    assert "还没有可看的依据" in wire.say("法条", id="m3", sender="another")


def test_item_10_split_replies_keep_their_order_and_never_cut_a_character(wire, engine, clock):
    said = wire.say("法条 刑法 191", id="m1")
    clock.move(3)
    rest = []
    with engine.connect() as conn:
        for r in conn.execute(sa.select(schema.delivery).order_by(schema.delivery.c.id)):
            rest.append(r.text)
    limit = wire.parts.channels[wire.name].capabilities.max_bytes
    assert all(len(part.encode()) <= limit and "\ufffd" not in part for part in [said, *rest])


def test_item_13_what_is_not_well_formed_is_refused_with_a_4xx(wire):
    for body in (b"", b"{", b"[" * 60000, b"\xff", b"<!DOCTYPE x><x/>", b"null", b'{"encrypt": 5}', b"x" * 70000):
        answer = wire.client.post(f"/hook/{wire.name}", data=body)
        assert 400 <= answer.status_code < 500, (body[:20], answer.status_code)
    assert 200 <= wire.client.get(f"/hook/{wire.name}").status_code < 500


def test_a_replayed_nonce_is_refused_also_with_another_message(wire):
    if wire.name != "gateway":
        return
    now = int(wire.parts.now().timestamp())
    body = {"msg_id": "a", "room_id": "room", "sender_id": "li", "sender_name": "", "at": [], "text": "好", "sent_at": now, "from_self": False}
    for n, (msg_id, status) in enumerate((("a", 200), ("a", 403), ("b", 403))):
        call = wire.relay.call({**body, "msg_id": msg_id}, nonce="the-same-nonce-1")
        answer = wire.client.post("/hook/gateway", data=call.body, headers=dict(call.headers))
        assert answer.status_code == status, n


def test_entering_gets_a_welcome_and_feedback_is_kept(wire, engine, fixture_file):
    if wire.name != "wecom_aibot":
        return
    from bot.channels.base import Ack

    call = wire.wecom.call(fixture_file("wecom_aibot/enter_chat"))
    answer = wire.client.post("/hook/wecom_aibot", query_string=dict(call.query), data=call.body)
    assert "机器人" in json.dumps(wire.wecom.opened(Ack(answer.data)), ensure_ascii=False)
    for _ in range(2):
        call = wire.wecom.call(fixture_file("wecom_aibot/feedback_event"))
        assert wire.client.post("/hook/wecom_aibot", query_string=dict(call.query), data=call.body).status_code == 200
    assert count(engine, schema.feedback) == 1
