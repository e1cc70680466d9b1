"""An editor finds the schema that a YAML file names in its first line."""

from __future__ import annotations

from source_files import ROOT

_WORD = "# yaml-language-server: $schema="


def test_each_named_schema_exists() -> None:
    named = {
        path: (path.parent / first.removeprefix(_WORD)).resolve()
        for folder in ("constructs", "environments", "services_src", "tests")
        for path in sorted((ROOT / folder).rglob("*.yaml"))
        if (first := path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]).startswith(_WORD)
    }
    assert ROOT / "environments/demo/deployment.yaml" in named
    assert {str(path.relative_to(ROOT)): str(schema) for path, schema in named.items() if not schema.is_file()} == {}
