"""Every sentence a person sees. A lawyer reviews this file; read it aloud before changing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bot.domain import SHANGHAI, Person, TicketStatus
from knowledge.citation import NATION, ArticleRef
from knowledge.library import ArticleText, Change, Entry, Materials, Matter, Notice, ServicePoint

STATUS = {
    TicketStatus.OPEN: "等待派单",
    TicketStatus.ASSIGNED: "等待顾问接单",
    TicketStatus.CLAIMED: "顾问处理中",
    TicketStatus.ANSWERED: "已答复",
    TicketStatus.CLOSED: "已结案",
    TicketStatus.REOPENED: "重新办理",
    TicketStatus.WITHDRAWN: "已撤回",
}
KIND = {
    "village": "法润民生群", "enterprise": "法润企业群", "campus": "校园法律通群", "migrant": "外来务工群",
    "hardship": "特殊困难家庭群", "veteran": "退役军人群", "advisors": "顾问工作群",
}  # fmt: skip

# Danger: short words and the right numbers first. The numbers are those of knowledge/content/hotlines.yaml.
DANGER = {
    "suicide": "先别做傻事，也别让人单独待着。马上打 110；心里难受打 12356，24 小时有人听您说；孩子可打 12355；受伤、吃了药打 120。",
    "dv_in_progress": "先离开动手的人，到邻居家或人多的地方。马上打 110；有伤打 120；妇女求助打 12338。",
    "violence_threat": "先躲开，别硬拼，锁好门。马上打 110；有人受伤打 120。",
    "child_abuse": "先把孩子带到安全的地方。马上打 110；孩子求助打 12355；有伤打 120。别洗澡换衣，留好证据。",
    "missing": "马上打 110 报警，不用等 24 小时。说清相貌、衣着、最后在哪里；孩子走失也可打 12355；有病的同时打 120。",
    "detention": "马上打 110，说清在哪里、有几个人。不方便出声就发短信 12110，写明地点；妇女求助可打 12338。",
    "fraud_ongoing": "先停手，别再转钱，别点链接，挂掉电话。马上打 110 或 96110 报警止付，越快越好；心里过不去打 12356。",
    "poison_gas_fire": "先离开危险的地方，开窗、别开灯。有人中毒、受伤、没反应打 120；着火、被困打 119；要警察打 110。",
}
DANGER_TAIL = "村里的法律顾问和司法局我已经通知了。"
DANGER_NO_GROUP = "我是机器人，替不了警察和医生，请马上打电话。"


def greeting(name: str) -> str:
    return (
        f"您好，我是{name}，是机器人。工资、土地、婚姻、借钱、邻里这些法律上的事，都可以用大白话问我。"
        "我说的仅供参考，不代替律师意见。拿不准的，我转给法律顾问。发“帮助”看怎么用。"
    )


def help_text(role: str, name: str) -> str:
    own = {
        "advisor": (
            "顾问可以发（也可以引用工单直接写）：\n工单　看我的工单\n详情 12　看一张工单\n接单 12\n答复 12 您的话\n追问 12 您要问的\n"
            "转办 12 接手人姓名\n延期 12\n结案 12\n认可　我刚才答得对\n纠错 对的说法　我刚才答得不对\n绑定 绑定码　在新群里发"
        ),
        "officer": (
            "司法局可以发：\n工单　看辖区未办结的\n详情 12\n指派 12 顾问姓名\n催办 12\n推送 养老　按词找风险提示\n推送 3　把第 3 条发给辖区各群\n"
            "未送达　看要人工处理的投递\n统计\n绑定 绑定码　在新群里发"
        ),
        "cadre": "村干部可以发：\n工单　看本村未办结的（不显示内容）\n催办 12\n代问 乡亲要问的事",
    }.get(role, "")
    everyone = (
        f"我是{name}，是机器人。直接说事就行，比如“老板欠我工资没合同怎么办”。\n还可以发：\n法条 民法典 1079　看条文\n法条 1　看上一条答复的第 1 个依据\n材料 法律援助　看办事要带什么\n服务点 法律援助　看去哪里、几点开门\n"
        "转人工　请法律顾问来答\n进度　看我的工单\n补充 12 您要说的\n撤回 12\n评价 12 5 5 5　态度、速度、专业，各 1 到 5 分"
    )
    return f"{own}\n\n{everyone}" if own else everyone


def answer(entry: Entry, kind: str | None, advisor: Person | None, terms: Mapping[str, str]) -> str:
    """The answer as it is sent: short answer, numbered steps, papers, deadline, hard words, articles, who speaks, how to reach a person."""
    lines = [entry.answer_for(kind), "怎么办："]
    lines += [f"{n}. {step}" for n, step in enumerate(entry.steps, 1)]
    if entry.papers:
        lines.append(f"要留好：{'、'.join(entry.papers)}。")
    if entry.deadline:
        lines.append(f"时限：{_full_stop(entry.deadline)}")
    lines += explained("\n".join(lines), terms)
    lines += [grounds([r.ref for r in entry.refs]), robot(advisor)]
    return "\n".join(lines)


MOST_TERMS = 2  # explained below one answer


def explained(text: str, terms: Mapping[str, str]) -> list[str]:
    """One line that says the legal terms of a text plainly, the longest first; none where the text explains them itself."""
    found = list[str]()
    for term in sorted(terms, key=len, reverse=True):
        if term in text and f"{term}（" not in text and not any(term in longer for longer in found):
            found.append(term)
    said = [f"{term}，就是{terms[term]}" for term in found[:MOST_TERMS]]
    return [f"词解：{'；'.join(said)}。"] if said else []


SHOWN_REFERENCES = 3  # “法条” lists them all


def grounds(refs: Sequence[ArticleRef]) -> str:
    listed = "；".join(f"{n}. {ref}" for n, ref in enumerate(refs[:SHOWN_REFERENCES], 1))
    more = f"等 {len(refs)} 条" if len(refs) > SHOWN_REFERENCES else ""
    return f"依据：{listed}{more}。（发“法条 1”看原文）"


def robot(advisor: Person | None) -> str:
    return f"我是机器人，说的仅供参考，不代替律师意见。想问{_who(advisor.name if advisor else None)}，发“转人工”。"


def _who(name: str | None) -> str:
    return f"法律顾问{name}" if name else "法律顾问"


def _full_stop(text: str) -> str:
    return text if text.endswith(("。", "！", "？")) else text + "。"


def clarify(titles: Sequence[str]) -> str:
    listed = "\n".join(f"{n}. {title}" for n, title in enumerate(titles, 1))
    return f"您问的是哪一件？回数字就行：\n{listed}\n0. 都不是，请法律顾问来答"


def private(advisor: Person | None, *, can_chat: bool) -> str:
    way = "请点我的头像，私下发消息给我，我接着跟您说。" if can_chat else ""
    phone = f"也可以打{_who(advisor.name)}的电话 {advisor.phone}，" if advisor and advisor.phone else "也可以"
    return f"这件事关系到个人隐私，就不在群里说了。{way}{phone}打 12348，都不收钱。"


def danger(kind: str, *, told: bool) -> str:
    return f"{DANGER[kind]}\n{DANGER_TAIL if told else DANGER_NO_GROUP}"


def escalated(ticket_id: int, owner: str | None, due: datetime, *, urgent: bool) -> str:
    when = f"最迟 {moment(due)} 前答复您" if not urgent else f"{moment(due)} 前联系您"
    return f"这件事我拿不准，不敢乱说，已转给{_who(owner)}，工单号 {ticket_id}，{when}。发“进度 {ticket_id}”可以查。"


def law_changed(ticket_id: int, owner: str | None, due: datetime) -> str:
    return f"这方面的法律刚有变动，我的答复还在核对，先不乱说。{_handed_over(ticket_id, owner, due)}"


def unsigned(ticket_id: int, owner: str | None, due: datetime) -> str:
    return f"这件事的答复还没有律师签过字，我先不说。{_handed_over(ticket_id, owner, due)}"


def _handed_over(ticket_id: int, owner: str | None, due: datetime) -> str:
    return f"已转给{_who(owner)}，工单号 {ticket_id}，最迟 {moment(due)} 前答复您。发“进度 {ticket_id}”可以查。"


def asked_for_person(ticket_id: int, owner: str | None, due: datetime) -> str:
    return f"好的，{_handed_over(ticket_id, owner, due)}"


def no_home() -> str:
    return "这件事要请法律顾问看。我还不知道您是哪个村的，请在您村的法润群里叫我一声再来，或者打 12348，不收钱。"


def nothing_to_hand_over() -> str:
    return "好的。请把事情说一说：什么时候、跟谁、什么事、想要怎样。我转给法律顾问。"


def continued(question: str) -> str:
    return f"接着您在群里问的“{clip(question, 40)}”："


def chat_only(name: str) -> str:
    return f"我是{name}，是机器人，只懂法律上的事。有法律上的难处直接跟我说，发“帮助”看怎么用。"


def still_open(ticket_id: int) -> str:
    return f"收到，已加到工单 {ticket_id} 里，顾问会看到。"


# ------------------------------------------------------------------ tickets


def to_advisor(ticket_id: int, group: str, asker: str, question: str, matter: Matter | None, refs: Sequence[ArticleRef],
               due: datetime, *, urgent: bool, private_talk: bool) -> str:  # fmt: skip
    head = f"【紧急】工单号 {ticket_id}" if urgent else f"【新工单】工单号 {ticket_id}"
    lines = [head, f"{group}　{asker or '一位乡亲'}{'（私聊）' if private_talk else ''}", f"问：{clip(question, 400)}"]
    if matter:
        lines.append(f"像是：{matter.name}")
    if refs:
        lines.append(f"可参考：{'、'.join(str(r) for r in refs[:3])}")
    lines.append(f"请在 {moment(due)} 前答复。引用本条直接写答复，或回“接单 {ticket_id}”“转办 {ticket_id} 姓名”。")
    return "\n".join(lines)


def to_bureau(ticket_id: int, region: str, why: str) -> str:
    reasons = {
        "danger": "有人遇到危险，已给出报警电话",
        "no_advisor": "没有在岗的法律顾问，请指派",
        "assign_overdue": "超过接单时限，请督促",
        "answer_overdue": "超过答复时限，请督促",
        "complaint": "评价偏低，已重新办理，请关注",
        "undelivered": "答复没有送到提问人，请人工联系",
    }
    return f"【督办】工单号 {ticket_id}（{region}）：{reasons[why]}。发“详情 {ticket_id}”查看，“指派 {ticket_id} 姓名”换人。"


def reminder(ticket_id: int, due: datetime, *, overdue: bool) -> str:
    return (
        f"【超时】工单号 {ticket_id} 已过 {moment(due)} 的时限，请尽快处理。"
        if overdue
        else f"【提醒】工单号 {ticket_id} 请在 {moment(due)} 前处理。引用本条直接写答复即可。"
    )


def from_advisor(ticket_id: int, advisor: str, text: str) -> str:
    return f"法律顾问{advisor}答复您（工单号 {ticket_id}）：\n{text}\n还有话说，回“补充 {ticket_id} …”。"


def asked_back(ticket_id: int, advisor: str, text: str) -> str:
    return f"法律顾问{advisor}想再问您（工单号 {ticket_id}）：\n{text}\n引用这条回复，或回“补充 {ticket_id} …”。"


def asker_added(ticket_id: int, text: str) -> str:
    return f"工单号 {ticket_id}，提问人补充：\n{clip(text, 400)}"


def please_rate(ticket_id: int) -> str:
    return f"工单号 {ticket_id} 已结案。请评一评：回“评价 {ticket_id} 5 5 5”，依次是态度、速度、专业，1 到 5 分。"


def rated(low: bool) -> str:
    return "收到您的评价。对不住没让您满意，已换人重新办理。" if low else "谢谢您的评价。"


def handled_over(ticket_id: int, advisor: str) -> str:
    return f"工单号 {ticket_id} 已转给法律顾问{advisor}，您不用再说一遍。"


def withdrawn(ticket_id: int) -> str:
    return f"工单号 {ticket_id} 已撤回。"


def withdrawn_notice(ticket_id: int) -> str:
    return f"工单号 {ticket_id} 提问人已撤回，不用处理了。"


def progress(rows: Sequence[tuple[int, TicketStatus, str | None, datetime]]) -> str:
    if not rows:
        return "没有查到您的工单。"
    return "\n".join(
        f"工单号 {number}：{STATUS[status]}{f'，顾问{owner}' if owner else ''}"
        + (f"，最迟 {moment(due)} 答复" if status not in (TicketStatus.ANSWERED, TicketStatus.CLOSED, TicketStatus.WITHDRAWN) else "")
        for number, status, owner, due in rows
    )


def ticket_list(rows: Sequence[tuple[int, TicketStatus, str, datetime, bool]], *, own: bool) -> str:
    if not rows:
        return "手上没有未办结的工单。" if own else "没有未办结的工单。"
    shown = [
        f"{'急 ' if urgent else ''}{number}　{STATUS[status]}　{moment(due)} 前{f'　{clip(text, 18)}' if text else ''}"
        for number, status, text, due, urgent in rows[:10]
    ]
    more = f"\n还有 {len(rows) - 10} 张没有列出。" if len(rows) > 10 else ""
    return f"未办结 {len(rows)} 张：\n" + "\n".join(shown) + more


def detail(number: int, status: TicketStatus, question: str, answer: str | None, due: datetime, log: Sequence[str]) -> str:
    lines = [f"工单号 {number}　{STATUS[status]}　{moment(due)} 前", f"问：{clip(question, 500)}"]
    if answer:
        lines.append(f"答：{clip(answer, 500)}")
    return "\n".join([*lines, *log])


EVENT = {
    "opened": "开单", "assigned": "派单", "claimed": "接单", "transferred": "转办", "answered": "答复", "asked_back": "追问",
    "asker_added": "提问人补充", "extended": "延期", "closed": "结案", "withdrawn": "撤回", "rated": "评价", "reopened": "重新办理",
    "reminded": "提醒", "overdue": "超时上报", "urged": "催办", "undelivered": "没送到",
}  # fmt: skip

CLAIMED = "接单成功，工单号 {n}。引用本条直接写答复，或发“答复 {n} 您的话”。"
ANSWERED = "工单号 {n} 的答复已发给提问人。没别的事就发“结案 {n}”。"
ASKED_BACK = "工单号 {n} 的追问已发给提问人。"
TRANSFERRED = "工单号 {n} 已转给{name}。"
ASSIGNED = "工单号 {n} 已派给{name}。"
EXTENDED = "工单号 {n} 已延期，请在 {due} 前答复。"
CLOSED = "工单号 {n} 已结案，已请提问人评价。"
URGED = "工单号 {n} 已催办。"
TAKEN = "工单号 {n} 已经由{name}接单了。"
NOT_YOURS = "工单号 {n} 不在您名下，先发“接单 {n}”。"
NO_SUCH_TICKET = "没有找到工单号 {n}，或者不归您管。"
WRONG_STATE = "工单号 {n} 现在是“{status}”，不能这样操作。"
WHICH_TICKET = "请写上工单号，比如“{command} 12”。"
WHAT_WORDS = "请写上内容，比如“{command} {n} 您的话”。"
WHICH_ADVISOR = "没有找到名叫“{name}”的在岗顾问，请核对姓名。"
ONLY_ONCE = "工单号 {n} 不能再延期了：每张工单只能延一次，紧急的不能延。"
NOT_ALLOWED = "这个命令您用不了。发“帮助”看您可以用的。"
BAD_RATING = "评价写法：评价 {n} 5 5 5，依次是态度、速度、专业，各 1 到 5 分。"
APPROVED = "记下了：您核对过，这条答复是对的。"
CORRECTED = "记下了：这条答复不对，对不住。请您把对的说给大家听，司法局改文稿时会看到您的话。"
NOTHING_TO_JUDGE = "没有找到要核对的答复：一天之内的直接发，一个月之内的请引用那条答复再发。"
NOTHING_TO_RATE = "没有等您评价的工单。"
BOUND = "绑定成功：本群是“{name}”（{kind}）。有法律上的事，@我 就行。"
BAD_CODE = "绑定码不对，或者已经用过、过期了。请向司法局要一个新的。"
ROOM_TAKEN = "这个群已经绑定了别的名册，先请司法局核对。"
BIND_NOT_ALLOWED = "绑定要由法律顾问或司法局的人来发。"
NOT_HERE = "绑定码要发在要绑定的群里。"
NO_LAW = "没有找到“{asked}”。写法：法条 民法典 1079。"
LAW_TEXT_MISSING = "{ref}：法条库里暂时没有原文，只能告诉您名字和条号。"
NO_REFERENCES = "还没有可看的依据。写法：法条 民法典 1079。"
PUSHED_BEFORE = "“{title}”今天已经推送过了，没有重复发。"
NO_SUCH_NOTICE = "没有第 {n} 条风险提示，发“推送”看清单。"


def law_text(article: ArticleText) -> str:
    return f"{article.ref}（{article.valid_from:%Y-%m-%d} 起施行的版本）\n{article.text}"


def law_then(day: date, changes: Sequence[Change]) -> str:
    """Above an answer by today's law: what held on the day asked about, where it was or may have been something else."""
    lines = []
    for c in changes:
        law, since = c.law.removeprefix(NATION), f"{c.since:%Y年%-m月%-d日}"
        if c.then is None:
            lines.append(f"《{law}》我手上最早的是{since}起施行的版本，那以前的规定可能不一样，拿不准请发“转人工”。")
        else:
            lines.append(f"当时用的是旧的《{law}》，{since}起改了。那时的规定是{c.then.ref}：{clip(c.then.text, 160)}")
    return "\n".join([f"您说的是 {day.year} 年的事。", *lines, "按现在的法律是这样：", ""]) if lines else ""


