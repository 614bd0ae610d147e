"""Method view: how scores are computed, and every check's text."""

from __future__ import annotations

import streamlit as st

from audits.analysis.exposure.sentences import EXPLANATION
from audits.check import Check
from audits.checks import all_checks
from audits.engines.zizmor_rules import KEPT_RULES, ZIZMOR_RULES, ZizmorRule
from audits.model.outcome import Area, Severity
from audits.scoring.score import AREA_WEIGHTS, GRADES, WEIGHTS
from audits.scoring.version import POLICY
from dashboard.frames.method import check_table, example_pair, lesson_url, without_title
from dashboard.parts import address, page
from dashboard.parts.tables import table
from dashboard.theme import plain

RULES = {f"zizmor/{rule}": ZIZMOR_RULES[rule] for rule in sorted(KEPT_RULES)}
"""The rules of zizmor that are scored like checks, by their ids here."""


def _scores() -> None:
    page.section("How a score comes about", f"Policy {POLICY}")
    taken = ", ".join(f"{s.label} {WEIGHTS[s]:.0f}" for s in sorted(Severity, reverse=True))
    weights = ", ".join(f"{plain(a.value)} {AREA_WEIGHTS[a]:.0f}" for a in Area)
    grades = ", ".join(f"{grade.value} from {least:.0f}" for least, grade in GRADES[:-1])
    st.markdown(
        f"- Each area of a publication starts at 100; a failed check takes points: {taken}.\n"
        "- A check that counts places takes more the larger the failing share is.\n"
        "- A repository's area is its worst production publication; then areas are weighted: "
        f"{weights}. Areas that do not apply leave the weights.\n"
        f"- Grades: {grades}, F below. Open high findings cap the score: one 84, two 74, three "
        "59; one on the trusted publisher 74; an open critical finding 39.\n"
        "- What was not seen is neither a pass nor a deduction: it lowers **coverage**, which is "
        "printed beside every score."
    )


def _exposure() -> None:
    page.section("Who can publish", "Levels, what they assume, and what is outside.")
    with st.expander("The levels and the paths"):
        st.text(EXPLANATION.partition("\n\n")[2])


def _check(check: Check) -> None:
    with st.container(border=True):
        st.subheader(check.id, anchor=False)
        with st.container(horizontal=True):
            page.badge(check.severity.label)
            st.badge(plain(check.area.value), color="gray")
            if check.fix is not None:
                st.badge(f"{check.fix.value} edit", icon=":material/build:", color="gray")
            if not check.scored or check.on_owner:
                st.badge("not scored", color="gray")
        st.markdown(without_title(check.text, check.title))
        for title, text in example_pair(check):
            page.note(title)
            st.code(text, language="yaml", wrap_lines=True)
        with st.container(horizontal=True):
            if check.lesson:
                st.link_button("The lesson's section", lesson_url(check), icon=":material/school:")
            for number, link in enumerate(check.links, start=1):
                st.link_button(f"Source {number}", link, icon=":material/menu_book:", help=link)


def _rule(rule: ZizmorRule) -> None:
    """A rule of zizmor that is scored like a check."""
    with st.container(border=True):
        st.subheader(f"zizmor/{rule.id}", anchor=False)
        with st.container(horizontal=True):
            page.badge(rule.severity.label)
            st.badge(plain(Area.INTEGRITY.value), color="gray")
        st.markdown(f"**{rule.heading}.**\n\n{rule.text}")
        st.link_button("zizmor's page", rule.url, icon=":material/menu_book:", help=rule.url)


def _one() -> None:
    """The text of one check, or of one of zizmor's rules."""
    checks = {check.id: check for check in all_checks()}
    name = address.select("Check", "check", [*checks, *RULES])
    if name in checks:
        _check(checks[name])
    else:
        _rule(RULES[name])


def _checks() -> None:
    page.section("The checks", "Each is named after its fault; a click on one opens its text.")
    areas = ["all", *(area.value for area in Area)]
    area = address.segmented("Area", "area", areas)
    checks = [check for check in all_checks() if area in {"all", check.area.value}]
    rules = [*RULES.values()] if area in {"all", Area.INTEGRITY.value} else []
    table(
        check_table(checks, rules),
        name="checks",
        height=560,
        alt="The checks: severity, area, what they need",
        nothing="No check is installed.",
    )


page.heading("Method", "How scores come about, and what every check means.")
# Who came for one check reads it first; boxes stay where they are while they are used.
if st.session_state.setdefault("came for a check", "check" in st.query_params):
    PARTS = (_one, _scores, _exposure, _checks)
else:
    PARTS = (_scores, _exposure, _checks, _one)
for part in PARTS:
    part()
