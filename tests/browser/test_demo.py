"""The simulated group, as a villager, an advisor and an officer use it in a browser."""

from __future__ import annotations

import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect

from knowledge.library import Library
from tests.browser.sitting import PHONE, WIDE, Sit, Site

pytestmark = pytest.mark.browser
WAGES = "老板欠我三个月工资，没签合同怎么办"


def say(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")


def last(page: Page) -> Locator:
    return page.locator(".line .bubble").last


def bubbles(page: Page, text: str) -> Locator:
    return page.locator(".bubble").filter(has_text=text)


def test_villager_asks_in_the_group_and_reads_steps_and_articles(sit: Sit) -> None:
    page = sit("zhao", "qingshui", PHONE)
    say(page, WAGES)
    answer = page.locator(".line.robot").last
    expect(answer.locator(".bubble")).to_contain_text("怎么办：\n1. ")
    expect(answer.locator(".bubble")).to_contain_text("依据：1. 《劳动合同法》")
    expect(answer.locator(".role")).to_have_text("机器人")
    expect(page.locator(".line.mine .bubble").last).to_have_text(WAGES)
    expect(page.locator(".line.mine .spin:visible")).to_have_count(0)
    expect(answer.locator("a[href='tel:12333']").first).to_be_visible()


def test_ticket_reaches_the_advisor_live_and_the_quoted_answer_comes_back(sit: Sit) -> None:
    villager, advisor = sit("sun", "qingshui", PHONE), sit("wang", "kaifaqu")
    badge = advisor.locator("[data-chat=private] .badge")
    expect(villager.locator("#lines")).to_be_attached()
    say(villager, "转人工 村里修路把我家的地占了一垄")
    expect(last(villager)).to_contain_text("工单号")
    number = re.search(r"工单号 (\d+)", last(villager).inner_text())[1]
    expect(badge).to_be_visible()
    assert advisor.title().startswith("(")
    advisor.click("[data-chat=private]")
    expect(badge).to_be_hidden()
    ticket = bubbles(advisor, f"工单号 {number}")
    expect(ticket).to_contain_text("村里修路把我家的地占了一垄")
    ticket.click(button="right")
    advisor.click("#quote")
    expect(advisor.locator("#quoting")).to_contain_text(f"工单号 {number}")
    say(advisor, "带上承包证，周二到村委会找我")
    expect(last(advisor)).to_contain_text(f"工单号 {number} 的答复已发给提问人")
    expect(last(villager)).to_contain_text("法律顾问王律师答复您")
    expect(last(villager)).to_contain_text("带上承包证，周二到村委会找我")
    expect(advisor.locator(".line.mine .quoted").last).to_contain_text(f"工单号 {number}")


def test_sensitive_question_in_the_group_gets_a_neutral_line_and_goes_on_in_private(sit: Sit, library: Library) -> None:
    page = sit("liu", "qingshui", PHONE)
    divorce = library.entry("family.divorce.sue-one-side-refuses")
    say(page, divorce.questions[2])
    expect(last(page)).to_contain_text("关系到个人隐私，就不在群里说了")
    expect(last(page)).not_to_contain_text("离婚")
    page.locator(".robot-face").last.tap()  # as the line says: tap my face
    expect(page.locator("#title")).to_have_text("与法润助手的私聊")
    say(page, "在吗")
    expect(last(page)).to_contain_text("接着您在群里问的")
    expect(last(page)).to_contain_text(divorce.steps[0])


def test_officer_pushes_a_notice_and_the_group_sees_it(sit: Sit) -> None:
    villager, officer = sit("liu", "qingshui", PHONE), sit("zhang", "private")
    say(officer, "推送")
    expect(last(officer)).to_contain_text("风险提示清单")
    say(officer, "推送 1")
    expect(last(officer)).to_contain_text("已排队发给")
    expect(last(villager)).to_contain_text("【风险提示】")


def test_message_sent_again_after_a_lost_answer_stands_there_once(sit: Sit, site: Site) -> None:
    page = sit("sun", "shiqiao")
    tries = []

    def lose_the_first_answer(route: Route) -> None:
        tries.append(route.request.post_data_json["id"])
        if len(tries) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/hook/simulated", lose_the_first_answer)
    words = f"@法润助手 帮助 {uuid.uuid4().hex[:6]}"
    say(page, words)
    page.wait_for_function("() => !document.querySelector('.spin:not([hidden])')")
    page.wait_for_timeout(2500)
    assert len(tries) == 2
    assert len(set(tries)) == 1
    expect(bubbles(page, words)).to_have_count(1)
    expect(page.locator(".line.robot")).to_have_count(1)


def test_message_that_never_got_out_can_be_sent_again_by_hand(sit: Sit) -> None:
    page = sit("sun", "shiqiao")
    words = f"大家吃了没 {uuid.uuid4().hex[:6]}"
    page.route("**/hook/simulated", lambda route: route.abort())
    say(page, words)
    retry = page.locator(".line").filter(has_text=words).locator(".retry")
    expect(retry).to_be_visible()
    page.unroute("**/hook/simulated")
    retry.click()
    expect(page.locator(".line[data-id]").filter(has_text=words)).to_have_count(1)
    expect(bubbles(page, words)).to_have_count(1)


def test_keyboard_alone_is_enough(sit: Sit) -> None:
    page = sit("liu", "shiqiao")
    page.locator("#help-open").focus()
    stops = ["help-open"]
    for _ in range(40):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            "() => { const e = document.activeElement, shown = e.querySelector('.bubble') ?? e;"
            " return [e.id || e.dataset.who || e.dataset.chat || e.className, getComputedStyle(shown).outlineStyle] }"
        )
        stops.append(stop[0])
        assert stop[1] != "none", f"no visible focus on {stop}"
        if stop[0] == "text":
            break
    assert stops[:3] == ["help-open", "liu", "zhao"]
    assert stops[-1] == "text"
    say(page, "键盘的话")
    expect(bubbles(page, "键盘的话")).to_have_count(1)
    expect(page.locator(".line .spin:visible")).to_have_count(0)
    page.locator(".line[tabindex='0']").focus()
    page.keyboard.press("Home")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator("#quote")).to_be_focused()
    page.keyboard.press("Enter")  # 引用 is the first in the menu
    page.keyboard.type("引用的话")
    page.keyboard.press("Enter")
    expect(page.locator(".line.mine .quoted").last).to_contain_text("键盘的话")


