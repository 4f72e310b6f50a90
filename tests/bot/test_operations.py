"""Health, metrics, logs and the commands an operator types."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot import store
from bot.app import Renewing, create_app
from bot.cli import farun
from bot.cli.doctor import examine
from bot.logs import configure
from bot.store import schema
from bot.webhook import Parts
from knowledge.library import Library
from tests.conversation import application


@pytest.fixture
def client(parts):
    return application(parts)


@pytest.fixture
def environment(monkeypatch, settings, data_dir):
    monkeypatch.setenv("DATABASE_URL", settings.url)
    monkeypatch.setenv("FARUN_DATA_DIR", str(data_dir))
    return monkeypatch


def run(*words: str, **how):
    return CliRunner().invoke(farun, words, catch_exceptions=False, **how)


def test_health_and_readiness(client, library):
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz").json
    assert (ready["status"], ready["problems"]) == ("ready", [])
    assert ready["library"] == {"release": 0, "entries": library.size, "signed": library.signed}


def test_not_ready_without_a_database_or_its_schema(parts, tmp_path):
    empty = store.connect(f"sqlite:///{tmp_path / 'empty.db'}")
    bare = create_app(parts=Parts(parts.settings, empty, {}, parts.retriever, parts.library, parts.now)).test_client()
    answer = bare.get("/readyz")
    assert answer.status_code == 503 and "farun migrate" in answer.json["problems"][0]
    gone = store.connect("postgresql+psycopg://nobody@127.0.0.1:1/none")
    bare = create_app(parts=Parts(parts.settings, gone, {}, parts.retriever, parts.library, parts.now)).test_client()
    assert bare.get("/readyz").status_code == 503
    assert bare.get("/healthz").status_code == 200


def test_metrics_count_what_happened(client):
    client.post("/hook/simulated", json={"id": "1", "room": "qingshui", "sender": "liu", "name": "刘婶", "text": "早上好"})
    text = client.get("/metrics").text
    assert 'farun_messages_total{action="silence",channel="simulated"}' in text
    assert "farun_tickets_overdue 0" in text


def test_a_fault_shows_no_trace_and_is_tried_again(parts):
    broken = Parts(parts.settings, parts.engine, parts.channels, None, parts.library, parts.now)

    class Quiet:
        def warm(self) -> None:
            """Nothing to warm."""

    app = create_app(parts=replace(broken, retriever=Quiet()))
    answer = app.test_client().post("/hook/simulated", json={"id": "1", "room": "qingshui", "sender": "liu", "name": "", "text": "问"})
    assert answer.status_code == 500
    assert "Traceback" not in answer.text and "系统出了故障" in answer.text


def test_logs_are_json_masked_and_without_secrets(settings, capsys):
    import structlog

    configure(replace(settings, gateway_secret="a-very-secret-secret"))
    try:
        structlog.get_logger("t").warning("event", note="打13812345678 a-very-secret-secret", number=3)
        line = json.loads(capsys.readouterr().err)
    finally:
        structlog.reset_defaults()
    assert line["event"] == "event" and line["number"] == 3
    assert "13812345678" not in line["note"] and "a-very-secret" not in line["note"]


def test_the_doctor_says_what_to_do(settings, parts, tmp_path):
    found = {f.subject: f for f in examine(settings)}
    assert found["状态库"].ok and found["知识库"].ok and found["时钟"].ok
    assert "drafted" not in found["律师审核"].text and not found["律师审核"].ok and found["律师审核"].mild
    nothing = replace(settings, data_dir=tmp_path, database_url=f"sqlite:///{tmp_path / 'x.db'}", demo=False)
    texts = [f.text for f in examine(nothing) if not f.ok]
    assert any("farun build" in t for t in texts)
    assert any("farun migrate" in t for t in texts)
    assert any("FARUN_GATEWAY_SECRET" in t for t in texts)


def test_doctor_command_fails_on_trouble(environment, tmp_path, parts):
    assert run("doctor").exit_code == 1  # no channel is on
    environment.setenv("FARUN_GATEWAY_SECRET", "a-secret-long-enough")
    assert run("doctor").exit_code == 0


def test_export_and_backup(environment, parts, settings, tmp_path):
    assert "ticket_event" in run("export").output
    rows = [json.loads(line) for line in run("export", "region").output.splitlines()]
    assert {r["name"] for r in rows} >= {"演示县"}
    target = tmp_path / "copy" / "farun.db"
    if settings.url.startswith("sqlite"):
        assert "校验通过" in run("backup", str(target)).output
        assert sqlite3.connect(target).execute("SELECT count(*) FROM region").fetchone()[0] == 6


def test_a_wrong_setting_is_one_plain_line(environment):
    import subprocess
    import sys

    environment.setenv("FARUN_WORKERS", "many")
    done = subprocess.run([sys.executable, "-m", "bot", "doctor"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().startswith("FARUN_WORKERS=“many”：")


def test_ask_one_question(environment):
    out = run("ask", "老板拖欠我三个月工资，没签合同，怎么办").output
    assert "1. " in out and "依据" in out


def test_ask_lines(environment):
    lines = [
        {"id": "a", "text": "老板拖欠我三个月工资，没签合同，怎么办"},
        {"id": "b", "text": "早上好，祝大家平安健康", "group_kind": "village"},
        {"id": "c", "text": "我不想活了，农药都买好了", "group_kind": "village"},
        {"id": "d", "text": "我想跟我老公离婚，他不同意，怎么办", "group_kind": "village"},
        {"id": "e", "text": "帮助", "group_kind": "village"},
        {"id": "f", "text": "打工的时候被机器压断了手指", "conversation": "x"},
        {"id": "g", "text": "没签合同能算工伤不", "conversation": "x"},
    ]
    out = run("ask", "--jsonl", input="\n".join(json.dumps(x, ensure_ascii=False) for x in lines)).output
    rows = {r["id"]: r for r in map(json.loads, out.splitlines())}
    assert [rows[k]["action"] for k in "abcde"] == ["answer", "silence", "emergency", "private", "command"]
    assert rows["a"]["matter"] == "labour.wages.arrears" and rows["a"]["entry"].startswith("labour.wages.arrears.")
    assert rows["a"]["references"] and rows["a"]["references"][0].keys() == {"law", "article"}
    assert all(len(r["references"]) <= 5 and 0 <= r["confidence"] <= 1 for r in rows.values())
    assert rows["b"]["text"] == ""
    assert rows["g"]["matter"].startswith("labour.")


def test_a_broken_line_is_named(environment):
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-m", "bot", "ask", "--jsonl"], input='{"id": 1}\n', capture_output=True, text=True)
    assert done.returncode == 1 and "第 1 行" in done.stderr


def test_mask_lines():
    out = run("mask", "--jsonl", input='{"id": "1", "text": "电话13812345678谢谢"}\n').output
    assert json.loads(out) == {"id": "1", "masked": "电话〔手机号〕谢谢", "spans": [[2, 13]]}


def test_law_and_search(environment):
    assert "感情确已破裂" in run("law", "show", "民法典", "1079").output
    shown = run("law", "show", "仲裁法", "1").output
    assert shown.count("仲裁法") >= 2 and "现行" in shown
    assert CliRunner().invoke(farun, ["law", "show", "民法典", "9999"]).exit_code == 1
    assert "labour." in run("search", "老板拖欠工资").output
    assert "《" in run("search", "拖欠劳动报酬", "--statutes").output


def test_undecided_deliveries_are_settled_by_a_person(environment, parts, clock):
    with parts.engine.begin() as conn:
        row = {"key": "k", "channel": "gateway", "room_id": "r", "text": "话", "kind": "notice", "priority": 2, "status": "undecided",
               "due_at": clock(), "not_before": clock()}
        number = conn.scalar(sa.insert(schema.delivery).values(row).returning(schema.delivery.c.id))
    assert "undecided" in run("deliveries", "list").output
    assert "已处理" in run("deliveries", "settle", str(number), "--again").output
    assert "undecided" not in run("deliveries", "list").output


def test_an_unusable_database_is_one_plain_line(environment, tmp_path):
    import subprocess
    import sys

    for url in (f"sqlite:///{tmp_path / 'empty.db'}", "postgresql://nobody@127.0.0.1:1/none"):
        environment.setenv("DATABASE_URL", url)
        done = subprocess.run([sys.executable, "-m", "bot", "deliveries", "list"], capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.startswith("DATABASE_URL：") and "Traceback" not in done.stderr


def test_an_old_index_says_what_to_do(settings, engine, tmp_path, data_dir):
    import shutil

    from bot.app import build_parts
    from bot.errors import SettingError

    shutil.copy(data_dir / "knowledge.db", tmp_path)
    (tmp_path / "index").mkdir()
    with pytest.raises(SettingError, match="farun build"):
        build_parts(replace(settings, data_dir=tmp_path), engine)

def test_a_library_built_anew_is_taken_up_without_a_restart(parts, data_dir, tmp_path):
    moment = [0.0]
    copied = replace(parts.settings, data_dir=tmp_path / "data")
    shutil.copytree(data_dir / "index", copied.index_dir)
    shutil.copy(data_dir / "knowledge.db", copied.knowledge_db)
    library = Library(copied.knowledge_db)
    current = Renewing(replace(parts, settings=copied, library=library), lambda: moment[0])
    changed = tmp_path / "new.db"
    shutil.copy(copied.knowledge_db, changed)
    with sqlite3.connect(changed) as db:
        db.execute("UPDATE meta SET value = 'another' WHERE key = 'digest'")
    changed.replace(copied.knowledge_db)
    moment[0] = 6.0
    assert current().library is library  # its index is not built yet
    meta = json.loads((copied.index_dir / "meta.json").read_text())
    (copied.index_dir / "meta.json").write_text(json.dumps({**meta, "library": "another"}))
    assert current().library is library  # looked a moment ago
    moment[0] = 12.0
    assert current().library.digest == "another"
    assert current().retriever.library is current().library
