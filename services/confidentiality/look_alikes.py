"""Signs that are written for others in Chinese names and numbers, and what they are read as."""

import unicodedata
from typing import Final

# Radicals that stand for whole characters where a text was taken out of a PDF. Normalisation (NFKC)
# leaves these as they are.
_RADICALS: Final = {
    "\u2e81": "厂",
    "\u2e8e": "兀",
    "\u2e92": "巳",
    "\u2e93": "幺",
    "\u2e9d": "月",
    "\u2ea0": "民",
    "\u2ea9": "王",
    "\u2eab": "目",
    "\u2eac": "示",
    "\u2eae": "竹",
    "\u2eb6": "羊",
    "\u2ebc": "肉",
    "\u2ec1": "虎",
    "\u2ec4": "西",
    "\u2ec5": "见",
    "\u2ec6": "角",
    "\u2ec9": "贝",
    "\u2ecb": "车",
    "\u2ecf": "邑",
    "\u2ed1": "长",
    "\u2ed3": "长",
    "\u2ed4": "门",
    "\u2ed7": "雨",
    "\u2ed8": "青",
    "\u2ed9": "韦",
    "\u2eda": "页",
    "\u2edb": "风",
    "\u2edc": "飞",
    "\u2edd": "食",
    "\u2ee2": "马",
    "\u2ee3": "骨",
    "\u2ee4": "鬼",
    "\u2ee5": "鱼",
    "\u2ee6": "鸟",
    "\u2ee7": "卤",
    "\u2ee8": "麦",
    "\u2ee9": "黄",
    "\u2eea": "黾",
    "\u2eec": "齐",
    "\u2eee": "齿",
    "\u2ef0": "龙",
    "\u2ef1": "龟",
    "\u2ef2": "龟",
}
# Traditional characters of common surnames and given names, each before its simplified one. It is
# no dictionary: rare characters are not in it, nor variants that are not traditional, and it says
# nothing of words. Values and texts are both read by it, so a character too many does no harm.
_TRADITIONAL: Final = (
    "馬马龍龙張张陳陈劉刘楊杨趙赵黃黄吳吴孫孙羅罗鄭郑謝谢許许馮冯鄧邓蕭萧葉叶蘇苏盧卢蔣蒋賈贾"
    "鄒邹陸陆譚谭韋韦齊齐賀贺龔龚萬万錢钱湯汤賴赖龐庞顧顾顏颜聶聂魯鲁畢毕閻阎寧宁歐欧陽阳單单"
    "諸诸鍾钟鐘钟榮荣溫温駱骆莊庄項项紀纪蘭兰關关喬乔談谈費费嶽岳車车師师藍蓝習习時时國国東东"
    "軍军華华傑杰偉伟強强麗丽紅红艷艳豔艳靜静輝辉勝胜飛飞鳳凤鵬鹏愛爱蓮莲瓊琼穎颖貴贵寶宝慶庆"
    "興兴業业發发財财銀银鐵铁鋼钢鋒锋銳锐錦锦鎮镇鍵键銘铭鈞钧鈴铃鴻鸿鶴鹤駿骏驥骥騰腾馳驰駒驹"
    "順顺頌颂願愿顯显頤颐詩诗詠咏誠诚謙谦諾诺語语誼谊議议護护讓让開开閃闪聞闻間间問问閔闵門门"
    "風风書书畫画會会來来倫伦儀仪億亿優优備备傳传僑侨儉俭務务動动勳勋勵励勞劳區区協协厲厉啟启"
    "嘯啸園园圓圆圖图團团堅坚塵尘壽寿壯壮聲声夢梦奧奥奮奋婦妇媽妈嫻娴嬌娇嬋婵學学實实寬宽憲宪"
    "將将爾尔對对導导嵐岚崗岗峯峰島岛嶺岭巖岩廣广廬庐彌弥彥彦後后從从復复徵征徹彻恆恒悅悦憶忆"
    "懷怀憐怜應应戀恋戰战撫抚擁拥揚扬擇择數数晉晋暉晖暢畅曉晓曄晔曠旷條条楓枫樂乐樓楼標标樞枢"
    "樹树橋桥機机權权歡欢歲岁歷历曆历歸归氣气決决沖冲淺浅淨净淵渊湧涌滄沧滿满漢汉漁渔漸渐潔洁"
    "潤润澤泽濟济濤涛濱滨灣湾瀾澜瀟潇灝灏為为爲为烏乌無无煉炼煥焕燁烨燈灯燦灿營营爍烁獻献瑋玮"
    "瑪玛瑤瑶瑩莹環环璽玺瓏珑產产當当監监碩硕確确禮礼禎祯禕祎種种稱称積积穩稳競竞筆笔簡简純纯"
    "紗纱紋纹納纳紹绍結结絲丝絹绢統统經经綠绿維维綱纲網网綺绮緒绪綸纶緣缘編编緯纬練练總总績绩"
    "織织繪绘繼继續续纓缨義义聖圣聯联聰聪聽听肅肃膽胆臨临舉举萊莱葦苇蒼苍蔭荫薩萨蘊蕴藝艺藥药"
    "蘆芦處处號号螢萤術术衛卫補补裝装製制見见規规覓觅視视親亲覺觉觀观貝贝貞贞負负貢贡貨货賓宾"
    "賜赐賞赏賢贤質质贊赞贇赟贏赢躍跃軒轩輔辅輕轻輪轮輯辑轉转農农連连進进運运過过達达遠远選选"
    "遷迁邁迈還还鄉乡鄔邬鄺邝醫医釋释釗钊針针銅铜錄录錫锡錚铮鏡镜鑄铸鑒鉴長长隊队階阶際际陰阴"
    "隨随隱隐險险隸隶雙双雞鸡離离難难雲云電电靈灵鞏巩韓韩韜韬響响頂顶須须預预領领頻频題题類类"
    "飯饭飲饮館馆饒饶駐驻駕驾騎骑騫骞騏骐驊骅驍骁驕骄驗验驚惊魚鱼鮑鲍鮮鲜鯉鲤鯤鲲鯨鲸鳥鸟鳴鸣"
    "鴿鸽鵑鹃鶯莺鷹鹰鸞鸾鹽盐麥麦點点黨党齡龄龜龟貳贰參参嚴严範范餘余於于蕓芸嫺娴勛勋婭娅瑯琅"
    "祿禄綵彩"
)
SIMPLIFIED: Final = str.maketrans(
    _RADICALS | dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True))
)
_CAPITALS: Final = "零壹贰叁肆伍陆柒捌玖"  # as sums are written out
_WORDS: Final = "〇一二三四五六七八九"
_CIRCLED: Final = (
    "\u24ff\u2776\u2777\u2778\u2779\u277a\u277b\u277c\u277d\u277e",
    "\u24ea\u2780\u2781\u2782\u2783\u2784\u2785\u2786\u2787\u2788",
    "\u24ea\u278a\u278b\u278c\u278d\u278e\u278f\u2790\u2791\u2792",
    "\u24ff\u24f5\u24f6\u24f7\u24f8\u24f9\u24fa\u24fb\u24fc\u24fd",
)
# Digits of other scripts: Tibetan, Uyghur, Mongolian and Dai ones are written in China, too.
DECIMALS: Final = str.maketrans(
    {
        sign: str(unicodedata.decimal(sign))
        for sign in map(chr, range(0x80, 0x20000))  # above are ideographs and tags
        if sign.isdecimal()
    }
)
_SUZHOU: Final = "\u3007\u3021\u3022\u3023\u3024\u3025\u3026\u3027\u3028\u3029"  # 花码
DIGITS: Final = DECIMALS | str.maketrans(
    {
        sign: str(digit)
        for signs in (_CAPITALS, _WORDS, _SUZHOU, *_CIRCLED)
        for digit, sign in enumerate(signs)
    }
    | {"\u25cb": "0", "\u25ef": "0", "幺": "1", "貳": "2", "叁": "3", "參": "3", "陸": "6"}
)
