"""Reports with one fault each."""

from __future__ import annotations

import html
import socket
import time
from pathlib import Path
from typing import Any

from tradewind.model import Result

__all__ = ["MUTANTS", "Plain", "Sound"]


class Sound:
    """A page of a few lines without a fault, which the faulty ones change."""

    name = "mine.html"

    def write(self, result: Result, directory: Path) -> Path:
        path = directory / self.name
        path.write_text(self.page(result), encoding="utf-8")
        return path

    def page(self, result: Result) -> str:
        name = html.escape(result.name, quote=True)
        rows = "".join(f"<li>{html.escape(stamp)}</li>" for stamp in result.stamps)
        body = f'<h1 id="top">{name}</h1><p>{len(result.equity)} bars</p><ul>{rows}</ul><a href="#top">up</a>'
        return f"<!doctype html><html><head><title>{name}</title></head><body>{body}</body></html>"


class Plain(Sound):
    """A table of the equity as text, without a fault."""

    name = "mine.csv"

    def page(self, result: Result) -> str:
        return result.equity.to_csv() + f"bars,{len(result.equity)}\n"


class Nowhere(Sound):
    """Returns a path at which there is nothing."""

    def write(self, result: Result, directory: Path) -> Path:
        return super().write(result, directory).with_suffix(".pdf")


class Beside(Sound):
    """Writes a second file beside its own."""

    def write(self, result: Result, directory: Path) -> Path:
        (directory / "style.css").write_text("p {}", encoding="utf-8")
        return super().write(result, directory)


class Above(Sound):
    """Writes into the directory above."""

    def write(self, result: Result, directory: Path) -> Path:
        return super().write(result, directory.parent)


class Nothing(Sound):
    """Writes an empty file."""

    def page(self, result: Result) -> str:
        return ""


class Text(Sound):
    """Returns text for a path."""

    def write(self, result: Result, directory: Path) -> Any:
        return str(super().write(result, directory))


class NoBars(Sound):
    """Takes the first bar for granted."""

    def page(self, result: Result) -> str:
        return super().page(result).replace("bars", f"bars from {result.equity.index[0]}")


class NoFigures(Sound):
    """Takes a figure for granted."""

    def page(self, result: Result) -> str:
        return super().page(result).replace("bars", f"bars, {int(100 * result.metrics['total_return'])} %")


class NoRange(Sound):
    """Divides by how much the equity has moved."""

    def page(self, result: Result) -> str:
        moved = [float(one) for one in result.equity["equity"]]
        height = 100.0 / (max(moved) - min(moved)) if moved else 0.0
        return super().page(result).replace("bars", f"bars, {height} units high")


class Dated(Sound):
    """Stamps the time of writing."""

    def page(self, result: Result) -> str:
        return super().page(result).replace("bars", f"bars, written at {time.perf_counter_ns()}")


class Located(Sound):
    """Names the folder it lies in."""

    def write(self, result: Result, directory: Path) -> Path:
        path = super().write(result, directory)
        path.write_text(path.read_text(encoding="utf-8") + f"<!-- {directory.name} -->", encoding="utf-8")
        return path


class Adding(Sound):
    """Adds a column to the caller's table."""

    def page(self, result: Result) -> str:
        result.equity["drawdown"] = 1.0 - result.equity["equity"] / result.equity["equity"].cummax()
        return super().page(result)


class Sorting(Sound):
    """Sorts the caller's fills."""

    def page(self, result: Result) -> str:
        if len(result.fills):
            result.fills["quantity"] = result.fills["quantity"].sort_values().to_numpy()
        return super().page(result)


class Online(Sound):
    """Asks another machine for a font."""

    def page(self, result: Result) -> str:
        socket.getaddrinfo("localhost", 80)
        return super().page(result)


class Linked(Sound):
    """Loads a script from elsewhere."""

    def page(self, result: Result) -> str:
        return super().page(result).replace("</head>", '<script src="https://example.org/plot.js"></script></head>')


class Styled(Sound):
    """Loads a font in its style sheet."""

    def page(self, result: Result) -> str:
        style = "<style>@font-face { src: url(https://example.org/font.woff) }</style>"
        return super().page(result).replace("</head>", f"{style}</head>")


class Sheet(Sound):
    """Loads a style sheet."""

    def page(self, result: Result) -> str:
        return super().page(result).replace("</head>", '<link rel="stylesheet" href="style.css"></head>')


class Unclosed(Sound):
    """Does not close a list."""

    def page(self, result: Result) -> str:
        return super().page(result).replace("</ul>", "")


