"""`python -m karst_sql_roles`: one run with the settings of the environment, then the end."""

from __future__ import annotations

import logging
import os
import sys

from karst_platform import SettingsError, load_settings
from karst_platform.logs import configure_logging
from karst_sql_roles.document import load_wanted
from karst_sql_roles.errors import SqlRolesError
from karst_sql_roles.run import reconcile
from karst_sql_roles.session import Report
from karst_sql_roles.settings import SqlRolesSettings

_log = logging.getLogger("karst_sql_roles")


def main() -> None:
    """Run once; end with 1 and a message where something is to be put right."""
    report = Report()
    try:
        settings = load_settings(SqlRolesSettings, os.environ)
        configure_logging(settings.log_level)
        reconcile(settings, load_wanted(settings.document), report)
    except (SettingsError, SqlRolesError) as error:
        _tell(report)
        sys.exit(str(error))
    _tell(report)
    _log.info("%d changes; the server is as wanted", len(report.changes))


def _tell(report: Report) -> None:
    for change in report.changes:
        _log.info("%s", change)
    for note in report.notes:
        _log.warning("%s", note)


if __name__ == "__main__":
    main()
