"""``key api``: keys for programs that call the API."""

from collections.abc import Mapping
from datetime import UTC, datetime, time

import click

from api.cli.common import day_of, open_home
from api.cli.output import emit, json_option
from config.times import told_time
from evidence.store.api_key import ApiKey, Scope
from evidence.times import format_time


@click.group("api")
def api() -> None:
    """Commands to make, list and revoke keys for programs that call the API."""


@api.command("create")
@click.option("--owner", required=True, metavar="NAME", help="Whose key it is: the actor of what its calls log.")
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it is for; may be given several times.",
)
@click.option("--case", "cases", multiple=True, metavar="CASE", help="Only this case; may be given several times.")
@click.option("--expires", metavar="DATE", help="The last day (UTC) on which it opens anything.")
@json_option
@click.pass_context
def create(
    ctx: click.Context,
    owner: str,
    scopes: tuple[str, ...],
    cases: tuple[str, ...],
    expires: str | None,
    as_json: bool,
) -> None:
    """Make a key and print it, once: only its SHA-256 is kept."""
    from api.office.api_key import make_key
    from api.office.short import case_of

    home = open_home(ctx)
    ends = None if expires is None else datetime.combine(day_of("--expires", expires), time.max, UTC)
    only = [case_of(home, each) for each in cases] or None
    made = make_key(home, owner, [Scope(each) for each in scopes], only, ends)
    text = f"Key {made.key.key_id}, for {made.key.owner}. It is shown this once:\n{made.secret}"
    emit({"key": made.secret, **_entry(made.key)}, as_json=as_json, text=text)


@api.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """Print the list of keys, never what opens anything."""
    from api.office.api_key import list_keys

    keys = list_keys(open_home(ctx))
    text = "\n".join(map(_line, keys)) or "There is no key yet."
    emit({"keys": [_entry(each) for each in keys]}, as_json=as_json, text=text)


@api.command("revoke")
@click.argument("key_id", metavar="KEY")
@json_option
@click.pass_context
def revoke(ctx: click.Context, key_id: str, as_json: bool) -> None:
    """Let KEY, by its name in the list, open nothing from now on."""
    from api.office.api_key import revoke_key

    revoke_key(open_home(ctx), key_id)
    emit({"key_id": key_id, "revoked": True}, as_json=as_json, text=f"Key {key_id} opens nothing any more.")


def _entry(key: ApiKey) -> Mapping[str, object]:
    return {
        "key_id": key.key_id,
        "owner": key.owner,
        "scopes": sorted(key.scopes),
        "cases": None if key.cases is None else sorted(key.cases),
        "created_at": format_time(key.created_at),
        "expires_at": _time(key.expires_at),
        "revoked_at": _time(key.revoked_at),
        "used_at": _time(key.used_at),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _line(key: ApiKey) -> str:
    reach = "" if key.cases is None else f", only {', '.join(sorted(key.cases))}"
    ends = "" if key.expires_at is None else f", until {told_time(format_time(key.expires_at))}"
    state = ", revoked" if key.revoked_at else ends
    used = "never used" if key.used_at is None else f"used {told_time(format_time(key.used_at))}"
    return f"{key.key_id}  {key.owner}: {', '.join(sorted(key.scopes))}{reach}{state}, {used}"