def materials(m: Materials) -> str:
    """What to bring, each once, with the form it is wanted in."""
    lines = [f"{m.title}：", *(f"{n}. {_material(*item)}" for n, item in enumerate(m.items, 1)), f"去哪里：{'、'.join(m.where)}。", "怎么办："]
    lines += [f"{n}. {step}" for n, step in enumerate(m.steps, 1)]
    lines += [f"{name}：{_full_stop(text)}" for name, text in (("多久", m.time), ("费用", m.cost)) if text]
    return "\n".join([*lines, grounds([r.ref for r in m.refs])])


def _material(name: str, form: str, when: str, note: str) -> str:
    extra = "；".join(t for t in (f"{when}才要" if when else "", note) if t)
    return f"{name}（{form}）{'：' + extra if extra else ''}"


def accuracy(when: datetime | None, answered: int, right: int) -> str:
    """How good the robot is, as it was measured."""
    if when is None or not answered:
        return "我是机器人，说的仅供参考。拿不准的我不答，会转给法律顾问。"
    share = f"我有把握答的 {answered} 个里，找对法律依据的有 {right} 个（{right / answered:.0%}）"
    return f"{moment(when)}用别人写的问题考过我：{share}。也会有错，大事请发“转人工”问法律顾问。拿不准的我不答。"


