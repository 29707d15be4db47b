# SPDX-License-Identifier: Apache-2.0
"""The configuration reader and the Python library oslo.config read the same files the same way."""
import json
import os
import pathlib
import random
import subprocess

import pytest

pytestmark = pytest.mark.one_thread

cfg = pytest.importorskip("oslo_config.cfg", reason="needs the package python3-oslo.config")
types = pytest.importorskip("oslo_config.types")

ROOT = pathlib.Path(__file__).resolve().parents[2]
DUMP = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build")) / "tests/tools/config-dump"
STAGES = ("pre", "main", "post")
FLOW = types.Dict(value_type=types.List(bounds=True, item_type=types.String(quotes=True)))

# The options of tests/tools/config-dump.c.
OPTIONS = [
    (None, cfg.StrOpt("text", default="plain")),
    (None, cfg.StrOpt("base", default="/b")),
    (None, cfg.StrOpt("path", default="$base/x")),
    (None, cfg.HostAddressOpt("host", default="localhost")),
    (None, cfg.StrOpt("colour", default="red", choices=["red", "blue"])),
    (None, cfg.StrOpt("shade", default="None", choices=["None", "DARK"], ignore_case=True)),
    (None, cfg.BoolOpt("flag", default=False)),
    ("g", cfg.StrOpt("text", deprecated_opts=[cfg.DeprecatedOpt("g_text", "DEFAULT"),
                                              cfg.DeprecatedOpt("text", "old")])),
    ("g", cfg.StrOpt("mixed", default="${text}-$g.count")),
    ("g", cfg.IntOpt("count", min=-5, max=1000000, deprecated_name="amount")),
    ("g", cfg.FloatOpt("ratio")),
    ("g", cfg.PortOpt("port")),
    ("g", cfg.ListOpt("elements", default=["a", "b"])),
    ("g", cfg.ListOpt("ports", item_type=types.Port())),
    ("g", cfg.DictOpt("pairs")),
    ("g", cfg.MultiStrOpt("multi", deprecated_opts=[cfg.DeprecatedOpt("multi", "old")])),
    ("g", cfg.Opt("flow", type=FLOW, default={"pre": ["p"], "main": ["m", "n"], "post": []})),
    ("g", cfg.URIOpt("uri")),
]

