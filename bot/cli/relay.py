"""`farun gateway-say`: play the relay once, so that an operator can test an installation."""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from http import HTTPStatus

import click
import urllib3

from bot.channels.gateway import signed_headers
from bot.config import Settings
from bot.errors import FarunError


@click.command(name="gateway-say", help="像中继一样签名发一条消息到 /hook/gateway，看机器人怎么回。")
@click.argument("text")
@click.option("--room", default="test-room", show_default=True, help="房间号")
@click.option("--sender", default="test-sender", show_default=True, help="发言人")
@click.option("--name", default="测试", show_default=True, help="发言人显示的名字")
@click.option("--at/--no-at", default=True, show_default=True, help="是否 @机器人")
@click.option("--private", is_flag=True, help="当作一对一私聊")
@click.option("--msg-id", default=None, help="消息号；不写就新取一个，写同一个就是重发")
@click.option("--url", default=None, help="网址；不写就用 FARUN_LISTEN")
def gateway_say(text: str, room: str, sender: str, name: str, at: bool, private: bool, msg_id: str | None, url: str | None) -> None:
    settings = Settings.from_env()
    if not settings.gateway_secret:
        raise FarunError("FARUN_GATEWAY_SECRET：没有填，中继通道没开")
    body = json.dumps(
        {
            "msg_id": msg_id or secrets.token_hex(12), "room_id": room, "sender_id": sender, "sender_name": name,
            "at": ["bot"] if at else [], "text": text, "sent_at": int(time.time()), "from_self": False, "private": private,
        },
        ensure_ascii=False,
    ).encode()  # fmt: skip
    headers = signed_headers(settings.gateway_secret, body, datetime.now(UTC))
    click.echo(_post(f"{url or 'http://' + settings.listen}/hook/gateway", body, headers))


def _post(address: str, body: bytes, headers: dict[str, str]) -> str:
    try:
        answer = urllib3.request("POST", address, body=body, headers=headers, timeout=15, retries=False)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as e:
        raise FarunError(f"{address}：连不上（{type(e).__name__}），服务起来了吗？") from None
    if answer.status != HTTPStatus.OK:
        raise FarunError(f"{address}：被拒绝（{answer.status}）：{answer.data.decode().strip()}")
    reply = answer.json()["reply"]
    return str(reply["text"]) if reply else "（不作声）"


COMMANDS = [gateway_say]
