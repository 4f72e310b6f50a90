"""The roster's files: what a clerk fills in, what is refused and why, and what an import changes."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml
from click.testing import CliRunner, Result

from bot import store
from bot.cli import main
from bot.cli.roster import roster as command
from bot.desk import register as desk
from bot.desk.register import sheets, writing
from bot.desk.register.columns import KINDS
from bot.errors import FarunError, RosterError
from bot.store import reading, register, roster, schema
from bot.store.register import Group, Holiday, Identity, Leave, Person, Region

EXAMPLE = Path(__file__).parent.parent.parent / "deploy" / "roster-example.yaml"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

COUNTY = """
regions:
  - {id: county, name: 某县, level: county}
  - {id: town, name: 某镇, level: town, parent: county}
  - {id: village, name: 某村, level: village, parent: town}
people:
  - {id: wang, name: 王律师, role: advisor, phone: 0571-1234567}
  - {id: li, name: 李律师, role: advisor}
  - {id: zhang, name: 张科长, role: officer, region: county}
identities:
  - {channel: gateway, sender_id: wx-wang, person: wang, room_id: dm-wang}
groups:
  - {id: g1, name: 某村群, kind: village, mode: auto, region: village, advisor: wang, deputy: li}
leaves:
  - {person: wang, first_day: 2026-12-01, last_day: 2026-12-05}
holidays:
  - {day: 2027-02-08, working: false, name: 春节}
