"""Forms as WTForms and Flask-WTF read, check and show them.

    python wtforms_forms.py OUTPUT_FOLDER

writes

* fields.json: a field with rules, what was there before and what was sent; its HTML, label, value and errors.
* texts.json: texts that the rules about e-mail addresses, URLs, UUIDs, IP and Ethernet addresses take or refuse.
* numbers.json: texts as whole, floating-point and decimal numbers, dates and times.
* forms.json: whole forms with forms and lists inside, before and after they were sent.
* flask.json, json.json: Flask-WTF's forms in a request: uploads and hidden fields; JSON.
* messages.json: WTForms' messages in its languages.
"""

import datetime
import decimal
import gettext
import io
import itertools
import json
import sys
import warnings
from pathlib import Path

import wtforms
from flask import Flask
from flask_wtf import FlaskForm
from flask_wtf.file import FileAllowed, FileRequired, FileSize
from flask_wtf.file import FileField as FlaskFileField
from flask_wtf.file import MultipleFileField as FlaskMultipleFileField
from werkzeug.datastructures import MultiDict
from wtforms import fields, validators
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

AREA = "wtforms"
warnings.simplefilter("ignore")


# --- a field ---------------------------------------------------------------------------------------------------------

def value(tagged):
    """A value of JSON, or [type, text]."""
    if isinstance(tagged, list) and len(tagged) == 2 and tagged[0] in ("date", "time", "datetime", "decimal"):
        kind, text = tagged
        return {
            "date": datetime.date.fromisoformat, "time": datetime.time.fromisoformat,
            "datetime": datetime.datetime.fromisoformat, "decimal": decimal.Decimal,
        }[kind](text)
    return tagged


def choices(list_):
    return [SelectChoice(**choice) for choice in list_]


def build(description):
    """The unbound field of a description, which is what the vectors hold."""
    kwargs = dict(description.get("kwargs", {}))
    if "choices" in kwargs:
        kwargs["choices"] = choices(kwargs["choices"])
    if kwargs.pop("integer", False):
        kwargs["coerce"] = int
    if "default" in kwargs:
        kwargs["default"] = value(kwargs["default"])
    if kwargs.pop("checkboxes", False):
        kwargs["widget"] = ListWidget(prefix_label=False)
        kwargs["option_widget"] = CheckboxInput()
    rules = []
    for name, arguments in description.get("rules", []):
        arguments = {key: value(item) for key, item in arguments.items()}
        rules.append(getattr(validators, name)(**arguments))
    return getattr(fields, description["class"])(validators=rules, **kwargs)


def run(description, before=None, sent=None, render=()):
    """What WTForms makes of a field, and of another one beside it."""
    class F(wtforms.Form):
        other = fields.StringField("The other")

    setattr(F, "a_field", build(description))
    formdata = None
    if sent is not None:
        formdata = MultiDict([("a_field", text) for text in sent] + [("other", "same")])
    data = {} if before is None else {"a_field": value(before)}
    form = F(formdata, data=data)
    case = {"field": description, "before": before, "sent": sent}
    field = form.a_field
    if description["class"] not in ("FileField", "MultipleFileField"):
        case["data"] = str(field.data)
    case["valid"] = field.validate(form)
    case["errors"] = [str(error) for error in field.errors]
    case["label"] = str(field.label)
    case["type"] = field.type
    case["render"] = [{}, *render]
    case["html"] = [str(field(**kwargs)) for kwargs in case["render"]]
    if hasattr(field, "iter_choices"):
        case["options"] = [[str(option), str(option.label)] for option in field]
    return case


RENDERS = [
    {"class_": "a b", "data_x_y": "<&\"'>", "aria_label": "q"},
    {"id": "other id", "value": "v\"<", "required": False, "disabled": True, "readonly": True, "placeholder": "p"},
    {"maxlength": 3, "min": 5, "style": "x:'y'", "checked": True, "for_": "z", "rows": 3},
]
TEXT = [
    "StringField", "TextAreaField", "PasswordField", "HiddenField", "SearchField", "TelField", "URLField", "EmailField", "ColorField",
]
SENT = [None, [], [""], ["a"], ["<b>\"x\" & 'y'"], ["one", "two"], [" é\r\n "]]
TEXT_RULES = [
    [],
    [["DataRequired", {}]],
    [["InputRequired", {"message": "Give <me> something."}]],
    [["Optional", {}], ["Length", {"min": 3, "max": 5}]],
    [["Length", {"min": 2}], ["Regexp", {"regex": "^[a-z]+$", "html_pattern": "[a-z]+"}]],
    [["ReadOnly", {}]],
    [["Disabled", {}]],
]
COLOURS = [
    {"value": "r", "label": "Red"},
    {"value": "g", "label": "Gr<ee>n", "render_kw": {"class": "cold", "disabled": True}},
    {"value": "b"},
]
GROUPED = [
    {"value": "1", "label": "One", "optgroup": "Odd"},
    {"value": "3", "label": "Three", "optgroup": "Odd"},
    {"value": "2", "label": "Two", "optgroup": "Even & more"},
    {"value": "0", "label": "None"},
]
NUMBERS = [{"value": 1, "label": "One"}, {"value": 2, "label": "Two"}]


