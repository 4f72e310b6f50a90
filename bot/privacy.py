"""Mask personal data before a text is stored or logged.

Masked are numbers and places that lead to one person; each becomes a label such as 〔手机号〕 without the value.
Regions, dates, sums, areas, articles, case and order numbers, hotlines and 400/800 numbers stay: the answer needs
them. So does what its sender masked already (138****5678). Meant for what people write and for log lines, not for our
own reviewed replies: the street of a court would go too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from stdnum import luhn
from stdnum.cn import ric
from stdnum.exceptions import ValidationError


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without personal data, and where it was: [start, end) in the original, sorted, in code points."""

    text: str
    spans: tuple[tuple[int, int], ...]


def mask(text: str) -> Masked:
    """Replace personal data by labels, in time linear in the text; masking a masked text changes nothing."""
    if not _HINT.search(text):
        return Masked(text, ())
    view, origin = _fold(text)
    hits = _sweep(view, _RULES)
    if _SPELLED.search(view):
        spelled = _NUMERAL_OF_A_NAME.sub("\0", _blank(view, hits))
        hits += _sweep(spelled.translate(_AS_DIGITS), _NUMBER_RULES)
    hits += _sweep(_blank(view, hits), _HOME_RULES)
    hits = sorted((origin[start], origin[end - 1] + 1, label) for start, end, label in hits)
    return Masked(_substitute(text, hits), tuple((start, end) for start, end, _ in hits))


_Hit = tuple[int, int, str]  # start, end, label
_Match = re.Match[str]
_Check = Callable[[_Match], bool]


@dataclass(frozen=True, slots=True)
class _Rule:
    label: str
    pattern: re.Pattern[str]  # its group v is what goes
    holds: _Check


def _rule(label: str, value: str, holds: _Check = bool, *, before: str = "", after: str = "") -> _Rule:
    return _Rule(label, re.compile(rf"{before}(?P<v>{value}){after}"), holds)


def _sweep(view: str, rules: Iterable[_Rule]) -> list[_Hit]:
    hits: list[_Hit] = []
    for rule in rules:
        hits += _find(_blank(view, hits), rule)
    return hits


def _find(view: str, rule: _Rule) -> Iterator[_Hit]:
    free = 0
    for match in rule.pattern.finditer(view):
        start, end = match.span("v")
        if start >= free and rule.holds(match):
            yield start, end, rule.label
            free = end


def _blank(view: str, hits: Iterable[_Hit]) -> str:
    """Hide what is taken already from later rules; no index moves."""
    return _substitute(view, sorted((start, end, "\0" * (end - start)) for start, end, _ in hits), "{}")


def _substitute(text: str, hits: Iterable[_Hit], form: str = "〔{}〕") -> str:
    parts, done = [], 0
    for start, end, label in hits:
        parts += [text[done:start], form.format(label)]
        done = end
    return "".join([*parts, text[done:]])


# ---- the view that the rules read: half-width, one kind of digits, \x01 for whatever hides between two digits ----

