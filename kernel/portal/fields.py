"""The fields of forms. Each knows its limit, says its errors in words, and names its look.

No field sets ``maxlength`` or ``required`` in HTML, because a browser would cut what was pasted,
or speak in a language of its own; the server answers with the whole input kept.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Any, cast

import wtforms
from wtforms import widgets
from wtforms.validators import ValidationError

from kernel.errors import OfficeError
from kernel.portal.i18n import Lazy, _l, language
from kernel.portal.words import filesize
from kernel.work.uploads import check_all

Label = str | Lazy
Bound = Any
"""What WTForms hands a field when it binds it to a form."""


def said(sentence: Label) -> str:
    """A lazy sentence where WTForms says ``str``: it only hands it on to the page."""
    return cast(str, sentence)


class Text(wtforms.StringField):
    """One line.

    :param limit: at most so many characters.
    :param rows: shown over so many rows, for long titles; pasted line breaks are joined.
    :param marked: shown as required, though something else may stand in its place (handwriting).
    """

    look = "text"

    def __init__(
        self,
        label: Label,
        *,
        limit: int = 200,
        required: bool = False,
        hint: Label = "",
        rows: int = 1,
        marked: bool = False,
        **kw: Bound,
    ) -> None:
        super().__init__(said(label), description=said(hint), **kw)
        self.limit = limit
        self.must = required
        self.marked = required or marked
        if rows > 1:
            self.widget = widgets.TextArea()
            self.render_kw = {"rows": rows}

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take the line, without spaces around it."""
        lines = typed(valuelist[0]).splitlines() if valuelist else []
        self.data = "".join(line.strip() for line in lines)

    def pre_validate(self, form: object) -> None:
        """Required, length, and signs that no text should have."""
        check_text(self, self.data or "")


class Paragraphs(Text):
    """Several lines; line breaks are kept, as ``\\n``.

    :param rows: the height at first.
    """

    look = "paragraphs"
    widget = widgets.TextArea()

    def __init__(self, label: Label, *, limit: int = 2000, rows: int = 5, **kw: Bound) -> None:
        super().__init__(label, limit=limit, rows=max(rows, 2), **kw)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take the text; only line breaks at its end go."""
        self.data = typed(valuelist[0]).rstrip() if valuelist else ""


class Hidden(Text):
    """A value that goes along unseen."""

    look = "hidden"
    widget = widgets.HiddenInput()

    def __init__(self, *, limit: int = 500, **kw: Bound) -> None:
        super().__init__("", limit=limit, **kw)


class Choice(wtforms.SelectField):
    """One of a list of ``(value, label)``; ``data`` is the value, ``""`` for none.

    :param radio: shown as radio buttons, for few choices.
    """

    look = "choice"

    def __init__(
        self,
        label: Label,
        choices: Sequence[tuple[str, Label]] = (),
        *,
        required: bool = False,
        hint: Label = "",
        radio: bool = False,
        **kw: Bound,
    ) -> None:
        kw.setdefault("default", "")
        super().__init__(said(label), description=said(hint), **kw)
        self.choices = [(value, said(text)) for value, text in choices]
        self.must = required
        if radio:
            self.look = "radio"
            self.widget = widgets.ListWidget(prefix_label=False)
            self.option_widget = widgets.RadioInput()

    def pre_validate(self, form: object) -> None:
        """One of the list, and chosen where that is required."""
        known = {str(choice[0]) for choice in self.choices or ()}
        value = self.data or ""
        if not value and self.must:
            raise ValidationError(said(_l("请选择%(label)s。", label=self.label.text)))
        if value and value not in known:
            raise ValidationError(said(_l("%(label)s只能从列表中选择。", label=self.label.text)))


class Date(wtforms.Field):
    """A day, ``2026-11-22`` in the form; ``data`` is a :class:`date` or None."""

    look = "date"
    widget = widgets.DateInput()

    def __init__(
        self, label: Label, *, required: bool = False, hint: Label = "", **kw: Bound
    ) -> None:
        super().__init__(said(label), description=said(hint), **kw)
        self.must = required
        self.data: date | None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self.data.isoformat() if self.data else ""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the day."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if text:
            try:
                self.data = date.fromisoformat(text)
            except ValueError:
                raise ValueError(
                    _l("%(label)s请按“2026-11-22”的样式填写。", label=self.label.text)
                ) from None

    def pre_validate(self, form: object) -> None:
        """Given, where that is required."""
        if self.must and self.data is None and not self.errors:
            raise ValidationError(said(_l("%(label)s不能为空。", label=self.label.text)))


class Number(wtforms.Field):
    """A whole number between *least* and *most*; ``data`` is an int or None."""

    look = "number"
    # Not type=number, because a browser would not show again what it cannot parse.
    widget = widgets.TextInput()

    def __init__(
        self,
        label: Label,
        *,
        least: int = 0,
        most: int = 1_000_000,
        required: bool = False,
        hint: Label = "",
        **kw: Bound,
    ) -> None:
        super().__init__(
            said(label), description=said(hint), render_kw={"inputmode": "numeric"}, **kw
        )
        self.must, self.least, self.most = required, least, most
        self.data: int | None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Read the number."""
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = None
        if text:
            whole = text.isascii() and text.removeprefix("-").isdigit()
            self.data = int(text) if whole else self._refuse()

    def pre_validate(self, form: object) -> None:
        """Given where required, and within the bounds."""
        if self.data is None:
            if self.must and not self.errors:
                raise ValidationError(said(_l("%(label)s不能为空。", label=self.label.text)))
        elif not self.least <= self.data <= self.most:
            self._refuse()

    def _refuse(self) -> int:
        raise ValidationError(
            said(
                _l(
                    "%(label)s请填写 %(least)s 到 %(most)s 之间的整数。",
                    label=self.label.text,
                    least=self.least,
                    most=self.most,
                )
            )
        )


