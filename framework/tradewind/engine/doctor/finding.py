"""What the doctor finds, and the rules it knows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RULES", "Finding", "Report", "Rule", "Severity", "merge"]

Severity = Literal["error", "warning", "note"]

_ORDER: dict[str, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a strategy can do that is not honoured or surprises.

    Parameters
    ----------
    severity
        ``error``: not honoured, or results are wrong; ``warning``: will surprise; ``note``: worth knowing.
    why
        Why it matters.
    advice
        What to do about it.
    """

    severity: Severity
    why: str
    advice: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in a strategy's source.

    Parameters
    ----------
    rule
        A key of `RULES`.
    severity
        ``error``, ``warning`` or ``note``.
    file
        Path of the source file; empty if unknown.
    line
        Line number, from 1; 0 stands for the file as a whole.
    message
        What was found and why it matters.
    advice
        What to do.
    observed
        Whether it was seen while the strategy ran; otherwise it was read in the source.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    message: str
    advice: str
    observed: bool = False

    @classmethod
    def of(cls, rule: str, file: str, line: int, found: str, *, observed: bool = False) -> Finding:
        """Return a finding with the rule's severity, reason and advice."""
        known = RULES[rule]
        return cls(rule, known.severity, file, line, f"{found}: {known.why}", known.advice, observed)


