import json
import math

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewind.config import yaml_source
from tradewind.config.scalars import resolve
from tradewind.config.yaml_source import parse_text, parse_value, read_file
from tradewind.errors import ConfigError, UserError

PRINTABLE = st.characters(
    min_codepoint=0x20, exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff"
)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(PRINTABLE, max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(PRINTABLE, max_size=8), inner, max_size=4),
    max_leaves=20,
)


def tree_or_error(read):
    try:
        return read()
    except ConfigError as error:
        return str(error)


@pytest.fixture(params=["C", "Python"])
def loader(request, monkeypatch):
    if request.param == "C" and not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yaml_source, "_LOADER", yaml.CSafeLoader if request.param == "C" else yaml.SafeLoader)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("1_000_000", 1_000_000),
        ("0.25", 0.25),
        ("1e-3", 0.001),
        ("1E6", 1e6),
        ("-1.5e+2", -150.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1_000.5", 1000.5),
    ],
)
def test_scalar_is_read_as_value(text, value):
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        *("ON", "NO", "TRUE", "True", "yes", "Yes", "off", "y", "n", "Null", "NULL"),
        *("12:30", "010", "00", "01.5", "0x1F", "0o17", "0b1", "2020-01-01", "1,000", "1__0", "_1", "1_", "1_000_"),
        *(".inf", "-.INF", ".nan", "NaN", "inf", "1e", "1e3.5", ".", "-", "+", "10%", "BRK.B", "3M", "${X}"),
    ],
)
def test_everything_else_stays_text(text):
    assert resolve(text) == text


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 41])
def test_number_out_of_reach_is_refused(text):
    with pytest.raises(ConfigError, match=r"^x\.yaml:1:4: .*quote it to keep text"):
        parse_text(f"a: {text}", "x.yaml")


@settings(deadline=None)
@given(JSON_VALUES)
def test_json_is_read_as_python_reads_it(value):
    assert parse_text(json.dumps({"value": value}, ensure_ascii=False), "x").plain() == {"value": value}


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_tree_or_a_config_error(text):
    outcome = tree_or_error(lambda: [parse_text(text, "x").plain()])
    assert not isinstance(outcome, str) or outcome.startswith("x:")


@settings(deadline=None)
@given(st.lists(st.sampled_from(list("ab:-?#&*!|>%@`'\"{}[],\n \t~<1.$=\\")) | st.just("\n  "), max_size=60))
def test_any_mix_of_yaml_signs_gives_a_tree_or_a_config_error(parts):
    outcome = tree_or_error(lambda: [parse_text("".join(parts), "x").plain()])
    assert not isinstance(outcome, str) or outcome.startswith("x:")


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_file_gives_a_mapping_or_a_config_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    path.write_bytes(content)
    outcome = tree_or_error(lambda: read_file(path).plain())
    assert isinstance(outcome, dict) or outcome.startswith(str(path))


def test_values_and_keys_know_their_line_and_column(loader):
    tree = parse_text("a: 1\nb:\n  - x\n  - {c: 'é', d: 2}\n", "f.yaml")
    assert str(tree.at(("a",)).origin) == "f.yaml:1:4"
    assert str(tree.at(("b", 1, "d")).origin) == "f.yaml:4:17"
    assert str(tree.at(("b", 1, "d")).key) == "f.yaml:4:14"
    assert str(tree.at(("b",)).key) == "f.yaml:2:1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", r"x:2:1: the key 'a' is given twice, first at x:1:1; remove one"),
        ("a: {b: 1, b: 2}", r"x:1:11: the key 'b' is given twice, first at x:1:5"),
        ("1: a", r"x:1:1: a key must be text; received 1; write it in quotes"),
        ("true: a", r"x:1:1: a key must be text; received true"),
        ("~: a", r"x:1:1: a key must be text; received ~"),
        ("? [a]\n: b", r"x:1:3: a key must be text; received a list, mapping or alias"),
        ("a: &k {b: 1}\nc: {<<: *k}", r"x:2:5: merge keys \('<<'\) are not allowed; .* -c"),
        ("a: !!int 3", r"x:1:4: the tag '.*int' is not allowed"),
        ("a: !!python/object/apply:os.system [x]", r"x:1:4: the tag '.*os.system' is not allowed"),
        ("a: !custom {b: 1}", r"x:1:4: the tag '!custom' is not allowed"),
        ("!t a: 1", r"x:1:1: the tag '!t' is not allowed"),
        ("a: 1\n---\nb: 2", r"x:2:1: a second document begins here; keep one document a file"),
        ("a: *b", r"x:1:4: the alias '\*b' refers to an anchor that is not complete before it"),
        ("a: &b [*b]", r"x:1:8: the alias '\*b' refers to an anchor that is not complete before it"),
        ("&k a: 1", r"x:1:1: an anchor on a key is not allowed"),
        ("", r"x:1:1: the file is empty; write at least `data:` and `strategy:`"),
        ("# only a comment\n", r"x:1:1: the file is empty"),
        ("a: 1\n\tb: 2", r"x:2:1: not valid YAML: .*; indent with spaces, not tabs"),
        ("a: [1, 2", r"x:\d:\d: not valid YAML"),
        ("a: 'x", r"x:\d:\d+: not valid YAML"),
        ("a: b: c", r"x:1:5: not valid YAML"),
        ("a: 1\nb: \x00", r"x:2:4: the character '\\x00' is not allowed; is it a text file\?"),
        ("a: " + "[" * 40 + "]" * 40, r"x:1:35: nested more than 32 levels deep"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_place(loader, text, message):
    with pytest.raises(ConfigError, match=f"^{message}"):
        parse_text(text, "x")


def test_alias_stands_for_a_copy():
    assert parse_text("a: &k {b: [1]}\nc: *k", "x").plain() == {"a": {"b": [1]}, "c": {"b": [1]}}


def test_quoted_merge_sign_is_an_ordinary_key():
    assert parse_text("'<<': 1", "x").plain() == {"<<": 1}


def test_billion_laughs_is_stopped():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(ConfigError, match=r"^x:3:\d+: aliases stand for more than 1,000 values"):
        parse_text("\n".join(lines), "x")


def test_nesting_through_aliases_counts_as_nesting():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 40))]
    with pytest.raises(ConfigError, match="nested more than 32 levels deep"):
        parse_text("\n".join(lines), "x")