FILES = {
    "empty": "",
    "comments": "# c\n; c\n\n[g]\n# c\n",
    "plain": "[DEFAULT]\ntext = a b\n[g]\ntext: c\ncount=7\n",
    "first separator counts": "[DEFAULT]\ntext = a:b=c\nbase: x=y\n",
    "no spaces": "[DEFAULT]\ntext=a\n",
    "empty value": "[DEFAULT]\ntext =\n[g]\nitems =\npairs =\nmulti =\n",
    "empty number": "[g]\ncount =\nratio =\nport =\n",
    "double quotes": '[DEFAULT]\ntext = " a "\n',
    "single quotes": "[DEFAULT]\ntext = ' a '\n",
    "unequal quotes": "[DEFAULT]\ntext = \"a'\nbase = a\"\n",
    "one quote": "[DEFAULT]\ntext = \"\nbase = ''\n",
    "quotes inside": '[DEFAULT]\ntext = "a" and "b"\n',
    "twice quoted": "[DEFAULT]\ntext = \"'a'\"\n",
    "continued": "[DEFAULT]\ntext = a\n  b\n\tc\nbase = d\n",
    "continued empty": "[DEFAULT]\ntext =\n  b\n",
    "continued comment": "[DEFAULT]\ntext = a\n  # b\n",
    "continued quotes": "[DEFAULT]\ntext = \"a\n  b\"\n",
    "blank ends": "[DEFAULT]\ntext = a\n\n  b\n",
    "comment ends": "[DEFAULT]\ntext = a\n# c\n  b\n",
    "section ends": "[DEFAULT]\ntext = a\n[g]\n  b\n",
    "blank with spaces ends": "[DEFAULT]\ntext = a\n   \nbase = b\n",
    "comment after value": "[DEFAULT]\ntext = a # b ; c\n",
    "last wins": "[DEFAULT]\ntext = a\ntext = b\n[g]\n[DEFAULT]\ntext = c\n",
    "case of sections": "[G]\ntext = a\n[default]\ntext = b\n",
    "case of options": "[g]\nText = a\n",
    "unknown": "[DEFAULT]\nnothing = $x\n[other]\ntext = $y\n",
    "crlf": "[DEFAULT]\r\ntext = a\r\n  b\r\n[g]\r\ncount = 3\r\n",
    "cr": "[DEFAULT]\rtext = a\r[g]\rcount = 3\r",
    "no final newline": "[DEFAULT]\ntext = a",
    "no final newline after continuation": "[DEFAULT]\ntext = a\n b",
    "python white space": "[DEFAULT]\n\x0btext\x1f=\x1c a \x85\n",
    "wide white space": "[DEFAULT]\ntext =\u2003a\u3000\n",
    "other line ends stay": "[DEFAULT]\ntext = a\u2028b\x0cc\n",
    "non-ascii": "[DEFAULT]\ntext = \u00e9\U0001f600\n",
    "no section": "text = a\n",
    "no separator": "[DEFAULT]\ntext\n",
    "no key": "[DEFAULT]\n= a\n",
    "no bracket": "[DEFAULT\ntext = a\n",
    "text after bracket": "[DEFAULT] x\ntext = a\n",
    "comment after bracket": "[DEFAULT] # x\ntext = a\n",
    "empty section name": "[]\ntext = a\n",
    "spaces in section": "[ DEFAULT ]\ntext = a\n",
    "continuation first": "  text = a\n",
    "continuation after section": "[DEFAULT]\n  text = a\n",
    "substitution": "[DEFAULT]\nbase = /c\ntext = ${path}y $base\n",
    "substitution in group": "[g]\ntext = t\nmixed = $text/$flag/$g.count/${elements}\n",
    "substitution of default": "[g]\nmixed = $colour\n",
    "substitution of unset": "[g]\nmixed = <$uri>\n",
    "dollar": "[DEFAULT]\ntext = $$ $$base \\$base \\$$base $\\$base 5$ $1 ${ ${}\n",
    "dollar in a list": "[g]\nitems = $colour,$$x\npairs = k:$colour\nmulti = $base\nmulti = $$\n",
    "unknown name": "[DEFAULT]\ntext = $nothing\n",
    "unknown group": "[DEFAULT]\ntext = ${x.y}\n",
    "trailing dot": "[DEFAULT]\ntext = $base.\n",
    "loop": "[DEFAULT]\ntext = $base\nbase = $text\n",
    "booleans": "[DEFAULT]\nflag = Yes\n",
    "bad boolean": "[DEFAULT]\nflag = t\n",
    "empty boolean": "[DEFAULT]\nflag =\n",
    "bad choice": "[DEFAULT]\ncolour = Red\n",
    "choice in another case": "[DEFAULT]\nshade = Dark\n",
    "choice as it is listed": "[DEFAULT]\nshade = DARK\n",
    "no choice in any case": "[DEFAULT]\nshade = darker\n",
    "underscores": "[g]\ncount = 1_000\nratio = 1_0.5\nport = 8_0\n",
    "bad underscores": "[g]\ncount = 1__0\n",
    "signs": "[g]\ncount = -5\nratio = +1e-3\nport = +80\n",
    "zeros": "[g]\ncount = 007\n",
    "below": "[g]\ncount = -6\n",
    "above": "[g]\ncount = 1000001\n",
    "hexadecimal": "[g]\ncount = 0x10\n",
    "fraction": "[g]\ncount = 1.0\n",
    "bad port": "[g]\nport = 65536\n",
    "bad float": "[g]\nratio = 1,5\n",
    "float": "[g]\nratio = .5\n",
    "list": "[g]\nitems = a, b ,,c,\n",
    "list of commas": "[g]\nitems = ,,\n",
    "list with quotes": '[g]\nitems = "a,b",c\n',
    "list over lines": "[g]\nitems = a,\n  b,\n  c\n",
    "ports": "[g]\nports = 1, 65535\n",
    "bad ports": "[g]\nports = 1, x\n",
    "dict": "[g]\npairs = a:b, c : d:e ,f:\n",
    "dict joins": "[g]\npairs = a:1,b,c:2\n",
    "dict without colon": "[g]\npairs = a\n",
    "dict without key": "[g]\npairs = :a\n",
    "dict twice": "[g]\npairs = a:1,a:2\n",
    "dict final comma": "[g]\npairs = a:1,\n",
    "multi": "[g]\nmulti = a\nmulti = b\n  c\nmulti = ' d '\n",
    "old names": "[DEFAULT]\ng_text = a\n[g]\namount = 4\n",
    "old group": "[OLD]\ntext = a\nmulti = b\n[g]\nmulti = c\n",
    "old and new": "[DEFAULT]\ng_text = a\n[g]\ntext = b\n",
    "flow": "[g]\nflow = pre: ['a','b'], main: [\"c\"], post: [d]\n",
    "flow empty lists": "[g]\nflow = pre: [], main: [], post: []\n",
    "flow not closed": "[g]\nflow = pre: ['a'\n",
    "flow no list": "[g]\nflow = pre: a\n",
    "hosts": "[DEFAULT]\nhost = a-1.example.org\n",
    "address": "[DEFAULT]\nhost = ::1\n",
    "bad host": "[DEFAULT]\nhost = a_b\n",
    "bad address": "[DEFAULT]\nhost = 1.2.3\n",
    "final dot": "[DEFAULT]\nhost = a.b.\n",
    "uri": "[g]\nuri = http://u:p@h:1/p?q#f\n",
    "uri without host": "[g]\nuri = http:///p\n",
    "uri without scheme": "[g]\nuri = h/p\n",
}


