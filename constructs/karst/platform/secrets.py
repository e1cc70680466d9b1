"""The deployment's secrets: generated ones, ones that a person fills in, others' that it uses, and who reads each."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.derived.secrets import OwnedSecret, owned_secrets, referenced_secrets
from karst.gcp.members import Accounts
from karst.gcp.secret import (
    ExistingSecret,
    ExistingSecretProps,
    GeneratedSecret,
    GeneratedSecretProps,
    Secret,
    SecretProps,
)
from karst.naming import RECONCILE
from karst.protection import Protection


class Secrets(Construct):
    """One secret a role. Values never stand in configuration, plan or state."""

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, accounts: Accounts, protection: Protection
    ) -> None:
        super().__init__(scope, id)
        self._project = blueprint.deployment.gcp.project
        self._protection = protection
        for owned in owned_secrets(blueprint.deployment, blueprint.workloads):
            secret = self._secret(owned)
            for workload in owned.readers:
                secret.grant_read(accounts[workload])
        if RECONCILE in accounts:
            for name in sorted(blueprint.deployment.auth.service_accounts):
                id_ = blueprint.names.account_secret(name)
                secret = Secret(self, id_, SecretProps(secret_id=id_, project=self._project, protection=protection))
                secret.grant_add_version(accounts[RECONCILE])
                secret.grant_look(accounts[RECONCILE])
        for name, readers in referenced_secrets(blueprint.deployment, blueprint.workloads).items():
            existing = ExistingSecret(
                self, f"existing-{name.replace('/', '-')}", ExistingSecretProps(secret=name, project=self._project)
            )
            for workload in readers:
                existing.grant_read(accounts[workload])

    def _secret(self, owned: OwnedSecret) -> Secret:
        if owned.is_generated:
            return GeneratedSecret(
                self,
                owned.secret,
                GeneratedSecretProps(secret_id=owned.secret, project=self._project, protection=self._protection),
            )
        return Secret(
            self,
            owned.secret,
            SecretProps(secret_id=owned.secret, project=self._project, protection=self._protection),
        )
