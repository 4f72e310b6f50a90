"""Commands about the library: build, law, search, evaluate."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from bot.cli.building import build_library
from bot.config import Settings
from faq import evaluate as evaluation
from faq.retriever import Retriever
from faq.segment import words
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


@click.command(help="看检索器怎么想：命中的条目、把握、法条。")
@click.argument("question")
@click.option("-k", default=5, show_default=True)
@click.option("--statutes", "articles_only", is_flag=True, help="只在法条里全文检索")
def search(question: str, k: int, articles_only: bool) -> None:
    settings = Settings.from_env()
    library = Library(settings.knowledge_db)
    if articles_only:
        for ref, text in library.full_text(words(question), k):
            click.echo(f"{ref}　{text[:60]}")
        return
    retriever = Retriever(settings.index_dir, library)
    result = retriever.search(question, k=k)
    danger = retriever.danger(question)
    click.echo(f"分词：{' '.join(words(question))}\n是法律问题：{result.legal:.2f}　危险：{danger.kind if danger else '无'}")
    for n, hit in enumerate(result.hits, 1):
        click.echo(f"{n}. {hit.confidence:.2f}　{hit.entry_id}　{hit.title}")
    click.echo("法条：" + "；".join(map(str, result.references)))


@click.command(help="用 tests/retrieval 的问题集给检索打分；低于 expected.yaml 就失败。")
@click.option("--set", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("tests/retrieval"))
@click.option("--json", "as_json", is_flag=True, help="只输出 JSON")
def evaluate(folder: Path, as_json: bool) -> None:
    settings = Settings.from_env()
    library = Library(settings.knowledge_db)
    report = evaluation.run(Retriever(settings.index_dir, library), folder)
    click.echo(json.dumps(report.scores, ensure_ascii=False, indent=1) if as_json else report.text())
    if report.misses:
        raise click.ClickException("低于 expected.yaml：" + "；".join(report.misses))


COMMANDS = [build, law, search, evaluate]
