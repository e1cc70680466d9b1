"""Makes the roles of a PostgreSQL server those that a deployment's services need, and no more."""

from karst_sql_roles.document import Database, Login, Wanted, load_wanted
from karst_sql_roles.errors import SqlRolesError
from karst_sql_roles.run import reconcile
from karst_sql_roles.session import Report
from karst_sql_roles.settings import SqlRolesSettings

__all__ = ["Database", "Login", "Report", "SqlRolesError", "SqlRolesSettings", "Wanted", "load_wanted", "reconcile"]
