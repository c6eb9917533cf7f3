"""Vectors of templates: what Jinja2 inside a real Flask app renders.

Usage: python templates.py OUTPUT_FOLDER

Each case is a set of templates, a context, and the output or the error. Expressions are rendered twice: in a template that
escapes (.html) and in one that does not (.txt).
"""

import json
import sys
import tempfile
from pathlib import Path

from flask import Flask, render_template
from jinja2 import TemplateSyntaxError
from jinja2.exceptions import TemplateNotFound, TemplatesNotFound, UndefinedError

OUT = Path(sys.argv[1])

HOSTILE = "<script>alert('x')</script> & \"q\""
CONTEXT = {
    "name": "Ada",
    "html": "<b>bold</b> & 'x' \"y\"",
    "hostile": HOSTILE,
    "empty": "",
    "zero": 0,
    "one": 1,
    "neg": -7,
    "big": 12345678901234,
    "pi": 3.14159,
    "half": 0.5,
    "tiny": 0.00001,
    "huge": 1e20,
    "whole": 2.0,
    "yes": True,
    "no": False,
    "nothing": None,
    "words": "the quick brown fox jumps over the lazy dog",
    "long": "Lorem ipsum dolor sit amet, consectetur adipiscing elit. Sed do eiusmod tempor incididunt ut labore et dolore.",
    "unicode": "Grüße, 世界 – ñandú 😀",
    "lines": "first\n  second\n\nthird\r\nfourth",
    "nums": [3, 1, 2],
    "floats": [1.5, 0.1, 2.25],
    "strs": ["b", "A", "c", "a", "B"],
    "mixed": [1, "two", 3.0, None, True, ["x"], {"k": "<v>"}],
    "nested": [[1, 2], [3, [4, 5]]],
    "none_list": [],
    "dict": {"b": 2, "a": 1, "C": 3},
    "empty_dict": {},
    "user": {"name": "Ada <x>", "age": 36, "tags": ["math", "<code>"], "address": {"city": "London"}, "active": True},
    "users": [
        {"name": "bob", "age": 30, "city": "Paris", "active": True, "address": {"zip": "B1"}},
        {"name": "Alice", "age": 25, "city": "london", "active": False, "address": {"zip": "A2"}},
        {"name": "carol", "age": 35, "city": "Paris", "active": True, "address": {"zip": "C3"}},
        {"name": "Dave", "age": 25, "city": "London", "active": False, "address": {"zip": "A1"}},
    ],
    "tree": [{"name": "a", "children": [{"name": "a1", "children": []}, {"name": "a2", "children": [{"name": "a2x", "children": []}]}]}, {"name": "b", "children": []}],
    "url": "see https://example.com/a?b=1&c=2, (http://x.org) or www.test.de. mail me@ex-ample.com <https://y.com/z>",
    "tags_html": "<p>Hello <!-- hidden --> <em>World</em> &amp; &lt;you&gt;</p>",
    "pairs": [["x", 1], ["y", 2]],
}

cases = []


def render(templates, context, entry):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "templates"
        for name, text in templates.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, newline="")
        app = Flask("app", root_path=folder)
        with app.app_context():
            try:
                return {"output": render_template(entry, **context)}
            except UndefinedError as error:
                return {"error": "undefined", "message": str(error)}
            except TemplateSyntaxError as error:
                return {"error": "syntax", "message": str(error.message), "line": error.lineno}
            except (TemplateNotFound, TemplatesNotFound) as error:
                return {"error": "not_found", "message": str(error)}
            except Exception as error:  # noqa: BLE001 - whatever Python raises is the observation
                return {"error": "runtime", "message": str(error)}


def add(group, templates, context=None, entry=None, **notes):
    """A case with its own templates; the context is a choice of the shared one's names or a dict."""
    if isinstance(templates, str):
        templates = {"t.html": templates}
    entry = entry or next(iter(templates))
    context = CONTEXT if context is None else context
    case = {"group": group, "templates": templates, "entry": entry}
    if context is not CONTEXT:
        case["context"] = context
    cases.append(case | render(templates, context, entry) | notes)


def both(group, *sources):
    """Each source, escaped and unescaped."""
    for source in sources:
        add(group, {"t.html": source})
        add(group, {"t.txt": source})


def exprs(group, *expressions):
    both(group, *("{{ " + expression + " }}" for expression in expressions))


# --- printing -----------------------------------------------------------------------------------------------------------
exprs("print", *CONTEXT)
exprs(
    "print",
    "user.name", "user['name']", "user.tags[1]", "user.tags[-1]", "nested[1][1][0]", "'<b>'", "'<b>'|safe", "[html]", "[html|safe]",
    "{'k': html}", "{'a': 1, 'b': [True, None]}", "(1, 2)", "(1,)", "()", "[1, 'a', 2.5, None, True]", "1e100", "1.0", "100000000000000000000.0",
    "0.1 + 0.2", "1/3", "10/2", "7//2", "-7//2", "7 % 3", "-7 % 3", "2**10", "2**-1", "1_000", "'a' ~ 1 ~ none ~ true", "'a' 'b'",
    "html ~ '<i>'|safe", "'<i>'|safe ~ html", "'<i>'|safe + html", "'x' * 3", "[1] + [2]", "'%s and %s' % ('a', 'b')", "'%05.2f' % pi",
    "name[0]", "name[1:]", "name[::-1]", "nums[1:]", "nums[:-1]", "nums[::2]", "words[4:9]", "not yes", "yes and no", "yes or no",
    "nothing or 'default'", "'a' if yes else 'b'", "'a' if no", "1 == 1.0", "1 == true", "'1' == 1", "[1] == [1]", "1 < 2 < 3", "3 > 2 > 2",
    "2 in nums", "'x' in name", "'b' in dict", "5 not in nums", "name is defined", "nope is defined", "-one", "+one", "- 3 ** 2", "(1 + 2) * 3",
    "true", "True", "none", "None", "false", "'\\n' in lines", "\"it's\"", "'say \"hi\"'", "['it\\'s', 'say \"x\"', 'both \\' \"']", "['tab\\t', 'nl\\n', 'ü', 'nul\\x00', '\\u200b']",
    "[1.0, 1e20, 1e-7, 0.1]", "dict", "dict.b", "dict.items()", "dict.keys()|list", "dict.values()|list", "dict.get('zz')", "dict.get('zz', 'd')", "dict.get('a')",
    "range(3)", "range(3)|list", "range(2, 10, 3)|list", "range(5, 0, -2)|list", "range(0)|list", "range(1, 4)|sum",
    "dict(a=1, b='x')", "dict([('p', 1)])" if False else "[('p', 1)]", "1 is number", "user.address.city", "user['address']['city']",
    "nums|length > 2", "nums | sort | first", "nums|join(',')|upper", "(nums|join) ~ '!'", "[nums, strs]", "loop is defined", "3 is odd and 4 is even",
)

# --- undefined ----------------------------------------------------------------------------------------------------------
both(
    "undefined",
    "[{{ nope }}]", "[{{ user.nope }}]", "[{{ user['nope'] }}]", "[{{ nums[9] }}]", "{{ nope.attr }}", "{{ user.nope.attr }}", "{{ nums[9].x }}",
    "{% if nope %}a{% else %}b{% endif %}", "{% for x in nope %}x{% else %}none{% endfor %}", "{{ nope|default('d') }}", "{{ user.nope|default('d') }}",
    "{{ empty|default('d') }}", "{{ empty|default('d', true) }}", "{{ nothing|default('d') }}", "{{ nothing|default('d', boolean=true) }}",
    "{{ nope|length }}", "{{ nope|list }}", "{{ nope|join }}", "{{ nope|upper }}", "{{ nope is defined }}", "{{ nope is undefined }}", "{{ nope == nope2 }}", "{{ nope ~ 'x' }}",
    "{{ nope() }}", "{{ user.nope() }}", "{{ name.nope() }}", "{{ nope + 1 }}", "{{ nope|nofilter }}", "{{ 1 is notest }}", "{{ nope or 'x' }}", "{{ not nope }}",
    "{{ [nope] }}", "{{ nope|first }}", "{{ [][0] }}", "{{ nope['x'] }}", "{{ nope < 1 }}", "{{ 1 in nope }}",
)