def field_cases():
    for name in TEXT:
        for rules, sent in itertools.product(TEXT_RULES, SENT):
            if name not in ("StringField", "TextAreaField") and (len(sent or ["x"]) != 1 or sent == [" é\r\n "]):
                continue
            yield run({"class": name, "rules": rules}, None, sent, RENDERS if rules == TEXT_RULES[4] else ())
        yield run({"class": name, "kwargs": {"label": "A <label>", "default": "d\"", "id": "own", "description": "D"}}, None, None, RENDERS)
        yield run({"class": name, "kwargs": {"render_kw": {"class_": "own", "rows": 7}}}, "before", None, RENDERS)
        yield run({"class": name}, "before", ["after"])
        yield run({"class": name, "rules": [["ReadOnly", {}]]}, "before", ["before"])
    for name in ("BooleanField", "SubmitField"):
        for sent, before in itertools.product([None, [], [""], ["false"], ["y"], ["on"], ["0"], ["<"]], [None, True, False]):
            yield run({"class": name}, before, sent)
        for rules in ([["DataRequired", {}]], [["InputRequired", {}]], [["Disabled", {}]]):
            for sent in (None, [], ["y"], [""]):
                yield run({"class": name, "rules": rules}, None, sent, RENDERS)
        yield run({"class": name, "kwargs": {"default": True, "label": "Do <it>"}}, None, None, RENDERS)
    for sent, before in itertools.product([None, [], [""], ["save"]], [None, "v<"]):
        yield run({"class": "ButtonField", "kwargs": {"label": "Save <all>"}}, before, sent, [{"label": "L<"}, *RENDERS])
    yield run({"class": "ButtonField", "rules": [["Disabled", {}], ["DataRequired", {}]]}, None, ["x"], RENDERS)
    ranges = [
        [], [["NumberRange", {"min": 2}]], [["NumberRange", {"max": 9}]], [["NumberRange", {"min": 2, "max": 9}]],
        [["InputRequired", {}], ["NumberRange", {"min": -1, "max": 1000, "message": "%(min)s to %(max)s, 100%%"}]],
        [["Optional", {}], ["AnyOf", {"values": [3, 5]}]], [["NoneOf", {"values": [3, 5], "message": "not %(values)s"}]], [["DataRequired", {}]],
    ]
    texts = [None, [], [""], ["3"], ["-1"], ["0"], [" 7 "], ["x"], ["3.5"], ["1_000"], ["10"]]
    for name in ("IntegerField", "IntegerRangeField", "FloatField", "DecimalField", "DecimalRangeField"):
        for rules, sent in itertools.product(ranges, texts):
            if "Range" in name and sent not in (None, ["3"], ["x"]):
                continue
            yield run({"class": name, "rules": rules}, None, sent, RENDERS if sent == ["3"] else ())
        for before in (5, 0, -3):
            yield run({"class": name}, ["decimal", str(before)] if "Decimal" in name else float(before) if "Float" in name else before, None)
        yield run({"class": name, "kwargs": {"invalid_value_message": "Nonsense!"}}, None, ["x"])
    for before, places in itertools.product(["1", "1.005", "1.015", "0.125", "-2.675", "1E+3", "99.999", "0", "123456.7", "0.0001"], [2, 0, 3, None]):
        yield run({"class": "DecimalField", "kwargs": {"places": places}}, ["decimal", before], None)
    for before in (1.0, 0.1, 1e22, 1.5e-7, 123456789.125):
        yield run({"class": "FloatField"}, before, None)
    date_rules = [
        [], [["InputRequired", {}]], [["Optional", {}]], [["ReadOnly", {}]],
        [["DateRange", {"min": ["date", "2023-01-01"]}]], [["DateRange", {"max": ["datetime", "2023-06-01T12:30:00"]}]],
        [["DateRange", {"min": ["date", "2023-01-01"], "max": ["date", "2023-12-31"]}]],
        [["DateRange", {"min": ["date", "2023-01-01"], "message": "after %(min)s"}]],
    ]
    dated = {
        "DateField": (["2023-02-03"], ["2022-02-03"], ["2023-02-30"], ["date", "2023-05-06"]),
        "MonthField": (["2023-02"], ["2022-1"], ["2023-13"], ["date", "2023-05-01"]),
        "WeekField": (["2023-W05"], ["2022-W01"], ["2023-W60"], ["date", "2023-05-01"]),
        "DateTimeField": (["2023-02-03 04:05:06"], ["2022-02-03 1:2:3"], ["2023-02-03 24:00:00"], ["datetime", "2023-05-06T07:08:09"]),
        "DateTimeLocalField": (["2023-02-03T04:05"], ["2022-02-03 04:05:06"], ["x"], ["datetime", "2023-05-06T07:08:09"]),
    }
    for name, (good, early, bad, before) in dated.items():
        for rules, sent in itertools.product(date_rules, [None, [], [""], good, early, bad]):
            yield run({"class": name, "rules": rules}, None, sent, RENDERS if sent == good else ())
        yield run({"class": name}, before, None)
        yield run({"class": name}, before, good)
        yield run({"class": name, "kwargs": {"format": "%d.%m.%Y", "default": before}}, None, ["4.3.2021"], RENDERS)
        yield run({"class": name, "kwargs": {"format": "%-d/%-m/%y", "default": before}, "rules": date_rules[6]}, None, None)
    for rules, sent in itertools.product([[], [["InputRequired", {}]]], [None, [""], ["1:2"], ["23:59"], ["24:00"], ["12:30:15"], ["12", "30"]]):
        yield run({"class": "TimeField", "rules": rules}, None, sent, RENDERS)
    yield run({"class": "TimeField", "kwargs": {"format": "%H:%M:%S"}}, ["time", "07:08:09"], None)
    option_rules = [[], [["InputRequired", {}]], [["DataRequired", {}]], [["Optional", {}]], [["NoneOf", {"values": ["r"]}]]]
    for name in ("SelectField", "RadioField"):
        for rules, sent in itertools.product(option_rules, [None, [], ["r"], ["g"], ["x"], [""], ["b", "r"]]):
            yield run({"class": name, "kwargs": {"choices": COLOURS}, "rules": rules}, None, sent, RENDERS if sent == ["r"] else ())
        yield run({"class": name, "kwargs": {"choices": COLOURS, "default": "b"}}, None, None)
        yield run({"class": name, "kwargs": {"choices": GROUPED}}, "2", None)
        yield run({"class": name, "kwargs": {"choices": COLOURS, "validate_choice": False}}, None, ["zzz"])
        yield run({"class": name, "kwargs": {"choices": COLOURS, "invalid_choice_message": "Choose!"}}, None, ["zzz"])
        for sent in (None, ["1"], ["2"], ["3"], ["x"], [" 1"]):
            yield run({"class": name, "kwargs": {"choices": NUMBERS, "integer": True}}, None, sent)
    for extra, rules, sent in itertools.product([{}, {"checkboxes": True}], option_rules[:4], [None, [], ["r"], ["r", "b"], ["x"], ["r", "x"]]):
        description = {"class": "SelectMultipleField", "kwargs": {"choices": COLOURS, **extra}, "rules": rules}
        yield run(description, None, sent, RENDERS if sent == ["r"] else ())
    yield run({"class": "SelectMultipleField", "kwargs": {"choices": GROUPED, "default": ["1", "2"]}}, None, None)
    yield run({"class": "SelectMultipleField", "kwargs": {"choices": NUMBERS, "integer": True}}, None, ["2"])
    yield run({"class": "SelectMultipleField", "kwargs": {"choices": NUMBERS, "integer": True}}, None, ["2", "x"])
    yield run({"class": "SelectMultipleField", "kwargs": {"choices": COLOURS}, "rules": [["AnyOf", {"values": ["b"]}]]}, None, ["r", "g"])
    for rules in ([], [["InputRequired", {}]], [["Disabled", {}]]):
        for name in ("FileField", "MultipleFileField"):
            yield run({"class": name, "rules": rules}, None, None, RENDERS)
    # Messages of each rule, and what is filled into them.
    for rules in (
        [["Length", {"min": 1}]], [["Length", {"min": 4}]], [["Length", {"max": 1}]], [["Length", {"max": 0}]], [["Length", {"min": 3, "max": 3}]],
        [["Length", {"min": 1, "max": 1}]], [["Length", {"min": 3, "max": 4}]], [["Length", {"min": 3, "max": 4, "message": "%(min)d–%(max)d"}]],
        [["Regexp", {"regex": "x"}]], [["Regexp", {"regex": "a|b", "message": "100% a or b"}]],
        [["Email", {}]], [["Email", {"message": "no %(x)s"}]], [["URL", {}]], [["UUID", {}]], [["IPAddress", {}]], [["MacAddress", {}]],
        [["AnyOf", {"values": ["a", "c"]}]], [["AnyOf", {"values": ["<", 2], "message": "one of %(values)s"}]], [["NoneOf", {"values": ["", "ab"]}]],
        [["EqualTo", {"fieldname": "other"}]], [["EqualTo", {"fieldname": "nothing"}]],
        [["EqualTo", {"fieldname": "other", "message": "as %(other_label)s (%(other_name)s)"}]],
        [["DataRequired", {}], ["Email", {}], ["Length", {"min": 50}]], [["Optional", {"strip_whitespace": False}], ["Email", {}]],
        [["Email", {}], ["Optional", {}], ["URL", {}]], [["InputRequired", {}], ["DataRequired", {}]], [["Email", {}], ["DataRequired", {}]],
    ):
        for sent in (None, [], [""], [" "], ["a"], ["ab"], ["same"], ["äöü"]):
            yield run({"class": "StringField", "rules": rules}, None, sent)


