"""Rules on what a strategy calls: clocks, dice, networks, brokers and the engine around it."""

from __future__ import annotations

import ast
import difflib
import importlib
from functools import reduce
from typing import TYPE_CHECKING

from tradewind.engine.doctor.source import methods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.engine.doctor.source import Source, Unit

__all__ = ["call_findings", "script_findings"]

_Found = tuple[str, int, str]

_CALLS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
            *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime"),
            *("pandas.Timestamp.now", "pandas.Timestamp.today", "pandas.Timestamp.utcnow"),
        ),
        "wall-clock",
    ),
    "time.sleep": "sleep",
    **dict.fromkeys(("uuid.uuid1", "uuid.uuid4", "os.urandom"), "unseeded-random"),
    **dict.fromkeys(("os.system", "os.popen", "os.fork", "multiprocessing.Process", "multiprocessing.Pool"), "process"),
    **dict.fromkeys(("threading.Thread", "threading.Timer", "_thread.start_new_thread"), "thread"),
    **dict.fromkeys(("os.remove", "os.unlink", "os.rename", "os.mkdir", "os.makedirs"), "file-write"),
}

_PREFIXES: tuple[tuple[str, str], ...] = (
    ("requests.", "network"),
    ("urllib.request.", "network"),
    ("http.client.", "network"),
    ("socket.create_connection", "network"),
    ("aiohttp.", "network"),
    ("httpx.", "network"),
    ("yfinance.", "network"),
    ("smtplib.", "network"),
    ("websocket.", "network"),
    ("ccxt.", "network"),
    ("subprocess.", "process"),
    ("secrets.", "unseeded-random"),
    ("matplotlib.pyplot.", "plots"),
    ("backtrader.stores.", "own-store"),
    ("backtrader.brokers.", "own-store"),
    ("backtrader.feeds.", "own-feed"),
)

_GENERATORS = frozenset({"random.Random", "numpy.random.default_rng", "numpy.random.RandomState"})
_DICE = ("random.", "numpy.random.")
_NO_DICE = frozenset({"seed", "Generator", "SeedSequence", "PCG64", "MT19937", "Philox", "getstate", "setstate"})
_STORE_BASES = frozenset({"backtrader.Store", "backtrader.store.Store", "backtrader.store.MetaSingleton"})
_SCRIPT_SETS = frozenset(
    {"addsizer", "addsizer_byidx", "resampledata", "replaydata", "add_timer", "add_signal", "addcommissioninfo"}
)


def call_findings(source: Source, units: list[Unit]) -> Iterator[_Found]:
    """Yield rule, line and text of the calls within the units that will not be honoured or surprise."""
    seeded = _seeded(source)
    for unit in units:
        if isinstance(unit, ast.ClassDef):
            yield from _bases(source, unit)
            yield from _unknown_names(source, unit)
        for function in methods(unit):
            if isinstance(unit, ast.ClassDef) and function.name in {"next_open", "nextstart_open"}:
                yield "cheat-on-open", function.lineno, f"{unit.name} defines {function.name}"
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    yield from _call(source, node, seeded)


