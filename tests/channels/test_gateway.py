"""The relay's side: what is heard, what is refused, what is said."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import traceback
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.channels import _guard
from bot.channels.base import Call, Channel, Pusher
from bot.channels.gateway import Gateway, sign, signed_headers
from bot.domain import Entered, Inbound, Quote
from bot.errors import Rejected

SECRET = "a-shared-key-of-the-relay"


@pytest.fixture
def hear(gateway, relay, fixture_file):
    """Play one message, with changes, to the robot."""
    return lambda name="addressed", **changes: gateway.receive(
        relay.call({**fixture_file(f"gateway/{name}"), **changes})
    )


def refusal(gateway, call):
    with pytest.raises(Rejected) as e:
        gateway.receive(call)
    return e.value


# ---- what is heard ----


def test_a_question_to_the_robot(hear, clock):
    assert hear() == Inbound(
        channel="gateway", external_id="m-1", room_id="18273645@chatroom", sender_id="wxid_li",
        text="借条没写利息，能要利息吗", sent_at=clock(), account="", sender_name="李婶", private=False, addressed=True,
        from_self=False, quote=None, nonce="nonce-000001", reply_id=None, reply_url=None,
    )  # fmt: skip


def test_what_the_neighbours_say_to_each_other_is_heard_as_such(hear):
    message = hear("overheard")
    assert (message.addressed, message.text) == (False, "今天赶集不")


def test_a_private_room(hear):
    message = hear("private")
    assert (message.private, message.addressed) == (True, True)


def test_the_robots_own_words_are_marked(hear):
    assert hear("from_self").from_self


def test_a_message_needs_no_more_than_this(hear):
    message = hear("least")
    assert (message.sender_name, message.quote, message.private, message.from_self, message.addressed) == (
        "",
        None,
        False,
        False,
        False,
    )


def test_unknown_fields_are_passed_over(hear):
    assert hear(new={"deep": [1]}).external_id == "m-1"


def test_sent_at_may_have_a_fraction(hear):
    assert hear(sent_at=1699999999.5).sent_at == datetime.fromtimestamp(1699999999.5, UTC)


def test_an_old_message_that_was_kept_back_is_heard(hear):
    assert hear(sent_at=1699900000).sent_at == datetime.fromtimestamp(1699900000, UTC)


def test_what_no_database_takes_is_cleaned_out_of_the_words(gateway, relay):
    body = b'{"msg_id":"1","room_id":"r","sender_id":"s","sender_name":"a\\u0000","text":"\\u0000\\ud83d\\r\\n","sent_at":1700000000}'
    message = gateway.receive(relay.signed(body))
    assert (message.text, message.sender_name) == ("\ufffd", "a")


# ---- item 8: who was addressed ----


@pytest.mark.parametrize("gap", [" ", "\u2005", "\u00a0", ""])
def test_the_robots_name_comes_off_and_nothing_else(hear, gap):
    assert hear(text=f"@法润助手{gap}借条发到 a@b.com，@所有人 看看").text == "借条发到 a@b.com，@所有人 看看"


def test_a_message_that_begins_with_the_robots_name_is_addressed(hear):
    assert hear("overheard", text="@法润 在吗").addressed


@pytest.mark.parametrize(
    "text", ["@所有人 开会", "@李婶 在吗", "法润助手 在吗", "「李婶：@法润助手 在吗」\n我也问过", "a@法润.com"]
)
def test_other_names_do_not_address_the_robot(hear, text):
    message = hear("overheard", text=text)
    assert not message.addressed


def test_the_robots_name_inside_a_quote_does_not_count(hear):
    message = hear("quoting")
    assert not message.addressed
    assert message.quote == Quote("m-0", "@法润助手 工单号 12")


def test_somebody_else_being_named_is_not_the_robot(hear):
    assert not hear("overheard", at=["wxid_li", "BOT", "bot "]).addressed
    assert hear("overheard", at=["wxid_li", "bot"]).addressed


# ---- item 9: whose conversation it is ----


def test_room_and_sender_tell_conversations_apart(hear):
    keys = {
        (m.channel, m.account, m.room_id, m.sender_id) for m in (hear(), hear(room_id="other"), hear(sender_id="other"))
    }
    assert len(keys) == 3


# ---- signature, clock, nonce ----


def test_the_signature_is_plain_hmac_sha256():
    expected = hmac.new(SECRET.encode(), b"1700000000\nn0nce-0001\n{}", hashlib.sha256).hexdigest()
    assert sign(SECRET, "1700000000", "n0nce-0001", b"{}") == expected


def test_signed_headers_are_what_the_other_side_checks(gateway, clock, fixture_file):
    body = json.dumps(fixture_file("gateway/addressed")).encode()
    first, second = (signed_headers(SECRET, body, clock()) for _ in range(2))
    assert first["X-Farun-Nonce"] != second["X-Farun-Nonce"]
    assert gateway.receive(Call({}, {k.lower(): v for k, v in first.items()}, body)).nonce == first["X-Farun-Nonce"]


@pytest.mark.parametrize("header", ["x-farun-timestamp", "x-farun-nonce", "x-farun-signature"])
@pytest.mark.parametrize("value", [None, "", "0", "é", "\udc80", "x" * 100_000])
def test_a_missing_or_changed_header_is_refused(gateway, relay, fixture_file, header, value):
    call = relay.call(fixture_file("gateway/addressed"))
    headers = (
        {**call.headers, header: value} if value is not None else {k: v for k, v in call.headers.items() if k != header}
    )
    refused = refusal(gateway, replace(call, headers=headers))
    assert (refused.reason, refused.status) == ("signature does not match", 403)


def test_a_changed_body_is_refused(gateway, relay, fixture_file):
    call = relay.call(fixture_file("gateway/addressed"))
    assert refusal(gateway, replace(call, body=call.body + b" ")).status == 403


def test_another_key_is_refused(gateway, relay, fixture_file):
    assert (
        refusal(gateway, replace(relay, secret="guessed-key-of-16").call(fixture_file("gateway/addressed"))).status
        == 403
    )


def test_the_signature_is_checked_before_the_body_is_read(gateway, relay):
    call = relay.signed(b"[" * 50_000)
    headers = {**call.headers, "x-farun-signature": "0" * 64}
    assert refusal(gateway, replace(call, headers=headers)).reason == "signature does not match"


def test_signatures_are_compared_in_constant_time(gateway, relay, fixture_file, monkeypatch):
    asked = []
    real = _guard.hmac.compare_digest
    monkeypatch.setattr(_guard.hmac, "compare_digest", lambda a, b: asked.append(a) or real(a, b))
    gateway.receive(relay.call(fixture_file("gateway/addressed")))
    assert len(asked) == 1


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_call_within_the_window_is_heard(gateway, relay, clock, fixture_file, seconds):
    call = relay.call({**fixture_file("gateway/addressed"), "sent_at": 1699990000})
    clock.move(seconds)
    assert gateway.receive(call)


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_a_stale_or_future_call_is_refused(gateway, relay, clock, fixture_file, seconds):
    call = relay.call(fixture_file("gateway/addressed"))
    clock.move(seconds)
    assert refusal(gateway, call).status == 403


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "now",
        "1e9",
        "-1700000000",
        "1700000000.0",
        " 1700000000",
        "1700000000000",
        "１７０００００００００",
        "9" * 5000,
    ],
)
def test_an_odd_timestamp_is_refused(gateway, relay, fixture_file, stamp):
    assert 400 <= refusal(gateway, relay.call(fixture_file("gateway/addressed"), timestamp=stamp)).status <= 499


def test_the_nonce_goes_along_for_the_store_to_remember(hear):
    assert hear().nonce != hear().nonce


def test_a_retry_keeps_its_message_id_and_takes_a_new_nonce(hear):
    first, retry = hear(), hear()
    assert (first.external_id, first.nonce != retry.nonce) == (retry.external_id, True)


@pytest.mark.parametrize(
    "nonce", ["", "short", "x" * 129, "has space in it", "newline\nhere", "法润助手法润助手", "semi;colon"]
)
def test_an_odd_nonce_is_refused(gateway, relay, fixture_file, nonce):
    refused = refusal(gateway, relay.call(fixture_file("gateway/addressed"), nonce=nonce))
    assert (refused.status, refused.reason.startswith("nonce")) == (400, True)


@pytest.mark.parametrize("nonce", ["x" * 8, "x" * 128, "0aZ_.~-00", "2f1c9a8e-7d63-4b1e-9c55-0a1b2c3d4e5f"])
def test_uuids_and_their_like_are_good_nonces(gateway, relay, fixture_file, nonce):
    assert gateway.receive(relay.call(fixture_file("gateway/addressed"), nonce=nonce)).nonce == nonce


# ---- item 13: what is odd is refused ----

ODD_BODIES = [
    b"",
    b"[]",
    b"null",
    b"<xml/>",
    b"\xff",
    b"\xef\xbb\xbf{}",
    b'{"msg_id":"1","msg_id":"2"}',
    b"[" * 60_000,
    b'{"sent_at":NaN}',
]
ODD_BODIES += [b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>', b'{"a":' * 30_000, "{}".encode("utf-16")]


@pytest.mark.parametrize("body", ODD_BODIES, ids=range(len(ODD_BODIES)))
def test_a_body_that_is_not_strict_json_is_refused(gateway, relay, body):
    assert refusal(gateway, relay.signed(body)).status == 400


@pytest.mark.parametrize(
    "changes",
    [
        *({key: value} for key in ("msg_id", "room_id", "sender_id") for value in (None, "", 7, [], {}, True, "a\nb", "a\x00", "x" * 257)),
        {"room_id": "x" * 129}, {"sender_id": "x" * 129}, {"sender_name": "x" * 65}, {"sender_name": 7}, {"text": None}, {"text": 7},
        {"text": ["x"]}, {"text": "x" * 8001}, {"at": "bot"}, {"at": {"bot": 1}}, {"at": [1]}, {"at": [None]}, {"at": ["x"] * 501},
        {"from_self": 1}, {"from_self": "false"}, {"private": "true"}, {"private": 0}, {"quote": "x"}, {"quote": []},
        {"quote": {"msg_id": 1}}, {"quote": {"msg_id": "1", "text": 7}}, {"quote": {"msg_id": "x" * 257}}, {"quote": {"text": "x" * 8001}},
        {"sent_at": None}, {"sent_at": "1700000000"}, {"sent_at": True}, {"sent_at": []}, {"sent_at": 0}, {"sent_at": -1},
        {"sent_at": 1500000000}, {"sent_at": 1700000301}, {"sent_at": 1700000000000}, {"sent_at": 10**30}, {"sent_at": 1e300},
    ],
    ids=lambda c: str(c)[:40],
)  # fmt: skip
def test_a_field_of_the_wrong_form_is_refused_and_named(gateway, relay, fixture_file, changes):
    refused = refusal(gateway, relay.call({**fixture_file("gateway/addressed"), **changes}))
    (field,) = changes
    assert refused.status == 400
    assert re.fullmatch("bad [a-z_]+", refused.reason)
    assert field == "quote" or refused.reason == f"bad {field}"


def test_a_lone_half_of_a_character_in_an_id_is_refused(gateway, relay):
    body = b'{"msg_id":"\\ud800","room_id":"r","sender_id":"s","text":"x","sent_at":1700000000}'
    assert refusal(gateway, relay.signed(body)).reason == "bad msg_id"


def test_the_longest_allowed_message_is_heard(hear):
    message = hear(msg_id="x" * 256, room_id="r" * 128, sender_id="s" * 128, sender_name="名" * 64, text="字" * 8000)
    assert len(message.text) == 8000


# ---- what is said ----


def said(gateway, event, text):
    ack = gateway.respond(event, text)
    assert (ack.status, ack.content_type) == (200, "application/json; charset=utf-8")
    return json.loads(ack.body)


def test_an_answer_in_a_group_names_the_asker(gateway, hear):
    assert said(gateway, hear(), "借条没写利息的，视为没有利息。") == {
        "reply": {"text": "借条没写利息的，视为没有利息。", "mention": ["wxid_li"]}
    }


def test_an_answer_in_private_names_nobody(gateway, hear):
    assert said(gateway, hear("private"), "我在听。") == {"reply": {"text": "我在听。", "mention": []}}


@pytest.mark.parametrize("text", [None, ""])
def test_silence_is_said_as_such(gateway, hear, text):
    assert said(gateway, hear(), text) == {"reply": None}


def test_other_events_are_answered_with_silence(gateway):
    assert said(gateway, None, None) == {"reply": None}
    assert said(gateway, Entered("gateway", "x"), "您好") == {"reply": None}


def test_a_relay_can_check_its_key_and_clock(gateway, relay, clock):
    check = relay.signed(b"")
    assert json.loads(gateway.verify(check).body) == {"ok": True}
    clock.move(301)
    with pytest.raises(Rejected):
        gateway.verify(check)
    with pytest.raises(Rejected):
        gateway.verify(Call({}, {}, b""))


# ---- items 10 and 11 ----


@pytest.mark.parametrize("text", ["字" * 2000, "😀" * 700, "a" * 2001, "<@" * 1000])
def test_an_answer_stays_within_the_bytes_a_message_takes(gateway, hear, text):
    reply = said(gateway, hear(), text)["reply"]["text"]
    assert 1996 < len(reply.encode()) <= 2000


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("<@zhangsan>", "＜＠zhangsan>"),
        ("@all", "＠all"),
        ("@所有人", "＠所有人"),
        ("]]><a>", "]]＞<a>"),
        ("[a](b)", "[a](b)"),
    ],
)
def test_words_taken_from_a_question_give_no_orders(gateway, hear, words, shown):
    assert said(gateway, hear(), f"您问的是：{words}")["reply"]["text"] == f"您问的是：{shown}"


# ---- item 14: secrets ----


def test_no_refusal_shows_the_key_or_the_words(gateway, relay, fixture_file, clock):
    message = {**fixture_file("gateway/addressed"), "text": "PRIVATE-WORDS"}
    good = relay.call(message)
    calls = [
        replace(good, body=b"PRIVATE-WORDS"), relay.signed(b'{"text":"PRIVATE-WORDS"'), relay.call({**message, "msg_id": ["PRIVATE-WORDS"]}),
        relay.call(message, timestamp="1"), relay.call(message, nonce="x"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(Rejected) as e:
            gateway.receive(call)
        shown = "".join(traceback.format_exception(e.value)) + e.value.reason
        assert SECRET not in shown and "PRIVATE-WORDS" not in shown
    assert SECRET not in repr(gateway)


# ---- what it is ----


def test_it_is_a_channel_that_speaks_first_only_with_an_address_to_push_to(gateway, clock):
    channel: Channel = gateway
    pusher: Pusher = gateway
    assert isinstance(pusher, Pusher) and (channel.name, channel.secrets) == ("gateway", (SECRET,))
    c = channel.capabilities
    assert (c.hears_group, c.replies_group, c.push, c.window, c.idempotent, c.private_chat) == (
        True,
        True,
        "none",
        0,
        True,
        True,
    )
    c = Gateway(SECRET, "http://127.0.0.1:1", ("法润",), clock, max_bytes=700, per_minute=5).capabilities
    assert (c.push, c.max_bytes, c.per_minute) == ("auto", 700, 5)
