"""Speaking first through the relay, against a relay on a real socket."""

from __future__ import annotations

import json
import logging
import time
import traceback
from email.utils import format_datetime

import pytest

from bot.channels.gateway import Gateway, sign
from bot.domain import Address
from bot.errors import Undelivered

SECRET = "a-shared-key-of-the-relay"
ROOM = Address("gateway", "18273645@chatroom")


@pytest.fixture
def gateway(clock, peer):
    return Gateway(SECRET, f"{peer.url}/push", ("法润助手",), clock, max_bytes=2000, seconds=0.4)


def answers(peer, status=200, body=b"", **headers):
    peer.script = lambda *_: (status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)


def failure(gateway, text="请接单"):
    with pytest.raises(Undelivered) as e:
        gateway.push(ROOM, text, key="ticket:12:advisor")
    return e.value


class Relay:
    """A relay as deploy/gateway.md asks for: it checks the signature and drops a delivery_id it has seen."""

    def __init__(self):
        self.shown = {}
        self.tricks = []

    def __call__(self, headers, body, _path):
        expected = sign(SECRET, headers["x-farun-timestamp"], headers["x-farun-nonce"], body)
        if headers["x-farun-signature"] != expected:
            return 403, b"", {}
        push = json.loads(body)
        self.shown.setdefault(push["delivery_id"], push)
        if self.tricks:
            return self.tricks.pop(0)
        return 200, json.dumps({"ok": True, "id": f"wx-{push['delivery_id'][:6]}"}).encode(), {}


def test_a_push_is_signed_and_says_where_what_and_to_whom(gateway, peer, clock):
    peer.script = relay = Relay()
    sent = gateway.push(ROOM, "工单 12 等您接单", key="ticket:12:advisor", mention="wxid_zhao")
    ((path, headers, body),) = peer.heard
    push = json.loads(body)
    assert path == "/push" and headers["content-type"] == "application/json; charset=utf-8"
    assert headers["x-farun-timestamp"] == str(int(clock().timestamp()))
    assert push == {
        "delivery_id": push["delivery_id"], "room_id": ROOM.room_id, "text": "工单 12 等您接单", "mention": ["wxid_zhao"],
    }  # fmt: skip
    assert sent == f"wx-{push['delivery_id'][:6]}"
    assert list(relay.shown) == [push["delivery_id"]]


def test_a_push_to_everybody_mentions_nobody(gateway, peer):
    peer.script = Relay()
    gateway.push(ROOM, "风险提示", key="campaign:1")
    assert json.loads(peer.heard[0][2])["mention"] == []


# ---- item 7: short ids outside ----


def test_a_delivery_id_is_short_and_the_same_for_the_same_delivery(gateway, peer):
    peer.script = relay = Relay()
    for key in ("campaign:1:2026-11-20:" + "群" * 100, "campaign:1:2026-11-20:" + "群" * 100, "other"):
        gateway.push(ROOM, "x", key=key)
    ids = [json.loads(body)["delivery_id"] for _, _, body in peer.heard]
    assert ids[0] == ids[1] != ids[2]
    assert all(len(i) <= 32 for i in ids)
    assert len(relay.shown) == 2


def test_every_try_takes_a_fresh_nonce(gateway, peer):
    peer.script = Relay()
    for _ in range(2):
        gateway.push(ROOM, "x", key="1")
    nonces = [headers["x-farun-nonce"] for _, headers, _ in peer.heard]
    assert len(set(nonces)) == 2


# ---- what went wrong, and whether to try again ----


@pytest.mark.parametrize("trick", ["hang", "trickle", "drop", (500, b"", {}), (502, b"<html>", {}), (200, b"gar", {})])
def test_an_unclear_end_is_tried_again_and_shown_once(gateway, peer, trick):
    peer.script = relay = Relay()
    relay.tricks = [trick]
    began = time.monotonic()
    assert failure(gateway).retryable
    assert time.monotonic() - began < 2
    assert gateway.push(ROOM, "请接单", key="ticket:12:advisor")
    assert len(peer.heard) == 2 and len(relay.shown) == 1


def test_a_push_goes_through_the_proxy_that_the_environment_names_but_for_hosts_it_exempts(monkeypatch, clock, peer):
    monkeypatch.setenv("http_proxy", peer.url)
    monkeypatch.setenv("no_proxy", "exempt.invalid")
    peer.script = Relay()
    Gateway(SECRET, "http://relay.invalid/push", (), clock).push(ROOM, "一", key="a")
    assert [path for path, _, _ in peer.heard] == ["http://relay.invalid/push"]
    assert failure(Gateway(SECRET, "http://exempt.invalid/push", (), clock)).retryable
    assert len(peer.heard) == 1


