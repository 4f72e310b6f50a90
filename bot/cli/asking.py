"""`farun ask` and `farun mask`: one question, or lines of them, on the code path of the webhook."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from bot import store, webhook
from bot.app import build_parts
from bot.channels.base import Capabilities
from bot.config import Settings
from bot.domain import GroupKind, Inbound, Reply
from bot.errors import FarunError
from bot.logs import configure
from bot.privacy import mask as mask_text
from bot.store import schema
from bot.webhook import Parts


class _Terminal:
    """A channel without a wire: the terminal."""

    name = "terminal"
    capabilities = Capabilities(hears_group=True, replies_group=True, push="none", max_bytes=1_000_000, private_chat=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of `--jsonl`."""

    id: str
    text: str
    group_kind: GroupKind | None
    conversation: str


@click.command(help="问一句，走和群里一样的路；--jsonl 从标准输入逐行读。")
@click.argument("question", required=False)
@click.option("--jsonl", is_flag=True, help='每行 {"id","text","group_kind"?,"conversation"?}，每行回一个 JSON')
def ask(question: str | None, jsonl: bool) -> None:
    if not jsonl and not question:
        raise click.UsageError("写上要问的话，或者用 --jsonl")
    with tempfile.TemporaryDirectory() as folder:
        parts = _parts(Path(folder))
        if question and not jsonl:
            click.echo(_ask(parts, Asked("1", question, None, "1"), addressed=True).text or "（不作声：这句话不用机器人回答）")
            return
        for asked in _lines():
            click.echo(json.dumps(_row(asked, _ask(parts, asked)), ensure_ascii=False))
            sys.stdout.flush()


def _parts(folder: Path) -> Parts:
    """The parts of the webhook on a throw-away database with one group of each kind."""
    settings = replace(Settings.from_env(), log_level="error", database_url=f"sqlite:///{folder / 'ask.db'}", demo=False)
    configure(settings)
    engine = store.connect(settings.url)
    sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    schema.metadata.create_all(engine)
    with engine.begin() as conn:
        conn.execute(sa.insert(schema.region).values(id="ask", name="命令行", level="village"))
        conn.execute(sa.insert(schema.person).values(id="ask", name="", role="advisor", region_id="ask"))
        for kind in GroupKind:
            row = {"id": kind, "name": "命令行", "kind": kind, "mode": "auto", "region_id": "ask", "channel": "terminal",
                   "room_id": kind, "bound_at": datetime.now(UTC)}  # fmt: skip
            conn.execute(sa.insert(schema.group).values(row))
    return build_parts(settings, engine)


def _ask(parts: Parts, asked: Asked, *, addressed: bool = False) -> Reply:
    """Without a group kind the question is put in private, where nothing has to be held back."""
    private = asked.group_kind is None
    sender = f"asker:{asked.conversation}"
    now = parts.now()
    message = Inbound(
        "terminal", f"{asked.conversation}:{asked.id}:{now.timestamp()}", sender if private else str(asked.group_kind),
        sender, asked.text, now, private=private, addressed=addressed,
    )  # fmt: skip
    return webhook.reply_to(parts, _Terminal(), message)  # type: ignore[arg-type]


def _row(asked: Asked, reply: Reply) -> dict[str, Any]:
    finding = reply.finding
    return {
        "id": asked.id, "action": reply.action, "matter": finding.matter, "entry": finding.entry_id,
        "references": [{"law": r.law, "article": r.article} for r in finding.references[:5]],
        "confidence": round(finding.confidence, 4), "text": reply.text or "",
    }  # fmt: skip


def _lines() -> Iterator[Asked]:
    for n, row in _read_jsonl():
        kind = row.get("group_kind")
        if kind is not None and kind not in set(GroupKind):
            raise FarunError(f"第 {n} 行：group_kind “{kind}” 不认识，要 {'、'.join(GroupKind)}")
        talk = row.get("conversation")
        yield Asked(str(row["id"]), row["text"], GroupKind(kind) if kind else None, str(talk) if talk else f"line-{n}")


def _read_jsonl() -> Iterator[tuple[int, dict[str, Any]]]:
    for n, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as e:
            raise FarunError(f"第 {n} 行：不是 JSON（{e}）") from None
        if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("text"), str):
            raise FarunError(f"第 {n} 行：要有 id 和 text")
        yield n, row


@click.command(help="隐去个人信息；--jsonl 从标准输入逐行读。")
@click.argument("text", required=False)
@click.option("--jsonl", is_flag=True, help='每行 {"id","text"}，每行回 {"id","masked","spans"}')
def mask(text: str | None, jsonl: bool) -> None:
    if jsonl:
        for _, row in _read_jsonl():
            masked = mask_text(row["text"])
            out = {"id": row["id"], "masked": masked.text, "spans": [list(s) for s in masked.spans]}
            click.echo(json.dumps(out, ensure_ascii=False))
    elif text:
        click.echo(mask_text(text).text)
    else:
        raise click.UsageError("写上要处理的话，或者用 --jsonl")


COMMANDS = [ask, mask]
