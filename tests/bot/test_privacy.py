"""What leads to a person goes before it is stored; what the answer needs stays."""

from __future__ import annotations

import random
import re
import time
import timeit
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from stdnum import luhn
from stdnum.cn import ric

from bot.privacy import mask

# ---- what goes: the text as written, and as stored ----

PERSONAL = [
    # resident IDs
    ("我的身份证510122199001011233", "我的身份证〔身份证号〕"),
    ("身份证号码：51012219900101123３", "身份证号码：〔身份证号〕"),
    ("张三510122199001011233住东升镇", "张三〔身份证号〕住东升镇"),
    ("510122 19900101 1233", "〔身份证号〕"),
    ("5101 2219 9001 0112 33", "〔身份证号〕"),
    ("510122-19900101-1233", "〔身份证号〕"),
    ("号码11010519491231002X谢谢", "号码〔身份证号〕谢谢"),
    ("11010519491231002x", "〔身份证号〕"),
    ("11010519491231002Ｘ", "〔身份证号〕"),
    ("５１０１２２１９９００１０１１２３３", "〔身份证号〕"),
    ("五一〇一二二一九九〇〇一〇一一二三三", "〔身份证号〕"),
    ("5101221990😀01011233", "〔身份证号〕"),
    ("老身份证510122800101123", "老身份证〔身份证号〕"),
    ("510122 800101 123", "〔身份证号〕"),
    ("身份证号510122199001011230打错了一位也不能存", "身份证号〔身份证号〕打错了一位也不能存"),
    ("公司编号 510122199001011233", "公司编号 〔身份证号〕"),
    # mobiles
    ("打我电话13812345678", "打我电话〔手机号〕"),
    ("张三13812345678李四13987654321", "张三〔手机号〕李四〔手机号〕"),
    ("13812345678、13987654321", "〔手机号〕、〔手机号〕"),
    ("13812345678/13987654321", "〔手机号〕/〔手机号〕"),
    ("13812345678 13987654321", "〔手机号〕 〔手机号〕"),
    ("138 1234 5678", "〔手机号〕"),
    ("138-1234-5678", "〔手机号〕"),
    ("138.1234.5678", "〔手机号〕"),
    ("138 - 1234 - 5678", "〔手机号〕"),
    ("138—1234—5678", "〔手机号〕"),
    ("138 12345678", "〔手机号〕"),
    ("1381234 5678", "〔手机号〕"),
    ("1381 2345 678", "〔手机号〕"),
    ("1 3 8 1 2 3 4 5 6 7 8", "〔手机号〕"),
    ("手机：13812-345678", "手机：〔手机号〕"),
    ("+8613812345678", "〔手机号〕"),
    ("+86 138 1234 5678", "〔手机号〕"),
    ("+86-138-1234-5678", "〔手机号〕"),
    ("008613812345678", "〔手机号〕"),
    ("8613812345678", "〔手机号〕"),
    ("(+86)13812345678", "〔手机号〕"),
    ("013812345678", "〔手机号〕"),
    ("１３８１２３４５６７８", "〔手机号〕"),
    ("１３８　１２３４　５６７８", "〔手机号〕"),
    ("༡༣༨༡༢༣༤༥༦༧༨", "〔手机号〕"),
    ("一三八一二三四五六七八", "〔手机号〕"),
    ("幺三八幺二三四五六七八", "〔手机号〕"),
    ("一三八零零〇一二三四五", "〔手机号〕"),
    ("一三八 一二三四 五六七八", "〔手机号〕"),
    ("一三八，一二三四，五六七八", "〔手机号〕"),
    ("壹叁捌壹贰叁肆伍陆柒捌", "〔手机号〕"),
    ("①③⑧①②③④⑤⑥⑦⑧", "〔手机号〕"),
    ("一3八1二3四5六7八", "〔手机号〕"),
    ("王五一三八一二三四五六七八", "王五〔手机号〕"),
    ("王五13812345678", "王五〔手机号〕"),
    ("①13812345678 ②13987654321", "①〔手机号〕 ②〔手机号〕"),
    ("1.13812345678", "1.〔手机号〕"),
    ("138😀1234😀5678", "〔手机号〕"),
    ("1😀3😀8😀1😀2😀3😀4😀5😀6😀7😀8", "〔手机号〕"),
    ("1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "〔手机号〕️⃣"),
    ("138[微笑]1234[微笑]5678", "〔手机号〕"),
    ("13\u200b81\u200d234\ufeff5678", "〔手机号〕"),
    ("110😀13812345678", "110😀〔手机号〕"),
    ("13812345678微信同号", "〔手机号〕微信同号"),
    ("微信13812345678", "微信〔手机号〕"),
    ("wx13812345678", "wx〔手机号〕"),
    ("他的号13812345678。", "他的号〔手机号〕。"),
    ("13812345678\n13987654321", "〔手机号〕\n〔手机号〕"),
    # landlines
    ("028-85551234", "〔座机号〕"),
    ("02885551234", "〔座机号〕"),
    ("0833-2345678", "〔座机号〕"),
    ("0833 234 5678", "〔座机号〕"),
    ("(028)85551234", "〔座机号〕"),
    ("（028）8555 1234", "〔座机号〕"),
    ("０２８－８５５５１２３４", "〔座机号〕"),
    ("+86 28 8555 1234", "〔座机号〕"),
    ("010-88888880", "〔座机号〕"),
    ("028-85551234转801", "〔座机号〕"),
    ("028-85551234-13812345678", "〔座机号〕-〔手机号〕"),
    ("028-85551234-801", "〔座机号〕"),
    ("家里电话85551234", "家里电话〔座机号〕"),
    ("座机：8555-1234", "座机：〔座机号〕"),
    ("电话号码是2345678", "电话号码是〔座机号〕"),
    # bank cards
    ("卡6222021234567890128", "卡〔银行卡号〕"),
    ("6222 0212 3456 7890 128", "〔银行卡号〕"),
    ("6222-0212-3456-7890-128", "〔银行卡号〕"),
    ("622202 1234567890128", "〔银行卡号〕"),
    ("６２２２０２１２３４５６７８９０１２８", "〔银行卡号〕"),
    ("4111111111111111", "〔银行卡号〕"),
    ("5500 0055 5555 5559", "〔银行卡号〕"),
    ("378282246310005", "〔银行卡号〕"),
    ("卡号6222021234567890123", "卡号〔银行卡号〕"),
    ("账号是 6228 4800 1234 5678 901", "账号是 〔银行卡号〕"),
    ("信用社账户：880112345678", "信用社账户：〔银行卡号〕"),
    ("卡号6222021234567890123 13812345678", "卡号〔银行卡号〕 〔手机号〕"),
    # plates
    ("川A12345撞了我", "〔车牌号〕撞了我"),
    ("川A·12345", "〔车牌号〕"),
    ("川A 12345", "〔车牌号〕"),
    ("四川a8k9m2", "四〔车牌号〕"),
    ("川AD12345", "〔车牌号〕"),
    ("川A12345D", "〔车牌号〕"),
    ("川A1234警", "〔车牌号〕"),
    ("川A1234学", "〔车牌号〕"),
    ("川A1234挂", "〔车牌号〕"),
    ("粤Z1234港", "〔车牌号〕"),
    ("粤ZF023澳", "〔车牌号〕"),
    ("使123456的车", "〔车牌号〕的车"),
    ("车牌号A12345", "车牌号〔车牌号〕"),
    # homes
    ("我住双流区东升镇和平路23号3栋2单元501", "我住双流区东升镇〔住址〕"),
    ("在人民南路三段12号附5号", "在〔住址〕"),
    ("解放西路68-2号", "〔住址〕"),
    ("长乐路123弄45号602室", "〔住址〕"),
    ("幸福巷7号", "〔住址〕"),
    ("民主巷子12号", "〔住址〕"),
    ("成都市武侯区人民南路四段11号", "成都市武侯区〔住址〕"),
    ("朝阳区建国路88号院2号楼101", "朝阳区〔住址〕"),
    ("同安街道阳光城2栋1单元302室", "同安街道阳光城〔住址〕"),
    ("住址：竹阳镇白塔村6组38号", "住址：竹阳镇白塔村〔住址〕"),
    ("我家是五组二十三号", "我家是〔住址〕"),
    ("和平路3号住的人", "〔住址〕住的人"),
    ("天府大道北段1700号", "〔住址〕"),
    ("幸福路三十二号", "〔住址〕"),
    ("阳光小区3栋", "〔住址〕"),
    ("阳光小区 3栋 2单元 501", "〔住址〕"),
    ("锦绣花园12-2-501", "〔住址〕"),
    ("3号楼2单元1201室漏水", "〔住址〕漏水"),
    ("五栋二单元三零一室", "〔住址〕"),
    ("B栋1203", "〔住址〕"),
    ("我是李家村3组12号的", "我是李家村〔住址〕的"),
    ("红星村五社18号", "红星村〔住址〕"),
    ("3村2组15号", "3村〔住址〕"),
    ("我住李家村15号", "我住李家村〔住址〕"),
    ("李家村45号的老王", "李家村〔住址〕的老王"),
    ("家住三组15号", "家住〔住址〕"),
    ("门牌号是56", "门牌号是〔住址〕"),
    ("和平路23\u200b号", "〔住址〕"),
    # accounts and passports
    ("zhang.san_88@163.com收", "〔邮箱〕收"),
    ("邮箱13812345678@qq.com", "邮箱〔邮箱〕"),
    ("ａｂｃ＠ｑｑ．ｃｏｍ", "〔邮箱〕"),
    ("微信号zhangsan", "微信号〔微信号〕"),
    ("微信：zhang-san_88", "微信：〔微信号〕"),
    ("加我wx:abcdef1", "加我wx:〔微信号〕"),
    ("VX abc12345", "VX 〔微信号〕"),
    ("微信号abc13812345678", "微信号〔微信号〕"),
    ("微信号是123456789", "微信号是〔微信号〕"),
    ("wxid_a1b2c3d4e5f6g7", "〔微信号〕"),
    ("护照E12345678", "护照〔护照号〕"),
    ("护照号码：EA1234567", "护照号码：〔护照号〕"),
    # several on a line
    (
        "王五，510122199001011233，13812345678，卡4111111111111111，川A12345，住和平路23号",
        "王五，〔身份证号〕，〔手机号〕，卡〔银行卡号〕，〔车牌号〕，住〔住址〕",
    ),
]


@pytest.mark.parametrize(("written", "stored"), PERSONAL)
def test_personal_data_goes(written: str, stored: str) -> None:
    assert mask(written).text == stored


# ---- what stays ----

NEEDED = """
民法典第1079条怎么说
根据《民法典》第一千零七十九条
劳动合同法第82条第1款第2项
(2024)川0123民初456号
（2023）最高法民申12345号判决
川府发〔2024〕12号文件
国发[2019]38号
2024年3月15日借的
2024-03-15 14:30:00
20240315
2024.03.15到2025.03.15
19900101
1998-2003年的账
一九九八年到二〇〇三年
欠我13500元
借了15000000元
投资13800000000元
赔我158.5万元
彩礼150 2000 3000
一共一万三千八百元
三五百块钱
三亩六分地
12.5亩地,每亩1380元
房子120平方米
120.5平方
种了1380株果树
养了13800只鸡
村里一共1345户13812人
我们村120号人
拨打110
打12348或者12345
96110反诈
12333问社保
12315投诉,12338妇联,12355
95588打来的
10086发的短信
400-820-8820
4008208820
800-810-1234
400 138 1234
110、119、120都打了
订单号2024031512345678901
订单号15912345678
快递单号4312345678901
运单号：13812345678
工单号20240315001
流水号6222021234567890128
合同编号4111111111111111
统一社会信用代码91510100MA61RXXX9K
验证码138123
取件码3-2-1008
邮编610200
时间戳1712345678901
注册号510100800101123
条形码6901234567892
￥13812345678
投资13800000000.00元
电话400 8208 820
电话028-12345
拨028-96110
小区的5号开会
公交3路12站
高铁G8512次
人民路小学3年级2班
12号公告
二十号发工资
村里15号前交材料
三组和四组
法院3楼5号窗口
QQ群里说的
1381234567
138123456789
6222021234567890124
1234567890123456
510122199013011239
510122199001011230
138****5678
138xxxx5678
5101**********1239
6222 **** **** 0128
手机尾号5678
卡号后四位0128
电话138****5678
电话20240315打的
电话费1234567元
李家村3组
双流县东升镇李家村
我们村三组
东升街道
三组15号,四组16号
我们村15号选举
李家村15号停电
人民路3号停水
和平路3号到5号封路
和平路15号起修
修路3号开工
我知道3号开庭
5月15号开庭
十五号去领工资
坐3路车到人民路
101路公交车
地铁2号线
中央一号文件
李家村5号地块
3栋房子漏水
小区12栋楼都停电
3栋20户都没水
村里修了3座桥
2单元考试
3单元的邻居
二楼漏水
第3组第5号选手
今天30-35度
气温18-25度
工资4500-5000
3000~5000元
面积13.812345678
经度130.12345678
坐标104.0668,30.5728
版本1.2.3.4567
IP 192.168.1.100
微信群里有人骂我
微信转账5000元
微信:2024年3月加的
微信支付20240315
用微信WeChat转的
微信小程序weixin
@所有人 明天开会
@法润助手 你好
abc@一下
护照20240315到期
护照丢了怎么补
新iPhone15多少钱
云计算A10显卡
川A的车
致使200000元损失
使100000人受益
贵州茅台1瓶1499
甲方乙方丙方
1/2 3/4
比例3:7
第13届第8次会议
GB 11643-1999
工伤九级赔138天
1 2 3 4 5 6 7 8 9 10 11
一二三四五六七八九十
一、三、五、七、八、十、十二月有31天
三三两两,七七八八
0.13812345
13,812,345,678
1500 2000 300
2023 2024 2025 2026
5000 6000 7000 8000
""".strip().splitlines()


@pytest.mark.parametrize("text", NEEDED)
def test_what_the_answer_needs_stays(text: str) -> None:
    assert mask(text).text == text
    assert mask(text).spans == ()


def test_there_are_enough_tricky_texts() -> None:
    assert len(set(NEEDED)) >= 80


# ---- made-up people in made-up sentences ----

SENTENCES = ["我{}，怎么办", "张三{}李四", "{}", "电话是{}。", "（{}）", "他说\n{}\n对", "😀{}😀", "2024年借5万，{}"]


def _resident_id(rng: random.Random) -> str:
    birthday = date(1930, 1, 1) + timedelta(days=rng.randrange(34_000))
    head = f"{rng.choice((11, 37, 44, 50, 51, 54, 63, 65))}{rng.randrange(10_000):04}"
    number = f"{head}{birthday:%Y%m%d}{rng.randrange(1000):03}"
    return number + ric.calc_check_digit(number + "0")


def _bank_card(rng: random.Random) -> str:
    prefix, length = rng.choice((("6222", 19), ("6217", 19), ("6228", 16), ("4367", 16), ("5201", 16), ("3568", 16)))
    number = prefix + "".join(rng.choices("0123456789", k=length - 5))
    return number + luhn.calc_check_digit(number)


def _mobile(rng: random.Random) -> str:
    return f"1{rng.randrange(3, 10)}{rng.randrange(10**9):09}"


def _in_groups(number: str, sizes: tuple[int, ...], gap: str) -> str:
    parts, start = [], 0
    for size in sizes:
        parts.append(number[start : start + size])
        start += size
    return gap.join(part for part in [*parts, number[start:]] if part)


def _disguised(rng: random.Random, number: str, sizes: tuple[int, ...]) -> str:
    match rng.randrange(6):
        case 0:
            return _in_groups(number, sizes, rng.choice((" ", "-", "—", "　")))
        case 1:
            return number.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"})
        case 2:
            at = rng.randrange(1, len(number))
            return number[:at] + rng.choice(("\u200b", "😀", "\ufeff", "👨‍👩‍👧", "[握手]")) + number[at:]
        case _:
            return number


Maker = Callable[[random.Random], str]
KINDS: list[tuple[str, Maker, tuple[int, ...]]] = [
    ("身份证号", _resident_id, (6, 8)),
    ("银行卡号", _bank_card, (4, 4, 4, 4)),
    ("手机号", _mobile, (3, 4)),
]


@pytest.mark.parametrize(("label", "make", "sizes"), KINDS)
def test_random_numbers_go_from_random_sentences(label: str, make: Maker, sizes: tuple[int, ...]) -> None:
    rng = random.Random(20240315)
    for _ in range(1500):
        shown = _disguised(rng, make(rng), sizes)
        text = rng.choice(SENTENCES).format(shown)
        masked = mask(text)
        assert [text[start:end] for start, end in masked.spans] == [shown], text
        assert masked.text == text.replace(shown, f"〔{label}〕")


def test_spelled_mobiles_go_whatever_name_stands_before() -> None:
    rng = random.Random(7)
    for _ in range(500):
        numerals = rng.choice(("零一二三四五六七八九", "〇幺二三四五六七八九"))
        spelled = _mobile(rng).translate(str.maketrans("0123456789", numerals))
        assert mask(f"找王五{spelled}问").text == "找王五〔手机号〕问"


def test_random_numbers_without_a_checksum_stay() -> None:
    rng = random.Random(1)
    sizes = (12, 14, 16, 17, 18, 19, 20)
    orders = [f"2{rng.randrange(10 ** (size - 1)):0{size - 1}}" for size in sizes for _ in range(200)]
    assert [order for order in orders if mask(f"下单{order}没发货").spans] == []


# ---- promises about the result ----


def test_spans_are_where_the_data_was() -> None:
    text = "王\u200b五😀138\u200b12345678,川A12345"
    masked = mask(text)
    assert [text[start:end] for start, end in masked.spans] == ["138\u200b12345678", "川A12345"]
    assert masked.text == "王\u200b五😀〔手机号〕,〔车牌号〕"


PIECES = [" ", "\n", "\u200b", "😀"]
PIECES += """
0 1 2 3 4 5 6 7 8 9 - . X x A 川 路 号 村 组 栋 住 一 二 三 @ : , ， _ 138 1234 5678 13812345678 028- 85551234
510122199001011233 510122 6222021234567890128 4111111111111111 510122800101123 一三八一二三四五六七八 卡号 微信 微信号 wx:
wxid_ abc_12 电话 护照 E12345678 车牌 A12345 身份证 订单号 qq.com q@q.cn 〔手机号〕 [微笑] 使 转 元 和平路 李家村 3组 12号
2单元 501 小区 门牌 5月 前 的
""".strip().split()


def test_masking_twice_changes_nothing_more() -> None:
    rng = random.Random(42)
    for _ in range(6000):
        text = "".join(rng.choices(PIECES, k=rng.randrange(1, 14)))
        once = mask(text)
        assert mask(once.text).text == once.text, text
        ends = [0, *(place for span in once.spans for place in span), len(text)]
        assert ends == sorted(ends)
        assert all(start < end for start, end in once.spans)
        kept = "".join(text[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True))
        assert once.text.count("〔") == kept.count("〔") + len(once.spans)
        assert not re.search(r"(?<!\d)1[3-9]\d{9}(?![\d元 .])", once.text) or "订单号" in text


DIGITS = ["1", "6", "１", "一", "1 ", "138 ", "1\u200b", "6😀", "13812345678 ", "510122199001011233 ", "41111111 "]
HOSTILE = ["6222 ", "510122800101123 ", "一 ", "A "]
HOSTILE += """
13 0 028- ( 62 a a@ a. @ a@a. a@b.cn@ vx1 vx 微信 微信号a wx: 卡号 卡号1 身份证1 护照 川A 川A1 使1 1. 转1 [ [微 [微笑] 😀 \x01
路 和平路 路1号 村 村1号 1组 1组1号 小区 小区1栋 1栋 1单元 1-1- 1- 门牌1 住 段 甲 号 一1 一号 wxid_ a- 4- 4111 六
""".strip().split()


@pytest.mark.parametrize("piece", ["1", "１", "一", "1 ", "6😀", "13812345678 "])
def test_200_kb_of_digits_are_no_attack(piece: str) -> None:
    assert _seconds(piece, 200_000) < 30


@pytest.mark.parametrize("piece", [*DIGITS, *HOSTILE])
def test_time_grows_with_the_text_not_with_its_square(piece: str) -> None:
    short, long = _seconds(piece, 2_000), _seconds(piece, 16_000)
    assert long < 3 * 8 * short + 0.1  # the square would be 64


def _seconds(piece: str, size: int) -> float:
    text = "1" + piece * (size // len(piece)) + "1"
    start = time.process_time()
    mask(text)
    return time.process_time() - start


def test_one_noisy_run_inside_a_number_takes_linear_time() -> None:
    start = time.process_time()
    mask("138" + "\u200b" * 200_000 + "12345678")
    mask("1" + "\u200b" * 100_000 + "3" + "😀" * 100_000 + "a")
    assert time.process_time() - start < 3


def test_chatter_without_digits_costs_next_to_nothing() -> None:
    line = "今天天气真好啊大家快来晒谷子吧，村口老槐树下有人在打牌呢，要不要一起来玩一玩聊聊天喝喝茶，晚上一起吃饭吧"
    assert 50 < len(line) <= 60
    seconds = min(timeit.repeat(lambda: mask(line), timer=time.process_time, number=500, repeat=40)) / 500
    assert seconds < 15e-6