def service_points(points: Sequence[ServicePoint]) -> str:
    """Where to go, what is done there, when it is open."""
    return "\n".join(f"{p.name}：{p.address}，电话 {p.phone}。{'、'.join(p.hours)}。办：{'、'.join(p.services)}。" for p in points)


def which_service(points: Sequence[ServicePoint]) -> str:
    if not points:
        return "我还没有您这里的服务点。打 12348 可以问，不收钱。"
    return f"这附近有：{'、'.join(p.name for p in points)}。发“服务点 法律援助”这样问地址和时间。"


def which_materials(names: Sequence[str]) -> str:
    return f"要办哪一样？发“材料 {names[0]}”这样问。有：{'、'.join(names)}。"


def references(refs: Sequence[ArticleRef]) -> str:
    return "\n".join(f"{n}. {ref}" for n, ref in enumerate(refs, 1)) + "\n发“法条 1”看第 1 条原文。"


def notice(n: Notice) -> str:
    grounds_line = f"\n依据：{'、'.join(str(r.ref) for r in n.refs)}。" if n.refs else ""
    return f"【风险提示】{n.title}\n{n.text}{grounds_line}\n法律上的事问我，@我 就行；或打 12348，不收钱。"


def pushed(title: str, groups: int, due: datetime | None) -> str:
    when = f"现在是不打扰的时段，{moment(due)} 起发" if due else "马上就发"
    return f"“{title}”已排队发给 {groups} 个群，{when}。"


