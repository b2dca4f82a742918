"""What is folded as a quote, and what never may be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailroom.parsing import markup, notes, read
from mailroom.parsing.quotes import fold_lines, is_attribution, is_forward_subject


def of(text: str, *, subject: str = "Re: Chair", kind: str = "plain", sender: str = "carla@example.com"):
    head = f"From: {sender}\nSubject: {subject}\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return read((head + text).encode())


INTRODUCED = [
    "On Mon, 2 Nov 2026 at 10:00, Support <support@shop.test> wrote:",
    "On Nov 2, 2026, at 10:00 AM, Support <support@shop.test> wrote:",
    "Am 02.11.2026 um 10:00 schrieb Support <support@shop.test>:",
    "Am Mo., 2. Nov. 2026 um 10:00 Uhr schrieb Support <support@shop.test>:",
    "Le lun. 2 nov. 2026 à 10:00, Support <support@shop.test> a écrit :",
    "El lun, 2 nov 2026 a las 10:00, Support (<support@shop.test>) escribió:",
    "Il giorno lun 2 nov 2026 alle ore 10:00 Support <support@shop.test> ha scritto:",
    "Op ma 2 nov. 2026 om 10:00 schreef Support <support@shop.test>:",
    "Em seg., 2 de nov. de 2026 às 10:00, Support <support@shop.test> escreveu:",
    "Den mån 2 nov. 2026 kl 10:00 skrev Support <support@shop.test>:",
    "man. 2. nov. 2026 kl. 10.00 skrev Support <support@shop.test>:",
    "ma 2. marrask. 2026 klo 10.00 Support (support@shop.test) kirjoitti:",
    "pon., 2 lis 2026 o 10:00 Support <support@shop.test> napisał(a):",
    "po 2. 11. 2026 v 10:00 odesílatel Support <support@shop.test> napsal:",
    "пн, 2 нояб. 2026 г. в 10:00, Support <support@shop.test> написал(а):",
    "2026年11月2日(月) 10:00 Support <support@shop.test>:",
    "Support <support@shop.test> 于2026年11月2日周一 10:00写道：",
    "2026년 11월 2일 (월) 오전 10:00, Support <support@shop.test>님이 작성:",
]


@pytest.mark.parametrize("line", INTRODUCED)
def test_a_quote_is_known_by_the_line_before_it_in_many_languages(line):
    parsed = of(f"My chair is still broken.\n\n{line}\n\n> We have sent\n> a new one.\n")
    assert parsed.text == "My chair is still broken."
    assert parsed.quoted == f"{line}\n\n> We have sent\n> a new one."


@pytest.mark.parametrize("quote", ["> Is it you?", "Is it you?"])
def test_words_right_above_an_introduction_stay(quote):
    parsed = of(f"It is me\nOn Mon, 2 Nov 2026 at 10:00, Support <support@shop.test> wrote:\n{quote}\n")
    assert parsed.text == "It is me"


def test_a_line_that_is_broken_in_two_counts():
    parsed = of("Yes.\n\nOn Mon, 2 Nov 2026 at 10:00, Support of the shop\n<support@shop.test> wrote:\n> Is it you?\n")
    assert parsed.text == "Yes."
    assert parsed.quoted.startswith("On Mon")


OUTLOOK = [
    "From: Support <support@shop.test>\nSent: Monday, 2 November 2026 10:00\nTo: Carla\nSubject: Chair",
    "Von: Support <support@shop.test>\nGesendet: Montag, 2. November 2026 10:00\nAn: Carla\nBetreff: Chair",
    "De : Support <support@shop.test>\nEnvoyé : lundi 2 novembre 2026 10:00\nÀ : Carla\nObjet : Chair",
    "*Von:* Support <support@shop.test>\n*Datum:* 2. November 2026\n*An:* Carla\n*Betreff:* Chair",
    "________________________________\nFrom: Support\nSent: Monday\nTo: Carla\nSubject: Chair",
    "-----Original Message-----\nFrom: Support\nSent: Monday\nTo: Carla\nSubject: Chair",
    "-----Ursprüngliche Nachricht-----\nVon: Support\nGesendet: Montag\nAn: Carla\nBetreff: Chair",
]


@pytest.mark.parametrize("block", OUTLOOK)
def test_outlooks_block_begins_the_quote(block):
    parsed = of(f"My chair is broken.\n\n{block}\n\nWe have sent a new one.\n")
    assert parsed.text == "My chair is broken."
    assert parsed.quoted == f"{block}\n\nWe have sent a new one."


def test_an_answer_below_the_quote_is_what_is_shown():
    parsed = of("On Mon, 2 Nov 2026 at 10:00, Support <s@shop.test> wrote:\n> Is it you?\n\nYes, it is me.\n")
    assert parsed.text == "Yes, it is me."
    assert parsed.quoted.endswith("> Is it you?")


def test_answers_between_quotes_are_a_talk_and_stay_whole():
    text = "On Mon, 2 Nov 2026 at 10:00, Support <s@shop.test> wrote:\n> Red?\nYes.\n> Four legs?\nNo, five.\n"
    assert of(text).text == text.strip()
    assert of(text).quoted == ""


def test_a_mail_that_is_nothing_but_a_quote_is_shown():
    text = "On Mon, 2 Nov 2026 at 10:00, Support <s@shop.test> wrote:\n> Is it you?"
    assert of(text + "\n").text == text
    assert of("> only this\n> and that\n").text == "> only this\n> and that"


def test_a_quote_at_the_beginning_without_a_word_of_whose_it_is_stays():
    assert of("> Is it you?\n\nYes.\n").text == "> Is it you?\n\nYes."


def test_a_quote_at_the_end_is_folded_without_an_introduction():
    assert of("Yes.\n\n> Is it you?\n").text == "Yes."


@pytest.mark.parametrize(
    "subject", ["Fwd: Chair", "FW: Chair", "WG: Stuhl", "TR: Chaise", "[list] Fwd: Chair", "转发: 椅子"]
)
def test_what_is_forwarded_is_news(subject):
    text = "See below.\n\nFrom: Dora <dora@example.com>\nSent: Monday\nTo: Carla\nSubject: Chair\n\nIt broke."
    assert of(text, subject=subject).text == text
    assert is_forward_subject(subject)


def test_what_is_forwarded_within_is_news_too():
    text = "See below.\n\n---------- Forwarded message ---------\nFrom: Dora <dora@example.com>\nTo: me\n\nIt broke."
    assert of(text, subject="Chair").text == text


@pytest.mark.parametrize(
    "text",
    [
        "On page 3 the manual wrote:\nturn left.\n\nI did.",
        "Here is my list:\n\nred\nblue",
        "From: Berlin\nTo: Cologne\nI want to go there.",
        "In 2019 you wrote:\nthe chair is new.",
        "From: the shop I expected more.\n\nTo: be honest, it is bad.",
        "a > b and b > c",
        "Regards,\nCarla\n-- \nCarla Dent",
    ],
)
def test_ordinary_words_are_no_quote(text):
    assert of(text).text == text.replace("-- \n", "--\n")


def test_a_machines_report_is_shown_whole():
    text = "Sorry.\n\nFrom: Support\nSent: Monday\nTo: Carla\nSubject: Chair\n\nour words"
    assert of(text, sender="MAILER-DAEMON@example.com").text == text


# --- HTML ----------------------------------------------------------------------------------

BODY = "<p>Is it you?</p>"
MARKED = {
    "Gmail": '<div dir="ltr">Yes.</div><br><div class="gmail_quote gmail_quote_container"><div class="gmail_attr">'
    "On Mon, 2 Nov 2026 at 10:00, Support &lt;<a href='mailto:s@shop.test'>s@shop.test</a>&gt; wrote:<br></div>"
    f'<blockquote class="gmail_quote">{BODY}</blockquote></div>',
    "Thunderbird": '<p>Yes.</p><div class="moz-cite-prefix">On 02.11.26 10:00, Support wrote:<br></div>'
    f'<blockquote type="cite" cite="mid:1">{BODY}</blockquote>',
    "Thunderbird, below": '<div class="moz-cite-prefix">On 02.11.26 10:00, S. wrote:<br></div>'
    f'<blockquote type="cite">{BODY}</blockquote><p>Yes.</p>',
    "Apple": '<div>Yes.</div><div><br><blockquote type="cite"><div>On 2 Nov 2026, at 10:00, S. &lt;s@shop.test&gt; '
    f"wrote:</div><br>{BODY}</blockquote></div>",
    "old Apple": "<div>Yes.</div><br><div><div>On 2 Nov 2026, at 10:00, Support wrote:</div>"
    f'<blockquote type="cite">{BODY}</blockquote></div>',
    "Outlook's web page": '<div>Yes.</div><div id="appendonsend"></div><hr style="width:98%"><div id="divRplyFwdMsg">'
    f"<b>From:</b> Support<br><b>Sent:</b> Monday<br><b>To:</b> Carla<br><b>Subject:</b> Chair</div>{BODY}",
    "Outlook's web page, once more": '<div>Yes.</div><hr><div id="x_divRplyFwdMsg"><b>From:</b> S.</div>' + BODY,
    "Outlook": '<p class="MsoNormal">Yes.<o:p></o:p></p><div style="border:none;border-top:solid #E1E1E1 1.0pt">'
    "<p><b>Von:</b> Support<br><b>Gesendet:</b> Montag<br><b>An:</b> Carla<br><b>Betreff:</b> Stuhl</p>"
    f"</div>{BODY}",
    "Yahoo": f'<div>Yes.</div><div id="yahoo_quoted_12" class="x"><div>Support wrote:</div>{BODY}</div>',
    "Proton": f'<div>Yes.</div><div class="protonmail_quote">Support wrote:<br><blockquote>{BODY}</blockquote></div>',
    "GMX": f'<div>Yes.</div><div name="quote"><div>Gesendet: Montag</div><div>{BODY}</div></div>',
    "nobody's": f"<div>Yes.</div><p>On Mon, 2 Nov 2026 at 10:00, S. &lt;s@shop.test&gt; wrote:</p>"
    f"<blockquote>{BODY}</blockquote>",
}


@pytest.mark.parametrize("program", MARKED)
def test_quotes_in_html_are_known_by_their_marks(program):
    parsed = of(MARKED[program], kind="html")
    assert parsed.text == "Yes."
    assert "Is it you?" in parsed.quoted
    assert "Is it you?" not in parsed.html
    assert "wrote" not in parsed.html
    assert parsed.html.count("Yes.") == 1
    assert "<br>" not in parsed.html, "what is left of the quote's frame is taken away"


def test_answers_between_marked_quotes_stay_whole():
    parsed = of(
        '<blockquote type="cite">Red?</blockquote><p>Yes.</p><blockquote type="cite">Legs?</blockquote><p>Five.</p>',
        kind="html",
    )
    assert parsed.quoted == ""
    assert "Five." in parsed.text
    inside = (
        '<div class="gmail_quote">Support wrote:<blockquote>Red?</blockquote>Yes.<blockquote>Legs?</blockquote></div>'
    )
    assert of(inside, kind="html").quoted == ""


def test_marked_quotes_alone_are_shown():
    parsed = of(f'<div class="gmail_quote"><blockquote>{BODY}</blockquote></div>', kind="html")
    assert parsed.quoted == ""
    assert "Is it you?" in parsed.html


def test_what_gmail_forwards_is_no_quote():
    forwarded = (
        '<div>See this.</div><div class="gmail_quote"><div class="gmail_attr">'
        f"---------- Forwarded message ---------<br>From: Dora</div>{BODY}</div>"
    )
    parsed = of(forwarded, subject="Chair", kind="html")
    assert parsed.quoted == ""
    assert "Is it you?" in parsed.html


def test_outlooks_answers_are_folded_and_its_forwards_are_not():
    assert of(MARKED["Outlook"], kind="html").quoted
    assert of(MARKED["Outlook"], kind="html", subject="WG: Stuhl").quoted == ""


# --- Cleaning ------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<b>", "</b", "<div class=gmail_quote>", "</div>", "<blockquote type=cite>", "</blockquote>"),
        *(
            "<a href='https://x.test/?a=1&b=2'>",
            "<a href=javascript:alert(1)>",
            "</a>",
            "<img src=cid:a%40b alt='\"x'>",
        ),
        *(
            "<img src=https://spy.test onerror=alert(1)>",
            "<script>alert(1)</script>",
            "<style>p{}</style>",
            "<svg onload=x>",
        ),
        *(
            "<table><tr><td colspan=2>",
            "</table>",
            "<li>",
            "<ol start=3>",
            "&lt;b&gt;",
            "&amp;amp;",
            "<",
            ">",
            '"',
            "words",
        ),
        *(
            "<p style='display:none'>",
            "<p dir=rtl>",
            "<pre>\n a\n",
            "</pre>",
            "<math><mtext></p><img src=x onerror=alert(1)>",
        ),
        *(
            "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
            "<title>",
            "<textarea>",
            "<!--",
            "-->",
            "\0",
            "ä",
        ),
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join))
@settings(max_examples=200, deadline=None)
def test_cleaning_is_safe_and_cleaning_again_changes_nothing(html):
    tokens, _ = markup.tokens_of(html)
    shown = markup.to_html(tokens)
    assert markup.clean(shown) == shown
    again, _ = markup.tokens_of(shown)
    assert markup.to_html(again) == shown
    tags = {token.tag for token in again} - {""}
    assert {tag.removeprefix("/") for tag in tags} <= markup.TAGS
    for token in again:
        assert set(token.attributes) <= {
            "href",
            "target",
            "rel",
            "data-cid",
            "alt",
            "start",
            "colspan",
            "rowspan",
            "dir",
        }
        assert token.attribute("href").partition(":")[0] in {"", *markup.SCHEMES}


def test_links_lead_out_and_say_nothing_of_us():
    tokens, _ = markup.tokens_of("<a href='https://x.test' class=x style='color:red' target=_top>a</a>")
    assert markup.to_html(tokens) == '<a href="https://x.test" target="_blank" rel="noopener noreferrer">a</a>'


def test_quotes_never_lose_a_line():
    lines = ["Yes.", "", INTRODUCED[0], "> a", "> b", "", "-- ", "Carla"]
    ranges = fold_lines(lines)
    assert ranges == [(2, 5)]
    assert not is_attribution("wrote:")


@given(
    st.lists(
        st.sampled_from(["> a", "b", "", INTRODUCED[0], "From: x", "Sent: y", "To: z", "-----Original Message-----"])
    )
)
@settings(max_examples=200, deadline=None)
def test_all_words_are_in_one_of_both(lines):
    parsed = of("\n".join(lines))
    assert sorted(f"{parsed.text}\n{parsed.quoted}".split()) == sorted("\n".join(lines).split())
    assert parsed.text.strip() or not parsed.quoted


def test_what_is_noted_of_a_mail_is_a_sentence_and_perhaps_a_detail():
    """`templatetags/letters.py` parts them at the first colon."""
    assert notes.ALL
    assert not [note for note in notes.ALL if ": " in note]
