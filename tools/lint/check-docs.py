#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Links of the Markdown files lead somewhere; `make` targets and files that they name exist."""

import os
import re

import common

LINK = re.compile(r'(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)')
MAKE = re.compile(r'(?:^|[`$;&]|&& )\s*make ((?:[a-z][a-z-]*\s?)+)')
NAMED_FILE = re.compile(r'`((?:src|tests|tools|docs|bench|demo|etc)/[\w./-]+\.(?:c|h|py|sh|md|sql'
                        r'|txt|conf|build))`')
FENCE = re.compile(r'^\s*(```|~~~)')


def anchors(text):
    for heading in re.findall(r'^#+ +(.*)$', text, re.MULTILINE):
        plain = re.sub(r'[`*_]|\[([^\]]*)\]\([^)]*\)', r'\1', heading).strip().lower()
        yield re.sub(r'[^\w\- ]', '', plain).replace(' ', '-')


def link_is_dead(root, name, target):
    if re.match(r'[a-z]+:', target):
        return False
    path, _, anchor = target.partition('#')
    file = os.path.normpath(os.path.join(root, os.path.dirname(name), path)) if path \
        else os.path.join(root, name)
    if not os.path.exists(file):
        return True
    if anchor and file.endswith('.md'):
        with open(file, encoding='utf-8') as source:
            return anchor not in anchors(source.read())
    return False


def targets(root):
    if not os.path.exists(os.path.join(root, 'Makefile')):
        return set()
    rules = re.findall(r'^([a-z][\w -]*):(?!=)', common.read(root, 'Makefile'), re.MULTILINE)
    return {word for rule in rules for word in rule.split()}


def check(args):
    known = targets(args.root)
    for name in common.files(args.root, r'\.md$'):
        fenced = False
        for number, line in enumerate(common.read(args.root, name).splitlines(), 1):
            if FENCE.match(line):
                fenced = not fenced
            for found in LINK.finditer('' if fenced else line):
                target = found.group(1) or found.group(2)
                if link_is_dead(args.root, name, target):
                    yield f'{name}:{number}: the link "{target}" leads nowhere'
            for found in NAMED_FILE.finditer(line):
                if not os.path.exists(os.path.join(args.root, found.group(1))):
                    yield f'{name}:{number}: there is no file {found.group(1)}'
            commands = MAKE.finditer(line) if fenced or '`' in line else ()
            for target in {word for found in commands for word in found.group(1).split()}:
                if target not in known:
                    yield f'{name}:{number}: the Makefile has no target "{target}"'


common.run(check, __doc__)
