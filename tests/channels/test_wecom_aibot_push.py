"""A late answer through the one-use way back, against a platform on a real socket."""

from __future__ import annotations

import json
import logging
import time
import traceback

import pytest

from bot.channels.wecom_aibot import MAX_BYTES
from bot.domain import Address
from bot.errors import Undelivered

CODE = "SECRET-RESPONSE-CODE"


@pytest.fixture
def back(peer):
    """The way back that came with a message."""
    return Address("wecom_aibot", "CHATID", f"{peer.url}/cgi-bin/aibot/response?response_code={CODE}")


def answers(peer, status=200, body=b"", **headers):
    peer.script = lambda *_: (status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)


def failure(aibot, to, text="迟来的答复"):
    with pytest.raises(Undelivered) as e:
        aibot.push(to, text, key="reply:1:2")
    return e.value


def one_use(clock, issued):
    """What 101138 says of a response_url: it works once, within an hour. 60140 is what robots in the field report."""
    used = []

    def script(_headers, body, path):
        assert set(json.loads(body)) == {"msgtype", "markdown"}
        late = (clock() - issued).total_seconds() > 3600
        code = 60140 if path in used or late else 0
        used.append(path)
        return (
            200,
            json.dumps({"errcode": code, "errmsg": f"hint, {path}"}).encode(),
            {"Content-Type": "application/json"},
        )

    return script


def test_a_late_answer_goes_out_as_markdown(aibot, peer, back):
    answers(peer, body={"errcode": 0, "errmsg": "ok"})
    assert len(aibot.push(back, "顾问的答复：先协商。", key="reply:1:2")) == 32
    ((path, headers, body),) = peer.heard
    assert path == f"/cgi-bin/aibot/response?response_code={CODE}"
    assert headers["content-type"].startswith("application/json")
    assert json.loads(body) == {"msgtype": "markdown", "markdown": {"content": "顾问的答复：先协商。"}}


# ---- item 3: the way back works once and for an hour ----


def test_a_second_use_is_a_recorded_failure(aibot, peer, back, clock):
    peer.script = one_use(clock, clock())
    aibot.push(back, "一", key="1")
    second = failure(aibot, back)
    assert (second.retryable, second.reason) == (False, "WeCom: errcode 60140")


def test_a_use_after_an_hour_is_a_recorded_failure(aibot, peer, back, clock):
    peer.script = one_use(clock, clock())
    clock.move(3601)
    assert not failure(aibot, back).retryable


@pytest.mark.parametrize("url", [None, ""])
def test_a_room_without_a_way_back_cannot_be_reached(aibot, url):
    assert not failure(aibot, Address("wecom_aibot", "CHATID", url)).retryable


# ---- errors come with 200; only errcode tells ----


@pytest.mark.parametrize("code", [-1, 45009, 45033])
def test_a_busy_platform_is_worth_another_try(aibot, peer, back, code):
    answers(peer, body={"errcode": code, "errmsg": "busy"})
    refused = failure(aibot, back)
    assert (refused.retryable, refused.reason) == (True, f"WeCom: errcode {code}")
    assert refused.retry_after == (60 if code == 45009 else None)


@pytest.mark.parametrize("code", [1, 40001, 40008, 40058, 44004, 60140, 93000, 301002])
def test_any_other_error_is_final(aibot, peer, back, code):
    answers(peer, body={"errcode": code, "errmsg": "no"})
    assert not failure(aibot, back).retryable


GARBAGE = [b"", b"ok", b"<html>", b"[]", b"null", b"{}", b'{"errmsg":"ok"}', b'{"errcode":"0"}', b'{"errcode":null}']
GARBAGE += [
    b'{"errcode":false}',
    b'{"errcode":0,"errcode":1}',
    b"\xff",
    b"[" * 60_000,
    b'{"errcode":0.5}',
    b'{"errcode":1e99}',
    b" " * 90_000,
]


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_an_answer_without_a_clear_errcode_may_have_worked_and_is_not_repeated(aibot, peer, back, body):
    answers(peer, body=body)
    assert not failure(aibot, back).retryable


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (403, False), (404, False), (500, True), (502, True), (503, True), (429, True)],
)
def test_http_errors(aibot, peer, back, status, retryable):
    answers(peer, status, b"no")
    assert failure(aibot, back).retryable is retryable


def test_the_platforms_wish_to_wait_is_passed_on(aibot, peer, back):
    answers(peer, 429, **{"Retry-After": "17"})
    assert failure(aibot, back).retry_after == 17


def test_a_redirect_is_not_followed(aibot, peer, back):
    answers(peer, 302, Location=f"{peer.url}/elsewhere")
    assert not failure(aibot, back).retryable
    assert len(peer.heard) == 1


# ---- no answer ----


@pytest.mark.parametrize("trick", ["hang", "trickle", "drop"])
def test_a_lost_answer_may_have_arrived_and_is_not_repeated(aibot, peer, back, trick):
    peer.script = lambda *_: trick
    began = time.monotonic()
    assert not failure(aibot, back).retryable
    assert time.monotonic() - began < 2
    assert len(peer.heard) == 1


def test_a_platform_that_was_never_reached_is_worth_another_try(aibot, nobody):
    assert failure(aibot, Address("wecom_aibot", "CHATID", nobody)).retryable


@pytest.mark.parametrize(
    "url",
    ["https://", "response_code=SECRET-RESPONSE-CODE", "gopher://x/SECRET-RESPONSE-CODE", "http://[::1", "http://a b/"],
)
def test_an_address_that_is_none_is_final(aibot, url):
    assert not failure(aibot, Address("wecom_aibot", "CHATID", url)).retryable


# ---- items 10 and 11 ----


def test_a_late_answer_stays_within_the_bytes_the_platform_takes(aibot, peer, back):
    answers(peer, body={"errcode": 0})
    aibot.push(back, "字" * 10_000, key="1")
    content = json.loads(peer.heard[0][2])["markdown"]["content"]
    assert MAX_BYTES - 4 < len(content.encode()) <= MAX_BYTES


def test_words_in_a_late_answer_give_no_orders(aibot, peer, back):
    answers(peer, body={"errcode": 0})
    aibot.push(back, "他问：<@all> [点这里](https://x.cn)", key="1", mention="zhangsan")
    assert json.loads(peer.heard[0][2])["markdown"]["content"] == "他问：＜＠all＞ ［点这里］(https://x.cn)"


# ---- item 14: the response code is a secret ----


@pytest.mark.parametrize("trick", ["hang", "drop", "nobody", "no address", "errcode", 500, 404])
def test_no_failure_and_no_log_line_shows_the_response_code(aibot, peer, back, nobody, trick, caplog):
    to = back
    if trick == "nobody":
        to = Address("wecom_aibot", "CHATID", nobody.replace("RESPONSE_CODE", CODE))
    elif trick == "no address":
        to = Address("wecom_aibot", "CHATID", f"gopher://{CODE}")
    elif trick == "errcode":
        answers(peer, body={"errcode": 60140, "errmsg": f"invalid response_code {CODE}"})
    elif isinstance(trick, int):
        answers(peer, trick, CODE.encode())
    else:
        peer.script = lambda *_: trick
    with caplog.at_level(logging.DEBUG):
        caught = failure(aibot, to)
    shown = caught.reason + caplog.text + "".join(traceback.format_exception(caught))
    chain, e = "", caught
    while e := e.__context__ or e.__cause__:
        chain += repr(e)
    assert CODE not in shown + chain
