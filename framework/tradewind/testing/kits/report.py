"""Conformance of reports."""

from __future__ import annotations

import copy
import re
import socket
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from tradewind.model import Result
from tradewind.testing.kits.base import PluginKit
from tradewind.testing.kits.failure import fail
from tradewind.testing.results import bare_result, make_result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tradewind.contracts import Report

__all__ = ["ReportKit"]

_ODD = "</title><script>alert(1)</script> \"'&$x$ \\ Ä Ω"
_FULL, _SHORTEST, _ODDLY_NAMED, _PLAINLY_NAMED = "a full run", "no bars", "odd names", "a plain name"
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
    _written: ClassVar[dict[str, _Written]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Forget what another class has written."""
        super().__init_subclass__(**options)
        cls._written = {}

    @classmethod
    def written(cls, name: str) -> _Written:
        """Return what has come of the report of a run by name, which is written once, in a folder of its own."""
        if name not in cls._written:
            with tempfile.TemporaryDirectory() as outside:
                folder = Path(outside, "a folder with a name")
                folder.mkdir()
                cls._written[name] = _Written.of(cls.subject().create(), _run(name), folder)
        return cls._written[name]

    def test_it_writes_one_file_into_the_directory(self) -> None:
        """`write` writes one file into the directory and returns its path: that is what `run` prints and keeps."""
        one = self._sound(_FULL)
        if one.content is None:
            self._fail(_FULL, "what it returns is no file", one.path, "Return the path of the file written.")
        if not one.inside or one.files != (one.path.name,):
            remedy = "Write one file into the directory given, nothing beside it."
            self._fail(_FULL, f"there are {len(one.files)} files", list(one.files), remedy)
        if len(one.content) < _SMALLEST_BYTES:
            self._fail(_FULL, "the file is empty", len(one.content), "Write what the run has come to.")

    def test_every_run_has_its_report(self) -> None:
        """A run may have no bars, one bar, no trades, NaN figures, no benchmark, or be interrupted: all have a report.

        Reports are written when all else is done; one that fails then leaves its user without the run. Say "nothing to
        show" where there is nothing.
        """
        for name in _runs():
            one = self.written(name)
            if one.error is not None:
                remedy = "Ask for what is empty before you divide, index or draw."
                self._fail(name, "the report is not written", f"{type(one.error).__name__}: {one.error}", remedy)
            if one.content is None:
                self._fail(name, "there is no file", one.path, "Write one for every run.")

    def test_the_same_run_gives_the_same_file(self, tmp_path: Path) -> None:
        """Two reports of one result are equal byte for byte: no time of writing, no random ids, no order of a set."""
        if not self.deterministic:
            pytest.skip("the kit says deterministic = False")
        folder = tmp_path / "a folder with another name"
        folder.mkdir()
        contents = [self._content(_FULL), self._write(_run(_FULL), folder).read_bytes()]
        if contents[0] != contents[1]:
            at = next((at for at, pair in enumerate(zip(*contents, strict=False)) if pair[0] != pair[1]), 0)
            shown = [content[max(0, at - 30) : at + 30] for content in contents]
            remedy = "Leave out the clock and the folder, and seed what is drawn."
            self._fail(_FULL, f"two files of one run differ at byte {at}", shown, remedy)

    def test_the_result_is_left_as_it_was(self) -> None:
        """The next report gets the same tables: copy a table before you add to it or sort it."""
        for name, after in self._sound(_FULL).changed.items():
            rows = isinstance(after, pd.DataFrame)
            shown = f"{len(after)} rows of {', '.join(map(str, after.columns))}" if rows else after
            self._fail(_FULL, f"result.{name} was changed", shown, "Work on a copy.")

    def test_it_needs_no_network(self) -> None:
        """A report is written without the network: fonts, scripts and pictures come with the plugin."""
        for address in self.written(_FULL).connections:
            self._fail(_FULL, "it opens a connection", address, "Bring along what it needs.")

    def test_a_page_loads_nothing(self) -> None:
        """An HTML page has all it shows in itself: it is opened years later, and nobody learns that it was opened."""
        page = self._page(_FULL)
        if page.loads:
            self._fail(_FULL, "the page loads what is not in it", page.loads[:3], "Put it into the page.")

    def test_a_page_is_well_formed(self) -> None:
        """Elements of an HTML page are closed in their order, ids are unique, links within the page lead somewhere."""
        for name in _runs():
            page = self._page(name)
            if page.faults or page.open:
                faults = page.faults or [f"<{tag}> is not closed" for tag in page.open]
                self._fail(name, "the page is not well formed", faults[:3], "Close every element in its order.")
            lost = [one for one in page.anchors if one not in page.ids]
            if len(set(page.ids)) < len(page.ids) or lost:
                twice = sorted({one for one in page.ids if page.ids.count(one) > 1})
                remedy = "Give each id once, and link to ids that there are."
                self._fail(name, "ids are double, or links lead nowhere", (twice[:3], lost[:3]), remedy)

    def test_names_are_text_and_nothing_else(self) -> None:
        """A run may be called ``</title><script>``: names and texts are escaped, and no file is called by them."""
        one = self._sound(_ODDLY_NAMED)
        if not one.inside:
            self._fail("an odd name", "the file lies elsewhere", one.path, "Give the file a name of your own.")
        if one.is_page:
            scripts = [self._page(name).scripts for name in (_PLAINLY_NAMED, _ODDLY_NAMED)]
            if scripts[0] != scripts[1]:
                remedy = "Escape every text: html.escape(text, quote=True)."
                self._fail("an odd name", f"{scripts[1]} scripts instead of {scripts[0]}", _ODD, remedy)

    def test_a_second_run_overwrites_only_its_own(self, tmp_path: Path) -> None:
        """Written again into the same directory, a report replaces its file and touches no other."""
        other = tmp_path / "notes.txt"
        other.write_text("mine", encoding="utf-8")
        first, again = (self._write(_run(_SHORTEST), tmp_path) for _ in range(2))
        if first != again or len(list(tmp_path.iterdir())) != 2 or other.read_text(encoding="utf-8") != "mine":
            names = sorted(one.name for one in tmp_path.iterdir())
            self._fail("a directory with files", "it has written more than its file", names, "Use one fixed name.")

    def _write(self, result: Result, directory: Path) -> Path:
        report: Report = self.subject().create()
        return report.write(result, directory)

    def _sound(self, name: str) -> _Written:
        """Return what has come of a report; raise what it has raised."""
        one = self.written(name)
        if one.error is not None:
            raise one.error
        return one

    def _content(self, name: str) -> bytes:
        one = self._sound(name)
        if one.content is None:
            self._fail(name, "there is no file", one.path, "Write one for every run.")
        return one.content

    def _page(self, name: str) -> _Page:
        content = self._content(name)
        if not self.written(name).is_page:
            pytest.skip("the report is no HTML page")
        page = _Page()
        page.feed(content.decode("utf-8"))
        page.close()
        return page

    def _fail(self, where: str, what: str, received: Any, remedy: str) -> NoReturn:
        fail(f"{self.subject().title}, {where}", what, received=received, remedy=remedy)


@dataclass(frozen=True, slots=True, eq=False)
class _Written:
    """What has come of writing a report into an empty folder.

    ``files`` are those in the folder, ``changed`` the parts of the result that it has changed, ``connections`` what it
    wanted to reach; ``content`` is None where there is no file, ``error`` is what it has raised.
    """

    path: Any
    files: tuple[str, ...]
    inside: bool
    content: bytes | None
    changed: Mapping[str, Any]
    connections: tuple[Any, ...]
    error: Exception | None = None

    @classmethod
    def of(cls, report: Report, result: Result, folder: Path) -> _Written:
        """Write a report."""
        before = copy.deepcopy({one.name: getattr(result, one.name) for one in fields(Result)})
        connections: list[Any] = []
        try:
            with _no_network(connections):
                path = report.write(result, folder)
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
            return cls(None, (), False, None, {}, tuple(connections), error)
        except OSError as error:
            if not connections:
                raise
            return cls(None, (), False, None, {}, tuple(connections), error)
        after = {name: getattr(result, name) for name in before}
        there = isinstance(path, Path) and path.is_file()
        return cls(
            path,
            tuple(sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))),
            there and path.parent.resolve() == folder.resolve(),
            path.read_bytes() if there else None,
            {name: after[name] for name, value in before.items() if not _equal(value, after[name])},
            tuple(connections),
        )

    @property
    def is_page(self) -> bool:
        """Whether it is an HTML page."""
        return isinstance(self.path, Path) and self.path.suffix.lower() in (".html", ".htm")


@contextmanager
def _no_network(connections: list[Any]) -> Iterator[None]:
    """Refuse every address that is asked for, and note it."""

    def refuse(*address: Any, **_: Any) -> NoReturn:
        connections.append(address)
        raise ConnectionRefusedError("the kit lets no report reach the network")

    def refuse_socket(_: socket.socket, address: Any) -> NoReturn:
        refuse(address)

    with mock.patch.object(socket.socket, "connect", refuse_socket), mock.patch.object(socket, "getaddrinfo", refuse):
        yield


def _run(name: str) -> Result:
    return copy.deepcopy(_named("plain") if name == _PLAINLY_NAMED else _runs()[name])


@cache
def _runs() -> Mapping[str, Result]:
    """Return a run of every kind there is, by name."""
    full = _year()
    curve = full.equity["equity"]
    alone = replace(full, equity=full.equity.assign(benchmark=np.nan), regimes=full.regimes.iloc[:0])
    return {
        _FULL: full,
        _SHORTEST: bare_result(curve.iloc[:0]),
        "one bar": bare_result(curve.iloc[:1]),
        "no trades": bare_result(curve),
        "an interrupted run": replace(bare_result(curve.iloc[:30]), status="partial", warnings=("It stopped.",)),
        "an equity that stands still": bare_result(curve * 0.0 + 100.0),
        "an equity that falls to 0": bare_result(pd.Series(np.linspace(100.0, 0.0, 50), index=curve.index[:50])),
        "figures NaN": replace(full, metrics=dict.fromkeys(full.metrics, float("nan"))),
        "no figures": replace(full, metrics={}),
        "neither regimes nor benchmark": replace(alone, without_overlay=None, detectors=None),
        "bars of minutes": _by_minute(bare_result(curve.iloc[:60])),
        _ODDLY_NAMED: _named(_ODD),
    }


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