# --- filters ------------------------------------------------------------------------------------------------------------
exprs("abs", "neg|abs", "-2.5|abs", "(-2.5)|abs", "0|abs", "name|abs", "big|abs")
exprs("attr", "user|attr('name')" if False else "name|attr('zzz')", "nope|attr('x')")
exprs(
    "batch",
    "nums|batch(2)|list", "range(7)|batch(3)|list", "range(7)|batch(3, 'x')|list", "range(6)|batch(3, '-')|list", "[]|batch(2)|list", "strs|batch(linecount=4, fill_with=0)|list",
    "'abcde'|batch(2)|list",
)
both("batch", "{% for row in range(5)|batch(2, '&nbsp;') %}<tr>{% for c in row %}<td>{{ c }}</td>{% endfor %}</tr>{% endfor %}")
exprs("capitalize", "words|capitalize", "'ABC dEF'|capitalize", "unicode|capitalize", "''|capitalize", "html|safe|capitalize", "42|capitalize", "'éA'|capitalize", "none|capitalize")
exprs("center", "'x'|center(5)", "'x'|center(4)", "'ab'|center(5)", "'abc'|center(2)", "'x'|center(width=3)", "'<'|safe|center(4)", "'x'|center")
exprs("default", "nope|d('x')", "false|d('x')", "false|d('x', true)", "0|default('z', true)", "'v'|default('x')", "nope|default", "nope|default(html)", "nope|default(default_value='k')")
exprs(
    "dictsort",
    "dict|dictsort", "dict|dictsort(true)", "dict|dictsort(false, 'value')", "dict|dictsort(reverse=true)", "{}|dictsort", "dict|dictsort(by='nope')",
    "{'b': 'Z', 'a': 'y', 'C': 'X'}|dictsort(by='value')", "{'b': 'Z', 'a': 'y', 'C': 'X'}|dictsort(true, 'value', true)",
)
both("dictsort", "{% for k, v in dict|dictsort %}{{ k }}={{ v }};{% endfor %}")
exprs("escape", "html|escape", "html|e", "html|safe|e", "html|e|e", "42|e", "none|e", "nums|e", "['<']|e", "nope|e", "''|e", "html|e|length", "unicode|e")
exprs("forceescape", "html|forceescape", "html|safe|forceescape", "html|e|forceescape", "42|forceescape", "['<']|forceescape")
exprs(
    "filesizeformat",
    "0|filesizeformat", "1|filesizeformat", "2|filesizeformat", "999|filesizeformat", "1000|filesizeformat", "1024|filesizeformat", "1500|filesizeformat", "1000000|filesizeformat",
    "big|filesizeformat", "big|filesizeformat(true)", "1024|filesizeformat(binary=true)", "1048576|filesizeformat(true)", "'3000'|filesizeformat", "300.7|filesizeformat",
    "1e25|filesizeformat", "1e30|filesizeformat", "name|filesizeformat", "1023|filesizeformat(true)", "999999|filesizeformat",
)
exprs("first", "nums|first", "[]|first", "name|first", "'<b>'|first", "dict|first", "none|first", "range(5)|first", "html|safe|first")
exprs("last", "nums|last", "[]|last", "name|last", "'<b>'|last", "dict|last", "range(5)|last", "none|last")
exprs("float", "'1.5'|float", "'x'|float", "'x'|float(2.5)", "'x'|float(default=1)", "3|float", "none|float", "'  2e3 '|float", "'inf'|float", "'nan'|float", "true|float", "'1_0.5'|float", "''|float", "[]|float")
exprs("int", "'42'|int", "'4.7'|int", "'x'|int", "'x'|int(7)", "4.7|int", "-4.7|int", "(-4.7)|int", "'0x1A'|int(0, 16)", "'1A'|int(base=16)", "'0b11'|int(0, 2)", "'077'|int(0, 8)", "none|int", "true|int", "' 5 '|int", "'1_000'|int", "''|int", "'12abc'|int(-1)", "[]|int", "'1e3'|int", "'0x1A'|int(0, 0)")
exprs(
    "format",
    "'%s %s'|format('a', 'b')", "'%d%%'|format(42)", "'%05d'|format(42)", "'%-6s|'|format('ab')", "'%6s|'|format('ab')", "'%.2f'|format(pi)", "'%8.3f'|format(pi)", "'%+d'|format(5)",
    "'%x %X %o'|format(255, 255, 8)", "'%e'|format(12345.678)", "'%g %g'|format(0.0001, 1e10)", "'%s'|format(html)", "'<b>%s</b>'|safe|format(html)", "'<b>%s</b>'|safe|format(html|safe)",
    "'%(a)s-%(b)s'|format(a=1, b=2)", "'%r'|format('it')", "'%s'|format(none)", "'%s'|format(nums)", "'%c'|format(65)", "'%5.1f%%'|format(12.345)", "'%s'|format(1.0)", "'%s %s'|format('a')", "'%s'|format('a', 'b')",
    "'%d'|format('x')", "'%#x'|format(255)", "'% d'|format(3)", "'%010.3f'|format(-3.14159)", "'%i'|format(3.99)", "'%s'|format(true)", "'%G'|format(1e-10)", "'%.3s'|format('abcdef')", "'%*d'|format(5, 42)",
    "'<i>%(x)s</i>'|safe|format(x='<')", "'%.0f'|format(0.5)", "'%.0f'|format(1.5)", "'%.1f'|format(0.25)", "'%z'|format(1)",
)
exprs(
    "groupby",
    "users|groupby('city')|map('first')|list", "users|groupby('city')|length", "users|groupby('age')|map(attribute='grouper')|list", "users|groupby('city', case_sensitive=true)|map('first')|list",
    "users|groupby('address.zip')|map(attribute=0)|list", "users|groupby('nope', default='-')|map('first')|list", "[]|groupby('x')", "pairs|groupby(0)", "[{'a': 1, 'b': 2}]|groupby('a')",
)
both(
    "groupby",
    "{% for city, people in users|groupby('city') %}{{ city }}: {% for p in people %}{{ p.name }},{% endfor %}\n{% endfor %}",
    "{% for g in users|groupby('age') %}{{ g.grouper }}={{ g.list|length }};{% endfor %}",
    "{% for g, l in users|groupby('active') %}{{ g }}={{ l|map(attribute='name')|join('+') }} {% endfor %}",
)
exprs(
    "indent",
    "lines|indent", "lines|indent(2)", "lines|indent(2, true)", "lines|indent(2, first=true, blank=true)", "lines|indent('> ')", "lines|indent(width='--', blank=true)", "'one'|indent", "''|indent", "'a\nb'|safe|indent(3)",
    "'a\n\nb\n'|indent(1)", "html|indent", "'a\nb'|indent(0)",
)
exprs("items", "dict|items|list", "{}|items|list", "nope|items|list", "nums|items|list")
both("items", "{% for k, v in user|items %}{{ k }}:{{ v }} {% endfor %}")
exprs(
    "join",
    "nums|join", "nums|join(', ')", "strs|join('-')", "users|join(', ', attribute='name')", "users|join(attribute='age', d='+')", "[html, 'x']|join(' | ')", "[html|safe, '<x>']|join('<br>')", "[html, '<x>']|join('<br>'|safe)",
    "[]|join(',')", "'abc'|join('.')", "mixed|join(';')", "[1, none, true]|join('/')", "nested|join(' ')", "dict|join(',')", "floats|join(' ')", "none|join",
)
exprs("length", "nums|length", "name|length", "dict|length", "unicode|length", "''|length", "[]|count", "42|length", "none|length", "range(7)|length", "html|safe|length")
exprs("list", "nums|list", "'abc'|list", "dict|list", "range(3)|list", "none|list", "(1,2)|list", "'<b>'|list", "42|list", "''|list")
exprs("lower", "'ABC Ä'|lower", "html|safe|lower", "42|lower", "none|lower", "true|lower", "nums|lower")
exprs("upper", "'abc ß'|upper", "html|safe|upper", "html|upper", "1.5|upper", "none|upper", "unicode|upper")
exprs(
    "map",
    "strs|map('upper')|list", "users|map(attribute='name')|list", "users|map(attribute='name')|join(', ')", "users|map(attribute='nope', default='-')|list", "users|map(attribute='address.zip')|list", "nums|map('string')|list",
    "['1', '2']|map('int')|sum", "strs|map('replace', 'b', 'X')|list", "pairs|map('first')|list", "pairs|map(attribute=1)|list", "nums|map('nofilter')|list", "nums|map|list", "nope|map('upper')|list", "[]|map('upper')|list",
    "strs|map('lower')|unique|list", "['<a>']|map('e')|list", "['<a>']|map('upper')|join", "floats|map('round', 1)|list", "['a b', 'c']|map('title')|join('|')", "users|map(attribute='name', foo=1)|list", "floats|map('round', precision=1, method='ceil')|list",
)
exprs("min", "nums|min", "strs|min", "strs|min(true)", "users|min(attribute='age')|attr('x')" if False else "(users|min(attribute='age')).name", "[]|min", "floats|min", "'hello'|min", "[1, 'a']|min", "dict|min")
exprs("max", "nums|max", "strs|max", "strs|max(case_sensitive=true)", "(users|max(attribute='age')).name", "[]|max", "floats|max", "'hello'|max", "[2.5, 2]|max", "(users|max(attribute='name')).name")
exprs(
    "pprint",
    "nums|pprint", "dict|pprint", "name|pprint", "html|pprint", "user|pprint", "users|pprint", "mixed|pprint", "nested|pprint", "long|pprint", "[long, long]|pprint", "{'k': long, 'j': [1]}|pprint", "none|pprint", "1.5|pprint", "html|safe|pprint",
    "lines|pprint", "(1, 2)|pprint", "[words, words]|pprint", "tree|pprint", "range(40)|list|pprint", "{}|pprint", "[]|pprint", "(words, words, words)|pprint", "{'a': {'b': words, 'c': [words, words]}}|pprint",
)
exprs("random", "[7]|random", "[]|random", "'x'|random")
exprs("reject", "nums|reject('odd')|list", "[0, 1, '', 'x', none]|reject|list", "nums|reject('gt', 1)|list", "nums|reject('equalto', 2)|list")
exprs("rejectattr", "users|rejectattr('active')|map(attribute='name')|list", "users|rejectattr('age', 'gt', 28)|map(attribute='name')|list", "users|rejectattr('nope', 'defined')|list|length", "users|rejectattr|list")
exprs("select", "nums|select('odd')|list", "[0, 1, '', 'x', none]|select|list", "nums|select('in', [1, 2])|list", "nums|select('ge', 2)|list", "mixed|select('string')|list", "mixed|select('number')|list", "nums|select('nope')|list", "[1, 2, 3, 4]|select('divisibleby', 2)|list", "nope|select|list")
exprs("selectattr", "users|selectattr('active')|map(attribute='name')|list", "users|selectattr('age', '>', 28)|map(attribute='name')|join(',')", "users|selectattr('city', 'eq', 'Paris')|list|length", "users|selectattr('address.zip', 'equalto', 'A1')|map(attribute='name')|list", "users|selectattr('name', 'in', ['bob', 'Dave'])|map(attribute='age')|list", "users|selectattr('nope')|list", "users|selectattr('nope', 'undefined')|list|length")
exprs(
    "replace",
    "words|replace('quick', 'slow')", "words|replace('o', '0', 2)", "html|replace('b', 'i')", "html|safe|replace('<b>', '<i>')", "html|safe|replace('bold', '<x>')", "html|replace('bold', '<x>'|safe)", "html|replace('<b>'|safe, 'x')", "42|replace(4, 5)",
    "'aaa'|replace('a', 'b', count=1)", "'abc'|replace('', '-')", "none|replace('N', 'n')", "'<>'|replace('<', '>')",
)
exprs("reverse", "nums|reverse|list", "name|reverse", "html|safe|reverse", "dict|reverse|list", "range(3)|reverse|list", "[]|reverse|list", "42|reverse", "unicode|reverse")
exprs(
    "round",
    "pi|round", "pi|round(2)", "pi|round(2, 'ceil')", "pi|round(2, 'floor')", "2.5|round", "3.5|round", "42|round", "42.55|round(1)", "1234|round(-2)", "1250|round(-2)", "1234.5|round(-2)", "-1.5|round", "(-1.5)|round", "42|round(0, 'ceil')", "1.1|round(1, 'floor')",
    "2.675|round(2)", "0.125|round(2)", "42.7|round|int", "1e20|round(2)", "'x'|round", "pi|round(method='nope')", "1350|round(-2)", "5|round(-1)", "15|round(-1)", "true|round", "-7.5|round(0, 'floor')", "1234|round(-2, 'ceil')", "0.5|round",
)
exprs("safe", "html|safe", "42|safe", "none|safe", "nums|safe", "html|safe|safe", "html|upper|safe", "(html|safe)[:3]", "html|safe|string", "html|safe ~ html", "html|safe|list|first", "nope|safe")
exprs("slice", "range(7)|slice(3)|list", "range(7)|slice(3, 'x')|list", "range(6)|slice(3, 'x')|list", "[]|slice(2)|list", "nums|slice(5)|list", "strs|slice(slices=2, fill_with='-')|list")
exprs(
    "sort",
    "nums|sort", "nums|sort(true)", "strs|sort", "strs|sort(case_sensitive=true)", "strs|sort(reverse=true)", "users|sort(attribute='age')|map(attribute='name')|list", "users|sort(attribute='city,age')|map(attribute='name')|list", "users|sort(attribute='age,name', reverse=true)|map(attribute='name')|list",
    "dict|sort", "'hello'|sort", "[1, 'a']|sort", "[true, 0, 2]|sort", "pairs|sort(attribute=1, reverse=true)", "[]|sort", "floats|sort", "nested|sort", "users|sort(attribute='address.zip')|map(attribute='name')|join(' ')", "[none, 1]|sort", "['ä', 'z', 'a']|sort", "strs|sort(true, true)",
)
exprs("string", "42|string", "1.0|string", "none|string", "html|string", "html|safe|string", "nums|string", "true|string|lower", "dict|string|length", "nope|string")
exprs("striptags", "tags_html|striptags", "html|striptags", "'a < b'|striptags", "'<br/>x<br>'|striptags", "'a  b\n\tc'|striptags", "'&copy; &#39;x&#39; &nope;'|striptags", "tags_html|safe|striptags", "42|striptags", "'<!-- a -- b -->x'|striptags", "'<!-->x-->y'|striptags", "'<a href=\"x>y\">z</a>'|striptags", "'&lt;b&gt;'|striptags")
exprs("sum", "nums|sum", "floats|sum", "users|sum('age')", "users|sum(attribute='age', start=100)", "[]|sum", "[]|sum(start=5)", "nested|sum(start=[])", "[1, 2.5]|sum", "strs|sum", "[true, true]|sum", "pairs|sum(attribute=1)", "[0.1, 0.2, 0.3]|sum")
exprs("title", "words|title", "'foo-bar (baz) [qux] <x>'|title", "\"it's o'clock\"|title", "html|safe|title", "'HELLO wORLD'|title", "'a_b c.d'|title", "42|title", "unicode|title", "'x\ny\tz'|title")
exprs(
    "tojson",
    "nums|tojson", "dict|tojson", "html|tojson", "user|tojson", "none|tojson", "true|tojson", "1.0|tojson", "unicode|tojson", "user|tojson(indent=2)", "mixed|tojson(2)", "[]|tojson(indent=2)", "{}|tojson(indent=2)", "{'z': 1, 'a': {'y': 2, 'b': 3}}|tojson", "hostile|tojson",
    "'\\u2028\\n\\t\\\\/'|tojson", "html|safe|tojson", "nope|tojson", "{1: 'a', 2: 'b'}|tojson", "huge|tojson", "tiny|tojson", "users|tojson", "(1, 2)|tojson", "'\\x7f\\x00\\x1f'|tojson", "range(3)|list|tojson", "dict|tojson|length", "-0.0|tojson", "1e16|tojson", "{'<a>': \"'\"}|tojson", "nested|tojson(4)", "nums|tojson|upper",
)
exprs("trim", "'  x  '|trim", "'xxaxx'|trim('x')", "'\t\n a b \r\n'|trim", "' <b> '|safe|trim", "42|trim", "'abcba'|trim('ab')", "'x'|trim(none)", "'..a..'|trim(chars='.')")
exprs(
    "truncate",
    "long|truncate(20)", "long|truncate(20, true)", "long|truncate(20, false, '!')", "long|truncate(20, end='')", "words|truncate(40)", "words|truncate(38)", "words|truncate(36)", "words|truncate(10, leeway=0)", "words|truncate(10, true, '…', 0)", "'short'|truncate(3)", "'longword'|truncate(5, leeway=0)",
    "html|truncate(8, leeway=0)", "html|safe|truncate(8, leeway=0)", "html|truncate(8, leeway=0, end='<>'|safe)", "long|truncate", "words|truncate(2)", "unicode|truncate(10, leeway=1)", "42|truncate(3)", "long|truncate(50, leeway=100)",
)
exprs("unique", "[1, 2, 1, 3, 2]|unique|list", "strs|unique|list", "strs|unique(true)|list", "users|unique(attribute='city')|map(attribute='name')|list", "'aAbB'|unique|list", "[1, 1.0, true, '1']|unique|list", "[]|unique|list", "users|unique(attribute='age')|map(attribute='age')|list")
exprs(
    "urlencode",
    "'a b&c/d?e=ü'|urlencode", "{'a': 1, 'b c': 'x/y&z'}|urlencode", "[['q', 'ä ö'], ['p', 2]]|urlencode", "42|urlencode", "''|urlencode", "'~-._!*()'|urlencode", "{}|urlencode", "none|urlencode", "'100%'|urlencode", "html|urlencode", "unicode|urlencode", "1.5|urlencode", "{'a': none, 'b': true}|urlencode",
)
exprs(
    "urlize",
    "url|urlize", "url|urlize(10)", "url|urlize(10, true)", "url|urlize(target='_blank')", "url|urlize(rel='me')", "url|urlize(trim_url_limit=15, nofollow=true, target='_top', rel='a b')", "'http://a.b/(x)'|urlize", "'(http://a.com/x(y))'|urlize", "'ftp://x.y tel:123 foo.bar foo.org'|urlize",
    "'tel:+123 call'|urlize(extra_schemes=['tel:'])", "'mailto:a@b.de'|urlize", "'a@b.de, @x@y.z'|urlize", "html|urlize", "'http://x.com <script>'|urlize", "'http://127.0.0.1:80/x http://[::1]/ http://localhost'|urlize", "'www.a.co/?q=1#f'|urlize", "'http://x.com.'|urlize", "'&lt;http://x.com&gt;'|safe|urlize",
    "'a\nhttp://x.com\n\nb'|urlize", "''|urlize", "'HTTPS://EXAMPLE.COM/X'|urlize", "'http://ex_ample.com http://-.com'|urlize", "'http://a.b.c.d.info:99999/?x'|urlize", "'x'|urlize(extra_schemes=['bad'])", "'http://xn--bcher-kva.example http://bücher.example'|urlize", "'http://'|urlize", "'http://x.com,http://y.com'|urlize", "'foo.com/bar) (foo.net)'|urlize",
    "'http://[1:2:3:4:5:6:7:8]/a'|urlize", "'http://1.2.3/ http://1.2.3.4.5/'|urlize", "'www.x.com@y.com me@localhost a@b.c_d'|urlize",
)
exprs("wordcount", "words|wordcount", "''|wordcount", "'a-b c_d e.f'|wordcount", "unicode|wordcount", "42|wordcount", "html|wordcount", "'  x  '|wordcount")
exprs(
    "wordwrap",
    "long|wordwrap(20)", "long|wordwrap(30, wrapstring='|')", "'abcdefghijklmnop'|wordwrap(5)", "'abcdefghijklmnop qrs'|wordwrap(5, false)", "'well-known long-ish hyphen-ated words'|wordwrap(10)", "'well-known long-ish hyphen-ated words'|wordwrap(10, break_on_hyphens=false)", "lines|wordwrap(6)", "'a  b   c'|wordwrap(3)",
    "words|wordwrap(9, true, '<br>')", "words|wordwrap(9, wrapstring='<br>'|safe)", "'foo--bar baz---qux'|wordwrap(5)", "unicode|wordwrap(6)", "''|wordwrap", "'x y'|wordwrap(1)", "words|wordwrap(0)", "'  lead and trail  '|wordwrap(6)", "'super-cali-fragi-listic'|wordwrap(12)", "'-- a --b'|wordwrap(3)", "'one\ttwo\tthree'|wordwrap(5)", "'e-mail x-y-z 1-2-3'|wordwrap(4)", "long|wordwrap",
)
exprs("xmlattr", "{'class': 'a b', 'id': 'x', 'none': none, 'undef': nope}|xmlattr", "{'title': html}|xmlattr", "{'title': html|safe}|xmlattr", "{}|xmlattr", "{'a': 1}|xmlattr(false)", "{'a': true, 'b': 0}|xmlattr", "{'bad key': 1}|xmlattr", "{'a>b': 1}|xmlattr", "{'x': 1, 'y': 2}|xmlattr(autospace=false)", "{'d': nums}|xmlattr", "{'a=b': 1}|xmlattr")
both("xmlattr", "<ul{{ {'class': 'my_list', 'missing': none, 'id': 'list-%d'|format(42)}|xmlattr }}>")

