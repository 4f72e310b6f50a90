"""企业微信智能机器人: what advisors and cadres say to it, and what they see."""

from __future__ import annotations

import json
import re
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote_plus

import pytest
from werkzeug.wrappers import Request

from bot.channels.base import Call, Channel, Pusher
from bot.channels.wecom_aibot import MAX_BYTES, WecomAibot, is_tencent
from bot.domain import Entered, Feedback, Inbound, Poll, Quote
from bot.errors import Rejected

RESPONSE_URL = "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RESPONSE_CODE"


@pytest.fixture
def hear(aibot, wecom, fixture_file):
    """Play one documented message, with changes, to the robot."""
    return lambda name, **changes: aibot.receive(wecom.call({**fixture_file(f"wecom_aibot/{name}"), **changes}))


def said(text, **more):
    return {"msgtype": "text", "text": {"content": text}, **more}


# ---- what is heard, message by message as 100719 and 101027 show it ----


def test_a_question_in_a_group(hear, clock):
    assert hear("text") == Inbound(
        channel="wecom_aibot", external_id="CAIQ16HMjQYY/NGagIOAgAMgq4KM0AI=", room_id="CHATID", sender_id="USERID",
        text="hello robot", sent_at=clock(), account="AIBOTID", private=False, addressed=True,
        quote=Quote("", "这是今日的测试情况"), reply_id=hear("text").reply_id, reply_url=RESPONSE_URL,
    )  # fmt: skip


def test_a_question_in_a_single_chat_has_a_room_of_its_own(hear):
    message = hear("text_single")
    assert (message.room_id, message.private, message.addressed) == ("single:USERID", True, True)
    assert message.quote is None


def test_the_words_of_a_mixed_message_count_and_its_pictures_do_not(hear):
    message = hear("mixed")
    assert message.text == "这是今日的测试情况"
    assert message.quote == Quote("", "这是今日的测试情况")


def test_the_texts_of_a_mixed_message_are_joined(hear):
    items = [said("@机器人 看这张"), {"msgtype": "image", "image": {"url": "u"}}, said("合法吗"), {"msgtype": "new"}]
    assert hear("mixed", mixed={"msg_item": items}).text == "看这张\n合法吗"


def test_a_picture_with_nothing_but_the_robots_name_is_heard_as_a_call(hear):
    items = [said("@机器人"), {"msgtype": "image", "image": {"url": "u"}}]
    assert hear("mixed", mixed={"msg_item": items}).text == ""


def test_a_voice_message_is_heard_as_its_transcript(hear):
    assert hear("voice").text == "这是语音转成文本的内容"


@pytest.mark.parametrize("name", ["image", "file", "video", "template_card_event"])
def test_pictures_files_and_buttons_are_genuine_but_not_for_us(hear, name):
    assert hear(name) is None


@pytest.mark.parametrize("kind", ["location", "link", "chat_record", "法"])
def test_a_kind_of_message_we_do_not_know_is_not_for_us(hear, kind):
    assert hear("text", msgtype=kind) is None


def test_a_kind_of_chat_or_event_we_do_not_know_is_not_for_us(hear):
    assert hear("text", chattype="channel") is None
    assert hear("enter_chat", event={"eventtype": "leave_chat"}) is None


@pytest.mark.parametrize("mixed", [{"msg_item": [{"msgtype": "image", "image": {"url": "u"}}]}, {"msg_item": []}, {}])
def test_a_mixed_message_without_words_is_not_for_us(hear, mixed):
    assert hear("mixed", mixed=mixed) is None


def test_a_voice_message_without_a_transcript_is_not_for_us(hear):
    assert hear("voice", voice={"content": ""}) is None


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("quote_mixed", "@机器人 这是今日的测试情况"), ("quote_voice", "这是语音转成文本的内容"), ("quote_image", None)],
)
def test_what_was_quoted_comes_along(hear, name, quoted):
    quote = hear(name).quote
    assert (quote.text if quote else None) == quoted