class Check(wtforms.BooleanField):
    """Yes or no."""

    look = "check"
    must = False

    def __init__(self, label: Label, *, hint: Label = "", **kw: Bound) -> None:
        super().__init__(said(label), description=said(hint), **kw)


class Files(wtforms.MultipleFileField):
    """Files to take in; ``data`` is the list of uploads, empty ones left out.

    What the files really are is looked at when they are taken in (``workshop().take``).

    :param limit: at most so many bytes each.
    :param accept: endings for the browser's dialog (``.docx,.pdf``).
    """

    look = "file"

    def __init__(
        self,
        label: Label,
        *,
        limit: int = 200 * 1024 * 1024,
        accept: str = "",
        required: bool = False,
        hint: Label = "",
        **kw: Bound,
    ) -> None:
        super().__init__(
            said(label),
            description=said(hint),
            render_kw={"accept": accept} if accept else None,
            **kw,
        )
        self.limit = limit
        self.must = required
        self.kinds = tuple(accept.split(",")) if accept else ()

    def _takes(self, name: str) -> bool:
        """Whether a file of this name would be taken, were it not too large."""
        return not self.kinds or name.lower().endswith(self.kinds)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take the uploads that have a name."""
        self.data = [file for file in valuelist if getattr(file, "filename", "")]

    def pre_validate(self, form: object) -> None:
        """Some where required, none too large."""
        label = self.label.text
        if self.must and not self.data:
            raise ValidationError(said(_l("%(label)s不能为空。", label=label)))
        for file in self.data or []:
            if (file.size or 0) > self.limit:
                if not self._takes(file.filename):
                    raise ValidationError(
                        said(_l("不能使用“%(name)s”，请选择 %(kinds)s 文件。",
                                name=file.filename, kinds="、".join(self.kinds)))
                    )  # fmt: skip
                sizes = {"limit": filesize(self.limit), "size": filesize(file.size)}
                raise ValidationError(
                    said(
                        _l(
                            "%(label)s不能超过 %(limit)s，“%(name)s”为 %(size)s。",
                            label=label,
                            name=file.filename,
                            **sizes,
                        )
                    )
                )
        try:
            check_all([(file.filename, file.size or 0) for file in self.data or []])
        except OfficeError as error:
            raise ValidationError(error.text(language())) from error


_NO_SIGNS = ("Cc", "Cs")


def check_text(field: Text, text: str) -> None:
    """Refuse an empty required text, one too long, and signs that cannot be signed.

    :raises ValidationError: with a sentence that says how long it may be and how long it is.
    """
    label = field.label.text
    if field.must and not text.strip():
        raise ValidationError(said(_l("%(label)s不能为空。", label=label)))
    if len(text) > field.limit:
        raise ValidationError(
            said(
                _l(
                    "%(label)s不能超过 %(limit)s 字，现有 %(count)s 字。",
                    label=label,
                    limit=field.limit,
                    count=len(text),
                )
            )
        )
    for number, line in enumerate(text.split("\n"), 1):
        strange = [one for one in line.replace("\t", "") if unicodedata.category(one) in _NO_SIGNS]
        if strange:
            sign = f"U+{ord(strange[0]):04X}"
            raise ValidationError(
                said(
                    _l(
                        "%(label)s第 %(line)s 行有看不见的控制字符（%(sign)s），请删除后重新输入。",
                        label=label,
                        line=number,
                        sign=sign,
                    )
                )
            )
    if not unicodedata.is_normalized("NFC", text):
        raise ValidationError(
            said(_l("%(label)s里有拆开编码的字符（NFC 之外），请重新输入这些字。", label=label))
        )


def typed(value: object) -> str:
    """What a text field takes of what was typed or pasted: one kind of line break, and no signs
    that nobody sees."""
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    return text.translate(_UNSEEN)


_UNSEEN = dict.fromkeys(
    # Zero-width spaces, soft hyphen and what turns the direction of writing round: Word and web
    # pages bring them along, nobody sees them, and what is read is not what is signed. Joiners
    # stay: Mongolian letters and emoji are others without them.
    map(
        ord,
        "\u00ad\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
        "\u2060\u2066\u2067\u2068\u2069\ufeff",
    )
) | dict.fromkeys(map(ord, "\x0b\x0c\x85\u2028\u2029"), "\n")
