"""The texts of a bundle, made of its records and its description: report, README.txt, VERIFY.txt, verify.sh, JSON-LD.

One function for who writes a bundle and who verifies it: a page that a court reads can say nothing that the records
do not say, and the script beside it is this format's own. Pure; standard library only.
"""

from collections.abc import Mapping, Sequence

from casefiles.format import layout
from casefiles.format.records import DisclosedLeaf, ProvenTimes
from casefiles.report.beside import how_to_verify, readme
from casefiles.report.data import make_report
from casefiles.report.jsonld import investigation
from casefiles.report.text import render
from casefiles.verifier.report import not_made_by
from casefiles.verifier.script import verify_script
from config.words import load_words
from evidence.canonical import Json


def make_texts(
    *, case: Mapping[str, Json], records: Sequence[DisclosedLeaf], anchorage: ProvenTimes, log_key: str
) -> dict[str, bytes]:
    """Every text that a verifier renders again from a bundle, by the name of its member.

    Args:
        case: ``case.json``, which fits its schema.
        records: Every record of the bundle, in the order of the log.
        log_key: The log's C2SP verifier key.

    Raises:
        CatalogueError: There are no words in the language of the bundle.
        RecordsError: A hole's span is not two numbers.
    """
    words = load_words(case["language"])
    report = make_report(case=case, records=records, anchorage=anchorage, log_key=log_key)
    not_made = [f"{listed.id}: {words.say(f'check.{listed.id}')}" for listed in not_made_by("sh")]
    texts = {
        layout.README: readme(words, case),
        layout.HOW_TO_VERIFY: how_to_verify(words, case, not_made=not_made),
        layout.VERIFY_SH: verify_script(),
        layout.report_name(case["language"]): render(words, report),
    }
    linked = investigation(case=case, records=records, anchorage=anchorage)
    return {**{name: text.encode("utf-8") for name, text in texts.items()}, layout.CASE_JSONLD: linked}