# --- tests --------------------------------------------------------------------------------------------------------------
VALUES = ["name", "zero", "one", "neg", "pi", "whole", "yes", "no", "nothing", "nums", "dict", "none_list", "nope", "html|safe", "'ABC'", "'abc'", "''", "(1,)", "range(2)"]
for test in ["boolean", "callable", "defined", "escaped", "false", "float", "integer", "iterable", "lower", "mapping", "none", "number", "sequence", "string", "true", "undefined", "upper"]:
    both("tests", f"{test}: " + " ".join("{{ " + f"({value}) is {test}" + " }}" for value in VALUES))
exprs(
    "tests",
    "3 is odd", "4 is odd", "4 is even", "-3 is odd", "(-3) is odd", "10 is divisibleby 5", "10 is divisibleby(3)", "1 is eq 1", "1 is equalto 2", "1 is == 1", "1 is ne 2", "1 is != 1", "1 is lt 2", "2 is lessthan 1", "2 is < 3", "1 is le 1", "1 is <= 0", "2 is gt 1", "2 is greaterthan 3", "2 is > 1", "2 is ge 2", "2 is >= 3",
    "1 is in nums", "'z' is in name", "'upper' is filter", "'nope' is filter", "'odd' is test", "'nope' is test", "none is sameas none", "true is sameas true", "1 is sameas true", "nums is sameas nums", "1 is not odd", "nope is not defined", "'a' is string and 1 is number", "not 1 is odd", "'str' is lower", "'x1' is lower", "'1' is lower", "1 is divisibleby 0", "'a' is odd", "2.0 is even",
    "range is callable", "name.upper is callable" if False else "cycler is callable", "dict is mapping", "1 is float", "1.0 is float", "true is integer", "true is number", "[1] is eq [1]", "1 is eq 1.0",
)

