"""Where the values of a workload's secrets stand, and who may read which."""

from karst.derived.secrets import SecretPlace, owned_secrets, places, referenced_secrets
from tests.upstream.whole import SERVICES, blueprint, workload

SLACK = {"canary": {"slack": {"token": "secret:slack-bot@3", "channel": "#alerts"}}}


def place(name, variable, changes=None):
    whole = blueprint(changes)
    return places(whole.deployment, workload(whole, name)).get(variable)


def test_services_that_name_one_role_share_a_secret():
    whole = blueprint()
    owned = {one.secret: one for one in owned_secrets(whole.deployment, whole.workloads)}
    assert {"auth", "sticky-auth"} == set(owned["lab-auth-secret-key"].readers)
    assert owned["lab-auth-secret-key"].is_generated
    readers = {name for name, service in SERVICES.items() if "CAVE_TOKEN" in service.secrets} - {"pmanagement"}
    assert set(owned["lab-service-token"].readers) == readers
    assert owned["lab-pmanagement-cave-token"].readers == ("pmanagement",)


def test_every_login_has_a_password_of_its_own():
    whole = blueprint()
    owned = [one for one in owned_secrets(whole.deployment, whole.workloads) if "database-password" in one.secret]
    assert all(len(one.readers) == 1 and one.is_generated for one in owned)
    assert len(owned) == sum("DATABASE_PASSWORD" in service.secrets for service in SERVICES.values())


def test_the_deployment_says_where_a_role_stands():
    assert place("cavecanary", "SLACK_API_TOKEN") is None
    assert place("cavecanary", "SLACK_API_TOKEN", SLACK) == SecretPlace(secret="slack-bot", version="3")
    assert place("auth", "OAUTH_CLIENT") == SecretPlace(secret="oauth-client")
    token = {"secrets": {"service_token": "secret:projects/other-lab/secrets/token"}}
    assert place("info", "CAVE_TOKEN", token) == SecretPlace(secret="projects/other-lab/secrets/token")


def test_a_choice_for_one_service_counts_more_than_the_role():
    own = {"services": {"auth": {"secrets": {"OAUTH_CLIENT": "secret:mine"}}}}
    assert place("auth", "OAUTH_CLIENT", own) == SecretPlace(secret="mine")
    assert place("sticky-auth", "OAUTH_CLIENT", own) == SecretPlace(secret="oauth-client")


def test_what_somebody_else_made_is_granted_and_not_made():
    whole = blueprint({**SLACK, "secrets": {"extra": [{"name": "a.json", "secret": "secret:a"}]}})
    referenced = referenced_secrets(whole.deployment, whole.workloads)
    assert referenced["oauth-client"] == ("auth", "sticky-auth")
    assert referenced["slack-bot"] == ("cavecanary",)
    assert {"pychunkedgraph", "meshworker"} <= set(referenced["a"])
    assert not referenced.keys() & {one.secret for one in owned_secrets(whole.deployment, whole.workloads)}
