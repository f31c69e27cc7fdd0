"""Markup and the notebook fragment escape by construction."""

from __future__ import annotations

import dataclasses
import functools

import pandas as pd

from tradewind.model import Result
from tradewind.report.markup import Markup, join, tag
from tradewind.report.notebook import result_html
from tradewind.testing.results import bare_result, make_result

_EVIL = "<img src=x onerror=\"alert('1')\">&amp;"


@functools.cache
def _full() -> Result:
    return make_result()


def test_text_and_attributes_are_escaped_and_markup_is_not_escaped_twice() -> None:
    inner = tag("b", _EVIL)
    outer = tag("a", inner, title=_EVIL)
    assert "<img" not in outer
    assert "&lt;img src=x onerror=&quot;alert(&#x27;1&#x27;)&quot;&gt;&amp;amp;" in outer
    assert outer.count("<b>") == 1


def test_tags_flatten_children_and_leave_out_what_is_not_there() -> None:
    assert tag("p", "a", None, [1, [2.5]], hidden=True, title=None, open=False, data_x=3, class_="c") == (
        '<p hidden data-x="3" class="c">a12.5</p>'
    )
    assert tag("meta", name="n") == '<meta name="n">'
    assert join(["<", Markup("<")]) == "&lt;<"


def test_the_notebook_fragment_escapes_names_and_needs_nothing_else() -> None:
    result = dataclasses.replace(make_result(name=_EVIL), stamps=(_EVIL,), warnings=(_EVIL,), status="partial")
    fragment = result_html(result)
    assert "<img" not in fragment
    assert "<script" not in fragment
    assert "http" not in fragment
    assert "partial" in fragment
    assert len(fragment) < 40_000


def test_the_notebook_fragment_of_one_bar_says_what_is_not_available() -> None:
    fragment = result_html(bare_result(pd.Series([100.0], index=pd.to_datetime(["2020-01-01"]))))
    assert "n/a" in fragment
    assert "<svg" not in fragment