def test_entering_the_chat(hear):
    assert hear("enter_chat") == Entered("wecom_aibot", "USERID")


def test_a_thumb_under_an_answer(hear):
    assert hear("feedback_event") == Feedback(
        "wecom_aibot", "CAIQ16HMjQYY/NGagIOAgAMgq4KM0AI=", "FEEDBACKID", "2", "能再详细一些么"
    )


def test_a_thumb_up_carries_no_words(hear):
    event = {"eventtype": "feedback_event", "feedback_event": {"id": "F", "type": 1}}
    assert (hear("feedback_event", event=event).kind, hear("feedback_event", event=event).text) == ("1", "")


@pytest.mark.parametrize("rated", [None, {}, {"id": "", "type": 1}, {"id": "x" * 65, "type": 1}])
def test_a_thumb_under_something_that_is_not_ours_is_not_for_us(hear, rated):
    assert hear("feedback_event", event={"eventtype": "feedback_event", "feedback_event": rated}) is None


# ---- item 2: one message, one stream; every poll hears the end ----


def test_the_same_message_twice_gives_the_same_stream(hear):
    first, again, other = hear("text"), hear("text"), hear("text", msgid="another")
    assert first.reply_id == again.reply_id != other.reply_id
    assert hear("text", aibotid="OTHER").reply_id != first.reply_id


def test_a_poll_gets_the_answer_in_its_own_stream(aibot, wecom, hear):
    poll = hear("stream")
    assert poll == Poll("wecom_aibot", "STREAMID")
    stream = wecom.opened(aibot.respond(poll, "利息不受支持"))["stream"]
    assert (stream["id"], stream["finish"], stream["content"]) == ("STREAMID", True, "利息不受支持")


@pytest.mark.parametrize("text", ["", None])
def test_an_unknown_or_expired_poll_gets_the_end(aibot, wecom, hear, text):
    stream = wecom.opened(aibot.respond(hear("stream"), text))["stream"]
    assert (stream["id"], stream["finish"], stream["content"]) == ("STREAMID", True, "")


# ---- item 7: short ids outside, long ids inside ----


def test_stream_ids_are_short_and_safe_however_long_the_message_id(hear):
    for msgid in ("1", "x" * 256, "CAIQ16HMjQYY/NGagIOAgAMgq4KM0AI="):
        message = hear("text", msgid=msgid)
        assert message.external_id == msgid
        assert re.fullmatch(r"[0-9a-zA-Z_-]{1,32}", message.reply_id)


# ---- item 8: names ----


@pytest.mark.parametrize("gap", [" ", "\u2005", "\u00a0", ""])
def test_the_robots_name_comes_off_and_nothing_else(hear, gap):
    text = f"@法润助手{gap}借条发到 a@b.com，@所有人 看看"
    assert hear("text", text={"content": text}).text == "借条发到 a@b.com，@所有人 看看"


def test_a_name_inside_a_quote_stays_in_the_quote(hear):
    assert hear("text", quote=said("@法润助手 在吗")).quote == Quote("", "@法润助手 在吗")


# ---- item 9: whose conversation it is ----


def test_channel_account_room_and_sender_tell_conversations_apart(hear):
    def key(m):
        return m.channel, m.account, m.room_id, m.sender_id

    base = key(hear("text"))
    others = [
        key(hear("text", chatid="OTHER")), key(hear("text", aibotid="OTHER")), key(hear("text", **{"from": {"userid": "OTHER"}})),
        key(hear("text_single")),
    ]  # fmt: skip
    assert len({base, *others}) == 5


# ---- what is said ----


def test_an_answer_is_one_finished_stream_that_can_be_rated(aibot, wecom, hear):
    message = hear("text")
    answer = wecom.opened(aibot.respond(message, "借条没写利息的，视为没有利息。"))
    assert answer == {
        "msgtype": "stream",
        "stream": {
            "id": message.reply_id, "finish": True, "content": "借条没写利息的，视为没有利息。", "feedback": {"id": message.reply_id},
        },
    }  # fmt: skip


