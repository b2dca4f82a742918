"""How mail programs introduce what they quote or forward, by language and in HTML: tables, no logic.

The patterns for "On … wrote:" are mail-parser-reply's, and verbs of our own for languages that it lacks.
"""

from __future__ import annotations

import re

from mailparser_reply.constants import MAIL_LANGUAGES  # type: ignore[import-untyped]

# A line that says who wrote what follows, and what is in it besides: a time or an address.
_THEIRS = [known["wrote_header"] for known in MAIL_LANGUAGES.values() if "wrote_header" in known]
INTRODUCTIONS = [re.compile(pattern, re.I) for pattern in _THEIRS]
_VERBS = (
    *("wrote", "writes", "schrieb", "hat .{0,60}geschrieben", "a écrit", "a ecrit", "escribió", "escribio", "escreveu"),
    *("ha scritto", "schreef", "skrev", "skreiv", "kirjoitti", r"napsal(?:a|\(a\))?", r"napísal(?:a|\(a\))?", "írta"),
    *(r"napisał(?:a|\(a\))?", "pisze", "a scris", "yazdı", "έγραψε", r"написал(?:а|\(а\))?", r"писал(?:а|\(а\))?"),
    *("пишет", "написав", "пише", "viết"),
)
_VERBS_UNSPACED = ("写道", "寫道", "님이", "כתב", "كتب", "のメール", "さんは書きました")
WROTE = re.compile(rf"\b(?:{'|'.join(_VERBS)})\b|{'|'.join(_VERBS_UNSPACED)}", re.I)
STARTER = re.compile(r"\s*(?:on|am|le|el|il|op|em|den|dne|dnia|w dniu|pe|în data)\b", re.I)  # of one that is wrapped
WHEN = re.compile(r"\d{1,2}[:.h]\d{2}|\S@\S|<[^<>]+>")

_SAID_ORIGINAL = (
    *(r"original[ -]?(?:message|e-?mail|nachricht)", r"(?:ursprüngliche|originale?) (?:nachricht|e-?mail)"),
    *(r"message (?:d['’]origine|original)", "mensaje original", "mensagem original", "messaggio originale"),
    *("oorspronkelijk bericht", "oprindelig meddelelse", "opprinnelig melding", "ursprungligt meddelande"),
    *("alkuperäinen viesti", "původní zpráva", "pôvodná správa", "oryginalna wiadomość", "исходное сообщение"),
    *("eredeti üzenet", "元のメッセージ", "原始邮件", "원본 메일"),
)
ORIGINAL = re.compile(rf"\s*[-_*=\u2500]{{2,}}\s*(?:{'|'.join(_SAID_ORIGINAL)})\s*[-_*=\u2500]{{2,}}\s*\Z", re.I)

_SAID_FORWARDED = (
    *("begin forwarded message", "(?:start of )?forwarded (?:message|mail)", "weitergeleitete nachricht"),
    *("anfang der weitergeleiteten (?:nachricht|e-mail)", "message (?:transféré|transmis)"),
    *("début du message (?:transféré|réexpédié)", "mensaje reenviado", "inicio del mensaje reenviado"),
    *("mensagem encaminhada", "messaggio inoltrato", "inizio messaggio inoltrato", "doorgestuurd bericht"),
    *("begin doorgestuurd bericht", "videresendt (?:meddelelse|besked)", "vidarebefordrat (?:meddelande|mail)"),
    *("přeposlaná zpráva", "wiadomość przekazana", "пересылаемое сообщение", "转发的?邮件", "転送されたメッセージ"),
)
FORWARDED = re.compile(
    rf"\s*[-_*=>]{{0,12}}\s*(?:{'|'.join(_SAID_FORWARDED)})\s*[:：]?\s*[-_*=]{{0,12}}\s*:?\s*\Z", re.I
)
FORWARD_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{0,40}\]\s*)?"
    r"(?:fwd?|wg|tr|rv|enc|doorst|vs|vb|pd|fs|i|ynt|továbbítás|转发|轉寄)\s*(?:\[\d+\])?\s*[:：]",
    re.I,
)

# Outlook's block of header lines.
LABEL = re.compile(r"[*_\s]{0,4}([^\W\d_][^:：*]{0,30}?)[*_\s]{0,3}[:：]")
_FROM = "from|von|de|da|van|fra|från|od|от|от кого|lähettäjä|kimden|feladó|nadawca|από|发件人|寄件者|差出人|보낸 사람"
_SENT = (
    "sent|date|gesendet|datum|envoyé|envoyé le|enviado|enviado el|enviada em|fecha|inviato|data|verzonden|sendt|dato|"
    "skickat|lähetetty|wysłano|odesláno|отправлено|дата|发送时间|日期|送信日時|보낸 날짜|gönderilme tarihi"
)
_TO = "to|an|à|para|a|aan|til|till|do|komu|кому|vastaanottaja|kime|收件人|宛先|받는 사람|címzett"
_SUBJECT = (
    "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|emne|ämne|aihe|temat|předmět|тема|konu|tárgy|"
    "主题|主旨|件名|제목"
)
FROM_LABELS = frozenset(_FROM.split("|"))
OTHER_LABELS = tuple(frozenset(words.split("|")) for words in (_SENT, _TO, _SUBJECT))

# Marks in HTML. A class or an id counts also with the `x_` that Outlook's web page puts before it.
QUOTE_CLASSES = {
    *("gmail_quote", "gmail_quote_container", "yahoo_quoted", "protonmail_quote", "tutanota_quote", "moz-cite-prefix"),
    *("zmail_extra", "mail_quote", "gmx_quote", "hmail_quote", "front-blockquote", "mailspring-quote", "wlm-quote"),
    *("freshdesk_quote", "missive_quote", "superhuman_quote", "spark_quote"),
}
REST_IDS = {"divrplyfwdmsg", "olk_src_body_section", "replysplit", "mail-editor-reference-message-container"}
REST_CLASSES = {
    *("outlookmessageheader", "ms-outlook-mobile-reference-message", "mail-editor-reference-message-container"),
}
FORWARD_CLASSES = {"moz-forward-container", "moz-email-headers-table"}
