"""A held node: why it does not sign, and the form by which two administrators let it go on."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from starlette.responses import Response
from wtforms.validators import ValidationError

from kernel.acts import hold, numbers
from kernel.acts.house.resuming import state
from kernel.crypto import x509
from kernel.crypto.ids import parse_stamp
from kernel.deferred import pattern
from kernel.errors import Invalid, OfficeError
from kernel.identity.models import Credential, Person, Unit
from kernel.portal.ctx import Ctx
from kernel.portal.fields import said
from kernel.portal.forms import Check, Form, Hidden, Number, Paragraphs
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.urls import url
from kernel.seals.models import Seal
from kernel.seals.resuming import LARGEST, in_words, resume


class ResumeForm(Form):
    """What two persons say about the time since the backup.

    Those of :func:`_form` have a field for the highest number of each series before these.
    """

    held = Hidden()
    highest = Paragraphs(
        _l("此后新启用的机关代字"),
        hint=_l(
            "上面没有列出的才填，每行一个：单位代码/机关代字/年份=号数，"
            "例如 620700-CPCO/市委办发/2026=91。没有则留空。"
        ),
        rows=3,
    )
    checked = Check(_l("以上文号已与纸质登记簿逐一核对"))
    revoked = Paragraphs(
        _l("此后停用的安全认证插件"),
        hint=_l("每行一个人员姓名或插件编号；没有则留空。"),
        rows=3,
    )
    certificates = Paragraphs(
        _l("此后吊销的证书"),
        hint=_l(
            "印章的证书：每行一个单位名称、单位代码或证书序列号；其他证书：粘贴证书（PEM）全文。"
            "没有则留空。"
        ),
        rows=3,
    )

    def validate_checked(self, field: Check) -> None:
        """Two persons answer for it: nobody goes on by only sending what stands there."""
        if not field.data:
            raise ValidationError(said(_l("请先与纸质登记簿逐一核对已发出的最大号，再勾选此项。")))


def _field_of(series: str) -> str:
    """The name of the field of a series: no order, so that none takes the number of another."""
    return f"series-{hashlib.sha256(series.encode()).hexdigest()[:16]}"


def _form(known: dict[str, int], posted: Any) -> ResumeForm:
    fields = {
        _field_of(series): Number(
            in_words(series),
            least=value,
            most=LARGEST,
            required=True,
            hint=_l("本节点已知发到 %(n)s 号。", n=value),
        )
        for series, value in known.items()
    }
    start = {_field_of(series): value for series, value in known.items()}
    form: ResumeForm = type("ResumeForm", (ResumeForm,), fields)(
        posted, data={"held": state(), **start}
    )
    return form


def resume_page(ctx: Ctx) -> Response:
    """See why the node is held; propose to go on, which another administrator confirms."""
    facts, status = hold.held(), 200
    with speaking(ctx.language):
        known = {} if facts is None else numbers.to_account_for()
        form = _form(known, ctx.form if ctx.posted else None)
        if ctx.posted:
            try:
                return _propose(ctx, form, known)
            except OfficeError as error:
                form.refuse(error)
                status = error.status
        return ctx.render(
            "admin/resume.html",
            status=status,
            title=_("恢复运行"),
            held=facts,
            noticed=None if facts is None else parse_stamp(facts["at"]),
            form=form,
            begun=[form[_field_of(one)] for one, value in known.items() if value],
            unbegun=[form[_field_of(one)] for one, value in known.items() if not value],
        )


def _propose(ctx: Ctx, form: ResumeForm, known: dict[str, int]) -> Response:
    if not form.validate():
        raise Invalid(
            "node.resume",
            "没有提交。请按各栏下面的提示改正后再提交。",
            "Nothing was sent yet. Correct what the fields say and send it again.",
        )
    answered = {series: int(form[_field_of(series)].data) for series in known}
    return ctx.sign(
        resume,
        None,
        back=url("admin:proposals"),
        held=form.held.data or "",
        revoked=_keys(form.revoked.data or ""),
        highest=_numbers(form.highest.data or "", answered),
        certificates=_certificates(form.certificates.data or ""),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _keys(text: str) -> list[str]:
    """The credentials that the lines name, by their uid or by their holder."""
    found: list[str] = []
    for line in _lines(text):
        holders = Person.select(Person.uid).where(Person.name == line)
        mine = (Credential.uid == line) | Credential.person.in_(holders)
        uids = [row.uid for row in Credential.select(Credential.uid).where(mine)]
        if not uids:
            raise Invalid(
                "node.resume_key",
                f"没有名为“{line}”的人员或插件，请核对。",
                f"There is no person and no key called {line!r}; please check.",
                field="revoked",
            )
        found += uids
    return sorted(set(found))


_PEM = pattern("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def _certificates(text: str) -> list[str]:
    """The certificates that are pasted in, and those of seals that the lines name, as PEM."""
    found = [one.group() for one in _PEM.finditer(text)]
    seals = [(one, x509.load_cert(one.certificate.encode())) for one in Seal.select()]
    for line in _lines(_PEM.sub("", text)):
        named = Unit.select(Unit.code).where((Unit.name == line) | (Unit.short_name == line))
        units = {line, *(unit.code for unit in named)}
        serial = line.replace(":", "").replace(" ", "").lower().lstrip("0")
        mine = [
            seal.certificate
            for seal, cert in seals
            if seal.unit in units or f"{cert.serial_number:x}" == serial
        ]
        if not mine:
            raise Invalid(
                "node.resume_certificate",
                f"“{line[:60]}”不是有印章的单位，也不是印章证书的序列号。请核对；"
                "其他证书请粘贴 PEM 全文（含 BEGIN 和 END 两行）。",
                f"{line[:60]!r} is neither a unit with a seal nor the serial number of a seal's "
                "certificate. Check it; of other certificates paste the whole PEM, with its lines "
                "BEGIN and END.",
                field="certificates",
            )
        found += mine
    return sorted({_as_kept(pem) for pem in found})


def _as_kept(pem: str) -> str:
    try:
        return x509.pem(x509.load_cert(pem.encode())).decode()
    except OfficeError as error:
        raise Invalid(error.code, error.zh, error.en, field="certificates") from error


_NARROW = {ord(sign) + 0xFEE0: sign for sign in "0123456789-=/"} | {0x2212: "-"}
"""Full-width signs, and the minus of mathematics, to those of a plain keyboard."""


def _numbers(text: str, answered: dict[str, int]) -> dict[str, int]:
    """What was answered to each series, and what the lines say of others."""
    found = dict(answered)
    for line in _lines(text):
        name, value = _number(line)
        if name not in answered:
            _check_series(name)
        if value < found.get(name, 0):
            raise Invalid(
                "node.resume_number",
                f"“{line}”比“{in_words(name)}”已填的 {found[name]} 号小，"
                "请对照登记簿核对，只保留一个号数。",
                f"{line!r} says less than {found[name]}, which was entered for the same series. "
                "Check the register and keep one of them.",
                field="highest",
            )
        found[name] = value
    return found


def _number(line: str) -> tuple[str, int]:
    """A series and its number out of a line, however wide its signs and spaces are."""
    series, _equals, value = (part.strip() for part in line.translate(_NARROW).rpartition("="))
    if not series or not re.fullmatch("-?[0-9]+", value):
        raise Invalid(
            "node.resume_number",
            f"“{line}”写法不对，请写成：单位代码/机关代字/年份=号数。",
            f"{line!r} cannot be read; write organ/name/year=number.",
            field="highest",
        )
    if value.startswith("-") or len(value) > len(str(LARGEST)) or int(value) > LARGEST:
        raise Invalid(
            "node.resume_number",
            f"“{line}”的号数不对，请填写 0 到 {LARGEST} 的整数。",
            f"The number in {line!r} has to be a whole number from 0 to {LARGEST}.",
            field="highest",
        )
    return "/".join(part.strip() for part in series.split("/")), int(value)


def _check_series(name: str) -> None:
    try:
        numbers.check_series(name)
    except Invalid as error:
        raise Invalid("node.resume_number", error.zh, error.en, field="highest") from error