"""

Take = Callable[..., desk.Plan]
Refused = Callable[..., list[str]]
Farun = Callable[..., Result]


@pytest.fixture
def take(engine: sa.Engine, tmp_path: Path) -> Take:
    """Import a text as a file of this name; in a transaction, as the command does."""

    def taken(text: str | bytes, name: str = "roster.yaml", now: datetime = NOW) -> desk.Plan:
        file = tmp_path / "in" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        with engine.begin() as conn:
            return desk.take_in(conn, sheets.read(file), "roster.import", name, now)

    return taken


@pytest.fixture
def county(take: Take) -> Take:
    take(COUNTY)
    return take


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """The county in a database that nothing changes: whether a row is right is no question to the engine."""
    folder = tmp_path_factory.mktemp("standing")
    engine = store.connect(f"sqlite:///{folder / 'farun.db'}")
    schema.metadata.create_all(engine)
    (folder / "roster.yaml").write_text(COUNTY, encoding="utf-8")
    with engine.begin() as conn:
        desk.take_in(conn, sheets.read(folder / "roster.yaml"), "roster.import", "", NOW)
    yield engine
    engine.dispose()


@pytest.fixture
def refused(standing: sa.Engine, tmp_path: Path) -> Refused:
    """The problems of an import over the county."""

    def problems(text: str | bytes, name: str = "roster.yaml") -> list[str]:
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        with reading(standing) as conn, pytest.raises(RosterError) as e:
            desk.plan(conn, sheets.read(tmp_path / name))
        return list(e.value.problems)

    return problems


@pytest.fixture
def farun(database_url: str) -> Farun:
    def run(*words: str) -> Result:
        return CliRunner().invoke(command, list(words), env={"DATABASE_URL": database_url})

    return run


def dump(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    tables = ("region", "person", "identity", "group_", "leave", "holiday", "audit")
    with reading(engine) as conn:
        found = {t: conn.execute(sa.select(schema.metadata.tables[t])).all() for t in tables}
    return {t: sorted((tuple(r) for r in rows), key=str) for t, rows in found.items()}


def rows(engine: sa.Engine, kind: type[register.Row]) -> dict[register.Key, register.Row]:
    with reading(engine) as conn:
        return dict(register.everything(conn)[kind])


def group(engine: sa.Engine, group_id: str = "g1") -> Group:
    found = rows(engine, Group)[group_id,]
    assert isinstance(found, Group)
    return found


def audits(engine: sa.Engine) -> list[tuple[str, str, str]]:
    a = schema.audit.c
    with reading(engine) as conn:
        return [tuple(r) for r in conn.execute(sa.select(a.actor, a.action, a.detail).order_by(a.id))]


# ---- what comes in, and what stays


def test_a_county_comes_in_from_one_file(county: Take, engine: sa.Engine) -> None:
    assert rows(engine, Region)["village",] == Region("village", "某村", "village", "town")
    assert rows(engine, Person)["wang",] == Person("wang", "王律师", "advisor", None, "0571-1234567", active=True)
    assert rows(engine, Identity)["gateway", "wx-wang"] == Identity("gateway", "wx-wang", "wang", "dm-wang")
    assert group(engine) == Group("g1", "某村群", "village", "auto", "village", "wang", "li")
    assert rows(engine, Leave)["wang", date(2026, 12, 1)] == Leave("wang", date(2026, 12, 1), date(2026, 12, 5))
    assert rows(engine, Holiday)[date(2027, 2, 8),] == Holiday(date(2027, 2, 8), working=False, name="春节")


def test_the_example_comes_in_and_a_second_time_changes_nothing(take: Take) -> None:
    assert len(take(EXAMPLE.read_bytes()).changes) == 16
    assert not take(EXAMPLE.read_bytes()).changes


def test_rows_that_are_not_named_and_columns_that_are_not_there_stay(county: Take, engine: sa.Engine) -> None:
    plan = county("people:\n  - {id: wang, phone: ''}\n")
    assert [str(c) for c in plan.changes] == ["修改 人员 wang 王律师：电话 0571-1234567 → 空"]
    assert rows(engine, Person)["wang",] == Person("wang", "王律师", "advisor")
    assert ("li",) in rows(engine, Person)


def test_children_may_stand_before_their_parents(take: Take, engine: sa.Engine) -> None:
    take("regions:\n- {id: v, name: 村, level: 村, parent: t}\n- {id: t, name: 镇, level: 镇, parent: c}\n- {id: c, name: 市, level: 市}\n")
    with reading(engine) as conn:
        assert roster.lineage(conn, "v") == ["v", "t", "c"]


def test_levels_may_be_skipped_downwards(county: Take) -> None:
    assert county("regions:\n- {id: v2, name: 直管村, level: village, parent: county}\n").changes


def test_leading_zeros_and_yes_stay_what_they_are(county: Take, engine: sa.Engine) -> None:
    county("people:\n- {id: 007, name: on, role: advisor, phone: 05711234567, active: 否}\n")
    assert rows(engine, Person)["007",] == Person("007", "on", "advisor", None, "05711234567", active=False)


def test_the_demonstration_mark_survives_an_import(county: Take, engine: sa.Engine) -> None:
    with engine.begin() as conn:
        conn.execute(sa.update(schema.person).values(demo=True))
    county("people:\n- {id: wang, name: 王大律师}\n")
    with reading(engine) as conn:
        assert conn.scalar(sa.select(schema.person.c.demo).where(schema.person.c.id == "wang")) is True


# ---- CSV as Excel and clerks make it

PEOPLE = "编号,姓名,角色,地区,电话,在岗\r\nzhao,赵律师,法律顾问,town,0571-7654321,是\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_excel_files_are_read_in_whatever_encoding_excel_chose(county: Take, engine: sa.Engine, encoding: str) -> None:
    county(PEOPLE.encode(encoding), "people.csv")
    assert rows(engine, Person)["zhao",] == Person("zhao", "赵律师", "advisor", "town", "0571-7654321")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_another_separator_is_understood(county: Take, engine: sa.Engine, separator: str) -> None:
    county(PEOPLE.replace(",", separator), "people.csv")
    assert ("zhao",) in rows(engine, Person)


def test_english_headers_any_order_blank_lines_and_excel_dates(county: Take, engine: sa.Engine) -> None:
    county("last_day,person,first_day,,\n\n2026/12/31,wang,2026年12月9日,,\n,,,,\n2027.1.3,li,2027-1-2,,\n", "leaves.csv")
    assert rows(engine, Leave)["wang", date(2026, 12, 9)] == Leave("wang", date(2026, 12, 9), date(2026, 12, 31))
    assert rows(engine, Leave)["li", date(2027, 1, 2)] == Leave("li", date(2027, 1, 2), date(2027, 1, 3))


def test_excels_true_and_a_chinese_file_name_are_understood(county: Take, engine: sa.Engine) -> None:
    county("日期,上班,说明\n2027-02-20,TRUE,调休\n", "节假日.csv")
    assert rows(engine, Holiday)[date(2027, 2, 20),] == Holiday(date(2027, 2, 20), working=True, name="调休")


def test_the_wrong_advisor_is_named_with_file_and_line(refused: Refused) -> None:
    text = "编号,群名,类别,应答方式,地区,法律顾问\ng2,二群,village,auto,village,wang\ng3,三群,village,auto,village,wang2\n"
    assert refused(text, "groups.csv") == ["groups.csv 第 3 行：法律顾问 wang2 不在人员里"]


def test_lines_are_counted_through_cells_of_several_lines(refused: Refused) -> None:
    found = refused('编号,姓名,角色\nzhao,"赵\n律师",advisor\nqian,钱律师,律师\n', "people.csv")
    assert found == [
        "people.csv 第 2 行：姓名里有换行或看不见的字符，请重新输入",
        "people.csv 第 4 行：角色“律师”不认识，要写：法律顾问（advisor）、司法局（officer）、村干部（cadre）",
    ]


def test_merged_cells_are_noticed(refused: Refused) -> None:
    text = "编号,群名,类别,应答方式,地区,法律顾问\ng2,二群,village,auto,village,wang\ng3,三群,,auto,village,\ng4,四群,village,auto,village,\n"
    found = refused(text, "groups.csv")
    assert [f.split("；")[0] for f in found] == [
        "groups.csv 第 3 行：类别空着",
        "groups.csv 第 3 行：法律顾问空着，上面一行却填了",
        "groups.csv 第 4 行：法律顾问空着，上面一行却填了",
    ]


def test_nobody_is_said_aloud_below_somebody(county: Take, engine: sa.Engine) -> None:
    text = "编号,群名,类别,应答方式,地区,法律顾问,备岗顾问\ng2,二群,village,auto,village,wang,li\ng1,某村群,village,auto,village,无,无\n"
    county(text, "groups.csv")
    assert (group(engine).advisor, group(engine).deputy) == (None, None)


@pytest.mark.parametrize("cell", ["=1+1", "+8657112345", "-", "@SUM(A1)", "＝1+1"])
def test_formulas_are_refused(refused: Refused, cell: str) -> None:
    found = refused(f"编号,姓名,角色\nzhao,{cell},advisor\n", "people.csv")
    assert len(found) == 1
    assert found[0].startswith(f"people.csv 第 2 行：姓名“{cell}”不能以 {cell[0]} 开头")


def test_numbers_that_excel_spoilt_are_refused(refused: Refused) -> None:
    found = refused("通道,账号,人员\ngateway,1.68885E+15,wang\ngateway,#N/A,wang\n", "identities.csv")
    assert found == [
        "identities.csv 第 2 行：账号“1.68885E+15”被 Excel 改成了科学计数，请把这一列设为文本再填",
        "identities.csv 第 3 行：账号“#N/A”是 Excel 的错误值",
    ]


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "people.csv", "people.csv：是空文件"),
        (b"\xef\xbb\xbf\r\n", "people.csv", "people.csv：是空文件"),
        (b"", "roster.yaml", "roster.yaml：是空文件"),
        (b"# nothing\n", "roster.yaml", "roster.yaml 第 1 行：要按类别写"),
        (b"PK\x03\x04...", "people.csv", "people.csv：这是 Excel 文件"),
        (PEOPLE.encode("utf-16"), "people.csv", "people.csv：编码不对"),
        (PEOPLE.encode("utf-8").replace("师".encode(), "师".encode()[:2]), "people.csv", "people.csv：第 2 行有坏掉的字"),
        (b"\x81\xff\xff\xfe,", "people.csv", "people.csv：编码不是 UTF-8，也不是 GBK"),
        (PEOPLE.encode(), "personen.csv", "personen.csv：文件名不认识"),
        (b"x", "roster.xlsx", "roster.xlsx：要 .yaml 文件"),
        ("编号,姓名,外号\nx,y,z\n".encode(), "people.csv", "people.csv 第 1 行：不认识的列“外号”"),
        ("编号,姓名,name\nx,y,z\n".encode(), "people.csv", "people.csv 第 1 行：“姓名”有两列"),
        ("姓名,角色\ny,advisor\n".encode(), "people.csv", "people.csv 第 1 行：缺少“编号”这一列"),
        ("编号,姓名\nwang,y,z\n".encode(), "people.csv", "people.csv 第 2 行：“z”所在的列没有表头"),
        ('编号,姓名\nx,"y\n'.encode(), "people.csv", "people.csv 第 2 行：CSV 写法不对"),
        (b"regions: [\n", "roster.yaml", "roster.yaml 第 2 行：YAML 写法不对"),
        (b"regions:\n  id: x\n", "roster.yaml", "roster.yaml 第 1 行：“regions”下面每一条要以“- ”开头"),
        (b"regions:\n- x\n", "roster.yaml", "roster.yaml 第 2 行：地区的一条要写成"),
        (b"villages: []\n", "roster.yaml", "roster.yaml 第 1 行：不认识的类别“villages”"),
        (b"regions: []\nregions: []\n", "roster.yaml", "roster.yaml 第 2 行：“regions”写了两次"),
        (b"people:\n- id: wang\n  id: li\n", "roster.yaml", "roster.yaml 第 3 行：“id”写了两次"),
        (b"people:\n- id: wang\n  name: [a]\n", "roster.yaml", "roster.yaml 第 3 行：“name”只能写一个值"),
        (b"people:\n- id: wang\n  nick: a\n", "roster.yaml", "roster.yaml 第 3 行：不认识的项“nick”"),
    ],
)
def test_files_that_cannot_be_used_say_why(refused: Refused, data: bytes, name: str, says: str) -> None:
    found = refused(data, name)
    assert len(found) == 1
    assert found[0].startswith(says)


def test_a_missing_file_and_a_directory_without_csv_say_so(tmp_path: Path) -> None:
    assert str(sheets.read(tmp_path / "no.yaml").problems[0]).endswith("no.yaml：没有这个文件")
    assert "目录里没有 CSV 文件" in str(sheets.read(tmp_path).problems[0])


# ---- what must hold

ROWS = {
    "people: [{id: x, role: advisor}]": "缺少姓名",
    "people: [{id: x, name: '', role: advisor}]": "姓名不能空着",
    "people: [{name: 甲, role: advisor}]": "缺少编号",
    "people: [{id: 无, name: 甲, role: advisor}]": "编号“无”不能作编号",
    "people: [{id: a b, name: 甲, role: advisor}]": "编号“a b”不能作编号",
    f"people: [{{id: {'x' * 65}, name: 甲, role: advisor}}]": "编号太长：有 65 个字，最多 64 个",
    f"regions: [{{id: {'x' * 33}, name: 甲, level: city}}]": "编号太长：有 33 个字，最多 32 个",
    "people: [{id: x, name: 甲, role: villager}]": "角色“villager”不认识",
    "people: [{id: x, name: 甲, role: advisor, phone: 12-34}]": "电话“12-34”不像电话",
    "people: [{id: x, name: 甲, role: advisor, phone: 打我手机}]": "电话“打我手机”不像电话",
    "people: [{id: x, name: 甲, role: advisor, active: 也许}]": "在岗“也许”不认识，要写：是、否",
    "people: [{id: x, name: 甲, role: advisor, region: 月亮}]": "地区 月亮 不在地区里",
    "people: [{id: x, name: 甲, role: officer}]": "缺少地区",
    "people: [{id: wang, role: cadre, region: village}]": "角色不能改成村干部：还是群 g1 的法律顾问",
    'people: [{id: x, name: "甲\\u200b", role: advisor}]': "姓名里有换行或看不见的字符",
    "people: [{id: x, name: 甲, role: advisor}, {id: x, name: 乙, role: advisor}]": "x 乙 重复，roster.yaml 第 1 行已经有了",
    "regions: [{id: x, name: 甲, level: 国, parent: county}]": "级别“国”不认识，要写：市（city）、县（county）、镇（town）、村（village）",
    "regions: [{id: x, name: 甲, level: town, parent: village}]": "上级 village 是村，不能管镇",
    "regions: [{id: x, name: 甲, level: village, parent: village}]": "上级 village 是村，不能管村",
    "regions: [{id: x, name: 甲, level: village}]": "村要写上级",
    "regions: [{id: x, name: 甲, level: village, parent: 月亮}]": "上级 月亮 不在地区里",
    "regions: [{id: x, name: 甲, level: town, parent: x}]": "上级绕成了一圈：x → x",
    "regions: [{id: town, level: village, parent: county}]": "级别不能改成村：下面有村 village",
    "groups: [{id: g1, kind: 广场舞}]": "类别“广场舞”不认识",
    "groups: [{id: g1, mode: 一直}]": "应答方式“一直”不认识",
    "groups: [{id: g1, region: 月亮}]": "地区 月亮 不在地区里",
    "groups: [{id: g1, advisor: zhang}]": "法律顾问 zhang 的角色是司法局，不是法律顾问",
    "groups: [{id: g1, deputy: zhang}]": "备岗顾问 zhang 的角色是司法局，不是法律顾问",
    "groups: [{id: g1, deputy: wang}]": "备岗顾问和法律顾问是同一个人（wang）",
    "groups: [{id: g1, silence_minutes: 很久}]": "安静分钟“很久”不对，要写 0 到 1440 之间的整数（分钟）",
    "groups: [{id: g1, silence_minutes: 1441}]": "安静分钟“1441”不对",
    "groups: [{id: g1, channel: gateway}]": "通道和房间号要一起填",
    "groups: [{id: g1, channel: wechat, room_id: r}]": "通道“wechat”不认识",
    "groups: [{id: g1, channel: gateway, room_id: dm-wang}]": "房间号 dm-wang 又是群 g1 的，又是 wang 的私聊房间：工单会发到群里",
    "identities: [{channel: gateway, sender_id: x, person: nobody}]": "人员 nobody 不在人员里",
    f"identities: [{{channel: gateway, sender_id: {'x' * 129}, person: li}}]": "账号太长：有 129 个字，最多 128 个",
    "identities: [{channel: gateway, sender_id: x, person: li}, {channel: gateway, sender_id: x, person: wang}]": "gateway x（wang） 重复",
    "leaves: [{person: li, first_day: 2026-12-05, last_day: 2026-12-01}]": "最后一天 2026-12-01 早于第一天 2026-12-05",
    "leaves: [{person: li, first_day: 2026-02-30, last_day: 2026-12-01}]": "第一天“2026-02-30”没有这一天",
    "leaves: [{person: li, first_day: 明天, last_day: 2026-12-01}]": "第一天“明天”不是日期",
    "holidays: [{day: 0027-02-08, working: yes}]": "日期“0027-02-08”不是日期",
    "holidays: [{day: 2027-02-09}]": "缺少上班",
}


@pytest.mark.parametrize(("text", "says"), ROWS.items(), ids=ROWS.values())
def test_a_wrong_row_says_what_is_wrong(refused: Refused, text: str, says: str) -> None:
    found = refused(text)
    assert len(found) == 1, found
    assert found[0].startswith(f"roster.yaml 第 1 行：{says}")


def test_all_problems_of_all_rows_come_at_once_in_order(refused: Refused) -> None:
    found = refused(
        """groups:
  - id: g2
    name: 二群
    kind: 村里的
    mode: auto
    region: 月亮
    advisor: new