def ours(files, dirs=(), environment=None):
    arguments = [f"file:{path}" for path in files] + [f"dir:{path}" for path in dirs]
    done = subprocess.run([DUMP, *arguments], capture_output=True, check=True, timeout=60,
                          env={**os.environ, **(environment or {})})
    return json.loads(done.stdout)


def theirs(files, dirs=()):
    """The values, or the first error."""
    conf = cfg.ConfigOpts()
    for group, option in OPTIONS:
        conf.register_opt(option, group=group)
    arguments = [f"--config-file={path}" for path in files]
    arguments += [f"--config-dir={path}" for path in dirs]
    values = {}
    try:
        conf(arguments, default_config_files=[], default_config_dirs=[])
        for group, option in OPTIONS:
            name = f"{group or 'DEFAULT'}.{option.dest}"
            values[name] = getattr(conf[group] if group else conf, option.dest)
    except (cfg.Error, ValueError, AttributeError, RecursionError) as error:
        return {"error": str(error) or type(error).__name__}
    if isinstance(values["g.flow"], dict):
        values["g.flow"] = {stage: values["g.flow"].get(stage, []) for stage in STAGES}
    return {"values": values}


def normal(value):
    """Unset lists and dicts are empty ones in C, and the items of lists are strings."""
    if isinstance(value, list):
        return [str(item) for item in value] or None
    return value or None if isinstance(value, dict) else value


def compare(files, dirs=()):
    expected = theirs(files, dirs)
    got = ours(files, dirs)
    if "error" in expected:
        assert "error" in got, f"Python refuses this: {expected['error']}"
        return
    assert "error" not in got, got
    for name, value in expected["values"].items():
        assert normal(got["values"][name]) == normal(value), name


@pytest.mark.parametrize("name", FILES)
def test_file(name, tmp_path):
    path = tmp_path / "a.conf"
    path.write_bytes(FILES[name].encode())
    compare([path])


