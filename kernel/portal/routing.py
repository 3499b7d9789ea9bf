"""Pages: plain functions, run in a worker thread with one connection, closed by default.

::

    @page("/out/{uid}", name="out", level="documents.view")
    def out(ctx: Ctx, uid: str) -> Response: ...

Each page says which level it takes and what its POST weighs; a test reads the register.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route, compile_path, request_response
from starlette.types import Scope

from kernel.acts import hold
from kernel.deferred import pattern
from kernel.errors import Conflict, Invalid, OfficeError, Refused
from kernel.identity.desk import require
from kernel.portal import cookies
from kernel.portal.admission import admitted
from kernel.portal.ctx import Ctx, open_ctx
from kernel.portal.form_tokens import FIELD, of_another_desk
from kernel.portal.once import once
from kernel.portal.origin import TOKEN, token_due, token_holds
from kernel.storage.database import asked_before_writing, connection

Weight = Literal["read", "draft", "recorded", "signed"]
PUBLIC = "public"
"""The level of pages that need no sign-in."""
SIGNED_IN = "signed_in"
"""The level of pages for everybody who is signed in."""
View = Callable[..., Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class PageRoute(Route):
    """A route that carries its level and its weight.

    A portal has a hundred, and an address may be one or two of them. So the pattern of an address
    is compiled when something looks like it.
    """

    level: str
    weight: Weight
    goes_on: bool
    view: View

    def __init__(self, path: str, endpoint: Endpoint, *, name: str, methods: Sequence[str]) -> None:
        # Not Route's own, which compiles; a test holds the attributes of both side by side.
        if not path.startswith("/"):
            raise ValueError(f"{name}: an address begins with /")
        methods = [method.upper() for method in methods]
        self.path, self.endpoint, self.name, self.include_in_schema = path, endpoint, name, True
        self.app = request_response(endpoint)
        self.methods = {*methods, "HEAD"} if "GET" in methods else set(methods)
        self._begins, brace, _ = path.partition("{")
        self._whole = not brace

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Route's, without a pattern for what cannot be this page."""
        asked: str = scope["path"]  # with the place where a plugin's pages stand before it
        if not (asked.endswith(self.path) if self._whole else self._begins in asked):
            return Match.NONE, {}
        return super().matches(scope)

    if not TYPE_CHECKING:  # for mypy they are what Route declares

        def __getattr__(self, name: str) -> Any:
            if name not in ("path_regex", "path_format", "param_convertors"):
                raise AttributeError(name)
            self.path_regex, self.path_format, self.param_convertors = compile_path(self.path)
            return getattr(self, name)


class ViewIn:
    """A view that is imported when its page is first opened.

    :param where: ``package.module:function``.
    """

    def __init__(self, where: str) -> None:
        self.where = where

    @cached_property
    def function(self) -> View:
        """The view itself."""
        module, _, name = self.where.partition(":")
        found: View = getattr(import_module(module), name)
        return found

    def __call__(self, ctx: Ctx, **params: Any) -> Response:
        """What it answers."""
        return self.function(ctx, **params)


def page(
    path: str,
    *,
    name: str,
    level: str,
    methods: Sequence[str] = ("GET",),
    weight: Weight = "read",
    goes_on: bool = False,
    any_desk: bool = False,
) -> Callable[[View], PageRoute]:
    """Make a page of a function ``(ctx, **path parameters) -> Response``.

    :param level: ``<plugin>.<level>``, :data:`SIGNED_IN` or :data:`PUBLIC`.
    :param weight: what its POST does: ``read`` changes nothing at all.
    :param goes_on: whether a POST that is no act, a ``draft``, writes in a held node as well; what
        it writes is lost when another database is put in the place of this one. All others are
        refused there (``node.held``), as acts are.
    :param any_desk: whether its form may be sent from a page that was drawn for another desk of the
        person; all others are refused then (``portal.other_desk``), lest something is done in the
        name of an office that is not the one in the title of the page.
    """
    if "POST" in methods and weight == "read" and level != PUBLIC:
        raise ValueError(f"{name}: a POST has to say what it weighs")

    def declare(view: View) -> PageRoute:
        run = view if goes_on or weight != "draft" else _unless_held(view)
        bound = "POST" in methods and level != PUBLIC and not any_desk
        way = _endpoint(run, level, path, bound)
        route = PageRoute(path, way, name=name, methods=list(methods))
        route.level, route.weight, route.goes_on, route.view = level, weight, goes_on, view
        return route

    return declare


def _unless_held(view: View) -> View:
    """The page, whose form writes nothing while the node is held; it is told in a refusal, which
    the page may show beside what was typed."""

    def run(ctx: Ctx, **params: Any) -> Response:
        if not ctx.posted:
            return view(ctx, **params)
        with asked_before_writing(partial(hold.require, "draft")):
            return view(ctx, **params)

    return run


def _check_desk(ctx: Ctx) -> None:
    """A form does nothing at another desk than the one that it was drawn for."""
    token = ctx.form.get(FIELD) if ctx.posted and ctx.form is not None else None
    if isinstance(token, str) and of_another_desk(token, ctx.desk_or_none):
        raise _elsewhere()


