"""Editing the library without Git: out to Excel and back, review by somebody else, releases, and the way back."""

import json
import shutil
from datetime import UTC, date, datetime

import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot import store
from bot.cli import building
from bot.cli import editing as command
from bot.config import Settings
from bot.demo import county
from bot.desk import editing
from bot.errors import EditError, FarunError
from bot.store import proposals, revisions, schema
from faq import index
from knowledge import items, workbook
from knowledge.build import CONTENT
from knowledge.citation import numeral
from knowledge.library import Library

ENTRIES = building.ENTRIES
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LAWYER, OTHER = "王律师", "李律师"
WAGES = "老板拖欠我三个月工资，没签合同，咋办"


@pytest.fixture(scope="module")
def small(tmp_path_factory, library):
    """Two matters' entries, the laws they cite, a part of the training texts, the library baked of them, and the demonstration county."""
    folder = tmp_path_factory.mktemp("small")
    for name in ("debt.loan", "family.bride_price"):
        (folder / "entries").mkdir(exist_ok=True)
        shutil.copy(ENTRIES / f"{name}.yaml", folder / "entries")
    for path in index.TRAINING.glob("*.tsv"):
        (folder / "training").mkdir(exist_ok=True)
        (folder / "training" / path.name).write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:200]), encoding="utf-8")
    (folder / "var").mkdir()
    corpus = folder / "laws.jsonl"
    corpus.write_text("\n".join(map(json.dumps, _articles(library))), encoding="utf-8")
    engine = store.connect(f"sqlite:///{folder / 'var' / 'farun.db'}")
    store.upgrade(engine)
    county.seed(engine, NOW)
    engine.dispose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "ENTRIES", folder / "entries")
        patch.setattr(building.statutes, "fetch", lambda _: corpus)
        settings = Settings.from_env({"FARUN_DATA_DIR": str(folder / "var")})
        building.bake(settings.knowledge_db, building.sources(settings))
    return folder


def _articles(library):
    cited = {r.ref.law for e in library.entries() if e.matter in ("debt.loan", "family.bride_price") for r in e.refs}
    for a in library.articles(date(2026, 11, 23)):
        if a.ref.law in cited:
            base, _, inserted = a.ref.article.partition("之")
            heading = f"第{numeral(int(base))}条" + (f"之{inserted}" if inserted else "")
            yield {"law": a.ref.law, "version": str(a.version), "category": "法律", "chapter": a.chapter, "article": heading, "text": a.text}