class Crossed(Sound):
    """Closes elements in the wrong order where there are warnings."""

    def page(self, result: Result) -> str:
        warnings = "<b><i>Look at the warnings.</b></i>" if result.warnings else ""
        return super().page(result).replace("<ul>", f"{warnings}<ul>")


class Doubled(Sound):
    """Gives one id twice."""

    def page(self, result: Result) -> str:
        return super().page(result).replace("<ul>", '<ul id="top">')


class Lost(Sound):
    """Links to what is not there."""

    def page(self, result: Result) -> str:
        return super().page(result).replace('href="#top"', 'href="#trades"')


class Unescaped(Sound):
    """Writes stamps as they are."""

    def page(self, result: Result) -> str:
        return super().page(result).replace("<ul>", f"<p>{''.join(result.warnings)}</p><ul>")


class NamedFile(Sound):
    """Calls its file by the run."""

    def write(self, result: Result, directory: Path) -> Path:
        path = directory.joinpath("x").parent / (result.name.replace("/", "") + ".html")
        path = path if len(result.name) < 20 else directory.parent / "odd.html"
        path.write_text(self.page(result), encoding="utf-8")
        return path


class Numbered(Sound):
    """Counts its files."""

    def write(self, result: Result, directory: Path) -> Path:
        path = directory / f"mine-{len(list(directory.iterdir()))}.html"
        path.write_text(self.page(result), encoding="utf-8")
        return path


class Sweeping(Sound):
    """Empties the directory first."""

    def write(self, result: Result, directory: Path) -> Path:
        for one in directory.iterdir():
            one.unlink()
        return super().write(result, directory)


MUTANTS: tuple[tuple[type[Sound], str, str], ...] = (
    (Nowhere, "test_it_writes_one_file_into_the_directory", r"what it returns is no file; .*mine\.pdf"),
    (Text, "test_it_writes_one_file_into_the_directory", r"what it returns is no file; received /"),
    (Beside, "test_it_writes_one_file_into_the_directory", r"there are 2 files; received \['mine.html', 'style.css'\]"),
    (Above, "test_it_writes_one_file_into_the_directory", r"there are 0 files; .* Write one file into the directory"),
    (Nothing, "test_it_writes_one_file_into_the_directory", r"the file is empty; received 0"),
    (NoBars, "test_every_run_has_its_report", r"no bars: the report is not written; received IndexError"),
    (NoFigures, "test_every_run_has_its_report", r"(KeyError: 'total_return'|cannot convert float NaN)"),
    (NoRange, "test_every_run_has_its_report", r"one bar: the report is not written; received ZeroDivisionError"),
    (Dated, "test_the_same_run_gives_the_same_file", r"two files of one run differ at byte \d+; .*written at"),
    (Located, "test_the_same_run_gives_the_same_file", r"two files of one run differ .* Leave out the clock and the"),
    (
        Adding,
        "test_the_result_is_left_as_it_was",
        r"result\.equity was changed; received 260 rows of equity, .*drawdown\. Work on a copy",
    ),
    (Sorting, "test_the_result_is_left_as_it_was", r"result\.fills was changed"),
    (Online, "test_it_needs_no_network", r"it opens a connection; .* Bring along what it needs"),
    (Linked, "test_a_page_loads_nothing", r"loads what is not in it; received \[.*<script src='https://example"),
    (Styled, "test_a_page_loads_nothing", r"the page loads what is not in it; received \['url\("),
    (Sheet, "test_a_page_loads_nothing", r"<link href='style\.css'>"),
    (Unclosed, "test_a_page_is_well_formed", r"a full run: the page is not well formed; .*</body> closes <ul>"),
    (Crossed, "test_a_page_is_well_formed", r"an interrupted run: the page is not well formed; .*</b> closes <i>"),
    (Doubled, "test_a_page_is_well_formed", r"ids are double, or links lead nowhere; received \(\['top'\], \[\]\)"),
    (Lost, "test_a_page_is_well_formed", r"received \(\[\], \['trades'\]\)"),
    (Unescaped, "test_names_are_text_and_nothing_else", r"an odd name: 1 scripts instead of 0; .* Escape every text"),
    (NamedFile, "test_names_are_text_and_nothing_else", r"an odd name: the file lies elsewhere"),
    (Numbered, "test_a_second_run_overwrites_only_its_own", r"it has written more than its file; .* one fixed name"),
    (Sweeping, "test_a_second_run_overwrites_only_its_own", r"it has written more than its file; received \['mine"),
)
"""The faulty report, the test that must catch it, and what that must say."""
