"""``GET /check`` is for whoever comes, while the office is locked, and from a link on another site."""

import re

import pytest

from api.http.check_page import PATH
from api.http.guard import HEADERS
from api.office.check_page import served_check_facts
from api.pages.check import check_page, check_policy
from tests.serving import ServedHome


def test_it_needs_no_key_and_has_a_policy_of_its_own(served: ServedHome) -> None:
    answer = served.client().get(PATH)
    facts = served_check_facts(served.home)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text == check_page(facts)
    assert answer.headers["content-security-policy"] == f"{check_policy(facts)}; frame-ancestors 'none'"
    assert "connect-src 'self';" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    others = HEADERS.keys() - {"Content-Security-Policy"}
    assert {name: answer.headers[name] for name in others} == {name: HEADERS[name] for name in others}
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://example.org"}])
def test_another_site_may_link_to_it_and_to_nothing_else(served: ServedHome, headers: dict[str, str]) -> None:
    client = served.client()
    assert client.get(f"{PATH}?fbclid=x&fbclid=y", headers=headers).status_code == 200
    for path, method in (("/docs", "GET"), (PATH, "POST"), ("/api/v1/problems/call.locked", "GET")):
        answer = client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "call.foreign_origin")


def test_it_tells_nothing_of_the_office_but_what_is_meant_for_her(served: ServedHome) -> None:
    text = served.client().get(PATH).text
    assert served.home.settings.log.origin not in text
    assert re.findall(r"age1pq1[a-z0-9]+", text) == [str(served.home.recipients.matching)]
