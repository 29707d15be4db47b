# SPDX-License-Identifier: Apache-2.0
"""The policy rules and the Python library oslo.policy answer the same questions the same way."""
import json
import keyword
import logging
import os
import pathlib
import random
import subprocess

import pytest
import yaml

pytestmark = pytest.mark.one_thread

cfg = pytest.importorskip("oslo_config.cfg", reason="needs the package python3-oslo.config")
policy = pytest.importorskip("oslo_policy.policy", reason="needs the package python3-oslo.policy")

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build")) / "tests/tools/policy-probe"
CONTRACT = ROOT / "tests/data/policies.json"
ATTRIBUTES = ["user_id", "user_domain_id", "project_id", "project_domain_id", "domain_id",
              "system_scope", "service_user_id", "service_user_domain_id", "service_project_id",
              "service_project_domain_id"]


@policy.register("is_admin")
class IsAdmin(policy.Check):
    """Masakari's own check, as its documentation has it."""

    def __init__(self, kind, match):
        super().__init__(kind, str(match.lower() == "true"))

    def __call__(self, target, creds, enforcer):
        return str(creds["is_admin"]) == self.match


class Complaints(logging.Handler):
    """What the library logs about rules it cannot read."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record):
        self.count += 1


def ask_probe(cases):
    done = subprocess.run([PROBE], input=json.dumps(cases), capture_output=True, text=True,
                          timeout=120, check=True)
    return json.loads(done.stdout)


def make_enforcer(case, directory):
    """The library's enforcer for a case, and how often it complained about the file."""
    path = directory / "policy.yaml"
    path.write_text(case["file"], encoding="utf-8")
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[], default_config_dirs=[])
    enforcer = policy.Enforcer(conf, policy_file=str(path))
    enforcer.suppress_default_change_warnings = True
    enforcer.suppress_deprecation_warnings = True
    conf.set_override("policy_dirs", [], group="oslo_policy")
    for name in ("enforce_scope", "enforce_new_defaults"):
        conf.set_override(name, case.get(name, False), group="oslo_policy")
    for row in case.get("defaults", []):
        old = row.get("deprecated")
        enforcer.register_default(policy.RuleDefault(
            row["name"], row["check"], scope_types=row.get("scopes"),
            deprecated_rule=old and policy.DeprecatedRule(
                old["name"], old["check"], deprecated_reason="reason",
                deprecated_since="since")))
    complaints = Complaints()
    logger = logging.getLogger("oslo_policy")
    logger.addHandler(complaints)
    try:
        enforcer.load_rules()
    finally:
        logger.removeHandler(complaints)
    return enforcer, complaints.count


def library_answers(enforcer, questions):
    return [bool(enforcer.enforce(rule, dict(target), dict(creds)))
            for rule, creds, target in questions]


# ---- generated rules --------------------------------------------------------------------------

NAMES = ["a", "b", "c"]
ROLES = ["admin", "Member", "READER", "heat_stack_owner", "\u00c4rzte", "a b", "\u0130x",
         "\u212a"]
KEYS = ["project_id", "user_id", "target.user.id", "role", "none", "flag", "missing"]
LITERALS = ["'text'", '"text"', "True", "False", "None", "7", "-3", "''"]
VALUES = ["u1", "p1", "all", "None", "True", "False", "text", "7", "", "Member"]


