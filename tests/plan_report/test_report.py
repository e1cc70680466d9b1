"""The report says what matters first, stays short, and repeats nothing that plans hold but what is listed."""

from __future__ import annotations

import json
import re
from datetime import date
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from karst.plan.approvals import Approval
from karst.plan.cost import DRIVERS
from karst.plan.guard import judge
from karst.plan.markdown import LIMIT_BYTES, MARKER, as_markdown
from karst.plan.model import Consent, Plan
from karst.plan.page import as_html
from karst.plan.reader import read_plan
from karst.plan.summary import Cause, Summary, summarize
from tests.guard.made_plans import entry, plan

PLANS = Path(__file__).parents[1] / "guard" / "plans"
TODAY = date(2026, 1, 1)
SECRET = "correct-horse-battery-staple"
SQL = "google_sql_database_instance.main"
BUCKET = "google_storage_bucket.data"

Json = dict[str, Any]


def summary(*plans: Plan, approvals: tuple[Approval, ...] = ()) -> Summary:
    verdict = judge(plans, approvals, today=TODAY)
    return Summary(stacks=summarize(plans, verdict), verdict=verdict)


def texts(*plans: Plan) -> tuple[str, str]:
    made = summary(*plans)
    return as_markdown(made), as_html(made)


class Tags(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def test_what_a_standing_object_loses_stands_among_the_losses() -> None:
    table = "google_bigtable_table.graph"
    fewer = entry(table, "update", {"column_family": [{"family": SECRET}]}, {"column_family": []})
    text = as_markdown(summary(plan(fewer)))
    losses = text.partition("### Destroyed, replaced and let go (1)\n")[2]
    assert losses.startswith(f"- `demo` **~ `{table}`")
    assert SECRET not in text


def test_a_word_in_the_place_of_a_protocol_is_not_repeated() -> None:
    door = {"source_ranges": ["0.0.0.0/0"], "allow": [{"protocol": "hunter2", "ports": ["hunter2"]}]}
    markdown, page = texts(plan(entry("google_compute_firewall.in", "create", after=door)))
    assert "by another protocol on every port" in markdown
    assert "hunter2" not in markdown + page


def test_losses_stand_before_everything_else_and_bold() -> None:
    text = as_markdown(
        summary(
            plan(
                entry("google_compute_network.new", "create", after={"name": "n"}),
                entry(SQL, "update", {"settings": [{"tier": "db-f1-micro"}]}, {"settings": [{"tier": "db-g1-small"}]}),
                entry(BUCKET, "delete", {"deletion_policy": "PREVENT"}),
                entry("google_compute_firewall.old", "delete", {"name": "old"}),
            )
        )
    )
    assert text.startswith(f"{MARKER}\n## Plan: 2 destroyed, 1 changed, 1 created\n")
    assert f"- `demo` **- `{BUCKET}` (holds data)**\n  - refused: protected in state: deletion_policy = PREVENT" in text
    assert "- `demo` - `google_compute_firewall.old`\n" in text
    places = [text.index(word) for word in (BUCKET, "google_compute_firewall.old", SQL, "google_compute_network.new")]
    assert places == sorted(places)
    assert "`settings.tier` db-f1-micro to db-g1-small" in text


def test_every_recorded_plan_is_reported_with_its_refusals() -> None:
    for path in sorted(PLANS.glob("*.json")):
        made = summary(read_plan(path, "demo-data-h01"))
        for text in (as_markdown(made), as_html(made)):
            assert all(finding.address.split(".")[1] in text for finding in made.verdict.refusals), path.name
            assert ("Refused" in text) == bool(made.verdict.refusals), path.name


def test_counts_by_stack_and_dataset() -> None:
    made = summary(
        plan(entry(BUCKET, "delete", {"deletion_policy": "DELETE"}), stack="demo-data-h01"),
        plan(entry(BUCKET, "create", after={}), stack="other-data-h01"),
        plan(stack="demo"),
    )
    text = as_markdown(made)
    assert "| `demo-data-h01` | 1 |  |  |  |  |" in text
    assert "| `other-data-h01` |  |  |  |  | 1 |" in text
    assert "| `h01` | 1 |  |  |  | 1 |" in text


def test_wider_access_is_bold_with_its_role_and_without_its_member() -> None:
    member = "user:quetzal@example.org"
    after = {"bucket": "b", "role": "roles/storage.admin", "member": member}
    markdown, page = texts(plan(entry("google_storage_bucket_iam_member.m", "create", after=after)))
    assert "**+ `google_storage_bucket_iam_member.m` (wider access, roles/storage.admin)**" in markdown
    assert "<strong><code>google_storage_bucket_iam_member.m</code></strong>" in page
    assert "quetzal" not in markdown + page


def test_an_approved_loss_says_why() -> None:
    consent = Approval(
        address=BUCKET, stack="demo", action=Consent.DELETE, reason="moved away", file="approvals.yaml", line=2
    )
    made = summary(plan(entry(BUCKET, "delete", {"name": "x"})), approvals=(consent,))
    text = as_markdown(made)
    assert "no objection; 1 change approved by name" in text
    assert "approved: it holds data" in text
    assert "(moved away)" in text


PLANTED: dict[str, Json] = {
    "a value": entry(
        "google_cloud_run_v2_service.s", "update", {"env": [{"value": "a"}]}, {"env": [{"value": SECRET}]}
    ),
    "a value before": entry(SQL, "update", {"root_password": SECRET}, {"root_password": None}),
    "a sensitive value of a listed attribute": entry(
        SQL,
        "update",
        {"settings": [{"tier": "db-f1-micro"}]},
        {"settings": [{"tier": SECRET}]},
        after_sensitive={"settings": [{"tier": True}]},
    ),
    "a listed attribute": entry(SQL, "update", {"region": "us-east4"}, {"region": SECRET, "version": SECRET}),
    "a map's key": entry(BUCKET, "update", {"labels": {}}, {"labels": {SECRET: "x"}}),
    "a key of amounts": entry(
        "kubernetes_deployment_v1.d", "update", {"spec": [{"limits": {}}]}, {"spec": [{"limits": {SECRET: "1"}}]}
    ),
    "a block's key": entry(BUCKET, "update", {"cors": [{}]}, {"cors": [{SECRET: "x"}]}),
    "an attribute's name": entry(BUCKET, "update", {}, {SECRET: "x"}),
    "a name": entry(BUCKET, "delete/create", {"name": SECRET}, {"name": f"{SECRET}-2"}),
    "the key of one of many": entry(f'google_storage_bucket.b["{SECRET}"]', "delete", {"deletion_policy": "PREVENT"}),
    "where it moved from": entry(
        BUCKET, "delete", {"deletion_policy": "PREVENT"}, previous_address=f'google_storage_bucket.b["{SECRET}"]'
    ),
    "a member": entry("google_project_iam_member.m", "create", after={"role": "r", "member": f"user:{SECRET}@x.y"}),
    "a role": entry("google_project_iam_member.m", "create", after={"role": f"roles/{SECRET}", "member": "user:a@b.c"}),
    "a policy": entry("google_project_iam_policy.p", "create", after={"policy_data": SECRET}),
    "a marked block": entry(
        BUCKET, "update", {"website": [{"x": "a"}]}, {"website": [{"x": SECRET}]}, after_sensitive={"website": True}
    ),
    "a list": entry(BUCKET, "update", {"zones": ["a"]}, {"zones": [SECRET]}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_not_repeated(name: str) -> None:
    change = PLANTED[name]
    assert SECRET in json.dumps(change)
    for text in texts(plan(change)):
        assert SECRET not in text
        assert change["address"].partition("[")[0] in text


def test_what_is_secret_or_not_known_yet_says_so() -> None:
    change = entry(
        SQL,
        "update",
        {"region": "us-east4", "settings": [{"tier": "db-f1-micro", "disk_size": 10}]},
        {"region": None, "settings": [{"tier": "db-g1-small"}]},
        after_unknown={"settings": [{"disk_size": True}]},
        before_sensitive={"region": True},
    )
    text = as_markdown(summary(plan(change)))
    assert "`region` (sensitive) to (sensitive)" in text
    assert "`settings.disk_size` 10 to (known after apply)" in text


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "--><h1>",
    MARKER,
    "@everybody",
    "`code` | **bold**",
    "[here](https://evil.example.org)",
    "https://evil.example.org",
    "www.evil.example.org",
    "line\n## Approved\n",
    "\u202egnp.exe",
    "zero\u200bwidth\ufeff",
    "</details></summary>",
    "&lt;b&gt;",
    '" onmouseover="alert(1)',
    "\x1b[31mred\x07",
    "\ud800",
    "x" * 100_000,
)


@pytest.mark.parametrize("name", HOSTILE, ids=[repr(name[:20]) for name in HOSTILE])
def test_hostile_names_are_names(name: str) -> None:
    hostile = plan(
        entry(f"google_storage_bucket.{name}", "delete", {"deletion_policy": "PREVENT"}, previous_address=f"a.{name}"),
        entry("google_storage_bucket.b", "update", {name: "a", "labels": {name: "x"}}, {name: "b"}),
        stack=f"demo-data-{name}",
    )
    made = summary(hostile)
    causes = {hostile.stack: (Cause(file=name, why=name),)}
    made = Summary(stacks=made.stacks, verdict=made.verdict, causes=causes, idle=(name,), beyond=causes)
    markdown, page = as_markdown(made), as_html(made)
    assert len(markdown.encode()) <= LIMIT_BYTES
    assert markdown.count("<!--") == markdown.count(MARKER) == 1
    allowed = re.compile(r"</?(details|summary)>")
    assert "<" not in allowed.sub("", markdown.replace(MARKER, ""))
    assert markdown.count("<details>") == markdown.count("</details>")
    assert "@" not in markdown
    assert "## Approved" not in markdown.splitlines()
    without_code = re.sub(r"```[^`]*```|`[^`\n]*`", "", markdown)
    assert not [link for link in ("](", "www.", "://") if link in without_code]
    assert all(character.isprintable() for character in markdown.replace("\n", ""))
    parsed = Tags(page)
    assert parsed.tags <= ALLOWED_TAGS
    assert not [attribute for attribute, _ in parsed.attributes if attribute.startswith("on")]
    assert all(value.startswith("#") for attribute, value in parsed.attributes if attribute in {"href", "src"})
    assert all(character.isprintable() for character in page.replace("\n", ""))


ALLOWED_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "a", "header", "main", "section", "h1", "h2", "p", "div"),
    *("table", "thead", "tbody", "tr", "th", "td", "ul", "li", "span", "code", "pre", "strong", "details", "summary"),
}


