"""What is installed and not used costs little."""

import importlib.util
from pathlib import Path

import pytest

from tests.registry.distributions import sizer_source, write_distribution
from tradewind.registry import Registry, discovery

MEASURE = Path(__file__).parents[2] / "benchmarks" / "many_plugins.py"


def test_signatures_are_read_of_what_is_needed_only(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for number in range(3):
        name = f"acme_few_{number}"
        write_distribution(tmp_path, name, "1", {f"{name}.py": sizer_source(name)}, {"all": name})
    read, real = [], discovery.read_signature
    monkeypatch.setattr(discovery, "read_signature", lambda create: read.append(create.__module__) or real(create))
    registry = Registry.load()
    assert read == []
    registry.get("sizer", "acme_few_1")
    assert read == ["acme_few_1"]
    registry.get("sizer", "acme_few_1")
    assert read == ["acme_few_1"]
    assert registry.broken == ()
    assert read.count("acme_few_1") == 1
    assert {"acme_few_0", "acme_few_2"} <= set(read)


def test_versions_of_what_gives_plugins_are_known_without_looking_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    write_distribution(
        tmp_path, "acme-versions", "3.2", {"acme_versions.py": sizer_source("v")}, {"all": "acme_versions"}
    )
    assert Registry.load().distributions()["acme-versions"] == "3.2"


@pytest.mark.soak
def test_two_hundred_distributions_add_little_to_a_run_that_uses_three():
    specification = importlib.util.spec_from_file_location("many_plugins", MEASURE)
    many_plugins = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(many_plugins)
    few, many = many_plugins.measure(200, 7).values()
    assert many.processor - few.processor <= 0.3
