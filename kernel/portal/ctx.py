"""The context of one request: who asks, how he likes to read, and how to answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from markupsafe import Markup
from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kernel.acts import outbox
from kernel.acts.agenda import Waiting, soonest, waiting
from kernel.acts.gate import Done, PreparedAct, do, perform, prepare
from kernel.acts.house import reading
from kernel.acts.subjects import Subject, find
from kernel.acts.verbs import Verb
from kernel.crypto.ids import now
from kernel.errors import Invalid, OfficeError, Refused
from kernel.identity import sessions
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk, require
from kernel.identity.models import Look, Post
from kernel.plugins.switches import switchboard
from kernel.portal import cookies
from kernel.portal import origin as place
from kernel.portal.answers import as_file
from kernel.portal.export import export
from kernel.portal.form_tokens import drawn_for
from kernel.portal.i18n import _, choose
from kernel.portal.items import href_of
from kernel.portal.lists import Count, Fetch, ListSpec, build
from kernel.portal.looks import NODE_THEME, look_of
from kernel.portal.origin import settings as settings
from kernel.portal.page import Message, Mood
from kernel.portal.picker import Units
from kernel.portal.render import Renderer
from kernel.portal.urls import path_of, place_of, safe_path, url
from kernel.portal.words import end_of, local
from kernel.slots import Slot

BY_ITSELF = "juyan-unattended"
"""The header of what a script asks while its person may be away."""
renderer: Slot[Renderer] = Slot("renderer")
ROOMS = frozenset({"acts", "exchange", "seals", "house"})
"""Rooms of the kernel that put tasks into the task centre beside the plugins."""


class Ctx(Struct, dict=True):
    """One request at a desk."""

    request: Request
    form: Any
    desk_or_none: Desk | None
    language: str
    size: str
    theme: str
    look: Look
    flashes: list[Message] = field(default_factory=list)
    said: list[Message] = field(default_factory=list)
    topic: str = ""
    """The help topic of what is shown, where one page shows different things."""

    @property
    def desk(self) -> Desk:
        """The desk; NotSignedIn if nobody is signed in."""
        return require(self.desk_or_none)

    @property
    def posted(self) -> bool:
        """Whether a form was sent."""
        return self.request.method == "POST"

    @property
    def deliberate(self) -> bool:
        """Whether a person on our own pages asked: not another site, and no prefetch."""
        return place.deliberate(self.request.headers)

    def require_deliberate(self) -> None:
        """Refuse what leaves a trace unless a person asked for it here."""
        if not self.deliberate:
            raise Refused(
                "portal.not_deliberate",
                "请从本平台的列表中打开。来自其他网站的链接不会打开来文，也不会留下阅读记录。",
                "Please open it from the lists of the portal; links of other sites open nothing.",
            )

    @property
    def partial(self) -> bool:
        """Whether only a fragment is wanted (a script asks)."""
        return "hx-request" in self.request.headers

    @property
    def query(self) -> Mapping[str, str]:
        """The query string."""
        return self.request.query_params

    @property
    def path(self) -> str:
        """The path of this page."""
        return path_of(self.request.scope)

    @property
    def here(self) -> str:
        """Path and query of this page."""
        return place_of(self.request.scope)

    @cached_property
    def plugins(self) -> frozenset[str]:
        """The plugins that work for the organ of this desk, as the request began."""
        return switchboard().effective(self.desk.organ_code)

    @cached_property
    def waiting(self) -> Waiting:
        """How much waits at this desk, read once for all who show it."""
        moment, rooms = now(), self.plugins | ROOMS
        return waiting(self.desk, rooms, now=moment, end_of_day=end_of(local(moment).date()))

    @cached_property
    def posts(self) -> list[Post]:
        """The posts of the person with their units, read once."""
        return sessions.posts_of(self.desk.person)

    def onward(self, otherwise: str) -> str:
        """Where a form goes on: to its field ``next``, if that is a page of ours."""
        asked = str(self.form.get("next", "")) if self.form is not None else ""
        return safe_path(asked, otherwise) if asked else otherwise

    def get(self, cls: type[Any], uid: str) -> Any:
        """The object, if the desk may see it; NotFound otherwise."""
        return find(cls, uid, self.desk)

    def say(self, text: str, kind: Mood = "ok", href: str = "", label: str = "") -> None:
        """Let the next page show a sentence."""
        self.said.append(Message(kind, text, href, label))

    def say_done(self, text: str, place: str) -> None:
        """Let the next page, *place*, say what was done, with the way to what waits next."""
        way = ""
        if place.partition("?")[0] != url("home"):  # which shows it anyway
            rows = soonest(self.desk, self.plugins | ROOMS, ("todo",), 2)
            ways = [href_of(row.kind, row.subject) for row in rows]
            # What was just done may still stand among them, while the node is recording it.
            way = next((one for one in ways if one != place.partition("?")[0]), "")
        self.say(text, href=way, label=_("办下一件") if way else "")

    def render(
        self, template: str, /, status: int = 200, block: str | None = None, **context: Any
    ) -> Response:
        """Draw a page; of one with a large picker only the branches, where a script asks so."""
        from kernel.portal.frame import frame

        if (branches := self._branches(context.get("form"))) is not None:
            return HTMLResponse(branches)
        if getattr(context.get("form"), "unfolding", False):
            status = 200
        title = str(context.pop("title", ""))
        values = {"page": frame(self, title), "desk": self.desk_or_none, **context}
        with drawn_for(self.desk_or_none):
            html = renderer().render(
                template, values, language=self.language, theme=self.theme, block=block
            )
        session = cookies.session_of(self.request)
        if session and "sec-fetch-site" not in self.request.headers:
            html = place.with_token(html, session)
        response = HTMLResponse(html, status_code=status)
        if self.flashes:
            cookies.take(response, cookies.FLASH)
        return response

    def _branches(self, form: Any) -> Markup | None:
        name = self.query.get("picker", "") if self.partial and not self.posted else ""
        field = form[name] if name and form is not None and name in form else None
        if not isinstance(field, Units):
            return None
        branches = field.branches(self.query.get("branch", ""))
        return self.fragment("layout/branches.html", field=field, branches=branches)

    def fragment(self, template: str, /, **context: Any) -> Markup:
        """Draw a piece of a page."""
        values = {"desk": self.desk_or_none, **context}
        with drawn_for(self.desk_or_none):
            html = renderer().render(template, values, language=self.language, theme=self.theme)
        return Markup(html)  # noqa: S704  # what our own autoescaping templates have drawn

    def show_list(
        self,
        template: str,
        spec: ListSpec,
        fetch: Fetch,
        path: str,
        /,
        total: int | Count | None = None,
        **context: Any,
    ) -> Response:
        """Draw a list, or give it as a file where the query asks for an export.

        A place in it that there is not (an old address) shows its first page, and says so.
        """
        wanted = self.query.get("export", "")
        if wanted:
            self.require_deliberate()
            reading.note(self.desk, f"{spec.title}.{wanted}")
            return as_file(export(spec, self.query, fetch=fetch, kind=wanted))
        try:
            listing = build(spec, self.query, path=path, fetch=fetch, total=total)
        except Invalid as error:
            if error.code != "lists.cursor":
                raise
            self.say(error.text(self.language), "warn")
            first = {name: value for name, value in self.query.items() if name != "after"}
            listing = build(spec, first, path=path, fetch=fetch, total=total)
        context.setdefault("title", str(spec.title))
        return self.render(template, listing=listing, **context)

    def go(self, name: str, /, **params: Any) -> Response:
        """Send the browser to a named page."""
        return self.go_to(url(name, **params))

    def go_to(self, path: str) -> Response:
        """Send the browser to a path of this portal; to the home page where it is none."""
        # A script that uploads follows no redirect: what is said would be drawn on a page unseen.
        script = "x-upload" in self.request.headers
        response = (
            Response(status_code=204, headers={"x-location": safe_path(path)})
            if script
            else RedirectResponse(safe_path(path), status_code=303)
        )
        if self.said:
            data = [[one.kind, one.text, one.href, one.label] for one in self.said]
            packed = base64.urlsafe_b64encode(json.dumps(data).encode()).decode()
            cookies.give(response, cookies.FLASH, packed, age=60)
        return response

    def sign(
        self,
        action: Callable[..., Any] | Verb,
        subject: Subject | None,
        /,
        *,
        back: str,
        form_at: str = "",
        expect: int | None = None,
        **arguments: Any,
    ) -> Response:
        """Prepare a signed act and go to the page that shows what is about to be signed.

        :param back: where it goes on after the act. :param form_at: where the form stands that
            was filled in for it, if not there: who does not sign yet goes back to that.
        """
        prepared = prepare(self.desk, action, subject, expect=expect, back=back, **arguments)
        place = {"form": form_at} if form_at else {}
        return self.go("confirm", nonce=prepared.nonce, **place)

    def finish(self, prepared: PreparedAct, signature: Signature) -> Done:
        """Perform a signed act and wait a moment for what follows from it."""
        done = perform(self.desk, prepared, signature)
        outbox.settle(done.uid)
        return done

    def do(
        self, action: Callable[..., Any] | Verb, subject: Subject | None = None, /, **arguments: Any
    ) -> Any:
        """Perform an act that needs no signature."""
        return do(self.desk, action, subject, **arguments)


def _flashes(request: Request) -> list[Message]:
    packed = request.cookies.get(cookies.name_of(cookies.FLASH), "")
    try:
        data = json.loads(base64.urlsafe_b64decode(packed)) if packed else []
        if not all(isinstance(said, str) for one in data for said in one):
            return []  # the cookie is the browser's: anything may stand there
        return [Message(kind, text, safe_path(href, ""), label) for kind, text, href, label in data]
    except (ValueError, TypeError, RecursionError):
        return []


def _desk(request: Request) -> Desk | None:
    token = cookies.session_of(request)
    if not token:
        return None
    try:
        return sessions.find(token, settings().public_origin, touch=not _by_itself(request))
    except OfficeError:
        return None


def _by_itself(request: Request) -> bool:
    """Whether a page asks and not its person; one who says so wrongly is signed out the sooner."""
    return BY_ITSELF in request.headers or request.scope["path"] == "/events"


def open_ctx(request: Request, form: Any = None) -> Ctx:
    """The context of a request, within its worker thread and connection."""
    desk = _desk(request)
    own = desk.person if desk else None
    size = (own.text_size if own else "") or request.cookies.get("size", "")
    language = choose(
        own.language if own else None, request.cookies.get("lang"), settings().language
    )
    look = look_of(desk.organ_code if desk else organ_here(request))
    return Ctx(
        request=request,
        form=form,
        desk_or_none=desk,
        language=language,
        size="large" if size == "large" else "normal",
        theme=look.theme if look.theme in renderer().themes else NODE_THEME,
        look=look,
        flashes=_flashes(request),
    )


def organ_here(request: Request) -> str:
    """The organ whose door this is before anybody signed in: named in the address, else the one
    that this browser came in by last time."""
    return request.query_params.get("unit") or request.cookies.get(
        cookies.name_of(cookies.UNIT), ""
    )
