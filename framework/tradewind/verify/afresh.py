"""A plan that decides bar by bar in fresh processes, which remember nothing of its history."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import tradewind.errors
from tradewind.errors import PluginError, TradewindError
from tradewind.model import Bars
from tradewind.verify.trace import FactorError, Trace, decide, owners_of, stepped_factors_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.engine.assemble import Builder
    from tradewind.model.typing import FloatArray

__all__ = ["DECISIONS", "FACTORS", "Stream", "decide_streamed", "packed", "stream_afresh", "stream_of", "unpacked"]

FACTORS, DECISIONS = "factors", "decisions"
_HASH_SEED = "4711"
"""Of the fresh process, so that what rests on the order of a set shows."""


class Stream(NamedTuple):
    """What comes of a plan bar by bar: its factors, made by their step forms, or the error of one; its decisions."""

    factors: Mapping[str, Mapping[str, FloatArray]] | FactorError
    trace: Trace


def stream_of(builder: Builder, bars: Bars) -> Stream:
    """Let a plan decide bar by bar in this process."""
    try:
        factors = stepped_factors_of(builder, bars)
    except FactorError as error:
        return Stream(error, Trace(()))
    return Stream(factors, decide_streamed(builder, bars))


def decide_streamed(builder: Builder, bars: Bars) -> Trace:
    """Return what a plan decides where bars arrive one by one."""
    return decide(builder, bars.between(0, 0), len(bars) - 1, rows=bars.rows())


def stream_afresh(builder: Builder, bars: Bars) -> Stream:
    """Let a plan decide bar by bar in a fresh process, with the plugins that are installed.

    Its factors are made before, in another: what they note of the history is not there when decisions are made.

    Raises
    ------
    PluginError
        If a process ends early, or the plan cannot be put together there.
    """
    factors: Mapping[str, Mapping[str, FloatArray]] = {}
    if any(owners_of(builder, bars).values()):
        failed, factors = _afresh(builder, bars, FACTORS)
        if failed:
            return Stream(FactorError(*failed), Trace(()))
    records, raised, bar = _afresh(builder, bars, DECISIONS)
    return Stream(factors, Trace(records, _error(*raised) if raised else None, bar))


def _afresh(builder: Builder, bars: Bars, wanted: str) -> Any:
    """Return what a fresh process makes of a plan: its factors or its decisions."""
    with tempfile.TemporaryDirectory() as folder:
        request, answer, complaints = (Path(folder, name) for name in ("request", "answer", "complaints"))
        request.write_bytes(pickle.dumps((sys.path, builder.plan, builder.directory, packed(bars), wanted)))
        with complaints.open("wb") as told:
            ended = subprocess.run(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-P", "-W", "ignore", "-m", "tradewind.verify.child", str(request), str(answer)],
                env={
                    **os.environ,
                    "PYTHONHASHSEED": _HASH_SEED,
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=told,
                check=False,
            )
        if not answer.is_file():
            raise PluginError(
                f"verify: a fresh process in which the plan was to decide bar by bar ended with {ended.returncode}: "
                f"{_last_line(complaints)}. Look for a plugin that ends the process, or needs what only this one has"
            )
        refused, made = pickle.loads(answer.read_bytes())  # noqa: S301 - of our child
    if refused:
        raise PluginError(
            f"verify: in a fresh process the plan cannot be put together: {refused}. Look for what only this process "
            f"has: a plugin registered by hand, a module that is changed while it runs"
        )
    return made


def packed(bars: Bars) -> dict[str, Any]:
    """Return what bars consist of, in a form that can be sent to another process."""
    content = {one.name: getattr(bars, one.name) for one in dataclasses.fields(bars)}
    references = {role: packed(series) for role, series in bars.references.items()}
    return {**content, "fields": dict(bars.fields), "references": references}


def unpacked(content: Mapping[str, Any]) -> Bars:
    """Return the bars that `packed` has taken apart."""
    references = {role: unpacked(series) for role, series in content["references"].items()}
    return Bars(**{**content, "references": references})


def _error(kind: str, message: str) -> TradewindError:
    found = getattr(tradewind.errors, kind, PluginError)
    return found(message) if isinstance(found, type) and issubclass(found, TradewindError) else PluginError(message)


def _last_line(complaints: Path) -> str:
    lines = complaints.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")