def test_a_thumb_under_an_answer_names_that_answer(aibot, wecom, hear):
    feedback_id = wecom.opened(aibot.respond(hear("text"), "好"))["stream"]["feedback"]["id"]
    event = {"eventtype": "feedback_event", "feedback_event": {"id": feedback_id, "type": 1}}
    assert hear("feedback_event", event=event).reply_id == hear("text").reply_id


def test_a_welcome_is_plain_text(aibot, wecom, hear):
    greeting = wecom.opened(aibot.respond(hear("enter_chat"), "您好，我是机器人。"))
    assert greeting == {"msgtype": "text", "text": {"content": "您好，我是机器人。"}}


@pytest.mark.parametrize("name", ["text", "enter_chat", "feedback_event", "image"])
def test_nothing_to_say_is_an_empty_body(aibot, hear, name):
    ack = aibot.respond(hear(name), None)
    assert (ack.status, ack.body) == (200, b"")


def test_the_answer_carries_the_nonce_of_its_own_call(aibot, wecom, fixture_file):
    """101033 asks for the nonce of the callback's address; requests run side by side in threads."""
    ready = threading.Barrier(8)

    def one(n):
        message = aibot.receive(wecom.call(fixture_file("wecom_aibot/text"), nonce=f"1596{n:06}"))
        ready.wait(5)
        return json.loads(aibot.respond(message, "好").body)["nonce"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(8))) == [f"1596{n:06}" for n in range(8)]


def test_an_answer_without_a_call_before_it_still_has_a_nonce(aibot, wecom):
    assert wecom.opened(aibot.respond(Poll("wecom_aibot", "S"), "好"))
    assert len(json.loads(aibot.respond(Poll("wecom_aibot", "S"), "好").body)["nonce"]) >= 8


# ---- item 10: bytes ----


@pytest.mark.parametrize("text", ["字" * 10_000, "😀" * 6000, "a" * 30_000, "*" * 20_480, "一\n" * 6000])
def test_an_answer_stays_within_the_bytes_the_platform_takes(aibot, wecom, hear, text):
    content = wecom.opened(aibot.respond(hear("text"), text))["stream"]["content"]
    assert MAX_BYTES - 8 < len(content.encode()) <= MAX_BYTES
    assert content.endswith("…")


# ---- item 11: nobody's words turn into orders ----


@pytest.mark.parametrize(
    "words", ["<@zhangsan> 转账", "<@all>", "@all", "[点这里](https://x.cn)", "![](https://x.cn/a.png)"]
)
@pytest.mark.parametrize("name", ["text", "stream", "enter_chat"])
def test_words_taken_from_a_question_give_no_orders(aibot, wecom, hear, name, words):
    answer = json.dumps(wecom.opened(aibot.respond(hear(name), f"您问的是：{words}")), ensure_ascii=False)
    assert not re.search(r"<@|@all|\]\(|!\[" if name != "enter_chat" else r"<@|@all", answer)


# ---- item 12: echostr is decoded exactly once ----


def echo(wecom, text="1616140317555161061"):
    """A check whose echostr holds every character that a second decoding would spoil."""
    while True:
        encrypted = wecom.sealed(wecom.padded(wecom.frame(text.encode())))
        if "+" in encrypted and "/" in encrypted:
            return encrypted


def test_the_address_check_gets_the_bare_words(aibot, wecom):
    encrypted = echo(wecom)
    ack = aibot.verify(Call({**wecom.query(encrypted), "echostr": encrypted}, {}, b""))
    assert (ack.status, ack.body) == (200, b"1616140317555161061")


def test_a_plus_that_came_unescaped_survives(aibot, wecom):
    encrypted = echo(wecom)
    ack = aibot.verify(Call({**wecom.query(encrypted), "echostr": encrypted.replace("+", " ")}, {}, b""))
    assert ack.body == b"1616140317555161061"


