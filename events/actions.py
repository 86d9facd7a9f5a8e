"""Actions: which events they are, and how they change."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from events.models import Action
from hogql import ast
from hogql.filters.conditions import TRUE, Conditions, any_of
from hogql.filters.model import PropertyFilter, parse_properties
from projects.activity import changes_between, log_activity
from projects.models import Project, User

STEP_KEYS = (
    *("event", "properties", "selector", "tag_name", "text", "text_matching"),
    *("href", "href_matching", "url", "url_matching"),
)
AUTOCAPTURE = "$autocapture"
MAX_ID = 2**31 - 1
ELEMENT_OPERATORS = {None: "exact", "exact": "exact", "contains": "icontains", "regex": "regex"}
LOGGED = ("name", "description", "tags", "steps", "slack_message_format", "pinned_at")


# Which events


def condition(
    project: Project,
    action_id: int | str,
    *,
    now: datetime | None = None,
    alias: str | None = None,
    without_steps: ast.Expr = TRUE,
) -> ast.Expr:
    """A condition on rows of `events`, known in the query as `alias`: those that are the action.

    An action without steps is `without_steps`: every event, unless the caller has it otherwise.
    Raises ValidationError when the project has no such action, or has deleted it.
    """
    action = find(project, action_id)
    if action is None:
        raise ValidationError(f"Action ID {str(action_id)[:20]} does not exist!")
    conditions = Conditions(now=now or timezone.now(), zone=project.tz, alias=alias)
    return condition_of(action, conditions, without_steps=without_steps)


def condition_of(
    action: Action, conditions: Conditions, *, without_steps: ast.Expr = TRUE
) -> ast.Expr:
    steps = [step_condition(step, conditions) for step in action.steps]
    return any_of(steps) if steps else without_steps


def find(project: Project, action_id: int | str) -> Action | None:
    """The project's action of that id, unless it is deleted."""
    text = str(action_id)
    if not (text.isascii() and text.isdecimal()) or int(text[:11]) > MAX_ID:
        return None
    return Action.objects.filter(project_id=project.id, id=int(text), deleted=False).first()


def find_all(project: Project, ids: Collection[int]) -> dict[int, Action]:
    """Those of the project's actions, by their ids."""
    known = [id for id in ids if 0 <= id <= MAX_ID]
    if not known:
        return {}
    found = Action.objects.filter(project_id=project.id, id__in=known, deleted=False)
    return {action.id: action for action in found}


def step_condition(step: Mapping[str, Any], conditions: Conditions) -> ast.Expr:
    parts = list(step_parts(step, conditions))
    if not parts:
        return TRUE
    return parts[0] if len(parts) == 1 else ast.And(parts)


def step_parts(step: Mapping[str, Any], conditions: Conditions) -> Iterator[ast.Expr]:
    """What must hold, all of it."""
    elements = list(element_filters(step))
    event = conditions.field("event")
    if step.get("event"):
        yield ast.Compare("==", event, ast.Constant(step["event"]))
    if elements and step.get("event") != AUTOCAPTURE:
        yield ast.Compare("==", event, ast.Constant(AUTOCAPTURE))
    if url := step.get("url"):
        yield url_condition(url, step.get("url_matching"), conditions)
    for leaf in elements:
        yield conditions.of_filter(leaf)
    if group := parse_properties(step.get("properties")):
        yield conditions.of_group(group)


def url_condition(url: str, matching: str | None, conditions: Conditions) -> ast.Expr:
    if matching in ("exact", "regex"):
        return conditions.of_filter(PropertyFilter("$current_url", "event", matching, (url,)))
    text = ast.Text(conditions.field("properties", "$current_url"))
    found = ast.Call("position", [text, ast.Constant(url)])
    return ast.Compare(">", ast.Call("ifNull", [found, ast.Constant(0)]), ast.Constant(0))


def element_filters(step: Mapping[str, Any]) -> Iterator[PropertyFilter]:
    for key in ("selector", "tag_name"):
        if value := step.get(key):
            yield PropertyFilter(key, "element", "exact", (value,))
    for key in ("text", "href"):
        if value := step.get(key):
            operator = ELEMENT_OPERATORS[step.get(f"{key}_matching")]
            yield PropertyFilter(key, "element", operator, (value,))


# Changes


@transaction.atomic
def create(project: Project, fields: Mapping[str, Any], user: User | None) -> Action:
    action = Action(project=project, created_by=user, **fields)
    save(action)
    log(action, "created", user)
    return action


@transaction.atomic
def change(action: Action, fields: Mapping[str, Any], user: User | None) -> None:
    """Acts at once, also on events of before. What changes nothing leaves no trace."""
    was_deleted, before = action.deleted, logged(action)
    for name, value in fields.items():
        setattr(action, name, value)
    save(action, update_fields=list(fields))
    changes = changes_between("Action", before, logged(action))
    if action.deleted != was_deleted:
        log(action, "deleted" if action.deleted else "restored", user)
    elif changes:
        log(action, "updated", user, changes)


def save(action: Action, **options: Any) -> None:
    try:
        with transaction.atomic():
            action.save(**options)
    except IntegrityError as error:
        others = Action.objects.filter(project=action.project, name=action.name, deleted=False)
        other = others.exclude(id=action.id).values_list("id", flat=True).first()
        message = f"This project already has an action with this name, ID {other}"
        raise ValidationError({"name": message}, code="unique") from error


def logged(action: Action) -> dict[str, Any]:
    values = {name: getattr(action, name) for name in LOGGED}
    return {**values, "pinned_at": action.pinned_at and action.pinned_at.isoformat()}


def log(action: Action, activity: str, user: User | None, changes=()) -> None:
    log_activity(
        action.project,
        user=user,
        scope="Action",
        item_id=action.id,
        activity=activity,
        name=action.name,
        changes=changes,
    )
