"""Between the database and the persons and groups in memory, for a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter, itemgetter
from uuid import UUID

from django.db.models import Q

from clickhouse import outbox
from persons import copies
from persons.cohorts import members
from persons.models import (
    Group,
    GroupType,
    Person,
    PersonDistinctId,
    next_version,
    person_uuid,
)
from persons.moving import move_distinct_ids
from persons.processing.groups import Groups, GroupState, identified_group
from persons.processing.profiles import Profile, Profiles, other_distinct_id
from posthog_clone.captured import CapturedEvent

PROFILE_FIELDS = [
    *("pk", "project_id", "uuid", "created_at", "properties"),
    *("is_identified", "last_seen_at", "version"),
]
CHANGING_FIELDS = ["properties", "created_at", "is_identified", "last_seen_at", "version"]


class Moved(Exception):
    """A distinct id went to another person between two looks: look again."""


def load(
    events: Sequence[CapturedEvent], *, after_conflict: bool = False
) -> tuple[Profiles, Groups]:
    return load_profiles(events, after_conflict=after_conflict), load_groups(events)


def load_profiles(events: Sequence[CapturedEvent], *, after_conflict: bool = False) -> Profiles:
    """The persons of all the distinct ids the events name, locked until the transaction ends."""
    keys: defaultdict[int, set[str]] = defaultdict(set)
    for event in events:
        keys[event.project_id].add(event.distinct_id)
        if (other := other_distinct_id(event)) is not None:
            keys[event.project_id].add(other)
    if not keys:
        return Profiles()
    named = any_of(Q(project_id=project, distinct_id__in=ids) for project, ids in keys.items())
    distinct_ids = PersonDistinctId.objects.filter(named)
    persons = Person.objects.filter(id__in=distinct_ids.values("person_id")).locked()
    by_pk = {
        values[0]: Profile(**dict(zip(PROFILE_FIELDS, values, strict=True)))
        for values in persons.values_list(*PROFILE_FIELDS)
    }
    # Asked after the locks: before, a merge we had to wait for could have moved them.
    profiles = Profiles()
    profiles.all = list(by_pk.values())
    for project_id, distinct_id, pk in distinct_ids.values_list(
        "project_id", "distinct_id", "person_id"
    ):
        if pk not in by_pk:
            raise Moved
        profiles.owners[project_id, distinct_id] = by_pk[pk]
    if after_conflict:
        profiles.taken = taken_uuids(keys, profiles)
    return profiles


def taken_uuids(keys: dict[int, set[str]], profiles: Profiles) -> set[tuple[int, UUID]]:
    """Of the uuids that new persons would get, those that stored ones have."""
    wanted = {
        project: [person_uuid(project, id_) for id_ in ids if (project, id_) not in profiles.owners]
        for project, ids in keys.items()
    }
    same = any_of(Q(project_id=project, uuid__in=uuids) for project, uuids in wanted.items())
    return set(Person.objects.filter(same).values_list("project_id", "uuid"))


def load_groups(events: Sequence[CapturedEvent]) -> Groups:
    groups = Groups()
    named = [event for event in events if event.properties.get("$groups")]
    identified = [
        (event.project_id, key) for event in events if (key := identified_group(event)) is not None
    ]
    projects = {event.project_id for event in named} | {project for project, _ in identified}
    if not projects:
        return groups
    for type_ in GroupType.objects.filter(project__in=projects):
        groups.load_type(type_.project_id, type_.name, type_.index)
    keys: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    for project_id, (name, key) in identified:
        if (index := groups.indexes.get(project_id, {}).get(name)) is not None:
            keys[project_id, index].add(key)
    if not keys:
        return groups
    wanted = any_of(
        Q(project_id=project, type_index=index, key__in=names)
        for (project, index), names in keys.items()
    )
    for group in Group.objects.filter(wanted).select_for_update(of=("self",)).order_by("id"):
        groups.groups[group.project_id, group.type_index, group.key] = GroupState(
            created_at=group.created_at,
            properties=group.properties,
            version=group.version,
            pk=group.id,
        )
    return groups


def any_of(conditions: Iterable[Q]) -> Q:
    return Q(*conditions, _connector=Q.OR)


def save(profiles: Profiles, groups: Groups, lane: int | None) -> None:
    """Store what changed. Raises IntegrityError when somebody else stored the same meanwhile.

    What is new goes in by the order of its key: two who store the same wait for one another, but
    never both.
    """
    now = next_version()
    merged = [profile for profile in profiles.all if profile.merged_into and profile.pk]
    lasting = [profile for profile in profiles.all if profile.merged_into is None]
    changed = [profile for profile in lasting if profile.is_changed]
    seen = [profile for profile in lasting if profile.is_seen and not profile.is_changed]
    new, stored = divided(changed)
    for profile in changed:
        profile.version = max(profile.version + 1, now)

    persons = insert_persons(new)
    added = insert_distinct_ids(profiles, now)
    moved = hand_over_distinct_ids(merged)
    persons += update_persons(stored, CHANGING_FIELDS)
    update_persons(seen, ["last_seen_at"])
    hand_over_memberships(merged, lane)
    tombstones = delete_persons(merged)

    rows = [*map(copies.copy_of_person, persons), *map(copies.tombstone_of_person, tombstones)]
    outbox.enqueue("persons", rows, lane)
    outbox.enqueue(copies.DISTINCT_IDS, added + moved, lane)
    outbox.enqueue(copies.OVERRIDES, copies.overrides_among(added) + moved, lane)
    outbox.enqueue("groups", save_groups(groups, now), lane)


def divided(rows: list) -> tuple[list, list]:
    """Those not stored yet, and those stored."""
    return [row for row in rows if row.pk is None], [row for row in rows if row.pk is not None]


def insert_persons(profiles: list[Profile]) -> list[Person]:
    profiles = sorted(profiles, key=attrgetter("project_id", "uuid"))
    persons = Person.objects.bulk_create(map(as_person, profiles))
    for profile, person in zip(profiles, persons, strict=True):
        profile.pk = person.id
    return persons


def update_persons(profiles: list[Profile], fields: list[str]) -> list[Person]:
    """As INSERT … ON CONFLICT: for 500 persons some ten times faster than bulk_update's CASE.

    The rows are there and locked, so that there is always a conflict.
    """
    return Person.objects.bulk_create(
        map(as_person, profiles), update_conflicts=True, unique_fields=["id"], update_fields=fields
    )


def as_person(profile: Profile) -> Person:
    return Person(**{name: getattr(profile, name) for name in PROFILE_FIELDS})


def delete_persons(profiles: list[Profile]) -> list[Person]:
    if profiles:
        doomed = Person.objects.filter(id__in=[profile.pk for profile in profiles])
        # Nothing hangs on them any more; delete() would look for it.
        doomed._raw_delete(doomed.db)
    return [as_person(profile) for profile in profiles]


def insert_distinct_ids(profiles: Profiles, now: int) -> list[dict]:
    owners = {key: profiles.owner(*key) for key in sorted(profiles.added)}
    PersonDistinctId.objects.bulk_create(
        PersonDistinctId(
            project_id=project_id, distinct_id=distinct_id, person_id=owner.pk, version=now
        )
        for (project_id, distinct_id), owner in owners.items()
    )
    return [
        copies.copy_of_distinct_id(project_id, distinct_id, owner.uuid, now)
        for (project_id, distinct_id), owner in owners.items()
    ]


def hand_over_distinct_ids(merged: list[Profile]) -> list[dict]:
    """All the distinct ids of merged persons, named in the batch or not, go to the survivors."""
    if not merged:
        return []
    survivors = {profile.pk: profile.survivor() for profile in merged}
    rows = PersonDistinctId.objects.filter(person_id__in=survivors)
    return move_distinct_ids([(row, survivors[row.person_id]) for row in rows])


def hand_over_memberships(merged: list[Profile], lane: int | None) -> None:
    if merged:
        survivors = {profile.pk: profile.survivor() for profile in merged}
        members.hand_over(survivors, {profile.pk: profile.uuid for profile in merged}, lane)


def save_groups(groups: Groups, now: int) -> list[dict]:
    GroupType.objects.bulk_create(
        GroupType(project_id=project_id, name=name, index=groups.indexes[project_id][name])
        for project_id, name in sorted(groups.new_types)
    )
    changed = [
        Group(
            id=state.pk,
            project_id=project_id,
            type_index=index,
            key=key,
            properties=state.properties,
            created_at=state.created_at,
            version=max(state.version + 1, now),
        )
        for (project_id, index, key), state in sorted(groups.groups.items(), key=itemgetter(0))
        if state.is_changed
    ]
    new, stored = divided(changed)
    Group.objects.bulk_create(new)
    Group.objects.bulk_create(
        stored,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["properties", "updated_at", "version"],
    )
    return [copies.copy_of_group(group) for group in changed]
