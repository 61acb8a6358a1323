"""Pages of t.me/s as a browser saves them, invented: the classes are those that public parsers read."""

DATE = "2026-09-30T07:37:00+00:00"


def footer(*, views: str = "", meta: str = "", date: str = DATE) -> str:
    """What stands below a message of a saved page."""
    return (
        f'<div class="tgme_widget_message_footer"><span class="tgme_widget_message_views">{views}</span>'
        f'<span class="tgme_widget_message_meta">{meta}<a class="tgme_widget_message_date" href="#">'
        f'<time datetime="{date}" class="time">07:37</time></a></span></div>'
    )


def post(
    number: int,
    text: str,
    *,
    name: str = "Kanali",
    before: str = "",
    views: str = "",
    meta: str = "",
    date: str = DATE,
    kind: str = "js-widget_message",
) -> str:
    """One message of a saved page."""
    return (
        f'<div class="tgme_widget_message {kind}" data-post="{name}/{number}" data-view="x">'
        f'<div class="tgme_widget_message_bubble">'
        f'<a class="tgme_widget_message_owner_name" href="#">Kanali &amp; co</a>{before}'
        f'<div class="tgme_widget_message_text js-message_text" dir="auto">{text}</div>'
        f"{footer(views=views, meta=meta, date=date)}</div></div>"
    )


def saved_page(*posts: str) -> str:
    """A whole saved page."""
    return (
        '<html><body><div class="tgme_channel_info_header_title"><span dir="auto">Kanali &amp; co</span></div><section>'
        + "".join(f'<div class="tgme_widget_message_wrap">{each}</div>' for each in posts)
        + "</section></body></html>"
    )
