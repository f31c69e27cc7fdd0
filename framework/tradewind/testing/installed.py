"""The kits over installed plugins, without a file of the author's: what ``tradewind test`` runs."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from tradewind.errors import PluginError, UserError, choices
from tradewind.registry import Registry
from tradewind.testing.examples import example_params
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.subject import installed_registry
from tradewind.testing.kits.told import options_of

if TYPE_CHECKING:
    from tradewind.registry.records import RegisteredPlugin

__all__ = [
    "KITS",
    "Failure",
    "Verdict",
    "check_installed",
    "check_source",
    "kit_of",
    "kit_of_installed",
    "select",
]

KITS: Mapping[str, str] = MappingProxyType(
    {
        "strategy": "StrategyKit",
        "regime": "RegimeKit",
        "sizer": "SizerKit",
        "exit": "ExitKit",
        "factor": "FactorKit",
        "cost": "CostKit",
        "gate": "GateKit",
        "breaker": "BreakerKit",
        "report": "ReportKit",
        "feed": "FeedKit",
    }
)
"""Kind to the kit that needs nothing but the plugin; of other kinds, what all plugins share is tested."""
_NEEDS_FILES = ("feed",)
"""Kinds whose plugins, where they have parameters without a default, want files that only their author has."""
_TESTS = "from tradewind.testing.installed import waiting\n\nglobals().update(waiting())\n"
_PREFIX = re.compile(r"^(\w+\.)*KitFailureError: ")

_waiting: dict[str, type] = {}


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that did not pass.

    Parameters
    ----------
    test
        Its name.
    message
        What it says.
    meaning
        The first sentences of its docstring: what the test means.
    """

    test: str
    message: str
    meaning: str


@dataclass(slots=True)
class Verdict:
    """What the kit says of one plugin.

    Parameters
    ----------
    title
        Kind, name and provider.
    partial
        Whether only what all plugins share was tested.
    passed, skipped
        Numbers of tests.
    failures
        Those that failed.
    """

    title: str
    partial: bool = False
    passed: int = 0
    skipped: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether none failed, and one at least passed: what was not tested is not sound."""
        return self.passed > 0 and not self.failures


def kit_of(
    kind: str, plugin: Any, params: Mapping[str, Any], name: str = "", *, shared_only: bool = False, **attributes: Any
) -> type[PluginKit]:
    """Return a kit's class for one plugin, as an author would write it.

    Parameters
    ----------
    kind
        Kind of the plugin.
    plugin
        Its name, ``file.py:Class``, a class or a record.
    params
        Parameters to make it with.
    name
        Name of the class; by default, one made from the plugin's.
    shared_only
        Whether to test only what all plugins share.
    attributes
        Further attributes of the class.
    """
    kit = PluginKit if shared_only or kind not in KITS else getattr(import_module("tradewind.testing"), KITS[kind])
    title = name or f"Test{kind.title()}{''.join(part.title() for part in re.findall('[A-Za-z0-9]+', str(plugin)))}"
    attributes = {"kind": kind, "plugin": plugin, "params": dict(params), "__module__": __name__, **attributes}
    return type(title, (kit,), attributes)


def kit_of_installed(registry: Registry, registered: RegisteredPlugin, name: str = "") -> type[PluginKit]:
    """Return a kit's class for an installed plugin.

    A plugin whose class or function has ``kit_options``, a mapping of attributes of its kit (``params``, ``refuses``),
    says with them how it is to be tested; parameters without a default otherwise get a middling value.
    """
    options = options_of(registered.plugin.create, registered.kind, f"{registered.kind} '{registered.name}'")
    example = example_params(registry, registered)
    lacks_files = registered.kind in _NEEDS_FILES and bool(example) and not options
    params = {**example, **options.pop("params", {})}
    return kit_of(registered.kind, registered.name, params, name, shared_only=lacks_files, **options)


def select(distribution: str, *, kind: str | None = None, name: str | None = None) -> tuple[RegisteredPlugin, ...]:
    """Return the plugins of an installed distribution.

    Raises
    ------
    UserError
        If there is no such distribution, or it gives no such plugin.
    """
    registry = installed_registry()
    known = {_normal(one.distribution): one.distribution for one in registry.providers}
    if _normal(distribution) not in known:
        raise UserError(
            f"no installed distribution '{distribution}' gives plugins; {choices(distribution, known.values())} "
            f"Install it first, or name a class as ./file.py:Class with --kind"
        )
    own = [one for one in registry.plugins() if _normal(one.distribution) == _normal(distribution)]
    chosen = tuple(one for one in own if kind in (None, one.kind) and name in (None, one.name))
    if not chosen and not broken_of(registry, distribution):
        wanted = " ".join(filter(None, [kind, f"'{name}'" if name else ""])) or "plugin"
        raise UserError(
            f"{distribution} gives no {wanted}; {choices(name or '', {one.name for one in own})} "
            f"Leave --kind and --name out to test them all"
        )
    return chosen


def broken_of(registry: Registry, distribution: str) -> tuple[str, ...]:
    """Return what is broken in a distribution, and why."""
    return tuple(str(one) for one in registry.broken if _normal(one.distribution) == _normal(distribution))


def check_installed(
    distribution: str, *, kind: str | None = None, name: str | None = None
) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """Return what the kits say of a distribution's plugins, and what of it is broken."""
    registry = installed_registry()
    kits = {
        f"TestPlugin{number}": kit_of_installed(registry, one, f"TestPlugin{number}")
        for number, one in enumerate(select(distribution, kind=kind, name=name))
    }
    return _run(kits), broken_of(registry, distribution)