_ZERO_WIDTH = "\x01-\x08\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef"
_EMOJI = "\u20e3\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_NOISE = re.compile(rf"[{_ZERO_WIDTH}{_EMOJI}]|\[[\u4e00-\u9fffA-Za-z]{{1,8}}\]")  # WeChat sends emoji as [微笑]
_NEEDLESS_NOISE = re.compile(r"(?<=\x01)\x01|(?<!\d)\x01|\x01++(?!\d)")  # all but one between two digits
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")  # full-width, Tibetan ...
_WIDTH: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "\t\xa0\u2002\u2003\u2009\u202f\u3000"), " "),
    **dict.fromkeys(map(ord, "‐‑‒–—―−─﹣"), "-"),
    **dict.fromkeys(map(ord, "·•・‧∙"), "."),
}
_NUMERALS = "一二三四五六七八九〇零○幺壹贰叁肆伍陆柒捌玖①②③④⑤⑥⑦⑧⑨"
_AS_DIGITS = str.maketrans(_NUMERALS + ",", "1234567890001123456789123456789 ")
_SPELLED = re.compile(rf"[{_NUMERALS}](?:[ ,.-]?[\d{_NUMERALS}]){{10}}|\d(?:[ ,.-]?[\d{_NUMERALS}]){{10}}(?<!\d{{11}})")
_NUMERAL_OF_A_NAME = re.compile(  # 王五一三八…
    rf"(?<![\d{_NUMERALS}])[{_NUMERALS}](?=[一幺][三四五六七八九](?:[ ,-]?[{_NUMERALS}]){{9}}(?![{_NUMERALS}]))"
)
_LETTERS = "A-Za-zＡ-Ｚａ-ｚ"
_HINT = re.compile(  # one class first: then the engine skips the other characters fast
    rf"[\d{_ZERO_WIDTH}{_NUMERALS}十百@＠{_LETTERS}](?:(?<=[\d{_ZERO_WIDTH}])|(?<=[{_NUMERALS}])[{_NUMERALS}]{{2}}"
    rf"|(?<=[{_NUMERALS}十百])\s?(?:[号栋幢座]|单元)|(?<=[@＠])[{_LETTERS}]|(?<=[{_LETTERS}])[{_LETTERS}_-]{{5}})"
)


def _fold(text: str) -> tuple[str, Sequence[int]]:
    """Return the view, and for each of its characters the index in the text."""
    view = _NOISE.sub(lambda match: "\x01" * len(match[0]), text)
    view = _FOREIGN_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), view).translate(_WIDTH)
    dropped = {index for match in _NEEDLESS_NOISE.finditer(view) for index in range(*match.span())}
    origin = [index for index in range(len(view)) if index not in dropped]
    return "".join([view[index] for index in origin]), origin


# ---- numbers, and names of accounts ----

_GAP = r"\x01?+[ .-][ .\x01-]{0,2}+"
_ANY_GAP = r"[ .\x01-]{0,3}+"
_IS = r"[是为: ]{0,3}"  # 电话是：…
_SUM = r" ?(?:万?元|亿|块钱)"


def _groups(*sizes: int, gap: str = _GAP) -> str:
    return gap.join(_run(size, size) for size in sizes)


def _run(least: int, most: int) -> str:
    return rf"\d(?:\x01?+\d){{{least - 1},{most - 1}}}"


def _whole(label: str, digits: str, holds: _Check) -> _Rule:
    """Make a rule for a whole number. It looks ahead only: one that fails its checksum hides none that starts in it."""
    return _rule(label, digits, holds, before=r"(?<![\d¥￥$])(?=", after=r"(?!\d))")


def _digits(match: _Match) -> str:
    return "".join(filter(str.isalnum, match["v"])).upper()


_PROVINCE_AND_CENTURY = re.compile(r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[1-8])\d{4}(?:19|20)")


def _is_resident_id(match: _Match) -> bool:
    number = _digits(match)
    return _has_birthday(number) and ric.calc_check_digit(number) == number[-1]


def _is_old_resident_id(match: _Match) -> bool:
    number = _digits(match)  # two digits for the year; its last holders were born before 2000
    return number[6] > "1" and _has_birthday(f"{number[:6]}19{number[6:]}") and _is_no_reference(match)


def _has_birthday(number: str) -> bool:
    # Not ric.validate: its table of counties lags, and refuses births from before a county was renamed.
    try:
        return bool(_PROVINCE_AND_CENTURY.match(number) and ric.get_birth_date(number))
    except ValidationError:
        return False


# Not 69 and 13 digits: the bar code of a Chinese product.
_ISSUER = re.compile(
    r"(?:62|9558)\d{11,17}|3(?:[47]\d{13}|5\d{14}|[068]\d{12})|4\d{12}(?:\d{3}){0,2}|(?!69\d{11}$)[56]\d{12,18}"
)


