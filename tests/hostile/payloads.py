"""Text that breaks things, for every door: scripts, templates, formats, SQL, paths, headers, letters that are none.

Each script sets `window.__pwned`, so that a browser's test sees one that ran whichever way it got there.
"""

from __future__ import annotations

RUN = "window.__pwned=1"

SCRIPTS = {
    "script": f"<script>{RUN}</script>",
    "script, closing others": f"\"'></title></textarea></style></script><script>{RUN}</script>",
    "script, upper case": f"<SCRIPT>{RUN}</SCRIPT >",
    "script, split": f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    "script, no end": f"<script>{RUN}//",
    "script, from data": "<script src=data:,window.__pwned%3D1></script>",
    "script, from elsewhere": "<script src=//127.0.0.1:9/x.js></script>",
    "script, module": f"<script type=module>{RUN}</script>",
    "image": f"<img src=x onerror={RUN}>",
    "image, slashes": f"<img/src=x/onerror={RUN}>",
    "image, no quote": f"<img src=x onerror={RUN} alt='",
    "image, in attribute": f'" onerror="{RUN}" src="x',
    "handler, in attribute": f"' onmouseover='{RUN}' x='",
    "handler, autofocus": f'" autofocus onfocus="{RUN}" x="',
    "handler, no space": f"\"onfocus={RUN}\tautofocus=''",
    "svg": f"<svg onload={RUN}>",
    "svg, animate": f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    "svg, script": f"<svg><script>{RUN}</script></svg>",
    "svg, foreign": f"<svg><foreignObject><body onload={RUN}></foreignObject></svg>",
    "math": f'<math><mtext><table><mglyph><style><img src=x onerror="{RUN}">',
    "mutation": f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    "details": f"<details open ontoggle={RUN}>x</details>",
    "body": f"<body onload={RUN}>",
    "input": f"<input autofocus onfocus={RUN}>",
    "video": f"<video><source onerror={RUN}></video>",
    "marquee": f"<marquee onstart={RUN}>x</marquee>",
    "iframe, script": f'<iframe src="javascript:parent.{RUN}"></iframe>',
    "iframe, srcdoc": f'<iframe srcdoc="<script>parent.{RUN}</script>"></iframe>',
    "object": f"<object data='javascript:{RUN}'></object>",
    "embed": "<embed src=data:text/html,<script>parent.__pwned=1</script>>",
    "link, script": f'<a href="javascript:{RUN}">x</a>',
    "address, script": f"javascript:{RUN}",
    "address, mixed case": f"JaVaScRiPt://%0a{RUN}",
    "address, tab": f"java\tscript:{RUN}",
    "address, entity": f"&#106;avascript:{RUN}",
    "address, data": "data:text/html,<script>parent.__pwned=1</script>",
    "address, vbscript": "vbscript:msgbox(1)",
    "address, with quote": f'https://a.example/"onmouseover="{RUN}',
    "address, mail": "mailto:a@b.example?subject=<script>window.__pwned=1</script>",
    "markdown": f"[x](javascript:{RUN}) ![x](x'onerror='{RUN})",
    "style": "<style>*{display:none}body{background:url(//127.0.0.1:9/x)}</style>",
    "style, attribute": '" style="position:fixed;inset:0;background:red',
    "meta": "<meta http-equiv=refresh content='0;url=//127.0.0.1:9/'>",
    "base": "<base href=//127.0.0.1:9/>",
    "form": "<form action=//127.0.0.1:9/><button>Sign in</button></form>",
    "comment": f"<!--><script>{RUN}</script>-->",
    "cdata": f"<![CDATA[<script>{RUN}</script>]]>",
    "entities": f"&lt;script&gt;{RUN}&lt;/script&gt;",
    "entities, twice": "&amp;lt;b&amp;gt; &quot; &#0; &#x26;",
    "template of a script": f"${{{RUN}}} `${{{RUN}}}`",
    "end of a JSON script": f"</script><!--<script>{RUN}\u2028\u2029",
    "htmx": '<div hx-get="/accounts/logout/" hx-trigger="load" hx-on::load="window.__pwned=1">x</div>',
    "htmx, attribute": f'" hx-on:click="{RUN}" hx-get="/" hx-trigger="load" x="',
    "data attributes": '" data-dialog="x" data-shortcut="e" data-action="delete',
    "custom element": '<relative-time datetime="<img src=x onerror=window.__pwned=1>"></relative-time>',
    "id that shadows": "<form id=document><input name=cookie></form><a id=Makegood></a>",
    "full-width": f"＜script＞{RUN}＜／script＞",
    "utf-7": "+ADw-script+AD4-window.__pwned=1+ADw-/script+AD4-",
}
CODE = {
    "Django's template": "{{7*7}} {{ settings.SECRET_KEY }} {% load static %}{% debug %} {# x #} {% include '/x' %}",
    "Jinja's template": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "macro": "{{customer.name}} {{ticket.number}}",
    "percent format": "%s %(x)s %d %n %99999999d %%",
    "brace format": "{0.__class__} {} {x!r} {:>99999999}",
    "shell": "$(id) `id` ; id | id && id\n> /tmp/x",
    "log4j": "${jndi:ldap://127.0.0.1:9/x}",
    "SQL, quote": "'; DROP TABLE tickets_ticket; --",
    "SQL, or": "' OR '1'='1' /*",
    "SQL, sleep": "1); SELECT pg_sleep(9); --",
    "SQL, like": r"%_\%_\\%",
    "SQL, dollar": "$$; SELECT 1; $$ E'\\x27'",
    "regular expression": "(((((((((([a-z]+)+)+)+$ [[:alpha:]] (?R) \\",
    "formula": '=HYPERLINK("http://127.0.0.1:9/","x")',
    "formula, command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula, plus": "+1-1 \t=1",
    "path": "../../../../etc/passwd",
    "path, windows": "..\\..\\windows\\win.ini C:\\CON NUL aux.",
    "path, url": "file:///etc/passwd %2e%2e%2f %00",
    "JSON": '{"a": [1, {"b": "\\u0000"}], "__proto__": {"x": 1}}',
    "XML": "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
    "header": "x\r\nBcc: victim@example.net\r\nSet-Cookie: a=b\r\n\r\n<b>body</b>",
    "header, one letter": "x\nBcc: victim@example.net",
    "header, unicode line ends": "x\u0085Bcc: a@b.example\u2028Bcc: c@d.example\x0bx\x0cx",
    "header, encoded": "=?utf-8?q?=0d=0aBcc=3a_victim=40example=2enet?= %0d%0aBcc: a@b.example",
    "address list": '"x" <a@b.example>, c@d.example; e@f.example',
}
LETTERS = {
    "NUL": "before\x00after",
    "controls": "a\x01\x02\x07\x08\x1b[31m\x7f\x9bb",
    "lone surrogate": "a\ud83db\udc00c",
    "not a character": "a\uffff\ufffe\U0010ffffb",
    "right to left": "\u202ethis is backwards\u202c مرحبا بالعالم שלום",
    "isolates, never closed": "\u2066\u2067\u2068abc" + "\u202a" * 60,
    "zero width": "z\u200be\u200cr\u200do\ufeff w\u2060idth",
    "only zero width": "\u200b\u200b\u2060",
    "combining, a tower": "Z" + "\u0310\u0311\u0360" * 80 + "algo",
    "emoji, joined": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏿 🇳🇱🇨 \ufe0f",
    "other scripts": "Ω≈ç√ 田中さん 𝕋𝕙𝕖 Ṱ̺̺̕o͞ ﷽ ʇunpᴉpᴉɔuᴉ İıſßΐ",
    "digits of others": "٣٤٥ ４２ Ⅷ ² ½",
    "one long word": "W" * 3000,
    "long, with spaces": "many words " * 400,
    "long, wide letters": "﷽" * 200,
    "many lines": "line\n" * 300 + "end",
    "too long": "x" * 20_001,
    "white space of all kinds": "a\t \u00a0\u2003\u3000\u1680b",
    "only white space": " \t\u00a0\u3000\n",
    "number, huge": "9" * 40,
    "number, none": "NaN Infinity -0 1e309 0x10 undefined null None true",
    "word": "constructor __proto__ toString hasOwnProperty",
}
PAYLOADS = SCRIPTS | CODE | LETTERS
# One of each kind, where a door is the same as others or slow: a page that lists all time zones, say.
FEW = {
    name: PAYLOADS[name]
    for name in (
        "script, closing others",
        "handler, autofocus",
        "address, tab",
        "end of a JSON script",
        "Django's template",
        "percent format",
        "SQL, quote",
        "formula, plus",
        "header",
        "header, unicode line ends",
        "address list",
        "NUL",
        "controls",
        "lone surrogate",
        "not a character",
        "right to left",
        "only zero width",
        "combining, a tower",
        "one long word",
        "too long",
        "white space of all kinds",
        "only white space",
        "number, huge",
    )
}

# For what should be a number: outside of what a column, a browser or Python's parser takes.
NUMBERS = [
    "0", "-1", "-0", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "1_000", "１２", "٣", "²",
    "2147483648", "9007199254740993", "9223372036854775807", "9223372036854775808", "9" * 40, "9" * 5000,
    "NaN", "None", "", "1\x00", "\x00", "1'", "1;--", "%", "../1", "\ud83d", "\u202e1", "1,2", "[]", "{}",
]  # fmt: skip


def one_line(text: str, limit: int | None = None) -> str:
    """As `clean_line` keeps it: without NUL, every white space one space, what is no letter a question mark."""
    return " ".join(text.replace("\x00", "").encode("utf-8", "replace").decode().split())[:limit]


def message(text: str) -> str:
    """As a message is kept: its words with every space and line, but for those around them."""
    return text.replace("\x00", "").replace("\r\n", "\n").encode("utf-8", "replace").decode().strip()


def typed(text: str) -> str:
    """As it comes out of a browser's form: half letters are replaced on the way, and there is none around it."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").strip()
