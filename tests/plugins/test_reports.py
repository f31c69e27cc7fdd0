"""The HTML page and the picture."""

from __future__ import annotations

import dataclasses
import functools
import re
import struct
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tradewind.contracts import Report
from tradewind.errors import PluginError
from tradewind.model import Result
from tradewind.report.breaches import BREACH_COLUMNS
from tradewind.report.counterfactual import value_rulings
from tradewind.report.portfolio_risk import risk_of_run, risk_table
from tradewind.testing.results import bare_result, make_result
from tradewind_plugins import reports
from tradewind_plugins.reports import HtmlReport, PngReport
from tradewind_plugins.reports.html import render

_EVIL = "</title><script>alert(1)</script>\"'&$x$"
_HOURS = pd.date_range("2020-01-01 14:30", periods=3, freq="h")
_FREE = {"commission": 0.0, "spread": 0.0, "slippage": 0.0, "impact": 0.0}
_VOID = {"meta", "br", "hr", "img", "input", "link"}


@functools.cache
def _full() -> Result:
    return make_result()


class _Page(HTMLParser):
    """Collects text, checks that elements nest, and notes what a page refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.scripts = 0
        self.handlers: list[str] = []
        self.references: list[str] = []
        self.ids: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        self.scripts += tag == "script"
        for name, value in attrs:
            if name.startswith("on"):
                self.handlers.append(name)
            if name in ("src", "href", "action", "xlink:href"):
                self.references.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def _curve(count: int) -> pd.Series:
    values = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, count)))
    return pd.Series(values, index=pd.bdate_range("2020-01-01", periods=count))


def _poor_results() -> dict[str, Result]:
    full = _full()
    empty = pd.DataFrame(index=full.equity.index)
    return {
        "no bars": bare_result(_curve(0)),
        "one bar": bare_result(_curve(1)),
        "two bars": bare_result(_curve(2)),
        "flat": bare_result(_curve(300) * 0.0 + 100.0),
        "ruined": bare_result(pd.Series(np.linspace(100.0, -20.0, 300), index=_curve(300).index)),
        "intraday": bare_result(pd.Series([1.0, 2.0, 1.5], index=_HOURS)),
        "partial": dataclasses.replace(full, status="partial", without_overlay=None, detectors=None),
        "no fills": dataclasses.replace(full, fills=full.fills.iloc[:0], orders=full.orders.iloc[:0], metrics={}),
        "no sleeves": dataclasses.replace(full, sleeves=empty, weights=empty),
        "short": dataclasses.replace(full, weights=-full.weights),
        "free": dataclasses.replace(full, metrics={}, fills=full.fills.assign(**_FREE)),
        "late benchmark": dataclasses.replace(
            full, equity=full.equity.assign(benchmark=full.equity["benchmark"].where(full.equity.index > "2019"))
        ),
        "unlabelled start": dataclasses.replace(full, regimes=full.regimes.iloc[100:]),
        "no later prices": dataclasses.replace(_guarded(), counterfactual=pd.DataFrame()),
        "no benchmark, halted to the end": dataclasses.replace(
            _guarded(), equity=full.equity.assign(benchmark=np.nan), standings=_guarded().standings.iloc[:2]
        ),
    }  # fmt: skip


def _guarded() -> Result:
    """The full result with a breaker's standing, two rulings and its risk, all made by hand."""
    full = _full()
    times = full.equity.index
    rulings = pd.DataFrame(
        [("1-A", 100, times[100], "A", "position_size", "position_size", 10.0, 4.0, 50.0, "too large", ""),
         ("2-B", 310, times[310], "B", "standing", "reduced", 20.0, 14.0, 10.0, "B: the account is reduced",
          "drawdown")],
        columns=["order_id", "bar", "timestamp", "symbol", "gate", "code", "asked", "allowed", "price", "text", "by"],
    )  # fmt: skip
    standings = pd.DataFrame(
        [(300, times[300], "active", "reduced", "drawdown", "drawdown 8.1 %, warn at 8 %"),
         (320, times[320], "reduced", "halted", "drawdown", "drawdown 12.2 %, halt at 12 %"),
         (330, times[330], "halted", "active", "cool_down", "all is well again")],
        columns=["bar", "timestamp", "before", "after", "by", "text"],
    )  # fmt: skip
    prices = pd.DataFrame({"A": np.full(len(times), 52.0), "B": np.full(len(times), 9.0)})
    equity = full.equity["equity"].to_numpy(dtype=np.float64)
    valued = value_rulings(rulings, prices, {}, equity)
    closes = pd.DataFrame({name: np.linspace(50.0, 60.0 + at, len(times)) for at, name in enumerate("ABCDE")})
    history = risk_of_run(full.equity, full.weights, closes, {"A": "Energy", "B": "Utilities"})
    assert history is not None
    return dataclasses.replace(
        full, rulings=rulings, standings=standings, counterfactual=valued, risk=risk_table(history),
        config={"risk": {"switched_off": ["losing_streak"], "limits": {"gross": 0.5}}},
        breaches=pd.DataFrame(
            [(times[10], times[12], 3, 1, "gross", 0.5, 0.9, times[11])], columns=list(BREACH_COLUMNS)
        ),
    )  # fmt: skip