@pytest.mark.parametrize("escape", [quote_plus, str], ids=["escaped", "raw"])
def test_an_echostr_passes_through_the_web_server_either_way(aibot, wecom, escape):
    encrypted = echo(wecom)
    query = {**wecom.query(encrypted), "echostr": encrypted}
    address = "/hook/wecom_aibot?" + "&".join(f"{name}={escape(value)}" for name, value in query.items())
    assert aibot.verify(Call(Request.from_values(address).args, {}, b"")).body == b"1616140317555161061"


def test_an_echostr_is_not_decoded_a_second_time(aibot, wecom):
    encrypted = echo(wecom)
    escaped = encrypted.replace("+", "%2B")
    with pytest.raises(Rejected):
        aibot.verify(Call({**wecom.query(encrypted), "echostr": escaped}, {}, b""))


def test_the_published_vector_passes_the_address_check(aibot):
    query = {
        "timestamp": "1700000000", "nonce": "n0nce", "msg_signature": "87dca46640e39f5e4ef0a4d582af97212b03f5da",
        "echostr": "Q3stYC6hdFzMh9T8HCvyDE1ph2surQQ12Zr6PL6Jj3V/pXSWKMFxAAewjo5olPAETjZoI3QhsM1/d1vIUtq1AA==",
    }  # fmt: skip
    assert aibot.verify(Call(query, {}, b"")).body == b'{"msgid":"M1","msgtype":"text"}'


def test_a_forged_or_stale_address_check_is_refused(aibot, wecom, clock):
    encrypted = echo(wecom)
    query = {**wecom.query(encrypted), "echostr": encrypted}
    with pytest.raises(Rejected):
        aibot.verify(Call({**query, "msg_signature": "0" * 40}, {}, b""))
    with pytest.raises(Rejected):
        aibot.verify(Call({}, {}, b""))
    clock.move(301)
    with pytest.raises(Rejected):
        aibot.verify(Call(query, {}, b""))


# ---- item 13: what is odd is refused ----

ODD_OUTER = [
    b"",
    b"{}",
    b"[]",
    b"<xml/>",
    b'{"encrypt":null}',
    b'{"encrypt":1}',
    b'{"encrypt":["x"]}',
    b"[" * 50_000,
    b"\xff",
]
ODD_OUTER += [
    b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>',
    b'{"encrypt":"\\ud800"}',
    b'{"encrypt":"a","encrypt":"a"}',
]


@pytest.mark.parametrize("body", ODD_OUTER, ids=range(len(ODD_OUTER)))
def test_an_odd_envelope_is_refused(aibot, wecom, body):
    with pytest.raises(Rejected) as e:
        aibot.receive(Call(wecom.query(""), {}, body))
    assert 400 <= e.value.status <= 499


@pytest.mark.parametrize(
    "changes",
    [
        {"msgid": None}, {"msgid": ""}, {"msgid": 7}, {"msgid": "x" * 257}, {"msgid": "a\x00"}, {"msgtype": None}, {"msgtype": []},
        {"from": None}, {"from": {}}, {"from": "USERID"}, {"from": {"userid": ""}}, {"from": {"userid": "x" * 121}},
        {"chatid": None}, {"chatid": {}}, {"chatid": "x" * 129}, {"chattype": 1}, {"text": []}, {"text": {"content": 1}},
        {"aibotid": 1}, {"quote": "x"}, {"msgtype": "mixed", "mixed": {"msg_item": "x"}}, {"msgtype": "mixed", "mixed": {"msg_item": [1]}},
        {"msgtype": "stream"}, {"msgtype": "stream", "stream": {}}, {"msgtype": "stream", "stream": {"id": 1}}, {"msgtype": "event"},
        {"msgtype": "event", "event": {}}, {"msgtype": "event", "event": {"eventtype": "feedback_event", "feedback_event": {"id": "F"}}},
        {"msgtype": "event", "event": {"eventtype": "feedback_event", "feedback_event": {"id": "F", "type": "1"}}},
        {"msgtype": "event", "event": {"eventtype": "enter_chat"}, "from": {}},
    ],
    ids=str,
)  # fmt: skip
def test_a_message_of_the_wrong_form_is_refused(hear, changes):
    with pytest.raises(Rejected) as e:
        hear("text", **changes)
    assert e.value.status == 400