def _is_bank_card(match: _Match) -> bool:
    number = _digits(match)
    return bool(_ISSUER.fullmatch(number)) and luhn.is_valid(number) and _is_no_reference(match)


def _is_mobile(match: _Match) -> bool:
    first, *rest = re.findall(r"\d+", match["v"].replace("\x01", ""))
    sums = first.endswith("0") and bool(rest[1:]) and all(group.endswith("00") for group in rest)  # 150 2000 3000
    return not sums and _is_no_reference(match)


_REFERENCE = re.compile(r"(?:[单编案文水同票列批书型货件册税]号|[单件证形条编]码|代码|IMEI)码?[是为:# ]{0,3}$")


def _is_no_reference(match: _Match) -> bool:
    """Tell whether the words before announce no order, case, contract ..."""
    start = match.start("v")
    return not _REFERENCE.search(match.string[max(0, start - 12) : start])


_MOBILE_GROUPS = [_groups(*sizes) for sizes in ((11,), (3, 4, 4), (4, 4, 3), (4, 3, 4), (3, 3, 5), (1,) * 11)]
# Two groups take no dot: 130.12345678 is a longitude.
_MOBILE_GROUPS += [_groups(*sizes, gap="[ -]{1,3}") for sizes in ((3, 8), (7, 4))]
_MOBILE = (
    r"(?:\(?(?:\+|00)?86\)?[ -]{0,2}|0)?(?=1[ .\x01-]{0,3}[3-9])(?!19\d\d[ .-])"
    rf"(?:{'|'.join(_MOBILE_GROUPS)})(?!(?:\.\d\d?)?{_SUM}|\.\d\d?(?![\d\u4e00-\u9fff]))"
)
_LOCAL = rf"(?=[1-9])(?:{_groups(8)}|{_groups(4, 4)}|{_groups(7)}|{_groups(3, 4)})(?!\d)"
_EXTENSION = r"(?: ?(?:转|分机|[Ee]xt\.?|-) ?\d{1,6}(?!\d))?"
_AREA = r"(?:(?:\+|00)86[ -]{0,2}\(?0?|\(?0)(?:10|2\d|[3-9]\d\d)\)?[ .\x01-]{0,3}"
_PHONE_IS = rf"(?:电话|手机|座机|固话|传真|联系方式|号码|[Tt][Ee][Ll])(?:号码?)?{_IS}"
_NO_DATE = r"(?!(?:19|20)\d\d[01]\d[0-3]\d(?!\d)|[48]00[ .-])"
_CARDS = (
    _run(13, 19),
    r"\d{13,19}",
    _groups(4, 4, 4, 4) + _GAP + _run(1, 3),
    _groups(4, 4, 4) + _GAP + _run(1, 4),
    _groups(4, 6, 5),
    _run(6, 6) + _GAP + _run(7, 13),
)
_OLD_ID = f"{_groups(15)}|{_groups(6, 6, 3)}"
_ID_IS = rf"身份证(?:件?号码?)?{_IS}"
_CARD_IS = rf"(?:[卡账帐]号|[账帐]户|户头|银行卡|存折)码?{_IS}"
_PASSPORT = r"[A-Za-z]{1,2} ?\d{6,8}|\d{9}"