# --- texts -----------------------------------------------------------------------------------------------------------

EMAILS = """a@b.co|Abc@example.com|a.b.c@example.co.uk|a+b@example.com|a_b@example.com|!#$%&'*+-/=?^_`{|}~@example.com|
a@sub.example.com|a@example.museum|a@x-y.com|a@1.com|1@2.de|a@b.c|a@b.c1|a@b.1c|a@b|a@localhost|a@x.localhost|a@x.local|a@x.test|a@test|
a@x.invalid|a@x.arpa|a@x.onion|a@example|a@.com|a@b..com|a@b.com.|a@-b.com|a@b-.com|a@b.-com|a@b.com-|a@b_c.com|a@b c.com|a @b.com| a@b.com|
a@b.com |.a@b.com|a.@b.com|a..b@b.com|@b.com|a@|@|a|aa@bb@cc.de|a@b@c|"a b"@c.de|"a@b"@c.de|"a"@c.de|a"b@c.de|Ann <a@b.co>|<a@b.co>|a@[1.2.3.4]|
a@[IPv6:::1]|a@1.2.3.4|a(b)@c.de|a,b@c.de|a;b@c.de|a:b@c.de|a\\b@c.de|a[b]@c.de|ä@b.de|a@ä.de|user@münchen.de|пример@пример.рф|用户@例子.广告|
a@xn--mnchen-3ya.de|a@xn--4.de|a@xn--.de|a@ab--c.de|a@xn--80ak6aa92e.com|a\u0301@b.de|\u0301a@b.de|a\u200bb@c.de|a@b\u200b.de|a\u00a0b@c.de|
a@b\u00a0.de|a\u2028b@c.de|a@b\u2024de|a@b\u3002de|a@b\uff0ede|a@☃.net|a@faß.de|a@FASS.DE|a@EXAMPLE.COM|A@B.Co|\u212a@b.de|a\u037eb@c.de|
a\x00@b.de|a@b.de\n|a\n@b.de|a\t@b.de|a@b.d\te|\ufeffa@b.de|a@\u0301b.de|a@b.deutschland|a@b.de/x|a@b.de?x|a@b.de#x|a@b.de:25|
mailto:a@b.de|a@b,de|a@b.de,|a@*.de|*@b.de|a%b@c.de|a@xn--a.xn--b|a@אב.com|a@א1.com|a@1א.com|a@عربي.com|a@i\u0307.de|a@b\u00ad.de|a@a\u0660.de|
a@\u06601.de|©@b.de|a@©.de|😀@b.de|a@😀.de|a@b。de|a@ｂ.de|ａ@b.de|a＠b.de|a﹫b.de""".replace("\n", "").split("|")
EMAILS = [text for text in EMAILS] + ["|@b.de", "a|b@c.de", ""]
EMAILS += ["x" * n + "@b.de" for n in (63, 64, 65, 248, 249, 250)]
EMAILS += ["a@" + "x" * n + ".de" for n in (62, 63, 64)]
EMAILS += ["a@" + "x" * 60 + "." + "y" * 60 + "." + "z" * 60 + "." + "w" * n + ".com" for n in (50, 60, 63)]
EMAILS += ["é" * n + "@b.de" for n in (100, 124, 125)]

