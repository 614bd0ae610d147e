"""Files that nobody would write and anybody may commit, each just below what is read at all.

Every one takes its time from one place: a text that is read again from each of its characters, a
list that is walked for each member of another, a pattern that can match in many ways.
"""

from __future__ import annotations

EVENTS = (
    "push, pull_request_target, workflow_run, issue_comment, release, schedule, create, issues,"
    "workflow_dispatch, merge_group, pull_request, status, watch, fork, gollum, label, milestone"
)
HEAD = f"on: [{EVENTS}]\njobs:\n"
PUSH = "on: push\njobs:\n"
UPLOAD = "      - run: twine upload dist/*\n        env: {TWINE_PASSWORD: '${{ secrets.T }}'}\n"
UPLOADS = "twine upload a; npm publish; cargo publish; gem push x; docker push a; uv publish"
WORKFLOW = ".github/workflows/release.yml"


def job(number: int, steps: str = UPLOAD, more: str = "") -> str:
    return f"  j{number}:\n    runs-on: x\n{more}    steps:\n{steps}"


def each_waits_for_all(count: int, condition: str = "github.run_id", steps: str = UPLOAD) -> str:
    needs = [", ".join(f"j{above}" for above in range(number)) for number in range(count)]
    more = [f"    needs: [{names}]\n    if: {condition}\n" for names in needs]
    return HEAD + "".join(job(number, steps, more[number]) for number in range(count))


def script(*lines: str, more: str = "", language: str = "bash") -> str:
    inside = "".join(f"          {line}\n" for line in lines)
    head = f"      - shell: {language}\n        run: |\n"
    return f"{head}{inside}          twine upload dist/*\n{more}"


def scripts(unit: str, count: int = 100, length: int = 1500) -> str:
    """A job of steps that upload, each with a line of one text over and over."""
    return PUSH + job(0, script(f"twine upload x; {unit * (length // len(unit))}") * count)


def conditions(condition: str, count: int, head: str = PUSH) -> str:
    """Jobs under a condition in which ``{n}`` is the job's number."""
    made = (f"    if: {condition.replace('{n}', str(n))}\n" for n in range(count))
    return head + "".join(job(n, more=more) for n, more in enumerate(made))


def lines(count: int, line: str) -> str:
    """A line so many times; ``{n}`` is its number."""
    return "".join(line.replace("{n}", str(number)) + "\n" for number in range(count))


VARIABLES = "".join(f"          V{n}: ${{{{ env.V{n + 1} }}}}\n" for n in range(2000))
COLLECTED = "${{ !cancelled() && !contains(needs.*.result, 'failure') }}"
TAGS = "on:\n  push:\n    tags: ['{}']\njobs:\n"
UPDATE = "  - package-ecosystem: github-actions\n    directory: /\n"
ARTIFACT = "      - uses: actions/{}-artifact@v4\n        with: {{{}}}\n"

