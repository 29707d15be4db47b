#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""C files are as clang-format 14 with .clang-format writes them."""

import re
import subprocess

import common


def check(args):
    common.only_version('clang-format', '14')
    names = common.files(args.root, r'\.[ch]$')
    if not names:
        return
    done = subprocess.run(['clang-format', '--dry-run', '-Werror', *names], cwd=args.root,
                          stderr=subprocess.PIPE)
    places = re.findall(r'^(\S+):(\d+):\d+: error: ', done.stderr.decode(), re.MULTILINE)
    if done.returncode != 0 and not places:
        yield f'clang-format: {done.stderr.decode().strip()}'
    for name, line in dict(reversed(places)).items():
        yield f'{name}:{line}: not formatted: run "clang-format -i {name}"'


common.run(check, __doc__)
