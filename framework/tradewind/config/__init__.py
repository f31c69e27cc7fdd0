"""From YAML to a typed plan."""
