"""The deployment's document databases: shared links in Datastore mode, the connectomics store in native mode."""

from __future__ import annotations

from constructs import Construct

from karst.blueprint import Blueprint
from karst.config.service_needs import Access, Scope
from karst.config.stores import FirestoreDatabase
from karst.config.types import Kind
from karst.derived.access import store_grants
from karst.gcp.firestore import DocumentDatabase, DocumentDatabaseProps, DocumentMode
from karst.gcp.members import Accounts
from karst.protection import Protection


class Documents(Construct):
    """One database a mode: a database keeps its mode for ever, so the two can't share one."""

    def __init__(
        self, scope: Construct, id: str, blueprint: Blueprint, accounts: Accounts, protection: Protection
    ) -> None:
        super().__init__(scope, id)
        self._blueprint = blueprint
        self._accounts = accounts
        self._protection = protection
        settings = blueprint.deployment.firestore
        if blueprint.has(Kind.GLOBAL, Kind.LOCAL):
            self._database("state", settings.state, DocumentMode.DATASTORE)
        if blueprint.has(Kind.CLIO):
            self._database("clio", settings.clio, DocumentMode.NATIVE)

    def _database(self, role: str, settings: FirestoreDatabase, mode: DocumentMode) -> None:
        gcp = self._blueprint.deployment.gcp
        database = DocumentDatabase(
            self,
            role,
            DocumentDatabaseProps(
                project=gcp.project,
                location=settings.location or gcp.region,
                protection=self._protection,
                mode=mode,
                name=settings.database,
                manage=settings.manage,
            ),
        )
        for grant in store_grants(self._blueprint.workloads, Scope.DEPLOYMENT).get(("documents", role), ()):
            account = self._accounts[grant.workload]
            if grant.access is Access.WRITE:
                database.grant_write(account)
            else:
                database.grant_read(account)
