"""What Alembic runs."""

from karst_info.model import Base
from karst_platform.relational_migrations import run_in_environment

run_in_environment(Base.metadata)