WORKFLOWS = {
    "each job waits for all before it": each_waits_for_all(200),
    "under a condition": each_waits_for_all(150, "needs.j1.outputs.x == matrix.y"),
    "under one that outlives a failure": each_waits_for_all(150, COLLECTED),
    "with expressions": each_waits_for_all(120, steps=script("echo ${{ github.head_ref }}")),
    "in a circle": HEAD
    + "".join(
        job(n, more=f"    needs: [{', '.join(f'j{k}' for k in range(200) if k != n)}]\n")
        for n in range(100)
    ),
    "thousands of uploads": HEAD + "".join(job(n, script(UPLOADS) * 2) for n in range(250)),
    "checkouts beside thousands of commands": PUSH
    + job(
        0,
        "".join(
            f"      - uses: actions/checkout@v4\n        with: {{path: d{n}/x}}\n"
            for n in range(190)
        )
        + ("      - run: |\n" + "          x a/b c/d\n" * 60) * 110
        + "      - run: npm publish\n",
    ),
    "thousands of expressions in a line": HEAD + job(0, script("${{ github.head_ref }} " * 9000)),
    "expressions of folded text": HEAD
    + job(0, script(*["${{ github.head_ref }}"] * 5000).replace("|", ">") + UPLOAD),
    "a chain of variables": HEAD
    + job(
        0,
        script(*(f"${{{{ env.V{n} }}}}" for n in range(2000)), more=f"        env:\n{VARIABLES}"),
    ),
    "steps under conditions": HEAD
    + job(
        0,
        "".join(
            f"      - run: echo ${{{{ github.head_ref }}}}\n        if: failure() || env.x == {n}\n"
            for n in range(350)
        )
        + UPLOAD * 50,
    ),
    "thousands of downloads": HEAD
    + job(0, script(*(f"curl -o f{n} https://x.example/f; ./f{n}" for n in range(2000)))),
    "thousands of redirections": HEAD
    + job(0, script("{ " + "a; " * 1200 + "} > x", "{ " + "b; " * 1200 + "} > y") * 15),
    "comments that are never finished": "#"
    + " # release-audit: ignore[" * 5000
    + f"\n{PUSH}{job(0)}",
    "comments on every line": lines(4500, "# release-audit: ignore[unpinned-acton] x")
    + PUSH
    + job(0, "      - uses: a/b@v1\n" * 450 + UPLOAD),
    "comments of zizmor's form that are never finished": PUSH
    + job(0, "      - uses: a/b@v1 " + "# zizmor: ignore[" * 10_000 + "\n" + UPLOAD),
    "comments of zizmor's form in every job": PUSH
    + "".join(
        job(n, "      - uses: a/b@v1 # zizmor: ignore[unpinned-uses,artipacked]\n" + UPLOAD)
        for n in range(240)
    ),
    "uploads in a chain": scripts("twine upload x && "),
    "npm uploads in a chain": scripts("npm publish; "),
    "uploads in a pipe": scripts("twine upload x | "),
    "nested substitutions": scripts("$("),
    "nested backticks": scripts("`"),
    "heredocs that are never closed": scripts("cat <<E "),
    "closing brackets": scripts(")", 16, 15_000),
    "subscripts that are never closed": scripts("a[x;x;x;", 16, 15_000),
    "arrays that are never closed": scripts("a=(x x x ", 16, 15_000),
    "tests that are never closed": scripts("[[x;x;", 16, 15_000),
    "broken lines with backticks": scripts("x`>$\n          ", 10, 6000),
    "evaluations of evaluations": scripts("eval "),
    "functions that double": scripts("f(){ f; f; }; "),
    "a long line of cmd": PUSH + job(0, script("^x" * 50_000, language="cmd")),
    "commands of cmd": PUSH + job(0, script("echo a & " * 11_000, language="cmd")),
    "quotes of PowerShell": PUSH + job(0, script("'a\" " * 25_000, language="pwsh")),
    "exports before uploads": PUSH
    + job(
        0,
        script(*(f"export A{n}_PASSWORD=x" for n in range(250)), *["twine upload -p $A1 x"] * 40)
        * 22,
    ),
    "artifacts by patterns": PUSH
    + "".join(
        job(
            n,
            ARTIFACT.format("upload", f"name: 'a{n}-${{{{ matrix.x }}}}-{'b' * 60}'")
            + ARTIFACT.format("download", f"pattern: '*{n}*{'b' * 30}*-*'")
            + UPLOAD,
        )
        for n in range(120)
    ),
    "artifacts of many expressions": PUSH
    + job(0, "".join(ARTIFACT.format("upload", f"name: '{'*b' * 100}{n}'") for n in range(240)))
    + job(
        1,
        "".join(ARTIFACT.format("download", f"pattern: '{'*c' * 100}{n}'") for n in range(240))
        + UPLOAD,
    ),
    "an artifact of unfinished expressions": PUSH
    + job(0, ARTIFACT.format("upload", f"name: '{'${{' * 80_000}'") + UPLOAD),
    "braces inside braces": PUSH + job(0) + "x:\n" + lines(1250, f"  - {'[' * 90}{']' * 90}"),
    "a tag filter against a long condition": conditions(
        f"startsWith(github.ref, 'refs/tags/{'a' * 900}" + "{n}')", 150, TAGS.format("*a" * 490)
    ),
    "tag filters against each other": TAGS.format("', '!*".join(map(str, range(130))))
    + "".join(map(job, range(200))),
    "a long chain of conditions": conditions(
        " && ".join(f"startsWith(github.ref, 'refs/tags/v{k}{{n}}')" for k in range(100)), 50
    ),
    "a long list to look in": conditions(
        f"contains(fromJSON('{list(range(30_000))}'), github.actor)", 1, HEAD
    ),
    "a number that is none": conditions(f"github.x == 1 || '{'1' * 100_000}x' == 1", 1, HEAD),
    "environments of long expressions": PUSH
    + "".join(
        job(n, more=f"    environment: ${{{{ {' && '.join(['github.a == 1'] * 50)} && 'a' }}}}\n")
        for n in range(120)
    ),
    "a matrix of many values": PUSH
    + job(
        0,
        "      - run: twine upload --repository-url ${{ matrix.a }}${{ matrix.b }} x\n" * 20,
        f"    strategy: {{matrix: {{a: {list(range(9000))}, b: {list(range(9000))}}}}}\n",
    ),
    "a matrix of many additions": PUSH
    + job(
        0,
        "      - run: twine upload --repository-url ${{ matrix.a }} x\n" * 20,
        "    strategy:\n      matrix:\n        include:\n"
        + lines(8000, "          - {a: x{n}, b: y}"),
    ),
    "variables of the workflow": "on: push\nenv:\n"
    + lines(2500, "  POETRY_PYPI_TOKEN_{n}: ${{ github.x }}")
    + "jobs:\n"
    + "".join(job(n, "      - run: ./publish.sh\n") for n in range(199))
    + job(199),
    "outputs of outputs": PUSH
    + job(
        0,
        "".join(
            f"      - id: s{n}\n        run: x\n        env:\n"
            + lines(30, f"          A{{n}}: ${{{{ steps.s{n - 1}.outputs.a{{n}} }}}}")
            for n in range(60)
        )
        + "      - run: twine upload x\n"
        + "        env: {TWINE_PASSWORD: '${{ steps.s59.outputs.x }}'}\n",
    ),
    "permissions of every job": PUSH
    + "".join(
        job(n, more="    permissions:\n" + lines(60, "      p{n}: write")) for n in range(180)
    ),
    "a comment of blanks beside a commit": PUSH
    + job(0, f"      - uses: a/b@{'a' * 40} # tag{' ' * 100_000}x y\n{UPLOAD}"),
    "a requirement of two lines": PUSH + job(0, script(f"pip install '{'a' * 100_000}", "b'")),
    "options of one letter": PUSH + job(0, script(f"curl -{'O' * 100_000}1 https://x.example/f")),
    "an extra that is never closed": PUSH + job(0, script(f"uvx twine{'[' * 100_000} upload x")),
    "types that are never closed": "on:\n  release: {x: '"
    + "types:[" * 30_000
    + f"'}}\njobs:\n{job(0)}",
}
"""Each publishes, and is read to its end or to a number of publications or commands."""