URLS = """http://example.com|https://example.com/|http://example.com:80/a?b=c#d|http://a.b.c.d.example.co.uk|http://localhost|http://localhost:5000/|
http://127.0.0.1|http://[::1]/|http://[::1|http://::1]/|http://[1.2.3.4]/|http://[v1.x]/|http://[fe80::1%25eth0]/|http://[fe80::1%eth0]/|
http://[::1]x/|http://x[::1]/|http://[::1]:80/|http://[::1]:x/|http://1.2.3|http://256.1.1.1|http://1.2.3.4:99999|http://example.com:65535|http://example.com:65536|
http://example.com:|http://example.com:0|http://example.com:-1|http://example.com:8a|http://:80|http://|http:///x|http:/example.com|http:example.com|
//example.com|example.com|www.example.com|ftp://example.com|javascript:alert(1)|javascript://example.com/%0aalert(1)|data:text/html,x|mailto:a@b.de|
http://a@example.com|http://a:b@example.com|http://:b@example.com|http://@example.com|http://:@example.com|http://a@b@example.com|
http://example.com@evil.example|https://accounts.example.com\\@evil.example|http://example|http://example.|http://example.com.|http://.example.com|
http://example..com|http://-example.com|http://example-.com|http://ex_ample.com|http://ex ample.com|http://example.com/a b|http://example.c|http://example.c0m|
http://example.toolongtoplevelname|http://example.toolongtopleveldomainname|http://xn--mnchen-3ya.de|http://münchen.de|http://例子.测试|http://пример.рф|http://example.xn--p1ai|
http://example.xn--|HTTP://EXAMPLE.COM|hTTps://Example.Com/X| http://example.com|http://example.com |\thttp://example.com|ht\ntp://example.com|http://exam\nple.com|
\x01http://example.com|http://example.com\x00|1http://example.com|h+t.p-1://example.com|http+unix://example.com|http://ex%61mple.com|http://example.com/%zz|
http://example.com?x|http://example.com#x|http://example.com;x|http://example.com\\x|http://ex'ample.com|http://ex*ample.com|http://*.example.com|
http://a.b|http://ab.cd|http://1.2.3.4.5|http://0x7f.1|http://example.com/☃|http://☃.net|http://exa\u2100mple.com|http://exa\uff0fmple.com|http://ﬁ.com|
http://\u200bexample.com|http://example。com|http://a--b.com|http://xn-.com|http://a-.com|:|://|http|http:|//|http//example.com|http:////example.com|http://user:pa%20ss@example.com|
http://foo.bar?q=a b|ws://example.com|https://example.com:443/?x=[1]|http://[example.com]/|http://example.com[|http://a]b.com""".replace("\n", "").split("|")
URLS += ["http://" + "x" * n + ".com" for n in (62, 63, 64)] + ["http://" + ".".join(["x" * 60] * 4) + ".com" + "m" * n for n in (0, 5, 20)] + [""]