def test_several_files_and_directories(tmp_path):
    texts = {"1.conf": "[g]\ntext = 1\nmulti = 1\n[DEFAULT]\nbase = /1\ng_text = old\n",
             "2.conf": "[DEFAULT]\ng_text = 2\n[g]\nmulti = 2\nmulti = 3\n[old]\nmulti = 0\n",
             "d/b.conf": "[g]\ncount = 1\nmulti = 4\n", "d/a.conf": "[g]\ncount = 2\nport = 1\n",
             "d/.c.conf": "[g]\ncount = 3\n", "d/c.txt": "[g]\ncount = 4\n"}
    (tmp_path / "d").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    one, two, d = tmp_path / "1.conf", tmp_path / "2.conf", tmp_path / "d"
    for files, dirs in (([one, two], []), ([two, one], []), ([one], [d]), ([], [d]),
                        ([one, two, one], [d])):
        compare(files, dirs)


@pytest.mark.parametrize("name", ["missing.conf", "d"])
def test_what_cannot_be_read_is_refused(name, tmp_path):
    (tmp_path / "d").mkdir()
    with pytest.raises((cfg.Error, OSError)):
        cfg.ConfigOpts()([f"--config-file={tmp_path / name}"], default_config_dirs=[])
    assert name in ours([tmp_path / name])["error"]


def test_environment(tmp_path, monkeypatch):
    path = tmp_path / "a.conf"
    path.write_text("[DEFAULT]\ntext = file\nbase = /f\n[g]\ncount = 1\n")
    for name, value in {"OS_DEFAULT__TEXT": "$base", "OS_G__COUNT": "5", "OS_G__ELEMENTS": "x, y",
                        "OS_DEFAULT__G_TEXT": "old names have no variable"}.items():
        monkeypatch.setenv(name, value)
    compare([path])
    assert ours([path])["values"]["DEFAULT.text"] == "/f"
    monkeypatch.setenv("OS_G__COUNT", "five")
    compare([path])
    assert "OS_G__COUNT" in ours([path])["error"]


# Narrower or wider than the Python library on purpose; docs/user/differences.md names each.
DIFFERENT = {
    "not a number": ("[g]\nratio = nan\n", "error"),
    "more than 64 bits": ("[g]\nflow = main: []\ncount = 99999999999999999999\n", "error"),
    "flow in braces": ("[g]\nflow = {'pre': ['a'], 'main': ['b']}\n",
                       {"pre": ["a"], "main": ["b"], "post": []}),
    "flow with a list inside a list": ("[g]\nflow = pre: ['a', main: []\n", "error"),
    "byte order mark": ("\ufeff# comment: x\n", "error"),
    "NUL": ("[DEFAULT]\ntext = a\0b\n", "error"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_known_difference(name, tmp_path):
    text, expected = DIFFERENT[name]
    path = tmp_path / "a.conf"
    path.write_bytes(text.encode())
    got = ours([path])
    assert "error" in got if expected == "error" else got["values"]["g.flow"] == expected


PIECES = [
    "[g]", "[DEFAULT]", "[G]", "text", "base", "path", "count", "elements", "pairs", "multi",
    "mixed", "flag", " = ", "=", ":", ": ", "\n", "\n", "\n", "\n ", "\n\t", "\r\n", "#", ";", '"',
    "'", ",", "$", "$$", "\\", "$base", "${text}", "${g.count}", "$mixed", "1", "-3", "_", "true",
    "a", "b c", " ", "\u00e9", "\u00a0", "."]


def test_random_files(tmp_path):
    """Whatever is made of these pieces is read, or refused, by both."""
    seed = int(os.environ.get("MSK_SEED", "20261123"))
    chance = random.Random(seed)
    path = tmp_path / "a.conf"
    outcomes = {"error": 0, "values": 0}
    for number in range(int(os.environ.get("MSK_ROUNDS", "400"))):
        text = "[DEFAULT]\n" if chance.random() < 0.8 else ""
        for _ in range(chance.randrange(1, 6)):
            if chance.random() < 0.8:
                text += chance.choice(PIECES[3:12]) + chance.choice([" = ", "=", ": "])
            text += "".join(chance.choices(PIECES, k=chance.randrange(0, 6))) + "\n"
        path.write_bytes(text.encode())
        try:
            compare([path])
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, file {number}: {text!r}: {error}") from error
        outcomes["error" if "error" in ours([path]) else "values"] += 1
    assert min(outcomes.values()) > 20, outcomes
