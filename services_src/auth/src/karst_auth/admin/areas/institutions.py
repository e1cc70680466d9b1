"""Institutions, to which people belong."""

from __future__ import annotations

from sqlalchemy import select

from karst_auth.admin.area import Area, Cell, Rows, Thing, aside
from karst_auth.admin.forms import Asking, Values
from karst_auth.admin.listing import by
from karst_auth.changes import institutions
from karst_auth.changes.ledger import Changing
from karst_auth.model import Affiliation
from karst_platform.pages import Field, Kind

_FORM = Asking(
    fields=(
        Field(name="name", label="Name", is_required=True, longest=institutions.NAME),
        Field(name="contact_name", label="Contact", longest=institutions.NAME, hint="Whom to ask about its people."),
        Field(name="contact_email", label="Contact's e-mail address", kind=Kind.EMAIL, longest=institutions.NAME),
    ),
    unique="name",
)


def _thing(row: Affiliation) -> Thing:
    values = {"name": row.name, "contact_name": row.contact_name, "contact_email": row.contact_email}
    return Thing(id=row.id, name=row.name, values=values, subject=f"affiliation/{row.id}")


async def _create(change: Changing, values: Values) -> int:
    name, contact_name, contact_email = (values[each.name] for each in _FORM.fields)
    return await institutions.create(change, name=name, contact_name=contact_name, contact_email=contact_email)


INSTITUTIONS = Area(
    path="affiliations",
    model="affiliation",
    title="Institutions",
    one="institution",
    about="Where people work. Services show it beside what somebody did.",
    table=Affiliation,
    rows=Rows(
        headings=("Name", "Contact", "Id"),
        seen_by=lambda _caller: select(Affiliation.name, Affiliation.id, Affiliation.contact_name),
        means=by((Affiliation.name,), Affiliation.id),
        key=Affiliation.name,
        cells=lambda row: [Cell(row[0], f"affiliations/{row[1]}"), Cell(row[2] or ""), aside(row[1])],
    ),
    form=_FORM,
    thing=_thing,
    create=_create,
    update=lambda change, id_, values: institutions.update(change, affiliation_id=id_, values=values),
    remove=lambda change, id_: institutions.remove(change, affiliation_id=id_),
    removal="Nobody belongs to it any more.",
)
