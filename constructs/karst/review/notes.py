"""Comments and issues that workflows keep up to date: one each, found again by a line that nobody sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from karst.review.github import GitHub, Json

LIMIT_CHARS = 65_000
"""GitHub takes 65,536."""
LABEL = "karst-drift"


def keep_comment(github: GitHub, number: int, marker: str, text: str) -> str:
    """Write the one comment of ours on a pull request, new or in place of the last; say which.

    Only comments that a workflow wrote are ever changed: anybody can write the marker.
    """
    body = _body(marker, text)
    ours = [one for one in github.all(f"issues/{number}/comments") if _is_ours(one, marker)]
    if not ours:
        github.ask("POST", f"issues/{number}/comments", {"body": body})
        return "commented"
    first, *others = ours
    if first.get("body") != body:
        github.ask("PATCH", f"issues/comments/{_id(first)}", {"body": body})
    # Two jobs at once may each have found none.
    for other in others:
        github.ask("DELETE", f"issues/comments/{_id(other)}")
    return "updated the comment"


def keep_issue(github: GitHub, marker: str, title: str, text: str) -> str:
    """Open the one issue of ours, or bring it up to date; say which."""
    body = _body(marker, text)
    found = _open_issues(github, marker)
    if not found:
        made = github.ask("POST", "issues", {"title": title, "body": body, "labels": [LABEL]})
        return f"opened issue {_number(made)}"
    first, *others = found
    changes: dict[str, Json] = {"title": title, "body": body}
    if any(first.get(key) != value for key, value in changes.items()):
        github.ask("PATCH", f"issues/{_number(first)}", changes)
    _close(github, others, "Another issue of the same is open.")
    return f"updated issue {_number(first)}"


def close_issue(github: GitHub, marker: str, why: str) -> str:
    """Close what is open of ours; say so."""
    found = _open_issues(github, marker)
    _close(github, found, why)
    return f"closed issue {_number(found[0])}" if found else "nothing to report, and no issue is open"


def _open_issues(github: GitHub, marker: str) -> list[Mapping[str, Json]]:
    entries = github.all("issues", f"state=open&labels={LABEL}&sort=created&direction=asc")
    return [one for one in entries if "pull_request" not in one and _is_ours(one, marker)]


def _close(github: GitHub, issues: Iterable[Mapping[str, Json]], why: str) -> None:
    for issue in issues:
        github.ask("POST", f"issues/{_number(issue)}/comments", {"body": why})
        github.ask("PATCH", f"issues/{_number(issue)}", {"state": "closed", "state_reason": "completed"})


def _is_ours(note: Mapping[str, Json], marker: str) -> bool:
    user = note.get("user")
    is_workflow = isinstance(user, Mapping) and user.get("type") == "Bot" and user.get("login") == "github-actions[bot]"
    return is_workflow and str(note.get("body") or "").startswith(marker)


def _body(marker: str, text: str) -> str:
    body = f"{marker}\n{text.removeprefix(marker).lstrip()}"
    if len(body) <= LIMIT_CHARS:
        return body
    return f"{body[: LIMIT_CHARS - 200]}\n\n... cut off here: the report of the run has the rest.\n"


def _id(note: Mapping[str, Json]) -> int:
    found = note.get("id")
    return found if isinstance(found, int) else 0


def _number(issue: Json) -> int:
    found = issue.get("number") if isinstance(issue, Mapping) else None
    return found if isinstance(found, int) else 0