UUIDS = """2bc1c94f-0deb-43e9-92a1-4775189ec9f8|2bc1c94f0deb43e992a14775189ec9f8|{2bc1c94f-0deb-43e9-92a1-4775189ec9f8}|urn:uuid:2bc1c94f-0deb-43e9-92a1-4775189ec9f8|
2BC1C94F-0DEB-43E9-92A1-4775189EC9F8|2bc1c94f-0deb-43e9-92a1-4775189ec9f|2bc1c94f-0deb-43e9-92a1-4775189ec9f88|2bc1c94f-0deb-43e9-92a1-4775189ec9fg|
00000000-0000-0000-0000-000000000000|2-b-c-1-c94f0deb43e992a14775189ec9f8|uuid:2bc1c94f0deb43e992a14775189ec9f8|2bc1c94f_deb43e992a14775189ec9f80|
 2bc1c94f0deb43e992a14775189ec9f|+2bc1c94f0deb43e992a14775189ec9f|0x2bc1c94f0deb43e992a14775189ec9|0x_2bc1c94f0deb43e992a14775189ec|__2bc1c94f0deb43e992a14775189ec9|
x||{}{}|2bc1c94f0deb43e992a14775189ec9f_|{{2bc1c94f0deb43e992a14775189ec9f8|2bc1c94f0deb43e9 92a14775189ec9f""".replace("\n", "").split("|")
IPS = """127.0.0.1|0.0.0.0|255.255.255.255|256.0.0.1|1.2.3|1.2.3.4.5|01.2.3.4|1.2.3.04|1.2.3.4 | 1.2.3.4|1.2.3.a|0x7f.0.0.1|2130706433||::|::1|1::|fe80::1|fe80::1%eth0|
fe80::1%|fe80::%a%b|1:2:3:4:5:6:7:8|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|1:2:3:4:5:6:7::|::2:3:4:5:6:7:8|1::2::3|12345::|g::|::ffff:1.2.3.4|::1.2.3.400|1.2.3.4::|[::1]|:|:::|
ABCD:EF01:2345:6789:abcd:ef01:2345:6789|::ffff:01.2.3.4|1:2:3:4:5:6:1.2.3.4|1.2.3.4/24|::/0|١.2.3.4""".replace("\n", "").split("|")
MACS = """01:23:45:67:ab:CD|01:23:45:67:ab|01:23:45:67:ab:cd:ef|01-23-45-67-ab-cd|0123.4567.89ab|01:23:45:67:ab:gg|1:23:45:67:ab:cd|01:23:45:67:ab:cd\n|
 01:23:45:67:ab:cd|01:23:45:67:ab:cd ||::::::|01:23:45:67:ab:cd:|٠1:23:45:67:ab:cd""".replace("\n01", "01").replace("|\n ", "| ").split("|")


def accepts(rule, text):
    class F(wtforms.Form):
        a = fields.StringField(validators=[rule])

    return F(MultiDict([("a", text)])).validate()


def reasons(text):
    """Why carboy says the opposite about a text."""
    if text in ("http://[::1]x/", "http://x[::1]/"):
        return ["what stands around the brackets of an IPv6 address is no host for browsers, nor for later versions of Python"]
    return []


