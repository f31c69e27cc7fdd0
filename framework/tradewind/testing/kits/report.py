"""Conformance of reports."""

from __future__ import annotations

import copy
import re
import socket
from dataclasses import fields, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from tradewind.model import Result
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.failure import fail
from tradewind.testing.results import bare_result, make_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tradewind.contracts import Report

__all__ = ["ReportKit"]

_ODD = "</title><script>alert(1)</script> \"'&$x$ \\ Ä Ω"
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_LOADS = re.compile(r"url\(\s*['\"]?(?!data:|#)|@import", re.IGNORECASE)
_SMALLEST_BYTES = 10
_BARS = 260


class ReportKit(PluginKit):
    """What every report keeps: one file a run, for every run there can be, and the same file for the same run.

    Attributes
    ----------
    deterministic
        Whether two files of one result are equal byte for byte. A format that stamps the time of writing says False,
        and its author xfails nothing.
    """

    kind = "report"
    deterministic: ClassVar[bool] = True

    def test_it_writes_one_file_into_the_directory(self, tmp_path: Path) -> None:
        """`write` writes one file into the directory and returns its path: that is what `run` prints and keeps."""
        path = self._write(copy.deepcopy(_year()), tmp_path)
        files = sorted(tmp_path.rglob("*"))
        if not isinstance(path, Path) or not path.is_file():
            self._fail("a full run", "what it returns is no file", path, "Return the path of the file written.")
        if path.parent.resolve() != tmp_path.resolve() or files != [path]:
            names = [one.name for one in files]
            remedy = "Write one file into the directory given, nothing beside it."
            self._fail("a full run", f"there are {len(files)} files", names, remedy)
        if path.stat().st_size < _SMALLEST_BYTES:
            self._fail("a full run", "the file is empty", path.stat().st_size, "Write what the run has come to.")

    def test_every_run_has_its_report(self, tmp_path: Path) -> None:
        """A run may have no bars, one bar, no trades, NaN figures, no benchmark, or be interrupted: all have a report.

        Reports are written when all else is done; one that fails then leaves its user without the run. Say "nothing to
        show" where there is nothing.
        """
        for name, result in self._results():
            folder = tmp_path / re.sub(r"\W+", "_", name)
            folder.mkdir()
            try:
                path = self._write(result, folder)
            except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
                remedy = "Ask for what is empty before you divide, index or draw."
                self._fail(name, "the report is not written", f"{type(error).__name__}: {error}", remedy)
            if not path.is_file():
                self._fail(name, "there is no file", path, "Write one for every run.")

    def test_the_same_run_gives_the_same_file(self, tmp_path: Path) -> None:
        """Two reports of one result are equal byte for byte: no time of writing, no random ids, no order of a set."""
        if not self.deterministic:
            pytest.skip("the kit says deterministic = False")
        contents = []
        for number in range(2):
            folder = tmp_path / f"a folder with another name {number}"
            folder.mkdir()
            contents.append(self._write(copy.deepcopy(_year()), folder).read_bytes())
        if contents[0] != contents[1]:
            at = next((at for at, pair in enumerate(zip(*contents, strict=False)) if pair[0] != pair[1]), 0)
            shown = [content[max(0, at - 30) : at + 30] for content in contents]
            remedy = "Leave out the clock and the folder, and seed what is drawn."
            self._fail("a full run", f"two files of one run differ at byte {at}", shown, remedy)

    def test_the_result_is_left_as_it_was(self, tmp_path: Path) -> None:
        """The next report gets the same tables: copy a table before you add to it or sort it."""
        result = copy.deepcopy(_year())
        before = copy.deepcopy({one.name: getattr(result, one.name) for one in fields(Result)})
        self._write(result, tmp_path)
        for name, value in before.items():
            if not _equal(value, getattr(result, name)):
                after = getattr(result, name)
                shown = (
                    f"{len(after)} rows of {', '.join(map(str, after.columns))}"
                    if isinstance(after, pd.DataFrame)
                    else after
                )
                self._fail("a full run", f"result.{name} was changed", shown, "Work on a copy.")

    def test_it_needs_no_network(self, tmp_path: Path) -> None:
        """A report is written without the network: fonts, scripts and pictures come with the plugin."""

        def refuse(*address: Any, **_: Any) -> None:
            self._fail("a full run", "it opens a connection", address[1:], "Bring along what it needs.")

        with mock.patch.object(socket.socket, "connect", refuse), mock.patch.object(socket, "getaddrinfo", refuse):
            self._write(copy.deepcopy(_year()), tmp_path)

    def test_a_page_loads_nothing(self, tmp_path: Path) -> None:
        """An HTML page has all it shows in itself: it is opened years later, and nobody learns that it was opened."""
        self._first_page(tmp_path)
        page = self._page(self._write(copy.deepcopy(_year()), tmp_path))
        if page.loads:
            self._fail("a full run", "the page loads what is not in it", page.loads[:3], "Put it into the page.")

    def test_a_page_is_well_formed(self, tmp_path: Path) -> None:
        """Elements of an HTML page are closed in their order, ids are unique, links within the page lead somewhere."""
        self._first_page(tmp_path)
        for number, (name, result) in enumerate(self._results()):
            folder = tmp_path / str(number)
            folder.mkdir()
            page = self._page(self._write(result, folder))
            if page.faults or page.open:
                faults = page.faults or [f"<{tag}> is not closed" for tag in page.open]
                self._fail(name, "the page is not well formed", faults[:3], "Close every element in its order.")
            lost = [one for one in page.anchors if one not in page.ids]
            if len(set(page.ids)) < len(page.ids) or lost:
                twice = sorted({one for one in page.ids if page.ids.count(one) > 1})
                remedy = "Give each id once, and link to ids that there are."
                self._fail(name, "ids are double, or links lead nowhere", (twice[:3], lost[:3]), remedy)

    def test_names_are_text_and_nothing_else(self, tmp_path: Path) -> None:
        """A run may be called ``</title><script>``: names and texts are escaped, and no file is called by them."""
        plain, odd = tmp_path / "plain", tmp_path / "odd"
        plain.mkdir()
        odd.mkdir()
        path = self._write(_named(_ODD), odd)
        if path.parent.resolve() != odd.resolve():
            self._fail("an odd name", "the file lies elsewhere", path, "Give the file a name of your own.")
        if path.suffix.lower() not in (".html", ".htm"):
            return
        first = self._write(_named("plain"), plain)
        scripts = [page.scripts for page in (self._page(first), self._page(path))]
        if scripts[0] != scripts[1]:
            remedy = "Escape every text: html.escape(text, quote=True)."
            self._fail("an odd name", f"{scripts[1]} scripts instead of {scripts[0]}", _ODD, remedy)

    def test_a_second_run_overwrites_only_its_own(self, tmp_path: Path) -> None:
        """Written again into the same directory, a report replaces its file and touches no other."""
        other = tmp_path / "notes.txt"
        other.write_text("mine", encoding="utf-8")
        short = bare_result(_year().equity["equity"].iloc[:20])
        first, again = self._write(short, tmp_path), self._write(short, tmp_path)
        if first != again or len(list(tmp_path.iterdir())) != 2 or other.read_text(encoding="utf-8") != "mine":
            names = sorted(one.name for one in tmp_path.iterdir())
            self._fail("a directory with files", "it has written more than its file", names, "Use one fixed name.")

    def _write(self, result: Result, directory: Path) -> Path:
        report: Report = self.subject().create()
        return report.write(result, directory)

    def _results(self) -> Iterator[tuple[str, Result]]:
        """Yield a name and a result for every kind of run."""
        full = copy.deepcopy(_year())
        curve = full.equity["equity"]
        yield "a full run", full
        yield "no bars", bare_result(curve.iloc[:0])
        yield "one bar", bare_result(curve.iloc[:1])
        yield "no trades", bare_result(curve)
        yield "an interrupted run", replace(bare_result(curve.iloc[:30]), status="partial", warnings=("It stopped.",))
        yield "an equity that stands still", bare_result(curve * 0.0 + 100.0)
        yield "an equity that falls to 0", bare_result(pd.Series(np.linspace(100.0, 0.0, 50), index=curve.index[:50]))
        yield "figures NaN", replace(full, metrics=dict.fromkeys(full.metrics, float("nan")))
        yield "no figures", replace(full, metrics={})
        alone = replace(full, equity=full.equity.assign(benchmark=np.nan), regimes=full.regimes.iloc[:0])
        yield "neither regimes nor benchmark", replace(alone, without_overlay=None, detectors=None)
        yield "bars of minutes", _by_minute(bare_result(curve.iloc[:60]))
        yield "odd names", _named(_ODD)

    def _first_page(self, directory: Path) -> _Page:
        """Return the page of the shortest run, whose report is quickly written; skip where it is none."""
        return self._page(self._write(bare_result(_year().equity["equity"].iloc[:0]), directory))

    def _page(self, path: Path) -> _Page:
        if path.suffix.lower() not in (".html", ".htm"):
            pytest.skip("the report is no HTML page")
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        page.close()
        return page

    def _fail(self, where: str, what: str, received: Any, remedy: str) -> None:
        fail(f"{self.subject().title}, {where}", what, received=received, remedy=remedy)


