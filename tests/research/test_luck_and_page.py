"""The best of many, and how a sweep is shown."""

import math
import re
import shutil
import statistics
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

from tradewind.report.definitions import METRICS
from tradewind.research.sweep.colours import colour, contrast, luminance, text_on
from tradewind.research.sweep.luck import expected_maximum_sharpe, luck_of
from tradewind.research.sweep.matrix import matrix_of
from tradewind.research.sweep.page import page
from tradewind.research.sweep.result import LOWER_IS_BETTER, result_of, short_names
from tradewind.research.sweep.row import Row


def result(values, metric="sharpe", parameters=("x.a", "x.b"), asked=None):
    """Return the result of points given as parameter values and the metric; an error text stands for a failure."""
    rows = []
    for number, (given, value) in enumerate(values, start=1):
        chosen = dict(zip(parameters, given, strict=True))
        if isinstance(value, str):
            rows.append(Row(number, chosen, error=value))
        else:
            rows.append(Row(number, chosen, metrics={metric: value}, decision_hash="d" * 64))
    return result_of(rows, name="made <up>", metric=metric, parameters=parameters, asked=asked or len(rows))


class Cells(HTMLParser):
    """The texts of a table, and whether every element that is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.rows = [], []

    def handle_starttag(self, tag, attributes):
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.rows and self.open and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def cells(text):
    parser = Cells()
    parser.feed(text)
    assert parser.open == []
    return parser.rows


def test_the_expected_maximum_is_the_one_of_the_paper():
    # Bailey and Lopez de Prado (2014), numerical example: 100 trials, variance 1/2 a year, 250 days: 0.1132 a day.
    assert expected_maximum_sharpe(100, math.sqrt(0.5 / 250)) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize("trials", [10, 100, 1000])
def test_the_expected_maximum_is_near_that_of_drawn_numbers(trials):
    drawn = np.random.default_rng(1).normal(0.0, 0.3, (4000, trials)).max(axis=1).mean()
    assert expected_maximum_sharpe(trials, 0.3) == pytest.approx(drawn, rel=0.03)


def test_luck_counts_what_has_a_ratio():
    luck = luck_of([0.1, 0.5, float("nan"), 0.3])
    assert (luck.trials, luck.best) == (3, 0.5)
    assert luck.expected_maximum == expected_maximum_sharpe(3, statistics.stdev([0.1, 0.5, 0.3]))
    assert "Best of 3: expect luck" in str(luck)
    assert str(luck_of([0.4])) == "Best of 1."
    assert math.isnan(luck_of([]).best)


def test_less_is_better_for_losses_and_costs_only():
    assert {"max_drawdown", "volatility", "costs", "expected_shortfall_99", "turnover"} <= LOWER_IS_BETTER
    assert not {"sharpe", "cagr", "final_equity", "calmar", "win_rate", "alpha"} & LOWER_IS_BETTER
    assert set(METRICS) > LOWER_IS_BETTER


def test_names_are_as_short_as_they_can_be():
    paths = ["sleeves.0.strategy.params.top_n", "sleeves.1.strategy.params.top_n", "sizer", "data.start"]
    assert list(short_names(paths).values()) == [
        "0.strategy.params.top_n",
        "1.strategy.params.top_n",
        "sizer",
        "start",
    ]
    assert short_names(["a.x", "b.a.x", "x"]) == {"a.x": "a.x", "b.a.x": "b.a.x", "x": "x"}


def test_the_scale_grows_lighter_and_is_readable_everywhere():
    light = [luminance(colour(step / 100)) for step in range(101)]
    assert light == sorted(light)
    assert light[-1] - light[0] > 0.6
    assert all(contrast(text_on(step / 100), colour(step / 100)) >= 4.5 for step in range(101))
    assert colour(-1.0) == colour(0.0)
    assert colour(2.0) == colour(1.0)


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_a_map_of_two_parameters_holds_every_value_at_its_place():
    found = result([((5, "x"), 0.1), ((10, "x"), 0.2), ((5, "y"), -0.3), ((10, "y"), "boom")])
    rows = cells(page(found))
    assert rows[1][1:] == ["x", "y"]
    assert rows[2] == ["5", "0.10", "-0.30"]
    assert rows[3] == ["10", "0.20", "failed"]
    assert 'class="best"' in page(found)


def test_numbers_stand_in_order_and_missing_points_are_told(tmp_path):
    found = result([((10, 1.5), 0.1), ((2, 0.5), 0.2)], asked=4)
    matrix = matrix_of(found)
    assert (matrix.rows, matrix.columns) == (("2", "10"), ("0.5", "1.5"))
    text = page(found)
    assert cells(text)[2] == ["2", "0.20", "no point"]
    assert "Sweep of 2 of 4 (interrupted) points" in text


def test_more_parameters_are_put_together_by_median_and_best_and_that_is_said():
    values = [((a, b, c), a + b + c) for a in (1.0, 2.0) for b in (10.0, 20.0) for c in (0.0, 3.0, 100.0)]
    found = result(values, parameters=("p.a", "p.b", "p.c"))
    matrix = matrix_of(found)
    assert (matrix.down, matrix.across, matrix.others) == ("a", "b", ("c",))
    assert (matrix.cells[0][0].middle, matrix.cells[0][0].best) == (14.0, 111.0)
    assert "median of its points over c; below it the best of them" in page(found)


def test_a_parameter_with_one_value_takes_no_axis():
    matrix = matrix_of(result([((1, 5), 0.1), ((1, 6), 0.2)]))
    assert (matrix.down, matrix.across) == ("b", "")
    assert matrix_of(result([((1, 5), 0.1)])) is None


def test_many_values_are_put_together_in_ranges():
    found = result([((number, 1), number / 100) for number in range(40)])
    matrix = matrix_of(found)
    assert len(matrix.rows) == 8
    assert matrix.rows[0] == "0 to 4"
    assert matrix.binned == ("a",)
    assert sum(cell.finished for row in matrix.cells for cell in row) == 40
    assert "put together in ranges" in page(found)


def test_the_best_of_losses_is_the_smallest_and_the_lightest():
    found = result([((1, 1), 0.5), ((2, 1), 0.1)], metric="max_drawdown")
    text = page(found)
    assert "From 50.0% to 10.0%; less is better" in text
    best = re.search(r'class="bar best" style="[^"]*background:(#\w+)', text)
    assert best[1] == colour(1.0)


def test_texts_are_escaped_and_nothing_is_loaded():
    found = result([(("<script>", 1), 0.1), (("b", 1), "error & <b>")])
    text = page(found)
    assert "<script>" not in text
    assert "made &lt;up&gt;" in text
    assert "error &amp; &lt;b&gt;" in text
    assert not re.search(r"(src|href)=|url\(|@import", text)


def test_a_sweep_without_a_figure_still_has_a_page():
    assert "No point has this figure" in page(result([((1, 1), "boom"), ((2, 1), "boom")]))
    assert "n/a" in page(result([((1, 1), float("nan")), ((2, 1), 0.5)]))
    cells(page(result([((1, 1), 0.5), ((2, 1), 0.5)])))


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_no_wider_than_the_screen(tmp_path, width):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs a browser: chromium")
    values = [((a, f"a rather long name {b}"), a * b / 100) for a in range(12) for b in range(12)]
    text = page(result(values))
    probe = "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script></body>"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace("</body>", probe)
    (tmp_path / "frame.html").write_text(text)
    outer = (
        f"<iframe src='frame.html' style='border:0;width:{width}px;height:900px' "
        "onload='document.title = this.contentDocument.title'></iframe>"
    )
    (tmp_path / "outer.html").write_text(outer)
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom",
               f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000",
               (tmp_path / "outer.html").as_uri()]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    title = re.search(r"<title>(\d+) of (\d+)</title>", shown)
    assert title, shown[-500:]
    assert int(title[2]) == width
    assert int(title[1]) <= width
