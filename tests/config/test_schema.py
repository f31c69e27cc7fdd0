# ruff: noqa: E501 - tables of files and the messages they give
from pathlib import Path

import jsonschema
import pytest
import yaml

from tradewind.config.schema import json_schema
from tradewind.config.yaml_source import read_file
from tradewind.registry import Registry

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def schema(registry):
    return json_schema(registry)


@pytest.fixture
def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def installed():
    return json_schema(Registry.load())


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_of_the_project_is_valid(installed, path):
    jsonschema.Draft202012Validator(installed).validate(read_file(path).plain())


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("modes/*.yaml")), ids=lambda path: path.name)
def test_every_mode_overlay_of_the_project_is_valid(installed, path):
    overlay = {"$ref": "#/$defs/ModeConfig", "$defs": installed["$defs"]}
    jsonschema.Draft202012Validator(overlay).validate(read_file(path).plain())


@pytest.mark.parametrize(
    "text",
    [
        "{data: {feed: sample}, strategy: {name: momentum, params: {top_n: 3}}}",
        "{data: {feed: sample}, sleeves: [{strategy: {name: momentum, params: {top_n: 3}}, sizer: kelly, share: 0.5}]}",
        "{data: {feed: {name: replay, params: {source: sample}}}, strategy: {python: './mine.py:Mine'}}",
        "{data: {feed: sample}, strategy: {backtrader: 'a.b:C', params: {x: 1}}}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, regime: {detector: {name: vote, params: {members: [threshold, {name: threshold, params: {days: 3}}]}}}, share: {bull: 1}}",
    ],
)  # fmt: skip
def test_valid_configuration_passes(validator, text):
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "{data: {feed: sample}}",
        "{strategy: {python: 'a.b:C'}}",
        "{data: {feed: sample}, strategy: momentum}",
        "{data: {feed: replay}, strategy: {python: 'a.b:C'}}",
        "{data: {feed: sample}, strategy: {name: momentum}}",
        "{data: {feed: sample}, strategy: {name: momentum, params: {top_n: 0}}}",
        "{data: {feed: sample}, strategy: {name: momentum, params: {top_n: '3'}}}",
        "{data: {feed: sample}, strategy: {name: momentum, params: {top_n: 3, seed: 1}}}",
        "{data: {feed: sample}, strategy: {name: momentum, params: {top_n: 3}, backtrader: 'a:B'}}",
        "{data: {feed: sample}, strategy: {python: 'mine'}}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, sizer: momentum}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, sizer: {name: kelly, params: {mode: third}}}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, sizer: {backtrader: 'a.b:C'}}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, regime: {detector: {name: vote, params: {members: [kelly]}}}}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, cash: 3}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, mode: paper}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, account: {cash_buffer: 2}}",
        "{data: {feed: sample}, strategy: {python: 'a.b:C'}, sleeves: [{strategy: {python: 'a.b:C'}}]}",
        "{data: {feed: sample}, sizer: kelly}",
    ],
)  # fmt: skip
def test_wrong_configuration_is_refused(validator, text):
    assert not validator.is_valid(yaml.safe_load(text))


def test_feed_of_a_mode_needs_no_source(schema):
    overlay = jsonschema.Draft202012Validator({"$ref": "#/$defs/ModeConfig", "$defs": schema["$defs"]})
    overlay.validate({"mode": "paper", "feed": "replay"})
    overlay.validate({"mode": "paper", "feed": {"name": "replay", "params": {"bars_per_second": 0}}})
    assert not overlay.is_valid({"feed": {"name": "replay", "params": {"bars_per_second": -1}}})


def test_all_references_of_the_schema_resolve(schema):
    pending, found = [schema], set()
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending += part.values()
            if isinstance(part.get("$ref"), str):
                found.add(part["$ref"].removeprefix("#/$defs/"))
        elif isinstance(part, list):
            pending += part
    assert found <= set(schema["$defs"])
    assert "x-plugin" not in str(schema)


def test_descriptions_of_parameters_reach_the_schema(schema):
    top_n = schema["$defs"]["params.strategy.momentum"]["properties"]["top_n"]
    assert top_n == {"description": "How many.", "minimum": 1, "title": "Top N", "type": "integer"}