@pytest.mark.parametrize("inner", ["", "x", "[]", "null", "{" * 5000, '{"msgid":"1","msgid":"2"}', '{"a":NaN}'])
def test_signed_garbage_is_refused(aibot, wecom, inner):
    with pytest.raises(Rejected):
        aibot.receive(wecom.call(inner))


def test_what_no_database_takes_is_cleaned_out_of_the_words(hear):
    message = hear("text", text={"content": "@法润助手 借\x00条\r\n没写利息"})
    assert message.text == "借条\n没写利息"


def test_unknown_fields_are_passed_over(hear):
    assert hear("text", new={"deep": [1]}).text == "hello robot"


def test_a_call_signed_with_another_token_is_refused(aibot, wecom, fixture_file):
    forger = replace(wecom, token="guessed")
    with pytest.raises(Rejected, match="signature"):
        aibot.receive(forger.call(fixture_file("wecom_aibot/text")))


def test_a_call_sealed_for_another_enterprise_is_refused(wecom, clock, fixture_file):
    ours = WecomAibot(
        "faruntoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", ("法润助手",), clock, receive_id="ww1"
    )
    with pytest.raises(Rejected, match="receiver"):
        ours.receive(wecom.call(fixture_file("wecom_aibot/text")))


# ---- where a late answer may go ----


@pytest.mark.parametrize(
    "url", [RESPONSE_URL, "https://qq.com/x", "https://qyapi.weixin.qq.com:443/cgi-bin/aibot/response"]
)
def test_a_way_back_to_tencent_is_kept(hear, url):
    assert is_tencent(url)
    assert hear("text", response_url=url).reply_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://qyapi.weixin.qq.com/x", "https://qq.com.evil.example/x", "https://evilqq.com/x", "https://127.0.0.1/x",
        "https://qyapi.weixin.qq.com@evil.example/x", "https://evil.example\\@qq.com/x", "https://evil.example/qq.com", "ftp://qq.com",
        "https://qq.com\n.evil.example/", "https://[::1", "https://例子.qq.com.cn/", "//qq.com/x", "", None, 7, ["https://qq.com"],
        "https://qq.com/" + "x" * 3000,
    ],
)  # fmt: skip
def test_any_other_way_back_is_dropped_and_the_question_still_heard(hear, url):
    message = hear("text", response_url=url)
    assert (message.reply_url, message.text) == (None, "hello robot")


# ---- item 14: secrets ----


def test_no_refusal_shows_a_secret(aibot, wecom, fixture_file):
    message = fixture_file("wecom_aibot/text")
    calls = [
        replace(wecom, token="guessed").call(message), wecom.call({**message, "msgid": None}), wecom.call("{"), wecom.signed("QUJD"),
        wecom.call(message, timestamp="1"), Call({}, {}, b"{"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(Rejected) as e:
            aibot.receive(call)
        shown = "".join(traceback.format_exception(e.value)) + e.value.reason
        assert not [s for s in (*aibot.secrets, "RESPONSE_CODE") if s in shown]


def test_the_channel_names_its_secrets_and_does_not_show_them(aibot):
    assert aibot.secrets == ("faruntoken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
    assert not [s for s in aibot.secrets if s in repr(aibot)]


# ---- what it is ----


def test_it_is_a_channel_that_only_speaks_when_spoken_to(aibot):
    channel: Channel = aibot
    pusher: Pusher = aibot
    assert isinstance(pusher, Pusher) and channel.name == "wecom_aibot"
    c = channel.capabilities
    assert (c.hears_group, c.replies_group, c.push, c.max_bytes, c.window, c.private_chat) == (
        True,
        True,
        "none",
        20480,
        3600,
        True,
    )
    assert not c.idempotent
    assert c.per_minute == 60
