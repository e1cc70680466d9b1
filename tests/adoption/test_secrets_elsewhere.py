"""A secret that the file does not hold itself is still a secret: referred to, asked for, and never dropped."""

import pytest
import yaml
from typer.testing import CliRunner

from karst_cli.main import create_app

START = """
export ENVIRONMENT=kelp
export PROJECT_NAME=kelp-lab
export REGION=us-east4
export ZONE=us-east4-b
export DNS_ZONE=kelp
export DOMAIN_NAME=kelp.example.org
export SQL_INSTANCE_NAME=daf-kelp
"""


@pytest.mark.parametrize(
    ("value", "reason"),
    [("$(pass show lab/postgres)", "the output of pass"), ("pa$$word", "a parameter that only a running shell has")],
)
def test_a_secret_that_a_shell_would_compute_is_referred_to(tmp_path, value, reason):
    (tmp_path / "kelp.sh").write_text(f'{START}export POSTGRES_WRITE_USER_PASSWORD="{value}"\n')
    ran = CliRunner().invoke(
        create_app(["import"]), ["import", str(tmp_path / "kelp.sh"), "--output", str(tmp_path / "out")]
    )
    written = yaml.safe_load((tmp_path / "out" / "kelp" / "deployment.yaml").read_text())
    assert written["sql"]["password"] == "secret:kelp-imported-postgres-password"
    assert f"it is {reason}. Store the value that the running platform has." in ran.output
    assert "gcloud secrets create kelp-imported-postgres-password" in ran.output


@pytest.mark.parametrize(
    "line",
    [
        "export PCG_CONFIG=\"\nAUTH_TOKEN = 'planted-71-lantern'\nOTHER = 1\"",
        'export DASH_CONFIG=\'DASH_DATASTACK_SUPPORT = {}\nconfig = {"api_key": "planted-71-lantern"}\'',
        'export NEUROGLANCER_VIEWER_URL="https://ada:planted-71-lantern@viewer.example.com"',
        "export PROXY_MAP=\"{'kelp': 'https://ada:planted-71-lantern@storage.example.com'}\"",
        'export MY_SETTINGS=\'{"password": "planted-71-lantern"}\'',
    ],
)
def test_a_secret_in_the_middle_of_a_value_is_written_nowhere(tmp_path, line):
    (tmp_path / "kelp.sh").write_text(f"{START}{line}\n")
    ran = CliRunner().invoke(
        create_app(["import"]), ["import", str(tmp_path / "kelp.sh"), "--output", str(tmp_path / "out")]
    )
    name = line.removeprefix("export ").partition("=")[0]
    report = (tmp_path / "out" / "kelp" / "README.md").read_text()
    assert f"`{name}`" in report.partition("## Secrets")[2].partition("\n## ")[0]
    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.*") if path.is_file())
    assert "planted" not in written + ran.output


def test_a_setting_that_only_names_a_secret_is_kept(tmp_path):
    line = "export PCG_CONFIG=\"AUTH_TOKEN = os.environ['TOKEN']\nTOKEN_FILE = '/secrets/token'\""
    (tmp_path / "kelp.sh").write_text(f"{START}{line}\n")
    CliRunner().invoke(create_app(["import"]), ["import", str(tmp_path / "kelp.sh"), "--output", str(tmp_path / "out")])
    written = yaml.safe_load((tmp_path / "out" / "kelp" / "deployment.yaml").read_text())
    assert written["extra"]["env"]["PCG_CONFIG"].startswith("AUTH_TOKEN")