# --- methods ------------------------------------------------------------------------------------------------------------
exprs(
    "methods",
    "name.upper()", "name.lower()", "words.title()", "\"it's\".title()", "words.capitalize()", "' x '.strip()", "'xxaxx'.strip('x')", "'xa'.lstrip('x')", "'ax'.rstrip('x')", "words.split()", "words.split(' ', 2)", "'a,b,,c'.split(',')", "'  a  b '.split()", "'a b c'.rsplit(' ', 1)", "'a b  c '.rsplit(none, 1)", "lines.splitlines()", "lines.splitlines(true)",
    "','.join(['a', 'b'])", "','.join(strs)", "words.replace('quick', 'slow')", "words.replace('o', '0', 1)", "name.startswith('A')", "name.endswith(('x', 'a'))", "words.find('quick')", "words.find('zzz')", "words.rfind('o')", "words.index('quick')", "words.index('zzz')", "words.count('o')", "'{} and {}'.format('a', 'b')", "'{0}{1}{0}'.format('a', 'b')", "'{x:>5}|{y:<5}|{z:^5}'.format(x='a', y='b', z='c')", "'{:.2f}'.format(pi)", "'{:05d}'.format(42)", "'{:,}'.format(1234567)", "'{:x}'.format(255)", "'{u[name]}'.format(u=user)", "'{:%}'.format(0.25)", "'{!r}'.format('x')",
    "'<b>{}</b>'.format(html)", "('<b>{}</b>'|safe).format(html)", "('<b>%s</b>'|safe) % html", "('<b>%s %s</b>'|safe) % (html, 1)", "('<br>'|safe).join([html, 'x'])", "(html|safe).upper()", "(html|safe).replace('bold', '<i>')", "(html|safe).split('<')", "(html|safe).striptags()", "(html|e).unescape()", "('x'|safe).center(5, '<')", "'5'.zfill(3)", "'-5'.zfill(4)", "'ab'.center(6, '*')", "'ab'.ljust(4, '.')", "'ab'.rjust(4, '.')", "'12'.isdigit()", "'a1'.isalnum()", "'a1'.isalpha()", "' '.isspace()", "'Abc'.swapcase()", "'a-b-c'.partition('-')", "'a-b-c'.rpartition('-')", "'abc'.partition('x')", "'prefix_x'.removeprefix('prefix_')", "'x.py'.removesuffix('.py')", "'Hello World'.istitle()", "'a\tb'.expandtabs(4)", "'ABC'.isupper()", "'abc'.islower()", "'{}'.format(nope)", "'{a.b}'.format(a={'b': 1})" if False else "'{{}}'.format()", "'{:>10}'.format('x')", "'{:+d}'.format(3)", "'{:e}'.format(12345.678)", "'{:g}'.format(0.00001234)", "'{:10.3}|'.format(pi)", "'{:#x}'.format(255)", "'{:08.3f}'.format(-pi)", "'{:_}'.format(1234567)", "'{:b}'.format(5)", "'{:*^9}'.format('mid')", "'{:s}'.format('x')", "'{:d}'.format('x')", "'{} {}'.format('a')",
    "dict.items()|list", "dict.keys()|sort", "dict.values()|sum", "dict.get('nope', 5)", "dict.copy()", "nums.index(2)", "nums.count(1)", "nums.index(99)", "(1, 2, 1).count(1)",
)
both("methods", "{% for k, v in user.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k in dict.keys()|sort %}{{ k }}{% endfor %}", "{% for v in dict.values() %}{{ v }}{% endfor %}")

