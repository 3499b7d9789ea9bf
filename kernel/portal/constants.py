"""Sentences and icons of a template, put in when it is compiled.

A page of fifty rows says some two hundred sentences that never change. Jinja asks for each of them
when it is drawn, by a dozen calls; here each language has an environment of its own, in whose
templates the sentences already stand. What is computed is the same: a test draws both ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from types import FunctionType, MethodType
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from kernel.deferred import pattern

_PLACE = pattern(r"%\((\w+)\)s")
_SIMPLE = (nodes.Name, nodes.Getattr, nodes.Const)


class PageContext(Context):
    """Calls macros and plain functions straight away; what wants the context is left to Jinja."""

    def call(__self, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # as Jinja's
        """Call it as a template does."""
        kind = type(__obj)
        if kind is Macro or (
            (kind is FunctionType or kind is MethodType) and not hasattr(__obj, "jinja_pass_arg")
        ):
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
            return __obj(*args, **kwargs)
        return super().call(__obj, *args, **kwargs)


_ESCAPED = re.compile("[&<>\"']").search


def shown(value: Any) -> str:
    """The value as it stands in a page: what :func:`markupsafe.escape` gives, but a plain string
    where that is one already, because all that is drawn is joined anyway."""
    kind = type(value)
    if kind is Markup:
        return value  # type: ignore[no-any-return]  # which it is, by its type
    if kind is str:
        return value if _ESCAPED(value) is None else escape(value)
    return str(value) if kind is int else escape(value)


class PageGenerator(CodeGenerator):
    """Writes ``environment.shown(x)`` where Jinja writes ``escape(x)``."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.shown(")


class PageEnvironment(Environment):
    """Compiles templates for one language.

    :ivar variant: names what is put in; whoever keeps compiled templates keeps them by it.
    """

    context_class = PageContext
    code_generator_class = PageGenerator
    shown = staticmethod(shown)
    variant = ""
    say: Callable[[str], str] | None = None
    """Puts a sentence into the language; without it none is put in."""
    icon: Callable[..., Markup] | None = None

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        if self.say is not None and self.icon is not None:
            source = _Constants(self.say, self.icon).visit(source)
        return super()._generate(source, *args, **kwargs)


class _Constants(NodeTransformer):
    def __init__(self, say: Callable[[str], str], icon: Callable[..., Markup]) -> None:
        self.say, self.icon = say, icon

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # named by Jinja
        self.generic_visit(node)
        if _called(node, "_", "gettext"):
            return self._sentence(node)
        return self._icon(node) if _called(node, "icon") else node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        """A sentence with values that is written straight out becomes its parts."""
        parts: list[nodes.Expr] = []
        for child in node.nodes:
            found = _parts(self.say, child) if isinstance(child, nodes.Call) else None
            parts += [child] if found is None else found
        node.nodes = parts
        return self.generic_visit(node)

    def _sentence(self, node: nodes.Call) -> nodes.Node:
        said = Markup(self.say(_given(node)))  # noqa: S704  # a sentence of our own
        values = [nodes.Pair(nodes.Const(one.key), one.value) for one in node.kwargs]
        if not values:
            return nodes.Const(said % {})
        return nodes.Mod(nodes.Const(said), nodes.Dict(values), lineno=node.lineno)

    def _icon(self, node: nodes.Call) -> nodes.Node:
        try:
            options = {one.key: one.value.as_const() for one in node.kwargs}
            return nodes.Const(self.icon(_given(node), **options))
        except (nodes.Impossible, KeyError, TypeError):
            return node  # a defect of the template, which is told when that place is drawn


def _called(node: nodes.Call, *names: str) -> bool:
    """Whether it calls one of these with one constant text, whatever is named after it."""
    given = node.args
    return (
        isinstance(node.node, nodes.Name)
        and node.node.name in names
        and len(given) == 1
        and isinstance(given[0], nodes.Const)
        and isinstance(given[0].value, str)
        and node.dyn_args is None
        and node.dyn_kwargs is None
    )


def _given(node: nodes.Call) -> str:
    return str(node.args[0].as_const())


def _parts(say: Callable[[str], str], node: nodes.Call) -> list[nodes.Expr] | None:
    """The sentence as text and values by turns; None where only ``%`` can fill it in."""
    if not _called(node, "_", "gettext") or not node.kwargs:
        return None
    values = {one.key: one.value for one in node.kwargs}
    pieces = _PLACE.split(say(_given(node)))
    texts, names = pieces[::2], pieces[1::2]
    plain = not any("%" in text.replace("%%", "") for text in texts)
    if not plain or not set(names) <= set(values) or not _once(names, values):
        return None
    found: list[nodes.Expr] = []
    for at, text in enumerate(texts):
        found.append(nodes.TemplateData(text.replace("%%", "%")))
        if at < len(names):
            found.append(values[names[at]])
    return found


def _once(names: Iterable[str], values: dict[str, nodes.Expr]) -> bool:
    """Whether each value is reckoned once, or may be twice."""
    named = list(names)
    return all(named.count(one) < 2 or isinstance(values[one], _SIMPLE) for one in named)