class Maker:
    """Makes rules, credentials and targets; the same ones for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def value(self):
        pick = self.random.random()
        if pick < 0.5:
            return self.random.choice(VALUES)
        if pick < 0.9:
            return f"%({self.random.choice(KEYS)})s"
        return f"{self.random.choice(VALUES)}%%-%({self.random.choice(KEYS)})s"

    def check(self, names):
        makers = [
            lambda: "@", lambda: "!",
            lambda: "role:" + self.random.choice(ROLES).replace(" ", "_"),
            lambda: "role:" + self.random.choice(ROLES).replace(" ", "_").swapcase(),
            lambda: f"role:%({self.random.choice(KEYS)})s",
            lambda: "is_admin:" + self.random.choice(["True", "true", "False", "x"]),
            lambda: f"{self.random.choice(ATTRIBUTES)}:{self.value()}",
            lambda: f"is_admin_project:{self.random.choice(['True', 'False'])}",
            lambda: f"roles:{self.random.choice(ROLES[:4])}",
            lambda: f"service_roles:{self.value()}",
            lambda: f"system:{self.value()}",
            lambda: f"{self.random.choice(LITERALS)}:{self.value()}",
            lambda: f"{self.random.choice(['tenant', 'token.user.id', 'x-y'])}:{self.value()}",
            lambda: "rule:" + self.random.choice(names + ["undefined"]),
        ]
        return self.random.choice(makers)()

    def space(self):
        return self.random.choice([" ", " ", " ", "  ", "\t", "\n", "\u00a0"])

    def word(self, word):
        return self.random.choice([word, word, word.upper(), word.title()])

    def rule(self, names, depth=3):
        pick = self.random.random()
        if depth == 0 or pick < 0.3:
            return self.check(names)
        if pick < 0.42:
            return self.word("not") + self.space() + self.term(names, depth - 1)
        parts = [self.term(names, depth - 1) for _ in range(self.random.randint(2, 4))]
        text = parts[0]
        for part in parts[1:]:
            text += (self.space() + self.word(self.random.choice(["and", "or"])) + self.space()
                     + part)
        return text

    def term(self, names, depth):
        if self.random.random() < 0.5:
            pad = self.random.choice(["", " "])
            return f"({pad}{self.rule(names, depth)}{pad})"
        if self.random.random() < 0.2:
            return self.word("not") + self.space() + self.check(names)
        return self.check(names)

    def any_rule(self, names):
        pick = self.random.random()
        if pick < 0.03:
            return ""
        if pick < 0.15:
            return [self.random.choice([[], "", self.check(names),
                                        [self.check(names)
                                         for _ in range(self.random.randint(1, 3))]])
                    for _ in range(self.random.randint(0, 3))]
        return self.rule(names)

    def file(self):
        """A rule refers to rules before it only, so that there are no circles."""
        rules = {}
        for name in NAMES:
            rules[name] = self.any_rule(list(rules))
        if self.random.random() < 0.3:
            rules["default"] = self.random.choice(["@", "role:admin", "user_id:%(user_id)s"])
        if self.random.random() < 0.5:
            return json.dumps(rules, ensure_ascii=self.random.random() < 0.5)
        return yaml.safe_dump(rules, allow_unicode=True, sort_keys=False)

    def optional(self, values):
        return self.random.choice(values + [None])

    def question(self, rules=tuple(NAMES + ["elsewhere"])):
        creds = {name: self.optional(["u1", "p1", "d1"]) for name in ATTRIBUTES}
        creds["system_scope"] = self.optional(["all", ""])
        for name in ("roles", "service_roles"):
            creds[name] = self.random.sample(ROLES, self.random.randint(0, 3))
        creds["is_admin_project"] = self.random.random() < 0.5
        creds["is_admin"] = self.optional([True, False])
        target = {key: self.optional(["u1", "p1", "Member", "text", "True", ""])
                  for key in self.random.sample(KEYS[:-1], self.random.randint(0, 6))}
        return [self.random.choice(rules), creds, target]


def generated(seed, n_files, n_questions):
    maker = Maker(seed)
    return [{"file": maker.file(), "questions": [maker.question() for _ in range(n_questions)]}
            for _ in range(n_files)]


def test_generated_rules(tmp_path):
    cases = generated(20261123, 400, 25)
    n_allowed = 0
    for case, found in zip(cases, ask_probe(cases)):
        enforcer, complaints = make_enforcer(case, tmp_path)
        assert complaints == 0, case["file"]
        assert "error" not in found, (case["file"], found)
        expected = library_answers(enforcer, case["questions"])
        n_allowed += sum(expected)
        for question, ours, theirs in zip(case["questions"], found["answers"], expected):
            assert ours == theirs, f"{case['file']}\n{question}: the library says {theirs}"
    total = 400 * 25
    assert total / 5 < n_allowed < total * 4 / 5, "the questions tell little"


def mutated(maker):
    """A rule with a word lost, doubled, moved, or glued to the next one."""
    words = maker.rule(["a"]).split()
    at = maker.random.randrange(len(words))
    pick = maker.random.randrange(5)
    if pick == 0:
        del words[at]
    elif pick == 1:
        words.insert(at, words[maker.random.randrange(len(words))])
    elif pick == 2:
        words.insert(at, maker.random.choice(["and", "or", "not", "(", ")", "word"]))
    elif pick == 3:
        words.append(words.pop(at))
    else:
        words[at] += maker.random.choice([")", ""])
    return " ".join(words)


def test_rules_that_cannot_be_read(tmp_path):
    """The library logs and refuses, or keeps something that is no check and fails later; here
    the file is refused. Whatever it reads is read here, too."""
    maker = Maker(7)
    cases = [{"file": json.dumps({"a": "@", "b": mutated(maker)}),
              "questions": [maker.question(["b"]) for _ in range(5)]} for _ in range(1500)]
    n_bad = 0
    for case, found in zip(cases, ask_probe(cases)):
        enforcer, complaints = make_enforcer(case, tmp_path)
        is_check = isinstance(enforcer.rules["b"], policy._checks.BaseCheck)
        bad = complaints > 0 or not is_check
        n_bad += bad
        assert ("error" in found) == bad, (case["file"], found)
        if not bad:
            assert found["answers"] == library_answers(enforcer, case["questions"]), case["file"]
    assert 300 < n_bad < 1200


# ---- what is refused though the library would take it -------------------------------------------

FAILS_ON_EACH_REQUEST = [
    "user_id:100%", "role:%d", "user_id.name:x", "roles.name:x", "'a'b':x", "%(user_id)s:x", ":x",
    "not:x", "and.a:x", "a-or:x", *(f"{word}:x" for word in keyword.kwlist if word.islower()),
]
PYTHON_ONLY = ["user_id:%s", "user_id:%(user_id)r", "user_id:%(user_id)5s", "1.5:1.5", "0x7:7",
               "(1):1", "b'a':a", "[]:x"]


@pytest.mark.parametrize("rule", PYTHON_ONLY)
def test_rules_that_only_python_understands(rule):
    assert "error" in ask_probe([{"file": json.dumps({"a": rule}), "questions": []}])[0]


@pytest.mark.parametrize("rule", FAILS_ON_EACH_REQUEST)
def test_rules_that_the_library_fails_on(rule, tmp_path):
    creds = {name: "u1" for name in ATTRIBUTES} | {"roles": ["r"], "service_roles": [],
                                                   "is_admin_project": True, "is_admin": False}
    case = {"file": json.dumps({"a": rule}), "questions": [["a", creds, {"user_id": "u1"}]]}
    assert "error" in ask_probe([case])[0]
    enforcer, complaints = make_enforcer(case, tmp_path)
    assert complaints == 0
    with pytest.raises((TypeError, ValueError, SyntaxError)):
        library_answers(enforcer, case["questions"])


@pytest.mark.parametrize("text", ["a: !\n", "a:\n", "a: ~\n", "a: null\n"])
def test_values_that_are_not_meant(text, tmp_path):
    """YAML makes "nothing" of these, and nothing allows everybody."""
    case = {"file": text, "questions": [["a", {"roles": []}, {}]]}
    assert "error" in ask_probe([case])[0]
    enforcer, _ = make_enforcer(case, tmp_path)
    assert library_answers(enforcer, case["questions"]) == [True]


@pytest.mark.parametrize("rule", [
    "'a':'b'", "not 'a':'b'", "('a':'b')", "not ('a':'b')", '"a":"a"', "'a':b'", "''", "'a' or @",
    "@ or 'a':'a'", "( 'a':a ) or !", "'a':'a')", "(('a':a))", "'a':%(user_id)s'", "'", "'a':a"])
def test_quoted_words(rule, tmp_path):
    """A word that is quoted as a whole is no check to the library, which fails or refuses then."""
    case = {"file": json.dumps({"a": rule}),
            "questions": [["a", {"roles": []}, {"user_id": name}] for name in ("a", "'a'", "b")]}
    enforcer, complaints = make_enforcer(case, tmp_path)
    found = ask_probe([case])[0]
    if complaints or not isinstance(enforcer.rules["a"], policy._checks.BaseCheck):
        assert "error" in found
    else:
        assert found["answers"] == library_answers(enforcer, case["questions"])


@pytest.mark.parametrize("text", ["a: 1:1\n", "a: 7\n", "a: 59:59.5\n", "a: 2026-11-29\n",
                                  "a: +1_0:3:4\n"])
def test_numbers_and_days(text, tmp_path):
    """What YAML takes for something else than text is no rule to the library, whatever is in it."""
    assert "error" in ask_probe([{"file": text, "questions": []}])[0]
    with pytest.raises(TypeError):
        make_enforcer({"file": text}, tmp_path)


def test_constants_in_quotes_are_text(tmp_path):
    case = {"file": 'a: "1:1"\n', "questions": [["a", {"roles": []}, {}]]}
    assert ask_probe([case])[0]["answers"] == [True]
    assert library_answers(make_enforcer(case, tmp_path)[0], case["questions"]) == [True]


# ---- files ---------------------------------------------------------------------------------------

SEGMENTS = "os_masakari_api:segments:"
FILES = {
    "empty": "",
    "only comments, as the sample generator writes them":
        "# Show a segment.\n# GET  /segments/{segment_id}\n"
        f'#"{SEGMENTS}detail": "rule:admin_api"\n\n',
    "one line of the sample uncommented":
        f'# Show a segment.\n# GET  /segments/{{segment_id}}\n"{SEGMENTS}detail": "role:reader"\n',
    "a dump of Ansible's config_template":
        yaml.safe_dump({f"{SEGMENTS}index": "role:reader or rule:admin_api",
                        f"{SEGMENTS}detail": "role:reader or rule:admin_api",
                        "context_is_admin": "role:admin or role:ha_admin"}),
    "nothing overridden by Ansible": "{}\n",
    "nothing at all, as YAML is dumped": "null\n...\n",
    "an empty text, as YAML is dumped": "''\n",
    "an empty list": "[]\n",
    "nothing overridden, with a document start": "---\n",
    "Ansible's to_nice_yaml with a header":
        "# Ansible managed\n" + yaml.dump({f"{SEGMENTS}delete": "!"}, indent=4),
    "Kolla's merged custom file":
        f"---\n'admin_api': \"role:admin and system_scope:all\"\n'{SEGMENTS}index': ''\n",
    "a charm's policy override":
        f"{SEGMENTS}index: 'role:reader and project_id:%(project_id)s'\n"
        "admin_or_owner: rule:context_is_admin\n",
    "a chart's values as JSON": json.dumps({f"{SEGMENTS}index": "role:reader"}),
    "indented JSON of a former release":
        json.dumps({"context_is_admin": "role:admin", "admin_api": "is_admin:True",
                    "default": "rule:admin_api", f"{SEGMENTS}index": [["rule:admin_api"],
                                                                      ["role:reader"]]}, indent=4),
    "JSON with tabs": '{\n\t"admin_api": "role:x",\n\t"default": "!"\n}\n',
    "folded": f"{SEGMENTS}index: >-\n  role:reader\n  or role:member\n",
    "anchors": f"{SEGMENTS}index: &who role:reader\n{SEGMENTS}detail: *who\n",
    "lists": f"{SEGMENTS}index:\n- [role:reader, project_id:%(project_id)s]\n- role:admin\n",
    "twice the same": f"{SEGMENTS}index: role:a\n{SEGMENTS}index: role:reader\n",
    "what does not exist": "os_masakari_api:nothing: role:reader\n",
    "the same as the default": "admin_api: is_admin:True\ncontext_is_admin: (role:admin)\n",
    "windows line ends": "admin_api: role:reader\r\ndefault: '!'\r\n",
}


def masakari_defaults():
    with open(CONTRACT, encoding="utf-8") as source:
        return [{"name": row["name"], "check": row["check_str"]} for row in json.load(source)]


@pytest.mark.parametrize("name", FILES)
def test_files(name, tmp_path):
    maker = Maker(3)
    defaults = masakari_defaults()
    rules = [row["name"] for row in defaults]
    questions = []
    for rule in rules:
        for _ in range(6):
            question = maker.question([rule])
            question[1]["roles"] = maker.random.sample(["admin", "reader", "member", "ha_admin"],
                                                       maker.random.randint(0, 2))
            questions.append(question)
    case = {"file": FILES[name], "defaults": defaults, "questions": questions}
    found = ask_probe([case])[0]
    enforcer, complaints = make_enforcer(case, tmp_path)
    assert complaints == 0
    assert "error" not in found, found
    assert found["answers"] == library_answers(enforcer, questions)
    redundant = [rule for rule, row in enforcer.file_rules.items()
                 if rule in rules and enforcer.registered_rules[rule] == row]
    assert sorted(found["redundant"]) == sorted(redundant)


# ---- deprecated rules and scopes -----------------------------------------------------------------

@pytest.mark.parametrize("enforce_new_defaults", [False, True])
@pytest.mark.parametrize("file", [
    "", "old:create: role:x", "old:create: role:x\nsvc:create: role:y",
    "old:create: rule:svc:create", "svc:create: role:y", "old:create: role:former",
    "svc:show: role:x", "old:create: [[role:x], [role:y]]",
])
def test_deprecated_rules(file, enforce_new_defaults, tmp_path):
    defaults = [
        {"name": "svc:create", "check": "role:admin",
         "deprecated": {"name": "old:create", "check": "role:former"}},
        {"name": "svc:show", "check": "role:admin",
         "deprecated": {"name": "svc:show", "check": "role:former"}},
        {"name": "svc:same", "check": "role:admin",
         "deprecated": {"name": "old:same", "check": "role:admin"}},
    ]
    questions = [[rule, {"roles": [role], "is_admin": False}, {}]
                 for rule in ("svc:create", "svc:show", "svc:same", "old:create")
                 for role in ("admin", "former", "x", "y")]
    case = {"file": file, "defaults": defaults, "questions": questions,
            "enforce_new_defaults": enforce_new_defaults}
    enforcer, _ = make_enforcer(case, tmp_path)
    assert ask_probe([case])[0]["answers"] == library_answers(enforcer, questions)


@pytest.mark.filterwarnings("ignore:Policy.*failed scope check")
@pytest.mark.parametrize("enforce_scope", [False, True])
@pytest.mark.parametrize("scopes", [None, ["system"], ["project"], ["domain", "project"]])
def test_scopes(scopes, enforce_scope, tmp_path):
    defaults = [{"name": "a", "check": "@", **({"scopes": scopes} if scopes else {})}]
    questions = [["a", {"system_scope": system, "domain_id": domain, "project_id": "p",
                        "roles": []}, {}]
                 for system in (None, "", "all") for domain in (None, "", "d")]
    case = {"file": "", "defaults": defaults, "questions": questions,
            "enforce_scope": enforce_scope}
    enforcer, _ = make_enforcer(case, tmp_path)
    assert ask_probe([case])[0]["answers"] == library_answers(enforcer, questions)
