"""A relay's load: signed messages of a village's day over kept-alive connections."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time

from bot.channels.gateway import sign

SECRET = "a-secret-of-the-benchmarks"
CHATTER = (
    "早上好，祝大家平安健康", "明天停水，大家接点水", "今天集上的白菜两块一斤", "谁家的牛跑到河边去了", "[强][强]", "收到",
    "下午三点村部开会，每家来一个人", "孩子放学了没有", "今年的玉米晒干了没", "哈哈哈哈哈笑死我了", "谢谢张婶送的豆角",
)  # fmt: skip
QUESTIONS = (
    "老板拖欠我三个月工资，没签合同，怎么办", "邻居家的墙挡了我家的光，能不能让他拆", "骑电动车被撞了，对方不赔医药费怎么办",
    "承包地被村里收回去了合法吗", "网购的种子是假的，怎么赔",
)  # fmt: skip
TAILS = ("呀", "哈", "啊，第", "，哎", "，我家的", "，共", "，等到", "~")
COMMANDS = ("法条 民法典 1079", "帮助", "进度")


def day(count: int, seed: int = 7) -> list[str]:
    """A day's mix: 95 % chatter, 4 % questions, 1 % commands, shuffled."""
    rng = random.Random(seed)
    kinds = ["c"] * (count * 95 // 100) + ["q"] * (count * 4 // 100)
    kinds += ["k"] * (count - len(kinds))
    rng.shuffle(kinds)
    lines = [rng.choice({"c": CHATTER, "q": QUESTIONS, "k": COMMANDS}[k]) for k in kinds]
    # No two lines of chatter are the same, so that nothing remembered from the last one helps.
    return [f"{line}{rng.choice(TAILS)}{n}" if k == "c" else line for n, (k, line) in enumerate(zip(kinds, lines, strict=True))]


def request(text: str, number: int, port: int) -> bytes:
    """One signed HTTP request as bytes."""
    body = json.dumps(
        {"msg_id": f"m{number}-{secrets.token_hex(4)}", "room_id": "room", "sender_id": f"s{number % 50}", "sender_name": "村民",
         "at": ["bot"] if text in QUESTIONS else [], "text": text, "sent_at": int(time.time()), "from_self": False},
        ensure_ascii=False,
    ).encode()  # fmt: skip
    stamp, nonce = str(int(time.time())), secrets.token_hex(12)
    head = (
        f"POST /hook/gateway HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Farun-Timestamp: {stamp}\r\nX-Farun-Nonce: {nonce}\r\n"
        f"X-Farun-Signature: {sign(SECRET, stamp, nonce, body)}\r\n\r\n"
    )
    return head.encode() + body


async def _connection(port: int, requests: list[bytes], times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for r in requests:
        began = time.perf_counter()
        writer.write(r)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode())
        length = int(next(h.split(b":")[1] for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")))
        await reader.readexactly(length)
        times.append(time.perf_counter() - began)
    writer.close()


def run(port: int, texts: list[str], connections: int = 8) -> tuple[float, list[float]]:
    """Send all texts; messages a second, and each one's time in seconds."""
    ready = [request(t, n, port) for n, t in enumerate(texts)]
    times: list[float] = []

    async def all_of_them() -> None:
        await asyncio.gather(*(_connection(port, ready[k::connections], times) for k in range(connections)))

    began = time.perf_counter()
    asyncio.run(all_of_them())
    return len(texts) / (time.perf_counter() - began), times