_NUMBER_RULES = (
    _whole("身份证号", rf"\d(?:{_ANY_GAP}\d){{16}}{_ANY_GAP}[\dXx]", _is_resident_id),
    _rule("身份证号", rf"\d(?:{_ANY_GAP}\d){{13,17}}{_ANY_GAP}[\dXx]", before=_ID_IS, after=r"(?!\d)"),
    _whole("身份证号", rf"(?<!\d\x01)(?:{_OLD_ID})(?!\x01)", _is_old_resident_id),
    _rule("银行卡号", rf"\d(?:{_ANY_GAP}\d){{11,22}}", before=_CARD_IS, after=rf"(?!\d|{_SUM})"),
    *(_whole("银行卡号", rf"(?=[3-69]){card}", _is_bank_card) for card in _CARDS),
    _whole("身份证号", _OLD_ID, _is_old_resident_id),
    _whole("手机号", _MOBILE, _is_mobile),
    _rule("手机号", rf"1{_ANY_GAP}[3-9](?:{_ANY_GAP}\d){{9}}", _is_no_reference, before=_PHONE_IS, after=r"(?!\d)"),
    _whole("座机号", _AREA + _LOCAL + _EXTENSION, _is_no_reference),
    _rule("座机号", _LOCAL + _EXTENSION, _is_no_reference, before=_PHONE_IS + _NO_DATE, after=rf"(?![\d年]|{_SUM})"),
)

_PLATE = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼] ?[A-HJ-NP-Za-hj-np-z][ .-]{0,2}"
    r"(?=(?:[A-Za-z]{0,2}\d){3})(?:[A-HJ-NP-Za-hj-np-z0-9]{5,6}|[A-HJ-NP-Za-hj-np-z0-9]{4}[学警挂港澳领试超使])"
    r"|(?<![致促迫即行驱大天假唆指])使 ?\d{3}[ .]?\d{3}(?=[的车号,.。]|$)"
)
_WECHAT_IS = (
    r"(?i:微信|薇信|(?<![a-z])(?:weixin|wechat|[vw]x|v信))"
    r"(?i:号[:是为 ]*|id[: ]*| ?: ?|[是为 ]{0,2}(?=[a-z_-]{1,19}\d))"  # without 号 or a colon only with a digit
)
_WORD = r"[A-Za-z0-9._%+-]"
_MAIL = (  # a chain a@b.cn_c@d.cn is one, so that nothing is left for a second pass
    rf"{_WORD}++(?:@(?=[A-Za-z0-9.-]*?\.[A-Za-z]{{2}})[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*+(?:{_WORD}*+(?=@))?+)+"
)

_RULES = (
    _rule("微信号", r"wxid_[A-Za-z0-9]{6,}+"),
    _rule("邮箱", _MAIL, before=f"(?<!{_WORD})"),
    _rule("微信号", r"[A-Za-z][A-Za-z0-9_-]{5,}+", before=_WECHAT_IS),
    *_NUMBER_RULES,
    _rule("微信号", r"\d{6,10}", before="微信号[:是为 ]*", after=r"(?![\d元])"),
    _rule("护照号", _PASSPORT, before=rf"护照(?:号码?)?{_IS}", after="(?![A-Za-z0-9])"),
    _rule("车牌号", _PLATE, after="(?![A-Za-z0-9])"),
    _rule("车牌号", r"(?=[A-Za-z]{0,4}\d)[A-Za-z0-9.]{5,7}", before=rf"车牌(?:号码?)?{_IS}", after="(?![A-Za-z0-9])"),
)

# ---- homes: from the name of the street or the estate to the door; the regions before it stay ----