def text_cases():
    rules = [
        ("Email", {}, EMAILS), ("Email", {"allow_smtputf8": False}, EMAILS[::3] + ["ä@b.de", "a@ä.de", "é" * 100 + "@b.de"]),
        ("Email", {"allow_empty_local": True}, ["@b.de", "a@b.de", "@", "@b"]), ("Email", {"test_environment": True}, ["a@test", "a@x.test", "a@x.local", "a@b"]),
        ("URL", {}, URLS), ("URL", {"require_tld": False}, URLS), ("URL", {"allow_ip": False}, URLS[::2]), ("URL", {"allow_userinfo": True}, URLS),
        ("URL", {"schemes": ["ftp", "javascript", "ws"]}, URLS), ("UUID", {}, UUIDS), ("IPAddress", {}, IPS), ("IPAddress", {"ipv4": False, "ipv6": True}, IPS),
        ("IPAddress", {"ipv6": True}, IPS), ("MacAddress", {}, MACS),
    ]
    for name, options, texts in rules:
        rule = getattr(validators, name)(**options)
        yield {"rule": name, "options": options, "texts": [[text, taken, *(reasons(text) if taken else [])] for text in texts if [taken := accepts(rule, text)]]}


INTEGERS = """0|1|-1|+1| 1 |1_0|_1|1_|1__0|0x1|1.0|1e3|٣|999999999999999999|-999999999999999999||x|1 2|--1|+-1|+ 1|00012|\t1\n|1,000|½|²""".split("|")
FLOATS = """0|1|-1.5|+1.5| 1.5 |1_0.5|1_.5|1._5|.5|5.|.|1e3|1E-3|1e|e3|inf|-Infinity|nan|NaN|infinit|1e400|1e-400|0x1p3||x|1,5|1 5|1e5_0|--1""".split("|")
DECIMALS = """0|1|-1.5|+1.5| 1.5 |1_0.5|1_.5|1._5|.5|5.|.|1e3|1E-3|1e|e3|inf|-Infinity|nan|sNaN|NaN12|infinit|1e400|0.000001|0.0000001|-0|0.00|1.10|100|1E+2|00012.50|
0E-10|0E+3|123456789012345678901234567890.123456789||x|1,5|1 5|--1|1e5_0|12E5|1.2E5|1.23E-8|-0.0E2""".replace("\n", "").split("|")
DATES = """2020-01-02|2020-1-2|2020-02-29|2021-02-29|2020-13-01|2020-00-01|2020-01-32|0001-01-01|0000-01-01|9999-12-31|10000-01-01|20-01-02| 2020-01-02|2020-01-02 |
2020/01/02|2020-01|2020-01-02T00:00||x|2020-01- 2|2020-001-02|２０２０-01-02|-2020-01-02""".replace("\n", "").split("|")
TIMES = "00:00|1:2|23:59|24:00|12:60|12:3|12|12:30:15||x| 12:30|12:30 |12 :30|١2:30".split("|")
DATETIMES = """2020-01-02 03:04:05|2020-01-02T03:04:05|2020-01-02 03:04|2020-01-02T03:04|2020-1-2 3:4|2020-01-02  03:04|2020-01-02t03:04|2020-01-02 03:04:60|2020-01-02 03:04:61|
2020-01-02 24:00|2020-01-02|2020-01-02T03:04:05Z|2020-01-02T03:04:05.5||x|2020-02-30 00:00""".replace("\n", "").split("|")
MONTHS = "2020-01|2020-1|2020-13|2020-00|2020|2020-01-01||x".split("|")
WEEKS = "2020-W00|2020-W01|2020-W1|2020-W52|2020-W53|2020-W54|2021-W00|2023-W01|2018-W01|2024-W10|2020-w10|2020-10||x|0001-W01|0001-W00|9999-W53".split("|")


def number_cases():
    for name, texts in (
        ("IntegerField", INTEGERS), ("FloatField", FLOATS), ("DecimalField", DECIMALS), ("DateField", DATES), ("TimeField", TIMES),
        ("DateTimeLocalField", DATETIMES), ("MonthField", MONTHS), ("WeekField", WEEKS),
    ):
        for text in texts:
            class F(wtforms.Form):
                a = getattr(fields, name)()

            form = F(MultiDict([("a", text)]))
            form.validate()
            shown = F(data={"a": form.a.data}).a._value() if form.a.data is not None and name not in ("DecimalField",) else None
            case = {"class": name, "text": text, "data": str(form.a.data), "errors": form.a.errors, "shown": shown}
            if any(ord(c) > 127 and c.isdigit() for c in text) and not form.a.errors:
                case["differs"] = "digits are ASCII digits"
            yield case


# --- whole forms -----------------------------------------------------------------------------------------------------

class Address(wtforms.Form):
    street = fields.StringField(validators=[validators.DataRequired()])
    city = fields.StringField("Town", [validators.Length(max=5)])
    kind = fields.HiddenField(default="home")


