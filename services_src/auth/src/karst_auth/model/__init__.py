"""Tables of the auth service, as upstream's dumps have them, and what Karst adds."""

from karst_auth.model.access import (
    Dataset,
    DatasetAdmin,
    Grant,
    Group,
    Membership,
    Permission,
    PublicRoot,
    ServiceTable,
    Tos,
    TosAcceptance,
)
from karst_auth.model.base import Base
from karst_auth.model.people import Affiliation, App, CustomName, User, UserAffiliation, UserIdentity
from karst_auth.model.records import AuditEntry, Declaration, Version
from karst_auth.model.tokens import ApiKey, LoginToken

__all__ = [
    "Affiliation",
    "ApiKey",
    "App",
    "AuditEntry",
    "Base",
    "CustomName",
    "Dataset",
    "DatasetAdmin",
    "Declaration",
    "Grant",
    "Group",
    "LoginToken",
    "Membership",
    "Permission",
    "PublicRoot",
    "ServiceTable",
    "Tos",
    "TosAcceptance",
    "User",
    "UserAffiliation",
    "UserIdentity",
    "Version",
]
