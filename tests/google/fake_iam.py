"""The fake's project, accounts, pools and roles."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from karst.bootstrap.rights_table import RIGHTS
from tests.google.fake_state import NUMBER, PROJECT, Json, RefusedError, World

if TYPE_CHECKING:
    from tests.google.fake import Call

Route = tuple[str, str, Callable[..., Json]]
_KNOWN = sorted({one for right in RIGHTS for one in (*right.reads, *right.writes)})
_POOLS = f"projects/{NUMBER}/locations/global/workloadIdentityPools"
_PAGE = 100


class IamParts:
    """serviceusage, cloudresourcemanager, iam."""

    world: World

    def iam_routes(self) -> list[Route]:
        me = type(self)
        project = rf"projects/{PROJECT}"
        account = rf"{project}/serviceAccounts/([^/:]+@[^/:]+)"
        pool = rf"{_POOLS}/([^/:]+)"
        return [
            (rf"GET serviceusage/v1/{project}/services:batchGet", "serviceusage.services.get", me.read_apis),
            (rf"POST serviceusage/v1/{project}/services:batchEnable", "serviceusage.services.enable", me.enable),
            (r"GET (?:serviceusage|iam)/v1/(.*operations/\d+)", "", me.operation),
            (rf"POST cloudresourcemanager/v1/{project}:testIamPermissions", "", me.test),
            (
                rf"POST cloudresourcemanager/v1/({project}):getIamPolicy",
                "resourcemanager.projects.getIamPolicy",
                me.read,
            ),
            (
                rf"POST cloudresourcemanager/v1/({project}):setIamPolicy",
                "resourcemanager.projects.setIamPolicy",
                me.write,
            ),
            (rf"POST iam/v1/({account}):getIamPolicy", "iam.serviceAccounts.getIamPolicy", me.read),
            (rf"POST iam/v1/({account}):setIamPolicy", "iam.serviceAccounts.setIamPolicy", me.write),
            (rf"GET iam/v1/{account}", "iam.serviceAccounts.get", me.read_account),
            (rf"POST iam/v1/{project}/serviceAccounts", "iam.serviceAccounts.create", me.make_account),
            (rf"GET iam/v1/{project}/roles/(\w+)", "iam.roles.get", me.read_role),
            (rf"POST iam/v1/{project}/roles", "iam.roles.create", me.make_role),
            (rf"PATCH iam/v1/{project}/roles/(\w+)", "iam.roles.update", me.change_role),
            (r"POST iam/v1/permissions:queryTestablePermissions", "", me.testable),
            (rf"GET iam/v1/({pool})", "iam.workloadIdentityPools.get", me.read_pool),
            (rf"POST iam/v1/{_POOLS}", "iam.workloadIdentityPools.create", me.make_pool),
            (rf"GET iam/v1/({pool}/providers/[^/]+)", "iam.workloadIdentityPoolProviders.get", me.read_pool),
            (rf"POST iam/v1/({pool})/providers", "iam.workloadIdentityPoolProviders.create", me.make_provider),
            (rf"PATCH iam/v1/({pool}/providers/[^/]+)", "iam.workloadIdentityPoolProviders.update", me.change_provider),
        ]

    def read_apis(self, call: Call) -> Json:
        names = [one.rpartition("/")[2] for one in call.query["names"]]
        assert len(names) <= 30, "Google takes 30 at once"
        on = {f"{api}.googleapis.com" for api in self.world.apis}
        return {
            "services": [
                {
                    "name": f"projects/{NUMBER}/services/{name}",
                    "parent": f"projects/{NUMBER}",
                    "state": "ENABLED" if name in on else "DISABLED",
                }
                for name in names
            ]
        }

    def enable(self, call: Call) -> Json:
        assert len(call.body["serviceIds"]) <= 20, "Google takes 20 at once"
        self.world.apis |= {one.removesuffix(".googleapis.com") for one in call.body["serviceIds"]}
        return self._begun("")

    def operation(self, _: Call, name: str) -> Json:
        self.world.operations[name] -= 1
        return {"name": name, "done": self.world.operations[name] <= 0}

    def test(self, call: Call) -> Json:
        asked = call.body["permissions"]
        assert len(asked) <= 100, "Google takes 100 at once"
        for one in asked:
            if one in self.world.unknown:
                raise RefusedError(400, "INVALID_ARGUMENT", f"Permission {one} is not valid for this resource.")
        held = [one for one in asked if one not in self.world.denied]
        return {"permissions": held} if held else {}

    def read(self, call: Call, place: str, *_: str) -> Json:
        version = call.first("options.requestedPolicyVersion") or call.body["options"]["requestedPolicyVersion"]
        assert int(version) == 3, "a policy read without its conditions loses them"
        if "/serviceAccounts/" in place:
            self._account(place.rpartition("/")[2])
        return self.world.policy(place)

    def write(self, call: Call, place: str, *_: str) -> Json:
        if "/serviceAccounts/" in place:
            self._account(place.rpartition("/")[2])
        return self.world.write_policy(place, call.body["policy"])

    def read_account(self, _: Call, email: str) -> Json:
        return self._account(email)

    def make_account(self, call: Call) -> Json:
        account_id = call.body["accountId"]
        if not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", account_id):
            raise RefusedError(400, "INVALID_ARGUMENT", "Service account ID must be between 6 and 30 characters.")
        email = f"{account_id}@{PROJECT}.iam.gserviceaccount.com"
        if email in self.world.accounts:
            raise RefusedError(409, "ALREADY_EXISTS", f"Service account {account_id} already exists within project.")
        self.world.accounts[email] = {"email": email, **call.body["serviceAccount"]}
        return self.world.accounts[email]

    def read_role(self, _: Call, role: str) -> Json:
        return self._found(self.world.roles, role)

    def make_role(self, call: Call) -> Json:
        role = call.body["roleId"]
        if role in self.world.roles:
            raise RefusedError(409, "ALREADY_EXISTS", f"A role named {role} already exists.")
        self._check_permissions(call.body["role"]["includedPermissions"])
        self.world.roles[role] = {**call.body["role"], "etag": "0"}
        return self.world.roles[role]

    def change_role(self, call: Call, role: str) -> Json:
        found = self._found(self.world.roles, role)
        if call.body["etag"] != found["etag"]:
            raise RefusedError(409, "ABORTED", "The role was changed.")
        assert call.first("updateMask") == "includedPermissions"
        self._check_permissions(call.body["includedPermissions"])
        found |= {"includedPermissions": call.body["includedPermissions"], "etag": str(int(found["etag"]) + 1)}
        return found

    def testable(self, call: Call) -> Json:
        start = int(call.body["pageToken"] or 0)
        known = [one for one in _KNOWN if one not in self.world.unknown]
        part = [
            {"name": one, **({"customRolesSupportLevel": "NOT_SUPPORTED"} if one in self.world.unsupported else {})}
            for one in known[start : start + _PAGE]
        ]
        more = {"nextPageToken": str(start + _PAGE)} if start + _PAGE < len(known) else {}
        return {"permissions": part, **more}

    def read_pool(self, _: Call, path: str, *__: str) -> Json:
        return self._found(self.world.pools, path)

    def make_pool(self, call: Call) -> Json:
        pool = call.first("workloadIdentityPoolId")
        if not re.fullmatch(r"(?!gcp-)[a-z0-9-]{4,32}", pool):
            raise RefusedError(400, "INVALID_ARGUMENT", "The ID must be 4-32 characters.")
        return self._made(f"{_POOLS}/{pool}", call.body)

    def make_provider(self, call: Call, pool: str, _: str) -> Json:
        self._found(self.world.pools, pool)
        self._check_provider(call.body)
        return self._made(f"{pool}/providers/{call.first('workloadIdentityPoolProviderId')}", call.body)

    def change_provider(self, call: Call, path: str, _: str) -> Json:
        found = self._found(self.world.pools, path)
        self._check_provider(call.body)
        mask = set(call.first("updateMask").split(","))
        assert mask <= {"attributeCondition", "attributeMapping", "oidc.allowedAudiences"}, mask
        found |= {key: call.body[key] for key in ("attributeCondition", "attributeMapping") if key in mask}
        if "oidc.allowedAudiences" in mask:
            found["oidc"] = call.body["oidc"]
        return self._begun(path)

    def _check_provider(self, body: Json) -> None:
        if not body["attributeCondition"]:
            raise RefusedError(
                400, "INVALID_ARGUMENT", "The attribute condition must reference one of the provider's claims."
            )
        assert body["attributeMapping"]["google.subject"] == "assertion.sub"

    def _check_permissions(self, permissions: list[str]) -> None:
        for one in permissions:
            if one in self.world.unsupported | self.world.unknown:
                raise RefusedError(400, "INVALID_ARGUMENT", f"Permission {one} is not supported in custom roles.")

    def _made(self, path: str, body: Json) -> Json:
        if path in self.world.pools:
            raise RefusedError(409, "ALREADY_EXISTS", "Requested entity already exists")
        self.world.pools[path] = {**body, "name": path, "state": "ACTIVE"}
        return self._begun(path)

    def _begun(self, place: str) -> Json:
        """An operation that is done when it was asked for a second time."""
        name = f"{place}/operations/{len(self.world.operations)}".lstrip("/")
        self.world.operations[name] = 2
        return {"name": name}

    def _account(self, email: str) -> Json:
        return self._found(self.world.accounts, email)

    def _found(self, of: dict[str, Json], name: str) -> Json:
        if name not in of:
            raise RefusedError(404, "NOT_FOUND", f"{name} was not found.")
        return of[name]