def test_the_page_needs_nothing_from_elsewhere_and_says_so() -> None:
    page = as_html(summary(read_plan(PLANS / "whole_destroy.json")))
    assert "default-src 'none'; style-src 'sha256-" in page
    assert "url(" not in page
    assert "://" not in page
    assert "script" not in Tags(page).tags


def wide(stacks: int, changes: int) -> list[Plan]:
    return [
        plan(
            *(
                entry(
                    f"google_storage_bucket.a_rather_long_name_of_a_bucket_{index}",
                    "delete/create",
                    {"deletion_policy": "PREVENT", "location": "us-east4", "storage_class": "STANDARD"},
                    {"deletion_policy": "PREVENT", "location": "us-west1", "storage_class": "NEARLINE"},
                )
                for index in range(changes)
            ),
            stack=f"a-rather-long-name-of-a-deployment-data-dataset-{number}",
        )
        for number in range(stacks)
    ]


@pytest.mark.parametrize(("stacks", "changes"), [(1, 2000), (40, 50), (1500, 1)])
def test_the_comment_always_fits(stacks: int, changes: int) -> None:
    made = summary(*wide(stacks, changes))
    text = as_markdown(made)
    assert len(text.encode()) <= LIMIT_BYTES
    assert "more: the whole report has them" in text
    assert f"{stacks * changes:,} changes must be approved by name" in text
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0


