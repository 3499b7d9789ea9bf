"""Forms: declared once, input kept, errors in words.

::

    class Draft(Form):
        title = Text(_l("标题"), limit=120, required=True)
        body = Paragraphs(_l("正文"), limit=100_000, required=True)

    form = Draft(await request.form())
    if form.validate(): ...
    except OfficeError as error: form.refuse(error)

``{{ ui.form_errors(form) }}`` and ``{{ ui.form_field(form.title) }}`` show it. The fields are in
:mod:`kernel.portal.fields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import wtforms
from markupsafe import Markup
from wtforms.form import BaseForm
from wtforms.meta import DefaultMeta

from kernel.errors import OfficeError
from kernel.portal.fields import Check, Choice, Date, Files, Hidden, Number, Paragraphs, Text, said
from kernel.portal.i18n import Lazy, language
from kernel.portal.picker import Units

__all__ = [
    "Check",
    "Choice",
    "Date",
    "Files",
    "Form",
    "Hidden",
    "Number",
    "Paragraphs",
    "Text",
    "Units",
]


Field = Any
FormData = Any
Attributes = Any
"""WTForms and Starlette meet here by their methods (``getlist``), not by types."""


class Told(Lazy):
    """The sentence of an :class:`OfficeError`, in the language of the page that shows it."""

    __slots__ = ("error",)

    def __init__(self, error: OfficeError) -> None:
        super().__init__(error.zh)
        self.error = error

    def __str__(self) -> str:
        return self.error.text(language())


class Form(wtforms.Form):
    """A form of the portal.

    :param formdata: what was posted (Starlette's ``FormData``), or None to show the form first.
    :param data: values by field name, to start with.
    """

    class Meta(DefaultMeta):
        """Every input names its hint and its error to screen readers."""

        def bind_field(self, form: BaseForm, unbound_field: Field, options: Attributes) -> Field:
            """An id of its own kind: a field named ``main`` must not take the page's."""
            own = {"id": f"field-{options['name']}", **options}
            return super().bind_field(form, unbound_field, own)

        def render_field(self, field: Field, render_kw: Attributes) -> Markup:
            """The input with its ARIA attributes."""
            return super().render_field(field, {**_aria(field), **dict(render_kw)})

    def __init__(self, formdata: FormData = None, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(formdata, data=data)

    @property
    def unfolding(self) -> bool:
        """Whether it was only sent to see more of a picker, and nothing is to be done yet."""
        return any(getattr(field, "unfolded", ()) for field in self)

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether all is well; False without an error where :attr:`unfolding`."""
        well = super().validate(extra_validators)  # puts what is chosen in its order
        if not self.unfolding:
            return well
        for field in self:
            field.errors = []
        self.form_errors = []
        return False

    def refuse(self, error: OfficeError) -> None:
        """Put a refusal where it belongs: at the field that it names, else on top."""
        if error.field in self._fields:
            field = self._fields[error.field]
            field.errors = [*field.errors, said(Told(error))]
        else:
            self.form_errors.append(said(Told(error)))

    @property
    def errors_summary(self) -> list[tuple[str, str]]:
        """``(id of the field or "", sentence)`` for each error, those of the whole form first."""
        top = [("", str(text)) for text in self.form_errors]
        return top + [(f.id, str(text)) for f in self._fields.values() for text in f.errors]


def _aria(field: Field) -> dict[str, str]:
    described = [f"{field.id}-hint"] if field.description else []
    described += [f"{field.id}-error"] if field.errors else []
    found = {"aria-describedby": " ".join(described)} if described else {}
    if getattr(field, "look", "") == "radio":
        return found  # it goes to the list around the buttons, which knows no other of these
    if field.errors:
        found["aria-invalid"] = "true"
    if getattr(field, "must", False):
        found["aria-required"] = "true"
    return found