@dataclass(frozen=True, slots=True)
class Report:
    """All findings on one strategy.

    Parameters
    ----------
    target
        The class, as it was asked for.
    findings
        By severity, then file and line.
    trials
        Number of trial runs that were completed.
    """

    target: str
    findings: tuple[Finding, ...]
    trials: int

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "target": self.target,
            "trials": self.trials,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "notes": self.count("note"),
            "findings": [asdict(finding) for finding in self.findings],
        }


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return one finding a rule and line, the observed one if there is one, in the order of a report."""
    kept: dict[tuple[str, str, int], Finding] = {}
    for finding in findings:
        key = (finding.rule, finding.file, finding.line)
        if key not in kept or (finding.observed and not kept[key].observed):
            kept[key] = finding
    return tuple(sorted(kept.values(), key=lambda found: (_ORDER[found.severity], found.file, found.line, found.rule)))


RULES: dict[str, Rule] = {
    "future-index": Rule(
        "error",
        "in Backtrader 0 is the current bar and a positive index the future, which live trading does not have",
        "use 0 for the current bar and negative numbers for the past, as close[-1]",
    ),
    "future-array": Rule(
        "error",
        "it holds the whole history in a preloaded backtest, tomorrow included, and nothing of it in paper and live",
        "read bars by index, as close[-1], or the last n with close.get(size=n)",
    ),
    "future-decides": Rule(
        "error",
        "a decision that changes when only later bars change has read the future",
        "look for shifted lines, Ichimoku's lagging span, whole-history sums in __init__ and data read from files",
    ),
    "before-first-bar": Rule(
        "error",
        "an index before the first bar wraps round to the end of the file, or fails while bars stream in",
        "return from next until there are enough bars, as `if len(self.data) <= 5: return` for close[-5]",
    ),
    "read-in-init": Rule(
        "error",
        "there is no current bar yet in __init__; a preloaded backtest answers with the last bar of the file",
        "build indicators in __init__ and read values in next",
    ),
    "whole-length": Rule(
        "error",
        "the number of bars of the whole file is the future; in paper and live it is the current bar's number",
        "count with len(self.data); let a date or stop() end the strategy",
    ),
    "depends-on-loop": Rule(
        "warning",
        "paper and live deliver bar by bar, so they would decide differently from a preloaded backtest",
        "let indicators compute in next() what they compute in once(), and read only bars that are delivered",
    ),
    "not-repeatable": Rule(
        "warning",
        "two equal runs that differ cannot be audited, reproduced or compared",
        "remove what is carried from run to run, the wall clock, and unseeded generators",
    ),
    "unseeded-random": Rule(
        "warning",
        "every run decides differently and no run can be reproduced",
        "make a generator of your own from a parameter: random.Random(self.p.seed)",
    ),
    "wall-clock": Rule(
        "warning",
        "a backtest plays years in seconds: the machine's clock says nothing about the bar",
        "use self.data.datetime.datetime(0), or a timer with self.add_timer",
    ),
    "sleep": Rule(
        "warning",
        "it stalls every bar and delays orders in live trading",
        "remove it; use self.add_timer to act at a time",
    ),
    "class-state": Rule(
        "warning",
        "it is shared by all instances and survives a run, so the next run or sweep point starts with what is left",
        "assign it in __init__, as self.name = []",
    ),
    "own-store": Rule(
        "error",
        "tradewind gives the strategy its feed and broker by mode; one of its own would trade past gates and journal",
        "remove it; choose feed and broker in the configuration",
    ),
    "own-feed": Rule(
        "error",
        "a feed made in the strategy is not checked, journalled or replaced in paper and live",
        "name the data in the configuration's `data:` section and read self.datas",
    ),
    "broker-changed": Rule(
        "error",
        "the broker is replaced in paper and live, where this has no effect or fails",
        "set cash in `account:`, costs in `costs:` and fills in `exchange:` of the configuration",
    ),
    "cerebro-changed": Rule(
        "warning",
        "the engine is assembled from the configuration, and what a strategy adds to it is not in the plan",
        "move it to the configuration, or use the strategy's own self.setsizer and self.add_timer",
    ),
    "cheating-fill": Rule(
        "error",
        "filling at the close or open that the decision has just read is more than a market gives; it is off here",
        "decide in next and accept the next bar's fill",
    ),
    "cheat-on-open": Rule(
        "warning",
        "next_open is called only with cheat_on_open, which tradewind does not switch on",
        "move the decision to next",
    ),
    "script-setup": Rule(
        "note",
        "tradewind runs the class, not the script: what the script sets on Cerebro does not come along",
        "say it in the configuration (`account:`, `costs:`, `data:`), or in the class (self.setsizer, self.add_timer)",
    ),
    "runs-at-import": Rule(
        "error",
        "importing the class runs a whole backtest first",
        'put it below `if __name__ == "__main__":`',
    ),
    "network": Rule(
        "error",
        "results depend on what a server answers that day, and a run waits for it",
        "fetch data before the run and give it in a feed or a parameter",
    ),
    "process": Rule(
        "error",
        "a started process is outside the run: it is neither recorded nor stopped with it",
        "do the work before the run, or inside the strategy",
    ),
    "thread": Rule(
        "warning",
        "what another thread does in between bars differs from run to run",
        "do the work in next, in the loop's own thread",
    ),
    "file-write": Rule(
        "warning",
        "parallel runs of a sweep write to the same file, and a full disk stops a trading strategy",
        "use print or logging, an analyzer, or the run's own tables",
    ),
    "asks-input": Rule(
        "error",
        "nobody answers in an unattended run: it stops or fails",
        "make it a parameter",
    ),
    "plots": Rule(
        "warning",
        "a window needs a screen and stops the run until it is closed",
        "use the run's reports, or plot its tables afterwards",
    ),
    "unknown-name": Rule(
        "error",
        "Backtrader has no such name, so the line fails when it is reached",
        "correct the name, or install the library it needs",
    ),
    "feed-position": Rule(
        "note",
        "feeds come in the order of the configuration's symbols, and a missing one is an IndexError",
        "take feeds by name: self.getdatabyname('SPY')",
    ),
    "params-value": Rule(
        "note",
        "it cannot be written in YAML, so configurations and sweeps can only leave its default",
        "use numbers, strings, lists and dates, and look the object up in __init__",
    ),
    "raised": Rule(
        "error",
        "the run ends there",
        "correct it; if it needs parameters or several feeds, give them: --param name=value, --feeds 3",
    ),
    "fails-at-import": Rule(
        "error",
        "there is no class to run",
        "correct it; what a script does belongs under `if __name__ == '__main__':`, where an import leaves it alone",
    ),
    "too-slow": Rule(
        "warning",
        "the trial did not end in time",
        "look for endless loops and waiting; raise --timeout if it is only slow",
    ),
    "trial-ended": Rule(
        "warning",
        "the process of the trial ended before it could report",
        "look for os._exit, exhausted memory and faults of compiled libraries",
    ),
    "never-starts": Rule(
        "note",
        "next was never called in the trial, so only the source was judged",
        "check the periods of the indicators; give shorter ones with --param",
    ),
}
"""Rule to its meaning, in the order of the guide."""