@pytest.fixture
def office(small, tmp_path, monkeypatch):
    """A copy of the small library with its state database. Runs `farun library ...`."""
    home = tmp_path / "var"
    shutil.copytree(small / "var", home)
    monkeypatch.setattr(building, "ENTRIES", small / "entries")
    monkeypatch.setattr(building.statutes, "fetch", lambda _: small / "laws.jsonl")
    monkeypatch.setattr(index, "TRAINING", small / "training")
    monkeypatch.setenv("FARUN_DATA_DIR", str(home))
    engine = store.connect(f"sqlite:///{home / 'farun.db'}")

    def farun(*words):
        result = CliRunner().invoke(command.library, [str(w) for w in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    farun.engine, farun.settings = engine, Settings.from_env()
    yield farun
    engine.dispose()


def edited(path, sheet, key, title, value):
    """Write into the cell of an id's row."""
    book = openpyxl.load_workbook(path)
    page = book[sheet]
    column = [c.value for c in page[1]].index(title) + 1
    row = next(r for r in range(2, page.max_row + 1) if page.cell(r, 1).value == key)
    page.cell(row, column).value = value
    book.save(path)


# ------------------------------------------------------------------ Excel


def test_the_library_goes_out_to_excel_and_back_without_loss(tmp_path):
    everything = items.read(ENTRIES, CONTENT)
    third = {kind: dict([*those.items()][::3]) for kind, those in everything.of.items()}  # of each kind: time is short
    workbook.write({kind: those.values() for kind, those in third.items()}, tmp_path / "all.xlsx")
    back = workbook.read(tmp_path / "all.xlsx", "farun")
    assert len(back.items) == sum(map(len, third.values())) > 300
    assert [key for (kind, key), item in back.items.items() if not editing.same(items.plain(third[kind][key]), item)] == []


def test_an_untouched_workbook_changes_nothing(office, tmp_path):
    office("export", tmp_path / "a.xlsx")
    assert "没有变化" in office("import", tmp_path / "a.xlsx", "--by", LAWYER)


def test_one_row_is_one_question_and_a_dry_run_changes_nothing(office, tmp_path):
    office("export", tmp_path / "a.xlsx", "--matter", "debt.loan")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    book["问法"].append(["debt.loan.iou-unpaid", "舅子打了白条赖着不给咋个办"])
    book.save(tmp_path / "a.xlsx")
    told = office("import", tmp_path / "a.xlsx", "--by", LAWYER, "--dry-run")
    assert "修改 debt.loan.iou-unpaid" in told
    assert "+- 舅子打了白条赖着不给咋个办" in told
    assert office("drafts") == ""
    assert "已存成待审的稿子" in office("import", tmp_path / "a.xlsx", "--by", LAWYER)
    assert "debt.loan.iou-unpaid\t待审" in office("drafts")
    assert "没有变化" in office("import", tmp_path / "a.xlsx", "--by", LAWYER)  # the draft says it already


def test_every_bad_row_is_named_and_nothing_is_changed(office, tmp_path):
    office("export", tmp_path / "a.xlsx", "--matter", "debt.loan")
    edited(tmp_path / "a.xlsx", "条目", "debt.loan.interest", "答复", "短")
    edited(tmp_path / "a.xlsx", "条目依据", "debt.loan.no-iou", "条", "79条")
    edited(tmp_path / "a.xlsx", "条目依据", "debt.loan.spouse", "款", "二")
    edited(tmp_path / "a.xlsx", "条目", "debt.loan.dodge", "标题", "=1+1")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    book["问法"].append(["debt.loan.nowhere", "没有这一条"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(Exception, match="条目 第") as caught:
        office("import", tmp_path / "a.xlsx", "--by", LAWYER)
    told = str(caught.value).splitlines()
    assert len(told) == 5
    for part in ("（debt.loan.interest）：长度不对", "“79条”的写法不对", "“款”要写数字，写的是“二”", "“标题”里是公式", "编号“debt.loan.nowhere”在前面的表里没有"):
        assert any(part in line and "第" in line for line in told), (part, told)
    assert office("drafts") == ""


def test_a_bad_row_is_named_by_its_own_sheets_column(office, tmp_path):
    office("export", tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    book["材料项"].cell(2, 2).value = None
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(Exception, match="材料项 第 2 行"):
        office("import", tmp_path / "a.xlsx", "--by", LAWYER)
    book["材料项"].cell(2, 2).value = "长" * 200
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(Exception, match="材料项 第 2 行 材料（") as caught:
        office("import", tmp_path / "a.xlsx", "--by", LAWYER)
    assert len(str(caught.value).splitlines()) == 1


def test_what_the_law_does_not_carry_is_refused(office, tmp_path):
    office("export", tmp_path / "a.xlsx", "--matter", "debt.loan")
    edited(tmp_path / "a.xlsx", "条目依据", "debt.loan.iou-unpaid", "条", "9999")
    edited(tmp_path / "a.xlsx", "条目", "debt.loan.interest", "答复", "这种官司您一定能赢，放心去告，打 12399 就行。")
    with pytest.raises(EditError) as caught:
        office("import", tmp_path / "a.xlsx", "--by", LAWYER)
    told = "\n".join(caught.value.problems)
    assert "没有这一条" in told
    assert "不能这么说：“一定能赢”" in told
    assert "电话 12399 不在电话表里" in told


@pytest.mark.parametrize(("title", "value"), [("状态", "reviewed"), ("审核人", "王律师"), ("审核日", "2026-11-01")])
def test_nobody_claims_a_review_in_the_table(office, tmp_path, title, value):
    office("export", tmp_path / "a.xlsx", "--matter", "debt.loan")
    edited(tmp_path / "a.xlsx", "条目", "debt.loan.interest", title, value)
    with pytest.raises(EditError, match=f"“{title}”由审核产生"):
        office("import", tmp_path / "a.xlsx", "--by", LAWYER)


def test_a_file_that_is_no_workbook_is_said(office, tmp_path):
    (tmp_path / "a.xlsx").write_text("编号,标题")
    with pytest.raises(Exception, match=r"a.xlsx：打不开，要 .xlsx 文件"):
        office("import", tmp_path / "a.xlsx", "--by", LAWYER)


def test_only_people_of_the_roster_edit(office, tmp_path):
    office("export", tmp_path / "a.xlsx", "--matter", "debt.loan")
    for who in ("路人", "陈支书"):
        with pytest.raises(EditError, match="名册里"):
            office("import", tmp_path / "a.xlsx", "--by", who)


# ------------------------------------------------------------------ review


def draft(engine, answer, author="demo-wang"):
    with engine.begin() as conn:
        kind, item = editing.find(items.read(building.ENTRIES, CONTENT), "debt.loan.interest")
        edit = editing.Edit(kind, item["id"], items.plain(item), {**items.plain(item), "answer": answer})
        return editing.take_in(conn, [edit], author, NOW, [7])[0]


def test_the_author_does_not_review_and_a_draft_is_decided_once(office):
    number = draft(office.engine, "利息有上限，超过的部分可以不给，已经给了的能要回来。")
    with pytest.raises(EditError, match="自己写的"):
        office("review", number, "--by", LAWYER)
    assert "已审核" in office("review", number, "--by", OTHER)
    with pytest.raises(EditError, match="已经是“已审，待发布”"):
        office("review", number, "--by", OTHER)
    with pytest.raises(EditError, match="没有修订 999"):
        office("review", 999, "--by", OTHER)


def test_a_refused_draft_keeps_its_reason_and_never_comes_out(office):
    number = draft(office.engine, "利息有上限，超过的部分可以不给，已经给了的能要回来。")
    assert "已退回" in office("review", number, "--by", OTHER, "--refuse", "没写清从哪天算")
    with office.engine.connect() as conn:
        assert revisions.get(conn, [number])[0].note == "没写清从哪天算"
        with pytest.raises(EditError, match="没有已审"):
            editing.coming(conn)


def test_a_newer_draft_takes_the_place_of_the_older(office):
    first = draft(office.engine, "利息有上限，超过的部分可以不给，已经给了的能要回来。")
    second = draft(office.engine, "利息不能没有边，超过上限的部分可以不给，给了的能要回。")
    with office.engine.connect() as conn:
        assert [r.id for r in revisions.with_status(conn, "draft")] == [second]
        assert revisions.get(conn, [first])[0].status == "replaced"


# ------------------------------------------------------------------ releases


def test_releases_are_measured_put_in_place_listed_and_taken_back(office, tmp_path):
    answer = "利息有上限，超过的部分可以不给，已经给了的能要回来。"
    number = draft(office.engine, answer)
    office("review", number, "--by", OTHER)
    office("sign", "debt.loan.spouse", "--by", LAWYER)
    questions = tmp_path / "questions"
    questions.mkdir()
    (questions / "questions.tsv").write_text("text\tentries\n借钱利息太高了咋办\tdebt.loan.interest\n", encoding="utf-8")
    (questions / "expected.yaml").write_text("at_least: {top5: 1.1}\n", encoding="utf-8")
    with pytest.raises(FarunError, match="没有发布，问题集没过：top5"):
        office("publish", "--by", OTHER, "--set", questions)
    assert Library(office.settings.knowledge_db).release == 0  # nothing was put in place
    (questions / "expected.yaml").write_text("at_least: {top5: 0.0}\n", encoding="utf-8")

    assert "第 1 版已发布，修订 2 项，其中新的 2 项" in office("publish", "--by", OTHER, "--note", "利息", "--set", questions)
    library = Library(office.settings.knowledge_db)
    assert (library.release, library.signed) == (1, 2)
    assert library.entry("debt.loan.interest").answer == answer
    told = office("releases", 1)
    assert f"+answer: {answer}" in told
    assert "作者 demo-wang，审核 demo-li　来自工单 7" in told
    with pytest.raises(EditError, match="没有已审"):
        office("publish", "--by", OTHER, "--set", questions)

    assert not building.bake(office.settings.knowledge_db, building.sources(office.settings))  # a build keeps the release
    assert "第 2 版已发布，修订 0 项" in office("rollback", 0, "--by", OTHER, "--set", questions)
    library = Library(office.settings.knowledge_db)
    assert (library.release, library.signed) == (2, 0)
    assert library.entry("debt.loan.interest").answer != answer
    assert "第 2 版" in office("releases")


def test_two_releases_at_once_make_one(office):
    draft_number = draft(office.engine, "利息有上限，超过的部分可以不给，已经给了的能要回来。")
    office("review", draft_number, "--by", OTHER)
    with office.engine.begin() as conn:
        coming = editing.coming(conn)
        editing.publish(conn, coming, "demo-li", "", {}, NOW)
    with office.engine.begin() as conn, pytest.raises(EditError, match="刚刚有人发布了另一版"):
        editing.publish(conn, coming, "demo-li", "", {}, NOW)


# ------------------------------------------------------------------ on both engines


def test_revisions_and_releases_are_the_same_on_both_engines(engine):
    body = {"id": "a.b", "author": "x", "status": "drafted", "reviewed_on": None}
    with engine.begin() as conn:
        one = revisions.draft(conn, "entry", "a.b", body, "x", NOW, [3])
        gone = revisions.draft(conn, "entry", "a.c", None, "x", NOW)
        assert revisions.decide(conn, one, "reviewed", "y", NOW)
        assert not revisions.decide(conn, one, "refused", "y", NOW)
        assert revisions.decide(conn, gone, "reviewed", "y", NOW)
        editing.publish(conn, editing.coming(conn), "y", "第一版", {"top1": 0.7}, NOW)
    with engine.connect() as conn:
        number, laid_over = revisions.current(conn)
        assert number == 1
        assert laid_over[0].body == {**body, "status": "reviewed", "reviewer": "y", "reviewed_on": "2026-11-23"}
        assert laid_over[1].body is None
        assert revisions.releases(conn)[0].scores == {"top1": 0.7}


# ------------------------------------------------------------------ what is answered


def test_with_signed_only_an_unsigned_answer_goes_to_the_advisor(signed_only):
    assert "还没有律师签过字" in signed_only.ask(WAGES)


def test_a_message_remembers_the_release_it_was_answered_from(liu, engine):
    liu.ask(WAGES)
    with engine.connect() as conn:
        row = conn.execute(sa.select(schema.message.c.release, schema.message.c.library)).one()
    assert row.release == 0
    assert len(row.library) == 12


def test_index_is_swapped_whole(tmp_path):
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "meta.json").write_text(name)
    index.swap(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "meta.json").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


def test_near_duplicates_are_found_across_entries_only():
    from knowledge.checks import near_duplicates

    one = {"id": "a", "questions": ["村里修路占了我家两分地咋赔", "修路占地"]}
    other = {"id": "b", "questions": ["村里修路占了我家两分地咋赔哦", "占了地没赔钱找谁说去"]}
    assert near_duplicates([one, other]) == [("a", "村里修路占了我家两分地咋赔", "b", "村里修路占了我家两分地咋赔哦")]
    assert near_duplicates([one]) == []


def test_the_day_of_a_check_decides_the_law(library):
    from knowledge.checks import faults

    item = {"id": "x", "refs": [{"law": "生态环境法典", "article": "1054", "says": "生态环境民事诉讼时效期间为五年"}], "answer": "五年。"}
    assert faults(item, library, date(2026, 11, 22)) == []
    assert "没有这一条，或者现在不施行" in faults(item, library, date(2026, 1, 1))[0]


# ------------------------------------------------------------------ proposals


def test_an_accepted_proposal_comes_out_with_its_tickets(office, tmp_path):
    words = proposals.Proposal(0, "phrasing", "debt.loan.interest", "debt.loan", ("放水钱的利滚利咋个认",), "", (1,), (31, 32), "open", NOW)
    missing = proposals.Proposal(0, "entry", None, "debt.loan", ("借出去的谷子没还，能不能要钱",), "借谷子也是借，可以折成钱要。", (2,), (33,), "open", NOW)
    with office.engine.begin() as conn:
        first, second = proposals.add(conn, words), proposals.add(conn, missing)
    assert "放水钱的利滚利咋个认" in office("proposals")
    assert "已存成待审的稿子" in office("accept", first, "--by", LAWYER)
    assert "来自工单 31、32" in office("drafts")
    with pytest.raises(FarunError, match="缺的是条目"):
        office("accept", second, "--by", LAWYER)
    office("proposals", second, "--to", tmp_path / "p.xlsx")
    with pytest.raises(Exception, match="缺少|条数不对"):
        office("import", tmp_path / "p.xlsx", "--by", LAWYER, "--proposal", second)
    key = f"debt.loan.proposal-{second}"
    book = openpyxl.load_workbook(tmp_path / "p.xlsx")
    titles = [c.value for c in book["条目"][1]]
    row = {"标题": "借谷子不还", "步骤": "先写清借了多少。\n谈不拢到法院起诉。", "去哪里": "县法院", "念稿": "借了谷子不还，可以折成钱来要，谈不拢到法院起诉。",
           "答复": "借谷子也是借，可以要他还谷子，也可以谈好折成钱还。", "依据施行日": "2021-01-01", "复核到期": "2027-05-31"}
    for title, value in row.items():
        book["条目"].cell(2, titles.index(title) + 1).value = value
    for question in ("借粮不还", "借了谷子赖账", "粮食借出去要不回", "借给他两担谷子不认"):
        book["问法"].append([key, question])
    book["条目依据"].append([key, "民法典", 675, None, None, "借款人应当按照约定的期限返还借款"])
    book.save(tmp_path / "p.xlsx")
    office("import", tmp_path / "p.xlsx", "--by", LAWYER, "--proposal", second)
    assert f"{key}\t待审\t作者 demo-wang　审核 —　来自工单 33" in office("drafts")
    assert office("proposals") == ""
    with pytest.raises(FarunError, match="没有还没处理的建议"):
        office("decline", second, "--by", LAWYER)