people:
  - id: new
    name: 新律师
    role: advisor
    phone: 打我
"""
    )
    assert [f.split("：")[0] for f in found] == ["roster.yaml 第 4 行", "roster.yaml 第 6 行", "roster.yaml 第 12 行"]


def test_regions_in_a_circle_are_named(refused: Refused) -> None:
    found = refused("regions:\n- {id: a, name: 甲, level: town, parent: b}\n- {id: b, name: 乙, level: county, parent: a}\n")
    assert found == ["roster.yaml 第 2 行：上级绕成了一圈：a → b → a", "roster.yaml 第 3 行：上级绕成了一圈：b → a → b"]


def test_a_room_belongs_to_one_group_and_nothing_is_half_done(county: Take, engine: sa.Engine) -> None:
    county("groups: [{id: g1, channel: gateway, room_id: r1}]")
    before = dump(engine)
    with pytest.raises(RosterError) as e:
        county(
            "people: [{id: new, name: 新, role: advisor}]\n"
            "groups: [{id: g9, name: 九, kind: village, mode: auto, region: village, channel: gateway, room_id: r1}]"
        )
    assert e.value.problems == ("roster.yaml 第 2 行：房间号 r1 已经是群 g1 的",)
    assert dump(engine) == before


def test_advisors_may_be_reached_in_their_own_working_group(county: Take) -> None:
    text = "groups: [{id: ga, name: 顾问群, kind: advisors, mode: mention, region: county, channel: gateway, room_id: dm-wang}]"
    assert county(text).changes


def test_a_parent_that_cannot_be_read_makes_no_second_problem(refused: Refused) -> None:
    found = refused("regions:\n- {id: t, name: 镇, level: 大镇, parent: county}\n- {id: v, name: 村, level: village, parent: t}\n")
    assert len(found) == 1


# ---- rooms


def bound_at(engine: sa.Engine, group_id: str) -> datetime | None:
    with reading(engine) as conn:
        found: datetime | None = conn.scalar(sa.select(schema.group.c.bound_at).where(schema.group.c.id == group_id))
        return found


def test_an_import_binds_a_room_once_and_a_blank_does_not_unbind(county: Take, engine: sa.Engine) -> None:
    with engine.begin() as conn:
        conn.execute(sa.insert(schema.unbound_room).values(channel="gateway", room_id="r1", first_seen_at=NOW, last_seen_at=NOW))
    county("groups: [{id: g1, channel: gateway, room_id: r1}]")
    county("groups: [{id: g1, channel: gateway, room_id: r1, name: 改名}]", now=LATER)
    county("groups: [{id: g1, channel: null, room_id: ''}]", now=LATER)
    assert (group(engine).room_id, bound_at(engine, "g1")) == ("r1", NOW)
    with reading(engine) as conn:
        assert roster.unbound(conn) == []


def test_two_groups_may_exchange_their_rooms(county: Take, engine: sa.Engine) -> None:
    county(
        "groups:\n- {id: g1, channel: gateway, room_id: r1}\n"
        "- {id: g2, name: 二, kind: village, mode: auto, region: village, channel: gateway, room_id: r2}\n"
    )
    county("groups:\n- {id: g1, room_id: r2}\n- {id: g2, room_id: r1}\n", now=LATER)
    assert [(g.channel, g.room_id) for g in (group(engine, "g1"), group(engine, "g2"))] == [("gateway", "r2"), ("gateway", "r1")]
    assert bound_at(engine, "g1") == bound_at(engine, "g2") == LATER


# ---- out and in again


def fill(take: Take) -> None:
    take(COUNTY)
    take(
        """groups:
  - {id: g1, channel: gateway, room_id: '@@abc=', silence_minutes: 0}
  - {id: g2, name: '"引号", 逗号与 - 横线', kind: hardship, mode: mention, region: town}