class _Page(HTMLParser):
    """What a page consists of: elements, scripts, ids, links, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.loads: list[str] = []
        self.anchors: list[str] = []
        self.ids: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element and its attributes."""
        if tag not in _VOID:
            self.open.append(tag)
        self.scripts += tag == "script"
        for name, value in attrs:
            text = (value or "").strip()
            if name == "id":
                self.ids.append(text)
            elif name in ("href", "xlink:href") and text.startswith("#"):
                self.anchors.append(text[1:])
            elif _is_loaded(tag, name, text):
                self.loads.append(f"<{tag} {name}={text!r}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Require that the element was the last one opened."""
        if tag in _VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {f'<{self.open[-1]}>' if self.open else 'nothing'}")
        if tag in self.open:
            while self.open.pop() != tag:
                continue

    def handle_data(self, data: str) -> None:
        """Look for what a style sheet loads."""
        if "style" in self.open:
            self.loads += [match.group(0) for match in _LOADS.finditer(data)]


@cache
def _year() -> Result:
    """A run of a year, of which callers take a copy."""
    random = np.random.default_rng(7)
    index = pd.bdate_range("2019-01-01", periods=_BARS)
    prices = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.015, (_BARS, 4)), axis=0))
    return make_result(pd.DataFrame(prices, index=index, columns=list("ABCD")))


def _named(text: str) -> Result:
    """A run whose name and other texts are one text."""
    return replace(
        copy.deepcopy(_year()), name=text, stamps=(text,), warnings=(text,), config={"name": text}, versions={text: "1"}
    )


def _is_loaded(tag: str, name: str, text: str) -> bool:
    if name in ("src", "srcset", "data", "poster", "background"):
        return not text.startswith("data:")
    if name == "style":
        return _LOADS.search(text) is not None
    return name == "href" and tag in ("link", "base", "use", "image")


def _by_minute(result: Result) -> Result:
    index = pd.date_range("2020-01-02 14:30", periods=len(result.equity), freq="min")
    tables = {name: getattr(result, name).set_axis(index) for name in ("equity", "weights", "sleeves")}
    return replace(result, **tables)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        return isinstance(other, pd.DataFrame) and one.equals(other) and list(one.columns) == list(other.columns)
    return repr(one) == repr(other)
