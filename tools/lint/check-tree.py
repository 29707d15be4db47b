#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each base/, model/ and oslo/ source has its test; names are snake_case and unique."""

import os
import re

import common

TESTED = re.compile(r'^src/(base|model|oslo)/')
NAME = re.compile(r'^(test-)?[a-z][a-z0-9_]*\.[ch]$')
README_LINES = 20


def subject_of(folder, leaf):
    """The sources that test-<file>.c or test-<file>_<topic>.c may be a test of."""
    words = leaf[len('test-'):-len('.c')].split('_')
    return {f'{folder}/{"_".join(words[:count])}.c' for count in range(1, len(words) + 1)}


def check(args):
    names = common.files(args.root, r'^src/')
    present = set(names)
    seen = {}
    for name in names:
        folder, leaf = os.path.split(name)
        if not leaf.endswith(('.c', '.h')):
            continue
        if not NAME.match(leaf):
            yield f'{name}:1: file names are snake_case (tests: test-<file>.c)'
        if leaf in seen:
            yield f'{name}:1: {seen[leaf]} has the same name: names are unique in the tree'
        seen[leaf] = name
        if leaf.startswith('test-'):
            if not subject_of(folder, leaf) & present:
                yield f'{name}:1: there is no {leaf[len("test-"):]} beside it'
        elif leaf.endswith('.c') and TESTED.match(name):
            if f'{folder}/test-{leaf}' not in present:
                yield f'{name}:1: there is no test-{leaf} beside it: every source here has a test'
    for folder in sorted({name.split('/')[1] for name in names if name.count('/') >= 2}):
        readme = f'src/{folder}/README.md'
        if readme not in present:
            yield f'{readme}:1: missing: say in {README_LINES} lines what {folder}/ is for, ' \
                  'what it may include and which file to read first'
        elif common.read(args.root, readme).count('\n') > README_LINES:
            yield f'{readme}:1: more than {README_LINES} lines'


common.run(check, __doc__)