class Line(wtforms.Form):
    article = fields.StringField(validators=[validators.InputRequired()])
    count = fields.IntegerField("How many", [validators.InputRequired(), validators.NumberRange(min=1)])


class Order(wtforms.Form):
    name = fields.StringField("Your name", [validators.DataRequired(), validators.Length(max=10)], filters=[lambda x: x and x.strip()])
    mail = fields.EmailField("E-mail", [validators.Optional(), validators.Email()])
    address = fields.FormField(Address)
    lines = fields.FieldList(fields.FormField(Line), min_entries=1, max_entries=3)
    tags = fields.FieldList(fields.StringField("Tag", [validators.Length(max=3)]), validators=[validators.Length(max=2)])
    colour = fields.RadioField(choices=choices([{"value": "red", "label": "Red"}, {"value": "dark_blue", "label": "Dark Blue"}]))
    gift = fields.BooleanField()


class Password(wtforms.Form):
    password = fields.PasswordField(validators=[validators.InputRequired(), validators.Length(min=8)])
    again = fields.PasswordField(validators=[validators.EqualTo("password", "The %(other_label)s differs.")])


GOOD = [
    ("name", " Ann "), ("address-street", "Main"), ("address-city", "Ulm"), ("lines-0-article", "tea"), ("lines-0-count", "2"),
    ("colour", "red"),
]


def with_(changes, base=GOOD):
    changed = dict(changes)
    return [(key, changed.pop(key, text)) for key, text in base] + list(changed.items())


ORDERS = [
    None, [], GOOD, [("x", "y")], with_({"name": "   "}), with_({"name": "<Ann>&\"'"}), with_({"name": "much too long a name"}), with_({"mail": "a@b.de"}),
    with_({"mail": "nobody"}), with_({"mail": " "}), with_({"address-street": "", "address-city": "Heidelberg", "address-kind": "work"}),
    with_({"lines-0-count": "0"}), with_({"lines-0-count": "x", "lines-0-article": ""}), with_({"lines-1-article": "pot", "lines-1-count": "1"}),
    with_({"lines-5-article": "pot", "lines-5-count": ""}), with_({"lines-3-article": "a", "lines-2-article": "b", "lines-7-article": "c", "lines-9-article": "d"}),
    with_({"tags-0": "a", "tags-1": "b"}), with_({"tags-4": "a", "tags-2": "bbbb", "tags-3": "c"}), with_({"tags-0": "aaaa", "tags-1": ""}), with_({"tags-x": "a", "tags": "b", "tagsy0": "c"}),
    with_({"colour": "green"}), with_({"colour": "dark_blue", "gift": "y"}), [("name", "Ann")], [("lines-0-count", "1")], with_({"address": "x", "lines": "y"}),
    with_({"lines-00-article": "zero", "lines-1": "z"}), with_({"gift": "false"}), with_({"csrf_token": "x", "is_admin": "1"}),
]
BEFORE = {
    "name": "Old", "mail": "old@b.de", "address": {"street": "Old St", "city": "Rome"}, "gift": True, "colour": "dark_blue",
    "lines": [{"article": "a", "count": 1}, {"article": "b<", "count": 2}], "tags": ["x", "y"],
}


def nested(errors):
    if isinstance(errors, dict):
        return {key: nested(error) for key, error in errors.items()}
    if isinstance(errors, (list, tuple)):
        return [nested(error) for error in errors]
    return str(errors)


def data(item):
    if isinstance(item, dict):
        return {key: data(value) for key, value in item.items()}
    if isinstance(item, list):
        return [data(value) for value in item]
    return item


def form_cases():
    for (cls, sents), before, prefix in itertools.product(
        ((Order, ORDERS), (Password, [None, [], [("password", "12345678"), ("again", "12345678")], [("password", "12345678"), ("again", "x")], [("password", "1")]])),
        [None, BEFORE], ["", "p", "p_"],
    ):
        for sent in sents:
            if before and cls is Password or prefix and sent not in (None, GOOD, ORDERS[12]):
                continue
            lead = {"": "", "p": "p-", "p_": "p_"}[prefix]
            sent = None if sent is None else [[lead + key, text] for key, text in sent]
            form = cls(None if sent is None else MultiDict(sent), data=before, prefix=prefix)
            valid = form.validate()
            yield {
                "form": cls.__name__, "prefix": prefix, "before": before, "sent": sent, "valid": valid, "data": data(form.data), "errors": nested(form.errors),
                "html": [[str(field.label), str(field(class_="c"))] for field in form], "inside": [[str(line) for line in field] for field in form if field.type in ("FormField", "FieldList", "RadioField")],
            }


# --- Flask-WTF -------------------------------------------------------------------------------------------------------

