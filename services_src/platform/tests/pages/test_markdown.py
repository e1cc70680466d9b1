"""Markdown: what people write is text, and runs and loads nothing."""

from __future__ import annotations

import pytest

from karst_platform.pages.markdown import render_markdown


def test_text_is_laid_out() -> None:
    html = render_markdown("# Terms\n\nUse *it* **well**:\n\n3. cite\n4. share\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert html == (
        "<h2>Terms</h2>\n<p>Use <em>it</em> <strong>well</strong>:</p>\n"
        '<ol start="3">\n<li>cite</li>\n<li>share</li>\n</ol>\n'
        "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n"
        "<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"
    )


def test_links_tell_nobody_where_they_were_clicked() -> None:
    html = render_markdown("[here](https://example.org/a?b=1&c=2)")
    assert html == ('<p><a href="https://example.org/a?b=1&amp;c=2" rel="noopener noreferrer nofollow">here</a></p>\n')


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<javascript:alert(1)>",
        "![x](https://evil.example.org/pixel.png)",
        '[x](https://example.org "\\" onmouseover=alert(1) x=\\"")',
        "<svg/onload=alert(1)>",
        "<!--><script>alert(1)</script>-->",
        "<style>body{display:none}</style>",
        "[x]: javascript:alert(1)\n\n[x]",
        "```<img src=x onerror=alert(1)>\n```",
    ],
)
def test_nothing_hostile_is_left(text: str) -> None:
    html = str(render_markdown(text)).lower()
    for part in ("<script", "<img", "<svg", "<style", 'href="javascript', 'href="data', 'href="vbscript'):
        assert part not in html
    assert not any(f" {event}=" in tag for event in ("onerror", "onload", "onmouseover") for tag in _tags(html))


def _tags(html: str) -> list[str]:
    """Tags without the values of their attributes."""
    tags = [part.partition(">")[0] for part in html.split("<")[1:]]
    return ["".join(tag.split('"')[::2]) for tag in tags]


def test_nesting_has_an_end() -> None:
    assert len(render_markdown("> " * 5000 + "x")) < 20_000
    assert len(render_markdown("[" * 5000)) < 20_000
