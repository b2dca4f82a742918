"""A mail, read: its header, what is written in it, what it quotes, and its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import unescape

from mailroom.parsing import markup, notes, quotes
from mailroom.parsing.addresses import persons
from mailroom.parsing.charsets import clean, clean_line, decode
from mailroom.parsing.decoding import decode_body, uu_files
from mailroom.parsing.files import HEADERS_ALONE, default_name, is_binary, safe_name, type_of
from mailroom.parsing.invitations import line_of
from mailroom.parsing.limits import TOO_LARGE, TOO_MANY_PARTS, TOO_MANY_RECIPIENTS, Limits, TooMuchError
from mailroom.parsing.parsed import File, Parsed, Person
from mailroom.parsing.reports import fields_of, headers_of
from mailroom.parsing.structure import Part, take_apart
from mailroom.parsing.winmail import is_winmail, open_winmail
from mailroom.parsing.words import date_of, decoded, ids_of, parameters, raw_text

_BODY_TYPES = {"text/plain", "text/html", "text/enriched", "text/richtext", "text/rfc822-headers"}
_STATUS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED = {"message/rfc822", "message/global", *HEADERS_ALONE}
_WHOLE_MAILS = {"message/rfc822", "message/global", "message/news"}
_CALENDARS = {"text/calendar", "application/ics"}
_SMIME = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_MACHINES = re.compile(r"(?:mailer-daemon|postmaster)@", re.I)  # what they quote is what they say
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.I)
_PICTURE_INSIDE = re.compile(
    rb"\bsrc\s*=\s*([\"'])\s*data:(image/(?:png|jpe?g|gif|webp));base64,([A-Za-z0-9+/=\s]*)\1", re.I
)
_SAMPLE = 50_000  # characters that are compared
_ENRICHED = re.compile(r"<(/?)([a-zA-Z-]{1,60})>")


def read(raw: bytes, *, limits: Limits | None = None) -> Parsed:
    """Whatever the bytes are. Errors: TooMuchError alone."""
    limits = limits or Limits()
    if len(raw) > limits.size:
        raise TooMuchError(TOO_LARGE)
    letter = _Letter(take_apart(raw, limits), limits)
    return letter.read()


@dataclass
class _Said:
    """A piece of what is written, in the order of the mail. Where there is HTML, `text` is the other way to say it."""

    text: str = ""
    html: str = ""


@dataclass
class _Words:
    """What is written now and what it quotes."""

    text: str = ""
    quoted: str = ""
    html: str = ""
    is_cut: bool = False


@dataclass
class _Letter:
    root: Part
    limits: Limits
    said: list[_Said] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    report: tuple[tuple[str, str], ...] = ()
    reported_headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)  # each once, in order

    def note(self, sentence: str, detail: object = "") -> None:
        self.notes[f"{sentence}: {detail}" if detail else sentence] = None

    def read(self) -> Parsed:
        headers = self._headers()
        senders = self._persons(headers, "from")
        to, cc = self._persons(headers, "to"), self._persons(headers, "cc")
        if len(to) + len(cc) > self.limits.recipients:
            raise TooMuchError(TOO_MANY_RECIPIENTS)
        if self.root.is_header_cut:
            self.note(notes.MANY_HEADERS)
        self._note_senders(senders)
        self._read_part(self.root, self.root, in_report=self.root.type == "multipart/report")
        if not any(said.text.strip() or said.html.strip() for said in self.said):
            self._read_body_from_file()
        if not self.reported_headers and (self.report or _by_machine(senders)):
            self.reported_headers = self._returned()
        subject = decoded(_first(headers, "subject"))[: self.limits.subject_chars]
        words = self._words(is_whole=self._is_whole(subject, senders))
        message_ids = dict.fromkeys(one for value in headers.get("message-id", []) for one in ids_of(value))
        return Parsed(
            senders=senders,
            reply_to=self._persons(headers, "reply-to"),
            to=to,
            cc=cc,
            subject=subject,
            message_id=next(iter(message_ids)) if len(message_ids) == 1 else "",
            in_reply_to=self._ids(headers, "in-reply-to"),
            references=self._ids(headers, "references"),
            sent_at=date_of(_first(headers, "date")),
            headers={
                name: tuple(clean_line(value[: self.limits.header_chars]) for value in values)
                for name, values in headers.items()
            },
            text=words.text,
            quoted=words.quoted,
            html=words.html,
            files=tuple(self.files),
            report=self.report,
            reported_headers=self.reported_headers,
            is_cut=words.is_cut,
            notes=tuple(self.notes),
        )

    # --- The header ------------------------------------------------------------------------

    def _headers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        charset = _charset_of(self.root)
        for name, value in self.root.headers:
            found.setdefault(name, []).append(raw_text(value, charset))
        return found

    def _persons(self, headers: dict[str, list[str]], name: str) -> tuple[Person, ...]:
        found = [one for value in headers.get(name, []) for one in persons(value, name_chars=self.limits.name_chars)]
        return tuple(dict.fromkeys(found))

    def _ids(self, headers: dict[str, list[str]], name: str) -> tuple[str, ...]:
        found = dict.fromkeys(one for value in headers.get(name, []) for one in ids_of(value))
        return tuple(found)[-self.limits.references :]

    def _note_senders(self, senders: Sequence[Person]) -> None:
        if not senders:
            self.note(notes.NO_SENDER)
        elif len(senders) > 1:
            self.note(notes.SEVERAL_SENDERS)
        elif not senders[0].email:
            self.note(notes.UNUSABLE_SENDER, senders[0].name)

    # --- The parts -------------------------------------------------------------------------

    def _read_part(self, part: Part, parent: Part, *, in_report: bool) -> None:
        if part.is_broken:
            self.note(notes.BROKEN_STRUCTURE)
        if part.parts:
            self._read_parts(part, in_report=in_report)
        elif part.type in _STATUS and not self.report:
            self.report = fields_of(self._content(part)[0])
        elif in_report and part.type in _RETURNED:
            data = self._content(part)[0]
            self.reported_headers = self.reported_headers or headers_of(data, self.limits)
            self._add_file(part, data)
        elif self._is_body(part, parent):
            self._add_words(part)
        else:
            self._add_file(part, self._content(part)[0])

    def _read_parts(self, part: Part, *, in_report: bool) -> None:
        in_report = in_report or part.type == "multipart/report"
        if part.type == "multipart/alternative":
            self._read_alternatives(part, in_report=in_report)
            return
        if part.type == "multipart/encrypted":
            self.note(notes.ENCRYPTED)
        for piece in part.parts:
            self._read_part(piece, part, in_report=in_report)

    def _read_alternatives(self, part: Part, *, in_report: bool) -> None:
        """One text said in several ways: HTML and plain are kept together, what is none of both is a file."""
        before = self.said
        ways: list[_Said] = []
        for piece in part.parts:
            if piece.type in ("text/watch-html", "text/x-amp-html"):
                continue
            self.said = []
            self._read_part(piece, part, in_report=in_report)
            ways.append(_together(self.said))
        text = next((way.text for way in ways if way.text.strip() and not way.html), "")
        rich = [way for way in ways if way.html.strip()]
        self.said = [*before, _Said(text or next((way.text for way in ways), ""), rich[-1].html if rich else "")]

    def _is_body(self, part: Part, parent: Part) -> bool:
        """Whether its words belong to what is written, rather than to a file."""
        if part.type not in _BODY_TYPES or part.disposition == "attachment" or _name_of(part):
            return False
        is_picture_of = parent.type == "multipart/related" and part.header("content-id") and parent.parts[0] is not part
        return not is_picture_of

    def _content(self, part: Part) -> tuple[bytes, bool]:
        data, is_whole = decode_body(part.body, part.encoding, is_text=part.main_type == "text")
        if not is_whole:
            self.note(notes.BROKEN_ENCODING, _name_of(part))
        return data, is_whole

    def _text_of(self, part: Part, data: bytes) -> str:
        charset = part.parameters.get("charset", "")
        if not charset and part.type == "text/html" and (meta := _META_CHARSET.search(data[:2_000])):
            charset = meta[1].decode("ascii")
        text, is_true = decode(data[: self.limits.text_bytes], charset)
        if not is_true:
            self.note(notes.UNKNOWN_CHARSET)
        return clean(text)

    def _add_words(self, part: Part) -> None:
        data, _ = self._content(part)
        if part.type != "text/html":
            data, packed = uu_files(data, self.limits.inner_files) if b"begin" in data else (data, [])
            for name, content in packed:
                self._add(name, type_of(name), content)
        if part.main_type == "text" and is_binary(data):
            self._add(_name_of(part), "application/octet-stream", data)
            return
        if part.type == "text/html" and b"data:image/" in data:
            data = _PICTURE_INSIDE.sub(self._keep_picture, data)
        text = self._text_of(part, data)
        if part.type == "text/html":
            self.said.append(_Said(html=text))
        elif part.type in ("text/enriched", "text/richtext"):
            self.said.append(_Said(_ENRICHED.sub("", text.replace("<<", "\0")).replace("\0", "<")))
        elif part.parameters.get("format", "").lower() == "flowed":
            self.said.append(_Said(_unflowed(text, part.parameters.get("delsp", "").lower() == "yes")))
        else:
            self.said.append(_Said(text))

    def _read_body_from_file(self) -> None:
        """Some programs name the text itself like a file."""
        leaves = [self.root] if not self.root.parts else self.root.parts
        for part in leaves:
            is_words = part.type in ("text/plain", "text/html") and part.disposition != "attachment" and not part.parts
            if is_words and _name_of(part) and not is_binary(self._content(part)[0]):
                self._add_words(part)
                return

    def _returned(self) -> dict[str, tuple[str, ...]]:
        """The header of the mail that came back, from servers that just attach it."""
        found = (file for file in self.files if file.type in _RETURNED)
        return next((headers_of(file.data, self.limits) for file in found), {})

    # --- Files -----------------------------------------------------------------------------

    def _add_file(self, part: Part, data: bytes) -> None:
        name = _name_of(part)
        if part.type in _SMIME:
            self.note(notes.SIGNED_INSIDE if "signed" in part.parameters.get("smime-type", "") else notes.ENCRYPTED)
        elif part.type == "message/external-body":
            self.note(notes.KEPT_ELSEWHERE)
        elif part.type == "message/partial":
            self.note(notes.IN_PIECES)
        elif part.type in _CALENDARS:
            self.note(notes.INVITATION, line_of(decode(data, part.parameters.get("charset", ""))[0]))
        if is_winmail(part.type, name) and self._open_winmail(data):
            return
        if not name and part.type in _WHOLE_MAILS:
            subject = decoded(headers_of(data[: self.limits.header_bytes], self.limits).get("subject", ("",))[0])
            name = f"{re.sub(r'[/]', '-', subject) or 'mail'}.eml"
        kind = part.type if part.type not in _WHOLE_MAILS else "message/rfc822"
        content_id = clean_line(part.header("content-id")).strip("<> ")[:300]
        is_inline = part.disposition == "inline" or bool(content_id and part.disposition != "attachment")
        self._add(name, kind, data, content_id=content_id, is_inline=is_inline)

    def _add(self, name: str, kind: str, data: bytes, *, content_id: str = "", is_inline: bool = False) -> None:
        if not data:
            return
        if len(self.files) >= self.limits.parts:
            raise TooMuchError(TOO_MANY_PARTS)
        safe = safe_name(name, self.limits.file_name_chars) or default_name(kind, len(self.files) + 1)
        self.files.append(File(safe, kind, data, content_id, is_inline))

    def _open_winmail(self, data: bytes) -> bool:
        opened = open_winmail(data, self.limits.inner_files)
        if opened is None:
            self.note(notes.WINMAIL_BROKEN)
            return False
        for name, content in opened.files:
            self._add(name, type_of(name), content)
        if not any(said.text.strip() or said.html.strip() for said in self.said):
            self.said.append(_Said(clean(opened.text), clean(opened.html)))
        if opened.files:
            self.note(notes.WINMAIL_OPENED, len(opened.files))
        return bool(opened.files)

    # --- What is written -------------------------------------------------------------------

    def _is_whole(self, subject: str, senders: Sequence[Person]) -> bool:
        """Whether nothing in it is only quoted: forwarded mails and machines' reports are news from end to end."""
        return _by_machine(senders) or bool(self.report) or quotes.is_forward_subject(subject)

    def _words(self, *, is_whole: bool) -> _Words:
        words = _Words()
        if any(said.html.strip() for said in self.said):
            html = "".join(said.html or markup.from_text(said.text) for said in _once(self.said))
            words = self._words_of_html(html, is_whole=is_whole)
        if not words.text.strip() and not (words.html and not any(said.text.strip() for said in self.said)):
            plain = self._words_of_text("\n\n".join(said.text for said in self.said if said.text), is_whole=is_whole)
            words = _Words(plain.text, plain.quoted, words.html, plain.is_cut)
        if len(words.quoted) > self.limits.quoted_chars:
            words.quoted = words.quoted[: self.limits.quoted_chars]
            self.note(notes.QUOTE_CUT)
        if len(words.text) > self.limits.chars:
            words.text = _cut(words.text, self.limits.chars)
            words.is_cut = True
        return words

    def _words_of_text(self, text: str, *, is_whole: bool) -> _Words:
        is_long = len(text) > self.limits.raw_chars
        lines = text[: self.limits.raw_chars].split("\n")
        ranges = [] if is_whole else quotes.fold_lines(lines)
        kept, folded = _parted(lines, ranges)
        return _Words(markup.text_of(kept), markup.text_of(folded), is_cut=is_long)

    def _words_of_html(self, html: str, *, is_whole: bool) -> _Words:
        is_long = len(html) > self.limits.raw_chars
        html = html[: self.limits.raw_chars]
        if markup.is_tangled(html):
            self.note(notes.HTML_CUT)
            return self._words_of_text(markup.without_tags(html), is_whole=is_whole)
        tokens, elsewhere = markup.tokens_of(html)
        is_long = is_long or len(tokens) >= markup.MOST_TOKENS
        if elsewhere:
            self.note(notes.PICTURES_ELSEWHERE, elsewhere)
        lines = markup.lines_of(tokens)
        ranges = [] if is_whole else quotes.fold_tokens(tokens, lines)
        words = _Words(is_cut=is_long)
        kept = _kept(tokens, ranges)
        if ranges:
            folded = [not keeps for keeps in _kept(tokens, ranges, keeps_frame=False)]
            words.quoted = markup.text_of([line.text for line in markup.lines_of(tokens, folded)])
            lines = markup.lines_of(tokens, kept)
        words.text = markup.text_of([line.text for line in lines])
        seen = [token for token, keeps in zip(tokens, kept, strict=True) if keeps]
        shown, is_cut = _shortened(seen, self.limits.chars)
        is_seen = any(token.tag == "img" or token.text.strip() for token in shown)
        words.html, words.is_cut = markup.to_html(shown) if is_seen else "", words.is_cut or is_cut
        if len(words.html) > self.limits.chars * 10:
            words.html = ""
            self.note(notes.HTML_CUT)
        return words

    def _keep_picture(self, found: re.Match[bytes]) -> bytes:
        """A picture that is written out within the HTML becomes a file like another."""
        name = f"inside-{len(self.files) + 1}"
        self._add(
            "",
            found[2].decode().lower(),
            decode_body(found[3], "base64", is_text=False)[0],
            content_id=name,
            is_inline=True,
        )
        return b'src="cid:' + name.encode() + b'"'


