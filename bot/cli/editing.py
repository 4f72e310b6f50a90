"""`farun library`: edit the library without Git. Out to Excel and back, review, numbered releases, proposals."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import sqlalchemy as sa

from bot.cli.building import bake, install, sources
from bot.cli.state import reading, writing
from bot.config import Settings
from bot.desk import editing, mining
from bot.desk.editing import Coming
from bot.domain import SHANGHAI
from bot.errors import FarunError
from bot.store import accuracy, proposals, revisions
from bot.store.revisions import Revision
from faq import evaluate as evaluation
from faq import index
from faq.accuracy import measure
from faq.retriever import Retriever
from knowledge import checks, workbook
from knowledge.build import Sources
from knowledge.items import Items, Revised, plain
from knowledge.items import read as read_items
from knowledge.library import Library

WHO = click.option("--by", "who", required=True, help="谁做的：名册里法律顾问或司法局人员的姓名或编号")
QUESTIONS = click.option("--set", "questions", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("tests/retrieval"),
                         help="发布前要过的问题集")  # fmt: skip


@click.group(help="不用 Git 改知识库：导出 Excel、导入、审核、发布、退回。")
def library() -> None:
    """The library."""


# ------------------------------------------------------------------ Excel


@library.command(help="导出成 Excel：一行一个问法、一行一条依据。--drafts 把还没发布的稿子也写进去。")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--matter", help="只要这个事项的")
@click.option("--drafts", is_flag=True, help="连待审、待发布的稿子")
def export(target: Path, matter: str | None, drafts: bool) -> None:
    settings = Settings.from_env()
    with reading(settings) as conn:
        more = _as_revised(revisions.with_status(conn, "reviewed", "draft")) if drafts else ()
    items = _items(settings, more)
    of = {kind: [i for i in those.values() if matter in (None, i.get("matter"))] for kind, those in items.of.items()}
    if not any(of.values()):
        raise FarunError(f"没有事项“{matter}”的内容")
    workbook.write(of, target)
    click.echo(f"已写 {target}：" + "，".join(f"{_KINDS[kind]} {len(those)}" for kind, those in of.items()))


@library.command(name="import", help="导入改过的 Excel：按编号增加或修改，没写到的不动；有一处不对就什么也不改。改动先成为待审的稿子。")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@WHO
@click.option("--dry-run", is_flag=True, help="只说会改什么，不改")
@click.option("--proposal", type=int, help="这是对第几号建议的处理")
def import_(source: Path, who: str, dry_run: bool, proposal: int | None) -> None:
    settings, now = Settings.from_env(), datetime.now(UTC)
    with reading(settings) as conn:
        author = editing.editor(conn, who)
        more = _as_revised(revisions.with_status(conn, "reviewed", "draft"))
        source_of = _open_proposal(conn, proposal) if proposal else None
    edits = editing.plan(workbook.read(source, author), _items(settings, more), _built(settings), now.astimezone(SHANGHAI).date())
    for edit in edits:
        click.echo(f"{edit}\n{editing.difference(edit.old, edit.new)}\n")
    if dry_run or not edits:
        click.echo("以上是试运行，什么也没有改。" if dry_run else "没有变化。")
        return
    with writing(settings) as conn:  # nothing slow in here: the groups' messages wait for it
        numbers = editing.take_in(conn, edits, author, now, source_of.tickets if source_of else ())
        if source_of and not proposals.decide(conn, source_of.id, "accepted", author, now, numbers):
            raise FarunError(f"建议 {source_of.id} 刚刚被别人处理了")
    click.echo(f"已存成待审的稿子：{'、'.join(map(str, numbers))}。请别人看过后运行 farun library review <编号> --by 姓名")


# ------------------------------------------------------------------ drafts and review


@library.command(help="列出还没发布的修订。")
def drafts() -> None:
    with reading(Settings.from_env()) as conn:
        for r in revisions.with_status(conn, "draft", "reviewed"):
            tickets = f"　来自工单 {'、'.join(map(str, r.tickets))}" if r.tickets else ""
            click.echo(f"{r.id}\t{r.key}\t{editing.STATUS[r.status]}\t作者 {r.author}　审核 {r.reviewer or '—'}{tickets}")


@library.command(help="看一个修订改了什么。")
@click.argument("number", type=int)
def diff(number: int) -> None:
    settings = Settings.from_env()
    with reading(settings) as conn:
        found = revisions.get(conn, [number])
    if not found:
        raise FarunError(f"没有修订 {number}")
    now_there = _items(settings).of[found[0].kind].get(found[0].key)
    click.echo(f"{found[0].key}\n{editing.difference(now_there, found[0].body) or '与现在一样'}")


@library.command(help="审核通过稿子；作者自己不能审。--refuse 写明理由就是退回。")
@click.argument("numbers", type=int, nargs=-1, required=True)
@WHO
@click.option("--refuse", default="", help="退回的理由")
def review(numbers: tuple[int, ...], who: str, refuse: str) -> None:
    with writing(Settings.from_env()) as conn:
        editing.review(conn, numbers, editing.editor(conn, who), datetime.now(UTC), refuse)
    click.echo("已退回。" if refuse else "已审核。发布：farun library publish --by 姓名")


@library.command(help="律师照原文签：看过这些内容，一字不改。")
@click.argument("keys", nargs=-1, required=True)
@WHO
def sign(keys: tuple[str, ...], who: str) -> None:
    settings = Settings.from_env()
    items = _items(settings)
    with writing(settings) as conn:
        numbers = editing.sign(conn, items, keys, editing.editor(conn, who), datetime.now(UTC))
    click.echo(f"已签 {len(numbers)} 项，发布后生效。")


@library.command(help="拟撤下一项内容；也要别人审核、再发布才生效。")
@click.argument("key")
@WHO
def withdraw(key: str, who: str) -> None:
    settings = Settings.from_env()
    items = _items(settings)
    with writing(settings) as conn:
        number = editing.withdraw(conn, items, key, editing.editor(conn, who), datetime.now(UTC))
    click.echo(f"已存成待审的稿子：{number}")


# ------------------------------------------------------------------ releases


@library.command(help="发布所有已审的修订：先试做一份、过一遍问题集，通过了才换上；正在运行的进程 10 秒内用上。")
@WHO
@click.option("--note", default="", help="这一版说明")
@QUESTIONS
def publish(who: str, note: str, questions: Path) -> None:
    settings = Settings.from_env()
    with reading(settings) as conn:
        by, coming = editing.editor(conn, who), editing.coming(conn)
    _release(settings, coming, by, note, questions)


@library.command(help="退回到以前的一版（0 是没有修订的原文）；这也是新的一版。")
@click.argument("number", type=int)
@WHO
@QUESTIONS
def rollback(number: int, who: str, questions: Path) -> None:
    settings = Settings.from_env()
    with reading(settings) as conn:
        by, coming = editing.editor(conn, who), editing.back_to(conn, number)
    _release(settings, coming, by, f"退回到第 {number} 版", questions)


def _release(settings: Settings, coming: Coming, by: str, note: str, questions: Path) -> None:
    """Bake and measure it on the side; only what passes becomes the release, and only then it is put in place."""
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as name:
        folder, now = Path(name), datetime.now(UTC)
        with reading(settings) as conn:
            laid_over = revisions.laid_over(conn, coming.revisions)
        bake(folder / "knowledge.db", replace(sources(settings), release=coming.number, revised=laid_over))
        trial = Library(folder / "knowledge.db")
        index.build(trial, folder / "index", now.astimezone(SHANGHAI).date())
        retriever = Retriever(folder / "index", trial)
        report = evaluation.run(retriever, questions)
        if report.misses:
            raise FarunError("没有发布，问题集没过：" + "；".join(report.misses))
        with reading(settings) as conn:
            judged = accuracy.judged(conn, retriever)
        measured = measure(report.asked, trial, judged)
        with writing(settings) as conn:
            editing.publish(conn, coming, by, note, report.scores, now)
            accuracy.keep(conn, measured, now)
        install(settings, folder)
    click.echo(f"第 {coming.number} 版已发布，修订 {len(coming.revisions)} 项，其中新的 {len(coming.fresh)} 项。")


@library.command(help="列出各版；写上版号就看这一版比上一版（或 --since 那一版）改了什么、来自哪些工单。")
@click.argument("number", type=int, required=False)
@click.option("--since", type=int, help="和哪一版比")
def releases(number: int | None, since: int | None) -> None:
    with reading(Settings.from_env()) as conn:
        made = {r.number: r for r in revisions.releases(conn)}
        if number is None:
            for r in made.values():
                click.echo(f"第 {r.number} 版\t{r.made_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}\t{r.made_by}\t修订 {len(r.revisions)} 项\t{r.note}")
            return
        if number not in made:
            raise FarunError(f"没有第 {number} 版")
        before = made.get(number - 1 if since is None else since)
        for old, new in editing.changed(conn, before.revisions if before else (), made[number].revisions):
            click.echo(_changed(old, new))


def _changed(old: Revision | None, new: Revision | None) -> str:
    it = new or old
    assert it is not None
    told = f"来自工单 {'、'.join(map(str, it.tickets))}" if it.tickets else ""
    signed = f"作者 {it.author}，审核 {it.reviewer}" if new else "回到原文"
    return f"■ {it.key}　{signed}　{told}\n{editing.difference(old.body if old else None, new.body if new else None)}\n"


# ------------------------------------------------------------------ proposals


@library.command(help="从没答上来的提问和顾问的答复里找：哪些问法该补进条目，缺哪些条目。列成建议，由人决定。")
@click.option("--days", default=90, show_default=True, help="看最近多少天的")
def mine(days: int) -> None:
    settings, now = Settings.from_env(), datetime.now(UTC)
    built = _built(settings)
    with reading(settings) as conn:
        asked = proposals.unanswered(conn, now - timedelta(days=days))
    made = mining.propose(asked, Retriever(settings.index_dir, built), built, now)
    with writing(settings) as conn:
        numbers = [proposals.add(conn, p) for p in made]
    click.echo(f"看了 {len(asked)} 个提问，新建议 {len(numbers)} 条。看：farun library proposals")


@library.command(name="proposals", help="列出还没处理的建议；写上编号就看全文，--to 写成 Excel 去补全。")
@click.argument("number", type=int, required=False)
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="写成 Excel，补全后用 import --proposal 导入")
def proposals_(number: int | None, target: Path | None) -> None:
    settings = Settings.from_env()
    with reading(settings) as conn:
        if number is None:
            for p in proposals.listed(conn):
                click.echo(f"{p.id}\t{p.entry_id or f'缺条目（{p.matter}）'}\t{len(p.questions)} 个问法\t{p.questions[0]}")
            return
        p = _open_proposal(conn, number)
    click.echo("\n".join([f"建议 {p.id}：{p.entry_id or '缺条目'}", *p.questions, f"顾问答复：{p.answer or '还没有'}", f"来自工单：{'、'.join(map(str, p.tickets)) or '无'}"]))
    if target:
        item = mining.with_questions(editing.find(_items(settings), p.entry_id)[1], p) if p.entry_id else mining.drafted(p)
        workbook.write({"entry": [item]}, target)
        click.echo(f"已写 {target}。补全后：farun library import {target} --by 姓名 --proposal {p.id}")


@library.command(help="接受一条补问法的建议：成为待审的稿子。--entry 改放到别的条目。")
@click.argument("number", type=int)
@WHO
@click.option("--entry", "key", help="放到这个条目")
def accept(number: int, who: str, key: str | None) -> None:
    settings, now = Settings.from_env(), datetime.now(UTC)
    with reading(settings) as conn:
        by, p = editing.editor(conn, who), _open_proposal(conn, number)
        drafts_ = _as_revised(revisions.with_status(conn, "reviewed", "draft"))
    items = _items(settings, drafts_)
    with writing(settings) as conn:
        if not (key or p.entry_id):
            raise FarunError(f"建议 {number} 缺的是条目：先 farun library proposals {number} --to 文件.xlsx，补全后导入；或用 --entry 指明条目")
        kind, item = editing.find(items, key or p.entry_id or "")
        edit = editing.Edit(kind, item["id"], plain(item), mining.with_questions(plain(item), p))
        made = editing.take_in(conn, [edit], by, now, p.tickets)
        if not proposals.decide(conn, number, "accepted", by, now, made):
            raise FarunError(f"建议 {number} 刚刚被别人处理了")
    click.echo(f"已存成待审的稿子：{made[0]}")


@library.command(help="不接受一条建议。")
@click.argument("number", type=int)
@WHO
def decline(number: int, who: str) -> None:
    with writing(Settings.from_env()) as conn:
        _open_proposal(conn, number)
        proposals.decide(conn, number, "refused", editing.editor(conn, who), datetime.now(UTC))
    click.echo("已放下这条建议。")


def _open_proposal(conn: sa.Connection, number: int) -> proposals.Proposal:
    found = proposals.get(conn, number)
    if found is None or found.status != "open":
        raise FarunError(f"没有还没处理的建议 {number}")
    return found


# ------------------------------------------------------------------ checks


@library.command(help="检查全部内容：依据、电话、说法、句子长短、重复的问法、没有出处的数字。")
def check() -> None:
    settings = Settings.from_env()
    items, built, today = _items(settings), _built(settings), datetime.now(SHANGHAI).date()
    found = [f"{key}：{fault}" for those in items.of.values() for key, item in those.items() for fault in checks.faults(item, built, today)]
    found += [f"{a} 和 {b} 的问法几乎一样：“{q}”“{r}”" for a, q, b, r in checks.near_duplicates(items.of["entry"].values())]
    for line in found:
        click.echo(line)
    if found:
        raise FarunError(f"有 {len(found)} 处要改")
    click.echo("没有发现问题。")


# ------------------------------------------------------------------ what they need

_KINDS = {"entry": "条目", "case": "案例", "notice": "通知", "materials": "材料清单", "service": "服务点"}


def _items(settings: Settings, more: tuple[Revised, ...] = ()) -> Items:
    """All items as the current release has them, and with unreleased revisions over them."""
    made_from: Sources = sources(settings)
    return read_items(made_from.entries, made_from.content, (*made_from.revised, *more))


def _as_revised(found: list[Revision]) -> tuple[Revised, ...]:
    return tuple(Revised(r.kind, r.key, r.body) for r in found)


def _built(settings: Settings) -> Library:
    if not settings.knowledge_db.exists():
        raise FarunError("还没有知识库，先运行 farun build")
    return Library(settings.knowledge_db)


COMMANDS = [library]
