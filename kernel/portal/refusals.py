"""Refusals and defects as calm pages; programs get the same as JSON."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from kernel.errors import OfficeError
from kernel.portal.ctx import open_ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.origin import settings
from kernel.portal.urls import place_of
from kernel.storage.database import connection
from kernel.work import incidents, logs


class Told(Struct, frozen=True):
    """What an error page says."""

    title: str
    sentence: str
    status: int
    code: str
    reason: str = ""
    incident: str = ""
    way_href: str = ""
    way_label: str = ""


def _title(status: int) -> str:
    return {
        401: _("请先登录"),
        403: _("没有权限"),
        404: _("没有找到"),
        409: _("已有变化"),
        413: _("内容太大"),
        422: _("内容需要修改"),
        500: _("系统出错"),
        503: _("暂时不能办理"),
    }.get(status, _("不能办理"))


def way_in(request: Request) -> str:
    """The login page that leads back here, or, after a form was sent, to the page with the form."""
    if request.method == "GET":
        here = place_of(request.scope)
    else:
        came = URL(request.headers.get("referer", "/"))
        here = f"{came.path}?{came.query}" if came.query else came.path
    return f"/login?{urlencode({'next': here})}"


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def route_of(request: Request) -> str:
    """The route's template (``/documents/out/{uid}``), never the address that was asked for."""
    return str(getattr(request.state, "route", "-"))


def _place(request: Request) -> dict[str, Any]:
    return {"method": request.method, "route": route_of(request)}


def refusal(request: Request, error: OfficeError) -> Response:
    """The page for a refusal, with its own status."""
    return _page(request, error.status, error.code, error)


def _page(
    request: Request, status: int, code: str, error: OfficeError | None, incident: str = ""
) -> Response:
    request.state.code = code
    with connection():
        ctx = open_ctx(request)
        with speaking(ctx.language):
            sentence = (
                error.text(ctx.language)
                if error is not None
                else _("系统出错，您已保存的内容没有丢失。请把编号告诉技术人员。")
            )
            told = Told(_title(status), sentence, status, code, incident=incident)
            if status == 401:
                way, label = way_in(request), _("去登录")
                told = Told(told.title, sentence, status, code, way_href=way, way_label=label)
        if _wants_json(request):
            return JSONResponse({"code": code, "message": sentence, "incident": incident}, status)
        ctx.topic = "refused"
        return ctx.render("errors/error.html", status=status, title=told.title, error=told)


def defect(request: Request, error: Exception) -> Response:
    """The page for a defect: an incident number, never the text of the error."""
    where = f"{request.method} {route_of(request)}"
    incident = incidents.keep(error, where, settings().instance)
    request.state.incident = incident
    logs.event("incident", logging.ERROR, incident=incident, **_place(request))
    try:
        return _page(request, 500, "portal.defect", None, incident)
    except Exception as second:
        # What broke the page may break this one, too: then a few plain words have to do.
        logs.event("incident.page", logging.ERROR, incident=incident, **_place(request))
        incidents.keep(second, f"{where} (page of {incident})", settings().instance)
        words = f"系统出错，编号 {incident}，请告诉技术人员。\nPlease tell the technicians."
        return PlainTextResponse(words, 500)
