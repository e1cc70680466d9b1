"""What a service of ours is told of the Redis by which auth tells of changes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from karst.config.service_runtime import ImageOrigin
from karst.derived.secret_classes import workload_secrets
from karst.derived.settings import settings
from tests.derived.workers import service
from tests.upstream.whole import blueprint

DECLARED = {
    name: {"description": "Of Redis"}
    for name in ("REDISHOST", "REDISPORT", "KARST_REDIS_CA", "KARST_REDIS_PASSWORD_FILE")
}
FOLDER = "/run/secrets/karst"
HOST = {"REDISHOST": "redis-global.lab.karst.internal"}


@pytest.mark.parametrize(
    ("redis", "told"),
    [
        (
            {},
            {
                "REDISPORT": "6378",
                "KARST_REDIS_CA": f"{FOLDER}/REDIS_GLOBAL_CA",
                "KARST_REDIS_PASSWORD_FILE": f"{FOLDER}/REDIS_GLOBAL_AUTH",
            },
        ),
        (
            {"manage": "existing", "auth": "secret:old"},
            {"REDISPORT": "6379", "KARST_REDIS_PASSWORD_FILE": f"{FOLDER}/REDIS_GLOBAL_AUTH"},
        ),
        ({"manage": "existing"}, {"REDISPORT": "6379"}),
    ],
)
def test_a_service_is_told_of_redis_what_its_secrets_hold(redis: Mapping[str, object], told: Mapping[str, str]) -> None:
    whole = blueprint({"redis": {"global": redis, "cache": {"manage": "existing"}, "broker": {"manage": "existing"}}})
    one = service("states", {}, settings=DECLARED, stores={"cache": [{"name": "global"}]})
    assert one.service.image.source is ImageOrigin.KARST
    found = settings(whole, one)
    assert found == {**HOST, **told}
    secrets = workload_secrets(whole.deployment, one)
    files = {f"{secrets.folder}/{file}" for file in secrets.files} if secrets is not None else set[str]()
    assert {value for value in found.values() if value.startswith(FOLDER)} == files