def test_choosing_a_word_in_an_input_method_does_not_send(sit: Sit) -> None:
    page = sit("liu", "shiqiao")
    page.fill("#text", "fa lv")
    page.evaluate(
        "() => document.getElementById('text').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    assert page.input_value("#text") == "fa lv"
    page.press("#text", "Shift+Enter")
    assert page.input_value("#text") == "fa lv\n"


def test_long_press_opens_the_menu_on_a_phone(sit: Sit, site: Site) -> None:
    site.say("sun", "shiqiao", "长按我")
    page = sit("liu", "shiqiao", PHONE)
    box = bubbles(page, "长按我").last.bounding_box()
    touch = {"pointerType": "touch", "clientX": box["x"] + 20, "clientY": box["y"] + 20, "bubbles": True}
    bubbles(page, "长按我").last.dispatch_event("pointerdown", touch)
    expect(page.locator("#quote")).to_be_visible()


def test_robot_is_named_by_a_button(sit: Sit) -> None:
    page = sit("sun", "kaifaqu")
    say(page, WAGES)
    expect(bubbles(page, WAGES)).to_have_count(1)
    page.click("#mention")
    page.keyboard.type(WAGES)
    page.keyboard.press("Enter")
    expect(page.locator(".line.robot")).to_have_count(1)
    expect(last(page)).to_contain_text("怎么办")


def test_what_people_write_is_shown_as_text_and_masked(sit: Sit) -> None:
    page = sit("zhao", "shiqiao")
    attack = "<img src=x onerror=alert(1)><b>粗</b>\n第二行 &amp;"
    page.fill("#text", attack)
    page.click("#send")
    own = page.locator(".line[data-id] .bubble").filter(has_text="onerror").last
    expect(own).to_have_text(attack)
    assert own.locator("img, b").count() == 0
    say(page, "我家座机是 0000-0000000，身份证 11010119900307109" + "9")
    expect(page.locator(".line[data-id] .bubble").filter(has_text="身份证").last).not_to_contain_text("19900307")


def test_stream_that_ends_loses_and_doubles_nothing(sit: Sit, site: Site) -> None:
    page = sit("li", "kaifaqu")
    opened = []
    page.on("request", lambda r: opened.append(r.url) if "/events" in r.url else None)
    sent, end = [], time.monotonic() + 29
    while time.monotonic() < end:
        sent.append(f"第{len(sent)}句{uuid.uuid4().hex[:4]}")
        site.say("sun", "kaifaqu", sent[-1])
        page.wait_for_timeout(400)
    expect(bubbles(page, sent[-1])).to_have_count(1)
    shown = [t for t in page.locator(".bubble").all_inner_texts() if t in set(sent)]
    assert shown == sent
    assert len(opened) >= 1, "the stream was never renewed"


def test_lost_connection_is_shown_and_made_good(sit: Sit, site: Site) -> None:
    page = sit("li", "shiqiao")
    site.say("sun", "shiqiao", "断网前")
    expect(bubbles(page, "断网前").last).to_be_visible()
    page.route("**/events*", lambda route: route.fulfill(status=502, body=""))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#offline")).to_be_visible()
    site.say("sun", "shiqiao", "断网时")
    page.unroute("**/events*")
    expect(bubbles(page, "断网时")).to_have_count(1)
    expect(page.locator("#offline")).to_be_hidden()
    expect(bubbles(page, "断网前")).to_have_count(1)


def test_more_tabs_than_threads_still_get_every_line(site: Site) -> None:
    def listen(n: int) -> bool:
        last_id, until = "0", time.monotonic() + 20
        while time.monotonic() < until:
            headers = {"Last-Event-ID": last_id} if last_id != "0" else {}
            with requests.get(f"{site.url}/demo/events?rooms=shiqiao", headers=headers, stream=True, timeout=40) as r:
                for row in r.iter_lines(chunk_size=1, decode_unicode=False):
                    if row.startswith(b"id: "):
                        last_id = row[4:].decode()
                    if words.encode() in row:
                        return True
            time.sleep(0.5)
        return False

    words = f"人多也听得到 {uuid.uuid4().hex[:6]}"
    with ThreadPoolExecutor(40) as pool:
        heard = [pool.submit(listen, n) for n in range(40)]
        time.sleep(2)
        began = time.monotonic()
        site.say("sun", "shiqiao", words)
        assert time.monotonic() - began < 3
        assert all(f.result() for f in heard)


@pytest.mark.parametrize("size", [{"width": 320, "height": 568}, PHONE, {"width": 900, "height": 600}, WIDE])
def test_nothing_scrolls_sideways(sit: Sit, site: Site, size: dict[str, int]) -> None:
    site.say("sun", "shiqiao", "很长" * 60 + "https://example.invalid/" + "a" * 200)
    for chat in ("shiqiao", "private", None):
        page = sit("liu", chat, size)
        expect(page.locator(".person[aria-pressed=true]")).to_have_count(1)
        page.wait_for_timeout(600)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), chat
        assert page.evaluate("document.getElementById('log').scrollWidth <= document.getElementById('log').clientWidth")