def _png_size(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", header[16:24])
    return width, height


def test_the_folder_offers_both_reports() -> None:
    records = {record.name: record for record in reports.tradewind_reports()}
    assert list(records) == ["html", "png"]
    assert all(isinstance(record.create(), Report) for record in records.values())


def test_the_page_is_well_formed_and_refers_only_to_itself(tmp_path: Path) -> None:
    path = HtmlReport().write(_full(), tmp_path)
    assert path == tmp_path / "report.html"
    source = path.read_text(encoding="utf-8")
    page = _Page(source)
    assert all(reference.startswith("#") for reference in page.references)
    assert {reference.removeprefix("#") for reference in page.references} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not re.search(r"https?://|url\(|@import", source)
    assert len(source) < 1_500_000


def test_the_page_shows_the_runs_own_figures_and_not_recomputed_ones() -> None:
    result = _full()
    changed = dataclasses.replace(result, metrics={**result.metrics, "sharpe": 7.77, "cagr": 0.4321})
    words = _Page(render(changed)).words
    assert "7.77" in words
    assert "43.2%" in words


def test_the_page_tells_all_parts_of_a_full_run() -> None:
    result = dataclasses.replace(
        _full(), directory=Path("runs/20200101T000000Z-synthetic-01234567"), warnings=("Late.",)
    )
    words = _Page(render(result)).words
    for part in (
        "Equity", "Drawdown", "With overlay", "Without overlay", "Monthly returns", "Exposure", "Number of positions",
        "Largest holdings", "By regime", "By sleeve", "Turnover by year", "Costs by year", "Balanced accuracy",
        "Accuracy is a trap", "Largest gains and losses", "Last fills", "Made-up prices.", "Late.", "1 warning",
        "tradewind reproduce 20200101T000000Z-synthetic-01234567", result.data_hash, result.decision_hash,
        "Sample standard deviation of returns",
    ):  # fmt: skip
        assert part in words, part


def test_the_page_tells_what_gates_and_breakers_did() -> None:
    words = _Page(render(_guarded())).words
    for part in (
        "Switched off: losing streak.", "What the account might do, by breaker",
        "reduced 2019-02-25 to 2019-03-25: drawdown 8.1 %, warn at 8 %",
        "position size \N{MINUS SIGN}12 0 12",  # net, avoided, forgone: 6 withheld, 2 gained each
        "drawdown: reduced +6 6 0",  # 6 withheld, 1 lost each
        "all rules \N{MINUS SIGN}6 6 12",
        "Nothing is reinvested", "21 bars later", "drawdown halted 1 10",
        "Value at risk and expected shortfall of the holdings", "Gross exposure by sector", "Energy", "unknown",
        "Effective number of positions", "Diversification ratio", "Was the value at risk right?", "Cornish-Fisher 99%",
        "gross at most 0.5 1 3 0.9", "change no order",
    ):  # fmt: skip
        assert part in words, part


def test_the_page_of_a_run_without_risk_says_that_nothing_happened() -> None:
    calm = dataclasses.replace(_full(), config={"risk": {"switched_off": [], "limits": {}}})
    words = _Page(render(calm)).words
    assert "none is switched off" in words
    assert "No gate changed an order, and no breaker tripped." in words
    assert "No limit of portfolio risk is set" in words
    off = dataclasses.replace(_full(), config={"risk": {"switched_off": ["all"]}})
    assert "Switched off: every one but the check of an order's structure." in _Page(render(off)).words
    met = dataclasses.replace(_full(), config={"risk": {"limits": {"gross": 2.0}}})
    assert "No limit was exceeded (gross 2)." in _Page(render(met)).words


def test_the_page_leaves_out_figures_that_say_nothing() -> None:
    full = _guarded()
    single = full.risk.assign(
        effective_positions=1.0, effective_bets=1.0, diversification_ratio=1.0, average_correlation=np.nan,
        **{"sector_gross:Utilities": 0.0, "sector_gross:unknown": 0.0},
    )  # fmt: skip
    words = _Page(render(dataclasses.replace(full, risk=single))).words
    assert "Gross exposure by sector, all in Energy" in words
    assert "Beta of the account" in words
    assert not re.search("Diversification ratio|Effective number|Average correlation|Too few bars", words)
    tails = [name for name in full.risk if ":holdings:" in str(name)]
    words = _Page(render(dataclasses.replace(full, risk=full.risk.assign(**dict.fromkeys(tails, np.nan))))).words
    assert "shorter than the 252 bars" in words
    assert "expected shortfall of the holdings" not in words


def test_the_page_of_an_old_run_does_not_guess_what_was_saved() -> None:
    words = _Page(render(dataclasses.replace(_guarded(), counterfactual=pd.DataFrame()))).words
    assert "kept no later prices" in words
    assert "drawdown: reduced n/a n/a n/a n/a 60 1 0" in words


def test_the_page_says_where_the_overlay_lost() -> None:
    result = _full()
    better = result.without_overlay
    assert better is not None
    won = dataclasses.replace(result, metrics={}, equity=better.assign(benchmark=np.nan), without_overlay=result.equity)
    lost = dataclasses.replace(result, metrics={})
    pattern = r"(?:The overlay|The same portfolio without it) was better on [^.]*\."
    sentences = [re.findall(pattern, _Page(render(one)).words) for one in (won, lost)]
    assert len(sentences[0]) > 0
    swapped = [
        s.replace("The overlay", "X").replace("The same portfolio without it", "The overlay") for s in sentences[1]
    ]
    assert sorted(sentences[0]) == sorted(s.replace("X", "The same portfolio without it") for s in swapped)


def test_names_from_a_configuration_cannot_inject_markup() -> None:
    full = _full()
    evil = dataclasses.replace(
        full, name=_EVIL, mode=_EVIL, status=_EVIL, decision_hash=_EVIL, data_hash=_EVIL, stamps=(_EVIL,),
        warnings=(_EVIL,), versions={_EVIL: _EVIL}, config={_EVIL: _EVIL},
        data={**full.data, "symbols": [_EVIL], _EVIL: _EVIL, "start": _EVIL},
        weights=full.weights.rename(columns={"A": _EVIL}), sleeves=full.sleeves.rename(columns={"core": _EVIL}),
        fills=full.fills.replace({"A": _EVIL, "rebalance": _EVIL}),
        regimes=full.regimes.replace("bear", _EVIL).rename(columns={"p_bear": f"p_{_EVIL}"}),
        detectors=full.detectors.rename(index={"made_up": _EVIL}), directory=Path(_EVIL.replace("/", "-")),
        metrics={**full.metrics, _EVIL: 1.0},
    )  # fmt: skip
    guarded = _guarded()
    evil = dataclasses.replace(
        evil, rulings=guarded.rulings.replace({"position_size": _EVIL}),
        breaches=guarded.breaches.replace("gross", _EVIL),
        standings=guarded.standings.replace({"drawdown": _EVIL, "all is well again": _EVIL}),
        counterfactual=guarded.counterfactual.replace({"position_size": _EVIL}),
        risk=guarded.risk.rename(columns={"sector_gross:Energy": f"sector_gross:{_EVIL}"}),
        config={_EVIL: _EVIL, "risk": {"switched_off": [_EVIL], "limits": {_EVIL: 1.0}}},
    )  # fmt: skip
    page = _Page(render(evil))
    assert page.scripts == 1
    assert page.handlers == []
    assert page.words.count("<script>alert(1)</script>") >= 15


def test_the_page_allows_no_script_but_its_own() -> None:
    source = render(_full())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', source)
    assert policy is not None
    assert "default-src &#x27;none&#x27;" in policy[1]
    scripts = re.findall(r"script-src ([^;]*);", policy[1].replace("&#x27;", "'"))
    assert len(scripts) == 1
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", scripts[0])


@pytest.mark.parametrize("kind", list(_poor_results()))
def test_poor_results_render_without_a_nan(kind: str, tmp_path: Path) -> None:
    result = _poor_results()[kind]
    page = _Page(render(result))
    assert not re.search(r"\b(nan|NaN|inf|None|NaT)\b", page.words)
    assert not re.search(r"(nan|inf)\b", " ".join(re.findall(r' (?:d|style|x|width)="([^"]*)"', render(result))))
    assert _png_size(PngReport(dots_per_inch=50).write(result, tmp_path)) == (500, 375)


def test_a_partial_run_is_marked_at_the_top() -> None:
    words = _Page(render(dataclasses.replace(_full(), status="partial"))).words
    assert words.index("Partial run. This run was interrupted.") < words.index("Growth a year")


def test_detectors_are_not_judged_where_no_bear_market_is() -> None:
    full = _full()
    assert full.detectors is not None
    unknown = full.detectors.assign(balanced_accuracy=np.nan, recall=np.nan)
    words = _Page(render(dataclasses.replace(full, detectors=unknown))).words
    assert "hold no bear market" in words
    assert "Balanced accuracy" not in words


def test_long_runs_stay_small_and_keep_their_spikes() -> None:
    index = pd.bdate_range("1990-01-02", periods=8313)
    equity = pd.Series(1e5 * np.exp(np.linspace(0.0, 2.0, 8313)), index=index)
    equity.iloc[5555] *= 40.0
    source = render(bare_result(equity))
    assert len(source) < 400_000
    line = re.search(r'<path d="([^"]*)" class="line c0"', source)
    assert line is not None
    heights = [float(point.split()[1]) for point in re.split("[ML]", line[1])[1:]]
    spike = heights.index(min(heights))
    assert 0 < spike < len(heights) - 1
    assert heights[spike + 1] - heights[spike] > 300.0


def test_the_picture_has_the_size_asked_for(tmp_path: Path) -> None:
    path = PngReport(dots_per_inch=80).write(make_result(name=r"a $\bad$ & <b>"), tmp_path)
    assert path == tmp_path / "report.png"
    assert _png_size(path) == (800, 600)


def test_the_picture_needs_no_pyplot(tmp_path: Path) -> None:
    loaded = {name for name in sys.modules if name.startswith("matplotlib.pyplot")}
    PngReport().write(_full(), tmp_path)
    assert {name for name in sys.modules if name.startswith("matplotlib.pyplot")} == loaded


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PluginError, match=r"report 'png' needs matplotlib.*pip install 'tradewind\[report\]'"):
        PngReport()