CALLEES = {
    f".github/workflows/c{n}.yml": "on: workflow_call\njobs:\n"
    + "".join(f"  a{k}:\n    uses: ./.github/workflows/c{n + 1}.yml\n" for k in range(5))
    + job(1)
    for n in range(9)
}
_DOWNLOADS = "      - uses: actions/download-artifact@v4\n"

OTHERS: dict[str, dict[str, str]] = {
    "updates of Dependabot": {".github/dependabot.yml": "version: 2\nupdates:\n" + UPDATE * 3800},
    "cooldowns of Dependabot": {
        ".github/dependabot.yml": "version: 2\nupdates:\n"
        + (UPDATE + "    cooldown: {default-days: 1}\n") * 2600
    },
    "what Dependabot ignores": {
        ".github/dependabot.yml": f"version: 2\nupdates:\n{UPDATE}    ignore:\n"
        + lines(8000, "      - dependency-name: 'x{n}*'")
    },
    "groups of Dependabot": {
        ".github/dependabot.yml": f"version: 2\nupdates:\n{UPDATE}    groups:\n"
        + lines(8000, "      g{n}: {patterns: ['a*']}")
    },
    "a string of Renovate that is never closed": {"renovate.json5": "{'" + "\\'" * 100_000 + "}"},
    "comments of Renovate that are never closed": {"renovate.json5": "/* " * 80_000},
    "rules of Renovate": {
        "renovate.json": '{"packageRules":['
        + ",".join(['{"matchManagers":["github-actions"],"pinDigests":false}'] * 4000)
        + "]}"
    },
    "dependencies of a package": {
        "package.json": '{"name":"x","d":{' + ",".join(f'"d{n}":"1"' for n in range(16_000)) + "}}"
    },
    "a deep package": {"package.json": '{"a":' * 50_000},
    "workspaces of a package": {
        "package.json": '{"name":"x","workspaces":['
        + ",".join(f'"{"*a" * 100}{n}"' for n in range(1100))
        + "]}"
    },
    "jobs that build any of many packages": {
        **{f"p/{n}/pyproject.toml": f'[project]\nname = "p{n}"\n' for n in range(50)},
        WORKFLOW: each_waits_for_all(60, steps=script("uv build p/$X; uv publish; " * 10)),
    },
    "folders of a loop times words times packages": {
        **{f"p/{n}/package.json": f'{{"name": "p{n}", "version": "1.0.0"}}' for n in range(50)},
        WORKFLOW: each_waits_for_all(
            2,
            steps=script(
                f"for p in {' '.join(f'q{n}' for n in range(24))}; do cd $p; npm publish "
                + "-w ./$p " * 333
                + "; twine upload "
                + "a/$p " * 333
                + "; done"
            ),
        ),
    },
    "lines of blanks for release-it": {".release-it.yml": "npm:\n" + f"{' ' * 90}\n" * 1000},
    "writers of a manifest before uploads": {
        "package.json": '{"name":"x","private":true}',
        WORKFLOW: PUSH
        + job(0, f"      - uses: actions/checkout@v7\n{script('sed ' * 40_000)}")
        + "      - run: npm publish\n" * 150,
    },
    "arrays in arrays of TOML": {"pyproject.toml": "a=" + "[" * 120_000 + "]" * 120_000},
    "a dotted key of TOML": {"pyproject.toml": ".".join("a" * 120_000) + "=1\n"},
    "keys of a project": {"pyproject.toml": "[project]\nname='x'\n" + lines(20_000, "k{n}='v'")},
    "members of a workspace": {
        "Cargo.toml": "[package]\nname='x'\n[workspace]\nmembers=["
        + ",".join(f"'c{n}*'" for n in range(20_000))
        + "]\n"
    },
    "calls of setup": {"setup.py": "setup(name='x')\n" * 16_000},
    "calls inside calls": {"setup.py": f"x={'f(' * 50_000}{')' * 50_000}\nsetup(name='x')"},
    "signs before a number": {"setup.py": f"x={'-' * 100_000}1\nsetup(name='x')"},
    "attributes of attributes": {"setup.py": f"a{'.b' * 100_000}\nsetup(name='x')"},
    "blank lines of a gem": {"x.gemspec": "\n" * 250_000},
    "what zizmor ignores": {
        ".github/zizmor.yml": "rules:\n  unpinned-uses:\n    ignore:\n"
        + lines(9000, "      - release.yml:{n}")
    },
    "calls that branch": {
        WORKFLOW: f"{PUSH}  a:\n    uses: ./.github/workflows/c0.yml\n{job(0, _DOWNLOADS + UPLOAD)}",
        **CALLEES,
    },
    "secrets of a call": {
        WORKFLOW: f"{PUSH}  a:\n    uses: ./.github/workflows/c.yml\n    secrets: inherit\n{job(0)}",
        ".github/workflows/c.yml": "on:\n  workflow_call:\n    secrets:\n"
        + "\n" * 120_000
        + f"      t: {{}}\njobs:\n{job(0)}",
    },
    "steps of an action": {
        WORKFLOW: PUSH + job(0, "      - uses: ./act\n" * 400 + UPLOAD),
        "act/action.yml": "name: x\nruns:\n  using: composite\n  steps:\n"
        + "    - {run: twine upload x, shell: bash}\n" * 400,
    },
}
"""Files beside a usual workflow, or with one of their own."""

