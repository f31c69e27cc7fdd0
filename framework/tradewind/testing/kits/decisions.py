"""What strategies, detectors, sizers, exits and factors have in common: they answer bar by bar."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from tradewind.contracts import OnReference
from tradewind.errors import TradewindError
from tradewind.testing.kits.answers import digest_of, same, where_different
from tradewind.testing.kits.base import ELSEWHERE_SCENES, PluginKit
from tradewind.testing.kits.failure import KitFailureError, fail, remedy_for
from tradewind.testing.kits.watching import Reads, watch_clocks_and_dice
from tradewind.testing.scenes import SCENES, another_future, copied

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradewind.model import Bars
    from tradewind.testing.kits.answers import Answer
    from tradewind.testing.kits.rehearsal import PanelRun, Rehearsal, Run

__all__ = ["DecisionKit"]

_CUT_SCENES = ("ordinary", "early_end", "halts")
_CUTS = 4
_STREAMED = ("late_start", "dark_bars")


class DecisionKit(PluginKit):
    """Tests of plugins that answer on each bar from what is known then.

    Attributes
    ----------
    refuses
        Scenes that the plugin refuses on purpose, with a part of what its error says.
    """

    refuses: ClassVar[Mapping[str, str]] = MappingProxyType({})
    pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
    rehearsal: ClassVar[Rehearsal]
    _untouched: ClassVar[dict[str, bytes] | None] = None
    """The plugin's class before one of it was first asked."""
    _played: ClassVar[dict[str, tuple[Answer, ...] | KitFailureError]] = {}
    _markets: ClassVar[dict[str, Bars]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Forget what another class has played."""
        super().__init_subclass__(**options)
        cls._untouched = None
        cls._played = {}
        cls._markets = {}

    @classmethod
    def scenes(cls) -> tuple[str, ...]:
        """Return the names of the scenes in which the plugin answers."""
        return tuple(name for name in SCENES if name not in cls.refuses)

    @classmethod
    def among(cls, *wanted: str) -> tuple[str, ...]:
        """Return the scenes of these in which the plugin answers; where it refuses them all, the first that it takes.

        Where it takes none, the first of these: that it answers nowhere is a failure.
        """
        return tuple(name for name in wanted if name not in cls.refuses) or cls.scenes()[:1] or wanted[:1]

    @classmethod
    def skip_where_refused(cls, name: str) -> None:
        """Skip a test of what only a scene shows that the plugin refuses."""
        if name in cls.refuses:
            pytest.skip(f"it refuses the scene {name}: {cls.refuses[name]}")

    @classmethod
    def market(cls, name: str) -> Bars:
        """Return a scene, long enough for the plugin; a copy of this class's own, in case the plugin writes to it."""
        if name not in cls._markets:
            cls._markets[name] = copied(cls.rehearsal.market(name, cls.subject().create(), cls.declared()))
        return cls._markets[name]

    @classmethod
    def declared(cls) -> tuple[str, ...]:
        """Return the fields and references the plugin declares, nested plugins included."""
        subject = cls.subject()
        return subject.registry.needs(cls.kind, subject.ref, directory=subject.directory)

    @classmethod
    def answers(cls, name: str) -> tuple[Answer, ...]:
        """Return what a fresh plugin answers over a scene; played once."""
        if name not in cls._played:
            try:
                bars = cls.market(name)
                cls._played[name] = cls.play(bars, f"scene {name}")
            except KitFailureError as failure:
                cls._played[name] = failure
        played = cls._played[name]
        if isinstance(played, KitFailureError):
            raise KitFailureError(str(played))
        return played

    @classmethod
    def begin(cls, bars: Bars, **options: Any) -> Run:
        """Return a run of a fresh plugin over a market."""
        created = cls.subject().create()
        if cls._untouched is None:
            cls._untouched = _class_state(type(created))
        return cls.rehearsal.begin(created, bars, **options)

    @classmethod
    def play(cls, bars: Bars, place: str, **options: Any) -> tuple[Answer, ...]:
        """Return what a fresh plugin answers over a market."""
        try:
            return tuple(cls.begin(bars, **options))
        except TradewindError as error:
            fail(
                f"{cls.subject().title}, {place}",
                "it raised where it should answer",
                received=str(error),
                remedy=remedy_for(error),
            )

    def exercise(self, bars: Bars, reads: Reads | None = None) -> None:
        """Ask a fresh plugin over a market for all it can be asked."""
        self.play(bars, "a market of its own", reads=reads)

    def test_it_answers_in_every_scene(self) -> None:
        """Halts, gaps, splits, flat prices, late starts, five hundred symbols: all of it happens, none may raise.

        If this fails, look at the scene in `tradewind.testing.scenes`: NaN is a bar without trading, and a fallback for
        what is not known yet is usually NaN or 0.
        """
        for name in self.scenes():
            for answer in self.answers(name):
                self.check_answer(answer.value, f"{self.subject().title}, scene {name}, bar {answer.bar}", name)
        for name, reason in self.refuses.items():
            try:
                answers = tuple(self.begin(self.market(name)))
            except TradewindError as error:
                if reason in str(error):
                    continue
                raise
            fail(
                f"{self.subject().title}, scene {name}",
                f"it answers, though the kit's `refuses` says that it raises {reason!r}",
                received=f"{len(answers)} answers",
                remedy="Take the scene out of `refuses`",
            )

    def check_answer(self, value: Any, where: str, name: str) -> None:
        """Fail unless an answer is one that the kind allows."""

    def test_the_future_changes_nothing(self) -> None:
        """An answer at a bar rests on data up to that bar: with other prices behind it, it is the same.

        If this fails, the plugin reads ahead: a positive shift, `market.fields[...]` beyond `market.bar`, a mean, a
        scale or a fit over the whole history, a centred window, a resampled bar labelled with its first day.
        """
        for name in self.among(*_CUT_SCENES):
            expected, bars = self.foreseen(name), self.market(name)
            for seed, cut in enumerate(_cuts(expected)):
                changed = self.known_by(another_future(bars, cut, seed), cut)
                place = f"scene {name}, another future after bar {cut}"
                self.agree(
                    expected,
                    changed,
                    bars,
                    place,
                    what=f"it looks ahead: with other prices after bar {cut} its answer is another one",
                    remedy="Use data up to the bar only: market.current, window, history and declared factors",
                )

    def foreseen(self, name: str) -> tuple[Answer, ...]:
        """Return the answers over a scene that other futures may not change; of the form that `known_by` asks."""
        return self.answers(name)

    def known_by(self, bars: Bars, cut: int) -> tuple[Answer, ...]:
        """Return what the plugin answers up to a bar of a market."""
        run = cast("PanelRun", self.begin(bars))
        answers: list[Answer] = []
        try:
            answers.extend(itertools.takewhile(lambda answer: answer.bar <= cut, run))
        except TradewindError as error:
            # What it says to bars behind the cut, which may be of a scene that it refuses, is not compared.
            if run.panel.bar <= cut:
                fail(self.subject().title, "it raised", received=str(error), remedy=remedy_for(error))
        return tuple(answers)

    def test_a_stream_gives_the_same_answers_as_a_history(self) -> None:
        """Bars that arrive one at a time, as in paper and live trading, give the answers of the backtest.

        If this fails, an answer depends on how much is loaded: on `len(market.fields[...])`, on values after the bar,
        or on a factor whose step form differs from its batch form.
        """
        for name in self.among(*_STREAMED):
            expected, bars = self.answers(name), self.market(name)
            streamed = self.play(bars, f"scene {name} as a stream", streamed=True)
            self.agree(
                expected,
                streamed,
                bars,
                f"scene {name} as a stream",
                what="a stream of the same bars gives another answer",
                remedy="Read market.current, window, history and factors only; they are the same in both",
            )

    def test_two_of_them_share_nothing(self) -> None:
        """Two instances that take turns answer as each does alone, and one made later answers as the first did.

        If this fails, state lives in a class attribute, a mutable default or a module: move it into `__init__`.
        """
        cls = type(self.subject().create())
        names = (self.among("ordinary")[0], self.among("halts", "gaps")[0])
        first, second = (self.market(name) for name in names)
        alone = (self.play(first, f"scene {names[0]}"), self.play(second, f"scene {names[1]}"))
        mixed: tuple[list[Answer], list[Answer]] = ([], [])
        runs = (self.begin(first), self.begin(second))
        for turn in itertools.zip_longest(*(_guarded(run, self.subject().title) for run in runs)):
            for kept, answer in zip(mixed, turn, strict=True):
                if answer is not None:
                    kept.append(answer)
        before = self._untouched or {}
        changed = sorted(name for name, state in _class_state(cls).items() if before.get(name) != state)
        if changed:
            fail(
                self.subject().title,
                "deciding changes an attribute of the class, which all instances share",
                received=", ".join(f"{cls.__name__}.{name}" for name in changed),
                remedy="Set it in __init__, so that each instance has its own",
            )
        for expected, answers, bars in zip(alone, mixed, (first, second), strict=True):
            self.agree(
                expected,
                answers,
                bars,
                "two instances in turn",
                what="instances influence each other",
                remedy="Keep state in instance attributes, not in the class or the module",
            )

    def test_fresh_processes_give_the_same_answers(self) -> None:
        """Another process with another hash seed answers the same, to the last bit, and reaches nothing outside.

        One scene is played there bar by bar, before anything else. If this fails, an answer depends on the order of a
        set, on `hash()` or `id()`, on what was asked before in this process (which can hide that the plugin reads
        ahead), or on a file or a connection.
        """
        expected = {name: digest_of(self.answers(name)) for name in ELSEWHERE_SCENES if name not in self.refuses}
        first = next(iter(expected), "")
        for one in self.elsewhere():
            where = f"{self.subject().title}, a fresh process with PYTHONHASHSEED={one.hash_seed}"
            if one.later:
                fail(
                    where,
                    "it reaches out of the process while it decides",
                    received=", ".join(dict.fromkeys(one.later)),
                    remedy="Decide from the market alone; data come from feeds",
                )
            if one.error:
                fail(where, "it raised", received=one.error, remedy="Look for what only this process has")
            if not one.digests:
                pytest.skip("another process cannot find this class: put it into a module that can be imported")
            for name, digest in expected.items():
                if one.digests[name] != digest:
                    fail(
                        f"{where}, scene {name}",
                        "its answers differ from those in this process",
                        received=f"answers with the hash {one.digests[name][:12]} instead of {digest[:12]}",
                        remedy="Sort what comes from a set or a dictionary of names; keep no state in class or module"
                        + (", which may hide here that it reads ahead" if name == first else ""),
                    )

    def test_its_state_can_be_saved(self) -> None:
        """Saved with `pickle` in the middle and restored, it answers on as if nothing had happened.

        If this fails, an attribute cannot be pickled (a lambda, a generator, an open file, a lock), or state lies
        outside of the instance.
        """
        name = self.among("halts", "ordinary")[0]
        expected, bars = self.answers(name), self.market(name)
        run = self.begin(bars)
        answers = list(itertools.islice(run, max(len(expected) // 2, 1)))
        try:
            run.actor = pickle.loads(pickle.dumps(run.actor))  # noqa: S301 - its own bytes
        except Exception as error:  # noqa: BLE001 - pickling runs the plugin's code, which may raise anything
            fail(
                self.subject().title,
                "its state cannot be saved",
                received=f"{type(error).__name__}: {error}",
                remedy="Keep plain values and arrays in attributes; make functions methods, and open nothing",
            )
        answers += list(_guarded(run, self.subject().title))
        self.agree(
            expected,
            answers,
            bars,
            "saved and restored in the middle",
            what="restored, it answers differently",
            remedy="Keep all state in attributes that pickle saves",
        )

    def test_it_reads_no_clock_and_rolls_no_dice(self) -> None:
        """An answer depends on data and parameters alone, so a run can be repeated.

        If this fails, take the time from `market.timestamp`, and random numbers from `numpy.random.default_rng(seed)`
        with a parameter ``seed: Seed`` that the run fills.
        """
        name = self.among("ordinary")[0]
        bars = self.market(name)
        with watch_clocks_and_dice() as found:
            self.exercise(bars)
        if found:
            fail(
                f"{self.subject().title}, scene {name}",
                "it reads a clock or rolls unseeded dice",
                received=", ".join(dict.fromkeys(found)),
                remedy="Take the time from market.timestamp, and dice from default_rng(seed) with `seed: Seed`",
            )

    def test_what_it_is_given_stays_as_it_is(self) -> None:
        """Bars, signals and holdings belong to all plugins of the run: none may change them.

        If this fails, write to a copy: ``values = market.current("close").copy()``.
        """
        name = self.among("halts", "ordinary")[0]
        bars = copied(self.market(name))
        before = bars.sha256()
        try:
            self.exercise(bars)
        except KitFailureError as error:
            if "read-only" in str(error) or "WRITEABLE" in str(error):
                fail(
                    f"{self.subject().title}, scene {name}",
                    "it changes what it is given",
                    received=str(error),
                    remedy="Work on a copy: values.copy()",
                )
            raise
        if bars.sha256() != before:
            fail(
                f"{self.subject().title}, scene {name}",
                "it changes the bars it is given",
                received="bars with another hash than before",
                remedy="Work on a copy: values.copy(); never on `base` or through `flags.writeable`",
            )

    def test_it_reads_what_it_declares(self) -> None:
        """``needs`` is what it reads: a run refuses a feed that lacks it, before the first bar.

        If this fails, add the field to ``needs`` (references as ``reference:vix``), or take out what is not read.
        """
        declared = {"close", *self.declared()} | _needs_of_factors(self.rehearsal, self.subject().create())
        for name in self.among("ordinary", "halts"):
            self._play_stripped(name, declared)
        reads = Reads()
        for name in self.scenes():
            if not declared - {"close"} - reads.names:
                return
            self.exercise(self.market(name), reads)
        unread = sorted(set(self.declared()) - {"close"} - reads.names)
        if unread:
            fail(
                self.subject().title,
                "it declares needs that it reads in no scene",
                received=", ".join(unread),
                remedy="Take them out of needs; or give the kit `params` with which it reads them",
            )

    def _play_stripped(self, name: str, declared: set[str]) -> None:
        bars, reads = _stripped(self.market(name), declared), Reads()
        try:
            self.exercise(bars, reads)
        except KitFailureError as error:
            missed = sorted(reads.missed or reads.sought)
            if not missed:
                raise
            fail(
                f"{self.subject().title}, scene {name}",
                "it reads what it does not declare",
                received=f"{', '.join(missed)} ({error})",
                remedy=f"Add it to needs: needs=({', '.join(map(repr, sorted({*self.declared(), *missed})))},)",
            )

    def agree(
        self, expected: Sequence[Answer], received: Sequence[Answer], bars: Bars, place: str, *, what: str, remedy: str
    ) -> None:
        """Fail at the first bar on which two series of answers differ; the shorter one ends the comparison."""
        for mine, other in zip(expected, received, strict=False):
            if mine.bar != other.bar or not same(mine.value, other.value):
                fail(
                    f"{self.subject().title}, {place}, bar {mine.bar}",
                    what,
                    received=where_different(other.value, mine.value, bars.symbols),
                    remedy=remedy,
                )


def _guarded(run: Iterable[Answer], title: str) -> Iterable[Answer]:
    try:
        yield from run
    except TradewindError as error:
        fail(title, "it raised", received=str(error), remedy=remedy_for(error))


def _cuts(answers: Sequence[Answer]) -> list[int]:
    """Return a few bars with a decision, and bars before some."""
    bars = [answer.bar for answer in answers]
    if len(bars) < 3:
        return bars
    telling = [place for place, answer in enumerate(answers[:-1]) if answer.value is not None]
    chosen = telling[:: max(len(telling) // _CUTS, 1)][:_CUTS] if telling else []
    places = {*chosen, *(max(place - 1, 0) for place in chosen[:2]), len(bars) // 2}
    return [bars[place] for place in sorted(places)]


def _class_state(cls: type) -> dict[str, bytes]:
    state: dict[str, bytes] = {}
    for base in cls.__mro__:
        for name, value in vars(base).items():
            if base.__module__ != "builtins" and not name.startswith("__") and not callable(value):
                try:
                    state.setdefault(name, pickle.dumps(value))
                except (pickle.PicklingError, TypeError, AttributeError):
                    continue
    return state


def _needs_of_factors(rehearsal: Rehearsal, created: Any) -> set[str]:
    needs: set[str] = set()
    for factor in rehearsal.factors(created).values():
        if isinstance(factor, OnReference):
            needs.add(f"reference:{factor.role}")
        else:
            needs |= set(factor.needs)
    return needs


def _stripped(bars: Bars, declared: set[str]) -> Bars:
    return dataclasses.replace(
        bars,
        fields={name: values for name, values in bars.fields.items() if name in declared},
        references={role: series for role, series in bars.references.items() if f"reference:{role}" in declared},
    )
