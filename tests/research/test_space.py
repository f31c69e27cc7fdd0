"""Which points a sweep has."""

import json

import pytest

from tradewind.errors import ConfigError, UserError
from tradewind.research.sweep.request import SweepRequest
from tradewind.research.sweep.rows import read_rows
from tradewind.research.sweep.space import (
    Choices,
    Point,
    Range,
    grid_points,
    parse_axes,
    random_points,
    rows_points,
)


def parameters(points):
    return [dict(point.parameters) for point in points]


def test_a_grid_is_every_combination_and_the_last_axis_changes_fastest():
    points = grid_points(parse_axes(["a.b=1,2", "c=x,y,z"]))
    expected = [{"a.b": b, "c": c} for b in (1, 2) for c in ("x", "y", "z")]
    assert parameters(points) == expected
    assert [point.number for point in points] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=5", (5,)),
        ("a=5, 10 ,20", (5, 10, 20)),
        ("a=0.5,1e-3,-2", (0.5, 0.001, -2)),
        ("a=true,null,text", (True, None, "text")),
        ("a=[1,2],[3]", ([1, 2], [3])),
        ("a={name: kelly, params: {x: 1}},equal_weight", ({"name": "kelly", "params": {"x": 1}}, "equal_weight")),
        ('a="one, two",three', ("one, two", "three")),
        ("a=5,5,10,5", (5, 10)),
        ("a=1,true,1.0", (1, True)),
        ("a=./mine.py:A,../mine.py:B", ("./mine.py:A", "../mine.py:B")),
        ("a=it's,2", ("it's", 2)),
        ("a=2020-01-31", ("2020-01-31",)),
    ],
)
def test_values_are_read_as_in_a_set_option(text, values):
    (axis,) = parse_axes([text]).values()
    assert axis == Choices(values)
    assert [type(value) for value in axis.values] == [type(value) for value in values]


def test_ranges_of_whole_numbers_and_fractions():
    axes = parse_axes(["a=5..50", "b=0.1..0.5", "c=-3..-1"])
    assert axes == {"a": Range(5, 50), "b": Range(0.1, 0.5), "c": Range(-3, -1)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("top_n", "expected path=value,value"),
        ("=5", "expected path=value,value"),
        ("a..b=5", "expected path=value,value"),
        ("a=", "an empty value"),
        ("a=5,,6", "an empty value"),
        ("a=5,", "an empty value"),
        ("a=50..5", "the range 50..5 is empty"),
        ("a=[1,2", "a"),
    ],
)
def test_what_is_no_axis_is_refused(text, message):
    with pytest.raises(ConfigError, match=r"--grid") as refused:
        parse_axes([text])
    assert message in str(refused.value)


def test_a_path_that_is_given_twice_is_refused():
    with pytest.raises(ConfigError, match="--grid a: given twice"):
        parse_axes(["a=1", "a=2"])


def test_a_range_without_random_says_what_to_do():
    with pytest.raises(ConfigError, match=r"5\.\.50 is a range.*--random N.*a=5,50"):
        grid_points(parse_axes(["a=5..50"]))


def test_a_grid_too_large_to_run_is_refused_before_it_is_made():
    axes = parse_axes([f"{name}={','.join(map(str, range(1000)))}" for name in "abcd"])
    with pytest.raises(UserError, match="1,000,000,000,000 points"):
        grid_points(axes)


def test_random_points_are_different_in_range_and_given_by_the_seed():
    axes = parse_axes(["a=5..50", "b=0.1..0.5", "c=x,y"])
    points = random_points(axes, 200, seed=3)
    assert len({json.dumps(dict(p.parameters)) for p in points}) == 200
    assert all(5 <= p["a"] <= 50 and 0.1 <= p["b"] <= 0.5 and p["c"] in "xy" for p in parameters(points))
    assert all(isinstance(p["a"], int) and isinstance(p["b"], float) for p in parameters(points))
    assert {p["a"] for p in parameters(points)} >= {5, 50} or len({p["a"] for p in parameters(points)}) > 35
    assert parameters(random_points(axes, 200, seed=3)) == parameters(points)
    assert parameters(random_points(axes, 200, seed=4)) != parameters(points)


def test_more_draws_than_points_are_all_points():
    points = random_points(parse_axes(["a=1..3", "b=x,y"]), 50, seed=0)
    assert parameters(points) == [{"a": a, "b": b} for a in (1, 2, 3) for b in ("x", "y")]


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (-1, 0), (10**9, 0), (5, -1)])
def test_impossible_draws_are_refused(count, seed):
    with pytest.raises(UserError, match=r"--(random|seed) .*out of range"):
        random_points(parse_axes(["a=0.1..0.5"]), count, seed)