def _by_machine(senders: Sequence[Person]) -> bool:
    return any(_MACHINES.match(person.email) for person in senders)


def _charset_of(part: Part) -> str:
    """That of its first text: 8-bit letters in a header are mostly written in the same."""
    while part.parts:
        part = part.parts[0]
    return part.parameters.get("charset", "")


def _first(headers: dict[str, list[str]], name: str) -> str:
    return next(iter(headers.get(name, [])), "")


def _once(said: Sequence[_Said]) -> list[_Said]:
    """Without a plain text that stands beside HTML which says the same, though not as an alternative."""
    rich = {_bare(" ".join(re.split(r"<[^<>]*>", unescape(one.html[:_SAMPLE])))) for one in said if one.html}
    return [one for one in said if one.html or _bare(one.text[:_SAMPLE]) not in rich]


def _bare(text: str) -> str:
    return re.sub(r"\W+", "", text).lower()


def _together(said: Sequence[_Said]) -> _Said:
    if not any(one.html for one in said):
        return _Said("\n\n".join(one.text for one in said if one.text))
    return _Said(html="".join(one.html or markup.from_text(one.text) for one in said))


def _unflowed(text: str, joins_tightly: bool) -> str:
    """format=flowed (RFC 3676): lines that end with a space go on in the next."""
    done: list[str] = []
    flows = False
    depth_before = 0
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        marks = ">" * depth + (" " if depth else "")
        if flows and depth == depth_before and words != "-- ":
            done[-1] += words
        else:
            done.append(marks + words)
        flows = words.endswith(" ") and words != "-- "
        if flows and joins_tightly:
            done[-1] = done[-1][:-1]
        depth_before = depth
    return "\n".join(done)


