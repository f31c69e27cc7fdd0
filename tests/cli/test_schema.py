import json

import jsonschema


def test_schema_is_printed_as_json(run):
    code, output, errors = run("schema")
    assert (code, errors) == (0, [])
    jsonschema.Draft202012Validator.check_schema(json.loads("\n".join(output)))


def test_schema_is_written_to_a_file(run, folder):
    assert run("schema", "-o", "schema.json") == (0, [], [])
    assert json.loads((folder / "schema.json").read_text())["title"] == "tradewind configuration"


def test_file_that_cannot_be_written_is_a_user_error(run):
    code, output, errors = run("schema", "-o", "absent/schema.json")
    assert (code, output) == (1, [])
    assert errors == ["error: --output absent/schema.json: cannot be written: No such file or directory"]
