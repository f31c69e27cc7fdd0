"""Run capsules: everything about a run in one folder, never overwritten.

Files of a capsule: ``config.yaml`` (resolved plan), ``result.json`` (figures; schema in docs/reference/result.md),
``provenance.json`` (versions, code hashes, where the configuration lay), ``journal.jsonl`` (decision journal) and the
tables ``equity.csv``, ``positions.csv``, ``orders.csv``, ``fills.csv``, ``regimes.csv``, ``sleeves.csv``,
``rulings.csv`` and ``standings.csv``; where there is anything in them also ``risk.csv``, ``breaches.csv`` and
``counterfactual.csv``; and ``verification.json`` after ``tradewind verify --run``. Reports lie beside them.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
import math
import re
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import yaml

from tradewind.errors import UserError, choices
from tradewind.journal import journal_hash
from tradewind.model import Result
from tradewind.report.summary import summary_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tradewind.runs.execute import Execution

__all__ = [
    "TABLES",
    "find_capsule",
    "list_capsules",
    "load_result",
    "read_provenance",
    "write_capsule",
    "write_verification",
]

TABLES = ("equity", "weights", "orders", "fills", "regimes", "sleeves", "rulings", "standings")
_OPTIONAL = ("risk", "breaches", "counterfactual")
"""Tables that are only kept where they have rows; capsules of before have none."""
_VERIFICATION = "verification.json"
_SHORTEST_PART = 3
"""Signs of a run's name that may stand for it: fewer are in the names of most runs."""
_EVENTS = {"orders", "fills", "rulings", "standings", "breaches", "counterfactual"}
"""Tables with a row an event instead of a row a bar."""
_FILE_OF = {"weights": "positions"}
_TEXT_COLUMNS = {
    "orders": {"order_id", "symbol", "order_type", "reason", "status", "sleeves"},
    "fills": {"order_id", "symbol", "reason"},
    "regimes": {"regime", "label"},
    "rulings": {"order_id", "symbol", "gate", "code", "text", "by"},
    "standings": {"before", "after", "by", "text"},
    "breaches": {"measure"},
    "counterfactual": {"order_id", "symbol", "gate", "code", "by"},
}
_TIMES = {"timestamp", "first", "last", "worst_timestamp"}
_COUNTS = {"bar", "samples", "every_bars", "later_bars"}


def write_capsule(execution: Execution, runs_directory: Path, config_directory: Path) -> Result:
    """Write a capsule and return the result with its directory.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    final = _new_directory(runs_directory, execution.result)
    result = dataclasses.replace(execution.result, directory=final)
    with _whole_or_not_at_all(final) as directory:
        _write_files(directory, execution, result, config_directory)
    return result


@contextmanager
def _whole_or_not_at_all(final: Path) -> Iterator[Path]:
    """Give a folder to write to that takes the place of the empty one that reserved the name; without it, neither."""
    directory = final.with_name(f".{final.name}.unfinished")
    try:
        directory.mkdir()
        yield directory
        directory.rename(final)
    except BaseException as error:
        shutil.rmtree(directory, ignore_errors=True)
        with suppress(OSError):  # a folder that is not empty is the whole capsule
            final.rmdir()
        if isinstance(error, KeyboardInterrupt) and not final.exists():
            raise KeyboardInterrupt(f"while the run was written; nothing of it is kept in {final.parent}") from None
        raise


def _write_files(directory: Path, execution: Execution, result: Result, config_directory: Path) -> None:
    tables = {name: getattr(result, name) for name in TABLES}
    tables |= {name: getattr(result, name) for name in _OPTIONAL if len(getattr(result, name))}
    if result.without_overlay is not None:
        tables["without_overlay"] = result.without_overlay
    for name, table in tables.items():
        _write_table(_table_path(directory, name), table)
    _write_json(
        directory / "provenance.json",
        {
            "seed": result.seed,
            "versions": dict(result.versions),
            "code": execution.code,
            "data": dict(result.data),
            "config_directory": str(config_directory.resolve()),
            **({} if execution.session is None else {"session": dict(execution.session)}),
        },
    )
    execution.journal.save(directory / "journal.jsonl")
    (directory / "config.yaml").write_text(
        yaml.safe_dump(dict(result.config), sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    _write_json(directory / "result.json", summary_data(result))


def load_result(directory: Path) -> Result:
    """Read a capsule back.

    Raises
    ------
    UserError
        If a file is missing or broken.
    """
    try:
        summary = json.loads((directory / "result.json").read_text(encoding="utf-8"))
        config = yaml.safe_load((directory / "config.yaml").read_text(encoding="utf-8"))
        provenance = read_provenance(directory)
        _check_journal(directory / "journal.jsonl", summary["decision_hash"])
        there = [name for name in _OPTIONAL if _table_path(directory, name).is_file()]
        tables = {name: _read_table(directory, name) for name in (*TABLES, *there)}
        without = _table_path(directory, "without_overlay")
        detectors = summary.get("detectors")
        return Result(
            name=summary["name"],
            mode=summary["mode"],
            status=summary["status"],
            config=config,
            versions=provenance["versions"],
            seed=provenance["seed"],
            decision_hash=summary["decision_hash"],
            data_hash=summary["data_hash"],
            data=provenance["data"],
            metrics={k: float("nan") if v is None else v for k, v in summary["metrics"].items()},
            without_overlay=_read_table(directory, "without_overlay") if without.is_file() else None,
            detectors=pd.DataFrame(detectors).T.astype(float) if detectors else None,
            verification=_verification(directory, summary),
            stamps=tuple(summary["stamps"]),
            warnings=tuple(summary["warnings"]),
            directory=directory,
            **cast("Any", tables),
        )
    except (OSError, KeyError, ValueError, TypeError, yaml.YAMLError) as error:
        raise UserError(
            f"{directory}: not a readable run capsule ({type(error).__name__}: {error}); run the configuration again"
        ) from error


def write_verification(directory: Path, verdict: Mapping[str, Any]) -> None:
    """Keep a full verdict beside a run; it stands for the short one of ``result.json`` from then on.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    try:
        _write_json(directory / _VERIFICATION, verdict)
    except OSError as error:
        raise UserError(
            f"{directory / _VERIFICATION}: cannot be written ({error.strerror}); make the folder writable, or verify "
            f"the configuration instead of the run"
        ) from error