EXPRESSIONS = len(cases)


# --- statements ---------------------------------------------------------------------------------------------------------
both(
    "for",
    "{% for x in nums %}{{ x }},{% endfor %}", "{% for x in [] %}x{% else %}empty{% endfor %}", "{% for x in nums %}{{ loop.index }}/{{ loop.length }} {{ loop.index0 }} {{ loop.revindex }} {{ loop.revindex0 }} {{ loop.first }} {{ loop.last }};{% endfor %}",
    "{% for x in nums %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for x in nums %}{{ loop.previtem|default('-') }}<{{ x }}>{{ loop.nextitem|default('-') }} {% endfor %}", "{% for x in [1,1,2,2,1] %}{% if loop.changed(x) %}{{ x }}{% endif %}{% endfor %}",
    "{% for x in range(10) if x is odd %}{{ loop.index }}:{{ x }} {% endfor %}", "{% for x in range(4) if x > 9 %}{{ x }}{% else %}none{% endfor %}", "{% for k, v in dict.items() %}{{ k }}={{ v }} {% endfor %}", "{% for a, b in pairs %}{{ a }}{{ b }}{% endfor %}", "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for n in tree recursive %}<li>{{ n.name }}{% if n.children %}<ul>{{ loop(n.children) }}</ul>{% endif %}</li>{% endfor %}", "{% for n in tree recursive %}{{ loop.depth }}{{ loop.depth0 }}{{ n.name }}{{ loop(n.children) }}{% endfor %}",
    "{% for x in nums %}{% for y in strs %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}", "{% for x in nums %}{% set outer = loop %}{% for y in [1, 2] %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}", "{% set x = 1 %}{% for i in nums %}{% set x = i %}{% endfor %}{{ x }}", "{% for c in name %}{{ c }}-{% endfor %}", "{% for c in '<&>' %}{{ c }}{% endfor %}",
    "{% for k in dict %}{{ k }}{% endfor %}", "{% for x in nums %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}", "{% for u in users|sort(attribute='name') %}{{ u.name }} {% endfor %}", "{% for x in nums|reverse %}{{ x }}{% endfor %}", "{% for x in nums[:2] + [9] %}{{ x }}{% endfor %}", "{% for x in (1, 2, 3) %}{{ x }}{% endfor %}", "{% for i in range(3) %}{% for j in range(i) %}*{% endfor %};{% endfor %}",
    "{% for x in 5 %}{% endfor %}", "{% for a, b in [[1]] %}{{ a }}{{ b }}{% endfor %}", "{% for a, b in [[1, 2, 3]] %}{{ a }}{% endfor %}", "{% for x in nums %}{{ loop }}{% break %}{% endfor %}", "{% for x in user %}{{ x }} {% endfor %}", "{% for name in strs %}{{ name }}{% endfor %}{{ name }}", "{% for x in unicode %}{{ x }}|{% endfor %}",
)
both(
    "if",
    "{% if yes %}a{% elif no %}b{% else %}c{% endif %}", "{% if no %}a{% elif yes %}b{% else %}c{% endif %}", "{% if no %}a{% elif no %}b{% else %}c{% endif %}", "{% if nums %}full{% endif %}{% if none_list %}x{% else %}empty{% endif %}", "{% if zero %}a{% else %}b{% endif %}{% if empty %}a{% else %}b{% endif %}{% if nothing %}a{% else %}b{% endif %}{% if empty_dict %}a{% else %}b{% endif %}{% if '0' %}a{% endif %}{% if 0.0 %}a{% else %}b{% endif %}",
    "{% if nums|length > 2 and (yes or no) and not no %}ok{% endif %}", "{% if 'a' in dict and 2 not in none_list %}ok{% endif %}", "{% if 1 < nums|length <= 3 %}ok{% endif %}", "{{ 'x' if nope else 'y' }}", "{% if user.name is defined and user.zip is not defined %}ok{% endif %}", "{% if name == 'Ada' %}{% if one %}nested{% endif %}{% endif %}",
)
both(
    "set",
    "{% set x = 5 %}{{ x }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set x %}<b>{{ html }}</b>{% endset %}{{ x }}", "{% set x | upper %}abc <i>{% endset %}{{ x }}", "{% set ns = namespace(n=0) %}{% for i in nums %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{% set ns.c = 3 %}{{ ns.c }}", "{{ namespace(a=1, b='x') }}",
    "{% set x = html %}{{ x }}{% set y = html|safe %}{{ y }}", "{% set x = [1, 2] + nums %}{{ x }}", "{% set ns = namespace() %}{{ ns.nope }}", "{% if yes %}{% set x = 'in' %}{% endif %}{{ x }}", "{% with %}{% set x = 1 %}{% endwith %}{{ x }}", "{% with a=1, b=2 %}{{ a + b }}{% endwith %}", "{% with a={'k': [1]}, b=html %}{{ a.k }}{{ b }}{% endwith %}", "{% set x = 1 %}{% with x = 2 %}{{ x }}{% endwith %}{{ x }}",
    "{% set x = nope %}{{ x is defined }}", "{% set name = 'Bob' %}{{ name }}", "{% set x %}{% endset %}[{{ x }}]{{ x is string }}", "{% set user.name = 1 %}", "{% with a = 1 %}{% with b = a + 1 %}{{ b }}{% endwith %}{% endwith %}",
)
both(
    "filter-block",
    "{% filter upper %}abc {{ name }} {{ html }}{% endfilter %}", "{% filter escape %}<b>{% endfilter %}", "{% filter upper|replace('A', 'x') %}banana{% endfilter %}", "{% filter indent(2) %}a\nb{% endfilter %}", "{% filter trim %}   x   {% endfilter %}", "{% filter e %}{{ html }}{% endfilter %}",
)
both(
    "whitespace",
    "a\n{% if yes %}\n  b\n{% endif %}\nc\n", "a\n{%- if yes -%}\n  b\n{%- endif -%}\nc", "  {{- name -}}  x", "{% for x in nums -%}\n  {{ x }}\n{%- endfor %}\n", "x\n\n", "x\n", "x", "\n\nx", "a {#- c -#} b", "a {# c #} b", "{%+ if yes %}x{% endif +%}\ny", "{% raw %}{{ x }} {% if %}{% endraw %}", "{%- raw -%}  {{ x }}  {%- endraw -%}  y", "{{ '{{' }} {{ '%}' }}", "{# multi\nline #}x", "a\r\nb\r\n", "a\rb",
    "{%   if   yes   %}x{%endif%}", "{{name}}", "{{\nname\n}}", "{% if yes %}\n\n  x\n\n{% endif %}", "\t{%- if yes %} x{% endif %}", "{{ name }}\n", "{{ name -}}\n\nx", "}} %} #}", "{ { x } }", "a{# {{ nope.x }} {% bad %} #}b", "{% raw -%}  x {% endraw %}|", "<a href=\"{{ hostile }}\" title='{{ hostile }}'>{{ hostile }}</a>",
)
both(
    "macro",
    "{% macro m(a, b='x') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m() }}", "{% macro m(h) %}<b>{{ h }}</b>{% endmacro %}{{ m(html) }}{{ m(html|safe) }}", "{% macro input(name, type='text') %}<input{{ {'name': name, 'type': type}|xmlattr }}>{% endmacro %}{{ input('u') }}{{ input('p', 'password') }}",
    "{% macro r(n) %}{{ n }}{% if n > 0 %}{{ r(n - 1) }}{% endif %}{% endmacro %}{{ r(3) }}", "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}inner {{ name }}{% endcall %}", "{% macro list(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(x) list(nums) %}<{{ x }}>{% endcall %}", "{% macro m(x) %}{{ x }}{% endmacro %}{{ m('a') ~ m('<b>') }}", "{% macro m(x) %}{{ x }}{% endmacro %}{{ m('abc')|upper }}",
    "{% macro m(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'a': 3, 'b': 4}) }}{{ m(*[5], **{'b': 6}) }}", "{% macro m(a) %}{{ varargs }}{{ varargs|length }}{% endmacro %}{{ m(1, 2, 3) }}{{ m(1) }}", "{% macro m(a) %}{{ kwargs }}{% endmacro %}{{ m(1, x=2, y='z') }}{{ m(a=1) }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, b=2) }}{{ m() }}", "{% macro field(f) %}<x {{ kwargs|xmlattr }}>{{ f }}</x>{% endmacro %}{{ field('a', class='b', id=html) }}",
    "{% macro m(a) %}{% for k, v in kwargs.items() %}{{ k }}={{ v }} {% endfor %}{% endmacro %}{{ m(1, b=2, c=3) }}", "{% macro m(a) %}x{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}x{% endmacro %}{{ m(b=2) }}", "{% macro m(a) %}{{ kwargs }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ varargs }}{% endmacro %}{{ m(1, b=2) }}", "{% macro m(a, b=2) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}",
    "{% set x = 'outer' %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}", "{% macro m() %}{{ x }}{% endmacro %}{% set x = 'later' %}{{ m() }}", "{% macro m() %}{% set x = 'in' %}{{ x }}{% endmacro %}{{ m() }}{{ x }}", "{% macro a() %}A{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}", "{% macro m(a='<b>') %}{{ a }}{% endmacro %}{{ m() }}", "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(7) }}", "{% macro m() -%}\n  x\n{%- endmacro %}[{{ m() }}]", "{% macro m(x) %}{{ x is defined }}{% endmacro %}{{ m() }}",
    "{% macro f(kwargs) %}{{ kwargs }}{% endmacro %}{{ f(1) }}", "{% macro r(n) %}{{ varargs }}{% if n %}{{ r(n - 1, n) }}{% endif %}{% endmacro %}{{ r(2) }}", "{% macro m() -%} {{ kwargs }} {%- endmacro -%}   \n{{ m(a=1) }}", "{% macro m(x, y=1) %}{{ x }}{{ y }}{{ kwargs }}{{ varargs }}{% endmacro %}{{ m(1, 2, 3, z=4) }}", "{% macro d(t) %}<{{ t }} {{ kwargs.cls }}>{{ caller() }}{% endmacro %}{% call d('p', cls='c') %}x{% endcall %}", "{% macro m(**kwargs) %}{% endmacro %}",
)
both(
    "call",
    "{% macro m(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call m('p') %}{{ html }}{% endcall %}", "{% macro m() %}{% if caller %}c{% else %}n{% endif %}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}", "{% macro m() %}{{ caller(1, b=2) }}{% endmacro %}{% call(a, b=0) m() %}{{ a }}{{ b }}{% endcall %}", "{% macro o() %}o{{ caller() }}{% endmacro %}{% macro i() %}i{{ caller() }}{% endmacro %}{% call o() %}{% call i() %}x{% endcall %}{% endcall %}",
)
both("autoescape", "{% autoescape false %}{{ html }}{% endautoescape %}", "{% autoescape true %}{{ html }}{% endautoescape %}{{ html }}", "{% autoescape no %}{{ html }}{% autoescape yes %}{{ html }}{% endautoescape %}{% endautoescape %}")
both(
    "builtins",
    "{% set c = cycler('odd', 'even') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set _ = c.reset() %}{{ c.next() }}", "{% set j = joiner() %}{% for x in nums %}{{ j() }}{{ x }}{% endfor %}", "{% set j = joiner('|') %}{{ j() }}a{{ j() }}b{{ j() }}c", "{{ dict(a=1) }}{{ range(3)|list }}" if False else "{{ range(3)|list }}", "{{ lipsum(0) }}", "{{ lipsum(n=2, html=false, min=1, max=2)|length > 0 }}", "{{ cycler() }}", "{{ range(1, 2, 0) }}",
    "{{ range('a') }}", "{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}", "{{ range(5)[2] }}{{ range(5)[-1] }}", "{{ 3 in range(5) }}{{ 9 in range(5) }}", "{{ namespace().x is defined }}",
)
both(
    "syntax",
    "{% if %}", "{{ name", "{% for x in nums %}", "{% endfor %}", "{{ }}", "{% nope %}", "line1\nline2 {{ 1 + }}\nline3", "a\n{% if yes %}\nb", "{{ name|nope }}", "{{ 1 is nope }}", "{% block a %}{% endblock %}{% block a %}{% endblock %}", "{{ 'unclosed }}", "{% set %}", "{% macro %}{% endmacro %}", "{{ a b }}", "{% extends %}", "{% include %}", "{{ [1, 2 }}", "{# open", "{% raw %}x", "{% if yes %}{% else %}{% else %}{% endif %}", "{% for x nums %}{% endfor %}", "{{ name|upper( }}", "{{ {1} }}", "{{ 1 = 2 }}", "{% call %}{% endcall %}",
)

