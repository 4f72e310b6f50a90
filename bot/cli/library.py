"""Commands about the library: build, law, search, evaluate."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click
import sqlalchemy as sa

from bot import store
from bot.cli.building import bake, build_library, keep, sources
from bot.config import Settings
from bot.domain import SHANGHAI
from bot.errors import FarunError
from bot.store import accuracy as measured
from bot.store import deliveries, messages, quarantine, reading, verdicts
from faq import accuracy as measuring
from faq import evaluate as evaluation
from faq import explain as explaining
from faq.retriever import Retriever
from faq.segment import words
from knowledge import impact
from knowledge.citation import parse
from knowledge.library import Library


@click.command(help="生成知识库和检索索引；没有变化就不重做。")
@click.option("--corpus", "corpora", multiple=True, type=click.Path(exists=True, path_type=Path),
              help="法条库：laws.db、JSONL（可 .gz）或 Markdown 目录；可写多次，前面的优先。不写就下载固定版本。")  # fmt: skip
def build(corpora: tuple[Path, ...]) -> None:
    build_library(Settings.from_env(), corpora)


@click.group(help="查法条。")
def law() -> None:
    """The statutes."""


@law.command(help="看条文的各个版本，比如：farun law show 民法典 1079")
@click.argument("name")
@click.argument("articles", nargs=-1, required=True)
def show(name: str, articles: tuple[str, ...]) -> None:
    library = Library(Settings.from_env().knowledge_db)
    for article in articles:
        ref = parse(f"{name} {article}")
        versions = library.versions(ref) if ref else []
        if not versions:
            raise click.ClickException(f"没有找到 {name} {article}")
        for v in versions:
            until = f"至 {v.valid_to} 止" if v.valid_to else "现行"
            until = "尚未施行" if v.valid_from > date.today() else until
            click.echo(f"{v.ref}　{v.chapter}　{v.valid_from} 起，{until}\n{v.text}\n")


@law.command(name="import", help="导入新的法条（.jsonl、Markdown 目录或 .db），列出受影响的内容并暂停使用。")
@click.argument("corpus", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="只列出影响，什么也不改")
def import_(corpus: Path, dry_run: bool) -> None:
    settings, now = Settings.from_env(), datetime.now(UTC)
    if not settings.knowledge_db.exists():
        raise FarunError("还没有知识库，先运行 farun build")
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
        trial = Path(folder) / "knowledge.db"
        made_from = sources(settings)
        bake(trial, replace(made_from, newer=(*made_from.newer, corpus)))
        old, new = Library(settings.knowledge_db), Library(trial)
        found = impact.touched(old, new, now.astimezone(SHANGHAI).date())
    with store.connect(settings.url).begin() as conn:
        click.echo(_report(conn, found))
        if dry_run:
            return
        for t in found:
            quarantine.hold(conn, dict.fromkeys(t.cited_by, f"{t.ref} {t.since} 起有变"), t.since, now)
            for number in _queued(conn, t):
                deliveries.withhold(conn, number, f"{t.ref} 有变，待复核", now)
    keep(settings, corpus, now)
    build_library(settings)
    click.echo(f"已导入。暂停使用 {len({i for t in found for i in t.cited_by})} 项；看过之后用 farun law reviewed <编号> --by 姓名 恢复。")


def _report(conn: sa.Connection, found: Sequence[impact.Touched]) -> str:
    """The impact list: each changed article with its difference, who cites it, what is queued, what was answered."""
    lines = [f"受影响的条文 {len(found)} 条" + ("。" if found else "：内容没有引用改动的条文。")]
    for t in found:
        lines.append(f"\n■ {t.ref}　{t.since} 起" + (f"（内容现在在{t.moved.ref}）" if t.moved else "（条文没有了）" if t.after is None else ""))
        lines += [t.diff(), f"引用它的：{'、'.join(t.cited_by)}"]
        queued = _queued(conn, t)
        answered = [number for i in t.cited_by for number in messages.answered_from(conn, i)]
        lines += [f"排队中的推送：{'、'.join(map(str, queued))}"] if queued else []
        lines += [f"以前按它答复过的提问 {len(answered)} 条：{'、'.join(map(str, answered[:20]))}"] if answered else []
    return "\n".join(lines)


def _queued(conn: sa.Connection, t: impact.Touched) -> list[int]:
    return [number for i in t.cited_by for number in deliveries.queued(conn, i)]


@law.command(help="列出因法律变动暂停使用的内容。")
def held() -> None:
    with reading(store.connect(Settings.from_env().url)) as conn:
        for row in quarantine.listed(conn):
            click.echo(f"{row.key}\t{row.since} 起\t{row.reason}")


@law.command(help="看过一项暂停使用的内容，恢复使用。")
@click.argument("key")
@click.option("--by", "who", required=True, help="谁看的")
def reviewed(key: str, who: str) -> None:
    with store.connect(Settings.from_env().url).begin() as conn:
        if not quarantine.clear(conn, key, who, datetime.now(UTC)):
            raise FarunError(f"{key} 没有被暂停使用")
    click.echo(f"{key} 已恢复使用。")


@click.command(help="看检索器怎么想：命中的条目、把握、法条；--explain 看每一步。")
@click.argument("question")
@click.option("-k", default=5, show_default=True)
@click.option("--statutes", "articles_only", is_flag=True, help="只在法条里全文检索")
@click.option("--explain", "why", is_flag=True, help="规范后的说法、分词、候选、每个信号的分、最像的说法、为什么答或不答")
@click.option("--json", "as_json", is_flag=True, help="和 --explain 一样，输出 JSON")
def search(question: str, k: int, articles_only: bool, why: bool, as_json: bool) -> None:
    settings = Settings.from_env()
    library = Library(settings.knowledge_db)
    if articles_only:
        for ref, text in library.full_text(words(question), k):
            click.echo(f"{ref}　{text[:60]}")
        return
    found = explaining.explain(Retriever(settings.index_dir, library), question, k)
    if as_json:
        click.echo(json.dumps(explaining.as_json(found), ensure_ascii=False, indent=1))
    elif why:
        click.echo(explaining.as_text(found))
    else:
        for n, c in enumerate(found.candidates, 1):
            click.echo(f"{n}. {c.hit.confidence:.2f}　{c.hit.entry_id}　{c.hit.title}")
        click.echo(f"法条：{'；'.join(map(str, found.references))}\n结论：{found.verdict}")


@click.command(help="用 tests/retrieval 的问题集给检索打分；低于 expected.yaml 就失败。")
@click.option("--set", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("tests/retrieval"))
@click.option("--json", "as_json", is_flag=True, help="只输出 JSON")
@click.option("--run", "run_file", type=click.Path(dir_okay=False, path_type=Path), help="把命中写成 TREC 的 run 文件")
@click.option("--qrels", "qrels_file", type=click.Path(dir_okay=False, path_type=Path), help="把标准答案写成 TREC 的 qrels 文件")
@click.option("--accept", "accepted", is_flag=True, help="认可这一次，以后和它比")
def evaluate(folder: Path, as_json: bool, run_file: Path | None, qrels_file: Path | None, accepted: bool) -> None:
    settings = Settings.from_env()
    library = Library(settings.knowledge_db)
    report = evaluation.run(Retriever(settings.index_dir, library), folder)
    click.echo(json.dumps(report.scores, ensure_ascii=False, indent=1) if as_json else report.text())
    if run_file:
        run_file.write_text(evaluation.trec_run(report), encoding="utf-8")
    if qrels_file:
        qrels_file.write_text(evaluation.trec_qrels(report), encoding="utf-8")
    if report.misses:
        raise click.ClickException("低于 expected.yaml：" + "；".join(report.misses))
    if accepted:
        evaluation.accept(report, folder)


@click.command(help="每个事项答对多少、承诺多少；--measure 现在就重新考一遍。")
@click.option("--measure", is_flag=True, help="现在就考，考不过的事项只由人答")
def accuracy(measure: bool) -> None:
    settings, now = Settings.from_env(), datetime.now(UTC)
    engine = store.connect(settings.url)
    if measure:
        library = Library(settings.knowledge_db)
        retriever = Retriever(settings.index_dir, library)
        with reading(engine) as conn:
            judged = measured.judged(conn, retriever)
        found = measuring.measure(evaluation.golden(retriever, measuring.GOLDEN), library, judged)
        with engine.begin() as conn:
            measured.keep(conn, found, now)
    with reading(engine) as conn:
        when, rows = measured.last(conn)
        said = verdicts.listed(conn)
    if when is None:
        raise FarunError("还没有考过，加 --measure")
    click.echo(f"{when.astimezone(SHANGHAI):%Y-%m-%d %H:%M}　承诺：95% 的下限不低于 {measuring.PROMISE:.0%}（答了 {measuring.ENOUGH} 个以上才算）")
    for m in rows:
        click.echo(f"{m.matter:32} 问 {m.asked:3}　答 {m.answered:3}　对 {m.right:3}　下限 {m.lower:.2f}　{'' if m.kept else '只由人答'}")
    answered, right = sum(m.answered for m in rows), sum(m.right for m in rows)
    click.echo(f"合计：答 {answered}，对 {right}（{right / max(1, answered):.1%}）")
    click.echo(f"顾问核对过 {len(said)} 条答复，认可 {sum(v.right for v in said)} 条")
    for v in said:
        if not v.right:
            click.echo(f"纠错　{v.at.astimezone(SHANGHAI):%Y-%m-%d}　{v.entry_id}　问：{v.question}　顾问说：{v.note or '（没写）'}")


COMMANDS = [build, law, search, evaluate, accuracy]
