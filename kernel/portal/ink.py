"""A field to write in by hand, and its strokes as a picture."""

from __future__ import annotations

from markupsafe import Markup
from wtforms import widgets
from wtforms.validators import ValidationError

from kernel.acts.ink import MOST, read_ink
from kernel.errors import OfficeError
from kernel.portal.fields import Bound, Label, Text, said
from kernel.portal.i18n import _, language


class Ink(Text):
    """Handwriting; ``data`` is the text of its strokes (:mod:`kernel.acts.ink`), empty for none.

    It stands beside a text field, never in place of it: without a script only that one is shown.
    """

    look = "ink"
    widget = widgets.HiddenInput()

    def __init__(self, label: Label, **kw: Bound) -> None:
        super().__init__(label, limit=MOST, **kw)

    def pre_validate(self, form: object) -> None:
        """Refuse what no field of ours has written."""
        if self.data:
            try:
                read_ink(self.data)
            except OfficeError as error:
                raise ValidationError(said(error.text(language()))) from error


def picture(text: str) -> Markup:
    """The strokes as an inline picture in the colour of the text; nothing for nothing.

    :raises Invalid: as :func:`kernel.acts.ink.read_ink`.
    """
    if not text:
        return Markup("")
    ink = read_ink(text)
    left, top, width, height = ink.box
    return Markup(
        '<svg class="inked" viewBox="{} {} {} {}" width="{}" height="{}" role="img" '
        'aria-label="{}"><path d="{}"/></svg>'
    ).format(left, top, width, height, width // 2, height // 2, _("手写意见"), ink.path)
