"""What all conformance kits have in common."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from tradewind.contracts.plugin import KINDS
from tradewind.errors import PluginError, TradewindError
from tradewind.testing.kits.children import Elsewhere, elsewhere, least_import_seconds
from tradewind.testing.kits.failure import fail
from tradewind.testing.kits.parameters import check_bounds, check_refusals, check_round_trip
from tradewind.testing.kits.subject import Subject, find_subject
from tradewind.testing.kits.told import refuse_replacements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradewind.testing.kits.rehearsal import Rehearsal

__all__ = ["PluginKit"]

ELSEWHERE_SCENES = ("late_start", "ordinary", "halts")
"""Scenes that are played in other processes too; the first of them in the other form, while nothing is known there."""
BREAKS_CONTRACT = "breaks the contract of a"
"""In the message of a registry that has made something of another kind."""
LONGEST_SUMMARY = 120
LONGEST_IMPORT_SECONDS = 0.5
_IMPORTS_AGAIN = 3
_SENTENCE = re.compile(rf"(?=.{{3,{LONGEST_SUMMARY}}}$)[A-Z0-9](?:(?!\. ).)*\.")
_NEED = re.compile(r"(reference:)?[A-Za-z_]\w*")


class PluginKit:
    """Tests that every plugin passes; a kit of a kind adds its own.

    An author makes a subclass with one property, and all tests arrive::

        from tradewind.testing import StrategyKit

        class TestMine(StrategyKit):
            plugin = "mine"

    A test may be replaced only by one that is marked ``pytest.mark.xfail(reason=...)``: what a plugin does not keep is
    written down, never left out.

    Attributes
    ----------
    plugin
        Name of an installed plugin, ``./file.py:Class`` beside the test, a class, or a record.
    params
        Parameters to make it with; needed where some have no default.
    """

    kind: ClassVar[str] = ""
    plugin: ClassVar[Any] = None
    params: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    rehearsal: ClassVar[Rehearsal | None] = None
    _subject: ClassVar[Subject | None] = None
    _elsewhere: ClassVar[list[Elsewhere] | None] = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse a subclass that leaves tests out."""
        super().__init_subclass__(**options)
        if cls.plugin is None and cls.__name__.startswith("Test"):
            raise TypeError(
                f'{cls.__qualname__}: a kit needs its plugin; write `plugin = "name"`, with the name of an installed '
                f"{cls.kind or 'plugin'}, './file.py:Class' or a class"
            )
        if cls.kind and cls.kind not in KINDS:
            raise TypeError(f"{cls.__qualname__}: kind is one of {', '.join(KINDS)}; received {cls.kind!r}")
        refuse_replacements(cls)
        cls._subject = None
        cls._elsewhere = None

    @classmethod
    def subject(cls) -> Subject:
        """Return the plugin under test, found once a class."""
        if cls._subject is None:
            refuse_replacements(cls)
            cls._subject = find_subject(cls.kind, cls.plugin, cls.params, _directory_of(cls))
        return cls._subject

    @classmethod
    def elsewhere(cls) -> list[Elsewhere]:
        """Return what came of the plugin in fresh processes; they are asked once a class."""
        if cls._elsewhere is None:
            refused = getattr(cls, "refuses", {})
            scenes = [name for name in ELSEWHERE_SCENES if name not in refused]
            cls._elsewhere = elsewhere(cls.subject(), cls.plugin, cls.rehearsal, scenes)
        return cls._elsewhere

    def test_its_record_is_complete(self) -> None:
        """The summary is one sentence, for lists and documentation; needs name fields, or ``reference:<role>``.

        If this fails, write ``summary="Hold what has risen most."``; of a class, the docstring's first line is taken.
        """
        record, title = self.subject().registered.plugin, self.subject().title
        if not _SENTENCE.fullmatch(record.summary):
            fail(
                title,
                f"the summary is one sentence of at most {LONGEST_SUMMARY} characters, with a full stop",
                received=record.summary,
                remedy='Write it in the record, or as the first line of the docstring: summary="Hold what has risen."',
            )
        for need in record.needs:
            if not isinstance(need, str) or not _NEED.fullmatch(need):
                fail(
                    title,
                    "needs are names of fields, and references as reference:<role>",
                    received=need,
                    remedy='Write needs=("close", "volume", "reference:vix")',
                )

    def test_it_keeps_the_contract_of_its_kind(self) -> None:
        """What it makes has the members of its kind's contract, and methods that take what they are given.

        If this fails, it is of another kind, or a method has another name or other arguments: `tradewind.contracts`
        says what is asked of each kind.
        """
        subject = self.subject()
        try:
            subject.create()
        except PluginError as error:
            if BREAKS_CONTRACT not in str(error):
                pytest.skip(f"it cannot be made here: {error}")
            fail(
                subject.title,
                f"what it makes is no {subject.registered.kind}",
                received=str(error),
                remedy=f"Write what the contract of a {subject.registered.kind} asks, or name its kind",
            )
        except TradewindError as error:
            pytest.skip(f"it cannot be made here: {error}")

    def test_parameters_pass_through_yaml_and_json_schema(self) -> None:
        """Every parameter can be written in YAML and is described in JSON Schema.

        If this fails, annotate the parameter with plain types: numbers, text, `Literal`, tuples of these, a contract.
        """
        check_round_trip(self.subject())

    def test_wrong_parameters_are_refused_by_name(self) -> None:
        """An unknown parameter, or a value of the wrong type, is a `ConfigError` that names it before anything runs.

        If this fails, write the parameters in the signature of `create`, each with its type, without ``**kwargs``.
        """
        check_refusals(self.subject())

    def test_numbers_at_their_bounds_are_taken_or_refused_by_name(self) -> None:
        """The outermost allowed numbers make a plugin, or an error that names the parameter; those beyond never do.

        If this fails, state the range: ``Annotated[int, Field(ge=2)]``, and check what depends on several parameters
        in `__init__`, with a `tradewind.errors.PluginError`.
        """
        check_bounds(self.subject())

    def test_importing_it_does_nothing_else(self) -> None:
        """Importing its module opens no connection, writes no file, starts no thread or process, and is quick.

        Every command imports every installed plugin. If this fails, move the work into `create` or later, and import
        heavy libraries there, inside of the function.
        """
        where = f"{self.subject().title}, import into a fresh process"
        for one in self.elsewhere():
            if one.at_import:
                fail(
                    where,
                    "importing its module reaches out of the process",
                    received=", ".join(dict.fromkeys(one.at_import)),
                    remedy="Do it when the plugin is made, or when it is first asked",
                )
        seconds = min(one.import_seconds for one in self.elsewhere())
        if seconds > LONGEST_IMPORT_SECONDS:
            seconds = min(seconds, least_import_seconds(self.subject(), self.plugin, _IMPORTS_AGAIN))
        if seconds > LONGEST_IMPORT_SECONDS:
            fail(
                where,
                f"importing its module takes more than {LONGEST_IMPORT_SECONDS} s of processor time",
                received=f"{seconds:.2f} s",
                remedy="Import heavy libraries inside of the function that needs them",
            )


def _directory_of(cls: type) -> Path:
    try:
        return Path(inspect.getfile(cls)).resolve().parent
    except (OSError, TypeError):
        return Path.cwd()