def check_source(reference: str, kind: str) -> tuple[Verdict, ...]:
    """Return what the kit of a kind says of ``./file.py:Class`` or ``package.module:Class``."""
    source, _, name = reference.rpartition(":")
    absolute = f"{Path(source).resolve()}:{name}" if source.endswith(".py") else reference
    bare = kit_of(kind, absolute, {}, "TestBare")
    subject = bare.subject()
    options = options_of(subject.registered.plugin.create, kind, subject.title)
    params = {**example_params(subject.registry, subject.registered), **options.pop("params", {})}
    return _run({"TestPlugin0": kit_of(kind, absolute, params, "TestPlugin0", **options)})


def waiting() -> dict[str, type]:
    """Return the classes that are to be run, for the module that pytest collects."""
    return dict(_waiting)


class _Collector:
    """Takes what pytest reports, by class."""

    def __init__(self, verdicts: Mapping[str, Verdict], kits: Mapping[str, type]) -> None:
        self._verdicts = verdicts
        self._kits = kits

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test."""
        name, _, test = report.nodeid.partition("::")[2].partition("::")
        verdict = self._verdicts[name]
        if report.failed:
            function = getattr(self._kits[name], test.partition("[")[0], None)
            verdict.failures.append(Failure(test, _message(report), _meaning(function)))
        elif report.skipped:
            verdict.skipped += 1
        elif report.when == "call":
            verdict.passed += 1


def _run(kits: Mapping[str, type[PluginKit]]) -> tuple[Verdict, ...]:
    verdicts = {name: Verdict(kit.subject().title, partial=kit.__mro__[1] is PluginKit) for name, kit in kits.items()}
    if not kits:
        return ()
    _waiting.clear()
    _waiting.update(kits)
    with tempfile.TemporaryDirectory() as folder, _alone():
        # A name of its own: Python would remember the module of an earlier run.
        file = Path(folder, f"test_{Path(folder).name}.py")
        file.write_text(_TESTS, encoding="utf-8")
        configuration = Path(folder, "pytest.ini")
        configuration.write_text("[pytest]\nfilterwarnings =\n    ignore\n", encoding="utf-8")
        places = ("--rootdir", folder, "--confcutdir", folder, "-c", str(configuration), "--import-mode=importlib")
        ended = pytest.main(
            [str(file), *places, "-p", "no:cacheprovider", "-p", "no:terminal"], plugins=[_Collector(verdicts, kits)]
        )
    if ended == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise PluginError(
            f"the kits did not come to an end: pytest ended with {int(ended)} after "
            f"{sum(one.passed for one in verdicts.values())} tests. Test the plugin from a test file of your own, "
            f"where pytest says what is wrong"
        )
    return tuple(verdicts.values())


@contextmanager
def _alone() -> Iterator[None]:
    """Keep the user's own options and plugins of pytest out."""
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return _PREFIX.sub("", crash.message if crash is not None else str(report.longrepr))


def _meaning(function: Any) -> str:
    return " ".join((getattr(function, "__doc__", None) or "").split())


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()
