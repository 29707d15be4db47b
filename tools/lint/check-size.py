#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Functions of at most 80 lines and complexity 15; C and Python files of at most 800 lines."""

import os
import subprocess

import common

MOST_COMPLEXITY = 15
MOST_FUNCTION_LINES = 80
MOST_FILE_LINES = 800


def check(args):
    for name in common.files(args.root, r'\.([ch]|py)$'):
        lines = common.read(args.root, name).count('\n')
        if lines > MOST_FILE_LINES:
            yield f'{name}:1: {lines} lines, {MOST_FILE_LINES} is the limit: split it by purpose'
    sources = common.files(args.root, r'\.c$')
    if not sources:
        return
    try:
        # pmccabe: complexity, complexity of old, statements, first line, lines, file(line): name
        table = subprocess.run(['pmccabe', *sources], cwd=args.root, check=True,
                               stdout=subprocess.PIPE).stdout.decode()
    except FileNotFoundError:
        raise SystemExit('pmccabe is not installed: run "tools/install-packages.sh lint"') from None
    seen = set()
    for row in table.splitlines():
        numbers, place = row.split('\t')[:5], row.split('\t')[5]
        complexity, first, lines = int(numbers[0]), numbers[3], int(numbers[4])
        where, function = place.split('(')[0], place.split(': ')[-1]
        seen.add(where)
        if complexity > MOST_COMPLEXITY:
            yield (f'{where}:{first}: {function}() has complexity {complexity}, '
                   f'{MOST_COMPLEXITY} is the limit: split it, or make it a table')
        if lines > MOST_FUNCTION_LINES:
            yield (f'{where}:{first}: {function}() has {lines} lines, '
                   f'{MOST_FUNCTION_LINES} is the limit: split it')
    for name in sources:
        if name not in seen and os.path.basename(name).startswith('test-'):
            yield f'{name}:1: pmccabe finds no function here: is it C that it cannot read?'


common.run(check, __doc__)
