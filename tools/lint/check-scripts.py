#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""shellcheck and flake8 find nothing in the scripts."""

import os
import subprocess

import common

# W503 and E203 contradict the layout that PEP 8 itself recommends for operators and slices; E402
# would forbid a script to put tests/ on the module path before it imports the kit.
FLAKE8 = ['flake8', '--isolated', '--max-line-length=100', '--extend-ignore=W503,E203,E402',
          '--max-complexity=15']


def scripts(root, interpreter, endings):
    """Files with one of the endings, or without an ending but with that interpreter."""
    for name in common.files(root, r'.'):
        leaf = os.path.basename(name)
        if leaf.endswith(endings):
            yield name
        elif '.' not in leaf.lstrip('.') or leaf.startswith('.'):
            with open(os.path.join(root, name), 'rb') as source:
                first = source.readline(80)
            if first.startswith(b'#!') and interpreter in first:
                yield name


def output_of(root, command, names):
    if not names:
        return
    done = subprocess.run([*command, *names], cwd=root, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    lines = [line for line in done.stdout.decode(errors='replace').splitlines() if line]
    if done.returncode != 0:
        yield from lines or [f'{command[0]} ended with status {done.returncode}']


def check(args):
    common.tool('shellcheck')
    common.tool('flake8')
    shell = [name for name in scripts(args.root, b'sh', ('.sh',))]
    yield from output_of(args.root, ['shellcheck', '--format=gcc', '--external-sources'], shell)
    python = [name for name in scripts(args.root, b'python', ('.py',))]
    yield from output_of(args.root, FLAKE8, python)


common.run(check, __doc__)
