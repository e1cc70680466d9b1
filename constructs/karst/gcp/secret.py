"""Passwords, tokens and keys, kept in Secret Manager and nowhere else: not in a plan, not in state, not in a file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cdktn import ITerraformDependable, TerraformResourceLifecycle, TerraformStack
from cdktn_provider_google.secret_manager_secret import (
    SecretManagerSecret,
    SecretManagerSecretReplication,
    SecretManagerSecretReplicationAuto,
)
from cdktn_provider_google.secret_manager_secret_iam_member import SecretManagerSecretIamMember
from cdktn_provider_google.secret_manager_secret_version import SecretManagerSecretVersion
from cdktn_provider_random.ephemeral_random_password import EphemeralRandomPassword
from cdktn_provider_random.provider import RandomProvider
from constructs import Construct

from karst.gcp.members import Grantee, grant_id, member_of, needs_of
from karst.protection import Protection

_SECRET_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_SHORTEST_VALUE = 32


@dataclass(frozen=True, kw_only=True)
class SecretProps:
    """A secret that a person or another program fills in, such as the OAuth client that only a console can make."""

    secret_id: str
    project: str
    protection: Protection = Protection.PROTECTED


@dataclass(frozen=True, kw_only=True)
class GeneratedSecretProps(SecretProps):
    """A secret whose value nobody needs to know."""

    value_version: int = 1
    """Count up to rotate: a new value is made, and the old version stays disabled until someone destroys it."""
    length: int = 48
    """Characters, letters and digits only, so that the value survives any connection string; at least 32."""


class Secret(Construct):
    """A named secret without a value; readers start when somebody has added one.

    Promises: the value never passes through here; the secret refuses deletion while it is protected.
    """

    secret_id: str
    resource_name: str

    def __init__(self, scope: Construct, id: str, props: SecretProps) -> None:
        super().__init__(scope, id)
        if not _SECRET_ID.fullmatch(props.secret_id):
            raise ValueError(f"secret id {props.secret_id!r} must have 1-255 letters, digits, '-' and '_'")
        self.secret_id = props.secret_id
        self.resource_name = f"projects/{props.project}/secrets/{props.secret_id}"
        self._project = props.project
        self._secret: ITerraformDependable = SecretManagerSecret(
            self,
            "secret",
            project=props.project,
            secret_id=props.secret_id,
            replication=SecretManagerSecretReplication(auto=SecretManagerSecretReplicationAuto()),
            deletion_protection=props.protection.is_on,
        )

    def grant_read(self, grantee: Grantee) -> None:
        """Let `grantee` read the value."""
        self._grant("read", grantee, "roles/secretmanager.secretAccessor")

    def grant_add_version(self, grantee: Grantee) -> None:
        """Let `grantee` put a new value in, without letting it read any."""
        self._grant("add", grantee, "roles/secretmanager.secretVersionAdder")

    def grant_look(self, grantee: Grantee) -> None:
        """Let `grantee` see whether there is a value, without letting it read any."""
        self._grant("look", grantee, "roles/secretmanager.viewer")

    def _grant(self, permission: str, grantee: Grantee, role: str) -> None:
        SecretManagerSecretIamMember(
            self,
            grant_id(permission, grantee),
            project=self._project,
            secret_id=self.secret_id,
            role=role,
            member=member_of(grantee),
            depends_on=[self._secret, *needs_of(grantee)],
        )


@dataclass(frozen=True, kw_only=True)
class ExistingSecretProps:
    """A secret that somebody else made."""

    secret: str
    """Its id, or `projects/P/secrets/S` where it belongs to another project."""
    project: str
    """Where an id is looked for."""


class ExistingSecret(Construct):
    """Lets accounts read a secret that somebody else made and that must be there by then. Nothing else is touched."""

    def __init__(self, scope: Construct, id: str, props: ExistingSecretProps) -> None:
        super().__init__(scope, id)
        self._project, self._secret_id = props.project, props.secret
        if props.secret.startswith("projects/"):
            _, self._project, _, self._secret_id = props.secret.split("/")

    def grant_read(self, grantee: Grantee) -> None:
        """Let `grantee` read the value."""
        SecretManagerSecretIamMember(
            self,
            grant_id("read", grantee),
            project=self._project,
            secret_id=self._secret_id,
            role="roles/secretmanager.secretAccessor",
            member=member_of(grantee),
            depends_on=needs_of(grantee),
        )


class GeneratedSecret(Secret):
    """A secret with a random value that is made while it is stored, and that no plan or state ever holds.

    Promises: a value is made once per `value_version`; a rotation adds the new version before it disables the old one.
    """

    def __init__(self, scope: Construct, id: str, props: GeneratedSecretProps) -> None:
        super().__init__(scope, id, props)
        if props.length < _SHORTEST_VALUE:
            raise ValueError(
                f"secret {props.secret_id!r}: length must be at least {_SHORTEST_VALUE} characters, not {props.length}"
            )
        if props.value_version < 1:
            raise ValueError(
                f"secret {props.secret_id!r}: value_version counts from 1 and only upwards, it cannot be "
                f"{props.value_version}"
            )
        _ensure_random_provider(self)
        value = EphemeralRandomPassword(self, "value", length=props.length, special=False)
        SecretManagerSecretVersion(
            self,
            "version",
            secret=self.resource_name,
            secret_data_wo=value.result,
            secret_data_wo_version=str(props.value_version),
            # A rotation replaces the version, which the stack's policy would refuse; disabled, it can be brought back.
            deletion_policy="DISABLE",
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=[self._secret],
        )


def _ensure_random_provider(scope: Construct) -> None:
    """Give the stack the provider of random values, once; stacks without generated secrets don't load it."""
    stack = TerraformStack.of(scope)
    if stack.node.try_find_child("random") is None:
        RandomProvider(stack, "random")
