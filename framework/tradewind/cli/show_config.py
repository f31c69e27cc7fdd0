"""``tradewind show-config``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradewind.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.config.node import Origin

__all__ = ["show_config"]

_PLAIN = re.compile(r"[A-Za-z_./](?:[\w ./()+-]*[\w./()+-])?")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_COLUMN_LIMIT = 60
_REFERENCE_KEYS = {"name", "python", "backtrader", "params"}


def show_config(
    config: options.Config,
    extra: options.Extra = None,
    mode: options.Mode = "backtest",
    mode_file: options.ModeFile = None,
    overrides: options.Overrides = None,
    start: options.Start = None,
    end: options.End = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: the values and their origins.")] = False,
) -> None:
    """Print the configuration after merging, with the origin of each value beside it."""
    loaded = options.load(config, extra, mode, mode_file, overrides, start, end)
    values = _tidy(loaded.plan.model_dump(mode="json"))
    if as_json:
        origins = {path: str(origin) for path, origin in loaded.origins.items() if _has(values, path)}
        typer.echo(json.dumps({"config": values, "origins": origins}, indent=2, ensure_ascii=False))
        return
    lines = list(_lines(values, "", 0, loaded.origins))
    width = min(_COLUMN_LIMIT, max(len(text) for text, origin in lines if origin))
    for text, origin in lines:
        typer.echo(f"{text.ljust(width)}  # {origin}" if origin else text)


def _tidy(value: Any) -> Any:
    """Return the plan's data without the parts of a plugin reference that are not given."""
    if isinstance(value, dict):
        if set(value) == _REFERENCE_KEYS:
            value = {key: one for key, one in value.items() if one not in (None, {})}
        return {key: _tidy(one) for key, one in value.items()}
    return [_tidy(one) for one in value] if isinstance(value, list) else value


def _has(value: Any, path: str) -> bool:
    for step in path.split("."):
        inside = isinstance(value, dict) and step in value
        indexed = isinstance(value, list) and step.isdigit() and int(step) < len(value)
        if not inside and not indexed:
            return isinstance(value, dict) and path.split(".")[-1] in value
        value = value[int(step) if indexed else step]
    return True


def _lines(
    value: Any, path: str, depth: int, origins: Mapping[str, Origin], *, item: bool = False
) -> Iterator[tuple[str, Origin | None]]:
    """Yield lines of YAML and the origin of the value on each."""
    indent = "  " * depth
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for number, (key, one) in enumerate(entries):
        here = f"{path}.{key}" if path else str(key)
        dash = isinstance(value, list)
        lead = f"{indent[:-2]}- " if item and number == 0 else indent
        label = f"{lead}- " if dash else f"{lead}{_scalar(str(key))}:"
        if dash and isinstance(one, dict) and one:
            yield from _lines(one, here, depth + 1, origins, item=True)
        elif isinstance(one, dict | list) and one:
            yield label, None
            yield from _lines(one, here, depth + 1, origins)
        else:
            shown = _scalar(one) if not isinstance(one, dict | list) else ("{}" if isinstance(one, dict) else "[]")
            yield (f"{label}{shown}" if dash else f"{label} {shown}"), origins.get(here)


def _scalar(value: Any) -> str:
    """Return a scalar as YAML that the loader reads back as the same value."""
    from tradewind.config.scalars import resolve

    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) is not None and resolve(value) == value:
        return value
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))
