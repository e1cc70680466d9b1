"""What is to be done at auth, so that datasets, groups, grants, members and tables are as declared."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from karst_reconcile.auth_seen import AuthSeen
from karst_reconcile.document import Document
from karst_reconcile.steps import Step, Verb

UNWRITTEN = "The text of these terms of service is still to be written. Ask whoever runs this deployment."
_BUILT_IN = "default"


class AuthPlan:
    """Makes steps, in the order in which they can be done."""

    def __init__(self, seen: AuthSeen, document: Document, *, adopts: bool) -> None:
        """`adopts` takes over what people made by hand where it is declared, and changes it to what is."""
        self._seen, self._adopts = seen, adopts
        self._terms: dict[str, str | None] = {}
        self._grants: dict[tuple[str, str], set[str]] = {}
        self._members: dict[str, set[str]] = {}
        self._tables = {table: next(iter(names)) for table, names in sorted(document.tables().items())}
        for dataset in document.datasets:
            name = dataset.auth_dataset
            self._terms[name] = dataset.terms_of_service or self._terms.get(name)
            for group, declared in sorted(dataset.groups.items()):
                self._grants.setdefault((name, group), set()).update(declared.permissions)
                self._members.setdefault(group, set()).update(declared.members)
        self.groups = {*self._members, *(group for each in document.service_accounts for group in each.groups)}
        """Names of groups that must be there."""
        self._blocked: set[str] = set()
        """Datasets in whose place people have one of their own."""

    def making(self) -> Iterator[Step]:
        """What is to be made or changed."""
        yield from self._needs()
        yield from self._datasets()
        yield from self._group_steps()
        yield from self._grant_steps()
        yield from self._member_steps()
        yield from self._table_steps()

    def pruning(self) -> Iterator[Step]:
        """What was declared once, and no longer is."""
        yield from self._old_grants()
        yield from self._old_members()
        yield from self._old_tables()
        yield from self._old_datasets()
        yield from self._old_groups()

    def _needs(self) -> Iterator[Step]:
        seen = self._seen
        for name in sorted({name for name in self._terms.values() if name} - seen.terms.keys()):
            do = partial(seen.create_terms, name, UNWRITTEN)
            detail = "its text is still to be written, at /auth/admin/terms"
            yield Step(verb=Verb.CREATE, kind="terms of service", name=name, detail=detail, do=do)
        declared = {each for permissions in self._grants.values() for each in permissions}
        for name in sorted(declared - seen.permissions.keys()):
            yield Step(verb=Verb.CREATE, kind="permission", name=name, do=partial(seen.create_permission, name))

    def _datasets(self) -> Iterator[Step]:
        for name, terms in sorted(self._terms.items()):
            yield self._dataset(name, terms)

    def _dataset(self, name: str, terms: str | None) -> Step:
        seen, id_ = self._seen, self._seen.datasets.get(name)
        step = partial(Step, kind="dataset", name=name)
        if id_ is None:
            return step(verb=Verb.CREATE, do=partial(seen.create_dataset, name, terms))
        change = partial(seen.change_terms, name, terms)
        differs = "" if terms is None or seen.terms.get(terms) == seen.terms_of[name] else f"terms of service: {terms}"
        if seen.is_declared(f"dataset/{id_}"):
            return step(verb=Verb.CHANGE, detail=differs, do=change) if differs else step(verb=Verb.LEAVE)
        missing = self._missing(name) if seen.is_ours else ""
        problem = "; ".join(filter(None, (differs, missing)))
        if self._adopts and (seen.is_ours or differs):
            return step(verb=Verb.CHANGE, detail=f"taken over{': ' if differs else ''}{differs}", do=change)
        if not problem:
            return step(verb=Verb.FOREIGN)
        self._blocked.add(name)
        detail = f"people made one by hand, which lacks what is declared: {problem}. Rename one, or --adopt it"
        return step(verb=Verb.CONFLICT, detail=detail)

    def _missing(self, dataset: str) -> str:
        """What a dataset that people made lacks."""
        lacking = [f"{group} may {', '.join(sorted(lacks))}" for group, lacks in self._lacking(dataset)]
        return "; ".join(lacking)

    def _lacking(self, dataset: str) -> Iterator[tuple[str, set[str]]]:
        """Groups, and which of their declared permissions aren't there."""
        seen = self._seen
        for (name, group), permissions in sorted(self._grants.items()):
            if name == dataset:
                has = {
                    permission
                    for permission in permissions
                    if (seen.datasets.get(name), seen.groups.get(group), seen.permissions.get(permission))
                    in seen.grants
                }
                if permissions - has:
                    yield group, permissions - has

    def _group_steps(self) -> Iterator[Step]:
        seen = self._seen
        for name in sorted(self.groups):
            if name not in seen.groups:
                yield Step(verb=Verb.CREATE, kind="group", name=name, do=partial(seen.create_group, name))
            else:
                is_declared = seen.is_declared(f"group/{seen.groups[name]}")
                yield Step(verb=Verb.LEAVE if is_declared else Verb.FOREIGN, kind="group", name=name)

    def _grant_steps(self) -> Iterator[Step]:
        for dataset in sorted(self._terms.keys() - self._blocked):
            lacking = dict(self._lacking(dataset))
            for name, group in sorted(self._grants):
                if name != dataset:
                    continue
                step = partial(Step, kind="grant", name=f"{dataset} to {group}")
                if group in lacking:
                    do = partial(self._seen.grant, dataset, group, lacking[group])
                    yield step(verb=Verb.CREATE, detail=", ".join(sorted(lacking[group])), do=do)
                else:
                    yield step(verb=Verb.LEAVE)

    def _member_steps(self) -> Iterator[Step]:
        seen = self._seen
        for address in sorted({each for addresses in self._members.values() for each in addresses}):
            if address not in seen.people:
                yield Step(verb=Verb.CREATE, kind="person", name=address, do=partial(seen.create_person, address))
        for group, addresses in sorted(self._members.items()):
            inside = seen.members.get(seen.groups.get(group, -1), set())
            for address in sorted(addresses):
                is_there = seen.people.get(address) in inside
                do = None if is_there else partial(seen.join, group, address)
                verb = Verb.LEAVE if is_there else Verb.CREATE
                yield Step(verb=verb, kind="member", name=f"{address} of {group}", do=do)

    def _table_steps(self) -> Iterator[Step]:
        for (service, table), dataset in self._tables.items():
            if dataset not in self._blocked:
                yield self._table(service, table, dataset)

    def _table(self, service: str, table: str, dataset: str) -> Step:
        seen, now = self._seen, self._seen.tables.get((service, table))
        step = partial(Step, kind="table", name=f"{service}/{table}")
        if now is None:
            return step(verb=Verb.CREATE, detail=f"of {dataset}", do=partial(seen.map_table, service, table, dataset))
        is_declared = seen.is_declared(f"table/{service}/{table}")
        if now == dataset:
            return step(verb=Verb.LEAVE if is_declared else Verb.FOREIGN)
        if is_declared or self._adopts:
            do = partial(seen.move_table, service, table, now, dataset)
            return step(verb=Verb.CHANGE, detail=f"of {dataset}, not of {now}", do=do)
        detail = f"people let it belong to {now}; {dataset} is declared. Correct one of the two, or --adopt it"
        return step(verb=Verb.CONFLICT, detail=detail)

    def _old_grants(self) -> Iterator[Step]:
        seen = self._seen
        names, group_names = _by_id(seen.datasets), _by_id(seen.groups)
        permission_names = _by_id(seen.permissions)
        for dataset_id, group_id, permission_id in sorted(seen.grants):
            dataset, group = names.get(dataset_id, ""), group_names.get(group_id, "")
            permission = permission_names.get(permission_id, "")
            is_wanted = permission in self._grants.get((dataset, group), set())
            if not is_wanted and seen.is_declared(f"grant/{dataset_id}/{group_id}/{permission_id}"):
                do = partial(seen.revoke, dataset_id, group_id, permission_id)
                yield Step(verb=Verb.PRUNE, kind="grant", name=f"{dataset} to {group}", detail=permission, do=do)

    def _old_members(self) -> Iterator[Step]:
        seen, group_names = self._seen, _by_id(self._seen.groups)
        accounts = set(seen.accounts.values())
        for group_id, user_ids in sorted(seen.members.items()):
            group = group_names.get(group_id, "")
            wanted = {seen.people.get(each) for each in self._members.get(group, set())}
            for user_id in sorted(user_ids - wanted - accounts):
                if group != _BUILT_IN and seen.is_declared(f"member/{group_id}/{user_id}"):
                    do = partial(seen.leave, group_id, user_id)
                    yield Step(verb=Verb.PRUNE, kind="member", name=f"user {user_id} of {group}", do=do)

    def _old_tables(self) -> Iterator[Step]:
        seen = self._seen
        for (service, table), dataset in sorted(seen.tables.items()):
            if (service, table) not in self._tables and seen.is_declared(f"table/{service}/{table}"):
                do = partial(seen.unmap_table, service, table, dataset)
                yield Step(verb=Verb.PRUNE, kind="table", name=f"{service}/{table}", detail=f"of {dataset}", do=do)

    def _old_datasets(self) -> Iterator[Step]:
        seen, groups = self._seen, _by_id(self._seen.groups)
        for name, id_ in sorted(seen.datasets.items()):
            if name in self._terms or not seen.is_declared(f"dataset/{id_}"):
                continue
            by_hand = sorted({groups.get(grant[1], "") for grant in self._by_hand(dataset_id=id_)})
            if by_hand:
                detail = f"people gave {', '.join(by_hand)} permissions on it; take these away first"
                yield Step(verb=Verb.KEEP, kind="dataset", name=name, detail=detail)
            else:
                yield Step(verb=Verb.PRUNE, kind="dataset", name=name, do=partial(seen.remove, "dataset", id_))

    def _old_groups(self) -> Iterator[Step]:
        seen = self._seen
        for name, id_ in sorted(seen.groups.items()):
            if name in self.groups or not seen.is_declared(f"group/{id_}"):
                continue
            people = [one for one in seen.members.get(id_, set()) if not seen.is_declared(f"member/{id_}/{one}")]
            if people or any(self._by_hand(group_id=id_)):
                detail = "people let somebody belong to it, or gave it permissions; take these away first"
                yield Step(verb=Verb.KEEP, kind="group", name=name, detail=detail)
            else:
                yield Step(verb=Verb.PRUNE, kind="group", name=name, do=partial(seen.remove, "group", id_))

    def _by_hand(self, *, dataset_id: int | None = None, group_id: int | None = None) -> list[tuple[int, int, int]]:
        """Grants that people gave."""
        return [
            grant
            for grant in self._seen.grants
            if grant[0] == (dataset_id or grant[0])
            and grant[1] == (group_id or grant[1])
            and not self._seen.is_declared(f"grant/{grant[0]}/{grant[1]}/{grant[2]}")
        ]


def _by_id(ids: dict[str, int]) -> dict[int, str]:
    return {id_: name for name, id_ in ids.items()}