def test_tap_targets_and_input_are_large_enough(sit: Sit) -> None:
    page = sit("zhao", "qingshui", PHONE)
    expect(page.locator("#title")).to_contain_text("清水村")
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('button, textarea')].filter(e => e.offsetParent)"
        ".map(e => [e.id || e.textContent, e.offsetWidth, e.offsetHeight])"
    )
    assert [s for s in sizes if s[1] < 44 or s[2] < 44] == []
    assert page.evaluate("parseFloat(getComputedStyle(document.getElementById('text')).fontSize)") >= 16


def test_every_window_is_somebody_else_by_its_address(sit: Sit) -> None:
    page = sit(None, None, PHONE)
    expect(page.locator("#title")).to_contain_text("清水村法润民生群")
    page.tap("#back")
    page.tap(".person[data-who=chen]")
    page.tap("[data-chat=kaifaqu]")
    assert page.url.endswith("?who=chen&chat=kaifaqu")
    expect(page.locator("#me")).to_contain_text("陈支书")
    page.go_back()
    expect(page.locator(".person[data-who=chen]")).to_be_visible()
    page.reload()
    expect(page.locator(".person[data-who=chen]")).to_have_attribute("aria-pressed", "true")


def test_help_leads_to_the_right_person(sit: Sit) -> None:
    page = sit("liu", "qingshui", PHONE)
    page.tap("#help-open")
    expect(page.locator("#help li")).to_have_count(4)
    page.tap("[data-go='wang/private']")
    expect(page.locator("#help")).to_be_hidden()
    assert page.url.endswith("?who=wang&chat=private")


def test_page_is_guarded(site: Site) -> None:
    answer = requests.get(f"{site.url}/demo/", timeout=10)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=|https?://", answer.text)
    for query in ("rooms=somewhere", "rooms=", "rooms=qingshui&after=x", "rooms=" + "a," * 500):
        assert requests.get(f"{site.url}/demo/events?{query}", timeout=10).status_code == 400
