"""What all tables have in common. Times are UTC without a zone, as upstream's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import DateTime, ForeignKey, MetaData, String, false, func
from sqlalchemy.orm import DeclarativeBase, mapped_column

from karst_platform.relational import CONSTRAINT_NAMES

Id = Annotated[int, mapped_column(primary_key=True)]
Now = Annotated[datetime, mapped_column(DateTime, server_default=func.now())]
Flag = Annotated[bool, mapped_column(server_default=false())]
Text80 = Annotated[str, mapped_column(String(80))]
Text120 = Annotated[str, mapped_column(String(120))]
UserId = Annotated[int, mapped_column(ForeignKey("user.id"))]
DatasetId = Annotated[int, mapped_column(ForeignKey("dataset.id"))]


class Base(DeclarativeBase):
    """All tables of the auth service."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
