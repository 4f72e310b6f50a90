"""What is due is sent once, in order, or shown as undecided."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.channels.base import Capabilities
from bot.channels.gateway import Gateway
from bot.desk import Desk
from bot.domain import Address
from bot.errors import Undelivered
from bot.store import deliveries, schema
from schedulers.sender import Sender, backoff
from tests.relay import SECRET, relay


class Platform:
    """A push platform at the wire: answers as told, keeps what it was given."""

    name = "gateway"

    def __init__(self, **can) -> None:
        self.capabilities = Capabilities(hears_group=True, replies_group=True, push="auto", max_bytes=2000, **can)
        self.got: list[tuple[str, str, str]] = []
        self.trouble: list[Undelivered] = []
        self.lock = threading.Lock()

    def push(self, to: Address, text: str, *, key: str, mention: str | None = None) -> str:
        with self.lock:
            if self.trouble:
                raise self.trouble.pop(0)
            self.got.append((to.room_id, text, to.reply_url or ""))
            return f"p{len(self.got)}"


@pytest.fixture
def platform():
    return Platform()


@pytest.fixture
def sender(engine, desk, clock, platform):
    return Sender(engine, {"gateway": platform}, desk, "one", clock)


def plan(engine, clock, n, room="r", **how):
    with engine.begin() as conn:
        return deliveries.plan(conn, f"k{n}", Address("gateway", room), f"t{n}", due_at=clock(), **how)


@pytest.fixture
def desk(settings, library):
    return Desk(settings, library)


def row(engine, n):
    with engine.connect() as conn:
        return conn.execute(sa.select(schema.delivery).where(schema.delivery.c.key == f"k{n}")).one()


def drain(sender):
    while sender.send_due():
        pass


def test_the_same_key_is_queued_once(engine, clock, sender, platform):
    assert plan(engine, clock, 1)
    assert not plan(engine, clock, 1)
    drain(sender)
    assert [t for _, t, _ in platform.got] == ["t1"]
    assert row(engine, 1).status == "sent" and row(engine, 1).external_id == "p1"


def test_order_in_a_room_holds_even_when_the_first_has_to_wait(engine, clock, sender, platform):
    for n in range(4):
        plan(engine, clock, n)
    plan(engine, clock, 9, room="other")
    platform.trouble = [Undelivered("busy", retryable=True)]
    sender.send_due()
    assert ("other", "t9", "") in platform.got
    assert not [t for r, t, _ in platform.got if r == "r"]
    clock.pass_(seconds=6)
    drain(sender)
    assert [t for r, t, _ in platform.got if r == "r"] == ["t0", "t1", "t2", "t3"]


def test_danger_overtakes_notices(engine, clock, sender, platform):
    plan(engine, clock, 1, priority=deliveries.NOTICE)
    plan(engine, clock, 2, priority=deliveries.DANGER)
    drain(sender)
    assert [t for _, t, _ in platform.got] == ["t2", "t1"]


def test_what_is_not_due_waits(engine, clock, sender, platform):
    with engine.begin() as conn:
        deliveries.plan(conn, "k1", Address("gateway", "r"), "later", due_at=clock() + timedelta(hours=1))
    plan(engine, clock, 2)
    drain(sender)
    assert [t for _, t, _ in platform.got] == ["t2"]
    clock.pass_(hours=1)
    drain(sender)
    assert [t for _, t, _ in platform.got] == ["t2", "later"]


def test_only_what_can_help_is_tried_again_and_not_for_ever(engine, clock, sender, platform, desk):
    plan(engine, clock, 1)
    platform.trouble = [Undelivered("no such room", retryable=False)]
    drain(sender)
    assert (row(engine, 1).status, row(engine, 1).error) == ("failed", "no such room")
    plan(engine, clock, 2)
    platform.trouble = [Undelivered("busy", retryable=True)] * 50
    for _ in range(20):
        sender.send_due()
        clock.pass_(minutes=20)
    assert row(engine, 2).status == "failed" and row(engine, 2).attempts == desk.settings.send_tries


def test_backoff_grows_and_listens():
    assert [backoff(n).total_seconds() for n in (1, 2, 3, 20)] == [5, 10, 20, 900]
    assert backoff(1, retry_after=77).total_seconds() == 77


def test_a_senders_death_leaves_it_undecided_never_resent(engine, clock, sender, platform, desk):
    plan(engine, clock, 1)
    with engine.begin() as conn:
        (held,) = deliveries.claim(conn, "gateway", "dead", clock(), lease_seconds=60, limit=5)
        deliveries.start(conn, held.id, "dead", clock(), 60)
    drain(sender)
    assert not platform.got
    clock.pass_(seconds=61)
    drain(sender)
    assert not platform.got and row(engine, 1).status == "undecided"
    with engine.begin() as conn:
        assert [r.key for r in deliveries.unsettled(conn)] == ["k1"]
        assert deliveries.decide(conn, held.id, again=True, now=clock())
    drain(sender)
    assert len(platform.got) == 1


def test_where_the_other_side_drops_repetitions_it_goes_out_again(engine, clock, desk):
    platform = Platform(idempotent=True)
    sender = Sender(engine, {"gateway": platform}, desk, "two", clock)
    plan(engine, clock, 1)
    with engine.begin() as conn:
        (held,) = deliveries.claim(conn, "gateway", "dead", clock(), lease_seconds=60, limit=5)
        deliveries.start(conn, held.id, "dead", clock(), 60)
    clock.pass_(seconds=61)
    drain(sender)
    assert row(engine, 1).status == "sent"


def test_a_sender_that_was_taken_over_does_not_speak(engine, clock, sender, platform):
    plan(engine, clock, 1)
    with engine.begin() as conn:
        (held,) = deliveries.claim(conn, "gateway", "slow", clock(), lease_seconds=1, limit=5)
    clock.pass_(seconds=2)
    drain(sender)
    with engine.begin() as conn:
        assert not deliveries.start(conn, held.id, "slow", clock(), 60)
    assert len(platform.got) == 1


def test_a_stopping_sender_gives_back_what_it_held(engine, clock, sender):
    plan(engine, clock, 1)
    stop = threading.Event()
    stop.set()
    with engine.begin() as conn:
        deliveries.claim(conn, "gateway", "one", clock(), lease_seconds=60, limit=5)
    sender.run(stop)
    assert row(engine, 1).status == "planned"


def test_the_rate_limit_holds_for_all_senders_together(engine, clock, desk):
    platform = Platform(per_minute=7)
    senders = [Sender(engine, {"gateway": platform}, desk, str(n), clock) for n in range(2)]
    for n in range(20):
        plan(engine, clock, n, room=f"r{n}")
    for s in senders * 3:
        s.send_due()
    assert len(platform.got) == 7
    clock.pass_(seconds=61)
    for s in senders * 3:
        s.send_due()
    assert len(platform.got) == 14


def test_many_senders_never_send_twice(engine, clock, desk):
    platform = Platform()
    for n in range(60):
        plan(engine, clock, n, room=f"r{n % 20}")

    def work(n):
        drain(Sender(engine, {"gateway": platform}, desk, f"s{n}", clock))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    drain(Sender(engine, {"gateway": platform}, desk, "last", clock))
    assert sorted(t for _, t, _ in platform.got) == sorted(f"t{n}" for n in range(60))
    for room in range(20):
        said = [int(t[1:]) for r, t, _ in platform.got if r == f"r{room}"]
        assert said == sorted(said)


def test_a_one_use_way_back_is_used_once(engine, clock, desk):
    platform = Platform(window=3600)
    sender = Sender(engine, {"gateway": platform}, desk, "one", clock)
    with engine.begin() as conn:
        deliveries.keep_window(conn, Address("gateway", "r", "https://back/1"), "li", clock() + timedelta(hours=1))
    plan(engine, clock, 1, mention="li")
    plan(engine, clock, 2, mention="li")
    drain(sender)
    assert [u for _, _, u in platform.got] == ["https://back/1", ""]


def test_an_expired_way_back_is_not_used(engine, clock, desk):
    platform = Platform(window=3600)
    with engine.begin() as conn:
        deliveries.keep_window(conn, Address("gateway", "r", "https://back/1"), "li", clock() + timedelta(hours=1))
    clock.pass_(hours=2)
    plan(engine, clock, 1, mention="li")
    drain(Sender(engine, {"gateway": platform}, desk, "one", clock))
    assert [u for _, _, u in platform.got] == [""]


def test_an_answer_that_cannot_be_delivered_is_shown_to_the_bureau(engine, clock, desk, people_ticket):
    number, _ = people_ticket
    platform = Platform()
    platform.name = "simulated"
    platform.trouble = [Undelivered("gone", retryable=False)]
    with engine.begin() as conn:
        deliveries.plan(conn, f"ticket:{number}:asker:x", Address("simulated", "qingshui"), "答复", due_at=clock(), ticket_id=number, priority=0)
    sender = Sender(engine, {"simulated": platform}, desk, "one", clock)
    drain(sender)
    assert any("没有送到提问人" in t for _, t, _ in platform.got)


@pytest.fixture
def people_ticket(parts):
    from tests.bot.test_conversation import UNSURE, ticket_number
    from tests.conversation import VILLAGE, Talk, application

    talk = Talk(parts, application(parts), VILLAGE, "liu", "刘婶")
    return ticket_number(talk.ask(UNSURE)), talk


def test_the_gateways_wire_with_a_relay_that_errs(engine, clock, desk):
    with relay() as peer:
        channel = Gateway(SECRET, peer.url, ("法润助手",), clock, window=300, max_bytes=2000, per_minute=6000)
        sender = Sender(engine, {"gateway": channel}, desk, "one", clock)
        answers = {1: (500, b"oops"), 2: (200, b"not json"), 3: (200, json.dumps({"ok": False, "retryable": True, "error": "busy"}).encode())}
        peer.answer = answers.get
        plan(engine, clock, 1)
        for _ in range(5):
            sender.send_due()
            clock.pass_(minutes=1)
        assert row(engine, 1).status == "sent" and row(engine, 1).attempts == 4
        peer.answer = lambda _n: (200, b'{"ok": false, "retryable": false, "error": "no such room"}')
        plan(engine, clock, 2)
        drain(sender)
        assert row(engine, 2).status == "failed"
