"""Unlocking is for keys of the scope ``admin``; a passphrase comes back in no answer and no log."""

from evidence.store.api_key import Scope
from tests.homes import PASSPHRASE
from tests.serving import ServedHome


def test_the_office_is_unlocked_and_locked_for_everybody(served: ServedHome) -> None:
    admin = served.with_key(Scope.ADMIN)
    assert admin.post("/api/v1/lock").json()["locked"] is True
    opened = admin.post("/api/v1/unlock", json={"passphrase": PASSPHRASE}).json()
    assert opened == {"locked": False, "locks_after_s": 900.0}
    assert served.client().get("/readyz").json()["locked"] is False
    assert admin.post("/api/v1/lock").json()["locked"] is True
    assert served.client().get("/readyz").json()["locked"] is True


def test_a_wrong_passphrase_is_repeated_nowhere(served: ServedHome) -> None:
    wrong = "a wrong passphrase nobody has"
    answer = served.with_key(Scope.ADMIN).post("/api/v1/unlock", json={"passphrase": wrong})
    assert (answer.status_code, answer.json()["code"]) == (403, "passphrase.does_not_open")
    odd = served.with_key(Scope.ADMIN).post("/api/v1/unlock", json={"passphrase": [wrong]})
    assert odd.status_code == 422
    assert wrong not in answer.text + odd.text
    assert wrong.encode() not in (served.home.path / "nisisama.log").read_bytes()
    served.unlock()
