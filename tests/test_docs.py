"""The two READMEs, env.example and the deployment files say everything that the code has, and say it alike."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from bot.channels import CHANNELS
from bot.cli import farun
from bot.config import Settings
from bot.dialogue import commands
from faq.evaluate import expected_table

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh-CN.md"]
SETTINGS = [f.metadata for f in fields(Settings)]
FOREIGN = ["/work/", "/tmp/w", "pypi.tuna", "registry.npmjs.org", "files.pythonhosted.org"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def prose(name: str) -> str:
    """The text without its blocks of code."""
    return re.sub(r"```.*?```", "", read(name), flags=re.S)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def documents() -> list[str]:
    """Every Markdown file that a reader may open, committed or about to be."""
    return sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("*.md"), *(ROOT / "deploy").glob("*.md")])


def walk(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(None):
            yield from walk(command.get_command(None, name), (*words, name))
    else:
        yield words


# ------------------------------------------------------------------ complete


@pytest.mark.parametrize("name", READMES)
def test_every_setting_has_a_row_with_its_default(name):
    empty = "empty" if name == "README.md" else "空"
    for meta in SETTINGS:
        row = re.search(rf"^\| `{meta['env']}`[^|]*\| ([^|]+) \| (.+) \|$", read(name), re.M)
        assert row, f"{name}: {meta['env']} is missing"
        assert row[1] == (f"`{meta['default']}`" if meta["default"] else empty), f"{name}: default of {meta['env']}"
        assert row[2].strip()


@pytest.mark.parametrize(("name", "language"), [("README.md", "en"), ("README.zh-CN.md", "zh")])
def test_a_setting_means_in_the_readme_what_it_means_in_the_code(name, language):
    for meta in SETTINGS:
        assert meta[language][1:] in read(name), f"{name}: {meta['env']}"


def test_no_readme_names_a_setting_that_does_not_exist():
    known = {meta["env"] for meta in SETTINGS}
    for name in [*READMES, *documents(), "deploy/env.example"]:
        for word in re.findall(r"\bFARUN_[A-Z_]*[A-Z]", read(name)):
            assert word.removesuffix("_FILE") in known, f"{name}: {word}"


def test_env_example_explains_every_setting_and_shows_its_default():
    text = read("deploy/env.example")
    for meta in SETTINGS:
        shown = re.search(rf"((?:^# .+\n)+)^# {meta['env']}=(.*)$", text, re.M)
        assert shown, f"{meta['env']} is missing, or not explained"
        assert shown[2] == meta["default"], f"default of {meta['env']}"
        assert re.search("[一-鿿]", shown[1]) and re.search("[A-Za-z]{3}", shown[1]), f"{meta['env']}: two languages"
        if meta["secret"]:
            assert f"{meta['env']}_FILE=" in shown[1], f"{meta['env']}: the file is not shown"


def test_env_example_as_it_stands_changes_nothing():
    lines = [line for line in read("deploy/env.example").splitlines() if line and not line.startswith("#")]
    assert lines == []


def test_env_example_uncommented_gives_the_defaults():
    lines = re.findall(r"^# ((?:FARUN_|DATABASE_)[A-Z_]+)=(.*)$", read("deploy/env.example"), re.M)
    assert Settings.from_env(dict(lines)) == Settings.from_env({})


@pytest.mark.parametrize("name", READMES)
def test_every_command_is_in_the_table_of_commands(name):
    rows = "\n".join(line for line in read(name).splitlines() if line.startswith("| `"))
    for words in walk(farun, ("farun",)):
        assert re.search(rf"`{re.escape(' '.join(words))}[ `\[]", rows), f"{name}: {' '.join(words)}"


def test_no_document_names_a_command_that_does_not_exist():
    for name in documents():
        for typed in re.findall(r"(?:^|`|sudo |&& )farun ([a-z-]+(?: [a-z]+)?(?: [a-z]+)?)", read(name), re.M):
            command: click.Command = farun
            for word in typed.split():
                if isinstance(command, click.Group):
                    found = command.get_command(None, word)
                    assert found, f"{name}: farun {typed}"
                    command = found


@pytest.mark.parametrize("name", READMES)
def test_every_option_shown_exists(name):
    for line in re.findall(r"^\s*(?:\| `)?farun (.+)$", read(name), re.M):
        command: click.Command = farun
        words = re.findall(r"[^\s`|]+", line.split("#")[0])
        while isinstance(command, click.Group) and words:
            command = command.get_command(None, words.pop(0))
        known = {opt for p in command.params for opt in [*p.opts, *p.secondary_opts]}
        for option in re.findall(r"(?<!\S)--[a-z-]+", line.split("|")[0].split("#")[0]):
            assert option in known, f"{name}: farun {line}"


@pytest.mark.parametrize("name", READMES)
def test_every_channel_has_its_heading_its_row_and_its_address(name):
    text = read(name)
    for channel in CHANNELS:
        assert f"\n### {channel}\n" in text
        assert f"\n| `{channel}` |" in text
        assert f"/hook/{channel}" in text


@pytest.mark.parametrize("name", READMES)
def test_every_word_that_people_can_type_is_in_the_table(name):
    rows = "\n".join(line for line in read(name).splitlines() if re.match(r"\| [^`|]+ \| `", line))
    for table in (commands._EVERYONE, *commands._OWN.values()):
        for word in table:
            assert re.search(rf"`{word}[ `]", rows), f"{name}: {word}"


@pytest.mark.parametrize("name", documents())
def test_every_make_target_named_exists(name):
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    typed = [*re.findall(r"`([^`\n]+)`", read(name)), *re.findall(r"```(.*?)```", read(name), re.S)]
    for target in re.findall(r"^(?:[A-Z_]+=\S+ )?make ([a-z-]+)", "\n".join(typed), re.M):
        assert target in targets, f"{name}: make {target}"


# ------------------------------------------------------------------ alike


def test_both_readmes_have_the_same_headings_in_the_same_order():
    english, chinese = (re.findall(r"^(#+) ", prose(name), re.M) for name in READMES)
    assert english == chinese
    assert len(english) > 15


def test_both_readmes_have_the_same_commands_links_and_examples():
    def parts(name: str) -> list[list[str]]:
        text = read(name)
        blocks = [re.sub(r"#.*|<[^>]*>|[^\x00-\x7f]+|\s+", "", block) for block in re.findall(r"```(.*?)```", text, re.S)]
        links = sorted(set(re.findall(r"\]\(([^)]+)\)", text)) - set(READMES))
        tables = [str(len(re.findall(r"^\|", part, re.M))) for part in re.split(r"^#+ ", text, flags=re.M)]
        return [blocks, links, tables]

    assert parts(READMES[0]) == parts(READMES[1])


# ------------------------------------------------------------------ true


@pytest.mark.parametrize("name", documents())
def test_every_relative_link_and_image_exists(name):
    text = prose(name)
    for target in [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)]:
        if not re.match(r"[a-z]+:|#", target):
            assert (ROOT / name).parent.joinpath(target.split("#")[0]).exists(), f"{name}: {target}"


@pytest.mark.parametrize("name", READMES)
def test_the_examples_of_an_answer_and_a_notice_can_be_used(name, tmp_path):
    from knowledge.texts import load

    entry, notice = re.findall(r"```yaml\n(.*?)```", read(name), re.S)
    (tmp_path / "entry.yaml").write_text("matter: debt.loan\nentries:\n" + entry, encoding="utf-8")
    (tmp_path / "notice.yaml").write_text(notice, encoding="utf-8")
    assert load(tmp_path / "entry.yaml", "entries").data["entries"][0]["refs"]
    assert load(tmp_path / "notice.yaml", "notice").data["push"]["cron"]


def test_nginx_lets_in_what_farun_lets_in():
    size = re.search(r"client_max_body_size (\d+)k;", read("deploy/nginx.conf"))
    assert size
    assert int(size[1]) * 1024 == Settings.from_env({}).max_body
    open_hooks = re.search(r"\^/hook/\(([a-z_|]+)\)\$", read("deploy/nginx.conf"))
    assert open_hooks
    assert {*open_hooks[1].split("|"), "simulated"} == set(CHANNELS)


def test_every_dependency_is_pinned():
    wanted = re.findall(r'^    "([A-Za-z0-9_.-]+)', read("pyproject.toml").split("[project.scripts]")[0], re.M)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in read("deploy/constraints.txt").splitlines()}
    assert len(wanted) > 20
    for name in wanted:
        assert re.sub(r"[-_.]+", "-", name).lower() in pinned, name


def test_nothing_names_a_developers_machine_or_a_registry():
    for path in tracked():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        for word in FOREIGN:
            assert word not in text, f"{path.relative_to(ROOT)}: {word}"


@pytest.mark.parametrize("name", READMES)
def test_the_table_of_expected_scores_is_that_of_expected_yaml(name):
    assert expected_table(ROOT / "tests" / "retrieval" / "expected.yaml") in read(name)
