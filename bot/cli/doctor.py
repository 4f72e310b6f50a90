"""What `farun doctor` looks at, and what it says to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import click
import sqlalchemy as sa

from bot import store
from bot.config import Settings
from bot.desk.calendar import WorkCalendar
from bot.store import deliveries, reading, roster
from knowledge.library import Library


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mild`: worth knowing, not broken."""

    subject: str
    ok: bool
    text: str
    mild: bool = False


def examine(settings: Settings) -> list[Finding]:
    """Everything worth checking, in the order in which it would be repaired."""
    engine = store.connect(settings.url)
    found = [Finding("设置", True, "全部可用"), *_knowledge(settings), *_channels(settings)]
    found += _database(settings, engine)
    engine.dispose()
    return found


def _knowledge(settings: Settings) -> Iterator[Finding]:
    if not settings.knowledge_db.exists() or not settings.index_dir.exists():
        yield Finding("知识库", False, f"{settings.data_dir} 里没有，运行 farun build")
        return
    library = Library(settings.knowledge_db)
    entries, today = library.entries(), date.today()
    missing = sorted({str(r.ref) for e in entries for r in e.refs if library.article(r.ref, today) is None})
    late = sum(e.review_due < today for e in entries)
    yield Finding("知识库", True, "，".join(f"{k} {v}" for k, v in library.counts().items()))
    only = "；FARUN_SIGNED_ONLY=on，没签的都转给法律顾问" if settings.signed_only else ""
    told = f"{len(entries)} 条里 {library.signed} 条经律师签过，{late} 条过了复核日期{only}"
    yield Finding("律师审核", library.signed == len(entries), told, mild=True)
    yield Finding("知识库版本", True, f"第 {library.release} 版" if library.release else "没有发布过修订，用的是原文")
    text = f"{len(missing)} 条依据没有原文（条例、司法解释），可用 farun build --corpus 补：{'、'.join(missing[:3])}…" if missing else "依据都有原文"
    yield Finding("法条原文", not missing, text, mild=True)


def _channels(settings: Settings) -> Iterator[Finding]:
    on = [n for n, yes in (("simulated", settings.demo), ("gateway", settings.gateway_secret), ("wecom_aibot", settings.wecom_aibot_token)) if yes]
    yield Finding("通道", bool(on), f"已开：{'、'.join(on)}" if on else "一个也没开：填 FARUN_GATEWAY_SECRET，或 FARUN_WECOM_AIBOT_TOKEN 和 AES_KEY，或 FARUN_DEMO=on")
    if settings.gateway_secret and not settings.gateway_push_url:
        yield Finding("通道 gateway", False, "没填 FARUN_GATEWAY_PUSH_URL，工单、提醒、风险提示都发不出去", mild=True)
    if settings.demo:
        yield Finding("模拟群", False, "FARUN_DEMO=on，正式环境请关掉", mild=True)


def _database(settings: Settings, engine: sa.Engine) -> Iterator[Finding]:
    try:
        current = store.is_current(engine)
    except sa.exc.SQLAlchemyError as e:
        yield Finding("状态库", False, f"连不上（{type(e).__name__}），检查 DATABASE_URL")
        return
    if not current:
        yield Finding("状态库", False, "结构不是最新的，运行 farun migrate")
        return
    yield Finding("状态库", True, f"{engine.dialect.name}，结构最新")
    with reading(engine) as conn:
        yield _clock(conn)
        yield from _calendar(settings, conn)
        yield from _roster(conn)
        waiting = len(deliveries.unsettled(conn))
        yield Finding("投递", not waiting, f"{waiting} 条要人工处理，看 farun deliveries list" if waiting else "没有要人工处理的", mild=True)


def _clock(conn: sa.Connection) -> Finding:
    """The database's clock against ours: signatures and deadlines depend on it."""
    if conn.dialect.name == "sqlite":
        return Finding("时钟", datetime.now(UTC).year >= 2025, f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    there = conn.scalar(sa.select(sa.func.now()))
    off = abs((datetime.now(UTC) - there).total_seconds()) if there else 0.0
    return Finding("时钟", off < 5, f"与数据库差 {off:.1f} 秒" + ("" if off < 5 else "，请校时（NTP）"))


def _calendar(settings: Settings, conn: sa.Connection) -> Iterator[Finding]:
    calendar = WorkCalendar(settings.office_hours, roster.day_overrides(conn))
    year = date.today().year
    unknown = [str(y) for y in (year, year + 1) if not calendar.knows(y)]
    text = f"{'、'.join(unknown)} 年放假安排还没有，先按周末和固定节日算；公布后写进 holidays.csv 导入，见 deploy/roster.md" if unknown else "今明两年都有"
    yield Finding("工作日历", not unknown, text, mild=True)


def _roster(conn: sa.Connection) -> Iterator[Finding]:
    groups, rooms = roster.groups(conn), roster.unbound(conn)
    free, alone = [g for g in groups if not g.room_id], [g for g in groups if not g.advisor_id]
    yield Finding("名册", bool(groups), f"{len(groups)} 个群" if groups else "还没有群，用 farun roster import 导入", mild=True)
    if free:
        yield Finding("绑定", False, f"{len(free)} 个群还没绑定，用 farun roster code 取绑定码，或 farun roster bind", mild=True)
    if rooms:
        yield Finding("绑定", False, f"{len(rooms)} 个房间等着绑定，看 farun roster rooms", mild=True)
    if alone:
        yield Finding("名册", False, f"{len(alone)} 个群没有法律顾问：{'、'.join(g.name for g in alone[:3])}", mild=True)


@click.command(help="检查设置、数据库、知识库、时钟、通道，并说怎么办。")
def doctor() -> None:
    findings = examine(Settings.from_env())
    for f in findings:
        click.echo(f"{'通过' if f.ok else '注意' if f.mild else '有问题'}　{f.subject}：{f.text}")
    if any(not f.ok and not f.mild for f in findings):
        sys.exit(1)


COMMANDS = [doctor]
