"""The kit for reports: what is built in passes, and each planted fault is caught by its test."""

from __future__ import annotations

import contextlib
import inspect
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.testing.examining import examine, test_names
from tests.testing.mutants_report import MUTANTS, Dated, Plain, Sound
from tradewind.testing import ReportKit
from tradewind.testing.kits.failure import KitFailureError


class TestHtml(ReportKit):
    plugin = "html"


class TestPng(ReportKit):
    plugin = "png"


@pytest.mark.parametrize("name", test_names(ReportKit))
@pytest.mark.parametrize("report", [Sound, Plain])
def test_a_class_without_a_fault_passes(report: type[Any], name: str, tmp_path: Path) -> None:
    if report is Plain and "_page_" in name:
        with pytest.raises(pytest.skip.Exception, match="the report is no HTML page"):
            examine(ReportKit, report, name, folder=tmp_path)
        return
    examine(ReportKit, report, name, folder=tmp_path)


def test_each_run_is_drawn_once_for_all_tests_that_only_look_at_its_report(tmp_path: Path) -> None:
    drawn: list[str] = []

    class Counted(Sound):
        """Notes what it is asked to draw."""

        def page(self, result: Any) -> str:
            drawn.append(result.name)
            return super().page(result)

    class Kit(ReportKit):
        plugin = Counted

    for number, name in enumerate(test_names(ReportKit)):
        test = getattr(Kit(), name)
        folder = tmp_path / str(number)
        folder.mkdir()
        test(**({"tmp_path": folder} if "tmp_path" in inspect.signature(test).parameters else {}))
    kinds_of_run, repeated, plainly_named, twice_into_one_folder = 12, 1, 1, 2
    assert len(drawn) == kinds_of_run + repeated + plainly_named + twice_into_one_folder


@pytest.mark.parametrize(("mutant", "test", "message"), MUTANTS, ids=[mutant.__name__ for mutant, *_ in MUTANTS])
def test_a_planted_fault_is_caught(mutant: type[Any], test: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(KitFailureError, match=message):
        examine(ReportKit, mutant, test, folder=tmp_path)


def test_a_format_that_stamps_its_time_says_so(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="deterministic = False"):
        examine(ReportKit, Dated, "test_the_same_run_gives_the_same_file", folder=tmp_path, deterministic=False)


def test_a_report_that_asks_in_secret_is_caught_and_reaches_nobody(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)

        class Secretive(Sound):
            """Tells a machine what it draws, and goes on where it cannot."""

            def page(self, result: Any) -> str:
                with contextlib.suppress(OSError), socket.socket() as line:
                    line.connect(listening.getsockname())
                return super().page(result)

        with pytest.raises(KitFailureError, match=r"it opens a connection; received .*127\.0\.0\.1"):
            examine(ReportKit, Secretive, "test_it_needs_no_network", folder=tmp_path)
        with pytest.raises(BlockingIOError):
            listening.accept()