def test_repeated_rows_run_once_whatever_the_order_of_their_paths():
    points = rows_points([{"a": 1, "b": 2}, {"a": 3}, {"b": 2, "a": 1}, {"a": 1.0, "b": 2}])
    assert parameters(points) == [{"a": 1, "b": 2}, {"a": 3}]


def test_a_point_becomes_overrides_that_read_back_as_its_values():
    from tradewind.config.yaml_source import parse_value

    values = {"a": 5, "b": 1e-7, "c": 'it\'s, "so"', "d": None, "e": [1, {"x": "y"}], "f": True, "g": "007"}
    read = [text.partition("=") for text in Point(1, values).overrides]
    assert {path: parse_value(value, "x").plain() for path, _, value in read} == values


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("points.csv", "a.b,c\n5,x\n10,\n\n"),
        ("points.yaml", "- {a.b: 5, c: x}\n- {a.b: 10}\n"),
        ("points.jsonl", '{"a.b": 5, "c": "x"}\n\n{"a.b": 10}\n'),
    ],
)
def test_files_of_points_say_the_same(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_rows(tmp_path / name) == [{"a.b": 5, "c": "x"}, {"a.b": 10}]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("points.txt", "a\n5\n", "unknown kind of file '.txt'"),
        ("points.csv", "a,b\n5\n", "points.csv:2: 1 cells; expected 2"),
        ("points.csv", "a,a\n5,6\n", "two columns are named 'a'"),
        ("points.csv", "a,\n5,6\n", "is no path"),
        ("points.csv", "a\n", "holds no points"),
        ("points.csv", "", "holds no points"),
        ("points.csv", 'a\n"5\n', "not valid CSV"),
        ("points.csv", "a,b\n,\n", "at least one"),
        ("points.jsonl", '{"a": 5}\n{"a": \n', "points.jsonl:2: not valid JSON"),
        ("points.jsonl", "[1]\n", "points.jsonl:1: a point is a mapping"),
        ("points.jsonl", '{"a": NaN}\n', "points.jsonl:1"),
        ("points.yaml", "a: 5\n", "expected a list of points"),
        ("points.yaml", "- 5\n", "point 1: a point is a mapping"),
        ("points.yaml", "- {a: [}\n", "not valid YAML"),
    ],
)
def test_what_is_no_file_of_points_is_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises((ConfigError, UserError)) as refused:
        read_rows(tmp_path / name)
    assert message in str(refused.value)


def test_a_missing_or_binary_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_rows(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_rows(tmp_path / "binary.csv")


@pytest.mark.parametrize(
    "paths",
    [
        ("sleeves.0.strategy.params.top_n", "strategy.params.top_n"),
        ("sizer", "sleeves.0.sizer"),
        ("share", "sleeves.0.share"),
    ],
)
def test_two_spellings_of_one_path_are_given_twice(paths):
    axes = {path: Choices((1, 2)) for path in paths}
    with pytest.raises(ConfigError, match=rf"--grid {paths[1]}: given twice, first as {paths[0]}"):
        SweepRequest((), axes).points()
    for rows in ([dict.fromkeys(paths, 1)], [{path: 1} for path in paths]):
        with pytest.raises(ConfigError, match=rf"--points {paths[1]}: given twice, first as {paths[0]}"):
            SweepRequest((), rows=tuple(rows)).points()


def test_a_path_that_would_undo_an_earlier_one_is_refused():
    axes = parse_axes(["sizer.params.fraction=0.1,0.2", "sleeves.0.sizer=kelly"])
    with pytest.raises(ConfigError, match=r"sleeves\.0\.sizer: would replace sizer\.params\.fraction"):
        SweepRequest((), axes).points()
    assert len(SweepRequest((), dict(reversed(axes.items()))).points()) == 2


def test_whole_numbers_are_the_same_with_and_without_a_fraction():
    assert parameters(grid_points(parse_axes(["share=0,0.0,0.5"]))) == [{"share": 0}, {"share": 0.5}]
    assert parameters(rows_points([{"a": 5.0}, {"a": 5}, {"a": True}, {"a": "5"}])) == [
        {"a": 5},
        {"a": True},
        {"a": "5"},
    ]