def test_a_relay_that_is_down_is_worth_another_try(clock, nobody):
    assert failure(Gateway(SECRET, nobody, (), clock)).retryable


@pytest.mark.parametrize("status", [300, 302, 400, 401, 403, 404, 410, 413, 422])
def test_a_relay_that_refuses_the_request_is_not_asked_again(gateway, peer, status):
    answers(peer, status, b"no", Location="/elsewhere")
    refused = failure(gateway)
    assert (refused.retryable, refused.reason) == (False, f"relay: HTTP {status}")
    assert len(peer.heard) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    ("said", "wait"), [("17", 17), ("0", 0), ("9" * 400, 86400), ("soon", None), ("-1", None), ("", None)]
)
def test_a_relays_wish_to_wait_is_passed_on(gateway, peer, status, said, wait):
    answers(peer, status, **{"Retry-After": said})
    refused = failure(gateway)
    assert (refused.retryable, refused.retry_after) == (True, wait)


def test_a_wish_to_wait_may_be_a_date(gateway, peer):
    from datetime import UTC, datetime, timedelta

    answers(peer, 429, **{"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)})
    assert 80 < failure(gateway).retry_after <= 90


@pytest.mark.parametrize(
    ("answer", "retryable"), [({}, False), ({"retryable": False}, False), ({"retryable": True}, True)]
)
def test_the_relay_says_whether_trying_again_helps(gateway, peer, answer, retryable):
    answers(peer, body={"ok": False, "error": "robot is not\nin this room", **answer})
    refused = failure(gateway)
    assert (refused.retryable, refused.reason) == (retryable, "relay: robot is not in this room")


GARBAGE = [
    b"",
    b"ok",
    b"[]",
    b"null",
    b'{"ok":"yes"}',
    b'{"ok":1}',
    b'{"ok":true,"id":7}',
    b'{"ok":true,"id":"a\\u0000"}',
    b"\xff",
    b"{" * 50_000,
]
GARBAGE += [
    b'{"ok":false,"retryable":"no"}',
    b'{"ok":false,"error":7}',
    b'{"ok":true,"ok":false}',
    b'{"ok":true,"id":"' + b"x" * 257 + b'"}',
    b" " * 90_000,
]


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_an_answer_not_of_the_agreed_form_is_tried_again(gateway, peer, body):
    answers(peer, body=body)
    assert failure(gateway).retryable


@pytest.mark.parametrize("answer", [{"ok": True}, {"ok": True, "id": None}, {"ok": True, "id": ""}])
def test_a_relay_without_ids_of_its_own_gets_by(gateway, peer, answer):
    answers(peer, body=answer)
    sent = gateway.push(ROOM, "x", key="1")
    assert sent == json.loads(peer.heard[0][2])["delivery_id"]


def test_without_an_address_to_push_to_there_is_no_push(clock):
    assert not failure(Gateway(SECRET, "", (), clock)).retryable


@pytest.mark.parametrize("url", ["relay", "gopher://x", "http://[::1"])
def test_an_address_that_is_none_is_final(clock, url):
    assert not failure(Gateway(SECRET, url, (), clock)).retryable


# ---- items 10 and 11 ----


def test_a_push_stays_within_the_bytes_a_message_takes(gateway, peer):
    peer.script = Relay()
    gateway.push(ROOM, "字" * 2000, key="1")
    text = json.loads(peer.heard[0][2])["text"]
    assert 1996 < len(text.encode()) <= 2000


def test_words_in_a_push_give_no_orders(gateway, peer):
    peer.script = Relay()
    gateway.push(ROOM, "他问：<@all> @所有人\x00", key="1")
    assert json.loads(peer.heard[0][2])["text"] == "他问：<＠all> ＠所有人"


# ---- item 14: the key is a secret ----


@pytest.mark.parametrize("trick", ["hang", "drop", (200, b"{", {}), (500, SECRET.encode(), {}), "error", "nobody"])
def test_no_failure_and_no_log_line_shows_the_key(gateway, peer, clock, nobody, trick, caplog):
    if trick == "error":
        answers(peer, body={"ok": False, "error": f"bad key {SECRET} " + "x" * 5000})
    elif trick == "nobody":
        gateway = Gateway(SECRET, nobody, (), clock)
    else:
        peer.script = lambda *_: trick
    with caplog.at_level(logging.DEBUG):
        caught = failure(gateway)
    assert SECRET not in caught.reason + caplog.text + "".join(traceback.format_exception(caught))
    assert len(caught.reason) < 250