# --- several templates --------------------------------------------------------------------------------------------------
BASE = "<html><title>{% block title %}Base{% endblock %}</title>{% block body %}<p>base {{ name }}</p>{% endblock %}{% block foot %}foot{% endblock %}</html>"
for child in [
    "{% extends 'base.html' %}", "{% extends 'base.html' %}{% block title %}Child{% endblock %}", "{% extends 'base.html' %}{% block body %}{{ super() }}<p>child {{ html }}</p>{% endblock %}", "{% extends 'base.html' %}ignored {{ name }}{% block foot %}x{% endblock %}also ignored",
    "{% extends 'base.html' %}{% set t = 'Set' %}{% block title %}{{ t }}{% endblock %}", "{% extends 'base.html' %}{% macro m(x) %}[{{ x }}]{% endmacro %}{% block body %}{{ m(html) }}{% endblock %}", "{% extends 'base.html' %}{% block body %}{% block inner %}in{% endblock %}{% endblock %}", "{% extends base %}{% block title %}dyn{% endblock %}",
    "{% extends 'mid.html' %}{% block title %}{{ super() }} leaf{% endblock %}", "{% extends 'mid.html' %}{% block body %}{{ super.super() }}{% endblock %}", "{% extends 'nope.html' %}", "{% extends 'base.html' %}{% block title %}{{ self.foot() }}{% endblock %}", "{% if yes %}{% extends 'base.html' %}{% endif %}{% block title %}cond{% endblock %}", "{% extends 'base.html' %}{% block body %}{% for x in nums %}{{ x }}{% endfor %}{% endblock body %}",
    "{% extends ['nope.html', 'base.html'] %}" , "{% extends 'base.html' %}{% extends 'base.html' %}", "{% extends 'base.html' %}{% block title %}{{ super() }}{{ super() }}{% endblock %}", "{% extends 'base.html' %}{% block title %}{{ nope.x }}{% endblock %}", "{% extends 'base.html' %}{% block nobody %}never{% endblock %}", "{% extends 'base.html' %}{% block title %}{{ super()|upper }}{% endblock %}", "{% extends 'base.html' %}{% import 'macros.html' as m %}{% block title %}{{ m.hi('x') }}{% endblock %}",
]:
    add("inherit", {"child.html": child, "base.html": BASE, "mid.html": "{% extends 'base.html' %}{% block title %}Mid {{ super() }}{% endblock %}{% block body %}mid[{{ super() }}]{% endblock %}", "macros.html": "{% macro hi(x) %}hi {{ x }}{% endmacro %}"}, CONTEXT | {"base": "base.html"})
