"""Credentials that one file gives and another uses, and values that must stay readable."""

from __future__ import annotations

import pytest

from audits.analysis.literal_credentials import credentials_of
from audits.model.redaction import MASK
from audits.model.repository import Repository
from audits.model.source import RepositoryRef, Snapshot, SourceFile

CALLER, CALLED = ".github/workflows/a.yml", ".github/workflows/b.yml"
ACTION, SCRIPT = ".github/actions/up/action.yml", "ci/release.sh"
PLUM = "plum-7Blossom"


def shown(files: dict[str, str], path: str, line: str) -> str:
    sources = tuple(SourceFile.of(name, text.encode()) for name, text in files.items())
    snapshot = Snapshot(ref=RepositoryRef(owner="orchard-labs", name="lumen"), files=sources)
    found = credentials_of(Repository(snapshot=snapshot))
    return found.redact(line, path, files[path])


@pytest.mark.parametrize(
    ("giver", "user", "use"),
    [
        (
            f"uses: ./{CALLED}\nwith: {{farm: {PLUM}}}",
            CALLED,
            "run: twine upload -p ${{ inputs.farm }}",
        ),
        (f"uses: ./{CALLED}\nsecrets:\n  barn: {PLUM}", CALLED, "x --token ${{ secrets.barn }}"),
        (f"uses: ./.github/actions/up\nwith: {{a: {PLUM}}}", ACTION, "x --token ${{ inputs.a }}"),
        (f"env: {{SOIL: {PLUM}}}\nuses: $/.github/actions/up", ACTION, "twine upload -p $SOIL x"),
        (f"run: PEAR={PLUM} ./ci/release.sh", SCRIPT, 'twine upload -p "$PEAR" dist/*'),
        (f"with: {{a-b: {PLUM}}}\nuses: ./", SCRIPT, "x --token $INPUT_A_B"),
        (
            f"env: {{X: {PLUM}}}\nwith: {{a: '${{{{ env.X }}}}'}}\nuses: ./.github/actions/up",
            ACTION,
            "x --token ${{ inputs.a }}",
        ),
        (f"env: {{TWINE_PASSWORD: {PLUM}}}", SCRIPT, "echo"),
    ],
)
def test_what_one_file_gives_and_another_uses_is_hidden_in_both(
    giver: str, user: str, use: str
) -> None:
    files = {CALLER: giver, user: use}
    assert shown(files, CALLER, f"`X={PLUM} ./x` y") == f"`X={MASK} ./x` y"
    assert shown(files, user, f"pip install {PLUM}") == f"pip install {MASK}"


@pytest.mark.parametrize(
    ("giver", "user", "use"),
    [
        (f"with: {{farm: {PLUM}}}", CALLED, "run: twine upload -p ${{ inputs.farm }}"),
        (f"uses: ./{CALLED}\nwith: {{farm: {PLUM}}}", CALLED, "run: echo ${{ inputs.farm }}"),
        (f"uses: ./{CALLED}\nwith: {{farm: {PLUM}}}", CALLED, "x --token ${{ inputs.barn }}"),
        ("env: {SOIL: release}", SCRIPT, "twine upload -p $PEAR x"),
    ],
)
def test_values_that_reach_no_credential_stay(giver: str, user: str, use: str) -> None:
    files = {CALLER: giver, user: use}
    assert shown(files, CALLER, f"run: {PLUM} and release") == f"run: {PLUM} and release"


@pytest.mark.parametrize("cut", ["`x plum-7Bl…` y", "`X=plum-7B` y", "runs x --y=plum-7Bloss"])
def test_the_beginning_of_one_is_hidden_where_a_quotation_ends(cut: str) -> None:
    line = shown({CALLER: f"password: {PLUM}"}, CALLER, cut)
    assert MASK in line
    assert "plum" not in line


def test_a_word_is_hidden_only_in_the_files_where_it_is_a_credential() -> None:
    files = {CALLER: "run: SOIL=release ./x", SCRIPT: "twine upload -p $SOIL", CALLED: "on: push"}
    assert shown(files, CALLER, "run: release") == f"run: {MASK}"
    assert shown(files, CALLED, "run: release") == "run: release"