def _elsewhere() -> Conflict:
    error = Conflict(
        "portal.other_desk",
        "您已换到另一个办公身份（或另一个人已登录），而这个页面是以原来的身份打开的，没有办理。"
        "请先换回原来的身份，再返回上一页提交；您填写的内容会留到那时。",
        "You went to another desk meanwhile, or somebody else signed in; this page was "
        "opened at the former one, and nothing was done. Go back to that desk and send it "
        "again; what you entered waits for it.",
    )
    error.status = 412  # what is saved while somebody types is tried again, and not told of changes
    return error


def _endpoint(view: View, level: str, path: str, bound: bool) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        await _check_size(request)
        form = await _form_of(request)
        try:
            return await _admit(view, level, bound, request, form)
        finally:
            await form.close()

    async def without_form(request: Request) -> Response:
        request.state.route = request.scope.get("root_path", "") + path
        if request.method == "POST":
            return await endpoint(request)
        return await _admit(view, level, bound, request, None)

    return without_form


async def _form_of(request: Request) -> FormData:
    try:
        return await request.form(max_files=20, max_fields=2000, max_part_size=MAX_BODY)
    except ValueError as error:  # by a charset that is one in name only (idna, undefined, a\0b)
        raise _strange() from error


async def _admit(*what: Any) -> Response:
    answer: Response = await admitted(_call, *what)
    return answer


MAX_BODY = 12 * 1024 * 1024
"""The largest form, in bytes."""


async def _check_size(request: Request) -> None:
    """Refuse a form that is too large, in words.

    It is read to its end first, because a browser that is cut off while it sends shows an error
    of its own instead of the answer.
    """
    length = request.headers.get("content-length", "")
    # isdigit alone would let ² through, and int takes no 5000 digits; 20 are too many bytes anyway.
    if not (length.isascii() and length.isdigit()) or int(length[:20]) <= MAX_BODY:
        return
    async for _ in request.stream():
        continue
    raise too_large()


def too_large() -> OfficeError:
    """The refusal of a request with too much in it."""
    error = Invalid(
        "portal.too_large",
        "提交的内容太大（最多 12 MB），没有保存。请返回上一页精简正文，或把大文件作为附件另行报送；"
        "您填写的内容仍在上一页。",
        "What you sent is too large (12 MB at most) and was not saved. Go back and shorten it; "
        "what you entered is still on the previous page.",
    )
    error.status = 413
    return error


def _call(view: View, level: str, bound: bool, request: Request, form: Any) -> Response:
    with connection():
        ctx = open_ctx(request, form)
        request.state.ctx = ctx
        _check_signs(request, form)
        _check_token(request, form)
        # Before the right, which the other desk may lack: that is not what is wrong.
        if bound and ctx.desk_or_none is not None:
            _check_desk(ctx)
        check_level(ctx, level)
        try:
            return once(ctx, lambda: view(ctx, **request.path_params))
        except SystemExit as error:  # which would end the server, with all who are served there
            raise RuntimeError("a page tried to end the process") from error


def _check_signs(request: Request, form: FormData | None) -> None:
    """Refuse what no keyboard types and no database or XML takes: NUL, halves of characters, and
    U+FFFE and U+FFFF, which are none."""
    texts = [*request.path_params.values(), *request.query_params.values()]
    texts += [part for pair in form.multi_items() for part in pair] if form is not None else []
    texts += [one.filename or "" for one in texts if isinstance(one, UploadFile)]
    if any(isinstance(text, str) and _STRANGE.search(text) for text in texts):
        raise _strange()


_STRANGE = pattern("[\0\ud800-\udfff\ufffe\uffff]")


def _strange() -> Invalid:
    return Invalid(
        "portal.signs",
        "提交的内容或地址里有无法保存的字符，没有保存。请返回上一页，删除后重新输入。",
        "What you sent, or the address, holds signs that cannot be stored; nothing was saved. "
        "Go back, remove them, try again.",
    )


class _Number(IntegerConvertor):
    """A number in an address: of so many digits that every database takes it."""

    regex = "[0-9]{1,9}"


register_url_convertor("int", _Number())


def _check_token(request: Request, form: Any) -> None:
    session = cookies.session_of(request)
    if form is None or not token_due(request.headers, session):
        return
    if not token_holds(form.get(TOKEN), session):
        raise Refused(
            "portal.form_token",
            "这个表单已失效，没有保存。请返回上一页，刷新后重新提交。",
            "The form is out of date and nothing was saved. Go back, reload the page, try again.",
        )


def check_level(ctx: Ctx, level: str) -> None:
    """Refuse unless the desk holds the level that the page takes."""
    if level == PUBLIC:
        return
    desk = require(ctx.desk_or_none)
    if level != SIGNED_IN and not desk.has(level):
        raise Refused(
            "portal.not_allowed",
            "您的岗位不能打开这个页面。如工作需要，请联系本单位部门管理员。",
            "Your post may not open this page. Ask your unit's administrator if you need to.",
        )
