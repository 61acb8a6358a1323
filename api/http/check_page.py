"""``/check``: the page on which somebody asks whether her picture appears. It needs no key, and no unlocking."""

from typing import cast

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.http.caller import ServedOffice
from api.office.check_page import served_check_facts
from api.pages.check import check_page, check_policy

PATH = "/check"
router = APIRouter()


@router.get(PATH, include_in_schema=False)
def get_check_page(request: Request) -> HTMLResponse:
    """The page, which posts to the server that it came from."""
    office = cast(ServedOffice, request.app.state.office)
    facts = served_check_facts(office.home)
    policy = f"{check_policy(facts)}; frame-ancestors 'none'"
    return HTMLResponse(check_page(facts), headers={"Content-Security-Policy": policy})
