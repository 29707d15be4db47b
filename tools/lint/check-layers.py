#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Folders of src/ include only what tools/layers.txt lets them; model/ stays pure."""

import os
import re

import common

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


class Rules:
    def __init__(self, root):
        self.level = {}
        self.libraries = []
        self.headers_without = {}
        self.pure = {}
        for number, line in enumerate(common.read(root, 'tools/layers.txt').splitlines(), 1):
            words = line.split('#')[0].split()
            if not words:
                continue
            kind, rest = words[0], words[1:]
            if kind == 'layer':
                self.level.update({folder: number for folder in rest})
            elif kind == 'library' and ':' in rest:
                at = rest.index(':')
                self.libraries.append((rest[:at], set(rest[at + 1:])))
            elif kind == 'headers-without':
                self.headers_without.setdefault(rest[0], set()).update(rest[1:])
            elif kind == 'pure':
                self.pure.setdefault(rest[0], set()).update(rest[1:])
            else:
                raise SystemExit(f'tools/layers.txt:{number}: "{line}" is no row I know')

    def owners(self, header):
        for patterns, folders in self.libraries:
            for pattern in patterns:
                if header == pattern or (pattern.endswith('/') and header.startswith(pattern)):
                    return folders
        return None


def own_include(rules, folder, target):
    """What is wrong with #include "target" in a file of folder, or None."""
    other = target.split('/')[0]
    if '/' not in target or other not in rules.level:
        return f'"{target}" does not begin with a folder of src/: write it as "model/host.h"'
    if other != folder and rules.level[other] >= rules.level[folder]:
        return (f'{folder}/ may not include "{target}": tools/layers.txt puts {other}/ '
                f'{"beside" if rules.level[other] == rules.level[folder] else "above"} it')
    return None


def outside_include(rules, folder, name, header):
    owners = rules.owners(header)
    if owners is None:
        return f'<{header}> is in no row of tools/layers.txt: say there which folder may use it'
    if '*' not in owners and folder not in owners:
        return f'<{header}> belongs to {", ".join(sorted(owners))}/: {folder}/ goes through it'
    if name.endswith('.h') and header in rules.headers_without.get(folder, ()):
        return f'<{header}> may not be in a header of {folder}/'
    return None


def check(args):
    rules = Rules(args.root)
    for name in common.files(args.root, r'^src/.*\.[ch]$'):
        folder = name.split('/')[1]
        if folder not in rules.level:
            yield f'{name}:1: {folder}/ is in no row of tools/layers.txt'
            continue
        text = common.read(args.root, name)
        for number, line in enumerate(text.splitlines(), 1):
            found = INCLUDE.match(line)
            if found is None:
                continue
            if found.group(1) == '"':
                wrong = own_include(rules, folder, found.group(2))
            else:
                wrong = outside_include(rules, folder, name, found.group(2))
            if wrong:
                yield f'{name}:{number}: {wrong}'
        if folder in rules.pure and not os.path.basename(name).startswith('test-'):
            calls = re.compile(r'\b(%s)\s*\(' % '|'.join(sorted(rules.pure[folder])))
            code = common.without_comments_and_strings(text)
            for number, line in enumerate(code.splitlines(), 1):
                for found in calls.finditer(line):
                    yield (f'{name}:{number}: {found.group(1)}() in {folder}/, which is pure: '
                           'let the caller do it and pass the result in')


common.run(check, __doc__)