_COUNT = "一二三四五六七八九十百零〇"
_NUM = rf"(?<![\d{_COUNT}])(?:\d{{1,5}}|[{_COUNT}]{{1,6}})(?![\d{_COUNT}])"
_NAME = r"(?:(?![省市区县旗乡镇村在住到去是的了于我你他她从月日号])[\u4e00-\u9fff])"
_HOUSE = (
    rf"[甲乙丙]?{_NUM}(?:[-之]{_NUM})? ?号(?!线|文|令|公告|通知|车|机|矿|井|桥|地(?!址)|人(?!家))楼?"
    rf"(?:附{_NUM}号?)?(?:大?院)?"
)
_BLOCK = rf"(?:{_NUM}|[A-Za-z])(?:[栋幢座]|号楼|#楼?)[ -]?"
_UNIT = rf"{_NUM}单元[ -]?"
_ROOM = rf"(?:{_NUM}[层楼])?(?:{_NUM}[室号]|\d{{3,4}}(?![\d{_COUNT}.%年元万亿亩平米吨分个人户家套间块多余]))"
_FLAT = rf"(?: ?{_BLOCK})?(?: ?{_UNIT})?(?: ?{_ROOM})?"
_STREET = (
    rf"(?:(?<!\d){_NAME}{{1,3}}[东南西北中]?"
    r"(?:(?<![修走赶上逛马知铁铺挖堵条这那的车])(?:[路街弄]|巷子?|胡同)|大道|(?<![知街通渠报频赛隧轨管水河跑车])道)"
    rf"(?:[东南西北中]{{0,2}}[一二三四五六\d]?段)?(?: ?{_NUM}[巷弄])?|{_NUM}[巷弄])"
)
_ESTATE = rf"(?<!\d){_NAME}{{1,4}}(?:小区|花园|家园|苑|公寓|新城|新村|大院|宿舍|安置房|安置点|社区)"
_DOOR = r"(?<!\d)\d{1,3}-\d{1,2}-\d{3,4}(?!\d)"
_HAMLET = "(?<=[村庄屯寨湾坝坪营])(?<![们本全各咱这那我你他]村)"

_DAY = re.compile(rf"(?<![\d{_COUNT}])(?:[12]?\d|3[01]|[一二三四五六七八九十]{{1,3}}) ?号$")
_HAPPENS = re.compile(
    r" ?(?:起|开[始工庭会业]|[到至~-]\d|[之以]?[前后](?!面)|[那当]天|[上下]午|早|晚|中午|凌晨|停[水电气]|通车|封"
    r"|施工|动工|赶[集场]|发放|选举)"
)
_LIVES = re.compile(r"(?:住|家在|我家|我是|家是|地址|门牌|户籍)[^,。;!?\n\0〔〕]{0,15}$")
_LIVED_IN = re.compile(r"村民|人家|住户|[户家院的房]|隔壁|旁边|门口")


def _is_address(match: _Match) -> bool:
    """和平路3号 is a home, 和平路3号停水 a date."""
    return _is_no_day(match) or not _HAPPENS.match(match.string, match.end("v"))


def _is_home(match: _Match) -> bool:
    """三组15号 is as often a date: take it where the words around speak of living there."""
    return _is_no_day(match) or bool(_LIVED_IN.match(match.string, match.end("v")))


def _is_no_day(match: _Match) -> bool:
    start = match.start("v")
    return not _DAY.search(match["v"]) or bool(_LIVES.search(match.string[max(0, start - 20) : start]))


_HOME_RULES = (
    _rule("住址", rf"{_STREET} ?{_HOUSE}{_FLAT}", _is_address),
    _rule("住址", rf"(?:{_ESTATE} ?)?(?:{_BLOCK}(?:{_UNIT})?{_ROOM}|{_BLOCK}{_NUM}单元|{_UNIT}{_ROOM})", _is_address),
    _rule("住址", rf"{_ESTATE} ?(?:{_NUM}单元|{_DOOR}|{_NUM}(?:[栋幢座]|号楼)(?!房|别墅|楼(?![上下])))"),
    _rule("住址", _DOOR, before=rf"(?:房号|住|业主){_IS}"),
    _rule(
        "住址", rf"{_NUM} ?号|\d{{1,5}}(?:[-之附]\d{{1,5}})*号?(?![\d{_COUNT}年月个])", before=rf"门牌(?:号码?)?{_IS}"
    ),
    _rule("住址", rf"{_NUM}[组社队] ?{_HOUSE}{_FLAT}", _is_address, before=_HAMLET),
    _rule("住址", rf"(?:(?<=[村庄屯寨湾坝坪营区])|{_NUM}[组社队] ?){_HOUSE}{_FLAT}", _is_home),
)
