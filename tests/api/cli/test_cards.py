"""Options about cards that two commands share."""

import click
import pytest
from click.testing import CliRunner

from api.cli.cards import count_option, needed_option, require_possible_numbers
from config.errors import UsageError


def test_as_many_cards_as_are_needed_are_made_at_least() -> None:
    require_possible_numbers(3, 3)
    with pytest.raises(UsageError) as refused:
        require_possible_numbers(2, 3)
    assert refused.value.code == "usage.more_cards_needed_than_made"


@pytest.mark.parametrize(("given", "fits"), [(["--card-count", "16"], True), (["--cards-needed", "1"], False)])
def test_one_card_is_never_enough(given: list[str], fits: bool) -> None:  # noqa: FBT001 - a parameter of a test
    @click.command()
    @count_option
    @needed_option
    def made(card_count: int, cards_needed: int) -> None:
        click.echo(f"{card_count} {cards_needed}")

    ran = CliRunner().invoke(made, given)
    assert (ran.exit_code == 0, ran.output == "16 2\n") == (fits, fits)
