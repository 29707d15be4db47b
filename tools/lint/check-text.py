#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""License lines, line endings, and words that do not belong into the tree."""

import re

import common

TEXT = r'(\.([chm]|py|sh|md|txt|sql|build|conf|yaml|yml|in|rst|scenario)|(^|/)[A-Z][A-Za-z]+|/run)$'
LICENSED = re.compile(r'(\.([ch]|py|sh|md|sql|build|yaml|yml)|^Makefile|^tools/.*/?[a-z-]+)$')
NOT_LICENSED = re.compile(r'(^|/)(corpus|data|golden|recorded)/|\.(txt|json)$')
SPDX = 'SPDX-License-Identifier: Apache-2.0'
CODE_COLUMNS = 100

# (where it may not be, expression, what is wrong)
FORBIDDEN = [
    (r'',
     r'/(?:wo' + r'rk|root)/' + r'[\w.]|/tmp/bash_' + r'jobs|/home/[a-z]+/',
     'a path of one machine'),
    (r'^(src|tools|tests|demo|bench)/', r'\b(?:TO' + r'DO|FIX' + r'ME|XX' + r'X)\b',
     'unfinished work: do it, or file an issue'),
    (r'\.(c|h|py|sh)$', r'\bNO' + r'LINT\b|cppcheck-' + r'suppress|clang-format ' + r'off|# no' +
     r'qa|shellcheck ' + r'disable', 'a finding that is silenced: mend it'),
    (r'^src/', r'pragma GCC diagnostic ' + r'ignored', 'a warning that is silenced: mend it'),
    (r'', r'^(<{7}|>{7}) ', 'a merge conflict'),
]


def lines_of(args, name):
    where = [(re.compile(expression), message) for place, expression, message in FORBIDDEN
             if re.search(place, name)]
    text = common.read(args.root, name)
    if '\ufffd' in text:
        yield f'{name}:1: not UTF-8'
    if text and not text.endswith('\n'):
        yield f'{name}:{text.count(chr(10)) + 1}: no newline at the end of the file'
    if text.endswith('\n\n'):
        yield f'{name}:{text.count(chr(10))}: empty lines at the end of the file'
    for number, line in enumerate(text.split('\n'), 1):
        if line != line.rstrip():
            yield f'{name}:{number}: blanks at the end of the line'
        if name.endswith(('.c', '.h')) and len(line) > CODE_COLUMNS:
            yield f'{name}:{number}: {len(line)} columns, {CODE_COLUMNS} is the limit'
        if name.endswith(('.c', '.h', '.py')) and '\t' in line:
            yield f'{name}:{number}: a tab: indent with blanks'
        for expression, message in where:
            if expression.search(line):
                yield f'{name}:{number}: {message}'


def check(args):
    for name in common.files(args.root, TEXT):
        if not NOT_LICENSED.search(name):
            yield from lines_of(args, name)
    for name in common.files(args.root, LICENSED):
        head = common.read(args.root, name).split('\n')[:3]
        if not NOT_LICENSED.search(name) and SPDX not in ' '.join(head):
            yield f'{name}:1: the first three lines lack "{SPDX}"'


common.run(check, __doc__)