def notice_list(notices: Sequence[tuple[int, str]], found: int) -> str:
    """Some of the notices with their numbers, and how to find the others."""
    if not notices:
        return "没有这样的风险提示，换个词试试，比如“推送 养老”。"
    more = f"\n还有 {found - len(notices)} 条，发“推送 养老”这样按词找。" if found > len(notices) else ""
    return "风险提示清单：\n" + "\n".join(f"{n}. {t}" for n, t in notices) + more + f"\n发“推送 {notices[0][0]}”把第 {notices[0][0]} 条发给辖区各群。"


def unsettled(rows: Sequence[tuple[int, str, str]]) -> str:
    if not rows:
        return "没有要人工处理的投递。"
    state = {"undecided": "不知送到没有", "failed": "没送到"}
    return "要人工处理的投递：\n" + "\n".join(f"{n}　{state[s]}　{clip(t, 20)}" for n, s, t in rows[:10])


def figures(counts: Mapping[str, int], overdue: int) -> str:
    shown = "，".join(f"{STATUS[TicketStatus(s)]} {n}" for s, n in sorted(counts.items()))
    return f"工单合计 {sum(counts.values())} 张：{shown or '无'}；超时 {overdue} 张。"


def moment(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def clip(text: str, limit: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"

REFUSED = "请求不合规，已拒绝。"
NOT_MIGRATED = "状态库的结构不是最新的，先运行 farun migrate"
NO_DATABASE = "连不上状态库"
FAULT = "系统出了故障，请稍后再试。"
HTTP = {404: "没有这个地址。", 405: "这个地址不接受这种请求。", 413: "内容太大，已拒绝。"}
