"""What is administered, one kind of thing a file."""

from karst_auth.admin.area import Area
from karst_auth.admin.areas.datasets import DATASETS
from karst_auth.admin.areas.groups import GROUPS
from karst_auth.admin.areas.institutions import INSTITUTIONS
from karst_auth.admin.areas.people import PEOPLE
from karst_auth.admin.areas.permissions import PERMISSIONS
from karst_auth.admin.areas.roots import ROOTS
from karst_auth.admin.areas.service_accounts import SERVICE_ACCOUNTS
from karst_auth.admin.areas.stays import STAYS
from karst_auth.admin.areas.tables import TABLES
from karst_auth.admin.areas.terms import TERMS
from karst_auth.admin.areas.viewers import VIEWERS

AREAS: tuple[Area, ...] = (
    PEOPLE,
    SERVICE_ACCOUNTS,
    GROUPS,
    DATASETS,
    PERMISSIONS,
    TERMS,
    TABLES,
    ROOTS,
    VIEWERS,
    INSTITUTIONS,
    STAYS,
)
"""All of them, in the order in which pages name them."""
