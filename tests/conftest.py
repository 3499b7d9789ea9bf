"""All tests use the same pytest plugin as the authors of plugins do."""

pytest_plugins = ["kernel.testing", "pytester"]