for base, child in [
    ("{% for i in nums %}{% block item scoped %}{{ i }}{% endblock %}{% endfor %}", "{% extends 'base.html' %}{% block item %}<{{ i }}>{% endblock %}"), ("{% for i in nums %}{% block item %}[{{ i }}]{% endblock %}{% endfor %}", "{% extends 'base.html' %}"), ("{% block a required %}{% endblock %}", "{% extends 'base.html' %}{% block a %}ok{% endblock %}"), ("{% block a required %}{% endblock %}", "{% extends 'base.html' %}"),
    ("{% block a %}{{ self.b() }}{% endblock %}{% block b %}B{% endblock %}", "{% extends 'base.html' %}{% block b %}C{% endblock %}"), ("{% set v = 'base' %}{% block a %}{{ v }}{% endblock %}", "{% extends 'base.html' %}{% set v = 'child' %}"), ("{% macro m() %}base macro{% endmacro %}{% block a %}{{ m() }}{% endblock %}", "{% extends 'base.html' %}{% block a %}{{ m is defined }}{% endblock %}"), ("A{% include 'part.html' %}{% block x %}{% endblock %}", "{% extends 'base.html' %}{% block x %}{% include 'part.html' %}{% endblock %}"),
    ("{%- block a -%}\n x \n{%- endblock -%}\n", "{% extends 'base.html' %}\n{% block a %}\n y\n{% endblock %}\n"),
]:
    add("inherit", {"child.html": child, "base.html": base, "part.html": "<{{ name }}>"})
for main in [
    "{% include 'part.html' %}", "{% set x = 1 %}{% include 'part.html' %}", "{% include 'nope.html' %}", "{% include 'nope.html' ignore missing %}ok", "{% include ['nope.html', 'part.html'] %}", "{% include ['n1', 'n2'] %}", "{% include ['n1', 'n2'] ignore missing %}ok", "{% for x in nums %}{% include 'part.html' %}{% endfor %}", "{% include 'part.html' with context %}", "{% include 'part.html' without context %}",
    "{% include part %}", "{% include 'text.txt' %}{{ html }}", "{% include 'nested/deep.html' %}", "{% include './part.html' %}", "{% include '../part.html' %}", "{% include 'bad.html' %}", "{% include 'nope.html' ignore missing with context %}ok", "{% macro m() %}{% include 'part.html' %}{% endmacro %}{{ m() }}", "{% include 'sets.html' %}{{ y is defined }}", "{% block b %}{% include 'part.html' %}{% endblock %}", "{% with x = 'w' %}{% include 'part.html' %}{% endwith %}", "{% include 'undef.html' %}",
]:
    add("include", {"main.html": main, "part.html": "[{{ name }}{{ x }}{{ html }}]", "text.txt": "{{ html }}", "nested/deep.html": "deep {% include 'part.html' %}", "bad.html": "ok\n{% if %}", "sets.html": "{% set y = 1 %}", "undef.html": "a\nb{{ nope.x }}"}, CONTEXT | {"part": "part.html"})
for main in [
    "{% import 'm.html' as m %}{{ m.hi('x') }}", "{% from 'm.html' import hi %}{{ hi('<x>') }}", "{% from 'm.html' import hi as h, bye %}{{ h('x') }}{{ bye() }}", "{% import 'm.html' as m %}{{ m.const }}{{ m.nope is defined }}", "{% from 'm.html' import nope %}{{ nope is defined }}", "{% from 'm.html' import nope %}{{ nope() }}", "{% import 'm.html' as m %}{{ m.ctx() }}", "{% import 'm.html' as m with context %}{{ m.ctx() }}", "{% from 'm.html' import ctx with context %}{{ ctx() }}", "{% from 'm.html' import ctx without context %}{{ ctx() }}",
    "{% import 'nope.html' as m %}", "{% from 'm.html' import _private %}", "{% import 'm.html' as m %}{{ m._private is defined }}", "{% import 'm.txt' as m %}{{ m.raw(html) }}", "{% import 'm.html' as m %}{{ m.raw(html) }}", "{% import name_of as m %}{{ m.hi(1) }}", "{% from 'm.html' import wrap %}{% call wrap() %}x{% endcall %}", "{% import 'm.html' as m %}{% call m.wrap() %}{{ name }}{% endcall %}", "{% from 'm.html' import kw %}{{ kw(1, a=2) }}", "{% import 'm.html' as m %}{{ m.kw(1, 2, a=html) }}", "{% import 'm.html' as m %}{% for x in nums %}{{ m.hi(x) }}{% endfor %}", "{% from 'm.html' import hi, %}{{ hi(1) }}", "{% import 'm.html' as m %}{{ m.uses_global() }}", "{% from 'm.html' import nested %}{{ nested('q') }}",
]:
    add("import", {"main.html": main, "m.html": "{% macro hi(x) %}hi {{ x }};{% endmacro %}{% macro bye() %}bye{% endmacro %}{% set const = '<c>' %}{% macro ctx() %}[{{ name }}]{% endmacro %}{% macro _private() %}{% endmacro %}{% macro raw(h) %}<i>{{ h }}</i>{% endmacro %}{% macro wrap() %}<w>{{ caller() }}</w>{% endmacro %}{% macro kw(x) %}{{ varargs }}{{ kwargs }}{% endmacro %}{% macro uses_global() %}{{ range(2)|list }}{% endmacro %}{% macro nested(x) %}{{ hi(x) }}{% endmacro %}", "m.txt": "{% macro raw(h) %}<i>{{ h }}</i>{% endmacro %}"}, CONTEXT | {"name_of": "m.html"})

# --- escaping by name ---------------------------------------------------------------------------------------------------
for name in ["a.html", "a.htm", "a.xml", "a.xhtml", "a.svg", "a.HTML", "a.html.j2", "a.txt", "a", "a.js", "a.json", "a.md", "x.htmlx", ".html", "dir.html/a.txt"]:
    add("autoescape", {name: "{{ html }}|{{ html|e }}|{{ html|safe }}|{{ nums }}|{{ [html] }}"})

HOSTILE_VALUES = ["<svg/onload=alert(1)>", "\"><script>", "' onmouseover='x", "&lt;b&gt;", "javascript:alert(1)", "</title><b>", "{{ 7*7 }}", "{% raw %}", "\x00\x01", "\u2028<", "a`b", "<!--", "]]>", "\\u003c"]
for value in HOSTILE_VALUES:
    add("hostile", {"t.html": "<p title=\"{{ v }}\" class='{{ v }}'>{{ v }} {{ v|e }} {{ v|upper }} {{ [v] }} {{ {'k': v} }} {{ v|tojson }} {{ v|urlencode }} {{ {'t': v}|xmlattr }} {{ v|truncate(5) }} {{ v|urlize }} {{ '%s'|format(v) }} {{ ('<b>%s</b>'|safe)|format(v) }} {{ v ~ '<i>'|safe }} {{ [v, '<b>'|safe]|join('<') }} {{ v|replace('<', '[') }} {{ v|pprint }} {{ v|striptags }} {{ v|forceescape }} {{ v|center(30) }} {{ v|list }}</p>"}, {"v": value})

# What this engine answers otherwise, and why: COMPATIBILITY.md lists the same. Keys are the entry template's text, with its name
# where only one of the two renderings differs.
DIFFERS = {
    "{% for x in nums %}{{ loop }}{% break %}{% endfor %}": "break and continue are always there",
    "{% macro m(a, b=2) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}": "what a macro tells about itself",
    "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(7) }}": "a default does not see the parameters before it",
    "{% extends 'mid.html' %}{% block body %}{{ super.super() }}{% endblock %}": "no super.super()",
    ("child.html", "{% extends 'base.html' %}", "for i in nums"): "a block in a loop sees the loop's variables without `scoped`",
    "{% include 'part.html' without context %}": "included and imported templates see the context",
    "{% include 'sets.html' %}{{ y is defined }}": "what an included template sets stays set",
    "{% from 'm.html' import nope %}{{ nope() }}": "the message about a name that is not exported",
    "{% import 'm.html' as m %}{{ m.ctx() }}": "included and imported templates see the context",
    "{% from 'm.html' import ctx without context %}{{ ctx() }}": "included and imported templates see the context",
    "{% import 'm.txt' as m %}{{ m.raw(html) }}": "a macro escapes as the template that calls it",
    "{% from 'm.html' import hi, %}{{ hi(1) }}": "a comma may end the names of an import",
    ("t.txt", "{{ '<i>'|safe + html }}"): "+ of safe and other text is plain text",
    "{{ +one }}": "no unary plus",
    "{{ dict.items() }}": "views of a mapping are lists",
    "{{ nope < 1 }}": "comparisons never fail",
    ("t.html", "{{ (html|safe)[:3] }}"): "a slice of safe text is escaped",
}