def _verification(directory: Path, summary: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = directory / _VERIFICATION
    if kept.is_file():
        full: Mapping[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return full
    return summary.get("verification") or {}


def _check_journal(path: Path, decision_hash: str) -> None:
    if journal_hash(path) != decision_hash:
        raise UserError(
            f"{path}: does not give the decision hash {decision_hash[:16]} of result.json; one of the two was changed "
            f"after the run. Run the configuration again"
        )


def read_provenance(directory: Path) -> dict[str, Any]:
    """Return the versions, code hashes and data of a capsule."""
    provenance: dict[str, Any] = json.loads((directory / "provenance.json").read_text(encoding="utf-8"))
    return provenance


def list_capsules(runs_directory: Path) -> list[Path]:
    """Return the capsules of a folder, oldest first; those without ``result.json`` were never finished."""
    if not runs_directory.is_dir():
        return []
    return sorted(path for path in runs_directory.iterdir() if (path / "result.json").is_file() and path.name[0] != ".")


def find_capsule(run: str, runs_directory: Path) -> Path:
    """Return a capsule by path, folder name, ``latest`` or a unique part of its name, three signs at least.

    Raises
    ------
    UserError
        If none or several match.
    """
    path = Path(run)
    if (path / "result.json").is_file():
        return path
    known = list_capsules(runs_directory)
    if run == "latest" and known:
        return known[-1]
    matching = [capsule for capsule in known if run == capsule.name] or [
        one for one in known if len(run) >= _SHORTEST_PART and run in one.name
    ]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UserError(f"run {run!r} is ambiguous in {runs_directory}: {', '.join(one.name for one in matching)}")
    raise UserError(f"no run {run!r} in {runs_directory}; {choices(run, [one.name for one in known])}")


def _new_directory(runs_directory: Path, result: Result) -> Path:
    time = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    name = re.sub(r"[^\w.-]+", "-", result.name)
    for attempt in range(1, 1000):
        suffix = "" if attempt == 1 else f"-{attempt}"
        directory = runs_directory / f"{time}-{name}-{result.decision_hash[:8]}{suffix}"
        try:
            directory.mkdir(parents=True)
        except FileExistsError:
            if not runs_directory.is_dir():
                raise UserError(f"{runs_directory}: is a file; give a folder for the runs with --runs") from None
            continue
        except OSError as error:
            raise UserError(
                f"{runs_directory}: cannot write the run there ({error.strerror}); give another folder with --runs"
            ) from error
        return directory
    raise UserError(f"{runs_directory}: a thousand runs of this second are there already; wait and run again")


def _table_path(directory: Path, name: str) -> Path:
    return directory / f"{_FILE_OF.get(name, name)}.csv"


def _write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV: floats with every digit, NaN as nothing, times in ISO format."""
    columns = {str(name): table[name] for name in table.columns}
    if isinstance(table.index, pd.DatetimeIndex):
        columns = {"timestamp": table.index.to_series(), **columns}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*(_plain(values) for values in columns.values()), strict=True))


def _plain(values: pd.Series) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return list(np.datetime_as_string(values.to_numpy(dtype="datetime64[ns]"), unit="ns").tolist())
    if pd.api.types.is_float_dtype(values):
        return [None if value != value else value for value in values.tolist()]
    return values.tolist()


def _read_table(directory: Path, name: str) -> pd.DataFrame:
    """Read a table back exactly: Python's float parser, whatever pandas' default precision is."""
    events = name in _EVENTS
    table = pd.read_csv(
        _table_path(directory, name), dtype=object, keep_default_na=False, index_col=None if events else 0
    )
    if not events:
        table.index = pd.DatetimeIndex(pd.to_datetime(table.index), name="timestamp")
    for column in table.columns:
        if events and column in _TIMES:
            table[column] = pd.to_datetime(table[column])
        elif events and column in _COUNTS:
            table[column] = table[column].astype(np.int64)
        elif column not in _TEXT_COLUMNS.get(name, ()):
            table[column] = [float(value) if value else math.nan for value in table[column]]
    return table


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2, allow_nan=False) + "\n", encoding="utf-8")
