"""Item 13 at large: whatever is sent, even well signed, is heard or refused; nothing else happens."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace

import pytest

from bot.channels.base import Ack, Call
from bot.domain import Inbound
from bot.errors import Rejected

ROUNDS = 2000
ODD = [
    None, True, False, 0, -1, 1, 1.5, 10**40, "", " ", "x" * 9000, "\x00", "\ud800", "@法润助手", "@all", [], {}, [[[[]]]], {"a": {"b": {}}},
    ["x"] * 600, {"content": 1}, {"content": "借条"}, {"msg_item": [{"msgtype": "text", "text": {"content": "甲"}}]}, {"id": "S"},
    {"eventtype": "feedback_event", "feedback_event": {"id": "F", "type": 1}}, {"userid": "\ud800"}, "text", "mixed", "voice", "stream",
    "event", "single", "group", 1700000000, float("nan"), float("inf"),
]  # fmt: skip
AIBOT = [
    "text",
    "text_single",
    "mixed",
    "voice",
    "image",
    "quote_mixed",
    "stream",
    "enter_chat",
    "template_card_event",
    "feedback_event",
]
GATEWAY = ["addressed", "overheard", "quoting", "private", "from_self", "least"]


def damaged_message(rng, message):
    """One message with a few fields, at any depth, lost or replaced by something odd."""
    message = json.loads(json.dumps(message))
    for _ in range(rng.randrange(1, 4)):
        place = message
        while True:
            key = rng.choice(list(place) or ["new"])
            inner = place.get(key)
            if isinstance(inner, list) and inner and isinstance(inner[0], dict):
                inner = rng.choice(inner)
            if not isinstance(inner, dict) or rng.random() < 0.5:
                break
            place = inner
        if rng.random() < 0.3:
            place.pop(key, None)
        else:
            place[rng.choice([key, "quote", "private", "text"])] = copy.deepcopy(rng.choice(ODD))
    return json.dumps(message)  # lone surrogates become \\ud800, as a careless sender would write them


def damaged_bytes(rng, body):
    body = bytearray(body)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(body) + 1)
        match rng.randrange(4):
            case 0:
                body[at : at + 1] = rng.randbytes(1)
            case 1:
                del body[at : at + rng.randrange(20)]
            case 2:
                body[at:at] = rng.choice(
                    [b'"', b"{", b"[", b"\\", b"\x00", b",", b"\\ud800", b"\xff", b"}" * 9, b"[" * 3000]
                )
            case 3:
                body[at:at] = bytes(body[: rng.randrange(60)])
    return bytes(body)


def damaged_words(rng, words):
    """Query or headers with one value lost, cut, lengthened or replaced."""
    words = dict(words)
    key = rng.choice(list(words))
    match rng.randrange(4):
        case 0:
            del words[key]
        case 1:
            words[key] = words[key][: rng.randrange(len(words[key]) + 1)]
        case 2:
            words[key] += rng.choice(["0", " ", "\n", "法", "\udc80", "x" * 5000])
        case 3:
            words[key] = rng.choice(["", "0", "-1", "9" * 400, "é", "\x00", "../..", "1e5"])
    return words


def heard_or_refused(channel, call, counts):
    try:
        event = channel.receive(call)
    except Rejected as e:
        assert 400 <= e.status <= 499
        counts["refused"] += 1
        return
    counts["heard"] += 1
    assert isinstance(channel.respond(event, "答复"), Ack)
    if isinstance(event, Inbound):
        fits_the_store(event)


def fits_the_store(event):
    limits = {"external_id": 256, "account": 128, "room_id": 128, "sender_id": 128, "reply_id": 64, "nonce": 128}
    for name, limit in limits.items():
        value = getattr(event, name) or ""
        assert len(value) <= limit and "\x00" not in value, name
    assert event.external_id and event.room_id and event.sender_id
    for text in (event.text, event.sender_name, event.quote.text if event.quote else "", event.reply_url or ""):
        assert "\x00" not in text
        text.encode()


@pytest.fixture
def counts():
    return {"heard": 0, "refused": 0}


def test_damaged_callbacks_of_the_platform(aibot, wecom, fixture_file, counts):
    rng = random.Random(1)
    for _ in range(ROUNDS):
        good = wecom.call(fixture_file(f"wecom_aibot/{rng.choice(AIBOT)}"))
        if rng.random() < 0.5:
            call = replace(good, body=damaged_bytes(rng, good.body))
        else:
            call = replace(good, query=damaged_words(rng, good.query))
        heard_or_refused(aibot, call, counts)
    assert counts["refused"] > ROUNDS / 2


def test_well_signed_callbacks_with_damaged_messages(aibot, wecom, fixture_file, counts):
    rng = random.Random(2)
    for _ in range(ROUNDS):
        good = fixture_file(f"wecom_aibot/{rng.choice(AIBOT)}")
        if rng.random() < 0.7:
            message = damaged_message(rng, good).encode()
        else:
            message = damaged_bytes(rng, json.dumps(good, ensure_ascii=False).encode())
        heard_or_refused(aibot, wecom.signed(wecom.sealed(wecom.padded(wecom.frame(message)))), counts)
    assert min(counts.values()) > ROUNDS / 20


def test_damaged_address_checks(aibot, wecom):
    rng = random.Random(3)
    encrypted = wecom.sealed(wecom.padded(wecom.frame(b"1616140317555161061")))
    for _ in range(ROUNDS):
        query = damaged_words(rng, {**wecom.query(encrypted), "echostr": encrypted})
        try:
            assert aibot.verify(Call(query, {}, b"")).body == b"1616140317555161061"
        except Rejected as e:
            assert 400 <= e.status <= 499


def test_damaged_requests_of_a_relay(gateway, relay, fixture_file, counts):
    rng = random.Random(4)
    for _ in range(ROUNDS):
        good = relay.call(fixture_file(f"gateway/{rng.choice(GATEWAY)}"))
        if rng.random() < 0.5:
            call = replace(good, body=damaged_bytes(rng, good.body))
        else:
            call = replace(good, headers=damaged_words(rng, good.headers))
        heard_or_refused(gateway, call, counts)
    assert counts["refused"] > ROUNDS / 2


def test_well_signed_requests_with_damaged_messages(gateway, relay, fixture_file, counts):
    rng = random.Random(5)
    for _ in range(ROUNDS):
        good = fixture_file(f"gateway/{rng.choice(GATEWAY)}")
        if rng.random() < 0.7:
            body = damaged_message(rng, good).encode()
        else:
            body = damaged_bytes(rng, json.dumps(good, ensure_ascii=False).encode())
        heard_or_refused(gateway, relay.signed(body), counts)
    assert min(counts.values()) > ROUNDS / 20
