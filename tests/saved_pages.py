"""Pages of t.me/s as a browser saves them, invented: the classes are those that public parsers read."""

import base64
import quopri

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


def mhtml(page: str, *, encoding: str = "quoted-printable", charset: str = "utf-8") -> bytes:
    """A page in one file, as Chromium saves it, with a picture behind it."""
    body, of = page.encode(charset or "utf-8"), f"; charset={charset}" if charset else ""
    encoded = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}.get(encoding, bytes)(body)
    boundary = "----MultipartBoundary--x----"
    top = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://t.me/s/kanali\r\nSubject: Kanali\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="{boundary}"\r\n'
    )
    page_part = f"Content-Type: text/html{of}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    picture = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
    head = f"{top}\r\n\r\n--{boundary}\r\n{page_part}Content-Location: https://t.me/s/kanali\r\n\r\n"
    return head.encode() + encoded + f"\r\n--{boundary}\r\n{picture}\r\n--{boundary}--\r\n".encode()
