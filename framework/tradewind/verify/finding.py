"""What verifying a plan has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Check", "Finding", "Verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a plan does and should not.

    Parameters
    ----------
    rule
        ``look_ahead``, ``not_repeatable``, ``stream_differs`` or ``warmup_too_short``.
    plugin
        Who does it: ``strategy high_52w of sleeve core``.
    what
        What of it differs: ``factor 'highs'``, ``signals``.
    bar, time
        The first bar on which it differs.
    text
        The values on both sides.
    cause
        The smallest change that brings it about; empty where none was looked for.
    remedy
        What to do.
    """

    rule: str
    plugin: str
    what: str
    bar: int
    time: np.datetime64
    text: str
    cause: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        cause = f" {self.cause}" if self.cause else ""
        return f"{self.plugin}: {self.what} at bar {self.bar} ({self.day}): {self.text}.{cause} {self.remedy}"

    @property
    def day(self) -> str:
        """The bar's date, with the time where it has one."""
        return str(self.time.astype("datetime64[s]")).removesuffix("T00:00:00")

    def as_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "rule": self.rule,
            "plugin": self.plugin,
            "what": self.what,
            "bar": self.bar,
            "time": self.day,
            "text": self.text,
            "cause": self.cause,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One kind of comparison that was made.

    Parameters
    ----------
    name
        ``factors``, ``regime``, ``decisions``, ``streamed``, ``repeated``, ``warmup``.
    extent
        How much was compared, in words.
    compared
        Number of comparisons.
    passed
        Whether none has found anything.
    """

    name: str
    extent: str
    compared: int
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known of a plan's look-ahead, and what is not.

    Parameters
    ----------
    name
        Of the plan.
    short
        Whether it is the short version that a run makes within a part of its time.
    checks
        What was compared.
    findings
        What was found; empty: nothing.
    cuts
        Bars up to which decisions were compared.
    decisions
        Of these, bars on which something was decided.
    by_sleeve
        Of these, those on which a sleeve has decided, by its name; empty: all are of the only sleeve.
    streamed
        Bars with a decision that was the same where bars arrived one by one; 0 where that was not compared.
    not_checked
        What it says nothing about.
    skipped
        Why there are no cuts; empty where there are some.
    interrupted
        Whether there would be more cuts, had nobody interrupted it.
    seed
        Brings about the same cuts and futures again.
    seconds
        Time it took.
    """

    name: str
    short: bool
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    cuts: int
    decisions: int
    not_checked: tuple[str, ...]
    seed: int
    seconds: float
    skipped: str = ""
    interrupted: bool = False
    by_sleeve: Mapping[str, int] = field(default_factory=dict)
    streamed: int = 0

    @property
    def passed(self) -> bool | None:
        """Whether nothing was found; None where not one decision was compared, which says nothing."""
        if self.findings:
            return False
        return True if self.decisions or self.streamed else None

    @property
    def fewest(self) -> int:
        """Cuts on decisions of the sleeve that has the fewest of them."""
        return min(self.by_sleeve.values(), default=self.decisions)

    def confidence(self, part: float) -> float:
        """Return how likely a plugin would have been found out that reads the future on a part of its decisions.

        Cuts lie on decisions drawn at random, so that n of them miss it with probability ``(1 - part) ** n``; n is that
        of the sleeve with the fewest.
        """
        return float(1.0 - (1.0 - part) ** self.fewest)

    @property
    def sentence(self) -> str:
        """The verdict in one sentence, and that it was interrupted in another."""
        return f"{self._verdict} Cut short: it was interrupted." if self.interrupted and self.cuts else self._verdict

    @property
    def _verdict(self) -> str:
        if self.findings:
            first = self.findings[0]
            return f"{len(self.findings)} found, the first: {first.plugin}, {first.what}, at bar {first.bar}."
        if not self.decisions:
            reason = self.skipped or f"nothing was decided at {self._cuts}"
            bar_by_bar = f"No look-ahead found bar by bar, where all {self.streamed:,} decisions are the same"
            return f"{bar_by_bar}; no cut is on one: {reason}." if self.streamed else f"Not verified: {reason}."
        return (
            f"No look-ahead found at {self._cuts}, {self.decisions} on decisions{self._fewest}: {self._scope}a plugin "
            f"that reads the future on one decision in ten would have been found with {self.confidence(0.1):.1%}, on "
            f"one in twenty with {self.confidence(0.05):.1%}.{self._streamed}"
        )

    @property
    def _cuts(self) -> str:
        return f"{self.cuts} cut{'' if self.cuts == 1 else 's'}"

    @property
    def _fewest(self) -> str:
        if len(self.by_sleeve) < 2:
            return ""
        return f", of sleeve {min(self.by_sleeve, key=self.by_sleeve.__getitem__)} only {self.fewest}"

    @property
    def _scope(self) -> str:
        """What windows cannot show: what begins after many decisions, or with what is held."""
        windows = any(check.name == "windows" for check in self.checks)
        return f"of what shows in a {'short ' if self.short else ''}window from a flat account, " if windows else ""

    @property
    def _streamed(self) -> str:
        return f" All {self.streamed:,} decisions are the same bar by bar." if self.streamed else ""

    def as_data(self) -> dict[str, Any]:
        """Return plain data for JSON; without the time it took, so that it is the same each time."""
        return {
            "passed": self.passed,
            "short": self.short,
            "sentence": self.sentence,
            "skipped": self.skipped,
            "interrupted": self.interrupted,
            "cuts": self.cuts,
            "decisions": self.decisions,
            "decisions_by_sleeve": dict(self.by_sleeve),
            "decisions_streamed": self.streamed,
            "confidence": {"one in ten": self.confidence(0.1), "one in twenty": self.confidence(0.05)},
            "seed": self.seed,
            "checks": [
                {"name": one.name, "extent": one.extent, "compared": one.compared, "passed": one.passed}
                for one in self.checks
            ],
            "findings": [finding.as_data() for finding in self.findings],
            "not_checked": list(self.not_checked),
        }