def differs(case):
    text = case["templates"][case["entry"]]
    if text in DIFFERS:
        return DIFFERS[text]
    for key, reason in DIFFERS.items():
        if isinstance(key, tuple) and key[:2] == (case["entry"], text) and all(any(k in t for t in case["templates"].values()) for k in key[2:]):
            return reason
    return None


for case in cases:
    if reason := differs(case):
        case["differs"] = reason


def write(name, part):
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in part)
    (OUT / name).write_text('{"context": ' + json.dumps(CONTEXT, ensure_ascii=True) + ',\n"cases": [\n' + lines + "\n]}\n")


write("expressions.json", cases[:EXPRESSIONS])
write("statements.json", cases[EXPRESSIONS:])


# --- what Flask adds ----------------------------------------------------------------------------------------------------
RULES = [("/", "index"), ("/user/<name>", "user"), ("/post/<int:id>", "post"), ("/files/<path:filename>", "files"), ("/admin/", "admin.index"), ("/admin/log/<float:level>", "admin.log")]
FLASHES = [["info", "saved <x>"], ["error", "failed & lost"], ["info", "again"]]


def flask_case(source, target="/user/Ada%20L?q=1&q=2&x=%3Cb%3E", headers=()):
    app = Flask("app", static_folder=None)
    app.config.update(SECRET_KEY="k", TITLE="Shop & Co")
    for rule, endpoint in RULES:
        app.add_url_rule(rule, endpoint, lambda **values: "")
    with app.test_request_context(target, headers=list(headers)):
        from flask import g, render_template_string, session
        g.user = {"name": "<Ada>"}
        session["cart"] = [1, 2]
        session["name"] = "<s>"
        session["_flashes"] = [tuple(pair) for pair in FLASHES]
        try:
            return {"source": source, "target": target, "headers": list(headers), "output": render_template_string(source)}
        except Exception as error:  # noqa: BLE001
            return {"source": source, "target": target, "headers": list(headers), "output": None, "error": type(error).__name__}


SOURCES = [
    "url_for('index')", "url_for('user', name='Bob')", "url_for('user', name='a b/c?d&e')", "url_for('user', name='ünï')", "url_for('post', id=5)", "url_for('post', id='7')", "url_for('post', id=5, page=2, q='a b')", "url_for('index', a=[1, 2], b=none, c=true)",
    "url_for('files', filename='a/b c.txt')", "url_for('admin.index')", "url_for('.index')", "url_for('index', _external=true)", "url_for('index', _external=true, _scheme='https')", "url_for('index', _anchor='top & x')", "url_for('user', name='x', _anchor='y', z=1)", "url_for('admin.log', level=1.5)", "url_for('nope')", "url_for('user')", "url_for('post', id='x')", "url_for(endpoint='index')", "url_for('index', x='<>\"')", "url_for('index', **{'a-b': 1})", "url_for('index')|upper", "url_for('index', x=1) ~ '&y'",
    "get_flashed_messages()", "get_flashed_messages(true)", "get_flashed_messages(with_categories=true)", "get_flashed_messages(category_filter=['error'])", "get_flashed_messages(true, ['info'])", "get_flashed_messages(category_filter=('info', 'error'))", "get_flashed_messages(category_filter=['none'])", "get_flashed_messages()|length", "get_flashed_messages()|join('; ')",
    "request.method", "request.path", "request.full_path", "request.url", "request.base_url", "request.host", "request.host_url", "request.url_root", "request.root_url", "request.scheme", "request.is_secure", "request.args.q", "request.args['x']", "request.args.get('x')", "request.args.getlist('q')", "request.args.get('nope', 'd')", "request.args.nope", "'q' in request.args", "request.args|length", "request.args.to_dict()", "request.args.keys()|list", "request.endpoint", "request.view_args", "request.view_args.name", "request.blueprint", "request.url_rule", "request.headers.get('X-Test')", "request.headers['x-test']", "request.headers.nope", "request.cookies.c", "request.user_agent", "request.referrer", "request.is_json", "request.nope", "request.content_type", "request.mimetype", "request.form.x", "request.values.q", "request.query_string is defined", "request.script_root",
    "session.name", "session['name']", "session.cart", "session.cart[0]", "session.get('nope', 'd')", "'name' in session", "session.nope", "g.user.name", "g.nope", "g.get('nope', 'x')", "g.get('user').name", "'user' in g", "config.TITLE", "config['TITLE']", "config.get('NOPE', 1)", "config.DEBUG", "'TITLE' in config", "config.NOPE",
]
HEADERS = [("X-Test", "t<1>"), ("Cookie", "c=v"), ("User-Agent", "agent/1"), ("Referer", "http://r/")]
flask_cases = [flask_case("{{ " + source + " }}", headers=HEADERS) for source in SOURCES] + [
    flask_case("{% with messages = get_flashed_messages(with_categories=true) %}{% if messages %}<ul>{% for category, message in messages %}<li class=\"{{ category }}\">{{ message }}</li>{% endfor %}</ul>{% endif %}{% endwith %}"),
    flask_case("{% for m in get_flashed_messages() %}{{ m }}{% endfor %}{% for m in get_flashed_messages() %}{{ m }}{% endfor %}"),
    flask_case("<a href=\"{{ url_for('user', name=g.user.name) }}\">{{ g.user.name }}</a>"),
    flask_case("{% if g.user %}in{% else %}out{% endif %}{% if session %}s{% endif %}{% if request %}r{% endif %}"),
    flask_case("{% for k, v in request.args.items() %}{{ k }}={{ v }};{% endfor %}{% for k in request.args %}{{ k }}{% endfor %}"),
    flask_case("{% macro m() %}{{ request.path }}{{ g.user.name }}{{ url_for('index') }}{% endmacro %}{{ m() }}"),
    flask_case("{{ request.endpoint }}", target="/post/3"), flask_case("{{ request.endpoint }}{{ request.url_rule }}", target="/nowhere"), flask_case("{{ request.view_args }}", target="/post/3"), flask_case("{{ url_for('.index') }}{{ request.blueprint }}", target="/admin/"),
    flask_case("{{ request.is_secure }}{{ url_for('index', _external=true) }}", headers=[("Host", "shop.example:8080")]),
]
(OUT / "flask.json").write_text(json.dumps({"rules": RULES, "flashes": FLASHES, "cases": flask_cases}, indent=0) + "\n")

# --- MarkupSafe ---------------------------------------------------------------------------------------------------------
import random  # noqa: E402

import markupsafe  # noqa: E402

rng = random.Random(7)
TEXTS = [*HOSTILE_VALUES, "", " ", "a  b\t\nc", "<p>x</p>", "<!-- a --> b", "a<b", "a>b", "<<b>>", "&amp;&lt;&#39;&#x27;&nbsp;", "&notanentity;", "&amp", "&ampx", "&#xZZ;", "&#0;", "&#128;", "<a title='>'>x</a>", "&lt;b&gt;bold&lt;/b&gt;", "<br>\n<br/>", "x<!-- open", "<open", "é&eacute;ü", "\u00a0x\u2003y"]
TEXTS += ["".join(rng.choice("<>&'\"abc ;#x39!-/\n\té世") for _ in range(rng.randrange(1, 60))) for _ in range(150)]
markup_cases = [{"text": t, "escape": str(markupsafe.escape(t)), "striptags": markupsafe.Markup(t).striptags(), "unescape": str(markupsafe.Markup(t).unescape())} for t in TEXTS]
(OUT / "markupsafe.json").write_text(json.dumps(markup_cases, indent=0) + "\n")
