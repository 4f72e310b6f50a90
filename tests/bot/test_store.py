"""The state database on both engines."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot import store
from bot.store import leases, roster, schema


def test_upgrade_head_equals_the_metadata(engine):
    with engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        differences = compare_metadata(context, schema.metadata)
    assert differences == []
    assert store.is_current(engine)


def test_the_code_knows_the_newest_revision():
    assert ScriptDirectory(str(store.MIGRATIONS)).get_current_head() == store.REVISION


def test_upgrading_again_changes_nothing(engine):
    store.upgrade(engine)
    assert store.is_current(engine)


def test_times_come_back_aware_in_utc(engine):
    moment = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
    with engine.begin() as conn:
        conn.execute(sa.insert(schema.nonce).values(channel="x", value="y", seen_at=moment))
        assert conn.scalar(sa.select(schema.nonce.c.seen_at)) == moment


def test_a_naive_time_never_gets_in(engine):
    with pytest.raises(sa.exc.StatementError, match="naive"), engine.begin() as conn:
        conn.execute(sa.insert(schema.nonce).values(channel="x", value="y", seen_at=datetime(2026, 1, 1)))


def test_chinese_json_survives(engine):
    row = {"channel": "c", "account": "", "room_id": "r", "sender_id": "s", "question": "问", "options": ["甲"], "refs": [["民法典", "1"]],
           "pending_private": False, "at": datetime.now(UTC)}
    with engine.begin() as conn:
        conn.execute(sa.insert(schema.conversation).values(row))
        assert conn.scalar(sa.select(schema.conversation.c.refs)) == [["民法典", "1"]]
        raw = conn.execute(sa.text("SELECT CAST(refs AS TEXT) FROM conversation")).scalar()
    assert "民法典" in raw


def test_one_leader_at_a_time(engine):
    now = datetime.now(UTC)
    with engine.begin() as conn:
        assert leases.lead(conn, "job", "a", now, 60)
        assert not leases.lead(conn, "job", "b", now, 60)
        assert leases.lead(conn, "job", "a", now, 60)
        leases.give_up(conn, "job", "a")
        assert leases.lead(conn, "job", "b", now, 60)


def test_many_writers_at_once_wait_for_each_other_and_none_is_refused(engine):
    def write(writer):
        for n in range(25):
            with engine.begin() as conn:
                count = conn.scalar(sa.select(sa.func.count()).select_from(schema.nonce))
                conn.execute(sa.insert(schema.nonce).values(channel=str(writer), value=str(n), seen_at=datetime.now(UTC)))
        return count

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with engine.connect() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(schema.nonce)) == 200


def test_a_writer_that_fails_lets_the_next_one_in(engine):
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as conn:
        conn.execute(sa.insert(schema.nonce).values(channel=None, value="y", seen_at=datetime.now(UTC)))
    with ThreadPoolExecutor(1) as pool:  # from another connection
        assert pool.submit(lambda: store.upgrade(engine)).result(timeout=20) is None


def test_the_region_tree_goes_up_and_down(parts):
    with parts.engine.connect() as conn:
        assert roster.lineage(conn, "demo-qingshui") == ["demo-qingshui", "demo-town", "demo-county", "demo-city"]
        assert set(roster.below(conn, "demo-town")) == {"demo-town", "demo-qingshui", "demo-shiqiao"}
        assert [p.name for p in roster.officers(conn, "demo-qingshui")] == ["张科长"]
        assert roster.officers(conn, "demo-qingshui", above=1) == []


def test_a_second_write_inside_the_first_is_refused_instead_of_waiting_for_itself(tmp_path):
    engine = store.connect(f"sqlite:///{tmp_path / 'farun.db'}")
    with engine.begin(), pytest.raises(sqlite3.OperationalError, match="wait for itself"), engine.begin():
        pass
    with engine.begin() as conn:
        assert conn.scalar(sa.text("SELECT 1")) == 1