LONG = "x: &s\n  run: |\n" + "    twine upload dist/*; curl x | sh\n" * 3000
WIDE = "x: &e {" + ", ".join(f"V{n}: y" for n in range(5000)) + "}\n"
PATTERNS = "\n".join(f"      - 'v{n}.*'" for n in range(5000))

TOO_LARGE = (
    f"{LONG}on: push\njobs: {{a: {{steps: [{', '.join(['*s'] * 400)}]}}}}\n",
    WIDE + HEAD + "".join(job(n, more="    env: *e\n") for n in range(250)),
    WIDE + HEAD + "".join(job(n, more="    services: *e\n") for n in range(250)),
    f"on: [{', '.join(['push'] * 20_000)}]\njobs:\n{job(0)}",
    f"on:\n  push:\n    tags:\n{PATTERNS}\njobs:\n{job(0)}",
    PUSH + "".join(f"  j{n}: {{}}\n" for n in range(18_000)),
)

INVALID = (
    "{a: " * 9990,
    "[" * 9990,
    "{a: " * 9990 + "1" + "}" * 9990,
    "[{a: " * 4990,
    "on: push\njobs: {" + "? " * 9000 + "x}\n",
    "on: push\njobs:\n  " + "- " * 9990 + "x\n",
    "[" * 200_000,
    "- " * 120_000,
    "\x00" * 100_000,
    lines(20_000, "k{n}: v") + "k1: v\n",
    PUSH + lines(200, "  j{n}: 1"),
    f"on: push\npermissions:\n{lines(15_000, '  p{n}: wrte')}jobs:\n  j: 1\n",
)
"""Texts that are no workflow, down to one whose every job is none."""
