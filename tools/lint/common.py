# SPDX-License-Identifier: Apache-2.0
"""What the lint checks share: which files there are, and how findings are told.

A check is a program `check-<name>.py [--root DIR] [--build DIR]`. It prints one line a finding,
`file:line: what is wrong: what to do`, and exits with 1 when there was one, 0 when there was none,
77 (as automake and meson have it) with one line that says why when it cannot run here.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys

SKIPPED = 77


class Skip(Exception):
    """The check cannot run here; the message says why and what would help."""


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument('--root', default=os.path.dirname(os.path.dirname(here)),
                        help='the tree to look at')
    parser.add_argument('--build', help='its build folder (default: ROOT/build)')
    args = parser.parse_args()
    args.root = os.path.realpath(args.root)
    args.build = os.path.realpath(args.build or os.path.join(args.root, 'build'))
    return args


def files(root, pattern):
    """Paths below root that match the regular expression, as git sees them or by walking."""
    if os.path.exists(os.path.join(root, '.git')):
        listing = subprocess.run(
            ['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
            check=True, stdout=subprocess.PIPE).stdout.decode()
        names = [name for name in listing.split('\0') if name]
    else:
        names = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, leaves in os.walk(root) for name in leaves]
    matcher = re.compile(pattern)
    return sorted({name for name in names
                   if matcher.search(name) and os.path.isfile(os.path.join(root, name))})


def read(root, name):
    with open(os.path.join(root, name), encoding='utf-8', errors='replace') as source:
        return source.read()


def without_comments_and_strings(text):
    """C text of the same lines with comments, strings and characters blanked out."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)

    def blank(match):
        found = match.group(0)
        return re.sub(r'[^\n]', ' ', found) if found[0] == '/' else found[0] + found[-1]

    return token.sub(blank, text)


def compile_commands(root, build):
    """[(file relative to root, argument list, folder)] of the tree's own C files."""
    path = os.path.join(build, 'compile_commands.json')
    if not os.path.exists(path):
        raise SystemExit(f'{path}: there is no such file: run "meson setup {build}" first')
    with open(path, encoding='utf-8') as source:
        entries = json.load(source)
    commands = {}
    for entry in entries:
        full = os.path.realpath(os.path.join(entry['directory'], entry['file']))
        if full.startswith(root + os.sep) and not full.startswith(build + os.sep):
            arguments_of = shlex.split(entry['command'])
            commands.setdefault(os.path.relpath(full, root), (arguments_of, entry['directory']))
    return [(name, *rest) for name, rest in sorted(commands.items())]


def tool(*command):
    """The version text of an outside program; its absence fails the check."""
    try:
        return subprocess.run([*command, '--version'], check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout.decode()
    except FileNotFoundError:
        raise SystemExit(f'{command[0]} is not installed: run "tools/install-packages.sh lint"') \
            from None


def only_version(command, wanted):
    """Tools whose findings differ from release to release are pinned to Debian 12's."""
    found = re.search(r'version (\d+)', tool(command))
    if found is None or found.group(1) != wanted:
        raise Skip(f'{command} {wanted} is what the tree is written for, this is version '
                   f'{found.group(1) if found else "unknown"}')


def run(check, description):
    """Calls check(args), which returns finding lines, and ends the program."""
    args = arguments(description)
    try:
        findings = list(check(args))
    except Skip as skip:
        print(skip)
        sys.exit(SKIPPED)
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
