"""The registry: every plugin by kind and name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic_core
from pydantic import BaseModel, ValidationError

from tradewind.contracts.plugin import KINDS, Directory, Seed
from tradewind.errors import (
    ConfigError,
    DataError,
    GateError,
    PluginError,
    RiskHaltError,
    TradewindError,
    UserError,
    choices,
)
from tradewind.registry.contract import contract_fault
from tradewind.registry.discovery import Discovery
from tradewind.registry.parameters import model_of, read_signature
from tradewind.registry.problems import Problem, Step, problems_of, raise_problems
from tradewind.registry.python_source import check_form, load_source
from tradewind.registry.raised import told
from tradewind.registry.records import BrokenPlugin, Provider, RegisteredPlugin
from tradewind.registry.reference import PluginRef
from tradewind.registry.safe_mode import disabled_note
from tradewind.registry.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Registry"]

_NOTE = "\n  note: "
_PREFIXED = (UserError, ConfigError, PluginError, DataError, RiskHaltError, GateError)


class Registry:
    """Plugins by kind and name; those that are broken, and why."""

    def __init__(self) -> None:
        self._discovery = Discovery()

    @classmethod
    def load(cls, *, entry_points: bool = True, only: Collection[str] = ()) -> Registry:
        """Return a registry of everything installed under the entry-point group ``tradewind``.

        A plugin that is at fault is listed in `broken` and never raises here. The environment variable
        ``TRADEWIND_PLUGINS`` limits what is loaded (`tradewind.registry.safe_mode`).

        Parameters
        ----------
        entry_points
            False for a registry that is empty.
        only
            Names of the entry points to load, for who is in a hurry; empty: all.

        Raises
        ------
        UserError
            If ``TRADEWIND_PLUGINS`` names a distribution that gives no plugins.
        """
        registry = cls()
        if entry_points:
            registry._discovery.scan(only)
        return registry

    @property
    def broken(self) -> tuple[BrokenPlugin, ...]:
        """Providers and records that cannot be used."""
        self._discovery.read_signatures()
        return tuple(self._discovery.broken)

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Entry points by distribution and name: those loaded, and those that safe mode left out."""
        return tuple(self._discovery.providers)

    def distributions(self) -> dict[str, str]:
        """Return the distributions that give plugins, with their versions."""
        return {one.distribution: one.version for one in self._discovery.sound if one.distribution}

    def ambiguous(self) -> tuple[tuple[RegisteredPlugin, ...], ...]:
        """Return the plugins that cannot be used because others of their kind have the same name, together."""
        return tuple(same for _, same in sorted(self._named(None).items()) if len(same) > 1)

    def register(self, plugin: object, provider: str, *, distribution: str = "", version: str = "") -> None:
        """Add a module or object with hooks, or one record; a fault is listed in `broken`."""
        self._discovery.add(plugin, provider, distribution, version)

    def plugins(self, kind: str | None = None) -> tuple[RegisteredPlugin, ...]:
        """Return the usable plugins, of one kind or all, by kind and name; ambiguous names are left out."""
        if kind is not None:
            _check_kind(kind)
        return tuple(same[0] for _, same in sorted(self._named(kind).items()) if len(same) == 1)

    def _named(self, kind: str | None) -> dict[tuple[str, str], tuple[RegisteredPlugin, ...]]:
        self._discovery.read_signatures(kind)
        named: dict[tuple[str, str], tuple[RegisteredPlugin, ...]] = {}
        for registered in self._discovery.sound:
            if kind in (None, registered.kind):
                key = (registered.kind, registered.name)
                named[key] = (*named.get(key, ()), registered)
        return named

    def kinds_of(self, name: str) -> tuple[str, ...]:
        """Return the kinds that have a plugin of this name, usable or ambiguous."""
        found = {kind for kind, one in self._named(None) if one == name}
        return tuple(kind for kind in KINDS if kind in found)

    def hints(self, kind: str, name: str) -> str:
        """Return, for a message that a plugin is not known, what is broken or disabled and may be it."""
        disabled = disabled_note(kind, name, (one for one in self._discovery.providers if one.disabled))
        return "".join(_NOTE + text for text in (disabled, *map(str, self.broken)) if text)

    def get(self, kind: str, name: str) -> RegisteredPlugin:
        """Return a plugin by kind and name.

        Raises
        ------
        PluginError
            If there is none, or if two providers give one of that name.
        """
        _check_kind(kind)
        self._discovery.read_signatures(kind, name)
        found = [one for one in self._discovery.sound if one.kind == kind and one.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            providers = " and ".join(one.provider for one in found)
            raise PluginError(f"{kind} '{name}' is given by {providers}; uninstall one, or have one renamed")
        self._discovery.read_signatures()
        known = {one.name for one in self._discovery.sound if one.kind == kind}
        text = f"unknown {kind} '{name}'; {choices(name, known)}"
        other = sorted({one.kind for one in self._discovery.sound if one.name == name})
        if other:
            text += f" '{name}' is a {' and a '.join(other)}."
        raise PluginError(text + self.hints(kind, name))

    def resolve(self, kind: str, ref: PluginRef, *, directory: Path | None = None) -> RegisteredPlugin:
        """Return the plugin a reference names; a ``python:`` class is loaded and given a record of its own.

        Raises
        ------
        ConfigError
            If the reference is malformed or names a Backtrader class, which only the engine loads.
        PluginError
            If there is no such plugin, file, module or class, or the class cannot be a plugin.
        """
        _check_kind(kind)
        if ref.name is not None:
            return self.get(kind, ref.name)
        if ref.python is None:
            raise ConfigError(f"'{ref.label}' is a Backtrader class; only a sleeve's strategy may be one")
        loaded = load_source(ref.python, directory)
        try:
            read_signature(loaded.create)
        except PluginError as error:
            raise PluginError(f"{ref.python}: {error}") from error
        needs = getattr(loaded.create, "needs", ("close",))
        if not isinstance(needs, tuple | list) or not all(isinstance(need, str) for need in needs):
            raise PluginError(f"{ref.python}: needs is a tuple of field names; received {needs!r}")
        summary = (loaded.create.__doc__ or loaded.create.__name__).strip().split("\n")[0]
        record = KINDS[kind][0](name=loaded.create.__name__, create=loaded.create, summary=summary, needs=tuple(needs))
        return RegisteredPlugin(record, f"python:{loaded.source}", "", loaded.version)

    def needs(self, kind: str, ref: PluginRef, *, directory: Path | None = None) -> tuple[str, ...]:
        """Return the fields and references a plugin reads, those of its nested plugins included.

        A ``backtrader:`` class declares none.
        """
        if ref.backtrader is not None:
            return ()
        found: dict[str, None] = {}
        for below, one in self.with_nested(kind, ref, directory=directory):
            found.update(dict.fromkeys(self.resolve(below, one, directory=directory).plugin.needs))
        return tuple(found)

    def with_nested(
        self, kind: str, ref: PluginRef, *, directory: Path | None = None
    ) -> Iterator[tuple[str, PluginRef]]:
        """Yield kind and reference of a plugin and of those nested in its parameters."""
        yield kind, ref
        if ref.backtrader is None:
            registered = self.resolve(kind, ref, directory=directory)
            for below, nested in self._nested_refs(registered, ref, directory):
                yield from self.with_nested(below, nested, directory=directory)

    def parameters(self, plugin: RegisteredPlugin) -> type[BaseModel]:
        """Return the model of a plugin's parameters, built from the signature of its ``create``.

        It is strict, closed and frozen, and leaves out what the host injects. Nested plugins are `PluginRef`. Validate
        with ``model_validate_json``: whole numbers pass as floats, lists as tuples, ISO text as dates.

        Raises
        ------
        PluginError
            If no schema can be made.
        """
        try:
            return model_of(plugin.name, plugin.plugin.create)
        except PluginError as error:
            raise PluginError(f"{plugin.kind} '{plugin.name}' ({plugin.provider}) is broken: {error}") from error

    def nested(self, plugin: RegisteredPlugin) -> Mapping[str, str]:
        """Return the parameters that are plugins themselves, with their kinds."""
        return read_signature(plugin.plugin.create).nested

    def problems(
        self, kind: str, ref: PluginRef, *, directory: Path | None = None, where: tuple[Step, ...] = ()
    ) -> list[Problem]:
        """Return everything that is wrong with a reference and its parameters, nested ones too, making nothing.

        Paths of the problems begin with ``where``.
        """
        if ref.backtrader is not None:
            return _backtrader_problems(kind, ref, where)
        try:
            registered = self.resolve(kind, ref, directory=directory)
            model = self.parameters(registered)
        except (PluginError, ConfigError) as error:
            message, *notes = str(error).split(_NOTE)
            return [Problem(where, message, plugin=isinstance(error, PluginError), notes=tuple(notes))]
        try:
            values = model.model_validate_json(pydantic_core.to_json(ref.params))
        except ValidationError as error:
            found = problems_of(error, ref.params, Shape(model), owner=registered.name)
            return [problem.below((*where, "params")) for problem in found]
        except (pydantic_core.PydanticSerializationError, ValueError) as error:
            return [Problem((*where, "params"), f"only plain values can be parameters: {error}")]
        found = []
        for name, below in self.nested(registered).items():
            for path, nested in _references(getattr(values, name)):
                inner = (*where, "params", name, *path)
                found += self.problems(below, nested, directory=directory, where=inner)
        return found

    def create(
        self, kind: str, ref: PluginRef, *, directory: Path | None = None, seed: int = 0, where: str = ""
    ) -> object:
        """Make the plugin a reference names, with its nested plugins.

        Parameters
        ----------
        kind
            Kind wanted.
        ref
            What the configuration says.
        directory
            Where relative ``python:`` files lie; default: the working directory.
        seed
            Given to parameters annotated with `Seed`.
        where
            Place in the configuration, for messages; default: the kind.

        Raises
        ------
        ConfigError
            If a parameter is unknown, missing or out of range; all faults at once, one a line.
        PluginError
            If the plugin is missing or broken, its ``create`` raises, or what it makes breaks the contract.
        """
        where = where or kind
        place = tuple(int(step) if step.isdigit() else step for step in where.split("."))
        problems = self.problems(kind, ref, directory=directory, where=place)
        if problems:
            raise_problems(problems)
        return self._create(kind, ref, directory, seed, where)

    def _create(self, kind: str, ref: PluginRef, directory: Path | None, seed: int, where: str) -> object:
        registered = self.resolve(kind, ref, directory=directory)
        values = self.parameters(registered).model_validate_json(pydantic_core.to_json(ref.params))
        nested = self.nested(registered)
        host: Mapping[object, object] = {Seed: seed, Directory: (directory or Path.cwd()).resolve()}
        arguments: dict[str, Any] = {
            key: host[type_] for key, type_ in read_signature(registered.plugin.create).injected.items()
        }
        for name in type(values).model_fields:
            value = getattr(values, name)
            if name not in nested:
                arguments[name] = value
            elif name in values.model_fields_set:
                inner = f"{where}.params.{name}"
                arguments[name] = self._create_nested(nested[name], value, directory, seed, inner)
        title = f"{where}: {registered.name} ({registered.provider})"
        created = _call(registered.plugin.create, arguments, title)
        fault = contract_fault(kind, created)
        if fault:
            raise PluginError(f"{title} breaks the contract of {_an(kind)}: {fault}")
        return created

    def _create_nested(self, kind: str, value: Any, directory: Path | None, seed: int, where: str) -> Any:
        if isinstance(value, PluginRef):
            return self._create(kind, value, directory, seed, where)
        if isinstance(value, Mapping):
            return {
                key: self._create_nested(kind, one, directory, seed, f"{where}.{key}") for key, one in value.items()
            }
        if isinstance(value, tuple | list):
            made = [
                self._create_nested(kind, one, directory, seed, f"{where}.{index}") for index, one in enumerate(value)
            ]
            return type(value)(made)
        return value

    def _nested_refs(
        self, registered: RegisteredPlugin, ref: PluginRef, directory: Path | None
    ) -> Iterator[tuple[str, PluginRef]]:
        nested = self.nested(registered)
        if not nested or self.problems(registered.kind, ref, directory=directory):
            return
        values = self.parameters(registered).model_validate_json(pydantic_core.to_json(ref.params))
        for name, kind in nested.items():
            for _, one in _references(getattr(values, name)):
                yield kind, one


def _an(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise PluginError(f"unknown plugin kind '{kind}'; {choices(kind, KINDS)}")


def _backtrader_problems(kind: str, ref: PluginRef, where: tuple[Step, ...]) -> list[Problem]:
    if kind != "strategy":
        text = f"a Backtrader class can be a strategy, not a {kind}; received '{ref.label}'"
        return [Problem((*where, "backtrader"), text, at_key=True)]
    try:
        check_form(ref.label)
    except ConfigError as error:
        return [Problem((*where, "backtrader"), str(error))]
    return []


def _references(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], PluginRef]]:
    if isinstance(value, PluginRef):
        yield path, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _references(one, (*path, str(key)))
    elif isinstance(value, tuple | list):
        for index, one in enumerate(value):
            yield from _references(one, (*path, index))


def _call(create: Any, arguments: Mapping[str, Any], title: str) -> object:
    try:
        return create(**arguments)
    except ImportError as error:
        raise PluginError(f"{title}: {error}") from error
    except _PREFIXED as error:
        if type(error) in _PREFIXED:
            raise type(error)(f"{title}: {error}") from error
        raise
    except TradewindError:
        raise
    except KeyboardInterrupt as interruption:
        raise KeyboardInterrupt(f"while {title} was made") from interruption
    except BaseException as error:  # a plugin may raise anything; it is named and translated
        raise PluginError(f"{title} could not be made: {told(error)}") from error
