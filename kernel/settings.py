"""The typed settings of a node: ``data/instance/settings.toml``, then the environment.

A setting ``port`` is overridden by the environment variable ``JUYAN_PORT``. An unknown key in the
file is refused: a misspelt setting that is silently ignored is worse than a start that fails.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from kernel.dataclasses import dataclass, field
from kernel.errors import Invalid

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "data" / "reference"


@dataclass(frozen=True)
class Settings:
    """What a node is told from outside."""

    instance: Path = ROOT / "data" / "instance"
    """The folder of the node: database, blobs, keys, backups."""
    database: str = field(default="", repr=False)  # it may hold a password
    """Database URL; empty means the SQLite file ``juyan.db`` in the instance folder."""
    host: str = "127.0.0.1"
    """The address that the portal listens on."""
    port: int = 8000
    """The port that the portal listens on."""
    origin: str = ""
    """What the browser's address bar shows (scheme, host, port); acts are bound to it."""
    hosts: str = ""
    """More names that the portal answers to, separated by blanks; the origin's is always one."""
    demo: bool = False
    """A demo node: soft keys with one-click login are allowed, seals say DEMO."""
    language: str = "zh"
    """The language for who has not chosen one: ``zh`` or ``en``."""

    witness: str = ""
    """A second place for the notes of checkpoints, on another machine or disk: a file."""

    @property
    def notes(self) -> list[Path]:
        """The files in which checkpoints are noted outside the database."""
        own = [self.instance / "checkpoints.log"]
        return [*own, Path(self.witness).expanduser()] if self.witness else own

    @property
    def database_path(self) -> Path:
        """The SQLite file, where SQLite is used."""
        return self.instance / "juyan.db"

    @property
    def public_origin(self) -> str:
        """The origin that acts name; ``http://localhost:<port>`` unless set."""
        return self.origin or f"http://localhost:{self.port}"


def _convert(name: str, kind: object, value: object) -> object:
    try:
        if kind in ("Path", Path):
            return Path(str(value)).expanduser()
        if kind in ("int", int):
            return int(str(value))
        if kind in ("bool", bool):
            return str(value).strip().lower() in ("1", "true", "yes", "on")
        return str(value)
    except (ValueError, RuntimeError) as error:  # the latter for the home of ~nobody
        raise Invalid(
            "settings.value",
            f"设置项 {name} 的值“{value}”不对，请改为正确的数值。",
            f"The setting {name} cannot be {value!r}; give it a proper value.",
        ) from error


def read_toml(file: Path) -> dict[str, Any]:
    """The values in a TOML file that a person wrote.

    :raises ValueError: it is not UTF-8 or no TOML; the text says where.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _written(file: Path) -> dict[str, Any]:
    try:
        return read_toml(file)
    except ValueError as error:
        raise Invalid(
            "settings.file",
            f"{file} 不是正确的 TOML 文件（UTF-8）：{error}。请改正后重新启动。",
            f"{file} is not proper TOML in UTF-8: {error}. Correct it and start again.",
        ) from error


def load(instance: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of an instance.

    :param instance: the node's folder; default ``data/instance`` or ``JUYAN_INSTANCE``.
    :raises Invalid: ``settings.file``, ``settings.unknown`` or ``settings.value``.
    """
    env = os.environ if environ is None else environ
    base = Settings()
    folder = instance or Path(env.get("JUYAN_INSTANCE", str(base.instance)))
    known = {field.name: field.type for field in fields(Settings)}
    values: dict[str, object] = {"instance": folder}
    file = folder / "settings.toml"
    if file.exists():
        for name, value in _written(file).items():
            if name not in known:
                raise Invalid(
                    "settings.unknown",
                    f"{file} 里有不认识的设置项“{name}”，请删除或改正拼写。",
                    f"{file} has an unknown setting {name!r}; remove it or correct its spelling.",
                )
            values[name] = _convert(name, known[name], value)
    for name, kind in known.items():
        raw = env.get(f"JUYAN_{name.upper()}")
        if raw is not None and name != "instance":
            values[name] = _convert(name, kind, raw)
    return replace(base, **values)  # type: ignore[arg-type]  # the loop above converted each to its kind
