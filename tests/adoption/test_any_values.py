"""Whatever a file's variables hold: the import ends in a deployment that its models take, or says what is missing."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karst.adoption.fitting import MissingError
from karst.adoption.mapping import Options, adopt
from karst.adoption.report import markdown
from karst.adoption.rows import words
from karst.adoption.table import TABLE
from karst.adoption.terraform import INPUTS
from karst.adoption.values import Derived, Environment, Items, Structure, Text, Value, Variable
from karst.config.dataset import Dataset
from karst.config.deployment import Deployment
from karst.config.loader import load_model

FILE = Path("any.sh")
PLACE = {
    "ENVIRONMENT": "reef",
    "PROJECT_NAME": "kelp-lab-cave",
    "REGION": "us-east4",
    "ZONE": "us-east4-b",
    "DNS_ZONE": "kelp-zone",
    "DOMAIN_NAME": "kelp.example.org",
    "GLOBAL_SERVER": "hub.kelp.example.org",
}
INPUT_PLACE = {
    "environment": "reef",
    "project_id": "kelp-lab-cave",
    "region": "us-east4",
    "zone": "us-east4-b",
    "dns_zone": "kelp-zone",
    "domain_name": "kelp.example.org",
    "global_server": "hub.kelp.example.org",
}
SECRETS = words(
    "POSTGRES_WRITE_USER_PASSWORD AUTHSERVICE_SECRET_KEY INFOSERVICE_SECRET_KEY GUIDEBOOK_CSRF_KEY DASH_SECRET_KEY "
    "SLACK_API_TOKEN MAT_REDIS_PASSWORD"
)
HIDDEN = "hidden-Value-7766-"

Telling = st.sampled_from(
    [
        "", "0", "1", "-1", "3.5", "true", "False", "gs://", "gs://gs://a/b", "[]", "{}", "[[1]]", "{'a': 1", '"a","b"',
        "[1, [2, [3]]]", "a: [b", "*x", "&a [*a]", "nan", "1e999", "10.0.0.1", "999.1.1.1", "https://", "x" * 300,
        "Kelp", "\\", "'", '"', "{\"a\": {\"task\": 3}}", "[{\"task\": \"remove_expired_databases\", \"hour\": 99}]",
        "a = (", "DASH_DATASTACK_SUPPORT = {1: 2, **{}, 'a': a}", "graph: {cv_path: 1}", "--from-file=../../x=/y",
        "\x00", "\ud7ff", "x_1",
    ]
)  # fmt: skip
Texts = Telling | st.text(max_size=40)
Plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | Texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(Texts, inner, max_size=3),
    max_leaves=6,
)
Values: st.SearchStrategy[Value] = st.one_of(
    Texts.map(lambda text: Text(value=text)),
    st.lists(Texts, max_size=4).map(lambda texts: Items(values=tuple(texts))),
    st.just(Derived(reason="the output of gcloud")),
)
Inputs: st.SearchStrategy[Value] = Values | (
    st.lists(Plain, max_size=3) | st.dictionaries(Texts, Plain, max_size=3)
).map(lambda value: Structure(value=value))
Shell = st.dictionaries(st.sampled_from(sorted(TABLE.keys() - PLACE.keys())) | st.just("LAB_OWN"), Values, max_size=25)
Terraform = st.dictionaries(st.sampled_from(sorted(INPUTS.keys() - INPUT_PLACE.keys())), Inputs, max_size=25)


def environment(place: dict[str, str], more: dict[str, Value]) -> Environment:
    values: dict[str, Value] = {**{name: Text(value=text) for name, text in place.items()}, **more}
    variables = {
        name: Variable(name=name, value=value, file=FILE, line=line)
        for line, (name, value) in enumerate(values.items(), start=1)
    }
    return Environment(file=FILE, variables=MappingProxyType(variables))


def held(folder: Path, found: Environment) -> str:
    """Import, hold every file against its model, and give all that was written; empty where it was refused."""
    try:
        adoption = adopt(found, Options())
    except MissingError:
        return ""
    for name, text in adoption.files.items():
        path = folder / Path(name).name
        path.write_text(text, encoding="utf-8")
        load_model(path, Deployment if name == "deployment.yaml" else Dataset)
    report = adoption.report
    buckets = [one.name for one in (*report.mapped, *report.derived, *report.unknown)]
    assert sorted({*buckets, *(one.name for one in report.secrets)} & found.variables.keys()) == sorted(found.variables)
    assert len(buckets) == len(set(buckets))
    return "\n".join([*adoption.files.values(), markdown(report)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(more=Shell)
def test_any_values_of_the_shell(folder: Path, more: dict[str, Value]) -> None:
    assert held(folder, environment(PLACE, more)) != ""


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(more=Terraform)
def test_any_inputs(folder: Path, more: dict[str, Value]) -> None:
    assert held(folder, environment(INPUT_PLACE, more)) != ""


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(place=st.dictionaries(st.sampled_from(sorted(PLACE)), Texts), more=Shell)
def test_any_place(folder: Path, place: dict[str, str], more: dict[str, Value]) -> None:
    held(folder, environment(PLACE | place, more))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    more=Shell, name=st.sampled_from([*sorted(TABLE.keys() - PLACE.keys()), "LAB_OWN"]), key=st.sampled_from(SECRETS)
)
def test_a_secret_is_told_nowhere(folder: Path, more: dict[str, Value], name: str, key: str) -> None:
    """A secret that also stands in another variable, whichever it is."""
    secret = f"{HIDDEN}{key.lower().replace('_', '-')}"
    held_there: dict[str, Value] = {name: Text(value=f"gs://{secret}/x,{secret}"), key: Text(value=secret)}
    assert HIDDEN not in held(folder, environment(PLACE, more | held_there))


def test_a_folder_of_aliases_is_no_bomb(folder: Path) -> None:
    bomb = "a: &a [x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
    )
    text = held(folder, environment(PLACE, {"L2CACHE_CONFIG": Text(value=bomb)}))
    assert len(text) < 100_000
    assert yaml.safe_load((folder / "deployment.yaml").read_text("utf-8"))["name"] == "reef"


def test_more_than_people_read_is_not_kept(folder: Path) -> None:
    found = {f"LAB_{number}": Text(value="x" * 50_000) for number in range(40)}
    assert len(held(folder, environment(PLACE, dict(found)))) < 500_000