def test_nothing_to_do() -> None:
    text = as_markdown(summary(read_plan(PLANS / "moved.json")))
    assert "no objection" in text
    assert "1 address moved" in text


def test_cost_drivers_say_what_changes() -> None:
    pool = "google_container_node_pool.mesh"
    before = {"autoscaling": [{"max_node_count": 3}], "node_config": [{"machine_type": "e2-standard-4", "spot": True}]}
    after = {"autoscaling": [{"max_node_count": 30}], "node_config": [{"machine_type": "n2-highmem-8", "spot": False}]}
    text = as_markdown(summary(plan(entry(pool, "update", before, after))))
    assert f"`{pool}` autoscaling.max_node_count 3 to 30: machines at the most, in each zone" in text
    assert "node_config.machine_type e2-standard-4 to n2-highmem-8: price of a machine" in text
    assert "node_config.spot true to false" in text


def test_every_cost_driver_is_an_attribute_that_the_provider_has() -> None:
    """Else a driver would never be told."""
    for kind, (_, attributes) in DRIVERS.items():
        provider, _, name = kind.partition("_")
        package = find_spec(f"cdktn_provider_{provider}")
        assert package is not None
        # Read and not imported, which would take as long as a synthesis.
        source = Path((package.submodule_search_locations or [""])[0], name, "__init__.py").read_text(encoding="utf-8")
        for part in {part for path in attributes for part in path.split(".")} - {"cpu", "memory", "storage"}:
            assert f" {part}:" in source, f"{kind}: {part}"
