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
