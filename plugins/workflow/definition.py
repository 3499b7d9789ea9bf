"""A flow: its steps in order, each with who may do it. Written as TOML by the plugin that needs it.

::

    key = "documents.outgoing"
    version = 1
    title = "发文办理"
    title_en = "Outgoing documents"

    [[steps]]
    key = "sign"
    title = "签发"
    title_en = "Sign off"
    verb = "documents.sign_off"
    level = "documents.sign"
    scope = "organ"
    back = ["draft", "office_review"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

Scope = Literal["starter", "section", "organ"]


class Step(Struct, frozen=True):
    """One step of a flow.

    :ivar verb: the act that does it. :ivar level: the level of rights that its candidates hold.
    :ivar scope: ``starter`` (the post that began), ``section`` (the starter's section; the whole
        organ where nobody there holds the level) or ``organ``.
    :ivar back: the steps to which it may be sent back.
    """

    key: str
    title: str
    title_en: str
    verb: str
    level: str = ""
    scope: Scope = "organ"
    back: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        """Its title in ``zh`` or ``en``."""
        return self.title_en if language == "en" else self.title


class Flow(Struct, frozen=True):
    """A flow in one version. A running matter keeps the version that it began with."""

    key: str
    version: int
    title: str
    title_en: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        """Refuse a flow that nobody could run (ValueError: a defect of the plugin)."""
        keys = [step.key for step in self.steps]
        wrong = {key for step in self.steps for key in step.back if key not in keys}
        if not keys or len(set(keys)) != len(keys) or wrong:
            raise ValueError(f"{self.key}: steps are missing, doubled or unknown: {keys} {wrong}")

    def step(self, key: str) -> Step:
        """The step of this key; KeyError if there is none."""
        return {step.key: step for step in self.steps}[key]

    def after(self, key: str) -> Step | None:
        """The step that follows; None after the last one."""
        index = self.steps.index(self.step(key)) + 1
        return self.steps[index] if index < len(self.steps) else None

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return asdict(self) | {"steps": [asdict(step) for step in self.steps]}


def flow_of(data: Mapping[str, Any]) -> Flow:
    """A flow from plain values, as TOML or the table hold them."""
    steps = tuple(Step(**{**one, "back": tuple(one.get("back", ()))}) for one in data["steps"])
    return Flow(data["key"], data["version"], data["title"], data["title_en"], steps)


def read_flow(file: Path) -> Flow:
    """A flow from its file."""
    return flow_of(tomllib.loads(file.read_text("utf-8")))