def script_findings(source: Source) -> Iterator[_Found]:
    """Yield what the file does with a Cerebro of its own, outside of the strategy."""
    made = {
        target.id
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and source.dotted(node.value.func) in {"backtrader.Cerebro"}
    }
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        chain = _chain(node.func)
        if chain[0] not in made:
            continue
        on_broker = chain[1:-1] == ["broker"] and _sets(chain[-1])
        if on_broker or (len(chain) == 2 and chain[-1] in _SCRIPT_SETS):
            yield "script-setup", node.lineno, f"the script calls `{'.'.join(chain)}`"
    for node in _at_import(source.tree.body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = source.dotted(node.func)
            if name.startswith(("backtrader.stores.", "backtrader.brokers.")):
                yield "own-store", node.lineno, f"`{_short(node)}` is called when the file is imported"
            chain = _chain(node.func)
            if chain[0] in made and chain[-1] in {"run", "plot"}:
                yield "runs-at-import", node.lineno, f"`{'.'.join(chain)}()` stands at the top level of the file"


def _call(source: Source, node: ast.Call, seeded: bool) -> Iterator[_Found]:
    name = source.dotted(node.func)
    rule = _CALLS.get(name) or next((rule for prefix, rule in _PREFIXES if name.startswith(prefix)), "")
    if not rule and _rolls_dice(name, node, seeded):
        rule = "unseeded-random"
    text = f"`{_short(node)}`"
    if isinstance(node.func, ast.Name) and not name:
        if node.func.id == "input":
            rule = "asks-input"
        elif node.func.id == "open" and _writes(node):
            rule = "file-write"
    if rule:
        yield rule, node.lineno, f"{text} is called in the strategy"
    elif isinstance(node.func, ast.Attribute):
        yield from _on_engine(node.lineno, _chain(node.func), text, _first_is_true(node))


def _on_engine(line: int, chain: list[str], text: str, on: bool) -> Iterator[_Found]:
    """Judge a call on the strategy's broker or Cerebro."""
    if chain[0] != "self" or len(chain) < 3:
        return
    owner, name = chain[1:-1], chain[-1]
    if owner[-1] == "broker" and name in {"set_coc", "set_coo"}:
        if on:
            yield "cheating-fill", line, f"{text} lets orders fill at a price already seen"
    elif owner[-1] == "broker" and _sets(name):
        yield "broker-changed", line, f"{text} changes the broker"
    elif owner in (["cerebro"], ["env"]):
        if name in {"adddata", "resampledata", "replaydata", "chaindata", "rolloverdata"}:
            yield "own-feed", line, f"{text} adds a feed"
        elif name == "plot":
            yield "plots", line, f"{text} draws"
        elif name.startswith(("add", "set", "opt")) or name == "run":
            yield "cerebro-changed", line, f"{text} changes the engine"
    elif name in {"getbroker", "getdata"}:
        yield "own-store", line, f"{text} asks a store"


def _bases(source: Source, unit: ast.ClassDef) -> Iterator[_Found]:
    for base in (*unit.bases, *(keyword.value for keyword in unit.keywords)):
        name = source.dotted(base)
        if name in _STORE_BASES or name.startswith(("backtrader.stores.", "backtrader.brokers.")):
            yield "own-store", unit.lineno, f"{unit.name} derives from {name}"


def _unknown_names(source: Source, unit: ast.ClassDef) -> Iterator[_Found]:
    inner = {id(node.value) for node in ast.walk(unit) if isinstance(node, ast.Attribute)}
    guarded = {id(node) for block in ast.walk(unit) if isinstance(block, ast.Try) for node in ast.walk(block)}
    for node in ast.walk(unit):
        if not isinstance(node, ast.Attribute) or id(node) in inner or id(node) in guarded:
            continue
        name = source.dotted(node)
        if name.startswith("backtrader.") and not name.startswith(("backtrader.stores.", "backtrader.brokers.")):
            yield from _unknown(node.lineno, name)


def _unknown(line: int, name: str) -> Iterator[_Found]:
    """Judge a dotted name of Backtrader."""
    package, *parts = name.split(".")
    whole = importlib.import_module(package)
    for depth, part in enumerate(parts):
        holder = reduce(getattr, parts[:depth], whole)
        if hasattr(holder, part):
            continue
        near = difflib.get_close_matches(part, dir(holder), n=1, cutoff=0.6)
        hint = f" (did you mean {near[0]}?)" if near else ""
        hint = " (it needs TA-Lib: pip install 'tradewind[ta]')" if part == "talib" else hint
        yield "unknown-name", line, f"`{name.replace('backtrader', 'bt', 1)}` does not exist{hint}"
        return


def _seeded(source: Source) -> bool:
    """Tell whether the file seeds a module's shared generator with something."""
    return any(
        isinstance(node, ast.Call)
        and source.dotted(node.func) in {"random.seed", "numpy.random.seed"}
        and bool(node.args or node.keywords)
        for node in ast.walk(source.tree)
    )


def _rolls_dice(name: str, node: ast.Call, seeded: bool) -> bool:
    if name in _GENERATORS:
        return not (node.args or node.keywords)
    if name == "random.SystemRandom":
        return True
    return not seeded and name.startswith(_DICE) and name.rpartition(".")[2] not in _NO_DICE


def _sets(name: str) -> bool:
    return name.startswith(("set", "add_", "addcomm"))


def _writes(node: ast.Call) -> bool:
    mode = next((keyword.value for keyword in node.keywords if keyword.arg == "mode"), None)
    mode = node.args[1] if mode is None and len(node.args) > 1 else mode
    return isinstance(mode, ast.Constant) and isinstance(mode.value, str) and bool(set(mode.value) & set("wax+"))


def _first_is_true(node: ast.Call) -> bool:
    value = node.args[0] if node.args else next((keyword.value for keyword in node.keywords), None)
    return not (isinstance(value, ast.Constant) and not value.value)


def _chain(node: ast.expr) -> list[str]:
    """Return ``["self", "broker", "setcash"]`` for ``self.broker.setcash``; an empty first part for others."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return parts[::-1]


def _short(node: ast.Call) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{ast.unparse(node.func)}(…)"


def _at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes that run when the file is imported."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            continue
        yield from ast.walk(statement)