def test_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "quickstart.yaml").write_text("a: 1")
    with pytest.raises(
        UserError, match=r"quikstart\.yaml: no such file; in .*: quickstart\.yaml\. Did you mean '.*quickstart\.yaml'\?"
    ):
        read_file(tmp_path / "quikstart.yaml")


def test_no_file_is_near_for_its_ending_alone(tmp_path):
    (tmp_path / "rnd.yaml").write_text("a: 1")
    with pytest.raises(UserError, match=r"nofile\.yaml: no such file; in .*: rnd\.yaml\.$"):
        read_file(tmp_path / "nofile.yaml")


def test_missing_directory_is_named(tmp_path):
    with pytest.raises(UserError, match=r"no such file, nor a directory .*absent"):
        read_file(tmp_path / "absent" / "x.yaml")


def test_directory_is_refused_and_lists_its_files(tmp_path):
    (tmp_path / "one.yaml").write_text("a: 1")
    with pytest.raises(ConfigError, match=r"is a directory; give one of its files: one\.yaml"):
        read_file(tmp_path)


def test_file_that_is_not_utf8_is_refused_with_the_byte(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes("a: 1\nb: caf\xe9".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"x\.yaml:2:7: not UTF-8 text; received byte 0xe9; save the file as UTF-8"):
        read_file(path)


def test_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_file(path).plain() == {"a": 1}


def test_file_above_the_limit_is_refused(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(ConfigError, match=r"x\.yaml: larger than 1024 KiB"):
        read_file(path)


@pytest.mark.parametrize(("text", "shown"), [("- a", "a list"), ("7", "one value"), ("secret\ntext", "one value")])
def test_file_that_is_no_mapping_is_refused_without_its_content(tmp_path, text, shown):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"x\.yaml:1:1: the file must be a mapping, .*; received {shown}$"):
        read_file(path)


def test_loop_of_links_is_a_config_error(tmp_path):
    path = tmp_path / "x.yaml"
    path.symlink_to(path)
    with pytest.raises(ConfigError, match=r"x\.yaml: cannot be read: "):
        read_file(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("kelly", "kelly"),
        ("0.5", 0.5),
        ("", None),
        ("12:30", "12:30"),
        ("a: b # c", "a: b # c"),
        ("[a, 1]", ["a", 1]),
        ("{name: kelly, params: {fraction: 0.5}}", {"name": "kelly", "params": {"fraction": 0.5}}),
        ("'5'", "5"),
    ],
)
def test_value_of_a_flag_follows_the_same_rules(text, value):
    assert parse_value(text, "--set a").plain() == value


def test_wrong_value_of_a_flag_names_the_flag():
    with pytest.raises(ConfigError, match=r"^--set a: not valid YAML"):
        parse_value("[1", "--set a")


def test_float_keeps_its_last_digit():
    assert parse_text(f"a: {math.pi!r}", "x").plain()["a"] == math.pi
