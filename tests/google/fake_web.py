"""The fake's buckets, zones, secrets, certificates, quotas, public resolver and sign-in."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.google.fake_state import NUMBER, PROJECT, Json, ObjectRefusedError, RefusedError, World

if TYPE_CHECKING:
    from tests.google.fake import Call

Route = tuple[str, str, Callable[..., Json]]
_ACCOUNTS = "/accounts"


class WebParts:
    """storage, dns, secretmanager, certificatemanager, compute, and what everybody may ask."""

    world: World

    def web_routes(self) -> list[Route]:
        me = type(self)
        bucket = r"storage/storage/v1/b/([^/]+)"
        return [
            (r"POST storage/storage/v1/b", "storage.buckets.create", me.make_bucket),
            (rf"GET {bucket}", "storage.buckets.get", me.read_bucket),
            (rf"PATCH {bucket}", "storage.buckets.update", me.change_bucket),
            (rf"GET {bucket}/iam", "storage.buckets.getIamPolicy", me.read_bucket_policy),
            (rf"PUT {bucket}/iam", "storage.buckets.setIamPolicy", me.write_bucket_policy),
            (rf"GET {bucket}/o", "storage.objects.list", me.list_objects),
            (rf"GET {bucket}/o/(.+)", "storage.objects.get", me.read_object),
            (rf"GET dns/dns/v1/projects/{PROJECT}/managedZones/([^/]+)", "dns.managedZones.get", me.read_zone),
            (r"GET resolver/resolve", "", me.resolve),
            (r"GET secretmanager/v1/(projects/[^/]+/secrets/[^/]+)", "secretmanager.secrets.get", me.read_secret),
            (
                r"GET secretmanager/v1/(projects/[^/]+/secrets/[^/]+)/versions/\w+:access",
                "secretmanager.versions.access",
                me.read_value,
            ),
            (r"GET accounts/o/oauth2/v2/auth", "", me.begin_sign_in),
            (r"GET accounts/signin/(.*)", "", me.page),
            (
                rf"GET certificatemanager/v1/projects/{PROJECT}/locations/global/certificates/([^/]+)",
                "certificatemanager.certs.get",
                me.read_certificate,
            ),
            (rf"GET compute/compute/v1/projects/{PROJECT}/regions/([^/]+)", "compute.regions.get", me.read_quotas),
        ]

    def make_bucket(self, call: Call) -> Json:
        name = call.body["name"]
        if name in self.world.buckets:
            raise ObjectRefusedError(409, "conflict", "The requested bucket name is not available.")
        assert call.first("project") == PROJECT
        self.world.buckets[name] = {**call.body, "projectNumber": NUMBER, "metageneration": "1"}
        return self.world.buckets[name]

    def read_bucket(self, _: Call, name: str) -> Json:
        found = self._bucket(name)
        if found.get("hidden"):
            raise ObjectRefusedError(403, "forbidden", "you do not have storage.buckets.get access to the bucket.")
        return found

    def change_bucket(self, call: Call, name: str) -> Json:
        found = self._bucket(name)
        if call.first("ifMetagenerationMatch") != found["metageneration"]:
            raise ObjectRefusedError(
                412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."
            )
        labels = {**found.get("labels", {}), **call.body.get("labels", {})}
        found |= {**call.body, "labels": labels, "metageneration": str(int(found["metageneration"]) + 1)}
        return found

    def read_bucket_policy(self, call: Call, name: str) -> Json:
        self._bucket(name)
        assert call.first("optionsRequestedPolicyVersion") == "3"
        return self.world.policy(name)

    def write_bucket_policy(self, call: Call, name: str) -> Json:
        self._bucket(name)
        try:
            return self.world.write_policy(name, call.body)
        except RefusedError as refused:
            if refused.status == 409:
                raise ObjectRefusedError(412, "conditionNotMet", "The etag is not that of the policy.") from None
            raise

    def list_objects(self, call: Call, name: str) -> Json:
        self._bucket(name)
        prefix, start = call.first("prefix"), int(call.first("pageToken") or 0)
        every = [one.partition("/")[2] for one in sorted(self.world.objects) if one.startswith(f"{name}/{prefix}")]
        page = [
            {"name": one, "size": "100", "updated": self.world.objects[f"{name}/{one}"].get("updated", "")}
            for one in every[start : start + 3]
        ]
        return {"items": page, **({"nextPageToken": str(start + 3)} if start + 3 < len(every) else {})}

    def read_object(self, call: Call, bucket: str, name: str) -> Json:
        assert call.first("alt") == "media"
        found = self.world.objects.get(f"{bucket}/{name}")
        if found is None:
            raise ObjectRefusedError(404, "notFound", "No such object")
        return found

    def read_zone(self, _: Call, name: str) -> Json:
        if name not in self.world.zones:
            message = f"The 'parameters.managedZone' resource named '{name}' does not exist."
            raise ObjectRefusedError(404, "notFound", message)
        return self.world.zones[name]

    def resolve(self, call: Call) -> Json:
        assert call.first("type") == "NS"
        servers = self.world.delegated.get(call.first("name"))
        if servers is None:
            return {"Status": 3, "Question": [{"name": call.first("name"), "type": 2}]}
        if servers == ["broken"]:
            return {"Status": 2, "Comment": "DNSSEC validation failure"}
        answer = [{"name": call.first("name"), "type": 2, "TTL": 300, "data": one} for one in servers]
        return {"Status": 0, "Answer": answer}

    def read_secret(self, _: Call, name: str) -> Json:
        if name not in self.world.secrets:
            raise RefusedError(404, "NOT_FOUND", f"Secret [{name}] not found.")
        return {"name": name}

    def read_value(self, _: Call, name: str) -> Json:
        value = self.world.secrets.get(name)
        if value is None:
            raise RefusedError(404, "NOT_FOUND", f"Secret [{name}] not found or has no versions.")
        return {"payload": {"data": base64.b64encode(value.encode()).decode()}}

    def begin_sign_in(self, call: Call) -> Json:
        client, redirect = call.first("client_id"), call.first("redirect_uri")
        known = self.world.redirects.get(client)
        if known is None:
            return _error_page("invalid_client")
        if redirect not in known:
            return _error_page("redirect_uri_mismatch")
        return {"Location": f"{_ACCOUNTS}/signin/identifier?client_id={client}"}

    def page(self, _: Call, __: str) -> Json:
        return {"page": "identifier"}

    def read_certificate(self, _: Call, name: str) -> Json:
        if name not in self.world.certificates:
            raise RefusedError(404, "NOT_FOUND", f"Resource '{name}' was not found")
        return self.world.certificates[name]

    def read_quotas(self, _: Call, region: str) -> Json:
        quotas = [{"metric": name, "limit": limit, "usage": 0.0} for name, limit in self.world.quotas.items()]
        return {"name": region, "quotas": quotas}

    def _bucket(self, name: str) -> Json:
        if name not in self.world.buckets:
            raise ObjectRefusedError(404, "notFound", "The specified bucket does not exist.")
        return self.world.buckets[name]


def _error_page(error: str) -> Json:
    """Where Google sends a browser: what is wrong stands in the address, in base64, between other bytes."""
    told = base64.urlsafe_b64encode(b"\n\x15" + error.encode() + b"\x12\xff").decode().rstrip("=")
    return {"Location": f"{_ACCOUNTS}/signin/oauth/error?authError={told}"}