def _parted(lines: Sequence[str], ranges: Sequence[quotes.Range]) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    folded: list[str] = []
    for index, line in enumerate(lines):
        (folded if any(a <= index < b for a, b in ranges) else kept).append(line)
    return kept, folded


def _kept(tokens: Sequence[markup.Token], ranges: Sequence[quotes.Range], *, keeps_frame: bool = True) -> list[bool]:
    """Which tokens are outside of the ranges. An element that is cut by a range keeps both its ends."""
    kept = [True] * len(tokens)
    for begin, end in ranges:
        kept[begin:end] = [False] * (min(end, len(tokens)) - begin)
    if ranges and keeps_frame:
        for index, token in enumerate(tokens):
            if token.tag and not token.tag.startswith("/") and token.end > index and kept[index] != kept[token.end]:
                kept[index] = kept[token.end] = True
        _trim(tokens, kept)
    return kept


def _trim(tokens: Sequence[markup.Token], kept: list[bool]) -> None:
    """Without the empty elements that are left at the end, where the quote was."""
    last = len(tokens) - 1
    while last >= 0 and not (kept[last] and (tokens[last].tag == "img" or tokens[last].text.strip())):
        last -= 1
    for index in range(last + 1, len(tokens)):
        token = tokens[index]
        if token.tag.startswith("/"):
            continue
        kept[index] = False
        if token.end > index:
            kept[token.end] = False


def _shortened(tokens: list[markup.Token], chars: int) -> tuple[list[markup.Token], bool]:
    left = chars
    for index, token in enumerate(tokens):
        left -= len(token.text)
        if left < 0:
            return tokens[:index], True
    return tokens, False


def _cut(text: str, chars: int) -> str:
    """At the end of a line, or of a word, if one is near."""
    text = text[:chars]
    for mark in ("\n", " "):
        at = text.rfind(mark)
        if at > chars * 9 // 10:
            return text[:at].rstrip()
    return text


def _name_of(part: Part) -> str:
    """What a file is called, as it is written there."""
    from_disposition = _parameters_of(part, "content-disposition").get("filename", "")
    return decoded(from_disposition or part.parameters.get("name", ""))


def _parameters_of(part: Part, name: str) -> dict[str, str]:
    return parameters(part.header(name))[1]
