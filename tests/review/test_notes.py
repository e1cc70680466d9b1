"""One comment and one issue, each updated in place; nobody else's is ever touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from karst.review.github import GitHub, GitHubError
from karst.review.notes import LABEL, LIMIT_CHARS, close_issue, keep_comment, keep_issue
from tests.review.fake_github import SOMEBODY, TOKEN, WORKFLOW, FakeGitHub, serving

MARK = "<!-- karst-test -->"


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with serving(FakeGitHub()) as running:
        yield running


@pytest.fixture
def github(fake: FakeGitHub) -> GitHub:
    return GitHub(repository="lab/karst", token=TOKEN, api_url=fake.url, pauses_s=(0.0, 0.0))


def test_a_comment_is_written_once_and_then_updated(fake: FakeGitHub, github: GitHub) -> None:
    assert keep_comment(github, 7, MARK, "one") == "commented"
    assert keep_comment(github, 7, MARK, f"{MARK}\ntwo") == "updated the comment"
    assert [one["body"] for one in fake.comments[7]] == [f"{MARK}\ntwo"]
    calls = len(fake.calls)
    keep_comment(github, 7, MARK, "two")
    assert [call.split()[0] for call in fake.calls[calls:]] == ["GET"]


def test_a_comment_behind_many_others_is_found(fake: FakeGitHub, github: GitHub) -> None:
    for number in range(230):
        fake.add_comment(7, f"talk {number}", SOMEBODY)
    fake.add_comment(7, f"{MARK}\nold")
    keep_comment(github, 7, MARK, "new")
    assert [one["body"] for one in fake.comments[7] if MARK in one["body"]] == [f"{MARK}\nnew"]


@pytest.mark.parametrize(
    "user", [SOMEBODY, {"login": "github-actions[bot]", "type": "User"}, {"login": "other[bot]", "type": "Bot"}]
)
def test_whoever_copies_the_marker_keeps_their_comment(fake: FakeGitHub, github: GitHub, user: dict[str, str]) -> None:
    fake.add_comment(7, f"{MARK}\napproved!", user)
    assert keep_comment(github, 7, MARK, "refused") == "commented"
    assert [one["body"] for one in fake.comments[7]] == [f"{MARK}\napproved!", f"{MARK}\nrefused"]


def test_a_workflow_that_quotes_the_marker_is_left_alone(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_comment(7, f"see {MARK}", WORKFLOW)
    assert keep_comment(github, 7, MARK, "new") == "commented"


def test_two_of_ours_become_one(fake: FakeGitHub, github: GitHub) -> None:
    for text in ("one", "two", "three"):
        fake.add_comment(7, f"{MARK}\n{text}")
    keep_comment(github, 7, MARK, "new")
    assert [one["body"] for one in fake.comments[7]] == [f"{MARK}\nnew"]


def test_too_long_a_text_is_cut(fake: FakeGitHub, github: GitHub) -> None:
    keep_comment(github, 7, MARK, "x" * 100_000)
    (body,) = [one["body"] for one in fake.comments[7]]
    assert len(body) <= LIMIT_CHARS
    assert body.startswith(MARK)
    assert "cut off here" in body


def test_an_issue_is_opened_updated_and_closed(fake: FakeGitHub, github: GitHub) -> None:
    assert close_issue(github, MARK, "clean") == "nothing to report, and no issue is open"
    assert keep_issue(github, MARK, "Drift: one", "text").startswith("opened issue")
    assert keep_issue(github, MARK, "Drift: two", "text 2").startswith("updated issue")
    (issue,) = fake.issues
    assert (issue["title"], issue["body"], issue["labels"]) == ("Drift: two", f"{MARK}\ntext 2", [LABEL])
    assert close_issue(github, MARK, "All as declared.").startswith("closed issue")
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert [one["body"] for one in fake.comments[issue["number"]]] == ["All as declared."]
    # After that a new one, so that somebody hears of it.
    assert keep_issue(github, MARK, "Drift: three", "text").startswith("opened issue")


def test_issues_of_others_and_pull_requests_are_left_alone(fake: FakeGitHub, github: GitHub) -> None:
    fake.add_issue(f"{MARK}\nx", SOMEBODY, labels=[LABEL])
    fake.add_issue(f"{MARK}\nx", labels=[LABEL], pull_request={"url": "x"})
    fake.add_issue(f"{MARK}\nx")
    assert close_issue(github, MARK, "clean") == "nothing to report, and no issue is open"
    assert all(one["state"] == "open" for one in fake.issues)


def test_two_issues_of_ours_become_one(fake: FakeGitHub, github: GitHub) -> None:
    first, second = (fake.add_issue(f"{MARK}\nx", labels=[LABEL]) for _ in range(2))
    keep_issue(github, MARK, "Drift", "text")
    assert (first["state"], second["state"]) == ("open", "closed")


def test_a_busy_github_is_asked_again_but_nothing_is_written_twice(fake: FakeGitHub, github: GitHub) -> None:
    fake.answers = [502, 429]
    assert keep_comment(github, 7, MARK, "one") == "commented"
    fake.comments.clear()
    fake.answers = [0, 502]
    with pytest.raises(GitHubError, match=r"answered POST issues/7/comments with 502\. Run the job again later"):
        keep_comment(github, 7, MARK, "one")
    assert not fake.comments


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (401, "run the job again"),
        (403, "`pull-requests: write` for comments"),
        (404, "may not see it"),
        (410, "switch them on"),
        (422, "too long"),
        (302, "answered GET issues/7/comments with 302"),
        ("no json", "no JSON"),
    ],
)
def test_a_refusal_says_what_to_do_without_the_token(
    fake: FakeGitHub, github: GitHub, told: int | str, says: str
) -> None:
    fake.answers = [told]
    with pytest.raises(GitHubError) as caught:
        keep_comment(github, 7, MARK, "one")
    assert says in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert len(fake.calls) == 1


def test_a_github_that_is_gone() -> None:
    gone = GitHub(repository="lab/karst", token=TOKEN, api_url="http://127.0.0.1:9", pauses_s=())
    with pytest.raises(GitHubError, match="could not be asked"):
        keep_comment(gone, 7, MARK, "one")


@pytest.mark.parametrize(
    ("repository", "token", "api_url", "says"),
    [
        ("lab/../karst/x", TOKEN, "https://api.example.org", "GITHUB_REPOSITORY names no repository"),
        ("lab/karst", "", "https://api.example.org", "GITHUB_TOKEN is empty"),
        ("lab/karst", TOKEN, "http://evil.example.org", "GITHUB_API_URL is no https address"),
    ],
)
def test_settings_that_cannot_be(repository: str, token: str, api_url: str, says: str) -> None:
    with pytest.raises(GitHubError, match=says):
        GitHub(repository=repository, token=token, api_url=api_url)