class Upload(FlaskForm):
    title = fields.StringField(validators=[validators.DataRequired()])
    secret = fields.HiddenField(default="s<")
    photo = FlaskFileField(validators=[FileRequired(), FileAllowed(["jpg", "png"]), FileSize(max_size=10, min_size=2)])
    more = FlaskMultipleFileField(validators=[FileAllowed(["txt"], "Text only."), FileSize(max_size=5)])


FILES = [
    [], [["photo", "a.jpg", "xxx"]], [["photo", "a.JPG", "xxx"]], [["photo", "a.gif", "xxx"]], [["photo", "jpg", "xxx"]], [["photo", "a.png", "x"]],
    [["photo", "a.png", "x" * 11]], [["photo", "", "xxx"]], [["photo", "a.tar.png", ""]], [["photo", "a.jpg", "xxx"], ["more", "b.txt", "12345"]],
    [["photo", "a.jpg", "xxx"], ["more", "b.txt", "123456"], ["more", "c.txt", "1"]], [["photo", "a.jpg", "xxx"], ["more", "b.txt", "1"], ["more", "c.exe", "1"]],
    [["photo", "a.gif", "x" * 20], ["more", "b.exe", "1234567"]], [["more", "b.txt", "1"]], [["photo", "a.jpg", "xxx"], ["photo", "b.gif", "yyy"]], [["title", "t.txt", "x"]],
]


def flask_cases():
    app = Flask("x")
    app.config.update(SECRET_KEY="dev", WTF_CSRF_ENABLED=False)
    for files, text in itertools.product(FILES, [[["title", "T"]], [["title", ""]], [["title", "T"], ["photo", "text"]]]):
        body = MultiDict(text)
        for name, filename, content in files:
            body.add(name, (io.BytesIO(content.encode()), filename))
        with app.test_request_context("/", method="POST", data=body, content_type="multipart/form-data"):
            form = Upload()
            valid = form.validate_on_submit()
            differs = {"differs": "a file is no text"} if any(name == "title" for name, *_ in files) else {}
            yield {
                **differs, "fields": text, "files": files, "valid": valid, "errors": nested(form.errors), "html": [str(field) for field in form], "hidden": str(form.hidden_tag()),
                "photo": form.photo.data.filename if form.photo.data and not isinstance(form.photo.data, str) else None,
            }


class Signup(FlaskForm):
    email = fields.StringField(validators=[validators.DataRequired(), validators.Email()])
    age = fields.IntegerField(validators=[validators.Optional()])
    terms = fields.BooleanField()
    tags = fields.SelectMultipleField(choices=choices([{"value": "a"}, {"value": "b"}]))


def json_cases():
    app = Flask("x")
    app.config.update(SECRET_KEY="dev", WTF_CSRF_ENABLED=False)
    bodies = [
        {"email": "a@b.de", "age": "3", "terms": "y", "tags": ["a", "b"]}, {"email": "nobody"}, {"email": "a@b.de", "age": "x"}, {"tags": ["c"], "email": "a@b.de"}, {},
        {"email": "a@b.de", "tags": "a"}, {"email": ["a@b.de", "x"]}, {"email": "a@b.de", "admin": "1"},
    ]
    for method, body in itertools.product(["POST", "PUT", "PATCH", "DELETE", "GET"], bodies):
        with app.test_request_context("/", method=method, json=body):
            form = Signup()
            valid = form.validate_on_submit()
            yield {"method": method, "json": body, "submitted": form.is_submitted(), "valid": valid, "errors": nested(form.errors), "data": data(form.data), "html": [str(field) for field in form]}


# --- messages --------------------------------------------------------------------------------------------------------

NUMBERS_OF_THINGS = [*range(0, 25), 100, 101, 102, 111, 1001]


def message_cases():
    folder = Path(wtforms.__file__).parent / "locale"
    plurals = [
        ("Field must be at least %(min)d character long.", "Field must be at least %(min)d characters long."),
        ("Field cannot be longer than %(max)d character.", "Field cannot be longer than %(max)d characters."),
    ]
    for path in sorted(folder.glob("*/LC_MESSAGES/wtforms.mo")):
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)
        locale = path.parent.parent.name
        keys = sorted(key for key in catalogue._catalog if isinstance(key, str) and key)
        if not catalogue._catalog or not keys:
            continue
        yield {
            "locale": locale, "ids": plurals, "messages": [[key, catalogue.gettext(key)] for key in keys if locale in ("ar", "de", "fr", "ja", "ru", "zh_TW")],
            "numbers": NUMBERS_OF_THINGS, "plurals": [[catalogue.ngettext(one, many, n) for n in NUMBERS_OF_THINGS] for one, many in plurals],
        }


def main(folder):
    target = Path(folder)
    for name, cases in (
        ("fields", field_cases), ("texts", text_cases), ("numbers", number_cases), ("forms", form_cases), ("flask", flask_cases), ("json", json_cases),
        ("messages", message_cases),
    ):
        lines = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases())
        (target / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