people:
  - {id: '010', name: 'null', role: advisor, phone: +86 571 1234567, active: no}
identities:
  - {channel: wecom_aibot, sender_id: -x, person: '010'}
  - {channel: wecom_aibot, sender_id: "'=x", person: '010'}
holidays:
  - {day: 2027-02-20, working: yes}
"""
    )


@pytest.mark.parametrize("target", ["out.yaml", "out"])
def test_what_goes_out_comes_in_again_without_loss(
    take: Take, engine: sa.Engine, tmp_path: Path, target: str
) -> None:
    fill(take)
    before = dump(engine)
    with reading(engine) as conn:
        all_rows = register.everything(conn)
    writing.write(all_rows, tmp_path / target)
    with engine.begin() as conn:
        plan = desk.take_in(conn, sheets.read(tmp_path / target), "roster.import", "", LATER)
    assert (list(plan.changes), sum(plan.unchanged.values())) == ([], sum(map(len, all_rows.values())))
    assert dump(engine) == before
    with engine.begin() as conn:  # and into an empty database
        for table in ("group_", "identity", "leave", "holiday", "person"):
            conn.execute(sa.delete(schema.metadata.tables[table]))
        for region_id in ("village", "town", "county"):
            conn.execute(sa.delete(schema.region).where(schema.region.c.id == region_id))
        desk.take_in(conn, sheets.read(tmp_path / target), "roster.import", "", LATER)
        assert register.everything(conn) == all_rows


@pytest.mark.parametrize("target", ["out.yaml", "out"])
def test_an_empty_roster_goes_out_and_in_too(engine: sa.Engine, tmp_path: Path, target: str) -> None:
    with reading(engine) as conn:
        writing.write(register.everything(conn), tmp_path / target)
        assert desk.plan(conn, sheets.read(tmp_path / target)) == desk.Plan([], {})


def test_csv_opens_in_excel_and_no_cell_is_a_formula(take: Take, engine: sa.Engine, tmp_path: Path) -> None:
    fill(take)
    with reading(engine) as conn:
        files = writing.write(register.everything(conn), tmp_path / "out")
    assert [f.name for f in files] == [f"{k.name}.csv" for k in KINDS]
    for file in files:
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
        with file.open(encoding="utf-8-sig", newline="") as f:
            assert not [cell for row in csv.reader(f) for cell in row if cell.startswith(tuple("=+-@"))]
    assert (tmp_path / "out" / "groups.csv").read_text("utf-8-sig").splitlines()[0] == (
        "编号,群名,类别,应答方式,地区,法律顾问,备岗顾问,安静分钟,通道,房间号"
    )


# ---- the commands


def test_a_dry_run_says_what_would_change_and_changes_nothing(farun: Farun, county: Take, engine: sa.Engine, tmp_path: Path) -> None:
    file = tmp_path / "more.yaml"
    file.write_text("groups:\n- {id: g1, advisor: li, deputy: wang}\n- {id: g2, name: 二群, kind: village, mode: auto, region: town}\npeople: [{id: li}]\n")
    before = dump(engine)
    result = farun("import", str(file), "--dry-run")
    assert result.output.splitlines() == [
        "人员：新增 0，修改 0，不变 1",
        "群：新增 1，修改 1，不变 0",
        "修改 群 g1 某村群：法律顾问 wang → li；备岗顾问 li → wang",
        "新增 群 g2 二群",
        "以上是试运行，什么也没有改。",
    ]
    assert dump(engine) == before
    assert "已导入。" in farun("import", str(file)).output
    assert group(engine).advisor == "li"
    assert farun("import", str(file)).output.endswith("没有变化。\n")


def test_an_import_is_audited_and_one_that_changes_nothing_is_not(county: Take, engine: sa.Engine) -> None:
    county(COUNTY)
    ((actor, action, detail),) = audits(engine)
    assert (actor, action) == ("operator", "roster.import")
    assert "roster.yaml\n地区：新增 3" in detail
    assert "新增 人员 wang 王律师" in detail


def test_one_person_is_added_and_changed_by_hand(farun: Farun, county: Take, engine: sa.Engine) -> None:
    new = ("add", "person", "--id", "zhao", "--name", "赵律师", "--role", "advisor", "--phone", "0571-7654321")
    assert farun(*new).output == "新增 人员 zhao 赵律师\n"
    again = farun(*new)
    assert isinstance(again.exception, FarunError)
    assert "要改就加 --change" in str(again.exception)
    assert farun("add", "person", "--change", "--id", "zhao", "--active", "no").output == "修改 人员 zhao 赵律师：在岗 是 → 否\n"
    assert rows(engine, Person)["zhao",] == Person("zhao", "赵律师", "advisor", None, "0571-7654321", active=False)
    assert [a[1] for a in audits(engine)] == ["roster.import", "roster.add", "roster.add"]


def test_what_is_forgotten_by_hand_is_named(farun: Farun, county: Take, engine: sa.Engine) -> None:
    before = dump(engine)
    result = farun("add", "group", "--id", "g2", "--kind", "village", "--advisor", "nobody")
    assert isinstance(result.exception, RosterError)
    assert result.exception.problems == (
        "add group：缺少群名", "add group：缺少应答方式", "add group：缺少地区", "add group：法律顾问 nobody 不在人员里",
    )  # fmt: skip
    assert "还没有" in str(farun("add", "region", "--change", "--id", "x", "--name", "甲", "--level", "city").exception)
    assert dump(engine) == before


@pytest.mark.parametrize("kind", [k.row.__name__.lower() for k in KINDS])
def test_every_field_has_an_option(farun: Farun, kind: str) -> None:
    text = farun("add", kind, "--help").output
    of_kind = next(k for k in KINDS if k.row.__name__.lower() == kind)
    assert all(f"--{c.key.replace('_', '-')}" in text for c in of_kind.columns)


def test_the_list_is_readable(farun: Farun, county: Take) -> None:
    assert farun("list", "regions").output.splitlines() == [
        "地区（3）",
        "  编号     名称      级别  上级",
        "  county   某县      县",
        "  town     　某镇    镇    county",
        "  village  　　某村  村    town",
    ]
    people = farun("list", "people").output
    assert "王律师" in people
    assert "wx-wang" in people
    everything = farun("list").output
    assert all(f"{k.title}（" in everything for k in KINDS)


def test_a_code_is_told_and_only_its_hash_kept(farun: Farun, county: Take, engine: sa.Engine) -> None:
    output = farun("code", "g1").output
    code = output.split("绑定码：")[1].split("（")[0]
    assert f"绑定 {code}" in output.splitlines()[1]
    with engine.begin() as conn:
        assert roster.use_code(conn, code, datetime.now(UTC)) == "g1"
    assert audits(engine)[-1] == ("operator", "roster.code", "g1")
    assert "没有群 g9" in str(farun("code", "g9").exception)


def test_a_room_that_showed_itself_is_bound_and_untied(farun: Farun, county: Take, engine: sa.Engine) -> None:
    with engine.begin() as conn:
        conn.execute(sa.insert(schema.unbound_room).values(channel="gateway", room_id="r1", first_seen_at=NOW, last_seen_at=NOW))
    assert "gateway  r1      11月23日 10:00" in farun("rooms").output
    assert farun("bind", "g1", "gateway", "r1").output == "已绑定：群 g1 → gateway r1\n"
    assert farun("bind", "g1", "gateway", "r1").output == "已绑定：群 g1 → gateway r1\n"
    assert "等着绑定的房间（0）" in farun("rooms").output
    assert farun("unbind", "g1").output == "已解除绑定：群 g1\n"
    assert (group(engine).room_id, bound_at(engine, "g1")) == (None, None)
    assert [a[1] for a in audits(engine)] == ["roster.import", "roster.bind", "roster.bind", "roster.unbind"]
    assert str(farun("unbind", "g1").exception) == "群 g1 没有绑定"


def test_a_wrong_binding_is_refused(farun: Farun, county: Take, engine: sa.Engine) -> None:
    county("groups: [{id: g2, name: 二, kind: village, mode: auto, region: village, channel: gateway, room_id: r2}]")
    before = dump(engine)
    for words, says in (
        (("g9", "gateway", "r1"), "没有群 g9"),
        (("g1", "wechat", "r1"), "通道“wechat”不认识"),
        (("g1", "gateway", "r2"), "房间号 r2 已经是别的群的"),
        (("g1", "gateway", "dm-wang"), "工单会发到群里"),
    ):
        assert says in str(farun("bind", *words).exception)
    assert dump(engine) == before
    assert "还没有露过面" in farun("bind", "g1", "gateway", "never-seen").output


def test_an_export_writes_over_nothing(farun: Farun, county: Take, tmp_path: Path) -> None:
    assert farun("export", str(tmp_path / "a.yaml")).exit_code == 0
    assert yaml.safe_load((tmp_path / "a.yaml").read_text())["groups"][0]["advisor"] == "wang"
    assert "已经有了" in str(farun("export", str(tmp_path / "a.yaml")).exception)
    assert len(farun("export", str(tmp_path / "new" / "dir")).output.splitlines()) == 6
    assert "要写 .yaml 文件名" in str(farun("export", str(tmp_path / "a.xlsx")).exception)


def test_a_database_that_is_not_ready_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["list"], env={"DATABASE_URL": f"sqlite:///{tmp_path / 'empty.db'}"})
    assert str(result.exception) == "状态库的结构不是最新的，先运行 farun migrate"


def test_the_whole_command_ends_with_messages_and_no_trace(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "roster.yaml"
    file.write_text("groups:\n- id: g1\n")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setattr(sys, "argv", ["farun", "roster", "import", str(file)])
    with pytest.raises(SystemExit) as e:
        main()
    assert e.value.code == 1
    assert capsys.readouterr().err.splitlines() == [f"roster.yaml 第 2 行：缺少{what}" for what in ("群名", "类别", "应答方式", "地区")]
